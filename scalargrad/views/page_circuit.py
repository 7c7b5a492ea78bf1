"""One circuit of a page: its steps as data, its picture, with room for every number that a box will ever hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..gate import CONSTANT
from ..text import DIGITS, number_text
from ..value import Value
from .circuit import Circuit, Shown
from .dot import COMPACT, boxes_of
from .handout import sheets
from .javascript import script_number
from .labels import SVG, shape_of
from .layout import labelled, lay_out, make_readable
from .lit_lines import Lit, program_beside
from .patterns import edge_sentence, gate_sentence, gate_title
from .phrases import MAX_LISTED, counted, say
from .rerun import Rerun
from .steps import Step, Steps
from .story import Story

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
WIDEST = 900.0  # points: letters are then 9 pixels high in a window of 850
ROOMS = ((13, 13), (9, 9), (7, 7), (7, 4))  # for numbers such as -8.88888e-308, -0.123456, -0.1234; and less on wires
IN_ROWS = (7, 7)


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
        self.program, lit, self.assigned = program_beside(story, passes, code)
        self.numbers = {leaf: i for i, leaf in enumerate(sorted(self.assigned, key=self.assigned.__getitem__))}
        self.steps = [self._step(step, lit) for step in passes]
        self._laid_out: bytes | None = None

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
            "beginning": story.say("comma").join(_listed(starts)),
            "inputs": _listed([story.data_and_name(leaf) for leaf in story.leaves]),
            "results": _listed([story.gradient_text(leaf, story.gradients[leaf]) for leaf in story.leaves]),
            "derivatives": story.derivatives,
            "steps": self.steps,
            "begin": min(self.assigned.values(), default=(0,))[0],
        } | (self.rerun.data(gates) | {"letters": self._letters} if self.rerun else {})

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
        return labelled(self._drawn(engine), self.summary)

    def picture(self, engine: str | None) -> str:
        """The same for the page, which has colours and fonts of its own, and may click on what is made of gates."""
        svg = self._drawn(engine)
        composite = {f"g{box[1:]}" for node, box in self.boxes.items() if self.owners[node] in self.composite}
        for group in svg.iter(f"{SVG}g"):
            nameless = group.get("class") in ("graph", "cluster row")
            name = group.attrib.pop("id") if nameless else group.get("id", "")
            if name in composite:
                group.set("class", f"{group.get('class')} composite{' inside' if self.index else ''}")
        _, _, wide, high = map(float, str(svg.get("viewBox")).split())
        svg.set("viewBox", f"0 0 {wide:g} {high:g}")
        svg.set("style", f"--w:{wide:g};--h:{high:g}")
        del svg.attrib["width"], svg.attrib["height"]
        for element in svg.iter():
            for said_by_css in ("fill", "stroke", "font-family", "font-size", XML_SPACE):
                element.attrib.pop(said_by_css, None)
            if element.get("text-anchor") == "middle":  # as most of them
                del element.attrib["text-anchor"]
        graph = next(svg.iter(f"{SVG}g"))
        paper = sheets(f"graph{self.index}", _spans(graph), wide, high)
        if paper:
            graph.set("id", f"graph{self.index}")
        return labelled(svg, self.summary).replace(" />", "/>").replace("<title/>\n", "").replace("\n\n", "\n") + paper

    def _drawn(self, engine: str | None) -> ET.Element:
        """The SVG with what boxes and wires show after the last step, instead of what they have room for."""
        if self._laid_out is None:
            self._laid_out = lay_out(self._circuit.source, engine)
        tree, texts = ET.fromstring(self._laid_out), self._texts()
        for group in tree.iter(f"{SVG}g"):
            for element, shown in zip(group.findall(f"{SVG}text"), texts.get(group.get("id", ""), ())):
                element.text = element.text if shown is None else shown
        make_readable(tree, self._titles())
        return tree

    def _texts(self) -> dict[str, tuple[str | None, ...]]:
        """What stands in boxes and on wires after the last step, by their ids; None for what was laid out as it is."""
        story, texts = self.story, dict[str, tuple[str | None, ...]]()
        for node, box in self.boxes.items():
            texts[box] = (None, self._few(story.data_text(node)), self._few(number_text(story.gradients[node])))
            for place, local in enumerate(node.local_gradients()):
                texts[f"e{box[1:]}_{place}"] = (self._few(number_text(local)),)
        copied = [(again, node) for again, node in self._circuit.again.items() if self._circuit.is_copied(node)]
        return texts | {again: texts[self.boxes[leaf]][:2] for again, leaf in copied}

    def _few(self, text: str) -> str:
        """A number with as many of its digits as have room in the picture."""
        if len(text) <= self._letters or not self.rerun:
            return text
        fewer = (number_text(float(text), digits) for digits in range(DIGITS - 1, 0, -1))
        return next(shown for shown in fewer if len(shown) <= self._letters)

    @property
    def _letters(self) -> int:
        """How long a number in the picture may be."""
        return self._room[0]

    @cached_property
    def _room(self) -> tuple[int, int]:
        """Of ROOMS the most with which the circuit is no wider than a page, and in one row."""
        if not self.rerun:
            return ROOMS[0]
        return next((room for room in ROOMS if self._with_room(*room).width <= WIDEST), IN_ROWS)

    @cached_property
    def _circuit(self) -> Circuit:
        return self._with_room(*self._room)

    def _with_room(self, letters: int, least: int) -> Circuit:
        """The circuit with room for numbers of so many letters wherever they will ever stand; on wires for least."""
        story, room = self.story, "0" * letters
        fields, labels = dict[Value, tuple[str, ...]](), dict[Value, list[str]]()
        for node in self.boxes:
            data = story.data_text(node) if story.is_stale(node) else room  # of a stale one two numbers
            fields[node] = story.names[node], data, room
            labels[node] = [room[: max(least, len(number_text(x)))] for x in node.local_gradients()]
        doubled = frozenset([node for node in self.boxes if self.owners[node] in self.composite and not self.index])
        return Circuit(story, Shown(self.boxes, fields, labels), COMPACT, widest=WIDEST, doubled=doubled)

    def _titles(self) -> dict[str, str]:
        """What is shown when one points at an element; numbers come from the script, since a quiz may ask for them."""
        story, titles = self.story, dict[str, str]()
        for node, box in self.boxes.items():
            titles[box] = story.names[node]
            if node.gate:
                titles[box] = f"{story.names[node]} = {story.formula(node)}"
                titles[f"g{box[1:]}"] = gate_title(story, node)
        return titles


def _spans(graph: ET.Element) -> list[tuple[float, float]]:
    """From where to where, downwards, each value, gate and wire of a picture reaches."""
    down = float(graph.get("transform", "0)").split()[-1][:-1])
    boxes = [shape_of(group) for group in graph.iter(f"{SVG}g") if group.get("class", "").startswith(("node", "edge"))]
    return [(top + down, bottom + down) for _, top, _, bottom in boxes]


def _listed(texts: list[str]) -> list[str]:
    return texts if len(texts) <= MAX_LISTED else [*texts[:MAX_LISTED], f"... ({len(texts)})"]
