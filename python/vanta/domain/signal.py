"""Signal: a provider's wish as the door stores it, in scaled integers.

The door validates the human form and stores the canonical JSON of this struct; the fan-out reads it
back. Fields that an action does not use are zero or empty.
"""

from typing import Literal

import msgspec

from vanta.domain.enums import Side
from vanta.domain.units import ONE_E10

SignalAction = Literal["open", "close", "reduce", "flat", "set_stops"]


class Signal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider asks of all its subscribers.

    `open` needs market, side, collateral and leverage; `close`, `reduce` and `set_stops` act on
    the subscribers' positions of `market_ix` (and `side` when given); `flat` without a market
    closes all markets. `set_stops` with 0 takes that stop away.
    """

    action: SignalAction
    market_ix: int | None = None
    side: Side | None = None
    leverage_e10: int = 0
    collateral_e6: int = 0
    portion_e10: int = ONE_E10  # close, reduce: share of the position
    take_profit_e10: int = 0  # 0 = none
    stop_loss_e10: int = 0  # 0 = none
    max_slippage_e10: int = 0  # 0 = the default
    guard_price_e10: int = 0  # price the signal was made at; 0 = none
    event_ns: int = 0  # the provider's own time of the event; 0 = not told
    expires_ns: int = 0  # 0 = never
    group: str = ""
    note: str = ""

    @property
    def takes_risk(self) -> bool:
        """Whether acting late would open new risk: only then the short age limit holds."""
        return self.action == "open"


def encode_signal(signal: Signal) -> bytes:
    """Render the canonical JSON: fixed field order, so equal signals have equal bytes."""
    return msgspec.json.encode(signal)


def decode_signal(body: bytes) -> Signal:
    """Read what `encode_signal` wrote. Raises `msgspec.ValidationError` on anything else."""
    return msgspec.json.decode(body, type=Signal)
