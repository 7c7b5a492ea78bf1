"""Large graphs as machine code: what each kind of gate does is compiled, and the graph is a list of instructions.

LLVM takes a time that grows faster than the code, and most of a large graph is the same few gates over and over.  So
nothing is compiled for the graph as a whole, but two functions for each *kind* of gate in it, once in a process: one
goes forward, one back (kinds.py).  A kind is a gate together with what its inputs are: values that depend on
parameters, others that do not, or plain numbers that are part of the shape, as the 2 of `x ** 2` is.  The graph itself
is a list of whole numbers (instructions.py).

The forward pass goes through the instructions once, from function to function.  The backward pass goes through them
from the root to the first, with the other functions: each reads the gradient of its output, and adds it, times the
local gradients, to the gradients of the inputs, in the order in which `backward()` does.  Gradients of parameters add
up over the samples of a minibatch; all others begin at 0 again.  For minibatches there are functions that do the same
for eight samples at a time, with a vector in each place.
"""

from __future__ import annotations

import ctypes
import functools
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import table
from .engines import needed
from .flat import rolled
from .instructions import Instructions
from .kinds import compiled_functions, functions_of, text_of
from .llvm import BIT, DOUBLE, IR, LANES, VECTOR, Register
from .machine import compiled
from .native import MAX_UNROLLED, NativeEngine
from .trace import Entry, Trace

# Inputs of gates.  A larger graph, compiled as a whole, would run in a third to three quarters of the time; but LLVM
# takes a second for 5,000, and soon much longer, which pays only after 100,000 to 500,000 samples.
MAX_COMPILED = 2_000
ALONE = 3  # so many times as many are compiled where there is one sample, and so no vectors
LONG = 2 * MAX_UNROLLED + 1  # inputs of a dot; one with more is a loop in a graph that is compiled as a whole
HEADER = 16  # doubles at the beginning of a run's memory, which hold addresses and sizes


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
        owners, forward, back = zip(*compiled_functions(texts))
        self._owners += owners
        kinds = [f"; {kind}\n{text_of(i, pair)}" for i, (kind, pair) in enumerate(zip(self._made.kinds, texts))]
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
