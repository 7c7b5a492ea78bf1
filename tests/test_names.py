"""What a view calls a node."""

import weakref

import pytest
from hypothesis import given, strategies as st

from scalargrad import Value, draw, expand, save_graph, steps, tree
from scalargrad.composite import roots_of
from scalargrad.graph import topological_order
from scalargrad.value import constant
from scalargrad.views.names import MAX_NAME, clean, names_of

in_module = Value(1.0)
X = Value(3.0)
_hidden_in_module = Value(2.0)


def name_of(node, **given):
    """What a caller without variables of its own calls `node`; `given` binds names, as {name: value}."""
    scope = {"names_of": names_of, "_nodes": [node], "__name__": "somewhere", **given}
    return eval("names_of(_nodes)", scope)[node]


# ---- which name it is ----


def test_the_label_goes_before_the_variable():
    x = Value(1.0, "weight")
    assert names_of([x]) == {x: "weight"}


def test_without_label_the_variable():
    x = Value(1.0)
    assert names_of([x]) == {x: "x"}


def test_locals_go_before_globals():
    here = in_module
    assert names_of([here]) == {in_module: "here"}


def test_globals_when_there_is_no_local():
    assert names_of([in_module]) == {in_module: "in_module"}


def test_a_comprehension_or_a_lambda_sees_the_variables_around_it():
    x, y = Value(2.0), Value(3.0)
    f = x * y
    expected = "f = x * y = 6\n  x = 2\n  y = 3"
    assert [[tree(f) for _ in range(1)] for _ in range(1)] == [[expected]]
    assert list(tree(f) for _ in range(1)) == [expected]  # noqa: C400
    assert {tree(f) for _ in range(1)} == set({tree(f): 1 for _ in range(1)}) == {expected}
    assert list(map(lambda _: tree(f), range(1))) == [expected]  # noqa: C417


def test_a_function_does_not_see_the_variables_of_its_caller():
    unseen = Value(1.0)

    def called(root):
        return names_of([root]), names_of([root.parents[0]])

    assert [*called(unseen * 2)[1].values()] == ["v1"]


def test_the_first_binding_wins():
    first = Value(1.0)
    second = first
    assert names_of([second]) == {first: "first"}


def test_names_that_begin_with_an_underscore_are_skipped():
    _x = Value(1.0)
    x = _x
    _y = Value(2.0)
    assert names_of([_x, _y, _hidden_in_module]) == {x: "x", _y: "v1", _hidden_in_module: "v2"}


def test_variables_of_any_kind_beside_it_do_no_harm():
    class Dead:
        pass

    gone = weakref.proxy(Dead())  # any question to it is a ReferenceError
    scope = {7: Value(1.0), "gone": gone, "Value": Value, "tree": tree}
    exec("x = Value(3.0)\nshown = tree(x * x, names={'gone': gone})", scope)
    assert scope["shown"].splitlines()[1] == "  x = 3"
    with pytest.raises(ReferenceError):
        isinstance(gone, Value)


def test_names_given_go_before_labels_and_variables():
    x, y = Value(1.0, "label"), Value(2.0)
    assert names_of([x, y], {"a": x, "b": y}) == {x: "a", y: "b"}


def test_names_are_given_either_way_round():
    x, y = Value(1.0), Value(2.0)
    assert names_of([x, y], {"a": x, y: "b"}) == {x: "a", y: "b"}


def test_names_may_be_all_that_locals_has():
    x, number, words, nothing = Value(1.0, "label"), 3, ["a"], None
    assert [number, words, nothing] and names_of([x], locals()) == {x: "x"}


@pytest.mark.parametrize("wrong", [["x"], "x", ("x",), 3])
@pytest.mark.parametrize("view", [tree, steps, draw])
def test_names_that_are_no_table(view, wrong):
    with pytest.raises(TypeError, match=r'names says what to call values, as \{"x": x\} or locals\(\), not '):
        view(Value(1.0), names=wrong)


def test_names_of_other_nodes_do_not_matter():
    x = Value(1.0)
    assert names_of([x], {"other": Value(2.0), "": x}) == {x: "x"}


def test_two_nodes_may_bear_one_name():
    assert list(names_of([Value(1.0, "w"), Value(2.0, "w")]).values()) == ["w", "w"]


def test_a_constant_is_called_by_its_number():
    nodes = [constant(2.5), constant(-3.0)]
    assert list(names_of(nodes).values()) == ["2.5", "-3"]


def test_generated_names_are_short_and_do_not_collide_with_the_users():
    nodes = [Value(0.0), Value(1.0, "v1"), Value(2.0), Value(3.0, "v3"), Value(4.0)]
    assert list(names_of(nodes, variables=()).values()) == ["v2", "v1", "v4", "v3", "v5"]


@given(st.lists(st.sampled_from(["", "v1", "v2", "v3", " v2", "\t", "x"]), max_size=8))
def test_generated_names_are_never_someone_elses(labels):
    named = names_of([Value(0.0, label) for label in labels])
    assert len(named) == len(labels)
    users = {clean(label) for label in labels} - {""}
    generated = [name for node, name in named.items() if not clean(node.label)]
    assert len(set(generated)) == len(generated) and users.isdisjoint(generated) and "" not in generated


def test_only_the_callers_own_variables_count():
    def helper():
        inner = x * 2
        return inner

    x = Value(1.0)
    product = helper()
    assert names_of([product]) == {product: "product"}
    assert name_of(product) == "v1"
    assert name_of(product, mine=product) == "mine"


@pytest.mark.parametrize("look", ["tree(square)", "str(steps(square))", "draw(square).source"])
def test_every_view_finds_the_variables_of_its_caller(look):
    scalar = Value(3.0)
    square = scalar * scalar
    text = eval(look, globals(), {"scalar": scalar, "square": square})
    assert "square" in text and "scalar" in text and "v1" not in text


def test_same_names_twice():
    x = Value(2.0)
    order = topological_order([x * x + 3.0 * x])
    assert names_of(order) == names_of(order)


# ---- one line of printable text ----

CLEANED = {
    "plain": "plain",
    "  two \t words\n": "two words",
    "a\x00b\x1bc\x7fd\x9be": "a\ufffdb\ufffdc\ufffdd\ufffde",
    "\ud800": "\ufffd",
    "\ufffe\uffff": "\ufffd\ufffd",
    "权重 θ 😀": "权重 θ 😀",
    "": "",
    " \n\t\u2003\u2028": "",
    "x" * 40: "x" * 40,
    "x" * 41: "x" * 37 + "...",
    "x" * 10_000: "x" * 37 + "...",
}


@pytest.mark.parametrize("text", CLEANED, ids=range(len(CLEANED)))
def test_clean(text):
    assert clean(text) == CLEANED[text]


@given(st.text(st.characters(exclude_categories=[])))
def test_a_clean_name_is_one_short_line_that_can_be_written(text):
    name = clean(text)
    assert len(name) <= MAX_NAME and len(name.splitlines()) <= 1 and clean(name) == name
    assert name.encode() is not None and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name)


@pytest.mark.parametrize("label", [" ", "\n", "\t\u2003"])
def test_a_label_of_nothing_but_space_is_no_name(label):
    assert name_of(Value(1.0, label)) == "v1"
    variable = Value(1.0, label)
    assert names_of([variable]) == {variable: "variable"}


# ---- the roots of a view ----


def test_roots_come_alone_or_together():
    x, y = Value(1.0), Value(2.0)
    assert roots_of(x) == [x]
    assert roots_of([x, y]) == roots_of((x, y)) == roots_of(node for node in (x, y)) == [x, y]


@pytest.mark.parametrize("view", [tree, steps, draw, expand, lambda root: save_graph(root, "never_written.json")])
@pytest.mark.parametrize(
    "root, wrong",
    [(None, "NoneType None"), (3.0, "float 3.0"), ([1.0], "float 1.0"), ("f", "str 'f'"), ([X, 2], "int 2")],
)
def test_roots_that_are_no_values(view, root, wrong):
    with pytest.raises(TypeError, match=f"^expected a Value or a list of Values, not {wrong}$"):
        view(root)


@pytest.mark.parametrize("view", [tree, steps, draw])
@pytest.mark.parametrize("root", [[], {}, ()])
def test_a_view_needs_a_root(view, root):
    with pytest.raises(TypeError, match=f"^expected a Value or a list of Values, not {type(root).__name__} "):
        view(root)


@pytest.mark.parametrize(
    "given, advice",
    [
        (Value(1.0), r"several roots come in a list, \[f, g\]"),
        ("f.svg", r"to write a file call \.save\('f\.svg'\) on the picture"),
        (3, "locals\\(\\), not int$"),
    ],
)
def test_names_that_are_none(given, advice):
    for view in (draw, steps, tree):
        with pytest.raises(TypeError, match=f"^names says what to call values.*{advice}"):
            view(X, given)
