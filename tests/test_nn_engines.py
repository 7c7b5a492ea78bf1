"""`fit` on an engine is `fit`: the same numbers, the same history, the same errors."""

from __future__ import annotations

import importlib.util
import io
import math
import random
import re
import signal
import sys

import pytest
from gate_points import plain

from scalargrad import Value, nn, total
from scalargrad.compiled import program as programs
from scalargrad.compiled.descent import Descent
from scalargrad.nn.recorded import Recorded

NEEDS = {"python": None, "numpy": "numpy", "jax": "jax", "native": "llvmlite"}
LINE, LINE_Y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]


def engine_mark(engine):
    missing = NEEDS[engine] and importlib.util.find_spec(NEEDS[engine]) is None
    return pytest.param(engine, marks=pytest.mark.skipif(missing, reason=f"{NEEDS[engine]} is not installed"))


every_engine = pytest.mark.parametrize("engine", list(map(engine_mark, NEEDS)))
native_alone = pytest.mark.parametrize("engine", [engine_mark("native")])

SGD, ADAM = nn.SGD, nn.Adam
OPTIMISERS = {
    "sgd": lambda ps: "sgd",
    "rmsprop": lambda ps: "rmsprop",
    "adam": lambda ps: "adam",
    "momentum": lambda ps: SGD(ps, nn.linear_decay(0.1, 9), 0.9, weight_decay=0.01),
    "nesterov": lambda ps: SGD(ps, 0.05, 0.9, nesterov=True),
    "another order": lambda ps: SGD(ps[::-1], 0.1, 0.9),
    "some": lambda ps: SGD(ps[:4], 0.1),
    "decay": lambda ps: ADAM(ps, nn.warm_up(3, nn.constant_rate(0.01)), weight_decay=0.01),
}


def task(loss, activation="tanh", start="uniform"):
    """A model, and data for a loss."""
    X, y = nn.spiral(30, seed=1) if loss in ("svm", "softmax") else nn.moons(30, seed=1)
    if loss == "binary_cross_entropy":
        y = [(label + 1) // 2 for label in y]
    if loss == "mse":
        y = [[float(label), 0.5 * label] for label in y]
    outputs = {"svm": 3, "softmax": 3, "mse": 2}.get(loss, 1)
    return nn.MLP(2, [5, outputs], activation, seed=3, start=start), X, y


def numbers(model):
    return [p.data for p in model.parameters()]


def close(xs, rel=1e-11):
    return pytest.approx(xs, rel=rel, abs=1e-13)


def fitted(engine, loss, optimiser="sgd", activation="tanh", start="uniform", **options):
    """(model, history, optimiser) after a few steps of training."""
    model, X, y = task(loss, activation, start)
    chosen = OPTIMISERS[optimiser](model.parameters())
    usual = {"epochs": 3, "batch_size": 8, "l2": 1e-2, "seed": 4, "steps": 10, "validation": (X[:9], y[:9])}
    history = nn.fit(model, X, y, loss, chosen, **(usual | options), engine=engine)
    return model, history, chosen


def assert_same_run(found, expected):
    (model, history, optimiser), (model0, history0, optimiser0) = found, expected
    assert numbers(model) == close(numbers(model0))
    assert [p.grad for p in model.parameters()] == close([p.grad for p in model0.parameters()])
    assert history.loss == close(history0.loss)
    assert history.accuracy == history0.accuracy and history.learning_rate == history0.learning_rate
    assert [(v.step, v.accuracy) for v in history.validations] == [(v.step, v.accuracy) for v in history0.validations]
    assert [v.loss for v in history.validations] == close([v.loss for v in history0.validations])
    if isinstance(optimiser, nn.Optimiser):
        assert optimiser.steps == optimiser0.steps
        for memory, memory0 in zip(optimiser.memory, optimiser0.memory, strict=True):
            assert memory == close(memory0)


# ---- the same results ----


@pytest.mark.slow
@every_engine
@pytest.mark.parametrize("loss", nn.LOSSES)
def test_all_losses_and_optimisers(engine, loss):
    for optimiser in OPTIMISERS:
        assert_same_run(fitted(engine, loss, optimiser), fitted(None, loss, optimiser))


@pytest.mark.slow
@every_engine
def test_all_activations(engine):
    options = {"batch_size": 10, "validation": None}  # batches of one size: jax compiles anew for each
    for activation in [*nn.ACTIVATIONS, "maxout"]:
        found = fitted(engine, "softmax", "sgd", activation, **options)
        assert_same_run(found, fitted(None, "softmax", "sgd", activation, **options))


@pytest.mark.slow
@every_engine
def test_batches_and_ends(engine):
    options = [
        {"batch_size": None, "steps": None, "validation": None, "epochs": 9},
        {"batch_size": None, "steps": 2},
        {"batch_size": 1, "steps": 37},
        {"batch_size": 29, "l2": 0.0},
        {"batch_size": 300, "steps": 1},
        {"validation": None, "steps": None},
    ]
    for option in options:
        for loss in ("max_margin", "svm"):
            found = fitted(engine, loss, "momentum", **option)
            assert_same_run(found, fitted(None, loss, "momentum", **option))


@every_engine
def test_ties_are_won_by_the_first(engine):
    for loss in ("softmax", "svm", "max_margin", "binary_cross_entropy"):
        options = {"start": "zero", "epochs": 1, "batch_size": 10, "learning_rate": 0.0}
        found, expected = fitted(engine, loss, **options), fitted(None, loss, **options)
        assert found[1].accuracy == expected[1].accuracy
        assert 0.0 < max(found[1].accuracy) and min(found[1].accuracy) < 1.0


@every_engine
def test_all_right_is_exactly_all(engine):
    for n in (1, 3, 49, 98, 103):  # 49 * (1 / 49) is not 1
        model = nn.MLP(1, [1], seed=0)
        model.weights()[0].data = 1.0
        xs = [float(i + 1) for i in range(n)]
        assert nn.fit(model, [[x] for x in xs], [1] * n, "max_margin", epochs=1, engine=engine).accuracy == [1.0]


@every_engine
def test_the_global_random_is_used_alike(engine):
    states = []
    for chosen in (None, engine):
        random.seed(5)
        fitted(chosen, "max_margin", seed=None)
        states.append(random.getstate())
    assert states[0] == states[1]


@every_engine
def test_scores_far_out(engine):
    for loss in ("softmax", "svm"):
        runs = []
        for chosen in (None, engine):
            model, X, y = task(loss)
            for p in model.parameters():
                p.data *= 1000.0
            runs.append((model, nn.fit(model, X, y, loss, epochs=3, learning_rate=1e-3, engine=chosen), "sgd"))
        assert_same_run(*runs)
        assert runs[0][1].loss[0] > 500.0


class Line(nn.Module):
    def __init__(self):
        self.slope, self.offset = Value(0.3), Value(0.5)

    def __call__(self, x):
        return (self.slope * x[0] + self.offset).relu()


class Huber:
    """A loss as an object, which cannot be hashed."""

    __hash__ = None

    def __call__(self, scores, targets):
        away = [abs(s - t) for s, t in zip(scores, targets)]
        return sum([0.5 * (d * d - (d - 1.0).relu() ** 2) for d in away]) / len(away)


@every_engine
@pytest.mark.parametrize(
    "loss", [Huber(), lambda scores, ys: sum([(s - y) ** 2 for s, y in zip(scores, ys)]) / len(ys)]
)
def test_a_loss_and_a_module_of_ones_own(engine, loss):
    targets = [1.0, -1.0, 1.0, 7.0]  # the first three may be classes, so some batches have an accuracy
    runs = []
    for chosen in (None, engine):
        model = Line()
        options = {"epochs": 4, "batch_size": 1, "seed": 1, "validation": (LINE, LINE_Y)}
        runs.append((model, nn.fit(model, LINE, targets, loss, learning_rate=0.05, **options, engine=chosen), "sgd"))
    assert_same_run(*runs)
    assert {None, 1.0} <= set(runs[0][1].accuracy)


@every_engine
def test_classes_with_a_loss_of_ones_own(engine):
    def brier(scores, labels):
        away = [p - 0.1 * label for row, label in zip(scores, labels) for p in row]
        return sum([d * d for d in away]) / len(labels)

    for labels in ([0, 1, 2, 1] * 5, [0.5, 1, 2, 1] * 5):
        runs = []
        for chosen in (None, engine):
            model = nn.MLP(2, [3], seed=1)
            X = [[0.1 * i, math.sin(i)] for i in range(20)]
            runs.append((model, nn.fit(model, X, labels, brier, epochs=3, learning_rate=0.05, engine=chosen), "sgd"))
        assert_same_run(*runs)
        assert (runs[0][1].accuracy[0] is None) == (0.5 in labels)


@every_engine
def test_a_model_that_has_learnt_all_can_go_on(engine):
    model = nn.MLP(1, [1], seed=0)
    nn.fit(model, LINE, LINE_Y, "mse", epochs=3000, learning_rate=0.1)
    assert nn.fit(model, LINE, LINE_Y, "mse", epochs=3, engine=engine).loss[-1] < 1e-25


@every_engine
def test_validation_that_is_not_finite(engine):
    losses = []
    for chosen in (None, engine):
        model, X, y = task("mse")
        history = nn.fit(model, X, y, "mse", epochs=2, validation=([[1e200] * 2], [[1e300] * 2]), engine=chosen)
        losses.append([v.loss for v in history.validations])
    assert losses[0] == losses[1] == [math.inf, math.inf]


# ---- how machine code is used ----


@native_alone
def test_whole_epochs_stay_in_machine_code(engine, monkeypatch):
    stretches = []
    run = Descent.run

    def counted(self, updates, epochs, each):
        stretches.append(len(updates) * epochs)
        return run(self, updates, epochs, each)

    monkeypatch.setattr(Descent, "run", counted)
    monkeypatch.setattr(Recorded, "_backward", None)
    for optimiser in ("sgd", "momentum", "nesterov", "rmsprop", "adam", "decay"):
        fitted(engine, "max_margin", optimiser, validation=None)
        assert stretches == [4, 4, 2]
        stretches.clear()
    fitted(engine, "max_margin", batch_size=None, steps=None, epochs=50, validation=None)
    assert stretches == [50]


@native_alone
def test_many_epochs_of_one_batch_are_parted(engine, monkeypatch):
    monkeypatch.setattr("scalargrad.nn.recorded.MAX_WORK", 3 * 30 * 21)  # of 30 samples and 21 parameters
    options = {"batch_size": None, "steps": None, "epochs": 8, "validation": None}
    with monkeypatch.context() as patch:
        patch.setattr(Recorded, "_backward", None)
        found = fitted(engine, "max_margin", "momentum", **options)
    assert_same_run(found, fitted(None, "max_margin", "momentum", **options))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@every_engine
def test_progress_is_told_alike(engine, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    told = []
    for chosen in (None, engine):
        for options in ({}, {"batch_size": None, "epochs": 20, "steps": None, "validation": None}):
            monkeypatch.setattr(sys, "stderr", Terminal())
            fitted(chosen, "max_margin", **options)
            told.append(sys.stderr.getvalue())
    assert told[:2] == told[2:] and "step 10/10  loss" in told[0] and "step 20/20  loss" in told[1]


# ---- what goes wrong on the way ----


def rounded(message):
    return re.sub(r"-?\d+\.\d+(e[+-]?\d+)?", lambda found: f"{float(found[0]):.6g}", message)


def diverged(engine, **options):
    model = nn.MLP(1, options.pop("widths", [1]), options.pop("activation", "relu"), seed=0)
    optimiser = SGD(model.parameters(), options.pop("rate"), options.pop("momentum", 0.0))
    with pytest.raises(nn.Diverged) as caught:
        nn.fit(model, LINE, LINE_Y, options.pop("loss", "mse"), optimiser, **options, engine=engine)
    return model, caught.value, optimiser


DIVERGING = [
    {"rate": 1e9},
    {"rate": 1e9, "batch_size": 2, "seed": 1},
    {"rate": 1e9, "batch_size": 1, "seed": 1, "momentum": 0.5},
    {"rate": 3.0, "widths": [3, 1], "epochs": 500},
    {"rate": lambda step: 1e308 if step == 5 else 0.01, "batch_size": 2, "seed": 0},
    {"rate": 0.1, "loss": lambda scores, ys: sum([s.exp() for s in scores]) / -len(scores)},
]


@every_engine
@pytest.mark.parametrize("options", DIVERGING)
def test_divergence_is_explained_as_ever(engine, options):
    (model, error, optimiser), (model0, error0, optimiser0) = (diverged(e, **options) for e in (engine, None))
    assert (error.step, error.sample) == (error0.step, error0.sample)
    assert rounded(str(error)) == rounded(str(error0))
    assert error.history.stopped == error0.history.stopped and error.step == len(error.history)
    assert error.history.loss == close(error0.history.loss, rel=1e-8)
    assert numbers(model) == close(numbers(model0), rel=1e-8) and optimiser.steps == optimiser0.steps


@every_engine
def test_a_step_that_an_engine_cannot_do_is_done_without(engine, monkeypatch):
    expected = fitted(None, "softmax", "momentum")
    kind, calls = programs.ENGINES[engine], []
    run, descend = kind.run, Descent.run

    def fails_at_times(self, *arguments):
        calls.append(arguments)
        value, gradients, *others = run(self, *arguments)
        return (math.nan, gradients, *others) if len(calls) % 3 == 0 else (value, gradients, *others)

    def fails_once(self, updates, epochs, each):
        if len(calls) == 2:  # the parameters overflow
            each = [1e308] * len(each)
        done = descend(self, updates, epochs, each)
        calls.append(done)
        return done

    monkeypatch.setattr(kind, "run", fails_at_times)
    monkeypatch.setattr(Descent, "run", fails_once)
    assert_same_run(fitted(engine, "softmax", "momentum"), expected)
    assert len(calls) > 3


@native_alone
def test_ctrl_c_in_machine_code_waits_for_the_end_of_the_epoch(engine, monkeypatch):
    descend, calls = Descent.run, []

    def interrupted(self, *arguments):
        calls.append(self)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return descend(self, *arguments)

    monkeypatch.setattr(Descent, "run", interrupted)
    options = {"epochs": 5, "validation": None}
    found = fitted(engine, "max_margin", "momentum", steps=None, **options)
    assert found[1].stopped == "interrupted after 8 of 20 steps" and found[2].steps == 8
    assert_same_run(found, fitted(None, "max_margin", "momentum", steps=8, **options))


@every_engine
def test_ctrl_c_between_steps(engine, monkeypatch):
    class Interrupted(ADAM):
        def step(self):
            if self.steps == 3:
                raise KeyboardInterrupt
            super().step()

    model, X, y = task("svm")
    history = nn.fit(model, X, y, "svm", Interrupted(model.parameters()), 5, 8, seed=1, engine=engine)
    assert history.stopped == "interrupted after 3 of 20 steps" and len(history) == 3


# ---- what is refused, before anything is changed ----


@every_engine
@pytest.mark.parametrize("factor", [1.0 + 1e-6, math.nan])
def test_an_engine_with_wrong_gradients_is_caught(engine, factor, monkeypatch):
    kind = programs.ENGINES[engine]
    run = kind.run

    def wrong(self, *arguments):
        value, gradients, *others = run(self, *arguments)
        return value, [gradients[0] * factor, *gradients[1:]], *others

    monkeypatch.setattr(kind, "run", wrong)
    with pytest.raises(
        ValueError, match=f'"{engine}" does not find the loss and gradients of 8 samples.*without engine='
    ):
        fitted(engine, "max_margin")
    monkeypatch.setattr("scalargrad.nn.recorded.COMPARED_WORK", 3 * 21)  # three samples, of 21 parameters
    with pytest.raises(ValueError, match="gradients of 3 samples"):
        fitted(engine, "max_margin")


def branches(scores, labels):
    return sum([s * s if s > 0 else s for s in scores]) / len(scores)


def by_index(scores, labels):
    return sum([row[y] for row, y in zip(scores, labels)]) / len(scores)


REFUSED = [
    ({"engine": "cuda"}, ValueError, "there is no engine 'cuda': choose from python, numpy, jax, native"),
    ({"loss": branches}, ValueError, "different graphs of different samples"),
    ({"loss": lambda scores, ys: sum([(s - y) ** 2 for s, y in zip(scores, ys)])}, ValueError, "train without engine="),
    ({"loss": lambda scores, ys: (scores[0] - ys[0]) ** 2}, ValueError, "train without engine="),
    ({"loss": lambda scores, ys: scores[0] * plain(ys[0])}, ValueError, "only one can be recorded"),
    ({"loss": lambda scores, ys: scores[0], "y": ["a"] * 30}, TypeError, "the sample label"),
    ({"loss": lambda scores, ys: scores[0], "y": [[1.0]] * 29 + [[1.0, 2.0]]}, ValueError, r"label\[29\]"),
    ({"model": nn.MLP(2, [2], seed=1), "loss": by_index, "y": [0] * 30}, TypeError, "ndices|ndex"),
    ({"optimizer": "more"}, ValueError, "no parameters of this model: train without engine="),
    ({"loss": "softmax"}, ValueError, "one score"),
    ({"batch_size": 0}, ValueError, "batch_size=0"),
]


@pytest.mark.parametrize(("changed", "kind", "words"), REFUSED)
def test_what_does_not_fit_is_refused_before_anything_is_changed(changed, kind, words):
    model, X, y = task("max_margin")
    model = changed.get("model", model)
    for p in model.parameters():
        p.grad = 0.5
    before, state = numbers(model), random.getstate()
    arguments = {"X": X, "y": y, "loss": "max_margin", "batch_size": 8, "engine": "python"} | changed
    if changed.get("optimizer") == "more":
        arguments["optimizer"] = SGD([*model.parameters(), Value(1.0)])
    with pytest.raises(kind, match=words):
        nn.fit(**({"model": model} | arguments))
    assert numbers(model) == before and {p.grad for p in model.parameters()} == {0.5}
    assert random.getstate() == state


def test_what_cannot_be_recorded_has_a_note():
    model, X, y = task("max_margin")
    with pytest.raises(ValueError, match="different graphs") as caught:
        nn.fit(model, X, y, branches, engine="python")
    assert caught.value.__notes__ == ["what cannot be recorded can be trained without engine="]


@pytest.mark.parametrize(("engine", "module"), [("numpy", "numpy"), ("jax", "jax"), ("native", "llvmlite.binding")])
def test_a_missing_package_is_named(monkeypatch, engine, module):
    package = module.partition(".")[0]
    monkeypatch.setitem(sys.modules, module, None)
    programs._engines.clear()
    model, X, y = task("max_margin")
    before = numbers(model)
    with pytest.raises(ImportError, match=rf"pip install {package}"):
        nn.fit(model, X, y, "max_margin", engine=engine)
    assert numbers(model) == before


# ---- sequences of different lengths ----


class NextLetter(nn.Module):
    """Scores of the next letter, after each letter of a text, from that letter and the mean of those before."""

    def __init__(self):
        self.letters, self.scores = nn.Embedding(4, 3, seed=1), nn.Layer(6, 4, "linear", seed=2)

    def __call__(self, text):
        rows = [self.letters(letter) for letter in text]
        means = [[total(column) / (t + 1) for column in zip(*rows[: t + 1])] for t in range(len(rows))]
        return [self.scores([*row, *mean]) for row, mean in zip(rows, means)]


def mean_over_letters(scores, labels):
    return total([nn.softmax_loss(*both) for both in zip(scores, labels)]) / len(labels)


TEXTS = [[0, 1, 2], [0, 3], [0, 2, 1, 3], [0, 1], [0, 3, 3], [0, 1, 1, 2], [0, 2, 3]]
NEXT = [[*text[1:], 0] for text in TEXTS]


def read(engine, batch_size, optimiser="adam", **options):
    model = NextLetter()
    usual = {"epochs": 3, "batch_size": batch_size, "seed": 4}
    chosen = OPTIMISERS[optimiser](model.parameters())
    return model, nn.fit(model, TEXTS, NEXT, mean_over_letters, chosen, **(usual | options), engine=engine), chosen


@every_engine
@pytest.mark.parametrize("batch_size", [1, 3])
def test_sequences_of_different_lengths(engine, batch_size):
    for options in ({}, {"validation": (TEXTS[2:], NEXT[2:])}):
        assert_same_run(read(engine, batch_size, **options), read(None, batch_size, **options))
    assert read(engine, 1)[1].accuracy[0] is None


@native_alone
def test_sequences_of_one_length_per_batch_stay_in_machine_code(engine, monkeypatch):
    monkeypatch.setattr(Recorded, "_backward", None)
    for optimiser in ("sgd", "momentum", "rmsprop", "adam"):
        read(engine, 1, optimiser)


def test_rows_of_different_lengths_are_no_sequences_without_as_many_labels():
    with pytest.raises(ValueError, match=re.escape("X[1] has 2 numbers, where the others have 3")):
        nn.fit(NextLetter(), TEXTS, [0] * len(TEXTS))
    with pytest.raises(ValueError, match=re.escape("X[1] has 2 numbers, where the others have 3")):
        nn.fit(NextLetter(), TEXTS, [*NEXT[:-1], [0]], mean_over_letters)


@every_engine
def test_a_letter_that_does_not_fit_is_named(engine):
    X, y = [[0, 1], [0, 4]], [[1, 0], [2, 0]]
    with pytest.raises(ValueError, match="this embedding has the rows 0 to 3, and none for 4.0|pick: .* do not fit"):
        nn.fit(NextLetter(), X, y, mean_over_letters, epochs=3, batch_size=1, engine=engine)
