"""A trade on its way to a ticket: what is known, and the choices for what is missing. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec

from vanta.domain.enums import Side
from vanta.domain.grammar import Request, Stop
from vanta.domain.intent import DEFAULT_SLIPPAGE_E10, Intent
from vanta.domain.market import Catalogue, Market
from vanta.domain.policy import Policy
from vanta.domain.units import E6, ONE_E10, format_leverage, format_usd

COLLATERAL_PRESETS_E6: Final = tuple(n * E6 for n in (25, 50, 100, 250))
COLLATERAL_SHARES: Final = (5, 10)  # percent of free cash
LEVERAGE_PRESETS_E10: Final = tuple(n * ONE_E10 for n in (2, 5, 10, 25, 50, 100))
FIRST_LEVERAGE_E10: Final = 10 * ONE_E10


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An open in the making. `ref` is minted once per flow: whatever is pressed in it, and on
    however many devices, it makes at most one order.
    """

    ref: str
    market_ix: int = -1
    side: Side | None = None
    collateral_e6: int = 0
    leverage_e10: int = 0
    take_profit: Stop | None = None
    stop_loss: Stop | None = None
    slippage_e10: int = DEFAULT_SLIPPAGE_E10
    slider: bool = False  # show leverage presets on the ticket


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A button of a guided step: its words, and the draft or the finished intent it leads to."""

    label: str
    draft: Draft | None = None
    intent: Intent | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a nonce stands for; lives in the tickets table."""

    draft: Draft | None = None
    options: tuple[Option, ...] = ()
    intents: tuple[Intent, ...] = ()

    def refs(self) -> dict[int, str]:
        """Refs of the intents by position."""
        return {intent.position_id: intent.ref for intent in self.intents}


def from_request(request: Request, *, side: Side | None, ref: str) -> Draft:
    """Start a draft from a typed command."""
    return Draft(
        ref=ref,
        market_ix=-1 if request.market is None else request.market.ix,
        side=side,
        collateral_e6=request.collateral_e6,
        leverage_e10=request.leverage_e10,
        take_profit=request.take_profit,
        stop_loss=request.stop_loss,
        slippage_e10=request.slippage_e10 or DEFAULT_SLIPPAGE_E10,
    )


def change(draft: Draft, **fields: object) -> Draft:
    return msgspec.structs.replace(draft, **fields)


def market_options(draft: Draft, catalogue: Catalogue, *, limit: int = 5) -> list[list[Option]]:
    """Rows of market picks; the side is part of the pick when it is not known yet."""
    markets = [m for m in catalogue if m.is_open][:limit]
    if draft.side is not None:
        picks = [Option(label=m.base, draft=change(draft, market_ix=m.ix)) for m in markets]
        return [picks[:3], picks[3:]] if len(picks) > 3 else [picks]
    return [
        [
            Option(label=f"{word} {m.base}", draft=change(draft, market_ix=m.ix, side=side))
            for side, word in ((Side.LONG, "Long"), (Side.SHORT, "Short"))
        ]
        for m in markets
    ]


def side_options(draft: Draft) -> list[list[Option]]:
    return [
        [
            Option(label="Long", draft=change(draft, side=Side.LONG)),
            Option(label="Short", draft=change(draft, side=Side.SHORT)),
        ]
    ]


def collateral_options(draft: Draft, *, free_e6: int) -> list[list[Option]]:
    """Presets that the free cash covers, and shares of it, rounded down to whole dollars."""
    presets = [
        Option(label=format_usd(n).removesuffix(".00"), draft=change(draft, collateral_e6=n))
        for n in COLLATERAL_PRESETS_E6
        if n <= free_e6
    ]
    shares = [
        Option(
            label=f"{p} %: {n // E6:,}",
            draft=change(draft, collateral_e6=n),
        )
        for p in COLLATERAL_SHARES
        if (n := free_e6 * p // 100 // E6 * E6) > 0
    ]
    return [row for row in (presets, shares) if row]


def leverage_options(draft: Draft, market: Market, policy: Policy) -> list[list[Option]]:
    """The slider: presets inside the pair's and the person's range, the chosen one marked."""
    low, high = leverage_range(market, policy)
    values = {n for n in LEVERAGE_PRESETS_E10 if low <= n <= high}
    values |= {low, draft.leverage_e10} if not values else {draft.leverage_e10}
    return [
        [
            Option(
                label=("• " if n == draft.leverage_e10 else "") + format_leverage(n),
                draft=change(draft, leverage_e10=n, slider=True),
            )
            for n in sorted(values)
        ]
    ]


def leverage_range(market: Market, policy: Policy) -> tuple[int, int]:
    high = min(market.max_leverage_e10, policy.max_leverage_e10)
    return market.min_leverage_e10, max(high, market.min_leverage_e10)


def first_leverage(market: Market, policy: Policy) -> int:
    """Where the slider starts."""
    low, high = leverage_range(market, policy)
    return min(max(FIRST_LEVERAGE_E10, low), high)


def flat(rows: Iterable[Iterable[Option]]) -> tuple[Option, ...]:
    """Options in the order of their buttons: a button carries the index only."""
    return tuple(option for row in rows for option in row)
