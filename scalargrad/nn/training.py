"""Training: batch after batch forward, backward, and a small step against the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Never

from ..compiled.program import EngineName
from ..gate import to_float
from ..given import wrong
from ..text import amount
from ..value import Value
from .choices import chosen, refuse_misspelt
from .data import labels_of, rows_of
from .eager import Data, Run, Stretch, is_off
from .history import History
from .losses import LOSSES, Loss, LossName
from .neurons import count
from .optimisers import Optimiser, OptimiserName, at_least_0, optimiser_of
from .progress import progress_of, tell_of_interruption
from .recorded import Recorded
from .schedules import Schedule
from .starts import generator


def fit(
    model: Any,
    X: Iterable[Any],
    y: Iterable[Any],
    loss: LossName | Loss = "softmax",
    optimizer: OptimiserName | Optimiser = "sgd",
    epochs: int = 100,
    batch_size: int | None = None,
    l2: float = 0.0,
    validation: tuple[Iterable[Any], Iterable[Any]] | None = None,
    progress: bool = True,
    seed: int | None = None,
    *,
    learning_rate: float | Schedule | None = None,
    steps: int | None = None,
    engine: EngineName | None = None,
    **misspelt: Never,
) -> History:
    """Trains `model`, which afterwards holds the new parameters, and returns the history.

    model: an `MLP`, or any `Module` that can be called with one sample.
    X: N samples, each a list of D numbers; or an array or table of pandas with N rows and D columns; or N sequences of
        different lengths, such as texts whose letters are numbered, if y has a list with as many labels for each.
    y: N labels, also as an array, a series or a column: class indices for softmax and svm, -1 or 1 for max_margin, 0 or
        1 for binary_cross_entropy, targets for mse.
    loss: "softmax", "svm", "max_margin", "binary_cross_entropy", "mse", or a function (scores, labels) that gives a
        value.
    optimizer: "sgd", "rmsprop", "adam", or an `Optimiser` that moves parameters of this model.
    epochs: how many times each sample is used.
    batch_size: the number of samples per step; by default all, in their order.  Smaller batches are shuffled anew in
        each epoch.
    l2: the strength of regularisation: l2 times the sum of squares of all weights, not biases, is added to the loss.
    validation: a pair (X, y) of other samples, on which loss and accuracy are computed after each epoch.
    progress: a bar, or lines if tqdm is not installed; nothing unless standard error is a terminal or a notebook.
    seed: makes the shuffling reproducible; by default it uses the global `random`.
    learning_rate: a number or a schedule for an optimizer that is given by name; by default the optimizer's own.
    steps: the largest number of steps; training ends after them even within an epoch.
    engine: "python", "numpy", "jax" or "native", the engines of `record`: the graph of one sample is recorded once and
        run on batches, instead of being built anew at each step.  The results agree up to rounding.

    Ctrl-C ends training cleanly: the history so far is returned, and its `stopped` says so.  Parameters, optimizer and
    history are then those after the last whole step; under "native", which runs whole epochs in machine code if the
    optimizer is one of this package, those after the last epoch.

    >>> from scalargrad.nn import MLP, quadrants
    >>> X, y = quadrants(40, seed=1)
    >>> model = MLP(2, [8, 1], "tanh", seed=1)
    >>> history = fit(model, X, y, "max_margin", "adam", epochs=100, learning_rate=0.1)
    >>> history.accuracy[-1]
    1.0
    >>> again = MLP(2, [8, 1], "tanh", seed=1)
    >>> recorded = fit(again, X, y, "max_margin", "adam", epochs=100, learning_rate=0.1, engine="python")
    >>> recorded.accuracy == history.accuracy, abs(recorded.loss[-1] - history.loss[-1]) < 1e-9
    (True, True)

    An engine refuses what it cannot run, as `record` does.  With an engine, a loss of your own must be the mean of the
    losses of all samples; this is checked on some of them.  Where floats end, "python" raises an error, and "numpy",
    "jax" and "native" give nan or inf, as arrays do: such a step is taken again without the engine, so that the error
    names the gate.  Samples of one length share what is recorded.

    Raises ValueError or TypeError, before anything is changed, for arguments that do not fit together.  Raises
    `Diverged`, a FloatingPointError with the history so far, if the loss or a gradient becomes nan or infinite: it
    names the step, the sample and the gate, and the model keeps the parameters of the last whole step.  Raises
    ImportError, naming the package, for an engine that is not installed.
    """
    refuse_misspelt("fit", misspelt)
    chosen_loss, l2 = chosen("a loss", loss, LOSSES), at_least_0("l2", l2)
    labels = labels_of if chosen_loss in LOSSES.values() else rows_of
    data = _data(X, labels(y), "X")
    others = None
    if validation is not None:
        X_val, y_val = _pair(validation)
        others = _data(X_val, labels(y_val), "the validation X", len(data.X[0]))
    count("epochs", epochs)
    size = len(data.X) if batch_size is None else min(count("batch_size", batch_size), len(data.X))
    planned = epochs * math.ceil(len(data.X) / size)
    planned = planned if steps is None else min(planned, count("steps", steps))
    _check(model, chosen_loss, data, others)
    optimiser = optimiser_of(optimizer, list(model.parameters()), learning_rate)
    task = (model, data, others, chosen_loss, l2, optimiser)
    run = Run(*task) if engine is None else Recorded(*task, engine, size)
    bar = progress_of(planned, progress)
    try:
        try:
            for stretch in _stretches(len(data.X), size, planned, 1 if others else run.together, generator(seed)):
                for step in run.through(stretch):
                    bar.show(step)
                run.validate()
        finally:
            run.finish()
    except KeyboardInterrupt:
        run.finish()  # it may have come before that
        run.history.stopped = f"interrupted after {len(run.history)} of {amount(planned, 'step')}"
    finally:
        bar.close()
    if run.history.stopped:
        tell_of_interruption(run.history.steps, planned)
    return run.history


def _stretches(n: int, size: int, steps: int, together: int, random: Any) -> Iterator[Stretch]:
    """Stretches of `steps` steps in all: one shuffled epoch each, or several epochs that are one batch each."""
    order = list(range(n))
    while steps > 0:
        if size < n:
            random.shuffle(order)
            stretch = Stretch(order[: steps * size], size)
        else:
            stretch = Stretch(range(n), size, min(steps, together))
        yield stretch
        steps -= len(stretch.batches())


# ---- arguments ----


def _check(model: Any, loss: Loss, *of_data: Data | None) -> None:
    """Runs the model on the first sample, and the loss, if it is one of ours, on every label."""
    if not callable(model) or not hasattr(model, "parameters"):
        raise wrong("model is a network, as in nn.MLP(2, [8, 1])", model)
    for data in filter(None, of_data):
        score = model(data.X[0])
        if loss in LOSSES.values():
            zeros = [0.0] * len(score) if isinstance(score, (list, tuple)) else 0.0
            loss([zeros] * len(data.y), data.y)


def _data(X: Any, labels: list[Any], name: str, width: int | None = None) -> Data:
    rows = [_row(x, f"{name}[{i}]") for i, x in enumerate(rows_of(X))]
    if not rows:
        raise ValueError(f"{name} is empty: there is nothing to learn from")
    if len(rows) != len(labels):
        raise ValueError(
            f"{name} has {amount(len(rows), 'sample')} and y has {len(labels)}: every sample needs one label"
        )
    are_sequences = all([hasattr(label, "__len__") and len(label) == len(row) for row, label in zip(rows, labels)])
    for i, row in enumerate([] if are_sequences else rows):
        if len(row) != (width or len(rows[0])):
            raise ValueError(
                f"{name}[{i}] has {amount(len(row), 'number')}, where the others have {width or len(rows[0])}"
            )
    return Data(rows, labels)


def _row(x: Any, name: str) -> list[Any]:
    if isinstance(x, (Value, int, float, str)) or not hasattr(x, "__iter__"):
        raise TypeError(
            f"{name} is no list of numbers but {type(x).__name__} {x!r:.40}: write [x], also for one number"
        )
    row = [v if isinstance(v, Value) else to_float(v) for v in x]
    for j, v in enumerate(row):
        if is_off(float(v)):
            raise ValueError(f"{name}[{j}] is {float(v)!r}")
    return row


def _pair(validation: Any) -> tuple[Iterable[Any], Iterable[Any]]:
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError("validation is a pair (X, y)")
    return validation[0], validation[1]
