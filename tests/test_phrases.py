"""The sentences that views say, and their languages."""

import io
import pickle
import re
import string
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import circuit

from scalargrad import (
    Value,
    backprop_code,
    check_gradients,
    draw,
    exp,
    gate,
    language,
    maximum,
    nn,
    page,
    relu,
    steps,
    tree,
)
from scalargrad.gate import SLOPE_OVERFLOWS
from scalargrad.lecture import CIRCUITS
from scalargrad.repl import sentence
from scalargrad.table import GATES
from scalargrad.views import phrases
from scalargrad.views.explain import explain
from scalargrad.views.ledger import ledger, nudge, paths
from scalargrad.views.phrases import LANGUAGES, said_again, say, times
from scalargrad.views.phrases.en import REASONS

# ---- sentences ----


def fields(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_can_be_said(lang):
    with language(lang):
        for name, text in LANGUAGES[lang].items():
            assert "{" not in say(name, **dict.fromkeys(fields(text) - {"times"}, "?"))


def test_every_pattern_has_a_sentence():
    assert {gate.pattern for gate in GATES.values()} <= phrases.LANGUAGES["en"].keys()


@pytest.mark.parametrize(
    "encoding, sign", [("utf-8", "×"), ("latin-1", "×"), ("ascii", "x"), ("cp437", "x"), (None, "×")]
)
def test_times_is_what_the_terminal_can_write(monkeypatch, encoding, sign):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding) if encoding else None
    monkeypatch.setattr(sys, "stdout", stream)
    assert times() == sign


# ---- errors ----


def test_every_reason_of_a_gate_has_a_sentence():
    reasons = {reason for gate in GATES.values() for reason in (gate.domain, gate.steep, gate.overflow)} | {
        SLOPE_OVERFLOWS
    }
    assert reasons == set(REASONS)


@pytest.mark.parametrize(
    "act, sentence",
    [
        (lambda x: (x - 3).log(), "log：输入 x = 0.0，不是正数"),
        (lambda x: (1000 * x).exp(), "exp：输入 x = 3000.0，结果超出了浮点数的范围：请先减去最大的得分"),
        (lambda x: (x - x).sqrt().backward(), "sqrt：输入 x = 0.0，给不出有限的局部梯度：根在 0 处无限陡"),
        (lambda x: gate(lambda y: y.log(), name="mine")(-x), "log：输入 y = -3.0，不是正数"),
        (lambda x: x + "1", ""),
    ],
)
def test_an_error_is_said_again(act, sentence):
    with pytest.raises((ArithmeticError, ValueError, TypeError)) as caught:
        act(Value(3.0, "x"))
    assert said_again(caught.value) == said_again(caught.value, "en") == ""
    with language("zh"):
        assert said_again(caught.value).startswith(sentence) and bool(said_again(caught.value)) == bool(sentence)


def test_facts_of_an_error_go_with_a_copy():
    with pytest.raises(ValueError) as caught:
        Value(-1.0).log()
    assert (
        said_again(pickle.loads(pickle.dumps(caught.value)), "zh")
        == "log：输入 x = -1.0，不是正数：请让它大于 0，例如写成 abs(x) + 1e-9"
    )


# ---- languages ----


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_is_complete(lang):
    english, table = LANGUAGES["en"], LANGUAGES[lang]
    assert table.keys() == english.keys()
    assert {name for name in english if fields(table[name]) != fields(english[name])} == set()


def test_chinese_is_chinese():
    """Between its Chinese words stand formulas, and names of the engine, but no English."""
    names = set(
        "Ctrl FILE JavaScript Python Shift Value abs backward data detach dot draw exp float grad help html inf limit "
        "math maximum minimum name nan playground pyodide print scalargrad sigmoid softplus steps svg tanh total "
        "zero_grad".split()
    )
    names |= {"Page", "Down", "SVM", "softmax", "maxout", "max", "leaky"}
    names |= {name for made in CIRCUITS.values() for name in re.findall("[A-Za-z_]{3,}", made.expression)}
    for text in LANGUAGES["zh"].values():
        words = set(re.findall("[A-Za-z_]{3,}", re.sub(r"\{\w+\}|\w+\.(?:svg|html)", "", text)))
        assert words <= names


STORY = """\
前向传播  x = -2, y = 5, z = -4
  1  q = x + y  = -2 + 5  = 3
  2  f = q * z  = 3 * -4  = -12
反向传播  f.grad = 1
     门         局部梯度        上游 × 局部 = 下游  梯度
  3  f = q * z  df/dq = z = -4  1 × -4 = -4         q.grad 0 -> -4
  4  f = q * z  df/dz = q = 3   1 × 3 = 3           z.grad 0 -> 3
  5  q = x + y  dq/dx = 1       -4 × 1 = -4         x.grad 0 -> -4
  6  q = x + y  dq/dy = 1       -4 × 1 = -4         y.grad 0 -> -4
结果      x.grad = -4, y.grad = -4, z.grad = 3"""


@pytest.fixture
def lecture(monkeypatch):
    monkeypatch.setattr(phrases, "times", lambda: "×")
    x, _, _, _, f = circuit()
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
    assert "5 个值，2 个门，6 步" in made.html and LANGUAGES["zh"]["page begins"] in made.html
    assert LANGUAGES["en"]["page begins"] not in made.html


def test_the_language_stays_with_its_view(lecture):
    """Steps says its sentences when it is asked for them, in the language that it was made for."""
    _, f = lecture
    chinese, english = steps(f, lang="zh"), steps(f)
    assert str(chinese[0]) == str(english[0]) and str(chinese[2]) != str(english[2])
    with language("zh"):
        assert str(english[2]).startswith("f = q * z: local df/dq")
    assert "局部梯度" in str(chinese[2])


def everything(x, f, **lang):
    return [
        *(str(view(x, f, **lang)) for view in (explain, ledger, paths, nudge)),
        *(str(steps(f, **lang)), tree(x + f, **lang), tree(f, limit=1, **lang), page(f, **lang).html),
        *draw(f, **lang)._titles.values(),
    ]


def test_every_view_speaks_the_language_of_its_block(lecture):
    x, f = lecture
    chinese, english = everything(x, f, lang="zh"), everything(x, f, lang="en")
    assert everything(x, f) == english != chinese
    with language("zh"):
        assert everything(x, f) == chinese
        assert everything(x, f, lang="en") == english
        with language("en"):
            assert everything(x, f) == english
        assert say("more", count=3) == "……还有 3 个"
    assert say("more", count=3) == "... and 3 more"


def test_the_checker_a_summary_and_generated_code_in_chinese():
    x, f = Value(3.0, "x"), Value(3.0, "x")
    with language("zh"):
        table = str(check_gradients(lambda x: x * x, [3.0]))
        assert table.split()[:8] == ["斜率", "反向传播", "数值", "误差", "结论", "df/dx", "6", "6"] and table.endswith(
            "正确"
        )
        assert "是不是计算图断了？" in str(check_gradients(lambda x: x * x.detach(), [3.0]))
        assert nn.MLP(3, [4, 2]).summary().endswith("可学习的参数：20 + 6 = 26")
        assert "# 前向传播" in backprop_code(exp(x)) and "# 反向经过" in backprop_code(exp(x))
    assert "# backward pass" in backprop_code(exp(f)) and "# 反向传播" in backprop_code(exp(f), lang="zh")


NAMES = {
    "grad",
    "off",
    "relu",
    "lin",
    "linear",
    "max",
    "maximum",
    "gate",
    "wrong",
    "exp",
    "svg",
}  # of gates, not of sentences


def test_every_sentence_is_a_phrase(monkeypatch, lecture):
    """With all letters of the phrases blotted out, what views say has no words left but names."""
    literal = re.compile(r"(\{\w+\})|\w")
    blotted = {name: literal.sub(lambda found: found[1] or "·", text) for name, text in LANGUAGES["zh"].items()}
    monkeypatch.setitem(LANGUAGES, "zh", blotted)
    x, f = lecture
    n = Value(-1.0, "n")
    off = maximum(n, f) + relu(n) * x
    off.backward()
    wrong = gate(lambda x: x**3, rule=lambda z, x: (2 * x * x,), name="wrong")
    with language("zh"):
        said = [str(view(leaf, r)) for view in (explain, ledger, paths, nudge) for leaf, r in ((x, f), (n, off))]
        said += [str(view(r)) for view in (steps, tree) for r in (f, off)] + [tree(f, limit=1)]
        said += [title for r in (f, off) for title in draw(r)._titles.values()]
        said += [sentence(value) for value in (x, f, off)]
        said += [str(check_gradients(function, [2.0])) for function in (wrong, relu, lambda x: x * x.detach())]
        said += [nn.MLP(3, [4, 2], "relu").summary()]
        said += [line for line in backprop_code(off).splitlines() if line.startswith("#")]
    for text in said:
        assert set(re.findall("[a-z]{3,}", text)) <= NAMES, text


def test_each_thread_speaks_its_own_language():
    with language("zh"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(say, "more", count=3).result() == "... and 3 more"
        assert say("more", count=3) == "……还有 3 个"


def test_after_an_error_the_language_is_as_before():
    with pytest.raises(TypeError):
        explain(1.0, 2.0, lang="zh")
    assert say("more", count=3) == "... and 3 more"


@pytest.mark.parametrize("lang", ["fr", "ZH", "", ["zh"]])
def test_an_unknown_language(lecture, lang):
    x, f = lecture
    for view in (explain, ledger, paths, nudge):
        with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
            view(x, f, lang=lang)
    for view in (steps, tree, draw, page):
        with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
            view(f, lang=lang)
    with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
        language(lang)
