"""The playground in a real browser, with Pyodide out of npm: the engine there, links, cancelling, no network."""

import contextlib
import functools
import http.server
import json
import re
import threading

import pytest
from npm import npm_file

from scalargrad import evaluate, steps
from scalargrad.lecture import CIRCUITS
from scalargrad.playground import folder
from scalargrad.playground.answers import MAX_SIGNS, answers
from scalargrad.playground.folder import playground
from scalargrad.views.phrases import LANGUAGES

pytest.importorskip("selenium", reason="the playground is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402
from test_page_browser import Browser, chromium  # noqa: E402, F401

pytestmark = pytest.mark.slow
SECONDS = 120  # Python loads in four, on a machine with nothing else to do


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def end_headers(self):
        if self.path.startswith("/pyodide/"):  # as its public address does
            self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture(scope="module")
def serve():
    """Serves a folder; its address, and a function that stops it."""
    servers = []

    def start(path):
        server = http.server.ThreadingHTTPServer(("localhost", 0), functools.partial(Handler, directory=path))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://localhost:{server.server_port}/", functools.partial(stop, server)

    def stop(server):
        server.shutdown()
        server.server_close()

    yield start
    for server in servers:
        stop(server)


@pytest.fixture(scope="module")
def pyodide():
    return npm_file("pyodide/pyodide.mjs").parent


@pytest.fixture(scope="module")
def site(tmp_path_factory, pyodide):
    made = playground(tmp_path_factory.mktemp("playground") / "site")
    (made / "pyodide").symlink_to(pyodide)
    return made


@pytest.fixture(scope="module")
def address(serve, site):
    return serve(site)[0]


class Playground(Browser):
    """The page, with short words for what a learner does."""

    expected = "$^"  # what the console may say
    schemes = ("http://localhost:", "data:", "about:", "blob:")  # of what is loaded

    def visit(self, address):
        self.driver.get("about:blank")  # so that a link within the page is a visit too
        self.driver.get(address)

    def at_rest(self, address):
        """The playground as it is after a visit; it is loaded anew only where another page, or none, is open."""
        if self.driver.current_url.partition("#")[0] != address or not self.run("return ready && answered === asked"):
            self.visit(address)
        else:
            self.run("history.replaceState(null, '', location.pathname); choose(views[0]); fromLink()")
        self.answered()

    def until(self, condition):
        """Waits for what a script says, and returns it."""
        return WebDriverWait(self.driver, SECONDS, 0.02).until(lambda _: self.run(f"return {condition}"))

    def answered(self):
        self.until("asked && answered === asked")

    def type(self, expression, numbers=""):
        for name, text in (("expression", expression), ("numbers", numbers)):
            field = self.driver.find_element(By.ID, name)
            field.clear()
            field.send_keys(text)
        field.send_keys(Keys.ENTER)

    def ask(self, expression, numbers=""):
        """Hands in an expression that is too long to type, and waits for the answer."""
        self.run(
            "$('expression').value = arguments[0]; $('numbers').value = arguments[1]; submit()", expression, numbers
        )
        self.answered()

    def panel(self, view):
        return self.run("return panel(arguments[0]).querySelector('pre').textContent", view)

    @contextlib.contextmanager
    def live(self):
        """Within it, everything is about the live page, which is a page in a page."""
        for _ in range(2):
            self.until("document.querySelector('iframe')")
            self.driver.switch_to.frame(self.driver.find_element(By.TAG_NAME, "iframe"))
        self.until("document.querySelector('svg')")
        yield
        self.driver.switch_to.default_content()


@pytest.fixture
def browser(chromium, tmp_path):  # noqa: F811
    """A browser at rest, and afterwards without a complaint."""
    opened = Playground(chromium, tmp_path)
    opened.media()
    opened.size(1280, 800)
    yield opened
    messages = [entry["message"] for entry in chromium.get_log("browser")]
    assert [message for message in messages if not re.search(opened.expected, message)] == []
    events = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(opened.schemes)] == []


def test_every_circuit_of_the_lecture_is_the_same_to_the_last_byte(browser, address):
    """Steps, picture, page and code, as here: Python there is another one, and the browser lays out."""
    browser.at_rest(address)
    assert "x.grad 0 -> -4" in browser.panel("steps")
    assert 0.9 < browser.run("return loaded / bytes") < 1.1  # where the bar ends
    browser.run("window.said = {}; const plain = hear; hear = told => { said[told.view] = told.text; plain(told); }")
    for circuit in CIRCUITS.values():
        numbers = " ".join(f"{name}={number!r}" for name, number in circuit.numbers.items())
        browser.ask(circuit.expression, numbers)
        here = {answer.view: answer.text for answer in answers(circuit.expression, numbers, "en")}
        assert {view: text for view, text in browser.run("return said").items() if view in here} == here


# ---- what is typed ----


def test_an_expression_is_typed_and_a_mistake_has_its_caret(browser, address):
    browser.at_rest(address)
    browser.type("f = sigmoid(w * x + b)", "w=2, x=-1, b=-3")
    browser.answered()
    assert browser.panel("steps") == str(steps(evaluate("f = sigmoid(w * x + b)", {"w": 2, "x": -1, "b": -3})))
    browser.type("f = 2x", "x=1")
    browser.answered()
    assert browser.text("#problem") == "not an expression: write 2 * x\n  f = 2x\n      ^"
    assert not browser.seen("#answer") and browser.run("return $('expression').ariaInvalid") == "true"
    browser.type("f = x", "x=1")
    browser.answered()
    assert browser.text("#problem") == "" and browser.seen("#answer")
    browser.ask("+".join(["x"] * (MAX_SIGNS + 2)), "x=1")
    assert f"{MAX_SIGNS} are allowed in a browser" in browser.text("#problem")
    browser.ask("+".join(["x"] * (MAX_SIGNS + 1)), "x=1")
    assert browser.text("#problem") == "" and "x.grad = 251" in browser.panel("steps")


def test_all_of_it_by_keyboard(browser, address):
    browser.visit(address)
    browser.answered()
    places = []
    for _ in range(7):
        browser.press(Keys.TAB)
        places.append(browser.run("return document.activeElement.id"))
    assert places == ["", "expression", "numbers", "run", "share", "examples", "tab-page"]  # "" is the other language
    shown = []
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.END, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.HOME):
        browser.press(key)
        shown.append(browser.run("return document.activeElement.dataset.view"))
        assert browser.seen(f"#panel-{shown[-1]}") and browser.run("return chosen()") == shown[-1]
    assert shown == ["circuit", "steps", "why", "page", "why", "page"]
    browser.run("$('expression').focus(); $('expression').select()")
    browser.press("q = x * x", Keys.SHIFT + Keys.ENTER, "f = q * x")
    browser.run("$('numbers').value = 'x=2'")
    browser.press(Keys.ENTER)
    browser.answered()
    assert "x.grad = 12" in browser.panel("steps") and browser.run("return $('expression').rows") == 2


# ---- links ----


def test_a_link_says_the_expression(browser, address):
    browser.visit(address)
    browser.type("f = a * b", "a=3 b=0.5")
    browser.answered()
    browser.run("choose('code')")
    browser.click("#share")
    browser.until("/link/.test($('status').textContent)")
    link = browser.driver.current_url
    browser.visit(link)
    browser.answered()
    assert browser.run("return [$('expression').value, $('numbers').value, chosen()]") == [
        "f = a * b",
        "a=3 b=0.5",
        "code",
    ]
    assert "da = b * df" in browser.panel("code")
    browser.type("f = a + b", "a=3 b=0.5")
    browser.answered()
    browser.driver.back()
    browser.until("$('expression').value === 'f = a * b' && answered === asked")
    browser.run(
        "$('examples').value = $('examples').options[6].value; $('examples').dispatchEvent(new Event('change'))"
    )
    browser.until("$('numbers').value === 'x=3' && answered === asked")
    assert "x.grad = 7" in browser.panel("steps") and "fork" not in browser.text("#problem")
    browser.click("#languages a")
    browser.until("document.documentElement.lang === 'zh' && typeof asked === 'number' && asked && answered === asked")
    assert "反向传播" in browser.panel("steps") and browser.run("return $('numbers').value") == "x=3"


HOSTILE = [
    ("__import__('os').system('x')", ""),
    ("open('x')", ""),
    ("x.__class__.__bases__", "x=1"),
    ("[0 for x in (1).__class__]", ""),
    ("lambda: 0", ""),
    ("<img src=x onerror=\"document.title = 'ran'\">", ""),
    ("</script><script>document.title = 'ran'</script>", ""),
    ("f = x", "x=<img src=x onerror=\"document.title = 'ran'\">"),
    ("f = x", "x=__import__('js').document"),
]


def test_a_link_runs_nothing_but_expressions(browser, address):
    browser.at_rest(address)
    title = browser.driver.title
    for expression, numbers in HOSTILE:
        browser.run(
            "location.hash = new URLSearchParams({expression: arguments[0], numbers: arguments[1], view: 'x\"y'})",
            expression,
            numbers,
        )
        browser.until("$('expression').value === arguments[0]".replace("arguments[0]", json.dumps(expression)))
        browser.answered()
        [told] = answers(expression, numbers, "en")
        assert told.refused and browser.text("#problem") == told.text and browser.driver.title == title
    assert browser.run("return document.querySelectorAll('img, iframe[src^=x]').length") == 0


# ---- the live page ----


def test_the_live_page_recomputes_and_has_no_rights(browser, address):
    browser.at_rest(address)
    with browser.live():
        browser.run("document.getElementById('n0').focus()")
        browser.press(Keys.ENTER, "-1.99", Keys.ENTER, Keys.END)
        assert {name: (data, grad) for name, data, grad in browser.boxes().values()} == {  # by hand
            "x": ("-1.99", "-4"),
            "y": ("5", "-4"),
            "q": ("3.01", "-4"),
            "z": ("-4", "3.01"),
            "f": ("-12.04", "1"),
        }
        assert browser.run("return self.origin") == "null"
        assert (
            browser.run("try { return parent.document.title } catch (error) { return error.name }") == "SecurityError"
        )


def test_no_other_site_has_a_page_run_here(browser, serve, site, address, tmp_path):
    page = """<link rel="icon" href="data:,"><iframe src="{}frame.html"></iframe>
        <script>
        const frame = document.querySelector("iframe");
        frame.addEventListener("load", () => {{
          frame.contentWindow.postMessage({{ text: "<p>written</p>", title: "" }}, "*");
          setTimeout(() => {{ document.title = "posted"; }});
        }});
        </script>"""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(page.format(address))
    (tmp_path / "site" / "frame.html").write_bytes((site / "frame.html").read_bytes())
    (tmp_path / "site" / "same.html").write_text(page.format(""))
    other, _ = serve(tmp_path / "site")
    written = {}
    for name in ("index.html", "same.html"):
        browser.visit(other + name)
        browser.until("document.title === 'posted'")
        browser.driver.switch_to.frame(0)
        written[name] = browser.run("return document.querySelectorAll('iframe').length")
        browser.driver.switch_to.default_content()
    assert written == {"index.html": 0, "same.html": 1}


# ---- loading, cancelling, breaking down ----


def test_what_takes_long_can_be_cancelled(browser, address):
    browser.at_rest(address)
    assert not browser.driver.find_element(By.ID, "cancel").is_enabled()
    browser.run(
        "window.told = []; const plain = hear; hear = said => { told.push(said); plain(said); };"
        "$('expression').value = arguments[0]; $('numbers').value = 'x=1'; submit()",
        "+".join(["x"] * MAX_SIGNS),
    )
    browser.until("told.some(said => said.view === 'steps')")
    browser.click("#cancel")
    assert browser.run("return answered === asked && !$('loading').hidden")
    browser.until("ready")
    assert browser.run("return told.some(said => said.done)") is False
    browser.ask("f = x * y", "x=2 y=3")
    assert "x.grad = 3" in browser.panel("steps") and not browser.seen("#loading")


def test_where_python_breaks_down_it_starts_again(browser, address):
    browser.at_rest(address)
    browser.run("asked += 1; worker.postMessage({ number: asked }); show()")  # no expression: nothing it is made for
    browser.until("$('problem').textContent")
    assert browser.text("#problem").startswith("Python broke down and starts again: ")
    browser.until("ready")
    browser.ask("f = x * y", "x=2 y=3")
    assert browser.text("#problem") == "" and "x.grad = 3" in browser.panel("steps")


def test_without_pyodide_it_says_so_and_tries_again(browser, serve, pyodide, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "PYODIDE", "http://localhost:9/")
    made = playground(tmp_path / "site")
    address, _ = serve(made)
    browser.expected = r"pyodide/pyodide\.mjs|localhost:9/"
    browser.visit(address)
    browser.until("failed")
    assert browser.text("#status").startswith("Python could not be loaded (") and not browser.seen("#loading")
    (made / "pyodide").symlink_to(pyodide)
    browser.click("#run")
    browser.until("ready && answered === asked")
    assert "x.grad = -4" in browser.panel("steps") and browser.text("#status") == ""


# ---- without a network ----


@pytest.mark.parametrize("beside", [True, False])
def test_after_the_first_visit_it_needs_no_network(browser, serve, pyodide, tmp_path, monkeypatch, beside):
    """Whether Pyodide comes from a folder beside the page, or from another address."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "pyodide").symlink_to(pyodide)
    other, stop_other = serve(tmp_path / "elsewhere")
    monkeypatch.setattr(folder, "PYODIDE", f"{other}pyodide/")
    made = playground(tmp_path / "site")
    if beside:
        (made / "pyodide").symlink_to(pyodide)
    else:
        browser.expected = r"pyodide/pyodide\.mjs"  # there is none beside the page
    address, stop = serve(made)
    browser.visit(address)
    browser.answered()
    stop()
    stop_other()
    for page, lang in (("", "en"), ("zh.html", "zh")):
        browser.visit(address + page + "#expression=f+%3D+x+*+y&numbers=x%3D2+y%3D3")
        browser.answered()
        assert browser.panel("steps") == str(steps(evaluate("f = x * y", {"x": 2, "y": 3}), lang=lang))
        with browser.live():
            assert browser.seen(".circuit svg")


def test_a_folder_that_is_written_anew_is_seen_at_the_next_visit_but_one(browser, serve, pyodide, tmp_path):
    """The first one after it has what was kept, and fetches the new one for when the page is left."""
    made = playground(tmp_path / "site")
    (made / "pyodide").symlink_to(pyodide)
    address, _ = serve(made)
    browser.visit(address)
    browser.answered()
    playground(made, lang="zh")
    browser.visit(address)
    assert browser.run("return document.documentElement.lang") == "en"
    browser.until("navigator.serviceWorker.getRegistration().then(r => Boolean(r.waiting))")
    browser.visit(address)
    browser.answered()
    assert browser.run("return document.documentElement.lang") == "zh"
    kept = browser.run("return caches.keys()")
    assert len(kept) == 2 and len({name.split(" ")[1] for name in kept}) == 1


@pytest.mark.parametrize("carries", [True, False])
def test_one_file_works_from_disk(browser, serve, pyodide, tmp_path, monkeypatch, carries):
    """With Pyodide in it, or from another address; the live page too, and a link."""
    outside = folder.PYODIDE
    if not carries:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "pyodide").symlink_to(pyodide)
        monkeypatch.setattr(folder, "PYODIDE", f"{serve(tmp_path / 'elsewhere')[0]}pyodide/")
        monkeypatch.setattr(folder, "POLICY_OF_ONE_FILE", folder.POLICY_OF_ONE_FILE.replace(outside, folder.PYODIDE))
    (tmp_path / "site").mkdir()
    if carries:
        (tmp_path / "site" / "pyodide").symlink_to(pyodide)
    made = playground(tmp_path / "site" / "one.html")
    browser.schemes = ("file:", *browser.schemes)
    browser.visit(made.as_uri() + "#expression=f+%3D+x+*+y&numbers=x%3D2+y%3D3")
    browser.answered()
    assert browser.panel("steps") == str(steps(evaluate("f = x * y", {"x": 2, "y": 3})))
    browser.driver.switch_to.frame(browser.driver.find_element(By.TAG_NAME, "iframe"))
    browser.until("document.querySelector('.circuit svg')")
    assert (
        browser.run("return self.origin") == "null"
        and browser.run("try { return parent.document.title } catch (error) { return error.name }") == "SecurityError"
    )
    browser.driver.switch_to.default_content()
    browser.ask("2x", "x=1")
    assert browser.text("#problem").endswith("^")
    assert 0.9 < browser.run("return loaded / bytes") < 1.1


# ---- looks ----


@pytest.mark.parametrize("lang", LANGUAGES)
def test_on_a_phone_nothing_is_wider_than_the_screen(browser, address, lang):
    browser.size(390, 844)
    browser.at_rest(address + ("zh.html" if lang == "zh" else ""))
    browser.ask("f = sigmoid(w0 * x0 + w1 * x1 + w2)", "w0=2 x0=-1 w1=-3 x1=-2 w2=-3")
    for view in folder.VIEWS:
        browser.run("choose(arguments[0])", view)
        assert browser.run("return document.documentElement.scrollWidth") <= 390, view


LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing(browser, address, lang):
    """The live page within is looked at by test_accessible.py."""
    axe = npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")
    browser.at_rest(address + ("zh.html" if lang == "zh" else ""))
    browser.run(axe)
    found = []
    for scheme, width in LOOKS:
        browser.media(scheme, motion="reduce")
        browser.size(width, 844)
        for view in (*folder.VIEWS, "expression"):
            if view == "expression":
                browser.ask("2x", "x=1")
            else:
                browser.ask("f = x * y", "x=2 y=3")
                browser.run("choose(arguments[0])", view)
            results = browser.driver.execute_async_script("axe.run(document, { iframes: false }).then(arguments[0])")
            assert len(results["passes"]) > 15
            found += [(scheme, width, view, v["id"], [n["html"] for n in v["nodes"]]) for v in results["violations"]]
    assert found == []
