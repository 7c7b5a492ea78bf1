"""Lab 6: write the local gradients of four gates.  The judge is the numerical slope, and shows your first wrong number.

A rule is handed the gate's output z and its inputs, and returns one local gradient for each input: dz/dx, then dz/dy.
It uses arithmetic only, since the same rule is also run on values and read as a formula.  Often z itself is the
shortest way to say it.  The rules below return 0, which is a wrong answer nearly everywhere.

Run it:  python demos/lab_6_local_gradients.py
Then write the marked lines, one after the other, until all is right.
"""

import math
from collections.abc import Callable
from typing import Any

from lab import first_wrong

from scalargrad import Value, check_gradients, exp, gate, tanh


def multiply(z: Any, x: Any, y: Any) -> tuple[Any, ...]:
    """z = x * y"""
    return 0, 0  # <-- write this line: dz/dx, dz/dy


def divide(z: Any, x: Any, y: Any) -> tuple[Any, ...]:
    """z = x / y"""
    return 0, 0  # <-- write this line: dz/dx, dz/dy


def power_of_e(z: Any, x: Any) -> tuple[Any, ...]:
    """z = e ** x"""
    return (0,)  # <-- write this line: dz/dx


def hyperbolic(z: Any, x: Any) -> tuple[Any, ...]:
    """z = tanh(x), by its output alone"""
    return (0,)  # <-- write this line: dz/dx


# what each gate computes, your rule, where it is tried, and the gate that scalargrad has for it
GATES: list[tuple[Callable[..., float], Callable[..., tuple[Any, ...]], list[float], Callable[..., Value]]] = [
    (lambda x, y: x * y, multiply, [3.0, -4.0], lambda x, y: x * y),
    (lambda x, y: x / y, divide, [3.0, -4.0], lambda x, y: x / y),
    (math.exp, power_of_e, [-1.0], exp),
    (math.tanh, hyperbolic, [0.5], tanh),
]

yours, wanted, built_in, refused = {}, {}, {}, {}
for output, rule, point, ready in GATES:
    names = [f"{rule.__name__} dz/d{letter}" for letter, _ in zip("xy", point)]
    for name, slope in zip(names, check_gradients(ready, point).slopes):
        wanted[name], built_in[name] = slope.numerical, slope.backward
    try:
        slopes = check_gradients(gate(output, rule=rule, name=rule.__name__), point).slopes
    except Exception as error:  # whatever a rule of yours raises: the table has no number of it, and the reason below
        refused[rule.__name__] = f"{type(error).__name__}: {error}"
    else:
        yours |= {name: slope.backward for name, slope in zip(names, slopes)}

print("Your rules beside the numerical slopes (f(x + h) - f(x - h)) / 2h:\n")
wrong = first_wrong(yours, wanted)
todo = wrong.partition(" ")[0]
print("\n" + refused.get(todo, f"Write the rule of {todo}." if todo else "Four gates of the calculus table are yours."))

# ---- the judge itself, against the gates of scalargrad ----

assert len(wanted) == 6
assert all(abs(built_in[name] - number) < 1e-8 for name, number in wanted.items())
