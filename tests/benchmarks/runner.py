"""Every figure from processes of its own, in shuffled order; medians, and whether all agree.

pyperf times well, but one benchmark after the other, and knows neither answers nor peers that may be missing.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .work import Work

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-12
MAX_SECONDS = 600  # seconds that a process may take


class Spread(NamedTuple):
    """The median of several measurements, the quartiles below and above, and how many there were."""

    median: float
    low: float
    high: float
    processes: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high, len(values))


class Result(NamedTuple):
    """What was found out about one way of doing a piece of work.

    figures: {"time": its spread, ...}; empty if there are none.
    times: how many times better the first figure is than that of the first way of this work that has one.
    difference: of the gradients from that way's: the largest, in parts of the largest gradient.
    fault: why there are no figures, or why they count for nothing; "" if all is well.
    missing: whether that is only because something is not installed.
    """

    work: Work
    who: str
    figures: dict[str, Spread] = {}
    times: float | None = None
    difference: float | None = None
    fault: str = ""
    missing: bool = False


def collect(works: Iterable[Work], repeats: int, seconds: float, report: Callable[[str], Any]) -> list[Result]:
    """The results of all works, way by way.

    repeats: processes for each way.
    seconds: for which each of them measures.
    report: is told what is going on.
    """
    works = [*works]
    todo = [(work, who) for work in works for who, way in work.ways.items() if not way.missing] * repeats
    random.shuffle(todo)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for i, (work, who) in enumerate(todo, 1):
        report(f"{i} of {len(todo)}: {work.name}: {who}")
        found.setdefault((work.name, who), []).append(launch(work.name, who, seconds))
    return [
        result for work in works for result in compared(work, {who: found.get((work.name, who)) for who in work.ways})
    ]


def launch(work: str, who: str, seconds: float) -> dict[str, Any]:
    """What one process measured; {"error": why} if it did not."""
    command = [sys.executable, "-m", "tests.benchmarks", "--one", work, who, "--seconds", str(seconds)]
    try:
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=MAX_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {MAX_SECONDS} seconds"}
    if process.returncode:
        said = process.stderr.strip().splitlines()
        return {"error": said[-1] if said else f"ended with status {process.returncode}"}
    measured: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return measured


def compared(work: Work, found: dict[str, list[dict[str, Any]] | None]) -> list[Result]:
    """The results of one work.

    found: {who: what each of its processes measured}, None for who is not installed.
    """
    results: list[Result] = []
    reference: tuple[str, float, Sequence[float]] | None = None
    for who, processes in found.items():
        if processes is None:
            results.append(Result(work, who, fault=f"{work.ways[who].needs} is not installed", missing=True))
            continue
        errors = [process["error"] for process in processes if "error" in process]
        if errors:
            results.append(Result(work, who, fault=errors[0]))
            continue
        names = [name for name in work.figures if name in processes[0]]
        figures = {name: Spread.of([process[name] for process in processes]) for name in names}
        first = figures[work.figures[0]].median
        reference = reference or (who, first, processes[0]["answer"])
        difference = max([disagreement(process["answer"], reference[2]) for process in processes])
        wrong = f"other gradients than {reference[0]}: they differ by {difference:.1e} of the largest"
        fault = "" if difference <= TOLERANCE else wrong
        results.append(Result(work, who, {} if fault else figures, reference[1] / first, difference, fault))
    return results


def disagreement(answer: Sequence[float], reference: Sequence[float]) -> float:
    """The largest difference of two lists of gradients, in parts of the largest; inf for other lengths or nan."""
    if len(answer) != len(reference) or any([x != x for x in [*answer, *reference]]):
        return float("inf")
    largest = max(map(abs, reference), default=0.0) or 1.0
    return max([abs(x - y) for x, y in zip(answer, reference)], default=0.0) / largest
