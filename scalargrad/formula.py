"""A number that is only its own spelling, so that a gate's rule can be read as text.

>>> from scalargrad.gates import sigmoid, mul
>>> sigmoid.rule(Formula("f"), Formula("x"))[0]
f * (1 - f)
>>> mul.rule(Formula("f"), Formula("q"), Formula("z"))
(z, q)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from .gates import Gate, add_up, dot_product

# How tightly a piece of text holds together: one below the level asked for gets parentheses.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)


class Formula:
    """The spelling of a number.  Arithmetic and gates on it give the spelling of the result.

    text: the spelling.
    level: SUM, PRODUCT, SIGN, POWER or ATOM: the operator that stands outermost in it.
    """

    __slots__ = ("text", "level")

    def __init__(self, text: str, level: int = ATOM):
        self.text = text
        self.level = level

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> NoReturn:
        raise TypeError("a rule must not branch: it is read as text too; use a gate such as step instead of `if`")

    __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: bool(self)

    def through_gate(self, gate: Gate, inputs: tuple[Any, ...]) -> Formula:
        """The spelling of a gate on these inputs: its operator if it has one, else `name(x, y)`."""
        spell = SPELLINGS.get(gate.name)
        return spell(*inputs) if spell else self.call(gate, inputs)

    def call(self, gate: Gate, inputs: tuple[Any, ...]) -> Formula:
        return Formula(f"{gate.name}({', '.join(spelled(x).text for x in inputs)})")

    def __add__(self, other: Any) -> Formula:
        return infix(self, "+", other, SUM)

    def __radd__(self, other: Any) -> Formula:
        return infix(other, "+", self, SUM)

    def __sub__(self, other: Any) -> Formula:
        return infix(self, "-", other, SUM)

    def __rsub__(self, other: Any) -> Formula:
        return infix(other, "-", self, SUM)

    def __mul__(self, other: Any) -> Formula:
        return infix(self, "*", other, PRODUCT)

    def __rmul__(self, other: Any) -> Formula:
        return infix(other, "*", self, PRODUCT)

    def __truediv__(self, other: Any) -> Formula:
        return infix(self, "/", other, PRODUCT)

    def __rtruediv__(self, other: Any) -> Formula:
        return infix(other, "/", self, PRODUCT)

    def __pow__(self, other: Any) -> Formula:
        return Formula(f"{held(self, ATOM)} ** {held(other, SIGN)}", POWER)

    def __rpow__(self, other: Any) -> Formula:
        return Formula(f"{held(other, ATOM)} ** {held(self, SIGN)}", POWER)

    def __neg__(self) -> Formula:
        return Formula(f"-{held(self, POWER)}", SIGN)


def spelled(x: Any) -> Formula:
    """`x` itself if it is a formula, else the spelling of a plain number: 1 for 1.0."""
    if isinstance(x, Formula):
        return x
    text = repr(float(x))
    text = text[:-2] if text.endswith(".0") else text
    return Formula(text, SIGN if text.startswith("-") else ATOM)


def held(x: Any, level: int) -> str:
    """The spelling of `x` as a part of something: in parentheses if it would fall apart there."""
    x = spelled(x)
    return x.text if x.level >= level else f"({x.text})"


def infix(left: Any, symbol: str, right: Any, level: int) -> Formula:
    """`left symbol right`.  What stands right keeps its parentheses even in a + (b + c): floats are not associative."""
    return Formula(f"{held(left, level)} {symbol} {held(right, level + 1)}", level)


def comparison(x: Any, y: Any, at: Any) -> Formula:
    return Formula(f"({held(x, SUM)} {'>=' if at == 1.0 else '>'} {held(y, SUM)})")


def power_term(c: Any, x: Any, n: Any) -> Any:
    """c * x ** n without the parts that change nothing."""
    if n == 0.0 or c == 0.0:
        return spelled(c)
    x = x if n == 1.0 else spelled(x) ** n
    return x if c == 1.0 else spelled(c) * x


def exponent_term(c: Any, x: Any, n: Any, k: Any) -> Any:
    return power_term(c, x, n) * power_term(1.0, Formula(f"log({spelled(x).text})"), k)


# The gates that read better as something else than a call.
SPELLINGS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "total": add_up,
    "dot": dot_product,
    "step": comparison,
    "power_slope": power_term,
    "exponent_slope": exponent_term,
}
