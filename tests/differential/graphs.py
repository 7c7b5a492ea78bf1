"""Random graphs of all gates, of gates of one's own too."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from gate_points import POINTS, Recipe, any_number, everywhere, wild_recipe

from scalargrad import gate, maximum
from scalargrad.gate import Gate
from scalargrad.table import GATES

# ---- gates of one's own: composite, nested, with a rule ----


@gate
def swish(x: Any) -> Any:
    return x * x.sigmoid()


@gate
def length(x: Any, y: Any) -> Any:
    return (x * x + y * y + 1.0).sqrt()


@gate
def nested(x: Any, y: Any) -> Any:
    return swish(x) * length(x, y) + maximum(x, y)


cube = gate(lambda x: x * x * x, rule=lambda z, x: (3.0 * x * x,), name="cube")
OWN = {own.name: own for own in (swish, length, nested, cube)}
EVERY = GATES | OWN


# ---- graphs ----


def tame_number(chance: random.Random) -> float:
    return chance.uniform(-3.0, 3.0)


def number_of_any_size(chance: random.Random) -> float:
    return chance.choice((-1.0, 1.0)) * 10.0 ** chance.uniform(-12.0, 12.0)


def at_a_point(chance: random.Random, gates: Mapping[str, Gate]) -> Recipe:
    """One gate at one of its known points."""
    name = chance.choice([name for name in gates if name in POINTS])
    point = chance.choice(everywhere(name))
    free = len(point) - (name == "exponent_slope")  # its last input is always a plain number
    return Recipe(point[:free], [(name, (*range(free), *point[free:]))])


def random_recipe(chance: random.Random, gates: Mapping[str, Gate] = EVERY) -> Recipe:
    """A graph of up to eight gates.

    Of ten graphs five are of tame numbers, one of numbers of all sizes, two have special numbers, and two grow from one
    gate at a known point.
    """
    kind = chance.randrange(10)
    if kind < 5:
        grown = wild_recipe(chance, number=tame_number, gates=gates)
    elif kind < 6:
        grown = wild_recipe(chance, number=number_of_any_size, gates=gates)
    elif kind < 8:
        grown = wild_recipe(chance, number=any_number, gates=gates)
    else:
        grown = wild_recipe(chance, longest=4, number=tame_number, gates=gates, start=at_a_point(chance, gates))
    return needed(grown)


def needed(recipe: Recipe) -> Recipe:
    """The part of a graph that its root depends on, and all leaves."""
    count = len(recipe.leaves)
    used = {count + len(recipe.gates) - 1}
    for place, (_, inputs) in reversed([*enumerate(recipe.gates, count)]):
        if place in used:
            used |= {x for x in inputs if type(x) is int}
    new = {place: i for i, place in enumerate(sorted(used | {*range(count)}))}
    kept = [gate for place, gate in enumerate(recipe.gates, count) if place in used]
    return Recipe(recipe.leaves, [(name, tuple([new[x] if type(x) is int else x for x in xs])) for name, xs in kept])
