"""Values that are called by their place in what a variable holds."""

import itertools
import types
import weakref
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from unittest.mock import MagicMock

import pytest

from scalargrad import Value, dot, steps, tree
from scalargrad.nn import MLP, Module
from scalargrad.views import places
from scalargrad.views.names import names_of


def name_of(node, /, **variables):
    """What `node` is called where these variables are bound; v1 means that it has no name."""
    return names_of([node], variables=variables.items())[node]


class Thing:
    def __init__(self, **attributes):
        vars(self).update(attributes)


class Slotted:
    __slots__ = ("empty", "w")


@dataclass
class Pair:
    left: object
    right: object


class Model(Module):
    def __init__(self, w):
        self.w = w


class Untouchable:
    """Whatever one asks an object of this class, it fails."""

    def __getattribute__(self, name):
        raise AssertionError(f"asked for {name}")

    __getattr__ = __iter__ = __len__ = __bool__ = __eq__ = __hash__ = __repr__ = __getattribute__


class Strict(type):
    def __getattribute__(cls, name):
        raise AssertionError(f"the class was asked for {name}")

    __eq__ = __hash__ = __call__ = __getattribute__


# ---- what there is a name for ----


def slotted(v):
    made = Slotted()
    made.w = [v]
    return made


HELD = {
    "x[1]": lambda v: [0.0, v],
    "x[0][2]": lambda v: [[1, 2, v]],
    "x[1][0]": lambda v: ("a", (v,)),
    "x['a']": lambda v: {"a": v},
    "x[7]['b c'][0]": lambda v: {7: {"b c": [v]}},
    "x['{a}'][0]": lambda v: {"{a}": [v]},
    "x.w[1]": lambda v: Thing(w=[1.0, v]),
    "x.w[0]": slotted,
    "x.right": lambda v: Pair(1, v),
    "x.left.right.w": lambda v: Pair(Pair(1, Thing(w=v)), 2),
    "x.n.w": lambda v: types.SimpleNamespace(n=types.SimpleNamespace(w=v)),
    "x.w['a']": lambda v: Model({"a": v}),
    "x[0]": lambda v: namedtuple("Point", "a")(v),
    "x['k']": lambda v: OrderedDict(k=v),
}


@pytest.mark.parametrize("name", HELD)
def test_the_name_is_the_place(name):
    node = Value(1.0)
    held = HELD[name](node)
    assert name_of(node, x=held) == name
    assert eval(name, {"x": held}) is node


def test_arrays_of_objects():
    numpy = pytest.importorskip("numpy")
    node = Value(1.0)
    array = numpy.array([[0.0, None], [None, node]], dtype=object)
    assert name_of(node, A=array) == "A[1][1]" and array[1][1] is node
    alone = numpy.empty((), dtype=object)
    alone[()] = node
    assert name_of(node, A=alone, B=numpy.zeros((1000, 1000)), C=array[1]) == "C[1]"


def test_labels_before_variables_before_places():
    x, y, z = Value(1.0, "label"), Value(2.0), Value(3.0)
    held = [x, y, z]
    assert names_of(held) == {x: "label", y: "y", z: "z"}
    assert names_of([x, y], variables={"held": held, "y": y}.items()) == {x: "label", y: "y"}


def test_the_first_variable_that_leads_there_and_in_it_the_nearest_place():
    node = Value(1.0)
    assert name_of(node, a=[[node], node], b=[node]) == "a[1]"
    assert name_of(node, b=[0, [[node]]], a=[node]) == "b[1][0][0]"


def test_the_matrix_example_of_the_lecture_reads_as_on_the_slide():
    x = [Value(v) for v in (2, 1, -3)]
    W = [[Value(v) for v in row] for row in ((1, 3, 2, 0), (2, -1, 1, 2), (3, 0, 1, 4))]
    y = [dot(x, column) for column in zip(*W)]
    assert str(steps(y[2])[0]) == "y[2] = x[0] * W[0][2] + x[1] * W[1][2] + x[2] * W[2][2] = 2 * 2 + 1 * 1 + -3 * 1 = 2"


# ---- what there is no name for ----

NAMELESS = {
    "an attribute with an underscore": lambda v: Thing(_w=v),
    "a key that is no text and no number": lambda v: {(1, 2): v, 2.0: v, None: v, True: v},
    "a set": lambda v: {v},
    "what a notebook keeps": lambda v: types.SimpleNamespace(**{"a b": v}),
    "a class": lambda v: type("Holder", (), {"w": v}),
    "a module": lambda v: vars(module := types.ModuleType("m")).update(w=v) or module,
    "what this package made": lambda v: steps(v),
    "too deep": lambda v: [[[[[[[v]]]]]]],
    "too long": lambda v: [0] * places.MAX_LENGTH + [v],
    "a name of more than 40 characters": lambda v: {"k" * 40: v},
    "a function": lambda v: vars(function := lambda: 0).update(w=v) or function,
}


@pytest.mark.parametrize("kind", NAMELESS)
def test_what_is_not_looked_into(kind):
    node = Value(1.0)
    assert name_of(node, x=NAMELESS[kind](node)) == "v1"


def test_what_a_notebook_keeps_of_its_outputs_gives_no_names():
    node = Value(1.0)
    assert name_of(node, Out={3: [node]}) == "v1" and name_of(node, Out={3: [node]}, x=[node]) == "x[0]"


# ---- objects of all kinds, of which nothing runs ----


class WithProperties:
    def __init__(self, w):
        self.w = w

    @property
    def loss(self):
        raise AssertionError("a property was read")

    @property
    def __class__(self):
        raise AssertionError("the class was asked for")


class HugeDict(dict):
    def items(self):
        raise AssertionError("the class's own items ran")

    __iter__ = keys = values = __len__ = __getitem__ = items


def dead():
    thing = Thing()
    return weakref.proxy(thing)


def itself():
    held = []
    held.append({"again": held, "thing": Thing(held=held)})
    return held


HARMLESS = {
    "dead proxy": dead,
    "mock": MagicMock,
    "untouchable": Untouchable,
    "strict class": lambda: object.__new__(Strict("Held", (), {})),
    "huge dict": lambda: HugeDict.fromkeys(range(10**6)),
    "holds itself": itself,
    "endless": lambda: itertools.count(),
    "never filled slots": Slotted,
    "module": lambda: types,
    "long list of lists": lambda: [[0.0] * 784] * 100_000,
    "tree of lists": lambda: [[[[[0.0] * 30 for _ in range(30)] for _ in range(30)]]],
}


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("kind", HARMLESS)
def test_other_variables_do_no_harm(kind, inside):
    node, other = Value(1.0), HARMLESS[kind]()
    held = [other] if inside else other
    assert name_of(node, other=held, x=[node]) == "x[0]"


def test_the_object_beside_a_property_has_names():
    node = Value(1.0)
    assert name_of(node, n=WithProperties([node])) == "n.w[0]"


def test_a_data_frame_does_no_harm():
    pandas = pytest.importorskip("pandas")
    node = Value(1.0)
    assert name_of(node, frame=pandas.DataFrame({"a": [1.0, 2.0]}), x=[node]) == "x[0]"


def test_one_variable_does_not_use_up_what_the_others_need():
    node = Value(1.0)
    many = [[[i] * 100 for _ in range(100)] for i in range(9)]
    assert name_of(node, many=many, x=[node]) == "x[0]"


def test_what_is_looked_at_is_bounded_in_all(monkeypatch):
    monkeypatch.setattr(places, "MAX_ENTRIES", 20)
    node = Value(1.0)
    held = {f"d{i}": [0] * 10 for i in range(2)}
    assert name_of(node, **held, x=[node]) == "v1"
    assert name_of(node, x=[node], **held) == "x[0]"


def test_containers_among_the_given_names_come_before_variables():
    weights = [Value(1.0), Value(2.0, "bias")]
    f = dot(weights, [3.0, 4.0])
    assert names_of([*weights, f], names={"W": weights, "f": f}) == dict(zip([*weights, f], ["W[0]", "bias", "f"]))
    assert names_of([*weights, f], names={f: "f"})[weights[0]] == "weights[0]"


def test_views_find_places_in_the_variables_of_their_caller():
    w = [Value(2.0), Value(3.0)]
    assert tree(w[0] * w[1]) == "v1 = w[0] * w[1] = 6\n  w[0] = 2\n  w[1] = 3"


def test_hidden_outputs_of_a_network_have_the_names_of_layer_health():
    model = MLP(2, [3, 2, 2], "tanh", seed=1)
    h1, h2, scores = model.layer_outputs([0.5, -1.0])
    assert [h.label for h in h1] == ["h1[0]", "h1[1]", "h1[2]"] and [h.label for h in h2] == ["h2[0]", "h2[1]"]
    assert "tanh(" in tree(scores[0]) and [s.label for s in scores] == ["", ""]
