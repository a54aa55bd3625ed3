"""Bodies of signals: what is read, and that each refusal names field, value and limit."""

import json
from typing import Any

import pytest

from tests.fakes.signals import CATALOGUE, encode, open_body
from vanta.domain.enums import Side
from vanta.domain.signal import Signal, decode_signal, encode_signal
from vanta.domain.units import E6, E10
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import Refused
from vanta.webhook.schema import Accepted, Envelope, read_signal

NOW_NS = 1_790_000_000_000_000_000
NOW_MS = NOW_NS // 10**6
MS = 10**6
SECOND = 10**9
LIMITS = DoorLimits()


def read(fields: Any, *, now_ns: int = NOW_NS, attempt_ns: int = NOW_NS) -> Accepted:
    envelope = Envelope(message_id="msg_00000001", attempt_ns=attempt_ns, now_ns=now_ns)
    body = fields if isinstance(fields, bytes) else encode(fields)
    return read_signal(body, envelope=envelope, catalogue=CATALOGUE, limits=LIMITS)


def refusal(fields: Any, **times: int) -> Refused:
    with pytest.raises(Refused) as caught:
        read(fields, **times)
    return caught.value


def test_an_open_becomes_canonical_integers() -> None:
    accepted = read(
        open_body(
            id="msg_00000001",
            seq=7,
            ts=NOW_MS - 1_000,
            leverage="2.5",
            collateral="100.25",
            entry="61240.5",
            tp=["63000"],
            sl="60500",
            max_age_ms=3_000,
            max_slip_pct="0.5",
            guard_price="61250",
            group="grid.7",
            note="breakout 🧑‍🚀",
        )
    )
    assert accepted.seq == 7
    assert accepted.signal == Signal(
        action="open",
        market_ix=0,
        side=Side.LONG,
        leverage_e10=25_000_000_000,
        collateral_e6=100_250_000,
        take_profit_e10=63_000 * E10,
        stop_loss_e10=60_500 * E10,
        max_slippage_e10=50_000_000,
        guard_price_e10=61_250 * E10,
        event_ns=NOW_NS - SECOND,
        expires_ns=NOW_NS + 2 * SECOND,
        group="grid.7",
        note="breakout 🧑‍🚀",
    )
    assert decode_signal(encode_signal(accepted.signal)) == accepted.signal


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"action": "close", "market": "ETH"}, {"market_ix": 1, "portion_e10": E10}),
        (
            {"action": "close", "market": "eth-usd", "side": "short", "size": "25%"},
            {"market_ix": 1, "side": Side.SHORT, "portion_e10": E10 // 4},
        ),
        ({"action": "reduce", "market": "BTC_USD", "size": "0.5%"}, {"portion_e10": E10 // 200}),
        ({"action": "reduce", "market": "BTC", "size": "100%"}, {"portion_e10": E10}),
        ({"action": "flat"}, {"market_ix": None}),
        ({"action": "flat", "market": "SOL"}, {"market_ix": 2}),
        (
            {"action": "set_stops", "market": "BTC", "tp": "70000", "sl": "none"},
            {"take_profit_e10": 70_000 * E10, "stop_loss_e10": 0},
        ),
    ],
    ids=lambda value: json.dumps(value, default=str)[:60],
)
def test_other_actions(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    signal = read(fields).signal
    assert {name: getattr(signal, name) for name in expected} == expected


def test_the_entry_guards_the_price_unless_a_guard_is_given() -> None:
    assert read(open_body(entry="61240.5")).signal.guard_price_e10 == 612_405 * E10 // 10
    both = read(open_body(entry="61240.5", guard_price="61000"))
    assert both.signal.guard_price_e10 == 61_000 * E10


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (open_body(action=None), "action"),
        (open_body(market=None), "market"),
        (open_body(side=None), "side"),
        (open_body(leverage=None), "leverage"),
        (open_body(collateral=None), "collateral"),
        ({"action": "close"}, "market"),
        ({"action": "reduce", "market": "BTC"}, "size"),
        ({"action": "set_stops", "market": "BTC", "tp": "70000"}, "sl"),
        ({"action": "set_stops", "market": "BTC", "sl": "50000"}, "tp"),
    ],
)
def test_a_missing_field_is_named(fields: dict[str, Any], field: str) -> None:
    refused = refusal(fields)
    assert (refused.status, refused.code, refused.field) == (400, "E-ARG", field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("collateral", "-1"),
        ("collateral", "+1"),
        ("collateral", "0"),
        ("collateral", "1e3"),
        ("collateral", "1,000"),
        ("collateral", "1_000"),
        ("collateral", " 100"),
        ("collateral", "100 "),
        ("collateral", ".5"),
        ("collateral", "5."),
        ("collateral", "0x10"),
        ("collateral", "NaN"),
        ("collateral", "Infinity"),
        ("collateral", "1e309"),
        ("collateral", "100.1234567"),
        ("collateral", "1" * 400),
        ("collateral", "\u0661\u0660\u0660"),
        ("collateral", "\uff11\uff10\uff10"),
        ("collateral", True),
        ("collateral", {}),
        ("collateral", ["100"]),
        ("leverage", "0"),
        ("leverage", "25x"),
        ("leverage", "2.12345678901"),
        ("leverage", "-5"),
        ("entry", "0"),
        ("guard_price", "-61000"),
        ("tp", "abc"),
        ("tp", []),
        ("tp", [None]),
        ("tp", [["63000"]]),
        ("sl", ["60000"]),
        ("sl", "none"),
        ("max_slip_pct", "0"),
        ("max_slip_pct", "100"),
        ("max_slip_pct", "0.123456789"),
        ("max_age_ms", "3000"),
        ("max_age_ms", 0),
        ("max_age_ms", -1),
        ("max_age_ms", 1.5),
        ("max_age_ms", 86_400_001),
        ("seq", -1),
        ("seq", 2**63),
        ("seq", "7"),
        ("seq", True),
        ("side", "LONG"),
        ("side", "buy"),
        ("action", "OPEN"),
        ("action", "withdraw"),
        ("action", 1),
        ("market", 1),
        ("id", "msg_00000002"),
        ("id", 1),
        ("ts", "yesterday"),
        ("ts", "2026-09-21T12:00:00"),
        ("ts", str(NOW_MS)),
        ("ts", NOW_MS // 1000),
        ("ts", NOW_MS * 1000),
        ("ts", -1),
        ("ts", 1.5),
        ("ts", "0001-01-01T00:00:00+00:00"),
        ("ts", "\uff12\uff10\uff12\uff16-09-21T12:00:00Z"),
        ("group", ""),
        ("group", "a b"),
        ("group", "a\u202eb"),
        ("group", "x" * 65),
        ("note", "a\x00b"),
        ("note", "a\nb"),
        ("note", "a\u202eb"),
        ("note", "a\u2066b"),
        ("note", "\ud800"),
        ("note", "x" * 257),
        ("note", 1),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_value_is_refused_by_name(field: str, value: Any) -> None:
    fields = open_body()
    fields[field] = value
    refused = refusal(fields)
    assert refused.status == 400
    assert refused.code == "E-ARG"
    assert refused.field == field
    assert refused.limit
    assert refused.value or value == ""
    assert len(refused.text) < 400


@pytest.mark.parametrize("field", sorted(open_body()))
def test_null_is_not_a_value(field: str) -> None:
    body = open_body()
    body[field] = None
    refused = refusal(body)
    assert (refused.status, refused.field, refused.value) == (400, field, "null")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e309", "100", "1E2", "-5.0"])
@pytest.mark.parametrize("field", ["collateral", "leverage", "tp", "guard_price", "max_slip_pct"])
def test_a_json_number_where_a_decimal_belongs_is_shown_as_sent(field: str, number: str) -> None:
    fields = open_body()
    fields.pop(field, None)
    body = encode(fields)[:-1] + f', "{field}": {number}}}'.encode()
    refused = refusal(body)
    assert (refused.status, refused.field, refused.value) == (400, field, number)
    assert "in quotes" in refused.limit
    assert "lose digits" in refused.limit


def test_an_unknown_field_is_named_with_the_nearest_known() -> None:
    refused = refusal(open_body(levrage="5"))
    assert (refused.status, refused.field) == (400, "levrage")
    assert "leverage" in refused.limit
    assert "collateral" in refusal(open_body(zzz="5")).limit


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "close", "market": "BTC", "collateral": "100"},
        {"action": "close", "market": "BTC", "sl": "100"},
        {"action": "flat", "tp": "100"},
        {"action": "set_stops", "market": "BTC", "tp": "1", "sl": "1", "leverage": "5"},
    ],
)
def test_a_field_the_action_does_not_use_is_refused(fields: dict[str, Any]) -> None:
    refused = refusal(fields)
    assert refused.status == 400
    assert refused.field in {"collateral", "sl", "tp", "leverage"}
    assert fields["action"] in refused.limit


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (open_body(action="increase"), "action"),
        (open_body(action="cancel"), "action"),
        (open_body(action="target"), "action"),
        (open_body(trail="1%"), "trail"),
        (open_body(size="50%"), "size"),
        (open_body(tp=["63000", "64000"]), "tp"),
    ],
)
def test_what_is_not_built_yet_is_named(fields: dict[str, Any], field: str) -> None:
    refused = refusal(fields)
    assert (refused.status, refused.code, refused.field) == (422, "E-ARG", field)
    assert "not available yet" in refused.text.lower()


def test_an_unknown_market_gets_the_nearest_names() -> None:
    refused = refusal(open_body(market="BCT"))
    assert (refused.status, refused.code, refused.field) == (400, "E-SYM", "market")
    assert refused.text == 'No market "BCT". Did you mean BTC?'


@pytest.mark.parametrize(
    ("leverage", "passes"),
    [("1.9999999999", False), ("2", True), ("50", True), ("50.0000000001", False)],
)
def test_leverage_stays_within_the_market(leverage: str, passes: bool) -> None:
    fields = open_body(market="SOL", leverage=leverage)
    if passes:
        read(fields)
        return
    refused = refusal(fields)
    assert (refused.status, refused.code, refused.field) == (422, "E-LEV", "leverage")
    assert refused.limit == "2x to 50x"
    assert f"{leverage}x" in refused.text


def test_collateral_stays_within_the_cap() -> None:
    cap = LIMITS.max_collateral_e6 // E6
    read(open_body(collateral=str(cap)))
    refused = refusal(open_body(collateral=f"{cap}.000001"))
    assert (refused.status, refused.code, refused.field) == (422, "E-RISK-POS", "collateral")


@pytest.mark.parametrize(
    ("side", "tp", "sl", "passes"),
    [
        ("long", "70000", "50000", True),
        ("long", "50000", "70000", False),
        ("long", "50000", "50000", False),
        ("short", "50000", "70000", True),
        ("short", "70000", "50000", False),
        ("short", "50000", "50000", False),
    ],
)
def test_stops_lie_on_their_sides(side: str, tp: str, sl: str, passes: bool) -> None:
    fields = open_body(side=side, tp=tp, sl=sl)
    if passes:
        read(fields)
    else:
        assert refusal(fields).field == "sl"


@pytest.mark.parametrize(
    ("fields", "limit_s"),
    [
        (open_body(), 5),
        (open_body(max_age_ms=2_000), 2),
        (open_body(max_age_ms=60_000), 5),
        ({"action": "close", "market": "BTC"}, 600),
        ({"action": "flat", "max_age_ms": 1_000}, 1),
    ],
    ids=["open", "open, less asked", "open, more asked", "close", "flat, less asked"],
)
def test_age_at_the_limit_passes_and_beyond_is_stale(fields: dict[str, Any], limit_s: int) -> None:
    fields = {**fields, "ts": NOW_MS - limit_s * 1_000}
    read(fields)
    refused = refusal(fields, now_ns=NOW_NS + 1)
    assert (refused.status, refused.code, refused.field) == (422, "E-STALE", "ts")
    assert refused.value == f"{limit_s}.001 s"
    assert refused.limit == f"{limit_s} s"


def test_only_the_providers_own_word_binds_beyond_the_door() -> None:
    # An acknowledged signal must survive our restart: the default age is judged at the door only.
    assert read(open_body()).signal.expires_ns == 0
    assert read({"action": "close", "market": "BTC"}).signal.expires_ns == 0
    for asked_s in (2, 60):
        asked = read(open_body(ts=NOW_MS - 1_000, max_age_ms=asked_s * 1_000))
        assert asked.signal.expires_ns == NOW_NS + (asked_s - 1) * SECOND


def test_a_late_delivery_with_a_fresh_attempt_time_is_stale() -> None:
    late = open_body(ts=NOW_MS - 3_600_000)
    assert refusal(late, attempt_ns=NOW_NS).code == "E-STALE"


def test_without_ts_the_attempt_time_counts_and_never_the_future() -> None:
    assert read(open_body(), attempt_ns=NOW_NS - SECOND).signal.event_ns == NOW_NS - SECOND
    assert read(open_body(), attempt_ns=NOW_NS + 20 * SECOND).signal.event_ns == NOW_NS
    assert refusal(open_body(), attempt_ns=NOW_NS - 6 * SECOND).code == "E-STALE"


def test_a_time_ahead_passes_up_to_a_second() -> None:
    read(open_body(ts=NOW_MS + 1_000))
    refused = refusal(open_body(ts=NOW_MS + 1_001))
    assert (refused.status, refused.field) == (422, "ts")
    assert "future" in refused.text


@pytest.mark.parametrize(
    "text", ["2026-09-21T14:13:20Z", "2026-09-21T16:13:20+02:00", "2026-09-21T14:13:20.000000Z"]
)
def test_iso_times_with_a_zone(text: str) -> None:
    assert read(open_body(ts=text)).signal.event_ns == NOW_NS


def test_foreign_text_is_shortened_and_defused_in_errors() -> None:
    refused = refusal(open_body(market="\x1b[31m" + "A" * 5_000))
    assert "\x1b" not in refused.text + refused.value
    assert len(refused.value) <= 60
