"""DOT, the text that Graphviz lays out: boxes of values, circles of gates, wires between them; names escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..gate import CONSTANT
from ..text import clip, number_text, width
from ..value import Value
from .names import clean
from .spelling import MAX_FORMULA

if TYPE_CHECKING:
    import graphviz

MANY_VALUES = 300  # in a row of more, Graphviz searches less long for the best places
POINTS = 72.0  # of an inch
COURIER = 0.6  # the width of a letter, in font sizes
LINES_ON_WIRE = 4  # the height of a value without a box: name and data above the wire, as much space below it
OVAL = 4  # letters of a gate's symbol; a longer one stands in an oval
WIRE = "#6b7d95"
FORWARD_SIDES = {"LR": "e", "RL": "w"}  # of a box, as Graphviz names them
MAX_IN_GATE = 5  # plain inputs of a gate that stand in its circle
STYLES = {
    "leaf": {"style": "filled,rounded", "fillcolor": "#fff4d6"},
    "inner": {"style": "filled", "fillcolor": "#ffffff"},
    "root": {"style": "filled", "fillcolor": "#dde9fb", "penwidth": "2"},
}


class Look(NamedTuple):
    """The sizes in a picture.

    letters, small_letters: in points, of what stands in boxes and gates, and of what stands on wires.
    margin: in inches, around the text of a box, to the side and above.
    ranksep, nodesep: in inches, between columns, and between what stands in one of them.
    """

    letters: float
    small_letters: float
    margin: tuple[float, float]
    ranksep: float
    nodesep: float

    def width(self, text: str, small: bool = False) -> float:
        """How many points wide a text is."""
        return COURIER * (self.small_letters if small else self.letters) * width(text)

    @property
    def least(self) -> float:
        """The size of the smallest letters."""
        return min(self.letters, self.small_letters)


WRITTEN_OUT = Look(letters=11, small_letters=9, margin=(0.11, 0.055), ranksep=0.35, nodesep=0.3)
COMPACT = Look(letters=10, small_letters=10, margin=(0.05, 0.03), ranksep=0.15, nodesep=0.08)


def blank(
    direction: str, size: int, look: Look = WRITTEN_OUT, straight: bool = False, key: str = ""
) -> graphviz.Digraph:
    """A picture with nothing in it yet.

    size: how many values stand in a row, or in the largest one.
    straight: whether wires are straight lines, for what would take too long.
    key: what is said below it.
    """
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "bgcolor": "white",
            "ordering": "in",
            "nodesep": f"{look.nodesep}",
            "ranksep": f"{look.ranksep}",
        },
        node_attr={"fontname": "Courier", "fontsize": f"{look.letters:g}", "color": "#44546a"},
        edge_attr={
            "fontname": "Courier",
            "fontsize": f"{look.small_letters:g}",
            "fontcolor": "#2d3a4d",
            "color": WIRE,
            "arrowsize": ".6",
        },
    )
    if look is COMPACT:
        graph.attr("node", margin=",".join(map(str, look.margin)), width="0.1", height="0.1")
    if key:
        graph.attr(label=as_it_is(f" \\n{key}"), fontname="Courier", fontsize="10", fontcolor="#5b6775")
    if straight:
        graph.attr(splines="line", nslimit="1", nslimit1="1")
    elif size > MANY_VALUES:
        graph.attr(nslimit="1")
    return graph


def row_of(place: int) -> graphviz.Digraph:
    """A row of a folded picture, with nothing in it yet."""
    import graphviz

    return graphviz.Digraph(
        f"cluster{place}", graph_attr={"peripheries": "0", "margin": "4", "label": "", "class": "row"}
    )


def boxes_of(roots: list[Value], shown: Iterable[Value]) -> dict[Value, str]:
    """{value: the id of its box}; a constant stands in its gate and has none."""
    return {node: f"n{i}" for i, node in enumerate(n for n in shown if n.form is not CONSTANT or n in roots)}


def add_box(graph: graphviz.Digraph, box: str, kind: str, fields: Iterable[str], stale: bool = False) -> None:
    """The box of a value: a leaf, inner or root; dotted if the value was changed after the forward pass."""
    attributes = {"shape": "record", "id": box, "class": f"value {kind}", **STYLES[kind]}
    if stale:
        attributes |= {"class": f"value {kind} stale", "style": f"{attributes['style']},dotted"}
    graph.node(box, _record(fields), _attributes=attributes)


def add_number(graph: graphviz.Digraph, number: str, kind: str, fields: Iterable[str], stale: bool = False) -> None:
    """An inner value without a box: `layout.readable` draws its wire through, between data and gradient."""
    look = {"shape": "box", "id": number, "class": f"value {kind} on-wire", "style": "filled", "fillcolor": "white"}
    look |= {"color": "white", "margin": "0.02,0.02", "height": f"{LINES_ON_WIRE * 12 / POINTS:.2f}"}
    graph.node(number, as_it_is("\\n".join(map(escape, fields))), _attributes=look)


def add_again(graph: graphviz.Digraph, again: str, fields: Iterable[str]) -> None:
    """A leaf that is drawn again, beside its use or in another row; its gradient stands in its own box."""
    look = {"shape": "record", "id": again, "class": "value leaf again", **STYLES["leaf"]}
    look["style"] += ",dashed"
    graph.node(again, _record(fields), _attributes=look)


def add_resumed(graph: graphviz.Digraph, resumed: str, name: str) -> None:
    """Where the wire of an inner value goes on in another row."""
    look = {"shape": "plaintext", "id": resumed, "class": "beyond"}
    graph.node(resumed, as_it_is(escape(f"... {name}")), _attributes=look)


def add_gate(graph: graphviz.Digraph, box: str, lines: Sequence[str], rings: int = 1, on_wire: bool = False) -> str:
    """The id of the circle of a gate with these texts, drawn with the wire from it to the box, or to a value on it."""
    circle = f"g{box[1:]}"
    look = {"shape": "circle", "margin": "0.02", "id": circle, "class": "gate"}
    look |= {"shape": "oval"} if on_wire and max(map(len, lines)) > OVAL else {}
    look |= {"peripheries": str(rings)} if rings > 1 else {}
    graph.node(circle, as_it_is("\\n".join(map(escape, lines))), _attributes=look)
    wire = {"id": f"w{box[1:]}", "class": "wire"} | ({"arrowhead": "none", "headport": "w"} if on_wire else {})
    graph.edge(circle, box, _attributes=wire)
    return circle


def add_wire(graph: graphviz.Digraph, start: str, circle: str, place: int, text: str, direction: str) -> str:
    """The id of the wire from a value into a gate, with its text.

    Sideways it leaves in the middle of the side that faces the gates: from a corner it would run over the next box.
    """
    port = {"tailport": FORWARD_SIDES[direction]} if direction in FORWARD_SIDES else {}
    wire = {"id": f"e{circle[1:]}_{place}", "class": "local", **port}
    graph.edge(start, circle, as_it_is(escape(clip(text, MAX_FORMULA))), _attributes=wire)
    return wire["id"]


def add_stub(graph: graphviz.Digraph, stub: str, end: str, inwards: bool) -> None:
    """Dots where the circuit goes on beyond the picture."""
    graph.node(stub, "...", _attributes={"shape": "plaintext", "id": stub, "class": "beyond"})
    graph.edge(*((stub, end) if inwards else (end, stub)), _attributes={"style": "dashed", "id": f"b{stub}"})


def gate_lines(node: Value) -> list[str]:
    """What stands in the circle: `1 /` or `** 3` for an operator and a plain number, `dot` above its plain inputs."""
    numbers = [
        (place, number_text(float(x)))
        for place, x in enumerate(node.inputs)
        if not isinstance(x, Value) or x.form is CONSTANT
    ]
    symbol = clean(node.gate.symbol) if node.gate else ""
    if symbol[:1].isalpha():
        left_out = [f"... ({len(numbers)})"] if len(numbers) > MAX_IN_GATE else []
        return [symbol, *[text for _, text in numbers[:MAX_IN_GATE]], *left_out]
    if not numbers or len(numbers) > 2:
        return [symbol]
    place, text = numbers[0]
    return [f"{symbol} {text}" if place else f"{text} {symbol}"]


def _record(fields: Iterable[str]) -> str:
    return as_it_is("|".join(map(escape_record, fields)))


def as_it_is(label: str) -> str:
    """A label that Graphviz shows as it is, even between < and >."""
    from graphviz import nohtml

    shown: str = nohtml(label)
    return shown


def escape(text: str) -> str:
    """`text`, of clean names, for a DOT label that shows it as it is."""
    return text.replace("&", "&amp;").replace("\\", "\\\\")


def escape_record(text: str) -> str:
    """`text` for a field of a DOT record, where some characters would draw boxes."""
    return re.sub(r"([{}|<> ])", r"\\\1", escape(text))
