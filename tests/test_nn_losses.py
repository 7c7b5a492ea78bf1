"""Losses, softmax, accuracy and regularisation, against closed forms, mpmath and, where it is installed, torch."""

from __future__ import annotations

import math

import mpmath
import pytest
from hypothesis import given, settings, strategies as st

from scalargrad import Value, backprop_code, check_gradients, expand, hessian, latex, nn, steps
from scalargrad.graph import topological_order
from scalargrad.nn.losses import loss_of_one

LECTURE = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]  # cat, car, frog
scores_of_a_batch = st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=4)
nan, inf = math.nan, math.inf


def values(rows):
    return [list(map(Value, row)) for row in rows]


def grads(rows):
    return [[s.grad for s in row] for row in rows]


def numbers(rows):
    return [x for row in rows for x in row]


# ---- the numbers of the lecture ----


def test_svm_loss_of_the_lecture():
    each = [nn.svm_loss([row], [y]) for y, row in enumerate(LECTURE)]
    assert [round(loss, 1) for loss in each] == [2.9, 0, 12.9]
    assert nn.svm_loss(LECTURE, [0, 1, 2]) == pytest.approx(15.8 / 3)


def test_softmax_of_the_lecture():
    assert [round(p, 2) for p in nn.softmax(LECTURE[0])] == [0.13, 0.87, 0.0]
    assert nn.softmax_loss(LECTURE[:1], [0]) == pytest.approx(2.04035515, rel=1e-8)


def test_svm_loss_of_the_notes():
    assert nn.svm_loss([[13, -7, 11]], [0], margin=10) == 8.0


def test_regularisation_of_the_notes():
    assert nn.l2([1.0, 0.0, 0.0, 0.0]) == 1.0 and nn.l2([0.25] * 4) == 0.25
    assert nn.l1([1.0, -2.0, 0.0]) == 3.0


# ---- values and gradients against closed forms ----


@settings(max_examples=50)
@given(scores_of_a_batch, st.data())
def test_softmax_loss_against_mpmath(rows, data):
    labels = [data.draw(st.integers(0, 2)) for _ in rows]
    given = values(rows)
    loss = nn.softmax_loss(given, labels)
    loss.backward()
    with mpmath.workdps(40):
        sums = [mpmath.fsum([mpmath.exp(s) for s in row]) for row in rows]
        exact = mpmath.fsum([mpmath.log(z) - row[y] for z, row, y in zip(sums, rows, labels)]) / len(rows)
        slopes = [
            [(mpmath.exp(s) / z - (j == y)) / len(rows) for j, s in enumerate(row)]
            for z, row, y in zip(sums, rows, labels)
        ]
    assert loss.data == pytest.approx(float(exact), rel=1e-12, abs=1e-13)
    assert numbers(grads(given)) == pytest.approx([float(x) for x in numbers(slopes)], rel=1e-12, abs=1e-13)


@settings(max_examples=50)
@given(scores_of_a_batch, st.data())
def test_svm_loss_against_its_formula(rows, data):
    labels = [data.draw(st.integers(0, 2)) for _ in rows]
    given = values(rows)
    loss = nn.svm_loss(given, labels)
    loss.backward()
    margins = [[s - row[y] + 1 if j != y else 0 for j, s in enumerate(row)] for row, y in zip(rows, labels)]
    assert loss.data == pytest.approx(sum(max(0, m) for m in numbers(margins)) / len(rows), rel=1e-12)
    for row, y, slopes in zip(margins, labels, grads(given)):
        wins = [float(m > 0) for m in row]
        wins[y] = -sum(wins)
        assert slopes == pytest.approx([w / len(rows) for w in wins], rel=1e-12)


def test_max_margin_loss_against_its_formula():
    scores, labels = list(map(Value, [0.5, 3.0, 2.0, -0.25])), [1, 1, -1, -1.0]
    loss = nn.max_margin_loss(scores, labels)
    loss.backward()
    assert loss.data == (0.5 + 0 + 3 + 0.75) / 4
    assert [s.grad for s in scores] == [-0.25, 0, 0.25, 0.25]


@given(st.lists(st.tuples(st.floats(-700, 700), st.sampled_from([0, 1, 0.0, 1.0])), min_size=1, max_size=5))
def test_binary_cross_entropy_against_mpmath(samples):
    scores, labels = [Value(s) for s, _ in samples], [y for _, y in samples]
    loss = nn.binary_cross_entropy_loss(scores, labels)
    loss.backward()
    with mpmath.workdps(700):
        ps = [1 / (1 + mpmath.exp(-mpmath.mpf(s))) for s, _ in samples]
        exact = -mpmath.fsum([mpmath.log(p if y else 1 - p) for p, y in zip(ps, labels)]) / len(ps)
        slopes = [float((p - y) / len(ps)) for p, y in zip(ps, labels)]
    assert loss.data == pytest.approx(float(exact), rel=1e-12, abs=0)
    assert [s.grad for s in scores] == pytest.approx(slopes, rel=1e-11, abs=0)


@pytest.mark.parametrize("name", nn.LOSSES)
def test_the_form_for_one_sample_is_the_loss_of_a_batch_of_one(name):
    if name == "mse":
        return  # it has none: it is recorded as a batch of one
    several = name in ("svm", "softmax")
    labels = (0, 1, 2) if several else (0, 1) if name == "binary_cross_entropy" else (-1, 1)
    for score in ([0.5, -2.0, 0.25], [-1.0, 1.5, 1.5]) if several else (0.5, -2.0, 1.0):
        for label in labels:
            mark = [float(j == label) for j in range(3)] if several else float(label)
            batch, one = ([Value(s) for s in score] if several else [Value(score)] for _ in range(2))
            losses = (
                nn.LOSSES[name]([batch if several else batch[0]], [label]),
                loss_of_one(nn.LOSSES[name], one if several else one[0], None, mark),
            )
            for loss in losses:
                loss.backward()
            assert losses[1].data == pytest.approx(losses[0].data, rel=1e-14, abs=1e-15)
            assert [s.grad for s in one] == pytest.approx([s.grad for s in batch], rel=1e-14, abs=1e-15)


def test_mse_loss_against_its_formula():
    scores = values([[1.0, 2.0], [3.0, 5.0]])
    loss = nn.mse_loss(scores, [[0.0, 2.0], [4.0, 2.0]])
    loss.backward()
    assert loss.data == (1 + 0 + 1 + 9) / 4
    assert grads(scores) == [[0.5, 0.0], [-0.5, 1.5]]


def test_gradients_of_regularisation():
    ws = [Value(3.0), Value(-0.5), Value(0.0)]
    (nn.l2(ws) + nn.l1(ws)).backward()
    assert [w.grad for w in ws] == [7.0, -2.0, 0.0]
    assert len(topological_order([nn.l2(ws)])) == 4  # one gate


@pytest.mark.parametrize("loss", [nn.svm_loss, nn.softmax_loss])
def test_gradients_against_slopes(loss):
    def of_scores(a, b, c, d, e, f):
        return loss([[a, b, c], [d, e, f]], [2, 0])

    assert check_gradients(of_scores, [0.3, 1.2, -0.7, 2.0, 0.1, 1.4], raise_on_error=True)
    assert check_gradients(of_scores, [0.3, 1.2, -0.7, 2.0, 0.1, 1.4], order=2, raise_on_error=True)


@pytest.mark.parametrize("name", nn.LOSSES)
def test_a_loss_of_numbers_is_the_number(name):
    of_one_score = {"max_margin": [1, -1], "mse": [1, -1], "binary_cross_entropy": [1, 0]}
    scores, labels = [0.5, -2.0] if name in of_one_score else [[1.0, 0.5], [0.0, 2.0]], of_one_score.get(name, [0, 0])
    as_values = values(scores) if isinstance(scores[0], list) else list(map(Value, scores))
    plain = nn.LOSSES[name](scores, labels)
    assert type(plain) is float and nn.LOSSES[name](as_values, labels).data == plain


# ---- far out ----


def test_softmax_loss_far_out():
    far = values([[1000.0, -1000.0, 0.0]])
    loss = nn.softmax_loss(far, [1])
    loss.backward()
    assert loss.data == 2000.0 and grads(far) == [[1.0, -1.0, 0.0]]
    same = values([[1e17, 1e17]])
    loss = nn.softmax_loss(same, [0])
    loss.backward()
    assert loss.data == math.log(2) and grads(same) == [[-0.5, 0.5]]
    assert nn.softmax_loss([[1000.0, 950.0]], [0]) == pytest.approx(math.exp(-50), rel=1e-14)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=6))
def test_softmax_adds_up_to_1(scores):
    probabilities = nn.softmax(scores)
    assert sum(probabilities) == pytest.approx(1.0, rel=1e-12) and min(probabilities) >= 0


def test_logsumexp():
    assert nn.logsumexp([5.0]) == 5.0
    assert nn.logsumexp([inf, 1.0]) == inf and nn.logsumexp([-inf, -inf]) == -inf
    assert math.isnan(nn.logsumexp([nan, 1.0])) and math.isnan(nn.logsumexp([1.0, nan]))
    assert nn.logsumexp([-inf, 2.0]) == 2.0


def test_logsumexp_is_one_gate_whose_slopes_are_softmax():
    xs = list(map(Value, (0.5, -1.0, 2.0)))
    z = nn.logsumexp(xs)
    assert z.parents == tuple(xs) and z.gate.name == "logsumexp"
    assert z.local_gradients() == pytest.approx([p.data for p in nn.softmax(xs)], rel=1e-14)
    assert expand(z).data == pytest.approx(z.data, rel=1e-15)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5), st.integers(0, 5))
def test_logsumexp_is_also_made_of_smaller_gates(scores, ties):
    scores += scores[:1] * ties
    xs, ys = list(map(Value, scores)), list(map(Value, scores))
    one, many = nn.logsumexp(xs), expand(nn.logsumexp(ys))
    one.backward(), many.backward()
    assert many.data == pytest.approx(one.data, rel=1e-14, abs=1e-14)
    assert grads([ys]) == [pytest.approx(row, rel=1e-12, abs=1e-15) for row in grads([xs])]


def test_second_derivatives_of_logsumexp():
    xs = list(map(Value, (0.5, -1.0, 2.0)))
    p = nn.softmax([x.data for x in xs])
    curvature = [[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)]
    for row, expected in zip(hessian(nn.logsumexp(xs), xs), curvature):
        assert row == pytest.approx(expected, rel=1e-12)


def test_views_of_a_softmax_loss():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    loss = nn.softmax_loss([[a, b]], [1])
    loss.backward()
    assert "logsumexp" in str(steps(loss)) and "exp" in str(latex(loss))
    assert "exp" in str(backprop_code(loss))


# ---- accuracy ----


def test_accuracy():
    assert nn.accuracy([[1.0, 2.0], [3.0, 3.0], [0.0, 1.0]], [1, 0, 0]) == 2 / 3  # of equals the first
    assert nn.accuracy(values([[1.0, 2.0]]), [1]) == 1.0
    assert nn.accuracy([Value(0.5), -1.0, 2.0, 0.0], [1, -1, -1.0, -1]) == 0.75
    assert nn.accuracy([Value(0.5), -1.0, 2.0, 0.0], [1, 0, 0.0, 1]) == 0.5


# ---- errors ----


@pytest.mark.parametrize(
    ("loss", "scores", "labels", "words"),
    [
        (nn.svm_loss, [], [], "empty batch"),
        (nn.softmax_loss, [[1.0, 2.0]], [], "1 score and 0 labels"),
        (nn.softmax_loss, [[1.0, 2.0]], [2], "sample 0 is 2, not a class index from 0 to 1"),
        (nn.svm_loss, [[1.0, 2.0]], [-1], "is -1, not a class index"),
        (nn.svm_loss, [[1.0, 2.0]], [1.0], "is 1.0, not a class index"),
        (nn.svm_loss, [[1.0, 2.0]], [True], "is True, not a class index"),
        (nn.svm_loss, [[1.0, 2.0], [1.0]], [0, 0], "sample 1 has 1 score, sample 0 has 2"),
        (nn.softmax_loss, [1.0], [0], "one score"),
        (nn.max_margin_loss, [1.0], [0], "is 0, neither -1 nor 1"),
        (nn.max_margin_loss, [1.0], [0], "the loss binary_cross_entropy is of labels 0 and 1"),
        (nn.max_margin_loss, [1.0], [2], "is 2, neither -1 nor 1$"),
        (nn.max_margin_loss, [[1.0, 2.0]], [1], "2 scores in a list"),
        (nn.binary_cross_entropy_loss, [1.0], [-1], "is -1, neither 0 nor 1: the loss max_margin is"),
        (nn.binary_cross_entropy_loss, [1.0], [0.5], "is 0.5, neither 0 nor 1$"),
        (nn.binary_cross_entropy_loss, [1.0], [True], "is True, neither"),
        (nn.binary_cross_entropy_loss, [[1.0, 2.0]], [1], "2 scores in a list"),
        (nn.accuracy, [1.0], [2], "is 2, neither -1 nor 0 nor 1"),
        (nn.max_margin_loss, [], [], "empty batch"),
        (nn.mse_loss, [1.0, 2.0], [1.0], "2 scores and 1 target"),
        (nn.mse_loss, [[1.0, 2.0]], [[1.0]], "2 scores and 1 target"),
        (nn.accuracy, [], [], "empty batch"),
        (nn.accuracy, [[1.0, 2.0]], [5], "class index"),
    ],
)
def test_errors_say_what_is_wrong(loss, scores, labels, words):
    with pytest.raises(ValueError, match=words):
        loss(scores, labels)


def test_errors_of_kind():
    with pytest.raises(TypeError, match="scores is a list"):
        nn.svm_loss(Value(1.0), [0])
    with pytest.raises(TypeError, match="targets is a list"):
        nn.mse_loss([1.0], 2.0)
    for function in (nn.logsumexp, nn.softmax):
        with pytest.raises(ValueError, match="of nothing"):
            function([])


# ---- torch, where it is installed ----


@pytest.mark.parametrize("name", ["softmax", "svm", "mse", "binary_cross_entropy"])
def test_losses_and_gradients_equal_torch(name):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rows, labels = [[0.3, -1.2, 2.5], [4.0, 4.1, -3.0], [0.0, 0.7, 0.1]], [0, 1, 2]
    targets = [[1.0, 2.0, 3.0], [0.5, 0.5, 0.5], [-1.0, 0.0, 1.0]]
    ours, theirs = values(rows), torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    classes = torch.tensor(labels)
    if name == "mse":
        mine, reference = nn.mse_loss(ours, targets), functional.mse_loss(theirs, torch.tensor(targets).double())
    elif name == "binary_cross_entropy":
        labels = [0, 1, 1, 0, 1, 0, 0, 1, 1]
        mine = nn.binary_cross_entropy_loss(numbers(ours), labels)
        reference = functional.binary_cross_entropy_with_logits(theirs.flatten(), torch.tensor(labels).double())
    elif name == "svm":
        mine, reference = nn.svm_loss(ours, labels), functional.multi_margin_loss(theirs, classes) * 3
    else:
        mine, reference = nn.softmax_loss(ours, labels), functional.cross_entropy(theirs, classes)
    mine.backward()
    reference.backward()
    assert mine.data == pytest.approx(reference.item(), rel=1e-12)
    assert numbers(grads(ours)) == pytest.approx(numbers(theirs.grad.tolist()), rel=1e-12, abs=1e-15)
