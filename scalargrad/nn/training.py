"""Training: batch after batch forward, backward, and a small step against the gradient."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..gates import number
from ..graph import topological_order
from ..value import Value
from .history import Diverged, History, Step, Validation
from .losses import LOSSES, Loss, accuracy, l2 as l2_of, loss_of, mse_loss
from .mlp import MLP
from .neurons import count
from .optimisers import Optimiser, at_least_0, optimiser_of
from .progress import progress_of
from .schedules import Schedule
from .starts import generator


class Data(NamedTuple):
    """N samples: X, a list of N lists of D numbers, and y, a list of N labels or targets."""

    X: list[list[Any]]
    y: list[Any]


def fit(
    model: Any,
    X: Iterable[Any],
    y: Iterable[Any],
    loss: str | Loss = "softmax",
    optimizer: str | Optimiser = "sgd",
    epochs: int = 100,
    batch_size: int | None = None,
    l2: float = 0.0,
    validation: tuple[Iterable[Any], Iterable[Any]] | None = None,
    progress: bool = True,
    seed: int | None = None,
    *,
    learning_rate: float | Schedule | None = None,
    steps: int | None = None,
) -> History:
    """The history of training `model`, which afterwards holds the new parameters.

    model: an `MLP`, or any `Module` that can be called with one sample.
    X: N samples, each a list of D numbers; an array of shape N x D will do.
    y: N labels: class indices for softmax and svm, -1 or 1 for max_margin, targets for mse.
    loss: "softmax", "svm", "max_margin", "mse", or a function (scores, labels) that gives a value.
    optimizer: "sgd", "rmsprop", "adam", or an `Optimiser` that moves parameters of this model.
    epochs: how often each sample is seen.
    batch_size: samples a step; by default all of them, in their order.  Batches are shuffled at each epoch.
    l2: that many times the sum of the squares of all weights, not of biases, is added to the loss.
    validation: (X, y) of other samples, on which loss and accuracy are computed after each epoch.
    progress: a bar, or lines if tqdm (the extra `train`) is not there; nothing where standard error is no terminal.
    seed: makes the shuffling reproducible; by default it uses the global `random`.
    learning_rate: a number or a schedule for an optimizer that is given by name; by default the optimizer's own.
    steps: ends after so many steps, even within an epoch.

    Ctrl-C ends it cleanly: the history so far is returned, its `stopped` says so, and the model holds the parameters of
    the last whole step.

    >>> from scalargrad.nn import MLP, quadrants
    >>> X, y = quadrants(40, seed=1)
    >>> model = MLP(2, [8, 1], "tanh", seed=1)
    >>> history = fit(model, X, y, "max_margin", "adam", epochs=100, learning_rate=0.1)
    >>> history.accuracy[-1]
    1.0

    Raises ValueError or TypeError for arguments that do not fit together, before anything is changed; `Diverged`, a
    FloatingPointError that has the history so far, if the loss or a gradient becomes nan or infinite: it names the
    step, the sample and the gate, and the model holds the parameters of the last whole step.
    """
    run = _Run(model, _data(X, y, "X"), loss_of(loss), at_least_0("l2", l2))
    others = None if validation is None else _data(*_pair(validation), "the validation X", len(run.data.X[0]))
    count("epochs", epochs)
    size = len(run.data.X) if batch_size is None else min(count("batch_size", batch_size), len(run.data.X))
    planned = epochs * math.ceil(len(run.data.X) / size)
    planned = planned if steps is None else min(planned, count("steps", steps))
    run.check(others)
    run.optimiser = optimiser_of(optimizer, run.parameters, learning_rate)
    bar = progress_of(planned, progress)
    try:
        for batch in _batches(len(run.data.X), size, planned, generator(seed)):
            bar.show(run.step(batch.samples))
            if others and (batch.ends_epoch or len(run.history) == planned):
                run.validate(others)
    except KeyboardInterrupt:
        run.history.stopped = f"interrupted after {len(run.history)} of {planned} steps"
    finally:
        bar.close()
    return run.history


class _Batch(NamedTuple):
    samples: Sequence[int]
    ends_epoch: bool


def _batches(n: int, size: int, steps: int, random: Any) -> Iterator[_Batch]:
    """So many batches of indices below n, shuffled at each epoch, unless all samples are in one batch."""
    order, start = list(range(n)), n
    for _ in range(steps):
        if start >= n:
            start = 0
            if size < n:
                random.shuffle(order)
        yield _Batch(order[start : start + size], start + size >= n)
        start += size


class _Run:
    """One call of `fit`: the model, the data, and what has happened so far."""

    def __init__(self, model: Any, data: Data, loss: Loss, l2: float):
        self.model, self.data, self.loss, self.l2 = model, data, loss, l2
        self.parameters: list[Value] = list(model.parameters())
        self.weights: list[Value] = list(getattr(model, "weights", model.parameters)()) if l2 else []
        self.history = History()
        self.optimiser: Optimiser

    def check(self, others: Data | None) -> None:
        """Runs the model on the first sample, and the loss, if it is one of ours, on every label."""
        for x, data in ((data.X[0], data) for data in (self.data, others) if data):
            score = self.model(x)
            if self.loss in LOSSES.values():
                zeros = [0.0] * len(score) if isinstance(score, (list, tuple)) else 0.0
                self.loss([zeros] * len(data.y), data.y)

    def step(self, samples: Sequence[int]) -> Step:
        """One step on these samples: forward, backward, update."""
        for p in self.parameters:
            p.grad = 0.0
        with _collector_paused():
            loss, right = self._backward(samples)
        done = Step(loss, right, self.optimiser.learning_rate)
        self._update()
        self.history.steps.append(done)
        return done

    def _backward(self, samples: Sequence[int]) -> tuple[float, float | None]:
        """The loss and the accuracy of a batch; the gradients are then in the parameters, and the graph is gone."""
        try:
            scores = [self.model(self.data.X[i]) for i in samples]
            labels = [self.data.y[i] for i in samples]
            loss = self._regularised(self.loss(scores, labels))
            loss.backward()
        except ArithmeticError as error:
            raise self._diverged(samples, str(error)) from error
        if _off(loss.data) or any([_off(p.grad) for p in self.parameters]):
            raise self._diverged(samples, _first_fault(loss))
        return loss.data, _accuracy(self.loss, scores, labels)

    def _regularised(self, loss: Any) -> Value:
        if not isinstance(loss, Value):
            raise TypeError(f"the loss gave {type(loss).__name__} {loss!r:.40}, not a Value: there is nothing to learn")
        return loss + self.l2 * l2_of(self.weights) if self.weights else loss

    def _update(self) -> None:
        """A step of the optimiser, or none: where it fails, is interrupted or overflows, it is taken back."""
        before = [p.data for p in self.parameters]
        fault = "the update was interrupted"
        try:
            self.optimiser.step()
            wrong = [p for p in self.parameters if _off(p.data)]
            fault = f"the update made {wrong[0].label or 'a parameter'} {wrong[0].data!r}" if wrong else ""
        except ArithmeticError as error:
            fault = f"the update failed: {error}"
        finally:
            for p, data in zip(self.parameters, before) if fault else ():
                p.data = data
        if fault:
            raise self._diverged((), fault)

    def validate(self, others: Data) -> None:
        """Adds the loss and the accuracy on other samples to the history."""
        on_floats = isinstance(self.model, MLP) and self.loss in LOSSES.values()
        predict = self.model.frozen() if on_floats else self.model
        scores = [predict(x) for x in others.X]
        loss = float(self.loss(scores, others.y))
        self.history.validations.append(Validation(len(self.history), loss, _accuracy(self.loss, scores, others.y)))

    def _diverged(self, samples: Sequence[int], reason: str) -> Diverged:
        sample, fault = self._culprit(samples)
        step, where = len(self.history), "" if sample is None else f", sample {sample}"
        self.history.stopped = f"diverged at step {step}"
        message = f"diverged at step {step}{where}: {fault or reason}; is the learning rate too large?"
        return Diverged(message, self.history, step, sample)

    def _culprit(self, samples: Sequence[int]) -> tuple[int | None, str]:
        """The first sample that goes wrong if it is alone in a batch, and how."""
        for i in samples:
            try:
                loss = self.loss([self.model(self.data.X[i])], [self.data.y[i]])
                loss.backward()
            except ArithmeticError as error:
                return i, str(error)
            except (ValueError, TypeError):  # a loss of the user's own that wants a whole batch
                break
            fault = _first_fault(loss)
            if fault:
                return i, fault
        return None, ""


def _off(x: float) -> bool:
    """Whether x is nan or infinite."""
    return not math.isfinite(x)


def _first_fault(loss: Value) -> str:
    """What gave the first number of a graph that is not finite, or else the first such gradient on the way back."""
    order = topological_order([loss])
    for node in order:
        if _off(node.data):
            return _fault(node, f"gave {node.data!r}")
    for node in reversed(order):
        for parent in node.parents:
            if _off(parent.grad):
                return _fault(node, f"passed the gradient {parent.grad!r} to one of them")
    return ""


def _fault(node: Value, what: str) -> str:
    if node.gate is None:
        return f"{node.label or 'an input'} is {node.data!r}"
    return str(node.gate.error(FloatingPointError(), what, node.numbers[1:], node.inputs))


def _accuracy(loss: Loss, scores: list[Any], labels: list[Any]) -> float | None:
    if loss is mse_loss:
        return None
    try:
        return accuracy(scores, labels)
    except (TypeError, ValueError):  # a loss of the user's own, of targets that are no class labels
        return None


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Python's cyclic collector sleeps: it would search graphs, which have no cycles, over and over again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# ---- arguments ----


def _data(X: Iterable[Any], y: Iterable[Any], name: str, width: int | None = None) -> Data:
    rows, labels = [_row(x, f"{name}[{i}]") for i, x in enumerate(X)], list(y)
    if not rows:
        raise ValueError(f"{name} is empty: there is nothing to learn from")
    if len(rows) != len(labels):
        raise ValueError(f"{name} has {len(rows)} samples and y has {len(labels)}: every sample needs one label")
    for i, row in enumerate(rows):
        if len(row) != (width or len(rows[0])):
            raise ValueError(f"{name}[{i}] has {len(row)} numbers, where the others have {width or len(rows[0])}")
    return Data(rows, labels)


def _row(x: Any, name: str) -> list[Any]:
    if isinstance(x, (Value, int, float, str)) or not hasattr(x, "__iter__"):
        raise TypeError(
            f"{name} is no list of numbers but {type(x).__name__} {x!r:.40}: write [x], also for one number"
        )
    row = [v if isinstance(v, Value) else number(v) for v in x]
    for j, v in enumerate(row):
        if _off(float(v)):
            raise ValueError(f"{name}[{j}] is {float(v)!r}")
    return row


def _pair(validation: Any) -> tuple[Iterable[Any], Iterable[Any]]:
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError("validation is a pair (X, y)")
    return validation[0], validation[1]
