"""The GPT step on single numbers, in `+ * **`, log, exp and relu, with a value of three objects or with ours.

The three-object value is the shortest way to write one: itself, a tuple of its parents, a tuple of its local gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class ThreeObjects:
    """A value that keeps its parents and its local gradients in tuples."""

    __slots__ = ("data", "grad", "parents", "slopes")

    def __init__(self, data: float, parents: tuple[Any, ...] = (), slopes: tuple[float, ...] = ()):
        self.data, self.grad, self.parents, self.slopes = data, 0.0, parents, slopes

    def __add__(self, other: Any) -> ThreeObjects:
        other = other if isinstance(other, ThreeObjects) else ThreeObjects(other)
        return ThreeObjects(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> ThreeObjects:
        other = other if isinstance(other, ThreeObjects) else ThreeObjects(other)
        return ThreeObjects(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> ThreeObjects:
        return ThreeObjects(self.data**n, (self,), (n * self.data ** (n - 1),))

    def log(self) -> ThreeObjects:
        return ThreeObjects(math.log(self.data), (self,), (1 / self.data,))

    def exp(self) -> ThreeObjects:
        return ThreeObjects(math.exp(self.data), (self,), (math.exp(self.data),))

    def relu(self) -> ThreeObjects:
        return ThreeObjects(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> ThreeObjects:
        return self * -1.0

    def __sub__(self, other: Any) -> ThreeObjects:
        return self + -other

    def __truediv__(self, other: Any) -> ThreeObjects:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        order: list[ThreeObjects] = []
        seen: set[ThreeObjects] = set()

        def visit(value: ThreeObjects) -> None:
            if value not in seen:
                seen.add(value)
                for parent in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            for parent, slope in zip(value.parents, value.slopes):
                parent.grad += slope * value.grad


def dot(ws: Sequence[Any], xs: Sequence[Any]) -> Any:
    return sum(w * x for w, x in zip(ws, xs))


def softmax(scores: Sequence[Any]) -> list[Any]:
    most = max(score.data for score in scores)
    powers = [(score - most).exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def cross_entropy(scores: Sequence[Any], label: int) -> Any:
    return -softmax(scores)[label].log()


class Adam:
    """Adam as the notes write it, on lists."""

    def __init__(self, parameters: Sequence[Any], rate: float, beta1: float, beta2: float):
        self.parameters, self.rate, self.beta1, self.beta2 = parameters, rate, beta1, beta2
        self.m, self.v, self.steps = [0.0] * len(parameters), [0.0] * len(parameters), 0

    def step(self) -> None:
        self.steps += 1
        m, v, first, second = self.m, self.v, 1 - self.beta1**self.steps, 1 - self.beta2**self.steps
        for i, p in enumerate(self.parameters):
            m[i] = self.beta1 * m[i] + (1 - self.beta1) * p.grad
            v[i] = self.beta2 * v[i] + (1 - self.beta2) * p.grad**2
            p.data -= self.rate * (m[i] / first) / ((v[i] / second) ** 0.5 + 1e-8)
            p.grad = 0.0
