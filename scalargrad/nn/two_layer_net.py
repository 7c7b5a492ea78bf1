"""The two-layer net of CS231n's first assignment, in its own words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..value import Value
from .data import labels_of, rows_of
from .history import History
from .losses import l2, predicted_class, softmax_loss
from .mlp import MLP
from .neurons import count
from .optimisers import SGD
from .schedules import step_decay
from .starts import normal
from .training import fit


class TwoLayerNet(MLP):
    """input - fully connected layer - relu - fully connected layer - softmax: scores = relu(X W1 + b1) W2 + b2.

    input_size: D, the numbers of a sample.
    hidden_size: H, the neurons of the hidden layer.
    classes: C, two or more.
    std: the deviation of the normal distribution that the weights come from; biases begin with 0.
    seed: makes it reproducible; by default the weights come from the global `random`.

    It is an `MLP(D, [H, C])`: `net(x)` gives the C scores of one sample, `nn.save` saves it.

    >>> net = TwoLayerNet(4, 10, 3, seed=0)
    >>> loss, grads = net.loss([[1.0, 0.0, -1.0, 2.0]], [2], reg=0.1)
    >>> {name: (len(grad), len(grad[0])) for name, grad in grads.items() if name.startswith("W")}
    {'W1': (4, 10), 'W2': (10, 3)}

    Source: CS231n, assignment 1, neural_net.py.
    """

    def __init__(
        self, input_size: int, hidden_size: int, classes: int, std: float = 0.1, seed: int | None = None
    ) -> None:
        if count("classes", classes) == 1:
            raise ValueError("classes=1: there must be two or more")
        super().__init__(input_size, [hidden_size, classes], "relu", seed, start=normal(std))

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by name: W1 (D x H) and W2 (H x C), lists of rows of values; b1 (H) and b2 (C), lists."""
        first, second = self.layers
        return {"W1": first.W, "b1": first.b, "W2": second.W, "b2": second.b}

    def loss(self, X: Iterable[Any], y: Iterable[int] | None = None, reg: float = 0.0) -> Any:
        """(loss, gradients): the softmax loss of a batch with regularisation, and its gradients by name.

        X: N samples of D numbers.
        y: N class indices; without them the N x C scores are returned, as floats.
        reg: that many times the sum of the squares of W1 and W2 is added.

        The gradients have the shapes of `params`: {"W1": D x H floats, "b1": H, "W2": H x C, "b2": C}.
        """
        if y is None:
            return list(map(self.frozen(), rows_of(X)))
        self.zero_grad()
        loss = softmax_loss([self(x) for x in rows_of(X)], labels_of(y)) + reg * l2(self.weights())
        loss.backward()
        return loss.data, {name: _grads(values) for name, values in self.params.items()}

    def train(
        self,
        X: Iterable[Any],
        y: Iterable[int],
        X_val: Iterable[Any] | None = None,
        y_val: Iterable[int] | None = None,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.95,
        reg: float = 5e-6,
        num_iters: int = 100,
        batch_size: int = 200,
        verbose: bool = False,
        seed: int | None = None,
    ) -> History:
        """Trains by gradient descent, and returns the history, as `nn.fit` does.

        X, y: N samples of D numbers, and N class indices; X_val, y_val: others, to validate on after each epoch.
        learning_rate, learning_rate_decay: the rate, and what it is multiplied by after each epoch.
        reg: as of `loss`.
        num_iters: the number of steps; batch_size: the number of samples per step.
        verbose: whether progress is shown.
        seed: makes the batches reproducible.
        """
        X, y = rows_of(X), labels_of(y)
        per_epoch = max(1, math.ceil(len(X) / max(1, batch_size)))
        rate = step_decay(learning_rate, per_epoch, learning_rate_decay)
        return fit(
            *(self, X, y, "softmax", SGD(self.parameters(), rate)),
            epochs=math.ceil(num_iters / per_epoch),
            steps=num_iters,
            batch_size=batch_size,
            l2=reg,
            validation=None if X_val is None or y_val is None else (X_val, y_val),
            progress=verbose,
            seed=seed,
        )

    def predict(self, X: Iterable[Any]) -> list[int]:
        """The class with the largest score, for each of N samples of D numbers: N class indices."""
        return [predicted_class(scores) for scores in self.loss(X)]


def _grads(values: Any) -> Any:
    return values.grad if isinstance(values, Value) else [_grads(value) for value in values]
