"""The forward and the backward pass in words, gate by gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add, mul
from typing import Any, Literal, overload

from ..gate import Gate
from ..graph import Edge
from ..text import agreeing, number_text, width
from ..value import Value
from .columns import aligned, filled, room
from .phrases import LanguageName
from .spelling import numbers_text
from .story import Story


@dataclass(frozen=True)
class Step:
    """One gate of the forward pass, or one edge of the backward pass; `str(step)` is a sentence.

    phase: "forward" or "backward".
    node: the output of the gate; `name` is what it is called, `output` its number in the forward pass.
    gate: the gate, and `pattern` what it does to a gradient.
    inputs: the inputs of the gate, values and plain numbers; `formula` spells the gate on them.

    There is one backward step for every parent of every gate.  In the forward phase these are None:

    parent: the value that receives, `place` its place among `node.parents`, `parent_name` what it is called.
    local_gradient: d node / d parent, and `local_formula` its spelling.
    upstream: the gradient that arrives at the node, and `downstream` = upstream x local gradient.
    before: the gradient of the parent until now, and `running_total` = before + downstream.
    adds_up: whether the parent had received something before: it is a fork, and gradients add up there.

    line: where the gate stands in the source, "" where that was not recorded.
    shown: the numbers as they are shown, by name, with as many digits as it takes for a product, or a sum, to agree.
    """

    phase: Literal["forward", "backward"]
    node: Value
    name: str
    gate: Gate
    inputs: tuple[Value | float, ...]
    formula: str
    output: float
    pattern: str
    parent: Value | None = None
    place: int | None = None
    parent_name: str | None = None
    local_gradient: float | None = None
    local_formula: str | None = None
    upstream: float | None = None
    downstream: float | None = None
    before: float | None = None
    running_total: float | None = None
    adds_up: bool | None = None
    line: str = ""
    shown: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    sentence: str = field(default="", repr=False)
    cells: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return self.sentence


class Steps(Sequence[Step]):
    """The steps of a forward and a backward pass; `str` of it is a table.

    order: every node, in the one topological order.
    names: {node: what it is called}.
    gradients: {node: the gradient that the backward pass ends with}.
    lang: the language of its sentences.
    lines: {node: where its gate stands in the source}, as far as that was recorded.
    """

    def __init__(self, story: Story):
        self.story = story
        self.order, self.names, self.lang, self.lines = story.order, story.names, story.lang, story.lines
        self.gradients = story.gradients

    def __len__(self) -> int:
        return len(self.story.gates) + len(self.story.edges)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        i = range(len(self))[index]
        gates = self.story.gates
        if i < len(gates):
            return _forward_step(self.story, gates[i])
        return _backward_step(self.story, self.story.edges[i - len(gates)])

    def __repr__(self) -> str:
        return str(self)  # a prompt, or a notebook cell, that ends in steps shows the table

    def __str__(self) -> str:
        return "\n".join(self.blocks())

    def blocks(self) -> list[str]:
        """The table, piece by piece: the opening, a text for every step, and between them the turning; the closing.

        It is as wide as the terminal, or 80 columns: where a step is longer, it is broken between its cells.
        """
        columns, half = room(), len(self.story.gates)
        rows = [(f"{i:3}", *step.cells) for i, step in enumerate(self, 1)]
        head = ("   ", *[self.story.say(f"column {what}") for what in ("gate", "slope", "product", "total")])
        backward = aligned([head, *rows[half:]], columns) if rows[half:] else [""]
        turning = "\n".join(filter(None, [self.turning(), backward[0]]))
        blocks = [self.opening(), *aligned(rows[:half], columns), turning, *backward[1:], self.closing()]
        return [block.rstrip() for block in blocks]

    def opening(self) -> str:
        """The line above the forward steps: what goes in."""
        story = self.story
        return self._filled("forward pass", "leaves", [story.data_and_name(leaf) for leaf in story.leaves])

    def turning(self) -> str:
        """The line between forward and backward: where the backward pass starts."""
        story = self.story
        starts = [story.gradient_text(root, up) for root, up in zip(story.roots, story.upstream)]
        return self._filled("backward pass", "starts", starts)

    def closing(self) -> str:
        """The line below the backward steps: what comes out."""
        story = self.story
        gradients = [story.gradient_text(leaf, story.gradients[leaf]) for leaf in story.leaves]
        return self._filled("result", "gradients", gradients)

    def _filled(self, phrase: str, part: str, texts: list[str]) -> str:
        """A sentence that ends in a list of texts, broken between them."""
        start = self.story.say(phrase, **{part: ""})
        return filled(self.story.shortened(texts), self.story.say("comma"), start, " " * width(start), room())


def steps(
    root: Value | Iterable[Value],
    names: Mapping[Any, Any] | None = None,
    upstream: float | Iterable[float] | None = None,
    lang: LanguageName | None = None,
    lines: Mapping[Value, str] | None = None,
) -> Steps:
    """The forward and backward pass of a graph, step by step, as a sequence; printing it prints a table.

    root: a value, or several values that are differentiated together.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    upstream: the gradient that each root starts from; 1 by default.
    lang: the language of the sentences, "en" or "zh", by default that of `language`; ValueError for another.
    lines: where gates stand in the source, from `record_lines()`; within such a block it need not be given.

    It computes on the side: no `.grad` changes, and its numbers are those of `backward()` to the last bit.  Six
    digits are shown, and more of an input, a factor or a term where the result has to follow from them as shown: so
    one number may be 1.36788 in one step and 1.367879 in the next.

    >>> x, y = Value(2.0, "x"), Value(-4.0, "y")
    >>> print(steps(x * y)[1])
    v1 = x * y: local dv1/dx = y = -4, upstream 1, downstream 1 × -4 = -4, x.grad 0 -> -4
    """
    return Steps(Story(root, names, upstream, lines, lang))


# ---- one step ----


def _forward_step(story: Story, node: Value) -> Step:
    name, formula = story.names[node], story.formula(node)
    shown = {"numbers": numbers_text(node), "output": story.data_text(node)}
    return Step(
        phase="forward",
        **_about(story, node),
        shown=shown,
        sentence=story.placed(story.say("forward", name=name, formula=formula, **shown), node),
        cells=(f"{name} = {formula}", f"= {shown['numbers']}", f"= {shown['output']}"),
    )


def _backward_step(story: Story, edge: Edge) -> Step:
    node, name, formula, parent = edge.node, story.names[edge.node], story.formula(edge.node), story.names[edge.parent]
    before, after = float(edge.before), edge.before + edge.downstream
    upstream, local = agreeing(mul, [edge.upstream, edge.local], edge.downstream)
    held, added = agreeing(add, [before, edge.downstream], after)
    shown = {"upstream": upstream, "local": local, "downstream": number_text(edge.downstream)}
    shown |= {"before": held, "added": added, "after": number_text(after)}
    slope, product = story.slope(node, edge.place, local), story.say("product", **shown)
    total = story.say("adds up" if edge.adds_up else "first", parent=parent, **shown)
    texts = {"name": name, "formula": formula, "slope": slope, "product": product, "total": total}
    return Step(
        phase="backward",
        **_about(story, node),
        parent=edge.parent,
        place=edge.place,
        parent_name=parent,
        local_gradient=edge.local,
        local_formula=story.slope_formula(node, edge.place),
        upstream=edge.upstream,
        downstream=edge.downstream,
        before=before,
        running_total=after,
        adds_up=edge.adds_up,
        shown={"slope": slope, **shown},
        sentence=story.placed(story.say("backward", upstream=upstream, **texts), node),
        cells=(f"{name} = {formula}", slope, product, total),
    )


def _about(story: Story, node: Value) -> dict[str, Any]:
    gate = node.gate
    return {
        "node": node,
        "name": story.names[node],
        "gate": gate,
        "inputs": node.inputs,
        "formula": story.formula(node),
        "output": story.data(node),
        "pattern": gate.pattern if gate else "",
        "line": story.lines.get(node, ""),
    }
