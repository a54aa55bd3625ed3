"""Lets the configured operators in: a user and play money for each Telegram id."""

from collections.abc import Iterable
from typing import Final

from vanta.domain.intent import new_trace_id
from vanta.domain.ports import Clock
from vanta.domain.units import E6
from vanta.sandbox.seed import MARKETS
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.markets import Markets
from vanta.store.pool import Pool
from vanta.store.users import Users

CASH_E6: Final = 10_000 * E6


async def admit(
    pool: Pool, clock: Clock, *, admins: Iterable[int], super_admins: Iterable[int]
) -> None:
    """Make sure the paper venue's markets and the operators' DRY accounts exist."""
    await Markets(pool).upsert(MARKETS)
    users, audit = Users(pool), Audit(pool)
    roles = dict.fromkeys(admins, "admin") | dict.fromkeys(super_admins, "super_admin")
    for telegram_id, role in sorted(roles.items()):
        name = f"operator-{telegram_id}"
        if await users.by_telegram(telegram_id) is None:
            about = {"telegram_id": telegram_id, "role": role, "cash_e6": CASH_E6}
            at_ns = clock.now_ns()
            await audit.append(None, "settings", "user.admit", name, about, new_trace_id(), at_ns)
        user = await users.create(name, role, telegram_id, now_ns=clock.now_ns())
        await Accounts(pool).open(user.id, CASH_E6)
