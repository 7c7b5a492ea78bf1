"""The page for everybody: axe-core finds nothing to complain of, in any state, colours, width or language."""

import pytest
from conftest import lecture
from npm import npm_file

from scalargrad import Value, log, page

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from test_page_browser import browser, chain, chromium, neuron  # noqa: E402, F401


def fork():
    x = Value(3.0, "x")
    return x * x + x


# {state: (what is looked at, its link, what is done there)}
STATES = {
    "at the start": (neuron, "", ""),
    "forward": (neuron, "#3", ""),
    "backward at a fork": (fork, "#4", ""),
    "at the end": (lecture, "#6", ""),
    "taken apart": (neuron, "#8.1", ""),
    "a circuit wider than the window": (lambda: chain(30), "#5", ""),
    "an input that was changed": (lecture, "#3&x=7", ""),
    "an input that is being typed": (lecture, "#3", "edit(circuit.values[0])"),
    "a number that is none": (lecture, "#3", "edit(circuit.values[0]); $('typed').value = '?'; edited(true)"),
    "a gate that refuses": (lambda: log(Value(1.0, "x")) * 2.0, "#1&x=-1", ""),
    "a quiz": (neuron, "", "mode('quiz')"),
    "a quiz, answered": (lecture, "", "mode('quiz'); hint(); $('answer').value = '9'; check(); $('tell').click()"),
    "a quiz at its end": (fork, "", "mode('quiz'); while (!$('asking').hidden) $('tell').click()"),
    "exploring": (neuron, "", "mode('explore')"),
    "exploring where there is no value": (lambda: log(Value(1.0, "x")) * 2.0, "#1&x=-1", "mode('explore')"),
    "a curve while one walks through": (lecture, "#3", "change(circuit.values[0], 1.5)"),
    "exploring, after updates": (lecture, "", "mode('explore'); update(); update()"),
    "exploring, at a rate that is none": (lecture, "", "mode('explore'); $('rate').value = '?'; showDescent()"),
}
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "a phone": ("light", 390), "a dark phone": ("dark", 390)}


@pytest.fixture(scope="module")
def axe_core():
    return npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def axe(axe_core, browser):  # noqa: F811
    """Runs axe-core on the page that is open; what it finds, as {rule: the elements}."""

    def found():
        browser.settle()
        browser.run(axe_core)
        results = browser.driver.execute_async_script("axe.run({iframes: false}).then(arguments[0])")
        assert len(results["passes"]) > 20  # it did look
        return {
            v["id"]: [(node["target"], node["failureSummary"]) for node in v["nodes"]] for v in results["violations"]
        }

    return found


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing(browser, axe, lang, look):  # noqa: F811
    scheme, width = LOOKS[look]
    browser.media(scheme, motion="reduce")
    browser.size(width, 800)
    found = []
    for state, (root, link, script) in STATES.items():
        browser.open(page(root(), lang=lang), link)
        browser.run(script)
        found += [(state, rule, *where) for rule, elements in axe().items() for where in elements]
    assert found == []


def test_axe_would_find_something(browser, axe):  # noqa: F811
    browser.open(page(lecture()))
    browser.run("for (const name of ['aria-label', 'title']) document.getElementById('next').removeAttribute(name)")
    assert list(axe()) == ["button-name"]
