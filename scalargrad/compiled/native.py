"""Flat code as machine code: eight samples side by side in the lanes of a vector, compiled by LLVM.

What depends on parameters alone is a `double`, computed once for a minibatch; what varies is a vector of eight.  Short
dots are written out; long ones are loops, so that the code does not grow with the number of weights.
"""

from __future__ import annotations

import ctypes
import math
import struct
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import gates
from ..formula import is_plain
from ..gates import GATES, Gate
from .flat import FlatCode, Line
from .writing import is_stackable, pairs, range_of, runs

LANES = 8
DOUBLE, VECTOR = "double", f"<{LANES} x double>"
BIT, BITS = "i1", f"<{LANES} x i1>"
UNROLLED = 32  # longer dots are loops
ABREAST = 8  # how many dots of the same inputs go through one loop
LIBM = ("exp", "log", "sin", "cos", "tanh", "expm1", "log1p", "pow")


def _operator(operation: str) -> tuple[Callable[[Number, Any], Number], Callable[[Number, Any], Number]]:
    """The methods for `number + other` and for `plain number + number`."""
    return (
        lambda self, other: self.ir.operate(operation, self, other),
        lambda self, other: self.ir.operate(operation, other, self),
    )


class Number:
    """A number in LLVM's language: its name, and whether it is one double (or truth value) or a vector of them."""

    __slots__ = ("ir", "text", "kind")

    def __init__(self, ir: IR, text: str, kind: str):
        self.ir = ir
        self.text = text
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.kind} {self.text}"

    __add__, __radd__ = _operator("fadd contract")
    __sub__, __rsub__ = _operator("fsub contract")
    __mul__, __rmul__ = _operator("fmul contract")
    __truediv__, __rtruediv__ = _operator("fdiv")
    __and__, __rand__ = _operator("and")
    __or__, __ror__ = _operator("or")
    __lt__, __gt__ = _operator("fcmp olt")
    __le__, __ge__ = _operator("fcmp ole")
    __eq__ = _operator("fcmp oeq")[0]  # type: ignore[assignment]
    __ne__ = _operator("fcmp une")[0]  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __neg__(self) -> Number:
        return self.ir.let(f"fneg {self}", self.kind)

    def __pow__(self, k: float) -> Number:
        return self.ir.power(self, k)


class IR:
    """A function being written; and the namespace in which the outputs of gates are read."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.count = 0
        self.label = "entry"

    # ---- instructions ----

    def name(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def let(self, instruction: str, kind: str) -> Number:
        """A new number, the result of an instruction."""
        name = self.name()
        self.written.append(f"  {name} = {instruction}")
        return Number(self, name, kind)

    def do(self, instruction: str) -> None:
        self.written.append(f"  {instruction}")

    def number(self, x: Any, kind: str = DOUBLE) -> Number:
        """A number as one of this kind: plain ones are spelled, doubles are put in all lanes."""
        if isinstance(x, bool):
            return self.number(Number(self, str(x).lower(), BIT), kind)
        if not isinstance(x, Number):
            text = f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"
            lanes = f"<{', '.join([f'double {text}'] * LANES)}>"
            return Number(self, lanes if kind == VECTOR else text, kind)
        if x.kind == DOUBLE and kind == VECTOR or x.kind == BIT and kind == BITS:
            one = self.let(f"insertelement {kind} poison, {x}, i32 0", kind)
            return self.let(f"shufflevector {one}, {kind} poison, <{LANES} x i32> zeroinitializer", kind)
        return x

    def alike(self, *numbers: Any) -> list[Number]:
        """Numbers as doubles, or as vectors if one of them is."""
        lanes = any([isinstance(x, Number) and x.kind in (VECTOR, BITS) for x in numbers])
        return [self.number(x, VECTOR if lanes else DOUBLE) for x in numbers]

    def operate(self, operation: str, x: Any, y: Any) -> Number:
        if operation in ("and", "or"):
            kind = BITS if BITS in [x.kind for x in (x, y) if isinstance(x, Number)] else BIT
            x, y = self.number(x, kind), self.number(y, kind)
            return self.let(f"{operation} {x}, {y.text}", kind)
        x, y = self.alike(x, y)
        result = x.kind if not operation.startswith("fcmp") else BITS if x.kind == VECTOR else BIT
        return self.let(f"{operation} {x}, {y.text}", result)

    def load(self, pointer: str, kind: str) -> Number:
        return self.let(f"load {kind}, ptr {pointer}, align 8", kind)

    def store(self, x: Any, pointer: str, kind: str) -> None:
        self.do(f"store {self.number(x, kind)}, ptr {pointer}, align 8")

    def at(self, pointer: str, index: int | str, size: int = 1) -> str:
        """The address of an item behind a pointer, where items are `size` doubles long."""
        if isinstance(index, int):
            return self.let(f"getelementptr inbounds double, ptr {pointer}, i64 {index * size}", "ptr").text
        step = index if size == 1 else self.let(f"mul i64 {index}, {size}", "i64").text
        return self.let(f"getelementptr inbounds double, ptr {pointer}, i64 {step}", "ptr").text

    def integer(self, operation: str, x: str | int, y: str | int) -> str:
        return self.let(f"{operation} i64 {x}, {y}", "i64").text

    def loop(
        self,
        count: int | str,
        body: Callable[[str, list[Number]], list[Number]],
        start: Sequence[Number] = (),
        by: int | str = 1,
    ) -> list[Number]:
        """`body(index, numbers)` for index 0, by, 2 by, ... below count (at least once); the numbers it made last.

        body: gives as many numbers as it is given, first those of `start`.  Loops may stand in loops.
        """
        before, inside, after = self.label, f"L{self.count}", f"E{self.count}"
        index = self.name()
        named = [Number(self, self.name(), x.kind) for x in start]
        self.do(f"br label %{inside}")
        self.written.append(f"{inside}:")
        place, self.label = len(self.written), inside
        made = body(index, named)
        following = self.integer("add", index, by)
        more = self.let(f"icmp ult i64 {following}, {count}", BIT)
        self.do(f"br i1 {more.text}, label %{inside}, label %{after}")
        phis = [f"  {index} = phi i64 [ 0, %{before} ], [ {following}, %{self.label} ]"]
        for new, first, last in zip(named, start, made):
            phis.append(f"  {new.text} = phi {new.kind} [ {first.text}, %{before} ], [ {last.text}, %{self.label} ]")
        self.written[place:place] = phis
        self.written.append(f"{after}:")
        self.label = after
        return made

    def each(self, count: int, body: Callable[[Any, str], None]) -> None:
        """`body(index, kind)` for all indices below `count`: for eight at a time, then for the rest one by one."""
        whole = count // LANES * LANES

        def eight(index: str, _: list[Number]) -> list[Number]:
            body(index, VECTOR)
            return []

        if whole:
            self.loop(whole, eight, by=LANES)
        for index in range(whole, count):
            body(index, DOUBLE)

    # ---- the functions that outputs are made of ----

    def where(self, condition: Any, x: Any, y: Any) -> Number:
        x, y, _ = self.alike(x, y, condition)
        condition = self.number(condition, BITS if x.kind == VECTOR else BIT)
        return self.let(f"select {condition}, {x}, {y}", x.kind)

    def maximum(self, x: Any, y: Any) -> Number:
        x, y = self.alike(x, y)
        return self.where((x > y) | (x != x), x, y)

    def minimum(self, x: Any, y: Any) -> Number:
        x, y = self.alike(x, y)
        return self.where((x < y) | (x != x), x, y)

    def heaviside(self, x: Number, at: Any) -> Number:
        return self.where(x > 0.0, 1.0, self.where(x < 0.0, 0.0, self.where(x == 0.0, at, math.nan)))

    def power(self, x: Any, n: Any) -> Number:
        if isinstance(n, float) and n in (1.0, 2.0, 3.0):
            return x if n == 1.0 else x * x if n == 2.0 else x * x * x  # type: ignore[no-any-return]
        return self.call("pow", x, n)

    def across(self, x: Number) -> Number:
        """The sum over the lanes."""
        return self.let(f"call reassoc double @llvm.vector.reduce.fadd.v8f64(double -0.0, {x})", DOUBLE)

    def call(self, name: str, *inputs: Any) -> Number:
        """A function of the C library, lane by lane; `sqrt` and `fabs` are instructions."""
        inputs = tuple(self.alike(*inputs))
        kind = inputs[0].kind
        given = ", ".join(map(repr, inputs))
        if name in LIBM:
            return self.let(f"call {kind} @{name}{'_lanes' if kind == VECTOR else ''}({given})", kind)
        return self.let(f"call {kind} @llvm.{name}.{'v8f64' if kind == VECTOR else 'f64'}({given})", kind)

    def abs(self, x: Any) -> Number:
        return self.call("fabs", x)

    def __getattr__(self, name: str) -> Callable[[Any], Number]:
        if name in ("exp", "log", "sin", "cos", "tanh", "expm1", "log1p", "sqrt"):
            return lambda x: self.call(name, x)
        raise AttributeError(name)


class Row(NamedTuple):
    """Numbers that stand in memory, evenly spaced: the address of the first, the way to the next, in doubles."""

    pointer: str
    step: int
    kind: str


class Kernel:
    """The function `minibatch` being written.

    Memory in `work`: a vector for every gradient and for every value, where the lanes add up; then rows of numbers that
    loops go through.
    """

    def __init__(self, code: FlatCode, outputs: Callable[[Any], dict[str, Any]]):
        self.code = code
        self.ir = IR()
        self.outputs = outputs(self.ir)
        self.known: dict[Line, Number] = {}
        self.rows: dict[tuple[Line, ...], Row] = {}
        self.own_gates: dict[str, Gate] = {}
        self.inputs_at = 0
        self.mask: Any = None
        self.results = code.parameters + len(code.values)
        self.size = self.results * LANES
        terms = [len(line.inputs) // 2 for line in code.lines if line.gate is gates.dot]
        self.unrolled = UNROLLED if sum(terms) < 4000 else UNROLLED // 4
        self.text = self._text()

    def _text(self) -> str:
        ir = self.ir
        ir.do(f"call void @llvm.memset.p0.i64(ptr %work, i8 0, i64 {self.size * 8}, i1 false)")
        self._write_lines(varies=False)
        ir.loop("%count", self._block, by=LANES)
        self._lanes_to_sums()
        self._fixed_sends()
        head = "define void @minibatch(ptr noalias %P, ptr noalias %X, ptr noalias %order, i64 %count, double %scale, "
        return "\n".join([head + "ptr noalias %G, ptr noalias %work) {", "entry:", *ir.written, "  ret void", "}"])

    # ---- numbers ----

    def of(self, x: Any) -> Any:
        if not isinstance(x, Line):
            return x
        if x not in self.known:  # a parameter, or an input that stands in memory
            pointer = (
                self.ir.at("%P", x.place) if not x.varies else self.ir.at("%work", self.inputs_at + x.place * LANES)
            )
            return self.ir.load(pointer, VECTOR if x.varies else DOUBLE)
        return self.known[x]

    def row(self, lines: Sequence[Line]) -> Row:
        """Lines as a row in memory: where parameters and inputs stand anyway, or else written there."""
        places = range_of([x.place for x in lines])
        first = lines[0]
        if places and all([x.gate is None and x.varies == first.varies and x not in self.known for x in lines]):
            if not first.varies:
                return Row(self.ir.at("%P", first.place), places.step, DOUBLE)
            start = self.ir.at("%work", self.inputs_at + first.place * LANES)
            return Row(start, places.step * LANES, VECTOR)
        key = tuple(lines)
        if key not in self.rows:
            kind, width = (VECTOR, LANES) if first.varies else (DOUBLE, 1)
            start = self.ir.at("%work", self.size)
            for i, x in enumerate(lines):
                self.ir.store(self.of(x), self.ir.at("%work", self.size + i * width), kind)
            self.rows[key] = Row(start, width, kind)
            self.size += -(-len(lines) * width // LANES) * LANES
        return self.rows[key]

    # ---- lines ----

    def _write_lines(self, varies: bool) -> None:
        for line in self.code.lines:
            if line.varies == varies and line not in self.known:
                self._write(line)

    def _write(self, line: Line) -> None:
        gate = line.gate
        if gate is gates.dot:
            self._dot(line)
        elif gate is gates.total:
            self.known[line] = gates.add_up(*map(self.of, line.inputs))
        elif gate and GATES.get(gate.name) is gate:
            compute = self.outputs.get(gate.name, gate.output)
            self.known[line] = compute(*map(self.of, line.inputs))
        elif gate:
            self.own_gates[gate.name] = gate
            self.known[line] = self.ir.number(0.0)

    def _dot(self, line: Line) -> None:
        n = len(line.inputs) // 2
        ws, xs = line.inputs[:n], line.inputs[n : 2 * n]
        if n <= self.unrolled or not (is_stackable(ws) and is_stackable(xs)):
            self.known[line] = gates.dot_product(*map(self.of, line.inputs))
            return
        abreast = self._abreast(line)
        for other, product in zip(abreast, self._long_dots([pairs(other) for other in abreast])):
            self.known[other] = gates.add_up(product, *map(self.of, other.inputs[2 * n :]))

    def _abreast(self, line: Line) -> list[Line]:
        """This dot and others that can be computed along with it: of parameters with the same lines."""

        def is_of_parameters(other: Line) -> bool:
            lines = (*other.inputs[:n], *other.inputs[2 * n :])
            return all([isinstance(x, Line) and x.gate is None and not x.varies for x in lines])

        n = len(line.inputs) // 2
        xs = line.inputs[n : 2 * n]
        if not is_of_parameters(line):
            return [line]
        found = [
            other
            for other in self.code.lines[line.place :]
            if other.gate is gates.dot
            and len(other.inputs) // 2 == n
            and all([x is y for x, y in zip(xs, other.inputs[n : 2 * n])])
            and other not in self.known
            and is_of_parameters(other)
        ]
        return found[:ABREAST]

    def _long_dots(self, dots: list[list[tuple[Line, Line]]]) -> list[Number]:
        """Dots of n products each, in one loop over n."""
        ir, n = self.ir, len(dots[0])
        rows = [(self.row([w for w, _ in dot]), self.row([x for _, x in dot])) for dot in dots]
        if all([row.kind == DOUBLE and row.step == 1 for pair in rows for row in pair]):
            return [self._fixed_dot(n, *pair) for pair in rows]

        def add(index: str, sums: list[Number]) -> list[Number]:
            items = {row: self._item(row, index) for pair in rows for row in pair}
            return [z + items[w] * items[x] for z, (w, x) in zip(sums, rows)]

        kind = VECTOR if VECTOR in (rows[0][0].kind, rows[0][1].kind) else DOUBLE
        return ir.loop(n, add, [ir.number(0.0, kind) for _ in rows])

    def _fixed_dot(self, n: int, ws: Row, xs: Row) -> Number:
        ir, whole = self.ir, n // LANES * LANES

        def add(index: str, sums: list[Number]) -> list[Number]:
            w, x = (ir.load(ir.at(row.pointer, index), VECTOR) for row in (ws, xs))
            return [sums[0] + w * x]

        z = ir.across(ir.loop(whole, add, [ir.number(0.0, VECTOR)], by=LANES)[0])
        for i in range(whole, n):
            w, x = (ir.load(ir.at(row.pointer, i), DOUBLE) for row in (ws, xs))
            z = z + w * x
        return z

    def _item(self, row: Row, index: int | str) -> Number:
        return self.ir.load(self.ir.at(row.pointer, index, row.step), row.kind)

    # ---- eight samples ----

    def _block(self, base: str, _: list[Number]) -> list[Number]:
        self._read_samples(base)
        self._write_lines(varies=True)
        self._varying_sends()
        return []

    def _read_samples(self, base: str) -> None:
        """Puts the inputs of eight samples into lanes; lanes that are left over get the last sample again."""
        ir, n = self.ir, len(self.code.x)
        last = ir.integer("sub", "%count", 1)
        samples, self.mask = [], Number(ir, "poison", BITS)
        for lane in range(LANES):
            place = ir.integer("add", base, lane)
            inside = ir.let(f"icmp ule i64 {place}, {last}", BIT)
            self.mask = ir.let(f"insertelement {self.mask}, {inside}, i32 {lane}", BITS)
            place = ir.let(f"select {inside}, i64 {place}, i64 {last}", "").text
            which = ir.let(f"load i64, ptr {ir.at('%order', place)}, align 8", "").text
            samples.append(ir.at("%X", which, n))

        def column(index: int | str) -> Number:
            x = Number(ir, "poison", VECTOR)
            for lane, sample in enumerate(samples):
                x = ir.let(f"insertelement {x}, {ir.load(ir.at(sample, index), DOUBLE)}, i32 {lane}", VECTOR)
            return x

        def move(index: str, _: list[Number]) -> list[Number]:
            ir.store(
                column(index),
                ir.at("%work", ir.integer("add", ir.integer("mul", index, LANES), self.inputs_at)),
                VECTOR,
            )
            return []

        if n <= self.unrolled:
            self.known |= {x: column(x.place) for x in self.code.x}
        else:
            self.inputs_at, self.size = self.size, self.size + n * LANES
            ir.loop(n, move)

    # ---- gradients of parameters ----

    def _varying_sends(self) -> None:
        """Adds what each gate sends to parameters to their vectors."""
        together: dict[tuple[Any, ...], list[tuple[int, Any]]] = {}
        for send in self.code.sends:
            for run in runs(send.slopes):
                slopes = [slope for _, slope in run]
                if not self._varies(slopes[0], send.upstream):
                    continue
                if len(run) > self.unrolled and is_stackable(slopes) and follow_on(run):
                    together.setdefault(tuple(slopes), []).append((run[0][0], send.upstream))
                    continue
                for i, slope in run:
                    self._add(i, self._product(self.of(slope), self.of(send.upstream)))
        for place, value in enumerate(self.code.values, self.code.parameters):
            if self._varies(value):
                self._add(place, self.of(value))
        for key, targets in together.items():
            for k in range(0, len(targets), ABREAST):
                self._long_sends(key, targets[k : k + ABREAST])

    def _long_sends(self, slopes: Sequence[Line], targets: list[tuple[int, Any]]) -> None:
        ir, row = self.ir, self.row(slopes)
        upstreams = [self.of(upstream) for _, upstream in targets]

        def send(index: str, _: list[Number]) -> list[Number]:
            slope = self._item(row, index)
            for (start, _), upstream in zip(targets, upstreams):
                self._add(ir.integer("add", index, start), slope * upstream)
            return []

        ir.loop(len(slopes), send)

    def _add(self, place: int | str, x: Any) -> None:
        """Adds lanes to the vector of a gradient, but for those that are left over."""
        pointer = self.ir.at("%work", place, LANES)
        before = self.ir.load(pointer, VECTOR)
        self.ir.store(self.ir.where(self.mask, before + x, before), pointer, VECTOR)

    def _lanes_to_sums(self) -> None:
        ir = self.ir

        def add_up(index: str, _: list[Number]) -> list[Number]:
            sums = ir.across(ir.load(ir.at("%work", index, LANES), VECTOR))
            ir.store(sums * Number(ir, "%scale", DOUBLE), ir.at("%G", index), DOUBLE)
            return []

        ir.loop(self.results, add_up)

    def _fixed_sends(self) -> None:
        """Adds what is the same for all samples, times their number."""
        ir = self.ir
        times = ir.let("uitofp i64 %count to double", DOUBLE) * Number(ir, "%scale", DOUBLE)
        for send in self.code.sends:
            for run in runs(send.slopes):
                slopes = [slope for _, slope in run]
                if self._varies(slopes[0], send.upstream):
                    continue
                if len(run) > self.unrolled and is_stackable(slopes) and follow_on(run) and self.row(slopes).step == 1:
                    self._long_fixed_send(run[0][0], len(run), self.row(slopes), times * self.of(send.upstream))
                    continue
                for i, slope in run:
                    self._add_fixed(
                        ir.at("%G", i), times * self._product(self.of(slope), self.of(send.upstream)), DOUBLE
                    )
        for place, value in enumerate(self.code.values, self.code.parameters):
            if not self._varies(value):
                ir.store(times * self.of(value), ir.at("%G", place), DOUBLE)

    def _long_fixed_send(self, start: int, n: int, row: Row, upstream: Number) -> None:
        ir = self.ir
        G = ir.at("%G", start)

        def send(index: Any, kind: str) -> None:
            self._add_fixed(ir.at(G, index), ir.load(ir.at(row.pointer, index), kind) * upstream, kind)

        ir.each(n, send)

    def _add_fixed(self, pointer: str, x: Any, kind: str) -> None:
        self.ir.store(self.ir.load(pointer, kind) + x, pointer, kind)

    def _product(self, x: Any, y: Any) -> Any:
        return y if is_plain(x, 1.0) else x if is_plain(y, 1.0) else x * y

    def _varies(self, *numbers: Any) -> bool:
        return any([isinstance(x, Line) and x.varies for x in numbers])


def follow_on(run: list[tuple[int, Any]]) -> bool:
    """Whether the parameters of a run stand side by side."""
    return all([i == run[0][0] + k for k, (i, _) in enumerate(run)])


# ---- training ----


def trainer(parameters: int, values: int) -> str:
    """The function `train`: epochs of gradient descent over batches; the values of every step are kept."""
    ir = IR()
    momentum, decay = Number(ir, "%momentum", DOUBLE), Number(ir, "%decay", DOUBLE)
    steps = ir.integer("udiv", ir.integer("sub", ir.integer("add", "%n", "%batch"), 1), "%batch")

    def epoch(e: str, _: list[Number]) -> list[Number]:
        def step(start: str, _: list[Number]) -> list[Number]:
            left = ir.integer("sub", "%n", start)
            size = ir.let(f"call i64 @llvm.umin.i64(i64 {left}, i64 %batch)", "i64").text
            count = ir.let(f"uitofp i64 {size} to double", DOUBLE)
            scale = ir.where(Number(ir, "%mean", BIT), 1.0 / count, 1.0)
            order = ir.at("%order", start)
            ir.do(f"call void @minibatch(ptr %P, ptr %X, ptr {order}, i64 {size}, {scale}, ptr %G, ptr %work)")
            number = ir.integer("add", ir.integer("mul", e, steps), ir.integer("udiv", start, "%batch"))
            rate = ir.load(ir.at("%rates", number), DOUBLE)

            def update(i: Any, kind: str) -> None:
                p, v, g = (ir.at(name, i) for name in ("%P", "%V", "%G"))
                velocity = momentum * ir.load(v, kind) + (ir.load(g, kind) + decay * ir.load(p, kind))
                ir.store(velocity, v, kind)
                ir.store(ir.load(p, kind) - rate * velocity, p, kind)

            ir.each(parameters, update)
            for k in range(values):
                value = ir.load(ir.at("%G", parameters + k), DOUBLE)
                ir.store(value, ir.at("%values", ir.integer("add", ir.integer("mul", number, values), k)), DOUBLE)
            return []

        return ir.loop("%n", step, by="%batch")

    ir.loop("%epochs", epoch)
    names = ("P", "X", "order", "rates", "V", "G", "work", "values")
    head = f"define void @train({', '.join(f'ptr noalias %{name}' for name in names)}, i64 %n, i64 %batch, "
    head += "i64 %epochs, double %momentum, double %decay, i1 %mean) {"
    return "\n".join([head, "entry:", *ir.written, "  ret void", "}"])


def lanes_of(name: str) -> str:
    """A function of the C library on vectors: lane by lane."""
    ir = IR()
    inputs = ["%x", "%n"] if name == "pow" else ["%x"]
    result = Number(ir, "poison", VECTOR)
    for lane in range(LANES):
        given = [ir.let(f"extractelement {VECTOR} {x}, i32 {lane}", DOUBLE) for x in inputs]
        z = ir.let(f"call double @{name}({', '.join(map(repr, given))})", DOUBLE)
        result = ir.let(f"insertelement {result}, {z}, i32 {lane}", VECTOR)
    head = f"define internal {VECTOR} @{name}_lanes({', '.join(f'{VECTOR} {x}' for x in inputs)}) noinline {{"
    declared = f"declare double @{name}({', '.join([DOUBLE] * len(inputs))})"
    return "\n".join([declared, head, "entry:", *ir.written, f"  ret {result}", "}"])


# ---- running ----

Doubles = Any  # an array of doubles, as ctypes has it


class NativeCode:
    """Machine code for a minibatch, and for whole epochs.

    source: the code in LLVM's language.
    """

    def __init__(self, code: FlatCode, outputs: Callable[[Any], dict[str, Any]], llvm: Any):
        kernel = Kernel(code, outputs)
        self.own_gates = kernel.own_gates
        self.parameters, self.values = code.parameters, len(code.values)
        self.work = kernel.size
        used = [name for name in LIBM if f"@{name}(" in kernel.text or f"@{name}_lanes(" in kernel.text]
        self.source = "\n\n".join([*map(lanes_of, used), kernel.text, trainer(self.parameters, self.values), ""])
        if not self.own_gates:
            self._compile(llvm)

    def _compile(self, llvm: Any) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        module = llvm.parse_assembly(self.source)
        target = llvm.Target.from_default_triple()
        features = llvm.get_host_cpu_features().flatten()
        machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2)
        self._engine = llvm.create_mcjit_compiler(module, machine)  # it owns the code: it must live as long
        self._engine.finalize_object()
        pointer, size, real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        self._minibatch = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, size, real, pointer, pointer)(
            self._engine.get_function_address("minibatch")
        )
        self._train = ctypes.CFUNCTYPE(None, *[pointer] * 8, size, size, size, real, real, ctypes.c_bool)(
            self._engine.get_function_address("train")
        )

    def run(self, numbers: list[float], samples: Rows, scale: float) -> list[float]:
        """The sums of all gradients and then of all values, times `scale`."""
        G = doubles(self.parameters + self.values)
        self._minibatch(doubles(numbers), samples.X, samples.order, len(samples), scale, G, doubles(self.work))
        sums: list[float] = G[:]
        return sums

    def train(
        self, numbers: list[float], velocity: list[float], descent: Any, rates: Sequence[float]
    ) -> tuple[list[list[float]], list[float]]:
        """As `Engine.train`."""
        samples, epochs, width = descent.samples, len(rates) // descent.steps, self.values
        P, V, G, values = (doubles(x) for x in (numbers, velocity, self.parameters + width, len(rates) * width))
        self._train(
            *(P, samples.X, samples.order, doubles(rates), V, G, doubles(self.work), values),
            *(len(samples), descent.batch, epochs, descent.momentum, descent.decay, descent.mean),
        )
        numbers[:], velocity[:] = P[:], V[:]
        return [values[i : i + width] for i in range(0, len(values), width)], G[: self.parameters]


class Rows:
    """N samples for machine code: an array of rows of doubles, and which of them, in which order."""

    def __init__(self, X: Doubles, order: Any):
        self.X = X
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def some(self, chosen: Sequence[int]) -> Rows:
        return Rows(self.X, (ctypes.c_int64 * len(chosen))(*map(self.order.__getitem__, chosen)))


def all_rows(X: Doubles, n: int) -> Rows:
    """N samples in the order in which they stand in memory."""
    return Rows(X, (ctypes.c_int64 * n)(*range(n)))


def doubles(numbers: int | Sequence[float]) -> Doubles:
    """An array of doubles; zeros, if only their number is given."""
    if isinstance(numbers, int):
        return (ctypes.c_double * numbers)()
    return (ctypes.c_double * len(numbers)).from_buffer(array("d", numbers))
