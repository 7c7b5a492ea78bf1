"""NumPy's functions of values: `np.exp(x)` is the gate exp, `np.maximum(0, x)` the gate maximum.

NumPy asks the first of its inputs that has an `__array_ufunc__`, and hands it all of them.  That is so for operators
too: `np.float64(2) * x` comes here as `np.multiply`.  An array of objects goes element by element; an array of numbers
is refused, as `x * array` is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from . import table
from .gate import to_float

GATES_OF_NUMPY: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "float_power": operator.pow,
    "negative": operator.neg,
    "positive": operator.pos,
    "absolute": table.abs_,
    "fabs": table.abs_,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "exp": table.exp,
    "log": table.log,
    "sqrt": table.sqrt,
    "sin": table.sin,
    "cos": table.cos,
    "tanh": table.tanh,
    "maximum": table.maximum,
    "minimum": table.minimum,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
KNOWN = "+ - * / **, np.exp log sqrt sin cos tanh abs maximum minimum square reciprocal, and what scalargrad has"


def through_ufunc(asked: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What a function of NumPy gives on inputs among which is `asked`: a value, a bool, or an array of these.

    Raises TypeError for a function that is no gate, and for an array of numbers.
    """
    name = ufunc.__name__
    if name not in GATES_OF_NUMPY:
        raise TypeError(f"np.{name} is no gate, and no gradient would pass it; gates are {KNOWN}")
    if method != "__call__":
        raise TypeError(f"np.{name}.{method} takes an array, not one value: write np.array([x])")
    if options.keys() - {"out"}:
        raise TypeError(f"np.{name} of a value takes no {', '.join(options)}")
    arrays = [x for x in inputs if getattr(x, "ndim", 0)]
    for array in arrays:
        if array.dtype != object:
            to_float(array)  # raises: an array is no number
    result = _by_element(GATES_OF_NUMPY[name], inputs) if arrays else GATES_OF_NUMPY[name](*map(_bare, inputs))
    for array in options.get("out", ()):  # as in `array += x`
        array[...] = result
        return array
    return result


def _bare(x: Any) -> Any:
    """What a 0-d array holds, or `x` itself; a plain number as a float."""
    x = x.item() if hasattr(x, "item") else x
    return x if hasattr(x, "through_gate") else to_float(x)


def _by_element(operate: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:
    import numpy

    wrapped = []
    for x in inputs:
        array = x if getattr(x, "ndim", 0) else numpy.empty((), dtype=object)
        if array is not x:
            array[()] = _bare(x)  # in an array, the value is not asked again
        wrapped.append(array)
    return numpy.frompyfunc(operate, len(inputs), 1)(*wrapped)
