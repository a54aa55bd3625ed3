"""Markets, bodies and signed headers for tests of the signal door."""

import json
from typing import Any

from vanta.domain.market import Catalogue, Market
from vanta.domain.units import E6, E10
from vanta.domain.webhook_signature import headers

SECRET = bytes(range(32))
OTHER_SECRET = bytes(range(100, 132))
KEY_ID = "key_demo"


def market(ix: int, symbol: str, *, max_leverage: int = 100) -> Market:
    return Market(
        ix=ix,
        venue="paper",
        symbol=symbol,
        min_leverage_e10=2 * E10,
        max_leverage_e10=max_leverage * E10,
        min_notional_e6=100 * E6,
        liquidation_threshold_e10=E10 * 85 // 100,
        open_fee_e10=6_000_000,
        close_fee_e10=6_000_000,
        spread_e10=1_000_000,
        min_price_e10=1,
        max_price_e10=10**7 * E10,
    )


CATALOGUE = Catalogue(
    [market(0, "BTC/USD"), market(1, "ETH/USD"), market(2, "SOL/USD", max_leverage=50)]
)


def open_body(**changes: Any) -> dict[str, Any]:
    """Return the fields of an admissible open; a change to None leaves the field out."""
    fields: dict[str, Any] = {
        "action": "open",
        "market": "BTC",
        "side": "long",
        "leverage": "5",
        "collateral": "100",
    }
    fields |= changes
    return {name: value for name, value in fields.items() if value is not None}


def encode(fields: Any) -> bytes:
    return json.dumps(fields).encode()


def signed_headers(
    *,
    message_id: str,
    timestamp: int,
    body: bytes,
    secret: bytes = SECRET,
    key_id: str = KEY_ID,
) -> list[tuple[bytes, bytes]]:
    """Sign as `vanta signal send` does, in the form a server's parser hands headers on."""
    signed = headers(
        secret=secret, key_id=key_id, message_id=message_id, timestamp=timestamp, body=body
    )
    return [(name.encode(), value.encode()) for name, value in signed.items()]
