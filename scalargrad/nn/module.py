"""Modules: anything with parameters."""

from __future__ import annotations

import copy
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar

from ..elsewhere import Elsewhere
from ..gate import LEAF
from ..value import Value
from ..views.draw import Drawing

Self = TypeVar("Self", bound="Module")

# A child may refer to its parent, and methods are called through classes of the user's own: what has been entered on
# the way is therefore remembered beside the call, not in an argument.
_entered: ContextVar[frozenset[tuple[str, int]]] = ContextVar(
    "the modules that a walk is inside of", default=frozenset()
)
_copies: ContextVar[dict[int, Any] | None] = ContextVar("the frozen copies of one call of frozen()", default=None)


class Module:
    """Anything with parameters: a neuron, a layer, a network, or a class of your own with some of these as attributes.

    Its parameters are all leaves among its attributes, and those of the modules there; also inside lists, tuples,
    deques, dicts and NumPy arrays of objects.  In a set they would have no order: this is a TypeError.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> Line().named_parameters()
    {'slope': Value(2.0), 'offset': Value(1.0)}
    """

    if not TYPE_CHECKING:
        fit = Elsewhere("nn.fit(model, X, y, ...)")
        save = Elsewhere('nn.save(model, "model.json")')
        predict = Elsewhere("model(x) for the scores of one sample, [model.frozen()(x) for x in X] for those of many")
        forward = Elsewhere("model(x)")

    def named_parameters(self) -> dict[str, Value]:
        """{name: parameter}, every parameter once, in the order of `parameters()`."""
        named: dict[Value, str] = {}
        with _entering("parameters", self) as attributes:
            for name, part in attributes:
                for path, value in _leaves(name, part):
                    named.setdefault(value, path)
        return {name: value for value, name in named.items()}

    def parameters(self) -> list[Value]:
        """All weights and biases, in a flat list: neuron by neuron, its weights and then its bias."""
        return list(self.named_parameters().values())

    def biases(self) -> list[Value]:
        """The biases: what neurons add to the sum of their weighted inputs."""
        with _entering("biases", self) as attributes:
            return [b for _, part in attributes for module in _modules(part) for b in module.biases()]

    def weights(self) -> list[Value]:
        """The parameters that are no biases; regularisation applies to these."""
        biases = set(self.biases())
        return [p for p in self.parameters() if p not in biases]

    def label_parameters(self) -> None:
        """Labels every parameter with its name, which is then what pictures and errors call it."""
        for name, p in self.named_parameters().items():
            p.label = name

    def _drawing_(self, engine: str | None = None, lang: str | None = None) -> Drawing:
        """What `draw(module)` shows."""
        from .drawing import draw_network

        return draw_network(self, engine=engine, lang=lang)

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def frozen(self: Self) -> Self:
        """A copy whose parameters are plain floats: called with numbers it gives numbers, fast, and records nothing.

        It is meant for predictions, and does not see what this module learns later.

        >>> class Double(Module):
        ...     def __init__(self):
        ...         self.two = Value(2.0)
        ...     def __call__(self, x):
        ...         return self.two * x
        >>> Double().frozen()(5.0)
        10.0
        """
        copies = _copies.get()
        if copies is None:
            token = _copies.set({})
            try:
                return Module.frozen(self)
            finally:
                _copies.reset(token)
        if id(self) not in copies:
            frozen = copies[id(self)] = copy.copy(self)
            for name, part in _attributes(self):
                setattr(frozen, name, _frozen(part))
        found: Self = copies[id(self)]
        return found


# ---- what is inside ----


def _attributes(module: Module) -> Iterator[tuple[str, Any]]:
    """The names and values of all attributes, those in `__slots__` too."""
    yield from list(vars(module).items())
    for kind in reversed(type(module).__mro__):
        for name, place in vars(kind).items():
            if isinstance(place, MemberDescriptorType) and hasattr(module, name):
                yield name, getattr(module, name)


@contextmanager
def _entering(walk: str, module: Module) -> Iterator[Iterator[tuple[str, Any]]]:
    """The attributes of a module, for a walk through its parts; none if the walk is inside of this module already."""
    inside, me = _entered.get(), (walk, id(module))
    token = _entered.set(inside | {me})
    try:
        yield iter(()) if me in inside else _attributes(module)
    finally:
        _entered.reset(token)


def _places(part: Any) -> Iterator[tuple[Any, str, Any]]:
    """(key, name, entry) for each entry of a container, the name as it is written after the container: "[0]"."""
    if isinstance(part, dict):
        yield from ((key, f"[{key!r}]", inside) for key, inside in part.items())
    elif isinstance(part, (list, tuple, deque)):
        yield from ((i, f"[{i}]", inside) for i, inside in enumerate(part))
    elif _is_array_of_objects(part):
        for index, inside in sys.modules["numpy"].ndenumerate(part):
            yield index, "".join([f"[{i}]" for i in index]), inside
    elif isinstance(part, (set, frozenset)) and any([isinstance(inside, (Value, Module)) for inside in part]):
        raise TypeError("parameters in a set have no order, and so no names: keep them in a list")


def _is_array_of_objects(part: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(part, numpy.ndarray) and part.dtype == object


def _leaves(path: str, part: Any) -> Iterator[tuple[str, Value]]:
    if isinstance(part, Value):
        if part.form is LEAF:
            yield path, part
    elif isinstance(part, Module):
        yield from ((f"{path}.{name}", value) for name, value in part.named_parameters().items())
    else:
        for _, name, inside in _places(part):
            yield from _leaves(path + name, inside)


def _modules(part: Any) -> Iterator[Module]:
    if isinstance(part, Module):
        yield part
    else:
        for _, _, inside in _places(part):
            yield from _modules(inside)


def _frozen(part: Any) -> Any:
    if isinstance(part, Value):
        return part.data
    if isinstance(part, Module):
        return part.frozen()
    entries = [(key, _frozen(inside)) for key, _, inside in _places(part)]
    if isinstance(part, tuple):
        frozen = [inside for _, inside in entries]
        return type(part)(*frozen) if hasattr(part, "_fields") else tuple(frozen)
    changed = copy.copy(part) if entries else part
    for key, inside in entries:
        changed[key] = inside
    return changed
