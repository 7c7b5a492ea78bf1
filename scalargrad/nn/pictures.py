"""Pictures of networks and of their training, drawn by matplotlib, which nothing else here needs."""

from __future__ import annotations

import functools
import importlib
import io
import logging
import math
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import files
from ..functions import maximum
from ..gate import to_float
from ..given import file_path, listed, wrong
from ..value import Value
from ..views.layout import described
from ..views.phrases import counted, known, language, say
from .activations import ACTIVATIONS, MAXOUT, activation_of
from .data import labels_of, rows_of
from .health import LayerHealth
from .history import History
from .mlp import MLP

# a colour for each class, told apart by the colour-blind too: Okabe and Ito, 2008
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#000000")
MARKERS = "os^Dv"
DATA, GRADIENT = "#2e7d32", "#c62828"  # green is data and red is gradient, as on the slides
# matplotlib's own font has no Chinese letters; one of these is on most machines of those who read them
CHINESE_FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Arial Unicode MS",
)  # fmt: skip
REPRODUCIBLE = {"svg.hashsalt": "scalargrad"}  # the same picture gives the same bytes
GRID_POINTS = 50  # along each side of the plane in which a boundary is looked for
BINS = 30  # of a histogram
MAX_UNITS = 4  # of a kind that there is room to name
LAYERS = "layers is what layer_health(...) gives back"


class Picture:
    """A figure of matplotlib that a notebook shows and that can be saved.

    figure: a `matplotlib.figure.Figure`, to be changed at will.
    """

    def __init__(self, figure: Any):
        for text in figure.findobj(_matplotlib(".text").Text):
            text.set_fontfamily(["sans-serif", *_chinese_font()])
        with _quiet("matplotlib.font_manager"):  # it warns of a font that comes in one weight alone
            figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once: otherwise every drawing moves the plots a little
        self.figure = figure
        self._lang = known(None)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """The path, after writing the picture there, whole or not at all; by its suffix as .svg, .png or .pdf."""
        kind = file_path(path).suffix[1:].lower()
        if kind not in ("svg", "png", "pdf"):
            raise ValueError(f"{os.fspath(path)}: a picture is saved as .svg, .png or .pdf")
        return files.write(path, self._repr_svg_().encode() if kind == "svg" else self._bytes(kind))

    def _bytes(self, kind: str) -> bytes:
        dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        buffer = io.BytesIO()
        with _matplotlib("").rc_context(REPRODUCIBLE):
            self.figure.savefig(buffer, format=kind, metadata=dated.get(kind))
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self._bytes("png")

    def _repr_svg_(self) -> str:
        return described(ET.fromstring(self._bytes("svg")), *self._told(), self._lang)

    def _told(self) -> tuple[str, str]:
        """A title, and what each plot shows, for those who do not see it."""
        plots = []
        for axes in self.figure.axes:
            plot = say("plot", self._lang, x=axes.get_xlabel(), y=axes.get_ylabel())
            title = axes.get_title()
            plots.append(say("plot titled", self._lang, title=title, plot=plot) if title else plot)
        return counted("plot", len(plots), self._lang), say("between changes", self._lang).join(plots)

    def __repr__(self) -> str:
        plots = counted("plot", len(self.figure.axes), "en")
        return f"<Picture of {plots}; .save('picture.svg') or .save('picture.png') writes it>"


def plot_boundary(model: Any, X: Iterable[Sequence[Any]], y: Iterable[Any], title: str = "") -> Picture:
    """The decision boundary: which class the model sees at every point of the plane, and the data on top.

    model: an `MLP`, or any function of [x1, x2]; of C scores the largest decides, of one score its sign.
    X: N points [x1, x2].
    y: N labels: class indices, -1 and 1, or, for one score, 0 and 1.
    title: the title of the picture.
    """
    if not callable(model):
        raise wrong("model is an MLP, or a function of [x1, x2]", model)
    points, labels = [[float(v) for v in listed(x, "a point is [x1, x2]")] for x in rows_of(X)], labels_of(y)
    below = 0 if 0 in labels else -1  # the class of scores below 0
    if not points or len(points) != len(labels) or any([len(x) != 2 for x in points]):
        raise ValueError("a boundary needs points [x1, x2], one or more, and a label for each")
    figure, [axes] = _figure(1, 5.0, 4.5)
    first, second = (_around([x[k] for x in points]) for k in (0, 1))
    predict = model.frozen() if isinstance(model, MLP) else model
    fields = [[_leads(predict([x1, x2]), below) for x1 in first] for x2 in second]
    classes = sorted({*labels, *fields[0][0]})
    for i, c in enumerate(classes):
        mine = [x for x, label in zip(points, labels) if label == c]
        lead = [[point.get(c, -1.0) for point in row] for row in fields]
        if max(map(max, lead)) > 0.0:
            axes.contourf(first, second, lead, levels=[0.0, math.inf], colors=[_colour(i)], alpha=0.25)
        look = {"color": _colour(i), "marker": MARKERS[i % len(MARKERS)], "edgecolors": "white", "linewidths": 0.6}
        axes.scatter([x[0] for x in mine], [x[1] for x in mine], s=24, label=_said("class", name=c), **look)
    axes.set(xlabel="x1", ylabel="x2", title=title)
    axes.legend(loc="upper right", fontsize="small")
    return Picture(figure)


def plot_history(history: History) -> Picture:
    """Loss and accuracy after each step, and those on the validation data, if there were any, after each epoch."""
    if not isinstance(history, History):
        raise wrong("history is what fit(...) gives back", history)
    if not history.steps:
        raise ValueError("the history is empty: there is nothing to plot")
    figure, [losses, rights] = _figure(2, 4.5, 3.5)
    steps, after = range(1, len(history) + 1), [v.step for v in history.validations]
    losses.plot(steps, history.loss, color=COLOURS[0], label=_said("training loss"))
    losses.plot(after, [v.loss for v in history.validations], color=COLOURS[1], label=_said("validation"))
    losses.set(xlabel=_said("step"), ylabel=_said("loss"), title=_said("loss"), ylim=(0.0, None))
    rated = [(step, a) for step, a in zip(steps, history.accuracy) if a is not None]
    checked = [(v.step, v.accuracy) for v in history.validations if v.accuracy is not None]
    for pairs, colour, label in ((rated, COLOURS[0], "training"), (checked, COLOURS[1], "validation")):
        rights.plot([x for x, _ in pairs], [a for _, a in pairs], color=colour, label=_said(label))
    rights.set(xlabel=_said("step"), ylabel=_said("accuracy"), title=_said("accuracy"), ylim=(-0.02, 1.02))
    for axes in (losses, rights) if history.validations else ():
        axes.legend(fontsize="small")
    return Picture(figure)


def plot_activations(choices: Iterable[Any] = (*ACTIVATIONS, MAXOUT), reach: float = 5.0) -> Picture:
    """Activation functions with their derivatives, as backward gives them: data green, gradient red.

    choices: names, or gates of one number; by default all that a neuron can have.  maxout is shown
        as max(x, -x / 2 - 1).
    reach: x goes from -reach to reach.
    """
    chosen, reach = listed(choices, "choices is a list of activations, as in ['tanh', 'relu']"), to_float(reach)
    if not chosen:
        raise ValueError("there is no activation to plot: choices is empty")
    figure, plots = _figure(len(chosen), 2.8, 2.4)
    at = [reach * (i - 200) / 200 for i in range(401)]
    for axes, choice in zip(plots, chosen):
        name, method = (MAXOUT, _two_lines) if choice == MAXOUT else activation_of(choice)[::2]
        outputs, slopes = zip(*[_output_and_slope(method, x) for x in at])
        axes.plot(at, outputs, color=DATA, label="f(x)")
        axes.plot(at, slopes, color=GRADIENT, linestyle="--", label="df/dx")
        axes.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
        axes.axvline(0.0, color="0.8", linewidth=0.8, zorder=0)
        axes.set(xlabel="x", ylabel="f(x), df/dx", title=name)
        axes.legend(fontsize="x-small", loc="upper left")
    return Picture(figure)


def plot_health(layers: Iterable[LayerHealth]) -> Picture:
    """Histograms of the outputs of every layer and of the gradients that arrive there; dead and saturated units named.

    layers: from `layer_health`.
    """
    layers = listed(layers, LAYERS)
    for layer in layers:
        if not isinstance(layer, LayerHealth):
            raise wrong(LAYERS, layer)
    if not layers:
        raise ValueError("there is no layer to plot")
    figure, plots = _figure(2 * len(layers), 4.5, 2.3, columns=2)
    for layer, outputs, gradients in zip(layers, plots[::2], plots[1::2]):
        with language(_lettered()):
            name, troubles = layer.name, layer.troubles(MAX_UNITS)
        _histogram(outputs, layer.outputs, _said("outputs", number=layer.number), name, DATA)
        _histogram(gradients, layer.gradients, _said("gradients", number=layer.number), troubles, GRADIENT)
    return Picture(figure)


def _histogram(axes: Any, rows: list[list[float]], what: str, title: str, colour: str) -> None:
    axes.hist([v for row in rows for v in row if math.isfinite(v)], bins=BINS, color=colour)
    axes.set(xlabel=what, ylabel=_said("count"))
    axes.set_title(title, fontsize="medium")
    axes.locator_params(axis="x", nbins=5)


def _output_and_slope(method: Any, at: float) -> tuple[float, float]:
    x = Value(at)
    f = method(x)
    f.backward()
    return f.data, x.grad


def _two_lines(x: Value) -> Value:
    return maximum(x, -0.5 * x - 1.0)


def _leads(scores: Any, below: int) -> dict[Any, float]:
    """{class: by how much its score is ahead of all others}: the boundary of a class is where this is 0."""
    if not isinstance(scores, (list, tuple)):
        return {1: float(scores), below: -float(scores)}
    row = list(map(float, scores))
    best, second = sorted([*row, -math.inf])[-1:-3:-1]
    return {c: s - (second if s == best else best) for c, s in enumerate(row)}


def _colour(i: int) -> str:
    return COLOURS[i % len(COLOURS)]


def _around(values: Sequence[float]) -> list[float]:
    """Points from a little below the smallest to a little above the largest value."""
    low, high = min(values), max(values)
    margin = 0.1 * (high - low) or 1.0
    return [low - margin + (high - low + 2.0 * margin) * i / (GRID_POINTS - 1) for i in range(GRID_POINTS)]


def _figure(plots: int, width: float, height: float, columns: int = 4) -> tuple[Any, list[Any]]:
    """A figure with so many plots of this size in inches, and the plots."""
    columns = min(plots, columns)
    rows = -(-plots // columns)
    figure = _matplotlib(".figure").Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(plots)]


def _said(phrase: str, **parts: object) -> str:
    """What stands on a plot, in the ambient language if a font of this machine has its letters."""
    return say(f"plot {phrase}", _lettered(), **parts)


def _lettered() -> str:
    spoken = known(None)
    return spoken if spoken != "zh" or _chinese_font() else "en"


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@functools.cache
def _chinese_font() -> tuple[str, ...]:
    """A font with Chinese letters, if there is one."""
    there = {font.name for font in _matplotlib(".font_manager").fontManager.ttflist}
    return tuple([name for name in CHINESE_FONTS if name in there][:1])


def _matplotlib(module: str) -> Any:
    try:
        return importlib.import_module(f"matplotlib{module}")
    except ImportError as error:
        raise ImportError("pictures of networks need matplotlib: pip install matplotlib") from error
