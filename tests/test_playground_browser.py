"""The playground in a real browser, with Pyodide out of npm: the engine there, links, cancelling, no network."""

import functools
import http.server
import threading

import pytest
from npm import npm_file

from scalargrad.lecture import CIRCUITS
from scalargrad.playground.answers import answers
from scalargrad.playground.folder import playground

pytest.importorskip("selenium", reason="the playground is tested in a browser through selenium: pip install it")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402
from test_page_browser import Browser, chromium  # noqa: E402, F401

SECONDS = 120  # Python loads in four, on a machine with nothing else to do
FIRST = ("q = x + y; f = q * z", "x=-2 y=5 z=-4")


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def end_headers(self):
        if self.path.startswith("/pyodide/"):  # as its public address does
            self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture
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


class Playground(Browser):
    """The page, with short words for what a learner does."""

    def visit(self, address):
        self.driver.get("about:blank")  # so that a link within the page is a visit too
        self.driver.get(address)

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

    def within(self, script):
        """What a script returns in the live page."""
        self.driver.switch_to.frame(self.driver.find_element(By.TAG_NAME, "iframe"))
        WebDriverWait(self.driver, SECONDS, 0.02).until(lambda _: self.run("return Boolean(window.data?.circuits)"))
        try:
            return self.run(script)
        finally:
            self.driver.switch_to.default_content()


@pytest.fixture
def browser(chromium, tmp_path):  # noqa: F811
    """A browser at rest, and afterwards without a complaint."""
    opened = Playground(chromium, tmp_path)
    opened.media()
    opened.size(1280, 800)
    yield opened
    assert [entry for entry in chromium.get_log("browser") if "favicon" not in entry["message"]] == []
    chromium.get("about:blank")


def test_every_circuit_of_the_lecture_is_the_same_to_the_last_byte(browser, serve, site):
    """Steps, picture, page and code, as here: Python there is another one, and the browser lays out."""
    address, _ = serve(site)
    browser.visit(address)
    browser.answered()
    assert "x.grad 0 -> -4" in browser.panel("steps")
    browser.run("window.said = {}; const plain = hear; hear = told => { said[told.view] = told.text; plain(told); }")
    for circuit in CIRCUITS.values():
        numbers = " ".join(f"{name}={number!r}" for name, number in circuit.numbers.items())
        browser.ask(circuit.expression, numbers)
        here = {answer.view: answer.text for answer in answers(circuit.expression, numbers, "en")}
        assert {view: text for view, text in browser.run("return said").items() if view in here} == here
