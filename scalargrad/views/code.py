"""The flat backprop code: a recorded graph as the straight-line Python that CS231n writes by hand."""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import itertools
import keyword
import math
import re
import textwrap
import types
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from .. import functions
from ..composite import Composite
from ..formula import ATOM, POWER, SIGN, SPELLINGS, Formula, is_plain, read_rule
from ..gate import Gate
from ..generated import keep_source
from ..table import GATES
from ..text import Text
from ..value import Value
from .phrases import LanguageName
from .spelling import course_slopes
from .story import Story

MAX_TERMS = 50  # of a sum that is written out; beyond, Python's own parser would nest too deeply
MAX_PART = 400  # characters of the output of one's own gate, or of a part of a local gradient, to be written out
COMMENT_COLUMN = 40
RESERVED = {*keyword.kwlist, *dir(builtins), "math", "backprop"}


class Code(Formula):
    """The spelling of a number in Python that runs and gives the number to the last bit.

    called: the gates that it calls by a name, and that need a `def`; every program has a subclass with its own.
    """

    __slots__ = ()
    called: ClassVar[dict[str, Gate]] = {}

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
        given = ", ".join(cls.of(x).text for x in inputs)
        for module, prefix in ((math, "math."), (builtins, "")):
            if _is_from(module, gate.output):
                return cls(f"{prefix}{gate.output.__name__}({given})")
        spelled = None if gate.name in GATES else _spelled(cls, gate, inputs)
        if spelled is not None:
            return spelled
        name = f"{gate.name}_gate" if gate.name in RESERVED else gate.name
        if cls.called.setdefault(name, gate) is not gate:
            raise ValueError(f"two gates have the name {gate.name!r}: give each its own")
        return cls(f"{name}({given})")


class SlopeCode(Code):
    """The spelling of a local gradient in which a name stands for a long part, such as the ties among 1,000 inputs.

    parts: {text: name} of these parts, each on the names of those before it.
    unused: names for more of them.
    """

    __slots__ = ()
    parts: ClassVar[dict[str, str]] = {}
    unused: ClassVar[Iterator[str]] = iter(())

    @classmethod
    def infix(cls, left: Any, symbol: str, right: Any) -> SlopeCode:
        return super().infix(cls.named(left), symbol, cls.named(right))

    @classmethod
    def named(cls, x: Any) -> SlopeCode:
        text = cls.of(x).text
        if len(text) <= MAX_PART:
            return cls.of(x)
        if text not in cls.parts:
            cls.parts[text] = next(cls.unused)
        return cls(cls.parts[text])


def _is_arithmetic(gate: Gate, inputs: tuple[Any, ...]) -> bool:
    """Whether the gate is plain arithmetic on these inputs: c * x ** n is, unless c may be 0."""
    if gate.name in ("total", "dot", "given_gradients"):
        return len(inputs) <= MAX_TERMS
    if gate.name == "power_slope":
        return isinstance(inputs[0], float)
    if gate.name == "exponent_slope":
        c, x, _, k = inputs
        return is_plain(c, 1.0) and isinstance(x, float) and x > 0.0 and x != 1.0 and is_plain(k, 1.0)
    return False


def _is_from(module: types.ModuleType, function: Any) -> bool:
    return function is getattr(module, getattr(function, "__name__", ""), None)


def _spelled(cls: type[Code], gate: Gate, inputs: tuple[Any, ...]) -> Code | None:
    """The output of a gate of your own, if it is one formula; None where it branches, or uses math."""
    output = gate.function if isinstance(gate, Composite) else gate.output
    try:
        formula = cls.of(output(*map(cls.of, inputs)))
    except (TypeError, ValueError, AttributeError):
        return None
    return formula if len(formula.text) <= MAX_PART else None


class BackpropCode(Text):
    """The text of a program; `run` runs it, and a debugger steps through it.

    filename: what tracebacks and debuggers call it; `linecache` has its lines under this name.
    """

    filename: str

    def __new__(cls, text: str) -> BackpropCode:
        self = super().__new__(cls, text)
        self.filename = keep_source(text, "backprop code")
        return self

    def run(self) -> dict[str, Any]:
        """The variables of the program, by name, after running it."""
        variables: dict[str, Any] = {}
        exec(compile(self, self.filename, "exec", dont_inherit=True), variables)
        return variables


def backprop_code(
    root: Value | Iterable[Value],
    names: Mapping[Any, Any] | None = None,
    function: bool = False,
    lang: LanguageName | None = None,
) -> BackpropCode:
    """The forward and the backward pass of a graph as flat Python, line by line, as the course writes it by hand.

    root: a value, or several that are differentiated together.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.  They are
        made into identifiers that differ; `dx` is the gradient of `x`.
    function: whether to wrap it as `backprop(x, y, ...)` of the leaves, returning the root and a tuple of gradients.
    lang: the language of the comments, "en" or "zh", by default that of `language`; ValueError for another.

    The text runs (`.run()` gives its variables), and every number in it is the engine's to the last bit, the sign of
    zero aside.  A composite gate of your own is written out as the gates inside it; its local gradients are then not
    summed up before they are multiplied, so that gradients behind it agree to rounding only.

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

    Source: CS231n, Backpropagation, "Backprop in practice: Staged computation".

    Raises ValueError where data was changed after the forward pass, and where a gate of your own has an output that
    cannot be written as code.  What can is a formula, and a `def` in a file that uses math, numbers and such functions.
    """
    program = Program(Story(root, names, lang=lang))
    return BackpropCode(program.as_function() if function else program.as_script())


class Line(NamedTuple):
    """A line of the code.

    node: the gate that it belongs to; None for a comment, and for a gradient that starts.
    places: in the backward pass, the places of those parents of the node that it helps to their gradients.
    """

    text: str
    node: Value | None = None
    places: tuple[int, ...] | None = None


class Program:
    """The flat code of a graph, in every form of it.

    story: the graph as the code has it, without composite gates; `equal` is {node as recorded: its equal there}.
    leaves: all that there are, even those that a composite gate took and did not use.
    forward, backward: the lines of the two passes.
    """

    def __init__(self, recorded: Story):
        for node in recorded.stale:
            raise recorded.stale_error(node)
        self.story, self.equal = recorded.taken_apart(lambda gate: isinstance(gate, Composite))
        self.leaves = list(dict.fromkeys([*recorded.leaves, *self.story.leaves]))
        names = recorded.names | self.story.names
        self._write(names, ())
        chosen = [*self.names.values(), *self.slope.parts.values()]
        if any(name in self.definitions or f"d{name}" in self.definitions for name in chosen):
            self._write(names, self.definitions)

    def _write(self, names: Mapping[Value, str], reserved: Iterable[str]) -> None:
        self.names = _identifiers(dict.fromkeys([*self.story.order, *self.leaves]), names, reserved)
        self.code: type[Code] = type("Code", (Code,), {"__slots__": (), "called": {}})
        taken = {*reserved, *self.names.values(), *(f"d{name}" for name in self.names.values())}
        unused = (name for i in itertools.count(1) if (name := f"part{i}") not in taken)
        self.slope: type[SlopeCode] = type(
            "SlopeCode", (self.code, SlopeCode), {"__slots__": (), "parts": {}, "unused": unused}
        )
        self.forward, self.backward = self._forward(), self._backward()
        self.definitions = _definitions(self.code.called)

    def as_script(self) -> str:
        return self._with_definitions([line.text for line in self.script()])

    def script(self) -> list[Line]:
        """The lines of `as_script`, which has the definitions that they need above them."""
        leaves = [Line(f"{self.names[leaf]} = {Code.of(leaf.data)}") for leaf in self.leaves]
        return [*leaves, Line(""), *self.forward, Line(""), *self.backward]

    def as_function(self) -> str:
        parameters = ", ".join(self.names[leaf] for leaf in self.leaves)
        values = ", ".join(self.names[root] for root in self.story.roots)
        gradients = ", ".join(f"d{self.names[leaf]}" for leaf in self.leaves) + "," * (len(self.leaves) == 1)
        passes = [line.text for line in (*self.forward, Line(""), *self.backward)]
        body = [*passes, "", f"return {values}, ({gradients})"]
        return self._with_definitions(
            [f"def backprop({parameters}):", *textwrap.indent("\n".join(body), "    ").split("\n")]
        )

    def _forward(self) -> list[Line]:
        lines = [Line(f"# {self.story.say('code forward')}")]
        for i, node in enumerate(self.story.gates, 1):
            lines.append(Line(_numbered(self.names[node], "=", self._formula(node), i), node))
        return lines

    def _backward(self) -> list[Line]:
        started: set[Value] = set()
        lines = [Line(f"# {self.story.say('code backward')}")]
        for root, up in zip(self.story.roots, self.story.upstream):
            lines.append(Line(f"d{self.names[root]} {'+=' if root in started else '='} {Code.of(up)}"))
            started.add(root)
        for i, node in reversed(list(enumerate(self.story.gates, 1))):
            made = self.story.say("code backprop", name=self.names[node], formula=self._formula(node))
            lines.append(Line(f"# {made}"))
            known = len(self.slope.parts)
            downstreams = self._downstream(node)
            everywhere = tuple(range(len(node.parents)))
            for text, part in [*self.slope.parts.items()][known:]:
                lines.append(Line(_numbered(part, "=", text, i), node, everywhere))
            course = self._course_slopes(node)
            for place, (parent, downstream) in enumerate(zip(node.parents, downstreams)):
                sign = "+=" if parent in started else "="
                if course:
                    lines.append(Line(f"# d{self.names[parent]} {sign} {course[place]}"))
                lines.append(Line(_numbered(f"d{self.names[parent]}", sign, downstream, i), node, (place,)))
                started.add(parent)
        return lines + [Line(f"d{self.names[leaf]} = 0.0") for leaf in self.leaves if leaf not in started]

    def _inputs(self, node: Value, code: type[Formula]) -> tuple[Any, ...]:
        return tuple([code(self.names[x]) if isinstance(x, Value) else x for x in node.inputs])

    def _formula(self, node: Value) -> Code:
        return self.code("").through_gate(node.gate, self._inputs(node, self.code)) if node.gate else self.code("")

    def _downstream(self, node: Value) -> list[Code]:
        """Local gradient x upstream for every parent."""
        upstream = self.code(f"d{self.names[node]}")
        slopes = read_rule(node.form, self.slope(self.names[node]), self._inputs(node, self.slope))
        short = {"1.0": upstream, "-1.0": -upstream}
        return [short.get(str(Code.of(slope)), Code(f"{Code.held(slope, POWER)} * {upstream}")) for slope in slopes]

    def _course_slopes(self, node: Value) -> list[str]:
        """For comments: how the course writes what a relu, a max or a min sends, and where that is not all."""
        slopes = course_slopes(node, Formula(self.names[node]), self._inputs(node, Formula))
        said = "code but for nan" if len(node.inputs) == 1 else "code but for nan and ties"
        return [self.story.say(said, product=f"{slope} * d{self.names[node]}") for slope in slopes]

    def _with_definitions(self, lines: list[str]) -> str:
        """The program, below what it needs: imports, constants, and the definitions of the gates that it calls."""
        text = "\n".join(lines)
        found = self.definitions | ({"math": "import math"} if "math." in text else {})
        head = sorted([line for line in found.values() if "\n" not in line], key=_rank)
        blocks = ["\n".join(head), *(block for block in found.values() if "\n" in block), text]
        return "\n\n".join(filter(None, blocks))


def _numbered(name: str, sign: str, formula: object, i: int) -> str:
    """A line with the number of its gate in a comment, as the course writes it."""
    return f"{f'{name} {sign} {formula}':<{COMMENT_COLUMN - 1}} #({i})"


def _rank(line: str) -> int:
    return next(i for i, start in enumerate(("from __future__", "import", "from", "")) if line.startswith(start))


def _identifiers(order: Iterable[Value], names: Mapping[Value, str], reserved: Iterable[str]) -> dict[Value, str]:
    """A legal variable for every node; neither it nor its gradient `d...` is that of another node, or has a meaning."""
    taken = {*RESERVED, *GATES, *reserved}
    tries: dict[str, Iterator[str]] = {}
    chosen: dict[Value, str] = {}
    for node in order:
        letters = [c if f"v{c}".isidentifier() else " " for c in unicodedata.normalize("NFKC", names[node])]
        plain = "_".join("".join(letters).split()).strip("_")
        plain = plain if plain.isidentifier() else unicodedata.normalize("NFKC", f"v{plain}")
        again = tries.setdefault(plain, itertools.chain([plain], map(f"{plain}_{{}}".format, itertools.count(2))))
        chosen[node] = next(name for name in again if name not in taken and f"d{name}" not in taken)
        taken |= {chosen[node], f"d{chosen[node]}"}
    return chosen


# ---- what the code calls by a name: the very text that the engine runs ----


def _definitions(called: Mapping[str, Gate]) -> dict[str, str]:
    """{name: text} of the outputs of the gates, under the gates' names, and of all that these outputs use in turn."""
    found: dict[str, str] = {}
    seen: set[Any] = set()
    waiting = [(name, gate, gate.name) for name, gate in called.items()]
    for name, thing, gate in waiting:  # it grows on the way
        thing = _what_runs(thing)
        text = _definition(name, thing, gate)
        if found.setdefault(name, text) != text or name == "math" and thing is not math:
            raise ValueError(f"{gate}: its output cannot be written as code: there are two different {name}")
        if isinstance(thing, types.FunctionType) and thing not in seen:
            seen.add(thing)
            waiting += [(used, x, gate) for used, x in _used_by(thing).items()]
            if _has_foreign_annotations(thing):
                found["__future__"] = "from __future__ import annotations"
    return found


def _what_runs(thing: Any) -> Any:
    """For a gate, or a function of the package that is one, its output."""
    if isinstance(thing, types.FunctionType) and thing.__module__ == functions.__name__:
        gate = GATES.get(thing.__name__)
        thing = gate if gate and gate.arity == 1 else thing  # the others take their inputs in another way
    return thing.output if isinstance(thing, Gate) and not isinstance(thing, Composite) else thing


def _definition(name: str, thing: Any, gate: str) -> str:
    """One line that imports or defines a thing under this name, or a whole `def`."""
    of_another_name = f" as {name}" if getattr(thing, "__name__", "") != name else ""
    if thing is math:
        return f"import math{of_another_name}"
    for module in (math, builtins):
        if _is_from(module, thing):
            return f"from {module.__name__} import {thing.__name__}{of_another_name}"
    if type(thing) in (int, float):
        return f"{name} = {thing!r}" if math.isfinite(thing) else f"{name} = float('{thing!r}')"
    source = _source(thing) if isinstance(thing, types.FunctionType) and not hasattr(thing, "__wrapped__") else ""
    if not source:
        what = f"it uses {name}, which is" if name != gate else "it is"
        raise ValueError(f"{gate}: its output cannot be written as code: {what} no `def` in a file")
    return f"def {name}{source}"


@functools.lru_cache(maxsize=1024)
def _source(function: Callable[..., Any]) -> str:
    """What follows `def name` in the source of a function; "" where there is none."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""
    start = re.search(rf"^def {re.escape(function.__name__)}\b", source, re.MULTILINE)
    return source[start.end() :].rstrip() if start else ""


def _used_by(function: types.FunctionType) -> dict[str, Any]:
    """What a function finds outside itself: {name: thing}, without Python's own."""
    code, known = function.__code__, function.__globals__
    enclosed = zip(code.co_freevars, [cell.cell_contents for cell in function.__closure__ or ()])
    return {name: known[name] for name in _globals_in(code) if name in known} | dict(enclosed)


@functools.lru_cache(maxsize=1024)
def _globals_in(code: types.CodeType) -> tuple[str, ...]:
    """The global variables that a function, and those inside it, read."""
    names = [i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inner = [name for x in code.co_consts if isinstance(x, types.CodeType) for name in _globals_in(x)]
    return tuple(dict.fromkeys([*names, *inner]))


def _has_foreign_annotations(function: types.FunctionType) -> bool:
    texts = [a if isinstance(a, str) else getattr(a, "__name__", "?") for a in function.__annotations__.values()]
    return any(word not in dir(builtins) for text in texts for word in re.findall(r"[\w?]+", text))
