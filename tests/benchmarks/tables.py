"""Results as text: a table for each work, costs against size in one, and all of it in Markdown for README.md."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from .machine import machine
from .runner import Result, Spread

WIDTH = 80
PREFIXES = {"s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")), "B": ((1.0, "B"),)}


# ---- numbers ----


def quantity(x: float, unit: str) -> str:
    """A number with three digits and its unit: `808 ms`, `11.7 µs`, `225 B`."""
    scale, name = next((pair for pair in PREFIXES[unit] if x >= 0.9995 * pair[0]), PREFIXES[unit][-1])
    return f"{digits(x / scale)} {name}"


def digits(x: float) -> str:
    """A number with three digits, or all those before the point."""
    places = 2 if x < 9.995 else 1 if x < 99.95 else 0
    return f"{x:,.{places}f}"


def percent(spread: Spread) -> str:
    """The distance of the quartiles in per cent of the median; a dash where there is one measurement."""
    low, high = spread.low, spread.high
    return f"{100 * (high - low) / spread.median:.0f} %" if high > low else "-"


# ---- tables ----


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, aligned: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    )


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """The same in Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" + "|---:" * (len(rows[0]) - 1) + "|", *lines[1:]])


def title(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="    ")


def work_table(results: Sequence[Result]) -> str:
    """The table of one work, and below it who failed, and how."""
    work = results[0].work
    good = [result for result in results if result.figures]
    first, *others = work.figures
    rows = [["", first, "spread", f"× {good[0].who}", "differs", *others]] if good else []
    for result in good:
        spread = result.figures[first]
        apart = "-" if result is good[0] else f"{result.difference:.0e}" if result.difference else "0"
        cells = [quantity(spread.median, work.unit), percent(spread), digits(result.times or 0.0), apart]
        more = [quantity(result.figures[x].median, work.unit) if x in result.figures else "-" for x in others]
        rows.append([result.who, *cells, *more])
    return "\n".join([title(f"{work.name}: {work.note}"), *([table(rows)] if rows else []), *faults(results)])


def faults(results: Iterable[Result]) -> list[str]:
    """A line for each way that failed or has other gradients."""
    failed = [result for result in results if result.fault and not result.missing]
    return [title(f"FAILED {result.work.name}: {result.who}: {result.fault}") for result in failed]


def missing(results: Iterable[Result]) -> list[str]:
    """One line of all that is not installed, or none."""
    modules = sorted({result.work.ways[result.who].needs for result in results if result.missing})
    return [title(f"not installed: {', '.join(modules)}; pip install {' '.join(modules)}")] if modules else []


def legend(results: Sequence[Result]) -> str:
    """Where and how the figures were measured."""
    processes = max([spread.processes for result in results for spread in result.figures.values()], default=0)
    count = f"{processes} process{'es' * (processes != 1)}"
    return f"{machine()}.  Each figure is the median of {count}, cyclic collector on unless said."


def sizes(results: Sequence[Result]) -> list[list[str]]:
    """Rows of what a gate costs in graphs that differ in size alone, and how that grows."""
    by_size = {result.work.size: result.work for result in results}
    rows = [["gates", *[f"{size:,}" for size in by_size], "growth"]]
    for who in dict.fromkeys([result.who for result in results]):
        own = [result for result in results if result.who == who and result.figures]
        costs = {result.work.size: result.figures["time"].median for result in own}
        if costs:
            grown = f"{costs[max(costs)] / costs[10_000]:.2f}" if 10_000 in costs and max(costs) > 10_000 else "-"
            rows.append([who, *[quantity(costs[size], "s") if size in costs else "-" for size in by_size], grown])
    return rows


def growing(results: Iterable[Result]) -> dict[str, list[Result]]:
    """{kind of graph: its results}, of works that differ in size alone."""
    sized = [result for result in results if result.work.size]
    return {kind: [*group] for kind, group in groupby(sized, lambda result: result.work.name.partition(" of ")[0])}


def terminal(results: Sequence[Result]) -> str:
    """All results, for a terminal."""
    columns = (
        "spread: between the quartiles, of the median; ×: how many times better than the first row; differs: the "
        "largest difference of the gradients from those of the first row, of the largest gradient."
    )
    parts = [title(legend(results)), title(columns)]
    for _, group in groupby([r for r in results if not r.work.size], lambda result: result.work.name):
        parts.append(work_table([*group]))
    for kind, several in growing(results).items():
        about = title(f"{kind} of every size: {several[0].work.note}; growth: the largest over 10,000 gates")
        parts.append("\n".join([about, table(sizes(several)), *faults(several)]))
    return "\n\n".join([*parts, *missing(results)])


def markdown(results: Sequence[Result]) -> str:
    """The same for README.md: a table for each group of works, in it a row for each library or engine."""
    good = [result for result in results if result.figures and not result.work.size]
    parts = []
    for group, several in groupby(good, lambda result: result.work.group):
        parts.append(f"{group}:\n\n{markdown_table(columns([*several]))}")
    parts += [f"{kind}, per gate:\n\n{markdown_table(sizes(several))}" for kind, several in growing(results).items()]
    apart = max([result.difference or 0.0 for result in results if result.figures], default=0.0)
    spread = max([(s.high - s.low) / s.median for result in good for s in result.figures.values()], default=0.0)
    below = (
        f"{legend(results)}  In brackets, how many times better than the first of the column.  The quartiles are at "
        f"most {100 * spread:.0f} % of the median apart, and the gradients at most {apart:.0e} of the largest."
    )
    return "\n\n".join([*parts, below, *faults(results), *missing(results)])


def columns(results: Sequence[Result]) -> list[list[str]]:
    """Rows with a column for each work, and further ones for what is told of it besides."""
    cells: dict[str, dict[tuple[str, str], str]] = {}
    for result in results:
        work, own = result.work, cells.setdefault(result.who, {})
        for figure, spread in result.figures.items():
            own[work.name, figure] = quantity(spread.median, work.unit)
        own[work.name, work.figures[0]] += f" ({digits(result.times or 0.0)} ×)"
    figures = {result.work.name: result.work.figures for result in results}
    heads = [(name, figure) for name, several in figures.items() for figure in several]
    heads = [head for head in heads if any([head in own for own in cells.values()])]
    names = [name if figure == figures[name][0] else figure for name, figure in heads]
    return [["", *names], *[[who, *[own.get(head, "") for head in heads]] for who, own in cells.items()]]


def put_into(file: Path, text: str) -> None:
    """Puts text into a Markdown file, in the place of the figures of this Python; errors as of `around`."""
    before, after = around(file)
    file.write_text(f"{before}\n{text}\n\n{after}", encoding="utf-8")


def around(file: Path) -> tuple[str, str]:
    """What stands in a Markdown file before and after the figures of this Python, with the lines that say so.

    Raises ValueError if it has no such lines.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    begin, end = f"<!-- figures of Python {python} -->\n", f"<!-- end of the figures of Python {python} -->\n"
    before, found, rest = file.read_text(encoding="utf-8").partition(begin)
    _, found_too, after = rest.partition(end)
    if not (found and found_too):
        raise ValueError(f"{file.name} has no lines {begin.strip()} and {end.strip()}")
    return before + begin, end + after
