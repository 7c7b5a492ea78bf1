"""How to walk a graph of values.  All that a node needs is `.parents`."""

from __future__ import annotations

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
    """For every node in `order` the nodes that use it, one entry a use: two or more make it a fork."""
    order = list(order)
    uses: dict[N, list[N]] = {node: [] for node in order}
    for node, _, parent in edges(order):
        uses[parent].append(node)
    return uses


class Edge(NamedTuple):
    """What a gate sends to one of its parents on the way back."""

    node: Any
    place: int
    parent: Any
    local: float
    upstream: float
    before: float
    adds_up: bool


def sweep(order: list[N], gradients: dict[N, float], slopes: Callable[[N], Iterable[float]]) -> Iterator[Edge]:
    """The backward pass on the side, edge by edge: `gradients` begins with the roots' and grows to those of all nodes.

    slopes: the local gradients of a node, aligned with its parents.
    """
    for node in reversed(order):
        upstream = gradients[node]
        for place, (parent, local) in enumerate(zip(node.parents, slopes(node))):
            adds_up, before = parent in gradients, gradients.get(parent, 0.0)
            gradients[parent] = before + upstream * local
            yield Edge(node, place, parent, local, upstream, before, adds_up)
