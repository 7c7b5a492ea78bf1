"""Gates of your own, both ways, everywhere that the gates of the table go; and graphs with their gates taken apart."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import mpmath
import pytest
from gate_points import POINTS

from scalargrad import (
    Value,
    backprop_code,
    check_gradients,
    dot,
    draw,
    exp,
    expand,
    gate,
    gradient,
    hessian,
    jacobian,
    latex,
    load_graph,
    log,
    maximum,
    relu,
    save_graph,
    sigmoid,
    sqrt,
    steps,
    tanh,
    total,
    tree,
)
from scalargrad.composite import check_unchanged, substituted, taken_apart
from scalargrad.formula import OPERATORS, Formula
from scalargrad.gate import CONSTANT, Gate
from scalargrad.graph import topological_order
from scalargrad.table import GATES, step
from scalargrad.value import constant

nan = math.nan


# ---- gates of one's own, made in all the ways there are ----


@gate
def swish(x):
    return x * x.sigmoid()


@gate(symbol="mix", pattern="distributes")
def blend(x, y, share):
    return x * share + y * (1.0 - share)


@gate
def bent(x):
    return 2.0 * x if x > 0 else 0.1 * x


@gate()
def swish_of_blend(x, y):
    return swish(blend(x, swish(y), 0.3))


@gate
def norm(*xs):
    return sqrt(total([x * x for x in xs]))


@gate(rule=lambda z, x: (3.0 * x * x,), symbol="^3")
def cube(x):
    return x * x * x


@gate(rule=lambda z, x: (step(x, 0.0, 0.0) / (1.0 + abs(x)),), name="log_of_more")
def some_logarithm(x):
    return math.log1p(x) if x > 0.0 else 0.0


atan = gate(math.atan, rule=lambda z, x: (1.0 / (1.0 + x * x),), name="atan")


@gate(rule=lambda z, x, y: (x / z, y / z))
def hypot(x, y):
    return math.sqrt(x * x + y * y)


@gate(rule=lambda z, *xs: [2.0 * x for x in xs])
def squares(*xs):
    z = 0.0
    for x in xs:
        z += x * x if x else 0.0
    return z


def exact_swish(x):
    return x / (1 + mpmath.exp(-x))


# {gate: (its output, in the arithmetic of mpmath; a point)}
OWN = {
    swish: (exact_swish, (0.7,)),
    blend: (lambda x, y, share: x * share + y * (1 - share), (2.0, -3.0, 0.25)),
    bent: (lambda x: 2 * x if x > 0 else mpmath.mpf(0.1) * x, (-1.5,)),
    swish_of_blend: (
        lambda x, y: exact_swish(x * mpmath.mpf(0.3) + exact_swish(y) * (1 - mpmath.mpf(0.3))),
        (1.0, -2.0),
    ),
    norm: (lambda *xs: mpmath.sqrt(sum(x * x for x in xs)), (3.0, -4.0, 12.0)),
    cube: (lambda x: x**3, (-1.5,)),
    some_logarithm: (lambda x: mpmath.log1p(x) if x > 0 else mpmath.mpf(0), (0.8,)),
    atan: (mpmath.atan, (0.8,)),
    hypot: (lambda x, y: mpmath.sqrt(x * x + y * y), (3.0, -4.0)),
    squares: (lambda *xs: sum(x * x for x in xs), (1.0, -2.0, 0.5)),
}
COMPOSITES = [swish, blend, bent, swish_of_blend, norm]
every_own_gate = pytest.mark.parametrize("own", OWN, ids=lambda own: own.name)
every_composite = pytest.mark.parametrize("own", COMPOSITES, ids=lambda own: own.name)


def node(own, moving=None):
    """The leaves and the output of a gate at its point; numbers at the places that are not `moving` stay plain."""
    point = OWN[own][1]
    inputs = [Value(x, f"in{i}") if moving is None or i in moving else x for i, x in enumerate(point)]
    return [x for x in inputs if isinstance(x, Value)], own(*inputs)


def circuit(own):
    """The gate amid others, with a fork."""
    leaves, z = node(own)
    return leaves, (z * 2.0 + leaves[0]).tanh() - z


def exact(own, *places):
    """The derivative of its output by the inputs at these places, with 60 digits."""
    function, point = OWN[own]
    with mpmath.workdps(60):
        orders = tuple(places.count(i) for i in range(len(point)))
        return mpmath.diff(function, tuple(map(mpmath.mpf, point)), orders)


def close(x, truth):
    return abs(x - truth) <= 1e-12 * max(1.0, abs(truth))


def gates_of(*roots):
    return [node.gate.name for node in topological_order(roots) if node.gate]


# ---- they compute, and differentiate ----


@every_own_gate
def test_output_gradient_and_second_derivatives(own):
    leaves, z = node(own)
    function, point = OWN[own]
    assert close(z.data, function(*map(mpmath.mpf, point))) and z.gate is own
    slopes, matrix = jacobian([z], leaves)[0], hessian(z, leaves)
    for i in range(len(point)):
        assert close(slopes[i], exact(own, i)) and slopes[i] == z.local_gradients()[i]
        assert all(close(matrix[i][j], exact(own, i, j)) for j in range(len(point)))


@every_own_gate
def test_gradient_as_a_graph_equals_backward(own):
    leaves, root = circuit(own)
    slopes = gradient(root, leaves)
    root.backward()
    assert [g.data for g in slopes] == pytest.approx([x.grad for x in leaves], rel=1e-14)


@every_own_gate
def test_on_plain_numbers_it_computes(own):
    point = OWN[own][1]
    assert own(*point) == node(own)[1].data and type(own(*point)) is float


@every_own_gate
def test_any_input_may_be_a_plain_number(own):
    whole = node(own)[1].local_gradients()
    for count in range(1, len(whole)):
        for moving in itertools.combinations(range(len(whole)), count):
            leaves, z = node(own, moving)
            assert z.parents == tuple(leaves) and z.local_gradients() == tuple([whole[i] for i in moving])
            assert [g.data for g in gradient(z, leaves)] == pytest.approx([whole[i] for i in moving], rel=1e-14)


def test_names_symbols_and_patterns():
    assert [own.name for own in OWN][:3] == ["swish", "blend", "bent"] and some_logarithm.name == "log_of_more"
    assert [own.symbol for own in (swish, blend, cube, atan)] == ["swish", "mix", "^3", "atan"]
    assert [own.pattern for own in (swish, blend)] == ["scales", "distributes"]
    assert repr(swish) == "<gate swish>"


def test_how_the_inputs_are_called():
    assert blend.input_names(3) == ["x", "y", "share"] and norm.input_names(2) == ["x1", "x2"]
    assert [own.arity for own in (swish, blend, norm, cube, squares)] == [1, 3, None, 1, None]
    assert gate(lambda x, y=2.0: x * y, name="f").arity is None
    assert gate(max, name="most").arity is None


# ---- everywhere else ----


@every_own_gate
def test_views(own):
    leaves, root = circuit(own)
    names = {f"in{i}": x for i, x in enumerate(leaves)}
    assert own.symbol in draw(root, names=names).source
    assert own.name in tree(root) and own.name in str(steps(root))
    assert latex(root).count("{") == latex(root).count("}")
    variables = backprop_code(root, names=names | {"root": root}).run()
    root.backward()
    assert variables["root"] == pytest.approx(root.data, rel=1e-14)
    for name, leaf in names.items():
        assert variables[f"d{name}"] == pytest.approx(leaf.grad, rel=1e-12)


@every_own_gate
@pytest.mark.parametrize("order", [1, 2])
def test_check(own, order):
    assert check_gradients(lambda *xs: (own(*xs) * 2.0).sin(), OWN[own][1], order=order)


@every_own_gate
def test_copies_and_files(own, tmp_path):
    leaves, root = circuit(own)
    save_graph(root, tmp_path / "graph.json")
    copies = [copy.deepcopy(root), pickle.loads(pickle.dumps(root)), load_graph(tmp_path / "graph.json", gates=OWN)]
    root.backward()
    slopes = [g.data for g in gradient(root, leaves)]
    for again in copies:
        there = [x for x in topological_order([again]) if not x.gate]
        assert own in [x.gate for x in topological_order([again])] and again.data == root.data
        assert [g.data for g in gradient(again, there)] == slopes
        again.backward()
        assert [x.grad for x in there] == [x.grad for x in leaves] and not set(there) & set(leaves)


def test_a_file_with_a_gate_of_your_own_needs_it(tmp_path):
    save_graph(swish(Value(1.0)), tmp_path / "graph.json")
    with pytest.raises(ValueError, match=r"nodes\[1\].gate: there is no gate 'swish'; pass your own as gates="):
        load_graph(tmp_path / "graph.json")


def test_a_gate_that_no_module_has_cannot_be_pickled_but_copied():
    here = gate(lambda x: x * x, name="here")
    root = here(Value(3.0))
    assert copy.deepcopy(root).gate is here
    with pytest.raises(
        pickle.PicklingError, match="^the gate here can be pickled only where it is a variable of a mod"
    ):
        pickle.dumps(root)


def test_in_text_a_composite_is_not_looked_into():
    x, y, z = Formula("x"), Formula("y"), Formula("z")
    assert [str(slope) for slope in swish.rule(z, x)] == ["swish'(x)"]
    assert list(map(str, blend.rule(z, x, y, 0.25))) == [
        "blend'1(x, y, 0.25)",
        "blend'2(x, y, 0.25)",
        "blend'3(x, y, 0.25)",
    ]
    assert str(swish(x) * blend(x, y, 1.0)) == "swish(x) * blend(x, y, 1)"


# ---- wrong rules ----


def use(function, rule, count=1, name="mine"):
    return gate(function, rule=rule, name=name)(*map(Value, (2.0, 3.0, 4.0)[:count]))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            lambda z, x: (1.0, 2.0),
            r"its rule returned \(1.0, 2.0\), not a tuple of one local gradient, as in \(2 \* x,\)$",
        ),
        (lambda z, x: (), r"its rule returned \(\), not a tuple of one local gradient"),
        (lambda z, x: 2.0 * x, "its rule returned 4.0, not a tuple"),
        (lambda z, x: None, "its rule returned None, not a tuple"),
        (lambda z, x: ("2",), "its rule is wrong: expected one real number, not str '2'"),
        (lambda z, x: (None,), "its rule is wrong: expected one real number, not NoneType None"),
        (lambda z, x: (True,), "its rule is wrong: expected one real number, not bool"),
        (lambda z, x: (1j,), "its rule is wrong: expected one real number, not complex"),
        (lambda z, x: ([1.0],), "its rule is wrong: expected one real number, not list"),
        (lambda z, x: (1.0 if x > 0 else 0.0,), "its rule cannot be read as a formula .*must not branch.*without `if`"),
        (lambda z, x: (1.0 if x == 0 else 0.0,), "its rule cannot be read as a formula .*must not branch"),
        (lambda z, x: (1.0 if 0 != x else 0.0,), "its rule cannot be read as a formula .*must not branch"),
        (lambda z, x: (1.0 if x else 0.0,), "its rule cannot be read as a formula .*must not branch"),
        (lambda z, x: (max(x, 0.0),), "its rule cannot be read as a formula .*must not branch"),
        (lambda z, x: (math.cos(x),), "its rule cannot be read as a formula .*without math"),
        (lambda z, x: (float(x),), "its rule cannot be read as a formula"),
        (
            lambda z, x: (x.exp(),),
            "its rule cannot be read as a formula .*no attribute 'exp'.*with arithmetic and gates, like exp",
        ),
        (lambda z, x: (x // 2,), "its rule cannot be read as a formula"),
        (lambda z, x: (2 * x ^ 1,), r"its rule cannot be read as a formula .*\^ is no power in Python: write x \*\* 2"),
        (lambda z, x: (2 ^ x,), r"its rule cannot be read as a formula .*\^ is no power in Python"),
        (
            lambda z: (),
            r"its rule cannot be used: .*takes 1 positional argument but 2 were given; a rule is handed the output",
        ),
        (
            lambda z, x, y: (x, y),
            "its rule cannot be used: .*missing 1 required positional argument: 'y'; a rule is handed",
        ),
    ],
)
def test_a_wrong_rule_is_a_type_error_that_names_the_gate(rule, message):
    with pytest.raises(TypeError, match=f"^mine: {message}"):
        use(lambda x: x * x, rule)


@pytest.mark.parametrize("rule", [lambda z, *xs: xs[:1], lambda z, x, *xs: (x,), lambda z, *xs: [*xs, 1.0]])
def test_a_wrong_count_among_several(rule):
    with pytest.raises(TypeError, match="^mine: its rule returned .*, not a tuple of 3 local gradients"):
        use(lambda x, y, w: x * y * w, rule, 3)


def test_a_wrong_rule_is_found_in_every_form_and_stays_so():
    mine = gate(lambda x, y: x * y, rule=lambda z, x, y: (y,), name="mine")
    x = Value(2.0)
    for inputs in ((x, 3.0), (x, x), (3.0, x), (x, x)):
        with pytest.raises(TypeError, match="^mine: "):
            mine(*inputs)
    assert mine(2.0, 3.0) == 6.0  # on numbers nobody asks for its rule


def test_a_rule_without_a_slope_at_its_first_use_is_not_wrong():
    root = gate(math.sqrt, rule=lambda z, x: (0.5 / z,), name="root")
    assert root(Value(0.0)).data == 0.0
    with pytest.raises(
        ZeroDivisionError, match="^root: .* cannot give a finite local gradient .(float )?division by zero.$"
    ):
        root(Value(0.0)).backward()
    assert root(Value(4.0)).local_gradients() == (0.25,)


def test_a_rule_may_be_a_list_of_ints_and_use_abs_and_gates():
    mine = gate(lambda x, y: x * y, rule=lambda z, x, y: [+y * abs(x) / abs(x), x * 1], name="mine")
    x, y = Value(-2.0), Value(3.0)
    assert mine(x, y).local_gradients() == (3.0, -2.0)
    assert hessian(mine(x, y), [x, y]) == [[0.0, 1.0], [1.0, 0.0]]
    one = gate(lambda x: x, rule=lambda z, x: (1,), name="one")
    assert gradient(one(x) * x, [x])[0].data == -4.0


@pytest.mark.parametrize("result", [None, "2", 1j, True, [1.0], (Value(1.0),)])
def test_a_wrong_output_is_a_type_error_that_names_the_gate(result):
    for options in ({}, {"rule": lambda z, x: (1.0,)}):
        with pytest.raises(TypeError, match="^mine: its output is wrong: expected one real number, not"):
            gate(lambda x: result, name="mine", **options)(Value(1.0))


def test_a_gate_is_made_of_a_function():
    for options in ({}, {"rule": lambda z, x: (1.0,)}, {"name": "square"}):
        with pytest.raises(TypeError, match="^a gate is made of a function of its inputs, not int 3$"):
            gate(3, **options)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exp", "^the gate 'exp' has the name of a gate of the table: choose another with name=$"),
        (
            "\U0001d42c\U0001d422\U0001d420\U0001d426\U0001d428\U0001d422\U0001d41d",
            "^the gate 'sigmoid' has the name of a gate",
        ),
        ("__init__", "^the gate '__init__' has the name of something that is Python's own: choose another with name=$"),
        ("two words", "^the gate 'two words' has no name that is an identifier: choose another with name=$"),
        ("lambda", "^the gate 'lambda' has no name that is an identifier"),
        ("", "^the gate '<lambda>' has no name"),
        (None, "^the gate '<lambda>' has no name"),
    ],
)
def test_names_that_are_refused(name, message):
    for options in ({}, {"rule": lambda z, x: (1.0,)}):
        with pytest.raises(ValueError, match=message):
            gate(lambda x: x, name=name, **options)


# ---- composites ----


@every_composite
def test_one_node_outside_a_graph_inside(own):
    leaves, z = node(own)
    assert gates_of(z) == [own.name] and z.parents == tuple(leaves)
    inputs, output = own.inside(*OWN[own][1])
    assert output.data == z.data and [x.label for x in inputs] == own.input_names(len(inputs))
    assert set(gates_of(output)) <= GATES.keys() | {c.name for c in COMPOSITES}


def test_a_branch_is_the_one_that_runs():
    for x, slope in ((3.0, 2.0), (-3.0, 0.1)):
        leaf = Value(x)
        z = bent(leaf)
        assert (z.data, z.local_gradients()) == (slope * x, (slope,))
        assert expand(z).inputs[0] == slope
    assert [bent(x) for x in (3.0, -3.0)] == [6.0, -0.30000000000000004]


def test_a_composite_may_return_a_plain_number_or_an_input():
    clipped = gate(lambda x: x if x > 0 else 0.0, name="clipped")
    for x, data, slope in ((3.0, 3.0, 1.0), (-3.0, 0.0, 0.0), (nan, 0.0, 0.0)):
        leaf = Value(x)
        z = clipped(leaf) * 2.0
        z.backward()
        assert (z.data, leaf.grad) == (2.0 * data, 2.0 * slope)
        assert expand(z).data == z.data and gradient(z, [leaf])[0].data == leaf.grad


def test_a_value_from_outside_is_refused():
    weight = Value(5.0, "weight")
    hidden = weight * 2.0
    for function, name in (
        (lambda x: x * weight, "weight"),
        (lambda x: x + hidden, "weight"),
        (lambda x: weight, "weight"),
    ):
        with pytest.raises(
            ValueError, match=rf"^mine: input x = 2.0 cannot .*\(it uses Value\(5.0, label='{name}'\) from o"
        ):
            gate(function, name="mine")(Value(2.0))
    with pytest.raises(ValueError, match="from outside; pass it as an input"):
        gate(lambda x: x * weight, name="mine")(2.0)
    assert gate(lambda x: x * constant(5.0), name="mine")(Value(2.0)).data == 10.0


def test_errors_name_the_composite_its_inputs_and_the_gate_inside():
    mine = gate(lambda x, y: log(x) / y, name="mine")
    with pytest.raises(
        ValueError, match=r"^mine: inputs a = -1.0, y = 2.0 cannot be computed \(log: input x = -1.0 is not"
    ):
        mine(Value(-1.0, "a"), 2.0)
    with pytest.raises(ZeroDivisionError, match="^mine: .*div: inputs x = 0.0, y = 0.0 divide by zero"):
        mine(1.0, 0.0)
    x = Value(0.0)
    z = gate(sqrt, name="mine")(x)
    for differentiate in (z.backward, lambda: gradient(z, [x]), lambda: jacobian([z], [x])):
        with pytest.raises(
            ZeroDivisionError, match="^mine: input x = 0.0 cannot .*sqrt: input x = 0.0 .*infinitely steep"
        ):
            differentiate()


def test_composites_inside_composites():
    leaves, z = node(swish_of_blend)
    assert gates_of(expand(z, [swish_of_blend])) == ["swish", "blend", "swish"]
    assert gates_of(expand(z)).count("sigmoid") == 0 and "exp" in gates_of(expand(z))


def test_a_gate_of_a_method():
    class Layer:
        def double(self, x):
            return 2.0 * x

    double = gate(Layer().double)
    assert double.name == "double" and double.input_names(1) == ["x"] and double.arity == 1
    assert double(Value(3.0)).local_gradients() == (2.0,)


# ---- expand ----


def test_a_sigmoid_as_one_gate_or_as_four():
    x = Value(1.0, "x")
    f = sigmoid(x)
    f.label = "f"
    four = expand(f)
    assert gates_of(four) == ["neg", "exp", "add", "div"] and gates_of(f) == ["sigmoid"]
    assert four.label == "f" and topological_order([four])[0] is x
    slopes = []
    for root in (f, four):
        x.grad = 0.0
        root.backward()
        slopes.append(x.grad)
    assert slopes == pytest.approx([0.19661193324148185] * 2, rel=1e-15) and four.data == f.data
    assert "exp" in draw(four).source and "exp" not in draw(f).source and len(steps(four)) > len(steps(f))


EXPANDABLE = [name for name, g in GATES.items() if g.expansion]


@pytest.mark.parametrize("name", EXPANDABLE)
def test_every_expansion_gives_an_equal_graph(name):
    for point in POINTS[name].ordinary:
        leaves = list(map(Value, point))
        if name == "pow" or name == "div" and point[1] < 0.0:
            continue  # y ** -1 is by -1, a plain number
        one = GATES[name](*leaves)
        other = expand(one, [name])
        assert name not in gates_of(other)
        assert set(leaves) <= set(topological_order([other]))
        one.backward()
        slopes = [x.grad for x in leaves]
        one.zero_grad()
        other.backward()
        found = [other.data, *[x.grad for x in leaves]]
        truth = [one.data, *slopes]
        if name in ("dot", "total", "sub", "neg"):
            assert found == truth
        assert found == pytest.approx(truth, rel=1e-13, abs=1e-15)


def test_sums_and_dots_to_the_last_bit():
    ws, xs = [0.1, 0.7, -0.3, 1e16, 0.2], [0.3, 1e-3, 0.9, 1.0, 7.0]
    for make in (
        lambda ws, xs: dot(ws, xs),
        lambda ws, xs: dot(ws, xs, Value(-1e16)),
        lambda ws, xs: total([*ws, *xs]),
    ):
        leaves = [[*map(Value, ws)], [*map(Value, xs)]]
        one = make(*leaves)
        other = expand(one)
        assert other.data == one.data and set(gates_of(other)) <= {"mul", "add"}
        assert gradient(other, leaves[0])[0].data == gradient(one, leaves[0])[0].data


@pytest.mark.parametrize(
    "gates",
    ["sigmoid", ["sigmoid"], sigmoid, [sigmoid], GATES["sigmoid"], [GATES["sigmoid"]], iter(["sigmoid"]), {sigmoid: 1}],
)
def test_gates_by_name_by_function_and_as_gates(gates):
    x = Value(1.0)
    assert gates_of(expand(sigmoid(tanh(x)), gates)) == ["tanh", "neg", "exp", "add", "div"]


def test_operators_only_on_request():
    x, y = Value(3.0), Value(2.0)
    root = -(x - y) / y
    assert expand(root) is root
    assert gates_of(expand(root, ["sub"])) == ["neg", "add", "neg", "div"]
    assert set(gates_of(expand(root, ["sub", "neg", "div"]))) == {"mul", "add", "pow"}
    assert all(name not in OPERATORS for name in gates_of(expand(abs(x) + dot([x], [y]), [])) if name in ("abs", "dot"))
    assert gates_of(expand(abs(x), [abs])) == ["neg", "maximum"]


def test_expand_is_thorough():
    x = Value(1.0)
    assert gates_of(expand(tanh(x))) == ["mul", "neg", "exp", "add", "div", "mul", "sub"]
    assert gates_of(expand(tanh(x), ["tanh"])) == ["mul", "sigmoid", "mul", "sub"]


def test_what_stays_is_shared_and_labels_are_kept():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    below = x * y
    middle = sigmoid(below)
    above = middle + 1.0
    below.label, middle.label, above.label = "below", "middle", "above"
    root = expand(above)
    new = topological_order([root])
    assert new[:3] == [x, y, below] and root is not above
    assert [node.label for node in new] == ["x", "y", "below", "", "", "", "middle", "above"]
    assert above.parents == (middle,) and gates_of(above) == ["mul", "sigmoid", "add"]


@pytest.mark.parametrize("make", [lambda x: total([x]), lambda x: gate(lambda x: x, name="same")(x)])
def test_an_expansion_that_is_an_input_takes_no_label_along(make):
    for label in ("", "x"):
        x = Value(2.0, label)
        z = make(x)
        z.label = "z"
        assert expand(z) is x and x.label == label
        assert expand(z * z).parents == (x, x)


def test_the_users_label_goes_before_one_of_the_inside():
    @gate
    def labelled(x):
        z = x * 2.0
        z.label = "inside"
        return z

    z = labelled(Value(1.0))
    assert expand(z).label == "inside"
    z.label = "mine"
    assert expand(z).label == "mine"


def test_an_expansion_that_is_a_number_becomes_a_constant():
    x, y = Value(1.0), Value(2.0)
    three = gate(lambda x: 3.0, name="three")
    other = expand(three(x) * y)
    assert other.data == 6.0 and other.parents[0].form is CONSTANT and x not in topological_order([other])


def test_several_roots():
    x = Value(1.0)
    shared = sigmoid(x)
    one, two = expand([shared * 2.0, shared * 3.0])
    assert one.parents == two.parents and "sigmoid" not in gates_of(one, two)
    assert expand([]) == [] and expand([x]) == [x] and expand(x) is x


@pytest.mark.parametrize(
    ("gates", "kind", "message"),
    [
        ("nonsense", ValueError, "^there is no gate 'nonsense' in this graph$"),
        ([swish], ValueError, "^there is no gate 'swish' in this graph$"),
        (["relu"], ValueError, "^relu is not made of smaller gates: it cannot be taken apart$"),
        ([maximum], ValueError, "^maximum is not made of smaller gates"),
        ([3], TypeError, "^expected a gate, by its name or as a function, not int 3$"),
    ],
)
def test_gates_that_cannot_be_taken_apart(gates, kind, message):
    with pytest.raises(kind, match=message):
        expand(relu(Value(1.0)), gates)


def test_an_expansion_that_contains_its_own_gate():
    loop = Gate(lambda x: x, lambda z, x: (1.0,), name="loop", expansion=lambda x: loop(x) * 1.0)
    with pytest.raises(ValueError, match="more than 100 levels deep: is there one that contains its own gate?"):
        expand(loop(Value(1.0)))


def test_expanding_with_changed_data():
    x = Value(1.0, "x")
    f = sigmoid(x)
    x.data = 2.0
    with pytest.raises(ValueError, match="^x was changed from 1.0 to 2.0 after the forward pass; run it again$"):
        expand(f)


def test_expanding_a_long_chain():
    y = x = Value(0.5)
    for _ in range(10_000):
        y = (y + 0.1).sigmoid()
    z = expand(y)
    assert len(topological_order([z])) == 1 + 5 * 10_000 and z.data == pytest.approx(y.data, rel=1e-14)
    assert topological_order([z])[0] is x


# ---- parts of it ----


def test_taken_apart_maps_every_node():
    x = Value(1.0)
    inner = swish(x)
    root = inner * inner
    new = taken_apart([root], lambda g: g is swish)
    assert new.keys() == {x, inner, root} and new[x] is x
    assert new[root].parents == (new[inner], new[inner]) and new[inner].gate.name == "mul"


def test_substituted_runs_a_graph_again():
    x, y = Value(2.0), Value(3.0)
    root = x * y + x
    assert substituted([root], {})[0].data == 8.0
    assert substituted([root, x], {x: 10.0})[0].data == 40.0 and substituted([root, x], {x: 10.0})[1] == 10.0
    assert substituted([root], {x: 10.0, y: 1.0}) == [20.0]
    z = Value(7.0)
    [other] = substituted([root], {y: z})
    assert other.data == 16.0 and set(topological_order([other])) & {x, y, z} == {x, z}


def test_check_unchanged():
    x, y = Value(2.0, "x"), Value(nan)
    z = x * y
    check_unchanged(z)
    check_unchanged(x)
    x.data = -2.0
    with pytest.raises(ValueError, match="^x was changed from 2.0 to -2.0"):
        check_unchanged(z)
    x.data, z.data = 2.0, 1.0
    with pytest.raises(ValueError, match="^an input was changed from nan to 1.0"):
        check_unchanged(z)


def test_it_is_freed():
    """A use of a composite gate leaves no graph behind."""
    leaf = Value(1.0)
    z = exp(swish(leaf))
    assert [type(x) for x in z.parents[0].numbers] == [float, float] and z.parents[0].parents == (leaf,)


def test_an_unknown_pattern_is_refused_where_the_gate_is_made():
    with pytest.raises(ValueError, match="^pattern='bends': choose from distributes, routes, switches, flips, scales$"):
        gate(lambda x: x * x, name="square", pattern="bends")


def test_a_name_is_what_python_makes_of_it():
    assert gate(lambda x: x * x, name="\ufb01").name == "fi"
