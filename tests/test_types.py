"""Type checkers find nothing to complain of in a user's own program."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import scalargrad
from scalargrad import Value, gate
from scalargrad.compiled import program
from scalargrad.nn import activations, losses, optimisers, starts
from scalargrad.views import draw, layout, phrases

PROGRAM = Path(__file__).with_name("users_code.py")
CHECKERS = {
    "mypy": ["-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"],
    "pyright": ["-m", "pyright"],
    "ty": ["-m", "ty", "check"],
    "pyrefly": ["-m", "pyrefly", "check"],
}


def test_the_program_runs(tmp_path):
    told = subprocess.run([sys.executable, "-W", "error", PROGRAM], capture_output=True, text=True, cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_no_false_error(checker, tmp_path):
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(PROGRAM.read_text(encoding="utf-8").replace("total([", "total(3 + ["), encoding="utf-8")
    for written, clean in ((PROGRAM, True), (wrong, False)):
        told = subprocess.run([sys.executable, *CHECKERS[checker], written], capture_output=True, text=True)
        assert (told.returncode == 0) is clean, told.stdout + told.stderr


@pytest.mark.parametrize("name", [name for name, x in vars(Value).items() if callable(x) and not name.startswith("__")])
def test_every_method_shows_its_own_words_and_types(name):
    method = getattr(Value, name)
    if name not in ("_no_quotient", "_no_power"):
        assert method.__doc__ and method.__module__ == "scalargrad.value" and method.__qualname__ == f"Value.{name}"
    assert inspect.signature(method).return_annotation in ("Value", "None", "NoReturn", "tuple[float, ...]")


@pytest.mark.parametrize(
    "offered, known",
    [
        (activations.ActivationName, [*activations.ACTIVATIONS, activations.MAXOUT]),
        (draw.Direction, draw.DIRECTIONS),
        (layout.LayoutName, [engine for engine in draw.ENGINES if engine]),
        (losses.LossName, losses.LOSSES),
        (optimisers.OptimiserName, optimisers.OPTIMISERS),
        (phrases.LanguageName, phrases.LANGUAGES),
        (program.EngineName, program.ENGINES),
        (starts.StartName, starts.STARTS),
    ],
)
def test_within_the_quotes_an_editor_offers_all_that_is_known(offered, known):
    literals, text = get_args(offered)
    assert set(get_args(literals)) == set(known) and text is str


def test_a_gate_of_ones_own_is_called_as_its_function_is():
    @gate
    def swish(x: Value) -> Value:
        return x * x.sigmoid()

    assert swish(Value(0.0)).gate.name == "swish" and "swish" in repr(swish)
    assert {"CircuitCut", "gate", "record"} <= set(scalargrad.__all__)
