"""The command line: `python -m tests.benchmarks`, from the root of a checkout."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scalargrad import files

from . import digits, expressions, gpt, graphs, large, moons, start, tables
from .machine import machine, versions
from .plot import FORMATS, plot
from .runner import Result, collect
from .work import Work, measure

GROUPS: dict[str, Sequence[Work]] = {
    "Eager, and small circuits recorded": [*expressions.WORKS, *graphs.WORKS],
    "Training": [*moons.WORKS, *digits.WORKS],
    "A GPT in scalars": gpt.WORKS,
    "Large graphs, recorded": large.WORKS,
    "The first second": start.WORKS,
    "": graphs.GROWING,
}
WORKS = [work._replace(group=group) for group, works in GROUPS.items() for work in works]
README = Path(__file__).with_name("README.md")
QUICK = (0, 100, 10_000)  # sizes of graphs


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0, 1 if something failed or has other gradients, 2 for arguments that do not fit."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.one:
        work, who = arguments.one
        return _one(work, who, arguments.seconds or 1.0)
    works = [work for work in (_chosen(work, arguments.only) for work in WORKS) if work.ways]
    if arguments.quick:
        works = [work for work in works if work.size in QUICK]
    refusal = _refusal(arguments, works)
    if refusal:
        parser.error(refusal)
    repeats = arguments.repeats or (1 if arguments.quick else 5)
    results = collect(works, repeats, arguments.seconds or (0.05 if arguments.quick else 1.0), _report)
    _report("")
    print((tables.markdown if arguments.markdown else tables.terminal)(results))
    if arguments.readme:
        tables.put_into(README, tables.markdown(results))
    if arguments.json:
        files.write(arguments.json, _json(results).encode())
    if arguments.plot:
        plot(results, arguments.plot)
    return int(any([result.fault and not result.missing for result in results]))


def _refusal(arguments: argparse.Namespace, works: Sequence[Work]) -> str:
    """Why these arguments do not fit, or "": better said now than after a quarter of an hour."""
    if not works:
        return f"no work has all of {' '.join(arguments.only)} in its name"
    if arguments.readme:
        try:
            tables.around(README)
        except ValueError as error:
            return str(error)
    for file in filter(None, (arguments.json, arguments.plot)):
        if not Path(file).resolve().parent.is_dir():
            return f"{file}: there is no such folder"
    if arguments.plot and not any(work.size for work in works):
        return "--plot shows the cost against size, and no such work is chosen"
    if arguments.plot and Path(arguments.plot).suffix not in FORMATS:
        return f"--plot writes {', '.join(FORMATS)}, not {arguments.plot}"
    if arguments.plot and not importlib.util.find_spec("matplotlib"):
        return "--plot needs matplotlib: pip install matplotlib"
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Times scalargrad and its peers, with the cyclic collector on, every figure from processes of its "
        "own in shuffled order, and compares all gradients.",
        epilog="Peers that are not installed are left out, and named at the end.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short process for each figure, and no graph of a million gates"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="WORD",
        help="what has all these words in its name, such as moons native",
    )
    parser.add_argument("--repeats", type=_above_0(int), metavar="N", help="processes for each figure; by default 5")
    parser.add_argument(
        "--seconds", type=_above_0(float), metavar="S", help="for which each process measures; by default 1"
    )
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown, as in README.md here")
    parser.add_argument("--readme", action="store_true", help="also put these tables into README.md here")
    parser.add_argument("--json", metavar="FILE", help="also write all figures")
    parser.add_argument("--plot", metavar="FILE", help="also draw the cost against size (needs matplotlib)")
    parser.add_argument("--one", nargs=2, metavar=("WORK", "WHO"), help="measure this in this process, and print JSON")
    return parser


def _chosen(work: Work, words: Sequence[str]) -> Work:
    """The work with those of its ways that have all words in their names, and, if there are any, the first."""
    ways = {who: way for who, way in work.ways.items() if all([word in f"{work.name}: {who}" for word in words])}
    first = dict([*work.ways.items()][:1]) if ways else {}
    return work._replace(ways=first | ways)


def _above_0(kind: type) -> Callable[[str], Any]:
    """Reads a number of this kind; ValueError, which argparse reports, unless it is above 0."""

    def number(text: str) -> Any:
        x = kind(text)
        if not x > 0:
            raise ValueError(text)
        return x

    return number


def _one(work: str, who: str, seconds: float) -> int:
    found = next((each for each in WORKS if each.name == work and who in each.ways), None)
    if not found:
        print(f"there is no {work}: {who}", file=sys.stderr)
        return 2
    print(json.dumps(measure(found.ways[who], seconds, found.clock)))
    return 0


def _report(what: str) -> None:
    """Shows, in a terminal, what is going on; "" takes it away."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what[:79]}", end="", file=sys.stderr, flush=True)


def _json(results: Sequence[Result]) -> str:
    listed = [
        {
            "work": result.work.name,
            "who": result.who,
            "unit": result.work.unit,
            **{name: spread._asdict() for name, spread in result.figures.items()},
            "times": result.times,
            "difference": result.difference,
            "fault": result.fault,
        }
        for result in results
    ]
    return json.dumps({"machine": machine(), "versions": versions(), "results": listed}, indent=1) + "\n"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
