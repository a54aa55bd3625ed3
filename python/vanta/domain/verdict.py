"""Verdict: a yes or a no with reasons, stored as is and told the same everywhere."""

from datetime import UTC, datetime

import msgspec


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that said no."""

    code: str  # published error code: E-LEV, E-RISK-POS, ...
    rule: str  # stable machine name: LEVERAGE_POLICY, MODE, PRICE_AGE, ...
    text: str  # what a person reads
    value: int = 0
    limit: int = 0
    unit: str = "none"  # usd_e6 | price_e10 | ratio_e10 | leverage_e10 | count | ns | none
    resets_at_ns: int = 0  # 0 = waiting does not help


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """All reasons, in the published order; empty means admitted."""

    reasons: tuple[Reason, ...] = ()
    nearest_collateral_e6: int = 0  # largest smaller collateral that would pass now; 0 = none
    # What was made smaller before it was judged: value = asked, limit = taken.
    adjusted: tuple[Reason, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.reasons


def clock_time(at_ns: int) -> str:
    """Render an instant as people read it: `14:00 UTC`."""
    return datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%H:%M UTC")
