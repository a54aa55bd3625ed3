"""Signal providers, their keys and secrets, and who follows them."""

from typing import Final

import msgspec

from vanta.domain.errors import NotFoundError, SealError
from vanta.domain.policy import Subscription
from vanta.domain.ports import Envelope
from vanta.domain.webhook_signature import check_secret
from vanta.store import text
from vanta.store.pool import Pool, Row
from vanta.store.sealed_rows import PROVIDER_SECRET


class KeySecret(msgspec.Struct, frozen=True, kw_only=True):
    """One shared secret. `expires_ns` 0 = lives until the key is revoked."""

    secret: bytes
    expires_ns: int = 0

    def __repr__(self) -> str:
        return f"KeySecret(***, expires_ns={self.expires_ns})"


class ProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """What the door must know to verify a signature."""

    key_id: str
    provider_id: int
    secrets: tuple[KeySecret, ...]  # newest first
    revoked: bool
    suspended: bool  # the provider, not the key

    def live(self, now_ns: int) -> tuple[bytes, ...]:
        """Return the secrets that may sign at `now_ns`, newest first."""
        if self.revoked:
            return ()
        return tuple(s.secret for s in self.secrets if not 0 < s.expires_ns <= now_ns)


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A sender of signals."""

    id: int
    name: str
    suspended: bool


class Providers:
    """Providers with all that hangs on them. Their secrets stand sealed in the database."""

    def __init__(self, pool: Pool, envelope: Envelope) -> None:
        self._pool = pool
        self._envelope = envelope

    _CREATE: Final = """
        INSERT INTO providers (name, created_ns) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
    """

    async def create(self, name: str, *, now_ns: int = 0) -> int:
        """Make a provider and return its id; the id of the one that has the name already."""
        text.name(name, field="name")
        provider_id: int = await self._pool.fetchval(self._CREATE, name, now_ns)
        return provider_id

    _ALL: Final = "SELECT id, name, suspended FROM providers ORDER BY id"

    async def all(self) -> list[Provider]:
        """Return all providers, by id."""
        rows = await self._pool.fetch(self._ALL)
        return [Provider(id=r["id"], name=r["name"], suspended=r["suspended"]) for r in rows]

    _SUSPEND: Final = "UPDATE providers SET suspended = $2 WHERE id = $1"

    async def suspend(self, provider_id: int, *, suspended: bool) -> None:
        """Close or open the door to a provider; its keys stay."""
        await self._pool.execute(self._SUSPEND, provider_id, suspended)

    # A key id belongs to one provider for ever: an id that is taken by another makes no row here.
    _OWN_KEY: Final = """
        INSERT INTO provider_keys AS held (key_id, provider_id, created_ns)
        VALUES ($2, $1, $3)
        ON CONFLICT (key_id) DO UPDATE SET created_ns = held.created_ns
            WHERE held.provider_id = excluded.provider_id
        RETURNING key_id
    """
    _NEXT_ID: Final = "SELECT nextval(pg_get_serial_sequence('provider_secrets', 'id'))::integer"
    # The record is bound to its row, so the row's number comes first.
    _ADD_SEALED: Final = """
        INSERT INTO provider_secrets (id, key_id, secret, fingerprint, created_ns)
        OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (key_id, fingerprint) DO UPDATE SET expires_ns = 0
    """

    async def add_key(self, provider_id: int, key_id: str, secret: bytes, now_ns: int) -> None:
        """Add a key, or one more secret to it (24 to 64 bytes). Repeating it changes nothing.

        Raises `NotFoundError` when the key id is another provider's, `InputError` for another
        length.
        """
        text.name(key_id, field="key_id")
        check_secret(secret)
        async with self._pool.acquire() as conn, conn.transaction():
            if await conn.fetchval(self._OWN_KEY, provider_id, key_id, now_ns) is None:
                raise NotFoundError(f"key id {key_id} is not provider {provider_id}'s")
            row_id: int = await conn.fetchval(self._NEXT_ID)
            record, mark = self._sealed(row_id, key_id, secret)
            await conn.execute(self._ADD_SEALED, row_id, key_id, record, mark, now_ns)

    _ROTATE: Final = """
        UPDATE provider_secrets SET expires_ns = $3
        WHERE key_id = $1 AND fingerprint <> $2 AND (expires_ns = 0 OR expires_ns > $3)
    """

    async def rotate(
        self, provider_id: int, key_id: str, secret: bytes, *, now_ns: int, old_until_ns: int
    ) -> None:
        """Add a secret; the ones before it work until `old_until_ns` at most."""
        await self.add_key(provider_id, key_id, secret, now_ns)
        mark = self._envelope.fingerprint(secret, subject=key_id.encode())
        await self._pool.execute(self._ROTATE, key_id, mark, old_until_ns)

    _OPEN: Final = "SELECT id FROM provider_secrets WHERE fingerprint IS NULL ORDER BY id"

    async def open_secrets(self) -> list[int]:
        """Return the rows whose secret an earlier version wrote down open."""
        return [row["id"] for row in await self._pool.fetch(self._OPEN)]

    _READ_OPEN: Final = """
        SELECT key_id, secret FROM provider_secrets WHERE id = $1 AND fingerprint IS NULL FOR UPDATE
    """
    _SEAL_OPEN: Final = "UPDATE provider_secrets SET secret = $2, fingerprint = $3 WHERE id = $1"

    async def seal_secret(self, row_id: int) -> bool:
        """Seal an open secret in its row; False when that was done."""
        async with self._pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow(self._READ_OPEN, row_id)
            if row is None:
                return False
            record, mark = self._sealed(row_id, row["key_id"], row["secret"])
            await conn.execute(self._SEAL_OPEN, row_id, record, mark)
            return True

    _REVOKE: Final = "UPDATE provider_keys SET revoked_ns = $2 WHERE key_id = $1 AND revoked_ns = 0"

    async def revoke(self, key_id: str, now_ns: int) -> None:
        """End a key for good."""
        await self._pool.execute(self._REVOKE, key_id, now_ns)

    _KEYS: Final = """
        SELECT k.key_id, k.provider_id, k.revoked_ns, p.suspended,
               array_agg(s.id ORDER BY s.id DESC) AS ids,
               array_agg(s.secret ORDER BY s.id DESC) AS secrets,
               array_agg(s.expires_ns ORDER BY s.id DESC) AS expires
        FROM provider_keys k
        JOIN providers p ON p.id = k.provider_id
        JOIN provider_secrets s ON s.key_id = k.key_id
        WHERE $1::text IS NULL OR k.key_id = $1
        GROUP BY k.key_id, p.id
        ORDER BY k.key_id
    """

    async def key(self, key_id: str) -> ProviderKey | None:
        """Return a key with its secrets; None when there is no such key (any text may be asked).

        A secret that does not open is left out: who has no other cannot sign.
        """
        if text.prose(key_id, limit=text.NAME_LIMIT) != key_id:
            return None
        row = await self._pool.fetchrow(self._KEYS, key_id)
        return None if row is None else self._key(row)

    async def all_keys(self) -> list[ProviderKey]:
        """Return all keys, revoked ones included."""
        return [self._key(row) for row in await self._pool.fetch(self._KEYS, None)]

    def _key(self, row: Row) -> ProviderKey:
        secrets = []
        columns = zip(row["ids"], row["secrets"], row["expires"], strict=True)
        for row_id, record, expires_ns in columns:
            try:
                secret = self._opened(row_id, row["key_id"], record)
            except SealError:  # the envelope has counted and told it
                continue
            secrets.append(KeySecret(secret=secret, expires_ns=expires_ns))
        return ProviderKey(
            key_id=row["key_id"],
            provider_id=row["provider_id"],
            secrets=tuple(secrets),
            revoked=row["revoked_ns"] > 0,
            suspended=row["suspended"],
        )

    def _sealed(self, row_id: int, key_id: str, secret: bytes) -> tuple[bytes, bytes]:
        record = self._envelope.seal(
            secret,
            subject=PROVIDER_SECRET.subject(row_id, key_id),
            family=PROVIDER_SECRET.family,
            purpose=PROVIDER_SECRET.purpose,
        )
        return record, self._envelope.fingerprint(secret, subject=key_id.encode())

    def _opened(self, row_id: int, key_id: str, record: bytes) -> bytes:
        return self._envelope.unseal(
            record,
            subject=PROVIDER_SECRET.subject(row_id, key_id),
            family=PROVIDER_SECRET.family,
            purpose=PROVIDER_SECRET.purpose,
        )

    _SUBSCRIBE: Final = """
        INSERT INTO subscriptions (provider_id, user_id, max_collateral_e6, max_leverage_e10,
                                   skip_without_stop, created_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (provider_id, user_id) DO UPDATE SET
            max_collateral_e6 = excluded.max_collateral_e6,
            max_leverage_e10 = excluded.max_leverage_e10,
            skip_without_stop = excluded.skip_without_stop,
            active = true
        RETURNING *
    """

    async def subscribe(
        self,
        provider_id: int,
        user_id: int,
        *,
        max_collateral_e6: int,
        max_leverage_e10: int,
        skip_without_stop: bool,
        now_ns: int,
    ) -> Subscription:
        """Follow a provider, or change the terms of following."""
        row = await self._pool.fetchrow(
            self._SUBSCRIBE,
            provider_id,
            user_id,
            max_collateral_e6,
            max_leverage_e10,
            skip_without_stop,
            now_ns,
        )
        if row is None:
            raise NotFoundError(f"no provider {provider_id}")
        return _subscription(row)

    _UNSUBSCRIBE: Final = """
        UPDATE subscriptions SET active = false WHERE provider_id = $1 AND user_id = $2 AND active
        RETURNING id
    """

    async def unsubscribe(self, provider_id: int, user_id: int) -> bool:
        """Stop following; False when it was not followed."""
        return await self._pool.fetchval(self._UNSUBSCRIBE, provider_id, user_id) is not None

    _SUBSCRIPTIONS: Final = """
        SELECT * FROM subscriptions WHERE provider_id = $1 AND active ORDER BY id
    """

    async def subscriptions(self, provider_id: int) -> list[Subscription]:
        """Return the active followers of a provider."""
        rows = await self._pool.fetch(self._SUBSCRIPTIONS, provider_id)
        return [_subscription(row) for row in rows]

    _IS_KNOWN: Final = "SELECT id FROM subscriptions WHERE provider_id = $1 AND user_id = $2"

    async def ever_followed(self, provider_id: int, user_id: int) -> bool:
        """Tell whether a user follows a provider, or did and stopped."""
        return await self._pool.fetchval(self._IS_KNOWN, provider_id, user_id) is not None


def _subscription(row: Row) -> Subscription:
    return Subscription(
        id=row["id"],
        provider_id=row["provider_id"],
        user_id=row["user_id"],
        max_collateral_e6=row["max_collateral_e6"],
        max_leverage_e10=row["max_leverage_e10"],
        skip_without_stop=row["skip_without_stop"],
        active=row["active"],
        mode=row["mode"],
    )
