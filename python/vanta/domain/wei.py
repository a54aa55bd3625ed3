"""Decimal text of chain money to wei and back, exactly: fees and values, of any size.

Chain money is 256 bits wide and may be a difference, so unlike the amounts of `units` it has no
upper end here and may carry a sign. A digit that would be lost is refused, not rounded.
"""

import re
from typing import Final

from vanta.domain.errors import InputError
from vanta.domain.units import format_scaled

DECIMALS: Final = {
    "wei": 0,
    "kwei": 3,
    "mwei": 6,
    "gwei": 9,
    "szabo": 12,
    "finney": 15,
    "ether": 18,
}
"""Decimals of each unit: one is 10 to that many wei."""

MAX_DIGITS: Final = 78
"""Digits of the largest 256-bit number; before and behind the point each."""

_DECIMAL = re.compile(rf"(-?)([0-9]{{0,{MAX_DIGITS}}})(?:\.([0-9]{{1,{MAX_DIGITS}}}))?", re.ASCII)


def parse_wei(text: str, *, unit: str = "ether", field: str = "amount") -> int:
    """Parse decimal text of `unit` into wei.

    Raises `InputError` naming the field for other text and for decimals below one wei, `KeyError`
    for an unknown unit.

    >>> parse_wei("1.5", unit="gwei")
    1500000000
    """
    return parse_decimals(text, decimals=DECIMALS[unit], field=field)


def format_wei(amount_wei: int, *, unit: str = "ether") -> str:
    """Render wei in `unit`, all digits, with one decimal at least (none in wei itself).

    >>> format_wei(1_500_000_000, unit="gwei")
    '1.5'
    """
    return format_decimals(amount_wei, decimals=DECIMALS[unit])


def parse_decimals(text: str, *, decimals: int, field: str = "amount") -> int:
    """As `parse_wei`, for a token of `decimals`."""
    found = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if found is None or not (found[2] or found[3]):
        raise InputError("E-ARG", field=field, value=text, limit="a plain decimal such as 1.25")
    fraction = (found[3] or "").rstrip("0")
    if len(fraction) > decimals:
        raise InputError("E-ARG", field=field, value=text, limit=f"at most {decimals} decimals")
    amount = int((found[2] + fraction.ljust(decimals, "0")) or "0")
    return -amount if found[1] else amount


def format_decimals(amount: int, *, decimals: int) -> str:
    """As `format_wei`, for a token of `decimals`."""
    text = format_scaled(amount, decimals=decimals)
    return text if "." in text or decimals == 0 else f"{text}.0"
