"""`price_feeds`: what every market's price stands on."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from vanta._core import Quote
from vanta.control.commands import Command, Plan
from vanta.control.words import Words
from vanta.domain import exact
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.enums import CLOSING, OPENING, Breaker, Quality
from vanta.domain.market import Catalogue, Market
from vanta.domain.ports import Quotes
from vanta.domain.roles import Right
from vanta.domain.units import format_percent, format_price, format_scaled

PRICE_FEEDS: Final = CommandInfo(
    name="price_feeds",
    usage="[symbol]",
    summary="Quality, age and sources of each price",
    group="Admin",
    right=Right.OPERATE,
)


class PriceCommands:
    """`feed_status` describes the sources of each market in JSON values."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        quotes: Quotes,
        feed_status: Callable[[], Sequence[dict[str, Any]]],
    ) -> None:
        self._catalogue = catalogue
        self._quotes = quotes
        self._feed_status = feed_status

    def commands(self) -> list[Command]:
        return [Command(PRICE_FEEDS, self._read)]

    async def _read(self, _actor: Actor, words: Words) -> Plan:
        symbol = words.maybe()
        if symbol is None:
            return Plan(PRICE_FEEDS, self._all)
        return Plan(PRICE_FEEDS, partial(self._one, self._catalogue.resolve(symbol)))

    async def _all(self) -> Reply:
        quotes = {m.symbol: self._quotes.quote(m.ix) for m in self._catalogue}
        opens = sum(_opens(q) for q in quotes.values())
        table = Table(
            columns=("Market", "Quality", "Age", "Src"),
            rows=tuple(
                (symbol.partition("/")[0], _quality(q), _age(q), str(len(q.sources_used)))
                for symbol, q in quotes.items()
            ),
        )
        return Reply(
            title="Price feeds",
            lines=(f"{opens} of {len(quotes)} markets can be opened on.",),
            tables=(table,),
            data={"markets": self._described()},
        )

    async def _one(self, market: Market) -> Reply:
        quote = self._quotes.quote(market.ix)
        [found] = self._described(market)
        price = format_price(quote.price_e10) if quote.price_e10 else "none"
        lines = [
            f"Price {price}, {_quality(quote)}, {_age(quote)} old",
            f"Sources differ {format_percent(quote.spread_between_sources_e10)}",
            f"Breaker {Breaker(quote.breaker).name}",
            "Opens work." if found["opens"] else "No opens on it now.",
        ]
        table = Table(
            columns=("Source", "State", "Age"),
            rows=tuple(
                (str(s["name"])[:11], str(s["state"])[:11], _seconds(s["age_ms"]))
                for s in found["sources"]
            ),
        )
        return Reply(
            title=f"Price feed {market.symbol}",
            lines=tuple(lines),
            tables=(table,),
            data={"markets": [found]},
        )

    def _described(self, only: Market | None = None) -> list[dict[str, Any]]:
        states = {s["market"]: s for s in self._feed_status()}
        found = []
        for market in self._catalogue if only is None else (only,):
            quote = self._quotes.quote(market.ix)
            found.append(
                {
                    "market": market.symbol,
                    "price": exact.optional(quote.price_e10),
                    "quality": _quality(quote),
                    "age_s": _age(quote) if quote.as_of_ns else None,
                    "deviation": exact.ratio(quote.spread_between_sources_e10),
                    "breaker": Breaker(quote.breaker).name,
                    "opens": market.is_open and _opens(quote),
                    "closes": quote.quality in CLOSING,
                    "sources": list(states.get(market.symbol, {}).get("sources", ())),
                }
            )
        return found


def _opens(quote: Quote) -> bool:
    return quote.quality in OPENING and quote.breaker == Breaker.CLOSED


def _quality(quote: Quote) -> str:
    return Quality(quote.quality).name


def _age(quote: Quote) -> str:
    if not quote.as_of_ns:
        return "-"
    return format_scaled(quote.age_ns, decimals=9, places=1) + " s"


def _seconds(age_ms: int | None) -> str:
    return "-" if age_ms is None else format_scaled(age_ms, decimals=3, places=1) + " s"
