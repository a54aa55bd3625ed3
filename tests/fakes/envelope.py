"""A real envelope under a key of the tests."""

import secrets
from collections.abc import Sequence

from vanta import _core
from vanta.domain import master_key

KEK = _core.Kek(bytes(range(32)), id="test", version=1)
MASTER_KEY = master_key.format_key(bytes(range(32)))
"""For instances that need one of their own: what `VANTA_MASTER_KEY` holds."""


class TestEnvelope:
    """Implements `domain.ports.Envelope`."""

    __test__ = False

    def __init__(self, keks: Sequence[_core.Kek] = (KEK,)) -> None:
        self._keks = keks

    def seal(self, secret: bytes, *, subject: bytes, family: str, purpose: str) -> bytes:
        return _core.seal(
            secret,
            kek=self._keks[0],
            owner="vanta",
            subject=subject,
            family=family,
            purpose=purpose,
            entropy=secrets.token_bytes(32),
        )

    def unseal(self, record: bytes, *, subject: bytes, family: str, purpose: str) -> bytes:
        return _core.unseal(
            record,
            keks=self._keks,
            owner="vanta",
            subject=subject,
            family=family,
            purpose=purpose,
        )

    def fingerprint(self, secret: bytes, *, subject: bytes) -> bytes:
        return master_key.fingerprint(bytes(32), secret, subject)
