"""The Jacobian is never built: that of 4096 relu gates has 16,777,216 entries, and backward needs 4,096 numbers.

The slope of a vector by a vector is a matrix, one row for each output and one column for each input.  Backpropagation
never writes it down.  It only needs upstream times this matrix, and the gates multiply just the entries that are not 0:
for a relu layer dx = (x > 0) dy.  First the sizes on the slides, then Jacobians so small that they can be built.

Run it:  python demos/27_jacobian.py

Source: CS231n, lecture 4, "a vectorized example: f(x) = max(0, x)" and "Backprop with matrices".
"""

import random
from math import isclose

from scalargrad import Value, dot, jacobian, relu, steps

# ---- the sizes on the slides ----

RELU, BATCH, PIXELS = 4096, 100, 3072
relu_entries = RELU * RELU
batch_entries = (BATCH * RELU) ** 2
matrix_entries = RELU * (PIXELS * RELU)  # y = x W: 4096 outputs by 3072 x 4096 weights
gibibytes = matrix_entries * 4 / 2**30  # of float32

print(f"{'':26}{'outputs':>12}{'inputs':>16}{'entries':>20}")
print(f"relu                      {RELU:12,}{RELU:16,}{relu_entries:20,}")
print(f"relu, a minibatch of 100  {BATCH * RELU:12,}{BATCH * RELU:16,}{batch_entries:20,}")
print(f"y = x W, y by W           {RELU:12,}{PIXELS * RELU:16,}{matrix_entries:20,}")
print(f"\nThe last one would fill {gibibytes:.0f} GiB as float32 (the slide says 5G numbers; it is ten")
print("times as many).  But y_j depends on column j of W alone: of each row of this")
print(f"Jacobian, one entry in {RELU:,} is not 0.")

# ---- 4096 relu gates, and what backward does ----

draw = random.Random(1)
x = [Value(draw.gauss(0, 1)) for _ in range(RELU)]
dy = [draw.gauss(0, 1) for _ in range(RELU)]
h = dot(dy, [relu(v) for v in x])
h.backward()
edges = [step for step in steps(h, names={}) if step.phase == "backward" and step.gate.name == "relu"]
alive = sum(v.data > 0 for v in x)
print(f"\nBackward through {RELU:,} relu gates: {len(edges):,} multiplications, {alive:,} of them by 1,")
print("the others by 0.  dx = (x > 0) dy is all.")


# ---- small ones, built ----


def show(title: str, J: list[list[float]]) -> None:
    print(
        f"\n{title}: {len(J)} x {len(J[0])}, {sum(n != 0 for row in J for n in row)} of {len(J) * len(J[0])} are not 0"
    )
    for row in J:
        print("  [" + "".join(f"{n:4g}" if n else "   ." for n in row) + " ]")


def times(v: list[float], J: list[list[float]]) -> list[float]:
    """The row vector v times the matrix J."""
    return [sum(v_i * n for v_i, n in zip(v, column)) for column in zip(*J)]


def backward(outputs: list[Value], upstream: list[float], inputs: list[Value]) -> list[float]:
    """The gradients on the inputs, by backward()."""
    root = dot(upstream, outputs)
    root.zero_grad()
    root.backward()
    return [v.grad for v in inputs]


X = [[Value(n) for n in row] for row in ([2, -1, 3, -4], [-2, 5, 1, -1])]  # a minibatch of two samples
flat = sum(X, [])
cases = {"relu, a minibatch of two": ([relu(v) for v in flat], flat)}
W = [[Value(n) for n in row] for row in ([1, 3, 2], [2, -1, 1], [0, 2, 1], [1, 1, -2])]
y = [dot(X[0], column) for column in zip(*W)]
cases["y = x W, y by x"] = y, X[0]
cases["y = x W, y by W, row after row"] = y, sum(W, [])
found, full = {}, {}
for title, (outs, ins) in cases.items():
    J, upstream = jacobian(outs, ins), [float(n) for n in range(1, len(outs) + 1)]
    full[title] = [sum(n != 0 for n in row) / len(ins) for row in J]
    show(title, J)
    found[title] = times(upstream, J), backward(outs, upstream, ins)
    print(f"  upstream {upstream[0]:g}, {upstream[1]:g}, ... times it: " + " ".join(f"{n:g}" for n in found[title][0]))

# ---- the sizes, and the products ----

assert relu_entries == 16_777_216 and BATCH * RELU == 409_600 and batch_entries == 409_600**2
assert matrix_entries == 51_539_607_552 and gibibytes == 192
assert len(edges) == RELU and sum(v.grad != 0 for v in x) == alive < RELU
assert all(v.grad == (v.data > 0) * d for v, d in zip(x, dy))
for title, (by_matrix, by_backward) in found.items():
    assert all(isclose(a, b) for a, b in zip(by_matrix, by_backward, strict=True)), title
assert found["relu, a minibatch of two"][1] == [1, 0, 3, 0, 0, 6, 7, 0]
assert max(full["relu, a minibatch of two"]) == 1 / 8  # one entry of a row, at most
assert full["y = x W, y by W, row after row"] == [1 / 3] * 3  # one in as many as there are outputs
assert found["y = x W, y by W, row after row"][1] == [x_i * d for x_i in (2, -1, 3, -4) for d in (1, 2, 3)]
assert found["y = x W, y by x"][1] == [1 + 6 + 6, 2 - 2 + 3, 0 + 4 + 3, 1 + 2 - 6]
