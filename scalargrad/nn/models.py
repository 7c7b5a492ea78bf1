"""Models travel, as JSON files: the architecture, and every parameter by its name.

    {"format": "scalargrad model", "version": 1, "kind": "MLP", "n_inputs": 2, "widths": [3, 1],
     "activation": "relu", "pieces": 1,
     "parameters": {"W1[0][0]": 0.25, "W1[1][0]": -0.5, "b1[0]": 0.0, ...}}

kind: MLP or TwoLayerNet; pieces: of maxout, else 1.  Numbers that JSON has no word for are "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import files
from ..gate import Gate
from ..given import file_path
from ..saved import MAX_FLOAT, WORDS, each_once, gates_by_name
from ..text import amount
from .activations import ACTIVATIONS, MAXOUT
from .mlp import MLP
from .two_layer_net import TwoLayerNet

FORMAT, VERSION = "scalargrad model", 1
KEYS = {"format", "version", "kind", "n_inputs", "widths", "activation", "pieces", "parameters"}


def save(model: MLP, path: str | os.PathLike[str]) -> Path:
    """The path, after writing the model there as JSON, whole or not at all; `load` gives it back, to the last bit.

    model: an `MLP` or a `TwoLayerNet`.

    Raises TypeError for other models, and ValueError for an activation that is a function without a gate, and so has
    no name, and for layers with activations that `MLP(...)` would not give them.
    """
    if type(model) not in (MLP, TwoLayerNet):
        raise TypeError(f"an MLP or a TwoLayerNet can be saved, not a {type(model).__name__}")
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in _architecture(model).items()]
    rows = [f"{json.dumps(name)}: {json.dumps(_word(p.data))}" for name, p in model.named_parameters().items()]
    text = "{" + ", ".join(lines) + ',\n "parameters": {\n  ' + ",\n  ".join(rows) + "}}\n"
    return files.write(path, text.encode())


def _architecture(model: MLP) -> dict[str, Any]:
    """All that a file says of a model, but for its parameters."""
    pieces = max([len(neuron.pieces) for layer in model.layers for neuron in layer.neurons])
    file = {"format": FORMAT, "version": VERSION, "kind": type(model).__name__, "n_inputs": model.n_inputs}
    return file | {"widths": model.widths, "activation": _activation(model), "pieces": pieces}


def _activation(model: MLP) -> str:
    kinds = {neuron.activation for layer in model.layers[:-1] for neuron in layer.neurons}
    last = {neuron.activation.name for neuron in model.layers[-1].neurons}
    if len(kinds) > 1 or last != {"linear"}:
        raise ValueError("only a network with one activation in all hidden layers, and a linear last one, can be saved")
    kind = kinds.pop() if kinds else ACTIVATIONS["linear"]
    if kind.name != MAXOUT and kind != ACTIVATIONS.get(kind.name) and not isinstance(kind.function, Gate):
        raise ValueError(f"the activation {kind.name!r} is a function, and cannot be saved: make it a gate, with @gate")
    return kind.name


def _word(x: float) -> float | str:
    return x if math.isfinite(x) else repr(x)


def load(path: str | os.PathLike[str], gates: Iterable[Gate] = ()) -> Any:
    """The model that was saved there: an `MLP` or a `TwoLayerNet`.

    gates: the gates of your own that it may have as activation.

    Raises ValueError, naming the file and the place in it, for anything that `save` did not write.
    """
    file, known = file_path(path), gates_by_name(gates)
    try:
        return _model(json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=each_once), known)
    except (ValueError, RecursionError) as error:  # JSON's and Unicode's complaints are ValueErrors too
        raise ValueError(f"{file}: not a saved model: {error}") from None


def _model(file: Any, gates: dict[str, Gate]) -> MLP:
    if not isinstance(file, dict) or file.get("format") != FORMAT:
        raise ValueError(f'format is not "{FORMAT}"')
    if type(file.get("version")) is not int or file["version"] != VERSION:
        raise ValueError(f"version {file.get('version')!r:.40} is not {VERSION}: it needs another scalargrad")
    for key in sorted(KEYS ^ file.keys()):
        raise ValueError(f"{key:.40} is {'missing' if key in KEYS else 'not known'}")
    numbers = file["parameters"]
    if not isinstance(numbers, dict):
        raise ValueError("parameters is not a table of numbers by name")
    model = _untrained(file, gates, len(numbers))
    for key, written in _architecture(model).items():
        if file[key] != written:
            raise ValueError(f"{key}: {file[key]!r:.40}, where {written!r} is written for this architecture")
    named = model.named_parameters()
    for name in sorted(named.keys() ^ numbers.keys()):
        raise ValueError(f"parameters.{name:.40} is {'missing' if name in named else 'not known'}")
    for name, p in named.items():
        p.data = _float(numbers[name], f"parameters.{name}")
    return model


def _untrained(file: dict[str, Any], gates: dict[str, Gate], parameters: int) -> MLP:
    """The network of the architecture in the file, if it has so many parameters."""
    n_inputs, pieces = (_count(file[key], key) for key in ("n_inputs", "pieces"))
    widths, name, kind = file["widths"], file["activation"], file["kind"]
    if not isinstance(widths, list) or not widths:
        raise ValueError("widths is not a list of numbers")
    sizes = [n_inputs, *[_count(width, f"widths[{i}]") for i, width in enumerate(widths)]]
    if not isinstance(name, str) or name not in {*ACTIVATIONS, MAXOUT, *gates}:
        raise ValueError(f"activation: there is no {name!r:.40}; pass gates of your own as gates=[...]")
    counts = [(n + 1) * m for n, m in zip(sizes, sizes[1:])]
    expected = sum(counts[:-1]) * (pieces if name == MAXOUT else 1) + counts[-1]
    if expected != parameters:
        raise ValueError(f"parameters has {amount(parameters, 'number')}; this architecture has {expected}")
    if kind == "MLP":
        return MLP(n_inputs, widths, gates.get(name, name), start="zero", pieces=pieces)
    if kind != "TwoLayerNet" or len(widths) != 2 or widths[1] < 2 or name != "relu":
        raise ValueError(f"kind: {kind!r:.40} is no MLP, and no TwoLayerNet of this architecture")
    return TwoLayerNet(n_inputs, widths[0], widths[1], seed=0)


def _count(x: Any, place: str) -> int:
    if type(x) is not int or x < 1:
        raise ValueError(f"{place}: {x!r:.40} is no whole number above 0")
    return x


def _float(x: Any, place: str) -> float:
    if isinstance(x, str) and x in WORDS:
        return WORDS[x]
    if type(x) not in (int, float) or not -MAX_FLOAT <= x <= MAX_FLOAT:
        raise ValueError(f"{place}: {x!r:.40} is not a number such as 1.0")
    return float(x)
