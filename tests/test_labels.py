"""Every label in a picture stands at its own wire: the lecture's figures, in all directions, and on the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from conftest import FIGURES

from scalargrad import Value, dot, draw, page
from scalargrad.views.draw import DIRECTIONS
from scalargrad.views.labels import ROOM, SVG, Label, Wire, shape_of


def dot_of_five():
    w, x = ([Value(i - k, f"{name}{i}") for i in range(5)] for k, name in ((1.5, "w"), (9.0, "x")))
    return dot(w, x, Value(1.0, "b"))


def along(path):
    """Points along a path of Bezier curves, by halving them again and again."""
    knots = [complex(*map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]
    curves = [knots[i : i + 4] for i in range(0, len(knots) - 3, 3)]
    for _ in range(7):
        halves = []
        for a, b, c, d in curves:
            ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
            abc, bcd = (ab + bc) / 2, (bc + cd) / 2
            halves += [[a, ab, abc, (abc + bcd) / 2], [(abc + bcd) / 2, bcd, cd, d]]
        curves = halves
    return [curve[0] for curve in curves]


def away(text, points):
    """How far the nearest of these points is from the letters of a text."""
    size = float(text.get("font-size", "10"))  # as the style of a page says
    x, y, half = float(text.get("x")), float(text.get("y")) - size / 4, 0.3 * size * len(text.text)
    return min(abs(complex(max(abs(p.real - x) - half, 0), max(abs(p.imag - y) - size / 3, 0))) for p in points)


def wires_and_labels(svg):
    edges = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("class", "").startswith("edge")]
    wires = {edge.get("id"): along(edge.find(f"{SVG}path").get("d")) for edge in edges}
    return wires, {edge.get("id"): text for edge in edges for text in edge.findall(f"{SVG}text")}


def circuits_of(root):
    """The pictures of a graph: in all directions, and those on the page."""
    for direction in DIRECTIONS:
        yield draw(root, direction=direction).svg
    yield from re.findall(r"<svg[^>]*viewBox=[^>]*role=.img.*?</svg>", page(root).html, re.S)


def astray(svg):
    """The labels in a picture that are not on their own wire, or no nearer to it than to another."""
    wires, labels = wires_and_labels(svg)
    found = []
    for wire, text in labels.items():
        others = [away(text, points) for other, points in wires.items() if other != wire]
        if away(text, wires[wire]) >= min([1.0, *others]):
            found.append(text.text)
    return found


@pytest.mark.parametrize("make", [*FIGURES.values(), dot_of_five], ids=[*FIGURES, "dot"])
def test_every_label_is_nearer_to_its_own_wire_than_to_any_other(make):
    root = make()
    pictures = [*circuits_of(root)]
    assert len(pictures) > len(DIRECTIONS)
    for svg in pictures:
        assert len(wires_and_labels(svg)[1]) >= len(root.parents) and astray(svg) == []


def outside(node, point):
    """How far a point is outside the shape of a node, a box or an oval."""
    left, top, right, bottom = shape_of(node)
    x, y = abs(point.real - (left + right) / 2), abs(point.imag - (top + bottom) / 2)
    wide, high = (right - left) / 2, (bottom - top) / 2
    if node.find(f"{SVG}ellipse") is not None:
        return max(abs(complex(x / wide, y / high)) - 1, 0) * min(wide, high)
    return abs(complex(max(x - wide, 0), max(y - high, 0)))


def in_the_way(svg, apart):
    """(a wire, a node that it is nearer to than so many points) for every node that is at neither of its ends."""
    nodes = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("class", "").startswith("node")]
    for wire, points in wires_and_labels(svg)[0].items():
        own = [min(nodes, key=lambda node: outside(node, end)) for end in (points[0], points[-1])]
        others = [node for node in nodes if node not in own]
        yield from ((wire, n.get("id")) for n in others if min(outside(n, p) for p in points) < apart)


@pytest.mark.parametrize("name", FIGURES)
def test_no_wire_touches_a_box_or_a_gate_but_its_own(name):
    for svg in circuits_of(FIGURES[name]()):
        assert [*in_the_way(svg, apart=0.4)] == []  # where it is less, two lines look like one


def test_the_second_wire_of_a_score_keeps_away_from_the_next_box():
    assert [*in_the_way(draw(FIGURES["svm_loss"]()).svg, apart=2.0)] == []


@pytest.mark.parametrize("name", FIGURES)
def test_labels_that_are_swapped_are_noticed(name):
    for svg in circuits_of(FIGURES[name]()):
        tree = ET.fromstring(svg)
        local = [group for group in tree.iter(f"{SVG}g") if "local" in group.get("class", "")]
        one, other = (group.find(f"{SVG}text") for group in local[:2])
        for axis in "xy":
            (at_one, at_other) = one.get(axis), other.get(axis)
            one.set(axis, at_other)
            other.set(axis, at_one)
        assert astray(ET.tostring(tree, encoding="unicode"))


def test_a_label_looks_at_the_wires_near_it_only(monkeypatch):
    """In a circuit of several rows, twice as long, twice as many of them are looked at, not four times."""
    looked_at, crosses = Counter(), Wire.crosses

    def counted(wire, box):
        looked_at[size] += 1
        return crosses(wire, box)

    monkeypatch.setattr(Wire, "crosses", counted)
    for size in (40, 80):
        product = Value(0.5, "x")
        for i in range(size):
            product = product * Value(1.5, f"w{i}")
        assert draw(product).svg
    assert size < looked_at[80] < 3 * looked_at[40]


# ---- where a label is moved to ----


def label_on(path):
    text = ET.Element("text", {"x": "50", "y": "2.5", "font-size": "10"})
    text.text = "1"
    return Label(text, Wire(path), upright=False)


STRAIGHT = "M0,0C100,0 200,0 300,0"


def test_a_label_without_a_free_place_is_tried_once_at_each_and_stays():
    label, tried = label_on(STRAIGHT), []
    before = label.box
    label.move(lambda box: tried.append(round((box[0] + box[2]) / 2, 6)))
    assert label.box == before and len(tried) == len(set(tried))


@pytest.mark.parametrize("room", ROOM)
def test_a_label_takes_the_nearest_place_with_the_most_room_that_there_is(room):
    height = 1.2 * 10 + 2 * room
    label = label_on(STRAIGHT)
    label.move(lambda box: box[0] > 100 and (box[3] - box[1] < height + 0.1 or room == ROOM[0]))
    assert 100 + room < label.box[0] < 100 + room + 300 / 20
