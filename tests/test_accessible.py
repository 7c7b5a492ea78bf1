"""The page for everybody: axe-core finds nothing to complain of, in any state, colours, width or language."""

import pytest
from conftest import lecture
from npm import npm_file

from scalargrad import Value, draw, log, nn, page, sigmoid, tanh

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
    "exploring in forward mode": (neuron, "", "mode('explore'); $('ahead').click()"),
    "exploring, after updates": (lecture, "", "mode('explore'); update(); update()"),
    "exploring, at a rate that is none": (lecture, "", "mode('explore'); $('rate').value = '?'; showDescent()"),
    "no script": (lecture, "", "document.body.className = 'still'"),
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


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_in_pictures_that_stand_on_one_page(browser, axe, lang, tmp_path):  # noqa: F811
    drawings = [draw(neuron(), lang=lang), draw(lecture(), lang=lang), draw(nn.MLP(2, [3, 1], seed=0), lang=lang)]
    pictures = "\n".join([drawing.svg for drawing in drawings] + [drawing._repr_html_() for drawing in drawings])
    path = tmp_path / "pictures.html"
    path.write_text(
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Pictures</title>'
        f"<main><h1>Pictures</h1>{pictures}</main></html>",
        encoding="utf-8",
    )
    browser.open(path)
    assert axe() == {}


# ---- colours that are the reader's ----


def test_forced_colours_show_what_is_pressed_and_which_line_is_lit(browser):  # noqa: F811
    browser.media(forced="active")
    browser.open(page(lecture()), "#3")
    pressed, other = (browser.style(f"#modes [aria-pressed={state}]", "backgroundColor") for state in ("true", "false"))
    assert pressed != other
    for part, whole in ((".program .backward", ".program"), ("button.main", "body")):
        edge = browser.style(part, "borderLeftColor")
        assert edge != browser.style(whole, "backgroundColor")
    plain = browser.style(".program span:not(.backward)", "borderLeftColor")
    assert plain == browser.style(".program", "backgroundColor")


# ---- without its script ----


def rows(browser):  # noqa: F811
    """What stands in the rows of the table of steps that is on the screen, or on paper."""
    return browser.run(
        "return [...document.querySelectorAll('#handout tr')].filter(row => row.checkVisibility())"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )


LECTURE_ROWS = [
    ["forward"],
    ["1", "q = x + y", "= -2 + 5", "= 3", ""],
    ["2", "f = q * z", "= 3 * -4", "= -12", ""],
    ["backward", "local gradient", "upstream × local = downstream", "gradient"],
    ["3", "f = q * z", "df/dq = z = -4", "1 × -4 = -4", "q.grad 0 -> -4"],
    ["4", "f = q * z", "df/dz = q = 3", "1 × 3 = 3", "z.grad 0 -> 3"],
    ["5", "q = x + y", "dq/dx = 1", "-4 × 1 = -4", "x.grad 0 -> -4"],
    ["6", "q = x + y", "dq/dy = 1", "-4 × 1 = -4", "y.grad 0 -> -4"],
]


def without_its_script(browser):  # noqa: F811
    assert rows(browser) == LECTURE_ROWS
    assert browser.seen("#n0") and browser.seen("#code")
    assert not any(browser.seen(part) for part in ("#player", "nav", "#step", "#whole"))


def test_without_scripts_there_is_a_table(browser):  # noqa: F811
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(page(lecture()))
        without_its_script(browser)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_under_a_policy_that_forbids_scripts_there_is_a_table(browser):  # noqa: F811
    path = browser.folder / "strict.html"
    path.write_text(page(lecture()).html.replace("script-src 'unsafe-inline'", "script-src 'none'"), encoding="utf-8")
    browser.open(path)
    without_its_script(browser)
    assert "Content Security Policy" in browser.driver.get_log("browser")[0]["message"]


def test_with_its_script_there_is_none(browser):  # noqa: F811
    browser.open(page(lecture()))
    assert rows(browser) == []


# ---- on paper ----


@pytest.fixture
def printed(browser):  # noqa: F811
    """Brings the page that is open on paper, until the test has ended."""

    def on_paper():
        browser.run("window.dispatchEvent(new Event('beforeprint'))")
        browser.media(kind="print")

    yield on_paper
    browser.media()


def test_paper_has_the_whole_circuit_and_all_steps(browser, printed):  # noqa: F811
    browser.open(page(lecture()), "#1")
    printed()
    assert rows(browser) == LECTURE_ROWS
    assert browser.boxes()["n0"] == ["x", "-2", "-4"] and browser.seen("#code")
    assert browser.run("return document.querySelector('.lit, .sends, .program .backward')") is None
    assert not any(browser.seen(part) for part in ("nav", "#player", "#step", "#reset"))
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.at() == 1 and browser.boxes()["n2"] == ["q", "3", "\u00b7"]


def test_a_picture_of_many_rows_goes_on_as_many_sheets_as_it_takes(browser, printed):  # noqa: F811
    h, w = Value(0.0, "h0"), Value(0.9, "w")
    for i in range(30):
        h = tanh(w * h + Value(0.1 * i, f"x{i}"))
    browser.open(page(h))
    assert not browser.seen(".cut")
    printed()
    assert browser.seen(".cut") and not browser.seen(".circuit > svg")
    whole, sheets, boxes = browser.run(
        """const circuit = document.querySelector(".circuit"), drawn = circuit.querySelector("svg");
        const sheets = [...circuit.querySelectorAll(".cut > svg")].map((svg) => svg.viewBox.baseVal);
        drawn.style.display = "block";
        const origin = drawn.getScreenCTM().inverse();
        const at = (box, y) => new DOMPoint(0, y).matrixTransform(origin).y;
        const boxes = [...drawn.querySelectorAll(".node")].map((node) => node.getBoundingClientRect());
        return [drawn.viewBox.baseVal.height, sheets.map(({ y, height, width }) => [y, y + height, width]),
            boxes.map((box) => [at(box, box.top), at(box, box.bottom)])];"""
    )
    ends = [bottom for _, bottom, _ in sheets]
    assert len(sheets) > 3 and [top for top, _, _ in sheets] == pytest.approx([0, *ends[:-1]], abs=0.01)
    assert ends[-1] == pytest.approx(whole, abs=0.01)
    assert all(bottom - top <= 1.5 * wide for top, bottom, wide in sheets)
    assert len(boxes) > 100
    assert all(sum(top <= y and end <= bottom for top, bottom, _ in sheets) == 1 for y, end in boxes)


def test_paper_has_the_numbers_as_they_are_now(browser, printed):  # noqa: F811
    browser.open(page(lecture()), "#1&x=7")
    printed()
    assert [row[-2:] for row in rows(browser)[4:6]] == [
        ["1 × -4 = -4", "q.grad 0 -> -4"],
        ["1 × 12 = 12", "z.grad 0 -> 12"],
    ]


def test_paper_says_where_a_gate_refuses(browser, printed):  # noqa: F811
    browser.open(page(log(Value(1.0, "x")) * 2.0), "#1&x=-1")
    printed()
    assert rows(browser)[1:] == [
        ["1", "v1 = log(x)", "log: input x = -1.0 is not positive: keep it above 0, as abs(x) + 1e-9 is"],
        ["backward", "local gradient", "upstream × local = downstream", "gradient"],
    ]


def test_paper_has_the_circuit_that_is_shown_and_what_adds_up(browser, printed):  # noqa: F811
    browser.open(page(neuron()), "#0.1")
    printed()
    assert len(rows(browser)) == 22
    browser.open(page(fork()))
    printed()
    assert rows(browser)[-1][-1] == "x.grad 4 + 3 = 7, adds up"


def test_paper_of_the_quiz_has_no_answers(browser, printed):  # noqa: F811
    browser.open(page(lecture()))
    browser.click("#modes button:nth-child(2)")
    printed()
    assert rows(browser) == [] and browser.boxes()["n0"] == ["x", "-2", "?"] and not browser.seen("#question")


def test_no_code_is_clipped_on_paper(browser, printed):  # noqa: F811
    browser.open(page(neuron()))
    printed()
    browser.size(600, 900)
    assert browser.run("const code = document.querySelector('.program'); return code.scrollWidth <= code.clientWidth")
    assert browser.run("const code = document.querySelector('.program'); return code.scrollHeight <= code.clientHeight")


# ---- on a phone ----

BROKEN = """
const broken = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  if (!walk.currentNode.parentElement.checkVisibility()) continue;
  for (const { 0: number, index } of walk.currentNode.data.matchAll(/-?\\d[\\d.]*(e[-+]?\\d+)?/g)) {
    const range = document.createRange();
    range.setStart(walk.currentNode, index);
    range.setEnd(walk.currentNode, index + number.length);
    if (range.getClientRects().length > 1) broken.push(`${number} in ${walk.currentNode.parentElement.outerHTML}`);
  }
}
return broken;
"""


def long_numbers():
    w, x = Value(-2 / 3e5, "a_long_name"), Value(1 / 7e8, "another_rather_long_name")
    f = sigmoid(w * x + 0.123456)
    f.label = "prediction"
    return f


@pytest.mark.parametrize("state", [*STATES, "long numbers"])
def test_no_number_is_broken_in_two_on_a_phone(browser, state):  # noqa: F811
    browser.size(375, 667)
    root, link, script = STATES.get(state, (long_numbers, "", ""))
    browser.open(page(root()), link)
    browser.run(script)
    while True:
        assert browser.run(BROKEN) == []
        assert browser.run("return document.documentElement.scrollWidth") <= 375
        if browser.run("return Boolean(quiz) || at === furthest()"):
            break
        browser.run("go(at + 1)")


def test_on_a_phone_the_picture_follows_the_step_and_stays_in_view(browser):  # noqa: F811
    browser.size(375, 667)
    browser.media(motion="reduce")
    browser.open(page(neuron()), "#0.1")
    browser.run("document.querySelector('#code').scrollIntoView()")
    while browser.at() < 20:
        browser.click("#next")
        lit, frame = browser.run(
            "const boxes = [...document.querySelectorAll('.lit')].map(part => part.getBoundingClientRect());"
            "return [[Math.min(...boxes.map(b => b.left)), Math.max(...boxes.map(b => b.right))],"
            " document.getElementById('picture').getBoundingClientRect()]"
        )
        assert frame["top"] >= 0 and frame["bottom"] <= 667
        assert (lit[0] + lit[1]) / 2 == pytest.approx((frame["left"] + frame["right"]) / 2, abs=frame["width"] / 2)
