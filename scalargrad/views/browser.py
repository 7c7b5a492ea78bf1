"""Showing a picture or a page: in the notebook that one works in, else in a browser."""

from __future__ import annotations

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
