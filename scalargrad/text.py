"""How numbers and other things are written."""

from __future__ import annotations

import functools
import math
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

DIGITS = 6  # significant digits of a number that people read


class Text(str):
    """A text that a prompt or a notebook shows as it stands, not as a quoted string."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def typed(x: float) -> str:
    """A float as one types it: nan and inf have no literal."""
    return repr(x) if math.isfinite(x) else f"float('{x!r}')"


def short(x: Any) -> str:
    """What `repr` makes of any object, on one line, cut to 40 characters."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else text[:37] + "..."


def amount(count: int, thing: str) -> str:
    """How many there are of a thing: "1 gate", "2 gates"; for errors and reprs, which are in English."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def number_text(x: float, digits: int = DIGITS) -> str:
    """`x` to so many significant digits; the sign of zero is not shown.

    >>> number_text(-12.0), number_text(0.7310585786), number_text(1e-6), number_text(-0.0)
    ('-12', '0.731059', '1e-06', '0')
    """
    return f"{x + 0.0:.{digits}g}" if x else "0"


def agreeing(compute: Callable[..., float], inputs: Sequence[float], output: float) -> list[str]:
    """The inputs, with as many digits as it takes for `compute` on what is shown to give the output as it is shown.

    >>> agreeing(lambda x, y: x * y, [2 / 3, 2 / 3], 4 / 9)
    ['0.6666667', '0.6666667']
    """
    for digits in range(DIGITS, 17):
        texts = [number_text(x, digits) for x in inputs]
        try:
            if number_text(compute(*map(float, texts))) == number_text(output):
                return texts
        except (ArithmeticError, ValueError):  # rounded out of the domain: show more digits
            continue
    return [repr(x) for x in inputs]


def told_apart(numbers: Sequence[float]) -> list[str]:
    """Different numbers, with as many digits as it takes to see that they differ.

    >>> told_apart([2.0, 0.5]), told_apart([0.1, 0.1 + 1e-8])
    (['2', '0.5'], ['0.1', '0.10000001'])
    """
    for digits in range(DIGITS, 17):
        texts = [number_text(x, digits) for x in numbers]
        if len(set(texts)) == len(texts):
            return texts
    return [repr(x) for x in numbers]


def clip(text: str, length: int) -> str:
    """`text`, with its middle left out where it is longer than `length`."""
    keep = (length - 5) // 2
    return text if len(text) <= length else f"{text[:keep]} ... {text[-keep:]}"


def width(text: str) -> int:
    """The columns that `text` takes in a terminal: two for a wide letter, none for a mark on the one before."""
    return len(text) if text.isascii() else sum(map(_width_of_one, text))


@functools.cache
def _width_of_one(c: str) -> int:
    return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows of a table as lines, two blanks between columns.

    >>> in_columns([("gate", "slope"), ("x + y", "1")])
    ['gate   slope', 'x + y  1']
    """
    widths = [max(map(width, column)) for column in zip(*rows)]
    return ["  ".join(cell + " " * (w - width(cell)) for cell, w in zip(row, widths)).rstrip() for row in rows]
