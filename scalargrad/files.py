"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write(path: str | os.PathLike[str], content: bytes) -> Path:
    """Writes `content` to a file beside the target, renames it, and returns the path: there is never half a file.

    A file that was there keeps its permissions.  OSError where it cannot be written; a file that was there then stays
    as it was.
    """
    target = Path(path)
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
        raise type(error)(error.errno, error.strerror, str(target)) from None
    finally:
        with contextlib.suppress(OSError):  # as a rule it has got its new name
            beside.unlink()
    return target
