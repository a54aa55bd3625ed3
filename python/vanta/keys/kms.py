"""A KMS as the source: it wraps data keys under a key that never leaves it.

Only GenerateDataKey and Decrypt are used, both with an encryption context that the KMS's own log
shows. Where to sign in is read by the client library from its usual places (`AWS_*`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from vanta.domain.errors import ConfigError
from vanta.keys.source import RawKey
from vanta.store.master_keys import MasterKeyRow

CONTEXT: Final = {"application": "vanta", "purpose": "seal"}
NAME: Final = "VANTA_KMS_KEY_ID"
_PATIENCE: Final = AioConfig(
    connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)


class KmsKeys:
    """Data keys of one KMS key. `endpoint` empty = the provider's own address of the region."""

    kind = "kms"
    name = NAME
    is_read_anew = True

    def __init__(self, key: str, *, endpoint: str = "") -> None:
        self._key = key
        self._endpoint = endpoint or None

    async def newest(self) -> RawKey | None:
        return None

    async def open(self, row: MasterKeyRow) -> RawKey | None:
        async with self._client("open its data key") as kms:
            answer = await kms.decrypt(
                CiphertextBlob=row.wrapped, KeyId=self._key, EncryptionContext=CONTEXT
            )
        raw = RawKey(key=answer["Plaintext"], wrapped=row.wrapped)
        return raw if raw.id == row.id else None

    async def make(self) -> RawKey:
        async with self._client("make a data key") as kms:
            answer = await kms.generate_data_key(
                KeyId=self._key, KeySpec="AES_256", EncryptionContext=CONTEXT
            )
        return RawKey(key=answer["Plaintext"], wrapped=answer["CiphertextBlob"])

    @asynccontextmanager
    async def _client(self, what: str) -> AsyncIterator[Any]:
        try:
            async with get_session().create_client(
                "kms", endpoint_url=self._endpoint, config=_PATIENCE
            ) as client:
                yield client
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise ConfigError(f"{NAME}: the KMS refuses to {what} ({code})") from None
        except (BotoCoreError, OSError) as error:
            raise ConfigError(f"{NAME}: cannot {what} ({type(error).__name__}: {error})") from None
