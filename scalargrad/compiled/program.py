"""`record`, which makes the graph of one sample a program for whole minibatches, and what it returns."""

from __future__ import annotations

import inspect
import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ..collector import collector_paused
from ..gate import to_float
from ..text import amount
from ..value import Value
from .descent import Place
from .engines import Engine, JaxEngine, NumpyEngine, PythonEngine, Result
from .flat import FlatCode, of_own_gates
from .interpreter import of_large
from .native import NativeEngine
from .trace import Layout, Recorder, Trace, plain

EngineName = Literal["python", "numpy", "jax", "native"] | str  # an editor offers these
ENGINES: dict[str, type[Engine]] = {
    "python": PythonEngine,
    "numpy": NumpyEngine,
    "jax": JaxEngine,
    "native": NativeEngine,
}
MAX_ENGINES = 64  # compiled programs that are kept for recording the same graph again
_engines: OrderedDict[Any, Engine] = OrderedDict()


def record(
    function: Callable[..., Any],
    samples: Sequence[Any] = (),
    parameters: Iterable[Value] = (),
    engine: EngineName = "python",
    reduce: Literal["mean", "sum"] | str = "mean",
) -> Program:
    """A program that computes `function`, and its gradients by the parameters, for whole minibatches.

    function: takes one sample and returns one `Value`, or a tuple of them: gradients are of the first, the others are
        only reported.
    samples: one sample: for each argument of the function a number, or numbers in (nested) lists.
    parameters: the leaves that gradients are wanted of.  Their data is read at every call of the program.
    engine: "python", the flat code on floats; "numpy", on columns of a minibatch; "jax", the same under `jax.jit`;
        "native", machine code: for eight samples at a time, or, if the graph is large, for each kind of gate in it.
        The last three need the package numpy, jax or llvmlite.
    reduce: "mean" or "sum": how the values and gradients of all samples of a minibatch become one.

    >>> w, b = Value(2.0), Value(-1.0)
    >>> program = record(lambda x, y: (w * x + b - y) ** 2, samples=(3.0, 0.0), parameters=[w, b])
    >>> program([3.0, 1.0], [4.0, 1.0])
    (0.5, [3.0, 1.0])

    A loss that also reports whether it is small; other values are averaged or summed as well, and have no backward:

    >>> from scalargrad.table import step
    >>> def both(x, y):
    ...     loss = (w * x + b - y) ** 2
    ...     return loss, step(0.5, loss, 1.0)
    >>> value, gradients, *others = record(both, samples=(3.0, 0.0), parameters=[w, b])([3.0, 1.0], [4.0, 1.0])
    >>> others
    [0.5]

    The function runs once, and the program runs the gates that it used then: a Python `if` or `max` on a value is
    frozen, and so are `float(x)`, `x.data` and the data of leaves that are no parameters.  The function also runs on a
    few samples made up from the first, and if it uses other gates or numbers there, that is a ValueError; a branch on
    parameters alone is not seen.  The relu, abs and maximum gates are no branches: they work for every sample.

    All engines agree with `backward()` to 1e-12 of the largest contribution, mostly to 1e-15.  They differ at kinks
    and where a slope is all rounding: "numpy" and "jax" add the products of a dot up in another order, "native" those
    of a long one.  So an input of relu that is 0 but for rounding may fall on the other side, and at a saturated tanh,
    whose slope 1 - z * z has lost its digits, gradients part by some 1e-9 of themselves.  They also differ where
    numbers end: "python" raises the error of the gate, with a note of which sample it was.  "numpy", "jax" and "native"
    never raise, but give nan or inf, as arrays do: log(-1) is nan, 1 / 0 and exp(1000) are inf.  What a local gradient
    of 0 everywhere, that of step, or of a value that is not picked from a long list, or in "python" an upstream of
    exactly 0 behind a relu would send back is left out, so 0 * inf is no nan there; and x ** 2 is x * x, which may be
    inf.

    Under "jax" arrays that are sharded over a mesh of devices stay so: each device runs its samples, and the gradients
    are added up over all of them.

    Graphs of the same shape share one compiled program, so recording in a loop compiles once.

    Raises TypeError or ValueError for arguments that do not fit, and for a gate of so many inputs that "native" would
    take long to compile it; ImportError, naming the package, for an engine that is not installed.
    """
    if not callable(function):
        kind = f"{type(function).__name__} {function!r:.40}"
        raise TypeError(f"record runs a function of one sample, such as lambda x, y: (w * x - y) ** 2, not {kind}")
    if engine not in tuple(ENGINES):
        raise ValueError(f"there is no engine {engine!r:.40}: choose from {', '.join(ENGINES)}")
    if reduce not in ("mean", "sum"):
        raise ValueError(f"reduce={reduce!r}: choose mean or sum")
    if not isinstance(samples, (tuple, list)):
        raise TypeError(f"samples is a tuple, one sample per argument, not {type(samples).__name__} {samples!r:.40}")
    recorder = Recorder(function, samples, parameters)
    with collector_paused():
        trace, numbers = recorder.recorded()
        made = _engine_for(engine, trace)
        kind = Bound if made.bind else Program
        return kind(recorder, trace, numbers, engine, made, reduce)


class Program:
    """A recorded graph that runs on minibatches; made by `record`.

    source: the flat code, as text.
    engine, reduce: as given to `record`.
    gates: how many gates the graph of one sample has.
    inputs, parameters, values: how many numbers a sample has, the parameters, and how many values a run gives.
    """

    def __init__(self, recorder: Recorder, trace: Trace, numbers: list[float], engine: str, made: Engine, reduce: str):
        self.engine, self.reduce = engine, reduce
        self.parameters = recorder.parameters
        self.gates, self.inputs = len([entry for entry in trace.entries if entry.gate]), trace.inputs
        self.values = len(trace.roots)
        self._layouts = recorder.layouts
        self._others = numbers
        self._mean = reduce == "mean"
        self._engine = made
        self._nothing = self._engine.samples((), ())

    @property
    def source(self) -> str:
        """The code that the engine runs."""
        return self._engine.source

    @property
    def function(self) -> Any:
        """The function that `source` defines, which sums values and gradients over samples; None under "native".

        It is as fast as code by hand; a call of the program also reads the parameters, checks the data, divides, and
        names the gate in an error.
        Under "jax" it is a pure and jitted `run(P, X)` of a vector of parameters and an array of inputs x N.
        """
        return self._engine.function

    def __repr__(self) -> str:
        return (
            f"<program on {self.engine}: {amount(self.gates, 'gate')}, {amount(self.inputs, 'input')}, "
            f"{amount(len(self.parameters), 'parameter')}>"
        )

    def __call__(self, *data: Any) -> Result:
        """(value, gradients, *others) of a minibatch of N samples; gradients is a list, one number for each parameter.

        data: for each argument of the recorded function N samples, each in the shape that was recorded, in a list or an
            array.  A function without arguments has one sample, and the program no arguments either.

        Raises TypeError for another number of arguments, ValueError for other shapes and for an empty minibatch.
        """
        samples = self._samples(data) if data or self._layouts else self._nothing
        return self._run(samples)

    def load(self, *data: Any) -> Loaded:
        """N samples as the engine keeps them, to run on some of them time and again.

        data: as for a call, which also raises the same errors.  Later changes of the data change nothing here.

        >>> p = Value(2.0)
        >>> loaded = record(lambda x: p * x, (1.0,), [p]).load([1.0, 3.0, 5.0])
        >>> loaded([0, 1]), loaded()
        ((4.0, [2.0]), (6.0, [3.0]))
        """
        return Loaded(self, self._engine, self._engine.kept(self._samples(data)))

    def _run(self, samples: Any) -> Result:
        try:
            numbers = [p._data for p in self.parameters] + self._others  # `data` is a property: three times as slow
            return self._engine.run(numbers, samples, self._mean)
        except (ArithmeticError, ValueError) as error:
            self._engine.explain(error, self.parameters, self._others, samples)
            raise

    def _samples(self, data: Sequence[Any]) -> Any:
        """N samples as the engine keeps them; TypeError or ValueError if they do not fit."""
        if len(data) != len(self._layouts):
            names = ", ".join([layout.name for layout in self._layouts])
            raise TypeError(f"{amount(len(data), 'argument')} for a program of {len(self._layouts)}: {names}")
        sizes = [_size(samples, layout) for samples, layout in zip(data, self._layouts)]
        if len({*sizes}) > 1:
            found = ", ".join([f"{layout.name} has {n}" for layout, n in zip(self._layouts, sizes)])
            raise ValueError(f"every argument needs as many samples: {found}")
        if 0 in sizes:
            raise ValueError("the minibatch is empty")
        return self._engine.samples(data, self._layouts)


class Bound(Program):
    """A program without arguments for a small graph, such as one of the lecture's circuits, which runs for half a µs.

    `Program.__call__` takes longer than that to find the parameters, the samples and the engine.  So what Python calls
    here is what stands in the slot `__call__`: a function made for these parameters, which returns the same.
    """

    __slots__ = ("__call__",)
    __signature__ = inspect.Signature()  # which `inspect` cannot read off a slot

    def __init__(self, *made: Any):
        super().__init__(*made)
        self.__call__ = self._engine.bind(*self.parameters, *self._others)  # type: ignore[method-assign,misc]


class Loaded:
    """A program with N samples as its engine keeps them; made by `Program.load`.  Its `len` is N."""

    def __init__(self, program: Program, engine: Engine, samples: Any):
        self._program, self._engine, self._samples = program, engine, samples

    def __len__(self) -> int:
        return len(self._samples)

    def __call__(self, chosen: Sequence[int] | None = None) -> Result:
        """(value, gradients, *others) of a minibatch: of the samples with these indices, or of all.

        Raises IndexError or TypeError for what is no index of a sample, ValueError for an empty minibatch.
        """
        return self._program._run(self._chosen(chosen))

    @property
    def parameters(self) -> tuple[Value, ...]:
        return self._program.parameters

    @property
    def values(self) -> int:
        """How many values a run gives: the first, and others."""
        return self._program.values

    def place(self, most: int) -> Place:
        """What a `Descent` needs to know of it, for minibatches of at most so many samples.

        Raises ValueError unless the engine is "native".
        """
        if not isinstance(self._engine, NativeEngine):
            raise ValueError('only the engine "native" descends in machine code')
        return self._engine.place(self._samples, self._program._others, most)

    def _chosen(self, chosen: Sequence[int] | None) -> Any:
        return self._samples if chosen is None else self._engine.some(self._samples, _indices(chosen, len(self)))


def _engine_for(name: str, trace: Trace) -> Engine:
    """The compiled code for a graph of this shape, which an earlier recording may have left."""
    key = (name, trace, of_own_gates(trace))
    engine = _engines.pop(key, None) or name == "native" and of_large(trace) or ENGINES[name](FlatCode(trace))
    _engines[key] = engine
    if len(_engines) > MAX_ENGINES:
        _engines.popitem(last=False)
    return engine


def _size(samples: Any, layout: Layout) -> int:
    try:
        return len(samples)
    except TypeError:
        raise TypeError(f"{layout.name} is {type(samples).__name__} {samples!r:.40}, not a list of samples") from None


def _floats(name: str, numbers: Sequence[float]) -> list[float]:
    """The numbers as a list of floats; a TypeError that begins with their name, if one is no number."""
    try:
        return [x if type(x) is float else to_float(x) for x in numbers]
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def _indices(chosen: Sequence[int], n: int) -> Sequence[int]:
    """The indices as a range or a list of ints; an error unless each is one of 0 to n - 1."""
    listed = plain(chosen, "indices of samples")
    if not isinstance(listed, range) and bool in map(type, listed):
        raise TypeError("samples are chosen by their indices, not by truth values")
    indices = listed if isinstance(listed, range) else [*map(operator.index, listed)]
    if not indices:
        raise ValueError("the minibatch is empty")
    for i in (min(indices), max(indices)):
        if not 0 <= i < n:
            raise IndexError(f"there is no sample {i}: the indices of samples are 0 to {n - 1}")
    return indices
