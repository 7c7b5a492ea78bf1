"""Patterns in the backward flow of lecture 4: add distributes, max routes, mul switches its inputs, a fork adds up.

First each pattern alone, on a gate of two inputs and with an upstream gradient of its own; then all of them in the
circuit of the notes, f = 2 (x y + max(z, w)) at x = 3, y = -4, z = 2, w = -1.

Run it:  python demos/04_gate_patterns.py

Source: CS231n, lecture 4 and Backpropagation, Intuitions, "Patterns in backward flow".
"""

from scalargrad import Value, explain, maximum, tree

# ---- each pattern alone ----


def alone(pattern: str, gate: str, out: Value, upstream: float, *leaves: Value) -> tuple[float, ...]:
    """The gradients of the leaves, after printing the line of one gate."""
    out.backward(upstream)
    grads = tuple(leaf.grad for leaf in leaves)
    inputs, downstream = (", ".join(f"{n:g}" for n in numbers) for numbers in ([v.data for v in leaves], grads))
    print(f"  {pattern:29}{gate:12}{inputs:>6} -> {out.data:<4g}{upstream:>10g} -> {downstream}")
    return grads


a, b = Value(3), Value(4)
c, d = Value(2), Value(3)
g, h = Value(4), Value(5)
t, u = Value(5), Value(5)
k = Value(7)

print(f"{'':43}{'forward':<13}upstream -> gradients")
added = alone("add   distributes", "a + b", a + b, 2, a, b)
multiplied = alone("mul   switches its inputs", "c * d", c * d, 5, c, d)
routed = alone("max   routes", "max(g, h)", maximum(g, h), 9, g, h)
shared = alone("      and shares a tie", "max(t, u)", maximum(t, u), 9, t, u)
forked = alone("fork  adds up", "4 k + 2 k", 4 * k + 2 * k, 1, k)
print("        (upstream 4 arrives over one wire of the fork k, and 2 over the other)")

# ---- a tie: why half each ----

step = 0.001
above, below = (maximum(5 + moved, 5) for moved in (step, -step))
centred = (above - below) / (2 * step)
print(f"""
At a tie neither input has won.  If t grows, so does max(t, u); if it shrinks,
max(t, u) stays.  So the slope is 1 on one side and 0 on the other; half is the
mean, as a centred difference says: (max(5 + h, 5) - max(5 - h, 5)) / 2h = {centred:g}.""")

# ---- all together: the circuit of the notes ----

x, y, z, w = Value(3), Value(-4), Value(2), Value(-1)
xy = x * y
m = maximum(z, w)
s = xy + m
f = 2 * s
f.backward()

print("\nf = 2 (x y + max(z, w)), each gate above its inputs:\n")
print(tree(f))
print(f"\n  2 * s       switches, with a plain number too: s gets 2 * upstream = {s.grad:g}")
print(f"  xy + m      distributes: xy gets {xy.grad:g} and m gets {m.grad:g}, whatever their data are")
print(f"  max(z, w)   routes all to the winner: z gets {z.grad:g}, w gets {w.grad:g}")
print(f"  x * y       switches: x gets 2 * y = {x.grad:g}, y gets 2 * x = {y.grad:g}")
print(f"\nWhy does w get nothing?\n{str(explain(w, f)).partition(': ')[2]}")

# ---- the numbers of the slides ----

assert added == (2, 2)
assert multiplied == (15, 10)
assert routed == (0, 9)
assert shared == (4.5, 4.5) and abs(9 * centred - shared[0]) < 1e-9
assert forked == (6,)
assert f.data == -20
assert (x.grad, y.grad, z.grad, w.grad) == (-8, 6, 2, 0)
assert [node.gate.pattern for node in (s, m, xy) if node.gate] == ["distributes", "routes", "switches"]
