"""Orders, their events, and fills."""

import msgspec

from vanta.domain.enums import FillKind, Mode, OrderState, Side
from vanta.domain.intent import Intent
from vanta.domain.verdict import Verdict


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that got its answer. One row for ever."""

    id: int
    intent: Intent
    mode: Mode
    state: OrderState
    verdict: Verdict
    quote_e10: int = 0  # the pinned quote it was admitted on
    quote_as_of_ns: int = 0
    quote_quality: int = 0
    reservation: int = 0  # risk book handle; lives only in this process, never stored
    created_ns: int = 0
    updated_ns: int = 0
    position_id: int = 0  # the position it opened or changed, once filled
    duplicate: bool = False  # this answer repeats an earlier submit of the same key


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue did. `(chain, tx_hash, ordinal)` is its identity: it counts once."""

    chain: str
    tx_hash: bytes  # 32 bytes
    ordinal: int
    order_id: int  # 0 for the venue's own acts (liquidation)
    user_id: int
    mode: Mode
    kind: FillKind
    market_ix: int
    side: Side
    position_id: int  # 0 when it opens a new one
    price_e10: int  # after spread
    mark_e10: int  # the quote it was made on
    collateral_e6: int  # opened, or the share given up by a close
    leverage_e10: int
    notional_e6: int
    fee_e6: int
    pnl_e6: int  # gross, 0 for an open
    cash_delta_e6: int  # what moves on the user's free cash
    at_ns: int
    take_profit_e10: int = 0
    stop_loss_e10: int = 0


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an order's life as told by its executor."""

    order_id: int
    state: OrderState
    at_ns: int
    fill: Fill | None = None
    reason: str = ""  # venue's words for REJECTED, EXPIRED, UNKNOWN
    trace_id: str = ""
