"""Why a gradient is zero, tiny, huge, nan, infinite or absent, in sentences that name the gate that did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..gate import Gate
from ..text import number_text
from ..value import Value
from .phrases import LanguageName
from .story import Story
from .ways import MAX_TERMS, Answer, asked, indented, title

if TYPE_CHECKING:
    from .causes import Finding


@dataclass(frozen=True, repr=False)
class Cause(Answer):
    """One reason for a gradient; `str(cause)` is a sentence.

    code: which reason, one of `causes.CODES`.
    node: the value where it lies, as a rule the output of a gate; `name` is what it is called.
    gate: the gate of that value, None for a leaf.
    numbers: those of the sentence, by name: {"input": -0.3, "local": 0.0} for a relu that is off.
    line: where the gate stands in the source, "" if that was not recorded.
    """

    code: str
    node: Value
    name: str
    gate: Gate | None
    numbers: Mapping[str, float] = field(hash=False)
    line: str


@dataclass(frozen=True, repr=False)
class Explanation(Answer):
    """Why a gradient is what it is; `str` of it says so.

    value, root: the gradient is d root / d value; `name` and `root_name` are what the two are called.
    gradient: what it is, or would be after `root.backward()`; None where backward() would raise an error.
    causes: the reasons, one or more, the main one first.

    `code`, `node`, `gate` and `numbers` are those of the main cause.
    """

    value: Value
    name: str
    root: Value
    root_name: str
    gradient: float | None
    causes: tuple[Cause, ...]

    @property
    def code(self) -> str:
        return self.causes[0].code

    @property
    def node(self) -> Value:
        return self.causes[0].node

    @property
    def gate(self) -> Gate | None:
        return self.causes[0].gate

    @property
    def numbers(self) -> Mapping[str, float]:
        return self.causes[0].numbers


def explain(
    x: Value,
    root: Value,
    names: Mapping[Any, Any] | None = None,
    lines: Mapping[Value, str] | None = None,
    lang: LanguageName | None = None,
) -> Explanation:
    """Why the gradient of `root` by `x` is zero, tiny, huge, nan, infinite or absent, or else what made it.

    x: any value, also one that the root does not depend on.
    root: the value that is differentiated; `total([...])` makes one of several.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.
    lines: where gates stand in the source, as `record_lines()` gives it; by default what is being recorded.
    lang: the language of the sentences, "en" or "zh", by default that of `language`; ValueError for another.

    It computes on the side: no `.grad` changes.  Where a gate has no finite slope, so that `backward()` would raise an
    error, it names the gate.  TypeError for an `x` or a `root` that is no value.

    >>> h = Value(-0.3, "h")
    >>> f = (2 * h).relu()
    >>> f.backward()
    >>> print(explain(h, f, names={"f": f}))
    h.grad = 0: f = relu(v1) is off: its input -0.6 is not positive, so its local gradient is 0
    """
    story = asked(x, root, names, lines, lang)
    from .causes import search  # not before it is asked for: the decimals that it computes on take their time to load

    gradient, found = search(story, x)
    told = [_told(story, x, finding) for finding in found]
    causes = tuple({(cause.node, cause.sentence): cause for cause in told}.values())  # x * x says it once
    sentence = _answer(story, x, gradient, causes)
    return Explanation(x, story.names[x], root, story.names[root], gradient, causes, sentence=sentence)


def _told(story: Story, x: Value, finding: Finding) -> Cause:
    """A finding in words."""
    code, node, numbers, texts, phrase, behind = finding
    name = story.names[node]
    parts = {"name": name, "x": story.names[x], "root": story.names[story.root], "via": story.via(node)}
    parts |= {key: number_text(number) for key, number in numbers.items()} | dict(texts)
    sentence = story.say(phrase or f"why {code}", **parts)
    sentence = story.say("why behind", root=story.names[story.root], cause=sentence) if behind else sentence
    return Cause(code, node, name, node.gate, dict(numbers), story.lines.get(node, ""), sentence=sentence)


def _answer(story: Story, x: Value, gradient: float | None, causes: Sequence[Cause]) -> str:
    """The gradient with its causes."""
    phrase = "no gradient" if gradient is None else "gradient" if story.graded else "gradient to come"
    parts = {"title": title(story, x, gradient), "gradient": "" if gradient is None else number_text(gradient)}
    if len(causes) == 1:
        return story.say(phrase, **parts, cause=causes[0])
    head = story.say(phrase, **parts, cause="").rstrip()
    return "\n".join([head, *indented(story, causes, MAX_TERMS)])
