"""Every sentence that a view says, a file for each language, and the language in which they are said."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Literal, TypeVar

from . import en, zh

LanguageName = Literal["en", "zh"] | str  # an editor offers these; another one is a ValueError
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": en.SENTENCES, "zh": zh.SENTENCES}
MAX_LISTED = 12  # values, or slopes, that are listed in a line
E = TypeVar("E", bound=BaseException)
_ambient: ContextVar[str] = ContextVar("language", default="en")


def language(lang: LanguageName) -> AbstractContextManager[None]:
    """Within `with language("zh"):` views speak this language where no `lang=` is given: "en" or "zh".

    It holds for this thread, or this context, alone.  ValueError for a language that there are no sentences in.

    >>> with language("zh"):
    ...     say("more", count=3)
    '……还有 3 个'
    """
    return _spoken(known(lang))


@contextmanager
def _spoken(lang: str) -> Iterator[None]:
    token = _ambient.set(lang)
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


def counted(kind: str, count: int, lang: str | None = None, shown: str = "") -> str:
    """How many there are of a kind: "value", "gate", "step", "plot", "neuron", "weight" or "offset".

    shown: the count as it is to be written, such as the sum that it is.

    >>> counted("gate", 1), counted("gate", 2), counted("neuron", 5, shown="4 + 1 = 5")
    ('1 gate', '2 gates', '4 + 1 = 5 neurons')
    """
    return say(f"one {kind}" if count == 1 else f"many {kind}s", lang, count=shown or count)


def shortened(texts: list[str], lang: str | None = None, most: int = MAX_LISTED) -> list[str]:
    """The first of the texts, and how many there are in all, if there are many."""
    return texts if len(texts) <= most else [*texts[:most], say("in all", lang, count=len(texts))]


def in_lines(parts: Mapping[str, object], lang: str | None) -> dict[str, object]:
    """The parts of a sentence, every list among them in one line, with the commas of the language."""
    comma = say("comma", lang)
    return {field: comma.join(part) if isinstance(part, list) else part for field, part in parts.items()}


def error_saying(kind: type[E], phrase: str, **parts: object) -> E:
    """An error that says the sentence `phrase` in English, as all errors do, and knows it for other languages."""
    error = kind(say(phrase, "en", **parts))
    error.facts = (phrase, parts)  # type: ignore[attr-defined]
    return error


def said_again(error: BaseException | None, lang: str | None = None) -> str:
    """What an error says, in the language; "" in English, which it speaks itself, and for one that has no sentence.

    Errors are in English, as Python's are.  Where this package prints one itself, this follows it.  An error with parts
    has `facts`: the name of its sentence, and {field: part}.  The reason that a gate gives is a sentence, too; names or
    inputs are a list.  An error without parts is known by its words.
    """
    phrase, parts = getattr(error, "facts", ("", {}))
    if known(lang) == "en":
        return ""
    if not phrase:
        return LANGUAGES[known(lang)].get(f"reason {error}", "")
    words = {field: reason(part, lang) if isinstance(part, str) else part for field, part in parts.items()}
    return say(phrase, lang, **in_lines(words, lang))


def reason(text: str, lang: str | None = None) -> str:
    """Why a gate refuses its inputs, in the language; as it is where there is no sentence for it."""
    return LANGUAGES[known(lang)].get(f"reason {text}", text)


def times() -> str:
    """The sign between factors: a cross where standard output can write one, else the letter x."""
    try:
        "\N{MULTIPLICATION SIGN}".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "x"
    return "\N{MULTIPLICATION SIGN}"
