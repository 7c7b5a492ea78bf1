"""The command line: `python -m scalargrad "q = x + y; f = q * z" x=-2 y=5 z=-4`."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import shutil
import sys
import textwrap
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from . import __version__, repl
from .expression import assigned, evaluate
from .views.draw import Drawing, draw
from .views.page import page
from .views.phrases import LANGUAGES, error_saying, language, said_again, say
from .views.steps import steps
from .views.tree import tree

SHIELD = " "  # in front of an expression that begins like an option
LECTURE = ("q = x + y; f = q * z", ["x=-2", "y=5", "z=-4"], "circuit.svg")
# What runs no expression, and so takes none, nor an option that is about one, but for those named here.
COMPANIONS: dict[str, tuple[str, ...]] = {"repl": (), "lecture": ("open",), "practice": ("open",), "playground": ()}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0; 2 after one message on standard error; 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that the terminal cannot write is escaped, not an error
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _obey(sys.argv[1:] if argv is None else argv)
        if sys.stdout:  # None where standard output is closed
            sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read our output has enough: `| head`
        status = 0
    except KeyboardInterrupt:
        status = 130
    except OSError as error:  # of standard output
        _complain(error)
        status = 2
    _settle(sys.stdout)
    return status


def _obey(argv: Sequence[str]) -> int:
    words = [_shielded(a) for a in argv]
    try:
        spoken = _language_asked_for(words)
        with language(spoken):
            arguments = _parser().parse_intermixed_args(words)
    except SystemExit as done:  # after --help, or a complaint
        return int(done.code or 0)
    with language(spoken):
        try:
            if arguments.version:
                print(f"scalargrad {__version__}")
                return 0
            _refuse_companions(arguments)
            if arguments.repl:
                return repl.main()
            elif arguments.lecture is not None:
                _write_lecture(arguments)
            elif arguments.playground is not None:
                _write_playground(arguments)
            elif arguments.practice is not None:
                _write_practice(arguments)
            else:
                _run(arguments)
        except BrokenPipeError:
            raise
        except (ValueError, ArithmeticError, RuntimeError, OSError) as error:
            _complain(error)
            return 2
    return 0


def _language_asked_for(words: Sequence[str]) -> str:
    """The language of --lang, which the help is to speak too; else that of the terminal, as LC_ALL or LANG says."""
    parser = _Parser(prog="scalargrad", add_help=False, allow_abbrev=False)
    parser.add_argument("--lang", choices=LANGUAGES)
    chosen = parser.parse_known_args(words)[0].lang
    if chosen:
        return str(chosen)
    terminal = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    spoken = re.split(r"[_.@-]", terminal)[0]
    return spoken if spoken in LANGUAGES else "en"


def _complain(error: BaseException) -> None:
    """Writes what an error says to standard error, and nowhere else, even if that is closed or full."""
    if sys.stderr:
        named = isinstance(error, OSError) and error.filename is not None
        message = f"{error.filename}: {error.strerror}" if named else error  # type: ignore[attr-defined]
        reason, *place = f"scalargrad: {message}".split("\n")
        if sys.stderr.isatty():
            reason = textwrap.fill(reason, shutil.get_terminal_size().columns, break_long_words=False)
        with contextlib.suppress(OSError):
            print(reason, *place, *filter(None, [said_again(error)]), sep="\n", file=sys.stderr)
        _settle(sys.stderr)


def _settle(stream: TextIO | None) -> None:
    """Flushes a stream; one that cannot be written leads nowhere from then on, so that Python's own flush at exit
    does not fail once more, with a status and a message of its own."""
    if stream:
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _complain(error_saying(ValueError, "command refused", message=message.replace(f"'{SHIELD}-", "'-")))
        self.exit(2)

    def print_help(self, file: Any = None) -> None:
        text = self.format_help().replace("usage:", say("command usage"), 1)
        print(text, end="", file=file)  # argparse's own says nothing where that fails


def _parser() -> argparse.ArgumentParser:
    description, example = say("command description"), say("command example")
    parser = _Parser(prog="scalargrad", description=description, epilog=example, add_help=False, allow_abbrev=False)
    given = parser.add_argument_group(say("command arguments"))
    given.add_argument("expression", nargs="?", help=say("command expression"))
    given.add_argument("values", nargs="*", metavar="name=number", help=say("command values"))
    options = parser.add_argument_group(say("command options"))
    options.add_argument("--svg", metavar="FILE", help=say("command svg"))
    options.add_argument("--html", metavar="FILE", help=say("command html"))
    options.add_argument("--open", action="store_true", help=say("command open"))
    options.add_argument("--step", action="store_true", help=say("command step"))
    options.add_argument("--tree", action="store_true", help=say("command tree"))
    options.add_argument("--repl", action="store_true", help=say("command repl"))
    options.add_argument("--lecture", metavar="FILE", help=say("command lecture"))
    options.add_argument("--practice", metavar="FILE", help=say("command practice"))
    options.add_argument("--playground", metavar="DIR", help=say("command playground"))
    options.add_argument("--lang", choices=LANGUAGES, help=say("command lang"))
    options.add_argument("--version", action="store_true", help=say("command version"))
    options.add_argument("-h", "--help", action="help", help=say("command help"))
    return parser


def _shielded(argument: str) -> str:
    """The argument, so that argparse takes an expression like -x*y for one: a blank in front is no option's."""
    is_expression = argument.startswith("-") and not re.fullmatch(r"-h|--|--[a-z]{2,}(=.*)?", argument, re.DOTALL)
    return SHIELD + argument if is_expression else argument


def _refuse_companions(arguments: argparse.Namespace) -> None:
    """ValueError where two things are asked for of which one would be left undone."""
    given = [name for name, x in vars(arguments).items() if x not in (None, False, []) and name != "values"]
    for name in given:
        for other in given:
            if name in COMPANIONS and other not in (name, "lang", *COMPANIONS[name]):
                refused = repr(arguments.expression.removeprefix(SHIELD)) if other == "expression" else f"--{other}"
                raise error_saying(ValueError, "command apart", option=f"--{name}", other=refused)


def _run(arguments: argparse.Namespace) -> None:
    text, values, picture = arguments.expression, arguments.values, arguments.svg
    if text is None:
        text, values, _ = LECTURE
    root = evaluate(text, assigned([text.removeprefix(SHIELD) for text in values]))
    if picture is not None or arguments.tree or arguments.expression is None:
        root.backward()
    if picture is not None:
        picture = draw(root).save(picture)
    elif arguments.expression is None:
        picture = _saved_if_possible(draw(root), LECTURE[2])
    stepper = arguments.html if arguments.html is not None else "circuit.html" if arguments.open else None
    if stepper is not None:
        stepper = page(root).save(stepper)
    if arguments.step:
        print(say("press Enter"))
    for text in tree(root).splitlines() if arguments.tree else steps(root).blocks():
        print(text, flush=arguments.step)
        if arguments.step:
            _wait()
    if picture is not None:
        print(say("command circuit", path=picture))
    if stepper is not None:
        print(say("command page", path=stepper), flush=True)
    if stepper is not None and arguments.open:
        _open(stepper)


def _write_lecture(arguments: argparse.Namespace) -> None:
    from .lecture.page import save_lecture  # networks too, which would slow down all other commands

    _write_own("lecture", save_lecture, arguments.lecture, arguments)


def _write_practice(arguments: argparse.Namespace) -> None:
    from .practice import save_practice

    _write_own("practice", save_practice, arguments.practice, arguments)


def _write_own(name: str, save: Callable[[str], Path], path: str, arguments: argparse.Namespace) -> None:
    """Writes a page that has circuits of its own; `name` is that of the option."""
    written = save(path)
    print(say(f"command {name} written", path=written), flush=True)
    if arguments.open:
        _open(written)


def _write_playground(arguments: argparse.Namespace) -> None:
    from .playground import folder  # with hashes and archives, which no other command needs

    written = folder.playground(arguments.playground)
    if written.is_file():
        print(say("command playground file", path=written))
        return
    command = f"{folder.COMMAND} -d {shlex.quote(str(written))}"
    print(say("command playground written", path=written, command=command, address=folder.ADDRESS))


def _saved_if_possible(drawing: Drawing, name: str) -> str:
    """The file that a picture which nobody asked for is in, or why it is in none, such as in a read-only folder."""
    try:
        return str(drawing.save(name))
    except OSError as error:
        return say("command not written", path=name, reason=error.strerror or error)


def _open(stepper: Path) -> None:
    try:
        opened = webbrowser.open(stepper.resolve().as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        raise error_saying(RuntimeError, "command no browser", path=stepper)


def _wait() -> None:
    with contextlib.suppress(EOFError, RuntimeError):  # nobody is there to press Enter
        input()


if __name__ == "__main__":
    sys.exit(main())
