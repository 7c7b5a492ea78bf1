"""A GPT that learns to write names: one step of Adam on one document, on average.

A layer is one of attention, with heads, and one of neurons with relu; no biases.  A document has 2 to 15 letters, and
there is one of each length; a step takes one of them, in an order that is shuffled anew for each round.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import sqrt
from typing import Any, NamedTuple

import scalargrad
from scalargrad import Value, nn

from . import gpt_arrays
from .gpt_values import Adam, ThreeObjects, cross_entropy, dot, softmax
from .work import Done, Way, Work

LETTERS, PLACES = 27, 16
RATE, BETA1, BETA2, SEED = 0.01, 0.85, 0.99, 1
ROWS = ("letter", "place")


class Size(NamedTuple):
    """Of a GPT."""

    layers: int
    width: int
    heads: int
    hidden: int

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """{name: (rows, columns)} of all matrices; those of the second layer are called query', key', ..."""
        width, shapes = self.width, {"letter": (LETTERS, self.width), "place": (PLACES, self.width)}
        for mark in map("'".__mul__, range(self.layers)):
            shapes |= dict.fromkeys([name + mark for name in ("query", "key", "value", "out")], (width, width))
            shapes |= {"up" + mark: (self.hidden, width), "down" + mark: (width, self.hidden)}
        return {**shapes, "score": (LETTERS, width)}

    @property
    def start(self) -> list[float]:
        """What the parameters are at first."""
        lot = random.Random(0)
        return [lot.gauss(0, 0.08) for rows, columns in self.shapes.values() for _ in range(rows * columns)]

    def matrices_of(self, numbers: Iterable[Any]) -> dict[str, list[list[Any]]]:
        every = iter(numbers)
        return {
            name: [[next(every) for _ in range(columns)] for _ in range(rows)]
            for name, (rows, columns) in self.shapes.items()
        }


ONE_LAYER, TWO_LAYERS = Size(1, 16, 4, 64), Size(2, 6, 2, 24)
_lot = random.Random(1)
NAMES = [[0, *[_lot.randrange(1, LETTERS) for _ in range(n)], 0] for n in range(2, PLACES)]  # 0 is before and after
TEXTS, LABELS = [name[:-1] for name in NAMES], [name[1:] for name in NAMES]


def rounds() -> Iterator[list[int]]:
    """Orders of all documents, as `fit` shuffles them."""
    lot, order = random.Random(SEED), [*range(len(NAMES))]
    while True:
        lot.shuffle(order)
        yield order


def learned(step: Callable[[list[int], list[int]], float], **others: float) -> Done:
    """A training that goes on: its answer are the losses of the first round; timed are further rounds."""
    orders = rounds()

    def one_round() -> list[float]:
        return [step(TEXTS[i], LABELS[i]) for i in next(orders)]

    return Done(one_round(), one_round, len(NAMES), others)


# ---- single numbers ----


def scores_of(
    size: Size,
    W: dict[str, list[list[Any]]],
    rows: dict[str, Callable[[Any], list[Any]]],
    letters: Sequence[Any],
    dot: Callable[[Any, Any], Any],
    softmax: Callable[[Any], list[Any]],
) -> list[list[Any]]:
    """The scores of the next letter, after each letter.

    W: the matrices, by their names.
    rows: functions that give the row of a letter, and of a place.
    """

    def linear(name: str, x: Sequence[Any]) -> list[Any]:
        return [dot(row, x) for row in W[name]]

    def plus(x: Sequence[Any], y: Sequence[Any]) -> list[Any]:
        return [a + b for a, b in zip(x, y)]

    def normed(x: Sequence[Any]) -> list[Any]:
        scale = (dot(x, x) * (1 / len(x)) + gpt_arrays.EPSILON) ** -0.5
        return [a * scale for a in x]

    marks, head = [*map("'".__mul__, range(size.layers))], size.width // size.heads
    keys: dict[str, list[list[Any]]] = {mark: [] for mark in marks}
    values: dict[str, list[list[Any]]] = {mark: [] for mark in marks}
    scores = []
    for place, letter in enumerate(letters):
        x = normed(plus(rows["letter"](letter), rows["place"](place)))
        for mark in marks:
            a = normed(x)
            query = linear("query" + mark, a)
            keys[mark].append(linear("key" + mark, a))
            values[mark].append(linear("value" + mark, a))
            taken = []
            for part in (slice(at, at + head) for at in range(0, size.width, head)):
                weights = softmax([dot(query[part], key[part]) * (1 / sqrt(head)) for key in keys[mark]])
                taken += [dot(weights, column) for column in zip(*[value[part] for value in values[mark]])]
            x = plus(x, linear("out" + mark, taken))
            hidden = [h.relu() for h in linear("up" + mark, normed(x))]
            x = plus(x, linear("down" + mark, hidden))
        scores.append(linear("score", x))
    return scores


def single_numbers(value: Callable[[float], Any], size: Size) -> Done:
    parameters = [value(x) for x in size.start]
    W, adam = size.matrices_of(parameters), Adam(parameters, RATE, BETA1, BETA2)
    rows = {name: W[name].__getitem__ for name in ROWS}

    def step(letters: list[int], labels: list[int]) -> float:
        losses = [cross_entropy(*both) for both in zip(scores_of(size, W, rows, letters, dot, softmax), labels)]
        loss = sum(losses) * (1 / len(losses))
        loss.backward()
        adam.step()
        return float(loss.data)

    return learned(step)


# ---- scalargrad with dot gates, eager and recorded ----


class GPT(nn.Module):
    def __init__(self, size: Size):
        self.size = size
        self.letter, self.place = nn.Embedding(LETTERS, size.width), nn.Embedding(PLACES, size.width)
        matrices = size.matrices_of(map(Value, size.start))
        self.matrices = {name: W for name, W in matrices.items() if name not in ROWS}
        for p, x in zip(self.parameters(), size.start, strict=True):
            p.data = x

    def __call__(self, letters: Sequence[Any]) -> list[list[Any]]:
        rows = {"letter": self.letter, "place": self.place}
        return scores_of(self.size, self.matrices, rows, letters, scalargrad.dot, nn.softmax)


def loss_of(scores: Sequence[Any], labels: Sequence[Any]) -> Any:
    """The mean over documents of the mean over letters."""
    return nn.losses.mean([nn.softmax_loss(*both) for both in zip(scores, labels)])


def dot_gates(size: Size) -> Done:
    model = GPT(size)
    adam = nn.Adam(model.parameters(), RATE, BETA1, BETA2)

    def step(letters: list[int], labels: list[int]) -> float:
        loss = loss_of([model(letters)], [labels])
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss.data

    return learned(step)


def fit(engine: str, rounds: int, size: Size) -> Done:
    """One call of `fit`.  "cold" is what comes before its first step: a program is recorded for each length."""
    model = GPT(size)
    called = time.process_time()
    began = 0.0

    def rate(step: int) -> float:
        nonlocal began
        began = began or time.process_time()
        return RATE

    adam = nn.Adam(model.parameters(), rate, BETA1, BETA2)
    how: dict[str, Any] = {"epochs": rounds, "batch_size": 1, "seed": SEED, "progress": False, "engine": engine}
    history = nn.fit(model, TEXTS, LABELS, loss_of, adam, **how)
    seconds = (time.process_time() - began) / len(history)
    return Done(history.loss[: len(NAMES)], others={"time": seconds, "cold": began - called})


# ---- arrays ----


def numpy_by_hand() -> Done:
    import numpy as np

    model = gpt_arrays.Numpy(ONE_LAYER.start, ONE_LAYER.shapes, ONE_LAYER.heads)
    return learned(lambda *text: model.step(*map(np.array, text), RATE, BETA1, BETA2))


def torch_tensors() -> Done:
    import torch

    torch.set_num_threads(1)
    W = gpt_arrays.torch_matrices(ONE_LAYER.start, ONE_LAYER.shapes)
    adam = torch.optim.Adam([*W.values()], RATE, (BETA1, BETA2), fused=True)

    def step(letters: list[int], labels: list[int]) -> float:
        adam.zero_grad()
        loss = gpt_arrays.torch_loss(W, torch.tensor(letters), torch.tensor(labels), ONE_LAYER.heads)
        loss.backward()
        adam.step()
        return float(loss.detach())

    return learned(step)


def jax_in_one_call(rounds_per_call: int) -> Done:
    import numpy as np

    called = time.process_time()
    state, run = gpt_arrays.jax_epochs(ONE_LAYER.start, ONE_LAYER.shapes, ONE_LAYER.heads, RATE, BETA1, BETA2)
    orders = rounds()
    filled = [np.array([row + [0] * (PLACES - len(row)) for row in rows]) for rows in (TEXTS, LABELS)]
    counts = np.array([*map(len, TEXTS)], float)

    def train() -> list[float]:
        nonlocal state
        order = [i for _ in range(rounds_per_call) for i in next(orders)]
        state, losses = run(state, (*[each[order] for each in filled], counts[order]))
        return np.asarray(losses)[: len(NAMES)].tolist()  # type: ignore[no-any-return]

    answer = train()
    return Done(answer, train, rounds_per_call * len(NAMES), {"cold": time.process_time() - called})


def ways(size: Size) -> dict[str, Way]:
    return {
        "value of three objects": Way(partial(single_numbers, ThreeObjects, size)),
        "scalargrad": Way(partial(single_numbers, Value, size)),
        "scalargrad, dot gates": Way(partial(dot_gates, size)),
        "fit, native": Way(partial(fit, "native", 1000, size), "llvmlite"),
    }


OTHERS = {
    "fit, python": Way(partial(fit, "python", 10, ONE_LAYER)),
    "numpy by hand": Way(numpy_by_hand, "numpy"),
    "torch, tensors": Way(torch_tensors, "torch"),
    "jax, 1400 steps per call": Way(partial(jax_in_one_call, 100), "jax"),
}
NOTE = "a step of Adam on one document of 2 to 15 letters, on average; CPU time; cold: what comes before the first step"

WORKS: Sequence[Work] = [
    Work(
        "GPT step",
        f"a GPT of 4,192 parameters learns to write names: one layer, 16 wide, 4 heads; {NOTE}",
        ways(ONE_LAYER) | OTHERS,
        ("time", "cold"),
        clock=time.process_time,
    ),
    Work(
        "GPT of two layers",
        f"the same, 6 wide, 2 heads, a third of the gates; {NOTE}",
        ways(TWO_LAYERS),
        ("time", "cold"),
        clock=time.process_time,
    ),
]
