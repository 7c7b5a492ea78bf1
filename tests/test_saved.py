"""Graphs travel: as JSON files, exact to the last bit and suspicious of every byte, and through copy and pickle."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import pickle
import struct
from itertools import pairwise

import pytest
from gate_points import POINTS, recipes
from hypothesis import given, settings
from spoiled import spoiled

from scalargrad import Value, dot, draw, exp, gate, gradient, load_graph, maximum, save_graph, steps
from scalargrad.gate import CONSTANT, LEAF
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.value import constant

inf, nan = math.inf, math.nan
steady = settings(max_examples=50)


@gate
def double(x, y):
    return x * 2.0 + y


def bits(x):
    """A number to its last bit; every nan is one."""
    return "nan" if x != x else struct.pack("<d", x)


def everything(*roots):
    """All that is known of all nodes of a graph, the sign of zero included."""
    order = topological_order(roots)
    index = {node: i for i, node in enumerate(order)}
    nodes = [
        (
            *(bits(node.data), bits(node.grad), node.label, node.gate, node.form.moving, node.form is CONSTANT),
            *(tuple(map(bits, node.numbers)), tuple(index[parent] for parent in node.parents)),
        )
        for node in order
    ]
    return nodes, [index[root] for root in roots]


def by_file(root, folder):
    """What comes back from a file: a value, or a list of values."""
    return load_graph(save_graph(root, folder / "graph.json"), gates=[double])


def by_pickle(root, folder):
    return pickle.loads(pickle.dumps(root))


def by_copy(root, folder):
    return copy.deepcopy(root)


every_way = pytest.mark.parametrize("way", [by_file, by_pickle, by_copy])


def sample():
    """A graph with forks, labels, gradients, constants, parameters on either side, and a gate of many inputs."""
    x, y = Value(-2.0, "x"), Value(5.0, 'y "quoted" \\ \n 权重 \ud800')
    q = x * y + x
    q.label = "q"
    root = maximum(2.0**q, q**3, x, dot([x, 3.0], [y, 0.5], constant(1.5)), q.leaky_relu(0.3), exp(y)) / 7.0
    root.backward()
    return root


# ---- the round trip ----


@every_way
def test_a_graph_comes_back_to_the_last_bit(way, tmp_path):
    root = sample()
    again = way(root, tmp_path)
    assert everything(again) == everything(root)
    assert not set(topological_order([again])) & set(topological_order([root]))


def test_the_comparison_sees_every_difference():
    for spoil in (
        lambda node: setattr(node, "grad", 1.0),
        lambda node: setattr(node, "grad", -0.0),
        lambda node: setattr(node, "label", "other"),
        lambda node: setattr(node, "data", 3.0),
        lambda node: setattr(node, "form", CONSTANT),
        lambda node: setattr(node, "_numbers", (1.0,)),
    ):
        root = Value(2.0) * 3.0
        before = everything(root)
        spoil(root.parents[0])
        assert everything(root) != before


@every_way
@pytest.mark.parametrize("name", GATES)
def test_every_gate_in_every_form(way, name, tmp_path):
    for point in POINTS[name].ordinary:
        for moving in range(1, 2 ** min(3, len(point))):
            root = GATES[name](*[Value(x) if moving >> i & 1 else x for i, x in enumerate(point)])
            assert everything(way(root, tmp_path)) == everything(root)


@every_way
@pytest.mark.parametrize("x", [inf, -inf, nan, -0.0, 0.0, 5e-324, -1.7976931348623157e308, 0.1, 1 / 3, 2.0**53 + 2])
def test_every_float(way, x, tmp_path):
    leaf = Value(x, "x", grad=x)
    root = leaf + x
    assert everything(way(root, tmp_path)) == everything(root)
    assert everything(way(leaf, tmp_path)) == everything(leaf)


@given(recipes())
@steady
def test_random_graphs(tmp_path_factory, recipe):
    nodes = recipe.run(map(Value, recipe.leaves), GATES.get)
    nodes[-1].backward()
    for way in (by_file, by_pickle, by_copy):
        assert everything(way(nodes[-1], tmp_path_factory.getbasetemp())) == everything(nodes[-1])
    assert everything(*by_file(nodes, tmp_path_factory.getbasetemp())) == everything(*nodes)


@every_way
def test_nothing_is_computed_again(way, tmp_path):
    """Changed data stays changed, and backward works with the numbers of the forward pass."""
    x = Value(3.0, "x")
    root = x * x
    x.data = 100.0
    again = way(root, tmp_path)
    assert everything(again) == everything(root)
    again.backward()
    assert again.parents[0].grad == 6.0
    with pytest.raises(ValueError, match="^x was changed from 3.0 to 100.0"):
        gradient(again, again.parents[:1])


def seen(root):
    return str(steps(root)), draw(root).source


@every_way
def test_what_came_back_works(way, tmp_path):
    root = sample()
    again = way(root, tmp_path)
    assert seen(again) == seen(root)
    assert repr(again) == repr(root)
    assert (again * 2.0).parents == (again,)
    again.zero_grad()
    again.backward()
    root.zero_grad()
    root.backward()
    assert everything(again) == everything(root)


@every_way
def test_leaves_and_constants(way, tmp_path):
    for leaf, form in ((Value(2.0, "x"), LEAF), (constant(2.0), CONSTANT)):
        again = way(leaf, tmp_path)
        assert again is not leaf and again.form is form and everything(again) == everything(leaf)


@every_way
def test_gates_are_the_very_gates(way, tmp_path):
    x = Value(2.0)
    root = double(x, 1.0) + x
    again = way(root, tmp_path)
    assert again.gate is GATES["add"] and again.form is root.form
    assert again.parents[0].gate is double and again.parents[0].form is root.parents[0].form


# ---- files ----


def test_the_file_is_the_documented_one(tmp_path):
    x, y = Value(-2.0, "x"), Value(5.0, "y", grad=1.0)
    path = save_graph(2.0 * (x + y), tmp_path / "graph.json")
    assert json.loads(path.read_text("ascii")) == {
        "format": "scalargrad graph",
        "version": 1,
        "nodes": [
            {"data": -2.0, "label": "x"},
            {"data": 5.0, "label": "y", "grad": 1.0},
            {"data": 3.0, "gate": "add", "parents": [0, 1], "numbers": [3.0, -2.0, 5.0]},
            {"data": 6.0, "gate": "mul", "parents": [2], "places": [1], "numbers": [6.0, 2.0, 3.0]},
        ],
        "roots": [3],
        "list": False,
    }


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    root = sample()
    first, second = save_graph(root, tmp_path / "1"), save_graph(copy.deepcopy(root), str(tmp_path / "2"))
    assert first.read_bytes() == second.read_bytes() and first == tmp_path / "1"


def test_several_roots_share_what_they_shared(tmp_path):
    x = Value(2.0)
    h = x * x
    roots = [h * 3.0, h * 5.0, h, x, h]
    again = by_file(roots, tmp_path)
    assert everything(*again) == everything(*roots)
    assert again[0].parents[0] is again[2] is again[4] and again[2].parents[0] is again[3]
    assert by_file([], tmp_path) == []
    [one] = by_file([x], tmp_path)
    assert one.data == 2.0 and by_file((x, h), tmp_path)[1].data == 4.0
    assert len(by_file(iter([x, h]), tmp_path)) == 2


def test_what_cannot_be_saved(tmp_path):
    path = tmp_path / "graph.json"
    for thing in (3.0, None, "x"):
        with pytest.raises(TypeError):
            save_graph(thing, path)
    with pytest.raises(TypeError, match="^expected a Value or a list of Values, not float 3.0$"):
        save_graph([Value(1.0), 3.0], path)
    one, two = gate(lambda x: x * 2.0, name="same"), gate(lambda x: x * 3.0, name="same")
    with pytest.raises(ValueError, match="^two gates have the name 'same'"):
        save_graph(one(two(Value(1.0))), path)
    assert not path.exists()


@pytest.mark.parametrize("place", ["missing/graph.json", "folder", "file/graph.json"])
def test_a_target_that_cannot_be_written(place, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError):
        save_graph(sample(), tmp_path / place)
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "file").read_text() == "old"


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_graph(Value(1.0), tmp_path / "graph.json")
    old = path.read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="No space left"):
        save_graph(sample(), path)
    root = sample()
    object.__setattr__(root, "_label", object())  # no text: the graph cannot be written
    with pytest.raises(TypeError):
        save_graph(root, path)
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_graph(tmp_path / "nothing.json")
    with pytest.raises(OSError):
        load_graph(tmp_path)


# ---- damaged files ----

HEAD = {"format": "scalargrad graph", "version": 1}
X, Y = {"data": -2.0, "label": "x"}, {"data": 5.0}
SUM = {"data": 3.0, "gate": "add", "parents": [0, 1], "numbers": [3.0, -2.0, 5.0]}
TWICE = {"data": 6.0, "gate": "mul", "parents": [2], "places": [1], "numbers": [6.0, 2.0, 3.0]}
GOOD = HEAD | {"nodes": [X, Y, SUM, TWICE], "roots": [3], "list": False}


def with_node(i, **changes):
    """The good file with changes in one of its nodes; None takes a key away."""
    nodes = [dict(node) for node in GOOD["nodes"]]
    nodes[i] |= changes
    nodes[i] = {key: x for key, x in nodes[i].items() if x is not None}
    return GOOD | {"nodes": nodes}


def without(key):
    return {k: x for k, x in GOOD.items() if k != key}


NO_NUMBERS = [True, False, None, "1.0", "NaN", "Infinity", "", "infinity", [], [1.0], {}, 10**400, -(10**400)]
NO_INDICES = [-1, 4, 10**30, 1.0, "0", None, True, [0]]

DAMAGED = [
    # the whole
    *[(text, "") for text in ("", " ", "{", "nonsense", "'x'", "{} {}", '{"format": }', "\ufeff{}", "\x00")],
    *[(json.dumps(GOOD)[:n], "") for n in (1, 10, 60, 150, 200, len(json.dumps(GOOD)) - 1)],
    *[(json.dumps(x), "the file is") for x in ([], [GOOD], 1.0, "text", True)],
    ("null", "the file is missing"),
    ("[" * 100_000, ""),
    ('{"format":' * 100_000, ""),
    (b"\xff\xfe", "utf-8"),
    (json.dumps(GOOD).encode("utf-16"), ""),
    (json.dumps(GOOD).encode()[:-10] + b"\xe9", "utf-8"),
    # the head
    ({}, "format is None"),
    (GOOD | {"format": "scalargrad model"}, "format is 'scalargrad model'"),
    *[(GOOD | {"version": v}, "version ") for v in (0, 2, 10**30, "1", 1.0, True, None, [1])],
    (without("version"), "version None is not 1"),
    (GOOD | {"comment": "hello"}, "comment is not known"),
    (GOOD | {"": 1}, "is not known"),
    # roots
    (without("nodes"), "nodes is missing"),
    (without("roots"), "roots is missing"),
    *[(GOOD | {"nodes": x}, "nodes is") for x in (None, {}, "x", 3)],
    *[(GOOD | {"nodes": [X, x], "roots": [0]}, r"nodes\[1\] is") for x in (None, [], "x", 3.0, True)],
    *[(GOOD | {"roots": x}, "roots is") for x in (None, {}, 3, "3")],
    *[(GOOD | {"roots": [x]}, r"roots\[0\]: .* is no index below 4") for x in NO_INDICES],
    (GOOD | {"roots": [0, 9], "list": True}, r"roots\[1\]: 9 is no index"),
    (GOOD | {"roots": [], "list": False}, "roots is a list of 0; without a list there is one"),
    (GOOD | {"roots": [2, 3]}, "roots is a list of 2"),
    *[(GOOD | {"list": x}, "list is") for x in (None, 0, 1, "true", [])],
    (GOOD | {"nodes": [], "roots": [0]}, r"roots\[0\]: 0 is no index below 0"),
    # leaves
    *[(with_node(0, data=x), r"nodes\[0\]\.data") for x in NO_NUMBERS],
    *[(with_node(1, grad=x), r"nodes\[1\]\.grad: .* is not a number such as 1.0") for x in NO_NUMBERS if x is not None],
    *[(with_node(1, label=x), r"nodes\[1\]\.label is") for x in (1, True, [], {})],
    *[(with_node(1, constant=x), r"nodes\[1\]\.constant is") for x in (1, "true", [])],
    (with_node(2, constant=True), r"nodes\[2\]\.constant"),
    (with_node(2, constant=False), r"nodes\[2\]\.constant"),
    (with_node(0, color="red"), r"nodes\[0\]\.color is not known"),
    (with_node(3, rule="os.system"), r"nodes\[3\]\.rule is not known"),
    (with_node(0, parents=[]), r"nodes\[0\]\.gate is missing"),
    (with_node(2, gate=None), r"nodes\[2\]\.gate is missing"),
    # gates
    *[
        (with_node(2, gate=x), r"nodes\[2\]\.gate")
        for x in (1, [], True, {}, "", "Add", "nonsense", "__class__", "double_")
    ],
    (with_node(2, parents=None), r"nodes\[2\]\.parents is missing"),
    (with_node(2, numbers=None), r"nodes\[2\]\.numbers is missing"),
    *[(with_node(2, parents=x), r"nodes\[2\]\.parents is") for x in (0, "01", {}, True)],
    *[(with_node(2, numbers=x), r"nodes\[2\]\.numbers is") for x in (0, "01", {}, True)],
    *[(with_node(2, parents=[0, x]), r"nodes\[2\]\.parents: .* is no index below 2") for x in NO_INDICES],
    (with_node(2, parents=[0, 2]), r"nodes\[2\]\.parents: 2 is no index below 2"),  # a cycle: its own parent
    (with_node(2, parents=[0, 3]), r"nodes\[2\]\.parents: 3 is no index below 2"),  # a cycle of two
    *[(with_node(2, numbers=[3.0, x, 5.0]), r"nodes\[2\]\.numbers\[1\]: ") for x in NO_NUMBERS],
    *[
        (with_node(2, numbers=[1.0] * n), rf"nodes\[2\]\.numbers is a list of {n}; add takes 2 inputs")
        for n in (0, 1, 2, 4, 50)
    ],
    *[(with_node(2, parents=[0] * n), r"nodes\[2\]\.places is missing: .* 2 inputs") for n in (0, 1, 3)],
    (
        with_node(2, gate="double", numbers=[1.0] * 4, parents=[0] * 3),
        r"nodes\[2\]\.numbers is a list of 4; double takes 2",
    ),
    (
        with_node(2, gate="maximum", numbers=[1.0], parents=[]),
        r"numbers is a list of 1; maximum takes some inputs",
    ),
    (
        with_node(2, gate="maximum", numbers=[1.0] * 4),
        r"nodes\[2\]\.places is missing: the gate has 3 inputs and 2 parents",
    ),
    # places
    (
        with_node(2, gate="exponent_slope", parents=[0] * 4, numbers=[1.0] * 5),
        r"nodes\[2\]\.places: the last input of exp",
    ),
    (
        with_node(2, gate="exponent_slope", places=[0, 3], numbers=[1.0] * 5),
        r"nodes\[2\]\.places: the last input of exp",
    ),
    *[(with_node(3, places=x), r"nodes\[3\]\.places is") for x in (1, "1", {}, True)],
    *[(with_node(3, places=[x]), r"nodes\[3\]\.places: .* is no index below 2") for x in (-1, 2, 1.0, "0", None, True)],
    *[(with_node(3, places=x), r"nodes\[3\]\.places does not say") for x in ([], [0, 1], [1, 1], [1, 0])],
    (with_node(2, places=[0, 1]), r"nodes\[2\]\.places does not say where the parents \(2\) go among the inputs \(2\)"),
    (with_node(3, parents=[2, 2]), r"nodes\[3\]\.places does not say where the parents \(2\)"),
    (with_node(3, parents=[]), r"nodes\[3\]\.places does not say where the parents \(0\)"),
    # words that JSON has not
    *[
        (json.dumps(GOOD).replace("5.0", word), "is not a number such as 1.0")
        for word in ("NaN", "Infinity", "-Infinity")
    ],
    *[(json.dumps(GOOD).replace("5.0", "9" * n), "is not a number such as 1.0") for n in (400, 5_000, 100_000)],
    (json.dumps(GOOD).replace("5.0", "1e999"), "is not a number such as 1.0"),
    (json.dumps(GOOD).replace("[3]", f"[{'9' * 5_000}]"), r"roots\[0\]: .* is no index"),
]


def load(content, folder):
    path = folder / "graph.json"
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return load_graph(path, gates=[double])


def test_the_good_file_is_good(tmp_path):
    root = load(GOOD, tmp_path)
    x, y = Value(-2.0, "x"), Value(5.0)
    assert everything(root) == everything(2.0 * (x + y))


@pytest.mark.parametrize(("content", "place"), DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_a_value_error_that_names_file_and_place(content, place, tmp_path):
    with pytest.raises(ValueError, match=f"graph.json: not a saved graph: .*{place}") as caught:
        load(content, tmp_path)
    assert len(str(caught.value)) < 400 + len(str(tmp_path)) and type(caught.value) is ValueError


def test_every_truncation_and_every_lost_byte(tmp_path):
    """Whatever is cut off or left out: either an error, or a graph as whole as the good one."""
    text = json.dumps(GOOD).encode()
    for damaged in [*(text[:n] for n in range(len(text))), *(text[:n] + text[n + 1 :] for n in range(len(text)))]:
        try:
            root = load(damaged, tmp_path)
        except ValueError as error:
            assert "graph.json: not a saved graph: " in str(error)
        else:
            order = topological_order([root])
            root.backward()
            assert len(order) in (1, 2, 3, 4) and all(len(n.parents) == len(n.local_gradients()) for n in order)


@settings(max_examples=500)
@given(spoiled(json.dumps(GOOD)))
def test_a_file_is_refused_in_words_or_is_a_graph_that_can_be_saved_again(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    path = folder / "damaged.json"
    path.write_bytes(content)
    try:
        loaded = load_graph(path)
    except ValueError as error:
        assert str(error).startswith(f"{path}: not a saved graph: ")
        return
    roots = loaded if isinstance(loaded, list) else [loaded]
    again = by_file(roots, folder)
    assert everything(*again) == everything(*roots)
    for root in again:
        with contextlib.suppress(ArithmeticError, ValueError):  # where a slope of these numbers is infinite
            root.backward()


def test_whole_numbers_and_words_are_numbers(tmp_path):
    root = load(with_node(0, data=-2, grad="-inf"), tmp_path)
    leaf = topological_order([root])[0]
    assert (leaf.data, leaf.grad) == (-2.0, -inf) and type(leaf.data) is float


# ---- copy and pickle ----


def chain(length):
    root = x = Value(0.5, "x")
    for _ in range(length):
        root = root + x
    return x, root


@pytest.mark.slow
@pytest.mark.parametrize(("way", "length"), [(by_file, 50_000), (by_pickle, 200_000), (by_copy, 200_000)])
def test_a_chain_longer_than_pythons_stack(way, length, tmp_path):
    x, root = chain(length)
    again = way(root, tmp_path)
    order = topological_order([again])
    assert len(order) == length + 1 and order[0].label == "x" and order[0] is not x
    assert all(node.parents == (before, order[0]) for before, node in pairwise(order[1:]))
    again.backward()
    assert (again.data, order[0].grad) == (0.5 + length / 2, length + 1.0)


@pytest.mark.parametrize("way", [by_pickle, by_copy])
def test_sharing_inside_one_root_and_of_leaves_across_all(way):
    w, x = Value(2.0, "w"), Value(3.0, "x")
    h = w * x
    one, two = h * h, h + x
    new = way({"roots": [one, two], "leaves": (w, x), "again": one}, None)
    one2, two2 = new["roots"]
    assert one2 is new["again"] and one2.parents[0] is one2.parents[1]
    w2, x2 = new["leaves"]
    assert one2.parents[0].parents == (w2, x2) == two2.parents[0].parents and two2.parents[1] is x2
    assert w2 is not w and everything(one2) == everything(one)
    one2.backward()
    two2.backward()
    assert (w2.grad, x2.grad, w.grad) == (39.0, 27.0, 0.0)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol(protocol):
    root = sample()
    assert everything(pickle.loads(pickle.dumps(root, protocol))) == everything(root)


def test_a_copy_is_on_its_own():
    root = sample()
    before = everything(root)
    again = copy.deepcopy(root)
    for node in topological_order([again]):
        node.grad, node.data, node.label = 5.0, 6.0, "changed"
    assert everything(root) == before
    root.zero_grad()
    assert {node.grad for node in topological_order([again])} == {5.0}


def test_a_shallow_copy_shares_the_parents():
    root = sample()
    again = copy.copy(root)
    assert again is not root and again.parents == root.parents and everything(again) == everything(root)
    leaf = copy.copy(Value(2.0, "x", 3.0))
    assert repr(leaf) == "Value(2.0, grad=3.0, label='x')" and copy.copy(constant(2.0)).form is CONSTANT


def test_gates_copy_as_themselves_and_pickle_by_name():
    for one in [*GATES.values(), double]:
        assert copy.deepcopy(one) is one and copy.copy(one) is one and pickle.loads(pickle.dumps(one)) is one
    text = pickle.dumps(Value(2.0) + 1.0)
    assert len(text) < 400


def test_a_gate_is_found_by_its_own_name_not_by_what_a_console_showed_last(monkeypatch):
    monkeypatch.setattr("builtins._", double, raising=False)
    assert b"builtins" not in pickle.dumps(double)


# ---- values copied together ----


def test_a_deep_copy_keeps_what_is_one_one():
    x = Value(3.0, "x", grad=0.5)
    h = x * 2
    f = h * x + h
    for values in ([h, f], [f, h], {"h": h, "f": f}, (f, [h, {"x": x}])):
        again = copy.deepcopy(values)
        if isinstance(values, dict):
            again_h, again_f = again["h"], again["f"]
        else:
            again_h, again_f = (again[1], again[0]) if values[0] is f else again
        again_h = again_h[0] if isinstance(again_h, list) else again_h
        assert again_h is not h and again_h in topological_order([again_f])
        assert everything(again_f) == everything(f)
        again_f.backward()
        assert again_h.grad == 4.0 and x.grad == 0.5


def test_pickled_roots_share_their_leaves():
    x = Value(3.0, "x")
    h = x * 2
    again_h, again_f = pickle.loads(pickle.dumps([h, h * x]))
    assert again_h.parents[0] is again_f.parents[1]


class Mine(Value):
    """A kind of value of one's own, with a constructor of its own."""

    __slots__ = ()

    def __init__(self, number):
        super().__init__(number, "mine")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), copy.copy])
def test_a_subclass_stays_one(copied):
    x = Mine(3.0)
    f = x * 2 + Value(1.0)
    again = copied(f)
    assert type(f) is type(again) is Mine and everything(again) == everything(f)
    assert type(again.parents[0].parents[0]) is Mine and type(again.parents[1]) is Value
    assert type(copied(x)) is Mine and copied(x).label == "mine"


def test_what_is_said_twice_in_a_file_is_refused(tmp_path):
    path = save_graph(Value(3.0, "x") * 2, tmp_path / "graph.json")
    text = path.read_text(encoding="utf-8")
    for said, twice in (('"version": 1', '"version": 1, "version": 1'), ('"data": 3.0', '"data": 3.0, "data": 4.0')):
        path.write_text(text.replace(said, twice), encoding="utf-8")
        with pytest.raises(ValueError, match=r"graph\.json: not a saved graph: (version|data) is there twice"):
            load_graph(path)
    for version in ("true", "1.0", '"1"', "2"):
        path.write_text(text.replace('"version": 1', f'"version": {version}'), encoding="utf-8")
        with pytest.raises(ValueError, match="version .* is not 1"):
            load_graph(path)
