"""What to call a node: its label, else its variable, else its place in a container, else a short name of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from types import FrameType
from typing import Any

from ..gate import CONSTANT
from ..text import number_text
from ..value import Value
from .places import MAX_NAME, PACKAGE, is_value, places_of

UNSEEN = "\ufffe\uffff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # no characters; overrides of direction
NAMELESS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")


def names_of(
    order: Iterable[Value],
    names: Mapping[Any, Any] | None = None,
    variables: Iterable[tuple[str, Any]] | None = None,
) -> dict[Value, str]:
    """A name for every node in `order`.

    names: what to call some of them, as {name: value} (so `names=locals()` works) or {value: name}.  It goes before
        labels, and labels before variables: locals, then globals, of the nearest caller outside this package, names
        that begin with `_` left out, the first binding of a value first.  A comprehension sees what is around it.
        What no variable holds itself is called by its place in what they hold, or in what `names` holds: `W[0][2]`,
        `d['a']`, `n.w[1]`; the module `places` says where that is looked for.
    variables: (name, value) pairs to take instead of the caller's variables.

    Names are one line of at most 40 printable characters.  They are the user's: two nodes may bear the same one.
    """
    names = {} if names is None else names
    if not isinstance(names, Mapping):
        advice = f'names says what to call values, as {{"x": x}} or locals(), not {type(names).__name__}'
        if is_value(names):
            advice += "; several roots come in a list, [f, g]"
        elif isinstance(names, (str, PathLike)):
            advice += f"; to write a file call .save({str(names)!r:.60}) on the picture"
        raise TypeError(advice)
    given = _by_value(names.items())
    variables = list(_variables() if variables is None else variables)
    bound = _by_value(variables)
    chosen: dict[Value, str] = {}
    for node in order:
        name = clean(given.get(node, "")) or clean(node.label) or clean(bound.get(node, ""))
        chosen[node] = number_text(node.data) if not name and node.form is CONSTANT else name
    holders = [(name, held) for name, held in names.items() if isinstance(name, str)]
    for node, place in places_of({node for node, name in chosen.items() if not name}, [*holders, *variables]).items():
        chosen[node] = clean(place)
    taken = set(chosen.values())
    unused = (name for i in range(1, len(taken) + len(chosen) + 2) if (name := f"v{i}") not in taken)
    return {node: name or next(unused) for node, name in chosen.items()}


def clean(name: str) -> str:
    """`name` on one line, cut to 40 characters, with U+FFFD for what cannot be printed."""
    if not name:  # as most labels
        return ""
    line = "".join(c if _printable(c) else "\N{REPLACEMENT CHARACTER}" for c in " ".join(name[:400].split()))
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 3] + "..."


def user_frame() -> FrameType:
    """The nearest caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        frame = frame.f_back
    return frame


def _printable(c: str) -> bool:
    return c >= " " and not ("\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" or c in UNSEEN)


def _by_value(pairs: Iterable[tuple[Any, Any]]) -> dict[Value, str]:
    """{value: name} of pairs that come either way round; the first name of a value wins."""
    found: dict[Value, str] = {}
    for name, value in pairs:
        if is_value(name):
            name, value = value, name
        if is_value(value) and isinstance(name, str):
            found.setdefault(value, name)
    return found


def _variables() -> Iterator[tuple[str, Any]]:
    frame = user_frame()
    for scope in (*_local_scopes(frame), frame.f_globals):
        for name, value in list(scope.items()):
            if isinstance(name, str) and name.isidentifier() and name[0] != "_":  # globals may have any keys
                yield name, value


def _local_scopes(frame: FrameType) -> Iterator[Mapping[str, Any]]:
    """The locals of a frame; for a comprehension or a lambda, also those of the code around it."""
    yield frame.f_locals
    outer, file = frame.f_back, frame.f_code.co_filename
    if frame.f_code.co_name in NAMELESS and outer and outer.f_code.co_filename == file:
        yield from _local_scopes(outer)
