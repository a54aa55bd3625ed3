"""Seals what an earlier version kept open, at the first start that has a key.

Idempotent and killable: each row is its own transaction, and a row is open or sealed. It stands in
the audit log before the first row is: killed on its way, it is on record all the same.
"""

from vanta import logs
from vanta.keys.keeper import KeyKeeper
from vanta.store.providers import Providers

_log = logs.get(__name__)


async def seal_plain(keeper: KeyKeeper, providers: Providers) -> int:
    """Seal every provider secret that stands open; return how many."""
    row_ids = await providers.open_secrets()
    if not row_ids:
        return 0
    await keeper.note("key.seal_plain", "provider_secrets", {"rows": len(row_ids)})
    sealed = sum([await providers.seal_secret(row_id) for row_id in row_ids])
    _log.info("keys.sealed_plain", rows=sealed)
    return sealed
