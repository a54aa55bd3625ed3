"""One reader per kind of field: what it may hold, and a refusal that names it when it does not."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vanta.domain.enums import Side
from vanta.domain.errors import InputError, echo
from vanta.domain.units import ONE_E10, format_price, parse_percent_e10, parse_price_e10
from vanta.webhook.reply import Refused
from vanta.webhook.strict_json import JsonNumber

Fields = dict[str, Any]

MS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_GROUP: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_UNIX_MS: Final = re.compile(r"[0-9]{13}", re.ASCII)
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MAX_NOTE: Final = 256
_JOINERS: Final = "\u200c\u200d"  # several scripts and emoji need these two invisible ones
NO_STOP: Final = "none"


def check_plain(name: str, value: Any) -> None:
    """Refuse null and nesting before anything renders the value: `tp` alone may be a list."""
    if value is None:
        raise InputError("E-ARG", field=name, value="null", limit="a value, or no such field")
    items = value if isinstance(value, list) and name == "tp" else (value,)
    for item in items:
        if item is None or isinstance(item, list | dict):
            kind = "null" if item is None else "a list" if isinstance(item, list) else "an object"
            raise InputError("E-ARG", field=name, value=kind, limit="a plain value")


def read_text(fields: Fields, name: str) -> str:
    """Read a field that must be a JSON string."""
    value = fields[name]
    if not isinstance(value, str):
        raise InputError("E-ARG", field=name, value=value, limit="a text in quotes")
    return value


def read_number(fields: Fields, name: str, parse: Callable[..., int], example: str) -> int:
    """Parse an optional decimal string; 0 when absent."""
    if name not in fields:
        return 0
    return _decimal(fields[name], name, parse, example)


def _decimal(value: Any, name: str, parse: Callable[..., int], example: str) -> int:
    if isinstance(value, JsonNumber):
        # Many JSON libraries pass numbers through a float: the digits that arrive are then not
        # the digits that were meant, and the signature covers the wrong ones.
        raise InputError(
            "E-ARG",
            field=name,
            value=value.text,
            limit=f'a decimal in quotes such as "{example}": JSON numbers lose digits',
        )
    if not isinstance(value, str):
        raise InputError(
            "E-ARG", field=name, value=value, limit=f'a decimal in quotes such as "{example}"'
        )
    return parse(value, field=name)


def read_whole(fields: Fields, name: str, *, low: int, high: int) -> int:
    """Read an optional whole JSON number; 0 when absent."""
    if name not in fields:
        return 0
    value = fields[name]
    if isinstance(value, JsonNumber) and _WHOLE.fullmatch(value.text):
        number = int(value.text)
        if low <= number <= high:
            return number
    raise InputError("E-ARG", field=name, value=value, limit=f"a whole number from {low} to {high}")


def read_side(fields: Fields) -> Side | None:
    """Read `side`; None when absent."""
    if "side" not in fields:
        return None
    name = read_text(fields, "side")
    if name not in ("long", "short"):
        raise InputError("E-ARG", field="side", value=name, limit="long or short")
    return Side(name)


def read_stops(fields: Fields, side: Side | None) -> tuple[int, int]:
    """Read `tp` and `sl` as prices e10, 0 = none; `set_stops` may say "none" to take one away.

    With a side known, the two must lie on their proper sides of each other.
    """
    removable = fields["action"] == "set_stops"
    take_profit = _stop(fields, "tp", removable=removable)
    stop_loss = _stop(fields, "sl", removable=removable)
    if not (side and take_profit and stop_loss):
        return take_profit, stop_loss
    if take_profit == stop_loss or (take_profit > stop_loss) != side.is_long:
        beyond = "below" if side.is_long else "above"
        raise InputError(
            "E-ARG",
            field="sl",
            value=fields["sl"],
            limit=f"a price {beyond} tp {format_price(take_profit)} on a {side}",
        )
    return take_profit, stop_loss


def _stop(fields: Fields, name: str, *, removable: bool) -> int:
    value = fields.get(name)
    if name == "tp" and isinstance(value, list):
        if len(value) > 1:
            raise later("tp", f"{len(value)} levels", "more than one take-profit level")
        if not value:
            raise InputError("E-ARG", field="tp", value="[]", limit="a price")
        value = value[0]
    if value is None:
        return 0
    if removable and value == NO_STOP:
        return 0
    return _decimal(value, name, parse_price_e10, "63000")


def read_portion(fields: Fields) -> int:
    """Read `size` as a share of the position e10; the whole when absent."""
    if "size" not in fields:
        return ONE_E10
    value = fields["size"]
    if not isinstance(value, str) or not value.endswith("%"):
        raise InputError("E-ARG", field="size", value=value, limit='a percent such as "50%"')
    portion_e10 = parse_percent_e10(value, field="size")
    if portion_e10 > ONE_E10:
        raise InputError("E-ARG", field="size", value=value, limit="at most 100%")
    return portion_e10


def read_group(fields: Fields) -> str:
    """Read `group`: a name for signals that belong together."""
    if "group" not in fields:
        return ""
    group = read_text(fields, "group")
    if not _GROUP.fullmatch(group):
        raise InputError(
            "E-ARG", field="group", value=group, limit="1 to 64 of A-Z a-z 0-9 . _ : -"
        )
    return group


def read_note(fields: Fields) -> str:
    """Read `note`: words for people, shown in chats, so without characters that disguise."""
    if "note" not in fields:
        return ""
    note = read_text(fields, "note")
    if len(note) > _MAX_NOTE:
        raise InputError("E-ARG", field="note", value=note, limit=f"at most {_MAX_NOTE} characters")
    if not all(c.isprintable() or c in _JOINERS for c in note):
        raise InputError(
            "E-ARG",
            field="note",
            value=note,
            limit="visible text: no control, no invisible and no direction characters",
        )
    return note


def read_event_time(fields: Fields, *, attempt_ns: int, now_ns: int) -> int:
    """Read `ts`; without it the attempt's own time stands in, never later than now.

    An attempt time is made anew on each retry, so a sender that leaves `ts` out gives up the
    protection against late delivery by its own queue.
    """
    if "ts" not in fields:
        return min(attempt_ns, now_ns)
    value = fields["ts"]
    event_ns = 0
    if isinstance(value, JsonNumber) and _UNIX_MS.fullmatch(value.text):
        event_ns = int(value.text) * MS
    elif isinstance(value, str) and value.isascii() and len(value) <= 40:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            at = _EPOCH
        if at.tzinfo is not None:
            event_ns = (at - _EPOCH) // timedelta(microseconds=1) * 1_000
    if event_ns <= 0:
        raise InputError(
            "E-ARG", field="ts", value=value, limit="Unix milliseconds, or ISO 8601 with a zone"
        )
    return event_ns


def later(name: str, value: str, what: str) -> Refused:
    """Make the 422 for what is understood but not built yet."""
    return Refused(
        422,
        "E-ARG",
        f"Not available yet: {what}.",
        result="refused",
        field=name,
        value=echo(value),
        limit="not available yet",
    )
