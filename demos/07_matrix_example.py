"""The matrix example of lecture 4, in scalars: y = x W, s = sigmoid(y), upstream dh/ds = [4 1 2 -1].

Vectors and matrices bring nothing new: each number is a value and each entry of a product is one dot gate.  What the
lecture writes with matrices is what the gates add up to: dh/dx = dh/dy W^T and dh/dW = x^T dh/dy, with a Jacobian
ds/dy that is diagonal, as each s depends on its own y alone, and a Jacobian dy/dx = W^T.

Run it:  python demos/07_matrix_example.py

Source: CS231n, lecture 4, "Backprop with matrices".
"""

import textwrap
from collections.abc import Iterable
from math import isclose

from scalargrad import Value, dot, sigmoid, steps

UPSTREAM = (4, 1, 2, -1)

x = [Value(v) for v in (2, 1, -3)]
W = [[Value(v) for v in row] for row in ((1, 3, 2, 0), (2, -1, 1, 2), (3, 0, 1, 4))]
columns = list(zip(*W))

y = [dot(x, column) for column in columns]
s = [sigmoid(v) for v in y]
h = dot(UPSTREAM, s)  # whatever h is: its gradients on s are what the slide hands down
h.backward()


def data(values: Iterable[Value]) -> list[float]:
    return [v.data for v in values]


def grads(values: Iterable[Value]) -> list[float]:
    return [v.grad for v in values]


def jacobian(outputs: list[Value], inputs: list[Value]) -> list[list[float]]:
    """One row for each output: its gradient on every input, 0 where it does not depend on it."""
    return [[steps(out).gradients.get(v, 0.0) for v in inputs] for out in outputs]


def show(name: str, *rows: list[float], slide: str = "") -> None:
    for i, row in enumerate(rows):
        text = " ".join(f"{n:3.0f}    " if n == int(n) else f"{n:7.4f}" for n in row)
        print(f"  {'' if i else name:15}[{text} ]{slide and ' slide ' + slide}")


print("forward")
show("x", data(x))
show("W", *map(data, W))
show("y = x W", data(y), slide="[-5 5 2 -10]")
show("s = sigmoid(y)", data(s), slide="[0.007 0.99 0.88 0.00]")
print(textwrap.fill(f"one of them: {steps(y[2])[0]}", 80, initial_indent="  ", subsequent_indent="    "))
print("\nbackward")
show("dh/ds", grads(s), slide="[4 1 2 -1]")
show("ds/dy", *jacobian(s, y))
show("dh/dy", grads(y), slide="[0.028 0.01 0.22 0]")
show("dy/dx = W^T", *jacobian(y, x))
show("dh/dx", grads(x), slide="[0.50 0.27 0.30]")
show("dh/dW", *map(grads, W))

# ---- the matrix formulas, on plain floats ----


def close(got: Iterable[float], wanted: Iterable[float]) -> bool:
    return all(isclose(a, b, rel_tol=1e-14) for a, b in zip(got, wanted, strict=True))


dy = [u * p * (1 - p) for u, p in zip(UPSTREAM, data(s))]
assert data(y) == [-5, 5, 2, -10] and grads(s) == list(UPSTREAM)
assert close(grads(y), dy)
assert close(grads(x), [dot(dy, data(row)) for row in W])  # dh/dy W^T
assert all(close(grads(row), [v.data * d for d in dy]) for v, row in zip(x, W))  # x^T dh/dy
assert jacobian(y, x) == [data(column) for column in columns]  # W^T
for i, row in enumerate(jacobian(s, y)):
    assert close(row, [s[i].data * (1 - s[i].data) if i == j else 0.0 for j in range(4)])

# ---- the numbers of the slide, which rounds after every step ----

s2 = [round(p, digits) for p, digits in zip(data(s), (3, 2, 2, 2))]
ds2 = [round(p * (1 - p), digits) for p, digits in zip(s2, (3, 2, 2, 2))]
dy2 = [round(u * d, 3) for u, d in zip(UPSTREAM, ds2)]
assert s2 == [0.007, 0.99, 0.88, 0.0] and dy2 == [0.028, 0.01, 0.22, 0.0]
assert [round(dot(dy2, data(row)), 2) for row in W] == [0.50, 0.27, 0.30]
