"""The circuits that practice draws from, easy ones first: a few shapes for each level, with gates that may vary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

CHOICE = re.compile(r"\{([^}]*)\}")


class Level(NamedTuple):
    """Circuits of about the same difficulty.

    name: what they have, a phrase of the views after "practice ".
    most: inputs are whole numbers from -most to most, and never 0.
    shapes: expressions of one gate per statement, in which `{+ *}` is either of these gates.
    """

    name: str
    most: int
    shapes: tuple[str, ...]


LEVELS = (
    Level(
        "two gates",
        5,
        (
            "q = x {+ - *} y; f = q {* -} z",
            "q = y {+ - *} z; f = x {* -} q",
        ),
    ),
    Level(
        "a fork",
        5,
        (
            "q = x {+ - *} y; f = q {* + -} x",
            "q = x {+ - *} y; f = q * q",
            "p = x {+ - *} y; q = x {+ *} z; f = p {* -} q",
        ),
    ),
    Level(
        "max and relu",
        5,
        (
            "q = {maximum minimum}(x, y); f = q {* -} z",
            "p = x {+ - *} y; q = relu(p); f = q {* +} z",
            "p = relu(x); q = {maximum minimum}(y, z); f = p {+ *} q",
            "p = x {- *} y; q = {maximum minimum}(p, z); f = q * w",
        ),
    ),
    Level(
        "a neuron",
        3,
        (
            "p = w * x; s = p + b; f = {sigmoid tanh relu}(s)",
            "p = v * x; q = w * y; s = p + q; f = {sigmoid tanh relu}(s)",
            "p = v * x; q = w * y; r = p + q; s = r + b; f = {sigmoid tanh relu}(s)",
        ),
    ),
    Level(
        "two layers",
        3,
        (
            "p = v * x; h = {sigmoid tanh relu}(p); q = w * h; f = {sigmoid tanh}(q)",
            "p = v * x; g = relu(p); q = w * x; h = {relu tanh}(q); f = g {+ - *} h",
        ),
    ),
)


def choices(shape: str) -> dict[str, list[str]]:
    """{the name of a gate's result: the gates that may stand there}, in the order of the shape."""
    statements = [statement.partition("=") for statement in shape.split(";")]
    found = {name.strip(): CHOICE.search(right) for name, _, right in statements}
    return {name: match[1].split() for name, match in found.items() if match}


def inputs(shape: str) -> list[str]:
    """The names of the inputs."""
    results = re.findall(r"(\w+) =", shape)
    return [name for name in dict.fromkeys(re.findall(r"\b[a-z]\b", shape)) if name not in results]


def expression(shape: str, chosen: Mapping[str, str]) -> str:
    """The shape with a gate in the place of each choice; `chosen` is {the name of its result: gate}."""
    gates = iter(chosen[name] for name in choices(shape))
    return CHOICE.sub(lambda _: next(gates), shape)
