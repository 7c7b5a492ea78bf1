"""Layers by name: the four equations of backpropagation, each beside what the gates have found.

Textbooks write backpropagation for whole layers.  With z = W a + b going into the activation of a layer, its error is
dL/dz, and four equations say all: the error of the last layer; the error one layer back, through W^T and the slope of
the activation; dL/db, which is the error; dL/dW, which is error times incoming activation.  None of them is new: each
is what add, mul and sigmoid gates send back, for all neurons of a layer at once.

Run it:  python demos/24_layers_by_name.py

Source: Nielsen, Neural Networks and Deep Learning, chapter 2; CS231n, lecture 4, "Backprop with matrices".
"""

from math import isclose

from scalargrad import Value, dot, ledger, nn, total

# ---- the 3 -> 4 -> 4 -> 1 network of demo 11, and how far it is from the target ----

x, target = [0.5, -1.0, 2.0], 1.0
net = nn.MLP(3, [4, 4, 1], "sigmoid", seed=1)
a1, a2, [score] = net.layer_outputs(x)
loss = 0.5 * (score - target) ** 2
loss.backward()

z1, z2 = [[a.parents[0] for a in layer] for layer in (a1, a2)]  # a = sigmoid(z)
W1, W2, W3 = [[[w.data for w in neuron.w] for neuron in layer.neurons] for layer in net.layers]  # one row per neuron


def data(values: list[Value]) -> list[float]:
    return [v.data for v in values]


def grads(values: list[Value]) -> list[float]:
    return [v.grad for v in values]


def back(W: list[list[float]], error: list[float], a: list[float]) -> list[float]:
    """The error one layer back: (W^T error) times the slope a (1 - a) of the sigmoid, for each neuron there."""
    return [dot(column, error) * a_i * (1 - a_i) for column, a_i in zip(zip(*W), a)]


def outer(error: list[float], a: list[float]) -> list[list[float]]:
    """The gradient of a weight matrix: error times incoming activation, one row per neuron."""
    return [[e * a_i for a_i in a] for e in error]


error3 = [score.data - target]  # 1: the last layer, whose activation is linear
error2 = back(W3, error3, data(a2))  # 2: one layer back
error1 = back(W2, error2, data(a1))
db = [error1, error2, error3]  # 3
dW = [outer(error1, x), outer(error2, data(a1)), outer(error3, data(a2))]  # 4

print(f"{net!r}\nloss = (score - {target:g})^2 / 2 = {loss:.6f}\n")


def show(equation: str, by_equation: list[float], by_gates: list[float]) -> None:
    print(f"  {equation:36}" + "".join(f"{n:10.6f}" for n in by_equation))
    print(f"  {'':36}" + "".join(f"{n:10.6f}" for n in by_gates))
    assert all(isclose(a, b, rel_tol=1e-13) for a, b in zip(by_equation, by_gates, strict=True)), equation


print("each equation, and below it the .grad of the gates and parameters\n")
show("1  error3 = score - target", error3, [score.grad])
show("2  error2 = (W3^T error3) a2 (1 - a2)", error2, grads(z2))
show("   error1 = (W2^T error2) a1 (1 - a1)", error1, grads(z1))
for i, layer in enumerate(net.layers):
    if i == 1:
        show("3  db2 = error2", db[i], grads(layer.b))
        show("4  dW2[0] = error2[0] a1", dW[i][0], grads(layer.neurons[0].w))
    for row, neuron, bias in zip(dW[i], layer.neurons, db[i]):
        assert all(isclose(w.grad, d, rel_tol=1e-13) for w, d in zip(neuron.w, row))
        assert isclose(neuron.b.grad, bias, rel_tol=1e-13)

# ---- a minibatch: O = X W + b, three samples of two numbers, two neurons ----

X = [[Value(n) for n in row] for row in ([1, 2], [3, 4], [5, 6])]
W = [[Value(n) for n in row] for row in ([1, -1], [0, 2])]
b = [Value(1), Value(-2)]
dO = [[1, 0.5], [-1, 2], [3, 4]]
out = [[dot(row, column, bias) for column, bias in zip(zip(*W), b)] for row in X]
h = total([dot(upstream, row) for upstream, row in zip(dO, out)])
h.backward()
place = {v: (i, j) for i, row in enumerate(out) for j, v in enumerate(row)}
touched = {v: [place[entry.node] for entry in ledger(v, h).entries] for v in (*sum(X, []), *sum(W, []), *b)}

print("\nO = X W + b: whom does a number touch?  The ledger of one x, one w, one b\n")
print(f"  {'':8}{'touches':27}gradient, as upstream * local")
for name, v in (("X[1][0]", X[1][0]), ("W[0][1]", W[0][1]), ("b[1]", b[1])):
    entries = ledger(v, h).entries
    terms = " + ".join(f"{e.upstream:g} * {e.local:g}" for e in sorted(entries, key=lambda e: place[e.node]))
    rows = ", ".join("O[{}][{}]".format(*place[e.node]) for e in sorted(entries, key=lambda e: place[e.node]))
    print(f"  {name:8}{rows:27}{terms} = {v.grad:g}")
print("An x touches the row of its sample and no other; a w the column of its neuron.")

# ---- the special case: upstream all ones ----

h.zero_grad()
total(sum(out, [])).backward()
ones = {"dW": [grads(row) for row in W], "db": grads(b), "dX": [grads(row) for row in X]}
print("\nWith an upstream of all ones:")
print(f"  dW = {ones['dW']}: each column holds the column sums of X")
print(f"  db = {ones['db']}: the number of samples, for each neuron")
print(f"  dX = {ones['dX']}: each row holds the row sums of W")
print("Whoever forgets the upstream gets these numbers, whatever the loss is.")

# ---- the numbers ----

for i, row in enumerate(X):
    assert all(sorted(touched[v]) == [(i, 0), (i, 1)] for v in row)
for j in range(2):
    assert all(sorted(touched[v]) == [(0, j), (1, j), (2, j)] for v in (W[0][j], W[1][j], b[j]))
assert ones == {"dW": [[9, 9], [12, 12]], "db": [3, 3], "dX": [[0, 2]] * 3}
