"""The story of a graph: every view tells it, and each part of it is computed once."""

import re
from pathlib import Path

import pytest

from scalargrad import (
    Value,
    backprop_code,
    draw,
    explain,
    gate,
    latex,
    ledger,
    maximum,
    nudge,
    page,
    paths,
    sigmoid,
    steps,
    tree,
)
from scalargrad.composite import Composite
from scalargrad.graph import topological_order
from scalargrad.views import names, story as room
from scalargrad.views.story import Story

VIEWS = {
    "steps": lambda x, f: str(steps(f)),
    "tree": lambda x, f: tree(f),
    "draw": lambda x, f: draw(f).svg,
    "code": lambda x, f: backprop_code(f),
    "latex": lambda x, f: latex(f),
    "page": lambda x, f: page(f).html,
    "ledger": lambda x, f: ledger(x, f),
    "paths": lambda x, f: paths(x, f),
    "nudge": lambda x, f: nudge(x, f),
    "explain": lambda x, f: explain(x, f),
}


def circuit():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    return x, (x + y) * z


@pytest.fixture
def counted(monkeypatch):
    """The roots of every walk through a graph, and one entry for every look at the caller's variables."""
    walks, searches = [], []
    search = names._variables

    def walk(roots):
        walks.append(list(roots))
        return topological_order(walks[-1])

    for module in ("composite", "views.story", "views.causes"):
        monkeypatch.setattr(f"scalargrad.{module}.topological_order", walk)
    monkeypatch.setattr(names, "_variables", lambda: searches.append(1) or search())
    return walks, searches


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_walks_the_graph_once_and_looks_for_names_once(counted, view):
    walks, searches = counted
    x, f = circuit()
    VIEWS[view](x, f)
    assert (walks, len(searches)) == ([[f]], 1)


def test_a_page_walks_once_more_to_take_a_graph_apart(counted):
    walks, searches = counted
    _, f = circuit()
    root = sigmoid(f)
    assert page(root).html
    recorded, once_more, apart = walks
    assert recorded == [root] and once_more == apart != [root] and len(searches) == 1


def test_nobody_else_walks_or_names():
    """The test above counts all: no other file of the views calls these two."""
    for path in sorted(Path(room.__file__).parent.rglob("*.py")):
        calls = set(re.findall(r"\b(topological_order|names_of)\(", path.read_text(encoding="utf-8")))
        own = {"story": {"topological_order", "names_of"}, "causes": {"topological_order"}, "names": {"names_of"}}
        own["javascript"] = {"topological_order"}  # of the graph inside a composite gate
        assert calls <= own.get(path.stem, set()), path.name


# ---- its parts ----


def test_each_part_is_computed_once(monkeypatch):
    spelled, swept = [], []
    formula_text, chain_rule = room.spelling.formula_text, room.chain_rule
    monkeypatch.setattr(room.spelling, "formula_text", lambda n, names: spelled.append(n) or formula_text(n, names))
    monkeypatch.setattr(room, "chain_rule", lambda *given: swept.append(1) or chain_rule(*given))
    x, f = circuit()
    story = Story(f, names={"f": f})
    assert spelled == swept == []
    for _ in range(2):
        assert (story.formula(f), story.gradients[x], len(story.edges)) == ("v1 * z", -4.0, 4)
    assert (spelled, swept) == ([f], [1])


def test_a_story_taken_apart_keeps_names_upstream_lines_and_language():
    @gate
    def swish(x):
        return x * x.sigmoid()

    x = Value(2.0, "x")
    f = swish(x)
    lines = {f: "here:1"}
    story = Story([f, f], names={"f": f}, upstream=[2, 3], lines=lines, lang="zh")
    apart, equal = story.taken_apart(lambda g: isinstance(g, Composite))
    assert [node.gate.name for node in apart.gates] == ["sigmoid", "mul"]
    assert (apart.names[equal[f]], apart.names[x]) == ("f", "x")
    assert (apart.upstream, apart.lines, apart.lang) == ([2.0, 3.0], lines, "zh")
    assert apart.gradients[x] == pytest.approx(story.gradients[x], rel=1e-15)


def test_nothing_to_take_apart_gives_the_same_story():
    story = Story(circuit()[1])
    assert story.taken_apart(lambda g: False) == (story, {node: node for node in story.order})


def test_kinds():
    x, f = circuit()
    q, z = f.parents
    story = Story([f, z])
    assert [story.kind(node) for node in (x, q, z, f)] == ["leaf", "inner", "root", "root"]


def test_a_value_beside_the_graph_has_a_name_too():
    x, f = circuit()
    other = maximum(Value(1.0), 2.0) + x
    story = Story(f, also=[other])
    assert other in story.names and other not in story.order and story.order == topological_order([f])
