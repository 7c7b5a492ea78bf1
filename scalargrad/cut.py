"""Warnings for lines that look like arithmetic on values but are not: `math.exp(x)`, and `x == 2`.

Only lines of the user's own code are warned of; a library that takes the number of a value, to plot or to format it, is
not.
"""

from __future__ import annotations

import functools
import sys
import sysconfig
import warnings
from opcode import opmap
from pathlib import Path
from types import FrameType

from .node import Node

PACKAGE = Path(__file__).parent


class CircuitCut(UserWarning):
    """A value was taken for a plain number, by `float(x)` or by a function such as `math.exp`: no gradient passes."""


def warn_of_a_cut(node: Node) -> None:
    """Warns that `float()` of a node cuts the circuit, if the line that asks for it is the user's."""
    frame = sys._getframe(2)
    if not _is_library(frame.f_code.co_filename):
        name = _name(node, frame)
        which, x = (f"{name} =", name) if name else ("a value of", "x")
        warnings.warn(
            f"{which} {node._data!r} becomes a plain number here, and no gradient passes it: for math.exp({x}) write "
            f"exp({x}), from scalargrad; if a plain number is meant, write {x}.data",
            CircuitCut,
            stacklevel=3,
        )


def warn_of_identity(node: Node, other: object) -> None:
    """Warns that `==` of a node and a plain number compares no numbers, if the line that compares is the user's.

    `node in inputs` compares too, rightly by identity, and is no reason for a warning.
    """
    frame, level = sys._getframe(2), 3
    while frame.f_back and Path(frame.f_code.co_filename).parent == PACKAGE:  # it came by NumPy and `arrays`
        frame, level = frame.f_back, level + 1
    compared = frame.f_code.co_code[frame.f_lasti] == opmap["COMPARE_OP"]
    if compared and not _is_library(frame.f_code.co_filename):
        name = _name(node, frame) or "x"
        warnings.warn(
            f"{name} is {node._data!r}, and {name} == {other} is False all the same: == asks whether two values are "
            f"one and the same node.  To compare numbers write {name}.data == {other}",
            UserWarning,
            stacklevel=level,
        )


def _name(node: Node, frame: FrameType) -> str:
    """What the line calls the node: by its label, or by the variable that holds it; "" if neither is known."""
    held = (name for scope in (frame.f_locals, frame.f_globals) for name, x in scope.items() if x is node)
    return node._label or next(held, "")


@functools.lru_cache(maxsize=256)
def _is_library(filename: str) -> bool:
    """Whether a file belongs to this package, to Python, or to an installed package."""
    path, paths = Path(filename), sysconfig.get_paths()
    folders = {PACKAGE, *(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))}
    installed = not {"site-packages", "dist-packages"}.isdisjoint(path.parts)
    return installed or filename.startswith("<frozen") or not folders.isdisjoint(path.parents)
