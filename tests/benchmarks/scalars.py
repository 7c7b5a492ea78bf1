"""Libraries of single numbers, so that one source can be run with the values of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Library(NamedTuple):
    """A library whose values remember how they were computed.

    value: makes a leaf of a float.
    exp: the gate.
    no_gradient: what `grad` is before backward.
    """

    value: Callable[[float], Any]
    exp: Callable[[Any], Any]
    no_gradient: Any = 0.0

    def gradients(self, leaves: Iterable[Any]) -> list[float]:
        """The gradients, as floats."""
        return [float(leaf.grad) for leaf in leaves]


def scalargrad() -> Library:
    from scalargrad import Value, exp

    return Library(Value, exp)


def micrograd() -> Library:
    """micrograd, with the gate of the lecture's neuron that it lacks, written as it writes its own."""
    from micrograd.engine import Value

    def exp(self: Any) -> Any:
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward() -> None:
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    return Library(Value, exp)


def torch() -> Library:
    """Tensors of one number each, in torch's double precision."""
    import torch

    return Library(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), torch.exp, None)


SCALARS: dict[str, tuple[Callable[[], Library], str]] = {
    "micrograd": (micrograd, "micrograd"),
    "scalargrad": (scalargrad, ""),
    "torch 0-d": (torch, "torch"),
}
