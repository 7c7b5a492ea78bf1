"""The passes in words: the numbers are those of `backward()`, and what is shown can be checked with a calculator."""

import dataclasses
import re

import pytest
from conftest import lecture
from gate_points import recipes
from hypothesis import given, strategies as st

from scalargrad import Value, dot, exp, maximum, sigmoid, steps, tanh, total, tree
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.text import number_text, width
from scalargrad.views import phrases, spelling

LECTURE = """\
forward   x = -2, y = 5, z = -4
  1  q = x + y  = -2 + 5  = 3
  2  f = q * z  = 3 * -4  = -12
backward  f.grad = 1
     gate       local gradient  upstream x local = downstream  gradient
  3  f = q * z  df/dq = z = -4  1 x -4 = -4                    q.grad 0 -> -4
  4  f = q * z  df/dz = q = 3   1 x 3 = 3                      z.grad 0 -> 3
  5  q = x + y  dq/dx = 1       -4 x 1 = -4                    x.grad 0 -> -4
  6  q = x + y  dq/dy = 1       -4 x 1 = -4                    y.grad 0 -> -4
result    x.grad = -4, y.grad = -4, z.grad = 3"""


@pytest.fixture(autouse=True)
def on_a_plain_terminal(monkeypatch):
    monkeypatch.setattr(phrases, "times", lambda: "x")


def graph(recipe):
    """The nodes of a random graph; the last one is the root."""
    return recipe.run([Value(x) for x in recipe.leaves], GATES.get)


# ---- the lecture ----


def test_the_lecture():
    assert str(steps(lecture())) == LECTURE


def test_a_step_is_a_sentence():
    sentences = [str(step) for step in steps(lecture())]
    assert sentences[1] == "f = q * z = 3 * -4 = -12"
    assert sentences[2] == "f = q * z: local df/dq = z = -4, upstream 1, downstream 1 x -4 = -4, q.grad 0 -> -4"


def test_the_parts_of_a_forward_step():
    f = lecture()
    step = steps(f)[1]
    assert (step.phase, step.node, step.name, step.gate.name) == ("forward", f, "f", "mul")
    assert (step.inputs, step.formula, step.output, step.pattern) == (f.parents, "q * z", -12.0, "switches")
    assert step.parent is step.local_gradient is step.upstream is step.adds_up is None


def test_the_parts_of_a_backward_step():
    f = lecture()
    step = steps(f)[2]
    assert (step.phase, step.node, step.parent, step.place, step.parent_name) == ("backward", f, f.parents[0], 0, "q")
    assert (step.local_gradient, step.local_formula, step.upstream, step.downstream) == (-4.0, "z", 1.0, -4.0)
    assert (step.before, step.running_total, step.adds_up) == (0.0, -4.0, False)


def test_a_fork_says_that_it_adds_up():
    x = Value(3.0, "x")
    first, second = steps(x * x)[1:]
    assert not first.adds_up and str(first).endswith("x.grad 0 -> 3")
    assert second.adds_up and str(second).endswith("x.grad 3 + 3 = 6, adds up")
    assert (first.place, second.place, second.before, second.running_total) == (0, 1, 3.0, 6.0)


def test_a_fork_adds_up_even_to_zero():
    x = Value(2.0, "x")
    last = steps(x - x)[-1]
    assert last.adds_up and str(last).endswith("x.grad 1 + -1 = 0, adds up")


def test_what_had_added_up_to_zero_has_still_received():
    x = Value(2.0, "x")
    seen = steps(x * x + (x - x))
    assert [str(step).rpartition(", x.grad ")[2] for step in seen if step.parent is x] == [
        *("0 -> 1", "1 + -1 = 0, adds up"),
        *("0 + 2 = 2, adds up", "2 + 2 = 4, adds up"),
    ]


# ---- the same numbers as backward ----


@given(recipes(), st.sampled_from([1.0, -0.7, 3.0]))
def test_gradients_are_those_of_backward_to_the_last_bit(recipe, upstream):
    nodes = graph(recipe)
    seen = steps(nodes[-1], upstream=upstream)
    assert all(node.grad == 0.0 for node in nodes)
    nodes[-1].backward(upstream)
    assert seen.gradients == {node: node.grad for node in topological_order([nodes[-1]])}


@given(recipes())
def test_running_totals_lead_to_the_gradients(recipe):
    seen = steps(graph(recipe)[-1])
    totals = dict.fromkeys(seen.story.roots, 1.0)
    for step in seen:
        if step.phase == "backward":
            assert step.upstream == totals[step.node] and step.before == totals.get(step.parent, 0.0)
            assert step.downstream == step.upstream * step.local_gradient
            assert step.adds_up == (step.parent in totals)
            totals[step.parent] = step.running_total
    assert totals == seen.gradients


@given(recipes(), st.lists(st.tuples(st.integers(0, 15), st.floats(-2, 2)), min_size=1, max_size=3))
def test_several_roots_are_the_sum_of_their_backwards(recipe, chosen):
    nodes = graph(recipe)
    roots, upstream = [nodes[i % len(nodes)] for i, _ in chosen], [up for _, up in chosen]
    seen = steps(roots, upstream=upstream)
    for root, up in zip(roots, upstream):
        root.backward(up)
    for leaf in (node for node in seen.order if not node.gate):
        scale = sum(abs(step.downstream) for step in seen if step.parent is leaf) + 4.0
        assert seen.gradients[leaf] == pytest.approx(leaf.grad, rel=1e-9, abs=1e-10 * scale)


def test_two_roots_that_share_a_node():
    x = Value(2.0, "x")
    h = x * x
    assert steps([3 * h, 5 * h]).gradients[x] == 32.0
    assert steps([3 * h, 5 * h], upstream=[1, -1]).gradients[x] == -8.0
    assert steps([h, h]).gradients[x] == 8.0


def test_a_root_that_another_root_uses():
    x = Value(3.0, "x")
    h = x * x
    seen = steps([h, h * 2], upstream=[10, 1])
    assert seen.gradients == {x: 72.0, h: 12.0, seen.story.roots[1]: 1.0}
    assert "h.grad 10 + 2 = 12, adds up" in str(seen)


def test_a_leaf_as_root():
    x = Value(3.0, "x")
    assert (len(steps(x)), steps(x, upstream=2).gradients) == (0, {x: 2.0})
    assert str(steps(x)) == "forward   x = 3\nbackward  x.grad = 1\nresult    x.grad = 1"


def test_no_grad_is_touched():
    f = lecture()
    f.backward(2.0)
    held = [node.grad for node in topological_order([f])]
    str(steps(f, upstream=5.0))
    assert [node.grad for node in topological_order([f])] == held


def test_the_numbers_are_those_of_the_forward_pass():
    x = Value(3.0, "x")
    f = x * x
    x.data = 100.0
    assert steps(f).gradients[x] == 6.0
    assert "= 3 * 3  = 9" in str(steps(f))


def test_an_infinite_slope_is_an_error_that_names_the_gate():
    with pytest.raises(ZeroDivisionError, match="^sqrt: input x = 0.0"):
        steps(Value(0.0).sqrt())


@pytest.mark.parametrize("upstream, error", [([1.0], ValueError), ([1, 2, 3], ValueError), (["1", 1], TypeError)])
def test_upstream_that_does_not_fit(upstream, error):
    with pytest.raises(error):
        steps([Value(1.0), Value(2.0)], upstream=upstream)


# ---- a sequence ----


def test_walked_forwards_and_backwards():
    seen = steps(lecture())
    ahead = list(seen)
    assert len(ahead) == len(seen) == 6
    assert list(reversed(seen)) == ahead[::-1]
    assert seen[-1] == seen[5] == ahead[-1]
    assert [step.phase for step in seen] == ["forward"] * 2 + ["backward"] * 4


@pytest.mark.parametrize(
    "cut", [slice(2), slice(2, 4), slice(None, None, -1), slice(-3, None), slice(9, 12), slice(5, 0, -2)]
)
def test_slices(cut):
    seen = steps(lecture())
    assert seen[cut] == list(seen)[cut]


@pytest.mark.parametrize("index", [6, -7, 100])
def test_beyond_the_end(index):
    with pytest.raises(IndexError):
        steps(lecture())[index]


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        steps(lecture())[0].output = 1.0


def test_a_prompt_and_a_notebook_show_the_table():
    shown = steps(lecture())
    assert repr(shown) == str(shown)


def test_steps_are_in_the_one_topological_order():
    f = lecture()
    gates = [node for node in topological_order([f]) if node.gate]
    assert [step.node for step in steps(f)] == [*gates, *[node for node in gates[::-1] for _ in node.parents]]


# ---- what is on screen agrees ----


@given(recipes())
def test_a_product_on_screen_agrees_with_its_factors(recipe):
    for step in steps(graph(recipe)[-1]):
        if step.phase == "backward":
            text = str(step)
            upstream, local, downstream = re.search(r"downstream (\S+) x (\S+) = ([^\s,]+),", text).groups()
            assert number_text(float(upstream) * float(local)) == downstream == number_text(step.downstream)
            assert f" = {local}, upstream {upstream}," in text
            added = re.search(r"grad (\S+) \+ (\S+) = (\S+), adds up$", text)
            if added:
                before, term, after = added.groups()
                assert number_text(float(before) + float(term)) == after == number_text(step.running_total)


@given(recipes())
def test_a_gate_on_screen_agrees_with_its_inputs(recipe):
    for step in steps(graph(recipe)[-1]):
        if step.phase == "forward" and " ... " not in step.cells[1]:
            numbers = step.cells[1].removeprefix("= ")
            assert step.cells[2] == f"= {number_text(float(eval(numbers, dict(GATES))))}", numbers


def test_a_negative_number_is_held_together():
    x = Value(-2.0, "x")
    assert steps(x**2)[0].cells[1:] == ("= (-2) ** 2", "= 4")
    assert steps(3 - x)[0].cells[1:] == ("= 3 - -2", "= 5")


def test_a_tiny_number_is_never_shown_as_zero():
    x, y = Value(1e-6, "x"), Value(1e-6, "y")
    shown = str(steps(x * y)) + tree(x * y)
    assert "1e-06 * 1e-06  = 1e-12" in shown and "0.0000" not in shown


def test_a_long_gate_is_cut_in_its_middle():
    f = total([Value(float(i), f"leaf{i}") for i in range(100)])
    shown = str(steps(f))
    assert max(map(len, shown.splitlines()[1:101])) < 250 and " ... " in shown
    assert "leaf11 = 11, ... (100 in all) 1 " in " ".join(shown.split())


def test_columns_line_up_under_wide_names(monkeypatch):
    monkeypatch.setattr("scalargrad.views.steps.room", lambda: 100)
    f = Value(2.0, "权重") * Value(3.0, "x")
    rows = [row for row in str(steps(f)).splitlines() if row.startswith("  ")]
    assert {width(row.split("  1 x ")[0]) for row in rows[2:]} == {width(rows[1].split("  upstream")[0])}
    assert all("  1 x " in row for row in rows[2:])


@pytest.mark.parametrize(
    "gate, slope",
    [
        (lambda x: x.sigmoid(), "df/dx = f * (1 - f) = 0.25"),
        (lambda x: x.tanh(), "df/dx = 1 - f * f = 1"),
        (lambda x: x.exp(), "df/dx = f = 1"),
        (lambda x: x * 3, "df/dx = 3"),
        (lambda x: -x, "df/dx = -1"),
        (lambda x: x.relu(), "df/dx = (x > 0) = 0"),
        (lambda x: (x + 0) ** 3, "df/dv1 = 3 * v1 ** 2 = 0"),
    ],
)
def test_a_slope_is_shown_as_formula_and_number(gate, slope):
    f = gate(Value(0.0, "x"))
    f.label = "f"
    assert f"local {slope}, upstream" in str([step for step in steps(f) if step.node is f][1])


def test_a_table_is_80_columns_wide_and_breaks_no_number():
    w, x, b = Value(2 / 3, "weight"), Value(-1 / 7, "input"), Value(1 / 9, "offset")
    f = 1 / (1 + exp(-(w * x + b)))
    for root in (f, f + w**3 * sigmoid(x) / b, dot([w, x, b] * 20, [b, w, x] * 20)):
        table = steps(root)
        lines = str(table).splitlines()
        assert max(map(width, lines)) <= 80
        words = " ".join(lines).split()
        for step in table:
            assert {*" ".join(step.cells).split()} <= {*words}


def test_a_table_is_as_wide_as_the_terminal(monkeypatch):
    x, y = Value(2 / 3, "a_long_name"), Value(-1 / 7, "another_long_name")
    f = x * y
    narrow = str(steps(f))
    for columns in (200, 50):
        monkeypatch.setattr("scalargrad.views.steps.room", lambda columns=columns: columns)
        shown = str(steps(f))
        assert shown.split() == narrow.split() and max(map(width, shown.splitlines())) <= columns
    assert len(shown.splitlines()) > len(narrow.splitlines())


def test_the_opening_and_the_closing_break_between_values():
    f = total([Value(i / 7, f"leaf{i}") for i in range(12)])
    for line in (steps(f).opening(), steps(f).closing()):
        first, *others = line.splitlines()
        assert others and all(row.startswith(" " * 10 + "leaf") for row in others)
        assert all(row.endswith(",") for row in (first, *others[:-1]))


# ---- a tree ----


def test_tree_before_and_after_backward():
    f = lecture()
    assert tree(f) == "f = q * z = -12\n  q = x + y = 3\n    x = -2\n    y = 5\n  z = -4"
    f.backward()
    assert tree(f).splitlines()[::4] == ["f = q * z = -12  grad 1", "  z = -4  grad 3"]


def test_tree_writes_nothing_twice():
    x = Value(2.0, "x")
    h = x * x
    assert tree([h + 1, h]).splitlines() == [
        "v1 = h + 1 = 5",
        "  h = x * x = 4",
        "    x = 2",
        "    x (see above)",
        "h (see above)",
    ]


def test_tree_says_how_much_it_leaves_out_and_the_limit_it_names_is_enough():
    x = Value(2.0, "x")
    root = exp(x * x) + sigmoid(x) * maximum(x, 1.0) + dot([x, x], [x, x])
    whole = tree(root)
    cut = tree(root, limit=3)
    lines, last = cut.splitlines()[:-1], cut.splitlines()[-1]
    assert lines == whole.splitlines()[:3]
    count, limit = map(int, re.fullmatch(r"\.\.\. and (\d+) more: limit=(\d+) shows all", last).groups())
    assert count == len(topological_order([root])) - 3
    assert tree(root, limit=limit) == whole and "more: limit" not in whole


def test_a_chain_deeper_than_pythons_stack():
    x = y = Value(1.0, "x")
    for _ in range(5_000):
        y = y + 0.0
    assert steps(y).gradients[x] == 1.0
    assert steps(y)[-1].running_total == 1.0
    assert tree(y, limit=2).endswith("and 4999 more: limit=5001 shows all")


def test_a_plain_number_in_a_formula_has_no_more_digits_than_the_others():
    x = Value(2.0, "x")
    assert str(steps(x * (1 / 3))[0]).startswith("v1 = x * 0.333333 = ")


@pytest.mark.parametrize("gate", [total, maximum, lambda *xs: dot(xs, xs)])
def test_a_gate_of_many_inputs_is_spelled_once(monkeypatch, gate):
    spelled = []
    spell = spelling.formula_text
    monkeypatch.setattr(spelling, "formula_text", lambda node, names: spelled.append(node) or spell(node, names))
    xs = [Value(float(i)) for i in range(40)]
    root = total(xs) if gate is total else gate(*xs)
    str(steps(root))
    assert spelled == [root]


def test_a_tree_in_chinese():
    x = Value(3.0, "x")
    y = x * x
    assert tree(y, lang="zh") == "y = x * x = 9\n  x = 3\n  x （见上）"
    assert tree(y, limit=1, lang="zh") == "y = x * x = 9\n……还有 1 个值：limit=3 可全部显示"
    with pytest.raises(ValueError, match="lang='de'"):
        tree(y, lang="de")


def test_a_step_of_a_few_letters_more_takes_two_lines():
    a, b, c = Value(2.0, "a"), Value(0.5, "b"), Value(1.0, "c")
    backward = str(steps(tanh(a * b) + c / b)).split("backward")[1].splitlines()
    assert len([line for line in backward if line.strip()]) == 2 * (1 + 7) + 2  # a head, seven steps; two lines beside
