"""The prompt: assigning a value names it, showing one tells about its gate, and leaving it leaves nothing behind."""

import importlib
import os
import re
import select
import subprocess
import sys

import pytest

import scalargrad
from scalargrad import Value, dot, gradient, language, repl, sqrt
from scalargrad.views.phrases import say

START = "from scalargrad.repl import main; raise SystemExit(main())"
WITHOUT_IPYTHON = f"import sys; sys.modules['IPython'] = None; {START}"
LECTURE = "x, y, z = Value(-2), Value(5), Value(-4)\nq = x + y; f = q * z\n"


def session(text, encoding="utf-8", arguments=("-c", START)):
    """What a session prints on standard output, and on standard error; it must end with status 0."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=text.encode(),
        env=os.environ | {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8" if encoding == "utf-8" else encoding},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    return done.stdout.decode(encoding), done.stderr.decode(encoding)


def shown(text):
    """The lines that a session prints on standard output."""
    return session(text)[0].splitlines()


# ---- a session ----


def test_the_lecture():
    assert shown(LECTURE + "f\nf.backward()\nf\nq\n") == [
        "Value(-12.0, label='f')",
        "f = q * z    df/dq = z = -4, df/dz = q = 3",
        "Value(-12.0, grad=1.0, label='f')",
        "f = q * z    df/dq = z = -4, df/dz = q = 3",
        "Value(3.0, grad=-4.0, label='q')",
        "q = x + y    dq/dx = 1, dq/dy = 1",
    ]


@pytest.mark.parametrize("line", ["x += 1", "x = x * 2 + 1"])
def test_a_name_that_moves_on_is_borne_by_one_value(line):
    lines = shown(f"x = Value(2)\n{line}\ny = x * 3\nprint(tree(y))\n")
    assert [text.split(" = ")[0].strip() for text in lines].count("x") == 1 and lines[-1].strip() == "v1 = 2"


def test_a_chinese_sentence_follows_an_error():
    lines = "Value(-1.0, 'b').log()\nValue(2.0, 'c') + 'd'\n"
    _, err = session(lines, arguments=("-m", "scalargrad", "--repl", "--lang", "zh"))
    assert "\nlog：输入 b = -1.0，不是正数：请让它大于 0" in err
    assert session(lines)[1].count("：") == 0


def test_a_chinese_sentence_follows_an_error_in_ipython(capsys):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    repl.load_ipython_extension(shell)
    try:
        with language("zh"):
            shell.run_cell("from scalargrad import Value\nValue(-1.0, 'b').log()")
    finally:
        repl.unload_ipython_extension(shell)
    assert capsys.readouterr().err.startswith("log：输入 b = -1.0，不是正数：请")
    shell.run_cell("Value(-1.0, 'b').log()")
    assert "is not positive" in capsys.readouterr().out and shell.custom_exceptions == ()


def test_all_names_are_there_and_nothing_else():
    (line,) = shown("sorted(name for name in dir() if not name.startswith('__'))\n")
    assert line == repr(sorted(scalargrad.__all__))


def test_three_things_to_try():
    _, banner = session("")
    things = [line for line in banner.splitlines() if line.startswith("    ")]
    assert len(things) == 3 and len(banner.splitlines()) <= 8
    lines = shown("\n".join(line.strip() for line in things) + "\n")
    assert lines[:2] == ["Value(-12.0, label='f')", "f = q * z    df/dq = z = -4, df/dz = q = 3"]
    assert lines[-1] == "result    x.grad = -4, y.grad = -4, z.grad = 3"


@pytest.mark.parametrize("text", ["", "\n", "exit()\n", "import sys; sys.exit()\n", "x = Value(2)"])
def test_it_is_left_cleanly(text):
    out, err = session(text)
    assert out == "" and "Traceback" not in err


def test_an_error_is_shown_and_does_not_end_it():
    out, err = session("x = Value(-1)\nx.log()\nnothing\nx.\nx + 1\n")
    assert "ValueError: log: input x = -1.0 is not positive" in err
    assert "NameError" in err and "SyntaxError" in err
    assert out.splitlines() == ["Value(0.0)", "v1 = x + 1    dv1/dx = 1"]


def test_what_is_piped_in_may_have_blocks():
    assert shown("x = Value(3)\ndef square(a):\n    return a * a\n\ns = square(x)\ns\n")[1] == (
        "s = x * x    ds/dx = x = 3, ds/dx = x = 3"
    )


def test_the_last_result_is_the_value_itself():
    assert shown("Value(2) * 3\n_.data\n")[2:] == ["6.0"]


def test_what_is_no_value_is_shown_as_ever():
    assert shown("2 + 3\nNone\n'a'\n[Value(1)]\n") == ["5", "'a'", "[Value(1.0)]"]


def test_a_plain_terminal_gets_escapes():
    out, _ = session("x = Value(2, '\\u6743')\nx * 3\n", encoding="ascii")
    assert out.splitlines()[1] == r"v1 = \u6743 * 3    dv1/d\u6743 = 3"


def test_a_terminal_that_can_write_them_gets_names_as_they_are():
    assert shown("权 = Value(2)\n权 * 3\n")[1] == "v1 = 权 * 3    dv1/d权 = 3"


# ---- names ----


def named(**variables):
    repl.name_values(variables, {})
    return {name: value.label for name, value in variables.items() if isinstance(value, Value)}


def test_a_variable_names_its_value():
    assert named(x=Value(1), n=3) == {"x": "x"}


def test_a_label_stays():
    assert named(x=Value(1, "weight")) == {"x": "weight"}


def test_the_first_variable_wins():
    x = Value(1)
    assert named(x=x, y=x) == {"x": "x", "y": "x"}


def test_a_hidden_variable_names_nothing():
    assert named(_=Value(1), _x=Value(2)) == {"_": "", "_x": ""}


def test_a_variable_on_the_same_line_counts():
    assert shown("x = Value(2); x\n")[0] == "Value(2.0, label='x')"


# ---- sentences ----


def leaf(x, label="x"):
    return Value(x, label)


@pytest.mark.parametrize(
    "value, text",
    [
        (leaf(2) * leaf(-4, "y"), "v1 = x * y    dv1/dx = y = -4, dv1/dy = x = 2"),
        (leaf(2) * 3, "v1 = x * 3    dv1/dx = 3"),
        (leaf(0).sigmoid(), "v1 = sigmoid(x)    dv1/dx = v1 * (1 - v1) = 0.25"),
        ((leaf(2) + 1) * leaf(3, "y"), "v2 = v1 * y    dv2/dv1 = y = 3, dv2/dy = v1 = 3"),
        (leaf(2), "x    a leaf: it has no gate and no parents"),
        (Value(2), "v1    a leaf: it has no gate and no parents"),
        (leaf(2, "a\nb"), "a b    a leaf: it has no gate and no parents"),
    ],
)
def test_sentence(value, text):
    some_variable = value  # a view would call the value so; the prompt, which has no such variable, must not
    assert repl.sentence(some_variable) == text


def test_sentence_of_a_constant():
    x = Value(3, "x")
    assert repl.sentence(*gradient(x * 1, [x])) == "1    a constant: a leaf that a plain number was lifted into"


def test_sentence_of_a_gate_without_slope():
    text = repl.sentence(sqrt(Value(0, "x")))
    assert text.startswith("v1 = sqrt(x)    no local gradients: sqrt: input x = 0.0 cannot give a finite")


def test_sentence_of_a_gate_of_many_inputs():
    values = [Value(i, f"x{i}") for i in range(300)]
    text = repl.sentence(dot(values, [1.0] * 300))
    assert len(text) < 200 and text.endswith("dv1/dx5 = 1, ... (300 in all)")


def test_sentence_of_a_long_chain():
    node = Value(1, "x")
    for _ in range(20_000):
        node = node + 1
    assert repl.sentence(node) == "v20000 = v19999 + 1    dv20000/dv19999 = 1"


# ---- it leaves no trace ----


def test_the_display_hook_is_restored(capsys):
    before = sys.displayhook
    x = Value(2)
    with repl.told({"x": x}, {}):
        sys.displayhook(x)
    assert sys.displayhook is before
    assert capsys.readouterr().out == f"Value(2.0, label='x')\n{say('prompt leaf', name='x')}\n"
    with pytest.raises(KeyError), repl.told({}, {}):
        raise KeyError
    assert sys.displayhook is before


def test_importing_it_changes_nothing():
    before = sys.displayhook
    importlib.reload(repl)
    assert sys.displayhook is before
    assert repr(Value(2, "x")) == "Value(2.0, label='x')"


# ---- at a terminal ----


def at_terminal(program, keys):
    """What a terminal shows of a session in which somebody types each text after the pattern that it waits for."""
    pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
    screen, inside = pty.openpty()
    command, streams = [sys.executable, "-c", program], dict.fromkeys(["stdin", "stdout", "stderr"], inside)
    process = subprocess.Popen(command, **streams, env=os.environ | {"TERM": "dumb"}, start_new_session=True)
    os.close(inside)
    seen, start = b"", 0
    for pattern, text in keys:
        while not (found := re.search(pattern, seen[start:])):
            more = _read(screen)
            assert more, f"it left before it showed {pattern!r}: {seen!r}"
            seen += more
        start += found.end()
        os.write(screen, text.encode())
    while more := _read(screen):
        seen += more
    os.close(screen)
    assert process.wait(timeout=60) == 0, seen
    return seen.decode()


def _read(screen):
    """What comes next on the screen; nothing once the other side has left."""
    ready, _, _ = select.select([screen], [], [], 60)
    assert ready, "it hangs"
    try:
        return os.read(screen, 65536)
    except OSError:  # how a terminal says that the other side has left
        return b""


def test_at_a_terminal():
    keys = [
        (rb">>> ", "x = Value(2)\n"),
        (rb">>> ", "y = x * 3; y\n"),
        (rb"dy/dx = 3\r\n>>> ", "\x04"),
    ]
    screen = at_terminal(WITHOUT_IPYTHON, keys)
    assert "Value(6.0, label='y')" in screen and "Traceback" not in screen


def test_tab_completes():
    pytest.importorskip("readline", reason="no readline on this system")
    keys = [(rb">>> ", "x = Value(2); softp\t"), (rb"softplus\(", "x)\n"), (rb">>> ", "\x04")]
    assert "NameError" not in at_terminal(WITHOUT_IPYTHON, keys)


def test_ipython_at_a_terminal(tmp_path, monkeypatch):
    pytest.importorskip("IPython", reason="IPython is not installed")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    keys = [
        (rb"In \[1\]: ", "x = Value(2)\r"),
        (rb"In \[2\]: ", "y = x * 3; y\r"),
        (rb"In \[3\]: ", "exit\r"),
    ]
    screen = at_terminal(START, keys)
    assert "numbers that remember" in screen
    assert "Value(6.0, label='y')\r\ny = x * 3    dy/dx = 3" in screen


def test_ipython_is_left_with_one_key(monkeypatch):
    ipython, started = pytest.importorskip("IPython", reason="IPython is not installed"), {}
    monkeypatch.setattr(ipython, "start_ipython", lambda **arguments: started.update(arguments))
    monkeypatch.setattr(repl, "_somebody_is_there", lambda: True)
    assert repl.main() == 0
    assert started["config"].TerminalInteractiveShell.confirm_exit is False
    assert set(scalargrad.__all__) <= started["user_ns"].keys()


# ---- IPython ----


@pytest.fixture
def shell(tmp_path, monkeypatch):
    pytest.importorskip("IPython", reason="IPython is not installed")
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell()
    shell.run_cell("from scalargrad import *")
    shell.extension_manager.load_extension("scalargrad.repl")
    yield shell
    shell.extension_manager.unload_extension("scalargrad.repl")
    shell.history_manager.end_session()


def text_of(shell, cell):
    return shell.display_formatter.format(shell.run_cell(cell).result)[0]["text/plain"]


def test_a_cell_names_and_tells(shell, capsys):
    shell.run_cell("x, y = Value(2), Value(3)")
    assert shell.user_ns["x"].label == "x"
    assert text_of(shell, "f = x * y; f") == "Value(6.0, label='f')\nf = x * y    df/dx = y = 3, df/dy = x = 2"
    assert text_of(shell, "x * f") == "Value(12.0)\nv1 = x * f    dv1/dx = f = 6, dv1/df = x = 2"
    assert text_of(shell, "[x, f]") == "[Value(2.0, label='x'), Value(6.0, label='f')]"


def test_the_extension_can_be_unloaded(shell, capsys):
    shell.extension_manager.unload_extension("scalargrad.repl")
    assert text_of(shell, "w = Value(2); w") == "Value(2.0)"
    shell.run_cell("v = Value(2)")
    assert shell.user_ns["v"].label == ""


def test_values_in_a_list_are_called_by_their_place():
    a = [Value(1.0), Value(2.0)]
    b = a[0] * a[1]
    assert repl.sentence(b, {"a": a, "b": b, "_": b}) == "b = a[0] * a[1]    db/da[0] = a[1] = 2, db/da[1] = a[0] = 1"
