"""The first second: what users wait for before and at their first picture, and the page."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial

from .runner import ROOT
from .work import Done, Way, Work

TIMES = 3  # processes, of which the first fills the caches of the system, and the fastest counts
CIRCUIT = "from scalargrad import Value, draw; x, y, z = Value(-2), Value(5), Value(-4); f = (x + y) * z; f.backward()"
CLOCK = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def printed(code: str) -> float:
    """The number that this code prints, in a process of its own."""
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(process.stdout)


def whole(*arguments: str) -> float:
    """The seconds that Python takes with such arguments, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, check=True)
        return time.perf_counter() - began


def best_of(measure: Callable[[], float]) -> Done:
    return Done([], others={"time": min([measure() for _ in range(TIMES)])})


def imported(module: str) -> Way:
    return Way(partial(best_of, partial(printed, CLOCK.format(f"import {module}"))), module.partition(".")[0])


def first_picture() -> float:
    return printed(f"{CIRCUIT}; {CLOCK.format('draw(f).svg')}")


def page_of_60_gates() -> Done:
    from scalargrad import Value, page

    w = Value(0.5)
    f = Value(1.0)
    for _ in range(30):
        f = (f * w).tanh()
    f.backward()
    return Done([w.grad], lambda: page(f).html)


WORKS: Sequence[Work] = [
    Work(
        "import",
        "in a process of its own, the second time",
        {module: imported(module) for module in ("scalargrad", "torch", "jax", "autograd")},
    ),
    Work(
        "command",
        "the whole command, from the start of Python to its end; scalargrad: the lecture's circuit, with its picture",
        {
            "Python alone": Way(partial(best_of, partial(whole, "-c", "pass"))),
            "scalargrad": Way(partial(best_of, partial(whole, "-m", "scalargrad"))),
        },
    ),
    Work(
        "first picture",
        "draw(f).svg of f = (x + y) z, the first in a process",
        {"scalargrad": Way(partial(best_of, first_picture))},
    ),
    Work("page of 60 gates", "page(f).html, not the first in a process", {"scalargrad": Way(page_of_60_gates)}),
]
