"""Human decimal text to scaled integers and back: the one place where scales change.

Input is strict ASCII decimal notation. No sign tricks, no exponent, no grouping, no other digits,
and never more decimals than the scale holds: a digit that would be lost is refused, not rounded.
"""

import re
from typing import Final

from vanta.domain.errors import InputError

E6: Final = 10**6
E10: Final = 10**10
ONE_E10: Final = E10
I64_MAX: Final = 2**63 - 1

_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,18})?", re.ASCII)


def parse_scaled(text: str, *, decimals: int, field: str) -> int:
    """Parse a non-negative decimal string into an integer scaled by 10**decimals.

    Raises `InputError` naming the field, the value and what a good one looks like.

    >>> parse_scaled("100.25", decimals=6, field="collateral")
    100250000
    """
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise InputError("E-ARG", field=field, value=text, limit="a plain decimal such as 100.25")
    whole, _, fraction = text.partition(".")
    if len(fraction.rstrip("0")) > decimals:
        raise InputError("E-ARG", field=field, value=text, limit=f"at most {decimals} decimals")
    scaled = int(whole + fraction[:decimals].ljust(decimals, "0"))
    if scaled > I64_MAX:
        raise InputError("E-ARG", field=field, value=text, limit="a smaller number")
    return scaled


def parse_usd_e6(text: str, *, field: str) -> int:
    """Parse a USD amount greater than zero into e6."""
    return _positive(parse_scaled(text, decimals=6, field=field), text, field)


def parse_price_e10(text: str, *, field: str) -> int:
    """Parse a price greater than zero into e10."""
    return _positive(parse_scaled(text, decimals=10, field=field), text, field)


def parse_ratio_e10(text: str, *, field: str) -> int:
    """Parse a ratio or leverage ("25", "2.5") greater than zero into e10."""
    return _positive(parse_scaled(text, decimals=10, field=field), text, field)


def parse_percent_e10(text: str, *, field: str) -> int:
    """Parse a percent ("50", "0.5", an optional trailing %) greater than zero into a ratio e10."""
    bare = text.removesuffix("%") if isinstance(text, str) else text
    return _positive(parse_scaled(bare, decimals=8, field=field), text, field)


def _positive(scaled: int, text: str, field: str) -> int:
    if scaled == 0:
        raise InputError("E-ARG", field=field, value=text, limit="more than 0")
    return scaled


def format_scaled(value: int, *, decimals: int, places: int | None = None) -> str:
    """Render a scaled integer exactly, or truncated toward zero to `places` decimals.

    Without `places` trailing zeros are dropped.

    >>> format_scaled(1_230_000, decimals=6)
    '1.23'
    """
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), 10**decimals)
    digits = f"{fraction:0{decimals}d}"
    if places is None:
        digits = digits.rstrip("0")
    else:
        digits = digits[:places]
        if whole == 0 and not digits.strip("0"):
            sign = ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def format_usd(value_e6: int, *, signed: bool = False) -> str:
    """Render e6 USD with two decimals and thousands separators: `5,000.00`."""
    text = format_scaled(value_e6, decimals=6, places=2)
    sign, body = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, fraction = body.partition(".")
    plus = "+" if signed and not sign and value_e6 > 0 else ""
    return f"{sign}{plus}{int(whole):,}.{fraction}"


def format_price(price_e10: int) -> str:
    """Render an e10 price with as many decimals as its size asks for: 61,240.5 or 0.41231."""
    if price_e10 >= 10_000 * E10:
        places = 1
    elif price_e10 >= 100 * E10:
        places = 2
    elif price_e10 >= E10:
        places = 4
    else:
        places = 8
    whole, _, fraction = format_scaled(price_e10, decimals=10, places=places).partition(".")
    return f"{int(whole):,}.{fraction}"


def format_leverage(leverage_e10: int) -> str:
    """Render a leverage: `25x`."""
    return format_scaled(leverage_e10, decimals=10) + "x"


def format_percent(ratio_e10: int, *, places: int = 2, signed: bool = False) -> str:
    """Render a ratio as percent: `-3.39 %`."""
    text = format_scaled(ratio_e10, decimals=8, places=places)
    return ("+" if signed and ratio_e10 > 0 else "") + text + " %"


def over_percent(ratio_e10: int) -> str:
    """Render a share that is over its limit, rounded up: it must not read like the limit."""
    return format_percent(-(-ratio_e10 // 10**6) * 10**6)
