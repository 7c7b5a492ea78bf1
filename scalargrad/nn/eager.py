"""A training run whose graph is built anew at each step; it explains what goes wrong."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..collector import collector_paused
from ..graph import topological_order
from ..value import Value
from .history import Diverged, History, Step, Validation
from .losses import LOSSES, Loss, accuracy, l2 as l2_of, loss_of_batch, mse_loss
from .mlp import MLP
from .optimisers import Optimiser


class Data(NamedTuple):
    """N samples: X, a list of N lists of D numbers, and y, a list of N labels or targets."""

    X: list[list[Any]]
    y: list[Any]


class Stretch(NamedTuple):
    """Steps that are taken in a row: those of an epoch, or of several epochs if all samples are in one batch.

    order: the samples of an epoch, by their indices.
    size: the number of samples in a batch.
    epochs: how many times the order is gone through.
    """

    order: Sequence[int]
    size: int
    epochs: int = 1

    def batches(self) -> list[Sequence[int]]:
        """The samples of each step."""
        starts = range(0, len(self.order), self.size)
        return [self.order[start : start + self.size] for start in starts] * self.epochs


class Run:
    """One call of `fit`: the model, the data, and what has happened so far; the graph is built anew at each step.

    others: the validation data, if there are any.
    """

    together = 1  # how many epochs of one batch each may be one stretch

    def __init__(self, model: Any, data: Data, others: Data | None, loss: Loss, l2: float, optimiser: Optimiser):
        self.model, self.data, self.others, self.loss, self.l2 = model, data, others, loss, l2
        self.optimiser = optimiser
        self.parameters: list[Value] = list(model.parameters())
        self.weights: list[Value] = list(getattr(model, "weights", model.parameters)()) if l2 else []
        self.history = History()

    def through(self, stretch: Stretch) -> Iterator[Step]:
        """Takes the steps of a stretch, and yields each when it is done."""
        for batch in stretch.batches():
            yield self.step(batch)

    def step(self, samples: Sequence[int]) -> Step:
        """Takes one step on these samples: forward, backward, update."""
        for p in self.parameters:
            p._grad = 0.0
        with collector_paused():
            loss, right = self._backward(samples)
        done = Step(loss, right, self.optimiser.learning_rate)
        with self._whole_or_not_at_all():
            self._update()
            self.history.steps.append(done)
        return done

    def _backward(self, samples: Sequence[int]) -> tuple[float, float | None]:
        """The loss and accuracy of a batch.  Afterwards the parameters hold its gradients, and the graph is gone."""
        try:
            loss, scores, labels = self._forward(samples)
            loss.backward()
        except ArithmeticError as error:
            raise self._diverged(samples, str(error)) from error
        if not all(map(math.isfinite, [loss.data, *[p._grad for p in self.parameters]])):
            raise self._diverged(samples, _first_fault(loss))
        return loss.data, _accuracy(self.loss, scores, labels)

    def _forward(self, samples: Sequence[int]) -> tuple[Value, list[Any], list[Any]]:
        scores = [self.model(self.data.X[i]) for i in samples]
        labels = [self.data.y[i] for i in samples]
        return self._regularised(loss_of_batch(self.loss, scores, labels)), scores, labels

    def _regularised(self, loss: Any) -> Value:
        if not isinstance(loss, Value):
            raise TypeError(f"the loss gave {type(loss).__name__} {loss!r:.40}, not a Value: there is nothing to learn")
        return loss + self.l2 * l2_of(self.weights) if self.weights else loss

    def _update(self) -> None:
        """A step of the optimiser; `Diverged` where it fails or overflows."""
        try:
            self.optimiser.step()
        except ArithmeticError as error:
            raise self._diverged((), f"the update failed: {error}") from error
        for p in self.parameters:
            if is_off(p._data):
                raise self._diverged((), f"the update made {p.label or 'a parameter'} {p.data!r}")

    @contextmanager
    def _whole_or_not_at_all(self) -> Iterator[None]:
        """Parameters, optimiser and history change together: Ctrl-C waits, and an error takes all of it back."""
        numbers, steps = [p._data for p in self.parameters], len(self.history)
        remembered = self.optimiser.remembered()
        with ctrl_c_waits():
            try:
                yield
            except BaseException:
                for p, data in zip(self.parameters, numbers):
                    p.data = data
                self.optimiser.recall(remembered)
                del self.history.steps[steps:]
                raise

    def finish(self) -> None:
        """Puts the parameters where the model has them, if a run had them elsewhere."""

    def validate(self) -> None:
        """Adds the loss and the accuracy on the validation data to the history, if there are any."""
        if self.others:
            loss, right = self._validation(self.others)
            self.history.validations.append(Validation(len(self.history), loss, right))

    def _validation(self, others: Data) -> tuple[float, float | None]:
        on_floats = isinstance(self.model, MLP) and self.loss in LOSSES.values()
        predict = self.model.frozen() if on_floats else self.model
        scores = [predict(x) for x in others.X]
        return float(self.loss(scores, others.y)), _accuracy(self.loss, scores, others.y)

    def _diverged(self, samples: Sequence[int], reason: str) -> Diverged:
        sample, fault = self._culprit(samples)
        step, where = len(self.history), "" if sample is None else f", sample {sample}"
        self.history.stopped = f"diverged at step {step}"
        message = f"diverged at step {step}{where}: {fault or reason}; is the learning rate too large?"
        return Diverged(message, self.history, step, sample)

    def _culprit(self, samples: Sequence[int]) -> tuple[int | None, str]:
        """The first sample that goes wrong when it is alone in a batch, and what goes wrong."""
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


def is_off(x: float) -> bool:
    """Whether x is nan or infinite."""
    return not math.isfinite(x)


def _first_fault(loss: Value) -> str:
    """What gave the first number of a graph that is not finite, or else the first such gradient on the way back."""
    order = topological_order([loss])
    for node in order:
        if is_off(node.data):
            return _fault(node, f"gave {node.data!r}")
    for node in reversed(order):
        for parent in node.parents:
            if is_off(parent.grad):
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
def ctrl_c_waits() -> Iterator[None]:
    """What is inside is done to its end before a Ctrl-C that comes meanwhile is a KeyboardInterrupt."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield  # here, Ctrl-C is no KeyboardInterrupt
        return
    came: list[tuple[Any, ...]] = []
    signal.signal(signal.SIGINT, lambda *how: came.append(how))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])
