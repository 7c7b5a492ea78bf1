"""The source line of every gate, recorded inside `with record_lines():`."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

from .. import node as engine
from ..text import amount
from ..value import Value
from .names import user_frame
from .phrases import say


class SourceLines(Mapping[Value, str]):
    """{value: where its gate stands in the source, "lesson.py:12"}, of the gates made while it was recorded.

    It holds these values, and so their graphs, for as long as it is held itself.  What a composite gate computes inside
    is recorded too.  KeyError for a value that was made elsewhere, and for a leaf: `.get(value)` is None then.
    """

    def __init__(self) -> None:
        self._places: dict[Value, tuple[str, int]] = {}

    def __getitem__(self, node: Value) -> str:
        path, line = self._places[node]
        return f"{os.path.basename(path)}:{line}"

    def __iter__(self) -> Iterator[Value]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"<SourceLines of {amount(len(self), 'gate')}>"

    def add(self, node: Value, frame: FrameType) -> None:
        """Remembers that the line which `frame` is at made this node."""
        self._places[node] = frame.f_code.co_filename, frame.f_lineno or 0


@contextmanager
def record_lines() -> Iterator[SourceLines]:
    """Within `with record_lines() as lines:` every gate remembers the line that made it: `lines[f]` is "lesson.py:12".

    Views take it as `lines=`.  The line is that of the nearest caller outside this package.  Only what this thread, or
    this context, makes is recorded; blocks may nest, and each records all that is made in it.  Outside of such blocks
    the engine runs as it always does: while a block is open, a node maker that notes takes the place of its own.

    An error of `backward()` within the block bears a note of the line where its gate was made.

    >>> x = Value(3.0)
    >>> with record_lines() as lines:
    ...     y = x * x
    >>> len(lines), y in lines, x in lines
    (1, True, False)
    """
    lines = SourceLines()
    with _noting():
        token = _recorders.set((*_recorders.get(), lines))
        try:
            yield lines
        except (ArithmeticError, ValueError) as error:
            _note(error, lines)
            raise
        finally:
            _recorders.reset(token)


def _note(error: Exception, lines: SourceLines) -> None:
    """Adds to an error of `backward`, which is raised far from the line to blame, where its gate was made."""
    for node, line in lines.items():
        try:
            node.local_gradients()
        except (ArithmeticError, ValueError) as its_own:
            if str(its_own) == str(error):
                error.add_note(say("made at", line=line))
                return


_recorders: ContextVar[tuple[SourceLines, ...]] = ContextVar("recorders", default=())


def being_recorded() -> Mapping[Value, str]:
    """What the outermost open block of this thread has recorded: it has it all."""
    recorders = _recorders.get()
    return recorders[0] if recorders else {}


# ---- the engine's node maker, while a block is open anywhere ----

_lock = threading.Lock()
_open_blocks = 0


@contextmanager
def _noting() -> Iterator[None]:
    """While it is entered, by any thread and any number of times, the engine makes its nodes by `_noted`."""
    global _open_blocks
    with _lock:
        _open_blocks += 1
        engine.new = _noted
    try:
        yield
    finally:
        with _lock:
            _open_blocks -= 1
            if not _open_blocks:
                engine.new = object.__new__


def _noted(kind: type[Value]) -> Value:
    """A new node, of which the recorders of this thread are told."""
    node = object.__new__(kind)
    recorders = _recorders.get()
    if recorders:
        frame = user_frame()
        for recorder in recorders:
            recorder.add(node, frame)
    return node
