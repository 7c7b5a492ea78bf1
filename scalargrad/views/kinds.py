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
from collections.abc import Callable, Iterator, Mapping, Sequence
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
        now = _size(story, x, edges, factors)
        strongest_now = _way(story, x, _swept(story, edges, factors)[1])
        found = []
        for name, then, strongest_then in _without_each(story, x, edges, factors, lambda local: abs(local) < 1.0):
            at_now, at_then = _small_of_kind(story, name, strongest_now), _small_of_kind(story, name, strongest_then)
            carries_enough = MUCH * _apart_from(at_now, strongest_now) >= _apart_from(at_then, strongest_then)
            way, at = (strongest_now, at_now) if at_now and carries_enough else (strongest_then, at_then)
            found.append(Kind(name, abs(then) / now, way, at))
        fork, lost = _cancelling(story, x, edges, factors)
        cancels = Kind("cancels", lost / now, fork=fork)
        return sorted([*(kind for kind in found if kind.edges), cancels], key=_rank)


def _small_of_kind(story: Story, name: str, way: Sequence[Edge]) -> list[Edge]:
    return [edge for edge in way if abs(edge.local) < 1.0 and kind_of(story, edge) == name]


def _apart_from(at: Sequence[Edge], way: Sequence[Edge]) -> Decimal:
    """How much a path carries without the factors at these places."""
    left_out = {(edge.node, edge.place) for edge in at}
    return abs(product([edge for edge in way if (edge.node, edge.place) not in left_out]))


def _rank(kind: Kind) -> tuple[bool, Decimal]:
    """What does most comes first.  Where the paths would cancel without their small factors, their product decides."""
    return (False, -kind.effect) if kind.effect >= MUCH else (True, abs(product(kind.edges)))


def growing(story: Story, x: Value, edges: Sequence[Edge]) -> list[Kind]:
    """The kinds of factors above 1 on the strongest path: what would leave the smallest gradient at x stands first."""
    with decimal.localcontext(WIDE):
        factors = [Decimal(edge.local) for edge in edges]
        now, way = _size(story, x, edges, factors), strongest(story, x)
        found = []
        for name, then, _ in _without_each(story, x, edges, factors, lambda local: abs(local) > 1.0):
            at = [edge for edge in way if abs(edge.local) > 1.0 and kind_of(story, edge) == name]
            found.append(Kind(name, now / abs(then) if then else Decimal("inf"), way, at))
        return sorted([kind for kind in found if kind.edges], key=lambda kind: -kind.effect)


def _size(story: Story, x: Value, edges: Sequence[Edge], factors: Sequence[Decimal]) -> Decimal:
    """How large the gradient of x is, also where that is no float."""
    return abs(Decimal(story.gradients[x]) or _swept(story, edges, factors)[0][x])


def _without_each(
    story: Story, x: Value, edges: Sequence[Edge], factors: Sequence[Decimal], counts: Callable[[float], bool]
) -> Iterator[tuple[str, Decimal, list[Edge]]]:
    """For each kind of factors that count: its name, and the gradient of x and its strongest path without them."""
    kinds = [kind_of(story, edge) if counts(edge.local) else "" for edge in edges]
    for name in dict.fromkeys(filter(None, reversed(kinds))):  # the nearest to x first, where two do the same
        without = [
            Decimal(-1 if edge.local < 0.0 else 1) if kind == name else local
            for edge, kind, local in zip(edges, kinds, factors)
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


def _cancelling(story: Story, x: Value, edges: Sequence[Edge], factors: Sequence[Decimal]) -> tuple[Value, Decimal]:
    """The fork at which the gradient of x loses most because contributions cancel, and how much."""
    gradients, _ = _swept(story, edges, factors)
    slopes, arrived = {x: Decimal(1)}, dict[Value, Decimal]()  # slopes: d node / d x
    for edge, local in reversed([*zip(edges, factors)]):
        slopes[edge.node] = slopes.get(edge.node, 0) + slopes[edge.parent] * local
        arrived[edge.parent] = arrived.get(edge.parent, 0) + abs(gradients[edge.node] * local)
    lost = {fork: abs(slopes[fork]) * (arrived[fork] - abs(gradients[fork])) for fork in arrived}
    fork = max(lost, key=lambda fork: lost[fork])
    return fork, lost[fork]
