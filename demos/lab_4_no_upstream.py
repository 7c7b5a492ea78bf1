"""Bug lab 4: a relu that forgets the upstream.  f = relu(x + y) z at (-2, 5, -4) has df/dx = -4; this one says 1.

In this engine each gate has a backward of its own, and each must multiply by the upstream itself.  The one of relu
sends its local gradient alone.  As long as the upstream is 1 nobody notices.

Run it:  python demos/lab_4_no_upstream.py
Then edit the marked line until no gate diverges, and run it again.
"""

from collections.abc import Callable, Iterator

from lab import Sent, side_by_side

from scalargrad import Value, relu, steps

BACK: dict[str, Callable[..., tuple[float, ...]]] = {
    "add": lambda up, x, y: (up, up),
    "mul": lambda up, x, y: (up * y, up * x),
    "relu": lambda up, x: (1.0 if x > 0 else 0.0,),  # <-- edit this line: (upstream x local gradient,)
}


def wrong(root: Value) -> Iterator[Sent]:
    root.grad = 1.0
    for gate in reversed(steps(root).order):
        if gate.gate:
            sent = BACK[gate.gate.name](gate.grad, *[parent.data for parent in gate.parents])
            for parent, downstream in zip(gate.parents, sent):
                parent.grad += downstream
                yield gate, parent, downstream


x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
r = relu(q)
f = r * z
g = relu(x + z) * y

print("r alone, where the upstream is 1: the test that this bug passes.\n")
alone = side_by_side([r], wrong, names=globals())
print("f = relu(x + y) * z, where the upstream of relu is -4:\n")
seen = side_by_side([f], wrong, names=globals())
print("g = relu(x + z) * y, where relu is off, so that its local gradient is 0:\n")
off = side_by_side([g], wrong, names=globals())

# ---- what catches it: nudge x and look ----

h = 1e-5
below, above = (relu(n + y.data) * z.data for n in (x.data - h, x.data + h))
numerical = (above - below) / (2 * h)
print(f"The numerical slope df/dx, (f(x + h) - f(x - h)) / 2h, is {numerical:.6f}.")
print("In scalargrad a gate only says its local gradients;\n`upstream *` is written once, in backward(), for all.")

# ---- the numbers of this bug ----

assert alone.right == {"x": 1, "y": 1}
assert seen.right == {"x": -4, "y": -4, "z": 3}
assert off.right == {"x": 0, "z": 0, "y": 0}
assert abs(numerical - seen.right["x"]) < 1e-6
found = [(alone.gate, alone.wrong["x"]), (seen.gate, seen.wrong["x"]), (off.gate, off.wrong["x"])]
HINT = "neither this bug nor its repair: relu sends upstream x 1 where x is positive, and 0 elsewhere"
assert found in ([("", 1), ("r = relu(q)", 1), ("", 0)], [("", 1), ("", -4), ("", 0)]), HINT
