"""The command line as a newcomer meets it: a process of its own, in an empty folder."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

import scalargrad
from scalargrad.__main__ import main

COMMAND = [sys.executable, "-m", "scalargrad"]
LECTURE = ["q = x + y; f = q * z", "x=-2", "y=5", "z=-4"]
STORY = """\
forward   x = -2, y = 5, z = -4
  1  q = x + y  = -2 + 5  = 3
  2  f = q * z  = 3 * -4  = -12
backward  f.grad = 1
     gate       local gradient  upstream × local = downstream  gradient
  3  f = q * z  df/dq = z = -4  1 × -4 = -4                    q.grad 0 -> -4
  4  f = q * z  df/dz = q = 3   1 × 3 = 3                      z.grad 0 -> 3
  5  q = x + y  dq/dx = 1       -4 × 1 = -4                    x.grad 0 -> -4
  6  q = x + y  dq/dy = 1       -4 × 1 = -4                    y.grad 0 -> -4
result    x.grad = -4, y.grad = -4, z.grad = 3
"""


ENGLISH = os.environ | {"LC_ALL": "C.UTF-8"}


@pytest.fixture
def run(tmp_path):
    """A function that runs the command in an empty folder, without `dot`, on a terminal that knows `encoding`."""

    def run(*arguments, encoding="utf-8", enters="", more=()):
        environment = ENGLISH | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1", "PATH": str(tmp_path)} | dict(more)
        command = [*COMMAND, *arguments]
        return subprocess.run(
            command, input=enters, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
        )

    return run


def good(process):
    """What a command that went well has printed."""
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout


def bad(process):
    """The complaint of a command that refused its input: one message, nothing else."""
    assert (process.returncode, process.stdout) == (2, "")
    assert "Traceback" not in process.stderr and process.stderr.count("scalargrad: ") == 1
    message, *place = process.stderr.removesuffix("\n").split("\n")
    assert message.startswith("scalargrad: ") and len(place) in (0, 2)
    return message.removeprefix("scalargrad: ")


# ---- the story ----


def test_the_lecture(run):
    assert good(run(*LECTURE)) == STORY


def test_without_arguments_it_runs_the_lecture_and_draws_it(run, tmp_path):
    assert good(run()) == STORY + "circuit   circuit.svg\n"
    assert os.listdir(tmp_path) == ["circuit.svg"]
    texts = [text.text for text in ET.parse(tmp_path / "circuit.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"df/dq = z = -4", "grad -4", "grad 3"} <= {text.replace("\xa0", " ") for text in texts}


def test_where_the_picture_cannot_be_written_the_steps_are_shown_all_the_same(run, tmp_path):
    (tmp_path / "circuit.svg").mkdir()
    *story, last = good(run()).splitlines(keepends=True)
    assert "".join(story) == STORY
    assert re.fullmatch("circuit   not written to circuit.svg: .+; --svg FILE writes it elsewhere\n", last)


def test_a_step_of_two_lines_is_shown_at_once(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("builtins.input", lambda: shown.append(capsys.readouterr().out))
    assert main(["--step", "f = 1 / (first_weight * second_weight)", "first_weight=3", "second_weight=7"]) == 0
    assert all(text.count("\n") > 1 for text in shown[-5:-1]) and "gate" in shown[-5]


def test_the_installed_command_is_the_same():
    command = os.path.join(os.path.dirname(sys.executable), "scalargrad")
    if not os.path.exists(command):
        pytest.skip("the command is not installed beside this Python")
    process = subprocess.run(
        [command, *LECTURE], capture_output=True, encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"}
    )
    assert good(process) == STORY


def test_no_picture_unless_asked_for(run, tmp_path):
    good(run(*LECTURE))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["x * y", "x=2", "y=3", "--svg", "a.svg"],
        ["--svg", "a.svg", "x * y", "x=2", "y=3"],
        ["x * y", "--svg", "a.svg", "x=2", "y=3"],
        ["x * y", "x=2", "--svg=a.svg", "y=3"],
    ],
)
def test_options_may_stand_anywhere(run, tmp_path, arguments):
    assert good(run(*arguments)).endswith("result    x.grad = 3, y.grad = 2\ncircuit   a.svg\n")
    assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("expression", ["-x * y", "-x*y", " -x * y", "-(x * y)", "-x ** 1 * y"])
def test_an_expression_may_begin_with_a_minus(run, expression):
    assert "result    x.grad = -3, y.grad = -2\n" in good(run(expression, "x=2", "y=3"))


@pytest.mark.parametrize("arguments", [["-x"], ["---x"], ["--", "-x"], ["--sin(x) - sin(x) - x"]])
def test_a_minus_makes_no_option(run, arguments):
    assert good(run(*arguments, "x=2")).endswith("result    x.grad = -1\n")


@pytest.mark.parametrize(
    "value, shown", [("x=1e-6", "1e-06"), ("x= 2", "2"), ("x=-.5", "-0.5"), ("x=inf", "inf"), ("x=nan", "nan")]
)
def test_values(run, value, shown):
    assert good(run("x * 1", value)).startswith(f"forward   x = {shown}\n")


def test_tree(run):
    assert good(run("--tree", *LECTURE)) == (
        "f = q * z = -12  grad 1\n  q = x + y = 3  grad -4\n    x = -2  grad -4\n    y = 5  grad -4\n  z = -4  grad 3\n"
    )


def test_version(run):
    assert good(run("--version")) == f"scalargrad {scalargrad.__version__}\n"


def test_help(run):
    shown = good(run("--help"))
    assert all(option in shown for option in ("--svg", "--step", "--tree", "--lang", "name=number", "example:"))


# ---- languages ----

CHINESE = """\
前向传播  x = -2，y = 5，z = -4
  1  q = x + y  = -2 + 5  = 3
  2  f = q * z  = 3 * -4  = -12
"""


def test_chinese_by_option(run):
    shown = good(run(*LECTURE, "--lang", "zh", "--svg", "a.svg", "--html", "a.html"))
    assert shown.startswith(CHINESE) and shown.endswith("计算图    a.svg\n页面      a.html\n")


TERMINALS = [
    ({"LC_ALL": "zh_CN.UTF-8"}, True),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_TW.UTF-8"}, True),
    ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_GB.UTF-8"}, True),
    ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, False),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "de_DE.UTF-8"}, False),
    ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}, False),
]


@pytest.mark.parametrize("terminal, chinese", TERMINALS)
def test_the_terminal_says_which_language(run, terminal, chinese):
    assert good(run(*LECTURE, more=terminal)).startswith("前向传播" if chinese else "forward")
    assert good(run(*LECTURE, "--lang=en", more=terminal)) == STORY


def test_help_in_chinese(run):
    """Options, files and examples aside, no English is left in it."""
    shown = good(run("--help", "--lang", "zh"))
    assert shown.startswith("用法： scalargrad") and "显示本帮助" in shown
    words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"--\w+|\w+\.(?:svg|html)", "", shown)))
    assert words <= {"scalargrad", "expression", "name", "number", "sigmoid", "FILE", "DIR", "Python"}


def test_the_prompt_in_chinese(run):
    shown = run("--repl", "--lang", "zh", enters="x = Value(2)\nx\n")
    assert "叶子：没有门，也没有父节点" in shown.stdout and "请逐行试试" in shown.stdout + shown.stderr


@pytest.mark.parametrize("leaves, status", [("exit(3)", 3), ("raise SystemExit('bye')", 1)])
def test_the_prompt_is_left_with_the_status_of_its_exit(run, leaves, status):
    assert run("--repl", enters=f"{leaves}\n").returncode == status


def test_an_unknown_language(run):
    assert bad(run(*LECTURE, "--lang", "fr")).startswith("argument --lang: invalid choice: 'fr'")
    assert bad(run(*LECTURE, "--lang")).startswith("argument --lang: expected one argument")


# ---- waiting for Enter ----


@pytest.mark.parametrize("enters", ["", "\n" * 3, "\n" * 99])
def test_step_with_enters_from_a_pipe_and_with_nobody_there(run, enters):
    assert good(run("--step", *LECTURE, enters=enters)) == "Enter shows the next step, Ctrl-C leaves.\n" + STORY


def test_step_with_standard_input_closed(run):
    closed = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    process = subprocess.run(
        [sys.executable, "-c", closed, *COMMAND[1:], "--step", *LECTURE], capture_output=True, text=True
    )
    assert good(process).endswith("z.grad = 3\n")


def test_step_waits_after_every_line(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("builtins.input", lambda: shown.append(capsys.readouterr().out))
    assert main(["--step", "--tree", *LECTURE]) == 0
    assert shown[0].startswith("Enter shows the next step, Ctrl-C leaves.\nf = ")
    assert [text.strip().split(" ")[0] for text in shown[1:]] == ["q", "x", "y", "z"]
    assert all(text.count("\n") == 1 for text in shown[1:]) and capsys.readouterr().out == ""


@pytest.mark.parametrize("text, number", [("1/3", "0.333333"), ("-2", "-2"), ("pi/4", "0.785398"), ("2 * 4", "8")])
def test_a_value_may_be_a_fraction(run, text, number):
    assert good(run("x * 1", f"x={text}")).startswith(f"forward   x = {number}\n")


# ---- what it refuses ----


def test_a_long_complaint_breaks_between_words_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["x +", "x=1"]) == 2
    [piped, *place] = capsys.readouterr().err.splitlines()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["x +", "x=1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 3 and max(map(len, lines)) <= 80
    assert " ".join(lines[:-2]) == piped and lines[-2:] == place


REFUSED = [
    (["x +", "x=1"], "not an expression: it ends where a number, a name or a bracket is expected"),
    (["x y", "x=1", "y=2"], "not an expression: an operator is missing before y"),
    (["x ^ 2", "x=1"], "a power is written **"),
    (["x.exp()", "x=1"], "a function is called as exp(x)"),
    (["__import__('os').system('echo ran')"], "a function is called as exp(x)"),
    (["eval('1')"], "eval is no gate; there are abs, exp, log"),
    ([""], "there is no expression"),
    (["   "], "there is no expression"),
    (["(" * 300], "not an expression"),
    (["-" * 9_000 + "x", "x=1"], "the expression nests too deeply"),
    (["x" * 10_001], "the expression has 10001 characters; 10000 are allowed"),
    (["1or x"], "no value for x: give numbers, as in x=2"),
    (["x * y", "x=1"], "no value for y: give numbers, as in y=2"),
    (["x * y"], "no value for x, y: give numbers, as in x=2 y=2"),
    (["x", "x=1", "y=2"], "y has a value, but the expression has no such name"),
    (["x", "x=1", "x=2"], "x is given twice"),
    (["fi", "fi=1", "\ufb01=2"], "fi is given twice"),
    (["x", "x=one"], "'x=one': 'one' is not a number"),
    (["x", "x="], "'' is not a number"),
    (["x", "x==2"], "'=2' is not a number"),
    (["x", "x=y=2"], "'x=y=2': 'y=2' is not a number"),
    (["x", "x=1/0"], "'1/0' is not a number"),
    (["x", "x=1/y"], "'1/y' is not a number"),
    (["x", "x"], "'x' is no value: write name=number, and put the whole expression in quotes"),
    (["x", "+", "y", "x=1"], "'+' is no value"),
    (["x", "2=1"], "'2=1' is no value"),
    (["x", "=1"], "'=1' is no value"),
    (["x", "-2"], "'-2' is no value"),
    (["q = x; r = x; q * q", "x=1"], "r is not used by what follows: use it in the last line, or leave it out"),
    (["x=1", "x * y", "y=2"], "'x * y' is no value"),
    (["log(x)", "x=-1"], "log: input x = -1.0 is not positive"),
    (["1 / x", "x=0"], "div: inputs 1.0, x = 0.0 divide by zero"),
    (["exp(x)", "x=1000"], "exp: input x = 1000.0 cannot give a result that fits a float"),
    (["sqrt(x)", "x=0"], "sqrt: input x = 0.0 cannot give a finite local gradient"),
    (["x", "x=1", "--svg", "missing/a.svg"], "missing/a.svg: there is no folder 'missing': make it first"),
    (["x", "x=1", "--html", "missing/a.html"], "missing/a.html: there is no folder 'missing': make it first"),
    (["--lecture", "missing/a.html"], "missing/a.html: there is no folder 'missing': make it first"),
    (["--practice", "folder.svg/a/a.html"], "folder.svg/a/a.html: there is no folder 'folder.svg/a': make it first"),
    (["--playground", "missing/site"], "missing/site: there is no folder 'missing': make it first"),
    (["--lecture", "a.html", "--practice", "b.html"], "--lecture does not go with --practice: leave one out"),
    (["--playground", "a.html", "--lecture", "b.html"], "--lecture does not go with --playground"),
    (["--lecture", "a.html", "--svg", "a.svg"], "--lecture does not go with --svg"),
    (["--practice", "a.html", "--html", "b.html"], "--practice does not go with --html"),
    (["--lecture", "a.html", "--step"], "--lecture does not go with --step"),
    (["--practice", "a.html", "--tree"], "--practice does not go with --tree"),
    (["--playground", "a.html", "--open"], "--playground does not go with --open"),
    (["x * x", "x=2", "--lecture", "a.html"], "--lecture does not go with 'x * x': leave one out"),
    (["x * x", "x=2", "--practice", "a.html"], "--practice does not go with 'x * x'"),
    (["x * x", "x=2", "--playground", "a.html"], "--playground does not go with 'x * x'"),
    (["x * y", "x=1", "y=2", "--repl"], "--repl does not go with 'x * y'"),
    (["--repl", "x=3"], "--repl does not go with 'x=3'"),
    (["--repl", "--open"], "--repl does not go with --open"),
    (["--playground", ""], "the playground needs the name of a folder"),
    (["--lectur", "a.html"], "unrecognized arguments: --lectur"),
    (["--lang", "fr"], "invalid choice: 'fr' (choose from 'en', 'zh')"),
    (["x * 1", "x=1e400"], "1e400 is too large for a float"),
    (["x * 1", "x=-1e400"], "-1e400 is too large for a float"),
    (["x * 1", "x=1e200 * 1e200"], "1e200 * 1e200 is too large for a float"),
    (["1e400 * x", "x=1"], "1e400 is too large for a float"),
    (["lambda * x", "lambda=1", "x=2"], "lambda is a word of Python: choose another name"),
    (["sigmod(x)", "x=1"], "sigmod is no gate; did you mean sigmoid?"),
    (["x", "x=1", "--svg", "folder.svg"], "folder.svg: Is a directory"),
    (["x", "x=1", "--svg", "a.txt"], "can be saved as .svg, .dot, .tex, .png or .pdf, not as 'a.txt'"),
    (["x", "x=1", "--svg", ""], "can be saved as .svg, .dot, .tex, .png or .pdf, not as"),
    (["x", "x=1", "--svg"], "argument --svg: expected one argument"),
    (["--sgv", "a.svg"], "unrecognized arguments: --sgv"),
    (["+".join(["x"] * 600), "x=1", "--svg", "a.svg"], "a circuit of 600 values is too large to draw"),
]


@pytest.mark.parametrize("arguments, reason", REFUSED, ids=[" ".join(arguments)[:30] for arguments, _ in REFUSED])
def test_refusals(run, tmp_path, arguments, reason):
    (tmp_path / "folder.svg").mkdir()
    assert reason in bad(run(*arguments))
    assert os.listdir(tmp_path) == ["folder.svg"]


AGAIN = [
    (["log(x)", "x=-1"], "log：输入 x = -1.0，不是正数：请让它大于 0，例如写成 abs(x) + 1e-9"),
    (["1 / x", "x=0"], "div：输入 1.0，x = 0.0，除数为零：请让除数避开 0，例如写成 x * x + 1e-9"),
    (
        ["exp(x)", "x=1000"],
        "exp：输入 x = 1000.0，结果超出了浮点数的范围：请先减去最大的得分，或改用 sigmoid、tanh、softplus",
    ),
    (["x ^ 2", "x=1"], "幂要写成 **"),
    (["x * y", "x=1"], "y 没有值：请给出数，例如 y=2"),
    (["x", "x=one"], "'x=one'：'one' 不是数"),
    (["x", "x"], "'x' 不是值：请写成 名字=数，并把整个表达式放在引号里"),
    (["--repl", "x=3"], "--repl 不能与 'x=3' 同用：请去掉其中一个；表达式的页面用 --html 写出"),
    (["1e400 * x", "x=1"], "1e400 超出了浮点数的范围，最大约为 1.8e308"),
    (["x * 1", "lambda=1"], "lambda 是 Python 的关键字：请换一个名字"),
    (["x == 1", "x=1"], "比较没有梯度；语句要写成 名字 = 表达式，用一个 ="),
    (["x * y = f", "x=1"], "语句要写成 名字 = 表达式，语句之间用 ; 隔开"),
    (["exp([x])", "x=1"], "列表只能作 total、dot 或 pick 的输入"),
    (["--sgv"], "unrecognized arguments: --sgv；用 --help 查看有哪些选项"),
]


@pytest.mark.parametrize("arguments, sentence", AGAIN, ids=[" ".join(arguments) for arguments, _ in AGAIN])
def test_a_chinese_sentence_follows_an_error(run, arguments, sentence):
    english, chinese = run(*arguments), run("--lang", "zh", *arguments)
    assert chinese.returncode == 2 and chinese.stderr == f"{english.stderr}{sentence}\n"


def test_a_caret_points_at_the_place(run):
    process = run("q = x + y; f = q ^ z", "x=1", "y=2", "z=3")
    assert process.stderr.split("\n")[1:] == ["  q = x + y; f = q ^ z", "                   ^", ""]


def test_a_name_of_bytes_that_are_no_text(run):
    assert "is no value" in bad(run("x", b"\xff=1"))
    assert "not an expression" in bad(run(b"\xff"))


def test_a_picture_that_needs_dot(run, tmp_path):
    assert "no program `dot` on the PATH" in bad(run("x * 2", "x=1", "--svg", "a.png"))
    assert os.listdir(tmp_path) == []


# ---- terminals ----


def test_a_terminal_that_knows_ascii_only(run):
    shown = good(run("权重 * x", "权重=2", "x=3", encoding="ascii"))
    shown = " ".join(shown.split())
    assert shown.isascii() and "df/dx = \\u6743\\u91cd = 2 1 x 2 = 2" in shown


def test_a_complaint_on_a_terminal_that_knows_ascii_only(run):
    process = run("权重 * x", "x=3", encoding="ascii")
    assert bad(process) == "no value for \\u6743\\u91cd: give numbers, as in \\u6743\\u91cd=2"


def test_a_name_in_chinese(run):
    assert "权重.grad = 3" in good(run("权重 * x", "权重=2", "x=3"))


# ---- standard output that goes nowhere ----


def test_a_reader_that_has_enough(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run([*COMMAND, *LECTURE], stdout=writing, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(writing)
    assert (process.returncode, process.stderr) == (0, "")


def test_standard_output_closed(tmp_path):
    closed = "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", closed, *COMMAND[1:], *LECTURE, "--svg", "a.svg"]
    process = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert (process.returncode, process.stderr) == (0, "") and os.listdir(tmp_path) == ["a.svg"]


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", [LECTURE, ["--help"], ["--version"], ["--tree", *LECTURE], ["x"], ["--what"]])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk here")
def test_a_full_disk(tmp_path, arguments, buffered):
    """Python holds back what it prints, and would fail once more when it writes that at exit."""
    environment = {name: x for name, x in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {} if buffered else {"PYTHONUNBUFFERED": "1"}
    with open("/dev/full", "w") as full:
        one = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
        )
        both = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=full, cwd=tmp_path, env=environment)
    assert one.returncode == both.returncode == 2
    assert one.stderr.startswith("scalargrad: ") and one.stderr.count("\n") == 1
    assert arguments not in (LECTURE, ["--help"]) or one.stderr == "scalargrad: [Errno 28] No space left on device\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk here")
def test_an_interruption_on_a_full_disk():
    """What was printed and not yet written is lost without a message of Python's own at exit."""
    code = """\
import sys, scalargrad.__main__ as command
def interrupted(root):
    print("so far")
    raise KeyboardInterrupt
command.tree = interrupted
sys.exit(command.main(["--tree", "x", "x=1"]))
"""
    environment = {name: x for name, x in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert (process.returncode, process.stderr) == (130, "")


@pytest.mark.parametrize("arguments", [["x"], ["--what"]])
def test_an_error_never_goes_to_standard_output(tmp_path, arguments):
    closed = "import os, sys; os.close(2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", closed, *COMMAND[1:], *arguments]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")


# ---- without a process of its own ----


def test_main_takes_its_arguments_and_gives_the_exit_status(capsys):
    assert main(LECTURE) == 0
    assert capsys.readouterr().out == STORY
    assert main(["x"]) == 2
    assert capsys.readouterr() == ("", "scalargrad: no value for x: give numbers, as in x=2\n")


def test_an_interruption_is_no_traceback(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    assert main(["--step", *LECTURE]) == 130
    assert re.fullmatch(r"Enter shows the next step, Ctrl-C leaves\.\nforward .*\n", capsys.readouterr().out)
