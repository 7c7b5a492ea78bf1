"""Large graphs on the engine "native": instructions for what is compiled for each kind of gate."""

import math
import random
from functools import partial

import pytest
from interpreted import record_interpreted
from test_compiled import assert_same, eager, network, points

from scalargrad import Value, dot, maximum, pick, table, total
from scalargrad.compiled import kinds, native, record
from scalargrad.compiled.instructions import Instructions
from scalargrad.compiled.interpreter import Interpreter
from scalargrad.compiled.trace import Recorder

pytest.importorskip("llvmlite", reason="llvmlite is not installed")


def unrolled(steps):
    w, b = Value(0.5), Value(0.1)

    def function(x):
        for _ in range(steps):
            x = (x * w + b).tanh()
        return x

    return function, [w, b]


def random_graph(gates, seed=0):
    """A function of two inputs and five parameters, as a graph of so many gates that each read two nodes before."""
    chance, parameters = random.Random(seed), [Value(0.3 * i - 0.7) for i in range(5)]
    plan = [(chance.randrange(5), chance.randrange(7 + i), chance.randrange(7 + i)) for i in range(gates)]
    make = [table.add, table.mul, table.maximum, lambda x, y: x.tanh() - y, lambda x, y: (x * 0.37).sin() / 2.5]

    def function(x, y):
        nodes = [x, y, *parameters]
        for which, i, j in plan:
            nodes.append(table.tanh(make[which](nodes[i], nodes[j])))
        return total(nodes)

    return function, parameters


def test_a_large_graph_is_that_of_backward_to_the_last_bit():
    function, parameters = unrolled(4000)
    program = record(function, (0.7,), parameters, "native")
    assert type(program._engine) is Interpreter
    assert program([0.7]) == eager(lambda x: function(Value(x)), [(0.7,)], parameters)[:2]


def test_a_large_random_graph():
    function, parameters = random_graph(1500)
    program = record(function, (1.0, 2.0), parameters, "native", "sum")
    assert type(program._engine) is Interpreter
    samples = [(0.1 * i, 1.0 - 0.2 * i) for i in range(9)]
    expected = eager(lambda x, y: function(Value(x), Value(y)), samples, parameters)
    assert_same(program(*zip(*samples)), expected)


def test_a_minibatch_may_have_any_number_of_samples():
    function, parameters = random_graph(40, seed=1)
    samples = [(0.3 * i, 1.0 - 0.1 * i) for i in range(20)]
    program = record_interpreted(function, (1.0, 2.0), parameters, "sum")
    for n in (1, 7, 8, 20, 9, 16, 2):
        expected = eager(lambda x, y: function(Value(x), Value(y)), samples[:n], parameters)
        assert_same(program(*zip(*samples[:n])), expected)


def test_small_graphs_and_those_of_few_long_dots_are_compiled_as_a_whole():
    for sizes in ([2, 16, 16, 1], [784, 32, 10]):
        model, parameters = network(sizes)
        program = record(lambda x, model=model: total(model(x)), ([0.5] * sizes[0],), parameters, "native")
        assert type(program._engine) is not Interpreter


@pytest.mark.parametrize("n", [*range(6, 18), 40])
def test_dots_and_totals_of_every_length(n):
    model, parameters = network([n, n, 1])
    ones = [1.0] * n

    def function(x):  # layers; factors that are all values, the same one, plain numbers; strides, and no bias
        (y,) = model(x)
        squares = dot(parameters[:n], parameters[:n])
        return y * squares + dot(ones, x) * dot(x[::-1], parameters[: 2 * n : 2]) + total(parameters) * total([*x, 3.0])

    X, _ = points(9, n)
    program = record_interpreted(function, (X[0],), parameters, "sum")
    assert_same(program(X), eager(lambda x: function([*map(Value, x)]), [(x,) for x in X], parameters))


@pytest.mark.parametrize("n", [3, 7, 8, 20])
def test_a_pick_of_every_length(n):
    p = [Value(0.5 * i - 1.0) for i in range(n)]

    def function(x, i):
        return table.tanh(x * pick(p, i)) + pick([*p[: n - 1], x], i) + pick([1.5] * n, i)

    program = record_interpreted(function, (1.0, 1.0), p, "sum")
    samples = [(0.1 * i, float(i)) for i in range(n)]
    expected = eager(lambda x, i: function(Value(x), Value(i)), samples, p)
    assert_same(program(*zip(*samples)), expected)
    for none in (-1.0, 0.5, float(n), math.nan, math.inf):
        assert math.isnan(program([1.0], [none])[0])


def test_weights_and_hidden_outputs_stand_in_rows():
    model, parameters = network([16, 16, 16, 2])
    trace, _ = Recorder(lambda x: total(model(x)), ([0.5] * 16,), parameters).recorded()
    made = Instructions(trace, trace.entries)
    loops = [made.kinds[number].loop for number, *_ in made if made.kinds[number].gate is table.dot]
    assert loops == ["rows"] * 34


def test_what_is_reported_sends_nothing_back():
    p = Value(2.0)
    program = record_interpreted(lambda x: (p * x, (p * 0.0).sqrt(), p * x), (1.0,), [p])
    assert program([3.0]) == (6.0, [3.0], 0.0, 6.0)


def test_nothing_is_compiled_twice(monkeypatch):
    compile_, sources = kinds.compiled, []
    monkeypatch.setattr(kinds, "_functions", {})
    monkeypatch.setattr(kinds, "compiled", lambda source: sources.append(source) or compile_(source))
    p = Value(2.0)
    for n in (3, 5, 3):
        record_interpreted(lambda x, n=n: maximum(*[p * x] * n).tanh(), (1.0,), [p])
    assert ["@tanh(" in source for source in sources] == [True, False]  # then a maximum of five alone


def test_only_so_many_kinds_are_kept(monkeypatch):
    monkeypatch.setattr(kinds, "_functions", {})
    monkeypatch.setattr(kinds, "MAX_KINDS", 3)
    p = Value(2.0)
    programs = [record_interpreted(lambda x, n=n: maximum(*[p * x] * n), (1.0,), [p], "sum") for n in range(2, 9)]
    assert len(kinds._functions) <= 3 + 3
    assert [program([3.0])[0] for program in programs] == [6.0] * 7


def test_a_gate_of_too_many_inputs_is_refused(monkeypatch):
    monkeypatch.setattr(native, "MAX_INSTRUCTIONS", 1000)
    p = Value(2.0)
    for make in (record_interpreted, partial(record, engine="native")):
        with pytest.raises(ValueError, match=r'"native" compiles up to 1,000 instructions.*engine="python"'):
            make(lambda x: maximum(*[p * x] * 300), (1.0,), [p])
