"""Gradients as graphs: the chain rule on nodes instead of numbers, so that it can be drawn and differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from .composite import Composite, check_unchanged, substituted
from .formula import is_plain, read_rule
from .functions import dot
from .gate import Form, to_float
from .given import listed, wrong
from .graph import chain_rule, topological_order
from .table import tangent_slopes
from .text import amount
from .value import Value, constant


def gradient(output: Value, inputs: Iterable[Value], strict: bool = False) -> list[Value]:
    """The derivative of `output` by each of the `inputs`, each as a node of a graph.

    output: the value to differentiate.
    inputs: leaves or inner nodes of its graph.
    strict: ValueError for an input that the output does not depend on; by default its derivative is a constant 0.

    No `.grad` is touched.  A result may be a node that was there before: d(x * y)/dx is y.

    >>> x = Value(3.0)
    >>> [slope] = gradient(x ** 3, [x])
    >>> [curvature] = gradient(slope, [x])
    >>> slope.data, curvature.data
    (27.0, 18.0)

    Raises ValueError where data was changed after the forward pass, since rules on nodes read the data as it is now,
    and the errors of gates that have no finite slope.
    """
    inputs, [output] = _values(inputs), _values([output])
    order = _between(output, inputs)
    gradients: dict[Value, Any] = {output: 1.0}
    for _ in chain_rule(order, gradients, partial(_slopes_as_nodes, moving=set(order)), _product):
        pass
    for x in inputs:
        if strict and x not in gradients:
            raise ValueError(f"the output does not depend on {x!r}")
    return [_node(gradients.get(x, 0.0)) for x in inputs]


def jacobian(outputs: Iterable[Value], inputs: Iterable[Value]) -> list[list[float]]:
    """The derivatives of every output (rows) by every input (columns), as floats.  No `.grad` is touched.

    >>> x = [Value(1.0), Value(2.0)]
    >>> jacobian([3 * x[0], x[0] * x[1]], x)
    [[3.0, 0.0], [2.0, 1.0]]

    It takes one backward pass for each output.  Nobody builds it for a real layer: a relu layer of 4096 inputs has a
    Jacobian of 4096 x 4096 numbers, nearly all of them 0, and backpropagation only ever needs a vector times it
    (CS231n, lecture 4: "a vectorized example").
    """
    inputs = _values(inputs)
    return [_row(output, inputs) for output in _values(outputs)]


def hessian(output: Value, inputs: Iterable[Value]) -> list[list[float]]:
    """The second derivatives of `output` by every two of the `inputs`, as floats.  No `.grad` is touched.

    >>> x, y = Value(1.0), Value(2.0)
    >>> hessian(x * x * y, [x, y])
    [[4.0, 2.0], [2.0, 0.0]]
    """
    inputs = _values(inputs)
    return jacobian(gradient(output, inputs), inputs)


def hessian_vector_product(output: Value, inputs: Iterable[Value], vector: Iterable[float]) -> list[float]:
    """The Hessian of `output` by the `inputs`, times a vector, without the Hessian: in two backward passes.

    vector: one number for each input; ValueError for another count.

    Source: Pearlmutter, Fast exact multiplication by the Hessian, 1994.
    """
    inputs = _values(inputs)
    numbers = [to_float(v) for v in listed(vector, "the vector is a list of numbers, one for each input")]
    if len(numbers) != len(inputs):
        raise ValueError(f"the vector has {amount(len(numbers), 'number')} for {amount(len(inputs), 'input')}")
    along = dot(gradient(output, inputs), numbers)
    return _row(along, inputs)


def _values(values: Iterable[Value]) -> list[Value]:
    found = listed(values, "expected a list of Values, as in [x, y]")
    for value in found:
        if not isinstance(value, Value):
            raise wrong("expected Values", value)
    return found


def sensitivities(output: Value, inputs: Iterable[Value]) -> dict[Value, float]:
    """{node: derivative of the output by it}, for the nodes from the inputs to the output; no `.grad` is touched."""
    order, gradients = _between(output, inputs), {output: 1.0}
    for _ in chain_rule(order, gradients, partial(_slopes, moving=set(order))):
        pass
    return {node: gradients[node] for node in order}


def _row(output: Any, inputs: Sequence[Value]) -> list[float]:
    found = sensitivities(output, inputs) if isinstance(output, Value) else {}
    return [found.get(x, 0.0) for x in inputs]


def _between(output: Value, inputs: Iterable[Value]) -> list[Value]:
    """The nodes that depend on one of the inputs, and these, in topological order."""
    moving = set(inputs)
    order = topological_order([output])
    for node in order:
        if not moving.isdisjoint(node.parents):
            moving.add(node)
    return [node for node in order if node in moving]


def _slopes(node: Value, moving: set[Value]) -> list[float | None]:
    """The local gradients by the parents that move, as numbers; None for the others, which may have none."""
    return _aligned(node, moving, lambda form, places: form.rule(*node.numbers))


def _slopes_as_nodes(node: Value, moving: set[Value]) -> list[Any]:
    """The same as nodes of a graph; what is 0 everywhere sends nothing either."""

    def slopes(form: Form, places: tuple[int, ...]) -> Iterable[Any]:
        inside = isinstance(form.gate, Composite)
        return _slopes_inside(node, places) if inside else read_rule(form, node, node.inputs)

    if not moving.isdisjoint(node.parents):
        check_unchanged(node)
        if node.form.gate.rule is tangent_slopes and node.form.moving is not None:  # type: ignore[union-attr]
            raise ValueError(
                f"{node.label or 'a value'} was made by given_gradients: its local gradients are known at one point "
                "alone, so there are no second derivatives; make it of gates, or write its rule with gate(rule=)"
            )
    return [None if is_plain(slope, 0.0) else slope for slope in _aligned(node, moving, slopes)]


def _aligned(
    node: Value, moving: set[Value], slopes: Callable[[Form, tuple[int, ...]], Iterable[Any]]
) -> list[Any | None]:
    """What `slopes` gives for the form in which only some inputs move, in the places of the node's parents."""
    inputs, gate = node.inputs, node.gate
    places = tuple([i for i, x in enumerate(inputs) if isinstance(x, Value) and x in moving])
    if gate is None or not places:
        return [None] * len(node.parents)
    try:
        found = dict(zip(places, slopes(gate.form(places if len(places) < len(inputs) else None), places)))
    except (ArithmeticError, ValueError) as error:
        raise gate.slope_error(error, node.numbers[1:], inputs) from None
    return [found.get(place) for place, x in enumerate(inputs) if isinstance(x, Value)]


def _product(upstream: Any, local: Any) -> Any:
    """Upstream x local gradient, without a gate where one of them is a plain 1."""
    return local if is_plain(upstream, 1.0) else upstream if is_plain(local, 1.0) else upstream * local


def _slopes_inside(node: Value, places: Sequence[int]) -> list[Any]:
    """The local gradients of a composite gate: those of the graph inside it, with the node's inputs for its leaves."""
    leaves, output = node.gate.inside(*node.numbers[1:])  # type: ignore[union-attr]
    slopes = gradient(output, [leaves[i] for i in places])
    return substituted(slopes, dict(zip(leaves, node.inputs)))


def _node(x: Any) -> Value:
    return x if isinstance(x, Value) else constant(x)
