"""Every sealed column there is, and the way over its rows."""

from typing import Any, Final

import msgspec

from vanta.store.pool import Conn, Pool


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed column. `keys` name the row and are bound into the record, text last."""

    table: str
    keys: tuple[str, ...]
    column: str
    family: str
    purpose: str

    def subject(self, *keys: Any) -> bytes:
        """Return what a record of that row is bound to: numbers as 8 bytes, big-endian."""
        return b"".join(k.to_bytes(8) if isinstance(k, int) else k.encode() for k in keys)


PROVIDER_SECRET: Final = Place(
    table="provider_secrets",
    keys=("id", "key_id"),
    column="secret",
    family="provider",
    purpose="signal secret",
)
HOUSE_VALUE: Final = Place(
    table="sealed_values", keys=("name",), column="value", family="house", purpose="value"
)
TOTP: Final = Place(
    table="credentials", keys=("user_id",), column="totp", family="credential", purpose="totp"
)
TOTP_PENDING: Final = Place(
    table="credentials",
    keys=("user_id",),
    column="totp_pending",
    family="credential",
    purpose="totp",
)
SEALED: Final = (HOUSE_VALUE, PROVIDER_SECRET, TOTP, TOTP_PENDING)


class SealedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record and the row it stands in."""

    place: Place
    keys: tuple[Any, ...]
    record: bytes

    @property
    def subject(self) -> bytes:
        return self.place.subject(*self.keys)

    @property
    def name(self) -> str:
        """How messages call the row; nothing of its content."""
        return f"{self.place.table}.{self.place.column} {' '.join(map(str, self.keys))}"


class SealedRows:
    """Reads and replaces records, place by place. Names of columns are ours, never foreign."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, place: Place, *, after: tuple[Any, ...] | None, limit: int, not_under: str = "-"
    ) -> list[SealedRow]:
        """Return rows in the order of their keys, those under the key `not_under` left out."""
        keys, column = ", ".join(place.keys), place.column
        wanted = [f"{column} IS NOT NULL", f"sealed_under({column}) <> $1"]
        given: list[Any] = [not_under]  # no key is called "-"
        if after is not None:
            given.extend(after)
            marks = ", ".join(f"${n}" for n in range(2, 2 + len(after)))
            wanted.append(f"({keys}) > ({marks})")
        sql = (
            f"SELECT {keys}, {column} AS record FROM {place.table} "  # noqa: S608  # ours
            f"WHERE {' AND '.join(wanted)} ORDER BY {keys} LIMIT {limit}"
        )
        rows = await self._pool.fetch(sql, *given)
        return [
            SealedRow(place=place, keys=tuple(row[k] for k in place.keys), record=row["record"])
            for row in rows
        ]

    async def replace(self, conn: Conn, row: SealedRow, record: bytes) -> bool:
        """Put another record in place of the one that was read; False when it has changed."""
        place = row.place
        where = " AND ".join(f"{key} = ${n}" for n, key in enumerate(place.keys, 3))
        sql = (
            f"UPDATE {place.table} SET {place.column} = $1 "  # noqa: S608  # ours
            f"WHERE {place.column} = $2 AND {where}"
        )
        return bool((await conn.execute(sql, record, row.record, *row.keys)).endswith(" 1"))

    async def count(self, conn: Conn | None = None) -> dict[str, int]:
        """Return how many rows name each key; '' stands for what is no record."""
        counts: dict[str, int] = {}
        for place in SEALED:
            rows = await (conn or self._pool).fetch(
                f"SELECT sealed_under({place.column}) AS id, count(*) AS n "  # noqa: S608  # ours
                f"FROM {place.table} WHERE {place.column} IS NOT NULL GROUP BY 1"
            )
            for row in rows:
                counts[row["id"]] = counts.get(row["id"], 0) + row["n"]
        return counts
