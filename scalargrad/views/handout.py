"""The page where its script does not run: on paper, under a strict policy, in a notebook that is not trusted."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from .browser import image
from .phrases import LANGUAGES

HEIGHT = "min(860px,76vh)"  # of the frame in a notebook: in JupyterLab at 1280 x 800 all of it is seen at once


def step_table(steps: Iterable[Mapping[str, Any]], lang: str) -> str:
    """All steps of a circuit as an HTML table, the forward pass above the backward pass.

    steps: as the data of the page has them.
    """
    rows: dict[str, list[str]] = {"forward": [], "backward": []}
    for i, step in enumerate(steps, 1):
        rows[step["phase"]].append(_row([f"{i}", f"{step['name']} = {step['formula']}", *_cells(step, lang)]))
    columns = [_said(f"column {what}", lang) for what in ("slope", "product", "total")]
    forward = f'<tr><th colspan="5">{_said("page forward", lang)}</th></tr>'
    backward = _row(columns, "th").replace("<tr>", f'<tr><th colspan="2">{_said("page backward", lang)}</th>')
    return "\n".join(
        [
            *('<table class="steps"><tbody>', forward, *rows["forward"]),
            *("</tbody><tbody>", backward, *rows["backward"], "</tbody></table>"),
        ]
    )


def _row(cells: Iterable[str], kind: str = "td") -> str:
    return f"<tr>{''.join(f'<{kind}>{html.escape(cell)}</{kind}>' for cell in cells)}</tr>"


def _cells(step: Mapping[str, Any], lang: str) -> list[str]:
    if step["phase"] == "forward":
        return [f"= {step['numbers']}", f"= {step['output']}", ""]
    numbers = {key: step[key] for key in ("upstream", "local", "downstream", "before", "added", "after")}
    total = "adds up" if step["adds_up"] else "first"
    return [step["slope"], _said("product", lang, **numbers), _said(total, lang, parent=step["to"], **numbers)]


def _said(phrase: str, lang: str, **parts: str) -> str:
    """A sentence for a browser, which has every sign, whatever the terminal has."""
    return LANGUAGES[lang][phrase].format(times="\N{MULTIPLICATION SIGN}", **parts)


def sheets(picture: str, parts: Iterable[tuple[float, float]], width: float, height: float) -> str:
    """A picture that is too high for a sheet of paper once more, in several, cut there where nothing stands; else "".

    picture: the id of what is drawn.
    parts: from where to where, downwards, everything in it reaches.
    """
    spans = sorted(parts)
    cuts, low = list[float](), spans[0][1]
    for top, bottom in spans:
        if top > low:
            cuts.append((low + top) / 2)
        low = max(low, bottom)
    starts = [0.0]
    for cut, following in pairwise([*cuts, height]):
        if following - starts[-1] > width:  # a square is as high as a sheet has room for, with what else stands there
            starts.append(cut)
    if len(starts) == 1:
        return ""
    drawn = [_sheet(picture, top, width, bottom - top) for top, bottom in pairwise([*starts, height])]
    return f'<div class="cut">{"".join(drawn)}</div>'


def _sheet(picture: str, top: float, width: float, height: float) -> str:
    size = f'viewBox="0 {top:g} {width:g} {height:g}" style="--w:{width:g};--h:{height:g}"'
    return f'<svg {size}><use href="#{picture}"/></svg>'


def framed(page: str, title: str, picture: str, steps: str, lang: str) -> str:
    """A page in a frame, as a notebook shows it.

    A notebook that is not trusted drops the frame, but keeps what stands inside: this picture and the table of steps.

    page: the whole file.
    picture: an SVG.
    """
    style = f"box-sizing:border-box;width:100%;height:{HEIGHT};border:1px solid #8886"
    look = f'style="{style}" title="{html.escape(title)}"'
    instead = f"<p>{html.escape(_said('untrusted', lang))}</p>\n{image(picture, title)}\n{steps}"
    return f'<iframe sandbox="allow-scripts" {look} srcdoc="{html.escape(page)}">\n{instead}\n</iframe>'
