"""The sentences that views say, and their languages."""

import contextlib
import html
import inspect
import io
import itertools
import pickle
import re
import string
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import circuit, lecture as lecture_root

import scalargrad
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
from scalargrad.__main__ import main as command_line
from scalargrad.gate import SLOPE_OVERFLOWS
from scalargrad.lecture import CIRCUITS
from scalargrad.nn import health, pictures
from scalargrad.repl import sentence
from scalargrad.table import GATES
from scalargrad.views import phrases
from scalargrad.views.explain import explain
from scalargrad.views.ledger import ledger, nudge, paths
from scalargrad.views.page import template
from scalargrad.views.phrases import LANGUAGES, said_again, say, times
from scalargrad.views.phrases.en import REASONS, REFUSALS

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
        (lambda x: x + "1", "这里要一个实数，而不是 str '1'：文字不是数；如果它写的是一个数，请用 float(...) 转换"),
        (lambda x: x if x else 0.0, "Value 没有真假之分：请写成比较"),
        (lambda x: exp([x]), "exp 只接受一个数，而不是 list [Value(3.0, label='x')]：请写 [exp(v) for v in values]"),
        (lambda x: x.exp(1), ""),
    ],
)
def test_an_error_is_said_again(act, sentence):
    with pytest.raises((ArithmeticError, ValueError, TypeError)) as caught:
        act(Value(3.0, "x"))
    assert said_again(caught.value) == said_again(caught.value, "en") == ""
    with language("zh"):
        assert said_again(caught.value).startswith(sentence) and bool(said_again(caught.value)) == bool(sentence)


REFUSED = [True, "1", None, 1j, [1.0], object()]


def test_every_refusal_is_said_again():
    x = Value(3.0, "x")
    acts = [
        *(lambda given=given: x + given for given in REFUSED),
        lambda: Value(x),
        lambda: bool(x),
        lambda: x % 2,
        lambda: x + 10**400,
    ]
    said = set()
    for act in acts:
        with pytest.raises((TypeError, OverflowError)) as caught:
            act()
        facts = getattr(caught.value, "facts", None)
        said.add(facts[1]["reason"] if facts else str(caught.value))
        assert not facts or say(facts[0], "en", **facts[1]).replace("...", "'1'") == str(caught.value)
        assert re.search("[一-鿿]", said_again(caught.value, "zh"))
    assert said == set(REFUSALS)


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
        "Ctrl FILE JavaScript Python Shift Value abs backward data detach dot draw exp explain float grad help html "
        "inf limit math maximum minimum name nan playground pyodide print scalargrad sigmoid softplus steps svg tanh "
        "pick total zero_grad".split()
    )
    names |= {"return", "real", "imag", "int", "for", "values"}
    names |= {"Page", "Down", "SVM", "softmax", "maxout", "max", "leaky"}
    names |= {name for made in CIRCUITS.values() for name in re.findall("[A-Za-z_]{3,}", made.expression)}
    for text in LANGUAGES["zh"].values():
        words = set(re.findall("[A-Za-z_]{3,}", re.sub(r"\{\w+\}|\w+\.(?:svg|html)", "", text)))
        assert words <= names


STORY = """\
前向传播  x = -2，y = 5，z = -4
  1  q = x + y  = -2 + 5  = 3
  2  f = q * z  = 3 * -4  = -12
反向传播  f.grad = 1
     门         局部梯度        上游 × 局部 = 下游  梯度
  3  f = q * z  df/dq = z = -4  1 × -4 = -4         q.grad 0 -> -4
  4  f = q * z  df/dz = q = 3   1 × 3 = 3           z.grad 0 -> 3
  5  q = x + y  dq/dx = 1       -4 × 1 = -4         x.grad 0 -> -4
  6  q = x + y  dq/dy = 1       -4 × 1 = -4         y.grad 0 -> -4
结果      x.grad = -4，y.grad = -4，z.grad = 3"""


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


# ---- nothing is said that is no phrase ----


def off():
    """A leaf, and a circuit in which it has no effect."""
    n = Value(-1.0, "n")
    f = maximum(n, lecture_root()) + relu(n) * Value(2.0, "x")
    f.label = "f"
    f.backward()
    return n, f


def told(view):
    """What a view of one value says: of a parent of the root, and of a leaf without effect."""
    f = lecture_root()
    return [str(view(f.parents[0], f)), str(view(*off()))]


def read(page):
    """What a reader sees of an HTML page, or hears: its text, and the titles of its elements; not the code on it."""
    page = re.sub(r'(?s)<(script|style)\b.*?</\1>|<[^>]* lang="en".*?</a>|<(\w+)[^>]* class="code".*?</\2>', "", page)
    texts = [*re.split("<[^>]*>", page), *re.findall(r'(?:title|aria-label|placeholder)="([^"]*)"', page)]
    return [html.unescape(text) for text in texts]


def plotted(picture):
    from matplotlib.text import Text

    return [found.get_text() for found in picture.figure.findobj(Text)]


def printed(*arguments):
    """What the command line prints, and what stands on the pages that it writes."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert command_line(["--lang", "zh", *arguments]) == 0
        pages = [path.read_text("utf-8") for path in Path().glob("**/*.html") if path.name != "en.html"]
        return [out.getvalue(), *itertools.chain.from_iterable(map(read, pages))]


def trained():
    model, (X, y) = nn.MLP(2, [4, 1], "relu", seed=1), nn.moons(8, seed=1)
    with contextlib.redirect_stderr(io.StringIO()) as told:
        told.isatty = lambda: True
        history = nn.fit(model, X, y, "max_margin", epochs=2, validation=(X, y), progress=True)
    return model, X, y, history, told.getvalue()


def networks():
    """The titles in pictures of networks, of a small one and of one that is a box per layer."""
    for model in (nn.MLP(2, [2, 1]), nn.MLP(2, [40, 1])):
        yield from nn.draw_network(model)._titles.values()


def of_health(plot):
    model, X, y, _, _ = trained()
    model.layers[0].b[0].data = -100.0
    layers = nn.layer_health(model, X, y, "max_margin")
    return plotted(nn.plot_health(layers)) if plot else list(map(str, layers))


wrong = gate(lambda x: x**3, rule=lambda z, x: (2 * x * x,), name="wrong")
SAID = {  # by everything public that says something
    **{view.__name__: lambda view=view: told(view) for view in (explain, ledger, paths, nudge)},
    "steps": lambda: [str(steps(root)) for root in (lecture_root(), off()[1])],
    "tree": lambda: [tree(off()[1]), tree(lecture_root(), limit=1)],
    "draw": lambda: [title for root in (lecture_root(), off()[1]) for title in draw(root)._titles.values()],
    "page": lambda: read(page(lecture_root()).html),
    "backprop_code": lambda: [line for line in backprop_code(off()[1]).splitlines() if line.startswith("#")],
    "check_gradients": lambda: [str(check_gradients(f, [2.0])) for f in (wrong, relu, lambda x: x * x.detach())],
    "sentence": lambda: [sentence(value) for value in (*off(), lecture_root())],
    "summary": lambda: [nn.MLP(3, [4, 2], "relu").summary()],
    "fit": lambda: [trained()[-1]],
    "draw_network": lambda: [*networks()],
    "layer_health": lambda: of_health(plot=False),
    "plot_health": lambda: of_health(plot=True),
    "plot_history": lambda: plotted(nn.plot_history(trained()[3])),
    "plot_boundary": lambda: plotted(nn.plot_boundary(*trained()[:3])),
    "plot_activations": lambda: plotted(nn.plot_activations()),
    **{name: lambda name=name: printed(f"--{name}", f"{name}.html") for name in ("lecture", "practice", "playground")},
    "folder": lambda: printed("--playground", "playground"),
    "help": lambda: printed("--help"),
    "command line": lambda: printed("x * y", "x=2", "y=3", "--svg", "a.svg", "--html", "a.html"),
}
NO_SENTENCES = set(GATES) | set(nn.ACTIVATIONS)
# names of gates, options, files, keys, and of what a page needs; no words of a sentence
NO_SENTENCES |= set(
    "grad off leaky lin linear max maxout wrong svg html lang name DIR FILE Home End Page Down scalargrad python "
    "number expression version help open step tree repl lecture practice playground http server localhost".split()
)


def left(said):
    """The words in a text in which all letters of the phrases are blotted out, but for names."""
    return set(re.findall("[A-Za-z]{3,}", "\n".join(said))) - NO_SENTENCES


@pytest.fixture
def blotted(monkeypatch):
    """Chinese in which every letter is a dot: what is not a phrase stands out."""
    letters = re.compile(r"(\{\w+\})|\w|[^\0-\x7f]")
    phrases = {name: letters.sub(lambda found: found[1] or "·", text) for name, text in LANGUAGES["zh"].items()}
    monkeypatch.setitem(LANGUAGES, "zh", phrases)
    monkeypatch.setattr(pictures, "_chinese_font", lambda: ("DejaVu Sans",))  # which has the dots
    template.cache_clear()
    with language("zh"):
        yield
    template.cache_clear()


@pytest.mark.parametrize("name", SAID)
def test_every_sentence_is_a_phrase(blotted, name):
    if name.startswith("plot_"):
        pytest.importorskip("matplotlib")
    said = SAID[name]()
    assert any(said) and left(said) == set()


def test_a_sentence_that_is_no_phrase_is_found(blotted, monkeypatch):
    monkeypatch.setattr(health, "say", lambda phrase, **parts: " all units pass ")
    assert left(SAID["layer_health"]()) == {"all", "units", "pass"}


def test_everything_that_has_a_language_is_looked_at():
    public = {name: getattr(room, name) for room in (scalargrad, nn) for name in room.__all__}
    spoken = {name for name, thing in public.items() if callable(thing) and "lang" in _parameters(thing)}
    assert spoken - {"language"} <= SAID.keys()
    assert {name for name in nn.__all__ if name.startswith("plot_")} <= SAID.keys()


def _parameters(thing):
    try:
        return inspect.signature(thing).parameters
    except ValueError:  # of a class without one
        return {}


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
