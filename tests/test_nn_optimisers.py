"""Optimisers and schedules: closed forms, written-out references and, where it is installed, torch."""

from __future__ import annotations

import math
import pickle

import pytest

from scalargrad import Value, nn

STEPS = 25


def slopes(x, y):
    """The gradient of a narrow, curved valley: any function will do that both sides are handed."""
    return 4 * x**3 - 2.0 * y + 0.1, 0.5 * y - 2.0 * x + 3.0


def run(make, steps=STEPS):
    """Where an optimiser of two parameters goes, step by step, from (1, -2)."""
    x, y = Value(1.0), Value(-2.0)
    optimiser = make([x, y])
    path = []
    for _ in range(steps):
        x.grad, y.grad = slopes(x.data, y.data)
        optimiser.step()
        path.append((x.data, y.data))
    return path


def reference(change, decay=0.0):
    """The same path, by a function (gradient, memory, step from 1) -> change written out in the test."""
    point, memories, path = [1.0, -2.0], [{}, {}], []
    for t in range(1, STEPS + 1):
        gradients = [g + decay * p for g, p in zip(slopes(*point), point)]
        point = [p - change(g, memory, t) for p, g, memory in zip(point, gradients, memories)]
        path.append(tuple(point))
    return path


def plain(g, memory, t):
    return 0.01 * g


def momentum(g, memory, t):
    memory["v"] = 0.9 * memory["v"] + g if "v" in memory else g
    return 0.01 * memory["v"]


def nesterov(g, memory, t):
    memory["v"] = 0.9 * memory["v"] + g if "v" in memory else g
    return 0.01 * (g + 0.9 * memory["v"])


def rmsprop(g, memory, t):
    memory["s"] = 0.95 * memory.get("s", 0.0) + 0.05 * g**2
    return 0.01 * g / (math.sqrt(memory["s"]) + 1e-8)


def adam(g, memory, t):
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0.0) + 0.001 * g**2
    return 0.01 * memory["m"] / (1 - 0.9**t) / (math.sqrt(memory["v"] / (1 - 0.999**t)) + 1e-8)


CASES = {
    "sgd": (lambda ps: nn.SGD(ps, 0.01), plain, 0.0, "SGD", {}),
    "weight decay": (lambda ps: nn.SGD(ps, 0.01, weight_decay=0.3), plain, 0.3, "SGD", {"weight_decay": 0.3}),
    "momentum": (lambda ps: nn.SGD(ps, 0.01, 0.9), momentum, 0.0, "SGD", {"momentum": 0.9}),
    "nesterov": (
        lambda ps: nn.SGD(ps, 0.01, 0.9, nesterov=True, weight_decay=0.1),
        *(nesterov, 0.1, "SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ),
    "rmsprop": (lambda ps: nn.RMSProp(ps, 0.01, 0.95), rmsprop, 0.0, "RMSprop", {"alpha": 0.95}),
    "adam": (lambda ps: nn.Adam(ps, 0.01), adam, 0.0, "Adam", {}),
    "adam with decay": (lambda ps: nn.Adam(ps, 0.01, weight_decay=0.1), adam, 0.1, "Adam", {"weight_decay": 0.1}),
}
every_case = pytest.mark.parametrize("name", CASES)


def close(path, expected):
    for mine, theirs in zip(path, expected, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12, abs=1e-14)


@every_case
def test_steps_equal_the_written_out_reference(name):
    make, change, decay, _, _ = CASES[name]
    close(run(make), reference(change, decay))


@every_case
def test_steps_equal_torch(name):
    torch = pytest.importorskip("torch")
    make, _, _, kind, arguments = CASES[name]
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.0, -2.0))
    optimiser = getattr(torch.optim, kind)([x, y], lr=0.01, **arguments)
    expected = []
    for _ in range(STEPS):
        x.grad, y.grad = (torch.tensor(g, dtype=torch.float64) for g in slopes(x.item(), y.item()))
        optimiser.step()
        expected.append((x.item(), y.item()))
    close(run(make), expected)


def test_gradient_descent_on_a_parabola_is_geometric():
    x = Value(3.0)
    optimiser = nn.SGD([x], 0.1)
    for _ in range(10):
        optimiser.zero_grad()
        (x * x).backward()
        optimiser.step()
    assert x.data == pytest.approx(3.0 * 0.8**10, rel=1e-14)


def test_the_first_step_of_adam_is_the_learning_rate():
    for gradient in (1e-3, 5.0, -1e5):
        x = Value(0.0, grad=gradient)
        nn.Adam([x], 0.01).step()
        assert x.data == pytest.approx(-math.copysign(0.01, gradient), rel=1e-4)


@pytest.mark.parametrize("make", [nn.SGD, nn.RMSProp, nn.Adam])
def test_a_gradient_of_0_moves_nothing(make):
    x = Value(2.0)
    make([x]).step()
    assert x.data == 2.0
    if make is not nn.SGD:
        make([x], epsilon=0.0).step()
        assert x.data == 2.0


def test_the_learning_rate_may_be_a_schedule():
    x = Value(0.0, grad=1.0)
    optimiser = nn.SGD([x], nn.step_decay(1.0, every=2))
    rates = []
    for _ in range(5):
        rates.append(optimiser.learning_rate)
        optimiser.step()
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25] and x.data == -sum(rates)


@pytest.mark.parametrize(
    "schedule",
    [
        nn.constant_rate(0.1), nn.step_decay(0.1, 2), nn.exponential_decay(0.1, 0.5), nn.inverse_decay(0.1, 0.5),
        nn.linear_decay(0.1, 5), nn.cosine_decay(0.1, 5), nn.warm_up(2, nn.constant_rate(0.1)),
    ],
)  # fmt: skip
def test_schedules_pickle(schedule):
    again = pickle.loads(pickle.dumps(schedule))
    assert [again(step) for step in range(7)] == [schedule(step) for step in range(7)]


def test_an_optimiser_of_ones_own():
    class Sign(nn.Optimiser):
        def change(self, gradients, memory, rate):
            memory["steps"] = [steps + 1 for steps in memory["steps"]]
            return [math.copysign(rate, dx) for dx in gradients]

    x = Value(1.0, grad=5.0)
    sign = Sign([x], 0.25)
    sign.step()
    assert x.data == 0.75 and sign._memory["steps"] == [1.0]
    with pytest.raises(NotImplementedError, match="Optimiser does not say"):
        nn.Optimiser([x], 0.1).step()


def test_schedules():
    assert [nn.constant_rate(0.5)(t) for t in (0, 9)] == [0.5, 0.5]
    assert nn.exponential_decay(2.0, 0.1)(5) == pytest.approx(2.0 * math.exp(-0.5))
    assert nn.inverse_decay(2.0, 0.1)(10) == 1.0
    linear, cosine = nn.linear_decay(1.0, 100, 0.1), nn.cosine_decay(1.0, 100, 0.2)
    assert [linear(t) for t in (0, 50, 100, 200)] == pytest.approx([1.0, 0.55, 0.1, 0.1])
    assert [linear(k) for k in range(100)] == pytest.approx([1.0 - 0.9 * k / 100 for k in range(100)])  # micrograd's
    assert [cosine(t) for t in (0, 50, 100, 200)] == pytest.approx([1.0, 0.6, 0.2, 0.2])
    warm = nn.warm_up(2, nn.inverse_decay(1.0, 1.0))
    assert [warm(t) for t in range(4)] == [0.5, 1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: nn.SGD([]), ValueError, "needs parameters"),
        (lambda: nn.SGD([1.0]), TypeError, "list of Values"),
        (lambda: nn.SGD([Value(1.0)] * 2, 0.1), ValueError, "more than once"),
        (lambda: nn.SGD([Value(1.0)], -0.1), ValueError, "learning rate of -0.1"),
        (lambda: nn.SGD([Value(1.0)], math.nan), ValueError, "learning rate of nan"),
        (lambda: nn.SGD([Value(1.0)], "fast"), TypeError, "text is no number"),
        (lambda: nn.SGD([Value(1.0)], momentum=1.0), ValueError, "momentum=1.0"),
        (lambda: nn.SGD([Value(1.0)], nesterov=True), ValueError, "momentum=0.9"),
        (lambda: nn.SGD([Value(1.0)], weight_decay=-1), ValueError, "weight_decay=-1"),
        (lambda: nn.Adam([Value(1.0)], beta2=1.5), ValueError, "beta2=1.5"),
        (lambda: nn.RMSProp([Value(1.0)], epsilon=-1.0), ValueError, "epsilon=-1.0"),
        (lambda: nn.step_decay(0.1, 0), ValueError, "0 steps"),
    ],
)
def test_errors_say_what_is_wrong(make, kind, words):
    with pytest.raises(kind, match=words):
        make()
