"""A circuit as DOT text: its values, gates, wires and rows, the same for `draw` and for the page.

What stands in boxes and on wires is for the view to say.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..gate import CONSTANT
from ..table import exponent_slope, power_slope
from ..value import Value
from .dot import (
    COMPACT,
    POINTS,
    Look,
    add_again,
    add_box,
    add_gate,
    add_number,
    add_resumed,
    add_stub,
    add_wire,
    blank,
    gate_lines,
    row_of,
)
from .rows import Columns
from .span import Wiring, reaches_far, wiring
from .story import Story

if TYPE_CHECKING:
    import graphviz


WRITTEN_AS_FORMULA = (power_slope, exponent_slope)
UPRIGHT = ("TB", "BT")
IN_WIRE = 8.0  # points around what stands on a wire
LINE = 1.4  # the height of a line of text with what is around it, in font sizes


class Shown(NamedTuple):
    """What of a graph is in a picture.

    boxes: {value: the id of its box}; a constant has none, since it stands in its gate.
    fields: {value: what stands in its box: name, data and gradient}.
    labels: {gate: what stands on the wires into it, a text for each of its parents}.
    """

    boxes: Mapping[Value, str]
    fields: Mapping[Value, Sequence[str]]
    labels: Mapping[Value, Sequence[str]]


class Circuit:
    """The DOT text of a picture, `source`, and what it draws more than once, `again`: {id: the value}.

    look: how it is drawn; a `COMPACT` one that leads sideways has inner values on their wires, without a box.
    widest: how many points wide it may be; what is wider is folded into rows, None for never.
    doubled: the gates that are drawn with two rings.
    key: what is said below the picture.
    """

    def __init__(
        self,
        story: Story,
        shown: Shown,
        look: Look,
        direction: str = "LR",
        widest: float | None = None,
        doubled: frozenset[Value] = frozenset(),
        key: str = "",
    ):
        self.story, self.shown, self.look, self.direction = story, shown, look, direction
        self.doubled, self.key = doubled, key
        self.values = [*shown.boxes]
        self.again: dict[str, Value] = {}
        boxes = {node: self._box(node) for node in self.values}
        gates = {node: self._gate_width(node) for node in self.values if node.gate}
        self._has_copies = reaches_far(self.values, story.uses)
        again = look.width(story.say("again")) if self._has_copies else 0.0
        self._columns = Columns(self.values, story.uses, boxes, gates, self._label_widths(), again)
        self._widest = widest

    @cached_property
    def rows(self) -> dict[Value, int]:
        """{value: the row that it stands in}."""
        return dict.fromkeys(self.values, 0) if self._widest is None else self._columns.folded(self._widest)

    @property
    def is_folded(self) -> bool:
        return max(self.rows.values()) > 0

    @property
    def width(self) -> float:
        """About how many points wide it is, in one row."""
        return self._abreast() if self.direction in UPRIGHT else self._columns.width()

    def _abreast(self) -> float:
        """How wide it is where what else is a column stands side by side: values, or what is on wires."""
        boxes, labels = Counter[int](), Counter[int]()
        for node, column in self._columns.column.items():
            boxes[column] += round(self._box(node))
            labels[column] += round(sum([self._label(text) for text in self.shown.labels[node]]))
        return max([*boxes.values(), *labels.values()])

    def symbol(self, node: Value) -> list[str]:
        """What stands in the circle of a gate: of one that serves second derivatives its formula, `3 * x ** 2`."""
        return [self.story.formula(node)] if node.gate in WRITTEN_AS_FORMULA else gate_lines(node)

    def _box(self, node: Value) -> float:
        return max(map(self.look.width, self.shown.fields[node])) + 2 * POINTS * self.look.margin[0]

    def _label(self, text: str) -> float:
        return self.look.width(text, small=True) + IN_WIRE

    def _label_widths(self) -> Iterator[tuple[Value, Value, float]]:
        for node in self.values:
            for parent, text in zip(node.parents, self.shown.labels[node]):
                if parent in self.shown.boxes:
                    yield parent, node, self._label(text)

    def _gate_width(self, node: Value) -> float:
        symbol = max(LINE * self.look.letters, *map(self.look.width, self.symbol(node)))
        return math.sqrt(2) * symbol + 2 * POINTS * self.look.ranksep

    @cached_property
    def how(self) -> Wiring:
        """Which leaves are drawn beside each use, and whether wires are straight."""
        return wiring(self.values, self.story.uses, self.rows)

    @cached_property
    def source(self) -> str:
        """The DOT text; ValueError for what would take too long to lay out."""
        size = max(Counter(self.rows.values()).values())
        graph = blank(self.direction, size, self.look, self.how.straight, self.key)
        if self.is_folded:  # Graphviz puts the first at the bottom, in rows as among them
            rows = [row_of(i) for i in range(1 + max(self.rows.values()))]
            for node in reversed(self.values):
                self._value(rows[self.rows[node]], node)
            for row in reversed(rows):
                graph.subgraph(row)
        else:
            for node in self.values:
                self._value(graph, node)
        source: str = graph.source
        return source

    def _value(self, row: graphviz.Digraph, node: Value) -> None:
        """A value, and its gate with the wires into it."""
        boxes, kind, stale = self.shown.boxes, self.story.kind(node), self.story.is_stale(node)
        box = boxes[node]
        on_wire = self._is_on_wire(node)
        (add_number if on_wire else add_box)(row, box, kind, self.shown.fields[node], stale)
        outside = [x for x in node.parents if x not in boxes and x.form is not CONSTANT]
        if node.gate and len(outside) < len(node.parents):
            self._gate(row, node, box, on_wire)
        if outside:
            add_stub(row, f"i{box[1:]}", f"g{box[1:]}" if len(outside) < len(node.parents) else box, inwards=True)
        if any(self.rows.get(use) != self.rows[node] for use in self.story.uses[node]):
            add_stub(row, f"o{box[1:]}", box, inwards=False)

    def _is_on_wire(self, node: Value) -> bool:
        sideways = self.look is COMPACT and self.direction not in UPRIGHT
        return sideways and self.story.kind(node) == "inner" and not self.story.is_stale(node)

    def _gate(self, row: graphviz.Digraph, node: Value, box: str, on_wire: bool) -> None:
        circle = add_gate(row, box, self.symbol(node), rings=1 + (node in self.doubled), on_wire=on_wire)
        wires = [*enumerate(zip(node.parents, self.shown.labels[node]))]
        for place, (parent, label) in reversed(wires) if self.is_folded else wires:
            if parent in self.shown.boxes:
                start = self._start(row, parent, node)
                add_wire(row, start, circle, place, label, self.direction)

    def _start(self, row: graphviz.Digraph, parent: Value, node: Value) -> str:
        """Where the wire from a parent into the gate of `node` begins: at its box, or where it is drawn again."""
        box, uses = self.shown.boxes[parent], self.story.uses[parent]
        beside = self.how.is_copy(parent, node, uses)
        if not beside and self.rows[parent] == self.rows[node]:
            return box
        if not beside:  # the first use in this row has it, for the others too
            node = next(use for use in uses if self.rows.get(use) == self.rows[node])
        again = f"{box}_{self.shown.boxes[node][1:]}"
        if again not in self.again:
            self.again[again] = parent
            if self.is_copied(parent):
                add_again(row, again, (*self.shown.fields[parent][:2], self.story.say("again")))
            else:
                add_resumed(row, again, self.shown.fields[parent][0])
        return again

    def is_copied(self, value: Value) -> bool:
        """Whether it is drawn again beside a use, or in another row: a leaf, where the span asks for it."""
        return not value.gate and self._has_copies
