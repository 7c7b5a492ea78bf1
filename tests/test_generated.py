"""Generated source has lines for a debugger, and does not grow without end."""

from __future__ import annotations

import linecache

from scalargrad import Value, maximum, total
from scalargrad.gate import MAX_FORMS
from scalargrad.generated import MAX_SOURCES, keep_source
from scalargrad.table import GATES


def lines_kept(kind):
    return [name for name in linecache.cache if name.startswith(f"<{kind} ")]


def test_lines_are_kept():
    name = keep_source("x = 1\ny = 2\n", "some code")
    assert name == keep_source("x = 1\ny = 2\n", "some code") and linecache.getline(name, 2) == "y = 2\n"


def test_only_the_newest_are_kept():
    names = [keep_source(f"x = {i}", "many") for i in range(MAX_SOURCES + 50)]
    assert lines_kept("many") == names[-MAX_SOURCES:]
    again = keep_source("x = 60", "many")  # one that is used again is new
    keep_source("x = -1", "many")
    assert again in linecache.cache and names[50] not in linecache.cache


def test_the_forms_of_a_gate_are_bounded_and_their_nodes_stay_right():
    gate, x = GATES["maximum"], Value(7.0)
    first = maximum(x, 1.0)
    for n in range(MAX_FORMS + 200):
        maximum(*[1.0] * n, x)
    assert len(gate._forms) <= MAX_FORMS
    total([first, maximum(x, 2.0)]).backward()
    assert x.grad == 2.0
