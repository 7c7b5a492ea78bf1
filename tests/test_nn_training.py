"""`fit`: what it computes, how it ends, what it refuses; and the two-layer net of the assignment."""

from __future__ import annotations

import builtins
import gc
import io
import itertools
import math
import random
import re
import signal
import sys

import pytest

from scalargrad import Value, check_gradients, language, nn
from scalargrad.views.phrases import say

X, Y = nn.moons(30, seed=0)
LINE = [[0.0], [1.0], [2.0], [3.0]]  # y = 2 x + 1 is to be found
LINE_Y = [1.0, 3.0, 5.0, 7.0]


def small(seed=0, widths=(4, 1)):
    return nn.MLP(2, widths, "tanh", seed=seed)


def numbers(model):
    return [p.data for p in model.parameters()]


# ---- what it computes ----


def test_it_is_the_loop_that_one_would_write():
    ours, by_hand = small(), small()
    history = nn.fit(ours, X, Y, "max_margin", nn.SGD(ours.parameters(), 0.1, 0.9), epochs=5, l2=0.01)
    optimiser, losses = nn.SGD(by_hand.parameters(), 0.1, 0.9), []
    for _ in range(5):
        loss = nn.max_margin_loss([by_hand(x) for x in X], Y) + 0.01 * nn.l2(by_hand.weights())
        by_hand.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.data)
    assert numbers(ours) == numbers(by_hand) and history.loss == losses


def test_every_sample_is_seen_once_an_epoch():
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            seen.append(x[0])
            return self.w * x[0]

    rows = [[float(i)] for i in range(10)]
    nn.fit(Spy(), rows, [0.0] * 10, "mse", epochs=2, batch_size=4, learning_rate=0.0, seed=1)
    first, second = seen[1:11], seen[11:]  # before, one sample is tried
    assert sorted(first) == sorted(second) == [x for [x] in rows]
    assert first != second


def test_a_full_batch_keeps_its_order_and_needs_no_random():
    state = random.getstate()
    nn.fit(small(), X, Y, "max_margin", epochs=2)
    assert random.getstate() == state


def test_the_same_seed_gives_the_same_numbers():
    models = [small(), small(), small()]
    histories = [
        nn.fit(m, X, Y, "max_margin", "adam", epochs=3, batch_size=7, seed=s) for m, s in zip(models, (1, 1, 2))
    ]
    assert numbers(models[0]) == numbers(models[1]) != numbers(models[2])
    assert histories[0].loss == histories[1].loss and len(histories[0]) == 3 * 5


def test_steps_end_it_within_an_epoch():
    history = nn.fit(small(), X, Y, "max_margin", epochs=3, batch_size=10, steps=4, seed=1)
    assert len(history) == 4


def test_regression():
    model = nn.MLP(1, [1], seed=0)
    history = nn.fit(model, LINE, LINE_Y, "mse", "adam", epochs=400, learning_rate=0.1)
    assert numbers(model) == pytest.approx([2.0, 1.0], abs=1e-2)
    assert history.accuracy[-1] is None and "accuracy" not in repr(history)


def test_l2_is_about_weights_alone():
    model = nn.MLP(1, [1], seed=0)
    model.layers[0].b[0].data = 3.0
    [w] = [p.data for p in model.weights()]
    history = nn.fit(model, [[0.0]], [3.0], "mse", epochs=1, l2=0.5, learning_rate=0.1)
    assert history.loss == [pytest.approx(0.5 * w * w)] and model.layers[0].b[0].data == 3.0


def test_history():
    model = small()
    rate = nn.linear_decay(0.5, 10)
    history = nn.fit(model, X, Y, "max_margin", epochs=4, batch_size=15, learning_rate=rate, seed=0, validation=(X, Y))
    assert history.learning_rate == [rate(t) for t in range(8)]
    assert [v.step for v in history.validations] == [2, 4, 6, 8]
    scores = [model(x) for x in X]
    last = history.validations[-1]
    assert last.accuracy == nn.accuracy(scores, Y) and last.loss == nn.max_margin_loss(scores, Y).data
    assert history.stopped == "" and repr(history).startswith("<History of 8 steps: loss ")
    assert repr(nn.History()) == "<History of 0 steps>"


def test_a_loss_and_a_module_of_ones_own():
    class Line(nn.Module):
        def __init__(self):
            self.slope, self.offset = Value(0.0), Value(0.0)

        def __call__(self, x):
            return (self.slope * x[0] + self.offset).relu()

    def absolute(scores, targets):
        return sum([abs(s - t) for s, t in zip(scores, targets)]) / len(scores)

    model = Line()
    model.offset.data = 0.5
    history = nn.fit(model, LINE, LINE_Y, absolute, "sgd", 30, learning_rate=0.05, validation=(LINE, LINE_Y))
    assert history.loss[-1] < history.loss[0] / 3 and len(history.validations) == 30


def test_arrays_will_do():
    numpy = pytest.importorskip("numpy")
    plain, arrays = small(widths=(3, 2)), small(widths=(3, 2))
    labels = [(label + 1) // 2 for label in Y]
    nn.fit(plain, X, labels, "svm", epochs=2)
    nn.fit(arrays, numpy.array(X), numpy.array(labels), "svm", epochs=2)
    assert numbers(plain) == numbers(arrays)


class Table:
    """As a DataFrame or a Series of pandas: a loop over it does not give its rows."""

    def __init__(self, array):
        self.array = array

    def to_numpy(self):
        return self.array

    def __iter__(self):
        return iter(["height", "width"])


def tables(kind, rows, labels):
    numpy = pytest.importorskip("numpy")
    X, y = numpy.array(rows), numpy.array(labels)
    if kind == "column":
        return X, y.reshape(-1, 1)
    if kind == "lists":
        return rows, [[label] for label in labels]
    if kind == "table":
        return Table(X), Table(y.reshape(-1, 1))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["height", "width"], index=range(5, 5 + len(X)))
    return (frame, pandas.Series(y)) if kind == "series" else (frame, pandas.DataFrame(y))


@pytest.mark.parametrize("kind", ["column", "lists", "table", "series", "frame"])
def test_tables_of_other_libraries_will_do(kind):
    labels = [(label + 1) // 2 for label in Y]
    for loss, widths, y in (
        ("softmax", (3, 2), labels),
        ("max_margin", (3, 1), Y),
        ("mse", (3, 1), list(map(float, Y))),
    ):
        plain, tabled, others = small(widths=widths), small(widths=widths), tables(kind, X, y)
        nn.fit(plain, X, y, loss, epochs=2)
        nn.fit(tabled, *others, loss, epochs=2, validation=others)
        assert numbers(plain) == numbers(tabled)
        assert nn.layer_health(tabled, *others, loss) == nn.layer_health(tabled, X, y, loss)
    net = nn.TwoLayerNet(2, 3, 2, seed=0)
    others = tables(kind, X, labels)
    net.train(*others, *others, num_iters=2)
    assert len(net.predict(others[0])) == len(X)


def test_a_loss_of_ones_own_gets_its_targets_as_they_are():
    seen = []

    def loss(scores, targets):
        seen.extend(targets)
        return sum([(s - t[0]) ** 2 for s, t in zip(scores, targets)])

    nn.fit(nn.MLP(1, [1]), [[1.0], [2.0]], [[3.0], [4.0]], loss, epochs=1)
    assert seen == [[3.0], [4.0]]


def test_xor_as_it_is_typed_first():
    rows, labels = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = nn.MLP(2, [4, 1], "tanh", seed=1)
    history = nn.fit(model, rows, labels, "binary_cross_entropy", "adam", epochs=300, learning_rate=0.1)
    assert history.accuracy[-1] == 1.0 and nn.accuracy([model(x) for x in rows], labels) == 1.0


# ---- the slide's data, and micrograd's moons ----


@pytest.mark.parametrize("seed", range(5))
def test_moons_to_100_percent(seed):
    points, labels = nn.moons(100, seed=seed)
    model, rate = nn.MLP(2, [16, 16, 1], seed=seed), nn.linear_decay(0.05, 400)
    nn.fit(model, points, labels, "max_margin", "adam", epochs=40, batch_size=10, learning_rate=rate, seed=seed)
    assert nn.accuracy([model(x) for x in points], labels) == 1.0


def test_a_line_fails_where_a_network_does_not():
    points, labels = nn.quadrants(80, seed=0)
    right = []
    for widths in ([1], [8, 1]):
        model = nn.MLP(2, widths, "tanh", seed=1)
        nn.fit(model, points, labels, "max_margin", "adam", epochs=30, batch_size=20, learning_rate=0.1, seed=0)
        right.append(nn.accuracy([model(x) for x in points], labels))
    assert right[0] < 0.75 and right[1] > 0.97


# ---- Ctrl-C ----


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("done", [0, 3])
def test_ctrl_c_is_told_in_one_line(monkeypatch, capsys, lang, done):
    forward, calls = nn.MLP.__call__, itertools.count(-1)  # before the first step the model is run once

    def interrupted(self, x):
        if next(calls) == done * len(X):
            raise KeyboardInterrupt
        return forward(self, x)

    monkeypatch.setattr(nn.MLP, "__call__", interrupted)
    with language(lang):
        history = nn.fit(small(), X, Y, "max_margin", epochs=10)
        line = capsys.readouterr().err
        assert line.startswith(say("progress interrupted", done=done, steps=10, told="").rstrip())
    assert line.count("\n") == 1 and (not done or f"{history.loss[-1]:.4g}" in line)


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_ctrl_c_where_nothing_can_be_told(monkeypatch, stream):
    def interrupted(self):
        raise KeyboardInterrupt

    if stream:
        stream.close()
    monkeypatch.setattr(nn.SGD, "step", interrupted)
    monkeypatch.setattr(sys, "stderr", stream)
    assert nn.fit(small(), X, Y, "max_margin", "sgd", epochs=10).stopped == "interrupted after 0 of 10 steps"


def test_ctrl_c_in_the_forward_pass(monkeypatch):
    model, copy, calls = small(), small(), []
    forward = nn.MLP.__call__

    def interrupted(self, x):
        calls.append(x)
        if len(calls) == 3 * len(X) + 5:
            raise KeyboardInterrupt
        return forward(self, x)

    monkeypatch.setattr(nn.MLP, "__call__", interrupted)
    history = nn.fit(model, X, Y, "max_margin", learning_rate=0.1, epochs=10)
    monkeypatch.undo()
    nn.fit(copy, X, Y, "max_margin", learning_rate=0.1, epochs=3)
    assert history.stopped == "interrupted after 3 of 10 steps" and len(history) == 3
    assert "interrupted" in repr(history)
    assert numbers(model) == numbers(copy) and gc.isenabled()


def test_ctrl_c_in_the_middle_of_an_update():
    model = small()

    class Interrupted(nn.SGD):
        def step(self):
            if self.steps < 3:
                return super().step()
            self.before = [p.data for p in self.parameters]
            self.parameters[0].data = 99.0
            raise KeyboardInterrupt

    optimiser = Interrupted(model.parameters(), 0.1)
    history = nn.fit(model, X, Y, "max_margin", optimiser, epochs=10)
    assert len(history) == 3 and numbers(model) == optimiser.before


PLACES = {
    "step",
    "_update",
    "change",
    "_whole_or_not_at_all",
    "ctrl_c_waits",
    "remembered",
    "recall",
    "follow",
    "_descend",
    "finish",
}


def pressing_ctrl_c(at):
    """A trace function that sends SIGINT at one of the lines of an update, the `at`-th; and the lines so far."""
    lines = []

    def trace(frame, event, _):
        code = frame.f_code
        if code.co_name not in PLACES or "scalargrad" not in code.co_filename:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            if len(lines) == at:
                signal.raise_signal(signal.SIGINT)
        return trace

    return trace, lines


@pytest.mark.parametrize(
    ("engine", "optimiser"),
    [(None, nn.Adam), ("python", nn.RMSProp), ("native", lambda ps: nn.SGD(ps, 0.1, 0.9))],
)
def test_ctrl_c_anywhere_in_an_update_then_fitting_on_is_one_run(engine, optimiser, monkeypatch):
    if engine == "native":
        pytest.importorskip("llvmlite")
        monkeypatch.setattr("scalargrad.nn.recorded.MAX_WORK", 2 * 2 * len(LINE))  # two epochs of two parameters

    def run(epochs, at=0, before=None):
        model, chosen = before or (nn.MLP(1, [1], seed=0), None)
        chosen = chosen or optimiser(model.parameters())
        trace, lines = pressing_ctrl_c(at)
        kept = sys.gettrace()
        sys.settrace(trace)
        try:
            history = nn.fit(model, LINE, LINE_Y, "mse", chosen, epochs, engine=engine)
        finally:
            sys.settrace(kept)
        return model, chosen, history, len(lines)

    model, chosen, history, lines = run(4)
    stopped = set()
    for at in range(1, lines + 1):
        model2, chosen2, first, _ = run(4, at)
        rest = run(4 - len(first), 0, (model2, chosen2))[2].loss if len(first) < 4 else []
        stopped.add(len(first))
        assert numbers(model2) == numbers(model), at
        assert (chosen2.steps, chosen2._memory) == (chosen.steps, chosen._memory), at
        assert first.loss + rest == history.loss, at
    assert stopped == ({0, 2, 4} if engine == "native" else {0, 1, 2, 3, 4})


def test_an_error_in_an_update_takes_all_of_it_back():
    class Failing(nn.Adam):
        def change(self, gradients, memory, *numbers):
            moved = super().change(gradients, memory, *numbers)
            if self.steps == 3:
                raise KeyError("mine")
            return moved

    failing, right = small(), small()
    optimisers = [Failing(failing.parameters()), nn.Adam(right.parameters())]
    with pytest.raises(KeyError, match="mine"):
        nn.fit(failing, X, Y, "max_margin", optimisers[0], epochs=5)
    nn.fit(right, X, Y, "max_margin", optimisers[1], epochs=2)
    assert numbers(failing) == numbers(right)
    assert optimisers[0].steps == 2 and optimisers[0]._memory == optimisers[1]._memory


# ---- runs that diverge ----


def test_a_loss_that_becomes_infinite_names_step_sample_and_gate():
    model = nn.MLP(1, [1], seed=0)
    with pytest.raises(nn.Diverged, match="diverged at step") as caught:
        nn.fit(model, LINE, LINE_Y, "mse", learning_rate=1e9, epochs=100)
    error = caught.value
    assert isinstance(error, FloatingPointError)
    assert 0 < error.step == len(error.history) and error.sample in range(4)
    assert f"step {error.step}, sample {error.sample}: mul: inputs" in str(error) and "gave inf" in str(error)
    assert error.history.stopped == f"diverged at step {error.step}"
    assert all(map(math.isfinite, numbers(model)))


def test_an_overflow_names_step_sample_and_gate():
    model = nn.MLP(1, [1], seed=0)
    model.layers[0].b[0].data = 0.0
    model.layers[0].W[0][0].data = 1.0

    def exponential(scores, targets):
        return sum([s.exp() for s in scores])

    before = numbers(model)
    with pytest.raises(
        nn.Diverged, match=r"diverged at step 0, sample 2: exp: input x = 1000.0 .* fits a float"
    ) as caught:
        nn.fit(model, [[1.0], [2.0], [1000.0]], [0, 0, 0], exponential)
    assert caught.value.sample == 2 and isinstance(caught.value.__cause__, OverflowError)
    assert numbers(model) == before and gc.isenabled()


def test_a_gradient_that_is_not_finite_names_the_gate():
    model = nn.MLP(1, [1], seed=0)
    model.layers[0].W[0][0].data = 1e-200

    def steep(scores, targets):
        return scores[0] * 1e-200 * 1e200 * 1e200 * 1e120

    with pytest.raises(nn.Diverged, match="sample 0: mul: .* passed the gradient inf"):
        nn.fit(model, [[1.0]], [0], steep)


def test_a_fault_of_the_batch_names_no_sample():
    model = nn.MLP(1, [1], seed=0, start="zero")
    model.layers[0].b[0].data = 1e308

    def of_pairs(scores, targets):
        first, second = scores
        return first + second

    for loss in (of_pairs, lambda scores, targets: sum(scores)):
        with pytest.raises(nn.Diverged, match="diverged at step 0: add: .* gave inf") as caught:
            nn.fit(model, [[1.0], [2.0]], [0, 0], loss)
        assert caught.value.sample is None


def test_an_infinite_slope_is_named():
    model = nn.MLP(1, [1], seed=0, start="zero")
    with pytest.raises(nn.Diverged, match="step 0, sample 0: sqrt: .* infinitely steep"):
        nn.fit(model, [[1.0]], [0.0], lambda scores, _: scores[0].sqrt())


def test_an_update_that_overflows_is_taken_back():
    model = nn.MLP(1, [1], seed=0)
    before = numbers(model)
    with pytest.raises(nn.Diverged, match=r"step 0: the update made W1\[0\]\[0\] -?inf; is"):
        nn.fit(model, [[1e300]], [0], lambda scores, _: scores[0], learning_rate=1e10)
    assert numbers(model) == before


def test_other_errors_pass_through():
    def wrong(scores, targets):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        nn.fit(small(), X, Y, wrong)
    assert gc.isenabled()


# ---- the collector ----


def test_the_collector_sleeps_and_is_given_back():
    awake = []

    def loss(scores, targets):
        awake.append(gc.isenabled())
        return nn.max_margin_loss(scores, targets)

    nn.fit(small(), X, Y, loss, epochs=2)
    assert awake == [False, False] and gc.isenabled()
    gc.disable()
    try:
        nn.fit(small(), X, Y, loss, epochs=1)
        assert not gc.isenabled()
    finally:
        gc.enable()


# ---- progress ----


class Terminal(io.StringIO):
    def isatty(self):
        return True


def said(monkeypatch, stream, **arguments):
    monkeypatch.setattr(sys, "stderr", stream)
    nn.fit(small(), X, Y, "max_margin", epochs=20, **arguments)
    return stream.getvalue()


def test_silent_unless_somebody_looks(monkeypatch, capsys):
    assert said(monkeypatch, io.StringIO()) == ""
    assert said(monkeypatch, Terminal(), progress=False) == ""
    monkeypatch.setattr(sys, "stderr", None)
    nn.fit(small(), X, Y, "max_margin", epochs=1)
    assert capsys.readouterr().out == ""


def test_a_bar_with_tqdm(monkeypatch):
    pytest.importorskip("tqdm")
    text = said(monkeypatch, Terminal())
    assert "20/20" in text and "accuracy" in text


class Notebook(io.StringIO):
    """As the standard error of a notebook's kernel: no terminal, and somebody looks."""

    __module__ = "ipykernel.iostream"


def test_a_bar_in_a_notebook(monkeypatch):
    pytest.importorskip("tqdm")
    assert "20/20" in said(monkeypatch, Notebook())


def test_plain_lines_without_tqdm(monkeypatch):
    real = builtins.__import__
    monkeypatch.setitem(sys.modules, "tqdm", None)
    lines = said(monkeypatch, Terminal()).splitlines()
    assert builtins.__import__ is real
    assert lines[0].startswith("step 1/20  loss ") and lines[-1].startswith("step 20/20  loss ")
    assert len(lines) == 11 and "accuracy" in lines[0]
    with language("zh"):
        assert re.match("第 1/20 步  损失 .*  正确率 .*%  学习率 ", said(monkeypatch, Terminal()))


# ---- arguments ----


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"X": [], "y": []}, ValueError, "X is empty"),
        ({"y": Y[:-1]}, ValueError, "30 samples and y has 29"),
        ({"X": [*X[:-1], [1.0]]}, ValueError, r"X\[29\] has 1 number"),
        ({"X": [*X[:-1], [1.0, math.nan]]}, ValueError, r"X\[29\]\[1\] is nan"),
        ({"X": [*X[:-1], [1.0, "2"]]}, TypeError, "text is no number"),
        ({"X": list(range(30))}, TypeError, r"write \[x\]"),
        ({"X": [[x, x, x] for x, _ in X]}, ValueError, "takes 2 inputs, not 3"),
        ({"y": [*Y[:-1], 0]}, ValueError, "sample 29 is 0, neither"),
        ({"loss": "softmax"}, ValueError, "one score"),
        ({"loss": "hinge"}, ValueError, "choose from svm, softmax"),
        ({"loss": 3}, TypeError, r"a loss is a name \(svm, softmax, .*\) or a function"),
        ({"optimizer": "sdg"}, ValueError, "choose from sgd"),
        ({"optimizer": nn.SGD}, TypeError, r"a name \(sgd, rmsprop, adam\) or an Optimiser"),
        ({"optimizer": nn.SGD([Value(1.0)])}, ValueError, "moves none"),
        ({"epochs": 0}, ValueError, "epochs=0"),
        ({"epochs": 1.5}, TypeError, "epochs is a whole number"),
        ({"batch_size": 0}, ValueError, "batch_size=0"),
        ({"steps": 0}, ValueError, "steps=0"),
        ({"l2": -1.0}, ValueError, "l2=-1.0"),
        ({"l2": math.inf}, ValueError, "l2=inf"),
        ({"learning_rate": -1.0}, ValueError, "learning rate of -1.0"),
        ({"validation": X}, TypeError, r"a pair \(X, y\)"),
        ({"validation": ([[1.0]], [1])}, ValueError, r"validation X\[0\] has 1 number"),
        ({"validation": ([[1.0, 2.0]], [7])}, ValueError, "is 7, neither"),
    ],
)
def test_arguments_are_checked_before_the_model_is_touched(arguments, kind, words):
    model = small()
    for p in model.parameters():
        p.grad = 0.5
    before = numbers(model)
    with pytest.raises(kind, match=words):
        nn.fit(model, **({"X": X, "y": Y, "loss": "max_margin"} | arguments))
    assert numbers(model) == before and {p.grad for p in model.parameters()} == {0.5}


@pytest.mark.parametrize(
    ("ask", "kind", "words"),
    [
        (lambda: nn.fit(small(), X, Y, "max_margin", lr=0.1), TypeError, "has no argument lr: write learning_rate"),
        (lambda: nn.SGD(small().parameters(), lr=0.1), TypeError, "SGD has no argument lr: write learning_rate"),
        (lambda: nn.RMSProp(small().parameters(), eps=1e-8), TypeError, "RMSProp has no argument eps: write epsilon"),
        (lambda: nn.Adam(small().parameters(), betas=(0.9, 0.99)), TypeError, "betas: write beta1 and beta2"),
        (lambda: nn.Adam(small().parameters(), speed=1), TypeError, "Adam has no argument speed$"),
        (lambda: nn.fit(small(), X, Y, "max_margin", optimiser="adam"), TypeError, "optimiser: write optimizer"),
        (lambda: nn.fit(small(), X, Y, "max_margin", speed=1), TypeError, "has no argument speed$"),
        (lambda: nn.MLP([2, 3, 1]), TypeError, r"write MLP\(2, \[3, 1\]\)"),
        (lambda: nn.MLP(2, 3, 1), TypeError, r"one number per layer, as in"),
        (lambda: nn.MLP(2), ValueError, "widths is empty"),
        (lambda: small().predict(X), AttributeError, r"MLP has no predict: write model\(x\)"),
        (lambda: small().save("a"), AttributeError, r"MLP has no save: write nn.save\(model,"),
        (lambda: nn.Neuron(2).fit(X, Y), AttributeError, r"Neuron has no fit: write nn.fit\("),
        (lambda: small().forward(X), AttributeError, r"write model\(x\)"),
    ],
)
def test_words_of_other_libraries_say_what_to_write(ask, kind, words):
    with pytest.raises(kind, match=words):
        ask()


@pytest.mark.parametrize("engine", [None, "python"])
def test_a_loss_of_ones_own_that_wants_one_sample_is_told_what_it_is_handed(engine):
    with pytest.raises(TypeError, match="for -: 'list' and 'list'") as caught:
        nn.fit(small(), X, Y, lambda score, label: (score - label) ** 2, engine=engine)
    assert any("handed two lists: the scores and the labels of all samples" in note for note in caught.value.__notes__)


def test_an_optimiser_has_its_own_rate():
    model = small()
    with pytest.raises(ValueError, match="leave learning_rate out"):
        nn.fit(model, X, Y, "max_margin", nn.SGD(model.parameters()), learning_rate=0.1)


# ---- the two-layer net ----


def toy():
    """The notebook's: five samples of four numbers, three classes."""
    draw = random.Random(1)
    return [[10 * draw.gauss(0, 1) for _ in range(4)] for _ in range(5)], [0, 1, 2, 2, 1]


def test_loss_and_gradients_of_the_two_layer_net_by_hand():
    samples, labels = toy()
    net = nn.TwoLayerNet(4, 10, 3, seed=0)
    loss, grads = net.loss(samples, labels, reg=0.05)
    W1, b1, W2, b2 = ([[v.data for v in row] for row in w] if isinstance(w[0], list) else [v.data for v in w]
                      for w in net.params.values())  # fmt: skip
    data, dW2, db2 = 0.0, [[2 * 0.05 * w for w in row] for row in W2], [0.0] * 3
    dW1, db1 = [[2 * 0.05 * w for w in row] for row in W1], [0.0] * 10
    for x, y in zip(samples, labels):
        h = [max(0.0, sum(x[i] * W1[i][j] for i in range(4)) + b1[j]) for j in range(10)]
        s = [sum(h[j] * W2[j][k] for j in range(10)) + b2[k] for k in range(3)]
        e = [math.exp(v - max(s)) for v in s]
        data -= math.log(e[y] / sum(e)) / 5
        ds = [(v / sum(e) - (k == y)) / 5 for k, v in enumerate(e)]
        dh = [sum(W2[j][k] * ds[k] for k in range(3)) * (h[j] > 0) for j in range(10)]
        dW2 = [[dW2[j][k] + h[j] * ds[k] for k in range(3)] for j in range(10)]
        dW1 = [[dW1[i][j] + x[i] * dh[j] for j in range(10)] for i in range(4)]
        db2, db1 = [b + d for b, d in zip(db2, ds)], [b + d for b, d in zip(db1, dh)]
    reg = 0.05 * (sum(w * w for row in W1 for w in row) + sum(w * w for row in W2 for w in row))
    assert loss == pytest.approx(data + reg, rel=1e-12)
    for name, expected in (("W1", dW1), ("W2", dW2)):
        for mine, theirs in zip(grads[name], expected, strict=True):
            assert mine == pytest.approx(theirs, rel=1e-10, abs=1e-14)
    assert grads["b1"] == pytest.approx(db1, rel=1e-10, abs=1e-14)
    assert grads["b2"] == pytest.approx(db2, rel=1e-10, abs=1e-14)


def test_its_gradients_are_checked():
    samples, labels = toy()
    net = nn.TwoLayerNet(4, 3, 3, seed=0)

    def loss(*parameters):
        for piece, start in zip([n for layer in net.layers for n in layer.neurons], (0, 5, 10, 15, 19, 23)):
            piece.w = list(parameters[start : start + piece.n_inputs])
            piece.b = parameters[start + piece.n_inputs]
        return nn.softmax_loss([net(x) for x in samples], labels) + 0.1 * nn.l2(net.weights())

    assert check_gradients(loss, numbers(net), raise_on_error=True)


def test_without_labels_it_gives_scores():
    samples, _ = toy()
    net = nn.TwoLayerNet(4, 10, 3, seed=0)
    scores = net.loss(samples)
    assert scores == [[s.data for s in net(x)] for x in samples]
    assert net.predict(samples) == [row.index(max(row)) for row in scores]


def test_the_toy_of_the_notebook_is_learnt():
    samples, labels = toy()
    net = nn.TwoLayerNet(4, 10, 3, seed=0)
    history = net.train(
        *(samples, labels, samples, labels), learning_rate=0.1, reg=5e-6, num_iters=100, batch_size=5, seed=0
    )
    assert len(history) == 100 and history.loss[-1] < 0.06 and net.predict(samples) == labels
    assert history.learning_rate[:3] == pytest.approx([0.1, 0.095, 0.09025])
    assert history.validations[-1].accuracy == 1.0


def test_two_classes_at_least():
    with pytest.raises(ValueError, match="two or more"):
        nn.TwoLayerNet(4, 10, 1)
