"""The 784-32-10 network of the digits: a softmax step on a minibatch, a sample."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from typing import Any

from scalargrad import nn

from .work import RATE, Done, Way, Work, timed, trained

N, INPUTS, HIDDEN, CLASSES = 64, 784, 32, 10
_random = random.Random(0)
X = [[max(0.0, _random.uniform(-1.0, 1.0)) for _ in range(INPUTS)] for _ in range(N)]  # half of the ink is missing
LABELS = [i % CLASSES for i in range(N)]


def network() -> nn.MLP:
    return nn.MLP(INPUTS, [HIDDEN, CLASSES], seed=1, start="he")


def fit(engine: str | None, steps: int) -> Done:
    """One call of `fit`, with all that it does before the first step; "compile" is the first call, of one step."""
    model = network()
    options: dict[str, Any] = {"progress": False, "engine": engine}

    def train(rate: float, epochs: int) -> Any:
        return nn.fit(model, X, LABELS, epochs=epochs, learning_rate=rate, **options)

    _, seconds = timed(lambda: train(0.0, 1))
    others = {"compile": seconds} if engine else {}
    return trained(
        lambda rate: train(rate, 1 if rate else steps),
        lambda: [p.data for p in model.parameters()],
        N * steps,
        **others,
    )


def torch_tensors() -> Done:
    import torch

    torch.set_num_threads(1)  # as fast as two for matrices so small, and two wait for each other on a busy machine
    torch.set_default_dtype(torch.float64)
    model, x, y = network(), torch.tensor(X), torch.tensor(LABELS)
    net = torch.nn.Sequential(torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))
    for ours, theirs in zip(model.layers, net[::2]):
        theirs.weight.data = torch.tensor([[w.data for w in row] for row in ours.W]).T
        theirs.bias.data = torch.tensor([b.data for b in ours.b])
    optimiser = torch.optim.SGD(net.parameters(), RATE, fused=True)

    def step(rate: float) -> None:
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()

    def read() -> list[float]:
        layers = [torch.cat([layer.weight, layer.bias[:, None]], 1) for layer in net[::2]]
        return torch.cat([layer.detach().flatten() for layer in layers]).tolist()

    return trained(step, read, N)


WORKS: Sequence[Work] = [
    Work(
        "784-32-10",
        f"a network 784 -> 32 -> 10 with softmax, {N} samples a step; forward, backward and update, a sample",
        {
            "scalargrad, fit": Way(partial(fit, None, 1)),
            "fit, numpy": Way(partial(fit, "numpy", 50), "numpy"),
            "fit, native": Way(partial(fit, "native", 1000), "llvmlite"),
            "torch, tensors": Way(torch_tensors, "torch"),
        },
        ("time", "compile"),
    )
]
