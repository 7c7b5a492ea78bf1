"""Why a gradient is what it is: a constructed graph for every cause; ledgers, paths and nudges against the engine."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
import pickle
from collections import Counter

import pytest
from conftest import circuit, same
from gate_points import recipes
from hypothesis import assume, given, settings, strategies as st

from scalargrad import Value, dot, gate, maximum, minimum, pick, relu, sigmoid, tanh, total
from scalargrad.graph import chain_rule, topological_order
from scalargrad.table import GATES
from scalargrad.value import constant
from scalargrad.views import kinds, phrases
from scalargrad.views.causes import CODES
from scalargrad.views.explain import explain
from scalargrad.views.kinds import kind_of
from scalargrad.views.ledger import ledger, nudge, paths
from scalargrad.views.story import Story

steady = settings(max_examples=100)
inf, nan = math.inf, math.nan
CASES = {}


@pytest.fixture(autouse=True)
def on_a_plain_terminal(monkeypatch):
    monkeypatch.setattr(phrases, "times", lambda: "x")


def named(label, value):
    value.label = label
    return value


def case(code, sentence, numbers=None):
    """A graph with what `explain` must say of it: the function returns x, the root f, and where the cause lies."""

    def add(build):
        CASES[build.__name__] = (build, code, sentence, numbers or {})
        return build

    return add


# ---- one graph a cause ----


@case("ordinary", "x.grad = -4: df/dq x dq/dx = -4 x 1 = -4, the chain rule along its one path")
def one_path():
    x, _, _, q, f = circuit()
    return x, f, q


@case("ordinary", "x.grad = 3: the local gradient df/dx of f = q * x")
def one_gate():
    _, _, z, _, f = circuit()
    z.label = "x"
    return z, f, f


@case("ordinary", "x.grad = 7: +4 (via s = 4 * x) +3 (via q = 3 * x), gradients add up at forks")
def fork():
    x = Value(3.0)
    q, s = 3 * x, 4 * x
    return x, named("f", named("q", q) + named("s", s)), x


@case("ordinary", "x.grad = 20: +1 (via f = x + x + x", {})
def many_uses():
    x = Value(3.0)
    return x, total([x] * 20), x


@case("ordinary", "x.grad = 6: upstream 2 x local 3, through q = 3 * x", {"upstream": 2.0, "local": 3.0})
def one_use_of_a_fork():
    x = Value(3.0)
    q = named("q", 3 * x)
    return x, q + q, q


@case("root", "x.grad = 1: x is the root, where every backward pass starts with 1")
def the_root_itself():
    x = Value(3.0) * 2
    return x, x, x


@case("not connected", "x.grad = 0: no gate on the way to f uses x; f is computed from y, z. What cuts")
def not_connected():
    x = Value(3.0)
    return x, Value(5.0, "y") * Value(-4.0, "z"), x


@case("not connected", "x is computed from f, not f from x: gradients go from the root to its inputs")
def beyond_the_root():
    f = Value(3.0) * 2
    return f + 1, f, f


@case("made anew", "f uses another value of this name, w = 2: w = 3 was made anew, as a notebook", {"data": 2.0})
def made_anew():
    """A notebook cell that makes w runs again; the one that computes f does not."""
    before, w = Value(2.0, "w"), Value(3.0, "w")
    return w, before * 2, before


@case("not connected", "a comparison, as in an `if`; and making x anew after f, as a notebook cell")
def only_compared():
    x, y = Value(3.0), Value(5.0, "y")
    return x, y * 2 if x > 0.0 else y, x


@case("detached", "f uses the leaf v1 = 6 in its place, a copy such as detach() makes", {"data": 6.0})
def detached():
    x = Value(3.0) * 2
    f = x.detach() * Value(2.0, "k")
    return x, f, f.parents[0]


@case("detached", "f uses the leaf v1 = 3 in its place", {"data": 3.0})
def detached_leaf():
    x = Value(3.0)
    f = x.detach() * Value(2.0, "k")
    return x, f, f.parents[0]


@case("detached", "f uses the leaf h = 3 in its place", {"data": 3.0})
def detached_with_its_label():
    h = Value(3.0, "h")
    copy = h.detach()
    return h, copy * 2, copy


@case("detached", "f is a leaf, such as a constant or what detach() gives: it was computed from nothing")
def detached_root():
    x = Value(3.0)
    f = (x * 2).detach()
    return x, f, f


@case("constant", "f is a leaf")
def constant_root():
    f = constant(3.0)
    return Value(3.0), f, f


@case("constant", "x is a constant, a plain number that f does not depend on")
def a_constant():
    x = constant(4.0)
    return x, Value(3.0) * 2, x


@case("relu off", "r = relu(h) is off: its input -0.3 is not positive, so its local", {"input": -0.3, "local": 0.0})
def relu_off():
    x = Value(-0.1)
    r = named("r", relu(named("h", 3 * x)))
    return x, 2 * r, r


@case("relu off", "its input 0 is not positive", {"input": 0.0, "local": 0.0})
def relu_at_zero():
    x = Value(0.0)
    f = relu(x)
    return x, f, f


@case(
    "lost",
    "x.grad = 0: x lost the max by 0.8: m = maximum(x, y) routes its gradient to the winner y = 2.8",
    {"input": 2.0, "winner": 2.8, "by": 0.8},
)
def lost_the_max():
    x = Value(2.0)
    m = named("m", maximum(x, Value(2.8, "y")))
    return x, 3 * m, m


@case("lost", "x lost the min by 1: f = minimum(5, x, y) routes its", {"input": 2.0, "winner": 1.0, "by": 1.0})
def lost_the_min():
    x = Value(2.0)
    f = minimum(5.0, x, Value(1.0, "y"))
    return x, f, f


@case("lost", "x = -2 lost the max by 2 to the plain number 0 in f = maximum(x, 0)", {"winner": 0.0, "by": 2.0})
def lost_to_a_number():
    x = Value(-2.0)
    f = maximum(x, 0.0)
    return x, f, f


@case(
    "not picked",
    "x.grad = 0: f = (y, x)[i] routes its gradient to the value at index 0, and x is not it",
    {"index": 0.0},
)
def not_picked():
    x = Value(2.0)
    f = pick([Value(3.0, "y"), x], Value(0.0, "i"))
    return x, f, f


@case("saturated", "f = sigmoid(x) is saturated: its input is 12.4, its local gradient 4.12e-06", {"input": 12.4})
def sigmoid_saturated():
    x = Value(12.4)
    f = sigmoid(x)
    return x, f, f


@case("saturated", "x.grad = 0: f = tanh(x) is saturated: its input is 40, its local gradient 0", {"local": 0.0})
def tanh_saturated():
    x = Value(40.0)
    f = tanh(x)
    return x, f, f


@case(
    "saturated",
    "3 saturated gates in a row: s = sigmoid(x) (input 12.4, local gradient 4.12e-06), t = tanh(v1) (input",
    {"count": 3.0, "local": 2.0438539749534357e-11},
)
def three_saturated_in_a_row():
    x = Value(12.4)
    t = named("t", tanh(13 * named("s", sigmoid(x))))
    return x, sigmoid(9 * t), t


@case("saturated", "), ...", {"count": 5.0})
def five_saturated_in_a_row():
    f = x = Value(0.0)
    for _ in range(5):
        f = sigmoid(f + 6.0)
    return x, f, None


@case("saturated", "x.grad = 0: 3 saturated gates in a row: s = sigmoid(h) (input -300,", {"count": 3.0})
def saturated_until_nothing_is_left():
    """5e-131 to the third is no float."""
    x = Value(2.0)
    s = named("s", sigmoid(named("h", x - 302.0)))
    return x, sigmoid(sigmoid(s - 300.0) - 300.0), s


@case("zero weight", "h = x * w multiplies x by w = 0, so dh/dx = 0", {"weight": 0.0})
def weight_of_zero():
    x = Value(1.5)
    h = named("h", x * Value(0.0, "w"))
    return x, h + 1, h


@case("zero weight", "f = 0 * x multiplies x by 0, so df/dx = 0", {"weight": 0.0})
def number_of_zero():
    x = Value(1.5)
    f = 0 * x
    return x, f, f


@case("zero weight", "f = w * x + v * y + b multiplies y by v = 0, so df/dy = 0", {"weight": 0.0})
def weight_of_zero_in_a_dot():
    y = Value(1.5, "y")
    f = dot([Value(2.0, "w"), Value(0.0, "v")], [Value(1.0, "x"), y], Value(3.0, "b"))
    return y, f, f


@case("zero weight", "f = w * x + v * y + b multiplies w by x = 0, so df/dw = 0", {"weight": 0.0})
def input_of_zero_in_a_dot_with_a_bias():
    w = Value(1.5, "w")
    f = dot([w, Value(2.0, "v")], [Value(0.0, "x"), Value(4.0, "y")], Value(3.0, "b"))
    return w, f, f


@case("zero weight", "multiplies w by x = 0, so df/dw = 0", {"weight": 0.0})
def input_of_zero_in_a_dot():
    w = Value(1.5, "w")
    f = dot([3.0, w], [2.0, Value(0.0, "x")])
    return w, f, f


@case("flat", "f = x ** 2 = 0 ** 2 is flat at this point: df/dx = 0", {"input 1": 0.0, "input 2": 2.0})
def flat():
    x = Value(0.0)
    f = x**2
    return x, f, f


@case("flat", "is flat at this point: df/dalpha = 0", {"input 1": 2.0, "input 2": 1.0})
def flat_for_a_parameter():
    alpha = Value(1.0, "alpha")
    f = Value(2.0).elu(alpha)
    return alpha, f, f


@case(
    "cancellation",
    "x.grad = 0: the contributions at the fork x cancel: -6 (via b = -6 * x) +6 (via a = 6 * x) = 0",
    {"plus": 6.0, "minus": -6.0},
)
def cancellation():
    x = Value(2.0)
    a, b = named("a", 6 * x), named("b", -6 * x)
    return x, a + b, x


@case("cancellation", "the contributions at the fork h cancel", {"plus": 6.0, "minus": -6.0})
def cancellation_further_on():
    x = Value(2.0)
    h = named("h", x * 5)
    return x, 6 * h - 6 * h, h


@case("cancellation", "x.grad = 1e-10: the contributions at the fork x cancel: -3 (via", {"plus": 3.0000000001})
def nearly_a_cancellation():
    x = Value(2.0)
    return x, 3.0000000001 * x - 3 * x, x


@case("underflow", "1e-200 x 1e-200 at h = x * 1e-200 is too small for a float and became 0", {"local": 1e-200})
def underflow():
    x = Value(1.0)
    h = named("h", x * 1e-200)
    return x, h * 1e-200, h


@case(
    "zero times infinity",
    "zero times infinity is nan: upstream 0 x local inf at h = x * w\n  inf came in with the leaf w",
)
def zero_times_infinity():
    x = Value(1.0)
    h = named("h", x * Value(inf, "w"))
    return x, h * Value(0.0, "g"), h


@case("zero times infinity", "upstream inf x local 0 at h = x * w\n  inf came in with the leaf g")
def infinity_times_zero():
    x = Value(1.0)
    h = named("h", x * Value(0.0, "w"))
    return x, h * Value(inf, "g"), h


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.pattern == "routes" and name != "pick"])
def test_a_gate_that_routes_nothing_under_an_infinite_gradient(name):
    """inf x 0 is nan: the product on the screen is the one computed, where torch masks it."""
    x, g = Value(0.0 if name == "abs" else -3.0, "x"), Value(1e200, "g")
    others = {"maximum": [2.0], "minimum": [-9.0]}.get(name, [])
    h = named("h", GATES[name](x, *others))
    f = h * (g * g)
    f.backward()
    assert h.local_gradients() == (0.0,) and x.grad != x.grad
    why = str(explain(x, f))
    assert f"zero times infinity is nan: upstream inf x local 0 at h = {name}(x" in why
    assert "infinity came in at v1 = g * g = 1e+200 * 1e+200, which is more than a float can hold" in why


@case("overflow", "x.grad = inf: infinity came in at h = x * x = 1e+200 * 1e+200, which is more than a float can hold")
def overflow():
    x = Value(1e200)
    h = named("h", x * x)
    return x, h * h, h


@case("overflow", "upstream 1e+200 x local 1e+200 at h = x * 1e+200 is more than a float can hold", {"local": 1e200})
def overflow_on_the_way_back():
    x = Value(1e-300)
    h = named("h", x * 1e200)
    return x, h * 1e200, h


@case("overflow", "the contributions at the fork x add up to more than a float can hold: +1e+308 (via")
def overflow_at_a_fork():
    x = Value(0.1)
    return x, x * 1e308 + x * 1e308, x


@case("infinity", "inf came in with the leaf x", {"output": inf})
def infinite_leaf():
    x = Value(inf)
    return x, x * x, x


@case("infinity", "infinity came in at h = x * inf = 2 * inf", {"output": inf})
def infinite_number():
    x = Value(2.0)
    h = named("h", x * inf)
    return x, h * h, h


@case("nan", "x.grad = nan: nan came in with the leaf x", {"output": nan})
def nan_leaf():
    x = Value(nan)
    return x, x * x, x


@case("nan", "x.grad = nan:\n  nan came in at d = x - x = inf - inf\n  inf came in with the leaf x", {"output": nan})
def nan_out_of_infinity():
    x = Value(inf)
    d = named("d", x - x)
    return x, d * d, d


@case("nan", "x.grad = nan: nan came in with the leaf w")
def nan_beside_infinity():
    x, w = Value(inf), Value(nan, "w")
    return x, x * w, w


@case("nan", "inf and -inf meet at the fork k, and have no sum: -inf (via")
def nan_at_a_fork():
    x = Value(1e-300)
    k = named("k", 2 * x)
    return x, k * 1e200 * 1e200 - k * 1e200 * 1e200, k


@case("nan", "the local gradient dp/dx of p = v1 ** x = (-2) ** 3 is nan", {"input 1": -2.0, "input 2": 3.0})
def nan_slope():
    x = Value(3.0)
    p = named("p", Value(-2.0) ** x)
    return x, 2 * p, p


@case("infinite local gradient", "x.grad cannot be computed: s = sqrt(x) = sqrt(0) has no finite local", {"input": 0.0})
def infinitely_steep():
    x = Value(0.0)
    s = named("s", x.sqrt())
    return x, 2 * s, s


@case(
    "infinite local gradient",
    "s = sqrt(y) = sqrt(0) has no finite local gradient: backward() stops there with an error",
)
def steep_somewhere_else():
    x = Value(3.0)
    s = named("s", Value(0.0, "y").sqrt())
    return x, s + x, s


@case("infinite local gradient", "x.grad = inf: the local gradient df/dx of f = x / y = 0 / 1e-310 is inf")
def infinite_slope():
    x = Value(0.0)
    f = x / Value(1e-310, "y")
    return x, f, f


@case("tiny", "the 12 local gradients on its strongest path multiply to 1.40609e-08; the smallest is", {"count": 12.0})
def tiny():
    f = x = Value(1.0)
    for _ in range(12):
        f = sigmoid(f)
    return x, f, None


@case("tiny", "f = x * 1e-06 has the local gradient df/dx = 1e-06, which is tiny", {"local": 1e-6})
def tiny_weight():
    x = Value(1.0)
    f = x * 1e-6
    return x, f, f


@case("small weights", "the 3 weights below 1 on its strongest path multiply to 2e-06; the smallest is", {"count": 3.0})
def small_weights():
    x = Value(1.0)
    return x, sigmoid(x * 0.1 * Value(0.01, "w") * 0.002), None


@case("tiny", "the 8 gates that scale on its strongest path multiply to ", {"count": 8.0})
def scaled_more_than_weighed():
    """Eight sigmoids, of slopes about 0.2, weigh more than the one weight of 0.001."""
    f = x = Value(1.0)
    for _ in range(8):
        f = sigmoid(f)
    return x, f * 0.001, None


@case("small weights", "w multiplies v1 by a small weight: dv2/dv1 = 1e-05", {"count": 1.0, "local": 1e-5})
def small_weight():
    x = Value(1.0)
    return x, tanh(x * 2 * Value(1e-5, "w")), None


@case(
    "small weights",
    "is dv1/dx = 0.01 of v1 = x * 0.01\n  f = sigmoid(v101) is saturated",
)
def the_lesser_cause_comes_second():
    """Without its slope of 0.0025 the gradient would be 400 times as large, without the weights 1e200 times."""
    f = x = Value(1.0)
    for _ in range(100):
        f = f * 0.01
    return x, named("f", sigmoid(f + 6.0)), None


@case("relu off", "local gradient is 0\n  behind that, nearer to f: f = r * w multiplies r by w = 0")
def two_blocks_on_one_way():
    x = Value(-1.0)
    r = named("r", relu(x))
    return x, r * Value(0.0, "w"), r


@case("zero weight", "a = 0 * x multiplies x by 0, so da/dx = 0\n  r = relu(v1) is off")
def the_way_with_the_fewest_blocks_first():
    x, w = Value(-1.0), Value(0.0, "w")
    a, r = named("a", 0 * x), named("r", relu(x + 0.0))
    return x, a + r * w, a


@case("relu off", "its local gradient is 0\n  v1 = x * 1e-05 multiplies x by a small weight: dv1/dx = 1e-05")
def a_closed_way_beside_a_tiny_one():
    x = Value(-1.0)
    r = named("r", relu(named("h", x * 1.0)))
    return x, r + x * 1e-5, r


@case("small weights", "the 2 weights below 1 on a path that would be its strongest without them multiply to 1e-12")
def small_weights_on_a_lesser_path():
    """The nine sigmoids bring more, and even so they could be made no more than 1, which the two weights could too."""
    s = x = Value(0.0)
    for _ in range(8):
        s = sigmoid(s)
    return x, s + x * 1e-6 * 1e-6, None


@case("zero weight", "f = v1 * w multiplies v1 by w = 0, so df/dv1 = 0")
def a_weight_of_zero_beside_a_tiny_one():
    x = Value(3.0)
    f = named("f", (x * 200.0) * Value(0.0, "w"))
    return x, named("g", f + x * 1e-9), f


@case("underflow", "became 0\n  the 100 weights below 1 on its strongest path multiply to 1e-500; the smallest is")
def underflow_of_many_weights():
    f = x = Value(1.0)
    for _ in range(100):
        f = f * 1e-5
    return x, f, None


@case("cancellation", "cancel: -9e-05 (via b = x * 0.9) +0.0001 (via a = x * 1) = 1e-05")
def a_fork_that_does_more_than_its_weights():
    """Each of five forks leaves a tenth."""
    f = x = Value(2.0)
    for place in range(5):
        a, b = named("a" * (place == 0), f * 1.0), named("b" * (place == 0), f * 0.9)
        f = a - b
    return x, f, x


@case(
    "cancellation",
    "d = x - x does not change with x: the changes of its inputs cancel\n  behind that, nearer to f: f =",
)
def a_difference_that_is_always_zero():
    x = Value(2.0)
    d = named("d", x - x)
    return x, d * Value(0.0, "w"), d


@case("relu off", "\n  behind that, nearer to f: the contributions at the fork r cancel: -2 (via v2 = r * 2) +2 (via")
def a_block_before_a_fork_that_cancels():
    x = Value(-2.0)
    r = named("r", relu(x))
    return x, r * 2 - r * 2, r


@case("huge", "the 100 weights above 1 on its strongest path multiply to 1e+100; the largest is", {"count": 100.0})
def the_lesser_factor_is_not_named():
    """The largest local gradient, 20 of exp, does less than a hundred weights of 10."""
    x = Value(3.0)
    f = x.exp()
    for _ in range(100):
        f = f * 10.0
    return x, f, None


@case("huge", "the 5 gates that scale up on its strongest path multiply to 3.", {"count": 5.0})
def gates_that_scale_up():
    """Five times exp, of slopes about 20, do more than the one weight of 100."""
    x = Value(3.0)
    f = x.exp()
    for _ in range(4):
        f = (f * (3.0 / f.data)).exp()
    return x, f * 100.0, None


@case("huge", "multiply to 1e+06 x 3 = 3e+06; the largest is df/dv1 = 1e+06 of f = v1 * 1e+06", {"product": 3e6})
def huge():
    x = Value(1.0)
    f = x * 3 * 1e6
    return x, f, f


@case("huge", "f = x * 1e+06 has the local gradient df/dx = 1e+06, which is huge", {"local": 1e6})
def huge_weight():
    x = Value(1.0)
    f = x * 1e6
    return x, f, f


@case("huge", "1099511627776 paths from f to x add up; the strongest gives 1", {"count": 2.0**40, "product": 1.0})
def huge_fork():
    f = x = Value(1.0)
    for _ in range(40):
        f = f + f
    return x, f, x


def after_backward(x, f):
    try:
        f.backward()
    except ZeroDivisionError:
        assert f.grad == 0.0


def ask(x, f):
    """explain(x, f), called as in the sentences of the table."""
    return explain(x, f, names={x.label or "x": x, f.label or "f": f})


@pytest.mark.parametrize("name", CASES)
def test_a_cause(name):
    build, code, sentence, numbers = CASES[name]
    x, f, at = build()
    after_backward(x, f)
    order = topological_order([f, x])
    before = [(node.data, node.grad) for node in order]
    why = ask(x, f)
    assert why.code == code in CODES
    assert sentence in str(why)
    assert at is None or why.node is at
    assert why.gate is why.node.gate
    assert why.causes[0].line == "" and str(why.causes[0]) in str(why)
    for key, number in numbers.items():
        assert why.numbers[key] == pytest.approx(number, nan_ok=True)
    assert why.gradient is None and f.grad == 0.0 or same(why.gradient, x.grad)
    assert all(same(a, c) and same(b, d) for (a, b), (c, d) in zip(before, [(n.data, n.grad) for n in order]))


@pytest.mark.parametrize("name", CASES)
def test_before_backward(name):
    """Not computed is not zero; what it would be is told all the same."""
    build, code, _, _ = CASES[name]
    x, f, at = build()
    why = ask(x, f)
    if why.gradient is None:
        assert why.code == code == "infinite local gradient"
        return
    assert [cause.code for cause in why.causes[:2]] == ["not computed yet", code]
    assert "is not computed yet and would be" in str(why) and "backward() has not been called" in str(why)
    assert why.node is f and (at is None or why.causes[1].node is at)
    f.backward()
    assert same(why.gradient, x.grad)


def test_every_code_has_its_graph():
    elsewhere = {"not computed yet", "other backward passes", "stale"}
    assert {code for _, code, _, _ in CASES.values()} | elsewhere == set(CODES)


def test_every_sentence_is_said(monkeypatch):
    said = set()

    def note(story, phrase, **parts):
        said.add(phrase)
        return say(story, phrase, **parts)

    say = Story.say
    monkeypatch.setattr(Story, "say", note)
    for build, *_ in CASES.values():
        x, f, _ = build()
        ask(x, f)
        after_backward(x, f)
        after_backward(x, f)
        x.grad *= 2.0
        x.data += 1.0
        ask(x, f)
    assert {phrase for phrase in phrases.LANGUAGES["en"] if phrase.startswith("why ")} <= said


# ---- explain ----


def test_before_backward_as_a_text():
    x, *_, f = circuit()
    assert str(explain(x, f)) == (
        "x.grad is not computed yet and would be -4:\n"
        "  f.grad = 0: backward() has not been called on f, or zero_grad() came after it (not computed is not zero)\n"
        "  df/dq x dq/dx = -4 x 1 = -4, the chain rule along its one path"
    )


def test_a_gradient_that_other_passes_have_changed():
    x, *_, f = circuit()
    f.backward()
    f.backward()
    why = explain(x, f)
    assert [cause.code for cause in why.causes] == ["ordinary", "other backward passes"]
    assert why.gradient == -4.0 and why.causes[1].numbers == {"held": -8.0}
    assert str(why).startswith("df/dx = -4:") and "x.grad holds -8: other backward passes" in str(why)
    assert str(ledger(x, f)).startswith("df/dx = -4 (via q = x + y)")


def test_a_gradient_with_another_upstream_is_called_a_slope():
    x, *_, f = circuit()
    f.backward(2.0)
    why = explain(x, f)
    assert str(why).startswith("df/dx = -4: ") and len(why.causes) == 1


@pytest.mark.parametrize("kinds_of", [kinds.shrinking, kinds.growing])
def test_no_factor_is_looked_at_twice(monkeypatch, kinds_of):
    """Where weights, and slopes of exp and log, are below 1 and above."""
    looked_at = Counter()
    monkeypatch.setattr(kinds, "kind_of", lambda story, edge: looked_at.update([edge]) or kind_of(story, edge))
    x = h = Value(0.5, "x")
    for _ in range(20):
        h = ((h * 0.25).exp() * 3.0).log()
    story = Story(h)
    found = kinds_of(story, x, kinds.edges_between(story, x))
    assert {"weights", "scales"} <= {kind.name for kind in found}
    assert {*looked_at.values()} == {1}


def test_the_causes_of_all_paths():
    """The nearest first; the text is cut, the causes are not."""
    x = Value(-1.0, "x")
    units = [relu(named(f"h{i}", w * x)) for i, w in enumerate((1.0, 2.0, 3.0, 4.0, 5.0))]
    f = total(units) * 0 + maximum(x, 0.0)
    f.backward()
    why = explain(x, f)
    assert [cause.code for cause in why.causes] == ["lost", "relu off", "zero weight"] + ["relu off"] * 4
    assert str(why).count("is off") == 2 and str(why).endswith("\n  ... and 3 more")


def test_a_cause_is_told_once():
    x = Value(0.0, "x")
    f = x * x
    f.backward()
    assert len(explain(x, f).causes) == 1


def test_a_gate_of_your_own():
    half = gate(lambda x: 0.0 * x, rule=lambda z, x: (0.0 * x,), name="half_dead")
    x = Value(2.0, "x")
    f = half(x)
    f.backward()
    assert explain(x, f).code == "flat" and "half_dead(x)" in str(explain(x, f))


def test_names_lines_and_labels_are_one_line():
    x = Value(-1.0, "a\nb{0}%s{name}")
    f = relu(x)
    f.backward()
    why = explain(x, f, lines={f: "lesson{0}.py:7"})
    assert "\n" not in str(why)
    assert "a b{0}%s{name}" in str(why) and "f = relu(a b{0}%s{name}) [lesson{0}.py:7] is off" in str(why)
    assert why.causes[0].line == "lesson{0}.py:7"
    assert str(explain(x, f, names={"out": f})).startswith("a b{0}%s{name}.grad = 0: out = relu(")


@pytest.mark.parametrize("question", [explain, ledger, paths, nudge])
def test_only_values_have_gradients(question):
    x = Value(1.0)
    for wrong in [(2.0, x), (x, 2.0), (x, [x, x]), (None, x)]:
        with pytest.raises(TypeError, match="not a Value: a plain number has no gradient"):
            question(*wrong)
    for wrong in [("x", x), (x, "f")]:
        with pytest.raises(TypeError, match="not a Value: hand over the value itself, not its name"):
            question(*wrong)


def test_answers_are_frozen_typed_and_comparable():
    x, *_, f = circuit()
    for answer in (explain(x, f), ledger(x, f), paths(x, f), nudge(x, f)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            answer.sentence = ""
        assert str(answer) == answer.sentence
        assert answer == type(answer)(**{f.name: getattr(answer, f.name) for f in dataclasses.fields(answer)})
        assert hash(answer) == hash(answer)
        assert str(copy.deepcopy(answer)) == str(pickle.loads(pickle.dumps(answer))) == str(answer)
        assert repr(answer) == str(answer)  # a prompt shows what it says


def test_what_is_neither_tiny_nor_huge():
    x = Value(1.0)
    codes = [explain(x, x * w).causes[1].code for w in (0.99e-4, 1.01e-4, 0.99e4, 1.01e4)]
    assert codes == ["tiny", "ordinary", "ordinary", "huge"]


def test_many_paths_to_one_cause():
    """Each value is looked at once, however many paths lead through it."""
    f = x = Value(1.0, "x")
    for _ in range(100):
        f = f + f
    f = f * 0
    f.backward()
    assert [cause.code for cause in explain(x, f).causes] == ["zero weight"]


# ---- against the engine, on random graphs ----


def random_graph(recipe):
    numbers = recipe.run([Value(x) for x in recipe.leaves], GATES.__getitem__)
    numbers[-1].backward()
    return numbers


@steady
@given(recipes(), st.integers(0, 20))
def test_every_gradient_has_an_explanation(recipe, place):
    numbers = random_graph(recipe)
    x, f = numbers[place % len(numbers)], numbers[-1]
    why = explain(x, f)
    assert why.gradient == x.grad and why.causes and str(why)
    assert (why.code in ("tiny", "underflow")) <= (abs(x.grad) < 1e-4)
    assert (why.code == "huge") <= (abs(x.grad) > 1e4)
    assert (why.code in ("relu off", "lost", "flat", "zero weight")) <= (x.grad == 0.0)


@steady
@given(recipes(), st.integers(0, 20))
def test_a_ledger_adds_up(recipe, place):
    numbers = random_graph(recipe)
    x, f = numbers[place % len(numbers)], numbers[-1]
    account = ledger(x, f)
    total_now = account.start
    for entry in account.entries:
        assert entry.node.parents[entry.place] is x
        assert entry.upstream == entry.node.grad
        assert entry.local == entry.node.local_gradients()[entry.place]
        assert entry.downstream == entry.upstream * entry.local
        total_now += entry.downstream
        assert entry.running_total == total_now
    assert account.total == total_now == x.grad
    assert account.start == (x is f)


def walked(x, f):
    """The paths by the textbook recursion: the local gradients of each, from the root on."""
    if x is f:
        return [()]
    slopes = f.local_gradients()
    return [(slope, *rest) for parent, slope in zip(f.parents, slopes) for rest in walked(x, parent)]


@steady
@given(recipes(longest=8), st.integers(0, 20))
def test_paths_are_all_there(recipe, place):
    numbers = random_graph(recipe)
    x, f = numbers[place % len(numbers)], numbers[-1]
    expected = walked(x, f)
    if len(expected) > 500:
        return
    found = paths(x, f, limit=500)
    assert found.count == len(found.paths) == len(expected)
    assert sorted(path.local_gradients for path in found.paths) == sorted(expected)
    size = sum(abs(path.product) for path in found.paths)
    assert sum(path.product for path in found.paths) == pytest.approx(x.grad, rel=1e-9, abs=1e-12 * size + 1e-300)
    assert found.gradient == x.grad
    for path in found.paths:
        assert path.nodes[0] is f and path.nodes[-1] is x
        assert all(inner in node.parents for node, inner in zip(path.nodes, path.nodes[1:]))
    assert paths(x, f, limit=2).paths == found.paths[:2]


@steady
@given(recipes(), st.integers(0, 20))
def test_a_nudge_is_the_graph_run_again(recipe, place):
    numbers = random_graph(recipe)
    place %= len(recipe.leaves)
    by = 1e-3
    leaves = [x + by * (i == place) for i, x in enumerate(recipe.leaves)]
    try:
        again = recipe.run(leaves, GATES.__getitem__)[-1]
    except (ArithmeticError, ValueError) as error:
        with pytest.raises(type(error)):
            nudge(numbers[place], numbers[-1], by)
        return
    result = nudge(numbers[place], numbers[-1], by)
    assert (result.before, result.after) == (numbers[-1].data, again)
    assert result.gradient == numbers[place].grad and result.predicted == result.gradient * by
    assert result.actual == result.after - result.before


# ---- ledger ----


def test_a_ledger_as_a_text():
    x = Value(3.0, "x")
    q, s = 3 * x, 4 * x
    f = q + s
    assert str(ledger(x, f)) == (
        "x.grad = 7 = +4 (via s = 4 * x) +3 (via q = 3 * x)\n"
        "  s = 4 * x: upstream 1 x local 4 = 4, running total 4\n"
        "  q = 3 * x: upstream 1 x local 3 = 3, running total 7"
    )
    assert [entry.node for entry in ledger(x, f).entries] == [s, q]
    assert ledger(x, f, lines={s: "a.py:2"}).entries[0].line == "a.py:2"
    assert "s = 4 * x [a.py:2]" in str(ledger(x, f, lines={s: "a.py:2"}))


def test_short_ledgers():
    x, f = Value(3.0, "x"), Value(4.0, "f")
    assert str(ledger(x, f)) == "x.grad = 0: no gate on the way to f uses x"
    assert str(ledger(x, x)) == "x.grad = 1: x is the root, where every backward pass starts with 1"
    assert (ledger(x, f).entries, ledger(x, x).total) == ((), 1.0)


def test_a_value_that_is_used_twice_by_one_gate():
    x = Value(3.0, "x")
    f = x * x
    assert [(entry.node, entry.place) for entry in ledger(x, f).entries] == [(f, 0), (f, 1)]


def test_a_long_ledger_is_cut():
    x = Value(3.0, "x")
    account = ledger(x, total([x] * 20))
    assert len(account.entries) == 20
    assert str(account).startswith("x.grad = 20, the sum of 20 contributions\n  v1 = x + x")
    assert str(account).endswith("\n  ... and 8 more")


def test_a_sum_on_screen_agrees_with_its_terms():
    x = Value(1.0, "x")
    f = x / 3 + x / 3 + x / 3
    assert str(ledger(x, f)).startswith("x.grad = 1 = +0.3333333 (via")


# ---- paths ----


def test_paths_as_a_text():
    x = Value(3.0, "x")
    q, s = 3 * x, 4 * x
    f = q + s
    assert str(paths(x, f)) == (
        "2 paths from f to x, their products add up to x.grad = 7:\n  f -> s -> x: 1 x 4 = 4\n  f -> q -> x: 1 x 3 = 3"
    )
    assert str(paths(x, f, limit=1)).endswith("4 = 4\n  ... and 1 more: limit= says how many are shown")
    assert str(paths(x, q)) == "one path from q to x, its product is x.grad = 3:\n  q -> x: 3"
    assert str(paths(f, x)) == "no path leads from x to f: the gradient is 0"
    assert str(paths(x, f, limit=0)) == "2 paths from f to x, their products add up to x.grad = 7:"


def test_more_paths_than_atoms_are_counted_exactly():
    f = x = Value(1.0, "x")
    for _ in range(400):
        f = f * 0.5 + f * 0.5
    found = paths(x, f, limit=3)
    assert found.count == 2**400 and len(found.paths) == 3 and found.gradient == 1.0
    assert "about 10**120 paths" in str(found)


def test_paths_around_x_are_not_counted():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    fork = w * w
    f = (fork + fork) * x
    assert paths(x, f).count == 1 and paths(w, f).count == 4


def test_a_negative_limit():
    with pytest.raises(ValueError, match="limit=-1"):
        paths(Value(1.0), Value(1.0), limit=-1)


# ---- nudge ----


def test_a_nudge_as_a_text():
    """If x grows by h, f changes by -4h."""
    x, *_, f = circuit()
    f.backward()
    result = nudge(x, f)
    assert str(result) == (
        "if x grows by 0.01, f changes by about -4 x 0.01 = -0.04\n"
        "computed again: f goes from -12 to -12.04, a change of -0.04"
    )
    assert (result.by, result.gradient, result.predicted, result.before) == (0.01, -4.0, -0.04, -12.0)
    assert result.actual == pytest.approx(-0.04) and result.after == pytest.approx(-12.04)
    assert (x.data, x.grad, f.data, f.grad) == (-2.0, -4.0, -12.0, 1.0)


def test_a_nudge_that_is_too_large():
    x = Value(3.0, "x")
    f = x * x * x
    assert str(nudge(x, f, 1)).endswith("they differ by 10: a gradient is the slope at one point, so nudge less")
    assert "differ" not in str(nudge(x, f, 1e-4))


def test_a_nudge_of_an_inner_value_and_of_the_root():
    *_, q, f = circuit()
    assert nudge(q, f, 0.5).after == -14.0
    assert nudge(f, f, 0.5).after == -11.5
    assert nudge(f, q, 0.5).actual == 0.0


def test_a_nudge_of_what_the_root_does_not_use_says_so():
    x, z = Value(2.0, "x"), Value(5.0, "z")
    f = 3 * x
    told = str(nudge(z, f)).splitlines()
    assert told[1:] == ["computed again: f goes from 6 to 6, a change of 0", "no gate on the way to f uses z"]
    assert str(nudge(z, f, lang="zh")).endswith("\n通向 f 的门都没有用到 z")
    for used in (x, f):
        assert len(str(nudge(used, f)).splitlines()) == 2


def test_a_nudge_computes_only_what_depends_on_x():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    f = x * 2 + y * 3
    y.data = 100.0
    assert nudge(x, f, 1.0).after == 10.0
    with pytest.raises(ValueError, match="y was changed from 2.0 to 100.0 after the forward pass"):
        nudge(y, f, 1.0)


def test_a_nudge_out_of_the_domain():
    x = Value(0.005, "x")
    with pytest.raises(ValueError, match="log: input x"):
        nudge(x, x.log(), by=-0.01)


def test_a_nudge_is_a_number():
    x = Value(1.0)
    for wrong in (nan, inf):
        with pytest.raises(ValueError, match="a nudge is a small number"):
            nudge(x, x * 2, wrong)
    with pytest.raises(TypeError, match="text is no number"):
        nudge(x, x * 2, "0.1")


def test_a_nudge_of_nothing():
    x = Value(1.0)
    assert (nudge(x, x * 2, 0.0).predicted, nudge(x, x * 2, 0.0).actual) == (0.0, 0.0)


# ---- what has no gradient ----


@pytest.mark.parametrize("question", [ledger, paths, nudge])
def test_where_backward_raises_so_do_they(question):
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match="sqrt: input x = 0.0"):
        question(x, x.sqrt() * 2)


# ---- large graphs ----


def test_a_long_chain():
    f = x = Value(1.0, "x")
    for _ in range(20_000):
        f = f * 1.0
    assert explain(x, f).causes[1].code == "ordinary"
    assert str(explain(x, f)).endswith("\n  upstream 1 x local 1, through v1 = x * 1")
    assert len(paths(x, f).paths[0].nodes) == 20_001 and len(str(paths(x, f))) < 300
    assert nudge(x, f, 0.5).after == 1.5


def test_a_wide_fork():
    x = Value(1.0, "x")
    f = total([x] * 2000)
    assert ledger(x, f).total == 2000.0 and len(str(ledger(x, f))) < 2000


BLOCKS = {
    "relu": lambda x: relu(x),
    "zero": lambda x: x * Value(0.0, "w"),
    "lost": lambda x: maximum(x, abs(x.data) + 1.0),
    "double": lambda x: x * 2.0,
    "shifted": lambda x: x + 1.0,
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(BLOCKS)), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)
)
def test_where_all_that_is_named_on_the_first_way_opens_a_gradient_arrives(gates):
    """No slope here is negative, so that nothing cancels: the gradient is 0 because of blocks alone."""
    x = Value(-1.0, "x")
    nodes = [x]
    for name, i, j in gates:
        nodes.append(BLOCKS[name](nodes[-1 - i % len(nodes)]) + nodes[-1 - j % len(nodes)] * 0.0)
    f = nodes[-1]
    f.backward()
    if x.grad != 0.0:
        return
    first, *others = explain(x, f).causes
    assume(first.code != "not connected")
    opened = {first.node}
    for cause in itertools.takewhile(lambda cause: str(cause).startswith("behind that"), others):
        opened.add(cause.node)

    def slopes(node):
        return [local or float(node in opened) for local in node.local_gradients()]

    gradients = {f: 1.0}
    for _ in chain_rule(topological_order([f]), gradients, slopes):
        pass
    assert gradients[x] > 0.0


@pytest.mark.parametrize("product", [lambda x, y: x * y + x, lambda x, y: x * y])
def test_root_and_value_the_wrong_way_round_are_told_of_that_alone(product):
    x, y = Value(2.0, "x"), Value(-1.0, "y")
    f = product(x, y)
    f.backward()
    told = str(explain(f, x, names={"f": f}))
    assert "f is computed from x, not x from f" in told and "other backward passes" not in told
