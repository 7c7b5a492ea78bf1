"""Practice in a browser: the circuits of its links, first the sign and then the number, and a score to copy."""

import json
import re

import pytest
from test_practice import LEVELS, drawn

from scalargrad import page, steps
from scalargrad.graph import topological_order
from scalargrad.practice import save_practice
from scalargrad.text import number_text

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.keys import Keys  # noqa: E402
from test_accessible import axe, axe_core  # noqa: E402, F401
from test_page_alive import circuits_of, told  # noqa: E402
from test_page_browser import browser, chromium, contrast, luminance  # noqa: E402, F401

SIGNS = {-1: "-", 0: "0", 1: "+"}


SHOW = "[level, seed] = arguments; shown = draw(); mode('quiz');"  # as `take`, but the link stays


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_practice(tmp_path_factory.mktemp("practice") / "practice.html")


@pytest.fixture
def practice(chromium, saved):  # noqa: F811
    chromium.get("about:blank")  # the same file with another link would not be loaded again
    return saved


def gradient(browser):  # noqa: F811
    """What is asked for, by its name and as a number."""
    return browser.run("const { name, gradient } = quiz.open[quiz.done.length]; return [name, Number(gradient)]")


def sign_of(x):
    return (x > 0) - (x < 0)


def answer_all(browser):  # noqa: F811
    while browser.seen("#asking"):
        _, truth = gradient(browser)
        browser.press(SIGNS[sign_of(truth)])
        if truth:
            browser.press(number_text(truth), Keys.ENTER)


# ---- its circuits ----


@pytest.mark.parametrize("number", range(1, len(LEVELS) + 1))
def test_a_link_gives_the_circuit_that_its_twin_draws(browser, practice, number):  # noqa: F811
    browser.open(practice, f"#{number}-1")
    for seed in range(1, 41):
        root, text, numbers = drawn(number, seed)
        browser.run(SHOW, number, seed)
        formulas = "return circuit.steps.slice(0, circuit.turn).map((step) => `${step.name} = ${step.formula}`)"
        assert "; ".join(browser.run(formulas)) == text
        nodes = {node.label: (number_text(node.data), node.grad) for node in topological_order([root])}
        seen = browser.run("return circuit.values.map(({ name, data, gradient }) => [name, data, gradient])")
        assert {name: (data, pytest.approx(grad, rel=1e-12, abs=0)) for name, data, grad in seen} == nodes
        assert {name: float(data) for name, data, _ in seen if name in numbers} == numbers


@pytest.mark.parametrize("number", range(1, len(LEVELS) + 1))
def test_it_says_what_python_says_of_its_circuit(browser, practice, number):  # noqa: F811
    browser.open(practice)
    for seed in range(1, 21):
        browser.run(SHOW, number, seed)
        seen = told([browser.run("const { rows, slopes, z, ...rest } = circuit; return rest")])
        expected = told(circuits_of(page(drawn(number, seed)[0]))[:1])
        for part in ("values", "steps"):
            for one in (*seen[0][part], *expected[0][part]):
                one.pop("box", None)
        assert seen == expected, seed
        symbols = browser.run("return circuit.steps.slice(0, circuit.turn).map((s) => $(s.gate).textContent.trim())")
        titles = browser.run("return circuit.steps.slice(0, circuit.turn).map((s) => $(s.node).textContent.trim())")
        for step, symbol, title in zip(steps(drawn(number, seed)[0]), symbols, titles):
            assert symbol.endswith(step.node.gate.symbol) and step.formula in symbol
            assert title.startswith(f"{step.name} = {step.formula}")


def test_every_gate_and_number_has_room(browser, practice):  # noqa: F811
    outside = (
        "const at = e => e.getBoundingClientRect(), is = (g, shape) => {"
        "const room = at(g.querySelector(shape)), texts = [...g.querySelectorAll('text')].map(at);"
        "return texts.some((text) => text.left < room.left || text.right > room.right)};"
        "return [...pictures[shown].querySelectorAll('.value')].filter((g) => is(g, 'path, polygon')).length +"
        "[...pictures[shown].querySelectorAll('.gate')].filter((g) => is(g, 'ellipse')).length"
    )
    browser.open(practice)
    for number in range(1, len(LEVELS) + 1):
        for seed in range(1, 31):
            browser.run(f"{SHOW} mode('walk'); go(Infinity, true)", number, seed)
            assert browser.run(outside) == 0, (number, seed)


def test_links(browser, practice):  # noqa: F811
    browser.open(practice, "#2-1234")
    assert browser.text("#summary") == "Level 2, a fork: circuit 1234"
    browser.click("#another")
    assert browser.text("#summary") == "Level 2, a fork: circuit 1235"
    followed = "const [link, done] = arguments; addEventListener('hashchange', () => done(), { once: true });"
    browser.driver.execute_async_script(f"{followed} location.hash = link", "#4-999999")
    assert browser.text("#summary") == "Level 4, a neuron: circuit 999999"
    browser.click("#another")
    assert browser.run("return location.hash") == "#4-1"
    browser.run("const level = $('level'); level.value = 3; level.dispatchEvent(new Event('change'))")
    assert browser.text("#summary") == "Level 3, max and relu: circuit 1"
    for link in ("", "#6-1", "#1-0", "#1-1000000", "#7", "#2-1.1", "#9-77", "#2-abc", "#nonsense"):
        browser.driver.get("about:blank")
        browser.open(practice, link)
        assert re.fullmatch(r"#1-[1-9]\d{0,3}", browser.run("return location.hash")), link
        told = browser.text("#verdict")
        assert told.startswith(f"The link {link} names no circuit") if link else told == "", link
        browser.click("#another")
        assert browser.text("#verdict") == "", link


# ---- first the sign, then the number ----


def test_first_the_sign_then_the_number(browser, practice):  # noqa: F811
    browser.open(practice, "#1-1")
    name, truth = gradient(browser)
    assert truth
    assert browser.text("#asked") == f"{name}.grad" and browser.seen("#signs")
    assert browser.run("return document.activeElement.getAttribute('aria-label')") == f"the sign of {name}.grad"
    assert not browser.seen("#answer") and not browser.seen("#check") and not browser.seen("#modes")
    browser.click(f"#sign{-sign_of(truth)}")
    assert browser.text("#verdict").startswith("Not this sign") and browser.seen("#signs")
    browser.click(f"#sign{sign_of(truth)}")
    assert browser.text("#verdict") == "Right. And which number?" and browser.text("#asked") == f"{name}.grad ="
    assert browser.run("return document.activeElement.id") == "answer" and not browser.seen("#signs")
    browser.press(number_text(truth), Keys.ENTER)
    assert browser.text("#answers tbody").endswith("found") and browser.seen("#signs")
    assert browser.text("#verdict") == f"Right: {name}.grad = {number_text(truth)}"
    browser.click("#tell")
    assert browser.text("#answers tbody").endswith("told") and browser.seen("#signs")
    answer_all(browser)
    assert browser.text("#verdict") == "2 of 4 right at the first try, without a hint."


def first(number, fits):
    """The first seed of a level whose circuit fits."""
    return next(seed for seed in range(1, 1000) if fits(drawn(number, seed)[0]))


def test_a_gradient_of_zero_has_no_more_to_ask(browser, practice):  # noqa: F811
    seed = first(3, lambda root: any(node.grad == 0 for node in topological_order([root])))
    browser.open(practice, f"#3-{seed}")
    while gradient(browser)[1]:
        browser.click("#tell")
    name, _ = gradient(browser)
    browser.press("0")
    assert browser.text("#verdict") == f"Right: {name}.grad = 0"
    assert browser.text("#answers tbody tr:last-child") == f"{name}.grad00first try"


def test_a_typical_mistake_is_named_here_too(browser, practice):  # noqa: F811
    """Upstream forgotten: where it is neither 1 nor -1, at x = ... of f = (x + y) z, say."""
    browser.open(practice, f"#1-{first(1, lambda root: abs(root.parents[0].grad) > 1 and root.parents[0].gate)}")
    while gradient(browser)[0] not in "xy":
        browser.click("#tell")
    name, truth = gradient(browser)
    local, upstream = browser.run(
        "const [way] = waysTo(quiz.open[quiz.done.length]); return [Number(way.local), way.upstream]"
    )
    browser.press(SIGNS[sign_of(truth)], number_text(local), Keys.ENTER)
    assert browser.text("#verdict") == f"Not this: {number_text(local)} leaves out the upstream, q.grad = {upstream}."


def test_inputs_stay_as_they_were_drawn(browser, practice):  # noqa: F811
    browser.open(practice, "#1-1")
    assert browser.run("return document.querySelectorAll('.input, [role=spinbutton], svg [tabindex]').length") == 0
    answer_all(browser)
    browser.click("#modes button:nth-child(1)")
    browser.press(Keys.HOME)
    assert "drag" not in browser.text("#step") and not browser.seen("#reset")
    for selector in ("#modes button:nth-child(3)", "#circuits", "#composite-key", "#code"):
        assert not browser.seen(selector), selector
    browser.press(Keys.ARROW_RIGHT)
    assert browser.at() == 1 and browser.run("return location.hash") == "#1-1"
    browser.click("#another")
    assert browser.seen("#signs") and not browser.seen("#player")


# ---- the score ----


def test_the_score(browser, practice):  # noqa: F811
    browser.open(practice, "#1-7")
    assert not browser.seen("#scored")
    answer_all(browser)
    assert browser.text("#score") == "Level 1, two gates: 4 of 4 gradients right at the first try; circuits: 7"
    assert browser.run("return document.activeElement.id") == "onward"
    browser.press(Keys.ENTER)
    browser.click("#tell")
    answer_all(browser)
    browser.run("take(5, 3)")
    count = browser.run("return quiz.open.length")
    answer_all(browser)
    browser.run("take(1, 7)")  # once more: the first time counts
    browser.click("#tell")
    answer_all(browser)
    assert browser.text("#score").splitlines() == [
        "Level 1, two gates: 7 of 8 gradients right at the first try; circuits: 7, 8",
        f"Level 5, two layers: {count} of {count} gradients right at the first try; circuits: 3",
    ]


@pytest.mark.parametrize("allowed", [True, False])
def test_the_score_is_copied_or_at_least_selected(browser, practice, allowed):  # noqa: F811
    browser.open(practice, "#1-7")
    answer_all(browser)
    works = "async (text) => { window.copied = text; }" if allowed else "async () => { throw new Error('no'); }"
    browser.run(f"Object.defineProperty(navigator, 'clipboard', {{ value: {{ writeText: {works} }} }})")
    browser.driver.execute_async_script("copy().then(arguments[0])")
    score = browser.text("#score")
    assert browser.run("return window.copied ?? String(getSelection())") == score
    assert browser.text("#copy") == ("Copied" if allowed else "Copy")


# ---- how it looks ----


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_phone_and_the_dark(browser, tmp_path, lang):  # noqa: F811
    path = save_practice(tmp_path / "practice.html", lang)
    browser.size(390, 844)
    for scheme in ("light", "dark"):
        browser.media(scheme, motion="reduce")
        browser.open(path, "#5-12")
        paper = luminance(browser.style("body", "backgroundColor"))
        for state in ("asked", "at the end"):
            assert browser.run("return document.documentElement.scrollWidth") <= 390, state
            for selector in ("#level", "#sign0", "#score", "#another", "#progress"):
                assert contrast(paper, luminance(browser.style(selector, "color"))) >= 4.5, (scheme, selector)
            answer_all(browser)
        assert not json.dumps(browser.text("#score"), ensure_ascii=False).isascii() or lang == "en"


def test_keys_are_for_the_sign_only_while_it_is_asked(browser, practice):  # noqa: F811
    browser.open(practice, "#1-1")
    _, truth = gradient(browser)
    browser.press(SIGNS[sign_of(truth)], "-0", "+")
    assert browser.run("return document.getElementById('answer').value") == "-0+"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing(browser, axe, practice, scheme, width):  # noqa: F811
    browser.media(scheme, motion="reduce")
    browser.size(width, 800)
    browser.open(practice, "#5-12")
    assert axe() == {}
    _, truth = gradient(browser)
    browser.click(f"#sign{-sign_of(truth) or 1}")
    assert axe() == {}
    browser.click(f"#sign{sign_of(truth)}")
    browser.click("#hint")
    assert axe() == {}
    answer_all(browser)
    assert axe() == {}
    browser.click("#modes button:nth-child(1)")
    assert axe() == {}
