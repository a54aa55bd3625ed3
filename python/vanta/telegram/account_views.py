"""What the chat shows about the account and the market: prices, status, profit, limits. Pure."""

from collections.abc import Sequence
from typing import Any

from vanta import _core
from vanta.domain import exact
from vanta.domain.enums import Mode, OrderState, Quality
from vanta.domain.market import Catalogue, Market
from vanta.domain.order import Order
from vanta.domain.policy import Policy
from vanta.domain.units import format_leverage, format_percent, format_price, format_usd
from vanta.telegram.text import (
    QUALITY_WORDS,
    at_time,
    esc,
    how_long,
    percent_up,
    pre,
    share,
    tag,
)
from vanta.telegram.views import line, usd_short, wish

START = (
    "<b>Vanta</b> trades leveraged perps from this chat.\n"
    "You are in DRY: {cash} simulated USDC on a moving market. Nothing leaves this machine.\n\n"
    "Demo, then three taps to a first position. Or type\n"
    "<code>/long BTC 100 25x sl=-2%</code>"
)
START_WITHOUT = (
    "<b>Vanta</b> trades leveraged perps from this chat.\n"
    "No trading account is open for you yet. Looking works, and what your role may do: /help. "
    "E-UNBOUND"
)
HELP = (
    "<b>Trade</b>\n"
    "/long BTC 100 25x  ·  /short ETH 50 10x\n"
    "What you leave out I ask for. Any order of:\n"
    "<pre>BTC          market\n"
    "100 100usd   collateral, USDC\n"
    "25x          leverage\n"
    "tp= sl=      62000, +5%, roi:50%\n"
    "slip=0.5%    slippage bound\n"
    "#12 50%      position, share</pre>\n"
    "/close #12 50%  ·  /close BTC  ·  /close all\n"
    "<b>Look</b>  /positions /orders /pnl /risk /price /markets /status\n"
    "/why 481 tells why an order went or did not go."
)


def price(market: Market, quote: _core.Quote) -> str:
    """One market's quote and rules."""
    quality = Quality(quote.quality)
    value = format_price(quote.price_e10) if quote.price_e10 else "no price"
    age = how_long_fine(quote.age_ns) if quote.price_e10 else "-"
    low, high = format_leverage(market.min_leverage_e10), format_leverage(market.max_leverage_e10)
    rows = [
        line("Price", value, "is", QUALITY_WORDS[quality]),
        line("Oldest", age, "feeds", str(len(quote.sources_used))),
        line("Lev", f"{low}-{high}", "open", share(market.open_fee_e10, places=3)[1:]),
        line("Min", format_usd(market.min_notional_e6), "size"),
    ]
    return f"<b>{esc(market.symbol)}</b>\n{pre(rows)}"


def prices(catalogue: Catalogue, quotes: Sequence[_core.Quote]) -> str:
    """All markets in one table."""
    rows = []
    for quote in quotes:
        market = catalogue[quote.market_ix]
        value = format_price(quote.price_e10) if quote.price_e10 else "-"
        rows.append(f"{market.base:<6}{value:>13}  {QUALITY_WORDS[Quality(quote.quality)]}")
    return "<b>Prices</b>\n" + pre(rows)


def markets(catalogue: Catalogue) -> str:
    """What can be traded, with its bounds."""
    rows = ["       leverage  min size    fee"]
    for market in catalogue:
        span = (
            f"{format_leverage(market.min_leverage_e10)}-{format_leverage(market.max_leverage_e10)}"
        )
        fee = share(market.open_fee_e10, places=3)[1:]
        rows.append(f"{market.base:<6}{span:>9}{usd_short(market.min_notional_e6):>10}{fee:>8}")
    return "<b>Markets</b>\n" + pre(rows)


def status(
    *,
    mode: Mode,
    exposure: _core.Exposure,
    open_positions: int,
    catalogue: Catalogue,
    quotes: Sequence[_core.Quote],
) -> str:
    """Mode, account and whether prices can be traded on."""
    words = []
    for quote in quotes:
        quality = Quality(quote.quality)
        if quality not in (Quality.GOOD, Quality.DEGRADED):
            words.append(f"{catalogue[quote.market_ix].base} {QUALITY_WORDS[quality]}")
    feed = "all prices fresh" if not words else "no opens on " + ", ".join(words)
    rows = [
        line("Equity", format_usd(exposure.equity_e6), "free", format_usd(exposure.free_e6)),
        line("Today", format_usd(exposure.day_pnl_e6, signed=True), "open", str(open_positions)),
    ]
    return f"{tag(mode)} <b>Status</b>\n{pre(rows)}\n{esc(feed[0].upper() + feed[1:])}."


def pnl(*, mode: Mode, exposure: _core.Exposure, days: Sequence[Any]) -> str:
    """Profit today and of the last days."""
    rows = [
        line("Today", format_usd(exposure.day_pnl_e6, signed=True)),
        line("Open", format_usd(exposure.unrealised_e6, signed=True)),
        line("Equity", format_usd(exposure.equity_e6)),
    ]
    if days:
        rows += ["", "Day          realised       fees"]
    for day in days:
        kept = format_usd(day.realised_e6, signed=True)
        rows.append(f"{day.day!s:<10}{kept:>11}{format_usd(day.fees_e6):>11}")
    return f"{tag(mode)} <b>Profit and loss</b>\n{pre(rows)}\nDays are UTC."


def risk(*, mode: Mode, exposure: _core.Exposure, policy: Policy) -> str:
    """Limits and how much of each is used."""
    start = exposure.day_start_equity_e6
    day = percent_up(max(-exposure.day_pnl_e6, 0), start) if start > 0 else "-"
    day_limit = format_percent(policy.max_daily_loss_e10, places=0)
    rows = [
        "              used      limit",
        _use("Day loss", day, day_limit),
        _use("Opens/min", exposure.opens_last_minute, policy.opens_per_minute),
        _use("Trades/day", exposure.trades_today, policy.trades_per_day),
        _use("Vol/hour", usd_short(exposure.volume_hour_e6), usd_short(policy.volume_hour_e6)),
        _use("Vol/day", usd_short(exposure.volume_day_e6), usd_short(policy.volume_day_e6)),
        _use("Losses", exposure.losses_in_row, policy.max_losses_in_row),
        "",
        f"Leverage up to {format_leverage(policy.max_leverage_e10)}",
        f"Position up to {usd_short(policy.max_position_e6)}",
        f"Risk per trade {format_percent(policy.max_account_risk_e10, places=0)} of equity",
        f"Long {usd_short(exposure.long_notional_e6)}",
        f"Short {usd_short(exposure.short_notional_e6)}",
    ]
    return f"{tag(mode)} <b>Risk and limits</b>\n{pre(rows)}\nClosing is never limited."


def orders(items: Sequence[Order], catalogue: Catalogue) -> str:
    """Newest orders first."""
    if not items:
        return "No orders yet. /long starts one."
    lines = [
        f"#{o.id} {at_time(o.created_ns)} {wish(o.intent, catalogue[o.intent.market_ix])}: "
        f"{o.state.value.lower()}"
        for o in items
    ]
    return (
        f"{tag(items[0].mode)} <b>Orders</b> (UTC)\n"
        + "\n".join(lines)
        + "\n/why and a number tells more."
    )


def why(order: Order, market: Market) -> str:
    """Everything an order knows about itself."""
    intent = order.intent
    head = f"{tag(order.mode)} <b>Order #{order.id}</b> {wish(intent, market)}"
    lines = [head, f"{order.state.value} at {at_time(order.updated_ns or order.created_ns)} UTC"]
    lines += (esc(said) for said in exact.card(order.verdict))
    if order.state is not OrderState.REFUSED and order.quote_e10:
        word = QUALITY_WORDS[Quality(order.quote_quality)]
        lines.append(f"Passed every rule on the quote {format_price(order.quote_e10)} ({word})")
    if order.position_id:
        lines.append(f"Position #{order.position_id}")
    lines.append(f"Source {intent.source.value}, trace <code>{esc(intent.trace_id)}</code>")
    return "\n".join(lines)


def how_long_fine(ns: int) -> str:
    """Ages of quotes: tenths of seconds below ten seconds."""
    if ns < 10**10:
        return f"{max(ns, 0) // 10**8 / 10:.1f} s"
    return how_long(ns)


def _use(label: str, used: object, limit: object) -> str:
    return f"{label:<11}{used!s:>7}{limit!s:>11}"
