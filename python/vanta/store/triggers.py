"""Armed stops: what a restart must arm again."""

from typing import Final

import msgspec

from vanta.domain.enums import TriggerKind
from vanta.domain.errors import NotFoundError
from vanta.store.pool import Conn, Pool, Row


class TriggerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stop on a position. `version` is the position's version it was armed for."""

    id: int
    position_id: int
    kind: TriggerKind
    level_e10: int
    version: int


class Triggers:
    """At most one armed trigger of a kind on a position."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # Arming again moves the level of the same row; its next version makes a new intent key.
    _ARM: Final = """
        INSERT INTO triggers (position_id, kind, level_e10, version) VALUES ($1, $2, $3, $4)
        ON CONFLICT (position_id, kind) WHERE armed
            DO UPDATE SET level_e10 = excluded.level_e10, version = excluded.version
        RETURNING *
    """

    async def arm(
        self, conn: Conn, position_id: int, kind: TriggerKind, level_e10: int, version: int
    ) -> TriggerRow:
        """Arm a stop, or move the one that is armed."""
        row = await conn.fetchrow(self._ARM, position_id, kind.value, level_e10, version)
        if row is None:
            raise NotFoundError("the trigger was not written")
        return _trigger(row)

    _DISARM: Final = """
        UPDATE triggers SET armed = false
        WHERE position_id = $1 AND armed AND ($2::text IS NULL OR kind = $2)
        RETURNING id
    """

    async def disarm(
        self, conn: Conn, position_id: int, kind: TriggerKind | None = None
    ) -> list[int]:
        """Disarm a position's stops, all or one kind; return the ids disarmed."""
        rows = await conn.fetch(self._DISARM, position_id, None if kind is None else kind.value)
        return [row["id"] for row in rows]

    _ARMED: Final = "SELECT * FROM triggers WHERE armed ORDER BY id"

    async def armed(self) -> list[TriggerRow]:
        """Return every armed stop."""
        return [_trigger(row) for row in await self._pool.fetch(self._ARMED)]

    _FIRED: Final = """
        UPDATE triggers SET armed = false, fired_ns = $2 WHERE id = $1 AND armed RETURNING id
    """

    async def fired(self, conn: Conn | None, trigger_id: int, at_ns: int) -> bool:
        """Disarm a stop because it fired; False when it was not armed any more."""
        return await (conn or self._pool).fetchval(self._FIRED, trigger_id, at_ns) is not None


def _trigger(row: Row) -> TriggerRow:
    return TriggerRow(
        id=row["id"],
        position_id=row["position_id"],
        kind=TriggerKind(row["kind"]),
        level_e10=row["level_e10"],
        version=row["version"],
    )
