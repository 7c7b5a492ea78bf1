"""Embeddings: a row of parameters for each word."""

from __future__ import annotations

from typing import Any

from ..functions import pick
from ..gate import to_float
from ..value import Value
from .choices import chosen
from .module import Module
from .neurons import count as counted
from .starts import STARTS, Start, StartName, generator


class Embedding(Module):
    """A table with a row of numbers for each word, or letter, or whatever is numbered: the rows are parameters.

    count, width: how many rows it has, and how many numbers there are in each.
    seed, start: as of `Neuron`; a start that asks for the number of inputs is told 1, since one row is used at a time.

    Attribute: `W`, a list of `count` lists of `width` values, labelled W[i][j].

    Called with a whole number i, at least 0 and below `count`, it gives a list of `width` values: the parameters of row
    i themselves.  Called with a value that holds such a number, it gives a list of `width` pick gates: so `record`
    makes a program that takes the word as an input.  Raises ValueError for a number that has no row.

    >>> letters = Embedding(27, 16)
    >>> letters(5) == letters.W[5]
    True
    >>> letters(Value(5.0))[3].gate
    <gate pick>
    """

    def __init__(self, count: int, width: int, seed: int | None = None, start: StartName | Start = "uniform"):
        random, draw = generator(seed), chosen("a start", start, STARTS)
        self.count, self.width = counted("count", count), counted("width", width)
        self.W = [[Value(draw(random, 1)) for _ in range(width)] for _ in range(count)]
        self.label_parameters()

    def __call__(self, i: Any) -> list[Any]:
        if isinstance(i, Value):
            return [pick(column, i) for column in zip(*self.W)]
        number = to_float(i)
        if not 0.0 <= number < self.count or number != int(number):
            raise ValueError(f"this embedding has the rows 0 to {self.count - 1}, and none for {i!r:.40}")
        return [*self.W[int(number)]]

    def __repr__(self) -> str:
        return f"Embedding({self.count} -> {self.width})"
