"""NumPy's functions and operators on values: gates, or a sentence that says why not."""

from __future__ import annotations

import math
import operator
import re
import warnings

import pytest
from gate_points import plain

from scalargrad import Value
from scalargrad.arrays import GATES_OF_NUMPY

np = pytest.importorskip("numpy", reason="the extra `numpy` is not installed")
UFUNCS = {name: x for name, x in vars(np).items() if isinstance(x, np.ufunc)}
COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("name", UFUNCS)
def test_every_function_of_numpy_is_a_gate_or_refused_in_words(name):
    ufunc = UFUNCS[name]
    for numbers in [(0.7, 2.0), (1.5, 0.25)]:
        given = numbers[: ufunc.nin]
        for value_at in range(ufunc.nin):
            inputs = [Value(x) if i == value_at else x for i, x in enumerate(given)]
            if ufunc.__name__ in GATES_OF_NUMPY:
                result, exact = ufunc(*inputs), float(ufunc(*given))
                if ufunc.__name__ in COMPARISONS - {"equal", "not_equal"}:
                    assert result is bool(exact)
                elif ufunc.__name__ not in COMPARISONS:
                    assert plain(result) == pytest.approx(exact, rel=1e-15)
                    result.backward()
                    assert inputs[value_at].grad == pytest.approx(slope(ufunc, given, value_at), rel=1e-6)
            else:
                sentence = rf"^np\.{ufunc.__name__} is no gate, and no gradient would pass it|^the data types|signature"
                with pytest.raises(TypeError, match=sentence):
                    ufunc(*inputs)


def slope(ufunc, numbers, place, h=1e-6):
    above, below = ([x + (i == place) * d for i, x in enumerate(numbers)] for d in (h, -h))
    return float(ufunc(*above) - ufunc(*below)) / (2 * h)


def test_every_name_is_one_of_numpys():
    assert {ufunc.__name__ for ufunc in UFUNCS.values()} >= set(GATES_OF_NUMPY)


@pytest.mark.parametrize("operate", OPERATORS)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.array])
def test_numpys_numbers_are_numbers(operate, kind):
    x, number = Value(3.0), kind(2)
    for z, exact in ((operate(x, number), operate(3.0, 2.0)), (operate(number, x), operate(2.0, 3.0))):
        assert type(z) is Value and type(z.data) is float and z.data == exact and z.parents == (x,)


@pytest.mark.parametrize("number", [np.bool_(True), np.complex128(1j), np.str_("2")])
@pytest.mark.parametrize("operate", OPERATORS)
def test_what_is_no_number_is_refused_both_ways(operate, number):
    for inputs in ((number, Value(2.0)), (Value(2.0), number)):
        with pytest.raises(TypeError):
            operate(*inputs)


@pytest.mark.parametrize("operate", [*OPERATORS, operator.lt, operator.ge])
def test_arrays_of_numbers_are_refused_both_ways_alike(operate):
    x, array = Value(2.0), np.array([1.0, 2.0])
    told = []
    for inputs in ((x, array), (array, x)):
        with pytest.raises(TypeError, match="make one for each") as error:
            operate(*inputs)
        told.append(str(error.value))
    assert told[0] == told[1]


def test_arrays_of_values_go_element_by_element():
    xs, w = [Value(1.0), Value(-2.0), Value(3.0)], Value(2.0)
    array = np.array(xs)
    for z in (array * w, w * array):
        assert z.dtype == object and [(e.gate.name, w in e.parents, e.data) for e in z] == [
            ("mul", True, 2.0 * x.data) for x in xs
        ]
    assert [e.gate.name for e in np.maximum(array, w)] == ["maximum"] * 3
    assert [e.data for e in np.array(w) * array] == [2.0, -4.0, 6.0] and (np.array(w) * w).data == 4.0
    held = array
    array += w
    assert array is held and [e.data for e in array] == [3.0, 0.0, 5.0]


def test_a_softmax_loss_as_it_is_written_with_numpy():
    """log-sum-exp of the scores minus the right one: its gradient is the probabilities, less 1 at the right one."""
    scores = [Value(1.0), Value(2.0), Value(-0.5)]
    p = np.exp(scores) / np.sum(np.exp(scores))
    loss = -np.log(p[1])
    loss.backward()
    total = sum(math.exp(s.data) for s in scores)
    exact = [math.exp(s.data) / total - (i == 1) for i, s in enumerate(scores)]
    assert [s.grad for s in scores] == pytest.approx(exact, rel=1e-12)
    again = np.log(np.sum(np.exp(scores))) - scores[1]
    assert again.data == pytest.approx(loss.data, rel=1e-14)


def test_what_else_is_refused_in_words():
    x = Value(2.0)
    for call, words in (
        (lambda: np.exp(x, where=np.array(True)), "np.exp of a value takes no where"),
        (lambda: np.add.reduce(x), r"np.add.reduce takes an array, not one value: write np.array\(\[x\]\)"),
        (lambda: np.maximum.outer(x, x), "np.maximum.outer takes an array"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
    with pytest.raises(ValueError, match="log: input x = -1.0 is not positive"):
        np.log(Value(-1.0))


def test_comparing_with_a_number_of_numpy_is_warned_of_on_either_side():
    x = Value(2.0)
    for text in ("x == two", "two == x", "x != two"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            exec(compile(text, "lesson.py", "exec"), {"x": x, "two": np.float64(2)})
        (warned,) = caught
        assert warned.filename == "lesson.py" and re.search(r"x\.data == 2\.0", str(warned.message))
