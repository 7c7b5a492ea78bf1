"""The program beside the picture of a page: which of its lines are lit with each step, and where inputs stand in it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from ..text import number_text
from ..value import Value
from .code import Program
from .steps import Steps
from .story import Story

ASSIGNED = re.compile(r"(?:^|;)\s*(\w+)\s*=\s*([^\s;#=][^;#=]*?)\s*(?=;|#|$)")
Span = tuple[int, int, int]  # a line of the program, and where in it something begins and ends
Lit = dict[tuple[Value, int | None], list[int]]  # the code lines of a gate going forward (None), and of each edge


def program_beside(story: Story, passes: Steps, code: str | None) -> tuple[list[str], Lit, dict[Value, Span]]:
    """The lines of the program, which of them stand for each step, and where each leaf is assigned its number."""
    if code is not None:
        lines = code.splitlines()
        return lines, _lines_of_names(passes, lines), _assigned(story.leaves, passes.names, lines)
    try:
        program = Program(story)
        text = program.as_script().splitlines()
    except (ValueError, ArithmeticError, TypeError) as error:
        return ["# " + story.say("no code", reason=" ".join(str(error).split()))], {}, {}
    return text, _lines_of_gates(story, program, len(text)), _assigned(program.leaves, program.names, text)


def _assigned(leaves: Iterable[Value], names: Mapping[Value, str], program: list[str]) -> dict[Value, Span]:
    """Where a line such as `x = -2.0` or `x = -2; y = 5` assigns each leaf its number, and no other line does."""
    found: dict[str, list[tuple[str, Span]]] = {}
    for i, line in enumerate(program):
        for part in ASSIGNED.finditer(line):
            found.setdefault(part[1], []).append((part[2], (i, *part.span(2))))
    spans = {}
    for leaf in leaves:
        (text, span), *others = found.get(names[leaf]) or [("", (0, 0, 0))]
        if not others and _reads(text, leaf.data):
            spans[leaf] = span
    return spans


def _reads(text: str, number: float) -> bool:
    """Whether a text in a program is this number."""
    try:
        return number_text(float(text.replace("math.", "")), 17) == number_text(number, 17)
    except ValueError:
        return False


def _lines_of_gates(story: Story, program: Program, length: int) -> Lit:
    """Where the code of each gate stands; of a gate that is written out, all lines stand for each step."""
    owners, lit = story.owners(program.equal), Lit()
    script = program.script()
    for i, (_, part, places) in enumerate(script, length - len(script)):
        if part is not None:
            node = story.order[owners[part]]
            whole = places if part is node or places is None else range(len(node.parents))
            for place in [None] if whole is None else whole:
                lit.setdefault((node, place), []).append(i)
    return lit


def _lines_of_names(passes: Steps, program: list[str]) -> Lit:
    """In a program of the user's: the lines that assign `q` go with q's forward step, `dq` with those that reach it."""
    assigned: dict[str, list[int]] = {}
    for i, line in enumerate(program):
        target = re.match(r"\s*(\w+)\s*[-+*/]?=(?!=)", line)
        if target:
            assigned.setdefault(target[1], []).append(i)
    reaching: dict[Value, list[tuple[Value, int | None]]] = {}
    lit: Lit = {}
    for step in passes:
        if step.parent is None:
            lit[step.node, None] = assigned.get(step.name, [])
        else:
            reaching.setdefault(step.parent, []).append((step.node, step.place))
    for parent, ways in reaching.items():
        found = assigned.get(f"d{passes.names[parent]}", [])
        for way, i in zip(ways, itertools.cycle(found)):
            lit[way] = [i] if len(found) == len(ways) else found
    return lit
