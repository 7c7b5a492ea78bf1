"""LLVM's language: registers, which write an instruction for each operation on them.

The outputs of gates are called with registers, as they are with arrays, and so are written in machine instructions.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

LANES = 8
DOUBLE, VECTOR = "double", f"<{LANES} x double>"
BIT, BITS = "i1", f"<{LANES} x i1>"
LIBM = ("exp", "log", "sin", "cos", "tanh", "expm1", "log1p", "pow")


def _operator(operation: str) -> tuple[Callable[[Register, Any], Register], Callable[[Register, Any], Register]]:
    """The methods for `number + other` and for `plain number + number`."""
    return (
        lambda self, other: self.ir.operate(operation, self, other),
        lambda self, other: self.ir.operate(operation, other, self),
    )


class Register:
    """What an instruction of LLVM gives: one double or truth value, or a vector of eight.

    text: its name, or the spelling of a plain number.
    kind: DOUBLE, VECTOR, BIT or BITS.
    """

    __slots__ = ("ir", "text", "kind")

    def __init__(self, ir: IR, text: str, kind: str):
        self.ir = ir
        self.text = text
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.kind} {self.text}"

    __add__, __radd__ = _operator("fadd")
    __sub__, __rsub__ = _operator("fsub")
    __mul__, __rmul__ = _operator("fmul")
    __truediv__, __rtruediv__ = _operator("fdiv")
    __and__, __rand__ = _operator("and")
    __or__, __ror__ = _operator("or")
    __lt__, __gt__ = _operator("fcmp olt")
    __le__, __ge__ = _operator("fcmp ole")
    __eq__ = _operator("fcmp oeq")[0]  # type: ignore[assignment]
    __ne__ = _operator("fcmp une")[0]  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __neg__(self) -> Register:
        return self.ir.let(f"fneg {self}", self.kind)

    def __pow__(self, n: Any) -> Register:
        return self.ir.power(self, n)


class IR:
    """A function in the making, and the library of functions on registers that the outputs of gates are made of.

    written: its instructions so far.
    count: how many names are given.
    label: the block that is being written.
    """

    def __init__(self) -> None:
        self.written: list[str] = []
        self.count = 0
        self.label = "entry"

    # ---- instructions ----

    def name(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def let(self, instruction: str, kind: str) -> Register:
        """Writes an instruction, and gives its result a name."""
        name = self.name()
        self.written.append(f"  {name} = {instruction}")
        return Register(self, name, kind)

    def do(self, instruction: str) -> None:
        self.written.append(f"  {instruction}")

    def register(self, x: Any, kind: str = DOUBLE) -> Register:
        """A number as a register of this kind: a plain one is spelled, a double is put in all lanes of a vector."""
        if isinstance(x, bool):
            return self.register(Register(self, str(x).lower(), BIT), kind)
        if not isinstance(x, Register):
            text = f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"
            lanes = f"<{', '.join([f'double {text}'] * LANES)}>"
            return Register(self, lanes if kind == VECTOR else text, kind)
        if x.kind == DOUBLE and kind == VECTOR or x.kind == BIT and kind == BITS:
            one = self.let(f"insertelement {kind} poison, {x}, i32 0", kind)
            return self.let(f"shufflevector {one}, {kind} poison, <{LANES} x i32> zeroinitializer", kind)
        return x

    def alike(self, *numbers: Any) -> list[Register]:
        """Numbers as doubles, or as vectors if one of them is a vector."""
        lanes = any([isinstance(x, Register) and x.kind in (VECTOR, BITS) for x in numbers])
        return [self.register(x, VECTOR if lanes else DOUBLE) for x in numbers]

    def operate(self, operation: str, x: Any, y: Any) -> Register:
        if operation in ("and", "or"):
            kind = BITS if BITS in [x.kind for x in (x, y) if isinstance(x, Register)] else BIT
            x, y = self.register(x, kind), self.register(y, kind)
            return self.let(f"{operation} {x}, {y.text}", kind)
        x, y = self.alike(x, y)
        result = x.kind if not operation.startswith("fcmp") else BITS if x.kind == VECTOR else BIT
        return self.let(f"{operation} {x}, {y.text}", result)

    def at(self, pointer: str, index: int | str = 0, size: int = 1) -> str:
        """The address of the item at an index behind a pointer, where each item is `size` doubles long."""
        if isinstance(index, int):
            index *= size
        elif size > 1:
            index = self.integer("mul", index, size)
        return self.let(f"getelementptr inbounds double, ptr {pointer}, i64 {index}", "ptr").text

    def load(self, kind: str, pointer: str, index: int | str = 0, size: int = 1) -> Register:
        return self.let(f"load {kind}, ptr {self.at(pointer, index, size)}, align 8", kind)

    def store(self, kind: str, x: Any, pointer: str, index: int | str = 0, size: int = 1) -> None:
        self.do(f"store {self.register(x, kind)}, ptr {self.at(pointer, index, size)}, align 8")

    def integer(self, operation: str, x: str | int, y: str | int) -> str:
        return self.let(f"{operation} i64 {x}, {y}", "i64").text

    def loop(
        self,
        count: int | str,
        body: Callable[[str, list[Register]], list[Register]],
        start: Sequence[Register] = (),
        by: int | str = 1,
    ) -> list[Register]:
        """Writes a loop over the indices 0, by, 2 by, ... below `count` (at least one); the numbers of its last turn.

        body: writes one turn, of an index and the numbers of the turn before (in the first, `start`); returns as many
            numbers.  It may write loops itself.
        """
        before, inside, after = self.label, f"L{self.count}", f"E{self.count}"
        index = self.name()
        named = [Register(self, self.name(), x.kind) for x in start]
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

    def each(
        self, count: int, body: Callable[[Any, str, list[Register]], list[Register]], sums: int = 0
    ) -> list[Register]:
        """Writes a loop over all indices below `count`, eight at a time and then the rest one by one; the sums.

        body: writes one turn, of an index, the kind (VECTOR for eight) and `sums` sums so far, at first zeros; returns
            the new sums.  In the end they are added up over the lanes.
        """
        whole = count // LANES * LANES
        numbers = [self.register(0.0, VECTOR)] * sums
        if whole:
            numbers = self.loop(whole, lambda index, numbers: body(index, VECTOR, numbers), numbers, by=LANES)
        numbers = list(map(self.across, numbers))
        for index in range(whole, count):
            numbers = body(index, DOUBLE, numbers)
        return numbers

    # ---- the functions that the outputs of gates are made of ----

    def where(self, condition: Any, x: Any, y: Any) -> Register:
        x, y, _ = self.alike(x, y, condition)
        condition = self.register(condition, BITS if x.kind == VECTOR else BIT)
        return self.let(f"select {condition}, {x}, {y}", x.kind)

    def maximum(self, x: Any, y: Any) -> Register:
        x, y = self.alike(x, y)
        return self.where((x > y) | (x != x), x, y)

    def minimum(self, x: Any, y: Any) -> Register:
        x, y = self.alike(x, y)
        return self.where((x < y) | (x != x), x, y)

    def heaviside(self, x: Register, at: Any) -> Register:
        return self.where(x > 0.0, 1.0, self.where(x < 0.0, 0.0, self.where(x == 0.0, at, math.nan)))

    def power(self, x: Any, n: Any) -> Register:
        return self.call("pow", x, n)

    def across(self, x: Register) -> Register:
        """The sum over the lanes of a vector."""
        return self.let(f"call reassoc double @llvm.vector.reduce.fadd.v8f64(double -0.0, {x})", DOUBLE)

    def call(self, name: str, *inputs: Any) -> Register:
        """Calls a function of the C library, lane by lane; `sqrt` and `fabs` are instructions."""
        inputs = tuple(self.alike(*inputs))
        kind = inputs[0].kind
        given = ", ".join(map(repr, inputs))
        if name in LIBM:
            return self.let(f"call {kind} @{name}{'_lanes' if kind == VECTOR else ''}({given})", kind)
        return self.let(f"call {kind} @llvm.{name}.{'v8f64' if kind == VECTOR else 'f64'}({given})", kind)

    def abs(self, x: Any) -> Register:
        return self.call("fabs", x)

    def __getattr__(self, name: str) -> Callable[[Any], Register]:
        if name in ("exp", "log", "sin", "cos", "tanh", "expm1", "log1p", "sqrt"):
            return lambda x: self.call(name, x)
        raise AttributeError(name)


def declared(name: str) -> str:
    """The text that declares a function of the C library."""
    return f"declare double @{name}({', '.join([DOUBLE] * (2 if name == 'pow' else 1))})"


def lanes_of(name: str) -> str:
    """The text of a function on vectors that calls one of the C library lane by lane."""
    ir = IR()
    inputs = ["%x", "%n"] if name == "pow" else ["%x"]
    result = Register(ir, "poison", VECTOR)
    for lane in range(LANES):
        given = [ir.let(f"extractelement {VECTOR} {x}, i32 {lane}", DOUBLE) for x in inputs]
        z = ir.let(f"call double @{name}({', '.join(map(repr, given))})", DOUBLE)
        result = ir.let(f"insertelement {result}, {z}, i32 {lane}", VECTOR)
    head = f"define internal {VECTOR} @{name}_lanes({', '.join(f'{VECTOR} {x}' for x in inputs)}) noinline {{"
    return "\n".join([declared(name), head, "entry:", *ir.written, f"  ret {result}", "}"])
