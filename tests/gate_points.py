"""Where every gate of the table is tested, and what it must give there; and random graphs of these gates.

`POINTS[name]` has all of it for one gate.  A new gate needs one entry here, and every loop over the table tests it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import mpmath
from hypothesis import strategies as st
from mpmath import mpf

from scalargrad.gate import Gate
from scalargrad.table import GATES

inf, nan = math.inf, math.nan
Point = tuple[float, ...]


class Points(NamedTuple):
    """What is known of one gate.

    exact: its output, in the arithmetic of mpmath.
    ordinary: points where it is smooth and tame, also for slopes of slopes.
    far: points where it is smooth but tiny, huge or saturated.
    special: {point: (output, slopes)}, worked out by hand: kinks, ties, powers of 0, inf and nan.
    refused: {point: the kind of error that the output raises}.
    steep: {point: the kind of error that the rule raises, where the output is fine}.
    """

    exact: Callable[..., Any]
    ordinary: list[Point]
    far: list[Point] = []
    special: dict[Point, tuple[float, Point]] = {}
    refused: dict[Point, type[Exception]] = {}
    steep: dict[Point, type[Exception]] = {}


def each(*xs: float) -> list[Point]:
    """Points of a gate of one input."""
    return [(x,) for x in xs]


def alone(special: dict[float, tuple[float, float]], nan_slope: float = nan) -> dict[Point, tuple[float, Point]]:
    """Special points of a gate of one input, {x: (output, slope)}, and nan."""
    return {(x,): (z, (slope,)) for x, (z, slope) in special.items()} | {(nan,): (nan, (nan_slope,))}


def exact_dot(*inputs: Any) -> Any:
    n = len(inputs) // 2
    return sum(w * x for w, x in zip(inputs[:n], inputs[n:])) + sum(inputs[2 * n :])


def exact_tangent(*inputs: Any) -> Any:
    n = len(inputs) // 3
    xs, slopes, at = inputs[1 : n + 1], inputs[n + 1 : 2 * n + 1], inputs[2 * n + 1 :]
    return inputs[0] + sum(slope * (x - a) for x, slope, a in zip(xs, slopes, at))


def exact_step(x: Any, y: Any, at: Any) -> Any:
    return mpf(1) if x > y else mpf(0) if x < y else at


def exact_exponent_slope(c: Any, x: Any, n: Any, k: Any) -> Any:
    return c * x**n * (mpmath.log(x) ** int(k) if k else 1)


def exact_pick(index: Any, *xs: Any) -> Any:
    return xs[int(mpmath.nint(index))]


def plain(x: Any) -> float:
    """The number of a value; a plain number as it is."""
    return float(getattr(x, "data", x))


SIGNED = each(-2.5, -1.0, -0.3, 0.7, 1.0, 3.0)
POSITIVE = each(0.2, 0.7, 1.5, 4.0)
WIDE = each(-1000.0, -40.0, -10.0, -1e-12, 1e-12, 10.0, 37.0, 1000.0)
PAIRS = [(2.0, 3.0), (-2.0, 0.5), (0.7, -4.0), (-1.5, -0.25)]
SCALED = [(2.0, 0.1), (-2.0, 0.1), (-0.5, 1.0), (1.5, -0.3), (-1.5, -0.3)]
LISTS = [(2.0,), (2.0, -1.0), (-0.5, 3.0, 1.0), (0.1, 0.2, -0.3, 0.4)]

POINTS = {
    "add": Points(lambda x, y: x + y, PAIRS, special={(inf, -inf): (nan, (1.0, 1.0)), (nan, 1.0): (nan, (1.0, 1.0))}),
    "sub": Points(lambda x, y: x - y, PAIRS, special={(inf, inf): (nan, (1.0, -1.0)), (0.0, 0.0): (0.0, (1.0, -1.0))}),
    "mul": Points(
        lambda x, y: x * y,
        PAIRS,
        far=[(1e-160, 1e150), (0.0, 3.0)],
        special={(1e200, 1e200): (inf, (1e200, 1e200)), (inf, 0.0): (nan, (0.0, inf))},
    ),
    "div": Points(
        lambda x, y: x / y,
        PAIRS,
        far=[(1.0, 3e7), (0.0, 2.0), (1e150, 1e-50)],
        special={(1.0, inf): (0.0, (0.0, 0.0)), (inf, 2.0): (inf, (0.5, -inf))},
        refused={(1.0, 0.0): ZeroDivisionError, (0.0, 0.0): ZeroDivisionError},
    ),
    "neg": Points(lambda x: -x, SIGNED, far=each(0.0, 1e300), special=alone({}, -1.0)),
    "pow": Points(
        lambda x, y: x**y,
        [(2.0, 3.0), (0.5, -1.5), (3.0, 0.5), (1.5, 2.0), (1.0, -2.0)],
        far=[(0.0, 2.0), (0.0, 3.0), (1e-3, 20.0), (1e10, 3.0), (7.0, 1e-9), (2.0, 1000.0), (2.0, -1000.0)],
        special={
            (0.0, 0.0): (1.0, (0.0, 0.0)),
            (0.0, 1.0): (0.0, (1.0, 0.0)),
            (0.0, 2.5): (0.0, (0.0, 0.0)),
            (5.0, 0.0): (1.0, (0.0, math.log(5.0))),
            (-2.0, 0.0): (1.0, (0.0, nan)),
            (-2.0, 3.0): (-8.0, (12.0, nan)),
            (-2.0, -1.0): (-0.5, (-0.25, nan)),
            (inf, 2.0): (inf, (inf, inf)),
            (nan, 2.0): (nan, (nan, nan)),
            (2.0, nan): (nan, (nan, nan)),
            (0.0, nan): (nan, (nan, nan)),
            (nan, 0.0): (1.0, (0.0, nan)),  # 1, says IEEE 754: whatever x is
        },
        refused={
            (0.0, -1.0): ZeroDivisionError,
            (-8.0, 1 / 3): ValueError,
            (1e200, 2.0): OverflowError,
            (-1e200, 3.0): OverflowError,
        },
        steep={(0.0, 0.5): ZeroDivisionError, (1e-200, -1.0): OverflowError},
    ),
    "abs": Points(abs, SIGNED, far=each(-1e-300, 1e300), special=alone({0.0: (0.0, 0.0), -inf: (inf, -1.0)})),
    "exp": Points(
        mpmath.exp,
        SIGNED,
        far=each(-700.0, 0.0, 1e-12, 700.0),
        special=alone({-1000.0: (0.0, 0.0), -inf: (0.0, 0.0), inf: (inf, inf)}),
        refused={(1000.0,): OverflowError, (710.0,): OverflowError},
    ),
    "log": Points(
        mpmath.log,
        POSITIVE,
        far=each(1e-300, 1.0, 1.0 + 1e-12, 1e300),
        special=alone({inf: (inf, 0.0)}),
        refused={(0.0,): ValueError, (-1.0,): ValueError, (-inf,): ValueError},
    ),
    "sqrt": Points(
        mpmath.sqrt,
        POSITIVE,
        far=each(1e-300, 1e300),
        special=alone({inf: (inf, 0.0)}),
        refused={(-1.0,): ValueError, (-inf,): ValueError},
        steep={(0.0,): ZeroDivisionError},
    ),
    "sin": Points(mpmath.sin, SIGNED, far=each(0.0, math.pi, 1e6), special=alone({}), refused={(inf,): ValueError}),
    "cos": Points(
        mpmath.cos, SIGNED, far=each(0.0, math.pi / 2, 1e6), special=alone({}), refused={(-inf,): ValueError}
    ),
    "tanh": Points(
        mpmath.tanh,
        SIGNED,
        far=WIDE,
        special=alone({inf: (1.0, 0.0), -inf: (-1.0, 0.0), 0.0: (0.0, 1.0)}),
    ),
    "sigmoid": Points(
        lambda x: 1 / (1 + mpmath.exp(-x)),
        SIGNED,
        far=WIDE,
        special=alone({inf: (1.0, 0.0), -inf: (0.0, 0.0), -1000.0: (0.0, 0.0), 0.0: (0.5, 0.25)}),
    ),
    "softplus": Points(
        lambda x: mpmath.log1p(mpmath.exp(x)),
        SIGNED,
        far=WIDE,
        special=alone({inf: (inf, 1.0), -inf: (0.0, 0.0), 0.0: (math.log(2.0), 0.5)}),
    ),
    "relu": Points(
        lambda x: max(x, mpf(0)),
        SIGNED,
        far=each(-1e-300, 1e300),
        special=alone({0.0: (0.0, 0.0), inf: (inf, 1.0), -inf: (0.0, 0.0)}),
    ),
    "leaky_relu": Points(
        lambda x, slope: x if x > 0 else slope * x,
        SCALED,
        far=[(-1e-300, 0.1), (1e300, 0.1)],
        special={(0.0, 0.1): (0.0, (0.1, 0.0)), (-inf, 0.1): (-inf, (0.1, -inf)), (nan, 0.1): (nan, (nan, nan))},
    ),
    "elu": Points(
        lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x),
        SCALED,
        far=[(-1000.0, 1.0), (-1e-12, 2.0), (1000.0, 1.0)],
        special={
            (0.0, 2.0): (0.0, (2.0, 0.0)),
            (inf, 1.0): (inf, (1.0, 0.0)),
            (-inf, 2.0): (-2.0, (0.0, -1.0)),
            (nan, 1.0): (nan, (nan, nan)),
        },
    ),
    "maximum": Points(
        lambda *xs: max(xs),
        LISTS,
        far=[(1e300, -1e300), (1.0, 1.0 + 1e-15)],
        special={
            (2.0, 2.0): (2.0, (0.5, 0.5)),
            (0.0, -0.0): (0.0, (0.5, 0.5)),
            (2.0, 5.0, 5.0, 5.0, 5.0): (5.0, (0.0, 0.25, 0.25, 0.25, 0.25)),
            (inf, inf): (inf, (0.5, 0.5)),
            (-inf, 1.0): (1.0, (0.0, 1.0)),
            (1.0, nan): (nan, (nan, nan)),
            (nan, 1.0): (nan, (nan, nan)),
        },
    ),
    "minimum": Points(
        lambda *xs: min(xs),
        LISTS,
        far=[(1e300, -1e300), (1.0, 1.0 + 1e-15)],
        special={
            (2.0, 2.0): (2.0, (0.5, 0.5)),
            (9.0, 5.0, 5.0, 5.0, 5.0): (5.0, (0.0, 0.25, 0.25, 0.25, 0.25)),
            (-inf, -inf): (-inf, (0.5, 0.5)),
            (inf, 1.0): (1.0, (0.0, 1.0)),
            (1.0, nan): (nan, (nan, nan)),
            (nan, 1.0): (nan, (nan, nan)),
        },
    ),
    "total": Points(lambda *xs: sum(xs), LISTS, special={(inf, -inf, 1.0): (nan, (1.0, 1.0, 1.0))}),
    "dot": Points(
        exact_dot,
        [(2.0, -3.0), (2.0, -3.0, 0.5), (2.0, -3.0, -1.0, -2.0), (2.0, -3.0, -1.0, -2.0, -3.0)],
        special={(7.0,): (7.0, (1.0,)), (nan, 0.0): (nan, (0.0, nan)), (inf, 0.0, 1.0): (nan, (0.0, inf, 1.0))},
    ),
    "given_gradients": Points(
        exact_tangent,
        [(2.0, 0.5, -3.0, 1.5), (0.3, -0.7, 0.6, 2.0), (-1.0, 0.5, 2.0, -3.0, 0.7, 0.25, 1.5)],
        far=[(7.0, 3.0, 1e6, 3.0), (1e200, 2.0, 1.0, 2.0)],
        special={
            (7.0, 3.0, 2.0, 3.0): (7.0, (1.0, 2.0, 0.0, -2.0)),  # where it was made
            (nan, 3.0, 2.0, 3.0): (nan, (1.0, 2.0, 0.0, -2.0)),
            (1.0, nan, 0.0, 2.0): (nan, (1.0, 0.0, nan, -0.0)),
        },
    ),
    "step": Points(
        exact_step,
        [(2.0, 1.0, 0.5), (1.0, 2.0, 0.5), (-1.0, 0.0, 1.0)],
        special={
            (2.0, 2.0, 0.25): (0.25, (0.0, 0.0, 0.0)),
            (0.0, -0.0, 1.0): (1.0, (0.0, 0.0, 0.0)),
            (nan, 1.0, 0.0): (nan, (0.0, 0.0, 0.0)),
            (1.0, nan, 0.0): (nan, (0.0, 0.0, 0.0)),
        },
    ),
    "pick": Points(  # its index is whole: it has no neighbours
        exact_pick,
        [(0.0, 2.0), (1.0, -0.5, 3.0, 1.0), (2.0, 0.1, 0.2, -0.3, 0.4)],
        far=[(1.0, 1e300, -1e-300)],
        special={
            (-0.0, 3.0, 4.0): (3.0, (0.0, 1.0, 0.0)),
            (0.0, 2.0, 2.0): (2.0, (0.0, 1.0, 0.0)),
            (1.0, nan, inf): (inf, (0.0, 0.0, 1.0)),
            (0.0, nan, inf): (nan, (0.0, 1.0, 0.0)),
        },
        refused=dict.fromkeys([(2.0, 7.0, 8.0), (-1.0, 7.0, 8.0), (0.5, 7.0, 8.0), (nan, 7.0), (inf, 7.0)], ValueError),
    ),
    "power_slope": Points(
        lambda c, x, n: c * x**n,
        [(3.0, 2.0, 2.0), (-0.5, 0.7, -1.5), (2.0, 1.5, 0.5)],
        far=[(2.0, 0.0, 2.0), (5.0, 1e-3, 20.0)],
        special={
            (0.0, 2.0, -1.0): (0.0, (0.5, 0.0, 0.0)),
            (2.0, 0.0, 0.0): (2.0, (1.0, 0.0, 0.0)),
            (2.0, 0.0, 1.0): (0.0, (0.0, 2.0, 0.0)),
            (2.0, -3.0, 2.0): (18.0, (9.0, -12.0, nan)),
            (2.0, nan, 2.0): (nan, (nan, nan, nan)),
        },
        refused={(1.0, 0.0, -1.0): ZeroDivisionError, (1.0, -8.0, 0.5): ValueError},
        steep={(0.0, 0.0, -1.0): ZeroDivisionError, (2.0, 0.0, 0.5): ZeroDivisionError},
    ),
    "exponent_slope": Points(  # its k is always a plain number, and has no slope
        exact_exponent_slope,
        [(1.0, 2.0, 3.0, 1.0), (0.5, 0.7, -1.5, 2.0), (-2.0, 1.5, 0.5, 1.0), (3.0, 0.4, 2.0, 0.0)],
        special={
            (1.0, 0.0, 2.0, 1.0): (0.0, (0.0, 0.0, 0.0)),
            (1.0, 0.0, 1.0, 1.0): (0.0, (0.0, 1.0, 0.0)),
            (3.0, 0.0, 0.0, 0.0): (3.0, (1.0, 0.0, 0.0)),
            (3.0, 2.0, 5.0, -1.0): (0.0, (0.0, 0.0, 96.0)),
            (1.0, -2.0, 3.0, 1.0): (nan, (nan, nan, nan)),
            (1.0, nan, 3.0, 1.0): (nan, (nan, nan, nan)),
        },
        refused={(1.0, 0.0, -1.0, 1.0): ZeroDivisionError},
        steep={(1.0, 0.0, 0.0, 1.0): ZeroDivisionError},
    ),
}


def smooth(name: str) -> list[Point]:
    return POINTS[name].ordinary + POINTS[name].far


def everywhere(name: str) -> list[Point]:
    """All points where the gate has an output and slopes."""
    return smooth(name) + list(POINTS[name].special)


# ---- random graphs ----

HELPERS = {"step", "power_slope", "exponent_slope"}
NOT_FOR_VALUES = HELPERS | {"given_gradients", "pick"}  # which people never hand values in all places
WHOLE = {"pick": {0}}  # places of inputs that are whole numbers: beside them there is no output
MAX_SIZE = 20.0


class Recipe(NamedTuple):
    """A graph to be built on any kind of number.

    leaves: their numbers.
    gates: gates by name, each with its inputs: the place of one among all numbers of the graph, or a plain number.
    """

    leaves: tuple[float, ...]
    gates: list[tuple[str, tuple[int | float, ...]]]

    def run(self, leaves: Any, gate: Callable[[str], Callable[..., Any]]) -> list[Any]:
        """All numbers of the graph: the leaves, then the output of each gate; the last one is the root."""
        numbers = [*leaves]
        for name, inputs in self.gates:
            numbers.append(gate(name)(*[numbers[x] if type(x) is int else x for x in inputs]))
        return numbers


def tame(name: str, inputs: list[float]) -> bool:
    """Whether a gate is well conditioned here: not near a kink, a pole or the end of its domain."""
    x, y = inputs[0], inputs[-1]
    if name in ("log", "sqrt", "pow"):
        return x > 0.1
    if name == "div":
        return abs(y) > 0.1
    if name in ("abs", "relu", "leaky_relu", "elu"):
        return abs(x) > 0.01
    if name in ("maximum", "minimum"):
        ranked = sorted(inputs)
        return all(b - a > 0.01 for a, b in zip(ranked, ranked[1:]))
    return True


@st.composite
def recipes(draw: Any, longest: int = 12) -> Recipe:
    """Random graphs of tame gates, with forks, whose numbers stay below `MAX_SIZE`."""
    leaves = draw(st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=1, max_size=4))
    numbers, gates = [*leaves], []
    for _ in range(draw(st.integers(1, longest))):
        name = draw(st.sampled_from([name for name in GATES if name not in NOT_FOR_VALUES]))
        count = len(draw(st.sampled_from(POINTS[name].ordinary)))
        places = tuple(draw(st.integers(0, len(numbers) - 1)) for _ in range(count))
        inputs = [numbers[i] for i in places]
        if tame(name, inputs):
            try:
                z = GATES[name](*inputs)
            except OverflowError:
                continue
            if abs(z) < MAX_SIZE:
                numbers.append(z)
                gates.append((name, places))
    return Recipe(tuple(leaves), gates)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, 1e-3, 20.0, 1e200, inf, nan]


def any_number(chance: random.Random) -> float:
    return chance.choice(SPECIAL) if chance.random() < 0.3 else chance.uniform(-3.0, 3.0)


def wild_recipe(
    chance: random.Random,
    longest: int = 8,
    number: Callable[[random.Random], float] = any_number,
    gates: Mapping[str, Gate] = GATES,
    start: Recipe | None = None,
) -> Recipe:
    """A random graph of all gates wherever they have an output: with forks, and plain numbers at any place.

    longest: how many gates it has at most.
    number: makes the numbers, of leaves and of parameters.
    gates: which gates it is made of, by name.
    start: the graph that it grows from; by default one to three leaves.
    """
    leaves, made = start or Recipe(tuple([number(chance) for _ in range(chance.randint(1, 3))]), [])
    recipe = Recipe(leaves, [*made])
    numbers = recipe.run(leaves, gates.__getitem__)

    def add(name: str, *inputs: int | float) -> None:
        numbers.append(gates[name](*[numbers[x] if type(x) is int else x for x in inputs]))
        recipe.gates.append((name, inputs))

    for _ in range(chance.randint(1, longest)):
        name = chance.choice([*gates])
        count = gates[name].arity or len(chance.choice(POINTS[name].ordinary))
        inputs = [number(chance) if chance.random() < 0.25 else chance.randrange(len(numbers)) for _ in range(count)]
        if name == "power_slope":  # it is used where x ** n is known to be real
            add("abs", chance.randrange(len(numbers)))
            inputs[1] = len(numbers) - 1
        if name == "pick":  # of an index that is known, or computed in the graph
            inputs[0] = float(chance.randrange(count - 1))
            if count > 2 and "step" in gates and chance.random() < 0.5:
                add("step", chance.randrange(len(numbers)), chance.randrange(len(numbers)), 1.0)
                inputs[0] = len(numbers) - 1
        if name == "given_gradients":  # of plain numbers it has no second derivatives
            inputs = [chance.randrange(len(numbers)) for _ in inputs]
        if name == "exponent_slope":
            inputs[3] = float(chance.randrange(3))
        try:
            if int in map(type, inputs):
                add(name, *inputs)
        except (ArithmeticError, ValueError):
            continue
    return recipe
