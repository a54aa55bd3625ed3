"""The venue's human decimals to integers: its own reading, for its own numbers only.

What people type goes through `vanta.domain.units`, which refuses a digit it would lose. The venue's
APIs truncate, and so must who reads them.
"""

from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final

from vanta.domain.errors import InputError

PERCENT: Final = 10
"""Decimals of a venue percent: 1 % = 10**10."""
PRICE: Final = 10
USD: Final = 6


def scaled(value: Decimal | int | str, *, decimals: int, field: str) -> int:
    """Scale a human decimal by 10**decimals, truncated toward zero.

    >>> scaled("0.0003", decimals=10, field="price")
    3000000
    """
    try:
        exact = Decimal(value).scaleb(decimals)
        return int(exact.to_integral_value(ROUND_DOWN))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise InputError("E-ARG", field=field, value=str(value), limit="a decimal") from error
