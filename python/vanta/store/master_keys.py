"""The record of master keys: their names, versions and proofs; never a key."""

from typing import Final

import msgspec

from vanta.store.pool import Conn, Pool

LOCK: Final = 7_711_005  # any number, the same in every version
ROTATION_LOCK: Final = 7_711_006


class MasterKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `wrapped` is None for a key kept by its owner."""

    id: str
    version: int
    source: str  # "local" | "kms"
    wrapped: bytes | None
    proof: bytes
    created_ns: int
    retired_ns: int


class MasterKeys:
    """The `master_keys` table, and the values of the house sealed under them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _ALL: Final = "SELECT * FROM master_keys ORDER BY version DESC"

    async def all(self, conn: Conn | None = None) -> list[MasterKeyRow]:
        """Return all keys, newest first, retired ones included."""
        rows = await (conn or self._pool).fetch(self._ALL)
        return [msgspec.convert(dict(row), MasterKeyRow) for row in rows]

    async def lock(self, conn: Conn) -> None:
        """Let one process at a time change the record, until the transaction ends."""
        await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)

    _ADD: Final = """
        INSERT INTO master_keys (id, version, source, wrapped, proof, created_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
    """

    async def add(self, conn: Conn, row: MasterKeyRow) -> None:
        """Write a new key down."""
        await conn.execute(
            self._ADD, row.id, row.version, row.source, row.wrapped, row.proof, row.created_ns
        )

    async def hold(self, conn: Conn, key_id: str) -> None:
        """Keep everybody from writing under a key, until the transaction ends."""
        await conn.execute("SELECT 1 FROM master_keys WHERE id = $1 FOR UPDATE", key_id)

    async def retire(self, conn: Conn, key_id: str, now_ns: int) -> None:
        """End a key: the database refuses rows under it from then on."""
        await conn.execute("UPDATE master_keys SET retired_ns = $2 WHERE id = $1", key_id, now_ns)

    async def value(self, conn: Conn, name: str) -> bytes | None:
        """Return a sealed value of the house."""
        found: bytes | None = await conn.fetchval(
            "SELECT value FROM sealed_values WHERE name = $1", name
        )
        return found

    async def add_value(self, conn: Conn, name: str, record: bytes) -> None:
        """Keep a sealed value of the house."""
        await conn.execute("INSERT INTO sealed_values (name, value) VALUES ($1, $2)", name, record)
