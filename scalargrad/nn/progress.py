"""Progress of a training run on standard error: a bar with tqdm, plain lines without it, nothing where nobody looks."""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ..views.phrases import say
from .history import Step

PLAIN_LINES = 10  # printed in a run


class Silence:
    """No progress at all."""

    def show(self, step: Step) -> None:
        """Shows one more step."""

    def close(self) -> None:
        """Ends the display."""


class Lines(Silence):
    """About ten plain lines."""

    def __init__(self, steps: int):
        self.steps, self.done = steps, 0

    def show(self, step: Step) -> None:
        self.done += 1
        if self.done == 1 or self.done == self.steps or self.done % max(1, self.steps // PLAIN_LINES) == 0:
            line = say("progress step", done=self.done, steps=self.steps, told=_told(step))
            print(line, file=sys.stderr, flush=True)


class Bar(Silence):
    """tqdm's bar."""

    def __init__(self, tqdm: Any, steps: int):
        self.bar = tqdm(total=steps, unit=say("progress unit"), file=sys.stderr)

    def show(self, step: Step) -> None:
        self.bar.set_postfix_str(_told(step), refresh=False)
        self.bar.update()

    def close(self) -> None:
        self.bar.close()


def progress_of(steps: int, wanted: bool) -> Silence:
    """What tells of a run of so many steps; silence unless it is wanted and somebody sees standard error."""
    if not wanted or not _is_watched(sys.stderr):
        return Silence()
    try:
        importlib.import_module("tqdm")
        with warnings.catch_warnings(action="ignore"):  # of a notebook without widgets, where a bar of text will do
            return Bar(importlib.import_module("tqdm.auto").tqdm, steps)
    except ImportError:  # tqdm is no dependency
        return Lines(steps)


def tell_of_interruption(steps: Sequence[Step], planned: int) -> None:
    """Says in one line on standard error how far a run came that Ctrl-C has ended, also where no progress was shown."""
    told = _told(steps[-1]) if steps else ""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it may be closed, a broken pipe, or None
        sys.stderr.write(say("progress interrupted", done=len(steps), steps=planned, told=told).rstrip() + "\n")
        sys.stderr.flush()


def _is_watched(stream: Any) -> bool:
    """Whether somebody sees what is written there: it is a terminal or the output of a notebook."""
    if stream is None or getattr(stream, "closed", False):
        return False
    return bool(stream.isatty() or type(stream).__module__.startswith("ipykernel."))


def _told(step: Step) -> str:
    loss, rate = f"{step.loss:.4g}", f"{step.learning_rate:.3g}"
    if step.accuracy is None:
        return say("progress loss", loss=loss, rate=rate)
    return say("progress accuracy", loss=loss, accuracy=f"{step.accuracy:.1%}", rate=rate)
