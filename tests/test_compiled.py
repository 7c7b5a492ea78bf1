"""Record once, run many times: every engine gives what `backward()` gives."""

import gc
import importlib.util
import inspect
import math
import os
import random
import subprocess
import sys
import weakref

import pytest
from gate_points import POINTS, WHOLE, plain, recipes, smooth
from hypothesis import assume, given, settings
from interpreted import record_interpreted

from scalargrad import (
    Value,
    compiled,
    dot,
    gate,
    gradient,
    maximum,
    relu,
    sigmoid,
    table,
    tanh,
    total,
)
from scalargrad.compiled import Program, program as programs, record as record_on
from scalargrad.gate import Gate
from scalargrad.graph import topological_order
from scalargrad.table import GATES

inf, nan = math.inf, math.nan
NEEDS = {"python": None, "numpy": "numpy", "jax": "jax", "native": "llvmlite", "interpreter": "llvmlite"}


def engine_mark(engine):
    missing = NEEDS[engine] and importlib.util.find_spec(NEEDS[engine]) is None
    return pytest.param(engine, marks=pytest.mark.skipif(missing, reason=f"{NEEDS[engine]} is not installed"))


def record(function, samples=(), parameters=(), engine="python", reduce="mean"):
    """A program; for the engine "interpreter", on "native" as if the graph were large."""
    if engine == "interpreter":
        return record_interpreted(function, samples, parameters, reduce)
    return record_on(function, samples, parameters, engine, reduce)


every_engine = pytest.mark.parametrize("engine", list(map(engine_mark, NEEDS)))
follows_ieee = pytest.mark.parametrize("engine", list(map(engine_mark, ["numpy", "jax", "native", "interpreter"])))


# ---- what eager gives ----


def eager(function, samples, parameters):
    """(value, gradients, how large the contributions to them are), summed over samples, by `backward`."""
    samples = list(samples)
    for p in parameters:
        p.grad = 0.0
    value, size = 0.0, 1.0
    for sample in samples:
        root = function(*sample)
        root.backward()
        value += root.data
        size = max(size, contributions(root))
    return value, [p.grad for p in parameters], size * len(samples)


def contributions(root):
    """A bound for what arrives anywhere in a graph on the way back, signs aside, and for its numbers."""
    order, arrived = topological_order([root]), {root: 1.0}
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local_gradients()):
            arrived[parent] = arrived.get(parent, 0.0) + abs(local) * arrived[node]
    sizes = [x for x in [*arrived.values(), *[abs(node.data) for node in order]] if math.isfinite(x)]
    return max(sizes, default=1.0)


def assert_same(found, expected):
    value, gradients = found
    wanted, slopes, size = expected
    for a, b in zip([value, *gradients], [wanted, *slopes], strict=True):
        assert a == b or a != a and b != b or abs(a - b) <= 1e-12 * size, (found, expected)


# ---- all gates, one by one ----


def of_inputs(name, count, scales):
    """A function of `count` inputs through one gate, each scaled by a parameter."""
    gate = GATES[name]
    if name == "exponent_slope":  # its last input is always a plain number
        return lambda *xs: gate(*[p * x for p, x in zip(scales[:3], xs)], 1.0)
    return lambda *xs: gate(*[p * x for p, x in zip(scales, xs)])


def by_count(points):
    found = {}
    for point in points:
        found.setdefault(len(point), []).append(point)
    return found


def columns(points):
    return [list(column) for column in zip(*points)]


@every_engine
@pytest.mark.parametrize("name", GATES)
def test_every_gate_at_all_its_points_in_one_minibatch(name, engine):
    points = [p for p in smooth(name) if name != "exponent_slope" or p[3] == 1.0]
    for count, some in by_count(points).items():
        scales = [Value(1.0) for _ in range(count)]
        function = of_inputs(name, count, scales)
        program = record(function, some[0], scales, engine, "sum")
        assert_same(program(*columns(some)), eager(function, some, scales))


@every_engine
@pytest.mark.parametrize("name", GATES)
def test_every_gate_at_kinks_and_at_nan_and_inf(name, engine):
    points = [p for p in POINTS[name].special if name != "exponent_slope" or p[3] == 1.0]
    if name == "step":  # its slopes are 0 everywhere, so nothing is sent back, not even 0 * nan
        points = [p for p in points if all(x == x for x in p)]
    for count, some in by_count(points).items():
        scales = [Value(1.0) for _ in range(count)]
        function = of_inputs(name, count, scales)
        start = tuple([0.0 if place in WHOLE.get(name, ()) else 0.5 for place in range(count)])
        program = record(function, start, scales, engine, "sum")
        for point in some:
            assert_same(program(*columns([point])), eager(function, [point], scales))


def test_the_tests_can_fail(monkeypatch):
    wrong = Gate(lambda x: x * x * x, lambda z, x: (3.0 * x * x + 1e-9,), name="cube")
    p = Value(2.0)
    cube = record(lambda x: wrong(p * x), (1.0,), [p])
    with pytest.raises(AssertionError):
        assert_same(cube([1.0]), eager(lambda x: (p * x) ** 3, [(1.0,)], [p]))


# ---- random graphs ----


@every_engine
@settings(max_examples=20)
@given(recipe=recipes())
def test_random_graphs(engine, recipe):
    half = len(recipe.leaves) // 2
    parameters = [Value(x) for x in recipe.leaves[half:]]
    sample = recipe.leaves[:half]

    def function(*xs):
        return total([recipe.run([*xs, *parameters], GATES.get)[-1], parameters[0]])

    assert_same(record(function, sample, parameters, engine)(*columns([sample])), eager(function, [sample], parameters))


@every_engine
@settings(max_examples=20)
@given(recipe=recipes())
def test_what_random_graphs_report_beside(engine, recipe):
    half = len(recipe.leaves) // 2
    parameters, sample = [Value(x) for x in recipe.leaves[half:]], recipe.leaves[:half]

    def function(*xs):
        first, *others = reversed([*xs, *parameters, *recipe.run([*xs, *parameters], GATES.get)])
        return total([first, parameters[0]]), *others

    value, gradients, *others = record(function, sample, parameters, engine)(*columns([sample]))
    assert_same((value, gradients), eager(lambda *xs: function(*xs)[0], [sample], parameters))
    values = function(*map(Value, sample))[1:]
    for other, expected in zip(others, values, strict=True):
        assert_same((other, []), (expected.data, [], contributions(expected)))


@every_engine
@settings(max_examples=8)
@given(recipe=recipes(longest=6))
def test_second_derivatives_of_random_graphs(engine, recipe):
    parameters = [Value(x) for x in recipe.leaves]

    def slope_along():
        slopes = gradient(recipe.run(parameters, GATES.get)[-1] * 1.0, parameters)
        return total([slope * slope for slope in slopes])

    expected = eager(slope_along, [()], parameters)
    assume(expected[2] < 1e6)
    assert_same(record(slope_along, (), parameters, engine)(), expected)


# ---- networks and minibatches ----


def network(sizes, activation=relu, seed=0):
    """(model, parameters) of layers of dot gates."""
    chance = random.Random(seed)
    layers = [
        [([Value(chance.uniform(-1, 1)) for _ in range(n)], Value(chance.uniform(-1, 1))) for _ in range(m)]
        for n, m in zip(sizes, sizes[1:])
    ]

    def model(x):
        for i, layer in enumerate(layers):
            x = [dot(w, x, b) for w, b in layer]
            x = x if i == len(layers) - 1 else [activation(v) for v in x]
        return x

    return model, [p for layer in layers for w, b in layer for p in (*w, b)]


def hinge(model, parameters):
    """A max-margin loss with a term that depends on parameters alone."""
    return lambda x, y: relu(1 - y * model(x)[0]) + 1e-2 * total([p * p for p in parameters])


def points(n, width, seed=0):
    chance = random.Random(seed)
    X = [[chance.gauss(0, 1) for _ in range(width)] for _ in range(n)]
    return X, [chance.choice([-1.0, 1.0]) for _ in range(n)]


@every_engine
@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000])
def test_minibatches(engine, n):
    model, parameters = network([2, 5, 4, 1], tanh if n == 7 else relu)
    loss = hinge(model, parameters)
    X, Y = points(n, 2)
    program = record(loss, (X[0], Y[0]), parameters, engine, "sum")
    assert_same(program(X, Y), eager(loss, zip(X, Y), parameters))


@every_engine
@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000])
def test_what_minibatches_report_beside(engine, n):
    model, parameters = network([2, 5, 1], tanh)
    loss = hinge(model, parameters)

    def function(x, y):  # what varies, an input, what is the same for all samples, and the first again
        value = loss(x, y)
        return value, table.step(y * model(x)[0], 0.0, 0.5), x[0], dot(parameters, parameters), value

    X, Y = points(n, 2)
    alone = record(loss, (X[0], Y[0]), parameters, engine, "sum")(X, Y)
    value, gradients, *others = record(function, (X[0], Y[0]), parameters, engine, "sum")(X, Y)
    assert_same((value, gradients), (*alone, n))
    expected = [
        sum(column) for column in zip(*[[v.data for v in function([Value(v) for v in x], y)] for x, y in zip(X, Y)])
    ]
    assert others == pytest.approx(expected[1:], rel=1e-12, abs=1e-12)
    means = record(function, (X[0], Y[0]), parameters, engine)(X, Y)[2:]
    assert means == pytest.approx([x / n for x in expected[1:]], rel=1e-12, abs=1e-12)


def test_what_is_reported_has_no_backward():
    p = Value(2.0)
    slopes = []
    for function in (lambda x: p * x, lambda x: (p * x, (p * x).tanh()), lambda x: ((p * x).tanh(), p * x)):
        source = record(function, (1.0,), [p]).source
        slopes.append([line for line in source.splitlines() if "g0 =" in line])
    assert slopes[0] == slopes[1] != slopes[2]


@every_engine
def test_loaded_samples_are_run_on_by_index(engine):
    p = Value(3.0)
    program = record(lambda x, y: (p * x * x, p * y), (1.0, 1.0), [p], engine)
    X, Y = [1.0, 2.0, 4.0, 8.0], [1.0, 0.0, 3.0, 5.0]
    loaded = program.load(X, Y)
    assert len(loaded) == 4 and loaded() == program(X, Y)
    for chosen in ([2], [3, 0, 1], range(1, 3), [0, 0]):
        p.data += 1.0
        assert loaded(chosen) == program([X[i] for i in chosen], [Y[i] for i in chosen])
    with pytest.raises(ValueError, match="the minibatch is empty"):
        loaded([])


@every_engine
def test_the_mean_is_the_sum_divided_by_the_number_of_samples(engine):
    p = Value(3.0)
    X = [1.0, 2.0, 6.0]
    assert record(lambda x: p * x, (1.0,), [p], engine, "sum")(X) == (27.0, [9.0])
    value, [slope] = record(lambda x: p * x, (1.0,), [p], engine)(X)
    assert value == pytest.approx(9.0) and slope == pytest.approx(3.0)


@every_engine
def test_wide_layers_whose_dots_are_loops(engine):
    model, parameters = network([70, 34, 3] if engine != "jax" else [70, 5, 3], sigmoid)

    def loss(x, y):
        a, b, c = model(x)
        shared = y[0] * dot(parameters[:50], parameters[50:100])
        return a * y[0] + maximum(b, c) * y[1] + 0.1 * dot(parameters, parameters) + shared

    X, _ = points(9, 70)
    Y = [[math.sin(i), math.cos(i)] for i in range(9)]
    program = record(loss, (X[0], Y[0]), parameters, engine, "sum")
    assert_same(program(X, Y), eager(loss, zip(X, Y), parameters))


@every_engine
def test_parameters_in_any_order(engine):
    model, parameters = network([40, 3, 1], sigmoid)
    loss = hinge(model, parameters)
    X, Y = points(9, 40)
    shuffled = random.Random(1).sample(parameters, len(parameters))
    program = record(loss, (X[0], Y[0]), shuffled, engine, "sum")
    assert_same(program(X, Y), eager(loss, zip(X, Y), shuffled))


@every_engine
def test_products_of_samples_and_long_sums(engine):
    p = [Value(0.1 * i) for i in range(40)]

    def function(x, y):
        return (
            dot(x, y) * p[0] + total([q.sin() * a for q, a in zip(p, x)]) + dot([q * a for q, a in zip(p, x)], y, p[3])
        )

    X, Y = points(9, 40)[0], points(9, 40, seed=1)[0]
    program = record(function, (X[0], Y[0]), p, engine, "sum")
    assert_same(program(X, Y), eager(function, zip(X, Y), p))


@every_engine
def test_gradients_of_a_sample_as_a_part_of_the_loss(engine):
    model, parameters = network([2, 4, 1], tanh)

    def penalty(x):  # the slope of the output by the input: a second derivative, by parameters
        inputs = [v * 1.0 for v in x]
        return total([slope * slope for slope in gradient(model(inputs)[0], inputs)])

    X, _ = points(9, 2)
    program = record(penalty, (X[0],), parameters, engine, "sum")
    assert_same(program(X), eager(lambda x: penalty([Value(v) for v in x]), [(x,) for x in X], parameters))


@every_engine
@pytest.mark.parametrize("exponent", [-2, -1, 0, 1, 2, 3, 5, 0.5, 2.7])
def test_powers_with_a_plain_exponent_or_base(engine, exponent):
    p = Value(1.0)
    X = [0.5, 1.5, 2.0]

    def function(x):
        return (p * x) ** exponent + exponent * 2.5 ** (p * x) + abs(exponent) ** (p * x)

    program = record(function, (1.0,), [p], engine, "sum")
    assert_same(program(X), eager(function, [(x,) for x in X], [p]))


@every_engine
def test_what_needs_no_gate(engine):
    p, q = Value(3.0), Value(4.0)
    assert record(lambda: p, (), [p, q], engine)() == (3.0, [1.0, 0.0])
    assert record(lambda x: x, (1.0,), [p], engine, "sum")([5.0, 6.0]) == (11.0, [0.0])
    assert record(lambda: q, (), [p], engine)() == (4.0, [0.0])
    assert record(lambda x: x * 2, (1.0,), [], engine, "sum")([5.0, 6.0]) == (22.0, [])
    assert record(lambda x, y: p * 2, (1.0, [2.0]), [p], engine, "sum")([5.0, 6.0], [[1.0], [2.0]]) == (12.0, [4.0])


@every_engine
def test_a_fork_into_a_gate_that_routes_and_one_that_does_not(engine):
    w, u, v = ([Value(0.3 * i - 0.5 + k) for i in range(4)] for k in range(3))

    def function(x):
        hidden = [(p * x).sin() for p in w]
        return 2.5 * relu(dot(u, hidden)) + dot(v, hidden).tanh()

    X = [-2.0, 0.5, 1.0]
    program = record(function, (1.0,), [*w, *u, *v], engine, "sum")
    assert_same(program(X), eager(function, [(x,) for x in X], [*w, *u, *v]))


# ---- where numbers end ----


def fails(p):
    return {
        "log": lambda x: (p * x).log(),
        "root": lambda x: (p * x).sqrt(),
        "division": lambda x: 1 / (p * x),
        "power": lambda x: (p * x) ** 0.5,
    }


def error_in(run):
    with pytest.raises((ArithmeticError, ValueError)) as caught:
        run()
    return type(caught.value), str(caught.value), getattr(caught.value, "__notes__", [])


where_numbers_end = pytest.mark.parametrize(
    ("name", "point"), [(name, point) for name in GATES for point in [*POINTS[name].refused, *POINTS[name].steep]]
)


def fine(name, count):
    return (0.0,) * count if name in WHOLE else POINTS[name].ordinary[0]


@where_numbers_end
def test_floats_raise_the_error_of_the_gate(name, point):
    scales, start = [Value(1.0) for _ in point], fine(name, len(point))
    function = of_inputs(name, len(point), scales)
    kind, text, _ = error_in(lambda: function(*point).backward())
    assert text.startswith(f"{name}: input")
    program, data = record(function, start, scales), columns([start, start, start, point])
    for run in (lambda: program(*data), lambda: program.load(*data)([2, 0, 1, 3])):
        assert error_in(run) == (kind, text, ["sample 3 of the minibatch"])


@where_numbers_end
def test_a_call_without_arguments_raises_the_error_of_the_gate(name, point):
    leaves = [Value(x, label=f"w{i}") for i, x in enumerate(fine(name, len(point)))]
    program = record(lambda: GATES[name](*leaves), (), leaves)
    for p, x in zip(leaves, point):
        p.data = x
    kind, text, notes = error_in(lambda: GATES[name](*leaves).backward())
    assert text.startswith(f"{name}: input") and " w0 = " in text
    for run in (program, lambda: Program.__call__(program)):
        assert error_in(run) == (kind, text, notes)
    assert {p.grad for p in leaves} == {0.0}


def test_what_only_an_expansion_cannot_compute_is_an_error_of_python():
    """The output branches, so its expansion runs, and overflows where the gate itself would not."""
    stable = Gate(table.stable_softplus, table.softplus.rule, name="stable", expansion=table.softplus.expansion)
    p = Value(1.0)
    kind, text, notes = error_in(lambda: record(lambda x: stable(p * x), (1.0,), [p])([1.0, 1000.0]))
    assert (kind, text, notes) == (OverflowError, "math range error", ["sample 1 of the minibatch"])


@pytest.mark.parametrize("engine", list(map(engine_mark, ["python", "native", "interpreter"])))
def test_a_product_is_rounded_before_it_is_added_to(engine):
    chance = random.Random(0)
    for w, b, x in [(0.3, 0.2, 0.3), *[[chance.uniform(-1, 1) for _ in range(3)] for _ in range(40)]]:
        parameters, y = [Value(w), Value(b)], w * x + b
        program = record(lambda x, y, p=parameters: abs(p[0] * x + p[1] - y), (1.0, 1.0), parameters, engine)
        assert program([x] * 9, [y] * 9) == (0.0, [0.0, 0.0])  # at the kink, as backward has it


@follows_ieee
@pytest.mark.parametrize(
    ("name", "x", "value"),
    [("log", -1.0, nan), ("log", 0.0, -inf), ("root", -1.0, nan), ("division", 0.0, inf), ("power", -1.0, nan)],
)
def test_arrays_follow_ieee(engine, name, x, value):
    p = Value(1.0)
    found, [slope] = record(fails(p)[name], (2.0,), [p], engine)([x])
    assert found == value or found != found and value != value
    assert not math.isfinite(slope) or name == "log"


@every_engine
def test_one_sample_that_is_nan_does_not_touch_the_lanes_beside_it(engine):
    p, q = Value(1.0), Value(2.0)
    program = record(lambda x, y: p * x + q * y, (1.0, 1.0), [p, q], engine, "sum")
    value, [dp, dq] = program([1.0, inf, 2.0], [1.0, 1.0, 1.0])
    assert (value, dp, dq) == (inf, inf, 3.0)


# ---- gates of one's own ----


@every_engine
def test_composite_gates_and_gates_with_a_rule(engine):
    @gate
    def swish(x):
        return x * sigmoid(x)

    square = gate(lambda x: x * x, rule=lambda z, x: (2 * x,), name="square")
    p = Value(0.7)
    X = [-1.0, 2.0]
    program = record(lambda x: square(swish(p * x)), (1.0,), [p], engine, "sum")
    assert_same(program(X), eager(lambda x: square(swish(p * x)), [(x,) for x in X], [p]))


def branching(x):
    return x if x > 0 else 0.25 * x


@every_engine
def test_a_gate_whose_output_branches_runs_on_floats_alone(engine):
    leaky = gate(branching, rule=lambda z, x: (z / x,), name="leaky")
    p = Value(2.0)
    if engine == "python":
        assert record(lambda x: leaky(p * x), (1.0,), [p])([-1.0]) == (-0.5, [-0.25])
    else:
        with pytest.raises(ValueError, match="the output of the gate leaky branches or uses math"):
            record(lambda x: leaky(p * x), (1.0,), [p], engine)


@every_engine
def test_a_row_of_the_table_that_an_engine_does_not_know(engine, monkeypatch):
    arctan = Gate(math.atan, lambda z, x: (1.0 / (1.0 + x * x),), name="arctan")
    monkeypatch.setitem(GATES, "arctan", arctan)
    p = Value(2.0)
    if engine == "python":
        value, slopes = record(lambda x: arctan(p * x), (1.0,), [p])([0.5])
        assert (value, slopes) == (pytest.approx(math.pi / 4, rel=1e-15), [0.25])
    else:
        name = engine.replace("interpreter", "native")
        with pytest.raises(ValueError, match=f'gate arctan branches or uses math, so the engine "{name}" cannot'):
            record(lambda x: arctan(p * x), (1.0,), [p], engine)


@every_engine
def test_a_gate_whose_output_branches_runs_by_its_expansion(engine):
    leaky = Gate(branching, lambda z, x: (z / x,), name="leaky", expansion=lambda x: maximum(x, 0.25 * x))
    p = Value(2.0)
    assert record(lambda x: leaky(p * x), (1.0,), [p], engine)([-1.0]) == (-0.5, [-0.25])


@every_engine
def test_a_gate_that_reads_a_number_from_outside_is_compiled_anew(engine):
    scale, p = 2.0, Value(1.0)
    scaled = gate(lambda x: scale * x, rule=lambda z, x: (scale,), name="scaled")
    found = []
    for scale in (2.0, 5.0):  # noqa: B007 -- the gate reads it
        found.append(record(lambda x: scaled(p * x), (1.0,), [p], engine)([3.0]))
    assert found == [(6.0, [6.0]), (15.0, [15.0])]


# ---- what recording freezes ----


def test_parameters_are_read_at_each_call():
    p = Value(2.0)
    program = record(lambda x: p * x, (1.0,), [p])
    p.data = 5.0
    assert program([3.0]) == (15.0, [3.0])


@settings(max_examples=40)
@given(recipe=recipes())
def test_a_call_without_arguments_gives_what_the_function_gives(recipe):
    parameters = [Value(x) for x in recipe.leaves]
    program = record(lambda: tuple(recipe.run(parameters, GATES.get)[::-1]) or parameters[0], (), parameters)
    for shift in (0.0, 0.25):
        for p, x in zip(parameters, recipe.leaves):
            p.data = x + shift
        assert outcome(program) == outcome(lambda: Program.__call__(program))


def outcome(run):
    try:
        return repr(run())
    except Exception as error:
        return repr(error)


def test_a_small_program_without_arguments_is_a_function_without_arguments():
    p = Value(2.0)
    program = record(lambda: 0.5 * p * p, (), [p])
    assert (program(), program.load()(), len(inspect.signature(program).parameters)) == ((2.0, [2.0]),) * 2 + (0,)
    first, second = program()[1], program()[1]
    assert first is not second
    for call in (lambda: program([1.0]), lambda: program(x=[1.0])):
        with pytest.raises(TypeError, match=r"^program\(\) (takes 0 positional|got an unexpected keyword)"):
            call()


def test_a_program_that_is_dropped_is_freed_at_once():
    p = Value(2.0)
    gone = [weakref.ref(record(lambda: p * p, (), [p])), weakref.ref(record(lambda x: p * x, (1.0,), [p]))]
    assert [each() for each in gone] == [None, None], "a cycle keeps it until the collector comes"


def test_other_leaves_are_frozen():
    p, other = Value(2.0), Value(7.0)
    program = record(lambda x: p * x + other, (1.0,), [p])
    other.data = 0.0
    assert program([3.0]) == (13.0, [3.0])


@pytest.mark.parametrize(
    "branch",
    [
        lambda p, x: p * x if x > 0 else p,
        lambda p, x: max(p * x, x * x),
        lambda p, x: [p, p * x, p * 2, p * p][int(plain(x)) % 4],
        lambda p, x: p * x if x > 0 else x * p,
        lambda p, x: total([p * x] * 2) if x > 0 else total([p * x, p * x]),
        lambda p, x: total([p * x] * (3 if x > 0 else 5)),
        lambda p, x: total([p * x] * (5 if x > 0 else 3)),
        lambda p, x: p * x * (0.0 if x > 0 else -0.0),
    ],
)
def test_a_branch_on_a_value_is_seen(branch):
    p = Value(2.0)
    with pytest.raises(ValueError, match="different graphs of different samples"):
        record(lambda x: branch(p, x), (1.0,), [p])


@pytest.mark.filterwarnings("ignore::scalargrad.CircuitCut")
@pytest.mark.parametrize("read", [float, lambda x: x.data, lambda x: math.exp(x)])
def test_reading_the_data_of_a_sample_is_seen(read):
    p = Value(2.0)
    with pytest.raises(ValueError, match="plain numbers that differ"):
        record(lambda x: p * read(x), (1.5,), [p])


def test_random_numbers_are_seen():
    p = Value(2.0)
    with pytest.raises(ValueError, match="random"):
        record(lambda x: p * x * random.random(), (1.0,), [p])


def test_the_collector_sleeps_while_a_graph_is_recorded():
    awake, p = [], Value(2.0)
    record(lambda x: awake.append(gc.isenabled()) or p * x, (1.0,), [p])
    assert not any(awake) and gc.isenabled()


def test_samples_that_the_function_refuses_prove_nothing():
    p = Value(2.0)
    program = record(lambda x: p * x.log(), (1.0,), [p])
    assert program([1.0]) == (0.0, [0.0])


# ---- one compilation for graphs of one shape ----


@pytest.fixture
def compilations(monkeypatch):
    """How often flat code is made."""
    made = []
    programs._engines.clear()
    monkeypatch.setattr(programs, "FlatCode", lambda shape: made.append(shape) or compiled.flat.FlatCode(shape))
    return made


def test_recording_again_does_not_compile_again(compilations):
    for i in range(5):
        p = Value(float(i))
        rate = 0.1 + 0.5 * i
        program = record(lambda x, p=p, rate=rate: rate * p * x + rate, (1.0 + i,), [p])
        assert program([2.0]) == (rate * i * 2.0 + rate, [rate * 2.0])
    assert len(compilations) == 1


def test_a_gate_of_ones_own_is_compiled_again_only_if_it_writes_something_else(compilations):
    scale = 1.0
    inner = gate(lambda x: scale * x, rule=lambda z, x: (scale,), name="inner")
    outer = gate(lambda x: inner(x) + 1.0, rule=lambda z, x: (inner(1.0),), name="outer")
    p, found = Value(1.0), []
    for scale in (0.3, 0.3, 0.7, 0.7, 0.3):  # noqa: B007 -- the gate reads it
        found.append(record(lambda x: outer(p * x), (1.0,), [p])([1.0]))
    assert found == [(scale + 1.0, [scale]) for scale in (0.3, 0.3, 0.7, 0.7, 0.3)]
    assert len(compilations) == 2


def test_other_shapes_are_compiled_anew(compilations):
    p = Value(2.0)
    functions = [lambda x: p * x, lambda x: x * p, lambda x: p * 2, lambda x: 2 * p, lambda x: p * 3, lambda x: p**2.0]
    for f in functions:
        assert_same(record(f, (1.0,), [p])([3.0]), eager(lambda x, f=f: f(Value(x)), [(3.0,)], [p]))
    assert len(compilations) == len(functions)


def test_only_so_many_programs_are_kept(compilations):
    p = Value(2.0)
    for n in range(programs.MAX_ENGINES + 3):
        record(lambda x, n=n: total([p * x] * (n + 2)), (1.0,), [p])
    assert len(programs._engines) == programs.MAX_ENGINES


# ---- what a program shows ----


RELU_NEURON = """\
def run(p, samples):
    p0, p1 = p
    g0 = 0.0
    g1 = 0.0
    value = 0.0
    for x0, in samples:
        v1 = p0 * x0 + p1
        v2 = (0.0 if v1 <= 0.0 else v1)
        v3 = (1.0 if v1 > 0.0 else 0.0 if v1 < 0.0 else 0.0 if v1 == 0.0 else nan)
        g1 = g1 + v3
        g0 = g0 + x0 * v3
        value = value + v2
    return value, [g0, g1]
"""


def test_source_and_repr():
    w, b = Value(2.0, "w"), Value(-1.0, "b")
    program = record(lambda x: relu(w * x + b), (3.0,), [w, b])
    assert repr(program) == "<program on python: 3 gates, 1 input, 2 parameters>"
    assert program.source == RELU_NEURON


def test_what_depends_on_parameters_alone_is_computed_once():
    p = Value(2.0)
    source = record(lambda x: p * x + p.exp(), (3.0,), [p]).source
    before, loop = source.split("for x0, in samples:")
    assert "exp(p0)" in before and "exp" not in loop


def test_a_gate_that_lets_nothing_through_is_skipped():
    model, parameters = network([4, 4, 1])
    source = record(lambda x: model(x)[0], ([1.0] * 4,), parameters).source
    assert source.count("        if v") == 4


# ---- errors ----


def product():
    p = Value(2.0)
    return record(lambda x, y: p * x[0] * x[1] * y, ([1.0, 2.0], 3.0), [p])


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (([[1.0, 2.0]],), TypeError, "1 argument for a program of 2: x, y"),
        (([[1.0, 2.0]], [3.0, 4.0]), ValueError, "x has 1, y has 2"),
        (([], []), ValueError, "the minibatch is empty"),
        (([[1.0, 2.0], [1.0]], [3.0, 4.0]), ValueError, r"x\[1\] is a list of 1, where a list of 2 was recorded"),
        (([1.0], [3.0]), ValueError, r"x\[0\] is 1.0, where a list of 2 was recorded"),
        (([[1.0, 2.0]], [[3.0]]), ValueError, r"y\[0\] is a list of 1, where one number was recorded"),
        (([[1.0, [2.0]]], [3.0]), ValueError, r"x\[0\]\[1\] is a list of 1, where one number"),
        (([[1.0, "2"]], [3.0]), TypeError, r"x\[0\]\[1\]: expected one real number"),
        ((3.0, 4.0), TypeError, "x is float 3.0, not a list of samples"),
    ],
)
def test_data_that_do_not_fit(data, error, message):
    with pytest.raises(error, match=message):
        product()(*data)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"engine": "cuda"}, ValueError, "there is no engine 'cuda': choose from python, numpy, jax, native"),
        ({"reduce": "max"}, ValueError, "reduce='max': choose mean or sum"),
        ({"parameters": [1.0]}, TypeError, "parameters is a list of Values, as in"),
        ({"parameters": [Value(1.0) * 2]}, ValueError, "parameters are leaves"),
        ({"parameters": [Value(1.0)] * 2}, ValueError, "more than once"),
        ({"parameters": Value(1.0)}, TypeError, r"as in \[p\]"),
        ({"samples": ("a",)}, TypeError, "the sample x: expected one real number"),
        ({"samples": 1.0}, TypeError, "samples is a tuple"),
        ({"function": Value(1.0, "f")}, TypeError, "record runs a function of one sample.*, not Value Value"),
        ({"function": lambda x: 1.0}, TypeError, "the function returned float 1.0, not one Value"),
        ({"function": lambda x: [x]}, TypeError, "the function returned list"),
        ({"function": lambda x: (x, 1.0)}, TypeError, "the function returned float 1.0"),
        ({"function": lambda x: ()}, TypeError, "the function returned tuple"),
    ],
)
def test_arguments_that_do_not_fit(arguments, error, message):
    with pytest.raises(error, match=message):
        record(**{"function": lambda x: x * 1.0, "samples": (1.0,), **arguments})


@pytest.mark.parametrize(("engine", "module"), [("numpy", "numpy"), ("jax", "jax"), ("native", "llvmlite.binding")])
def test_a_missing_package_is_named(monkeypatch, engine, module):
    package = module.partition(".")[0]
    monkeypatch.setitem(sys.modules, module, None)
    programs._engines.clear()
    with pytest.raises(ImportError, match=rf'the engine "{engine}" needs .*: pip install {package}'):
        record(lambda x: x * 1.0, (1.0,), [], engine)


# ---- arrays as data ----


@every_engine
def test_arrays_as_data(engine):
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    model, parameters = network([3, 4, 1], tanh)
    loss = hinge(model, parameters)
    X, Y = points(9, 3)
    program = record(loss, (np.array(X[0]), np.float64(Y[0])), parameters, engine)
    expected = program(X, Y)
    for arrays in ((np.array(X), np.array(Y)), (np.array(X), Y), (np.asfortranarray(X), np.array(Y, dtype=int))):
        value, gradients = program(*arrays)
        assert value == pytest.approx(expected[0], rel=1e-14)
        assert gradients == pytest.approx(expected[1], rel=1e-12)
    with pytest.raises(ValueError, match=r"x\[0\] is a list of 2, where a list of 3 was recorded"):
        program(np.array(X)[:, :2], np.array(Y))
    with pytest.raises(TypeError, match="y is ndarray array.* not a list of samples"):
        program(np.array(X), np.array(1.0))


def masked(np):
    return np.ma.masked_array([1.0, 2.0, 3.0], [False, True, False])


@every_engine
@pytest.mark.parametrize(
    "odd",
    [
        lambda np: np.array([True, False, True]),
        lambda np: np.array([1.0, 2j, 3.0]),
        lambda np: np.array(["1", "2", "3"]),
        lambda np: np.array([b"1", b"2", b"3"]),
        lambda np: np.array(["2026-01-01"] * 3, "datetime64[D]"),
        lambda np: np.array(["2026-01-01"] * 3, "datetime64[ns]"),
        lambda np: np.array([1, 2, 3], "timedelta64[ns]"),
        lambda np: np.array([1.0, None, 3.0], object),
        lambda np: np.array([1.0, "2", 3.0], object),
        lambda np: memoryview(np.array([True, False, True])),
        masked,
        lambda np: [np.True_, np.False_, np.True_],
    ],
)
def test_arrays_of_what_is_no_number(engine, odd):
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    p = Value(2.0)
    program = record(lambda x: p * x, (1.0,), [p], engine)
    for way in (program, program.load):
        with pytest.raises(TypeError, match="x.*expected .*number"):
            way(odd(np))
    rows_of_three = record(lambda x: p * x[0] * x[1] * x[2], ([1.0] * 3,), [p], engine)
    with pytest.raises(TypeError, match="x.*expected .*number"):
        rows_of_three([odd(np)])


class Tensor:
    """What a tensor of PyTorch has in common with an array, and no more."""

    dtype, ndim = "torch.float64", 2

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def tolist(self):
        return self.rows


@every_engine
def test_whatever_holds_numbers_is_data(engine):
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    p, rows = Value(2.0), [[1.0, 2.0], [3.0, 4.0]]
    program = record(lambda x: p * x[0] * x[1], ([1.0, 2.0],), [p], engine, "sum")
    kinds = [np.array(rows, dtype) for dtype in ("f2", "f4", "f8", "longdouble", "i1", "u8", object)]
    kinds += [np.ma.masked_array(rows), memoryview(np.array(rows)), Tensor(rows), np.array(rows).T.T]
    if importlib.util.find_spec("torch"):
        kinds.append(importlib.import_module("torch").tensor(rows, requires_grad=True))
    for data in kinds:
        assert program(data) == program.load(data)() == (28.0, [14.0])


@every_engine
def test_loaded_samples_stay_as_they_were(engine):
    p, rows = Value(2.0), [[1.0, 2.0], [3.0, 4.0]]
    program = record(lambda x: p * x[0] * x[1], ([1.0, 2.0],), [p], engine, "sum")
    data = [rows]
    if importlib.util.find_spec("numpy"):
        data.append(importlib.import_module("numpy").array(rows))
    for samples in data:
        loaded = program.load(samples)
        samples[0][0] = 100.0
        samples[1] = [0.0, 0.0]
        assert loaded() == (28.0, [14.0])
        rows[:] = [[1.0, 2.0], [3.0, 4.0]]


# ---- some of the samples ----

MISFITS = [
    ([], ValueError, "the minibatch is empty"),
    ([0, 3], IndexError, "there is no sample 3: the indices of samples are 0 to 2"),
    ([-1, 0], IndexError, "there is no sample -1"),
    (range(4), IndexError, "there is no sample 3"),
    ([0.0], TypeError, "integer"),
    ([True, False, True], TypeError, "not by truth values"),
]


@every_engine
@pytest.mark.parametrize(("chosen", "error", "message"), MISFITS)
def test_indices_that_do_not_fit(engine, chosen, error, message):
    p, q = Value(1.0), Value(2.0)
    loaded = record(lambda x: p * x + q, (1.0,), [p, q], engine).load([1.0, 2.0, 3.0])
    with pytest.raises(error, match=message):
        loaded(chosen)


@every_engine
def test_any_range_chooses(engine):
    p = Value(1.0)
    loaded = record(lambda x: p * x, (1.0,), [p], engine).load([1.0, 2.0, 4.0, 8.0])
    for chosen in (range(3, 0, -1), range(0, 4, 2), range(1, 2)):
        assert loaded(chosen)[1] == loaded([*chosen])[1]


FUZZ = """
import math
from hypothesis import given, settings, strategies as some
from scalargrad import Value, dot
from scalargrad.compiled import record

w = [Value(0.5), Value(-1.0), Value(2.0)]
X = [[1.0, 2.0, 3.0], [0.5, -0.5, 1.0], [2.0, 0.0, -1.0], [1.0, 1.0, 1.0]]
programs = [record(lambda x: dot(w, x).tanh(), (X[0],), w, engine) for engine in ("python", "native")]
loaded = [program.load(X) for program in programs]
numbers = some.floats(-1.0, 1.0)
wholes = some.one_of(some.integers(-3, 9), some.sampled_from([2**31, 2**32, 2**63, 2**64, -(2**63), 10**30]))
odd = some.one_of(some.none(), some.booleans(), some.text(max_size=2), some.binary(max_size=16), numbers, wholes)


def lists(of, most):
    return some.one_of(some.lists(of, max_size=most), some.lists(some.one_of(of, odd), max_size=3), odd)


def outcome(call):
    try:
        return call()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@settings(max_examples=1500, deadline=None, database=None)
@given(some.one_of(some.none(), some.lists(some.integers(0, 3), max_size=9), lists(wholes, 5)))
def choose(chosen):
    one, two = [outcome(lambda: each(chosen)) for each in loaded]
    assert (one is None) == (two is None), chosen
    if one is not None:
        close = [math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(one[1], two[1], strict=True)]
        assert all(close), (one, two)


@settings(max_examples=300, deadline=None, database=None)
@given(lists(lists(numbers, 4), 4))
def call(data):
    for program in programs:
        outcome(lambda: program(data))


choose()
call()
print("alive")
"""


def test_nothing_that_is_handed_to_machine_code_kills_the_process():
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    done = subprocess.run([sys.executable, "-c", FUZZ], capture_output=True, text=True, check=False, timeout=240)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-3000:]


# ---- over a mesh of devices ----

ON_EIGHT_DEVICES = """
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from scalargrad import Value, dot, relu
from scalargrad.compiled import record

w, b = [Value(0.1 * i) for i in range(5)], Value(0.5)
program = record(lambda x, y: (relu(dot(w, x, b)) - y) ** 2, ([0.0] * 5, 1.0), [*w, b], engine="jax")
X, Y = np.random.default_rng(0).normal(size=(64, 5)), np.arange(64.0)
alone = program(X, Y)
over = NamedSharding(Mesh(np.array(jax.devices()), ("samples",)), PartitionSpec("samples"))
X, Y = jax.device_put(X, over), jax.device_put(Y, over)
together = program(X, Y)
columns = program._engine.samples([X, Y], program._layouts).T
text = program.function.lower(np.zeros(6), columns).compile().as_text()
print(len(jax.devices()), len(columns.sharding.device_set), "all-reduce" in text)
print(max(abs(a - b) for a, b in zip(alone[1], together[1])) / max(map(abs, alone[1])))
"""


def test_a_data_parallel_step_on_eight_devices_is_that_of_one():
    pytest.importorskip("jax", reason="jax is not installed")
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", ON_EIGHT_DEVICES], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    devices, difference = done.stdout.splitlines()
    assert devices == "8 8 True"
    assert float(difference) < 1e-12
