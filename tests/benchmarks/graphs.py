"""Long graphs: chains and random ones of a hundred to a million gates, and the memory that a gate takes."""

from __future__ import annotations

import gc
import random
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .scalars import SCALARS, Library, micrograd, scalargrad
from .work import Done, Way, Work

Build = Callable[[list[Any]], Any]
LEAVES = [random.Random(0).uniform(-1.0, 1.0) for _ in range(10)]
LONG = 200_000
SHORTER = 10_000  # tracemalloc takes the longer the deeper a recursion is
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
MAX_GATES = {"micrograd": LONG, "torch 0-d": 10_000, "autograd": 10_000}  # beyond, they take minutes


def chain(gates: int) -> Build:
    """What builds a chain of so many gates."""

    def build(leaves: list[Any]) -> Any:
        x, *others = leaves
        for i in range(gates // 2):
            x = x * others[i % 9] + others[-i % 9]
        return x

    return build


def random_graph(gates: int) -> Build:
    """What builds a graph of so many gates, all of which count for the last one."""
    chance = random.Random(gates)
    wiring = [(chance.randrange(len(LEAVES)), chance.randrange(len(LEAVES) + 2 * i)) for i in range(gates // 2)]

    def build(leaves: list[Any]) -> Any:
        nodes = [*leaves]
        for leaf, other in wiring:
            product = nodes[-1] * nodes[leaf]
            nodes += (product, product + nodes[other])
        return nodes[-1]

    return build


GRAPHS: dict[str, tuple[Callable[[int], Build], str]] = {
    "chain": (chain, "x = x a + b, again and again (micrograd with a raised recursion limit)"),
    "random graph": (random_graph, "the last value times a leaf, and plus any value before, by turns"),
}


# ---- build and backward ----


def eager(library: Callable[[], Library], graph: Callable[[int], Build], gates: int) -> Done:
    sys.setrecursionlimit(10 * LONG)  # micrograd's backward calls itself for every gate of a chain
    made, build = library(), graph(gates)

    def step() -> list[Any]:
        leaves = [made.value(x) for x in LEAVES]
        build(leaves).backward()
        return leaves

    return Done(made.gradients(step()), step, gates)


def without_collector(graph: Callable[[int], Build], gates: int) -> Done:
    """What is left where a user pauses the cyclic collector: graphs of ours have no cycles that it could find."""
    gc.disable()
    return eager(scalargrad, graph, gates)


def with_autograd(graph: Callable[[int], Build], gates: int) -> Done:
    import autograd

    gradient = autograd.grad(graph(gates))
    return Done([*map(float, gradient([*LEAVES]))], lambda: gradient([*LEAVES]), gates)


def ways(graph: Callable[[int], Build], gates: int) -> dict[str, Way]:
    made = {who: Way(partial(eager, library, graph, gates), needs) for who, (library, needs) in SCALARS.items()}
    made["scalargrad, collector off"] = Way(partial(without_collector, graph, gates))
    made["autograd"] = Way(partial(with_autograd, graph, gates), "autograd")
    return {who: way for who, way in made.items() if gates <= MAX_GATES.get(who, gates)}


# ---- memory ----


def remembered(library: Callable[[], Library]) -> Done:
    """Bytes a gate of a chain: what the process grows by, what the graph keeps, and Python's peak in backward."""
    sys.setrecursionlimit(10 * LONG)
    made = library()
    before = resident()
    leaves = [made.value(x) for x in LEAVES]
    chain(LONG)(leaves).backward()
    figures = {"resident": (resident() - before) / LONG} if before else {}
    tracemalloc.start()
    root = chain(SHORTER)([made.value(x) for x in LEAVES])
    figures["kept"] = tracemalloc.get_traced_memory()[0] / SHORTER
    root.backward()
    figures["peak"] = tracemalloc.get_traced_memory()[1] / SHORTER
    return Done(made.gradients(leaves), others=figures)


def resident() -> int:
    """The most memory, in bytes, that this process ever had; 0 where no /proc tells."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum([1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")])


def grown(name: str, gates: int) -> Work:
    graph, how = GRAPHS[name]
    return Work(f"{name} of {gates:,} gates", f"{how}; build and backward, a gate", ways(graph, gates), size=gates)


MEMORY = Work(
    "memory",
    f"bytes a gate of a chain; kept by the graph and at the peak of backward, of {SHORTER:,} gates; "
    f"by which the process grows, of {LONG:,}",
    {"micrograd": Way(partial(remembered, micrograd), "micrograd"), "scalargrad": Way(partial(remembered, scalargrad))},
    ("kept", "peak", "resident"),
    "B",
)

WORKS: Sequence[Work] = [grown("chain", LONG)._replace(size=0), MEMORY]
GROWING: Sequence[Work] = [grown(name, size) for name in GRAPHS for size in SIZES]
