"""The chain rule on the page: the uses of the value that is chosen, and the ways of the gradient to it."""

import math

import pytest
from conftest import lecture

from scalargrad import Value, ledger, maximum, page, paths, relu, tanh
from scalargrad.text import number_text
from scalargrad.views.story import Story

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from test_page_alive import patterns, staged  # noqa: E402
from test_page_browser import browser, chromium, neuron  # noqa: E402, F401
from test_page_descent import EXPLORE, explore  # noqa: E402

ROWS = (
    "return [...document.querySelectorAll('#step .ledger tr')].map((row) => [...row.cells].map((c) => c.textContent))"
)
WAYS = "return [...document.querySelectorAll('#step .chips li')].map((way) => way.textContent)"


def choose(browser, box):  # noqa: F811
    browser.run("document.getElementById(arguments[0]).focus()", box)


def rows(browser):  # noqa: F811
    return browser.run(ROWS)


def test_the_chain_of_the_first_circuit(browser):  # noqa: F811
    f = lecture()
    explore(browser, f, names={"f": f})
    assert rows(browser) == [["via q = x + y", "q.grad × dq/dx = -4 × 1 = -4"], ["x.grad", "-4"]]
    assert "one path from f to x, its product is x.grad = -4:" in browser.text("#step")
    assert browser.run(WAYS) == ["f -> q -> x: df/dq × dq/dx = -4 × 1 = -4"]
    choose(browser, "n4")
    assert rows(browser) == [["upstream", "1"], ["f.grad", "1"]] and browser.run(WAYS) == []


def test_a_fork_adds_up(browser):  # noqa: F811
    x = Value(3.0, "x")
    f = x * x + x
    explore(browser, f, names={"f": f})
    via = "v1.grad × dv1/dx = 1 × 3 = 3"
    assert rows(browser) == [
        ["via f = v1 + x", "f.grad × df/dx = 1 × 1 = 1"],
        *[["via v1 = x * x", via]] * 2,
        ["x.grad", "1 + 3 + 3 = 7"],
    ]
    assert browser.run(WAYS) == ["f -> x: df/dx = 1", *["f -> v1 -> x: df/dv1 × dv1/dx = 1 × 3 = 3"] * 2]


def forks():
    x = Value(0.75, "x")
    y = tanh(x) * x + relu(x - 0.5)
    return maximum(y, x) * y + y / x


@pytest.mark.parametrize("made", [lecture, neuron, patterns, staged, forks])
def test_it_says_what_ledger_and_paths_say(browser, made):  # noqa: F811
    f = made()
    explore(browser, f, names={"f": f})
    names = {name: node for node, name in Story(f, {"f": f}).names.items()}
    for box, (name, *_) in browser.boxes().items():
        if "_" in box:  # drawn again beside a use
            continue
        choose(browser, box)
        place = names[name]
        told, ways = ledger(place, f, names=names), paths(place, f, names=names, limit=6)
        *seen, total = rows(browser)
        for row, entry in zip(seen, told.entries, strict=False):
            assert row[1].endswith(f" = {number_text(entry.downstream)}")
        assert len(seen) == len(told.entries) + bool(told.start)
        assert total[1].split(" = ")[-1] == number_text(told.total)
        shown = browser.run(WAYS)
        if told.entries:
            assert str(ways).split("\n")[0] in browser.text("#step")
            for way, path in zip(shown, ways.paths, strict=False):
                assert way.split(": ")[0] == str(path).split(": ")[0]
                assert way.split(" = ")[-1] == number_text(path.product)
            more = ways.count - len(ways.paths)
            assert len(shown) == len(ways.paths) + bool(more) and (not more or f"{more} more" in shown[-1])


def test_many_uses_and_very_many_paths(browser):  # noqa: F811
    x = Value(1.0, "x")
    h = x
    for _ in range(120):
        h = h + h
    explore(browser, h * 1e-36, names={})
    assert f"about 10**{int(math.log10(2) * 120)} paths" in browser.text("#step")
    assert len(browser.run(WAYS)) == 7
    y = Value(1.0, "y")
    explore(browser, sum([y * float(i) for i in range(20)]))
    assert rows(browser)[12] == ["... and 8 more"] and rows(browser)[13] == ["y.grad", "190"]


def test_every_root_has_its_upstream_in_the_chain(browser):  # noqa: F811
    x = Value(2.0, "x")
    a, b = x * 3.0, x * x
    explore(browser, [a, b], upstream=[2.0, -1.0], names={"a": a, "b": b})
    assert sorted(row[1] for row in rows(browser)[:-1]) == sorted(
        ["a.grad × da/dx = 2 × 3 = 6", *["b.grad × db/dx = -1 × 2 = -2"] * 2]
    )
    assert sorted(browser.run(WAYS)) == sorted(
        ["a -> x: a.grad × da/dx = 2 × 3 = 6", *["b -> x: b.grad × db/dx = -1 × 2 = -2"] * 2]
    )


def test_it_follows_a_number_that_is_changed(browser):  # noqa: F811
    browser.open(page(lecture()), "#0&z=2")
    browser.click(EXPLORE)
    assert rows(browser)[0][1].endswith("2 × 1 = 2")
