"""A training run whose graph is recorded once, for one sample, and then run on whole batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from ..compiled import record
from ..graph import topological_order
from ..table import step
from ..value import Value
from .eager import Data, Run, Stretch, is_off
from .history import Step
from .losses import Loss, accuracy, gaps, is_list, loss_of_one, mse_loss
from .optimisers import SGD, Optimiser

COMPARED_SAMPLES = 64  # at most; on them an engine is compared with the graphs themselves
MAX_WORK = 5 * 10**8  # parameters x samples in one call of machine code: some tenths of a second, in which Ctrl-C waits


class Recorded(Run):
    """A `Run` on an engine of `record`; a step in which a number is not finite is taken as by `Run`.

    engine: the name of the engine; size: the number of samples in a batch.

    With plain gradient descent, the engine "native" runs whole epochs in one call.

    Raises ValueError or TypeError, with a note, for what cannot be recorded, and for a loss of a batch that is not the
    mean of the losses of its samples; ImportError, naming the package, for an engine that is not installed.
    """

    def __init__(
        self,
        model: Any,
        data: Data,
        others: Data | None,
        loss: Loss,
        l2: float,
        optimiser: Optimiser,
        engine: str,
        size: int,
    ):
        super().__init__(model, data, others, loss, l2, optimiser)
        if not set(optimiser.parameters) <= set(self.parameters):
            raise ValueError("the optimizer moves values that are no parameters of this model: train without engine=")
        columns = self._columns(data)
        try:
            program = record(self._of_one, [column[0] for column in columns], self.parameters, engine)
            self._samples = program.load(*columns)
            self._other_samples = program.load(*self._columns(others)) if others else None
        except (TypeError, ValueError) as error:
            error.add_note("what cannot be recorded can be trained without engine=")
            raise
        self._refuse_other_numbers(engine, range(min(size, len(data.X), COMPARED_SAMPLES)))
        self._plain = _plain(optimiser) if engine == "native" and optimiser.parameters == self.parameters else None
        if self._plain:
            self.together = max(1, MAX_WORK // (len(self.parameters) * len(data.X)))

    # ---- what is recorded ----

    def _of_one(self, x: Any, label: Any, mark: Any) -> tuple[Value, ...]:
        """For one sample: the loss with and without regularisation; 1 if the prediction is right, else 0."""
        score = self.model(x)
        loss = loss_of_one(self.loss, score, label, mark)
        values = (self._regularised(loss), loss)
        return values if self.loss is mse_loss else (*values, _right(score, mark))

    def _columns(self, data: Data) -> tuple[list[Any], list[Any], list[Any]]:
        """The samples, their labels, and the marks of these labels."""
        score = self.model(data.X[0])
        zeros = [0.0] * len(score) if is_list(score) else 0.0
        marks = [0.0 if self.loss is mse_loss else _mark(zeros, label) for label in data.y]
        return data.X, data.y, marks

    def _refuse_other_numbers(self, engine: str, samples: Sequence[int]) -> None:
        """ValueError unless the engine finds the loss and the gradients of the graph of a batch."""
        held = [p.grad for p in self.parameters]
        try:
            for p in self.parameters:
                p.grad = 0.0
            loss, *_ = self._forward(samples)
            loss.backward()
            expected = [loss.data, *[p.grad for p in self.parameters]]
            found, gradients, *_ = self._samples(samples)
        except ArithmeticError:  # training comes to it, and explains it
            return
        finally:
            for p, grad in zip(self.parameters, held):
                p.grad = grad
        if _all_finite(expected) and not _are_close([found, *gradients], expected, _size(loss)):
            raise ValueError(
                f'the engine "{engine}" does not find the loss and gradients of {len(samples)} samples: '
                "unless their loss is the mean of the losses of each alone, train without engine="
            )

    # ---- steps ----

    def through(self, stretch: Stretch) -> Iterator[Step]:
        done = self._descend(stretch, self._plain) if self._plain else []
        yield from done or super().through(stretch)

    def _descend(self, stretch: Stretch, sgd: SGD) -> list[Step]:
        """Takes all steps of a stretch in one call, or none if a number is not finite; returns those taken."""
        batches = stretch.batches()
        rates = [sgd.schedule(sgd.steps + i) for i in range(len(batches))]
        numbers, velocity = [p.data for p in self.parameters], sgd.velocity
        values, gradients = self._samples.descend(
            numbers, velocity, rates, stretch.size, sgd.momentum, sgd.weight_decay, stretch.order
        )
        if not _all_finite([*numbers, *[loss for loss, *_ in values]]):
            return []
        done = [
            Step(loss, _share(right, len(batch)), rate)
            for (loss, _, *right), batch, rate in zip(values, batches, rates)
        ]
        with self._whole_or_not_at_all():
            for p, data, gradient in zip(self.parameters, numbers, gradients):
                p.data, p.grad = data, gradient
            sgd.follow(len(rates), velocity)
            self.history.steps += done
        return done

    def _backward(self, samples: Sequence[int]) -> tuple[float, float | None]:
        try:
            loss, gradients, *others = self._samples(samples)
        except (ArithmeticError, ValueError):  # floats raise where arrays give nan
            return super()._backward(samples)
        if not _all_finite([loss, *gradients]):
            return super()._backward(samples)
        for p, gradient in zip(self.parameters, gradients):
            p.grad = gradient
        return loss, _share(others[1:], len(samples))

    def _validation(self, others: Data) -> tuple[float, float | None]:
        if self._other_samples is None:
            return super()._validation(others)
        try:
            _, _, *values = self._other_samples()
        except (ArithmeticError, ValueError):
            return super()._validation(others)
        loss, *right = values
        return super()._validation(others) if is_off(loss) else (loss, _share(right, len(others.X)))


def _plain(optimiser: Optimiser) -> SGD | None:
    """The optimiser, if machine code can do what it does, else None."""
    return optimiser if type(optimiser) is SGD and not optimiser.nesterov else None


# ---- of one sample, without branches ----


def _mark(zeros: Any, label: Any) -> Any:
    """The mark of a label (see `of_one_sample`); nan if it is no label of a class.

    zeros: scores, as many as there are classes, or one.
    """
    try:
        accuracy([zeros], [label])
    except (TypeError, ValueError):
        return [math.nan for _ in zeros] if is_list(zeros) else math.nan
    return [float(j == label) for j in range(len(zeros))] if is_list(zeros) else float(label)


def _right(score: Any, mark: Any) -> Any:
    """1 if a prediction is right, else 0: no score exceeds that of the class, and no earlier one equals it."""
    if is_list(score):
        return math.prod([step(0.0, gap, tie) for gap, tie in zip(gaps(score, mark), accumulate(mark))])
    return 1.0 - (step(score, 0.0, 0.0) - step(mark, 0.0, 0.0)) ** 2


def _share(right: list[float], n: int) -> float | None:
    """The accuracy on n samples, exact; None if a label is no class, or if accuracy was not computed."""
    return None if not right or is_off(right[0]) else round(right[0] * n) / n


# ---- the comparison ----


def _all_finite(numbers: list[float]) -> bool:
    return all(map(math.isfinite, numbers))


def _size(root: Value) -> float:
    """The largest number of a graph, forward or back: rounding errors are small beside it."""
    return max([max(abs(node.data), abs(node.grad)) for node in topological_order([root])])


def _are_close(found: list[float], expected: list[float], size: float) -> bool:
    """Whether numbers agree to 1e-9, beyond what rounding does where large ones cancel."""
    allowed = 1e-9 * max(map(abs, expected)) + 1e-13 * size
    return all([abs(x - y) <= allowed for x, y in zip(found, expected)])
