"""The lecture's circuits: the numbers to know by heart, and that demos, labs and notebook have the same ones."""

from __future__ import annotations

import itertools
import json
import re
import runpy
import shutil
from decimal import Decimal
from math import isclose
from pathlib import Path

import pytest

import scalargrad
from scalargrad import Value, evaluate
from scalargrad.graph import topological_order
from scalargrad.lecture import CIRCUITS
from scalargrad.lecture.network import points
from scalargrad.views.phrases import LANGUAGES

DEMOS = Path(__file__).parents[1] / "demos"

# The slides' and the notes' numbers, or mpmath's; ~ marks those that are rounded.
GOLDEN = {
    "first-circuit": "q=3 f=-12 f.grad=1 q.grad=-4 x.grad=-4 y.grad=-4 z.grad=3",
    "sigmoid-staged": """
        a=-2 b=6 ab=4 dot1=1 neg=-1 e=0.367879~ den=1.367879~ f=0.7310585786300049
        f.grad=1 den.grad=-0.534447~ e.grad=-0.534447~ neg.grad=-0.196612~ dot1.grad=0.196612~
        w0.grad=-0.19661193324148185 w1.grad=-0.3932238664829637 w2.grad=0.19661193324148185
        x0.grad=0.3932238664829637 x1.grad=-0.5898357997244456
    """,
    "sigmoid-gate": """
        f=0.7310585786300049 w0.grad=-0.19661193324148185 w1.grad=-0.3932238664829637 w2.grad=0.19661193324148185
        x0.grad=0.3932238664829637 x1.grad=-0.5898357997244456
    """,
    "staged-computation": """
        f=1.5456448841066441 x.grad=2.0595697955721649 y.grad=1.5922327514838093 num.grad=0.51214445~
        invden.grad=3.01798621~ den.grad=-0.79159345~ sigx.grad=-0.79159345~ xpysqr.grad=-0.79159345~
    """,
    "patterns": "f=-20 x.grad=-8 y.grad=6 z.grad=2 w.grad=0",
    "fork": "f=12 x.grad=7",
    "order": "c=4 b.grad=2 a.grad=4",
    "upstream": "r=3 f=-12 r.grad=-4 q.grad=-4 x.grad=-4 y.grad=-4 z.grad=3",
    "activations": """
        h1=0.7310585786300049 x1.grad=0.19661193324148185 h2=0.7615941559557649 x2.grad=0.41997434161402607
        h3=0 x3.grad=0 h4=-0.4 x4.grad=0.1 h5=1 x5.grad=-0.5 h6=-0.6321205588285577 x6.grad=0.36787944117144233
    """,
    "logic-and": "f=0.9999546021312976 a.grad=0.0009079161547~ b.grad=0.0009079161547~",
    "logic-xnor": "both=0.9999546021312976 neither=9.357622968839e-14~ f=0.9999545608951235 a.grad=8.2506e-7~",
    "matrix": """
        y0=-5 y1=5 y2=2 y3=-10 s0=0.006692850924284856 s1=0.9933071490757152 s2=0.8807970779778824
        s3=0.000045397868702434395 s0.grad=4 s1.grad=1 s2.grad=2 s3.grad=-1
        y0.grad=0.02659222668316~ y1.grad=0.00664805667079~ y2.grad=0.20998717080701~ y3.grad=-0.00004539580774~
        x0.grad=0.46651073830956~ x1.grad=0.25643277588707~ x2.grad=0.28958226762555~
        W00.grad=0.05318445336632~ W12.grad=0.20998717080701~ W23.grad=0.00013618742321~
    """,
    "affine": """
        W00.grad=13 W01.grad=26.5 W10.grad=16 W11.grad=33 b0.grad=3 b1.grad=6.5
        X00.grad=0.5 X01.grad=1 X10.grad=-3 X11.grad=4 X20.grad=-1 X21.grad=8
    """,
    "svm-loss": "near_car=2.9~ near_frog=0 loss=2.9~ cat.grad=-1 car.grad=1 frog.grad=0",
    "softmax-loss": """
        e_cat=24.5~ e_car=164.0~ e_frog=0.18~ p=0.13~ loss=2.0403551528~ cat.grad=-0.8700174610~ car.grad=0.8690495352~
        frog.grad=0.0009679258~
    """,
    "regularisation": "data_loss=1 R=0.025 L=1.025 w.grad=-1.9",
}

# The same circuits elsewhere: a demo and an expression in its names, or the notebook's cell that begins so.
ELSEWHERE = {
    "first-circuit": ("01_first_circuit.py", "f"),
    "sigmoid-staged": ("02_sigmoid_neuron.py", "f"),
    "sigmoid-gate": ("02_sigmoid_neuron.py", "g"),
    "staged-computation": ("03_staged_computation.py", "f"),
    "patterns": ("04_gate_patterns.py", "f"),
    "fork": ("lab_1_overwrite.py", "f"),
    "order": ("lab_2_too_early.py", "c"),
    "upstream": ("lab_4_no_upstream.py", "f"),
    "activations": (
        "05_activations.py",
        "total([make(Value(x)) for (make, _, _), x in zip(ACTIVATIONS, [1, 1, -4, -4, -4, -1])])",
    ),
    "logic-and": ("06_logic_neurons.py", "and_(Value(1), Value(1))"),
    "logic-xnor": ("06_logic_neurons.py", "xnor(Value(1), Value(1))"),
    "matrix": ("07_matrix_example.py", "h"),
    "affine": ("X = [[Value(n) for n in row]", "h"),
    "svm-loss": ("cat, car, frog = Value(3.2), Value(5.1), Value(-1.7)\nmargins", "hinge"),
    "softmax-loss": ("13_softmax_loss.py", "loss"),
    "regularisation": ("w = Value(0.5)", "L"),
}


def agrees(text, number):
    """Whether a number is what a text of GOLDEN says."""
    if text.endswith("~"):
        unit = 10.0 ** Decimal(text[:-1]).as_tuple().exponent
        return abs(number - float(text[:-1])) <= 0.5 * unit
    return isclose(number, float(text), rel_tol=1e-14)


def golden(name):
    """{name of a number, such as f or x.grad: its text} of one circuit."""
    return dict(part.split("=") for part in GOLDEN[name].split())


def numbers_of(root):
    """{f: its number, f.grad: its gradient} for all labels of a graph, after backward."""
    root.backward()
    named = [node for node in topological_order([root]) if node.label]
    return {node.label: node.data for node in named} | {f"{node.label}.grad": node.grad for node in named}


def test_every_circuit_has_numbers_to_know_and_a_twin_elsewhere():
    assert CIRCUITS.keys() == GOLDEN.keys() == ELSEWHERE.keys()
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in CIRCUITS)


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_numbers_to_know_by_heart(name):
    numbers = numbers_of(CIRCUITS[name].root())
    assert {key: numbers[key] for key, text in golden(name).items() if not agrees(text, numbers[key])} == {}


def test_a_text_of_the_table_can_be_wrong():
    assert agrees("0.534447~", 0.5344466) and not agrees("0.534447~", 0.534448) and not agrees("3", 3.0000001)


@pytest.mark.parametrize(
    "name, truth", [("logic-and", lambda a, b: a and b), ("logic-xnor", lambda a, b: a == b)], ids=["and", "xnor"]
)
def test_neurons_that_compute_logic(name, truth):
    for a, b in itertools.product((0, 1), repeat=2):
        f = evaluate(CIRCUITS[name].expression, {"a": a, "b": b})
        assert abs(f.data - truth(a, b)) < 5e-5


def test_each_root_is_recorded_anew():
    circuit = CIRCUITS["fork"]
    assert not set(topological_order([circuit.root()])) & set(topological_order([circuit.root()]))


# ---- what the answers to the class say ----

AT_MINUS_4 = dict.fromkeys(CIRCUITS["activations"].numbers, -4.0)

# (circuit, numbers that are changed, name of a number, what the answer says that it is)
ANSWERS = [
    ("first-circuit", {}, "x.grad", "-4"),
    ("first-circuit", {"x": -1.99}, "f", "-12.04"),
    ("sigmoid-staged", {}, "den.grad", "-0.53"),
    ("sigmoid-staged", {}, "e", "0.37"),
    ("sigmoid-staged", {}, "dot1.grad", "0.20"),
    ("sigmoid-gate", {}, "f", "0.73"),
    ("sigmoid-gate", {}, "w2.grad", "0.20"),
    ("patterns", {"w": 2.1}, "w.grad", "2"),
    ("patterns", {"w": 2.1}, "z.grad", "0"),
    ("patterns", {"w": 2.0}, "w.grad", "1"),
    ("fork", {}, "x.grad", "7"),
    ("order", {}, "a.grad", "4"),
    ("upstream", {}, "x.grad", "-4"),
    ("activations", AT_MINUS_4, "x1.grad", "0.018"),
    ("activations", AT_MINUS_4, "x2.grad", "0.0013"),
    ("activations", AT_MINUS_4, "x3.grad", "0"),
    ("activations", AT_MINUS_4, "x4.grad", "0.1"),
    ("activations", AT_MINUS_4, "x5.grad", "-0.5"),
    ("activations", AT_MINUS_4, "x6.grad", "0.018"),
    ("svm-loss", {}, "loss", "2.9"),
    ("regularisation", {"w": 1.01}, "data_loss", "0"),
]


@pytest.mark.parametrize("name, changes, key, said", ANSWERS)
def test_the_answers_are_true(name, changes, key, said):
    numbers = numbers_of(evaluate(CIRCUITS[name].expression, {**CIRCUITS[name].numbers, **changes}))
    assert f"{numbers[key]:.{len(said.partition('.')[2])}f}" == said
    for sentences in LANGUAGES.values():
        assert re.search(rf"(?<![\d.]){re.escape(said)}(?![\d]|\.\d)", sentences[f"lecture {name} answer"])


def test_at_2_2_the_car_costs_nothing():
    numbers = numbers_of(evaluate(CIRCUITS["svm-loss"].expression, {**CIRCUITS["svm-loss"].numbers, "car": 2.2}))
    assert [numbers[key] for key in ("loss", "cat.grad", "car.grad", "frog.grad")] == [0, 0, 0, 0]


def test_without_the_upstream_an_affine_layer_gives_column_sums():
    layer = CIRCUITS["affine"].expression.partition("h0 =")[0]
    numbers = numbers_of(evaluate(f"{layer}h = total([O00, O01, O10, O11, O20, O21])", CIRCUITS["affine"].numbers))
    assert [numbers[f"{key}.grad"] for key in ("W00", "W01", "W10", "W11", "b0", "b1")] == [9, 9, 12, 12, 3, 3]


def test_the_regularised_weight_comes_to_rest_at_1():
    slopes = [numbers_of(evaluate(CIRCUITS["regularisation"].expression, {"w": w}))["w.grad"] for w in (0.99, 1.01)]
    assert slopes[0] < -1.5 and 0 < slopes[1] < 0.3


# ---- the same circuits in demos and notebook ----


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A function that runs a demo, once, in a folder of its own, and gives its names."""
    folder, ran = tmp_path_factory.mktemp("demos"), {}
    for path in DEMOS.glob("*.py"):
        shutil.copy(path, folder)

    def run(name):
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)  # the labs import what they share
            ran[name] = ran.get(name) or runpy.run_path(str(folder / name))
        return ran[name]

    return run


def cell(start):
    """The names that the notebook's cell has assigned which begins with `start`."""
    sources = ["".join(c["source"]) for c in json.loads((DEMOS / "lecture4.ipynb").read_text("utf-8"))["cells"]]
    [source] = [source for source in sources if source.startswith(start)]
    names = {**vars(scalargrad)}
    exec(re.sub("(?m)^(draw|print).*", "", source), names)
    return names


def shape(root):
    """All that a graph is but for its names: the gate, the number and the inputs of each node, in the one order."""
    order = topological_order([root])
    places = {node: i for i, node in enumerate(order)}
    return [
        (node.gate and node.gate.name, node.data, [places[x] if isinstance(x, Value) else x for x in node.inputs])
        for node in order
    ]


@pytest.mark.parametrize("name", CIRCUITS)
def test_demos_and_notebook_have_the_same_circuit(name, demo):
    where, expression = ELSEWHERE[name]
    names = demo(where) if where.endswith(".py") else cell(where)
    assert shape(eval(expression, {**vars(scalargrad), **names})) == shape(CIRCUITS[name].root())


# ---- the network's points ----


def test_no_line_parts_the_points():
    """The mean of either class is the same point, which would have to be on both sides."""
    means = [[sum(p[i] for p in points() if p[2] == label) for i in (0, 1)] for label in (0, 1)]
    assert all(abs(coordinate) < 1e-12 for mean in means for coordinate in mean)
