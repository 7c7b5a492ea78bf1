"""The tables of demos/coming-from.md: every row's right-hand side runs, and what it promises in words holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import scalargrad
from scalargrad import Value, nn
from scalargrad.graph import topological_order

DEMOS = Path(__file__).parents[1] / "demos"


def rows(paper):
    """(left, right) of every row of every table."""
    text = (DEMOS / paper).read_text(encoding="utf-8")
    cells = re.findall(r"^\| (.*) \| (.*) \|$", text, re.M)
    return [(left, right) for left, right in cells if right not in ("here", "这里")]


def codes(cell):
    return re.findall("`([^`]*)`", cell)


ROWS = rows("coming-from.md")
WORDS_ONLY = [row for row in ROWS if not codes(row[1])]
# Code that is no program of its own, as what it says it is.
FRAGMENTS = {"+=": "Value.backward", "Value.backward": "Value.backward"}


@pytest.mark.parametrize(("left", "right"), ROWS, ids=[left for left, _ in ROWS])
def test_what_stands_on_the_right_runs(left, right):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    v = x * y
    names = {**vars(scalargrad), "x": x, "y": y, "v": v, "f": v * x, "nn": nn, "model": nn.MLP(2, [4, 1], seed=1)}
    for code in codes(right):
        exec(FRAGMENTS.get(code, code), names)


def test_the_chinese_tables_have_the_same_code():
    def code(paper):
        return [(codes(left), codes(right)) for left, right in rows(paper)]

    assert code("coming-from.zh-CN.md") == code("coming-from.md") and len(ROWS) > 25


# ---- what rows say in words ----


def gates(root):
    return [node for node in topological_order([root]) if node.gate]


def the_same():
    x = Value(2)
    f = (x + 1 - x * 3) / x**2
    f.relu().backward()
    assert (f.data, x.grad) == (-0.75, 0.0)


def one_gate_each():
    a, b = Value(3.0), Value(4.0)
    assert [len(gates(z)) for z in (a - b, a / b, -a)] == [1, 1, 1]


def double():
    x = Value(3.0)
    f = x * x * x
    f.backward()
    once = x.grad
    f.backward()
    assert x.grad == 2 * once == 54.0


def a_million():
    x = f = Value(1.0)
    for _ in range(1_000_000):
        f = f + 1.0
    f.backward()
    assert (f.data, x.grad) == (1_000_001.0, 1.0)


PROMISES = {
    "the same": the_same,
    "one gate each": one_gate_each,
    "twice is exactly double on the leaves": double,
    "a million works": a_million,
}


def test_every_row_of_words_alone_has_its_test():
    assert {right for _, right in WORDS_ONLY} == PROMISES.keys()


@pytest.mark.parametrize("promise", PROMISES)
def test_what_is_said_in_words_holds(promise):
    PROMISES[promise]()


def test_a_number_in_a_gate_is_no_node():
    x = Value(3.0)
    v = 2 * x
    assert v.inputs == (2.0, x) and v.parents == (x,)


def test_a_frozen_model_records_nothing():
    assert type(nn.MLP(2, [4, 1], seed=1).frozen()([1.0, 2.0])) is float


@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam])
def test_optimisers_are_called_as_in_pytorch(kind):
    x = Value(3.0)
    optimizer = kind([x], learning_rate=0.1)
    (x * x).backward()
    optimizer.step()
    assert x.data < 3.0
    optimizer.zero_grad()
    assert x.grad == 0.0


def test_a_name_is_found_where_the_paper_says_that_it_is():
    text = (DEMOS / "coming-from.md").read_text(encoding="utf-8")
    [line] = re.findall("`(from scalargrad.micrograd import .*)`", text)
    names = {}
    exec(line, names)
    assert {"Value", "Neuron", "Layer", "MLP"} <= names.keys()
