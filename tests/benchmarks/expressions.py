"""The lecture's three small expressions: built and sent backward each time, or recorded once and replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import exp
from typing import Any, NamedTuple

from .scalars import SCALARS, Library
from .work import Done, Way, Work

Flat = Callable[..., tuple[float, list[float]]]


class Expression(NamedTuple):
    """An expression of the lecture.

    build: of any library's values, and its `exp`.
    by_hand: the value and its gradients in straight-line Python, as the course writes them.
    """

    name: str
    note: str
    point: tuple[float, ...]
    build: Callable[..., Any]
    by_hand: Flat


# ---- written with values ----


def product(exp: Any, x: Any, y: Any, z: Any) -> Any:
    return (x + y) * z


def neuron(exp: Any, w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


def staged(exp: Any, x: Any, y: Any) -> Any:
    return (x + 1 / (1 + exp(-y))) / (1 / (1 + exp(-x)) + (x + y) ** 2)


# ---- written by hand ----


def product_by_hand(x: float, y: float, z: float) -> tuple[float, list[float]]:
    q = x + y
    return q * z, [z, z, q]


def neuron_by_hand(w0: float, x0: float, w1: float, x1: float, w2: float) -> tuple[float, list[float]]:
    f = 1.0 / (1.0 + exp(-(w0 * x0 + w1 * x1 + w2)))
    ddot = (1.0 - f) * f
    return f, [x0 * ddot, w0 * ddot, x1 * ddot, w1 * ddot, ddot]


def staged_by_hand(x: float, y: float) -> tuple[float, list[float]]:
    sigy = 1.0 / (1.0 + exp(-y))
    num = x + sigy
    sigx = 1.0 / (1.0 + exp(-x))
    xpy = x + y
    xpysqr = xpy**2
    den = sigx + xpysqr
    invden = 1.0 / den
    f = num * invden
    dnum = invden
    dinvden = num
    dden = (-1.0 / (den**2)) * dinvden
    dsigx = dden
    dxpysqr = dden
    dxpy = (2 * xpy) * dxpysqr
    dx = dxpy
    dy = dxpy
    dx += ((1 - sigx) * sigx) * dsigx
    dx += dnum
    dsigy = dnum
    dy += ((1 - sigy) * sigy) * dsigy
    return f, [dx, dy]


ADDED = "where micrograd is given the exp that it lacks"
EXPRESSIONS = [
    Expression("product", "f = (x + y) z", (-2.0, 5.0, -4.0), product, product_by_hand),
    Expression(
        "neuron",
        f"f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))), {ADDED}",
        (2.0, -1.0, -3.0, -2.0, -3.0),
        neuron,
        neuron_by_hand,
    ),
    Expression(
        "staged",
        f"f = (x + s(y)) / (s(x) + (x + y)^2), s(x) = 1 / (1 + exp(-x)), {ADDED}",
        (3.0, -4.0),
        staged,
        staged_by_hand,
    ),
]


# ---- done ----


def eager(library: Callable[[], Library], expression: Expression) -> Done:
    made = library()
    value, exp, build, point = made.value, made.exp, expression.build, expression.point

    def step() -> list[Any]:
        leaves = [value(x) for x in point]
        build(exp, *leaves).backward()
        return leaves

    return Done(made.gradients(step()), step)


def with_autograd(expression: Expression) -> Done:
    import autograd
    from autograd.numpy import exp

    gradient = autograd.grad(lambda point: expression.build(exp, *point))
    return Done([*map(float, gradient([*expression.point]))], lambda: gradient([*expression.point]))


def replayed(expression: Expression, whole: bool) -> Done:
    """`program()`, which reads the parameters and scales the result, or `program.function` alone."""
    from scalargrad import Value, exp, record

    leaves = [Value(x) for x in expression.point]
    program = record(lambda: expression.build(exp, *leaves), parameters=leaves)
    function, point, samples = program.function, [*expression.point], [()]
    step = program if whole else lambda: function(point, samples)
    return Done(step()[1], step)


def by_hand(expression: Expression) -> Done:
    function, point = expression.by_hand, expression.point
    return Done(function(*point)[1], lambda: function(*point))


def ways(expression: Expression) -> dict[str, Way]:
    return {
        **{who: Way(partial(eager, library, expression), needs) for who, (library, needs) in SCALARS.items()},
        "autograd": Way(partial(with_autograd, expression), "autograd"),
        "record, python": Way(partial(replayed, expression, True)),
        "program.function": Way(partial(replayed, expression, False)),
        "flat Python by hand": Way(partial(by_hand, expression)),
    }


WORKS: Sequence[Work] = [
    Work(
        e.name,
        f"{e.note}; leaves, forward and backward; if recorded or by hand, value and gradients",
        ways(e),
    )
    for e in EXPRESSIONS
]
