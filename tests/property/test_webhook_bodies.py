"""Whatever bytes come in signed: an accepted signal that can be read back, or a named refusal."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes.signals import CATALOGUE, open_body
from vanta.domain.signal import decode_signal, encode_signal
from vanta.domain.units import I64_MAX
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import Refused
from vanta.webhook.schema import Envelope, read_signal

NOW_NS = 1_790_000_000_000_000_000
ENVELOPE = Envelope(message_id="msg_00000001", attempt_ns=NOW_NS, now_ns=NOW_NS)
FIELDS = (
    *("id", "seq", "ts", "action", "market", "side", "leverage", "collateral", "size", "entry"),
    *("tp", "sl", "trail", "max_age_ms", "max_slip_pct", "guard_price", "group", "note"),
)


def check(body: bytes) -> None:
    """Read a body; anything but a signal or a refusal is an error of the door."""
    try:
        accepted = read_signal(body, envelope=ENVELOPE, catalogue=CATALOGUE, limits=DoorLimits())
    except Refused as refused:
        assert refused.status in (400, 422)
        reply = refused.reply("trace")
        error = json.loads(reply.body)["error"]
        assert error["code"] in ("E-ARG", "E-SYM", "E-LEV", "E-RISK-POS", "E-STALE")
        assert error["field"]
        assert error["limit"]
        return
    signal = accepted.signal
    assert decode_signal(encode_signal(signal)) == signal
    numbers = [v for v in (getattr(signal, f) for f in signal.__struct_fields__) if type(v) is int]
    assert all(0 <= number <= I64_MAX for number in numbers)
    assert 0 <= accepted.seq <= I64_MAX
    assert "\x00" not in signal.note + signal.group
    (signal.note + signal.group).encode()
    assert signal.event_ns <= NOW_NS + 10**9
    assert signal.expires_ns == 0 or signal.expires_ns >= NOW_NS


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
likely_text = st.sampled_from(
    [
        *("open", "close", "reduce", "flat", "set_stops", "BTC", "eth-usd", "long", "short"),
        *("5", "100", "1e9", "-1", "0", "100.0000001", "50%", "none", "61240.5", "NaN"),
        *("2026-09-21T14:13:20Z", "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00+14:00"),
        "msg_00000001",
    ]
)
values = likely_text | json_values


@given(st.binary(max_size=300))
@example(b'{"action":"flat","ts":9999999999999}')
@example(b'{"action":"flat","seq":' + b"9" * 5_000 + b"}")
@example(b'{"action":"flat","ts":"9999-12-31T23:59:59.999999-14:00"}')
def test_any_bytes(body: bytes) -> None:
    check(body)


@given(json_values)
def test_any_json(value: Any) -> None:
    check(json.dumps(value).encode())


@given(st.dictionaries(st.sampled_from(FIELDS), values, max_size=10))
def test_any_values_in_known_fields(fields: dict[str, Any]) -> None:
    check(json.dumps(fields).encode())


@given(st.dictionaries(st.sampled_from(FIELDS), values, max_size=3))
def test_a_good_signal_with_some_fields_replaced(changes: dict[str, Any]) -> None:
    check(json.dumps(open_body() | changes).encode())


@given(st.data())
def test_a_good_body_with_bytes_changed(data: st.DataObject) -> None:
    body = bytearray(json.dumps(open_body(tp="70000", note="é🚀", ts=NOW_NS // 10**6)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    check(bytes(body))
