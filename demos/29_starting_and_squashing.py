"""Starting and squashing, after Efficient BackProp: a better tanh, inputs around 0, and weights that must differ.

Why should a network begin with random weights, why is anything put between its linear layers, and why does one take
the mean out of the inputs?  Each question has a small experiment, in which something does not work without it.

Run it:  python demos/29_starting_and_squashing.py

Source: LeCun, Bottou, Orr, Mueller, 1998, "Efficient BackProp", sections 4.3 to 4.6; CS231n, Neural Networks Part 2.
"""

import random
from math import atanh, isclose, sqrt, tanh as math_tanh
from textwrap import fill

from scalargrad import Value, dot, explain, gradient, hessian, nn, tanh

# ---- the sigmoid that the paper recommends: 1.7159 tanh(2 x / 3) ----


def squash(x: Value) -> Value:
    return 1.7159 * tanh(2 * x / 3)


def derivatives(at: float) -> list[float]:
    """f, f', f'', f''' there: each is a graph, and differentiated again."""
    x = Value(at)
    orders = [squash(x)]
    while len(orders) < 4:
        orders += gradient(orders[-1], [x])
    return [order.data for order in orders]


low, high = 0.5, 1.5
while high - low > 1e-12:  # f''' changes its sign where f'' is largest
    middle = (low + high) / 2
    low, high = (middle, high) if derivatives(middle)[3] < 0 else (low, middle)
bend = (low + high) / 2

print("f(x) = 1.7159 tanh(2 x / 3)\n\n       x         f        f'       f''      f'''")
table = {at: derivatives(at) for at in (0.0, 0.5, 1.0, 2.0, 4.0)}
for at, row in table.items():
    print(f"{at:8g}" + "".join(f"{n + 0.0:10.5f}" for n in row))
print(f"\nf(1) = {table[1.0][0]:.8f} and f(-1) = -f(1): targets of 1 and -1 are not out of reach,")
print(f"and there, at x = {bend:.5f}, the curve bends most: far from the flat ends.")

# ---- inputs: far from 0, and around 0 ----

draw = random.Random(1)
raw = [[draw.uniform(4, 6), draw.uniform(4, 6)] for _ in range(24)]
means = [sum(column) / 24 for column in zip(*raw)]
spread = [sqrt(sum((n - m) ** 2 for n in column) / 24) for column, m in zip(zip(*raw), means)]
inputs = {"as they are": raw, "normalised": [[(n - m) / s for n, m, s in zip(x, means, spread)] for x in raw]}


def steps_needed(X: list[list[float]]) -> tuple[float, float, int]:
    """The largest curvature of the loss, the smallest, and the steps until the loss is a ten-thousandth."""
    w = [Value(0), Value(0)]
    loss = nn.mse_loss([dot(w, x) for x in X], [x[0] - x[1] for x in X])
    (a, b), (_, d) = hessian(loss, w)
    middle, reach = (a + d) / 2, sqrt(((a - d) / 2) ** 2 + b * b)
    goal, steps = loss.data * 1e-4, 0
    while loss.data > goal:
        loss.zero_grad()
        loss.backward()
        for p in w:
            p.data -= p.grad / (middle + reach)
        loss = nn.mse_loss([dot(w, x) for x in X], [x[0] - x[1] for x in X])
        steps += 1
    return middle + reach, middle - reach, steps


print(f"\nA linear neuron learns x1 - x2, by steps of 1 / the largest curvature\n\n{'inputs':16}", end="")
print(f"{'curvature, largest':>20}{'smallest':>12}{'ratio':>9}{'steps':>8}")
needed = {name: steps_needed(X) for name, X in inputs.items()}
for name, (most, least, steps) in needed.items():
    print(f"{name:16}{most:20.4f}{least:12.4f}{most / least:9.1f}{steps:8}")

# ---- weights: all zero, all equal, random; and nothing between the layers ----

X, y = nn.quadrants(80, seed=1)
CASES = {
    "all zero": ("tanh", "zero"),
    "all 0.5": ("tanh", lambda _random, _n_inputs: 0.5),
    "random, linear": ("linear", "xavier"),
    "random, tanh": ("tanh", "xavier"),
}
print("\nsign(x1 x2) with 2 -> 8 -> 8 -> 1, of which 88 are weights\n")
print(f"{'weights':16}{'gradients not 0':>17}{'neurons that differ':>22}{'accuracy, trained':>20}")
models: dict[str, nn.MLP] = {}
moving, kinds, right = {}, {}, {}
for name, (activation, start) in CASES.items():
    model = models[name] = nn.MLP(2, [8, 8, 1], activation, seed=1, start=start)
    nn.mse_loss([model(x) for x in X], y).backward()
    moving[name] = sum(w.grad != 0 for w in model.weights())
    nn.fit(model, X, y, "mse", "adam", epochs=60, batch_size=20, learning_rate=0.05, engine="python", seed=1)
    kinds[name] = len({tuple(p.data for p in neuron.parameters()) for neuron in model.layers[0].neurons})
    right[name] = nn.accuracy(list(map(model.frozen(), X)), y)
    print(f"{name:16}{moving[name]:17}{kinds[name]:17} of 8{right[name]:20.1%}")

still = nn.MLP(2, [1, 1], "tanh", start="zero")
score = still([1.0, 2.0])
score.backward()
why = explain(still.layers[0].W[0][0], score, names={"score": score})
print(f"""
All zero: no weight has a gradient, since behind each stands another that is 0:
{fill(str(why).partition(": ")[2], 80, initial_indent="  ", subsequent_indent="  ")}
All equal: neurons of a layer get the same gradients, and stay one neuron.
Nothing between: a line of a line is a line, and no line parts sign(x1 x2).""")

# ---- what the paper says, what the formulas say ----

line, corner = models["random, linear"].frozen(), [[1.0, 0.0], [0.0, 1.0]]
slopes = [line(x) - line([0.0, 0.0]) for x in corner]

assert round(table[1.0][0], 8) == 0.99999726
assert isclose(bend, 1.5 * atanh(1 / sqrt(3)), abs_tol=1e-10) and round(bend, 5) == 0.98772
for at, row in table.items():
    t = math_tanh(2 * at / 3)
    wanted = [t, (1 - t * t) * 2 / 3, -2 * t * (1 - t * t) * 4 / 9, -2 * (1 - t * t) * (1 - 3 * t * t) * 8 / 27]
    assert all(isclose(a, 1.7159 * b, abs_tol=1e-12) for a, b in zip(row, wanted))
assert needed["normalised"][2] < 5 < 500 < needed["as they are"][2]
assert isclose(needed["normalised"][0] + needed["normalised"][1], 4)  # the trace of 2 X^T X / N, as each variance is 1
assert moving == {"all zero": 0, "all 0.5": 88, "random, linear": 88, "random, tanh": 88}
assert kinds == {"all zero": 1, "all 0.5": 1, "random, linear": 8, "random, tanh": 8}
assert right["all zero"] == 0.5 and right["random, linear"] < 0.65 and right["random, tanh"] > 0.95
assert why.gradient == 0
assert all(isclose(line(x), line([0.0, 0.0]) + dot(slopes, x), abs_tol=1e-12) for x in X)
