"""The venue's human decimals to integers: its own reading, for its own numbers only.

What people type goes through `vanta.domain.units`, which refuses a digit it would lose. The venue's
APIs truncate, and so must who reads them.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from vanta.domain.errors import InputError
from vanta.domain.units import I64_MAX

PERCENT: Final = 10
"""Decimals of a venue percent: 1 % = 10**10."""
PRICE: Final = 10
USD: Final = 6


_MAX_DIGITS: Final = 78
"""No number of the venue is longer than a uint256."""
_INTEGER: Final = re.compile(rf"-?[0-9]{{1,{_MAX_DIGITS}}}", re.ASCII)


def scaled(value: Decimal | int | str, *, decimals: int, field: str) -> int:
    """Scale a human decimal by 10**decimals, truncated toward zero. Raises `InputError`.

    >>> scaled("0.0003", decimals=10, field="price")
    3000000
    """
    try:
        exact = Decimal(value)
    except (InvalidOperation, ValueError, TypeError) as error:
        raise _refused(value, field, "a decimal") from error
    if not exact.is_finite():
        raise _refused(value, field, "a decimal")
    # Digits are cut and joined, not multiplied: a context would round what is longer than it.
    sign, digits, exponent = exact.as_tuple()
    kept = len(digits) + int(exponent) + decimals
    if kept <= 0 or not exact:
        return 0
    if kept > _MAX_DIGITS:
        raise _refused(value, field, f"at most {_MAX_DIGITS} digits")
    whole = int("".join(map(str, digits[:kept])).ljust(kept, "0"))
    return -whole if sign else whole


def amount(value: Decimal, *, decimals: int, field: str) -> int:
    """As `scaled`, of a quantity that is never below 0 and fits the core's 64 bits."""
    whole = scaled(value, decimals=decimals, field=field)
    if value < 0:
        raise _refused(value, field, "0 or more")
    if whole > I64_MAX:
        raise _refused(value, field, "a smaller number")
    return whole


def raw(text: str, *, field: str) -> int:
    """Read one of the venue's raw integers, a plain decimal string. Raises `InputError`."""
    if not _INTEGER.fullmatch(text):
        raise _refused(text, field, "a plain integer")
    return int(text)


def _refused(value: object, field: str, limit: str) -> InputError:
    return InputError("E-ARG", field=field, value=str(value), limit=limit)
