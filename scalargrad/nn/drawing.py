"""A network as the lecture draws it: columns of neurons, and a wire for every weight; one box per layer if it is large.

Every column but the last ends in a unit that is always 1, whose wires are the biases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..gate import to_float
from ..text import amount, number_text
from ..value import Value
from ..views.dot import POINTS, STYLES, WRITTEN_OUT, as_it_is, blank, escape, escape_record
from ..views.draw import Drawing
from ..views.names import clean
from ..views.phrases import known, say, shortened
from .mlp import MLP
from .module import Module
from .neurons import Layer, Maxout, Neuron, checked_inputs
from .places import Wire, numbers_on, stacked

if TYPE_CHECKING:
    import graphviz

MAX_PARAMETERS = 1_000  # a network of more is drawn as one box per layer
MAX_COLUMN = 16  # neurons: a longer column is folded
FIRST_SHOWN = 9  # of a folded column, besides the last
MAX_STACKED = 6  # a longer column has name, output and gradient side by side
MAX_NUMBERED = 12  # more wires between two columns bear no numbers
POSITIVE, NEGATIVE, NEITHER = "#1f5fa8", "#b45309", "#6b7d95"
THINNEST, THICKEST, THICKEST_OF_MANY = 0.4, 4.0, 2.0
DIGITS = 3
MORE = -1  # where a folded column says how many more there are

# in points
LINE = 21.2  # how high one field of a box is
LEAST_WIDTH = 36.0
FIELD_MARGIN = 16.0  # beside the text of a field, on both sides together
BETWEEN_STACKED, BETWEEN_ROWS = 30.0, 7.5
WIDEST_SPREAD = 80.0  # between the units of a short column
BESIDE_NUMBER = 60.0  # between two columns, besides the longest number on their wires ...
FOR_EACH_WIRE = 16.0  # ... and besides this, so that each number finds a place clear of the other wires
DENSE = 120.0  # between two columns whose wires bear no numbers
BETWEEN_HEADINGS = 20.0


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
    summary = f"{net.n_inputs}{layers}, {amount(len(net.names), 'parameter')}"
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

    def weights_into(self, i: int) -> Iterator[tuple[int, int, tuple[int, int], Value]]:
        """(place in column i, neuron of layer i, which of its pieces, weight).

        Biases come from the place after the last.  A piece is (number, of how many), of which only maxout has several.
        """
        for j, neuron in enumerate(self.layers[i]):
            for number, piece in enumerate(neuron.pieces):
                of_all = number, len(neuron.pieces)
                yield from ((k, j, of_all, p) for k, p in enumerate([*piece.w, piece.b]))

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
            raise ValueError(
                f"layer {i} has {amount(len(layer), 'output')}, "
                f"layer {i + 1} takes {amount(following[0].n_inputs, 'input')}"
            )
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


class _Column(NamedTuple):
    """What is drawn of a column: places are those of its units, of which the one after the last is always 1.

    x is its middle, and ys are those of its units; `wide` and `heights` are the sizes of their boxes.
    """

    places: list[int]
    stacked: bool
    wide: float
    heights: list[float]
    ys: list[float]
    x: float = 0.0

    @property
    def height(self) -> float:
        return self.ys[-1] - self.ys[0] + (self.heights[0] + self.heights[-1]) / 2

    def left(self, place: int) -> tuple[float, float]:
        return self.x - self.wide / 2, self.ys[self.places.index(place)]

    def right(self, place: int) -> tuple[float, float]:
        return self.x + self.wide / 2, self.ys[self.places.index(place)]


def _columns(net: _Network) -> tuple[str, dict[str, str]]:
    """The DOT text, in which everything has its place, and the titles of its elements by id."""
    graph = blank("LR", 0, key=net.say("network key"))
    graph.attr(layout="neato", inputscale="72", splines="line", outputorder="edgesfirst")
    columns, titles = _side_by_side(net), dict[str, str]()
    above = -max([column.height for column in columns]) / 2 - LINE
    for i, column in enumerate(columns):
        _text(graph, f"c{i}", net.heading(i), column.x, above)
        _draw_column(graph, net, i, column, titles)
    largest = max([abs(p.data) for p in net.names if math.isfinite(p.data)], default=0.0) or 1.0
    drawn = [_drawn_weights(net, i, *columns[i : i + 2]) for i in range(len(net.layers))]
    thickest = THICKEST if max(map(len, drawn)) <= MAX_NUMBERED else THICKEST_OF_MANY
    count = 0
    for i, (column, following, weights) in enumerate(zip(columns, columns[1:], drawn)):
        wires = [Wire(column.right(k), _end(following, j, of_all), _number_width(p)) for k, j, of_all, p in weights]
        numbers = numbers_on(wires) if len(wires) <= MAX_NUMBERED else []
        for n, (wire, (k, j, of_all, p)) in enumerate(zip(wires, weights)):
            end = f"u{i + 1}_{j}" if of_all == (0, 1) else _point(graph, f"p{count}", wire.end)
            parts = [_wire(graph, f"w{count}", f"u{i}_{k}", end, p.data, thickest, largest)]
            parts += [_number(graph, f"t{count}", p.data, numbers[n])] if numbers else []
            title = net.say("network weight", name=net.names[p], data=number_text(p.data), grad=net.grad(p))
            titles |= dict.fromkeys(parts, title)
            count += 1
    return graph.source, titles


def _side_by_side(net: _Network) -> list[_Column]:
    """The columns from left to right, as far apart as headings and numbers on wires need; short ones are spread."""
    tight = [_column(units, always_one=i < len(net.layers)) for i, units in enumerate(net.columns)]
    tallest = max([column.height for column in tight])
    columns: list[_Column] = []
    for i, column in enumerate(tight):
        spread = min(WIDEST_SPREAD, (tallest - sum(column.heights)) / len(column.heights))
        column = column._replace(ys=max(column.ys, stacked(column.heights, spread), key=lambda ys: ys[-1]))
        if columns:
            before, headings = columns[-1], [WRITTEN_OUT.width(net.heading(at)) for at in (i - 1, i)]
            weights = _drawn_weights(net, i - 1, before, column)
            widest = max([_number_width(p) for *_, p in weights])
            apart = widest + BESIDE_NUMBER + FOR_EACH_WIRE * len(weights) if len(weights) <= MAX_NUMBERED else DENSE
            boxes = (before.wide + column.wide) / 2 + apart
            column = column._replace(x=before.x + max(boxes, sum(headings) / 2 + BETWEEN_HEADINGS))
        columns.append(column)
    return columns


def _column(units: list[_Unit], always_one: bool) -> _Column:
    shown = _shown(len(units))
    stacked_fields = len(units) <= MAX_STACKED
    fields = [[WRITTEN_OUT.width(text) + FIELD_MARGIN for text in (units[k].name, *units[k].numbers)] for k in shown]
    wide = max([LEAST_WIDTH, *[max(row) if stacked_fields else sum(row) for row in fields]])
    heights = [LINE * len(row) if stacked_fields else LINE for row in fields]
    folded = len(shown) < len(units)
    places = [*shown[:-1], *([MORE] if folded else []), shown[-1], *([len(units)] if always_one else [])]
    heights += [LINE] * (len(places) - len(shown))
    gap = BETWEEN_STACKED if stacked_fields else BETWEEN_ROWS
    return _Column(places, stacked_fields, wide, heights, stacked(heights, gap))


def _shown(count: int) -> list[int]:
    """The places of a column that are drawn."""
    return list(range(count)) if count <= MAX_COLUMN else [*range(FIRST_SHOWN), count - 1]


def _drawn_weights(
    net: _Network, i: int, column: _Column, following: _Column
) -> list[tuple[int, int, tuple[int, int], Value]]:
    """Those between two columns of which both ends are drawn, as `weights_into` has them."""
    return [weight for weight in net.weights_into(i) if weight[0] in column.places and weight[1] in following.places]


def _number_width(p: Value) -> float:
    return WRITTEN_OUT.width(number_text(p.data, DIGITS)) + 6.0


def _end(column: _Column, j: int, of_all: tuple[int, int]) -> tuple[float, float]:
    """Where wires end at a neuron: each piece of a maxout neuron has its own end."""
    (x, y), (piece, pieces) = column.left(j), of_all
    height = column.heights[column.places.index(j)]
    return x, y + height * ((piece + 0.5) / pieces - 0.5)


# ---- what is drawn of them ----


def _at(x: float, y: float) -> str:
    """A place that stays as it is, upwards."""
    return f"{x:.2f},{-y:.2f}!"


def _text(graph: graphviz.Digraph, name: str, text: str, x: float, y: float) -> None:
    graph.node(name, as_it_is(escape(text)), shape="plaintext", margin="0.02", pos=_at(x, y))


def _draw_column(graph: graphviz.Digraph, net: _Network, i: int, column: _Column, titles: dict[str, str]) -> None:
    """The units of a column, and how many are left out."""
    units = net.columns[i]
    kind = "root" if i == len(net.layers) else "inner" if i else "leaf"
    for k, y in zip(column.places, column.ys):
        box = f"u{i}_{k}"
        place = {"id": box, "pos": _at(column.x, y), "width": f"{column.wide / POINTS:.3f}", "height": "0.25"}
        if k == MORE:
            more = net.say("network more", count=len(units) - len(_shown(len(units))))
            _text(graph, f"m{i}", more, column.x, y)
        elif k == len(units):
            graph.node(box, "1", _attributes={"shape": "box", "style": "rounded", "class": "one", **place})
            titles[box] = net.say("network one")
        else:
            fields = "|".join(map(escape_record, [units[k].name, *units[k].numbers]))
            look = {"shape": "record", "class": f"value {kind}", **place, **STYLES[kind]}
            graph.node(box, as_it_is(fields if column.stacked else f"{{{fields}}}"), _attributes=look)
            titles[box] = units[k].title


def _point(graph: graphviz.Digraph, name: str, at: tuple[float, float]) -> str:
    """An end of a wire that is not the middle of a box's side."""
    graph.node(name, shape="point", style="invis", width="0", pos=_at(*at))
    return name


def _colour(weight: float) -> str:
    return POSITIVE if weight > 0.0 else NEGATIVE if weight < 0.0 else NEITHER


def _wire(
    graph: graphviz.Digraph, wire: str, start: str, end: str, weight: float, thickest: float, largest: float
) -> str:
    """The id of a wire: the largest weight of the network has the thickest."""
    share = min(1.0, abs(weight) / largest) if weight == weight else 1.0
    pen = f"{THINNEST + (thickest - THINNEST) * share:.2f}"
    look = {"color": _colour(weight), "penwidth": pen, "style": "dashed" if weight < 0.0 else "solid"}
    ends = {"arrowhead": "none", "tailport": "e", "headport": "w"}
    graph.edge(start, end, _attributes={"id": wire, "class": "weight", **look, **ends})
    return wire


def _number(graph: graphviz.Digraph, number: str, weight: float, at: tuple[float, float]) -> str:
    """The number of a weight, on its wire."""
    look = {"shape": "box", "style": "filled", "fillcolor": "white", "color": "white", "fontcolor": _colour(weight)}
    size = {"margin": "0.03,0", "width": "0", "height": "0.2", "pos": _at(*at)}
    graph.node(number, number_text(weight, DIGITS), _attributes={"id": number, "class": "number", **look, **size})
    return number


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
    parameters = [p for *_, p in net.weights_into(i - 1)]
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
