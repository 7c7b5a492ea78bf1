"""The backward pass on the side, seen from one value: its ledger, the paths from the root to it, a nudge."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import sub
from typing import Any

from ..gate import to_float
from ..given import whole
from ..graph import Edge
from ..text import agreeing, clip, number_text
from ..value import Value
from .phrases import MAX_LISTED, LanguageName
from .spelling import MAX_FORMULA
from .story import Story
from .ways import (
    MAX_TERMS,
    Answer,
    asked,
    chains,
    count_of_paths,
    count_text,
    indented,
    multiplied,
    noted,
    product_text,
    terms,
    title,
)

# ---- what comes back ----


@dataclass(frozen=True, repr=False)
class Entry(Answer):
    """One contribution to a gradient; `str(entry)` is a line of the ledger.

    node: the output of the gate that it comes through, `via` its spelling, `q = 3 * x`.
    place: the place of the value among `node.parents`.
    downstream: upstream x local, which is added; `running_total` is the gradient after that.
    line: where the gate stands in the source, "" if that was not recorded.
    """

    node: Value
    via: str
    place: int
    upstream: float
    local: float
    downstream: float
    running_total: float
    line: str


@dataclass(frozen=True, repr=False)
class Ledger(Answer):
    """The contributions that add up to a gradient; `str` of it shows the sum, and a line for each.

    value, root: the gradient is d root / d value; `name` is what the value is called.
    entries: the contributions, in the order in which they arrive.
    start: what the gradient begins with: 1 for the root, 0 for all others.
    total: what they add up to.
    """

    value: Value
    name: str
    root: Value
    entries: tuple[Entry, ...]
    start: float
    total: float


@dataclass(frozen=True, repr=False)
class Path(Answer):
    """One way of the gradient from the root to a value; `str(path)` shows it with its product.

    nodes: the values on the way, the root first.
    local_gradients: of each of them by the next; `product` is all of them, multiplied from the root on.
    """

    nodes: tuple[Value, ...]
    local_gradients: tuple[float, ...]
    product: float


@dataclass(frozen=True, repr=False)
class Paths(Answer):
    """All ways of the gradient from the root to a value; their products add up to the gradient.

    paths: the first of them.
    count: how many there are in all, exactly.
    gradient: d root / d value.
    """

    value: Value
    name: str
    root: Value
    root_name: str
    paths: tuple[Path, ...]
    count: int
    gradient: float


@dataclass(frozen=True, repr=False)
class Nudge(Answer):
    """What happens to the root when a value grows a little: as the gradient predicts, and as it is.

    by: how much the value grows.
    gradient: d root / d value; `predicted` is gradient x by.
    before, after: the root as it is, and as it is computed again; `actual` is after - before.
    """

    value: Value
    name: str
    root: Value
    root_name: str
    by: float
    gradient: float
    predicted: float
    before: float
    after: float
    actual: float


# ---- the questions ----


def ledger(
    x: Value,
    root: Value,
    names: Mapping[Any, Any] | None = None,
    lines: Mapping[Value, str] | None = None,
    lang: LanguageName | None = None,
) -> Ledger:
    """The contributions, one for each use of `x`, that add up to the gradient of `root` by `x`.

    x, root, names, lines: which gradient, what to call values, and where gates stand, as in `explain`.
    lang: the language of the sentences, "en" or "zh", by default that of `language`; ValueError for another.

    Raises the errors of `backward()` where a gate has no finite slope.

    >>> x = Value(2.0, "x")
    >>> q, s = 3 * x, 4 * x
    >>> print(ledger(x, q + s, names={"q": q, "s": s}))
    x.grad = 7 = +4 (via s = 4 * x) +3 (via q = 3 * x)
      s = 4 * x: upstream 1 × local 4 = 4, running total 4
      q = 3 * x: upstream 1 × local 3 = 3, running total 7
    """
    story = asked(x, root, names, lines, lang)
    entries = tuple([_entry(story, edge) for edge in story.arriving.get(x, ())])
    start, total = float(x is root), story.gradients.get(x, 0.0)
    sentence = noted(story, [_sum(story, x, entries, total), *indented(story, entries, MAX_LISTED)])
    return Ledger(x, story.names[x], root, entries, start, total, sentence=sentence)


def _entry(story: Story, edge: Edge) -> Entry:
    node, downstream = edge.node, edge.downstream
    total, via, line = edge.before + downstream, story.via(node), story.lines.get(node, "")
    upstream, local = agreeing(multiplied, [edge.upstream, edge.local], downstream)
    sums = {"downstream": number_text(downstream), "running_total": number_text(total)}
    sentence = story.say("entry", via=via, upstream=upstream, local=local, **sums)
    return Entry(node, via, edge.place, edge.upstream, edge.local, downstream, total, line, sentence=sentence)


def _sum(story: Story, x: Value, entries: Sequence[Entry], gradient: float) -> str:
    """The gradient of x as the sum of its contributions."""
    called, total, root = title(story, x, gradient), number_text(gradient), story.names[story.root]
    if x is story.root or not entries:
        cause = story.say("root" if x is story.root else "not connected", name=story.names[x], root=root)
        return story.say("gradient", title=called, gradient=total, cause=cause)
    if len(entries) == 1:
        return story.say("one contribution", title=called, total=total, via=entries[0].via)
    if len(entries) > MAX_TERMS:
        return story.say("contributions", title=called, total=total, count=len(entries))
    return story.say("sum", title=called, total=total, terms=terms(story, x))


def paths(
    x: Value, root: Value, names: Mapping[Any, Any] | None = None, limit: int = 20, lang: LanguageName | None = None
) -> Paths:
    """The ways of the gradient from `root` to `x`, each with the product of its local gradients.

    x, root, names, lang: as in `ledger`.
    limit: how many paths at most; they are counted, all of them, without being walked.

    Their products add up to the gradient (rounding aside).  `backward()` does not walk them one by one: it takes one
    multiplication an edge, where a chain of forks has more paths than there are atoms.

    Raises the errors of `backward()` where a gate has no finite slope, and ValueError for a negative limit.

    >>> x = Value(2.0, "x")
    >>> q = 3 * x
    >>> f = q * x
    >>> print(paths(x, f, names={"q": q, "f": f}))
    2 paths from f to x, their products add up to x.grad = 12:
      f -> x: 6
      f -> q -> x: 2 × 3 = 6
    """
    most = whole(limit, "limit")
    story = asked(x, root, names, None, lang)
    count, gradient = count_of_paths(story, x), story.gradients.get(x, 0.0)
    found = tuple([_path(story, x, chain) for _, chain in zip(range(most), chains(story, x))])
    told = [_paths_counted(story, x, count, gradient), *[f"  {path}" for path in found]]
    if 0 < len(found) < count:
        told.append(story.say("more paths", count=count_text(story, count - len(found))))
    name, root_name = story.names[x], story.names[root]
    return Paths(x, name, root, root_name, found, count, gradient, sentence=noted(story, told))


def _path(story: Story, x: Value, chain: list[Edge]) -> Path:
    edges = chain[::-1]
    nodes = (*[edge.node for edge in edges], x)
    local_gradients = tuple([edge.local for edge in edges])
    way = clip(" -> ".join([story.names[node] for node in nodes]), MAX_FORMULA)
    sentence = story.say("path", way=way, product=product_text(story, local_gradients))
    return Path(nodes, local_gradients, multiplied(*local_gradients), sentence=sentence)


def _paths_counted(story: Story, x: Value, count: int, gradient: float) -> str:
    """The line above the paths."""
    phrase = "no path" if count == 0 else "one path" if count == 1 else "paths"
    parts = {"count": count_text(story, count), "title": title(story, x, gradient), "gradient": number_text(gradient)}
    return story.say(phrase, root=story.names[story.root], name=story.names[x], **parts)


def nudge(
    x: Value, root: Value, by: float = 0.01, names: Mapping[Any, Any] | None = None, lang: LanguageName | None = None
) -> Nudge:
    """How much `root` changes when `x` grows by a little: as gradient times nudge, and as the graph computed again.

    x, root, names, lang: as in `ledger`; an inner value is nudged behind its gate.
    by: how much x grows; ValueError unless it is finite.

    The graph given stays as it is.  Raises ValueError where data was changed after the forward pass, and the errors of
    the gates where one has no finite slope or cannot be computed beside x.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> f = (x + y) * z
    >>> print(nudge(x, f, names={"f": f}))
    if x grows by 0.01, f changes by about -4 × 0.01 = -0.04
    computed again: f goes from -12 to -12.04, a change of -0.04
    """
    by = to_float(by)
    if not math.isfinite(by):
        raise ValueError(f"by={by}: a nudge is a small number")
    story = asked(x, root, names, None, lang)
    gradient, before = story.gradients.get(x, 0.0), story.data(root)
    predicted, after = gradient * by, _computed_again(story, x, by)
    numbers = (by, gradient, predicted, before, after, after - before)
    sentence = _nudged(story, x, *numbers)
    return Nudge(x, story.names[x], root, story.names[root], *numbers, sentence=sentence)


def _computed_again(story: Story, x: Value, by: float) -> float:
    """The root, with `x` nudged; only what depends on x is computed."""
    moved = {x: story.data(x) + by}
    for node in story.order:
        gate = node.gate
        if gate and not moved.keys().isdisjoint(node.parents):
            inputs = node.inputs
            for value in (node, *node.parents):
                if story.is_stale(value):
                    raise story.stale_error(value)
            numbers = [moved.get(i, story.data(i)) if isinstance(i, Value) else float(i) for i in inputs]
            moved[node] = gate.compute(numbers, inputs)
    return moved.get(story.root, story.data(story.root))


def _nudged(
    story: Story,
    x: Value,
    by: float,
    gradient: float,
    predicted: float,
    before: float,
    after: float,
    actual: float,
) -> str:
    slope, step = agreeing(multiplied, [gradient, by], predicted)
    new, old = agreeing(sub, [after, before], actual)
    names = {"name": story.names[x], "root": story.names[story.root]}
    told = [
        story.say("nudge", by=step, gradient=slope, predicted=number_text(predicted), **names),
        story.say("computed again", before=old, after=new, actual=number_text(actual), **names),
    ]
    noise = 16.0 * sys.float_info.epsilon * max(abs(before), abs(after))
    if abs(actual - predicted) > max(noise, 0.1 * max(abs(actual), abs(predicted))):
        told.append(story.say("smaller nudge", difference=number_text(actual - predicted)))
    if x is not story.root and x not in story.arriving:
        told.append(story.say("not connected", **names))
    return noted(story, told)
