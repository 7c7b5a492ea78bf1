"""Bug lab 5: stale gradients.  Called twice on e = (a + b) * 1, this backward leaves a.grad = 3; twice 1 is 2.

Leaves add up over several calls, and should.  The gates between must not: what a gate still holds from the call before
has been passed on already, and this one passes it on again.  The same happens where two roots share a gate.

Run it:  python demos/lab_5_stale.py
Then edit the marked line until no gate diverges, and run it again.
"""

from collections.abc import Iterable, Iterator

from lab import Sent, side_by_side

from scalargrad import Value, steps


def stale(order: list[Value]) -> Iterable[Value]:
    """The nodes whose gradient is left from the call before, and must not be counted again."""
    return []  # <-- edit this line: leaves, gates, or both?


def wrong(root: Value) -> Iterator[Sent]:
    order = steps(root).order
    for node in stale(order):
        node.grad = 0.0
    root.grad = 1.0
    for gate in reversed(order):
        for parent, local in zip(gate.parents, gate.local_gradients()):
            downstream = gate.grad * local
            parent.grad += downstream
            yield gate, parent, downstream


a, b = Value(2), Value(3)
s = a + b
e = s * 1

print("e = (a + b) * 1, backward called twice:\n")
twice = side_by_side([e, e], wrong, names=globals())

x = Value(2)
h = x * x
y1, y2 = 3 * h, 5 * h

print("h = x * x at x = 2; backward on y1 = 3 h, then on y2 = 5 h: 12 + 20 = 32.\n")
shared = side_by_side([y1, y2], wrong, names=globals())

# ---- the numbers of this bug ----

assert twice.right == {"a": 2, "b": 2}
assert shared.right == {"x": 32}
HINT = "neither this bug nor its repair: leaves must add up over the calls, gates must not"
assert (twice.gate, twice.wrong["a"]) in [("e = s * 1", 3), ("", 2)], HINT
assert (shared.gate, shared.wrong["x"]) in [("y2 = 5 * h", 44), ("", 32)], HINT
