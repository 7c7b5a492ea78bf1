"""Practice as one HTML file: circuits drawn at random in the reader's browser, and a quiz of their gradients.

A layout cannot be made in the browser.  So each shape of the levels is laid out here, with room for the longest gate
at each place; the script beside this file draws a shape, its gates and its numbers from a seed, and everything else is
the page's own.
"""

from __future__ import annotations

import html
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import files
from ..expression import evaluate
from ..value import Value
from ..views.html_file import filled, html_path, script_json
from ..views.page import parts_of, template
from ..views.page_circuit import PageCircuit
from ..views.phrases import LANGUAGES, known, say
from ..views.story import Story
from .levels import LEVELS, choices, expression, inputs

FOLDER = Path(__file__).parent
VARYING = ("formula", "given", "does", "spelled", "ways")  # what the script says of a gate, but for its numbers


def save_practice(path: str | os.PathLike[str], lang: str | None = None) -> Path:
    """The path, after writing the page of `practice_html` there; ValueError unless it ends in .html or .htm."""
    return files.write(html_path(path, "practice"), practice_html(lang).encode())


def practice_html(lang: str | None = None) -> str:
    """A page that draws random circuits and asks for their gradients, first the sign, then the number.

    A link such as `practice.html#2-1234` names a circuit by its level, from 1 to 5, and its seed, from 1 to 999999:
    whoever opens it gets the same one, in every browser, and the ones after it.  A score to copy has the levels, the
    seeds, and how many gradients were right at the first try.

    lang: the language of its sentences, "en" or "zh", by default that of `language`; ValueError for another.

    RuntimeError, saying what to install, where nothing can lay out a circuit.
    """
    lang = known(lang)
    shapes = [shape for level in LEVELS for shape in level.shapes]
    drawn = [_Shape(shape, index, lang) for index, shape in enumerate(shapes)]
    parts = parts_of(drawn, say("practice title", lang), [shape.picture(None) for shape in drawn])
    parts |= {"summary": "", "table": f"<p>{html.escape(say('practice needs a script', lang))}</p>"}
    return filled(template(lang, FOLDER / "practice.js", (FOLDER / "practice.css",)), parts | _given(lang))


class _Chosen(PageCircuit):
    """A shape with one of the gates at each place.  Its inputs are drawn in the browser, not changed by hand."""

    def __init__(self, shape: str, chosen: Mapping[str, str], index: int, lang: str):
        numbers = {name: float(i) for i, name in enumerate(inputs(shape), 1)}
        story = Story(evaluate(expression(shape, chosen), numbers), lang=lang)
        super().__init__(story, {node: i for i, node in enumerate(story.order)}, set(), "", index)

    def _input(self, node: Value) -> dict[str, Any]:
        return {"row": self.rerun.places[node]} if self.rerun else {}


class _Shape(_Chosen):
    """A shape with all that may stand at its places, laid out for the longest gate at each."""

    def __init__(self, shape: str, index: int, lang: str):
        self._choices = choices(shape)
        super().__init__(shape, {name: max(gates, key=len) for name, gates in self._choices.items()}, index, lang)
        self._variants = [
            _Chosen(shape, {name: gates[i % len(gates)] for name, gates in self._choices.items()}, index, lang)
            for i in range(max(map(len, self._choices.values())))
        ]

    def scripts(self) -> list[str]:
        return [text for variant in self._variants for text in variant.scripts()]

    def data(self, gates: Mapping[str, int]) -> dict[str, Any]:
        """That of a circuit, and `choices`: {at: a place among the steps, gates: what may stand there}."""
        variants = [variant.data(gates) for variant in self._variants]
        places = [i for i, node in enumerate(self.story.gates) if self.story.names[node] in self._choices]
        return variants[0] | {"choices": [self._choice(place, variants) for place in places], "letters": self._letters}

    def _choice(self, place: int, variants: list[dict[str, Any]]) -> dict[str, Any]:
        count = len(self._choices[self.story.names[self.story.gates[place]]])
        made = []
        for variant, data in zip(self._variants[:count], variants):
            step, node = data["steps"][place], variant.story.gates[place]
            runs = data["rows"][variant.story.order.index(node)]["gate"]
            symbol = node.gate.symbol if node.gate else ""
            made.append({key: step[key] for key in VARYING} | {"runs": runs, "symbol": symbol})
        return {"at": place, "gates": made}


def _given(lang: str) -> dict[str, str]:
    """The sentences and the levels, as JSON for the script of practice."""
    texts = {key: text for key, text in LANGUAGES[lang].items() if key.startswith("practice ")}
    places = itertools.count()
    levels = [
        {"name": level.name, "most": level.most, "shapes": [next(places) for _ in level.shapes]} for level in LEVELS
    ]
    return {"sentences": script_json(texts), "levels": script_json(levels)}
