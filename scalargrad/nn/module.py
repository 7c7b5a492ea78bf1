"""Modules: anything with parameters."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeVar

from ..gate import LEAF
from ..value import Value

Self = TypeVar("Self", bound="Module")


class Module:
    """Anything with parameters: a neuron, a layer, a network, or a class of your own with some of these as attributes.

    Its parameters are all leaves among its attributes, and those of the modules there, also inside lists and dicts.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> Line().named_parameters()
    {'slope': Value(2.0), 'offset': Value(1.0)}
    """

    def named_parameters(self) -> dict[str, Value]:
        """{name: parameter}, every parameter once, in the order of `parameters()`."""
        named: dict[Value, str] = {}
        for name, part in vars(self).items():
            for path, value in _leaves(name, part):
                named.setdefault(value, path)
        return {name: value for value, name in named.items()}

    def parameters(self) -> list[Value]:
        """All weights and biases, in a flat list: neuron by neuron, its weights and then its bias."""
        return list(self.named_parameters().values())

    def biases(self) -> list[Value]:
        """The parameters that neurons add last."""
        return [b for part in vars(self).values() for module in _modules(part) for b in module.biases()]

    def weights(self) -> list[Value]:
        """The parameters that are no biases: regularisation is about these."""
        biases = set(self.biases())
        return [p for p in self.parameters() if p not in biases]

    def label_parameters(self) -> None:
        """Labels every parameter with its name, which is then what pictures and errors call it."""
        for name, p in self.named_parameters().items():
            p.label = name

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def frozen(self: Self) -> Self:
        """A copy whose parameters are plain floats: called with numbers it gives numbers, fast, and records nothing.

        It is for predictions: it does not see what this module learns later.

        >>> class Double(Module):
        ...     def __init__(self):
        ...         self.two = Value(2.0)
        ...     def __call__(self, x):
        ...         return self.two * x
        >>> Double().frozen()(5.0)
        10.0
        """
        frozen = copy.copy(self)
        for name, part in vars(self).items():
            setattr(frozen, name, _frozen(part))
        return frozen


def _leaves(path: str, part: Any) -> Iterator[tuple[str, Value]]:
    if isinstance(part, Value):
        if part.form is LEAF:
            yield path, part
    elif isinstance(part, Module):
        yield from ((f"{path}.{name}", value) for name, value in part.named_parameters().items())
    elif isinstance(part, (list, tuple, dict)):
        for key, inside in part.items() if isinstance(part, dict) else enumerate(part):
            yield from _leaves(f"{path}[{key!r}]", inside)


def _modules(part: Any) -> Iterator[Module]:
    if isinstance(part, Module):
        yield part
    elif isinstance(part, (list, tuple, dict)):
        for inside in part.values() if isinstance(part, dict) else part:
            yield from _modules(inside)


def _frozen(part: Any) -> Any:
    if isinstance(part, Value):
        return part.data
    if isinstance(part, Module):
        return part.frozen()
    if type(part) in (list, tuple):
        return type(part)(map(_frozen, part))
    return {key: _frozen(inside) for key, inside in part.items()} if type(part) is dict else part
