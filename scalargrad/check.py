"""Is the gradient right?  The numerical slope against backward, as CS231n teaches it, and the gate that is to blame.

Source: CS231n, Neural Networks Part 3, "Gradient checks".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from .calculus import gradient, jacobian
from .composite import named, parameters_of
from .differences import RIGHT, Column, Side, Slope, alone, gates_of, moving, numbers_at, slopes_alone
from .gate import to_float
from .given import listed
from .text import in_columns
from .value import Value
from .views.phrases import say, shortened

MAX_CULPRITS = 10
CALLS_AGAIN = 5  # how often a function that fails is called again, to see whether it repeats itself


@dataclass(frozen=True, repr=False)
class Report:
    """What `check_gradients` found; it is true if nothing is wrong or suspicious.

    It shows itself as a table, in the language of `language`, and says why a slope cannot be told.

    slopes: one for every input (of order 2: for every pair of inputs).
    culprits: unless all slopes are right, the slopes of single gates that are not, each gate checked alone.
    """

    slopes: tuple[Slope, ...]
    culprits: tuple[Slope, ...]

    def __bool__(self) -> bool:
        return all(map(_passes, self.slopes)) and not self.culprits

    def __repr__(self) -> str:
        heads = ("slope", "backward", "numerical", "error", "verdict")
        rows = [tuple([say(f"check {head}") for head in heads]), *map(_cells, self.slopes)]
        if self.culprits:
            rows += [(say("check alone"), "", "", "", ""), *map(_cells, self.culprits)]
        lines = in_columns(rows)
        for doubt, names in self._doubts().items():
            lines.append(say(f"check {doubt}", names=say("comma").join(shortened(names))))
        return "\n".join(lines if self or self.culprits else [*lines, say("check cut")])

    def _doubts(self) -> dict[str, list[str]]:
        """{reason: the names of the slopes that cannot be told for it}."""
        doubts: dict[str, list[str]] = {}
        for slope in self.slopes:
            if slope.verdict == "cannot tell":
                finite = math.isfinite(slope.backward), math.isfinite(slope.numerical)
                doubt = "not finite" if not finite[0] else "no difference" if not finite[1] else "uncertain"
                doubts.setdefault(doubt, []).append(slope.name)
        return doubts


def _cells(slope: Slope) -> tuple[str, ...]:
    numerical = f"{slope.numerical:.10g}"
    if slope.uncertainty is not None and slope.uncertainty > RIGHT * abs(slope.numerical):
        numerical += f" +- {slope.uncertainty:.0e}"
    verdict = say(f"verdict {slope.verdict}")
    return slope.name, f"{slope.backward:.10g}", numerical, f"{slope.error:.1e}", verdict


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

    function: takes one `Value` for each input and returns one.  It is called anew for every difference.
    inputs: numbers, or values to take them from.
    step: the largest h of a difference, relative to max(1, |x|); smaller ones are tried where it is not good enough.
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
    given = [10.0**-k for k in range(1, 13)] if steps is None else steps
    chosen = [_positive(h) for h in listed(given, "steps is a list of numbers, as in [1e-3, 1e-5]")]
    return [(h, max((error for column in columns for error in column.errors(h)), default=0.0)) for h in chosen]


def _checked(function: object, inputs: object) -> list[float]:
    """The inputs as floats; TypeError, saying how the checker is called, for what is no function or are no inputs."""
    if not callable(function):
        kind = type(function).__name__
        raise TypeError(f"the checker computes anew and needs a function, such as lambda x, y: x * y, not a {kind}")
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs is a list with one number for each argument of the function: write [{inputs!r:.40}]")
    at = [x.data if isinstance(x, Value) else to_float(x) for x in inputs]
    for x in at:
        if not math.isfinite(x):
            raise ValueError(f"an input is {x!r}, and no difference leads away from there: take finite inputs")
    return at


def _positive(step: float) -> float:
    if not 0.0 < to_float(step) < math.inf:
        raise ValueError(f"step={step!r}: the difference needs one above 0 and finite, such as 1e-5")
    return to_float(step)


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


# ---- every gate alone ----


def _culprits(output: Value, step: float, order: int) -> list[Slope]:
    """The wrong slopes among all gates of a graph, each gate checked alone at the numbers of the forward pass."""
    kinds = (_gate_slopes, _gate_curves)[:order]
    slopes = (slope for node in gates_of(output) for kind in kinds for slope in _measurable(kind, node, step))
    return list(islice((slope for slope in slopes if not _passes(slope)), MAX_CULPRITS))


def _measurable(kind: Callable[[Value, float], Iterator[Slope]], node: Value, step: float) -> Iterator[Slope]:
    """The slopes of one gate as far as there are any: beside the edge of a domain there may be none."""
    with suppress(ArithmeticError, ValueError):
        yield from kind(node, step)


def _gate_slopes(node: Value, step: float) -> Iterator[Slope]:
    """By each input, and by tied ones together: where x = y, max(x, y) has no slope by x, but one along both."""
    at, center, names = numbers_at(node), alone(node, numbers_at(node)), [f"dz/d{name}" for name in _moving_names(node)]
    slopes = node.local_gradients()

    def along(*moved: int) -> Slope:
        name = _blamed(node, " + ".join([names[i] for i in moved]))
        column = Column(partial(alone, node), at, moved, center, [sum([slopes[i] for i in moved])], [name])
        [slope] = column.slopes(step)
        if slope.verdict == "kink" and not next(column.differences(step)).spans(0, slope.backward):
            return replace(slope, verdict="wrong")  # exactly on its kink a gate may give any slope from left to right
        return slope

    each = [along(i) for i in range(len(at))]
    yield from each
    tied = {x for x, slope in zip(at, each) if slope.verdict == "kink" and at.count(x) > 1}
    yield from [along(*[i for i, y in enumerate(at) if y == x]) for x in tied]


def _gate_curves(node: Value, step: float) -> Iterator[Slope]:
    at, center, names = numbers_at(node), slopes_alone(node, numbers_at(node)), _moving_names(node)
    for i, (by, column) in enumerate(zip(names, zip(*jacobian(center.outputs, center.inputs)))):
        called = [_blamed(node, f"d2z/d{x} d{by}") for x in names]
        yield from Column(partial(slopes_alone, node), at, (i,), center, list(column), called).slopes(step)


def _moving_names(node: Value) -> list[str]:
    names = node.form.gate.input_names(len(node.numbers) - 1)  # type: ignore[union-attr]
    return [names[place] for place in moving(node)]


def _blamed(node: Value, slope: str) -> str:
    inputs = [f"{x:g}" for x in node.numbers[1:4]] + ["..."] * (len(node.numbers) > 4)
    gate = f"{node.gate.name if node.gate else ''}{f' ({node.label})' if node.label else ''}"
    return say("check gate", gate=gate, slope=slope, inputs=say("comma").join(inputs))
