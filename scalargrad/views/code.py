"""The flat backprop code: a recorded graph as the straight-line Python that CS231n writes by hand."""

from __future__ import annotations

import builtins
import inspect
import itertools
import keyword
import linecache
import math
import re
import textwrap
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from ..composite import Composite, check_unchanged, taken_apart
from ..formula import ATOM, POWER, SIGN, SPELLINGS, Formula, read_rule
from ..gates import GATES, Gate
from ..graph import topological_order
from ..value import Value
from .names import names_of, roots_of

IN_MATH = ("exp", "log", "sqrt", "sin", "cos", "tanh")
LONGEST_SUM = 50  # terms of a sum that are written out; beyond, Python's own parser would nest too deeply
COMMENT = 40  # the column of the comments


class Code(Formula):
    """The spelling of a number in Python that runs and gives the number to the last bit."""

    __slots__ = ()

    @classmethod
    def number(cls, x: float) -> Code:
        if not math.isfinite(x):
            return cls(
                "math.nan" if x != x else "math.inf" if x > 0 else "-math.inf", ATOM if x != x or x > 0 else SIGN
            )
        return cls(repr(x), SIGN if repr(x).startswith("-") else ATOM)

    @classmethod
    def call(cls, gate: Gate, inputs: tuple[Any, ...]) -> Code:
        """A gate as Python computes it: written out, in `math`, or by the `def` that stands above the code."""
        if _is_arithmetic(gate, inputs):
            return cls.of(SPELLINGS[gate.name](cls, *inputs))
        if gate.name not in GATES:
            try:
                return cls.of(gate.output(*map(cls.of, inputs)))
            except (TypeError, AttributeError):  # it branches, or uses math: it needs its `def`
                pass
        given = ", ".join(cls.of(x).text for x in inputs)
        return cls(f"{'math.' if gate.name in IN_MATH else ''}{gate.name}({given})")


def _is_arithmetic(gate: Gate, inputs: tuple[Any, ...]) -> bool:
    """Whether the gate is plain arithmetic on these inputs: c * x ** n is, unless c may be 0."""
    if gate.name in ("total", "dot"):
        return len(inputs) <= LONGEST_SUM
    if gate.name == "power_slope":
        return isinstance(inputs[0], float)
    if gate.name == "exponent_slope":
        return inputs[0] == 1.0 and isinstance(inputs[1], float) and inputs[1] > 0.0 and inputs[3] == 1.0
    return False


class BackpropCode(str):
    """The text of a program; `run` runs it, and a debugger steps through it.

    filename: what tracebacks and debuggers call it; `linecache` has its lines under this name.
    """

    filename: str

    def __new__(cls, text: str) -> BackpropCode:
        self = super().__new__(cls, text)
        self.filename = f"<backprop code {zlib.crc32(text.encode()):08x}>"
        linecache.cache[self.filename] = (len(text), None, text.splitlines(keepends=True), self.filename)
        return self

    def run(self) -> dict[str, Any]:
        """The variables of the program, by name, after running it."""
        variables: dict[str, Any] = {}
        exec(compile(self, self.filename, "exec"), variables)
        return variables


def backprop_code(
    root: Value | Iterable[Value], names: Mapping[Any, Any] | None = None, function: bool = False
) -> BackpropCode:
    """The forward and the backward pass of a graph as flat Python, line by line, as the course writes it by hand.

    root: a value, or several that are differentiated together.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.  They are
        made into identifiers that differ; `dx` is the gradient of `x`.
    function: whether to wrap it as `backprop(x, y, ...)` of the leaves, returning the root and a tuple of gradients.

    The text runs (`.run()` gives its variables), and every number in it is the engine's to the last bit, the sign of
    zero aside.  A composite gate of your own is written out as the gates inside it.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> q = x + y
    >>> f = q * z
    >>> print(backprop_code(f, names={"q": q, "f": f}))
    x = -2.0
    y = 5.0
    z = -4.0
    <BLANKLINE>
    # forward pass
    q = x + y                               #(1)
    f = q * z                               #(2)
    <BLANKLINE>
    # backward pass
    df = 1.0
    # backprop f = q * z
    dq = z * df                             #(2)
    dz = q * df                             #(2)
    # backprop q = x + y
    dx = dq                                 #(1)
    dy = dq                                 #(1)

    Source: CS231n, Backpropagation, "Backprop in practice: Staged computation".  Raises ValueError where data was
    changed after the forward pass, or a gate of your own has an output that is no Python function.
    """
    roots = roots_of(root)
    called = names_of(topological_order(roots), names)
    opened = taken_apart(roots, lambda gate: isinstance(gate, Composite))
    roots = [opened[r] for r in roots]
    called = names_of(topological_order(roots), {opened[node]: name for node, name in reversed(called.items())})
    program = _Program(roots, called)
    return BackpropCode(program.as_function() if function else program.as_script())


class _Program:
    def __init__(self, roots: list[Value], names: Mapping[Value, str]):
        self.roots = roots
        self.order = topological_order(roots)
        for node in self.order:
            check_unchanged(node)
        self.leaves = [node for node in self.order if not node.gate]
        self.names = _identifiers(self.order, names)
        self.forward, self.backward = self._forward(), self._backward()

    def as_script(self) -> str:
        leaves = [f"{self.names[leaf]} = {Code.of(leaf.data)}" for leaf in self.leaves]
        return self._with_definitions([*leaves, "", *self.forward, "", *self.backward])

    def as_function(self) -> str:
        parameters = ", ".join(self.names[leaf] for leaf in self.leaves)
        values = ", ".join(self.names[root] for root in self.roots)
        gradients = ", ".join(f"d{self.names[leaf]}" for leaf in self.leaves) + "," * (len(self.leaves) == 1)
        body = [*self.forward, "", *self.backward, "", f"return {values}, ({gradients})"]
        return self._with_definitions(
            [f"def backprop({parameters}):", *textwrap.indent("\n".join(body), "    ").split("\n")]
        )

    def _forward(self) -> list[str]:
        lines = [self._line(self.names[node], "=", self._formula(node), i) for i, node in self._numbered()]
        return ["# forward pass", *lines]

    def _backward(self) -> list[str]:
        started: set[Value] = set()
        lines = ["# backward pass"]
        for root in self.roots:
            lines.append(f"d{self.names[root]} {'+=' if root in started else '='} 1.0")
            started.add(root)
        for i, node in reversed(self._numbered()):
            lines.append(f"# backprop {self.names[node]} = {self._formula(node)}")
            for parent, downstream in zip(node.parents, self._downstream(node)):
                sign = "+=" if parent in started else "="
                lines.append(self._line(f"d{self.names[parent]}", sign, downstream, i))
                started.add(parent)
        return lines

    def _numbered(self) -> list[tuple[int, Value]]:
        return list(enumerate((node for node in self.order if node.gate), 1))

    def _line(self, name: str, sign: str, formula: Code, i: int) -> str:
        return f"{f'{name} {sign} {formula}':<{COMMENT - 1}} #({i})"

    def _inputs(self, node: Value) -> tuple[Any, ...]:
        return tuple([Code(self.names[x]) if isinstance(x, Value) else x for x in node.inputs])

    def _formula(self, node: Value) -> Code:
        return Code("").through_gate(node.gate, self._inputs(node)) if node.gate else Code("")

    def _downstream(self, node: Value) -> list[Code]:
        """Local gradient x upstream for every parent."""
        upstream = Code(f"d{self.names[node]}")
        slopes = read_rule(node.form, Code(self.names[node]), self._inputs(node))
        short = {"1.0": upstream, "-1.0": -upstream}
        return [short.get(str(Code.of(slope)), Code(f"{Code.held(slope, POWER)} * {upstream}")) for slope in slopes]

    def _with_definitions(self, lines: list[str]) -> str:
        """The program, below the definitions of the gates that it calls."""
        known = GATES | {node.gate.name: node.gate for node in self.order if node.gate}
        text = "\n".join(lines)
        called = [name for name in dict.fromkeys(re.findall(r"(?<![\w.])(\w+)\(", text)) if name in known]
        definitions = [_definition(known[name]) for name in called if name != "abs"]
        blocks = [*definitions, text]
        if any("math." in block for block in blocks):
            blocks.insert(0, "import math")
        return "\n\n".join(blocks)


def _identifiers(order: list[Value], names: Mapping[Value, str]) -> dict[Value, str]:
    """A legal variable for every node, so that neither it nor its gradient `d...` is another's or means something."""
    taken = {*keyword.kwlist, *GATES, *dir(builtins), "math", "backprop"} | {n.gate.name for n in order if n.gate}
    chosen: dict[Value, str] = {}
    for node in order:
        plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", names[node])).strip("_")
        plain = plain if plain.isidentifier() else f"v{plain}"
        tries = itertools.chain([plain], (f"{plain}_{i}" for i in itertools.count(2)))
        chosen[node] = next(t for t in tries if t not in taken and f"d{t}" not in taken)
        taken |= {chosen[node], f"d{chosen[node]}"}
    return chosen


def _definition(gate: Gate) -> str:
    """The output of a gate as a `def` under the gate's name: the very text that the engine runs."""
    try:
        source = textwrap.dedent(inspect.getsource(gate.output))
    except (OSError, TypeError):
        source = ""
    start = re.search(r"^def \w+", source, re.MULTILINE)
    if not start:
        raise ValueError(f"{gate.name}: its output cannot be written as code: write it as a `def` in a file")
    return f"def {gate.name}{source[start.end() :].rstrip()}"
