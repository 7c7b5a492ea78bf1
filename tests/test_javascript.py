"""Gates in JavaScript: in a browser they give what they give in Python, and numbers are written alike."""

import json
import math
import random
import struct

import pytest
from conftest import lecture
from gate_points import POINTS, everywhere, plain

from scalargrad import Value, gate, page
from scalargrad.table import GATES
from scalargrad.text import agreeing, number_text
from scalargrad.views.javascript import gate_script, script_number

pytest.importorskip("selenium", reason="JavaScript runs in a browser through selenium: pip install it")

from test_page_browser import browser, chromium  # noqa: E402, F401

# A library's own exp differs from another's in the last place; and so does all that is made of it.
LIBRARY = {"pow", "exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "elu", "power_slope", "exponent_slope"}

# Numbers travel as hexadecimal bits, so that none is rounded on the way.
RUN = """
const view = new DataView(new ArrayBuffer(8));
const read = (bits) => (view.setBigUint64(0, BigInt("0x" + bits)), view.getFloat64(0));
const write = (x) => (view.setFloat64(0, x), view.getBigUint64(0).toString(16).padStart(16, "0"));
const safe = (compute) => {
  try {
    return write(compute());
  } catch (error) {
    if (error instanceof NoNumber) return "no number " + error.message;
    throw error;
  }
};
return arguments[0].map(([text, ...points]) => {
  const gate = Function("outputs", "composite", `return (${text})`)(outputs, composite);
  return points.map((point) => {
    const xs = point.map(read);
    const z = safe(() => gate.output(...xs));
    return [z, ...(z.startsWith("no") ? [] : gate.slopes.map((slope) => safe(() => slope(gate.output(...xs), ...xs))))];
  });
});
"""


def bits(x):
    return struct.pack(">d", x).hex()


def from_bits(text):
    return struct.unpack(">d", bytes.fromhex(text))[0]


def apart(a, b):
    """How many floats lie between two numbers; nan is nan."""
    if a != a or b != b:
        return 0 if a != a and b != b else math.inf
    if a == b:
        return 0
    return abs(a - b) / math.ulp(max(abs(a), abs(b))) if math.isfinite(a) and math.isfinite(b) else math.inf


def run(browser, asked):  # noqa: F811
    """What the gates give at their points: [output, slope, ...], or an error in words."""
    browser.open(page(lecture()))
    sent = [[text, *[list(map(bits, point)) for point in points]] for text, points in asked]
    return browser.run(RUN, sent)


def in_python(gate, point):
    z = gate.compute(point)
    slopes = []
    for place in range(len(gate.rule) if isinstance(gate.rule, tuple) else len(point)):
        try:
            (slope,) = gate.form((place,)).rule(z, *point)
            slopes.append(slope)
        except ArithmeticError as error:
            slopes.append(error)
    return [z, *slopes]


def said(error):
    return f"no number {'overflow' if isinstance(error, OverflowError) else ''}"


def test_every_gate_is_what_it_is_in_python(browser):  # noqa: F811
    asked = [(gate_script(GATES[name], point), [point]) for name in GATES for point in everywhere(name)]
    where = [(name, point) for name in GATES for point in everywhere(name)]
    for (name, point), [found] in zip(where, run(browser, asked), strict=True):
        expected = in_python(GATES[name], point)
        for part, (text, truth) in enumerate(zip(found, expected, strict=True)):
            if isinstance(truth, Exception):
                assert text == said(truth), (name, point, part)
            else:
                assert apart(from_bits(text), plain(truth)) <= (2 if name in LIBRARY else 0), (name, point, part, truth)


def test_what_python_refuses_is_refused(browser):  # noqa: F811
    refused = [(name, point, kind) for name in GATES for point, kind in POINTS[name].refused.items()]
    found = run(browser, [(gate_script(GATES[name], point), [point]) for name, point, _ in refused])
    for (name, point, kind), [[text]] in zip(refused, found, strict=True):
        assert text == said(kind()), (name, point)


@gate
def swish(x):
    return x * x.sigmoid()


@gate
def norm(x, y):
    return (x * x + swish(y)).sqrt()


def test_a_gate_made_of_others_runs_as_they_do(browser):  # noqa: F811
    for made, point in [(swish, (0.7,)), (norm, (3.0, -0.5)), (norm, (0.25, 4.0))]:
        node = made(*map(Value, point))
        [[[z, *slopes]]] = run(browser, [(gate_script(node.gate, point), [point])])
        assert apart(from_bits(z), node.data) <= 2
        for slope, truth in zip(slopes, node.local_gradients(), strict=True):
            assert math.isclose(from_bits(slope), truth, rel_tol=1e-14)


def test_gates_of_your_own():
    square = gate(lambda x: x * x, rule=lambda z, x: (2.0 * x,), name="square")
    root = gate(lambda x: math.sqrt(x), rule=lambda z, x: (0.5 / z,), name="root")
    assert "(x1) => x1 * x1" in gate_script(square(Value(3.0)).gate, (3.0,))
    assert gate_script(root(Value(3.0)).gate, (3.0,)) is None


def many_numbers():
    chance = random.Random(4)
    wild = [struct.unpack(">d", chance.randbytes(8))[0] for _ in range(4000)]
    ties = [(chance.randrange(10**6) + 0.5) * 2.0**k for k in range(12) for _ in range(40)]
    near = [chance.uniform(-2, 2) * 10.0**k for k in range(-7, 19) for _ in range(40)]
    ends = [
        0.0,
        -0.0,
        math.inf,
        -math.inf,
        math.nan,
        5e-324,
        1.7976931348623157e308,
        999999.5,
        0.00009999995,
        1e16,
        1e22,
    ]
    return wild + ties + near + ends


def test_numbers_are_written_as_in_python(browser):  # noqa: F811
    browser.open(page(lecture()))
    numbers = many_numbers()
    sent = [script_number(x) for x in numbers]
    for digits in (6, 7, 16):
        texts = browser.run("return arguments[0].map((x) => numberText(Number(x), arguments[1]))", sent, digits)
        for x, text in zip(numbers, texts, strict=True):
            assert text == number_text(x, digits), (repr(x), digits)
    texts = browser.run("return arguments[0].map((x) => typed(Number(x)))", json.loads(json.dumps(sent)))
    for x, text in zip(numbers, texts, strict=True):
        assert eval(text) == x or x != x, (x, text)
        assert text == (repr(x) if math.isfinite(x) else f"float('{x!r}')") or x == 0.0


def test_digits_are_added_until_a_product_agrees(browser):  # noqa: F811
    browser.open(page(lecture()))
    chance = random.Random(5)
    for x, y in [(2 / 3, 2 / 3), (1e-9, 3.0), *[(chance.gauss(0, 3), chance.gauss(0, 3)) for _ in range(100)]]:
        texts = browser.run("return agreeing((x, y) => x * y, [...arguments], arguments[0] * arguments[1])", x, y)
        assert texts == agreeing(lambda x, y: x * y, [x, y], x * y)
