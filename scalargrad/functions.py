"""Gates as functions, of values or of plain floats: `exp(x)`, `maximum(x, y)`, `dot(ws, xs)`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, overload

from . import table
from .gate import to_float
from .given import listed
from .node import output_of_many
from .text import amount, short
from .value import Value

Number = TypeVar("Number", Value | float, Value, float)  # the first is what `sum` of values gives


def exp(x: Number) -> Number:
    """e ** x.  Its local gradient is its own output.  OverflowError above x = 709.78.

    >>> exp(Value(0.0))
    Value(1.0)
    >>> exp(0)
    1.0
    """
    return x.exp() if isinstance(x, Value) else table.exp(x)  # type: ignore[no-any-return]


def log(x: Number) -> Number:
    """The natural logarithm of x > 0; ValueError for other x.  Its local gradient is 1 / x."""
    return x.log() if isinstance(x, Value) else table.log(x)  # type: ignore[no-any-return]


def sqrt(x: Number) -> Number:
    """The square root of x >= 0; ValueError for x < 0.

    Its local gradient is 0.5 / sqrt(x), so at 0 the output is 0 and `backward()` raises ZeroDivisionError.
    """
    return x.sqrt() if isinstance(x, Value) else table.sqrt(x)  # type: ignore[no-any-return]


def sin(x: Number) -> Number:
    """The sine of x radians.  Its local gradient is cos(x)."""
    return x.sin() if isinstance(x, Value) else table.sin(x)  # type: ignore[no-any-return]


def cos(x: Number) -> Number:
    """The cosine of x radians.  Its local gradient is -sin(x)."""
    return x.cos() if isinstance(x, Value) else table.cos(x)  # type: ignore[no-any-return]


def tanh(x: Number) -> Number:
    """The hyperbolic tangent of x, between -1 and 1.  Its local gradient is 1 - z * z for the output z."""
    return x.tanh() if isinstance(x, Value) else table.tanh(x)  # type: ignore[no-any-return]


def sigmoid(x: Number) -> Number:
    """1 / (1 + e ** -x), between 0 and 1, for any x, however far out.

    Its local gradient is (1 - z) z for the output z (CS231n, Backpropagation, Modularity: sigmoid example).
    """
    return x.sigmoid() if isinstance(x, Value) else table.sigmoid(x)  # type: ignore[no-any-return]


def softplus(x: Number) -> Number:
    """log(1 + e ** x), a smooth relu, for any x, however far out.  Its local gradient is sigmoid(x)."""
    return x.softplus() if isinstance(x, Value) else table.softplus(x)  # type: ignore[no-any-return]


def relu(x: Number) -> Number:
    """x if it is positive, else 0.  Its local gradient is 1 or 0; at exactly 0 it is 0."""
    return x.relu() if isinstance(x, Value) else table.relu(x)  # type: ignore[no-any-return]


def leaky_relu(x: Number, slope: float = 0.1) -> Number:
    """x if it is positive, else `slope` times x.  Its local gradient is 1 or `slope`; at exactly 0 it is `slope`."""
    return table.leaky_relu(x, slope)  # type: ignore[no-any-return]


def elu(x: Number, alpha: float = 1.0) -> Number:
    """x if it is positive, else alpha (e ** x - 1).  Its local gradient is 1 or alpha e ** x.

    At exactly 0 the local gradient, and those of it, are the ones of the side below: alpha.
    Source: Clevert, Unterthiner, Hochreiter, 2015.
    """
    return table.elu(x, alpha)  # type: ignore[no-any-return]


@overload
def maximum(*values: float) -> float: ...  # type: ignore[overload-overlap]
@overload
def maximum(*values: Value | float) -> Value: ...
def maximum(*values: Any) -> Any:
    """The largest of one or more values, as one gate; nan if one of them is nan.

    Its local gradient is 1 for the winner and 0 for the others: max routes.  Those that tie share equally.

    >>> z, w = Value(2), Value(-1)
    >>> maximum(z, w).local_gradients()
    (1.0, 0.0)
    """
    return table.maximum(*_some("maximum", values))


@overload
def minimum(*values: float) -> float: ...  # type: ignore[overload-overlap]
@overload
def minimum(*values: Value | float) -> Value: ...
def minimum(*values: Any) -> Any:
    """The smallest of one or more values, as one gate; nan if one of them is nan.  Those that tie share equally."""
    return table.minimum(*_some("minimum", values))


@overload
def total(values: Iterable[float]) -> float: ...  # type: ignore[overload-overlap]
@overload
def total(values: Iterable[Value | float]) -> Value: ...
def total(values: Iterable[Any]) -> Any:
    """The sum of the values, added from left to right, as one gate; 0.0 for none.  Every local gradient is 1.

    >>> total([Value(1), Value(2), 3.0])
    Value(6.0)
    """
    values = _listed("total", values)
    return table.total.of(tuple(values)) if values else 0.0


@overload
def dot(ws: Iterable[float], xs: Iterable[float], bias: float | None = None) -> float: ...  # type: ignore[overload-overlap]
@overload
def dot(ws: Iterable[Value | float], xs: Iterable[Value | float], bias: Value | float | None = None) -> Value: ...
def dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> Any:
    """w1 x1 + w2 x2 + ... + bias, added from left to right, as one gate: a neuron before its activation.

    ws, xs: two sequences of the same length; ValueError if they differ.
    bias: added last; none by default.

    The local gradient of each w is its x, and of each x its w: dot switches its inputs.

    >>> dot([Value(2.0), Value(-3.0)], [-1.0, -2.0], Value(-3.0))
    Value(1.0)
    """
    ws, xs = _listed("dot", ws), _listed("dot", xs)
    if len(ws) != len(xs):
        raise ValueError(
            f"dot: {amount(len(ws), 'weight')} and {amount(len(xs), 'input')}; every weight needs one input"
        )
    if bias is None:  # fast where all are values: the same as below
        left, right = [w._data for w in ws if w.__class__ is Value], [x._data for x in xs if x.__class__ is Value]
        if len(left) == len(right) == len(ws) > 0:
            z = _products_added(left, right)
            return output_of_many(Value, z, table.dot.form(None), (*ws, *xs), (z, *left, *right))
    inputs = (*ws, *xs) if bias is None else (*ws, *xs, bias)
    return table.dot.of(inputs) if inputs else 0.0


@overload
def pick(values: Iterable[float], index: float) -> float: ...  # type: ignore[overload-overlap]
@overload
def pick(values: Iterable[Value | float], index: Value | float) -> Value: ...
def pick(values: Iterable[Any], index: Any) -> Any:
    """`values[index]` where the index is itself a value, such as an input that `record` hands to each run, as one gate.

    values: one or more values or numbers.
    index: a whole number, at least 0 and below the number of values; ValueError for another.  If it is a plain number
        there is nothing to remember: the result is the value itself, and no gate.

    Its local gradient is 1 for the value that is picked, and 0 for the others and for the index.

    >>> row = [Value(0.5), Value(-1.0), Value(2.0)]
    >>> pick(row, Value(2.0)).local_gradients()
    (0.0, 0.0, 0.0, 1.0)
    >>> pick(row, 2) is row[2]
    True
    """
    values = _listed("pick", values)
    if hasattr(index, "through_gate"):
        return table.pick.of((index, *values))
    inputs = (to_float(index), *values)
    table.pick.compute([x._data if isinstance(x, Value) else to_float(x) for x in inputs], inputs)  # or its error
    return values[int(index)]


def given_gradients(data: float, parents: Iterable[Value], local_gradients: Iterable[float]) -> Value:
    """A value made of numbers that you worked out yourself: its data, its parents and its local gradients.

    data: its number.
    parents: the values that it was computed from, one or more.
    local_gradients: the derivative of it by each parent, in the same order.

    >>> x, y = Value(3.0), Value(-4.0)
    >>> f = given_gradients(x.data * y.data, (x, y), (y.data, x.data))
    >>> f.backward()
    >>> f.data, x.grad, y.grad
    (-12.0, -4.0, 3.0)

    No more is known of it than its tangent: where it is computed again at other numbers, by `nudge` or on a page, it
    goes on in a straight line; `gradient` and `hessian` refuse it, since it has no second derivatives.  Where you can
    write a rule, `gate` makes a gate that has both right.

    Raises ValueError where there is no parent, not one local gradient for each, or one that is infinite or nan.
    """
    xs = listed(parents, "given_gradients takes the parents in a list, as in [x]")
    given = listed(local_gradients, "given_gradients takes the local gradients in a list, as in [2.0]")
    slopes = [to_float(slope) for slope in given]
    for x in xs:
        if not isinstance(x, Value):
            raise TypeError(f"given_gradients: a parent is a Value, not {type(x).__name__} {short(x)}")
    if len(xs) != len(slopes):
        raise ValueError(f"given_gradients takes one local gradient for each parent, not {len(slopes)} for {len(xs)}")
    if not xs:
        raise ValueError("given_gradients: a value without parents is a leaf: write Value(data)")
    at = [x.data for x in xs]
    for number, slope in zip(at, slopes):
        if not (math.isfinite(number) and math.isfinite(slope)):
            raise ValueError(f"given_gradients: a local gradient {slope!r} at a parent {number!r}: both must be finite")
    node: Value = table.given_gradients.of((data, *xs, *slopes, *at))
    return node


def dots(rows: Iterable[Sequence[Any]], xs: Sequence[Any], biases: Iterable[Any]) -> list[Any]:
    """[dot(ws, xs, b), ...] for every row of weights and its bias: the neurons of a layer before their activations.

    They share their inputs; looking at these only once halves the time.
    """
    shared: Sequence[float]
    values = [x for x in xs if x.__class__ is Value]
    if len(values) == len(xs):
        form, shared = table.dot.form(None), [x._data for x in values]
    elif {*map(type, xs)} == {float}:
        form, shared = table.dot.form((*range(len(xs)), 2 * len(xs))), xs  # weights and bias are values
    else:
        return [dot(ws, xs, b) for ws, b in zip(rows, biases)]
    outputs = []
    for ws, b in zip(rows, biases):
        numbers = [w._data for w in ws if w.__class__ is Value]
        if len(numbers) == len(xs) and b.__class__ is Value:
            z = _products_added(numbers, shared) + b._data
            outputs.append(output_of_many(Value, z, form, (*ws, *values, b), (z, *numbers, *shared, b._data)))
        else:
            outputs.append(dot(ws, xs, b))
    return outputs


def _products_added(ws: Iterable[float], xs: Iterable[float]) -> float:
    """The output of the dot gate on floats, fast."""
    z = -0.0  # with it added, every number stays the same, -0.0 too
    for w, x in zip(ws, xs):
        z += w * x
    return z


def _some(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise TypeError(f"{name} takes one value or more; for a list write {name}(*values)")
    if len(values) == 1 and isinstance(values[0], (list, tuple)):
        raise TypeError(f"{name} takes values, not a {type(values[0]).__name__} of them: write {name}(*values)")
    return values


def _listed(name: str, values: Iterable[Any]) -> Sequence[Any]:
    if type(values) is list or type(values) is tuple:
        return values
    return listed(values, f"{name} takes a list of values, as in {name}([x, y])")
