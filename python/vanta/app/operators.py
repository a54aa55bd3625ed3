"""Lets the configured operators in: a user and play money for each Telegram id.

The settings admit and never change: somebody who is in already keeps role and standing, also when
the id leaves the settings. Roles are given by super admins, or by the owner code.
"""

from collections.abc import Iterable

from vanta import logs
from vanta.control.people import DRY_CASH_E6
from vanta.domain.intent import new_trace_id
from vanta.domain.ports import Clock
from vanta.domain.roles import Role, Standing
from vanta.sandbox.seed import MARKETS
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.markets import Markets
from vanta.store.pool import Conn, Pool
from vanta.store.users import Users

_log = logs.get(__name__)


async def admit(
    pool: Pool, clock: Clock, *, admins: Iterable[int], super_admins: Iterable[int]
) -> None:
    """Make sure the paper venue's markets and the operators' DRY accounts exist."""
    await Markets(pool).upsert(MARKETS)
    roles = dict.fromkeys(admins, Role.ADMIN) | dict.fromkeys(super_admins, Role.SUPER_ADMIN)
    for telegram_id, role in sorted(roles.items()):
        async with pool.acquire() as conn, conn.transaction():
            await _admit(pool, conn, telegram_id, role, clock.now_ns())


async def _admit(pool: Pool, conn: Conn, telegram_id: int, role: Role, now_ns: int) -> None:
    users, accounts = Users(pool), Accounts(pool)
    await users.hold_rights(conn)
    known = await users.by_telegram(telegram_id, conn)
    if known is not None and known.standing != Standing.WAITING:
        if known.role != role or known.standing != Standing.ACTIVE:
            _log.warning(
                "operators.stays_as_is",
                user_id=known.id,
                role=known.role,
                standing=known.standing,
                wanted=role.value,
            )
        await accounts.open(known.id, DRY_CASH_E6, conn)
        return
    name = f"operator-{telegram_id}"
    user = known or await users.create(name, role, telegram_id, now_ns=now_ns, conn=conn)
    await users.set_rights(conn, user.id, role, Standing.ACTIVE)
    await accounts.open(user.id, DRY_CASH_E6, conn)
    about = {"telegram_id": telegram_id, "role": role, "cash_e6": DRY_CASH_E6}
    await Audit(pool).append(conn, "settings", "user.admit", name, about, new_trace_id(), now_ns)
