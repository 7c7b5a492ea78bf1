"""Large graphs as machine code: what each kind of gate does is compiled, and the graph is a list of instructions.

LLVM takes a time that grows faster than the code, and most of a large graph is the same few gates over and over.  So
nothing is compiled for the graph as a whole, but two functions for each *kind* of gate in it, once in a process: one
goes forward, one back.  A kind is a gate together with what its inputs are: values that depend on parameters, others
that do not, or plain numbers that are part of the shape, as the 2 of `x ** 2` is.  The functions do what the flat code
of this one gate says, so no derivative is written here either.

**Instructions.**  Every number of the graph has a place in memory, and its gradient has the same place in another part
of it.  An instruction is four whole numbers: the number of its kind, the place of the output, and the places of two
inputs; of more inputs the places stand in a list, the pool, and the instruction says where in it.

>>> from scalargrad import Value, record, relu
>>> from scalargrad.compiled.trace import Recorder
>>> w, b = Value(2.0), Value(-1.0)
>>> trace, _ = Recorder(lambda x: relu(w * x + b), samples=(3.0,), parameters=[w, b]).recorded()
>>> made = Instructions(trace, trace.entries)
>>> for number, output, left, right in made:
...     kind = made.kinds[number]
...     print(kind.gate.name, kind.inputs, output, left, right)
mul (True, False) 3 0 2
add (True, True) 4 3 1
relu (True,) 5 4 0

w and b have the places 0 and 1, and x has place 2: the first instruction multiplies what stands at 0 and at 2, and
writes the product at 3; only the input at 0 gets a gradient.

**Running.**  Each function ends in a jump to the function of the next instruction.  The forward pass goes through the
instructions once.  The backward pass goes through them from the root to the first, with the other functions: each reads
the gradient of its output, and adds it, times the local gradients, to the gradients of the inputs, in the order in
which `backward()` does.  Gradients of parameters add up over the samples of a minibatch; all others begin at 0 again.

**Rows.**  A dot of many products whose factors stand side by side in memory takes them eight at a time.  The weights of
a neuron stand so already; the numbers that they are multiplied by are given such places.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .. import table
from ..gate import Gate
from ..table import GATES
from .engines import needed, outputs, refuse_unknown
from .flat import FlatCode, Line, rolled, times
from .llvm import DOUBLE, IR, LANES, LIBM, VECTOR, Register, declared
from .machine import compiled
from .native import MAX_UNROLLED, NativeEngine, refuse_long
from .trace import Entry, Trace

MAX_COMPILED = 2_000  # inputs of gates; for a graph with more, LLVM would take a second, and much longer soon
LONG = 2 * MAX_UNROLLED + 1  # inputs of a dot; one with more is a loop in a graph that is compiled as a whole
MANY = LANES  # a dot, a total or a pick of so many is a loop
MAX_KINDS = 1_000  # kinds of gates whose functions are kept for other graphs
HEADER = 16  # doubles at the beginning of a run's memory, which hold addresses and sizes
STATE = "ptr %at, ptr %N, ptr %G, ptr %pool, ptr %functions"  # what each function hands to the next
INDICES, ROWS = "indices", "rows"
Node = int | str  # as in the inputs of an `Entry`


class Kind(NamedTuple):
    """What instructions have in common that are done by the same two functions.

    gate: None for an instruction that writes a plain number, or that ends a pass.
    inputs: for each input whether it gets a gradient, or the text of a plain number.  For a gate of many inputs, the
        same for each part: of a dot, the first factors, the second, and what is added to the products.
    loop: INDICES or ROWS for a dot, a total or a pick of many, by how the places of its inputs are found; else "".
    rest: how many products of a dot of rows are left over, when eight are taken at a time.
    """

    gate: Gate | None
    inputs: tuple[bool | str, ...]
    loop: str = ""
    rest: int = 0


NOTHING = Entry(None, ())
END = Kind(None, ())  # stands before the first instruction and after the last


# ---- a graph as instructions ----


class Instructions:
    """A graph as a list of instructions: each is the number of a kind, the place of the output, and two more numbers.

    code: the instructions, one after the other, between two that end a pass.
    kinds: the kinds of its instructions; an instruction has the index of its kind.
    pool: lists of places, for gates of more than two inputs.
    numbers, size: how many places there are for parameters and plain numbers, which come first, and how many in all.
    start: the index of the instruction of the first root.
    roots: the places of the roots.
    """

    def __init__(self, trace: Trace, entries: Sequence[Entry | None]):
        self.kinds = [END]
        self.pool = array("i")
        self._known: dict[Any, int] = {}
        self._moving: list[bool] = [False]
        self._parts: dict[tuple[Node, ...], tuple[list[int], bool, bool]] = {}
        self._places = self._places_of(trace, entries)
        self._moves: dict[Any, Any] = dict.fromkeys(self._places, False)
        self._moves.update(dict.fromkeys(range(trace.inputs, trace.leaves), True))
        self._code: list[int] = [0] * 4
        self._write(trace, entries)
        self.code = array("i", [*self._code, 0, 0, 0, 0])
        self.size = len(self._places)
        self.roots = array("i", [self._places[root] for root in trace.roots])

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter([tuple(self.code[i : i + 4]) for i in range(4, len(self.code) - 4, 4)])

    def _places_of(self, trace: Trace, entries: Sequence[Entry | None]) -> dict[Node, int]:
        """{number of a node: its place}: first parameters and plain numbers, then inputs, rows, and other outputs."""
        first = trace.leaves
        plain = [i for i, entry in enumerate(entries, first) if entry and entry.gate is None]
        self.numbers = trace.parameters + len(plain)
        given = [*range(trace.inputs, first), *plain, *range(trace.inputs)]
        places: dict[Node, int] = dict(zip(given, itertools.count()))
        for row in _rows(entries):
            if not any([i in places or isinstance(i, str) for i in row]) and len({*row}) == len(row):
                places.update(zip(row, itertools.count(len(places))))
        others = [i for i, entry in enumerate(entries, first) if entry and i not in places]
        places.update(zip(others, itertools.count(len(places))))
        return places

    def _write(self, trace: Trace, entries: Sequence[Entry | None]) -> None:
        places, moves, add = self._places, self._moves, self._code.extend
        self.start = 0
        for i, entry in enumerate(entries, trace.leaves):
            gate, inputs = entry or NOTHING
            if gate is None:
                continue
            if len(inputs) == 1:
                (x,) = inputs
                number = self._number((gate, moves.get(x, x)))
                add((number, places[i], places.get(x, 0), 0))
            elif len(inputs) == 2:
                x, y = inputs
                number = self._number((gate, moves.get(x, x), moves.get(y, y)))
                add((number, places[i], places.get(x, 0), places.get(y, 0)))
            else:
                number = self._many(gate, inputs, places[i])
            moves[i] = self._moving[number]
            if i == trace.roots[0]:
                self.start = len(self._code) // 4 - 1

    def _many(self, gate: Gate, inputs: tuple[Node, ...], output: int) -> int:
        """Writes the instruction of a gate of more than two inputs; the number of its kind."""
        parts = _parts(gate, inputs)
        n = max(map(len, parts))
        if gate not in LOOPS or n < MANY:
            number = self._number((gate, *[self._moves.get(x, x) for x in inputs]))
            places = [self._places.get(x, 0) for x in inputs]
        else:
            found = [*map(self._part, parts)]
            kind = Kind(gate, tuple([moving for _, moving, _ in found]), INDICES)
            if gate is table.dot and found[0][2] and found[1][2]:
                kind, places = kind._replace(loop=ROWS, rest=n % LANES), [part[0] for part, *_ in found]
            else:
                places = [place for part, *_ in found for place in part]
            number = self._number(kind)
        self._code += (number, output, len(self.pool), n)
        self.pool.extend(places)
        return number

    def _part(self, nodes: tuple[Node, ...]) -> tuple[list[int], bool, bool]:
        """The places of some inputs of a gate, whether one of them gets a gradient, and whether they are a row."""
        found = self._parts.get(nodes)
        if found is None:
            for x in nodes:
                if isinstance(x, str) and x not in self._places:  # a plain number: an instruction gives it a place
                    self._moves[x], self._places[x] = False, len(self._places)
                    self._code += (self._number((None, x)), self._places[x], 0, 0)
            places = [self._places[x] for x in nodes]
            is_row = places == [*range(places[0], places[0] + len(places))]
            found = self._parts[nodes] = places, any([self._moves[x] for x in nodes]), is_row
        return found

    def _number(self, kind: tuple[Any, ...]) -> int:
        """The number of a kind, or of (gate, *inputs)."""
        number = self._known.get(kind)
        if number is None:
            number = self._known[kind] = len(self.kinds)
            self.kinds.append(kind if isinstance(kind, Kind) else Kind(kind[0], kind[1:]))
            self._moving.append(True in self.kinds[-1].inputs)
        return number


def _parts(gate: Gate, inputs: tuple[Node, ...]) -> list[tuple[Node, ...]]:
    """The inputs of a gate of many: what a loop goes through, and what stands beside that."""
    if gate is table.pick:
        return [inputs[:1], inputs[1:]]
    n = len(inputs) // 2 if gate is table.dot else len(inputs)
    return [part for part in (inputs[:n], inputs[n : 2 * n], inputs[2 * n :]) if part]


def _rows(entries: Sequence[Entry | None]) -> list[tuple[Node, ...]]:
    """The factors of long dots, as rows that should stand side by side; the longest first."""
    rows: dict[tuple[Node, ...], None] = {}
    for entry in entries:
        if entry and entry.gate is table.dot and len(entry.inputs) >= 2 * MANY:
            n = len(entry.inputs) // 2
            rows[entry.inputs[:n]] = rows[entry.inputs[n : 2 * n]] = None
    return sorted(rows, key=len, reverse=True)


# ---- what a kind of gate does ----


class Step(IR):
    """A function in the making: what the instructions of one kind do on one of the two ways.

    output, first, second: the numbers of the instruction, after that of its kind.
    may_skip: whether it has a branch to its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.output, self.first, self.second = (self.whole("%at", k) for k in (1, 2, 3))
        self._listed = self.let(f"getelementptr inbounds i32, ptr %pool, i64 {self.first}", "ptr").text
        self.may_skip = False

    def whole(self, pointer: str, index: int | str) -> str:
        """The whole number at an index behind a pointer."""
        at = self.let(f"getelementptr inbounds i32, ptr {pointer}, i64 {index}", "ptr").text
        number = self.let(f"load i32, ptr {at}, align 4", "i32").text
        return self.let(f"zext i32 {number} to i64", "i64").text

    def listed(self, index: int | str) -> str:
        """The place in the pool at an index, counted from where the instruction says."""
        return self.whole(self._listed, index)

    def number(self, place: str, kind: str = DOUBLE) -> Register:
        return self.load(kind, "%N", place)

    def upstream(self) -> Register:
        return self.load(DOUBLE, "%G", self.output)

    def give(self, z: Any) -> None:
        """Writes the output."""
        self.store(DOUBLE, z, "%N", self.output)

    def add(self, place: str, x: Register, kind: str = DOUBLE) -> None:
        """Adds to a gradient."""
        self.store(kind, self.load(kind, "%G", place) + x, "%G", place)

    def skip_where(self, condition: Register) -> None:
        """Leaves out what is written from here on, where the condition is true."""
        self.do(f"br {condition}, label %end, label %go")
        self.written.append("go:")
        self.label, self.may_skip = "go", True

    def function(self, by: int) -> str:
        """The text of the function, but for its name; it ends in a jump to that of the instruction `by` numbers on."""
        if self.may_skip:
            self.do("br label %end")
            self.written.append("end:")
        refuse_long(len(self.written))
        following = self.let(f"getelementptr inbounds i32, ptr %at, i64 {by}", "ptr").text
        function = self.let(f"load ptr, ptr {self.at('%functions', self.whole(following, 0))}, align 8", "ptr").text
        self.do(f"musttail call void {function}({STATE.replace('%at', following)})")
        return "\n".join([f"({STATE}) {{", "entry:", *self.written, "  ret void", "}"])


def functions_of(kind: Kind) -> tuple[str, str]:
    """The texts of the two functions of a kind, forward and back, but for their names."""
    is_known = kind.gate is None or GATES.get(kind.gate.name) is kind.gate
    return (_functions_of_table if is_known else _functions_of)(kind)  # one's own may write something else next time


def _functions_of(kind: Kind) -> tuple[str, str]:
    if kind == END:
        return (f"({STATE}) {{\n  ret void\n}}",) * 2
    forward, back = Step(), Step()
    if kind.gate is None:
        forward.give(float(kind.inputs[0]))
    elif kind.loop:
        LOOPS[kind.gate](kind, forward, back)
    else:
        _write_gate(kind, forward, back)
    return forward.function(4), back.function(-4)


_functions_of_table = functools.lru_cache(MAX_KINDS)(_functions_of)


def _write_gate(kind: Kind, forward: Step, back: Step) -> None:
    """Writes what the flat code of this one gate says."""
    still = [k for k, x in enumerate(kind.inputs) if x is False]
    moving = [k for k, x in enumerate(kind.inputs) if x is True]
    nodes: dict[int, int] = dict(zip([*still, *moving], itertools.count()))
    entry = Entry(kind.gate, tuple([nodes.get(k, x) for k, x in enumerate(kind.inputs)]))
    code = FlatCode(Trace(len(still), len(moving), (entry,), (len(nodes),)))
    refuse_unknown(code.lines, outputs(forward), "native")
    given = dict(zip([*code.x, *code.p], [*still, *moving]))

    def place(step: Step, k: int) -> str:
        return step.listed(k) if len(kind.inputs) > 2 else step.second if k else step.first

    def registers(step: Step, wanted: Sequence[Any], known: dict[Any, Register]) -> dict[Any, Register]:
        """Those of the lines that are wanted, besides those that are known."""
        needed = {x for x in wanted if isinstance(x, Line)}
        for line in reversed(code.lines):
            if line in needed and line not in known:
                needed.update([x for x in line.inputs if isinstance(x, Line)])
        known |= {line: step.number(place(step, k)) for line, k in given.items() if line in needed}
        compute = outputs(step)
        for line in code.lines:
            if line in needed and line not in known and line.gate:
                function: Callable[..., Any] = compute.get(line.gate.name, line.gate.output)
                known[line] = function(*[known[x] if isinstance(x, Line) else x for x in line.inputs])
        return known

    (z,) = code.values
    forward.give(registers(forward, [z], {}).get(z, z))
    slopes = [pair for send in code.sends for pair in send.slopes]
    if slopes:
        upstream = back.upstream()
        output = {z: back.number(back.output)} if isinstance(z, Line) and z.gate else {}
        known = registers(back, [slope for _, slope in slopes], output)
        for k, slope in slopes:
            back.add(place(back, moving[k]), times(known.get(slope, slope), upstream))


# ---- dots and totals of many terms: their expansions, add gates and mul gates, as loops ----


def _dot_of_indices(kind: Kind, forward: Step, back: Step) -> None:
    def places(step: Step, index: str) -> list[str]:
        return [step.listed(index), step.listed(step.integer("add", index, step.second))]

    def term(index: str, sums: list[Register]) -> list[Register]:
        return [sums[0] + table.mul.output(*map(forward.number, places(forward, index)))]

    (z,) = forward.loop(forward.second, term, [forward.register(-0.0)])
    bias = forward.integer("mul", forward.second, 2)
    forward.give(z + forward.number(forward.listed(bias)) if len(kind.inputs) > 2 else z)
    upstream = _upstream_of_sum(back)
    bias = back.integer("mul", back.second, 2)
    for k in (0, 1):

        def send(index: str, _: list[Register], k: int = k) -> list[Register]:
            both = places(back, index)
            back.add(both[k], table.mul.form(None).rule(None, *map(back.number, both))[k] * upstream)
            return []

        if kind.inputs[k]:
            back.loop(back.second, send)
    if kind.inputs[2:] == (True,):
        back.add(back.listed(bias), upstream)


def _dot_of_rows(kind: Kind, forward: Step, back: Step) -> None:
    def each(step: Step, body: Callable[[list[str], str, list[Register]], list[Register]], sums: int) -> list[Register]:
        """Writes a loop over all products: eight at a time, and then the rest."""
        starts, whole = [step.listed(0), step.listed(1)], step.integer("and", step.second, -LANES)

        def turn(index: str, kind: str, numbers: list[Register]) -> list[Register]:
            return body([step.integer("add", start, index) for start in starts], kind, numbers)

        zeros = [step.register(0.0, VECTOR)] * sums
        numbers = step.loop(whole, lambda index, numbers: turn(index, VECTOR, numbers), zeros, by=LANES)
        numbers = [*map(step.across, numbers)]
        for k in range(kind.rest):
            numbers = turn(step.integer("add", whole, k), DOUBLE, numbers)
        return numbers

    def term(both: list[str], width: str, sums: list[Register]) -> list[Register]:
        return [sums[0] + table.mul.output(*[forward.number(place, width) for place in both])]

    (z,) = each(forward, term, 1)
    forward.give(z + forward.number(forward.listed(2)) if len(kind.inputs) > 2 else z)
    upstream = _upstream_of_sum(back)
    for k in (0, 1):

        def send(both: list[str], width: str, _: list[Register], k: int = k) -> list[Register]:
            slope = table.mul.form(None).rule(None, *[back.number(place, width) for place in both])[k]
            back.add(both[k], slope * upstream, width)
            return []

        if kind.inputs[k]:
            each(back, send, 0)
    if kind.inputs[2:] == (True,):
        back.add(back.listed(2), upstream)


def _dot(kind: Kind, forward: Step, back: Step) -> None:
    (_dot_of_rows if kind.loop == ROWS else _dot_of_indices)(kind, forward, back)


def _total(kind: Kind, forward: Step, back: Step) -> None:
    def term(index: str, sums: list[Register]) -> list[Register]:
        return [sums[0] + forward.number(forward.listed(index))]

    def send(index: str, _: list[Register]) -> list[Register]:
        back.add(back.listed(index), upstream)
        return []

    forward.give(*forward.loop(forward.second, term, [forward.register(-0.0)]))
    upstream = _upstream_of_sum(back)
    if True in kind.inputs:
        back.loop(back.second, send)


def _upstream_of_sum(back: Step) -> Register:
    """Writes that nothing goes back where nothing arrives, unless a number is infinite, as `backward()` has it."""
    upstream, z = back.upstream(), back.number(back.output)
    back.skip_where((upstream == 0.0) & (z - z == 0.0))
    return upstream


# ---- a pick of many values: one of them is looked up ----


def _pick(kind: Kind, forward: Step, back: Step) -> None:
    known, place = _picked(forward)
    forward.give(forward.where(known, forward.number(place), math.nan))
    if kind.inputs[1]:
        upstream = back.upstream()
        known, place = _picked(back)
        back.add(place, back.where(known, upstream, 0.0))


def _picked(step: Step) -> tuple[Register, str]:
    """Whether there is a value at the index, and its place; if there is none, that of the first value."""
    index = step.number(step.listed(0))
    count = step.let(f"uitofp i64 {step.second} to double", DOUBLE)
    known = (index >= 0.0) & (index < count) & (index == step.call("floor", index))
    whole = step.let(f"fptosi {step.where(known, index, 0.0)} to i64", "i64").text
    return known, step.listed(step.integer("add", whole, 1))


LOOPS = {table.dot: _dot, table.total: _total, table.pick: _pick}


# ---- a minibatch ----


class Header(NamedTuple):
    """What stands at the beginning of the memory of a run, as whole numbers of 64 bits; first addresses, then counts.

    code, start: of the first instruction, and of that of the first root, where the backward pass begins.
    pool, forward, back, roots: of the list of places, of the two tables of functions, and of the places of the roots.
    size, numbers, inputs, parameters, values: how many places there are, how many of them are for parameters and plain
        numbers, how many inputs a sample has, how many parameters there are, and how many roots.
    """

    code: Any
    start: Any
    pool: Any
    forward: Any
    back: Any
    roots: Any
    size: Any
    numbers: Any
    inputs: Any
    parameters: Any
    values: Any


ADDRESSES = Header._fields.index("size")


def minibatch() -> str:
    """The text of the function `minibatch`, which has the arguments of a `Kernel`'s; the graph stands in `work`."""
    ir = IR()
    words = [ir.let(f"load i64, ptr {ir.at('%work', k)}, align 8", "i64").text for k in range(len(Header._fields))]
    words[:ADDRESSES] = [ir.let(f"inttoptr i64 {word} to ptr", "ptr").text for word in words[:ADDRESSES]]
    of = Header(*words)
    N = ir.at("%work", HEADER)
    G = ir.at(N, of.size)
    others, results = ir.integer("sub", of.size, of.numbers), ir.integer("add", of.parameters, of.values)

    def move(to: str, source: str, count: str) -> None:
        ir.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {source}, i64 {ir.integer('mul', count, 8)}, i1 false)")

    def clear(to: str, count: str) -> None:
        ir.do(f"call void @llvm.memset.p0.i64(ptr {to}, i8 0, i64 {ir.integer('mul', count, 8)}, i1 false)")

    def run(at: str, functions: str) -> None:
        kind = ir.let(f"load i32, ptr {at}, align 4", "i32").text
        place = ir.let(f"getelementptr inbounds ptr, ptr {functions}, i32 {kind}", "ptr").text
        function = ir.let(f"load ptr, ptr {place}, align 8", "ptr").text
        ir.do(f"call void {function}(ptr {at}, ptr {N}, ptr {G}, ptr {of.pool}, ptr {functions})")

    def sample(index: str, _: list[Register]) -> list[Register]:
        which = ir.let(f"load i64, ptr {ir.at('%order', index)}, align 8", "i64").text
        move(ir.at(N, of.numbers), ir.at("%X", ir.integer("mul", which, of.inputs)), of.inputs)
        run(of.code, of.forward)
        clear(ir.at(G, of.numbers), others)
        ir.loop(of.values, value)
        ir.store(DOUBLE, ir.load(DOUBLE, G, root(0)) + 1.0, G, root(0))
        run(of.start, of.back)
        return []

    def root(k: int | str) -> str:
        place = ir.let(f"getelementptr inbounds i32, ptr {of.roots}, i64 {k}", "ptr").text
        place = ir.let(f"load i32, ptr {place}, align 4", "i32").text
        return ir.let(f"zext i32 {place} to i64", "i64").text

    def value(k: str, _: list[Register]) -> list[Register]:
        to = ir.at("%G", ir.integer("add", of.parameters, k))
        ir.store(DOUBLE, ir.load(DOUBLE, to) + ir.load(DOUBLE, N, root(k)), to)
        return []

    def scaled(i: str, _: list[Register]) -> list[Register]:
        ir.store(DOUBLE, ir.load(DOUBLE, "%G", i) * Register(ir, "%scale", DOUBLE), "%G", i)
        return []

    move(N, "%P", of.numbers)
    clear(G, of.numbers)
    clear("%G", results)
    ir.loop("%count", sample)
    move("%G", G, of.parameters)
    ir.loop(results, scaled)
    head = "define void @minibatch(ptr %P, ptr %X, ptr %order, i64 %count, double %scale, ptr %G, ptr %work) {"
    return "\n".join([head, "entry:", *ir.written, "  ret void", "}"])


# ---- running ----


@functools.cache
def _runner() -> tuple[str, Any]:
    """The function for a minibatch, as text and compiled."""
    source = minibatch()
    return source, compiled(source)


_functions: dict[tuple[str, str], tuple[Any, int, int]] = {}  # {texts: (what owns the code, two addresses)}


def _compiled_functions(texts: list[tuple[str, str]]) -> list[tuple[Any, int, int]]:
    """The functions with these texts, compiled; those that are not yet known, together."""
    if len(_functions) > MAX_KINDS:
        _functions.clear()
    new = [pair for pair in dict.fromkeys(texts) if pair not in _functions]
    if new:
        every = "\n\n".join(map(_text, itertools.count(), new))
        used = [name for name in LIBM if f"@{name}(" in every]
        owner = compiled("\n".join([*map(declared, used), every, ""]))
        for i, pair in enumerate(new):
            _functions[pair] = owner, *[owner.get_function_address(f"{way}{i}") for way in ("forward", "back")]
    return [_functions[pair] for pair in texts]


def _text(i: int, pair: tuple[str, str]) -> str:
    return f"define void @forward{i}{pair[0]}\ndefine void @back{i}{pair[1]}"


class Interpreter(NativeEngine):
    """A large graph on machine code for its kinds of gates."""

    def __init__(self, trace: Trace, entries: Sequence[Entry | None]):
        needed("llvmlite.binding", "native")
        made = Instructions(trace, entries)
        self.parameters, self.values = trace.parameters, len(trace.roots)
        texts = [functions_of(kind) for kind in made.kinds]
        self._owners, forward, back = zip(*_compiled_functions(texts))
        source, runner = _runner()
        kinds = [f"; {kind}\n{_text(i, pair)}" for i, (kind, pair) in enumerate(zip(made.kinds, texts))]
        self.source = "\n\n".join([source, *kinds, ""])
        self._take(runner)
        self._parts = [made.code, made.pool, made.roots, array("Q", forward), array("Q", back)]
        code, pool, roots, *tables = [part.buffer_info()[0] for part in self._parts]
        one = 4 * made.code.itemsize
        addresses = [code + one, code + made.start * one, pool, *tables, roots]
        counts = [made.size, made.numbers, trace.inputs, self.parameters, self.values]
        self._header = Header(*addresses, *counts)
        self.work = HEADER + 2 * made.size

    def memory(self) -> Any:
        work = super().memory()
        (ctypes.c_uint64 * len(self._header)).from_buffer(work)[:] = list(self._header)
        return work


def of_large(trace: Trace) -> Interpreter | None:
    """The interpreter of a graph that is too large to be compiled as a whole; None for others."""
    entries = rolled(trace)
    counts = [0 if gate is table.dot and len(inputs) > LONG else len(inputs) for gate, inputs in filter(None, entries)]
    return Interpreter(trace, entries) if sum(counts) > MAX_COMPILED else None
