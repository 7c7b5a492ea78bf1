"""A room imports only rooms that stand above it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import scalargrad

ROOMS = [
    *(
        "views.phrases",  # imports nothing: whoever says something may stand below
        "generated",
        "collector",
        "text",
        "given",
        "files",
        "gate",
        "table",
        "graph",
        "node",
        "copies",
        "cut",
        "elsewhere",
        "arrays",
        "sending",
        "value",
        "functions",
        "formula",
        "composite",
        "saved",
        "calculus",
        "differences",
        "check",
    ),
    *(
        "views",
        "views.places",
        "views.names",
        "views.lines",
        "views.spelling",
        "views.story",
        "views.patterns",
    ),
    *(
        "views.columns",
        "views.steps",
        "views.tree",
        "views.dot",
        "views.browser",
        "views.machine",
        "views.labels",
        "views.layout",
        "views.span",
        "views.rows",
        "views.circuit",
        "views.latex",
        "views.tikz",
        "views.draw",
        "views.code",
        "views.handout",
        "views.javascript",
        "views.rerun",
        "views.lit_lines",
        "views.page_circuit",
        "views.html_file",
        "views.compact",
        "views.page",
    ),
    *("views.ways", "views.ledger", "views.kinds", "views.blocks", "views.causes", "views.explain"),
    *("compiled", "nn", "micrograd", "expression", "lecture", "practice", "playground", "repl", "__main__", "__init__"),
]
ONLY_MATH = {"math", "__future__", "typing", "collections.abc"}
PACKAGE = Path(scalargrad.__file__).parent
SOURCES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}


def room_of(path):
    """The room that a dotted path leads to: `views.draw.draw` is in `views.draw`; None for a name of the front door."""
    parts = path.removesuffix(".__init__").split(".")
    rooms = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((room for room in rooms if room in ROOMS), None)


def imports(module, source):
    """What a module imports, anywhere in its source, as dotted paths; `scalargrad.value.Value` for our own."""
    home = ["scalargrad", *module.split(".")]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = home[: len(home) - node.level] if node.level else []
            base = [*start, *filter(None, [node.module])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def misplaced(module, source):
    """The imports of a module that do not come from above: what stands beside it in its own room may be imported."""
    room = room_of(module)
    wrong = []
    for path in imports(module, source):
        package, _, inside = path.partition(".")
        if package != "scalargrad" or inside == "__version__":  # the version belongs to no room
            continue
        other = room_of(inside) or "__init__"
        if other != room and ROOMS.index(other) > ROOMS.index(room):
            wrong.append(path)
    return wrong


@pytest.mark.parametrize("module", SOURCES)
def test_rooms_import_from_above(module):
    assert misplaced(module, SOURCES[module]) == []


VIEWS = ("steps", "tree", "draw", "code", "latex", "ledger", "explain", "page")


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_imports_another_but_for_the_page_which_shows_several(view):
    rooms = {room_of(path.removeprefix("scalargrad.")) for path in imports(f"views.{view}", SOURCES[f"views.{view}"])}
    others = {f"views.{other}" for other in VIEWS} - {f"views.{view}"}
    assert view == "page" or rooms.isdisjoint(others)


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_has_a_room(module):
    listed = module.removesuffix(".__init__")
    whole = ("compiled", "nn", "lecture", "practice", "playground", "views.phrases")
    assert room_of(module) in (listed, *whole), "say in ROOMS where it stands"


@pytest.mark.parametrize("module", ["gate", "table"])
def test_the_table_needs_math_alone(module):
    paths = [path for path in imports(module, SOURCES[module]) if not path.startswith("scalargrad.")]
    assert paths and {path for path in paths if not {path, path.rpartition(".")[0]} & ONLY_MATH} == set()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("table", "from .value import Value"),
        ("gate", "from . import table"),
        ("graph", "import scalargrad.value"),
        ("graph", "from scalargrad.views.draw import draw"),
        ("value", "def f():\n    from .views import steps"),
        ("value", "if TYPE_CHECKING:\n    from .nn.layers import Layer"),
        ("views.names", "from .draw import draw"),
        ("views.names", "from . import draw"),
        ("views.__init__", "from .draw import draw"),
        ("compiled.__init__", "from ..nn import Neuron"),
        ("compiled.floats", "from ..expression import evaluate"),
        ("expression", "from scalargrad import Value"),
        ("expression", "import scalargrad"),
        ("expression", "from .repl import main"),
        ("repl", "from . import steps"),
        ("__main__", "from . import evaluate"),
    ],
)
def test_a_wrong_import_is_seen(module, source):
    assert len(misplaced(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("value", "import math\nfrom . import table\nfrom .gate import Gate"),
        ("views.draw", "from ..value import Value\nfrom . import names, phrases\nfrom .steps import steps"),
        ("compiled.floats", "from .record import record\nfrom . import arrays"),
        ("nn.__init__", "from .layers import Layer"),
        ("__main__", "from . import __version__\nfrom .expression import evaluate"),
        ("__init__", "from .value import Value\nfrom .views.draw import draw"),
    ],
)
def test_a_right_import_is_not(module, source):
    assert misplaced(module, source) == []
