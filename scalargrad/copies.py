"""Graphs through `copy` and `pickle`, however deep they are.

Both call themselves for every parent of a value, and a chain of a thousand gates is deeper than Python's stack.  So a
deep copy is made here, with a stack of its own, and a pickle holds the gates of a graph as a flat list, parents first.
"""

from __future__ import annotations

from typing import Any

from .gate import CONSTANT, LEAF
from .graph import topological_order
from .node import Node, output_of_many


def deep_copied(node: Node, memo: dict[int, Any]) -> Any:
    """The copy of a node and of its graph; what was copied before, with the same memo, is shared."""
    stack = [node]
    while stack:
        top = stack[-1]
        missing = [parent for parent in top.parents if id(parent) not in memo]
        if id(top) in memo:
            stack.pop()
        elif missing:
            stack += missing[::-1]
        else:
            memo[id(top)] = copied(top, tuple([memo[id(parent)] for parent in top.parents]))
    return memo[id(node)]


def reduced(node: Node) -> tuple[Any, ...]:
    """How pickle makes a node again.  Leaves are pickled by themselves, so that roots pickled together share them.

    An inner value that is pickled together with a root becomes two nodes; `save_graph` of both keeps it one.
    """
    if not node.gate:
        return _leaf, (type(node), node._data, node._label, node._grad, node.form is CONSTANT)
    order = topological_order([node])
    leaves, inner = [n for n in order if not n.gate], [n for n in order if n.gate]
    index = {n: i for i, n in enumerate([*leaves, *inner])}
    records = [
        (type(n), n._data, n._label, n._grad, n.gate, n.form.moving, tuple([index[p] for p in n.parents]), n.numbers)
        for n in inner
    ]
    return _grown, (leaves, records)


def copied(node: Node, parents: tuple[Any, ...]) -> Any:
    """A node of the same kind and numbers, with other parents."""
    return _labelled(output_of_many(type(node), node._data, node.form, parents, node.numbers), node._label, node._grad)


def _labelled(node: Any, label: str, grad: float) -> Any:
    node._label, node._grad = label, grad
    return node


def _leaf(kind: type[Node], data: float, label: str, grad: float, is_constant: bool) -> Any:
    return _labelled(output_of_many(kind, data, CONSTANT if is_constant else LEAF, (), ()), label, grad)


def _grown(leaves: list[Any], records: list[tuple[Any, ...]]) -> Any:
    """The root of a graph, made again from its leaves and the records of its inner nodes."""
    nodes = list(leaves)
    for kind, data, label, grad, gate, moving, parents, numbers in records:
        node = output_of_many(kind, data, gate.form(moving), tuple([nodes[i] for i in parents]), numbers)
        nodes.append(_labelled(node, label, grad))
    return nodes[-1]
