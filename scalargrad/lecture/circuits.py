"""The circuits of the lecture as data: what each is called, its expression and its numbers, in reading order.

Source: CS231n, lecture 4, and its notes "Backpropagation, Intuitions"; lecture 3 for the losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..expression import evaluate
from ..value import Value


class Circuit(NamedTuple):
    """A circuit that can be typed: `evaluate(expression, numbers)` records it.

    name: words with hyphens between them, for links.
    expression: statements, one gate per line where the lecture stages it.
    numbers: one for each name that the expression does not assign.
    """

    name: str
    expression: str
    numbers: Mapping[str, float]

    def root(self) -> Value:
        """The value of the last statement, recorded anew: no two roots share a leaf.

        >>> CIRCUITS["first-circuit"].root()
        Value(-12.0, label='f')
        """
        return evaluate(self.expression, self.numbers)


def _matrix(letter: str, rows: list[list[float]]) -> dict[str, float]:
    """{name: number} of a matrix, its names with row and column: W00, W01, ..."""
    return {f"{letter}{i}{j}": number for i, row in enumerate(rows) for j, number in enumerate(row)}


WEIGHTS = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
BITS = {"a": 1.0, "b": 1.0}
SCORES = {"cat": 3.2, "car": 5.1, "frog": -1.7}

_READING_ORDER = [
    Circuit("first-circuit", "q = x + y; f = q * z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    Circuit(
        "sigmoid-staged",
        """
        a = w0 * x0
        b = w1 * x1
        ab = a + b
        dot1 = ab + w2
        neg = -dot1
        e = exp(neg)
        den = 1 + e
        f = 1 / den
        """,
        WEIGHTS,
    ),
    Circuit("sigmoid-gate", "f = sigmoid(w0 * x0 + w1 * x1 + w2)", WEIGHTS),
    Circuit(
        "staged-computation",
        """
        sigy = sigmoid(y)
        num = x + sigy
        sigx = sigmoid(x)
        xpy = x + y
        xpysqr = xpy ** 2
        den = sigx + xpysqr
        invden = 1 / den
        f = num * invden
        """,
        {"x": 3.0, "y": -4.0},
    ),
    Circuit(
        "patterns",
        "xy = x * y; m = maximum(z, w); s = xy + m; f = 2 * s",
        {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0},
    ),
    Circuit("fork", "v = x * x; f = v + x", {"x": 3.0}),
    Circuit("order", "b = a + a; c = b + b", {"a": 1.0}),
    Circuit("upstream", "q = x + y; r = relu(q); f = r * z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    Circuit(
        "activations",
        """
        h1 = sigmoid(x1)
        h2 = tanh(x2)
        h3 = relu(x3)
        h4 = leaky_relu(x4)
        h5 = maximum(x5, -0.5 * x5 - 1)
        h6 = elu(x6)
        f = total([h1, h2, h3, h4, h5, h6])
        """,
        {"x1": 1.0, "x2": 1.0, "x3": -4.0, "x4": -4.0, "x5": -4.0, "x6": -1.0},
    ),
    Circuit("logic-and", "f = sigmoid(20 * a + 20 * b - 30)", BITS),
    Circuit(
        "logic-xnor",
        """
        both = sigmoid(20 * a + 20 * b - 30)
        neither = sigmoid(-20 * a - 20 * b + 10)
        f = sigmoid(20 * both + 20 * neither - 10)
        """,
        BITS,
    ),
    Circuit(
        "matrix",
        """
        y0 = dot([x0, x1, x2], [W00, W10, W20])
        y1 = dot([x0, x1, x2], [W01, W11, W21])
        y2 = dot([x0, x1, x2], [W02, W12, W22])
        y3 = dot([x0, x1, x2], [W03, W13, W23])
        s0 = sigmoid(y0)
        s1 = sigmoid(y1)
        s2 = sigmoid(y2)
        s3 = sigmoid(y3)
        h = dot([4, 1, 2, -1], [s0, s1, s2, s3])
        """,
        {"x0": 2.0, "x1": 1.0, "x2": -3.0} | _matrix("W", [[1, 3, 2, 0], [2, -1, 1, 2], [3, 0, 1, 4]]),
    ),
    Circuit(
        "affine",
        """
        O00 = dot([X00, X01], [W00, W10], b0)
        O01 = dot([X00, X01], [W01, W11], b1)
        O10 = dot([X10, X11], [W00, W10], b0)
        O11 = dot([X10, X11], [W01, W11], b1)
        O20 = dot([X20, X21], [W00, W10], b0)
        O21 = dot([X20, X21], [W01, W11], b1)
        h0 = dot([1, 0.5], [O00, O01])
        h1 = dot([-1, 2], [O10, O11])
        h2 = dot([3, 4], [O20, O21])
        h = total([h0, h1, h2])
        """,
        _matrix("X", [[1, 2], [3, 4], [5, 6]]) | _matrix("W", [[1, -1], [0, 2]]) | {"b0": 1.0, "b1": -2.0},
    ),
    Circuit(
        "svm-loss",
        "near_car = relu(car - cat + 1); near_frog = relu(frog - cat + 1); loss = total([near_car, near_frog])",
        SCORES,
    ),
    Circuit(
        "softmax-loss",
        """
        e_cat = exp(cat)
        e_car = exp(car)
        e_frog = exp(frog)
        Z = total([e_cat, e_car, e_frog])
        p = e_cat / Z
        loss = -log(p)
        """,
        SCORES,
    ),
    Circuit(
        "regularisation", "s = 2 * w; data_loss = relu(1 - s + 1); R = 0.1 * w ** 2; L = data_loss + R", {"w": 0.5}
    ),
]
CIRCUITS = {circuit.name: circuit for circuit in _READING_ORDER}
