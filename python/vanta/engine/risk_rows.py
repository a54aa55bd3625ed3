"""Rows of the risk book: markets and accounts in the columns that the core takes."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from vanta import _core
from vanta.domain.market import Catalogue
from vanta.domain.policy import Account, Policy


def declare_markets(risk: _core.RiskBook, catalogue: Catalogue) -> None:
    """Tell the book the venue's facts of every market."""
    for market in catalogue:
        risk.set_market(
            market.ix,
            min_leverage_e10=market.min_leverage_e10,
            max_leverage_e10=market.max_leverage_e10,
            min_notional_e6=market.min_notional_e6,
            threshold_e10=market.liquidation_threshold_e10,
            open_fee_e10=market.open_fee_e10,
            close_fee_e10=market.close_fee_e10,
            spread_e10=market.spread_e10,
        )


def load_users(
    risk: _core.RiskBook,
    accounts: Sequence[Account],
    starts: Mapping[int, int],
    policy: Callable[[int], Policy],
) -> None:
    """Add users or replace their cash, day and limits; `starts` is equity at 00:00 UTC by user."""
    limits = [policy(a.user_id) for a in accounts]

    def column(values: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.fromiter(values, dtype=np.int64, count=len(accounts))

    risk.load_users(
        np.array([a.user_id for a in accounts], dtype=np.uint32),
        cash_e6=column(a.cash_e6 for a in accounts),
        day_start_equity_e6=column(starts[a.user_id] for a in accounts),
        losses_in_row=column(a.losses_in_row for a in accounts),
        max_leverage_e10=column(p.max_leverage_e10 for p in limits),
        max_position_e6=column(p.max_position_e6 for p in limits),
        max_account_risk_e10=column(p.max_account_risk_e10 for p in limits),
        liquidation_buffer_e10=column(p.liquidation_buffer_e10 for p in limits),
        max_daily_loss_e10=column(p.max_daily_loss_e10 for p in limits),
        opens_per_minute=column(p.opens_per_minute for p in limits),
        trades_per_day=column(p.trades_per_day for p in limits),
        volume_hour_e6=column(p.volume_hour_e6 for p in limits),
        volume_day_e6=column(p.volume_day_e6 for p in limits),
        max_losses_in_row=column(p.max_losses_in_row for p in limits),
    )
