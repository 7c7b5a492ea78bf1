"""The ways of a gradient from the root to one value, for the views that answer a question about that value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..graph import Edge
from ..table import add_up
from ..text import agreeing, number_text
from ..value import Value
from .story import Story

MAX_FACTORS = 8  # gates in a chain that is written out
MAX_TERMS = 4  # contributions, gates or causes that are written out


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer:
    """An answer that says itself: `str` of it is its sentence, or its lines, and so is what a prompt shows of it."""

    sentence: str

    def __repr__(self) -> str:
        return self.sentence


def asked(
    x: Value, root: Value, names: Mapping[Any, Any] | None, lines: Mapping[Value, str] | None, lang: str | None
) -> Story:
    """The story of `root`, with a name for `x` too; TypeError unless both are values."""
    for role, given in (("value", x), ("root", root)):
        if not isinstance(given, Value):
            advice = "a plain number has no gradient, and of several roots total([...]) makes one"
            advice = "hand over the value itself, not its name" if isinstance(given, str) else advice
            raise TypeError(f"the {role} is {type(given).__name__} {given!r:.40}, not a Value: {advice}")
    return Story(root, names, lines=lines, lang=lang, also=[x])


# ---- ways ----


def strongest(story: Story, node: Value) -> list[Edge]:
    """The edges from `node` to the root, at every fork over the largest contribution."""
    chain: list[Edge] = []
    while story.arriving[node]:
        chain.append(max(story.arriving[node], key=lambda edge: abs(edge.downstream)))
        node = chain[-1].node
    return chain


def chains(story: Story, x: Value) -> Iterator[list[Edge]]:
    """The edges of every path from x to the root.  All that uses x leads to the root, so no step is taken in vain."""
    stack: list[tuple[Value, Any]] = [(x, None)] if x in story.arriving else []
    while stack:
        node, walked = stack.pop()  # walked: (the last edge, (the edge before, ...))
        if node is story.root:
            chain = []
            while walked:
                edge, walked = walked
                chain.append(edge)
            yield chain[::-1]
        stack += [(edge.node, (edge, walked)) for edge in reversed(story.arriving[node])]


def count_of_paths(story: Story, x: Value) -> int:
    """How many paths lead from the root to x, exactly."""
    counts = {story.root: 1}  # of the nodes that are still to come: such a number may fill pages
    for node in reversed(story.order):
        count = counts.pop(node, 0)
        if node is x:
            return count
        for parent in node.parents:
            if parent.parents or parent is x:
                counts[parent] = counts.get(parent, 0) + count
    return 0


def multiplied(*factors: float) -> float:
    """The product, from left to right, as backward multiplies on its way from the root."""
    product = 1.0
    for factor in factors:
        product *= factor
    return product


# ---- in words ----


def is_held(story: Story, x: Value, gradient: float) -> bool:
    """Whether x holds what this backward pass would leave there, or nothing yet."""
    left = gradient if story.graded else 0.0
    return x.grad == left or math.isnan(x.grad) and math.isnan(left)


def title(story: Story, x: Value, gradient: float | None) -> str:
    """What the gradient is called: x.grad, unless x holds something else, such as the sum of two passes."""
    phrase = "grad" if gradient is None or is_held(story, x, gradient) else "slope"
    return story.say(phrase, name=story.names[story.root], parent=story.names[x])


def terms(story: Story, node: Value) -> str:
    """The contributions to the gradient of `node`: `+3 (via q = 3 * x) +4 (via s = 4 * x)`."""
    arriving = story.arriving[node]
    downstreams = [edge.downstream for edge in arriving]
    if len(arriving) > MAX_TERMS:
        texts = list(map(number_text, downstreams[:MAX_TERMS]))
    else:
        texts = agreeing(_added, downstreams, story.gradients[node])
    told = [
        story.say("term", signed=text if text.startswith("-") else f"+{text}", via=story.via(edge.node))
        for text, edge in zip(texts, arriving)
    ]
    return " ".join(told if len(arriving) <= MAX_TERMS else [*told, story.say("in all", count=len(arriving))])


def _added(*terms: float) -> float:
    return float(add_up(0.0, *terms))


def product_text(story: Story, factors: Sequence[float]) -> str:
    """`-4 x 1 = -4`, or the product alone where it is a long one."""
    product = multiplied(*factors)
    if not 2 <= len(factors) <= MAX_FACTORS:
        return number_text(product)
    shown = times_between(story, agreeing(multiplied, factors, product))
    return story.say("equals", factors=shown, product=number_text(product))


def times_between(story: Story, texts: Iterable[str]) -> str:
    return story.say("times").join(texts)


def count_text(story: Story, count: int) -> str:
    """A whole number in digits, or its size where these would fill lines."""
    digits = count.bit_length() * math.log10(2.0)
    return f"{count}" if digits < 30 else story.say("about", power=int(digits))


def noted(story: Story, lines: list[str]) -> str:
    """The lines of an answer as one text; another line says which values were changed after the forward pass."""
    changes = story.changes()
    return "\n".join([*lines, story.say("why stale", changes=changes)] if changes else lines)


def indented(story: Story, items: Sequence[Any], most: int) -> list[str]:
    """The items as indented lines, `most` of them at most."""
    told = [f"  {item}" for item in items[:most]]
    return told if len(items) <= most else [*told, "  " + story.say("more", count=len(items) - most)]
