"""Gradient descent on the page: what an update was predicted to change, and what it changed."""

import math

import pytest
from conftest import lecture

from scalargrad import Value, gate, log, maximum, page

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from test_page_alive import type_number  # noqa: E402
from test_page_browser import browser, chromium  # noqa: E402, F401

EXPLORE = "#modes button:nth-child(3)"


def explore(browser, root, link="", **options):  # noqa: F811
    browser.open(page(root, **options), link)
    browser.click(EXPLORE)


def numbers(browser):  # noqa: F811
    return {name: float(data) for name, data, _ in browser.boxes().values()}


def rate(browser, text):  # noqa: F811
    field = browser.driver.find_element(By.ID, "rate")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.BACKSPACE, text)
    return field


def test_one_update(browser):  # noqa: F811
    explore(browser, lecture())
    assert "f changes by -0.01 \u00d7 (16 + 16 + 9) = -0.41, to -12.41" in browser.text("#moves")
    assert browser.text("#moves .chips") == "".join(
        [
            "x: -2 - 0.01 \u00d7 -4 = -1.96",
            "y: 5 - 0.01 \u00d7 -4 = 5.04",
            "z: -4 - 0.01 \u00d7 3 = -4.03",
        ]
    )
    browser.click("#update")
    assert numbers(browser) == {"x": -1.96, "y": 5.04, "z": -4.03, "q": 3.08, "f": -12.4124}
    told = browser.text("#updated")
    assert told == "update 1: f went from -12 to -12.4124, a change of -0.4124; predicted was -0.41"
    assert browser.run("return location.hash") == "#0&x=-1.96&y=5.04&z=-4.03"


def test_again_and_again(browser):  # noqa: F811
    x, y, z = -2.0, 5.0, -4.0
    losses = [(x + y) * z]
    for _ in range(30):
        x, y, z = x - 0.01 * z, y - 0.01 * z, z - 0.01 * (x + y)
        losses.append((x + y) * z)
    explore(browser, lecture())
    button = browser.driver.find_element(By.ID, "update")
    for _ in range(30):
        button.send_keys(Keys.ENTER)
    assert browser.run("return document.activeElement.id") == "update"
    for seen, truth in zip(browser.run("return descent.losses"), losses, strict=True):
        assert math.isclose(seen, truth, rel_tol=1e-14)
    assert browser.text("#updated").startswith("update 30: ") and browser.text("#losses p") == "f after each update"
    browser.click("#reset")
    assert browser.text("#updated") == "" and browser.run("return descent.losses") == [-12]


def test_only_what_is_chosen_moves(browser):  # noqa: F811
    explore(browser, lecture())
    browser.click("#parameters label:nth-child(2)")
    assert "= -0.25, to -12.25" in browser.text("#moves")
    rate(browser, "0.1").send_keys(Keys.ENTER)
    assert numbers(browser) == {"x": -1.6, "y": 5, "z": -4.3, "q": 3.4, "f": -14.62}


def test_a_number_that_is_changed_by_hand_begins_a_new_curve(browser):  # noqa: F811
    explore(browser, lecture())
    browser.click("#update")
    type_number(browser, "n0", "-2")
    assert browser.text("#updated") == "" and not browser.run("return document.querySelectorAll('#losses *').length")
    browser.click("#update")
    assert browser.text("#updated").startswith("update 1: ")


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "1e999"])
def test_a_rate_is_a_number_above_zero(browser, text):  # noqa: F811
    explore(browser, lecture())
    field = rate(browser, text)
    assert field.get_attribute("aria-invalid") == "true" and browser.text("#moves") == ""
    assert not browser.driver.find_element(By.ID, "update").is_enabled()
    field.send_keys(Keys.ENTER)
    assert numbers(browser)["x"] == -2
    rate(browser, "1e-2")
    assert browser.driver.find_element(By.ID, "update").is_enabled()


def test_an_update_out_of_the_domain_is_said_and_can_be_taken_back(browser):  # noqa: F811
    x = Value(0.5, "x")
    explore(browser, log(x))
    rate(browser, "1").send_keys(Keys.ENTER)
    assert browser.text("#step .refusal").startswith("log: input x = -1.5 is not positive: keep it above 0")
    assert browser.text("#updated") == ""
    assert not browser.driver.find_element(By.ID, "update").is_enabled()
    browser.click("#reset")
    assert browser.driver.find_element(By.ID, "update").is_enabled() and numbers(browser)["x"] == 0.5


def test_several_roots_are_weighted_with_their_upstream(browser):  # noqa: F811
    x = Value(2.0, "x")
    a, b = x * 3.0, x * x
    explore(browser, [a, b], upstream=[2.0, -1.0], names={"a": a, "b": b})
    assert "2 \u00d7 a + -1 \u00d7 b changes by -0.01 \u00d7 4 = -0.04, to 7.96" in browser.text("#moves")


def test_what_stays_as_recorded_is_no_parameter(browser):  # noqa: F811
    root = gate(lambda x: math.sqrt(x), rule=lambda z, x: (0.5 / z,), name="root")
    explore(browser, root(Value(4.0, "x")) * Value(3.0, "y"))
    assert browser.text("#parameters") == "y"


def test_no_exploring_where_values_were_changed(browser):  # noqa: F811
    x = Value(4.0, "x")
    z = x * 3.0
    x.data = 5.0
    browser.open(page(z))
    assert not browser.seen(EXPLORE) and browser.seen("#modes")


def test_many_parameters(browser):  # noqa: F811
    explore(browser, maximum(*[Value(float(i), f"x{i}") for i in range(20)]))
    assert browser.text("#moves .chips").endswith("... (20)")
    assert "-0.01 \u00d7 1 = -0.01, to 18.99" in browser.text("#moves p")


def test_both_circuits_go_down_together(browser):  # noqa: F811
    x, w = Value(-1.0, "x"), Value(2.0, "w")
    f = (x * w).sigmoid()
    explore(browser, f, names={"f": f})
    browser.click("#update")
    recorded = numbers(browser)
    browser.click("#circuits button:nth-child(2)")
    assert {name: numbers(browser)[name] for name in "xwf"} == {name: recorded[name] for name in "xwf"}
    browser.click("#update")
    assert browser.text("#updated").startswith("update 2: ")
