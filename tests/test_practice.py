"""Practice: its levels as data, its one file, and in a browser circuits that a twin of the script draws as well."""

import re
from urllib.parse import urlsplit

import pytest
from test_page import Reader

from scalargrad import evaluate, language
from scalargrad.__main__ import main
from scalargrad.graph import topological_order
from scalargrad.practice import LEVELS, practice_html, save_practice
from scalargrad.practice.levels import choices, expression, inputs
from scalargrad.table import maximum, minimum, relu, sigmoid, tanh

# ---- a twin of the script ----


def mulberry32(state):
    """The same generator as the script's, with Python's integers."""

    def product(a, b):
        return a * b & 0xFFFFFFFF

    def below(count):
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = product(state ^ state >> 15, state | 1)
        t ^= (t + product(t ^ t >> 7, t | 61)) & 0xFFFFFFFF
        return (t ^ t >> 14) % count

    return below


def drawn(number, seed):
    """The circuit of a link: its root after backward, its expression, and {name: number} of its inputs."""
    level, below = LEVELS[number - 1], mulberry32(seed * 8 + number)
    shape = level.shapes[below(len(level.shapes))]
    chosen = {name: gates[below(len(gates))] for name, gates in choices(shape).items()}
    text = expression(shape, chosen)
    order = topological_order([evaluate(text, dict.fromkeys(inputs(shape), 1.0))])
    for _ in range(1000):
        numbers = {leaf.label: below(2 * level.most) - level.most for leaf in order if not leaf.gate}
        numbers = {name: x + (x >= 0) for name, x in numbers.items()}  # from -most to most, without 0
        root = evaluate(text, numbers)
        root.backward()
        if is_fair(root):
            return root, text, numbers
    raise AssertionError(f"nothing fair in {text}")


def is_fair(root):
    nodes = topological_order([root])
    for node in nodes:
        x, *others = (parent.data for parent in node.parents) if node.gate else (None,)
        if node.gate in (maximum, minimum) and x == others[0] or node.gate is relu and x == 0:
            return False
        if node.gate in (sigmoid, tanh) and abs(x) > 2:
            return False
    zeros = [node for node in nodes if node.grad == 0]
    return all(abs(node.data) <= 50 for node in nodes) and 2 * len(zeros) <= len(nodes)


def test_the_twin_gives_what_is_published_of_its_generator():
    """The first numbers of mulberry32 from the seed 0, as fractions of 2 ** 32."""
    below = mulberry32(0)
    assert [below(2**32) / 2**32 for _ in range(3)] == [
        *(0.26642920868471265, 0.0003297457005828619, 0.2232720274478197),
    ]


# ---- the levels ----


def all_expressions():
    for level in LEVELS:
        for shape in level.shapes:
            most = max(map(len, choices(shape).values()))
            for i in range(most):
                yield level, expression(shape, {name: gates[i % len(gates)] for name, gates in choices(shape).items()})


@pytest.mark.parametrize(("level", "text"), list(all_expressions()))
def test_a_shape_has_one_gate_in_each_statement(level, text):
    names = sorted(set(re.findall(r"\b[a-z]\b", text)))
    root = evaluate(text, {name: 1.0 for name in names if f"{name} =" not in text})
    gates = [node for node in topological_order([root]) if node.gate]
    assert [node.label for node in gates] == [part.split(" = ")[0].strip() for part in text.split(";")]


def test_levels_have_what_they_are_called():
    texts = {level.name: [text for one, text in all_expressions() if one is level] for level in LEVELS}
    assert all(text.count(";") == 1 for text in texts["two gates"])
    for text in texts["a fork"]:
        right = " ".join(re.findall(r"= ([^;]*)", text))
        assert any(right.count(name) > 1 for name in re.findall(r"\b[a-z]\b", right)), text
    assert all("relu" in text or "imum" in text for text in texts["max and relu"])
    assert all(re.search(r"f = (sigmoid|tanh|relu)\(s\)$", text) for text in texts["a neuron"])
    assert all(len(re.findall(r"sigmoid|tanh|relu", text)) == 2 for text in texts["two layers"])


@pytest.mark.parametrize("number", range(1, len(LEVELS) + 1))
def test_a_level_draws_many_circuits(number):
    circuits = [drawn(number, seed) for seed in range(1, 201)]
    assert len({text for _, text, _ in circuits}) >= len(LEVELS[number - 1].shapes) * 2
    assert len({(text, *numbers.values()) for _, text, numbers in circuits}) >= 100
    for _, _, numbers in circuits:
        assert all(0 < abs(x) <= LEVELS[number - 1].most for x in numbers.values())


# ---- the file ----


def test_practice_is_one_file_without_the_network():
    text = practice_html()
    reader = Reader(text)
    assert "{{" not in text and "default-src 'none'" in text and len(text) < 320_000
    assert not {"img", "iframe", "object", "embed", "base", "form", "link"} - {"link"} & set(reader.elements)
    assert {value for name, value in reader.attributes if name in ("href", "src")} == {"data:,"}
    assert {urlsplit(address).hostname for address in re.findall(r"https?://[^\"' )]+", text)} <= {"www.w3.org"}
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert "does not run here" in reader.inside["p"]


def test_practice_in_chinese(tmp_path):
    with language("zh"):
        text = practice_html()
    assert text == practice_html("zh") and '<html lang="zh">' in text and "<title>练习：手算梯度</title>" in text
    assert save_practice(tmp_path / "practice.html", "zh").read_text(encoding="utf-8") == text
    with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
        practice_html("fr")


def test_practice_is_saved_as_html(tmp_path):
    with pytest.raises(ValueError, match="practice can be saved as .html, not as"):
        save_practice(tmp_path / "practice.pdf")
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["--practice", "practice.html", "--lang", "zh"]) == 0
    assert capsys.readouterr().out == "练习      practice.html，用浏览器打开\n"
    assert (tmp_path / "practice.html").read_text("utf-8") == practice_html("zh")
    assert main(["x * y", "x=2", "y=3", "--practice", "b.html", "--lang", "en"]) == 2
    assert "--practice does not go with 'x * y'" in capsys.readouterr().err
    assert not (tmp_path / "b.html").exists()
