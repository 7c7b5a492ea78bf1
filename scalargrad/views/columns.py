"""Text in columns that is no wider than a terminal, and breaks between cells and words only."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence

from ..text import width

COLUMNS = 80  # where there is no terminal, as in a file or a notebook
GAP = "  "
SHORT_INDENT = 9


def room() -> int:
    """The columns of the terminal that standard output is; 80 where it is none."""
    import shutil  # with all that it can unpack it would slow down `import scalargrad`

    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size((COLUMNS, 0)).columns if on_terminal else COLUMNS


def aligned(rows: Sequence[tuple[str, ...]], columns: int) -> list[str]:
    """A text for every row, with the cells in columns of the same width.

    Where they are wider than so many columns, every row is broken in the same way: before its last two cells, or before
    its third one, or both, or before all but the first two.  The lines that this gives are indented, as far as the
    third cell if there is room; what is still too long there is broken between words.
    """
    if not rows:
        return []
    widths = [max(map(width, column)) for column in zip(*rows)]
    last = len(widths)
    start = widths[0] + len(GAP) + widths[1] + len(GAP)
    indents = (start, SHORT_INDENT) if start <= columns // 2 else (SHORT_INDENT,)
    ways: Sequence[list[int]] = ([], [last - 2], [2], sorted({2, last - 2}), [*range(2, last)])
    for breaks, indent in itertools.product(ways, indents):
        lines = list(zip([0, *breaks], [*breaks, last]))
        wide = [sum(widths[a:b]) + len(GAP) * (b - a - 1) + (indent if a else 0) for a, b in lines]
        if max(wide) <= columns:
            break
    return [
        "\n".join(
            line
            for a, b in lines
            for line in _line([*zip(row, widths)][a:b], " " * indent if a else "", " " * indent, columns)
        )
        for row in rows
    ]


def _line(cells: list[tuple[str, int]], start: str, indent: str, columns: int) -> Iterator[str]:
    text = GAP.join(cell + " " * (w - width(cell)) for cell, w in cells).rstrip()
    if not text:
        return
    yield start + text if len(start) + width(text) <= columns else filled(text.split(" "), " ", start, indent, columns)


def filled(parts: Iterable[str], between: str, start: str, indent: str, columns: int) -> str:
    """The parts one after the other, after `start`; before one that would go beyond so many columns, a new line."""
    lines, empty = [start], True
    for part in parts:
        longer = lines[-1] + ("" if empty else between) + part
        if width(longer) > columns and not empty:
            lines[-1] += between.rstrip()
            longer = indent + part
            lines.append(longer)
        else:
            lines[-1] = longer
        empty = False
    return "\n".join(lines)
