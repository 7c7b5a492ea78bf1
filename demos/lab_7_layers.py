"""Lab 7: write the backward pass of three layers on lists: affine, relu, softmax loss, as the assignment asks for.

Each function is handed the upstream gradient and what the forward pass has kept, and returns a gradient for each input,
in the shape of that input.  The marked lines return zeros of the right shape.  The judge is `check_gradients`, which
compares the graph of each layer with numerical slopes; its numbers stand beside yours, up to the first wrong one.

Run it:  python demos/lab_7_layers.py
Then write the marked lines, one after the other, until all is right.

Source: CS231n, assignment 2, layers.py.
"""

from collections.abc import Callable
from typing import Any

from lab import first_wrong

from scalargrad import Value, check_gradients, dot, nn, relu

Matrix = list[list[float]]


def affine_backward(dout: Matrix, X: Matrix, W: Matrix) -> tuple[Matrix, Matrix, list[float]]:
    """dX, dW, db of out = X W + b: X is N x D, W is D x M, b has M numbers, dout is N x M."""
    N, D, M = len(X), len(W), len(dout[0])
    dX = [[0.0 for d in range(D)] for n in range(N)]  # <-- write this line: a sum over m
    dW = [[0.0 for m in range(M)] for d in range(D)]  # <-- write this line: a sum over n
    db = [0.0 for m in range(M)]  # <-- write this line: a sum over n
    return dX, dW, db


def relu_backward(dout: Matrix, X: Matrix) -> Matrix:
    """dX of out = max(0, X)."""
    return [[0.0 for d, x in zip(*rows)] for rows in zip(dout, X)]  # <-- write this line: who lets d through?


def softmax_loss_backward(scores: Matrix, y: list[int]) -> Matrix:
    """dscores of the mean over samples of -log p_y, with p = softmax(scores)."""
    P = [nn.softmax(row) for row in scores]
    return [[0.0 for j, p in enumerate(row)] for row, c in zip(P, y)]  # <-- write this line: the mean is over len(y)


# ---- the same layers as graphs, for the judge ----


def flat(part: Any) -> list[Any]:
    return sum(map(flat, part), []) if isinstance(part, list) else [part]


def shaped(numbers: list[Any], rows: int) -> list[list[Any]]:
    """The numbers as a matrix of so many rows."""
    width = len(numbers) // rows
    return [numbers[i * width : (i + 1) * width] for i in range(rows)]


X = [[1.0, -2.0, 0.5], [3.0, 0.0, -1.0]]  # N = 2, D = 3
W = [[0.5, -1.0], [2.0, 0.25], [-0.5, 1.0]]  # M = 2
B = [0.1, -0.2]
DOUT = [[1.0, -3.0], [2.0, 0.5]]
SCORES, Y = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0]], [0, 1]  # the cat and the car of lecture 3


def affine(*values: Value) -> Value:
    """dout times X W + b, as one number: its gradients on X, W and b are those that dout sends back."""
    inputs, weights, biases = shaped(list(values[:6]), 2), shaped(list(values[6:12]), 3), values[12:]
    out = [[dot(row, column, b) for column, b in zip(zip(*weights), biases)] for row in inputs]
    return dot(flat(DOUT), flat(out))


def rectified(*values: Value) -> Value:
    return dot(flat(RELU_DOUT), [relu(x) for x in values])


def softmax_loss(*values: Value) -> Value:
    return nn.softmax_loss(shaped(list(values), 2), Y)


def named(name: str, part: Any) -> dict[str, float]:
    """{"dW[0][1]": number, ...}"""
    return all_named({f"{name}[{i}]": n for i, n in enumerate(part)}) if isinstance(part, list) else {name: part}


def all_named(parts: dict[str, Any]) -> dict[str, float]:
    return {key: n for name, part in parts.items() for key, n in named(name, part).items()}


dX, dW, db = affine_backward(DOUT, X, W)
RELU_DOUT, RELU_X = [[1.0, -3.0, 2.0], [0.5, 4.0, -1.0]], [[1.0, -2.0, 0.5], [3.0, -0.5, -1.0]]
# a function of the inputs, and what you send back to each of them
LAYERS: dict[str, tuple[Callable[..., Value], dict[str, Any], dict[str, Any]]] = {
    "affine": (affine, {"dX": X, "dW": W, "db": B}, {"dX": dX, "dW": dW, "db": db}),
    "relu": (rectified, {"dX": RELU_X}, {"dX": relu_backward(RELU_DOUT, RELU_X)}),
    "softmax loss": (softmax_loss, {"dscores": SCORES}, {"dscores": softmax_loss_backward(SCORES, Y)}),
}
reports = {}
for layer, (function, inputs, sent) in LAYERS.items():
    at, yours = all_named(inputs), all_named(sent)
    reports[layer] = check_gradients(function, at.values())
    print(f"{layer}\n")
    first_wrong(yours, {name: slope.numerical for name, slope in zip(at, reports[layer].slopes, strict=True)})
    print()

# ---- the judge itself: backward agrees with the slopes; two numbers by hand ----

assert all(reports.values())
slopes = {layer: [slope.backward for slope in report.slopes] for layer, report in reports.items()}
assert len(slopes["affine"]) == 6 + 6 + 2 and slopes["affine"][12:] == [3.0, -2.5]  # db: column sums of dout
assert slopes["relu"] == [1.0, 0.0, 2.0, 0.5, 0.0, 0.0]
assert abs(slopes["softmax loss"][0] - (nn.softmax(SCORES[0])[0] - 1) / 2) < 1e-14
