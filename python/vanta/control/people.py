"""Who may come in, and as what. Each change is one transaction, on record, one at a time.

    nobody ─► knock ─► waiting ─► approve (admin) ─► active ─► roles (super admin)
    anybody ─► owner code ─► super admin             active ◄─► blocked

Whoever acts is read again inside the transaction: what counts is the right of that moment.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from vanta import logs
from vanta.control import refusals
from vanta.control.owner import OwnerCode
from vanta.domain.command import Actor, Reply
from vanta.domain.errors import NotFoundError, echo
from vanta.domain.intent import new_trace_id
from vanta.domain.policy import User
from vanta.domain.ports import Clock
from vanta.domain.roles import APPROVABLE, Right, Role, Standing, is_below_admin, permits, role_of
from vanta.domain.units import E6
from vanta.domain.verdict import Reason
from vanta.store import text
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.credentials import Credentials
from vanta.store.outbox import RISK, Outbox
from vanta.store.owner_file import code_hash
from vanta.store.pool import Conn, Pool
from vanta.store.users import Users

_log = logs.get(__name__)

DRY_CASH_E6: Final = 10_000 * E6
"""Play money of who is let in."""

VOUCHED_NS: Final = 3600 * 10**9
"""So long after the owner code, which comes from the machine, a first PIN counts at once."""

Changed = Callable[[int], Awaitable[None]]
"""Told whose rights changed, after the commit: the engine need not wait for its next look."""

Becomes = tuple[str, str]  # role, standing
Rule = Callable[[User, User], Reason | Becomes]
"""(who acts, whom it is about) to what that person becomes, or why not."""

NOT_VALID: Final = refusals.role("That code is not valid.")
LAST: Final = refusals.role("This is the last active super admin: name another one first.")


async def nobody(_user_id: int) -> None:
    """Listen to no change."""


class People:
    """The desk that lets people in, and out."""

    def __init__(
        self, *, pool: Pool, clock: Clock, owner: OwnerCode, changed: Changed = nobody
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._owner = owner
        self._changed = changed
        self._users = Users(pool)
        self._accounts = Accounts(pool)
        self._credentials = Credentials(pool)
        self._audit = Audit(pool)
        self._outbox = Outbox(pool)

    # --- coming in ------------------------------------------------------------------------------

    async def by_telegram(self, telegram_id: int) -> User | None:
        """Return who this Telegram account is, whatever the standing."""
        return await self._users.by_telegram(telegram_id)

    async def knock(self, telegram_id: int, name: str, trace_id: str = "") -> User | None:
        """Return who this Telegram account is; a stranger waits from now on, and admins are told.

        None when too many wait already.
        """
        known = await self._users.by_telegram(telegram_id)
        if known is not None:
            return known
        shown = _shown(name, telegram_id)
        async with self._pool.acquire() as conn, conn.transaction():
            user = await self._users.wait(conn, shown, telegram_id, self._clock.now_ns())
            if user is not None:
                about = {"user_id": user.id, "name": user.name, "telegram_id": telegram_id}
                await self._outbox.put_to_roles(
                    conn,
                    f"person.waits:{user.id}",
                    (Role.ADMIN, Role.SUPER_ADMIN),
                    "person.waits",
                    RISK,
                    about,
                    self._clock.now_ns(),
                )
                by = f"telegram:{telegram_id}"
                await self._note(conn, by, "user.wait", user, trace_id or new_trace_id())
        return user or await self._users.by_telegram(telegram_id)

    async def claim_owner(
        self, telegram_id: int, name: str, code: str, trace_id: str = ""
    ) -> Reply:
        """Make who shows the owner code super admin, once; PIN and code are set anew after it.

        It is also the way back for an owner who lost them: the code comes from the machine.
        """
        if not self._owner.matches(telegram_id, code):
            _log.warning("owner.code_refused", telegram_id=telegram_id)
            return refusals.refused(NOT_VALID)
        by, trace_id = f"telegram:{telegram_id}", trace_id or new_trace_id()
        now_ns, used = self._clock.now_ns(), code_hash(code)
        async with self._pool.acquire() as conn, conn.transaction():
            await self._users.hold_rights(conn)
            if await self._users.is_code_used(conn, used):
                await self._refuse(conn, by, "owner.claim", by, NOT_VALID, trace_id)
                return refusals.refused(NOT_VALID)
            user = await self._users.create(
                _shown(name, telegram_id), Role.VIEWER, telegram_id, now_ns=now_ns, conn=conn
            )
            await self._users.use_code(conn, used, user.id, now_ns)
            await self._credentials.forget(conn, user.id, now_ns)
            await self._credentials.vouch(conn, user.id, now_ns, now_ns + VOUCHED_NS)
            user = await self._become(conn, user, (Role.SUPER_ADMIN, Standing.ACTIVE))
            await self._note(conn, by, "owner.claim", user, trace_id)
        self._owner.used()
        await self._tell(user.id)
        return _done(
            f"You are super admin now. Set a PIN within the hour: {refusals.NO_PANEL}", user
        )

    # --- what admins do -------------------------------------------------------------------------

    async def approve(self, actor: Actor, user_id: int, role: str = Role.TRADER) -> Reply:
        """Let a waiting person in, as viewer or trader, with a DRY account."""

        def rule(me: User, target: User) -> Reason | Becomes:
            if not permits(me.role, me.standing, Right.OPERATE):
                return refusals.role("Only admins approve.")
            if role not in APPROVABLE:
                names = " or ".join(APPROVABLE)
                return refusals.argument("ROLE", f"Approve as {names}; `roles` gives others.")
            if target.standing != Standing.WAITING:
                is_now = f"{target.standing} as {target.role}"
                return refusals.argument("STANDING", f"User {target.id} does not wait: {is_now}.")
            return role, Standing.ACTIVE

        return await self._change(actor, user_id, "user.approve", rule)

    async def block(self, actor: Actor, user_id: int, why: str = "") -> Reply:
        """Take all rights away. Stops, and closing one's own positions, go on."""

        def rule(me: User, target: User) -> Reason | Becomes:
            if (no := _may_block(me, target)) is not None:
                return no
            if target.standing == Standing.BLOCKED:
                return refusals.argument("STANDING", f"User {target.id} is blocked already.")
            return target.role, Standing.BLOCKED

        return await self._change(actor, user_id, "user.block", rule, {"why": text.prose(why)})

    async def unblock(self, actor: Actor, user_id: int) -> Reply:
        """Give back the rights of the role a blocked person has."""

        def rule(me: User, target: User) -> Reason | Becomes:
            if (no := _may_block(me, target)) is not None:
                return no
            if target.standing != Standing.BLOCKED:
                return refusals.argument("STANDING", f"User {target.id} is not blocked.")
            return target.role, Standing.ACTIVE

        return await self._change(actor, user_id, "user.unblock", rule)

    async def set_role(self, actor: Actor, user_id: int, role: str) -> Reply:
        """Give somebody another role; ends that person's session."""

        def rule(me: User, target: User) -> Reason | Becomes:
            if me.role != Role.SUPER_ADMIN or me.standing != Standing.ACTIVE:
                return refusals.role("Only super admins give roles.")
            if role_of(role) is None:
                return refusals.argument("ROLE", f"A role is one of {', '.join(Role)}.")
            if target.standing == Standing.WAITING:
                return refusals.argument("STANDING", f"User {target.id} waits: approve first.")
            if target.role == role:
                return refusals.argument("ROLE", f"User {target.id} is {role} already.")
            return role, target.standing

        return await self._change(actor, user_id, "user.role", rule)

    async def reset_step_up(self, actor: Actor, user_id: int) -> Reply:
        """Forget somebody else's PIN and code, who then sets new ones; for super admins."""
        trace_id = actor.trace_id
        async with self._pool.acquire() as conn, conn.transaction():
            await self._users.hold_rights(conn)
            me, target = await self._both(conn, actor, user_id)
            if target is None:
                return _nobody(user_id)
            is_super = me.role == Role.SUPER_ADMIN and me.standing == Standing.ACTIVE
            if not is_super or me.id == target.id:
                no = refusals.role("Only another super admin forgets a PIN.")
                await self._refuse(conn, actor.name, "stepup.reset", _name(target), no, trace_id)
                return refusals.refused(no)
            await self._credentials.forget(conn, target.id, self._clock.now_ns())
            if target.telegram_id is not None:
                now_ns = self._clock.now_ns()
                await self._outbox.put(
                    conn,
                    f"stepup.reset:{target.id}:{now_ns}",
                    target.id,
                    "stepup.reset",
                    RISK,
                    {"name": me.name},
                    now_ns,
                )
            await self._note(conn, actor.name, "stepup.reset", target, trace_id)
        return _done(f"User {target.id} sets a new PIN at the next need.", target)

    # --- one change -----------------------------------------------------------------------------

    async def _change(
        self,
        actor: Actor,
        user_id: int,
        action: str,
        rule: Rule,
        about: dict[str, Any] | None = None,
    ) -> Reply:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._users.hold_rights(conn)
            me, target = await self._both(conn, actor, user_id)
            if target is None:
                return _nobody(user_id)
            said = rule(me, target)
            if not isinstance(said, Reason) and await self._is_last(conn, target, said):
                said = LAST
            if isinstance(said, Reason):
                name = _name(target)
                await self._refuse(conn, actor.name, action, name, said, actor.trace_id)
                return refusals.refused(said)
            user = await self._become(conn, target, said)
            about = {"was": [target.role, target.standing], **(about or {})}
            await self._note(conn, actor.name, action, user, actor.trace_id, about)
        await self._tell(user.id)
        return _done(f"{user.name} (user {user.id}) is {user.standing} as {user.role}.", user)

    async def _tell(self, user_id: int) -> None:
        try:
            await self._changed(user_id)
        except Exception:
            # The change is committed; who listens looks again by itself within seconds.
            _log.exception("people.listener_failed", user_id=user_id)

    async def _both(self, conn: Conn, actor: Actor, user_id: int) -> tuple[User, User | None]:
        me = await self._users.get(actor.user.id, conn)
        try:
            return me, await self._users.get(user_id, conn)
        except NotFoundError:
            return me, None

    async def _is_last(self, conn: Conn, target: User, becomes: Becomes) -> bool:
        is_super = (Role.SUPER_ADMIN, Standing.ACTIVE)
        loses_one = (target.role, target.standing) == is_super and becomes != is_super
        return loses_one and await self._users.other_super_admins(target.id, conn) == 0

    async def _become(self, conn: Conn, user: User, becomes: Becomes) -> User:
        role, standing = becomes
        changed = await self._users.set_rights(conn, user.id, role, standing)
        await self._credentials.end_session(conn, user.id)
        if standing == Standing.ACTIVE:
            await self._accounts.open(user.id, DRY_CASH_E6, conn)
        return changed

    async def _note(  # noqa: PLR0917  # who, what, whom: the order of the log
        self,
        conn: Conn,
        by: str,
        action: str,
        user: User,
        trace_id: str,
        about: dict[str, Any] | None = None,
    ) -> None:
        detail = {"role": user.role, "standing": user.standing, **(about or {})}
        await self._audit.append(
            conn, by, action, _name(user), detail, trace_id, self._clock.now_ns()
        )

    async def _refuse(  # noqa: PLR0917  # the same
        self, conn: Conn, by: str, action: str, object: str, why: Reason, trace_id: str
    ) -> None:
        detail = {"refused": why.code, "rule": why.rule, "text": why.text}
        await self._audit.append(conn, by, action, object, detail, trace_id, self._clock.now_ns())


def _may_block(me: User, target: User) -> Reason | None:
    if not permits(me.role, me.standing, Right.OPERATE):
        return refusals.role("Only admins block and unblock.")
    if me.id == target.id:
        return refusals.role("Nobody blocks or unblocks himself.")
    if not is_below_admin(target.role) and me.role != Role.SUPER_ADMIN:
        return refusals.role("Only super admins block and unblock admins.")
    return None


def _shown(name: str, telegram_id: int) -> str:
    """Return a stranger's name as it may stand in our own messages."""
    return echo(name).strip(" \N{REPLACEMENT CHARACTER}") or f"telegram-{telegram_id}"


def _name(user: User) -> str:
    return f"user:{user.id}"


def _nobody(user_id: int) -> Reply:
    return refusals.refused(refusals.argument("NOT_FOUND", f"There is no user {user_id}."))


def _done(title: str, user: User) -> Reply:
    about = {
        "user_id": user.id,
        "telegram_id": user.telegram_id,
        "name": user.name,
        "role": user.role,
        "standing": user.standing,
    }
    return Reply(title=title, data=about)
