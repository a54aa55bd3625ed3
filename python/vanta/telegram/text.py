"""Words and tables of the chat: escaping, short times, errors. Pure.

Everything foreign goes through `esc`. Tables stay under 34 columns: a phone shows them whole.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Final

from vanta.domain.enums import Mode, Quality
from vanta.domain.errors import InputError, echo
from vanta.domain.units import ONE_E10
from vanta.domain.verdict import Reason

COLUMNS: Final = 33
EXAMPLE: Final = "/long BTC 100 25x sl=-2%"
YOURS: Final = "one of "
"""Before a command: the limit of a number that names nothing of this person's."""
_SECOND: Final = 10**9

QUALITY_WORDS: Final = {
    Quality.GOOD: "good",
    Quality.DEGRADED: "fair",
    Quality.SINGLE: "one source",
    Quality.FALLBACK: "fallback",
    Quality.STALE: "stale",
    Quality.CONFLICT: "conflict",
    Quality.CLOSED: "closed",
    Quality.CLOCK_SUSPECT: "clock?",
    Quality.NONE: "none",
}


def esc(text: str) -> str:
    """Make foreign text inert inside HTML."""
    return escape(text, quote=False)


def tag(mode: Mode) -> str:
    """Mode tag: first in each message about money."""
    return f"[{mode.value}]"


def pre(lines: Iterable[str]) -> str:
    """A table; trailing blanks go, wide lines are the caller's bug and are cut visibly."""
    bare = (line.rstrip() for line in lines)
    cut = (line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…" for line in bare)
    return "<pre>" + "\n".join(map(esc, cut)) + "</pre>"


def share(ratio_e10: int, *, places: int = 2) -> str:
    """A signed percent without a blank, for tables, to the nearest last digit: `-3.39%`."""
    scaled = (abs(ratio_e10) * 100 * 10**places + ONE_E10 // 2) // ONE_E10
    whole, rest = divmod(scaled, 10**places)
    sign = "" if scaled == 0 else "-" if ratio_e10 < 0 else "+"
    return f"{sign}{whole}.{rest:0{places}d}%" if places else f"{sign}{whole}%"


def percent_up(part_e6: int, whole_e6: int) -> str:
    """A part as percent, to the next tenth up: a risk is never shown smaller than it is."""
    tenths = -(-part_e6 * 1_000 // whole_e6)
    return f"{tenths // 10}.{tenths % 10} %"


def how_long(ns: int) -> str:
    """A duration as people say it: `45s`, `12m`, `2h 14m`, `3d 4h`."""
    seconds = max(ns, 0) // _SECOND
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes:02d}m"
    return f"{hours // 24}d {hours % 24}h"


def at_time(ns: int) -> str:
    """Wall time in UTC: `14:02:11`."""
    return datetime.fromtimestamp(ns // _SECOND, UTC).strftime("%H:%M:%S")


def input_error(error: InputError) -> str:
    """What was not understood, what a good one looks like, the code last."""
    value = esc(error.value)
    if error.code == "E-SYM":
        near = esc(error.limit.removeprefix("one of "))
        return f'No market "{value}". Did you mean {near}? E-SYM'
    if "not available yet" in error.limit:
        return f'"{value}" is not available yet. Nothing was sent. E-ARG'
    field, limit = esc(error.field), esc(error.limit)
    if limit.startswith(YOURS + "/"):
        return f"You have no {field} {value}. {limit.removeprefix(YOURS)} shows yours. {error.code}"
    role = "" if field == "word" else f" as {field}"
    text = f'I did not get "{value}"{role}: it needs {limit}.'
    # A limit that names a command is its own example.
    return f"{text} {error.code}" if "/" in limit else _with_example(text, error.code)


def _with_example(text: str, code: str) -> str:
    return f"{text}\nExample: <code>{EXAMPLE}</code> {code}"


def not_understood(text: str) -> str:
    return f'I did not get "{esc(echo(text))}". /help shows what I understand. E-ARG'


def reasons(verdict_reasons: Iterable[Reason], limit: int = 5) -> list[str]:
    """Numbered reasons of a refusal, each with its code last."""
    rows = list(verdict_reasons)
    lines = [f"{n}. {esc(r.text)} {r.code}" for n, r in enumerate(rows[:limit], start=1)]
    if len(rows) > limit:
        lines.append(f"… and {len(rows) - limit} more")
    return lines
