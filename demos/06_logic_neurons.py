"""Neurons that compute logic: AND and OR with one neuron each, XNOR with two layers.

A sigmoid neuron with large weights is a logic gate: the sigmoid is handed -30, -10 or 10, so its output is almost 0 or
almost 1.  No single neuron computes XNOR (are both inputs the same?), since no straight line parts the two answers.
Two layers do: XNOR = AND or NOR.  It also writes logic_neurons.svg beside this file: that network, as on the slide.

Run it:  python demos/06_logic_neurons.py

Source: Ng, Machine Learning, "Neural Networks: Examples and Intuitions", whose weights these are.
"""

from itertools import product
from math import isclose
from pathlib import Path

from scalargrad import Value, nn, sigmoid


def and_(a: Value, b: Value) -> Value:
    return sigmoid(20 * a + 20 * b - 30)


def or_(a: Value, b: Value) -> Value:
    return sigmoid(20 * a + 20 * b - 10)


def nor(a: Value, b: Value) -> Value:
    """Neither: (not a) and (not b)."""
    return sigmoid(-20 * a - 20 * b + 10)


def xnor(a: Value, b: Value) -> Value:
    """Two layers: hidden neurons AND and NOR, output neuron OR."""
    return or_(and_(a, b), nor(a, b))


NEURONS = {"AND": and_, "OR": or_, "NOR": nor, "XNOR": xnor}
TRUTH = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "NOR": [1, 0, 0, 0], "XNOR": [1, 0, 0, 1]}

print(" a  b" + "".join(f"{name:>16}" for name in NEURONS))
outputs: dict[str, list[float]] = {name: [] for name in NEURONS}
handed: dict[str, list[float]] = {name: [] for name in NEURONS}
gradients: dict[str, list[float]] = {name: [] for name in NEURONS}
for bits in product((0, 1), repeat=2):
    line = " {}  {}".format(*bits)
    for name, neuron in NEURONS.items():
        a, b = map(Value, bits)
        f = neuron(a, b)
        f.backward()
        outputs[name].append(f.data)
        handed[name].append(f.parents[0].data)
        gradients[name].append(a.grad)
        line += f"{f.data:11.5f} -> {round(f.data)}"
    print(line)

print("\nWhat the sigmoids are handed, weights times inputs plus bias:")
for i, bits in enumerate(product((0, 1), repeat=2)):
    print(" {}  {}".format(*bits) + "".join(f"{round(handed[name][i], 2) + 0.0:16g}" for name in NEURONS))

print("\nThe better the logic, the worse it learns: every sigmoid is saturated.  df/da is")
for i, bits in enumerate(product((0, 1), repeat=2)):
    texts = [f"{gradients[name][i]:.1e}" if gradients[name][i] else "0" for name in NEURONS]
    print(" {}  {}".format(*bits) + "".join(f"{text:>16}" for text in texts))
print("Where XNOR has 0, what the neurons AND and NOR send back to the fork a cancels.")

# ---- the same two layers as a network, drawn where both inputs are 1 ----

network = nn.MLP(2, [2, 1], "sigmoid")
network.layers[1] = nn.Layer(2, 1, "sigmoid")
for p, number in zip(network.parameters(), [20, 20, -30, -20, -20, 10, 20, 20, -10]):
    p.data = number
picture = nn.draw_network(network, [1, 1]).save(Path(__file__).with_name("logic_neurons.svg"))
print(f"\nThe network as a picture: {picture.name}")

# ---- the truth tables, and how far from 0 and 1 ----

for name, truth in TRUTH.items():
    assert [round(output) for output in outputs[name]] == truth, name
    assert max(abs(output - bit) for output, bit in zip(outputs[name], truth)) < 5e-5, name
assert handed["AND"] == [-30, -10, -10, 10]
assert handed["OR"] == [-10, 10, 10, 30] and handed["NOR"] == [10, -10, -10, -30]
assert isclose(outputs["AND"][3], 0.9999546021312976, rel_tol=1e-14)  # s(10)
assert isclose(outputs["OR"][0], 4.5397868702434395e-05, rel_tol=1e-14)  # s(-10)
for output, gradient in zip(outputs["AND"], gradients["AND"]):
    assert isclose(gradient, 20 * output * (1 - output), rel_tol=1e-14)
assert max(abs(gradient) for name in NEURONS for gradient in gradients[name]) < 1e-3
assert [network([a, b]).data for a, b in product((0, 1), repeat=2)] == outputs["XNOR"]
