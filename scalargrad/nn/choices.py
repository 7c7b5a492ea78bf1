"""Choices: things known by name, and things of the user's own in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def chosen(
    kind: str,
    choice: Any,
    named: Mapping[str, Any],
    own: str = "a function",
    is_own: Callable[[Any], bool] = callable,
) -> Any:
    """The entry of `named` that has this name; what is no name and is one of `own` is given back as it is.

    kind: what is chosen, with its article, for messages: "a loss".
    own, is_own: what else it may be, in words and as a test.

    Raises ValueError for an unknown name, TypeError for what is neither a name nor one of `own`.

    >>> chosen("a fruit", "pear", {"apple": 1, "pear": 2})
    2
    """
    if isinstance(choice, str):
        if choice not in named:
            raise ValueError(f"there is no {kind.partition(' ')[2]} {choice!r}: choose from {', '.join(named)}")
        return named[choice]
    if not is_own(choice):
        raise TypeError(f"{kind} is a name or {own}, not {type(choice).__name__} {choice!r:.40}")
    return choice
