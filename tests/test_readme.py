"""The papers are true: sessions run in both languages, commands are those that are tested, links lead somewhere."""

import doctest
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import WORKS

from scalargrad import CircuitCut, Value, draw

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "demos" / "README.zh-CN.md"
README = (ROOT / "README.md").read_text(encoding="utf-8")


PAIRS = [  # papers in English and Chinese
    ("README.md", "demos/README.zh-CN.md"),
    ("demos/tour.md", "demos/tour.zh-CN.md"),
    ("demos/coming-from.md", "demos/coming-from.zh-CN.md"),
    ("demos/recipes.md", "demos/recipes.zh-CN.md"),
]
RECIPES = re.split("^## ", (ROOT / "demos" / "recipes.md").read_text(encoding="utf-8"), flags=re.M)[1:]
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]+))?\)")


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def headings(text):
    """The anchors of a paper's headings: lower case, hyphens for spaces, without other marks."""
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in re.findall("^#+ (.*)$", text, re.M)}


@pytest.mark.parametrize("path", [path for pair in PAIRS[:2] for path in pair])
def test_the_sessions_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testfile(
        str(ROOT / path), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert attempted > 20 and failed == 0


@pytest.mark.parametrize("recipe", RECIPES, ids=[text.partition("\n")[0] for text in RECIPES])
def test_the_recipes_run(recipe):
    for library in {"sympy", "torch", "networkx"} & set(re.findall(r"^>>> import (\w+)", recipe, re.M)):
        pytest.importorskip(library)
    session = doctest.DocTestParser().get_doctest(recipe, {}, "recipe", None, None)
    assert session.examples and doctest.DocTestRunner().run(session).failed == 0


def test_the_first_command_prints_what_the_readme_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scalargrad"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
    )
    shown = "".join(f"    {line}\n" for line in done.stdout.splitlines())
    assert shown in README
    assert (tmp_path / "circuit.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


@pytest.mark.parametrize("english, chinese", PAIRS)
def test_papers_show_the_same_in_both_languages(english, chinese):
    """The same commands, sessions, tables and sections, and links to each other; the guide adds what is for Chinese."""
    ours, theirs = text_of(english), text_of(chinese)
    for here, there in ((english, chinese), (chinese, english)):
        linked = [(ROOT / here).parent / path for path, _ in LINK.findall(text_of(here))]
        assert (ROOT / there).resolve() in [path.resolve() for path in linked]
    shown = re.findall(r"```pycon\n[\s\S]*?```|^    .*$", ours, re.M)
    assert [text for text in shown if text not in theirs] == []
    own = theirs.partition("\n## 示例\n")[0]  # the list of demos, which is a paper of its own in English
    assert own.count("\n| ") == ours.count("\n| ")
    assert own.count("\n- ") == ours.count("\n- ")
    assert own.count("\n## ") == ours.count("\n## ") + ("\n## 用中文讲解\n" in own)


@pytest.mark.parametrize("path", sorted(ROOT.glob("demos/*.zh-CN.md")), ids=lambda path: path.name)
def test_chinese_says_you_in_one_way_and_has_its_own_commas(path):
    text = path.read_text(encoding="utf-8")
    assert "您" not in text and re.search("[一-鿿],|,[一-鿿]", text) is None


def test_what_a_beginner_trips_over():
    """What the README says of it, item by item; that gradients add up is in its session."""
    f = Value(-12.0, label="f")
    with pytest.warns(UserWarning, match=r"f\.data == -12"):
        assert not f == -12
    with pytest.warns(CircuitCut, match=r"write exp\(f\)"):
        assert type(math.exp(f)) is float
    g = f * 2 if f < 0 else f + 2
    assert g.gate.name == "mul" and ">grad -<" in draw(g).svg
    g.backward()
    assert ">grad 2<" in draw(g).svg and ">grad -<" not in draw(g).svg


def test_the_readme_is_read_in_ten_minutes():
    assert len(README.splitlines()) <= 220


def test_the_tables_of_speed_name_what_is_still_measured():
    """Every row is a way of doing some work, every column a work, every size one that a graph of each kind has."""
    names = {name for work in WORKS for name in (work.name, *work.figures)}
    ways = {who for work in WORKS for who in work.ways}
    sizes = {f"{work.size:,}" for work in WORKS if work.size}
    blocks = re.findall(r"<!-- figures of Python .*? -->(.*?)<!-- end ", text_of("tests/benchmarks/README.md"), re.S)
    tables = [re.findall(r"^\| .*\n\|-.*\n(?:\|.*\n)+", block, re.M) for block in blocks]
    assert len(tables) == 2 and len(tables[0]) >= 3
    for table in [table for several in tables for table in several]:
        head, _, *rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()]
        assert {*head[1:]} <= names if head[0] == "" else {*head} == sizes | {"gates", "growth"}
        assert {row[0] for row in rows} <= ways


def test_the_two_commands_that_continuous_integration_types():
    """`.ci/run` takes them out of the README by this pattern: the first runs the lecture, the second the tests."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [pattern] = re.findall(r"commands=\$\(grep '(.*)' README\.md\)", script)
    first, second = re.findall(f"{pattern}.*", README, re.M)
    assert first.startswith("    python3 -m venv .venv && ") and first.endswith(" -m scalargrad")
    assert "[test]" in second and second.endswith(" -m pytest")


PAPERS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (".", "demos", "tests/benchmarks")
    for path in (ROOT / folder).glob("*.md")
)


@pytest.mark.parametrize("name", PAPERS)
def test_its_links_lead_somewhere(name):
    for path, anchor in LINK.findall(text_of(name)):
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name} links to {path}"
        if anchor:
            page = target / "README.md" if target.is_dir() else target
            assert anchor in headings(page.read_text(encoding="utf-8")), f"{name} links to {path}#{anchor}"


@pytest.mark.parametrize("name", PAPERS)
def test_the_files_it_names_exist(name):
    named = set(re.findall(r"(?<![\w./])(?:scalargrad|tests|demos)/[\w/.-]+\.\w+", text_of(name)))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_contributing_names_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [
        path for path in (ROOT / "scalargrad").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in rooms} - {"__init__.py"}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
