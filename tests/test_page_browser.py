"""The stepper page in a real browser: every control, the quiz, both circuits, and nothing that leaves the page."""

import json
import shutil

import pytest
from conftest import MARKUP, lecture

from scalargrad import Value, dot, page, sigmoid, steps, tanh
from scalargrad.text import number_text

selenium = pytest.importorskip("selenium", reason="the page is tested in a browser through selenium: pip install it")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("needs a browser: apt install chromium chromium-driver", allow_module_level=True)

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.get("about:blank")
    driver.get_log("performance")  # what the browser asked itself for its first tab
    yield driver
    driver.quit()


class Browser:
    """A page that is open, with short words for what a learner does."""

    def __init__(self, driver, folder):
        self.driver, self.folder, self.pages = driver, folder, 0

    def open(self, made, link=""):
        self.pages += 1
        path = made.save(self.folder / f"{self.pages}.html") if hasattr(made, "save") else made
        self.driver.get(path.as_uri() + link)
        return path

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def press(self, *keys):
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def seen(self, selector):
        return self.run("return document.querySelector(arguments[0]).checkVisibility()", selector)

    def at(self):
        return int(self.text("#count").split("/")[0])

    def style(self, selector, name):
        return self.run("return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, name)

    def boxes(self):
        """{id of a box: what stands in it, with all digits as one sees them by pointing}, of the circuit shown."""
        pairs = self.run(
            "return [...document.querySelectorAll('.circuit:not([hidden]) .value')].map(g => {"
            "const lines = g.querySelector('title')?.textContent.split('\\n') ?? [];"
            "return [g.id, [...g.querySelectorAll('text')].map((t, i) => i && lines[i] || t.textContent)]})"
        )
        return dict(pairs)

    def settle(self):
        """Brings every transition that has begun to its end."""
        self.run("document.getAnimations().forEach(animation => animation.finish())")

    def answer(self, text):
        field = self.driver.find_element(By.ID, "answer")
        field.clear()
        field.send_keys(text, Keys.ENTER)
        return self.text("#verdict")

    def media(self, scheme="light", motion="no-preference", kind="", forced="none"):
        asked = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion, "forced-colors": forced}
        features = [{"name": name, "value": value} for name, value in asked.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})

    def size(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@pytest.fixture
def browser(chromium, tmp_path):
    """A browser at rest; afterwards its console must be empty, and no request may have left the page."""
    opened = Browser(chromium, tmp_path)
    opened.media()
    opened.size(1280, 800)
    yield opened
    assert chromium.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert asked and all(address.startswith(("file:", "data:", "about:")) for address in asked), asked
    assert opened.run("return performance.getEntriesByType('resource').length") == 0


def neuron():
    f = sigmoid(dot([Value(2.0, "w0"), Value(-3.0, "w1")], [Value(-1.0, "x0"), Value(-2.0, "x1")], Value(-3.0, "w2")))
    f.label = "f"
    return f


def chain(count):
    x = Value(1.0, "x")
    root = x
    for _ in range(count - 1):
        root = root * 1.001
    return root


# ---- stepping ----


def test_the_buttons(browser):
    browser.open(page(lecture()))
    assert (browser.at(), browser.text("#count")) == (0, "0 / 6")
    assert browser.run("return document.getElementById('prev').disabled && document.getElementById('first').disabled")
    places = []
    for button in ("next", "next", "prev", "last", "first"):
        browser.click(f"#{button}")
        places.append(browser.at())
    assert places == [1, 2, 1, 6, 0]


def test_the_keys(browser):
    browser.open(page(lecture()))
    body = browser.driver.find_element(By.TAG_NAME, "body")
    places = []
    for key in (
        Keys.ARROW_RIGHT,
        Keys.ARROW_RIGHT,
        Keys.ARROW_LEFT,
        Keys.END,
        Keys.ARROW_RIGHT,
        Keys.HOME,
        Keys.ARROW_LEFT,
    ):
        body.send_keys(key)
        places.append(browser.at())
    assert places == [1, 2, 1, 6, 6, 0, 0]
    body.send_keys(Keys.CONTROL, Keys.ARROW_RIGHT)
    assert browser.at() == 0


def test_the_slider(browser):
    browser.open(page(lecture()))
    slider = browser.driver.find_element(By.ID, "slider")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("0", "6")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert browser.at() == 1
    slider.send_keys(Keys.END)
    assert browser.at() == 6 and slider.get_attribute("aria-valuetext") == "6 / 6"
    slider.send_keys(Keys.HOME)
    assert browser.at() == 0


def test_playing(browser):
    """With a clock of our own: `tick()` is what the page does when the time for the next step has come."""
    browser.open(page(lecture()))
    browser.run("window.setInterval = work => { window.tick = work; return 7; }")
    browser.run("window.clearInterval = timer => { if (timer === 7) window.tick = null; }")
    browser.click("#play")
    assert browser.run("return document.getElementById('play').getAttribute('aria-label')") == "Pause"
    places = []
    while browser.run("return Boolean(window.tick)"):
        browser.run("window.tick()")
        places.append(browser.at())
    assert places == [1, 2, 3, 4, 5, 6]
    assert browser.run("return document.getElementById('play').getAttribute('aria-label')") == "Play"
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.SPACE)  # from the end it starts again
    assert browser.run("return document.getElementById('play').matches('.playing')") and browser.at() < 6
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.SPACE)
    assert browser.run("return window.tick === null && !document.getElementById('play').matches('.playing')")


def test_links_to_a_step(browser):
    path = browser.open(page(neuron()), "#3")
    assert browser.at() == 3
    browser.click("#next")
    assert browser.run("return location.hash") == "#4"
    followed = "const [done] = arguments; addEventListener('hashchange', () => done(), { once: true });"
    browser.driver.execute_async_script(f"{followed} location.hash = '#2'")
    assert browser.at() == 2
    for link, place in (("#999", 8), ("#nonsense", 0), ("#4.1", 4), ("#4.7", 4)):
        browser.driver.get("about:blank")
        browser.driver.get(path.as_uri() + link)
        assert browser.at() == place, link
        assert browser.seen(".circuit:nth-of-type(2)") == (link == "#4.1")


# ---- what is shown ----


def test_every_number_at_every_step(browser):
    f = neuron()
    seen = steps(f)
    browser.open(page(f))
    boxes = {node: f"n{i}" for i, node in enumerate(seen.order)}
    known = {node: number_text(node.data) for node in seen.order if not node.gate}
    grads = {}
    for step in seen:
        browser.press(Keys.ARROW_RIGHT)
        if step.phase == "forward":
            known[step.node] = number_text(step.output)
        else:
            grads.setdefault(f, "1")
            grads[step.parent] = number_text(step.running_total)
        expected = {boxes[n]: [seen.names[n], known.get(n, "·"), grads.get(n, "·")] for n in seen.order}
        assert browser.boxes() == expected
        lit = set(browser.run("return [...document.querySelectorAll('.lit')].map(g => g.id)"))
        gate = boxes[step.node].replace("n", "g")
        if step.phase == "forward":
            assert {gate, boxes[step.node]} <= lit
        else:
            assert lit == {gate, f"{gate.replace('g', 'e')}_{step.place}", boxes[step.parent]}


def test_the_arithmetic_is_written_out(browser):
    browser.open(page(lecture()), "#2")
    assert browser.text("#step .sum") == "f= q * z= 3 * -4= -12"
    assert browser.text("#step .chips") == "df/dq = z = -4df/dz = q = 3"
    assert browser.text("#spoken") == "Forward: f = q * z = 3 * -4 = -12."
    browser.press(Keys.ARROW_RIGHT)
    numbers = browser.run("return [...document.querySelectorAll('#step .number')].map(e => e.textContent)")
    assert numbers == ["1", "×", "-4", "=", "-4"]
    assert "f.grad = 1" in browser.text("#step") and "df/dq = z = -4" in browser.text("#step")
    assert "upstream 1 times local gradient -4 is -4" in browser.text("#spoken")
    browser.click("#last")
    assert "x.grad = -4y.grad = -4z.grad = 3" in browser.text("#step")


def test_contributions_add_up_at_a_fork(browser):
    x = Value(3.0, "x")
    browser.open(page(x * x + x), "#3")
    assert browser.run("return document.querySelectorAll('.ledger').length") == 0
    browser.click("#next")
    rows = "return [...document.querySelectorAll('.ledger tr')].map(r => [r.className, r.lastChild.textContent])"
    assert browser.run(rows) == [["now", "1"], ["to-come", "·"], ["to-come", "·"], ["total", "1"]]
    browser.click("#last")
    assert browser.run(rows) == [["", "1"], ["", "3"], ["now", "3"], ["total", "4 + 3 = 7"]]


def test_the_line_of_the_code_is_lit(browser):
    browser.open(page(lecture()), "#1")
    lit = "return [...document.querySelectorAll('.program .' + arguments[0])].map(e => e.textContent.split('  ')[0])"
    assert (browser.run(lit, "forward"), browser.run(lit, "backward")) == (["q = x + y"], [])
    browser.click("#last")
    assert (browser.run(lit, "forward"), browser.run(lit, "backward")) == ([], ["dy = dq"])
    assert browser.run(
        "const a = document.querySelector('.program .backward').getBoundingClientRect(),"
        "b = document.querySelector('.program').getBoundingClientRect(); return a.top >= b.top && a.bottom <= b.bottom"
    )


def test_forward_and_backward_differ_by_colour_and_line(browser):
    browser.open(page(lecture()), "#2")
    forward = [browser.style("#e4_0 path", name) for name in ("stroke", "strokeDasharray")]
    browser.click("#next")
    browser.settle()
    backward = [browser.style("#e4_0 path", name) for name in ("stroke", "strokeDasharray")]
    assert forward[1] == "none" and backward[1] != "none" and forward[0] != backward[0]
    assert browser.style(".line.forward", "borderTopStyle") == "solid"
    assert browser.style(".line.backward", "borderTopStyle") == "dashed"


def test_nothing_moves(browser):
    browser.open(page(neuron()))
    places = (
        "const at = e => e.getBoundingClientRect(), svg = at(document.querySelector('.circuit:not([hidden]) svg'));"
        "return [svg.width, svg.height, at(document.getElementById('player')).y, at(document.getElementById('code')).y,"
        "...[...document.querySelectorAll('.circuit:not([hidden]) g.node > :nth-child(2)')].map(g => at(g).x - svg.x)]"
    )
    before = browser.run(places)
    for _ in range(8):
        browser.press(Keys.ARROW_RIGHT)
        assert browser.run(places) == before
    outside = (
        "const at = e => e.getBoundingClientRect();"
        "return [...document.querySelectorAll('.circuit:not([hidden]) .value')].filter(g => {"
        "const box = at(g.querySelector('path, polygon')), texts = [...g.querySelectorAll('text')].map(at);"
        "return texts.some(text => text.left < box.left || text.right > box.right)}).length"
    )
    assert browser.run(outside) == 0


# ---- taken apart and put together ----


def test_both_circuits(browser):
    browser.open(page(neuron()), "#8")
    browser.click("#circuits button:nth-child(2)")
    assert browser.seen("#n1-0") and not browser.seen("#n0")
    assert browser.text("#count") == "20 / 20" and browser.text("#summary") == "13 values, 8 gates, 20 steps"
    apart = browser.boxes()
    browser.click("#circuits button:nth-child(1)")
    recorded = browser.boxes()
    grads = lambda boxes: {name: grad for name, _, grad in boxes.values() if name[0] in "wxf"}  # noqa: E731
    assert grads(apart) == grads(recorded) and len(apart) > len(recorded)


def test_a_click_on_a_gate_takes_it_apart_at_its_place(browser):
    browser.open(page(neuron()), "#2")
    browser.click("#g6 text")
    assert browser.seen("#n1-0") and browser.text("#step .sum").startswith("f= 1 / ")
    browser.click("#g1-12 text")
    assert browser.seen("#n0") and browser.text("#step .sum").startswith("f= sigmoid(")
    assert browser.at() == 2


def test_no_switch_where_nothing_can_be_taken_apart(browser):
    browser.open(page(lecture()))
    assert not browser.seen("#circuits") and not browser.seen("#composite-key")


# ---- quiz ----

VERDICTS = [
    *[
        (text, -0.19661193324148185, "right")
        for text in ("-0.2", "-0.197", "-.2", "−0,2", "-0.19661193324148185", "-2e-1", "-19.7e-2")
    ],
    *[(text, -0.19661193324148185, "wrong") for text in ("-0.19", "0.2", "-0.198", "2", "-0.1966120", "-2")],
    *[(text, -0.19661193324148185, "coarse") for text in ("0", "-0")],
    *[(text, -0.19661193324148185, "unread") for text in ("", "x", "1/5", "-", ".", "1e", "0x1", "1 2")],
    *[(text, 0.0, "right") for text in ("0", "-0", "0.00", "0e5")],
    *[("1e999", 0.0, "wrong"), ("-1e999", 12.0, "wrong"), ("0e999", 0.0, "right")],
    *[
        ("0.1", 0.0, "wrong"),
        ("0.04", 0.0, "wrong"),
        ("12", 12.0, "right"),
        ("+12.0", 12.0, "right"),
        ("10", 12.0, "wrong"),
    ],
    *[
        ("4e-6", 3.9e-6, "right"),
        ("0.000004", 3.9e-6, "right"),
        ("0", 3.9e-6, "coarse"),
        ("1.0", 0.96, "right"),
        ("1", 0.96, "coarse"),
    ],
    *[("1.5e10", 1.5e10, "right"), ("2e10", 1.4e10, "wrong"), ("inf", 1.0, "wrong"), ("nan", 1.0, "wrong")],
]


def test_an_answer_is_judged_at_the_precision_it_was_typed_in(browser):
    browser.open(page(lecture()))
    for typed, truth, verdict in VERDICTS:
        assert browser.run("return judge(arguments[0], arguments[1])", typed, truth) == verdict, (typed, truth)
    for typed, truth, verdict in [
        ("inf", "Infinity", "right"),
        ("-inf", "Infinity", "wrong"),
        ("nan", "NaN", "right"),
        ("1", "NaN", "wrong"),
    ]:
        assert browser.run("return judge(arguments[0], Number(arguments[1]))", typed, truth) == verdict, (typed, truth)


def test_the_quiz(browser):
    f = neuron()
    browser.open(page(f))
    browser.click("#modes button:nth-child(2)")
    assert not browser.seen("#player") and not browser.seen("#code") and browser.seen("#question")
    boxes = browser.boxes()
    assert [grad for _, _, grad in boxes.values()].count("?") == len(boxes) - 1
    locals_seen = (
        "return [...document.querySelectorAll('.circuit:not([hidden]) .local text')]"
        ".map(text => getComputedStyle(text).visibility)"
    )
    assert set(browser.run(locals_seen)) == {"hidden"}
    assert (browser.text("#progress"), browser.text("#asked")) == ("Gradient 1 of 6", "v1.grad =")
    assert "Not this" in browser.answer("0.19")
    assert "one more digit" in browser.answer("0") and "Type a number" in browser.answer("two")
    assert browser.answer("0.2") == "Right: v1.grad = 0.196612"
    truths = {node.label: grad for node, grad in steps(f).gradients.items()}
    order = []
    while browser.seen("#asking"):
        name = browser.text("#asked").split(".")[0]
        order.append(name)
        if name == "w2":
            browser.click("#hint")
            assert "dv1/dw2 = 1" in browser.text("#hints") and "v1.grad = 0.196612" in browser.text("#hints")
        if name == "x0":
            browser.click("#tell")
            assert browser.text("#verdict") == "x0.grad = 0.393224"
        else:
            assert browser.answer(f"{truths[name]:.3g}").startswith("Right") or not browser.seen("#asking")
    assert order == ["w2", "x1", "x0", "w1", "w0"]
    assert browser.text("#verdict") == "3 of 6 right at the first try, without a hint."
    rows = browser.run(
        "return [...document.querySelectorAll('#answers tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    assert rows[0] == ["v1.grad", "0.2", "0.196612", "found"]
    assert [row[3] for row in rows] == ["found", "found", "first try", "told", "first try", "first try"]
    browser.click("#again")
    assert browser.text("#progress") == "Gradient 1 of 6" and browser.seen("#asking")
    browser.click("#modes button:nth-child(1)")
    assert browser.seen("#player") and browser.seen("#code") and not browser.seen("#question")


def test_a_fork_in_the_quiz_asks_for_the_sum(browser):
    x = Value(3.0, "x")
    browser.open(page(x * x + x))
    browser.click("#modes button:nth-child(2)")
    browser.answer("1")
    browser.click("#hint")
    assert browser.text("#hints").endswith("these add up")
    browser.answer("7")
    assert browser.text("#verdict").startswith("1 of 2 right")


def test_keys_type_in_the_quiz_and_do_not_step(browser):
    browser.open(page(lecture()))
    browser.click("#modes button:nth-child(2)")
    browser.press("-4", Keys.ARROW_LEFT, Keys.HOME, "0")
    assert browser.run("return document.getElementById('answer').value") == "0-4"


def test_the_quiz_of_the_other_circuit(browser):
    browser.open(page(neuron()))
    browser.click("#modes button:nth-child(2)")
    browser.click("#circuits button:nth-child(2)")
    total = int(browser.text("#progress").split()[-1])
    assert total == len(browser.boxes()) - 1
    for _ in range(total):
        browser.click("#tell")
    assert browser.text("#verdict").startswith(f"0 of {total} right")


# ---- hostile names, sizes, light and dark, where it stands ----


@pytest.mark.parametrize("label", MARKUP)
def test_hostile_names_stay_text(browser, label):
    x = Value(1.0, label)
    y = tanh(x) * Value(2.0, label)
    y.label = label
    browser.open(page(y, code=f"{label} = 1"), "#1")
    assert browser.boxes()["n0"][0] == steps(y).names[x]
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.END):
        browser.press(key)
    browser.click("#modes button:nth-child(2)")
    assert browser.run("return document.scripts.length") == 2 and browser.run("return document.images.length") == 0
    assert browser.text("h1") == f"{steps(y).names[y]}: forward and backward"


def test_several_roots(browser):
    x = Value(2.0, "x")
    a, b = x * 3.0, x * x
    browser.open(page([a, b], upstream=[2.0, -1.0], names={"a": a, "b": b}))
    browser.click("#last")
    assert {name: grad for name, _, grad in browser.boxes().values()} == {"x": "2", "a": "2", "b": "-1"}


def test_a_leaf_alone(browser):
    browser.open(page(Value(3.0, "x")))
    assert browser.boxes() == {"n0": ["x", "3", "1"]} and browser.text("#count") == "0 / 0"
    browser.click("#play")
    browser.click("#modes button:nth-child(2)")


@pytest.mark.parametrize("count", [5, 50, 500])
def test_sizes(browser, count):
    root = chain(count)
    made = page(root)
    assert len(made.html) < 2_500_000
    browser.open(made)
    browser.click("#last")
    assert browser.at() == 2 * (count - 1)
    assert browser.boxes()["n0"][2] == number_text(steps(root).gradients[steps(root).order[0]])
    measured = browser.run(
        "let measured = 0; const measure = Element.prototype.getBoundingClientRect;"
        "Element.prototype.getBoundingClientRect = function () { measured++; return measure.call(this); };"
        "go(at - 1); Element.prototype.getBoundingClientRect = measure; return measured"
    )
    assert measured <= 5  # the four things that a step lights at most, and the frame, however large the circuit is
    if count == 500:
        assert browser.seen("#whole")
        browser.click("#whole")
        assert browser.run("const p = document.getElementById('picture'); return p.scrollWidth <= p.clientWidth")


def test_light_and_dark(browser):
    browser.open(page(lecture()), "#3")
    for scheme in ("light", "dark"):
        browser.media(scheme)
        browser.settle()
        paper = luminance(browser.style("body", "backgroundColor"))
        assert (paper > 0.5) == (scheme == "light")
        for selector, name in TEXTS:
            assert contrast(paper, luminance(browser.style(selector, name))) >= 4.5, (scheme, selector)


TEXTS = [
    *[("h1", "color"), ("#summary", "color"), (".kicker", "color"), (".note", "color"), (".track .forward", "color")],
    *[(".value text", "fill"), (".value text:nth-of-type(2)", "fill"), (".value text:nth-of-type(3)", "fill")],
    *[(".edge text", "fill"), (".program .comment", "color")],
]


def luminance(colour):
    parts = [float(c) / 255 for c in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_reduced_motion(browser):
    browser.media(motion="reduce")
    browser.open(page(lecture()), "#3")
    assert browser.style("#e4_0 path", "transitionProperty") == "none"


def test_a_narrow_window(browser):
    browser.size(480, 900)
    browser.media(motion="reduce")  # the picture is there at once, instead of on its way
    browser.open(page(neuron()), "#8")
    assert browser.run("return document.documentElement.scrollWidth") <= 480
    frame = browser.run("const b = document.querySelector('#n0').getBoundingClientRect(); return [b.left, b.right]")
    assert -60 < frame[0] and frame[1] < 540  # the lit box was brought into view


def test_a_formula_that_does_not_fit_beside_its_step_begins_where_the_step_does(browser):
    ws, xs = [Value(1.0, f"weight{i}") for i in range(3)], [Value(2.0, f"input{i}") for i in range(3)]
    browser.open(page(dot(ws, xs)), "#2")
    left = "return [...document.querySelector('.kicker').children].map((part) => part.getBoundingClientRect().left)"
    line, formula = browser.run(left)
    assert line == formula


def test_inside_a_notebook(browser):
    path = browser.folder / "notebook.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><body>{page(neuron())._repr_html_()}", encoding="utf-8")
    browser.open(path)
    browser.driver.switch_to.frame(0)
    try:
        for button in ("next", "next", "last"):
            browser.click(f"#{button}")
        assert browser.at() == 8
        browser.click("#modes button:nth-child(2)")
        assert browser.answer("0.2") == "Right: v1.grad = 0.196612"
    finally:
        browser.driver.switch_to.default_content()
