"""Vanishing gradients: twenty sigmoid layers against twenty relu layers, and what comes back to the first of them.

The local gradient of a sigmoid is at most 1/4, so each layer passes on a quarter at best of what arrives there, and
after twenty layers nothing is left to learn from.  That of a relu is 1 or 0: what passes, passes whole.

Run it:  python demos/20_vanishing_gradients.py

Source: CS231n, Neural Networks Part 1, "Commonly used activation functions"; Part 2, "Weight Initialization".
"""

import math
import textwrap

from scalargrad import explain, nn

DEPTH, WIDTH, STEPS = 20, 8, 25
MIN_POWER, MAX_POWER, SHADES = -17, 0, " .:-=+*#"
COLUMNS = 24  # of a histogram
X, y = nn.moons(24, noise=0.05, seed=1)


def histogram(rows: list[list[float]]) -> str:
    """How large the gradients of a layer are: the more there are of a size, the darker the letter."""
    counts, per_power = [0] * COLUMNS, COLUMNS / (MAX_POWER - MIN_POWER)
    sizes = [abs(n) for row in rows for n in row]
    for n in sizes:
        if n:
            counts[min(max(math.floor(per_power * (math.log10(n) - MIN_POWER)), 0), len(counts) - 1)] += 1
    return "".join(SHADES[min(7, math.ceil(20 * count / len(sizes)))] for count in counts)


def typical(rows: list[list[float]]) -> float:
    """The root of the mean square."""
    numbers = sum(rows, [])
    return math.sqrt(sum(n * n for n in numbers) / len(numbers))


# ---- before any step: the gradients at the outputs of every layer ----

models = {
    name: nn.MLP(2, [WIDTH] * DEPTH + [1], name, seed=5, start=start)
    for name, start in (("sigmoid", "xavier"), ("relu", "he"))
}
health = {name: nn.layer_health(model, X, y, "max_margin")[:DEPTH] for name, model in models.items()}
size = {name: [typical(layer.gradients) for layer in layers] for name, layers in health.items()}
print(f"2 -> {DEPTH} layers of {WIDTH} -> 1, gradients at the outputs of each layer:\ntypical size, and histogram\n")
print(f"layer {'sigmoid':>8}{'relu':>{COLUMNS + 9}}")
for i in reversed(range(DEPTH)):
    texts = [f"{size[name][i]:8.0e}  |{histogram(health[name][i].gradients)}|" for name in models]
    print(f"{i + 1:5} " + " ".join(texts))
print(f"{'':6}{'':10}" + f"1e{MIN_POWER}{'1e0':>{COLUMNS - 3}}" + f"{'':12}1e{MIN_POWER}{'1e0':>{COLUMNS - 3}}")

# ---- one layer by hand: dh19 = W20^T (h20 (1 - h20) dh20), for the first sample ----

before, after = health["sigmoid"][-2:]
W20 = models["sigmoid"].layers[-2].W
passed = [h * (1 - h) * grad for h, grad in zip(after.outputs[0], after.gradients[0])]
by_hand = [sum(w.data * n for w, n in zip(row, passed)) for row in W20]
steepest = max(h * (1 - h) for layer in health["sigmoid"] for row in layer.outputs for h in row)
print(f"\nThe steepest of all these sigmoids has the local gradient {steepest:.3f}.")

score = models["sigmoid"](X[0])
score.backward()
why = explain(models["sigmoid"].layers[0].W[0][0], score)
print(f"Why is {why.name}.grad = {why.gradient:.2g} so small?")
for cause in why.causes:
    print(textwrap.fill(str(cause), 80, initial_indent="- ", subsequent_indent="  "))

# ---- so one of them learns ----

print(f"\n{'loss at step':14}" + "".join(f"{step:9}" for step in range(1, STEPS + 1, 4)))
losses = {}
for name, model in models.items():
    history = nn.fit(model, X, y, "max_margin", "sgd", epochs=STEPS, learning_rate=0.1, progress=False)
    losses[name] = history.loss
    print(f"{name:14}" + "".join(f"{loss:9.4f}" for loss in history.loss[::4]), flush=True)

# ---- what vanished, and why ----

assert all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(by_hand, before.gradients[0], strict=True))
assert steepest <= 0.25
assert all(later > 2 * before for before, later in zip(size["sigmoid"], size["sigmoid"][1:]))
assert size["sigmoid"][0] < 1e-12 * size["sigmoid"][-1] and size["relu"][0] > 0.01 * size["relu"][-1]
assert min(losses["sigmoid"]) > 0.99 and losses["relu"][-1] < 0.7
