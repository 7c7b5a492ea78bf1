"""Is the gradient right?  The numerical slope against backward, as CS231n teaches it, and the gate that is to blame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from .calculus import gradient, jacobian, sensitivities
from .composite import Composite, named, parameters_of, taken_apart
from .formula import read_rule
from .gate import number
from .graph import topological_order
from .table import dot, step as step_gate, total
from .value import Value, constant

WRONG, SUSPICIOUS, RIGHT = 1e-2, 1e-4, 1e-7  # the course's bands of relative error
EPSILON = 2.0**-52
FINEST = 1e-9  # a smaller step measures nothing but rounding
SUMS = (total, dot)  # gates that add up inside
MOST = 10  # wrong slopes of single gates that a report lists


@dataclass(frozen=True)
class Slope:
    """One derivative, computed twice.

    name: what it is the derivative of, by what.
    backward, numerical: the derivative by backpropagation, and by centred difference.
    error: |backward - numerical| / max(|backward|, |numerical|); 0 where both are 0.
    verdict: "right", "suspicious" or "wrong" by the course's bands, or "kink" where a winner changes within the step.
    """

    name: str
    backward: float
    numerical: float
    error: float
    verdict: str


@dataclass(frozen=True, repr=False)
class Report:
    """What `check_gradients` found; it is true if no slope is wrong or suspicious, and shows itself as a table.

    slopes: one for every input (of order 2: for every pair of inputs).
    culprits: if a slope failed, the slopes of single gates that are wrong, each gate checked alone.
    """

    slopes: tuple[Slope, ...]
    culprits: tuple[Slope, ...]

    def __bool__(self) -> bool:
        return all(map(_passes, self.slopes))

    def __repr__(self) -> str:
        head = ("slope", "backward", "numerical", "error", "verdict")
        rows = [head, *map(_cells, self.slopes)]
        if self.culprits:
            rows += [("gates checked alone", "", "", "", ""), *map(_cells, self.culprits)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


Scale = Callable[[float], float]  # of an input: what its step is relative to
Measure = Callable[[float, Scale], list[Slope]]  # by a step


def _cells(slope: Slope) -> tuple[str, ...]:
    return slope.name, f"{slope.backward:.10g}", f"{slope.numerical:.10g}", f"{slope.error:.1e}", slope.verdict


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
    step: the h of the difference, relative to max(1, |x|).
    order: 1 for gradients; 2 for second derivatives, against differences of gradients.
    raise_on_error: AssertionError, with the table, where a slope is wrong or suspicious.

    Relative errors above 1e-2 are wrong, from 1e-4 suspicious, and from 1e-7 too unless there are kinks in the graph;
    what is within the rounding noise of the difference is right, and so is what a smaller step finds right, or a
    hundred times closer; if the smaller step can only measure rounding, the slope is suspicious.  Where the winner of a
    max, or the side of a relu, is not the same at x - h and x + h, the difference crosses a kink and says nothing.

    >>> print(check_gradients(lambda x, y: x * y, [2.0, -4.0]))
    slope  backward  numerical  error    verdict
    df/dx  -4        -4         0.0e+00  right
    df/dy  2         2          0.0e+00  right

    Source: CS231n, Neural Networks Part 3, "Gradient checks".
    """
    if order not in (1, 2):
        raise ValueError(f"order={order!r}: choose 1 or 2")
    at = _checked(function, inputs)
    names, step = named(parameters_of(function), len(at)), _positive(step)
    measures = (_first_order if order == 1 else _second_order)(function, at, names)
    report = Report(tuple(_settled(measures, step)), ())
    if not report:
        report = Report(report.slopes, tuple(_culprits(_record(function, at)[1], step, order)))
        if raise_on_error:
            raise AssertionError(f"gradients and slopes differ\n{report}")
    return report


def sweep(
    function: Callable[..., Value], inputs: Iterable[float], steps: Iterable[float] | None = None
) -> list[tuple[float, float]]:
    """(step, largest relative error) for many steps: the picture of error against h, falling and rising again.

    steps: by default 1e-1, 1e-2, ..., 1e-12.  For large h the error is the curvature's, for small h rounding's.
    """
    at = _checked(function, inputs)
    measures = _first_order(function, at, named(parameters_of(function), len(at)))
    chosen = [10.0**-k for k in range(1, 13)] if steps is None else [_positive(h) for h in steps]
    return [(h, max((slope.error for measure in measures for slope in measure(h, _size)), default=0.0)) for h in chosen]


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


def _settled(measures: Iterable[Measure], step: float) -> Iterator[Slope]:
    """The slopes by this step, or by smaller ones where these show that the function is only too curved for it."""
    for measure in measures:
        slopes = measure(step, _size)
        if 0.01 * step > FINEST and not all(map(_passes, slopes)):
            finer = [_tried(measure, *smaller) for smaller in ((0.1 * step, _size), (0.01 * step, _size), (step, abs))]
            slopes = list(map(_closest, slopes, *filter(None, finer)))
            near = _tried(measure, step, lambda x: max(1.0, math.ulp(x) / step))
            slopes = list(map(_nearest, slopes, near or slopes))
        yield from slopes


def _size(x: float) -> float:
    return max(1.0, abs(x))


def _tried(measure: Measure, step: float, scale: Scale) -> list[Slope]:
    with suppress(ArithmeticError, ValueError):
        return measure(step, scale)
    return []


def _closest(coarse: Slope, *finer: Slope) -> Slope:
    """The first slope that passes.  As the step falls tenfold, the error of a right one falls a hundredfold."""
    if _passes(coarse):
        return coarse
    for slope in finer:
        if slope.error <= RIGHT:
            return slope
    off = [abs(slope.backward - slope.numerical) for slope in (coarse, *finer[:2])]
    falls = len(off) == 3 and off[1] <= 0.02 * off[0] < math.inf and off[2] <= 0.02 * off[1]
    return replace(finer[1], verdict="right") if falls else coarse


def _nearest(slope: Slope, near: Slope) -> Slope:
    """The slope, or the one by a step that is not relative: 1e-5 of a million strides over three periods of a sine.

    So near, rounding may hide what a wrong rule does.  A slope that differs only less than that is not excused by it:
    it stays suspicious, unless the two agree so well that it is no accident.
    """
    if _passes(slope) or near.error <= RIGHT or near.verdict == "suspicious":
        return slope if _passes(slope) else near
    if slope.verdict == "wrong" and near.verdict == "right":
        return near if near.error <= SUSPICIOUS else replace(near, verdict="suspicious")
    return slope


def _passes(slope: Slope) -> bool:
    return slope.verdict in ("right", "kink")


# ---- one step to either side ----


class Side(NamedTuple):
    """What is computed at one point: of `inputs` a `graph`, and the `outputs` whose differences are taken."""

    inputs: list[Value]
    graph: Value
    outputs: list[Value]


def _measures(
    compute: Callable[[list[float]], Side],
    at: list[float],
    places: Iterable[int],
    slopes: list[list[float]],
    names: list[list[str]],
) -> list[Measure]:
    """For each of the places what measures the slopes of all outputs by that input: a column of `slopes`."""

    def measure(
        place: int, backward: tuple[float, ...], names: tuple[str, ...], step: float, scale: Scale
    ) -> list[Slope]:
        below, above, width = _around(compute, at, place, step, scale)
        return [_slope(name, slope, i, below, above, width) for i, (name, slope) in enumerate(zip(names, backward))]

    return [partial(measure, *column) for column in zip(places, zip(*slopes), zip(*names))]


def _around(
    compute: Callable[[list[float]], Side], at: list[float], i: int, step: float, scale: Scale
) -> tuple[Side, Side, float]:
    """`compute` a step below and a step above `at` along input i, and how far apart the two are.

    step: relative to `scale` of the input.  Where nothing can be computed there, as beside the edge of log's domain, it
        is made smaller.
    """
    x, h = at[i], step * scale(at[i])
    problem: Exception = ValueError(f"no step of {h!r} leads away from {x!r}")
    for smaller in (h, 0.1 * h, 0.01 * h, 0.001 * h, 0.0001 * h, step * abs(x)):
        low, high = x - smaller, x + smaller
        try:
            if low < high:
                below, above = (compute([*at[:i], side, *at[i + 1 :]]) for side in (low, high))
                return below, above, high - low
        except (ArithmeticError, ValueError) as error:
            problem = error
    raise problem


def _slope(name: str, backward: float, i: int, below: Side, above: Side, width: float) -> Slope:
    """What the difference of the outputs `i` says of one slope."""
    numerical = (above.outputs[i].data - below.outputs[i].data) / width
    error, verdict = 0.0, "right"
    if backward != numerical:
        error = abs(backward - numerical) / (max(abs(backward), abs(numerical)) or math.nan)
    if not (error <= RIGHT or abs(backward - numerical) <= _rounding(above, i) / width < math.inf):
        verdict = _verdict(error, _sides(below.graph), _sides(above.graph))
    return Slope(name, backward, numerical, error, verdict)


def _verdict(error: float, below: list[tuple[Any, ...]], above: list[tuple[Any, ...]]) -> str:
    if error <= SUSPICIOUS and any(comparisons for _, *comparisons in above):
        return "right"
    return "kink" if below != above else "suspicious" if error <= WRONG else "wrong"


def _rounding(side: Side, i: int) -> float:
    """How much of the difference of two outputs may be rounding: what every node loses, times the slope by it."""
    opened = taken_apart([side.outputs[i]], lambda g: isinstance(g, Composite) or g in SUMS)[side.outputs[i]]
    slopes = sensitivities(opened, side.inputs)
    return 16.0 * EPSILON * sum(abs(slope * node.data) for node, slope in slopes.items())


# ---- the whole graph ----


def _record(function: Callable[..., Value], at: Sequence[float]) -> Side:
    values = [Value(x) for x in at]
    output = function(*values)
    if not isinstance(output, Value):
        raise TypeError(f"the function returned {type(output).__name__}, not a Value: there is no gradient to check")
    return Side(values, output, [output])


def _first_order(function: Any, at: list[float], names: list[str]) -> list[Measure]:
    values, output, _ = _record(function, at)
    output.backward()
    slopes = [[x.grad for x in values]]
    return _measures(partial(_record, function), at, range(len(at)), slopes, [[f"df/d{name}" for name in names]])


def _second_order(function: Any, at: list[float], names: list[str]) -> list[Measure]:
    def compute(x: list[float]) -> Side:
        side = _record(function, x)
        return side._replace(outputs=gradient(side.graph, side.inputs))

    center = compute(at)
    slopes = jacobian(center.outputs, center.inputs)
    return _measures(compute, at, range(len(at)), slopes, [[f"d2f/d{x} d{by}" for by in names] for x in names])


# ---- kinks: how the comparisons in the rules fall out ----


def _sides(output: Value) -> list[tuple[Any, ...]]:
    """For every gate its name, and how its comparisons fall out: which side of 0 a relu is on, which input won a max.

    The rule is read on nodes, so that its comparisons are gates of a graph, to be looked up there.
    """
    return [(node.gate.name, *_comparisons(node)) for node in _gates_of(output) if node.gate]


def _comparisons(node: Value) -> tuple[float, ...]:
    if node.gate is step_gate:
        return (node.data,)
    try:
        slopes = _slopes_alone(node, node.numbers[1:]).outputs
    except (ArithmeticError, ValueError):
        return ()
    return tuple([n.data for n in topological_order(slopes) if n.gate is step_gate])


def _gates_of(output: Value) -> list[Value]:
    opened = taken_apart([output], lambda gate: isinstance(gate, Composite))[output]
    return [node for node in topological_order([opened]) if node.gate]


# ---- every gate alone ----


def _culprits(output: Value, step: float, order: int) -> list[Slope]:
    """The wrong slopes among all gates of a graph, each gate checked alone at the numbers of the forward pass."""
    kinds = (_gate_slopes, _gate_curves)[:order]
    slopes = (slope for node in _gates_of(output) for kind in kinds for slope in _measurable(kind, node, step))
    return list(islice((slope for slope in slopes if not _passes(slope)), MOST))


def _measurable(kind: Callable[[Value], list[Measure]], node: Value, step: float) -> Iterator[Slope]:
    """The slopes of one gate as far as there are any: beside the edge of a domain there may be none."""
    with suppress(ArithmeticError, ValueError):
        yield from _settled(kind(node), step)


def _gate_slopes(node: Value) -> list[Measure]:
    names = [[_blamed(node, f"dz/d{name}") for name in _moving_names(node)]]
    at, slopes = list(node.numbers[1:]), [list(node.local_gradients())]
    return _measures(partial(_alone, node), at, _moving(node), slopes, names)


def _gate_curves(node: Value) -> list[Measure]:
    center = _slopes_alone(node, node.numbers[1:])
    names = [[_blamed(node, f"d2z/d{x} d{by}") for by in _moving_names(node)] for x in _moving_names(node)]
    at, slopes = list(node.numbers[1:]), jacobian(center.outputs, center.inputs)
    return _measures(partial(_slopes_alone, node), at, _moving(node), slopes, names)


def _alone(node: Value, numbers: Sequence[float]) -> Side:
    """The gate of a node by itself, with other numbers."""
    inputs: list[Any] = list(numbers)
    for place in _moving(node):
        inputs[place] = Value(inputs[place])
    output = node.form.gate(*inputs)  # type: ignore[misc]
    return Side([inputs[place] for place in _moving(node)], output, [output])


def _slopes_alone(node: Value, numbers: Sequence[float]) -> Side:
    """The local gradients of the gate by itself, as graphs."""
    side = _alone(node, numbers)
    slopes = read_rule(node.form, side.graph, side.graph.inputs)
    return side._replace(outputs=[x if isinstance(x, Value) else constant(x) for x in slopes])


def _moving(node: Value) -> Sequence[int]:
    """The places of those inputs that are values."""
    return range(len(node.parents)) if node.form.moving is None else node.form.moving


def _moving_names(node: Value) -> list[str]:
    names = node.form.gate.input_names(len(node.numbers) - 1)  # type: ignore[union-attr]
    return [names[place] for place in _moving(node)]


def _blamed(node: Value, slope: str) -> str:
    inputs = ", ".join(f"{x:g}" for x in node.numbers[1:4]) + (", ..." if len(node.numbers) > 4 else "")
    return f"gate {node.gate.name if node.gate else ''}{f' ({node.label})' if node.label else ''}: {slope} at {inputs}"
