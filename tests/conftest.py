"""What several test files share: the first circuit of the lecture, a comparison, and text that breaks things."""

from __future__ import annotations

from scalargrad import Value


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
