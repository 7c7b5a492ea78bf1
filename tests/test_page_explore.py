"""Exploring on the page: one value is chosen, and the slope of a curve is its gradient."""

import math

import pytest
from conftest import lecture

from scalargrad import Value, exp, log, page, relu, sqrt

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from test_page_alive import type_number  # noqa: E402
from test_page_browser import browser, chromium, neuron  # noqa: E402, F401
from test_page_descent import EXPLORE, explore  # noqa: E402

PLOT = "#step .plot"
DRAWN = """
const numbers = (path) => path.getAttribute("d").match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
const all = (kind) => [...document.querySelectorAll("#step .plot " + kind)];
const [x, y] = ["cx", "cy"].map((name) => Number(document.querySelector("#step .plot circle")?.getAttribute(name)));
const line = all("path:not([class])")[0].getAttribute("d");
return { x, y, line, gap: all(".gap")[0].getAttribute("d"), tangent: all(".tangent").map(numbers)[0],
  ends: all("text").map((text) => text.textContent), said: all("p")[0].textContent };
"""


def drawn(browser):  # noqa: F811
    return browser.run(DRAWN)


def points(line):
    return [tuple(map(float, point.split())) for point in line.replace("M", "L").split("L")[1:]]


def chord(found, reach=3.0):
    """The slope of the drawn curve, from a little left of the point to as far on its right."""
    near = [(x, y) for x, y in points(found["line"]) if abs(x - found["x"]) <= reach]
    return (near[-1][1] - near[0][1]) / (near[-1][0] - near[0][0])


CURVES = {
    "a line": lambda x: 3.0 * x,
    "a parabola": lambda x: x * x,
    "a wave": lambda x: (2.0 * x).sin() + x,
    "a neuron": lambda x: (x * -2.0 + 1.0).sigmoid(),
    "steep": lambda x: exp(x * 4.0),
    "a pole at 0": lambda x: 1.0 / x,
    "falls": lambda x: -x * x * x,
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("at", [1.0, -0.75])
def test_the_gradient_is_the_slope_of_the_curve(browser, curve, at):  # noqa: F811
    x = Value(at, "x")
    explore(browser, CURVES[curve](x))
    found = drawn(browser)
    assert abs(found["x"] - 120) < 0.01  # in the middle of the picture
    _, _, dx, dy = found["tangent"]
    assert math.isclose(math.atan2(dy, dx), math.atan(chord(found)), abs_tol=0.03)


def test_it_says_what_it_shows(browser):  # noqa: F811
    explore(browser, lecture(), names={})
    assert drawn(browser)["said"].endswith("against x: at x = -2 the tangent has the slope x.grad = -4.")
    assert drawn(browser)["ends"][2:] == ["-4", "0"]
    explore(browser, lecture(), lang="zh")
    assert "x = -2" in drawn(browser)["said"] and "x.grad = -4" in drawn(browser)["said"]


def test_a_kink_has_the_slope_that_backward_gives_it(browser):  # noqa: F811
    explore(browser, relu(Value(0.0, "x")))
    found = drawn(browser)
    assert found["tangent"][3] == 0 and "x.grad = 0" in found["said"]
    heights = dict(points(found["line"]))
    assert heights[2.0] == heights[118.0] == found["y"] > heights[238.0]


def test_where_there_is_no_value_there_is_a_gap(browser):  # noqa: F811
    explore(browser, log(Value(1.0, "x")) + sqrt(Value(1.0, "y")))
    found = drawn(browser)
    assert found["gap"].count("M") == 1 and found["said"].endswith("Grey: no finite value.")  # at 0
    type_number(browser, "n0", "-1")
    assert drawn(browser)["said"] == "Grey: no finite value." and drawn(browser)["tangent"] is None
    assert "is not positive" in browser.text("#step .refusal")


def test_a_curve_is_not_drawn_through_a_pole(browser):  # noqa: F811
    explore(browser, 1.0 / Value(0.501, "x"))
    found = drawn(browser)
    assert found["line"].count("M") == 2 and found["gap"] == ""


@pytest.mark.parametrize(
    "at, made", [(1e200, lambda x: x * x), (1.7e308, lambda x: x * 1.0), (30.0, lambda x: exp(x * x * 0.7))]
)
def test_numbers_of_any_size_are_drawn_or_said(browser, at, made):  # noqa: F811
    """The console stays empty, which the browser's fixture asserts: a path with NaN in it would be told there."""
    explore(browser, made(Value(at, "x")))
    assert drawn(browser)["said"]


def test_the_point_moves_in_the_curve_until_it_leaves_it(browser):  # noqa: F811
    explore(browser, lecture())
    line = drawn(browser)["line"]
    type_number(browser, "n0", "-0.5")
    assert drawn(browser)["line"] == line and abs(drawn(browser)["x"] - 210) < 0.01
    type_number(browser, "n0", "7")
    assert drawn(browser)["ends"][2:] == ["0", "14"] and abs(drawn(browser)["x"] - 120) < 0.01


def test_a_value_is_chosen_by_click_and_by_key(browser):  # noqa: F811
    explore(browser, lecture())
    chosen = "return document.querySelector('.chosen').id"
    assert browser.run(chosen) == "n0"
    browser.click("#n3 text")
    assert browser.run(chosen) == "n3" and "against z" in drawn(browser)["said"]
    browser.click("#n2 text")
    assert browser.run(chosen) == "n2" and not browser.run(f"return document.querySelectorAll('{PLOT}').length")
    assert browser.text("#spoken") == "q.grad = -4"
    browser.press(Keys.TAB)
    assert browser.run(chosen) == browser.run("return document.activeElement.id") != "n2"
    browser.click("#modes button:nth-child(1)")
    assert browser.run("return document.querySelector('#n2').getAttribute('tabindex')") is None


def test_the_other_circuit_has_the_same_input_chosen(browser):  # noqa: F811
    explore(browser, neuron())
    browser.click("#n3 text")
    said = drawn(browser)["said"]
    browser.click("#circuits button:nth-child(2)")
    assert drawn(browser)["said"] == said and "x1.grad" in said


def test_a_curve_while_one_drags(browser):  # noqa: F811
    browser.open(page(lecture()), "#6")
    text = browser.driver.find_element(By.CSS_SELECTOR, "#n0 text")
    ActionChains(browser.driver).click_and_hold(text).move_by_offset(50, 0).perform()
    assert "at x = -1.5 the tangent has the slope x.grad = -4" in drawn(browser)["said"] and browser.at() == 6
    ActionChains(browser.driver).release().perform()
    assert browser.run(f"return document.querySelectorAll('{PLOT}').length") == 1
    browser.click("#prev")
    assert browser.run(f"return document.querySelectorAll('{PLOT}').length") == 0


def test_a_quiz_shows_no_slope(browser):  # noqa: F811
    browser.open(page(lecture()))
    browser.click("#modes button:nth-child(2)")
    type_number(browser, "n0", "-1.5")
    assert not browser.seen("#step") and not browser.run("return document.querySelectorAll('.plot').length")


def test_the_arrows_do_not_step_while_one_explores(browser):  # noqa: F811
    browser.open(page(lecture()), "#3")
    browser.click(EXPLORE)
    browser.press(Keys.ARROW_RIGHT, Keys.HOME)
    assert not browser.seen("#player") and browser.run("return at") == 3
    assert {grad for *_, grad in browser.boxes().values()} == {"-4", "3", "1"}
    browser.click("#modes button:nth-child(1)")
    assert browser.at() == 3
