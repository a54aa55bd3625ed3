"""Builds the price sources that settings and command line ask for."""

import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from fractions import Fraction
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from vanta.app.lifecycle import write_atomically
from vanta.domain.errors import ConfigError
from vanta.domain.market import Catalogue
from vanta.domain.ports import Clock, PriceSource
from vanta.domain.sources import SourceNames
from vanta.evm.rpc import Rpc
from vanta.prices.chainlink import Chainlink
from vanta.prices.coinbase import Coinbase
from vanta.prices.exchange import Exchange
from vanta.prices.kraken import Kraken
from vanta.prices.pyth import Pyth
from vanta.prices.replay import Replay
from vanta.prices.synthetic import Synthetic, steps_since
from vanta.sandbox.home import Home
from vanta.settings import Settings

DEFAULT_SOURCES: Final = ("coinbase", "kraken")  # public, no key needed


class SyntheticMarket(msgspec.Struct, frozen=True, kw_only=True):
    """Which invented market a home runs, and since when: a restart goes on in the same one."""

    seed: int
    began_ns: int


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks of the market."""

    seed: int | None = None
    replay: Path | None = None
    speed: Fraction = Fraction(1)


def sources(
    settings: Settings,
    wish: Wish | None,
    *,
    home: Home,
    catalogue: Catalogue,
    names: SourceNames,
    clock: Clock,
    stack: AsyncExitStack,
) -> Sequence[PriceSource]:
    """Return the recording that is asked for, else the home's seeded market, else real sources."""
    if wish is None:
        return _real(settings, catalogue=catalogue, names=names, clock=clock, stack=stack)
    if wish.replay is not None:
        replay = Replay(
            wish.replay, catalogue=catalogue, names=names, clock=clock, speed=wish.speed
        )
        return [replay]
    market = _market_of(home, wish.seed, clock)
    start_step = steps_since(market.began_ns, clock.now_ns())
    return [Synthetic(catalogue, seed=market.seed, clock=clock, names=names, start_step=start_step)]


def _market_of(home: Home, seed: int | None, clock: Clock) -> SyntheticMarket:
    path = home.folder("market") / "synthetic.json"
    known: SyntheticMarket | None = None
    if path.exists():
        try:
            known = msgspec.json.decode(path.read_bytes(), type=SyntheticMarket)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path} cannot be understood ({error}); remove it") from None
    if known is not None and seed in (None, known.seed):
        return known
    fresh = SyntheticMarket(
        seed=random.SystemRandom().randrange(2**32) if seed is None else seed,
        began_ns=clock.now_ns(),
    )
    write_atomically(path, msgspec.json.encode(fresh))
    return fresh


def _real(
    settings: Settings,
    *,
    catalogue: Catalogue,
    names: SourceNames,
    clock: Clock,
    stack: AsyncExitStack,
) -> Sequence[PriceSource]:
    """Return the configured sources; the best of them is the primary."""
    wanted = settings.price_sources or DEFAULT_SOURCES
    rng = random.Random()  # noqa: S311  # jitter, not a secret
    session: Callable[[], aiohttp.ClientSession] = aiohttp.ClientSession
    made: list[PriceSource] = []
    if "chainlink" in wanted:
        rpc = Rpc(settings.rpc_urls, session=session, clock=clock)
        stack.push_async_callback(rpc.close)
        made.append(Chainlink(rpc=rpc, catalogue=catalogue, names=names, clock=clock, rng=rng))
    if "pyth" in wanted:
        made.append(
            Pyth(
                catalogue=catalogue,
                names=names,
                clock=clock,
                rng=rng,
                session=session,
                url=settings.hermes_url,
                key=settings.hermes_key.reveal() if settings.hermes_key else None,
                primary=not made,
            )
        )
    for name, wire in (("coinbase", Coinbase()), ("kraken", Kraken())):
        if name in wanted:
            made.append(
                Exchange(
                    wire,
                    catalogue=catalogue,
                    names=names,
                    clock=clock,
                    rng=rng,
                    session=session,
                    primary=not made,
                )
            )
    return made
