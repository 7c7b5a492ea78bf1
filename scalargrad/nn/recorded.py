"""A training run whose graph is recorded once, for one sample, and then run on whole batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from ..compiled.descent import Descent
from ..compiled.engines import Result
from ..compiled.program import Loaded, Program, record
from ..graph import topological_order
from ..table import step
from ..text import amount
from ..value import Value
from .eager import Data, Run, Stretch, ctrl_c_waits, is_off
from .history import Step
from .losses import Loss, accuracy, gaps, is_list, loss_of_one, mse_loss
from .optimisers import OPTIMISERS, Optimiser, Rule

COMPARED_SAMPLES = 64  # at most; on them an engine is compared with the graphs themselves
COMPARED_WORK = 200_000  # parameters x samples; more samples of a large network would show nothing else
MAX_WORK = 5 * 10**8  # parameters x samples in one call of machine code: some tenths of a second, in which Ctrl-C waits


class Recorded(Run):
    """A `Run` on an engine of `record`; a step in which a number is not finite is taken as by `Run`.

    engine: the name of the engine; size: the number of samples in a batch.

    Samples of one length share a program.  With an optimiser of this package, the engine "native" runs whole epochs in
    one call, and parameters, and what the optimiser remembers of them, stay in its arrays until they are asked for.

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
        self._engine, self._programs = engine, dict[int, Program]()
        self._descent: Descent | None = None  # while it is there, it has the parameters
        try:
            self._samples = self._loaded(data)
            self._other_samples = self._loaded(others) if others else None
        except (TypeError, ValueError) as error:
            error.add_note("what cannot be recorded can be trained without engine=")
            raise
        compared = min(COMPARED_SAMPLES, max(2, COMPARED_WORK // len(self.parameters)))
        self._refuse_other_numbers(engine, range(min(size, len(data.X), compared)))
        known = type(optimiser) in OPTIMISERS.values() and optimiser.parameters == self.parameters
        self._rule = optimiser.rule if engine == "native" and known else None
        if self._rule:
            self.together = max(1, MAX_WORK // (len(self.parameters) * len(data.X)))

    # ---- what is recorded ----

    def _of_one(self, x: Any, label: Any, mark: Any = None) -> tuple[Value, ...]:
        """For one sample: the loss with and without regularisation; 1 if the prediction is right, else 0.

        mark: that of the label, where there is an accuracy (see `_has_accuracy`).
        """
        score = self.model(x)
        loss = loss_of_one(self.loss, score, label, mark)
        values = (self._regularised(loss), loss)
        return (*values, _right(score, mark)) if self._has_accuracy(score) else values

    def _has_accuracy(self, score: Any) -> bool:
        """Whether a prediction of one class can be read from the score of a sample; from many scores it cannot."""
        return self.loss is not mse_loss and not (is_list(score) and any(map(is_list, score)))

    def _loaded(self, data: Data) -> Samples:
        """The samples in programs, one for each length."""
        score = self.model(data.X[0])
        columns = [data.X, data.y]
        if self._has_accuracy(score):
            zeros = [0.0] * len(score) if is_list(score) else 0.0
            columns.append([_mark(zeros, label) for label in data.y])
        rows, places = dict[int, list[Any]](), []
        for row in zip(*columns):
            length = len(row[0])
            places.append((length, len(rows.setdefault(length, []))))
            rows[length].append(row)
        parts = []
        for length, some in rows.items():
            if length not in self._programs:
                self._programs[length] = record(self._of_one, some[0], self.parameters, self._engine)
            parts.append(self._programs[length].load(*map(list, zip(*some))))
        numbers = {length: k for k, length in enumerate(rows)}
        return Samples(parts, [(numbers[length], place) for length, place in places])

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
                f'the engine "{engine}" does not find the loss and gradients of {amount(len(samples), "sample")}: '
                "unless their loss is the mean of the losses of each alone, train without engine="
            )

    # ---- steps ----

    def through(self, stretch: Stretch) -> Iterator[Step]:
        done = self._descend(stretch, self._rule) if self._rule else []
        if not done:
            self.finish()
        yield from done or super().through(stretch)

    def _descend(self, stretch: Stretch, rule: Rule) -> list[Step]:
        """Takes all steps of a stretch in one call, or none if a number is not finite; returns those taken."""
        batches, optimiser = stretch.batches(), self.optimiser
        one_epoch = batches[: len(batches) // stretch.epochs]
        updates = [update for update in map(self._samples.in_one_program, one_epoch) if update]
        if len(updates) < len(one_epoch):
            return []
        numbers = [optimiser.numbers_of(optimiser.steps + i) for i in range(len(batches))]
        each = [x for step in numbers for x in step]
        with ctrl_c_waits():
            if self._descent is None:
                self._descent = self._samples.descent(rule, optimiser.memory, stretch.size)
            values = self._descent.run(updates, stretch.epochs, each)
            done = [
                Step(loss, _share(right, len(batch)), rate)
                for (loss, _, *right), batch, (rate, *_) in zip(values or (), batches, numbers)
            ]
            optimiser.steps += len(done)
            self.history.steps += done
        return done

    def finish(self) -> None:
        """Parameters and optimiser get what the arrays of machine code have."""
        with ctrl_c_waits():
            descent = self._descent
            if descent:
                for p, data, gradient in zip(self.parameters, descent.numbers, descent.gradients):
                    p._data, p._grad = data, gradient
                self.optimiser.follow(descent.memory)
            self._descent = None

    def _backward(self, samples: Sequence[int]) -> tuple[float, float | None]:
        try:
            loss, gradients, *others = self._samples(samples)
        except (ArithmeticError, ValueError):  # floats raise where arrays give nan
            return super()._backward(samples)
        if not _all_finite([loss, *gradients]):
            return super()._backward(samples)
        for p, gradient in zip(self.parameters, gradients):
            p._grad = gradient
        return loss, _share(others[1:], len(samples))

    def _validation(self, others: Data) -> tuple[float, float | None]:
        self.finish()
        if self._other_samples is None:
            return super()._validation(others)
        try:
            _, _, *values = self._other_samples(range(len(others.X)))
        except (ArithmeticError, ValueError):
            return super()._validation(others)
        loss, *right = values
        return super()._validation(others) if is_off(loss) else (loss, _share(right, len(others.X)))


class Samples:
    """Samples in programs, of which each has those of one length.

    parts: the programs, with their samples.
    places: for each sample which part has it, and at which index.
    """

    def __init__(self, parts: Sequence[Loaded], places: Sequence[tuple[int, int]]):
        self.parts, self.places = parts, places

    def __call__(self, chosen: Sequence[int]) -> Result:
        """(value, gradients, *others): means over the chosen samples."""
        alone = self.in_one_program(chosen)
        if alone:
            return self.parts[alone[0]](alone[1])
        found: list[tuple[float, Result]] = []
        for k, part in enumerate(self.parts):
            own = [place for which, place in map(self.places.__getitem__, chosen) if which == k]
            if own:
                found.append((len(own) / len(chosen), part(own)))
        values = [[share * x for x in (value, *others)] for share, (value, _, *others) in found]
        gradients = [[share * x for x in gradients] for share, (_, gradients, *_) in found]
        value, *others = map(sum, zip(*values))
        return value, [*map(sum, zip(*gradients))], *others

    def in_one_program(self, chosen: Sequence[int]) -> tuple[int, Sequence[int]] | None:
        """Which part has all of the chosen samples, and their indices in it; None where they are in several."""
        if len(self.parts) == 1:
            return 0, chosen
        which, places = zip(*map(self.places.__getitem__, chosen))
        return (which[0], places) if len({*which}) == 1 else None

    def descent(self, rule: Rule, memory: Sequence[Sequence[float]], size: int) -> Descent:
        """The parameters in arrays, which all parts share; size: how many samples a minibatch has at most."""
        numbers = [p.data for p in self.parts[0].parameters]
        return Descent(
            rule,
            [part.place(min(size, len(part))) for part in self.parts],
            numbers,
            memory,
            self.parts[0].values,
        )


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
