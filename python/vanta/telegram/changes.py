"""Changes of open positions: closing all, one or a part, and new stops.

Always a preview first, then one confirm.
"""

from collections.abc import Mapping, Sequence

import msgspec

from vanta.domain.enums import Action
from vanta.domain.errors import InputError
from vanta.domain.grammar import STOPS, Request, Stop, stop_price
from vanta.domain.intent import Intent
from vanta.domain.policy import User
from vanta.domain.position import Position
from vanta.domain.units import ONE_E10, format_price, format_usd
from vanta.telegram import keyboards, views
from vanta.telegram.callback import new_nonce
from vanta.telegram.context import Room
from vanta.telegram.drafts import Option
from vanta.telegram.flow import View
from vanta.telegram.office import TICKET_LIFE_S, Office
from vanta.telegram.text import YOURS, esc, pre, reasons, tag

PAGE = 5
STOP_MOVES = (1, 2, 5)  # percent of the price, against the position
TARGET_MOVES = (2, 5, 10)  # percent of the price, in its favour
_PERCENT = ONE_E10 // 100


def refs_for(root: str, positions: Sequence[Position]) -> dict[int, str]:
    """One ref a position, so that closing several is as repeatable as closing one."""
    return {position.id: f"{root}.{position.id}" for position in positions}


class Changes:
    """Closes and stops of a person's own positions."""

    def __init__(self, room: Room, office: Office) -> None:
        self._room = room
        self._office = office

    # --- looking ----------------------------------------------------------------------------

    async def listing(self, user: User, page: int) -> View:
        """Open positions, newest first, five a page."""
        items = list(reversed(await self._room.stores.positions.open_of(user.id)))
        if not items:
            return View(f"{tag(self._room.mode)} No open positions. /long starts one.")
        pages = -(-len(items) // PAGE)
        page = min(max(page, 0), pages - 1)
        shown = items[page * PAGE : (page + 1) * PAGE]
        looks = [self._room.look(item)[0] for item in shown]
        rows = []
        for look in looks:
            item = look.position
            name = f"#{item.id} {item.side.name} {self._room.market(item.market_ix).base}"
            pnl = format_usd(look.pnl_e6, signed=True) if look.mark_e10 else "no price"
            rows.append(f"{name:<18}{pnl:>14}")
        total = sum(self._room.look(item)[0].pnl_e6 for item in items)
        if len(items) > 1:
            label = "Together" if pages == 1 else f"All {len(items)}"
            rows.append(f"{label:<18}{format_usd(total, signed=True):>14}")
        count = f"{len(items)} open" if pages == 1 else f"page {page + 1} of {pages}"
        text = f"{tag(self._room.mode)} <b>Positions</b>, {count}\n{pre(rows)}"
        labels = [
            f"#{item.id} {item.side.name} {self._room.market(item.market_ix).base}"
            for item in shown
        ]
        return View(text, keyboards.positions(shown, labels, page, pages))

    def card(self, position: Position) -> View:
        """One position with its buttons."""
        market = self._room.market(position.market_ix)
        if not position.is_open:
            return View(views.closed(position, market))
        look, quality = self._room.look(position)
        now_ns = self._room.clock.now_ns()
        text = views.position(look, market, now_ns=now_ns, quality=quality)
        return View(text, keyboards.position(position))

    # --- closing ----------------------------------------------------------------------------

    async def find(self, user: User, request: Request) -> list[Position]:
        """The open positions a close command means.

        Raises `InputError` when there are none.
        """
        items = await self._room.stores.positions.open_of(user.id)
        if request.position_id:
            found = [p for p in items if p.id == request.position_id]
            said = f"#{request.position_id}"
        elif request.market is not None:
            found = [p for p in items if p.market_ix == request.market.ix]
            said = request.market.symbol
        else:
            found, said = items, "all"
        if not found:
            raise InputError("E-ARG", field="open position", value=said, limit=YOURS + "/positions")
        return found

    async def close(
        self,
        user: User,
        chat_id: int,
        positions: Sequence[Position],
        portion_e10: int,
        *,
        refs: Mapping[int, str],
    ) -> View:
        """Preview a close of one or several, to be confirmed; `refs` by position."""
        many = len(positions) > 1
        intents = [
            msgspec.structs.replace(
                self._office.position_intent(
                    user.id,
                    Action.CLOSE,
                    ref=refs[position.id],
                    position_id=position.id,
                    market_ix=position.market_ix,
                ),
                side=position.side,
                portion_e10=portion_e10,
                guard_price_e10=self._room.desk.quote(position.market_ix).price_e10,
            )
            for position in positions
        ]
        if not many:
            preview = await self._room.desk.preview(intents[0])
            if not preview.verdict.ok:
                return self._refused(intents[0], reasons(preview.verdict.reasons))
        nonce = await self._office.ticket(user.id, chat_id, *intents)
        keyboard = keyboards.confirm(nonce, life_s=TICKET_LIFE_S)
        if many:
            return View(self._close_many_text(positions, portion_e10), keyboard)
        market = self._room.market(positions[0].market_ix)
        look, quality = self._room.look(positions[0])
        text = views.close_preview(look, market, portion_e10=portion_e10, quality=quality)
        return View(text, keyboard)

    def _close_many_text(self, positions: Sequence[Position], portion_e10: int) -> str:
        looks = [self._room.look(position)[0] for position in positions]
        rows = []
        for look in looks[:PAGE]:
            item = look.position
            name = f"#{item.id} {item.side.name} {self._room.market(item.market_ix).base}"
            pnl = format_usd(look.pnl_e6 * portion_e10 // ONE_E10, signed=True)
            rows.append(f"{name:<18}{pnl:>14}")
        if len(looks) > PAGE:
            rows.append(f"… and {len(looks) - PAGE} more")
        total = sum(look.pnl_e6 for look in looks) * portion_e10 // ONE_E10
        rows.append(f"{'Together':<18}{format_usd(total, signed=True):>14}")
        part = "" if portion_e10 == ONE_E10 else f" {portion_e10 // _PERCENT} % of"
        head = f"{tag(self._room.mode)} <b>Close{part} {len(positions)} positions</b>"
        return f"{head}\n{pre(rows)}\nBefore fees, at the price of this moment."

    # --- stops ------------------------------------------------------------------------------

    async def stops_menu(self, user: User, chat_id: int, position: Position) -> View:
        """Presets for both stops, measured from the price."""
        market = self._room.market(position.market_ix)
        mark = self._room.desk.quote(position.market_ix).price_e10 or position.entry_e10
        ref = new_nonce()
        away = -1 if position.side.is_long else 1
        stops = [
            self._stop_option(user, position, ref, f"SL {away * m:+d} %", mark, sl=away * m)
            for m in STOP_MOVES
        ]
        targets = [
            self._stop_option(user, position, ref, f"TP {-away * m:+d} %", mark, tp=-away * m)
            for m in TARGET_MOVES
        ]
        take_e10, stop_e10 = position.take_profit_e10, position.stop_loss_e10
        clear = []
        if stop_e10:
            intent = self._stop_intent(user, position, ref, take_e10, 0)
            clear.append(Option(label="No SL", intent=intent))
        if take_e10:
            intent = self._stop_intent(user, position, ref, 0, stop_e10)
            clear.append(Option(label="No TP", intent=intent))
        rows = [row for row in (stops, targets, clear) if row]
        nonce = await self._office.menu(user.id, chat_id, None, rows)
        back = keyboards.button("Back", "pos", position.id)
        head = views.headline(market, f"#{position.id} {position.side.name}", position.leverage_e10)
        text = (
            f"{tag(position.mode)} {head}\nStops from the price {format_price(mark)}. "
            f"Any other: <code>/tpsl #{position.id} sl=61000 tp=+5%</code>"
        )
        return View(text, keyboards.board([*keyboards.option_rows(rows, nonce), [back]]))

    async def typed_stops(self, user: User, chat_id: int, request: Request, *, ref: str) -> View:
        """`/tpsl #12 tp= sl=`."""
        if not request.position_id or (request.take_profit is None and request.stop_loss is None):
            raise InputError(
                "E-ARG", field="stops", value="/tpsl", limit=f"the form {STOPS.example}"
            )
        position = (await self.find(user, request))[0]
        mark = self._room.desk.quote(position.market_ix).price_e10 or position.entry_e10
        take = self._level(position, request.take_profit, "tp", mark, position.take_profit_e10)
        stop = self._level(position, request.stop_loss, "sl", mark, position.stop_loss_e10)
        intent = self._stop_intent(user, position, ref, take, stop)
        return await self.confirm_stops(user, chat_id, intent)

    async def confirm_stops(self, user: User, chat_id: int, intent: Intent) -> View:
        """Preview new stops, to be confirmed."""
        intent = msgspec.structs.replace(intent, expires_ns=self._office.expires_ns())
        preview = await self._room.desk.preview(intent)
        if not preview.verdict.ok:
            return self._refused(intent, reasons(preview.verdict.reasons))
        nonce = await self._office.ticket(user.id, chat_id, intent)
        market = self._room.market(intent.market_ix)
        levels = [
            views.line(label, format_price(level) if level else "none")
            for label, level in (("SL", intent.stop_loss_e10), ("TP", intent.take_profit_e10))
        ]
        text = f"{tag(intent.mode)} <b>New stops of #{intent.position_id} {esc(market.symbol)}</b>"
        return View(f"{text}\n{pre(levels)}", keyboards.confirm(nonce, life_s=TICKET_LIFE_S))

    def _level(
        self, position: Position, stop: Stop | None, kind: str, mark_e10: int, kept_e10: int
    ) -> int:
        if stop is None:
            return kept_e10
        return stop_price(
            stop,
            kind=kind,
            side=position.side,
            entry_e10=mark_e10,
            leverage_e10=position.leverage_e10,
        )

    def _stop_option(
        self,
        user: User,
        position: Position,
        ref: str,
        label: str,
        mark_e10: int,
        *,
        sl: int = 0,
        tp: int = 0,
    ) -> Option:
        stop = Stop(move_e10=sl * _PERCENT) if sl else None
        target = Stop(move_e10=tp * _PERCENT) if tp else None
        take_e10 = self._level(position, target, "tp", mark_e10, position.take_profit_e10)
        stop_e10 = self._level(position, stop, "sl", mark_e10, position.stop_loss_e10)
        return Option(
            label=label, intent=self._stop_intent(user, position, ref, take_e10, stop_e10)
        )

    def _stop_intent(
        self, user: User, position: Position, ref: str, take_e10: int, stop_e10: int
    ) -> Intent:
        return msgspec.structs.replace(
            self._office.position_intent(
                user.id,
                Action.SET_STOPS,
                ref=ref,
                position_id=position.id,
                market_ix=position.market_ix,
            ),
            side=position.side,
            take_profit_e10=take_e10,
            stop_loss_e10=stop_e10,
        )

    def _refused(self, intent: Intent, lines: list[str]) -> View:
        market = self._room.market(intent.market_ix)
        head = f"{tag(intent.mode)} Not sent: {views.wish(intent, market)}"
        return View("\n".join([head, *lines]), keyboards.back(intent.position_id))
