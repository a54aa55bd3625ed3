"""Single values encrypted for the database: `domain.ports.Envelope` on the core's records.

Opened secrets are Python bytes, which cannot be wiped: they live as long as somebody holds them.
Keys are held inside the core and wiped there when they are dropped.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from vanta import _core, logs
from vanta.domain import master_key
from vanta.domain.errors import SealError
from vanta.metrics import Metrics
from vanta.store.sealed_rows import SEALED

_log = logs.get(__name__)

OWNER: Final = "vanta"
_ENTROPY: Final = 32
_TOLD: Final = 1_024


class SealedBox:
    """Seals under the newest key it holds, opens under each it holds.

    What does not open is counted (`vanta_seal_failures`), and each such record is logged once: a
    row that somebody changed is an alarm, and no reason to stop for the others.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.unknown = asyncio.Event()  # set when a record names a key that is not held
        self._metrics = metrics
        for place in SEALED:  # 0 from the start: the first failure must show as an increase
            metrics.seal_failures.labels(purpose=place.purpose)
        self._keks: tuple[_core.Kek, ...] = ()
        self._pepper = b""
        self._told: set[bytes] = set()

    def hold(self, keks: Sequence[_core.Kek], *, pepper: bytes) -> None:
        """Use these keys from now on, newest first."""
        self._keks = tuple(keks)
        self._pepper = pepper

    @property
    def key_ids(self) -> frozenset[str]:
        return frozenset(kek.id for kek in self._keks)

    def seal(self, secret: bytes, *, subject: bytes, family: str, purpose: str) -> bytes:
        """Return a record that opens only for the same subject, family and purpose."""
        if not self._keks:
            raise SealError("no master key is held")
        return seal(secret, self._keks[0], subject=subject, family=family, purpose=purpose)

    def unseal(self, record: bytes, *, subject: bytes, family: str, purpose: str) -> bytes:
        """Raises `SealError` for a foreign, changed or unknown record."""
        try:
            return unseal(record, self._keks, subject=subject, family=family, purpose=purpose)
        except SealError as error:
            self._tell(record, subject, purpose, error)
            raise

    def fingerprint(self, secret: bytes, *, subject: bytes) -> bytes:
        """Return 32 bytes that are equal for equal secrets of one subject."""
        if not self._pepper:
            raise SealError("no master key is held")
        return master_key.fingerprint(self._pepper, secret, subject)

    def _tell(self, record: bytes, subject: bytes, purpose: str, error: SealError) -> None:
        self._metrics.seal_failures.labels(purpose=purpose).inc()
        if key_named(record) not in self.key_ids:
            self.unknown.set()
        seen = hashlib.sha256(record).digest()
        if seen in self._told:
            return
        if len(self._told) >= _TOLD:
            self._told.clear()
        self._told.add(seen)
        _log.error("seal.failed", purpose=purpose, subject=subject.hex(), why=str(error))


def seal(secret: bytes, kek: _core.Kek, *, subject: bytes, family: str, purpose: str) -> bytes:
    """Seal under one key."""
    return _core.seal(
        secret,
        kek=kek,
        owner=OWNER,
        subject=subject,
        family=family,
        purpose=purpose,
        entropy=secrets.token_bytes(_ENTROPY),
    )


def unseal(
    record: bytes, keks: Sequence[_core.Kek], *, subject: bytes, family: str, purpose: str
) -> bytes:
    """Open under the key of `keks` that the record names. Raises `SealError`."""
    return _core.unseal(
        record, keks=keks, owner=OWNER, subject=subject, family=family, purpose=purpose
    )


def renew(
    record: bytes, *, old: _core.Kek, new: _core.Kek, subject: bytes, family: str, purpose: str
) -> bytes:
    """Return the record under `new`. What a KMS wrapped is opened and sealed again.

    Raises `SealError`.
    """
    if not _core.seal_info(record).is_external:
        return _core.rewrap(record, old_kek=old, new_kek=new, entropy=secrets.token_bytes(_ENTROPY))
    secret = unseal(record, (old,), subject=subject, family=family, purpose=purpose)
    return seal(secret, new, subject=subject, family=family, purpose=purpose)


def key_named(record: bytes) -> str:
    """Return the id of the key a record names; empty for what is no record."""
    try:
        return _core.seal_info(record).kek_id
    except SealError:
        return ""
