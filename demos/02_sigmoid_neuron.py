"""The sigmoid neuron of lecture 4: f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))), staged, and with one sigmoid gate.

What is a gate is our choice.  The slide takes the neuron apart into the smallest gates, then boxes four of them and
calls the box a sigmoid, whose local gradient is simply (1 - f) f.  Both ways the same gradients reach the inputs.

Run it:  python demos/02_sigmoid_neuron.py
It also writes sigmoid_neuron.svg beside this file: the staged circuit, as on the slide.

Source: CS231n, lecture 4, "sigmoid gate"; Backpropagation, Intuitions, "Modularity: Sigmoid example".
"""

from math import isclose
from pathlib import Path

from scalargrad import Value, draw, exp, sigmoid, steps

W, X = (2, -3, -3), (-1, -2)

# ---- staged: one small gate a line ----

w0, w1, w2 = map(Value, W)
x0, x1 = map(Value, X)
a = w0 * x0
b = w1 * x1
ab = a + b
dot = ab + w2
neg = -dot
e = exp(neg)
den = 1 + e
f = 1 / den
f.backward()

print("The neuron as staged gates:\n")
print(steps(f))
draw(f).save(Path(__file__).with_name("sigmoid_neuron.svg"))

# ---- the last four gates as one ----

v0, v1, v2 = map(Value, W)
u0, u1 = map(Value, X)
g = sigmoid(v0 * u0 + v1 * u1 + v2)
g.backward()
(local,) = g.local_gradients()

print(f"\nThe last four gates as one sigmoid gate: local gradient (1 - f) f = {local:.6f}\n")
print("                staged        one gate    on the slide")
leaves = [("w0", w0, v0), ("x0", x0, u0), ("w1", w1, v1), ("x1", x1, u1), ("w2", w2, v2)]
slide = {"w0": "-0.20", "x0": "0.39 or 0.40", "w1": "-0.39 or -0.40", "x1": "-0.59 or -0.60", "w2": "0.20"}
for name, staged, boxed in leaves:
    print(f"  d{name}    {staged.grad:12.9f}    {boxed.grad:12.9f}    {slide[name]}")

# ---- the numbers on the slide ----

assert [n.data for n in (a, b, ab, dot, neg)] == [-2, 6, 4, 1, -1]
assert [round(n.data, 6) for n in (e, den)] == [0.367879, 1.367879]
assert [round(n.data, 2) for n in (e, den, f)] == [0.37, 1.37, 0.73]
assert [round(n.grad, 6) for n in (f, den, e, neg, dot)] == [1, -0.534447, -0.534447, -0.196612, 0.196612]
known = {"w0": -0.19661193324148185, "w1": -0.3932238664829637, "w2": 0.19661193324148185}
known |= {"x0": 0.3932238664829637, "x1": -0.5898357997244456}
assert isclose(f.data, 0.7310585786300049, rel_tol=1e-14) and isclose(g.data, f.data, rel_tol=1e-14)
for name, staged, boxed in leaves:
    assert isclose(staged.grad, known[name], rel_tol=1e-14), name
    assert isclose(boxed.grad, known[name], rel_tol=1e-14), name
    assert f"{boxed.grad:.2f}" in slide[name].split(" or "), name
