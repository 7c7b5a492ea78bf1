"""The lecture in a real browser: chapters, keys, links, live circuits with the numbers to know, and no request."""

from __future__ import annotations

import math
from math import isclose

import pytest
from test_lecture import agrees, golden

from scalargrad import nn
from scalargrad.lecture import CIRCUITS
from scalargrad.lecture.network import network, points
from scalargrad.lecture.page import save_lecture
from scalargrad.text import number_text

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402
from test_accessible import LOOKS, axe, axe_core  # noqa: E402, F401
from test_page_browser import browser, chromium  # noqa: E402, F401

NAMES = [*CIRCUITS, "network"]


@pytest.fixture(scope="module")
def lecture(tmp_path_factory):
    return save_lecture(tmp_path_factory.mktemp("lecture") / "lecture4.html", "en")


class Lecture:
    """The lecture that is open: its chapter, and the circuit in its frame."""

    def __init__(self, browser, path):  # noqa: F811
        self.browser, self.driver, self.path = browser, browser.driver, path

    def open(self, link=""):
        self.driver.get("about:blank")  # or else another link to the same file would not load it anew
        self.browser.open(self.path, link)
        return self.ready()

    def ready(self):
        """Waits until the circuit of the chapter runs, and returns the chapter."""
        frame = "document.querySelector('article:not([hidden]) iframe')?.contentWindow"
        ready = f"return Boolean({frame}?.document.querySelector('#count, #steps')?.textContent)"
        WebDriverWait(self.driver, 10).until(lambda driver: driver.execute_script(ready))
        return self.chapter()

    def chapter(self):
        [shown] = self.browser.run("return [...document.querySelectorAll('article:not([hidden])')].map(a => a.id)")
        return shown

    def inside(self, script):
        """What a script gives that runs in the frame of the chapter."""
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "article:not([hidden]) iframe"))
        found = self.browser.run(script)
        self.driver.switch_to.default_content()
        return found

    def press(self, *keys):
        """Presses keys where the focus is: in the frame, or on the page around it."""
        for key in keys:
            if self.driver.switch_to.active_element.tag_name == "iframe":
                self.driver.switch_to.frame(self.driver.switch_to.active_element)
            self.browser.press(key)
            self.driver.switch_to.default_content()


@pytest.fixture
def opened(browser, lecture):  # noqa: F811
    return Lecture(browser, lecture)


def test_it_opens_with_the_first_chapter(opened):
    assert opened.open() == NAMES[0]
    assert opened.browser.text("#place") == f"1 / {len(NAMES)}"
    assert opened.driver.title.startswith("The first circuit · ")
    assert not opened.driver.find_element(By.ID, "previous").is_enabled()
    assert opened.browser.run("return document.querySelectorAll('iframe').length") == 1


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_chapter_has_a_link_and_its_circuit_has_the_numbers_to_know(opened, name):
    assert opened.open(f"#{name}") == name
    for again in ("", "circuitsAlive.forEach(runAgain);"):
        found = opened.inside(
            f"{again} return data.circuits[0].values.map(v => [v.name, Number(v.data), Number(v.gradient)])"
        )
        numbers = {k: x for n, data, gradient in found for k, x in ((n, data), (f"{n}.grad", gradient))}
        for key, text in golden(name).items():
            shown = not key.endswith(".grad") and isclose(numbers[key], float(text.strip("~")), rel_tol=5e-6)
            assert shown or agrees(text, numbers[key]), key  # a box shows six digits


def test_keys_turn_chapters_and_step(opened):
    opened.open()
    opened.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert opened.inside("return at") == 2
    opened.press(Keys.PAGE_DOWN)
    assert opened.ready() == NAMES[1] and opened.browser.run("return location.hash") == f"#{NAMES[1]}"
    opened.press(Keys.END)
    assert opened.inside("return at === circuit.steps.length")
    opened.press(Keys.PAGE_UP, Keys.PAGE_UP)
    assert opened.ready() == NAMES[0] and opened.inside("return at") == 2, "a chapter is kept as it was left"


@pytest.mark.parametrize("link", ["", "#order", "#network"])
def test_the_arrow_keys_step_at_once(opened, link):
    opened.open(link)
    opened.press(Keys.ARROW_RIGHT)
    assert opened.inside("return parseInt(document.querySelector('#count, #steps').textContent)") == 1


def test_contents_and_answers_by_keyboard_alone(opened):
    opened.open()
    opened.browser.run("document.getElementById('list').focus()")
    opened.press(Keys.ENTER)
    assert opened.browser.seen("#contents")
    opened.press(Keys.ESCAPE)
    assert not opened.browser.seen("#contents")
    opened.press(Keys.ENTER, Keys.TAB, Keys.TAB, Keys.ENTER)
    assert opened.ready() == NAMES[2] and not opened.browser.seen("#contents")
    answer = f"#{NAMES[2]} details"
    assert not opened.browser.seen(f"{answer} p")
    opened.browser.run("document.querySelector(arguments[0]).focus()", f"{answer} summary")
    opened.press(Keys.ENTER)
    assert opened.browser.seen(f"{answer} p")


def test_an_input_is_dragged_where_the_question_asks_for_it(opened):
    opened.open("#first-circuit")
    opened.inside("const x = inputsOf(circuit).find(v => v.name === 'x'); change(x, -1.99); go(Infinity)")
    assert opened.inside("return circuit.values.map(v => [v.name, v.data, v.grad])") == [
        *(["x", "-1.99", "-4"], ["y", "5", "-4"], ["q", "3.01", "-4"], ["z", "-4", "3.01"], ["f", "-12.04", "1"])
    ]


def test_a_link_that_leads_nowhere_shows_the_first_chapter(opened):
    assert opened.open("#no-such-chapter") == NAMES[0]
    opened.browser.run("location.hash = 'matrix'")
    assert opened.ready() == "matrix"


@pytest.mark.parametrize("width, height", [(1920, 1080), (1280, 800), (390, 844)])
def test_it_fits(opened, width, height):
    """Nothing is wider than the window; on a projector and a laptop, question and player are seen without scrolling."""
    opened.browser.size(width, height)
    for name in NAMES:
        opened.open(f"#{name}")
        assert opened.browser.run("return document.documentElement.scrollWidth") <= width
        if width > 760:
            assert opened.browser.run("return document.documentElement.scrollHeight") == height
            assert opened.inside(
                "return document.querySelector('footer').getBoundingClientRect().bottom <= innerHeight"
            )


def test_on_paper_it_is_all_questions(opened):
    opened.open("#order")
    opened.browser.media(kind="print")
    shown = "return [...document.querySelectorAll(arguments[0])].filter(part => part.checkVisibility()).length"
    for selector in ("article", "h2", ".question > p"):
        assert opened.browser.run(shown, selector) == len(NAMES)
    for selector in ("iframe", "header", "details p"):
        assert opened.browser.run(shown, selector) == 0


def test_dark_and_light(opened):
    for scheme, lightness in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 22, 28)")):
        opened.browser.media(scheme)
        opened.open()
        assert opened.browser.style("body", "background-color") == lightness
        assert opened.inside("return getComputedStyle(document.body).backgroundColor") == lightness


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_in_the_lecture(browser, axe, tmp_path, lang, look):  # noqa: F811
    """Around the circuits, with contents and an answer open, and in the network; circuits are looked at elsewhere."""
    scheme, width = LOOKS[look]
    browser.media(scheme, motion="reduce")
    browser.size(width, 800)
    opened = Lecture(browser, save_lecture(tmp_path / "lecture4.html", lang))
    opened.open("#network")
    found = [axe()]
    browser.run("list(true); document.querySelector('article:not([hidden]) details').open = true")
    found.append(axe())
    opened.inside("walk(30)")
    opened.driver.switch_to.frame(opened.driver.find_element(By.CSS_SELECTOR, "article:not([hidden]) iframe"))
    found.append(axe())
    opened.driver.switch_to.default_content()
    assert found == [{}, {}, {}]


# ---- the network ----


def trained(updates, rate=1.0):
    """The network of the chapter after so many updates in Python, and its losses."""
    net, losses = network(), []
    X, y = [point[:2] for point in points()], [label for *_, label in points()]
    for _ in range(updates + 1):
        net.zero_grad()
        loss = nn.binary_cross_entropy_loss([net(x) for x in X], y)
        loss.backward()
        losses.append(loss.data)
        if len(losses) <= updates:
            for p in net.parameters():
                p.data -= rate * p.grad
    return net, losses


def by_hand(weights):
    """The loss of the chapter in plain arithmetic: three neurons of w1, w2, b, then w1, w2, w3, b of the score."""
    total = 0.0
    for x1, x2, label in points():
        hidden = [math.tanh(weights[k] * x1 + weights[k + 1] * x2 + weights[k + 2]) for k in (0, 3, 6)]
        score = sum(w * h for w, h in zip(weights[9:12], hidden)) + weights[12]
        total += math.log(1.0 + math.exp(-score if label else score))
    return total / len(points())


def test_the_gradients_of_the_network_are_slopes(opened):
    opened.open("#network")
    found, loss = opened.inside("return [present.gradients, present.loss]")
    weights, step = [p.data for p in network().parameters()], 1e-5
    assert isclose(loss, by_hand(weights), rel_tol=1e-13)
    for k, gradient in enumerate(found):
        above, below = (by_hand([*weights[:k], weights[k] + h, *weights[k + 1 :]]) for h in (step, -step))
        assert isclose(gradient, (above - below) / (2 * step), abs_tol=1e-9), k


def test_the_browser_trains_as_python_does(opened):
    opened.open("#network")
    net, expected = trained(150)
    opened.inside("walk(1); walk(149)")
    weights, losses = opened.inside("return [weights.map(({ row }) => numbers[row]), losses]")
    for number, p in zip(weights, net.parameters(), strict=True):
        assert isclose(number, p.data, rel_tol=1e-9)
    assert all(isclose(a, b, rel_tol=1e-10) for a, b in zip(losses, expected, strict=True))
    assert losses[-1] < 0.1 and opened.inside("return $('right').textContent") == "24 / 24"
    predicted, real = opened.inside("return [predicted, present.change]")
    assert isclose(predicted, real, rel_tol=0.01) and isclose(real, losses[-1] - losses[-2], rel_tol=1e-9)


def test_the_picture_shows_the_network_at_the_marked_point(opened):
    opened.open("#network")
    opened.inside("walk(10); mark(-1.25, 0.5)")
    net, _ = trained(10)
    names = list(net.named_parameters())
    for k, p in enumerate(net.parameters()):
        text, title, negative = opened.inside(
            f"const part = $('t{k}'); return [part.querySelector('text').textContent,"
            " part.querySelector('title').textContent, part.classList.contains('negative')]"
        )
        assert text == number_text(p.data, 3) and title.startswith(f"{names[k]} = ") and negative == (p.data < 0)
    shown = opened.inside(
        "return ['u0_0', 'u0_1', 'u1_0', 'u1_1', 'u1_2', 'u2_0'].map(b => $(b).querySelectorAll('text')[1].textContent)"
    )
    hidden, score = net.layer_outputs([-1.25, 0.5])
    assert shown == [number_text(float(x), 3) for x in (-1.25, 0.5, *(h.data for h in hidden), score[0].data)]


def test_the_network_by_keyboard_alone(opened):
    opened.open("#network")
    steps = "return $('steps').textContent"
    opened.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert opened.inside(steps) == "2"
    opened.press(" ")
    WebDriverWait(opened.driver, 10).until(lambda _: int(opened.inside(steps)) > 3)
    opened.press(" ")
    assert opened.inside("return timer") == 0
    opened.press(Keys.HOME)
    assert opened.inside(steps) == "0"
    opened.inside("$('map').focus()")
    opened.press(Keys.ARROW_LEFT, Keys.ARROW_UP)
    assert opened.inside("return [marked, $('steps').textContent]") == [[0.5, 0.1], "0"]
    assert "(0.5, 0.1)" in opened.inside("return $('map').getAttribute('aria-label')")


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_the_network_stands_beside_its_plane(opened, width):
    opened.browser.size(width, 800)
    opened.open("#network")
    places = opened.inside(
        "return ['.circuit svg', '#map', '#curve'].map(one => document.querySelector(one).getBoundingClientRect())"
        ".map(box => [box.left, box.right])"
    )
    assert all(right <= left for (_, right), (left, _) in zip(places, places[1:]))


def test_the_plane_is_drawn_again_after_another_chapter(opened):
    opened.open("#network")
    before = opened.inside("run(); return $('map').width")
    for key, chapter in ((Keys.PAGE_UP, NAMES[-2]), (Keys.PAGE_DOWN, "network")):
        opened.press(key)  # the frame tells the page, a moment later
        WebDriverWait(opened.driver, 10).until(lambda _, chapter=chapter: opened.ready() == chapter)
    opened.press(" ")
    size = "return [timer, $('map').width]"  # which is measured after the chapter is laid out
    WebDriverWait(opened.driver, 10).until(lambda _: opened.inside(size) == [0, before])


def test_the_boundary_is_where_the_score_is_zero(opened):
    """The middle of a cell is blue where the network says 1, and orange where it says 0."""
    opened.open("#network")
    opened.inside("walk(150)")
    net, _ = trained(150)
    places = [(0.1, 0.1), (-0.2, -0.3), (1.9, 1.9), (-1.9, 0.2)]
    colours = opened.inside(
        "const size = $('map').width, at = x => Math.round((x / 2 + 1) * size / 2);"
        "const { data: pixels } = pen.getImageData(0, 0, size, size);"
        f"const places = {list(map(list, places))}.map(([x, y]) => 4 * (at(-y) * size + at(x)));"
        "return places.map(i => [...pixels.slice(i, i + 3)])"
    )
    for (x1, x2), (red, _, blue) in zip(places, colours, strict=True):
        assert (blue > red) == (net([x1, x2]).data > 0), (x1, x2)
