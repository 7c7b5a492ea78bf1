"""Local gradients as the lecture writes them: what is shown gives the number beside it."""

import math

import pytest

from scalargrad import Value, backprop_code, exp, latex, maximum, minimum, relu, sigmoid, sqrt, steps, tanh
from scalargrad.views.patterns import gate_sentence
from scalargrad.views.story import Story

POINTS = [(2.0, 3.0, -1.5), (-0.5, 0.25, 7.0), (3.0, 3.0, 3.0), (1.0, 4.0, 4.0), (-2.0, -2.0, 5.0)]
FUNCTIONS = {
    "1 / x": lambda x, y, z: 1 / x,
    "2 / x": lambda x, y, z: 2 / x,
    "x / y": lambda x, y, z: x / y,
    "max of two": lambda x, y, z: maximum(x, y),
    "max of three": lambda x, y, z: maximum(x, y, z),
    "max of one": lambda x, y, z: maximum(x),
    "max with a number": lambda x, y, z: maximum(3.0, x),
    "max with numbers": lambda x, y, z: maximum(1.0, x, 3.0, y),
    "min of two": lambda x, y, z: minimum(x, y),
    "min of three": lambda x, y, z: minimum(x, y, z),
    "min with a number": lambda x, y, z: minimum(y, 3.0),
    "max of itself": lambda x, y, z: maximum(x, x),
    "relu": lambda x, y, z: relu(x),
    "abs": lambda x, y, z: abs(x),
    "sigmoid": lambda x, y, z: sigmoid(x),
    "tanh": lambda x, y, z: tanh(y),
    "exp": lambda x, y, z: exp(x),
    "sqrt": lambda x, y, z: sqrt(z * z),
    "cube": lambda x, y, z: x**3,
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_shown_formula_gives_the_shown_number(function, point):
    x, y, z = map(Value, point)
    f = FUNCTIONS[function](x, y, z)
    known = {"x": x.data, "y": y.data, "z": z.data, "f": f.data, **vars(math), "sigmoid": sigmoid}
    for step in steps(f):
        if step.phase == "backward" and step.node is f and step.local_formula:
            assert math.isclose(eval(step.local_formula, known), step.local_gradient, rel_tol=1e-14)


SPELLED = {
    "1 / x": (lambda x, y, z: 1 / x, ["df/dx = -1 / x ** 2 = -0.25"]),
    "2 / x": (lambda x, y, z: 2 / x, ["df/dx = -f / x = -0.5"]),
    "max": (lambda x, y, z: maximum(x, y), ["df/dx = (x > y) = 0", "df/dy = (y > x) = 1"]),
    "min": (lambda x, y, z: minimum(x, y), ["df/dx = (y > x) = 1", "df/dy = (x > y) = 0"]),
    "max of a number": (lambda x, y, z: maximum(0, x), ["df/dx = (x > 0) = 1"]),
    "max of three": (lambda x, y, z: maximum(x, y, 1.0), ["df/dx = (x >= f) = 0", "df/dy = (y >= f) = 1"]),
    "tie": (
        lambda x, y, z: maximum(y, z),
        ["df/dy = (y >= f) / 2 = 0.5 (a tie)", "df/dz = (z >= f) / 2 = 0.5 (a tie)"],
    ),
    "loser of a tie": (lambda x, y, z: maximum(x, y, z), ["df/dx = (x >= f) / 2 = 0"]),
    "tie with a number": (lambda x, y, z: minimum(2.0, x), ["df/dx = (f >= x) / 2 = 0.5 (a tie)"]),
    "max of nan": (lambda x, y, z: maximum(x, math.nan), ["df/dx = nan"]),
    "relu of nan": (lambda x, y, z: relu(math.nan * x), ["df/dv1 = nan"]),
}


@pytest.mark.parametrize("kind", SPELLED)
def test_local_gradients_read_as_on_the_slide(kind):
    x, y, z = Value(2.0), Value(3.0), Value(3.0)
    function, expected = SPELLED[kind]
    f = function(x, y, z)
    found = [step.shown["slope"] for step in steps(f) if step.phase == "backward" and step.node is f]
    assert found[: len(expected)] == expected


def test_the_rule_is_not_the_spelling():
    """x ** 2 is too large for a float where 1 / x is not: the number is the rule's."""
    x = Value(1e200)
    f = 1 / x
    assert f.local_gradients() == (-0.0,) and steps(f)[1].shown["slope"] == "df/dx = -1 / x ** 2 = 0"
    assert "df * " not in backprop_code(f) and "(-f / x) * df" in backprop_code(f)


def test_latex_reads_as_on_the_slide():
    x, y = Value(2.0), Value(3.0)
    f, m = 1 / x, maximum(x, y)
    assert latex(f).endswith(r" = \frac{-1}{x^{2}} = -0.25")
    assert latex(m, by=x).endswith(r" = \mathbf{1}(x > y) = 0")


def test_a_tie_is_said_in_chinese_too():
    x, y = Value(3.0), Value(3.0)
    f = maximum(x, y)
    story = Story(f, lang="zh")
    assert story.slope(f, 0, "0.5") == "df/dx = (x >= f) / 2 = 0.5（并列）" and "并列" in gate_sentence(story, f)


CODE = {
    "relu": (lambda x, y: relu(x), ["# dx = (x > 0) * df, but nan stays nan"]),
    "max": (lambda x, y: maximum(x, y), ["# dx = (x > y) * df, but nan stays nan and a tie is shared"]),
    "min": (lambda x, y: minimum(1.0, x), ["# dx = (1 > x) * df, but nan stays nan and a tie is shared"]),
    "fork": (lambda x, y: maximum(x, x), ["# dx = (x > x) * df, but ", "# dx += (x > x) * df, but "]),
}


@pytest.mark.parametrize("kind", CODE)
def test_code_has_the_line_of_the_course_as_a_comment(kind):
    x, y = Value(2.0), Value(3.0)
    function, comments = CODE[kind]
    f = function(x, y)
    lines = backprop_code(f).splitlines()
    for comment in comments:
        at = next(i for i, line in enumerate(lines) if line.startswith(comment))
        assert lines[at + 1].startswith(comment.removeprefix("# ").split("=")[0] + "= ") and "step(" in lines[at + 1]
