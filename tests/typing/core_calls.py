"""What must and must not type-check against the core; `mypy tests/typing` runs in `make lint`.

Each line with an ignore must fail: strict mode reports an ignore that is not needed.
"""

from vanta import _core
from vanta.domain.enums import Action, Source
from vanta.domain.intent import Intent

pnl_e6: int = _core.pnl(
    entry_e10=1, price_e10=1, collateral_e6=1, leverage_e10=10_000_000_000, is_long=True
)

_core.pnl(1, 1, 1, 1, True)  # type: ignore[call-arg]
_core.notional(collateral_e6=1.5, leverage_e10=1)  # type: ignore[arg-type]
_core.notional(collateral=1, leverage_e10=1)  # type: ignore[call-arg]
_core.PriceBook(_core.AggregateConfig()).quote(0).price  # type: ignore[attr-defined, call-arg]

Intent(user_id=1, source="cli", ref="r", action=Action.OPEN, trace_id="t", market_ix=1)  # type: ignore[arg-type]
Intent(source=Source.CLI, ref="r", action=Action.OPEN, trace_id="t", market_ix=1)  # type: ignore[call-arg]
