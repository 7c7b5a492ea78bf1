"""Why a gradient is zero, tiny, huge, nan, infinite or absent, in sentences that name the gate that did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..gate import Gate
from ..value import Value
from .causes import Cause, Why
from .ledger import Names, Places, Told
from .phrases import speaking


@dataclass(frozen=True, repr=False)
class Explanation(Told):
    """Why a gradient is what it is; `str` of it says so.

    value, root: the gradient is d root / d value; `name` and `root_name` are what the two are called.
    gradient: what it is, or would be after `root.backward()`; None where backward() would raise an error.
    causes: the reasons, one or more, the main one first.

    `code`, `node`, `gate` and `numbers` are those of the main cause.
    """

    value: Value
    name: str
    root: Value
    root_name: str
    gradient: float | None
    causes: tuple[Cause, ...]

    @property
    def code(self) -> str:
        return self.causes[0].code

    @property
    def node(self) -> Value:
        return self.causes[0].node

    @property
    def gate(self) -> Gate | None:
        return self.causes[0].gate

    @property
    def numbers(self) -> Mapping[str, float]:
        return self.causes[0].numbers


def explain(x: Value, root: Value, names: Names = None, lines: Places = None, lang: str = "en") -> Explanation:
    """Why the gradient of `root` by `x` is zero, tiny, huge, nan, infinite or absent, or else what made it.

    x: any value, also one that the root does not depend on.
    root: the value that is differentiated; `total([...])` makes one of several.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    lines: where gates stand in the source, as `record_lines()` gives it; by default what is being recorded.
    lang: the language of the sentences, "en" or "zh"; ValueError for another.

    It computes on the side: no `.grad` changes.  Where a gate has no finite slope, so that `backward()` would raise an
    error, it names the gate.  TypeError for an `x` or a `root` that is no value.

    >>> h = Value(-0.3, "h")
    >>> f = (2 * h).relu()
    >>> f.backward()
    >>> print(explain(h, f, names={"f": f}))
    h.grad = 0: f = relu(v1) is off: its input -0.6 is not positive, so its local gradient is 0
    """
    with speaking(lang):
        why = Why(x, root, names, lines)
        causes = why.causes()
        return Explanation(x, why.name, root, why.root_name, why.gradient, tuple(causes), sentence=why.told(causes))
