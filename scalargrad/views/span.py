"""How far the wires of a picture reach, and what makes a picture that would take minutes one that takes a second.

Graphviz draws in columns: a gate stands one column after the last of its inputs.  A wire that passes over other columns
has an invisible place in each, and the time of a layout grows with the number of these places, its *span*, much more
than with the number of values: `x * 1 + x * 2 + ... + x * 100` is 198 values with a span of 4,753, and takes more than
ten minutes.  It is one much-used leaf that reaches over everything.  So, as far as it is needed:

1. Such a leaf is drawn again beside each of its uses.
2. Wires become straight lines, which are placed with less care.
3. What is longer still is refused, at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..gate import CONSTANT
from ..value import Value

MAX_SPAN = 1_000  # laid out with care, in about two seconds
MAX_SPAN_OF_LINES = 6_000  # laid out with straight wires, in about ten


class Wiring(NamedTuple):
    """How the wires of a picture are drawn.

    again: the leaves that are drawn again beside each of their uses but the first.
    straight: whether wires are straight lines.
    """

    again: frozenset[Value]
    straight: bool

    def is_copy(self, parent: Value, node: Value, uses: Sequence[Value]) -> bool:
        """Whether the gate of `node` has a copy of this parent for itself; `uses` are all that use the parent."""
        return parent in self.again and node is not uses[0]


def wiring(shown: Sequence[Value], uses: Mapping[Value, list[Value]], rows: Mapping[Value, int]) -> Wiring:
    """How to draw these values, which are in topological order; ValueError for what would take too long.

    uses: {node: the nodes that use it}.
    rows: {node: the row that it stands in}; no wire goes from row to row.
    """
    if _span(shown, uses, rows, frozenset()) <= MAX_SPAN:
        return Wiring(frozenset(), straight=False)
    again = frozenset([node for node in shown if not node.gate and len(uses[node]) > 1])
    span = _span(shown, uses, rows, again)
    if span > MAX_SPAN_OF_LINES:
        raise ValueError(
            f"a circuit whose wires pass over {span} columns in all takes too long to lay out ({MAX_SPAN_OF_LINES} are "
            "drawn): write total([...]) for a long sum, which is one gate then, or name a value, around=x, to draw its "
            "neighbourhood"
        )
    return Wiring(again, straight=span > MAX_SPAN)


def reaches_far(shown: Sequence[Value], uses: Mapping[Value, list[Value]]) -> bool:
    """Whether the wires of these values, all in one row, pass over more columns than are laid out with care."""
    return _span(shown, uses, dict.fromkeys(shown, 0), frozenset()) > MAX_SPAN


def _span(
    shown: Sequence[Value], uses: Mapping[Value, list[Value]], rows: Mapping[Value, int], again: frozenset[Value]
) -> int:
    """The columns that all wires pass over."""
    column, seen = columns(shown, uses, again), {*shown}
    wires = [(parent, node) for node in shown for parent in _wired(node, seen, again) if rows[parent] == rows[node]]
    return sum([column[node] - column[parent] - 1 for parent, node in wires])


def columns(
    shown: Sequence[Value], uses: Mapping[Value, list[Value]], again: frozenset[Value] = frozenset()
) -> dict[Value, int]:
    """{value: its column}, where each stands as near to its uses as costs nothing.

    again: the leaves that are drawn beside each of their uses, and so hold nothing in its column.
    """
    column, seen = dict[Value, int](), {*shown}
    for node in shown:
        column[node] = 1 + max([column[parent] for parent in _wired(node, seen, again)], default=0) if node.gate else 0
    for node in reversed(shown):
        after = [use for use in uses[node] if use in seen]
        pulling = [parent for parent in _wired(node, seen, again) if parent.gate or len(uses[parent]) > 1]
        if after and len(pulling) <= len(after):
            column[node] = max(column[node], min([column[use] for use in after]) - 1)
    return column


def _wired(node: Value, seen: set[Value], again: frozenset[Value]) -> Iterator[Value]:
    """The parents that have a wire to the gate of `node`, and are not drawn beside it."""
    return (x for x in node.parents if x in seen and x not in again and x.form is not CONSTANT)
