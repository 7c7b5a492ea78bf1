"""Machine code moves parameters as the optimisers of `nn` do, to the last bit, for programs of several lengths too."""

from __future__ import annotations

import math
import random

import pytest

from scalargrad import Value, dot, nn, record
from scalargrad.compiled.descent import Descent, function_of

pytest.importorskip("llvmlite", reason="llvmlite is not installed")

OPTIMISERS = {
    "plain": lambda ps: nn.SGD(ps, 0.1),
    "momentum": lambda ps: nn.SGD(ps, nn.linear_decay(0.1, 40), 0.9, weight_decay=0.01),
    "nesterov": lambda ps: nn.SGD(ps, 0.05, 0.9, nesterov=True),
    "rmsprop": lambda ps: nn.RMSProp(ps, 0.01, 0.9, weight_decay=0.1),
    "adam": lambda ps: nn.Adam(ps, nn.linear_decay(0.01, 40), 0.85, 0.99),
}
COUNT = 11  # parameters: eight side by side, and three
every_rule = pytest.mark.parametrize("rule", OPTIMISERS)


def samples(n, length, seed):
    lot = random.Random(seed)
    return [[lot.gauss(0, 1) if lot.random() < 0.8 else 0.0 for _ in range(length)] for _ in range(n)]


def parted(length):
    """Parameters, and a program whose gradient by each of the first of them is a number of the sample."""
    ps = [Value(0.1 * k - 0.4) for k in range(COUNT)]
    return ps, record(lambda x: dot(ps[:length], x) + 0.25, ([1.0] * length,), ps, "native")


def descent(rule, *loaded, optimiser=None):
    ps = loaded[0].parameters
    optimiser = optimiser or OPTIMISERS[rule](ps)
    places = [x.place(len(x)) for x in loaded]
    return optimiser, Descent(optimiser.rule, places, [p.data for p in ps], optimiser.memory, 1)


def steps_of(optimiser, n):
    return [x for i in range(n) for x in optimiser.numbers_of(optimiser.steps + i)]


def test_equal_rules_share_their_machine_code():
    ps = [Value(1.0)]
    rules = [nn.Adam(ps).rule, nn.Adam(ps, 0.5).rule, nn.Adam(ps, beta1=0.8).rule, nn.RMSProp(ps).rule]
    made = [function_of(rule, 9, 1)[1] for rule in rules]
    assert made[0] is made[1] and len({*map(id, made)}) == 3


@every_rule
def test_it_is_the_optimiser_to_the_last_bit(rule):
    ps, program = parted(COUNT)
    xs = samples(20, COUNT, 1)
    optimiser, found = descent(rule, program.load(xs))
    values = found.run([(0, [i]) for i in range(20)], 2, steps_of(optimiser, 40))
    expected = []
    for x in xs * 2:
        z = dot(ps, x) + 0.25
        optimiser.zero_grad()
        z.backward()
        optimiser.step()
        expected.append([z.data])
    assert found.numbers == [p.data for p in ps]
    assert found.gradients == [p.grad for p in ps]
    assert found.memory == optimiser.memory
    assert values == [pytest.approx(value, rel=1e-13) for value in expected]


def test_momentum_that_is_given_later_is_remembered():
    ps, program = parted(COUNT)
    optimiser = nn.SGD(ps, 0.1)
    optimiser.momentum = 0.9
    optimiser, found = descent("plain", program.load(samples(2, COUNT, 1)), optimiser=optimiser)
    found.run([(0, [0]), (0, [1])], 1, steps_of(optimiser, 2))
    assert [*map(len, found.memory)] == [COUNT]


@every_rule
def test_programs_of_several_lengths_share_the_parameters(rule):
    ps = [Value(0.1 * k - 0.4) for k in range(COUNT)]
    lengths, loaded, others = (3, COUNT), [], []
    for length in lengths:  # 0.3 and 0.7 are plain numbers, which each program has after the parameters
        constant = 0.3 if length == 3 else 0.7
        others.append(lambda x, c=constant: (dot(ps[: len(x)], x) + c).tanh() * (c + 0.1))
        loaded.append(record(others[-1], ([1.0] * length,), ps, "native").load(samples(4, length, length)))
    optimiser, found = descent(rule, *loaded)
    updates = [(0, [1]), (1, [0]), (1, [3]), (0, [2]), (0, [0])]
    for _ in range(3):
        found.run(updates, 1, steps_of(optimiser, 5))
        for which, (i,) in updates:
            optimiser.zero_grad()
            others[which](samples(4, lengths[which], lengths[which])[i]).backward()
            optimiser.step()
    assert found.numbers == pytest.approx([p.data for p in ps], rel=1e-12)


@every_rule
def test_minibatches_give_means(rule):
    ps, program = parted(COUNT)
    xs = samples(9, COUNT, 2)
    optimiser, found = descent(rule, program.load(xs))
    batches = [[0, 3, 8], [1], [2, 4, 5, 6, 7]]
    values = found.run([(0, batch) for batch in batches], 1, steps_of(optimiser, 3))
    for batch, (value,) in zip(batches, values):
        z = sum([dot(ps, xs[i]) + 0.25 for i in batch]) / len(batch)
        optimiser.zero_grad()
        z.backward()
        optimiser.step()
        assert value == pytest.approx(z.data, rel=1e-12)
    assert found.numbers == pytest.approx([p.data for p in ps], rel=1e-12)


@every_rule
@pytest.mark.parametrize("fault", [math.nan, math.inf, 1e308])
def test_where_a_number_is_no_longer_finite_all_is_as_it_was(rule, fault):
    _, program = parted(COUNT)
    xs = samples(4, COUNT, 3)
    xs[2][5] = fault
    optimiser, found = descent(rule, program.load(xs))
    found.run([(0, [0]), (0, [1])], 1, steps_of(optimiser, 2))
    before = (found.numbers, found.gradients, found.memory)
    rates = [1e10 if i % len(optimiser.numbers_of(0)) == 0 else x for i, x in enumerate(steps_of(optimiser, 2))]
    made = found.run([(0, [2]), (0, [0])], 1, rates)
    assert made is None or rule in ("rmsprop", "adam") and fault == 1e308  # these divide by it
    if made is None:
        assert (found.numbers, found.gradients, found.memory) == before


def test_only_machine_code_descends():
    p = Value(1.0)
    with pytest.raises(ValueError, match='only the engine "native" descends in machine code'):
        record(lambda x: p * x, (1.0,), [p]).load([1.0]).place(1)
