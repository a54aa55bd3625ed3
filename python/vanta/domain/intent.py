"""Intent: what somebody or something wants. Everything that wants to trade becomes one."""

import secrets

import msgspec

from vanta.domain.enums import Action, Mode, Side, Source
from vanta.domain.units import ONE_E10
from vanta.domain.verdict import Reason

DEFAULT_SLIPPAGE_E10 = 100_000_000  # 1 %


class SignalRef(msgspec.Struct, frozen=True, kw_only=True):
    """The signal an intent came from."""

    provider_id: int
    signal_id: str


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A wish with a unique key: (user_id, source, ref) makes at most one order, for ever."""

    user_id: int
    source: Source
    ref: str
    action: Action
    trace_id: str
    market_ix: int
    side: Side | None = None
    collateral_e6: int = 0
    leverage_e10: int = 0
    take_profit_e10: int = 0  # 0 = none
    stop_loss_e10: int = 0  # 0 = none
    position_id: int = 0  # CLOSE and SET_STOPS
    portion_e10: int = ONE_E10  # CLOSE: share of the position
    max_slippage_e10: int = DEFAULT_SLIPPAGE_E10
    guard_price_e10: int = 0  # price the wish was made at; 0 = none
    expires_ns: int = 0  # 0 = never
    signal: SignalRef | None = None
    mode: Mode = Mode.DRY
    adjusted: tuple[Reason, ...] = ()  # made smaller on the way here; kept with the verdict


def new_trace_id() -> str:
    """Make a trace id: 16 hex digits carried from the press or signal to the fill."""
    return secrets.token_hex(8)
