"""The quiz in a browser says which typical mistake a wrong answer is, with the arithmetic that gives it."""

import pytest
from conftest import lecture

from scalargrad import Value, leaky_relu, page, relu, sigmoid, steps, tanh

pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.by import By  # noqa: E402
from test_page_alive import patterns, staged, type_number  # noqa: E402
from test_page_browser import browser, chromium, neuron  # noqa: E402, F401

WORDS = {
    "fork": "{} is one contribution alone, as = for += gives. At the fork {} they add up.",
    "gate": "{} passes the gradient on as it is, but {}.",
    "upstream": "{} leaves out the upstream, {}.",
    "sign": "{} has a wrong sign; the local gradient is {}.",
    "other": "{} takes the local gradient of another input of {}.",
}


def fork():
    """x * x + x at 3: the contributions are 1, 3 and 3."""
    x = Value(3.0, "x")
    square = x * x
    square.label = "s"
    return 2 * (square + x)


def made(formula, **numbers):
    values = {name: Value(x, name) for name, x in numbers.items()}
    root = formula(**values)
    root.label = "f"
    return root


def labelled(value, label):
    value.label = label
    return value


OFF = "the gate is off: it passes nothing on to x"
SWITCHES = "the gate switches its inputs: {} gets the gradient times {}"
ROUTES = "the gate routes its gradient to the winner, and {} is not it"

# A circuit, what is asked, what is typed, and which mistake it is with its arithmetic, all by hand.
TABLE = [
    # f = q z: df/dq = z = -4, df/dz = q = 3; q = x + y
    *[(lecture, "q", typed, *what) for typed, what in {"3": ("other", "1 × 3 = 3", "f = q * z")}.items()],
    (lecture, "q", "4", "sign", "1 × 4 = 4", "df/dq = z = -4"),
    (lecture, "q", "1", "gate", "1 × 1 = 1", SWITCHES.format("q", "z")),
    (lecture, "z", "-4", "other", "1 × -4 = -4", "f = q * z"),
    (lecture, "z", "-3,0", "sign", "1 × -3 = -3", "df/dz = q = 3"),
    (lecture, "x", "1", "upstream", "1", "q.grad = -4"),
    (lecture, "x", "4", "sign", "-4 × -1 = 4", "dq/dx = 1"),
    (lecture, "x", "-5", None),
    # s = x x, v1 = s + x, v2 = 2 v1: x gets 2, 6 and 6
    (fork, "x", "2", "fork", "2 × 1 = 2", "x"),
    (fork, "x", "6", "fork", "2 × 3 = 6", "x"),
    (fork, "x", "7", "upstream", "1 + 3 + 3 = 7", "v1.grad = 2, s.grad = 2"),
    (fork, "x", "-14", "sign", "2 × -1 + 2 × -3 + 2 × -3 = -14", "dv1/dx = 1, ds/dx = x = 3"),
    (fork, "x", "10", "sign", "2 × -1 + 2 × 3 + 2 × 3 = 10", "dv1/dx = 1"),
    (fork, "x", "12", None),
    # 2 (x y + max(z, w)) at (3, -4, 2, -1)
    (patterns, "w", "2", "gate", "2 × 1 = 2", ROUTES.format("w")),
    (patterns, "z", "0", "other", "2 × 0 = 0", "v2 = maximum(z, w)"),
    (patterns, "z", "1", "upstream", "1", "v2.grad = 2"),
    (patterns, "x", "6", "other", "2 × 3 = 6", "v1 = x * y"),
    (patterns, "x", "-4", "upstream", "-4", "v1.grad = 2"),
    (patterns, "x", "8", "sign", "2 × 4 = 8", "dv1/dx = y = -4"),
    (patterns, "x", "2", "gate", "2 × 1 = 2", SWITCHES.format("x", "y")),
    # relu that is off, a leaky one, and one that is on
    (lambda: made(lambda x, y: relu(x) * y, x=-2.0, y=3.0), "x", "3", "gate", "3 × 1 = 3", OFF),
    (lambda: made(lambda x, y: relu(x) * y, x=2.0, y=3.0), "x", "1", "upstream", "1", "v1.grad = 3"),
    (
        *(lambda: made(lambda x, y: leaky_relu(x) * y, x=-2.0, y=3.0), "x", "3.0"),
        *("gate", "3 × 1 = 3", "the gate scales its gradient by its slope"),
    ),
    # a difference: what could be the other input is a sign forgotten
    (lambda: made(lambda x, y, z: (x - y) * z, x=5.0, y=2.0, z=7.0), "y", "7", "sign", "7 × 1 = 7", "dv1/dy = -1"),
    (lambda: made(lambda x, y, z: (x - y) * z, x=5.0, y=2.0, z=7.0), "y", "-1", "upstream", "-1", "v1.grad = 7"),
    # a plain number is another input, too: f = 5 x at x = 3
    (lambda: made(lambda x: 5 * x, x=3.0), "x", "3", "other", "1 × 3 = 3", "f = 5 * x"),
    # f = (x + y) (x + 2 y) at (1, 3): q = 4, p = 7; x gets 7 and 4
    *[
        (lambda: made(lambda x, y: labelled(x + y, "q") * labelled(x - 2 * y, "p"), x=1.0, y=3.0), "x", *rest)
        for rest in [
            ("-5", "fork", "-5 × 1 = -5", "x"),
            ("4", "fork", "4 × 1 = 4", "x"),
            ("2", "upstream", "1 + 1 = 2", "p.grad = 4, q.grad = -5"),
            ("1.0", "sign", "4 × -1 + -5 × -1 = 1", "dp/dx = 1, dq/dx = 1"),
        ]
    ],
    # tanh(x) z at (0.5, 3): tanh = 0.462117, 1 - tanh ** 2 = 0.786448
    (lambda: made(lambda x, z: tanh(x) * z, x=0.5, z=3.0), "x", "0.79", "upstream", "0.786448", "v1.grad = 3"),
    (
        *(lambda: made(lambda x, z: tanh(x) * z, x=0.5, z=3.0), "x", "3"),
        *("gate", "3 × 1 = 3", "the gate scales its gradient by its slope"),
    ),
]


def answered(browser, name, typed):  # noqa: F811
    """The verdict on an answer, after the gradients that are asked before it were told."""
    while browser.text("#asked") != f"{name}.grad =":
        browser.click("#tell")
    return browser.answer(typed)


@pytest.mark.parametrize(
    ("circuit", "name", "typed", "kind", "parts"),
    [(*row[:4], row[4:]) for row in TABLE],
    ids=[f"{row[1]}={row[2]}, {i}" for i, row in enumerate(TABLE)],
)
def test_a_wrong_answer_is_called_by_its_mistake(browser, circuit, name, typed, kind, parts):  # noqa: F811
    browser.open(page(circuit()))
    browser.click("#modes button:nth-child(2)")
    expected = WORDS[kind].format(*parts) if kind else "Upstream times local gradient; at a fork they add up."
    assert answered(browser, name, typed) == f"Not this: {expected}".replace("this: Up", "this. Up")


def test_the_arithmetic_follows_a_number_that_was_changed(browser):  # noqa: F811
    browser.open(page(lecture()))
    browser.click("#modes button:nth-child(2)")
    assert "1 × 3 = 3" in answered(browser, "q", "3")
    type_number(browser, "n0", "-1.2")
    assert answered(browser, "q", "3.0") == "Not this. Upstream times local gradient; at a fork they add up."
    assert "1 × 3.8 = 3.8 takes the local gradient of another input" in answered(browser, "q", "3.8")


def test_a_mistake_that_is_exactly_what_was_typed_comes_before_one_that_rounds_to_it(browser):  # noqa: F811
    """x gets 1.2 and 2 x 0.5: "1" rounds the first, and is the second."""
    browser.open(page(made(lambda x, y, z: x * y + z * labelled(x * 0.5, "h"), x=1.0, y=1.2, z=2.0)))
    browser.click("#modes button:nth-child(2)")
    assert "2 × 0.5 = 1 is one contribution alone" in answered(browser, "x", "1")


@pytest.mark.parametrize("circuit", [lecture, neuron, patterns, staged, fork])
def test_a_right_answer_is_never_called_a_mistake(browser, circuit):  # noqa: F811
    root = circuit()
    seen = steps(root)
    truths = {seen.names[node]: gradient for node, gradient in seen.gradients.items()}
    browser.open(page(root))
    browser.click("#modes button:nth-child(2)")
    while browser.seen("#asking"):
        verdict = browser.answer(repr(truths[browser.text("#asked").split(".")[0]]))
        assert verdict.startswith("Right") or not browser.seen("#asking")
    right, _, of, *_ = browser.text("#verdict").split()
    assert right == of


def test_a_graph_that_was_changed_since_has_no_arithmetic_to_name_a_mistake(browser):  # noqa: F811
    x, y = Value(2.0, "x"), Value(3.0, "y")
    z = x * y
    y.data = 4.0
    browser.open(page(z))
    browser.click("#modes button:nth-child(2)")
    assert answered(browser, "x", "2") == "Not this. Upstream times local gradient; at a fork they add up."


def test_a_root_that_others_use_starts_with_an_upstream_of_its_own(browser):  # noqa: F811
    x = Value(3.0, "x")
    a = labelled(x * 2.0, "a")
    browser.open(page([labelled(a * 5.0, "b"), a], upstream=[1.0, 7.0]))
    browser.click("#modes button:nth-child(2)")
    assert "7 is one contribution alone" in answered(browser, "a", "7")
    assert "7 + 1 × -5 = 2 has a wrong sign" in answered(browser, "a", "2")
    assert answered(browser, "a", "12") == "Right: a.grad = 12"


def test_both_circuits_and_chinese(browser):  # noqa: F811
    root = sigmoid(labelled(Value(2.0, "w") * Value(-1.0, "x"), "s"))
    root.label = "f"
    browser.open(page(root, lang="zh"))
    browser.click("#modes button:nth-child(2)")
    assert answered(browser, "x", "2") == "不对：2 漏了上游梯度 s.grad = 0.104994。"
    browser.click("#circuits button:nth-child(2)")
    assert answered(browser, "w", "-1") == "不对：-1 漏了上游梯度 s.grad = 0.104994。"
    assert browser.driver.find_element(By.ID, "verdict").get_attribute("class") == "wrong"


def test_an_answer_of_many_digits_fits_a_phone(browser):  # noqa: F811
    browser.size(390, 844)
    browser.open(page(neuron()))
    browser.click("#modes button:nth-child(2)")
    assert browser.answer("0.19661193324148185000000000000000").startswith("Right")
    assert browser.run("return document.documentElement.scrollWidth") <= 390
