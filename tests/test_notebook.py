"""The notebook runs from top to bottom and shows the lecture's numbers; it is committed without its outputs.

It is run twice: cell by cell in this Python, and, where a Jupyter kernel is installed, by that.

Outputs are not kept: they would change with every touch on a picture, and what a cell shows is tested here.  After an
edit in Jupyter, `python tests/test_notebook.py` strips them.
"""

import ast
import io
import json
import linecache
import re
import socket
from contextlib import redirect_stdout
from math import isclose
from pathlib import Path

import pytest

from scalargrad import Value
from scalargrad.views.draw import Drawing

NOTEBOOK = Path(__file__).parents[1] / "demos" / "lecture4.ipynb"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def stripped(text):
    """The notebook without outputs, counts, and what an editor has noted down, spelled as Jupyter spells it."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    notebook["metadata"] = METADATA
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


TEXT = NOTEBOOK.read_text(encoding="utf-8")
CELLS = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(TEXT)["cells"]]
CODE = [source for kind, source in CELLS if kind == "code"]
HEADING = re.compile(r"## (\d+)\. ")

# ---- what is committed ----


def test_it_is_committed_without_outputs():
    assert stripped(TEXT) == TEXT, "python tests/test_notebook.py strips it"


def test_stripping_strips():
    dirty = json.loads(TEXT)
    dirty["metadata"]["language_info"]["version"] = "3.12.1"
    code = next(cell for cell in dirty["cells"] if cell["cell_type"] == "code")
    code |= {"execution_count": 7, "outputs": [{"output_type": "stream"}], "metadata": {"scrolled": True}}
    assert stripped(json.dumps(dirty)) == TEXT


def test_cells_have_names_of_their_own():
    names = [cell["id"] for cell in json.loads(TEXT)["cells"]]
    assert len(set(names)) == len(names)


def test_cells_are_short():
    assert max(len(source.splitlines()) for source in CODE) <= 16
    assert max(len(line) for _, source in CELLS for line in source.splitlines()) <= 120


def test_every_section_asks_the_class_one_question():
    parts = "\n".join(source for kind, source in CELLS if kind == "markdown").split("\n## ")[1:-1]
    assert [int(part.split(".")[0]) for part in parts] == list(range(1, 13))
    for part in parts:
        assert part.count("**Question to the class.**") == part.count("<summary>Answer</summary>") == 1


# ---- running it ----


class Run:
    """A run of all cells.

    cells: what each one prints, what its last expression is, and its repr ("" where there is none).
    sections: for each section what its cells show, as text; `after` it, what the variables are.
    """

    def __init__(self):
        self.variables = {"__name__": "__main__"}
        self.cells = []
        self.sections = {}
        self.after = {}
        section = 0
        for kind, source in CELLS:
            heading = HEADING.match(source)
            section = int(heading[1]) if heading else section
            if kind == "code":
                printed, result = self.cell(source)
                text = "" if result is None else repr(result)
                self.cells.append((printed, result, text))
                self.sections.setdefault(section, []).append(printed + text)
                self.after[section] = {name: numbers(x) for name, x in self.variables.items()}

    def cell(self, source):
        """What a cell prints, and what its last expression is."""
        name = f"<cell {len(self.cells) + 1}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # as a kernel does
        body = ast.parse(source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(ast.Module(body, []), name, "exec"), self.variables)
            result = eval(compile(ast.Expression(last.value), name, "eval"), self.variables) if last else None
        return printed.getvalue(), result


def numbers(x):
    """(data, grad) of a value, or of every value in a list; anything else as it is."""
    if isinstance(x, list):
        return [numbers(item) for item in x]
    return (x.data, x.grad) if isinstance(x, Value) else x


@pytest.fixture(scope="module")
def run():
    """A run without network: whoever opens a socket fails."""

    def refuse(*arguments, **more):
        raise OSError("the notebook must not use the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        return Run()


GOLDEN = [
    (1, "q f x y z", [(3, -4), (-12, 1), (-2, -4), (5, -4), (-4, 3)]),
    (2, "f", [(0.7310585786300049, 1)]),
    (2, "w0 w1", [(2, -0.19661193324148185), (-3, -0.3932238664829637)]),
    (2, "w2 x0", [(-3, 0.19661193324148185), (-1, 0.3932238664829637)]),
    (2, "x1 g", [(-2, -0.5898357997244456), (0.7310585786300049, 0)]),
    (3, "f", [(1.5456448841066441, 1)]),
    (3, "x y", [(3, 2.0595697955721649), (-4, 1.5922327514838093)]),
    (4, "f x y z w", [(-20, 1), (3, -8), (-4, 6), (2, 2), (-1, 0)]),
    (5, "x v a", [(3, 14), (9, 1), (1, 0)]),
    (7, "a", [(1, 0.0009079161547181532)]),
    (9, "x y", [(3, 2.0595697955721649), (-4, 1.5922327514838093)]),
    (11, "x", [(3, 0)]),
    (11, "dx ddx", [(27, 0), (18, 0)]),
]


@pytest.mark.parametrize("section, names, golden", GOLDEN)
def test_the_numbers_of_the_lecture(run, section, names, golden):
    for name, (data, grad) in zip(names.split(), golden, strict=True):
        found = run.after[section][name]
        assert isclose(found[0], data, rel_tol=1e-14) and isclose(found[1], grad, rel_tol=1e-14), name


def test_the_nudge(run):
    assert isclose(float(run.sections[1][-1]), -4, rel_tol=1e-9)


def test_one_gate_or_four(run):
    _, _, three, _ = run.sections[2]
    local, formula, grad = ast.literal_eval(three)
    assert isclose(local, formula, rel_tol=1e-14) and isclose(local, grad, rel_tol=1e-14)


def test_overwriting_and_adding_up(run):
    assert run.sections[5][:2] == ["3.0", "7.0"] and run.sections[5][-1] == "(14.0, 1.0)"


def test_the_slopes_of_the_activations(run):
    slopes = run.after[6]["slopes"]
    assert slopes["sigmoid"][2] == 0.25 and slopes["relu"] == [0, 0, 0, 1, 1]
    assert slopes["maxout"] == [-0.5, -0.5, 1, 1, 1]


def test_the_truth_tables(run):
    truth = {name: [round(float(x)) for x in row] for name, row in run.after[7]["truth"].items()}
    assert truth == {"and_": [0, 0, 0, 1], "or_": [0, 1, 1, 1], "nor": [1, 0, 0, 0], "xnor": [1, 0, 0, 1]}


def test_the_matrix_example(run):
    x, W, y = (run.after[8][name] for name in "xWy")
    assert [data for data, _ in y] == [-5, 5, 2, -10]
    for (_, grad), row in zip(x, W):
        assert isclose(grad, sum(w * dy for (w, _), (_, dy) in zip(row, y)), rel_tol=1e-12)
    for (data, _), row in zip(x, W):
        assert [grad for _, grad in row] == [data * dy for _, dy in y]


def test_the_code_runs_to_the_last_bit(run):
    assert run.sections[9][-1] == "(True, True)"


def test_the_checker_is_right_and_blames_the_gate(run):
    assert bool(run.after[12]["verdict"]) and not run.after[10]["report"]
    assert "gate wrong: dz/dx at 2" in run.sections[10][1]
    errors = [error for _, error in run.after[10]["errors"]]
    assert min(errors) < 1e-10 < min(errors[0], errors[-1])


def test_the_gradients_of_gradients(run):
    assert run.after[11]["curvatures"] == [[4, 2], [2, 0]]


def test_pictures_show_themselves(run):
    drawings = [result for _, result, _ in run.cells if isinstance(result, Drawing)]
    assert len(drawings) == sum(source.endswith("draw(f)") or source.endswith("draw(dx)") for source in CODE) == 4
    assert all(drawing._repr_svg_().startswith("<svg") for drawing in drawings)


def test_the_answers_are_true(run):
    for code in re.findall(r"```python\n(.*?)```", "\n".join(source for _, source in CELLS), re.DOTALL):
        assert "right" in run.cell(code)[0]


# ---- a real kernel ----


@pytest.mark.slow
def test_in_a_kernel(run, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="no Jupyter: pip install nbformat nbclient ipykernel")
    nbclient = pytest.importorskip("nbclient", reason="no Jupyter: pip install nbformat nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="no Jupyter: pip install nbformat nbclient ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.reads(TEXT, as_version=4)
    nbformat.validate(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, (printed, result, text) in zip(cells, run.cells, strict=True):
        assert "".join(output.text for output in cell.outputs if output.output_type == "stream") == printed
        data = next((output.data for output in cell.outputs if output.output_type == "execute_result"), {})
        assert data.get("text/plain", "") == text
        assert data.get("image/svg+xml") == (result.svg if isinstance(result, Drawing) else None)


if __name__ == "__main__":
    NOTEBOOK.write_text(stripped(TEXT), encoding="utf-8")
