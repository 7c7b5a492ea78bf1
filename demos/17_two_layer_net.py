"""The two-layer net of the first assignment: fully connected, relu, fully connected, softmax.

First its loss and gradients on a toy batch, every gradient against the numerical slope (f(x + h) - f(x - h)) / 2h, the
relative error as the course computes it.  Then it learns a spiral with three arms, in minibatches.

Run it:  python demos/17_two_layer_net.py

Source: CS231n, assignment 1, neural_net.py and two_layer_net.ipynb.
"""

import random

from scalargrad import Value, nn

# ---- a toy batch: N = 5 samples of D = 4 numbers, H = 10 hidden neurons, C = 3 classes ----

random.seed(1)
X = [[10 * random.gauss(0, 1) for _ in range(4)] for _ in range(5)]
y = [0, 1, 2, 2, 1]
REG, STEP = 0.1, 1e-5
toy = nn.TwoLayerNet(4, 10, 3, seed=0)
loss, grads = toy.loss(X, y, REG)
probabilities = [nn.softmax(scores) for scores in toy.loss(X)]  # without labels it gives the scores
print(f"{toy!r}\nits loss on 5 samples of 4 numbers is {loss:.6f}\n")


def flat(part: list) -> list:
    """The numbers of a matrix, row by row; of a vector, itself."""
    return sum(part, []) if isinstance(part[0], list) else part


def numerical(p: Value) -> float:
    """The slope of the loss by one parameter, without backward."""
    at, losses = p.data, []
    for h in (-STEP, STEP):
        p.data = at + h
        losses.append(toy.loss(X, y, REG)[0])
    p.data = at
    return (losses[1] - losses[0]) / (2 * STEP)


errors = {}
for name, part in toy.params.items():
    pairs = [(grad, numerical(p)) for p, grad in zip(flat(part), flat(grads[name]))]
    errors[name] = max(abs(a - b) / max(1e-8, abs(a) + abs(b)) for a, b in pairs)
    print(f"  {name} max relative error: {errors[name]:.1e}   ({len(pairs)} slopes)")

# ---- the spiral: train, validate, predict ----

X_train, y_train = nn.spiral(180, noise=0.15, seed=1)
X_val, y_val = nn.spiral(90, noise=0.15, seed=2)
net = nn.TwoLayerNet(2, 24, 3, std=1.0, seed=1)
settings = {"learning_rate": 1.0, "learning_rate_decay": 0.97, "reg": 1e-4, "num_iters": 240, "batch_size": 30}
history = net.train(X_train, y_train, X_val, y_val, **settings, seed=1)
print(f"\n{net!r} on 180 points of a spiral\n")
print(f"{'step':>6}{'rate':>10}{'loss':>10}{'validation loss':>18}{'accuracy':>12}")
for seen in history.validations[4::5]:
    step = history.steps[seen.step - 1]
    mean = sum(history.loss[seen.step - 6 : seen.step]) / 6  # of the six minibatches of an epoch
    print(f"{seen.step:6}{step.learning_rate:10.3f}{mean:10.4f}{seen.loss:18.4f}{seen.accuracy:12.1%}")
right = sum(p == label for p, label in zip(net.predict(X_train), y_train)) / len(y_train)
print(f"\nIn the end it is right on {right:.1%} of the training points; guessing gives a third.")

# ---- the checks ----

assert max(errors.values()) < 1e-7
for c in range(3):  # db2: the mean over the batch of p - 1 for the right class, p for the others
    assert abs(grads["b2"][c] - sum(p[c] - (label == c) for p, label in zip(probabilities, y)) / 5) < 1e-14
assert len(history) == 240 and history.loss[0] > 1
assert right > 0.9 and history.validations[-1].accuracy > 0.9
