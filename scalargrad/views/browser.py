"""Showing a picture or a page: in the notebook that one works in, else in a browser."""

from __future__ import annotations

import base64
import html
import os
import sys
from pathlib import Path
from typing import Protocol


class Saved(Protocol):
    """What can be shown: it is written to a file by `save`, and displayed by a notebook."""

    def save(self, path: str | os.PathLike[str], /) -> Path: ...


def show(view: Saved, name: str) -> None:
    """Displays `view` in a notebook; elsewhere saves it in a new temporary folder, and opens it in a browser.

    name: of the file, with the ending of its kind.

    Raises RuntimeError, saying where the file is, if there is no browser to open it in.
    """
    import tempfile  # these two would slow down `import scalargrad`
    import webbrowser

    ipython = sys.modules.get("IPython")
    if ipython and hasattr(ipython.get_ipython(), "kernel"):
        ipython.display.display(view)
        return
    path = view.save(Path(tempfile.mkdtemp(prefix="scalargrad-"), name))
    if not webbrowser.open(path.as_uri()):
        raise RuntimeError(f"no browser could be opened: open {path} yourself")


def image(svg: str, told: str) -> str:
    """An SVG as an `<img>`: a notebook shows it even where it is not trusted.

    told: what is said to those who do not see it.
    """
    return f'<img alt="{html.escape(told)}" src="{_address(svg)}">'


def embedded(svg: str, told: str) -> str:
    """An SVG as an `<object>`, which tells more where one points at it; where it is dropped, the `<img>` stays."""
    fits = f'style="max-width:100%" aria-label="{html.escape(told)}"'
    return f'<object type="image/svg+xml" {fits} data="{_address(svg)}">{image(svg, told)}</object>'


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode(errors="replace")).decode()
