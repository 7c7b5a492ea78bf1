"""Lines that look like arithmetic on values and are none are warned of, where they are the user's."""

from __future__ import annotations

import json
import math
import re
import statistics
import types
import warnings
from fractions import Fraction
from pathlib import Path
from unittest import mock

import pytest

import scalargrad
from scalargrad import CircuitCut, Value

LESSON = """
x, y = Value(3.0, "x"), Value(-4.0)
sigy = 1.0 / (1 + math.exp(-y))
"""


def warnings_of(run, *arguments):
    """What a call is warned of, each time anew."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(*arguments)
    return caught


def test_the_lectures_own_code_is_warned_of():
    """The notes write math.exp: pasted on values it gives wrong gradients without an error."""
    (cut,) = warnings_of(exec, compile(LESSON, "lesson.py", "exec"), {"Value": Value, "math": math})
    assert cut.category is CircuitCut and (cut.filename, cut.lineno) == ("lesson.py", 3)
    assert str(cut.message).startswith("a value of 4.0 becomes a plain number here") and "write exp(x)" in str(
        cut.message
    )


@pytest.mark.parametrize(
    "read", [float, math.sqrt, lambda x: math.pow(x, 2), lambda x: f"{float(x):.2f}", lambda x: max(map(float, [x]))]
)
def test_every_way_to_a_plain_float(read):
    x = Value(2.0, "x")
    (cut,) = warnings_of(read, x)
    assert cut.category is CircuitCut and cut.filename == __file__
    assert str(cut.message).startswith("x = 2.0 becomes a plain number here") and "x.data" in str(cut.message)


def test_it_is_an_error_where_warnings_are():
    with pytest.raises(CircuitCut, match="^h = 2.0 becomes"), warnings.catch_warnings():
        warnings.simplefilter("error")
        math.exp(Value(2.0, "h"))


def test_each_cut_of_a_prompt_is_said():
    """There every line is line 1 of one file: the name and the number tell the warnings apart."""
    names = {"math": math, "a": Value(1.0), "b": Value(2.0)}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for line in ("math.exp(a)", "math.exp(b)", "math.exp(b)"):
            exec(compile(line, "<stdin>", "single"), names)
    assert [str(w.message).split(" becomes")[0] for w in caught] == ["a = 1.0", "b = 2.0"]


def test_libraries_are_left_in_peace():
    x = Value(2.0)
    library = types.ModuleType("library")
    for folder in (Path(json.__file__).parent, Path(pytest.__file__).parent, Path(scalargrad.__file__).parent):
        exec(compile("def read(x): return float(x)", str(folder / "plot.py"), "exec"), library.__dict__)
        assert warnings_of(library.read, x) == []
    assert warnings_of(statistics.fmean, [1.0, 2.0]) == warnings_of(format, x, ".2f") == []


COMPARISONS = {
    "x == -2": False,
    "-2.0 == x": False,
    "x != 0": True,
    "x == Fraction(-2)": False,
    "x == True": False,
}


@pytest.mark.parametrize("text", COMPARISONS)
def test_comparing_with_a_plain_number_is_warned_of(text):
    x, results = Value(-2.0), []
    code = compile(f"results.append({text})", "lesson.py", "exec")
    (warned,) = warnings_of(exec, code, {"x": x, "Fraction": Fraction, "results": results})
    assert warned.filename == "lesson.py" and results == [COMPARISONS[text]]
    assert re.search(r"^x is -2\.0, and x == \S+ is False all the same.* x\.data == ", str(warned.message))


def test_what_compares_rightly_is_not():
    x, y = Value(2.0), Value(2.0)

    def compare():
        assert x == x and x != y and not x == y and x == mock.ANY and x != "x" and x != None  # noqa: E711
        assert x in [1.0, x] and 2.0 not in [x] and [1.0, x].index(x) == 1 and x in (2 * x).inputs
        assert len({x, y, x}) == 2 and {x: 1}[x] == 1

    assert warnings_of(compare) == []
    assert Value.__hash__ is object.__hash__
