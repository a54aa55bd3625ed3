"""Domain values to JSON: money as exact decimal strings in human units, times as ISO 8601 UTC."""

from collections.abc import Callable
from typing import Any

from vanta._core import Exposure, Quote
from vanta.domain.enums import CLOSING, OPENING, Breaker, Quality
from vanta.domain.exact import iso, optional, ratio, usd, verdict
from vanta.domain.intent import Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Fill, Order
from vanta.domain.ports import Preview
from vanta.domain.position import PositionView
from vanta.domain.units import format_scaled


def symbol(catalogue: Catalogue, ix: int) -> str:
    """Name a market; rows may outlive a market of the catalogue."""
    try:
        return catalogue[ix].symbol
    except KeyError:
        return f"#{ix}"


def intent(found: Intent, catalogue: Catalogue) -> dict[str, Any]:
    """Render what was asked for."""
    return {
        "source": found.source.value,
        "key": found.ref,
        "action": found.action.value,
        "market": symbol(catalogue, found.market_ix),
        "side": found.side.value if found.side else None,
        "collateral": usd(found.collateral_e6) if found.collateral_e6 else None,
        "leverage": optional(found.leverage_e10),
        "take_profit": optional(found.take_profit_e10),
        "stop_loss": optional(found.stop_loss_e10),
        "position_id": found.position_id or None,
        "portion": ratio(found.portion_e10),
        "max_slippage": ratio(found.max_slippage_e10),
        "signal": (
            {"provider": found.signal.provider_id, "id": found.signal.signal_id}
            if found.signal
            else None
        ),
        "trace_id": found.trace_id,
    }


def order(found: Order, catalogue: Catalogue) -> dict[str, Any]:
    """Render an order with the intent it answers."""
    return {
        "id": found.id,
        "user_id": found.intent.user_id,
        "state": found.state.value,
        "mode": found.mode.value,
        "duplicate": found.duplicate,
        "position_id": found.position_id or None,
        "quote": optional(found.quote_e10),
        "quote_as_of": iso(found.quote_as_of_ns),
        "quote_quality": quality_name(found.quote_quality),
        "created_at": iso(found.created_ns),
        "updated_at": iso(found.updated_ns),
        "intent": intent(found.intent, catalogue),
        "verdict": verdict(found.verdict),
    }


def fill(found: Fill, catalogue: Catalogue) -> dict[str, Any]:
    """Render what the venue did."""
    return {
        "chain": found.chain,
        "tx_hash": "0x" + found.tx_hash.hex(),
        "ordinal": found.ordinal,
        "kind": found.kind.value,
        "market": symbol(catalogue, found.market_ix),
        "side": found.side.value,
        "price": ratio(found.price_e10),
        "mark": ratio(found.mark_e10),
        "collateral": usd(found.collateral_e6),
        "leverage": ratio(found.leverage_e10),
        "notional": usd(found.notional_e6),
        "fee": usd(found.fee_e6),
        "pnl": usd(found.pnl_e6),
        "cash_delta": usd(found.cash_delta_e6),
        "at": iso(found.at_ns),
    }


def position(found: PositionView, catalogue: Catalogue, quality: int | None) -> dict[str, Any]:
    """Render a position at a mark; `mark` is null when no usable price is known."""
    p = found.position
    marked = found.mark_e10 != 0
    return {
        "id": p.id,
        "user_id": p.user_id,
        "market": symbol(catalogue, p.market_ix),
        "venue": p.venue,
        "mode": p.mode.value,
        "side": p.side.value,
        "leverage": ratio(p.leverage_e10),
        "collateral": usd(p.collateral_e6),
        "notional": usd(found.notional_e6),
        "entry": ratio(p.entry_e10),
        "mark": ratio(found.mark_e10) if marked else None,
        "quality": None if quality is None else quality_name(quality),
        "pnl": usd(found.pnl_e6) if marked else None,
        "pnl_ratio": ratio(found.pnl_ratio_e10) if marked else None,
        "liquidation": ratio(p.liquidation_e10),
        "liquidation_distance": ratio(found.liquidation_distance_e10) if marked else None,
        "take_profit": optional(p.take_profit_e10),
        "stop_loss": optional(p.stop_loss_e10),
        "fees": usd(p.fees_e6),
        "realised": usd(p.realised_e6),
        "protected_by": found.protected_by,
        "open": p.is_open,
        "opened_at": iso(p.opened_ns),
        "closed_at": iso(p.closed_ns),
    }


def market(found: Market) -> dict[str, Any]:
    """Render the venue's facts of a market."""
    return {
        "symbol": found.symbol,
        "venue": found.venue,
        "open": found.is_open,
        "min_leverage": ratio(found.min_leverage_e10),
        "max_leverage": ratio(found.max_leverage_e10),
        "min_position": usd(found.min_notional_e6),
        "liquidation_threshold": ratio(found.liquidation_threshold_e10),
        "open_fee": ratio(found.open_fee_e10),
        "close_fee": ratio(found.close_fee_e10),
        "spread": ratio(found.spread_e10),
    }


def quality_name(value: int) -> str:
    """Name a quality; an unknown number is shown as such."""
    try:
        return Quality(value).name
    except ValueError:
        return f"#{value}"


def quote(found: Quote, of: Market, source: Callable[[int], str]) -> dict[str, Any]:
    """Render a quote with its quality and what may be done on it; `source` names an index."""
    return {
        "symbol": of.symbol,
        "price": optional(found.price_e10),
        "confidence": optional(found.conf_e10),
        "quality": quality_name(found.quality),
        "breaker": Breaker(found.breaker).name,
        "opens": found.quality in OPENING and found.breaker == Breaker.CLOSED and of.is_open,
        "closes": found.quality in CLOSING,
        "as_of": iso(found.as_of_ns),
        "age_s": format_scaled(found.age_ns, decimals=9, places=3) if found.as_of_ns else None,
        "spread_between_sources": ratio(found.spread_between_sources_e10),
        "sources_used": [source(ix) for ix in found.sources_used],
        "sources_rejected": [
            {"source": source(ix), "reason": why} for ix, why in found.sources_rejected
        ],
    }


def preview(found: Preview, catalogue: Catalogue, asked: Intent) -> dict[str, Any]:
    """Render what a trade would cost and risk."""
    return {
        "intent": intent(asked, catalogue),
        "verdict": verdict(found.verdict),
        "quote": optional(found.quote_e10),
        "quality": quality_name(found.quality),
        "entry": optional(found.entry_e10),
        "notional": usd(found.notional_e6),
        "required": usd(found.required_e6),
        "open_fee": usd(found.open_fee_e6),
        "close_fee": usd(found.close_fee_e6),
        "spread_cost": usd(found.spread_cost_e6),
        "liquidation": optional(found.liquidation_e10),
        "safe_line": optional(found.safe_line_e10),
        "worst_loss": usd(found.worst_loss_e6),
        "equity": usd(found.equity_e6),
    }


def exposure(found: Exposure) -> dict[str, Any]:
    """Render an account as the risk book sees it."""
    return {
        "cash": usd(found.cash_e6),
        "reserved": usd(found.reserved_e6),
        "margin": usd(found.margin_e6),
        "unrealised": usd(found.unrealised_e6),
        "equity": usd(found.equity_e6),
        "free": usd(found.free_e6),
        "long_notional": usd(found.long_notional_e6),
        "short_notional": usd(found.short_notional_e6),
        "day_pnl": usd(found.day_pnl_e6),
        "day_start_equity": usd(found.day_start_equity_e6),
        "losses_in_row": found.losses_in_row,
    }
