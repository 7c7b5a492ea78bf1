"""The language DOT: a graph as a text of statements, one per line."""

from __future__ import annotations

import re
from collections.abc import Mapping

WORD = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|-?([.][0-9]+|[0-9]+([.][0-9]*)?)")  # needs no quotes
KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


class Digraph:
    """A graph, or a part of one, to which statements are added; `source` is its text.

    In labels, backslashes are Graphviz's escapes.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def defaults(self, kind: str, **attributes: str) -> None:
        """What holds from here on: kind is "graph", for what is said of the graph itself, "node" or "edge"."""
        self._lines.append(f"{kind}{_attributes(attributes)}")

    def node(self, name: str, label: str, attributes: Mapping[str, str]) -> None:
        """Adds a node that shows this label, as it is even between < and >."""
        self._lines.append(f"{_quoted(name)}{_attributes({'label': label, **attributes})}")

    def edge(self, start: str, end: str, attributes: Mapping[str, str]) -> None:
        """Adds an edge between two nodes."""
        self._lines.append(f"{_quoted(start)} -> {_quoted(end)}{_attributes(attributes)}")

    def part(self, name: str, part: Digraph) -> None:
        """Adds all statements of another one, as a subgraph."""
        self._lines += [f"subgraph {_quoted(name)} {{", *(f"\t{line}" for line in part._lines), "}"]

    @property
    def source(self) -> str:
        return "\n".join(["digraph {", *(f"\t{line}" for line in self._lines), "}", ""])


def _attributes(attributes: Mapping[str, str]) -> str:
    return " [" + " ".join([f"{key}={_quoted(text)}" for key, text in attributes.items()]) + "]"


def _quoted(text: str) -> str:
    if WORD.fullmatch(text) and text.lower() not in KEYWORDS:
        return text
    return '"' + text.replace('"', '\\"') + '"'
