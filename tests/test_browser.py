"""`show()`: a file in a browser from a plain script, the thing itself in a notebook."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest
from conftest import lecture

from scalargrad import draw, nn, page

VIEWS = {
    "circuit.svg": lambda: draw(lecture()),
    "network.svg": lambda: draw(nn.MLP(2, [1], seed=0)),
    "circuit.html": lambda: page(lecture()),
}


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """The addresses that the browser is asked to open, of files in a temporary folder of this test."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setitem(sys.modules, "IPython", None)
    return addresses


def file_at(address):
    assert address.startswith("file://")
    return Path(url2pathname(urlparse(address).path))


@pytest.mark.parametrize("name", VIEWS)
def test_a_script_opens_what_save_writes(name, opened, tmp_path):
    view = VIEWS[name]()
    assert view.show() is None
    shown = file_at(opened[0])
    assert shown.name == name and tmp_path in shown.parents
    assert shown.read_bytes() == view.save(tmp_path / name).read_bytes()


def test_each_has_a_file_of_its_own(opened):
    view = draw(lecture())
    view.show()
    view.show()
    assert len({file_at(address) for address in opened}) == 2


@pytest.mark.parametrize("name", VIEWS)
def test_a_notebook_displays_it(name, opened, monkeypatch):
    displayed = []
    kernel = SimpleNamespace(kernel=object())
    notebook = SimpleNamespace(get_ipython=lambda: kernel, display=SimpleNamespace(display=displayed.append))
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    view = VIEWS[name]()
    view.show()
    assert displayed == [view] and opened == []


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_ipython_in_a_terminal_is_no_notebook(shell, opened, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    draw(lecture()).show()
    assert len(opened) == 1


def test_without_a_browser_the_error_says_where_the_file_is(opened, monkeypatch, tmp_path):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    with pytest.raises(RuntimeError, match=r"^no browser could be opened: open (.*circuit\.svg) yourself$") as caught:
        draw(lecture()).show()
    path = Path(str(caught.value).split("open ")[1].removesuffix(" yourself"))
    assert path.is_file() and tmp_path in path.parents


def test_a_plain_script_with_a_planted_browser(tmp_path):
    asked = tmp_path / "asked"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {asked}\n')
    browser.chmod(0o755)
    script = "from scalargrad import Value, draw\nx = Value(2.0)\ndraw(x * x).show()\n"
    environment = os.environ | {"BROWSER": str(browser), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-W", "error", "-c", script], env=environment, check=True, timeout=60)
    assert "<svg" in file_at(asked.read_text().strip()).read_text(encoding="utf-8")
