"""What made a gradient small or large: its factors by kind, and what it would be without each kind.

A gradient is a sum over paths, and on each path the product of its local gradients.  The smallest factor need not be
the one that matters: a hundred weights of 0.01 take more from a gradient than one sigmoid with a slope of 0.003 does.
So the question is put to all factors of one kind together: what would the gradient be if they were 1, or -1 where they
are negative?  The kind for which it grows most (or, of factors above 1, shrinks most) made it what it is.

How it is computed: the local gradients are those of the one backward pass that the story has made already, kept to the
edges that lie between the value and the root.  The chain rule runs over them once more for each kind, and there are
five at most; never once for each gate.  That contributions cancel at a fork is one more kind.  Which fork it is, one
pass the other way tells: it gives d fork / d value, and times what is lost where the contributions to the fork add up,
that is the part of the gradient which this fork takes away.

What a kind does is told on the strongest path, or else, where that would carry far less without the kind than another
path, on that other one.

A product of hundreds of factors leaves the range of a float, so all this is computed on decimals, whose exponent may be
as large as it likes.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..graph import Edge
from ..value import Value
from .patterns import SQUASHING, manner
from .spelling import rule_text
from .story import Story
from .ways import strongest

FLAT = 0.01  # a squashing gate whose local gradient is smaller is saturated
MUCH = 10  # a kind did something if the gradient would be so many times as large without it
WIDE = decimal.Context(prec=20, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])


class Kind(NamedTuple):
    """All factors of one kind between a value and the root.

    name: "saturated", "weights", "off", "loses", "scales" (any other), or "cancels".
    effect: how many times as large, or as small, the gradient would be without them.
    way: the path on which they are told, from the value to the root.
    edges: where on it the factors of this kind are.
    fork: where it cancels: the fork that takes most.
    """

    name: str
    effect: Decimal
    way: Sequence[Edge] = ()
    edges: Sequence[Edge] = ()
    fork: Value | None = None


def edges_between(story: Story, x: Value) -> list[Edge]:
    """The edges on the paths from the root to x, in the order of the backward pass."""
    reached = {x}
    for node in story.order:
        if not reached.isdisjoint(node.parents):
            reached.add(node)
    return [edge for edge in story.edges if edge.parent in reached]


def kind_of(story: Story, edge: Edge) -> str:
    """What kind of factor the local gradient of an edge is."""
    if abs(edge.local) < FLAT and spelled(edge) in SQUASHING:
        return "saturated"
    kind = manner(story, edge.node, edge.place, edge.local).kind
    if kind in ("switches", "number"):
        return "weights"
    return kind if kind in ("off", "loses") else "scales"


def spelled(edge: Edge) -> str:
    """The local gradient as the rule spells it on z, x1, x2, ...: `z * (1 - z)`."""
    node, moving = edge.node, edge.node.form.moving
    return rule_text(node.gate, len(node.inputs))[edge.place if moving is None else moving[edge.place]]


def product(edges: Sequence[Edge]) -> Decimal:
    """The product of the local gradients, in full range."""
    with decimal.localcontext(WIDE):
        result = Decimal(1)
        for edge in edges:
            result *= Decimal(edge.local)
        return result


def shrinking(story: Story, x: Value, edges: Sequence[Edge]) -> list[Kind]:
    """The kinds of factors below 1, and that they cancel: what would leave the largest gradient at x stands first.

    edges: those between x and the root.
    """
    with decimal.localcontext(WIDE):
        factors = [Decimal(edge.local) for edge in edges]
        gradients, onwards = _swept(story, edges, factors)
        now, strongest_now = _size(story, x, gradients), _way(story, x, onwards)
        kinds = {_place(edge): kind_of(story, edge) for edge in edges if abs(edge.local) < 1.0}
        found = []
        for name, then, strongest_then in _without_each(story, x, edges, factors, kinds):
            at_now, at_then = _of_kind(name, strongest_now, kinds), _of_kind(name, strongest_then, kinds)
            carries = _carried(strongest_now, without=name, kinds=kinds)
            carries_enough = MUCH * carries >= _carried(strongest_then, without=name, kinds=kinds)
            way, at = (strongest_now, at_now) if at_now and carries_enough else (strongest_then, at_then)
            found.append(Kind(name, abs(then) / now, way, at))
        fork, lost = _cancelling(x, edges, factors, gradients)
        cancels = Kind("cancels", lost / now, fork=fork)
        return sorted([*(kind for kind in found if kind.edges), cancels], key=_rank)


def _carried(way: Sequence[Edge], without: str, kinds: Mapping[tuple[Value, int], str]) -> Decimal:
    """How much a path carries without the factors of one kind."""
    return abs(product([edge for edge in way if kinds.get(_place(edge)) != without]))


def _rank(kind: Kind) -> tuple[bool, Decimal]:
    """What does most comes first.  Where the paths would cancel without their small factors, their product decides."""
    return (False, -kind.effect) if kind.effect >= MUCH else (True, abs(product(kind.edges)))


def growing(story: Story, x: Value, edges: Sequence[Edge]) -> list[Kind]:
    """The kinds of factors above 1 on the strongest path: what would leave the smallest gradient at x stands first."""
    with decimal.localcontext(WIDE):
        factors = [Decimal(edge.local) for edge in edges]
        now, way = _size(story, x, _swept(story, edges, factors)[0]), strongest(story, x)
        kinds = {_place(edge): kind_of(story, edge) for edge in edges if abs(edge.local) > 1.0}
        found = []
        for name, then, _ in _without_each(story, x, edges, factors, kinds):
            at = _of_kind(name, way, kinds)
            found.append(Kind(name, now / abs(then) if then else Decimal("inf"), way, at))
        return sorted([kind for kind in found if kind.edges], key=lambda kind: -kind.effect)


def _place(edge: Edge) -> tuple[Value, int]:
    """What tells an edge from all others."""
    return edge.node, edge.place


def _of_kind(name: str, way: Sequence[Edge], kinds: Mapping[tuple[Value, int], str]) -> list[Edge]:
    return [edge for edge in way if kinds.get(_place(edge)) == name]


def _size(story: Story, x: Value, gradients: Mapping[Value, Decimal]) -> Decimal:
    """How large the gradient of x is, also where that is no float."""
    return abs(Decimal(story.gradients[x]) or gradients[x])


def _without_each(
    story: Story,
    x: Value,
    edges: Sequence[Edge],
    factors: Sequence[Decimal],
    kinds: Mapping[tuple[Value, int], str],
) -> Iterator[tuple[str, Decimal, list[Edge]]]:
    """For each of the kinds: its name, and the gradient of x and its strongest path without its factors.

    kinds: those of the factors that count, by their places.
    """
    of_edges = [kinds.get(_place(edge)) for edge in edges]
    for name in dict.fromkeys(reversed([*kinds.values()])):  # the nearest to x first, where two do the same
        without = [
            Decimal(-1 if edge.local < 0.0 else 1) if kind == name else local
            for edge, kind, local in zip(edges, of_edges, factors)
        ]
        gradients, onwards = _swept(story, edges, without)
        yield name, gradients[x], _way(story, x, onwards)


def _way(story: Story, x: Value, onwards: Mapping[Value, Edge]) -> list[Edge]:
    """The edges from x to the root."""
    way, node = [], x
    while node is not story.root:
        way.append(onwards[node])
        node = way[-1].node
    return way


def _swept(
    story: Story, edges: Sequence[Edge], factors: Sequence[Decimal]
) -> tuple[dict[Value, Decimal], dict[Value, Edge]]:
    """The gradients of a backward pass with these local gradients, and for each value the edge that brings it most."""
    gradients, onwards, most = {story.root: Decimal(1)}, dict[Value, Edge](), dict[Value, Decimal]()
    for edge, local in zip(edges, factors):
        parent, downstream = edge.parent, gradients[edge.node] * local
        gradients[parent] = gradients.get(parent, 0) + downstream
        if parent not in most or abs(downstream) > most[parent]:
            onwards[parent], most[parent] = edge, abs(downstream)
    return gradients, onwards


def _cancelling(
    x: Value, edges: Sequence[Edge], factors: Sequence[Decimal], gradients: Mapping[Value, Decimal]
) -> tuple[Value, Decimal]:
    """The fork at which the gradient of x loses most because contributions cancel, and how much."""
    slopes, arrived = {x: Decimal(1)}, dict[Value, Decimal]()  # slopes: d node / d x
    for edge, local in reversed([*zip(edges, factors)]):
        slopes[edge.node] = slopes.get(edge.node, 0) + slopes[edge.parent] * local
        arrived[edge.parent] = arrived.get(edge.parent, 0) + abs(gradients[edge.node] * local)
    lost = {fork: abs(slopes[fork]) * (arrived[fork] - abs(gradients[fork])) for fork in arrived}
    fork = max(lost, key=lambda fork: lost[fork])
    return fork, lost[fork]
