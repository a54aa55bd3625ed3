"""Signatures of deliveries: the core, the rules step by step and the senders' library agree."""

import base64
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tests.oracles.webhook import signer
from vanta import _core
from vanta.domain.webhook_signature import MESSAGE_ID

NOW = 1_763_625_600
SECRET = st.binary(min_size=24, max_size=64)
ID = st.from_regex(MESSAGE_ID, fullmatch=True)
TOKENS = st.lists(
    st.sampled_from(["good", "other", "v2,x", "v1,", "v1a,", "junk", "v1,AAAA"])
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=47),
    max_size=10,
)


def padded(secret: bytes) -> bytes:
    # To HMAC, secrets that differ in zeros at the end are one.
    return secret.ljust(64, b"\0")


def theirs(secret: bytes, message_id: str, body: str) -> str:
    signer = Webhook(base64.b64encode(secret).decode())
    return signer.sign(message_id, datetime.fromtimestamp(NOW, UTC), body)


@settings(deadline=None)
@given(
    secrets=st.lists(SECRET, min_size=1, max_size=4, unique_by=padded),
    data=st.data(),
    body=st.text(),
)
def test_what_their_library_signs_is_told_by_its_secret(
    secrets: list[bytes], data: Any, body: str
) -> None:
    message_id, index = data.draw(ID), data.draw(st.integers(0, len(secrets) - 1))
    text = body.encode("utf-8", "replace").decode()
    delivery: Any = {
        "id": message_id.encode(),
        "timestamp": str(NOW).encode(),
        "body": text.encode(),
        "signature": theirs(secrets[index], message_id, text).encode(),
    }
    assert _core.standard_webhook_verify(**delivery, secrets=secrets) == index
    others = [secret for secret in secrets if secret != secrets[index]] or [
        b"a secret of nobody at all"
    ]
    assert _core.standard_webhook_verify(**delivery, secrets=others) == -1


@settings(deadline=None)
@given(
    secrets=st.lists(SECRET, min_size=1, max_size=3),
    rows=st.lists(
        st.tuples(
            ID | st.text(st.characters(max_codepoint=127), max_size=70),
            st.just(str(NOW)) | st.text("0123456789 +", max_size=12),
            st.binary(max_size=200),
            TOKENS,
            st.sampled_from([" ", "  ", "\t"]),
        ),
        max_size=6,
    ),
)
def test_the_batch_answers_step_by_step_and_as_one_by_one(
    secrets: list[bytes], rows: list[Any]
) -> None:
    ready = []
    for index, (message_id, timestamp, body, tokens, gap) in enumerate(rows):
        content = b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)
        secret = secrets[index % len(secrets)]
        good = base64.b64encode(_core.hmac_digest("sha256", key=secret, data=content)).decode()
        other = base64.b64encode(bytes(32)).decode()
        known = {"good": f"v1,{good}", "other": f"v1,{other}"}
        header = gap.join(known.get(token, token) for token in tokens)
        ready.append((message_id, timestamp, body, header))
    columns: Any = {
        "id": [row[0].encode() for row in ready],
        "timestamp": [row[1].encode() for row in ready],
        "body": [row[2] for row in ready],
        "signature": [row[3].encode() for row in ready],
    }
    batch = _core.standard_webhook_verify_batch(**columns, secrets=secrets)
    assert batch.dtype == "int16"
    one_by_one = [
        _core.standard_webhook_verify(
            **{name: column[index] for name, column in columns.items()}, secrets=secrets
        )
        for index in range(len(ready))
    ]
    steps = [
        signer(secrets, message_id=message_id, timestamp=timestamp, body=body, header=header)
        for message_id, timestamp, body, header in ready
    ]
    assert batch.tolist() == one_by_one == steps
