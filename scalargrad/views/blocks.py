"""The ways on which a gradient became 0, and what has to open on each of them.

A gate whose local gradient is 0 blocks its way, but it need not be the only one: whoever opens it finds the next one
behind it.  They block in series, so all of them belong to the reason, and the way with the fewest is the nearest to
carrying a gradient.  Three other things let nothing through: a product too small for a float, a fork whose
contributions cancel, and a gate that does not change with x because the changes of its inputs cancel, as in x - x.
The last shows only from the side of x (behind a closed gate the contributions are 0 anyway), so it takes the slopes
d node / d x, once for the whole graph.
"""

from __future__ import annotations

import decimal
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from ..graph import Edge
from ..value import Value
from .kinds import WIDE, edges_between
from .story import Story

ROUNDING = Decimal("1e-14")  # a sum that is smaller than this part of its terms is 0


def makes_zero(edge: Edge) -> bool:
    """Whether an edge lets nothing through: its local gradient is 0, or the product too small for a float."""
    return edge.local == 0.0 or bool(edge.upstream) and not edge.downstream


def cancels(story: Story, node: Value) -> bool:
    """Whether contributions arrive at a fork, and nothing is left of them."""
    return story.gradients[node] == 0.0 and any([edge.downstream for edge in story.arriving[node]])


def unmoved(story: Story, x: Value) -> set[Value]:
    """The nodes that do not change with x, although some of their inputs do: these changes cancel.

    It is asked twice: as the graph is, and with any numbers for the slopes of 0, since what lies behind a closed gate
    shows only when it is open.
    """
    found, chance = set[Value](), random.Random(0)
    edges = edges_between(story, x)
    with decimal.localcontext(WIDE):
        for opened in (False, True):
            slopes = {x: Decimal(1)}
            for node, sent in itertools.groupby(reversed(edges), key=lambda edge: edge.node):
                factors = [(edge.parent, edge.local or opened * chance.uniform(0.5, 2.0)) for edge in sent]
                terms = [slopes[parent] * Decimal(local) for parent, local in factors]
                slopes[node] = sum(terms, Decimal(0))
                if any(terms) and abs(slopes[node]) <= ROUNDING * max(map(abs, terms)):
                    found.add(node)
                    slopes[node] = Decimal(opened * chance.uniform(0.5, 2.0))
    return found


def ways(
    story: Story, x: Value, blocks: Sequence[Edge], still: set[Value]
) -> Iterator[tuple[list[Edge], Iterator[Edge]]]:
    """For each block the way over it with the fewest others, in two parts: from x to the block, if anything is in the
    way there, and from the block to the root.  The way with the fewest comes first.

    blocks: the edges with a local gradient of 0 that come first on a way from x.
    still: the nodes that do not change with x, which are in the way too.
    """
    after, onwards = {story.root: 0}, dict[Value, Edge]()
    for node in reversed(story.order[:-1]):  # from the root on
        counts = [after[edge.node] + makes_zero(edge) + (edge.node in still) for edge in story.arriving[node]]
        after[node] = 1 if cancels(story, node) else min(counts)  # what lies behind such a fork is open
        onwards[node] = story.arriving[node][counts.index(min(counts))]
    before, back = {x: 0}, dict[Value, Edge]()
    for edge in reversed(edges_between(story, x)):  # from x on
        if edge.parent in before and edge.local != 0.0:
            count = before[edge.parent] + (edge.node in still)
            if count < before.get(edge.node, count + 1):
                before[edge.node], back[edge.node] = count, edge
    for block in sorted(blocks, key=lambda edge: before[edge.parent] + (edge.node in still) + after[edge.node]):
        there = _followed(back, block.parent, lambda edge: edge.parent) if before[block.parent] else ()
        yield [*there][::-1], itertools.chain([block], _followed(onwards, block.node, lambda edge: edge.node))


def _followed(edges: Mapping[Value, Edge], node: Value, step: Callable[[Edge], Value]) -> Iterator[Edge]:
    """The edges from node to node, until there is none."""
    while node in edges:
        yield edges[node]
        node = step(edges[node])
