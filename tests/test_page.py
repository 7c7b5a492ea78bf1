"""The stepper page as text: self-contained, its numbers those of `steps`, and whatever a name holds stays text."""

import base64
import html
import json
import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import HOSTILE, lecture

from scalargrad import Value, dot, exp, gate, maximum, page, sigmoid, steps, tanh
from scalargrad.__main__ import main
from scalargrad.text import number_text, width
from scalargrad.views import page_circuit, phrases
from scalargrad.views.page import PARTS, Page, template
from scalargrad.views.phrases import LANGUAGES

FOLDER = Path(phrases.__file__).parents[1]
FILES = ("page.html", *sorted(path.name for path in FOLDER.glob("page*.js")))


class Reader(HTMLParser):
    """The elements of a page, its attributes, and the text inside each kind of element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.inside, self.open = [], [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += attributes
        self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def handle_data(self, text):
        for tag in self.open:
            self.inside[tag] = self.inside.get(tag, "") + text


def staged():
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    return (x + sigmoid(y)) / (sigmoid(x) + (x + y) ** 2)


def shared_weight():
    """A long chain through one weight, which is drawn again beside its uses."""
    w, h = Value(0.5, "w"), Value(1.0, "h")
    for _ in range(80):
        h = sigmoid(h * w)
    return h


def data_of(made):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', made.html, re.DOTALL)[1])


# ---- one file ----


def test_the_page_is_one_file_without_the_network():
    text = page(lecture()).html
    reader = Reader(text)
    assert text.startswith("<!doctype html>") and "{{" not in text
    assert not {"img", "iframe", "object", "embed", "base", "form"} & set(reader.elements)
    for name, value in reader.attributes:
        assert not name.startswith("on")
        if name in ("href", "src", "xlink:href"):
            assert value == "data:,"
    for address in re.findall(r"https?://[^\"' )]+", text):
        assert address.startswith("http://www.w3.org/"), address
    assert "default-src 'none'" in text


def test_ids_are_unique_and_those_of_draw():
    ids = [value for name, value in Reader(page(staged()).html).attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {"n0", "g2", "w2", "e2_0", "n1-0"} <= set(ids)


def test_ids_are_unique_where_a_leaf_is_drawn_again():
    ids = [value for name, value in Reader(page(shared_weight(), limit=900).html).attributes if name == "id"]
    assert len(ids) == len(set(ids)) and [name for name in ids if re.fullmatch(r"n1_\d+", name)]


def test_every_phrase_of_the_files_is_there_and_none_is_idle():
    files = "".join((FOLDER / name).read_text(encoding="utf-8") for name in FILES)
    said = {f"page {name}" for name in re.findall(r"\{\{([\w ]+)\}\}", files)} & phrases.LANGUAGES["en"].keys()
    said |= set(re.findall(r'"(page [a-z ]+)"', files + (FOLDER / "page.py").read_text(encoding="utf-8")))
    said |= {f"page {phase} step" for phase in ("forward", "backward")}
    said |= {f"page spoken {phase}" for phase in ("start", "forward", "backward")}
    said |= {f"page {mark}" for mark in ("wrong", "coarse", "unread", "first try", "later try", "tell try")}
    said |= {f"page mistake {kind}" for kind in ("fork", "gate", "upstream", "sign", "other")}
    assert said == {key for key in phrases.LANGUAGES["en"] if key.startswith("page ")}


def test_the_same_graph_gives_the_same_bytes():
    one, other = staged(), staged()
    assert page(one, names={"f": one}).html == page(other, names={"f": other}).html


def test_the_terminal_does_not_change_the_page(monkeypatch):
    text = page(lecture()).html
    monkeypatch.setattr(phrases, "times", lambda: "x")
    assert page(lecture()).html == text


# ---- its numbers ----


@pytest.mark.parametrize("root", [lecture(), staged()])
def test_the_numbers_are_those_of_steps(monkeypatch, root):
    monkeypatch.setattr(phrases, "times", lambda: "\u00d7")
    seen = steps(root)
    circuit = data_of(page(root))["circuits"][0]
    assert circuit["turn"] == sum(step.phase == "forward" for step in seen)
    for step, shown in zip(seen, circuit["steps"], strict=True):
        cells = step.cells
        assert f"{shown['name']} = {shown['formula']}" == cells[0]
        if step.phase == "forward":
            assert (f"= {shown['numbers']}", f"= {shown['output']}") == cells[1:]
        else:
            assert shown["slope"] == cells[1]
            assert f"{shown['upstream']} \u00d7 {shown['local']} = {shown['downstream']}" == cells[2]
            phrase = phrases.LANGUAGES["en"]["adds up" if shown["adds_up"] else "first"]
            total = {"parent": shown["to"], "before": shown["before"], "after": shown["after"]}
            assert phrase.format(added=shown["added"], **total) == cells[3]


def test_the_values_are_those_of_the_engine():
    root = staged()
    values = data_of(page(root))["circuits"][0]["values"]
    seen = steps(root)
    root.backward()
    for node, value in zip(seen.order, values, strict=True):
        assert value["gradient"] == node.grad
        assert (value["data"], value["grad"]) == (number_text(node.data), number_text(node.grad))


def test_the_picture_has_the_numbers_where_no_script_runs():
    text = Reader(page(lecture()).html).inside
    assert re.findall(r"-?\d+", text["svg"].split("x", 1)[1])[:2] == ["-2", "-4"]
    assert "adds up" not in text["table"] and "1 \u00d7 -4 = -4" in text["table"]


def test_no_gradient_of_the_graph_changes():
    f = lecture()
    page(f)
    assert f.grad == 0.0


def test_infinite_gradients_are_said():
    x = Value(1e308, "x")
    values = data_of(page(x * 1e-10, upstream=math.inf))["circuits"][0]["values"]
    assert [value["gradient"] for value in values] == ["Infinity", "Infinity"]


def test_a_box_has_room_for_every_number_it_holds():
    x = Value(3.0, "x")
    y = x / 3.0 + x * (2.0 / 3.0)
    made = page(y)
    assert data_of(made)["circuits"][0]["values"][0]["grad"] == "1"
    (wide,) = {
        after for s in data_of(made)["circuits"][0]["steps"] if s.get("parent") == "n0" for after in [s["after"]]
    } - {"1"}
    assert len(wide) > 5
    box = re.search(r'id="n0".*?<path [^>]*d="([^"]+)"', made.html, re.DOTALL)[1]
    xs = [float(x) for x in re.findall(r"(-?[\d.]+),", box)]
    assert max(xs) - min(xs) > 6.6 * len(wide)


# ---- roots, upstream, names, code ----


def test_several_roots():
    x = Value(2.0, "x")
    a, b = x * 3.0, x * x
    circuit = data_of(page([a, b], upstream=[2.0, -1.0], names={"a": a, "b": b}))["circuits"][0]
    assert sorted(circuit["starts"].values()) == ["-1", "2"]
    assert circuit["results"] == ["x.grad = 2"]
    made = page([a, b], upstream=[2.0, -1.0], names={"a": a, "b": b})
    assert "da = 2.0" in made.html and "db = -1.0" in made.html and made.html.count("a, b: forward and backward") == 2


def test_a_leaf_alone():
    circuit = data_of(page(Value(3.0, "x")))["circuits"][0]
    assert (circuit["steps"], circuit["starts"], circuit["turn"]) == ([], {"n0": "1"}, 0)


def test_the_lines_of_the_code_go_with_the_steps():
    made = page(lecture())
    program = Reader(made.html).inside["pre"]
    lines = [
        html.unescape(line)
        for line in re.findall(r"<span[^>]*>(.*?)</span>", made.html.split("<pre")[1].split("</pre")[0])
    ]
    lines = [re.sub("</?var>", "", line) for line in lines]
    assert "".join(lines) == program
    lit = [[lines[i].split("  ")[0] for i in step["lines"]] for step in data_of(made)["circuits"][0]["steps"]]
    assert lit == [["q = x + y"], ["f = q * z"], ["dq = z * df"], ["dz = q * df"], ["dx = dq"], ["dy = dq"]]


def test_the_lines_of_a_gate_of_your_own_are_all_its_gates():
    @gate
    def swish(x):
        return x * x.sigmoid()

    x = Value(1.0, "x")
    recorded, apart = data_of(page(swish(x) * 2.0))["circuits"]
    assert len(recorded["steps"][0]["lines"]) == 2 and len(recorded["steps"][1]["lines"]) == 1
    assert [len(step["lines"]) for step in recorded["steps"] if step["phase"] == "backward"] == [1, 3]
    assert all(len(step["lines"]) == 1 for step in apart["steps"])


def test_a_program_of_the_users():
    code = "q = x + y\nf = q * z\n# back\ndq = z\ndz = q\ndx = dq\ndy = dq <&>"
    made = page(lecture(), code=code)
    assert [step["lines"] for step in data_of(made)["circuits"][0]["steps"]] == [[0], [1], [3], [4], [5], [6]]
    assert "dy = dq &lt;&amp;&gt;" in made.html
    assert "<pre" not in page(lecture(), code="").html


def test_a_graph_without_code_says_why():
    x = Value(2.0, "x")
    y = x * 3.0
    x.data = 5.0
    assert "has no code to show: x was changed" in page(y).html


# ---- taken apart ----


def test_composite_gates_are_taken_apart():
    recorded, apart = data_of(page(staged()))["circuits"]
    assert recorded["summary"] == "9 values, 7 gates, 18 steps"
    assert len(apart["steps"]) > len(recorded["steps"])
    assert {step["owner"] for step in apart["steps"]} == {step["owner"] for step in recorded["steps"]}
    final = {v["name"]: v["gradient"] for v in recorded["values"] if v["name"] in "xy"}
    for value in apart["values"]:
        if value["name"] in final:
            assert math.isclose(value["gradient"], final[value["name"]], rel_tol=1e-12)


@pytest.mark.parametrize("root", [lecture(), exp(Value(1.0)), sigmoid(Value(-1000.0))])
def test_one_circuit_where_nothing_can_be_taken_apart(root):
    assert len(data_of(page(root))["circuits"]) == 1


def test_one_circuit_where_the_other_is_too_large():
    root = dot([Value(1.0) for _ in range(20)], [Value(2.0) for _ in range(20)])
    assert len(data_of(page(root, limit=50))["circuits"]) == 1
    assert len(data_of(page(root, limit=100))["circuits"]) == 2


def test_constants_have_no_box():
    x = Value(-0.5, "x")
    recorded, apart = data_of(page(abs(maximum(x, 0.25)) * tanh(x)))["circuits"]
    assert all(step["edge"] for step in recorded["steps"] if step["phase"] == "backward")
    boxes = {value["box"] for value in apart["values"]}
    assert all(
        step["parent"] is None or step["parent"] in boxes for step in apart["steps"] if step["phase"] == "backward"
    )


# ---- hostile names ----


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_names_stay_text(label):
    x = Value(1.0, label)
    as_wide = "".join(["", "x", "字"][width(c)] for c in steps(x).names[x])
    plain = Reader(page(sigmoid(Value(1.0, as_wide)) * Value(2.0, as_wide)).html)
    made = page(sigmoid(x) * Value(2.0, label), code=f"{label} = 1")
    reader = Reader(made.html)
    drop = {"span", "var"}
    assert [e for e in reader.elements if e not in drop] == [e for e in plain.elements if e not in drop]
    assert data_of(made)["circuits"][0]["values"][0]["name"] == steps(x).names[x]
    assert reader.inside["script"].count("\u2028") == 0
    made.html.encode(errors="replace")


def test_a_hostile_gate_stays_text():
    strange = gate(lambda x: 2.0 * x, rule=lambda z, x: (2.0,), name="g", symbol="</svg><b>&|{}")
    assert "</svg><b>" not in page(strange(Value(1.0, "x"))).html


# ---- limits, saving, notebooks, the command line ----


def test_a_page_says_where_it_was_written(tmp_path):
    x = Value(2.0)
    made = page(x * x, tmp_path / "r.html")
    assert repr(made) == f"<Page of 2 values, 1 gate, 3 steps; written to {tmp_path / 'r.html'}>"
    assert "2 values, 1 gate, 3 steps" in made.html and "2 个值，1 个门，3 步" in page(x * x, lang="zh").html


def test_several_roots_come_in_a_list():
    x = Value(2.0)
    with pytest.raises(TypeError, match=r"several roots come in a list, page\(\[f, g\]\)"):
        page(x * 2, x * 3)


def test_a_graph_that_is_too_large_is_refused():
    x = Value(1.0)
    for _ in range(600):
        x = x + 1.0
    with pytest.raises(ValueError, match=r"601 values is too large.*limit=500.*around=x"):
        page(x)


@pytest.mark.parametrize("root", [3.0, None, [], ["x"]])
def test_only_values_have_a_page(root):
    with pytest.raises(TypeError, match="expected a Value"):
        page(root)


def test_save(tmp_path):
    made = page(lecture(), tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == made.html
    assert made.save(tmp_path / "b.HTM") == tmp_path / "b.HTM"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.HTM"]
    with pytest.raises(ValueError, match="saved as .html"):
        made.save(tmp_path / "a.svg")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "a.html"
    target.write_text("old")
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        page(lecture()).save(target)
    assert target.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_notebook_shows_it_in_a_frame():
    made = page(staged())
    tag, inside = made._repr_html_().removesuffix("</iframe>").split('">', 1)
    frame = Reader(f'{tag}">')
    assert frame.elements == ["iframe"]
    assert dict(frame.attributes)["srcdoc"] == made.html
    assert dict(frame.attributes)["sandbox"] == "allow-scripts"
    assert "box-sizing:border-box;width:100%" in dict(frame.attributes)["style"]  # no wider than the cell
    assert "</iframe>" not in inside
    assert repr(made) == "<Page of 9 values, 7 gates, 18 steps; .save('circuit.html') writes it>"


@pytest.mark.parametrize("lang, told", [("en", "trust this notebook"), ("zh", "\u4fe1\u4efb\u6b64\u7b14\u8bb0\u672c")])
def test_a_notebook_that_is_not_trusted_shows_what_stands_in_the_frame(lang, told):
    made = page(lecture(), lang=lang)
    inside = made._repr_html_().removesuffix("</iframe>").split('">', 1)[1]
    instead = Reader(inside)
    assert {"p", "img", "table"} <= {*instead.elements} and not {"script", "svg", "style"} & {*instead.elements}
    assert told in instead.inside["p"] and "1 \u00d7 -4 = -4" in instead.inside["table"]
    kind, data = dict(instead.attributes)["src"].split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    boxes = ET.fromstring(base64.b64decode(data)).iter("{http://www.w3.org/2000/svg}text")
    assert ["x", "-2", "-4"] == [box.text for box in boxes][:3]


@pytest.mark.parametrize("make, times", [(lambda made: made.html, 1), (Page._repr_html_, 2)])
def test_no_picture_is_read_or_written_more_often_than_it_is_shown(monkeypatch, make, times):
    """A page shows the circuit and the one taken apart; a notebook, below it, the circuit once more."""
    calls = Counter()

    def counted(room, name):
        does = getattr(room, name)
        monkeypatch.setattr(room, name, lambda *given, **options: calls.update([name]) or does(*given, **options))

    counted(page_circuit, "lay_out")
    counted(ET, "fromstring")
    counted(ET, "tostring")
    assert make(page(staged()))
    assert calls == {"lay_out": 2, "fromstring": 1 + times, "tostring": 1 + times}


def test_what_all_pages_have_is_read_once():
    assert template("en") is template("en") and template("zh") != template("en")


def test_a_notebook_never_sees_an_error(monkeypatch):
    monkeypatch.setattr("scalargrad.views.layout.machine", lambda: None)
    monkeypatch.setenv("PATH", "")
    made = page(lecture())
    assert made._repr_html_() is None
    with pytest.raises(RuntimeError, match="install"):
        made.html  # noqa: B018


def test_the_command_line_writes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["f = x * y", "x=2", "y=3", "--html", "a.html"]) == 0
    assert (tmp_path / "a.html").exists() and "page      a.html" in capsys.readouterr().out
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)) or True)
    assert main(["f = x * y", "x=2", "y=3", "--open"]) == 0
    assert opened == [(tmp_path / "circuit.html").as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    assert main(["f = x * y", "x=2", "y=3", "--open"]) == 2
    assert "by hand" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--html", "a.svg"], ["--html", ""], ["--html", "no/where/a.html"], ["--html", "."]]
)
def test_the_command_line_refuses_in_words(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(["x * 2", "x=1", *arguments]) == 2
    assert capsys.readouterr().err.startswith("scalargrad: ")
    assert list(tmp_path.iterdir()) == []


def test_the_template_has_a_mark_for_every_part_and_no_other():
    """Scripts and styles are filled in before the parts of a page are: nothing in them may look like a mark."""
    for lang in LANGUAGES:
        marks = re.findall(r"\{\{.*?\}\}", template(lang))
        assert sorted(marks) == sorted(f"{{{{{part}}}}}" for part in (*PARTS, "title"))
