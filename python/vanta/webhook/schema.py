"""From the wire to the canonical signal: which fields an action takes, and what each may hold.

Fields that an action does not use are refused, not ignored: a sender that believes in a stop which
nobody reads loses money. What is understood but not built yet answers 422, so that the sender knows
the field is right and the time is early.
"""

import difflib
from typing import Final, cast

import msgspec

from vanta.domain.errors import InputError, echo
from vanta.domain.market import Catalogue, Market
from vanta.domain.signal import Signal, SignalAction
from vanta.domain.units import (
    I64_MAX,
    ONE_E10,
    format_leverage,
    format_usd,
    parse_percent_e10,
    parse_price_e10,
    parse_ratio_e10,
    parse_usd_e6,
)
from vanta.webhook.fields import (
    MS,
    NO_STOP,
    Fields,
    check_plain,
    later,
    read_event_time,
    read_group,
    read_note,
    read_number,
    read_portion,
    read_side,
    read_stops,
    read_text,
    read_whole,
)
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import Refused
from vanta.webhook.strict_json import decode_object

_SECOND: Final = 1_000_000_000

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
            str(error),
            result="malformed",
            field=error.field,
            value=error.value,
            limit=error.limit,
        ) from None


def _read(fields: Fields, envelope: Envelope, catalogue: Catalogue, limits: DoorLimits) -> Accepted:
    for name in fields:
        if name not in _FIELDS:
            raise _unknown_field(name)
    for name, value in fields.items():
        check_plain(name, value)
    action = _action(fields)
    _check_presence(fields, action)
    if "id" in fields and read_text(fields, "id") != envelope.message_id:
        raise InputError(
            "E-ARG", field="id", value=fields["id"], limit="the same id as the header webhook-id"
        )
    market = catalogue.resolve(read_text(fields, "market")) if "market" in fields else None
    side = read_side(fields)
    leverage_e10 = read_number(fields, "leverage", parse_ratio_e10, "20")
    collateral_e6 = read_number(fields, "collateral", parse_usd_e6, "100.25")
    take_profit_e10, stop_loss_e10 = read_stops(fields, side)
    guard = "guard_price" if "guard_price" in fields else "entry"
    slippage_e10 = read_number(fields, "max_slip_pct", parse_percent_e10, "0.5")
    if slippage_e10 >= ONE_E10:
        raise InputError(
            "E-ARG", field="max_slip_pct", value=fields["max_slip_pct"], limit="less than 100"
        )
    read_number(fields, "entry", parse_price_e10, "61240.5")
    event_ns = read_event_time(fields, attempt_ns=envelope.attempt_ns, now_ns=envelope.now_ns)
    asked_ns = read_whole(fields, "max_age_ms", low=1, high=86_400_000) * MS
    signal = Signal(
        action=action,
        market_ix=market.ix if market else None,
        side=side,
        leverage_e10=leverage_e10,
        collateral_e6=collateral_e6,
        portion_e10=read_portion(fields),
        take_profit_e10=take_profit_e10,
        stop_loss_e10=stop_loss_e10,
        max_slippage_e10=slippage_e10,
        guard_price_e10=read_number(fields, guard, parse_price_e10, "61240.5"),
        event_ns=event_ns,
        # The default age is judged here, at the door. Only a provider's own word binds what comes
        # later: a signal we acknowledged must survive our restart.
        expires_ns=event_ns + asked_ns if asked_ns else 0,
        group=read_group(fields),
        note=read_note(fields),
    )
    seq = read_whole(fields, "seq", low=0, high=I64_MAX)
    if market:
        _check_caps(signal, market, limits)
    default_s = limits.entry_max_age_s if action == "open" else limits.exit_max_age_s
    max_age_ns = min(asked_ns or I64_MAX, default_s * _SECOND)
    _check_age(event_ns, max_age_ns, envelope.now_ns, limits)
    return Accepted(signal=signal, seq=seq)


def _action(fields: Fields) -> SignalAction:
    if "action" not in fields:
        raise _missing("action", "")
    name = read_text(fields, "action")
    if name in _LATER_ACTIONS:
        raise later("action", name, f'the action "{name}"')
    if name not in _REQUIRED:
        raise InputError(
            "E-ARG", field="action", value=name, limit="one of " + ", ".join(_REQUIRED)
        )
    return cast(SignalAction, name)


def _check_presence(fields: Fields, action: str) -> None:
    for name in _REQUIRED[action]:
        if name not in fields:
            raise _missing(name, action)
    allowed = (*_COMMON, *_REQUIRED[action], *_OPTIONAL[action])
    for name, value in fields.items():
        if name in allowed:
            continue
        if action == "open" and name in _LATER_FIELDS:
            raise later(name, echo(value), _LATER_FIELDS[name])
        raise InputError(
            "E-ARG", field=name, value=value, limit=f'no such field with the action "{action}"'
        )


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


def _check_age(event_ns: int, max_age_ns: int, now_ns: int, limits: DoorLimits) -> None:
    ahead_ns = event_ns - now_ns
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
    if now_ns - event_ns > max_age_ns:
        age = _seconds(now_ns - event_ns)
        limit = _seconds(max_age_ns)
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
    ms = -(-ns // MS)
    return f"{ms // 1000}.{ms % 1000:03d}" if ms % 1000 else str(ms // 1000)


def _missing(name: str, action: str) -> InputError:
    what = f'a value: the action "{action}" needs it' if action else "a value"
    if action == "set_stops":
        what += f'; "{NO_STOP}" takes the stop away'
    return InputError("E-ARG", field=name, value="", limit=what)


def _unknown_field(name: str) -> InputError:
    near = difflib.get_close_matches(name[:40], _FIELDS, n=1, cutoff=0.6)
    hint = f"a known field; did you mean {near[0]}?" if near else "one of " + ", ".join(_FIELDS)
    return InputError("E-ARG", field=echo(name) or '""', value=name, limit=hint)
