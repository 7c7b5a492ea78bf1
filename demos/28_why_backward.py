"""Why backward: four ways to the same gradients, on one circuit, and what each costs.

The chain rule says what to multiply, not in which order.  Numerical slopes run the circuit again for every input;
following every path takes as many products as there are paths; forward mode starts at one input and carries its slope
to the output; reverse mode starts at the output and reaches all inputs at once.  Each gate works with its own numbers
alone, so none of this needs a plan of the whole: gates at the same depth could even work at the same time.

Run it:  python demos/28_why_backward.py

Source: CS231n, lecture 4; Olah, "Calculus on Computational Graphs: Backpropagation", from which the circuit is.
"""

from collections.abc import Callable
from math import isclose

from scalargrad import Value, nn, paths, steps

# ---- one circuit, four ways: e = (a + b) (b + 1) at a = 2, b = 1 ----


def forward_mode(outputs: list[Value], x: Value) -> tuple[list[float], int]:
    """(d each output / dx, multiplications): the slope of every node by x, from x on; one pass for each input."""
    slopes, multiplications = {x: 1.0}, 0
    for node in steps(outputs, names={}).order:
        for parent, local in zip(node.parents, node.local_gradients()):
            if parent in slopes:  # the others do not depend on x
                slopes[node] = slopes.get(node, 0.0) + local * slopes[parent]
                multiplications += 1
    return [slopes[output] for output in outputs], multiplications


def reverse_mode(output: Value, inputs: list[Value]) -> tuple[list[float], int]:
    """(d output / d each input, multiplications): one backward pass, which multiplies once for each wire."""
    output.zero_grad()
    output.backward()
    return [x.grad for x in inputs], sum(len(node.parents) for node in steps(output, names={}).order)


def numerical(compute: Callable[[], Value], x: Value, h: float = 1e-5) -> float:
    """The slope by one leaf, in two evaluations of what `compute` makes of the leaves."""
    at, found = x.data, []
    for x.data in (at - h, at + h):
        found.append(compute().data)
    x.data = at
    return (found[1] - found[0]) / (2 * h)


a, b = Value(2), Value(1)
c = a + b
d = b + 1
e = c * d
reverse, _ = reverse_mode(e, [a, b])
by_paths = [paths(a, e), paths(b, e)]
ways = {
    "numerical, two evaluations for each input": [numerical(lambda: (a + b) * (b + 1), x) for x in (a, b)],
    "all paths, added up": [sum(path.product for path in found.paths) for found in by_paths],
    "forward mode, one pass for each input": [forward_mode([e], x)[0][0] for x in (a, b)],
    "reverse mode, one pass": reverse,
}
print(f"e = (a + b) (b + 1) at a = 2, b = 1 is {e:g}\n\n{'':48}de/da   de/db")
for way, (da, db) in ways.items():
    print(f"  {way:44}{da:7.4g}{db:8.4g}")
print(f"\n{by_paths[1]}")

# ---- a network of 41 parameters ----

x = [0.5, -1.0, 2.0]
net = nn.MLP(3, [4, 4, 1], "sigmoid", seed=1)
score = net(x)
parameters = net.parameters()
by_reverse, once = reverse_mode(score, parameters)
passes = [forward_mode([score], p) for p in parameters]
carried = sum(multiplications for _, multiplications in passes)
P = len(parameters)
print(f"\nA network 3 -> 4 -> 4 -> 1 with {P} parameters:\n")
print(f"  reverse mode   {once:6,} multiplications, one for each wire")
print(f"  forward mode   {P * once:6,} = {P} passes over {once} wires ({carried:,} if it skips zeros)")
print(f"  numerical      {2 * P:6,} evaluations of the whole network")

# ---- twenty forks in a row ----

leaf = node = Value(1, "x")
for _ in range(20):
    node = node + node
found = paths(leaf, node, limit=0)
reverse, wires = reverse_mode(node, [leaf])
print(f"\nTwenty times x = x + x: {found.count:,} paths lead back to x; backward takes {wires} wires.")

# ---- where forward mode wins: one input, many outputs ----

t = Value(0.7)
curve = nn.MLP(1, [8, 8, 10], "tanh", seed=1).frozen()  # its weights are plain numbers: the one input is t
points = curve([t])
forward, over_wires = forward_mode(points, t)
backward = [reverse_mode(point, [t]) for point in points]
ten_times = sum(multiplications for _, multiplications in backward)
print("\nA network 1 -> 8 -> 8 -> 10, its ten outputs by its one input: forward mode")
print(f"takes {over_wires} multiplications in one pass, reverse mode {ten_times} in ten passes.  A loss")
print("is one output of many inputs: that is why training goes backward.")

# ---- equal, whichever way; and the counts ----

assert e.data == 6 and all(isclose(da, 2) and isclose(db, 5) for da, db in map(tuple, ways.values()))
assert [found.count for found in by_paths] == [1, 2] and [p.product for p in by_paths[1].paths] == [3, 2]
assert (P, once, P * once, 2 * P) == (41, 69, 2829, 82)
assert all(isclose(slope, g, rel_tol=1e-13) for ([slope], _), g in zip(passes, by_reverse, strict=True))
assert all(isclose(numerical(lambda: net(x), p), g, abs_tol=1e-9) for p, g in zip(parameters, by_reverse))
assert (found.count, wires, reverse) == (2**20, 40, [2**20])
assert over_wires == 8 + 8 + 64 + 8 + 80 and ten_times == 10 * (8 + 8 + 64 + 8 + 8)
assert all(isclose(slope, grad, rel_tol=1e-12) for slope, ([grad], _) in zip(forward, backward))
