"""Hard cases for a linear classifier, lecture 2: sign(x1 x2), the ring 1 <= |x| < 2, three islands; and a network.

A neuron alone parts the plane by a line, and no line parts these.  With 24 hidden neurons in between, each of which
draws a line of its own, the same loss and the same steps pass 97 %.

Run it:  python demos/14_line_or_network.py

Source: CS231n, lecture 2, "Hard cases for a linear classifier".
"""

from scalargrad import nn

SETS = {"sign(x1 x2)": (nn.quadrants, 1.0), "ring": (nn.ring, 2.5), "islands": (nn.islands, 2.5)}
GOAL = 0.97


def trained(widths: list[int], X: list[list[float]], y: list[int], most: int) -> tuple[nn.MLP, int, float]:
    """A network, after how many epochs it passed the goal or gave up, and its accuracy."""
    model = nn.MLP(2, widths, "tanh", seed=2)
    adam = nn.Adam(model.parameters(), learning_rate=0.1)
    epochs, right = 0, 0.0
    while right < GOAL and epochs < most:
        epochs += 5
        nn.fit(model, X, y, "max_margin", adam, epochs=5, batch_size=10, progress=False, seed=epochs)
        right = nn.accuracy(list(map(model.frozen(), X)), y)
    return model, epochs, right


def picture(model: nn.MLP, X: list[list[float]], y: list[int], reach: float) -> list[str]:
    """Where the score is above 0 (+), and the points: O of class 1, x of class -1."""
    score, columns, rows = model.frozen(), 25, 15
    points = {(round((a / reach + 1) * 12), round((b / reach + 1) * 7)): label for (a, b), label in zip(X, y)}
    lines = []
    for row in reversed(range(rows)):
        signs = ["+" if score([(c / 12 - 1) * reach, (row / 7 - 1) * reach]) > 0 else "." for c in range(columns)]
        lines.append("".join({1: "O", -1: "x"}.get(points.get((c, row), 0), signs[c]) for c in range(columns)))
    return lines


pictures = []
found: dict[str, tuple[float, float]] = {}
print(f"{'80 points of':16}{'a line':>20}{'24 tanh neurons and a line':>40}")
for name, (data, reach) in SETS.items():
    X, y = data(80, seed=1)
    line, line_epochs, line_right = trained([1], X, y, 30)
    network, epochs, right = trained([24, 1], X, y, 120)
    pictures.append([name, *picture(line, X, y, reach), "", *picture(network, X, y, reach)])
    found[name] = line_right, right
    print(f"{name:16}{line_right:8.1%} ({line_epochs:3} epochs){right:28.1%} ({epochs:3} epochs)", flush=True)
print(f"\nAbove: the line.  Below: {network!r}.\n")
for row in zip(*pictures):
    print("  " + " ".join(f"{text:25}" for text in row).rstrip())

# ---- the line fails, the network does not ----

assert all(line < 0.8 and network > GOAL for line, network in found.values())
assert (len(line.parameters()), len(network.parameters())) == (3, 97)

# ---- how the loss pulls at the line: every point that is not beyond the margin, by its class ----

line.zero_grad()
nn.max_margin_loss([line(x) for x in X], y).backward()
inside = [(x, label) for x, label in zip(X, y) if label * line(x) < 1]
for i, w in enumerate(line.weights()):
    assert abs(w.grad + sum(label * x[i] for x, label in inside) / len(X)) < 1e-14
