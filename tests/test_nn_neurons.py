"""Neurons, layers and networks: what they compute, what their parameters are called, how they count."""

from __future__ import annotations

import math
import random
from collections import OrderedDict, deque
from typing import NamedTuple

import pytest

import scalargrad
from scalargrad import Value, check_gradients, dot, expand, gate, nn
from scalargrad.graph import topological_order

NAMES = [*nn.ACTIVATIONS, "maxout"]
every_activation = pytest.mark.parametrize("name", NAMES)


def plain(x):
    return [v.data for v in x] if isinstance(x, list) else x.data


def gates_of(output):
    return [node.gate.name for node in topological_order([output]) if node.gate]


# ---- a neuron ----


def test_a_neuron_is_one_dot_gate_and_one_activation_gate():
    neuron = nn.Neuron(3, "sigmoid", seed=0)
    f = neuron([1, 2.0, -1])
    assert gates_of(f) == ["dot", "sigmoid"]
    assert f.parents[0].parents == (*neuron.w, neuron.b)  # numbers make no nodes


def test_a_linear_neuron_is_one_dot_gate():
    assert gates_of(nn.Neuron(2, "linear")([1.0, 2.0])) == ["dot"]


def test_it_expands_to_the_gates_of_the_lecture():
    neuron = nn.Neuron(2, "sigmoid", seed=0)
    f = neuron([-1.0, -2.0])
    staged = expand(f)
    assert gates_of(staged) == ["mul", "mul", "add", "add", "neg", "exp", "add", "div"]
    assert staged.data == pytest.approx(f.data, rel=1e-15)


def test_the_neuron_of_the_lecture():
    neuron = nn.Neuron(2, "sigmoid")
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2, -3, -3
    x = [Value(-1.0), Value(-2.0)]
    neuron(x).backward()
    grads = [v.grad for v in (*neuron.w, neuron.b, *x)]
    known = [-0.19661193324148185, -0.3932238664829637, 0.19661193324148185, 0.3932238664829637, -0.5898357997244456]
    assert grads == pytest.approx(known, rel=1e-14)


def test_parameters_are_labelled():
    neuron = nn.Neuron(2)
    assert [(name, p.label) for name, p in neuron.named_parameters().items()] == [(n, n) for n in ("w0", "w1", "b")]


@every_activation
def test_gradients_of_every_activation(name):
    def output(*ws):
        layer = nn.Layer(2, 1, name, seed=3)
        neuron = layer.neurons[0]
        for piece, w in zip(neuron.pieces, zip(*[iter(ws)] * 3)):
            piece.w, piece.b = list(w[:2]), w[2]
        return layer([0.7, -0.4])

    assert check_gradients(
        output, [0.3, -0.9, 0.2, 0.5, 0.1, -0.3][: 6 if name == "maxout" else 3], raise_on_error=True
    )


@every_activation
def test_frozen_gives_the_same_numbers(name):
    model = nn.MLP(3, [4, 1, 2], name, seed=1)
    x = [0.5, -1.25, 2.0]
    assert model.frozen()(x) == plain(model(x))
    assert all(type(score) is float for score in model.frozen()(x))


def test_frozen_does_not_learn():
    model = nn.MLP(1, [2, 1], seed=1)
    frozen, before = model.frozen(), model([1.0]).data
    for p in model.parameters():
        p.data = 0.0
    assert frozen([1.0]) == before
    assert model([1.0]).data == 0.0


def test_activations_by_gate_and_by_function():
    swish = gate(lambda x: x * x.sigmoid(), name="swish")
    for choice, same in ((scalargrad.tanh, "tanh"), (swish, None), (lambda x: x * x, None)):
        neuron = nn.Neuron(1, choice, seed=0)
        z = dot(neuron.w, [2.0], neuron.b)
        assert neuron([2.0]).data == choice(z).data
        assert neuron.activation.name == (same or neuron.activation.name)
    assert repr(nn.Layer(1, 3, swish)) == "Layer(1 -> 3 swish)"


def test_maxout_is_the_largest_of_its_pieces():
    neuron = nn.Maxout(2, pieces=3, seed=5)
    f = neuron(iter([1.0, -2.0]))
    assert f.data == max(piece([1.0, -2.0]).data for piece in neuron.pieces)
    assert gates_of(f).count("dot") == 3 and f.gate.name == "maximum"
    assert list(neuron.named_parameters()) == [f"{w}[{k}]" for k in range(3) for w in ("w0", "w1", "b")]


def test_maxout_has_twice_the_weights():
    relu, maxout = nn.MLP(2, [4, 1], "relu"), nn.MLP(2, [4, 1], "maxout")
    assert len(maxout.layers[0].parameters()) == 2 * len(relu.layers[0].parameters())
    assert len(maxout.layers[1].parameters()) == len(relu.layers[1].parameters())
    assert list(maxout.named_parameters())[:6] == [f"{p}[0][{k}]" for k in (0, 1) for p in ("W1[0]", "W1[1]", "b1")]


# ---- layers and networks ----


def test_a_layer_is_x_times_w_plus_b():
    layer = nn.Layer(3, 2, "linear", seed=1)
    layer.b[1].data = 0.5
    x = [1.0, -2.0, 0.25]
    expected = [sum(x[i] * layer.W[i][j].data for i in range(3)) + layer.b[j].data for j in range(2)]
    assert plain(layer(x)) == pytest.approx(expected, rel=1e-15)


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(nn.Layer(2, 1)([1, 2]), Value) and isinstance(nn.MLP(2, [3, 1])([1, 2]), Value)
    assert len(nn.Layer(2, 4)([1, 2])) == 4 and len(nn.MLP(2, [3, 2])([1, 2])) == 2


@pytest.mark.parametrize("widths", [[1], [1, 1], [1, 3, 1], [3, 1, 2], [1, 1, 1, 1]])
def test_width_1_anywhere(widths):
    model = nn.MLP(1, widths, "tanh", seed=2)
    scores = model([0.5])
    (scores if widths[-1] == 1 else scalargrad.total(scores)).backward()
    assert all(p.grad != 0 for p in model.parameters())


def test_hidden_layers_are_active_and_the_last_is_linear():
    assert [layer.activation for layer in nn.MLP(2, [3, 4, 1], "elu").layers] == ["elu", "elu", "linear"]
    assert repr(nn.MLP(2, [3, 4, 1], "elu")) == "MLP(2 -> 3 elu -> 4 elu -> 1 linear, 30 parameters)"


def test_names_are_those_of_the_course():
    model = nn.MLP(2, [3, 1])
    named = model.named_parameters()
    assert list(named)[:4] == ["W1[0][0]", "W1[1][0]", "b1[0]", "W1[0][1]"]
    assert named["W1[1][2]"] is model.layers[0].neurons[2].w[1] and named["b2[0]"] is model.layers[1].neurons[0].b
    assert all(p.label == name for name, p in named.items())
    assert list(named.values()) == model.parameters()


@pytest.mark.parametrize("widths", [[1], [3, 1]])
def test_an_activation_that_is_none_is_an_error_with_and_without_hidden_layers(widths):
    with pytest.raises(ValueError, match="there is no activation 'rulu': choose from linear, sigmoid"):
        nn.MLP(2, widths, activation="rulu")


def test_weights_are_all_but_biases():
    model = nn.MLP(2, [3, 2], "maxout")
    assert {p.label[0] for p in model.weights()} == {"W"} and {p.label[0] for p in model.biases()} == {"b"}
    assert len(model.weights()) + len(model.biases()) == len(model.parameters())


def test_summary_counts_as_the_course_does():
    assert nn.MLP(3, [4, 4, 1]).summary().splitlines()[-4:] == [
        "4 + 4 + 1 = 9 neurons",
        "[3 x 4] + [4 x 4] + [4 x 1] = 32 weights",
        "4 + 4 + 1 = 9 biases",
        "32 + 9 = 41 learnable parameters",
    ]
    assert "[2 x 3 x 2] + [3 x 1] = 15 weights\n6 + 1 = 7 biases\n15 + 7" in nn.MLP(2, [3, 1], "maxout").summary()


def test_a_summary_of_four_layers_fits_a_terminal():
    assert max(map(len, nn.MLP(100, [16, 16, 16, 10]).summary().splitlines())) <= 80


def test_the_xnor_of_the_slide():
    model = nn.MLP(2, [2, 1], "sigmoid")
    numbers = [20, 20, -30, -20, -20, 10, 20, 20, -10]  # AND, NOR, and OR of the two
    for p, x in zip(model.parameters(), numbers):
        p.data = x
    assert [model([a, b]).data > 0 for a in (0, 1) for b in (0, 1)] == [True, False, False, True]


# ---- modules of one's own ----


class Tied(nn.Module):
    def __init__(self):
        self.encoder = nn.Layer(2, 1, "tanh", seed=0)
        self.heads = [nn.Neuron(1, "linear", seed=0), {"gain": Value(2.0)}]
        self.same = self.heads[0]
        self.cached = self.heads[1]["gain"] * 2
        self.name = "tied"


def test_parameters_are_found_among_attributes():
    model = Tied()
    assert list(model.named_parameters()) == [
        *("encoder.W[0][0]", "encoder.W[1][0]", "encoder.b[0]"),
        *("heads[0].w0", "heads[0].b", "heads[1]['gain']"),
    ]
    assert [b.label for b in model.biases()] == ["b[0]", "b", "b"]
    assert len(model.weights()) == 4
    frozen = model.frozen()
    assert frozen.heads[1]["gain"] == 2.0 and frozen.cached == 4.0 and model.heads[1]["gain"].data == 2.0


def test_zero_grad():
    model = nn.MLP(2, [2, 1], seed=0)
    model([1, 2]).backward()
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


# ---- starts ----


def test_a_seed_makes_it_reproducible():
    first, second, other = (plain(nn.MLP(2, [3, 1], seed=seed).parameters()) for seed in (1, 1, 2))
    assert first == second != other


def test_without_a_seed_the_global_random_is_used():
    random.seed(7)
    model = nn.MLP(2, [2, 1])
    random.seed(7)
    drawn = [random.uniform(-1, 1) for _ in range(6)]
    assert plain(model.weights()) == drawn and plain(model.biases()) == [0.0] * 3


def test_a_seed_leaves_the_global_random_alone():
    random.seed(7)
    expected = random.random()
    random.seed(7)
    nn.MLP(2, [2, 1], seed=1)
    nn.moons(10, seed=1)
    assert random.random() == expected


@pytest.mark.parametrize(("start", "deviation"), [("xavier", 0.1), ("he", math.sqrt(0.02)), (nn.normal(0.3), 0.3)])
def test_the_deviation_of_a_start(start, deviation):
    weights = plain(nn.Layer(100, 50, seed=1, start=start).weights())
    assert math.sqrt(sum(w * w for w in weights) / len(weights)) == pytest.approx(deviation, rel=0.05)
    assert abs(sum(weights) / len(weights)) < 0.05 * deviation


def test_uniform_is_between_minus_1_and_1():
    weights = plain(nn.Layer(50, 40, seed=1).weights())
    assert -1 <= min(weights) < -0.99 and 0.99 < max(weights) <= 1


def test_a_start_of_ones_own():
    assert plain(nn.Neuron(3, start=lambda random, n_inputs: n_inputs).w) == [3.0, 3.0, 3.0]


# ---- errors ----


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: nn.MLP(2, [3, 1])([1.0]), ValueError, "takes 2 inputs, not 1"),
        (
            lambda: nn.MLP(2, [3, 1])([[1.0, 2.0]] * 40),
            TypeError,
            r"one sample at a time, not 40: write \[model\(x\) for",
        ),
        (lambda: nn.MLP(2, [3, 1])([[1.0, 2.0]] * 2), TypeError, "this network takes one sample at a time, not 2"),
        (lambda: nn.Layer(2, 3)([(1.0, 2.0)]), TypeError, "this layer takes one sample at a time, not 1"),
        (lambda: nn.MLP(2, [3, 1])([]), ValueError, "takes 2 inputs, not 0"),
        (
            lambda: nn.MLP(2, [3], activation=None),
            TypeError,
            r"name \(linear, sigmoid, tanh, .*\) or a gate, not NoneType",
        ),
        (lambda: nn.MLP(2, [3, 1])(1.0), TypeError, r"as in \[x\]"),
        (lambda: nn.Layer(2, 3)([1.0, 2.0, 3.0]), ValueError, "takes 2 inputs, not 3"),
        (lambda: nn.Neuron(2)([1.0]), ValueError, "2 weights and 1 input"),
        (lambda: nn.MLP(2, 3), TypeError, r"one number per layer, as in"),
        (lambda: nn.MLP(2, []), ValueError, "empty"),
        (lambda: nn.MLP(2, [3, 0]), ValueError, "n_outputs=0"),
        (lambda: nn.MLP(0, [3]), ValueError, "n_inputs=0"),
        (lambda: nn.MLP(2, [2.5]), TypeError, "n_outputs is a whole number, not float 2.5"),
        (lambda: nn.MLP(2, [True]), TypeError, "bool"),
        (lambda: nn.MLP(2, [3, 1], "rely"), ValueError, "'rely': choose from linear, sigmoid, .* maxout"),
        (lambda: nn.MLP(2, [3, 1], 3), TypeError, r"a name \(linear, .*\) or a gate, not int 3"),
        (lambda: nn.Neuron(2, "maxout"), ValueError, "nn.Maxout"),
        (lambda: nn.Maxout(2, 0), ValueError, "pieces=0"),
        (lambda: nn.MLP(2, [1], start="glorot"), ValueError, "choose from uniform, xavier, he"),
        (lambda: nn.MLP(2, [1], start=1.0), TypeError, r"a name \(uniform, .*\) or a function"),
    ],
)
def test_errors_say_what_is_wrong(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


# ---- micrograd ----

MICROGRAD = """
random.seed(1337)
model = MLP(2, [16, 16, 1])
inputs = [list(map(Value, row)) for row in X]
losses = []
for k in range(3):
    scores = list(map(model, inputs))
    hinge = [(1 + -yi*scorei).relu() for yi, scorei in zip(y, scores)]
    data_loss = sum(hinge) * (1.0 / len(hinge))
    reg_loss = 1e-4 * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    losses.append(total_loss.data)
numbers = [p.data for p in model.parameters()]
"""


def test_user_code_of_micrograd_runs_with_only_the_import_changed():
    pytest.importorskip("micrograd")
    X, y = nn.moons(20, seed=0)
    ours, theirs = ({"X": X, "y": y, "random": random} for _ in range(2))
    exec("from scalargrad import Value\nfrom scalargrad.nn import MLP\n" + MICROGRAD, ours)
    exec("from micrograd.engine import Value\nfrom micrograd.nn import MLP\n" + MICROGRAD, theirs)
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-12)
    assert ours["numbers"] == pytest.approx(theirs["numbers"], rel=1e-9, abs=1e-12)


def test_a_layer_calls_neurons_of_your_own():
    class Doubled(nn.Neuron):
        def __call__(self, x):
            return 2.0 * super().__call__(x)

    layer = nn.Layer(2, 2, "tanh", seed=1)
    first, second = layer([0.5, -1.0])
    own = Doubled(2, "tanh", seed=1)
    for mine, theirs in zip(own.parameters(), layer.neurons[1].parameters(), strict=True):
        mine.data = theirs.data
    layer.neurons[1] = own
    assert [z.data for z in layer([0.5, -1.0])] == [first.data, 2.0 * second.data]


# ---- where parameters are found ----


def holding(part):
    module = nn.Module()
    module.part = part
    return module


class Slotted(nn.Module):
    __slots__ = ("__hidden", "w")

    def __init__(self):
        self.w, self.__hidden = Value(1.0), Value(2.0)


class Pair(NamedTuple):
    first: Value
    second: float


CONTAINERS = {
    "list": (lambda v, w: [v, [w]], ["part[0]", "part[1][0]"]),
    "tuple": (lambda v, w: (v, (3.0, w)), ["part[0]", "part[1][1]"]),
    "named tuple": (lambda v, w: [Pair(v, 1.0), Pair(w, 2.0)], ["part[0][0]", "part[1][0]"]),
    "deque": (lambda v, w: deque([v, w], 2), ["part[0]", "part[1]"]),
    "dict": (lambda v, w: {"a": v, (0, 1): w}, ["part['a']", "part[(0, 1)]"]),
    "ordered dict": (lambda v, w: OrderedDict(a=v, b=[w]), ["part['a']", "part['b'][0]"]),
    "array": (lambda v, w: array([[v, 1.0], [None, w]]), ["part[0][0]", "part[1][1]"]),
    "array of one": (lambda v, w: [array(v), w], ["part[0]", "part[1]"]),
    "modules": (lambda v, w: array([holding(v), holding([w])]), ["part[0].part", "part[1].part[0]"]),
}


def array(entries):
    return pytest.importorskip("numpy").array(entries, dtype=object)


def values_in(part):
    """All values in a container, by looking at what it prints."""
    return "Value(" in repr(part.tolist() if hasattr(part, "tolist") else part)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_parameters_are_found_in_containers(kind):
    make, names = CONTAINERS[kind]
    v, w = Value(1.0), Value(2.0)
    module = holding(make(v, w))
    assert module.named_parameters() == dict(zip(names, (v, w))) and module.weights() == [v, w]
    frozen = module.frozen()
    assert type(frozen.part) is type(module.part) and not values_in(frozen.part) and frozen.parameters() == []
    assert module.parameters() == [v, w]


def test_parameters_are_found_in_slots():
    module = Slotted()
    assert {name: p.data for name, p in module.named_parameters().items()} == {"_Slotted__hidden": 2.0, "w": 1.0}
    assert module.frozen().w == 1.0
    bare = Slotted.__new__(Slotted)
    assert bare.parameters() == []


@pytest.mark.parametrize("part", [{Value(1.0)}, frozenset([Value(1.0)]), {nn.Neuron(1)}, [{1: {Value(1.0)}}]])
def test_parameters_in_a_set_are_refused(part):
    for ask in (nn.Module.parameters, nn.Module.frozen):
        with pytest.raises(TypeError, match="keep them in a list"):
            ask(holding(part))
    assert holding({1, "a"}).parameters() == []


class Child(nn.Module):
    def __init__(self, parent):
        self.parent, self.neuron, self.bias = parent, nn.Neuron(1, "linear", seed=1), Value(0.5)

    def __call__(self, x):
        return self.neuron(x) + self.bias * self.parent.scale


class Overriding(Child):
    def named_parameters(self):
        return {name.upper(): p for name, p in super().named_parameters().items()}

    def biases(self):
        return [*super().biases(), self.bias]


@pytest.mark.parametrize("kind", [Child, Overriding])
def test_a_child_may_refer_to_its_parent(kind):
    parent = nn.Module()
    parent.scale, parent.children = Value(2.0), []
    parent.children += [kind(parent), kind(parent)]
    named = list(parent.named_parameters())
    assert len(named) == 7 and named[0] == "scale" and set(parent.children[0].parameters()) == set(parent.parameters())
    assert len(parent.biases()) == (4 if kind is Overriding else 2)
    frozen = parent.frozen()
    assert frozen.children[0].parent is frozen and frozen.children[1].parent is frozen
    assert frozen.children[0]([3.0]) == parent.children[0]([3.0]).data
    model = parent.children[1]
    assert len(nn.fit(model, [[1.0], [2.0]], [1.0, 0.0], "mse", epochs=3, l2=0.1)) == 3
