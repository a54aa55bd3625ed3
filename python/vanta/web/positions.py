"""A position as it is now: the stored row at the feed's mark."""

from typing import Any

from vanta.domain.enums import CLOSING
from vanta.domain.position import Position, view
from vanta.web import render
from vanta.web.api import Api


def position_json(api: Api, position: Position) -> dict[str, Any]:
    """Render a position at the current mark; a price nobody may close on is no mark."""
    if not position.is_open:
        closed = view(position, mark_e10=0, protected_by="nobody")
        return {**render.position(closed, api.catalogue, None), "protected_by": None}
    quote = api.quotes.quote(position.market_ix)
    mark_e10 = quote.price_e10 if quote.quality in CLOSING else 0
    shown = view(position, mark_e10=mark_e10, protected_by=api.desk.protected_by(position))
    return render.position(shown, api.catalogue, quote.quality)
