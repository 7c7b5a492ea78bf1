"""The chain rule as LaTeX: what it says, that it is well formed whatever the names, and that its formulas are right."""

from __future__ import annotations

import math
import re

import pytest
from conftest import HOSTILE
from gate_points import POINTS, recipes
from hypothesis import given, settings

from scalargrad import Value, dot, gate, gradient, latex, maximum, relu, sigmoid, total
from scalargrad.formula import read_rule
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.views.latex import LETTERS, MAX_FACTORS, MAX_LEAVES, Latex, name_in_latex

inf, nan = math.inf, math.nan
steady = settings(max_examples=60)


def assert_well_formed(text):
    """Braces and brackets close, every command is one, and no letter of LaTeX's own is left over."""
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum)\{\}", "", text)
    bare = re.sub(r"\$[<>|]\$", "", re.sub(r"\\[#$%&_{} \\]", "", bare))
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        assert depth >= 0, text
    assert depth == 0, text
    assert bare.count(r"\left(") == bare.count(r"\right)"), text
    commands = set(re.findall(r"\\([A-Za-z]+)", bare))
    assert commands <= {
        *("frac", "partial", "cdot", "cdots", "left", "right", "mathrm", "text", "operatorname", "mathbf", "infty"),
        *("begin", "end", "exp", "log", "sin", "cos", "tanh", "sigma", "sqrt", "ge", "quad"),
        *(name[1:] for name in LETTERS.values()),
    }, commands
    bare = re.sub(r"\\[A-Za-z]+", "", bare.replace(r"&\quad", ""))
    assert not set("\\#$%~") & set(bare) and "&" not in bare.replace("&=", ""), text
    assert not re.search(r"[_^](?!\{)", bare), text


@pytest.mark.parametrize("text", ["{", "}{", r"\left(", "a%", "$", "a & b", r"\evil", "a_b", "x^2", "#", "~", "\\"])
def test_the_check_sees_what_is_not_well_formed(text):
    with pytest.raises(AssertionError):
        assert_well_formed(text)


# ---- what it says ----


def circuit():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return x, y, z, q, f


def test_one_gradient():
    x, y, z, q, f = circuit()
    chain = r"\frac{\partial f}{\partial q} \cdot \frac{\partial q}{\partial x}"
    assert latex(f, by=x) == rf"\frac{{\partial f}}{{\partial x}} = {chain} = z \cdot 1 = -4"
    assert latex(f, by=q) == r"\frac{\partial f}{\partial q} = z = -4"
    assert latex(f, by=f) == r"\frac{\partial f}{\partial f} = 1"


def test_all_leaves():
    x, y, z, q, f = circuit()
    first, *rows, last = latex(f).splitlines()
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    assert rows == [latex(f, by=leaf).replace(" = ", " &= ", 1) + r" \\" for leaf in (x, y, z)]
    assert latex(x * 2.0).count("\n") == 0


def test_a_fork_adds_up():
    x = Value(3.0, "x")
    f = x * x + x
    f.parents[0].label, f.label = "s", "f"
    path = r"\frac{\partial f}{\partial s} \cdot \frac{\partial s}{\partial x}"
    assert latex(f) == (
        rf"\frac{{\partial f}}{{\partial x}} = {path} + {path} + \frac{{\partial f}}{{\partial x}} "
        r"= 1 \cdot x + 1 \cdot x + 1 = 7"
    )


def test_what_has_no_influence():
    x, y = Value(3.0, "x"), Value(2.0, "other")
    f = x * 2.0
    assert latex(f, by=y, names={"f": f}) == r"\frac{\partial f}{\partial \mathrm{other}} = 0"
    assert latex(x) == r"\frac{\partial x}{\partial x} = 1"


def test_names_are_given_labels_or_variables():
    weight = Value(3.0)
    f = weight**2
    assert latex(f) == r"\frac{\partial f}{\partial \mathrm{weight}} = 2 \cdot \mathrm{weight} = 6"
    assert latex(f, names={"w": weight, "L": f}) == r"\frac{\partial L}{\partial w} = 2 \cdot w = 6"


def test_more_than_eight_paths_end_in_dots():
    x = Value(1.0, "x")
    for count, dots in ((8, 0), (9, 2), (30, 2)):
        f = total([x] * count)
        assert latex(f).count(r"\cdots") == dots and latex(f).endswith(f" = {count}")
    y = x
    for _ in range(40):  # 2 ** 40 paths
        y = y + y
    assert latex(y).count(r"\cdots") == 2


def test_a_long_line_is_broken_at_its_equals_signs_and_then_at_its_sums():
    x = Value(0.7, "x")
    f = (x * x * x * x + x.exp() * x.sin() * x.cos() / x).tanh()
    first, *rows, last = latex(f, names={"f": f}).splitlines()
    assert rows[0].startswith(r"\frac{\partial f}{\partial x} &= \frac{\partial f}{")
    assert [row[:9] for row in rows[1:-1]] == [*[r"  &\quad "] * 7, "  &= (1 -", *[r"  &\quad "] * 7]
    assert rows[-1].startswith("  &= ") and len(rows) == 17
    assert_well_formed(latex(f))


def test_a_chain_longer_than_pythons_stack():
    y = x = Value(1.0, "x")
    for _ in range(20_000):
        y = y * 1.0
    text = latex(y, by=x)
    assert r"\frac{\partial y}{\partial x} &= \frac" in text and text.endswith("&= 1 \\\\\n\\end{aligned}")
    assert text.count(r"\cdots") == 2 and text.count(r"\frac") == 1 + 2 * MAX_FACTORS  # its two ends


# ---- formulas ----

X, Y, Z = Latex("x"), Latex("y"), Latex("z")


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (X + Y * Z, r"x + y \cdot z"),
        ((X + Y) * Z, r"(x + y) \cdot z"),
        (X - (Y - Z), r"x - (y - z)"),
        (X - Y - Z, "x - y - z"),
        (X * (Y * Z), r"x \cdot (y \cdot z)"),
        (X / (Y + Z), r"\frac{x}{y + z}"),
        (X / Y / Z, r"\frac{\frac{x}{y}}{z}"),
        (X * -Y, r"x \cdot (-y)"),
        (-X * Y, r"-x \cdot y"),
        (-(X * Y), r"-(x \cdot y)"),
        (-(X**2), "-x^{2}"),
        ((-X) ** 2, r"(-x)^{2}"),
        (X ** (Y - 1), "x^{y - 1}"),
        ((X**Y) ** Z, r"(x^{y})^{z}"),
        ((X + 1) ** -0.5, r"(x + 1)^{-0.5}"),
        (X * 1e-7, r"x \cdot (1 \cdot 10^{-7})"),
        (X * -1e30, r"x \cdot (-1 \cdot 10^{30})"),
        (X**1e-7, r"x^{1 \cdot 10^{-7}}"),
        (X * inf, r"x \cdot \infty"),
        (X + nan, r"x + \mathrm{nan}"),
        (-2.0 * X, r"-2 \cdot x"),
        (GATES["exp"](X), r"\exp(x)"),
        (GATES["sigmoid"](X + Y), r"\sigma(x + y)"),
        (GATES["sqrt"](X * Y), r"\sqrt{x \cdot y}"),
        (GATES["relu"](X), r"\operatorname{relu}(x)"),
        (GATES["maximum"](X, Y, 2.0), r"\operatorname{maximum}(x, y, 2)"),
        (GATES["step"](X, 0.0, 0.0), r"\mathbf{1}(x > 0)"),
        (GATES["step"](X, 0.0, 1.0), r"\mathbf{1}(x \ge 0)"),
        (GATES["total"](X, Y, 2.0), "x + y + 2"),
        (GATES["dot"](X, Y, 2.0, Z, Y), r"x \cdot 2 + y \cdot z + y"),
        (GATES["power_slope"](2.0, X, 1.0), r"2 \cdot x"),
        (GATES["exponent_slope"](1.0, X, Y, 1.0), r"x^{y} \cdot \log(x)"),
        (abs(X), r"\operatorname{abs}(x)"),
    ],
)
def test_spelling(formula, text):
    assert str(formula) == text
    assert_well_formed(text)


@pytest.mark.parametrize("name", GATES)
def test_every_gate(name):
    for point in POINTS[name].ordinary:
        free = len(point) - (name == "exponent_slope")
        leaves = [Value(x, f"x{i}") for i, x in enumerate(point[:free])]
        z = GATES[name](*leaves, *point[free:])
        text = latex(z)
        assert_well_formed(text)
        for leaf, local in zip(leaves, z.local_gradients()):
            assert latex(z, by=leaf).endswith("= " + str(Latex.number(local)))


def in_python(text):
    """A formula of four operations, exp and sigma, as Python."""
    for old, new in (
        (r"\left", ""),
        (r"\right", ""),
        (r"\cdot", "*"),
        (r"\exp", "exp"),
        (r"\sigma", "sigmoid"),
        (r"\sin", "sin"),
        (r"\cos", "cos"),
    ):
        text = text.replace(old, new)
    while r"\frac" in text:
        text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1) / (\2))", text)
    return text.replace("^{", "**(").replace("_{", "_").replace("}", ")").replace("v_1)", "v_1")


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (lambda x, y: x * y + x, (2.0, -3.0)),
        (lambda x, y: (x - y) / (x * y), (2.0, -3.0)),
        (lambda x, y: -(x / y) - y / x, (0.5, 3.0)),
        (lambda x, y: (x - y).exp() / y, (0.5, 3.0)),
        (lambda x, y: sigmoid(x) * -y, (0.5, 3.0)),
        (lambda x, y: (x / y).sin() - (y - x) * 0.5, (0.5, 3.0)),
        (lambda x, y: (x * y).tanh() * x, (0.5, 0.3)),
    ],
)
def test_the_formulas_evaluate_to_the_gradient(make, data):
    x, y = (Value(v, label) for v, label in zip(data, "xy"))
    root = make(x, y)
    order = topological_order([root])
    names = dict(zip(order, "xyabcdefgh" if order[0] is x else "yxabcdefgh"))
    numbers = {name: node.data for node, name in names.items()} | {"exp": math.exp, "sin": math.sin, "cos": math.cos}
    for leaf, slope in zip((x, y), gradient(root, [x, y])):
        *_, formulas, _ = latex(root, by=leaf, names=names).split(" = ")
        assert eval(in_python(formulas), numbers) == pytest.approx(slope.data, rel=1e-14)


@given(recipes())
@steady
def test_random_graphs(recipe):
    root = recipe.run(map(Value, recipe.leaves), GATES.get)[-1]
    assert_well_formed(latex(root))


# ---- gates of one's own ----


def test_gates_of_ones_own():
    swish = gate(lambda x: x * x.sigmoid(), name="swish")
    g = gate(lambda x, y: x * y, name="mix_2")
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z = swish(x)
    assert latex(z).split(" = ")[1] == r"\operatorname{swish}'(x)"
    z = g(x, y) * swish(y)
    assert r"\operatorname{mix\_2}'_{1}(x, y)" in latex(z)
    assert r"\operatorname{mix\_2}'_{2}(x, y)" in latex(z)
    assert_well_formed(latex(z))
    assert str(gate(abs, name="größe")(X)) == r"\operatorname{\text{größe}}(x)"
    cube = gate(lambda x: x**3, rule=lambda z, x: (3.0 * x**2,), name="cube")
    z = cube(x)
    assert latex(z) == r"\frac{\partial z}{\partial x} = 3 \cdot x^{2} = 12"
    assert [str(s) for s in read_rule(swish.form(None), Z, (X,))] == [r"\operatorname{swish}'(x)"]


def test_the_gradient_circuit():
    w, x = Value(2.0, "w"), Value(-1.0, "x")
    [slope] = gradient(relu(w * x + 3.0) * sigmoid(x) + maximum(w, x) + dot([w], [x]), [x])
    assert_well_formed(latex(slope))


# ---- names ----

OF_LATEX = [
    *(
        "x",
        "w0",
        "w_0",
        "x12",
        "x_1_2",
        "alpha",
        "total loss",
        "a  b",
        "x'",
        "f(x)",
        "[x]",
        "x|y",
        "-x",
        "x = 1",
        "&=",
        " = ",
    ),
    *(
        "{",
        "}",
        "{}",
        "}{",
        "\\",
        "\\evil",
        "\\\\",
        "\\end{aligned}",
        "$",
        "$$",
        "%",
        "% gone",
        "#",
        "#1",
        "&",
        "a & b",
        "_",
    ),
    *(
        "^",
        "a^b",
        "a_b",
        "~",
        "<script>",
        '"',
        "`",
        "é",
        "权重",
        "שלום",
        "😀",
        "\n",
        "a\tb",
        "\x00",
        "\ud800",
        "e\u0301",
    ),
    *("x" * 1000, "\\" * 1000, "{" * 1000, "nan", "inf", "1", "3.5"),
]


@pytest.mark.parametrize("name", [*HOSTILE, *OF_LATEX])
def test_hostile_names(name):
    x, y = Value(2.0, name), Value(3.0, name + "2")
    root = sigmoid(x * y) ** y
    root.label = name
    for text in (latex(root), latex(root, by=x), latex(root, by=Value(1.0, name))):
        assert_well_formed(text)
        assert len(re.findall(r"(?<!\\)&", text)) == text.count(r"\\" + "\n") and len(text) < 20_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x", "x"),
        ("w0", "w_{0}"),
        ("w_12", "w_{12}"),
        ("w_1_2", r"\mathrm{w\_1\_2}"),
        ("loss", r"\mathrm{loss}"),
        ("total loss", r"\mathrm{total\ loss}"),
        ("α", r"\alpha"),
        ("ω_2", r"\omega_{2}"),
        ("ο", r"\text{ο}"),  # an omicron is no letter of LaTeX's
        ("a<b", r"\text{a$<$b}"),
        ("50%", r"\text{50\%}"),
        ("a\\b", r"\text{a\textbackslash{}b}"),
        ("é", r"\text{é}"),
        ("x~y^z", r"\text{x\textasciitilde{}y\textasciicircum{}z}"),
    ],
)
def test_names_in_latex(name, text):
    assert name_in_latex(name) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (2.0, "2"),
        (-0.5, "-0.5"),
        (-0.0, "0"),
        (1e-7, r"1 \cdot 10^{-7}"),
        (-1.5e300, r"-1.5 \cdot 10^{300}"),
        (inf, r"\infty"),
        (-inf, r"-\infty"),
        (nan, r"\mathrm{nan}"),
        (1 / 3, "0.333333"),
    ],
)
def test_numbers_in_latex(x, text):
    assert str(Latex.number(x)) == text


def test_lines_that_nobody_reads_are_refused():
    xs = [Value(1.0, f"x{i}") for i in range(MAX_LEAVES + 1)]
    with pytest.raises(ValueError, match="^201 leaves have 201 lines of LaTeX: name one of them, by=x$"):
        latex(sum(xs))
    assert "= 1" in latex(sum(xs), by=xs[0]) and latex(total(xs[1:])).count("&=") == MAX_LEAVES
