"""Typed expressions: a small part of Python means what Python means; everything else is refused, with the place."""

import ast
import math

import pytest
from hypothesis import assume, given, settings, strategies as st

from scalargrad import Value, evaluate
from scalargrad.expression import FUNCTIONS, MAX_CHARACTERS, ExpressionError
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.text import width

HELPERS = {"step", "power_slope", "exponent_slope"}
OF_PROGRAMS = {"given_gradients"}  # takes what a program has worked out
ON_FLOATS = {"__builtins__": {}, **FUNCTIONS}  # they take floats too, and no complex numbers


def used(text, numbers):
    """Those of the numbers whose names the text uses, as far as it is Python."""
    try:
        walked = list(ast.walk(ast.parse("\n".join(line.strip() for line in text.splitlines()))))
    except (SyntaxError, ValueError):
        return {}
    names = {node.id for node in walked if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return {name: number for name, number in numbers.items() if name in names}


def gates_of(text, values):
    return [node.gate.name for node in topological_order([evaluate(text, values)]) if node.gate]


# ---- what is allowed ----


def test_the_lecture():
    f = evaluate("q = x + y; f = q * z", {"x": -2, "y": 5, "z": -4})
    f.backward()
    grads = {node.label: (node.data, node.grad) for node in topological_order([f])}
    assert grads == {"x": (-2, -4), "y": (5, -4), "q": (3, -4), "z": (-4, 3), "f": (-12, 1)}


XY = {"x": 0.75, "y": -1.5}
GOOD = [
    *(
        "x",
        "-x",
        "+x",
        "--x",
        "x + y",
        "x - y",
        "x * y",
        "x / y",
        "x ** 2",
        "2 ** x",
        "x ** y",
        "abs(y)",
        "(x)",
        "((x)) + 1",
    ),
    *(
        "-x ** 2",
        "(-x) ** 2",
        "2 ** -x",
        "x ** 2 ** 0.5",
        "x - y - 1",
        "x - (y - 1)",
        "x / y / 2",
        "x / (y / 2)",
        "-x * y",
    ),
    *("1", "1 + 2", "0x10 * x", "1_000 * x", "1e-3 * x", ".5 * x", "3 * 4 / x"),
    *(
        "exp(x)",
        "log(x)",
        "sqrt(x)",
        "sin(x)",
        "cos(x)",
        "tanh(x)",
        "sigmoid(x)",
        "softplus(y)",
        "relu(y)",
        "elu(y, 2)",
    ),
    *(
        "leaky_relu(y)",
        "leaky_relu(y, slope=0.3)",
        "leaky_relu(y, x)",
        "elu(y, alpha=x)",
        "maximum(x, y, 0)",
        "minimum(x)",
    ),
    *("total([x, y, 3])", "total([])", "dot([x, y], [y, 2])", "dot([x], [y], 1)", "dot([x], [2], bias=y)", "exp(2)"),
    *(
        "exp(sigmoid(x * y) - maximum(0, x))",
        "x * y  # a comment",
        "x\t*\ty",
        "(x\n+ y)",
        "x + \\\n y",
        "x * y;",
        "\n\n x\n",
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_an_expression_means_what_python_means(text):
    assert evaluate(text, used(text, XY)).data == eval(text.strip().rstrip(";"), ON_FLOATS, XY)


@pytest.mark.parametrize(
    "text", ["a = x + 1; b = a * a; a - b", "a = x + 1\nb = a * a\na - b", "a=x+1;b=a*a\na-b # end"]
)
def test_statements_end_with_a_semicolon_or_a_line(text):
    f = evaluate(text, {"x": 2})
    assert (f.data, f.label) == (-6.0, "f")


def trees():
    """Random expressions as text, with all parentheses."""
    leaves = st.sampled_from(["x", "y", "z", "2", "0.5", "3.0", "1e-3"])
    return st.recursive(
        leaves,
        lambda part: (
            st.tuples(part, st.sampled_from("+ - * / **".split()), part).map(lambda t: f"({' '.join(t)})")
            | part.map(lambda a: f"(-{a})")
            | st.tuples(st.sampled_from(["tanh", "sigmoid", "relu", "sin", "abs"]), part).map(
                lambda t: f"{t[0]}({t[1]})"
            )
            | st.tuples(part, part).map(lambda t: f"maximum({t[0]}, {t[1]})")
        ),
        max_leaves=10,
    )


@given(trees())
def test_random_expressions_mean_what_python_means(text):
    numbers = {"x": 0.7, "y": -1.3, "z": 2.5}
    try:
        expected = eval(text, ON_FLOATS, numbers)
    except (ArithmeticError, TypeError, ValueError):
        expected = None
    if expected is None or isinstance(expected, complex):
        with pytest.raises(ExpressionError):
            evaluate(text, used(text, numbers))
    else:
        assume(abs(expected) < 1e15)  # from 2 ** 53 on Python's ints are not floats
        assert evaluate(text, used(text, numbers)).data == expected


def test_every_gate_but_the_helpers_can_be_written():
    operators = {"add", "sub", "mul", "div", "neg", "pow"}
    assert FUNCTIONS.keys() == GATES.keys() - HELPERS - OF_PROGRAMS - operators


@pytest.mark.parametrize(
    "text, gates", [("a - b", ["sub"]), ("a / b", ["div"]), ("-a * b", ["neg", "mul"]), ("a * b", ["mul"])]
)
def test_one_gate_for_one_operator(text, gates):
    assert gates_of(text, {"a": 2, "b": 3}) == gates


def test_plain_numbers_are_reckoned_at_once():
    assert gates_of("(1 + 2) * x ** (1 + 1)", {"x": 2}) == ["pow", "mul"]


# ---- names ----


@pytest.mark.parametrize(
    "text, label",
    [("x * 2", "f"), ("loss = x * 2", "loss"), ("x", "x"), ("y = x", "x"), ("g = 3 * x; g", "g"), ("权 = x + 1", "权")],
)
def test_the_root_is_labelled(text, label):
    assert evaluate(text, {"x": 2}).label == label


def test_a_root_without_a_name_is_no_second_f():
    assert evaluate("f * 2", {"f": 3}).label == ""


def test_names_are_compared_as_python_compares_them():
    assert evaluate("ﬁ * 2", {"fi": 3}).data == evaluate("fi * 2", {"ﬁ": 3}).data == 6.0
    with pytest.raises(ExpressionError, match="^fi is given twice$"):
        evaluate("fi", {"fi": 1.0, "\ufb01": 2.0})


def test_a_plain_number_becomes_a_leaf():
    f = evaluate("a = 3; a * a")
    assert f.data == 9.0 and f.parents[0] is f.parents[1] and f.parents[0].label == "a"


def test_values_are_checked():
    with pytest.raises(TypeError):
        evaluate("x", {"x": "2"})


def test_pi_is_known_unless_the_name_is_given_or_assigned():
    f = evaluate("f = 2 * pi * x", {"x": 0.5})
    assert f.data == 2 * math.pi * 0.5 and [leaf.label for leaf in f.parents] == ["x"]
    assert evaluate("pi * x", {"x": 2.0, "pi": 3.0}).data == 6.0
    assert evaluate("pi = 3; pi * x", {"x": 2.0}).data == 6.0


# ---- what is refused: text, what the caret points at (None: there is no caret), a part of the message ----

REFUSED = [
    # not Python
    ("x +", "", "it ends where a number, a name or a bracket is expected"),
    ("x y", "y", "an operator is missing before y"),
    ("2 * (x) y", "y", "an operator is missing before y"),
    ("sin x", "x", "sin is a gate: write sin(...)"),
    ("x × y", "×", "write * for ×"),
    ("x²", "²", "write ** 2 for ²"),
    ("=x", "=x", "no name stands before ="),
    ("x * * y", "* y", "* cannot stand here"),
    ("(x", "(x", "never closed"),
    ("x)", ")", "unmatched"),
    ("f = ", "", "it ends where"),
    ("2x", None, "not an expression: write 2 * x"),
    ("x + 0.5y1", None, "not an expression: write 0.5 * y1"),
    ("2(x)", "2(", "a product is written with *"),
    ("(x + 1)(x - 1)", "(x + 1)", "a product is written with *"),
    ("x = = y", "= y", "= cannot stand here"),
    ("x $ y", "$ y", "allowed are numbers, names, + - * / ** and gates such as exp(x)"),
    ("a = x; b = * y", "* y", ""),
    # no expression
    ("", None, "there is no expression"),
    (" \n ", None, "there is no expression"),
    ("# x", None, "there is no expression"),
    ("x\0y", None, "not an expression"),
    ("\ud800", None, "not an expression"),
    # attributes, items, calls of anything but a gate
    ("x.exp()", "x.exp", "a function is called as exp(x)"),
    ("x.data", "x.data", "not as x.exp()"),
    ("x.__class__.__mro__", "x.__class__", "exp(x)"),
    ("(1).__class__", "(1)", "exp(x)"),
    ("x[0]", "x[0]", "x[0] is no part"),
    ("eval(x)", "eval", "eval is no gate; there are abs, exp"),
    ("max(x, 1)", "max", "max is no gate; write maximum(x, y)"),
    ("softmax([x, y])", "softmax", "softmax is no gate; write exp(x) / (exp(x) + exp(y))"),
    ("tan(x)", "tan", "tan is no gate; write sin(x) / cos(x)"),
    ("sinh(x)", "sinh", "write (exp(x) - exp(-x)) / 2"),
    ("cosh(x)", "cosh", "write (exp(x) + exp(-x)) / 2"),
    ("log2(x)", "log2", "write log(x) / log(2)"),
    ("log10(x)", "log10", "write log(x) / log(10)"),
    ("atan(x)", "atan", "atan is no gate; there are abs"),
    ("sum(x, 1)", "sum", "sum is no gate; write total([x, y])"),
    ("math.exp(x)", "math.exp", "a function is called as exp(x), not as x.exp() or math.exp(x)"),
    ("exec(x)", "exec", "is no gate"),
    ("__import__(x)", "__import__", "is no gate"),
    ("open(1)", "open", "is no gate"),
    ("print(x)", "print", "is no gate"),
    ("step(x, 1, 1)", "step", "is no gate"),
    ("mul(x, x)", "mul", "is no gate"),
    ("f(x)", "f(", "f is no gate"),
    ("exp(x)(x)", "exp(x)(", "exp(x)(x) is no part of an expression; allowed"),
    ("(lambda: x)()", "(lambda", "(lambda: x)() is no part"),
    ("exp(*x)", "*x", "*x is no part"),
    ("dot(**x)", "dot", "** is no part of an expression here"),
    ("exp(x.y)", "x.y", "exp(x)"),
    # other statements
    ("import os", "import", "import os is no part"),
    ("from os import path", "from", "from os import path is no part"),
    ("del x", "del", "del x is no part"),
    ("pass", "pass", "pass is no part"),
    ("x += 1", "x +=", "name every result once, with ="),
    ("a: int = x", "a:", "a: int = x is no part"),
    ("assert x", "assert", "assert x is no part"),
    ("global x", "global", "global x is no part"),
    ("def f(): pass", "def", "def f(): pass is no part"),
    ("for i in x: y = i", "for", "for i in x: y = i is no part"),
    ("x * 2; y = x", "x * 2", "only the last expression may go without a name"),
    # other expressions
    ("'x'", "'x'", "'x' is no part"),
    ("b'x'", "b'x'", "is no part"),
    ("f'{x}'", "f'", "f'{x}' is no part"),
    ("x + 'y'", "'y'", "'y' is no part"),
    ("True", "True", "True is no part"),
    ("None", "None", "None is no part"),
    ("...", "...", "... is no part"),
    ("1j * x", "1j", "1j is no part"),
    ("x + (y := 2)", "y :=", "y := 2 is no part"),
    ("x < y", "x < y", "a comparison has no gradient; maximum and minimum have"),
    ("f == x", "f ==", "a statement is written name = expression, with one ="),
    ("f(x) = x * x", "f(x)", "a statement is written name = expression, and ; separates statements"),
    ("x * y = f", "x * y", "a statement is written name = expression"),
    ("3 = x", "3 =", "a statement is written name = expression"),
    ("a = x + y, f = a * x", None, "; separates statements"),
    ("(a = x)", None, "a statement is written name = expression"),
    ("lambda * x", "lambda", "lambda is a word of Python: choose another name"),
    ("class = x", "class", "class is a word of Python"),
    ("True = x", "True", "True is a word of Python"),
    ("x if x else y", "x if", "a choice has no gradient"),
    ("x and y", "x and", "x and y is no part"),
    ("not x", "not", "not x is no part"),
    ("~x", "~", "~x is no part"),
    ("x ^ 2", "^ 2", "a power is written **"),
    ("x + y // 2", "// 2", "write /"),
    ("x % 2", "% 2", "it is no gate"),
    ("x @ y", "@ y", "x @ y is no part"),
    ("x << 2", "<< 2", "x << 2 is no part"),
    ("(x, y)", "(x, y)", "(x, y) is no part"),
    ("{x}", "{x}", "{x} is no part"),
    ("{x: y}", "{x: y}", "{x: y} is no part"),
    ("[x for x in y]", "[x", "[x for x in y] is no part"),
    ("await x", "await", "await x is no part"),
    ("yield x", "yield", "yield x is no part"),
    # lists and gates in the wrong place
    ("[x, y]", "[x, y]", "a list is an input of total, dot or pick only"),
    ("a = [x]; total(a)", "[x]", "a list is"),
    ("x * [y]", "* [y]", "not list"),
    ("-[x]", "-[x]", "not list"),
    ("exp([x])", "exp", "a list is an input of total, dot or pick only"),
    ("total([[x]])", "total", "not list"),
    ("total(x)", "total", "total takes a list"),
    ("total(x, y)", "total", "argument"),
    ("dot([x], [x, y])", "dot", "1 weight and 2 inputs"),
    ("maximum()", "maximum", "takes one value or more"),
    ("exp()", "exp", "argument"),
    ("exp(x, y)", "exp", "argument"),
    ("abs(x, y)", "abs", "argument"),
    ("exp(x, power=2)", "exp", "power"),
    ("exp + x", "exp", "exp is a gate: write exp(...)"),
    ("x * total", "total", "total is a gate"),
    # assignments
    ("a = x; a = y", "a = y", "a has a value already"),
    ("exp = x", "exp", "exp is a gate: choose another name"),
    ("a = b = x", "a = b", "a statement is written name = expression"),
    ("a, b = x, y", "a, b", "name = expression"),
    ("x[0] = y", "x[0]", "name = expression"),
    ("q = x; r = y; q * q", "r = y", "r is not used by what follows"),
    ("q = x\nr = q\nq * y", "r = q", "r is not used by what follows"),
    ("given_gradients(x, [y], [x])", "given", "given_gradients is no gate"),
    ("b = a; a = x", "a; a", "a is used before it is assigned"),
    ("a = a + x", "a + x", "a is used before it is assigned"),
    # gates without a result
    ("log(-x)", "log", "log: input x = -2.0 is not positive"),
    ("y + log(x - x)", "log", "log: input x = 0.0"),
    ("log(-y) + x / 0", "log", "log: input x = -3.0"),
    ("x / 0", "/ 0", "div: inputs x = 2.0, y = 0.0 divide by zero"),
    ("x / (x - x)", "/ (x", "divide by zero"),
    ("(x + y) / 0", "/ 0", "divide by zero"),
    ("1 / 0", "/ 0", "divide by zero"),
    ("exp(1000 * x)", "exp", "exp: input x = 2000.0 cannot give a result that fits a float"),
    ("(-8) ** (x / 6)", "** (x", "have no finite real power"),
    ("10 ** 400", "** 400", "fits a float"),
    ("9 ** 9 ** 9 * x", "** 9 ** 9 * x", "fits a float"),
    (f"1{'0' * 400} * x", "1", "too large"),
    ("x * 1e400", "1e400", "1e400 is too large for a float, which ends at 1.8e308"),
    (f"1{'0' * 5000}", None, ""),
    # the second line
    ("a = x + y\nb = a ^ 2\na + b", "^ 2", "a power is written **"),
    ("a = x\n\n  b = a.data", "a.data", "exp(x)"),
    ("a = (x +\n y ^ 2)", "^ 2)", "a power"),
    ("x\t+\ty.a", "y.a", "exp(x)"),
    # wide letters
    ("权重 = x; 权重.data", "权重.data", "exp(x)"),
    ("θ = x ^ 2", "^ 2", "a power"),
]


@pytest.mark.parametrize(
    "name, like", [("sigmod", "sigmoid"), ("Relu", "relu"), ("maxmum", "maximum"), ("sinn", "sin")]
)
def test_a_misspelt_gate_is_recognised(name, like):
    with pytest.raises(ExpressionError, match=f"^{name} is no gate; did you mean {like}\\?"):
        evaluate(f"{name}(x)", {"x": 1.0})


@pytest.mark.parametrize("text, place, reason", REFUSED, ids=[text[:30] for text, _, _ in REFUSED])
def test_refusals(text, place, reason):
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, used(text, {"x": 2.0, "y": 3.0}))
    message, *lines = str(caught.value).split("\n")
    assert reason in message
    if place is not None:
        line, caret = lines
        assert line.strip().strip(".") in text.replace("\t", " ")
        assert columns_before(line, place) == caret.index("^") and caret.strip() == "^"


def columns_before(line, place):
    """The columns in front of the last occurrence of `place`; of the end of the line for an empty one."""
    assert place in line
    return width(line[: line.rindex(place)])


def test_a_place_in_a_long_line_is_shown_with_what_is_around_it():
    text = "x + " * 500 + "x.data" + " + x" * 500
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, {"x": 1.0})
    _, line, caret = str(caught.value).split("\n")
    assert len(line) <= 78 and line[caret.index("^") :].startswith("x.data")
    assert line.strip().startswith("...") and line.endswith("...")  # it is not what was typed, but a part of it


@pytest.mark.parametrize(
    "text, values, reason",
    [
        ("q * z", {}, "no value for q, z: give numbers, as in q=2 z=2"),
        ("x * y", {"x": 1.0}, "no value for y: give numbers, as in y=2"),
        ("x", {"x": 1.0, "y": 2.0, "b": 3.0}, "b has a value, but the expression has no such name"),
        ("a = 2; a * x", {"x": 1.0, "a": 2.0}, "a has a value already"),
        ("x = 2", {"x": 1.0}, "x has a value, but the expression assigns it"),
        ("a = x", {"x": 1.0, "a": 2.0}, "a has a value, but the expression assigns it"),
        ("exp(x)", {"x": 1.0, "exp": 2.0}, "exp has a value, but the expression has no such name"),
    ],
)
def test_names_and_values_that_do_not_fit(text, values, reason):
    with pytest.raises(ExpressionError, match=f"^{reason}"):
        evaluate(text, values)


def test_an_expression_error_is_a_value_error():
    assert issubclass(ExpressionError, ValueError)


def test_an_expression_is_text():
    with pytest.raises(TypeError, match=r"an expression is text, such as 'f = x \* y', not int 3"):
        evaluate(3)


def test_nothing_is_run(capsys):
    for text in ("print(1)", "__import__('os').system('echo ran')", "[print(1) for _ in [1]]", "exec('print(1)')"):
        with pytest.raises(ExpressionError):
            evaluate(text)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["1or x", "x if 1else 2", "'\\d'", "x is 2"])
def test_pythons_own_warnings_stay_out_of_it(text, recwarn):
    with pytest.raises(ExpressionError):
        evaluate(text, {"x": 1.0})
    assert list(recwarn) == []


# ---- any text at all ----

TOKENS = [
    *["x", "y", "1", "2.5", "0", "1e400", "1j", "'x'", "None", "exp", "log", "sqrt", "total", "dot", "maximum", "elu"],
    *["+", "-", "*", "/", "**", "//", "^", "(", ")", "[", "]", ",", ";", "\n", " ", "=", "==", "<", ".", ":", "if"],
    *["else", "lambda", "max", "alpha=", "*", "#", "\\", "_", "θ", "{", "}", "not", "\t", "\x00"],
]


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # of `used`, which asks Python
@settings(max_examples=500)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join) | st.text(max_size=20))
def test_any_text_is_a_value_or_refused_in_words(text):
    numbers = used(text, {"x": 2.0, "y": 3.0})
    try:
        f = evaluate(text, numbers)
    except ExpressionError as error:
        assert str(error) and len(str(error).split("\n")) in (1, 3)
    else:
        assert isinstance(f, Value)


# ---- size and depth ----


def test_size_limit():
    assert evaluate("x" + " " * (MAX_CHARACTERS - 1), {"x": 1.0}).data == 1.0
    with pytest.raises(ExpressionError, match=f"has {MAX_CHARACTERS + 1} characters; {MAX_CHARACTERS} are allowed"):
        evaluate("x" + " " * MAX_CHARACTERS, {"x": 1.0})


DEEP = {
    "parentheses": "(" * 4999 + "x" + ")" * 4999,
    "open parentheses": "(" * MAX_CHARACTERS,
    "minus": "-" * (MAX_CHARACTERS - 1) + "x",
    "sum": "x + " * 2499 + "x",
    "power": "x**" * 3333 + "x",
    "calls": "exp(" * 1999 + "x" + ")" * 1999,
    "lists": "[" * 5000 + "]" * 5000,
    "attributes": "x" + ".a" * 4999,
    "items": "x" + "[0]" * 3333,
    "comparison": "x<" * 4999 + "x",
    "choice": "x if x else " * 800 + "x",
    "lambda": "lambda:" * 1400 + "x",
    "not": "not " * 2400 + "x",
}


@pytest.mark.parametrize("shape", DEEP)
def test_deep_nesting_is_evaluated_or_refused(shape):
    try:
        assert math.isfinite(evaluate(DEEP[shape], {"x": 1.0}).data)
    except ExpressionError as error:
        assert len(str(error).split("\n")) in (1, 3)


@pytest.mark.parametrize(
    "text, data", [("x + " * 500 + "x", 501.0), ("-" * 500 + "x", 1.0), ("(" * 90 + "x" + ")" * 90, 1.0)]
)
def test_what_a_person_would_type_is_deep_enough(text, data):
    assert evaluate(text, {"x": 1.0}).data == data


def test_many_statements():
    text = "a0 = x;" + ";".join(f"a{i} = a{i - 1} + x" for i in range(1, 500))
    f = evaluate(text, {"x": 1.0})
    assert (f.data, f.label) == (500.0, "a499") and isinstance(f, Value)
