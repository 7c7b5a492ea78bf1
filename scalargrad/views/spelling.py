"""Gates spelled for people: on the names of their inputs, on numbers, and their local gradients as formulas."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..formula import ATOM, SIGN, Formula, is_plain, read_rule
from ..gate import Gate
from ..table import div, maximum, minimum, relu, step
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


class Slot(Shown):
    """A number that is to be filled in later: its place among the inputs, between two marks.

    Where a negative number would be put in parentheses, the place is written as ~place.
    """

    __slots__ = ()

    @classmethod
    def held(cls, x: Any, level: int) -> str:
        if isinstance(x, Slot) and x.text in SLOTS and level > SIGN:
            return f"{MARK}{~SLOTS.index(x.text)}{MARK}"
        return super().held(x, level)


MARK = "\0"
SLOTS = tuple([f"{MARK}{place}{MARK}" for place in range(MAX_FORMULA)])


def template(node: Value) -> list[str | int] | None:
    """The gate of `node` on numbers that are not known yet: texts, and the places of the inputs between them.

    A place as ~place is that of a number that takes parentheses if it is negative.  None for very many inputs.
    """
    count = len(node.inputs)
    if not node.gate or count > len(SLOTS):
        return None
    spelled = Shown.of(Slot("").through_gate(node.gate, tuple(map(Slot, SLOTS[:count])))).text
    return [int(part) if i % 2 else part for i, part in enumerate(spelled.split(MARK))]


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
    return Slopes(inputs, slide_slopes(node, Shown(names[node]), inputs))


def slide_slopes(node: Value, z: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The local gradients of `node` on the names of its output and its inputs, as the lecture writes them.

    They are what the rule says, but for two kinds of gates: a plain 1 over x has `-1 / x ** 2`, where the rule divides
    twice, since `x ** 2` may be too large for a float; and a max says who wins at this point, and among how many.
    """
    if node.gate is div and is_plain(inputs[0], 1.0):
        return (-1.0 / inputs[1] ** 2.0,)
    ties = _winners(node)
    if ties > 1:
        return shared_slopes(node, z, inputs, ties)
    return course_slopes(node, z, inputs) or tuple(read_rule(node.form, z, inputs))


def course_slopes(node: Value, z: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The comparisons that relu, max and min write in the course, where no number is nan and no two tie; else ()."""
    if node.gate is relu:
        return (step(inputs[0], 0.0, 0.0),)
    if node.gate not in (maximum, minimum):
        return ()
    if len(inputs) == 2:
        return tuple([_beats(node, inputs[i], inputs[1 - i], 0.0) for i in _places_of_parents(node)])
    return tuple([_beats(node, inputs[i], z, 1.0) for i in _places_of_parents(node)])


def shared_slopes(node: Value, z: Any, inputs: tuple[Any, ...], ties: int) -> tuple[Any, ...]:
    """What a max or a min gives each of its inputs where so many of them tie."""
    return tuple([_beats(node, inputs[i], z, 1.0) / float(ties) for i in _places_of_parents(node)])


def is_shared(node: Value, place: int) -> bool:
    """Whether the parent at this place is one of several that tie in a max or a min."""
    return _winners(node) > 1 and node.numbers[1 + [*_places_of_parents(node)][place]] == node.numbers[0]


def _winners(node: Value) -> int:
    """How many inputs of a max or a min are its output; 0 for other gates."""
    return node.numbers[1:].count(node.numbers[0]) if node.gate in (maximum, minimum) else 0


def _beats(node: Value, x: Any, y: Any, at: float) -> Any:
    return step(x, y, at) if node.gate is maximum else step(y, x, at)


def _places_of_parents(node: Value) -> Iterable[int]:
    return range(len(node.inputs)) if node.form.moving is None else node.form.moving


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
