"""Every sentence that a view says, in English and in Chinese, and how it writes a number."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .phrases_zh import CHINESE

DIGITS = 6

PHRASES = {
    "forward pass": "forward   {leaves}",
    "forward": "{name} = {formula} = {numbers} = {output}",
    "backward pass": "backward  {starts}",
    "backward": "{name} = {formula}: local {slope}, upstream {upstream}, downstream {product}, {total}",
    "local": "d{name}/d{parent} = {local}",
    "product": "{upstream} {times} {local} = {downstream}",
    "first": "{parent}.grad {before} -> {after}",
    "adds up": "{parent}.grad {before} + {downstream} = {after}, adds up",
    "result": "result    {gradients}",
    "seen above": "(see above)",
    "cut": "... and {count} more values: limit={limit} shows them",
    "value": "{name} = {data}, gradient {grad}",
    "gate": "{name} = {formula}: {pattern}",
    "edge": "local gradient {slope}",
    "not finite": "not finite",
    "beyond": "{name}: the circuit goes on beyond this picture",
    "distributes": "the gate distributes its gradient to all its inputs",
    "routes": "the gate routes its gradient to the winner",
    "switches": "the gate switches its inputs: each gets the gradient times the other",
    "flips": "the gate flips the sign of its gradient",
    "scales": "the gate scales its gradient by its slope",
    # the prompt
    "prompt banner": """\
scalargrad {version}: Value, steps, draw and all the others are here.  Try, line by line:
    x, y, z = Value(-2), Value(5), Value(-4)    # numbers that remember
    q = x + y; f = q * z; f                     # a circuit, and what its last gate knows
    f.backward(); print(steps(f))               # the chain rule, step by step
help(name) tells about a name, Ctrl-D leaves.""",
    "prompt gate": "{name} = {formula}    {slopes}",
    "prompt leaf": "{name}    a leaf: it has no gate and no parents",
    "prompt constant": "{name}    a constant: a leaf that a plain number was lifted into",
    "prompt no slope": "{name} = {formula}    no local gradients: {error}",
    # the page: what stands on it
    "page title": "{roots}: forward and backward",
    "page summary": "{values} values, {gates} gates, {steps} steps",
    "page circuit": "which circuit",
    "page recorded": "As recorded",
    "page apart": "Taken apart",
    "page mode": "what to do",
    "page walk": "Walk through",
    "page quiz": "Quiz",
    "page name": "name",
    "page data": "data",
    "page gradient": "gradient",
    "page forward key": "forward: numbers",
    "page backward key": "backward: gradients",
    "page wire key": "on a wire: local gradient",
    "page composite key": "made of smaller gates (click)",
    "page inside key": "inside of a gate (click)",
    "page whole": "Whole circuit",
    "page step": "Step",
    "page forward": "forward",
    "page backward": "backward",
    "page code": "The same as code",
    "page no code": "This graph has no code to show: {reason}",
    "page first": "First step",
    "page prev": "Step back",
    "page play": "Play",
    "page pause": "Pause",
    "page space": "space",
    "page next": "Next step",
    "page last": "Last step",
    # the page: one step
    "page start": "The circuit before its first step: only the inputs have numbers",
    "page keys": "Step with the buttons, or with the arrow keys; the space bar plays.",
    "page forward step": "Forward, step {at} of {of}",
    "page backward step": "Backward, step {at} of {of}",
    "page locals": "Right away the gate knows its local gradients too:",
    "page begins": "The backward pass begins with {starts}.",
    "page upstream": "upstream",
    "page local": "local gradient",
    "page downstream": "downstream",
    "page to": "to {to}",
    "page via": "via {formula}",
    "page result": "All gradients of the inputs are known:",
    "page spoken start": "The inputs are {inputs}.",
    "page spoken forward": "Forward: {name} = {formula} = {numbers} = {output}.",
    "page spoken backward": "Backward through {name} = {formula}: upstream {upstream} times local gradient {local} "
    "is {downstream}; the gradient of {to} is now {after}.",
    # the page: the quiz
    "page question": "Gradient {at} of {of}",
    "page check": "Check",
    "page hint": "Hint",
    "page tell": "Tell me",
    "page again": "Once more",
    "page answers": "Your answers",
    "page asked": "gradient",
    "page typed": "you",
    "page engine": "engine",
    "page right": "Right: {name}.grad = {grad}",
    "page told": "{name}.grad = {grad}",
    "page wrong": "Not this. Upstream times local gradient; at a fork they add up.",
    "page coarse": "Right so far, but too round to tell: type one more digit.",
    "page unread": "Type a number, such as -0.2 or 3e-4.",
    "page rule": "through {name} = {formula}:  {rule}  and upstream {name}.grad = {upstream}",
    "page own upstream": "it starts with an upstream of its own: {start}",
    "page add them up": "these add up",
    "page finished": "All gradients found",
    "page score": "{right} of {of} right at the first try, without a hint.",
    "page first try": "first try",
    "page later try": "found",
    "page tell try": "told",
    # explain: the gradient, and one sentence a cause
    "grad": "{parent}.grad",
    "slope": "d{name}/d{parent}",
    "via": "{name} = {formula}",
    "at line": "{text} [{line}]",
    "made at": "this gate was made at {line}",
    "times": " {times} ",
    "equals": "{factors} = {product}",
    "in all": "... ({count} in all)",
    "more": "... and {count} more",
    "about": "about 10**{power}",
    "gradient": "{title} = {gradient}: {cause}",
    "gradient to come": "{title} is not computed yet and would be {gradient}: {cause}",
    "no gradient": "{title} cannot be computed: {cause}",
    "why not computed yet": "{root}.grad = 0: backward() has not been called on {root}, or zero_grad() came after it "
    "(not computed is not zero)",
    "why other backward passes": "{x}.grad holds {held}: other backward passes have added to it, without a zero_grad()",
    "why not connected": "no gate on the way to {root} uses {x}; it is computed from {leaves} "
    "(plain numbers, such as {x}.data or float({x}), cut the circuit)",
    "why beyond the root": "{x} is computed from {root}, not {root} from {x}: gradients go from the root to its inputs",
    "why detached": "{root} uses the leaf {name} = {data} in its place, a copy such as detach() makes: no gradient "
    "goes back through it",
    "why constant": "{x} is a constant, a plain number that {root} does not depend on",
    "why root is a leaf": "{root} is a leaf, such as a constant or what detach() gives: it was computed from nothing",
    "why infinite local gradient": "{via} = {at} has no finite local gradient: backward() stops there with an error",
    "why relu off": "{via} is off: its input {input} is not positive, so its local gradient is 0",
    "why lost": "{parent} lost the {symbol} by {by}: {via} routes its gradient to the winner {to} = {winner}",
    "why lost to a number": "{parent} = {input} lost the {symbol} by {by} to the plain number {winner} in {via}",
    "why zero weight": "{via} multiplies {parent} by {weight}, so {slope} = 0",
    "why flat": "{via} = {at} is flat at this point: {slope} = 0",
    "why saturated": "{via} is saturated: its input is {input}, its local gradient {local}",
    "why saturated in a row": "{count} saturated gates in a row: {gates}",
    "saturated gate": "{via} (input {input}, local gradient {local})",
    "why cancellation": "the contributions at the fork {name} cancel: {terms} = {total}",
    "why underflow": "{upstream} {times} {local} at {via} is too small for a float and became 0",
    "why zero times infinity": "zero times infinity is nan: upstream {upstream} {times} local {local} at {via}",
    "why overflow": "infinity came in at {via} = {at}, which is more than a float can hold",
    "why infinity": "infinity came in at {via} = {at}",
    "why came in with a leaf": "{output} came in with the leaf {name}",
    "why overflow backward": "upstream {upstream} {times} local {local} at {via} is more than a float can hold",
    "why overflow at a fork": "the contributions at the fork {name} add up to more than a float can hold: {terms}",
    "why nan": "nan came in at {via} = {at}",
    "why nan at a fork": "inf and -inf meet at the fork {name}, and have no sum: {terms}",
    "why local gradient is no number": "the local gradient {slope} of {via} = {at} is {local}",
    "why tiny": "the {count} local gradients on its strongest path multiply to {product}; the smallest is "
    "{slope} = {local} of {via}",
    "why tiny local gradient": "{via} has the local gradient {slope} = {local}, which is tiny",
    "why huge": "the {count} local gradients on its strongest path multiply to {product}; the largest is "
    "{slope} = {local} of {via}",
    "why huge local gradient": "{via} has the local gradient {slope} = {local}, which is huge",
    "why many paths": "{count} paths from {root} to {x} add up; the strongest gives {product}",
    "why chain": "{slopes} = {product}, the chain rule along its one path",
    "why local gradient": "the local gradient {slopes} of {via}",
    "why one use": "upstream {upstream} {times} local {local}, through {via}",
    "why fork": "{terms}, gradients add up at forks",
    # ledger, paths, nudge
    "root": "{name} is the root, where every backward pass starts with 1",
    "not connected": "no gate on the way to {root} uses {name}",
    "sum": "{title} = {total} = {terms}",
    "one contribution": "{title} = {total} (via {via})",
    "contributions": "{title} = {total}, the sum of {count} contributions",
    "term": "{signed} (via {via})",
    "entry": "{via}: upstream {upstream} {times} local {local} = {downstream}, running total {running_total}",
    "path": "{way}: {product}",
    "paths": "{count} paths from {root} to {name}, their products add up to {title} = {gradient}:",
    "one path": "one path from {root} to {name}, its product is {title} = {gradient}:",
    "no path": "no path leads from {root} to {name}: the gradient is 0",
    "more paths": "  ... and {count} more: limit= says how many are shown",
    "nudge": "if {name} grows by {by}, {root} changes by about {gradient} {times} {by} = {predicted}",
    "computed again": "computed again: {root} goes from {before} to {after}, a change of {actual}",
    "smaller nudge": "they differ by {difference}: a gradient is the slope at one point, so nudge less",
}


LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": PHRASES, "zh": CHINESE}
_spoken: ContextVar[str] = ContextVar("spoken", default="en")


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """While it lasts, this thread, or this context, says its sentences in the language `lang`.

    ValueError for a language that there are no sentences in.

    >>> with speaking("zh"):
    ...     say("more", count=3)
    '……还有 3 个'
    """
    if lang not in tuple(LANGUAGES):
        raise ValueError(f"lang={lang!r:.40}: there are sentences in {' and '.join(map(repr, LANGUAGES))}")
    token = _spoken.set(lang)
    try:
        yield
    finally:
        _spoken.reset(token)


def sentences() -> Mapping[str, str]:
    """Every sentence, with its parts not filled in, in the language that is being spoken."""
    return LANGUAGES[_spoken.get()]


def say(phrase: str, **parts: object) -> str:
    """The sentence `phrase` with its parts filled in, in the language that is being spoken."""
    return sentences()[phrase].format(times=times(), **parts)


def times() -> str:
    """The sign between factors: a cross where standard output can write one, else the letter x."""
    try:
        "\N{MULTIPLICATION SIGN}".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "x"
    return "\N{MULTIPLICATION SIGN}"


def number_text(x: float, digits: int = DIGITS) -> str:
    """`x` to so many significant digits; the sign of zero is not shown.

    >>> number_text(-12.0), number_text(0.7310585786), number_text(1e-6), number_text(-0.0)
    ('-12', '0.731059', '1e-06', '0')
    """
    return f"{x + 0.0:.{digits}g}" if x else "0"


def agreeing(compute: Callable[..., float], inputs: Sequence[float], output: float) -> list[str]:
    """The inputs, with as many digits as it takes for `compute` on what is shown to give the output as it is shown.

    >>> agreeing(lambda x, y: x * y, [2 / 3, 2 / 3], 4 / 9)
    ['0.6666667', '0.6666667']
    """
    for digits in range(DIGITS, 17):
        texts = [number_text(x, digits) for x in inputs]
        try:
            if number_text(compute(*map(float, texts))) == number_text(output):
                return texts
        except (ArithmeticError, ValueError):  # rounded out of the domain: show more digits
            continue
    return [repr(x) for x in inputs]


def clip(text: str, length: int) -> str:
    """`text`, with its middle left out where it is longer than `length`."""
    keep = (length - 5) // 2
    return text if len(text) <= length else f"{text[:keep]} ... {text[-keep:]}"


def width(text: str) -> int:
    """The columns that `text` takes in a terminal: two for a wide letter, none for a mark on the one before."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))
