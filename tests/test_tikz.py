"""Pictures as TikZ: they compile, formulas are mathematics, and everything stands where it was laid out."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from conftest import HOSTILE, lecture, multi_layer, sigmoid_neuron, staged, svm_loss
from test_layout import recurrence

from scalargrad import Value, draw, gradient, maximum, nn, total
from scalargrad.views.layout import SVG
from scalargrad.views.names import clean
from scalargrad.views.tikz import in_mathematics

PDFLATEX = shutil.which("pdflatex")
compiles = pytest.mark.skipif(not PDFLATEX, reason="needs LaTeX: apt install texlive-latex-base texlive-pictures")


def tex_of(root, folder, **arguments):
    root.backward()
    return draw(root, **arguments).save(folder / "circuit.tex").read_text(encoding="utf-8")


def compiled(folder, name="circuit.tex"):
    """What LaTeX says, after it made a PDF."""
    done = subprocess.run(
        [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", name], cwd=folder, capture_output=True, timeout=300
    )
    told = done.stdout.decode(errors="replace")
    assert done.returncode == 0, told[-2000:]
    return told


def nodes(text):
    """[(x, y, formula)] of the texts of a picture."""
    found = re.findall(r"\\node\[.*\] at \((-?[\d.]+),(-?[\d.]+)\) \{\$(.*)\$\};", text)
    return [(float(x), float(y), formula) for x, y, formula in found]


def formulas(text):
    return {formula for _, _, formula in nodes(text)}


def test_formulas_are_set_as_mathematics(tmp_path):
    shown = formulas(tex_of(lecture(), tmp_path))
    assert {r"\partial f / \partial q = z = {-4}", r"\partial q / \partial x = {1}", r"\times", "+"} <= shown
    assert {"x", "q", r"\mathrm{data}\ {-2}", r"\mathrm{grad}\ {-4}"} <= shown


def test_a_wide_circuit_has_short_formulas(tmp_path):
    shown = formulas(tex_of(sigmoid_neuron(), tmp_path))
    assert {"w_{0}", "v_{6}", "x_{0} = {-1}", "v_{6} = {0.3679}", r"\exp", r"{1}\;+", r"{1}\;/"} <= shown
    assert not any("partial" in formula for formula in shown)
    assert any(formula.startswith(r"\text{green:\ the\ value;\ red,\ below\ it") for formula in shown)


def test_powers_steps_and_second_derivatives(tmp_path):
    x = Value(2.0, "x")
    (dx,) = gradient(x**3, [x])
    dx.label = "dx"
    assert {r"3 \cdot x^{2}", r"\partial (\mathrm{dx}) / \partial x = 6 \cdot x = {12}"} <= formulas(
        tex_of(dx, tmp_path)
    )
    f = maximum(x, 1.0) * 2**x + x**2
    shown = formulas(tex_of(f, tmp_path))
    assert {r"(\cdot)^{{2}}", r"{2}^{(\cdot)}", r"\mathrm{max}"} <= shown
    assert any(r"\mathbf{1}(x > 1)" in formula for formula in shown)


def test_everything_stands_where_it_was_laid_out(tmp_path):
    root = multi_layer()
    text = tex_of(root, tmp_path)
    svg = ET.fromstring(draw(root).svg)
    laid_out = [(float(t.get("x")), float(t.get("y"))) for t in svg.iter(f"{SVG}text") if t.text.strip()]
    assert [(x, y) for x, y, _ in nodes(text)] == laid_out
    assert text.count("ellipse") == len(list(svg.iter(f"{SVG}ellipse")))
    left, top, right, bottom = map(float, re.search(r"\((.*),(.*)\) rectangle \((.*),(.*)\)", text).groups())
    assert all(left <= x <= right and top <= y <= bottom for x, y in laid_out)
    wide, high = map(float, svg.get("viewBox").split()[2:])
    assert (right - left, bottom - top) == (pytest.approx(wide, abs=0.01), pytest.approx(high, abs=0.01))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("data -2", r"\mathrm{data}\ {-2}"),
        ("5e-05", r"{5 \cdot 10^{-5}}"),
        ("2, now 0.5", r"{2},\ \mathrm{now}\ {0.5}"),
        ("inf", r"{\infty}"),
        ("...", r"\ldots"),
        ("-", "-"),
        ("h_1 50%", r"h_{1}\ \text{50\%}"),
        ("", ""),
    ],
)
def test_texts_in_mathematics(text, shown):
    assert in_mathematics(text) == shown


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    assert tex_of(lecture(), tmp_path) == tex_of(lecture(), tmp_path)


@compiles
@pytest.mark.parametrize("make", [lecture, staged, sigmoid_neuron, svm_loss, multi_layer, lambda: recurrence(6)])
def test_it_makes_one_page(make, tmp_path):
    tex_of(make(), tmp_path)
    told = compiled(tmp_path)
    assert "(1 page" in told and "Overfull" not in told


@compiles
def test_networks_and_upright_pictures_compile_too(tmp_path):
    nn.draw_network(nn.MLP(2, [3, 1], seed=1), [1, -2]).save(tmp_path / "network.tex")
    assert "(1 page" in compiled(tmp_path, "network.tex")
    tex_of(staged(), tmp_path, direction="TB")
    assert "(1 page" in compiled(tmp_path)


@compiles
def test_a_document_takes_it_in(tmp_path):
    tex_of(lecture(), tmp_path)
    body = r"\begin{document}before \begin{figure}\input{circuit}\caption{f}\end{figure} after\end{document}"
    paper = tmp_path / "paper.tex"
    paper.write_text(r"\documentclass{article}\usepackage{amsmath,tikz}" + body)
    assert "(1 page" in compiled(tmp_path, "paper.tex")


@compiles
def test_names_are_escaped(tmp_path):
    with_fonts = [label for label in HOSTILE if clean(label).isascii()]  # the others need XeLaTeX
    assert len(with_fonts) > 90
    tex_of(total([Value(1.0, label) * 2 for label in with_fonts]), tmp_path)
    compiled(tmp_path)


@compiles
def test_a_changed_value_compiles(tmp_path):
    x = Value(2.0, "x")
    f = x * x
    x.data = 3.0
    draw(f).save(tmp_path / "circuit.tex")
    assert r"{2},\ \mathrm{now}\ {3}" in (tmp_path / "circuit.tex").read_text()
    compiled(tmp_path)
