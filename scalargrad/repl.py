"""A Python prompt for the classroom: the public names are there, assigning a value names it, and below a value that is
shown stands what its gate knows: `f = q * z    df/dq = z = -4, df/dz = q = 3`.

In IPython, and in a notebook, `%load_ext scalargrad.repl` does the same.
"""

from __future__ import annotations

import code
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Any

from . import __version__
from .gate import CONSTANT
from .text import number_text
from .value import Value
from .views.phrases import said_again, say
from .views.story import Story

MAX_SLOPES = 6  # local gradients that are listed


def main() -> int:
    """Runs the prompt until it is left, and returns the exit status, 0.

    The prompt is IPython where it is installed and somebody sits at a terminal, else Python's own; what is piped in is
    run line by line.
    """
    namespace: dict[str, Any] = {"__name__": "__console__", "__doc__": None}
    exec(f"from {__package__} import *", namespace)  # the front door stands below this room: the prompt goes through it
    start = _ipython() if _somebody_is_there() else None
    if start:
        start(namespace)
    else:
        named: dict[str, Value] = {}
        with told(namespace, named), completed(namespace):
            Console(namespace, named).interact(say("prompt banner", version=__version__), exitmsg="")
    return 0


def sentence(value: Value, namespace: Mapping[str, Any] | None = None) -> str:
    """The gate, the parents and the local gradients of a value, in one line.

    namespace: where values without a label are looked up, by their place in a list or an object.

    >>> q, z = Value(3, "q"), Value(-4, "z")
    >>> print(sentence(q * z))
    v1 = q * z    dv1/dq = z = -4, dv1/dz = q = 3
    """
    shown = [(name, x) for name, x in (namespace or {}).items() if name[:1] != "_" and name not in ("In", "Out")]
    story = Story(value, variables=shown)
    name = story.names[value]
    if not value.gate:
        return say("prompt constant" if value.form is CONSTANT else "prompt leaf", name=name)
    try:
        slopes = value.local_gradients()
    except (ArithmeticError, ValueError) as error:
        return say("prompt no slope", name=name, formula=story.formula(value), error=said_again(error) or error)
    texts = [story.slope(value, place, number_text(local)) for place, local in enumerate(slopes[:MAX_SLOPES])]
    if len(slopes) > MAX_SLOPES:
        texts.append(say("in all", count=len(slopes)))
    return say("prompt gate", name=name, formula=story.formula(value), slopes=say("comma").join(texts))


def name_values(namespace: Mapping[str, Any], named: dict[str, Value]) -> None:
    """Labels every value that has none with the variable that holds it, names that begin with `_` left out.

    named: {name: value} of the labels given before, which is kept up to date.  A name that has moved on, as by
        `x += 1`, is taken from the value before, so that no two values bear it.
    """
    for name, value in namespace.items():
        if isinstance(value, Value) and not value.label and not name.startswith("_"):
            if name in named and named[name].label == name:
                named[name].label = ""
            value.label, named[name] = name, value


# ---- Python's own prompt ----


class Console(code.InteractiveConsole):
    """Python's prompt, after every input of which the new values have their names."""

    def __init__(self, namespace: dict[str, Any], named: dict[str, Value]):
        super().__init__(namespace)
        self.named = named

    def runcode(self, code: CodeType) -> None:
        super().runcode(code)
        name_values(self.locals, self.named)

    def showtraceback(self) -> None:
        error = sys.exception()
        super().showtraceback()
        if again := said_again(error):
            self.write(f"{again}\n")

    def raw_input(self, prompt: str = "") -> str:
        return input(prompt if _somebody_is_there() else "")


@contextmanager
def told(namespace: Mapping[str, Any], named: dict[str, Value]) -> Iterator[None]:
    """While it lasts, Python shows a value with its sentence below."""
    before = sys.displayhook

    def show(result: object) -> None:
        name_values(namespace, named)
        before(result)
        if isinstance(result, Value):
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            sys.stdout.write(sentence(result, namespace).encode(encoding, "backslashreplace").decode(encoding) + "\n")

    sys.displayhook = show
    try:
        yield
    finally:
        sys.displayhook = before


@contextmanager
def completed(namespace: dict[str, Any]) -> Iterator[None]:
    """While it lasts, Tab completes names, where somebody sits at a terminal that can."""
    try:
        readline = importlib.import_module("readline") if _somebody_is_there() else None
    except ImportError:  # not on every system
        readline = None
    if not readline:
        yield
        return
    before = readline.get_completer()
    readline.set_completer(importlib.import_module("rlcompleter").Completer(namespace).complete)
    readline.parse_and_bind("bind ^I rl_complete" if "libedit" in (readline.__doc__ or "") else "tab: complete")
    try:
        yield
    finally:
        readline.set_completer(before)


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


# ---- IPython's ----


def _ipython() -> Callable[[dict[str, Any]], None] | None:
    """What starts IPython on a namespace; None where it is not installed."""
    try:
        ipython, config = importlib.import_module("IPython"), importlib.import_module("traitlets.config").Config()
    except ImportError:
        return None
    config.InteractiveShellApp.extra_extensions = [__name__]
    config.TerminalInteractiveShell.banner1 = say("prompt banner", version=__version__) + "\n"
    config.TerminalInteractiveShell.banner2 = ""
    config.TerminalInteractiveShell.confirm_exit = False

    def start(namespace: dict[str, Any]) -> None:
        ipython.start_ipython(argv=[], config=config, user_ns=namespace)

    return start


_loaded: dict[Any, Callable[..., None]] = {}


def load_ipython_extension(shell: Any) -> None:
    """Makes IPython name values, and show one with its sentence below: `%load_ext scalargrad.repl` calls it."""
    unload_ipython_extension(shell)

    named: dict[str, Value] = {}

    def name_all(*result: object) -> None:
        name_values(shell.user_ns, named)

    def pretty(value: Value, printer: Any, cycle: bool) -> None:
        name_all()
        printer.text(repr(value))
        if len(printer.stack) == 1:  # the result itself, not a part of a list
            printer.break_()
            printer.text(sentence(value, shell.user_ns))

    def show_error(shell: Any, kind: type, error: BaseException, traceback: Any, tb_offset: int | None = None) -> None:
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)
        if again := said_again(error):
            print(again, file=sys.stderr)

    _loaded[shell] = name_all
    shell.set_custom_exc((Exception,), show_error)
    shell.events.register("post_run_cell", name_all)
    shell.display_formatter.formatters["text/plain"].for_type(Value, pretty)


def unload_ipython_extension(shell: Any) -> None:
    """Leaves IPython as it was: `%unload_ext scalargrad.repl` calls it."""
    if shell in _loaded:
        shell.events.unregister("post_run_cell", _loaded.pop(shell))
        shell.set_custom_exc((), None)
        shell.display_formatter.formatters["text/plain"].pop(Value)
