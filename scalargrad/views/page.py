"""The stepper page: a graph as one HTML file that a learner steps through, takes apart and is quizzed on.

The page itself stands beside this file in `page.html`, `page.css` and `page*.js`.  What is here gathers
what they show: one circuit as it was recorded and, where gates are made of smaller ones, one taken apart; each laid out
once, with room for the longest number that a box will ever hold, so that nothing moves.
"""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import files
from ..formula import OPERATORS
from ..gate import CONSTANT, Gate
from ..text import clip, number_text, width
from ..value import Value
from .browser import show
from .circuit import Circuit, Shown
from .code import Program
from .compact import compact
from .dot import COMPACT, boxes_of
from .handout import framed, step_table
from .javascript import script_number
from .layout import SVG, lay_out, readable
from .patterns import edge_sentence, gate_sentence, gate_title
from .phrases import LANGUAGES, counted, say
from .rerun import Rerun
from .steps import Step, Steps
from .story import MAX_LISTED, Story

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
FOLDER = Path(__file__).parent
SCRIPTS = (
    "page.js",
    "page_quiz.js",
    "page_alive.js",
    "page_plot.js",
    "page_chain.js",
    "page_forward.js",
    "page_explore.js",
    "page_descent.js",
    "page_print.js",
)
STYLES = ("page.css", "page_explore.css")
PARTS = ("title", "summary", "circuits", "codes", "table", "json", "gates")  # what a page has of its own
MARK = re.compile(r"\{\{([\w ]+)\}\}")
WIDEST = 900.0  # points: letters are then 9 pixels high in a window of 850
LONGEST = "-8.88888e-308"  # no number is written longer
TOLD = re.compile(
    "page |edge |"
    "(first|adds up|product|local|gate|a tie|ties|routes|picks|distributes|flips|switches|scales|differs|both"
    "|one path|paths|more|about)$"
)
Span = tuple[int, int, int]  # a line of the program, and where in it something begins and ends
ASSIGNED = re.compile(r"(?:^|;)\s*(\w+)\s*=\s*([^\s;#=][^;#=]*?)\s*(?=;|#|$)")
Lit = dict[tuple[Value, int | None], list[int]]  # the code lines of a gate going forward (None), and of each edge


class Page:
    """A graph as one HTML file without anything from the network; a notebook shows it by itself.

    `html` is its text, `save(path)` writes it.
    """

    def __init__(self, circuits: Sequence[PageCircuit], title: str, engine: str | None):
        self._circuits = circuits
        self._title = title
        self._engine = engine
        self._path: Path | None = None  # where it has been written

    def __repr__(self) -> str:
        summary = self._circuits[0].summary_in("en")
        return f"<Page of {summary}; " + (
            f"written to {self._path}>" if self._path else ".save('circuit.html') writes it>"
        )

    @cached_property
    def html(self) -> str:
        """The text of the file; RuntimeError, saying what to install, where nothing can lay out the circuit."""
        return filled(template(self._circuits[0].story.lang), self.parts)

    @property
    def parts(self) -> dict[str, str]:
        """What `template` has not: the pictures, code and data of this page, as HTML and JSON; errors as of `html`."""
        return parts_of(self._circuits, self._title, [c.picture(self._engine) for c in self._circuits])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """The path, after writing the page there, whole or not at all; ValueError unless it ends in .html or .htm."""
        self._path = files.write(html_path(path, "a page"), self.html.encode(errors="replace"))
        return self._path

    def show(self) -> None:
        """Opens it in a browser; in a notebook, displays it there.  RuntimeError where there is no browser."""
        show(self, "circuit.html")

    def _repr_html_(self) -> str | None:
        first = self._circuits[0]
        try:
            picture = first.svg(self._engine)
            return framed(self.html, self._title, picture, step_table(first.steps, first.story.lang), first.story.lang)
        except Exception:  # a notebook then shows the repr; `.html` says what is wrong
            return None


def page(
    root: Value | Iterable[Value],
    path: str | os.PathLike[str] | None = None,
    code: str | None = None,
    names: Mapping[Any, Any] | None = None,
    upstream: float | Iterable[float] | None = None,
    limit: int = 500,
    engine: str | None = None,
    lang: str | None = None,
) -> Page:
    """A page on which to step through the forward and the backward pass, with circuit, arithmetic and code.

    It has links to a step (`#7`), plays by itself, takes composite gates apart, and asks for the gradients in a quiz.
    An input can be dragged, or typed anew: forward and backward then run again in the browser, and the link keeps the
    number (`#7&x=-1.99`).  "Explore" shows the chain rule at the value that is chosen, or forward mode from it; draws
    the root against it, with the gradient as the slope of the tangent; and moves all inputs, or some, against their
    gradients, update by update, saying what each was predicted to change.  What feeds a gate of your own that is more
    than arithmetic, without smaller gates inside, or a gate of very many inputs, stays as it was recorded; so does a
    graph with values that were changed since, and the way that an `if` in your Python code went.

    root: a value, or several that are differentiated together.
    path: also writes the page there, a file that ends in .html.
    code: a program to show beside the picture, where a line that assigns `q` or `dq` is lit with the step of q, and a
        line that assigns an input its number, `x = -2`, follows it; by default the flat backprop code, and "" for none.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    upstream: the gradient that each root starts from; 1 by default.
    limit: ValueError for a graph of more values, since layout takes minutes from about 1,000 on.
    engine: "wasm" (comes with the package), "dot" (a Graphviz on the system), or None: the first of the two there is.
    lang: the language of the sentences, "en" or "zh", by default that of `language`; ValueError for another.

    It computes on the side, as `steps` does, and its numbers are the same texts.

    >>> x, y = Value(2.0, "x"), Value(-4.0, "y")
    >>> page(x * y)
    <Page of 3 values, 1 gate, 3 steps; .save('circuit.html') writes it>
    """
    if isinstance(path, Value):
        raise TypeError("path is where the page is to be written; several roots come in a list, page([f, g])")
    recorded = Story(root, names, upstream, lang=lang)
    if len(recorded.order) > limit:
        raise ValueError(
            f"a page of {len(recorded.order)} values is too large to lay out: raise limit={limit} if you can wait, "
            "or draw(root, around=x), the neighbourhood of one value"
        )
    title = recorded.say("page title", roots=clip(", ".join(recorded.names[r] for r in recorded.roots), 60))
    made = Page(_circuits(recorded, code, limit), title, engine)
    if path is not None:
        made.save(path)
    return made


# ---- the same graph, taken apart ----


def _circuits(recorded: Story, code: str | None, limit: int) -> list[PageCircuit]:
    """The graph as it was recorded and, where it has gates that are made of smaller ones, taken apart."""
    owners = {node: i for i, node in enumerate(recorded.order)}
    apart = _apart(recorded, limit)
    if apart is None:
        return [PageCircuit(recorded, owners, set(), code, 0)]
    composite = {owners[node] for node in recorded.gates if _has_parts(node.gate)}
    inside, equal = apart
    return [
        PageCircuit(recorded, owners, composite, code, 0),
        PageCircuit(inside, _owners(recorded.order, equal), composite, code, 1),
    ]


def _apart(recorded: Story, limit: int) -> tuple[Story, dict[Value, Value]] | None:
    """The story of the graph without composite gates, and {node: its equal there}.

    None where there is nothing to take apart, where it cannot be done at these numbers, or it becomes too large.
    """
    try:
        apart, equal = recorded.taken_apart(_has_parts)
        return None if apart is recorded or len(apart.order) > limit or not apart.gradients else (apart, equal)
    except (ValueError, ArithmeticError):
        return None


def _has_parts(gate: Gate | None) -> bool:
    return gate is not None and gate.expansion is not None and gate.name not in OPERATORS


def _owners(order: Sequence[Value], new: Mapping[Value, Value]) -> dict[Value, int]:
    """For every node of a graph taken apart, the place in `order` of the node whose gate it was a part of."""
    owners: dict[Value, int] = {}
    for i, node in enumerate(order):
        stack = [new[node]]
        while stack:
            part = stack.pop()
            if part not in owners:
                owners[part] = i
                stack += part.parents
    return owners


# ---- one circuit: its steps as data, its picture, its code ----


class PageCircuit:
    """One way to show the graph.  Its ids are those of `draw`; those of a second circuit bear its number."""

    def __init__(self, story: Story, owners: Mapping[Value, int], composite: set[int], code: str | None, index: int):
        """owners: {node: the place in the recorded order of the node that it is, or was a part of}.

        composite: the places of those that are made of smaller gates.
        code: a program of the user's, None for the flat code.
        index: 0 for the graph as recorded, 1 for it taken apart.
        """
        self.story, self.owners, self.composite, self.index = story, owners, composite, index
        boxes = boxes_of(story.roots, story.order)
        self.boxes = {node: f"n{index}-{box[1:]}" if index else box for node, box in boxes.items()}
        self.rerun = None if story.stale else Rerun(story)
        passes = Steps(story)
        self.program, lit, self.assigned = _program(story, passes, code)
        self.numbers = {leaf: i for i, leaf in enumerate(sorted(self.assigned, key=self.assigned.__getitem__))}
        self.steps = [self._step(step, lit) for step in passes]
        self._svg: str | None = None

    @property
    def summary(self) -> str:
        """How large it is, in words."""
        return self.summary_in(self.story.lang)

    def summary_in(self, lang: str) -> str:
        gates = len(self.story.gates)
        counts = {"value": len(self.story.order), "gate": gates, "step": gates + len(self.story.edges)}
        told = {f"{kind}s": counted(kind, count, lang) for kind, count in counts.items()}
        return say("page summary", lang, **told)

    def scripts(self) -> list[str]:
        """The JavaScript of its gates, each once; of a graph that cannot run again, none."""
        return self.rerun.gates() if self.rerun else []

    def data(self, gates: Mapping[str, int]) -> dict[str, Any]:
        """What the script needs to know; `gates` are those that it can run, {JavaScript: place}."""
        story = self.story
        starts = [story.gradient_text(root, start) for root, start in story.starts.items()]
        return {
            "summary": self.summary,
            "values": [self._value(node) for node in self.boxes],
            "leaves": [self.boxes[leaf] for leaf in story.leaves if leaf in self.boxes],
            "turn": len(story.gates),
            "starts": {self.boxes[root]: number_text(start) for root, start in story.starts.items()},
            "beginning": ", ".join(_listed(starts)),
            "inputs": _listed([story.data_and_name(leaf) for leaf in story.leaves]),
            "results": _listed([story.gradient_text(leaf, story.gradients[leaf]) for leaf in story.leaves]),
            "derivatives": story.derivatives,
            "steps": self.steps,
            "begin": min(self.assigned.values(), default=(0,))[0],
        } | (self.rerun.data(gates) if self.rerun else {})

    def _value(self, node: Value) -> dict[str, Any]:
        gradient = self.story.gradients[node]
        live = self._input(node) if self.rerun else {}
        return live | {
            "box": self.boxes[node],
            "name": self.story.names[node],
            "data": self.story.data_text(node),
            "grad": number_text(gradient),
            "gradient": script_number(gradient),
        }

    def _input(self, node: Value) -> dict[str, Any]:
        """What the script needs to know to give this value another number, if it is an input."""
        row = {"row": self.rerun.places[node]} if self.rerun else {}
        if node.gate or node.form is CONSTANT or not self.rerun:
            return row
        number = {"number": self.numbers[node]} if node in self.numbers else {}
        return row | number | {"key": self.owners[node], "fixed": node in self.rerun.fixed}

    def _step(self, step: Step, lit: Lit) -> dict[str, Any]:
        box = self.boxes[step.node]
        parts = {"node": box, "gate": f"g{box[1:]}", "wire": f"w{box[1:]}", "owner": self.owners[step.node]}
        more = self._forward(step) if step.phase == "forward" else self._backward(step)
        words = {"phase": step.phase, "name": step.name, "formula": step.formula}
        return parts | words | more | {"lines": lit.get((step.node, step.place), [])}

    def _forward(self, step: Step) -> dict[str, Any]:
        node, box = step.node, self.boxes[step.node]
        slopes = [self.story.slope(node, i, number_text(local)) for i, local in enumerate(node.local_gradients())]
        wires = [f"e{box[1:]}_{place}" for place, parent in enumerate(node.parents) if parent in self.boxes]
        lit = [*wires, f"g{box[1:]}", f"w{box[1:]}", box]
        told = {"slopes": _listed(slopes), "pattern": gate_sentence(self.story, node), "lit": lit}
        return {**step.shown, **told, **(self.rerun.forward(node) if self.rerun else {})}

    def _backward(self, step: Step) -> dict[str, Any]:
        box, place, local = self.boxes[step.node], step.place or 0, step.local_gradient or 0.0
        into = None if step.parent is None else self.boxes.get(step.parent)  # a constant has no box
        edge = f"e{box[1:]}_{place}" if into else None
        name, to = self.story.behind_d(step.name), self.story.behind_d(step.parent_name or "")
        rule = {"name": name, "parent": to, "local": step.local_formula or step.shown["local"]}
        return {
            "edge": edge,
            "parent": into,
            "to": step.parent_name,
            "rule": self.story.say("local", **rule),
            **step.shown,
            "adds_up": step.adds_up,
            "place": place,
            "pattern": edge_sentence(self.story, step.node, place, local),
            "lit": [f"g{box[1:]}", *([edge, into] if into else [])],
        }

    # ---- its picture ----

    def svg(self, engine: str | None) -> str:
        """The picture as it looks after the last step."""
        if self._svg is None:
            laid_out = self._filled_in(lay_out(self._circuit.source, engine))
            self._svg = readable(laid_out, self._titles(), self.summary)
        return self._svg

    def picture(self, engine: str | None) -> str:
        """The same for the page, which has colours and fonts of its own, and may click on what is made of gates."""
        svg = ET.fromstring(self.svg(engine))
        composite = {f"g{box[1:]}" for node, box in self.boxes.items() if self.owners[node] in self.composite}
        for group in svg.iter(f"{SVG}g"):
            nameless = group.get("class") in ("graph", "cluster row")
            name = group.attrib.pop("id") if nameless else group.get("id", "")
            if name in composite:
                group.set("class", f"{group.get('class')} composite{' inside' if self.index else ''}")
        _, _, wide, high = str(svg.get("viewBox")).split()
        svg.set("style", f"--w:{wide};--h:{high}")
        del svg.attrib["width"], svg.attrib["height"]
        for element in svg.iter():
            for said_by_css in ("fill", "stroke", "font-family", XML_SPACE):
                element.attrib.pop(said_by_css, None)
            if element.get("text-anchor") == "middle":  # as most of them
                del element.attrib["text-anchor"]
        text: str = ET.tostring(svg, encoding="unicode")
        return text.replace(" />", "/>").replace("<title/>\n", "")

    def _filled_in(self, svg: bytes) -> bytes:
        """The SVG with what boxes and wires show, instead of the longest that they have room for."""
        tree, texts = ET.fromstring(svg), self._texts()
        for group in tree.iter(f"{SVG}g"):
            for element, shown in zip(group.findall(f"{SVG}text"), texts.get(group.get("id", ""), ())):
                element.text = element.text if shown is None else shown
        return ET.tostring(tree)

    def _texts(self) -> dict[str, tuple[str | None, ...]]:
        """What stands in boxes and on wires after the last step, by their ids; None for what was laid out as it is."""
        story, texts = self.story, dict[str, tuple[str | None, ...]]()
        for node, box in self.boxes.items():
            texts[box] = (None, story.data_text(node), number_text(story.gradients[node]))
            for place, local in enumerate(node.local_gradients()):
                texts[f"e{box[1:]}_{place}"] = (number_text(local),)
        copies = {again: (None, story.data_text(leaf)) for again, leaf in self._circuit.again.items() if not leaf.gate}
        return texts | copies

    @cached_property
    def _circuit(self) -> Circuit:
        """The circuit as it is laid out, with room everywhere for the longest number that will ever stand there."""
        story = self.story
        fields = {
            node: (story.names[node], self._room([story.data_text(node)]), self._longest(node)) for node in self.boxes
        }
        labels = {node: [self._room([number_text(x)]) for x in node.local_gradients()] for node in self.boxes}
        doubled = frozenset([node for node in self.boxes if self.owners[node] in self.composite and not self.index])
        return Circuit(story, Shown(self.boxes, fields, labels), COMPACT, widest=WIDEST, doubled=doubled)

    @cached_property
    def _gradient_texts(self) -> dict[str, list[str]]:
        """All that a box shows as its gradient, at one step or another."""
        texts = {box: [number_text(self.story.gradients[node]), "?"] for node, box in self.boxes.items()}
        for step in self.steps:
            if step.get("parent"):
                texts[step["parent"]].append(step["after"])
        for root, up in zip(self.story.roots, self.story.upstream):
            texts[self.boxes[root]].append(number_text(up))
        return texts

    def _longest(self, node: Value) -> str:
        return self._room(self._gradient_texts[self.boxes[node]])

    def _room(self, texts: Iterable[str]) -> str:
        """The longest of the texts, and of all that may come instead of them when an input gets another number."""
        return max([*texts, *([LONGEST] if self.rerun else [])], key=width)

    def _titles(self) -> dict[str, str]:
        """What is shown when one points at an element: no number, since a quiz may ask for it."""
        story, titles = self.story, dict[str, str]()
        for node, box in self.boxes.items():
            titles[box] = story.names[node]
            if node.gate:
                titles[box] = f"{story.names[node]} = {story.formula(node)}"
                titles[f"g{box[1:]}"] = gate_title(story, node)
        return titles


def _listed(texts: list[str]) -> list[str]:
    return texts if len(texts) <= MAX_LISTED else [*texts[:MAX_LISTED], f"... ({len(texts)})"]


# ---- the program beside the picture ----


def _program(story: Story, passes: Steps, code: str | None) -> tuple[list[str], Lit, dict[Value, Span]]:
    """The lines of the program, which of them stand for each step, and where each leaf is assigned its number."""
    if code is not None:
        lines = code.splitlines()
        return lines, _lines_of_names(passes, lines), _assigned(story.leaves, passes.names, lines)
    try:
        program = Program(story)
        text = program.as_script().splitlines()
    except (ValueError, ArithmeticError, TypeError) as error:
        return ["# " + story.say("no code", reason=" ".join(str(error).split()))], {}, {}
    return text, _lines_of_gates(story, program, len(text)), _assigned(program.leaves, program.names, text)


def _assigned(leaves: Iterable[Value], names: Mapping[Value, str], program: list[str]) -> dict[Value, Span]:
    """Where a line such as `x = -2.0` or `x = -2; y = 5` assigns each leaf its number, and no other line does."""
    found: dict[str, list[tuple[str, Span]]] = {}
    for i, line in enumerate(program):
        for part in ASSIGNED.finditer(line):
            found.setdefault(part[1], []).append((part[2], (i, *part.span(2))))
    spans = {}
    for leaf in leaves:
        (text, span), *others = found.get(names[leaf]) or [("", (0, 0, 0))]
        if not others and _reads(text, leaf.data):
            spans[leaf] = span
    return spans


def _reads(text: str, number: float) -> bool:
    """Whether a text in a program is this number."""
    try:
        return number_text(float(text.replace("math.", "")), 17) == number_text(number, 17)
    except ValueError:
        return False


def _lines_of_gates(story: Story, program: Program, length: int) -> Lit:
    """Where the code of each gate stands; of a gate that is written out, all lines stand for each step."""
    owners, lit = _owners(story.order, program.equal), Lit()
    script = program.script()
    for i, (_, part, places) in enumerate(script, length - len(script)):
        if part is not None:
            node = story.order[owners[part]]
            whole = places if part is node or places is None else range(len(node.parents))
            for place in [None] if whole is None else whole:
                lit.setdefault((node, place), []).append(i)
    return lit


def _lines_of_names(passes: Steps, program: list[str]) -> Lit:
    """In a program of the user's: the lines that assign `q` go with q's forward step, `dq` with those that reach it."""
    assigned: dict[str, list[int]] = {}
    for i, line in enumerate(program):
        target = re.match(r"\s*(\w+)\s*[-+*/]?=(?!=)", line)
        if target:
            assigned.setdefault(target[1], []).append(i)
    reaching: dict[Value, list[tuple[Value, int | None]]] = {}
    lit: Lit = {}
    for step in passes:
        if step.parent is None:
            lit[step.node, None] = assigned.get(step.name, [])
        else:
            reaching.setdefault(step.parent, []).append((step.node, step.place))
    for parent, ways in reaching.items():
        found = assigned.get(f"d{passes.names[parent]}", [])
        for way, i in zip(ways, itertools.cycle(found)):
            lit[way] = [i] if len(found) == len(ways) else found
    return lit


# ---- the file ----


def filled(text: str, parts: Mapping[str, str]) -> str:
    """A text with these parts in the place of its {{marks}}; what stands in a part is not read for marks."""
    return MARK.sub(lambda mark: parts[mark[1]], text)


def worded(text: str, parts: Mapping[str, str], about: str, lang: str) -> str:
    """A text with these parts in the place of their {{marks}}, and sentences in the place of all others.

    about: the first word of the sentences' names: of "page", {{step}} is the one that is named "page step".
    """
    said = {mark: html.escape(say(f"{about} {mark}", lang)) for mark in {*MARK.findall(text)} - parts.keys()}
    return filled(text, said | dict(parts))


def html_path(path: str | os.PathLike[str], what: str) -> Path:
    """The path; ValueError unless it ends in .html or .htm.  what: a name for what is to be written there."""
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{what} can be saved as .html, not as {str(path)!r}")
    return Path(path)


def template(lang: str, start: str | Path = "page_start.js", styles: Iterable[str | Path] = ()) -> str:
    """page.html with all that pages have in common in its place; the marks that are left are named in PARTS.

    start: the script that opens the page.
    styles: files of styles besides STYLES.
    """
    frame = _read("page.html")
    script = "\n".join([compact("page_gates.js"), "{{gates}}", *map(compact, [*SCRIPTS, start])])
    common = {
        "lang": lang,
        "style": "\n".join(map(compact, [*STYLES, *styles])),
        "script": script,
        "text": script_json(_sentences(lang, frame, script)),
    }
    own = {part: f"{{{{{part}}}}}" for part in PARTS}
    return worded(frame, common | own, "page", lang)


def parts_of(circuits: Sequence[PageCircuit], title: str, pictures: Sequence[str]) -> dict[str, str]:
    """What one page has in the place of each of PARTS, names escaped."""
    scripts = list(dict.fromkeys(text for circuit in circuits for text in circuit.scripts()))
    gates = {text: i for i, text in enumerate(scripts)}
    return {
        "title": html.escape(title),
        "summary": html.escape(circuits[0].summary),
        "circuits": "\n".join(_hideable("div", 'class="circuit"', i, picture) for i, picture in enumerate(pictures)),
        "codes": "\n".join(_code_lines(i, circuit) for i, circuit in enumerate(circuits) if circuit.program),
        "table": step_table(circuits[0].steps, circuits[0].story.lang),
        "json": script_json([circuit.data(gates) for circuit in circuits]),
        "gates": list_of_gates(scripts),
    }


def _sentences(lang: str, frame: str, script: str) -> dict[str, str]:
    """What the script may say: not the words that stand in the frame alone."""
    told = {key: text for key, text in LANGUAGES[lang].items() if TOLD.match(key)}
    return {key: text for key, text in told.items() if f"{{{{{key[5:]}}}}}" not in frame or f'"{key}"' in script}


def _read(name: str | Path) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").rstrip()


def list_of_gates(scripts: list[str]) -> str:
    return "\n".join(["const gates = [", *(f"  {text}," for text in scripts), "];"])


def script_json(data: object) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _hideable(tag: str, attributes: str, index: int, inside: str) -> str:
    """An element of which the second, of the graph taken apart, is hidden to begin with."""
    return f"<{tag} {attributes}{' hidden' if index else ''}>{inside}</{tag}>"


def _code_lines(index: int, circuit: PageCircuit) -> str:
    spans: dict[int, list[tuple[int, int]]] = {}
    for line, start, end in sorted(circuit.assigned.values()):
        spans.setdefault(line, []).append((start, end))
    lines = "".join(_code_line(line, spans.get(i, [])) for i, line in enumerate(circuit.program))
    return _hideable("pre", 'class="program" tabindex="0"', index, f'<code class="lines">{lines}</code>')


def _code_line(line: str, numbers: list[tuple[int, int]]) -> str:
    """A line; the numbers of leaves in it are elements of their own, so that the script can change them."""
    kind = ' class="comment"' if line.lstrip().startswith("#") else ""
    text, told = "", 0
    for start, end in numbers:
        text += f"{html.escape(line[told:start])}<var>{html.escape(line[start:end])}</var>"
        told = end
    return f"<span{kind}>{text}{html.escape(line[told:])}</span>"
