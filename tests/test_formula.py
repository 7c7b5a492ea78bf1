"""Rules read on names: the spelling, evaluated as Python, is the rule on floats."""

import math
import operator

import pytest
from gate_points import HELPERS, WHOLE, everywhere
from hypothesis import assume, given, strategies as st

from scalargrad.formula import Formula, read_rule
from scalargrad.gate import Gate
from scalargrad.table import GATES

inf, nan = math.inf, math.nan
every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=list(GATES))


def evaluated(text, numbers):
    """`text` as Python on plain floats, with the gates as its functions."""
    return float(eval(text, {"__builtins__": {}, "inf": inf, **GATES, **numbers}))


def readable(gate):
    """The points at which the spelling says what the rule does: no text says nan, nor what helper gates settle at 0."""
    points = [point for point in everywhere(gate.name) if all(x == x for x in (*point, gate(*point)))]
    if gate.name == "exponent_slope":
        points = [point for point in points if point[-1] >= 0.0]
    base = {"pow": 0, "power_slope": 1, "exponent_slope": 1}.get(gate.name)
    return points if base is None else [point for point in points if point[base] > 0.0]


def named(gate, point):
    """The output and inputs of a gate as names, and {name: number} of what they stand for."""
    names = ["z", *gate.input_names(len(point))]
    point = tuple([int(x) if place in WHOLE.get(gate.name, ()) else x for place, x in enumerate(point)])
    return [Formula(name) for name in names], dict(zip(names, (gate(*point), *point)))


# ---- the whole table ----


@every_gate
def test_rule_on_names_evaluated_is_the_rule_on_floats(gate):
    assert readable(gate)
    for point in readable(gate):
        names, numbers = named(gate, point)
        on_names = read_rule(gate.form(None), names[0], tuple(names[1:]))
        on_floats = gate.form(None).rule(*numbers.values())
        assert tuple([evaluated(Formula.of(slope).text, numbers) for slope in on_names]) == on_floats, point


@every_gate
def test_rule_on_names_and_plain_numbers_is_the_rule_on_floats(gate):
    for point in readable(gate):
        names, numbers = named(gate, point)
        slopes = gate.form(None).rule(*numbers.values())
        for i, slope in enumerate(slopes):
            inputs = (*point[:i], names[i + 1], *point[i + 1 :])
            (on_name,) = read_rule(gate.form((i,)), names[0], inputs)
            assert evaluated(Formula.of(on_name).text, numbers) == slope, (point, on_name)


@pytest.mark.parametrize("name", sorted(GATES.keys() - HELPERS))
def test_gate_on_names_evaluated_is_its_output(name):
    for point in readable(GATES[name]):
        names, numbers = named(GATES[name], point)
        assert evaluated(Formula.of(GATES[name](*names[1:])).text, numbers) == numbers["z"], point


def test_evaluated_sees_a_wrong_spelling():
    assert evaluated("z * (1 - z)", {"z": 0.25}) == 0.1875 != evaluated("z * 1 - z", {"z": 0.25})


# ---- what a reader sees ----

x, y, z = map(Formula, "xyz")
SPELLINGS = {
    "y": lambda: GATES["mul"].rule(z, x, y)[0],
    "-z / y": lambda: GATES["div"].rule(z, x, y)[1],
    "z * (1 - z)": lambda: GATES["sigmoid"].rule(z, x)[0],
    "1 - z * z": lambda: GATES["tanh"].rule(z, x)[0],
    "-sin(x)": lambda: GATES["cos"].rule(z, x)[0],
    "(x > 0)": lambda: GATES["relu"].rule(z, x)[0],
    "3 * x ** 2": lambda: GATES["pow"].form((0,)).rule(z, x, 3.0)[0],
    "2 * x": lambda: GATES["pow"].form((0,)).rule(z, x, 2.0)[0],
    "1": lambda: GATES["pow"].form((0,)).rule(z, x, 1.0)[0],
    "0": lambda: GATES["pow"].form((0,)).rule(z, x, 0.0)[0],
    "0.5 * x ** -0.5": lambda: GATES["pow"].form((0,)).rule(z, x, 0.5)[0],
    "2 ** x * log(2)": lambda: GATES["pow"].form((1,)).rule(z, 2.0, x)[0],
    "x + y + z": lambda: GATES["total"](x, y, z),
    "x * y + z": lambda: GATES["dot"](x, y, z),
    "maximum(x, 0)": lambda: GATES["maximum"](x, 0.0),
    "1 / (1 + exp(-x))": lambda: GATES["sigmoid"].expansion(x),
    "x - (y - z)": lambda: x - (y - z),
    "x - y - z": lambda: x - y - z,
    "x + (y + z)": lambda: x + (y + z),
    "x * (y * z)": lambda: x * (y * z),
    "x / (y / z)": lambda: x / (y / z),
    "(x + y) * z": lambda: (x + y) * z,
    "x + y * z": lambda: x + y * z,
    "-x ** 2": lambda: -(x**2),
    "(-x) ** 2": lambda: (-x) ** 2,
    "(-2) ** x": lambda: (-2) ** x,
    "x ** -2": lambda: x**-2,
    "(x ** y) ** z": lambda: (x**y) ** z,
    "x ** y ** z": lambda: x ** (y**z),
    "-(x * y)": lambda: -(x * y),
    "-(-x)": lambda: GATES["neg"](-x),
    "x * -2": lambda: x * -2,
    "1e-06 + x": lambda: 1e-6 + x,
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_spelling(text):
    assert Formula.of(SPELLINGS[text]()).text == text


NAMES = {"a": 1.7, "b": -0.6, "c": 3.0}
NUMBERS = [2.0, -2.0, 0.5, -1.0, 1e-6, 1e20, 3.0]
SIGNS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


def trees():
    """Random expressions, as nested tuples of an operator and its operands."""
    leaves = st.sampled_from([*NAMES, *NUMBERS])
    return st.recursive(
        leaves,
        lambda part: st.tuples(st.sampled_from(SIGNS), part, part) | st.tuples(st.just(operator.neg), part),
        max_leaves=12,
    )


def computed(tree, leaf):
    if isinstance(tree, tuple):
        return tree[0](*[computed(part, leaf) for part in tree[1:]])
    return leaf(tree)


@given(trees())
def test_parentheses_are_those_that_python_needs(tree):
    try:
        number = computed(tree, lambda x: NAMES.get(x, x))
    except ArithmeticError:
        number = nan
    assume(number == number and not isinstance(number, complex))
    text = computed(tree, lambda x: Formula(x) if x in NAMES else Formula.of(x)).text
    assert evaluated(text, NAMES) == number


# ---- what a name refuses ----


@pytest.mark.parametrize(
    "question", [bool, lambda x: x > 0, lambda x: 0 <= x, lambda x: x < x, lambda x: 1 if x else 0]
)
def test_a_name_is_neither_true_nor_false(question):
    with pytest.raises(TypeError, match="must not branch"):
        question(x)


@pytest.mark.parametrize("rule", [lambda z, x: (1.0 if x > 0 else 0.0,), lambda z, x: (math.exp(x),)])
def test_a_rule_for_floats_alone_is_named(rule):
    crooked = Gate(abs, rule, name="crooked")
    with pytest.raises(TypeError, match="^crooked: its rule cannot be read as a .*without `if` and without math"):
        read_rule(crooked.form(None), z, (x,))


def test_a_text_is_shown_bare():
    assert repr(x + 1) == "x + 1"
