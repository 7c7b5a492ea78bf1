"""What the engine makes of one graph: its numbers, `backward()`, and how exact that can be."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gate_points import Recipe

from scalargrad import Value
from scalargrad.gate import Gate
from scalargrad.graph import topological_order

from . import exact
from .graphs import OWN

RELATIVE = 1e-12  # what a local gradient may be wrong by
OF_ONE = dict.fromkeys(("tanh", "sigmoid", "exponent_slope", *OWN), 1e-15)  # and where it is a sum that may cancel
TINY = 1e-100  # beyond the digits of the truth


class Case:
    """A graph of values, after `backward()`.

    recipe, gates: what it is made of.
    leaves, root: its values.
    gradients: those of the leaves; None if a gate had no finite slope.
    exactly: whether other ways than `backward()` should give the same to the last bit: there are no gates of one's own.
    error: what `backward()` raised then.
    tolerances: how far each of the gradients may be off.
    data: all numbers of the graph.
    finite: whether they and all gradients are.
    has_truth: whether the exact function has derivatives that these should be.
    """

    def __init__(self, recipe: Recipe, gates: Mapping[str, Gate]):
        self.recipe, self.gates = recipe, gates
        self.leaves = [Value(x) for x in recipe.leaves]
        self.numbers = recipe.run(self.leaves, gates.__getitem__)
        self.root = self.numbers[-1]
        self.exactly = not any(name in OWN for name, _ in recipe.gates)
        self.gradients: list[float] | None = None
        self.error: Exception | None = None
        self.tolerances = [math.nan] * len(self.leaves)
        try:
            self.root.backward()
        except (ArithmeticError, ValueError) as error:
            self.error = error
        else:
            self.gradients = [leaf.grad for leaf in self.leaves]
            self.tolerances = tolerances(self.root, self.leaves)
        self.data = [node.data for node in self.numbers]
        self.finite = all(map(math.isfinite, [*self.data, *self.tolerances]))
        self.has_truth = self.finite and exact.has_truth(recipe, self.data)


def tolerances(root: Value, leaves: list[Value]) -> list[float]:
    """How far the derivatives of the root by the leaves may be off, if every local gradient is as exact as it can be.

    What arrives at a node is taken without signs, so that nothing cancels; how far a forward pass may be off is not in
    it.
    """
    arrived, off = {root: 1.0}, {root: 0.0}
    for node in reversed(topological_order([root])):
        of_one = OF_ONE.get(node.gate.name, 0.0) if node.gate else 0.0
        for parent, local in zip(node.parents, node.local_gradients()):
            size = abs(local)
            arrived[parent] = arrived.get(parent, 0.0) + arrived[node] * size
            off[parent] = off.get(parent, 0.0) + off[node] * size + arrived[node] * (RELATIVE * size + of_one)
    return [TINY + off.get(leaf, 0.0) for leaf in leaves]
