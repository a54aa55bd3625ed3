"""Who may come in: the operator's token, and only under our own name on loopback."""

import hmac
import ipaddress
from typing import Final

from aiohttp import web

from vanta.web.answers import ApiError

_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def require_token(request: web.Request, token: str) -> None:
    """Let the bearer of `token` pass; compare in constant time.

    Raises `ApiError` 401 with one text for a missing and for a wrong token.
    """
    headers = request.headers.getall("Authorization", [])
    scheme, _, given = (headers[0] if len(headers) == 1 else "").partition(" ")
    # Digests of equal length are compared whatever was sent; a header may hold non-ASCII text.
    same = hmac.compare_digest(
        given.strip().encode("utf-8", "surrogateescape"), token.encode("utf-8")
    )
    if not (same and scheme.lower() == "bearer"):
        raise ApiError(
            401,
            "E-AUTH",
            "Only the operator. Send `Authorization: Bearer <token>`; the token is in "
            "instance.json in VANTA_HOME.",
            headers={"WWW-Authenticate": 'Bearer realm="vanta"'},
        )


def is_loopback(host: str) -> bool:
    """Tell whether a bind address is only reachable from this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_own_name(request: web.Request) -> None:
    """Refuse a foreign Host header: a page that rebinds its DNS name to 127.0.0.1 sends one.

    Raises `ApiError` 403.
    """
    name = request.headers.get("Host", "").lower()
    if not name.endswith("]"):
        head, colon, port = name.rpartition(":")
        if colon and port.isdigit():
            name = head
    if name not in _LOCAL_NAMES and not is_loopback(name):
        raise ApiError(
            403,
            "E-ROLE",
            "This server listens on loopback only and answers to localhost and 127.0.0.1.",
            field="Host",
            value=name,
            limit="localhost or 127.0.0.1",
        )
