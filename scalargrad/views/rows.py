"""A long circuit folded into rows, as text is into lines, so that it is no wider than a page.

A circuit grows by a column with every gate on its longest path, and what is scaled down to a page soon cannot be read.
So it is cut between two columns wherever the next one would not fit.  Of all ways to cut it into as few rows as can be,
the one is taken that cuts the fewest wires.  A wire that is cut ends in dots, and begins again, with the name of its
value, in the row where that is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from ..gate import CONSTANT
from ..value import Value
from .span import columns

NARROWER = 0.95  # how the bound for a row is tightened while rows together are too wide
FRAME = 24.0  # points around a picture
MARKS = 120.0  # points that rows take in addition: dots at both ends, the labels of wires that pass over columns


class Columns:
    """The columns of a picture of these values, which are in topological order.

    uses: {node: the nodes that use it}.
    boxes: how wide each value is in the picture.
    wires: how wide each gate is, with the wires into it and out of it.
    again: how wide a leaf is that is drawn again, in another row.
    """

    def __init__(
        self,
        shown: Sequence[Value],
        uses: Mapping[Value, list[Value]],
        boxes: Mapping[Value, float],
        wires: Mapping[Value, float],
        again: float,
    ):
        self.shown, self.uses = shown, uses
        self.column = columns(shown, uses)
        self.last = max(self.column.values())
        self.boxes, self.wires = self._widest(boxes), self._widest(wires)
        copied = self._widest({use: again for leaf in shown if not leaf.gate for use in uses[leaf][1:] if use in boxes})
        self.in_rows = [*map(max, self.boxes, [*copied[1:], 0.0])]  # a copy stands in the column before its use

    def _widest(self, widths: Mapping[Value, float]) -> list[float]:
        """The widest of the values in each column."""
        widest = [0.0] * (self.last + 1)
        for node, wide in widths.items():
            widest[self.column[node]] = max(widest[self.column[node]], wide)
        return widest

    def width(self, ends: Sequence[int] = ()) -> float:
        """How wide the picture is, in rows that end with these columns and have their columns below each other."""
        rows, all_boxes = [*zip([0, *ends], [*ends, self.last])], self.in_rows if ends else self.boxes
        boxes = itertools.zip_longest(*[all_boxes[start : end + 1] for start, end in rows], fillvalue=0.0)
        wires = itertools.zip_longest(*[self.wires[start + 1 : end + 1] for start, end in rows], fillvalue=0.0)
        return sum(map(max, boxes)) + sum(map(max, wires)) + FRAME + (MARKS if ends else 0.0)

    def folded(self, widest: float) -> dict[Value, int]:
        """{value: the row that it stands in}, counted from 0, where the picture is no wider if that can be helped."""
        ends: list[int] = []
        bound = widest
        while self.width(ends) > widest and len(ends) < self.last - 1:
            ends = self._ends(bound)
            bound *= NARROWER
        row = {}
        for node in self.shown:
            place = self.column[node] + (not node.gate and self.column[node] < self.last)  # a leaf is beside its use
            row[node] = sum([end < place for end in ends])
        return row

    def _ends(self, widest: float) -> list[int]:
        """The last column of each row but the last one."""
        cut = self._cut_wires()
        best = [(0, 0, 0)]  # for the columns up to each: how many rows, how many cut wires, where the last row begins
        for end in range(1, self.last + 1):
            wide, ways = self.in_rows[end], list[tuple[int, int, int]]()
            for start in range(end - 1, -1, -1):
                wide += self.wires[start + 1] + self.in_rows[start]
                if ways and wide > widest:
                    break
                rows, wires, _ = best[start]
                ways.append((rows + 1, wires + (cut[start] if start else 0), start))
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
        return list(itertools.accumulate(begins))
