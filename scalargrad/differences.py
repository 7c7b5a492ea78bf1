"""The numerical slope: the centred difference with the least uncertainty, and how far to trust it.

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
from functools import cached_property
from itertools import chain, tee, zip_longest
from typing import Any, NamedTuple

from .calculus import sensitivities
from .composite import Composite, taken_apart
from .formula import read_rule
from .graph import chain_rule, topological_order
from .table import dot, step as step_gate, total
from .value import Value, constant
from .views.phrases import say

WRONG, SUSPICIOUS, RIGHT = 1e-2, 1e-4, 1e-7  # the course's bands of relative error
PRECISION = 1e-9  # a relative uncertainty that no smaller step need improve
MAX_TURN = 0.02  # how much a slope may change, relatively, from one side of a difference to the other
ROUNDINGS = 2.0  # how many units in the last place a gate's output may be off
SUMS = (total, dot)  # gates that add up inside


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

    def spans(self, i: int, slope: float) -> bool:
        """Whether a slope lies between those on the left and on the right of the centre."""
        ends = [self.slope(i) - 0.5 * self.bend(i), self.slope(i) + 0.5 * self.bend(i)]
        slack = WRONG * max(map(abs, [*ends, slope]))
        return min(ends) - slack <= slope <= max(ends) + slack

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
        self.resolved = abs(below - above) <= MAX_TURN * max(abs(below), abs(above))
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
            if len(readings) != 1 and (noise_of_next >= least or least <= PRECISION * largest):
                break
        return readings

    def differences(self, step: float) -> Iterator[Difference]:
        """Differences by smaller and smaller steps, as long as these lead away from here.

        Steps by which nothing can be computed, as beyond the edge of log's domain, are passed over; the last error is
        raised if there is no other.
        """
        x = max((self.at[i] for i in self.moved), key=abs)
        h, found = step * max(1.0, abs(x)), False
        problem: Exception = ValueError(f"no step of {h!r} leads away from {x!r}: take a larger step=")
        while x - h < x < x + h:
            try:
                below, above = self.beside(-h), self.beside(h)
            except (ArithmeticError, ValueError) as error:
                problem = error
            else:
                found = True
                yield Difference(self.center, below, above, self.moved, (x + h) - (x - h))
            h *= 0.1
        if not found:
            raise problem

    def beside(self, h: float) -> Side:
        """The side at a distance from the point; an error of it bears a note of where it was computed."""
        at = self.shifted(h)
        try:
            return self.compute(at)
        except Exception as error:
            if not getattr(error, "__notes__", None):
                [(before, now), *_] = [(self.at[i], at[i]) for i in self.moved]
                error.add_note(say("check beside", before=repr(before), now=repr(now)))
            raise

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


# ---- kinks: how the comparisons in the rules fall out ----


def _comparisons(output: Value) -> list[Any]:
    """For every gate its name, and how its comparisons fall out: which side of 0 a relu is on, which input won a max.

    A comparison is -1, 0 or 1: less, equal or greater.  The rule is read on nodes, so that its comparisons are gates of
    a graph, to be looked up there.
    """
    found: list[Any] = []
    smooth: set[Any] = set()  # the forms of gates whose rules do not compare
    for node in gates_of(output):
        found.append(node.gate.name if node.gate else "")
        if node.gate is step_gate:
            found.append(_compared(node))
        elif node.form not in smooth:
            with suppress(ArithmeticError, ValueError):
                slopes = slopes_alone(node, numbers_at(node)).outputs
                compared = [_compared(n) for n in topological_order(slopes) if n.gate is step_gate]
                found += compared
                if not compared:
                    smooth.add(node.form)
    return found


def _compared(node: Value) -> int:
    _, x, y, _ = node.numbers
    return (x > y) - (x < y)


def gates_of(output: Value) -> list[Value]:
    opened = taken_apart([output], lambda gate: isinstance(gate, Composite))[output]
    return [node for node in topological_order([opened]) if node.gate]


# ---- one gate by itself ----


def numbers_at(node: Value) -> list[float]:
    """The numbers of those inputs of a gate that are values."""
    return [node.numbers[1 + place] for place in moving(node)]


def alone(node: Value, at: Sequence[float]) -> Side:
    """The gate of a node by itself, at other numbers."""
    inputs: list[Any] = list(node.numbers[1:])
    values = [Value(x) for x in at]
    for place, value in zip(moving(node), values):
        inputs[place] = value
    output = node.form.gate(*inputs)  # type: ignore[misc]
    return Side(values, output, [output])


def slopes_alone(node: Value, at: Sequence[float]) -> Side:
    """The local gradients of the gate by itself, as graphs."""
    side = alone(node, at)
    slopes = read_rule(node.form, side.graph, side.graph.inputs)
    return replace(side, outputs=[x if isinstance(x, Value) else constant(x) for x in slopes])


def moving(node: Value) -> Sequence[int]:
    """The places of those inputs that are values."""
    return range(len(node.parents)) if node.form.moving is None else node.form.moving
