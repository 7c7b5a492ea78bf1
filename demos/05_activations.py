"""Activation functions, each with its gradient: sigmoid, tanh, relu, leaky relu, maxout, elu.

What an activation lets through on the way back decides whether the neuron behind it can learn: a saturated sigmoid or
tanh passes almost nothing, a relu that is off passes nothing at all, a leaky relu always passes something.

Run it:  python demos/05_activations.py

Source: CS231n, lecture 4, "Activation functions"; Neural Networks Part 1, "Commonly used activation functions".
"""

from collections.abc import Callable
from math import exp, isclose

from scalargrad import Value, elu, explain, leaky_relu, maximum, relu, sigmoid, tanh


def maxout(x: Value) -> Value:
    """The larger of two lines, w1 x + b1 and w2 x + b2: here x and -x / 2 - 1, which cross at -2/3."""
    return maximum(x, -0.5 * x - 1)


POINTS = (-4, -1, 0, 1, 4)
ACTIVATIONS: list[tuple[Callable[[Value], Value], str, str]] = [
    (sigmoid, "1 / (1 + e^-x)", "f (1 - f)"),
    (tanh, "tanh(x)", "1 - f f"),
    (relu, "max(0, x)", "x > 0: 1, else 0"),
    (leaky_relu, "max(0.1 x, x)", "x > 0: 1, else 0.1"),
    (maxout, "max(x, -x/2 - 1)", "slope of the winner"),
    (elu, "x > 0: x, else e^x - 1", "x > 0: 1, else e^x"),
]


def at(activation: Callable[[Value], Value], number: float) -> tuple[float, float]:
    """The output of an activation at `number`, and the gradient that its input gets there."""
    x = Value(number)
    f = activation(x)
    f.backward()
    return f.data, x.grad


slope = {}
print(f"{'':11}{'x =':5}" + "".join(f"{x:8}" for x in POINTS))
for activation, formula, local in ACTIVATIONS:
    name = activation.__name__
    outputs, slope[name] = zip(*[at(activation, x) for x in POINTS])
    print(f"\n{name:11}{'f':5}" + "".join(f"{n:8.4f}" for n in outputs) + f"  {formula}")
    print(f"{'':11}{'df/dx':5}" + "".join(f"{n:8.4f}" for n in slope[name]) + f"  {local}")

print(f"\nOf a gradient of 1, at x = 4 a sigmoid passes {slope['sigmoid'][4]:.3f} and a tanh {slope['tanh'][4]:.4f};")
print(f"at x = -4 a relu passes {slope['relu'][0]:g}, a leaky relu {slope['leaky_relu'][0]:g}.")

x = Value(-4)
h = relu(x)
h.backward()
print(f"\nWhy nothing?\n{str(explain(x, h)).partition(': ')[2]}")

# ---- the gradients are what they should be ----

assert slope["relu"] == (0, 0, 0, 1, 1)
assert slope["leaky_relu"] == (0.1, 0.1, 0.1, 1, 1)
assert slope["maxout"] == (-0.5, -0.5, 1, 1, 1)
assert slope["elu"][2:] == (1, 1, 1) and isclose(slope["elu"][1], exp(-1), rel_tol=1e-14)
assert slope["tanh"][2] == 1 and isclose(slope["tanh"][3], 0.41997434161402614, rel_tol=1e-14)
assert slope["sigmoid"][2] == 0.25
assert isclose(at(sigmoid, 1)[0], 0.7310585786300049, rel_tol=1e-14)  # the neuron of the lecture
assert isclose(slope["sigmoid"][3], 0.19661193324148185, rel_tol=1e-14)
h = 1e-5
for activation, _, _ in ACTIVATIONS:
    for x in (-4, -1, 1, 4):  # at 0 some have a kink
        numerical = (at(activation, x + h)[0] - at(activation, x - h)[0]) / (2 * h)
        assert isclose(at(activation, x)[1], numerical, rel_tol=1e-7, abs_tol=1e-9), (activation, x)
