"""Commands about people: who is here, who may what, and the second person's word."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from vanta.control.approvals import Approvals, RightOf
from vanta.control.commands import Command, Plan
from vanta.control.people import People
from vanta.control.words import MAX_ID, Words
from vanta.domain import exact
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.errors import NotFoundError
from vanta.domain.policy import User
from vanta.domain.ports import Books
from vanta.domain.roles import APPROVABLE, Right, Role, Standing
from vanta.domain.units import format_usd
from vanta.store.policies import Policies
from vanta.store.users import Users

PAGE: Final = 10
MAX_PAGE: Final = 100_000
NAME: Final = 11  # characters: what a row on a phone leaves
_ROLES: Final = tuple(role.value for role in Role)
_LET_IN: Final = tuple(role.value for role in APPROVABLE)

USERS: Final = CommandInfo(
    name="users",
    usage="[page]",
    summary="Everybody, those who wait first",
    group="Admin",
    right=Right.OPERATE,
    menu=True,
)
USER: Final = CommandInfo(
    name="user", usage="ID", summary="One person", group="Admin", right=Right.OPERATE
)
APPROVE: Final = CommandInfo(
    name="approve",
    usage="ID [viewer|trader]",
    summary="Let somebody in",
    group="Admin",
    right=Right.OPERATE,
)
BLOCK: Final = CommandInfo(
    name="block",
    usage="ID [reason]",
    summary="Keep somebody out",
    group="Admin",
    right=Right.OPERATE,
)
UNBLOCK: Final = CommandInfo(
    name="unblock", usage="ID", summary="Let somebody back in", group="Admin", right=Right.OPERATE
)
ROLES: Final = CommandInfo(
    name="roles",
    usage="[ID role]",
    summary="Who has which role, and give one",
    group="Super admin",
    right=Right.GOVERN,
)
GIVE_ROLE: Final = msgspec.structs.replace(ROLES, step_up=True)
MAKE_SUPER: Final = msgspec.structs.replace(GIVE_ROLE, second_person=True)
"""Else one person could make a second one, and agree with himself."""
RESET_PIN: Final = CommandInfo(
    name="reset_pin",
    usage="ID",
    summary="Forget somebody's PIN and code",
    group="Super admin",
    right=Right.GOVERN,
    step_up=True,
    confirm=True,
)
AGREE: Final = CommandInfo(
    name="agree",
    usage="ID",
    summary="Agree as the second person",
    group="Super admin",
    right=Right.GOVERN,
    step_up=True,
)


CarryOut = Callable[[Actor, str, Sequence[str]], Awaitable[Reply]]
"""Do a command that its asker was admitted to."""


class PeopleCommands:
    """Reads from the stores; every change is made and written down by `people`."""

    def __init__(
        self,
        *,
        people: People,
        approvals: Approvals,
        right_of: RightOf,
        carry_out: CarryOut,
        users: Users,
        policies: Policies,
        books: Books,
    ) -> None:
        self._people = people
        self._approvals = approvals
        self._right_of = right_of
        self._carry_out = carry_out
        self._users = users
        self._policies = policies
        self._books = books

    def commands(self) -> list[Command]:
        return [
            Command(USERS, self._read_users),
            Command(USER, self._read_user),
            Command(APPROVE, self._read_approve),
            Command(BLOCK, self._read_block),
            Command(UNBLOCK, self._read_unblock),
            Command(ROLES, self._read_roles),
            Command(RESET_PIN, self._read_reset_pin),
            Command(AGREE, self._read_agree),
        ]

    # --- words ----------------------------------------------------------------------------------

    async def _read_users(self, _actor: Actor, words: Words) -> Plan:
        page = words.whole("page", low=1, high=MAX_PAGE) if words.are_left else 1
        return Plan(USERS, partial(self._list, page))

    async def _read_user(self, _actor: Actor, words: Words) -> Plan:
        return Plan(USER, partial(self._show, words.user_id()))

    async def _read_approve(self, actor: Actor, words: Words) -> Plan:
        user_id = words.user_id()
        role = words.choice("role", _LET_IN) if words.are_left else Role.TRADER.value
        return Plan(APPROVE, partial(self._people.approve, actor, user_id, role))

    async def _read_block(self, actor: Actor, words: Words) -> Plan:
        user_id, reason = words.user_id(), words.text("reason")
        return Plan(BLOCK, partial(self._people.block, actor, user_id, reason))

    async def _read_unblock(self, actor: Actor, words: Words) -> Plan:
        return Plan(UNBLOCK, partial(self._people.unblock, actor, words.user_id()))

    async def _read_roles(self, actor: Actor, words: Words) -> Plan:
        if not words.are_left:
            return Plan(ROLES, self._roles)
        user_id, role = words.user_id(), words.choice("role", _ROLES)
        info = MAKE_SUPER if role == Role.SUPER_ADMIN else GIVE_ROLE
        return Plan(info, partial(self._people.set_role, actor, user_id, role))

    async def _read_reset_pin(self, actor: Actor, words: Words) -> Plan:
        user_id = words.user_id()
        act = partial(self._people.reset_step_up, actor, user_id)
        return Plan(RESET_PIN, act, (f"User {user_id} sets a new PIN at the next need.",))

    async def _read_agree(self, actor: Actor, words: Words) -> Plan:
        number = words.number("request", low=1, high=MAX_ID)
        return Plan(AGREE, partial(self._agree, actor, number))

    async def _agree(self, actor: Actor, number: int) -> Reply:
        said = await self._approvals.agree(actor, number, self._right_of)
        if isinstance(said, Reply):
            return said
        # Who asked acts, by the way and under the trace of who agreed.
        asker = msgspec.structs.replace(actor, user=said.asker)
        try:
            reply = await self._carry_out(asker, said.command, said.args)
        except Exception:
            await self._approvals.tell(actor, said, "That failed on my side.")
            raise
        await self._approvals.tell(actor, said, reply.title)
        return reply

    # --- looking --------------------------------------------------------------------------------

    async def _list(self, page: int) -> Reply:
        everybody = sorted(await self._users.all(), key=_waiting_first)
        pages = max(1, -(-len(everybody) // PAGE))
        shown = everybody[(page - 1) * PAGE : page * PAGE]
        waiting = sum(u.standing == Standing.WAITING for u in everybody)
        lines = [f"People {len(everybody)}, waiting {waiting}. Page {page} of {pages}."]
        if waiting:
            lines.append("Let somebody in: approve ID")
        return Reply(
            title="Users",
            lines=tuple(lines),
            tables=_tables(shown),
            data={
                "page": page,
                "pages": pages,
                "waiting": waiting,
                "total": len(everybody),
                "users": [_described(u) for u in shown],
            },
        )

    async def _roles(self) -> Reply:
        holders = [u for u in await self._users.all() if u.role not in _LET_IN]
        return Reply(
            title="Roles",
            lines=("Roles: " + ", ".join(_ROLES), "Give one: roles ID role"),
            tables=_tables(holders),
            data={"roles": list(_ROLES), "users": [_described(u) for u in holders]},
        )

    async def _show(self, user_id: int) -> Reply:
        user = await self._users.get(user_id)
        version, _ = await self._policies.current(user_id)
        positions = [p for p in self._books.open_positions() if p.user_id == user_id]
        lines = [
            f"Role {user.role}, {user.standing}, wishes {user.mode}",
            "No Telegram account" if user.telegram_id is None else f"Telegram {user.telegram_id}",
            f"Here since {(exact.iso(user.created_ns) or '-')[:10]}",
            f"{len(positions)} open positions, limits version {version}",
        ]
        data = _described(user) | {
            "open_positions": len(positions),
            "policy_version": version,
            "account": None,
        }
        try:
            now = self._books.exposure(user_id)
        except NotFoundError:
            lines.append("No account yet.")
        else:
            lines.append(
                f"Equity {format_usd(now.equity_e6)}, "
                f"today {format_usd(now.day_pnl_e6, signed=True)}"
            )
            data["account"] = {
                "equity": exact.usd(now.equity_e6),
                "margin": exact.usd(now.margin_e6),
                "day_pnl": exact.usd(now.day_pnl_e6),
                "losses_in_row": now.losses_in_row,
            }
        return Reply(title=f"#{user.id} {user.name}", lines=tuple(lines), data=data)


def _waiting_first(user: User) -> tuple[bool, int]:
    return user.standing != Standing.WAITING, user.id


def _tables(users: Sequence[User]) -> tuple[Table, ...]:
    if not users:
        return ()
    rows = tuple((f"#{u.id}", _cut(u.name), u.role, _shown(u.standing)) for u in users)
    return (Table(columns=("ID", "Name", "Role", "State"), rows=rows),)


def _cut(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def _shown(standing: str) -> str:
    # Short, so that a row with the longest role still fits on a phone.
    return {Standing.WAITING.value: "waits", Standing.ACTIVE.value: "in"}.get(standing, "out")


def _described(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "standing": user.standing,
        "mode": user.mode,
        "telegram_id": user.telegram_id,
        "created_at": exact.iso(user.created_ns),
    }
