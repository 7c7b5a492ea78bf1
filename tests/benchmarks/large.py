"""Large graphs, recorded: how soon they are ready to run, and what a run takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .graphs import LEAVES, Build, random_graph
from .work import Done, Way, Work, timed

STEPS, GATES = 4_000, 100_000
START = [0.5, 0.9, 0.1]


def unrolled(gates: int) -> Build:
    """x = (x w + b).tanh(), again and again."""

    def build(leaves: list[Any]) -> Any:
        x, w, b = leaves
        for _ in range(gates // 3):
            x = (x * w + b).tanh()
        return x

    return build


def eager(graph: Callable[[int], Build], numbers: Sequence[float], gates: int) -> Done:
    from scalargrad import Value

    build = graph(gates)

    def step() -> list[float]:
        leaves = [*map(Value, numbers)]
        build(leaves).backward()
        return [x.grad for x in leaves]

    return Done(step(), step, gates)


def recorded(engine: str, graph: Callable[[int], Build], numbers: Sequence[float], gates: int) -> Done:
    """In "ready" are building the graph, recording it, compiling, and the first run."""
    from scalargrad import Value, record

    build = graph(gates)
    leaves = [*map(Value, numbers)]

    def ready() -> tuple[Any, list[float]]:
        program = record(lambda: build(leaves), parameters=leaves, engine=engine)
        return program, program()[1]

    (program, gradients), seconds = timed(ready)
    return Done(gradients, program, gates, {"ready": seconds})


def jax_scan() -> Done:
    """The steps as a loop in compiled code, as JAX would have them written: unrolled, it takes minutes to compile."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def last(x: Any, w: Any, b: Any) -> Any:
        return jax.lax.scan(lambda x, _: (jnp.tanh(x * w + b), None), x, None, STEPS)[0]

    run = jax.jit(jax.grad(last, (0, 1, 2)))
    gradients, seconds = timed(lambda: jax.block_until_ready(run(*START)))
    return Done([*map(float, gradients)], lambda: jax.block_until_ready(run(*START)), 3 * STEPS, {"ready": seconds})


def ways(*work: Any) -> dict[str, Way]:
    return {
        "scalargrad": Way(partial(eager, *work)),
        "record, native": Way(partial(recorded, "native", *work), "llvmlite"),
    }


WORKS: Sequence[Work] = [
    Work(
        "4,000 steps",
        "x = (x w + b).tanh(), 4,000 times, forward and backward, a gate; ready: from the graph in Python to the first "
        "gradients",
        ways(unrolled, START, 3 * STEPS) | {"jax, a loop": Way(jax_scan, "jax")},
        ("time", "ready"),
    ),
    Work(
        "random graph",
        f"of {GATES:,} gates, as below; forward and backward, a gate; ready: as above",
        ways(random_graph, LEAVES, GATES),
        ("time", "ready"),
    ),
]
