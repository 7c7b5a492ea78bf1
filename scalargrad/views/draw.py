"""The circuit as a picture, in the manner of the lecture: gates as circles, values with data and gradient."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from .. import files
from ..gate import CONSTANT
from ..given import file_path, whole, wrong
from ..text import DIGITS, number_text
from ..value import Value
from .browser import embedded, show
from .circuit import UPRIGHT, Circuit, Shown
from .dot import COMPACT, WRITTEN_OUT, boxes_of
from .layout import READABLE, LayoutName, described, labelled, lay_out, make_readable, system_dot
from .patterns import gate_title
from .phrases import LanguageName, counted
from .story import Story

Direction = Literal["LR", "RL", "TB", "BT"] | str
DIRECTIONS = ("LR", "RL", "TB", "BT")
DPI = 192  # of a PNG: twice Graphviz's own, for slides and sharp screens
ENGINES = (None, "wasm", "dot")
PAGE = 850.0  # pixels: how wide a picture is where it must be readable
FEW_DIGITS = 4  # significant digits of a number in a compact picture; whoever points at it sees all
SHORT_SLOPE = 12  # letters of a local gradient with its formula on a wire of a compact picture


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
        title: str,
        description: str,
        lang: str,
        kind: str = "circuit",
        upright: bool = False,
        formulas: Callable[[], Mapping[str, Sequence[str]]] = dict,
    ):
        _check("engine", engine, ENGINES)
        self.source = source
        self._titles = titles
        self._engine = engine
        self._summary = summary  # in English, for the repr
        self._title = title
        self._description = description
        self._lang = lang  # of these two, and of titles
        self._kind = kind
        self._upright = upright
        self._formulas = formulas  # {id: what stands there, for LaTeX}

    def __repr__(self) -> str:
        return f"<Drawing of {self._summary}; .save('{self._kind}.svg') writes it>"

    @cached_property
    def svg(self) -> str:
        """The picture as one `<svg>` element; RuntimeError, saying what to install, where nothing can lay it out.

        A screen reader says what is in it, as `<title>` and `<desc>`.
        """
        return described(self._drawn(), self._title, self._description, self._lang)

    def for_script(self) -> str:
        """The picture for a page whose script changes its numbers: with the ids that it has in `source`, and no
        description; errors as of `svg`."""
        return labelled(self._drawn(), self._title)

    def _drawn(self) -> ET.Element:
        tree = ET.fromstring(lay_out(self.source, self._engine))
        make_readable(tree, self._titles, self._upright)
        return tree

    def save(self, path: str | os.PathLike[str]) -> Path:
        """The path, after writing the picture there, whole or not at all.

        path: ends in .svg, .dot, .tex (TikZ: a page of its own for pdflatex, and a picture where it is an \\input), or,
            through a Graphviz that is installed on the system, .png or .pdf; ValueError else.
        """
        kind = file_path(path).suffix.lower()
        if kind == ".svg":
            content = f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n'.encode()
        elif kind == ".dot":
            content = self.source.encode()
        elif kind == ".tex":
            from .tikz import tikz

            content = tikz(self.svg, self._formulas(), self._title).encode()
        elif kind in (".png", ".pdf"):
            sharp = self.source.replace("{", f"{{\n\tdpi={DPI}", 1) if kind == ".png" else self.source
            content = system_dot(sharp, kind[1:])
        else:
            raise ValueError(f"a {self._kind} can be saved as .svg, .dot, .tex, .png or .pdf, not as {str(path)!r}")
        return files.write(path, content)

    def show(self) -> None:
        """Opens it in a browser; in a notebook, displays it there.  RuntimeError where there is no browser."""
        show(self, f"{self._kind}.svg")

    def _repr_html_(self) -> str | None:
        svg = self._repr_svg_()
        return svg and embedded(svg, f"{self._title}. {self._description}")

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg
        except Exception:  # a notebook then shows the repr; `.svg` says what is wrong
            return None


def draw(
    root: Any,
    names: Mapping[Any, Any] | None = None,
    engine: LayoutName | None = None,
    limit: int = 500,
    direction: Direction = "LR",
    around: Value | None = None,
    radius: int = 2,
    lines: Mapping[Value, str] | None = None,
    lang: LanguageName | None = None,
) -> Drawing:
    """The circuit of `root` as a picture, in the manner of CS231n's slides.

    Gates are circles, values boxes with name, data and gradient (a dash before `backward()`); every wire into a gate
    bears its local gradient.  Plain numbers stand in their gate; a fork is a value with several wires going out.
    What would be too wide for a page is drawn as on the slides, the numbers of inner values on their wires, and folded
    into rows; there, pointing at a value, a wire or a gate shows everything with all digits.

    root: a value, or several values in one picture; or an object that draws itself, as a network does, by a method
        `_drawing_(engine, lang)` that returns a `Drawing`: TypeError if it is to be drawn as only circuits can be.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    engine: "wasm" (comes with the package), "dot" (a Graphviz on the system), or None: the first of the two there is.
    limit: ValueError for a graph of more values, since layout takes minutes from about 1,000 on.  One whose wires reach
        too far is refused as well; to shorten them, a much-used leaf may be drawn again beside its uses.
    direction: "LR", "RL", "TB" or "BT", the way from the inputs to the root; upwards or downwards nothing is folded.
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
    if len(shown) > whole(limit, "limit"):
        raise ValueError(
            f"a circuit of {len(shown)} values is too large to draw: raise limit={limit} if you can wait, "
            "or name a value, around=x, to draw its neighbourhood"
        )
    values, gates = len(shown), sum(1 for node in shown if node.gate)
    circuit = _circuit(story, shown, direction)
    upright, formulas = direction in UPRIGHT, partial(_formulas, story, circuit)
    return Drawing(
        circuit.source,
        _titles(story, circuit),
        engine,
        summary=f"{counted('value', values, 'en')} and {counted('gate', gates, 'en')}",
        title=story.say(
            "circuit", values=counted("value", values, story.lang), gates=counted("gate", gates, story.lang)
        ),
        description=_description(story, around),
        lang=story.lang,
        upright=upright,
        formulas=formulas,
    )


def _check(argument: str, given: object, known: tuple[object, ...]) -> None:
    if given not in known:
        raise ValueError(f"{argument}={given!r}: choose from {', '.join(map(repr, known))}")


def _neighbourhood(story: Story, around: Value, radius: int) -> list[Value]:
    if not isinstance(around, Value):
        raise wrong("around= is a value of the graph", around)
    if around not in story.uses:
        raise ValueError("the value given as around= is not a part of this graph")
    near = ring = {around}
    for _ in range(whole(radius, "radius")):
        ring = {other for node in ring for other in (*node.parents, *story.uses[node])} - near
        near = near | ring
    return [node for node in story.order if node in near]


# ---- what stands in the picture ----


def _circuit(story: Story, shown: list[Value], direction: str) -> Circuit:
    """With everything written out where that fits a page, else compact."""
    boxes = boxes_of(story.roots, shown)
    whole = Circuit(story, _written_out(story, boxes, direction), WRITTEN_OUT, direction)
    if whole.width <= PAGE * WRITTEN_OUT.least / READABLE:
        return whole
    widest = None if direction in UPRIGHT else PAGE * COMPACT.least / READABLE
    return Circuit(story, _in_short(story, boxes), COMPACT, direction, widest, key=story.say("circuit key"))


def _written_out(story: Story, boxes: Mapping[Value, str], direction: str) -> Shown:
    """`data -12`, `grad 1`, `df/dq = z = -4`; side by side `z = -4`, since long labels there cross other wires."""
    fields, labels = dict[Value, tuple[str, ...]](), dict[Value, list[str]]()
    for node in boxes:
        fields[node] = story.names[node], f"data {story.data_text(node)}", f"grad {_gradient(story, node)}"
        slope = partial(_short_slope, story) if direction in UPRIGHT else story.slope
        labels[node] = [slope(node, place, local) for place, local in enumerate(_local_texts(story, node))]
    return Shown(boxes, fields, labels)


def _in_short(story: Story, boxes: Mapping[Value, str]) -> Shown:
    """`-12`, `1`, `z = -4`."""
    fields, labels = dict[Value, tuple[str, ...]](), dict[Value, list[str]]()
    for node in boxes:
        data = story.data_text(node) if story.is_stale(node) else number_text(story.data(node), FEW_DIGITS)
        fields[node] = story.names[node], data, _gradient(story, node, FEW_DIGITS)
        locals_ = enumerate(_local_texts(story, node, FEW_DIGITS))
        labels[node] = [_short_slope(story, node, place, local) for place, local in locals_]
    return Shown(boxes, fields, labels)


def _short_slope(story: Story, node: Value, place: int, local: str) -> str:
    """`z = -4`, or the number alone where that would be long."""
    formula = story.slope_formula(node, place)
    whole = f"{formula} = {local}"
    return whole if formula not in ("", local) and len(whole) <= SHORT_SLOPE else local


def _gradient(story: Story, node: Value, digits: int = DIGITS) -> str:
    return number_text(node.grad, digits) if story.graded else "-"


def _local_texts(story: Story, node: Value, digits: int = DIGITS) -> list[str]:
    """The local gradients of a gate; a picture of one that has no finite slope says so, where `backward` raises."""
    try:
        return [number_text(local, digits) for local in node.local_gradients()]
    except (ArithmeticError, ValueError):
        return [story.say("not finite")] * len(node.parents)


def _formulas(story: Story, circuit: Circuit) -> Mapping[str, Sequence[str]]:
    """What stands in boxes and on wires, for LaTeX, by id."""
    from .tikz import formulas_of  # not before a picture is saved for LaTeX: it takes its time to load

    return formulas_of(story, circuit)


# ---- what is said to those who do not see it, and to those who point at it ----


def _description(story: Story, around: Value | None) -> str:
    """The forward pass and, after `backward()`, the gradients of the leaves: each in one line, of bounded length."""
    leaves = [leaf for leaf in story.leaves if leaf.form is not CONSTANT] or story.leaves
    sentences = [
        story.say(
            "circuit forward",
            gates=counted("gate", len(story.gates), story.lang),
            leaves=story.listed(list(map(story.data_and_name, leaves))),
            roots=story.listed(list(map(story.data_and_name, story.roots))),
        )
    ]
    if around is not None:
        sentences.insert(0, story.say("circuit around", name=story.names[around]))
    if story.graded:
        gradients = story.listed([story.gradient_text(leaf, leaf.grad) for leaf in leaves])
        sentences.append(story.say("circuit backward", gradients=gradients))
    return story.say("between sentences").join(sentences)


def _titles(story: Story, circuit: Circuit) -> dict[str, str]:
    """What to show of each element, by id."""
    titles: dict[str, str] = {}
    for node, box in circuit.shown.boxes.items():
        name, data, grad = story.names[node], story.data_text(node), _gradient(story, node)
        titles[box] = story.say("value", name=name, data=data, grad=grad)
        if node.gate:
            titles[f"g{box[1:]}"] = story.placed(gate_title(story, node), node)
            for place, local in enumerate(_local_texts(story, node)):
                edge = story.say("edge", slope=story.slope(node, place, local))
                titles[f"e{box[1:]}_{place}"] = story.placed(edge, node)
    for again, node in circuit.again.items():
        phrase = "drawn again" if circuit.is_copied(node) else "resumed"
        titles[again] = story.say(phrase, name=story.names[node], data=story.data_text(node))
    return titles
