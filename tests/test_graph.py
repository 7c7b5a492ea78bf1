"""How a graph is walked: one order, on any node that has parents."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
from conftest import same
from gate_points import recipes
from hypothesis import given, settings

from scalargrad import Value
from scalargrad.graph import chain_rule, consumers, edges, topological_order
from scalargrad.table import GATES

steady = settings(max_examples=100)


class Node(SimpleNamespace):
    """All that the walk needs of a node."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __init__(self, name, *parents):
        super().__init__(name=name, parents=parents)


def recursive_order(roots):
    """The textbook walk; Python's own stack would be too small for a long chain."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    for root in roots:
        visit(root)
    return order


def check_order(order, roots):
    """Each node once, after its parents, and nothing but what the roots depend on."""
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[parent] < place[node] for node in order for parent in node.parents)
    assert set(roots) <= set(order) == set(recursive_order(roots))


def names(nodes):
    return "".join(node.name for node in nodes)


def random_nodes(seed):
    """A random graph with many forks, gates that use a node twice, and gates without a use."""
    chance = random.Random(seed)
    nodes = [Node(0), Node(1)]
    for i in range(2, 40):
        nodes.append(Node(i, *chance.choices(nodes, k=chance.randrange(4))))
    return nodes, chance.sample(nodes, 3)


def test_the_check_sees_a_wrong_order():
    a = Node("a")
    b = Node("b", a, a)
    check_order([a, b], [b])
    for wrong in ([b, a], [a, a, b], [a], [a, b, Node("c")]):
        with pytest.raises((AssertionError, KeyError)):
            check_order(wrong, [b])


@pytest.mark.parametrize("seed", range(50))
def test_order_of_random_graphs(seed):
    _, roots = random_nodes(seed)
    order = topological_order(roots)
    check_order(order, roots)
    assert order == recursive_order(roots)


@given(recipes())
@steady
def test_order_of_random_expressions(recipe):
    values = recipe.run(map(Value, recipe.leaves), GATES.get)
    for roots in ([values[-1]], values, values[::-1]):
        check_order(topological_order(roots), roots)
        assert topological_order(roots) == recursive_order(roots)


def test_order_is_that_of_python():
    """Depth first and left to right: (a + b) * (c + a) evaluates a + b first."""
    a, b, c = map(Node, "abc")
    p, q = Node("p", a, b), Node("q", c, a)
    assert names(topological_order([Node("f", p, q)])) == "abpcqf"
    assert names(topological_order([Node("f", q, p)])) == "caqbpf"


def test_several_roots():
    a, b = map(Node, "ab")
    c = Node("c", a, b)
    assert names(topological_order([b, c])) == "bac"
    assert names(topological_order([c, c, a])) == "abc"
    assert topological_order([]) == []
    assert topological_order(iter([a])) == [a]


def test_a_chain_longer_than_pythons_stack():
    node = first = Node("a")
    for _ in range(100_000):
        node = Node("", node)
    order = topological_order([node])
    assert len(order) == 100_001 and order[0] is first and order[-1] is node
    while node.parents:  # from the root down: SimpleNamespace would free itself by recursion
        node.parents, node = (), node.parents[0]


def test_many_paths_are_one_walk():
    """2 ** 60 paths lead from this root to its leaf."""
    node = Node("a")
    for _ in range(60):
        node = Node("b", node, node)
    assert len(topological_order([node])) == 61


def test_edges_and_consumers_of_a_square():
    x = Node("x")
    y = Node("y", x, x)
    z = Node("z", y, x)
    order = topological_order([z])
    assert list(edges(order)) == [(y, 0, x), (y, 1, x), (z, 0, y), (z, 1, x)]
    assert consumers(iter(order)) == {x: [y, y, z], y: [z], z: []}


@pytest.mark.parametrize("seed", range(20))
def test_edges_and_consumers_agree(seed):
    order = topological_order(random_nodes(seed)[1])
    assert [(n, i, p) for n in order for i, p in enumerate(n.parents)] == list(edges(order))
    uses = consumers(order)
    assert list(uses) == order
    assert sum(map(len, uses.values())) == len(list(edges(order)))
    assert all(users.count(node) == node.parents.count(parent) for parent, users in uses.items() for node in users)


@given(recipes())
@steady
def test_the_chain_rule_is_backward_to_the_last_bit(recipe):
    root = recipe.run(map(Value, recipe.leaves), GATES.get)[-1]
    order = topological_order([root])
    gradients = {root: 1.0}
    sent = list(chain_rule(order, gradients, Value.local_gradients))
    assert all(node.grad == 0.0 for node in order)
    root.backward()
    assert gradients == {node: node.grad for node in order}
    assert [edge[:3] for edge in sent] == [
        (node, i, parent) for node in reversed(order) for i, parent in enumerate(node.parents)
    ]
    assert [edge.parent for edge in sent if not edge.adds_up] == list(dict.fromkeys(edge.parent for edge in sent))
    assert all(same(edge.downstream, edge.upstream * edge.local) for edge in sent)


def test_the_chain_rule_sends_nothing_where_there_is_no_slope():
    a, b = map(Node, "ab")
    c = Node("c", a, b)
    gradients = {c: 2}
    sent = list(chain_rule([a, b, c, Node("unreached", c)], gradients, lambda node: [None, 3][: len(node.parents)]))
    assert [edge.parent for edge in sent] == [b] and gradients == {c: 2, b: 6}


def test_the_chain_rule_on_another_kind_of_number():
    """Sets of words instead of floats: a product is a path, a sum all of them."""
    a, b = map(Node, "ab")
    q = Node("q", a, b)
    f = Node("f", q, a)

    class Paths(frozenset):
        def __radd__(self, nothing):
            return self

        def __add__(self, other):
            return Paths(self | other)

    def times(ways, name):
        return Paths(way + name for way in ways)

    gradients = {f: Paths({"f"})}
    sent = list(chain_rule([a, b, q, f], gradients, lambda node: [parent.name for parent in node.parents], times))
    assert (
        gradients[a] == {"fqa", "fa"}
        and gradients[b] == {"fqb"}
        and [edge.adds_up for edge in sent][-2:] == [True, False]
    )
