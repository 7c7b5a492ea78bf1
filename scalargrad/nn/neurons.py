"""Neurons, and layers of neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..functions import dot, dots, maximum
from ..gate import holds_many
from ..given import listed
from ..text import amount
from ..value import Value
from .activations import MAXOUT, ActivationName, activation_of
from .choices import chosen
from .module import Module
from .starts import STARTS, Start, StartName, drawn_from, generator


class Neuron(Module):
    """activation(w0 x0 + w1 x1 + ... + b): one `dot` gate and one activation gate.

    n_inputs: how many inputs it takes.
    activation: "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "linear", or a gate or function.
    seed: makes it reproducible; by default the weights come from the global `random`.
    start: what the weights begin with: "uniform" in (-1, 1), "xavier", "he", or a function; the bias begins with 0.

    Attributes: `w`, a list of n_inputs values labelled w0, w1, ..., and `b`, one value.  Called with n_inputs numbers
    or values it gives one value.  Numbers stay parameters of the dot gate: they get no gradient and make no node.

    >>> neuron = Neuron(2, "sigmoid")
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2, -3, -3
    >>> f = neuron([-1.0, -2.0])
    >>> f.backward()
    >>> f, neuron.b
    (Value(0.7310585786300049, grad=1.0), Value(-3.0, grad=0.19661193324148185, label='b'))
    """

    def __init__(
        self,
        n_inputs: int,
        activation: ActivationName | Callable[[Any], Any] = "relu",
        seed: int | None = None,
        start: StartName | Start = "uniform",
    ):
        random, draw = generator(seed), chosen("a start", start, STARTS)
        self.n_inputs = count("n_inputs", n_inputs)
        self.activation = activation_of(activation)
        self.w = [Value(draw(random, n_inputs), f"w{i}") for i in range(n_inputs)]
        self.b = Value(0.0, "b")
        self._activate = self.activation.method

    @property
    def pieces(self) -> Sequence[Neuron]:
        """The linear parts it is made of: itself alone."""
        return (self,)

    def __call__(self, x: Iterable[Any]) -> Any:
        return self._activate(dot(self.w, x, self.b))

    def named_parameters(self) -> dict[str, Value]:
        return {f"w{i}": w for i, w in enumerate(self.w)} | {"b": self.b}

    def biases(self) -> list[Value]:
        return [self.b]

    def frozen(self) -> Neuron:
        frozen = super().frozen()
        frozen._activate = self.activation.function
        return frozen

    def __repr__(self) -> str:
        return f"Neuron({self.n_inputs} -> {self.activation.name})"


class Maxout(Module):
    """A neuron that is the largest of k linear ones: max(w1 x + b1, w2 x + b2, ...), k `dot` gates and one max gate.

    n_inputs: how many inputs it takes.
    pieces: k; two pieces have twice the parameters of another neuron.
    seed, start: as of `Neuron`.

    Attributes: `pieces`, a list of k linear neurons.  Called with n_inputs numbers or values it gives one value.

    Source: Goodfellow et al., 2013; CS231n, Neural Networks Part 1, "Maxout".
    """

    activation = activation_of("linear")._replace(name=MAXOUT)

    def __init__(self, n_inputs: int, pieces: int = 2, seed: int | None = None, start: StartName | Start = "uniform"):
        random = generator(seed)
        self.n_inputs = n_inputs
        self.pieces = [
            Neuron(n_inputs, "linear", start=drawn_from(random, start)) for _ in range(count("pieces", pieces))
        ]

    def __call__(self, x: Iterable[Any]) -> Any:
        x = list(x)
        return maximum(*[piece(x) for piece in self.pieces])

    def named_parameters(self) -> dict[str, Value]:
        return {
            f"{name}[{k}]": p for k, piece in enumerate(self.pieces) for name, p in piece.named_parameters().items()
        }

    def __repr__(self) -> str:
        return f"Maxout({self.n_inputs} -> max of {len(self.pieces)})"


class Layer(Module):
    """Neurons side by side, all with the same inputs: activation(x W + b).

    n_inputs, n_outputs: how many inputs it takes, and how many neurons it has.
    activation: as of `Neuron`, or "maxout".
    seed, start: as of `Neuron`.
    pieces: for maxout alone, the number of linear pieces of a neuron.

    Called with n_inputs numbers or values it gives a list of n_outputs values, or one value if n_outputs is 1.
    Parameters are called `W[i][j]`, from input i to neuron j, and `b[j]`; pieces k of maxout `W[i][j][k]`, `b[j][k]`.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: ActivationName | Callable[[Any], Any] = "relu",
        seed: int | None = None,
        start: StartName | Start = "uniform",
        pieces: int = 2,
    ):
        start = drawn_from(generator(seed), start)
        self.n_inputs = n_inputs
        self.neurons: list[Any] = [  # Neuron, or Maxout
            Maxout(n_inputs, pieces, start=start)
            if isinstance(activation, str) and activation == MAXOUT
            else Neuron(n_inputs, activation, start=start)
            for _ in range(count("n_outputs", n_outputs))
        ]
        self.label_parameters()

    @property
    def activation(self) -> str:
        """The name of the activation of its neurons."""
        return str(self.neurons[0].activation.name)

    @property
    def W(self) -> list[list[Value]]:
        """The weights as the matrix of the notes: a row for each input, a column for each neuron (for each piece)."""
        return [[piece.w[i] for piece in self._pieces()] for i in range(self.n_inputs)]

    @property
    def b(self) -> list[Value]:
        """The biases: one for each neuron (for each piece)."""
        return [piece.b for piece in self._pieces()]

    def _pieces(self) -> list[Neuron]:
        return [piece for neuron in self.neurons for piece in neuron.pieces]

    def outputs(self, x: Sequence[Any]) -> list[Any]:
        """The outputs of its neurons, in a list even if there is one."""
        neurons = [neuron for neuron in self.neurons if neuron.__class__ is Neuron]
        if len(neurons) < len(self.neurons):
            return [neuron(x) for neuron in self.neurons]
        sums = dots([neuron.w for neuron in neurons], x, [neuron.b for neuron in neurons])
        return [neuron._activate(z) for neuron, z in zip(neurons, sums)]

    def __call__(self, x: Iterable[Any]) -> Any:
        return unwrapped(self.outputs(checked_inputs(x, self.n_inputs, "this layer")))

    def named_parameters(self) -> dict[str, Value]:
        named: dict[str, Value] = {}
        for j, neuron in enumerate(self.neurons):
            for k, piece in enumerate(neuron.pieces):
                place = f"[{j}][{k}]" if isinstance(neuron, Maxout) else f"[{j}]"
                named |= {f"W[{i}]{place}": w for i, w in enumerate(piece.w)} | {f"b{place}": piece.b}
        return named

    def __repr__(self) -> str:
        return f"Layer({self.n_inputs} -> {len(self.neurons)} {self.activation})"


def checked_inputs(x: Iterable[Any], n_inputs: int, who: str) -> Sequence[Any]:
    """`x` as a sequence; ValueError unless it has n_inputs entries, TypeError for several samples."""
    inputs = x if isinstance(x, (list, tuple)) else listed(x, f"{who} takes a list of inputs, as in [x]")
    if (len(inputs) != n_inputs or inputs[0].__class__ is list) and inputs and holds_many(inputs[0]):
        raise TypeError(f"{who} takes one sample at a time, not {len(inputs)}: write [model(x) for x in X]")
    if len(inputs) != n_inputs:
        raise ValueError(f"{who} takes {amount(n_inputs, 'input')}, not {len(inputs)}")
    return inputs


def unwrapped(outputs: list[Any]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def count(name: str, n: int) -> int:
    """`n`, if it is a whole number above 0; TypeError or ValueError, naming it, if it is not."""
    if type(n) is not int:
        raise TypeError(f"{name} is a whole number, not {type(n).__name__} {n!r:.40}")
    if n < 1:
        raise ValueError(f"{name}={n}: there must be one or more")
    return n
