"""What a gate does to the gradient that it sends to one of its inputs, and to all of them, in sentences.

A gate's pattern says it in general.  What is said here is true of the very edge: it goes by the local gradient as the
gate's rule spells it (a 1 passes on, a -1 flips, another input switches) and, where that does not say, by the pattern
and the number.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..table import elu, pick, relu, sigmoid, softplus, tanh
from ..text import number_text
from ..value import Value
from .spelling import rule_text
from .story import Story

# How the local gradient of relu, and of the gates that squash, is spelled.
RECTIFYING = rule_text(relu, 1)[0]
SQUASHING = (*rule_text(sigmoid, 1), *rule_text(tanh, 1), *rule_text(softplus, 1), rule_text(elu, 2)[0])


class Manner(NamedTuple):
    """What happens on one edge.

    kind: "passes", "flips", "number" (times a plain one), "switches", "routes", "loses", "ties", "picks", "not picked",
        "off" or "scales".
    other: where it switches, the place among the gate's inputs of the factor that goes along.
    """

    kind: str
    other: int | None = None


def manner(story: Story, node: Value, place: int, local: float) -> Manner:
    """What the gate of `node` does on its way back to the parent at this place; `local` may be nan if it has none."""
    inputs, slope = node.inputs, None
    pattern = node.gate.pattern if node.gate else ""
    try:
        inputs, slopes = story.slopes(node)
        slope = slopes[place]
    except TypeError:  # the rule of one's own is made for floats alone: it cannot be read
        pass
    if node.gate is pick:
        return Manner({1.0: "picks", 0.0: "not picked"}.get(slope if isinstance(slope, float) else local, "scales"))
    if isinstance(slope, (int, float)):
        return Manner({1.0: "passes", -1.0: "flips"}.get(slope, "number"))
    other = next((i for i, x in enumerate(inputs) if x is slope), None)
    if other is not None:
        return Manner("switches", other)
    if pattern == "routes":
        return Manner(_routed(node, place, local))
    if pattern == "distributes" and local == 1.0 or pattern == "flips" and local == -1.0:
        return Manner("passes" if local == 1.0 else "flips")
    if pattern == "switches" and len(inputs) == 2 and local == node.numbers[2 - story.place_of(node, place)]:
        return Manner("switches", 1 - story.place_of(node, place))
    return Manner("scales")


def _routed(node: Value, place: int, local: float) -> str:
    if len(node.inputs) == 1:
        return {1.0: "passes", -1.0: "flips", 0.0: "off"}.get(local, "scales")
    return {1.0: "routes", 0.0: "loses"}.get(local, "ties" if 0.0 < local < 1.0 else "scales")


def edge_sentence(story: Story, node: Value, place: int, local: float) -> str:
    """What the gate of `node` does on its way back to the parent at this place, and to nobody else."""
    kind, other = manner(story, node, place, local)
    parts = {"parent": story.names[node.parents[place]], "local": number_text(local)}
    if other is not None:
        x = node.inputs[other]
        parts["other"] = story.names[x] if isinstance(x, Value) else number_text(x)
    return story.say(f"edge {kind}", **parts)


def gate_sentence(story: Story, node: Value) -> str:
    """What the gate of `node` does on its way back to all its parents."""
    try:
        local_gradients = node.local_gradients()
    except (ArithmeticError, ValueError):  # there is none here
        local_gradients = (math.nan,) * len(node.parents)
    kinds = {manner(story, node, place, local).kind for place, local in enumerate(local_gradients)}
    if len(node.parents) == 1:
        return edge_sentence(story, node, 0, local_gradients[0])
    if "ties" in kinds:
        return story.say("ties")
    if kinds <= {"routes", "loses"}:
        return story.say("routes")
    if kinds <= {"picks", "not picked"}:
        return story.say("picks")
    for kind, phrase in (("passes", "distributes"), ("flips", "flips"), ("switches", "switches"), ("scales", "scales")):
        if kinds == {kind}:
            return story.say(phrase)
    if len(local_gradients) > 2:
        return story.say("differs")
    first, second = [edge_sentence(story, node, place, local) for place, local in enumerate(local_gradients)]
    return story.say("both", first=first, second=second)


def gate_title(story: Story, node: Value) -> str:
    """The gate of `node` with its formula, and what it does to a gradient."""
    return story.say("gate", name=story.names[node], formula=story.formula(node), pattern=gate_sentence(story, node))
