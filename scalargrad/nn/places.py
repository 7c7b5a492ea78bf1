"""Where things stand in the picture of a network, in points, downwards and to the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

SHARES = [share / 40 for share in range(4, 37)]  # of a wire, from its start: where its number may stand
ROUNDS = 6
LETTERS = 14.0  # how high a number is, with a little space
CLEAR = 4.0  # points between a number and what it could be taken to belong to
NUMBER_ON_NUMBER = 3  # numbers too near each other are as bad as so many wires too near a number


class Wire(NamedTuple):
    """A straight wire from left to right; wide: its number, with a little space."""

    start: tuple[float, float]
    end: tuple[float, float]
    wide: float

    def at(self, share: float) -> tuple[float, float]:
        """The point at this share of the way."""
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)

    def away(self, middle: tuple[float, float], half: float) -> float:
        """How far a number so wide on either side is from the line of this wire; below 0 where it covers that."""
        (x, y), (x0, y0), (x1, y1) = middle, self.start, self.end
        right, down, long = x1 - x0, y1 - y0, math.dist(self.start, self.end)
        return (abs(right * (y - y0) - down * (x - x0)) - half * abs(down) - LETTERS / 2 * right) / long


def stacked(heights: Sequence[float], gap: float) -> list[float]:
    """The middles of boxes of these heights, one below the other and all of them around 0."""
    below = -(sum(heights) + gap * (len(heights) - 1)) / 2
    middles = []
    for height in heights:
        middles.append(below + height / 2)
        below += height + gap
    return middles


def numbers_on(wires: Sequence[Wire]) -> list[tuple[float, float]]:
    """Where the number of each wire stands on it: clear of all other wires and numbers, else near the middle."""
    shares = [0.5] * len(wires)
    crowded = [{share: _near_wires(wires, i, share) for share in SHARES} for i in range(len(wires))]

    def badness(i: int, share: float) -> tuple[float, float]:
        numbers = [_missing(_between(wires[i], share, wires[j], shares[j])) for j in range(len(wires)) if j != i]
        return crowded[i][share] + NUMBER_ON_NUMBER * sum(numbers), abs(share - 0.5)

    for _ in range(ROUNDS):
        for i in range(len(wires)):
            shares[i] = min(SHARES, key=partial(badness, i))
    return [wire.at(share) for wire, share in zip(wires, shares)]


def _near_wires(wires: Sequence[Wire], i: int, share: float) -> float:
    """By how much number i is too near the other wires, if it stands at this share of its own."""
    middle, half = wires[i].at(share), wires[i].wide / 2
    return sum([_missing(other.away(middle, half)) for j, other in enumerate(wires) if j != i])


def _missing(gap: float) -> float:
    return max(0.0, CLEAR - gap)


def _between(one: Wire, share: float, other: Wire, share_of_other: float) -> float:
    """The gap between the numbers of two wires; below 0 where they overlap."""
    (x, y), (x_of_other, y_of_other) = one.at(share), other.at(share_of_other)
    return max(abs(x - x_of_other) - (one.wide + other.wide) / 2, abs(y - y_of_other) - LETTERS)
