"""Networks as pictures: every weight a wire, numbers where they belong, and text that can be read."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from conftest import HOSTILE

from scalargrad import Value, draw, gate, nn, sigmoid
from scalargrad.nn import drawing as room
from scalargrad.views.layout import GREEN, RED, SVG, plain_id
from scalargrad.views.names import clean

MARGIN = 6.0  # points between the letters of a number and the nearest wire of another weight
READABLE = 9.0  # px, where the picture is 850 px wide
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def xnor():
    """The network of the slide: hidden AND and NOR, output OR."""
    net = nn.MLP(2, [2, 1], "sigmoid", seed=0)
    net.layers[1] = nn.Layer(2, 1, "sigmoid", seed=0)
    net.label_parameters()
    rows = [(20, 20, -30), (-20, -20, 10), (20, 20, -10)]
    for neuron, row in zip([*net.layers[0].neurons, *net.layers[1].neurons], rows):
        for p, number in zip([*neuron.w, neuron.b], row):
            p.data = number
    return net


def small():
    return nn.MLP(2, [3, 1], "tanh", seed=1)


def moons():
    return nn.MLP(2, [16, 16, 1], seed=1)


MODELS = {
    "xnor": xnor,
    "2-3-1": small,
    "moons": moons,
    "assignment": lambda: nn.TwoLayerNet(4, 10, 3, seed=0),
    "maxout": lambda: nn.MLP(2, [2, 1], "maxout", seed=0, pieces=3),
    "layer": lambda: nn.Layer(3, 2, seed=0),
    "neuron": lambda: nn.Neuron(3, seed=0),
    "one maxout": lambda: nn.Maxout(2, seed=0),
}


def groups(picture, kind):
    """{id: group} of the elements of one class."""
    found = ET.fromstring(picture.svg).iter(f"{SVG}g")
    return {plain_id(group): group for group in found if re.fullmatch(kind, group.get("class", ""))}


def texts(group):
    return [text.text.replace(NO_BREAK_SPACE, " ") for text in group.findall(f"{SVG}text")]


def titles(picture, kind):
    return [group.findtext(f"{SVG}title") for group in groups(picture, kind).values()]


def boxes(picture):
    """{name: [numbers]} of inputs and neurons."""
    return {name: numbers for name, *numbers in map(texts, groups(picture, "node value .*").values())}


def all_texts(picture):
    return [text.text.replace(NO_BREAK_SPACE, " ") for text in ET.fromstring(picture.svg).iter(f"{SVG}text")]


# ---- every weight a wire ----


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_is_one_wire_and_says_so(name):
    model = MODELS[name]()
    named = model.named_parameters()
    said = titles(nn.draw_network(model), "edge weight")
    assert sorted(said) == sorted(f"{name} = {p.data:.6g}, dL/d{name} = -" for name, p in named.items())


@pytest.mark.parametrize("name", MODELS)
def test_a_wire_shows_the_sign_and_the_size_of_its_weight(name):
    model = MODELS[name]()
    data = {name: p.data for name, p in model.named_parameters().items()}
    largest = max(map(abs, data.values()))
    picture = nn.draw_network(model)
    wires = groups(picture, "edge weight")
    thickest = 4.0 if len(groups(picture, "node number")) == len(wires) else 2.0
    for wire in wires.values():
        weight, path = data[wire.findtext(f"{SVG}title").partition(" = ")[0]], wire.find(f"{SVG}path")
        sign = room.POSITIVE if weight > 0 else room.NEGATIVE if weight < 0 else room.NEITHER
        assert path.get("stroke") == sign and (path.get("stroke-dasharray") is not None) == (weight < 0)
        assert float(path.get("stroke-width", 1)) == pytest.approx(
            0.4 + (thickest - 0.4) * abs(weight) / largest, abs=0.006
        )


def test_the_network_of_the_slide():
    picture = nn.draw_network(xnor(), [1, 1])
    numbers = [text for group in groups(picture, "node number").values() for text in texts(group)]
    assert sorted(numbers) == sorted("20 20 -30 -20 -20 10 20 20 -10".split())
    assert boxes(picture) == {
        "x[0]": ["1"],
        "x[1]": ["1"],
        "h1[0]": ["1", "-"],
        "h1[1]": ["9.36e-14", "-"],
        "s": ["1", "-"],
    }
    assert {"inputs: 2", "layer 1: 2 sigmoid", "layer 2: 1 sigmoid"} <= set(all_texts(picture))


@pytest.mark.parametrize("weight", [0.0, math.inf, -math.inf, math.nan])
def test_a_weight_of_any_size(weight):
    model = small()
    model.layers[0].W[0][0].data = weight
    said = titles(nn.draw_network(model), "edge weight")
    assert f"W1[0][0] = {weight:g}, dL/dW1[0][0] = -" in said


# ---- outputs and gradients ----


def test_outputs_are_those_of_the_model_and_nothing_is_recorded():
    model, x = small(), [Value(0.5), Value(-1.0)]
    hidden, [score] = model.layer_outputs(x)
    shown = boxes(nn.draw_network(model, x))
    assert [shown[f"h1[{j}]"][0] for j in range(3)] == [f"{h.data:.3g}" for h in hidden]
    assert shown["s"][0] == f"{score.data:.3g}" and [shown["x[0]"], shown["x[1]"]] == [["0.5", "-"], ["-1", "-"]]
    assert all(p.grad == 0.0 for p in model.parameters())


def test_dashes_before_backward_and_gradients_after():
    model, x = small(), [Value(0.5, "height"), -1.0]
    before = nn.draw_network(model, x)
    assert all(numbers[1:] in ([], ["-"]) for numbers in boxes(before).values())
    ((model(x) - 1) ** 2).backward()
    after = nn.draw_network(model, x)
    layers = {"h1": model.layers[0], "s": model.layers[1]}
    shown = boxes(after)
    for j, b in enumerate(layers["h1"].b):
        assert shown[f"h1[{j}]"][1] == f"{b.grad:.3g}"
    assert shown["s"][1] == f"{layers['s'].b[0].grad:.3g}" and shown["height"][1] == f"{x[0].grad:.3g}"
    assert shown["x[1]"] == ["-1"]
    for name, p in model.named_parameters().items():
        assert f"{name} = {p.data:.6g}, dL/d{name} = {p.grad:.3g}" in titles(after, "edge weight")
    assert f"height = 0.5, dL/dheight = {x[0].grad:.3g}" in titles(after, "node value leaf")


def test_outputs_are_green_and_gradients_red():
    for group in groups(nn.draw_network(small(), [1, 2]), "node value (inner|root)").values():
        assert [text.get("fill") for text in group.findall(f"{SVG}text")] == [None, GREEN, RED]


def test_a_maxout_neuron_has_the_gradients_of_all_its_pieces():
    model = nn.Maxout(2, seed=0)
    model([1.0, 2.0]).backward()
    picture = nn.draw_network(model, [1.0, 2.0])
    grads = [f"{piece.b.grad:.3g}" for piece in model.pieces]
    assert sorted(grads) == ["0", "1"] and boxes(picture)["s"][1] == ", ".join(grads)
    assert f"dL/db[0] = {grads[0]}, dL/db[1] = {grads[1]}" in titles(picture, "node value root")[0]


# ---- what is too wide, and what is too large ----


def test_a_long_column_is_folded_with_a_count():
    model = nn.MLP(2, [64, 1], seed=0)
    picture = nn.draw_network(model)
    assert "... 54 more" in all_texts(picture)
    assert [name for name in boxes(picture) if name[0] == "h"] == [f"h1[{j}]" for j in [*range(9), 63]]
    assert len(groups(picture, "edge weight")) == 10 * 3 + 10 + 1  # and the last bias
    assert "more" not in " ".join(all_texts(nn.draw_network(moons())))
    assert "... 7 more" in all_texts(nn.draw_network(nn.Neuron(17, seed=0)))


def test_a_large_network_is_one_box_per_layer():
    model = nn.MLP(784, [32, 10], seed=1)
    shapes = [["W1 784 x 32, b1 32", "25,120 parameters"], ["W2 32 x 10, b2 10", "330 parameters"]]
    empty = ["outputs -", "largest |dL/dw| -"]
    assert boxes(draw(model)) == {
        "inputs: 784": [],
        "layer 1: 32 relu": [*empty, *shapes[0]],
        "layer 2: 10 linear": [*empty, *shapes[1]],
    }
    x = [0.01 * i for i in range(784)]
    layers = model.layer_outputs(x)
    nn.softmax_loss([layers[-1]], [3]).backward()
    shown = boxes(nn.draw_network(model, x))
    for i, (name, outputs) in enumerate(zip(list(shown)[1:], layers)):
        data, grads = [h.data for h in outputs], [abs(p.grad) for p in model.layers[i].parameters()]
        said = [f"outputs {min(data):.3g} to {max(data):.3g}", f"largest |dL/dw| {max(grads):.3g}"]
        assert shown[name] == [*said, *shapes[i]]


def test_the_pieces_of_a_large_maxout_layer_are_counted():
    shown = boxes(nn.draw_network(nn.Layer(40, 20, "maxout", pieces=3, seed=0)))
    assert shown["layer 1: 20 maxout"][2:] == ["W1 40 x 20 x 3, b1 60", "2,460 parameters"]


# ---- fit ----


@pytest.mark.parametrize("name", MODELS)
def test_text_can_be_read_at_850_px(name):
    model = MODELS[name]()
    (nn.l2(model.parameters()) * 0.001).backward()
    svg = ET.fromstring(nn.draw_network(model, [0.123456] * model.n_inputs).svg)
    wide = float(svg.get("viewBox").split()[2])
    smallest = min(float(text.get("font-size")) for text in svg.iter(f"{SVG}text"))
    assert smallest * 850 / wide >= READABLE


def straight(wire):
    """The ends of a wire: all its points are on the line between them."""
    numbers = re.findall(r"(-?[\d.]+),(-?[\d.]+)", wire.find(f"{SVG}path").get("d"))
    points = [(float(x), float(y)) for x, y in numbers]
    (x0, y0), (x1, y1) = points[0], points[-1]
    assert all(abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) < 0.02 * (x1 - x0) for x, y in points)
    return points[0], points[-1]


def height_at(ends, x):
    (x0, y0), (x1, y1) = ends
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)


def middle(text):
    size = float(text.get("font-size"))
    return float(text.get("x")), float(text.get("y")) - 0.3 * size, 0.3 * size * len(text.text)


@pytest.mark.parametrize("x", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_headings_stand_in_one_line_above_all_wires(name, x):
    model = MODELS[name]()
    picture = nn.draw_network(model, [0.123456] * model.n_inputs if x else None)
    headings = [
        text
        for group in groups(picture, "node").values()
        for text in group.findall(f"{SVG}text")
        if re.match("inputs|layer", text.text)
    ]
    spans = sorted((middle(text)[0] - middle(text)[2], middle(text)[0] + middle(text)[2]) for text in headings)
    assert len(headings) == len({id(text) for text in headings}) >= 2
    assert len({text.get("y") for text in headings}) == 1
    assert all(end + 9 < start for (_, end), (start, _) in zip(spans, spans[1:]))
    below = float(headings[0].get("y")) + 5
    assert all(y > below for wire in groups(picture, "edge weight").values() for _, y in straight(wire))


@pytest.mark.parametrize("name", ["xnor", "2-3-1", "layer", "neuron"])
def test_every_number_stands_on_its_own_wire_and_on_no_other_number(name):
    model = MODELS[name]()
    picture = nn.draw_network(model, [0.5] * model.n_inputs)
    wires = {wire.findtext(f"{SVG}title"): straight(wire) for wire in groups(picture, "edge weight").values()}
    numbers = [
        (*middle(group.find(f"{SVG}text")), group.findtext(f"{SVG}title"))
        for group in groups(picture, "node number").values()
    ]
    assert len(numbers) == len(wires) == len(model.parameters())
    for i, (x, y, half, title) in enumerate(numbers):
        (x0, _), (x1, _) = wires[title]
        assert x0 + half < x < x1 - half and height_at(wires[title], x) == pytest.approx(y, abs=1.0)
        assert all(abs(x - x2) > half + half2 or abs(y - y2) > 11 for x2, y2, half2, _ in numbers[:i])


NUMBERED = {"2-3-1": (2, 3, 1), "2-4-1": (2, 4, 1), "2-2-1": (2, 2, 1), "3-4-2": (3, 4, 2), "3-3-1": (3, 3, 1)}
NUMBERED_MODELS = {name: lambda s=s: nn.MLP(s[0], [*s[1:]], seed=1) for name, s in NUMBERED.items()} | {"xnor": xnor}


@pytest.mark.parametrize("name", NUMBERED_MODELS)
def test_every_number_is_clear_of_all_wires_but_its_own(name):
    picture = nn.draw_network(NUMBERED_MODELS[name]())
    wires = {wire.findtext(f"{SVG}title"): straight(wire) for wire in groups(picture, "edge weight").values()}
    numbers = groups(picture, "node number").values()
    assert numbers
    for group in numbers:
        own, (x, y, half) = group.findtext(f"{SVG}title"), middle(group.find(f"{SVG}text"))
        across, down = [x - half, x, x + half], [y - 3, y, y + 3]  # what its letters cover
        for title, ((x0, y0), (x1, y1)) in wires.items():
            along = [i / 200 for i in range(201)]
            points = [complex(x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in along]
            away = min(
                abs(complex(max(across[0] - p.real, 0, p.real - across[2]), max(down[0] - p.imag, 0, p.imag - down[2])))
                for p in points
            )
            assert away < 1 if title == own else away > MARGIN, (own, title)


def test_the_pieces_of_a_maxout_neuron_have_ends_of_their_own():
    picture = nn.draw_network(nn.Maxout(2, seed=0))
    ends = [straight(wire)[1] for wire in groups(picture, "edge weight").values()]
    assert len(ends) == 6 and len(set(ends)) == 2


# ---- as other pictures ----


def test_draw_asks_the_model():
    model = small()
    picture = draw(model)
    assert picture.source == nn.draw_network(model).source and picture._repr_svg_() == picture.svg
    assert repr(picture) == "<Drawing of 2 -> 3 tanh -> 1 linear, 13 parameters; .save('network.svg') writes it>"


def test_draw_asks_any_object():
    class Own:
        def _drawing_(self, engine, lang):
            return nn.draw_network(small(), [1, 2], engine, lang)

    assert draw(Own(), lang="zh").source == nn.draw_network(small(), [1, 2], lang="zh").source


def test_the_same_model_gives_the_same_bytes():
    assert nn.draw_network(moons(), [1, 2]).svg == nn.draw_network(moons(), [1, 2]).svg


def test_a_picture_in_chinese():
    said = " ".join(all_texts(nn.draw_network(small(), [1, 2], lang="zh")))
    assert "输入" in said and "第 1 层" in said and "layer" not in said and "green" not in said


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels(label):
    picture = nn.draw_network(small(), [Value(1.0, label), 2.0])
    name = clean(label) or "x[0]"
    assert list(boxes(picture).items())[0] == (name.replace(NO_BREAK_SPACE, " "), ["1", "-"])
    assert titles(picture, "node value leaf")[0] == f"{name} = 1, dL/d{name} = -"
    assert len(groups(picture, "edge weight")) == 13


def test_an_activation_of_ones_own_is_named():
    swish = gate(lambda x: x * sigmoid(x), name="swish")
    picture = nn.draw_network(nn.MLP(2, [2, 1], swish, seed=0), [1.0, 2.0])
    assert "layer 1: 2 swish" in all_texts(picture)


# ---- what cannot be drawn ----


class Line(nn.Module):
    def __init__(self):
        self.slope = Value(2.0)


@pytest.mark.parametrize("wrong", [Line(), [1, 2], None, "MLP", Value(1.0)], ids=lambda wrong: type(wrong).__name__)
def test_what_is_no_network(wrong):
    with pytest.raises(TypeError, match=f"a Maxout can be drawn as a network, not {type(wrong).__name__} .*; draw"):
        nn.draw_network(wrong)


def test_draw_of_a_module_that_is_no_network():
    with pytest.raises(TypeError, match="can be drawn as a network, not Line"):
        draw(Line())


def test_a_frozen_copy():
    with pytest.raises(TypeError, match="a frozen copy has plain numbers for parameters"):
        draw(small().frozen())


@pytest.mark.parametrize("x", [[1.0], [1.0, 2.0, 3.0], []])
def test_another_count_of_inputs(x):
    with pytest.raises(ValueError, match=f"this network takes 2 inputs, not {len(x)}"):
        nn.draw_network(small(), x)


@pytest.mark.parametrize("x", [3.0, ["a", 1.0], [None, 1.0]])
def test_inputs_that_are_no_numbers(x):
    with pytest.raises(TypeError):
        nn.draw_network(small(), x)


def test_layers_that_do_not_fit():
    model = small()
    model.layers[1] = nn.Layer(4, 1, seed=0)
    with pytest.raises(ValueError, match="layer 1 has 3 outputs, layer 2 takes 4 inputs"):
        draw(model)


@pytest.mark.parametrize("only", [{"names": {}}, {"lines": {}}, {"direction": "TB"}, {"around": Value(1.0)}], ids=str)
def test_what_only_circuits_can_be_asked(only):
    with pytest.raises(TypeError, match="are for circuits, not for MLP"):
        draw(small(), **only)


def test_a_language_or_an_engine_that_is_not_there():
    with pytest.raises(ValueError, match="lang='de'"):
        draw(small(), lang="de")
    with pytest.raises(ValueError, match="engine='svg'"):
        nn.draw_network(small(), engine="svg")


@pytest.mark.parametrize("name", ["network.jpg", "network"])
def test_a_file_of_an_unknown_kind(name, tmp_path):
    with pytest.raises(ValueError, match="a network can be saved as .svg"):
        draw(small()).save(tmp_path / name)
