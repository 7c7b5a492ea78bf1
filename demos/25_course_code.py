"""The course's own lines for the SVM and for the two-layer net, each beside the numbers of the graph.

Two slides of the lecture leave the lines open: "scores = #...", "margins = #...", "dscores = #...".  Here they are
filled in, in the names of the slides and notes, on lists instead of NumPy arrays.  Next to them stands the graph, for
which nobody has written a backward pass.  Two lines are easily forgotten: the gradient of the regularisation, which
comes back to W over a path of its own, and the biases, to which no regularisation comes back.

Run it:  python demos/25_course_code.py

Source: CS231n, lecture 4, "Stage your forward/backward computation"; Minimal Neural Network Case Study.
"""

from math import exp, isclose, log
from typing import Any

from scalargrad import Value, dot, ledger, nn, relu, total

Matrix = list[list[float]]

X = [[1.0, 2.0, -1.0], [0.5, -1.0, 2.0], [-2.0, 1.0, 0.5], [1.5, 0.0, -0.5]]  # N = 4 samples of D = 3 numbers
y = [0, 2, 1, 0]
REG = 0.1


def times(A: Matrix, B: Matrix) -> Matrix:
    """A.dot(B)"""
    return [[sum(a * b for a, b in zip(row, column)) for column in zip(*B)] for row in A]


def T(A: Matrix) -> Matrix:
    """A.T"""
    return [list(column) for column in zip(*A)]


def plus(A: Matrix, b: list[float]) -> Matrix:
    return [[a + b_j for a, b_j in zip(row, b)] for row in A]


def squares(W: Matrix) -> float:
    """np.sum(W * W)"""
    return sum(w * w for row in W for w in row)


# ---- the lines of the slides ----


def svm(X: Matrix, W: Matrix) -> dict[str, Any]:
    N = len(X)
    # forward pass
    scores = times(X, W)
    margins = [[max(0.0, s - row[c] + 1) * (j != c) for j, s in enumerate(row)] for row, c in zip(scores, y)]
    data_loss = sum(map(sum, margins)) / N
    reg_loss = REG * squares(W)
    loss = data_loss + reg_loss
    # backward pass
    dmargins = [[1 / N for _ in row] for row in margins]
    dscores = [[d * (m > 0) for d, m in zip(*rows)] for rows in zip(dmargins, margins)]
    for row, c in zip(dscores, y):
        row[c] -= sum(row)  # every margin of a sample has the right score in it
    dW = times(T(X), dscores)
    dW = [[d + 2 * REG * w for d, w in zip(*rows)] for rows in zip(dW, W)]  # the regularisation
    return locals()


def two_layer_net(X: Matrix, W1: Matrix, b1: list[float], W2: Matrix, b2: list[float]) -> dict[str, Any]:
    N = len(X)
    # forward pass
    hidden = [[max(0.0, z) for z in row] for row in plus(times(X, W1), b1)]
    scores = plus(times(hidden, W2), b2)
    probs = [[exp(s) / sum(map(exp, row)) for s in row] for row in scores]
    data_loss = sum(-log(row[c]) for row, c in zip(probs, y)) / N
    reg_loss = 0.5 * REG * (squares(W1) + squares(W2))
    loss = data_loss + reg_loss
    # backward pass
    dscores = [[(p - (j == c)) / N for j, p in enumerate(row)] for row, c in zip(probs, y)]
    dW2 = times(T(hidden), dscores)
    db2 = [sum(column) for column in zip(*dscores)]
    dhidden = times(dscores, T(W2))
    dhidden = [[d if h > 0 else 0.0 for d, h in zip(*rows)] for rows in zip(dhidden, hidden)]  # [hidden <= 0] = 0
    dW1 = times(T(X), dhidden)
    db1 = [sum(column) for column in zip(*dhidden)]
    dW2 = [[d + REG * w for d, w in zip(*rows)] for rows in zip(dW2, W2)]  # the regularisation, whose 1/2 has met the 2
    dW1 = [[d + REG * w for d, w in zip(*rows)] for rows in zip(dW1, W1)]
    return locals()


# ---- beside the graph ----


def flat(part: Any) -> list[Any]:
    """The numbers or values of a matrix, row by row; of a list or of one, itself."""
    return sum(map(flat, part), []) if isinstance(part, list) else [part]


def show(name: str, found: list[float], wanted: list[float]) -> None:
    """The first numbers of the graph, and those by hand; AssertionError where any of all differ."""
    texts = ["".join(f"{n + 0.0:9.5f}" for n in numbers[:3]) for numbers in (found, wanted)]
    print(f"  {name:9}{texts[0]:27}{' ...' if len(found) > 3 else '':9}{texts[1]}")
    assert all(isclose(a, b, rel_tol=1e-12, abs_tol=1e-15) for a, b in zip(found, wanted, strict=True)), name


def beside(hand: dict[str, Any], forward: dict[str, Any], backward: dict[str, Any]) -> None:
    print(f"  {'':11}{'the graph':36}by hand")
    for name, values in forward.items():
        show(name, [v.data for v in flat(values)], flat(hand[name]))
    for name, values in backward.items():
        show(name, [v.grad for v in flat(values)], flat(hand[name]))


W_DATA = [[0.5, -0.2, 1.1], [-0.3, 0.4, 0.6], [0.7, 0.2, -0.8]]
W = [[Value(n) for n in row] for row in W_DATA]
scores = [[dot(x, column) for column in zip(*W)] for x in X]
margins = [[relu(s - row[c] + 1) if j != c else Value(0) for j, s in enumerate(row)] for row, c in zip(scores, y)]
data_loss = total(flat(margins)) / len(X)
reg_loss = REG * nn.l2(flat(W))
loss = data_loss + reg_loss
loss.backward()

print("The SVM: the mean of sum max(0, s_j - s_y + 1), and reg * sum(W * W)\n")
forward = {"scores": scores, "margins": margins, "data_loss": data_loss, "reg_loss": reg_loss, "loss": loss}
hand = svm(X, W_DATA)
beside(hand, forward, {"dmargins": margins, "dscores": scores, "dW": W})

entries = ledger(W[1][2], loss).entries
over_r = sum(e.downstream for e in entries if e.node in reg_loss.parents)
over_scores = sum(e.downstream for e in entries if e.node in flat(scores))
print(f"\nTo W[1][2] come {over_scores:+g} over the scores and {over_r:+g} over R, {W[1][2].grad:+g} in all.")

net = nn.MLP(3, [4, 3], "relu", seed=4)
first, second = net.layers
layers = [net.layer_outputs(x) for x in X]
hidden, scores = [outputs[0] for outputs in layers], [outputs[1] for outputs in layers]
before_relu = [[h.parents[0] for h in row] for row in hidden]
data_loss = nn.softmax_loss(scores, y)
reg_loss = 0.5 * REG * nn.l2(net.weights())
loss = data_loss + reg_loss
loss.backward()

print("\nThe two-layer net: the softmax loss, and reg / 2 * (sum(W1 * W1) + sum(W2 * W2))\n")
frozen = net.frozen().layers
weights = {"W1": frozen[0].W, "b1": frozen[0].b, "W2": frozen[1].W, "b2": frozen[1].b}
forward = {"hidden": hidden, "scores": scores, "data_loss": data_loss, "reg_loss": reg_loss, "loss": loss}
backward = {"dscores": scores, "dW2": second.W, "db2": second.b, "dhidden": before_relu}
hand_net = two_layer_net(X, **weights)
beside(hand_net, forward, backward | {"dW1": first.W, "db1": first.b})
print("\nOnce it is 0 where hidden <= 0, dhidden is the gradient in front of the relu.")

# ---- over R comes 2 reg W where R is reg * sum(W * W), and nothing to a bias ----

assert isclose(over_r, 2 * REG * 0.6) and isclose(over_scores + over_r, W[1][2].grad)
assert all(e.node in flat(before_relu) for b in first.b for e in ledger(b, loss).entries)
assert all(len(ledger(w, loss).entries) == len(X) + 2 for w in flat(first.W))  # the samples, and twice in w * w
assert isclose(data_loss.data + reg_loss.data, hand_net["loss"], rel_tol=1e-14)
