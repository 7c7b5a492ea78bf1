"""HTML files made of texts with {{marks}}, in whose place parts and sentences are put."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..given import file_path
from .phrases import say

FOLDER = Path(__file__).parent
MARK = re.compile(r"\{\{([\w ]+)\}\}")
ALONE = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"  # nothing from elsewhere
)


def framework(path: str | Path, policy: str = ALONE) -> str:
    """A file of HTML in which the head that all files share stands in the place of its {{head}}.

    path: a file of this folder or elsewhere.
    policy: where a browser may get scripts, styles and all else from; by default, from the file itself alone.
    """
    head = (FOLDER / "head.html").read_text(encoding="utf-8").replace("{{policy}}", policy)
    return (FOLDER / path).read_text(encoding="utf-8").replace("{{head}}\n", head)


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
    file = file_path(path)
    if file.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{what} can be saved as .html, not as {str(path)!r}")
    return file


def script_json(data: object) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element, or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("<!", "\\u003c!")
