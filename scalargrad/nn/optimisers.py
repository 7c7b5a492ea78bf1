"""Optimisers: what to do with the gradients, so that the loss goes down."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, Never

from ..gate import to_float
from ..given import listed, wrong
from ..value import Value
from .choices import chosen, refuse_misspelt
from .schedules import Schedule, constant_rate


class Optimiser:
    """Changes parameters by their gradients, one step at a time; the base of `SGD`, `RMSProp` and `Adam`.

    parameters: a list of P values without repetition.
    learning_rate: a number above 0, or a schedule, a function of the number of steps taken so far.
    weight_decay: weight_decay times the parameter is added to its gradient; 0 or more.

    A subclass defines `change`, which returns what to subtract from the parameters.  The formulas of this package are
    written there once, for floats and for machine code's registers.
    """

    settings: tuple[str, ...] = ()  # what its arguments after the learning rate are called

    def __init__(self, parameters: Iterable[Value], learning_rate: float | Schedule, weight_decay: float = 0.0):
        self.parameters = _parameters(parameters)
        self.schedule = learning_rate if callable(learning_rate) else constant_rate(learning_rate)
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        self.steps = 0
        self._memory = Memory(len(self.parameters))

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.schedule(self.steps)

    @property
    def remembers(self) -> tuple[str, ...]:
        """The names in its memory."""
        return ()

    @property
    def rule(self) -> Rule:
        """What it does with one parameter, for machine code."""
        return Rule(type(self), tuple([getattr(self, name) for name in self.settings]))

    def numbers_of(self, step: int) -> tuple[float, ...]:
        """What `change` is told of a step, of its number from 0: first the rate."""
        return (self.schedule(step),)

    def change(self, gradients: list[Any], memory: dict[str, list[Any]], rate: Any) -> list[Any]:
        """What to subtract from each parameter.

        gradients: one for each parameter, as is what is returned.
        memory: what the optimiser remembers of the parameters: under each name a list of one number for each, zeros
            at first, in whose place a new one is put.
        rate: the learning rate of this step.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how it changes a parameter")

    def step(self) -> None:
        """Changes every parameter by the gradient that it holds now."""
        numbers, decay = self.numbers_of(self.steps), self.weight_decay
        self.steps += 1
        gradients = [p._grad + decay * p._data if decay else p._grad for p in self.parameters]
        changes = self.change(gradients, self._memory, *numbers)
        moved = [p._data - change for p, change in zip(self.parameters, changes, strict=True)]
        for p, data in zip(self.parameters, moved):
            p.data = data

    def remembered(self) -> dict[str, Any]:
        """All that it remembers of its steps, to be recalled if the next one is not to count."""
        return vars(self) | {"_memory": copy.copy(self._memory)}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Forgets what has happened since it remembered this."""
        vars(self).update(remembered)

    @property
    def memory(self) -> list[list[float]]:
        """What it remembers of every parameter, a list for each name."""
        return [self._memory[name] for name in self.remembers]

    def follow(self, memory: Iterable[list[float]]) -> None:
        """Remembers this instead, after steps that were taken elsewhere."""
        self._memory.update(zip(self.remembers, memory))

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0."""
        for p in self.parameters:
            p._grad = 0.0


class Memory(dict[str, list[Any]]):
    """What an optimiser remembers: under each name a list of one number for each parameter, zeros at first."""

    def __init__(self, parameters: int):
        self.parameters = parameters

    def __missing__(self, name: str) -> list[Any]:
        return [0.0] * self.parameters


class Rule(NamedTuple):
    """How an optimiser moves one parameter, on any kind of number, machine code's registers too.

    kind, constants: which optimiser, and its arguments after the learning rate.
    """

    kind: Callable[..., Optimiser]
    constants: tuple[float, ...]

    @property
    def sizes(self) -> tuple[int, int]:
        """How many numbers are remembered of a parameter, and how many `change` is told of a step."""
        optimiser = self._optimiser()
        return len(optimiser.remembers), len(optimiser.numbers_of(0))

    def move(self, p: Any, gradient: Any, memory: Sequence[Any], step: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The parameter after a step, and what is remembered then."""
        optimiser = self._optimiser()
        remembered = {name: [x] for name, x in zip(optimiser.remembers, memory)}
        decayed = gradient + optimiser.weight_decay * p if optimiser.weight_decay else gradient
        (change,) = optimiser.change([decayed], remembered, *step)
        return p - change, [remembered[name][0] for name in optimiser.remembers]

    def _optimiser(self) -> Optimiser:
        return self.kind([Value(0.0)], 1.0, *self.constants)


class SGD(Optimiser):
    """Gradient descent: x -= learning_rate * dx, or with momentum v = momentum * v + dx; x -= learning_rate * v.

    parameters, learning_rate, weight_decay: as of `Optimiser`.
    momentum: how much of the velocity v is kept, from 0 to 1; 0.9 is usual.
    nesterov: looks ahead: x -= learning_rate * (dx + momentum * v).

    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> SGD([x], learning_rate=0.1).step()
    >>> round(x.data, 9)
    2.4

    Source: CS231n, Neural Networks Part 3, "SGD and bells and whistles"; the form of torch.optim.SGD.
    """

    settings = ("momentum", "nesterov", "weight_decay")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        **misspelt: Never,
    ):
        refuse_misspelt(type(self).__name__, misspelt)
        super().__init__(parameters, learning_rate, weight_decay)
        self.momentum, self.nesterov = _share("momentum", momentum), nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the momentum: give one, such as momentum=0.9")

    @property
    def remembers(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def change(self, gradients: list[Any], memory: dict[str, list[Any]], rate: Any) -> list[Any]:
        momentum = self.momentum
        if not momentum:
            return [rate * dx for dx in gradients]
        velocity = memory["velocity"] = [momentum * v + dx for v, dx in zip(memory["velocity"], gradients)]
        if not self.nesterov:
            return [rate * v for v in velocity]
        return [rate * (dx + momentum * v) for dx, v in zip(gradients, velocity)]


class RMSProp(Optimiser):
    """Steps that are small where gradients have been large: x -= learning_rate * dx / (sqrt(cache) + epsilon).

    parameters, learning_rate, weight_decay: as of `Optimiser`.
    decay: how much of cache = decay * cache + (1 - decay) * dx ** 2 is kept, from 0 to 1.
    epsilon: a small number that keeps the divisor from being 0.

    Source: Hinton, Coursera lecture 6e; CS231n, Neural Networks Part 3, "Per-parameter adaptive learning rates".
    """

    settings, remembers = ("decay", "epsilon", "weight_decay"), ("cache",)

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.01,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        **misspelt: Never,
    ):
        refuse_misspelt(type(self).__name__, misspelt)
        super().__init__(parameters, learning_rate, weight_decay)
        self.decay, self.epsilon = _share("decay", decay), at_least_0("epsilon", epsilon)

    def change(self, gradients: list[Any], memory: dict[str, list[Any]], rate: Any) -> list[Any]:
        decay, epsilon = self.decay, self.epsilon
        cache = memory["cache"] = [decay * c + (1.0 - decay) * (dx * dx) for c, dx in zip(memory["cache"], gradients)]
        return [_over_root(rate * dx, c, epsilon) for dx, c in zip(gradients, cache)]


class Adam(Optimiser):
    """RMSProp with momentum, both corrected for their start at 0; a good default.

    parameters, learning_rate, weight_decay: as of `Optimiser`.
    beta1: how much of the mean gradient m = beta1 * m + (1 - beta1) * dx is kept, from 0 to 1.
    beta2: how much of the mean square v = beta2 * v + (1 - beta2) * dx ** 2 is kept, from 0 to 1.
    epsilon: a small number that keeps the divisor from being 0.

    At step t, with mt = m / (1 - beta1 ** t) and vt = v / (1 - beta2 ** t):
    x -= learning_rate * mt / (sqrt(vt) + epsilon).

    Source: Kingma and Ba, 2015; CS231n, Neural Networks Part 3, "Adam".
    """

    settings, remembers = ("beta1", "beta2", "epsilon", "weight_decay"), ("m", "v")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        **misspelt: Never,
    ):
        refuse_misspelt(type(self).__name__, misspelt)
        super().__init__(parameters, learning_rate, weight_decay)
        self.beta1, self.beta2 = _share("beta1", beta1), _share("beta2", beta2)
        self.epsilon = at_least_0("epsilon", epsilon)

    def numbers_of(self, step: int) -> tuple[float, ...]:
        """The rate, and what m and v are divided by, since they began with 0."""
        return (self.schedule(step), 1.0 - self.beta1 ** (step + 1), 1.0 - self.beta2 ** (step + 1))

    def change(  # type: ignore[override]
        self, gradients: list[Any], memory: dict[str, list[Any]], rate: Any, first: Any, second: Any
    ) -> list[Any]:
        beta1, beta2, epsilon = self.beta1, self.beta2, self.epsilon
        m = memory["m"] = [beta1 * m + (1.0 - beta1) * dx for m, dx in zip(memory["m"], gradients)]
        v = memory["v"] = [beta2 * v + (1.0 - beta2) * (dx * dx) for v, dx in zip(memory["v"], gradients)]
        return [_over_root(rate * (m / first), v / second, epsilon) for m, v in zip(m, v)]


OptimiserName = Literal["sgd", "rmsprop", "adam"] | str
OPTIMISERS: dict[str, Callable[..., Optimiser]] = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam}


def optimiser_of(choice: Any, parameters: list[Value], learning_rate: float | Schedule | None) -> Optimiser:
    """The optimiser that `choice` stands for: itself, or a new one by its name in OPTIMISERS.

    Raises ValueError for an unknown name, for a learning rate beside an optimiser, which has its own, and
    for an optimiser that moves none of these parameters; TypeError for what is neither name nor optimiser.
    """
    found = chosen(*("an optimizer", choice, OPTIMISERS, "an Optimiser"), is_own=lambda own: isinstance(own, Optimiser))
    if not isinstance(found, Optimiser):
        made: Optimiser = found(parameters) if learning_rate is None else found(parameters, learning_rate)
        return made
    if learning_rate is not None:
        raise ValueError("the optimizer has its learning rate already: leave learning_rate out")
    if set(parameters).isdisjoint(found.parameters):
        raise ValueError("the optimizer moves none of the parameters of this model")
    return found


def _over_root(x: Any, square: Any, epsilon: float) -> Any:
    """x / (sqrt(square) + epsilon); 0 where that would be 0 / 0, since there was no gradient so far."""
    if type(x) is float:
        root = math.sqrt(square) + epsilon
        return x / root if root else 0.0
    ir = x.ir  # a register
    root = ir.sqrt(square) + epsilon
    return ir.where(root == 0.0, 0.0, x / root)


def _parameters(parameters: Iterable[Value]) -> list[Value]:
    expected = "an optimizer takes a list of Values, such as model.parameters()"
    moved = listed(parameters, expected)
    for p in moved:
        if not isinstance(p, Value):
            raise wrong(expected, p)
    if not moved:
        raise ValueError("an optimizer needs parameters: the list is empty")
    if len(set(moved)) < len(moved):
        raise ValueError("a parameter is in the list more than once")
    return moved


def at_least_0(name: str, x: float) -> float:
    """`x` as a float; ValueError, naming it, unless it is finite and at least 0."""
    if not 0.0 <= to_float(x) < math.inf:
        raise ValueError(f"{name}={x!r}: it must be finite and not below 0")
    return float(x)


def _share(name: str, x: float) -> float:
    if not 0.0 <= to_float(x) < 1.0:
        raise ValueError(f"{name}={x!r}: it must be at least 0 and below 1")
    return float(x)
