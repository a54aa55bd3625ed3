"""Notices of the outbox as messages. Pure.

Bodies were written by another room, perhaps by an earlier version: what is missing has a default,
what is unknown is left out.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiogram.types import InlineKeyboardMarkup

from vanta.domain import exact
from vanta.domain.enums import Mode, OrderState, Side, Source, TriggerKind
from vanta.domain.market import Catalogue, Market
from vanta.domain.units import format_leverage, format_price, format_usd
from vanta.telegram.keyboards import board, button
from vanta.telegram.text import at_time, esc, tag
from vanta.telegram.views import own_words, usd_short

_CAUSES = {
    TriggerKind.TAKE_PROFIT: "take profit",
    TriggerKind.STOP_LOSS: "stop loss",
    TriggerKind.BUFFER: "Vanta closed it before liquidation",
}
_SOURCES = {
    Source.SIGNAL: "by a signal",
    Source.COPY: "copied",
    Source.CLI: "from the command line",
    Source.WEB: "from the dashboard",
    Source.ADMIN: "by the operator",
}

_SYSTEM = {
    "system.failover": "LIVE became DRY",
    "system.stop": "Emergency stop",
    "system.resume": "Trading resumed",
    "system.maintenance": "Maintenance",
}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of all notices that a message shows."""

    order_id: int = 0
    position_id: int = 0
    mode: Mode = Mode.DRY
    source: Source | None = None
    cause: TriggerKind | None = None
    state: OrderState | None = None
    market_ix: int = -1
    side: Side | None = None
    price_e10: int = 0
    collateral_e6: int = 0
    leverage_e10: int = 0
    notional_e6: int = 0
    fee_e6: int = 0
    pnl_e6: int = 0
    left_collateral_e6: int = 0
    liquidation_e10: int = 0
    take_profit_e10: int = 0
    stop_loss_e10: int = 0
    reason: str = ""
    text: str = ""
    # people and requests
    user_id: int = 0
    telegram_id: int = 0
    name: str = ""
    approval: int = 0
    command: str = ""
    args: tuple[str, ...] = ()
    expires_ns: int = 0


def render(kind: str, body: Any, catalogue: Catalogue) -> str:
    """Words of a notice.

    Raises `msgspec.ValidationError` for a body that is not one.
    """
    notice = msgspec.convert(body, Notice)
    market = next((m for m in catalogue if m.ix == notice.market_ix), None)
    if (words := _FILLS.get(kind)) is not None:
        return words(notice, market)
    if (about := _PEOPLE.get(kind)) is not None:
        return about(notice)
    if kind in _SYSTEM:
        return f"<b>{_SYSTEM[kind]}</b>\n{esc(notice.text)}"
    return f"{tag(notice.mode)} {esc(kind)}: order #{notice.order_id}"


def keyboard(kind: str, body: Any) -> InlineKeyboardMarkup | None:
    """Buttons of a notice; one that has some is a message of its own.

    Raises `msgspec.ValidationError` for a body that is not one.
    """
    match kind:
        case "person.waits" if number := msgspec.convert(body, Notice).user_id:
            return board([[button("Approve as trader", "approve", number)]])
        case "approval.wanted" if number := msgspec.convert(body, Notice).approval:
            return board([[button("Agree", "agree", number)]])
    return None


def _waits(n: Notice) -> str:
    return (
        f"<b>{esc(n.name)} waits</b> (Telegram id {n.telegram_id})\n"
        f"/approve {n.user_id} lets them in, /block {n.user_id} keeps them out."
    )


def _wanted(n: Notice) -> str:
    return (
        f"<b>{esc(n.name)} asks for your word</b>, request {n.approval}\n"
        f"<code>{esc(_asked(n))}</code>\n"
        f"Agree until {at_time(n.expires_ns)} UTC, and it is done at once."
    )


def _agreed(n: Notice) -> str:
    return (
        f"<b>{esc(n.name)} agreed</b> to your request {n.approval}\n"
        f"<code>{esc(_asked(n))}</code>\n{esc(n.text)}"
    )


def _asked(n: Notice) -> str:
    return " ".join((f"/{n.command}", *n.args))[:200]


def _reset(n: Notice) -> str:
    return (
        f"<b>{esc(n.name)} has reset your PIN and code.</b>\n"
        "Set a new PIN: /security. If you did not ask for this, ask who that was."
    )


def _first(n: Notice) -> str:
    at = (exact.iso(n.expires_ns) or "")[:16].replace("T", " ")
    return (
        f"<b>{esc(n.name)} has set a first PIN or code.</b>\n"
        f"From {at} UTC it opens what admins do. Whoever holds that chat could have set it: if it "
        f"was not {esc(n.name)}, /reset_pin {n.user_id} or /block {n.user_id}; for yourself a new "
        "owner code (<code>vanta init</code>)."
    )


def _opened(n: Notice, market: Market | None) -> str:
    lines = [
        f"{tag(n.mode)} <b>Opened #{n.position_id} {_what(n, market)}</b>{_by(n)}",
        f"{format_usd(n.notional_e6)} at {format_price(n.price_e10)}, "
        f"margin {format_usd(n.collateral_e6)}, fee {format_usd(n.fee_e6)}",
        f"Liquidation {format_price(n.liquidation_e10)}{_stops(n)}",
    ]
    return "\n".join(lines)


def _closed(n: Notice, market: Market | None) -> str:
    word = "Reduced" if n.left_collateral_e6 else "Closed"
    cause = f" ({_CAUSES[n.cause]})" if n.cause else _by(n)
    net = format_usd(n.pnl_e6 - n.fee_e6, signed=True)
    lines = [
        f"{tag(n.mode)} <b>{word} #{n.position_id} {_what(n, market)}</b>{cause}",
        f"{format_usd(n.notional_e6)} at {format_price(n.price_e10)}: {net} USDC "
        f"after fee {format_usd(n.fee_e6)}",
    ]
    if n.left_collateral_e6:
        lines.append(f"Margin left {format_usd(n.left_collateral_e6)}")
    return "\n".join(lines)


def _liquidated(n: Notice, market: Market | None) -> str:
    lost = format_usd(n.pnl_e6 - n.fee_e6, signed=True)
    return (
        f"{tag(n.mode)} <b>Liquidated #{n.position_id} {_what(n, market)}</b>\n"
        f"{format_usd(n.notional_e6)} at {format_price(n.price_e10)}: {lost} USDC"
    )


def _rejected(n: Notice, market: Market | None) -> str:
    words = f"{esc(n.reason)}. " if n.reason else ""
    state = n.state.value.lower() if n.state else "rejected"
    if n.position_id:
        wish = f"change of #{n.position_id}"
    else:
        wish = f"{_what(n, market)}, {usd_short(n.collateral_e6)} USDC"
    head = f"{tag(n.mode)} <b>Order #{n.order_id} {state}</b>: {wish}"
    if n.state is OrderState.CANCELLED and n.reason:
        return f"{head}\n{own_words(n.reason)}"
    return f"{head}\n{words}Nothing was changed by it. E-VENUE"


def _what(n: Notice, market: Market | None) -> str:
    name = esc(market.symbol) if market else f"market {n.market_ix}"
    side = f"{n.side.name} " if n.side else ""
    return f"{side}{name} {format_leverage(n.leverage_e10)}" if n.leverage_e10 else f"{side}{name}"


def _by(n: Notice) -> str:
    words = _SOURCES.get(n.source) if n.source else None
    return f" {words}" if words else ""


def _stops(n: Notice) -> str:
    stop = f", SL {format_price(n.stop_loss_e10)}" if n.stop_loss_e10 else ""
    target = f", TP {format_price(n.take_profit_e10)}" if n.take_profit_e10 else ""
    return stop + target


_FILLS: Final[dict[str, Callable[[Notice, Market | None], str]]] = {
    "fill.open": _opened,
    "fill.close": _closed,
    "fill.liquidation": _liquidated,
    "order.rejected": _rejected,
}
_PEOPLE: Final[dict[str, Callable[[Notice], str]]] = {
    "person.waits": _waits,
    "approval.wanted": _wanted,
    "approval.agreed": _agreed,
    "stepup.reset": _reset,
    "stepup.first": _first,
}
