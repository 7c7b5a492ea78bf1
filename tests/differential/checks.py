"""One question about a graph each, and its verdict."""

from __future__ import annotations

import functools
import importlib.util
import math
import operator
import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from conftest import same
from interpreted import record_interpreted

from scalargrad import backprop_code, calculus
from scalargrad.compiled import record

from . import exact
from .ours import Case, tolerances

AGREES = "agrees"
AS_TORCH = "as far as torch"  # beyond the tolerance, and torch is no nearer to the truth
AS_ROUNDING = "as rounding"  # beyond the tolerance, and no farther than rounded outputs bring the exact function
KNOWN = "known"  # it stands in tests/README.md
SKIPPED = "skipped"  # the question does not apply
UNEXPLAINED = "unexplained"
ROUNDINGS = 20
FAR = 1e100  # products of numbers beyond it may overflow in one order, and not in another


class Check(NamedTuple):
    """A question.

    verdict: of one graph.
    tolerance: what counts as agreement, in words.
    every: it is asked of every so many graphs, as it takes long.
    needs: the module without which it cannot be asked.
    """

    verdict: Callable[[Case], str]
    tolerance: str
    every: int = 1
    needs: str = ""

    @property
    def missing(self) -> bool:
        return bool(self.needs) and importlib.util.find_spec(self.needs) is None


def within(found: list[float], expected: Iterable[float], allowed: Iterable[float], known: Iterable[bool] = ()) -> str:
    """The verdict on numbers, each with its tolerance; those that are known may be farther off."""
    near = [same(x, y) or abs(x - y) <= off for x, y, off in zip(found, expected, allowed)]
    if all(near):
        return AGREES
    return KNOWN if known and all(map(operator.or_, near, known)) else UNEXPLAINED


@functools.cache
def peer() -> Any:
    """The module that asks torch; None where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    from . import peer

    return peer


def of_peer(what: str, *arguments: Any) -> Any:
    """Derivatives by torch; None where it has none to compare."""
    try:
        return peer() and getattr(peer(), what)(*arguments)
    except NotImplementedError:
        return None


# ---- backward, and gradients of gradients, against the truth ----


def against_the_truth(case: Case, order: int, found: list[float], allowed: list[float]) -> str:
    """The verdict on the derivatives of a graph that has true ones.

    A number may be as far off as torch's, or as the exact function moves where every output is rounded.
    """
    truths = exact.derivatives(case.recipe, order)
    if None in truths:  # the exact function is complex beside this point, so a number is no slope
        return UNEXPLAINED
    off = [abs(x - truth) for x, truth in zip(found, truths)]
    if all(map(operator.le, off, allowed)):
        return AGREES
    others = of_peer("derivatives", case.recipe, order)
    if others and all(map(operator.le, off, widened(allowed, others, truths))):
        return AS_TORCH
    chance = random.Random(0)
    for _ in range(ROUNDINGS):
        rounded = exact.derivatives(case.recipe, order, exact.rounding(case.recipe, chance))
        if all(map(operator.le, off, widened(allowed, rounded, truths))):
            return AS_ROUNDING
    return UNEXPLAINED


def widened(allowed: list[float], others: list[Any], truths: list[Any]) -> list[float]:
    """The tolerances, and how far others are from the truth besides."""
    trio = zip(allowed, others, truths)
    return [most if x is None or x != x else most + abs(x - truth) for most, x, truth in trio]


def backward_is_true(case: Case) -> str:
    if not case.has_truth or case.gradients is None:
        return SKIPPED
    return against_the_truth(case, 1, case.gradients, case.tolerances)


def hessian_is_true(case: Case) -> str:
    if not case.has_truth:
        return SKIPPED
    found = calculus.hessian(case.root, case.leaves)
    allowed = [tolerances(slope, case.leaves) for slope in calculus.gradient(case.root, case.leaves)]
    return against_the_truth(case, 2, sum(found, []), sum(allowed, []))


# ---- where there is no truth: at kinks, at infinities, where a slope is none ----


def backward_is_torchs(case: Case) -> str:
    """The verdict by torch alone.

    Known: a slope that is infinite raises, also where torch masks it on the way back; a gate that routes nothing gives
    nan under an infinite gradient, where torch has 0; and of products that may overflow, torch takes others first.
    """
    others = None if case.has_truth else of_peer("gradients", case.recipe)
    if others is None:
        return SKIPPED
    if case.gradients is None:
        return UNEXPLAINED if all(map(math.isfinite, others)) else KNOWN
    far = not case.exactly or any(abs(x) > FAR for x in case.data)
    known = [x != x or far and not math.isfinite(y) for x, y in zip(case.gradients, others)]
    return within(case.gradients, others, case.tolerances, [not case.finite and one for one in known])


# ---- against backward ----


def allowed_beside(case: Case) -> list[float]:
    """How far other ways may be from `backward()`: not at all, but for gates of one's own."""
    return [0.0] * len(case.leaves) if case.exactly else case.tolerances


def gradient_is_backward(case: Case) -> str:
    if not case.finite or case.gradients is None:
        return SKIPPED
    found = [slope.data for slope in calculus.gradient(case.root, case.leaves)]
    return within(found, case.gradients, allowed_beside(case))


def code_is_backward(case: Case) -> str:
    names = {f"x{i}": leaf for i, leaf in enumerate(case.leaves)}
    try:
        variables = backprop_code(case.root, names=names).run()
    except (ArithmeticError, ValueError) as error:
        return AGREES if type(error) is type(case.error) else UNEXPLAINED
    if case.gradients is None:
        return UNEXPLAINED
    found = [variables.get(f"d{name}", 0.0) for name in names]
    parts = [not case.exactly and not case.finite and x != x for x in found]  # of a gate of one's own may be infinite
    return within(found, case.gradients, allowed_beside(case), parts)


def record_on(engine: str, function: Callable[..., Any], sample: list[float], parameters: list[Any]) -> Any:
    if engine == "interpreter":
        return record_interpreted(function, sample, parameters)
    return record(function, sample, parameters, engine)


def engine_is_backward(engine: str) -> Callable[[Case], str]:
    def verdict(case: Case) -> str:
        if not case.finite or case.gradients is None or not case.recipe.gates:
            return SKIPPED
        half = len(case.leaves) // 2
        sample, parameters = case.recipe.leaves[:half], case.leaves[half:]

        def function(*xs: Any) -> Any:
            return case.recipe.run([*xs, *parameters], case.gates.__getitem__)[-1]

        program = record_on(engine, function, sample, parameters)
        value, found = program(*[[x] for x in sample])
        size = [max(*case.tolerances, 1e-12 * abs(case.root.data))] * (len(parameters) + 1)
        return within([value, *found], [case.root.data, *case.gradients[half:]], size)

    return verdict


ROUNDED = "1e-12 of each local gradient, without signs"
BITS = "0; gates of one's own: 1e-12"
CHECKS = {
    "backward, against mpmath": Check(backward_is_true, ROUNDED),
    "backward at kinks and infinities, against torch": Check(backward_is_torchs, ROUNDED, needs="torch"),
    "hessian, against mpmath": Check(hessian_is_true, ROUNDED, every=5),
    "gradient, against backward": Check(gradient_is_backward, BITS),
    "generated code, against backward": Check(code_is_backward, BITS, every=2),
    'engine "python", against backward': Check(engine_is_backward("python"), ROUNDED, every=5),
    'engine "numpy", against backward': Check(engine_is_backward("numpy"), ROUNDED, every=5, needs="numpy"),
    'engine "native", against backward': Check(engine_is_backward("native"), ROUNDED, every=20, needs="llvmlite"),
    '"native" of large graphs, against backward': Check(
        engine_is_backward("interpreter"), ROUNDED, every=5, needs="llvmlite"
    ),
    'engine "jax", against backward': Check(engine_is_backward("jax"), ROUNDED, every=200, needs="jax"),
}
