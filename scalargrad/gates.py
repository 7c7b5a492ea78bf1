"""The calculus table: what every gate computes, and its local gradients.

"Every gate gets some inputs and can right away compute two things: its output value, and the local gradient of its
output with respect to its inputs" (CS231n, Backpropagation, Intuitions).  That sentence is one line of the table at
the end of this file:

    name, symbol, pattern, output z = f(x, y), local gradients (dz/dx, dz/dy)

An **output** is handed floats; it may use `math` and may branch.

A **rule** is handed the output and the inputs, and returns one local gradient an input.  It uses arithmetic and gates
only, never `if` and never `math`, because it must make sense on several kinds of number: on floats it gives the slopes
at this point, on nodes of a graph it gives a graph (gradients of gradients), on names it gives its own spelling.  What
arithmetic cannot say is a helper gate: `step` is a comparison; `power_slope` and `exponent_slope` settle `0 ** 0` and
negative bases.

Any input of a gate may be a plain number instead of a value: the 2 of `2 * x`, the exponent of `x ** 3`, the slope of
a leaky relu.  It is then a *parameter* of the gate: it gets no gradient and is not a parent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any


class Gate:
    """An operation: its output, and its local gradients.

    name: unique; a saved graph knows the gate by it.
    symbol: what a picture shows; need not be unique.
    pattern: what the gate does to a gradient on its way back: distributes, routes, switches, flips or scales.
    output: the function of floats that the gate computes.
    rule: a function (z, x, y, ...) of the output and the inputs that returns the local gradients, one an input; or
        a tuple of such functions, one an input, where a slope may not exist and must be left alone unless asked for.
    expansion: the same function made of smaller gates, or None.
    domain, steep: what is wrong with inputs that the output, or the rule, refuses, as the end of a sentence.
    """

    __slots__ = ("name", "symbol", "pattern", "output", "rule", "expansion", "domain", "steep", "_forms")

    def __init__(
        self,
        name: str,
        symbol: str,
        pattern: str,
        output: Callable[..., float],
        rule: Callable[..., Any] | tuple[Callable[..., Any], ...],
        expansion: Callable[..., Any] | None = None,
        domain: str = "cannot be computed",
        steep: str = "cannot give a finite local gradient",
    ):
        self.name = name
        self.symbol = symbol
        self.pattern = pattern
        self.output = output
        self.rule = rule
        self.expansion = expansion
        self.domain = domain
        self.steep = steep
        self._forms: dict[tuple[int, ...] | None, Form] = {}

    def __repr__(self) -> str:
        return f"<gate {self.name}>"

    def __deepcopy__(self, memo: object) -> Gate:
        return self

    def __call__(self, *inputs: Any) -> Any:
        """The output: a float for plain numbers, otherwise what the first input of another kind makes of the gate."""
        for x in inputs:
            if type(x) is not float:
                return self.of(inputs)
        return self.compute(inputs)

    def of(self, inputs: tuple[Any, ...]) -> Any:
        """The same as a call, of a tuple of inputs."""
        for x in inputs:
            if hasattr(x, "through_gate"):
                return x.through_gate(self, inputs)
        return self.compute([number(x) for x in inputs])

    def compute(self, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> float:
        """The output on floats; Python's own error, naming the gate and its inputs, where there is none."""
        try:
            z = self.output(*numbers)
        except (ArithmeticError, ValueError) as error:
            reason = "cannot give a result that fits a float" if isinstance(error, OverflowError) else self.domain
            raise self.error(error, reason, numbers, inputs) from None
        return z if type(z) is float else self._checked("output", z)

    def error(self, error: Exception, reason: str, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> Exception:
        """An error of the same kind that names this gate, its inputs (by label, if they have one) and the reason."""
        labels = [getattr(x, "label", "") for x in inputs] or [""] * len(numbers)
        names = [label or name for label, name in zip(labels, self.input_names(len(numbers)))]
        shown = [f"{name} = {x!r}" for name, x in zip(names, numbers)]
        if len(shown) > 4:
            shown[3:] = [f"... ({len(numbers)} in all)"]
        return type(error)(f"{self.name}: input{'s' * (len(numbers) > 1)} {', '.join(shown)} {reason}")

    def slope_error(self, error: Exception, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> Exception:
        """The error for a rule that has raised one: there is no local gradient, or none that fits a float."""
        overflow = "cannot give a local gradient that fits a float"
        return self.error(error, overflow if isinstance(error, OverflowError) else self.steep, numbers, inputs)

    @property
    def arity(self) -> int | None:
        """How many inputs the rule takes; None where any number may come."""
        code = getattr(self.rule if callable(self.rule) else self.rule[0], "__code__", None)
        return None if code is None or code.co_flags & 0x04 else code.co_argcount - 1  # 0x04: it takes *inputs

    def input_names(self, count: int) -> list[str]:
        """What the rule calls each of its `count` inputs: x, y, ..., and x1, x2, ... where any number may come."""
        code = getattr(self.rule if callable(self.rule) else self.rule[0], "__code__", None)
        known = list(code.co_varnames[1 : code.co_argcount]) if code else []
        return [*known, *(f"x{i + 1}" for i in range(len(known), count))][:count]

    def form(self, moving: tuple[int, ...] | None, numbers: tuple[float, ...] = ()) -> Form:
        """The form of this gate in which the inputs at the places `moving` are values (None: all are).

        numbers: the output and the inputs of its first use, on which the rule is tried; TypeError if it is wrong.
        """
        form = self._forms.get(moving)
        if form is None:
            if numbers and callable(self.rule):
                self._try_rule(self.rule, numbers)
            form = self._forms[moving] = Form(self, moving, _cut(self.rule, moving, self.arity))
        return form

    def _try_rule(self, rule: Callable[..., Any], numbers: tuple[float, ...]) -> None:
        try:
            slopes = rule(*numbers)
        except (ArithmeticError, ValueError):  # no slope at this point: for `backward` to say
            return
        except TypeError as error:
            raise TypeError(f"{self.name}: its rule cannot be used: {error}") from None
        if not isinstance(slopes, (tuple, list)) or len(slopes) != len(numbers) - 1:
            raise TypeError(
                f"{self.name}: its rule returned {_short(slopes)}, not a tuple of "
                f"{len(numbers) - 1} local gradients, one for each input"
            )
        for slope in slopes:
            self._checked("rule", slope)

    def _checked(self, part: str, x: Any) -> float:
        try:
            return number(x)
        except TypeError as error:
            raise TypeError(f"{self.name}: its {part} is wrong: {error}") from None


class Form:
    """A gate together with the places of those inputs that are values (None: all); the others are its parameters.

    `2 * x` and `x * y` are two forms of one gate.  `rule` is the gate's, cut down to the local gradients of the values.
    """

    __slots__ = ("gate", "moving", "rule")

    def __init__(self, gate: Gate | None, moving: tuple[int, ...] | None, rule: Callable[..., Any]):
        self.gate = gate
        self.moving = moving
        self.rule = rule


def _cut(rule: Any, moving: tuple[int, ...] | None, arity: int | None) -> Callable[..., Any]:
    """The rule that gives only the local gradients of the inputs at the places `moving`."""
    if not callable(rule):
        slopes = rule if moving is None else [rule[i] for i in moving]
        if len(slopes) == 1:
            return lambda *numbers: (slopes[0](*numbers),)
        return lambda *numbers: tuple([slope(*numbers) for slope in slopes])
    if moving is None:
        return rule  # type: ignore[no-any-return]
    if arity == 2 and len(moving) == 1:  # as in 2 * x
        i = moving[0]
        return lambda z, x, y: (rule(z, x, y)[i],)
    return lambda *numbers: tuple(map(rule(*numbers).__getitem__, moving))


# A leaf has no gate, and so no local gradients.  A constant is a leaf that a plain number was lifted into.
LEAF = Form(None, None, lambda: ())
CONSTANT = Form(None, None, lambda: ())


def number(x: Any) -> float:
    """`x` as a float.

    Ints, NumPy's numbers and 0-d arrays, fractions and decimals are numbers.  A bool, a string, None, a complex number,
    a list or an array is a TypeError that says what to write instead; an int beyond 1.8e308 is an OverflowError.
    """
    kind = type(x)
    if kind is float or kind is int:
        return float(x)
    dtype = str(getattr(x, "dtype", "float")).rpartition(".")[2]
    if isinstance(x, bool) or dtype.startswith("bool"):
        advice = "a truth value is no number here; write 1.0 or 0.0"
    elif isinstance(x, (str, bytes)):
        advice = f"text is no number; write float({_short(x)}) if it spells one"
    elif x is None:
        advice = "did a function forget its return?"
    elif isinstance(x, complex) or dtype.startswith("complex"):
        advice = "gates are real; take its .real or its .imag"
    elif hasattr(x, "through_gate"):
        advice = "it is a value of a graph already; use it as it is, or take float() of it"
    elif getattr(x, "ndim", 0) or hasattr(kind, "__iter__") and not hasattr(kind, "__float__"):
        advice = "a value holds one number; make one for each, as in [Value(v) for v in values]"
    elif hasattr(kind, "__float__") and dtype.startswith(("float", "int", "uint", "bfloat")):
        return float(x)
    else:
        advice = "gates take ints, floats and Values"
    raise TypeError(f"expected one real number, not {kind.__name__} {_short(x)}: {advice}")


def _short(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else text[:37] + "..."


# ---- outputs that are more than one formula ----


def power(x: float, y: float) -> float:
    z: float | complex = x**y
    if isinstance(z, complex):
        raise ValueError("a negative base takes whole exponents only")
    return z


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


def compare(x: float, y: float, at: float) -> float:
    return 1.0 if x > y else 0.0 if x < y else at if x == y else math.nan


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
    """w1 * x1 + w2 * x2 + ... + b, from left to right, of the inputs w1, w2, ..., x1, x2, ..., and b where there is one."""
    n = len(inputs) // 2
    if n == 0:
        return inputs[0]
    z = inputs[0] * inputs[n]
    for i in range(1, n):
        z = z + inputs[i] * inputs[n + i]
    return z + inputs[-1] if len(inputs) % 2 else z


# ---- rules that are more than one formula ----


def dot_slopes(z: Any, *inputs: Any) -> tuple[Any, ...]:
    n = len(inputs) // 2
    return inputs[n : 2 * n] + inputs[:n] + (1.0,) * (len(inputs) % 2)


def shares(wins: list[Any]) -> tuple[Any, ...]:
    """What each input gets of the gradient: nothing, and equal parts for those that win (1, not 0)."""
    ties = add_up(*wins)
    return tuple([win / ties for win in wins])


def leak_slopes(z: Any, x: Any, slope: Any) -> tuple[Any, ...]:
    return step(x, 0.0, 0.0) + slope * step(0.0, x, 1.0), x * step(0.0, x, 1.0)


def elu_slopes(z: Any, x: Any, alpha: Any) -> tuple[Any, ...]:
    """exp of the smaller of x and 0: where x is large, e**x times 0 would be no number."""
    below = exp(minimum(x, 0.0))
    return step(x, 0.0, 0.0) + alpha * below * step(0.0, x, 1.0), below - 1.0


# c * x**n, and c * x**n * log(x)**k: all derivatives of a power, of every order, are sums of these two.
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


# ---- the table: one line a gate ----
# fmt: off

#                 name, symbol, pattern                      output z               local gradients dz/dx, dz/dy                      made of smaller gates

add        = Gate("add", "+", "distributes",                 lambda x, y: x + y,    lambda z, x, y: (1.0, 1.0))
sub        = Gate("sub", "-", "distributes",                 lambda x, y: x - y,    lambda z, x, y: (1.0, -1.0),                      lambda x, y: x + (-y))
mul        = Gate("mul", "*", "switches",                    lambda x, y: x * y,    lambda z, x, y: (y, x))
div        = Gate("div", "/", "scales",                      lambda x, y: x / y,    lambda z, x, y: (1.0 / y, -z / y),                lambda x, y: x * y**-1.0)
neg        = Gate("neg", "-", "flips",                       lambda x: -x,          lambda z, x: (-1.0,),                             lambda x: -1.0 * x)
pow_       = Gate("pow", "**", "scales",                     power,                (lambda z, x, y: power_slope(y, x, y - 1.0),
                                                                                    lambda z, x, y: exponent_slope(1.0, x, y, 1.0)))
abs_       = Gate("abs", "abs", "routes",                    abs,                   lambda z, x: (step(x, 0.0, 0.0) - step(0.0, x, 0.0),), lambda x: maximum(x, -x))
exp        = Gate("exp", "exp", "scales",                    math.exp,              lambda z, x: (z,))
log        = Gate("log", "log", "scales",                    math.log,              lambda z, x: (1.0 / x,))
sqrt       = Gate("sqrt", "sqrt", "scales",                  math.sqrt,             lambda z, x: (0.5 / z,),                          lambda x: x**0.5)
sin        = Gate("sin", "sin", "scales",                    math.sin,              lambda z, x: (cos(x),))
cos        = Gate("cos", "cos", "scales",                    math.cos,              lambda z, x: (-sin(x),))
tanh       = Gate("tanh", "tanh", "scales",                  math.tanh,             lambda z, x: (1.0 - z * z,),                      lambda x: 2.0 * sigmoid(2.0 * x) - 1.0)
sigmoid    = Gate("sigmoid", "sigmoid", "scales",            stable_sigmoid,        lambda z, x: (z * (1.0 - z),),                    lambda x: 1.0 / (1.0 + exp(-x)))
softplus   = Gate("softplus", "softplus", "scales",          stable_softplus,       lambda z, x: (sigmoid(x),),                       lambda x: log(1.0 + exp(x)))
relu       = Gate("relu", "relu", "routes",                  rectify,               lambda z, x: (step(x, 0.0, 0.0),))
leaky_relu = Gate("leaky_relu", "leaky", "scales",           leak,                  leak_slopes)
elu        = Gate("elu", "elu", "scales",                    exponential_unit,      elu_slopes)
maximum    = Gate("maximum", "max", "routes",                largest,               lambda z, *xs: shares([step(x, z, 1.0) for x in xs]))
minimum    = Gate("minimum", "min", "routes",                smallest,              lambda z, *xs: shares([step(z, x, 1.0) for x in xs]))
total      = Gate("total", "sum", "distributes",             add_up,                lambda z, *xs: (1.0,) * len(xs),                  add_up)
dot        = Gate("dot", "dot", "switches",                  dot_product,           dot_slopes,                                       dot_product)

# helper gates: what the rules above need besides arithmetic

step           = Gate("step", ">", "scales",                 compare,               lambda z, x, y, at: (0.0, 0.0, 0.0))
power_slope    = Gate("power_slope", "c x^n", "scales",      power_slope_output,    power_slopes)
exponent_slope = Gate("exponent_slope", "c x^n log^k x", "scales", exponent_slope_output, exponent_slopes)

# fmt: on

# What is wrong with inputs that an output refuses, and where a slope is infinite: the ends of the errors' sentences.
div.domain = "divide by zero"
pow_.domain = "have no real power"
log.domain = "is not positive"
sqrt.domain = "is negative"
sin.domain = cos.domain = "is infinite"
AT_ROOT = "cannot give a finite local gradient: a root is infinitely steep at 0 (write abs for the root of a square)"
pow_.steep = sqrt.steep = AT_ROOT

GATES = {gate.name: gate for gate in list(globals().values()) if isinstance(gate, Gate)}
