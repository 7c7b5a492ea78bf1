"""What a user's own program looks like, for type checkers: none may complain.  tests/test_types.py runs them on it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import scalargrad
from scalargrad import (
    Value,
    backprop_code,
    check_gradients,
    dot,
    draw,
    exp,
    gate,
    latex,
    ledger,
    log,
    maximum,
    nn,
    page,
    record,
    relu,
    steps,
    total,
    tree,
)


def sigmoid_by_hand(x: Value) -> Value:
    return 1 / (1 + exp(-x))


@gate
def swish(x: Value) -> Value:
    return x * x.sigmoid()


@gate(pattern="switches", symbol="xy")
def product(x: Value, y: Value) -> Value:
    return x * y


@gate(rule=lambda z, x: (2.0 * x,))
def square(x: float) -> float:
    return x * x


cube = gate(lambda x: x * x * x, name="cube")


class Neuron:
    def __init__(self, n: int) -> None:
        self.w = [Value(random.uniform(-1, 1), f"w{i}") for i in range(n)]
        self.b = Value(0.0, label="b")

    def __call__(self, xs: Sequence[Value | float]) -> Value:
        return relu(dot(self.w, xs, self.b))

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


def squared_error(scores: Sequence[Value], targets: Sequence[float]) -> Value:
    return total([(score - target) ** 2 for score, target in zip(scores, targets)]) / len(scores)


def cross_entropy(scores: Sequence[Value], label: int) -> Value:
    return log(sum(exp(score) for score in scores)) - scores[label]


def train(neuron: Neuron, data: Sequence[tuple[list[float], float]], rate: float = 0.1) -> list[float]:
    losses: list[float] = []
    for _ in range(3):
        loss = squared_error([neuron(x) for x, _ in data], [y for _, y in data])
        loss.backward()
        for p in neuron.parameters():
            p.data -= rate * p.grad
            p.grad = 0.0
        losses.append(loss.data)
    return losses


def look(f: Value, x: Value) -> None:
    f.backward(upstream=2.0)
    print(steps(f), tree(f), backprop_code(f, function=True), latex(f, by=x))
    picture = draw(f, direction="TB", engine="wasm")
    print(picture.svg[:10], page(f).html[:10], len(ledger(x, f).entries))
    values = backprop_code(f).run()
    report = check_gradients(sigmoid_by_hand, [0.5])
    if report:
        print(values["x"], report, scalargrad.explain(x, f))


def compiled(w: Value, b: Value) -> float:
    program = record(lambda x, y: (w * x + b - y) ** 2, samples=(1.0, 2.0), parameters=[w, b], engine="python")
    value, gradients = program([1.0, 2.0], [2.0, 3.0])
    for p, gradient in zip([w, b], gradients):
        p.data -= 0.1 * gradient
    return float(value)


def main() -> None:
    x, y = Value(2), Value(-3.0, "y")
    f = swish(x) + product(x, y) + maximum(x, y, 0.0) - log(x) ** 2 + square(x) * cube(y) + cross_entropy([x, y], 0)
    look(f, x)
    if f > 0 and x <= 2.0:
        f = f + abs(x) + (2**x) / 3
    data = [([1.0, -2.0], 1.0), ([0.5, 0.5], -1.0)]
    print(train(Neuron(2), data), compiled(Value(1.0), Value(0.0)), f"{f:.2f}", f.gate, f.parents[0].label)
    model = nn.MLP(2, [4, 1], activation="tanh", seed=1)
    history = nn.fit(model, [x for x, _ in data], [1, -1], loss="max_margin", optimizer="sgd", epochs=2, progress=False)
    print(model.summary(), history.loss[-1], model([0.5, -0.5]), nn.Adam(model.parameters(), 0.01))


if __name__ == "__main__":
    main()
