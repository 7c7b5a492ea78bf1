"""Flat code as Python text: on floats, sample by sample, or on arrays that hold a minibatch."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from .. import table
from ..formula import ATOM, POWER, PRODUCT, SIGN, Formula, is_plain
from ..gate import Gate
from ..table import GATES
from .flat import FlatCode, Line, Send, is_lookup, is_stackable, pairs, range_of, times, varies

MAX_TERMS = 50  # terms of a sum on one line of text; Python's parser nests some hundred deep at most
MAX_CHARACTERS = 120  # characters of a formula that is written where it is used; a longer one gets a line of its own
MIN_ROWS = 4  # fewer additions are not worth a branch around them, nor fewer lines an array of their own


class Spelling(Formula):
    """A number as the compiled code spells it."""

    __slots__ = ()

    @classmethod
    def number(cls, x: float) -> Spelling:
        return cls(repr(x), SIGN if math.copysign(1.0, x) < 0.0 else ATOM)

    @classmethod
    def power(cls, base: Any, exponent: Any) -> Spelling:
        return cls(f"pow({cls.of(base)}, {cls.of(exponent)})")

    @classmethod
    def call(cls, gate: Gate, inputs: tuple[Any, ...]) -> Spelling:
        name = gate.name if GATES.get(gate.name) is gate else f"{gate.name}_gate"
        return cls(f"{name}({', '.join(cls.of(x).text for x in inputs)})")


class Writer:
    """Writes each line of flat code on a line of text, or, if it is used only once, in the place where it is used.

    text: how each line that has been written is spelled in others: by its name, or by its formula.
    written: the lines of text so far.
    own_gates: gates that are not in the table, by name.
    """

    names_first: Sequence[str] = ()  # gates whose inputs are spelled more than once, and so need names

    def __init__(self, code: FlatCode):
        self.code = code
        self.text: dict[Line, Spelling] = {line: Spelling(line.name) for line in [*code.x, *code.p]}
        self.own_gates: dict[str, Gate] = {}
        self._values = {x for x in code.values if isinstance(x, Line)}
        self.written: list[str] = []
        users: dict[Line, list[Any]] = {line: [] for line in code.lines}
        every: list[Any] = [*code.lines, *code.sends]
        for user in every:
            for x in user.inputs:
                if isinstance(x, Line) and x.gate:
                    users[x].append(user)
        self._alone = {line for line, found in users.items() if len(found) == 1 and self._may_move(line, found[0])}

    def _may_move(self, line: Line, user: Any) -> bool:
        """Whether a line may be written where it is used: not if that is in the loop and it is not, nor if twice."""
        if isinstance(user, Send):
            return line.varies
        return line.varies == user.varies and user.gate.name not in self.names_first and line not in self._values

    def of(self, x: Any) -> Spelling:
        return self.text[x] if isinstance(x, Line) else Spelling.number(float(x))

    def write(self, line: Line) -> None:
        formula = self.formula(line)
        if line in self._alone and len(formula.text) <= MAX_CHARACTERS:
            self.text[line] = formula
            return
        if formula.text != line.name:
            self.written.append(f"{line.name} = {formula}")
        self.text[line] = Spelling(line.name)

    def formula(self, line: Line) -> Spelling:
        gate = line.gate
        if gate is table.dot or gate is table.total:
            return self.sum_of(line.name, self.terms(line))
        if gate and GATES.get(gate.name) is not gate:
            if self.own_gates.setdefault(gate.name, gate) is not gate:
                raise ValueError(f"two gates have the name {gate.name!r}: give each its own")
        made: Spelling = Spelling("").through_gate(gate, tuple(map(self.of, line.inputs)))  # type: ignore[arg-type]
        return made

    def terms(self, line: Line) -> list[Any]:
        """The terms that a dot or a total adds up."""
        inputs = [self.of(x) for x in line.inputs]
        n = len(inputs) // 2 if line.gate is table.dot else 0
        return [*[w * x for w, x in zip(inputs[:n], inputs[n:])], *inputs[2 * n :]]

    def sum_of(self, name: str, terms: Sequence[Any], start: str = "") -> Spelling:
        """The sum, from left to right; if it is long, most of it is written on lines of its own before."""
        terms = [*([Spelling(start)] if start else []), *terms]
        while len(terms) > MAX_TERMS:
            self.written.append(f"{name} = {table.add_up(*terms[:MAX_TERMS])}")
            terms = [Spelling(name), *terms[MAX_TERMS:]]
        total: Spelling = table.add_up(*terms)
        return total


# ---- on floats ----


class FloatWriter(Writer):
    """The flat code as a loop over samples; what does not vary stands before the loop.

    Where an upstream is 0, because a relu or a max let nothing through, whatever is multiplied by it can be left out.
    For that, products under such an upstream are added to gradients one by one, many of them under one `if upstream:`.

    _waiting: {upstream: [(target, local gradient)]}: additions of this kind that are not yet written, because they come
        as early as their local gradients are known.  A target is a line at a fork, or the name of a result.
    _open: the lines among these targets; they start at 0 and are complete only after their last addition.
    _added_to: the results that are added to in the loop.
    _tables: {values that are picked from: the name of the tuple of them}.
    _places: {an index line and how many values there are: the name of the index as a whole number}.
    _sums: {parameters that are picked from: the name of the list in which their gradients are added up}.
    """

    templates = {
        "relu": "(0.0 if {0} <= 0.0 else {0})",
        "leaky_relu": "({0} if {0} > 0.0 else {1} * {0})",
        "step": "(1.0 if {0} > {1} else 0.0 if {0} < {1} else {2} if {0} == {1} else nan)",
    }
    names_first = tuple(templates)

    def __init__(self, code: FlatCode):
        super().__init__(code)
        values = ["value", *[f"value{k}" for k in range(1, len(code.values))]]
        self._results = [*[f"g{i}" for i in range(code.parameters)], *values]
        self._waiting = self._additions()
        self._added_to: set[str] = set()
        self._tables: dict[tuple[Any, ...], str] = {}
        self._places: dict[Any, str] = {}
        self._sums: dict[tuple[int, ...], str] = {}
        self._open = {target for terms in self._waiting.values() for target, _ in terms if isinstance(target, Line)}

    def source(self) -> str:
        """The text of `run(p, samples)`: it returns the sums of values, of gradients (a list), and of other values."""
        head = [f"{_targets(self.code.p)} = p"] if self.code.p else []
        return "\n".join(["def run(p, samples):", *indented([*head, *self.body]), ""])

    def source_bound(self) -> str:
        """The text of `run(value_p0, value_p1, ...)`, for a graph without inputs: `bind` of an engine."""
        code, n = self.code, self.code.parameters
        reads = [f"{p} = value_{p}._data" for p in code.p[:n]]
        given = [f"value_{p}" for p in code.p[:n]] + [p.name for p in code.p[n:]]
        lines = ["def program():", "    try:", *indented(indented([*reads, *self.body]))]
        lines += ["    except (ArithmeticError, ValueError) as error:"]
        lines += [f"        explain(error, [{', '.join(given[:n])}], [{', '.join(given[n:])}], [()])", "        raise"]
        lines += ["program.__qualname__ = 'program'", "return program"]
        return "\n".join([f"def run({', '.join(given)}):", *indented(lines), ""])

    @functools.cached_property
    def body(self) -> list[str]:
        """What stands in the function after its parameters have names: text that can be written once only."""
        code = self.code
        self._write_lines(varying=False)
        before, self.written = self.written, []
        self._write_lines(varying=True)
        loop, self.written = self.written, []
        fixed = self._fixed()
        results = [self._result(name, fixed[name]) for name in self._results]
        for parameters, sums in self._sums.items():
            for k, i in enumerate(parameters):
                results[i] = f"{sums}[{k}]" if results[i] == "0.0" else f"{results[i]} + {sums}[{k}]"
        gradients, (value, *others) = results[: code.parameters], results[code.parameters :]
        zeros = [f"{name} = 0.0" for name in sorted(self._added_to)]
        zeros += [f"{name} = ({', '.join(self.of(x).text for x in xs)},)" for xs, name in self._tables.items()]
        zeros += [f"{name} = [0.0] * {len(parameters)}" for parameters, name in self._sums.items()]
        head = [f"for {_targets(code.x)} in samples:"] if loop else []
        after = ["n = float(len(samples))"] if code.x and any(fixed.values()) else []
        returned = ", ".join([value, f"[{', '.join(gradients)}]", *others])
        return [*before, *zeros, *head, *indented(loop), *after, *self.written, f"return {returned}"]

    def _fixed(self) -> dict[str, list[Spelling]]:
        """{result: its terms that are the same for every sample}; they are added once, times the number of samples."""
        fixed: dict[str, list[Spelling]] = {name: [] for name in self._results}
        for name, slope, upstream in self._sent():
            if not varies(slope, upstream):
                fixed[name].append(self._times(slope, upstream))
        return fixed

    def _result(self, name: str, fixed: list[Spelling]) -> str:
        if not fixed:
            return name if name in self._added_to else "0.0"
        once = self.sum_of(f"{name}_once", fixed)
        times = f"n * {Spelling.held(once, POWER)}" if self.code.x else once.text  # without inputs there is one sample
        return f"{name} + {times}" if name in self._added_to else times

    def _sent(self) -> list[tuple[str, Any, Any]]:
        sums = [send for send in self.code.sums_over_samples if send.pick is None]
        return [(self._results[i], slope, send.upstream) for send in sums for i, slope in send.slopes]

    def formula(self, line: Line) -> Spelling:
        if line in self._open:
            rest = [pair for pair in pairs(line) if not _may_be_0(pair[1])]
            return self.sum_of(line.name, [self.of(local) * self.of(up) for local, up in rest], line.name)
        if is_lookup(line.gate, line.inputs):
            index, *xs = line.inputs
            name = self._tables.setdefault(tuple(xs), f"t{len(self._tables)}")
            return Spelling(f"{name}[{self._place(index, len(xs))}]")
        if line.gate and line.gate.name in self.templates and GATES.get(line.gate.name) is line.gate:
            return Spelling(self.templates[line.gate.name].format(*[self.of(x) for x in line.inputs]))
        return super().formula(line)

    def _place(self, index: Line, count: int) -> str:
        """The index of a pick from so many values as a whole number; a line before says what it is."""
        if (index, count) not in self._places:
            name = self._places[index, count] = f"i{len(self._places)}"
            self.written.append(f"{name} = place({self.of(index)}, {count})")
        return self._places[index, count]

    def _additions(self) -> dict[Any, list[tuple[Any, Any]]]:
        """{upstream: [(target, local gradient)]}: what is added to gradients one by one, instead of in one formula."""
        found: dict[Any, list[tuple[Any, Any]]] = {}
        for line in self.code.lines:
            for local, upstream in pairs(line) if line in self.code.sums and line.varies else ():
                if _may_be_0(upstream):
                    found.setdefault(upstream, []).append((line, local))
        for name, slope, upstream in self._sent():
            if varies(slope, upstream):
                found.setdefault(upstream, []).append((name, slope))
        return found

    def _write_lines(self, varying: bool) -> None:
        if varying:
            self.written += [f"{line.name} = 0.0" for line in self.code.lines if line in self._open]
        for line in self.code.lines:
            if line.varies == varying:
                for _, upstream in pairs(line) if line in self._open else ():
                    self._add(upstream, line.place)
                self.write(line)
        if varying:
            for upstream in list(self._waiting):
                self._add(upstream, len(self.code.lines))
            for send in self.code.sends:
                if send.pick is not None:
                    name = self._sums.setdefault(tuple([i for i, _ in send.slopes]), f"d{len(self._sums)}")
                    self.written.append(
                        f"{name}[{self._place(send.pick, len(send.slopes))}] += {self.of(send.upstream)}"
                    )

    def _add(self, upstream: Any, place: int) -> None:
        """Writes the waiting additions under an upstream whose local gradients are known at this place in the lines."""
        lines, later = [], []
        for target, local in self._waiting.get(upstream, []):
            if isinstance(local, Line) and local.gate and local.place >= place:
                later.append((target, local))
            else:
                lines.append(f"{target} = {target} + {self._product(local, upstream)}")
                self._added_to |= {target} - self.code.sums
        self._waiting[upstream] = later
        skips = len(lines) >= MIN_ROWS and _may_be_0(upstream)
        self.written += [f"if {self.of(upstream)}:", *indented(lines)] if skips else lines

    def _product(self, x: Any, y: Any) -> str:
        return Spelling.held(self._times(x, y), PRODUCT)

    def _times(self, x: Any, y: Any) -> Spelling:
        return Spelling.of(times(*[self.text[v] if isinstance(v, Line) else v for v in (x, y)]))


def indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _targets(lines: Sequence[Line]) -> str:
    return ", ".join([line.name for line in lines]) + "," * (len(lines) == 1)


def _may_be_0(x: Any) -> bool:
    """Whether a gradient has just come through a gate that routes, and so is often 0."""
    return (
        isinstance(x, Line)
        and x.gate is table.mul
        and any([isinstance(y, Line) and y.gate is table.step for y in x.inputs])
    )


# ---- on arrays ----


class ArrayWriter(Writer):
    """The flat code on arrays: X has shape inputs x N, P and G are vectors, and each line that varies has shape N.

    add_to: how this library adds to a part of G, with places for which part and what.
    """

    def __init__(self, code: FlatCode, add_to: str):
        super().__init__(code)
        self.add_to = add_to
        self.text |= {x: Spelling(f"X[{x.place}]") for x in code.x} | {p: Spelling(f"P[{p.place}]") for p in code.p}
        self._stacks: dict[tuple[Line, ...], str] = {}

    def source(self) -> str:
        """The text of `run(P, X)`: it returns the sums of values, of gradients (a vector), and of other values."""
        self.written = ["n = X.shape[1]", f"G = zeros({self.code.parameters})"]
        for line in self.code.lines:
            self.write(line)
        for send in self.code.sends:
            self._send(send)
        value, *others = map(self._summed, self.code.values)
        returned = f"return {', '.join([value, 'G', *others])}"
        return "\n".join(["def run(P, X):", *indented([*self.written, returned]), ""])

    def formula(self, line: Line) -> Spelling:
        if is_lookup(line.gate, line.inputs):
            return Spelling(f"look_up({self._stack(line.inputs[1:])}, {self.of(line.inputs[0])})")
        if line.gate is table.dot and len(line.inputs) >= 2 * MIN_ROWS:
            products = pairs(line)
            ws, xs = ([pair[k] for pair in products] for k in (0, 1))
            if is_stackable(ws) and is_stackable(xs):
                others = [self.of(x) for x in line.inputs[2 * len(products) :]]
                dot: Spelling = table.add_up(self._dot(ws, xs), *others)
                return dot
        return super().formula(line)

    def _dot(self, ws: list[Line], xs: list[Line]) -> Spelling:
        if ws[0].varies and xs[0].varies:
            return Spelling(f"add_up({self._stack(ws)} * {self._stack(xs)})")
        fixed, other = (xs, ws) if ws[0].varies else (ws, xs)
        return Spelling(f"{self._stack(fixed)} @ {self._stack(other)}", PRODUCT)

    def _stack(self, lines: Sequence[Line]) -> str:
        """Lines as the rows of one array, which is a part of X or P if they are inputs or parameters."""
        if all([x.gate is None for x in lines]):
            return f"{'X' if lines[0].varies else 'P'}[{_where([x.place for x in lines])}]"
        key = tuple(lines)
        if key not in self._stacks:
            self._stacks[key] = f"s{len(self._stacks)}"
            self.written.append(f"{self._stacks[key]} = rows({', '.join(self.of(x).text for x in lines)})")
        return self._stacks[key]

    def _send(self, send: Send) -> None:
        upstream, sent, index = send
        if index is not None:
            places = f"index({', '.join([str(i) for i, _ in sent])})"
            self.written.append(f"G = add_at(G, {places}, {self.of(index)}, {self.of(upstream)})")
            return
        where, slopes = _where([i for i, _ in sent]), [slope for _, slope in sent]
        if len(sent) < MIN_ROWS or not is_stackable(slopes):
            for i, slope in sent:
                self._add_to(str(i), self._summed_product(slope, upstream))
        elif slopes[0].varies:
            every = self._stack(slopes)
            fixed = f"{every}.sum(1) * {Spelling.held(self.of(upstream), POWER)}"
            self._add_to(where, f"{every} @ {self.of(upstream)}" if varies(upstream) else fixed)
        else:
            self._add_to(where, f"{self._stack(slopes)} * {self._summed(upstream)}")

    def _add_to(self, where: str, what: str) -> None:
        self.written.append(self.add_to.format(where, what))

    def _summed_product(self, slope: Any, upstream: Any) -> str:
        """The sum over all samples of a local gradient x upstream."""
        if varies(slope) and varies(upstream):
            return f"{Spelling.held(self.of(slope), POWER)} @ {Spelling.held(self.of(upstream), POWER)}"
        varying, other = (slope, upstream) if varies(slope) else (upstream, slope)
        factor = "" if is_plain(other, 1.0) else f" * {Spelling.held(self.of(other), POWER)}"
        return self._summed(varying) + factor

    def _summed(self, x: Any) -> str:
        return f"add_up({self.of(x)})" if varies(x) else f"n * {Spelling.held(self.of(x), POWER)}"


def _where(places: Sequence[int]) -> str:
    """The text of an index for these places: a slice if they are evenly spaced."""
    found = range_of(places)
    if found is None:
        return f"index({', '.join(map(str, places))})"
    return f"{found.start}:{found.stop}" + (f":{found.step}" if found.step > 1 else "")
