"""Polynomial features: a line can do it if somebody finds the right features first; how many there are to try.

sign(x1 x2) needs the product x1 x2, and with it one neuron is enough.  But of 100 inputs there are 5050 products, and
of the 2500 pixels of a small picture more than three million.  A network gets the raw inputs and makes its own.

Run it:  python demos/15_polynomial_features.py

Source: Ng, Machine Learning, "Neural Networks: Non-linear Hypotheses", with pictures of 50 x 50 pixels.
"""

from itertools import combinations_with_replacement as choices
from math import comb, prod

from scalargrad import nn


def features(x: list[float], degree: int) -> list[float]:
    """All products of up to `degree` inputs: x1, x2, x1 x1, x1 x2, x2 x2, ..."""
    return [prod(factors) for d in range(1, degree + 1) for factors in choices(x, d)]


# ---- how the count explodes: of D inputs, all products of exactly d ----

PIXELS = 50 * 50
print(f"{'inputs':>14}{'of 2':>14}{'of 3':>18}{'of 4':>22}")
counts = {D: [comb(D + d - 1, d) for d in (2, 3, 4)] for D in (2, 10, 100, PIXELS)}
for D, (two, three, four) in counts.items():
    print(f"{D:14,}{two:14,}{three:18,}{four:22,}")
print(f"\nof 2500 pixels, a network with 25 hidden neurons has {PIXELS * 25 + 25 + 25 + 1:,} parameters\n")

# ---- sign(x1 x2): a line on x1, x2; a line on features; a network on x1, x2 ----

X, y = nn.quadrants(80, seed=1)
print(f"{'sign(x1 x2)':36}{'inputs':>8}{'parameters':>12}{'loss':>10}{'accuracy':>10}")
found: dict[str, float] = {}
models: dict[str, nn.MLP] = {}
for name, degree, widths in (
    ("a line", 1, [1]),
    ("a line on features of degree 2", 2, [1]),
    ("a line on features of degree 4", 4, [1]),
    ("8 tanh neurons and a line", 1, [8, 1]),
):
    samples = [features(x, degree) for x in X]
    model = models[name] = nn.MLP(len(samples[0]), widths, "tanh", seed=1)
    rate = nn.linear_decay(0.5 if widths == [1] else 0.1, 60 * 8, 0.01)
    adam = {"optimizer": "adam", "learning_rate": rate, "batch_size": 10, "epochs": 60}
    history = nn.fit(model, samples, y, "max_margin", **adam, progress=False, seed=1)
    found[name] = nn.accuracy(list(map(model.frozen(), samples)), y)
    print(f"{name:36}{model.n_inputs:8}{len(model.parameters()):12}", end="")
    print(f"{sum(history.loss[-8:]) / 8:10.4f}{found[name]:10.1%}", flush=True)

line = models["a line on features of degree 2"]
texts = [f"{w.data:+.2f} {name}" for w, name in zip(line.weights(), ("x1", "x2", "x1 x1", "x1 x2", "x2 x2"))]
print(f"\nWhat the line has made of degree 2:\n{' '.join(texts)} {line.biases()[0].data:+.2f}")

# ---- the counts are those of the list, and of the slides ----

assert [len(features([1.0] * D, 4)) for D in (2, 10)] == [D + sum(counts[D]) for D in (2, 10)]
assert counts[100][:2] == [5050, 171_700] and counts[PIXELS][0] == 3_126_250
a, b, c, d = found.values()
assert a < 0.8 and b > 0.97 and c > 0.97 and d > 0.97
product = abs(line.weights()[3].data)
assert all(product > 3 * abs(w.data) for i, w in enumerate(line.weights()) if i != 3)

# ---- the gradient of a line: each feature, summed over the points within the margin ----

samples = [features(x, 2) for x in X]
scores = [line(x) for x in samples]
line.zero_grad()
nn.max_margin_loss(scores, y).backward()
inside = [(x, label) for x, label, score in zip(samples, y, scores) if label * score < 1]
for i, w in enumerate(line.weights()):
    assert abs(w.grad + sum(label * x[i] for x, label in inside) / len(y)) < 1e-14
