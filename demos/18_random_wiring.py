"""A randomly wired network: neurons on a Watts-Strogatz graph, trained on the ring.  Any graph backpropagates.

No layers: 32 neurons stand in a circle, each wired to its four neighbours, and then three wires of four are given
another end by lot.  Every wire points from the smaller number to the larger, so that there is an order.  The forward
pass is one loop, and nobody writes a backward pass: the graph is recorded, whatever it looks like.

Run it:  python demos/18_random_wiring.py

Source: Xie, Kirillov, Girshick, He, 2019, "Exploring Randomly Wired Neural Networks for Image Recognition"; there only
the first nodes see the input, here every neuron does.
"""

import random

from scalargrad import nn


def watts_strogatz(n: int, neighbours: int, chance: float, seed: int) -> list[list[int]]:
    """For every node the smaller ones that it is wired to: a circle whose wires get a new end with this chance."""
    lot = random.Random(seed)
    circle = [(i, (i + d) % n) for d in range(1, neighbours // 2 + 1) for i in range(n)]
    wires = {frozenset(wire) for wire in circle}
    for i, j in circle:
        if lot.random() < chance:
            free = [k for k in range(n) if k != i and frozenset((i, k)) not in wires]
            wires -= {frozenset((i, j))}
            wires |= {frozenset((i, lot.choice(free)))}
    return [sorted(min(wire) for wire in wires if max(wire) == i) for i in range(n)]


class RandomlyWired(nn.Module):
    """Neurons that see the sample and the neurons before them; those that nobody sees go into the output neuron."""

    def __init__(self, before: list[list[int]], n_inputs: int, seed: int):
        seeds = random.Random(seed)
        self.before = before
        self.ends = [i for i in range(len(before)) if not any(i in wired for wired in before)]
        self.neurons = [nn.Neuron(len(wired) + n_inputs, "tanh", seeds.getrandbits(32)) for wired in before]
        self.output = nn.Neuron(len(self.ends), "linear", seeds.getrandbits(32))

    def __call__(self, x):
        h = []
        for neuron, wired in zip(self.neurons, self.before):
            h.append(neuron([h[i] for i in wired] + list(x)))
        return self.output([h[i] for i in self.ends])


before = watts_strogatz(32, neighbours=4, chance=0.75, seed=1)
model = RandomlyWired(before, n_inputs=2, seed=1)
print(f"{len(before)} neurons, {sum(map(len, before))} wires, {len(model.parameters())} parameters; who sees whom:\n")
for i in range(8):
    cells = [f"{j:2}: {' '.join(map(str, before[j])) or '-'}" for j in range(i, 32, 8)]
    print("  " + "".join(f"{cell:19}" for cell in cells).rstrip())
print(f"\noutput: {' '.join(map(str, model.ends))}\n")

# ---- a gradient check before anything is learnt: backward against (f(w + h) - f(w - h)) / 2h ----

X, y = nn.ring(80, seed=1)


def loss():
    return nn.mse_loss(list(map(model, X[:8])), y[:8])


loss().backward()
worst, h = 0.0, 1e-5
checked = model.parameters()[::6]
for p in checked:
    at, moved = p.data, []
    for p.data in (at - h, at + h):
        moved.append(loss().data)
    p.data = at
    numerical = (moved[1] - moved[0]) / (2 * h)
    worst = max(worst, abs(p.grad - numerical) / max(1e-4, abs(p.grad) + abs(numerical)))
print(f"{len(checked)} of its gradients, against the numerical slope: relative error at most {worst:.0e}\n")

# ---- the ring ----

adam = nn.Adam(model.parameters(), learning_rate=0.03)
epochs, right = 0, 0.0
while right < 0.97 and epochs < 120:
    epochs += 5
    history = nn.fit(model, X, y, "max_margin", adam, epochs=5, batch_size=10, progress=False, seed=epochs)
    right = nn.accuracy(list(map(model.frozen(), X)), y)
    print(f"epoch {epochs:3}   loss {sum(history.loss[-8:]) / 8:.4f}   accuracy {right:.1%}", flush=True)

# ---- every gradient is right, and the ring is learnt ----

assert worst < 1e-6
assert right > 0.97
