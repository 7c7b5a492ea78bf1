"""What there is to tell about one graph, each part computed once.  Every view is a function of a story.

A new view is one file: it takes a `Story`, and turns it into text, a picture or an answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .. import composite
from ..gate import Gate, to_float
from ..given import wrong
from ..graph import Edge, chain_rule, consumers, topological_order
from ..text import amount, number_text, told_apart
from ..value import Value
from . import phrases, spelling
from .lines import being_recorded
from .names import names_of


class Story:
    """One graph, as all views tell it.

    root: a value, or several that are told of together; TypeError for anything else.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    upstream: the gradient that each root starts from; 1 by default, ValueError if they are not one for each root.
    lines: the source lines of gates; by default what is being recorded.
    lang: the language; by default the ambient one.
    also: values that have names too, although the roots need not depend on them, and what they are computed from.
    variables: where to look for names instead of among the caller's variables.

    `roots`, `upstream`, `order` (the one topological order), `names`, `lines` and `lang` are there at once; what takes
    a backward pass or a spelling is computed when it is first asked for.
    """

    def __init__(
        self,
        root: Value | Iterable[Value],
        names: Mapping[Any, Any] | None = None,
        upstream: float | Iterable[float] | None = None,
        lines: Mapping[Value, str] | None = None,
        lang: str | None = None,
        also: Sequence[Value] = (),
        variables: Iterable[tuple[str, Any]] | None = None,
    ):
        if lines is not None and not isinstance(lines, Mapping):
            raise wrong("lines is what `with record_lines() as lines:` gives", lines)
        self.lang = phrases.known(lang)
        self.roots = composite.roots_of(root, least=1)
        self.upstream = _one_for_each(self.roots, upstream)
        self.order = topological_order(self.roots)
        named = self.order if {*also} <= {*self.order} else topological_order([*self.roots, *also])
        self.names = names_of(named, names, variables)
        self.lines = being_recorded() if lines is None else lines
        self._formulas: dict[Value, str] = {}
        self._slopes: dict[Value, spelling.Slopes] = {}

    def taken_apart(self, chosen: Callable[[Gate], bool]) -> tuple[Story, dict[Value, Value]]:
        """The story of an equal graph in which the gates that are `chosen` are expanded, and {node: its equal there}.

        Values keep their names; where two became one, it has the name of the first.
        """
        equal = composite.taken_apart(self.roots, chosen, self.order)
        if all(node is new for node, new in equal.items()):
            return self, equal
        names = {equal[node]: self.names[node] for node in reversed(self.order)}
        roots = [equal[root] for root in self.roots]
        return Story(roots, names, self.upstream, self.lines, self.lang, variables=()), equal

    def owners(self, equal: Mapping[Value, Value]) -> dict[Value, int]:
        """For every node of this graph taken apart, the place in `order` of the node whose gate it was a part of.

        equal: {node: its equal there}.
        """
        owners: dict[Value, int] = {}
        for i, node in enumerate(self.order):
            stack = [equal[node]]
            while stack:
                part = stack.pop()
                if part not in owners:
                    owners[part] = i
                    stack += part.parents
        return owners

    # ---- the graph ----

    @cached_property
    def gates(self) -> list[Value]:
        """The values that are the output of a gate."""
        return [node for node in self.order if node.gate]

    @cached_property
    def leaves(self) -> list[Value]:
        return [node for node in self.order if not node.gate]

    @cached_property
    def uses(self) -> dict[Value, list[Value]]:
        """{node: the nodes that use it, one entry for each use}."""
        return consumers(self.order)

    @property
    def graded(self) -> bool:
        """Whether a backward pass has been made: it leaves its upstream in the root.  Not computed is not zero."""
        return any(root.grad != 0.0 for root in self.roots)

    def data(self, node: Value) -> float:
        """The number of a node in the forward pass: the output of its gate; of a leaf, what the first gate read."""
        return self._remembered[node][0] if node in self._remembered else node.data

    @cached_property
    def _remembered(self) -> dict[Value, list[float]]:
        """{node: the different numbers that the graph remembers of it}: more than one if it was changed in between."""
        remembered = {node: [node.numbers[0]] if node.gate else [] for node in self.order}
        for node in self.gates:
            for x, read in zip(node.inputs, node.numbers[1:]):
                if isinstance(x, Value) and not _is_among(remembered[x], read):
                    remembered[x].append(read)
        return {node: numbers or [node.data] for node, numbers in remembered.items()}

    def is_stale(self, node: Value) -> bool:
        """Whether its data is not, or was not always, what the graph remembers."""
        first, *others = self._remembered.get(node, [node.data])
        return bool(others) or not _is_among([first], node.data)

    @cached_property
    def stale(self) -> list[Value]:
        """The values that were changed after the forward pass, or in between."""
        return [node for node in self.order if self.is_stale(node)]

    @property
    def root(self) -> Value:
        """The first of the roots."""
        return self.roots[0]

    def place_of(self, node: Value, place: int) -> int:
        """Where the parent at this place stands among all inputs of the gate, plain numbers too."""
        moving = node.form.moving
        return place if moving is None else moving[place]

    def kind(self, node: Value) -> str:
        """Which of the three a node is: "root", "inner" or "leaf"."""
        return "root" if node in self.starts else "inner" if node.gate else "leaf"

    def stale_error(self, node: Value) -> ValueError:
        """For a view that cannot tell of a graph with this value, which was changed."""
        before = self.data(node)
        now = next((x for x in [*self._remembered[node], node.data] if x != before), node.data)
        return ValueError(
            f"{self.names[node]} was changed from {before!r} to {now!r} after the forward pass; run it again"
        )

    # ---- the backward pass, on the side ----

    @cached_property
    def starts(self) -> dict[Value, float]:
        """{root: the gradient that it starts from}; what is a root twice starts from the sum."""
        starts = dict.fromkeys(self.roots, 0.0)
        for root, up in zip(self.roots, self.upstream):
            starts[root] += up
        return starts

    @cached_property
    def _swept(self) -> tuple[dict[Value, float], list[Edge]]:
        gradients = dict(self.starts)
        edges = list(chain_rule(self.order, gradients, Value.local_gradients))
        return gradients, edges

    @property
    def gradients(self) -> dict[Value, float]:
        """{node: the gradient that the backward pass ends with}."""
        return self._swept[0]

    @property
    def edges(self) -> list[Edge]:
        """What every gate sends to each of its parents, in the order of the backward pass."""
        return self._swept[1]

    @cached_property
    def arriving(self) -> dict[Value, list[Edge]]:
        """{node: what arrives there, in this order}: its gradient is the sum of that, and of its start."""
        arriving: dict[Value, list[Edge]] = {node: [] for node in self.order}
        for edge in self.edges:
            arriving[edge.parent].append(edge)
        return arriving

    # ---- in words ----

    def say(self, phrase: str, **parts: object) -> str:
        """A sentence in the language of the story."""
        return phrases.say(phrase, self.lang, **parts)

    def formula(self, node: Value) -> str:
        """The gate of `node` on the names of its inputs: `q * z`."""
        if node not in self._formulas:
            self._formulas[node] = spelling.formula_text(node, self.names)
        return self._formulas[node]

    @cached_property
    def derivatives(self) -> list[str]:
        """The names that are those of derivatives, as of a graph made by `gradient`: `dx`, where there is an `x`."""
        names = {*self.names.values()}
        behind = {name: re.sub("^d+", "", name) for name in names if name.startswith("d")}
        return sorted([name for name, x in behind.items() if x in names])

    def behind_d(self, name: str) -> str:
        """A name as it stands in d name: `q`, or `(dx)` for a derivative."""
        return f"({name})" if name in self.derivatives else name

    def slope(self, node: Value, place: int, local: str) -> str:
        """A local gradient, given as text, with its formula: `df/dq = z = -4`, or `dq/dx = 1` where it is a number."""
        formula = self.slope_formula(node, place)
        middle = f"{formula} = " if formula and formula != local else ""
        name, parent = self.behind_d(self.names[node]), self.behind_d(self.names[node.parents[place]])
        tie = self.say("a tie") if spelling.is_shared(node, place) else ""
        return self.say("local", name=name, parent=parent, local=middle + local + tie)

    def slope_formula(self, node: Value, place: int) -> str:
        """The spelling of one local gradient; "" where it is a number, very long, or a comparison with nan."""
        if node.gate and node.gate.pattern == "routes" and math.isnan(self.data(node)):
            return ""
        return spelling.slope_formula(self.slopes(node).slopes[place])

    def slopes(self, node: Value) -> spelling.Slopes:
        """The local gradients of `node` on the names of its inputs."""
        if node not in self._slopes:
            self._slopes[node] = spelling.read_slopes(node, self.names)
        return self._slopes[node]

    def data_text(self, node: Value) -> str:
        """The number of a node; of one that was changed since, also what it is now: `2, now 0.5`."""
        if not self.is_stale(node):
            return number_text(self.data(node))
        remembered, now = self._remembered[node], node.data
        texts = told_apart(remembered if _is_among(remembered, now) else [*remembered, now])
        recorded = self.say("and").join(texts[: len(remembered)])
        return self.say("now", recorded=recorded, data=texts[remembered.index(now)] if now in remembered else texts[-1])

    def data_and_name(self, node: Value) -> str:
        """`w = 2`, or `w = 2, now 0.5`."""
        return f"{self.names[node]} = {self.data_text(node)}"

    def changes(self) -> str:
        """`w = 2, now 0.5; b = 1, now 0.9`: all that was changed after the forward pass; "" for nothing."""
        return self.say("between changes").join(self.shortened(list(map(self.data_and_name, self.stale))))

    def via(self, node: Value) -> str:
        """A gate with its output and its inputs, and its source line where that is known: `q = 3 * x`."""
        name = self.names[node]
        return self.placed(self.say("via", name=name, formula=self.formula(node)) if node.gate else name, node)

    def gradient_text(self, node: Value, gradient: float) -> str:
        """`x.grad = -4`, for a gradient that is told before it is there, or after."""
        return f"{self.names[node]}.grad = {number_text(gradient)}"

    def listed(self, texts: list[str]) -> str:
        """The texts in one line, the first of them if there are many."""
        return self.say("comma").join(self.shortened(texts))

    def shortened(self, texts: list[str]) -> list[str]:
        """The first of the texts, and how many there are in all, if there are many."""
        return phrases.shortened(texts, self.lang)

    def placed(self, text: str, node: Value) -> str:
        """The text about a gate, followed by its source line where that is known."""
        return self.say("at line", text=text, line=self.lines[node]) if node in self.lines else text


def _is_among(numbers: list[float], x: float) -> bool:
    """Whether x is one of the numbers, where nan is nan."""
    return x in numbers or x != x and any([y != y for y in numbers])


def _one_for_each(roots: list[Value], upstream: float | Iterable[float] | None) -> list[float]:
    given = [1.0] * len(roots) if upstream is None else upstream if isinstance(upstream, Iterable) else [upstream]
    ups = [to_float(up) for up in given]
    if len(ups) != len(roots):
        raise ValueError(
            f"upstream has {amount(len(ups), 'number')} for {amount(len(roots), 'root')}; give one for each"
        )
    return ups
