"""What a gate does to the gradient, in sentences: each is true of its edge, for all gates of the table and others."""

import math

import pytest
from conftest import same
from gate_points import everywhere

from scalargrad import Value, dot, draw, explain, gate, maximum, page, sigmoid
from scalargrad.table import GATES, step
from scalargrad.views.patterns import edge_sentence, gate_sentence, manner
from scalargrad.views.phrases import LANGUAGES
from scalargrad.views.story import Story

TRUE = {
    "passes": lambda node, here, local, other: local == 1.0,
    "flips": lambda node, here, local, other: local == -1.0,
    "number": lambda node, here, local, other: True,  # the number that is said is the local gradient
    "switches": lambda node, here, local, other: other != here and same(local, node.numbers[1 + other]),
    "routes": lambda node, here, local, other: local == 1.0 and node.numbers[1 + here] == node.data,
    "loses": lambda node, here, local, other: local == 0.0 and node.numbers[1 + here] != node.data,
    "ties": lambda node, here, local, other: 0.0 < local < 1.0 and node.numbers[1 + here] == node.data,
    "picks": lambda node, here, local, other: local == 1.0 and here == 1 + node.numbers[1],
    "not picked": lambda node, here, local, other: local == 0.0 and here != 1 + node.numbers[1],
    "off": lambda node, here, local, other: local == 0.0,
    "scales": lambda node, here, local, other: True,
}


def forms(gate, point):
    """The point with all of its numbers as values, as far as there are slopes by them, and with one value alone."""
    count = len(gate.rule) if isinstance(gate.rule, tuple) else len(point)
    yield (*map(Value, point[:count]), *point[count:])
    for i, x in enumerate(point[:count]):
        yield (*point[:i], Value(x), *point[i + 1 :])


@pytest.mark.parametrize("name", GATES)
def test_every_sentence_about_every_edge_is_true(name):
    told = set()
    for point in everywhere(name):
        for inputs in forms(GATES[name], point):
            node = GATES[name].of(inputs)
            try:
                local_gradients = node.local_gradients()
            except ArithmeticError:  # infinitely steep: no backward pass gets there
                continue
            story = Story(node)
            for place, local in enumerate(local_gradients):
                kind, other = manner(story, node, place, local)
                assert TRUE[kind](node, story.place_of(node, place), local, other), (node.inputs, place, kind)
                told.add(edge_sentence(story, node, place, local))
            assert gate_sentence(story, node)
    assert told


def test_every_kind_has_a_sentence_in_every_language():
    for table in LANGUAGES.values():
        assert {f"edge {kind}" for kind in TRUE} <= table.keys()


@pytest.fixture
def xyz():
    return Value(2.0, "x"), Value(3.0, "y"), Value(5.0, "z")


def sentences(node):
    story = Story(node)
    return [edge_sentence(story, node, place, local) for place, local in enumerate(node.local_gradients())]


def test_the_bias_of_a_dot_is_not_switched(xyz):
    x, y, z = xyz
    node = dot([x], [y], z)
    assert sentences(node) == [
        "the gate switches its inputs: x gets the gradient times y",
        "the gate switches its inputs: y gets the gradient times x",
        "the gate passes its gradient on to z as it is",
    ]
    assert (
        gate_sentence(Story(node), node) == "the gate sends each input the gradient times a local gradient of its own"
    )


def test_a_difference_does_not_distribute(xyz):
    x, y, _ = xyz
    passes, flips = sentences(x - y)
    assert (passes, flips) == (
        "the gate passes its gradient on to x as it is",
        "the gate flips the sign of its gradient for y",
    )
    assert gate_sentence(Story(node := x - y), node) == f"{passes}; {flips}"


def test_a_plain_factor_is_named(xyz):
    assert sentences(2 * xyz[0]) == ["the gate multiplies its gradient by the plain number 2"]


def test_a_tie_is_said(xyz):
    x, y, _ = xyz
    node = maximum(x, x, y * 0)
    assert sentences(node)[0] == "the winners tie: the gate shares its gradient among them, and x gets 0.5 of it"
    assert gate_sentence(Story(node), node) == "the winners tie: the gate shares its gradient among them"


def test_page_and_picture_say_it(xyz):
    x, y, z = xyz
    shown = page(dot([x], [y], z), names={}).html
    assert "the gate passes its gradient on to z as it is" in shown
    assert "the gate sends each input the gradient times a local gradient of its own" in draw(dot([x], [y], z)).svg


# ---- gates of one's own, told as those of the table are ----

RULED = {
    "product": lambda: gate(lambda a, b: a * b, rule=lambda z, a, b: (b, a), name="product"),
    "product of pattern switches": lambda: gate(lambda a, b: a * b, name="product", pattern="switches"),
    "twice the product": lambda: gate(
        lambda a, b: 2 * a * b, rule=lambda z, a, b: (2 * b, 2 * a), name="product", pattern="switches"
    ),
}


@pytest.mark.parametrize("make", RULED)
def test_a_product_of_ones_own_with_a_zero_is_explained_as_mul_is(make):
    x, w = Value(3.0, "x"), Value(0.0, "w")
    f = RULED[make]()(x, w)
    f.backward()
    why = explain(x, f, names={"f": f})
    assert why.code == "zero weight" and why.numbers == {"weight": 0.0}
    assert str(why) == "x.grad = 0: f = product(x, w) multiplies x by w = 0, so df/dx = 0"


def test_a_product_of_three_with_a_zero():
    product = gate(
        lambda a, b, c: a * b * c, rule=lambda z, a, b, c: (b * c, a * c, a * b), name="p", pattern="switches"
    )
    x, y, w = Value(3.0, "x"), Value(2.0, "y"), Value(0.0, "w")
    f = product(x, y, w)
    f.backward()
    assert "multiplies y by w = 0" in str(explain(y, f))


def test_a_relu_a_maximum_and_a_sigmoid_of_ones_own():
    off = gate(lambda x: max(x, 0.0), rule=lambda z, x: (step(x, 0.0, 0.0),), name="hinge", pattern="routes")
    larger = gate(
        lambda x, y: max(x, y),
        rule=lambda z, x, y: (step(x, y, 0.5), step(y, x, 0.5)),
        name="larger",
        pattern="routes",
    )
    squash = gate(lambda x: 1 / (1 + math.exp(-x)), rule=lambda z, x: (z * (1 - z),), name="squash")
    x, y = Value(-1.0, "x"), Value(40.0, "y")
    for f, of, code in [(off(x), x, "relu off"), (larger(x, y), x, "lost"), (squash(y), y, "saturated")]:
        f.backward()
        assert explain(of, f).code == code
    assert explain(y, sigmoid(y)).code == "not computed yet"


def test_a_rule_that_cannot_be_read_goes_by_pattern_and_numbers():
    larger = gate(
        lambda *xs: max(xs), rule=lambda z, *xs: tuple(float(x == z) for x in xs), name="larger", pattern="routes"
    )
    x, y = Value(-1.0, "x"), Value(40.0, "y")
    f = larger(x, y)
    f.backward()
    assert explain(x, f).code == "lost"
    assert sentences(f)[1] == "the gate routes its gradient to the winner, y"


def test_a_gate_that_routes_one_input_in_its_own_way_is_flat_where_it_is():
    clip = gate(
        lambda x: min(max(x, -1.0), 1.0),
        rule=lambda z, x: (step(x, -1.0, 0.0) * step(1.0, x, 0.0),),
        name="clip",
        pattern="routes",
    )
    x = Value(3.0, "x")
    f = clip(x)
    f.backward()
    assert explain(x, f).code == "flat"
