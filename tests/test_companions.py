"""A gate is one row of the table, and what this test asks for: it names what a new row still lacks."""

from __future__ import annotations

import math
from unittest import mock

import pytest
from gate_points import HELPERS, POINTS

import scalargrad
from scalargrad import Value, functions
from scalargrad.compiled.engines import outputs
from scalargrad.expression import FUNCTIONS, OF_PROGRAMS
from scalargrad.formula import OPERATORS, Formula
from scalargrad.gate import Gate
from scalargrad.table import GATES


def is_arithmetic(gate):
    """Whether the output of a gate is a formula of arithmetic and gates, which every engine can run as it is."""
    try:
        gate.output(*map(Formula, gate.input_names(gate.arity or 3)))
    except (TypeError, ValueError):
        return False
    return True


def lacking(gate):
    """What a gate has to be given besides its row."""
    name = gate.name
    is_function = name not in HELPERS and name not in OPERATORS and name != "abs"
    has = {
        f"points to be tested at, in tests/gate_points.py: {name}": name in POINTS,
        f"an output on arrays, in outputs() of compiled/engines.py: {name}": (
            is_arithmetic(gate) or name in outputs(mock.MagicMock())
        ),
        f"a function, in functions.py: {name}": not is_function or name in vars(functions),
        f"its name at the front door, in __init__.py: {name}": not is_function or name in scalargrad.__all__,
        f"a place in typed expressions: {name}": not is_function or name in (*FUNCTIONS, *OF_PROGRAMS),
        f"a method, in value.py: {name}": not is_function or gate.arity is None or hasattr(Value, name),
    }
    return [what for what, is_there in has.items() if not is_there]


@pytest.mark.parametrize("gate", GATES.values(), ids=list(GATES))
def test_a_gate_has_all_that_it_needs(gate):
    assert "\n".join(lacking(gate)) == ""


def test_what_a_new_row_lacks_is_named():
    arctan = Gate(math.atan, lambda z, x: (1.0 / (1.0 + x * x),), name="arctan")
    assert [what.partition(",")[0] for what in lacking(arctan)] == [
        "points to be tested at",
        "an output on arrays",
        "a function",
        "its name at the front door",
        "a place in typed expressions: arctan",
        "a method",
    ]
    cube = Gate(lambda x: x * x * x, lambda z, x: (3.0 * x * x,), name="cube")
    assert not any("arrays" in what for what in lacking(cube))
