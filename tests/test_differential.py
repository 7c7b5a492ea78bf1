"""The differential test: a small run of it, and that it finds planted bugs, each in the check that it is meant for."""

from __future__ import annotations

import math
import random
import sys

import pytest
from differential import __main__ as command, checks, exact
from differential.checks import AGREES, CHECKS, KNOWN, SKIPPED, UNEXPLAINED, Check
from differential.graphs import EVERY, OWN, needed, random_recipe
from differential.ours import Case, tolerances
from differential.run import Found, examples, run, table
from gate_points import POINTS, Recipe

from scalargrad import Value, exp
from scalargrad.compiled.engines import JaxEngine, NumpyEngine, PythonEngine
from scalargrad.compiled.native import NativeEngine
from scalargrad.gate import Gate
from scalargrad.graph import topological_order
from scalargrad.table import GATES
from scalargrad.views.code import BackpropCode

inf, nan = math.inf, math.nan
TRUE = "backward, against mpmath"
TORCHS = "backward at kinks and infinities, against torch"
HESSIAN = "hessian, against mpmath"
GRADIENT = "gradient, against backward"
CODE = "generated code, against backward"
needs_torch = pytest.mark.skipif(checks.peer() is None, reason="torch is not installed")


def every_time(*names):
    """Some of the checks, asked of every graph."""
    return {name: CHECKS[name]._replace(every=1) for name in names}


def verdict(name, leaves, *gates):
    return CHECKS[name].verdict(Case(Recipe(leaves, list(gates)), EVERY))


# ---- a small run ----


@pytest.mark.slow
def test_a_thousand_graphs_are_explained():
    found = run(1_000, seed=7)
    assert found.is_good, examples(found)
    for name, check in CHECKS.items():
        assert check.missing or found.counts[name][AGREES] > 100 / check.every
    judged = found.counts[TRUE].total() - found.counts[TRUE][SKIPPED]
    assert judged > 700 and found.counts[TRUE][AGREES] > 0.99 * judged


@pytest.mark.parametrize("wave", ["sin", "cos"])
@pytest.mark.parametrize("x", [4793122.697259719, 7366010.208974969, 10787579.750844078])
def test_a_wave_of_a_large_angle_has_a_truth_only_where_the_angle_is_exact(monkeypatch, wave, x):
    monkeypatch.setattr(checks, "peer", lambda: None)
    assert verdict(TRUE, (x,), ("mul", (0, 0)), ("mul", (1, 0)), (wave, (2,))) == SKIPPED
    assert verdict(TRUE, (x**3,), (wave, (0,))) == AGREES


def test_without_torch(monkeypatch):
    monkeypatch.setattr(checks, "peer", lambda: None)
    found = run(200, seed=7)
    assert found.is_good, examples(found)
    assert not found.counts[TORCHS].keys() - {SKIPPED}


def test_a_graph_depends_on_the_seed_and_its_number_alone():
    recipes = [[random_recipe(random.Random(f"{seed} {i}")) for i in range(20)] for seed in (1, 1, 2)]
    assert repr(recipes[0]) == repr(recipes[1]) != repr(recipes[2])


def test_all_gates_are_in_the_graphs_and_known_to_the_truth():
    used = {name for i in range(500) for name, _ in random_recipe(random.Random(i)).gates}
    assert used == EVERY.keys() == exact.EXACT.keys() and OWN.keys() <= used


@needs_torch
def test_all_gates_are_known_to_torch():
    assert checks.peer().TORCH.keys() == EVERY.keys()


def test_what_a_root_does_not_need_is_left_out():
    recipe = Recipe((1.0, 2.0), [("exp", (0,)), ("neg", (1,)), ("mul", (3, 3)), ("sin", (2,)), ("add", (4, 5.0))])
    assert needed(recipe) == Recipe((1.0, 2.0), [("neg", (1,)), ("mul", (2, 2)), ("add", (3, 5.0))])


# ---- planted bugs ----


def wrong(gate, by=1e-9):
    """The gate with local gradients that are off by a little."""

    def off(rule):
        return lambda *numbers: rule(*numbers) + by

    if callable(gate.rule):
        return Gate(gate.output, lambda *numbers: tuple([x + by for x in gate.rule(*numbers)]), name=gate.name)
    return Gate(gate.output, tuple(map(off, gate.rule)), name=gate.name)


@pytest.mark.parametrize("name", GATES)
def test_a_wrong_rule_is_found(name):
    gates = {key: GATES[key] for key in ("add", "mul", "abs")} | {name: wrong(EVERY[name])}
    assert not run(100, 1, gates, every_time(TRUE)).is_good


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "mul"])
def test_a_rule_that_is_right_on_floats_alone_is_found(name):
    """Its slopes are numbers, so there is nothing to differentiate again."""
    gate = GATES[name]
    flat = Gate(gate.output, lambda *numbers: gate.rule(*[getattr(x, "data", x) for x in numbers]), name=name)
    found = run(100, 1, {"add": GATES["add"], name: flat}, every_time(TRUE, HESSIAN))
    assert not found.unexplained[TRUE] and found.unexplained[HESSIAN]


def test_overwriting_in_the_place_of_adding_up_is_found(monkeypatch):
    def backward(self):
        self.grad = 1.0
        for node in reversed(topological_order([self])):
            for parent, local in zip(node.parents, node.local_gradients()):
                parent.grad = node.grad * local

    monkeypatch.setattr(Value, "backward", backward)
    found = run(100, 1, checks=every_time(TRUE, GRADIENT, CODE))
    assert all(found.unexplained.values())


def test_a_wrong_order_is_found(monkeypatch):
    def backward(self):
        self.grad += 1.0
        for parent, local in zip(self.parents, self.local_gradients()):
            parent.grad += self.grad * local
            if parent.gate:
                backward(parent)

    monkeypatch.setattr(Value, "backward", backward)
    assert run(100, 1, checks=every_time(TRUE)).unexplained[TRUE]


def test_wrong_code_is_found(monkeypatch):
    right = checks.backprop_code
    monkeypatch.setattr(
        checks, "backprop_code", lambda root, names: BackpropCode(right(root, names=names).replace("+=", "="))
    )
    assert run(50, 1, checks=every_time(CODE)).unexplained[CODE]


@pytest.mark.parametrize(
    ("engine", "name"), [(PythonEngine, "python"), (NumpyEngine, "numpy"), (NativeEngine, "native"), (JaxEngine, "jax")]
)
def test_a_wrong_engine_is_found(engine, name, monkeypatch):
    check = f'engine "{name}", against backward'
    if CHECKS[check].missing:
        pytest.skip(f"{CHECKS[check].needs} is not installed")
    right = engine.run

    def run_wrong(self, *arguments):
        value, gradients, *others = right(self, *arguments)
        return value, [slope * (1.0 + 1e-9) for slope in gradients], *others

    monkeypatch.setattr(engine, "run", run_wrong)
    assert run(20, 1, checks=every_time(check)).unexplained[check]


def test_digits_that_are_lost_are_found():
    """exp(x) - 1 in the place of expm1(x), near 0."""
    lossy = Gate(GATES["elu"].output, lambda z, x, alpha: (alpha * exp(x), exp(x) - 1.0), name="elu")
    assert CHECKS[TRUE].verdict(Case(Recipe((-1e-9, 1.0), [("elu", (0, 1))]), {"elu": lossy})) == UNEXPLAINED


# ---- verdicts ----


def test_the_truth_of_a_product():
    recipe = Recipe((2.0, -3.0), [("mul", (0, 1)), ("pow", (2, 2.0))])
    assert [float(x) for x in exact.derivatives(recipe, 1)] == [36.0, -24.0]
    assert [float(x) for x in exact.derivatives(recipe, 2)] == pytest.approx([18.0, -24.0, -24.0, 8.0])


@pytest.mark.parametrize("name", POINTS)
def test_the_truth_of_every_gate_is_that_of_its_known_points(name):
    for point in POINTS[name].ordinary:
        free = len(point) - (name == "exponent_slope")
        recipe = Recipe(point[:free], [(name, (*range(free), *point[free:]))])
        slopes = GATES[name].form(None).rule(GATES[name](*point), *point)
        for slope, truth in zip(slopes[:free], exact.derivatives(recipe, 1)):
            assert truth is None or float(truth) == pytest.approx(slope, rel=1e-12)


def test_there_is_no_truth_at_a_kink_nor_far_out():
    def has_truth(leaves, *gates):
        return Case(Recipe(leaves, list(gates)), EVERY).has_truth

    assert has_truth((0.5,), ("relu", (0,))) and not has_truth((0.0,), ("relu", (0,)))
    assert not has_truth((0.5, 0.5), ("maximum", (0, 1))) and not has_truth((1e70,), ("neg", (0,)))
    assert not has_truth((inf,), ("exp", (0,))) and not has_truth((0.0,), ("sqrt", (0,)))
    assert not has_truth((0.1,), ("add", (0, 0.2)), ("sub", (1, 0.30000000000000004)), ("relu", (2,)))


def test_a_number_is_no_slope_where_the_exact_function_is_complex():
    assert exact.derivatives(Recipe((-2.0, 3.0), [("pow", (0, 1))]), 1)[1] is None
    made_up = Gate(GATES["pow"].output, lambda z, x, y: (12.0, 0.0), name="pow")
    assert CHECKS[TRUE].verdict(Case(Recipe((-2.0, 3.0), [("pow", (0, 1))]), {"pow": made_up})) == UNEXPLAINED


def test_cancellation_is_explained():
    """The cosine of a large number turns rounding around: nobody's last places are right."""
    assert verdict(TRUE, (1.1, 1e12), ("mul", (0, 1)), ("cos", (2,))) in (checks.AS_TORCH, checks.AS_ROUNDING)


def test_rounding_explains_without_torch(monkeypatch):
    monkeypatch.setattr(checks, "peer", lambda: None)
    assert verdict(TRUE, (1.1, 1e12), ("mul", (0, 1)), ("cos", (2,))) == checks.AS_ROUNDING


@needs_torch
def test_what_is_known_at_infinities():
    assert verdict(TORCHS, (0.0,), ("sqrt", (0,))) == KNOWN  # we raise, torch has inf
    assert verdict(TORCHS, (1e200, -1.0), ("relu", (1,)), ("mul", (0, 1e200)), ("mul", (2, 3))) == KNOWN  # inf x 0
    assert verdict(TORCHS, (0.0,), ("relu", (0,))) == AGREES


def test_tolerances_have_no_signs():
    x = Value(3.0)
    assert tolerances(x * 5.0 - x * 5.0, [x]) == [pytest.approx(2e-11)]
    assert tolerances(Value(1.0) * 2.0, [x]) == [pytest.approx(0.0, abs=1e-99)]


# ---- the table and the command ----


def test_the_table():
    graphs = {"first": Check(lambda case: AGREES, "0"), "second": Check(lambda case: UNEXPLAINED, "1e-12", every=3)}
    missing = {"third": Check(lambda case: AGREES, "0", needs="no_such_module")}
    found = run(8, 1, checks=graphs | missing)
    assert (
        table(found, graphs | missing)
        == """
| 8 graphs | tolerance | asked | agrees | as far as torch | as rounding | known | unexplained |
|---|---|---:|---:|---:|---:|---:|---:|
| first | 0 | 8 | 8 | 0 | 0 | 0 | 0 |
| second | 1e-12 | 3 | 0 | 0 | 0 | 0 | 3 |
| third | 0 | no_such_module is not installed |  |  |  |  |  |
""".strip()
    )
    assert examples(found).splitlines() == [f"second: {recipe}" for recipe in found.unexplained["second"]]
    assert len(found.unexplained["second"]) == 3


@pytest.mark.parametrize(("unexplained", "status"), [({}, 0), ({"a": [Recipe((1.0,), [])]}, 1)])
def test_the_command(unexplained, status, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(sys, "argv", ["differential", "--n", "9", "--seed", "4"])
    monkeypatch.setattr(command, "run", lambda n, seed: asked.append((n, seed)) or Found(n, {}, unexplained))
    assert command.main() == status
    assert asked == [(9, 4)] and capsys.readouterr().out.startswith("| 9 graphs |")
