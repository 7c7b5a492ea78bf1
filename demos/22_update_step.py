"""One update step: what the gradients are for, on f = (x + y) z and on the sigmoid neuron.

Backpropagation and gradient descent are two things.  Backpropagation computes the gradients and moves nothing; descent
takes them, whoever has computed them, and moves every number a little against its gradient.  If x moves by dx, f
changes by about df/dx * dx; so with dx = -rate * df/dx for all inputs, f falls by about rate * |gradient|^2.

Run it:  python demos/22_update_step.py

Source: CS231n, Optimization, "Following the gradient"; Backpropagation, Intuitions.
"""

from collections.abc import Callable
from math import isclose

from scalargrad import Value, dot, nudge, sigmoid

# ---- what one gradient says: its sign, its size, and why it all starts with 1 ----

x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
f = q * z
f.backward()

print("f = (x + y) z at x = -2, y = 5, z = -4 has the gradients -4, -4, 3.\n")
nudges = {"x": nudge(x, f), "z": nudge(z, f), "f": nudge(f, f)}
print("A negative gradient: f falls as x grows.", nudges["x"], sep="\n")
print("\nA positive gradient: f grows with z.", nudges["z"], sep="\n")
print("\nf as a function of itself: df/df = 1, which backward() starts with.", nudges["f"], sep="\n")

# ---- one step, predicted and real ----


def circuit(x: Value, y: Value, z: Value) -> Value:
    return (x + y) * z


def neuron(w0: Value, w1: Value, w2: Value) -> Value:
    """The sigmoid neuron as a function of its weights; its inputs are data, and data do not move."""
    return sigmoid(dot([w0, w1], [-1, -2], w2))


def step(function: Callable[..., Value], leaves: list[Value], rate: float) -> tuple[float, float, float]:
    """(f before, f after, the change that the gradients predict) of one step, by which the leaves move."""
    f = function(*leaves)
    f.zero_grad()
    f.backward()  # backpropagation: the gradients
    for leaf in leaves:
        leaf.data -= rate * leaf.grad  # descent: the step
    return f.data, function(*leaves).data, -rate * sum(leaf.grad**2 for leaf in leaves)


CASES = [("(x + y) z", circuit, (-2, 5, -4)), ("neuron", neuron, (2, -3, -3))]
print("\nOne step against the gradient, from the start:\n")
print(f"  {'f':12}{'rate':>7}{'before':>11}{'after':>11}{'change':>11}{'predicted':>12}{'off by':>9}")
seen = {}
for name, function, start in CASES:
    for rate in (0.1, 0.01, 0.001):
        before, after, predicted = seen[name, rate] = step(function, list(map(Value, start)), rate)
        off = abs(predicted / (after - before) - 1)
        print(f"  {name:12}{rate:7g}{before:11.6f}{after:11.6f}{after - before:11.6f}{predicted:12.6f}{off:9.2%}")
print("\nThe prediction is a straight line: the smaller the step, the better it is.")

# ---- ten steps more ----

print("\nTen steps more, with rate 0.1, each with gradients of its own:\n")
walks = {}
for name, function, start in CASES:
    leaves = list(map(Value, start))
    walks[name] = [step(function, leaves, 0.1)[1] for _ in range(11)]
    numbers = [f"{f:10.4f}" for f in walks[name]]
    print(f"  {name:10}" + "".join(numbers[:6]) + f"\n  {'':10}" + "".join(numbers[6:]))
    print(f"  {'':10}in the end at " + ", ".join(f"{leaf.data:.4f}" for leaf in leaves) + "\n")
print("(x + y) z has no lowest point, it falls faster and faster.  The neuron cannot")
print("go below 0, and the nearer it comes the less gradient it has.")
print("To raise f, move with the gradient instead of against it: `+=` for `-=`.")

# ---- the numbers of the lecture, and one step worked out by hand ----

assert (x.grad, y.grad, z.grad, f.grad) == (-4, -4, 3, 1)
assert [n.gradient for n in nudges.values()] == [-4, 3, 1]
assert all(isclose(n.actual, 0.01 * n.gradient, rel_tol=1e-12) for n in nudges.values())
before, after, predicted = seen["(x + y) z", 0.01]
assert isclose(predicted, -0.01 * (16 + 16 + 9)) and isclose(after, (-1.96 + 5.04) * -4.03)
p = 0.7310585786300049  # the neuron's output; its gradients are p (1 - p) times -1, -2, 1, their squares sum to 6
assert isclose(seen["neuron", 0.1][2], -0.1 * 6 * (p * (1 - p)) ** 2)
for (name, rate), (before, after, predicted) in seen.items():
    assert abs(predicted / (after - before) - 1) < 2 * rate, name
assert all(later < earlier for walk in walks.values() for earlier, later in zip(walk, walk[1:]))
