"""Data sets of the slides, drawn on the spot: points (x1, x2) of the plane, and their classes; and CSV files.

All give (X, y): X a list of n lists [x1, x2], y a list of n labels: 1 and -1 where there are two classes, or class
indices.  A seed makes them reproducible; by default they come from the global `random`.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable
from typing import Any

from ..gate import to_float
from ..given import file_path, listed, wrong
from ..text import amount
from .neurons import count
from .starts import generator

Samples = tuple[list[list[float]], list[int]]


def quadrants(n: int = 200, seed: int | None = None) -> Samples:
    """sign(x1 x2): the class is 1 in the first and third quadrant, -1 in the second and fourth, of -1 < x1, x2 < 1.

    No line parts them.  Source: CS231n, lecture 2, "Hard cases for a linear classifier".
    """
    return _halves(n, seed, 1.0, lambda x1, x2: x1 * x2 > 0.0)


def ring(n: int = 200, seed: int | None = None) -> Samples:
    """1 <= |x| < 2: the class is 1 in the ring, -1 inside and outside of it, of -2.5 < x1, x2 < 2.5.

    No line parts them.  Source: CS231n, lecture 2, "Hard cases for a linear classifier".
    """
    return _halves(n, seed, 2.5, lambda x1, x2: 1.0 <= math.hypot(x1, x2) < 2.0)


ISLANDS = ((-1.2, 1.2), (1.3, 0.9), (-0.1, -1.3))


def islands(n: int = 200, seed: int | None = None) -> Samples:
    """Three modes: the class is 1 on three round islands of radius 0.7, -1 in the sea, of -2.5 < x1, x2 < 2.5.

    No line parts them.  Source: CS231n, lecture 2, "Hard cases for a linear classifier".
    """
    return _halves(n, seed, 2.5, lambda x1, x2: any([math.dist((x1, x2), centre) < 0.7 for centre in ISLANDS]))


def _halves(n: int, seed: int | None, reach: float, inside: Callable[[float, float], bool]) -> Samples:
    """As many points where `inside` is true, of class 1, as elsewhere, of class -1, by turns."""
    random = generator(seed)
    X, y = [], [1 if i % 2 == 0 else -1 for i in range(count("n", n))]
    for label in y:
        point = None
        while point is None or inside(*point) != (label == 1):
            point = [random.uniform(-reach, reach), random.uniform(-reach, reach)]
        X.append(point)
    return X, y


def moons(n: int = 100, noise: float = 0.1, seed: int | None = None) -> Samples:
    """Two half moons, one in the other: the class is -1 on the upper one and 1 on the lower one.

    noise: the deviation of the normal noise on every coordinate.

    Source: scikit-learn's make_moons, as in micrograd's demo.
    """
    random, noise = generator(seed), to_float(noise)
    count("n", n)
    upper = n // 2
    X = [[math.cos(t), math.sin(t)] for t in _spread(0.0, math.pi, upper)]
    X += [[1.0 - math.cos(t), 0.5 - math.sin(t)] for t in _spread(0.0, math.pi, n - upper)]
    X = [[x1 + random.gauss(0.0, noise), x2 + random.gauss(0.0, noise)] for x1, x2 in X]
    return _shuffled(X, [-1] * upper + [1] * (n - upper), random)


def spiral(n: int = 300, arms: int = 3, noise: float = 0.2, seed: int | None = None) -> Samples:
    """A spiral with several arms: the class is the index of the arm, from 0.

    n: the number of points in all; arms: of classes.
    noise: the deviation of the normal noise on the angle, in radians.

    Source: CS231n, "Putting it together: Minimal Neural Network Case Study".
    """
    random, noise = generator(seed), to_float(noise)
    count("n", n), count("arms", arms)
    X, y = [], []
    for arm in range(arms):
        points = n // arms + (arm < n % arms)
        for r, t in zip(_spread(0.0, 1.0, points), _spread(arm * 4.0, (arm + 1) * 4.0, points)):
            angle = t + random.gauss(0.0, noise)
            X.append([r * math.sin(angle), r * math.cos(angle)])
            y.append(arm)
    return _shuffled(X, y, random)


def _spread(first: float, last: float, n: int) -> list[float]:
    return [first + (last - first) * i / max(1, n - 1) for i in range(n)]


def _shuffled(X: list[list[float]], y: list[int], random: Any) -> Samples:
    order = list(range(len(y)))
    random.shuffle(order)
    return [X[i] for i in order], [y[i] for i in order]


# ---- tables of others ----


def rows_of(data: Any) -> list[Any]:
    """The entries of `data`: of a table of pandas its rows, which are not what a loop over it gives."""
    table = data.to_numpy().tolist() if hasattr(data, "to_numpy") else data
    return listed(table, "data is a list, with one entry per sample")


def labels_of(y: Any) -> list[Any]:
    """The entries of `y`; of a column, N lists of one label each, the labels."""
    labels = rows_of(y)
    is_column = all([hasattr(label, "__len__") and not isinstance(label, str) and len(label) == 1 for label in labels])
    return [label[0] for label in labels] if is_column else labels


# ---- CSV ----


def read_csv(path: str | os.PathLike[str], label: int | str = -1) -> tuple[list[list[float]], list[Any]]:
    """(X, y) of a file of comma-separated values with one sample per line.

    X is a list of N lists of D floats, y a list of N labels.

    label: which column is the label, by its index or its name in the first line; by default the last one.

    A first line that is no numbers is a header.  Labels are ints where all are whole numbers and else floats; where
    they are words, class indices from 0 in alphabetical order.

    Raises ValueError, naming the file and the line, for lines of different lengths and for what is no finite number.
    """
    place = file_path(path)
    name = str(place)
    try:
        with place.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            rows = [(lines.line_num, [cell.strip() for cell in row]) for row in lines if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{name}: not a file of comma-separated values: {error}") from None
    if not rows:
        raise ValueError(f"{name}: it is empty")
    column = _column(label, rows[0][1], name)
    if all(_float(cell) is None for j, cell in enumerate(rows[0][1]) if j != column) or isinstance(label, str):
        header, *rows = rows
        if not rows:
            raise ValueError(f"{name}: it has a header and no samples")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise ValueError(f"{name}, line {line}: {amount(len(row), 'cell')}, where the first has {width}")
    X = [[_number(cell, name, line) for j, cell in enumerate(row) if j != column] for line, row in rows]
    return X, _labels([(line, row[column]) for line, row in rows], name)


def _column(label: int | str, header: list[str], name: str) -> int:
    if isinstance(label, str):
        if label not in header:
            raise ValueError(f"{name}, line 1: there is no column {label!r} among {', '.join(header)}")
        return header.index(label)
    if not isinstance(label, int):
        raise wrong("label is a column, by its index or its name", label)
    if not -len(header) <= label < len(header) or len(header) < 2:
        raise ValueError(f"{name}, line 1: of {amount(len(header), 'column')}, none can be the label {label}")
    return label % len(header)


def _float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _number(cell: str, name: str, line: int) -> float:
    x = _float(cell)
    if x is None or not math.isfinite(x):
        raise ValueError(f"{name}, line {line}: {cell!r:.40} is no finite number")
    return x


def _labels(cells: list[tuple[int, str]], name: str) -> list[Any]:
    numbers = [_float(cell) for _, cell in cells]
    if all(x is None for x in numbers):
        words = sorted({cell for _, cell in cells})
        return [words.index(cell) for _, cell in cells]
    labels = [_number(cell, name, line) for line, cell in cells]
    return list(map(int, labels)) if all(x.is_integer() for x in labels) else labels
