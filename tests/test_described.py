"""What a screen reader says of a picture, in the language of the picture, whatever else stands on the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from conftest import HOSTILE, lecture
from test_nn_drawing import xnor

from scalargrad import Value, draw, language, nn, total
from scalargrad.views.names import clean

SVG = "{http://www.w3.org/2000/svg}"


def told(svg):
    """(title, description), found by the ids that the picture names, and the language."""
    picture = ET.fromstring(svg)
    assert picture.get("role") == "img" and [element.tag for element in picture[:2]] == [f"{SVG}title", f"{SVG}desc"]
    texts = {element.get("id"): element.text for element in picture.iter() if element.get("id")}
    return texts[picture.get("aria-labelledby")], texts[picture.get("aria-describedby")], picture.get("lang")


def ids(svg):
    return re.findall(r'\bid="([^"]+)"', svg)


def lecture_backward():
    f = lecture()
    f.backward()
    return f


def part():
    f = lecture_backward()
    return draw(f, around=f, radius=0)


def two_roots():
    x = Value(3.0, "x")
    twice, square = x * 2, x * x
    return draw([twice, square], names={"twice": twice, "square": square})


def trained_xnor():
    net = xnor()
    net.layers[1].neurons[0].w[1].grad = -3.0
    return net


FORWARD = "Forward through 2 gates: from x = -2, y = 5, z = -4 to f = -12."
FORWARD_ZH = "前向：由 x = -2，y = 5，z = -4 经过 2 个门得到 f = -12。"
COLUMNS = "inputs: 2; layer 1: 2 sigmoid; layer 2: 1 sigmoid."
COLUMNS_ZH = "输入：2 个；第 1 层：2 个 sigmoid；第 2 层：1 个 sigmoid。"
BACKWARD, BACKWARD_ZH = (
    "Backward: x.grad = -4, y.grad = -4, z.grad = 3.",
    "反向：x.grad = -4，y.grad = -4，z.grad = 3。",
)


@pytest.mark.parametrize(
    "make, title, description",
    [
        (lambda: draw(lecture()), "circuit of 5 values and 2 gates", FORWARD),
        (lambda: draw(lecture_backward()), "circuit of 5 values and 2 gates", f"{FORWARD} {BACKWARD}"),
        (part, "circuit of 1 value and 1 gate", f"A part of a circuit, around f. {FORWARD} {BACKWARD}"),
        (
            two_roots,
            "circuit of 3 values and 2 gates",
            "Forward through 2 gates: from x = 3 to twice = 6, square = 9.",
        ),
        (lambda: draw(xnor()), "network of 9 parameters", COLUMNS),
        (
            lambda: nn.draw_network(trained_xnor(), [1, 1]),
            "network of 9 parameters",
            f"{COLUMNS} Forward: s = 1. Backward: the largest gradient is dL/dW2[1][0] = -3.",
        ),
    ],
)
def test_a_picture_has_a_title_and_a_description(make, title, description):
    assert told(make().svg) == (title, description, "en")


@pytest.mark.parametrize(
    "make, title, description",
    [
        (lambda: draw(lecture_backward()), "5 个值、2 个门的计算图", FORWARD_ZH + BACKWARD_ZH),
        (part, "1 个值、1 个门的计算图", f"一个计算图中 f 周围的部分。{FORWARD_ZH}{BACKWARD_ZH}"),
        (
            lambda: nn.draw_network(trained_xnor(), [1, 1]),
            "9 个参数的网络",
            f"{COLUMNS_ZH}前向：s = 1。反向：最大的梯度是 dL/dW2[1][0] = -3。",
        ),
    ],
)
def test_in_the_language_in_force(make, title, description):
    with language("zh"):
        picture = make()
    assert told(picture.svg) == (title, description, "zh")
    assert f'aria-label="{title}' in picture._repr_html_() and f'alt="{title}' in picture._repr_html_()


@pytest.mark.parametrize("label", [label for label in HOSTILE if clean(label)])
def test_names_are_said_as_they_are(label):
    f = Value(-2.0, label) * 2
    assert f"from {clean(label)} = -2 to f = -4." in told(draw(f, names={"f": f}).svg)[1]


def test_many_are_told_of_in_short():
    xs = [Value(float(i), f"x{i}" + "x" * 100) for i in range(300)]
    loss = total(xs)
    loss.backward()
    names = {"loss": loss}
    _, description, _ = told(draw(loss, names=names).svg)
    assert "x11" in description and "x12" not in description and description.count("... (300 in all)") == 2
    assert len(description) < 2_000
    _, description, _ = told(nn.draw_network(nn.MLP(1, [1] * 40, seed=0)).svg)
    assert "layer 11:" in description and "layer 12:" not in description and "... (41 in all)" in description


def test_pictures_on_one_page_share_no_id():
    f = lecture()
    svgs = [draw(f).svg, draw(f, lang="zh").svg, draw(f, direction="TB").svg, draw(xnor()).svg]
    f.backward()
    svgs += [draw(f).svg, draw(f, lang="zh").svg]
    found = [each for svg in svgs for each in ids(svg)]
    assert len(found) == len(set(found)) > 100


def test_the_same_picture_has_the_same_ids():
    assert draw(lecture()).svg == draw(lecture()).svg and draw(xnor()).svg == draw(xnor()).svg


@pytest.mark.parametrize(
    "lang, title, description",
    [
        ("en", "2 plots", "tanh: f(x), df/dx against x; elu: f(x), df/dx against x"),
        ("zh", "2 幅图", "tanh：纵轴 f(x), df/dx，横轴 x；elu：纵轴 f(x), df/dx，横轴 x"),
    ],
)
def test_plots_have_them_too(lang, title, description):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    with language(lang):
        svg = nn.plot_activations(["tanh", "elu"])._repr_svg_()
    assert told(svg) == (title, description, lang)
    named = set(ids(svg))
    assert set(re.findall(r'(?:url\(|href=")#([\w-]+)', svg)) <= named  # what is clipped and used is still found
    assert named.isdisjoint(ids(nn.plot_activations(["tanh", "relu"])._repr_svg_()))


def test_a_plot_without_a_title_is_told_of_without_one():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert told(nn.plot_boundary(lambda x: x[0], [[0.0, 1.0], [1.0, 0.0]], [0, 1])._repr_svg_())[1] == "x2 against x1"
