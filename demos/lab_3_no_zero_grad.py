"""Bug lab 3: the forgotten zero_grad().  Called twice on e = (a + b) * 1, backward leaves a.grad = 2, not 1.

Backward is right, and that leaves add up is meant: so the gradients of two losses are summed.  It is the training loop
that is wrong.  It means to take this step's gradient and takes the sum of all steps so far.

Run it:  python demos/lab_3_no_zero_grad.py
Then edit the marked line until no gate diverges, and run it again.
"""

from collections.abc import Iterator

from lab import Backward, Sent, right, side_by_side

from scalargrad import Value

RATE = 0.25


def cleared(root: Value) -> Iterator[Sent]:
    """As a training loop should: all gradients to 0, then backward."""
    root.zero_grad()
    yield from right(root)


def wrong(root: Value) -> Iterator[Sent]:
    pass  # <-- edit this line: what do the leaves hold from the step before?
    yield from right(root)


a, b = Value(2), Value(3)
s = a + b
e = s * 1

print("e = (a + b) * 1, backward called twice:\n")
seen = side_by_side([e, e], wrong, names=globals(), right=cleared)

# ---- what it does to training: descend f = w * w from w = 4 ----


def descent(backward: Backward) -> list[float]:
    """Where w is after each of ten steps."""
    w, path = Value(4), []
    for _ in range(10):
        for _ in backward(w * w):
            pass
        w.data -= RATE * w.grad
        path.append(w.data)
    return path


good, bad = descent(cleared), descent(wrong)
print(f"Descend f = w * w from w = 4 with rate {RATE}; w after each step:\n")
print("  right   " + "".join(f"{w:7.3f}" for w in good))
print("  this one" + "".join(f"{w:7.3f}" for w in bad))
print("\nThe sum of all gradients so far is a ball without friction:\nit rolls through the valley and up again.")

# ---- the numbers of this bug ----

assert seen.right == {"a": 1, "b": 1}
assert good[:3] == [2, 1, 0.5] and abs(good[-1]) < 0.01
broken = ("s = a + b", 2, [2, -1, -3.5])
assert (seen.gate, seen.wrong["a"], bad[:3]) in [broken, ("", 1, good[:3])], "neither this bug nor its repair"
