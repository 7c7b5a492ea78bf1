"""DOT, the text that Graphviz lays out: boxes of values, circles of gates, wires between them; names escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..gate import CONSTANT
from ..text import clip, number_text
from ..value import Value
from .names import clean
from .spelling import MAX_FORMULA

if TYPE_CHECKING:
    import graphviz

MANY_VALUES = 300  # in a picture of more, Graphviz searches less long for the best places
MAX_IN_GATE = 5  # plain inputs of a gate that stand in its circle
STYLES = {
    "leaf": {"style": "filled,rounded", "fillcolor": "#fff4d6"},
    "inner": {"style": "filled", "fillcolor": "#ffffff"},
    "root": {"style": "filled", "fillcolor": "#dde9fb", "penwidth": "2"},
}


def blank(direction: str, size: int, ranksep: str = "0.35", straight: bool = False) -> graphviz.Digraph:
    """A picture of `size` values with nothing in it yet; `straight` wires are for one that would take too long."""
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={"rankdir": direction, "bgcolor": "white", "ordering": "in", "nodesep": "0.3", "ranksep": ranksep},
        node_attr={"fontname": "Courier", "fontsize": "11", "color": "#44546a"},
        edge_attr={
            "fontname": "Courier",
            "fontsize": "9",
            "fontcolor": "#2d3a4d",
            "color": "#6b7d95",
            "arrowsize": ".6",
        },
    )
    if straight:
        graph.attr(splines="line", nslimit="1", nslimit1="1")
    elif size > MANY_VALUES:
        graph.attr(nslimit="1")
    return graph


def boxes_of(roots: list[Value], shown: Iterable[Value]) -> dict[Value, str]:
    """{value: the id of its box}; a constant stands in its gate and has none."""
    return {node: f"n{i}" for i, node in enumerate(n for n in shown if n.form is not CONSTANT or n in roots)}


def add_box(graph: graphviz.Digraph, box: str, kind: str, fields: Iterable[str], stale: bool = False) -> None:
    """The box of a value: a leaf, inner or root; dotted if the value was changed after the forward pass."""
    attributes = {"shape": "record", "id": box, "class": f"value {kind}", **STYLES[kind]}
    if stale:
        attributes |= {"class": f"value {kind} stale", "style": f"{attributes['style']},dotted"}
    graph.node(box, _record(fields), _attributes=attributes)


def add_again(graph: graphviz.Digraph, box: str, use: str, fields: Iterable[str]) -> str:
    """The id of a leaf that is drawn again beside one use, the gate of the box `use`; its gradient stands in `box`."""
    again = f"{box}_{use[1:]}"
    look = {"shape": "record", "id": again, "class": "value leaf again", **STYLES["leaf"]}
    look["style"] += ",dashed"
    graph.node(again, _record(fields), _attributes=look)
    return again


def add_gate(graph: graphviz.Digraph, box: str, node: Value, rings: int = 1) -> str:
    """The id of the circle of the gate of `node`, drawn with the wire from it to the box."""
    circle = f"g{box[1:]}"
    look = {"shape": "circle", "margin": "0.02", "id": circle, "class": "gate"}
    look |= {"peripheries": str(rings)} if rings > 1 else {}
    graph.node(circle, as_it_is(gate_label(node)), _attributes=look)
    graph.edge(circle, box, _attributes={"id": f"w{box[1:]}", "class": "wire"})
    return circle


def add_wire(graph: graphviz.Digraph, parent: str, circle: str, place: int, text: str) -> str:
    """The id of the wire from the box `parent` into a gate, with its text."""
    wire = f"e{circle[1:]}_{place}"
    label = as_it_is(escape(clip(text, MAX_FORMULA)))
    graph.edge(parent, circle, label, _attributes={"id": wire, "class": "local"})
    return wire


def add_stub(graph: graphviz.Digraph, stub: str, end: str, inwards: bool) -> None:
    """Dots where the circuit goes on beyond the picture."""
    graph.node(stub, "...", _attributes={"shape": "plaintext", "id": stub, "class": "beyond"})
    graph.edge(*((stub, end) if inwards else (end, stub)), _attributes={"style": "dashed"})


def gate_label(node: Value) -> str:
    """What stands in the circle: `1 /` or `** 3` for an operator and a plain number, `dot` above its plain inputs."""
    numbers = [
        (place, number_text(float(x)))
        for place, x in enumerate(node.inputs)
        if not isinstance(x, Value) or x.form is CONSTANT
    ]
    symbol = clean(node.gate.symbol) if node.gate else ""
    if symbol[:1].isalpha():
        left_out = [f"... ({len(numbers)})"] if len(numbers) > MAX_IN_GATE else []
        return "\\n".join(map(escape, [symbol, *[text for _, text in numbers[:MAX_IN_GATE]], *left_out]))
    if not numbers or len(numbers) > 2:
        return escape(symbol)
    place, text = numbers[0]
    return escape(f"{symbol} {text}" if place else f"{text} {symbol}")


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
