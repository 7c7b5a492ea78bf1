"""Cache the forward pass: backward uses the numbers that the gates saw then, not those of now.

A mul gate needs both of its inputs again on the way back, so a gate keeps what it was given: the lecture's "cache the
forward pass variables".  Change an input afterwards, and backward still tells the gradient at the old place.  That is
right, and it is a trap: a training loop whose forward pass stands in front of the loop has the same loss for ever.

Run it:  python demos/23_cache.py

Source: CS231n, Backpropagation, Intuitions, "Cache forward pass variables"; lecture 4, the gate with forward/backward.
"""

from scalargrad import Value, steps

# ---- a change after the forward pass ----

x, y, z = Value(-2), Value(5), Value(-4)
q = x + y
f = q * z  # the gate keeps q = 3 and z = -4 as they are now
z.data = 10
f.backward()
late = {"q": q.grad, "x": x.grad, "z": z.grad}
kept = steps(f)[2].local_gradient

print("f = (x + y) z at -2, 5, -4; after the forward pass z.data = 10; then backward:")
print(f"  df/dq = {kept:g}, the z that the gate saw, not {z.data:g}; so q.grad = x.grad = {x.grad:g}")
print(f"  f is still {f.data:g}: nobody has computed it again\n")

f.zero_grad()
q = x + y
f = q * z  # forward again: a new graph, with the numbers of now
f.backward()
print("The forward pass again, and backward on what it gives:")
print(f"  f = {f.data:g}, q.grad = x.grad = {x.grad:g}, z.grad = {z.grad:g}\n")

# ---- the trap: (w x - y)^2 at w = 0, x = 1, y = 3; the best w is 3 ----

RATE, STEPS = 0.1, 12


def forward(w: Value) -> Value:
    return (w * 1.0 - 3.0) ** 2


def forward_outside() -> list[tuple[float, float]]:
    """(loss, w) before each step, WRONG: one graph, made where w was 0, and differentiated again and again."""
    w, seen = Value(0.0), []
    loss = forward(w)
    for _ in range(STEPS):
        seen.append((loss.data, w.data))
        loss.zero_grad()
        loss.backward()
        w.data -= RATE * w.grad
    return seen


def forward_inside() -> list[tuple[float, float]]:
    """(loss, w) before each step, right: every step has a graph of its own."""
    w, seen = Value(0.0), []
    for _ in range(STEPS):
        loss = forward(w)
        seen.append((loss.data, w.data))
        loss.zero_grad()
        loss.backward()
        w.data -= RATE * w.grad
    return seen


outside, inside = forward_outside(), forward_inside()
print("Descend (w x - y)^2 from w = 0, with x = 1, y = 3, rate 0.1:\n")
print(f"{'':12}forward outside the loop        forward inside the loop")
print(f"{'step':>6}  {'loss':>12}{'w':>12}{'':8}{'loss':>12}{'w':>12}")
for n, ((stuck, runs), (falls, comes)) in enumerate(zip(outside, inside)):
    print(f"{n:6}  {stuck:12.4f}{runs:12.4f}{'':8}{falls:12.4f}{comes:12.4f}")
print("\nOutside, the loss is 9.0 for ever and its gradient -6 for ever, so w marches")
print("past 3 and never stops.  A loss that never changes is the sign of this bug.")

# ---- the numbers, by hand ----

assert late == {"q": -4, "x": -4, "z": 3} and kept == -4
assert (f.data, q.grad, x.grad, z.grad) == (30, 10, 10, 3)
assert {loss for loss, _ in outside} == {9.0}
for n, (_, w) in enumerate(outside):
    assert abs(w - 0.6 * n) < 1e-12  # each step is 0.1 times 6
for n, (loss, w) in enumerate(inside):  # the distance to 3 shrinks by 1 - 2 * 0.1
    assert abs(w - (3 - 3 * 0.8**n)) < 1e-12 and abs(loss - 9 * 0.64**n) < 1e-12
