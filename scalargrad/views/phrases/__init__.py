"""Every sentence that a view says, a file for each language, and the language in which they are said."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from . import en, zh

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": en.SENTENCES, "zh": zh.SENTENCES}
_ambient: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def language(lang: str) -> Iterator[None]:
    """Within `with language("zh"):` views speak this language where no `lang=` is given: "en" or "zh".

    It holds for this thread, or this context, alone.  ValueError for a language that there are no sentences in.

    >>> with language("zh"):
    ...     say("more", count=3)
    '……还有 3 个'
    """
    token = _ambient.set(known(lang))
    try:
        yield
    finally:
        _ambient.reset(token)


def known(lang: str | None) -> str:
    """`lang` itself, for None the ambient language; ValueError for one that there are no sentences in."""
    if lang is None:
        return _ambient.get()
    if lang not in tuple(LANGUAGES):
        raise ValueError(f"lang={lang!r:.40}: there are sentences in {' and '.join(map(repr, LANGUAGES))}")
    return lang


def say(phrase: str, lang: str | None = None, **parts: object) -> str:
    """The sentence `phrase` with its parts filled in; in the ambient language, if no other is named."""
    return LANGUAGES[known(lang)][phrase].format(times=times(), **parts)


def times() -> str:
    """The sign between factors: a cross where standard output can write one, else the letter x."""
    try:
        "\N{MULTIPLICATION SIGN}".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "x"
    return "\N{MULTIPLICATION SIGN}"
