"""Optimisers: what to do with the gradients, so that the loss goes down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from ..gate import to_float
from ..given import listed, wrong
from ..value import Value
from .choices import chosen
from .schedules import Schedule, constant_rate


class Optimiser:
    """Changes parameters by their gradients, one step at a time; the base of `SGD`, `RMSProp` and `Adam`.

    parameters: a list of P values without repetition.
    learning_rate: a number above 0, or a schedule, a function of the number of steps taken so far.
    weight_decay: weight_decay times the parameter is added to its gradient; 0 or more.

    A subclass defines `change`, which returns what to subtract from one parameter.
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float | Schedule, weight_decay: float = 0.0):
        self.parameters = _parameters(parameters)
        self.schedule = learning_rate if callable(learning_rate) else constant_rate(learning_rate)
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        self.steps = 0
        self._memory: list[dict[str, float]] = [{} for _ in self.parameters]

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.schedule(self.steps)

    @property
    def in_machine_code(self) -> MachineCode | None:
        """How machine code does what `change` says; None where it cannot."""
        return None

    def numbers_of(self, step: int) -> tuple[float, ...]:
        """What is the same for all parameters in a step, of its number from 0: first the rate."""
        return (self.schedule(step),)

    def change(self, gradient: float, memory: dict[str, float], rate: float) -> float:
        """What to subtract from a parameter with this gradient.

        memory: what the optimiser remembers about this parameter: a dict, empty at first, to be changed in place.
        rate: the learning rate of this step.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how it changes a parameter")

    def step(self) -> None:
        """Changes every parameter by the gradient that it holds now."""
        rate, decay = self.learning_rate, self.weight_decay
        self.steps += 1
        moved = [
            p._data - self.change(p._grad + decay * p._data if decay else p._grad, memory, rate)
            for p, memory in zip(self.parameters, self._memory)
        ]
        for p, data in zip(self.parameters, moved):
            p.data = data

    def remembered(self) -> dict[str, Any]:
        """All that it remembers of its steps, to be recalled if the next one is not to count."""
        return vars(self) | {"_memory": [memory.copy() for memory in self._memory]}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Forgets what has happened since it remembered this."""
        vars(self).update(remembered)

    def memory_of(self, names: Iterable[str]) -> list[list[float]]:
        """For each name what it remembers of every parameter by this name."""
        return [[memory.get(name, 0.0) for memory in self._memory] for name in names]

    def follow(self, memory: Mapping[str, list[float]]) -> None:
        """Remembers of every parameter what is given for each name, after steps that were taken elsewhere."""
        for name, numbers in memory.items():
            for own, x in zip(self._memory, numbers):
                own[name] = x

    def zero_grad(self) -> None:
        """Sets the gradient of every parameter to 0."""
        for p in self.parameters:
            p._grad = 0.0


class MachineCode(NamedTuple):
    """An optimiser as machine code runs it.

    rule: a name among `compiled.descent.RULES`.
    names: of what it remembers of each parameter.
    constants: the numbers that stay.
    """

    rule: str
    names: tuple[str, ...]
    constants: tuple[float, ...]


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

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, learning_rate, weight_decay)
        self.momentum, self.nesterov = _share("momentum", momentum), nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the momentum: give one, such as momentum=0.9")

    def change(self, gradient: float, memory: dict[str, float], rate: float) -> float:
        if not self.momentum:
            return rate * gradient
        velocity = memory["velocity"] = self.momentum * memory.get("velocity", 0.0) + gradient
        return rate * (gradient + self.momentum * velocity if self.nesterov else velocity)

    @property
    def in_machine_code(self) -> MachineCode | None:
        if not self.momentum:
            return MachineCode("plain", (), ())
        return MachineCode("nesterov" if self.nesterov else "momentum", ("velocity",), (self.momentum,))


class RMSProp(Optimiser):
    """Steps that are small where gradients have been large: x -= learning_rate * dx / (sqrt(cache) + epsilon).

    parameters, learning_rate, weight_decay: as of `Optimiser`.
    decay: how much of cache = decay * cache + (1 - decay) * dx ** 2 is kept, from 0 to 1.
    epsilon: a small number that keeps the divisor from being 0.

    Source: Hinton, Coursera lecture 6e; CS231n, Neural Networks Part 3, "Per-parameter adaptive learning rates".
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.01,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, learning_rate, weight_decay)
        self.decay, self.epsilon = _share("decay", decay), at_least_0("epsilon", epsilon)

    def change(self, gradient: float, memory: dict[str, float], rate: float) -> float:
        cache = memory["cache"] = self.decay * memory.get("cache", 0.0) + (1.0 - self.decay) * (gradient * gradient)
        return _quotient(rate * gradient, math.sqrt(cache) + self.epsilon)

    @property
    def in_machine_code(self) -> MachineCode | None:
        return MachineCode("rmsprop", ("cache",), (self.decay, self.epsilon))


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

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        super().__init__(parameters, learning_rate, weight_decay)
        self.beta1, self.beta2 = _share("beta1", beta1), _share("beta2", beta2)
        self.epsilon = at_least_0("epsilon", epsilon)

    def change(self, gradient: float, memory: dict[str, float], rate: float) -> float:
        beta1, beta2, (first, second) = self.beta1, self.beta2, self._corrections
        m = memory["m"] = beta1 * memory.get("m", 0.0) + (1.0 - beta1) * gradient
        v = memory["v"] = beta2 * memory.get("v", 0.0) + (1.0 - beta2) * (gradient * gradient)
        return _quotient(rate * (m / first), math.sqrt(v / second) + self.epsilon)

    def step(self) -> None:
        self._corrections = self.corrections(self.steps)
        super().step()

    def corrections(self, step: int) -> tuple[float, float]:
        """What the means are divided by in a step, of its number from 0, since they began with 0."""
        return 1.0 - self.beta1 ** (step + 1), 1.0 - self.beta2 ** (step + 1)

    @property
    def in_machine_code(self) -> MachineCode | None:
        return MachineCode("adam", ("m", "v"), (self.beta1, self.beta2, self.epsilon))

    def numbers_of(self, step: int) -> tuple[float, ...]:
        return (self.schedule(step), *self.corrections(step))


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


def _quotient(x: float, y: float) -> float:
    return x / y if y else 0.0  # both 0: there was no gradient so far


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
