"""The circuit as a picture, in the manner of the lecture: gates as circles, values with data and gradient."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import files
from ..gate import CONSTANT
from ..text import number_text
from ..value import Value
from .browser import show
from .dot import add_again, add_box, add_gate, add_stub, add_wire, blank, boxes_of
from .layout import lay_out, readable, system_dot
from .patterns import gate_title
from .span import Wiring, wiring
from .story import Story

if TYPE_CHECKING:
    import graphviz

DIRECTIONS = ("LR", "RL", "TB", "BT")
DPI = 192  # of a PNG: twice Graphviz's own, for slides and sharp screens
ENGINES = (None, "wasm", "dot")


class Drawing:
    """A circuit or a network as a picture: `source` is its DOT text, `svg` the picture; a notebook shows it by itself.

    `source` needs no layout engine; `svg`, `save` and a notebook do.
    """

    def __init__(
        self,
        source: str,
        titles: Mapping[str, str],
        engine: str | None,
        summary: str,
        kind: str = "circuit",
        upright: bool = False,
    ):
        _check("engine", engine, ENGINES)
        self.source = source
        self._titles = titles
        self._engine = engine
        self._summary = summary
        self._kind = kind
        self._upright = upright

    def __repr__(self) -> str:
        return f"<Drawing of {self._summary}; .save('{self._kind}.svg') writes it>"

    @cached_property
    def svg(self) -> str:
        """The picture as one `<svg>` element; RuntimeError, saying what to install, where nothing can lay it out."""
        return readable(
            lay_out(self.source, self._engine), self._titles, f"{self._kind} of {self._summary}", self._upright
        )

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
            content = system_dot(sharp, kind[1:])
        else:
            raise ValueError(f"a {self._kind} can be saved as .svg, .dot, .png or .pdf, not as {str(path)!r}")
        return files.write(path, content)

    def show(self) -> None:
        """Opens it in a browser; in a notebook, displays it there.  RuntimeError where there is no browser."""
        show(self, f"{self._kind}.svg")

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg
        except Exception:  # a notebook then shows the repr; `.svg` says what is wrong
            return None


def draw(
    root: Any,
    names: Mapping[Any, Any] | None = None,
    engine: str | None = None,
    limit: int = 500,
    direction: str = "LR",
    around: Value | None = None,
    radius: int = 2,
    lines: Mapping[Value, str] | None = None,
    lang: str | None = None,
) -> Drawing:
    """The circuit of `root` as a picture, in the manner of CS231n's slides.

    Gates are circles, values boxes with name, data and gradient (a dash before `backward()`); every wire into a gate
    bears its local gradient.  Plain numbers stand in their gate; a fork is a value with several wires going out.

    root: a value, or several values in one picture; or an object that draws itself, as a network does, by a method
        `_drawing_(engine, lang)` that returns a `Drawing`: TypeError if it is to be drawn as only circuits can be.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    engine: "wasm" (comes with the package), "dot" (a Graphviz on the system), or None: the first of the two there is.
    limit: ValueError for a graph of more values, since layout takes minutes from about 1,000 on.  One whose wires reach
        too far is refused as well; to shorten them, a much-used leaf may be drawn again beside its uses.
    direction: "LR", "RL", "TB" or "BT", the way from the inputs to the root.
    around: draws only what is within `radius` gates of this value, for a graph too large to draw.
    lines: where gates stand in the source, from `record_lines()`, to be shown when one points at a gate; within such a
        block it need not be given.
    lang: the language of what is shown when one points at something, "en" or "zh", by default that of `language`;
        ValueError for another.

    The same graph and names give the same bytes.
    """
    _check("direction", direction, DIRECTIONS)
    if hasattr(type(root), "_drawing_"):
        if names is not None or around is not None or lines is not None or direction != "LR":
            raise TypeError(f"names=, around=, lines= and direction= are for circuits, not for {type(root).__name__}")
        drawing: Drawing = root._drawing_(engine=engine, lang=lang)
        return drawing
    story = Story(root, names, lines=lines, lang=lang)
    shown = story.order if around is None else _neighbourhood(story, around, radius)
    if len(shown) > limit:
        raise ValueError(
            f"a circuit of {len(shown)} values is too large to draw: raise limit={limit} if you can wait, "
            "or name a value, around=x, to draw its neighbourhood"
        )
    values, gates = len(shown), sum(1 for node in shown if node.gate)
    source, titles = _source(story, shown, direction)
    summary = f"{_counted(values, 'value')} and {_counted(gates, 'gate')}"
    return Drawing(source, titles, engine, summary, upright=direction in ("TB", "BT"))


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def _check(argument: str, given: object, known: tuple[object, ...]) -> None:
    if given not in known:
        raise ValueError(f"{argument}={given!r}: choose from {', '.join(map(repr, known))}")


def _neighbourhood(story: Story, around: Value, radius: int) -> list[Value]:
    if around not in story.uses:
        raise ValueError("the value given as around= is not a part of this graph")
    near = ring = {around}
    for _ in range(radius):
        ring = {other for node in ring for other in (*node.parents, *story.uses[node])} - near
        near = near | ring
    return [node for node in story.order if node in near]


# ---- the DOT text ----


def _source(story: Story, shown: list[Value], direction: str) -> tuple[str, dict[str, str]]:
    """The DOT text, and what to show of each of its elements, by id, when one points at it."""
    how = wiring(shown, story.uses)
    graph = blank(direction, len(shown), straight=how.straight)
    titles: dict[str, str] = {}
    drawn = boxes_of(story.roots, shown)
    for node, box in drawn.items():
        titles[box] = _value_box(graph, story, node, box)
        if node.gate and not drawn.keys().isdisjoint(node.parents):
            told = _gate_circle(graph, story, node, box, drawn, how)
            titles |= {part: story.placed(title, node) for part, title in told.items()}
        elif node.parents:
            add_stub(graph, f"i{box[1:]}", box, inwards=True)
        if any(use not in drawn for use in story.uses[node]):
            add_stub(graph, f"o{box[1:]}", box, inwards=False)
    return graph.source, titles


def _value_box(graph: graphviz.Digraph, story: Story, node: Value, box: str) -> str:
    """The box of `node`; returns its title."""
    name, data = story.names[node], story.data_text(node)
    grad = number_text(node.grad) if story.graded else "-"
    add_box(graph, box, story.kind(node), (name, f"data {data}", f"grad {grad}"), story.is_stale(node))
    return story.say("value", name=name, data=data, grad=grad)


def _gate_circle(
    graph: graphviz.Digraph, story: Story, node: Value, box: str, drawn: Mapping[Value, str], how: Wiring
) -> dict[str, str]:
    """The gate of `node` with its wires; returns their titles."""
    circle = add_gate(graph, box, node)
    titles = {circle: gate_title(story, node)}
    for place, (parent, local) in enumerate(zip(node.parents, _local_texts(story, node))):
        if parent in drawn:
            slope, start = story.slope(node, place, local), drawn[parent]
            if how.is_copy(parent, node, story.uses[parent]):
                name, data = story.names[parent], story.data_text(parent)
                start = add_again(graph, start, box, (name, f"data {data}", story.say("again")))
                titles[start] = story.say("drawn again", name=name, data=data)
            titles[add_wire(graph, start, circle, place, slope)] = story.say("edge", slope=slope)
    if any(parent not in drawn and parent.form is not CONSTANT for parent in node.parents):
        add_stub(graph, f"i{box[1:]}", circle, inwards=True)
    return titles


def _local_texts(story: Story, node: Value) -> list[str]:
    """The local gradients of a gate; a picture of one that has no finite slope says so, where `backward` raises."""
    try:
        return [number_text(local) for local in node.local_gradients()]
    except (ArithmeticError, ValueError):
        return [story.say("not finite")] * len(node.parents)
