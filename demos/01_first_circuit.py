"""The first circuit of lecture 4: f = (x + y) z at x = -2, y = 5, z = -4, forward, backward, and as a picture.

Every gate computes its output on the way forward and knows its local gradients at once.  On the way back each gate
multiplies what arrives (upstream) by its local gradients and passes the products on: -4, -4, 3.

Run it:  python demos/01_first_circuit.py
It also writes first_circuit.svg beside this file: green is data, red is gradient, a local gradient on every wire.

Source: CS231n, lecture 4, "Backpropagation: a simple example"; Backpropagation, Intuitions, "Compound expressions".
"""

from pathlib import Path

from scalargrad import Value, draw, steps

# ---- forward and backward ----

x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
f = q * z
f.backward()

print("f = (x + y) z, gate by gate:\n")
print(steps(f))

# ---- what a gradient means: how much f moves when one input moves a little ----

h = 0.001
nudged = {
    "x": (x, (x.data + h + y.data) * z.data),
    "y": (y, (x.data + y.data + h) * z.data),
    "z": (z, (x.data + y.data) * (z.data + h)),
}
print(f"\nNudge one input by {h}, and f moves by its gradient times as much:\n")
for name, (leaf, moved) in nudged.items():
    print(f"  {name} + {h}   f {f.data:g} -> {moved:.3f}   (f moved) / {h} = {(moved - f.data) / h:6.3f}", end="")
    print(f"   {name}.grad = {leaf.grad:2g}")

# ---- the picture ----

picture = draw(f).save(Path(__file__).with_name("first_circuit.svg"))
print(f"\nThe circuit is drawn in {picture.name}.")

# ---- the numbers on the slide ----

assert (q.data, f.data) == (3, -12)
assert (f.grad, q.grad) == (1, -4)
assert (x.grad, y.grad, z.grad) == (-4, -4, 3)
assert f.local_gradients() == (-4, 3)  # a mul gate switches its inputs
assert q.local_gradients() == (1, 1)  # an add gate distributes
for leaf, moved in nudged.values():
    assert abs((moved - f.data) / h - leaf.grad) < 1e-9
