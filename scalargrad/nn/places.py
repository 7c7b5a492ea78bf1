"""Where things stand in the picture of a network, in points, downwards and to the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

SHARES = [share / 40 for share in range(8, 33)]  # of a wire, from its start: where its number may stand
ROUNDS = 3
LETTERS = 14.0  # how high a number is, with a little space
NUMBER_ON_NUMBER = 10  # it is as bad as so many wires through a number


class Wire(NamedTuple):
    """A straight wire from left to right; wide: its number, with a little space."""

    start: tuple[float, float]
    end: tuple[float, float]
    wide: float

    def at(self, share: float) -> tuple[float, float]:
        """The point at this share of the way."""
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


def stacked(heights: Sequence[float], gap: float) -> list[float]:
    """The middles of boxes of these heights, one below the other and all of them around 0."""
    below = -(sum(heights) + gap * (len(heights) - 1)) / 2
    middles = []
    for height in heights:
        middles.append(below + height / 2)
        below += height + gap
    return middles


def numbers_on(wires: Sequence[Wire]) -> list[tuple[float, float]]:
    """Where the number of each wire stands on it: away from other numbers and wires, else near the middle."""
    shares = [0.5] * len(wires)
    for _ in range(ROUNDS):
        for i in range(len(wires)):
            shares[i] = min(SHARES, key=lambda share: (_in_the_way(wires, shares, i, share), abs(share - 0.5)))
    return [wire.at(share) for wire, share in zip(wires, shares)]


def _in_the_way(wires: Sequence[Wire], shares: Sequence[float], i: int, share: float) -> int:
    """How much is in the way of number i if it stands at this share of its wire."""
    (x, y), half = wires[i].at(share), wires[i].wide / 2
    return sum(_others(wires, shares, i, x, y, half))


def _others(wires: Sequence[Wire], shares: Sequence[float], i: int, x: float, y: float, half: float) -> Iterator[int]:
    for j, other in enumerate(wires):
        if j != i:
            there, height = other.at(shares[j])
            numbers = abs(there - x) < half + other.wide / 2 and abs(height - y) < LETTERS
            wide = other.end[0] - other.start[0]
            left, right = (other.at((side - other.start[0]) / wide)[1] - y for side in (x - half, x + half))
            yield NUMBER_ON_NUMBER * numbers + (min(left, right) < LETTERS / 2 and max(left, right) > -LETTERS / 2)
