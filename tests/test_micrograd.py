"""micrograd's programs run with the import line changed, and find the same numbers."""

from __future__ import annotations

import copy
import math
import pickle
import random
import re
import subprocess
import sys

import pytest

import scalargrad
from scalargrad.elsewhere import OF_VALUE
from scalargrad.graph import topological_order
from scalargrad.micrograd import MLP, Layer, Neuron, Value, draw_dot, trace

OURS = "from scalargrad.micrograd import Value, Neuron, Layer, MLP\n"
THEIRS = "from micrograd.engine import Value\nfrom micrograd.nn import Neuron, Layer, MLP\n"

# ---- programs in micrograd's style: each leaves its numbers in `result` ----

PROGRAMS = {
    "expression": """
a, b = Value(-4.0), Value(2.0)
c = a + b
d = a * b + b**3
c += c + 1
c += 1 + c + (-a)
d += d * 2 + (b + a).relu()
d += 3 * d + (b - a).relu()
e = c - d
f = e**2
g = f / 2.0
g += 10.0 / f
g.backward()
result = [g.data, a.grad, b.grad]
""",
    "backward by hand": """
x1, x2, w1, w2, b = Value(2.0), Value(0.5), Value(-3.0), Value(1.0), Value(6.88)
o = (x1 * w1 + x2 * w2 + b).relu()
topo, visited = [], set()
def build_topo(v):
    if v not in visited:
        visited.add(v)
        for child in v._prev:
            build_topo(child)
        topo.append(v)
build_topo(o)
o.grad = 1.0
for node in reversed(topo):
    node._backward()
result = [o.data, *[v.grad for v in (x1, x2, w1, w2, b)]]
""",
    "a gate of one's own": """
import math
def tanh(x):
    t = math.tanh(x.data)
    out = Value(t, (x,), "tanh")
    def _backward():
        x.grad += (1 - t**2) * out.grad
    out._backward = _backward
    return out
def product(x, y):
    out = Value(x.data * y.data, (x, y), "product")
    def _backward():
        x.grad += y.data * out.grad
        y.grad += x.data * out.grad
    out._backward = _backward
    return out
x, y = Value(0.3), Value(-0.8)
z = product(tanh(x * y), tanh(x)) + product(x, x)
z.backward()
result = [z.data, x.grad, y.grad, len(z._prev)]
""",
    "trace": """
random.seed(7)
y = Neuron(2)([Value(1.0), Value(-2.0)])
y.backward()
def trace(root):
    nodes, edges = set(), set()
    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)
    build(root)
    return nodes, edges
nodes, edges = trace(y)
texts = ["{ data %.4f | grad %.4f }" % (n.data, n.grad) for n in nodes]
texts += [str(id(n)) + n._op for n in nodes if n._op]
result = [y.data, len(nodes), len(edges), len(texts)]
""",
    "moons": """
import numpy as np
random.seed(1)
np.random.seed(1)
X = np.random.randn(16, 2)
y = np.where(X[:, 0] * X[:, 1] > 0, 1, -1)
model = MLP(2, [6, 6, 1])
printed = str(model), len(model.parameters())
def loss():
    inputs = [list(map(Value, xrow)) for xrow in X]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum((p * p for p in model.parameters()))
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]
    return total_loss, sum(accuracy) / len(accuracy)
result = []
for k in range(4):
    total_loss, acc = loss()
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9 * k / 100
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    result += [total_loss.data, acc, *[p.grad for p in model.parameters()]]
""",
    "plain numbers": """
random.seed(3)
n = MLP(3, [4, 4, 1])
xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
ys = [1.0, -1.0, -1.0, 1.0]
for k in range(5):
    ypred = [n(x) for x in xs]
    loss = sum((yout - ygt)**2 for ygt, yout in zip(ys, ypred))
    for p in n.parameters():
        p.grad = 0.0
    loss.backward()
    for p in n.parameters():
        p.data += -0.01 * p.grad
result = [loss.data, *[p.data for p in n.parameters()]]
printed = str(Layer(2, 2, nonlin=False)), str(Neuron(3))
""",
}


def numpy():
    return pytest.importorskip("numpy", reason="the extra `numpy` is not installed")


def run(program, engine):
    if "numpy" in PROGRAMS[program]:
        numpy()
    names = {"random": random}
    exec(engine + PROGRAMS[program], names)
    return names


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_finds_the_numbers_that_micrograd_finds(program):
    pytest.importorskip("micrograd", reason="compares with micrograd: pip install micrograd")
    theirs, ours = run(program, THEIRS), run(program, OURS)
    assert ours["result"] == pytest.approx(theirs["result"], rel=1e-12)
    assert ours.get("printed") == theirs.get("printed")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs_without_micrograd(program):
    assert all(map(math.isfinite, run(program, OURS)["result"]))


def test_the_neuron_of_the_lecture_by_hand():
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    x1w1 = x1 * w1
    x2w2 = x2 * w2
    both = x1w1 + x2w2
    n = both + b
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, b, both, x2w2, x1w1):
        node._backward()
    assert [v.grad for v in (x1, w1, x2, w2)] == pytest.approx([-1.5, 1.0, 0.5, 0.0])  # as in the lecture
    assert (o._op, n._op, x1._op, n._prev, x1._prev) == ("tanh", "+", "", {both, b}, set())
    assert "tanh" in draw_dot(o).svg


def test_trace_has_nodes_and_edges():
    x = Value(3.0)
    y = x * x
    z = y + x
    assert trace(z) == ({x, y, z}, {(x, y), (y, z), (x, z)})


# ---- a value stays what it is ----

MADE = {
    "+": lambda x: x + 1.0,
    "reflected": lambda x: 2.0 / x,
    "maximum": lambda x: scalargrad.maximum(0.0, x),
    "dot": lambda x: scalargrad.dot([1.0, 2.0], [3.0, x]),
    "sum": lambda x: sum([x, x]),
    "leaky_relu": lambda x: x.leaky_relu(),
    "a gate of one's own": lambda x: scalargrad.gate(lambda x: x * x, name="square")(x),
    "NumPy": lambda x: numpy().exp(x) * numpy().float64(2),
    "copy": copy.copy,
    "deepcopy": lambda x: copy.deepcopy(x * x),
    "pickle": lambda x: pickle.loads(pickle.dumps(x * x)),
    "detach": lambda x: x.detach(),
    **{f"function {name}": getattr(scalargrad, name) for name in ("exp", "log", "tanh", "relu", "sigmoid", "elu")},
    **{f"method {name}": lambda x, name=name: getattr(x, name)() for name in ("exp", "sqrt", "softplus", "sin")},
}


@pytest.mark.parametrize("make", MADE.values(), ids=list(MADE))
def test_what_is_made_of_one_is_one(make):
    y = make(Value(0.5, label="x"))
    assert {type(node) for node in topological_order([y])} == {Value}
    assert all(parent in y._prev for parent in y.parents)


def test_a_gate_without_its_backward_says_so():
    x = Value(2.0, label="x")
    out = Value(4.0, (x,), "square")
    with pytest.raises(ValueError, match=r"square: input x = 2.0 has no local gradients: set its _backward"):
        out.backward()
    x.grad = 7.0
    out._backward = lambda: setattr(x, "grad", x.grad + 2.0 * x.data * out.grad)
    assert (x.grad, out.local_gradients(), out._op) == (7.0, (4.0,), "square")
    assert scalargrad.backprop_code(out * 3.0).run()["dx"] == 12.0
    with pytest.raises(ValueError, match="no second derivatives"):
        scalargrad.gradient(out, [x])


def test_what_fails_while_it_is_tried_leaves_the_gradients():
    x = Value(2.0)
    x.grad = 7.0
    out = Value(4.0, (x,), "square")
    with pytest.raises(ZeroDivisionError):
        out._backward = lambda: x.grad / 0.0
    assert (x.grad, out.grad) == (7.0, 0.0)


def test_no_other_picture_than_svg():
    with pytest.raises(ValueError, match="pictures here are SVG"):
        draw_dot(Value(1.0) * 2.0, format="png")


def test_layers_of_one_neuron():
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value) and len(Layer(2, 3)([1.0, 2.0])) == 3
    assert isinstance(MLP(2, [1, 3, 1])([1.0, 2.0]), Value)
    assert Neuron(2, nonlin=False)([0.0, 0.0]).data == 0.0


# ---- without it ----


@pytest.mark.parametrize("name", OF_VALUE)
def test_a_name_of_another_engine_says_what_to_write(name):
    x = scalargrad.Value(2.0)
    assert not hasattr(x, name) and not hasattr(scalargrad.Value, name)
    with pytest.raises(AttributeError, match=re.escape(f"Value has no {name}: write {OF_VALUE[name]}")):
        getattr(x, name)
    with pytest.raises(AttributeError):
        setattr(x, name, 1)


def test_importing_the_room_changes_nothing():
    code = """
import scalargrad
before = {name: vars(scalargrad.Value)[name] for name in vars(scalargrad.Value)}
import sys
assert "scalargrad.micrograd" not in sys.modules
import scalargrad.micrograd
assert before == dict(vars(scalargrad.Value))
assert type(scalargrad.Value(1.0) * 2) is scalargrad.Value
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "__getattr__" not in vars(scalargrad.Value) and "__setattr__" not in vars(scalargrad.Value)
