"""What several test files share: the circuits of the lecture, a comparison, and text that breaks things."""

from __future__ import annotations

from hypothesis import settings

from scalargrad import Value, exp, maximum, nn, sigmoid
from scalargrad.lecture import CIRCUITS

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


def staged():
    """The root of the lecture's staged computation, with names for what is on the way."""
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    sigy, sigx, xpy = sigmoid(y), sigmoid(x), x + y
    num, xpysqr = x + sigy, xpy**2
    den = sigx + xpysqr
    invden = 1 / den
    f = num * invden
    stages = {"sigy": sigy, "sigx": sigx, "xpy": xpy, "num": num, "xpysqr": xpysqr, "den": den, "invden": invden}
    for name, stage in {**stages, "f": f}.items():
        stage.label = name
    return f


def sigmoid_neuron():
    """The root of the lecture's neuron, in its eight gates."""
    w0, x0, w1, x1, w2 = (Value(x, n) for x, n in ((2, "w0"), (-1, "x0"), (-3, "w1"), (-2, "x1"), (-3, "w2")))
    return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


def svm_loss():
    """The loss of three scores, of which the first should be the largest."""
    cat, car, frog = Value(3.2, "cat"), Value(5.1, "car"), Value(-1.7, "frog")
    return maximum(0.0, car - cat + 1) + maximum(0.0, frog - cat + 1)


def multi_layer():
    """The squared error of a network of 2 inputs, 3 hidden neurons and one output."""
    return (nn.MLP(2, [3, 1], seed=1)([Value(1.0, "x0"), Value(-2.0, "x1")]) - 1.0) ** 2


# What a teacher shows, by name: the circuits of the lecture, and what its examples grow to.
FIGURES = {name: circuit.root for name, circuit in CIRCUITS.items()} | {
    make.__name__: make for make in (sigmoid_neuron, svm_loss, multi_layer)
}

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
