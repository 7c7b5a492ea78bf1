"""micrograd's words on this engine: programs written for it run with the import line changed.

    from scalargrad.micrograd import Value, Neuron, Layer, MLP, draw_dot, trace

Nothing else changes: a `Value` of this room is a `scalargrad.Value` that knows a few names more, and every view,
function and check takes it.  What is another thing here is in demos/coming-from.md.

Source: micrograd, Andrej Karpathy, 2020, whose interface this is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import value
from .gate import Gate
from .graph import edges, topological_order
from .table import given_gradients, tangent, tangent_slopes
from .views.draw import Direction, Drawing, draw

UNSET = "has no local gradients: set its _backward"


class Value(value.Value):
    """A value that also knows `_prev`, `_op` and `_backward()`; so do all that gates, copies and pickles make of it.

    data: one real number.
    _children: the values that it was computed from, for a gate of your own; set its `_backward` then.
    _op: the symbol of that gate.
    label: what pictures call it.

    >>> x = Value(2.0)
    >>> e = Value(2.718281828459045 ** x.data, (x,), "exp")
    >>> def _backward():
    ...     x.grad += e.data * e.grad
    >>> e._backward = _backward
    >>> (e * e).backward()
    >>> round(x.grad, 6)  # 2 e ** 4
    109.1963
    """

    __slots__ = ()

    def __init__(self, data: float, _children: Iterable[value.Value] = (), _op: str = "", label: str = ""):
        super().__init__(data, label)
        parents: tuple[Any, ...] = tuple(dict.fromkeys(_children))
        if parents:
            gate = Gate(lambda *xs: data, _no_slopes, symbol=_op, name=_op or "gate", steep=UNSET)
            self.connect(gate.form(None), parents, (self.data, *[parent.data for parent in parents]))

    @property
    def _prev(self) -> set[value.Value]:
        """The parents, as a set."""
        return {*self.parents}

    @property
    def _op(self) -> str:
        """The symbol of the gate; "" for a leaf."""
        return self.gate.symbol if self.gate else ""

    @property
    def _backward(self) -> Callable[[], None]:
        """What sends the gradient of this value on to its parents, once, when it is called.

        Assigned to a value made with `_children`, it is called there and then, on gradients of its own, and what it
        adds for a gradient of 1 are the local gradients.
        """
        return self._send

    @_backward.setter
    def _backward(self, send: Callable[[], None]) -> None:
        if self.parents:
            xs = [parent.data for parent in self.parents]
            gate = Gate(tangent, tangent_slopes, symbol=self._op, name=given_gradients.name)
            numbers = (self.data, self.data, *xs, *self._tried(send), *xs)
            self.connect(gate.form(tuple(range(1, len(xs) + 1))), self.parents, numbers)

    def _send(self) -> None:
        for parent, local in zip(self.parents, self.local_gradients()):
            parent.grad += self.grad * local

    def _tried(self, send: Callable[[], None]) -> tuple[float, ...]:
        """What `send` adds to each parent when a gradient of 1 has arrived here; all gradients stay what they are."""
        held = [(node, node.grad) for node in (self, *self.parents)]
        try:
            for node, _ in held:
                node.grad = 0.0
            self.grad = 1.0
            send()
            return tuple([parent.grad for parent in self.parents])
        finally:
            for node, grad in held:
                node.grad = grad

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def _no_slopes(z: float, *xs: float) -> tuple[float, ...]:
    raise ValueError


class Module:
    """What has parameters."""

    def parameters(self) -> list[Value]:
        """All weights and biases."""
        return []

    def zero_grad(self) -> None:
        """Sets `grad` to 0 on every parameter."""
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    """relu(w1 x1 + w2 x2 + ... + b) of `nin` inputs, or without the relu.

    The weights are drawn from -1 to 1 by the global `random`, in micrograd's order; the bias begins at 0.
    """

    def __init__(self, nin: int, nonlin: bool = True):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
        self.nonlin = nonlin

    def __call__(self, x: Iterable[Any]) -> Any:
        z = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return z.relu() if self.nonlin else z

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons of the same `nin` inputs: one value for one neuron, else a list."""

    def __init__(self, nin: int, nout: int, nonlin: bool = True):
        self.neurons = [Neuron(nin, nonlin) for _ in range(nout)]

    def __call__(self, x: Iterable[Any]) -> Any:
        xs = list(x)
        outputs = [neuron(xs) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """Layers of `nouts` neurons on `nin` inputs, all but the last with a relu.

    >>> MLP(3, [4, 1])
    MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3), ReLUNeuron(3), ReLUNeuron(3)], Layer of [LinearNeuron(4)]]
    """

    def __init__(self, nin: int, nouts: Sequence[int]):
        sizes, last = [nin, *nouts], len(nouts) - 1
        self.layers = [Layer(sizes[i], sizes[i + 1], nonlin=i != last) for i in range(len(nouts))]

    def __call__(self, x: Iterable[Any]) -> Any:
        for i, layer in enumerate(self.layers):
            x = layer(x if i == 0 or isinstance(x, list) else [x])
        return x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def trace(root: value.Value) -> tuple[set[value.Value], set[tuple[value.Value, value.Value]]]:
    """The nodes of a graph, and its edges (parent, node), as two sets."""
    order = topological_order([root])
    return {*order}, {(parent, node) for node, _, parent in edges(order)}


def draw_dot(root: value.Value, format: str = "svg", rankdir: Direction = "LR") -> Drawing:
    """The circuit as `scalargrad.draw` draws it.

    format: "svg"; ValueError for another.
    rankdir: "LR" or "TB", the way from the inputs to the root.
    """
    if format != "svg":
        raise ValueError(
            f"format={format!r:.40}: pictures here are SVG; {format!r:.40} is for another program to make of one"
        )
    return draw(root, direction=rankdir)
