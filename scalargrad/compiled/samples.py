"""Samples in the shape that was recorded: numbers in nested lists, or arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ..gates import number

Shape = Any  # None for a number, else a tuple of the shapes of its parts


class Layout:
    """How one argument of the recorded function is made of numbers.

    name: what the function calls it.
    shape: None for one number, else a tuple of shapes.
    size: how many numbers there are.
    """

    def __init__(self, name: str, sample: Any):
        self.name = name
        self.shape = _shape(plain(sample), name)
        self.size = len(list(_leaves(self.shape)))
        if not self.size:
            raise ValueError(f"the sample {name} is empty: it has no numbers")

    def flat(self, sample: Any, where: str = "") -> list[float]:
        """The numbers of a sample, in order; ValueError, naming the sample, if its shape is another."""
        numbers: list[float] = []
        _flatten(plain(sample), self.shape, numbers, f"{self.name}{where}")
        return numbers

    def rows(self, samples: Sequence[Any]) -> Sequence[Sequence[float]]:
        """The numbers of each of many samples; ValueError or TypeError, naming the sample that does not fit."""
        if self.shape is None and _kinds(samples) == {float}:
            return [(x,) for x in samples]
        if self.shape and not any(self.shape) and _kinds(samples) <= {list, tuple}:
            if set(map(len, samples)) == {self.size} and _kinds(chain.from_iterable(samples)) == {float}:
                return samples
        return [self.flat(sample, f"[{i}]") for i, sample in enumerate(samples)]

    def nested(self, numbers: Iterator[Any]) -> Any:
        """The next numbers in the shape of this argument."""
        return _nested(self.shape, numbers)

    def columns(self, array: Any) -> Any:
        """An array of N samples as one of N rows of numbers; ValueError if its shape is another."""
        if _dimensions(self.shape) != tuple(array.shape[1:]):
            raise ValueError(
                f"{self.name} has samples of shape {tuple(array.shape[1:])}; {_dimensions(self.shape)} was recorded"
            )
        return array.reshape(array.shape[0], self.size)


def rows(data: Sequence[Any], layouts: Sequence[Layout]) -> Sequence[Sequence[float]]:
    """N samples as N rows of floats, those of all arguments one after the other."""
    columns = [layout.rows(plain(argument)) for layout, argument in zip(layouts, data)]
    if len(columns) < 2:
        return columns[0] if columns else [()]
    return [[*chain.from_iterable(parts)] for parts in zip(*columns)]


def plain(x: Any) -> Any:
    """Arrays as lists."""
    return x.tolist() if hasattr(x, "tolist") else x


def _kinds(xs: Iterable[Any]) -> set[type]:
    return set(map(type, xs))


def _shape(x: Any, where: str) -> Shape:
    if isinstance(x, (list, tuple)):
        return tuple([_shape(part, f"{where}[{i}]") for i, part in enumerate(x)])
    try:
        number(x)
    except TypeError as error:
        raise TypeError(f"the sample {where}: {error}") from None
    return None


def _leaves(shape: Shape) -> Iterator[None]:
    if shape is None:
        yield None
    else:
        for part in shape:
            yield from _leaves(part)


def _nested(shape: Shape, numbers: Iterator[Any]) -> Any:
    return next(numbers) if shape is None else [_nested(part, numbers) for part in shape]


def _flatten(x: Any, shape: Shape, numbers: list[float], where: str) -> None:
    if shape is None:
        numbers.append(x if type(x) is float else _number(x, where))
        return
    if not isinstance(x, (list, tuple)) or len(x) != len(shape):
        found = f"{len(x)} parts" if isinstance(x, (list, tuple)) else f"{x!r:.40}"
        raise ValueError(f"{where} is {found}, where {len(shape)} parts were recorded")
    for i, (part, inside) in enumerate(zip(x, shape)):
        if type(part) is float and inside is None:
            numbers.append(part)
        else:
            _flatten(part, inside, numbers, f"{where}[{i}]")


def _number(x: Any, where: str) -> float:
    if isinstance(x, (list, tuple)):
        raise ValueError(f"{where} is {len(x)} parts, where one number was recorded")
    try:
        return number(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None


def _dimensions(shape: Shape) -> tuple[int, ...] | None:
    """The shape as arrays have it; None if its parts differ."""
    if shape is None:
        return ()
    parts = {_dimensions(part) for part in shape}
    inner = parts.pop() if parts else ()
    return None if parts or inner is None else (len(shape), *inner)
