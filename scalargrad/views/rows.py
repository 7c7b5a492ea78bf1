"""A long circuit folded into rows, as text is into lines, so that it is no wider than a page.

A circuit grows by a column with every gate on its longest path, and what is scaled down to a page soon cannot be read.
So it is cut between columns, there where the fewest wires are cut in all.  A wire that is cut ends in dots, and begins
again, with the name of its value, in the row where that is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from ..gate import CONSTANT
from ..value import Value
from .span import columns

NARROWER, TRIED = 0.95, 20  # rows that fit one by one may not fit together: narrower ones are tried too
FRAME = 24.0  # points around a picture
MARKS = 120.0  # points that rows take in addition: dots at both ends, the labels of wires that pass over columns


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
        box, gate = self._widest(boxes), self._widest(gates)
        near, before, behind = self._labels(labels)
        self.in_one_row = sum(box) + sum(gate) + sum(before) + sum(behind) + FRAME
        copied = self._widest({use: again for leaf in shown if not leaf.gate for use in uses[leaf][1:] if use in boxes})
        self.boxes = [*map(max, box, [*copied[1:], 0.0])]  # in rows, where a copy stands in the column before its use
        self.wires = [*map(sum, zip(gate, near))]

    def _widest(self, widths: Mapping[Value, float]) -> list[float]:
        """The widest of the values in each column."""
        widest = [0.0] * (self.last + 1)
        for node, wide in widths.items():
            widest[self.column[node]] = max(widest[self.column[node]], wide)
        return widest

    def _labels(self, labels: Iterable[tuple[Value, Value, float]]) -> tuple[list[float], ...]:
        """The widest label of each column, three times: where all wires are short, before gates, and behind gates.

        Graphviz puts a label in the middle of its wire.  That is before the gate, if the value stands in the column
        before; of a wire that passes over columns it may be behind another gate.
        """
        near, before, behind = ([0.0] * (self.last + 1) for _ in range(3))
        for start, end, wide in labels:
            middle, is_between = divmod(self.column[start] + self.column[end], 2)
            for there, place in ((near, self.column[end]), (before, middle + 1) if is_between else (behind, middle)):
                there[place] = max(there[place], wide)
        return near, before, behind

    def width(self, ends: Sequence[int] = ()) -> float:
        """How wide the picture is, in rows that end with these columns and have their columns below each other."""
        if not ends:
            return self.in_one_row
        rows = [*zip([0, *ends], [*ends, self.last])]
        boxes = itertools.zip_longest(*[self.boxes[start : end + 1] for start, end in rows], fillvalue=0.0)
        wires = itertools.zip_longest(*[self.wires[start + 1 : end + 1] for start, end in rows], fillvalue=0.0)
        return sum(map(max, boxes)) + sum(map(max, wires)) + FRAME + MARKS

    def folded(self, widest: float) -> dict[Value, int]:
        """{value: the row that it stands in}, counted from 0, where the picture is no wider if that can be helped."""
        ends, row = self._best_ends(widest), dict[Value, int]()
        for node in self.shown:
            place = self.column[node] + (not node.gate and self.column[node] < self.last)  # a leaf is beside its use
            row[node] = sum([end < place for end in ends])
        return row

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
        return list(itertools.accumulate(begins))
