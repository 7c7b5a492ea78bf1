"""What a gate costs in graphs of every size, as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from scalargrad import files

from .runner import Result
from .tables import growing

FORMATS = (".png", ".svg", ".pdf")
COLOURS = {
    "micrograd": "tab:orange",
    "scalargrad": "tab:blue",
    "scalargrad, collector off": "tab:cyan",
    "torch 0-d": "tab:red",
    "autograd": "tab:green",
}


def plot(results: Sequence[Result], path: str) -> Path:
    """The file that now holds the picture, in the format of its ending: a panel for each kind of graph."""
    from matplotlib.figure import Figure

    kinds = growing(results)
    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for panel, (kind, several) in zip(panels, kinds.items()):
        for who in dict.fromkeys([result.who for result in several]):
            own = [result for result in several if result.who == who and result.figures]
            times = [result.figures["time"] for result in own]
            gates = [result.work.size for result in own]
            panel.plot(gates, [1e6 * t.median for t in times], "o-", ms=4, color=COLOURS.get(who), label=who)
            panel.fill_between(
                gates, [1e6 * t.low for t in times], [1e6 * t.high for t in times], color=COLOURS.get(who), alpha=0.2
            )
        panel.set(xscale="log", yscale="log", title=kind, xlabel="gates")
        panel.grid(True, which="major", alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("build and backward, µs a gate")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    content = io.BytesIO()
    figure.savefig(content, format=Path(path).suffix[1:], dpi=150)
    return files.write(path, content.getvalue())
