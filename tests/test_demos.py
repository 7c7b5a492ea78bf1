"""The demos run, say something, and draw the committed pictures; and their assertions can fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "demos"
DEMOS = sorted(path.name for path in FOLDER.glob("*.py"))
WIDEST = 120  # columns of a terminal

# A gate on the way of each demo's gradients: with its slopes doubled, the demo must fail.
FAULTS = {
    "01_first_circuit.py": "mul",
    "02_sigmoid_neuron.py": "exp",
    "03_staged_computation.py": "sigmoid",
    "04_gate_patterns.py": "maximum",
    "05_activations.py": "tanh",
    "06_logic_neurons.py": "sigmoid",
    "07_matrix_example.py": "dot",
    "08_why_add_why_order.py": "add",
}
PLANT = """
import runpy, sys
from scalargrad.gates import GATES
path, gate, factor = sys.argv[1:]
form = GATES[gate].form(None)
rule = form.rule
form.rule = lambda *numbers: tuple([float(factor) * slope for slope in rule(*numbers)])
runpy.run_path(path, run_name="__main__")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own in `folder`, on a terminal that knows ASCII only."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def copied(folder: Path) -> Path:
    """`folder` with a copy of every demo, without pictures: nothing is written into the repository."""
    for name in DEMOS:
        shutil.copy(FOLDER / name, folder)
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A folder in which every demo has run once, and how it went: {demo: its process}."""
    folder = copied(tmp_path_factory.mktemp("demos"))
    return folder, {name: run(folder, name) for name in DEMOS}


def test_there_are_demos():
    assert len(DEMOS) >= 8


@pytest.mark.parametrize("name", DEMOS)
def test_demo_runs(fresh, name):
    process = fresh[1][name]
    assert process.stderr == ""
    assert process.returncode == 0
    lines = process.stdout.splitlines()
    assert len(lines) >= 5
    assert max(map(len, lines)) <= WIDEST


@pytest.mark.parametrize("name", DEMOS)
def test_demo_says_how_to_run_it(name):
    assert f"python demos/{name}" in (FOLDER / name).read_text(encoding="utf-8").split('"""')[1]


def test_committed_pictures_are_those_that_the_demos_write(fresh):
    written = {path.name: path.read_bytes() for path in fresh[0].iterdir() if path.suffix != ".py"}
    committed = {path.name: path.read_bytes() for path in FOLDER.glob("*.svg")}
    assert sorted(written) == sorted(committed)
    assert "first_circuit.svg" in committed  # the README shows it
    for name in committed:
        assert written[name] == committed[name], f"run the demo that draws {name}, look at it, commit it"


@pytest.mark.parametrize("name", DEMOS)
def test_demo_fails_with_a_planted_wrong_rule(tmp_path, name):
    folder = copied(tmp_path)
    assert run(folder, "-c", PLANT, name, FAULTS[name], "1").returncode == 0  # it is the fault that fails, not the way
    process = run(folder, "-c", PLANT, name, FAULTS[name], "2")
    assert process.returncode == 1
    assert "AssertionError" in process.stderr
