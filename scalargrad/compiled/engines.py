"""The engines: each runs flat code in a namespace of functions, which has an output for each gate.

"python" runs the gates' own outputs.  The others need outputs that do not branch, since an `if` decides for one number
alone.  `outputs` has them once, for every library that has `where`, `exp` and the like.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from .. import table
from ..generated import keep_source
from ..table import GATES
from ..value import Value
from .flat import FlatCode, Line
from .trace import Layout, is_array, rows
from .writing import ArrayWriter, FloatWriter

MAX_BOUND = 100  # lines and parameters; if there are more, what comes before them in a call is little beside them
# Gates that any kind of number has as operators.
OPERATORS = (table.add, table.sub, table.mul, table.div, table.neg, table.total, table.dot)
Result = tuple[Any, ...]  # a value, a list of gradients, and other values: as many as the function returns


def outputs(m: Any) -> dict[str, Callable[..., Any]]:
    """{name of a gate: its output}, without branches, made of the functions of the library `m`."""

    def step(x: Any, y: Any, at: Any) -> Any:
        if type(x) is float or type(y) is float:
            return m.heaviside(x - y, at)
        return m.where(x > y, 1.0, m.where(x < y, 0.0, m.where(x == y, at, math.nan)))  # inf - inf would be nan

    def pick(index: Any, *xs: Any) -> Any:
        z = math.nan
        for i, x in enumerate(xs):
            z = m.where(index == float(i), x, z)
        return z

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
        "pick": pick,
        "power_slope": power_slope,
        "exponent_slope": exponent_slope,
        "given_gradients": table.tangent,
    }


def _folded(function: Callable[[Any, Any], Any], xs: Sequence[Any]) -> Any:
    z = xs[0]
    for x in xs[1:]:
        z = function(z, x)
    return z


class Engine:
    """Compiled flat code, which runs on samples.

    source: the text that was compiled.
    function: the Python function that the text defines; None if it is no Python.
    bind: for a small graph without inputs, a function of its parameters and plain numbers.  It returns a function
        without arguments, which reads the data of the parameters and gives what `run` would.  Else None.
    """

    source: str
    function: Any = None
    bind: Callable[..., Callable[[], Result]] | None = None

    def __init__(self, code: FlatCode):
        raise NotImplementedError

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        """N samples as this engine keeps them; `len` of the result is N."""
        return rows(data, layouts)

    def kept(self, samples: Any) -> Any:
        """The same samples, but safe from changes of the lists that they were made from."""
        return samples

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        """The samples with the chosen indices, in that order."""
        return [samples[i] for i in chosen]

    def run(self, numbers: list[float], samples: Any, mean: bool) -> Result:
        """The sum of the values, a list of the sums of the gradients, and the sums of other values.

        numbers: the data of the parameters, and after them the plain numbers of the recorded function.
        mean: whether all sums are divided by the number of samples.
        """
        raise NotImplementedError

    def explain(self, error: Exception, parameters: Sequence[Value], others: Sequence[float], samples: Any) -> None:
        """Raises what is better than the error that a run has raised, if there is something better.

        others: the plain numbers of the recorded function.
        """


class PythonEngine(Engine):
    def __init__(self, code: FlatCode):
        writer = FloatWriter(code)
        self._trace = code.trace
        self.source = writer.source()
        functions = {gate.name: gate.output for gate in GATES.values()}
        own = {f"{name}_gate": gate.output for name, gate in writer.own_gates.items()}
        namespace = functions | own | {"place": place}
        self.function = executed(self.source, namespace)
        if not code.x and len(code.lines) + len(code.p) <= MAX_BOUND:
            self.bind = executed(writer.source_bound(), namespace | {"explain": self.explain})

    def kept(self, samples: Any) -> Any:
        return [*map(tuple, samples)]

    def run(self, numbers: list[float], samples: Any, mean: bool) -> Result:
        if not mean or len(samples) == 1:
            return self.function(numbers, samples)  # type: ignore[no-any-return]
        value, gradients, *others = self.function(numbers, samples)
        scale = 1.0 / len(samples)
        return value * scale, [scale * gradient for gradient in gradients], *[scale * other for other in others]

    def explain(self, error: Exception, parameters: Sequence[Value], others: Sequence[float], samples: Any) -> None:
        """Raises the error of the gate that has no result, or no slope, for one of the samples; a note says which.

        Flat code knows no gates: where floats end, Python says no more in it than `math domain error`.
        """
        leaves = [p.detach() for p in parameters]
        for i, sample in enumerate(samples):
            found = self._error(sample, leaves, others)
            if found:
                if sample:
                    found.add_note(f"sample {i} of the minibatch")
                raise found.with_traceback(None) from None

    def _error(self, sample: Sequence[float], leaves: Sequence[Value], others: Sequence[float]) -> Exception | None:
        """What the recorded graph raises for a sample, gate by gate, if the code raises an error for it."""
        try:
            self.function([*[p.data for p in leaves], *others], [sample])
            return None
        except (ArithmeticError, ValueError) as error:
            try:
                self._trace.run([*sample, *leaves], others)
            except (ArithmeticError, ValueError) as named:
                return named
            return error  # of what only the code computes


def place(index: float, count: int) -> int:
    """The index of one of so many values as a whole number; ValueError if it is none."""
    if not 0.0 <= index < count or index != int(index):
        raise ValueError("there is no such index")
    return int(index)


class ArrayEngine(Engine):
    """The flat code on columns of a minibatch.

    name: what the engine is called.
    xp: the library, NumPy or one that works like it.
    context: makes the context in which its functions are called.
    add_to: how the library adds to a part of G.
    """

    name: str
    add_to: str

    def __init__(self, code: FlatCode):
        self.xp, self.context, add_up = self.language()
        known = outputs(self.xp)
        refuse_unknown(code.lines, known, self.name)
        self.source = ArrayWriter(code, self.add_to).source()
        namespace = {
            "rows": lambda *xs: self.xp.array(xs),
            "index": lambda *places: self.xp.array(places),
            "zeros": self.xp.zeros,
            "add_up": add_up,
            "add_at": self.add_at,
            "look_up": self.look_up,
        }
        self.function = executed(self.source, known | namespace)

    def language(self) -> tuple[Any, Callable[[], Any], Callable[[Any], Any]]:
        """The library, what makes the context for its functions, and its sum over the first axis."""
        raise NotImplementedError

    def look_up(self, xs: Any, index: Any) -> Any:
        """For each index the number at this place; nan where it is no place."""
        places = self.places(index, len(xs))
        return self.xp.where(places == index, xs[places], math.nan)

    def places(self, index: Any, count: int) -> Any:
        """Indices as whole numbers; those that do not fit are any that do."""
        return self.xp.nan_to_num(index).clip(0, count - 1).astype(int)

    def add_at(self, G: Any, places: Any, index: Any, x: Any) -> Any:
        """G, after x is added to the one of the places that each index says."""
        raise NotImplementedError

    def samples(self, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
        with self.context():
            return array_of(self.xp, data, layouts)

    def some(self, samples: Any, chosen: Sequence[int]) -> Any:
        with self.context():
            in_a_row = isinstance(chosen, range) and chosen.step == 1 and slice(chosen.start, chosen.stop)
            return samples[in_a_row or self.xp.array(chosen)]

    def run(self, numbers: list[float], samples: Any, mean: bool) -> Result:
        with self.context():
            value, gradients, *others = self.function(self.xp.array(numbers, dtype=float), samples.T)
            scale = 1.0 / len(samples) if mean else 1.0
            return float(value) * scale, (gradients * scale).tolist(), *[float(other) * scale for other in others]


class NumpyEngine(ArrayEngine):
    name, add_to = "numpy", "G[{0}] += {1}"

    def language(self) -> tuple[Any, Callable[[], Any], Callable[[Any], Any]]:
        np = needed("numpy")
        return np, lambda: np.errstate(all="ignore"), np.add.reduce

    def add_at(self, G: Any, places: Any, index: Any, x: Any) -> Any:
        self.xp.add.at(G, places[self.places(index, len(places))], x)
        return G


class JaxEngine(ArrayEngine):
    name, add_to = "jax", "G = G.at[{0}].add({1})"

    def __init__(self, code: FlatCode):
        super().__init__(code)
        self.function = needed("jax").jit(self.function)

    def language(self) -> tuple[Any, Callable[[], Any], Callable[[Any], Any]]:
        jax = needed("jax")
        return needed("jax.numpy", "jax"), lambda: jax.enable_x64(True), lambda x: x.sum(0)

    def add_at(self, G: Any, places: Any, index: Any, x: Any) -> Any:
        return G.at[places[self.places(index, len(places))]].add(x)


# ---- what engines need ----


def needed(module: str, extra: str = "") -> Any:
    """The module that an engine needs; ImportError, naming the package to install, if it is not there."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f'the engine "{extra or module}" needs {error.name or module}: pip install {package}'
        ) from None


def executed(source: str, namespace: dict[str, Any]) -> Any:
    """The function `run` that the source defines in the namespace; tracebacks and debuggers show its lines."""
    filename = keep_source(source, "flat code")
    namespace |= {"nan": math.nan, "inf": math.inf}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    return namespace["run"]


def refuse_unknown(lines: Iterable[Line], known: Container[str], engine: str) -> None:
    """ValueError if there is a gate whose output cannot be read on anything but floats.

    known: the names of gates of the table for which the engine has an output.
    """
    for line in lines:
        gate = line.gate
        if gate and gate not in OPERATORS and (gate.name not in known or GATES.get(gate.name) is not gate):
            raise ValueError(
                f'the output of the gate {gate.name} branches or uses math, so the engine "{engine}" cannot run it: '
                'write it with arithmetic and gates, or take engine="python"'
            )


def array_of(xp: Any, data: Sequence[Any], layouts: Sequence[Layout]) -> Any:
    """N samples as an array of shape N x inputs; arrays of numbers stay on their devices."""
    parts = [
        layout.array(xp.asarray(_short(x)).astype(float)) if is_array(x) else xp.array(rows([x], [layout]), float)
        for x, layout in zip(data, layouts)
    ]
    return xp.concatenate(parts, axis=1) if parts else xp.zeros((1, 0))


def _short(x: Any) -> Any:
    """An array of long doubles as one of doubles, since JAX knows no others; any other array as it is."""
    return x.astype(float) if x.dtype.itemsize > 8 else x
