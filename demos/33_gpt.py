"""A GPT in scalars: 4,192 parameters learn to write names, and every number of it can be asked why.

A transformer brings no new gate.  Attention is dot products, a softmax, and a weighted sum; the rest are layers as
before.  So the small network below, with one layer of four heads, is a circuit like the first one of the lecture, only
with some ten thousand gates per name; backward() finds its gradients in the same way.

Run it:  python demos/33_gpt.py                  1000 steps, twenty seconds
         python demos/33_gpt.py 40               40 steps
         python demos/33_gpt.py 1000 head.svg    and draws what comes out of one attention head

Recorded, it learns as much in a few seconds: tests/benchmarks/gpt.py hands such a model to nn.fit, engine="native".

Source: Vaswani et al., 2017, "Attention Is All You Need", sections 3.1 to 3.5; Radford et al., 2019, GPT-2; Zhang and
Sennrich, 2019, RMSNorm.  The sizes are those of Karpathy's microgpt.  The names are the most frequent first names of a
hundred years in the United States, Social Security Administration, ssa.gov.
"""

import random
import sys
from math import isclose, log, sqrt
from typing import NamedTuple

from scalargrad import Value, dot, draw, ledger, nn, nudge, relu

if sys.argv[1:] and not (sys.argv[1].isdecimal() and int(sys.argv[1]) > 0):
    sys.exit("It takes the number of steps, 1 or more, and a file for a picture: python demos/33_gpt.py 40 head.svg")
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
NAMES = """
james michael robert john david william richard joseph thomas christopher charles daniel matthew anthony mark steven
donald andrew joshua paul kenneth kevin brian timothy ronald jason george edward jeffrey ryan jacob nicholas gary
jonathan stephen eric larry justin scott brandon benjamin samuel gregory alexander patrick frank raymond jack dennis
jerry mary patricia jennifer linda elizabeth barbara susan jessica karen sarah lisa nancy sandra ashley emily kimberly
betty margaret donna michelle carol amanda melissa deborah stephanie rebecca sharon laura cynthia dorothy amy kathleen
angela shirley emma brenda pamela nicole anna samantha katherine christine debra rachel carolyn janet maria olivia
heather helen
""".split()
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands before and after a name
WIDTH, HEADS, PLACES, HIDDEN = 16, 4, 16, 64
SIZE = WIDTH // HEADS  # of a head

Vector = list  # of values, or of plain numbers in a frozen model


def spelled(text: str) -> list[int]:
    return [LETTERS.index(c) for c in text]


def plus(x: Vector, y: Vector) -> Vector:
    return [a + b for a, b in zip(x, y)]


def linear(W: list[Vector], x: Vector) -> Vector:
    """W x: one dot gate for each row of W."""
    return [dot(row, x) for row in W]


def normed(x: Vector) -> Vector:
    """x, divided by the root of the mean of its squares."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [scale * a for a in x]


class Head(NamedTuple):
    """How much a head looks at each place, which sums to 1; and the sum of their values with these weights."""

    weights: Vector
    output: Vector


class GPT(nn.Module):
    """One layer of attention and one of neurons, each added to what goes in; no biases."""

    def __init__(self, seed: int):
        lot = random.Random(seed)

        def matrix(rows: int, columns: int) -> list[list[Value]]:
            return [[Value(lot.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        self.letter = nn.Embedding(len(LETTERS), WIDTH, start=lambda *_: lot.gauss(0, 0.08))
        self.place = nn.Embedding(PLACES, WIDTH, start=lambda *_: lot.gauss(0, 0.08))
        self.query, self.key, self.value, self.out = [matrix(WIDTH, WIDTH) for _ in range(4)]
        self.up, self.down = matrix(HIDDEN, WIDTH), matrix(WIDTH, HIDDEN)
        self.score = matrix(len(LETTERS), WIDTH)
        self.label_parameters()

    def attention(self, xs: list[Vector]) -> tuple[list[Vector], list[list[Head]]]:
        """What each place takes from the places up to it; and the heads there, which chose it."""
        queries, keys, values = ([linear(W, x) for x in xs] for W in (self.query, self.key, self.value))
        taken, heads = [], []
        for t, query in enumerate(queries):
            heads.append([])
            for part in (slice(i, i + SIZE) for i in range(0, WIDTH, SIZE)):
                weights = nn.softmax([dot(query[part], key[part]) / sqrt(SIZE) for key in keys[: t + 1]])
                output = [dot(weights, column) for column in zip(*[value[part] for value in values[: t + 1]])]
                heads[-1].append(Head(weights, output))
            taken.append(linear(self.out, [number for head in heads[-1] for number in head.output]))
        return taken, heads

    def forward(self, sequence: list[int]) -> tuple[list[Vector], list[list[Head]]]:
        """The scores of the next letter after each letter, and the heads at each."""
        xs = [normed(plus(self.letter(c), self.place(t))) for t, c in enumerate(sequence)]
        taken, heads = self.attention([normed(x) for x in xs])
        xs = [plus(x, y) for x, y in zip(xs, taken)]
        xs = [plus(x, linear(self.down, [relu(h) for h in linear(self.up, normed(x))])) for x in xs]
        return [linear(self.score, x) for x in xs], heads

    def loss(self, name: str) -> Value:
        """The mean over its letters, and the dot at its end, of -log of the probability of that letter."""
        numbers = spelled(f".{name}.")
        return nn.softmax_loss(self.forward(numbers[:-1])[0], numbers[1:])


def sample(model: GPT, lot: random.Random, temperature: float = 0.5) -> str:
    """A name, letter by letter, from a frozen model."""
    sequence = [0]
    while len(sequence) < PLACES:
        scores = model.forward(sequence)[0][-1]
        chances = nn.softmax([s / temperature for s in scores])
        sequence += lot.choices(range(len(LETTERS)), chances)
        if sequence[-1] == 0:
            break
    return "".join(LETTERS[c] for c in sequence).strip(".")


# ---- train ----

model = GPT(seed=1)
print(f"{len(model.parameters()):,} parameters, {len(NAMES)} names; guessing costs log 27 = {log(27):.2f}\n")

adam = nn.Adam(model.parameters(), nn.linear_decay(0.01, STEPS), beta1=0.85, beta2=0.99)
lot = random.Random(1)
losses = []
every = max(1, STEPS // 8)
for step in range(1, STEPS + 1):
    loss = model.loss(lot.choice(NAMES))
    adam.zero_grad()
    loss.backward()
    adam.step()
    losses.append(loss.data)
    if step % every == 0:
        print(f"step {step:5}   loss {sum(losses[-every:]) / every:.3f}", flush=True)

# ---- let it write ----

frozen = model.frozen()
print("\nIt writes:\n")
for _ in range(3):
    print("  " + "".join(f"{sample(frozen, lot):15}" for _ in range(5)).rstrip())

# ---- look into a head: at the last letter of emma, to find the next ----

NAME, LAST = ".emma", 4
adam.zero_grad()
scores, heads = model.forward(spelled(NAME))
loss = nn.softmax_loss(scores, spelled("emma."))
loss.backward()
print("\nWhere the four heads look from the last letter of emma:\n")
print("          " + "".join(f"{c:>8}" for c in NAME))
for i, head in enumerate(heads[LAST], 1):
    print(f"  head {i}  " + "".join(f"{weight.data:8.2f}" for weight in head.weights))

looked = heads[LAST][0]
summed = looked.output[0]  # the first of its four numbers, one dot gate of weights and values
names = {f"weight_{c}{i}": weight for i, (c, weight) in enumerate(zip(NAME, looked.weights))}
names |= {f"value_{c}{i}": value for i, (c, value) in enumerate(zip(NAME, summed.parents[len(NAME) :]))}
picture = draw(summed, names=names, around=summed, radius=1)
print(f"\nEach number that comes out of head 1 is one dot gate of weights and values:\n{picture!r}")
if len(sys.argv) > 2:
    print(f"drawn in {picture.save(sys.argv[2])}")

# ---- why is the gradient of one weight what it is?  It is a fork: every letter uses it ----

weight = model.query[3][5]
nudged = nudge(weight, loss)
parts = ledger(weight, loss).entries[::-1]
print(f"\nThe gradient of query[3][5] is {weight.grad:+.6f}, the sum over the five letters:\n")
for c, part in zip(NAME, parts):
    print(f"  {c}   upstream {part.upstream:+.6f} * local {part.local:+.6f} = {part.downstream + 0.0:+.6f}")
print("\nThe first has nothing to choose from: a softmax of one number is 1, its slope 0.")
print(f"If it grows by {nudged.by:g}, the loss changes by {nudged.actual:.3e}, predicted {nudged.predicted:.3e}.")

# ---- the sizes; the loss; the gradient against the slope ----

at, moved = weight.data, []
for weight.data in (at - 1e-5, at + 1e-5):
    moved.append(model.loss("emma").data)
assert len(model.parameters()) == (27 + 16 + 27) * 16 + 4 * 16 * 16 + 2 * 64 * 16 == 4192
assert abs(losses[0] - log(27)) < 0.2  # it knows nothing yet
assert STEPS < 20 or sum(losses[-10:]) / 10 < losses[0] - 0.3
assert all(isclose(sum(weight.data for weight in head.weights), 1) for here in heads for head in here)
assert isclose(weight.grad, (moved[1] - moved[0]) / 2e-5, rel_tol=1e-6)
assert len(parts) == 5 and parts[0].downstream == 0
assert isclose(summed.data, dot([w.data for w in looked.weights], [v.data for v in summed.parents[len(NAME) :]]))
