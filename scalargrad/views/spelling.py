"""Gates spelled for people: on the names of their inputs, on numbers, and their local gradients as formulas."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..formula import ATOM, SIGN, Formula, read_rule
from ..gate import Gate
from ..text import agreeing, clip, number_text
from ..value import Value

MAX_FORMULA = 60  # characters; a longer one loses its middle
MAX_SLOPE = 30  # characters of the formula of a local gradient; instead of a longer one stands its number alone


class Shown(Formula):
    """A spelling for people: plain numbers in it have as many digits as the others on the screen."""

    __slots__ = ()

    @classmethod
    def number(cls, x: float) -> Shown:
        return cls.text_of_number(number_text(x))

    @classmethod
    def text_of_number(cls, text: str) -> Shown:
        return cls(text, SIGN if text.startswith("-") else ATOM)


def formula_text(node: Value, names: Mapping[Value, str]) -> str:
    """The gate of `node` on the names of its inputs: `q * z`."""
    return _spelled(node, _named_inputs(node, names))


def numbers_text(node: Value) -> str:
    """The gate of `node` on the numbers of its inputs: `3 * -4`."""
    compute = node.gate.output if node.gate else float
    texts = agreeing(compute, node.numbers[1:], node.numbers[0])
    return _spelled(node, tuple(map(Shown.text_of_number, texts)))


class Slopes(NamedTuple):
    """The rule of a gate, read on names.

    inputs: names, and plain numbers, as the rule was given them.
    slopes: the local gradient for each parent: a formula, a plain number, or one of the inputs itself.
    """

    inputs: tuple[Any, ...]
    slopes: tuple[Any, ...]


def read_slopes(node: Value, names: Mapping[Value, str]) -> Slopes:
    """The local gradients of `node` on the names of its inputs."""
    inputs = _named_inputs(node, names)
    return Slopes(inputs, tuple(read_rule(node.form, Shown(names[node]), inputs)))


def slope_formula(slope: Any) -> str:
    """The spelling of a local gradient; "" for a number or a very long one."""
    return slope.text if isinstance(slope, Shown) and len(slope.text) <= MAX_SLOPE else ""


@functools.lru_cache(maxsize=256)
def rule_text(gate: Gate, count: int) -> tuple[str, ...]:
    """The local gradients of a gate of so many inputs, as its rule spells them on z, x1, x2, ...: `z * (1 - z)`.

    "" for each where the rule is made for floats alone.
    """
    names = tuple([Formula(f"x{i}") for i in range(1, count + 1)])
    try:
        return tuple([Formula.of(slope).text for slope in read_rule(gate.form(None), Formula("z"), names)])
    except TypeError:
        return ("",) * count


def _named_inputs(node: Value, names: Mapping[Value, str]) -> tuple[Any, ...]:
    return tuple([Shown(names[x]) if isinstance(x, Value) else x for x in node.inputs])


def _spelled(node: Value, inputs: tuple[Any, ...]) -> str:
    formula = Shown("").through_gate(node.gate, inputs) if node.gate else inputs[0]
    return clip(Shown.of(formula).text, MAX_FORMULA)
