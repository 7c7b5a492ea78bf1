"""The most copied worked example: two inputs, two hidden neurons, two outputs, one step of gradient descent.

Thousands have done it with a pocket calculator: inputs .05 and .10, weights .15 to .55, targets .01 and .99.  Here are
its numbers, in the names of the page.  Two of its habits are worth knowing when you compare: the error is the sum, not
the mean, of (target - output)^2 / 2; and the biases, which the two neurons of a layer share, do not learn.

Run it:  python demos/31_worked_example.py

Source: Mazur, 2015, "A Step by Step Backpropagation Example".
"""

from math import isclose

from scalargrad import Value, ledger, paths, record, sigmoid

I1, I2 = 0.05, 0.10
TARGET_O1, TARGET_O2 = 0.01, 0.99
RATE = 0.5

w1, w2, w3, w4 = (Value(n, f"w{i}") for i, n in enumerate((0.15, 0.20, 0.25, 0.30), 1))
w5, w6, w7, w8 = (Value(n, f"w{i}") for i, n in enumerate((0.40, 0.45, 0.50, 0.55), 5))
b1, b2 = 0.35, 0.60
weights = [w1, w2, w3, w4, w5, w6, w7, w8]


def forward() -> dict[str, Value]:
    """Every number of the forward pass, by its name on the page."""
    net_h1 = w1 * I1 + w2 * I2 + b1
    net_h2 = w3 * I1 + w4 * I2 + b1
    out_h1, out_h2 = sigmoid(net_h1), sigmoid(net_h2)
    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1, out_o2 = sigmoid(net_o1), sigmoid(net_o2)
    E_o1 = 0.5 * (TARGET_O1 - out_o1) ** 2
    E_o2 = 0.5 * (TARGET_O2 - out_o2) ** 2
    E_total = E_o1 + E_o2
    return locals()


# ---- forward ----

seen = forward()
E_total, out_h1 = seen["E_total"], seen["out_h1"]
E_total.backward()
print("forward\n")
for left, right in (("net_h1", "net_h2"), ("out_h1", "out_h2"), ("out_o1", "out_o2"), ("E_o1", "E_o2")):
    print(f"  {left:8}{seen[left].data:14.9f}      {right:8}{seen[right].data:14.9f}")
print(f"  E_total {E_total.data:14.9f}")

# ---- backward: w5 has one way to the error, w1 has two, over both outputs ----

names = {w.label: w for w in weights} | seen
slope = seen["net_o1"].grad / seen["out_o1"].grad
sent = sorted(entry.downstream for entry in ledger(out_h1, E_total, names=names).entries)
ways = [paths(w, E_total, names=names).count for w in (w5, w1)]
print(f"""
backward: w5 has {ways[0]} way to the error, w1 has {ways[1]}, over both outputs

  dE/dw5 = {seen["out_o1"].grad:.8f} * {slope:.9f} * {out_h1.data:.9f} = {w5.grad:.9f}
  dE/dout_h1 = {sent[1]:.9f} + ({sent[0]:.9f}) = {out_h1.grad:.9f}
  dE/dw1 = {out_h1.grad:.9f} * {seen["net_h1"].grad / out_h1.grad:.9f} * {I1} = {w1.grad:.9f}""")

# ---- one step, and ten thousand ----

gradients = [w.grad for w in weights]
for w in weights:
    w.data -= RATE * w.grad
after = [w.data for w in weights]
error_after = forward()["E_total"].data
print(f"\nafter one step with rate {RATE}\n")
for i in range(4):
    print(f"  w{i + 1} = {after[i]:.9f}      w{i + 5} = {after[i + 4]:.9f}")
print(f"  E_total = {error_after:.9f} (the page has 0.291027924)")

program = record(lambda: forward()["E_total"], parameters=weights)  # the same graph each time: recorded once
for _ in range(9_999):
    _, slopes = program()
    for w, g in zip(weights, slopes):
        w.data -= RATE * g
last = forward()
outputs = last["out_o1"].data, last["out_o2"].data
print(f"\nafter 10,000 steps: E_total = {last['E_total'].data:.10f}", end="")
print(f", outputs {outputs[0]:.6f} and {outputs[1]:.6f}")

# ---- the numbers of the page; and its formula for w1, by hand ----

page = {"net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378, "net_o1": 1.105905967, "out_o1": 0.75136507}
page |= {"out_o2": 0.772928465, "E_o1": 0.274811083, "E_o2": 0.023560026, "E_total": 0.298371109}
for name, number in page.items():
    assert abs(seen[name].data - number) < 1e-9, name
assert abs(gradients[4] - 0.082167041) < 1e-9 and abs(gradients[0] - 0.000438568) < 1e-9
assert abs(sent[1] - 0.055399425) < 2e-9 and abs(sent[0] + 0.019049119) < 2e-9 and ways == [1, 2]
stepped = (0.149780716, 0.19956143, 0.24975114, 0.29950229, 0.35891648, 0.408666186, 0.51130127, 0.561370121)
assert all(abs(w - number) < 5e-9 for w, number in zip(after, stepped, strict=True))
assert abs(error_after - 0.291027924) < 1e-6
assert all(abs(a - b) < 1e-5 for a, b in zip(outputs, (0.015912196, 0.984065734)))
d1, d2 = ((o - t) * o * (1 - o) for o, t in ((seen["out_o1"].data, TARGET_O1), (seen["out_o2"].data, TARGET_O2)))
by_hand = (d1 * 0.40 + d2 * 0.50) * out_h1.data * (1 - out_h1.data) * I1
assert isclose(gradients[0], by_hand, rel_tol=1e-13)
