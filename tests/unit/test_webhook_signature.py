"""Standard Webhooks: vectors, the outside client in both directions, secrets."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from vanta import _core
from vanta.domain.errors import InputError
from vanta.domain.webhook_signature import (
    format_secret,
    headers,
    parse_secret,
    sign,
)

SECRET = bytes(range(32))
BODY = b'{"action":"open"}'

# The example of the public specification.
SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SPEC_TIMESTAMP = 1_614_265_330
SPEC_BODY = b'{"test": 2432232314}'
SPEC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def signs(secret: str, *, message_id: str, timestamp: int, body: bytes, header: str) -> bool:
    """Tell what the core says."""
    index = _core.standard_webhook_verify(
        id=message_id.encode(),
        timestamp=str(timestamp).encode(),
        body=body,
        signature=header.encode(),
        secrets=[parse_secret(secret)],
    )
    return index == 0


def test_the_specification_example() -> None:
    secret = parse_secret(SPEC_SECRET)
    assert sign(secret, SPEC_ID, SPEC_TIMESTAMP, SPEC_BODY) == SPEC_SIGNATURE


@pytest.mark.parametrize("text", [SPEC_SECRET, SPEC_SECRET.removeprefix("whsec_")])
def test_the_prefix_of_a_secret_is_optional(text: str) -> None:
    assert format_secret(parse_secret(text)) == SPEC_SECRET


def test_padding_of_a_secret_is_optional() -> None:
    text = format_secret(SECRET)
    assert text.endswith("=")
    assert parse_secret(text.rstrip("=")) == SECRET


def test_shared_vectors(data_dir: Path) -> None:
    path = data_dir.parent / "vectors" / "external" / "standard_webhooks.json"
    if not path.is_file():
        pytest.skip(f"shared vectors not found at {path}")
    for vector in json.loads(path.read_text())["vectors"]:
        signed = signs(
            vector["secret"],
            message_id=vector["id"],
            timestamp=vector["timestamp"],
            body=vector["payload"].encode(),
            header=vector["signature_header"],
        )
        assert signed is vector["valid"], vector["name"]


def test_the_outside_client_verifies_what_we_sign() -> None:
    now = int(datetime.now(UTC).timestamp())
    ours = headers(
        secret=SECRET, key_id="key_1", message_id="msg_00000001", timestamp=now, body=BODY
    )
    assert Webhook(format_secret(SECRET)).verify(BODY, ours) == {"action": "open"}


def test_we_verify_what_the_outside_client_signs() -> None:
    at = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
    theirs = Webhook(format_secret(SECRET)).sign("msg_00000001", at, BODY.decode())
    assert signs(
        format_secret(SECRET),
        message_id="msg_00000001",
        timestamp=int(at.timestamp()),
        body=BODY,
        header=theirs,
    )


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_AAAA", "whsec_!!!!", format_secret(bytes(23)), format_secret(bytes(65))],
    ids=["empty", "bare prefix", "3 bytes", "not base64", "23 bytes", "65 bytes"],
)
def test_unusable_secrets_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_secret(text)
    assert caught.value.field == "secret"
    assert not text.removeprefix("whsec_") or text.removeprefix("whsec_") not in str(caught.value)


@pytest.mark.parametrize("length", [24, 64])
def test_secret_lengths_at_their_limits_pass(length: int) -> None:
    assert parse_secret(format_secret(bytes(length))) == bytes(length)


@pytest.mark.parametrize("message_id", ["", "short", "has.a.dot.in", "x" * 65, "msg_ümlaut_1"])
def test_signing_refuses_ids_the_door_would_not_take(message_id: str) -> None:
    with pytest.raises(InputError, match="id"):
        sign(SECRET, message_id, SPEC_TIMESTAMP, BODY)


@pytest.mark.parametrize("timestamp", [0, 999_999_999, 10**10, -1_614_265_330])
def test_signing_refuses_timestamps_of_other_units(timestamp: int) -> None:
    with pytest.raises(InputError, match="timestamp"):
        sign(SECRET, SPEC_ID, timestamp, BODY)


def test_another_spelling_of_the_same_base64_does_not_match() -> None:
    def spec(header: str) -> bool:
        return signs(
            SPEC_SECRET,
            message_id=SPEC_ID,
            timestamp=SPEC_TIMESTAMP,
            body=SPEC_BODY,
            header=header,
        )

    assert spec(SPEC_SIGNATURE)
    assert not spec(SPEC_SIGNATURE.replace("1OE=", "1OF="))  # decodes to the same bytes
