"""Which master key an instance uses: the configured one; in the sandbox one of its own."""

from pathlib import Path
from typing import Final

from vanta.domain.errors import ConfigError
from vanta.domain.master_key import new_key
from vanta.keys.source import FileKeys, KeySource, RawKey, TextKeys, write_keys
from vanta.settings import Settings
from vanta.store.master_keys import MasterKeys
from vanta.store.pool import Pool

MISSING: Final = (
    "no master key is configured: set VANTA_MASTER_KEY_FILE (make one with `vanta key new --out "
    "FILE`), VANTA_MASTER_KEY (base64 of 32 bytes), or VANTA_KMS_KEY_ID"
)


def sandbox_key(home: Path) -> Path:
    """Return where the sandbox of this home keeps its key."""
    return home / "keys" / "master.key"


def configured_source(settings: Settings) -> KeySource | None:
    """Return the source that the settings name; None when they name none."""
    if settings.master_key is not None:
        return TextKeys(settings.master_key.reveal(), name="VANTA_MASTER_KEY")
    if settings.master_key_file is not None:
        return FileKeys(settings.master_key_file, name="VANTA_MASTER_KEY_FILE")
    if settings.kms_key_id:
        from vanta.keys.kms import KmsKeys  # noqa: PLC0415  # its client is slow to load

        return KmsKeys(settings.kms_key_id, endpoint=settings.kms_endpoint)
    return None


async def source_to_start(
    settings: Settings, pool: Pool, *, sandbox: bool
) -> tuple[KeySource, str]:
    """Return the source for a start, and where a key was made for it ("" = nowhere).

    Only a sandbox without any sealed row makes a key. Raises `ConfigError` when there is none.
    """
    if (source := configured_source(settings)) is not None:
        return source, ""
    if not sandbox:
        raise ConfigError(MISSING)
    path = sandbox_key(settings.home)
    made = ""
    if not path.exists():
        if await MasterKeys(pool).all():
            raise ConfigError(
                f"{path} is gone, and the database is sealed under it: put it back, or start over "
                "with `vanta demo --fresh`"
            )
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_keys(path, (RawKey(key=new_key()),), new=True)
        made = str(path)
    return FileKeys(path, name="the sandbox's master key"), made
