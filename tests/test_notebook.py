"""The notebook in both languages: the same cells, run in a real kernel, and committed with what they show.

Every section ends in a cell of asserted numbers, so running is testing.  After an edit, or where a view now shows
something else, `python tests/test_notebook.py` runs both anew and writes down what they show.
"""

import ast
import json
import re
import sys
import tempfile
from pathlib import Path

import pytest

DEMOS = Path(__file__).parents[1] / "demos"
ENGLISH, CHINESE = NAMES = ("lecture4.ipynb", "lecture4.zh-CN.ipynb")
CELLS = {name: json.loads((DEMOS / name).read_text(encoding="utf-8"))["cells"] for name in NAMES}
HEADING = re.compile(r"## (\d+)\. ")
SECTIONS = 14
NOISY = ("check-2", "check-3")  # their numbers are rounding errors, which another processor may have otherwise


def source(cell):
    return "".join(cell["source"])


def code(name):
    return [source(cell) for cell in CELLS[name] if cell["cell_type"] == "code"]


def prose(name):
    return [source(cell) for cell in CELLS[name] if cell["cell_type"] == "markdown"]


# ---- one notebook, two languages ----


def test_the_cells_are_the_same_in_both_languages():
    english, chinese = ([(cell["id"], cell["cell_type"]) for cell in CELLS[name]] for name in NAMES)
    assert english == chinese and len(set(english)) == len(english)


class Wordless(ast.NodeTransformer):
    """Python without its words: texts are empty, and no language is asked for."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_Call(self, node):
        if getattr(node.func, "id", "") == "display":  # what a cell shows that ends in it
            return self.visit(*node.args)
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != "lang"]
        return self.generic_visit(node)

    def visit_With(self, node):
        self.generic_visit(node)
        return node.body if ast.unparse(node.items[0]) == "language('')" else node

    def visit_ImportFrom(self, node):
        node.names = [alias for alias in node.names if alias.name != "language"]
        return node


def wordless(text):
    return ast.dump(Wordless().visit(ast.parse(text)))


def test_the_code_is_the_same_but_for_its_words():
    for english, chinese in zip(code(ENGLISH), code(CHINESE), strict=True):
        assert wordless(english) == wordless(chinese)


@pytest.mark.parametrize("other", ["f(x, by=2)", "f(y, lang='zh')", "f(x, 1)", "f(x)  # same\ng"])
def test_other_code_is_seen(other):
    assert wordless("f(x)  # one") == wordless("f(x, lang='zh')  # 一") != wordless(other)
    assert (
        wordless("f(x)") == wordless("with language('zh'):\n    display(f(x))") != wordless(f"with f(x):\n    {other}")
    )


def test_the_formulas_in_sentences_are_the_same_in_both_languages():
    formulas = re.compile(r"(?<!\$)\$[^$]+\$(?!\$)")
    for english, chinese in zip(prose(ENGLISH), prose(CHINESE), strict=True):
        assert formulas.findall(english) == formulas.findall(chinese)


def test_chinese_is_chinese():
    """The reader is 你, the commas of a sentence are Chinese, and between Chinese words stands no English sentence."""
    for text in prose(CHINESE):
        words = re.sub(
            r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\*Backpropagation, Intuitions\*|</?\w+>|\]\([^)]*\)", "", text, flags=re.S
        )
        assert "您" not in words and not re.search(r"[一-鿿],|,[一-鿿]", words)
        assert not re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", words), words


# ---- how it is written ----


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short(name):
    assert max(len(text.splitlines()) for text in code(name)) <= 20
    assert max(len(line) for text in code(name) for line in text.splitlines()) <= 120


@pytest.mark.parametrize(
    "name, question, answer", [(ENGLISH, "Question to the class", "Answer"), (CHINESE, "课堂提问", "答案")]
)
def test_every_section_asks_one_question_and_ends_in_asserted_numbers(name, question, answer):
    sections = {}
    for cell in CELLS[name]:
        heading = HEADING.match(source(cell))
        if heading:
            section = sections[int(heading[1])] = []
        elif source(cell).startswith("#") and cell["cell_type"] == "markdown":
            section = []  # the title, a part, the end
        section.append(cell)
    assert list(sections) == list(range(1, SECTIONS + 1))
    for cells in sections.values():
        text = "\n".join(source(cell) for cell in cells)
        assert text.count(f"**{question}") == text.count(f"<summary>{answer}</summary>") == 1
        assert cells[-1]["cell_type"] == "code" and "assert " in source(cells[-1])


def test_it_needs_no_network_and_little_else():
    imported = set(re.findall(r"^(?:from|import) (\w+)", "\n".join(code(ENGLISH)), re.MULTILINE))
    assert imported == {"math", "IPython", "scalargrad"}


# ---- what it shows ----


def run(name, folder):
    """The cells of a notebook after a run in a kernel."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    notebook = nbformat.read(DEMOS / name, as_version=4)
    nbformat.validate(notebook)
    client = nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", record_timing=False, coalesce_streams=True
    )
    client.resources = {"metadata": {"path": str(folder)}}
    return json.loads(json.dumps(client.execute()["cells"]))


def shown(cell):
    """The outputs of a cell as they are committed: without an SVG that a PNG or a page stands for already."""
    for output in cell["outputs"]:
        if {"image/png", "text/html"} & {*output.get("data", {})}:
            output["data"].pop("image/svg+xml", None)
    return cell["outputs"]


def texts(outputs):
    """What stands there as text, and which kinds of pictures and pages."""
    found = []
    for output in outputs:
        data = output.get("data", {"stream": output.get("text", "")})
        found += [
            (kind, "".join(part))
            for kind, part in sorted(data.items())
            if kind in ("stream", "text/plain", "text/latex")
        ]
        found += [(kind, "") for kind in sorted(data) if kind.startswith("image/") or kind == "text/html"]
    return found


NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def same(before, now):
    """Whether two texts differ in the last digits of their numbers at most."""
    numbers = [list(map(float, NUMBER.findall(text))) for text in (before, now)]
    return NUMBER.sub("", before) == NUMBER.sub("", now) and numbers[0] == pytest.approx(numbers[1], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_kernel_shows_what_is_committed(name, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for committed, ran in zip(CELLS[name], run(name, tmp_path), strict=True):
        if ran["cell_type"] == "code" and ran["id"] not in NOISY:
            before, now = texts(committed["outputs"]), texts(shown(ran))
            assert [kind for kind, _ in before] == [kind for kind, _ in now], ran["id"]
            for (_, old), (_, new) in zip(before, now):
                assert same(old, new), f"{ran['id']} shows\n{new}\npython tests/test_notebook.py writes it down"


def write(name):
    """Runs a notebook and writes it with its outputs, spelled as Jupyter spells it."""
    with tempfile.TemporaryDirectory() as folder:
        cells = run(name, Path(folder))
    for cell in cells:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell["outputs"] = shown(cell)
        for part in [cell, *cell.get("outputs", [])]:
            for key in part.keys() & {"source", "text"}:
                part[key] = part[key].splitlines(keepends=True)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (DEMOS / name).write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        write(name)
