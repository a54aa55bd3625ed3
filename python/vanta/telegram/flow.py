"""The way from a half-said trade to a ticket: one message asks for what is missing.

market (and side) -> collateral -> leverage on the ticket itself -> confirm
"""

from typing import NamedTuple

from aiogram.types import InlineKeyboardMarkup

from vanta.domain.intent import Intent, new_trace_id
from vanta.domain.policy import User
from vanta.domain.units import format_leverage, format_usd
from vanta.domain.verdict import Verdict
from vanta.telegram import drafts, keyboards, views
from vanta.telegram.callback import new_nonce
from vanta.telegram.context import Room
from vanta.telegram.drafts import Draft, Option, change
from vanta.telegram.office import TICKET_LIFE_S, Office
from vanta.telegram.text import esc, tag


class View(NamedTuple):
    """Words and buttons of one message."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


class Flow:
    """Guided opens."""

    def __init__(self, room: Room, office: Office) -> None:
        self._room = room
        self._office = office

    async def demo(self, user: User, chat_id: int) -> View:
        """First contact: from here three taps lead to a DRY fill."""
        return await self.advance(user, chat_id, Draft(ref=new_nonce()))

    async def advance(self, user: User, chat_id: int, draft: Draft) -> View:
        """Show the next step of a draft."""
        room = self._room
        if draft.market_ix < 0:
            rows = drafts.market_options(draft, room.catalogue)
            word = f"{draft.side.name} which market?" if draft.side else "Which market, which way?"
            return await self._step(user, chat_id, draft, f"{tag(room.mode)} {word}", rows)
        market = room.market(draft.market_ix)
        if draft.side is None:
            head = f"{tag(room.mode)} <b>{esc(market.symbol)}</b>: long or short?"
            return await self._step(user, chat_id, draft, head, drafts.side_options(draft))
        if not draft.collateral_e6:
            free = room.desk.exposure(user.id).free_e6
            head = (
                f"{tag(room.mode)} {views.headline(market, draft.side.name, draft.leverage_e10)}\n"
                f"How much margin? {format_usd(free)} USDC are free."
            )
            rows = drafts.collateral_options(draft, free_e6=free)
            return await self._step(user, chat_id, draft, head, rows)
        policy = room.desk.policy(user.id)
        if not draft.leverage_e10:
            first = drafts.first_leverage(market, policy)
            draft = change(draft, leverage_e10=first, slider=True)
        intent, preview = await self._office.offer(user.id, draft, trace_id=new_trace_id())
        if not preview.verdict.ok:
            return await self.refusal(user, chat_id, intent, preview.verdict, draft)
        slider = drafts.leverage_options(draft, market, policy) if draft.slider else []
        nonce = await self._office.ticket(user.id, chat_id, intent, draft=draft, rows=slider)
        return View(
            views.ticket(intent, preview, market, policy),
            keyboards.ticket(nonce, life_s=TICKET_LIFE_S, slider=slider),
        )

    async def refusal(
        self, user: User, chat_id: int, intent: Intent, verdict: Verdict, draft: Draft
    ) -> View:
        """The why-card of an open, with the buttons that mend it. `draft.ref` must be unused."""
        market = self._room.market(intent.market_ix)
        rows = []
        if verdict.nearest_collateral_e6:
            label = f"Use {views.usd_short(verdict.nearest_collateral_e6)}"
            nearest = change(draft, collateral_e6=verdict.nearest_collateral_e6)
            rows.append([Option(label=label, draft=nearest)])
        if any(reason.code == "E-LEV" for reason in verdict.reasons):
            policy = self._room.desk.policy(user.id)
            low, high = drafts.leverage_range(market, policy)
            fit = min(max(draft.leverage_e10, low), high)
            label = f"Use {format_leverage(fit)}"
            rows.append([Option(label=label, draft=change(draft, leverage_e10=fit))])
        rows.append(
            [
                Option(label="Other size", draft=change(draft, collateral_e6=0, slider=True)),
                Option(label="Try again", draft=draft),
            ]
        )
        nonce = await self._office.menu(user.id, chat_id, draft, rows)
        return View(
            views.refusal(intent, verdict, market),
            keyboards.board([*keyboards.option_rows(rows, nonce), [keyboards.limits()]]),
        )

    async def suggest(self, user: User, chat_id: int, text: str, options: list[Option]) -> View:
        """A mistake with the buttons that mend it."""
        nonce = await self._office.menu(user.id, chat_id, None, [options])
        return View(text, keyboards.board(keyboards.option_rows([options], nonce)))

    async def _step(
        self, user: User, chat_id: int, draft: Draft, text: str, rows: list[list[Option]]
    ) -> View:
        nonce = await self._office.menu(user.id, chat_id, draft, rows)
        return View(text, keyboards.step(rows, nonce))
