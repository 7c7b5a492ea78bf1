"""Bug lab 2: no topological order.  b = a + a, c = b + b at a = 1 has dc/da = 4; this one says 6.

It adds up, as it should, and goes down each wire as soon as something has come over it.  But the fork b gets its
gradient in two parts.  It passes the first part on at once, and then, when the second part is there, both.

Run it:  python demos/lab_2_too_early.py
Then edit the marked line until no gate diverges, and run it again.
"""

from collections import Counter
from collections.abc import Iterator

from lab import Sent, side_by_side

from scalargrad import Value, steps


def wrong(root: Value) -> Iterator[Sent]:
    root.grad = 1.0
    to_come = Counter(parent for node in steps(root).order for parent in node.parents)  # how many wires, for each node
    for node in to_come:
        node.grad = 0.0
    yield from send_back(root, to_come)


def send_back(gate: Value, to_come: Counter[Value]) -> Iterator[Sent]:
    for parent, local in zip(gate.parents, gate.local_gradients()):
        downstream = gate.grad * local
        parent.grad += downstream
        to_come[parent] -= 1
        yield gate, parent, downstream
        complete = True  # <-- edit this line: may the parent pass on what it has, while wires are still to come?
        if complete:
            yield from send_back(parent, to_come)


a = Value(1)
b = a + a
c = b + b

print("b = a + a, c = b + b at a = 1: a fork behind a fork.\n")
seen = side_by_side([c], wrong, names=globals())
print("Right, b first collects 1 + 1 = 2, then sends 2 + 2 = 4.\nToo early, it sends 1 + 1, then 2 + 2: 6 in all.")

# ---- more forks in a row: each doubles what is sent below it ----


def chain(forks: int) -> tuple[float, float, int]:
    """What backward() and this one leave on the leaf behind so many forks in a row, and how often this one sends."""
    leaf = node = Value(1)
    for _ in range(forks):
        node = node + node
    node.backward()
    truth, leaf.grad = leaf.grad, 0.0
    sends = sum(1 for _ in wrong(node))
    return truth, leaf.grad, sends


chains = {forks: chain(forks) for forks in (1, 2, 5, 10)}
print(f"\n{'forks in a row':>16}{'right':>12}{'this one':>14}{'wires':>8}{'it sends':>10}")
for forks, (truth, found, sends) in chains.items():
    print(f"{forks:16}{truth:12g}{found:14g}{2 * forks:8}{sends:10}")

# ---- the numbers of this bug ----

assert seen.right["a"] == 4
assert [truth for truth, _, _ in chains.values()] == [2, 4, 32, 1024]
assert (seen.gate, seen.wrong["a"]) in [("b = a + a", 6), ("", 4)], "neither this bug nor its repair"
