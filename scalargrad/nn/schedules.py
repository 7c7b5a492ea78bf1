"""Schedules: the learning rate as a function of the number of steps taken so far; `learning_rate=` takes one.

A schedule is a `partial` of a function of this file, not a closure, so that optimisers can be pickled.

>>> halving = step_decay(0.1, every=100, factor=0.5)
>>> halving(0), halving(99), halving(100), halving(200)
(0.1, 0.1, 0.05, 0.025)

Source: CS231n, Neural Networks Part 3, "Annealing the learning rate".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from ..gate import to_float

Schedule = Callable[[int], float]


def constant_rate(rate: float) -> Schedule:
    """`rate` at every step."""
    return partial(_constant, _rate(rate))


def _constant(rate: float, step: int) -> float:
    return rate


def step_decay(rate: float, every: int, factor: float = 0.5) -> Schedule:
    """`rate`, multiplied by `factor` each time that `every` steps have been taken."""
    return partial(_by_steps, _rate(rate), _steps(every), to_float(factor))


def _by_steps(rate: float, every: int, factor: float, step: int) -> float:
    return rate * factor ** (step // every)


def exponential_decay(rate: float, decay: float) -> Schedule:
    """rate * e ** (-decay * step)."""
    return partial(_exponential, _rate(rate), to_float(decay))


def _exponential(rate: float, decay: float, step: int) -> float:
    return rate * math.exp(-decay * step)


def inverse_decay(rate: float, decay: float) -> Schedule:
    """rate / (1 + decay * step): the 1/t decay of the notes."""
    return partial(_inverse, _rate(rate), to_float(decay))


def _inverse(rate: float, decay: float, step: int) -> float:
    return rate / (1.0 + decay * step)


def linear_decay(rate: float, steps: int, end: float = 0.0) -> Schedule:
    """From `rate` down to `end` in a straight line over `steps` steps, then `end`.

    micrograd's demo has linear_decay(1.0, 100, 0.1).
    """
    return partial(_linear, _rate(rate), _steps(steps), _rate(end))


def _linear(rate: float, steps: int, end: float, step: int) -> float:
    return rate + (end - rate) * min(step / steps, 1.0)


def cosine_decay(rate: float, steps: int, end: float = 0.0) -> Schedule:
    """From `rate` down to `end` along half a wave over `steps` steps, then `end`.  Source: Loshchilov, Hutter, 2017."""
    return partial(_cosine, _rate(rate), _steps(steps), _rate(end))


def _cosine(rate: float, steps: int, end: float, step: int) -> float:
    return end + (rate - end) * (1.0 + math.cos(math.pi * min(step / steps, 1.0))) / 2.0


def warm_up(steps: int, then: Schedule) -> Schedule:
    """A straight line over `steps` steps up to the first rate of the schedule `then`, and from there that schedule.

    >>> rate = warm_up(4, constant_rate(1.0))
    >>> [rate(step) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    return partial(_warming_up, _steps(steps), then)


def _warming_up(steps: int, then: Schedule, step: int) -> float:
    return then(0) * (step + 1) / steps if step < steps else then(step - steps)


def _rate(rate: float) -> float:
    if not 0.0 <= to_float(rate) < math.inf:
        raise ValueError(f"a learning rate of {rate!r}: it must be finite and not below 0")
    return float(rate)


def _steps(steps: int) -> int:
    if type(steps) is not int or steps < 1:
        raise ValueError(f"{steps!r} steps: it must be a whole number above 0")
    return steps
