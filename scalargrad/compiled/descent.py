"""Gradient descent in machine code: update after update, and Python is not asked between them.

Each update runs a program on its minibatch, and then moves all parameters as an optimiser does.  The programs may be
several, such as one for each length of a text: they share the parameters, their gradients, and what the optimiser
remembers of them, which all stay in memory from call to call.

What an optimiser does is written here once more, on registers: in `scalargrad.nn` it is a method for one parameter, and
may branch.  Tests hold the two together.
"""

from __future__ import annotations

import ctypes
import functools
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .llvm import DOUBLE, IR, Register
from .machine import compiled, doubles, integers

Numbers = Sequence[Register]
Moved = tuple[Register, list[Register]]  # what to subtract from a parameter, and what to remember then
FIELDS = 8  # numbers of 64 bits that say what one update runs


class Rule(NamedTuple):
    """How an optimiser moves a parameter.

    move: the library of registers, the gradient, what is remembered so far, the numbers of the step, of which the first
        is the rate, and the optimiser's constants; gives what to subtract, and what to remember then.
    memory, step, constants: how many numbers these are.
    """

    move: Callable[[IR, Register, Numbers, Numbers, Numbers], Moved]
    memory: int
    step: int
    constants: int


def _plain(ir: IR, gradient: Register, memory: Numbers, step: Numbers, constants: Numbers) -> Moved:
    return step[0] * gradient, []


def _momentum(ir: IR, gradient: Register, memory: Numbers, step: Numbers, constants: Numbers) -> Moved:
    (velocity,), (rate,), (momentum,) = memory, step, constants
    velocity = momentum * velocity + gradient
    return rate * velocity, [velocity]


def _nesterov(ir: IR, gradient: Register, memory: Numbers, step: Numbers, constants: Numbers) -> Moved:
    (velocity,), (rate,), (momentum,) = memory, step, constants
    velocity = momentum * velocity + gradient
    return rate * (gradient + momentum * velocity), [velocity]


def _rmsprop(ir: IR, gradient: Register, memory: Numbers, step: Numbers, constants: Numbers) -> Moved:
    (cache,), (rate,), (decay, epsilon) = memory, step, constants
    cache = _mixed(decay, cache, gradient * gradient)
    return _quotient(ir, rate * gradient, ir.call("sqrt", cache) + epsilon), [cache]


def _adam(ir: IR, gradient: Register, memory: Numbers, step: Numbers, constants: Numbers) -> Moved:
    (m, v), (rate, first, second), (beta1, beta2, epsilon) = memory, step, constants
    m, v = _mixed(beta1, m, gradient), _mixed(beta2, v, gradient * gradient)
    return _quotient(ir, rate * (m / first), ir.call("sqrt", v / second) + epsilon), [m, v]


def _mixed(kept: Register, before: Register, now: Register) -> Register:
    return kept * before + (1.0 - kept) * now


def _quotient(ir: IR, x: Register, y: Register) -> Register:
    return ir.where(y == 0.0, 0.0, x / y)


RULES = {
    "plain": Rule(_plain, 0, 1, 0),
    "momentum": Rule(_momentum, 1, 1, 1),
    "nesterov": Rule(_nesterov, 1, 1, 1),
    "rmsprop": Rule(_rmsprop, 1, 1, 2),
    "adam": Rule(_adam, 2, 3, 3),
}


@functools.lru_cache(maxsize=64)
def function_of(rule: str, parameters: int, values: int) -> tuple[Any, Any]:
    """The machine code of `descend` for so many parameters and values, and what owns it."""
    made = compiled(text_of(RULES[rule], parameters, values))
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    kind = ctypes.CFUNCTYPE(ctypes.c_double, *[pointer] * 4, size, size, *[pointer] * 3)
    return kind(made.get_function_address("descend")), made


def text_of(rule: Rule, parameters: int, values: int) -> str:
    """The text of the function `descend`: epochs of updates, which keeps the values of each.

    It returns 0 if all parameters are finite at the end, and else nan.
    """
    ir = IR()
    decay, *constants = [ir.load(DOUBLE, "%how", k) for k in range(1 + rule.constants)]

    def update(number: str, plan: str) -> None:
        """Writes one update, of its number among all and the address of what it runs."""
        _run(ir, plan, parameters)
        step = [ir.load(DOUBLE, ir.at("%each", k), number, rule.step) for k in range(rule.step)]

        def move(i: Any, kind: str, _: list[Register]) -> list[Register]:
            p, g = ir.load(kind, "%P", i), ir.load(kind, "%G", i)
            rows = [ir.at("%M", k * parameters) for k in range(rule.memory)]
            change, memory = rule.move(ir, g + decay * p, [ir.load(kind, row, i) for row in rows], step, constants)
            for row, x in zip(rows, memory):
                ir.store(kind, x, row, i)
            ir.store(kind, p - change, "%P", i)
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
    head += "i64 %epochs, ptr noalias %each, ptr noalias %how, ptr noalias %values) {"
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

    rule: how they are moved, a name among `RULES`.
    constants: the weight decay, and then the constants of the rule.
    places: of the programs that share the parameters.
    numbers: the parameters.  memory: what is remembered, a list for each of its numbers.
    values: how many values the programs give.
    """

    def __init__(
        self,
        rule: str,
        constants: Sequence[float],
        places: Sequence[Place],
        numbers: Sequence[float],
        memory: Sequence[Sequence[float]],
        values: int,
    ):
        self._function, self._owner = function_of(rule, len(numbers), values)
        self._count, self._values = len(numbers), values
        self._how, self._places = doubles(constants), places  # the places are kept, since what they hold is
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
        off = self._function(*state, integers(plan), *sizes, doubles(each), self._how, values)
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
