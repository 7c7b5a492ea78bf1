"""The page in a browser, when an input gets another number: forward and backward run again, and all that is said."""

import json
import math
import random
import re

import pytest
from conftest import lecture
from gate_points import HELPERS, wild_recipe

from scalargrad import Value, exp, gate, gradient, log, maximum, nn, page, relu, sigmoid, sqrt, tanh
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.views.phrases import said_again

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from test_page import shared_weight  # noqa: E402
from test_page_browser import browser, chromium, neuron  # noqa: E402, F401

KEPT = (
    *("box", "name", "data", "grad", "numbers", "output", "slopes", "slope", "rule", "pattern", "upstream", "local"),
    *("downstream", "before", "added", "after", "adds_up", "inputs", "results", "formula"),
)


def told(made_or_circuits):
    """All that the circuits of a page say."""
    return [
        {
            "inputs": circuit["inputs"],
            "results": circuit["results"],
            **{
                part: [{key: value[key] for key in KEPT if key in value} for value in circuit[part]]
                for part in ("values", "steps")
            },
        }
        for circuit in made_or_circuits
    ]


def circuits_of(made):
    text = made.html.split('id="data">', 1)[1].split("</script>", 1)[0]
    return json.loads(text)["circuits"]


def patterns(x=3.0, y=-4.0, z=2.0, w=-1.0):
    x, y, z, w = Value(x, "x"), Value(y, "y"), Value(z, "z"), Value(w, "w")
    return 2 * (x * y + maximum(z, w))


def staged(x=3.0, y=-4.0):
    x, y = Value(x, "x"), Value(y, "y")
    return (x + sigmoid(y)) / (sigmoid(x) + (x + y) ** 2)


def gradients(browser):  # noqa: F811
    return {name: (data, grad) for name, data, grad in browser.boxes().values() if name in "xyzwf"}


def type_number(browser, box, text):  # noqa: F811
    browser.run("document.getElementById(arguments[0]).focus()", box)
    browser.press(Keys.ENTER)
    field = browser.driver.find_element(By.ID, "typed")
    field.send_keys(text, Keys.ENTER)


def test_typing_a_number_runs_forward_and_backward_again(browser):  # noqa: F811
    browser.open(page(lecture()), "#6")
    type_number(browser, "n0", "-1.99")
    assert gradients(browser) == {"x": ("-1.99", "-4"), "y": ("5", "-4"), "z": ("-4", "3.01"), "f": ("-12.04", "1")}
    assert browser.run("return document.activeElement.id") == "n0" and not browser.seen("#typed")
    assert "z.grad = 3.01" in browser.text("#step") and browser.at() == 6
    assert browser.run("return location.hash") == "#6&x=-1.99"
    assert "x = -1.99\n" in browser.run(
        "return [...document.querySelectorAll('.program span')].map(s => s.textContent).join('\\n')"
    )
    for key in (Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT):
        browser.press(key)
    assert "= 3.01 * -4" in browser.text("#step") and "df/dz = q = 3.01" in browser.text("#step")
    browser.click("#reset")
    assert browser.run("return location.hash") == "#2" and "= 3 * -4" in browser.text("#step")
    assert not browser.driver.find_element(By.ID, "reset").is_enabled()


def test_a_link_has_the_numbers(browser):  # noqa: F811
    browser.open(page(lecture()), "#6&x=-1.99&nobody=3&y=text")
    assert gradients(browser)["f"] == ("-12.04", "1") and gradients(browser)["y"] == ("5", "-4")
    browser.driver.refresh()
    assert gradients(browser)["f"] == ("-12.04", "1")


def test_a_number_is_dragged_past_the_other(browser):  # noqa: F811
    """2 (x y + max(z, w)): while w is below 2, z gets the gradient; above it, w does."""
    browser.open(page(patterns()), "#12")
    w = next(box for box, (name, *_) in browser.boxes().items() if name == "w")
    assert (gradients(browser)["z"][1], gradients(browser)["w"][1]) == ("2", "0")
    text = browser.driver.find_element(By.CSS_SELECTOR, f"#{w} text")
    ActionChains(browser.driver).click_and_hold(text).move_by_offset(200, 0).release().perform()
    assert gradients(browser)["w"] == ("1", "0") and gradients(browser)["z"][1] == "2"
    ActionChains(browser.driver).click_and_hold(text).move_by_offset(110, 0).release().perform()
    assert gradients(browser)["w"] == ("2.1", "2") and gradients(browser)["z"] == ("2", "0")
    assert browser.run("return location.hash").endswith("&w=2.1")
    browser.press(Keys.ARROW_DOWN)
    assert gradients(browser)["w"][0] == "2.09"
    type_number(browser, w, "2")
    assert (gradients(browser)["z"][1], gradients(browser)["w"][1]) == ("1", "1")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_a_gate_has_no_result_it_says_what_python_says(browser, lang):  # noqa: F811
    for made, at, least in [
        (log, "-1", "is not positive"),
        (sqrt, "0", "infinitely steep"),
        (lambda x: 1 / x, "0", "divide"),
        (exp, "1000", "take the largest score off"),
        (lambda x: x**2, "1e+200", "scale its inputs down"),
        (lambda x: x**-1, "1e-200", "too steep here"),
    ]:
        x = Value(2.0, "x")
        browser.open(page(made(x) * x, lang=lang), "#3")
        type_number(browser, "n0", at)
        with pytest.raises((ValueError, ArithmeticError)) as error:
            z = made(Value(float(at), "x"))
            z.backward()
        said = said_again(error.value, lang) or str(error.value)
        assert browser.text("#step .refusal") == said and least in str(error.value)
        assert lang == "en" or not re.search("cannot|input|fits|is not", said)
        assert browser.at() == 1 and browser.boxes()["n0"][1] == at and browser.boxes()["n1"][1:] == ["·", "·"]
        assert not browser.driver.find_element(By.ID, "next").is_enabled()
        assert not browser.driver.find_element(By.CSS_SELECTOR, "#modes button:nth-child(2)").is_enabled()
        browser.click("#reset")
        browser.click("#last")
        assert browser.run("return at === circuit.steps.length")


def test_a_derivative_keeps_its_parentheses(browser):  # noqa: F811
    x = Value(2.0, "x")
    (dx,) = gradient(x**3, [x])
    browser.open(page(dx), "#2&x=5")
    assert "d(dx)/dx = 6 * x = 30" in browser.text("#step")


def test_what_is_no_number_is_not_taken(browser):  # noqa: F811
    browser.open(page(lecture()), "#6")
    for text in ("two", " ", "1e999", "1,5,5"):
        type_number(browser, "n0", text)
        assert browser.run("return document.getElementById('typed').getAttribute('aria-invalid')") == "true", text
        browser.press(Keys.ESCAPE)
        assert gradients(browser)["x"] == ("-2", "-4") and not browser.seen("#typed")


def test_a_gate_without_javascript_stays_as_recorded(browser):  # noqa: F811
    root = gate(lambda x: math.sqrt(x), rule=lambda z, x: (0.5 / z,), name="root")
    x, y = Value(4.0, "x"), Value(3.0, "y")
    browser.open(page(root(x) * y), "#0&x=9&y=5")
    assert "x: as recorded, because root is a gate of your own that has no JavaScript." in browser.text("#step")
    browser.click("#last")
    boxes = {name: rest for name, *rest in browser.boxes().values()}
    assert boxes["x"] == ["4", "1.25"] and boxes["y"] == ["5", "2"]
    assert browser.run("return [...document.querySelectorAll('[role=spinbutton]')].map(box => box.id)") == ["n2"]


def test_where_no_input_can_be_changed_none_is_offered(browser):  # noqa: F811
    root = gate(lambda x: math.sqrt(x), rule=lambda z, x: (0.5 / z,), name="root")
    browser.open(page(root(Value(4.0, "x"))))
    assert "drag" not in browser.text("#step") and "x: as recorded" in browser.text("#step")


@pytest.mark.parametrize("loss", nn.LOSSES)
def test_an_input_of_every_loss_can_be_changed(browser, loss):  # noqa: F811
    def made(s):
        a, b, c = Value(s, "a"), Value(5.1, "b"), Value(-1.7, "c")
        several = loss in ("svm", "softmax")
        found = nn.LOSSES[loss]([[a, b, c], [b, a, c]] if several else [a, b, c], [0, 2] if several else [1, 1, 1])
        found.label = "L"
        return found

    recorded = page(made(3.2))
    for number in (-2.5, 5.1, 60.0):
        browser.open(recorded, f"#0&a={number}")
        assert "drag" in browser.text("#step") and "as recorded" not in browser.text("#step")
        browser.click("#last")
        seen = {name: [float(text) for text in texts] for name, *texts in browser.boxes().values() if name in {*"abcL"}}
        root = made(number)
        root.backward()
        expected = {x.label: pytest.approx([x.data, x.grad], rel=1e-3) for x in topological_order([root]) if x.label}
        assert seen == expected, number


def test_a_gate_that_is_too_long_is_called_so(browser):  # noqa: F811
    many = [Value(float(i), f"x{i}") for i in range(90)]
    browser.open(page(maximum(*many) * Value(2.0, "y")), "#0&x89=100&y=3")
    told = "x10, x11, ... (90 in all): as recorded, because maximum of so many inputs is too long for a page."
    assert browser.text("#step").endswith(told) and "of your own" not in browser.text("#step")
    browser.click("#last")
    assert {name: data for name, data, _ in browser.boxes().values() if name in ("x89", "y")} == {"x89": "89", "y": "3"}


def code_shown(browser):  # noqa: F811
    return browser.run("return [...document.querySelectorAll('.program span')].map((line) => line.textContent)")


def test_a_program_of_the_users_follows_where_it_assigns_numbers(browser):  # noqa: F811
    code = "x = -2; y = 5; z = -4  # x = -2\ndef f(x=-2): pass\nq = x + y\nf = q * z"
    browser.open(page(lecture(), code=code), "#0&x=-1.99&z=4")
    assert code_shown(browser) == ["x = -1.99; y = 5; z = 4.0  # x = -2", *code.splitlines()[1:]]
    browser.click("#reset")
    assert code_shown(browser)[0] == "x = -2.0; y = 5; z = -4.0  # x = -2"
    browser.open(page(lecture(), code="x = -2\ny = 6\nz = -4\nz = -4"), "#0&x=1&y=2&z=3")
    assert code_shown(browser) == ["x = 1.0", "y = 6", "z = -4", "z = -4"]  # 6 is not y, and z is assigned twice


def test_a_branch_in_python_is_said_to_stay(browser):  # noqa: F811
    browser.open(page(lecture()))
    assert "An `if` in your Python code is not asked again." in browser.text("#step")


def test_a_changed_value_stays_as_recorded(browser):  # noqa: F811
    x = Value(4.0, "x")
    z = x * 3.0
    x.data = 5.0
    browser.open(page(z), "#1&x=7")
    assert browser.boxes()["n0"][1] == "4, now 5" and not browser.seen("#reset")


def test_the_quiz_asks_for_the_new_gradients(browser):  # noqa: F811
    browser.open(page(lecture()), "#0&x=-1.99")
    browser.click("#modes button:nth-child(2)")
    answers = {"q": "-4", "z": "3.01", "x": "-4", "y": "-4"}
    while browser.seen("#asking"):
        browser.answer(answers[browser.text("#asked").split(".")[0]])
    assert browser.text("#verdict").startswith("4 of 4 right")


def test_both_circuits_have_the_new_number(browser):  # noqa: F811
    browser.open(page(neuron()), "#0")
    type_number(browser, "n0", "-1.5")
    browser.click("#last")
    recorded = gradients(browser)
    browser.click("#circuits button:nth-child(2)")
    assert gradients(browser) == recorded
    assert "-1.5" in {data for _, data, _ in browser.boxes().values()}


def test_nothing_moves_and_every_number_has_room(browser):  # noqa: F811
    places = (
        "const at = e => e.getBoundingClientRect(), svg = at(document.querySelector('.circuit svg'));"
        "return [svg.width, svg.height, at(document.getElementById('player')).y, at(document.querySelector('main')).y,"
        "...[...document.querySelectorAll('.circuit g.node > :nth-child(2)')].map(g => at(g).x - svg.x)]"
    )
    outside = (
        "const at = e => e.getBoundingClientRect();"
        "return [...document.querySelectorAll('.circuit .value')].filter(g => {"
        "const box = at(g.querySelector('path, polygon')), texts = [...g.querySelectorAll('text')].map(at);"
        "return texts.some((text) => text.left < box.left || text.right > box.right)}).length"
    )
    browser.open(page(lecture()), "#6")
    before = browser.run(places)
    for text in ("-1.234567e-200", "-8.888888e-308", "-2.222222e300", "-12345.678"):
        type_number(browser, "n0", text)
        type_number(browser, "n3", text)
        assert browser.run(places) == before and browser.run(outside) == 0, text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_of_the_first_circuit_is_small(lang):
    assert len(page(lecture(), lang=lang).html.encode()) < 80_000


def test_a_leaf_that_is_drawn_again_changes_everywhere(browser):  # noqa: F811
    browser.open(page(shared_weight(), limit=900), "#0&w=0.25")
    texts = browser.run(
        "return [...document.querySelectorAll('.circuit:not([hidden]) .again')]"
        ".map(g => g.querySelectorAll('text')[1].textContent)"
    )
    assert len(texts) > 30 and set(texts) == {"0.25"}


def test_a_click_changes_nothing(browser):  # noqa: F811
    x = Value(1 / 3, "x")
    browser.open(page(x * x), "#1")
    browser.click("#n0 text")
    assert browser.run("return location.hash") == "#1" and not browser.driver.find_element(By.ID, "reset").is_enabled()


@gate
def swish(x):
    return x * x.sigmoid()


def graphs():
    chance = random.Random(14)
    gates = {name: made for name, made in GATES.items() if name not in HELPERS}
    named = {}
    for i in range(60):
        recipe = wild_recipe(chance, 9, lambda chance: round(chance.uniform(-3, 3), 3), gates)
        leaves = [Value(x, f"x{k}") for k, x in enumerate(recipe.leaves)]
        named[f"random {i}"] = recipe.run(leaves, gates.__getitem__)[-1]
    x = Value(3.0, "x")
    named |= {"lecture": lecture(), "neuron": neuron(), "patterns": patterns(), "staged": staged(), "fork": x * x + x}
    named["own"] = swish(Value(0.5, "x")) * tanh(Value(2.0, "y"))
    named["roots"] = [x * 3.0, relu(x) / 7.0]
    return {name: root for name, root in named.items() if isinstance(root, (Value, list))}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_at_the_recorded_numbers_the_browser_says_what_python_says(browser, lang):  # noqa: F811
    for name, root in graphs().items():
        try:
            made = page(root, lang=lang)
        except (ValueError, ArithmeticError):
            continue
        browser.open(made)
        browser.run("for (const one of circuitsAlive) runAgain(one)")
        seen = told(browser.run("return data.circuits.map(({ rows, ...rest }) => rest)"))
        for one, other in zip(seen, told(circuits_of(made)), strict=True):
            for part in one:
                assert one[part] == other[part], (name, part)


@pytest.mark.parametrize("x, y", [(2.5, -3.0), (-1.0, 0.25), (0.0, 7.0), (1e-7, 1234567.0)])
def test_at_other_numbers_it_says_what_python_would_have(browser, x, y):  # noqa: F811
    browser.open(page(staged()), f"#0&x={x}&y={y}")
    seen = told(browser.run("data.circuits.forEach(catchUp); return data.circuits.map(({ rows, ...rest }) => rest)"))
    assert seen == told(circuits_of(page(staged(x, y))))


@pytest.mark.parametrize("z, w", [(2.0, 2.0), (2.0, 2.5), (-3.0, -1.0)])
def test_a_max_wins_loses_and_ties_as_in_python(browser, z, w):  # noqa: F811
    browser.open(page(patterns()), f"#0&z={z}&w={w}")
    seen = told(browser.run("return data.circuits.map(({ rows, ...rest }) => rest)"))
    assert seen == told(circuits_of(page(patterns(z=z, w=w))))
