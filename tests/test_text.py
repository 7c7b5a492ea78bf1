"""How numbers and texts are shown."""

import operator
import unicodedata
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from scalargrad import Value, backprop_code, latex, nn, record, steps, tree
from scalargrad.text import agreeing, clip, number_text, width

finite = st.floats(allow_nan=False, allow_infinity=False)

one = Value(1.0)
OF_ONE = [  # (what is shown, with a count of one in it; how it says so)
    (lambda: record(lambda x: one * x, (1.0,), [one]), "1 gate, 1 input, 1 parameter>"),
    (lambda: record(lambda x, y: one * x * y, (1.0, 1.0), [one])([1.0]), "1 argument for a program of 2: x, y"),
    (lambda: nn.fit(nn.MLP(1, [1]), [[1.0]], [1.0], "mse", steps=1), "<History of 1 step: loss"),
    (lambda: nn.fit(nn.MLP(2, [1]), [[1.0, 2.0], [1.0]], [1.0, 2.0], "mse"), "X[1] has 1 number, where"),
    (lambda: nn.MLP(1, [1])([1.0, 2.0]), "takes 1 input, not 2"),
    (lambda: nn.MLP(1, [1]).summary(), "\n1 neuron\n[1 x 1] = 1 weight\n1 bias\n"),
    (lambda: tree(one * 2 * 3, limit=2), "... and 1 more: limit=3 shows all"),
    (lambda: steps(one * 2, upstream=[1.0, 2.0]), "upstream has 2 numbers for 1 root; give"),
]


@pytest.mark.parametrize("run, text", OF_ONE)
def test_one_is_no_plural(run, text):
    try:
        shown = str(run())
    except (TypeError, ValueError) as error:
        shown = str(error)
    assert text in shown


NUMBERS = [
    (-12.0, "-12"),
    (0.7310585786300049, "0.731059"),
    (1e-6, "1e-06"),
    (-1.2345678e-9, "-1.23457e-09"),
    (123456.0, "123456"),
    (1234567.0, "1.23457e+06"),
    (5e-324, "4.94066e-324"),
    (-0.0, "0"),
    (0.0, "0"),
    (float("inf"), "inf"),
    (float("-inf"), "-inf"),
    (float("nan"), "nan"),
]


@pytest.mark.parametrize("number, text", NUMBERS)
def test_number_text(number, text):
    assert number_text(number) == text


@given(finite)
def test_a_number_is_shown_to_six_digits_and_never_as_zero(x):
    shown = float(number_text(x))
    assert (shown == 0.0) == (x == 0.0)
    assert abs(shown - x) <= 5.000001e-6 * abs(x) or abs(x) < 1e-300 or abs(shown) == float("inf")


@given(st.sampled_from([operator.mul, operator.add, operator.truediv]), finite, finite)
def test_what_is_shown_agrees(compute, x, y):
    if compute is operator.truediv and y == 0.0:
        return
    a, b = agreeing(compute, [x, y], compute(x, y))
    assert number_text(compute(float(a), float(b))) == number_text(compute(x, y))
    assert (float(a) == 0.0, float(b) == 0.0) == (x == 0.0, y == 0.0)


def test_no_more_digits_than_it_takes():
    assert agreeing(operator.mul, [2.0, 0.123456789], 0.246913578) == ["2", "0.123457"]
    assert agreeing(operator.mul, [-4.0, 1.0], -4.0) == ["-4", "1"]
    assert agreeing(operator.mul, [1 / 3, 3.0], 1.0) == ["0.3333333", "3"]


def test_digits_are_added_where_rounding_leaves_the_domain():
    x = 0.9999999
    (text,) = agreeing(lambda x: 1.0 / (x - 1.0), [x], 1.0 / (x - 1.0))
    assert text == "0.9999999"


def test_all_digits_where_none_agree():
    assert agreeing(lambda x: 0.0, [1 / 3], 1.0) == [repr(1 / 3)]


@pytest.mark.parametrize("text, columns", [("", 0), ("abc", 3), ("权重", 4), ("e\u0301", 1), ("θ", 1), ("ａ", 2)])
def test_width(text, columns):
    assert width(text) == columns


def test_the_widths_of_letters_are_looked_up_once(monkeypatch):
    """A table measures the same letters many thousand times; of ASCII, all letters are one column wide."""
    looked_up = Counter()
    known = SimpleNamespace(combining=unicodedata.combining, east_asian_width=lambda c: looked_up.update(c) or "N")
    monkeypatch.setattr("scalargrad.text.unicodedata", known)
    for _ in range(3):
        width("1 \u17d8 2 = 2")  # a letter that no other test has
        width("1 * 2 = 2" + "".join(map(chr, range(128))))
    assert looked_up["\u17d8"] == 1 and max(looked_up.values()) == 1 and not looked_up["*"]


@given(st.text(max_size=40), st.integers(7, 30))
def test_clip_leaves_out_the_middle(text, length):
    clipped = clip(text, length)
    assert len(clipped) <= length
    assert clipped == text or (text.startswith(clipped[:1]) and text.endswith(clipped[-1:]) and " ... " in clipped)


@pytest.mark.parametrize(
    "text",
    [
        lambda f: tree(f),
        lambda f: latex(f, by=f.parents[0]),
        lambda f: backprop_code(f),
        lambda f: nn.MLP(2, [3, 1], seed=1).summary(),
    ],
)
def test_a_text_shows_itself_at_a_prompt(text):
    shown = text(Value(2.0, "x") * Value(3.0, "y"))
    assert isinstance(shown, str) and repr(shown) == str(shown) == shown and type(str(shown)) is str
    printed = []
    shown._repr_pretty_(SimpleNamespace(text=printed.append), False)
    assert printed == [shown]


def test_formulas_are_set_in_a_notebook():
    x = Value(2.0, "x")
    shown = latex(x * x, names={"f": x})
    assert shown._repr_latex_() == f"$$\n{shown}\n$$"
