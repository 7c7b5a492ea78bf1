"""What public functions are given: what they do not take is refused by them, in words, and not by what is inside.

Python's own words about an argument, such as `'int' object is not iterable`, say neither which argument is meant nor
what to write in its place.
"""

from __future__ import annotations

import inspect
import math
import re

import pytest

import scalargrad
from scalargrad import Value, nn

x, y = Value(2.0, "x"), Value(3.0, "y")
f = x * y
MODEL = nn.MLP(2, [2, 1], seed=1)
POINTS, SIDES = [[0.5, -0.5], [0.25, 1.0]], [1, -1]
THINGS = (3, None, "x", b"x", [], {}, True, 3j, math.nan, x, Value, [x, y], [None], ["a"], [[1.0]], {"a": x}, MODEL)
THINGS += (lambda a: a, object())

ONE_VALUE = (
    "exp log sqrt sin cos tanh sigmoid softplus relu leaky_relu elu steps tree draw backprop_code latex page expand"
)
CALLS = dict.fromkeys(ONE_VALUE.split(), (f,)) | {  # of every public function a call that is right
    "Value": (2.0,),
    "maximum": (x, y),
    "minimum": (x, y),
    "total": ([x, y],),
    "dot": ([x], [y], x),
    "pick": ([x, y], 1),
    "given_gradients": (6.0, [x, y], [3.0, 2.0]),
    "explain": (x, f),
    "ledger": (x, f),
    "paths": (x, f),
    "nudge": (x, f, 1e-3),
    "record_lines": (),
    "language": ("en",),
    "gradient": (f, [x]),
    "jacobian": ([f], [x]),
    "hessian": (f, [x]),
    "hessian_vector_product": (f, [x], [1.0]),
    "gate": (lambda a: a * a,),
    "check_gradients": (lambda a: a * a, [2.0]),
    "errors_by_step": (lambda a: a * a, [2.0]),
    "save_graph": (f, "graph.json"),
    "load_graph": ("graph.json",),
    "record": (lambda a: a * x, (1.0,), [x]),
    "evaluate": ("x * 2", {"x": 1.0}),
}
CALLS_OF_NN = {
    "Neuron": (2,),
    "Maxout": (2,),
    "Layer": (2, 2),
    "Embedding": (2, 2),
    "MLP": (2, [2, 1]),
    "TwoLayerNet": (2, 2, 2),
    "normal": (0.01,),
    **dict.fromkeys(["svm_loss", "softmax_loss"], ([[x, y]], [1])),
    **dict.fromkeys(["max_margin_loss", "binary_cross_entropy_loss", "mse_loss"], ([x], [1])),
    **dict.fromkeys(["l1", "l2", "logsumexp", "softmax"], ([x, y],)),
    "accuracy": ([x], [1]),
    **dict.fromkeys(["SGD", "RMSProp", "Adam"], ([x, y],)),
    "constant_rate": (0.1,),
    "fit": (MODEL, POINTS, SIDES),
    "save": (MODEL, "model.json"),
    "load": ("model.json",),
    **dict.fromkeys(["quadrants", "ring", "islands", "moons", "spiral"], (4,)),
    "read_csv": ("data.csv",),
    "layer_health": (MODEL, POINTS, SIDES),
    "draw_network": (MODEL,),
}
NOT_CALLED = {"Module", "Optimiser", "History", "Diverged", "LayerHealth", "Picture", "ACTIVATIONS", "STARTS", "LOSSES"}
PLOTS = {"plot_boundary": (MODEL, POINTS, SIDES), "plot_history": (3,), "plot_activations": (["relu"],)}
PLOTS |= {"plot_health": ([],)}
SCHEDULES = {"step_decay", "exponential_decay", "inverse_decay", "linear_decay", "cosine_decay", "warm_up"}

PYTHONS_OWN = re.compile(
    "object is not (iterable|callable|subscriptable)|has no (attribute|len)|not supported between|unhashable type|"
    "unsupported operand|can't multiply|must be real number|argument of type|cannot (unpack|be interpreted)|"
    "expected str, bytes|argument should be|normalize|indices must be|out of range"
)


def variants(function, arguments):
    """Calls with a wrong thing in the place of each argument in turn, and of each that has a default."""
    parameters = list(inspect.signature(function).parameters.values())
    for i in range(len(arguments)):
        for thing in THINGS:
            yield (*arguments[:i], thing, *arguments[i + 1 :]), {}
    for p in parameters[len(arguments) :]:
        for thing in THINGS if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) else ():
            yield arguments, {p.name: thing}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scalargrad.save_graph(f, "graph.json")
    nn.save(MODEL, "model.json")
    (tmp_path / "data.csv").write_text("1,2,0\n3,4,1\n")


def complaints(function, arguments):
    """What Python itself says about wrong arguments, once the function runs."""
    found = []
    for given, keywords in variants(function, arguments):
        try:
            function(*given, **keywords)
        except (TypeError, ValueError, ArithmeticError, OSError) as error:
            if PYTHONS_OWN.search(str(error)):
                found.append(f"{given!r:.60} {keywords!r:.60}: {error}")
        except Exception as error:
            found.append(f"{given!r:.60} {keywords!r:.60}: {error!r}")
    return found


def test_every_public_name_is_called():
    assert {*CALLS} == {*scalargrad.__all__} - {"CircuitCut"}
    assert {*CALLS_OF_NN, *PLOTS, *SCHEDULES} == {*nn.__all__} - NOT_CALLED


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_what_is_wrong_is_refused_in_words(folder, name):
    assert complaints(getattr(scalargrad, name), CALLS[name]) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS_OF_NN)
def test_what_is_wrong_for_a_network_is_refused_in_words(folder, name):
    assert complaints(getattr(nn, name), CALLS_OF_NN[name]) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PLOTS)
def test_what_is_wrong_for_a_plot_is_refused_in_words(folder, name):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert complaints(getattr(nn, name), PLOTS[name]) == []
