"""A node: what a gate leaves behind, so that the graph can be walked back; and how to make one fast.

A node keeps its *closure of local gradients* as the two halves of one: `form.rule`, the gate's rule, and `numbers`, the
output and the inputs of the forward pass that the rule closes over.  These are numbers, not nodes: a graph has no
reference cycle and is freed as soon as nobody holds its root, and later changes of `data` cannot falsify a backward
pass that is still to come.

The output of a gate of one or two inputs, as most are, has a slot for each parent and each number.  Where there are
more inputs, or none, `_left` is None and tuples have them.  Tuples alone would be simpler, but each is one more object
for Python's garbage collector to look after: a training step would take twice the time.

The functions at the end put a fast method in the place of one that says what it does.  `exp` of a value is

    @unary(table.exp)
    def exp(self) -> Value:
        return self.through_gate(table.exp, (self,))

and a test holds the fast method and its body, which is kept as `__wrapped__`, to the same result, bit for bit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self, TypeVar

from .gate import Form, Gate, to_float

# Every output of a gate comes into being here.  `record_lines` puts a maker in this place that also notes the source
# line; nothing else may.
new: Callable[[Any], Any] = object.__new__


class Node:
    """A number with the gate, the parents and the numbers that it came from."""

    __slots__ = ("_data", "_grad", "_label", "form", "_left", "_right", "_x", "_y", "_parents", "_numbers")
    _data: float
    _grad: float
    _label: str
    form: Form
    _left: Self | None
    _right: Self | None
    _x: float
    _y: float | None
    _parents: tuple[Self, ...]
    _numbers: tuple[float, ...]

    @property
    def gate(self) -> Gate | None:
        """The gate that this value is the output of; None for a leaf."""
        return self.form.gate

    @property
    def parents(self) -> tuple[Self, ...]:
        """The values that the gate was given, in order; () for a leaf."""
        if self._left is None:
            return self._parents
        return (self._left,) if self._right is None else (self._left, self._right)

    @property
    def numbers(self) -> tuple[float, ...]:
        """What the gate's rule closes over: its output and its inputs as the forward pass had them; () for a leaf."""
        if self._left is None:
            return self._numbers
        return (self._data, self._x) if self._y is None else (self._data, self._x, self._y)

    @property
    def inputs(self) -> tuple[Self | float, ...]:
        """The inputs of the gate, in order: its `parents`, and plain floats for its parameters."""
        if self.form.moving is None:
            return self.parents
        inputs: list[Self | float] = list(self.numbers[1:])
        for place, parent in zip(self.form.moving, self.parents):
            inputs[place] = parent
        return tuple(inputs)

    def connect(self, form: Form, parents: tuple[Self, ...], numbers: tuple[float, ...]) -> None:
        """Makes this node the output of a gate of any number of inputs."""
        self.form = form
        self._left = None
        self._parents = parents
        self._numbers = numbers


def output_of_many(kind: type, data: float, form: Form, parents: tuple[Any, ...], numbers: tuple[float, ...]) -> Any:
    """A new node of this kind, the output of a gate of any number of inputs, without the checks of `Value(...)`."""
    node = new(kind)
    node._data = data
    node._grad = 0.0
    node._label = ""
    node.form = form
    node._left = None
    node._parents = parents
    node._numbers = numbers
    return node


def output_of_few(kind: type, data: float, form: Form, left: Any, right: Any, x: float, y: float | None) -> Any:
    """The same for a gate of one or two inputs.  `right` is None if one of the two is a plain number."""
    node = new(kind)
    node._data = data
    node._grad = 0.0
    node._label = ""
    node.form = form
    node._left = left
    node._right = right
    node._x = x
    node._y = y
    return node


# ---- fast methods in the place of those that say what they do ----

Method = TypeVar("Method", bound=Callable[..., Any])


def done_by(fast: Callable[..., Any]) -> Callable[[Method], Method]:
    """Puts `fast` in the place of a method, which lends it its name, its docstring and its types."""
    return lambda method: functools.wraps(method)(fast)  # type: ignore[return-value]


def unary(gate: Gate) -> Callable[[Method], Method]:
    """Puts a fast method in the place of `value.exp()`, or of another gate of one input."""
    output, form = gate.output, gate.form(None)

    def method(self: Any) -> Any:
        x = self._data
        try:
            z = output(x)
        except (ArithmeticError, ValueError):
            z = gate.compute([x], (self,))  # raises again, in words
        return output_of_few(self.__class__, z, form, self, None, x, None)

    return done_by(method)


def binary(gate: Gate) -> Callable[[Method], Method]:
    """Puts a fast method in the place of `value + other`: of two values, or of a value and a parameter of the gate."""
    output, both, only_left = gate.output, gate.form(None), gate.form((0,))

    def method(self: Any, other: Any) -> Any:
        x = self._data
        if isinstance(other, Node):
            y, form, right = other._data, both, other
        else:
            try:
                y, form, right = other if type(other) is float else to_float(other), only_left, None
            except TypeError:
                if hasattr(other.__class__, "__array_ufunc__") and not hasattr(other, "mask"):
                    return NotImplemented  # NumPy then goes through the array, and asks for each element
                raise
        try:
            z = output(x, y)
        except (ArithmeticError, ValueError):
            z = gate.compute([x, y], (self, other))
        return output_of_few(self.__class__, z, form, self, right, x, y)

    return done_by(method)


def reflected(gate: Gate, neutral: int | None = None) -> Callable[[Method], Method]:
    """Puts a fast method in the place of `number + value`, where the number is a parameter of the gate.

    neutral: an int for which the value itself is returned.
    """
    output, only_right = gate.output, gate.form((1,))

    def method(self: Any, other: Any) -> Any:
        if type(other) is int and other == neutral:
            return self
        x, y = other if type(other) is float else to_float(other), self._data
        try:
            z = output(x, y)
        except (ArithmeticError, ValueError):
            z = gate.compute([x, y], (other, self))
        return output_of_few(self.__class__, z, only_right, self, None, x, y)

    return done_by(method)
