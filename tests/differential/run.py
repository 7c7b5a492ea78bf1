"""Many graphs, all checks, and the table of verdicts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from gate_points import Recipe

from scalargrad.gate import Gate

from .checks import AGREES, AS_ROUNDING, AS_TORCH, CHECKS, KNOWN, SKIPPED, UNEXPLAINED, Check
from .graphs import EVERY, random_recipe
from .ours import Case

SHOWN = 5  # unexplained graphs that are shown for each check


class Found(NamedTuple):
    """The verdicts of a run: how many of each kind, and the first graphs that are unexplained, for each check."""

    graphs: int
    counts: dict[str, Counter[str]]
    unexplained: dict[str, list[Recipe]]

    @property
    def is_good(self) -> bool:
        return not any(self.unexplained.values())


def run(n: int, seed: int, gates: Mapping[str, Gate] = EVERY, checks: Mapping[str, Check] = CHECKS) -> Found:
    """The verdicts on `n` random graphs of these gates; every graph depends on the seed and its number alone."""
    asked = {name: check for name, check in checks.items() if not check.missing}
    found = Found(n, {name: Counter() for name in checks}, {name: [] for name in checks})
    for i in range(n):
        case = Case(random_recipe(random.Random(f"{seed} {i}"), gates), gates)
        for name, check in asked.items():
            if i % check.every == 0:
                verdict = check.verdict(case)
                found.counts[name][verdict] += 1
                if verdict == UNEXPLAINED and len(found.unexplained[name]) < SHOWN:
                    found.unexplained[name].append(case.recipe)
    return found


def table(found: Found, checks: Mapping[str, Check] = CHECKS) -> str:
    """The verdicts as a table in Markdown."""
    columns = (AGREES, AS_TORCH, AS_ROUNDING, KNOWN, UNEXPLAINED)
    lines = [
        f"| {found.graphs:,} graphs | tolerance | asked | {' | '.join(columns)} |",
        f"|---|---|{'---:|' * (len(columns) + 1)}",
    ]
    for name, counts in found.counts.items():
        asked = sum(counts.values()) - counts[SKIPPED]
        cells = [f"{asked:,}", *[f"{counts[verdict]:,}" for verdict in columns]]
        if checks[name].missing:
            cells = [f"{checks[name].needs} is not installed", *[""] * len(columns)]
        lines.append(f"| {name} | {checks[name].tolerance} | {' | '.join(cells)} |")
    return "\n".join(lines)


def examples(found: Found) -> str:
    """The unexplained graphs, as they can be typed."""
    return "\n".join(f"{name}: {recipe}" for name, recipes in found.unexplained.items() for recipe in recipes)
