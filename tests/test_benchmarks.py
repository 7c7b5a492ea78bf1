"""The benchmarks' own machinery: arithmetic, agreement, what is missing, what fails, and how tables look.

No time is asserted here.  Peers are stood in for by a module `micrograd` of the test's own, which the processes import.
"""

import json
import math
import re
import sys

import pytest
from benchmarks import __main__ as command, gpt, runner, tables
from benchmarks.gpt_arrays import Numpy
from benchmarks.runner import Result, Spread, compared, disagreement
from benchmarks.work import Done, Way, Work, mean_time, measure, trained

NOTHING = Way(lambda: Done([]))
WORK = Work("work", "what is done", {"first": NOTHING, "second": NOTHING})
ENGINE = """
class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents
    def __add__(self, other):
        return Value(self.data + other.data, (self, other))
    def __mul__(self, other):
        return Value(self.data * other.data, (self, other))
    def backward(self):  # of (x + y) z alone
        (x, y), z = self.parents[0].parents, self.parents[1]
        x.grad, y.grad, z.grad = z.data, z.data, SLOPE
"""


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """Makes a module micrograd that finds such a gradient of z."""

    def make(engine):
        (tmp_path / "micrograd").mkdir()
        (tmp_path / "micrograd" / "__init__.py").touch()
        (tmp_path / "micrograd" / "engine.py").write_text(engine)
        monkeypatch.delitem(sys.modules, "micrograd", raising=False)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return make


def product(*options):
    return command.main(["--only", "product", "scalargrad", "--quick", "--seconds", "0.001", *options])


def processes(*times, answer=(1.0,)):
    return [{"time": time, "answer": answer} for time in times]


# ---- arithmetic ----


def test_median_and_quartiles():
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0, 5)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0, 1)


def test_ratios_are_of_medians_to_the_first():
    first, second = compared(WORK, {"first": processes(4.0, 6.0, 50.0), "second": processes(2.0, 3.0, 1.0)})
    assert (first.times, second.times) == (1.0, 3.0)
    assert first.figures["time"].median == 6.0


def test_where_the_first_is_not_installed_the_next_is_compared_with():
    first, second = compared(WORK, {"first": None, "second": processes(2.0)})
    assert first.missing and not first.figures
    assert (second.times, second.difference, second.fault) == (1.0, 0.0, "")


def test_disagreement_is_in_parts_of_the_largest():
    assert disagreement([1.0, -8.0], [1.0, -10.0]) == 0.2
    assert disagreement([], []) == disagreement([0.0], [0.0]) == 0.0
    assert disagreement([1.0], [1.0, 2.0]) == disagreement([math.nan], [1.0]) == math.inf


def test_one_process_of_several_that_disagrees_is_a_fault():
    found = {"first": processes(1.0), "second": [*processes(1.0), *processes(1.0, answer=(1.0 + 1e-9,))]}
    first, second = compared(WORK, found)
    assert not first.fault
    assert "other gradients than first: they differ by 1.0e-09" in second.fault and not second.figures


def test_measuring_calls_the_step_again_and_divides_by_its_units():
    calls = []
    measured = measure(Way(lambda: Done([2.0], lambda: calls.append(1), 10**9, {"compile": 3.0})), 0.001)
    assert calls and measured.pop("time") < 1e-6
    assert measured == {"answer": [2.0], "compile": 3.0}
    assert mean_time(lambda: None, 0.0001) > 0.0


def test_a_work_has_a_clock_of_its_own():
    ticks = iter(range(100))
    measured = measure(Way(lambda: Done([], lambda: None)), 3.0, lambda: float(next(ticks)))
    assert measured["time"] == 3.0 / (1 + 1 + 2)  # the calls between four looks at the clock


def test_the_gpt_by_hand_finds_the_gradients_of_the_engine():
    pytest.importorskip("numpy")
    size = gpt.ONE_LAYER
    model = gpt.GPT(size)
    loss = gpt.loss_of([model(gpt.TEXTS[3])], [gpt.LABELS[3]])
    loss.backward()
    by_hand = Numpy(size.start, size.shapes, size.heads)
    assert by_hand.loss(gpt.TEXTS[3], gpt.LABELS[3]) == pytest.approx(loss.data, rel=1e-13)
    assert by_hand.gradients.tolist() == pytest.approx([p.grad for p in model.parameters()], rel=1e-9, abs=1e-15)


def test_a_training_answers_with_its_first_step_and_goes_on_with_rate_0():
    p, rates = [5.0], []

    def step(rate):
        rates.append(rate)
        p[0] -= rate * 3.0

    done = trained(step, lambda: [*p], 7, compile=1.0)
    done.step()
    assert [round(x, 9) for x in done.answer] == [3.0]
    assert (rates[1:], done.units, done.others) == ([0.0], 7, {"compile": 1.0})


# ---- processes ----


def test_one_prints_json():
    measured = runner.launch("product", "scalargrad", 0.001)
    assert measured.pop("time") > 0.0
    assert measured == {"answer": [-4.0, -4.0, 3.0]}


def test_a_process_that_fails_says_why():
    assert runner.launch("product", "nobody", 0.001) == {"error": "there is no product: nobody"}


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(runner, "MAX_SECONDS", 0.01)
    assert runner.launch("product", "scalargrad", 0.001) == {"error": "took more than 0.01 seconds"}


def test_a_peer_that_agrees(peer, capsys, tmp_path):
    peer(ENGINE.replace("SLOPE", "x.data + y.data"))
    file = tmp_path / "figures.json"
    assert product("--json", str(file)) == 0
    assert "× micrograd" in capsys.readouterr().out
    written = json.loads(file.read_text())
    assert [(each["who"], each["difference"]) for each in written["results"]] == [("micrograd", 0), ("scalargrad", 0)]
    assert written["versions"]["scalargrad"] and "CPython" in written["machine"]


def test_a_wrong_gradient_is_an_error_and_no_figure(peer, capsys):
    peer(ENGINE.replace("SLOPE", "x.data + y.data + 1e-9"))
    assert product() == 1
    out = capsys.readouterr().out
    told = "FAILED product: scalargrad: other gradients than micrograd: they differ by 2.5e-10 of the largest"
    assert told in " ".join(out.split())
    assert not re.search("^scalargrad .*s ", out, re.M)


def test_a_peer_that_fails_is_reported_with_its_error(peer, capsys):
    peer("raise RuntimeError('out of order')")
    assert product("--markdown") == 1
    assert "FAILED product: micrograd: RuntimeError: out of order" in capsys.readouterr().out


def test_a_peer_that_is_not_installed_is_no_error(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "micrograd", None)
    assert product() == 0
    out = capsys.readouterr().out
    assert "not installed: micrograd; pip install micrograd" in out
    assert "× scalargrad" in out


@pytest.mark.parametrize(
    "arguments, told",
    [
        ("--only product nothing", "no work has all of product nothing in its name"),
        ("--json no/such/folder", "no/such/folder: there is no such folder"),
        ("--only chain --plot cost.txt", "--plot writes .png, .svg, .pdf, not cost.txt"),
        ("--only product --plot cost.png", "--plot shows the cost against size"),
        ("--repeats 0", "argument --repeats: invalid"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_measured(arguments, told, capsys, monkeypatch):
    monkeypatch.setattr(command, "collect", None)
    with pytest.raises(SystemExit) as error:
        command.main(arguments.split())
    assert error.value.code == 2
    assert told in capsys.readouterr().err


# ---- tables ----


def test_numbers_have_three_digits():
    assert [tables.quantity(x, "s") for x in (1.5, 0.99996, 0.808, 1.17e-5, 4.69e-10)] == [
        "1.50 s",
        "1.00 s",
        "808 ms",
        "11.7 µs",
        "0.47 ns",
    ]
    assert tables.quantity(1007.6, "B") == "1,008 B"
    assert [tables.percent(Spread(2.0, 1.9, 2.1, 5)), tables.percent(Spread.of([2.0]))] == ["10 %", "-"]


def test_a_table_is_aligned_and_fits_a_terminal():
    work = WORK._replace(figures=("time", "compile"))
    fast = [{"time": 1e-6, "compile": 0.25, "answer": [1.0 + 1e-15]}]
    text = tables.terminal(compared(work, {"first": processes(2e-3, 2e-3, 3e-3), "second": fast}))
    assert text.endswith(
        "work: what is done\n"
        "           time  spread  × first  differs  compile\n"
        "first   2.00 ms    25 %     1.00        -        -\n"
        "second  1.00 µs       -    2,000    1e-15   250 ms"
    )
    assert max(map(len, text.splitlines())) <= tables.WIDTH
    assert "the median of 3 processes" in " ".join(text.split())  # where a line ends, the name of the machine decides


def test_markdown_has_a_table_for_each_group_with_a_column_for_each_work_and_figure():
    both = dict.fromkeys(["micrograd", "torch 0-d"], NOTHING)
    found = {who: processes(time) for who, time in zip(both, (8.0, 4.0))}
    first = compared(WORK._replace(ways=both, group="Some"), found)
    other = WORK._replace(name="other", ways={"fit, native": NOTHING}, figures=("time", "compile"), group="Some")
    second = compared(other, {"fit, native": [{"time": 1e-3, "compile": 2.0, "answer": []}]})
    third = compared(WORK._replace(name="last", ways=both, group="More"), {**found, "torch 0-d": None})
    assert tables.markdown([*first, *second, *third]).splitlines()[:13] == [
        "Some:",
        "",
        "|  | work | other | compile |",
        "|---|---:|---:|---:|",
        "| micrograd | 8.00 s (1.00 ×) |  |  |",
        "| torch 0-d | 4.00 s (2.00 ×) |  |  |",
        "| fit, native |  | 1.00 ms (1.00 ×) | 2.00 s |",
        "",
        "More:",
        "",
        "|  | last |",
        "|---|---:|",
        "| micrograd | 8.00 s (1.00 ×) |",
    ]


def test_figures_are_put_in_the_place_of_those_of_the_same_python(tmp_path):
    file = tmp_path / "README.md"
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    begin, end = f"<!-- figures of Python {python} -->", f"<!-- end of the figures of Python {python} -->"
    others = "<!-- figures of Python 2.7 -->\n\nother\n\n<!-- end of the figures of Python 2.7 -->"
    file.write_text(f"# µ\n{others}\n{begin}\n\nold\n\n{end}\nafter\n", encoding="utf-8")
    for new in ("new µs", "newer"):
        tables.put_into(file, new)
        assert file.read_text(encoding="utf-8") == f"# µ\n{others}\n{begin}\n\n{new}\n\n{end}\nafter\n"
    file.write_text(f"{begin}\nwithout an end")
    with pytest.raises(ValueError, match=f"README.md has no lines {begin} and {end}"):
        tables.put_into(file, "new")
    assert file.read_text() == f"{begin}\nwithout an end"


def test_sizes_stand_side_by_side_and_growth_is_over_ten_thousand():
    times = {100: 3e-6, 10_000: 2e-6, 1_000_000: 5e-6}
    results = [
        Result(WORK._replace(name=f"chain of {n}", size=n), "first", {"time": Spread.of([time])})
        for n, time in times.items()
    ]
    assert tables.sizes(results) == [
        ["gates", "100", "10,000", "1,000,000", "growth"],
        ["first", "3.00 µs", "2.00 µs", "5.00 µs", "2.50"],
    ]
    assert "chain of every size: what is done" in tables.terminal(results)


def test_every_work_has_a_name_of_its_own_and_somebody_to_do_it():
    assert len({work.name for work in command.WORKS}) == len(command.WORKS)
    assert all(work.ways for work in command.WORKS)


def test_the_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from benchmarks.plot import plot

    results = [
        Result(WORK._replace(name=f"{kind} of {n}", size=n), "scalargrad", {"time": Spread(1e-6, 9e-7, 2e-6, 5)})
        for kind in ("chain", "random graph")
        for n in (100, 1000)
    ]
    text = plot(results, str(tmp_path / "cost.svg")).read_text()
    assert text.lstrip().startswith("<?xml") and "</svg>" in text
