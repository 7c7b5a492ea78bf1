"""How to walk a graph, and the chain rule along it.  All that a node needs is `.parents`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol, TypeVar


class Node(Protocol):
    @property
    def parents(self) -> tuple[Any, ...]: ...


N = TypeVar("N", bound=Node)


def topological_order(roots: Iterable[N]) -> list[N]:
    """Every node that the roots depend on, once, each after its parents.

    Depth first, parents from left to right: the order in which Python evaluates an expression.  Everything that walks
    a graph uses this one order, so that all sums are added up alike and agree to the last bit.  The walk keeps its own
    stack, since a chain of a million gates is deeper than Python's.
    """
    order: list[N] = []
    seen: set[N] = set()
    stack: list[Any] = [*roots][::-1]
    while stack:
        node = stack.pop()
        if node is None:  # all parents of the node below are in order: now it may follow
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None, *node.parents[::-1])
    return order


def edges(order: Iterable[N]) -> Iterator[tuple[N, int, N]]:
    """(node, place, parent) for every input of every node in `order`: `x * x` has two edges."""
    for node in order:
        for place, parent in enumerate(node.parents):
            yield node, place, parent


def consumers(order: Iterable[N]) -> dict[N, list[N]]:
    """For every node in `order` the nodes that use it, one entry for each use: two or more make it a fork."""
    order = list(order)
    uses: dict[N, list[N]] = {node: [] for node in order}
    for node, _, parent in edges(order):
        uses[parent].append(node)
    return uses


class Edge(NamedTuple):
    """What a gate sends to one of its parents on the way back: downstream = upstream x local gradient.

    node, place, parent: the output of the gate, and which of its parents receives.
    before: what had arrived at the parent until then; adds_up: whether anything had.
    """

    node: Any
    place: int
    parent: Any
    local: Any
    upstream: Any
    downstream: Any
    before: Any
    adds_up: bool


def chain_rule(
    order: list[N],
    gradients: dict[N, Any],
    slopes: Callable[[N], Iterable[Any]],
    times: Callable[[Any, Any], Any] = operator.mul,
) -> Iterator[Edge]:
    """The backward pass on any kind of number, edge by edge from the roots to the leaves; no `grad` is touched.

    order: the nodes in topological order.
    gradients: begins as {root: its gradient}; every node that a gradient reaches is added on the way.
    slopes: the local gradients of a node, aligned with its parents; None for a parent that is sent nothing.
    times: multiplies upstream and local gradient.
    """
    for node in reversed(order):
        if node not in gradients:
            continue
        upstream = gradients[node]
        for place, (parent, local) in enumerate(zip(node.parents, slopes(node))):
            if local is not None:
                before, adds_up, downstream = gradients.get(parent, 0), parent in gradients, times(upstream, local)
                gradients[parent] = before + downstream
                yield Edge(node, place, parent, local, upstream, downstream, before, adds_up)
