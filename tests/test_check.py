"""The checker: right gradients pass, kinks are called kinks, and an error planted in any gate is blamed on it."""

from __future__ import annotations

import math
import random
from contextlib import suppress

import mpmath
import pytest
from gate_points import HELPERS, NOT_FOR_VALUES, POINTS, WHOLE, plain, recipes
from hypothesis import given, settings
from mpmath import mpf

from scalargrad import (
    Value,
    check_gradients,
    dot,
    errors_by_step,
    exp,
    gate,
    log,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    sqrt,
    tanh,
)
from scalargrad.check import Report, Slope
from scalargrad.gate import Gate
from scalargrad.table import GATES, step
from scalargrad.views.phrases import language, say

inf, nan = math.inf, math.nan
steady = settings(max_examples=60)
NUMBERS_ONLY = {"exponent_slope": 1}  # how many inputs at the end are always plain numbers
every_gate = pytest.mark.parametrize("name", GATES)


def of_values(gate, point):
    """The gate as a function of those inputs that may be values, and these."""
    first, end = len(WHOLE.get(gate.name, ())), len(point) - NUMBERS_ONLY.get(gate.name, 0)
    return lambda *values: gate(*point[:first], *values, *point[end:]), point[first:end]


def planted(gate, factor, place=None):
    """A copy of a gate whose slopes (or that by the input at `place`) are wrong by a factor."""

    def wrong(slopes):
        return tuple([factor * slope if place in (None, i) else slope for i, slope in enumerate(slopes)])

    rule = gate.rule
    if callable(rule):
        broken = lambda *numbers: wrong(rule(*numbers))  # noqa: E731
    else:
        broken = tuple([(lambda *numbers, i=i: wrong([f(*numbers) for f in rule])[i]) for i in range(len(rule))])
    return Gate(
        gate.output,
        broken,
        gate.pattern,
        gate.symbol,
        gate.name,
        domain=gate.domain,
        steep=gate.steep,
        overflow=gate.overflow,
    )


def verdicts(report):
    return [slope.verdict for slope in report.slopes]


def blamed(report):
    """The names of the gates that a report blames."""
    return {slope.name.split()[1].rstrip(":") for slope in report.culprits}


# ---- right gradients pass ----


@every_gate
@pytest.mark.parametrize("order", [1, 2])
def test_every_gate_is_right(name, order):
    for point in POINTS[name].ordinary:
        function, at = of_values(GATES[name], point)
        report = check_gradients(function, at, order=order)
        assert report and set(verdicts(report)) == {"right"} and not report.culprits, f"{point}\n{report}"
        assert len(report.slopes) == len(at) ** order


@given(recipes())
@steady
def test_random_graphs_are_right(recipe):
    report = check_gradients(lambda *values: recipe.run(values, GATES.get)[-1], recipe.leaves)
    assert report and set(verdicts(report)) <= {"right", "kink"}, str(report)


def test_the_numbers_of_a_report():
    report = check_gradients(lambda x, y: x * x * y, [3.0, -4.0])
    assert [slope.name for slope in report.slopes] == ["df/dx", "df/dy"]
    assert [slope.backward for slope in report.slopes] == [-24.0, 9.0]
    assert [slope.numerical for slope in report.slopes] == pytest.approx([-24.0, 9.0], rel=1e-9)
    assert all(0.0 <= slope.error < 1e-9 for slope in report.slopes)
    assert all(type(x) is float for s in report.slopes for x in (s.backward, s.numerical, s.error))


def test_the_numbers_of_second_order():
    report = check_gradients(lambda x, y: x * x * y, [3.0, -4.0], order=2)
    assert [slope.name for slope in report.slopes] == ["d2f/dx dx", "d2f/dy dx", "d2f/dx dy", "d2f/dy dy"]
    assert [slope.backward for slope in report.slopes] == [-8.0, 6.0, 6.0, 0.0]
    assert [slope.numerical for slope in report.slopes] == pytest.approx([-8.0, 6.0, 6.0, 0.0], rel=1e-9)


def test_a_report_is_a_table():
    report = check_gradients(lambda weight, x: weight * x, [2.0, -4.0])
    assert str(report).splitlines() == [
        "slope       backward  numerical  error    verdict",
        "df/dweight  -4        -4         0.0e+00  right",
        "df/dx       2         2          0.0e+00  right",
    ]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda *xs: xs[0] * xs[1], ["df/dx1", "df/dx2"]),
        (lambda a, *xs: a * xs[0], ["df/da", "df/dx2"]),
        (lambda a, b=None, *, c=3: a * b, ["df/da", "df/db"]),
        (GATES["mul"], ["df/dx1", "df/dx2"]),
        (maximum, ["df/dx1", "df/dx2"]),
    ],
)
def test_how_the_slopes_are_called(function, names):
    assert [slope.name for slope in check_gradients(function, [2.0, 3.0]).slopes] == names


def test_inputs_are_numbers_and_grads_are_left_alone():
    x = Value(5.0, grad=1.0)
    assert check_gradients(lambda y: y * x.data, (i for i in [2]))
    assert x.grad == 1.0
    assert check_gradients(lambda: Value(1.0), []) and str(check_gradients(lambda: Value(1.0), [])).startswith("slope")
    assert check_gradients(lambda x, y: x * 2.0, [1.0, 2.0])  # y has no influence: both zero


# ---- the course's bands ----


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.0, "right"),
        (1.0 + 1e-9, "right"),
        (1.0 + 1e-6, "suspicious"),
        (1.0 + 5e-5, "suspicious"),
        (1.0 + 5e-3, "suspicious"),
        (1.0 + 2e-2, "wrong"),
        (2.0, "wrong"),
        (0.0, "wrong"),
        (-1.0, "wrong"),
        (nan, "wrong"),
        (inf, "wrong"),
    ],
)
def test_bands_of_a_smooth_graph(factor, verdict):
    off = gate(lambda x: x * x, rule=lambda z, x: (2.0 * factor * x,), name="off")
    report = check_gradients(off, [3.0])
    assert verdicts(report) == [verdict] and bool(report) == (verdict == "right")
    assert blamed(report) == (set() if report else {"off"})


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "right"), (1.0 + 5e-5, "suspicious"), (1.02, "wrong")])
def test_a_kink_that_no_step_reaches_excuses_nothing(factor, verdict):
    off = gate(lambda x: x * x, rule=lambda z, x: (2.0 * factor * x,), name="off")
    for kinked in (
        relu,
        abs,
        lambda x: maximum(x, 0.0),
        lambda x: x.leaky_relu(),
        lambda x: x.elu(),
        lambda x: minimum(x, 99),
    ):
        assert verdicts(check_gradients(lambda x, k=kinked: k(off(x)), [3.0])) == [verdict]


def test_the_error_is_relative_to_the_larger_of_the_two():
    off = gate(lambda x: x * x, rule=lambda z, x: (x,), name="off")
    for x in (3.0, -3.0, 3e5):
        [slope] = check_gradients(off, [x]).slopes
        assert slope.error == pytest.approx(0.5, rel=1e-6)


def test_both_zero_passes():
    for function in (lambda x: x * 0.0, lambda x: x - x, lambda x: relu(x - 9.0), lambda x: (x * 0.0 + 3.0) ** 2):
        [slope] = check_gradients(function, [2.0]).slopes
        assert (slope.backward, slope.numerical, slope.error, slope.verdict) == (0.0, 0.0, 0.0, "right")


def test_a_wrong_zero_is_wrong():
    dead = gate(lambda x: x * x, rule=lambda z, x: (0.0,), name="dead")
    born = gate(lambda x: x * 0.0, rule=lambda z, x: (1.0,), name="born")
    for off in (dead, born):
        report = check_gradients(off, [2.0])
        assert verdicts(report) == ["wrong"] and report.slopes[0].error == 1.0 and blamed(report) == {off.name}


def test_a_zero_at_both_ends_of_a_hill_is_looked_into():
    off = planted(GATES["sin"], 0.0)
    for function, verdict in ((sin, "right"), (off, "wrong")):
        report = check_gradients(lambda x, f=function: maximum(f(x * 1e6), 0.0), [0.25e-6], step=math.pi * 1e-6)
        assert verdicts(report) == [verdict]


def test_infinities_on_both_sides_tell_nothing():
    assert verdicts(check_gradients(lambda x: x * 1e300 * 1e10, [1.0])) == ["cannot tell"]


# ---- kinks ----


def test_the_courses_kink():
    """The step of 1e-5 crosses it, and gives 0.45 where backward gives 0; a smaller one does not."""
    assert errors_by_step(relu, [-1e-6], [1e-5, 1e-7]) == [(1e-5, 1.0), (1e-7, 0.0)]
    [slope] = check_gradients(relu, [-1e-6]).slopes
    assert (slope.backward, slope.numerical, slope.verdict) == (0.0, 0.0, "right")


NEAR_KINKS = [
    (relu, [1e-6]),
    (abs, [1e-6]),
    (abs, [-3e-6]),
    (lambda x: x.leaky_relu(0.3), [2e-6]),
    (lambda x: x.leaky_relu(0.3), [-2e-6]),
    (lambda x: x.elu(2.0), [-2e-6]),
    (maximum, [2.0, 2.000003]),
    (minimum, [2.0, 2.000003]),
    (lambda x: maximum(x, 2.0), [2.000003]),
    (lambda x: relu(sin(x)), [math.pi + 1e-6]),
    (lambda x: x if x > 2.0 else x * x, [2.000003]),  # a Python branch records other gates
    (lambda x: x * 2.0 if x > 2.0 else x * 3.0, [2.000003]),  # and here the same gates
    (gate(lambda x: x * 2.0 if x > 0 else x.sin(), name="bent"), [3e-6]),
    (gate(lambda x: relu(x) * 2.0, name="inside"), [3e-6]),
]


@pytest.mark.parametrize(("function", "at"), NEAR_KINKS)
def test_near_a_kink_smaller_steps_stay_on_one_side(function, at):
    assert set(verdicts(check_gradients(function, at))) == {"right"}


@pytest.mark.parametrize("distance", [1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "right"), (1.001, "suspicious"), (1.05, "wrong")])
def test_a_kink_nearby_hides_no_error(distance, factor, verdict):
    off = planted(GATES["sin"], factor)
    for function in (lambda x: off(x) + relu(x - 1.0), lambda x: maximum(off(x), x * math.sin(1.0) * (1.0 - distance))):
        report = check_gradients(function, [1.0 - distance])
        assert verdicts(report) == [verdict] and blamed(report) == ({"sin"} if factor != 1.0 else set())


@pytest.mark.parametrize(
    ("function", "at"),
    [
        *[
            (f, [0.0])
            for f in (relu, abs, lambda x: maximum(x, -x), lambda x: maximum(x, x), lambda x: relu(x) - relu(-x))
        ],
        (maximum, [2.0, 2.0]),
        (minimum, [-1.0, -1.0]),
        (relu, [-1e-4]),
        (relu, [1e-4]),
        (lambda x, y: maximum(x, y) * 3.0, [1.0, 5.0]),
        (lambda x: x * 2.0 if x > 0.0 else x * 3.0, [0.0]),  # nothing tells but the two slopes
    ],
)
def test_on_a_kink_and_beyond_it(function, at):
    report = check_gradients(function, at)
    assert report and set(verdicts(report)) <= {"kink", "right"}, str(report)


def test_a_kink_elsewhere_does_not_hide_an_error():
    off = planted(GATES["sin"], 2.0)
    report = check_gradients(lambda x, y: relu(x) + off(y), [0.0, 1.0])
    assert verdicts(report) == ["kink", "wrong"] and blamed(report) == {"sin"}


def test_kinks_of_second_order():
    for x, verdict in ((0.0, "kink"), (2e-6, "right"), (2.0, "right")):
        report = check_gradients(lambda x: relu(x) * x, [x], order=2)
        assert verdicts(report) == [verdict] and report


@pytest.mark.parametrize("pick", [max, min])
@pytest.mark.parametrize("share", [1.0, 1 / 3, 0.0])
def test_wrong_shares_of_a_tie_are_named(pick, share):
    """Each of the two inputs alone is at a kink; along both together there is a slope, and it is 1."""
    off = gate(pick, rule=lambda z, x, y: (share, share), name="off")
    for function in (lambda x: off(x, x), lambda x: off(x, x + 0.0) * 3.0):
        report = check_gradients(function, [2.0])
        assert verdicts(report) == ["wrong"] and not report
        assert [slope.name for slope in report.culprits] == ["gate off: dz/dx + dz/dy at 2, 2"]
    assert not check_gradients(off, [2.0, 2.0])
    for right in (GATES["maximum"], GATES["minimum"]):
        assert check_gradients(lambda x, right=right: right(x, x, x), [2.0]) and check_gradients(right, [2.0, 2.0])


# ---- planted errors: the gate is named ----


@every_gate
@pytest.mark.parametrize("factor", [2.0, 0.0, -1.0, 1.001])
def test_a_planted_error_in_every_gate_is_named(name, factor):
    """Amid other gates, with a fork, at a point where the slope is not 0."""
    off, tried = planted(GATES[name], factor), 0
    for point in POINTS[name].ordinary:
        function, at = of_values(off, point)
        if any(x != 0.0 for x in of_values(GATES[name], point)[0](*map(Value, at)).local_gradients()):
            tried += 1
            report = check_gradients(lambda *xs, f=function: tanh(f(*xs) * 0.1) + f(*xs).sin() + xs[0], at)
            assert not report and blamed(report) == {name}, f"{point}\n{report}"
    assert tried or name == "step"


@pytest.mark.parametrize("name", [name for name in POINTS if name != "step" and len(POINTS[name].ordinary[1]) > 1])
def test_a_planted_error_is_named_with_its_input(name):
    point = POINTS[name].ordinary[1]
    function, at = of_values(GATES[name], point)
    slopes = function(*map(Value, at)).local_gradients()
    for place in [i for i, slope in enumerate(slopes) if slope != 0.0]:
        at_place = place + len(WHOLE.get(name, ()))
        off = planted(GATES[name], 3.0, at_place)
        report = check_gradients(of_values(off, point)[0], at)
        [culprit] = report.culprits
        assert culprit.name.startswith(f"gate {name}: dz/d{off.input_names(len(point))[at_place]} at ")
        assert culprit.backward == pytest.approx(3.0 * culprit.numerical, rel=1e-6) and culprit.verdict == "wrong"
        assert [s.verdict != "right" for s in report.slopes] == [i == place for i in range(len(at))]


@given(recipes())
@steady
def test_a_planted_error_in_a_random_graph_is_named_or_does_not_matter(recipe):
    for name in {name for name, _ in recipe.gates}:
        table = GATES | {name: planted(GATES[name], 1.5)}
        report = check_gradients(lambda *xs, table=table: recipe.run(xs, table.get)[-1], recipe.leaves)
        slopes = []
        for gates in (GATES, table):
            leaves = list(map(Value, recipe.leaves))
            recipe.run(leaves, gates.get)[-1].backward()
            slopes.append([leaf.grad for leaf in leaves])
        matters = any(abs(a - b) > 1e-2 * max(abs(a), abs(b)) > 1e-6 for a, b in zip(*slopes))
        assert blamed(report) == {name} if matters else blamed(report) <= {name}, f"{name}\n{report}"


def test_an_error_inside_a_composite_is_named_as_the_gate_inside():
    off = planted(GATES["tanh"], 2.0)
    mine = gate(lambda x: off(x) * x, name="mine")
    assert blamed(check_gradients(lambda x: mine(x) + 1.0, [0.5])) == {"tanh"}


def test_two_errors_and_no_more_than_ten():
    off = [planted(GATES[name], 2.0) for name in ("sin", "tanh")]
    report = check_gradients(lambda x: off[0](x) * off[1](x), [0.5])
    assert blamed(report) == {"sin", "tanh"}
    report = check_gradients(lambda x: sum(off[0](x + i) for i in range(50)), [0.5])
    assert len(report.culprits) == 10


def test_the_report_of_an_error_has_both_numbers_and_the_label():
    off = gate(lambda x, y: x * y, rule=lambda z, x, y: (y, 2.0 * x), name="off")

    def function(x, y):
        z = off(x, y)
        z.label = "product"
        return z + x

    report = check_gradients(function, [3.0, -4.0])
    assert not report and str(report).splitlines() == [
        "slope                               backward  numerical  error    verdict",
        f"df/dx                               -3        -3         {report.slopes[0].error:.1e}  right",
        "df/dy                               6         3          5.0e-01  wrong",
        "gates checked alone",
        "gate off (product): dz/dy at 3, -4  6         3          5.0e-01  wrong",
    ]


def test_the_uncertainty_is_shown_where_it_matters():
    def row(verdict, uncertainty):
        return str(Report((Slope("df/dx", 3.0, 2.0, 1 / 3, verdict, uncertainty),), ())).splitlines()[1]

    assert row("wrong", None) == row("wrong", 1e-8) == "df/dx  3         2          3.3e-01  wrong"
    assert row("cannot tell", 2.0) == "df/dx  3         2 +- 2e+00  3.3e-01  cannot tell"


def test_a_gate_of_many_inputs_is_shown_with_three():
    off = planted(GATES["total"], 2.0)
    for count, shown in ((2, "1, 2"), (3, "1, 2, 3"), (4, "1, 2, 3, ..."), (9, "1, 2, 3, ...")):
        report = check_gradients(lambda *xs: off(*xs), range(1, count + 1))
        assert report.culprits[0].name == f"gate total: dz/dx1 at {shown}"


def test_a_gradient_that_is_cut_blames_no_gate():
    report = check_gradients(lambda x: x * x.detach(), [3.0])
    assert not report and verdicts(report) == ["wrong"] and not report.culprits
    assert str(report).endswith("\n" + say("check cut"))


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: Value(math.exp(x.data)), [1.0]),  # nothing of the circuit is left
        (lambda x, y: (x + 1.0 / (1.0 + math.exp(-y.data))) / (x + y), [3.0, -4.0]),  # a part of it
    ],
)
def test_a_cut_circuit_is_named_as_a_possible_cause(function, at):
    report = check_gradients(function, at)
    assert not report and not report.culprits
    assert str(report).splitlines()[-1].startswith("No gate is to blame.  Is the circuit cut?  math.exp(x), float(x)")
    with pytest.raises(AssertionError, match="Is the circuit cut"):
        check_gradients(function, at, raise_on_error=True)


def test_the_circuit_is_not_called_cut_where_a_gate_is_to_blame_or_nothing_is_wrong():
    for function in (planted(GATES["sin"], 0.0), sin, relu, lambda x: sin(x) * 1e-12 + 1e6):
        assert "cut" not in str(check_gradients(function, [0.0]))


def test_two_calls_that_differ():
    chance, calls = random.Random(3), []

    def counting(x):
        calls.append(x)
        return x * float(len(calls))

    def dropout(x):
        return x * chance.choice([0.0, 2.0])

    def random_rule(x):
        return gate(lambda x: x * x, rule=lambda z, x: (x * chance.random(),), name="off")(x)

    for function in (counting, dropout, random_rule):
        with pytest.raises(
            ValueError, match=r"^two calls with the same inputs differ \(.+, then .+\), so no diff.*seed"
        ):
            check_gradients(function, [1.0])
    assert check_gradients(lambda x: x * random.Random(3).choice([0.0, 2.0]), [1.0])


def test_an_innocent_gate_that_cannot_be_measured_alone_is_passed_over():
    """x ** y at x < 0 has no neighbours in y; here y is a leaf of the function's own."""
    off = planted(GATES["sin"], 2.0)
    report = check_gradients(lambda x: off(x) + x ** Value(3.0), [-2.0])
    assert blamed(report) == {"sin"}


def test_raise_on_error():
    off = planted(GATES["sin"], 2.0)
    with pytest.raises(
        AssertionError, match=r"^gradients and slopes differ\nslope .*\n.*wrong\ngates checked alone\ngate sin"
    ):
        check_gradients(off, [0.5], raise_on_error=True)
    assert check_gradients(sin, [0.5], raise_on_error=True)
    assert check_gradients(relu, [-1e-6], raise_on_error=True)  # a kink is no error


# ---- second order ----


@every_gate
def test_a_planted_error_is_named_by_second_order_too(name):
    """A rule that is wrong by a factor has a consistent derivative of its own; not so behind another gate."""
    for point in POINTS[name].ordinary:
        function, at = of_values(planted(GATES[name], 1.5), point)
        if any(function(*map(Value, at)).local_gradients()):
            assert blamed(check_gradients(lambda *xs, f=function: f(*xs) ** 3, at, order=2)) == {name}


@pytest.mark.parametrize(
    "name", ["mul", "div", "pow", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "dot"]
)
def test_a_rule_that_is_right_on_numbers_and_wrong_on_nodes_is_named(name):
    """Its slopes are constants to whoever differentiates them: only second order can see it."""
    sound = GATES[name].form(None).rule

    def numb(*numbers):
        return tuple([plain(slope) for slope in sound(*map(plain, numbers))])

    off = Gate(GATES[name].output, numb, name=name)
    for point in POINTS[name].ordinary[1:3]:
        assert check_gradients(off, point)
        report = check_gradients(lambda *xs: off(*xs) * 2.0, point, order=2)
        assert not report and blamed(report) == {name} and report.culprits[0].name.startswith(f"gate {name}: d2z/d")


def test_a_wrong_helper_gate_is_found_through_the_gate_that_uses_it():
    half = planted(GATES["cos"], 0.5)
    mine = gate(math.sin, rule=lambda z, x: (half(x),), name="mine")
    assert check_gradients(mine, [0.7])
    assert blamed(check_gradients(mine, [0.7], order=2)) == {"mine"}


@pytest.mark.parametrize("order", [0, 3, 1.5, "1", None])
def test_other_orders(order):
    with pytest.raises(ValueError, match="choose 1 or 2"):
        check_gradients(sin, [0.5], order=order)


# ---- where differences are delicate ----


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: exp(x) * 1e-12, [-20.0]),
        (lambda x: sigmoid(x), [30.0]),
        (lambda x: sigmoid(x), [-700.0]),
        (lambda x: tanh(x), [18.0]),
        (lambda x: x * 1e-300, [1.0]),
        (lambda x: x * 1e-9 + 1.0, [1.0]),
        (lambda x: x * 1e-12 + 1e6, [1.0]),
        (lambda x: (x + 1e8) * 1e-3, [1.0]),
        (lambda x: (x + 1e8) - 1e8, [1.0]),
        (lambda x, y: x * y - y * x + x * 1e-13, [12345.678, 8765.4321]),
        (lambda x: dot([x, 1e8, -1e8], [1.0, 1.0, 1.0]), [1.0]),
        (lambda x: x**3, [0.0]),
        (lambda x: (x - 1.0) ** 3, [1.0]),
        (lambda x: x**20, [1e-3]),
        (lambda x: x * x, [1e150]),
        (lambda x: x * x, [1e-150]),
        (lambda x: sin(x * 300.0), [0.5]),
        (lambda x: 1.0 / x, [1e-3]),
    ],
)
def test_noise_and_curvature_are_not_called_wrong(function, at):
    report = check_gradients(function, at)
    assert report and not report.culprits, str(report)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda off, x: off(x) * 1e-12, [-20.0]),
        (lambda off, x: off(x) + x * 0.0 + 0.0 * Value(1e300), [1.0]),
        (lambda off, x: off(x) * 1e6, [3.0]),
        (lambda off, x: off(x), [1e-6]),
        (lambda off, x: off(x) + 1e4, [1.0]),
    ],
)
def test_noise_does_not_excuse_an_error(function, at):
    off = planted(GATES["exp"], 1.01)
    assert blamed(check_gradients(lambda x: function(off, x), at)) == {"exp"}


@pytest.mark.parametrize("x", [1e4, 1e5, 1e6, -3e7, 1e9, 1e12])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_a_wave_far_out(name, x):
    assert check_gradients(GATES[name], [x])
    assert check_gradients(GATES[name], [x], order=2)
    report = check_gradients(planted(GATES[name], 1.1), [x])
    assert not report and blamed(report) == {name}


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.5, 0.9, 1.1, 2.0])
def test_a_wrong_rule_at_a_million_is_wrong_and_not_only_suspicious(factor):
    assert verdicts(check_gradients(planted(GATES["sin"], factor), [1e6])) == ["wrong"]
    assert verdicts(check_gradients(lambda x: planted(GATES["sin"], factor)(x) + x, [1e6])) == ["wrong"]
    assert verdicts(check_gradients(lambda x: planted(GATES["mul"], factor)(x, x), [1e6])) == ["wrong"]


@pytest.mark.parametrize("x", [1e15, 1e17, 1e300])
@pytest.mark.parametrize("factor", [1.0, -1.0])
def test_a_wave_that_turns_from_one_float_to_the_next_cannot_be_told(factor, x):
    assert verdicts(check_gradients(planted(GATES["sin"], factor), [x])) == ["cannot tell"]


@pytest.mark.parametrize("x", [1e-3, 1e-5, 9e-6, 1e-8, 1e-12, 1e-100])
@pytest.mark.parametrize(
    "function", [log, sqrt, lambda x: x**0.5, lambda x: x**-1, lambda x: x**1.5, lambda x: log(x) * x]
)
def test_inputs_at_the_edge_of_a_domain(function, x):
    for order in (1, 2):
        report = check_gradients(function, [x], order=order)
        assert report, str(report)


def test_where_nothing_can_be_measured():
    with pytest.raises(ValueError, match="^pow: inputs x = -.*, y = 1.5 have no finite real power: "):
        check_gradients(lambda x: x**1.5, [0.0])
    with pytest.raises(ZeroDivisionError, match="^sqrt: input x = 0.0"):
        check_gradients(sqrt, [0.0])
    with pytest.raises(ValueError, match="^log: input x = -1.0 is not positive: "):
        check_gradients(log, [-1.0])
    for x in (inf, -inf, nan):
        with pytest.raises(ValueError, match=f"^an input is {x}, and no difference leads away from there: take finite"):
            check_gradients(lambda x: x * 2.0, [x])
    with pytest.raises(ValueError, match="^no step of 2e-300 leads away from 2.0: take a larger step=$"):
        check_gradients(sin, [2.0], step=1e-300)


@pytest.mark.parametrize(
    ("function", "x", "why"),
    [
        (lambda x: x * nan, 1.0, "not finite"),
        (lambda x: x * inf, 1.0, "not finite"),
        (lambda x: x * x, 1e300, "no difference"),
        (lambda x: (x + 1e17) - 1e17, 1.0, "uncertain"),
        (sin, 1e17, "uncertain"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_cannot_be_told_says_why(function, x, why, lang):
    with language(lang):
        report = check_gradients(function, [x])
        assert verdicts(report) == ["cannot tell"]
        assert str(report).splitlines()[2] == say(f"check {why}", names=report.slopes[0].name)


@pytest.mark.parametrize("kind", [KeyError, ValueError, TypeError])
def test_an_error_beside_the_point_says_where(kind):
    def refuses(x):
        if x.data != 1.0:
            raise kind("no")
        return x * x

    for order in (1, 2):
        with pytest.raises(kind) as caught:
            check_gradients(refuses, [1.0], order=order)
        [note] = caught.value.__notes__
        assert "in the place of 1.0" in note


@pytest.mark.parametrize("step", [0.0, -1e-5, nan, inf])
def test_a_step_must_be_above_zero(step):
    for check in (lambda: check_gradients(sin, [1.0], step=step), lambda: errors_by_step(sin, [1.0], [step])):
        with pytest.raises(ValueError, match="the difference needs one above 0 and finite, such as 1e-5"):
            check()


def test_the_step_is_relative_to_the_input():
    seen = []

    def function(x):
        seen.append(x.data)
        return x * x

    check_gradients(function, [1000.0], step=1e-4)
    assert min(seen) == pytest.approx(999.9) and max(seen) == pytest.approx(1000.1)
    seen.clear()
    check_gradients(function, [0.001], step=1e-4)
    assert min(seen) == pytest.approx(0.0009) and max(seen) == pytest.approx(0.0011)


@pytest.mark.parametrize("result", [3.0, None, "x", [Value(1.0)]])
def test_a_function_that_returns_no_value(result):
    for check in (check_gradients, errors_by_step):
        with pytest.raises(
            TypeError, match=f"^the function returned {type(result).__name__}, not a Value: there is no grad"
        ):
            check(lambda x: result, [1.0])
    with pytest.raises(TypeError, match="expected one real number"):
        check_gradients(sin, ["1.0"])


def test_a_network():
    chance = random.Random(1)

    def network(*weights):
        numbers, x = iter(weights), [0.3, -0.2]
        for width in (4, 4, 1):
            x = [relu(dot([next(numbers) for _ in x], x, next(numbers)) + 0.1) for _ in range(width)]
        return (x[0] - 1.0) ** 2

    weights = [chance.uniform(-1.0, 1.0) for _ in range(3 * 4 + 5 * 4 + 5)]
    assert check_gradients(network, weights) and check_gradients(network, weights, order=2)


# ---- the error against the step ----


@pytest.mark.parametrize(("function", "at"), [(tanh, [0.7]), (lambda x, y: exp(x * y), [0.5, 1.5]), (sigmoid, [1.0])])
def test_the_error_falls_and_rises_again(function, at):
    """As the square of the step while the curvature rules, then against it while rounding does."""
    steps = errors_by_step(function, at)
    assert [h for h, _ in steps] == [10.0**-k for k in range(1, 13)]
    errors = [error for _, error in steps]
    best = errors.index(min(errors))
    assert 3 <= best <= 6 and errors[best] < 1e-10
    for coarse, fine in zip(errors[:3], errors[1:4]):
        assert 80.0 < coarse / fine < 120.0
    assert errors[-1] > 1e3 * errors[best] and errors[0] > 1e3 * errors[best]


def test_steps_of_ones_own():
    assert [h for h, _ in errors_by_step(tanh, [0.7], (i for i in (1, 0.5)))] == [1.0, 0.5]
    assert errors_by_step(lambda x: x * 3.0, [2.0], [0.5]) == [(0.5, 0.0)]
    off = planted(GATES["sin"], 2.0)
    assert all(error > 0.4 for _, error in errors_by_step(off, [0.5]))
    assert errors_by_step(lambda: Value(1.0), []) == [(10.0**-k, 0.0) for k in range(1, 13)]


# ---- what a report is ----


def test_a_report_is_true_if_nothing_is_wrong_or_suspicious():
    def report(*verdicts):
        return Report(tuple([Slope("df/dx", 1.0, 1.0, 0.0, verdict) for verdict in verdicts]), ())

    assert report() and report("right") and report("kink", "right") and report("cannot tell")
    assert not report("right", "wrong") and not report("suspicious")
    found = report("cannot tell")
    assert not Report(found.slopes, culprits=report("wrong").slopes)


def test_helpers_are_gates_like_any_other():
    assert set(GATES) >= HELPERS


# ---- called the wrong way ----


@pytest.mark.parametrize("check", [check_gradients, errors_by_step])
def test_what_is_no_function_and_what_is_no_list_of_inputs(check):
    x = Value(2.0)
    with pytest.raises(TypeError, match=r"needs a function, such as lambda x, y: x \* y, not a Value"):
        check(x * x, [2.0])
    with pytest.raises(
        TypeError, match=r"inputs is a list with one number for each argument of the function: write \[2\.0\]"
    ):
        check(lambda x: x * x, 2.0)
    assert check(lambda x: x * x, [x]) == check(lambda x: x * x, [2.0])


def test_a_prompt_shows_the_table():
    report = check_gradients(lambda x: x * x, [2.0])
    assert repr(report) == str(report) and repr(report).startswith("slope  backward")


# ---- against the truth, and at all scales ----


@pytest.mark.parametrize(
    ("function", "exact", "at"),
    [
        (lambda x: sqrt(x) + 1.0, lambda x: mpmath.sqrt(x) + 1, [1e-8]),
        (lambda x, y: sqrt(x * x + y * y) + 1.0, lambda x, y: mpmath.hypot(x, y) + 1, [1e-8, 1e-8]),
        (lambda x: x**x, lambda x: x**x, [1e-8]),
        (lambda x: sin(1000.0 * x), lambda x: mpmath.sin(1000 * x), [1000.0]),
        (lambda x: exp(x * 1e6), lambda x: mpmath.exp(x * 10**6), [3e-6]),
        (lambda x: log(x + 1e-9), lambda x: mpmath.log(x + mpf(1e-9)), [1e-9]),
        (lambda x: sqrt(x * x + 1e-20), lambda x: mpmath.sqrt(x * x + mpf(1e-20)), [1e-10]),
    ],
)
def test_right_gates_that_need_another_step(function, exact, at):
    for i, slope in enumerate(check_gradients(function, at).slopes):
        truth = exact_slope(exact, at, i)
        assert slope.verdict == "right" and slope.error <= 1e-4
        assert abs(slope.numerical - truth) <= (slope.uncertainty or 1e-7 * abs(truth))


def exact_slope(function, at, i):
    """By 80 digits, with a step so small that 30 of them are left."""
    with mpmath.workdps(80):
        h = mpf(10) ** -25 * (abs(mpf(at[i])) or 1)
        below, above = (function(*[mpf(x) + (k == i) * side for k, x in enumerate(at)]) for side in (-h, h))
        return float((above - below) / (2 * h))


def test_noise_that_hides_a_slope_is_no_excuse_for_the_gate():
    off = gate(lambda x: x**3, rule=lambda z, x: (2.0 * x * x,), name="off")
    report = check_gradients(lambda x: off(x) + 1e11, [2.0])
    assert verdicts(report) == ["cannot tell"] and report.slopes[0].uncertainty > 4.0
    assert blamed(report) == {"off"} and not report
    assert check_gradients(lambda x: x**3 + 1e11, [2.0])


ALPHA = 0.5  # the slope of elu by alpha, exp(x) - 1, has few digits near 0; here alpha is a plain number


def a_scale(chance):
    """Numbers as they come, and as nobody expects them."""
    size = chance.choice([chance.uniform(-2.0, 1.0)] * 2 + [chance.uniform(-12.0, 6.0), chance.uniform(-20.0, 20.0)])
    return chance.choice([chance.choice([-1.0, 1.0]) * 10.0**size] * 9 + [float(chance.randint(-2, 3))])


def a_graph(chance):
    """Leaves of all sizes, and up to ten gates with forks and plain numbers: [(name, inputs: places or numbers)]."""
    leaves = [a_scale(chance) for _ in range(chance.randint(1, 4))]
    numbers, gates = [*leaves], []
    for _ in range(200):
        name = chance.choice([name for name in GATES if name not in NOT_FOR_VALUES])
        count = len(chance.choice(POINTS[name].ordinary))
        inputs = [chance.randrange(len(numbers)) if chance.random() < 0.8 else a_scale(chance) for _ in range(count)]
        if name == "elu":
            inputs[1] = ALPHA
        if any(type(x) is int for x in inputs):
            try:
                z = GATES[name](*[numbers[x] if type(x) is int else x for x in inputs])
            except (ArithmeticError, ValueError):
                continue
            if math.isfinite(z):
                numbers.append(z)
                gates.append((name, inputs))
        if len(gates) == 10 or chance.random() < 0.1:
            break
    return leaves, gates


def run(leaves, gates, table=GATES):
    numbers = [*leaves]
    for name, inputs in gates:
        numbers.append(table[name](*[numbers[x] if type(x) is int else x for x in inputs]))
    return numbers[-1]


def slopes_of(leaves, gates, table=GATES):
    """The gradient by backward; None where there is no finite one."""
    values = list(map(Value, leaves))
    try:
        run(values, gates, table).backward()
    except (ArithmeticError, ValueError):
        return None
    slopes = [x.grad for x in values]
    return slopes if all(map(math.isfinite, slopes)) else None


def checked(leaves, gates, table=GATES):
    """The report; None where no difference can be taken."""
    with suppress(ArithmeticError, ValueError):
        return check_gradients(lambda *values: run(values, gates, table), leaves)


def test_right_gates_at_all_scales_raise_no_alarm():
    """Fewer than one alarm in 2,000 graphs; and no row says that a large error is right."""
    reports = [checked(*graph) for graph in map(a_graph, map(random.Random, range(2600))) if slopes_of(*graph)]
    reports = [report for report in reports if report is not None]
    assert len(reports) > 2000
    alarms = [report for report in reports if not report]
    assert len(alarms) <= 1, "\n\n".join(map(str, alarms))
    rows = [slope for report in reports for slope in report.slopes]
    assert all(slope.error <= 1e-4 for slope in rows if slope.verdict == "right")
    assert sum(slope.verdict == "right" for slope in rows) > 0.95 * len(rows)


def test_the_uncertainty_holds_the_true_slope():
    """By mpmath, at all scales, wherever a walk was needed."""
    held = missed = 0
    exact = {name: POINTS[name].exact for name in GATES}
    for graph in map(a_graph, map(random.Random, range(6000, 8000))):
        report = checked(*graph) if slopes_of(*graph) else None
        for i, slope in enumerate(report.slopes if report is not None else []):
            if slope.uncertainty is not None and math.isfinite(slope.uncertainty) and slope.verdict != "kink":
                with suppress(ArithmeticError, ValueError):
                    truth = exact_slope(lambda *xs, gates=graph[1]: run(xs, gates, exact), graph[0], i)
                    inside = abs(slope.numerical - truth) <= slope.uncertainty
                    held, missed = held + inside, missed + (not inside)
    assert held > 100 and missed <= 0.02 * held, (held, missed)


FAULTS = {  # name: (what is made of a slope, what the gradient must change by for the fault to matter)
    "wrong sign": (-1.0, 0.5),
    "a factor 2/3": (2 / 3, 0.1),
    "a missing term": (0.0, 0.1),
    "5 %": (1.05, 0.01),
    "1e-3": (1.001, 2e-4),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_at_all_scales_are_caught_and_named(fault):
    """At least 95 of 100 that matter; the rest are below the noise."""
    factor, least = FAULTS[fault]
    named = tried = 0
    for chance in map(random.Random, range(9000, 9400)):
        leaves, gates = a_graph(chance)
        name = chance.choice([name for name, _ in gates] or ["add"])
        table = GATES | {name: planted(GATES[name], factor, chance.choice([None, 0]))}
        right, wrong = slopes_of(leaves, gates), slopes_of(leaves, gates, table)
        if right and wrong and any(abs(a - b) > least * max(abs(a), abs(b)) for a, b in zip(right, wrong)):
            report = checked(leaves, gates, table)
            if report is not None:
                tried += 1
                named += not report and blamed(report) == {name}
    assert tried > 100 and named >= 0.95 * tried, f"{named} of {tried}"


@pytest.mark.parametrize(
    ("name", "point", "slopes"),
    [("relu", (0.0,), (0.0, 0.5, 1.0)), ("abs", (0.0,), (-1.0, 0.0, 1.0)), ("maximum", (2.0, 2.0), (0.5,))],
)
def test_exactly_on_a_kink_any_slope_between_left_and_right_will_do_and_no_other(name, point, slopes):
    for slope in (*slopes, 5.0, -1.5, 1.2):
        own = Gate(GATES[name].output, _rule(name, slope), name="own")
        report = check_gradients(own, point)
        assert bool(report) is (slope in slopes), report
        assert slope in slopes or any("gate own" in culprit.name for culprit in report.culprits)


def _rule(name, slope):
    """The rule of a gate, but for its slope exactly on the kink."""
    sound = GATES[name].rule

    def rule(z, *xs):
        at_kink = step(abs(xs[0] - xs[-1]) if len(xs) > 1 else abs(xs[0]), 0.0, 0.0)  # 0 there, 1 elsewhere
        return tuple([at_kink * s + (1.0 - at_kink) * slope for s in sound(z, *xs)])

    return rule
