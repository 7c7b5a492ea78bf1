"""A graph as indented text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..given import whole
from ..text import Text, number_text
from ..value import Value
from .phrases import LanguageName
from .story import Story


def tree(
    root: Value | Iterable[Value],
    names: Mapping[Any, Any] | None = None,
    limit: int = 500,
    lang: LanguageName | None = None,
) -> Text:
    """A graph as indented text, each gate above its inputs; what occurs again is not written out again.

    root: a value, or several values, one below the other.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    limit: how many lines at most.  Gradients are shown where `backward()` has been called.
    lang: the language of its few words, "en" or "zh", by default that of `language`; ValueError for another.

    >>> x = Value(3.0, "x")
    >>> print(tree(x * x + 1))
    v2 = v1 + 1 = 10
      v1 = x * x = 9
        x = 3
        x (see above)
    """
    story = Story(root, names, lang=lang)
    lines: list[str] = []
    most = whole(limit, "limit")
    seen: set[Value] = set()
    stack = [(node, 0) for node in reversed(story.roots)]
    while stack and len(lines) < most:
        node, depth = stack.pop()
        if node in seen:
            lines.append("  " * depth + f"{story.names[node]} {story.say('seen above')}")
            continue
        seen.add(node)
        lines.append("  " * depth + _line(story, node))
        stack += [(parent, depth + 1) for parent in reversed(node.parents)]
    if len(seen) < len(story.order):
        enough = len(story.roots) + sum(len(node.parents) for node in story.order)
        lines.append(story.say("cut", count=len(story.order) - len(seen), limit=enough))
    return Text("\n".join(lines))


def _line(story: Story, node: Value) -> str:
    formula = f" = {story.formula(node)}" if node.gate else ""
    gradient = f"  grad {number_text(node.grad)}" if story.graded else ""
    return f"{story.names[node]}{formula} = {story.data_text(node)}{gradient}"
