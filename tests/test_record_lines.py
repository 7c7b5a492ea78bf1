"""Every gate remembers the line that made it, inside `with record_lines()`; outside, the engine is as it always was."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
from pathlib import Path

import pytest
from gate_points import POINTS

from scalargrad import (
    Value,
    dot,
    draw,
    evaluate,
    exp,
    gate,
    maximum,
    node as engine,
    relu,
    sigmoid,
    steps,
    total,
)
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.views.explain import explain
from scalargrad.views.ledger import ledger
from scalargrad.views.lines import SourceLines, record_lines

MAKER = engine.new
LESSON = """\
x, w = Value(-0.5, "x"), Value(2.0, "w")
with record_lines() as lines:
    h = x * w

    f = relu(
        h
    ) + (
        x
        * 3
    )
after = h + 1
"""


@pytest.fixture(autouse=True)
def put_back():
    yield
    assert engine.new is MAKER


def lesson(path="somewhere/lesson.py"):
    names = {"Value": Value, "record_lines": record_lines, "relu": relu}
    exec(compile(LESSON, path, "exec"), names)
    return names


def here():
    return f"test_record_lines.py:{inspect.currentframe().f_back.f_lineno}"


def made_here(value):
    """The line of a helper of the user's is that of the helper."""
    return value * 2


# ---- what is recorded ----


def test_the_line_of_every_gate():
    names = lesson()
    lines, f = names["lines"], names["f"]
    assert lines[names["h"]] == "lesson.py:3"
    assert lines[f.parents[0]] == "lesson.py:5"
    assert lines[f.parents[1]] in ("lesson.py:8", "lesson.py:9")
    assert len(lines) == 4 and list(lines) == [names["h"], *f.parents, f]


def test_what_is_not_recorded():
    """Leaves, and what was made outside."""
    names = lesson()
    lines = names["lines"]
    for node in (names["x"], names["w"], names["after"]):
        assert node not in lines and lines.get(node) is None
        with pytest.raises(KeyError):
            lines[node]


def test_no_path_is_shown():
    assert set(lesson("a/hidden/place/lesson.py")["lines"].values()) <= {f"lesson.py:{i}" for i in range(1, 11)}
    names = lesson("<stdin>")
    assert names["lines"][names["h"]] == "<stdin>:3"


@pytest.mark.parametrize("name", GATES)
def test_every_gate_is_recorded(name):
    """However it is made: no way of making a node goes past the recorder."""
    inputs = [Value(x) for x in POINTS[name].ordinary[0]]
    with record_lines() as lines:
        f = GATES[name](*inputs)
    assert list(lines) == [f] and lines[f].startswith("test_record_lines.py:")


@pytest.mark.parametrize(
    "make",
    [
        *(lambda x: x + x, lambda x: x + 1, lambda x: 1 + x, lambda x: x - x, lambda x: x - 1, lambda x: 1 - x),
        *(lambda x: x * x, lambda x: x * 2, lambda x: 2 * x, lambda x: x / x, lambda x: x / 2, lambda x: 2 / x),
        *(lambda x: x**x, lambda x: x**2, lambda x: 2**x, lambda x: -x, abs),
        *(lambda x: x.exp(), lambda x: x.relu(), lambda x: x.leaky_relu(), lambda x: x.elu()),
        *(exp, sigmoid, lambda x: maximum(x, 1), lambda x: total([x, 1]), lambda x: dot([x], [2.0], 1)),
    ],
)
def test_every_operator_is_recorded(make):
    x = Value(0.5)
    with record_lines() as lines:
        f = make(x)
    assert list(lines) == [f] and lines[f].startswith("test_record_lines.py:")


def test_python_functions_in_between():
    with record_lines() as lines:
        f = sum([Value(1.0), Value(2.0)])
        line = here()
        g = made_here(f)
    assert int(lines[f].rpartition(":")[2]) == int(line.rpartition(":")[2]) - 1
    assert lines[g] == f"test_record_lines.py:{made_here.__code__.co_firstlineno + 2}"


def test_a_typed_expression_belongs_to_the_line_that_reads_it():
    with record_lines() as lines:
        f, line = evaluate("q = x + 1; f = q * x", {"x": 2.0}), here()
    assert {lines[node] for node in topological_order([f]) if node.gate} == {line}


def test_a_composite_gate_is_one_gate_of_the_user():
    @gate
    def swish(x):
        return x * sigmoid(x)

    with record_lines() as lines:
        f, line = swish(Value(1.0)), here()
    assert lines[f] == line


def test_a_gate_that_fails_is_not_recorded():
    with record_lines() as lines:
        with pytest.raises(ZeroDivisionError):
            Value(1.0) / 0
    assert not lines


# ---- blocks ----


def test_blocks_nest():
    x = Value(1.0)
    with record_lines() as outer:
        a = x + 1
        with record_lines() as inner:
            b = x + 2
            assert f"[{outer[a]}]" in str(ledger(x, a))
        c = x + 3
    assert list(outer) == [a, b, c] and list(inner) == [b]


def test_an_error_ends_a_block():
    with pytest.raises(ValueError, match="mine"):
        with record_lines() as lines:
            x = Value(1.0) + 1
            raise ValueError("mine")
    assert list(lines) == [x] and engine.new is MAKER


def test_other_threads_are_not_recorded():
    made = []
    with record_lines() as lines:
        thread = threading.Thread(target=lambda: made.append(Value(1.0) + 1))
        thread.start()
        thread.join()
        mine = Value(1.0) + 2
    assert list(lines) == [mine] and made[0].data == 2.0


def test_blocks_of_two_threads_overlap():
    """The one that was opened first closes first; each has its own gates, and the engine is put back at the end."""
    opened, closed = threading.Event(), threading.Event()
    results = {}

    def other():
        with record_lines() as lines:
            first = Value(1.0) + 1
            opened.set()
            closed.wait(10)
            second = Value(2.0) + 2
        results["other"] = list(lines) == [first, second]

    thread = threading.Thread(target=other)
    with record_lines() as lines:
        thread.start()
        opened.wait(10)
        mine = Value(3.0) + 3
    assert engine.new is not MAKER  # the other block is still open
    unrecorded = Value(5.0) + 5
    closed.set()
    thread.join()
    after = Value(4.0) + 4
    assert results["other"] and list(lines) == [mine]
    assert engine.new is MAKER and (unrecorded.data, after.data) == (10.0, 8.0)


def test_many_threads():
    wrong = []

    def work(seed):
        for i in range(50):
            with record_lines() as lines:
                nodes = [Value(float(seed)) + i for _ in range(5)]
            if list(lines) != nodes:
                wrong.append(seed)

    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(pause)
    assert not wrong


# ---- off ----


def test_off_is_off():
    """No check is left in the engine: its node maker is the very function that it was."""
    assert engine.new is MAKER
    with record_lines():
        assert engine.new is not MAKER
    assert engine.new is MAKER and MAKER is object.__new__


def test_numbers_and_gradients_are_the_same():
    def run():
        x = Value(0.3)
        f = sigmoid(x * 2) + dot([x, 2.0], [3.0, x]) ** 2
        f.backward()
        return f.data, x.grad

    plain = run()
    with record_lines():
        assert run() == plain


def test_the_graph_is_freed_with_the_record():
    with record_lines() as lines:
        f = Value(1.0) + 1
    assert sum(ref is lines._places for ref in gc.get_referrers(f)) == 1
    gc.collect()
    del f, lines
    assert gc.collect() == 0


# ---- what uses it ----


def test_explain_names_the_line():
    names = lesson()
    h, f, lines = names["h"], names["f"], names["lines"]
    f.backward()
    why = explain(h, f, names={"h": h, "r": f.parents[0], "f": f}, lines=lines)
    assert str(why).startswith("h.grad = 0: r = relu(h) [lesson.py:5] is off: its input -1 is not positive")
    assert why.causes[0].line == "lesson.py:5"


def test_a_ledger_names_the_line():
    names = lesson()
    account = ledger(names["x"], names["f"], names=names, lines=names["lines"])
    assert account.entries[-1].line == "lesson.py:3" and "h = x * w [lesson.py:3]: upstream" in str(account)


def test_inside_a_block_views_know_the_lines():
    with record_lines():
        x = Value(-1.0)
        f, line = relu(x), here()
        f.backward()
        assert f"[{line}]" in str(explain(x, f))
        assert "[" not in str(explain(x, f, lines={}))
    assert "[" not in str(explain(x, f))


def test_a_record_shows_itself_in_one_line():
    lines = lesson()["lines"]
    assert isinstance(lines, SourceLines) and repr(lines) == "<SourceLines of 4 gates>"


def test_steps_and_pictures_and_errors_say_the_line():
    x = Value(0.0, "x")
    with record_lines() as lines:
        f = x * 2
        line = f"{Path(__file__).name}:{inspect.currentframe().f_lineno - 1}"
        assert f"[{line}]" in str(steps(f)[0])
    step = steps(f, lines=lines)[-1]
    assert step.line == line and str(step).endswith(f"[{line}]")
    assert steps(f)[-1].line == "" and "[" not in str(steps(f)[-1])
    assert f"[{line}]" in draw(f, lines=lines).svg and f"[{line}]" not in draw(f).svg
    with pytest.raises(ZeroDivisionError) as raised, record_lines():
        f.sqrt().backward()
    here = inspect.currentframe().f_lineno - 1
    assert raised.value.__notes__ == [f"this gate was made at {Path(__file__).name}:{here}"]
