"""A picture for papers and slides: what was laid out, drawn again by TikZ, with formulas set as mathematics."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence

from ..value import Value
from .circuit import WRITTEN_AS_FORMULA, Circuit
from .dot import WRITTEN_OUT
from .labels import SVG
from .latex import COMMANDS, Latex, local_gradient, name_in_latex
from .layout import plain_id
from .story import Story

# It is a document of its own, and in another one, that has TikZ already, only the picture.
FRAME = r"""% {summary}
% pdflatex makes a page of this; \input{{...}} puts it into a document that has \usepackage{{amsmath,tikz}}, and
% \resizebox{{\linewidth}}{{!}}{{\input{{...}}}} makes it as wide as the lines there.
\ifdefined\tikzpicture\let\finished\relax\else
\documentclass{{article}}
\usepackage[utf8]{{inputenc}}
\usepackage{{amsmath,tikz}}
\usepackage[paperwidth={wide:.0f}bp,paperheight={high:.0f}bp,margin=0bp]{{geometry}}
\pagestyle{{empty}}\setlength{{\parindent}}{{0bp}}\setlength{{\topskip}}{{0bp}}
\begin{{document}}
\def\finished{{\end{{document}}}}\fi
\begin{{tikzpicture}}[x=1bp,y=-1bp,>=stealth]
\useasboundingbox ({left},{top}) rectangle ({right},{bottom});
{drawn}
\end{{tikzpicture}}
\finished
"""
SYMBOLS = {"*": r"\times", **COMMANDS}  # of gates
SIGNS = {"...": r"\ldots", **{sign: sign for sign in "+-/<>"}}
NUMBER = re.compile(r"(-?(?:\d[\d.]*(?:e[+-]?\d+)?|inf|nan))(,?)")


def tikz(svg: str, formulas: Mapping[str, Sequence[str]], summary: str) -> str:
    """The text of a .tex file with the picture.

    svg: the picture, as it was laid out.
    formulas: {id of an element: what stands in it, line by line, for LaTeX's mathematics}; texts of others are set as
        they are.
    summary: what is in the picture.
    """
    tree = ET.fromstring(svg)
    _, _, wide, high = map(float, tree.get("viewBox", "").split())
    left, bottom = _origin(tree)
    drawn = [line for group in tree.iter(f"{SVG}g") for line in _group(group, formulas.get(plain_id(group), ()))]
    box = {"left": left, "right": left + wide, "top": bottom - high, "bottom": bottom}
    corners = {side: f"{place:g}" for side, place in box.items()}
    return FRAME.format(summary=summary, wide=wide + 2, high=high + 2, drawn="\n".join(drawn), **corners)


def _origin(tree: ET.Element) -> tuple[float, float]:
    """The left and the lower edge of the picture, where its elements are measured from another point."""
    moved = re.search(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", tree.find(f"{SVG}g").get("transform", ""))  # type: ignore[union-attr]
    _, _, _, high = map(float, tree.get("viewBox", "").split())
    return (-float(moved[1]), high - float(moved[2])) if moved else (0.0, high)


def _group(group: ET.Element, formulas: Sequence[str]) -> Iterator[str]:
    """One box, gate or wire: its lines, and its texts above them."""
    texts, is_key = 0, group.get("class") == "graph"
    for element in group:
        kind = element.tag.removeprefix(SVG)
        if kind == "text":
            words = element.text or ""
            otherwise = name_in_latex(words) if is_key else in_mathematics(words)
            formula = formulas[texts] if texts < len(formulas) else otherwise
            texts += 1
            if words.strip():
                yield _text(element, formula, patched="edge" in group.get("class", ""))
        elif kind in SHAPES and not is_key:
            yield rf"\draw[{_look(element)}] {SHAPES[kind](element)};"


def _text(element: ET.Element, formula: str, patched: bool) -> str:
    """patched: whether it stands on a wire, which it interrupts."""
    size = float(element.get("font-size", 10))
    look = [rf"anchor=base,inner sep=1bp,font=\fontsize{{{size:g}}}{{{size:g}}}\selectfont"]
    look += ["fill=white"] if patched else []
    look += [f"text={_colour(element.get('fill', ''))}"] if element.get("fill") else []
    return rf"\node[{','.join(look)}] at ({element.get('x')},{element.get('y')}) {{${formula}$}};"


def _look(element: ET.Element) -> str:
    """Fill, line and dashes of a shape."""
    stroke, fill = element.get("stroke", "none"), element.get("fill", "none")
    look = [f"draw={_colour(stroke)}", f"line width={float(element.get('stroke-width', 1)) * 0.75:g}bp"]
    look += [f"fill={_colour(fill)}"] if fill != "none" else []
    dashes = re.findall(r"[\d.]+", element.get("stroke-dasharray", ""))
    look += ["dash pattern=" + " ".join([f"on {dash}bp off {dash}bp" for dash in dashes[:1]])] if dashes else []
    return ",".join(look)


def _colour(colour: str) -> str:
    parts = re.fullmatch("#(..)(..)(..)", colour)
    if not parts:
        return colour
    red, green, blue = (int(part, 16) for part in parts.groups())
    return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"


def _path(element: ET.Element) -> str:
    """Straight lines and Bezier curves."""
    drawn, command, places = "", "", list[str]()
    for letter, x, y in re.findall(r"([MLC]?)\s*(-?[\d.]+)[, ](-?[\d.]+)", element.get("d", "")):
        command = letter or command
        places.append(f"({x},{y})")
        if command == "C" and len(places) == 3:
            drawn, places = f"{drawn} .. controls {places[0]} and {places[1]} .. {places[2]}", []
        elif command != "C":
            drawn, places = f"{drawn} -- {places[0]}" if drawn else places[0], []
    return drawn


def _corners(element: ET.Element) -> str:
    return " -- ".join([f"({corner})" for corner in element.get("points", "").split()])


def _line(element: ET.Element) -> str:
    x1, y1, x2, y2 = (element.get(name) for name in ("x1", "y1", "x2", "y2"))
    return f"({x1},{y1}) -- ({x2},{y2})"


def _ellipse(element: ET.Element) -> str:
    cx, cy, rx, ry = (element.get(name) for name in ("cx", "cy", "rx", "ry"))
    return f"({cx},{cy}) ellipse ({rx}bp and {ry}bp)"


SHAPES = {
    "path": _path,
    "polygon": lambda element: _corners(element) + " -- cycle",
    "polyline": _corners,
    "line": _line,
    "ellipse": _ellipse,
}


# ---- what stands in a circuit, as mathematics ----


def formulas_of(story: Story, circuit: Circuit) -> dict[str, list[str]]:
    """{id: what stands in that element, line by line}."""
    names = {node: name_in_latex(name) for node, name in story.names.items()}
    formulas: dict[str, list[str]] = {}
    for node, box in circuit.shown.boxes.items():
        formulas[box] = [names[node], *map(in_mathematics, circuit.shown.fields[node][1:])]
        if node.gate:
            formulas[f"g{box[1:]}"] = _symbol(circuit, node, names)
            for place in range(len(node.parents)):
                formulas[f"e{box[1:]}_{place}"] = [_slope(story, circuit, node, place, names)]
    for again, node in circuit.again.items():
        copied = [names[node], in_mathematics(story.data_text(node))]
        formulas[again] = copied if circuit.is_copied(node) else [rf"\ldots\ {names[node]}"]
    return formulas


def _slope(story: Story, circuit: Circuit, node: Value, place: int, names: Mapping[Value, str]) -> str:
    """A local gradient as it stands on the wire: `\\partial f / \\partial q = z = -4`, or the end of that."""
    label, parent = circuit.shown.labels[node][place], node.parents[place]
    before, _, number = label.rpartition(" = ")
    shown, formula = [in_mathematics(number)], story.slope_formula(node, place)
    if formula and before.endswith(formula):
        shown.insert(0, local_gradient(node, place, names).text)
    if circuit.look is WRITTEN_OUT:
        of, by = (f"({names[x]})" if story.names[x] in story.derivatives else names[x] for x in (node, parent))
        shown.insert(0, rf"\partial {of} / \partial {by}")
    return " = ".join(shown)


def _symbol(circuit: Circuit, node: Value, names: Mapping[Value, str]) -> list[str]:
    """What stands in the circle of a gate."""
    if node.gate in WRITTEN_AS_FORMULA:
        inputs = tuple([Latex(names[x]) if isinstance(x, Value) else x for x in node.inputs])
        return [Latex.of(Latex("").through_gate(node.gate, inputs)).text]
    return [_operator(line) for line in circuit.symbol(node)]


def _operator(line: str) -> str:
    """`\\times`, `1 /`, `(\\cdot)^{2}`: a symbol, or one with the plain number that it takes."""
    if line.startswith("** "):
        return rf"(\cdot)^{{{in_mathematics(line[3:])}}}"
    if line.endswith(" **"):
        return rf"{in_mathematics(line[:-3])}^{{(\cdot)}}"
    return r"\;".join([SYMBOLS.get(token) or in_mathematics(token) for token in line.split()])


def in_mathematics(text: str) -> str:
    """A text of names and numbers, each as LaTeX's mathematics has them: `5 \\cdot 10^{-3}`."""
    return r"\ ".join(map(_token, text.split()))


def _token(token: str) -> str:
    number = NUMBER.fullmatch(token)
    if number:
        return f"{{{Latex.number(float(number[1]))}}}{number[2]}"  # in braces, a minus is a sign
    return SIGNS.get(token) or name_in_latex(token)
