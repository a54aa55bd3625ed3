"""Standard Webhooks v1, step by step: which secret signed a delivery."""

import base64
import hmac
import re
from collections.abc import Sequence

ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
TIMESTAMP = re.compile(r"[0-9]{10}", re.ASCII)


def signer(
    secrets: Sequence[bytes], *, message_id: str, timestamp: str, body: bytes, header: str
) -> int:
    """Return the index of the first secret that signed, or -1.

    The text of a token is compared, not its bytes: base64 has several spellings of one value and
    only the canonical one is taken.
    """
    if not (ID.fullmatch(message_id) and TIMESTAMP.fullmatch(timestamp)):
        return -1
    parts = header.split()
    if len(parts) > 8:
        return -1
    tokens = [part.removeprefix("v1,") for part in parts if part.startswith("v1,")]
    content = f"{message_id}.{timestamp}.".encode() + body
    for index, secret in enumerate(secrets):
        mac = base64.b64encode(hmac.digest(secret, content, "sha256")).decode()
        if mac in tokens:
            return index
    return -1
