"""`Value`: a number that remembers the gate and the parents it came from, and `backward()`, the chain rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

from . import table
from .arrays import through_ufunc
from .copies import copied, deep_copied, reduced
from .cut import warn_of_a_cut, warn_of_identity
from .elsewhere import OF_VALUE, Elsewhere
from .gate import CONSTANT, LEAF, Gate, to_float
from .given import no_power
from .graph import topological_order
from .node import Node, binary, done_by, output_of_many, reflected, unary
from .sending import send_back
from .text import short, typed


class Value(Node):
    """A number that remembers how it was computed, so that `backward()` can find the gradient of every input.

    data: one real number; it becomes a float.
    label: what pictures, steps and errors call it.
    grad: the gradient that it holds to begin with.

    >>> x, y, z = Value(-2), Value(5), Value(-4)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

    Operators and functions make new nodes and never change one.  A node remembers its `gate`, its `parents`, and the
    numbers of the forward pass, which the gate's rule closes over: `local_gradients()` evaluates this closure.

    `==` and `hash` are identity, so `f == -12` is False, with a warning: compare `f.data`.  `<`, `<=`, `>` and `>=`
    compare the data; a Python `if` on one records the branch that ran.

    Raises TypeError for a bool, a string, None, a complex number, a list, an array or another `Value`.
    """

    __slots__ = ()
    __array_ufunc__ = through_ufunc  # `np.exp(x)`, and `np.float64(2) * x`
    _op_priority = 1e9  # SymPy then leaves `Rational(1, 2) * x` to us; without it, it takes the float of x

    def __init__(self, data: float, label: str = "", grad: float = 0.0):
        self._data = data if type(data) is float else to_float(data)
        self._label = label if type(label) is str else text_of(label)
        self._grad = grad if type(grad) is float else to_float(grad)
        self.form = LEAF
        self._left = None
        self._parents = self._numbers = ()

    @property
    def data(self) -> float:
        """The number.  Assigning a new one is checked as by `Value(...)`, and changes neither graph nor gradients."""
        return self._data

    @data.setter
    def data(self, data: float) -> None:
        data = data if type(data) is float else to_float(data)
        if self._left is not None:  # then `_data` is also the output that the rule closes over: keep that
            self.connect(self.form, self.parents, self.numbers)
        self._data = data

    @property
    def grad(self) -> float:
        """The gradient: what `backward()` has added up here.  Assigning a new one is checked as by `Value(...)`."""
        return self._grad

    @grad.setter
    def grad(self, grad: float) -> None:
        if grad is None:
            raise TypeError("grad is a number, not None: to start anew write grad = 0.0")
        self._grad = grad if type(grad) is float else to_float(grad)

    @property
    def label(self) -> str:
        """What pictures, steps and errors call this value; "" for the name of the variable that holds it."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        self._label = text_of(label)

    # ---- forward: what a gate does with values ----

    def through_gate(self, gate: Gate, inputs: tuple[Value | float, ...]) -> Value:
        """A new node, the output of `gate`; plain numbers among the inputs become parameters of the gate."""
        parents, moving = cast("tuple[Value, ...]", inputs), None
        numbers = [x._data for x in parents if x.__class__ is Value]
        if len(numbers) < len(inputs):
            parents = tuple([x for x in inputs if isinstance(x, Value)])
            moving = tuple([i for i, x in enumerate(inputs) if isinstance(x, Value)])
            numbers = [x if type(x) is float else x._data if isinstance(x, Value) else to_float(x) for x in inputs]
            moving = moving if len(moving) < len(inputs) else None
        z = gate.compute(numbers, inputs)
        closed_over = (z, *numbers)
        node: Value = output_of_many(self.__class__, z, gate.form(moving, closed_over), parents, closed_over)
        return node

    # ---- backward: local gradients, and the chain rule ----

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

    @done_by(send_back)  # the same, fast, runs in the place of this body: sending.py
    def backward(self, upstream: float = 1.0) -> None:
        """Sets `grad` on every node of this graph to the derivative of this value by that node, times `upstream`.

        The chain rule, gate by gate from the root to the leaves: each gate multiplies the gradient that arrives by its
        local gradients and passes the products on to its parents; gradients add up at forks.

        An inner node shows this call alone; a leaf adds it to what it held, until `zero_grad()`.  Where a gate has no
        finite slope the error names it, leaves hold what they held, and inner nodes 0.  An infinite gradient times a
        local gradient of 0, as behind a relu that is off, is nan: nothing is masked.  Two threads may work on two
        graphs at once, but not on shared leaves.
        """
        order = topological_order([self])
        held = {node: node.grad for node in order if node.gate is None}
        self.zero_grad()
        self.grad = upstream
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local_gradients()):
                parent.grad += node.grad * local
        for leaf, grad in held.items():
            leaf.grad += grad

    def zero_grad(self) -> None:
        """Sets `grad` to 0 on every node of this graph."""
        for node in topological_order([self]):
            node.grad = 0.0

    def detach(self) -> Value:
        """A leaf with the same data and label: no gradient goes back from it to this value."""
        return self.__class__(self._data, label=self.label)

    def __copy__(self) -> Value:
        node: Value = copied(self, self.parents)
        return node

    __deepcopy__ = deep_copied
    __reduce__ = reduced

    # ---- operators: one gate each; a fast twin runs in the place of each body (node.py), and tests hold them alike

    @binary(table.add)
    def __add__(self, other: Value | float) -> Value:
        return self.through_gate(table.add, (self, other))

    @reflected(table.add, neutral=0)
    def __radd__(self, other: float) -> Value:
        """number + value.  The int 0, which Python's `sum` starts with, adds no gate: `0 + x` is x itself."""
        if type(other) is int and other == 0:
            return self
        return self.through_gate(table.add, (other, self))

    @binary(table.sub)
    def __sub__(self, other: Value | float) -> Value:
        return self.through_gate(table.sub, (self, other))

    @reflected(table.sub)
    def __rsub__(self, other: float) -> Value:
        return self.through_gate(table.sub, (other, self))

    @binary(table.mul)
    def __mul__(self, other: Value | float) -> Value:
        return self.through_gate(table.mul, (self, other))

    @reflected(table.mul)
    def __rmul__(self, other: float) -> Value:
        return self.through_gate(table.mul, (other, self))

    @binary(table.div)
    def __truediv__(self, other: Value | float) -> Value:
        return self.through_gate(table.div, (self, other))

    @reflected(table.div)
    def __rtruediv__(self, other: float) -> Value:
        return self.through_gate(table.div, (other, self))

    @binary(table.pow_)
    def __pow__(self, other: Value | float) -> Value:
        return self.through_gate(table.pow_, (self, other))

    @reflected(table.pow_)
    def __rpow__(self, other: float) -> Value:
        return self.through_gate(table.pow_, (other, self))

    @unary(table.neg)
    def __neg__(self) -> Value:
        return self.through_gate(table.neg, (self,))

    @unary(table.abs_)
    def __abs__(self) -> Value:
        return self.through_gate(table.abs_, (self,))

    def __pos__(self) -> Value:
        return self

    def __eq__(self, other: object) -> bool:
        """Whether the two are one and the same node; a plain number never is, and a warning says what to write."""
        if isinstance(other, Value) or not hasattr(other, "__float__") or getattr(other, "ndim", None):
            return self is other or NotImplemented
        warn_of_identity(self, other)
        return False

    __hash__ = object.__hash__

    def __lt__(self, other: Value | float) -> bool:
        return self._data < _data_of(other)

    def __le__(self, other: Value | float) -> bool:
        return self._data <= _data_of(other)

    def __gt__(self, other: Value | float) -> bool:
        return self._data > _data_of(other)

    def __ge__(self, other: Value | float) -> bool:
        return self._data >= _data_of(other)

    # ---- functions of one value, as methods ----

    @unary(table.exp)
    def exp(self) -> Value:
        """e ** this value."""
        return self.through_gate(table.exp, (self,))

    @unary(table.log)
    def log(self) -> Value:
        """The natural logarithm of this value, which must be positive."""
        return self.through_gate(table.log, (self,))

    @unary(table.sqrt)
    def sqrt(self) -> Value:
        """The square root of this value, which must not be negative."""
        return self.through_gate(table.sqrt, (self,))

    @unary(table.sin)
    def sin(self) -> Value:
        """The sine of this value, in radians."""
        return self.through_gate(table.sin, (self,))

    @unary(table.cos)
    def cos(self) -> Value:
        """The cosine of this value, in radians."""
        return self.through_gate(table.cos, (self,))

    @unary(table.tanh)
    def tanh(self) -> Value:
        """The hyperbolic tangent of this value, between -1 and 1."""
        return self.through_gate(table.tanh, (self,))

    @unary(table.sigmoid)
    def sigmoid(self) -> Value:
        """1 / (1 + e ** -value), between 0 and 1."""
        return self.through_gate(table.sigmoid, (self,))

    @unary(table.softplus)
    def softplus(self) -> Value:
        """log(1 + e ** value), a smooth relu."""
        return self.through_gate(table.softplus, (self,))

    @unary(table.relu)
    def relu(self) -> Value:
        """This value if it is positive, else 0."""
        return self.through_gate(table.relu, (self,))

    def leaky_relu(self, slope: float = 0.1) -> Value:
        """This value if it is positive, else `slope` times it."""
        return self.through_gate(table.leaky_relu, (self, slope))

    def elu(self, alpha: float = 1.0) -> Value:
        """This value if it is positive, else alpha (e ** value - 1)."""
        return self.through_gate(table.elu, (self, alpha))

    # ---- a value among Python's numbers ----

    def __bool__(self) -> NoReturn:
        raise TypeError("a Value is neither true nor false: write a comparison, like x > 0, or test x.data")

    def __float__(self) -> float:
        """The data, as a plain float that remembers nothing.

        `math.exp(x)` comes by here too, so no gradient passes it: write `exp(x)` or `x.exp()`, and `x.data` if a plain
        number is meant.  A line of yours that comes here is warned of it, by `CircuitCut`.
        """
        warn_of_a_cut(self)
        return self._data

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        grad = f", grad={typed(self.grad)}" if self.grad != 0.0 else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({typed(self._data)}{grad}{label})"

    # ---- what has no gradient is refused with a hint ----

    def _no_quotient(self, other: object) -> NoReturn:
        raise TypeError("// and % are steps: no gradient passes them.  Use /, or plain floats")

    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = _no_quotient

    __xor__ = __rxor__ = no_power

    def __round__(self, digits: int | None = None) -> NoReturn:
        raise TypeError('no gradient passes a rounding: to show a value write f"{x:.2f}", or round(x.data, 2)')

    # ---- names of other engines ----

    if not TYPE_CHECKING:
        _prev, _op, _backward, _children, item = map(Elsewhere, OF_VALUE.values())


def _data_of(x: Value | float) -> float:
    return x._data if isinstance(x, Value) else to_float(x)


def text_of(label: object) -> str:
    """The label, if it is text; TypeError for anything else."""
    if isinstance(label, (tuple, list, set)):
        raise TypeError(
            f"a label is text, not {type(label).__name__} {short(label)}: to make a value of its parents write "
            "given_gradients(data, parents, local_gradients)"
        )
    if not isinstance(label, str):
        raise TypeError(f"a label is text, not {type(label).__name__} {label!r:.40}: write str() around it")
    return label


def constant(number: float) -> Value:
    """A plain number as a leaf, for where a node is needed.  It is told from other leaves by its form, CONSTANT."""
    node = Value(number)
    node.form = CONSTANT
    return node
