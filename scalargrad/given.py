"""What public functions are given, looked at before anything is done: the errors say what came, and what to write."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from .text import short


def wrong(expected: str, given: object) -> TypeError:
    """The error for what is not what was expected, with the latter as the beginning of the sentence."""
    kind, shown = type(given).__name__, short(given)
    return TypeError(f"{expected}, not {shown if shown.startswith(kind) else f'{kind} {shown}'}")


def no_power(x: object, other: object) -> NoReturn:
    """What `x ^ 2` does on a value, and on the formula of one."""
    raise TypeError("^ is no power in Python: write x ** 2")


def listed(given: Iterable[Any], expected: str) -> list[Any]:
    """The things that were given, in a list; TypeError for what is no list, nor another iterable, or is text."""
    try:
        things = iter(given)
    except TypeError:
        things = None
    if things is None or isinstance(given, (str, bytes)):
        raise wrong(expected, given)
    return list(things)


def whole(given: int, name: str) -> int:
    """The whole number, 0 or more, that was given as `name`; TypeError or ValueError for anything else."""
    try:
        number = operator.index(given)
    except TypeError:
        raise wrong(f"{name} is a whole number, such as {name}=20", given) from None
    if number < 0:
        raise ValueError(f"{name}={number}: it is a whole number, 0 or more")
    return number


def file_path(given: str | os.PathLike[str]) -> Path:
    """The path that was given; TypeError for what is none."""
    try:
        return Path(given)
    except TypeError:
        raise wrong("a path is text, such as 'folder/name', or a pathlib.Path", given) from None
