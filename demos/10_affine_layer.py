"""The affine layer of the assignment, O = X W + b, on a minibatch: dW = X^T dO, db = column sums of dO, dX = dO W^T.

Each entry of O is one dot gate.  W and b are forks: every sample of the batch uses them, so what the samples send back
adds up.  That is all that the matrix formulas say.  Their shapes can be found without thinking: dW must look like W.

Run it:  python demos/10_affine_layer.py

Source: CS231n, Backpropagation, Intuitions, "Gradients for vectorized operations"; assignment 2, layers.py.
"""

from math import isclose

from scalargrad import Value, dot, total

Rows = list[list[float]]

X_DATA = [[1, 2, -1], [0, -3, 2], [2, 1, 1], [-2, 0, 3]]  # N = 4 samples of D = 3 numbers
W_DATA = [[1, -1], [0, 2], [3, 1]]  # D x M, for M = 2 neurons
B_DATA = [1, -2]
dO = [[1, 0], [-1, 2], [0.5, 1], [2, -1]]  # N x M: what comes from above, whatever stands there

X = [[Value(n) for n in row] for row in X_DATA]
W = [[Value(n) for n in row] for row in W_DATA]
b = [Value(n) for n in B_DATA]

out = [[dot(x, column, bias) for column, bias in zip(zip(*W), b)] for x in X]  # the matrix O
loss = total([dot(upstream, row) for upstream, row in zip(dO, out)])  # a loss with just these gradients on O
loss.backward()

# ---- the formulas, on plain floats ----


def times(A: Rows, B: Rows) -> Rows:
    """The matrix product A B."""
    return [[sum(a * b for a, b in zip(row, column)) for column in zip(*B)] for row in A]


def transposed(A: Rows) -> Rows:
    return [list(column) for column in zip(*A)]


def grads(rows: list[list[Value]]) -> Rows:
    return [[v.grad for v in row] for row in rows]


formulas = {
    "dX": ("dO W^T", times(dO, transposed(W_DATA)), grads(X)),
    "dW": ("X^T dO", times(transposed(X_DATA), dO), grads(W)),
    "db": ("column sums of dO", [[sum(column) for column in zip(*dO)]], grads([b])),
}


def shape(A: Rows) -> str:
    return f"{len(A)} x {len(A[0])}"


def show(name: str, *matrices: Rows) -> None:
    for i, rows in enumerate(zip(*matrices)):
        texts = ["[" + "".join(f"{n:6g}" for n in row) + " ]" for row in rows]
        print(f"  {'' if i else name:30}" + "".join(f"{text:26}" for text in texts).rstrip())


outputs = [[v.data for v in row] for row in out]
print("forward")
for name, matrix in (("X", X_DATA), ("W", W_DATA), ("b", [B_DATA]), ("O = X W + b", outputs)):
    show(f"{name:24}{shape(matrix)}", matrix)
print(f"\n{'backward':32}{'the formula':26}backward()")
show(f"{'dO':24}{shape(dO)}", dO, grads(out))
for name, (formula, by_formula, by_backward) in formulas.items():
    show(f"{name + ' = ' + formula:24}{shape(by_formula)}", by_formula, by_backward)

# ---- one weight, wire by wire ----

wires = [X_DATA[n][2] * dO[n][0] for n in range(4)]
print(f"\ndW[2][0], sample by sample: {' '.join(f'{wire:+g}' for wire in wires)} = {W[2][0].grad:g}")

# ---- formula and graph agree ----

assert grads(out) == dO
for name, (_, by_formula, by_backward) in formulas.items():
    for wanted, got in zip(sum(by_formula, []), sum(by_backward, []), strict=True):
        assert isclose(wanted, got, rel_tol=1e-14, abs_tol=1e-14), name
assert outputs == [[-1, 0], [7, -6], [6, -1], [8, 3]]
assert formulas["dW"][2][2] == [3.5, 2] and formulas["db"][2] == [[2.5, 2]]
