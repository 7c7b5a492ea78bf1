"""The chain rule of a gradient as LaTeX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..formula import ATOM, POWER, PRODUCT, SIGN, SUM, Formula, is_plain
from ..gate import Gate
from ..given import wrong
from ..text import Text, number_text
from ..value import Value
from .spelling import slide_slopes
from .story import Story

COMMANDS = {"exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "tanh": r"\tanh", "sigmoid": r"\sigma"}
SPELLED_OUT = ("total", "dot", "given_gradients", "power_slope", "exponent_slope")
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", " ": r"\ "}
SPECIAL |= {c: f"${c}$" for c in "<>|"}  # as text, LaTeX's oldest fonts have other characters in their places
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi . pi rho . sigma tau upsilon phi chi psi "
    "omega"
)
LETTERS = {chr(ord("α") + i): rf"\{name}" for i, name in enumerate(GREEK.split()) if name != "."}
MAX_PATHS = 8  # of a gradient that are written out
MAX_FACTORS = 20  # at each end of a path
MAX_LEAVES = 200  # that have a line each
MAX_WIDTH = 100  # letters and digits in a line; a longer one is broken


class Latex(Formula):
    """The spelling of a number in LaTeX's mathematics."""

    __slots__ = ()

    @classmethod
    def number(cls, x: float) -> Latex:
        mantissa, _, exponent = number_text(x).replace("inf", r"\infty").replace("nan", r"\mathrm{nan}").partition("e")
        text = rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
        return cls(text, SIGN if text.startswith("-") else PRODUCT if exponent else ATOM)

    @classmethod
    def infix(cls, left: Any, symbol: str, right: Any) -> Latex:
        if symbol == "/":
            return cls(rf"\frac{{{cls.of(left)}}}{{{cls.of(right)}}}")
        level = SUM if symbol in "+-" else PRODUCT
        sign = r"\cdot" if symbol == "*" else symbol
        return cls(f"{cls.held(left, level)} {sign} {cls.held(right, level + 1)}", level)

    @classmethod
    def power(cls, base: Any, exponent: Any) -> Latex:
        return cls(f"{cls.held(base, ATOM)}^{{{cls.of(exponent)}}}", POWER)

    @classmethod
    def held(cls, x: Any, level: int) -> str:
        x = cls.of(x)
        enough = x.level >= level and not (x.level == SIGN and level > PRODUCT)
        return x.text if enough else _bracketed(x.text)

    @classmethod
    def call(cls, gate: Gate, inputs: tuple[Any, ...]) -> Latex:
        if gate.name in SPELLED_OUT:
            return cls.of(super().call(gate, inputs))
        given = [cls.of(x).text for x in inputs]
        if gate.name == "step":  # as the course writes it: 1(x > 0)
            sign = r"\ge" if is_plain(inputs[2], 1.0) else ">"
            return cls(r"\mathbf{1}" + _bracketed(f"{given[0]} {sign} {given[1]}"))
        if gate.name == "pick":
            return cls(rf"{_bracketed(', '.join(given[1:]))}_{{{given[0]}}}")
        if gate.name == "sqrt":
            return cls(rf"\sqrt{{{given[0]}}}")
        return cls(_command(gate) + _bracketed(", ".join(given)))

    @classmethod
    def slope(cls, gate: Gate, place: int, inputs: tuple[Any, ...]) -> Latex:
        which = f"_{{{place + 1}}}" if len(inputs) > 1 else ""
        given = ", ".join(cls.of(x).text for x in inputs)
        return cls(f"{_command(gate)}'{which}{_bracketed(given)}")


def _bracketed(text: str) -> str:
    """In parentheses, which grow around a fraction only: growing ones leave a gap after the name before them."""
    return rf"\left({text}\right)" if r"\frac" in text else f"({text})"


def _command(gate: Gate) -> str:
    name = gate.name.replace("_", r"\_") if gate.name.isascii() else name_in_latex(gate.name)
    return COMMANDS.get(gate.name) or rf"\operatorname{{{name}}}"


class LatexText(Text):
    """Formulas in LaTeX; a notebook sets them."""

    def _repr_latex_(self) -> str:
        return f"$$\n{self}\n$$"


def latex(root: Value, by: Value | None = None, names: Mapping[Any, Any] | None = None) -> LatexText:
    """The chain rule of d root / d leaf as LaTeX: as derivatives, as formulas, as numbers; a line for every leaf.

    root: the value that is differentiated.
    by: one value of its graph, for its line alone; by default all leaves.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.

    A gradient that comes together from more than 8 paths ends in dots, and a path of more than 40 gates has them in its
    middle.  It needs amsmath, as MathJax and KaTeX have it; names in Chinese need a LaTeX with Chinese fonts, such as
    XeLaTeX with ctex.

    Raises ValueError for more than 200 leaves, whose lines nobody reads.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> q = x + y
    >>> print(latex(q * z, by=z, names={"q": q}))
    \\frac{\\partial v_{1}}{\\partial z} = q = 3
    """
    if by is not None and not isinstance(by, Value):
        raise wrong("by is one value", by)
    story = Story(root, names, also=[] if by is None else [by])
    if by is None and len(story.leaves) > MAX_LEAVES:
        raise ValueError(f"{len(story.leaves)} leaves have {len(story.leaves)} lines of LaTeX: name one of them, by=x")
    called = {node: name_in_latex(name) for node, name in story.names.items()}
    rows = [row for leaf in (story.leaves if by is None else [by]) for row in _rows(story, leaf, called)]
    if len(rows) == 1:
        return LatexText(rows[0].replace(" &= ", " = ", 1))
    return LatexText("\n".join([r"\begin{aligned}", *[rf"{row} \\" for row in rows], r"\end{aligned}"]))


def name_in_latex(name: str) -> str:
    """A name for LaTeX's mathematics: `x` in italics, `w0` with an index, others upright."""
    letter = re.fullmatch(r"([A-Za-zα-ω])(?:_?([0-9]+))?", name)
    if letter and (letter[1] in LETTERS or letter[1].isascii()):
        return LETTERS.get(letter[1], letter[1]) + (f"_{{{letter[2]}}}" if letter[2] else "")
    escaped = "".join(SPECIAL.get(c, rf"\{c}" if c in "#$%&_{}" else c) for c in name)
    return rf"\mathrm{{{escaped}}}" if re.fullmatch(r"[\w ]+", name, re.ASCII) else rf"\text{{{escaped}}}"


def _rows(story: Story, leaf: Value, names: Mapping[Value, str]) -> list[str]:
    """One line, aligned at its equals sign; or, where that is too long, one for each side, or for each of its terms."""
    paths = list(itertools.islice(_paths(story, leaf), MAX_PATHS + 1))
    more = [r"\cdots"] if len(paths) > MAX_PATHS else []
    chains = [*[_chain(path, names) for path in paths[:MAX_PATHS]], *more]
    formulas = [*[_product(path, names) for path in paths[:MAX_PATHS]], *more]
    gradient = Latex.number(story.gradients.get(leaf, 0.0)).text + _at(story, names)
    sides = [[_derivative(names[story.root], names[leaf])], chains, formulas, [gradient]]
    texts = [" + ".join(side) for side in sides]
    kept = [i for i, text in enumerate(texts) if text and text not in texts[:i]]
    if sum(_width(texts[i]) for i in kept) <= MAX_WIDTH:
        return [" = ".join(texts[i] for i in kept).replace(" = ", " &= ", 1)]
    rows: list[str] = []
    for i in kept[1:]:
        first, *others = [texts[i]] if _width(texts[i]) <= MAX_WIDTH else sides[i]
        rows += [f"  &= {first}", *(rf"  &\quad + {term}" for term in others)]
    return [texts[0] + rows[0][1:], *rows[1:]]


def _at(story: Story, names: Mapping[Value, str]) -> str:
    """Where the gradient was taken, if values have been changed since: a bar with the numbers of then."""
    places = [f"{names[node]} = {Latex.number(story.data(node))}" for node in story.stale[:MAX_PATHS]]
    places += [r"\ldots"] if len(story.stale) > MAX_PATHS else []
    return rf" \;\Big|_{{{', '.join(places)}}}" if places else ""


def _width(text: str) -> int:
    return len(re.sub(r"\\[A-Za-z]+|[{}_^]", "", text))


def _paths(story: Story, leaf: Value) -> Iterator[list[tuple[Value, int]]]:
    """Every way from the root down to the leaf, as (node, place of the parent that it goes on to)."""
    stack: list[tuple[Value, Any]] = [(story.roots[0], None)]
    leading = {leaf}
    for node in story.order:
        if not leading.isdisjoint(node.parents):
            leading.add(node)
    while stack:
        node, walked = stack.pop()  # walked: (the last step, (the step before, ...))
        if node is leaf:
            path = []
            while walked:
                step, walked = walked
                path.append(step)
            yield path[::-1]
        else:
            steps = [(x, ((node, place), walked)) for place, x in enumerate(node.parents) if x in leading]
            stack += reversed(steps)


def _derivative(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def _chain(path: list[tuple[Value, int]], names: Mapping[Value, str]) -> str:
    return _multiplied(path, lambda node, place: _derivative(names[node], names[node.parents[place]]))


def _product(path: list[tuple[Value, int]], names: Mapping[Value, str]) -> str:
    level = PRODUCT + 1 if len(path) > 1 else SUM
    return _multiplied(path, lambda node, place: Latex.held(local_gradient(node, place, names), level))


def _multiplied(path: list[tuple[Value, int]], factor: Callable[[Value, int], str]) -> str:
    """The factors of a path; of a very long one the first and the last."""
    if len(path) <= 2 * MAX_FACTORS:
        return r" \cdot ".join([factor(*step) for step in path])
    first, last = path[:MAX_FACTORS], path[-MAX_FACTORS:]
    return r" \cdot ".join([*[factor(*step) for step in first], r"\cdots", *[factor(*step) for step in last]])


def local_gradient(node: Value, place: int, names: Mapping[Value, str]) -> Latex:
    """The local gradient of a gate by one of its parents, on names that are in LaTeX."""
    inputs = tuple([Latex(names[x]) if isinstance(x, Value) else x for x in node.inputs])
    return Latex.of(slide_slopes(node, Latex(names[node]), inputs)[place])
