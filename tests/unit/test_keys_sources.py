"""Key files and what prints of keys: strict reading, whole writing, nothing shown."""

import os
from pathlib import Path

import pytest

from tests.fakes.envelope import KEK
from tests.fakes.keyed import file_source
from vanta.cli import main
from vanta.cli.instance import Instance
from vanta.domain.errors import ConfigError
from vanta.domain.master_key import format_key, new_key, parse_keys
from vanta.keys.source import FileKeys, RawKey, TextKeys, write_keys
from vanta.settings import load
from vanta.store.providers import KeySecret, ProviderKey

OLD, NEW = RawKey(key=new_key()), RawKey(key=new_key())


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "master.key"
    path.write_text(text)
    path.chmod(mode)
    return path


async def test_the_first_line_is_the_newest_and_the_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    write_keys(path, (OLD,))
    source = file_source(path)
    assert await source.newest() == OLD
    write_keys(path, (NEW, OLD))
    assert await source.newest() == NEW
    assert path.stat().st_mode & 0o777 == 0o600
    made = await source.make()
    assert parse_keys(path.read_text(), name="x") == (made.key, NEW.key, OLD.key)
    assert [p.name for p in tmp_path.iterdir()] == ["master.key"]


async def test_a_key_is_made_where_a_link_points(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    kept = written(vault, format_key(OLD.key))
    link = tmp_path / "master.key"
    link.symlink_to(kept)
    made = await FileKeys(link, name="VANTA_MASTER_KEY_FILE").make()
    assert link.is_symlink()
    assert parse_keys(kept.read_text(), name="x") == (made.key, OLD.key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660, 0o777])
async def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    source = file_source(written(tmp_path, format_key(OLD.key), mode))
    with pytest.raises(ConfigError, match="expected 0600") as raised:
        await source.newest()
    assert f"{mode:04o}" in str(raised.value)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "\n" * 5_000, format_key(OLD.key)[:-4], "\ud800"], ids=range(5)
)
async def test_a_file_without_a_key_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="VANTA_MASTER_KEY_FILE"):
        await file_source(path).newest()


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
async def test_what_is_no_file_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "folder":
        path.mkdir(mode=0o700)
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    with pytest.raises(ConfigError, match="VANTA_MASTER_KEY_FILE"):
        await FileKeys(path, name="VANTA_MASTER_KEY_FILE").newest()


async def test_a_full_file_takes_no_further_key_and_stays_readable(tmp_path: Path) -> None:
    source = file_source(tmp_path / "master.key")
    write_keys(tmp_path / "master.key", (OLD,))
    for _ in range(15):
        await source.make()
    with pytest.raises(ConfigError, match="holds 16 keys"):
        await source.make()
    assert await source.newest() is not None


def test_new_prints_a_key_or_writes_it_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "new"], {}) == 0
    (key,) = parse_keys(capsys.readouterr().out, name="stdout")
    path = tmp_path / "new.key"
    assert main(["key", "new", "--out", str(path)], {}) == 0
    before = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert parse_keys(before, name="file") != (key,)
    said = capsys.readouterr()
    assert before.strip() not in said.out + said.err
    assert main(["key", "new", "--out", str(path)], {}) == 4
    assert "never overwritten" in capsys.readouterr().err
    assert path.read_text() == before
    assert main(["key", "new", "--out", str(tmp_path / "no" / "where")], {}) == 4


def test_nothing_that_holds_a_secret_shows_it() -> None:
    text = format_key(OLD.key)
    secret = KeySecret(secret=OLD.key)
    key = ProviderKey(key_id="k", provider_id=1, secrets=(secret,), revoked=False, suspended=False)
    instance = Instance(http_url="http://h", token=text, pid=1, provider_secret=text)
    settings = load({"VANTA_MASTER_KEY": text, "VANTA_HERMES_KEY": text, "VANTA_REDIS_URL": text})
    for holder in (OLD, secret, key, instance, settings, TextKeys(text, name="N"), KEK):
        for shown in (repr(holder), str(holder), f"{holder}"):
            assert text not in shown
            assert repr(OLD.key) not in shown
            assert OLD.key.hex() not in shown
