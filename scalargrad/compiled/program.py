"""Record once, run many times: the graph of one sample becomes a program for whole minibatches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..table import add_up, dot_product
from ..value import Value
from .engines import Engine, JaxEngine, NumpyEngine, PythonEngine, Result
from .flat import FlatCode
from .native import NativeEngine
from .trace import Layout, Recorder, Trace

ENGINES: dict[str, type[Engine]] = {
    "python": PythonEngine,
    "numpy": NumpyEngine,
    "jax": JaxEngine,
    "native": NativeEngine,
}
REMEMBERED = 64  # engines that are kept, by the shape of their graph
_engines: OrderedDict[Any, Engine] = OrderedDict()


def record(
    function: Callable[..., Any],
    samples: Sequence[Any] = (),
    parameters: Iterable[Value] = (),
    engine: str = "python",
    reduce: str = "mean",
) -> Program:
    """A program that computes `function`, and its gradients by the parameters, for whole minibatches.

    function: takes one sample and returns one `Value`, or a tuple: gradients are of the first, the others are reported.
    samples: one sample, an argument of the function each: a number, or numbers in (nested) lists.  They become values.
    parameters: the leaves that gradients are wanted of.  Their data is read at every call of the program.
    engine: "python", the flat code on floats; "numpy", on columns of a minibatch; "jax", the same under `jax.jit`;
        "native", machine code.  The last three need the extra of their name: pip install scalargrad[numpy].
    reduce: "mean" or "sum": how values and gradients of the samples of a minibatch become one.

    >>> w, b = Value(2.0), Value(-1.0)
    >>> program = record(lambda x, y: (w * x + b - y) ** 2, samples=(3.0, 0.0), parameters=[w, b])
    >>> program([3.0, 1.0], [4.0, 1.0])
    (0.5, [3.0, 1.0])

    A loss that also reports whether it is small; `others` are averaged or summed as well, and cost no backward:

    >>> from scalargrad.table import step
    >>> def both(x, y):
    ...     loss = (w * x + b - y) ** 2
    ...     return loss, step(0.5, loss, 1.0)
    >>> value, gradients, *others = record(both, samples=(3.0, 0.0), parameters=[w, b])([3.0, 1.0], [4.0, 1.0])
    >>> others
    [0.5]

    The function runs once, and the gates that it used then are what runs ever after: a Python `if` or `max` on a value
    is frozen, and so are `float(x)`, `x.data` and other leaves than the parameters.  It is run again on a few samples
    made up from the first, and if other gates or numbers come out, ValueError says so; what depends on parameters
    alone is not seen.  The relu, abs and maximum gates are no branches: they work for every sample.

    All engines agree with `backward()` to 1e-12 of the largest contribution, mostly to 1e-15.  They differ where
    numbers end: "python" raises the errors of Python's floats, without a gate's name; the others never raise, but
    follow IEEE 754: log(-1) is nan, 1 / 0 and exp(1000) are inf.  What a local gradient of 0 everywhere, that of step,
    or in "python" an upstream of exactly 0 behind a relu would send back is left out, so 0 * inf is no nan there; and
    x ** 2 is x * x, which may be inf.

    Under "jax" arrays that are sharded over a mesh of devices stay so: each device runs its samples, and the gradients
    are added up over all of them.

    Graphs of the same shape share one compiled program, so recording in a loop compiles once.

    Raises TypeError or ValueError for arguments that do not fit, ImportError, naming the extra, for an engine that is
    not installed.
    """
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}: choose from {', '.join(ENGINES)}")
    if reduce not in ("mean", "sum"):
        raise ValueError(f"reduce={reduce!r}: choose mean or sum")
    if not isinstance(samples, (tuple, list)):
        raise TypeError(f"samples is a tuple of one sample an argument, not {type(samples).__name__} {samples!r:.40}")
    recorder = Recorder(function, samples, parameters)
    trace, numbers = recorder.recorded()
    return Program(recorder, trace, numbers, engine, reduce)


class Program:
    """A recorded graph that runs on minibatches; made by `record`.

    source: the flat code, as text.
    engine, reduce: as given to `record`.
    gates: how many gates the graph of one sample has.
    inputs, parameters: how many numbers a sample has, and the parameters.
    """

    def __init__(self, recorder: Recorder, trace: Trace, numbers: list[float], engine: str, reduce: str):
        self.engine, self.reduce = engine, reduce
        self.parameters = recorder.parameters
        self.gates, self.inputs = len([step for step in trace.steps if step.gate]), trace.inputs
        self._layouts = recorder.layouts
        self._others = numbers
        self._mean = reduce == "mean"
        self._engine = _engine_for(engine, trace)
        self._nothing = self._engine.samples((), ())

    @property
    def source(self) -> str:
        return self._engine.source

    @property
    def function(self) -> Any:
        """The flat code itself, which sums values and gradients: `source` says what it takes.  None under "native".

        It is as fast as code by hand; a call of the program also reads the parameters, checks the data and divides.
        Under "jax" it is `run(P, X)` of a vector of parameters and an array of inputs x N: pure, and jitted.
        """
        return self._engine.function

    def __repr__(self) -> str:
        return (
            f"<program on {self.engine}: {self.gates} gates, {self.inputs} inputs, {len(self.parameters)} parameters>"
        )

    def __call__(self, *data: Any) -> Result:
        """(value, gradients, *others) of a minibatch of N samples: gradients is a list, a number a parameter.

        data: for every argument of the recorded function N samples, each in the shape that was recorded; arrays will
            do.  Without arguments, one sample of nothing.

        Raises TypeError for another number of arguments, ValueError for other shapes and for an empty minibatch.
        """
        samples = self._samples(data) if data or self._layouts else self._nothing
        return self._engine.run(self._numbers(), samples, self._mean)

    def load(self, *data: Any) -> Loaded:
        """N samples as the engine keeps them, to run on some of them time and again; arguments and errors as of a call.

        >>> p = Value(2.0)
        >>> loaded = record(lambda x: p * x, (1.0,), [p]).load([1.0, 3.0, 5.0])
        >>> loaded([0, 1]), loaded()
        ((4.0, [2.0]), (6.0, [3.0]))
        """
        return Loaded(self, self._engine, self._samples(data))

    def train(
        self,
        *data: Any,
        epochs: int = 1,
        batch_size: int | None = None,
        learning_rate: float | Callable[[int], float] = 0.1,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        order: Callable[[int], Sequence[int]] | None = None,
        progress: Callable[[int, float], Any] | None = None,
        velocity: list[float] | None = None,
    ) -> list[float]:
        """The mean value of each epoch, after training the parameters by stochastic gradient descent.

        data: N samples, as for a call.
        batch_size: samples a step; by default all.
        learning_rate: a number, or a function of the number of steps taken so far.
        momentum, weight_decay: v = momentum * v + (gradient + weight_decay * p), then p -= learning_rate * v.
        order: a function of the number of the epoch that gives the order of the samples; by default as they come.
        progress: called after every epoch with its number and its value; the parameters hold their new data then.
        velocity: the v of every parameter to begin with, in a list that is brought up to date; by default zeros.

        "native" stays in machine code for a whole epoch, and without `order` and `progress` for all of them.
        """
        loaded = self.load(*data)
        n, batch = len(loaded), _whole(batch_size, len(loaded))
        steps = -(-n // batch)
        velocity = [0.0] * len(self.parameters) if velocity is None else velocity
        rate = learning_rate if callable(learning_rate) else lambda step: learning_rate
        values: list[float] = []
        while len(values) < _whole(epochs, 1):
            epoch, together = len(values), 1 if order or progress else epochs
            rates = [rate(epoch * steps + i) for i in range(together * steps)]
            chosen = _checked_order(order(epoch), n) if order else None
            numbers = [p.data for p in self.parameters]
            made, _ = loaded.descend(numbers, velocity, rates, batch, momentum, weight_decay, chosen)
            for p, new in zip(self.parameters, numbers):
                p.data = new
            firsts = [value for value, *_ in made]
            values += [self._of_epoch(firsts[i : i + steps], n, batch) for i in range(0, len(firsts), steps)]
            if progress:
                progress(epoch, values[-1])
        return values

    def _of_epoch(self, values: list[float], n: int, batch: int) -> float:
        """The value of an epoch, of those of its steps."""
        if self.reduce == "sum":
            return float(add_up(*values))
        sizes = [min(batch, n - start) for start in range(0, n, batch)]
        return float(dot_product(*sizes, *values) / n)

    def _numbers(self) -> list[float]:
        return [p._data for p in self.parameters] + self._others  # `data` is a property: three times as slow

    def _samples(self, data: Sequence[Any]) -> Any:
        """N samples as the engine keeps them; TypeError or ValueError if they do not fit."""
        if len(data) != len(self._layouts):
            names = ", ".join([layout.name for layout in self._layouts])
            raise TypeError(f"{len(data)} arguments for a program of {len(self._layouts)}: {names}")
        sizes = [_size(samples, layout) for samples, layout in zip(data, self._layouts)]
        if len({*sizes}) > 1:
            found = ", ".join([f"{layout.name} has {n}" for layout, n in zip(self._layouts, sizes)])
            raise ValueError(f"every argument needs as many samples: {found}")
        if 0 in sizes:
            raise ValueError("the minibatch is empty")
        return self._engine.samples(data, self._layouts)


class Loaded:
    """A program with N samples as its engine keeps them; made by `Program.load`.  Its `len` is N."""

    def __init__(self, program: Program, engine: Engine, samples: Any):
        self._program, self._engine, self._samples = program, engine, samples

    def __len__(self) -> int:
        return len(self._samples)

    def __call__(self, chosen: Sequence[int] | None = None) -> Result:
        """(value, gradients, *others) of a minibatch: of the samples with these indices, or of all."""
        return self._engine.run(self._program._numbers(), self._chosen(chosen), self._program._mean)

    def descend(
        self,
        numbers: list[float],
        velocity: list[float],
        rates: Sequence[float],
        batch_size: int,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        chosen: Sequence[int] | None = None,
    ) -> tuple[list[list[float]], list[float]]:
        """The values [value, *others] of every step, and the last gradients, of gradient descent as by `Program.train`.

        numbers, velocity: the data and the v of every parameter, in lists that are brought up to date; the parameters
            themselves stay as they are.
        rates: the learning rate of every step; there are as many epochs as they are for.
        chosen: indices of samples, those of an epoch in their order; by default all.
        """
        every, how = numbers + self._program._others, (batch_size, momentum, weight_decay, self._program._mean)
        made = self._engine.train(self._chosen(chosen), every, velocity, rates, *how)
        numbers[:] = every[: len(numbers)]
        return made

    def _chosen(self, chosen: Sequence[int] | None) -> Any:
        if chosen is None:
            return self._samples
        if not chosen:
            raise ValueError("the minibatch is empty")
        return self._engine.some(self._samples, chosen)


def _engine_for(name: str, trace: Trace) -> Engine:
    """The compiled code for a graph of this shape: that of an earlier recording, if there was one."""
    key = (name, trace)
    engine = _engines.pop(key, None) or ENGINES[name](FlatCode(trace))
    _engines[key] = engine
    if len(_engines) > REMEMBERED:
        _engines.popitem(last=False)
    return engine


def _size(samples: Any, layout: Layout) -> int:
    try:
        return len(samples)
    except TypeError:
        raise TypeError(f"{layout.name} is {type(samples).__name__} {samples!r:.40}, not a list of samples") from None


def _checked_order(order: Sequence[int], n: int) -> Sequence[int]:
    """The order, as a list; ValueError unless it has every sample once."""
    listed = [*order]
    if sorted(listed) != list(range(n)):
        raise ValueError(f"order gives {listed!r:.40}, which is not every one of the {n} samples once")
    return listed


def _whole(n: int | None, otherwise: int) -> int:
    """`n`, or something else for None; ValueError unless it is a whole number above 0."""
    if n is None:
        return otherwise
    if type(n) is not int or n < 1:
        raise ValueError(f"epochs and batch_size are whole numbers above 0, not {n!r}")
    return n
