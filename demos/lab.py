"""The bench of the bug lab: it runs a wrong backward pass next to the right one, on the same circuit.

Both hand out what they send back, wire by wire.  The bench writes it down in two columns and marks (<--) the first
gate at which they part: that is where to look for a bug, however far off the numbers are in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from math import isclose
from typing import Any, NamedTuple

from scalargrad import Value, steps

Sent = tuple[Value, Value, float]  # a gate, one of its parents, and what the gate has just sent back to it
Backward = Callable[[Value], Iterator[Sent]]


def right(root: Value) -> Iterator[Sent]:
    """The right one: every gate, once all has arrived there, sends upstream x local gradient to each parent."""
    gates = [node for node in steps(root).order if node.gate]
    for gate in gates:
        gate.grad = 0.0  # gates begin anew at each call; leaves keep what they hold, and add up
    root.grad = 1.0
    for gate in reversed(gates):
        for parent, local in zip(gate.parents, gate.local_gradients()):
            downstream = gate.grad * local
            parent.grad += downstream
            yield gate, parent, downstream


class Seen(NamedTuple):
    """What a comparison found: the first gate that diverges ("" if none does), and the gradients of the leaves."""

    gate: str
    right: dict[str, float]
    wrong: dict[str, float]


def side_by_side(roots: Iterable[Value], wrong: Backward, names: Mapping[str, Any], right: Backward = right) -> Seen:
    """What is seen when backward is called on the roots, one after the other, the right way and the wrong way.

    Prints both ways side by side, and the first gate at which they part.
    """
    roots = list(roots)
    left, grads = _watched(right, roots, names)
    here, found = _watched(wrong, roots, names)
    width = max(len(line) for line in ["", *left, *here]) + 2
    parted = next((i for i, pair in enumerate(zip_longest(left, here)) if pair[0] != pair[1]), None)
    print(f"     {'right':{width}}this one")
    for i, (a, b) in enumerate(zip_longest(left, here, fillvalue="")):
        print(f" {i + 1:2}  {a:{width}}{b:{width - 2}}{'  <--' if i == parted else ''}".rstrip())
    if parted is None:
        print("No gate diverges.\n")
        return Seen("", grads, found)
    lines = here if parted < len(here) else left
    gate = lines[parted].partition("  ")[0]
    ends = ", ".join(f"{name}.grad = {found[name]:g}, not {g:g}" for name, g in grads.items() if found[name] != g)
    print(f"The first gate that diverges: {gate}.\nIn the end {ends or 'all is the same'}.\n")
    return Seen(gate, grads, found)


def _watched(backward: Backward, roots: list[Value], names: Mapping[str, Any]) -> tuple[list[str], dict[str, float]]:
    """A line for everything that is sent, and the gradients that the leaves end with."""
    story = steps(roots, names=names)
    formulas = {step.node: f"{step.name} = {step.formula}" for step in story if step.phase == "forward"}
    width = max(map(len, formulas.values()))
    for node in story.order:
        node.grad = 0.0
    lines = [
        f"{formulas[gate]:{width}}  sends {sent:g}: {story.names[parent]}.grad = {parent.grad:g}"
        for root in roots
        for gate, parent, sent in backward(root)
    ]
    return lines, {story.names[node]: node.grad for node in story.order if not node.gate}


# ---- the labs that ask to write ----


def first_wrong(found: Mapping[str, Any], wanted: Mapping[str, float]) -> str:
    """The name of the first of your numbers that is not as wanted; "" if all are right.

    Prints them up to there, each beside the wanted one; what is missing, or is one too many, is wrong too.
    """
    print(f"  {'':24}{'yours':>14}{'wanted':>14}")
    for name in [*wanted, *(name for name in found if name not in wanted)]:
        yours, number = found.get(name), wanted.get(name)
        right = number is not None and _is_close(yours, number)
        mark = "" if right else "  <-- first wrong number"
        print(f"  {name:24}{_shown(yours):>14}{_shown(number):>14}{mark}")
        if not right:
            return name
    print("All right.")
    return ""


def _is_close(yours: Any, number: float) -> bool:
    return isinstance(yours, (int, float)) and isclose(yours, number, rel_tol=1e-6, abs_tol=1e-8)


def _shown(x: Any) -> str:
    """A number; a dash for what is not there, or is no number."""
    return f"{x:.8g}" if isinstance(x, (int, float)) else "-"
