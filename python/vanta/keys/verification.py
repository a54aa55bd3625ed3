"""Opens every sealed row once and says which key it is under, and which do not open."""

import msgspec

from vanta.domain.errors import SealError
from vanta.keys.keeper import KeyKeeper
from vanta.store.pool import Pool
from vanta.store.sealed import key_named, unseal
from vanta.store.sealed_rows import SEALED, SealedRow, SealedRows

PAGE = 500


class KeyCount(msgspec.Struct, frozen=True, kw_only=True):
    """One key in use and how many rows open under it."""

    id: str
    version: int
    rows: int


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: rows that do not open are named, never shown."""

    keys: tuple[KeyCount, ...]
    failed: tuple[str, ...]


async def verify(pool: Pool, keeper: KeyKeeper) -> Verified:
    """Open all rows. The keeper must be open."""
    active = await keeper.active()
    keks = [keeper.kek(row.id) for row in active]
    counts = dict.fromkeys((row.id for row in active), 0)
    failed = []
    rows = SealedRows(pool)
    for place in SEALED:
        after = None
        while page := await rows.page(place, after=after, limit=PAGE):
            after = page[-1].keys
            for row in page:
                try:
                    unseal(
                        row.record,
                        keks,
                        subject=row.subject,
                        family=place.family,
                        purpose=place.purpose,
                    )
                    counts[key_named(row.record)] += 1
                except SealError as error:
                    failed.append(f"{row.name}: {_why(row, error)}")
    found = Verified(
        keys=tuple(KeyCount(id=r.id, version=r.version, rows=counts[r.id]) for r in active),
        failed=tuple(failed),
    )
    about = {"rows": sum(counts.values()), "failed": len(failed)}
    await keeper.note("key.verify", active[0].id, about)
    return found


def _why(row: SealedRow, error: SealError) -> str:
    return str(error) if key_named(row.record) else "is not sealed"
