"""Is the gradient right?  The numerical slope against backward, as CS231n teaches it, and the gate that is to blame.

Theory of operation
===================

The numerical slope is the centred difference (f(x + h) - f(x - h)) / 2h.  Two errors part it from the true slope:

- *truncation*: the curve bends between x - h and x + h.  The centred difference has an error of about h^2 f'''(x) / 6,
  so a tenth of the step leaves a hundredth of it; a one-sided difference, (f(x + h) - f(x)) / h, only a tenth.
- *noise*: f(x + h) and f(x - h) are rounded, and subtracting them leaves the rounding errors, which are then divided by
  2h.  A tenth of the step makes ten times as much of it.

The two balance somewhere, but where depends on f and x: near 1e-5 for sin(x) at 1, near 1e-11 for sqrt(x) + 1 at 1e-8.
So the checker walks down from the step that it is given, each time to a tenth of it, and estimates for every difference

- the noise: a rounding error in every gate, times the slope of the output by that gate, added up;
- the truncation: by how much the differences with smaller steps disagree with this one, and by how much the slopes that
  the gates have at x - h and x + h disagree, on average, with those that they have right beside x.

Noise and twice the truncation are its *uncertainty*.  The walk ends where the noise alone exceeds the least uncertainty
found so far, and the difference with the least uncertainty is the numerical slope.  What backward may lose by its own
rounding is added: where 1e20 - 1e20 + 1 meet at a fork, the 1 is lost.  Most slopes need no walk: the first difference
and backward agree to seven digits, which is no accident.

A *kink* is a point where f has one slope on its left and another on its right, as relu has at 0.  A difference across
it is a mean of the two and says nothing: relu at -1e-6 with h = 1e-5 gives 0.45, where backward rightly gives 0.  The
rules of gates compare by the gate `step`, so the checker can look up how each comparison falls out at x - h, x and
x + h, and passes over a difference in which one has changed.  Smaller steps may stay on one side; exactly on a kink
none does, and there is no slope to compare with.

Sources: CS231n, Neural Networks Part 3, "Gradient checks"; Press et al., Numerical Recipes, 5.7, "Numerical
Derivatives".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, islice, tee, zip_longest
from typing import Any, NamedTuple

from .calculus import gradient, jacobian, sensitivities
from .composite import Composite, named, parameters_of, taken_apart
from .formula import read_rule
from .gate import number
from .graph import chain_rule, topological_order
from .table import dot, step as step_gate, total
from .value import Value, constant

WRONG, SUSPICIOUS, RIGHT = 1e-2, 1e-4, 1e-7  # the course's bands of relative error
PRECISE = 1e-9  # a relative uncertainty that no smaller step need improve
TURN = 0.02  # how much a slope may change, relatively, from one side of a difference to the other
ROUNDINGS = 2.0  # how many units in the last place a gate's output may be off
SUMS = (total, dot)  # gates that add up inside
MAX_CULPRITS = 10
CALLS_AGAIN = 5  # how often a function that fails is called again, to see whether it repeats itself
CUT = (
    "No gate is to blame.  Is the circuit cut?  math.exp(x), float(x) and x.data are plain numbers, and no gradient "
    "passes them: write exp(x), or x"
)


@dataclass(frozen=True)
class Slope:
    """One derivative, computed twice.

    name: what it is the derivative of, by what.
    backward, numerical: the derivative by backpropagation, and by centred difference.
    error: |backward - numerical| / max(|backward|, |numerical|); 0 where both are 0.  Where backward is 0 and the
        numerical slope is within its uncertainty of 0, the error is relative to the slopes a first step away.
    verdict: "right", "suspicious" or "wrong" by the course's bands; "kink" where the slope is not the same on the left
        and on the right; "cannot tell" where the uncertainty hides it.
    uncertainty: how far `numerical` may be from the true slope; None where the two agreed at once.
    """

    name: str
    backward: float
    numerical: float
    error: float
    verdict: str
    uncertainty: float | None = None


@dataclass(frozen=True, repr=False)
class Report:
    """What `check_gradients` found; it is true if nothing is wrong or suspicious, and shows itself as a table.

    slopes: one for every input (of order 2: for every pair of inputs).
    culprits: unless all slopes are right, the slopes of single gates that are not, each gate checked alone.
    """

    slopes: tuple[Slope, ...]
    culprits: tuple[Slope, ...]

    def __bool__(self) -> bool:
        return all(map(_passes, self.slopes)) and not self.culprits

    def __repr__(self) -> str:
        head = ("slope", "backward", "numerical", "error", "verdict")
        rows = [head, *map(_cells, self.slopes)]
        if self.culprits:
            rows += [("gates checked alone", "", "", "", ""), *map(_cells, self.culprits)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines if self or self.culprits else [*lines, CUT])


def _cells(slope: Slope) -> tuple[str, ...]:
    numerical = f"{slope.numerical:.10g}"
    if slope.uncertainty is not None and slope.uncertainty > RIGHT * abs(slope.numerical):
        numerical += f" +- {slope.uncertainty:.0e}"
    return slope.name, f"{slope.backward:.10g}", numerical, f"{slope.error:.1e}", slope.verdict


def _passes(slope: Slope) -> bool:
    return slope.verdict not in ("wrong", "suspicious")


def check_gradients(
    function: Callable[..., Value],
    inputs: Iterable[float],
    step: float = 1e-5,
    order: int = 1,
    raise_on_error: bool = False,
) -> Report:
    """A report that compares backward with centred differences, for `function(*values)` at `inputs`.

    function: takes one `Value` an input and returns one.  It is called anew for every difference.
    inputs: numbers, or values to take them from.
    step: the largest h of a difference, relative to max(1, |x|); smaller ones are tried where it does not do.
    order: 1 for gradients; 2 for second derivatives, against differences of gradients.
    raise_on_error: AssertionError, with the table, where a slope or a gate is wrong or suspicious.

    A relative error up to 1e-7 is right.  A larger one that the uncertainty of the difference explains is right up to
    1e-4, and beyond that the checker cannot tell.  One that it does not explain is suspicious, and wrong above 1e-2.
    Where every difference crosses a kink, an error up to 1e-4 is right, and a larger one says nothing.

    >>> print(check_gradients(lambda x, y: x * y, [2.0, -4.0]))
    slope  backward  numerical  error    verdict
    df/dx  -4        -4         0.0e+00  right
    df/dy  2         2          0.0e+00  right

    Raises ValueError where two calls with the same inputs differ, as with random numbers, and the errors of the gates
    where the function has no value or no slope.

    Source: CS231n, Neural Networks Part 3, "Gradient checks".
    """
    if order not in (1, 2):
        raise ValueError(f"order={order!r}: choose 1 or 2")
    at = _checked(function, inputs)
    names, step = named(parameters_of(function), len(at)), _positive(step)
    _repeat(function, at, 1)
    columns = (_first_order if order == 1 else _second_order)(function, at, names)
    slopes = tuple([slope for column in columns for slope in column.slopes(step)])
    culprits: tuple[Slope, ...] = ()
    if any(slope.verdict != "right" for slope in slopes):
        _repeat(function, at, CALLS_AGAIN)
        culprits = tuple(_culprits(_record(function, at).graph, step, order))
    report = Report(slopes, culprits)
    if raise_on_error and not report:
        raise AssertionError(f"gradients and slopes differ\n{report}")
    return report


def errors_by_step(
    function: Callable[..., Value], inputs: Iterable[float], steps: Iterable[float] | None = None
) -> list[tuple[float, float]]:
    """(step, largest relative error) for many steps: the picture of error against h, falling and rising again.

    steps: relative to max(1, |x|); by default 1e-1, 1e-2, ..., 1e-12.  For large h the error is truncation, for small h
        noise.
    """
    at = _checked(function, inputs)
    columns = _first_order(function, at, named(parameters_of(function), len(at)))
    chosen = [10.0**-k for k in range(1, 13)] if steps is None else [_positive(h) for h in steps]
    return [(h, max((error for column in columns for error in column.errors(h)), default=0.0)) for h in chosen]


def _checked(function: object, inputs: object) -> list[float]:
    """The inputs as floats; TypeError, saying how the checker is called, for what is no function or are no inputs."""
    if not callable(function):
        kind = type(function).__name__
        raise TypeError(f"the checker computes anew and needs a function, such as lambda x, y: x * y, not a {kind}")
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs is a list, one number an argument of the function: write [{inputs!r:.40}]")
    return [x.data if isinstance(x, Value) else number(x) for x in inputs]


def _positive(step: float) -> float:
    if not number(step) > 0.0:
        raise ValueError(f"step={step!r}: the difference needs one above 0, such as 1e-5")
    return number(step)


def _repeat(function: Callable[..., Value], at: list[float], times: int) -> None:
    """Calls the function again; ValueError if its output or its gradient is not the same as the first time."""
    first, *others = [_output_and_gradient(function, at) for _ in range(times + 1)]
    for other in others:
        if repr(other) != repr(first):  # so that nan is the same as nan
            before, after = next((a, b) for a, b in zip(first, other) if repr(a) != repr(b))
            raise ValueError(
                f"two calls with the same inputs differ ({before!r}, then {after!r}), so no difference means anything: "
                "does the function draw random numbers, or change what it reads?  Draw them with a seed, inside it"
            )


def _output_and_gradient(function: Callable[..., Value], at: list[float]) -> list[float]:
    side = _record(function, at)
    side.graph.backward()
    return [side.graph.data, *(x.grad for x in side.inputs)]


# ---- one slope: the walk down the steps ----


@dataclass(frozen=True)
class Side:
    """What is computed at one point: of `inputs` a `graph`, and the `outputs` whose differences are taken."""

    inputs: list[Value]
    graph: Value
    outputs: list[Value]

    @cached_property
    def comparisons(self) -> list[Any]:
        return _comparisons(self.graph)

    def slope(self, i: int, moved: Iterable[int]) -> tuple[float, float]:
        """The slope that the gates give output `i` along the inputs `moved`, and how much of the output is rounding.

        The second is what each gate may be off, times the slope of the output by that gate, added up: a bound.
        """
        opened = _opened(self.outputs[i])
        try:
            slopes = sensitivities(opened, self.inputs)
        except (ArithmeticError, ValueError):  # an infinite slope, as of sqrt at 0
            return math.inf, math.inf
        lost = math.ulp(opened.data) + sum(abs(slopes[node]) * math.ulp(node.data) for node in slopes if node.gate)
        return sum(slopes.get(self.inputs[k], 0.0) for k in moved), ROUNDINGS * lost

    def rounding_of_slope(self, i: int, moved: Iterable[int]) -> float:
        """How much of that slope may itself be rounding: much of it where large gradients meet at a fork and cancel."""
        opened = _opened(self.outputs[i])
        sizes = {opened: 1.0}
        with suppress(ArithmeticError, ValueError):
            for _ in chain_rule(topological_order([opened]), sizes, lambda node: map(abs, node.local_gradients())):
                pass
        return ROUNDINGS * sum(math.ulp(sizes.get(self.inputs[k], 0.0)) for k in moved)


def _opened(output: Value) -> Value:
    """The same graph with every gate that computes in several steps taken apart."""
    return taken_apart([output], lambda gate: isinstance(gate, Composite) or gate in SUMS)[output]


class Difference:
    """A centred difference of the outputs, from the side below to the side above, which are `width` apart."""

    def __init__(self, center: Side, below: Side, above: Side, moved: Sequence[int], width: float):
        self.center, self.below, self.above, self.moved, self.width = center, below, above, moved, width

    def slope(self, i: int) -> float:
        return (self.above.outputs[i].data - self.below.outputs[i].data) / self.width

    def bend(self, i: int) -> float:
        """The slope on the right of the centre, less that on its left."""
        below, center, above = (side.outputs[i].data for side in (self.below, self.center, self.above))
        return 2.0 * ((above - center) - (center - below)) / self.width

    @cached_property
    def comparisons(self) -> list[tuple[Any, ...]]:
        """How each comparison falls out below, in the centre and above; None where there is no such comparison."""
        return list(zip_longest(*(side.comparisons for side in (self.below, self.center, self.above))))

    @property
    def crosses(self) -> bool:
        """Whether a comparison does not fall out alike everywhere."""
        return any(not below == center == above for below, center, above in self.comparisons)

    @property
    def on_kink(self) -> bool:
        """Whether more comparisons are ties in the centre than on either side: then smaller steps cross, too."""
        ties = [[side == 0 for side in sides] for sides in self.comparisons]
        below, center, above = map(sum, zip(*ties, [False] * 3))
        return center > max(below, above)


class Reading:
    """What one difference says of one output.

    slope, noise, bend: those of the difference.
    gap: the truncation, as far as it shows; `beside` is the slope that the gates have right beside the point.
    resolved: whether the gates have like slopes on both sides; a wave that turns within the step does not.
    last: the reading with the smallest step.
    """

    def __init__(self, difference: Difference, i: int, beside: float):
        (below, low), (above, high) = [side.slope(i, difference.moved) for side in (difference.below, difference.above)]
        self.slope, self.bend = difference.slope(i), difference.bend(i)
        self.noise = (low + high) / difference.width
        self.gap = abs(0.5 * (below + above) - beside)
        self.resolved = abs(below - above) <= TURN * max(abs(below), abs(above))
        self.last = self

    def compare(self, finer: Reading) -> None:
        self.gap = max(self.gap, finer.gap, abs(self.slope - finer.slope))
        self.last = finer

    @property
    def uncertainty(self) -> float:
        """Infinite as long as there is no smaller step to compare with."""
        return self.noise + 2.0 * self.gap if self.last is not self else math.inf

    def verdict(self, error: float, off: float, uncertainty: float) -> str:
        """The verdict on a slope by backward with this relative error, which is `off` by so much from this reading."""
        if error <= RIGHT:
            return "right"
        if off <= uncertainty:
            return "right" if error <= SUSPICIOUS else "cannot tell"
        bend, last = abs(self.bend), abs(self.last.bend) - 4.0 * self.last.noise
        if last > max(0.5 * bend, SUSPICIOUS * abs(self.slope)):  # left and right do not approach each other
            return "kink" if last < 2.0 * bend else "cannot tell"
        if not self.resolved:
            return "cannot tell"
        return "suspicious" if error <= WRONG else "wrong"


class Column(NamedTuple):
    """The slopes of all outputs along some inputs that move together: most often one input.

    compute: gives the `Side` at any point.
    at, moved: the point, and the places of the inputs that move.
    center: the side at this point.
    backward, names: of each output, its slope by backpropagation, and what that is called.
    """

    compute: Callable[[list[float]], Side]
    at: list[float]
    moved: tuple[int, ...]
    center: Side
    backward: list[float]
    names: list[str]

    def slopes(self, step: float) -> list[Slope]:
        """The slopes of all outputs, by walks down from this step."""
        walks = tee(self.differences(step), len(self.names))
        return [self.slope(i, walk) for i, walk in enumerate(walks)]

    def slope(self, i: int, differences: Iterator[Difference]) -> Slope:
        """The slope of output `i` by the difference that is the least uncertain."""
        name, backward, first = self.names[i], self.backward[i], next(differences)
        numerical = first.slope(i)
        error = _error(backward, numerical)
        hidden = numerical == 0.0 != first.bend(i) and first.crosses  # as max(0, sin(x)) is 0 at both ends of a hill
        if error <= RIGHT and not hidden:
            return Slope(name, backward, numerical, error, "right")
        if not math.isfinite(backward):
            return Slope(name, backward, numerical, error, "wrong" if math.isfinite(numerical) else "cannot tell")
        readings = self.readings(i, chain([first], differences))
        best = min(readings, key=lambda reading: reading.uncertainty, default=None)
        if best is None:
            verdict = "right" if error <= SUSPICIOUS else "kink" if first.crosses else "cannot tell"
            return Slope(name, backward, numerical, error, verdict)
        off = abs(backward - best.slope)
        error = _error(backward, best.slope)
        uncertainty = best.uncertainty + self.center.rounding_of_slope(i, self.moved)
        if backward == 0.0 and off <= uncertainty:  # relative to itself, 0 would be all or nothing
            error = off / (abs(readings[0].slope) + 0.5 * abs(readings[0].bend) or 1.0)
        return Slope(name, backward, best.slope, error, best.verdict(error, off, uncertainty), uncertainty)

    def readings(self, i: int, differences: Iterator[Difference]) -> list[Reading]:
        """What the differences say that cross no kink, down to steps so small that noise hides more than is known."""
        readings: list[Reading] = []
        (_, rounding), beside, largest = self.center.slope(i, self.moved), self.slope_beside(i), 0.0
        for difference in differences:
            if difference.on_kink:
                break
            largest = max(largest, abs(difference.slope(i)))
            reading = None if difference.crosses else Reading(difference, i, beside)
            if reading and math.isfinite(reading.slope + reading.noise + reading.gap):
                for coarser in readings:
                    coarser.compare(reading)
                readings.append(reading)
            known = max(largest, abs(self.backward[i])) or math.inf
            least = min([known, *(reading.uncertainty for reading in readings)])
            noise_of_next = 20.0 * rounding / difference.width
            if len(readings) != 1 and (noise_of_next >= least or least <= PRECISE * largest):
                break
        return readings

    def differences(self, step: float) -> Iterator[Difference]:
        """Differences by smaller and smaller steps, as long as these lead away from here.

        Steps by which nothing can be computed, as beyond the edge of log's domain, are passed over; the last error is
        raised if there is no other.
        """
        x = max((self.at[i] for i in self.moved), key=abs)
        h, found = step * max(1.0, abs(x)), False
        problem: Exception = ValueError(f"no step of {h!r} leads away from {x!r}")
        while x - h < x < x + h:
            try:
                below, above = self.compute(self.shifted(-h)), self.compute(self.shifted(h))
            except (ArithmeticError, ValueError) as error:
                problem = error
            else:
                found = True
                yield Difference(self.center, below, above, self.moved, (x + h) - (x - h))
            h *= 0.1
        if not found:
            raise problem

    def shifted(self, h: float) -> list[float]:
        return [x + h if i in self.moved else x for i, x in enumerate(self.at)]

    def slope_beside(self, i: int) -> float:
        """The slope that the gates give the output at the next floats below and above, on average."""
        try:
            sides = [
                self.compute([math.nextafter(x, end) if k in self.moved else x for k, x in enumerate(self.at)])
                for end in (-math.inf, math.inf)
            ]
        except (ArithmeticError, ValueError):
            sides = [self.center]
        return sum(side.slope(i, self.moved)[0] for side in sides) / len(sides)

    def errors(self, step: float) -> list[float]:
        """The relative errors of the first difference alone."""
        difference = next(self.differences(step))
        return [_error(backward, difference.slope(i)) for i, backward in enumerate(self.backward)]


def _error(backward: float, numerical: float) -> float:
    if backward == numerical:
        return 0.0
    return abs(backward - numerical) / (max(abs(backward), abs(numerical)) or math.nan)


# ---- the whole graph ----


def _record(function: Callable[..., Value], at: Sequence[float]) -> Side:
    values = [Value(x) for x in at]
    output = function(*values)
    if not isinstance(output, Value):
        raise TypeError(f"the function returned {type(output).__name__}, not a Value: there is no gradient to check")
    return Side(values, output, [output])


def _first_order(function: Any, at: list[float], names: list[str]) -> list[Column]:
    center = _record(function, at)
    center.graph.backward()
    return [
        Column(partial(_record, function), at, (i,), center, [x.grad], [f"df/d{name}"])
        for i, (x, name) in enumerate(zip(center.inputs, names))
    ]


def _second_order(function: Any, at: list[float], names: list[str]) -> list[Column]:
    def compute(x: list[float]) -> Side:
        side = _record(function, x)
        return replace(side, outputs=gradient(side.graph, side.inputs))

    center = compute(at)
    columns = zip(*jacobian(center.outputs, center.inputs))
    return [
        Column(compute, at, (i,), center, list(column), [f"d2f/d{x} d{by}" for x in names for by in [names[i]]])
        for i, column in enumerate(columns)
    ]


# ---- kinks: how the comparisons in the rules fall out ----


def _comparisons(output: Value) -> list[Any]:
    """For every gate its name, and how its comparisons fall out: which side of 0 a relu is on, which input won a max.

    A comparison is -1, 0 or 1: less, equal or greater.  The rule is read on nodes, so that its comparisons are gates of
    a graph, to be looked up there.
    """
    found: list[Any] = []
    smooth: set[Any] = set()  # the forms of gates whose rules do not compare
    for node in _gates_of(output):
        found.append(node.gate.name if node.gate else "")
        if node.gate is step_gate:
            found.append(_compared(node))
        elif node.form not in smooth:
            with suppress(ArithmeticError, ValueError):
                slopes = _slopes_alone(node, _at(node)).outputs
                compared = [_compared(n) for n in topological_order(slopes) if n.gate is step_gate]
                found += compared
                if not compared:
                    smooth.add(node.form)
    return found


def _compared(node: Value) -> int:
    _, x, y, _ = node.numbers
    return (x > y) - (x < y)


def _gates_of(output: Value) -> list[Value]:
    opened = taken_apart([output], lambda gate: isinstance(gate, Composite))[output]
    return [node for node in topological_order([opened]) if node.gate]


# ---- every gate alone ----


def _culprits(output: Value, step: float, order: int) -> list[Slope]:
    """The wrong slopes among all gates of a graph, each gate checked alone at the numbers of the forward pass."""
    kinds = (_gate_slopes, _gate_curves)[:order]
    slopes = (slope for node in _gates_of(output) for kind in kinds for slope in _measurable(kind, node, step))
    return list(islice((slope for slope in slopes if not _passes(slope)), MAX_CULPRITS))


def _measurable(kind: Callable[[Value, float], Iterator[Slope]], node: Value, step: float) -> Iterator[Slope]:
    """The slopes of one gate as far as there are any: beside the edge of a domain there may be none."""
    with suppress(ArithmeticError, ValueError):
        yield from kind(node, step)


def _gate_slopes(node: Value, step: float) -> Iterator[Slope]:
    """By each input, and by tied ones together: where x = y, max(x, y) has no slope by x, but one along both."""
    at, center, names = _at(node), _alone(node, _at(node)), [f"dz/d{name}" for name in _moving_names(node)]
    slopes = node.local_gradients()

    def along(*moved: int) -> Slope:
        name = _blamed(node, " + ".join([names[i] for i in moved]))
        column = Column(partial(_alone, node), at, moved, center, [sum([slopes[i] for i in moved])], [name])
        return column.slopes(step)[0]

    alone = [along(i) for i in range(len(at))]
    yield from alone
    tied = {x for x, slope in zip(at, alone) if slope.verdict == "kink" and at.count(x) > 1}
    yield from [along(*[i for i, y in enumerate(at) if y == x]) for x in tied]


def _gate_curves(node: Value, step: float) -> Iterator[Slope]:
    at, center, names = _at(node), _slopes_alone(node, _at(node)), _moving_names(node)
    for i, (by, column) in enumerate(zip(names, zip(*jacobian(center.outputs, center.inputs)))):
        called = [_blamed(node, f"d2z/d{x} d{by}") for x in names]
        yield from Column(partial(_slopes_alone, node), at, (i,), center, list(column), called).slopes(step)


def _at(node: Value) -> list[float]:
    """The numbers of those inputs of a gate that are values."""
    return [node.numbers[1 + place] for place in _moving(node)]


def _alone(node: Value, at: Sequence[float]) -> Side:
    """The gate of a node by itself, at other numbers."""
    inputs: list[Any] = list(node.numbers[1:])
    values = [Value(x) for x in at]
    for place, value in zip(_moving(node), values):
        inputs[place] = value
    output = node.form.gate(*inputs)  # type: ignore[misc]
    return Side(values, output, [output])


def _slopes_alone(node: Value, at: Sequence[float]) -> Side:
    """The local gradients of the gate by itself, as graphs."""
    side = _alone(node, at)
    slopes = read_rule(node.form, side.graph, side.graph.inputs)
    return replace(side, outputs=[x if isinstance(x, Value) else constant(x) for x in slopes])


def _moving(node: Value) -> Sequence[int]:
    """The places of those inputs that are values."""
    return range(len(node.parents)) if node.form.moving is None else node.form.moving


def _moving_names(node: Value) -> list[str]:
    names = node.form.gate.input_names(len(node.numbers) - 1)  # type: ignore[union-attr]
    return [names[place] for place in _moving(node)]


def _blamed(node: Value, slope: str) -> str:
    inputs = ", ".join(f"{x:g}" for x in node.numbers[1:4]) + (", ..." if len(node.numbers) > 4 else "")
    return f"gate {node.gate.name if node.gate else ''}{f' ({node.label})' if node.label else ''}: {slope} at {inputs}"
