"""Flat code as machine code, compiled by LLVM: eight samples side by side in the lanes of a vector.

A line that depends on parameters alone is a `double`, computed once for a minibatch; a line that varies is a vector, a
lane for each of eight samples.  Short dots are written out; long ones are loops, so that the code does not grow with
the number of weights.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import table
from ..gate import Gate
from .descent import Place
from .engines import Engine, Result, array_of, outputs, refuse_unknown
from .flat import FlatCode, Line, is_stackable, range_of, times
from .llvm import BIT, BITS, DOUBLE, IR, LANES, LIBM, VECTOR, Register, lanes_of
from .machine import compiled, doubles
from .trace import Layout, is_array, rows

MAX_UNROLLED = 32  # products in a dot; a longer one is a loop
MAX_INSTRUCTIONS = 100_000  # LLVM compiles so many in 5 to 20 s, deaf to Ctrl-C, and twice as many in four times that
MAX_ABREAST = 8  # dots of the same inputs that share a loop
Add = Callable[[Any, Any, str], None]


class Row(NamedTuple):
    """Numbers that stand in memory, evenly spaced.

    pointer: the address of the first.
    stride: how many doubles it is from one to the next.
    kind: DOUBLE, or VECTOR for eight samples each.
    """

    pointer: str
    stride: int
    kind: str


class Kernel:
    """The function `minibatch`, as `text`: it runs the flat code on the samples of a minibatch, eight at a time.

    size: how many doubles of memory it needs at `work`: a vector for each gradient and each value, where its lanes add
        up; then the rows of numbers that loops go through.
    known: the registers of lines that are written already.
    rows: where in `work` lines stand as a row.
    alike: {key: dots that can share a loop}.
    mask: which lanes hold a sample; in the last eight, some may be left over.

    Raises ValueError for a gate that cannot run on registers.
    """

    def __init__(self, code: FlatCode):
        self.code = code
        self.ir = IR()
        self.outputs = outputs(self.ir)
        refuse_unknown(code.lines, self.outputs, "native")
        self.known: dict[Line, Register] = {}
        self.rows: dict[tuple[Line, ...], Row] = {}
        self.inputs_at = 0
        self.mask: Any = None
        self.results = code.parameters + len(code.values)
        self.size = self.results * LANES
        dots = [line for line in code.lines if line.gate is table.dot]
        self.unrolled = MAX_UNROLLED if sum([len(dot.inputs) // 2 for dot in dots]) < 4000 else MAX_UNROLLED // 4
        self.alike: dict[Any, list[Line]] = {}
        for dot in dots:
            self.alike.setdefault(_alike(dot), []).append(dot)
        self.text = self._text()

    def _text(self) -> str:
        ir = self.ir
        ir.do(f"call void @llvm.memset.p0.i64(ptr %work, i8 0, i64 {self.size * 8}, i1 false)")
        self._write_lines(varying=False)
        ir.loop("%count", self._block, by=LANES)
        self._lanes_to_sums()
        self._sends(False, self._add_fixed)
        head = "define void @minibatch(ptr noalias %P, ptr noalias %X, ptr noalias %order, i64 %count, double %scale, "
        return "\n".join([head + "ptr noalias %G, ptr noalias %work) {", "entry:", *ir.written, "  ret void", "}"])

    # ---- numbers ----

    def of(self, x: Any) -> Any:
        if not isinstance(x, Line):
            return x
        if x in self.known:
            return self.known[x]
        if x.varies:  # an input that stands in memory
            return self.ir.load(VECTOR, "%work", self.inputs_at + x.place * LANES)
        return self.ir.load(DOUBLE, "%P", x.place)

    def row(self, lines: Sequence[Line]) -> Row:
        """Lines as a row in memory: parameters and inputs stand there already, other lines are written there."""
        places, first = range_of([x.place for x in lines]), lines[0]
        kind, width = (VECTOR, LANES) if first.varies else (DOUBLE, 1)
        if places and all([x.gate is None and x.varies == first.varies and x not in self.known for x in lines]):
            memory, start = ("%work", self.inputs_at) if first.varies else ("%P", 0)
            return Row(self.ir.at(memory, start + first.place * width), places.step * width, kind)
        key = tuple(lines)
        if key not in self.rows:
            self.rows[key] = Row(self.ir.at("%work", self.size), width, kind)
            for i, x in enumerate(lines):
                self.ir.store(kind, self.of(x), "%work", self.size + i * width)
            self.size += -(-len(lines) * width // LANES) * LANES
        return self.rows[key]

    def item(self, row: Row, index: int | str, kind: str = DOUBLE) -> Register:
        """The item of a row at an index; for the kind VECTOR, eight that stand side by side."""
        return self.ir.load(VECTOR if kind == VECTOR else row.kind, row.pointer, index, row.stride)

    def through(
        self, n: int, rows: Sequence[Row], body: Callable[[Any, str, list[Register]], list[Register]], sums: int = 0
    ) -> list[Register]:
        """As `IR.each`, over the n items of rows: eight items at a time, if they stand side by side."""
        if all([row.kind == DOUBLE and row.stride == 1 for row in rows]):
            return self.ir.each(n, body, sums)
        kind = VECTOR if VECTOR in [row.kind for row in rows] else DOUBLE
        start = [self.ir.register(0.0, kind)] * sums
        return self.ir.loop(n, lambda index, numbers: body(index, DOUBLE, numbers), start)

    # ---- lines ----

    def _write_lines(self, varying: bool) -> None:
        for line in self.code.lines:
            if line.gate and line.varies == varying and line not in self.known:
                self._write(line, line.gate)

    def _write(self, line: Line, gate: Gate) -> None:
        inputs, n = line.inputs, len(line.inputs) // 2
        if gate is table.dot and n > self.unrolled and is_stackable(inputs[:n]) and is_stackable(inputs[n : 2 * n]):
            waiting = [dot for dot in self.alike[_alike(line)] if dot not in self.known]
            self._long_dots(waiting[:MAX_ABREAST], n)
            return
        compute: Callable[..., Any] = self.outputs.get(gate.name, gate.output)
        self.known[line] = compute(*map(self.of, inputs))

    def _long_dots(self, dots: list[Line], n: int) -> None:
        """Writes dots of n products each, all with the same second factors, as one loop over n."""
        ws, xs = [self.row(dot.inputs[:n]) for dot in dots], self.row(dots[0].inputs[n : 2 * n])

        def add(index: Any, kind: str, sums: list[Register]) -> list[Register]:
            x = self.item(xs, index, kind)
            return [z + self.item(w, index, kind) * x for z, w in zip(sums, ws)]

        for dot, product in zip(dots, self.through(n, [*ws, xs], add, len(dots))):
            self.known[dot] = table.add_up(product, *map(self.of, dot.inputs[2 * n :]))

    # ---- eight samples ----

    def _block(self, base: str, _: list[Register]) -> list[Register]:
        self._read_samples(base)
        self._write_lines(varying=True)
        self._sends(True, self._add)
        return []

    def _read_samples(self, base: str) -> None:
        """Writes how the inputs of eight samples get into lanes; lanes that are left over get the last sample again."""
        ir, n = self.ir, len(self.code.x)
        last = ir.integer("sub", "%count", 1)
        samples, self.mask = [], Register(ir, "poison", BITS)
        for lane in range(LANES):
            place = ir.integer("add", base, lane)
            inside = ir.let(f"icmp ule i64 {place}, {last}", BIT)
            self.mask = ir.let(f"insertelement {self.mask}, {inside}, i32 {lane}", BITS)
            place = ir.let(f"select {inside}, i64 {place}, i64 {last}", "").text
            which = ir.let(f"load i64, ptr {ir.at('%order', place)}, align 8", "").text
            samples.append(ir.at("%X", which, n))

        def column(index: int | str) -> Register:
            x = Register(ir, "poison", VECTOR)
            for lane, sample in enumerate(samples):
                x = ir.let(f"insertelement {x}, {ir.load(DOUBLE, sample, index)}, i32 {lane}", VECTOR)
            return x

        def move(index: str, _: list[Register]) -> list[Register]:
            ir.store(VECTOR, column(index), ir.at("%work", self.inputs_at), index, LANES)
            return []

        if n <= self.unrolled:
            self.known |= {x: column(x.place) for x in self.code.x}
        else:
            self.inputs_at, self.size = self.size, self.size + n * LANES
            ir.loop(n, move)

    # ---- gradients of parameters, and values ----

    def _sends(self, varying: bool, add: Add) -> None:
        """Hands to `add(place, number, kind)` what is added up: all that varies between samples, or all the rest."""
        together: dict[tuple[Any, ...], list[tuple[int, Any]]] = {}
        for send in self.code.sums_over_samples:
            if send.varies != varying:
                continue
            if send.pick is not None:
                for k, (i, _) in enumerate(send.slopes):
                    add(i, self.ir.where(self.of(send.pick) == float(k), self.of(send.upstream), 0.0), DOUBLE)
                continue
            places, slopes = [i for i, _ in send.slopes], [slope for _, slope in send.slopes]
            side_by_side = places == [*range(places[0], places[0] + len(places))]
            if len(places) > self.unrolled and is_stackable(slopes) and side_by_side:
                together.setdefault(tuple(slopes), []).append((places[0], send.upstream))
                continue
            for i, slope in send.slopes:
                add(i, times(self.of(slope), self.of(send.upstream)), DOUBLE)
        for lines, targets in together.items():
            for k in range(0, len(targets), MAX_ABREAST):
                self._long_sends(lines, targets[k : k + MAX_ABREAST], varying, add)

    def _long_sends(self, slopes: Sequence[Line], targets: list[tuple[int, Any]], varying: bool, add: Add) -> None:
        """Writes the same local gradients times several upstreams, as one loop."""
        row = self.row(slopes)
        upstreams = [self.of(upstream) for _, upstream in targets]

        def send(index: Any, kind: str, _: list[Register]) -> list[Register]:
            slope = self.item(row, index, kind)
            for (start, _), upstream in zip(targets, upstreams):
                place = index + start if isinstance(index, int) else self.ir.integer("add", index, start)
                add(place, slope * upstream, kind)
            return []

        if varying:  # the lanes are samples
            self.ir.loop(len(slopes), lambda index, _: send(index, DOUBLE, _))
        else:
            self.through(len(slopes), [row], send)

    def _add(self, place: int | str, x: Any, kind: str) -> None:
        """Writes an addition to the vector of a gradient, in all lanes but those that are left over."""
        pointer = self.ir.at("%work", place, LANES)
        before = self.ir.load(VECTOR, pointer)
        self.ir.store(VECTOR, self.ir.where(self.mask, before + x, before), pointer)

    def _lanes_to_sums(self) -> None:
        ir = self.ir
        scale = Register(ir, "%scale", DOUBLE)
        self.times = ir.let("uitofp i64 %count to double", DOUBLE) * scale

        def add_up(index: str, _: list[Register]) -> list[Register]:
            ir.store(DOUBLE, ir.across(ir.load(VECTOR, "%work", index, LANES)) * scale, "%G", index)
            return []

        ir.loop(self.results, add_up)

    def _add_fixed(self, place: int | str, x: Any, kind: str) -> None:
        """Writes an addition of what is the same for all samples, times their number."""
        pointer = self.ir.at("%G", place)
        self.ir.store(kind, self.ir.load(kind, pointer) + self.times * x, pointer)


def _alike(dot: Line) -> Any:
    """A key that is the same for dots that can share a loop: dots of parameters with the same lines."""
    n = len(dot.inputs) // 2
    others = (*dot.inputs[:n], *dot.inputs[2 * n :])
    of_parameters = all([isinstance(x, Line) and x.gate is None and not x.varies for x in others])
    return dot.inputs[n : 2 * n] if of_parameters else dot


# ---- running ----

MINIBATCH = ctypes.CFUNCTYPE(
    *(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    *(ctypes.c_int64, ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p),
)


class Rows:
    """N samples for machine code: an array of rows of doubles, and the indices of the chosen ones, in order."""

    def __init__(self, X: Any, order: Sequence[int]):
        self.X = X
        self.order = (ctypes.c_int64 * len(order))(*order)

    def __len__(self) -> int:
        return len(self.order)


class NativeEngine(Engine):
    """Machine code for a minibatch; the source is in LLVM's language.

    address: of the function `minibatch`.
    """

    def __init__(self, code: FlatCode):
        kernel = Kernel(code)
        refuse_long(len(kernel.ir.written))
        self.parameters, self.values, self.work = code.parameters, len(code.values), kernel.size
        used = [name for name in LIBM if f"@{name}(" in kernel.text or f"@{name}_lanes(" in kernel.text]
        self.source = "\n\n".join([*map(lanes_of, used), kernel.text, ""])
        self._take(compiled(self.source))

    def _take(self, made: Any) -> None:
        """Takes the function of what was compiled."""
        self._owner = made
        self.address = made.get_function_address("minibatch")
        self._minibatch = MINIBATCH(self.address)

    def expect(self, samples: int) -> None:
        """Makes ready for minibatches of up to so many samples."""

    def memory(self) -> Any:
        """Memory for one run."""
        return doubles(self.work)

    def place(self, samples: Any, others: Sequence[float], most: int) -> Place:
        """What a `Descent` needs to know of it.

        others: the plain numbers of the recorded function; most: how many samples a minibatch has at most.
        """
        self.expect(most)
        return Place(self, self.address, samples.X, self.memory(), doubles(others))

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        if any(map(is_array, data)):
            np = importlib.import_module("numpy")
            X = np.ascontiguousarray(array_of(np, data, layouts))
            return Rows((ctypes.c_double * X.size).from_buffer(X), range(len(X)))
        listed = rows(data, layouts)
        return Rows(doubles([x for row in listed for x in row]), range(len(listed)))

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        return Rows(samples.X, [samples.order[i] for i in chosen])

    def run(self, numbers: list[float], samples: Any, mean: bool) -> Result:
        self.expect(len(samples))
        G, scale = doubles(self.parameters + self.values), 1.0 / len(samples) if mean else 1.0
        self._minibatch(doubles(numbers), samples.X, samples.order, len(samples), scale, G, self.memory())
        value, *others = G[self.parameters :]
        return value, G[: self.parameters], *others


def refuse_long(size: int) -> None:
    """ValueError for so many instructions that LLVM would take minutes."""
    if size > MAX_INSTRUCTIONS:
        raise ValueError(
            f'the engine "native" compiles up to {MAX_INSTRUCTIONS:,} instructions, and this graph makes {size:,}, '
            'which would take minutes: take engine="python", or "numpy" for large minibatches'
        )
