"""The gradient is a circuit too: the second derivative of the sigmoid neuron, and Newton's method on it.

Each rule of the chain rule is arithmetic, so the backward pass can be run on values instead of numbers.  What comes out
is a graph again: it can be drawn, stepped through, and differentiated once more, as often as one likes.  Newton's
method lives on that: the second derivative tells it how far to go where gradient descent can only guess.

Run it:  python demos/09_second_derivative.py

Source: CS231n, Neural Networks Part 3, "Second order methods".
"""

from math import isclose, log

from scalargrad import Value, dot, draw, gradient, hessian, sigmoid, tree

# ---- the neuron of the lecture, its gradient as a circuit, and the gradient of that ----

w0, w1, w2 = Value(2), Value(-3), Value(-3)
x0, x1 = -1, -2
f = sigmoid(dot([w0, w1], [x0, x1], w2))
[slope] = gradient(f, [w2])
[curvature] = gradient(slope, [w2])

print("df/dw2 is a circuit; in it the neuron f occurs twice:\n")
print(tree(slope))
picture = draw(slope)
print(f"\nand can be drawn:\n{picture!r}")

p = f.data
closed = [
    ("f", p),
    ("f (1 - f)", p * (1 - p)),
    ("f (1 - f) (1 - 2 f)", p * (1 - p) * (1 - 2 * p)),
    ("f (1 - f) (1 - 6 f + 6 f f)", p * (1 - p) * (1 - 6 * p + 6 * p * p)),
    ("f (1 - f) (1 - 2 f) (1 - 12 f + 12 f f)", p * (1 - p) * (1 - 2 * p) * (1 - 12 * p + 12 * p * p)),
]
orders = [f]
while len(orders) < len(closed):
    orders += gradient(orders[-1], [w2])

print(f"\n{'by w2':7}{'differentiated':>15}{'by the formula':>17}")
for n, (derivative, (formula, number)) in enumerate(zip(orders, closed)):
    name = "f" + "'" * n
    print(f"{name:7}{derivative.data:15.10f}{number:17.10f}  {formula}")

# ---- the Hessian: all second derivatives; of one neuron they are f'' times the inputs ----

inputs = (x0, x1, 1)
H = hessian(f, [w0, w1, w2])
print("\nd2f / dwi dwj is f'' xi xj, as w reaches f through one sum only:\n")
for row in H:
    print("  [" + "".join(f"{number:10.6f}" for number in row) + " ]")

# ---- Newton's method: which bias makes the neuron say 0.9? ----

TARGET = 0.9
ANSWER = log(TARGET / (1 - TARGET)) - 4  # the dot product without its bias is 4


def loss(bias: Value) -> Value:
    """The cross-entropy of the neuron's output and the target."""
    out = sigmoid(4 + bias)
    return -(TARGET * out.log() + (1 - TARGET) * (1 - out).log())


def step(bias: float) -> tuple[float, float]:
    """The slope and the curvature of the loss at this bias."""
    b = Value(bias)
    [first] = gradient(loss(b), [b])
    [second] = gradient(first, [b])
    return first.data, second.data


newton, descent = [-3.0], [-3.0]
for _ in range(6):
    first, second = step(newton[-1])
    newton.append(newton[-1] - first / second)
    descent.append(descent[-1] - step(descent[-1])[0])

print(f"\nThe bias for an output of {TARGET} is {ANSWER:.12f}.  How far off is each step?\n")
print(f"{'step':>6}{'Newton: slope / curvature':>28}{'descent: the slope alone':>28}")
for n, (a, b) in enumerate(zip(newton, descent)):
    print(f"{n:6}{abs(a - ANSWER):28.1e}{abs(b - ANSWER):28.1e}")
print("\nNewton squares its error with each step: the number of right digits doubles.")

# ---- what was to be seen ----

assert isclose(slope.data, 0.19661193324148185, rel_tol=1e-14)  # the gradient on the slide
for derivative, (formula, number) in zip(orders, closed):
    assert isclose(derivative.data, number, rel_tol=1e-13), formula
assert curvature.data == orders[2].data < 0  # beyond its middle the sigmoid flattens
assert w2.grad == f.grad == 0  # nothing was left behind
slope.backward()
assert w2.grad == curvature.data  # backward() on the gradient's circuit says the same
assert "sigmoid" in picture.source
for xi, row in zip(inputs, H):
    for xj, number in zip(inputs, row):
        assert isclose(number, curvature.data * xi * xj, rel_tol=1e-14)
errors = [abs(bias - ANSWER) for bias in newton]
assert all(after < before**2 for before, after in zip(errors[1:4], errors[2:5])) and errors[-1] < 1e-13
assert abs(descent[-1] - ANSWER) > 0.1
