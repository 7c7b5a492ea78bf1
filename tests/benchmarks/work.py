"""What a benchmark is: a piece of work, and those who do it, each in a way of its own."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Done(NamedTuple):
    """A piece of work that has been done once, and can be done again with a clock running.

    answer: gradients, by which all who do the same work are compared.
    step: does the work again; None where all there is to know is in `others`.
    units: how many times `step` does it.
    others: further figures, such as {"compile": seconds}.
    """

    answer: Sequence[float]
    step: Callable[[], Any] | None = None
    units: int = 1
    others: dict[str, float] = {}


class Way(NamedTuple):
    """How one library, or one engine, does a piece of work.

    do: does it once, in a process of its own.
    needs: the module that must be installed; "" for none.
    """

    do: Callable[[], Done]
    needs: str = ""

    @property
    def missing(self) -> bool:
        """Whether what it needs is not installed."""
        return bool(self.needs) and importlib.util.find_spec(self.needs) is None


class Work(NamedTuple):
    """A piece of work.

    name: what it is called.
    note: what is done, in a sentence.
    ways: {who: how}; the first is the one that the others are compared with.
    figures: what is told of it: "time" in seconds and whatever is among `Done.others`; the first has spread and ratio.
    unit: "s" or "B".
    size: of the graph, for works that differ in nothing else.
    clock: tells the time, in seconds.
    group: the works that stand together in a table of README.md.
    """

    name: str
    note: str
    ways: dict[str, Way]
    figures: tuple[str, ...] = ("time",)
    unit: str = "s"
    size: int = 0
    clock: Callable[[], float] = time.perf_counter
    group: str = ""


RATE = 0.1


def trained(step: Callable[[float], Any], read: Callable[[], Sequence[float]], units: int = 1, **others: float) -> Done:
    """A training: its answer is by how much one step of RATE moves the parameters; timed are steps of rate 0.

    step: of such a rate: one step if it is not 0, else `units` of them, which cost the same and change nothing.
    read: gives the parameters.
    """
    before = read()
    step(RATE)
    moves = [(x - y) / RATE for x, y in zip(before, read())]
    return Done(moves, lambda: step(0.0), units, others)


def measure(way: Way, seconds: float, clock: Callable[[], float] = time.perf_counter) -> dict[str, Any]:
    """{"answer": gradients, "time": seconds, ...} of doing it for about so many seconds."""
    if way.needs:
        importlib.import_module(way.needs)  # so that "compile" is without it
    done = way.do()
    figures: dict[str, Any] = {"answer": [*done.answer], **done.others}
    if done.step:
        figures["time"] = mean_time(done.step, seconds, clock) / done.units
    return figures


def mean_time(step: Callable[[], Any], seconds: float, clock: Callable[[], float] = time.perf_counter) -> float:
    """The mean seconds of a call, over about so many seconds.

    The mean and not the best: the cyclic collector stays on, as users have it, and now and then a call pays for all.
    """
    calls, more, elapsed = 0, 1, 0.0
    start = clock()
    while elapsed < seconds:
        for _ in range(more):
            step()
        calls += more
        more = calls
        elapsed = clock() - start
    return elapsed / calls


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """What the function gives, and the seconds that it takes."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start
