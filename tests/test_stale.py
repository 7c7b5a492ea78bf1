"""Values that were changed after the forward pass: every view shows the numbers of that pass, and says so."""

import math
import re

import pytest

from scalargrad import Value, backprop_code, draw, explain, latex, ledger, nudge, page, paths, steps, tree
from scalargrad.text import told_apart
from scalargrad.views.story import Story


@pytest.fixture
def updated():
    """One step of gradient descent: L = (3 w - 1)^2 at w = 2, where dL/dw = 2 * 5 * 3 = 30, and 2 - 0.05 * 30 = 0.5."""
    w = Value(2.0, "w")
    loss = (w * 3.0 - 1) ** 2
    loss.label = "L"
    loss.backward()
    w.data -= 0.05 * w.grad
    return w, loss


VIEWS = {
    "steps": lambda w, loss, **lang: str(steps(loss, **lang)),
    "tree": lambda w, loss, **lang: tree(loss, **lang),
    "draw": lambda w, loss, **lang: draw(loss, **lang).svg,
    "page": lambda w, loss, **lang: page(loss, **lang).html,
    "explain": lambda w, loss, **lang: str(explain(w, loss, **lang)),
    "ledger": lambda w, loss, **lang: str(ledger(w, loss, **lang)),
    "paths": lambda w, loss, **lang: str(paths(w, loss, **lang)),
}


@pytest.mark.parametrize("lang, said", [("en", "2, now 0.5"), ("zh", "2，现为 0.5")])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_the_number_of_then_and_of_now(updated, view, lang, said):
    shown = VIEWS[view](*updated, lang=lang)
    assert said in shown or said in shown.encode().decode("unicode-escape")
    assert "w = 0.5" not in shown


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_said_where_nothing_was_changed(view):
    w = Value(2.0, "w")
    shown = VIEWS[view](w, w * 3.0)
    assert ", now " not in re.sub(r"(?s)<(script|style).*?</\1>", "", shown)
    assert "dotted" not in draw(w * 3.0).source


def test_the_picture_marks_the_box(updated):
    w, loss = updated
    drawing = draw(loss)
    assert drawing.source.count("dotted") == 1 and 'class="value leaf stale"' in drawing.source
    assert "w = 2, now 0.5, gradient 30" in drawing.svg


def test_explain_says_whose_gradient_it_is(updated):
    w, loss = updated
    why = explain(w, loss)
    assert [cause.code for cause in why.causes] == ["ordinary", "stale"]
    assert why.causes[1].node is w and why.causes[1].numbers == {"recorded": 2.0, "now": 0.5}
    assert str(why.causes[1]) == (
        "w = 2, now 0.5: changed after the forward pass; these gradients are those of the numbers before"
    )


def test_latex_says_where_the_gradient_was_taken(updated):
    w, loss = updated
    assert latex(loss).endswith(r"= 30 \;\Big|_{w = 2}")
    assert "Big" not in latex(w * 3.0, by=w)


def test_code_and_nudge_refuse_naming_the_value(updated):
    w, loss = updated
    for refused in (lambda: backprop_code(loss), lambda: nudge(w, loss)):
        with pytest.raises(ValueError, match="^w was changed from 2.0 to 0.5 after the forward pass; run it again$"):
            refused()
    assert "This graph has no code to show: w was changed from 2.0 to 0.5" in page(loss).html


# ---- what the graph remembers ----


def texts(root, names):
    story = Story(root, names)
    return {name: story.data_text(node) for node, name in story.names.items()}


def test_a_leaf_that_two_gates_read_differently():
    w = Value(2.0)
    a = w * 3
    w.data = 5.0
    b = w * a
    assert texts(b, locals()) == {"w": "2 and 5, now 5", "a": "6", "b": "30"}
    assert [step.local_gradient for step in steps(b) if step.parent is a] == [5.0]  # each wire has its own


def test_an_inner_value_keeps_its_own_output():
    x = Value(3.0)
    h = x * x
    h.data = 4.0
    f = h * 2
    assert texts(f, locals()) == {"x": "3", "h": "9 and 4, now 4", "f": "8"}
    assert str(steps(f)[0]) == "h = x * x = 3 * 3 = 9 and 4, now 4"


def test_a_root_that_was_changed():
    x = Value(3.0)
    f = x * x
    f.data = 1.0
    assert texts(f, locals()) == {"x": "3", "f": "9, now 1"}


def test_a_leaf_alone_remembers_nothing():
    x = Value(3.0)
    x.data = 4.0
    assert texts(x, locals()) == {"x": "4"}


def test_set_back_it_is_not_stale():
    w = Value(2.0)
    f = w * 3
    w.data = 7.0
    w.data = 2.0
    assert Story(f).stale == [] and texts(f, locals())["w"] == "2"


@pytest.mark.parametrize(
    "then, now, text",
    [(math.nan, math.nan, "nan"), (0.0, -0.0, "0"), (1.0, math.nan, "1, now nan"), (math.inf, 1.0, "inf, now 1")],
)
def test_special_numbers(then, now, text):
    w = Value(then)
    f = w + 1.0
    w.data = now
    assert texts(f, locals())["w"] == text


def test_a_small_change_is_seen():
    w = Value(0.1)
    f = w * 2
    w.data = 0.1 + 1e-8
    assert texts(f, locals())["w"] == "0.1, now 0.10000001"
    w.data = math.nextafter(0.1, 1.0)
    assert texts(f, locals())["w"] == f"0.1, now {w.data!r}"


def test_told_apart():
    assert told_apart([2.0, 0.5]) == ["2", "0.5"]
    assert told_apart([1.0, math.nextafter(1.0, 2.0)]) == ["1.0", "1.0000000000000002"]


def test_many_changes_are_counted():
    ws = [Value(1.0, f"w{i}") for i in range(20)]
    f = sum(w * w for w in ws)
    f.backward()
    for w in ws:
        w.data -= 0.1 * w.grad
    assert "w0 = 1, now 0.8; w1 = 1, now 0.8" in str(explain(ws[3], f)) and "(20 in all)" in str(explain(ws[3], f))
