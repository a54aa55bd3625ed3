"""Inline keyboards."""

from collections.abc import Iterable, Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from vanta.domain.position import Position
from vanta.telegram.callback import encode
from vanta.telegram.drafts import Option

Rows = list[list[InlineKeyboardButton]]


def button(text: str, verb: str, ref: str | int) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=encode(verb, ref))


def board(rows: Iterable[Iterable[InlineKeyboardButton]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[list(row) for row in rows if row])


def option_rows(rows: Sequence[Sequence[Option]], nonce: str) -> Rows:
    """Number the options row by row, as `drafts.flat` does."""
    made: Rows = []
    index = 0
    for row in rows:
        line = []
        for option in row:
            line.append(button(option.label, f"p{index}", nonce))
            index += 1
        made.append(line)
    return made


def step(rows: Sequence[Sequence[Option]], nonce: str) -> InlineKeyboardMarkup:
    """A guided step."""
    return board([*option_rows(rows, nonce), [button("Cancel", "no", nonce)]])


def ticket(nonce: str, *, life_s: int, slider: Sequence[Sequence[Option]]) -> InlineKeyboardMarkup:
    """Confirm, change, leave."""
    return board(
        [
            *option_rows(slider, nonce),
            [button(f"Confirm {life_s}s", "go", nonce)],
            [button("Edit", "edit", nonce), button("Cancel", "no", nonce)],
        ]
    )


def confirm(nonce: str, *, life_s: int) -> InlineKeyboardMarkup:
    """Confirm of a close or of new stops."""
    return board([[button(f"Confirm {life_s}s", "go", nonce), button("Cancel", "no", nonce)]])


def start() -> InlineKeyboardMarkup:
    return board(
        [
            [button("Demo: first DRY trade", "demo", 0)],
            [button("Prices", "prices", 0), button("Positions", "list", 0)],
            [button("Status", "status", 0), button("Help", "help", 0)],
        ]
    )


def position(item: Position) -> InlineKeyboardMarkup:
    return board(
        [
            [
                button("Close", "close", item.id),
                button("50 %", "half", item.id),
                button("TP/SL", "stops", item.id),
            ],
            [
                button("Why", "whypos", item.id),
                button("All", "list", 0),
                button("Refresh", "pos", item.id),
            ],
        ]
    )


def positions(
    items: Sequence[Position], labels: Sequence[str], page: int, pages: int
) -> InlineKeyboardMarkup:
    rows: Rows = [
        [button(label, "pos", item.id)] for item, label in zip(items, labels, strict=True)
    ]
    turn = []
    if page > 0:
        turn.append(button("‹ Newer", "list", page - 1))
    if page + 1 < pages:
        turn.append(button("Older ›", "list", page + 1))
    rows.append(turn)
    rows.append([button("Refresh", "list", page), button("Close all", "closeall", 0)])
    return board(rows)


def market(market_ix: int) -> InlineKeyboardMarkup:
    return board(
        [
            [button("Long", "long", market_ix), button("Short", "short", market_ix)],
            [button("All", "prices", 0), button("Refresh", "price", market_ix)],
        ]
    )


def limits() -> InlineKeyboardButton:
    """Shows the limits in a message of its own; the card stays."""
    return button("Limits", "limits", 0)


def back(position_id: int) -> InlineKeyboardMarkup:
    return board([[button("Back", "pos", position_id)]])


def why(order_id: int) -> InlineKeyboardMarkup:
    return board([[button("Why", "why", order_id)]])


def refresh(verb: str, ref: str | int = 0) -> InlineKeyboardMarkup:
    return board([[button("Refresh", verb, ref)]])
