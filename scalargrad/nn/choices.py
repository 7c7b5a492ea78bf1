"""Choices: things known by name, and things of the user's own in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

MEANT = {  # what to write for what people write, who come from other libraries
    "lr": "learning_rate",
    "optimiser": "optimizer",
    "betas": "beta1 and beta2",
    "eps": "epsilon",
}


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
        raise TypeError(f"{kind} is a name ({', '.join(named)}) or {own}, not {type(choice).__name__} {choice!r:.40}")
    return choice


def refuse_misspelt(who: str, names: Iterable[str]) -> None:
    """TypeError for an argument that `who` does not have; it says what to write, where that is known."""
    for name in names:
        raise TypeError(f"{who} has no argument {name}" + (f": write {MEANT[name]}" if name in MEANT else ""))
