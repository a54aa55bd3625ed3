"""JSON as the door reads it: what is not one object of plain fields is refused, never guessed."""

import pytest

from tests.fakes.signals import CATALOGUE
from vanta.webhook.limits import DoorLimits
from vanta.webhook.reply import Refused
from vanta.webhook.schema import Envelope, read_signal

NOW_NS = 1_790_000_000_000_000_000


def refusal(body: bytes) -> Refused:
    envelope = Envelope(message_id="msg_00000001", attempt_ns=NOW_NS, now_ns=NOW_NS)
    with pytest.raises(Refused) as caught:
        read_signal(body, envelope=envelope, catalogue=CATALOGUE, limits=DoorLimits())
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[]",
        b'"open"',
        b"null",
        b"1",
        b"{}{}",
        b"{'action': 'open'}",
        b'{"action": "open",}',
        b'{"action": nan}',
        b'{"action": "a\nb"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{}",
        b'{"action": "\xc3\x28"}',
        b'{"note": ' + b"[" * 8_000 + b"]" * 8_000 + b"}",
        b'{"note": ' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}",
        b'{"action": ' + b"9" * 10_000 + b"}",
    ],
    ids=range(18),
)
def test_what_is_not_the_json_we_read(body: bytes) -> None:
    refused = refusal(body)
    assert (refused.status, refused.code) == (400, "E-ARG")
    assert refused.field


@pytest.mark.parametrize("depth", [1, 100, 400, 480, 900, 950, 980, 990, 1_000])
def test_nesting_near_the_interpreters_limit_is_a_plain_refusal(depth: int) -> None:
    assert refusal(b'{"tp": ' + b"[" * depth + b"]" * depth + b"}").status == 400


def test_a_duplicate_key_is_named_even_with_equal_values() -> None:
    refused = refusal(b'{"action": "flat", "market": "BTC", "market": "BTC"}')
    assert (refused.status, refused.field) == (400, "market")
    assert "twice" in refused.text


def test_a_duplicate_key_behind_an_escape_is_seen() -> None:
    assert refusal(b'{"action": "flat", "\\u0061ction": "open"}').field == "action"
