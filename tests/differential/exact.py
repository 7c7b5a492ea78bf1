"""The truth: derivatives of the exact function, by differences with so many digits that nothing is lost.

No rule is used, neither ours nor another.  Where a gate has a kink there is no truth; and where the exact function is
on the other side of a kink than the floats are, its truth is that of another graph.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, combinations, product, repeat
from typing import Any

import mpmath
from gate_points import POINTS, Recipe
from mpmath import mpf

DIGITS = 300
STEP = mpf(10) ** -50
NOT_REAL = (
    TypeError,
    ArithmeticError,
    ValueError,
)  # for a complex number in a real place, log(0), ...
MAX_ANGLE = 1e13  # radians; of a larger one that was rounded itself nobody knows where in its turn it is
MAX_SIZE = 1e30  # beyond it, or below its inverse, a step is no small one any more


def exact_length(x: Any, y: Any) -> Any:
    return mpmath.sqrt(x * x + y * y + 1)


def exact_swish(x: Any) -> Any:
    return x / (1 + mpmath.exp(-x))


EXACT: dict[str, Callable[..., Any]] = {name: known.exact for name, known in POINTS.items()} | {
    "swish": exact_swish,
    "length": exact_length,
    "nested": lambda x, y: exact_swish(x) * exact_length(x, y) + max(x, y),
    "cube": lambda x: x**3,
}


def differences(*xs: Any) -> list[Any]:
    return [x - y for x, y in combinations(xs, 2)]


# numbers whose sign says on which side of its kinks, and of the ends of its domain, a gate is
SIDES: dict[str, Callable[..., list[Any]]] = {
    **{name: lambda x, *_: [x] for name in ("abs", "relu", "leaky_relu", "elu", "sqrt", "pow")},
    **dict.fromkeys(("maximum", "minimum", "nested"), differences),
    "power_slope": lambda c, x, n: [c, x],
    "exponent_slope": lambda c, x, n, k: [c, x, *[0.0] * (k < 0.0)],  # it is never used with k < 0, and then 0
    "step": lambda x, y, at: [x - y],
}


def sides(recipe: Recipe, numbers: list[Any]) -> list[int]:
    """On which side of all kinks the gates of a graph are: 1, -1, or 0 for on one."""
    found = []
    for name, inputs in recipe.gates:
        if name in SIDES:
            found += SIDES[name](*[numbers[x] if type(x) is int else x for x in inputs])
    return [(x > 0) - (x < 0) for x in found]


def has_truth(recipe: Recipe, numbers: list[float]) -> bool:
    """Whether the exact function has derivatives that a graph of floats should have: smooth here, of numbers that fit.

    numbers: all numbers of the graph, as floats.
    """
    plain = [x for _, inputs in recipe.gates for x in inputs if type(x) is float]
    if not all(x == 0.0 or 1 / MAX_SIZE < abs(x) < MAX_SIZE for x in [*numbers, *plain]):
        return False
    if any(abs(numbers[x]) > MAX_ANGLE for x in computed_angles(recipe)):
        return False
    on_floats = sides(recipe, numbers)
    try:
        return 0 not in on_floats and on_floats == sides(recipe, values(recipe, list(map(mpf, recipe.leaves))))
    except NOT_REAL:
        return False


def computed_angles(recipe: Recipe) -> Iterator[int]:
    """The places of the outputs of gates that a wave is taken of."""
    for name, inputs in recipe.gates:
        if name in ("sin", "cos"):
            yield from [x for x in inputs if type(x) is int and x >= len(recipe.leaves)]


def values(recipe: Recipe, leaves: list[Any], factors: Iterable[Any] = ()) -> list[Any]:
    """All numbers of the exact graph; one of NOT_REAL where there is none.

    factors: what the outputs of the gates are multiplied by, as rounding does it; by default 1.
    """
    factor = chain(factors, repeat(1))

    def gate(name: str) -> Callable[..., Any]:
        return lambda *xs: next(factor) * EXACT[name](*map(mpf, xs))

    with mpmath.workdps(DIGITS):
        return recipe.run(leaves, gate)


def rounding(recipe: Recipe, chance: random.Random) -> list[Any]:
    """Factors as of outputs that are wrong by one last place each."""
    return [1 + chance.choice((-1, 1)) * mpf(2) ** -52 for _ in recipe.gates]


def derivatives(recipe: Recipe, order: int, factors: Sequence[Any] = ()) -> list[Any]:
    """The derivatives of the root by each leaf (order 1), or by every two (order 2), row by row.

    None where the function is complex beside this point.
    """
    with mpmath.workdps(DIGITS):
        return [derivative(recipe, at, factors) for at in product(range(len(recipe.leaves)), repeat=order)]


def derivative(recipe: Recipe, at: tuple[int, ...], factors: Sequence[Any]) -> Any:
    """The derivative by the leaves at these places: a sum over the corners around the point."""
    steps = [(abs(mpf(recipe.leaves[place])) or 1) * STEP for place in at]
    difference = mpf(0)
    for signs in product((1, -1), repeat=len(at)):
        leaves = list(map(mpf, recipe.leaves))
        for place, sign, h in zip(at, signs, steps):
            leaves[place] += sign * h
        try:
            difference += mpmath.fprod(signs) * mpf(values(recipe, leaves, factors)[-1])
        except NOT_REAL:
            return None
    return difference / mpmath.fprod(2 * h for h in steps)
