"""The home folder: who may have it, and what may be removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vanta.domain.errors import ConfigError
from vanta.sandbox import binaries
from vanta.sandbox.home import Home, traversable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")


def test_one_home_has_one_owner(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "h"), Home(tmp_path / "h")
    first.lock()
    first.lock()
    with pytest.raises(ConfigError, match=f"pid {os.getpid()}"):
        second.lock()
    first.unlock()
    first.unlock()
    second.lock()
    second.unlock()


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from vanta.sandbox.home import Home\n"
        "Home(Path(sys.argv[1])).lock(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "h")], check=False)
    home = Home(tmp_path / "h")
    home.lock()
    home.unlock()


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="VANTA_HOME"):
        Home(tmp_path / "file" / "h").lock()


def test_wiping_removes_the_data_and_nothing_else(tmp_path: Path) -> None:
    home = Home(tmp_path / "h", elsewhere=tmp_path / "elsewhere")
    home.lock()
    home.instance_path.write_text("{}")
    (home.folder("redis") / "file").write_text("x")
    home.wipe()
    assert sorted(p.name for p in home.path.iterdir()) == ["instance.json", "lock"]
    home.wipe()
    home.unlock()


def test_a_folder_that_is_not_ours_is_neither_used_nor_wiped(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.tex").write_text("years of work")
    for act in (home.wipe, lambda: home.folder("redis"), home.postgres_folder):
        with pytest.raises(ConfigError, match="not made by Vanta"):
            act()
    assert (tmp_path / "data" / "thesis.tex").read_text() == "years of work"


@as_root
def test_behind_a_closed_parent_the_cluster_lives_elsewhere_and_is_found_again(
    tmp_path: Path, open_folder: Path
) -> None:
    home = Home(tmp_path / "h", elsewhere=open_folder / "e")
    home.lock()
    place = home.postgres_folder()
    assert place.is_relative_to(open_folder)
    assert traversable(place.parent)
    assert str(home.path) in (place.parent / "made-by-vanta").read_text()
    assert Home(tmp_path / "h", elsewhere=open_folder / "other").postgres_folder() == place
    assert Home(tmp_path / "h2", elsewhere=open_folder / "e").path != home.path
    place.mkdir()
    home.wipe()
    assert list((open_folder / "e").iterdir()) == []
    assert home.postgres_folder() == place
    home.unlock()


@as_root
def test_where_no_place_is_open_the_reason_is_said(tmp_path: Path) -> None:
    home = Home(tmp_path / "h", elsewhere=tmp_path / "e")
    home.lock()
    with pytest.raises(ConfigError, match="others may pass through"):
        home.postgres_folder()
    home.unlock()


def test_in_an_open_folder_the_cluster_lives_at_home(open_folder: Path) -> None:
    home = Home(open_folder / "h")
    home.lock()
    assert home.postgres_folder() == open_folder / "h" / "data" / "postgres"
    home.unlock()


def test_socket_folders_are_short_private_and_replaced(open_folder: Path) -> None:
    home = Home(open_folder / ("long" * 40))
    home.lock()
    first = home.socket_folder()
    assert len(str(first)) < 40
    assert first.stat().st_mode & 0o022 == 0
    (first / "r.sock").write_text("")
    second = home.socket_folder()
    assert not first.exists()
    home.remove_sockets()
    home.remove_sockets()
    assert not second.exists()
    home.unlock()


def test_a_forged_note_of_sockets_removes_nothing(open_folder: Path) -> None:
    home = Home(open_folder / "h")
    home.lock()
    victim = open_folder / "vanta-precious"
    victim.mkdir()
    for note in (str(victim), "/", "", "/tmp", "/tmp/vanta-"):
        (home.path / "sockets").write_text(note)
        home.remove_sockets()
    assert victim.is_dir()
    home.unlock()


@as_root
def test_a_socket_folder_of_somebody_else_stays(open_folder: Path) -> None:
    home = Home(open_folder / "h")
    home.lock()
    folder = home.socket_folder()
    os.chown(folder, 65534, 65534)
    home.remove_sockets()
    assert folder.is_dir()
    folder.rmdir()
    home.unlock()


def make_install(folder: Path) -> Path:
    for name in ("bin/postgres", "bin/initdb", "lib/deep/a.so", "share/b"):
        path = folder / "pginstall" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o700 if name.startswith("bin") else 0o600)
    return folder / "pginstall"


def test_programs_behind_a_closed_door_are_copied_out_once(
    tmp_path: Path, open_folder: Path
) -> None:
    install = make_install(tmp_path)
    copy = binaries.copied_out(install, open_folder)
    assert traversable(copy / "bin")
    assert (copy / "bin" / "postgres").stat().st_mode & 0o777 == 0o755
    assert (copy / "lib" / "deep" / "a.so").stat().st_mode & 0o777 == 0o644
    before = copy.stat().st_ino
    assert binaries.copied_out(install, open_folder) == copy
    assert copy.stat().st_ino == before
    assert list(open_folder.iterdir()) == [copy]


def test_a_copy_that_lost_a_file_is_made_again(tmp_path: Path, open_folder: Path) -> None:
    install = make_install(tmp_path)
    copy = binaries.copied_out(install, open_folder)
    (copy / "lib" / "deep" / "a.so").unlink()
    assert binaries.copied_out(install, open_folder) == copy
    assert (copy / "lib" / "deep" / "a.so").is_file()


@as_root
def test_a_copy_planted_by_somebody_else_is_not_run(tmp_path: Path, open_folder: Path) -> None:
    install = make_install(tmp_path)
    copy = binaries.copied_out(install, open_folder)
    os.chown(copy, 65534, 65534)
    (copy / "bin" / "postgres").write_text("evil")
    own = binaries.copied_out(install, open_folder)
    assert own != copy
    assert (own / "bin" / "postgres").read_text() == "bin/postgres"


def test_a_link_in_the_place_of_the_copy_is_not_followed(tmp_path: Path, open_folder: Path) -> None:
    install = make_install(tmp_path)
    copy = binaries.copied_out(install, open_folder)
    moved = copy.rename(open_folder / "moved")
    copy.symlink_to(moved)
    assert binaries.copied_out(install, open_folder) != copy
