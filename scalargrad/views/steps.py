"""The forward and the backward pass in words, gate by gate; and a graph as indented text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import add, mul
from typing import Any, Literal, overload

from ..formula import ATOM, SIGN, Formula, read_rule
from ..gate import Gate, number
from ..graph import Edge, chain_rule, topological_order
from ..value import Value
from .lines import being_recorded, placed
from .names import names_of, roots_of
from .phrases import agreeing, clip, number_text, say, speaking, width

WIDEST = 60  # characters of a formula in a line
MOST = 12  # leaves listed in a line
Names = Mapping[Value, str]
_Told = tuple[dict[str, Any], list[str]]  # the fields of `Step` about a gate, and the spelling of its slopes


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

    def __init__(
        self,
        roots: list[Value],
        upstream: list[float],
        names: Mapping[Any, Any] | None = None,
        lang: str = "en",
        lines: Mapping[Value, str] | None = None,
    ):
        with speaking(lang):  # an error if it is none that is known
            self.lang = lang
        self.lines = being_recorded() if lines is None else lines
        self.roots = roots
        self.upstream = upstream
        self.order = topological_order(roots)
        self.names = names_of(self.order, names)
        self._gates = [node for node in self.order if node.gate]
        self.gradients = dict.fromkeys(roots, 0.0)
        for root, gradient in zip(roots, upstream):
            self.gradients[root] += gradient
        self._contributions = list(chain_rule(self.order, self.gradients, Value.local_gradients))
        self._told: dict[Value, _Told] = {}

    def __len__(self) -> int:
        return len(self._gates) + len(self._contributions)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        i = range(len(self))[index]
        with speaking(self.lang):
            if i < len(self._gates):
                step = _forward_step(self._gates[i], self.names)
            else:
                edge = self._contributions[i - len(self._gates)]
                step = _backward_step(edge, self.names, *self._told_once(edge.node))
            line = self.lines.get(step.node, "")
            return replace(step, line=line, sentence=placed(step.sentence, step.node, self.lines))

    def _told_once(self, node: Value) -> _Told:
        """What all edges of a gate share; they stand together, and spelling a dot of 1,000 inputs takes its time."""
        if node not in self._told:
            self._told = {node: (_about(node, self.names), slope_formulas(node, self.names))}
        return self._told[node]

    def __repr__(self) -> str:
        return f"<Steps: {len(self._gates)} forward, {len(self._contributions)} backward; print() shows them>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # a notebook cell that ends in steps shows the table

    def __str__(self) -> str:
        rows = [(f"{i:3}", *step.cells) for i, step in enumerate(self, 1)]
        half = len(self._gates)
        return "\n".join(
            [self.opening(), *_aligned(rows[:half]), self.turning(), *_aligned(rows[half:]), self.closing()]
        )

    def opening(self) -> str:
        """The line above the forward steps: what goes in."""
        return self._said(
            "forward pass", leaves=self._leaves(lambda node: f"{self.names[node]} = {number_text(node.data)}")
        )

    def turning(self) -> str:
        """The line between forward and backward: where the backward pass starts."""
        starts = [f"{self.names[root]}.grad = {number_text(up)}" for root, up in zip(self.roots, self.upstream)]
        return self._said("backward pass", starts=", ".join(starts))

    def closing(self) -> str:
        """The line below the backward steps: what comes out."""
        grads = self.gradients
        return self._said("result", gradients=self._leaves(lambda n: f"{self.names[n]}.grad = {number_text(grads[n])}"))

    def _said(self, phrase: str, **parts: object) -> str:
        with speaking(self.lang):
            return say(phrase, **parts)

    def _leaves(self, text: Callable[[Value], str]) -> str:
        leaves = [text(node) for node in self.order if not node.gate]
        return ", ".join(leaves if len(leaves) <= MOST else [*leaves[:MOST], self._said("in all", count=len(leaves))])


def steps(
    root: Value | Iterable[Value],
    names: Mapping[Any, Any] | None = None,
    upstream: float | Iterable[float] | None = None,
    lang: str = "en",
    lines: Mapping[Value, str] | None = None,
) -> Steps:
    """The forward and backward pass of a graph, step by step, as a sequence; printing it prints a table.

    root: a value, or several values that are differentiated together.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    upstream: the gradient that each root starts from; 1 by default.
    lang: the language of the sentences, "en" or "zh"; ValueError for another.
    lines: where gates stand in the source, from `record_lines()`; within such a block it need not be given.

    It computes on the side: no `.grad` changes, and its numbers are those of `backward()` to the last bit.

    >>> x, y = Value(2.0, "x"), Value(-4.0, "y")
    >>> print(steps(x * y)[1])
    v1 = x * y: local dv1/dx = y = -4, upstream 1, downstream 1 × -4 = -4, x.grad 0 -> -4
    """
    roots = roots_of(root)
    given = [1.0] * len(roots) if upstream is None else upstream if isinstance(upstream, Iterable) else [upstream]
    ups = [number(up) for up in given]
    if len(ups) != len(roots):
        raise ValueError(f"upstream has {len(ups)} numbers for {len(roots)} roots; give one for each")
    return Steps(roots, ups, names, lang, lines)


def tree(
    root: Value | Iterable[Value], names: Mapping[Any, Any] | None = None, limit: int = 500, lang: str = "en"
) -> str:
    """A graph as indented text, each gate above its inputs; what occurs again is not written out again.

    limit: how many lines at most.  Gradients are shown where `backward()` has been called.
    lang: the language of its few words, "en" or "zh"; ValueError for another.

    >>> x = Value(3.0, "x")
    >>> print(tree(x * x + 1))
    v2 = v1 + 1 = 10
      v1 = x * x = 9
        x = 3
        x (see above)
    """
    roots = roots_of(root)
    with speaking(lang):
        return "\n".join(_branches(roots, names, limit))


def _branches(roots: list[Value], names: Mapping[Any, Any] | None, limit: int) -> list[str]:
    order = topological_order(roots)
    called = names_of(order, names)
    graded = has_gradients(roots)
    lines: list[str] = []
    seen: set[Value] = set()
    stack = [(node, 0) for node in reversed(roots)]
    while stack and len(lines) < limit:
        node, depth = stack.pop()
        if node in seen:
            lines.append("  " * depth + f"{called[node]} {say('seen above')}")
            continue
        seen.add(node)
        formula = f" = {formula_text(node, called)}" if node.gate else ""
        gradient = f"  grad {number_text(node.grad)}" if graded else ""
        lines.append("  " * depth + f"{called[node]}{formula} = {number_text(output_of(node))}{gradient}")
        stack += [(parent, depth + 1) for parent in reversed(node.parents)]
    if len(seen) < len(order):
        enough = len(roots) + sum(len(node.parents) for node in order)
        lines.append(say("cut", count=len(order) - len(seen), limit=enough))
    return lines


# ---- what a node says about itself; other views say it too ----


def output_of(node: Value) -> float:
    """The number of a node: of a gate, its output in the forward pass; of a leaf, its data."""
    return node.numbers[0] if node.gate else node.data


def has_gradients(roots: Iterable[Value]) -> bool:
    """Whether a backward pass has been made: it leaves its upstream in the root.  Not computed is not zero."""
    return any(root.grad != 0.0 for root in roots)


class Shown(Formula):
    """A spelling for people: plain numbers in it have as many digits as the others on the screen."""

    __slots__ = ()

    @classmethod
    def number(cls, x: float) -> Shown:
        text = number_text(x)
        return cls(text, SIGN if text.startswith("-") else ATOM)


def formula_text(node: Value, names: Names) -> str:
    """The gate of `node` on the names of its inputs: `q * z`."""
    return _spell(node, [Shown(names[x]) if isinstance(x, Value) else x for x in node.inputs])


def numbers_text(node: Value) -> str:
    """The gate of `node` on the numbers of its inputs: `3 * -4`."""
    compute = node.gate.output if node.gate else float
    texts = agreeing(compute, node.numbers[1:], node.numbers[0])
    return _spell(node, [Shown(text, SIGN if text.startswith("-") else ATOM) for text in texts])


def slope_formulas(node: Value, names: Names) -> list[str]:
    """The spelling of each local gradient of `node`, its rule read on names; "" for a number or a very long one."""
    inputs = tuple([Shown(names[x]) if isinstance(x, Value) else x for x in node.inputs])
    slopes = read_rule(node.form, Shown(names[node]), inputs) if node.gate else ()
    texts = [slope.text if isinstance(slope, Shown) else "" for slope in slopes]
    return [text if len(text) <= WIDEST // 2 else "" for text in texts]


def slope_text(name: str, parent_name: str, formula: str, local: str) -> str:
    """`df/dq = z = -4`, or `dq/dx = 1` where the local gradient is a number."""
    middle = f"{formula} = " if formula and formula != local else ""
    return say("local", name=name, parent=parent_name, local=middle + local)


def _spell(node: Value, inputs: list[Any]) -> str:
    formula = Shown("").through_gate(node.gate, tuple(inputs)) if node.gate else inputs[0]
    return clip(Shown.of(formula).text, WIDEST)


# ---- one step ----


def _forward_step(node: Value, names: Names) -> Step:
    parts = _about(node, names)
    numbers, output = numbers_text(node), number_text(node.numbers[0])
    return Step(
        phase="forward",
        **parts,
        sentence=say("forward", name=parts["name"], formula=parts["formula"], numbers=numbers, output=output),
        cells=(f"{parts['name']} = {parts['formula']}", f"= {numbers}", f"= {output}"),
    )


def _backward_step(edge: Edge, names: Names, parts: dict[str, Any], formulas: list[str]) -> Step:
    parent, formula = names[edge.parent], formulas[edge.place]
    downstream = edge.upstream * edge.local
    after = edge.before + downstream
    upstream, local = agreeing(mul, [edge.upstream, edge.local], downstream)
    product = say("product", upstream=upstream, local=local, downstream=number_text(downstream))
    slope = slope_text(parts["name"], parent, formula, local)
    before, added = agreeing(add, [edge.before, downstream], after)
    phrase = "adds up" if edge.adds_up else "first"
    total = say(phrase, parent=parent, before=before, downstream=added, after=number_text(after))
    texts = {"name": parts["name"], "formula": parts["formula"], "slope": slope, "product": product, "total": total}
    return Step(
        phase="backward",
        **parts,
        parent=edge.parent,
        place=edge.place,
        parent_name=parent,
        local_gradient=edge.local,
        local_formula=formula,
        upstream=edge.upstream,
        downstream=downstream,
        before=edge.before,
        running_total=after,
        adds_up=edge.adds_up,
        sentence=say("backward", upstream=upstream, **texts),
        cells=(f"{parts['name']} = {parts['formula']}", slope, product, total),
    )


def _about(node: Value, names: Names) -> dict[str, Any]:
    gate = node.gate
    return {
        "node": node,
        "name": names[node],
        "gate": gate,
        "inputs": node.inputs,
        "formula": formula_text(node, names),
        "output": node.numbers[0],
        "pattern": gate.pattern if gate else "",
    }


# ---- a table of text ----


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows with their columns padded to the same width."""
    widths = [max(map(width, column)) for column in zip(*rows)]
    return ["  ".join(cell + " " * (w - width(cell)) for cell, w in zip(row, widths)).rstrip() for row in rows]
