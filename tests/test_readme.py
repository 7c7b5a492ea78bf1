"""The README is true: its sessions run, and its commands are those of the continuous integration."""

import doctest
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_sessions_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert attempted > 20 and failed == 0


def test_the_first_command_prints_what_the_readme_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scalargrad"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
    )
    shown = "".join(f"    {line}\n" for line in done.stdout.splitlines())
    assert shown in README
    assert (tmp_path / "circuit.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_continuous_integration_does_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace('"', "")
    for command in (
        "python3 -m venv ",
        "bin/pip install -q -e '.[test",
        "bin/python -m scalargrad",
        "bin/python -m pytest",
    ):
        assert command in README and command in script


def test_the_files_it_names_exist():
    for path in ("demos/first_circuit.svg", "scalargrad/gates.py", "scalargrad/value.py"):
        assert path.rpartition("/")[2] in README and (ROOT / path).exists()
