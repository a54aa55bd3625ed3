"""Seals what an earlier version kept open, at the first start that has a key.

Idempotent and killable: each row is its own transaction, and a row is open or sealed.
"""

from vanta import logs
from vanta.keys.keeper import KeyKeeper
from vanta.store.providers import Providers

_log = logs.get(__name__)


async def seal_plain(keeper: KeyKeeper, providers: Providers) -> int:
    """Seal every provider secret that stands open; return how many."""
    sealed = 0
    for row_id in await providers.open_secrets():
        sealed += await providers.seal_secret(row_id)
    if sealed:
        await keeper.note("key.seal_plain", "provider_secrets", {"rows": sealed})
        _log.info("keys.sealed_plain", rows=sealed)
    return sealed
