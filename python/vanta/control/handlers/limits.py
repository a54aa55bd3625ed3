"""Commands about limits: what is left of each, what a trade would meet, and changes."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from vanta import _core
from vanta.control.commands import Command, Plan
from vanta.control.handlers.limit_views import (
    described,
    described_preview,
    shown_limit,
    tables,
    waiting,
    would_be,
)
from vanta.control.limit_rows import after
from vanta.control.limits import MAX_PAUSE_H, LimitsOffice
from vanta.control.words import Words
from vanta.domain import exact, grammar
from vanta.domain.command import Actor, CommandInfo, Reply, Table
from vanta.domain.enums import Action, Side, Source
from vanta.domain.errors import InputError
from vanta.domain.intent import DEFAULT_SLIPPAGE_E10, Intent
from vanta.domain.limits import Way, find, names, parse
from vanta.domain.market import Catalogue
from vanta.domain.ports import Quotes
from vanta.domain.roles import Right
from vanta.domain.units import format_usd

LIMITS: Final = CommandInfo(
    name="limits",
    usage="[long|short BTC 100 25x]",
    summary="What is left of your limits, or what a trade would meet",
    group="Risk",
    right=Right.LOOK,
    menu=True,
)
SETRISK: Final = CommandInfo(
    name="setrisk",
    usage="[key value]",
    summary="Your own limits: tighter at once, looser later",
    group="Risk",
    right=Right.LOOK,
)
TIGHTEN: Final = msgspec.structs.replace(SETRISK, right=Right.TRADE)
LOOSEN: Final = msgspec.structs.replace(TIGHTEN, step_up=True)
BREAKER: Final = CommandInfo(
    name="breaker",
    usage="",
    summary="Whether your opens are paused, and until when",
    group="Risk",
    right=Right.LOOK,
)
PAUSE: Final = CommandInfo(
    name="pause",
    usage="[hours]",
    summary="Take no new positions for a while",
    group="Risk",
    right=Right.TRADE,
)
RESUME: Final = CommandInfo(
    name="resume",
    usage="",
    summary="End your pause early, after the wait",
    group="Risk",
    right=Right.TRADE,
    step_up=True,
)
SET_LIMIT: Final = CommandInfo(
    name="set_limit",
    usage="key value [user]",
    summary="A ceiling for all, or one person's limit",
    group="Super admin",
    right=Right.GOVERN,
    step_up=True,
)
WHAT_IF: Final = grammar.Form("limits long BTC 100 25x sl=-2%", grammar.OPEN.takes)
_VALUE: Final = "its new value, such as 20x"


class LimitCommands:
    """Reads words; the office of limits decides and writes down."""

    def __init__(self, *, office: LimitsOffice, catalogue: Catalogue, quotes: Quotes) -> None:
        self._office = office
        self._catalogue = catalogue
        self._quotes = quotes

    def commands(self) -> list[Command]:
        return [
            Command(LIMITS, self._read_limits),
            Command(SETRISK, self._read_setrisk),
            Command(BREAKER, self._read_breaker),
            Command(PAUSE, self._read_pause),
            Command(RESUME, self._read_resume),
            Command(SET_LIMIT, self._read_set_limit),
        ]

    # --- words ----------------------------------------------------------------------------------

    async def _read_limits(self, actor: Actor, words: Words) -> Plan:
        if not words.are_left:
            return Plan(LIMITS, partial(self._show, actor.user.id))
        return Plan(LIMITS, partial(self._what_if, self._intent(actor, words)))

    async def _read_setrisk(self, actor: Actor, words: Words) -> Plan:
        user_id = actor.user.id
        if not words.are_left:
            return Plan(SETRISK, partial(self._show_own, user_id))
        key, value = words.need("key", _keys(own=True)), _value(words)
        is_looser = await self._office.way(user_id, key, value) is Way.LOOSER
        act = partial(self._office.set_risk, actor, user_id, key, value, stepped_up=is_looser)
        return Plan(LOOSEN if is_looser else TIGHTEN, act)

    async def _read_breaker(self, actor: Actor, _words: Words) -> Plan:
        return Plan(BREAKER, partial(self._office.breaker, actor.user.id))

    async def _read_pause(self, actor: Actor, words: Words) -> Plan:
        hours = words.whole("hours", low=1, high=MAX_PAUSE_H) if words.are_left else 1
        return Plan(PAUSE, partial(self._office.pause, actor, hours))

    async def _read_resume(self, actor: Actor, _words: Words) -> Plan:
        return Plan(RESUME, partial(self._office.end_pause, actor, stepped_up=True))

    async def _read_set_limit(self, actor: Actor, words: Words) -> Plan:
        key, value = words.need("key", _keys(own=False)), words.need("value", _VALUE)
        user_id = words.user_id() if words.are_left else None
        parse(find(key, own=False), value, self._catalogue)  # before anybody is asked for a PIN
        return Plan(SET_LIMIT, partial(self._office.set_limit, actor, key, value, user_id))

    def _intent(self, actor: Actor, words: Words) -> Intent:
        side, rest = _side(words.text("trade").split())
        said = grammar.parse(" ".join(rest), self._catalogue, WHAT_IF)
        if said.market is None or not said.collateral_e6 or not said.leverage_e10:
            limit = f"market, amount and leverage, as in {WHAT_IF.example}"
            raise InputError("E-ARG", field="trade", value=" ".join(words.given), limit=limit)
        price_e10 = self._quotes.quote(said.market.ix).price_e10
        entry_e10 = price_e10 and _core.execution_price(
            price_e10=price_e10,
            spread_e10=said.market.spread_e10,
            is_long=side.is_long,
            is_open=True,
        )

        def level(stop: grammar.Stop | None, kind: str) -> int:
            if stop is None or not (entry_e10 or stop.price_e10):
                return 0
            return grammar.stop_price(
                stop, kind=kind, side=side, entry_e10=entry_e10, leverage_e10=said.leverage_e10
            )

        return Intent(
            user_id=actor.user.id,
            source=Source.ADMIN,
            ref="what-if",
            action=Action.OPEN,
            trace_id=actor.trace_id,
            market_ix=said.market.ix,
            side=side,
            collateral_e6=said.collateral_e6,
            leverage_e10=said.leverage_e10,
            take_profit_e10=level(said.take_profit, "tp"),
            stop_loss_e10=level(said.stop_loss, "sl"),
            max_slippage_e10=said.slippage_e10 or DEFAULT_SLIPPAGE_E10,
        )

    # --- looking --------------------------------------------------------------------------------

    async def described(self, user_id: int) -> dict[str, Any]:
        """Return the ledger as programs read it. Raises `NotFoundError`."""
        return described(await self._office.ledger(user_id), await self._office.pending(user_id))

    async def _show(self, user_id: int) -> Reply:
        found = await self._office.ledger(user_id)
        pending = await self._office.pending(user_id)
        return Reply(
            title="Limits",
            lines=tuple(waiting(pending)),
            tables=tables(found.rows, found.at_ns),
            data=described(found, pending),
        )

    async def _show_own(self, user_id: int) -> Reply:
        found = await self._office.ledger(user_id)
        pending = await self._office.pending(user_id)
        own = [row for row in found.rows if row.is_own]
        rows = tuple((row.key, shown_limit(row, self._catalogue)) for row in own)
        return Reply(
            title="Your limits",
            lines=("Change: setrisk key value", *waiting(pending)),
            tables=(Table(columns=("Key", "Now"), rows=rows),),
            data=described(found, pending),
        )

    async def _what_if(self, intent: Intent) -> Reply:
        before = await self._office.ledger(intent.user_id)
        preview = await self._office.what_if(intent.user_id, intent)
        then = after(before, intent, preview)
        verdict = preview.verdict
        lines = [
            f"Size {format_usd(preview.notional_e6)}, "
            f"worst loss {format_usd(preview.worst_loss_e6)} "
            f"of {format_usd(preview.equity_e6)}",
            *(f"{r.text} {r.code}" for r in verdict.reasons),
        ]
        if verdict.nearest_collateral_e6:
            lines.append(f"Would pass now: {format_usd(verdict.nearest_collateral_e6)} USDC")
        return Reply(
            title="This would pass." if verdict.ok else "This would not pass.",
            lines=tuple(lines),
            tables=(would_be(then.rows),),
            data={
                **described(then, ()),
                "what_if": {"verdict": exact.verdict(verdict), **described_preview(preview)},
            },
        )


def _side(words: Sequence[str]) -> tuple[Side, list[str]]:
    """Take the side out of the words of a trade, wherever it stands; long when it is not said."""
    said = [word for word in words if word.lower() in _SIDES]
    if len(said) > 1:
        raise InputError("E-ARG", field="side", value=said[1], limit="to be said once")
    side = Side(said[0].lower()) if said else Side.LONG
    return side, [word for word in words if word not in said]


_SIDES: Final = frozenset(side.value for side in Side)


def _keys(*, own: bool) -> str:
    return "one of " + ", ".join(names(own=own))


def _value(words: Words) -> str:
    # `10 %` and `BTC, ETH` are one value each.
    return words.need("value", _VALUE) + words.text("value").replace(" ", "")
