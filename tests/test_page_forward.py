"""Forward mode on the page: how every value changes with the one that is chosen, and what both modes cost."""

import math

import pytest
from conftest import lecture

from scalargrad import Value, ledger, log
from scalargrad.views.story import Story

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from test_page_alive import patterns, staged, type_number  # noqa: E402
from test_page_browser import browser, chromium, neuron  # noqa: E402, F401
from test_page_descent import explore  # noqa: E402

KEY = "return document.querySelector('.key-box .grad').textContent"
BACK = "return document.querySelectorAll('.circuit:not([hidden]) .back').length"


def forward(browser, root, **options):  # noqa: F811
    explore(browser, root, **options)
    browser.click("#ahead")


def thirds(browser):  # noqa: F811
    return {name: third for name, _, third in browser.boxes().values()}


def test_forward_mode_of_the_first_circuit(browser):  # noqa: F811
    f = lecture()
    forward(browser, f, names={"f": f})
    assert thirds(browser) == {"x": "1", "y": "0", "z": "0", "q": "1", "f": "-4"}
    assert browser.run(KEY) == "d/dx" and browser.run(BACK) == 0
    assert browser.text("#step .chips") == "dq/dx = 1df/dx = -4"
    costs = "2 multiplications for x, 5 for all inputs (3), one after another. Backward: 4, for all of them at once."
    assert browser.text("#step .note").endswith(costs)
    browser.click("#n3 text")
    assert thirds(browser) == {"x": "0", "y": "0", "z": "1", "q": "0", "f": "3"} and browser.run(KEY) == "d/dz"
    type_number(browser, "n0", "-1.99")
    assert thirds(browser)["f"] == "-4"
    browser.click("#ahead")
    assert (
        thirds(browser) == {"x": "-4", "y": "-4", "z": "3.01", "q": "-4", "f": "1"} and browser.run(KEY) == "gradient"
    )


@pytest.mark.parametrize("made", [neuron, patterns, staged])
def test_every_derivative_is_what_backward_gives_from_its_end(browser, made):  # noqa: F811
    f = made()
    forward(browser, f, names={"f": f})
    nodes = {name: node for node, name in Story(f, {"f": f}).names.items()}
    for x in [node for node in nodes.values() if not node.gate and node.label]:
        box = next(box for box, (name, *_) in browser.boxes().items() if name == x.label)
        browser.run("document.getElementById(arguments[0]).focus()", box)
        for name, text in thirds(browser).items():
            truth = ledger(x, nodes[name]).total if name != x.label else 1.0
            assert math.isclose(float(text), truth, rel_tol=1e-5), (x.label, name)


def test_forward_mode_ends_with_exploring(browser):  # noqa: F811
    forward(browser, lecture())
    browser.click("#modes button:nth-child(1)")
    browser.click("#last")
    assert not browser.seen("#ahead") and browser.run(KEY) == "gradient" and thirds(browser)["x"] == "-4"
    assert browser.run(BACK) > 0


def test_there_is_nothing_to_carry_where_a_gate_refuses(browser):  # noqa: F811
    forward(browser, log(Value(2.0, "x")))
    type_number(browser, "n0", "-1")
    assert set(thirds(browser).values()) == {"·"} and browser.run(KEY) == "gradient"
    browser.click("#reset")
    assert thirds(browser)["x"] == "1" and browser.run(KEY) == "d/dx"


def test_many_inputs_cost_many_passes(browser):  # noqa: F811
    """By hand: 30 products have 60 wires, their 29 sums 58; an input passes its product, and all sums from there on."""
    xs, ws = [Value(1.0, f"x{i}") for i in range(30)], [Value(2.0, f"w{i}") for i in range(30)]
    total = xs[0] * ws[0]
    products = [x * w for x, w in zip(xs[1:], ws[1:])]
    for product in products:
        total = total + product
    forward(browser, total, lang="zh")
    chain = sum(2 * (2 + 29 - max(i, 1)) for i in range(30))
    assert f" {chain} " in browser.text("#step .note") and f"{60 + 58} " in browser.text("#step .note")
