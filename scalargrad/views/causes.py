"""The search for the causes of one gradient: which gates, labels and numbers made it what it is."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..gate import CONSTANT
from ..graph import Edge, topological_order
from ..text import DIGITS, agreeing, number_text
from ..value import Value
from .blocks import cancels, makes_zero, unmoved, ways
from .kinds import Kind, edges_between, growing, product, shrinking, spelled
from .patterns import RECTIFYING, SQUASHING, manner
from .spelling import numbers_text
from .story import Story
from .ways import (
    MAX_FACTORS,
    MAX_TERMS,
    count_of_paths,
    count_text,
    is_held,
    multiplied,
    product_text,
    strongest,
    terms,
    times_between,
)

CODES = (
    *("root", "ordinary", "tiny", "huge", "not computed yet", "other backward passes", "stale"),
    *("not connected", "detached", "made anew", "constant", "infinite local gradient", "infinity", "overflow", "nan"),
    *(
        "zero times infinity",
        "relu off",
        "lost",
        "not picked",
        "saturated",
        "zero weight",
        "small weights",
        "flat",
        "cancellation",
        "underflow",
    ),
)
TINY, HUGE = 1e-4, 1e4  # a gradient between the two is an ordinary one
TELLING = 100  # a kind of factors beside the main one is told of if the gradient is so much larger or smaller by it


class Finding(NamedTuple):
    """One reason for a gradient, before it is put into words.

    code: which reason, one of `CODES`.
    node: the value where it lies, as a rule the output of a gate.
    numbers: those of its sentence, by name.
    texts: the other parts of its sentence, or what is shown instead of a number.
    phrase: the sentence, where it is not that of the code.
    behind: whether it comes after the finding before it, on the same way towards the root.
    """

    code: str
    node: Value
    numbers: Mapping[str, float] = {}
    texts: Mapping[str, str] = {}
    phrase: str = ""
    behind: bool = False


def search(story: Story, x: Value) -> tuple[float | None, list[Finding]]:
    """d root / d x, and the reasons for it, the main one first; None where a gate has no finite slope."""
    gradient, found = _gradient_of(story, x)
    if gradient is not None and story.root.grad == 0.0:
        found.insert(0, Finding("not computed yet", story.root))
    swapped = any(finding.phrase == "why beyond the root" for finding in found)  # then x holds what it began with
    if gradient is not None and not swapped and story.root.grad in (0.0, 1.0) and not is_held(story, x, gradient):
        found.append(Finding("other backward passes", x, {"held": x.grad}))
    if story.stale and x in story.uses:
        node = x if story.is_stale(x) else story.stale[0]
        numbers = {"recorded": story.data(node), "now": node.data}
        found.append(Finding("stale", node, numbers, {"changes": story.changes()}))
    return gradient, found


def _gradient_of(story: Story, x: Value) -> tuple[float | None, list[Finding]]:
    if x not in story.uses:
        return 0.0, [_unconnected(story, x)]
    try:
        gradient = story.gradients[x]
    except (ArithmeticError, ValueError):
        node = next(node for node in reversed(story.order) if _raises(node))
        return None, [Finding("infinite local gradient", node, _inputs(node), {"at": numbers_text(node)})]
    found = _by_size(story, x, gradient)
    known = {finding.node for finding in found if finding.code in ("nan", "infinity", "overflow")}
    return gradient, found + [finding for finding in _came_in(story, story.root) if finding.node not in known]


def _by_size(story: Story, x: Value, gradient: float) -> list[Finding]:
    size = abs(gradient)
    if size != size:
        return _nan(story, x)
    if x is story.root:
        return [Finding("root", x, phrase="root")]
    if size == math.inf:
        return _infinite(story, x)
    if size == 0.0:
        return _zero(story, x)
    if size < TINY:
        return _tiny(story, x, edges_between(story, x))
    return _huge(story, x) if size > HUGE else [_ordinary(story, x)]


# ---- no gradient at all ----


def _unconnected(story: Story, x: Value) -> Finding:
    """Why x gets none: the root does not depend on it."""
    root = story.root
    if root in set(topological_order([x])):
        return Finding("not connected", root, phrase="why beyond the root")
    if x.form is CONSTANT:
        return Finding("constant", x)
    if not root.gate:
        return Finding("constant" if root.form is CONSTANT else "detached", root, phrase="why root is a leaf")
    leaves = [leaf for leaf in story.leaves if leaf.form is not CONSTANT]
    copy = next((leaf for leaf in leaves if _is_copy(story, leaf, x)), None)
    if copy is not None:
        return Finding("detached", copy, {"data": story.data(copy)})
    namesake = next((node for node in story.order if x.label and node.label == x.label), None)
    if namesake is not None:
        return Finding("made anew", namesake, {"data": story.data(namesake), "now": x.data})
    return Finding("not connected", x, texts={"leaves": story.listed([story.names[leaf] for leaf in leaves])})


def _is_copy(story: Story, leaf: Value, x: Value) -> bool:
    """Whether `leaf` looks like x behind a `detach()`: of the same number and label, or of no name at all."""
    unnamed = re.fullmatch(r"v\d+", story.names[leaf]) or x.gate
    alike = leaf.label == x.label and (leaf.label or unnamed)
    return story.data(leaf) == story.data(x) and bool(alike)


# ---- a gradient that is a number ----


def _ordinary(story: Story, x: Value) -> Finding:
    """How the gradient came about, where nothing is wrong with it."""
    chain = strongest(story, x)[::-1]
    if len(chain) <= MAX_FACTORS and count_of_paths(story, x) == 1:
        slopes = times_between(story, [_slope(story, edge)["slope"] for edge in chain])
        texts = {"slopes": slopes, "product": product_text(story, [edge.local for edge in chain])}
        return Finding("ordinary", chain[-1].node, {}, texts, "why local gradient" if len(chain) == 1 else "why chain")
    first, *others = story.arriving[x]
    if others:
        return Finding("ordinary", x, {}, {"terms": terms(story, x)}, "why fork")
    upstream, local = agreeing(multiplied, [first.upstream, first.local], first.downstream)
    return Finding("ordinary", first.node, _factors(first), {"upstream": upstream, "local": local}, "why one use")


# ---- zero ----


def _zero(story: Story, x: Value) -> list[Finding]:
    """Every gate or fork at which the gradient became 0 on its way to x.

    A gate whose local gradient is 0 blocks its way, and others may block the same way nearer to the root: these come
    right after it, since all of them have to open.  The way with the fewest comes first.
    """
    found: list[Finding] = []
    blocks: list[Edge] = []
    underflows: list[Edge] = []
    queue = [x]
    met = {x}
    for node in queue:  # it grows while it is walked
        arriving = story.arriving[node]
        if cancels(story, node):
            found.append(_cancellation(story, node))
            continue
        for edge in arriving:
            if edge.local == 0.0:
                blocks.append(edge)
            elif edge.upstream != 0.0:
                underflows.append(edge)
            elif edge.node not in met:
                met.add(edge.node)
                queue.append(edge.node)
    return found + _underflow(story, x, underflows) + _in_series(story, x, blocks)


def _in_series(story: Story, x: Value, blocks: list[Edge]) -> list[Finding]:
    """Each of the blocks with all else that has to open on its way, the way with the fewest first."""
    still = unmoved(story, x) if blocks else set()
    found: list[Finding] = []
    walked: set[Edge] = set()
    told: set[Value] = set()
    for near, onward in ways(story, x, blocks, still):
        series: list[Finding] = []
        for edge in itertools.chain(near, itertools.takewhile(lambda edge: edge not in walked, onward)):
            walked.add(edge)
            if cancels(story, edge.parent):
                series.append(_cancellation(story, edge.parent))
                break  # what lies behind that is open
            if edge.local == 0.0:
                series.append(_blocked(story, edge))
            elif makes_zero(edge):
                series.append(_too_small(edge))
                break
            if edge.node in still - told:
                told.add(edge.node)
                series.append(Finding("cancellation", edge.node, phrase="why unmoved"))
        found += [finding._replace(behind=place > 0) for place, finding in enumerate(series)]
    return found


def _blocked(story: Story, edge: Edge) -> Finding:
    """Why the local gradient of a gate is 0."""
    node, here = edge.node, story.place_of(edge.node, edge.place)
    inputs, numbers = node.inputs, node.numbers[1:]
    kind, other = manner(story, node, edge.place, edge.local)
    if kind == "off" and spelled(edge) == RECTIFYING:
        return Finding("relu off", node, {"input": numbers[here], "local": 0.0})
    if kind == "loses" and node.numbers[0] in numbers:
        return _lost(story, edge, here)
    if kind == "not picked":
        return Finding("not picked", node, {"index": numbers[0]}, {"parent": story.names[edge.parent]})
    if node.gate.pattern == "switches" and other is None:  # of more than two factors
        other = next((i for i, x in enumerate(numbers) if x == 0.0 and i != here), None)
    if other is not None:
        weight = _named_number(story, inputs[other], numbers[other])
        return Finding("zero weight", node, {"weight": 0.0}, _slope(story, edge) | {"weight": weight})
    if spelled(edge) in SQUASHING:
        return _saturated(story, [edge])
    return Finding("flat", node, _inputs(node), _slope(story, edge) | {"at": numbers_text(node)})


def _lost(story: Story, edge: Edge, here: int) -> Finding:
    node = edge.node
    best, *numbers = node.numbers
    by = {"input": numbers[here], "winner": best, "by": abs(best - numbers[here])}
    winner = node.inputs[numbers.index(best)]
    texts = {"parent": story.names[edge.parent], "symbol": node.gate.symbol}
    if not isinstance(winner, Value):
        return Finding("lost", node, by, texts, "why lost to a number")
    return Finding("lost", node, by, texts | {"to": story.names[winner]})


def _cancellation(story: Story, node: Value) -> Finding:
    signed = [edge.downstream for edge in story.arriving[node]]
    numbers = {"plus": math.fsum(x for x in signed if x > 0), "minus": math.fsum(x for x in signed if x < 0)}
    texts = {"terms": terms(story, node), "total": number_text(story.gradients[node])}
    return Finding("cancellation", node, numbers, texts)


def _underflow(story: Story, x: Value, edges: list[Edge]) -> list[Finding]:
    """Why products of two factors that are not 0 are; on the first way also what else makes it small."""
    if not edges:
        return []
    first, *others = edges
    near = {*topological_order([first.parent])}
    to_x = [edge for edge in edges_between(story, x) if edge.node in near]
    found = _tiny(story, x, [*edges_between(story, first.node), first, *to_x])
    if found[0].code not in ("cancellation", "saturated"):
        others_too = [edge for edge in [*to_x, *strongest(story, first.node)[1:]] if abs(edge.local) < 1.0]
        found = [_too_small(first), *found] if others_too else [_too_small(first)]
    return found + list(map(_too_small, others))


def _too_small(edge: Edge) -> Finding:
    return Finding("underflow", edge.node, _factors(edge))


# ---- tiny and huge ----


def _tiny(story: Story, x: Value, edges: list[Edge]) -> list[Finding]:
    """What made the gradient of x small: the kind of factors below 1, or the fork that cancels, that did most.

    Others are told too, if each for itself did much.
    """
    first, *others = shrinking(story, x, edges)
    told = [first, *(kind for kind in others if kind.effect >= TELLING)]
    return [finding for kind in told for finding in _shrunk_by(story, x, kind)]


def _shrunk_by(story: Story, x: Value, kind: Kind) -> list[Finding]:
    """What the factors of one kind do on the path that would be the strongest without them."""
    if kind.fork is not None:
        return [_cancellation(story, kind.fork)]
    if kind.name == "saturated":
        return [_saturated(story, kind.edges)]
    shut = [edge for edge in kind.edges if edge.local == 0.0]
    found = [_blocked(story, edge)._replace(behind=edge is not shut[0]) for edge in shut]
    weak = [edge for edge in kind.edges if edge.local != 0.0]
    if shut and product(weak) > 1 / TELLING:
        return found
    way = {"way": _way(story, x, kind)}
    if kind.name == "weights" and len(kind.way) > 1:
        return [*found, _small_factors(story, "small weights", weak, way)]
    if len(kind.edges) < sum(abs(edge.local) < 1.0 for edge in kind.way):
        return [*found, _small_factors(story, "tiny", weak, way)]
    smallest = min(weak, key=lambda edge: abs(edge.local))
    return [*found, _by_product(story, "tiny", kind.way, smallest, way)]


def _way(story: Story, x: Value, kind: Kind) -> str:
    """What to call the path on which the factors of a kind are told."""
    return story.say("strongest path" if [*kind.way] == strongest(story, x) else "path without")


def _small_factors(story: Story, code: str, edges: list[Edge], way: Mapping[str, str]) -> Finding:
    """One local gradient below 1, or several of one kind on one path: it lies at the smallest of them."""
    smallest = min(edges, key=lambda edge: abs(edge.local))
    numbers = {"count": float(len(edges)), "local": smallest.local, "product": float(product(edges))}
    texts = _slope(story, smallest) | {"local": _rounded(smallest.local), "product": _in_full_range(edges)} | dict(way)
    of_one, of_many = {
        "small weights": ("why small weight", "why small weights"),
        "tiny": ("why tiny local gradient", "why scaled"),
    }[code]
    return Finding(code, smallest.node, numbers, texts, of_one if len(edges) == 1 else of_many)


def _in_full_range(edges: Sequence[Edge]) -> str:
    """The product of the local gradients as a text, also where it is no float: `1e-500`."""
    whole = product(edges)
    if math.isfinite(float(whole)) and float(whole):
        return number_text(float(whole))
    digits, exponent = f"{whole:.{DIGITS - 1}e}".split("e")
    return f"{number_text(float(digits))}e{exponent}"


def _saturated(story: Story, chain: Sequence[Edge]) -> Finding:
    """One saturated gate, or several on one path: it lies at the worst of them."""
    worst = min(chain, key=lambda edge: abs(edge.local))
    numbers = {"input": worst.node.numbers[1], "local": worst.local, "count": float(len(chain))}
    gates = [_squashed(story, edge) for edge in chain[:MAX_TERMS]] + ["..."] * (len(chain) > MAX_TERMS)
    phrase = "why saturated" if len(chain) == 1 else "why saturated in a row"
    texts = {"gates": story.say("comma").join(gates), "local": _rounded(worst.local)}
    return Finding("saturated", worst.node, numbers, texts, phrase)


def _squashed(story: Story, edge: Edge) -> str:
    x = number_text(edge.node.numbers[1])
    return story.say("saturated gate", via=story.via(edge.node), input=x, local=_rounded(edge.local))


def _huge(story: Story, x: Value) -> list[Finding]:
    """What made the gradient large: many paths, or the kind of factors above 1 that did most; others too, if much."""
    chain = strongest(story, x)
    found = [(kind.effect, _grown_by(story, kind)) for kind in growing(story, x, edges_between(story, x))]
    paths = abs(Decimal(story.gradients[x]) / product(chain))
    if paths > 10:
        count = count_of_paths(story, x)
        numbers = {"product": multiplied(*[edge.local for edge in reversed(chain)]), "count": _as_float(count)}
        found.append((paths, Finding("huge", x, numbers, {"count": count_text(story, count)}, "why many paths")))
    (_, first), *others = sorted(found, key=lambda each: -each[0])
    return [first, *(finding for effect, finding in others if effect >= TELLING)]


def _grown_by(story: Story, kind: Kind) -> Finding:
    """What the factors of one kind do on the strongest path: all of it is told if the largest factor is one of them."""
    edges = kind.edges
    largest = max(kind.way, key=lambda edge: abs(edge.local))
    way = {"way": story.say("strongest path")}
    if largest in edges:
        return _by_product(story, "huge", kind.way, largest, way)
    largest = max(edges, key=lambda edge: abs(edge.local))
    numbers = {"count": float(len(edges)), "local": largest.local, "product": float(product(edges))}
    texts = _slope(story, largest) | {"local": _rounded(largest.local), "product": _in_full_range(edges)} | way
    phrase = "why large weights" if kind.name == "weights" else "why scaled up"
    return Finding("huge", largest.node, numbers, texts, phrase if len(edges) > 1 else "why huge local gradient")


def _by_product(story: Story, code: str, chain: Sequence[Edge], extreme: Edge, way: Mapping[str, str]) -> Finding:
    factors = [edge.local for edge in reversed(chain)]
    numbers = {"count": float(len(chain)), "local": extreme.local, "product": multiplied(*factors)}
    shown = {"product": product_text(story, factors), "local": _rounded(extreme.local)}
    phrase = f"why {code} local gradient" if len(chain) == 1 else f"why {code}"
    return Finding(code, extreme.node, numbers, _slope(story, extreme) | shown | dict(way), phrase)


# ---- infinite and nan ----


def _came_in(story: Story, node: Value) -> list[Finding]:
    """Where the infinity or nan of the forward pass to `node` came in, and where the infinity behind a nan did."""
    if math.isfinite(story.data(node)):
        return []
    order = story.order if node is story.root else topological_order([node])
    nan = _first(story, order, math.isnan) if math.isnan(story.data(node)) else None
    infinite = _first(story, order if nan is None else topological_order([nan]), math.isinf)
    return [_entrance(story, first) for first in (nan, infinite) if first is not None]


def _entrance(story: Story, node: Value) -> Finding:
    """`node` as the place where infinity or nan came in: its parents are finite, or at least not nan."""
    output, inputs = story.data(node), node.numbers[1:]
    texts = {"at": numbers_text(node)} if node.gate else {}
    code = "nan" if math.isnan(output) else "overflow" if all(map(math.isfinite, inputs)) and inputs else "infinity"
    return Finding(code, node, {"output": output}, texts, f"why {code}" if node.gate else "why came in with a leaf")


def _nan(story: Story, node: Value) -> list[Finding]:
    """Where nan came into the gradient of `node`."""
    edge = _first_bad(story, node, math.isnan)
    if edge is None:  # no contribution is nan: they are inf and -inf
        place = _last_bad(story, node, math.isnan)
        return [
            Finding("nan", place, {}, {"terms": terms(story, place)}, "why nan at a fork"),
            *_infinite(story, place),
        ]
    if math.isnan(edge.local):
        return _bad_local(story, edge, math.isnan)
    infinite = math.isinf(edge.upstream)
    why_infinite = _infinite(story, edge.node) if infinite else _bad_local(story, edge, math.isinf)
    return [Finding("zero times infinity", edge.node, _factors(edge)), *why_infinite]


def _infinite(story: Story, node: Value) -> list[Finding]:
    """Where infinity came into the gradient of `node`."""
    edge = _first_bad(story, node, math.isinf)
    if edge is None:  # the sum of finite contributions
        place = _last_bad(story, node, math.isinf)
        return [Finding("overflow", place, {}, {"terms": terms(story, place)}, "why overflow at a fork")]
    if math.isinf(edge.local):
        return _bad_local(story, edge, math.isinf)
    return [Finding("overflow", edge.node, _factors(edge), phrase="why overflow backward")]


def _first_bad(story: Story, node: Value, bad: Callable[[float], bool]) -> Edge | None:
    """The edge at which what goes to `node` turned bad; None where it did so in a sum."""
    arriving = story.arriving[_last_bad(story, node, bad)]
    return next((edge for edge in arriving if bad(edge.downstream)), None)


def _last_bad(story: Story, node: Value, bad: Callable[[float], bool]) -> Value:
    """The last node, from `node` towards the root, whose gradient is bad because that of a gate behind it is."""
    while True:
        behind = next((edge.node for edge in story.arriving[node] if bad(edge.upstream)), None)
        if behind is None:
            return node
        node = behind


def _bad_local(story: Story, edge: Edge, bad: Callable[[float], bool]) -> list[Finding]:
    """Why a local gradient is nan or infinite: because of a number of the forward pass, or by itself."""
    node = edge.node
    sources = [n for n in (*node.parents, node) if not math.isfinite(story.data(n))]
    like = [n for n in sources if bad(story.data(n))]
    if sources:
        return _came_in(story, (like or sources)[0])
    code = "nan" if bad is math.isnan else "infinite local gradient"
    texts = _slope(story, edge) | {"at": numbers_text(node), "local": number_text(edge.local)}
    return [Finding(code, node, _inputs(node), texts, "why local gradient is no number")]


# ---- parts of a finding ----


def _slope(story: Story, edge: Edge) -> dict[str, str]:
    name, parent = story.names[edge.node], story.names[edge.parent]
    slope = story.say("slope", name=story.behind_d(name), parent=story.behind_d(parent))
    return {"slope": slope, "parent": parent}


def _named_number(story: Story, x: Value | float, x_then: float) -> str:
    """`w = 0`, or `0` for a plain number."""
    number = number_text(x_then)
    return story.say("via", name=story.names[x], formula=number) if isinstance(x, Value) else number


def _inputs(node: Value) -> dict[str, float]:
    numbers = node.numbers[1:]
    return {"input": numbers[0]} if len(numbers) == 1 else {f"input {i}": x for i, x in enumerate(numbers, 1)}


def _factors(edge: Edge) -> dict[str, float]:
    return {"upstream": edge.upstream, "local": edge.local}


def _raises(node: Value) -> bool:
    try:
        node.local_gradients()
    except (ArithmeticError, ValueError):
        return True
    return False


def _first(story: Story, order: list[Value], kind: Callable[[float], bool]) -> Value | None:
    return next((node for node in order if kind(story.data(node))), None)


def _rounded(x: float) -> str:
    return number_text(x, 3)


def _as_float(count: int) -> float:
    return float(count) if count.bit_length() <= 1000 else math.inf
