"""The page at `/`: where to go, what the market does, and a signed request to copy."""

import base64
import hashlib
import re
from html import escape
from importlib import resources
from string import Template
from typing import Final

from aiohttp import web

from vanta import _core
from vanta.domain import exact
from vanta.domain.enums import CLOSING
from vanta.domain.units import format_price, format_scaled
from vanta.web import render
from vanta.web.api import Api
from vanta.web.operations import Operations

_SHELL: Final = """\
vanta status
vanta price BTC ETH
vanta trade open BTC long --collateral 100 --leverage 10
vanta positions
vanta trade close 1 --portion 50%
vanta signal send --market BTC --side long --leverage 10 --collateral 100"""

_CURL: Final = """\
ID="sig_$(date +%s%N)"; TS="$(date +%s)"
BODY='{{"action":"open","market":"BTC","side":"long","leverage":"10","collateral":"100"}}'
KEY="$(printf %s "${{VANTA_PROVIDER_SECRET#whsec_}}" | openssl base64 -d -A |
  od -An -v -tx1 | tr -d ' \\n')"
SIG="$(printf '%s.%s.%s' "$ID" "$TS" "$BODY" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)"
curl -sS {url}/v1/signals -H 'Content-Type: application/json' \\
  -H "vanta-key-id: $VANTA_PROVIDER_KEY_ID" -H "webhook-id: $ID" \\
  -H "webhook-timestamp: $TS" -H "webhook-signature: v1,$SIG" --data-binary "$BODY\""""


class Landing:
    """Renders the page on each request; no script, nothing from elsewhere."""

    def __init__(self, api: Api, operations: Operations) -> None:
        self._api = api
        self._operations = operations
        text = (
            resources.files(__package__ or "vanta.web").joinpath("landing.html").read_text("utf-8")
        )
        self._page = Template(text)
        style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = hashlib.sha256((style.group(1) if style else "").encode()).digest()
        self._policy = (
            "default-src 'none'; style-src 'sha256-" + base64.b64encode(digest).decode() + "'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    async def page(self, request: web.Request) -> web.Response:
        """GET /."""
        parts = await self._operations.parts()
        ready = all(part["ok"] for part in parts.values())
        api = self._api
        chat = (
            f'<li><a href="{escape(api.chat_url)}">Chat</a>'
            "<span>trade from the browser as from Telegram</span></li>"
            if api.chat_url.startswith(("http://", "https://"))
            else ""
        )
        banner = (
            '<div class="banner" role="note">SIMULATED: an invented or recorded market.</div>'
            if api.simulated
            else '<div class="banner" role="note">DRY: orders fill on paper, no money moves.</div>'
            if api.mode() == "DRY"
            else ""
        )
        now = exact.iso(api.clock.now_ns()) or ""
        page = self._page.substitute(
            state="ready" if ready else "failing",
            mode=escape(api.mode()),
            version=escape(_core.__version__),
            banner=banner,
            chat=chat,
            now=now[11:19],
            rows="\n".join(self._rows()),
            commands=escape(_SHELL),
            curl=escape(_CURL.format(url=f"http://{request.host}")),
        )
        return web.Response(
            text=page,
            content_type="text/html",
            headers={"Content-Security-Policy": self._policy, "Cache-Control": "no-store"},
        )

    def _rows(self) -> list[str]:
        rows = []
        for market in self._api.catalogue:
            quote = self._api.quotes.quote(market.ix)
            price = format_price(quote.price_e10) if quote.price_e10 else "none"
            age = (
                format_scaled(quote.age_ns, decimals=9, places=1) + " s" if quote.as_of_ns else "-"
            )
            usable = "" if quote.quality in CLOSING else ' class="stale"'
            rows.append(
                f"<tr{usable}><td>{escape(market.symbol)}</td><td>{price}</td>"
                f"<td>{render.quality_name(quote.quality)}</td><td>{age}</td></tr>"
            )
        return rows
