"""From the wire to the canonical signal: which fields an action takes, and what each may hold.

Fields that an action does not use are refused, not ignored: a sender that believes in a stop which
nobody reads loses money. What is understood but not built yet answers 422, so that the sender knows
the field is right and the time is early.
"""

import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec

from vanta.domain.enums import Side
from vanta.domain.errors import InputError, echo
from vanta.domain.market import Catalogue, Market
from vanta.domain.signal import Signal, SignalAction
from vanta.domain.units import (
    I64_MAX,
    ONE_E10,
    format_leverage,
    format_price,
    format_usd,
    parse_percent_e10,
    parse_price_e10,
    parse_ratio_e10,
    parse_usd_e6,
)
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import Refused
from vanta.webhook.strict_json import JsonNumber, decode_object

_MS: Final = 1_000_000
_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_COMMON: Final = ("id", "seq", "ts", "action", "max_age_ms", "group", "note")
_PRICED: Final = ("max_slip_pct", "guard_price", "entry")
_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "open": ("market", "side", "leverage", "collateral"),
    "close": ("market",),
    "reduce": ("market", "size"),
    "flat": (),
    "set_stops": ("market", "tp", "sl"),
}
_OPTIONAL: Final[dict[str, tuple[str, ...]]] = {
    "open": ("tp", "sl", *_PRICED),
    "close": ("side", "size", *_PRICED),
    "reduce": ("side", *_PRICED),
    "flat": ("market", "side", *_PRICED),
    "set_stops": ("side",),
}
_FIELDS: Final = (
    *("id", "seq", "ts", "action", "market", "side", "leverage", "collateral", "size", "entry"),
    *("tp", "sl", "trail", "max_age_ms", "max_slip_pct", "guard_price", "group", "note"),
)
_LATER_ACTIONS: Final = ("increase", "cancel", "target")
_LATER_FIELDS: Final = {"trail": "a trailing stop", "size": "a size on open; give collateral"}

_GROUP: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_UNIX_MS: Final = re.compile(r"[0-9]{13}", re.ASCII)
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_MAX_NOTE: Final = 256
_JOINERS: Final = (
    "\u200c\u200d"  # several scripts and emoji need them; all else invisible is refused
)
NO_STOP: Final = "none"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers said about this delivery."""

    message_id: str
    attempt_ns: int
    now_ns: int


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A body that passed: the canonical signal and the sender's sequence number (0 = none)."""

    signal: Signal
    seq: int


def read_signal(
    body: bytes, *, envelope: Envelope, catalogue: Catalogue, limits: DoorLimits
) -> Accepted:
    """Decode and check a body. Raises `Refused` 400 or 422 naming field, value and limit."""
    try:
        return _read(decode_object(body), envelope, catalogue, limits)
    except InputError as error:
        raise Refused(
            400,
            error.code,
            _sentence(error),
            result="malformed",
            field=error.field,
            value=error.value,
            limit=error.limit,
        ) from None


def _read(
    fields: dict[str, Any], envelope: Envelope, catalogue: Catalogue, limits: DoorLimits
) -> Accepted:
    for name in fields:
        if name not in _FIELDS:
            raise _unknown_field(name)
    for name, value in fields.items():
        _check_plain(name, value)
    action = _action(fields)
    _check_presence(fields, action)
    if "id" in fields and _text(fields, "id") != envelope.message_id:
        raise InputError(
            "E-ARG", field="id", value=fields["id"], limit="the same id as the header webhook-id"
        )
    market = catalogue.resolve(_text(fields, "market")) if "market" in fields else None
    side = _side(fields)
    leverage_e10 = _number(fields, "leverage", parse_ratio_e10, "20")
    collateral_e6 = _number(fields, "collateral", parse_usd_e6, "100.25")
    take_profit_e10, stop_loss_e10 = _stops(fields, side)
    guard = "guard_price" if "guard_price" in fields else "entry"
    slippage_e10 = _number(fields, "max_slip_pct", parse_percent_e10, "0.5")
    if slippage_e10 >= ONE_E10:
        raise InputError(
            "E-ARG", field="max_slip_pct", value=fields["max_slip_pct"], limit="less than 100"
        )
    _number(fields, "entry", parse_price_e10, "61240.5")
    event_ns = _event_time(fields, envelope)
    signal = Signal(
        action=action,
        market_ix=market.ix if market else None,
        side=side,
        leverage_e10=leverage_e10,
        collateral_e6=collateral_e6,
        portion_e10=_portion(fields),
        take_profit_e10=take_profit_e10,
        stop_loss_e10=stop_loss_e10,
        max_slippage_e10=slippage_e10,
        guard_price_e10=_number(fields, guard, parse_price_e10, "61240.5"),
        event_ns=event_ns,
        expires_ns=event_ns + _max_age_ns(fields, action, limits),
        group=_group(fields),
        note=_note(fields),
    )
    seq = _whole(fields, "seq", low=0, high=I64_MAX)
    if market:
        _check_caps(signal, market, limits)
    _check_age(signal, envelope.now_ns, limits)
    return Accepted(signal=signal, seq=seq)


def _check_plain(name: str, value: Any) -> None:
    """Refuse null and nesting before anything renders the value: `tp` alone may be a list."""
    if value is None:
        raise InputError("E-ARG", field=name, value="null", limit="a value, or no such field")
    items = value if isinstance(value, list) and name == "tp" else (value,)
    for item in items:
        if item is None or isinstance(item, list | dict):
            kind = "null" if item is None else "a list" if isinstance(item, list) else "an object"
            raise InputError("E-ARG", field=name, value=kind, limit="a plain value")


def _action(fields: dict[str, Any]) -> SignalAction:
    if "action" not in fields:
        raise _missing("action", "")
    name = _text(fields, "action")
    if name in _LATER_ACTIONS:
        raise _later("action", name, f'the action "{name}"')
    if name not in _REQUIRED:
        raise InputError(
            "E-ARG", field="action", value=name, limit="one of " + ", ".join(_REQUIRED)
        )
    return cast(SignalAction, name)


def _check_presence(fields: dict[str, Any], action: str) -> None:
    for name in _REQUIRED[action]:
        if name not in fields:
            raise _missing(name, action)
    allowed = (*_COMMON, *_REQUIRED[action], *_OPTIONAL[action])
    for name, value in fields.items():
        if name in allowed:
            continue
        if action == "open" and name in _LATER_FIELDS:
            raise _later(name, echo(value), _LATER_FIELDS[name])
        raise InputError(
            "E-ARG", field=name, value=value, limit=f'no such field with the action "{action}"'
        )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise InputError("E-ARG", field=name, value=value, limit="a text in quotes")
    return value


def _number(fields: dict[str, Any], name: str, parse: Callable[..., int], example: str) -> int:
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


def _whole(fields: dict[str, Any], name: str, *, low: int, high: int) -> int:
    """Read an optional whole JSON number; 0 when absent."""
    if name not in fields:
        return 0
    value = fields[name]
    if isinstance(value, JsonNumber) and _WHOLE.fullmatch(value.text):
        number = int(value.text)
        if low <= number <= high:
            return number
    raise InputError("E-ARG", field=name, value=value, limit=f"a whole number from {low} to {high}")


def _side(fields: dict[str, Any]) -> Side | None:
    if "side" not in fields:
        return None
    name = _text(fields, "side")
    if name not in ("long", "short"):
        raise InputError("E-ARG", field="side", value=name, limit="long or short")
    return Side(name)


def _stops(fields: dict[str, Any], side: Side | None) -> tuple[int, int]:
    removable = fields["action"] == "set_stops"
    take_profit = _stop(fields, "tp", removable=removable)
    stop_loss = _stop(fields, "sl", removable=removable)
    if side and take_profit and stop_loss and (take_profit > stop_loss) != side.is_long:
        beyond = "below" if side.is_long else "above"
        raise InputError(
            "E-ARG",
            field="sl",
            value=fields["sl"],
            limit=f"a price {beyond} tp {format_price(take_profit)} on a {side}",
        )
    return take_profit, stop_loss


def _stop(fields: dict[str, Any], name: str, *, removable: bool) -> int:
    value = fields.get(name)
    if name == "tp" and isinstance(value, list):
        if len(value) > 1:
            raise _later("tp", f"{len(value)} levels", "more than one take-profit level")
        if not value:
            raise InputError("E-ARG", field="tp", value="[]", limit="a price")
        value = value[0]
    if value is None:
        return 0
    if removable and value == NO_STOP:
        return 0
    return _decimal(value, name, parse_price_e10, "63000")


def _portion(fields: dict[str, Any]) -> int:
    if "size" not in fields:
        return ONE_E10
    value = fields["size"]
    if not isinstance(value, str) or not value.endswith("%"):
        raise InputError("E-ARG", field="size", value=value, limit='a percent such as "50%"')
    portion_e10 = parse_percent_e10(value, field="size")
    if portion_e10 > ONE_E10:
        raise InputError("E-ARG", field="size", value=value, limit="at most 100%")
    return portion_e10


def _group(fields: dict[str, Any]) -> str:
    if "group" not in fields:
        return ""
    group = _text(fields, "group")
    if not _GROUP.fullmatch(group):
        raise InputError(
            "E-ARG", field="group", value=group, limit="1 to 64 of A-Z a-z 0-9 . _ : -"
        )
    return group


def _note(fields: dict[str, Any]) -> str:
    if "note" not in fields:
        return ""
    note = _text(fields, "note")
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


def _event_time(fields: dict[str, Any], envelope: Envelope) -> int:
    """Read `ts`; without it the attempt's own time stands in, never later than now.

    An attempt time is made anew on each retry, so a sender that leaves `ts` out gives up the
    protection against late delivery by its own queue.
    """
    if "ts" not in fields:
        return min(envelope.attempt_ns, envelope.now_ns)
    value = fields["ts"]
    event_ns = 0
    if isinstance(value, JsonNumber) and _UNIX_MS.fullmatch(value.text):
        event_ns = int(value.text) * _MS
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


def _max_age_ns(fields: dict[str, Any], action: str, limits: DoorLimits) -> int:
    ours_s = limits.entry_max_age_s if action == "open" else limits.exit_max_age_s
    ours_ns = ours_s * _SECOND
    asked_ns = _whole(fields, "max_age_ms", low=1, high=86_400_000) * _MS
    return min(asked_ns, ours_ns) if asked_ns else ours_ns


def _check_caps(signal: Signal, market: Market, limits: DoorLimits) -> None:
    if signal.action != "open":
        return
    highest = min(market.max_leverage_e10, limits.max_leverage_e10)
    if not market.min_leverage_e10 <= signal.leverage_e10 <= highest:
        allowed = f"{format_leverage(market.min_leverage_e10)} to {format_leverage(highest)}"
        asked = format_leverage(signal.leverage_e10)
        raise Refused(
            422,
            "E-LEV",
            f"{market.symbol} allows {allowed} here; you asked {asked}.",
            result="refused",
            field="leverage",
            value=asked,
            limit=allowed,
        )
    if signal.collateral_e6 > limits.max_collateral_e6:
        asked, limit = format_usd(signal.collateral_e6), format_usd(limits.max_collateral_e6)
        raise Refused(
            422,
            "E-RISK-POS",
            f"Collateral exceeds what a signal may ask of a follower: {asked} of {limit} USD.",
            result="refused",
            field="collateral",
            value=asked,
            limit=limit,
        )


def _check_age(signal: Signal, now_ns: int, limits: DoorLimits) -> None:
    ahead_ns = signal.event_ns - now_ns
    if ahead_ns > limits.future_s * _SECOND:
        raise Refused(
            422,
            "E-STALE",
            f"The signal's ts lies {_seconds(ahead_ns)} s in the future "
            f"(limit {limits.future_s} s). Compare the clocks.",
            result="stale",
            field="ts",
            value=f"{_seconds(ahead_ns)} s ahead",
            limit=f"{limits.future_s} s",
        )
    if now_ns > signal.expires_ns:
        age = _seconds(now_ns - signal.event_ns)
        limit = _seconds(signal.expires_ns - signal.event_ns)
        raise Refused(
            422,
            "E-STALE",
            f"The signal is {age} s old (limit {limit} s). Nothing was stored.",
            result="stale",
            field="ts",
            value=f"{age} s",
            limit=f"{limit} s",
        )


def _seconds(ns: int) -> str:
    # Rounded up: 5.0001 s must not read "5.000 s old (limit 5 s)".
    ms = -(-ns // _MS)
    return f"{ms // 1000}.{ms % 1000:03d}" if ms % 1000 else str(ms // 1000)


def _sentence(error: InputError) -> str:
    if error.code == "E-SYM":
        names = error.limit.removeprefix("one of ")
        return f'No market "{error.value}". Did you mean {names}?'
    return str(error)


def _missing(name: str, action: str) -> InputError:
    what = f'a value: the action "{action}" needs it' if action else "a value"
    if action == "set_stops":
        what += f'; "{NO_STOP}" takes the stop away'
    return InputError("E-ARG", field=name, value="", limit=what)


def _later(name: str, value: str, what: str) -> Refused:
    return Refused(
        422,
        "E-ARG",
        f"Not available yet: {what}.",
        result="refused",
        field=name,
        value=echo(value),
        limit="not available yet",
    )


def _unknown_field(name: str) -> InputError:
    near = difflib.get_close_matches(name[:40], _FIELDS, n=1, cutoff=0.6)
    hint = f"a known field; did you mean {near[0]}?" if near else "one of " + ", ".join(_FIELDS)
    return InputError("E-ARG", field=echo(name), value=name, limit=hint)
