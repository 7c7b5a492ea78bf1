"""Gates spelled in JavaScript, so that a page can run forward and backward again in the reader's browser.

A gate's rule is the table's own, read on names.  So is an output that is arithmetic alone; those that branch, or ask
Python's `math`, stand in `page_gates.js`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..composite import Composite
from ..formula import Formula, read_rule
from ..gate import NO_SLOPE, OVERFLOWS, REFUSES, Gate
from ..graph import topological_order
from ..table import GATES
from ..value import Value
from .phrases import reason

SPELLED = (
    "add",
    "sub",
    "mul",
    "neg",
    "total",
    "dot",
    "given_gradients",
)  # gates of the table whose output is arithmetic alone


OUTPUTS: dict[Gate, str] = {}  # {gate that is not of the table: its output, a JavaScript function}, from its own room

USUAL = {"domain": REFUSES, "steep": NO_SLOPE, "overflow": OVERFLOWS}  # what page_alive.js says where a gate does not


class Script(Formula):
    """A number as JavaScript spells it; division, powers and gates are the functions of `outputs` in page_gates.js."""

    __slots__ = ()

    @classmethod
    def number(cls, x: float) -> Script:
        return super().number(x) if math.isfinite(x) else cls(f"({script_number(x)})")

    @classmethod
    def infix(cls, left: Any, symbol: str, right: Any) -> Script:
        return cls._called("div", (left, right)) if symbol == "/" else super().infix(left, symbol, right)

    @classmethod
    def power(cls, base: Any, exponent: Any) -> Script:
        return cls._called("pow", (base, exponent))

    @classmethod
    def call(cls, gate: Gate, inputs: tuple[Any, ...]) -> Script:
        if GATES.get(gate.name) is not gate:
            raise TypeError(f"{gate.name} has no JavaScript")
        return super().call(gate, inputs) if gate.name in SPELLED else cls._called(gate.name, inputs)

    @classmethod
    def _called(cls, name: str, inputs: tuple[Any, ...]) -> Script:
        return cls(f"outputs.{name}({', '.join(cls.of(x).text for x in inputs)})")


def script_number(x: float) -> float | str:
    """A number for JSON, which has no infinity: then the text that `Number` reads in the script."""
    return x if math.isfinite(x) else "NaN" if x != x else "Infinity" if x > 0.0 else "-Infinity"


def gate_script(gate: Gate, numbers: Sequence[float]) -> str | None:
    """A gate as the text of a JavaScript object: its output, and a function for the slope of each input.

    numbers: its inputs.  A gate that is made of others runs as the graph that it is made of at these numbers.

    None for a gate of one's own whose output is more than arithmetic and has no expansion.
    """
    try:
        return _composite(gate, numbers) if isinstance(gate, Composite) else _simple(gate, len(numbers))
    except (TypeError, AttributeError, ValueError, ArithmeticError):
        return None


def _simple(gate: Gate, count: int) -> str:
    names = [f"x{i}" for i in range(1, count + 1)]
    inputs, given = tuple(map(Script, names)), ", ".join(names)
    if GATES.get(gate.name) is gate and gate.name not in SPELLED:
        output = f"outputs.{gate.name}"
    elif gate in OUTPUTS:
        output = OUTPUTS[gate]
    else:
        output = f"({given}) => {Script.of(gate.output(*inputs))}"
    slopes = [f"(z, {given}) => {Script.of(slope)}" for slope in read_rule(gate.form(None), Script("z"), inputs)]
    return f"{{output: {output}, slopes: [{', '.join(slopes)}]{_about(gate, count)}}}"


def _composite(gate: Composite, numbers: Sequence[float]) -> str:
    inputs, output = gate.inside(*numbers)
    places = {node: i for i, node in enumerate(topological_order([*inputs, output]))}
    rows = [_row(node, places) for node in places]
    ends = f"{[places[x] for x in inputs]}, {places[output]}"
    return f"{{...composite([{', '.join(rows)}], {ends}){_about(gate, len(numbers))}}}"


def _row(node: Value, places: Mapping[Value, int]) -> str:
    """A node of a graph inside a gate: a number, or `{gate, inputs}`."""
    if not node.gate:
        return json.dumps(script_number(node.data))
    inside = gate_script(node.gate, node.numbers[1:])
    if inside is None:
        raise TypeError(f"{node.gate.name} has no JavaScript")
    return f"{{gate: {inside}, inputs: {json.dumps(inputs_in(node, places))}}}"


def inputs_in(node: Value, places: Mapping[Value, int]) -> list[int | str]:
    """The inputs of a node: the place among all nodes of one that is a node, the text of one that is a plain number."""
    return [places[x] if isinstance(x, Value) else str(script_number(float(x))) for x in node.inputs]


def _about(gate: Gate, count: int) -> str:
    about: dict[str, Any] = {"name": gate.name, "names": gate.input_names(count)}
    about |= {part: reason(getattr(gate, part)) for part, usual in USUAL.items() if getattr(gate, part) != usual}
    return "".join(f", {key}: {json.dumps(value)}" for key, value in about.items()).replace("<", "\\u003c")
