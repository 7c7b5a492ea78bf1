"""The chapter with a network alive: two inputs, three tanh neurons and a score, trained in the reader's browser.

The loss of one point is recorded here, once; `network.js` runs its gates for every point, forward and backward, by the
same JavaScript as a page does.  The picture is `draw_network`'s, laid out with room for the numbers to come.
"""

from __future__ import annotations

import math
from typing import Any

from ..nn.drawing import draw_network
from ..nn.losses import binary_cross_entropy_loss, loss_of_one
from ..nn.mlp import MLP
from ..value import Value
from ..views.rerun import Rerun
from ..views.story import Story

SEED = 8  # of weights that learn to enclose the inner points within some hundred updates
LONG = -0.00123  # a number that takes as much room as one on a wire is likely to


def network() -> MLP:
    """The network before its first update: 13 weights and biases."""
    return MLP(2, [3, 1], "tanh", seed=SEED)


def points() -> list[tuple[float, float, int]]:
    """(x1, x2, label): eight points of class 1, and sixteen of class 0 around them, which no line parts from those."""
    return [*_circle(8, 0.6, 1), *_circle(16, 1.6, 0)]


def _circle(count: int, radius: float, label: int) -> list[tuple[float, float, int]]:
    angles = [2.0 * math.pi * i / count for i in range(count)]
    return [(radius * math.cos(angle), radius * math.sin(angle), label) for angle in angles]


def recorded(lang: str) -> tuple[list[str], dict[str, Any]]:
    """The loss of one point for the script: its gates as JavaScript, and all else as data.

    In the data are the rows, as of a page, and where in them inputs, weights and neurons stand.
    """
    net, label = network(), Value(1.0, "y")
    x = [Value(0.0, "x1"), Value(0.0, "x2")]
    layers = net.layer_outputs(x)
    loss = loss_of_one(binary_cross_entropy_loss, layers[-1][0], None, label)
    rerun = Rerun(Story(loss, lang=lang))
    gates, weights = rerun.gates(), net.parameters()
    neurons = [
        {"box": f"u{i}_{j}", "row": rerun.places[output], "bias": weights.index(neuron.b)}
        for i, (layer, outputs) in enumerate(zip(net.layers, layers), 1)
        for j, (neuron, output) in enumerate(zip(layer.neurons, outputs))
    ]
    return gates, {
        "rows": rerun.data({text: i for i, text in enumerate(gates)})["rows"],
        "points": points(),
        "inputs": [rerun.places[node] for node in x],
        "label": rerun.places[label],
        "loss": rerun.places[loss],
        "score": rerun.places[layers[-1][0]],
        "weights": [{"name": name, "row": rerun.places[p]} for name, p in net.named_parameters().items()],
        "neurons": neurons,
    }


def picture(lang: str) -> str:
    """The network as SVG, with room for long numbers; the script writes the true ones, and their wires."""
    roomy = network()
    for p in roomy.parameters():
        p.data = p.grad = LONG
    return draw_network(roomy, [LONG, LONG], lang=lang).for_script()
