"""Numbers and times as feeds write them, to integers; never through a float.

What does not parse returns None and goes to the price book as its own text, where it is refused
and counted as malformed for that source and market.
"""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,14})(?:\.([0-9]{1,24}))?", re.ASCII)
_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|\+00:00)",
    re.ASCII,
)
_PLACES: Final = 10


def decimal_e10(text: str) -> int | None:
    """Parse a plain decimal into e10; beyond ten decimals rounded half to even.

    No exponent, no leading plus, no other digits than ASCII, no words.

    >>> decimal_e10("68900.5"), decimal_e10("1e5")
    (689005000000000, None)
    """
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction = found[1], found[2], found[3] or ""
    scaled = int(whole + fraction[:_PLACES].ljust(_PLACES, "0"))
    if rest := fraction[_PLACES:]:
        half = int(rest.ljust(24, "0")) - 5 * 10 ** (max(len(rest), 24) - 1)
        scaled += half > 0 or (half == 0 and scaled & 1)
    return -scaled if sign else scaled


def mid_e10(bid_e10: int, ask_e10: int) -> int:
    """Middle of two prices, rounded half to even."""
    low = (bid_e10 + ask_e10) >> 1
    return low + (low & (bid_e10 + ask_e10) & 1)


def rfc3339_ns(text: str) -> int | None:
    """Parse a UTC timestamp with up to nine decimals of a second into Unix nanoseconds."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 10**9 + int((found[3] or "0").ljust(9, "0"))


def json_text(raw: msgspec.Raw) -> str:
    """Return a JSON value as the text it was sent as: strings unquoted, numbers digit by digit."""
    data = bytes(raw)
    if data[:1] == b'"':
        return msgspec.json.decode(data, type=str)
    return data.decode("utf-8", "replace")[:64]
