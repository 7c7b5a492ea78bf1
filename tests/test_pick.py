"""`pick`: the value at an index that is itself a value, in every view and engine; and embeddings, made of picks."""

from __future__ import annotations

import random
import re

import pytest

from scalargrad import (
    Value,
    backprop_code,
    check_gradients,
    explain,
    gradient,
    latex,
    load_graph,
    nn,
    page,
    pick,
    record,
    save_graph,
    steps,
    tree,
)
from scalargrad.table import GATES

ENGINES = {"python": "", "numpy": "numpy", "jax": "jax", "native": "llvmlite"}
every_engine = pytest.mark.parametrize("engine", ENGINES)
NAMES = {"en": "the value at the index", "zh": "下标所指的值"}


@pytest.fixture
def engine_at_hand(engine):
    if ENGINES[engine]:
        pytest.importorskip(ENGINES[engine], reason=f"{ENGINES[engine]} is not installed")
    return engine


def picked(index=1.0):
    a, b, c, i = Value(2.0, "a"), Value(-3.0, "b"), Value(5.0, "c"), Value(index, "i")
    return pick([a, b, c], i), a, b, c, i


def test_the_gradient_goes_to_the_value_at_the_index():
    f, a, b, c, i = picked()
    (f * 4.0).backward()
    assert f.data == -3.0 and [x.grad for x in (a, b, c, i)] == [0.0, 4.0, 0.0, 0.0]


@pytest.mark.parametrize("index", [2, 2.0])
def test_a_plain_index_needs_no_gate(index):
    row = [Value(1.0), Value(2.0), Value(3.0)]
    assert pick(row, index) is row[2] and pick([1.5, 2.5, 3.5], index) == 3.5


@pytest.mark.parametrize("index", [3.0, -1.0, 0.5, float("nan"), float("inf")])
def test_an_index_that_does_not_fit_is_refused_with_its_label_and_its_number(index):
    words = f"pick: inputs {{}} = {index!r}, a = 2.0, b = -3.0, {{}} do not fit: an index is whole"
    with pytest.raises(ValueError, match=f"^{re.escape(words.format('i', 'c = 5.0'))}"):
        picked(index)
    with pytest.raises(ValueError, match=f"^{re.escape(words.format('index', 'x3 = 5.0'))}"):
        pick([Value(2.0, "a"), Value(-3.0, "b"), 5.0], index)


def test_what_is_no_list_and_what_is_no_index():
    with pytest.raises(ValueError, match="do not fit"):
        pick([], Value(0.0))
    with pytest.raises(TypeError, match="pick takes a list of values, as in .*, not Value"):
        pick(Value(1.0), 0)
    with pytest.raises(TypeError, match="a truth value is no number here"):
        pick([Value(1.0), Value(2.0)], True)


# ---- looked at ----


def test_its_spelling():
    f, *_ = picked()
    names = {"f": f}
    f.backward()
    assert "f = (a, b, c)[i]" in str(steps(f, names=names)) and "(a, b, c)[i]" in str(tree(f, names=names))
    assert "df/db = 1 - (abs(i - 1) > 0) = 1" in str(steps(f, names=names))
    assert r"\mathbf{1}(|i - 1| > 0)" in latex(f, names=names).replace(r"\operatorname{abs}(i - 1)", "|i - 1|")
    assert GATES["pick"].form(None).rule(f.data, 1.0, 2.0, -3.0, 5.0) == (0.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize("lang", NAMES)
def test_it_is_explained_in_words(lang):
    f, a, b, c, i = picked()
    f.backward()
    assert page(f, names={"f": f}, lang=lang).html.count(NAMES[lang]) >= 4
    for x in (a, c, i):
        why = explain(x, f, names={"f": f}, lang=lang)
        assert why.causes[0].code == "not picked" and why.causes[0].node is f
        assert {"en": "the value at index 1, and", "zh": "下标 1 所指的值"}[lang] in str(why)


def test_code_files_and_gradients_of_gradients(tmp_path):
    f, a, b, c, i = picked()
    g = f * f * a
    g.backward()
    variables = backprop_code(g, names={"f": f, "g": g}).run()
    assert [variables[f"d{x}"] for x in "abc"] == [x.grad for x in (a, b, c)] == [9.0, -12.0, 0.0]
    save_graph(g, tmp_path / "g.json")
    again = load_graph(tmp_path / "g.json")
    again.backward()
    assert again.data == g.data
    [by_b] = gradient(g, [b])
    [by_b_and_b] = gradient(by_b, [b])
    assert (by_b.data, by_b_and_b.data) == (-12.0, 4.0)


def test_the_checker_finds_its_slopes_right():
    assert check_gradients(lambda a, b, x: pick([a * x, b * x, x], GATES["step"](x, 0.0, 0.0)), [2.0, -3.0, 0.5])


# ---- recorded ----


@every_engine
def test_a_recorded_index_is_no_part_of_the_program(engine_at_hand):
    row = [Value(0.5), Value(-1.0), Value(2.0), Value(4.0)]
    program = record(lambda i, x: (pick(row, i) * x).tanh(), (1.0, 0.3), row, engine_at_hand, "sum")
    indices, xs = [3.0, 0.0, 3.0, 1.0, 2.0, 2.0, 0.0, 1.0, 1.0, 3.0], [0.1 * k for k in range(10)]
    value, found = program(indices, xs)
    wanted = 0.0
    for i, x in zip(indices, xs):
        f = (row[int(i)] * x).tanh()
        f.backward()
        wanted += f.data
    assert value == pytest.approx(wanted, rel=1e-13)
    assert found == pytest.approx([p.grad for p in row], rel=1e-13)


LISTS = {
    "parameters": lambda ps, x: ps,
    "computed from parameters": lambda ps, x: [p * p for p in ps],
    "computed from inputs": lambda ps, x: [p * x for p in ps],
    "one of them twice": lambda ps, x: [*ps, ps[0]],
    "numbers among them": lambda ps, x: [*ps[:3], 0.25, *ps[3:]],
}


@every_engine
@pytest.mark.parametrize("count", [5, 9, 20])
@pytest.mark.parametrize("made", LISTS.values(), ids=LISTS)
def test_programs_pick_as_values_do_from_short_lists_and_long_ones(engine_at_hand, count, made):
    """Twice from one list and once from another, also without another use of the parameters."""
    ps = [Value(0.1 * k - 0.45, f"p{k}") for k in range(count)]

    def f(i, j, x):
        some = made(ps, x)
        return pick(some, i) * x + pick(some, j).tanh() * pick(some[::-1], i)

    program = record(f, (1.0, 2.0, 0.5), ps, engine_at_hand)
    lot = random.Random(count)
    rows = [(float(lot.randrange(count)), float(lot.randrange(count)), lot.uniform(-1, 1)) for _ in range(11)]
    total_value = sum([f(*map(Value, row)) for row in rows]) / len(rows)
    total_value.backward()
    value, found = program(*map(list, zip(*rows)))
    assert value == pytest.approx(total_value.data, rel=1e-12)
    assert found == pytest.approx([p.grad for p in ps], rel=1e-12, abs=1e-15)


@every_engine
def test_a_pick_among_computed_values(engine_at_hand):
    w = [Value(0.1 * k - 0.4) for k in range(9)]

    def loss(x, label):
        return nn.softmax_loss([[p * x for p in w]], [label])

    program = record(loss, (2.0, 3.0), w, engine_at_hand)
    value, found = program([2.0], [5.0])
    f = nn.softmax_loss([[p * 2.0 for p in w]], [5])
    f.backward()
    assert value == pytest.approx(f.data, rel=1e-13) and found == pytest.approx([p.grad for p in w], rel=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "jax", "native"])
@pytest.mark.parametrize("count", [2, 12])
@pytest.mark.parametrize("index", [12.0, -1.0, 0.5, float("nan"), float("inf")])
def test_an_index_that_does_not_fit_gives_nan_where_engines_never_raise(engine_at_hand, count, index):
    row = [Value(0.5 * k) for k in range(count)]
    value, _ = record(lambda i: pick(row, i), (1.0,), row, engine_at_hand)([index])
    assert value != value


@pytest.mark.parametrize("count", [2, 12])
@pytest.mark.parametrize("index", [12.0, -1.0, 0.5, float("nan"), float("inf")])
def test_an_index_that_does_not_fit_is_an_error_of_the_engine_on_floats(count, index):
    row = [Value(0.5 * k) for k in range(count)]
    with pytest.raises(ValueError, match="pick: .* an index is whole"):
        record(lambda i: pick(row, i), (1.0,), row)([index])


def test_a_long_list_is_looked_up():
    row = [Value(0.5 * k) for k in range(9)]
    source = record(lambda i: pick(row, i), (1.0,), row).source
    assert "i0 = place(x0, 9)" in source and "t0[i0]" in source and "d0[i0] += 1.0" in source


# ---- embeddings ----


def test_an_embedding_gives_rows_of_its_parameters():
    letters = nn.Embedding(5, 3, seed=1)
    assert letters(2) == letters(2.0) == letters.W[2] and letters(2) is not letters.W[2]
    assert [p.label for p in letters(4)] == ["W[4][0]", "W[4][1]", "W[4][2]"]
    assert len(letters.parameters()) == 15 and letters.biases() == []
    assert letters.frozen()(2) == [p.data for p in letters.W[2]]
    assert repr(letters) == "Embedding(5 -> 3)"
    assert [p.data for p in nn.Embedding(5, 3, seed=1).parameters()] == [p.data for p in letters.parameters()]


@pytest.mark.parametrize("word", [5, -1, 0.5, float("nan"), Value(5.0, "word")])
def test_an_embedding_has_a_row_for_whole_numbers_alone(word):
    with pytest.raises(ValueError, match="this embedding has the rows 0 to 4, and none for|pick: inputs word = 5.0"):
        nn.Embedding(5, 3)(word)


def test_the_embedding_of_a_value_is_that_of_its_number():
    letters = nn.Embedding(5, 3, seed=1)
    one, other = letters(3), letters(Value(3.0))
    assert [x.data for x in one] == [x.data for x in other]
    other[1].backward()
    assert [p.grad for p in letters.parameters()] == [float(p is one[1]) for p in letters.parameters()]


@every_engine
def test_a_program_takes_words_as_inputs(engine_at_hand):
    letters, neuron = nn.Embedding(6, 4, seed=1), nn.Neuron(12, "tanh", seed=2)
    parameters = letters.parameters() + neuron.parameters()

    def model(words):
        return neuron([x for word in words for x in letters(word)])

    program = record(model, ([1, 2, 3],), parameters, engine_at_hand)
    for words in ([4, 0, 5], [2, 2, 2]):
        for p in parameters:
            p.grad = 0.0
        f = model(words)
        f.backward()
        value, found = program([words])
        assert value == pytest.approx(f.data, rel=1e-13)
        assert found == pytest.approx([p.grad for p in parameters], rel=1e-12, abs=1e-15)
