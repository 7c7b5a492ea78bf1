"""The flat backprop code: it runs, and its numbers are the engine's to the last bit; names, definitions, debugging."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import itertools
import keyword
import linecache
import math
import pickle
import random
import subprocess
import sys
import traceback
from math import erf, tau

import pytest
from conftest import same
from gate_points import POINTS, wild_recipe

import scalargrad.table
from scalargrad import (
    Value,
    backprop_code,
    dot,
    exp,
    gate,
    gradient,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    total,
)
from scalargrad.gate import Gate
from scalargrad.graph import chain_rule, topological_order
from scalargrad.table import GATES
from scalargrad.value import constant
from scalargrad.views.code import MAX_TERMS, BackpropCode

inf, nan = math.inf, math.nan


def lines(code, start=""):
    """The lines of code that begin with something, without the numbers at their ends and without indentation."""
    found = [line.partition("  #(")[0].strip() for line in code.splitlines()]
    return [line.removesuffix(" #(1)") for line in found if line.startswith(start)]


def run_by_itself(code):
    """The variables of a program that nothing of ours helps to run."""
    variables = {}
    exec(compile(str(code), "file.py", "exec", dont_inherit=True), variables)
    return variables


def check_equal(roots, nodes):
    """The code of a graph against the engine, number by number; whether there were gradients at all.

    roots: the roots, which are differentiated together.
    nodes: all nodes whose numbers are looked at.
    """
    order = topological_order(roots)
    gradients = dict.fromkeys(roots, 0.0)
    for root in roots:
        gradients[root] += 1.0
    problem = None
    try:
        for _ in chain_rule(order, gradients, Value.local_gradients):
            pass
    except (ArithmeticError, ValueError) as error:
        problem = error
    names = {f"n{i}": node for i, node in enumerate(nodes)}
    code = ""
    try:
        code = backprop_code(roots, names=names)  # it raises already if a slope of plain numbers alone does
        variables = code.run()
    except (ArithmeticError, ValueError) as error:
        assert type(error) is type(problem), f"{error!r} and {problem!r} in\n{code}"
        return False
    assert problem is None, f"{problem!r} and no error in\n{code}"
    for name, node in names.items():
        if node in gradients:
            assert same(variables[name], node.data), f"{name}: {variables[name]} and {node.data} in\n{code}"
            slope = variables[f"d{name}"]
            assert same(slope, gradients[node]), f"d{name}: {slope} and {gradients[node]} in\n{code}"
    return True


# ---- to the last bit ----


def random_graph(chance):
    """The nodes of a random graph of all gates."""
    recipe = wild_recipe(chance)
    return recipe.run(map(Value, recipe.leaves), GATES.get)


@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_random_graphs(seed):
    chance = random.Random(seed)
    graded, used = 0, set()
    for _ in range(1_000):
        nodes = random_graph(chance)
        roots = nodes[-1:] if chance.random() < 0.8 else chance.choices(nodes, k=3)
        graded += check_equal(roots, nodes)
        used |= {node.gate.name for node in topological_order(roots) if node.gate}
    assert used == GATES.keys() and graded > 900


def test_the_comparison_sees_a_wrong_formula():
    x = Value(0.3)
    for factor in (2.0 + 1e-15, -2.0, nan):
        wrong = Gate(lambda x: x * 2.0, lambda z, x, f=factor: (2.0 if type(x) is float else f,), name="wrong")
        with pytest.raises(AssertionError, match=f"^dn0: {factor} and 2.0 in"):
            check_equal([wrong(x)], [x])


@pytest.mark.parametrize("name", GATES)
def test_every_gate_in_every_form_by_itself(name):
    """Run without any help of ours: the text is a whole program."""
    for point in [*POINTS[name].ordinary, *POINTS[name].special]:
        free = len(point) - (name == "exponent_slope")
        for moving in range(1, 2**free):
            inputs = [Value(x) if moving >> i & 1 else x for i, x in enumerate(point)]
            z = GATES[name](*inputs)
            names = {f"n{i}": x for i, x in enumerate([*inputs, z]) if isinstance(x, Value)}
            variables = run_by_itself(backprop_code(z, names=names))
            slopes = dict(zip(z.parents, z.local_gradients()))
            for called, node in names.items():
                assert same(variables[called], node.data)
                assert node is z or same(variables[f"d{called}"], slopes[node]), (point, moving, called)


@pytest.mark.parametrize("base", [0.0, 0.5, 1.0, 2.0, inf])
@pytest.mark.parametrize("exponent", [-1.5, 0.0, 2.0, inf, nan])
def test_powers_of_plain_numbers(base, exponent):
    if base or exponent >= 0.0 or exponent != exponent:
        y = Value(exponent)
        assert check_equal([base**y], [y])


def test_a_gradient_circuit_is_a_graph_like_any_other():
    x, y = Value(0.7), Value(-1.3)
    f = sigmoid(x * y) ** 2 + maximum(x, y).elu() / softplus(y)
    for slope in gradient(gradient(f, [x])[0], [x, y]):
        assert check_equal([slope], topological_order([slope]))


@pytest.mark.parametrize("count", [MAX_TERMS - 1, MAX_TERMS, MAX_TERMS + 1, 1_000])
def test_long_sums(count):
    chance = random.Random(count)
    xs = [Value(chance.uniform(-1.0, 1.0) * 10.0 ** chance.randint(-8, 8)) for _ in range(count)]
    for z in (total(xs), dot(xs, xs[::-1]), dot(xs, [2.0] * count, xs[0]), maximum(*xs[:60])):
        assert check_equal([z], [*xs, z])
        assert run_by_itself(backprop_code(z, names={"z": z}))["z"] == z.data
        assert max(map(len, backprop_code(z).splitlines())) < 40 * count


def test_several_roots():
    x = Value(2.0)
    h = x * x
    one, two = h * 3.0, h * 5.0
    for roots in ([one, two], [two, one], [one, one], [one, h, x], [x], [h, h * h, h]):
        assert check_equal(roots, [x, h, one, two])
    code = backprop_code([one, two], names={"x": x, "h": h, "one": one, "two": two})
    assert code.run()["dx"] == 32.0
    assert lines(code, "dtwo") == ["dtwo = 1.0"] and lines(code, "dh")[0] == "dh = 5.0 * dtwo"
    assert lines(backprop_code([x, x], names={"x": x}), "dx") == ["dx = 1.0", "dx += 1.0"]


def test_a_leaf_as_root():
    x = Value(3.0, "x")
    assert backprop_code(x) == "x = 3.0\n\n# forward pass\n\n# backward pass\ndx = 1.0"
    assert backprop_code(x).run()["dx"] == 1.0


def test_constants_are_leaves():
    x = Value(3.0, "x")
    root = x * constant(2.0) + constant(2.0)
    variables = backprop_code(root).run()
    assert (variables["v2"], variables["v2_2"], variables["dx"], variables["dv2"], variables["dv2_2"]) == (
        2,
        2,
        2,
        3,
        1,
    )


# ---- as the course writes it ----


def test_the_staged_computation():
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    sigy = sigmoid(y)
    num = x + sigy
    sigx = sigmoid(x)
    xpy = x + y
    xpysqr = xpy**2
    den = sigx + xpysqr
    invden = 1.0 / den
    f = num * invden
    code = backprop_code(f)
    assert (
        code.splitlines()[3:]
        == """
def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))

x = 3.0
y = -4.0

# forward pass
sigy = sigmoid(y)                       #(1)
num = x + sigy                          #(2)
sigx = sigmoid(x)                       #(3)
xpy = x + y                             #(4)
xpysqr = xpy ** 2.0                     #(5)
den = sigx + xpysqr                     #(6)
invden = 1.0 / den                      #(7)
f = num * invden                        #(8)

# backward pass
df = 1.0
# backprop f = num * invden
dnum = invden * df                      #(8)
dinvden = num * df                      #(8)
# backprop invden = 1.0 / den
dden = (-invden / den) * dinvden        #(7)
# backprop den = sigx + xpysqr
dsigx = dden                            #(6)
dxpysqr = dden                          #(6)
# backprop xpysqr = xpy ** 2.0
dxpy = (2.0 * xpy) * dxpysqr            #(5)
# backprop xpy = x + y
dx = dxpy                               #(4)
dy = dxpy                               #(4)
# backprop sigx = sigmoid(x)
dx += (sigx * (1.0 - sigx)) * dsigx     #(3)
# backprop num = x + sigy
dx += dnum                              #(2)
dsigy = dnum                            #(2)
# backprop sigy = sigmoid(y)
dy += (sigy * (1.0 - sigy)) * dsigy     #(1)
""".splitlines()[2:]
    )
    variables = code.run()
    assert (variables["f"], variables["dx"], variables["dy"]) == pytest.approx(
        (1.5456448841066441, 2.0595697955721649, 1.5922327514838093), rel=1e-14
    )


def test_as_a_function_of_its_leaves():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    code = backprop_code(f, function=True)
    assert (
        code
        == """
def backprop(x, y, z):
    # forward pass
    q = x + y                               #(1)
    f = q * z                               #(2)

    # backward pass
    df = 1.0
    # backprop f = q * z
    dq = z * df                             #(2)
    dz = q * df                             #(2)
    # backprop q = x + y
    dx = dq                                 #(1)
    dy = dq                                 #(1)

    return f, (dx, dy, dz)
""".strip()
    )
    backprop = code.run()["backprop"]
    assert backprop(-2.0, 5.0, -4.0) == (-12.0, (-4.0, -4.0, 3.0))
    assert backprop(y=1.0, x=2.0, z=3.0) == (9.0, (3.0, 3.0, 3.0))


@pytest.mark.parametrize("seed", range(3))
def test_functions_of_random_graphs(seed):
    chance = random.Random(seed)
    for _ in range(100):
        nodes = random_graph(chance)
        root = nodes[-1]
        leaves = [node for node in topological_order([root]) if not node.gate]
        try:
            root.backward()
        except (ArithmeticError, ValueError):
            continue
        data, gradients = backprop_code(root, function=True).run()["backprop"](*[leaf.data for leaf in leaves])
        assert same(data, root.data) and all(map(same, gradients, [leaf.grad for leaf in leaves]))


def test_functions_of_one_leaf_and_with_several_roots():
    x = Value(3.0, "x")
    assert backprop_code(x * 2.0, function=True).run()["backprop"](5.0) == (10.0, (2.0,))
    assert backprop_code(x, function=True).run()["backprop"](5.0) == (5.0, (1.0,))
    assert backprop_code([x * 2.0, x * x], function=True).run()["backprop"](5.0) == (10.0, 25.0, (12.0,))


# ---- imports and definitions ----


@pytest.mark.parametrize(
    ("make", "needs"),
    [
        (lambda x: x * 2.0 + x / 3.0 - x, False),
        (relu, True),  # the definition of `step` has a nan
        (lambda x: -x, False),
        (exp, True),
        (log, True),
        (sigmoid, True),
        (lambda x: x * inf, True),
        (lambda x: x + nan, True),
        (lambda x: 2.0**x, True),
        (lambda x: x**2, False),
    ],
)
def test_math_is_imported_only_when_needed(make, needs):
    for function in (False, True):
        code = backprop_code(make(Value(2.0)), function=function)
        assert ("import math" in code.splitlines()) is needs
        assert ("math." in code) is needs
        run_by_itself(code)


DEFINED = [
    "sigmoid",
    "softplus",
    "elu",
    "leaky_relu",
    "relu",
    "maximum",
    "minimum",
    "step",
    "power_slope",
    "exponent_slope",
]


@pytest.mark.parametrize("name", DEFINED)
def test_a_definition_is_the_text_that_the_engine_runs(name):
    z = GATES[name](*[Value(x) for x in POINTS[name].ordinary[0][:3]], *POINTS[name].ordinary[0][3:])
    code = backprop_code(total([z, z * z.tanh()]))
    [definition] = [
        node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    engine = inspect.getsource(GATES[name].output).rstrip()
    assert ast.get_source_segment(code, definition) == engine.replace(GATES[name].output.__name__, name, 1)
    assert code.count(f"def {name}(") == 1


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "neg", "exp", "log", "sqrt", "sin", "cos", "tanh", "dot"])
def test_one_formula_needs_no_definition(name):
    z = GATES[name](*map(Value, map(abs, POINTS[name].ordinary[0])))
    assert "def " not in backprop_code(z)


def test_definitions_bring_what_they_use():
    code = backprop_code(Value(2.0, "a") ** Value(3.0, "b"))
    assert [line for line in code.splitlines() if line.startswith("def ")] == [
        "def power_slope(c: float, x: float, n: float) -> float:",
        "def exponent_slope(c: float, x: float, n: float, k: float) -> float:",
        "def power(x: float, y: float) -> float:",
    ]
    assert run_by_itself(code)["da"] == 12.0
    assert "def " not in backprop_code(Value(2.0) ** 3) and "def " not in backprop_code(2.0 ** Value(3.0))


# ---- names ----

HOSTILE = [
    *(
        "",
        " ",
        "x",
        "x",
        "x",
        "dx",
        "ddx",
        "d",
        "dd",
        "dx_2",
        "x_2",
        "x 2",
        "X",
        "1",
        "12",
        "1x",
        "-1",
        "3.5",
        "_",
        "__x__",
    ),
    *(
        "class",
        "lambda",
        "None",
        "True",
        "print",
        "len",
        "float",
        "sum",
        "math",
        "backprop",
        "import",
        "def",
        "el",
        "ef",
    ),
    *(
        "elif",
        "exp",
        "sigmoid",
        "step",
        "total",
        "relu",
        "power",
        "power_slope",
        "maximum",
        "ot",
        "abs",
        "self",
        "f'",
        "a'b",
    ),
    *(
        "x = 1",
        "x; import os",
        "'''",
        '"""',
        "#",
        "\n",
        "x\ny",
        "\\",
        "{x}",
        "%s",
        "a.b",
        "a[0]",
        "w₁",
        "x²",
        "½",
        "①",
        "ﬁ",
    ),
    *(
        "é",
        "e\u0301",
        "\u0301",
        "\u0323",
        "ṿ",
        "权重",
        "שלום",
        "مرحبا",
        "😀",
        "\u202e",
        "\x00",
        "\ud800",
        "\uffff",
        "௰",
        "℘",
        "·",
    ),
    *(
        "µ",
        "μ",
        "K",
        "ª",
        "a" * 100,
        "a" * 100,
        "v1",
        "v2",
        "dv1",
        "value",
        "Value",
        "int",
        "__builtins__",
        "__name__",
        "async",
    ),
]


def assert_names_work(root):
    """Every node has a variable and a gradient of its own, and none of these means anything else."""
    order = topological_order([root])
    leaves = [node for node in order if not node.gate]
    script, function = backprop_code(root), backprop_code(root, function=True)
    top = ast.parse(script).body
    targets = [x.target if isinstance(x, ast.AugAssign) else x.targets[0] for x in top if "Assign" in type(x).__name__]
    variables = {target.id for target in targets}
    assert len(variables) == 2 * len(order)
    assert not variables & {"math", *keyword.kwlist, *dir(builtins), *(x.name for x in top if hasattr(x, "name"))}
    assert variables <= run_by_itself(script).keys()
    root.zero_grad()
    root.backward()
    data, gradients = function.run()["backprop"](*[leaf.data for leaf in leaves])
    assert data == root.data and list(gradients) == [leaf.grad for leaf in leaves]


def test_hostile_names_become_legal_distinct_identifiers():
    leaves = [Value(0.1 * i, name) for i, name in enumerate(HOSTILE)]
    one, two = sigmoid(total(leaves[::2])), total(leaves[1::2]).softplus()
    root = one ** maximum(two, relu(one), GATES["step"](two, 0.0, 0.5))
    root.label = "sigmoid"
    assert_names_work(root)


@pytest.mark.parametrize("name", HOSTILE)
def test_one_hostile_name(name):
    x, y = Value(2.0, name), Value(3.0, name)
    assert_names_work(sigmoid(x * y) + total([x] * (MAX_TERMS + 1)))


def test_every_letter_there_is():
    """Python knows identifiers by their normal form: two names may become one only if they are seen to."""
    letters = [chr(c) for c in range(1, sys.maxunicode + 1, 37)] + [chr(c) for c in range(1, 0x3000)]
    for i in range(0, len(letters), 500):
        assert_names_work(total([Value(float(k), letter) for k, letter in enumerate(letters[i : i + 500])]))


def test_gradients_do_not_clash_with_values():
    for names in itertools.permutations(["x", "dx", "ddx"]):
        leaves = [Value(2.0, name) for name in names]
        assert_names_work(leaves[0] * leaves[1] - leaves[2])
    x, dx = Value(2.0, "x"), Value(3.0, "dx")
    code = backprop_code(x * dx)
    assert lines(code)[:2] == ["x = 2.0", "dx_2 = 3.0"] and lines(code, "ddx_2") == ["ddx_2 = x * dv1"]


def test_names_come_from_labels_variables_and_the_names_given():
    x = Value(2.0, "weight")
    bound = x * 3.0
    assert lines(backprop_code(bound), "bound") == ["bound = weight * 3.0"]
    assert lines(backprop_code(bound, names={"w": x, "out": bound}), "out") == ["out = w * 3.0"]
    code = backprop_code(x * 3.0 + 1.0)
    assert lines(code, "v") == ["v1 = weight * 3.0", "v2 = v1 + 1.0"]


def test_thousands_of_nodes_with_one_name():
    leaves = [Value(1.0, "x") for _ in range(5_000)]
    assert "x_5000 = 1.0" in backprop_code(total(leaves)).splitlines()


# ---- debugging ----


def test_a_traceback_shows_the_line():
    x = Value(4.0, "x")
    code = backprop_code(x.sqrt() * log(x), function=True)
    with pytest.raises(ValueError) as caught:
        code.run()["backprop"](-1.0)
    [*_, last] = traceback.extract_tb(caught.value.__traceback__)
    assert last.filename == code.filename and last.line == "v1 = math.sqrt(x)                       #(1)"
    assert last.name == "backprop"
    assert "v1 = math.sqrt(x)" in "".join(traceback.format_exception(caught.value))


def test_a_script_too_and_it_stays_after_a_check_of_the_cache():
    x = Value(0.0, "x")
    code = backprop_code(x.sqrt())
    linecache.checkcache()
    with pytest.raises(ZeroDivisionError) as caught:
        code.run()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line.startswith("dx = (0.5 / v1) * dv1")
    assert linecache.getline(code.filename, 1) == "import math\n"
    assert inspect.getsource(backprop_code(x * 2.0, function=True).run()["backprop"]).startswith("def backprop(x):")


def test_the_code_is_a_text_with_a_filename_of_its_own():
    one, two = backprop_code(Value(1.0, "x")), backprop_code(Value(2.0, "x"))
    assert one == str(one) and type(one) is BackpropCode and one.filename != two.filename
    assert one.filename == backprop_code(Value(1.0, "x")).filename
    again = pickle.loads(pickle.dumps(one))
    assert again == one and again.filename == one.filename and again.run().keys() >= {"x", "dx"}


def test_each_run_has_variables_of_its_own():
    code = backprop_code(Value(1.0, "x") * 2.0)
    first = code.run()
    first["x"] = 7.0
    assert code.run()["x"] == 1.0


def test_it_runs_where_nothing_is_installed(tmp_path):
    x = Value(0.5, "x")
    f = maximum(x.elu(2.0), leaky_relu(x), 0.1) + x ** Value(3.0, "y") + dot([x] * 60, [x] * 60)
    f.label = "f"
    f.backward()
    path = tmp_path / "program.py"
    path.write_text(backprop_code(f) + "\nprint(repr(f), repr(dx))\n", encoding="utf-8")
    process = subprocess.run([sys.executable, "-I", "-S", path], capture_output=True, text=True, timeout=60)
    assert process.stderr == "" and process.stdout.split() == [repr(f.data), repr(x.grad)]


# ---- changed data ----


def test_changed_data_is_refused():
    x = Value(2.0, "x")
    f = exp(x) * x
    x.data = 3.0
    with pytest.raises(ValueError, match="^x was changed from 2.0 to 3.0 after the forward pass; run it again$"):
        backprop_code(f)
    x.data = 2.0
    assert "dx" in backprop_code(f)


@pytest.mark.parametrize("root", [3.0, None, [], [Value(1.0), 2.0], "x"])
def test_what_is_no_graph_is_refused(root):
    with pytest.raises(TypeError, match="^expected a Value or a list of Values, not"):
        backprop_code(root)


# ---- gates of one's own ----

CUT, WHOLE = 0.3, 2


def helper(x):
    return x * tau if x > CUT else inner_helper(x)


def inner_helper(x):
    return [erf(y) for y in (x,)][0] ** WHOLE


@gate(rule=lambda z, x: (tau * GATES["step"](x, CUT, 0.0),), name="far")
def far_output(x: float | int) -> float:
    """Uses a helper, a constant, and names from math."""
    return helper(x)


@gate(rule=lambda z, x: (sigmoid(x) + x * sigmoid(x) * (1.0 - sigmoid(x)),))
def stable_swish(x: Value) -> Value:
    return x * sigmoid(x) if x == x else nan


@gate(rule=lambda z, x, y: (far_output(x) * 0.0 + y, x))
def product(x, y):
    return x * y


@gate(rule=lambda z, *xs: tuple([2.0 * x for x in xs]))
def squares(*xs):
    z = xs[0] * xs[0]
    for x in xs[1:]:
        z = z + x * x
    return z


cube = gate(lambda x: x * x * x, rule=lambda z, x: (3.0 * x * x,), name="cube")
atan = gate(math.atan, rule=lambda z, x: (1.0 / (1.0 + x * x),), name="atan")
largest = gate(max, rule=lambda z, x, y: (GATES["step"](x, y, 0.5), GATES["step"](y, x, 0.5)), name="largest")
sum_ = gate(lambda x: -x if x < 0.0 else x, rule=lambda z, x: (z / x,), name="sum")  # no `def`


@gate
def swish(x):
    return x * sigmoid(x)


@gate
def either(x, y):
    return x * 2.0 if x > 0.0 else swish(y)


RULED = [(far_output, 1), (stable_swish, 1), (product, 2), (squares, 3), (cube, 1), (atan, 1), (largest, 2)]


@pytest.mark.parametrize(("own", "count"), RULED, ids=lambda own: getattr(own, "name", ""))
@pytest.mark.parametrize("point", [(0.7, -0.4, 1.3), (-2.0, 0.1, 0.0), (0.1, 0.2, 0.3)])
def test_gates_with_a_rule_to_the_last_bit(own, count, point):
    leaves = list(map(Value, point[:count]))
    z = own(*leaves)
    root = z * leaves[0] + own(*leaves).tanh()
    assert check_equal([root], topological_order([root]))
    run_by_itself(backprop_code(root))
    if count > 1:
        assert check_equal([own(leaves[0], *point[1:count])], leaves[:1])


@pytest.mark.parametrize(
    ("make", "formula"),
    [
        (cube, "x * x * x"),
        (lambda x: product(x, 0.5), "x * 0.5"),
        (lambda x: squares(x, 2.0), "x * x + 2.0 * 2.0"),
        (atan, "math.atan(x)"),
        (lambda x: largest(x, 0.1), "max(x, 0.1)"),
    ],
)
def test_an_output_of_ones_own_that_is_a_formula_is_written_out(make, formula):
    z = make(Value(0.7, "x"))
    assert lines(backprop_code(z), "z") == [f"z = {formula}"]


def test_an_output_of_ones_own_that_branches_gets_its_definition_and_all_that_it_uses():
    z = far_output(Value(0.7, "x"))
    code = backprop_code(z)
    assert lines(code, "z") == ["z = far(x)"]
    for text in (far_output.output, helper, inner_helper):
        source = inspect.getsource(text)
        assert code.count(source[source.index("def ") :].rstrip().replace("def far_output", "def far")) == 1
    assert code.splitlines()[:4] == ["import math", "from math import erf", "CUT = 0.3", f"tau = {tau!r}"]


def test_annotations_that_the_program_does_not_know():
    code = backprop_code(stable_swish(Value(0.7, "x")))
    assert code.startswith("from __future__ import annotations\n") and "def stable_swish(x: Value) -> Value:" in code
    assert "__future__" not in backprop_code(sigmoid(Value(1.0)))
    assert "__future__" in backprop_code(total([Value(1.0)] * 99))


def test_a_variable_never_hides_a_definition():
    x, y, z = Value(0.7, "far"), Value(0.1, "helper"), Value(0.2, "erf")
    other = Value(0.5, "tau")
    root = far_output(x * y) * far_output(z) + (other * Value(1.0, "CUT") + Value(2.0, "inner_helper")) * Value(
        3.0, "NF"
    )
    assert check_equal([root], topological_order([root]))
    variables = backprop_code(root).run()
    assert {variables[f"{name}_2"] for name in ("far", "helper", "erf", "tau")} == {0.7, 0.1, 0.2, 0.5}
    assert backprop_code(root, function=True).run()["backprop"](0.7, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0)[0] == root.data


def test_nor_does_a_gradient():
    def ramp(x):
        return x if x > 0.0 else 0.0

    own = gate(ramp, rule=lambda z, x: (GATES["step"](x, 0.0, 0.0),), name="dx")
    x = Value(0.7, "x")
    z = own(x) * own(x)
    assert check_equal([z], [x, z])
    code = backprop_code(z)
    assert "x_2 = 0.7" in code.splitlines() and "def dx(x):" in code and run_by_itself(code)["dx_2"] == 1.4


def test_a_very_long_formula_is_not_written_out():
    def polynomial(x):
        z = x
        for k in range(terms):
            z = z * x + k
        return z

    own = gate(polynomial, rule=lambda z, x: (1.0,), name="polynomial")
    terms = 3
    z = own(Value(0.5, "x"))
    assert lines(backprop_code(z), "z") == ["z = ((x * x + 0.0) * x + 1.0) * x + 2.0"]
    terms = 100
    z = own(Value(0.5, "x"))
    code = backprop_code(z)
    assert run_by_itself(code)["z"] == z.data and {"def polynomial(x):", "terms = 100"} <= {*code.splitlines()}


@pytest.mark.parametrize("x", [0.7, -0.4])
def test_a_composite_is_written_out(x):
    a, b = Value(x, "a"), Value(-1.5, "b")
    z = either(a, b)
    root = (z * a + swish(z)).tanh()
    root.backward()
    for function in (False, True):
        code = backprop_code(root, names={"z": z, "root": root}, function=function)
        assert "either" not in code and "swish" not in code
    assert code.run()["backprop"](x, -1.5)[1] == pytest.approx((a.grad, b.grad), rel=1e-13)
    variables = backprop_code(root, names={"z": z, "root": root}).run()
    assert variables["root"] == root.data and variables["z"] == z.data
    assert (variables["da"], variables["db"]) == pytest.approx((a.grad, b.grad), rel=1e-13)
    assert variables["dz"] == pytest.approx(z.grad, rel=1e-13)


def test_a_leaf_that_a_composite_does_not_use_is_there_all_the_same():
    first = gate(lambda x, y: x * x, name="first")
    x, y = Value(3.0, "x"), Value(4.0, "y")
    assert backprop_code(first(x, y), function=True).run()["backprop"](5.0, 6.0) == (25.0, (10.0, 0.0))
    variables = backprop_code(first(x, y)).run()
    assert (variables["y"], variables["dy"]) == (4.0, 0.0)


def test_gates_named_like_pythons_own():
    def loop(x):
        return x if x > 0.0 else -x

    for name in ("sum", "print", "math", "backprop", "range"):
        own = gate(loop, rule=lambda z, x: (z / x,), name=name)
        x = Value(-2.0, "x")
        z = own(x) * exp(x)
        assert check_equal([z], [x, z]) and f"def {name}_gate(x):" in backprop_code(z)
        assert backprop_code(z, function=True).run()["backprop"](-2.0)[0] == z.data


def enclosing(width, name):
    @gate(rule=lambda z, x: (GATES["step"](width, x, 0.0),), name=name)
    def output(x):
        return x if x < width else width

    return output


def test_what_encloses_a_definition():
    x = Value(0.7, "x")
    z = enclosing(2.5, "hat")(x)
    assert check_equal([z], [x, z]) and "width = 2.5" in backprop_code(z)
    assert check_equal([z + enclosing(float("2.5"), "cap")(x)], [x, z])
    for width in (inf, nan, -inf, 3):
        z = enclosing(width, "hat")(x)
        assert check_equal([z], [x, z])
        run_by_itself(backprop_code(z))
    with pytest.raises(ValueError, match="^cap: its output cannot be written as code: there are two different width$"):
        backprop_code(z + enclosing(3.5, "cap")(x))


def wrapped(function):
    @functools.wraps(function)
    def clamped(x):
        return min(function(x), 1.0)

    return clamped


class Callable:
    def __call__(self, x):
        return x if x > 0.0 else 0.0


def uses_a_class(x):
    return x if x > 0.0 else float(Callable()(x))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda x: x if x > 0.0 else 0.0, "it is no `def` in a file$"),
        (Callable(), "it is no `def` in a file$"),
        (functools.partial(max, 0.0), "it is no `def` in a file$"),
        (wrapped(lambda x: x if x > 0.0 else 0.0), "it is no `def` in a file$"),
        (uses_a_class, "it uses Callable, which is no `def` in a file$"),
        (eval("lambda x: x if x > 0.0 else 0.0"), "it is no `def` in a file$"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(output, message):
    own = gate(output, rule=lambda z, x: (1.0,), name="own")
    with pytest.raises(ValueError, match=f"^own: its output cannot be written as code: {message}"):
        backprop_code(own(Value(2.0)))


def test_two_gates_of_one_name_are_refused():
    def up(x):
        return x if x > 0.0 else 0.0

    def down(x):
        return x if x < 0.0 else 0.0

    one, two = (gate(f, rule=lambda z, x: (z / x,), name="same") for f in (up, down))
    x = Value(1.0)
    with pytest.raises(ValueError, match="^two gates have the name 'same': give each its own$"):
        backprop_code(one(x) + two(x))
    assert check_equal([one(x) + one(x)], [x])


def test_the_tables_outputs_need_only_what_can_be_written():
    """Every function of table.py that an output calls is found by its source."""
    for name in GATES:
        z = GATES[name](*[Value(x) for x in POINTS[name].ordinary[0][:3]], *POINTS[name].ordinary[0][3:])
        for function in ast.walk(ast.parse(backprop_code(z))):
            if isinstance(function, ast.FunctionDef):
                assert hasattr(scalargrad.table, function.name)


# ---- long sums ----


@pytest.mark.parametrize("inputs", [1000, 4000])
def test_a_maximum_of_many_inputs_counts_its_ties_once(inputs):
    xs = [Value(float(i % 7)) for i in range(inputs)]
    f = maximum(*xs)
    f.backward()
    code = backprop_code(f, names={"f": f, **{f"x{i}": x for i, x in enumerate(xs)}})
    assert len(code) < 600 * inputs  # it was 25 million characters for 1,000
    variables = code.run()  # which Python's parser could not with all ties in one line
    assert [variables[f"dx{i}"] for i in range(inputs)] == [x.grad for x in xs]


def test_the_parts_of_a_long_sum_have_names_of_their_own():
    xs = [Value(float(i % 3), f"part{i}") for i in range(20)]
    f = maximum(*xs)
    f.backward()
    code = backprop_code(f, names={"f": f})
    assert "part20 = step(part0, f, 1.0)" in code
    assert [code.run()[f"dpart{i}"] for i in range(20)] == [x.grad for x in xs]
