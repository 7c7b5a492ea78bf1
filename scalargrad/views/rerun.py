"""What a page needs to run forward and backward again in the reader's browser, as data for its script.

Numbers and sentences are made there by `page_alive.js`; what does not depend on any number is spelled here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..table import maximum, minimum, pick
from ..value import Value
from .javascript import Script, gate_script, inputs_in, script_number
from .patterns import manner
from .phrases import MAX_LISTED, language
from .spelling import Shown, course_slopes, shared_slopes, slope_formula, template
from .story import Story

MAX_SCRIPT = 20_000  # letters of a gate's JavaScript; the rule of a maximum grows with the square of its inputs


class Rerun:
    """One graph as the script runs it: a row for each node, in the one topological order.

    story: a story without stale values.
    places: {node: its row}.
    """

    def __init__(self, story: Story):
        self.story = story
        self.places = {node: i for i, node in enumerate(story.order)}
        with language(story.lang):
            written = {node: gate_script(node.gate, node.numbers[1:]) for node in story.gates if node.gate}
        self._long = {node for node, text in written.items() if text and len(text) > MAX_SCRIPT}
        self._scripts = {node: None if node in self._long else text for node, text in written.items()}

    def gates(self) -> list[str]:
        """The JavaScript of the gates that are used, each once."""
        return list(dict.fromkeys(map(self._script, self.story.gates)))

    def data(self, gates: Mapping[str, int]) -> dict[str, Any]:
        """The rows; where the backward pass starts; and the inputs that are listed.

        gates: {JavaScript of a gate: its place among those of the page}.
        """
        listed = [[self.places[leaf], self.story.names[leaf]] for leaf in self.story.leaves[:MAX_LISTED]]
        starts = [[self.places[root], script_number(up)] for root, up in self.story.starts.items()]
        rows = [self._row(node, gates) for node in self.story.order]
        return {"rows": rows, "ups": starts, "sources": listed, "fixed": self._fixed_notes()}

    @cached_property
    def fixed(self) -> dict[Value, Value]:
        """{leaf that must stay as it was recorded: the node of the gate without JavaScript that uses it}."""
        stays: dict[Value, Value] = {}
        for node in reversed(self.story.order):
            if node in stays or (node.gate and self._scripts[node] is None):
                stays |= dict.fromkeys([node, *node.parents], stays.get(node, node))
        return {leaf: stays[leaf] for leaf in self.story.leaves if leaf in stays}

    def _fixed_notes(self) -> list[str]:
        """What stays as it was recorded, and why: one sentence for each gate that is to blame."""
        names: dict[Value, list[str]] = {}
        for leaf, node in self.fixed.items():
            names.setdefault(node, []).append(self.story.names[leaf])
        return [
            self.story.say(
                "fixed by a long gate" if node in self._long else "fixed by a gate",
                names=self.story.listed(these),
                gate=node.gate.name if node.gate else "",
            )
            for node, these in names.items()
        ]

    def forward(self, node: Value) -> dict[str, Any]:
        """What the sentences of one gate are made of."""
        named = [self.story.names[x] if isinstance(x, Value) else None for x in node.inputs]
        can_change = self._scripts[node] is not None
        return {
            "given": named,
            "does": "picks" if node.gate is pick else node.gate.pattern if node.gate else "",
            "spelled": template(node) if can_change else None,
            "ways": [self._way(node, place) for place in range(len(node.parents))],
        }

    def _way(self, node: Value, place: int) -> dict[str, Any]:
        """One edge: where it leads, its formula, and what happens on it, where that is the same at all numbers."""
        kind, other = manner(self.story, node, place, math.nan)
        depends = kind == "scales" and node.gate is not None and node.gate.pattern != "scales"
        way = {"to": self.story.names[node.parents[place]], "place": self.story.place_of(node, place)}
        told = way | self._formulas(node, place) | {"kind": "" if depends else kind, "other": other}
        return {key: said for key, said in told.items() if said not in ("", None)}

    def _formulas(self, node: Value, place: int) -> dict[str, str]:
        """How a local gradient is spelled; that of a max or a min also where two inputs tie, whatever they do here."""
        inputs, slopes = self.story.slopes(node)
        if node.gate not in (maximum, minimum):
            return {"formula": slope_formula(slopes[place])}
        z = Shown(self.story.names[node])
        alone, tied = course_slopes(node, z, inputs)[place], shared_slopes(node, z, inputs, 2)[place]
        return {"formula": slope_formula(alone), "tied": tied.text}

    def _row(self, node: Value, gates: Mapping[str, int]) -> Any:
        if not node.gate:
            return script_number(self.story.data(node))
        return {"gate": gates[self._script(node)], "inputs": inputs_in(node, self.places)}

    def _script(self, node: Value) -> str:
        """The JavaScript of a gate; of one that has none, what it gave when it was recorded."""
        made = self._scripts[node]
        if made is not None:
            return made
        slope_of = dict(zip((self.story.place_of(node, i) for i in range(len(node.parents))), node.local_gradients()))
        slopes = [f"() => {Script.of(slope_of.get(i, 0.0))}" for i in range(len(node.inputs))]
        return f"{{output: () => {Script.of(node.numbers[0])}, slopes: [{', '.join(slopes)}]}}"
