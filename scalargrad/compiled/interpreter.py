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
For minibatches there are functions that do the same for eight samples at a time, with a vector in each place.

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
from .llvm import BIT, DOUBLE, IR, LANES, LIBM, VECTOR, Register, declared, lanes_of
from .machine import compiled
from .native import MAX_UNROLLED, NativeEngine, refuse_long
from .trace import Entry, Trace

MAX_COMPILED = 2_000  # inputs of gates; for a graph with more, LLVM would take a second, and much longer soon
ALONE = 3  # so many times as many are compiled where there is one sample, and so no vectors
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
    numbers, inputs, size: how many places there are for parameters and plain numbers, which come first; for the inputs,
        which come then; and in all.
    start: the index of the instruction of the first root.
    roots: the places of the roots.
    """

    def __init__(self, trace: Trace, entries: Sequence[Entry | None]):
        self.inputs = trace.inputs
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

    lanes: how many samples are side by side: 1, or as many as a vector has.
    kind: DOUBLE or VECTOR, by that.
    output, first, second: the numbers of the instruction, after that of its kind.
    may_skip: whether it has a branch to its end.
    """

    def __init__(self, lanes: int) -> None:
        super().__init__()
        self.lanes, self.kind = lanes, VECTOR if lanes > 1 else DOUBLE
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

    def lane(self, place: str, lane: int) -> str:
        """The place of a number of one sample."""
        return self.integer("add", self.integer("mul", place, self.lanes), lane)

    def number(self, place: str, kind: str = "") -> Register:
        return self.load(kind or self.kind, "%N", place, self.lanes)

    def upstream(self) -> Register:
        return self.load(self.kind, "%G", self.output, self.lanes)

    def give(self, z: Any) -> None:
        """Writes the output."""
        self.store(self.kind, z, "%N", self.output, self.lanes)

    def add(self, place: str, x: Register, kind: str = "") -> None:
        """Adds to a gradient."""
        before = self.load(kind or self.kind, "%G", place, self.lanes)
        self.store(before.kind, before + x, "%G", place, self.lanes)

    def added_up(self, count: str, term: Callable[[str], Any]) -> Register:
        """The sum of the terms of all indices below a count, from left to right."""
        start = [self.register(-0.0, self.kind)]  # which changes nothing, not even -0.0
        (z,) = self.loop(count, lambda index, sums: [sums[0] + term(index)], start)
        return z

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


def functions_of(kind: Kind, lanes: int = 1) -> tuple[str, str]:
    """The texts of the two functions of a kind, forward and back, but for their names."""
    is_known = kind.gate is None or GATES.get(kind.gate.name) is kind.gate
    # what a gate of one's own does may be something else next time
    return (_functions_of_table if is_known else _functions_of)(kind, lanes)


def _functions_of(kind: Kind, lanes: int) -> tuple[str, str]:
    if kind == END:
        return (f"({STATE}) {{\n  ret void\n}}",) * 2
    forward, back = Step(lanes), Step(lanes)
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

    z = forward.added_up(forward.second, lambda index: table.mul.output(*map(forward.number, places(forward, index))))
    bias = forward.integer("mul", forward.second, 2)
    forward.give(z + forward.number(forward.listed(bias)) if len(kind.inputs) > 2 else z)
    upstream = _upstream_of_sum(back)
    bias = back.integer("mul", back.second, 2)

    def send(k: int, index: str, _: list[Register]) -> list[Register]:
        both = places(back, index)
        back.add(both[k], table.mul.form(None).rule(None, *map(back.number, both))[k] * upstream)
        return []

    for k in (0, 1):
        if kind.inputs[k]:
            back.loop(back.second, functools.partial(send, k))
    if kind.inputs[2:] == (True,):
        back.add(back.listed(bias), upstream)


def _dot_of_rows(kind: Kind, forward: Step, back: Step) -> None:
    def places(step: Step) -> Callable[[str], list[str]]:
        starts = [step.listed(0), step.listed(1)]
        return lambda index: [step.integer("add", start, index) for start in starts]

    def term(both: list[str], width: str) -> Any:
        return table.mul.output(*[forward.number(place, width) for place in both])

    at = places(forward)
    if forward.lanes > 1:
        z = forward.added_up(forward.second, lambda index: term(at(index), VECTOR))
    else:
        whole, zero = forward.integer("and", forward.second, -LANES), forward.register(0.0, VECTOR)
        (sums,) = forward.loop(whole, lambda index, sums: [sums[0] + term(at(index), VECTOR)], [zero], by=LANES)
        rest = [term(at(forward.integer("add", whole, k)), DOUBLE) for k in range(kind.rest)]
        z = table.add_up(forward.across(sums), *rest)
    forward.give(z + forward.number(forward.listed(2)) if len(kind.inputs) > 2 else z)
    upstream, at = _upstream_of_sum(back), places(back)
    whole = back.second if back.lanes > 1 else back.integer("and", back.second, -LANES)

    def send(k: int, width: str, index: str, _: list[Register]) -> list[Register]:
        both = at(index)
        slope = table.mul.form(None).rule(None, *[back.number(place, width) for place in both])[k]
        back.add(both[k], slope * upstream, width)
        return []

    for k in (0, 1):
        if kind.inputs[k]:
            back.loop(whole, functools.partial(send, k, VECTOR), by=LANES // back.lanes)
            for i in range(kind.rest if back.lanes == 1 else 0):
                send(k, DOUBLE, back.integer("add", whole, i), [])
    if kind.inputs[2:] == (True,):
        back.add(back.listed(2), upstream)


def _dot(kind: Kind, forward: Step, back: Step) -> None:
    (_dot_of_rows if kind.loop == ROWS else _dot_of_indices)(kind, forward, back)


def _total(kind: Kind, forward: Step, back: Step) -> None:
    def send(index: str, _: list[Register]) -> list[Register]:
        back.add(back.listed(index), upstream)
        return []

    forward.give(forward.added_up(forward.second, lambda index: forward.number(forward.listed(index))))
    upstream = _upstream_of_sum(back)
    if True in kind.inputs:
        back.loop(back.second, send)


def _upstream_of_sum(back: Step) -> Register:
    """Writes that nothing goes back where nothing arrives, unless a number is infinite, as `backward()` has it."""
    upstream, z = back.upstream(), back.number(back.output)
    if back.lanes == 1:  # of eight samples, one or the other mostly gets something
        back.skip_where((upstream == 0.0) & (z - z == 0.0))
    return upstream


# ---- a pick of many values: one of them is looked up, for each sample another ----


def _pick(kind: Kind, forward: Step, back: Step) -> None:
    for lane in range(forward.lanes):
        known, place = _picked(forward, lane)
        z = forward.where(known, forward.load(DOUBLE, "%N", place), math.nan)
        forward.store(DOUBLE, z, "%N", forward.lane(forward.output, lane))
        if kind.inputs[1]:
            known, place = _picked(back, lane)
            upstream = back.load(DOUBLE, "%G", back.lane(back.output, lane))
            back.store(DOUBLE, back.load(DOUBLE, "%G", place) + back.where(known, upstream, 0.0), "%G", place)


def _picked(step: Step, lane: int) -> tuple[Register, str]:
    """Whether there is a value at the index, and its place; if there is none, that of the first value."""
    index = step.load(DOUBLE, "%N", step.lane(step.listed(0), lane))
    count = step.let(f"uitofp i64 {step.second} to double", DOUBLE)
    known = (index >= 0.0) & (index < count) & (index == step.call("floor", index))
    whole = step.let(f"fptosi {step.where(known, index, 0.0)} to i64", "i64").text
    return known, step.lane(step.listed(step.integer("add", whole, 1)), lane)


LOOPS = {table.dot: _dot, table.total: _total, table.pick: _pick}


# ---- a minibatch ----


class Header(NamedTuple):
    """What stands at the beginning of the memory of a run, as whole numbers of 64 bits; first addresses, then counts.

    code, start: of the first instruction, and of that of the first root, where the backward pass begins.
    pool, roots: of the list of places, and of the places of the roots.
    forward, back, forwards, backs: of the tables of functions for one sample, and of those for eight, or 0.
    size, numbers, inputs, parameters, values: how many places there are, how many of them are for parameters and plain
        numbers, how many inputs a sample has, how many parameters there are, and how many roots.
    """

    code: Any
    start: Any
    pool: Any
    roots: Any
    forward: Any
    back: Any
    forwards: Any
    backs: Any
    size: Any
    numbers: Any
    inputs: Any
    parameters: Any
    values: Any


ADDRESSES = Header._fields.index("size")


class Minibatch(IR):
    """The function `minibatch`, as `text`; it has the arguments of a `Kernel`'s, and the graph stands in `work`.

    It takes eight samples at a time, if there are functions for that, and then the rest one by one.
    """

    def __init__(self) -> None:
        super().__init__()
        words = [self.let(f"load i64, ptr {self.at('%work', k)}, align 8", "i64") for k in range(len(Header._fields))]
        pointers = [self.let(f"inttoptr {word} to ptr", "ptr").text for word in words[:ADDRESSES]]
        self.of = of = Header(*pointers, *[word.text for word in words[ADDRESSES:]])
        results, one = self.integer("add", of.parameters, of.values), self.at("%work", HEADER)
        self._clear("%G", results)
        there = self.let(f"icmp ne ptr {of.forwards}, null", BIT)
        by_eight = self.let(f"and i64 %count, {-LANES}", "i64")
        whole = self.let(f"select {there}, {by_eight}, i64 0", "i64").text
        rest = self.integer("sub", "%count", whole)
        several = self.at(one, self.integer("mul", of.size, 2))
        self._where_any(whole, lambda: self._pass(LANES, several, of.forwards, of.backs, "%order", whole))
        self._where_any(rest, lambda: self._pass(1, one, of.forward, of.back, self.at("%order", whole), rest))
        self._each(results, self._scale)
        head = "define void @minibatch(ptr %P, ptr %X, ptr %order, i64 %count, double %scale, ptr %G, ptr %work) {"
        self.text = "\n".join([head, "entry:", *self.written, "  ret void", "}"])

    def _pass(self, lanes: int, N: str, forward: str, back: str, order: str, count: str) -> None:
        """Writes how samples are taken so many at a time, in the memory at N."""
        of, kind = self.of, VECTOR if lanes > 1 else DOUBLE
        G = self.at(N, of.size, lanes)

        def number(i: str, _: list[Register]) -> list[Register]:
            self.store(kind, self.load(DOUBLE, "%P", i), N, i, lanes)
            return []

        def read(base: str) -> None:
            places = [self.at(order, self.integer("add", base, lane)) for lane in range(lanes)]
            which = [self.let(f"load i64, ptr {place}, align 8", "i64").text for place in places]
            samples = [self.at("%X", self.integer("mul", i, of.inputs)) for i in which]
            first = self.at(N, of.numbers, lanes)

            def column(i: str, _: list[Register]) -> list[Register]:
                for lane, sample in enumerate(samples):
                    self.store(DOUBLE, self.load(DOUBLE, sample, i), self.at(first, i, lanes), lane)
                return []

            self._where_any(of.inputs, lambda: self.loop(of.inputs, column))

        def value(k: str, _: list[Register]) -> list[Register]:
            found, to = self.load(kind, N, self._root(k), lanes), self.at("%G", self.integer("add", of.parameters, k))
            self.store(DOUBLE, self.load(DOUBLE, to) + (self.across(found) if lanes > 1 else found), to)
            return []

        def samples(base: str, _: list[Register]) -> list[Register]:
            read(base)
            self._run(of.code, N, G, forward)
            self._clear(
                self.at(G, of.numbers, lanes), self.integer("mul", self.integer("sub", of.size, of.numbers), lanes)
            )
            self.loop(of.values, value)
            root = self._root(0)
            self.store(kind, self.load(kind, G, root, lanes) + 1.0, G, root, lanes)
            self._run(of.start, N, G, back)
            return []

        def gradient(i: str, width: str) -> None:
            found = self.across(self.load(VECTOR, G, i, lanes)) if lanes > 1 else self.load(width, G, i)
            self.store(found.kind, self.load(found.kind, "%G", i) + found, "%G", i)

        if lanes > 1:
            self._where_any(of.numbers, lambda: self.loop(of.numbers, number))
        else:
            size = self.integer("mul", of.numbers, 8)
            self.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {N}, ptr %P, i64 {size}, i1 false)")
        self._clear(G, self.integer("mul", of.numbers, lanes))
        self.loop(count, samples, by=lanes)
        self._each(of.parameters, gradient, 1 if lanes > 1 else LANES)

    def _run(self, at: str, N: str, G: str, functions: str) -> None:
        """Writes that instructions are done, from that at an address on."""
        kind = self.let(f"load i32, ptr {at}, align 4", "i32").text
        place = self.let(f"getelementptr inbounds ptr, ptr {functions}, i32 {kind}", "ptr").text
        function = self.let(f"load ptr, ptr {place}, align 8", "ptr").text
        self.do(f"call void {function}(ptr {at}, ptr {N}, ptr {G}, ptr {self.of.pool}, ptr {functions})")

    def _root(self, k: int | str) -> str:
        """The place of a root."""
        place = self.let(f"getelementptr inbounds i32, ptr {self.of.roots}, i64 {k}", "ptr").text
        place = self.let(f"load i32, ptr {place}, align 4", "i32").text
        return self.let(f"zext i32 {place} to i64", "i64").text

    def _scale(self, i: str, kind: str) -> None:
        self.store(kind, self.load(kind, "%G", i) * Register(self, "%scale", DOUBLE), "%G", i)

    def _clear(self, to: str, count: str) -> None:
        size = self.integer("mul", count, 8)
        self.do(f"call void @llvm.memset.p0.i64(ptr {to}, i8 0, i64 {size}, i1 false)")

    def _each(self, count: str, body: Callable[[str, str], None], together: int = LANES) -> None:
        """Writes a loop over all indices below a count, `together` at a time and then the rest one by one."""
        whole = self.integer("and", count, -together)
        rest = self.integer("sub", count, whole)

        def one(index: str, kind: str) -> list[Register]:
            body(index, kind)
            return []

        kind = VECTOR if together > 1 else DOUBLE
        self._where_any(whole, lambda: self.loop(whole, lambda index, _: one(index, kind), by=together))
        self._where_any(rest, lambda: self.loop(rest, lambda i, _: one(self.integer("add", whole, i), DOUBLE)))

    def _where_any(self, count: str, body: Callable[[], Any]) -> None:
        """Writes what is done unless a count is 0."""
        some = self.let(f"icmp ne i64 {count}, 0", BIT)
        inside, after = f"Y{self.count}", f"N{self.count}"
        self.do(f"br {some}, label %{inside}, label %{after}")
        self.written.append(f"{inside}:")
        self.label = inside
        body()
        self.do(f"br label %{after}")
        self.written.append(f"{after}:")
        self.label = after


# ---- running ----


@functools.cache
def _runner() -> tuple[str, Any]:
    """The function for a minibatch, as text and compiled."""
    source = Minibatch().text
    return source, compiled(source)


_functions: dict[tuple[str, str], tuple[Any, int, int]] = {}  # {texts: (what owns the code, two addresses)}


def _compiled_functions(texts: list[tuple[str, str]]) -> list[tuple[Any, int, int]]:
    """The functions with these texts, compiled; those that are not yet known, together."""
    if len(_functions) > MAX_KINDS:
        _functions.clear()
    new = [pair for pair in dict.fromkeys(texts) if pair not in _functions]
    if new:
        every = "\n\n".join(map(_text, itertools.count(), new))
        used = [declared(name) for name in LIBM if f"@{name}(" in every]
        used += [lanes_of(name) for name in LIBM if f"@{name}_lanes(" in every]
        owner = compiled("\n".join([*used, every, ""]))
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
        self._made = made
        self.source, runner = _runner()
        self._take(runner)
        self._owners: list[Any] = []
        self.work = HEADER + 2 * made.size
        self._tables = self._compiled(1)

    def _compiled(self, lanes: int) -> list[array[int]]:
        """The tables of the functions for so many samples at a time, forward and back."""
        texts = [functions_of(kind, lanes) for kind in self._made.kinds]
        owners, forward, back = zip(*_compiled_functions(texts))
        self._owners += owners
        kinds = [f"; {kind}\n{_text(i, pair)}" for i, (kind, pair) in enumerate(zip(self._made.kinds, texts))]
        self.source = "\n\n".join([self.source, *kinds, ""])
        return [array("Q", forward), array("Q", back)]

    def expect(self, samples: int) -> None:
        """Compiles the functions for eight samples at a time before there are so many; a single one needs none."""
        if samples >= LANES and len(self._tables) == 2:
            several = self._compiled(LANES)
            self.work = HEADER + 2 * (1 + LANES) * self._made.size
            self._tables = [*self._tables[:2], *several]

    def memory(self) -> Any:
        made, tables = self._made, self._tables  # before the memory, which then is large enough for them
        work = super().memory()
        code, pool, roots, *functions = [part.buffer_info()[0] for part in (made.code, made.pool, made.roots, *tables)]
        one = 4 * made.code.itemsize
        addresses = [code + one, code + made.start * one, pool, roots, *functions, *[0] * (4 - len(functions))]
        header: list[Any] = [*addresses, made.size, made.numbers, made.inputs, self.parameters, self.values]
        (ctypes.c_uint64 * len(header)).from_buffer(work)[:] = header
        return work


def of_large(trace: Trace) -> Interpreter | None:
    """The interpreter of a graph that is too large to be compiled as a whole; None for others."""
    entries = rolled(trace)
    counts = [0 if gate is table.dot and len(inputs) > LONG else len(inputs) for gate, inputs in filter(None, entries)]
    most = MAX_COMPILED if trace.inputs else ALONE * MAX_COMPILED
    return Interpreter(trace, entries) if sum(counts) > most else None
