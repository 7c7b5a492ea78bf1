"""Lab 9: the forward pass outside of the loop.  Every step descends on the gradient of the first numbers.

A circuit remembers the numbers of its forward pass, and backward works on these, whatever the leaves hold by then.  So
the loss has to be computed anew in every step.  Computed once, above the loop, it gives the same gradient for ever:
w = 8 has a slope of 10 towards the minimum at 3, and w runs past it and away.  Every view of such a circuit tells:
`w = 8, now ...`.

Run it:  python demos/lab_9_forward_once.py
Then edit the marked line until w gets to 3, and run it again.
"""

from lab import first_wrong

from scalargrad import Value, tree

RATE, STEPS = 0.25, 5


def f(w: Value) -> Value:
    d = w - 3
    return d * d


w = Value(8.0, "w")
loss = f(w)
loss.label = "loss"
yours, gradients = {}, []
for step in range(1, STEPS + 1):
    pass  # <-- edit this line: whose numbers does the loss know?
    loss.label = "loss"
    w.zero_grad()
    loss.backward()
    gradients.append(w.grad)
    w.data -= RATE * w.grad
    yours[f"w after step {step}"] = w.data

# Half of the way to 3 in each step, since w - 0.25 * 2 (w - 3) = (w + 3) / 2.
wanted = {f"w after step {step}": 3 + 5 / 2**step for step in range(1, STEPS + 1)}
print(f"Descend (w - 3)**2 from w = 8 with rate {RATE}:\n")
wrong = first_wrong(yours, wanted)
print("\ngradients:  " + "".join(f"{gradient:8.4f}" for gradient in gradients))

print("\nthe circuit, after the last step:\n")
print(tree(loss))

# ---- the numbers of this bug ----

once = [10.0] * STEPS  # 2 (8 - 3), each time
anew = [2 * 5 / 2**step for step in range(STEPS)]
HINT = "neither this bug nor its repair: compute the loss of this step's w"
assert gradients == (once if wrong else anew), HINT
assert (yours["w after step 5"] == 8 - 5 * 2.5) == bool(wrong), HINT
then = 8 if wrong else 3 + 5 / 2 ** (STEPS - 1)
assert f"w = {then:g}, now {w.data:g}" in tree(loss).replace("\n", " "), HINT
