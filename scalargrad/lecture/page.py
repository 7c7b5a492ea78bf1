"""The lecture in one file: a chapter for each circuit, alive, with a question to the class; it needs no internet.

The file itself stands beside this one in `lecture.html`, `chapter.html`, `lecture.css` and `lecture.js`.  Every circuit
is the page that `page(root)` makes, in a frame of its own, which the script fills when its chapter is opened; what
those pages have in common is there once.
"""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path

from .. import files
from ..views.compact import compact
from ..views.handout import step_table
from ..views.html_file import framework, html_path, script_json, worded
from ..views.page import list_of_gates, page, template
from ..views.phrases import LANGUAGES, known, say
from .circuits import CIRCUITS
from .network import picture, recorded

FOLDER = Path(__file__).parent
MOST_VALUES = 25  # of a circuit taken apart: one of more is too small on a projector
SPOKEN = ("lecture net run", "lecture net pause", "lecture net map", "network weight")  # by the network's script
TEXTS = ("title", "lead", "question", "answer")  # of a chapter


def save_lecture(path: str | os.PathLike[str], lang: str | None = None) -> Path:
    """The path, after writing the lecture there, whole or not at all; ValueError unless it ends in .html or .htm.

    lang: the language of its sentences, "en" or "zh", by default that of `language`; ValueError for another.
    """
    return files.write(html_path(path, "the lecture"), lecture_html(lang).encode())


def lecture_html(lang: str | None = None) -> str:
    """The text of the file that `save_lecture` writes."""
    lang = known(lang)
    chapters = {name: _circuit(name, lang) for name in CIRCUITS} | {"network": {"page": _network(lang)}}
    parts = {
        "lang": lang,
        "style": _read("lecture.css"),
        "script": _read("lecture.js"),
        "links": "\n".join(f'<li><a href="#{name}">{_said(f"{name} title", lang)}</a></li>' for name in chapters),
        "chapters": "\n".join(_chapter(number, name, lang) for number, name in enumerate(chapters, 1)),
        "json": script_json({"template": template(lang), "chapters": chapters}),
    }
    return _filled("lecture.html", parts, lang)


def _circuit(name: str, lang: str) -> dict[str, str]:
    """What the page of one circuit has of its own; it can be taken apart if that is small enough for a projector."""
    parts = page(CIRCUITS[name].root(), limit=MOST_VALUES, lang=lang).parts
    return parts | {"table": step_table([], lang)}  # without a script no frame is filled; on paper it fills the table


def _network(lang: str) -> str:
    """The page of the network, whole: it has another frame than those of the circuits."""
    gates, data = recorded(lang)
    parts = {
        "lang": lang,
        "title": _said("network title", lang),
        "style": "\n".join([compact("page.css"), _read("network.css")]),
        "script": "\n".join([compact("page_gates.js"), list_of_gates(gates), _read("network.js")]),
        "picture": picture(lang),
        "json": script_json({"text": {phrase: LANGUAGES[lang][phrase] for phrase in SPOKEN}, **data}),
    }
    return _filled("network.html", parts, lang)


def _chapter(number: int, name: str, lang: str) -> str:
    texts = {text: _said(f"{name} {text}", lang) for text in TEXTS}
    return _filled("chapter.html", {"name": name, "number": str(number)} | texts, lang)


def _filled(name: str, parts: Mapping[str, str], lang: str) -> str:
    """A file with these parts in the place of its marks, and sentences in the place of the others."""
    return worded(framework(FOLDER / name).rstrip(), parts, "lecture", lang)


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").rstrip()


def _said(phrase: str, lang: str) -> str:
    return html.escape(say(f"lecture {phrase}", lang))
