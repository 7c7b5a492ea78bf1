"""What each kind of gate does, as machine code: a function forward, and one back.

The functions do what the flat code of a single gate says, so no derivative is written here either.  Each ends in a jump
to the function of the next instruction, which it finds in a table by the number of its kind.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import table
from ..table import GATES
from .engines import outputs, refuse_unknown
from .flat import FlatCode, Line, times
from .instructions import END, ROWS, Kind
from .llvm import DOUBLE, IR, LANES, LIBM, VECTOR, Register, declared, lanes_of
from .machine import compiled
from .native import refuse_long
from .trace import Entry, Trace

MAX_KINDS = 1_000  # kinds of gates whose functions are kept for other graphs
STATE = "ptr %at, ptr %N, ptr %G, ptr %pool, ptr %functions"  # what each function hands to the next


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
        OF_MANY[kind.gate](kind, forward, back)
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


OF_MANY = {table.dot: _dot, table.total: _total, table.pick: _pick}


# ---- compiled ----

_functions: dict[tuple[str, str], tuple[Any, int, int]] = {}  # {texts: (what owns the code, two addresses)}


def compiled_functions(texts: list[tuple[str, str]]) -> list[tuple[Any, int, int]]:
    """The functions with these texts, compiled; those that are not yet known, together."""
    if len(_functions) > MAX_KINDS:
        _functions.clear()
    new = [pair for pair in dict.fromkeys(texts) if pair not in _functions]
    if new:
        every = "\n\n".join(map(text_of, itertools.count(), new))
        used = [declared(name) for name in LIBM if f"@{name}(" in every]
        used += [lanes_of(name) for name in LIBM if f"@{name}_lanes(" in every]
        owner = compiled("\n".join([*used, every, ""]))
        for i, pair in enumerate(new):
            _functions[pair] = owner, *[owner.get_function_address(f"{way}{i}") for way in ("forward", "back")]
    return [_functions[pair] for pair in texts]


def text_of(i: int, pair: tuple[str, str]) -> str:
    """The texts of the two functions of a kind, with names made of a number."""
    return f"define void @forward{i}{pair[0]}\ndefine void @back{i}{pair[1]}"
