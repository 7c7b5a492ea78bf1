"""`given_gradients`: a value made of its data, its parents and its local gradients."""

from __future__ import annotations

import copy
import math
import pickle
import re

import pytest

from scalargrad import (
    Value,
    backprop_code,
    check_gradients,
    draw,
    expand,
    given_gradients,
    gradient,
    hessian,
    jacobian,
    latex,
    load_graph,
    nudge,
    record,
    save_graph,
    steps,
    table,
    tree,
)


def product(x, y):
    return given_gradients(x.data * y.data, (x, y), (y.data, x.data))


def exp(x):
    return given_gradients(math.exp(x.data), [x], [math.exp(x.data)])


def neuron(x, w, b):
    """Of the lecture, from gates of numbers: 1 / (1 + e ** -(w x + b)), with the last step a fork."""
    e = exp(-1.0 * (product(w, x) + b))
    return e / (1.0 + e)


def leaves():
    return Value(-1.0, "x"), Value(2.0, "w"), Value(-3.0, "b")


def test_its_gradients_are_those_of_the_same_circuit_of_gates():
    xs, others = leaves(), leaves()
    f, (x, w, b) = neuron(*xs), others
    g = (-1.0 * (w * x + b)).exp()
    g = g / (1.0 + g)
    f.backward()
    g.backward()
    assert f.data == g.data and [v.grad for v in xs] == [v.grad for v in others]


def test_a_parent_may_come_twice():
    x = Value(3.0)
    f = product(x, x)
    f.backward()
    assert (f.data, f.parents, x.grad) == (9.0, (x, x), 6.0)


@pytest.mark.parametrize("data", [0.0, -0.0, 1e300, 1e-320, math.inf, -math.inf, 0.1])
def test_its_data_is_what_was_given(data):
    assert given_gradients(data, [Value(0.3), Value(-1e200)], [1e300, -0.7]).data == data


def test_nan_is_not_laundered():
    assert math.isnan(given_gradients(math.nan, [Value(1.0)], [2.0]).data)


def test_views_show_it_and_its_code_runs():
    x, w, b = leaves()
    f = neuron(x, w, b)
    f.label = "f"
    f.backward()
    variables = backprop_code(f).run()
    assert (variables["f"], variables["dx"], variables["dw"]) == (f.data, x.grad, w.grad)
    assert "given" in draw(f).source and "<svg" in draw(f).svg
    assert tree(product(w, x)).splitlines()[0] == "v1 = -2 + -1 * (w - 2) + 2 * (x - -1) = -2"
    assert len(list(steps(f))) > 8 and "frac" in latex(f)


def test_it_travels(tmp_path):
    x, w, b = leaves()
    f = neuron(x, w, b)
    for again in (load_graph(save_graph(f, tmp_path / "f.json")), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert tree(again, names={"f": again}) == tree(f)
        again.backward()
        assert again.numbers == f.numbers and again.local_gradients() == f.local_gradients()


def test_computed_again_it_goes_on_in_a_straight_line():
    x = Value(3.0, "x")
    f = given_gradients(9.0, [x], [6.0])
    assert "from 9 to 9.06" in str(nudge(x, f))
    assert expand(f) is f
    with pytest.raises(ValueError, match="only one can be recorded|plain numbers"):
        record(lambda x: product(x, x), samples=(3.0,))


def test_the_checker_finds_nothing_wrong_in_the_gate():
    given = table.given_gradients
    assert check_gradients(lambda x, y: given(1.0, x, y, 2.0, -3.0, 0.5, 0.7), [0.4, 0.6])


def test_there_are_first_derivatives_and_no_second():
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    f = product(x, y)
    f.label = "f"
    assert jacobian([f * x], [x, y]) == [[-24.0, 9.0]]
    for second in (lambda: hessian(f, [x, y]), lambda: gradient(f * x, [x])):
        with pytest.raises(ValueError, match=r"f was made by given_gradients: .* there are no second derivatives"):
            second()
    z = Value(2.0)
    assert gradient(z * z + f, [z])[0].data == 4.0  # no input comes through the gate


WRONG = {
    "one local gradient for each parent, not 1 for 2": lambda x: given_gradients(1.0, (x, x), (2.0,)),
    "one local gradient for each parent, not 2 for 1": lambda x: given_gradients(1.0, (x,), (2.0, 3.0)),
    "without parents is a leaf: write Value(data)": lambda x: given_gradients(1.0, (), ()),
    "a parent is a Value, not float 2.0": lambda x: given_gradients(1.0, (x, 2.0), (2.0, 1.0)),
    "a local gradient inf at a parent 3.0: both must be finite": lambda x: given_gradients(1.0, (x,), (math.inf,)),
    "a local gradient 0.0 at a parent inf": lambda x: given_gradients(1.0, (Value(math.inf),), (0.0,)),
    "it is a value of a graph already": lambda x: given_gradients(1.0, (x,), (x,)),
    "given_gradients takes the parents in a list, as in [x], not Value": lambda x: given_gradients(1.0, x, 2.0),
    "write given_gradients(data, parents, local_gradients)": lambda x: Value(0.5, (x,), (2.0,)),
    "not list [Value(3.0)]: to make a value of its parents write": lambda x: Value(0.5, [x]),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_refused(message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        WRONG[message](Value(3.0))
