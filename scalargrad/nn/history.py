"""What happened during training."""

from __future__ import annotations

from typing import NamedTuple

from ..text import amount


class Step(NamedTuple):
    """One step of training, before its update.

    loss: the loss of the batch, with regularisation.
    accuracy: the share of the batch that is classified correctly, from 0 to 1; None if the targets are no class labels.
    learning_rate: the rate of the update.
    """

    loss: float
    accuracy: float | None
    learning_rate: float


class Validation(NamedTuple):
    """How the model did on the validation data, after an epoch.

    step: how many steps had been taken.
    loss: the loss on these data, without regularisation.
    accuracy: from 0 to 1; None if the targets are no class labels.
    """

    step: int
    loss: float
    accuracy: float | None


class History:
    """The steps of a training run.

    steps: a list of `Step`; `loss`, `accuracy` and `learning_rate` are its columns, one number per step.
    validations: a list of `Validation`, one per epoch; empty without validation data.
    stopped: why the run ended early; empty if it did not.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.validations: list[Validation] = []
        self.stopped = ""

    @property
    def loss(self) -> list[float]:
        """The loss of each step."""
        return [step.loss for step in self.steps]

    @property
    def accuracy(self) -> list[float | None]:
        """The accuracy of each step."""
        return [step.accuracy for step in self.steps]

    @property
    def learning_rate(self) -> list[float]:
        """The learning rate of each step."""
        return [step.learning_rate for step in self.steps]

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        if not self.steps:
            return f"<History of 0 steps{', ' + self.stopped if self.stopped else ''}>"
        first, last = self.steps[0], self.steps[-1]
        right = "" if last.accuracy is None else f", accuracy {last.accuracy:.0%}"
        ended = f", {self.stopped}" if self.stopped else ""
        return f"<History of {amount(len(self), 'step')}: loss {first.loss:.4g} -> {last.loss:.4g}{right}{ended}>"


class Diverged(FloatingPointError):
    """Raised when training meets nan, infinity or an overflow.  The message names the step, the sample and the gate.

    history: the history of the steps before.
    step: the number of the failing step, counted from 0.
    sample: the index of the sample in the training data; None where no single one is to blame.
    """

    def __init__(self, message: str, history: History, step: int, sample: int | None):
        super().__init__(message)
        self.history, self.step, self.sample = history, step, sample

    def __reduce__(self) -> tuple[type[Diverged], tuple[str, History, int, int | None]]:
        return type(self), (str(self), self.history, self.step, self.sample)
