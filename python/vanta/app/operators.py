"""Lets the configured operators in: a user and play money for each Telegram id."""

from collections.abc import Iterable
from typing import Final

from vanta.domain.ports import Clock
from vanta.domain.units import E6
from vanta.sandbox.seed import MARKETS
from vanta.store.accounts import Accounts
from vanta.store.markets import Markets
from vanta.store.pool import Pool
from vanta.store.users import Users

CASH_E6: Final = 10_000 * E6


async def admit(pool: Pool, clock: Clock, telegram_ids: Iterable[int]) -> None:
    """Make sure the paper venue's markets and the operators' DRY accounts exist."""
    await Markets(pool).upsert(MARKETS)
    users = Users(pool)
    for telegram_id in sorted(set(telegram_ids)):
        name = f"operator-{telegram_id}"
        user = await users.create(name, "admin", telegram_id, now_ns=clock.now_ns())
        await Accounts(pool).open(user.id, CASH_E6)
