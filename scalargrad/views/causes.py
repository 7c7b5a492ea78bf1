"""The search for the causes of one gradient: which gates, labels and numbers made it what it is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..gate import CONSTANT, Gate
from ..graph import Edge, topological_order
from ..value import Value
from .ledger import FEW, SHORT, Backward, Told, count_text, cut, multiplied, product_of
from .phrases import agreeing, number_text, say
from .steps import MOST, numbers_text, output_of

CODES = (
    *("root", "ordinary", "tiny", "huge", "not computed yet", "other backward passes"),
    *("not connected", "detached", "constant", "infinite local gradient", "infinity", "overflow", "nan"),
    *("zero times infinity", "relu off", "lost", "saturated", "zero weight", "flat", "cancellation", "underflow"),
)
TINY, HUGE = 1e-4, 1e4  # a gradient between the two is an ordinary one
SQUASHING = ("sigmoid", "tanh", "softplus", "elu")
FLAT = 0.01  # a squashing gate whose local gradient is smaller is saturated
CANCELS = 1e-3  # what is left of the largest contribution where the contributions to a fork cancel


@dataclass(frozen=True, repr=False)
class Cause(Told):
    """One reason for a gradient; `str(cause)` is a sentence.

    code: which reason, one of `CODES`.
    node: the value where it lies, as a rule the output of a gate; `name` is what it is called.
    gate: the gate of that value, None for a leaf.
    numbers: those of the sentence, by name: {"input": -0.3, "local": 0.0} for a relu that is off.
    line: where the gate stands in the source, "" if that was not recorded.
    """

    code: str
    node: Value
    name: str
    gate: Gate | None
    numbers: Mapping[str, float] = field(hash=False)
    line: str


class Why(Backward):
    """The search for the causes of one gradient: from x along the uses that matter, to the gates that did it."""

    gradient: float | None = None

    def causes(self) -> list[Cause]:
        """The reasons, the main one first."""
        found = self.unconnected() if self.x not in self.arriving else self.steep() or self.connected()
        if self.root.grad == 0.0 and self.gradient is not None:
            found.insert(0, self.cause("not computed yet", self.root))
        if self.gradient is not None and self.root.grad in (0.0, 1.0) and not self.held():
            found.append(self.cause("other backward passes", self.x, {"held": self.x.grad}))
        return found

    def told(self, causes: list[Cause]) -> str:
        """The gradient with its causes."""
        gradient = "" if self.gradient is None else number_text(self.gradient)
        computed = self.root.grad != 0.0
        phrase = "no gradient" if self.gradient is None else "gradient" if computed else "gradient to come"
        if len(causes) == 1:
            return say(phrase, title=self.title(), gradient=gradient, cause=causes[0])
        head = say(phrase, title=self.title(), gradient=gradient, cause="").rstrip()
        return "\n".join([head, *cut(causes, FEW)])

    def cause(
        self,
        code: str,
        node: Value,
        numbers: Mapping[str, float] | None = None,
        texts: Mapping[str, str] | None = None,
        phrase: str = "",
    ) -> Cause:
        """A cause that lies at `node`; its sentence is `phrase`, filled in with the numbers, or the texts for them."""
        numbers = dict(numbers or {})
        parts = {"name": self.names[node], "x": self.name, "root": self.root_name, "via": self.via(node)}
        parts |= {key: number_text(x) for key, x in numbers.items()} | dict(texts or {})
        sentence = say(phrase or f"why {code}", **parts)
        return Cause(code, node, self.names[node], node.gate, numbers, self.line(node), sentence=sentence)

    # ---- no gradient at all ----

    def unconnected(self) -> list[Cause]:
        """Why x gets none: the root does not depend on it."""
        self.gradient = 0.0
        x, root = self.x, self.root
        if root in set(topological_order([x])):
            return [self.cause("not connected", root, phrase="why beyond the root")]
        if x.form is CONSTANT:
            return [self.cause("constant", x)]
        if not root.gate:
            code = "constant" if root.form is CONSTANT else "detached"
            return [self.cause(code, root, phrase="why root is a leaf")]
        copy = next((leaf for leaf in self.order if self.is_copy(leaf)), None)
        if copy is not None:
            return [self.cause("detached", copy, {"data": copy.data})]
        leaves = [self.names[node] for node in self.order if not node.gate and node.form is not CONSTANT]
        shown = ", ".join(leaves if len(leaves) <= MOST else [*leaves[:MOST], say("in all", count=len(leaves))])
        return [self.cause("not connected", x, texts={"leaves": shown})]

    def is_copy(self, leaf: Value) -> bool:
        """Whether `leaf` looks like x behind a `detach()`: of the same number and label, or of no name at all."""
        unnamed = re.fullmatch(r"v\d+", self.names[leaf]) or self.x.gate
        alike = leaf.label == self.x.label and (leaf.label or unnamed)
        return not leaf.gate and leaf.form is not CONSTANT and leaf.data == output_of(self.x) and bool(alike)

    def steep(self) -> list[Cause]:
        """The gate at which `backward()` would stop with an error."""
        try:
            self.swept()
        except (ArithmeticError, ValueError):
            node = next(node for node in reversed(self.order) if _raises(node))
            return [self.cause("infinite local gradient", node, _inputs(node), {"at": numbers_text(node)})]
        self.gradient = self.gradients[self.x]
        return []

    # ---- a gradient that is a number ----

    def connected(self) -> list[Cause]:
        found = self.by_size()
        known = {cause.node for cause in found if cause.code in ("nan", "infinity", "overflow")}
        return found + [cause for cause in self.came_in(self.root) if cause.node not in known]

    def by_size(self) -> list[Cause]:
        size = abs(self.gradients[self.x])
        if size != size:
            return self.nan(self.x)
        if self.x is self.root:
            return [self.cause("root", self.x, phrase="root")]
        if size == math.inf:
            return self.infinite(self.x)
        if size == 0.0:
            return self.zero()
        if size < TINY:
            return [self.tiny(self.strongest(self.x))]
        return [self.huge() if size > HUGE else self.ordinary()]

    def ordinary(self) -> Cause:
        """A plain account of what made the gradient."""
        chain = self.strongest(self.x)[::-1]
        if len(chain) <= SHORT and self.count_of_paths() == 1:
            nodes = [*[edge.node for edge in chain], self.x]
            slopes = [say("slope", name=self.names[z], parent=self.names[x]) for z, x in zip(nodes, nodes[1:])]
            texts = {"slopes": product_of(slopes), "product": self.product_told([edge.local for edge in chain])}
            phrase = "why local gradient" if len(chain) == 1 else "why chain"
            return self.cause("ordinary", chain[-1].node, {}, texts, phrase)
        entries = list(self.entries(self.x))
        if len(entries) == 1:
            return self.one_use(self.arriving[self.x][0])
        return self.cause("ordinary", self.x, {}, {"terms": self.terms(self.x, entries)}, "why fork")

    def one_use(self, edge: Edge) -> Cause:
        upstream, local = agreeing(multiplied, [edge.upstream, edge.local], edge.upstream * edge.local)
        return self.cause(
            "ordinary", edge.node, _factors_of(edge), {"upstream": upstream, "local": local}, "why one use"
        )

    # ---- zero ----

    def zero(self) -> list[Cause]:
        """Every gate or fork at which the gradient became 0 on its way to x, the nearest to x first."""
        causes: list[Cause] = []
        queue = [self.x]
        met = {self.x}
        for node in queue:  # it grows while it is walked
            arriving = self.arriving[node]
            if any([edge.upstream * edge.local for edge in arriving]):
                causes.append(self.cancellation(node))
                continue
            for edge in arriving:
                if edge.local == 0.0:
                    causes.append(self.blocked(edge))
                elif edge.upstream != 0.0:
                    causes.append(self.underflow(edge))
                elif edge.node not in met:
                    met.add(edge.node)
                    queue.append(edge.node)
        return list({(cause.node, cause.sentence): cause for cause in causes}.values())  # x * x says it once

    def blocked(self, edge: Edge) -> Cause:
        """Why the local gradient of a gate is 0."""
        node, name = edge.node, edge.node.gate.name
        here = _place_among_inputs(edge)
        inputs, numbers = node.inputs, node.numbers[1:]
        if name == "relu":
            return self.cause("relu off", node, {"input": numbers[here], "local": 0.0})
        if name in ("maximum", "minimum"):
            return self.lost(edge, here)
        if name in ("mul", "dot"):
            other = _partner(here, len(inputs)) if name == "dot" else 1 - here
            weight = self.named_number(inputs[other], numbers[other])
            return self.cause("zero weight", node, {"weight": 0.0}, self.slope_of(edge) | {"weight": weight})
        if name in SQUASHING and here == 0:
            return self.saturated([edge])
        return self.cause("flat", node, _inputs(node), self.slope_of(edge) | {"at": numbers_text(node)})

    def lost(self, edge: Edge, here: int) -> Cause:
        node = edge.node
        best, *numbers = node.numbers
        by = {"input": numbers[here], "winner": best, "by": abs(best - numbers[here])}
        winner = node.inputs[numbers.index(best)]
        texts = {"parent": self.names[edge.parent], "symbol": node.gate.symbol}
        if not isinstance(winner, Value):
            return self.cause("lost", node, by, texts, "why lost to a number")
        return self.cause("lost", node, by, texts | {"to": self.names[winner]})

    def cancellation(self, node: Value) -> Cause:
        entries = list(self.entries(node))
        signed = [entry.downstream for entry in entries]
        numbers = {"plus": math.fsum(x for x in signed if x > 0), "minus": math.fsum(x for x in signed if x < 0)}
        texts = {"terms": self.terms(node, entries), "total": number_text(self.gradients[node])}
        return self.cause("cancellation", node, numbers, texts)

    def underflow(self, edge: Edge) -> Cause:
        """Why a product of two factors that are not 0 is."""
        weakest = self.tiny([edge, *self.strongest(edge.node)])
        if weakest.code != "tiny":
            return weakest
        return self.cause("underflow", edge.node, _factors_of(edge))

    # ---- tiny and huge ----

    def tiny(self, chain: list[Edge]) -> Cause:
        """What made the gradient small on its strongest path: forks that cancel, saturated gates, or many factors."""
        for edge in chain:
            largest = max(abs(other.upstream * other.local) for other in self.arriving[edge.parent])
            if abs(self.gradients[edge.parent]) < CANCELS * largest:
                return self.cancellation(edge.parent)
        smallest = min(chain, key=lambda edge: abs(edge.local))
        if _is_saturated(smallest):
            return self.saturated([edge for edge in chain if _is_saturated(edge)])
        return self.by_product("tiny", chain, smallest)

    def saturated(self, chain: list[Edge]) -> Cause:
        """Gates that squash on one path, three in a row perhaps: the worst of them is the node."""
        worst = min(chain, key=lambda edge: abs(edge.local))
        numbers = {"input": worst.node.numbers[1], "local": worst.local, "count": float(len(chain))}
        gates = [self.squashed(edge) for edge in chain[:FEW]] + ["..."] * (len(chain) > FEW)
        phrase = "why saturated" if len(chain) == 1 else "why saturated in a row"
        local = _rounded(worst.local)
        return self.cause("saturated", worst.node, numbers, {"gates": ", ".join(gates), "local": local}, phrase)

    def squashed(self, edge: Edge) -> str:
        x = number_text(edge.node.numbers[1])
        return say("saturated gate", via=self.via(edge.node), input=x, local=_rounded(edge.local))

    def huge(self) -> Cause:
        """What made the gradient large: the factors of its strongest path, or many paths."""
        chain = self.strongest(self.x)
        product = multiplied(*[edge.local for edge in reversed(chain)])
        if abs(product) < 0.1 * abs(self.gradients[self.x]):
            count = self.count_of_paths()
            numbers = {"product": product, "count": _as_float(count)}
            return self.cause("huge", self.x, numbers, {"count": count_text(count)}, "why many paths")
        return self.by_product("huge", chain, max(chain, key=lambda edge: abs(edge.local)))

    def by_product(self, code: str, chain: list[Edge], extreme: Edge) -> Cause:
        factors = [edge.local for edge in reversed(chain)]
        numbers = {"count": float(len(chain)), "local": extreme.local, "product": multiplied(*factors)}
        texts = self.slope_of(extreme) | {"product": self.product_told(factors), "local": _rounded(extreme.local)}
        phrase = f"why {code} local gradient" if len(chain) == 1 else f"why {code}"
        return self.cause(code, extreme.node, numbers, texts, phrase)

    # ---- infinite and nan ----

    def came_in(self, node: Value) -> list[Cause]:
        """Where the infinity or nan of the forward pass to `node` came in, and where the infinity behind a nan did."""
        order = topological_order([node])
        nan = _first(order, math.isnan) if math.isnan(output_of(node)) else None
        infinite = _first(order if nan is None else topological_order([nan]), math.isinf)
        return [self.entrance(first) for first in (nan, infinite) if first is not None]

    def entrance(self, node: Value) -> Cause:
        """`node` as the place where infinity or nan came in: its parents are finite, or at least not nan."""
        output, inputs = output_of(node), node.numbers[1:]
        texts = {"at": numbers_text(node)} if node.gate else {}
        code = "nan" if math.isnan(output) else "overflow" if all(map(math.isfinite, inputs)) and inputs else "infinity"
        phrase = f"why {code}" if node.gate else "why came in with a leaf"
        return self.cause(code, node, {"output": output}, texts, phrase)

    def nan(self, node: Value) -> list[Cause]:
        """Where nan came into the gradient of `node`."""
        edge = self.first_bad(node, math.isnan)
        if edge is None:  # no contribution is nan: they are inf and -inf
            place = self.last_bad(node, math.isnan)
            texts = {"terms": self.terms(place, list(self.entries(place)))}
            return [self.cause("nan", place, {}, texts, "why nan at a fork"), *self.infinite(place)]
        if math.isnan(edge.local):
            return self.bad_local(edge, math.isnan)
        why_infinite = self.infinite(edge.node) if math.isinf(edge.upstream) else self.bad_local(edge, math.isinf)
        return [self.cause("zero times infinity", edge.node, _factors_of(edge)), *why_infinite]

    def infinite(self, node: Value) -> list[Cause]:
        """Where infinity came into the gradient of `node`."""
        edge = self.first_bad(node, math.isinf)
        if edge is None:  # the sum of finite contributions
            place = self.last_bad(node, math.isinf)
            texts = {"terms": self.terms(place, list(self.entries(place)))}
            return [self.cause("overflow", place, {}, texts, "why overflow at a fork")]
        if math.isinf(edge.local):
            return self.bad_local(edge, math.isinf)
        return [self.cause("overflow", edge.node, _factors_of(edge), phrase="why overflow backward")]

    def first_bad(self, node: Value, bad: Callable[[float], bool]) -> Edge | None:
        """The edge at which what goes to `node` turned bad; None where it did so in a sum."""
        arriving = self.arriving[self.last_bad(node, bad)]
        return next((edge for edge in arriving if bad(edge.upstream * edge.local)), None)

    def last_bad(self, node: Value, bad: Callable[[float], bool]) -> Value:
        """The last node, from `node` towards the root, whose gradient is bad because that of a gate behind it is."""
        while True:
            behind = next((edge.node for edge in self.arriving[node] if bad(edge.upstream)), None)
            if behind is None:
                return node
            node = behind

    def bad_local(self, edge: Edge, bad: Callable[[float], bool]) -> list[Cause]:
        """Why a local gradient is nan or infinite: because of a number of the forward pass, or by itself."""
        node = edge.node
        sources = [n for n in (*node.parents, node) if not math.isfinite(output_of(n))]
        like = [n for n in sources if bad(output_of(n))]
        if sources:
            return self.came_in((like or sources)[0])
        code = "nan" if bad is math.isnan else "infinite local gradient"
        texts = self.slope_of(edge) | {"at": numbers_text(node), "local": number_text(edge.local)}
        return [self.cause(code, node, _inputs(node), texts, "why local gradient is no number")]

    # ---- in words ----

    def slope_of(self, edge: Edge) -> dict[str, str]:
        parent = self.names[edge.parent]
        return {"slope": say("slope", name=self.names[edge.node], parent=parent), "parent": parent}

    def named_number(self, x: Value | float, x_then: float) -> str:
        """`w = 0`, or `0` for a plain number."""
        number = number_text(x_then)
        return say("via", name=self.names[x], formula=number) if isinstance(x, Value) else number


def _place_among_inputs(edge: Edge) -> int:
    """Where among all inputs of the gate, plain numbers too, its parent stands."""
    moving = edge.node.form.moving
    return edge.place if moving is None else int(moving[edge.place])


def _partner(place: int, count: int) -> int:
    """The place of the input of a dot that multiplies the one at `place`."""
    half = count // 2
    return place + half if place < half else place - half


def _is_saturated(edge: Edge) -> bool:
    squashes = edge.node.gate.name in SQUASHING and _place_among_inputs(edge) == 0
    return squashes and abs(edge.local) < FLAT


def _raises(node: Value) -> bool:
    try:
        node.local_gradients()
    except (ArithmeticError, ValueError):
        return True
    return False


def _first(order: list[Value], kind: Callable[[float], bool]) -> Value | None:
    return next((node for node in order if kind(output_of(node))), None)


def _inputs(node: Value) -> dict[str, float]:
    numbers = node.numbers[1:]
    return {"input": numbers[0]} if len(numbers) == 1 else {f"input {i}": x for i, x in enumerate(numbers, 1)}


def _factors_of(edge: Edge) -> dict[str, float]:
    return {"upstream": edge.upstream, "local": edge.local}


def _rounded(x: float) -> str:
    return number_text(x, 3)


def _as_float(count: int) -> float:
    return float(count) if count.bit_length() <= 1000 else math.inf
