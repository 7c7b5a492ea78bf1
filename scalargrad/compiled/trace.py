"""A function of one sample becomes the shape of its graph.

It runs on values once, and then on other samples, to see whether they make the same graph.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..composite import Composite, named, parameters_of, taken_apart
from ..gate import Gate, to_float
from ..given import listed, wrong
from ..graph import topological_order
from ..text import short
from ..value import Value

MAX_WHOLE = 4.0  # whole numbers up to this are part of the shape, as the 2 of x ** 2 is; others are handed to each run
Shape = Any  # None for a number, else a tuple of the shapes of its parts

PARAMETERS = "parameters is a list of Values, as in [p] or model.parameters()"


class Entry(NamedTuple):
    """A gate of the recorded graph, or a plain number.

    gate: None for a plain number, which is handed to each run, like a parameter without a gradient.
    inputs: for each input of the gate the number of an earlier node, or the text of a plain number.
    """

    gate: Gate | None
    inputs: tuple[int | str, ...]


_entry = functools.partial(tuple.__new__, Entry)  # Entry(...) of a pair, without a call in between


class Trace(NamedTuple):
    """The shape of a recorded graph.  Nodes are numbered: the inputs, the parameters, then the entries.

    inputs, parameters: how many numbers a sample has, and how many parameters there are.
    entries: the gates and the plain numbers, in topological order.
    roots: the numbers of the roots; gradients are of the first.
    """

    inputs: int
    parameters: int
    entries: tuple[Entry, ...]
    roots: tuple[int, ...]

    @property
    def leaves(self) -> int:
        """The number of the first entry."""
        return self.inputs + self.parameters

    def run(self, leaves: Sequence[Value | float], numbers: Iterable[float]) -> None:
        """Goes forward and backward through the recorded graph, gate by gate; each gate raises its own error.

        leaves: the inputs and the parameters.  numbers: the plain numbers that are handed to each run.
        """
        nodes, left = [*leaves], iter(numbers)
        for gate, inputs in self.entries:
            given = [nodes[i] if isinstance(i, int) else float(i) for i in inputs]
            nodes.append(gate(*given) if gate else next(left))
        root = nodes[self.roots[0]]
        if isinstance(root, Value):
            root.backward()


class Recorder:
    """A function of one sample, which is run on values to see the graph that it makes.

    samples: one sample: a number, or (nested) numbers, for each argument of the function.
    parameters: the leaves that the gradients will be of.
    layouts: how each argument is made of numbers.

    Raises TypeError or ValueError for samples that are no numbers, and for parameters that are no leaves.
    """

    def __init__(self, function: Callable[..., Any], samples: Sequence[Any], parameters: Iterable[Value]):
        names = named(parameters_of(function), len(samples))
        self.function = function
        self.layouts = [Layout(name, sample) for name, sample in zip(names, samples)]
        self.parameters = _leaves(parameters)
        self._same = dict(zip(self.parameters, self.parameters))
        self._at = [layout.flat(sample) for layout, sample in zip(self.layouts, samples)]

    def recorded(self) -> tuple[Trace, list[float]]:
        """The shape of the graph, and the plain numbers in it.

        Raises ValueError if other samples make another graph, or other plain numbers: then the function branched on a
        value, or read its data.
        """
        first = self._graph(self._at).opened()
        trace, numbers = self._shape(first)
        for other in self._others():
            try:
                again = self._graph(other)
            except Exception:  # the function takes no such sample, and so it proves nothing
                continue
            if not _is_copy(first, again, self._same):
                self._refuse_another(trace, numbers, *self._shape(again.opened()))
        return trace, numbers

    def _refuse_another(self, trace: Trace, numbers: list[float], again: Trace, others: list[float]) -> None:
        """ValueError if another sample has made another graph, or other plain numbers."""
        if again != trace:
            raise ValueError(
                "the function makes different graphs of different samples, and only one can be recorded: "
                "write maximum, minimum, relu or abs for an `if` or a max on a value"
            )
        if any([a != b and (a == a or b == b) for a, b in zip(numbers, others)]):
            raise ValueError(
                "the function makes plain numbers that differ from run to run, and only one can be recorded: "
                "does it read x.data or float(x), or use random numbers?"
            )

    def _others(self) -> Iterator[list[list[float]]]:
        """Samples made up from the given one, each with other numbers for one argument."""
        chance = random.Random(0)
        for i, own in enumerate(self._at):
            for changed in ([-x for x in own], [x + 1.0 for x in own], [chance.uniform(-3.0, 3.0) for _ in own]):
                yield [*self._at[:i], changed, *self._at[i + 1 :]]

    def _graph(self, at: list[list[float]]) -> Graph:
        """The graph that the function makes of one sample."""
        inputs = [Value(x) for part in at for x in part]
        values = iter(inputs)
        made = self.function(*[layout.nested(values) for layout in self.layouts])
        roots: list[Any] = [*made] if isinstance(made, tuple) and made else [made]
        for root in roots:
            if not isinstance(root, Value):
                raise TypeError(f"the function returned {type(root).__name__} {root!r:.40}, not one Value")
        return Graph(inputs, roots)

    def _shape(self, graph: Graph) -> tuple[Trace, list[float]]:
        """The shape of a graph, and the plain numbers in it that are no part of the shape."""
        known: dict[Any, int] = dict(zip([*graph.inputs, *self.parameters], itertools.count()))
        leaves, numbers, entries = len(known), list[float](), list[Entry]()
        number_of = known.__getitem__

        def come_along(x: float) -> int:
            numbers.append(x)
            entries.append(Entry(None, ()))
            return leaves + len(entries) - 1

        def reference(x: Value | float) -> int | str:
            if isinstance(x, Value):
                return known[x]
            return repr(x) if abs(x) <= MAX_WHOLE and x.is_integer() else come_along(x)

        for node in graph.order:
            form = node.form
            if form.gate is None:
                if node not in known:
                    known[node] = come_along(node.data)
                continue
            values_alone = form.moving is None  # so is most of a large graph: it need not ask for each input
            inputs = tuple(map(number_of, node.parents) if values_alone else map(reference, node.inputs))
            known[node] = leaves + len(entries)  # after entries for its plain numbers
            entries.append(_entry((form.gate, inputs)))
        roots = tuple(map(number_of, graph.roots))
        return Trace(len(graph.inputs), len(self.parameters), tuple(entries), roots), numbers


class Graph:
    """What the recorded function made of one sample: the values of its inputs, and the roots."""

    def __init__(self, inputs: list[Value], roots: list[Value]):
        self.inputs = inputs
        self.roots = roots

    @functools.cached_property
    def order(self) -> list[Value]:
        return topological_order(self.roots)

    def opened(self) -> Graph:
        """The same graph, with the gates that are made of others taken apart."""
        gates = {node.form.gate for node in self.order}
        if not any([isinstance(gate, Composite) for gate in gates]):
            return self
        opened = taken_apart(self.roots, lambda gate: isinstance(gate, Composite))
        return Graph(self.inputs, [opened[root] for root in self.roots])


def _is_copy(graph: Graph, other: Graph, same: dict[Value, Value]) -> bool:
    """Whether the other graph is surely the same one on other inputs; `same` has each parameter, paired with itself.

    It pairs the nodes from the roots to the leaves, which is sooner done than a second shape.
    """
    twins: dict[Any, Any] = same | dict(zip(graph.inputs, other.inputs))
    inputs, pair = {*graph.inputs}, twins.setdefault
    if [*map(pair, graph.roots, other.roots)] != other.roots or len(graph.roots) != len(other.roots):
        return False
    for node in reversed(graph.order):
        if node in same or node in inputs:
            continue
        twin, form, left = twins[node], node.form, node._left
        if twin.form is not form:
            return False
        if left is not None and twin._left is not None:  # one parent or two, as most have; there, None goes with None
            if pair(left, twin._left) is not twin._left or pair(node._right, twin._right) is not twin._right:
                return False
        else:
            parents, theirs = node.parents, twin.parents
            if len(parents) != len(theirs) or tuple(map(pair, parents, theirs)) != theirs:
                return False
        if form.moving is not None or form.gate is None:
            if not _are_equal(_plain_numbers(node), _plain_numbers(twin)):
                return False
    return len({*twins.values()}) == len(twins)


def _plain_numbers(node: Value) -> list[float]:
    return [x for x in node.inputs if not isinstance(x, Value)] if node.gate else [node.data]


def _are_equal(numbers: list[float], others: list[float]) -> bool:
    """Whether numbers are equal, and no two of them 0.0 and -0.0."""
    return numbers == others and (0.0 not in numbers or repr(numbers) == repr(others))


def _leaves(parameters: Iterable[Value]) -> tuple[Value, ...]:
    leaves = listed(parameters, PARAMETERS)
    for p in leaves:
        if not isinstance(p, Value):
            raise wrong(PARAMETERS, p)
        if p.gate:
            raise ValueError(f"the parameter {p!r} is the output of a gate: parameters are leaves")
    if len(set(leaves)) < len(leaves):
        raise ValueError("a parameter is in the list more than once")
    return tuple(leaves)


# ---- samples in the shape that was recorded ----


class Layout:
    """How one argument of the recorded function is made of numbers.

    name: what the function calls the argument.
    shape: None for one number, else a tuple of the shapes of its parts.
    size: how many numbers there are.
    """

    def __init__(self, name: str, sample: Any):
        self.name = name
        where = f"the sample {name}"
        self.shape = _shape_of(plain(sample, where), where)
        self.size = len(self.flat(sample))
        if not self.size:
            raise ValueError(f"the sample {name} is empty: it has no numbers")

    def flat(self, sample: Any, where: str = "") -> list[float]:
        """The numbers of a sample, in order; ValueError or TypeError, naming the sample, if it has another shape.

        where: the place of the sample among others, such as "[3]".
        """
        numbers: list[float] = []
        where = f"{self.name}{where}"
        _flatten(plain(sample, where), self.shape, numbers, where)
        return numbers

    def rows(self, samples: Any) -> Sequence[Sequence[float]]:
        """The numbers of each of many samples; raises what `flat` raises."""
        kinds = set(map(type, samples))
        if self.shape is None and kinds == {float}:
            return [*zip(samples)]
        if self.shape and not any(self.shape) and kinds <= {list, tuple} and {*map(len, samples)} == {self.size}:
            if set(map(type, itertools.chain.from_iterable(samples))) == {float}:
                return samples  # type: ignore[no-any-return]
        return [self.flat(sample, f"[{i}]") for i, sample in enumerate(samples)]

    def array(self, samples: Any) -> Any:
        """An array of N samples as an array of N rows of numbers; raises what `flat` raises."""
        self.flat(samples[0], "[0]")  # what fits the first fits all: they have one shape
        return samples.reshape(len(samples), self.size)

    def nested(self, numbers: Iterator[Any]) -> Any:
        """The next numbers, nested in the shape of this argument."""
        return _nested(self.shape, numbers)


def rows(data: Sequence[Any], layouts: Sequence[Layout]) -> Sequence[Sequence[float]]:
    """N samples as N rows of floats: in each row the numbers of all arguments.  Without arguments, one empty row.

    data: for each argument, N samples.
    """
    data = [x if type(x) is list else plain(x, layout.name) for x, layout in zip(data, layouts)]
    if not any([layout.shape for layout in layouts]) and {*map(type, itertools.chain(*data))} == {float}:
        return [*zip(*data)]
    columns = [layout.rows(argument) for layout, argument in zip(layouts, data)]
    if len(columns) < 2:
        return columns[0] if columns else [()]
    return [[*itertools.chain.from_iterable(parts)] for parts in zip(*columns)]


def is_array(x: Any) -> bool:
    """Whether `x` is an array, NumPy's or JAX's, that holds numbers and nothing else: no mask hides some of them."""
    return getattr(getattr(x, "dtype", None), "kind", "") in ("f", "i", "u") and all(
        [hasattr(x, name) for name in ("astype", "reshape")] + [not hasattr(x, "mask")]
    )


def plain(x: Any, where: str) -> Any:
    """Arrays, tensors and memoryviews as lists; TypeError for dates, which NumPy may list as whole numbers."""
    if not hasattr(x, "tolist"):
        return x
    if getattr(getattr(x, "dtype", None), "kind", "") in ("M", "m"):
        raise TypeError(f"{where}: expected real numbers, not dates: {short(x)}")
    return x.tolist()


def _shape_of(x: Any, where: str) -> Shape:
    if isinstance(x, (list, tuple)):
        return tuple([_shape_of(part, f"{where}[{i}]") for i, part in enumerate(x)])
    _number(x, where)
    return None


def _nested(shape: Shape, numbers: Iterator[Any]) -> Any:
    return next(numbers) if shape is None else [_nested(part, numbers) for part in shape]


def _flatten(x: Any, shape: Shape, numbers: list[float], where: str) -> None:
    parts = x if isinstance(x, (list, tuple)) else None
    if shape is None and parts is None:
        numbers.append(x if type(x) is float else _number(x, where))
    elif shape is None or parts is None or len(parts) != len(shape):
        found = f"{x!r:.40}" if parts is None else f"a list of {len(parts)}"
        recorded = "one number" if shape is None else f"a list of {len(shape)}"
        raise ValueError(f"{where} is {found}, where {recorded} was recorded")
    else:
        for i, (part, inside) in enumerate(zip(parts, shape)):
            _flatten(part, inside, numbers, f"{where}[{i}]")


def _number(x: Any, where: str) -> float:
    try:
        return to_float(x)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None
