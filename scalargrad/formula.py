"""A number that is only its own spelling, so that a gate's rule can be read as text.

>>> from scalargrad.table import mul, sigmoid
>>> sigmoid.rule(Formula("f"), Formula("x"))
(f * (1 - f),)
>>> mul.rule(Formula("f"), Formula("q"), Formula("z"))
(z, q)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from .gate import Form, Gate
from .given import no_power
from .table import abs_, add_up, dot_product, log, tangent

# How tightly the outermost operator of a text binds: inside one that binds more tightly, the text gets parentheses.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)

F = TypeVar("F", bound="Formula")


class Formula:
    """The spelling of a number.  Arithmetic on it, and gates, give the spelling of the result.

    text: the spelling.
    level: SUM, PRODUCT, SIGN, POWER or ATOM, by the operator that stands outermost in it.

    A subclass may spell in another language: it says how numbers, operators and gates look there.
    """

    __slots__ = ("text", "level")

    def __init__(self, text: str, level: int = ATOM):
        self.text = text
        self.level = level

    def __repr__(self) -> str:
        return self.text

    # ---- how things are spelled ----

    @classmethod
    def of(cls: type[F], x: Any) -> F:
        """`x` itself if it is a formula, else a plain number spelled out: 1 for 1.0."""
        return x if isinstance(x, cls) else cls.number(float(x))

    @classmethod
    def number(cls: type[F], x: float) -> F:
        text = repr(x)
        return cls(text[:-2] if text.endswith(".0") else text, SIGN if text.startswith("-") else ATOM)

    @classmethod
    def infix(cls: type[F], left: Any, symbol: str, right: Any) -> F:
        """The right side keeps its parentheses even in a + (b + c), since adding floats is not associative."""
        level = SUM if symbol in "+-" else PRODUCT
        return cls(f"{cls.held(left, level)} {symbol} {cls.held(right, level + 1)}", level)

    @classmethod
    def power(cls: type[F], base: Any, exponent: Any) -> F:
        return cls(f"{cls.held(base, ATOM)} ** {cls.held(exponent, SIGN)}", POWER)

    @classmethod
    def call(cls: type[F], gate: Gate, inputs: tuple[Any, ...]) -> F:
        """A gate that is no operator: `name(x, y)`, or the spelling that it has in this language."""
        spell = SPELLINGS.get(gate.name)
        if spell:
            return cls.of(spell(cls, *inputs))
        return cls(f"{gate.name}({', '.join(cls.of(x).text for x in inputs)})")

    @classmethod
    def slope(cls: type[F], gate: Gate, place: int, inputs: tuple[Any, ...]) -> F:
        """The local gradient of a gate that is not looked into: f'(x), or f'2(x, y) by the second of several inputs."""
        which = place + 1 if len(inputs) > 1 else ""
        return cls(f"{gate.name}'{which}({', '.join(cls.of(x).text for x in inputs)})")

    @classmethod
    def held(cls, x: Any, level: int) -> str:
        """`x` as a part of a text of this level: in parentheses where it binds less tightly."""
        x = cls.of(x)
        return x.text if x.level >= level else f"({x.text})"

    # ---- a number among gates and operators ----

    def through_gate(self: F, gate: Gate, inputs: tuple[Any, ...]) -> F:
        operate = OPERATORS.get(gate.name)
        if operate:
            return operate(*map(self.of, inputs))  # type: ignore[no-any-return]
        return self.call(gate, inputs)

    def __add__(self: F, other: Any) -> F:
        return self.infix(self, "+", other)

    def __radd__(self: F, other: Any) -> F:
        return self if type(other) is int and other == 0 else self.infix(other, "+", self)  # 0: the start of `sum`

    def __sub__(self: F, other: Any) -> F:
        return self.infix(self, "-", other)

    def __rsub__(self: F, other: Any) -> F:
        return self.infix(other, "-", self)

    def __mul__(self: F, other: Any) -> F:
        return self.infix(self, "*", other)

    def __rmul__(self: F, other: Any) -> F:
        return self.infix(other, "*", self)

    def __truediv__(self: F, other: Any) -> F:
        return self.infix(self, "/", other)

    def __rtruediv__(self: F, other: Any) -> F:
        return self.infix(other, "/", self)

    def __pow__(self: F, other: Any) -> F:
        return self.power(self, other)

    def __rpow__(self: F, other: Any) -> F:
        return self.power(other, self)

    __xor__ = __rxor__ = no_power

    def __neg__(self: F) -> F:
        return type(self)(f"-{self.held(self, POWER)}", SIGN)

    def __pos__(self: F) -> F:
        return self

    def __abs__(self: F) -> F:
        return self.through_gate(abs_, (self,))

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a rule must not branch, since it is read as text too: use gates, such as step, instead of `if`"
        )

    def _compared(self, other: object) -> bool:
        return bool(self)

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _compared
    __hash__ = object.__hash__


def is_plain(x: Any, number: float) -> bool:
    """Whether `x` is this plain number, and neither a formula nor a node."""
    return isinstance(x, (int, float)) and x == number


def read_rule(form: Form, z: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The local gradients of a gate on names or nodes; TypeError, naming the gate, for a rule made for floats alone."""
    try:
        return form.rule(z, *inputs)  # type: ignore[no-any-return]
    except (TypeError, AttributeError) as error:
        name = form.gate.name if form.gate else ""
        raise TypeError(
            f"{name}: its rule cannot be read as a formula ({error}): write it with arithmetic and gates, "
            "like exp, without `if` and without math"
        ) from None


OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
}


def spell_step(cls: type[Formula], x: Any, y: Any, at: Any) -> Formula:
    return cls(f"({cls.held(x, SUM)} {'>=' if is_plain(at, 1.0) else '>'} {cls.held(y, SUM)})")


def spell_pick(cls: type[Formula], index: Any, *xs: Any) -> Formula:
    return cls(f"({', '.join(cls.of(x).text for x in xs)}{',' * (len(xs) == 1)})[{cls.of(index)}]")


def spell_power_slope(cls: type[Formula], c: Any, x: Any, n: Any) -> Any:
    """c * x ** n without the parts that change nothing."""
    if is_plain(n, 0.0) or is_plain(c, 0.0):
        return c
    power = x if is_plain(n, 1.0) else cls.of(x) ** n
    return power if is_plain(c, 1.0) else cls.of(c) * power


def spell_exponent_slope(cls: type[Formula], c: Any, x: Any, n: Any, k: Any) -> Any:
    logarithm = cls.call(log, (x,))
    return cls.of(spell_power_slope(cls, c, x, n)) * spell_power_slope(cls, 1.0, logarithm, k)


# The gates that read better as something else than a call.
SPELLINGS: dict[str, Callable[..., Any]] = {
    "total": lambda cls, *xs: add_up(*map(cls.of, xs)),
    "dot": lambda cls, *inputs: dot_product(*map(cls.of, inputs)),
    "given_gradients": lambda cls, *inputs: tangent(*map(cls.of, inputs)),
    "step": spell_step,
    "pick": spell_pick,
    "power_slope": spell_power_slope,
    "exponent_slope": spell_exponent_slope,
}
