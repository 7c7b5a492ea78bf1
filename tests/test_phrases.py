"""How views write numbers, and the sentences they say."""

import io
import json
import operator
import re
import string
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings, strategies as st

from scalargrad import Value, page, steps
from scalargrad.table import GATES
from scalargrad.views import phrases
from scalargrad.views.explain import explain
from scalargrad.views.ledger import ledger, nudge, paths
from scalargrad.views.phrases import LANGUAGES, agreeing, clip, number_text, say, speaking, times, width

finite = st.floats(allow_nan=False, allow_infinity=False)

# ---- numbers ----

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


@settings(deadline=None)
@given(finite)
def test_a_number_is_shown_to_six_digits_and_never_as_zero(x):
    shown = float(number_text(x))
    assert (shown == 0.0) == (x == 0.0)
    assert abs(shown - x) <= 5.000001e-6 * abs(x) or abs(x) < 1e-300 or abs(shown) == float("inf")


@settings(deadline=None)
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


# ---- sentences ----


def fields(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_can_be_said(lang):
    with speaking(lang):
        for name, text in LANGUAGES[lang].items():
            assert "{" not in say(name, **dict.fromkeys(fields(text) - {"times"}, "?"))


def test_every_pattern_has_a_sentence():
    assert {gate.pattern for gate in GATES.values()} <= phrases.PHRASES.keys()


@pytest.mark.parametrize(
    "encoding, sign", [("utf-8", "×"), ("latin-1", "×"), ("ascii", "x"), ("cp437", "x"), (None, "×")]
)
def test_times_is_what_the_terminal_can_write(monkeypatch, encoding, sign):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding) if encoding else None
    monkeypatch.setattr(sys, "stdout", stream)
    assert times() == sign


# ---- languages ----


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_is_complete(lang):
    english, table = LANGUAGES["en"], LANGUAGES[lang]
    assert table.keys() == english.keys()
    assert {name for name in english if fields(table[name]) != fields(english[name])} == set()


def test_chinese_is_chinese():
    """Between its Chinese words stand formulas, and names of the engine, but no English."""
    names = {"backward", "data", "detach", "draw", "float", "grad", "help", "inf", "limit", "name", "nan", "print"}
    names |= {"Ctrl", "Value", "scalargrad", "steps", "zero_grad"}
    for text in LANGUAGES["zh"].values():
        words = set(re.findall("[A-Za-z_]{3,}", re.sub(r"\{\w+\}", "", text)))
        assert words <= names


STORY = """\
前向传播  x = -2, y = 5, z = -4
  1  q = x + y  = -2 + 5  = 3
  2  f = q * z  = 3 * -4  = -12
反向传播  f.grad = 1
  3  f = q * z  df/dq = z = -4  1 × -4 = -4  q.grad 0 -> -4
  4  f = q * z  df/dz = q = 3   1 × 3 = 3    z.grad 0 -> 3
  5  q = x + y  dq/dx = 1       -4 × 1 = -4  x.grad 0 -> -4
  6  q = x + y  dq/dy = 1       -4 × 1 = -4  y.grad 0 -> -4
结果      x.grad = -4, y.grad = -4, z.grad = 3"""


@pytest.fixture
def lecture(monkeypatch):
    monkeypatch.setattr(phrases, "times", lambda: "×")
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    q.label, f.label = "q", "f"
    f.backward()
    return x, f


def test_the_lecture_in_chinese(lecture):
    x, f = lecture
    told = steps(f, lang="zh")
    assert str(told) == STORY
    assert str(told[2]) == "f = q * z：局部梯度 df/dq = z = -4，上游梯度 1，下游梯度 1 × -4 = -4，q.grad 0 -> -4"
    assert str(explain(x, f, lang="zh")) == "x.grad = -4：df/dq × dq/dx = -4 × 1 = -4，即沿唯一路径的链式法则"
    assert str(ledger(x, f, lang="zh")) == (
        "x.grad = -4（经由 q = x + y）\n  q = x + y：上游梯度 -4 × 局部梯度 1 = -4，累计 -4"
    )
    assert str(paths(x, f, lang="zh")) == (
        "从 f 到 x 有一条路径，它的乘积就是 x.grad = -4：\n  f -> q -> x：-4 × 1 = -4"
    )
    assert str(nudge(x, f, lang="zh")) == (
        "如果 x 增加 0.01，f 大约变化 -4 × 0.01 = -0.04\n重新计算：f 从 -12 变为 -12.04，变化 -0.04"
    )


def test_a_fork_in_chinese():
    x = Value(3.0, "x")
    assert str(steps(x * x, lang="zh")[-1]).endswith("x.grad 3 + 3 = 6，梯度相加")


def test_a_page_in_chinese(lecture):
    _, f = lecture
    made = page(f, lang="zh")
    assert repr(made) == "<Page of 5 values, 2 gates, 6 steps; .save('circuit.html') writes it>"
    assert '<html lang="zh">' in made.html and "<title>f：前向与反向</title>" in made.html
    assert "5 个值，2 个门，6 步" in made.html and json.dumps(LANGUAGES["zh"]["page begins"]) in made.html
    assert LANGUAGES["en"]["page begins"] not in made.html


def test_the_language_stays_with_its_view(lecture):
    """Steps says its sentences when it is asked for them, in the language that it was made for."""
    x, f = lecture
    chinese, english = steps(f, lang="zh"), steps(f)
    assert str(chinese[0]) == str(english[0]) and str(chinese[2]) != str(english[2])
    with speaking("zh"):
        assert str(english[2]).startswith("f = q * z: local df/dq")
        assert "chain rule" in str(explain(x, f))
    assert say("more", count=3) == "... and 3 more"


def test_each_thread_speaks_its_own_language():
    with speaking("zh"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(say, "more", count=3).result() == "... and 3 more"
        assert say("more", count=3) == "……还有 3 个"


def test_after_an_error_the_language_is_as_before():
    with pytest.raises(TypeError):
        explain(1.0, 2.0, lang="zh")
    assert say("more", count=3) == "... and 3 more"


@pytest.mark.parametrize("lang", ["fr", "ZH", "", None, ["zh"]])
def test_an_unknown_language(lecture, lang):
    x, f = lecture
    for view in (explain, ledger, paths, nudge):
        with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
            view(x, f, lang=lang)
    for view in (steps, page):
        with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
            view(f, lang=lang)


# ---- columns ----


@pytest.mark.parametrize("text, columns", [("", 0), ("abc", 3), ("权重", 4), ("e\u0301", 1), ("θ", 1), ("ａ", 2)])
def test_width(text, columns):
    assert width(text) == columns


@given(st.text(max_size=40), st.integers(7, 30))
def test_clip_leaves_out_the_middle(text, length):
    clipped = clip(text, length)
    assert len(clipped) <= length
    assert clipped == text or (text.startswith(clipped[:1]) and text.endswith(clipped[-1:]) and " ... " in clipped)
