"""Losses: how bad the scores of a batch are, as one number; and softmax, accuracy and regularisation.

A loss takes the scores of N samples, as a model gives them, and N labels, and gives the mean over the samples, made of
gates.  Scores may also be plain numbers; the loss then is one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

from .. import table
from ..functions import dot, exp, pick, relu, softplus, total
from ..gate import Gate, to_float
from ..given import listed
from ..table import add_up, largest
from ..text import amount
from ..value import Value
from ..views.javascript import OUTPUTS

Loss = Callable[[Any, Any], Any]
# An editor offers the names; any str is allowed, so that a loop over names is no false error of a type checker.
LossName = Literal["svm", "softmax", "max_margin", "binary_cross_entropy", "mse"] | str
F = TypeVar("F", bound=Callable[..., Any])
SCORES = "scores is a list with one entry per sample"


# ---- a loss of a batch, and of one sample ----


def of_one_sample(form: Callable[[Any, Any], Any]) -> Callable[[F], F]:
    """Says beside a loss what it is for one sample, without a branch: engines record this once, for all labels.

    form: a function of a score, or of the list of C scores of a sample, and of its mark.  The mark is the label in
        numbers that the graph can take: C numbers, 1 at the class and 0 elsewhere; for one score, the label as a float.
    """

    def beside(loss: F) -> F:
        vars(loss)["of_one_sample"] = form
        return loss

    return beside


def loss_of_one(loss: Loss, score: Any, label: Any, mark: Any) -> Any:
    """The loss of one sample: in its form for one, or, if it has none, as a batch of one."""
    form = getattr(loss, "of_one_sample", None)
    return form(score, mark) if form else loss_of_batch(loss, [score], [label])


def loss_of_batch(loss: Loss, scores: list[Any], labels: list[Any]) -> Any:
    """The loss of several samples; where one of the user's own fails on the lists, the error says what it is handed."""
    try:
        return loss(scores, labels)
    except TypeError as error:
        if loss not in LOSSES.values():
            error.add_note(
                "a loss of your own is handed two lists: the scores and the labels of all samples of a batch"
            )
        raise


def gaps(scores: Sequence[Any], mark: Sequence[Any]) -> list[Any]:
    """By how much each score is above that of the class."""
    right = dot(mark, scores)
    return [score - right for score in scores]


# ---- several classes: the labels are class indices ----


@of_one_sample(
    lambda scores, mark: total([(1.0 - is_class) * relu(gap + 1.0) for is_class, gap in zip(mark, gaps(scores, mark))])
)
def svm_loss(scores: Iterable[Sequence[Any]], labels: Iterable[int], margin: float = 1.0) -> Any:
    """The multiclass SVM loss: the mean over samples of the sum over j != y of max(0, s_j - s_y + margin).

    scores: N lists, one per sample, of C values or numbers, one per class.
    labels: N class indices from 0 to C - 1.
    margin: by how much the score of the right class should exceed the others.

    >>> round(svm_loss([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]], [0, 1, 2]), 2)  # 2.9, 0 and 12.9
    5.27

    Raises ValueError for an empty batch, for counts that differ, and for a label that is no class.
    Source: CS231n, Linear classification, "Multiclass Support Vector Machine loss"; lecture 3.
    """
    rows, indices = _classes(scores, labels)
    return mean(
        [total([relu(s - row[y] + margin) for j, s in enumerate(row) if j != y]) for row, y in zip(rows, indices)]
    )


@of_one_sample(lambda scores, mark: logsumexp(gaps(scores, mark)))
def softmax_loss(scores: Iterable[Sequence[Any]], labels: Iterable[int]) -> Any:
    """The cross-entropy loss of the softmax classifier: the mean over samples of -log(softmax(s)_y).

    scores: N lists, one per sample, of C values or numbers, one per class.
    labels: N class indices from 0 to C - 1; or values that hold them, as inputs of a recorded function are.

    Computed as logsumexp(s) - s_y for each sample, so that no probability can round to 0.  First the
    largest score, as a plain number, is subtracted from all, which changes nothing but the rounding.
    Where the label is a value, s_y is a `pick` gate, and nothing is subtracted.

    >>> round(softmax_loss([[3.2, 5.1, -1.7]], [0]), 2)
    2.04

    Raises ValueError for an empty batch, for counts that differ, and for a label that is no class.
    Source: CS231n, Linear classification, "Softmax classifier"; lecture 3.
    """
    rows, wanted = _rows_of_scores(scores, labels)
    return mean([_surprise(row, y, i) for i, (row, y) in enumerate(zip(rows, wanted))])


def _surprise(scores: Sequence[Any], label: Any, i: int) -> Any:
    """-log(softmax(scores)_label), of sample i."""
    if isinstance(label, Value):
        return logsumexp(scores) - pick(scores, label)
    row = _shifted(scores)
    return logsumexp(row) - row[_class_index(label, len(row), i)]


# ---- one score per sample ----


@of_one_sample(lambda score, mark: relu(1.0 - mark * score))
def max_margin_loss(scores: Iterable[Any], labels: Iterable[float], margin: float = 1.0) -> Any:
    """The binary SVM loss: the mean over samples of max(0, margin - y s).

    scores: N values or numbers, positive for the class +1.
    labels: N numbers, each -1 or 1.
    margin: how far from 0, on its own side, a score should be.

    >>> max_margin_loss([0.5, 3.0, 2.0], [1, 1, -1])  # 0.5, 0 and 3
    1.1666666666666667

    Raises ValueError for an empty batch, counts that differ and a label that is neither -1 nor 1.
    Source: CS231n, Neural Networks Part 1, "Binary SVM classifier"; micrograd's demo.
    """
    single, signs = _signs(scores, labels, (-1, 1))
    return mean([relu(margin - y * s) for s, y in zip(single, signs)])


@of_one_sample(lambda score, mark: softplus((1.0 - 2.0 * mark) * score))
def binary_cross_entropy_loss(scores: Iterable[Any], labels: Iterable[float]) -> Any:
    """The loss of logistic regression: the mean over samples of -log(p), p being the probability of the label.

    scores: N values or numbers, not yet squashed; the probability of the label 1 is sigmoid(score).
    labels: N numbers, each 0 or 1.

    Computed as softplus(-s) for the label 1 and softplus(s) for 0, so that no probability can round to 0.

    >>> binary_cross_entropy_loss([0.0], [1]) == math.log(2)
    True

    Raises ValueError for an empty batch, for counts that differ, and for a label that is neither 0 nor 1.
    Source: CS231n, Neural Networks Part 1, "Binary Softmax classifier".
    """
    single, ones = _signs(scores, labels, (0, 1))
    return mean([softplus(-s if y else s) for s, y in zip(single, ones)])


def mse_loss(scores: Iterable[Any], targets: Iterable[Any]) -> Any:
    """The mean squared error: the mean of (s - t) ** 2 over all scores.

    scores: N values or numbers, or N lists of C.
    targets: as many numbers, in the same shape.

    >>> mse_loss([1.0, 4.0], [1.0, 2.0])
    2.0

    Raises ValueError for an empty batch and shapes that differ.
    """
    rows, wanted = _batch(scores, targets, "targets")
    differences = []
    for i, (row, target) in enumerate(zip(map(_listed, rows), map(_listed, wanted))):
        if len(row) != len(target):
            raise ValueError(f"sample {i} has {amount(len(row), 'score')} and {amount(len(target), 'target')}")
        differences += [s - (t if isinstance(t, Value) else to_float(t)) for s, t in zip(row, target)]
    return mean([d * d for d in differences])


LOSSES: dict[str, Loss] = {
    "svm": svm_loss,
    "softmax": softmax_loss,
    "max_margin": max_margin_loss,
    "binary_cross_entropy": binary_cross_entropy_loss,
    "mse": mse_loss,
}


# ---- regularisation ----


def l2(weights: Iterable[Any]) -> Any:
    """The sum of the squares of the weights, as one dot gate of the weights with themselves.

    Biases are usually left out: `loss + reg * l2(model.weights())`.

    >>> l2([3.0, 4.0])
    25.0

    Source: CS231n, Linear classification, "Regularization"; without the factor 1/2 that some put before it.
    """
    ws = listed(weights, "l2 takes a list of weights, as in l2(model.weights())")
    return dot(ws, ws)


def l1(weights: Iterable[Any]) -> Any:
    """The sum of the absolute values of the weights; at a weight of 0 its slope is 0.

    >>> l1([3.0, -4.0])
    7.0
    """
    return total([table.abs_(w) for w in listed(weights, "l1 takes a list of weights, as in l1(model.weights())")])


# ---- softmax and its logarithm ----


def _logsumexp(*xs: float) -> float:
    most, others = largest(*xs), list(xs)
    if not math.isfinite(most):
        return most
    others.remove(most)
    return most + math.log1p(add_up(0.0, *[math.exp(x - most) for x in others]))


def _shifted_logarithm(*xs: Any) -> Any:
    most = table.maximum(*xs)
    return most + table.log(table.total(*[table.exp(x - most) for x in xs]))


LOGSUMEXP = Gate(
    _logsumexp,
    lambda z, *xs: tuple([table.exp(x - z) for x in xs]),
    name="logsumexp",
    expansion=_shifted_logarithm,
)
OUTPUTS[LOGSUMEXP] = """(...xs) => {
  const most = outputs.maximum(...xs), at = xs.indexOf(most);
  const others = xs.filter((x, i) => i !== at).reduce((sum, x) => sum + Math.exp(x - most), 0);
  return Number.isFinite(most) ? most + Math.log1p(others) : most;
}"""


def logsumexp(values: Iterable[Any]) -> Any:
    """log(e ** v1 + e ** v2 + ...) as one gate: a maximum with round corners.

    values: C values or numbers, one or more.

    Its local gradients are softmax(values).  The largest value is subtracted before and added after, so that no power
    overflows.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2)
    True

    Source: CS231n, Linear classification, "Practical issues: Numeric stability".
    """
    return LOGSUMEXP(*_some(values, "logsumexp"))


def softmax(scores: Iterable[Any]) -> list[Any]:
    """The probabilities e ** s_j / sum(e ** s): C values that sum to 1, without overflow for large scores.

    scores: C values or numbers, one or more.

    >>> [round(p, 2) for p in softmax([3.2, 5.1, -1.7])]  # the cat of lecture 3
    [0.13, 0.87, 0.0]
    """
    row = _some(scores, "softmax")
    if not any([isinstance(score, Value) for score in row]):
        row = _shifted(row)  # more digits; of values the largest is no plain number, since a program finds it anew
    z = logsumexp(row)
    return [exp(s - z) for s in row]


def _shifted(scores: Sequence[Any]) -> list[Any]:
    """The scores less the largest of them, a plain number: "shift the values of f so that the highest number is 0"."""
    most = largest(*map(float, scores))
    return [s - most for s in scores]


# ---- accuracy ----


def accuracy(scores: Iterable[Any], labels: Iterable[Any]) -> float:
    """The share of the samples that is classified correctly, from 0.0 to 1.0.

    scores: N lists of C scores, of which the largest is the prediction (the first of equal ones); or N single scores,
        whose sign is the prediction.
    labels: N class indices; or, for single scores, N numbers: 1 where the score is to be above 0, elsewhere -1 or 0.

    >>> accuracy([[3.0, 1.0], [0.0, 2.0]], [0, 0]), accuracy([2.0, -1.0], [1, -1])
    (0.5, 1.0)

    Raises ValueError for an empty batch, for counts that differ, and for a label that is no label.
    """
    rows = listed(scores, SCORES)
    if rows and is_list(rows[0]):
        many, indices = _classes(rows, labels)
        return sum(predicted_class(row) == y for row, y in zip(many, indices)) / len(many)
    single, signs = _signs(rows, labels, (-1, 0, 1))
    return sum(bool(s > 0) == (y > 0) for s, y in zip(single, signs)) / len(single)


def predicted_class(scores: Sequence[Any]) -> int:
    """The index of the largest of C scores, the first of equal ones."""
    return max(range(len(scores)), key=lambda j: float(scores[j]))


# ---- shapes and labels ----


def mean(values: list[Any]) -> Any:
    """The sum of N values, divided by N; of one value, itself."""
    return total(values) / len(values) if len(values) > 1 else values[0]


def _batch(scores: Iterable[Any], labels: Iterable[Any], name: str = "labels") -> tuple[list[Any], list[Any]]:
    rows, wanted = listed(scores, SCORES), listed(labels, f"{name} is a list with one entry per sample")
    for row in rows:
        if not (isinstance(row, Value) or is_list(row)):
            to_float(row)  # or its error
    if not rows:
        raise ValueError("an empty batch has no loss")
    if len(rows) != len(wanted):
        raise ValueError(
            f"{amount(len(rows), 'score')} and {amount(len(wanted), name[:-1])}: every sample needs one of each"
        )
    return rows, wanted


def _classes(scores: Iterable[Any], labels: Iterable[Any]) -> tuple[list[list[Any]], list[int]]:
    rows, wanted = _rows_of_scores(scores, labels)
    return rows, [_class_index(y, len(rows[0]), i) for i, y in enumerate(wanted)]


def _rows_of_scores(scores: Iterable[Any], labels: Iterable[Any]) -> tuple[list[list[Any]], list[Any]]:
    rows, wanted = _batch(scores, labels)
    for i, row in enumerate(rows):
        if not is_list(row):
            raise ValueError(
                f"sample {i} has one score: one score per class is needed, or a loss of one score: "
                "max_margin for labels -1 and 1, binary_cross_entropy for 0 and 1"
            )
        if len(row) != len(rows[0]):
            raise ValueError(f"sample {i} has {amount(len(row), 'score')}, sample 0 has {len(rows[0])}")
    return rows, wanted


def _class_index(label: Any, classes: int, i: int) -> int:
    try:
        index = operator.index(label)
    except TypeError:
        index = -1
    if isinstance(label, bool) or not 0 <= index < classes:
        raise ValueError(f"the label of sample {i} is {label!r}, not a class index from 0 to {classes - 1}")
    return index


def _signs(scores: Iterable[Any], labels: Iterable[Any], known: tuple[int, ...]) -> tuple[list[Any], list[float]]:
    rows, wanted = _batch(scores, labels)
    for i, (row, label) in enumerate(zip(rows, wanted)):
        if is_list(row):
            raise ValueError(
                f"sample {i} has {amount(len(row), 'score')} in a list: one number is needed, or the loss svm"
            )
        if isinstance(label, bool) or label not in known:
            words = f"neither {' nor '.join(map(str, known))}"
            hint = ": the loss binary_cross_entropy is of labels 0 and 1" if known == (-1, 1) and label == 0 else ""
            hint = ": the loss max_margin is of labels -1 and 1" if known == (0, 1) and label == -1 else hint
            raise ValueError(f"the label of sample {i} is {label!r}, {words}{hint}")
    return rows, [float(label) for label in wanted]


def is_list(row: Any) -> bool:
    return type(row) is list or not isinstance(row, (Value, int, float, str)) and hasattr(row, "__len__")


def _listed(row: Any) -> Sequence[Any]:
    return row if is_list(row) else [row]


def _some(values: Iterable[Any], name: str) -> list[Any]:
    some = listed(values, f"{name} takes a list of values, as in {name}([x, y])")
    if not some:
        raise ValueError(f"{name} of nothing: it takes one value or more")
    return some
