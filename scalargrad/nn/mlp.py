"""The MLP: a network of fully connected layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..given import listed
from ..text import Text, amount, in_columns
from ..value import Value
from ..views.phrases import counted, say
from .activations import MAXOUT, ActivationName, activation_of
from .module import Module
from .neurons import Layer, checked_inputs, unwrapped
from .starts import Start, StartName, drawn_from, generator


class MLP(Module):
    """A network of fully connected layers: all hidden layers with the activation, the last one linear.

    n_inputs: how many inputs it takes.
    widths: the number of neurons of each layer; the last is the number of outputs.
    activation: of the hidden layers, as of `Layer`.
    seed: makes it reproducible; by default the weights come from the global `random`, as in micrograd.
    start, pieces: as of `Layer`.

    Called with a list of n_inputs numbers or values it gives a list of widths[-1] values, or one value if that is 1.
    Parameters are called, and labelled, `W1[i][j]`, from input i to neuron j of the first layer, and `b1[j]`; what this
    neuron gives is labelled `h1[j]`, unless it is in the last layer.

    >>> model = MLP(2, [16, 16, 1], seed=1)
    >>> model
    MLP(2 -> 16 relu -> 16 relu -> 1 linear, 337 parameters)
    >>> score = model([0.5, -1.0])
    >>> score.backward()
    >>> model.layers[0].W[1][15] is model.named_parameters()["W1[1][15]"]
    True
    """

    def __init__(
        self,
        n_inputs: int,
        widths: Iterable[int] = (),
        activation: ActivationName | Callable[[Any], Any] = "relu",
        seed: int | None = None,
        *,
        start: StartName | Start = "uniform",
        pieces: int = 2,
    ):
        if isinstance(n_inputs, (list, tuple)):
            first, *others = n_inputs or [2]
            raise TypeError(f"n_inputs is one number: write {type(self).__name__}({first}, {others or [1]})")
        self.n_inputs, self.widths = n_inputs, listed(widths, "widths is a list of one number per layer, as in [8, 1]")
        if not self.widths:
            raise ValueError("a network has one layer or more: widths is empty")
        if activation != MAXOUT:
            activation_of(activation)  # an unknown name is an error even where there is no hidden layer
        start, last = drawn_from(generator(seed), start), len(self.widths) - 1
        self.layers = [
            Layer(n, m, activation if i < last else "linear", start=start, pieces=pieces)
            for i, (n, m) in enumerate(zip([n_inputs, *self.widths], self.widths))
        ]
        self.label_parameters()
        self._hidden_labels = [[f"h{i}[{j}]" for j in range(m)] for i, m in enumerate(self.widths[:-1], 1)]

    def layer_outputs(self, x: Iterable[Any]) -> list[list[Any]]:
        """What every layer gives for one sample: as many lists as there are layers, the scores last."""
        outputs: list[Any] = [checked_inputs(x, self.n_inputs, "this network")]
        for layer in self.layers:
            outputs.append(layer.outputs(outputs[-1]))
        for labels, hidden in zip(self._hidden_labels, outputs[1:-1]):
            for label, h in zip(labels, hidden):
                if isinstance(h, Value) and not h._label:  # the slot: through the property it takes 4 % of an update
                    h._label = label
        return outputs[1:]

    def __call__(self, x: Iterable[Any]) -> Any:
        return unwrapped(self.layer_outputs(x)[-1])

    def named_parameters(self) -> dict[str, Value]:
        return {
            f"{name[0]}{i}{name[1:]}": p
            for i, layer in enumerate(self.layers, 1)
            for name, p in layer.named_parameters().items()
        }

    def summary(self) -> Text:
        """A table of the neurons, weights and biases of each layer, and their sums in the words of the course.

        >>> print(MLP(3, [4, 2], "sigmoid").summary())
        layer  activation  neurons  weights     biases  parameters
        1      sigmoid     4        3 x 4 = 12  4       16
        2      linear      2        4 x 2 = 8   2       10
        4 + 2 = 6 neurons
        [3 x 4] + [4 x 2] = 20 weights
        4 + 2 = 6 biases
        20 + 6 = 26 learnable parameters

        Source: CS231n, Neural Networks Part 1, "Sizing neural networks".
        """
        heads = ("layer", "activation", "neurons", "weights", "biases", "parameters")
        rows = [tuple([say(f"summary {head}") for head in heads])]
        for i, layer in enumerate(self.layers, 1):
            weights, biases = layer.n_inputs * len(layer.b), len(layer.b)
            cells = (i, layer.activation, len(layer.neurons), f"{_shape(layer)} = {weights}", biases, weights + biases)
            rows.append(tuple(map(str, cells)))
        neurons, offsets = [len(layer.neurons) for layer in self.layers], [len(layer.b) for layer in self.layers]
        shapes, count = " + ".join(f"[{_shape(layer)}]" for layer in self.layers), len(self.weights())
        sums = [
            counted("neuron", sum(neurons), shown=_sum(neurons)),
            counted("weight", count, shown=f"{shapes} = {count}"),
            counted("offset", sum(offsets), shown=_sum(offsets)),
            say("summary all parameters", count=_sum([count, sum(offsets)])),
        ]
        return Text("\n".join([*in_columns(rows), *sums]))

    def __repr__(self) -> str:
        layers = "".join(f" -> {len(layer.neurons)} {layer.activation}" for layer in self.layers)
        return f"{type(self).__name__}({self.n_inputs}{layers}, {amount(len(self.parameters()), 'parameter')})"


def _shape(layer: Layer) -> str:
    pieces = len(layer.b) // len(layer.neurons)
    return f"{layer.n_inputs} x {len(layer.neurons)}" + (f" x {pieces}" if pieces > 1 else "")


def _sum(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{' + '.join(map(str, numbers))} = {sum(numbers)}"
