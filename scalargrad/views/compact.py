"""Scripts and styles as a page carries them: without comments, indents, and spaces that nothing depends on.

It tells strings and templates from the rest, and knows no more of JavaScript than that.  So in the scripts of the page
a regular expression has no quotes and no spaces beside punctuation, and a template has no other inside.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPT = re.compile(
    r'("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)'  # stays as it is
    r"|\s*//.*|\s*/\*(?s:.)*?\*/"  # goes
    r"| *([=<>!&|?:;,(){}[\]]+) *"  # stays without the spaces
)
STYLE = re.compile(r'("[^"]*")|\s*/\*(?s:.)*?\*/|\s*([{};,>]|:(?=\s))\s*')


def compact(name: str | Path) -> str:
    """A file that ends in .js or .css, of this folder or elsewhere, compact."""
    path = FOLDER / name
    text = path.read_text(encoding="utf-8")
    return style(text) if path.suffix == ".css" else script(text)


def script(text: str) -> str:
    """A script that does the same.

    >>> script("const f = (x) => [x, 1]; // a function")
    'const f=(x)=>[x,1];'
    """
    return re.sub(r"(?<=[;,{(])\n", "", _without(SCRIPT, text))


def style(text: str) -> str:
    """Styles that look the same.

    >>> style("a { color: red; margin: 0 1px } /* a link */")
    'a{color:red;margin:0 1px}'
    """
    return _without(STYLE, text).replace(";}", "}").replace("}\n", "}")


def _without(spare: re.Pattern[str], text: str) -> str:
    lines = spare.sub(lambda found: found[1] or found[2] or "", text).splitlines()
    return "\n".join([line.strip() for line in lines if line.strip()])
