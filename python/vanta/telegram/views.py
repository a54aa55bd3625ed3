"""What the chat shows about trades: tickets, positions, refusals, unknown outcomes. Pure."""

from typing import Final

from vanta import _core
from vanta.domain.enums import Action, OrderState, Quality, Side
from vanta.domain.intent import Intent
from vanta.domain.market import Market
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.ports import Preview
from vanta.domain.position import Position, PositionView
from vanta.domain.units import (
    ONE_E10,
    format_leverage,
    format_percent,
    format_price,
    format_usd,
)
from vanta.domain.verdict import Verdict
from vanta.telegram.text import at_time, esc, how_long, percent_up, pre, reasons, share, tag

_CENT_E6: Final = 10_000
SHAKY: Final = frozenset({Quality.STALE, Quality.CONFLICT, Quality.CLOCK_SUSPECT, Quality.NONE})


def line(label: str, value: str, name: str = "", second: str = "") -> str:
    """One row of a table: a label and its number, a name and its number, both right-aligned."""
    return f"{label:<6}{value:>9}  {name:<7}{second:>9}"


def headline(market: Market, side_word: str, leverage_e10: int) -> str:
    times = f" {format_leverage(leverage_e10)}" if leverage_e10 else ""
    return f"<b>{side_word} {esc(market.symbol)}{times}</b>"


def ticket(intent: Intent, preview: Preview, market: Market, policy: Policy) -> str:
    """The terms of an open, with the worst case."""
    entry = preview.entry_e10
    size = preview.notional_e6
    costs = preview.open_fee_e6 + preview.close_fee_e6 + preview.spread_cost_e6
    needed = -(-costs * ONE_E10 // size) if size else 0
    even = share(needed if intent.side is Side.LONG else -needed)
    rows = [
        line("Margin", format_usd(intent.collateral_e6), "size", format_usd(size)),
        line("Entry", "~" + price_short(entry), "slip", share(intent.max_slippage_e10)[1:]),
        line(
            "Liq",
            price_short(preview.liquidation_e10),
            "away",
            _move(entry, preview.liquidation_e10),
        ),
    ]
    for label, level in (("TP", intent.take_profit_e10), ("SL", intent.stop_loss_e10)):
        if level:
            result = format_usd(_result(intent, entry, level), signed=True)
            rows.append(line(label, price_short(level), _move(entry, level), result))
    rows += [
        line(
            "Fee in",
            format_usd(preview.open_fee_e6),
            "fee out",
            "~" + format_usd(preview.close_fee_e6),
        ),
        line("Spread", format_usd(preview.spread_cost_e6), "even at", even),
    ]
    return "\n".join(
        [
            f"{tag(intent.mode)} {headline(market, _side(intent), intent.leverage_e10)}",
            pre(rows),
            _worst_case(preview, policy),
            "Protected by: " + _protection(intent, preview),
        ]
    )


def _worst_case(preview: Preview, policy: Policy) -> str:
    lost_e6 = abs(preview.worst_loss_e6)
    loss = format_usd(-lost_e6 // _CENT_E6 * _CENT_E6)
    if preview.equity_e6 <= 0:
        return f"Worst case {loss} USDC"
    part = percent_up(lost_e6, preview.equity_e6)
    limit = format_percent(policy.max_account_risk_e10, places=0)
    return f"Worst case {loss} = {part} of equity (limit {limit})"


def _protection(intent: Intent, preview: Preview) -> str:
    line_at = price_short(preview.safe_line_e10) if preview.safe_line_e10 else ""
    buffer = f"Vanta buffer at {line_at}" if line_at else "Vanta buffer"
    return f"Vanta stop, then {buffer}" if intent.stop_loss_e10 else buffer


def position(view: PositionView, market: Market, *, now_ns: int, quality: int) -> str:
    """One position at the mark."""
    item = view.position
    rows = [f"{price_short(item.entry_e10)} -> {_mark(view, quality)}"]
    if view.mark_e10:
        ratio = share(view.pnl_ratio_e10, places=1)
        rows.append(line("PnL", format_usd(view.pnl_e6, signed=True), "margin", ratio))
    rows += [
        line("Margin", format_usd(item.collateral_e6), "size", format_usd(view.notional_e6)),
        line("Liq", price_short(item.liquidation_e10), "away", _left(view)),
    ]
    for label, level in (("SL", item.stop_loss_e10), ("TP", item.take_profit_e10)):
        if level:
            rows.append(line(label, price_short(level), "away", _from(view, level)))
    rows.append(line("Fees", format_usd(item.fees_e6)))
    age = how_long(now_ns - item.opened_ns) if item.opened_ns else ""
    head = headline(market, f"#{item.id} {item.side.name}", item.leverage_e10)
    shield = view.protected_by
    guard = f"Protected by: {esc(shield)}"
    if shield == "nobody":
        guard = "<b>Protected by: nobody.</b> Close it or set a stop."
    return f"{tag(item.mode)} {head}  {age}\n{pre(rows)}\n{guard}"


def closed(item: Position, market: Market) -> str:
    """A position that is gone."""
    head = headline(market, f"#{item.id} {item.side.name}", item.leverage_e10)
    kept = format_usd(item.realised_e6, signed=True)
    return f"{tag(item.mode)} {head}  closed\nResult {kept} USDC, fees {format_usd(item.fees_e6)}"


def refusal(intent: Intent, verdict: Verdict, market: Market) -> str:
    """The why-card: every reason, then the nearest yes."""
    lines = [f"{tag(intent.mode)} Not sent: {wish(intent, market)}", *reasons(verdict.reasons)]
    if verdict.nearest_collateral_e6:
        size = usd_short(verdict.nearest_collateral_e6)
        lines.append(f"Would pass now: {size} USDC at {format_leverage(intent.leverage_e10)}")
    return "\n".join(lines)


def rejected(order: Order, market: Market, reason: str) -> str:
    """The venue said no, or we stopped it on its way; then the reason has its own code."""
    head = f"{tag(order.mode)} Order #{order.id} {wish(order.intent, market)}: {order.state.value}"
    if order.state is OrderState.CANCELLED and reason:
        return f"{head}\n{own_words(reason)}"
    words = f"The venue refused: {esc(reason)}." if reason else "The venue refused."
    return f"{head}\n{words} Nothing is open from it. E-VENUE"


def own_words(reason: str) -> str:
    """Words of an order that was stopped on its way, the code last."""
    code, colon, words = reason.partition(": ")
    return f"{esc(words)} {esc(code)}" if colon else esc(reason)


def unknown(order: Order, market: Market) -> str:
    """No final word yet."""
    return (
        f"{tag(order.mode)} Order #{order.id} {wish(order.intent, market)}: not known yet\n"
        f"Sent {at_time(order.created_ns)}. No final word from the venue.\n"
        "Do not resend. I keep asking and tell you here. E-UNKNOWN"
    )


def wish(intent: Intent, market: Market) -> str:
    """An intent in a few words."""
    base = esc(market.base)
    if intent.action is Action.OPEN:
        amount = usd_short(intent.collateral_e6)
        return f"{_side(intent)} {base} {format_leverage(intent.leverage_e10)}, {amount} USDC"
    if intent.action is Action.SET_STOPS:
        return f"new stops of #{intent.position_id} {base}"
    part = (
        ""
        if intent.portion_e10 == ONE_E10
        else f" {format_percent(intent.portion_e10, places=0)} of"
    )
    return f"close{part} #{intent.position_id} {base}"


def close_preview(view: PositionView, market: Market, *, portion_e10: int, quality: int) -> str:
    """What closing a share would give, estimated at the mark."""
    item = view.position
    closing = item.collateral_e6 * portion_e10 // ONE_E10
    size = _core.notional(collateral_e6=closing, leverage_e10=item.leverage_e10)
    rows = [line("Close", format_usd(size), "share", share(portion_e10, places=0)[1:])]
    if view.mark_e10:
        exit_at = _core.execution_price(
            price_e10=view.mark_e10,
            spread_e10=market.spread_e10,
            is_long=item.side.is_long,
            is_open=False,
        )
        gross = _core.pnl(
            entry_e10=item.entry_e10,
            price_e10=exit_at,
            collateral_e6=closing,
            leverage_e10=item.leverage_e10,
            is_long=item.side.is_long,
        )
        fee = _core.fee(notional_e6=size, rate_e10=market.close_fee_e10)
        rows += [
            line("Exit", "~" + price_short(exit_at)),
            line("PnL", format_usd(gross, signed=True), "fee", format_usd(-fee)),
            line("Back", format_usd(max(closing + gross - fee, 0)), "USDC"),
        ]
    head = headline(market, f"Close #{item.id} {item.side.name}", item.leverage_e10)
    note = "" if Quality(quality) not in SHAKY else "\nThe price is not fresh; the fill may differ."
    return f"{tag(item.mode)} {head}\n{pre(rows)}{note}"


def price_short(price_e10: int) -> str:
    """A price that fits a table's column: six decimals at most below 1."""
    text = format_price(price_e10)
    return text[:8].rstrip("0") if price_e10 < ONE_E10 else text


def usd_short(value_e6: int) -> str:
    """Dollars without empty cents: `95`, `95.50`."""
    return format_usd(value_e6).removesuffix(".00")


def _side(intent: Intent) -> str:
    return intent.side.name if intent.side else ""


def _move(entry_e10: int, level_e10: int) -> str:
    return share((level_e10 - entry_e10) * ONE_E10 // entry_e10) if entry_e10 else ""


def _from(view: PositionView, level_e10: int) -> str:
    return _move(view.mark_e10, level_e10)


def _left(view: PositionView) -> str:
    return _move(view.mark_e10, view.position.liquidation_e10)


def _mark(view: PositionView, quality: int) -> str:
    if not view.mark_e10:
        return "no price"
    stale = Quality(quality) in SHAKY
    return price_short(view.mark_e10) + (" (not fresh)" if stale else "")


def _result(intent: Intent, entry_e10: int, level_e10: int) -> int:
    return _core.pnl(
        entry_e10=entry_e10,
        price_e10=level_e10,
        collateral_e6=intent.collateral_e6,
        leverage_e10=intent.leverage_e10,
        is_long=bool(intent.side and intent.side.is_long),
    )
