"""The backward pass on the side, seen from one value: its ledger, the paths from the root to it, a nudge."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import sub
from typing import Any

from ..composite import check_unchanged
from ..gate import number
from ..graph import Edge, chain_rule, topological_order
from ..table import add_up
from ..value import Value
from .lines import being_recorded
from .names import names_of
from .phrases import agreeing, clip, number_text, say, speaking
from .steps import MOST, WIDEST, formula_text, output_of

SHORT = 8  # gates in a chain that is written out
FEW = 4  # contributions, gates or causes that are written out

Names = Mapping[Any, Any] | None
Places = Mapping[Value, str] | None


# ---- what comes back ----


@dataclass(frozen=True, kw_only=True, repr=False)
class Told:
    """An answer that says itself: `str` of it is its sentence, or its lines, and so is what a prompt shows of it."""

    sentence: str

    def __repr__(self) -> str:
        return self.sentence


@dataclass(frozen=True, repr=False)
class Entry(Told):
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
class Ledger(Told):
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
class Path(Told):
    """One way of the gradient from the root to a value; `str(path)` shows it with its product.

    nodes: the values on the way, the root first.
    local_gradients: of each of them by the next; `product` is all of them, multiplied from the root on.
    """

    nodes: tuple[Value, ...]
    local_gradients: tuple[float, ...]
    product: float


@dataclass(frozen=True, repr=False)
class Paths(Told):
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
class Nudge(Told):
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


def ledger(x: Value, root: Value, names: Names = None, lines: Places = None, lang: str = "en") -> Ledger:
    """The contributions, one for each use of `x`, that add up to the gradient of `root` by `x`.

    x, root, names, lines: which gradient, what to call values, and where gates stand, as in `explain`.
    lang: the language of the sentences, "en" or "zh"; ValueError for another.

    Raises the errors of `backward()` where a gate has no finite slope.

    >>> x = Value(2.0, "x")
    >>> q, s = 3 * x, 4 * x
    >>> print(ledger(x, q + s, names={"q": q, "s": s}))
    x.grad = 7 = +4 (via s = 4 * x) +3 (via q = 3 * x)
      s = 4 * x: upstream 1 × local 4 = 4, running total 4
      q = 3 * x: upstream 1 × local 3 = 3, running total 7
    """
    with speaking(lang):
        flow = Backward(x, root, names, lines).swept()
        entries = tuple(flow.entries(x))
        told = "\n".join([flow.sum_told(x, entries), *cut(entries, MOST)])
    start, total = float(x is root), flow.gradients.get(x, 0.0)
    return Ledger(x, flow.name, root, entries, start, total, sentence=told)


def paths(x: Value, root: Value, names: Names = None, limit: int = 20, lang: str = "en") -> Paths:
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
    if limit < 0:
        raise ValueError(f"limit={limit}: it is a number of paths, 0 or more")
    with speaking(lang):
        flow = Backward(x, root, names, None).swept()
        count = flow.count_of_paths()
        found = tuple([flow.path(chain) for _, chain in zip(range(limit), flow.chains())])
        told = [flow.paths_told(count), *[f"  {path}" for path in found]]
        if 0 < len(found) < count:
            told.append(say("more paths", count=count_text(count - len(found))))
    gradient = flow.gradients.get(x, 0.0)
    return Paths(x, flow.name, root, flow.root_name, found, count, gradient, sentence="\n".join(told))


def nudge(x: Value, root: Value, by: float = 0.01, names: Names = None, lang: str = "en") -> Nudge:
    """How much `root` changes when `x` grows by a little: gradient times nudge, beside the graph computed again.

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
    by = number(by)
    if not math.isfinite(by):
        raise ValueError(f"by={by}: a nudge is a small number")
    flow = Backward(x, root, names, None).swept()
    gradient, before = flow.gradients.get(x, 0.0), output_of(root)
    predicted, after = gradient * by, _computed_again(flow.order, x, by)
    with speaking(lang):
        sentence = flow.nudge_told(by, gradient, predicted, before, after)
    numbers = (by, gradient, predicted, before, after, after - before)
    return Nudge(x, flow.name, root, flow.root_name, *numbers, sentence=sentence)


def _computed_again(order: list[Value], x: Value, by: float) -> float:
    """The last number in `order`, with `x` nudged; only what depends on x is computed."""
    moved = {x: output_of(x) + by}
    for node in order:
        gate = node.gate
        if gate and not moved.keys().isdisjoint(node.parents):
            check_unchanged(node)
            inputs = node.inputs
            numbers = [moved.get(i, output_of(i)) if isinstance(i, Value) else float(i) for i in inputs]
            moved[node] = gate.compute(numbers, inputs)
    return moved.get(order[-1], output_of(order[-1]))


# ---- the backward pass on the side, as it is seen from one value ----


class Backward:
    """The gradients of `root`, and what arrives at every node; and how to say so."""

    def __init__(self, x: Value, root: Value, names: Names, lines: Places):
        for role, given in (("value", x), ("root", root)):
            if not isinstance(given, Value):
                raise TypeError(
                    f"the {role} is {type(given).__name__} {given!r:.40}, not a Value: a plain number has no gradient, "
                    "and of several roots total([...]) makes one"
                )
        self.x, self.root = x, root
        self.order = topological_order([root])
        self.gradients = {root: 1.0}
        self.arriving: dict[Value, list[Edge]] = {node: [] for node in self.order}
        self.names = names_of(topological_order([root, x]), names)
        self.name, self.root_name = self.names[x], self.names[root]
        self.lines = being_recorded() if lines is None else lines
        self.vias: dict[Value, str] = {}

    def swept(self) -> Backward:
        """This, after the sweep; the errors of the gates where one has no finite slope."""
        for edge in chain_rule(self.order, self.gradients, Value.local_gradients):
            self.arriving[edge.parent].append(edge)
        return self

    def strongest(self, node: Value) -> list[Edge]:
        """The edges from `node` to the root, at every fork over the largest contribution."""
        chain: list[Edge] = []
        while self.arriving[node]:
            chain.append(max(self.arriving[node], key=lambda edge: abs(edge.upstream * edge.local)))
            node = chain[-1].node
        return chain

    def chains(self) -> Iterator[list[Edge]]:
        """The edges of every path from x to the root.  All that uses x leads to the root: no way is walked in vain."""
        stack: list[tuple[Value, Any]] = [(self.x, None)] if self.x in self.arriving else []
        while stack:
            node, walked = stack.pop()  # walked: (the last edge, (the edge before, ...))
            if node is self.root:
                chain = []
                while walked:
                    edge, walked = walked
                    chain.append(edge)
                yield chain[::-1]
            stack += [(edge.node, (edge, walked)) for edge in reversed(self.arriving[node])]

    def count_of_paths(self) -> int:
        counts = {self.root: 1}  # of the nodes that are still to come: such a number may fill pages
        for node in reversed(self.order):
            count = counts.pop(node, 0)
            if node is self.x:
                return count
            for parent in node.parents:
                if parent.parents or parent is self.x:
                    counts[parent] = counts.get(parent, 0) + count
        return 0

    # ---- in words ----

    def held(self) -> bool:
        """Whether x holds what this backward pass would leave there, or nothing yet."""
        held, gradient = self.x.grad, self.gradients.get(self.x, 0.0) if self.root.grad else 0.0
        return held == gradient or math.isnan(held) and math.isnan(gradient)

    def title(self) -> str:
        """What the gradient is called: x.grad, unless x holds something else, such as the sum of two passes."""
        return say("grad" if self.held() else "slope", name=self.root_name, parent=self.name)

    def line(self, node: Value) -> str:
        return self.lines.get(node, "")

    def via(self, node: Value) -> str:
        """A gate with its output and its inputs, and its line if that is known: `q = 3 * x`."""
        if node not in self.vias:
            name, line = self.names[node], self.line(node)
            text = say("via", name=name, formula=formula_text(node, self.names)) if node.gate else name
            self.vias[node] = say("at line", text=text, line=line) if line else text
        return self.vias[node]

    def entries(self, node: Value) -> Iterator[Entry]:
        for edge in self.arriving.get(node, ()):
            downstream = edge.upstream * edge.local
            total, via, line = edge.before + downstream, self.via(edge.node), self.line(edge.node)
            upstream, local = agreeing(multiplied, [edge.upstream, edge.local], downstream)
            sums = {"downstream": number_text(downstream), "running_total": number_text(total)}
            told = say("entry", via=via, upstream=upstream, local=local, **sums)
            yield Entry(edge.node, via, edge.place, edge.upstream, edge.local, downstream, total, line, sentence=told)

    def sum_told(self, node: Value, entries: Sequence[Entry]) -> str:
        """The gradient of `node` as the sum of its contributions."""
        title, total = self.title(), number_text(self.gradients.get(node, 0.0))
        if node is self.root:
            return say("gradient", title=title, gradient=total, cause=say("root", name=self.root_name))
        if not entries:
            cause = say("not connected", name=self.name, root=self.root_name)
            return say("gradient", title=title, gradient=total, cause=cause)
        if len(entries) == 1:
            return say("one contribution", title=title, total=total, via=entries[0].via)
        if len(entries) > FEW:
            return say("contributions", title=title, total=total, count=len(entries))
        return say("sum", title=title, total=total, terms=self.terms(node, entries))

    def terms(self, node: Value, entries: Sequence[Entry]) -> str:
        """The contributions to `node`: `+3 (via q = 3 * x) +4 (via s = 4 * x)`."""
        if len(entries) > FEW:
            texts = [number_text(entry.downstream) for entry in entries[:FEW]]
        else:
            texts = agreeing(_added, [entry.downstream for entry in entries], self.gradients[node])
        terms = [
            say("term", signed=text if text.startswith("-") else f"+{text}", via=entry.via)
            for text, entry in zip(texts, entries)
        ]
        return " ".join(terms if len(entries) <= FEW else [*terms, say("in all", count=len(entries))])

    def path(self, chain: list[Edge]) -> Path:
        edges = chain[::-1]
        nodes = (*[edge.node for edge in edges], self.x)
        local_gradients = tuple([edge.local for edge in edges])
        product = multiplied(*local_gradients)
        way = clip(" -> ".join([self.names[node] for node in nodes]), WIDEST)
        told = say("path", way=way, product=self.product_told(local_gradients))
        return Path(nodes, local_gradients, product, sentence=told)

    def product_told(self, factors: Sequence[float]) -> str:
        """`-4 x 1 = -4`, or the product alone where it is a long one."""
        product = multiplied(*factors)
        if not 2 <= len(factors) <= SHORT:
            return number_text(product)
        return say("equals", factors=product_of(agreeing(multiplied, factors, product)), product=number_text(product))

    def paths_told(self, count: int) -> str:
        if count == 0:
            return say("no path", name=self.name, root=self.root_name)
        phrase = "one path" if count == 1 else "paths"
        gradient = number_text(self.gradients[self.x])
        counted = count_text(count)
        return say(phrase, count=counted, root=self.root_name, name=self.name, title=self.title(), gradient=gradient)

    def nudge_told(self, by: float, gradient: float, predicted: float, before: float, after: float) -> str:
        actual = after - before
        slope, step = agreeing(multiplied, [gradient, by], predicted)
        new, old = agreeing(sub, [after, before], actual)
        names = {"name": self.name, "root": self.root_name}
        told = [
            say("nudge", by=step, gradient=slope, predicted=number_text(predicted), **names),
            say("computed again", before=old, after=new, actual=number_text(actual), **names),
        ]
        noise = 16.0 * sys.float_info.epsilon * max(abs(before), abs(after))
        if abs(actual - predicted) > max(noise, 0.1 * max(abs(actual), abs(predicted))):
            told.append(say("smaller nudge", difference=number_text(actual - predicted)))
        return "\n".join(told)


def multiplied(*factors: float) -> float:
    """The product, from left to right, as backward multiplies on its way from the root."""
    product = 1.0
    for factor in factors:
        product *= factor
    return product


def _added(*terms: float) -> float:
    return float(add_up(0.0, *terms))


def product_of(texts: Iterable[str]) -> str:
    return say("times").join(texts)


def count_text(count: int) -> str:
    """A whole number in digits, or its size where these would fill lines."""
    digits = count.bit_length() * math.log10(2.0)
    return f"{count}" if digits < 30 else say("about", power=int(digits))


def cut(items: Sequence[Any], most: int) -> list[str]:
    """The items as indented lines, so many at most."""
    told = [f"  {item}" for item in items[:most]]
    return told if len(items) <= most else [*told, "  " + say("more", count=len(items) - most)]
