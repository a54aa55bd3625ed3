"""The two-person rule: what one asked for happens when another entitled person agrees."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from vanta.control import refusals
from vanta.control.step_up import StepUp
from vanta.domain.command import Actor, CommandInfo, Need, Reply
from vanta.domain.policy import User
from vanta.domain.ports import Clock
from vanta.domain.roles import Right, Role, Standing, permits
from vanta.domain.verdict import Reason
from vanta.store.approvals import Approval, ApprovalRows
from vanta.store.audit import Audit
from vanta.store.outbox import RISK, Outbox
from vanta.store.pool import Conn, Pool
from vanta.store.users import Users

LIFE_NS: Final = 10 * 60 * 10**9

RightOf = Callable[[str], Right | None]
"""The right a command asks for; None for a command that is not known (any more)."""


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What may run now, once: as the command of `asker`."""

    id: int
    command: str
    args: tuple[str, ...]
    asker: User


class Approvals:
    """Requests that wait for a second person."""

    def __init__(self, *, pool: Pool, clock: Clock, step_up: StepUp) -> None:
        self._pool = pool
        self._clock = clock
        self._step_up = step_up
        self._rows = ApprovalRows(pool)
        self._users = Users(pool)
        self._audit = Audit(pool)
        self._outbox = Outbox(pool)

    async def ask(self, actor: Actor, info: CommandInfo, args: Sequence[str]) -> Reply:
        """Write the request down and say who can agree; asking again finds the same one."""
        now_ns = self._clock.now_ns()
        user_id = actor.user.id
        async with self._pool.acquire() as conn, conn.transaction():
            await self._users.hold_rights(conn)
            row = await self._rows.ask(conn, user_id, info.name, args, now_ns, now_ns + LIFE_NS)
            others = await self._users.other_super_admins(user_id, conn)
            about = {"approval": row.id, "command": row.command, "args": list(row.args)}
            await self._outbox.put_to_roles(
                conn,
                f"approval.wanted:{row.id}",
                (Role.SUPER_ADMIN,),
                "approval.wanted",
                RISK,
                {**about, "name": actor.user.name, "expires_ns": row.expires_ns},
                now_ns,
                but=user_id,
            )
            await self._note(conn, actor, "approval.ask", row, {"args": list(args)})
        minutes = (row.expires_ns - now_ns) // (60 * 10**9)
        lines = [f"Another super admin runs: agree {row.id} (within {minutes} min)."]
        if not others:
            lines.append("There is no other active super admin: name one, or nothing happens.")
        about = {"approval": row.id, "expires_ns": row.expires_ns}
        return Reply(
            title="A second person has to agree.",
            lines=tuple(lines),
            data=about,
            need=Need.SECOND_PERSON,
        )

    async def agree(self, actor: Actor, approval_id: int, right_of: RightOf) -> Agreed | Reply:
        """Agree to a request. `Agreed` comes once; the caller runs it then and there."""
        is_fresh = await self._step_up.is_fresh(actor.user.id)
        async with self._pool.acquire() as conn, conn.transaction():
            # What counts are the rights of this moment: no change of them happens meanwhile.
            await self._users.hold_rights(conn)
            row = await self._rows.get(conn, approval_id)
            if row is None:
                return refusals.refused(_argument(f"There is no request {approval_id}."))
            me = await self._users.get(actor.user.id, conn)
            asker = await self._users.get(row.asked_by, conn)
            no = refusals.stale_proof() if not is_fresh else None
            no = no or self._against(row, me, asker, right_of(row.command))
            now_ns = self._clock.now_ns()
            if no is None and not await self._rows.agree(conn, row.id, me.id, now_ns):
                no = _argument(f"Request {row.id} is agreed already.")
            if no is not None:
                said = {"refused": no.code, "rule": no.rule, "text": no.text}
                await self._note(conn, actor, "approval.agree", row, said)
                need = Need.STEP_UP if no.code == "E-STEPUP" else Need.NOTHING
                return refusals.refused(no, need=need)
            about = {"command": row.command, "args": list(row.args), "asked_by": asker.id}
            await self._note(conn, actor, "approval.agree", row, about)
        return Agreed(id=row.id, command=row.command, args=row.args, asker=asker)

    async def tell(self, actor: Actor, agreed: Agreed, outcome: str) -> None:
        """Tell who asked that another agreed, and what came of it."""
        if agreed.asker.telegram_id is None:
            return
        body = {
            "approval": agreed.id,
            "command": agreed.command,
            "args": list(agreed.args),
            "name": actor.user.name,
            "text": outcome,
        }
        await self._outbox.put(
            None,
            f"approval.agreed:{agreed.id}",
            agreed.asker.id,
            "approval.agreed",
            RISK,
            body,
            self._clock.now_ns(),
        )

    async def waiting(self) -> list[Approval]:
        """Return the open requests, oldest first."""
        return await self._rows.open(self._clock.now_ns())

    def _against(self, row: Approval, me: User, asker: User, right: Right | None) -> Reason | None:
        if me.role != Role.SUPER_ADMIN or me.standing != Standing.ACTIVE:
            return refusals.role("Only super admins agree.")
        if me.id == asker.id:
            return refusals.role("Another person than who asked has to agree.")
        if right is None:
            return _argument(f"There is no command {row.command}.")
        for user, who in ((me, "You"), (asker, f"User {asker.id}, who asked,")):
            if not permits(user.role, user.standing, right):
                return refusals.role(f"{who} may not do this.")
        if row.expires_ns <= self._clock.now_ns():
            return refusals.reason("E-EXPIRED", "APPROVAL", f"Request {row.id} is over: ask again.")
        return None

    async def _note(
        self, conn: Conn, actor: Actor, action: str, row: Approval, about: dict[str, Any]
    ) -> None:
        object = f"{row.command}:{row.id}"
        now_ns = self._clock.now_ns()
        await self._audit.append(conn, actor.name, action, object, about, actor.trace_id, now_ns)


def _argument(text: str) -> Reason:
    return refusals.argument("APPROVAL", text)
