"""The moons step: one step of micrograd's own demo, a network 2 -> 16 -> 16 -> 1 on a hundred samples.

Forward, max-margin loss, 1e-4 times the squares of all parameters, backward, and p -= rate * gradient.  All start from
the same parameters and have the same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from scalargrad import nn

from .scalars import SCALARS, Library
from .work import RATE, Done, Way, Work, timed, trained

WIDTHS = (2, 16, 16, 1)
X, Y = nn.moons(100, seed=1337)
L2 = 1e-4


def network() -> nn.MLP:
    return nn.MLP(WIDTHS[0], WIDTHS[1:], seed=1337)


START = [p.data for p in network().parameters()]  # neuron by neuron, its weights and then its bias


# ---- single numbers: the demo's lines, for any library ----


def single_numbers(library: Callable[[], Library]) -> Done:
    made = library()
    numbers = iter([made.value(p) for p in START])
    layers = [
        [([next(numbers) for _ in range(n)], next(numbers)) for _ in range(m)] for n, m in zip(WIDTHS, WIDTHS[1:])
    ]
    parameters = [p for layer in layers for w, b in layer for p in (*w, b)]

    def model(x: list[Any]) -> Any:
        for layer in layers:
            x = [sum((wi * xi for wi, xi in zip(w, x)), b) for w, b in layer]
            if layer is not layers[-1]:
                x = [act.relu() for act in x]
        return x[0]

    def step(rate: float) -> None:
        scores = [model([*map(made.value, row)]) for row in X]
        losses = [(1 + -yi * score).relu() for yi, score in zip(Y, scores)]
        loss = sum(losses) * (1.0 / len(losses)) + L2 * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = made.no_gradient
        loss.backward()
        for p in parameters:
            p.data -= rate * p.grad

    return trained(step, lambda: [float(p.data) for p in parameters])


# ---- scalargrad's neurons, eager ----


def dot_gates() -> Done:
    model = network()
    parameters = model.parameters()

    def step(rate: float) -> None:
        loss = nn.max_margin_loss([*map(model, X)], Y) + L2 * nn.l2(parameters)
        model.zero_grad()
        loss.backward()
        for p in parameters:
            p.data -= rate * p.grad

    return trained(step, lambda: [p.data for p in parameters])


def fit(engine: str | None, steps: int) -> Done:
    """One call of `fit`, with all that it does before the first step; "compile" is the first call, of one step."""
    model = network()
    options: dict[str, Any] = {"loss": "max_margin", "l2": L2, "progress": False}  # the biases, which l2 omits, are 0

    def train(rate: float, epochs: int) -> Any:
        return nn.fit(model, X, Y, epochs=epochs, learning_rate=rate, engine=engine, **options)

    _, seconds = timed(lambda: train(0.0, 1))
    others = {"compile": seconds} if engine else {}
    return trained(
        lambda rate: train(rate, 1 if rate else steps), lambda: [p.data for p in model.parameters()], steps, **others
    )


# ---- arrays ----


def layers_of(numbers: Sequence[float]) -> list[Any]:
    """A matrix of weights and a row of biases for each layer, as arrays."""
    import numpy as np

    arrays, rest = [], np.array(numbers)
    for n, m in zip(WIDTHS, WIDTHS[1:]):
        layer, rest = rest[: m * (n + 1)].reshape(m, n + 1), rest[m * (n + 1) :]
        arrays += [layer[:, :n].T.copy(), layer[:, n].copy()]
    return arrays


def numbers_of(arrays: Sequence[Any]) -> list[float]:
    """The numbers of such arrays, neuron by neuron again."""
    import numpy as np

    W, b = [np.asarray(a) for a in arrays[::2]], [np.asarray(a) for a in arrays[1::2]]
    return [float(x) for Wi, bi in zip(W, b) for x in np.vstack([Wi, bi]).T.ravel()]


def loss_of(arrays: Sequence[Any], relu: Callable[[Any], Any], x: Any, y: Any) -> Any:
    *hidden, W, b = arrays
    for Wi, bi in zip(hidden[::2], hidden[1::2]):
        x = relu(x @ Wi + bi)
    return relu(1 - y * (x @ W + b)[:, 0]).mean() + L2 * sum([(a * a).sum() for a in arrays])


def torch_tensors() -> Done:
    """Its fastest eager form: addmm, and an optimiser that is fused and does the L2 as weight decay."""
    import torch

    torch.set_num_threads(1)  # as fast as two for matrices so small, and two wait for each other on a busy machine
    x, y = torch.tensor(X, dtype=torch.float64), torch.tensor(Y, dtype=torch.float64)
    W1, b1, W2, b2, W3, b3 = parameters = [torch.tensor(a, requires_grad=True) for a in layers_of(START)]
    optimiser = torch.optim.SGD(parameters, RATE, weight_decay=2 * L2, fused=True)

    def step(rate: float) -> None:
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        hidden = torch.relu(torch.addmm(b2, torch.relu(torch.addmm(b1, x, W1)), W2))
        torch.relu(1 - y * torch.addmm(b3, hidden, W3)[:, 0]).mean().backward()
        optimiser.step()

    return trained(step, lambda: numbers_of([p.detach() for p in parameters]))


def jax_jit(steps: int) -> Done:
    """Under jit: one step per call, or so many, as a loop within the compiled code."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y, arrays = jnp.array(X), jnp.array(Y, dtype=float), [*map(jnp.array, layers_of(START))]
    gradient = jax.grad(lambda arrays: loss_of(arrays, jax.nn.relu, x, y))

    def one(arrays: Any, rate: Any, n: Any = 1) -> Any:
        return [a - rate * g for a, g in zip(arrays, gradient(arrays))]

    def many(arrays: Any, rate: Any, n: Any) -> Any:
        return jax.lax.fori_loop(0, n, lambda i, now: one(now, rate), arrays)

    run = jax.jit(one if steps == 1 else many)

    def step(rate: float) -> None:
        nonlocal arrays
        arrays = jax.block_until_ready(run(arrays, rate, 1 if rate else steps))

    seconds = timed(lambda: run(arrays, 0.0, 1))[1]
    return trained(step, lambda: numbers_of(arrays), steps, compile=seconds)


def with_autograd() -> Done:
    import autograd
    import autograd.numpy as np

    x, y, arrays = np.array(X), np.array(Y, dtype=float), layers_of(START)
    gradient = autograd.grad(lambda arrays: loss_of(arrays, lambda z: np.maximum(z, 0.0), x, y))

    def step(rate: float) -> None:
        for a, g in zip(arrays, gradient(arrays)):
            a -= rate * g

    return trained(step, lambda: numbers_of(arrays))


def with_casadi() -> Done:
    """Its matrices in one function, the fastest of its ways: expanded, or mapped over samples, it takes longer."""
    import casadi as ca
    import numpy as np

    def compiled() -> Any:
        x: Any
        P, rate, place, x = ca.MX.sym("P", len(START)), ca.MX.sym("rate"), 0, ca.DM(np.array(X).T)
        for n, m in zip(WIDTHS, WIDTHS[1:]):
            layer = ca.reshape(P[place : place + m * (n + 1)], n + 1, m)
            x = layer[:n, :].T @ (x if place == 0 else ca.fmax(x, 0)) + ca.repmat(layer[n, :].T, 1, len(X))
            place += m * (n + 1)
        loss = ca.sum2(ca.fmax(1 - ca.DM(Y).T * x, 0)) / len(X) + L2 * ca.sumsqr(P)
        return ca.Function("step", [P, rate], [P - rate * ca.gradient(loss, P)])

    function, seconds = timed(compiled)
    numbers = ca.DM(START)

    def step(rate: float) -> None:
        nonlocal numbers
        numbers = function(numbers, rate)

    return trained(step, lambda: [*map(float, numbers.elements())], compile=seconds)


STEPS = {"python": 200, "numpy": 500, "jax": 500, "native": 20_000}  # in one call of `fit`: a fraction of a second
NEEDS = {"python": "", "numpy": "numpy", "jax": "jax", "native": "llvmlite"}

WORKS: Sequence[Work] = [
    Work(
        "moons step",
        "micrograd's demo, a network 2 -> 16 -> 16 -> 1 and 100 samples; forward, backward and update; micrograd, "
        "scalargrad and torch 0-d run the demo's own lines, of + and * gates",
        {
            **{who: Way(partial(single_numbers, library), needs) for who, (library, needs) in SCALARS.items()},
            "scalargrad, dot gates": Way(dot_gates),
            "scalargrad, fit": Way(partial(fit, None, 10)),
            **{f"fit, {engine}": Way(partial(fit, engine, STEPS[engine]), NEEDS[engine]) for engine in STEPS},
            "torch, tensors": Way(torch_tensors, "torch"),
            "jax, one call per step": Way(partial(jax_jit, 1), "jax"),
            "jax, 1000 steps per call": Way(partial(jax_jit, 1000), "jax"),
            "autograd, arrays": Way(with_autograd, "autograd"),
            "casadi, matrices": Way(with_casadi, "casadi"),
        },
        ("time", "compile"),
    )
]
