"""What is called something else here: a name that a value has in another engine says what to write."""

from __future__ import annotations

from typing import NoReturn

KEPT = "; scalargrad.micrograd has a Value that knows it"
HERE = {
    "_prev": f"its inputs are x.parents, a tuple in order{KEPT}",
    "_op": f"its gate is x.gate, with a symbol and a name{KEPT}",
    "_backward": f"its local gradients are x.local_gradients(), and backward() multiplies them{KEPT}",
    "_children": "its inputs are x.parents, a tuple in order",
    "item": "its plain number is x.data",
}


class Elsewhere:
    """An attribute that is not there: asking for it is an AttributeError that says what to write instead.

    A descriptor for each name costs nothing; a `__getattr__` on the class would slow down every gate.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, value: object, owner: type) -> NoReturn:
        raise AttributeError(f"a {owner.__name__} of scalargrad has no {self.name}: {HERE[self.name]}")
