"""Gates of your own, and graphs with their gates taken apart."""

from __future__ import annotations

import inspect
import keyword
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from .formula import OPERATORS, Formula, read_rule
from .gate import CONSTANT, Form, Gate, Pattern
from .given import listed, wrong
from .graph import topological_order
from .table import GATES
from .value import Value, constant

MAX_LEVELS = 100  # levels of gates within gates


class Composite(Gate):
    """A gate made of other gates: one node outside, a graph of its own inside, where its local gradients come from."""

    __slots__ = ("function", "parameters")

    def __init__(self, function: Callable[..., Any], name: str, symbol: str, pattern: Pattern):
        super().__init__(self._output, self._slopes, pattern, symbol, name, function)
        self.function = function
        self.parameters = parameters_of(function)

    def inside(self, *numbers: float) -> tuple[list[Value], Value]:
        """The inputs and the output of the graph inside the gate, at these numbers.

        Raises ValueError if the function uses a value that is none of its inputs: no gradient would get there.
        """
        inputs = [Value(x, name) for x, name in zip(numbers, self.input_names(len(numbers)))]
        result = self.function(*inputs)
        output = result if isinstance(result, Value) else constant(self._checked("output", result))
        for node in topological_order([output]):
            if not node.gate and node.form is not CONSTANT and node not in inputs:
                raise ValueError(f"it uses {node!r} from outside; pass it as an input")
        return inputs, output

    def compute(self, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> float:
        try:
            return self._output(*numbers)
        except (ArithmeticError, ValueError) as error:
            raise self._because(error, self.domain, numbers, inputs) from None

    def slope_error(self, error: Exception, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> Exception:
        return self._because(error, self.steep, numbers, inputs)

    def _because(self, error: Exception, reason: str, numbers: Sequence[float], inputs: tuple[Any, ...]) -> Exception:
        """The error of this gate, which has its facts from the gate inside."""
        made: Any = self.error(error, reason, numbers, inputs, error)
        made.facts = getattr(error, "facts", made.facts)
        return made  # type: ignore[no-any-return]

    @property
    def arity(self) -> int | None:
        certain = all(p.kind in POSITIONAL and p.default is p.empty for p in self.parameters)
        return len(self.parameters) if certain and self.parameters else None

    def input_names(self, count: int) -> list[str]:
        return named(self.parameters, count)

    def _output(self, *numbers: float) -> float:
        return self.inside(*numbers)[1].data

    def _slopes(self, z: Any, *inputs: Any) -> tuple[Any, ...]:
        if isinstance(z, Formula):
            return tuple([z.slope(self, place, inputs) for place in range(len(inputs))])
        leaves, output = self.inside(*inputs)
        output.backward()
        return tuple([leaf.grad for leaf in leaves])


P = ParamSpec("P")  # a gate made of gates is called as its function is
R = TypeVar("R")
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function as its signature has them; none where Python does not know it."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def named(parameters: Iterable[inspect.Parameter], count: int) -> list[str]:
    """What a function calls its first `count` inputs; x1, x2, ... where it does not say."""
    known = [p.name for p in parameters if p.kind in POSITIONAL]
    return [*known, *(f"x{i + 1}" for i in range(len(known), count))][:count]


class Ruled(Protocol):
    """A gate with a rule, as type checkers see it: its function takes floats, and the gate takes values, too."""

    @overload
    def __call__(self, *inputs: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *inputs: Value | float) -> Value: ...


@overload
def gate(
    function: Callable[P, R], *, name: str | None = None, symbol: str | None = None, pattern: Pattern = "scales"
) -> Callable[P, R]: ...
@overload
def gate(
    *, name: str | None = None, symbol: str | None = None, pattern: Pattern = "scales"
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def gate(
    function: Callable[..., float],
    *,
    rule: Callable[..., Any],
    name: str | None = None,
    symbol: str | None = None,
    pattern: Pattern = "scales",
) -> Ruled: ...
@overload
def gate(
    *, rule: Callable[..., Any], name: str | None = None, symbol: str | None = None, pattern: Pattern = "scales"
) -> Callable[[Callable[..., float]], Ruled]: ...
def gate(
    function: Callable[..., Any] | None = None,
    *,
    rule: Callable[..., Any] | None = None,
    name: str | None = None,
    symbol: str | None = None,
    pattern: Pattern = "scales",
) -> Any:
    """Makes a gate of your own from a function; it works everywhere as the gates of the table do.

    function: without a rule, any function of `Value`s that returns one: a composite gate, whose local gradients come
        from the graph inside it.  With a rule, a function of floats.
    rule: a function (z, x, y, ...) of the output and the inputs that returns the local gradients, a tuple with one for
        each input; arithmetic and gates only, since it is read as a formula too.
    name: unique among the gates that you save together; by default the function's.
    symbol: what pictures show; by default the name.
    pattern: what it does to a gradient: distributes, routes, switches, flips or scales.

    >>> @gate
    ... def swish(x):
    ...     return x * x.sigmoid()
    >>> square = gate(lambda x: x * x, rule=lambda z, x: (2.0 * x,), name="square")
    >>> square(swish(Value(1.0))).gate.name, square(3)
    ('square', 9.0)

    Raises TypeError for a rule that cannot be read as a formula and, at the first use, for one that does not return one
    number for each input.
    """
    if function is None:
        return lambda function: gate(function, rule=rule, name=name, symbol=symbol, pattern=pattern)  # type: ignore[arg-type]
    if not callable(function):
        raise wrong("a gate is made of a function of its inputs", function)
    called = unicodedata.normalize("NFKC", str(name or getattr(function, "__name__", "")))  # as Python reads names
    if not called.isidentifier() or keyword.iskeyword(called) or called in GATES or called.startswith("__"):
        known = (
            "of a gate of the table"
            if called in GATES
            else "of something that is Python's own"
            if called[:2] == "__"
            else ""
        )
        fault = f"has the name {known}" if known else "has no name that is an identifier"
        raise ValueError(f"the gate {called!r} {fault}: choose another with name=")
    if rule is None:
        return Composite(function, called, symbol or called, pattern)
    slopes: Any = rule if isinstance(rule, tuple) else (rule,)
    if not slopes or not all(map(callable, slopes)):
        raise wrong("rule is a function of the output and the inputs, as in rule=lambda z, x: (2 * x,)", rule)
    made = Gate(function, rule, pattern, symbol or "", called)
    names = made.input_names(made.arity or 0)
    if names:  # the first use tries it on numbers
        read_rule(Form(made, None, rule), Formula("z"), tuple(map(Formula, names)))
    return made


def expand(root: Any, gates: Iterable[Any] | None = None) -> Any:
    """An equal graph in which some gates are taken apart into smaller ones, with the same leaves.

    root: a value, or several in a list; the result is alike.
    gates: which gates, one or several, by name, as gates or as functions (`sigmoid`); by default all that have
        an expansion and are no operators.

    Nodes that do not change are shared with the given graph; the others are new, with the same labels.

    >>> from scalargrad import sigmoid
    >>> x = Value(1.0)
    >>> [node.gate.name for node in topological_order([expand(sigmoid(x))])[1:]]
    ['neg', 'exp', 'add', 'div']

    Raises ValueError for a gate that cannot be taken apart, and where data was changed after the forward pass.
    """
    roots = roots_of(root)
    new = taken_apart(roots, _choice(gates, roots))
    return new[root] if isinstance(root, Value) else [new[r] for r in roots]


def roots_of(root: Value | Iterable[Value], least: int = 0) -> list[Value]:
    """What was given as one root, or several, as a list; TypeError for what is no value, or fewer than `least`."""
    roots: list[Any] = [root] if isinstance(root, Value) or not isinstance(root, Iterable) else list(root)
    others = [x for x in roots if not isinstance(x, Value)] or [root] * (len(roots) < least)
    if others:
        raise wrong("expected a Value or a list of Values", others[0])
    return roots


def taken_apart(
    roots: list[Value], chosen: Callable[[Gate], bool], order: list[Value] | None = None
) -> dict[Value, Value]:
    """{node: its equal in the new graph}, where the gates that are `chosen` are expanded until none is left.

    order: that of the graph, where it is known already.
    """
    order = topological_order(roots) if order is None else order
    new = {node: node for node in order}
    for _ in range(MAX_LEVELS):
        if not any(node.gate and chosen(node.gate) for node in order):
            return new
        equal = _one_level(order, chosen)
        new = {node: equal.get(now, now) for node, now in new.items()}
        order = topological_order([new[root] for root in roots])
    raise ValueError(f"the expansions go more than {MAX_LEVELS} levels deep: is there one that contains its own gate?")


def _one_level(order: list[Value], chosen: Callable[[Gate], bool]) -> dict[Value, Value]:
    new: dict[Value, Value] = {}
    for node in order:
        gate, inputs = node.gate, tuple([new[x] if isinstance(x, Value) else x for x in node.inputs])
        make = gate.expansion if gate and chosen(gate) else gate
        if make is None or (make is gate and inputs == node.inputs):
            new[node] = node
            continue
        check_unchanged(node)
        made = make(*inputs)
        new[node] = made if isinstance(made, Value) else constant(made)
        if made not in inputs:
            new[node].label = node.label or new[node].label
    return new


def substituted(roots: Iterable[Value], given: dict[Value, Value | float]) -> list[Any]:
    """The graphs of the roots, run again with other nodes or numbers in the place of some."""
    roots, new = list(roots), dict[Value, Any](given)
    for node in topological_order(roots):
        if node not in new:
            inputs = [new[x] if isinstance(x, Value) else x for x in node.inputs]
            new[node] = node.gate(*inputs) if node.gate else node
    return [new[root] for root in roots]


def check_unchanged(node: Value) -> None:
    """ValueError if the data of the node, or of a parent, is not what it was in the forward pass."""
    inputs = node.inputs
    for x, before in zip((node, *inputs), node.numbers):
        now = x.data if isinstance(x, Value) else x
        if now != before and (now == now or before == before):
            name = x.label or "an input" if isinstance(x, Value) else ""
            raise ValueError(f"{name} was changed from {before!r} to {now!r} after the forward pass; run it again")


def _choice(gates: Iterable[Any] | None, roots: list[Value]) -> Callable[[Gate], bool]:
    if gates is None:
        return lambda gate: gate.expansion is not None and gate.name not in OPERATORS
    known = GATES | {node.gate.name: node.gate for node in topological_order(roots) if node.gate}
    chosen = [gates] if isinstance(gates, str) or callable(gates) else gates
    names = {_gate_name(g) for g in listed(chosen, "gates is one gate, or a list of them, as in ['sigmoid']")}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no gate {name!r} in this graph")
        if known[name].expansion is None:
            raise ValueError(f"{name} is not made of smaller gates: it cannot be taken apart")
    return lambda gate: gate.name in names


def _gate_name(gate: Any) -> str:
    name = gate if isinstance(gate, str) else getattr(gate, "name", None) or getattr(gate, "__name__", None)
    if not isinstance(name, str):
        raise wrong("expected a gate, by its name or as a function", gate)
    return name
