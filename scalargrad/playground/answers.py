"""What the playground answers to a typed expression: the views of its graph, one after the other.

In the browser this runs under Pyodide, which is CPython as WebAssembly; it runs on any other Python as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..expression import assigned, evaluate
from ..value import Value
from ..views import machine
from ..views.code import backprop_code
from ..views.draw import draw
from ..views.explain import explain
from ..views.ledger import ledger
from ..views.page import page
from ..views.phrases import error_saying, said_again
from ..views.steps import steps

MAX_SIGNS = 250  # Pyodide breaks down when it frees a chain of some 1,500 gates
MAX_VALUES = 2 * MAX_SIGNS + 1  # every sign makes one gate at most, and leads to one leaf at most


class Answer(NamedTuple):
    """The text of a view, or why it has none.

    view: "page", "circuit", "steps", "code" or "why"; "expression" where the expression itself is wrong.
    """

    view: str
    text: str
    refused: bool = False


def answers(expression: str, numbers: str, lang: str) -> Iterator[Answer]:
    """The views of an expression, as soon as each of them is there; one that is not possible says why.

    expression: as the command line takes it.
    numbers: texts such as x=-2, with blanks, commas or semicolons between them.
    lang: the language of the views, "en" or "zh".
    """
    try:
        root = _root(expression, numbers)
    except (ValueError, ArithmeticError, RuntimeError) as error:
        yield Answer("expression", _told(error, lang), refused=True)
        return
    for view, text in VIEWS.items():
        try:
            yield Answer(view, text(root, lang))
        except (ValueError, ArithmeticError, RuntimeError) as error:
            yield Answer(view, _told(error, lang), refused=True)


def _root(expression: str, numbers: str) -> Value:
    signs = len(re.findall(r"\*\*|//|[-+*/(\[,=]", expression))
    if signs > MAX_SIGNS:
        raise error_saying(ValueError, "playground too large", signs=signs, most=MAX_SIGNS)
    given = re.sub(r"\s*=\s*", "=", numbers)
    return evaluate(expression, assigned(filter(None, re.split(r"[\s,;\uff0c\uff1b]+", given))))


def _told(error: Exception, lang: str) -> str:
    """What an error says, as on the command line: in English, and then in the language."""
    return "\n".join(filter(None, [str(error), said_again(error, lang)]))


# ---- the views, in the order in which they are answered ----


def _circuit(root: Value, lang: str) -> str:
    root.backward()
    return draw(root, limit=MAX_VALUES, lang=lang).svg


def _why(root: Value, lang: str) -> str:
    """Every leaf's gradient explained; of a leaf that is used more than once also what adds up."""
    story = steps(root, lang=lang).story
    told = [(explain, ledger) if len(story.uses[leaf]) > 1 else (explain,) for leaf in story.leaves]
    return "\n\n".join(
        "\n".join(str(view(leaf, root, lang=lang)) for view in views) for leaf, views in zip(story.leaves, told)
    )


VIEWS: Mapping[str, Callable[[Value, str], str]] = {
    "steps": lambda root, lang: str(steps(root, lang=lang)),
    "page": lambda root, lang: page(root, limit=MAX_VALUES, lang=lang).html,
    "circuit": _circuit,
    "code": lambda root, lang: backprop_code(root, lang=lang),
    "why": _why,
}


# ---- layout, which the browser does ----


class _Browser:
    """Graphviz on the browser's own WebAssembly."""

    def __init__(self, render: Callable[[str], str]):
        self.render = render

    def svg(self, source: str) -> bytes:
        try:
            return self.render(source).encode()
        except Exception as error:  # of JavaScript
            raise RuntimeError(f"the layout engine gave up: {error}") from None


def lay_out_with(render: Any) -> None:
    """Has pictures laid out by a function of JavaScript that takes a DOT text and returns an SVG."""
    machine.lend(_Browser(render))
