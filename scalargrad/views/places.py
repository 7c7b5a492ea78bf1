"""Names for values that no variable holds itself: their places in what variables hold, such as `W[0][2]` or `n.w[1]`.

What is looked into:

- lists, tuples, dicts by their keys that are text or whole numbers, NumPy arrays of objects, and the attributes of any
  other object, but for those of modules, classes, functions and what this package made;
- no attribute that begins with `_`, and not `Out`, in which a notebook keeps what its cells gave;
- variable by variable, in the order of their binding, and in each the nearer places first.  The first place of a value
  gives its name, unless that has more than 40 characters;
- the first 1000 entries of a container, ten thousand entries in a variable, a hundred thousand in all, and containers
  in containers six deep.

Nothing of the objects' own runs: no property, no `__getattr__`, no `__iter__`, and a weak proxy is not followed.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from itertools import islice
from types import BuiltinFunctionType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from ..value import Value

MAX_NAME = 40  # characters
MAX_DEPTH = 6
MAX_LENGTH = 1000  # entries of a container
MAX_PER_VARIABLE = 10_000  # entries
MAX_ENTRIES = 100_000
EMPTY = (float, int, str, bool, complex, bytes, type(None))
CLOSED = (Value, ModuleType, type, FunctionType, BuiltinFunctionType, MethodType)
PASSED_OVER = {*map(id, (*EMPTY, *CLOSED))} - {id(Value)}  # by id, since a class of classes may have a hash of its own
NOTEBOOK_OUTPUTS = "Out"
PACKAGE = __name__.partition(".")[0]

# What type(x) itself says, not what its own class, a metaclass, may make of the question.
_bases = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__


def is_value(x: Any) -> bool:
    """As `isinstance` says, but without asking the object, which may be a weak proxy of something dead."""
    return issubclass(type(x), Value)


def places_of(wanted: Collection[Value], variables: Iterable[tuple[str, Any]]) -> dict[Value, str]:
    """{value: its place} for those of the wanted values that are found in what the variables hold."""
    search = _Search(wanted)
    for variable, held in variables:
        if len(search.found) == len(wanted) or not search.left:
            break
        if id(type(held)) not in PASSED_OVER and variable != NOTEBOOK_OUTPUTS:
            search.look_into(variable, held)
    return search.found


class _Search:
    """Finds the places of some values.  What has been looked into is not looked into again: it may hold itself."""

    def __init__(self, wanted: Collection[Value]):
        self.wanted = wanted
        self.found: dict[Value, str] = {}
        self.left = MAX_ENTRIES
        self.opened: dict[int, Any] = {}  # by id; it holds them, so that no id is used twice
        self.described: dict[int, list[tuple[str, Any]]] = {}  # by the id of a class

    def look_into(self, variable: str, held: Any) -> None:
        here = min(self.left, MAX_PER_VARIABLE)
        self.left -= here
        level = [(variable, held)]
        for _ in range(MAX_DEPTH):
            deeper: list[tuple[str, Any]] = []
            for way, container in level:
                if here and id(container) not in self.opened:
                    self.opened[id(container)] = container
                    written, entries = self.entries(container, min(here, MAX_LENGTH))
                    here -= len(entries)
                    deeper += self.containers_among(way, written, entries)
            level = deeper
        self.left += here

    def containers_among(self, way: str, written: str, entries: list[tuple[Any, Any]]) -> list[tuple[str, Any]]:
        """Takes down the places of values; returns (place, entry) of all that may hold others."""
        deeper = []
        for key, entry in entries:
            if id(type(entry)) not in PASSED_OVER and len(place := way + written.format(key)) <= MAX_NAME:
                if not is_value(entry):
                    deeper.append((place, entry))
                elif entry in self.wanted:
                    self.found.setdefault(entry, place)
        return deeper

    def entries(self, x: Any, most: int) -> tuple[str, list[tuple[Any, Any]]]:
        """How an entry of `x` is written after it, as a format of its key, and (key, entry) of the first entries."""
        kind = type(x)
        if issubclass(kind, CLOSED):
            return "", []
        if issubclass(kind, (list, tuple)):
            entries = tuple.__iter__(x) if issubclass(kind, tuple) else list.__iter__(x)
            return "[{}]", list(enumerate(islice(entries, most)))
        if issubclass(kind, dict):
            pairs = list(islice(dict.items(x), most))
            return "[{!r}]", [(key, entry) for key, entry in pairs if type(key) is str or type(key) is int]
        numpy: Any = sys.modules.get("numpy")
        if kind is getattr(numpy, "ndarray", None):
            pairs = list(islice(numpy.ndenumerate(x), most)) if x.dtype.kind == "O" and x.ndim else []
            return "[{}]", [("][".join(map(str, index)), entry) for index, entry in pairs]
        return ".{}", self.attributes(x, most)

    def attributes(self, x: Any, most: int) -> list[tuple[str, Any]]:
        """The names and values of attributes that are stored in the object: in its `__dict__`, or in slots."""
        pairs: list[tuple[Any, Any]] = []
        for name, descriptor in self.descriptors(type(x)):
            try:
                stored = descriptor.__get__(x)
            except Exception:  # an empty slot; what is written in C may raise anything
                continue
            if name != "__dict__":
                pairs.append((name, stored))
            elif issubclass(type(stored), dict):
                pairs += islice(dict.items(stored), most)
        return [pair for pair in pairs[:most] if type(pair[0]) is str and pair[0].isidentifier() and pair[0][0] != "_"]

    def descriptors(self, kind: type) -> list[tuple[str, Any]]:
        """What hands out the attributes that an object of this kind stores: names, and `__dict__` for all in there."""
        if id(kind) not in self.described:
            module = _namespace(kind).get("__module__")
            made_by_us = type(module) is str and module.partition(".")[0] == PACKAGE
            self.described[id(kind)] = [
                (name, place)
                for base in (() if made_by_us else _bases(kind))
                for name, place in list(_namespace(base).items())
                if name == "__dict__"
                and issubclass(type(place), GetSetDescriptorType)
                or issubclass(type(place), MemberDescriptorType)
            ]
        return self.described[id(kind)]
