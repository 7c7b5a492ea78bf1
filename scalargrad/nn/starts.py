"""Starts: the random numbers that weights begin with.  Biases begin with 0.

A start is a function (random, n_inputs) that draws one weight of a neuron with n_inputs inputs; `random` is a
`random.Random`, or the module of that name, which draws from the global generator.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, Literal

from ..gate import to_float
from .choices import chosen

Start = Callable[[Any, int], float]


def generator(seed: int | None) -> Any:
    """The source of random numbers: a generator of its own for a seed; for None the global one, the module `random`."""
    return random if seed is None else random.Random(seed)


def uniform(random: Any, n_inputs: int) -> float:
    """A weight between -1 and 1, however many inputs there are.  Source: micrograd, Karpathy, 2020."""
    return float(random.uniform(-1, 1))


def xavier(random: Any, n_inputs: int) -> float:
    """A weight from the normal distribution with deviation 1 / sqrt(n_inputs), which keeps the variance through tanh.

    Source: CS231n, Neural Networks Part 2, "Weight initialization"; Glorot and Bengio, 2010, who put the mean of the
    numbers of inputs and outputs in the place of the number of inputs.
    """
    return float(random.gauss(0.0, 1.0)) / math.sqrt(n_inputs)


def he(random: Any, n_inputs: int) -> float:
    """A weight from the normal distribution with deviation sqrt(2 / n_inputs), which keeps the variance through relu.

    Source: He, Zhang, Ren, Sun, 2015; CS231n, Neural Networks Part 2, "Weight initialization".
    """
    return float(random.gauss(0.0, 1.0)) * math.sqrt(2.0 / n_inputs)


def normal(deviation: float) -> Start:
    """A start: weights from the normal distribution with this standard deviation, such as the 0.01 of the course."""
    deviation = to_float(deviation)
    return lambda random, n_inputs: deviation * float(random.gauss(0.0, 1.0))


def zero(random: Any, n_inputs: int) -> float:
    """0, with which all neurons of a layer are alike and stay alike: a pitfall that the notes warn of."""
    return 0.0


StartName = Literal["uniform", "xavier", "he", "zero"] | str
STARTS: dict[str, Start] = {"uniform": uniform, "xavier": xavier, "he": he, "zero": zero}


def drawn_from(random: Any, start: StartName | Start) -> Start:
    """`start`, but always drawing from this generator: all neurons of a network share one."""
    draw = chosen("a start", start, STARTS)
    return lambda _, n_inputs: draw(random, n_inputs)
