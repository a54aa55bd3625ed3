"""A database with keys and sealed rows."""

from pathlib import Path

from vanta.domain.master_key import new_key
from vanta.domain.ports import Clock
from vanta.keys.keeper import KeyKeeper
from vanta.keys.source import FileKeys, KeySource, RawKey, write_keys
from vanta.metrics import Metrics
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.sealed import SealedBox


def key_file(folder: Path, *keys: RawKey) -> Path:
    """Write a key file, with a key of its own when none is given."""
    path = folder / "master.key"
    write_keys(path, keys or (RawKey(key=new_key()),))
    return path


def file_source(path: Path) -> FileKeys:
    return FileKeys(path, name="VANTA_MASTER_KEY_FILE")


def keeper_of(pool: Pool, clock: Clock, source: KeySource) -> KeyKeeper:
    """Return a keeper that is not open yet, with a box of its own."""
    return KeyKeeper(pool=pool, source=source, box=SealedBox(Metrics()), clock=clock)


def secret(number: int) -> bytes:
    """Return the provider secret of that number."""
    return b"planted provider secret " + number.to_bytes(8)


async def add_secrets(pool: Pool, box: SealedBox, count: int, *, first: int = 1) -> Providers:
    """Put providers `p{first}` … `p{count}` with a key and a secret each into the database."""
    providers = Providers(pool, box)
    for number in range(first, count + 1):
        provider_id = await providers.create(f"p{number}", now_ns=1)
        await providers.add_key(provider_id, f"k{number}", secret(number), 1)
    return providers


async def opened(providers: Providers) -> dict[str, list[bytes]]:
    """Return every secret that opens, by key."""
    return {key.key_id: [s.secret for s in key.secrets] for key in await providers.all_keys()}
