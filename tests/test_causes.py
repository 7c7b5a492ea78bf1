"""Which cause of a gradient comes first: on random graphs, against slopes that are changed by brute force."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from gate_points import wild_recipe

from scalargrad import Value, maximum, minimum, relu, sigmoid, tanh
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.views.explain import explain

KINDS = {
    "saturated": {"saturated"},
    "small weights": {"weights"},
    "zero weight": {"weights"},
    "relu off": {"off"},
    "lost": {"loses"},
    "cancellation": {"cancels"},
    "tiny": {"scales", "weights"},  # of a single weight too
    "flat": {"scales"},
}


def shrinking_graph(chance):
    """x and a root behind small weights, gates that saturate or close, and forks that nearly cancel."""
    x = Value(chance.uniform(-2.0, 2.0), "x")
    nodes = [x]
    makers = [
        lambda a, b: a * chance.choice([0.01, 0.1, -0.05, 3.0, 0.0, 1e-3]),
        lambda a, b: a * Value(chance.choice([0.01, -0.2, 5.0, 0.0, 1e-4, 100.0])),
        lambda a, b: sigmoid(a + chance.choice([0.0, 6.0, -7.0])),
        lambda a, b: tanh(a * chance.choice([1.0, 8.0])),
        lambda a, b: relu(a),
        lambda a, b: maximum(a, b),
        lambda a, b: minimum(a, b),
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
    ]
    for _ in range(chance.randint(2, 14)):
        made = chance.choice(makers)(chance.choice(nodes[-3:]), chance.choice(nodes))
        if abs(made.data) < 1e6:
            nodes.append(made)
    return x, nodes[-1]


def wild_graph(chance):
    numbers = [0.0, 1.0, -1.0, 0.5, 0.01]
    recipe = wild_recipe(chance, number=lambda c: c.choice(numbers) if c.random() < 0.4 else c.uniform(-3.0, 3.0))
    values = recipe.run([Value(x) for x in recipe.leaves], GATES.__getitem__)
    return values[0], values[-1]


def explained(build, seed, count):
    """Random graphs of x whose slopes are all finite, each with the explanation of d root / d x."""
    chance = random.Random(seed)
    for _ in range(count):
        x, root = build(chance)
        try:
            root.backward()
        except (ArithmeticError, ValueError):
            continue
        order = topological_order([root])
        if x in order and all(math.isfinite(local) for node in order for local in node.local_gradients()):
            yield x, root, explain(x, root)


def swept(root, slope):
    """The backward pass in exact fractions, with slope(node, local) in place of every local gradient."""
    gradients = {root: Fraction(1)}
    for node in reversed(topological_order([root])):
        for parent, local in zip(node.parents, node.local_gradients()):
            gradients[parent] = gradients.get(parent, 0) + gradients[node] * Fraction(slope(node, local))
    return gradients


def kind_by_name(node, local):
    if node.gate.name in ("sigmoid", "tanh"):
        return "saturated" if abs(local) < 0.01 else "scales"
    others = {"mul": "weights", "relu": "off", "maximum": "loses", "minimum": "loses"}
    kind = others.get(node.gate.name, "scales")
    return kind if kind == "weights" or local == 0.0 else "scales"


def places(node, parent):
    return [place for place, other in enumerate(node.parents) if other is parent]


def sizes_without(x, root):
    """{kind: how large the gradient is with all small slopes of this kind at 1 or -1}, and what cancels at one fork."""

    def opened(kind):
        def slope(node, local):
            small = abs(local) < 1.0 and kind_by_name(node, local) == kind
            return (-1 if local < 0.0 else 1) if small else local

        return slope

    sizes = {kind: abs(swept(root, opened(kind))[x]) for kind in ("saturated", "weights", "off", "loses", "scales")}
    gradients = swept(root, lambda node, local: local)
    lost = []
    for fork in topological_order([root]):
        sent = [(node, node.local_gradients()[i]) for node in gradients for i in places(node, fork)]
        arrived = sum(abs(gradients[node] * Fraction(local)) for node, local in sent)
        lost.append(abs(swept(fork, lambda node, local: local).get(x, 0)) * (arrived - abs(gradients[fork])))
    return sizes | {"cancels": max(lost)}


def test_the_first_cause_of_a_tiny_gradient_is_the_one_without_which_it_would_be_largest():
    seen = set()
    for x, root, why in explained(shrinking_graph, 1, 4000):
        if not 0.0 < abs(x.grad) < 1e-4:
            continue
        sizes = sizes_without(x, root)
        most = max(sizes.values())
        if most < 10 * abs(x.grad):  # the paths would cancel
            continue
        assert max(sizes[kind] for kind in KINDS[why.code]) >= most * (1 - Fraction(1, 10**9)), str(why)
        seen.add(why.code)
    assert seen >= {"saturated", "small weights", "lost", "cancellation"}


def opening(nodes):
    any_size = random.Random(2)
    return lambda node, local: local or (node in nodes and any_size.uniform(0.5, 2.0))


@pytest.mark.parametrize("build", [shrinking_graph, wild_graph])
@pytest.mark.parametrize("first_way", [True, False])
def test_where_all_that_is_named_opens_a_gradient_arrives(build, first_way):
    """Closed gates open to a slope of any size: those of the first way, or all of them."""
    counted = 0
    for x, root, why in explained(build, 3, 1500):
        named = list(why.causes)
        if first_way:
            following = [not str(cause).startswith("behind that") for cause in named[1:]]
            named = named[: 1 + ([*following, True]).index(True)]
        codes = {cause.code for cause in named}
        if why.gradient != 0.0 or codes & {"cancellation", "underflow"}:
            continue
        assert swept(root, opening({cause.node for cause in named}))[x] != 0, str(why)
        counted += 1
    assert counted > 150


def test_a_chain_far_beyond_the_range_of_a_float():
    """A hundred weights of 0.01 and a sigmoid of slope 0.0033: 1e200 against 300."""
    f = x = Value(1.0, "x")
    for _ in range(100):
        f = f * 0.01
    why = explain(x, sigmoid(f * 1.0 + 5.7))
    assert [cause.code for cause in why.causes] == ["not computed yet", "small weights", "saturated"]
    assert why.causes[1].numbers["count"] == 100 and why.causes[2].numbers["count"] == 1


def test_no_gate_is_swept_for_itself(monkeypatch):
    """A wide layer of saturated gates: the passes over the graph do not become more with their number."""
    from scalargrad.views import kinds

    def passes(width):
        calls.clear()
        x = Value(1.0, "x")
        f = sum((sigmoid(x * 0.001 + 9.0 + i / width) for i in range(width)), Value(0.0))
        explain(x, f * 1e-3)
        return len(calls)

    calls = []
    swept_once = kinds._swept
    monkeypatch.setattr(kinds, "_swept", lambda *given: calls.append(1) or swept_once(*given))
    assert 0 < passes(4) == passes(64) <= 10
