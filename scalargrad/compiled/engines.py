"""The engines: what each gate's output is in a namespace of functions.  Backward code is flat code like any other.

"python" runs the gates' own outputs.  The others need outputs that do not branch, since `if` is for one number alone;
`outputs` has them, once, for every namespace that has `where`, `exp` and their like.
"""

from __future__ import annotations

import ctypes
import importlib
import linecache
import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..gates import GATES
from .flat import FlatCode
from .native import NativeCode, all_rows, doubles
from .samples import Layout, rows
from .writing import ArrayWriter, FloatWriter

Result = tuple[float, Any, *tuple[float, ...]]


def outputs(m: Any) -> dict[str, Callable[..., Any]]:
    """{gate: its output}, without branches, made of the functions of `m`."""

    def step(x: Any, y: Any, at: Any) -> Any:
        if type(x) is float or type(y) is float:
            return m.heaviside(x - y, at)
        return m.where(x > y, 1.0, m.where(x < y, 0.0, m.where(x == y, at, math.nan)))  # inf - inf would be nan

    def power_slope(c: Any, x: Any, n: Any) -> Any:
        return m.where(c != 0.0, c * m.power(x, n), 0.0)

    def exponent_slope(c: Any, x: Any, n: Any, k: Any) -> Any:
        z = m.where((x >= 0.0) & (n == n), c * m.power(x, n) * m.log(x) ** k, math.nan)
        return m.where((c == 0.0) | (x == 0.0) & (n >= 0.0), 0.0, z)

    def sigmoid(x: Any) -> Any:
        tail = m.exp(-m.abs(x))
        return m.where(x >= 0.0, 1.0, tail) / (1.0 + tail)

    return {
        **{name: getattr(m, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "abs")},
        "pow": m.power,
        "sigmoid": sigmoid,
        "softplus": lambda x: m.where(x > 0.0, x, 0.0) + m.log1p(m.exp(-m.abs(x))),
        "relu": lambda x: m.maximum(x, 0.0),
        "leaky_relu": lambda x, slope: m.where(x > 0.0, x, slope * x),
        "elu": lambda x, alpha: m.where(x > 0.0, x, alpha * m.expm1(x)),
        "maximum": lambda *xs: _folded(m.maximum, xs),
        "minimum": lambda *xs: _folded(m.minimum, xs),
        "step": step,
        "power_slope": power_slope,
        "exponent_slope": exponent_slope,
    }


def _folded(function: Callable[[Any, Any], Any], xs: Sequence[Any]) -> Any:
    z = xs[0]
    for x in xs[1:]:
        z = function(z, x)
    return z


class Descent(NamedTuple):
    """How to train: stochastic gradient descent, in batches of so many samples.

    samples: all N, as the engine keeps them.
    batch: samples a step.
    momentum, decay: v = momentum * v + (gradient + decay * p), then p -= rate * v.
    mean: whether gradients are averaged over a batch, or summed.
    """

    samples: Any
    batch: int
    momentum: float
    decay: float
    mean: bool

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-len(self.samples) // self.batch)


class Engine:
    """Compiled flat code.

    source: its text.
    function: what the text defines; None if it is no Python.
    """

    source: str
    function: Any = None

    def __init__(self, code: FlatCode):
        raise NotImplementedError

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        """N samples as this engine keeps them; `len` of it is N."""
        return rows(data, layouts)

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        """Those of the samples that are chosen, in that order."""
        return [samples[i] for i in chosen]

    def run(self, numbers: list[float], samples: Any, scale: float) -> Result:
        """The sum of all values, a list of the sums of all gradients, and the sums of other values, times `scale`.

        numbers: the parameters, and the numbers that come with them.
        """
        raise NotImplementedError

    def train(
        self, numbers: list[float], velocity: list[float], descent: Descent, rates: Sequence[float]
    ) -> tuple[list[list[float]], list[float]]:
        """The values of every step, and the last gradients; `numbers` and `velocity` are brought up to date.

        rates: the learning rate of every step; there are as many epochs as they are for.
        """
        steps: list[list[float]] = []
        gradients: list[float] = []
        for step, rate in enumerate(rates):
            start = step % descent.steps * descent.batch
            some = self.some(descent.samples, range(len(descent.samples))[start : start + descent.batch])
            value, gradients, *others = self.run(numbers, some, 1.0 / len(some) if descent.mean else 1.0)
            steps.append([value, *others])
            for i, gradient in enumerate(gradients):
                velocity[i] = descent.momentum * velocity[i] + (gradient + descent.decay * numbers[i])
                numbers[i] -= rate * velocity[i]
        return steps, gradients


class PythonEngine(Engine):
    def __init__(self, code: FlatCode):
        writer = FloatWriter(code)
        self.source = writer.source()
        functions = {gate.name: gate.output for gate in GATES.values()}
        own = {f"{name}_gate": gate.output for name, gate in writer.own_gates.items()}
        self.function = executed(self.source, {**functions, **own, "nan": math.nan, "inf": math.inf})

    def run(self, numbers: list[float], samples: Any, scale: float) -> Result:
        value, gradients, *others = self.function(numbers, samples)
        return value * scale, [scale * gradient for gradient in gradients], *[scale * other for other in others]


class Columns:
    """N samples as an array of shape inputs x N."""

    def __init__(self, X: Any):
        self.X = X

    def __len__(self) -> int:
        return int(self.X.shape[1])


class NumpyEngine(Engine):
    def __init__(self, code: FlatCode):
        np = needed("numpy")
        self.numpy = np
        self.source = _array_source(code, "G[{0}] += {1}", "numpy")
        namespace = outputs(np) | {
            "rows": lambda *xs: np.array(xs),
            "index": lambda *places: list(places),
            "zeros": np.zeros,
            "add_up": np.add.reduce,
        }
        self.function = executed(self.source, namespace | {"nan": math.nan, "inf": math.inf})

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        return Columns(_columns(self.numpy, data, layouts))

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        return Columns(samples.X[:, _slice_or_list(chosen)])

    def run(self, numbers: list[float], samples: Any, scale: float) -> Result:
        with self.numpy.errstate(all="ignore"):
            return _result(self.function(self.numpy.array(numbers), samples.X), scale)


class JaxEngine(Engine):
    def __init__(self, code: FlatCode):
        jax = needed("jax")
        jnp = importlib.import_module("jax.numpy")
        self.jax, self.numpy = jax, jnp
        self.source = _array_source(code, "G = G.at[{0}].add({1})", "jax")
        namespace = outputs(jnp) | {
            "rows": lambda *xs: jnp.stack(xs),
            "index": lambda *places: jnp.array(places),
            "zeros": jnp.zeros,
            "add_up": lambda x: x.sum(0),
        }
        self.function = jax.jit(executed(self.source, namespace | {"nan": math.nan, "inf": math.inf}))

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        with self.jax.enable_x64(True):
            return Columns(_columns(self.numpy, data, layouts))

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        with self.jax.enable_x64(True):
            where = _slice_or_list(chosen)
            return Columns(samples.X[:, where if isinstance(where, slice) else self.numpy.array(where)])

    def run(self, numbers: list[float], samples: Any, scale: float) -> Result:
        with self.jax.enable_x64(True):
            return _result(self.function(self.numpy.array(numbers, dtype=float), samples.X), scale)


def _result(sums: Sequence[Any], scale: float) -> Result:
    value, gradients, *others = sums
    return float(value) * scale, (gradients * scale).tolist(), *[float(other) * scale for other in others]


class NativeEngine(Engine):
    def __init__(self, code: FlatCode):
        self.native = NativeCode(code, outputs, needed("llvmlite.binding", "native"))
        refuse_own(self.native.own_gates.values(), "native")
        self.source = self.native.source

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        if any([hasattr(argument, "ndim") for argument in data]):
            np = importlib.import_module("numpy")
            X = np.ascontiguousarray(_columns(np, data, layouts).T)
            return all_rows((ctypes.c_double * X.size).from_buffer(X), len(X))
        listed = rows(data, layouts)
        return all_rows(doubles([x for row in listed for x in row]), len(listed))

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        return samples.some(chosen)

    def run(self, numbers: list[float], samples: Any, scale: float) -> Result:
        sums = self.native.run(numbers, samples, scale)
        value, *others = sums[self.native.parameters :]
        return value, sums[: self.native.parameters], *others

    def train(
        self, numbers: list[float], velocity: list[float], descent: Descent, rates: Sequence[float]
    ) -> tuple[list[list[float]], list[float]]:
        return self.native.train(numbers, velocity, descent, rates)


ENGINES: dict[str, type[Engine]] = {
    "python": PythonEngine,
    "numpy": NumpyEngine,
    "jax": JaxEngine,
    "native": NativeEngine,
}


def needed(module: str, extra: str = "") -> Any:
    """A module that an engine is made of; ImportError, naming the extra that has it, if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = extra or module
        raise ImportError(f'the engine "{extra}" needs {error.name}: pip install scalargrad[{extra}]') from None


def executed(source: str, namespace: dict[str, Any]) -> Any:
    """The function `run` of a source, in a namespace; tracebacks and debuggers see its lines."""
    filename = f"<flat code {zlib.crc32(source.encode()):08x}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    return namespace["run"]


def _array_source(code: FlatCode, add_to: str, engine: str) -> str:
    writer = ArrayWriter(code, add_to)
    source = writer.source()
    refuse_own(writer.own_gates.values(), engine)
    return source


def refuse_own(gates: Any, engine: str) -> None:
    """ValueError if there are gates of one's own whose outputs cannot be read on anything but floats."""
    for gate in gates:
        raise ValueError(
            f'the output of the gate {gate.name} branches or uses math, so the engine "{engine}" cannot run it: '
            'write it with arithmetic and gates, or take engine="python"'
        )


def _columns(xp: Any, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
    """N samples as an array of shape inputs x N; arrays stay where they are."""
    if not layouts:
        return xp.zeros((0, 1))
    parts = []
    for argument, layout in zip(data, layouts):
        if not hasattr(argument, "ndim"):
            argument = xp.array(rows([argument], [layout]), dtype=float)
            parts.append(argument)
        else:
            parts.append(layout.columns(argument.astype(float)))
    return xp.concatenate(parts, axis=1).T


def _slice_or_list(chosen: Sequence[int]) -> slice | list[int]:
    return slice(chosen.start, chosen.stop) if isinstance(chosen, range) else [*chosen]
