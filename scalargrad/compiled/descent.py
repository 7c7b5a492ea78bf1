"""Gradient descent in machine code: update after update, and Python is not asked between them.

Each update runs a program on its minibatch, and then moves all parameters as an optimiser does.  The programs may be
several, such as one for each length of a text: they share the parameters, their gradients, and what the optimiser
remembers of them, which all stay in memory from call to call.
"""

from __future__ import annotations

import ctypes
import functools
import math
import struct
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

from .llvm import DOUBLE, IR, Register
from .machine import compiled, doubles, integers

FIELDS = 8  # numbers of 64 bits that say what one update runs


class Rule(Hashable, Protocol):
    """How an optimiser moves a parameter; two that do the same are equal."""

    @property
    def sizes(self) -> tuple[int, int]:
        """How many numbers are remembered of a parameter, and how many are told of a step."""

    def move(self, p: Any, gradient: Any, memory: Sequence[Any], step: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The parameter after a step, and what is remembered then: registers, of registers."""


@functools.lru_cache(maxsize=64)
def function_of(rule: Rule, parameters: int, values: int) -> tuple[Any, Any]:
    """The machine code of `descend` for so many parameters and values, and what owns it."""
    made = compiled(text_of(rule, parameters, values))
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    kind = ctypes.CFUNCTYPE(ctypes.c_double, *[pointer] * 4, size, size, *[pointer] * 2)
    return kind(made.get_function_address("descend")), made


def text_of(rule: Rule, parameters: int, values: int) -> str:
    """The text of the function `descend`: epochs of updates, which keeps the values of each.

    It returns 0 if all parameters are finite at the end, and else nan.
    """
    ir = IR()
    remembered, told = rule.sizes

    def update(number: str, plan: str) -> None:
        """Writes one update, of its number among all and the address of what it runs."""
        _run(ir, plan, parameters)
        step = [ir.load(DOUBLE, ir.at("%each", k), number, told) for k in range(told)]

        def move(i: Any, kind: str, _: list[Register]) -> list[Register]:
            p, g = ir.load(kind, "%P", i), ir.load(kind, "%G", i)
            rows = [ir.at("%M", k * parameters) for k in range(remembered)]
            p, memory = rule.move(p, g, [ir.load(kind, row, i) for row in rows], step)
            for row, x in zip(rows, memory):
                ir.store(kind, x, row, i)
            ir.store(kind, p, "%P", i)
            return []

        ir.each(parameters, move)
        for k in range(values):
            ir.store(DOUBLE, ir.load(DOUBLE, "%G", parameters + k), ir.at("%values", k), number, values)

    def epoch(e: str, _: list[Register]) -> list[Register]:
        first = ir.integer("mul", e, "%updates")

        def each(k: str, _: list[Register]) -> list[Register]:
            update(ir.integer("add", first, k), ir.at("%plan", k, FIELDS))
            return []

        return ir.loop("%updates", each)

    ir.loop("%epochs", epoch)
    (off,) = ir.each(parameters, lambda i, kind, sums: [sums[0] + _off(ir, kind, i)], 1)
    head = "define double @descend(ptr noalias %P, ptr noalias %M, ptr noalias %G, ptr noalias %plan, i64 %updates, "
    head += "i64 %epochs, ptr noalias %each, ptr noalias %values) {"
    return "\n".join([head, "entry:", *ir.written, f"  ret {off}", "}"])


def _run(ir: IR, plan: str, parameters: int) -> None:
    """Writes that a program runs on a minibatch: `Place` says what stands at `plan`."""

    def field(k: int, kind: str) -> str:
        return ir.let(f"load {kind}, ptr {ir.at(plan, k)}, align 8", kind).text

    function, X, work, others, order = (field(k, "ptr") for k in (0, 1, 2, 3, 5))
    size, count, scale = field(4, "i64"), field(6, "i64"), field(7, "double")
    end = ir.at("%P", parameters)
    ir.do(f"call void @llvm.memcpy.p0.p0.i64(ptr align 8 {end}, ptr align 8 {others}, i64 {size}, i1 false)")
    ir.do(f"call void {function}(ptr %P, ptr {X}, ptr {order}, i64 {count}, double {scale}, ptr %G, ptr {work})")


def _off(ir: IR, kind: str, i: Any) -> Register:
    p = ir.load(kind, "%P", i)
    return p - p


class Place(NamedTuple):
    """A program for minibatches and its samples, as machine code finds them.

    function: the address of the machine code, of the kind of `minibatch` in native.py; owner: what it lives as long as.
    X, work, others: the samples, memory for a run, and the plain numbers that come after the parameters.
    """

    owner: Any
    function: int
    X: Any
    work: Any
    others: Any

    @property
    def fields(self) -> list[int]:
        return [self.function, *map(ctypes.addressof, (self.X, self.work, self.others)), ctypes.sizeof(self.others)]


class Descent:
    """Parameters, and what an optimiser remembers of them, in memory that machine code changes.

    rule: how they are moved.
    places: of the programs that share the parameters.
    numbers: the parameters.  memory: what is remembered, a list for each of its numbers.
    values: how many values the programs give.
    """

    def __init__(
        self,
        rule: Rule,
        places: Sequence[Place],
        numbers: Sequence[float],
        memory: Sequence[Sequence[float]],
        values: int,
    ):
        self._function, self._owner = function_of(rule, len(numbers), values)
        self._count, self._values = len(numbers), values
        self._places = places  # the places are kept, since what they hold is
        self._fields = [place.fields for place in places]
        self._P = doubles([*numbers, *[0.0] * max([len(place.others) for place in places])])
        self._M, self._G = doubles([x for row in memory for x in row]), doubles(len(numbers) + values)

    @property
    def numbers(self) -> list[float]:
        return self._P[: self._count]  # type: ignore[no-any-return]

    @property
    def gradients(self) -> list[float]:
        """Those of the last update."""
        return self._G[: self._count]  # type: ignore[no-any-return]

    @property
    def memory(self) -> list[list[float]]:
        return [self._M[i : i + self._count] for i in range(0, len(self._M), self._count)]

    def run(
        self, updates: Sequence[tuple[int, Sequence[int]]], epochs: int, each: Sequence[float]
    ) -> list[list[float]] | None:
        """The values of every update, a list for each: means over its samples, as the gradients are.

        updates: those of an epoch: which of the programs runs, and on which of its samples.
        each: for every update of all epochs the numbers of its step.

        None, with all as it was, if a parameter or a first value is not finite.
        """
        order = integers([i for _, chosen in updates for i in chosen])
        plan, at = [], ctypes.addressof(order)
        for which, chosen in updates:
            plan += [*self._fields[which], at, len(chosen), _bits(1.0 / len(chosen))]
            at += ctypes.sizeof(ctypes.c_int64) * len(chosen)
        values, state = doubles(len(updates) * epochs * self._values), (self._P, self._M, self._G)
        before = [*map(bytes, state)]
        sizes = (len(updates), epochs)
        off = self._function(*state, integers(plan), *sizes, doubles(each), values)
        if off != 0.0 or not all(map(math.isfinite, values[:: self._values])):
            for array, kept in zip(state, before):
                ctypes.memmove(array, kept, len(kept))
            return None
        return [values[i : i + self._values] for i in range(0, len(values), self._values)]


@functools.lru_cache(maxsize=1024)
def _bits(x: float) -> int:
    """The 64 bits of a double, as a whole number."""
    (bits,) = struct.unpack("q", struct.pack("d", x))
    return int(bits)
