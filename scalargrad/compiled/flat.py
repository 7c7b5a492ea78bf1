"""Flat code: a recorded graph as lines of one gate each, first the forward pass and then the backward pass.

A gate's rule can be handed floats, nodes or names.  Here it is handed *lines* of flat code, and returns further lines.
So the backward pass is made of the rules in the calculus table and of nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, NoReturn

from .. import table
from ..formula import is_plain, read_rule
from ..gate import Gate
from ..table import GATES
from .trace import Entry, Trace

SUMS = (table.add, table.total)
MIN_LOOKUP = 8  # values of a pick that is looked up; of fewer, each is compared


def _operator(gate: Gate) -> tuple[Callable[[Line, Any], Any], Callable[[Line, Any], Any]]:
    """The methods for `line + other` and for `number + line`."""
    return (
        lambda self, other: self.code.line(gate, (self, other)),
        lambda self, other: self.code.line(gate, (other, self)),
    )


class Line:
    """One line of flat code: a gate and its inputs, which are other lines or plain numbers.

    name: what the code calls it: x0, x1, ... for the inputs of the program, p0, p1, ... for its parameters.
    gate: None for an input or a parameter of the program.
    varies: whether its number differs from sample to sample; what depends on parameters alone does not.
    place: its index among the inputs, among the parameters, or among the computed lines.
    """

    __slots__ = ("code", "name", "gate", "inputs", "varies", "place")

    def __init__(self, code: FlatCode, name: str, gate: Gate | None, inputs: tuple[Any, ...], varies: bool, place: int):
        self.code = code
        self.name = name
        self.gate = gate
        self.inputs = inputs
        self.varies = varies
        self.place = place

    def __repr__(self) -> str:
        return self.name

    # ---- a number among gates and operators ----

    def through_gate(self, gate: Gate, inputs: tuple[Any, ...]) -> Any:
        return self.code.line(gate, inputs)

    __add__, __radd__ = _operator(table.add)
    __sub__, __rsub__ = _operator(table.sub)
    __mul__, __rmul__ = _operator(table.mul)
    __truediv__, __rtruediv__ = _operator(table.div)
    __pow__, __rpow__ = _operator(table.pow_)

    def __neg__(self) -> Any:
        return self.code.line(table.neg, (self,))

    def __abs__(self) -> Any:
        return self.code.line(table.abs_, (self,))

    def __pos__(self) -> Line:
        return self

    def __bool__(self) -> NoReturn:
        raise TypeError("what is compiled must not branch: use gates, such as maximum or step, instead of `if`")

    def _compared(self, other: object) -> bool:
        return bool(self)

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _compared
    __hash__ = object.__hash__


def varies(*numbers: Any) -> bool:
    """Whether one of these is a line that differs from sample to sample."""
    return any([x.varies for x in numbers if x.__class__ is Line])


def pairs(line: Line) -> list[tuple[Any, Any]]:
    """The products that a dot adds up."""
    n = len(line.inputs) // 2
    return list(zip(line.inputs[:n], line.inputs[n : 2 * n]))


def times(x: Any, y: Any) -> Any:
    """x * y, but nothing is multiplied by 1."""
    return y if is_plain(x, 1.0) else x if is_plain(y, 1.0) else x * y


def is_stackable(lines: Sequence[Any]) -> bool:
    """Whether all of these are lines, and either all of them vary or none does."""
    return all([isinstance(x, Line) for x in lines]) and len({x.varies for x in lines}) == 1


def range_of(places: Sequence[int]) -> range | None:
    """The places as a range, if they are evenly spaced and go up; else None."""
    stride = places[1] - places[0] if len(places) > 1 else 1
    found = range(places[0], places[-1] + 1, stride) if stride > 0 else range(0)
    return found if list(found) == list(places) else None


def is_lookup(gate: Gate | None, inputs: Sequence[Any]) -> bool:
    """Whether a gate picks one of many different lines that do not vary, by an index that does."""
    if gate is not table.pick or len(inputs) <= MIN_LOOKUP:
        return False
    index, *xs = inputs
    return varies(index) and all([isinstance(x, Line) and not x.varies for x in xs]) and len({*xs}) == len(xs)


class Send(NamedTuple):
    """What one gate sends to parameters on the way back: to each, upstream x its local gradient.

    It is no line, since it is added up over all samples, for which each engine has a fast way of its own.

    upstream: the gradient of the gate's output, a line or a plain number.
    slopes: (index of the parameter, local gradient) for each parameter that it is sent to.  An index beyond the
        parameters is that of a value to be reported.  No index comes twice, and all local gradients are of one kind:
        lines that vary, lines that do not, or plain numbers.  So an engine can treat them as one row.
    pick: None, or the line that says which of these parameters gets it all, counted from 0; the others get nothing.
    """

    upstream: Any
    slopes: list[tuple[int, Any]]
    pick: Line | None = None

    @property
    def varies(self) -> bool:
        return varies(self.slopes[0][1], self.upstream, self.pick)

    @property
    def inputs(self) -> list[Any]:
        """What it reads, as often as it reads it."""
        if self.pick is not None:
            return [self.pick, self.upstream]
        return [x for _, slope in self.slopes for x in (slope, self.upstream)]


class FlatCode:
    """The forward and the backward pass of a graph.

    trace: the shape of the graph.
    x, p: the inputs of a sample; the parameters, and after them the plain numbers that are handed to each run.
    lines: what is computed, in order, without what nothing needs.
    values: the roots, as lines or plain numbers; gradients are of the first, the others are only reported.
    sends: what is added up over all samples; the sums are the gradients of the first `parameters` of `p`.
    sums: the lines that add up gradients at a fork, as `dot(local gradients, upstreams)`.
    """

    def __init__(self, trace: Trace):
        self.trace = trace
        self.x = [Line(self, f"x{i}", None, (), True, i) for i in range(trace.inputs)]
        self.p = [Line(self, f"p{i}", None, (), False, i) for i in range(trace.parameters)]
        self.parameters = trace.parameters
        self.lines: list[Line] = []
        self.sums: set[Line] = set()
        self._known: dict[Any, Line] = {}
        entries = rolled(trace)
        nodes: list[Any] = [*self.x, *self.p]
        for entry in entries:
            nodes.append(self._node(entry, nodes) if entry else None)
        self.values = [nodes[root] for root in trace.roots]
        self.sends = list(self._backward(trace, entries, nodes))
        self._leave_out_the_dead()

    @property
    def sums_over_samples(self) -> list[Send]:
        """All that is added up over samples: the sends, and the values, each as a send of it times 1."""
        return [*self.sends, *[Send(x, [(i, 1.0)]) for i, x in enumerate(self.values, self.parameters)]]

    def _node(self, entry: Entry, nodes: Sequence[Any]) -> Any:
        if entry.gate:
            return self.output(entry.gate, read(entry, nodes))
        self.p.append(Line(self, f"p{len(self.p)}", None, (), False, len(self.p)))
        return self.p[-1]

    # ---- writing lines ----

    def line(self, gate: Gate, inputs: tuple[Any, ...]) -> Any:
        """The output of a gate on lines and plain numbers: a line, always the same one for the same inputs.

        It is a plain number if all inputs are, or if it is known without computing, as x ** 0 is.
        """
        kinds = {*map(type, inputs)}
        if Line not in kinds:
            return gate(*inputs)
        key: tuple[Any, ...] = (gate, *inputs)
        if len(kinds) > 1 or gate is table.neg:  # of lines alone, as most gates are, no other has a simpler one
            inputs = tuple([x if isinstance(x, Line) else float(x) for x in inputs])
            simpler = SIMPLER.get(gate.name)
            found = simpler(*inputs) if simpler else None
            if found is not None:
                return found
            key = (gate, *[x if isinstance(x, Line) else repr(x) for x in inputs])
        known = self._known.get(key)
        if known is None:
            place = len(self.lines)
            known = self._known[key] = Line(self, f"v{place}", gate, inputs, varies(*inputs), place)
            self.lines.append(known)
        return known

    def output(self, gate: Gate, inputs: tuple[Any, ...]) -> Any:
        """The output of a gate of the graph; of one that is not in the table, what it is made of, if lines can say."""
        if GATES.get(gate.name) is not gate:
            for function in (gate.output, gate.expansion):
                try:
                    return function(*inputs)  # type: ignore[misc]
                except (TypeError, AttributeError):  # it branches, or uses math, or there is none
                    pass
        return self.line(gate, inputs)

    # ---- backward ----

    def _backward(self, trace: Trace, entries: Sequence[Entry | None], nodes: Sequence[Any]) -> Iterable[Send]:
        """The chain rule, from the first root to the leaves: each gate's rule, read on lines.

        It is not `graph.chain_rule`, which adds to a gradient edge by edge.  What arrives at a fork is kept in a list
        here until all of it is there, because it becomes a single line then: a dot of local gradients and upstreams.
        """
        root, first, end = trace.roots[0], trace.inputs, trace.leaves
        moving = [i >= first for i in range(end)]
        for entry in entries:
            moving.append(entry is not None and any([moving[i] for i in entry.inputs if isinstance(i, int)]))
        if first <= root < end:
            yield Send(1.0, [(root - first, 1.0)])
        arrived: dict[int, list[tuple[Any, Any]]] = {root: [(1.0, 1.0)]}
        for i, entry in reversed([*enumerate(entries, end)]):
            if entry and entry.gate and moving[i] and i in arrived:
                upstream = self._added_up(arrived.pop(i))
                if is_lookup(entry.gate, read(entry, nodes)):
                    index, *values = [j for j in entry.inputs if isinstance(j, int)]
                    if first <= min(values) and max(values) < end:
                        yield Send(upstream, [(j - first, 1.0) for j in values], nodes[index])
                        continue
                slopes = _slopes(entry.gate, entry, nodes, i, moving)
                for j, slope in slopes:
                    arrived.setdefault(j, []).append((slope, upstream))
                sent = [(j - first, slope) for j, slope in slopes if j < end]
                yield from [Send(upstream, run) for run in _runs(sent)]

    def _added_up(self, arrived: list[tuple[Any, Any]]) -> Any:
        """The gradient of a node: local gradient x upstream, added up over all gates that use it."""
        if len(arrived) == 1:
            return table.mul(*arrived[0])
        products = [pair for pair in arrived[::-1] if all([isinstance(x, Line) for x in pair])]
        if len(products) < 2:
            return table.add_up(*[table.mul(*pair) for pair in arrived])
        others = [table.mul(*pair) for pair in arrived if not all([isinstance(x, Line) for x in pair])]
        added_up = self.line(table.dot, (*[local for local, _ in products], *[upstream for _, upstream in products]))
        self.sums.add(added_up)
        return table.add_up(added_up, *others)

    def _leave_out_the_dead(self) -> None:
        used = {*self.values, *[x for send in self.sends for x in send.inputs]}
        for line in reversed(self.lines):
            if line in used:
                used.update([x for x in line.inputs if isinstance(x, Line)])
        self.lines = [line for line in self.lines if line in used]
        for place, line in enumerate(self.lines):
            line.place, line.name = place, f"v{place}"
        self.sums &= used


def of_own_gates(trace: Trace) -> tuple[Any, ...]:
    """What the gates in a trace that are not in the table write: with the trace, it decides all of the flat code.

    Such a gate may compute with numbers from outside it, which may differ from one recording to the next.
    """
    gates = {entry.gate for entry in trace.entries}
    own = {gate for gate in gates if gate and GATES.get(gate.name) is not gate}
    uses = [(entry.gate, len(entry.inputs)) for entry in trace.entries if entry.gate in own] if own else []
    return tuple([_alone(gate, count) for gate, count in dict.fromkeys(uses) if gate])


def _alone(gate: Gate, count: int) -> tuple[Any, ...]:
    """The flat code of one gate, as something to compare."""
    entries, root = (Entry(gate, tuple(range(count))),), (count,)
    try:
        code = FlatCode(Trace(0, count, entries, root))
    except TypeError:  # lines cannot read the rule, so it is not in any flat code
        code = FlatCode(Trace(count, 0, entries, root))
    return tuple([(line.gate, repr(line.inputs)) for line in code.lines]), repr(code.values), repr(code.sends)


def read(entry: Entry, nodes: Sequence[Any]) -> tuple[Any, ...]:
    """The inputs of an entry, where nodes are numbered as in `nodes`."""
    return tuple([nodes[i] if isinstance(i, int) else float(i) for i in entry.inputs])


def _slopes(gate: Gate, entry: Entry, nodes: Sequence[Any], i: int, moving: Sequence[bool]) -> list[tuple[int, Any]]:
    """(number of the parent, local gradient) for each parent that depends on a parameter, without those that are 0."""
    places = {k: j for k, j in enumerate(entry.inputs) if isinstance(j, int) and moving[j]}
    form = gate.form(tuple(places) if len(places) < len(entry.inputs) else None)
    slopes = read_rule(form, nodes[i], read(entry, nodes))
    return [(j, slope) for j, slope in zip(places.values(), slopes) if not is_plain(slope, 0.0)]


def _runs(slopes: list[tuple[int, Any]]) -> Iterable[list[tuple[int, Any]]]:
    """The slopes in runs: a new one begins where a parameter comes again, or a slope is of another kind."""

    def kind(slope: Any) -> tuple[bool, bool]:
        return isinstance(slope, Line), varies(slope)

    run: list[tuple[int, Any]] = []
    seen: set[int] = set()
    for i, slope in slopes:
        if run and (i in seen or kind(slope) != kind(run[-1][1])):
            yield run
            run, seen = [], set()
        run.append((i, slope))
        seen.add(i)
    if run:
        yield run


# ---- sums of products become dots, which is the expansion of `dot` read backwards ----


def rolled(trace: Trace) -> list[Entry | None]:
    """The entries, with one dot gate for each w1 * x1 + w2 * x2 + ...; None in place of the entries that are in it."""
    entries: list[Entry | None] = list(trace.entries)
    uses = Counter[Any](chain(*[entry.inputs for entry in trace.entries], trace.roots, trace.roots))
    for k in reversed(range(len(entries))):
        top = entries[k]
        if top and top.gate in SUMS:
            products, others, swallowed = _terms(top, trace, entries, uses)
            if len(products) > 1 and len(others) < 2:
                ws, xs = zip(*products)
                entries[k] = Entry(table.dot, (*ws, *xs, *others))
                for i in swallowed:
                    entries[i] = None
    return entries


def _terms(
    top: Entry, trace: Trace, entries: Sequence[Entry | None], uses: Mapping[Any, int]
) -> tuple[list[tuple[Any, ...]], list[Any], list[int]]:
    """The products in a sum, each with the parameter first; its other terms; the places of entries only it uses."""
    products, others, swallowed = list[tuple[Any, ...]](), list[Any](), list[int]()
    parameters = range(trace.inputs, trace.leaves)
    terms = [*top.inputs[::-1]]
    while terms:
        i = terms.pop()
        place = i - trace.leaves if isinstance(i, int) and uses[i] == 1 else -1
        entry = entries[place] if place >= 0 else None
        if entry and entry.gate is table.mul:
            pair = entry.inputs
            products.append(pair[::-1] if pair[1] in parameters and pair[0] not in parameters else pair)
            swallowed.append(place)
        elif entry and entry.gate in SUMS and terms and not products and not others:  # sums are added from the left
            terms += entry.inputs[::-1]
            swallowed.append(place)
        else:
            others.append(i)
    return products, others, swallowed


# ---- simpler lines with the same result as a gate; None where there are none ----


def _simpler_mul(x: Any, y: Any) -> Any:
    if is_plain(x, 1.0) or is_plain(y, 1.0):
        return y if is_plain(x, 1.0) else x
    if is_plain(x, -1.0) or is_plain(y, -1.0):
        return -(y if is_plain(x, -1.0) else x)
    return None


def _simpler_pow(x: Any, n: Any) -> Any:
    if is_plain(n, 0.0):
        return 1.0
    if is_plain(n, -1.0):
        return 1.0 / x
    whole = [k for k in (1, 2, 3) if is_plain(n, k)]
    return table.mul(table.mul(x, x), x) if whole == [3] else table.mul(x, x) if whole == [2] else x if whole else None


def _simpler_power_slope(c: Any, x: Any, n: Any) -> Any:
    if is_plain(n, 0.0) or is_plain(c, 0.0):
        return c
    return table.mul(c, table.pow_(x, n)) if isinstance(c, float) else None


def _simpler_exponent_slope(c: Any, x: Any, n: Any, k: Any) -> Any:
    if is_plain(k, 0.0):
        return table.power_slope(c, x, n)
    return 0.0 if is_plain(c, 0.0) or isinstance(k, float) and k < 0.0 else None


SIMPLER: dict[str, Callable[..., Any]] = {
    "mul": _simpler_mul,
    "div": lambda x, y: x if is_plain(y, 1.0) else None,
    "neg": lambda x: x.inputs[0] if x.gate is table.neg else None,
    "pow": _simpler_pow,
    "pick": lambda index, *xs: xs[int(index)] if isinstance(index, float) else None,
    "power_slope": _simpler_power_slope,
    "exponent_slope": _simpler_exponent_slope,
}
