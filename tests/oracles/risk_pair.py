"""The core's risk book beside the slow one: the same events into both, the same answers out."""

from dataclasses import asdict
from typing import Any

import numpy as np

from tests.oracles.risk import Ask, Limits, Market, Position, SlowBook, User
from vanta import _core


def verdict_of(verdict: _core.RiskVerdict) -> list[tuple[str, int, int, int]]:
    return [(_core.RULES[f.rule], f.value, f.limit, f.resets_at_ns) for f in verdict.failures]


class Pair:
    """Both books, fed alike."""

    def __init__(self) -> None:
        self.core = _core.RiskBook()
        self.slow = SlowBook()

    def set_market(self, market_ix: int, market: Market) -> None:
        self.core.set_market(market_ix, **asdict(market))
        self.slow.markets[market_ix] = market

    def load_user(
        self, user_ix: int, *, cash_e6: int, start_e6: int, losses_in_row: int, limits: Limits
    ) -> None:
        def column(value: int) -> Any:
            return np.array([value], dtype=np.int64)

        self.core.load_users(
            np.array([user_ix], dtype=np.uint32),
            cash_e6=column(cash_e6),
            day_start_equity_e6=column(start_e6),
            losses_in_row=column(losses_in_row),
            **{name: column(value) for name, value in asdict(limits).items()},
        )
        known = self.slow.users.get(user_ix)
        user = User(cash_e6, start_e6, losses_in_row, limits)
        if known is not None:
            user.positions, user.opens = known.positions, known.opens
        self.slow.users[user_ix] = user

    def load_opens(self, user_ix: int, opens: list[tuple[int, int]]) -> None:
        self.core.load_opens(
            np.full(len(opens), user_ix, dtype=np.uint32),
            at_ns=np.array([at for at, _ in opens], dtype=np.int64),
            notional_e6=np.array([size for _, size in opens], dtype=np.int64),
        )
        self.slow.users[user_ix].opens += [(at, size, 0) for at, size in opens]

    def set_mark(self, market_ix: int, price_e10: int) -> None:
        self.core.set_marks(
            np.array([market_ix], dtype=np.uint16),
            price_e10=np.array([price_e10], dtype=np.int64),
        )
        self.slow.marks[market_ix] = price_e10

    def check(self, ask: Ask) -> _core.RiskVerdict:
        """Check in both, compare everything they say."""
        verdict = self.core.check(**ask.__dict__)
        self._compare(ask, verdict)
        assert verdict.reservation == 0
        return verdict

    def admit(self, ask: Ask) -> int:
        verdict = self.core.admit(**ask.__dict__)
        self._compare(ask, verdict)
        expected = self.slow.admit(ask)
        assert verdict.reservation == expected
        return expected

    def _compare(self, ask: Ask, verdict: _core.RiskVerdict) -> None:
        expected = [
            (row.rule, row.value, row.limit, row.resets_at_ns) for row in self.slow.check(ask)
        ]
        assert verdict_of(verdict) == expected
        assert verdict.ok == (not expected)
        figures = asdict(self.slow.figures(ask))
        assert {name: getattr(verdict, name) for name in figures} == figures
        assert verdict.equity_e6 == self.slow.equity(ask.user_ix)
        assert verdict.nearest_collateral_e6 == self.slow.nearest(ask)

    def release(self, reservation: int) -> bool:
        released = self.core.release(reservation)
        assert released == self.slow.release(reservation)
        return released

    def fill(
        self,
        user_ix: int,
        position_id: int,
        position: Position,
        *,
        cash_delta_e6: int,
        at_ns: int,
        realised_e6: int = 0,
        is_close: bool = False,
        reservation: int = 0,
    ) -> None:
        event: dict[str, Any] = {
            "cash_delta_e6": cash_delta_e6,
            "realised_e6": realised_e6,
            "is_close": is_close,
            "at_ns": at_ns,
            "reservation": reservation,
        }
        self.core.apply_fill(user_ix, position_id=position_id, **asdict(position), **event)
        kept = position if position.collateral_e6 else None
        self.slow.apply_fill(user_ix, position_id, kept, **event)

    def start_day(self, user_ix: int, day: int, equity_e6: int) -> None:
        self.core.start_day(user_ix, day_start_ns=day, equity_e6=equity_e6)
        self.slow.start_day(user_ix, day, equity_e6)

    def exposure(self, user_ix: int, now_ns: int) -> dict[str, int]:
        """The account, asserted equal in both."""
        expected = self.slow.exposure(user_ix, now_ns)
        seen = self.core.exposure(user_ix, now_ns=now_ns)
        assert {name: getattr(seen, name) for name in expected} == expected
        return expected

    def compare_positions(self) -> None:
        expected = [
            (
                user_ix,
                position_id,
                position.market_ix,
                int(position.is_long),
                position.entry_e10,
                position.collateral_e6,
                position.leverage_e10,
            )
            for user_ix, user in sorted(self.slow.users.items())
            for position_id, position in sorted(user.positions.items())
        ]
        assert self.core.dump() == expected
