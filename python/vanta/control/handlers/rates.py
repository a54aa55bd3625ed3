"""`rate_limits`: who has used how much of what, and when it is free again."""

from functools import partial
from typing import Any, Final

from vanta.control.commands import Command, Plan
from vanta.control.handlers.limit_views import described_row, tables
from vanta.control.limit_rows import Ledger, LimitRow
from vanta.control.limits import LimitsOffice
from vanta.control.words import Words
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.errors import NotFoundError
from vanta.domain.policy import User
from vanta.domain.ports import Books
from vanta.domain.roles import Right
from vanta.domain.units import ONE_E10, format_percent
from vanta.store.users import Users

RATE_LIMITS: Final = CommandInfo(
    name="rate_limits",
    usage="[user]",
    summary="Rates and volumes: of one, or who used most",
    group="Admin",
    right=Right.OPERATE,
)
HEAVIEST: Final = 5
RATES: Final = frozenset(
    {
        "opens_per_minute",
        "trades_per_day",
        "volume_hour_usd",
        "volume_day_usd",
        "copies_per_minute",
        "messages_per_minute",
    }
)


class RateCommands:
    """Ranks by the engine's memory; the numbers shown are those of the ledger."""

    def __init__(self, *, office: LimitsOffice, users: Users, books: Books) -> None:
        self._office = office
        self._users = users
        self._books = books

    def commands(self) -> list[Command]:
        return [Command(RATE_LIMITS, self._read)]

    async def _read(self, _actor: Actor, words: Words) -> Plan:
        if not words.are_left:
            return Plan(RATE_LIMITS, self._heaviest)
        return Plan(RATE_LIMITS, partial(self._one, words.user_id()))

    async def _one(self, user_id: int) -> Reply:
        user = await self._users.get(user_id)
        found = await self._office.ledger(user_id)
        rows = _rates(found)
        return Reply(
            title=f"Rates of #{user.id} {user.name}",
            tables=tables(rows, found.at_ns),
            data={"users": [_described(user, rows)]},
        )

    async def _heaviest(self) -> Reply:
        shares = [(self._share(user), user) for user in await self._users.all()]
        most = sorted((s for s in shares if s[0] > 0), key=lambda s: (-s[0], s[1].id))[:HEAVIEST]
        found = [(user, _rates(await self._office.ledger(user.id))) for _, user in most]
        shown = []
        for user, rows in found:
            worst = max(rows, key=_used_share)
            percent = format_percent(_used_share(worst), places=0)
            shown.append((f"#{user.id}", worst.key.removesuffix("_usd"), percent))
        return Reply(
            title="Rates",
            lines=() if shown else ("Nobody has used anything of the rates.",),
            tables=(Table(columns=("User", "Rate", "Used"), rows=tuple(shown)),) if shown else (),
            data={"users": [_described(user, rows) for user, rows in found]},
        )

    def _share(self, user: User) -> int:
        try:
            now = self._books.exposure(user.id)
        except NotFoundError:  # no account: no trade either
            return 0
        policy = self._books.policy(user.id)
        pairs = (
            (now.opens_last_minute, policy.opens_per_minute),
            (now.trades_today, policy.trades_per_day),
            (now.volume_hour_e6, policy.volume_hour_e6),
            (now.volume_day_e6, policy.volume_day_e6),
        )
        return max(used * ONE_E10 // max(limit, 1) for used, limit in pairs)


def _rates(found: Ledger) -> list[LimitRow]:
    return [row for row in found.rows if row.key in RATES]


def _used_share(row: LimitRow) -> int:
    return (row.used or 0) * ONE_E10 // max(row.limit, 1)


def _described(user: User, rows: list[LimitRow]) -> dict[str, Any]:
    return {"user_id": user.id, "name": user.name, "rates": [described_row(r) for r in rows]}
