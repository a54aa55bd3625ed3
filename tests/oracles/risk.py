"""The risk book the slow and obvious way: lists, exact fractions, resets found by trying.

Written from the published rules, not from the core. A reset is searched among all instants at
which anything changes by itself, the nearest size by bisecting over whole checks.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from tests.oracles import margin

E10 = 10**10
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
DAY = 24 * HOUR
I64_MAX = 2**63 - 1

SIZE_RULES = {"POSITION_MAX", "BALANCE", "ACCOUNT_RISK", "VOLUME_HOUR", "VOLUME_DAY"}


@dataclass(frozen=True)
class Market:
    min_leverage_e10: int
    max_leverage_e10: int
    min_notional_e6: int
    threshold_e10: int
    open_fee_e10: int
    close_fee_e10: int
    spread_e10: int
    is_open: bool = True


@dataclass(frozen=True)
class Limits:
    max_leverage_e10: int
    max_position_e6: int
    max_account_risk_e10: int
    liquidation_buffer_e10: int
    max_daily_loss_e10: int
    opens_per_minute: int
    trades_per_day: int
    volume_hour_e6: int
    volume_day_e6: int
    max_losses_in_row: int


@dataclass(frozen=True)
class Position:
    market_ix: int
    is_long: bool
    entry_e10: int
    collateral_e6: int
    leverage_e10: int


@dataclass(frozen=True)
class Ask:
    user_ix: int
    market_ix: int
    is_long: bool
    collateral_e6: int
    leverage_e10: int
    price_e10: int
    stop_loss_e10: int
    now_ns: int


@dataclass(frozen=True)
class Figures:
    notional_e6: int
    required_e6: int
    entry_e10: int
    open_fee_e6: int
    close_fee_e6: int
    spread_cost_e6: int
    liquidation_e10: int
    safe_line_e10: int
    worst_loss_e6: int


@dataclass(frozen=True)
class Refusal:
    rule: str
    value: int
    limit: int
    resets_at_ns: int


@dataclass
class User:
    cash_e6: int
    start_e6: int
    losses_in_row: int
    limits: Limits
    day: int | None = None
    positions: dict[int, Position] = field(default_factory=dict)
    opens: list[tuple[int, int, int]] = field(default_factory=list)  # (at, notional, reservation)


def _fit(value: int | None) -> int:
    assert value is not None, "the oracle is used within 64 bits"
    return value


class SlowBook:
    """Accounts, positions and reservations; every question walks everything."""

    def __init__(self) -> None:
        self.markets: dict[int, Market] = {}
        self.marks: dict[int, int] = {}
        self.users: dict[int, User] = {}
        self.reservations: dict[int, tuple[int, int]] = {}  # id -> (user, amount)
        self.last_id = 0

    # --- worth ---

    def reserved(self, user_ix: int) -> int:
        return sum(amount for user, amount in self.reservations.values() if user == user_ix)

    def unrealised(self, user_ix: int) -> int:
        return sum(
            _fit(
                margin.pnl(
                    entry_e10=position.entry_e10,
                    price_e10=self.marks[position.market_ix],
                    collateral_e6=position.collateral_e6,
                    leverage_e10=position.leverage_e10,
                    is_long=position.is_long,
                )
            )
            for position in self.users[user_ix].positions.values()
            if position.market_ix in self.marks
        )

    def held(self, user_ix: int) -> int:
        return sum(p.collateral_e6 for p in self.users[user_ix].positions.values())

    def equity(self, user_ix: int) -> int:
        return self.users[user_ix].cash_e6 + self.held(user_ix) + self.unrealised(user_ix)

    def day_start(self, user_ix: int, now: int) -> int:
        user = self.users[user_ix]
        stale = user.day is not None and user.day < now - now % DAY
        return self.equity(user_ix) if stale else user.start_e6

    def anchor(self, user_ix: int, now: int) -> None:
        """The first question after a load says which day the loaded start belongs to."""
        user = self.users[user_ix]
        if user.day is None:
            user.day = now - now % DAY

    def exposure(self, user_ix: int, now: int) -> dict[str, int]:
        self.anchor(user_ix, now)
        user = self.users[user_ix]
        day = now - now % DAY

        def side(is_long: bool) -> int:
            return sum(
                p.collateral_e6 * p.leverage_e10 // E10
                for p in user.positions.values()
                if p.is_long is is_long
            )

        equity = self.equity(user_ix)
        return {
            "cash_e6": user.cash_e6,
            "reserved_e6": self.reserved(user_ix),
            "margin_e6": self.held(user_ix),
            "unrealised_e6": self.unrealised(user_ix),
            "equity_e6": equity,
            "free_e6": user.cash_e6 - self.reserved(user_ix),
            "long_notional_e6": side(True),
            "short_notional_e6": side(False),
            "day_pnl_e6": equity - self.day_start(user_ix, now),
            "day_start_equity_e6": self.day_start(user_ix, now),
            "opens_last_minute": sum(1 for at, _, _ in user.opens if at > now - MINUTE),
            "trades_today": sum(1 for at, _, _ in user.opens if at >= day),
            "volume_hour_e6": sum(size for at, size, _ in user.opens if at > now - HOUR),
            "volume_day_e6": sum(size for at, size, _ in user.opens if at >= day),
            "losses_in_row": user.losses_in_row,
        }

    # --- rules ---

    def figures(self, ask: Ask) -> Figures:
        market = self.markets.get(ask.market_ix)
        facts = market or Market(0, I64_MAX, 0, E10, 0, 0, 0)
        size = ask.collateral_e6 * ask.leverage_e10 // E10

        def share(rate_e10: int) -> int:
            return ceil(size * Fraction(rate_e10, E10))

        entry = _fit(
            margin.execution_price(
                price_e10=ask.price_e10,
                spread_e10=facts.spread_e10,
                is_long=ask.is_long,
                is_open=True,
            )
        )
        lines = (0, 0)
        if market is not None:
            liquidation = margin.liquidation_price(
                entry_e10=entry,
                collateral_e6=ask.collateral_e6,
                leverage_e10=ask.leverage_e10,
                is_long=ask.is_long,
                threshold_e10=facts.threshold_e10,
            )
            if liquidation is None:  # a short of next to no leverage
                liquidation = I64_MAX
            safe = margin.safe_line(
                entry_e10=entry,
                liquidation_e10=liquidation,
                buffer_e10=self.users[ask.user_ix].limits.liquidation_buffer_e10,
                is_long=ask.is_long,
            )
            lines = (liquidation, safe)
        at_stop = ask.collateral_e6
        if ask.stop_loss_e10:
            away = (entry - ask.stop_loss_e10) * (1 if ask.is_long else -1)
            exact = Fraction(away, entry) * Fraction(ask.leverage_e10, E10) * ask.collateral_e6
            at_stop = max(0, min(ceil(exact), ask.collateral_e6))
        fees = [share(facts.open_fee_e10), share(facts.close_fee_e10), share(facts.spread_e10)]
        return Figures(
            notional_e6=size,
            required_e6=ask.collateral_e6 + fees[0],
            entry_e10=entry,
            open_fee_e6=fees[0],
            close_fee_e6=fees[1],
            spread_cost_e6=fees[2],
            liquidation_e10=lines[0],
            safe_line_e10=lines[1],
            worst_loss_e6=at_stop + sum(fees),
        )

    def refusals(self, ask: Ask) -> dict[str, tuple[int, int]]:
        """Rule -> (value, limit) of everything that says no at `ask.now_ns`."""
        user, figures = self.users[ask.user_ix], self.figures(ask)
        market, limits = self.markets.get(ask.market_ix), user.limits
        seen = self.exposure(ask.user_ix, ask.now_ns)
        sign = 1 if ask.is_long else -1
        out: dict[str, tuple[int, int]] = {}

        def most(rule: str, value: int, limit: int) -> None:
            if value > limit:
                out[rule] = (value, limit)

        def least(rule: str, value: int, limit: int) -> None:
            if value < limit:
                out[rule] = (value, limit)

        def ratio(loss: int, whole: int) -> int:
            if loss <= 0:
                return 0
            return min(I64_MAX, ceil(Fraction(loss, whole) * E10)) if whole > 0 else I64_MAX

        if market is None or not market.is_open:
            out["MARKET"] = (ask.market_ix, 0)
        if market is not None:
            least("LEVERAGE_MIN", ask.leverage_e10, market.min_leverage_e10)
            most("LEVERAGE_MAX", ask.leverage_e10, market.max_leverage_e10)
        most("LEVERAGE_POLICY", ask.leverage_e10, limits.max_leverage_e10)
        if market is not None:
            least("POSITION_MIN", figures.notional_e6, market.min_notional_e6)
        most("POSITION_MAX", figures.notional_e6, limits.max_position_e6)
        most("BALANCE", figures.required_e6, seen["free_e6"])
        risk = ratio(figures.worst_loss_e6, seen["equity_e6"])
        most("ACCOUNT_RISK", risk, limits.max_account_risk_e10)
        stop = ask.stop_loss_e10
        if stop and (stop - figures.entry_e10) * sign > 0:
            out["STOP_SIDE"] = (stop, figures.entry_e10)
        if stop and market is not None and (stop - figures.safe_line_e10) * sign < 0:
            out["LIQUIDATION_BUFFER"] = (stop, figures.safe_line_e10)
        start = seen["day_start_equity_e6"]
        most("DAILY_LOSS", ratio(start - seen["equity_e6"], start), limits.max_daily_loss_e10)
        if user.losses_in_row >= limits.max_losses_in_row:
            out["LOSSES_IN_ROW"] = (user.losses_in_row, limits.max_losses_in_row)
        most("OPENS_PER_MINUTE", seen["opens_last_minute"] + 1, limits.opens_per_minute)
        most("TRADES_PER_DAY", seen["trades_today"] + 1, limits.trades_per_day)
        hour = seen["volume_hour_e6"] + figures.notional_e6
        most("VOLUME_HOUR", hour, limits.volume_hour_e6)
        day = seen["volume_day_e6"] + figures.notional_e6
        most("VOLUME_DAY", day, limits.volume_day_e6)
        return out

    def check(self, ask: Ask) -> list[Refusal]:
        return [
            Refusal(rule, value, limit, self._resets(ask, rule))
            for rule, (value, limit) in self.refusals(ask).items()
        ]

    def _resets(self, ask: Ask, rule: str) -> int:
        opens = [at for at, _, _ in self.users[ask.user_ix].opens]
        starts = [at - at % DAY + DAY for at in [*opens, ask.now_ns]]
        instants = {at + span for at in opens for span in (MINUTE, HOUR)} | set(starts)
        for instant in sorted(instants):
            later = Ask(**{**ask.__dict__, "now_ns": instant})
            if instant > ask.now_ns and rule not in self.refusals(later):
                return instant
        return 0

    def nearest(self, ask: Ask) -> int:
        """Largest smaller collateral that passes everything now; 0 = none, or `ask` passes."""

        def refused(collateral_e6: int) -> set[str]:
            return set(self.refusals(Ask(**{**ask.__dict__, "collateral_e6": collateral_e6})))

        if not refused(ask.collateral_e6):
            return 0
        good, bad = 0, ask.collateral_e6
        while bad - good > 1:
            middle = (good + bad) // 2
            if refused(middle) & SIZE_RULES:
                bad = middle
            else:
                good = middle
        return good if good and not refused(good) else 0

    # --- events ---

    def admit(self, ask: Ask) -> int:
        if self.refusals(ask):
            return 0
        self.roll(ask.user_ix, ask.now_ns)
        figures = self.figures(ask)
        self.last_id += 1
        self.reservations[self.last_id] = (ask.user_ix, figures.required_e6)
        self.users[ask.user_ix].opens.append((ask.now_ns, figures.notional_e6, self.last_id))
        return self.last_id

    def release(self, reservation: int) -> bool:
        if reservation not in self.reservations:
            return False
        user_ix, _ = self.reservations.pop(reservation)
        user = self.users[user_ix]
        user.opens = [row for row in user.opens if row[2] != reservation]
        return True

    def apply_fill(
        self,
        user_ix: int,
        position_id: int,
        position: Position | None,
        *,
        cash_delta_e6: int,
        realised_e6: int,
        is_close: bool,
        at_ns: int,
        reservation: int,
    ) -> None:
        self.roll(user_ix, at_ns)
        user = self.users[user_ix]
        user.cash_e6 += cash_delta_e6
        user.positions.pop(position_id, None)
        if position is not None:
            user.positions[position_id] = position
        if is_close:
            user.losses_in_row = user.losses_in_row + 1 if realised_e6 < 0 else 0
        self.reservations.pop(reservation, None)

    def roll(self, user_ix: int, now: int) -> None:
        user = self.users[user_ix]
        user.start_e6 = self.day_start(user_ix, now)
        today = now - now % DAY
        user.day = today if user.day is None else max(user.day, today)

    def start_day(self, user_ix: int, day: int, equity_e6: int) -> None:
        user = self.users[user_ix]
        if user.day is None or user.day <= day:
            user.day, user.start_e6 = day, equity_e6
