"""Is the gradient right?  The numerical slope against backward, as CS231n teaches it, and the gate that is to blame."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .calculus import gradient, jacobian
from .composite import Composite, taken_apart
from .formula import read_rule
from .gates import Gate, number, step as step_gate
from .graph import topological_order
from .value import Value, constant

WRONG, SUSPICIOUS, RIGHT = 1e-2, 1e-4, 1e-7  # the course's bands of relative error
EPSILON = 2.0**-52
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


@dataclass(frozen=True)
class Report:
    """What `check_gradients` found; it is true if no slope is wrong or suspicious, and `str` of it is a table.

    slopes: one for every input (of order 2: for every pair of inputs).
    culprits: if a slope failed, the slopes of single gates that are wrong, each gate checked alone.
    """

    slopes: tuple[Slope, ...]
    culprits: tuple[Slope, ...]

    def __bool__(self) -> bool:
        return all(slope.verdict in ("right", "kink") for slope in self.slopes)

    def __str__(self) -> str:
        head = ("slope", "backward", "numerical", "error", "verdict")
        rows = [head, *map(_cells, self.slopes)]
        if self.culprits:
            rows += [("gates checked alone", "", "", "", ""), *map(_cells, self.culprits)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


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
    inputs: numbers.
    step: the h of the difference, relative to max(1, |x|).
    order: 1 for gradients; 2 for second derivatives, against differences of gradients.
    raise_on_error: AssertionError, with the table, where a slope is wrong or suspicious.

    Relative errors above 1e-2 are wrong, from 1e-4 suspicious, and from 1e-7 too unless there are kinks in the graph;
    what is within the rounding noise of the difference is right.  Where the winner of a max, or the side of a relu, is
    not the same at x - h and x + h, the difference crosses a kink and says nothing.

    >>> print(check_gradients(lambda x, y: x * y, [2.0, -4.0]))
    slope  backward  numerical  error    verdict
    df/dx  -4        -4         0.0e+00  right
    df/dy  2         2          0.0e+00  right

    Source: CS231n, Neural Networks Part 3, "Gradient checks".
    """
    if order not in (1, 2):
        raise ValueError(f"order={order!r}: choose 1 or 2")
    at = [number(x) for x in inputs]
    names = _names(function, len(at))
    slopes = (_first_order if order == 1 else _second_order)(function, at, names, step)
    report = Report(tuple(slopes), ())
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
    at = [number(x) for x in inputs]
    names = _names(function, len(at))
    chosen = [10.0**-k for k in range(1, 13)] if steps is None else [number(h) for h in steps]
    return [(h, max((s.error for s in _first_order(function, at, names, h)), default=0.0)) for h in chosen]


# ---- the whole graph ----


def _record(function: Callable[..., Value], at: Sequence[float]) -> tuple[list[Value], Value]:
    values = [Value(x) for x in at]
    output = function(*values)
    if not isinstance(output, Value):
        raise TypeError(f"the function returned {type(output).__name__}, not a Value: there is no gradient to check")
    return values, output


def _first_order(function: Any, at: list[float], names: list[str], step: float) -> list[Slope]:
    values, output = _record(function, at)
    output.backward()
    slopes = []
    for i, name in enumerate(names):
        (_, below), (_, above), width = _around(lambda x: _record(function, x), at, i, step)
        numerical = (above.data - below.data) / width
        noise = 16.0 * EPSILON * _largest(above) / width
        slopes.append(_slope(f"df/d{name}", values[i].grad, numerical, noise, below, above))
    return slopes


def _second_order(function: Any, at: list[float], names: list[str], step: float) -> list[Slope]:
    values, output = _record(function, at)
    second = jacobian(gradient(output, values), values)
    slopes = []
    for j, by in enumerate(names):
        below, above, width = _around(lambda x: _record(function, x), at, j, step)
        before, after = ([g.data for g in gradient(f, inputs)] for inputs, f in (below, above))
        for i, name in enumerate(names):
            numerical = (after[i] - before[i]) / width
            noise = 64.0 * EPSILON * max(abs(after[i]), abs(before[i]), _largest(above[1])) / width
            slopes.append(_slope(f"d2f/d{name} d{by}", second[i][j], numerical, noise, below[1], above[1]))
    return slopes


def _around(compute: Callable[[list[float]], Any], at: list[float], i: int, step: float) -> tuple[Any, Any, float]:
    """`compute` a step below and a step above `at` along input i, and how far apart the two are.

    Where it cannot be computed there, as beside the edge of log's domain, the step is made smaller.
    """
    h = step * max(1.0, abs(at[i]))
    for shrink in (1.0, 0.1, 0.01, 0.001, 0.0001):
        below, above = at[i] - h * shrink, at[i] + h * shrink
        try:
            return *(compute([*at[:i], x, *at[i + 1 :]]) for x in (below, above)), above - below
        except (ArithmeticError, ValueError):
            if shrink == 0.0001:
                raise
    raise ValueError(f"no step from {at[i]!r}")


def _slope(name: str, backward: float, numerical: float, noise: float, below: Value, above: Value) -> Slope:
    largest = max(abs(backward), abs(numerical))
    error = abs(backward - numerical) / largest if largest else 0.0
    sides = _sides(above)
    if error <= (SUSPICIOUS if any(sides) else RIGHT) or abs(backward - numerical) <= noise:
        verdict = "right"
    elif sides != _sides(below):
        verdict = "kink"
    else:
        verdict = "suspicious" if error <= WRONG else "wrong"
    return Slope(name, backward, numerical, error, verdict)


def _largest(output: Value) -> float:
    """The largest number in a graph: rounding errors are in proportion to it."""
    sizes = [abs(x) for node in topological_order([output]) for x in node.numbers or (node.data,)]
    return max([size for size in sizes if math.isfinite(size)], default=0.0)


def _names(function: Any, count: int) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = {}.values()
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*known, *(f"x{i + 1}" for i in range(len(known), count))][:count]


# ---- kinks: how the comparisons in the rules fall out ----


def _sides(output: Value) -> list[tuple[float, ...]]:
    """For every gate how the comparisons in its rule fall out: which side of 0 a relu is on, which input won a max.

    The rule is read on nodes, so that its comparisons are gates of a graph, to be looked up there.
    """
    return [_comparisons(node) for node in _gates_of(output)]


def _comparisons(node: Value) -> tuple[float, ...]:
    try:
        slopes, _ = _slopes_as_graphs(node)
    except (ArithmeticError, ValueError):
        return ()
    read = topological_order([slope for slope in slopes if isinstance(slope, Value)])
    return tuple([n.data for n in read if n.gate is step_gate])


def _slopes_as_graphs(node: Value) -> tuple[tuple[Any, ...], list[Value]]:
    """The local gradients of one gate alone as graphs, and the leaves they depend on: its inputs that are values."""
    gate, moving = _wired(node)
    inputs: list[Any] = list(node.numbers[1:])
    for place in moving:
        inputs[place] = Value(inputs[place])
    return read_rule(node.form, gate(*inputs), tuple(inputs)), [inputs[place] for place in moving]


def _wired(node: Value) -> tuple[Gate, tuple[int, ...]]:
    gate = node.form.gate
    if gate is None:
        raise TypeError("a leaf has no gate")
    return gate, tuple(range(len(node.parents))) if node.form.moving is None else node.form.moving


def _gates_of(output: Value) -> list[Value]:
    opened = taken_apart([output], lambda gate: isinstance(gate, Composite))[output]
    return [node for node in topological_order([opened]) if node.gate]


# ---- every gate alone ----


def _culprits(output: Value, step: float, order: int) -> list[Slope]:
    """The wrong slopes among all gates of a graph, each gate checked alone at the numbers of the forward pass."""
    slopes = [
        slope for node in _gates_of(output) for slope in (_gate_slopes if order == 1 else _gate_curves)(node, step)
    ]
    return [slope for slope in slopes if slope.verdict in ("wrong", "suspicious")][:MOST]


def _gate_slopes(node: Value, step: float) -> list[Slope]:
    gate, moving = _wired(node)
    at, names = list(node.numbers[1:]), gate.input_names(len(node.numbers) - 1)
    slopes = []
    for place, local in zip(moving, node.local_gradients()):
        below, above, width = _around(lambda x: _alone(gate, moving, x), at, place, step)
        noise = 16.0 * EPSILON * _largest(above) / width
        name = _blamed(node, f"dz/d{names[place]}")
        slopes.append(_slope(name, local, (above.data - below.data) / width, noise, below, above))
    return slopes


def _gate_curves(node: Value, step: float) -> list[Slope]:
    gate, moving = _wired(node)
    at, names = list(node.numbers[1:]), gate.input_names(len(node.numbers) - 1)
    graphs, leaves = _slopes_as_graphs(node)
    second = jacobian([g if isinstance(g, Value) else constant(g) for g in graphs], leaves)
    slopes = []
    for j, place in enumerate(moving):
        below, above, width = _around(lambda x: _alone(gate, moving, x), at, place, step)
        before, after = below.local_gradients(), above.local_gradients()
        for i, other in enumerate(moving):
            noise = 64.0 * EPSILON * max(abs(before[i]), abs(after[i]), _largest(above)) / width
            name = _blamed(node, f"d2z/d{names[other]} d{names[place]}")
            slopes.append(_slope(name, second[i][j], (after[i] - before[i]) / width, noise, below, above))
    return slopes


def _alone(gate: Gate, moving: tuple[int, ...], numbers: Sequence[float]) -> Value:
    output: Value = gate(*[Value(x) if i in moving else x for i, x in enumerate(numbers)])
    return output


def _blamed(node: Value, slope: str) -> str:
    inputs = ", ".join(f"{x:g}" for x in node.numbers[1:4]) + (", ..." if len(node.numbers) > 4 else "")
    return f"gate {node.gate.name if node.gate else ''}{f' ({node.label})' if node.label else ''}: {slope} at {inputs}"
