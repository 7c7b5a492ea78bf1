"""The calculus table: what every gate computes, and its local gradients.

"Every gate gets some inputs and can right away compute two things: its output value, and the local gradient
of its output with respect to its inputs" (CS231n, Backpropagation, Intuitions).  That sentence is one row of
this table.

An **output** is handed floats; it may use `math` and may branch.

A **rule** is handed the output and the inputs, and returns one local gradient for each input.  It uses
arithmetic and gates only, never `if` and never `math`, because it must make sense on several kinds of number:
on floats it gives the slopes at this point, on nodes of a graph it gives a graph (gradients of gradients), on
names it gives its own spelling.  What arithmetic cannot say is a helper gate: `step` is a comparison; `pick`
takes one of many values; `power_slope` and `exponent_slope` settle `0 ** 0` and negative bases.  Where a slope
may not exist, and must be left alone unless it is asked for, the rule is a tuple of functions, one for each
input.

Any input of a gate may be a plain number instead of a value: the 2 of `2 * x`, the exponent of `x ** 3`, the
slope of a leaky relu.  It is then a *parameter* of the gate: it gets no gradient and is not a parent.

A row may add how the gate is made of smaller ones (`expansion`), and the end of the error's sentence about
inputs that its output refuses (`domain`), its rule refuses (`steep`), or that are too large (`overflow`).  A
gate is called what its row is called.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .gate import Gate, named

# ---- outputs that are more than one formula ----


def power(x: float, y: float) -> float:
    z: float | complex = x**y
    if isinstance(z, complex):
        raise ValueError("a negative base takes whole exponents only")
    return z


def stable_sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))


def stable_softplus(x: float) -> float:
    return x + math.log1p(math.exp(-x)) if x > 0.0 else math.log1p(math.exp(x))


def rectify(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def leak(x: float, slope: float) -> float:
    return x if x > 0.0 else slope * x


def exponential_unit(x: float, alpha: float) -> float:
    return x if x > 0.0 else alpha * math.expm1(x)


def largest(*xs: float) -> float:
    return math.nan if any([x != x for x in xs]) else max(xs)


def smallest(*xs: float) -> float:
    return math.nan if any([x != x for x in xs]) else min(xs)


# ---- outputs that are arithmetic alone, and so their own expansion ----


def add_up(*xs: Any) -> Any:
    """x1 + x2 + ..., from left to right."""
    z = xs[0]
    for x in xs[1:]:
        z = z + x
    return z


def dot_product(*inputs: Any) -> Any:
    """w1 * x1 + w2 * x2 + ... + b, from left to right, of the inputs w1, w2, ..., x1, x2, ... (and b)."""
    n = len(inputs) // 2
    if n == 0:
        return inputs[0]
    z = inputs[0] * inputs[n]
    for i in range(1, n):
        z = z + inputs[i] * inputs[n + i]
    return z + inputs[-1] if len(inputs) % 2 else z


def tangent(*inputs: Any) -> Any:
    """z + s1 * (x1 - a1) + s2 * (x2 - a2) + ..., of the inputs z, x1, x2, ..., s1, s2, ..., a1, a2, ..."""
    n = len(inputs) // 3
    z = inputs[0]
    for x, slope, at in zip(inputs[1 : n + 1], inputs[n + 1 : 2 * n + 1], inputs[2 * n + 1 :]):
        z = z + slope * (x - at)
    return z


# ---- rules that are more than one formula ----


def dot_slopes(z: Any, *inputs: Any) -> tuple[Any, ...]:
    n = len(inputs) // 2
    return inputs[n : 2 * n] + inputs[:n] + (1.0,) * (len(inputs) % 2)


def tangent_slopes(z: Any, *inputs: Any) -> tuple[Any, ...]:
    n = len(inputs) // 3
    xs, slopes, ats = inputs[1 : n + 1], inputs[n + 1 : 2 * n + 1], inputs[2 * n + 1 :]
    return 1.0, *slopes, *[x - at for x, at in zip(xs, ats)], *[-slope for slope in slopes]


def share(wins: Iterable[Any]) -> tuple[Any, ...]:
    """What each input gets of the gradient: those that win (1, not 0) get equal parts, the others nothing."""
    wins = list(wins)
    ties = add_up(*wins)
    return tuple([win / ties for win in wins])


def leak_slopes(z: Any, x: Any, slope: Any) -> tuple[Any, ...]:
    return step(x, 0.0, 0.0) + slope * step(0.0, x, 1.0), x * step(0.0, x, 1.0)


def elu_slopes(z: Any, x: Any, alpha: Any) -> tuple[Any, ...]:
    """At exactly 0 those of the side below, and so are the slopes of these.

    Of a large x, whose e**x times 0 would be no number, the smaller of it and 1 is enough: there the product is 0.
    """
    is_below, bounded = step(0.0, x, 1.0), minimum(x, 1.0)
    return step(x, 0.0, 0.0) + alpha * exp(bounded) * is_below, elu(bounded, 1.0) * is_below


# fmt: off
# ---- the table: one row per gate ----

BY_ZERO   = "divide by zero: keep the divisor away from 0, as x * x + 1e-9 is"
NO_POWER  = "have no finite real power: a base below 0 takes whole exponents, a base of 0 none below 0"
NO_LOG    = "is not positive: keep it above 0, as abs(x) + 1e-9 is"
NO_ROOT   = "is negative: keep it at 0 or above, as x * x is"
NO_ANGLE  = "is infinite: find the gate before it that overflowed, as with steps(x)"
TOO_LARGE = "cannot give a result that fits a float: take the largest score off first, or write sigmoid, tanh, softplus"
TOO_STEEP = "cannot give a finite local gradient: a root is infinitely steep at 0 (write abs for the root of a square)"

#                 output z            local gradients dz/dx, dz/dy                       pattern, symbol

add        = Gate(lambda x, y: x + y, lambda z, x, y: (1.0, 1.0),                        "distributes", "+")
sub        = Gate(lambda x, y: x - y, lambda z, x, y: (1.0, -1.0),                       "distributes", "-",
                  expansion=lambda x, y: x + (-y))
mul        = Gate(lambda x, y: x * y, lambda z, x, y: (y, x),                            "switches", "*")
div        = Gate(lambda x, y: x / y, lambda z, x, y: (1.0 / y, -z / y),                 "scales", "/",
                  expansion=lambda x, y: x * y**-1.0, domain=BY_ZERO)
neg        = Gate(lambda x: -x,       lambda z, x: (-1.0,),                              "flips", "-",
                  expansion=lambda x: -1.0 * x)
pow_       = Gate(power,             (lambda z, x, y: power_slope(y, x, y - 1.0),
                                      lambda z, x, y: exponent_slope(1.0, x, y, 1.0)),   "scales", "**",
                  domain=NO_POWER, steep=TOO_STEEP)
abs_       = Gate(abs,                lambda z, x: (step(x, 0.0, 0.0) - step(0.0, x, 0.0),), "routes",
                  expansion=lambda x: maximum(x, -x))
exp        = Gate(math.exp,           lambda z, x: (z,),                  overflow=TOO_LARGE)
log        = Gate(math.log,           lambda z, x: (1.0 / x,),            domain=NO_LOG)
sqrt       = Gate(math.sqrt,          lambda z, x: (0.5 / z,),
                  expansion=lambda x: x**0.5, domain=NO_ROOT, steep=TOO_STEEP)
sin        = Gate(math.sin,           lambda z, x: (cos(x),),             domain=NO_ANGLE)
cos        = Gate(math.cos,           lambda z, x: (-sin(x),),            domain=NO_ANGLE)
tanh       = Gate(math.tanh,          lambda z, x: (1.0 - z * z,),
                  expansion=lambda x: 2.0 * sigmoid(2.0 * x) - 1.0)
sigmoid    = Gate(stable_sigmoid,     lambda z, x: (z * (1.0 - z),),
                  expansion=lambda x: 1.0 / (1.0 + exp(-x)))
softplus   = Gate(stable_softplus,    lambda z, x: (sigmoid(x),),
                  expansion=lambda x: log(1.0 + exp(x)))
relu       = Gate(rectify,            lambda z, x: (step(x, 0.0, 0.0),),                 "routes")
leaky_relu = Gate(leak,               leak_slopes,                                       "scales", "leaky")
elu        = Gate(exponential_unit,   elu_slopes)
maximum    = Gate(largest,            lambda z, *xs: share(step(x, z, 1.0) for x in xs), "routes", "max")
minimum    = Gate(smallest,           lambda z, *xs: share(step(z, x, 1.0) for x in xs), "routes", "min")
total      = Gate(add_up,             lambda z, *xs: (1.0,) * len(xs),                   "distributes", "sum",
                  expansion=add_up)
dot        = Gate(dot_product,        dot_slopes,                                        "switches",
                  expansion=dot_product)
given_gradients = Gate(tangent,       tangent_slopes,                                    "scales", "given")

# fmt: on

# ---- helper gates: what the rules need besides arithmetic; at a first reading, skip them ----


def compare(x: float, y: float, at: float) -> float:
    """1 where x > y, 0 where x < y, `at` where they are equal; nan for nan."""
    return 1.0 if x > y else 0.0 if x < y else at if x == y else math.nan


def picked(index: float, *xs: float) -> float:
    """The value at an index, a whole number from 0."""
    if not 0.0 <= index < len(xs) or index != int(index):
        raise ValueError("there is no such index")
    return xs[int(index)]


def pick_slopes(z: Any, index: Any, *xs: Any) -> tuple[Any, ...]:
    """1 for the value at the index, 0 for the others and for the index itself."""
    return 0.0, *[1.0 - step(abs_(index - float(i)), 0.0, 0.0) for i in range(len(xs))]


def power_slope_output(c: float, x: float, n: float) -> float:
    """c * x**n, but 0 where c is 0, whatever x**n is there: the slope of x**0 at 0."""
    return c * power(x, n) if c != 0.0 else 0.0


def exponent_slope_output(c: float, x: float, n: float, k: float) -> float:
    """c * x**n * log(x)**k; 0 at x = 0, its limit for n > 0 and our choice for n = 0; no number at x < 0."""
    if k == 0.0:  # no logarithm
        z: float = power_slope(c, x, n)
        return z
    if c == 0.0 or k < 0.0 or x == 0.0 and n >= 0.0:
        return 0.0
    return c * x**n * math.log(x) ** k if x >= 0.0 and n == n else math.nan


# All derivatives of a power, of every order, are sums of c * x**n and of c * x**n * log(x)**k.
power_slopes = (
    lambda z, c, x, n: power_slope(1.0, x, n),
    lambda z, c, x, n: power_slope(c * n, x, n - 1.0),
    lambda z, c, x, n: exponent_slope(c, x, n, 1.0),
)
exponent_slopes = (
    lambda z, c, x, n, k: exponent_slope(1.0, x, n, k),
    lambda z, c, x, n, k: exponent_slope(c * n, x, n - 1.0, k) + k * exponent_slope(c, x, n - 1.0, k - 1.0),
    lambda z, c, x, n, k: exponent_slope(c, x, n, k + 1.0),
)

step = Gate(compare, lambda z, x, y, at: (0.0, 0.0, 0.0), symbol=">")
pick = Gate(
    picked, pick_slopes, "routes", domain="do not fit: an index is whole, at least 0, and below the number of values"
)
power_slope = Gate(power_slope_output, power_slopes, symbol="c x^n", domain=NO_POWER, steep=TOO_STEEP)
exponent_slope = Gate(exponent_slope_output, exponent_slopes, symbol="c x^n log^k x", domain=NO_POWER, steep=TOO_STEEP)

GATES = named(globals())
