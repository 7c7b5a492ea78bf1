"""Bug lab 1: `=` where `+=` belongs.  f = x * x + x at x = 3 has the slope 2 x + 1 = 7; this one says 3.

A value that is used more than once is a fork: over each of its wires a part of the gradient arrives, and the parts add
up.  With `=` a part that arrives replaces those before it.

Run it:  python demos/lab_1_overwrite.py
Then edit the marked line until no gate diverges, and run it again.
"""

from collections.abc import Iterator

from lab import Sent, side_by_side

from scalargrad import Value, steps


def wrong(root: Value) -> Iterator[Sent]:
    root.grad = 1.0
    for gate in reversed(steps(root).order):
        for parent, local in zip(gate.parents, gate.local_gradients()):
            downstream = gate.grad * local
            parent.grad = downstream  # <-- edit this line: what has arrived before?
            yield gate, parent, downstream


x = Value(3)
v = x * x
f = v + x

print("f = x * x + x at x = 3: three wires leave the fork x, and bring back 1, 3 and 3.\n")
seen = side_by_side([f], wrong, names=globals())

# ---- the wrong number is an accident: another way through the circuit ends with another one ----


def overwrite(node: Value) -> None:
    """WRONG too: the last wire that it goes is another one."""
    for parent, local in zip(node.parents, node.local_gradients()):
        parent.grad = node.grad * local
        overwrite(parent)


f.grad = 1.0
overwrite(f)
print("What `=` leaves in x.grad is what arrived last:")
print(f"  gate by gate from the root, as above     {seen.wrong['x']:g}")
print(f"  each wire at once down to its leaf       {x.grad:g}")
print(f"  the truth, 1 + 3 + 3                     {seen.right['x']:g}")

# ---- the numbers of this bug ----

assert seen.right["x"] == 7
assert x.grad == 1
assert (seen.gate, seen.wrong["x"]) in [("v = x * x", 3), ("", 7)], "neither this bug nor its repair"
