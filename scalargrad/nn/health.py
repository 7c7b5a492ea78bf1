"""Are the units alive?  Outputs and gradients of every layer, and the units that pass no gradient back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..given import wrong
from ..value import Value
from ..views.phrases import say, shortened
from .choices import chosen
from .data import labels_of, rows_of
from .losses import LOSSES, Loss, LossName
from .mlp import MLP

ALWAYS_ALIVE_ACTIVATIONS = ("linear", "maxout")
MAX_UNITS = 1_000  # of a kind that are listed
SATURATION_SLOPE = 0.01  # a local gradient below this hardly passes anything


class LayerHealth(NamedTuple):
    """What came out of one layer, over a batch.  Shown, it names the units that pass no gradient back.

    number: of the layer, from 1.
    activation: its name.
    outputs: N lists of the outputs of its M neurons.
    gradients: N lists of the gradients that arrived at these outputs.
    dead: the neurons whose activation had the local gradient 0 at every sample, such as a relu that is always off.
    saturated: those whose local gradient was below 0.01 everywhere without being dead, such as a sigmoid near 0 or 1.
    """

    number: int
    activation: str
    outputs: list[list[float]]
    gradients: list[list[float]]
    dead: list[str]
    saturated: list[str]

    @property
    def name(self) -> str:
        """`layer 2: 16 relu`."""
        return say("network layer", number=self.number, count=len(self.outputs[0]), activation=self.activation)

    def troubles(self, most: int = MAX_UNITS) -> str:
        """The dead and the saturated units in one line, the first `most` of each kind; "" if there are none."""
        kinds = {"dead": self.dead, "saturated": self.saturated}
        told = [
            say(f"health {kind}", units=say("comma").join(shortened(units, most=most)))
            for kind, units in kinds.items()
            if units
        ]
        return say("between changes").join(told)

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        return say("between changes").join([self.name, self.troubles() or say("health alive")])


def layer_health(
    model: MLP, X: Iterable[Any], y: Iterable[Any], loss: LossName | Loss = "softmax"
) -> list[LayerHealth]:
    """A `LayerHealth` for every layer of a network: what came out of it on a batch, and its dead or saturated units.

    model: an `MLP`; its parameters and their gradients are left as they are.
    X: N samples of D numbers.
    y: N labels or targets, as the loss wants them.
    loss: as of `fit`.

    Units are called h1[0], h1[1], ... in the first layer, and so on; the units of the last layer are the scores.

    Source: CS231n, Neural Networks Part 3, "Activation / Gradient distributions per layer".
    """
    if not isinstance(model, MLP):
        raise wrong("model is an MLP, as in nn.MLP(2, [8, 1])", model)
    held = {p: p.grad for p in model.parameters()}
    layers = [model.layer_outputs(x) for x in rows_of(X)]
    scores = [outputs[-1][0] if len(outputs[-1]) == 1 else outputs[-1] for outputs in layers]
    chosen("a loss", loss, LOSSES)(scores, labels_of(y)).backward()
    for p, grad in held.items():
        p.grad = grad
    return [_health(model, i, [outputs[i] for outputs in layers]) for i in range(len(model.layers))]


def _health(model: MLP, i: int, samples: list[list[Value]]) -> LayerHealth:
    layer, last = model.layers[i], i == len(model.layers) - 1
    dead, saturated = [], []
    for j in [] if last or layer.activation in ALWAYS_ALIVE_ACTIVATIONS else range(len(layer.neurons)):
        steepest = max([abs(slope) for sample in samples for slope in sample[j].local_gradients()])
        gate = samples[0][j].gate
        if steepest == 0.0 and gate and gate.pattern == "routes":
            dead.append(f"h{i + 1}[{j}]")
        elif steepest < SATURATION_SLOPE:
            saturated.append(f"h{i + 1}[{j}]")
    return LayerHealth(
        i + 1,
        layer.activation,
        [[h.data for h in sample] for sample in samples],
        [[h.grad for h in sample] for sample in samples],
        dead,
        saturated,
    )
