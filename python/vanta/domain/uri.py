"""What is a URI and what an authority (RFC 3986), for texts in which every character is signed.

The grammar to the letter: the parsers of the standard library take more and mend what they take.
"""

import ipaddress
import re
from typing import Final

_PCT: Final = "%[0-9A-Fa-f]{2}"
_NAME: Final = "A-Za-z0-9._~!$&'()*+,;="  # unreserved and sub-delims, the hyphen set behind them

_AUTHORITY: Final = re.compile(
    rf"(?:(?:[{_NAME}:-]|{_PCT})*@)?"
    rf"(?P<host>\[(?P<literal>[^\[\]]*)\]|(?:[{_NAME}-]|{_PCT})*)"
    r"(?::[0-9]*)?"
)
_FUTURE: Final = re.compile(rf"[vV][0-9A-Fa-f]+\.[{_NAME}:-]+")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]+")  # no zone: that is another standard

_PCHAR: Final = rf"[{_NAME}:@-]|{_PCT}"
_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://(?P<authority>[^/?#]*)(?:/(?:{_PCHAR})*)*|/?(?:(?:{_PCHAR})+(?:/(?:{_PCHAR})*)*)?)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?"
    rf"(?:#(?:{_PCHAR}|[/?])*)?"
)


def is_authority(text: str) -> bool:
    """Tell whether `text` is host, user information and port with a host that is not empty."""
    match = _AUTHORITY.fullmatch(text)
    return match is not None and match["host"] != "" and _is_literal(match["literal"])


def is_uri(text: str) -> bool:
    """Tell whether `text` is a URI with its scheme; an authority, if there is one, may be empty."""
    match = _URI.fullmatch(text)
    return match is not None and (not match["authority"] or is_authority(match["authority"]))


def _is_literal(literal: str | None) -> bool:
    if literal is None or _FUTURE.fullmatch(literal):
        return True
    if not _IPV6.fullmatch(literal):
        return False
    try:
        ipaddress.IPv6Address(literal)
    except ValueError:
        return False
    return True
