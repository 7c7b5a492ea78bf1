"""The search for the causes of one gradient: which gates, labels and numbers made it what it is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..gate import CONSTANT
from ..graph import Edge, topological_order
from ..text import agreeing, number_text
from ..value import Value
from .patterns import RECTIFYING, SQUASHING, manner
from .spelling import numbers_text, rule_text
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
        "saturated",
        "zero weight",
        "small weights",
        "flat",
        "cancellation",
        "underflow",
    ),
)
TINY, HUGE = 1e-4, 1e4  # a gradient between the two is an ordinary one
FLAT = 0.01  # a squashing gate whose local gradient is smaller is saturated
CANCELS = 1e-3  # what is left of the largest contribution where the contributions to a fork cancel


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
    if gradient is not None and story.root.grad in (0.0, 1.0) and not is_held(story, x, gradient):
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
        return _tiny(story, strongest(story, x))
    return [_huge(story, x) if size > HUGE else _ordinary(story, x)]


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
    queue = [x]
    met = {x}
    for node in queue:  # it grows while it is walked
        arriving = story.arriving[node]
        if any([edge.downstream for edge in arriving]):
            found.append(_cancellation(story, node))
            continue
        for edge in arriving:
            if edge.local == 0.0:
                blocks.append(edge)
            elif edge.upstream != 0.0:
                found += _underflow(story, edge)
            elif edge.node not in met:
                met.add(edge.node)
                queue.append(edge.node)
    return found + _in_series(story, blocks)


def _in_series(story: Story, blocks: list[Edge]) -> list[Finding]:
    """Each of the blocks, followed by those that block the rest of its way, the way with the fewest."""
    fewest, onwards = {story.root: 0}, dict[Value, Edge]()
    for sent in story.edges:  # from the root on: what leads to the root from `sent.node` is known
        count = fewest[sent.node] + (sent.local == 0.0)
        if count < fewest.get(sent.parent, count + 1):
            fewest[sent.parent], onwards[sent.parent] = count, sent
    found: list[Finding] = []
    walked: set[tuple[Value, int]] = set()
    for block in sorted(blocks, key=lambda edge: fewest[edge.node]):
        edge: Edge | None = block
        while edge and (edge.node, edge.place) not in walked:
            walked.add((edge.node, edge.place))
            if edge.local == 0.0:
                found.append(_blocked(story, edge)._replace(behind=edge is not block))
            edge = onwards.get(edge.node)
    return found


def _blocked(story: Story, edge: Edge) -> Finding:
    """Why the local gradient of a gate is 0."""
    node, here = edge.node, story.place_of(edge.node, edge.place)
    inputs, numbers = node.inputs, node.numbers[1:]
    kind, other = manner(story, node, edge.place, edge.local)
    if kind == "off" and _spelled(edge) == RECTIFYING:
        return Finding("relu off", node, {"input": numbers[here], "local": 0.0})
    if kind == "loses" and node.numbers[0] in numbers:
        return _lost(story, edge, here)
    if node.gate.pattern == "switches" and other is None:  # of more than two factors
        other = next((i for i, x in enumerate(numbers) if x == 0.0 and i != here), None)
    if other is not None:
        weight = _named_number(story, inputs[other], numbers[other])
        return Finding("zero weight", node, {"weight": 0.0}, _slope(story, edge) | {"weight": weight})
    if _spelled(edge) in SQUASHING:
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


def _underflow(story: Story, edge: Edge) -> list[Finding]:
    """Why a product of two factors that are not 0 is."""
    found = _tiny(story, [edge, *strongest(story, edge.node)])
    return (
        found if found[0].code in ("cancellation", "saturated") else [Finding("underflow", edge.node, _factors(edge))]
    )


# ---- tiny and huge ----


def _tiny(story: Story, chain: list[Edge]) -> list[Finding]:
    """What made the gradient small on its strongest path: a fork that cancels, or factors below 1.

    The factors are judged by their kind (saturated gates, weights, others) and by what they do together: the first kind
    is that without which the gradient would be largest, and another is named if that would be 100 times as large.
    """
    for edge in chain:
        largest = max(abs(other.downstream) for other in story.arriving[edge.parent])
        if abs(story.gradients[edge.parent]) < CANCELS * largest:
            return [_cancellation(story, edge.parent)]
    kinds: dict[str, list[Edge]] = {}
    for edge in chain:
        if abs(edge.local) < 1.0:
            kinds.setdefault(_kind_of_factor(story, edge), []).append(edge)
    growth = {kind: -sum(math.log10(abs(edge.local)) for edge in edges) for kind, edges in kinds.items()}
    first, *others = sorted(kinds, key=lambda kind: -growth[kind]) or ["tiny"]
    told = [first, *(kind for kind in others if growth[kind] >= 2.0)]
    return [_of_kind(story, kind, kinds.get(kind, []), chain) for kind in told]


def _of_kind(story: Story, kind: str, edges: list[Edge], chain: list[Edge]) -> Finding:
    """What the factors of one kind do on a path."""
    if kind == "saturated":
        return _saturated(story, edges)
    if kind == "small weights" and len(chain) > 1:
        return _small_factors(story, "small weights", edges)
    if len(edges) < sum(abs(edge.local) < 1.0 for edge in chain):
        return _small_factors(story, "tiny", edges)
    return _by_product(story, "tiny", chain, min(chain, key=lambda edge: abs(edge.local)))


def _kind_of_factor(story: Story, edge: Edge) -> str:
    if _is_saturated(edge):
        return "saturated"
    weighs = manner(story, edge.node, edge.place, edge.local).kind in ("switches", "number")
    return "small weights" if weighs else "tiny"


def _small_factors(story: Story, code: str, edges: list[Edge]) -> Finding:
    """One local gradient below 1, or several of one kind on one path: it lies at the smallest of them."""
    smallest = min(edges, key=lambda edge: abs(edge.local))
    numbers = {"count": float(len(edges)), "local": smallest.local, "product": multiplied(*[e.local for e in edges])}
    texts = _slope(story, smallest) | {"local": _rounded(smallest.local)}
    of_one, of_many = {
        "small weights": ("why small weight", "why small weights"),
        "tiny": ("why tiny local gradient", "why scaled"),
    }[code]
    return Finding(code, smallest.node, numbers, texts, of_one if len(edges) == 1 else of_many)


def _saturated(story: Story, chain: list[Edge]) -> Finding:
    """One saturated gate, or several on one path: it lies at the worst of them."""
    worst = min(chain, key=lambda edge: abs(edge.local))
    numbers = {"input": worst.node.numbers[1], "local": worst.local, "count": float(len(chain))}
    gates = [_squashed(story, edge) for edge in chain[:MAX_TERMS]] + ["..."] * (len(chain) > MAX_TERMS)
    phrase = "why saturated" if len(chain) == 1 else "why saturated in a row"
    return Finding(
        "saturated", worst.node, numbers, {"gates": ", ".join(gates), "local": _rounded(worst.local)}, phrase
    )


def _squashed(story: Story, edge: Edge) -> str:
    x = number_text(edge.node.numbers[1])
    return story.say("saturated gate", via=story.via(edge.node), input=x, local=_rounded(edge.local))


def _is_saturated(edge: Edge) -> bool:
    return abs(edge.local) < FLAT and _spelled(edge) in SQUASHING


def _huge(story: Story, x: Value) -> Finding:
    """What made the gradient large: the factors of its strongest path, or many paths."""
    chain = strongest(story, x)
    product = multiplied(*[edge.local for edge in reversed(chain)])
    if abs(product) < 0.1 * abs(story.gradients[x]):
        count = count_of_paths(story, x)
        numbers = {"product": product, "count": _as_float(count)}
        return Finding("huge", x, numbers, {"count": count_text(story, count)}, "why many paths")
    return _by_product(story, "huge", chain, max(chain, key=lambda edge: abs(edge.local)))


def _by_product(story: Story, code: str, chain: list[Edge], extreme: Edge) -> Finding:
    factors = [edge.local for edge in reversed(chain)]
    numbers = {"count": float(len(chain)), "local": extreme.local, "product": multiplied(*factors)}
    shown = {"product": product_text(story, factors), "local": _rounded(extreme.local)}
    phrase = f"why {code} local gradient" if len(chain) == 1 else f"why {code}"
    return Finding(code, extreme.node, numbers, _slope(story, extreme) | shown, phrase)


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
    parent = story.names[edge.parent]
    return {"slope": story.say("slope", name=story.names[edge.node], parent=parent), "parent": parent}


def _named_number(story: Story, x: Value | float, x_then: float) -> str:
    """`w = 0`, or `0` for a plain number."""
    number = number_text(x_then)
    return story.say("via", name=story.names[x], formula=number) if isinstance(x, Value) else number


def _inputs(node: Value) -> dict[str, float]:
    numbers = node.numbers[1:]
    return {"input": numbers[0]} if len(numbers) == 1 else {f"input {i}": x for i, x in enumerate(numbers, 1)}


def _factors(edge: Edge) -> dict[str, float]:
    return {"upstream": edge.upstream, "local": edge.local}


def _spelled(edge: Edge) -> str:
    """The local gradient as the rule spells it on z, x1, x2, ...: `z * (1 - z)`."""
    node, moving = edge.node, edge.node.form.moving
    return rule_text(node.gate, len(node.inputs))[edge.place if moving is None else moving[edge.place]]


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
