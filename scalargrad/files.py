"""Writing a file, or a folder of files, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from .given import file_path


def write(path: str | os.PathLike[str], content: bytes) -> Path:
    """Writes `content` to a file beside the target, renames it, and returns the path: there is never half a file.

    A file that was there keeps its permissions.  OSError where it cannot be written; a file that was there then stays
    as it was.
    """
    target = file_path(path)
    if target.exists() and not target.is_file():  # a terminal or a pipe cannot be renamed over; a folder refuses
        target.write_bytes(content)
        return target
    real = target.resolve()
    beside = real.with_name(f".{os.urandom(16).hex()}.part")  # a name that nobody can have planted a link at
    try:
        with beside.open("xb") as file:  # with the permissions of any new file
            file.write(content)
        if real.exists():
            beside.chmod(real.stat().st_mode & 0o7777)
        os.replace(beside, real)
    except OSError as error:
        raise _naming(target, error) from None
    finally:
        with contextlib.suppress(OSError):  # as a rule it has got its new name
            beside.unlink()
    return target


def write_folder(path: str | os.PathLike[str], contents: Mapping[str, bytes]) -> Path:
    """Writes files into a folder, all of them or none, and returns the path.

    path: the folder, which is made if it is not there; what else it holds stays.
    contents: {name: content} of each file.

    OSError where one of them cannot be written; those that were there then stay as they were.
    """
    target = file_path(path)
    new = not target.exists()
    beside = target / f".{os.urandom(16).hex()}.part"
    try:
        target.mkdir(exist_ok=True)
        beside.mkdir()
        for name, content in contents.items():
            (beside / name).write_bytes(content)
        for name in contents:
            os.replace(beside / name, target / name)
    except OSError as error:
        raise _naming(target, error) from None
    finally:
        _remove(beside)
        if new:
            _remove_if_empty(target)
    return target


def _naming(target: Path, error: OSError) -> OSError:
    """The error, with the name of the target; it says so where the folder of that is missing."""
    folder, reason = target.parent, error.strerror
    if not folder.exists():
        reason = f"there is no folder {str(folder)!r}: make it first"
    elif not folder.is_dir():
        reason = f"{str(folder)!r} is no folder"
    elif isinstance(error, FileNotFoundError):  # as in /proc
        reason = f"nothing can be written into the folder {str(folder)!r}"
    return type(error)(error.errno, reason, str(target))


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            file.unlink()
    _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
