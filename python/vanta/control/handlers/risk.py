"""`risk_summary`: what everybody has at stake, and who is near an end."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from vanta._core import Exposure
from vanta.control.commands import Command, Plan
from vanta.control.words import Words
from vanta.domain import exact
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.enums import CLOSING, Breaker, Quality
from vanta.domain.errors import NotFoundError
from vanta.domain.market import Catalogue
from vanta.domain.policy import User, UserBreaker
from vanta.domain.ports import Books, Quotes
from vanta.domain.position import Position, PositionView, view
from vanta.domain.roles import Right
from vanta.domain.units import ONE_E10, format_percent, format_usd
from vanta.store.users import Users

RISK_SUMMARY: Final = CommandInfo(
    name="risk_summary",
    usage="",
    summary="Totals, worst accounts, near liquidation, breakers",
    group="Admin",
    right=Right.OPERATE,
)
WORST: Final = 5
NEAR_LIQUIDATION_E10: Final = ONE_E10 // 4
"""Near: less than this share of the way from entry to liquidation is left."""
NEAR_DAILY_LOSS_E10: Final = ONE_E10 * 3 // 4
"""Near: more than this share of the day's loss limit is used."""


class Seen(NamedTuple):
    """A person with an account, at the last marks."""

    user: User
    exposure: Exposure
    loss_used_e10: int  # share of the day's loss limit
    breaker: UserBreaker | None


class Near(NamedTuple):
    """A position and the share of the way to its liquidation that is left."""

    view: PositionView
    left_e10: int


class RiskCommands:
    """Looks at the engine's memory; asks the store for names only."""

    def __init__(self, *, users: Users, books: Books, quotes: Quotes, catalogue: Catalogue) -> None:
        self._users = users
        self._books = books
        self._quotes = quotes
        self._catalogue = catalogue

    def commands(self) -> list[Command]:
        return [Command(RISK_SUMMARY, self._read)]

    async def _read(self, _actor: Actor, _words: Words) -> Plan:
        return Plan(RISK_SUMMARY, self._summary)

    async def _summary(self) -> Reply:
        people = self._people(await self._users.all())
        views = [self._view(p) for p in self._books.open_positions()]
        near = sorted(self._near(views), key=lambda n: n.left_e10)
        worst = sorted((s for s in people if s.exposure.day_pnl_e6 < 0), key=_day_pnl)[:WORST]
        losing = [s for s in people if s.loss_used_e10 >= NEAR_DAILY_LOSS_E10]
        paused = [s for s in people if s.breaker is not None]
        breakers = [
            m.symbol for m in self._catalogue if self._quotes.quote(m.ix).breaker != Breaker.CLOSED
        ]
        data = self._data(people, views, near, worst, losing)
        data["user_breakers"] = [s.user.id for s in paused]
        data["price_breakers"] = breakers
        return Reply(
            title="Risk",
            lines=(*_totals(people, views), *_breaker_lines(paused, breakers)),
            tables=_tables(self._catalogue, worst, near, losing),
            data=data,
        )

    def _people(self, users: Sequence[User]) -> list[Seen]:
        found = []
        for user in users:
            try:
                exposure = self._books.exposure(user.id)
            except NotFoundError:  # no account: nothing at stake
                continue
            policy = self._books.policy(user.id)
            limit_e6 = exposure.day_start_equity_e6 * policy.max_daily_loss_e10 // ONE_E10
            lost_e6 = max(0, -exposure.day_pnl_e6)
            used = lost_e6 * ONE_E10 // limit_e6 if limit_e6 > 0 else 0
            found.append(Seen(user, exposure, used, self._books.breaker(user.id)))
        return found

    def _view(self, position: Position) -> PositionView:
        quote = self._quotes.quote(position.market_ix)
        mark_e10 = quote.price_e10 if Quality(quote.quality) in CLOSING else 0
        return view(position, mark_e10=mark_e10, protected_by="")

    def _near(self, views: Sequence[PositionView]) -> list[Near]:
        found = []
        for seen in views:
            left_e10 = left_to_liquidation(seen)
            if left_e10 is not None and left_e10 < NEAR_LIQUIDATION_E10:
                found.append(Near(seen, left_e10))
        return found

    def _data(
        self,
        people: Sequence[Seen],
        views: Sequence[PositionView],
        near: Sequence[Near],
        worst: Sequence[Seen],
        losing: Sequence[Seen],
    ) -> dict[str, Any]:
        sums = _sums(people)
        return {
            "open_positions": len(views),
            "unpriced_positions": sum(v.mark_e10 == 0 for v in views),
            **{name: exact.usd(value) for name, value in sums.items()},
            "worst_accounts": [
                {
                    "user_id": s.user.id,
                    "name": s.user.name,
                    "day_pnl": exact.usd(s.exposure.day_pnl_e6),
                    "equity": exact.usd(s.exposure.equity_e6),
                }
                for s in worst
            ],
            "near_liquidation": [
                {
                    "position_id": n.view.position.id,
                    "user_id": n.view.position.user_id,
                    "market": self._symbol(n.view.position.market_ix),
                    "left": exact.ratio(n.left_e10),
                    "mark": exact.ratio(n.view.mark_e10),
                    "liquidation": exact.ratio(n.view.position.liquidation_e10),
                }
                for n in near
            ],
            "near_daily_loss": [
                {"user_id": s.user.id, "name": s.user.name, "used": exact.ratio(s.loss_used_e10)}
                for s in losing
            ],
        }

    def _symbol(self, ix: int) -> str:
        return next((m.symbol for m in self._catalogue if m.ix == ix), f"#{ix}")


def left_to_liquidation(seen: PositionView) -> int | None:
    """Return which share of the way from entry to liquidation is left; None without a price."""
    position = seen.position
    way_e10 = abs(position.entry_e10 - position.liquidation_e10)
    if not seen.mark_e10 or not way_e10:
        return None
    ahead = seen.mark_e10 - position.liquidation_e10
    left_e10 = ahead if position.side.is_long else -ahead
    return max(0, left_e10) * ONE_E10 // way_e10


def _day_pnl(seen: Seen) -> int:
    return seen.exposure.day_pnl_e6


def _sums(people: Sequence[Seen]) -> dict[str, int]:
    rows = [s.exposure for s in people]
    return {
        "long_notional": sum(e.long_notional_e6 for e in rows),
        "short_notional": sum(e.short_notional_e6 for e in rows),
        "margin": sum(e.margin_e6 for e in rows),
        "reserved": sum(e.reserved_e6 for e in rows),
        "unrealised": sum(e.unrealised_e6 for e in rows),
        "equity": sum(e.equity_e6 for e in rows),
        "day_pnl": sum(e.day_pnl_e6 for e in rows),
    }


def _totals(people: Sequence[Seen], views: Sequence[PositionView]) -> list[str]:
    sums = _sums(people)
    holders = len({v.position.user_id for v in views})
    long_e6, short_e6 = sums["long_notional"], sums["short_notional"]
    lines = [
        f"{len(views)} open positions of {holders} people",
        f"Long {format_usd(long_e6)}, short {format_usd(short_e6)}",
        f"Margin {format_usd(sums['margin'])} of equity {format_usd(sums['equity'])}",
        f"Unrealised {format_usd(sums['unrealised'], signed=True)}, "
        f"today {format_usd(sums['day_pnl'], signed=True)}",
    ]
    if unpriced := sum(v.mark_e10 == 0 for v in views):
        lines.append(f"{unpriced} positions have no usable price.")
    return lines


def _breaker_lines(paused: Sequence[Seen], breakers: Sequence[str]) -> list[str]:
    lines = []
    if paused:
        lines.append("Breaker open: " + ", ".join(f"#{s.user.id}" for s in paused))
    if breakers:
        lines.append("Price breaker: " + ", ".join(breakers))
    return lines or ["No breaker is open."]


def _tables(
    catalogue: Catalogue, worst: Sequence[Seen], near: Sequence[Near], losing: Sequence[Seen]
) -> tuple[Table, ...]:
    bases = {m.ix: m.base for m in catalogue}
    accounts = tuple(
        (f"#{s.user.id}", s.user.name[:12], format_usd(s.exposure.day_pnl_e6, signed=True))
        for s in worst
    )
    ends = tuple(
        (
            f"#{n.view.position.id}",
            f"#{n.view.position.user_id}",
            bases.get(n.view.position.market_ix, "?"),
            format_percent(n.left_e10, places=1),
        )
        for n in near[:WORST]
    )
    losses = tuple(
        (f"#{s.user.id}", s.user.name[:12], format_percent(s.loss_used_e10, places=1))
        for s in losing[:WORST]
    )
    tables = (
        Table(columns=("User", "Name", "Today"), rows=accounts),
        Table(columns=("Pos", "User", "Market", "To liq"), rows=ends),
        Table(columns=("User", "Name", "Day loss"), rows=losses),
    )
    return tuple(table for table in tables if table.rows)
