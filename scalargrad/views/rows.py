"""A long circuit folded into rows, as text is into lines, so that it is no wider than a page.

A circuit grows by a column with every gate on its longest path, and what is scaled down to a page soon cannot be read.
So it is cut between columns, there where the fewest wires are cut in all.  A wire that is cut ends in dots, and begins
again, with the name of its value, in the row where that is used.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, groupby, zip_longest

from ..gate import CONSTANT
from ..value import Value
from .span import columns

NARROWER, TRIED = 0.95, 20  # rows that fit one by one may not fit together: narrower ones are tried too
FRAME = 24.0  # points around a picture
MARKS = 175.0  # points that rows take in addition: for dots at both ends, and where no wire holds a gate in its column


class Columns:
    """The columns of a picture of these values, which are in topological order.

    uses: {node: the nodes that use it}.
    boxes: how wide each value is in the picture.
    gates: how wide each gate is, with the wires beside it.
    labels: how wide it is what stands on a wire, as (the value, the gate that uses it, the width).
    again: how wide a leaf is that is drawn again, in another row.
    """

    def __init__(
        self,
        shown: Sequence[Value],
        uses: Mapping[Value, list[Value]],
        boxes: Mapping[Value, float],
        gates: Mapping[Value, float],
        labels: Iterable[tuple[Value, Value, float]],
        again: float,
    ):
        self.shown, self.uses = shown, uses
        self.column = columns(shown, uses)
        self.last = max(self.column.values())
        self._boxes, self._gates, self._labels, self._again = boxes, gates, [*labels], again
        self.boxes = _widest((self.column[node], wide) for node, wide in boxes.items())
        near = _widest((self.column[end], wide) for _, end, wide in self._labels)  # where all wires are short
        self.wires = [gate + label for gate, label in zip_longest(self._widest_gates(self.column), near, fillvalue=0.0)]

    def width(self, ends: Sequence[int] = ()) -> float:
        """How wide the picture is, in rows that end with these columns and have their columns below each other."""
        row = self._rows(ends)
        column = dict[Value, int]()  # in its row, where a wire from another one is short
        for _, members in groupby(sorted(self.shown, key=row.__getitem__), key=row.__getitem__):
            column |= columns([*members], self.uses)
        boxes = [(column[node], wide) for node, wide in self._boxes.items()]
        copied = [
            (column[use] - 1, self._again)
            for leaf in self.shown
            if not leaf.gate
            for use in self.uses[leaf]
            if use in row and row[use] != row[leaf]
        ]
        between = [*self._widest_gates(column), *self._widest_labels(column, row)]
        return sum(_widest([*boxes, *copied])) + sum(between) + FRAME + (MARKS if ends else 0.0)

    def _widest_gates(self, column: Mapping[Value, int]) -> list[float]:
        return _widest((column[node], wide) for node, wide in self._gates.items())

    def _widest_labels(self, column: Mapping[Value, int], row: Mapping[Value, int]) -> list[float]:
        """How wide the labels before the gates of each column are, and those behind.

        Graphviz puts a label in the middle of its wire.  That is before the gate, if the value stands in the column
        before, or in another row; of a wire that passes over columns it may be behind another gate.
        """
        places: list[list[tuple[int, float]]] = [[], []]
        for start, end, wide in self._labels:
            begin = column[start] if row[start] == row[end] else column[end] - 1
            middle, is_between = divmod(begin + column[end], 2)
            places[is_between].append((middle + is_between, wide))
        return [wide for place in places for wide in _widest(place)]

    def folded(self, widest: float) -> dict[Value, int]:
        """{value: the row that it stands in}, counted from 0, where the picture is no wider if that can be helped."""
        return self._rows(self._best_ends(widest))

    def _rows(self, ends: Sequence[int]) -> dict[Value, int]:
        """{value: the row that it stands in}, where rows end with these columns; a leaf is beside its use."""
        places = {node: self.column[node] + (not node.gate and self.column[node] < self.last) for node in self.shown}
        return {node: bisect_left(ends, place) for node, place in places.items()}

    def _best_ends(self, widest: float) -> list[int]:
        """The last column of each row but the last one, where rows with their columns below each other fit together."""
        ways: list[list[int]] = [[], *[self._ends(widest * NARROWER**i) for i in range(TRIED)]]
        fitting = [ends for ends in ways if self.width(ends) <= widest]
        cut = self._cut_wires()
        return min(fitting, key=lambda ends: sum([cut[end] for end in ends])) if fitting else min(ways, key=self.width)

    def _ends(self, widest: float) -> list[int]:
        """The same, where each row fits by itself."""
        cut = self._cut_wires()
        best = [(0, 0, 0)]  # for the columns up to each: how many cut wires, how many rows, where the last row begins
        for end in range(1, self.last + 1):
            wide, ways = self.boxes[end], list[tuple[int, int, int]]()
            for start in range(end - 1, -1, -1):
                wide += self.wires[start + 1] + self.boxes[start]
                if ways and wide > widest:
                    break
                wires, rows, _ = best[start]
                ways.append((wires + (cut[start] if start else 0), rows + 1, start))
            best.append(min(ways))
        ends, end = [], best[-1][2]
        while end:
            ends.append(end)
            end = best[end][2]
        return ends[::-1]

    def _cut_wires(self) -> list[int]:
        """How many values have a wire that goes from each column, or one before it, beyond it."""
        begins = [0] * (self.last + 2)
        for node in self.shown:
            reached = [self.column[use] for use in self.uses[node] if use in self.column]
            if reached and node.form is not CONSTANT:
                begins[self.column[node] if node.gate else min(reached)] += 1
                begins[max(reached)] -= 1
        return list(accumulate(begins))


def _widest(widths: Iterable[tuple[int, float]]) -> list[float]:
    """The widest in each column, of what is given with its column."""
    widest = dict[int, float]()
    for column, wide in widths:
        widest[column] = max(widest.get(column, 0.0), wide)
    return [widest.get(column, 0.0) for column in range(1 + max(widest, default=0))]
