"""The README and its Chinese guide are true: sessions run, commands are those of the continuous integration."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "demos" / "README.zh-CN.md"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [ROOT / "README.md", GUIDE], ids=["English", "Chinese"])
def test_the_sessions_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testfile(
        str(path), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert attempted > 20 and failed == 0


def test_the_first_command_prints_what_the_readme_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scalargrad"], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=True
    )
    shown = "".join(f"    {line}\n" for line in done.stdout.splitlines())
    assert shown in README
    assert (tmp_path / "circuit.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_the_chinese_guide_shows_all_that_the_readme_does():
    """The same commands, sessions and tables; and one section more, on Chinese itself."""
    guide = GUIDE.read_text(encoding="utf-8")
    assert f"({GUIDE.relative_to(ROOT).as_posix()})" in README and "(../README.md)" in guide
    shown = re.findall(r"```pycon\n[\s\S]*?```|^    .*$", README, re.M)
    assert [text for text in shown if text not in guide] == []
    assert guide.count("\n| ") == README.count("\n| ")
    assert guide.count("\n## ") == README.count("\n## ") + 1


def test_the_two_commands_that_continuous_integration_types():
    """`.ci/run` takes them out of the README by this pattern: the first runs the lecture, the second the tests."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [pattern] = re.findall(r"commands=\$\(grep '(.*)' README\.md\)", script)
    first, second = re.findall(f"{pattern}.*", README, re.M)
    assert first.startswith("    python3 -m venv .venv && ") and first.endswith(" -m scalargrad")
    assert "[test]" in second and second.endswith(" -m pytest")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_files_it_names_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:scalargrad|tests|demos)/[\w/.-]+\.\w+", text))
    assert named and [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_contributing_names_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [
        path for path in (ROOT / "scalargrad").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    names = {f"{path.name}/" if path.is_dir() else path.name for path in rooms} - {"__init__.py"}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
