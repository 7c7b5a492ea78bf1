"""Gradients as graphs: against mpmath, against backward, and by hand where a power or a kink stands in the way."""

from __future__ import annotations

import itertools
import math
import random

import mpmath
import pytest
from conftest import same
from gate_points import HELPERS, POINTS, WHOLE, everywhere, recipes
from hypothesis import given, settings

from scalargrad import (
    Value,
    backprop_code,
    dot,
    draw,
    exp,
    gate,
    gradient,
    hessian,
    hessian_vector_product,
    jacobian,
    sigmoid,
    sin,
    steps,
    tanh,
    tree,
)
from scalargrad.calculus import sensitivities
from scalargrad.gate import CONSTANT, Gate
from scalargrad.graph import topological_order
from scalargrad.table import GATES

inf, nan = math.inf, math.nan
steady = settings(max_examples=100)
every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=list(GATES))
NUMBERS_ONLY = {"exponent_slope": 1}  # how many inputs at the end are always plain numbers


def close(x, truth, rel=1e-12):
    return abs(x - truth) <= rel * abs(truth)


def at(gate, point):
    """The values at a point, and what the gate makes of them."""
    first, end = len(WHOLE.get(gate.name, ())), len(point) - NUMBERS_ONLY.get(gate.name, 0)
    values = [Value(x) for x in point[first:end]]
    return values, gate(*point[:first], *values, *point[end:])


def derivatives(f, x, highest):
    """f(x) and its derivatives, each as a float: the gradient of the gradient of ..."""
    leaf = Value(x)
    orders = [f(leaf)]
    for _ in range(highest):
        orders += gradient(orders[-1], [leaf])
    return [z.data for z in orders]


def partial_derivative(f, point, *places):
    """The derivative of f by the inputs at these places, with 60 digits."""
    orders = tuple(places.count(i) for i in range(len(point)))
    with mpmath.workdps(60):
        return mpmath.diff(f, tuple(map(mpmath.mpf, point)), orders)


# ---- the gradient is the gradient, and a graph ----


def test_a_gradient_is_a_graph_that_can_be_differentiated():
    x, y = Value(3.0), Value(-4.0)
    f = x * x * y
    [dx, dy] = gradient(f, [x, y])
    assert (dx.data, dy.data) == (-24.0, 9.0) and dx.gate is not None
    assert [d.data for d in gradient(dx, [x, y])] == [-8.0, 6.0]


def test_a_result_may_be_a_node_that_was_there_before():
    x, y = Value(2.0), Value(3.0)
    assert gradient(x * y, [x, y]) == [y, x]
    assert gradient((x + 1.0) * y, [x]) == [y]  # a factor 1 makes no gate
    assert gradient(x + y, [x])[0].form is CONSTANT


@given(recipes())
@steady
def test_it_equals_backward_to_the_last_bit(recipe):
    leaves = list(map(Value, recipe.leaves))
    nodes = recipe.run(leaves, GATES.get)
    slopes = gradient(nodes[-1], nodes)
    nodes[-1].backward()
    assert all(same(slope.data, node.grad) for slope, node in zip(slopes, nodes) if node in leaves or node.grad != 0.0)


@every_gate
def test_it_equals_the_local_gradients_everywhere(gate):
    for point in everywhere(gate.name):
        values, z = at(gate, point)
        assert all(same(g.data, local) for g, local in zip(gradient(z, values), z.local_gradients())), point


def test_no_grad_is_touched():
    x, y = Value(3.0, grad=7.0), Value(-4.0, grad=8.0)
    q = sigmoid(x * y) + x
    q.grad = 9.0
    before = topological_order([q])
    [g] = gradient(q, [x])
    gradient(q, [q, x, y])
    hessian(q, [x, y])
    jacobian([q, x], [x, y])
    hessian_vector_product(q, [x, y], [1.0, 2.0])
    assert [node.grad for node in before] == [7.0, 8.0, 0.0, 0.0, 9.0]
    assert {node.grad for node in topological_order([g]) if node not in before} == {0.0}


def test_the_output_and_inner_nodes_are_inputs_too():
    x = Value(3.0)
    q = x * x
    f = q * x
    assert [g.data for g in gradient(f, [f, q, x, x])] == [1.0, 3.0, 27.0, 27.0]
    assert gradient(x, [x])[0].data == 1.0 and gradient(f, []) == []


def test_an_input_without_influence_gets_a_constant_zero():
    x, y = Value(3.0), Value(-4.0, "y")
    [g] = gradient(x * x, [y])
    assert g.data == 0.0 and g.form is CONSTANT
    assert gradient(Value(1.0), [x])[0].data == 0.0


def test_strict():
    x, y = Value(3.0), Value(-4.0, "y")
    assert [g.data for g in gradient(x * y, [x, y], strict=True)] == [-4.0, 3.0]
    with pytest.raises(ValueError, match=r"^the output does not depend on Value\(-4.0, label='y'\)$"):
        gradient(x * x, [x, y], strict=True)


def test_detach_cuts():
    x = Value(3.0, "x")
    y = x * 2
    cut = y.detach()
    assert (cut.data, cut.label, cut.parents, cut.gate) == (6.0, "", (), None) and x.detach().label == "x"
    assert gradient(y.detach() * y, [x])[0].data == 12.0
    with pytest.raises(ValueError, match="does not depend"):
        gradient(y.detach() * 2, [x], strict=True)


# ---- changed data ----


def test_data_that_was_changed_after_the_forward_pass():
    x, y = Value(2.0, "x"), Value(3.0)
    f = x * y
    x.data = 100.0
    for differentiate in (lambda: gradient(f, [x]), lambda: gradient(f, [y]), lambda: hessian(f, [x])):
        with pytest.raises(ValueError) as caught:
            differentiate()
        assert str(caught.value) == "x was changed from 2.0 to 100.0 after the forward pass; run it again"
    x.data = 2.0
    y.data = nan
    with pytest.raises(ValueError, match="^an input was changed from 3.0 to nan after"):
        gradient(f, [x])
    y.data = 3.0
    assert gradient(f, [x])[0].data == 3.0


def test_a_changed_output_of_a_gate():
    x = Value(2.0)
    q = exp(x)
    f = q * 3.0
    q.label, q.data = "q", 1.0
    with pytest.raises(ValueError, match=f"^q was changed from {math.exp(2.0)} to 1.0 after"):
        gradient(f, [x])


def test_only_what_the_gradient_passes_must_be_unchanged():
    a, b, x = Value(2.0), Value(3.0), Value(nan)
    f = a * b + x
    x.data = 5.0
    b.data = 4.0
    with pytest.raises(ValueError):
        gradient(f, [a])
    b.data = 3.0
    with pytest.raises(ValueError, match="from nan to 5.0"):
        gradient(f, [a])
    x.data = nan  # nan is unchanged, though it differs from itself
    assert gradient(f, [a])[0].data == 3.0
    inner = a * 1.0
    outer = inner * b
    a.data = 7.0
    assert gradient(outer, [b])[0].data == 2.0


def test_jacobian_works_with_the_numbers_of_the_forward_pass():
    x = Value(2.0)
    f = x * x
    x.data = 100.0
    assert jacobian([f], [x]) == [[4.0]]


# ---- what cannot be differentiated ----


@pytest.mark.parametrize(
    ("make", "x", "kind", "message"),
    [
        (lambda x: x.sqrt(), 0.0, ZeroDivisionError, "^sqrt: input x = 0.0 cannot give.*write abs"),
        (lambda x: x**0.5, 0.0, ZeroDivisionError, "^pow: inputs x = 0.0, y = 0.5 cannot give.*write abs"),
        (lambda x: x**-1, 1e-200, OverflowError, "^pow: inputs x = 1e-200, y = -1.0 cannot .* that fits a float: "),
    ],
)
def test_where_there_is_no_slope(make, x, kind, message):
    leaf = Value(x)
    f = make(leaf)
    for differentiate in (gradient, lambda f, xs: jacobian([f], xs)):
        with pytest.raises(kind, match=message):
            differentiate(f, [leaf])


def test_a_missing_slope_elsewhere_does_not_matter():
    zero, x, y = Value(0.0), Value(2.0), Value(0.5)
    for f in (zero.sqrt() + x, zero**y + x, zero**y * x):
        assert [g.data for g in gradient(f, [x, y])] == jacobian([f], [x, y])[0]
    assert hessian(zero**y * x, [x, y]) == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: gradient(x * x, x),
        lambda x: gradient([x * x], [x]),
        lambda x: gradient(3.0, [x]),
        lambda x: gradient(x * x, [3.0]),
        lambda x: gradient(x * x, ["x"]),
        lambda x: jacobian(x * x, [x]),
        lambda x: jacobian([1.0], [x]),
        lambda x: hessian(x * x, x),
        lambda x: hessian_vector_product(x * x, [x], ["1"]),
    ],
)
def test_what_is_not_a_value_is_refused(call):
    with pytest.raises(TypeError, match="expected (Values|a list of Values, as in .*|one real number), not .{3}"):
        call(Value(2.0))


# ---- second order: every gate of the table ----


def check_second_order(gate, exact, point):
    values, z = at(gate, point)
    matrix = hessian(z, values)
    for i, j in itertools.product(range(len(values)), repeat=2):
        truth = partial_derivative(exact, point, i, j)
        assert abs(matrix[i][j] - truth) <= 1e-12 * max(1.0, abs(truth)), (gate, point, i, j, matrix[i][j])


@every_gate
def test_second_order_of_every_gate(gate):
    for point in POINTS[gate.name].ordinary:
        check_second_order(gate, POINTS[gate.name].exact, point)


def test_the_check_of_second_order_sees_a_wrong_rule():
    wrong = Gate(lambda x: x**3, lambda z, x: (3.0 * x * (x + 1e-9),), name="wrong")
    with pytest.raises(AssertionError):
        check_second_order(wrong, lambda x: x**3, (2.0,))


@pytest.mark.parametrize("name", [name for name, p in POINTS.items() if len(p.ordinary[0]) == 1 and name != "maximum"])
def test_third_and_fourth_order_of_every_gate_of_one_input(name):
    for x, *more in POINTS[name].ordinary:
        if not more:
            got = derivatives(GATES[name], x, 4)
            for order in (3, 4):
                truth = partial_derivative(POINTS[name].exact, [x], *[0] * order)
                assert abs(got[order] - truth) <= 1e-12 * max(1.0, abs(truth), abs(got[order - 1])), (x, order)


@every_gate
def test_second_order_at_every_special_point_is_a_number_or_pythons_error(gate):
    for point in POINTS[gate.name].special:
        values, z = at(gate, point)
        try:
            matrix = hessian(z, values)
        except ZeroDivisionError as error:  # as of x**y by both at (0, 0)
            assert 0.0 in point and "cannot give a finite local gradient" in str(error)
        else:
            assert all(type(x) is float for row in matrix for x in row)


LN2, LN5 = math.log(2.0), math.log(5.0)


@pytest.mark.parametrize(
    ("name", "point", "expected"),
    [
        ("pow", (0.0, 2.0), [[2.0, 0.0], [0.0, 0.0]]),
        ("pow", (0.0, 3.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("pow", (0.0, 2.5), [[0.0, 0.0], [0.0, 0.0]]),
        ("pow", (-2.0, 3.0), [[-12.0, nan], [nan, nan]]),
        ("pow", (5.0, 0.0), [[0.0, 0.2], [0.2, LN5**2]]),
        ("pow", (2.0, 1.0), [[0.0, 1.0 + LN2], [1.0 + LN2, 2.0 * LN2**2]]),
        ("abs", (0.0,), [[0.0]]),
        ("relu", (0.0,), [[0.0]]),
        ("leaky_relu", (0.0, 0.1), [[0.0, 1.0], [1.0, 0.0]]),
        ("leaky_relu", (-2.0, 0.1), [[0.0, 1.0], [1.0, 0.0]]),
        ("leaky_relu", (2.0, 0.1), [[0.0, 0.0], [0.0, 0.0]]),
        ("elu", (0.0, 2.0), [[2.0, 1.0], [1.0, 0.0]]),  # of the side below, as the slopes (2, 0) are
        ("elu", (-0.0, 2.0), [[2.0, 1.0], [1.0, 0.0]]),
        ("elu", (1.0, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("elu", (inf, 1.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("elu", (-inf, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("maximum", (2.0, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("minimum", (2.0, 2.0), [[0.0, 0.0], [0.0, 0.0]]),
        ("step", (2.0, 2.0, 0.25), [[0.0] * 3] * 3),
        ("exp", (-1000.0,), [[0.0]]),
        ("tanh", (1000.0,), [[0.0]]),
        ("sigmoid", (-1000.0,), [[0.0]]),
        ("softplus", (0.0,), [[0.25]]),
        ("softplus", (-1000.0,), [[0.0]]),
        ("exp", (nan,), [[nan]]),
        ("maximum", (1.0, nan), [[nan, nan], [nan, nan]]),
        ("total", (inf, -inf), [[0.0, 0.0], [0.0, 0.0]]),
        ("dot", (inf, 0.0, 1.0), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    ],
)
def test_second_order_at_special_points(name, point, expected):
    values, z = at(GATES[name], point)
    for row, truth in zip(hessian(z, values), expected, strict=True):
        assert row == pytest.approx(truth, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("n", range(7))
def test_a_power_at_zero_to_high_order(n):
    """x**n has the derivatives 0, ..., 0, n!, 0, 0, ...; no 0 ** -1 on the way."""
    truth = [math.factorial(n) if order == n else 0.0 for order in range(10)]
    assert derivatives(lambda x: x**n, 0.0, 9) == truth
    assert derivatives(lambda x: x ** Value(n), 0.0, 9) == truth
    assert derivatives(lambda x: x**n, -0.0, 9) == truth


@pytest.mark.parametrize("n", range(-3, 5))
def test_a_power_of_a_negative_base_to_high_order(n):
    truth = [math.prod(range(n, n - order, -1)) * (-2.0) ** (n - order) for order in range(7)]
    assert derivatives(lambda x: x**n, -2.0, 6) == truth


def test_a_power_by_its_exponent():
    assert derivatives(lambda y: 0.0**y, 0.0, 4) == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda y: 0.0**y, 2.0, 4) == [0.0, 0.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda y: 1.0**y, 2.0, 4) == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda y: 2.0**y, 3.0, 5) == pytest.approx([8.0 * LN2**k for k in range(6)], rel=1e-14)
    assert derivatives(lambda y: (-2.0) ** y, 3.0, 2) == pytest.approx([-8.0, nan, nan], nan_ok=True)


def test_a_root_ends_where_it_becomes_infinite():
    assert derivatives(lambda x: x**2.5, 0.0, 2) == [0.0, 0.0, 0.0]
    with pytest.raises(ZeroDivisionError, match="x = 0.0"):
        derivatives(lambda x: x**2.5, 0.0, 3)
    x, y = Value(0.0), Value(0.0)
    assert hessian(x**y, [x]) == [[0.0]] and hessian(x**y, [y]) == [[0.0]]
    with pytest.raises(ZeroDivisionError):  # x**(y - 1) (1 + y log x) has no limit there
        hessian(x**y, [x, y])


@pytest.mark.parametrize("f", [abs, Value.relu, Value.leaky_relu, Value.elu, Value.softplus, Value.tanh])
def test_a_derivative_of_nan_is_nan(f):
    assert math.isnan(derivatives(f, nan, 1)[1])


# ---- against mpmath, to 1e-12 ----


@pytest.mark.parametrize("x", [-1.3, -0.4, 0.2, 0.7, 1.9])
def test_tanh_to_its_sixth_derivative(x):
    got = derivatives(tanh, x, 6)
    for order in range(7):
        assert close(got[order], partial_derivative(mpmath.tanh, [x], *[0] * order)), order


@pytest.mark.parametrize("x", [-1.1, 0.3, 0.8, 1.7])
def test_sin_of_a_square_to_its_fifth_derivative(x):
    got = derivatives(lambda v: sin(v**2), x, 5)
    for order in range(6):
        assert close(got[order], partial_derivative(lambda v: mpmath.sin(v**2), [x], *[0] * order)), order


def rosenbrock(*xs):
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in zip(xs, xs[1:]))


def network(tanh, sigmoid):
    """A two-layer net, 2 inputs, 3 hidden units, and its squared loss on two examples, as a function of its weights."""

    def loss(*weights):
        total = 0.0
        for x, target in (((0.5, -1.2), 1.0), ((-0.3, 0.8), 0.0)):
            units = [weights[3 * i : 3 * i + 3] for i in range(3)]
            hidden = [tanh(u * x[0] + v * x[1] + b) for u, v, b in units]
            out = sigmoid(sum((w * h for w, h in zip(weights[9:12], hidden)), weights[12]))
            total = total + (out - target) ** 2
        return total

    return loss


def exact_sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


WEIGHTS = [0.4, -0.7, 0.1, 1.1, 0.6, -0.2, -0.9, 0.3, 0.5, 0.8, -1.3, 0.7, 0.2]
SURFACES = [
    (rosenbrock, rosenbrock, [-1.2, 1.0]),
    (rosenbrock, rosenbrock, [0.3, -0.4, 1.7, 0.9]),
    (network(tanh, sigmoid), network(mpmath.tanh, exact_sigmoid), WEIGHTS),
]
surfaces = pytest.mark.parametrize(("f", "exact", "point"), SURFACES, ids=["rosenbrock", "rosenbrock of 4", "network"])


@surfaces
def test_hessian(f, exact, point):
    xs = list(map(Value, point))
    matrix = hessian(f(*xs), xs)
    for i, j in itertools.combinations_with_replacement(range(len(point)), 2):
        truth = partial_derivative(exact, point, i, j)
        assert close(matrix[i][j], truth) and close(matrix[j][i], truth), (i, j, matrix[i][j], matrix[j][i], truth)


@surfaces
def test_hessian_vector_product_is_the_hessian_times_the_vector(f, exact, point):
    xs, chance = list(map(Value, point)), random.Random(1)
    matrix = hessian(f(*xs), xs)
    for vector in ([1.0] + [0.0] * (len(xs) - 1), [chance.uniform(-1.0, 1.0) for _ in xs]):
        truth = [sum(a * v for a, v in zip(row, vector)) for row in matrix]
        assert hessian_vector_product(f(*xs), xs, vector) == pytest.approx(truth, rel=1e-12)


def test_hessian_vector_product_needs_a_number_for_every_input():
    x, y = Value(1.0), Value(2.0)
    with pytest.raises(ValueError, match="^the vector has 1 number for 2 inputs$"):
        hessian_vector_product(x * y, [x, y], [1.0])
    assert hessian_vector_product(x * y, [], []) == []
    assert hessian_vector_product(x * 2, [x, y], [1.0, 1.0]) == [0.0, 0.0]


def test_hessian_without_curvature():
    x, y = Value(1.0), Value(2.0)
    assert hessian(3 * x + y, [x, y]) == [[0.0, 0.0], [0.0, 0.0]] == hessian(Value(1.0), [x, y])


# ---- the lecture ----


def test_the_matrix_example():
    """ds/dy is diagonal, and dy/dx is W^T."""
    x = [Value(v) for v in (2, 1, -3)]
    rows = [[1, 3, 2, 0], [2, -1, 1, 2], [3, 0, 1, 4]]
    y = [dot(column, x) for column in zip(*rows)]
    s = [sigmoid(v) for v in y]
    assert [v.data for v in y] == [-5.0, 5.0, 2.0, -10.0]
    diagonal = jacobian(s, y)
    assert all(
        diagonal[i][j] == (p.data * (1.0 - p.data) if i == j else 0.0) for i, p in enumerate(s) for j in range(4)
    )
    assert jacobian(y, x) == [list(column) for column in zip(*rows)]
    upstream = dot([4, 1, 2, -1], s)
    assert [round(v, 2) for v in jacobian([upstream], y)[0]] == [0.03, 0.01, 0.21, -0.0]
    assert "4096 x 4096" in jacobian.__doc__


def test_jacobian_has_a_row_for_every_output():
    x, y = Value(2.0), Value(3.0)
    assert jacobian([x, y, x * y, Value(7.0)], [x, y]) == [[1.0, 0.0], [0.0, 1.0], [3.0, 2.0], [0.0, 0.0]]
    assert jacobian([], [x]) == [] and jacobian([x], []) == [[]]


def test_sensitivities_are_of_the_nodes_between():
    x, y = Value(2.0), Value(3.0)
    q = x * x
    f = q * y
    assert sensitivities(f, [q]) == {q: 3.0, f: 1.0}
    assert sensitivities(f, [x]) == {x: 12.0, q: 3.0, f: 1.0}
    assert sensitivities(f, [Value(1.0)]) == {}


def test_the_gradient_circuit_can_be_drawn_stepped_and_written_as_code():
    w, x = Value(2.0, "w"), Value(-1.0, "x")
    [slope] = gradient(sigmoid(w * x), [x])
    picture = draw(slope)
    assert picture.svg.startswith("<svg") and "sigmoid" in picture.source
    slope.backward()
    variables = backprop_code(slope, names={"slope": slope}).run()
    assert (variables["slope"], variables["dx"], variables["dw"]) == (slope.data, x.grad, w.grad)
    assert hessian(sigmoid(w * x), [x])[0][0] == x.grad != 0.0
    assert "x" in tree(slope) and len(list(steps(slope))) > 4


@pytest.mark.parametrize("name", [name for name in GATES if name not in HELPERS])
def test_the_gradient_circuit_of_every_gate_can_be_drawn(name):
    values, z = at(GATES[name], POINTS[name].ordinary[0])
    for slope in gradient(z, values):
        assert draw(slope).source.startswith("digraph") and f"{slope.data:.6g}" in tree(slope)


# ---- composites, chains ----


@pytest.mark.parametrize(("x", "y"), [(1.0, -2.0), (-0.5, 0.3)])
def test_a_composite_is_differentiated_through_the_graph_inside_it(x, y):
    swish = gate(lambda x: x * x.sigmoid(), name="swish")
    twice = gate(lambda x, y: swish(swish(x) * y), name="twice")
    a, b = Value(x), Value(y)
    plain = a * sigmoid(a) * b
    whole, taken_apart = twice(a, b), plain * sigmoid(plain)
    assert whole.data == taken_apart.data and len(whole.parents) == 2
    for row, truth in zip(hessian(whole, [a, b]), hessian(taken_apart, [a, b]), strict=True):
        assert row == pytest.approx(truth, rel=1e-12)
    got, truth = derivatives(lambda v: twice(v, y), x, 4), derivatives(lambda v: swish(swish(v) * y), x, 4)
    assert got == pytest.approx(truth, rel=1e-12)
    assert derivatives(lambda v: twice(x, v), y, 1)[1] == pytest.approx(gradient(whole, [b])[0].data, rel=1e-14)


def test_a_composite_that_ignores_an_input():
    first = gate(lambda x, y: x * x if x > 0 else 0.0, name="first")
    x, y = Value(3.0), Value(4.0)
    assert hessian(first(x, y) * y, [x, y]) == [[8.0, 6.0], [6.0, 0.0]]
    x = Value(-3.0)
    assert hessian(first(x, y) * y, [x, y]) == [[0.0, 0.0], [0.0, 0.0]]


def test_a_long_chain():
    x = Value(0.5)
    y = x
    for _ in range(5_000):
        y = (y * 1.0001).sin()
    [first] = gradient(y, [x])
    y.backward()
    assert first.data == x.grad
    [second] = gradient(first, [x])
    assert math.isfinite(second.data) and second.data != 0.0


def test_a_fork_behind_every_fork():
    """2 ** 40 paths; one multiplication an edge."""
    x = Value(1.0)
    y = x
    for _ in range(40):
        y = y + y
    assert gradient(y, [x])[0].data == 2.0**40
