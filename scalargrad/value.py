"""`Value`: a number that remembers the gate and the parents it came from, and `backward()`, the chain rule."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar, cast, overload

from . import gates
from .gates import CONSTANT, LEAF, Form, Gate, number
from .graph import topological_order

_new = object.__new__


def _node(data: float, form: Form, left: Value, right: Value | None, x: float, y: float | None) -> Value:
    """The output of a gate of one or two inputs, made without the checks of `Value(...)`: all is known to be right."""
    node: Value = _new(Value)
    node._data = data
    node.grad = 0.0
    node.label = ""
    node.form = form
    node._left = left
    node._right = right
    node._x = x
    node._y = y
    return node


def _node_of_many(data: float, form: Form, parents: tuple[Value, ...], numbers: tuple[float, ...]) -> Value:
    """The same for a gate of any number of inputs."""
    node: Value = _new(Value)
    node._data = data
    node.grad = 0.0
    node.label = ""
    node._connect(form, parents, numbers)
    return node


def _unary(gate: Gate) -> Callable[[Value], Value]:
    """The method `value.gate()`."""
    output, form = gate.output, gate.form(None)

    def method(self: Value) -> Value:
        x = self._data
        try:
            z = output(x)
        except (ArithmeticError, ValueError):
            z = gate.compute([x], (self,))  # raises again, in words
        return _node(z, form, self, None, x, None)

    method.__name__, method.__doc__ = gate.name, f"The {gate.name} of this value, as one gate."
    return method


def _operator(gate: Gate) -> tuple[Callable[[Value, Value | float], Value], Callable[[Value, float], Value]]:
    """The methods for `value + other` and for `number + value`: two values, or a value and a parameter of the gate."""
    output, both, only_left, only_right = gate.output, gate.form(None), gate.form((0,)), gate.form((1,))

    def method(self: Value, other: Value | float) -> Value:
        x = self._data
        right: Value | None
        if isinstance(other, Value):
            y, form, right = other._data, both, other
        else:
            y, form, right = other if type(other) is float else number(other), only_left, None
        try:
            z = output(x, y)
        except (ArithmeticError, ValueError):
            z = gate.compute([x, y], (self, other))
        return _node(z, form, self, right, x, y)

    def reflected(self: Value, other: float) -> Value:
        x, y = number(other), self._data
        try:
            z = output(x, y)
        except (ArithmeticError, ValueError):
            z = gate.compute([x, y], (other, self))
        return _node(z, only_right, self, None, x, y)

    method.__doc__ = reflected.__doc__ = f"The {gate.name} gate, `{gate.symbol}`."
    return method, reflected


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, Value | float], bool]:
    """The method for `value < other`: it compares data, and gives a plain bool."""

    def method(self: Value, other: Value | float) -> bool:
        return compare(self._data, other._data if isinstance(other, Value) else number(other))

    return method


class Value:
    """A number that remembers how it was computed, so that `backward()` can find the gradient of every input.

    data: one real number; it becomes a float.
    label: what pictures, steps and errors call it.
    grad: the gradient that it holds to begin with.

    >>> x, y, z = Value(-2), Value(5), Value(-4)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

    Operators and functions make new nodes and never change one.  A node keeps its `parents`, and its *closure of local
    gradients* as the two halves of one: `form.rule`, the gate's rule, and `numbers`, the output and the inputs of the
    forward pass that the rule closes over.  These are numbers, not nodes: a graph has no reference cycle and is freed
    as soon as nobody holds its root, and later changes of `data` cannot falsify a backward pass that is still to come.

    `==` and `hash` are identity, so `f == -12` is False: compare `f.data`.  `<`, `<=`, `>` and `>=` compare the data; a
    Python `if` on one records the branch that ran.

    Raises TypeError for a bool, a string, None, a complex number, a list, an array or another `Value`.
    """

    # The output of a gate of one or two inputs, as most are, has a slot for each parent and each number.  Where there
    # are more inputs, or none, `_left` is None and tuples have them.  Tuples alone would be simpler, but each is one
    # more object for Python's garbage collector to look after: a training step would take twice the time.
    __slots__ = ("_data", "grad", "label", "form", "_left", "_right", "_x", "_y", "_parents", "_numbers")
    _left: Value | None
    _right: Value | None
    _x: float
    _y: float | None
    _parents: tuple[Value, ...]
    _numbers: tuple[float, ...]
    __array_ufunc__ = None  # NumPy then leaves `array * value` to us, and we refuse it as we refuse `value * array`

    def __init__(self, data: float, label: str = "", grad: float = 0.0):
        if not isinstance(label, str):
            raise TypeError(f"a label is text, not {type(label).__name__} {label!r:.40}: write str() around it")
        self._data = data if type(data) is float else number(data)
        self.grad = grad if type(grad) is float else number(grad)
        self.label = label
        self.form: Form = LEAF
        self._left = None
        self._parents = self._numbers = ()

    @property
    def data(self) -> float:
        """The number.  Assigning a new one is checked as by `Value(...)`, and changes neither graph nor gradients."""
        return self._data

    @data.setter
    def data(self, data: float) -> None:
        data = number(data)
        if self._left is not None:  # then `_data` is also the output that the rule closes over: keep that
            self._connect(self.form, self.parents, self.numbers)
        self._data = data

    @property
    def gate(self) -> Gate | None:
        """The gate that this value is the output of; None for a leaf."""
        return self.form.gate

    @property
    def parents(self) -> tuple[Value, ...]:
        """The values that the gate was given, in order; () for a leaf."""
        if self._left is None:
            return self._parents
        return (self._left,) if self._right is None else (self._left, self._right)

    @property
    def numbers(self) -> tuple[float, ...]:
        """What the gate's rule closes over: its output and its inputs as the forward pass had them; () for a leaf."""
        if self._left is None:
            return self._numbers
        return (self._data, self._x) if self._y is None else (self._data, self._x, self._y)

    @property
    def inputs(self) -> tuple[Value | float, ...]:
        """The inputs of the gate, in order: its `parents`, and plain floats for its parameters."""
        if self.form.moving is None:
            return self.parents
        inputs: list[Value | float] = list(self.numbers[1:])
        for place, parent in zip(self.form.moving, self.parents):
            inputs[place] = parent
        return tuple(inputs)

    # ---- forward: what a gate does with values ----

    def through_gate(self, gate: Gate, inputs: tuple[Value | float, ...]) -> Value:
        """A new node, the output of `gate`; plain numbers among the inputs become parameters of the gate."""
        parents, moving = cast("tuple[Value, ...]", inputs), None
        numbers = [x._data for x in parents if x.__class__ is Value]
        if len(numbers) < len(inputs):
            parents = tuple([x for x in inputs if isinstance(x, Value)])
            moving = tuple([i for i, x in enumerate(inputs) if isinstance(x, Value)])
            numbers = [x if type(x) is float else x._data if isinstance(x, Value) else number(x) for x in inputs]
        z = gate.compute(numbers, inputs)
        closed_over = (z, *numbers)
        return _node_of_many(z, gate.form(moving, closed_over), parents, closed_over)

    def _connect(self, form: Form, parents: tuple[Value, ...], numbers: tuple[float, ...]) -> None:
        """Makes of this value the output of a gate of any number of inputs."""
        self.form = form
        self._left = None
        self._parents = parents
        self._numbers = numbers

    # ---- backward ----

    def local_gradients(self) -> tuple[float, ...]:
        """The derivative of this value by each of its `parents`, at the numbers of the forward pass; () for a leaf.

        Raises ZeroDivisionError, naming the gate, where a slope is infinite.

        >>> (Value(3) * Value(-4)).local_gradients()
        (-4.0, 3.0)
        """
        gate = self.form.gate
        if gate is None:
            return ()
        try:
            return tuple(self.form.rule(*self.numbers))
        except (ArithmeticError, ValueError) as error:
            raise gate.slope_error(error, self.numbers[1:], self.inputs) from None

    def backward(self, upstream: float = 1.0) -> None:
        """Leaves in the `grad` of every node of this graph the derivative of this value by that node, times `upstream`.

        The chain rule, gate by gate from the root to the leaves: each gate multiplies the gradient that arrives by its
        local gradients and passes the products on to its parents; gradients add up at forks.

        An inner node shows this call alone; a leaf adds it to what it held, until `zero_grad()`.  Where a gate has no
        finite slope the error names it, leaves hold what they held, and inner nodes 0.  Two threads may work on two
        graphs at once, but not on shared leaves.
        """
        upstream = upstream if type(upstream) is float else number(upstream)
        gates: list[Value] = []
        held: dict[Value, float] = {}
        node: Value | None = None
        try:
            self._start_at_zero(gates, held)
            node = self
            node.grad = upstream
            for node in reversed(gates):
                upstream, rule, left = node.grad, node.form.rule, node._left
                if left is None:
                    if upstream == 0.0 and node.form.gate in SUMS and math.isfinite(node._numbers[0]):
                        continue  # a dead neuron: nothing arrives, and no number is infinite, so nothing goes on
                    for parent, local in zip(node._parents, rule(*node._numbers)):
                        parent.grad += upstream * local
                else:  # the same without a loop, for one parent or two
                    slopes = rule(node._data, node._x) if node._y is None else rule(node._data, node._x, node._y)
                    left.grad += upstream * slopes[0]
                    right = node._right
                    if right is not None:
                        right.grad += upstream * slopes[1]
            for leaf, grad in held.items():
                leaf.grad += grad
        except BaseException:  # Ctrl-C too must not leave half a gradient behind
            for any_node in topological_order([self]):
                if any_node.gate or node is not None:  # without a node the sweep has not begun, nor changed a leaf
                    any_node.grad = 0.0
            for leaf, grad in held.items():
                leaf.grad = grad
            if node is not None:
                node.local_gradients()  # if it was this gate's rule that raised, it raises again, in words
            raise

    def _start_at_zero(self, gates: list[Value], held: dict[Value, float]) -> None:
        """Sets all gradients of this graph to 0; adds its gates, in topological order, and what its leaves held.

        The walk is that of `topological_order`, with marks instead of a set: two zeros of this call's own.  A gate that
        waits for its parents has one of them as its `grad`, a node that needs no second visit the other.  Leaves need
        no place in the order: they are done where they are met.
        """
        done = float("0")  # an object that no node has yet, as the literal 0.0 is not
        waiting = -done
        stack = [self]
        while stack:
            node = stack[-1]
            grad, left = node.grad, node._left
            if grad is waiting:
                node.grad = done
                gates.append(stack.pop())
            elif grad is done:
                stack.pop()
            elif left is not None:
                node.grad = waiting
                right = node._right
                if right is not None and right.grad is not done:
                    if right.form.gate is not None:
                        stack.append(right)
                    else:
                        if right.grad:
                            held[right] = right.grad
                        right.grad = done
                if left.grad is not done:
                    if left.form.gate is not None:
                        stack.append(left)
                    else:
                        if left.grad:
                            held[left] = left.grad
                        left.grad = done
            elif node.form.gate is None:
                if grad:
                    held[node] = grad
                node.grad = done
                stack.pop()
            else:
                node.grad = waiting
                stack += [parent for parent in reversed(node._parents) if parent.grad is not done]

    def zero_grad(self) -> None:
        """Sets `grad` to 0 on every node of this graph."""
        for node in topological_order([self]):
            node.grad = 0.0

    def detach(self) -> Value:
        """A leaf with the same data and label: no gradient goes back from it to this value."""
        return Value(self._data, self.label)

    def __copy__(self) -> Value:
        node = Value(self._data, self.label, self.grad)
        node._connect(self.form, self.parents, self.numbers)
        return node

    # ---- operators: one gate each ----

    __add__, __radd__ = _operator(gates.add)
    __sub__, __rsub__ = _operator(gates.sub)
    __mul__, __rmul__ = _operator(gates.mul)
    __truediv__, __rtruediv__ = _operator(gates.div)
    __pow__, __rpow__ = _operator(gates.pow_)

    __neg__, __abs__ = _unary(gates.neg), _unary(gates.abs_)
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    def __pos__(self) -> Value:
        return self

    def _no_quotient(self, other: object) -> NoReturn:
        raise TypeError("// and % are steps: no gradient passes them.  Use /, or plain floats")

    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = _no_quotient

    def _no_power(self, other: object) -> NoReturn:
        raise TypeError("^ is no power in Python: write x ** 2")

    __xor__ = __rxor__ = _no_power

    def __round__(self, digits: int | None = None) -> NoReturn:
        raise TypeError('no gradient passes a rounding: to show a value write f"{x:.2f}", or round(x.data, 2)')

    # ---- functions of one value, as methods ----

    exp, log, sqrt, sin, cos = map(_unary, (gates.exp, gates.log, gates.sqrt, gates.sin, gates.cos))
    tanh, sigmoid, relu, softplus = map(_unary, (gates.tanh, gates.sigmoid, gates.relu, gates.softplus))

    def leaky_relu(self, slope: float = 0.1) -> Value:
        """This value if it is positive, else `slope` times it."""
        return self.through_gate(gates.leaky_relu, (self, slope))

    def elu(self, alpha: float = 1.0) -> Value:
        """This value if it is positive, else alpha (e**value - 1)."""
        return self.through_gate(gates.elu, (self, alpha))

    # ---- a value among Python's numbers ----

    def __bool__(self) -> NoReturn:
        raise TypeError("a Value is neither true nor false: write a comparison, like x > 0, or test x.data")

    def __float__(self) -> float:
        """The data, as a plain float that remembers nothing.

        `math.exp(x)` comes by here too, so no gradient passes it: write `exp(x)` or `x.exp()`.
        """
        return self._data

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        grad = f", grad={_typed(self.grad)}" if self.grad != 0.0 else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({_typed(self._data)}{grad}{label})"


def _typed(x: float) -> str:
    """A float as one types it: nan and inf have no literal."""
    return repr(x) if math.isfinite(x) else f"float('{x!r}')"


SUMS = (gates.total, gates.dot)


def constant(number: float) -> Value:
    """A plain number as a leaf, for where a node is needed.  It is told from other leaves by its form, CONSTANT."""
    node = Value(number)
    node.form = CONSTANT
    return node


# ---- gates as functions, of values or of plain floats ----

Number = TypeVar("Number", Value, float)


def exp(x: Number) -> Number:
    """e ** x.  Its local gradient is its own output.  OverflowError above x = 709.78.

    >>> exp(Value(0.0))
    Value(1.0)
    >>> exp(0)
    1.0
    """
    return x.exp() if isinstance(x, Value) else gates.exp(x)  # type: ignore[no-any-return]


def log(x: Number) -> Number:
    """The natural logarithm of x > 0; ValueError for other x.  Its local gradient is 1 / x."""
    return x.log() if isinstance(x, Value) else gates.log(x)  # type: ignore[no-any-return]


def sqrt(x: Number) -> Number:
    """The square root of x >= 0; ValueError for x < 0.

    Its local gradient is 0.5 / sqrt(x), so at 0 the output is 0 and `backward()` raises ZeroDivisionError.
    """
    return x.sqrt() if isinstance(x, Value) else gates.sqrt(x)  # type: ignore[no-any-return]


def sin(x: Number) -> Number:
    """The sine of x radians.  Its local gradient is cos(x)."""
    return x.sin() if isinstance(x, Value) else gates.sin(x)  # type: ignore[no-any-return]


def cos(x: Number) -> Number:
    """The cosine of x radians.  Its local gradient is -sin(x)."""
    return x.cos() if isinstance(x, Value) else gates.cos(x)  # type: ignore[no-any-return]


def tanh(x: Number) -> Number:
    """The hyperbolic tangent of x, between -1 and 1.  Its local gradient is 1 - z * z for the output z."""
    return x.tanh() if isinstance(x, Value) else gates.tanh(x)  # type: ignore[no-any-return]


def sigmoid(x: Number) -> Number:
    """1 / (1 + e ** -x), between 0 and 1, for any x, however far out.

    Its local gradient is (1 - z) z for the output z (CS231n, Backpropagation, Modularity: sigmoid example).
    """
    return x.sigmoid() if isinstance(x, Value) else gates.sigmoid(x)  # type: ignore[no-any-return]


def softplus(x: Number) -> Number:
    """log(1 + e ** x), a smooth relu, for any x, however far out.  Its local gradient is sigmoid(x)."""
    return x.softplus() if isinstance(x, Value) else gates.softplus(x)  # type: ignore[no-any-return]


def relu(x: Number) -> Number:
    """x if it is positive, else 0.  Its local gradient is 1 or 0; at exactly 0 it is 0."""
    return x.relu() if isinstance(x, Value) else gates.relu(x)  # type: ignore[no-any-return]


def leaky_relu(x: Number, slope: float = 0.1) -> Number:
    """x if it is positive, else `slope` times x.  Its local gradient is 1 or `slope`; at exactly 0 it is `slope`."""
    return gates.leaky_relu(x, slope)  # type: ignore[no-any-return]


def elu(x: Number, alpha: float = 1.0) -> Number:
    """x if it is positive, else alpha (e ** x - 1).  Its local gradient is 1 or alpha e ** x; at exactly 0 it is alpha.

    Source: Clevert, Unterthiner, Hochreiter, 2015.
    """
    return gates.elu(x, alpha)  # type: ignore[no-any-return]


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
    return gates.maximum(*_some("maximum", values))


@overload
def minimum(*values: float) -> float: ...  # type: ignore[overload-overlap]
@overload
def minimum(*values: Value | float) -> Value: ...
def minimum(*values: Any) -> Any:
    """The smallest of one or more values, as one gate; nan if one of them is nan.  Those that tie share equally."""
    return gates.minimum(*_some("minimum", values))


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
    return gates.total.of(tuple(values)) if values else 0.0


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
        raise ValueError(f"dot: {len(ws)} weights and {len(xs)} inputs; every weight needs one input")
    inputs = (*ws, *xs) if bias is None else (*ws, *xs, bias)
    return gates.dot.of(inputs) if inputs else 0.0


def dots(rows: Iterable[Sequence[Any]], xs: Sequence[Any], biases: Iterable[Any]) -> list[Any]:
    """[dot(ws, xs, b), ...] for every row of weights and its bias: the neurons of a layer before their activations.

    They share their inputs, and to look at these once takes half the time.
    """
    shared: Sequence[float]
    values = [x for x in xs if x.__class__ is Value]
    if len(values) == len(xs):
        form, shared = gates.dot.form(None), [x._data for x in values]
    elif {*map(type, xs)} == {float}:
        form, shared = gates.dot.form((*range(len(xs)), 2 * len(xs))), xs  # weights and bias are values
    else:
        return [dot(ws, xs, b) for ws, b in zip(rows, biases)]
    outputs = []
    for ws, b in zip(rows, biases):
        numbers = [w._data for w in ws if w.__class__ is Value]
        if len(numbers) == len(xs) and b.__class__ is Value:
            numbers += shared
            numbers.append(b._data)
            z = gates.dot.output(*numbers)
            outputs.append(_node_of_many(z, form, (*ws, *values, b), (z, *numbers)))
        else:
            outputs.append(dot(ws, xs, b))
    return outputs


def _some(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise TypeError(f"{name} takes one value or more; for a list write {name}(*values)")
    if len(values) == 1 and isinstance(values[0], (list, tuple)):
        raise TypeError(f"{name} takes values, not a {type(values[0]).__name__} of them: write {name}(*values)")
    return values


def _listed(name: str, values: Iterable[Any]) -> Sequence[Any]:
    if type(values) is list or type(values) is tuple:
        return values
    if isinstance(values, (Value, int, float)):
        raise TypeError(f"{name} takes a list of values, not one {type(values).__name__}: write {name}([...])")
    return list(values)
