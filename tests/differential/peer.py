"""What torch makes of a graph, in float64."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from gate_points import Recipe

from scalargrad.table import add_up, dot_product, tangent


def at_a_plain_power(c: Any, x: Any, n: Any, k: Any = 0.0) -> None:
    """NotImplementedError where a helper of powers has conventions that torch knows nothing of."""
    if not (c != 0.0 and 0.0 < x < math.inf and abs(n) < math.inf and k >= 0.0):
        raise NotImplementedError


def power_slope(c: Any, x: Any, n: Any) -> Any:
    at_a_plain_power(c, x, n)
    return c * x**n


def exponent_slope(c: Any, x: Any, n: Any, k: Any) -> Any:
    at_a_plain_power(c, x, n, k)
    return c * x**n * torch.log(x) ** k if k else c * x**n


class Step(torch.autograd.Function):
    """A comparison; its slopes are 0, which torch's own has not."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, at: Any) -> Any:
        return at.clone() if x == y else tensor(float(x > y) if x == x and y == y else math.nan)

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> Any:
        zero = torch.zeros_like(upstream)
        return zero, zero, zero


def pick(index: Any, *xs: Any) -> Any:
    return torch.stack(xs)[int(index)] + 0.0 * index


def elu(x: Any, alpha: Any) -> Any:
    """By expm1 near 0 alone: torch takes its slope for the output plus 1, which far below 0 has no digits left."""
    below = torch.where(x > 0.0, 0.0, x)  # not clamp, whose slope at the bound is 1 in some versions, and 0 in others
    return torch.where(x > 0.0, x, alpha * torch.where(x > -1.0, torch.expm1(below), torch.exp(below) - 1.0))


def length(x: Any, y: Any) -> Any:
    return torch.sqrt(x * x + y * y + 1.0)


def swish(x: Any) -> Any:
    return x * torch.sigmoid(x)


TORCH: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": operator.pow,
    **{name: getattr(torch, name) for name in ("abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu")},
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "leaky_relu": lambda x, slope: torch.where(x > 0.0, x, slope * x),
    "elu": elu,
    "maximum": lambda *xs: torch.stack(xs).amax(0),
    "minimum": lambda *xs: torch.stack(xs).amin(0),
    "total": lambda *xs: add_up(*xs),
    "dot": dot_product,
    "given_gradients": tangent,
    "step": Step.apply,
    "pick": pick,
    "power_slope": power_slope,
    "exponent_slope": exponent_slope,
    "swish": swish,
    "length": length,
    "nested": lambda x, y: swish(x) * length(x, y) + torch.maximum(x, y),
    "cube": lambda x: x * x * x,
}


def tensor(x: Any) -> Any:
    return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64)


def graph(recipe: Recipe) -> tuple[list[Any], list[Any]]:
    """The leaves, and all numbers of the graph; NotImplementedError where torch has no such gate."""
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in recipe.leaves]
    return leaves, recipe.run(leaves, lambda name: lambda *xs: TORCH[name](*map(tensor, xs)))


def gradients(recipe: Recipe) -> list[float]:
    """The derivatives of the root by all numbers of the graph, leaves first."""
    _, numbers = graph(recipe)
    return row(numbers[-1], numbers)


def derivatives(recipe: Recipe, order: int) -> list[float]:
    """The derivatives of the root by each leaf (order 1), or by every two (order 2), row by row."""
    leaves, numbers = graph(recipe)
    if order == 1:
        return row(numbers[-1], leaves)
    slopes = torch.autograd.grad(numbers[-1], leaves, allow_unused=True, create_graph=True)
    return [second for slope in slopes for second in row(slope, leaves)]


def row(slope: Any, by: list[Any]) -> list[float]:
    if slope is None or not slope.requires_grad:
        return [0.0] * len(by)
    found = torch.autograd.grad(slope, by, allow_unused=True, retain_graph=True)
    return [0.0 if x is None else x.item() for x in found]
