"""Lab 8: a wrong sigmoid that passes its own test.  Check against numbers, not against yourself.

The local gradient of a sigmoid is s (1 - s), s being its output.  Here somebody has taken that of tanh, 1 - s s, and
has tested it with the formula that they believe in: so it is tested that two copies are alike.  A neuron made of it
even learns, and faster, since its gradients have the right sign and are too large.  Only the numerical slope, which
knows no formula, says no.

Run it:  python demos/lab_8_own_test.py
Then edit the marked line until the numerical slopes agree, and run it again.
"""

import math
from typing import Any

from lab import first_wrong

from scalargrad import Value, check_gradients, gate, sigmoid


def output(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def rule(z: Any, x: Any) -> tuple[Any, ...]:
    return (1 - z * z,)  # <-- edit this line: z is the output, x the input


my_sigmoid = gate(output, rule=rule, name="my_sigmoid")


def own_test() -> bool:
    """WRONG: it asks the formula whether the formula is right."""
    x = Value(2.0)
    s = my_sigmoid(x)
    s.backward()
    return x.grad == 1 - s.data * s.data


# ---- three judges ----

POINTS = (-2.0, -0.5, 0.0, 1.0, 2.0)
print(f"its own test: {'passes' if own_test() else 'fails'}\n")

yours, numerical = {}, {}
for point in POINTS:
    [slope] = check_gradients(my_sigmoid, [point]).slopes
    yours[f"slope at {point:g}"], numerical[f"slope at {point:g}"] = slope.backward, slope.numerical
print("the numerical slope:\n")
wrong = first_wrong(yours, numerical)

report = check_gradients(lambda w, b: 3 * my_sigmoid(2 * w + b), [0.5, -2.0])
print(f"\nin a circuit, 3 my_sigmoid(2 w + b):\n\n{report}")


# ---- does it learn?  A neuron that should say 0.9 ----

STEPS = (0, 1, 5, 50)


def loss_after(activation: Any, steps: int) -> float:
    """Infinity where the steps lead out of all that floats can hold, as a very wrong rule does."""
    w, b = Value(-0.5), Value(0.25)
    try:
        for _ in range(steps):
            loss = (activation(2 * w + b) - 0.9) ** 2
            loss.zero_grad()
            loss.backward()
            for p in (w, b):
                p.data -= 0.5 * p.grad
        return (activation(2 * w + b) - 0.9).data ** 2
    except OverflowError:
        return math.inf


print(f"\n{'loss of a neuron after':24}" + "".join(f"{n:>9}" for n in STEPS) + "  steps")
curves = {}
for name, activation in (("sigmoid", sigmoid), ("my_sigmoid", my_sigmoid)):
    curves[name] = [loss_after(activation, n) for n in STEPS]
    print(f"  {name:22}" + "".join(f"{loss:9.5f}" for loss in curves[name]))
learnt = {name: losses[-1] < losses[0] for name, losses in curves.items()}
if learnt["my_sigmoid"]:
    print("A loss that falls does not show that the gradient is right.")

# ---- the right slopes, and what became of the rule ----

assert all(math.isclose(numerical[f"slope at {x:g}"], output(x) * (1 - output(x)), rel_tol=1e-8) for x in POINTS)
assert math.isclose(sigmoid(Value(-1.0)).local_gradients()[0], 0.19661193324148185, rel_tol=1e-14)
assert learnt["sigmoid"] and (learnt["my_sigmoid"] or wrong)
assert bool(report) == (not wrong)
assert wrong or not own_test(), "one test is right: not the one that has the formula in it"
