"""The lecture in a real browser: chapters, keys, links, live circuits with the numbers to know, and no request."""

from __future__ import annotations

from math import isclose

import pytest
from test_lecture import agrees, golden

from scalargrad.lecture import CIRCUITS
from scalargrad.lecture.page import save_lecture

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402
from test_page_browser import browser, chromium  # noqa: E402, F401

NAMES = list(CIRCUITS)


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
        ready = f"return Boolean({frame}?.document.querySelector('#count')?.textContent)"
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


@pytest.mark.parametrize("name", NAMES)
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
            assert opened.inside("return $('player').getBoundingClientRect().bottom <= innerHeight")


def test_dark_and_light(opened):
    for scheme, lightness in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 22, 28)")):
        opened.browser.media(scheme)
        opened.open()
        assert opened.browser.style("body", "background-color") == lightness
        assert opened.inside("return getComputedStyle(document.body).backgroundColor") == lightness
