"""Exact decimal strings of the API in the short form that people read."""

from typing import Any

from vanta.domain.units import (
    format_leverage,
    format_percent,
    format_price,
    format_scaled,
    format_usd,
)

NONE = "-"


def scaled(text: str, decimals: int) -> int:
    """Read a decimal string of the API as a scaled integer; further digits are cut."""
    sign = -1 if text.startswith("-") else 1
    whole, _, fraction = text.lstrip("-").partition(".")
    return sign * int(whole + fraction[:decimals].ljust(decimals, "0"))


def usd(text: str | None, *, signed: bool = False) -> str:
    """Show an amount: `5,000.00`."""
    return NONE if text is None else format_usd(scaled(text, 6), signed=signed)


def price(text: str | None) -> str:
    """Show a price with the decimals its size asks for."""
    return NONE if text is None else format_price(scaled(text, 10))


def leverage(text: str | None) -> str:
    """Show a leverage: `25x`."""
    return NONE if text is None else format_leverage(scaled(text, 10))


def percent(text: str | None, *, signed: bool = False) -> str:
    """Show a ratio as percent."""
    return NONE if text is None else format_percent(scaled(text, 10), signed=signed)


def rate(text: str | None) -> str:
    """Show a fee or spread as percent, exactly."""
    return NONE if text is None else format_scaled(scaled(text, 10), decimals=8) + " %"


def number(text: str | None, unit: str) -> str:
    """Show a number of a limit in the words of its unit."""
    if unit == "seconds" and text is not None:
        return format_scaled(scaled(text, 9), decimals=9, places=1) + " s"
    shown = {"usd": usd, "price": price, "leverage": leverage, "ratio": percent}.get(unit, word)
    return shown(text)


def used(text: str | None, unit: str) -> str:
    """Show what is used of a limit: to two decimals, rounded up, never smaller than it is."""
    if text is None or unit not in ("usd", "ratio"):
        return number(text, unit)
    if unit == "usd":
        return format_usd(-(-scaled(text, 6) // 10**4) * 10**4)
    return format_percent(-(-scaled(text, 10) // 10**6) * 10**6)


def second(text: str | None) -> str:
    """Show the time of day of an ISO time: `14:02:11`."""
    return NONE if text is None else text[11:19]


def clock(text: str | None) -> str:
    """Show the time of day of an ISO time with milliseconds."""
    return NONE if text is None else text[11:23]


def moment(text: str | None) -> str:
    """Show date and time without the fraction."""
    return NONE if text is None else f"{text[:10]} {text[11:19]}"


def word(value: Any) -> str:
    """Show a word or a number; a dash for none."""
    return NONE if value is None else str(value)
