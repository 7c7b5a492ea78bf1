"""Files out of npm's packages: tests read them, and none runs npm."""

import os
from pathlib import Path

import pytest


def npm_file(path):
    """A file of a package in one of the folders that NODE_PATH names; without it, the test is skipped.

    path: within such a folder, as "axe-core/axe.min.js".
    """
    package = path.partition("/")[0]
    for folder in filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)):
        if (Path(folder) / path).is_file():
            return Path(folder) / path
    pytest.skip(f"needs {package} from npm: npm install --prefix FOLDER {package}, and NODE_PATH=FOLDER/node_modules")
