"""The forward pass of the notes, "Example feed-forward computation": a 3-layer network in six lines, without NumPy.

The notes write `f(np.dot(W1, x) + b1)` with W1 of size 4 x 3.  A matrix times a vector is one dot product a row; with
that the six lines stay as they are.  `nn.MLP` is the same network, and its backward pass the lines read backwards.

Run it:  python demos/11_forward_pass.py

Source: CS231n, lecture 4 and Neural Networks Part 1, "Example feed-forward computation".
"""

from math import exp, isclose

from scalargrad import nn


def affine(W: list[list[float]], x: list[float], b: list[float]) -> list[float]:
    """np.dot(W, x) + b"""
    return [sum(w * v for w, v in zip(row, x)) + bias for row, bias in zip(W, b)]


def f(x: list[float]) -> list[float]:
    """The activation, sigmoid, of each number."""
    return [1.0 / (1.0 + exp(-v)) for v in x]


def matrices(model: nn.MLP) -> list:
    """W1, b1, W2, b2, ... as the notes have them: one row per neuron."""
    parts = []
    for layer in model.layers:
        parts += [[[w.data for w in neuron.w] for neuron in layer.neurons], [b.data for b in layer.b]]
    return parts


x = [0.5, -1.0, 2.0]

# ---- two layers, 3 -> 4 -> 2 ----

two = nn.MLP(3, [4, 2], "sigmoid", seed=1)
W1, b1, W2, b2 = matrices(two)
h1 = f(affine(W1, x, b1))
out2 = affine(W2, h1, b2)

# ---- three layers, 3 -> 4 -> 4 -> 1: the lines of the notes ----

three = nn.MLP(3, [4, 4, 1], "sigmoid", seed=1)
W1, b1, W2, b2, W3, b3 = matrices(three)
h1 = f(affine(W1, x, b1))  # first hidden layer activations (4)
h2 = f(affine(W2, h1, b2))  # second hidden layer activations (4)
out = affine(W3, h2, b3)  # output neuron (1)

for name, model, by_hand in (("2-layer", two, out2), ("3-layer", three, out)):
    print(f"the {name} network\n\n{model.summary()}\n")
    for i, numbers in enumerate(model.layer_outputs(x)):
        what = f"h{i + 1}" if i < len(model.layers) - 1 else "out"
        print(f"  {what:8}nn.MLP   [" + "".join(f"{v.data:10.6f}" for v in numbers) + " ]")
    print(f"  {'':8}by hand  [" + "".join(f"{v:10.6f}" for v in by_hand) + " ]\n")

# ---- and backward, the same lines from the last to the first ----

score = three(x)
score.backward()
dh2 = W3[0]
dz2 = [d * h * (1 - h) for d, h in zip(dh2, h2)]  # through f
dh1 = [sum(W2[j][i] * dz2[j] for j in range(4)) for i in range(4)]
dz1 = [d * h * (1 - h) for d, h in zip(dh1, h1)]
layers = three.layers
print("gradients of the biases, which are those of what goes into f")
for name, by_hand, layer in (("db1", dz1, layers[0]), ("db2", dz2, layers[1]), ("db3", [1.0], layers[2])):
    print(f"  {name:8}nn.MLP   [" + "".join(f"{v.grad:10.6f}" for v in layer.b) + " ]")
    print(f"  {'':8}by hand  [" + "".join(f"{v:10.6f}" for v in by_hand) + " ]")
    assert all(isclose(v.grad, d, rel_tol=1e-13) for v, d in zip(layer.b, by_hand))

# ---- the counts of the notes, and equal numbers ----

sizes = [[len(m.weights()), len(m.biases()), len(m.parameters())] for m in (two, three)]
assert sizes == [[20, 6, 26], [32, 9, 41]]
assert all(isclose(v.data, n, rel_tol=1e-14) for v, n in zip(two(x), out2)) and isclose(score.data, out[0])
for j, neuron in enumerate(layers[1].neurons):  # dW2 = dz2 h1^T
    assert all(isclose(w.grad, dz2[j] * h, rel_tol=1e-13) for w, h in zip(neuron.w, h1))
