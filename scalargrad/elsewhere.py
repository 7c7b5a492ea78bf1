"""What is called something else here: a name from another library is an AttributeError that says what to write."""

from __future__ import annotations

from typing import NoReturn

KEPT = "; scalargrad.micrograd has a Value that knows it"
OF_VALUE = {
    "_prev": f"x.parents, a tuple in order{KEPT}",
    "_op": f"x.gate.symbol or x.gate.name{KEPT}",
    "_backward": f"x.local_gradients() for what backward() multiplies{KEPT}",
    "_children": "x.parents, a tuple in order",
    "item": "x.data",
}


class Elsewhere:
    """A name that other libraries have: asking for it says what to write here, and `hasattr` stays False.

    A descriptor for each name costs nothing; a `__getattr__` on `Value` would slow down every gate.
    """

    def __init__(self, instead: str):
        self.instead = instead

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    def __get__(self, x: object, kind: type) -> NoReturn:
        raise AttributeError(f"{kind.__name__} has no {self.name}: write {self.instead}")
