"""Gates spelled for people: on the names of their inputs, on numbers, and their local gradients as formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..formula import ATOM, SIGN, Formula, read_rule
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


def slope_formulas(node: Value, names: Mapping[Value, str]) -> list[str]:
    """The spelling of each local gradient of `node`, its rule read on names; "" for a number or a very long one."""
    slopes = read_rule(node.form, Shown(names[node]), _named_inputs(node, names)) if node.gate else ()
    texts = [slope.text if isinstance(slope, Shown) else "" for slope in slopes]
    return [text if len(text) <= MAX_SLOPE else "" for text in texts]


def _named_inputs(node: Value, names: Mapping[Value, str]) -> tuple[Any, ...]:
    return tuple([Shown(names[x]) if isinstance(x, Value) else x for x in node.inputs])


def _spelled(node: Value, inputs: tuple[Any, ...]) -> str:
    formula = Shown("").through_gate(node.gate, inputs) if node.gate else inputs[0]
    return clip(Shown.of(formula).text, MAX_FORMULA)
