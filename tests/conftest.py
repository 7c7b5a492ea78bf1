"""What several test files share: the first circuit of the lecture, a comparison, and text that breaks things."""

from __future__ import annotations

from hypothesis import settings

from scalargrad import Value

# The same examples at every run, on however slow a machine.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def same(a, b):
    """Equal to the last bit, nan included; the sign of zero aside."""
    return a == b or (a != a and b != b)


def circuit():
    """The values x, y, z, q and f of the lecture's first circuit, f = (x + y) z at (-2, 5, -4)."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    q.label, f.label = "q", "f"
    return x, y, z, q, f


def lecture():
    """The root of the lecture's first circuit."""
    return circuit()[-1]


# Names and symbols that a view has to show as they are.
MARKUP = [
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "<img src=x onerror=alert(1)>",
    "\"'><b>",
    "&amp; & &lt;",
    "{{json}} {name}",
    "a|b{c}<d> \\N \\n",
    "\u2028\u2029\u202e",
    "\ud800",
    "权重",
    "$(x) `y` ${z}",
    "</style></title></noscript>",
    "x" * 10_000,
]
HOSTILE = [
    *MARKUP,
    *("{", "}", "{a|b}", "|", "a|b|c", "<", ">", "<f0> x", "<<b>x</b>>", "<b>x</b>", "</svg>", "</script>", "]]>"),
    *('"', '\\"', "'", 'a"];b', "&", "&lt;", "&amp;", "&#65;", "&#x41;", "&nbsp;", "&;", "a&b;c", "<!-- x -->"),
    *("\\", "\\\\", "a\\", "\\N", "\\G", "\\E", "\\l", "\\r", "\\n", "\\{", "\\|", "\\ ", "x\\ y", "\\\\n", "\\L"),
    *(
        "a\nb",
        "\nx",
        "a\tb",
        "a\r\nb",
        "\x00",
        "a\x00b",
        "\x1b[31m",
        "\x07\x08",
        "\x7f",
        "\x85x",
        "\u2028x",
        "\ud800",
        "\udfff",
    ),
    *(
        "\ufffe",
        "\uffff",
        "",
        " ",
        "  a  b ",
        "\u00a0x",
        "\u3000",
        "\t\n",
        "权重",
        "שלום",
        "\u202eabc",
        "مرحبا",
        "😀",
        "👩‍👩‍👧",
        "e\u0301",
    ),
    *("%", "%s%n", "{0}", "$x$", "`x`", "#", "//", "/* x */", "graph", "node", "edge", "strict", "digraph", "subgraph"),
    *("->", "--", "a -> b", "a:b", "n0:e", "n0", ";", "a;b", ",", "=", "a=b", "[label=x]", "x]", "1", "-1.5", "None"),
    *("x" * 40, "x" * 41, "x" * 10_000, "|" * 10_000, "&" * 10_000, "\\" * 10_000, "权" * 10_000, "a b " * 2_500),
]
