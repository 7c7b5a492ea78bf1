"""The calculus table, gate by gate: against mpmath, against centred differences, and by hand where both are blind."""

from __future__ import annotations

import itertools
import math
import re

import mpmath
import pytest
from conftest import same
from gate_points import POINTS, WHOLE, everywhere, plain, smooth

from scalargrad import Value, table
from scalargrad.gate import Gate, to_float
from scalargrad.table import GATES

nan = math.nan
FOUR_ULP = 4 * math.ulp(1.0)
PATTERNS = {"distributes", "routes", "switches", "flips", "scales"}
every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=list(GATES))


def slopes(gate, point):
    """The rule on plain floats."""
    return tuple(gate.form(None).rule(gate(*point), *point))


def node(gate, point, moving=None):
    """What the gate makes of a point whose numbers at the places `moving` (by default all) are values."""
    return gate(*[Value(x) if moving is None or i in moving else x for i, x in enumerate(point)])


def all_same(a, b):
    return len(a) == len(b) and all(map(same, a, b))


def outcome(gate, point):
    """Output and slopes, or the kind of error."""
    try:
        return (gate(*point), *slopes(gate, point))
    except (ArithmeticError, ValueError) as error:
        return (type(error),)


def changed(point, place, x):
    return (*point[:place], x, *point[place + 1 :])


def check_slopes_exactly(gate, exact, point):
    """Every slope against the derivative of `exact` with 120 digits."""
    with mpmath.workdps(120):
        xs = [mpmath.mpf(x) for x in point]
        for place, slope in enumerate(slopes(gate, point)):
            h = (abs(xs[place]) or 1) * mpmath.mpf("1e-40")
            truth = mpmath.diff(lambda x, place=place: exact(*changed(xs, place, x)), xs[place], h=h)
            assert abs(slope - truth) <= max(1e-12 * abs(truth), FOUR_ULP), (gate, point, place, slope, float(truth))


def check_slopes_by_differences(gate, point, h=1e-5):
    """Every slope against (f(x + h) - f(x - h)) / 2h, as CS231n teaches it."""
    for place, slope in enumerate(slopes(gate, point)):
        if place in WHOLE.get(gate.name, ()):
            continue
        up, down = (gate(*changed(point, place, point[place] + d)) for d in (h, -h))
        assert abs(slope - (up - down) / (2 * h)) <= 1e-7 * max(1.0, abs(slope)), (gate, point, place, slope)


# ---- the points, and the checks themselves ----


@every_gate
def test_every_gate_has_points(gate):
    assert len(POINTS[gate.name].ordinary) > 2
    assert all(type(x) is float for point in everywhere(gate.name) for x in point)


def test_every_entry_is_a_gate():
    assert POINTS.keys() == GATES.keys()


@pytest.mark.parametrize("factor", [0.0, -1.0, 1.0 + 1e-6])
def test_checks_see_a_wrong_rule(factor):
    wrong = Gate(lambda x: x * x, lambda z, x: (2.0 * x * factor,), name="wrong")
    with pytest.raises(AssertionError):
        check_slopes_exactly(wrong, lambda x: x * x, (3.0,))
    with pytest.raises(AssertionError):
        check_slopes_by_differences(wrong, (3.0,))


def test_same_tells_numbers_apart():
    assert all_same((1.0, nan, 0.0), (1.0, nan, -0.0))
    assert not all_same((1.0,), (nan,)) and not all_same((1.0,), (1.0, 2.0)) and not all_same((1.0,), (1.0 + 1e-15,))


# ---- outputs and slopes ----


@every_gate
def test_output_is_exact(gate):
    for point in smooth(gate.name):
        with mpmath.workdps(60):
            truth = POINTS[gate.name].exact(*[mpmath.mpf(x) for x in point])
            assert abs(gate(*point) - truth) <= 1e-14 * abs(truth) + 1e-300, point


@every_gate
def test_slopes_are_exact(gate):
    for point in smooth(gate.name):
        check_slopes_exactly(gate, POINTS[gate.name].exact, point)


@every_gate
def test_slopes_are_centred_differences(gate):
    for point in POINTS[gate.name].ordinary:
        check_slopes_by_differences(gate, point)


@every_gate
def test_special_points(gate):
    for point, (output, expected) in POINTS[gate.name].special.items():
        assert all_same([gate(*point)], [output]), point
        assert all_same(slopes(gate, point), expected), point


@every_gate
def test_one_slope_for_every_input(gate):
    for point in everywhere(gate.name):
        constants = 1 if gate is table.exponent_slope else 0
        assert len(slopes(gate, point)) == len(point) - constants
        assert {type(x) for x in (gate(*point), *slopes(gate, point))} == {float}


@every_gate
def test_minus_zero_is_zero(gate):
    known = POINTS[gate.name]
    for point in [p for p in [*smooth(gate.name), *known.special, *known.refused, *known.steep] if 0.0 in p]:
        minus = tuple(-0.0 if x == 0.0 else x for x in point)
        assert all_same(*(outcome(gate, p) for p in (point, minus))), point


# ---- what is refused ----


@every_gate
def test_output_refuses_with_pythons_error_and_names_gate_and_inputs(gate):
    for point, kind in POINTS[gate.name].refused.items():
        for compute in (gate, lambda *xs: node(gate, xs)):
            with pytest.raises(kind, match=f"^{gate.name}: input.*: .") as caught:  # what is wrong: what to do
                compute(*point)
            assert all(f" = {x!r}" in str(caught.value) for x in point)


@every_gate
def test_rule_refuses_with_pythons_error_and_names_gate_and_inputs(gate):
    for point, kind in POINTS[gate.name].steep.items():
        output = node(gate, point)
        with pytest.raises(kind, match=f"^{gate.name}: input.*: .") as caught:
            output.local_gradients()
        assert all(f" = {x!r}" in str(caught.value) for x in point)


@pytest.mark.parametrize("x", [-1e-17, -1e-9, -5e-324])
def test_the_slope_of_elu_by_alpha_keeps_all_digits(x):
    """It is e**x - 1, where 1 takes all digits of a small x."""
    assert slopes(table.elu, (x, 2.0))[1] == math.expm1(x) != 0.0


def test_too_steep_a_slope_is_not_called_a_root():
    with pytest.raises(OverflowError, match="fits a float"):
        (Value(1e-200) ** -1).backward()
    with pytest.raises(ZeroDivisionError, match="infinitely steep at 0 .write abs"):
        (Value(0.0) ** 0.5).backward()


def test_a_long_list_of_inputs_is_cut_in_errors():
    refuses = Gate(lambda *xs: 1.0 / 0.0, lambda z, *xs: xs, name="refuses")
    with pytest.raises(ZeroDivisionError, match=r"x3 = 2\.0, \.\.\. \(99 in all\) cannot be computed"):
        refuses(*map(float, range(99)))


# ---- nan, ties, infinity: what no peer gets all right ----


@every_gate
def test_nan_goes_through(gate):
    for point in POINTS[gate.name].ordinary:
        for place, slope in enumerate(slopes(gate, point)):
            if slope != 0.0:  # the output depends on this input here
                assert math.isnan(gate(*changed(point, place, nan))), (point, place)


@pytest.mark.parametrize(
    "name", [n for n, p in POINTS.items() if len(p.ordinary[0]) == 1 and n not in ("neg", "total")]
)
def test_slope_at_nan_is_nan(name):
    assert all(math.isnan(slope) for slope in slopes(GATES[name], (nan,)))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_ties_share_equally_and_nothing_is_lost(name):
    for point in itertools.product((1.0, 2.0, 3.0), repeat=4):
        winners = [x == GATES[name](*point) for x in point]
        assert slopes(GATES[name], point) == tuple([won / sum(winners) for won in winners])


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "relu", "leaky_relu", "elu"])
def test_saturation_is_monotonic_and_finite(name):
    rest = POINTS[name].ordinary[0][1:]
    xs = [-1e308, -1000.0, -710.0, -37.0, -1.0, 0.0, 1.0, 37.0, 710.0, 1000.0, 1e308]
    outputs = [GATES[name](x, *rest) for x in xs]
    assert outputs == sorted(outputs) and all(map(math.isfinite, outputs))
    assert all(0.0 <= slopes(GATES[name], (x, *rest))[0] <= 1.0 for x in xs)


# ---- forms: which inputs are values, and which plain numbers ----


@every_gate
def test_every_form_gives_its_part_of_the_slopes(gate):
    for point in everywhere(gate.name):
        full = slopes(gate, point)
        for count in range(1, len(full) + 1):
            for moving in itertools.combinations(range(len(full)), count):
                z = node(gate, point, moving)
                assert len(z.parents) == len(moving) and len(z.inputs) == len(point)
                assert all_same([z.data], [gate(*point)])
                assert all_same(z.local_gradients(), [full[i] for i in moving])
                assert all_same([*map(plain, z.inputs)], point)


@every_gate
def test_no_values_no_node(gate):
    for point in everywhere(gate.name):
        assert type(gate(*point)) is float


def test_a_slope_nobody_asks_for_is_not_computed():
    x = Value(0.0)
    assert (x**2).local_gradients() == (0.0,)
    assert (Value(-2.0) ** 3).local_gradients() == (12.0,)
    assert (0.0 ** Value(2.0)).local_gradients() == (0.0,)  # by x it would be computed as 2 * 0 ** 1
    assert (0.0 ** Value(0.5)).local_gradients() == (0.0,)  # by x it would be infinite


# ---- one rule, several kinds of number ----


@every_gate
def test_rule_on_values_is_the_rule_on_floats(gate):
    for point in everywhere(gate.name):
        on_floats = slopes(gate, point)
        fixed = len(point) - len(on_floats)  # the k of exponent_slope stays a plain number
        inputs = [*map(Value, point[: len(on_floats)]), *point[len(point) - fixed :]]
        on_values = gate.form(tuple(range(len(on_floats)))).rule(Value(gate(*point)), *inputs)
        assert all_same([*map(plain, on_values)], on_floats), point


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.expansion])
def test_expansion_is_the_same_gate(name):
    gate, exact_to_the_bit = GATES[name], name in ("sub", "neg", "abs", "total", "dot")
    for point in POINTS[name].ordinary + [p for p in POINTS[name].special if all(map(math.isfinite, p))]:
        if name == "sigmoid" and point[0] < -700.0:
            continue  # its expansion overflows there, which is why the gate is not made of it
        ones, others = ([Value(x) for x in point] for _ in range(2))
        one, other = gate(*ones), gate.expansion(*others)
        one.backward()
        other.backward()
        for x, y in [(one.data, other.data), *((a.grad, b.grad) for a, b in zip(ones, others))]:
            assert x == y if exact_to_the_bit else abs(x - y) <= 1e-14 * max(1.0, abs(x)), (point, x, y)


def test_overflow_of_the_staged_sigmoid_is_the_lesson():
    with pytest.raises(OverflowError, match="^exp: input x = 1000.0"):
        table.sigmoid.expansion(Value(-1000.0))
    x = Value(-1000.0)
    x.sigmoid().backward()
    assert (x.sigmoid().data, x.grad) == (0.0, 0.0)


# ---- the table as a table ----


@every_gate
def test_entry_is_whole(gate):
    assert gate.pattern in PATTERNS
    assert gate.symbol and gate.name.isidentifier() and repr(gate) == f"<gate {gate.name}>"
    assert GATES[gate.name] is gate
    assert gate.form(None) is gate.form(None) and gate.form((0,)) is gate.form((0,))
    assert len(gate.input_names(3)) == len(set(gate.input_names(3)))


def test_sums_go_from_left_to_right():
    """sum, fsum and sumprod differ between Pythons; `+` does not."""
    xs = [0.1] * 10
    z = xs[0]
    for x in xs[1:]:
        z = z + x
    assert z == 0.9999999999999999 and table.total(*xs) == z
    assert table.total(1e16, 1.0, -1e16) == 0.0 and table.total(1e16, -1e16, 1.0) == 1.0
    ws = [0.1, 0.2, 0.3]
    assert table.dot(*ws, *ws, 0.7) == ((0.1 * 0.1 + 0.2 * 0.2) + 0.3 * 0.3) + 0.7
    assert table.dot(1e16, 1.0, 1.0, 1.0, -1e16) == (1e16 + 1.0) - 1e16 == 0.0


def test_numbers_on_the_way_in_become_floats():
    assert [type(to_float(x)) for x in (2, 2.0)] == [float, float]
    assert table.add(1, 2) == 3.0 and type(table.maximum(1, 2)) is float
    assert to_float(2**53 + 1) == float(2**53 + 1)
    with pytest.raises(OverflowError):
        to_float(10**400)


# ---- against other engines, where they are installed ----

NAMES_ELSEWHERE = {"neg": "negative", "abs": "abs"}
KINKS_TO_THEIR_TASTE = {("abs", 0.0)}  # jax: 1


@pytest.mark.parametrize("name", ["neg", "abs", "exp", "log", "sqrt", "sin", "cos", "tanh"])
def test_against_jax(name):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    function = getattr(jax.numpy, NAMES_ELSEWHERE.get(name, name))
    for (x,) in everywhere(name):
        if (name, x) not in KINKS_TO_THEIR_TASTE and x == x:
            theirs = (float(function(x)), float(jax.grad(function)(x)))
            assert theirs == pytest.approx((GATES[name](x), *slopes(GATES[name], (x,))), rel=1e-12, abs=FOUR_ULP)


@pytest.mark.parametrize("name", ["neg", "abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu"])
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    for (x,) in everywhere(name):
        if x == x:
            t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            z = getattr(torch, name)(t)
            z.backward()
            theirs = (z.item(), t.grad.item())
            assert theirs == pytest.approx((GATES[name](x), *slopes(GATES[name], (x,))), rel=1e-12, abs=FOUR_ULP)


class OfTwo(ZeroDivisionError):
    def __init__(self, x, y):
        super().__init__(f"{x} {y}")


class Unkind(ValueError):
    def __init__(self):
        super().__init__("no text, please")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (OfTwo(1.0, 2.0), ZeroDivisionError),
        (Unkind(), ValueError),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "what"), ValueError),
        (FloatingPointError("x"), FloatingPointError),
    ],
)
def test_an_error_of_any_class_is_said_in_words(raised, kind):
    def output(x):
        raise raised

    own = Gate(output, lambda z, x: (1.0,), name="own")
    for call in (lambda: own(Value(2.0, "h")), lambda: own(2.0)):
        with pytest.raises(kind, match=r"^own: input (h|x) = 2\.0 cannot be computed") as error:
            call()
        assert type(error.value) is kind


def test_an_input_without_a_label_does_not_borrow_that_of_another():
    x, h = Value(0.0, "x"), Value(0.0, "h")
    for call, words in (
        (lambda: 1 / x, "div: inputs 1.0, x = 0.0 divide by zero"),
        (lambda: Value(2.0) / x, "div: inputs 2.0, x = 0.0 divide by zero"),
        (lambda: 1 / h, "div: inputs x = 1.0, h = 0.0 divide by zero"),
        (lambda: x / x, "div: inputs x = 0.0, x = 0.0 divide by zero"),
        (lambda: 1 / Value(0.0), "div: inputs x = 1.0, y = 0.0 divide by zero"),
    ):
        with pytest.raises(ZeroDivisionError, match=f"^{re.escape(words)}: "):
            call()
