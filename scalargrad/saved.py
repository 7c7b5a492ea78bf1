"""Graphs travel as JSON files.

A file holds what was recorded and nothing else, so that loading computes nothing:

    {"format": "scalargrad graph", "version": 1,
     "nodes": [{"data": -2.0, "label": "x"},
               {"data": 5.0, "label": "y", "grad": 1.0},
               {"data": 3.0, "gate": "add", "parents": [0, 1], "numbers": [3.0, -2.0, 5.0]},
               {"data": 6.0, "gate": "mul", "parents": [2], "places": [1], "numbers": [6.0, 2.0, 3.0]}],
     "roots": [3], "list": false}

nodes: every node, parents first.  Without a gate it is a leaf, or with `"constant": true` a constant.
parents: which earlier nodes are the gate's inputs; `places`: at which places, where plain numbers stand at others.
numbers: the output and all inputs of the forward pass.
data, grad, label: as they are now; grad 0.0 and an empty label are left out.
list: whether a list of roots was saved.  Numbers that JSON has no word for are "nan", "inf" and "-inf".
"""

from __future__ import annotations

import copyreg
import importlib
import json
import math
import os
import pickle
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import files
from .composite import Composite, roots_of
from .gate import CONSTANT, Gate
from .given import file_path, listed, wrong
from .graph import topological_order
from .table import GATES
from .text import amount
from .value import Value

FORMAT, VERSION = "scalargrad graph", 1
MAX_FLOAT = sys.float_info.max
GATES_MODULE = Gate.__module__
WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def save_graph(root: Value | Iterable[Value], path: str | os.PathLike[str]) -> Path:
    """Writes a graph to a file as JSON, whole or not at all, and returns the path.

    root: a value, or several in a list.

    Raises ValueError where two gates of the graph have one name, and OSError where the file cannot be written.
    """
    single = isinstance(root, Value)
    roots = roots_of(root)
    order = topological_order(roots)
    _check_names(order)
    index = {node: i for i, node in enumerate(order)}
    nodes = ",\n  ".join(json.dumps(_to_json(node, index), allow_nan=False) for node in order)
    head = f'"format": "{FORMAT}", "version": {VERSION}'
    tail = f'"roots": {[index[r] for r in roots]}, "list": {"false" if single else "true"}'
    return files.write(path, f'{{{head},\n "nodes": [\n  {nodes}],\n {tail}}}\n'.encode())


def load_graph(path: str | os.PathLike[str], gates: Iterable[Gate] = ()) -> Any:
    """Reads the value, or the list of values, that `save_graph` wrote; nothing is computed again.

    gates: the gates of your own that the graph may use.

    Raises ValueError, naming the file and the place in it, for anything that `save_graph` did not write.
    """
    file, known = file_path(path), GATES | gates_by_name(gates)
    try:
        content = json.loads(file.read_text(encoding="utf-8"), parse_int=_whole, object_pairs_hook=each_once)
        return _Reader(content, known).roots()
    except (ValueError, RecursionError) as error:  # JSON's and Unicode's complaints are ValueErrors too
        raise ValueError(f"{file}: not a saved graph: {error}") from None


def gates_by_name(gates: Iterable[Gate]) -> dict[str, Gate]:
    """{name: gate} of the gates that a file may need; TypeError for what is no gate."""
    named = listed(gates, "gates is a list of the gates of your own that the file may use, as in [swish]")
    for gate in named:
        if not isinstance(gate, Gate):
            raise wrong("gates are gates of your own, as @gate makes them", gate)
    return {gate.name: gate for gate in named}


def _check_names(order: list[Value]) -> None:
    """ValueError for a gate that could not be found again by its name."""
    known: dict[str, Gate] = dict(GATES)
    for node in order:
        gate = node.gate
        if gate and known.setdefault(gate.name, gate) is not gate:
            raise ValueError(f"two gates have the name {gate.name!r}: a file knows gates by name, so give each its own")


def _to_json(node: Value, index: dict[Value, int]) -> dict[str, Any]:
    record: dict[str, Any] = {"data": _word(node.data)}
    if node.label:
        record["label"] = node.label
    if repr(node.grad) not in ("0.0", "0"):  # -0.0 is another number
        record["grad"] = _word(node.grad)
    if node.form is CONSTANT:
        record["constant"] = True
    if node.gate:
        record |= {"gate": node.gate.name, "parents": [index[parent] for parent in node.parents]}
        if node.form.moving is not None:
            record["places"] = node.form.moving
        record["numbers"] = [_word(x) for x in node.numbers]
    return record


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the file as a dict; ValueError if one of its names is there twice."""
    table = dict(pairs)
    for name in table if len(table) < len(pairs) else ():
        if [key for key, _ in pairs].count(name) > 1:
            raise ValueError(f"{name:.40} is there twice")
    return table


def _whole(digits: str) -> int | str:
    """A whole number; one of more digits than any float has stays text, which is then refused at its place."""
    return int(digits) if len(digits) <= 400 else digits


def _word(x: float) -> float | str:
    return x if math.isfinite(x) else repr(x)


class _Reader:
    """A parsed file, read with a complaint for whatever is not as it should be."""

    def __init__(self, file: Any, gates: dict[str, Gate]):
        self.gates = gates
        self.file = self._is(file, dict, "the file")
        if file.get("format") != FORMAT:
            raise ValueError(f'format is {file.get("format")!r:.40}, not "{FORMAT}"')
        version = file.get("version")
        if type(version) is not int or version != VERSION:
            raise ValueError(f"version {version!r:.40} is not {VERSION}: it needs another scalargrad")
        self._known(file, {"format", "version", "nodes", "roots", "list"}, "")

    def roots(self) -> Any:
        nodes: list[Value] = []
        for i, record in enumerate(self._is(self.file.get("nodes"), list, "nodes")):
            nodes.append(self._node(self._is(record, dict, f"nodes[{i}]"), nodes, f"nodes[{i}]"))
        wanted = self._is(self.file.get("roots"), list, "roots")
        roots = [nodes[self._index(r, len(nodes), f"roots[{i}]")] for i, r in enumerate(wanted)]
        several = self._is(self.file.get("list", False), bool, "list")
        if not several and len(roots) != 1:
            raise ValueError(f"roots is a list of {len(roots)}; without a list there is one")
        return roots if several else roots[0]

    def _node(self, record: dict[str, Any], nodes: list[Value], place: str) -> Value:
        self._known(record, {"data", "label", "grad", "constant", "gate", "parents", "places", "numbers"}, f"{place}.")
        label = self._is(record.get("label", ""), str, f"{place}.label")
        data, grad = (self._number(record.get(key, 0.0), f"{place}.{key}") for key in ("data", "grad"))
        if "data" not in record:
            raise ValueError(f"{place}.data is missing")
        node = Value(data, label, grad)
        if self._is(record.get("constant", False), bool, f"{place}.constant"):
            node.form = CONSTANT
        if "gate" in record:
            if "constant" in record:
                raise ValueError(f"{place}.constant: the output of a gate is no constant")
            self._connect(node, record, nodes, place)
        elif record.keys() & {"parents", "places", "numbers"}:
            raise ValueError(f"{place}.gate is missing")
        return node

    def _connect(self, node: Value, record: dict[str, Any], nodes: list[Value], place: str) -> None:
        name = self._is(record["gate"], str, f"{place}.gate")
        if name not in self.gates:
            raise ValueError(f"{place}.gate: there is no gate {name!r:.40}; pass your own as gates=[...]")
        gate = self.gates[name]
        parents = self._is(record.get("parents"), list, f"{place}.parents")
        known = len(nodes)
        values = tuple([nodes[self._index(p, known, f"{place}.parents")] for p in parents])
        words = self._is(record.get("numbers"), list, f"{place}.numbers")
        numbers = tuple([self._number(x, f"{place}.numbers", i) for i, x in enumerate(words)])
        inputs = len(numbers) - 1
        if inputs < 1 or gate.arity not in (None, inputs):
            takes = amount(gate.arity, "input") if gate.arity else "some inputs"
            raise ValueError(f"{place}.numbers is a list of {len(numbers)}; {name} takes {takes}")
        places = self._places(record.get("places"), len(parents), inputs, f"{place}.places")
        if not callable(gate.rule) and (places or (inputs - 1,))[-1] >= len(gate.rule):
            raise ValueError(f"{place}.places: the last input of {name} is always a plain number")
        node.connect(gate.form(places), values, numbers)

    def _places(self, places: Any, parents: int, inputs: int, place: str) -> tuple[int, ...] | None:
        if places is None:
            if parents != inputs:
                raise ValueError(
                    f"{place} is missing: the gate has {amount(inputs, 'input')} and {amount(parents, 'parent')}"
                )
            return None
        listed = [self._index(p, inputs, place) for p in self._is(places, list, place)]
        if listed != sorted(set(listed)) or not 0 < len(listed) == parents < inputs:
            raise ValueError(f"{place} does not say where the parents ({parents}) go among the inputs ({inputs})")
        return tuple(listed)

    def _known(self, record: dict[str, Any], keys: set[str], place: str) -> None:
        unknown = record.keys() - keys
        if unknown:
            raise ValueError(f"{place}{min(unknown):.40} is not known")

    def _index(self, x: Any, count: int, place: str) -> int:
        if type(x) is not int or not 0 <= x < count:
            raise ValueError(f"{place}: {x!r:.40} is no index below {count}")
        return x

    def _number(self, x: Any, place: str, i: int | None = None) -> float:
        if isinstance(x, str) and x in WORDS:
            return WORDS[x]
        if type(x) not in (int, float) or not -MAX_FLOAT <= x <= MAX_FLOAT:
            raise ValueError(f"{place}{'' if i is None else f'[{i}]'}: {x!r:.40} is not a number such as 1.0")
        return float(x)

    def _is(self, x: Any, kind: type, place: str) -> Any:
        if type(x) is not kind:
            raise ValueError(f"{place} is {type(x).__name__ if x is not None else 'missing'}, not {kind.__name__}")
        return x


# ---- gates are pickled by name ----


def _gate(module: str, name: str) -> Any:
    return GATES[name] if module == GATES_MODULE else getattr(importlib.import_module(module), name)


def _reduced_gate(gate: Gate) -> tuple[Any, ...]:
    if GATES.get(gate.name) is gate:
        return _gate, (GATES_MODULE, gate.name)
    for module in list(sys.modules.values()):
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is gate and not name.startswith("_"):  # `_` is whatever a console showed last
                return _gate, (module.__name__, name)
    raise pickle.PicklingError(f"the gate {gate.name} can be pickled only where it is a variable of a module")


for kind in (Gate, Composite):
    copyreg.pickle(kind, _reduced_gate)
