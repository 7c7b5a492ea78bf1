"""micrograd's demo: two half moons, a network 2 -> 16 -> 16 -> 1, and a hundred steps to 100 %.

The lines between the rules are the code that users of Karpathy's micrograd know by heart: `model.parameters()`,
`p.data -= learning_rate * p.grad`, the sum of a list of losses, a relu as the hinge of the SVM.  Only the import is
another.  (The moons are ours, too, so that no scikit-learn is needed; no tensors anywhere, one number per node.)

Run it:  python demos/19_moons.py

Source: micrograd, Andrej Karpathy, 2020, demo.ipynb.
"""

import random

from scalargrad import Value
from scalargrad.nn import MLP, moons

random.seed(1337)
X, y = moons(100, noise=0.1, seed=1337)
print("two moons, a network 2 -> 16 relu -> 16 relu -> 1,\nloss max(0, 1 - y score) + 0.0001 (sum of p p)\n")

# ------------------------------------------------------------------------------------------ as written for micrograd

model = MLP(2, [16, 16, 1])  # 2-layer neural network


def loss():
    inputs = [list(map(Value, xrow)) for xrow in X]
    scores = list(map(model, inputs))  # forward the model to get scores
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]  # svm "max-margin" loss
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum(p * p for p in model.parameters())  # L2 regularization
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]  # also get accuracy
    return total_loss, sum(accuracy) / len(accuracy)


for k in range(100):  # optimization
    total_loss, acc = loss()  # forward
    model.zero_grad()  # backward
    total_loss.backward()
    learning_rate = 1.0 - 0.9 * k / 100  # update (sgd)
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    if k % 9 == 0:
        print(f"step {k:2} loss {total_loss.data:.6f}, accuracy {acc * 100:.1f}%")

# -------------------------------------------------------------------------------------------------------------------

# ---- the decision boundary, in letters ----

score = model.frozen()  # on plain floats: nothing is recorded
points = {(round((x1 + 1.5) * 18), round((x2 + 1) * 8)): yi for (x1, x2), yi in zip(X, y)}
print("\nwhere the score is above 0 (+), and the points of both moons, O and x\n")
for row in range(20, -1, -1):
    cells = [("x", "?", "O")[points.get((c, row), 0) + 1] for c in range(76)]
    signs = ["+" if score([c / 18 - 1.5, row / 8 - 1]) > 0 else "." for c in range(76)]
    print("  " + "".join(sign if cell == "?" else cell for cell, sign in zip(cells, signs)))

# ---- 100 %, with 337 parameters ----

total_loss, acc = loss()
print(f"\nafter 100 steps: loss {total_loss.data:.6f}, accuracy {acc * 100:.1f}%")
assert len(model.parameters()) == 337
assert acc == 1.0 and total_loss.data < 0.1
model.zero_grad()
total_loss.backward()
bias = model.layers[-1].neurons[0].b
inside = [yi for x, yi in zip(X, y) if yi * score(x) < 1]  # points within the margin pull, the others do not
assert abs(bias.grad - (2e-4 * bias.data - sum(inside) / len(X))) < 1e-12
