"""The risk book through the border, beside a pure-Python twin that works in plain integers.

10,000 users, each with three positions and twenty opens of today; what is asked rotates over all
of them. Twin and core give the same verdicts (asserted before anything is timed), and the table's
ratios come from one run:

    python -m pytest bench/python/test_bench_risk.py --benchmark-group-by=group
"""

import random
from collections import deque
from itertools import cycle
from typing import Any

import numpy as np
import pytest

from vanta import _core

E6 = 10**6
E10 = 10**10
SECOND = 10**9
DAY = 86_400 * SECOND
NOW = 20_413 * DAY + DAY // 2
USERS = 10_000
MARKETS = 32
THRESHOLD, FEE, SPREAD, BUFFER = 85 * 10**8, 6 * 10**6, 10**6, E10 // 20
LIMITS = {
    "max_leverage_e10": 50 * E10,
    "max_position_e6": 10_000 * E6,
    "max_account_risk_e10": E10 // 10,
    "liquidation_buffer_e10": BUFFER,
    "max_daily_loss_e10": E10 // 5,
    "opens_per_minute": 10**6,
    "trades_per_day": 10**6,
    "volume_hour_e6": 10**15,
    "volume_day_e6": 10**15,
    "max_losses_in_row": 10,
}
CASH = 100_000 * E6

Ask = dict[str, Any]


def _ceil(numerator: int, divisor: int) -> int:
    return -(-numerator // divisor)


class PythonBook:
    """All rules of the core in plain Python: the same order, values and limits.

    It finds no reset times and no nearest size, which the core does for what it refuses.
    """

    def __init__(self) -> None:
        self.cash = [CASH] * USERS
        self.reserved = [0] * USERS
        self.positions: list[list[tuple[int, bool, int, int, int]]] = [[] for _ in range(USERS)]
        self.opens: list[deque[tuple[int, int]]] = [deque() for _ in range(USERS)]
        self.marks = [1_000 * E10] * MARKETS

    def check(
        self,
        user_ix: int,
        *,
        market_ix: int,
        is_long: bool,
        collateral_e6: int,
        leverage_e10: int,
        price_e10: int,
        stop_loss_e10: int,
        now_ns: int,
    ) -> tuple[list[tuple[int, int, int]], int]:
        out: list[tuple[int, int, int]] = []
        size = collateral_e6 * leverage_e10 // E10
        fee = _ceil(size * FEE, E10)
        required = collateral_e6 + fee
        if is_long:
            entry = _ceil(price_e10 * (E10 + SPREAD), E10)
        else:
            entry = price_e10 * (E10 - SPREAD) // E10
        distance = entry * collateral_e6 * THRESHOLD // (collateral_e6 * leverage_e10)
        sign = 1 if is_long else -1
        line = max(entry - sign * distance, 0)
        safe = line + sign * _ceil((entry - line) * sign * BUFFER, E10)
        at_stop = collateral_e6
        if stop_loss_e10:
            away = (entry - stop_loss_e10) * sign
            exact = _ceil(away * collateral_e6 * leverage_e10, entry * E10)
            at_stop = max(0, min(exact, collateral_e6))
        worst = at_stop + 2 * fee + _ceil(size * SPREAD, E10)
        equity = self.cash[user_ix]
        for market, long, opened, held, leverage in self.positions[user_ix]:
            move = self.marks[market] - opened if long else opened - self.marks[market]
            equity += held + max(move * held * leverage // (opened * E10), -held)
        if not market_ix < MARKETS:
            out.append((1, market_ix, 0))
        if leverage_e10 < E10:
            out.append((2, leverage_e10, E10))
        if leverage_e10 > 100 * E10:
            out.append((3, leverage_e10, 100 * E10))
        if leverage_e10 > LIMITS["max_leverage_e10"]:
            out.append((4, leverage_e10, LIMITS["max_leverage_e10"]))
        if size < 100 * E6:
            out.append((5, size, 100 * E6))
        if size > LIMITS["max_position_e6"]:
            out.append((6, size, LIMITS["max_position_e6"]))
        free = self.cash[user_ix] - self.reserved[user_ix]
        if required > free:
            out.append((7, required, free))
        risk = _ceil(worst * E10, equity)
        if risk > LIMITS["max_account_risk_e10"]:
            out.append((8, risk, LIMITS["max_account_risk_e10"]))
        if stop_loss_e10 and (stop_loss_e10 - entry) * sign > 0:
            out.append((9, stop_loss_e10, entry))
        if stop_loss_e10 and (stop_loss_e10 - safe) * sign < 0:
            out.append((10, stop_loss_e10, safe))
        loss = CASH - equity
        if loss > 0 and _ceil(loss * E10, CASH) > LIMITS["max_daily_loss_e10"]:
            out.append((11, _ceil(loss * E10, CASH), LIMITS["max_daily_loss_e10"]))
        minute = hour_volume = today = day_volume = 0
        midnight = now_ns - now_ns % DAY
        for at, amount in self.opens[user_ix]:
            if at > now_ns - 60 * SECOND:
                minute += 1
            if at > now_ns - 3_600 * SECOND:
                hour_volume += amount
            if at >= midnight:
                today += 1
                day_volume += amount
        if minute + 1 > LIMITS["opens_per_minute"]:
            out.append((13, minute + 1, LIMITS["opens_per_minute"]))
        if today + 1 > LIMITS["trades_per_day"]:
            out.append((14, today + 1, LIMITS["trades_per_day"]))
        if hour_volume + size > LIMITS["volume_hour_e6"]:
            out.append((15, hour_volume + size, LIMITS["volume_hour_e6"]))
        if day_volume + size > LIMITS["volume_day_e6"]:
            out.append((16, day_volume + size, LIMITS["volume_day_e6"]))
        return out, required

    def admit(self, user_ix: int, *, now_ns: int, **ask: Any) -> bool:
        failures, required = self.check(user_ix, now_ns=now_ns, **ask)
        if failures:
            return False
        self.reserved[user_ix] += required
        self.opens[user_ix].append((now_ns, ask["collateral_e6"] * ask["leverage_e10"] // E10))
        return True

    def undo(self) -> None:
        """Take back every admission of NOW (twin of releasing all reservations)."""
        self.reserved = [0] * USERS
        for opens in self.opens:
            while opens and opens[-1][0] == NOW:
                opens.pop()


def _i64(value: int, count: int = USERS) -> Any:
    return np.full(count, value, dtype=np.int64)


@pytest.fixture(scope="module")
def books() -> tuple[_core.RiskBook, PythonBook]:
    seeded = random.Random(20261120)
    core, twin = _core.RiskBook(), PythonBook()
    for market_ix in range(MARKETS):
        core.set_market(
            market_ix,
            min_leverage_e10=E10,
            max_leverage_e10=100 * E10,
            min_notional_e6=100 * E6,
            threshold_e10=THRESHOLD,
            open_fee_e10=FEE,
            close_fee_e10=FEE,
            spread_e10=SPREAD,
        )
    users = np.arange(USERS, dtype=np.uint32)
    limits = {name: _i64(value) for name, value in LIMITS.items()}
    core.load_users(
        users,
        cash_e6=_i64(CASH),
        day_start_equity_e6=_i64(CASH),
        losses_in_row=_i64(0),
        **limits,
    )
    core.set_marks(np.arange(MARKETS, dtype=np.uint16), price_e10=_i64(1_000 * E10, MARKETS))
    for user_ix in range(USERS):
        for position_id in range(3):
            market, is_long = seeded.randrange(MARKETS), seeded.random() < 0.5
            entry = seeded.randint(990 * E10, 1_010 * E10)
            core.apply_fill(
                user_ix,
                position_id=position_id,
                market_ix=market,
                is_long=is_long,
                entry_e10=entry,
                collateral_e6=100 * E6,
                leverage_e10=10 * E10,
                cash_delta_e6=-100 * E6,
                realised_e6=0,
                is_close=False,
                at_ns=NOW,
            )
            twin.cash[user_ix] -= 100 * E6
            twin.positions[user_ix].append((market, is_long, entry, 100 * E6, 10 * E10))
        twin.opens[user_ix].extend((NOW - back * 200 * SECOND, E6) for back in range(20, 0, -1))
    for back in range(20, 0, -1):
        at = _i64(NOW - back * 200 * SECOND)
        core.load_opens(users, at_ns=at, notional_e6=_i64(E6))
    return core, twin


def _asks(smallest_e6: int) -> list[Ask]:
    """One open per user; from 500 USD on at 20x it is above the position limit."""
    seeded = random.Random(7)
    out = []
    for user_ix in range(USERS):
        is_long = seeded.random() < 0.5
        away = seeded.randint(5 * E10, 15 * E10)
        out.append(
            {
                "user_ix": user_ix,
                "market_ix": seeded.randrange(MARKETS),
                "is_long": is_long,
                "collateral_e6": smallest_e6 + seeded.randrange(10 * E6),
                "leverage_e10": 20 * E10,
                "price_e10": 1_000 * E10,
                "stop_loss_e10": 1_000 * E10 + (-away if is_long else away),
                "now_ns": NOW,
            }
        )
    return out


SIZES = {"admitted": 100 * E6, "refused": 2_000 * E6}


@pytest.mark.parametrize("outcome", list(SIZES))
@pytest.mark.parametrize("who", ["core", "python int"])
def test_check(
    benchmark: Any, books: tuple[_core.RiskBook, PythonBook], who: str, outcome: str
) -> None:
    benchmark.group = f"check, {outcome}"
    core, twin = books
    asks = _asks(SIZES[outcome])
    for ask in asks[:512]:
        verdict = core.check(**ask)
        failures, required = twin.check(**ask)
        assert [(f.rule, f.value, f.limit) for f in verdict.failures] == failures
        assert verdict.required_e6 == required
        assert verdict.ok == (outcome == "admitted")
    turn = cycle(asks)
    check = core.check if who == "core" else twin.check
    benchmark(lambda: check(**next(turn)))


@pytest.mark.parametrize("outcome", list(SIZES))
@pytest.mark.parametrize("who", ["core batch", "core one by one", "python int"])
def test_admit_10_000_users(
    benchmark: Any, books: tuple[_core.RiskBook, PythonBook], who: str, outcome: str
) -> None:
    benchmark.group = f"admit 10,000 users, {outcome}"
    benchmark.extra_info["per"] = USERS
    core, twin = books
    asks = _asks(SIZES[outcome])
    columns: dict[str, Any] = {
        "user_ix": np.array([ask["user_ix"] for ask in asks], dtype=np.uint32),
        "market_ix": np.array([ask["market_ix"] for ask in asks], dtype=np.uint16),
        "is_long": np.array([ask["is_long"] for ask in asks]),
        **{
            name: np.array([ask[name] for ask in asks], dtype=np.int64)
            for name in ("collateral_e6", "leverage_e10", "price_e10", "stop_loss_e10")
        },
    }
    made: list[int] = []
    answers: list[Any] = []

    def undo() -> None:
        for answer in answers:
            made.extend(answer.reservation.tolist())
        for reservation in made:
            core.release(reservation)
        answers.clear()
        made.clear()
        twin.undo()

    def batch() -> None:
        answers.append(core.admit_batch(**columns, now_ns=NOW))

    def one_by_one() -> None:
        made.extend(core.admit(**ask).reservation for ask in asks)

    def python() -> None:
        for ask in asks:
            twin.admit(**ask)

    work = {"core batch": batch, "core one by one": one_by_one, "python int": python}[who]
    work()
    undo()
    benchmark.pedantic(work, setup=undo, rounds=10)
    undo()
    assert core.exposure(0, now_ns=NOW).reserved_e6 == 0


def _followers(outcome: str) -> list[Ask]:
    """One market, side, price and stop; sizes and leverages are each follower's own."""
    seeded = random.Random(11)
    asks = [
        ask
        | {
            "market_ix": 3,
            "is_long": True,
            "leverage_e10": seeded.randint(10, 25) * E10,
            "stop_loss_e10": 990 * E10,
        }
        for ask in _asks(SIZES["refused" if outcome == "refused" else "admitted"])
    ]
    if outcome == "half refused":
        for ask in asks[::2]:
            ask["collateral_e6"] *= 20
    return asks


@pytest.mark.parametrize("outcome", ["admitted", "marks moved", "half refused", "refused"])
@pytest.mark.parametrize("who", ["core batch", "python int"])
def test_10_000_followers_of_one_signal(
    benchmark: Any, books: tuple[_core.RiskBook, PythonBook], who: str, outcome: str
) -> None:
    """The wall is the memory of 10,000 accounts: 200 bytes each, and one open written.

    Where marks moved since the last batch, every position is valued anew.
    """
    benchmark.group = f"one signal for 10,000 followers, {outcome}"
    benchmark.extra_info["per"] = USERS
    core, twin = books
    asks = _followers(outcome)
    kinds = {"user_ix": np.uint32, "market_ix": np.uint16, "is_long": np.bool_}
    columns: dict[str, Any] = {
        name: np.array([ask[name] for ask in asks], dtype=kinds.get(name, np.int64))
        for name in asks[0]
        if name != "now_ns"
    }
    answers: list[Any] = []
    moves = cycle((1_000 * E10, 1_001 * E10))

    def setup() -> None:
        for answer in answers:
            for reservation in answer.reservation.tolist():
                core.release(reservation)
        answers.clear()
        twin.undo()
        if outcome == "marks moved":
            twin.marks = [next(moves)] * MARKETS
            marks = np.array(twin.marks, dtype=np.int64)
            core.set_marks(np.arange(MARKETS, dtype=np.uint16), price_e10=marks)

    def batch() -> None:
        answers.append(core.admit_batch(**columns, now_ns=NOW))

    def python() -> None:
        for ask in asks:
            twin.admit(**ask)

    setup()
    batch()
    assert answers[0].ok.tolist() == [twin.admit(**ask) for ask in asks]
    benchmark.pedantic(batch if who == "core batch" else python, setup=setup, rounds=10)
    moves = cycle((1_000 * E10,))
    setup()


def test_bytes_of_a_user(benchmark: Any, books: tuple[_core.RiskBook, PythonBook]) -> None:
    """Not a time: what a user costs in memory, alone and with three positions and twenty opens."""
    alone = _core.RiskBook()
    users = np.arange(USERS, dtype=np.uint32)
    limits = {name: _i64(value) for name, value in LIMITS.items()}
    cash = {"cash_e6": _i64(CASH), "day_start_equity_e6": _i64(CASH)}
    empty = alone.memory_bytes()
    alone.load_users(users, **cash, losses_in_row=_i64(0), **limits)
    benchmark.extra_info["bytes_per_user"] = (alone.memory_bytes() - empty) / USERS
    benchmark.extra_info["bytes_with_3_positions_20_opens"] = books[0].memory_bytes() / USERS
    assert (alone.memory_bytes() - empty) / USERS <= 256
    benchmark.pedantic(alone.memory_bytes, rounds=3)
