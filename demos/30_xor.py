"""XOR learns, or sticks at 0.5: two hidden sigmoid neurons from twelve seeds, why some stop, and what helps.

XOR needs a hidden layer, and two neurons in it are enough.  Enough to say it, not enough to find it from everywhere:
from some starts the network gives 0.5 for two of the four samples, and stays there.  At such a place the gradient is
almost 0, not because nothing is wrong but because two wrongs cancel.

Run it:  python demos/30_xor.py

Source: Rumelhart, Hinton, Williams, 1986; CS231n, lecture 2, "Hard cases for a linear classifier".
"""

from collections.abc import Callable
from math import isclose

from scalargrad import Value, ledger, nn, sigmoid, softplus, total

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
Y = [0.0, 1.0, 1.0, 0.0]
SEEDS, STEPS, RATE = range(12), 1000, 3.0


def squared(scores: list[Value], labels: list[float]) -> Value:
    """The mean of (p - y)^2, p being the sigmoid of the score."""
    return nn.mse_loss([sigmoid(s) for s in scores], labels)


def cross_entropy(scores: list[Value], labels: list[float]) -> Value:
    """The mean of -y log p - (1 - y) log(1 - p), as softplus(s) - y s: its slope by a score is p - y."""
    return total([softplus(s) - y * s for s, y in zip(scores, labels)]) / len(scores)


def trained(seed: int, hidden: int = 2, loss: Callable[..., Value] = squared) -> tuple[nn.MLP, list[float]]:
    """A network 2 -> hidden -> 1 after training, and its four outputs."""
    model = nn.MLP(2, [hidden, 1], "sigmoid", seed=seed)
    nn.fit(model, X, Y, loss, "sgd", epochs=STEPS, learning_rate=RATE, progress=False, engine="python")
    score = model.frozen()
    return model, [sigmoid(score(x)) for x in X]


def learnt(outputs: list[float]) -> bool:
    return all(abs(p - y) < 0.3 for p, y in zip(outputs, Y))


def sticks(outputs: list[float]) -> bool:
    return min(abs(p - 0.5) for p in outputs) < 0.02


# ---- twelve seeds ----

plain = {seed: trained(seed) for seed in SEEDS}
print("seed   0 xor 0   0 xor 1   1 xor 0   1 xor 1")
for seed, (_, outputs) in plain.items():
    verdict = "" if learnt(outputs) else "   stuck at 0.5" if sticks(outputs) else "   still on its way"
    print(f"{seed:4}" + "".join(f"{p:10.2f}" for p in outputs) + verdict)


# ---- why it stops: at the output two samples pull in opposite directions ----

stuck = next(seed for seed in SEEDS if sticks(plain[seed][1]))
model = plain[stuck][0]
layers = [model.layer_outputs(x) for x in X]
scores = [score for _, [score] in layers]
loss = squared(scores, Y)
model.zero_grad()
loss.backward()
bias = model.layers[1].b[0]
pulls = {entry.node: entry.downstream for entry in ledger(bias, loss).entries}
largest = max(abs(p.grad) for p in model.parameters())

print(f"\nSeed {stuck}, where it stands still:\n")
print("sample     hidden neurons       output   wanted   sends to the last bias")
for x, y, (hidden, [score]) in zip(X, Y, layers):
    neurons = "".join(f"{h:10.4f}" for h in hidden)
    print(f"{x[0]:g} xor {x[1]:g}{neurons}{sigmoid(score).data:12.4f}{y:9g}{pulls[score]:+17.4f}")
print(f"{'':39}in all{bias.grad:+17.4f}")
print("The two samples look alike to the hidden neurons and want opposite outputs, so")
print(f"0.5 is the best for both, and all is still: the largest gradient is {largest:.4f}.")

# ---- what helps ----

HELP = {
    "cross-entropy for the square": {"loss": cross_entropy},
    "4 hidden neurons for 2": {"hidden": 4},
    "both": {"hidden": 4, "loss": cross_entropy},
}
count = {"as above": sum(learnt(outputs) for _, outputs in plain.values())}
for name, change in HELP.items():
    count[name] = sum(learnt(trained(seed, **change)[1]) for seed in SEEDS)
print(f"\n{'':32}learnt from")
for name, n in count.items():
    print(f"{name:32}{n:6} of {len(SEEDS)} seeds")

# ---- most learn, one does not; and the pulls by hand: d(p - y)^2/dp = 2 (p - y), dp/ds = p (1 - p), a mean of 4 ----

assert [learnt(outputs) for _, outputs in plain.values()].count(True) == count["as above"] >= 9
assert count["4 hidden neurons for 2"] == count["both"] == len(SEEDS)
for y, (_, [score]) in zip(Y, layers):
    p = sigmoid(score).data
    assert isclose(pulls[score], 2 * (p - y) * p * (1 - p) / 4, rel_tol=1e-12)
assert abs(bias.grad) < 0.001 < 0.05 < max(abs(pull) for pull in pulls.values())
assert largest < 0.001
