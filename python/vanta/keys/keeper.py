"""Opens the keys at start, refuses a wrong one, and follows the record while the process runs."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from vanta import _core, logs
from vanta.domain.errors import ConfigError, InvalidInput, SealError
from vanta.domain.intent import new_trace_id
from vanta.domain.ports import Clock
from vanta.keys.source import KeySource, RawKey
from vanta.store.audit import Audit
from vanta.store.master_keys import MasterKeyRow, MasterKeys
from vanta.store.pool import Conn, Pool
from vanta.store.sealed import SealedBox, key_named, seal, unseal
from vanta.store.sealed_rows import HOUSE_VALUE, SealedRows
from vanta.supervise import beat

_log = logs.get(__name__)

POLL_S: Final = 1.0
PROOF: Final = b"vanta"
PEPPER: Final = "fingerprint pepper"
_AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ConfigError)


class KeyKeeper:
    """The keys of one process. `actor` is who the audit log names."""

    def __init__(
        self,
        *,
        pool: Pool,
        source: KeySource,
        box: SealedBox,
        clock: Clock,
        actor: str = "system",
    ) -> None:
        self.box = box
        self.source = source
        self.actor = actor
        self._pool = pool
        self._clock = clock
        self._record = MasterKeys(pool)
        self._rows = SealedRows(pool)
        self._audit = Audit(pool)
        self._keks: dict[str, _core.Kek] = {}

    def kek(self, key_id: str) -> _core.Kek:
        """Return an open key by its id."""
        return self._keks[key_id]

    async def open(self, *, register: bool = True) -> None:
        """Open every key that rows may name; write a key down that is new, if told to.

        Raises `ConfigError` when a key is missing, is not the database's, or was retired.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await self._record.lock(conn)
            rows = await self._record.all(conn)
            newest = await self.source.newest()
            if register:
                rows = await self._with_new(conn, rows, newest)
            elif not rows:
                raise ConfigError("no key is on record in this database: start Vanta on it first")
            active = _active(rows)
            retired = {row.id for row in rows} - {row.id for row in active}
            if newest is not None and newest.id in retired:
                raise ConfigError(
                    f"{self.source.name}: its first key ({newest.id}) was retired by a rotation; "
                    f"give {active[0].id} first"
                )
            await self._load(active)
            pepper = await self._pepper(conn)
        self._hold(active, pepper)

    async def _with_new(
        self, conn: Conn, rows: list[MasterKeyRow], newest: RawKey | None
    ) -> list[MasterKeyRow]:
        """Write the operator's key down where the record has not got it yet."""
        if not rows:
            await self._refuse_orphans(conn)
            return [await self._register(conn, rows, newest or await self.source.make())]
        if newest is None or newest.id in {row.id for row in rows}:
            return rows
        await self._refuse_stranger(rows, newest)
        return [await self._register(conn, rows, newest), *rows]

    async def register_next(self) -> None:
        """Take up the next key, at an operator's word; it seals from now on.

        It is the one that was put before the present key, or a new one of the source's making.
        Raises `ConfigError` where a running Vanta could not learn of it.
        """
        rows = await self._record.all()
        raw = await self.source.newest()
        if raw is None or raw.id in {row.id for row in rows}:
            raw = await self.source.make()
        elif not self.source.is_read_anew:
            raise ConfigError(
                f"{self.source.name}: its first key ({raw.id}) is new; restart Vanta with it "
                "first, so that it can open what the rotation seals"
            )
        async with self._pool.acquire() as conn, conn.transaction():
            await self._record.lock(conn)
            await self._register(conn, await self._record.all(conn), raw)
        await self.follow()

    async def active(self) -> list[MasterKeyRow]:
        """Return the keys in use, newest first."""
        return _active(await self._record.all())

    async def follow(self) -> None:
        """Hold the keys that the record has in use now: take up new ones, drop retired ones."""
        async with self._pool.acquire() as conn:
            active = _active(await self._record.all(conn))
            if {row.id for row in active} == self.box.key_ids:
                return
            await self._load(active)
            pepper = await self._pepper(conn)
        self._hold(active, pepper)
        _log.info("keys.changed", keys=[row.id for row in active])

    async def run(self) -> None:
        """Follow the record for ever; a record that names a key not held makes it look at once."""
        failing = False
        while True:
            try:
                async with asyncio.timeout(POLL_S):
                    await self.box.unknown.wait()
            except TimeoutError:
                pass  # the look of each second
            self.box.unknown.clear()
            beat()
            try:
                await self.follow()
                failing = False
            except _AWAY as error:
                if not failing:
                    _log.error("keys.not_followed", why=str(error) or type(error).__name__)
                failing = True
                await asyncio.sleep(POLL_S)

    async def note(self, action: str, object: str, detail: Any, conn: Conn | None = None) -> None:
        """Write a key action to the audit log."""
        now_ns = self._clock.now_ns()
        await self._audit.append(conn, self.actor, action, object, detail, new_trace_id(), now_ns)

    async def _register(
        self, conn: Conn, rows: Sequence[MasterKeyRow], raw: RawKey
    ) -> MasterKeyRow:
        version = max((row.version for row in rows), default=0) + 1
        kek = self._kek_of(raw, version)
        row = MasterKeyRow(
            id=raw.id,
            version=version,
            source=self.source.kind,
            wrapped=raw.wrapped,
            proof=seal(PROOF, kek, subject=raw.id.encode(), family="master", purpose="proof"),
            created_ns=self._clock.now_ns(),
            retired_ns=0,
        )
        await self._record.add(conn, row)
        about = {"version": version, "source": row.source}
        await self.note("key.register", raw.id, about, conn)
        return row

    async def _load(self, rows: Sequence[MasterKeyRow]) -> None:
        for row in rows:
            if row.id not in self._keks:
                self._keks[row.id] = await self._opened(row)

    async def _opened(self, row: MasterKeyRow) -> _core.Kek:
        name = f"{row.id} (version {row.version})"
        if row.source != self.source.kind:
            raise ConfigError(
                f"the database is sealed under the {row.source} key {name}, "
                f"but {self.source.name} is set"
            )
        raw = await self.source.open(row)
        if raw is None:
            raise ConfigError(
                f"{self.source.name} does not hold the key {name} that rows of this database are "
                "sealed under: give it too, or the right database"
            )
        kek = self._kek_of(raw, row.version)
        try:
            unseal(row.proof, (kek,), subject=row.id.encode(), family="master", purpose="proof")
        except SealError:
            raise ConfigError(
                f"{self.source.name}: the key {name} does not open the database's proof of it; "
                "the record of keys was changed or belongs to another database"
            ) from None
        return kek

    def _kek_of(self, raw: RawKey, version: int) -> _core.Kek:
        try:
            if raw.wrapped is None:
                return _core.Kek(raw.key, id=raw.id, version=version)
            return _core.Kek(raw.key, id=raw.id, version=version, wrapped_dek=raw.wrapped)
        except InvalidInput as error:
            raise ConfigError(f"{self.source.name}: not usable ({error})") from None

    async def _refuse_orphans(self, conn: Conn) -> None:
        named = [key_id for key_id in await self._rows.count(conn) if key_id]
        if named:
            raise ConfigError(
                f"the database holds rows sealed under {', '.join(sorted(named))} but no record "
                "of keys: it is damaged, restore it from a backup"
            )

    async def _refuse_stranger(self, rows: Sequence[MasterKeyRow], newest: RawKey) -> None:
        """Tell a key that was put before the present one from one of another database."""
        for row in _active(rows):
            if row.source != self.source.kind or await self.source.open(row) is None:
                raise ConfigError(
                    f"{self.source.name} is another key ({newest.id}) than the database is sealed "
                    f"under ({row.id}, version {row.version}): give that one; to change keys, put "
                    "the new one before it"
                )

    async def _pepper(self, conn: Conn) -> bytes:
        subject = HOUSE_VALUE.subject(PEPPER)
        kinds = {"family": HOUSE_VALUE.family, "purpose": HOUSE_VALUE.purpose}
        record = await self._record.value(conn, PEPPER)
        if record is None:
            pepper = secrets.token_bytes(32)
            kek = max(self._keks.values(), key=lambda each: each.version)
            await self._record.add_value(conn, PEPPER, seal(pepper, kek, subject=subject, **kinds))
            return pepper
        try:
            return unseal(record, tuple(self._keks.values()), subject=subject, **kinds)
        except SealError as error:
            raise ConfigError(
                f"sealed_values {PEPPER} does not open (it names the key "
                f"{key_named(record) or 'none'}: {error}); restore it from a backup"
            ) from None

    def _hold(self, active: Sequence[MasterKeyRow], pepper: bytes) -> None:
        self._keks = {row.id: self._keks[row.id] for row in active}
        self.box.hold([self._keks[row.id] for row in active], pepper=pepper)


def _active(rows: Sequence[MasterKeyRow]) -> list[MasterKeyRow]:
    return [row for row in rows if row.retired_ns == 0]
