"""Why gradients add up at forks (+=, not =), and why the backward pass needs the topological order.

Three walks, each the repair of the one before.  The first writes = where it should add up.  The second adds up, yet
passes on what a value has before all of it has arrived.  The third adds up and lets every gate wait for its turn.
Two graphs, the smallest that tell them apart: x * x + x, where x is a fork, and b + b with b = a + a, where a fork
stands behind a fork.

Run it:  python demos/08_why_add_why_order.py

Source: CS231n, lecture 4, "Gradients add at branches"; Backpropagation, Intuitions, "Gradients add up at forks".
"""

from collections.abc import Callable, Iterator

from scalargrad import Value, ledger, paths

Walk = Callable[[Value], Iterator[Value]]  # it stops after every gradient that it writes, so that we can watch


def overwrite(node: Value) -> Iterator[Value]:
    """WRONG: what arrives later replaces what came before."""
    for parent, local in zip(node.parents, node.local_gradients()):
        parent.grad = node.grad * local
        yield parent
        yield from overwrite(parent)


def at_once(node: Value) -> Iterator[Value]:
    """WRONG: it adds up, but goes on to the parent at once, with a gradient that may still grow."""
    for parent, local in zip(node.parents, node.local_gradients()):
        parent.grad += node.grad * local
        yield parent
        yield from at_once(parent)


def in_order(root: Value) -> Iterator[Value]:
    """Right: it adds up, and no gate passes anything on before all has arrived."""
    order: list[Value] = []

    def visit(node: Value) -> None:
        for parent in node.parents:
            if parent not in order:
                visit(parent)
        order.append(node)

    visit(root)
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local_gradients()):
            parent.grad += node.grad * local
            yield parent


def watch(walk: Walk, root: Value, leaf: Value) -> tuple[float, str]:
    """The gradient that a walk leaves on `leaf`, and how it came about."""
    root.zero_grad()
    root.grad = 1.0
    history = [0.0] + [leaf.grad for parent in walk(root) if parent is leaf]
    return leaf.grad, " -> ".join(f"{grad:g}" for grad in history)


x = Value(3, "x")
f = x * x + x
a = Value(1, "a")
b = a + a
c = b + b

GRAPHS = [("f = x * x + x at x = 3:  df/dx = 2 x + 1 = 7", f, x), ("b = a + a, c = b + b:  dc/da = 4", c, a)]
WALKS: list[tuple[str, Walk]] = [
    ("=   and on to the parent at once", overwrite),
    ("+=  and on to the parent at once", at_once),
    ("+=  in topological order", in_order),
]
found, right = {}, {}
for title, root, leaf in GRAPHS:
    root.backward()
    right[root] = leaf.grad
    print(title)
    for name, walk in WALKS:
        found[walk, root], history = watch(walk, root, leaf)
        verdict = "right" if found[walk, root] == right[root] else "WRONG"
        print(f"  {name:36}{found[walk, root]:g}  {verdict}    {leaf.label}.grad {history}")
    print(f"  {'backward()':36}{right[root]:g}\n")

print("With =, the last of several contributions wins: the 1 over the wire x -> f")
print("erases the 3 from x * x.")
print("Too early, b passes its first 1 on to a twice, then its 1 + 1 = 2 twice:")
print("1 + 1 + 2 + 2 = 6.")
print("In topological order b first collects 1 + 1 = 2, then passes 2 on twice:")
print("2 + 2 = 4.")

print(f"\nThe ledger of x in x * x + x, contribution by contribution:\n{ledger(x, f, names={'f': f})}")
print(f"\nThe paths to a in b + b:\n{paths(a, c, names={'b': b, 'c': c})}")

# ---- two wrong walks and a right one ----

assert [found[walk, f] for _, walk in WALKS] == [1, 7, 7]  # adding up alone repairs this one
assert [found[walk, c] for _, walk in WALKS] == [1, 6, 4]  # but not this one
assert [right[root] for root in (f, c)] == [7, 4]
