"""Activations: what a neuron does with w1 x1 + w2 x2 + ... + b."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ..functions import elu, leaky_relu, relu, sigmoid, softplus, tanh
from ..value import Value
from .choices import chosen

MAXOUT = "maxout"  # not a function of one number: the largest of the k linear pieces of a neuron

ActivationName = Literal["linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "maxout"] | str


class Activation(NamedTuple):
    """An activation as a neuron keeps it.

    name: what pictures, summaries and saved models call it.
    function: takes a `Value`, or a float.
    method: the same for a `Value` alone, and faster; a neuron calls it for every sample.
    """

    name: str
    function: Callable[[Any], Any]
    method: Callable[[Any], Any]


def linear(x: Any) -> Any:
    """x itself: no activation, as in the last layer of a network."""
    return x


ACTIVATIONS = {
    "linear": Activation("linear", linear, linear),
    "sigmoid": Activation("sigmoid", sigmoid, Value.sigmoid),
    "tanh": Activation("tanh", tanh, Value.tanh),
    "relu": Activation("relu", relu, Value.relu),
    "leaky_relu": Activation("leaky_relu", leaky_relu, Value.leaky_relu),
    "elu": Activation("elu", elu, Value.elu),
    "softplus": Activation("softplus", softplus, Value.softplus),
}


def activation_of(choice: Any) -> Activation:
    """The activation that `choice` stands for.

    choice: a name in ACTIVATIONS, or a gate or function of one number, such as `scalargrad.tanh` or a gate of your own.

    Raises ValueError for an unknown name, TypeError for what is neither name nor function.

    >>> activation_of("tanh").function is activation_of(tanh).function
    True
    """
    found = chosen(
        *("an activation", choice, {**ACTIVATIONS, MAXOUT: None}, "a gate"),
        is_own=lambda own: isinstance(own, Activation) or callable(own),
    )
    if found is None:
        raise ValueError("maxout is of several linear pieces: take nn.Maxout(n_inputs, pieces), a Layer or an MLP")
    if isinstance(found, Activation):
        return found
    name = str(getattr(choice, "name", "") or getattr(choice, "__name__", "custom"))
    known = ACTIVATIONS.get(name)
    return known if known and known.function is choice else Activation(name, choice, choice)
