"""The softmax loss of lecture 3: scores, probabilities, -log of the right one; its gradient: p - 1 for the right class.

The cat of the slides has the scores 3.2 (cat), 5.1 (car), -1.7 (frog).  Three ways to its loss: gate by gate as on the
slide; then the stable way, with the largest score taken out; then `nn.softmax_loss`.  The gradient is the same.

Run it:  python demos/13_softmax_loss.py

Source: CS231n, lecture 3, "Softmax classifier".
"""

import textwrap
from math import isclose, log

from scalargrad import Value, exp, log as log_gate, nn, total

CLASSES, SCORES, RIGHT = ["cat", "car", "frog"], (3.2, 5.1, -1.7), 0

# ---- gate by gate, as on the slide ----

s = [Value(n, name) for name, n in zip(CLASSES, SCORES)]
powers = [exp(score) for score in s]
Z = total(powers)
p = [power / Z for power in powers]
loss = -log_gate(p[RIGHT])
loss.backward()

print(f"{'':6}{'score':>8}{'e**score':>10}{'p':>8}    dloss/dscore")
for j, name in enumerate(CLASSES):
    says = "p - 1, push up" if j == RIGHT else "p, push down"
    print(f"{name:6}{s[j]:8.1f}{powers[j]:10.2f}{p[j]:8.2f}    {s[j].grad:8.4f} = {says}")
print(f"\nloss = -log({p[RIGHT]:.2f}) = {loss:.4f};\nat first, all three alike, it should be log 3 = {log(3):.4f}")

# ---- as one loss, where powers would overflow ----

t = [Value(n) for n in SCORES]
stable = nn.softmax_loss([t], [RIGHT])
stable.backward()
far = [Value(1000 * n) for n in SCORES]
far_loss = nn.softmax_loss([far], [RIGHT])
far_loss.backward()
try:
    exp(far[1])
except OverflowError as error:
    print("\nA thousand times these scores, e**score:", textwrap.fill(str(error), 79), sep="\n")
print(f"nn.softmax_loss takes the largest score out first:\nloss {far_loss:g}, gradients {[v.grad for v in far]}")

# ---- it is never content: the SVM is, at a margin of 1 ----

print(f"\n{'cat ahead by':>14}{'softmax loss':>16}{'its gradient':>16}{'SVM loss':>12}{'its gradient':>16}")
ahead: dict[float, list[float]] = {}
for lead in (-2, 0, 1, 2, 5, 10):
    ahead[lead] = []
    for name in ("softmax", "svm"):
        cat, car = Value(lead), Value(0)
        both = nn.LOSSES[name]([[cat, car]], [0])
        both.backward()
        ahead[lead] += [both.data, cat.grad]
    print("{:14}{:16.6f}{:16.6f}{:12g}{:16g}".format(lead, *ahead[lead]))

# ---- the numbers of the slide ----

assert [round(power.data, 1) for power in powers] == [24.5, 164.0, 0.2]
assert [round(share.data, 2) for share in p] == [0.13, 0.87, 0.0] and round(loss.data, 2) == 2.04
assert isclose(loss.data, stable.data, rel_tol=1e-14)
for j in range(3):
    assert isclose(s[j].grad, p[j].data - (j == RIGHT), abs_tol=1e-15)
    assert isclose(t[j].grad, p[j].data - (j == RIGHT), abs_tol=1e-15)
assert far_loss.data == 1900 and [v.grad for v in far] == [-1, 1, 0]
assert ahead[2][2:] == [0, 0] and ahead[10][0] > 0 and ahead[10][1] < 0
