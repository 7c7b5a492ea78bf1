"""A network as the lecture draws it: columns of neurons, and a wire for every weight; one box per layer if it is large.

Every column but the last ends in a unit that is always 1, whose wires are the biases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..gate import to_float
from ..text import number_text, width
from ..value import Value
from ..views.dot import STYLES, WRITTEN_OUT, as_it_is, blank, escape, escape_record
from ..views.draw import Drawing
from ..views.names import clean
from ..views.phrases import known, say, shortened
from .mlp import MLP
from .module import Module
from .neurons import Layer, Maxout, Neuron, checked_inputs

if TYPE_CHECKING:
    import graphviz

MAX_PARAMETERS = 1_000  # a network of more is drawn as one box per layer
MAX_COLUMN = 16  # neurons: a longer column is folded
FIRST_SHOWN = 9  # of a folded column, besides the last
MAX_STACKED = 6  # a longer column has name, output and gradient side by side
MAX_NUMBERED = 12  # more wires between two columns bear no numbers
POSITIVE, NEGATIVE, NEITHER = "#1f5fa8", "#b45309", "#6b7d95"
THINNEST, THICKEST = 0.4, 4.0
DIGITS = 3


def draw_network(
    model: Module, x: Iterable[Any] | None = None, engine: str | None = None, lang: str | None = None
) -> Drawing:
    """A network as columns of neurons, with a wire for every weight, as the lecture draws it.

    Wires show the sign of their weight (blue, or orange and dashed) and its size, small networks its number too.
    Outputs are green.  Gradients are red: those that the parameters hold, a dash before `backward()`; what stands at a
    neuron is that of its bias, and so of its weighted sum.  Point at a wire for its weight and gradient.
    Of a column of more than 16 the first 9 and the last are shown; a network of more than 1,000 parameters is one box
    per layer, with the range of its outputs and its largest gradient.

    model: an `MLP`, a `Layer`, a `Neuron` or a `Maxout`; TypeError for anything else.
    x: n_inputs numbers or values, for which outputs are shown; ValueError for another count.
    engine, lang: as of `draw`.

    Parameters have the names of `named_parameters()`, neurons those of `layer_health`.

    `draw(model)` draws the same without outputs.

    >>> draw_network(MLP(2, [3, 1], seed=1))
    <Drawing of 2 -> 3 relu -> 1 linear, 13 parameters; .save('network.svg') writes it>
    """
    net = _Network(model, x, known(lang))
    source, titles = _layers(net) if len(net.names) > MAX_PARAMETERS else _columns(net)
    layers = "".join([f" -> {len(layer)} {_activation(layer[0])}" for layer in net.layers])
    summary = f"{net.n_inputs}{layers}, {len(net.names)} parameters"
    told = net.title(), net.description(), net.lang
    return Drawing(source, titles, engine, summary, *told, kind="network")


class _Unit(NamedTuple):
    """An input or a neuron: its name, the numbers that stand there, and what is said when one points at it."""

    name: str
    numbers: tuple[str, ...]
    title: str


class _Network:
    """What there is to draw: `layers` are lists of neurons, `columns` lists of units, the inputs first."""

    def __init__(self, model: Any, x: Iterable[Any] | None, lang: str):
        self.lang = lang
        self.layers = _neurons(model)
        self.n_inputs: int = self.layers[0][0].n_inputs
        self.names: dict[Value, str] = {p: name for name, p in model.named_parameters().items()}
        if not all(isinstance(p, Value) for p in self.names):
            raise TypeError("a frozen copy has plain numbers for parameters: draw the model that it was made from")
        self.graded = any(p.grad != 0.0 for p in self.names)
        given = None if x is None else checked_inputs(x, self.n_inputs, "this network")
        self.outputs = _outputs(self.layers, given)
        self.columns = [[self._input(i, given[i] if given else None) for i in range(self.n_inputs)]]
        self.columns += [[self._neuron(i, j) for j in range(len(layer))] for i, layer in enumerate(self.layers)]

    def say(self, phrase: str, **parts: object) -> str:
        return say(phrase, self.lang, **parts)

    def grad(self, p: Value) -> str:
        return number_text(p.grad, DIGITS) if self.graded else "-"

    def heading(self, i: int) -> str:
        """What stands above a column: `2 inputs`, or `layer 1: 3 tanh`."""
        if i == 0:
            return self.say("network inputs", count=self.n_inputs)
        layer = self.layers[i - 1]
        return self.say("network layer", number=i, count=len(layer), activation=_activation(layer[0]))

    def title(self) -> str:
        return self.say("network", parameters=self.say("network parameters", count=f"{len(self.names):,}"))

    def description(self) -> str:
        """For those who do not see it: the columns, the outputs and, after `backward()`, the largest gradient."""
        columns = self.listed([self.heading(i) for i in range(len(self.columns))])
        sentences = [self.say("network columns", columns=columns)]
        if self.outputs:
            outputs = [f"{unit.name} = {unit.numbers[0]}" for unit in self.columns[-1]]
            sentences.append(self.say("network forward", outputs=self.listed(outputs)))
        if self.graded:
            largest = max(self.names, key=lambda p: abs(p.grad))
            sentences.append(self.say("network backward", name=self.names[largest], grad=self.grad(largest)))
        return self.say("between sentences").join(sentences)

    def listed(self, texts: list[str]) -> str:
        return self.say("between changes").join(shortened(texts, self.lang))

    def weights_into(self, i: int) -> Iterator[tuple[int, int, Value]]:
        """(place in column i, neuron of layer i, weight); the bias comes from the place after the last."""
        for j, neuron in enumerate(self.layers[i]):
            for piece in neuron.pieces:
                yield from ((k, j, p) for k, p in enumerate([*piece.w, piece.b]))

    def _input(self, i: int, given: Any) -> _Unit:
        label = clean(given.label) if isinstance(given, Value) else ""
        name = label or f"x[{i}]"
        if given is None:
            return _Unit(name, (), name)
        data = number_text(self.outputs[0][i], DIGITS)
        if not isinstance(given, Value):
            return _Unit(name, (data,), f"{name} = {data}")
        grad = number_text(given.grad, DIGITS) if self.graded else "-"
        return _Unit(name, (data, grad), self.say("network weight", name=name, data=data, grad=grad))

    def _neuron(self, i: int, j: int) -> _Unit:
        layer, neuron = self.layers[i], self.layers[i][j]
        letter = "s" if i == len(self.layers) - 1 else f"h{i + 1}"
        name = letter if letter == "s" and len(layer) == 1 else f"{letter}[{j}]"
        output = number_text(self.outputs[i + 1][j], DIGITS) if self.outputs else "-"
        biases = [piece.b for piece in neuron.pieces]
        grads = [f"dL/d{self.names[b]} = {self.grad(b)}" for b in biases]
        title = self.say("network neuron", name=name, output=output, activation=_activation(neuron))
        return _Unit(name, (output, ", ".join(map(self.grad, biases))), self.say("comma").join([title, *grads]))


def _activation(neuron: Any) -> str:
    return clean(neuron.activation.name)


def _neurons(model: Any) -> list[list[Any]]:
    """The neurons of each layer."""
    if isinstance(model, (Neuron, Maxout)):
        return [[model]]
    if not isinstance(model, (MLP, Layer)):
        raise TypeError(
            "an MLP, a Layer, a Neuron or a Maxout can be drawn as a network, "
            f"not {type(model).__name__} {model!r:.40}; draw(y) draws the circuit of any value y"
        )
    layers = [layer.neurons for layer in (model.layers if isinstance(model, MLP) else [model])]
    for i, (layer, following) in enumerate(zip(layers, layers[1:]), 1):
        if following[0].n_inputs != len(layer):
            raise ValueError(f"layer {i} has {len(layer)} outputs, layer {i + 1} takes {following[0].n_inputs} inputs")
    return layers


def _outputs(layers: list[list[Any]], given: Sequence[Any] | None) -> list[list[float]]:
    """The numbers of every column, the inputs first; nothing where no inputs are given, and nothing is recorded."""
    if given is None:
        return []
    columns = [[x.data if isinstance(x, Value) else to_float(x) for x in given]]
    for layer in layers:
        columns.append([float(neuron.frozen()(columns[-1])) for neuron in layer])
    return columns


# ---- small networks: columns of neurons ----


def _columns(net: _Network) -> tuple[str, dict[str, str]]:
    """The DOT text, and the titles of its elements by id."""
    shown = [_shown(len(column)) for column in net.columns]
    dense = max(map(len, shown)) > MAX_STACKED
    graph = blank("LR", 0, WRITTEN_OUT._replace(ranksep=1.8 if dense else 0.4))
    graph.attr(splines="line", nodesep="0.12", outputorder="edgesfirst", label=as_it_is(net.say("network key")))
    graph.attr(fontname="Courier", fontsize="10", fontcolor=NEITHER)
    titles: dict[str, str] = {}
    for i, column in enumerate(net.columns):
        _column(graph, net, i, shown[i], titles)
        if i < len(net.layers):
            shown[i].append(len(column))  # the unit that is always 1
    largest = max([abs(p.data) for p in net.names if math.isfinite(p.data)], default=0.0) or 1.0
    wires = 0
    for i in range(len(net.layers)):
        drawn = [(k, j, p) for k, j, p in net.weights_into(i) if k in shown[i] and j in shown[i + 1]]
        for k, j, p in drawn:
            title = net.say("network weight", name=net.names[p], data=number_text(p.data), grad=net.grad(p))
            numbered = len(drawn) <= MAX_NUMBERED
            titles |= dict.fromkeys(_wire(graph, wires, f"u{i}_{k}", f"u{i + 1}_{j}", p.data, largest, numbered), title)
            wires += 1
    return graph.source, titles


def _shown(count: int) -> list[int]:
    """The places of a column that are drawn."""
    return list(range(count)) if count <= MAX_COLUMN else [*range(FIRST_SHOWN), count - 1]


def _column(graph: graphviz.Digraph, net: _Network, i: int, shown: list[int], titles: dict[str, str]) -> None:
    """One column, from its heading down to the unit that is always 1."""
    units, last = net.columns[i], i == len(net.layers)
    kind = "root" if last else "inner" if i else "leaf"
    stacked, boxes = len(units) <= MAX_STACKED, [f"c{i}"]
    wide = "0.5" if stacked else f"{max(map(_row_width, units)):.2f}"
    text = {"shape": "plaintext", "margin": "0.02", "style": "filled", "fillcolor": "white"}
    with graph.subgraph(graph_attr={"rank": "same"}) as column:
        column.node(f"c{i}", as_it_is(escape(net.heading(i))), _attributes=text)
        for k in shown:
            if k and k - 1 not in shown:
                more = net.say("network more", count=len(units) - len(shown))
                column.node(f"m{i}", as_it_is(escape(more)), _attributes=text)
                boxes.append(f"m{i}")
            boxes.append(f"u{i}_{k}")
            titles[boxes[-1]] = units[k].title
            fields = "|".join(map(escape_record, [units[k].name, *units[k].numbers]))
            look = {"shape": "record", "id": boxes[-1], "class": f"value {kind}", "height": "0.25", "width": wide}
            label = as_it_is(fields if stacked else f"{{{fields}}}")
            column.node(boxes[-1], label, _attributes={**look, **STYLES[kind]})
        if not last:
            boxes.append(f"u{i}_{len(units)}")
            look = {
                "shape": "box",
                "style": "rounded",
                "id": boxes[-1],
                "class": "one",
                "height": "0.25",
                "width": wide,
            }
            column.node(boxes[-1], "1", _attributes=look)
            titles[boxes[-1]] = net.say("network one")
        for above, below in zip(boxes, boxes[1:]):
            column.edge(above, below, style="invis")


def _row_width(unit: _Unit) -> float:
    """The inches that name and numbers take side by side, with a margin around each."""
    return 0.1 * width("".join([unit.name, *unit.numbers])) + 0.22 * (1 + len(unit.numbers))


def _wire(
    graph: graphviz.Digraph, count: int, start: str, end: str, weight: float, largest: float, numbered: bool
) -> list[str]:
    """The ids of the parts of a wire: itself or, where it bears its number, a wire to the number and one from there."""
    colour = POSITIVE if weight > 0.0 else NEGATIVE if weight < 0.0 else NEITHER
    share = min(1.0, abs(weight) / largest) if weight == weight else 1.0
    pen = f"{THINNEST + (THICKEST - THINNEST) * share:.2f}"
    look = {"color": colour, "penwidth": pen, "style": "dashed" if weight < 0.0 else "solid"}
    look |= {"arrowhead": "none", "tailport": "e", "headport": "w"}
    wire = {"id": f"w{count}", "class": "weight", **look}
    if not numbered:
        graph.edge(start, end, _attributes=wire)
        return [f"w{count}"]
    text = {"shape": "box", "style": "filled", "fillcolor": "white", "color": "white", "fontcolor": colour}
    text |= {"margin": "0.03,0", "width": "0", "height": "0.2"}
    text |= {"id": f"t{count}", "class": "number"}
    graph.node(f"t{count}", number_text(weight, DIGITS), _attributes=text)
    graph.edge(start, f"t{count}", _attributes=wire)
    graph.edge(f"t{count}", end, _attributes={"id": f"v{count}", "class": "weight-end", **look})
    return [f"w{count}", f"t{count}", f"v{count}"]


# ---- large networks: a box per layer ----


def _layers(net: _Network) -> tuple[str, dict[str, str]]:
    """The DOT text, and the titles of its elements by id."""
    graph = blank("LR", 0)
    titles: dict[str, str] = {}
    for i in range(len(net.columns)):
        kind = "root" if i == len(net.layers) else "inner" if i else "leaf"
        box, fields = f"c{i}", [net.heading(i), *_totals(net, i)]
        look = {"shape": "record", "id": box, "class": f"value {kind}", **STYLES[kind]}
        graph.node(box, as_it_is("|".join(map(escape_record, fields))), _attributes=look)
        titles[box] = net.say("between changes").join(fields)
        if i:
            graph.edge(f"c{i - 1}", box, _attributes={"id": f"w{i}", "class": "wire"})
    return graph.source, titles


def _totals(net: _Network, i: int) -> list[str]:
    """What a box says below its heading: outputs, gradients, shapes, parameters."""
    if i == 0:
        return []
    outputs = net.say("network no outputs")
    if net.outputs:
        low, high = (number_text(bound(net.outputs[i]), DIGITS) for bound in (min, max))
        outputs = net.say("network outputs", low=low, high=high)
    parameters = [p for _, _, p in net.weights_into(i - 1)]
    largest = number_text(max([abs(p.grad) for p in parameters]), DIGITS) if net.graded else "-"
    layer = net.layers[i - 1]
    pieces = len(layer[0].pieces)
    shape = f"{layer[0].n_inputs} x {len(layer)}" + (f" x {pieces}" if pieces > 1 else "")
    return [
        outputs,
        net.say("network gradients", largest=largest),
        net.say("network shapes", number=i, shape=shape, biases=len(layer) * pieces),
        net.say("network parameters", count=f"{len(parameters):,}"),
    ]
