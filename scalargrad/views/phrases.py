"""Every sentence that a view says, and how it writes a number."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Sequence

DIGITS = 6

PHRASES = {
    "forward pass": "forward   {leaves}",
    "forward": "{name} = {formula} = {numbers} = {output}",
    "backward pass": "backward  {starts}",
    "backward": "{name} = {formula}: local {slope}, upstream {upstream}, downstream {product}, {total}",
    "local": "d{name}/d{parent} = {local}",
    "product": "{upstream} {times} {local} = {downstream}",
    "first": "{parent}.grad {before} -> {after}",
    "adds up": "{parent}.grad {before} + {downstream} = {after}, adds up",
    "result": "result    {gradients}",
    "seen above": "(see above)",
    "cut": "... and {count} more values: limit={limit} shows them",
    "value": "{name} = {data}, gradient {grad}",
    "gate": "{name} = {formula}: {pattern}",
    "edge": "local gradient {slope}",
    "beyond": "{name}: the circuit goes on beyond this picture",
    "distributes": "the gate distributes its gradient to all its inputs",
    "routes": "the gate routes its gradient to the winner",
    "switches": "the gate switches its inputs: each gets the gradient times the other",
    "flips": "the gate flips the sign of its gradient",
    "scales": "the gate scales its gradient by its slope",
}


def say(phrase: str, **parts: object) -> str:
    """The sentence `phrase` with its parts filled in."""
    return PHRASES[phrase].format(times=times(), **parts)


def times() -> str:
    """The sign between factors: a cross where standard output can write one, else the letter x."""
    try:
        "\N{MULTIPLICATION SIGN}".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "x"
    return "\N{MULTIPLICATION SIGN}"


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


def clip(text: str, length: int) -> str:
    """`text`, with its middle left out where it is longer than `length`."""
    keep = (length - 5) // 2
    return text if len(text) <= length else f"{text[:keep]} ... {text[-keep:]}"


def width(text: str) -> int:
    """The columns that `text` takes in a terminal: two for a wide letter, none for a mark on the one before."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))
