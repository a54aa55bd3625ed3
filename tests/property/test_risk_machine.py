"""The risk book over a life: admits, fills, closes, releases, days, in any order, beside the slow
book. After each step both say the same about every account, and no reserved dollar is spent twice.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from tests.oracles.risk import DAY, E10, HOUR, MINUTE, Ask, Limits, Market, Position
from tests.oracles.risk_pair import Pair

E6 = 10**6
START = 20_000 * DAY + DAY // 2
USERS = (3, 4_000_000_000)
CASH = 2_000 * E6

prices = st.integers(50, 150).map(lambda x: x * E10)


class RiskLife(RuleBasedStateMachine):
    """Two users, two markets, one clock."""

    reservations: Bundle[tuple[int, Ask]] = Bundle("reservations")
    positions: Bundle[int] = Bundle("positions")

    @initialize(
        risk=st.integers(1, 10).map(lambda x: x * E10 // 10),
        loss=st.integers(1, 10).map(lambda x: x * E10 // 10),
        minute=st.integers(1, 4),
        volume=st.integers(2_000, 20_000).map(lambda x: x * E6),
        streak=st.integers(1, 4),
    )
    def load(self, risk: int, loss: int, minute: int, volume: int, streak: int) -> None:
        self.books = Pair()
        self.now = START
        self.next_position = 1
        self.owner: dict[int, int] = {}
        self.live: dict[int, Ask] = {}
        self.moved = dict.fromkeys(USERS, 0)
        for market_ix, fee in ((0, 0), (65_535, 10**7)):
            market = Market(E10, 50 * E10, 10 * E6, 85 * 10**8, fee, fee, fee)
            self.books.set_market(market_ix, market)
        for user_ix in USERS:
            limits = Limits(
                40 * E10, 10_000 * E6, risk, E10 // 20, loss, minute, 12, volume, 2 * volume, streak
            )
            self.books.load_user(
                user_ix, cash_e6=CASH, start_e6=CASH, losses_in_row=0, limits=limits
            )

    def ask(self, user: int, market: int, is_long: bool, size: int, leverage: int, at: int) -> Ask:
        return Ask(
            user_ix=USERS[user],
            market_ix=(0, 65_535)[market],
            is_long=is_long,
            collateral_e6=size,
            leverage_e10=leverage * E10,
            price_e10=at,
            stop_loss_e10=0,
            now_ns=self.now,
        )

    @rule(
        target=reservations,
        user=st.integers(0, 1),
        market=st.integers(0, 1),
        is_long=st.booleans(),
        size=st.integers(1, 1_000 * E6),
        leverage=st.integers(1, 45),
        at=prices,
    )
    def admit(
        self, user: int, market: int, is_long: bool, size: int, leverage: int, at: int
    ) -> MultipleResults[tuple[int, Ask]] | tuple[int, Ask]:
        ask = self.ask(user, market, is_long, size, leverage, at)
        expected = self.books.check(ask)
        reservation = self.books.admit(ask)
        assert (reservation != 0) == expected.ok
        if not reservation:
            return multiple()
        assert reservation not in self.live
        self.live[reservation] = ask
        return reservation, ask

    @rule(held=reservations)
    def release(self, held: tuple[int, Ask]) -> None:
        reservation, _ = held
        assert self.books.release(reservation) == (reservation in self.live)
        self.live.pop(reservation, None)

    @rule(bogus=st.integers(0, 2**64 - 1).filter(lambda x: x == 0 or x > 10_000))
    def release_unknown(self, bogus: int) -> None:
        assert not self.books.release(bogus)

    @rule(target=positions, held=reservations)
    def fill(self, held: tuple[int, Ask]) -> MultipleResults[int] | int:
        reservation, ask = held
        # A reservation that is gone cannot pay for a fill; a late fill is a case of its own.
        if reservation not in self.live:
            return multiple()
        figures = self.books.slow.figures(ask)
        position_id = self.next_position
        self.next_position += 1
        self.owner[position_id] = ask.user_ix
        position = Position(
            ask.market_ix, ask.is_long, figures.entry_e10, ask.collateral_e6, ask.leverage_e10
        )
        self.books.fill(
            ask.user_ix,
            position_id,
            position,
            cash_delta_e6=-figures.required_e6,
            at_ns=self.now,
            reservation=reservation,
        )
        self.moved[ask.user_ix] -= figures.required_e6
        del self.live[reservation]
        return position_id

    @rule(position_id=positions, part=st.integers(1, 4), payout=st.integers(0, 150))
    def close(self, position_id: int, part: int, payout: int) -> None:
        user_ix = self.owner[position_id]
        held = self.books.slow.users[user_ix].positions.get(position_id)
        if held is None:
            return
        taken = held.collateral_e6 if part == 4 else held.collateral_e6 * part // 4
        paid = taken * payout // 100
        rest = Position(
            held.market_ix,
            held.is_long,
            held.entry_e10,
            held.collateral_e6 - taken,
            held.leverage_e10,
        )
        self.books.fill(
            user_ix,
            position_id,
            rest,
            cash_delta_e6=paid,
            at_ns=self.now,
            realised_e6=paid - taken,
            is_close=True,
        )
        self.moved[user_ix] += paid

    @rule(market=st.integers(0, 1), price=prices)
    def mark(self, market: int, price: int) -> None:
        self.books.set_mark((0, 65_535)[market], price)

    @rule(
        span=st.sampled_from(
            [1, 10**9, MINUTE - 1, MINUTE, HOUR - 1, HOUR, DAY // 2 - 1, DAY // 2, DAY]
        )
    )
    def wait(self, span: int) -> None:
        self.now += span

    @rule(user=st.integers(0, 1), back=st.integers(0, 2))
    def start_day(self, user: int, back: int) -> None:
        user_ix = USERS[user]
        equity = self.books.exposure(user_ix, self.now)["equity_e6"]
        self.books.start_day(user_ix, self.now - self.now % DAY - back * DAY, equity)

    @invariant()
    def both_books_agree(self) -> None:
        for user_ix in USERS:
            seen = self.books.exposure(user_ix, self.now)
            # Admission reserves what a fill takes, so nothing is ever spent twice.
            assert seen["free_e6"] >= 0
            assert seen["reserved_e6"] >= 0
            assert seen["cash_e6"] == CASH + self.moved[user_ix]
        self.books.compare_positions()

    @invariant()
    def reservations_are_the_live_ones(self) -> None:
        assert set(self.books.slow.reservations) == set(self.live)


RiskLife.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRiskLife = RiskLife.TestCase
