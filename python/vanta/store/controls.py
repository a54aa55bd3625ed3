"""Switches of the whole system: mode, stops, maintenance."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from vanta.store import text
from vanta.store.pool import Conn, Pool

VALUE_LIMIT: Final = 1000


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A switch as it stands."""

    value: str
    set_by: str
    at_ns: int


class Controls:
    """Values by key."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _READ: Final = "SELECT key, value, set_by, at_ns FROM controls WHERE key = ANY ($1::text[])"

    async def read(self, keys: Sequence[str], conn: Conn | None = None) -> dict[str, Control]:
        """Return those of the keys that were ever set, as of one moment."""
        return {
            row["key"]: Control(value=row["value"], set_by=row["set_by"], at_ns=row["at_ns"])
            for row in await (conn or self._pool).fetch(self._READ, list(keys))
        }

    _SET: Final = """
        INSERT INTO controls (key, value, set_by, at_ns)
        SELECT key, value, $3, $4 FROM unnest($1::text[], $2::text[]) AS t (key, value)
        ON CONFLICT (key) DO UPDATE SET
            value = excluded.value, set_by = excluded.set_by, at_ns = excluded.at_ns
    """

    async def set(
        self, values: Mapping[str, str], by: str, now_ns: int, conn: Conn | None = None
    ) -> None:
        """Set values together. Raises `InputError` for a key or value that cannot be stored."""
        await (conn or self._pool).execute(
            self._SET,
            [text.name(key, field="key") for key in values],
            [text.name(value, field=key, limit=VALUE_LIMIT) for key, value in values.items()],
            text.prose(by, limit=text.ACTOR_LIMIT),
            now_ns,
        )
