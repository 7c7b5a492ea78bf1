"""Long circuits are folded into rows; nothing is lost where they are cut."""

from __future__ import annotations

import itertools
import random
import re
import xml.etree.ElementTree as ET

import pytest
from conftest import FIGURES
from test_layout import recurrence, sums

from scalargrad import Value, draw, micrograd, page
from scalargrad.graph import topological_order
from scalargrad.views.layout import SVG, plain_id
from scalargrad.views.rows import FRAME, MARKS, Columns
from scalargrad.views.story import Story

WIDEST = 850 * 10 / 9  # points that are shown on 850 pixels with letters of 9 pixels, where they have 10 points


def chain(count):
    y = Value(1.0, "x")
    for i in range(count):
        y = y.tanh() if i % 2 else y * 1.5
    return y


def micrograd_loss():
    """The loss of two examples, with a gate for every product and sum."""
    random.seed(1)
    model = micrograd.MLP(2, [3, 1])
    return sum((model(xs) - y) ** 2 for xs, y in (([1.0, -2.0], 1.0), ([0.5, 1.0], -1.0)))


LONG = {"chain": chain(300), "sum": sums(100, Value(1.0, "x")), "recurrence": recurrence(30)}
LONG["loss"] = micrograd_loss()
FOLDED = {"logic-xnor"}
FOLDED_ON_A_PAGE = {"sigmoid-staged", "sigmoid_neuron"}  # which has room for the numbers of its readers
LONG["sum of an inner value"] = sums(120, Value(2.0, "x") * 3)


def groups(svg, kind):
    return [g for g in ET.fromstring(svg).iter(f"{SVG}g") if kind in g.get("class", "").split()]


def words(group):
    return [text.text.replace("\N{NO-BREAK SPACE}", " ") for text in group.findall(f"{SVG}text")]


def height(group):
    return float(group.find(f"{SVG}text").get("y"))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_the_lecture_is_folded_only_where_it_would_be_too_wide(name):
    root = FIGURES[name]()
    recorded = re.search(r'<div class="circuit">.*?</div>', page(root).html, re.S)[0]
    assert ("cluster" in draw(root).source) == (name in FOLDED)
    assert ("cluster" in recorded) == (name in FOLDED | FOLDED_ON_A_PAGE)


@pytest.mark.parametrize("name", FIGURES)
def test_no_leaf_of_a_figure_of_the_lecture_is_drawn_again(name):
    root = FIGURES[name]()
    for picture in (draw(root).svg, page(root).html):
        assert 'class="node value' in picture and 'leaf again"' not in picture


def test_the_wire_of_a_leaf_goes_on_in_another_row():
    root = FIGURES["staged-computation"]()
    apart = re.findall(r"<svg[^>]*viewBox=[^>]*role=.img.*?</svg>", page(root).html, re.S)[1]
    assert ["... x"] in [words(g) for g in groups(apart, "beyond")]


@pytest.mark.parametrize("name", LONG)
def test_a_long_circuit_is_folded_and_no_wider_than_a_page(name):
    root = LONG[name]
    svg = draw(root).svg
    assert float(ET.fromstring(svg).get("viewBox").split()[2]) <= WIDEST
    order = topological_order([root])
    own = [g for g in groups(svg, "value") if "again" not in g.get("class")]
    assert len(own) == len(order)  # every value has one place of its own
    assert len(groups(svg, "gate")) == sum(1 for node in order if node.gate)
    assert len(groups(svg, "local")) == sum(len(node.parents) for node in order)
    assert not [frame for row in groups(svg, "row") for frame in row.findall(f"{SVG}polygon")]


def test_rows_follow_each_other_downwards():
    gates = {plain_id(g): height(g) for g in groups(draw(LONG["chain"]).svg, "gate")}
    heights = [gates[f"g{i}"] for i in range(1, 301)]
    assert all(below > above - 1 for above, below in zip(heights, heights[1:])) and heights[-1] > heights[0] + 500


def test_a_leaf_of_several_rows_is_drawn_again_and_says_where_its_gradient_adds_up():
    svg = draw(LONG["recurrence"]).svg
    copies = groups(svg, "again")
    assert {words(copy)[0] for copy in copies} == {"w", "u", "b"}
    for copy in copies:
        assert words(copy)[1:] in (["0.5", "drawn again"], ["0.3", "drawn again"], ["0.1", "drawn again"])
        assert "its gradient adds up in the one box that shows it" in copy.findtext(f"{SVG}title")


def test_an_inner_value_is_never_drawn_again_but_its_wire_goes_on():
    root = LONG["sum of an inner value"]
    svg = draw(root, names={"h": topological_order([root])[1]}).svg
    assert not groups(svg, "again")
    goes_on = [g for g in groups(svg, "beyond") if words(g) == ["... h"]]
    assert len(goes_on) > 10
    assert {g.findtext(f"{SVG}title") for g in goes_on} == {"h = 6, which comes from another row"}
    assert words(groups(svg, "beyond")[0])[0].startswith("...")


def test_the_page_is_folded_as_well():
    html = page(LONG["recurrence"]).html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) and html.count('class="cluster row"') > 10


def test_upright_pictures_are_not_folded():
    assert "cluster" not in draw(chain(60), direction="TB").source


# ---- where it is cut ----


def best_cuts(columns, widest):
    """By trying all ways: the fewest wires that are cut where all rows fit, and then the fewest cuts."""
    places = range(1, columns.last)
    ways = [cuts for k in range(len(places) + 1) for cuts in itertools.combinations(places, k)]

    def fits(cuts):
        rows = zip([0, *cuts], [*cuts, columns.last])
        return all(
            sum(columns.boxes[a : b + 1]) + sum(columns.wires[a + 1 : b + 1]) <= widest or b == a + 1 for a, b in rows
        )

    def wires(cuts):
        return sum(crossing(columns, cut) for cut in cuts)

    return min((wires(cuts), len(cuts)) for cuts in ways if fits(cuts))


def crossing(columns, cut):
    """The values on the one side of a cut that are used on the other; a leaf stands beside its first use."""
    place = columns.column
    crossed = 0
    for node in columns.shown:
        used = [place[use] for use in columns.uses[node]]
        own = place[node] if node.gate else min(used, default=0)
        crossed += own <= cut and max(used, default=0) > cut
    return crossed


@pytest.mark.parametrize("seed", range(30))
def test_it_is_cut_where_the_fewest_wires_are(seed):
    chance = random.Random(seed)
    values = [Value(1.0, f"x{i}") for i in range(3)]
    for _ in range(12):
        values.append(chance.choice(values[-4:]) + chance.choice(values))
    story = Story(values[-1])
    boxes = {node: chance.uniform(20, 60) for node in story.order}
    wires = {node: chance.uniform(20, 60) for node in story.gates}
    columns = Columns(story.order, story.uses, boxes, wires, (), 50.0)
    widest = chance.uniform(150, 400)
    ends = columns._ends(widest)
    assert (sum(crossing(columns, end) for end in ends), len(ends)) == best_cuts(columns, widest)


def test_a_bound_that_no_row_can_keep_gives_a_row_for_each_gate():
    story = Story(chain(40))
    boxes, gates = dict.fromkeys(story.order, 9.0), dict.fromkeys(story.gates, 9.0)
    columns = Columns(story.order, story.uses, boxes, gates, (), 9.0)
    rows = columns.folded(1.0)
    assert [rows[node] for node in story.order] == [0, *range(40)]
    assert columns.width() == 41 * 9 + 40 * 9 + FRAME and columns.width([20]) == 21 * 9 + 20 * 9 + FRAME + MARKS
