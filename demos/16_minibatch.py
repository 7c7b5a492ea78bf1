"""Minibatch against full batch: what one step sees, and what one pass over the data buys.

The loss is a mean over samples, so its gradient is a mean too.  A minibatch gives a rough estimate of it, right on
average, for a small part of the work.  So one may step more often: the same passes over the data, many more steps.

Run it:  python demos/16_minibatch.py

Source: CS231n, Optimization, "Mini-batch gradient descent".
"""

import math
import random

from scalargrad import nn

X, y = nn.moons(80, noise=0.15, seed=3)


def fresh() -> nn.MLP:
    return nn.MLP(2, [12, 1], "tanh", seed=3)


# ---- what one step sees: gradients of batches, at one point ----

model = fresh()


def gradient(samples: list[int]) -> list[float]:
    model.zero_grad()
    nn.max_margin_loss([model(X[i]) for i in samples], [y[i] for i in samples]).backward()
    return [p.grad for p in model.parameters()]


full = gradient(list(range(80)))
order = list(range(80))
random.Random(3).shuffle(order)
print(f"{model!r}, 80 points of two moons\n")
print("the gradient of a minibatch, against that of all 80 points:\n|difference| / |gradient|")
means, spread = {}, {}
for size in (1, 4, 16, 40, 80):
    seen = [gradient(order[i : i + size]) for i in range(0, 80, size)]
    means[size] = [sum(column) / len(seen) for column in zip(*seen)]
    spread[size] = math.sqrt(sum(math.dist(g, full) ** 2 for g in seen) / len(seen)) / math.hypot(*full)
    print(f"  {size:3} samples: {spread[size]:5.2f}   {'#' * round(10 * spread[size])}")
print("The mean over the minibatches of one pass is the full gradient,\nto the last digits.\n")

# ---- what a pass over the data buys ----

PASSES = 20
print(f"loss on all 80 points, after so many passes over them, rate 0.3\n\n{'batch':>7}{'steps':>7}", end="")
print("".join(f"{passes:8}" for passes in range(0, PASSES + 1, 4)) + f"{'accuracy':>12}")
losses: dict[int, list[float]] = {}
for size in (80, 16, 4):
    model = fresh()
    sgd = nn.SGD(model.parameters(), learning_rate=0.3)
    losses[size] = []
    print(f"{size:7}{80 // size:7}", end="")
    for passes in range(PASSES + 1):
        if passes:
            nn.fit(model, X, y, "max_margin", sgd, epochs=1, batch_size=size, progress=False, seed=passes)
        scores = list(map(model.frozen(), X))
        losses[size].append(nn.max_margin_loss(scores, y))
        if passes % 4 == 0:
            print(f"{losses[size][-1]:8.4f}", end="", flush=True)
    print(f"{nn.accuracy(scores, y):12.1%}")

# ---- dL/db of the last neuron: each point within the margin pulls, by its class ----

last = model.layers[-1].neurons[0].b
gradient(order)
pull = -sum(label for score, label in zip(scores, y) if label * score < 1) / len(y)

# ---- the mean of the parts is the whole; small steps, taken often, win ----

for size, mean in means.items():
    assert math.dist(mean, full) < 1e-14 * math.hypot(*full), size
assert abs(last.grad - pull) < 1e-14
assert spread[1] > spread[4] > spread[16] > spread[40] > 1e-14 > spread[80]
assert losses[80][0] == losses[16][0] == losses[4][0]
assert losses[4][-1] < losses[16][-1] < losses[80][-1]
