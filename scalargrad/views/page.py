"""The stepper page: a graph as one HTML file that a learner steps through, takes apart and is quizzed on.

The page itself stands beside this file in `page.html`, `page.css` and `page*.js`.  What is here gathers what they show:
one circuit as it was recorded and, where gates are made of smaller ones, one taken apart.
"""

from __future__ import annotations

import functools
import html
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import files
from ..formula import OPERATORS
from ..gate import NO_SLOPE, OVERFLOWS, REFUSES, SLOPE_OVERFLOWS, Gate
from ..given import whole, wrong
from ..text import clip
from ..value import Value
from .browser import show
from .compact import compact
from .handout import framed, step_table
from .html_file import filled, framework, html_path, script_json, worded
from .layout import LayoutName
from .page_circuit import PageCircuit
from .phrases import LANGUAGES, LanguageName, reason
from .story import Story

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
USUAL = {"REFUSES": REFUSES, "NO_SLOPE": NO_SLOPE, "OVERFLOWS": OVERFLOWS, "SLOPE_OVERFLOWS": SLOPE_OVERFLOWS}
STYLES = ("page.css", "page_explore.css")
PARTS = ("title", "summary", "circuits", "codes", "table", "json", "gates")  # what a page has of its own
TOLD = re.compile(
    "page |edge |"
    "(first|comma|in all|adds up|product|local|gate|a tie|ties|routes|picks|distributes|flips|switches|scales|differs"
    "|both|one path|paths|more|about)$"
)


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
    engine: LayoutName | None = None,
    lang: LanguageName | None = None,
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
    if code is not None and not isinstance(code, str):
        raise wrong("code is the text of a program, as in code='q = x + y'", code)
    if isinstance(path, Value):
        raise TypeError("path is where the page is to be written; several roots come in a list, page([f, g])")
    recorded = Story(root, names, upstream, lang=lang)
    if len(recorded.order) > whole(limit, "limit"):
        raise ValueError(
            f"a page of {len(recorded.order)} values is too large to lay out: raise limit={limit} if you can wait, "
            "or draw(root, around=x), the neighbourhood of one value"
        )
    roots = recorded.say("comma").join(recorded.names[root] for root in recorded.roots)
    title = recorded.say("page title", roots=clip(roots, 60))
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
        PageCircuit(inside, recorded.owners(equal), composite, code, 1),
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


# ---- the file ----


@functools.cache
def template(lang: str, start: str | Path = "page_start.js", styles: tuple[str | Path, ...] = ()) -> str:
    """page.html with all that pages have in common in its place; the marks that are left are named in PARTS.

    start: the script that opens the page.
    styles: files of styles besides STYLES.
    """
    frame = framework("page.html").rstrip()
    script = "\n".join([compact("page_gates.js"), "{{gates}}", *map(compact, [*SCRIPTS, start])])
    for mark, usual in USUAL.items():
        script = script.replace(f"{{{{{mark}}}}}", script_json(reason(usual, lang)))
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


def list_of_gates(scripts: list[str]) -> str:
    return "\n".join(["const gates = [", *(f"  {text}," for text in scripts), "];"])


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
