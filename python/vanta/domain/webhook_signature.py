"""Standard Webhooks v1, symmetric: signing, and the text form of secrets.

Pure. `vanta signal send` signs with it; the core verifies. The signed content is
`{id}.{timestamp}.` followed by the raw body: neither id nor timestamp can hold a dot, so no two
requests share one content.
"""

import base64
import binascii
import hmac
import re
from typing import Final

from vanta.domain.errors import InputError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # the public prefix of every secret, not a secret
MIN_SECRET_BYTES: Final = 24
MAX_SECRET_BYTES: Final = 64

_VERSION: Final = "v1,"

MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
TIMESTAMP: Final = re.compile(r"[0-9]{10}", re.ASCII)
KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def parse_secret(text: str) -> bytes:
    """Read `whsec_` + base64 (padding optional) into the 24 to 64 secret bytes.

    Raises `InputError` that never repeats the secret.
    """
    encoded = text.strip().removeprefix(SECRET_PREFIX)
    try:
        secret = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    check_secret(secret)
    return secret


def check_secret(secret: bytes) -> None:
    """Raise `InputError`, which never repeats the secret, for one that is too short or too long."""
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise InputError(
            "E-ARG",
            field="secret",
            value="***",
            limit=f"whsec_ and base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes",
        )


def format_secret(secret: bytes) -> str:
    """Render secret bytes as senders configure them: `whsec_` + base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode("ascii")


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Sign one delivery attempt; returns the `webhook-signature` token `v1,<base64>`.

    `timestamp` is Unix seconds of the attempt. Raises `InputError` on an id or timestamp that the
    door would not take.
    """
    stamp = str(timestamp)
    if not MESSAGE_ID.fullmatch(message_id):
        raise InputError("E-ARG", field="id", value=message_id, limit="8 to 64 of A-Z a-z 0-9 _ -")
    if not TIMESTAMP.fullmatch(stamp):
        raise InputError("E-ARG", field="timestamp", value=stamp, limit="Unix seconds")
    content = b"%b.%b.%b" % (message_id.encode("ascii"), stamp.encode("ascii"), body)
    mac = hmac.digest(secret, content, "sha256")
    return _VERSION + base64.b64encode(mac).decode("ascii")


def headers(
    *, secret: bytes, key_id: str, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Build the four headers of a signed request."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
        "vanta-key-id": key_id,
    }
