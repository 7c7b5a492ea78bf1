"""What `Value` promises, one promise a test."""

from __future__ import annotations

import contextlib
import decimal
import fractions
import gc
import importlib.util
import inspect
import itertools
import math
import operator
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import mpmath
import pytest
from gate_points import POINTS, everywhere, plain, recipes
from hypothesis import given, settings

import scalargrad
from scalargrad import CircuitCut, Value, dot, exp, gate, maximum, minimum, sending, sigmoid, total
from scalargrad.functions import dots
from scalargrad.graph import topological_order
from scalargrad.sending import send_back
from scalargrad.table import GATES

nan, inf = math.nan, math.inf
BINARY = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow}
UNARY = ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "relu"]
every_operator = pytest.mark.parametrize("name", BINARY)


def circuit():
    """The lecture's first one: x, y, z, q, f."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    return x, y, z, q, q * z


def grads(*values):
    return tuple([value.grad for value in values])


def state(root):
    return [(node, node.data, node.grad, node.label, node.parents) for node in topological_order([root])]


# ---- the lecture's numbers ----


def test_first_circuit():
    x, y, z, q, f = circuit()
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert grads(f, q, x, y, z) == (1.0, -4.0, -4.0, -4.0, 3.0)


def test_sigmoid_neuron():
    w, x = [Value(2), Value(-3), Value(-3)], [Value(-1), Value(-2)]
    a, b = w[0] * x[0], w[1] * x[1]
    c = a + b
    d = c + w[2]
    e = -d
    g = exp(e)
    h = g + 1
    f = 1 / h
    f.backward()
    forward = (-2, 6, 4, 1, -1, math.exp(-1), 1 + math.exp(-1), 0.7310585786300049)
    assert [v.data for v in (a, b, c, d, e, g, h, f)] == pytest.approx(forward, rel=1e-14)
    assert grads(f, h, g, e, d) == pytest.approx((1, -0.534447, -0.534447, -0.196612, 0.196612), abs=5e-7)
    expected = (-0.19661193324148185, -0.3932238664829637, 0.19661193324148185, 0.3932238664829637, -0.5898357997244456)
    assert grads(*w, *x) == pytest.approx(expected, rel=1e-14)
    f.zero_grad()
    sigmoid(dot(w[:2], x, w[2])).backward()  # the same neuron as two gates
    assert grads(*w, *x) == pytest.approx(expected, rel=1e-14)


def test_staged_computation():
    x, y = Value(3), Value(-4)
    num = x + sigmoid(y)
    sigx, xpysqr = sigmoid(x), (x + y) ** 2
    den = sigx + xpysqr
    invden = 1.0 / den
    f = num * invden
    f.backward()
    expected = (1.5456448841066441, 2.0595697955721649, 1.5922327514838093)
    assert (f.data, *grads(x, y)) == pytest.approx(expected, rel=1e-14)
    middle = (0.51214445, 3.01798621, -0.79159345, -0.79159345, -0.79159345)
    assert grads(num, invden, den, sigx, xpysqr) == pytest.approx(middle, abs=5e-9)


def test_patterns():
    x, y, z, w = Value(3), Value(-4), Value(2), Value(-1)
    f = 2 * (x * y + maximum(z, w))
    f.backward()
    assert (f.data, *grads(x, y, z, w)) == (-20.0, -8.0, 6.0, 2.0, 0.0)


def test_matrix_example():
    x = [Value(v) for v in (2, 1, -3)]
    rows = [[Value(v) for v in row] for row in ((1, 3, 2, 0), (2, -1, 1, 2), (3, 0, 1, 4))]
    y = [dot(x, column) for column in zip(*rows)]
    s = [sigmoid(v) for v in y]
    upstream = (4, 1, 2, -1)
    for root, up in zip(s, upstream):
        root.backward(up)
    assert [v.data for v in y] == [-5, 5, 2, -10]
    assert [f"{v:.2f}" for v in s] == ["0.01", "0.99", "0.88", "0.00"]
    dy = [up * v.data * (1 - v.data) for up, v in zip(upstream, s)]
    assert grads(*y) == pytest.approx(dy, rel=1e-12)
    assert grads(*y) == pytest.approx([0.028, 0.01, 0.22, 0], abs=0.015)  # the slide, which rounds on its way
    assert grads(*x) == pytest.approx([0.50, 0.27, 0.30], abs=0.04)
    assert grads(*x) == pytest.approx([sum(d * w.data for d, w in zip(dy, row)) for row in rows], rel=1e-12)
    for v, row in zip(x, rows):
        assert grads(*row) == pytest.approx([v.data * d for d in dy], rel=1e-12)


@pytest.mark.parametrize(("bias", "table"), [(-30, [0, 0, 0, 1]), (-10, [0, 1, 1, 1])])
def test_logic_neurons(bias, table):
    out = [sigmoid(20 * Value(a) + 20 * Value(b) + bias).data for a in (0, 1) for b in (0, 1)]
    assert out == pytest.approx(table, abs=1e-4)


# ---- what becomes a Value ----

ACCEPTED = [2, 2.0, -0.0, 2**53 + 1, fractions.Fraction(1, 3), decimal.Decimal("0.1"), type("Mine", (float,), {})(2.5)]


@pytest.mark.parametrize("x", ACCEPTED, ids=repr)
def test_numbers_become_floats(x):
    a = Value(1.0)
    a.data = x
    for made in (Value(x).data, a.data, (Value(1) * x).data, (x * Value(1)).data, maximum(x, Value(-9)).data):
        assert type(made) is float and made == float(x)


class Exact:
    """Half, as SymPy has it: an operator takes the float of the other side, unless that has a higher priority."""

    _op_priority = 10.0

    def __float__(self):
        return 0.5

    def meet(self, other):
        return NotImplemented if getattr(other, "_op_priority", 0.0) > self._op_priority else float(other.data)

    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = meet


def halves():
    """A half of SymPy's kind, and SymPy's own where it is installed."""
    yield Exact()
    if importlib.util.find_spec("sympy"):
        from sympy import Float, Rational

        yield from (Rational(1, 2), Float(0.5))


@every_operator
def test_exact_numbers_on_the_left_are_parameters_like_others(name):
    for half in halves():
        x = Value(3.0)
        z, expected = BINARY[name](half, x), BINARY[name](0.5, x)
        assert (z.gate, z.parents, z.numbers) == (expected.gate, (x,), expected.numbers)


def test_a_symbol_is_no_number():
    class Symbol(Exact):
        def __float__(self):
            raise TypeError("Cannot convert expression to float")

    for operate in (lambda: Symbol() * Value(1.0), lambda: Value(1.0) * Symbol()):
        with pytest.raises(TypeError, match="^expected one real number, not Symbol .*: Cannot convert expression to"):
            operate()


REFUSED = [
    (True, "bool True: a truth value is no number here; write 1.0 or 0.0"),
    (False, "bool False"),
    ("2", r"str '2': text is no number; write float\('2'\)"),
    ("x" * 100, r"str 'x+\.\.\.: text"),
    (b"2", "bytes b'2': text"),
    (None, "NoneType None: did a function forget its return?"),
    (1j, r"complex 1j: gates are real; take its \.real or its \.imag"),
    ([1.0], r"list \[1.0\]: a value holds one number; make one for each, as in \[Value\(v\) for v in values\]"),
    ((1.0, 2.0), "tuple .*: a value holds one number"),
    ({1.0}, "set .*: a value holds one number"),
    (object(), "object .*: gates take ints, floats and Values"),
]
every_refused = pytest.mark.parametrize(("x", "message"), REFUSED, ids=lambda x: repr(x)[:12])


@every_refused
def test_what_is_no_number_is_refused_where_a_value_is_made(x, message):
    a = Value(3.0)
    for make in (
        lambda: Value(x),
        lambda: Value(1.0, grad=x),
        lambda: setattr(a, "data", x),
        lambda: a.backward(x),
    ):
        with pytest.raises(TypeError, match=message):
            make()
    assert (a.data, a.grad) == (3.0, 0.0)


@every_refused
def test_what_is_no_number_is_refused_as_an_operand(x, message):
    a = Value(3.0)
    for operate in BINARY.values():
        for left, right in ((a, x), (x, a)):
            with pytest.raises(TypeError, match=message):
                operate(left, right)
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        for left, right in ((a, x), (x, a)):
            with pytest.raises(TypeError, match=message):
                compare(left, right)


@every_refused
def test_what_is_no_number_is_refused_by_functions(x, message):
    a = Value(3.0)
    alone = [] if isinstance(x, (list, tuple, set)) else UNARY  # a list has a test of its own below
    calls = [partial(getattr(scalargrad, name), x) for name in alone]
    calls += [lambda: maximum(a, x), lambda: minimum(x, a), lambda: total([a, x]), lambda: dot([a], [x])]
    calls += [lambda: a.leaky_relu(x), lambda: a.elu(x)]
    for call in calls:
        with pytest.raises(TypeError, match=message):
            call()


@pytest.mark.parametrize("values", [[1.0, Value(2.0)], (Value(1.0),), {1.0}], ids=repr)
def test_a_function_of_one_value_says_how_to_take_it_of_each(values):
    own = gate(lambda v: v * v, name="own")
    for name, function in {name: getattr(scalargrad, name) for name in UNARY}.items() | {("own", own)}:
        with pytest.raises(TypeError, match=rf"^{name} takes .*: write \[{name}\(v\) for v in values\]"):
            function(values)
    for name in ("elu", "leaky_relu"):
        with pytest.raises(TypeError, match=rf": write \[{name}\(v, \.\.\.\) for v in values\]"):
            getattr(scalargrad, name)(values)


def test_a_value_of_a_value_is_refused():
    with pytest.raises(TypeError, match=r"not Value Value\(2.0\): it is a value of a graph already"):
        Value(Value(2))
    with pytest.raises(TypeError, match="it is a value of a graph already"):
        Value(1).backward(Value(2))


@pytest.mark.parametrize("label", [None, 3, b"x", Value(1)], ids=repr)
def test_a_label_is_text(label):
    with pytest.raises(TypeError, match="a label is text"):
        Value(1.0, label)


def test_too_large_an_int_is_an_overflow():
    for make in (lambda: Value(10**400), lambda: Value(1) + 10**400, lambda: 10**400 * Value(1)):
        with pytest.raises(OverflowError, match="too large for a float, which ends at 1.8e308: scale it down first"):
            make()


def test_a_value_has_slots_only():
    x = Value(1, "x", 2)
    assert (x.data, x.label, x.grad, x.parents, x.gate, x.inputs) == (1.0, "x", 2.0, (), None, ())
    assert not hasattr(x, "__dict__")
    with pytest.raises(AttributeError):
        x.value = 3


# ---- operators and functions ----


@every_operator
def test_operators_are_pythons_and_one_gate(name):
    for x, y in POINTS[name].ordinary + POINTS[name].far:
        truth = BINARY[name](x, y)
        for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
            z = BINARY[name](a, b)
            assert (z.data, z.gate, z.inputs) == (truth, GATES[name], (a, b))
            assert z.parents == tuple([v for v in (a, b) if isinstance(v, Value)])


@every_operator
def test_operators_take_ints_without_a_node(name):
    x = Value(3.0)
    assert BINARY[name](x, 2).inputs == (x, 2.0) and BINARY[name](2, x).inputs == (2.0, x)
    assert BINARY[name](x, 2).parents == BINARY[name](2, x).parents == (x,)


def test_signs_and_abs():
    x = Value(-3.0)
    assert +x is x
    assert (-x).data == abs(x).data == 3.0
    assert ((-x).gate, abs(x).gate) == (GATES["neg"], GATES["abs"])
    with pytest.raises(TypeError):
        pow(x, 2, 5)


@pytest.mark.parametrize("name", UNARY)
def test_functions_are_methods_too(name):
    function, method = getattr(scalargrad, name), getattr(Value, name)
    for (x,) in everywhere(name):
        plain, a = function(x), Value(x)
        assert type(plain) is float and type(function(1)) is float
        assert repr(function(a)) == repr(method(a)) == repr(Value(plain))
        assert function(a).gate is method(a).gate is GATES[name] and method(a).parents == (a,)


@pytest.mark.parametrize(("name", "default"), [("leaky_relu", 0.1), ("elu", 1.0)])
def test_functions_with_a_parameter(name, default):
    function, x = getattr(scalargrad, name), Value(-2.0)
    for z in (function(x), getattr(x, name)()):
        assert z.inputs == (x, default) and z.parents == (x,) and z.data == function(-2.0)
    assert getattr(x, name)(0.5).data == function(-2.0, 0.5) == function(x, 0.5).data
    slope = Value(0.5)  # a parameter may be learned: then it is a parent
    assert getattr(x, name)(slope).parents == (x, slope)


def test_functions_of_several():
    a, b = Value(2.0), Value(-1.0)
    inputs = (a, b, 0.5)
    for name, z, data in (
        ("maximum", maximum(*inputs), 2.0),
        ("minimum", minimum(*inputs), -1.0),
        ("total", total(inputs), 1.5),
    ):
        assert (z.gate, z.data, z.inputs, z.parents) == (GATES[name], data, inputs, (a, b))
    assert (maximum(1, 2), minimum(1, 2), total([1, 2]), dot([1], [2])) == (2.0, 1.0, 3.0, 2.0)
    assert maximum(a).data == minimum(a).data == total([a]).data == 2.0
    assert total(v for v in (a, b)).data == 1.0


def test_functions_of_none():
    assert (total([]), dot([], []), dot([], [], 3)) == (0.0, 0.0, 3.0)
    for function in (maximum, minimum):
        with pytest.raises(TypeError, match=f"{function.__name__} takes one value or more"):
            function()


def test_lists_and_single_values_are_not_mixed_up():
    a = Value(2.0)
    for call in (lambda: total(a), lambda: total(3.0), lambda: dot(a, [a]), lambda: dot([a], 2)):
        with pytest.raises(TypeError, match=r"takes a list of values, as in"):
            call()


def test_python_sum_begins_with_no_gate_of_its_own():
    a, b, minus_zero = Value(1.0), Value(2.0), Value(-0.0)
    s = sum([a, b])
    s.backward()
    assert s.parents == (a, b) and s.data == 3.0 and grads(a, b) == (1.0, 1.0)
    assert sum([a]) is a and 0 + b is b and str((0 + minus_zero).data) == "-0.0"
    assert (0.0 + a).inputs == (0.0, a) and (a + 0).inputs == (a, 0.0) and (0 - a).inputs == (0.0, a)
    with pytest.raises(TypeError, match="False"):
        False + a


def test_sums_agree_with_the_loop_to_the_last_bit():
    ws, xs, bias = [0.1 * i for i in range(1, 20)], [1.0 / i for i in range(1, 20)], 1e-3
    z = ws[0] * xs[0]
    for w, x in zip(ws[1:], xs[1:]):
        z = z + w * x
    assert dot(ws, xs) == dot(map(Value, ws), xs).data == dot(ws, [*map(Value, xs)]).data == z
    assert dot(ws, xs, bias) == dot(ws, map(Value, xs), bias).data == dot(ws, xs, Value(bias)).data == z + bias
    s = ws[0]
    for w in ws[1:]:
        s = s + w
    assert total(ws) == total(map(Value, ws)).data == s


def test_dots_are_the_dot_of_every_row():
    numbers, values = [0.5, -2.0, 3.0], [Value(-1.5), Value(0.1), Value(7.0)]
    rows = [[Value(x) for x in (1.0, 2.0, 3.0)], [Value(-1.0), 2.0, Value(0.3)], [0.1, 0.2, 0.3]]
    for xs in (numbers, values, [0.5, values[1], 3.0], [1, 2, 3], tuple(values), tuple(numbers)):
        for biases in ([Value(0.5), Value(1.0), Value(2.0)], [Value(0.5), 1.0, 2]):
            one_by_one = [dot(row, xs, b) for row, b in zip(rows, biases)]
            for z, same in zip(dots(rows, xs, biases), one_by_one, strict=True):
                assert type(z) is type(same) and plain(z) == plain(same)
                if isinstance(z, Value):
                    assert (z.form, z.parents, z.numbers) == (same.form, same.parents, same.numbers)
    with pytest.raises(ValueError, match="3 weights and 2 inputs"):
        dots(rows, numbers[:2], [0.0] * 3)
    with pytest.raises(TypeError, match="text is no number"):
        dots(rows, ["1", "2", "3"], [0.0] * 3)


@pytest.mark.parametrize("n", range(5))
def test_dot_of_values_is_the_gate_of_the_table_to_the_last_bit(n):
    for numbers in itertools.product((0.0, -0.0, 1e308, -math.inf, math.nan, 0.1), repeat=2):
        ws, xs = [Value(x) for x in (*numbers, 0.3, -0.7)][:n], [Value(x) for x in (*numbers[::-1], -0.0, 1e-320)][:n]
        z, same = dot(ws, xs), GATES["dot"].of((*ws, *xs)) if n else 0.0
        assert repr(plain(z)) == repr(plain(same))
        if n:
            assert (z.form, z.parents, repr(z.numbers)) == (same.form, same.parents, repr(same.numbers))


def test_dot_in_every_form():
    for parts in range(1, 8):
        w = [Value(v) if parts & 1 else v for v in (2.0, -3.0)]
        x = [Value(v) if parts & 2 else v for v in (-1.0, -2.0)]
        b = Value(-3.0) if parts & 4 else -3.0
        z = dot(w, x, b)
        z.backward()
        assert z.data == 1.0 and z.inputs == (*w, *x, b)
        for values, expected in ((w, [-1.0, -2.0]), (x, [2.0, -3.0]), ([b], [1.0])):
            assert [v.grad for v in values if isinstance(v, Value)] in ([], expected)
    with pytest.raises(ValueError, match="dot: 2 weights and 3 inputs"):
        dot([1.0, Value(2)], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("operate", [operator.floordiv, operator.mod, divmod])
def test_quotients_are_refused_with_a_hint(operate):
    for a, b in ((Value(7), 2), (7, Value(2)), (Value(7), Value(2))):
        with pytest.raises(TypeError, match="no gradient passes them.*Use /"):
            operate(a, b)


def test_what_is_no_gate_is_refused_with_a_hint():
    x = Value(2.0)
    for power in (lambda: x ^ 2, lambda: 2 ^ x, lambda: x ^ x):
        with pytest.raises(TypeError, match=r"write x \*\* 2"):
            power()
    for digits in ((), (1,)):
        with pytest.raises(TypeError, match=r'write f"\{x:.2f\}"'):
            round(x, *digits)


def test_the_largest_of_a_list_is_asked_for_with_a_star():
    for function in (maximum, minimum):
        for values in ([Value(1.0), 2.0], (1.0, 2.0), []):
            with pytest.raises(TypeError, match=rf"not a (list|tuple) of them: write {function.__name__}\(\*values\)"):
                function(values)


def test_nothing_is_edited_in_place():
    x = first = Value(1.0)
    x += 1
    x *= 3
    assert (first.data, x.data) == (1.0, 6.0) and x.parents[0].parents == (first,)
    assert not any(hasattr(Value, f"__i{name}__") for name in ("add", "sub", "mul", "truediv", "pow"))


def test_detach_cuts():
    x = Value(3.0, "x")
    y = x * x.detach()
    y.backward()
    assert x.grad == 3.0 and x.detach().label == "x" and (x * x).detach().parents == ()


# ---- a value among Python's numbers ----


def test_equality_and_hash_are_identity():
    a, b = Value(2.0), Value(2.0)
    assert a == a and a != b
    with pytest.warns(UserWarning, match="a.data == 2.0"):
        assert a != 2.0 and not a == 2.0
    assert len({a, b, a}) == 2 and {a: 1}[a] == 1


def test_ordering_compares_data():
    for x in (1.0, 2.0, nan):
        for y in (1.0, 2.0, nan):
            for compare in (operator.lt, operator.le, operator.gt, operator.ge):
                for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
                    assert compare(a, b) is compare(x, y)
    assert max(Value(1.0), Value(3.0), Value(2.0)).data == 3.0


def test_truth_is_refused_with_a_hint():
    for x in (Value(0.0), Value(1.0)):
        with pytest.raises(TypeError, match="neither true nor false: write a comparison"):
            bool(x)
        with pytest.raises(TypeError, match="neither true nor false"):
            _ = 1 if x else 2


def test_as_a_float():
    x = Value(1.25)
    with pytest.warns(CircuitCut):
        assert type(float(x)) is float and float(x) == 1.25
    with pytest.warns(CircuitCut):
        assert type(math.exp(x)) is float and math.exp(x) == math.exp(1.25)
    assert (f"{x:.1f}", f"{x:>6}", f"{x}", str(x)) == ("1.2", "  1.25", "Value(1.25)", repr(x))
    with pytest.raises(TypeError):
        [0, 1][x]


LABELS = ["", "x", "it's", '"', "'\"", "a\nb", "\\", "<b>{|}", "Größe", "名", "\0", "x" * 100]


@pytest.mark.parametrize("label", LABELS, ids=range(len(LABELS)))
def test_repr_can_be_typed_back(label):
    for data in (-12.0, -0.0, 0.1, 1e300, 5e-324, nan, inf, -inf):
        for grad in (0.0, 1.0, nan, -inf):
            text = repr(Value(data, label, grad))
            again = eval(text, {"Value": Value})
            assert "\n" not in text and repr(again) == text and again.label == label


def test_repr_leaves_defaults_out():
    assert repr(Value(-12, "f", 1)) == "Value(-12.0, grad=1.0, label='f')"
    assert repr(Value(2)) == "Value(2.0)"
    assert repr(Value(nan, "x", inf)) == "Value(float('nan'), grad=float('inf'), label='x')"
    assert not any(name.startswith("_repr_") for name in dir(Value))


def test_every_method_is_described():
    for name, member in inspect.getmembers(Value):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), name


# ---- backward ----


@pytest.mark.parametrize("upstream", [1.0, -2.5, 0.0, 3])
def test_a_leaf_as_root_gets_its_upstream(upstream):
    x = Value(7.0)
    x.backward(upstream)
    x.backward(upstream)
    assert x.grad == 2 * upstream and x.local_gradients() == ()


def test_upstream_scales_everything():
    x, y, z, q, f = circuit()
    f.backward(upstream=-2)
    assert grads(f, q, x, y, z) == (-2.0, 8.0, 8.0, 8.0, -6.0)


def test_inner_nodes_show_one_call_and_leaves_add_up():
    x, y, z, q, f = circuit()
    f.backward()
    f.backward()
    assert grads(f, q) == (1.0, -4.0) and grads(x, y, z) == (-8.0, -8.0, 6.0)
    f.zero_grad()
    assert grads(f, q, x, y, z) == (0.0,) * 5
    q.backward()
    assert grads(f, q, x, y, z) == (0.0, 1.0, 1.0, 1.0, 0.0)


def test_a_leaf_keeps_what_it_was_given():
    x = Value(3.0, grad=10.0)
    (x * x).backward()
    assert x.grad == 16.0


def test_gradients_add_up_at_forks():
    x = Value(3.0)
    (x * x + x).backward()
    assert x.grad == 7.0
    a = Value(1.0)
    b = a + a
    (b + b).backward()
    assert (a.grad, b.grad) == (4.0, 2.0)


def test_gradients_add_up_in_the_one_order():
    """From the last gate to the first: -1e16 + 1e16 + 1, not 1 + 1e16 - 1e16."""
    x = Value(1.0)
    total([1.0 * x, 1e16 * x, -1e16 * x]).backward()
    assert x.grad == 1.0


def test_local_gradients_align_with_parents():
    x, y, *_, f = circuit()
    assert f.local_gradients() == (-4.0, 3.0) and f.gate.symbol == "*"
    square = x * x
    assert square.parents == (x, x) and square.local_gradients() == (-2.0, -2.0)
    assert (y - x).parents == (y, x) and (y - x).local_gradients() == (1.0, -1.0)


@pytest.mark.parametrize(
    ("fails", "kind", "message"),
    [
        (lambda x, zero: x / zero, ZeroDivisionError, "^div: inputs x = 3.0, zero = 0.0 divide by zero: "),
        (lambda x, zero: 1 / zero, ZeroDivisionError, "^div: inputs x = 1.0, zero = 0.0 divide by zero: "),
        (lambda x, zero: zero**-1, ZeroDivisionError, "^pow: inputs zero = 0.0, y = -1.0 have no finite real power: "),
        (lambda x, zero: (-x) ** 0.5, ValueError, "^pow: inputs x = -3.0, y = 0.5 have no finite real power: "),
        (lambda x, zero: zero.log(), ValueError, "^log: input zero = 0.0 is not positive: "),
        (lambda x, zero: (-x).sqrt(), ValueError, "^sqrt: input x = -3.0 is negative: "),
        (
            lambda x, zero: exp(x * 1000),
            OverflowError,
            "^exp: input x = 3000.0 cannot give a result that fits a float: ",
        ),
        (lambda x, zero: (x * 1e200) ** 2, OverflowError, r"^pow: inputs x = 3e\+200, y = 2.0 cannot give a result"),
        (lambda x, zero: (x * inf).sin(), ValueError, "^sin: input x = inf is infinite: "),
        (lambda x, zero: x // 2, TypeError, "//"),
        (lambda x, zero: x + "2", TypeError, "text is no number"),
        (lambda x, zero: dot([x], []), ValueError, "1 weight and 0 inputs"),
    ],
)
def test_a_failed_operation_says_why_and_records_nothing(fails, kind, message):
    x, zero = Value(3.0, "x", grad=5.0), Value(0.0, "zero")
    f = x * x + zero
    f.backward()
    before = state(f)
    with pytest.raises(kind, match=message):
        fails(x, zero)
    assert state(f) == before


@pytest.mark.parametrize(
    ("upstream", "kind", "message"),
    [
        (1.0, ZeroDivisionError, "^sqrt: input dist = 0.0 cannot .*write abs"),
        ("2", TypeError, "text is no number"),
        (None, TypeError, "forget its return"),
    ],
)
def test_a_failed_backward_leaves_the_leaves_as_they_were(upstream, kind, message):
    x, y = Value(0.0, "dist", grad=0.25), Value(4.0, grad=-1.0)
    q = x.sqrt() * y
    f = q + y * y
    with pytest.raises(kind, match=message):
        f.backward(upstream)
    assert grads(x, y) == (0.25, -1.0) and grads(f, q) == (0.0, 0.0)
    y.backward()
    assert y.grad == 0.0


def test_an_interrupted_backward_leaves_the_leaves_as_they_were():
    x = Value(2.0, grad=1.5)
    y = exp(x)
    f = y * x
    f.backward()
    before = x.grad
    y.form = type(y.form)(y.gate, None, interrupt)
    with pytest.raises(KeyboardInterrupt):
        f.backward()
    assert x.grad == before and grads(f, y) == (0.0, 0.0)


def interrupt(*numbers):
    raise KeyboardInterrupt


# ---- what runs fast, and what says what it does ----

METHODS = {name: x for name, x in vars(Value).items() if hasattr(x, "__wrapped__")}


def outcome(function, *arguments):
    """What a method makes of its arguments, down to the last bit; or its error."""
    try:
        z = function(*arguments)
    except (ArithmeticError, ValueError, TypeError) as error:
        return type(error), str(error)
    return repr(z), z.gate, z.parents, z.inputs, z.form.moving, [repr(x) for x in z.numbers], z.grad, z.label


def test_which_methods_are_replaced_by_fast_ones():
    operators = {f"__{side}{name}__" for name in ("add", "sub", "mul", "truediv", "pow") for side in ("", "r")}
    assert set(METHODS) == {*operators, "__neg__", "__abs__", *UNARY, "backward"}


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"backward"}))
def test_a_fast_method_is_its_body_to_the_last_bit(name):
    fast, body = METHODS[name], METHODS[name].__wrapped__
    numbers = [-math.inf, -710.0, -2.5, -1.0, -0.0, 0.0, 0, 1e-300, 0.5, 2, 3.0, 710.0, 1e200, math.inf, nan]
    others = [*numbers, Value(-2.0, "y"), Value(0.0), Value(0.5), True, "2", None, [1.0], 1j]
    arguments = [()] if len(inspect.signature(fast).parameters) == 1 else [(other,) for other in others]
    if name.startswith("__r"):
        arguments = [given for given in arguments if not isinstance(given[0], Value)]  # Python never asks for it
    for x in (Value(number, "x") for number in numbers):
        for given_ in arguments:
            assert outcome(fast, x, *given_) == outcome(body, x, *given_), (x, given_)


@given(recipes())
@settings(max_examples=200)
def test_backward_is_its_body_to_the_last_bit(recipe):
    def after(backward, upstream):
        values = recipe.run([Value(x, grad=i * 0.1) for i, x in enumerate(recipe.leaves)], GATES.get)
        for root in (values[-1], values[len(values) // 2], values[-1]):
            try:
                backward(root, upstream)
            except (ArithmeticError, ValueError) as error:
                return type(error), str(error)
        return [str(value.grad + 0.0) for value in values]

    for upstream in (1.0, -0.3):
        assert after(Value.backward, upstream) == after(Value.backward.__wrapped__, upstream)


class Interrupt:
    """An error, by default Ctrl-C, at the n-th line that runs in a function, or in what it calls within its file."""

    def __init__(self, n, function=send_back, error=KeyboardInterrupt):
        self.left, self.filename, self.error = n, function.__code__.co_filename, error

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != self.filename:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise self.error
        return self

    def during(self, call, *arguments):
        before = sys.gettrace()
        sys.settrace(self)
        try:
            call(*arguments)
        finally:
            sys.settrace(before)


class Interrupted:
    """A graph with forks and gates of many inputs, whose leaves hold what one backward pass left there."""

    def __init__(self):
        x, y, w = self.leaves = Value(2.0, grad=1.5), Value(-3.0), Value(0.5, grad=-1.0)
        q = exp(x) * y
        self.f = (dot([w, x, q], [x, y, 2.0], w) + q) * 2.0 - w
        self.inner = [node for node in topological_order([self.f]) if node.gate]
        self.f.backward()
        self.before = grads(*self.leaves)
        self.after = [2.0 * now - held for now, held in zip(self.before, (1.5, 0.0, -1.0))]

    def backward(self, interrupt):
        """Whether an error came; then nothing must have happened."""
        for leaf, grad in zip(self.leaves, self.before):
            leaf.grad = grad
        shown = grads(*self.inner)
        try:
            interrupt.during(self.f.backward)
        except interrupt.error:
            assert grads(*self.leaves) == self.before
            assert grads(*self.inner) == shown or self.f.grad == 0.0
            return True
        assert interrupt.left > 0 and grads(*self.leaves) == pytest.approx(self.after, rel=1e-15)
        return False


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_backward_can_be_interrupted_at_every_line(error):
    graph = Interrupted()
    lines = next(n for n in range(1, 1000) if not graph.backward(Interrupt(n, error=error)))
    assert lines > 50


def test_ctrl_c_again_while_it_puts_back_what_leaves_held(monkeypatch):
    graph, put_back, again, twice = Interrupted(), sending.put_back, [], 0

    def interrupted_once(*arguments):
        if again:
            Interrupt(again.pop(), put_back).during(put_back, *arguments)
        else:
            put_back(*arguments)

    monkeypatch.setattr(sending, "put_back", interrupted_once)
    for first, second in itertools.product(range(1, 120, 7), range(1, 40)):
        again[:] = [second]
        twice += graph.backward(Interrupt(first)) and not again
    assert twice > 300


def test_memory_that_runs_out_leaves_leaves_as_they_were():
    """In a process of its own, whose memory is limited to what it has and a little more."""
    pytest.importorskip("resource", reason="memory cannot be limited here")
    text = """
import resource, scalargrad
held = scalargrad.Value(2.0, grad=7.0)
f = held
for _ in range(100_000):
    f = f * 1.0 + held
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + {more}, resource.RLIM_INFINITY))
try:
    f.backward()
    print("done", held.grad)
except MemoryError:
    print("out of memory", held.grad, f.grad == 0.0)
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("what a process has cannot be read here")
    outcomes = set()
    for more in (0, 1 << 18, 1 << 20, 1 << 30):
        told = subprocess.run([sys.executable, "-c", text.format(more=more)], capture_output=True, text=True)
        outcomes.add(told.stdout.strip())
    assert outcomes == {"out of memory 7.0 True", "done 100008.0"}


def test_marks_that_a_walk_left_behind_do_not_mislead_the_next():
    """Ctrl-C twice can stop the tidying up as well."""
    x = Value(2.0)
    f = exp(x) * x + x
    for n in range(1, 30):
        with contextlib.suppress(KeyboardInterrupt):
            Interrupt(n).during(sending.start_at_zero, f, [], {})
        x.grad = 0.0
        f.backward()
        assert x.grad == pytest.approx(3.0 * math.exp(2.0) + 1.0, rel=1e-15)


def test_a_new_number_for_an_inner_node_is_not_a_part_of_its_gate():
    x = Value(1.0)
    for y in (exp(x), x.sigmoid(), x / 2.0, 2.0 / x, x / (x + 1.0), dot([x], [x], x)):
        numbers, slopes, parents, inputs = y.numbers, y.local_gradients(), y.parents, y.inputs
        y.data = 7.0
        assert (y.data, y.numbers, y.parents, y.inputs) == (7.0, numbers, parents, inputs)
        assert y.local_gradients() == slopes
        with pytest.raises(TypeError):
            y.data = "8"
        assert y.data == 7.0


def test_where_no_gradient_arrives_none_goes_on_unless_a_number_is_infinite():
    x, w = Value(3.0), Value(2.0)
    for many in (dot([w, w], [x, x], w), total([w, x, w, x])):
        f = many * 0.0 + x
        f.backward()
        assert (many.grad, w.grad) == (0.0, 0.0)
        w.grad = 0.0
    endless = dot([w, w], [Value(inf), x], w)
    (endless * 0.0).backward()
    assert math.isnan(w.grad)  # 0 * inf, as in all of IEEE's arithmetic


@given(recipes())
@settings(max_examples=150)
def test_random_expressions_against_mpmath(recipe):
    leaves = [Value(x) for x in recipe.leaves]
    values = recipe.run(leaves, GATES.get)
    root = values[-1]
    root.backward()
    scale = max(1.0, *[abs(node.grad) for node in topological_order([root])])
    with mpmath.workdps(60):
        exact = [mpmath.mpf(x) for x in recipe.leaves]

        def output(xs):
            return recipe.run(xs, lambda name: POINTS[name].exact)[-1]

        assert abs(root.data - output(exact)) <= 1e-9 * max(1.0, abs(root.data))
        for i, leaf in enumerate(leaves):
            truth = mpmath.diff(lambda x, i=i: output([*exact[:i], x, *exact[i + 1 :]]), exact[i])
            assert abs(leaf.grad - truth) <= 1e-9 * scale


@given(recipes())
@settings(max_examples=100)
def test_random_expressions_promise_the_same(recipe):
    """Twice is exactly double, upstream 2 too, and a shared part counts once for each root."""
    leaves = [Value(x) for x in recipe.leaves]
    values = recipe.run(leaves, GATES.get)
    root = values[-1]
    root.backward()
    once, inner = grads(*leaves), grads(*values[len(leaves) :])
    root.backward()
    assert grads(*leaves) == tuple([2 * g for g in once])
    assert grads(*values[len(leaves) :]) == inner
    root.zero_grad()
    root.backward(2.0)
    assert grads(*leaves) == tuple([2 * g for g in once])
    root.zero_grad()
    (3 * root).backward()
    (5 * root).backward()
    assert grads(*leaves) == pytest.approx([8 * g for g in once], rel=1e-12)


# ---- graphs as things in memory ----


def garbage_of(make):
    """How many objects only the collector could free after `make()` ran and its result was dropped."""
    gc.disable()
    gc.freeze()  # all that the other tests have left lying about is none of its business, and takes its time
    try:
        make()
        return gc.collect()
    finally:
        gc.unfreeze()
        gc.enable()


def test_the_garbage_count_sees_a_cycle():
    def make():
        x = Value(1.0)
        x._parents = (x,)

    assert garbage_of(make) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", GATES)
def test_a_dropped_graph_is_freed_at_once(name):
    def make():
        for point in everywhere(name):
            z = GATES[name](*map(Value, point))
            (z * 2 + z).backward()
            repr(z)

    make()
    assert garbage_of(make) == 0


def test_a_failed_graph_is_freed_at_once():
    def make():
        x = Value(0.0)
        try:
            (x.sqrt() * x).backward()
        except ZeroDivisionError:
            pass

    make()
    assert garbage_of(make) == 0


@pytest.mark.slow
def test_a_million_gates():
    x = Value(1.0)
    y = x
    for i in range(500_000):
        y = -(y + 1.0) if i % 2 else (y + 1.0) * 1.0
    assert sys.getrecursionlimit() < 100_000
    y.backward()
    assert abs(x.grad) == 1.0 and y.grad == 1.0
    assert repr(y).startswith("Value(") and y > -inf
    y.zero_grad()
    assert x.grad == 0.0
    before = sys.getrefcount(x)
    del y  # frees a million nodes, one inside the other
    assert sys.getrefcount(x) == before - 1


def test_a_wide_gate():
    xs = [Value(1.0) for _ in range(100_000)]
    total(xs).backward()
    assert {x.grad for x in xs} == {1.0}


def test_two_threads_on_two_graphs():
    def train(seed, results):
        x = Value(seed)
        for _ in range(300):
            loss = (sigmoid(x * 2 + 1) - 0.3) ** 2 + maximum(x, 0.0) * dot([x, 0.5], [0.1, x])
            x.grad = 0.0
            loss.backward()
            x.data -= 0.1 * x.grad
        results[seed] = (x.data, x.grad, loss.data)

    alone, together = {}, {}
    seeds = (1.5, -0.5, 3.0)
    for seed in seeds:
        train(seed, alone)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=train, args=(seed, together)) for seed in seeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert together == alone
