"""Saved models, data sets, CSV files, pictures, and the front door of the room."""

from __future__ import annotations

import json
import math
import multiprocessing
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import given, settings
from spoiled import spoiled

from scalargrad import gate, language, nn, softplus
from scalargrad.nn import pictures

X, Y = nn.moons(24, seed=0)


def numbers(model):
    return [p.data for p in model.parameters()]


def swish_of(x):
    return x * x.sigmoid()


swish = gate(swish_of, name="swish")


# ---- saved models ----

MODELS = {
    "relu": lambda: nn.MLP(2, [4, 3, 1], seed=1),
    "one layer": lambda: nn.MLP(3, [2], seed=1),
    "maxout": lambda: nn.MLP(2, [3, 1], "maxout", pieces=3, seed=1),
    "by function": lambda: nn.MLP(2, [3, 1], softplus, seed=1),
    "own gate": lambda: nn.MLP(2, [3, 1], swish, seed=1),
    "assignment": lambda: nn.TwoLayerNet(4, 3, 2, seed=1),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_round_trip_is_exact(name, tmp_path):
    model = MODELS[name]()
    path = nn.save(model, tmp_path / "model.json")
    again = nn.load(path, gates=[swish])
    assert type(again) is type(model) and repr(again) == repr(model)
    assert numbers(again) == numbers(model)
    x = [0.5, -1.0, 2.0, 0.25][: model.n_inputs]
    assert again.frozen()(x) == model.frozen()(x)
    assert nn.save(again, tmp_path / "again.json").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("optimiser", [nn.SGD, nn.RMSProp, nn.Adam])
@pytest.mark.parametrize("activation", [*nn.ACTIVATIONS, "maxout"])
def test_pickled_in_the_middle_training_goes_on_as_before(activation, optimiser):
    model = nn.MLP(2, [3, 1], activation, seed=1)
    chosen = optimiser(model.parameters(), nn.linear_decay(0.1, 9))
    history = nn.fit(model, X, Y, "max_margin", chosen, epochs=2)
    model2, chosen2, history2 = pickle.loads(pickle.dumps((model, chosen, history)))
    assert history2.steps == history.steps and repr(history2) == repr(history)
    runs = [nn.fit(m, X, Y, "max_margin", o, epochs=2).loss for m, o in ((model, chosen), (model2, chosen2))]
    assert runs[0] == runs[1] and numbers(model) == numbers(model2)


def score_of(model):
    return model([0.5, -1.0]).data


def test_models_go_to_other_processes():
    models = [nn.MLP(2, [3, 1], "tanh", seed=seed) for seed in range(2)]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(score_of, models)) == list(map(score_of, models))


def test_divergence_pickles():
    with pytest.raises(nn.Diverged) as caught:
        nn.fit(nn.MLP(1, [1], seed=0), [[1.0], [2.0]], [1.0, 2.0], "mse", learning_rate=1e9)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.step, again.sample) == (str(caught.value), caught.value.step, caught.value.sample)
    assert again.history.steps == caught.value.history.steps


def test_numbers_that_json_has_no_word_for(tmp_path):
    model = nn.MLP(1, [1, 1])
    odd = [math.nan, math.inf, -math.inf, 5e-324]
    for p, x in zip(model.parameters(), odd):
        p.data = x
    assert list(map(repr, numbers(nn.load(nn.save(model, tmp_path / "m.json"))))) == list(map(repr, odd))


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match="not a Neuron"):
        nn.save(nn.Neuron(2), tmp_path / "m.json")
    with pytest.raises(ValueError, match="make it a gate"):
        nn.save(nn.MLP(2, [2, 1], lambda x: x * x), tmp_path / "m.json")
    mixed = nn.MLP(2, [2, 2, 1], "tanh")
    mixed.layers[1] = nn.Layer(2, 2, "relu")
    with pytest.raises(ValueError, match="one activation"):
        nn.save(mixed, tmp_path / "m.json")
    assert list(tmp_path.iterdir()) == []


def damaged(**changes):
    file = {"format": "scalargrad model", "version": 1, "kind": "MLP", "n_inputs": 1, "widths": [1]}
    file |= {"activation": "linear", "pieces": 1, "parameters": {"W1[0][0]": 0.5, "b1[0]": 1.0}} | changes
    return json.dumps({key: value for key, value in file.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Expecting value"),
        ('{"format": ', "line 1"),
        ("[1, 2]", "format is not"),
        ('{"format": "scalargrad graph", "version": 1}', "format is not"),
        ("[" * 100_000, "recursion|Stack overflow"),  # the latter from 3.14 on
        (damaged(version=2), "version 2 is not 1"),
        (damaged(version=True), "version True is not 1"),
        (damaged(version=1.0), "version 1.0 is not 1"),
        (damaged()[:-1] + ', "widths": [1]}', "widths is there twice"),
        (damaged().replace('"b1[0]"', '"W1[0][0]"'), r"W1\[0\]\[0\] is there twice"),
        (damaged(pieces=7), "pieces: 7, where 1 is written"),
        (damaged(activation="relu"), "activation: 'relu', where 'linear' is written"),
        (damaged(widths=None), "widths is missing"),
        (damaged(colour="red"), "colour is not known"),
        (damaged(widths=[]), "widths is not"),
        (damaged(widths=[1.5]), r"widths\[0\]: 1.5"),
        (damaged(n_inputs=0), "n_inputs: 0"),
        (damaged(n_inputs=10**12), "2 numbers; this architecture has 1000000000001"),
        (damaged(activation="os.system"), "activation: there is no 'os.system'"),
        (damaged(activation=["relu"]), "activation: there is no"),
        (damaged(kind="Layer"), "kind: 'Layer'"),
        (damaged(kind="TwoLayerNet"), "kind: 'TwoLayerNet'"),
        (damaged(parameters=[0.5, 1.0]), "parameters is not a table"),
        (damaged(parameters={"W1[0][0]": 0.5, "b1[1]": 1.0}), r"parameters.b1\[0\] is missing"),
        (damaged(parameters={"W1[0][0]": "x", "b1[0]": 1.0}), r"parameters.W1\[0\]\[0\]: 'x' is not a number"),
        (damaged(parameters={"W1[0][0]": True, "b1[0]": 1.0}), "True is not a number"),
        (damaged(parameters={"W1[0][0]": 10**400, "b1[0]": 1.0}), "is not a number"),
    ],
)
def test_a_damaged_file_is_named_with_the_place(text, words, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        nn.load(path)
    assert str(caught.value).startswith(f"{path}: not a saved model: ")


SMALL = json.dumps(
    {"format": "scalargrad model", "version": 1, "kind": "MLP", "n_inputs": 1, "widths": [1, 1], "activation": "relu"}
    | {"pieces": 1, "parameters": {"W1[0][0]": 0.25, "b1[0]": -0.5, "W2[0][0]": 2.0, "b2[0]": "nan"}}
)


@settings(max_examples=500)
@given(spoiled(SMALL))
def test_a_file_is_refused_in_words_or_is_a_model_that_can_be_saved_again(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_bytes(content)
    try:
        model = nn.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path}: not a saved model: ")
        return
    again = nn.load(nn.save(model, path))
    assert repr(again) == repr(model)
    assert [repr(p.data) for p in again.parameters()] == [repr(p.data) for p in model.parameters()]


def test_a_whole_file_stays_if_writing_fails(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        nn.save(nn.MLP(1, [1]), tmp_path / "nowhere" / "model.json")
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "nowhere.json")


# ---- data ----


@pytest.mark.parametrize("make", [nn.quadrants, nn.ring, nn.islands, nn.moons, nn.spiral])
def test_data_sets_are_balanced_and_reproducible(make):
    points, labels = make(60, seed=3)
    assert make(60, seed=3) == (points, labels) != make(60, seed=4)
    assert len(points) == 60 and all(len(x) == 2 and all(map(math.isfinite, x)) for x in points)
    assert {labels.count(c) for c in set(labels)} == {60 // len(set(labels))}
    assert set(labels) == ({0, 1, 2} if make is nn.spiral else {-1, 1})
    assert len(make(7, seed=0)[1]) == 7
    with pytest.raises(ValueError, match="n=0"):
        make(0)


def test_classes_are_those_of_the_slides():
    for (x1, x2), label in zip(*nn.quadrants(100, seed=0)):
        assert label == math.copysign(1, x1 * x2)
    for x, label in zip(*nn.ring(100, seed=0)):
        assert (1 <= math.hypot(*x) < 2) == (label == 1)


def test_moons_without_noise_are_half_circles():
    for (x1, x2), label in zip(*nn.moons(20, noise=0.0, seed=0)):
        assert (
            math.hypot(x1, x2) == pytest.approx(1) if label == -1 else math.hypot(x1 - 1, x2 - 0.5) == pytest.approx(1)
        )


def test_spiral_of_many_arms():
    assert set(nn.spiral(50, arms=5, seed=0)[1]) == set(range(5))


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("1,2,0\n3,4,1\n", {}, ([[1.0, 2.0], [3.0, 4.0]], [0, 1])),
        ("a,b,c\r\n1, 2 ,0.5\r\n\r\n3,4,1\r\n", {}, ([[1.0, 2.0], [3.0, 4.0]], [0.5, 1.0])),
        ("\ufeffw,h,kind\n1,2,rose\n3,4,iris\n5,6,rose\n", {}, ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [1, 0, 1])),
        ("kind,w\nx,1\ny,2\n", {"label": "kind"}, ([[1.0], [2.0]], [0, 1])),
        ("-1,5\n1,6\n", {"label": 0}, ([[5.0], [6.0]], [-1, 1])),
        ('"1","2"\n', {}, ([[1.0]], [2])),
    ],
)
def test_csv(text, arguments, expected, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode())
    assert nn.read_csv(path, **arguments) == expected


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (b"", {}, "it is empty"),
        (b"a,b\n", {}, "no samples"),
        (b"1,2\n3\n", {}, "line 2: 1 cell, where the first has 2"),
        (b"1,2\nx,4\n", {}, "line 2: 'x' is no finite number"),
        (b"1,2\nnan,4\n", {}, "line 2: 'nan' is no finite number"),
        (b"1,2\n3,\n", {}, "line 2: '' is no finite number"),
        (b"a,b\n1,2\n", {"label": "c"}, "no column 'c' among a, b"),
        (b"1,2\n", {"label": 2}, "none can be the label 2"),
        (b"1\n2\n", {}, "none can be the label"),
        (b"\xff\xfe\x00", {}, "not a file of comma-separated values"),
    ],
)
def test_a_damaged_csv_is_named_with_the_line(text, arguments, words, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=words) as caught:
        nn.read_csv(path, **arguments)
    assert str(caught.value).startswith(str(path))


# ---- dead and saturated units ----


def test_dead_and_saturated_units_are_named():
    model = nn.MLP(2, [4, 4, 1], "relu", seed=1)
    model.layers[0].neurons[2].b.data = -100.0
    first, _, last = nn.layer_health(model, X, Y, "max_margin")
    assert first.dead == ["h1[2]"] and first.saturated == [] and last.troubles() == ""
    assert str(first) == "layer 1: 4 relu; dead: h1[2]"
    model = nn.MLP(2, [4, 1], "tanh", seed=1)
    model.layers[0].neurons[0].b.data = 30.0
    model.layers[0].neurons[1].b.data = -5.0
    first, last = nn.layer_health(model, X, Y, "max_margin")
    assert first.saturated == ["h1[0]", "h1[1]"] and first.dead == []
    assert str(last) == "layer 2: 1 linear; all units pass gradients"
    assert repr([first, last]) == f"[<{first}>, <{last}>]"  # a prompt shows no walls of floats


def test_outputs_and_gradients_of_the_layers():
    model = nn.MLP(2, [3, 2], "maxout", seed=1)
    labels = [(y + 1) // 2 for y in Y]
    model.layers[0].b[0].grad = 0.25
    hidden, scores = nn.layer_health(model, X, labels)
    assert scores.outputs == [[s.data for s in model(x)] for x in X]
    assert [row[y] < 0 for row, y in zip(scores.gradients, labels)] == [True] * len(X)
    assert len(hidden.gradients) == len(X) and len(hidden.gradients[0]) == 3
    assert model.layers[0].b[0].grad == 0.25 and model.layers[0].b[1].grad == 0.0


# ---- pictures ----


@pytest.fixture
def drawn():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    model = nn.MLP(2, [4, 1], "tanh", seed=0)
    history = nn.fit(model, X, Y, "max_margin", epochs=3, validation=(X, Y))
    return {
        "boundary": lambda: nn.plot_boundary(model, X, Y, "two moons"),
        "history": lambda: nn.plot_history(history),
        "activations": nn.plot_activations,
        "health": lambda: nn.plot_health(nn.layer_health(model, X, Y, "max_margin")),
    }


@pytest.mark.parametrize("name", ["boundary", "history", "activations", "health"])
def test_pictures(name, drawn, tmp_path):
    picture = drawn[name]()
    for axes in picture.figure.axes:
        assert axes.get_xlabel() and axes.get_ylabel()
    assert picture.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    svg = picture.save(tmp_path / "a.svg").read_bytes()
    assert b"<svg" in svg and svg == drawn[name]().save(tmp_path / "b.svg").read_bytes()
    assert picture._repr_svg_().encode() == svg and picture._repr_png_().startswith(b"\x89PNG")
    assert "save" in repr(picture)
    with pytest.raises(ValueError, match="saved as .svg, .png or .pdf"):
        picture.save(tmp_path / "a.gif")


def test_the_boundary_of_classes_and_of_any_function(drawn):
    points, labels = nn.spiral(30, seed=0)
    for model in (nn.MLP(2, [4, 3], seed=0), lambda x: [x[0], x[1], 0.0], lambda x: [1.0, 1.0, 1.0]):
        assert len(nn.plot_boundary(model, points, labels).figure.axes) == 1
    assert nn.plot_boundary(lambda x: x[0] - 5.0, [[0.0, 0.0]], [1])
    picture = nn.plot_boundary(lambda x: x[0], [[1.0, 0.0], [-1.0, 0.0]], [1, 0])
    assert [text.get_text() for text in picture.figure.axes[0].get_legend().get_texts()] == ["class 0", "class 1"]


@pytest.mark.parametrize(("fonts", "title"), [(["Noto Sans CJK SC"], "损失"), ([], "loss")])
def test_plots_speak_chinese_where_a_font_has_its_letters(drawn, monkeypatch, fonts, title):
    manager = pytest.importorskip("matplotlib.font_manager")
    entries = [manager.FontEntry(fname=manager.findfont("DejaVu Sans"), name=name) for name in fonts]
    latin = [entry for entry in manager.fontManager.ttflist if entry.name not in pictures.CHINESE_FONTS]
    monkeypatch.setattr(manager.fontManager, "ttflist", [*latin, *entries])
    pictures._chinese_font.cache_clear()
    with language("zh"), warnings.catch_warnings(action="ignore"):  # the letters themselves are missing here
        assert drawn["history"]().figure.axes[0].get_title() == title
        assert drawn["health"]().figure.axes[1].get_xlabel().startswith("传到第 1 层" if fonts else "gradients at")
    pictures._chinese_font.cache_clear()


def test_a_history_of_regression_has_no_accuracy(drawn):
    history = nn.fit(nn.MLP(1, [1]), [[1.0], [2.0]], [2.0, 4.0], "mse", epochs=2)
    assert nn.plot_history(history).figure.axes[1].lines[0].get_xdata().size == 0


def test_nothing_to_plot(drawn):
    for plot in (
        *(lambda: nn.plot_history(nn.History()), lambda: nn.plot_activations([]), lambda: nn.plot_health([])),
        *(lambda: nn.plot_boundary(len, [], []), lambda: nn.plot_boundary(len, [[1.0]], [1])),
    ):
        with pytest.raises(ValueError, match="nothing|no activation|no layer|a boundary needs"):
            plot()


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        nn.plot_activations()


# ---- the front door ----


def test_all_is_what_is_there():
    assert len(set(nn.__all__)) == len(nn.__all__)
    for name in nn.__all__:
        thing = getattr(nn, name)
        assert isinstance(thing, dict) or (thing.__doc__ or "").strip(), name


def test_the_room_needs_nothing_but_python():
    code = "import sys; from scalargrad import nn; print({'matplotlib', 'tqdm', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
