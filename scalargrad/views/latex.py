"""The chain rule of a gradient as LaTeX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..formula import ATOM, POWER, PRODUCT, SIGN, SUM, Formula, is_plain, read_rule
from ..gates import Gate
from ..graph import sweep, topological_order
from ..value import Value
from .names import names_of
from .phrases import number_text

COMMANDS = {"exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "tanh": r"\tanh", "sigmoid": r"\sigma"}
SPELLED_OUT = ("total", "dot", "power_slope", "exponent_slope")
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", " ": r"\ "}
MOST = 8  # paths of a gradient that are written out


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
        return x.text if enough else rf"\left({x}\right)"

    @classmethod
    def call(cls, gate: Gate, inputs: tuple[Any, ...]) -> Latex:
        if gate.name in SPELLED_OUT:
            return cls.of(super().call(gate, inputs))
        given = [cls.of(x).text for x in inputs]
        if gate.name == "step":  # as the course writes it: 1(x > 0)
            sign = r"\ge" if is_plain(inputs[2], 1.0) else ">"
            return cls(rf"\mathbb{{1}}({given[0]} {sign} {given[1]})")
        if gate.name == "sqrt":
            return cls(rf"\sqrt{{{given[0]}}}")
        return cls(rf"{_command(gate)}\left({', '.join(given)}\right)")

    @classmethod
    def slope(cls, gate: Gate, place: int, inputs: tuple[Any, ...]) -> Latex:
        which = f"_{{{place + 1}}}" if len(inputs) > 1 else ""
        given = ", ".join(cls.of(x).text for x in inputs)
        return cls(rf"{_command(gate)}'{which}\left({given}\right)")


def _command(gate: Gate) -> str:
    name = gate.name.replace("_", r"\_") if gate.name.isascii() else name_in_latex(gate.name)
    return COMMANDS.get(gate.name) or rf"\operatorname{{{name}}}"


def latex(root: Value, by: Value | None = None, names: Mapping[Any, Any] | None = None) -> str:
    """The chain rule of d root / d leaf as LaTeX: as derivatives, as formulas, as numbers; a line for every leaf.

    root: the value that is differentiated.
    by: one value of its graph, for its line alone; by default all leaves.
    names: what to call values, as {name: value}; by default their labels, or the variables that hold them.

    A gradient that comes together from more than 8 paths ends in dots.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> q = x + y
    >>> print(latex(q * z, by=z, names={"q": q}))
    \\frac{\\partial v_{1}}{\\partial z} = q = 3
    """
    order = topological_order([root])
    leaves = [node for node in order if not node.gate] if by is None else [by]
    called = {node: name_in_latex(name) for node, name in names_of(dict.fromkeys([*order, *leaves]), names).items()}
    gradients = {root: 1.0}
    for _ in sweep(order, gradients, Value.local_gradients):
        pass
    lines = [_line(root, leaf, called, gradients.get(leaf, 0.0)) for leaf in leaves]
    if len(lines) == 1:
        return lines[0]
    return "\n".join(
        [r"\begin{aligned}", *[line.replace(" = ", " &= ", 1) + r" \\" for line in lines], r"\end{aligned}"]
    )


def name_in_latex(name: str) -> str:
    """A name for LaTeX's mathematics: `x` in italics, `w0` with an index, others upright."""
    indexed = re.fullmatch(r"([A-Za-z])_?(\d+)", name)
    if indexed:
        return f"{indexed[1]}_{{{indexed[2]}}}"
    if re.fullmatch("[A-Za-z]", name):
        return name
    escaped = "".join(SPECIAL.get(c, rf"\{c}" if c in "#$%&_{}" else c) for c in name)
    return rf"\mathrm{{{escaped}}}" if re.fullmatch(r"[\w ]+", name, re.ASCII) else rf"\text{{{escaped}}}"


def _line(root: Value, leaf: Value, names: Mapping[Value, str], gradient: float) -> str:
    paths = list(itertools.islice(_paths(root, leaf), MOST + 1))
    more = [r"\cdots"] if len(paths) > MOST else []
    whole = _derivative(names[root], names[leaf])
    chains = " + ".join([*[_chain(path, names) for path in paths[:MOST]], *more])
    formulas = " + ".join([*[_product(path, names) for path in paths[:MOST]], *more])
    parts = [whole, chains, formulas, Latex.number(gradient).text]
    return " = ".join(part for i, part in enumerate(parts) if part and part not in parts[:i])


def _paths(root: Value, leaf: Value) -> Iterator[list[tuple[Value, int]]]:
    """Every way from the root down to the leaf, as (node, place of the parent that it goes on to)."""
    stack: list[tuple[Value, list[tuple[Value, int]]]] = [(root, [])]
    leading = _leading_to(root, leaf)
    while stack:
        node, path = stack.pop()
        if node is leaf:
            yield path
        else:
            steps = [(parent, [*path, (node, place)]) for place, parent in enumerate(node.parents) if parent in leading]
            stack += reversed(steps)


def _leading_to(root: Value, leaf: Value) -> set[Value]:
    leading = {leaf}
    for node in topological_order([root]):
        if not leading.isdisjoint(node.parents):
            leading.add(node)
    return leading


def _derivative(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def _chain(path: list[tuple[Value, int]], names: Mapping[Value, str]) -> str:
    return r" \cdot ".join(_derivative(names[node], names[node.parents[place]]) for node, place in path)


def _product(path: list[tuple[Value, int]], names: Mapping[Value, str]) -> str:
    factors = [_local(node, place, names) for node, place in path]
    return r" \cdot ".join(Latex.held(factor, PRODUCT + 1 if len(factors) > 1 else SUM) for factor in factors)


def _local(node: Value, place: int, names: Mapping[Value, str]) -> Latex:
    inputs = tuple([Latex(names[x]) if isinstance(x, Value) else x for x in node.inputs])
    return Latex.of(read_rule(node.form, Latex(names[node]), inputs)[place])
