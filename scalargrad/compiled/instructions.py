"""A large graph as a list of instructions.

Every number of the graph has a place in memory, and its gradient has the same place in another part of it.  An
instruction is four whole numbers: the number of its kind, the place of the output, and the places of two inputs; of
more inputs the places stand in a list, the pool, and the instruction says where in it.

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

A dot of many products whose factors stand side by side in memory can take them eight at a time.  The weights of a
neuron stand so already; the numbers that they are multiplied by are given such places.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .. import table
from ..gate import Gate
from .llvm import LANES
from .trace import Entry, Trace

MANY = LANES  # a dot, a total or a pick of so many is a loop
LOOPS = (table.dot, table.total, table.pick)  # what may have so many
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
