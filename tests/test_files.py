"""A file is written whole or not at all."""

import errno
import os
import threading
from pathlib import Path

import pytest

from scalargrad import files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file(tmp_path):
    path = tmp_path / "a.svg"
    assert files.write(path, b"new") == path
    assert path.read_bytes() == b"new" and names(tmp_path) == ["a.svg"]


def test_what_was_there_is_replaced(tmp_path):
    path = tmp_path / "a.svg"
    path.write_bytes(b"something that was longer")
    files.write(str(path), b"new")
    assert path.read_bytes() == b"new" and names(tmp_path) == ["a.svg"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.svg").touch()
    (tmp_path / "link.svg").symlink_to("real.svg")
    files.write(tmp_path / "link.svg", b"new")
    assert (tmp_path / "link.svg").is_symlink() and (tmp_path / "real.svg").read_bytes() == b"new"
    assert names(tmp_path) == ["link.svg", "real.svg"]


@pytest.mark.parametrize("name", ["x" * 251, "权" * 80, "😀" * 60], ids=["ascii", "Chinese", "emoji"])
def test_a_name_as_long_as_a_folder_takes(tmp_path, name):
    files.write(tmp_path / f"{name}.svg", b"new")
    assert names(tmp_path) == [f"{name}.svg"]


def test_a_pipe_is_written_into():
    reading, writing = os.pipe()
    files.write(f"/dev/fd/{writing}", b"new")
    os.close(writing)
    assert os.read(reading, 10) == b"new"
    os.close(reading)


PLACES = {
    "missing/a.svg": FileNotFoundError,
    "file/a.svg": NotADirectoryError,
    "folder": IsADirectoryError,
    "x" * 300: OSError,
}


@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
def test_where_nothing_can_be_written_the_error_names_the_place(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(PLACES[place]) as caught:
        files.write(tmp_path / place, b"new")
    assert caught.value.filename in (str(tmp_path / place), tmp_path / place)
    assert caught.value.strerror and "None" not in str(caught.value)
    assert names(tmp_path) == ["file", "folder"] and (tmp_path / "file").read_bytes() == b"old"


def test_a_missing_folder_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    for write, content in ((files.write, b"new"), (files.write_folder, {"a.svg": b"new"})):
        with pytest.raises(FileNotFoundError, match="there is no folder '.*missing': make it first"):
            write(tmp_path / "missing" / "a", content)
        with pytest.raises(NotADirectoryError, match="'.*file' is no folder"):
            write(tmp_path / "file" / "a", content)


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="there is no such folder here")
def test_a_folder_that_takes_no_files():
    with pytest.raises(FileNotFoundError, match="nothing can be written into the folder '/proc'"):
        files.write("/proc/scalargrad.svg", b"new")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="a.svg'$"):
        files.write(tmp_path / "a.svg", b"new")
    assert names(tmp_path) == []


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


class Half:
    """An open file that takes two bytes, and then ends with `error`."""

    def __init__(self, path, mode, error):
        self.path, self.mode, self.error = path, mode, error

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def write(self, content):
        with open(self.path, self.mode) as file:
            file.write(content[:2])
        raise self.error


def half(path, mode):
    return Half(path, mode, OSError(errno.ENOSPC, "No space left on device"))


@pytest.mark.parametrize("owner, function, fault", [(Path, "open", half), (os, "replace", full)])
def test_a_full_disk_leaves_what_was_there(monkeypatch, tmp_path, owner, function, fault):
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    monkeypatch.setattr(owner, function, fault)
    with pytest.raises(OSError, match="No space left on device: '.*a.svg'$"):
        files.write(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old" and names(tmp_path) == ["a.svg"]


def test_an_interruption_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "open", lambda path, mode: Half(path, mode, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        files.write(tmp_path / "a.svg", b"new")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_stay(tmp_path, mode):
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    path.chmod(mode)
    files.write(path, b"new")
    assert path.stat().st_mode & 0o777 == mode and path.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        files.write(tmp_path / "a.svg", b"new")
        (tmp_path / "other").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "a.svg").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_threads_that_write_one_file_leave_one_of_their_contents(tmp_path):
    path, contents = tmp_path / "a.svg", [bytes([65 + i]) * 200_000 for i in range(4)]
    seen = set()

    def write(content):
        for _ in range(30):
            files.write(path, content)
            seen.add(path.read_bytes())

    threads = [threading.Thread(target=write, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= set(contents) and names(tmp_path) == ["a.svg"]


def test_the_file_beside_cannot_be_foreseen_nor_is_a_planted_link_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    monkeypatch.setattr("os.urandom", lambda size: b"known")
    (tmp_path / f".{b'known'.hex()}.part").symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.write(tmp_path / "a.svg", b"new")
    assert victim.read_bytes() == b"untouched"


# ---- a folder ----


def test_a_folder_is_written_whole(tmp_path):
    contents = {"a": b"1", "b": b"2"}
    place = tmp_path / "new"
    assert files.write_folder(place, contents) == place and names(tmp_path) == ["new"]
    (place / "mine").touch()
    assert files.write_folder(str(place), {"a": b"3"}) == place
    assert {file.name: file.read_bytes() for file in place.iterdir()} == {"a": b"3", "b": b"2", "mine": b""}


@pytest.mark.parametrize("wrong", ["x" * 300, "none/b"])
def test_of_a_folder_with_a_file_that_cannot_be_written_nothing_is(tmp_path, wrong):
    with pytest.raises(OSError):
        files.write_folder(tmp_path / "new", {"a": b"1", wrong: b"2"})
    assert names(tmp_path) == []
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError):
        files.write_folder(tmp_path, {"a": b"1", wrong: b"2"})
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"
