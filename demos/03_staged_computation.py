"""Staged computation, from the notes: f = (x + s(y)) / (s(x) + (x + y)^2) at (3, -4), s being the sigmoid.

Nobody wants to differentiate this by hand.  The notes do not: they write it as eight lines, each so simple that its
local gradient is known, then write the backward pass line by line from the last to the first.  Below stand those
hand-written lines on plain floats, and next to them the graph, which finds the backward lines by itself.

Run it:  python demos/03_staged_computation.py

Source: CS231n, Backpropagation, Intuitions, "Backprop in practice: Staged computation".
"""

import inspect
import math
from math import isclose

from scalargrad import Value, page, sigmoid, steps


def by_hand(x: float, y: float) -> dict[str, float]:
    """The course's lines, forward and backward: every name with its number."""
    # fmt: off
    sigy = 1.0 / (1 + math.exp(-y))         # (1)
    num = x + sigy                          # (2)
    sigx = 1.0 / (1 + math.exp(-x))         # (3)
    xpy = x + y                             # (4)
    xpysqr = xpy**2                         # (5)
    den = sigx + xpysqr                     # (6)
    invden = 1.0 / den                      # (7)
    f = num * invden                        # (8) done; now backward

    dnum = invden                           # (8)
    dinvden = num                           # (8)
    dden = (-1.0 / (den**2)) * dinvden      # (7)
    dsigx = (1) * dden                      # (6)
    dxpysqr = (1) * dden                    # (6)
    dxpy = (2 * xpy) * dxpysqr              # (5)
    dx = (1) * dxpy                         # (4)
    dy = (1) * dxpy                         # (4)
    dx += ((1 - sigx) * sigx) * dsigx       # (3) += since x is a fork
    dx += (1) * dnum                        # (2)
    dsigy = (1) * dnum                      # (2)
    dy += ((1 - sigy) * sigy) * dsigy       # (1)
    # fmt: on
    return locals()


hand = by_hand(3.0, -4.0)

x, y = Value(3), Value(-4)
sigy = sigmoid(y)
num = x + sigy
sigx = sigmoid(x)
xpy = x + y
xpysqr = xpy**2
den = sigx + xpysqr
invden = 1 / den
f = num * invden
story = steps(f)

print(f"{'forward':38}{'the graph':>13}{'by hand':>15}")
for step in story:
    if step.phase == "forward":
        print(f"  {step.name + ' = ' + step.formula:36}{step.output:13.8f}{hand[step.name]:15.8f}")

print(f"\n{'backward':38}{'the graph':>13}{'by hand':>15}")
for step in story:
    if step.parent is not None:
        line = f"d{step.parent_name} {'+=' if step.adds_up else '='} ({step.local_formula or 1}) * d{step.name}"
        complete = step.running_total == story.gradients[step.parent]
        by_then = f"{hand[f'd{step.parent_name}']:15.8f}" if complete else f"{'more to come':>15}"
        print(f"  {line:36}{step.running_total:13.8f}{by_then}")

# ---- the same, to step through: each line of the course lights up with its gate ----

print(f"\npage(f, code=...), with the lines of the course:\n{page(f, code=inspect.getsource(by_hand))!r}")

# ---- the numbers of the notes ----

f.backward()
assert isclose(f.data, 1.5456448841066441, rel_tol=1e-14)
assert isclose(x.grad, 2.0595697955721649, rel_tol=1e-14)
assert isclose(y.grad, 1.5922327514838093, rel_tol=1e-14)
assert [round(n.grad, 8) for n in (num, invden)] == [0.51214445, 3.01798621]
assert [round(n.grad, 8) for n in (den, sigx, xpysqr)] == [-0.79159345] * 3
for node, name in story.names.items():
    assert isclose(node.data, hand[name], rel_tol=1e-14), name
    assert isclose(node.grad, hand.get("d" + name, 1.0), rel_tol=1e-14), name
