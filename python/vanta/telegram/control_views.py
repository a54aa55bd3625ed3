"""A command's reply as messages: pages of words and narrow tables. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Final, NamedTuple

from vanta.domain.command import CommandInfo, Need, Reply, Table
from vanta.domain.errors import InputError
from vanta.domain.verdict import Reason
from vanta.telegram.text import COLUMNS, at_time, esc, input_error, pre

ITEMS: Final = 5
"""Rows of a table, or reasons of a refusal, on a page."""
CHARACTERS: Final = 460
"""A page with its title and what is asked stays near 500."""
MOST: Final = 3_500
"""What one message holds, with room to spare."""
LONGEST: Final = 1_000
"""A single line beyond this is cut: nobody reads it on a phone."""

_TYPED: Final = re.compile(r"`([^`\n]{1,100})`")
STEP_UP: Final = (
    "Never write a PIN here. A code of your authenticator may also be sent as "
    "<code>/stepup 123456</code>."
)


def pages(reply: Reply) -> tuple[str, ...]:
    """Render a reply; at least one page, the title on each."""
    head = _head(reply)
    found = _fill(_blocks(reply), CHARACTERS - len(head))
    if len(found) == 1:
        return (f"{head}\n{found[0]}".rstrip(),)
    return tuple(f"{head}  {n}/{len(found)}\n{page}" for n, page in enumerate(found, start=1))


def whole(reply: Reply) -> str:
    """Render a reply that asks for something: what one agrees to is never on another page."""
    body = _fill(_blocks(reply), MOST, rows=MOST)[0]
    return "\n".join(part for part in (_head(reply), body, asking(reply)) if part)


def asking(reply: Reply) -> str:
    """Say what the chat has to add to what is missing."""
    match reply.need:
        case Need.WORD:
            return "The word is your next message here; another one stops it."
        case Need.STEP_UP:
            return STEP_UP
        case _:
            return ""


def wish(info: CommandInfo, args: Sequence[str]) -> str:
    """Show what a question is about: the command as it will run, and what it does."""
    words = " ".join((f"/{info.name}", *args))[:LONGEST]
    return f"<code>{esc(words)}</code>\n{esc(info.summary)}."


def usage(info: CommandInfo) -> str:
    """Explain one command."""
    words = f"/{info.name} {info.usage}".rstrip()
    needs = [
        word
        for word, is_needed in (
            ("step-up", info.step_up),
            ("a confirm", info.confirm),
            (f"the word {info.word}", bool(info.word)),
            ("a second person", info.second_person),
        )
        if is_needed
    ]
    asks = f"\nAsks for {', '.join(needs)}." if needs else ""
    return f"<code>{esc(words)}</code>\n{esc(info.summary)}{asks}"


def not_understood(error: InputError, info: CommandInfo) -> str:
    """Say which word was not understood, what a good one is, and how the command is written."""
    if error.code == "E-SYM":
        return input_error(error)
    value, field, limit = (esc(part) for part in (error.value, error.field, error.limit))
    if not error.value:
        head = f"The {field} is missing: it needs {limit}."
    elif limit.startswith("the form "):
        head = f'I did not get "{value}".'
    else:
        head = f'I did not get "{value}" as {field}: it needs {limit}.'
    form = f"/{info.name} {info.usage}".rstrip()
    return f"{head}\nForm: <code>{esc(form)}</code> {esc(error.code)}"


def names(infos: Iterable[CommandInfo]) -> str:
    """List commands by group, for the help."""
    groups: dict[str, list[str]] = {}
    for info in infos:
        groups.setdefault(info.group, []).append(f"/{info.name}")
    return "\n".join(f"<b>{esc(group)}</b>  {' '.join(found)}" for group, found in groups.items())


class Block(NamedTuple):
    """A piece that stays whole; a row of a table names the head its page repeats."""

    text: str
    is_row: bool = False
    head: str = ""


def _head(reply: Reply) -> str:
    """The title, or a single reason that says it all."""
    if _says_it_all(reply):
        return _why(reply.reasons[0])
    # Telegram shows no code inside of bold.
    return f"<b>{esc(reply.title.replace('`', ''))}</b>"


def _says_it_all(reply: Reply) -> bool:
    return len(reply.reasons) == 1 and reply.reasons[0].text == reply.title


def _blocks(reply: Reply) -> Iterator[Block]:
    for line in reply.lines:
        yield Block(_words(line))
    for number, reason in enumerate(() if _says_it_all(reply) else reply.reasons, start=1):
        yield Block(f"{number}. {_why(reason)}")
    for table in reply.tables:
        yield from _rows(table)


def _why(reason: Reason) -> str:
    when = f" Again at {at_time(reason.resets_at_ns)} UTC." if reason.resets_at_ns else ""
    return f"{_words(reason.text)}{when} {esc(reason.code)}"


def _words(text: str) -> str:
    """Foreign words, inert; what stands in backticks is shown as it is typed."""
    return _TYPED.sub(r"<code>\1</code>", esc(text[:LONGEST]))


def _rows(table: Table) -> list[Block]:
    """Lay rows out side by side where they fit, else each as a small card."""
    every = [table.columns, *table.rows]
    widths = [max(len(row[i]) for row in every) for i in range(len(table.columns))]
    if sum(widths) + len(widths) - 1 > COLUMNS:
        return [Block("\n".join(_card(table.columns, row)), True) for row in table.rows]
    right = [_is_number(row[i] for row in table.rows) for i in range(len(table.columns))]

    def line(row: Sequence[str]) -> str:
        cells = zip(row, widths, right, strict=True)
        return " ".join(c.rjust(w) if is_right else c.ljust(w) for c, w, is_right in cells)

    return [Block(line(row), True, line(table.columns)) for row in table.rows]


def _card(columns: Sequence[str], row: Sequence[str]) -> list[str]:
    lines = wrap(" ".join(cell for cell in row[:2] if cell), COLUMNS) or ["-"]
    named = zip(columns[2:], row[2:], strict=True)
    rest = "  ".join(f"{name} {cell}" for name, cell in named if cell)
    return lines + [f" {line}" for line in wrap(rest[:LONGEST], COLUMNS - 1)]


def _is_number(cells: Iterable[str]) -> bool:
    found = [cell for cell in cells if cell and cell != "-"]
    return bool(found) and all(cell[0].isdigit() or cell[0] in "+-$" for cell in found)


def _fill(blocks: Iterable[Block], room: int, *, rows: int = ITEMS) -> list[str]:
    """Put blocks on pages: at most `rows` of tables and `room` characters on each."""
    done: list[list[Block]] = [[]]
    for block in blocks:
        page = done[-1]
        used = sum(len(other.text) + 1 for other in page)
        is_full = used + len(block.text) > room
        if page and (is_full or (block.is_row and sum(b.is_row for b in page) == rows)):
            page = []
            done.append(page)
        page.append(block)
    return [_join(page) for page in done]


def _join(page: Sequence[Block]) -> str:
    words = [block.text for block in page if not block.is_row]
    for head, rows in groupby((b for b in page if b.is_row), key=lambda block: block.head):
        lines = [line for block in rows for line in block.text.split("\n")]
        words.append(pre([head, *lines] if head else lines))
    return "\n".join(words)
