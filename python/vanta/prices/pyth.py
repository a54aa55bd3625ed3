"""Pyth Core through Hermes v2: one REST read for a start, then the SSE stream.

Prices and confidences are decimal strings under a common exponent; publish times are whole seconds,
and one second may bring several updates, told apart by the slot. The signed binary part is not
needed here and ignored. The server closes a stream after 24 hours, drops slow readers, reports
errors as events of a living stream, silently forgets removed feeds, and answers too many requests
with a minute of 429; public access asks for a key.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp
import msgspec

from vanta.domain.errors import echo
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, FeedSpec, PriceSink, Tick
from vanta.domain.sources import SourceNames
from vanta.prices.connect import (
    HANDSHAKE_S,
    MAX_MESSAGE,
    BadMessageError,
    Link,
    LostError,
    SessionFactory,
)
from vanta.prices.numbers import json_text
from vanta.prices.pace import Sleep
from vanta.prices.sse import Event, SseReader

URL: Final = "https://pyth.dourolabs.app/hermes"
EXPECTED_NS: Final = 3_000_000_000
CLOSED_EXPECTED_NS: Final = 6 * 3_600_000_000_000  # a market that sleeps over the weekend
PENALTY_S: Final = 60.0
_NULL: Final = msgspec.Raw(b"null")


class PythFeed(msgspec.Struct, frozen=True):
    """Identity of a feed: its id without 0x, and the exponent it is pinned to."""

    id: str
    expo: int
    has_hours: bool = False


FEEDS: Final[Mapping[str, PythFeed]] = {
    "BTC/USD": PythFeed("e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43", -8),
    "ETH/USD": PythFeed("ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace", -8),
    "SOL/USD": PythFeed("ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d", -8),
    "BNB/USD": PythFeed("2f95862b045670cd22bee3114c39763a4a08beeb663b145d283c31d7d1101c4f", -8),
    "XAU/USD": PythFeed(
        "765d2ba906dbc32ca17cc11f5310a89e9ee1f6420508c63861f2f8ba4ee34bb2", -3, has_hours=True
    ),
}


class _Price(msgspec.Struct):
    price: msgspec.Raw = _NULL
    conf: msgspec.Raw = _NULL
    expo: int = 0
    publish_time: int = 0


class _Metadata(msgspec.Struct):
    slot: int | None = None


class _Parsed(msgspec.Struct):
    id: str
    price: _Price
    metadata: _Metadata | None = None


class _Update(msgspec.Struct):
    parsed: list[_Parsed] | None


_decoder = msgspec.json.Decoder(_Update)


class Pyth:
    """Price source `pyth`. `key` is the bearer token; it appears in no log and no error."""

    name = "pyth"

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        names: SourceNames,
        clock: Clock,
        rng: random.Random,
        session: SessionFactory,
        url: str = URL,
        key: str | None = None,
        feeds: Mapping[str, PythFeed] = FEEDS,
        primary: bool = False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.source_ix = names.ix(self.name)
        self._known = {
            feeds[m.symbol].id: (m.ix, feeds[m.symbol]) for m in catalogue if m.symbol in feeds
        }
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._primary = primary
        self._session = session
        self._slots: dict[str, int] = {}
        self.link = Link(
            self.name,
            clock=clock,
            rng=rng,
            sleep=sleep,
            expected_ns={
                id_: CLOSED_EXPECTED_NS if feed.has_hours else EXPECTED_NS
                for id_, (_, feed) in self._known.items()
            },
        )

    def feeds(self) -> Sequence[FeedSpec]:
        """Return one stream feed per market; Hermes is one failure domain, so one group."""
        return [
            FeedSpec(
                market_ix=ix,
                source_ix=self.source_ix,
                kind="stream",
                group=self.source_ix,
                primary=self._primary,
                expo=feed.expo,
                conf_required=True,
            )
            for ix, feed in self._known.values()
        ]

    async def run(self, sink: PriceSink) -> None:
        """Stream into `sink` for ever, reconnecting as needed."""
        async with self._session() as session:
            await self.link.keep(lambda: self._attempt(session, sink))

    async def _attempt(self, session: aiohttp.ClientSession, sink: PriceSink) -> None:
        await self._read_latest(session, sink)
        async with asyncio.timeout(HANDSHAKE_S):
            response = await self._get(session, "stream")
        async with response:
            _check(response.status)
            reader = SseReader()
            async for chunk in response.content.iter_any():
                for event in reader.feed(chunk):
                    self._on_event(event, sink)
        raise LostError("stream closed by server")

    async def _read_latest(self, session: aiohttp.ClientSession, sink: PriceSink) -> None:
        # Gives every feed a price at once, and finds out about keys and limits cheaply.
        async with asyncio.timeout(HANDSHAKE_S):
            async with await self._get(session, "latest") as response:
                _check(response.status)
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MAX_MESSAGE:
                        raise LostError(f"reply above {MAX_MESSAGE} bytes")
        self._on_event(Event("message", body.decode("utf-8", "replace")), sink)

    async def _get(self, session: aiohttp.ClientSession, what: str) -> aiohttp.ClientResponse:
        query = [("ids[]", id_) for id_ in self._known]
        query += [("parsed", "true"), ("encoding", "base64"), ("ignore_invalid_price_ids", "true")]
        return await session.get(
            f"{self._url}/v2/updates/price/{what}",
            params=query,
            headers=self._headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    def _on_event(self, event: Event, sink: PriceSink) -> None:
        if event.name == "error":
            raise LostError(f"error event: {event.data[:100]}")
        try:
            ticks = self.parse(event.data)
        except BadMessageError as error:
            self.link.bad(error)
            return
        if ticks:
            sink.ticks(ticks)

    def parse(self, data: str) -> list[Tick]:
        """Read one update into ticks; raises `BadMessageError` for anything else."""
        try:
            update = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BadMessageError(f"{error}: {echo(data)}") from error
        ticks = []
        for row in update.parsed or ():
            id_ = row.id.lower().removeprefix("0x")
            if id_ in self._known:
                ticks.append(self._tick(id_, row))
                self.link.heard(id_)
        return ticks

    def _tick(self, id_: str, row: _Parsed) -> Tick:
        # Without a slot the order of arrival stands in, or two updates of one second would look
        # like one update with two values.
        slot = row.metadata.slot if row.metadata else None
        if slot is None:
            slot = self._slots.get(id_, 0) + 1
        self._slots[id_] = slot
        return Tick(
            market_ix=self._known[id_][0],
            source_ix=self.source_ix,
            value=json_text(row.price.price)[:64],
            expo=row.price.expo,
            conf=json_text(row.price.conf)[:64],
            publish_ns=row.price.publish_time * 10**9,
            seq=slot,
        )


def _check(status: int) -> None:
    if status == 200:
        return
    if status in (401, 403):
        raise LostError(f"HTTP {status}: key missing, wrong or expired", wait_s=PENALTY_S)
    if status == 429:
        raise LostError("HTTP 429: too many requests", wait_s=PENALTY_S)
    raise LostError(f"HTTP {status}", wait_s=PENALTY_S if 400 <= status < 500 else 0.0)
