"""The demos run, say something, and draw the committed pictures; and their assertions can fail."""

import doctest
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "demos"
FILES = sorted(FOLDER.glob("*.py"))
DEMOS = [path.name for path in FILES if "_" in path.name]  # the others are what demos import
COLUMNS = 80  # of a terminal
ARGUMENTS = {"33_gpt.py": ["40"]}  # a thousand steps take twenty seconds

# A gate on the way of each demo's gradients: with its slopes doubled, the demo must fail.
FAULTS = {
    "01_first_circuit.py": "mul",
    "02_sigmoid_neuron.py": "exp",
    "03_staged_computation.py": "sigmoid",
    "04_gate_patterns.py": "maximum",
    "05_activations.py": "tanh",
    "06_logic_neurons.py": "sigmoid",
    "07_matrix_example.py": "dot",
    "08_why_add_why_order.py": "add",
    "09_second_derivative.py": "sigmoid",
    "10_affine_layer.py": "dot",
    "11_forward_pass.py": "sigmoid",
    "12_svm_loss.py": "relu",
    "13_softmax_loss.py": "exp",
    "14_line_or_network.py": "relu",
    "15_polynomial_features.py": "relu",
    "16_minibatch.py": "relu",
    "17_two_layer_net.py": "relu",
    "18_random_wiring.py": "tanh",
    "19_moons.py": "relu",
    "20_vanishing_gradients.py": "sigmoid",
    "21_record_once.py": "sigmoid",
    "22_update_step.py": "sigmoid",
    "23_cache.py": "mul",
    "24_layers_by_name.py": "dot",
    "25_course_code.py": "relu",
    "26_assignment_check.py": "dot",
    "27_jacobian.py": "relu",
    "28_why_backward.py": "sigmoid",
    "29_starting_and_squashing.py": "tanh",
    "30_xor.py": "sigmoid",
    "31_worked_example.py": "sigmoid",
    "32_how_many_parameters.py": "relu",
    "33_gpt.py": "dot",
    "lab_1_overwrite.py": "mul",
    "lab_2_too_early.py": "add",
    "lab_3_no_zero_grad.py": "add",
    "lab_4_no_upstream.py": "relu",
    "lab_5_stale.py": "mul",
    "lab_6_local_gradients.py": "tanh",
    "lab_7_layers.py": "dot",
    "lab_8_own_test.py": "sigmoid",
    "lab_9_forward_once.py": "mul",
}

# What a student writes in the marked line of each lab; and what is wrong too, but where one may think of it.
EDIT = re.compile(r"  # <-- (edit|write) this line")
REPAIRS = {
    "lab_1_overwrite.py": "parent.grad += downstream",
    "lab_2_too_early.py": "complete = to_come[parent] == 0",
    "lab_3_no_zero_grad.py": "root.zero_grad()",
    "lab_4_no_upstream.py": '"relu": lambda up, x: (up if x > 0 else 0.0,),',
    "lab_5_stale.py": "return [node for node in order if node.gate]",
}
WRONG_REPAIRS = [
    ("lab_1_overwrite.py", "parent.grad -= downstream"),
    ("lab_1_overwrite.py", "parent.grad = max(parent.grad, downstream)"),
    ("lab_2_too_early.py", "complete = to_come[parent] > 0"),
    ("lab_2_too_early.py", "complete = to_come[parent] == 1"),
    ("lab_2_too_early.py", "complete = False"),
    ("lab_3_no_zero_grad.py", "root.grad = 0.0"),
    ("lab_3_no_zero_grad.py", "a.grad = 0.0"),
    ("lab_3_no_zero_grad.py", "a.grad = b.grad = 0.0"),
    ("lab_4_no_upstream.py", '"relu": lambda up, x: (up,),'),
    ("lab_4_no_upstream.py", '"relu": lambda up, x: (2 * up,),'),
    ("lab_4_no_upstream.py", '"relu": lambda up, x: (up * x,),'),
    ("lab_4_no_upstream.py", '"relu": lambda up, x: (up if x > 0 else 1.0,),'),
    ("lab_4_no_upstream.py", '"relu": lambda up, x: (max(up, 0.0),),'),
    ("lab_5_stale.py", "return order"),
    ("lab_5_stale.py", "return [node for node in order if not node.gate]"),
    ("lab_5_stale.py", "return [s]"),
    ("lab_9_forward_once.py", "w.data = 3.0"),
    ("lab_9_forward_once.py", "loss = f(Value(w.data))"),
    ("lab_9_forward_once.py", "loss = f(w) * 2"),
]

# What a student writes in the marked lines of the labs that are judged by numbers.
SOLUTIONS = {
    "lab_6_local_gradients.py": ["return y, x", "return 1 / y, -z / y", "return (z,)", "return (1 - z * z,)"],
    "lab_7_layers.py": [
        "dX = [[sum(dout[n][m] * W[d][m] for m in range(M)) for d in range(D)] for n in range(N)]",
        "dW = [[sum(X[n][d] * dout[n][m] for n in range(N)) for m in range(M)] for d in range(D)]",
        "db = [sum(dout[n][m] for n in range(N)) for m in range(M)]",
        "return [[d if x > 0 else 0.0 for d, x in zip(*rows)] for rows in zip(dout, X)]",
        "return [[(p - (j == c)) / len(y) for j, p in enumerate(row)] for row, c in zip(P, y)]",
    ],
    "lab_8_own_test.py": ["return (z * (1 - z),)"],
    "lab_9_forward_once.py": ["loss = f(w)"],
}
PLANT = """
import runpy, sys
from scalargrad.table import GATES
path, gate, factor = sys.argv[1:4]
sys.argv = [path, *sys.argv[4:]]
form = GATES[gate].form(None)
rule = form.rule
form.rule = lambda *numbers: tuple([float(factor) * slope for slope in rule(*numbers)])
runpy.run_path(path, run_name="__main__")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own in `folder`, on a terminal that knows ASCII only."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("argument", ["--help", "0", "2.5"])
def test_what_is_no_number_of_steps_is_told_in_a_line(tmp_path, argument):
    process = run(tmp_path, str(FOLDER / "33_gpt.py"), argument)
    assert process.returncode == 1 and process.stdout == ""
    assert process.stderr.startswith("It takes the number of steps") and process.stderr.count("\n") == 1


def copied(folder: Path) -> Path:
    """`folder` with a copy of every demo, without pictures: nothing is written into the repository."""
    for path in FILES:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A folder in which every demo has run once, and how it went: {demo: its process}."""
    folder = copied(tmp_path_factory.mktemp("demos"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return folder, dict(zip(DEMOS, pool.map(lambda name: run(folder, name, *ARGUMENTS.get(name, [])), DEMOS)))


def test_there_are_demos():
    assert len(DEMOS) >= 8


@pytest.mark.parametrize("name", DEMOS)
def test_demo_runs(fresh, name):
    process = fresh[1][name]
    assert process.stderr == ""
    assert process.returncode == 0
    lines = process.stdout.splitlines()
    assert len(lines) >= 5
    assert max(map(len, lines)) <= COLUMNS


@pytest.mark.parametrize("name", DEMOS)
def test_demo_says_how_to_run_it_and_where_it_is_from(name):
    docstring = (FOLDER / name).read_text(encoding="utf-8").split('"""')[1]
    assert f"python demos/{name}" in docstring
    assert "\nSource: " in docstring or name.startswith("lab_")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_list_of_demos_has_each_of_them(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert sorted(f"{demo}.py" for demo in re.findall(r"^\| \[`(\w+)`\]\(\1\.py\)", text, re.M)) == DEMOS


def test_the_list_of_demos_is_in_one_order_in_both_languages():
    english, chinese = ((FOLDER / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    listed = re.compile(r"^\| \[`(\w+)`\]", re.M)
    assert listed.findall(english) == listed.findall(chinese)


def test_committed_pictures_are_those_that_the_demos_write(fresh):
    written = {path.name: path.read_bytes() for path in fresh[0].iterdir() if path.is_file() and path.suffix != ".py"}
    committed = {path.name: path.read_bytes() for path in FOLDER.glob("*.svg")}
    assert sorted(written) == sorted(committed)
    assert "first_circuit.svg" in committed  # the README shows it
    for name in committed:
        assert written[name] == committed[name], f"run the demo that draws {name}, look at it, commit it"


@pytest.mark.parametrize("name", DEMOS)
def test_demo_fails_with_a_planted_wrong_rule(tmp_path, name):
    folder, arguments = copied(tmp_path), ARGUMENTS.get(name, [])
    with ThreadPoolExecutor(2) as pool:
        control, process = pool.map(
            lambda factor: run(folder, "-c", PLANT, name, FAULTS[name], factor, *arguments), "12"
        )
    assert control.returncode == 0  # it is the fault that fails, not the way
    assert process.returncode == 1
    assert "AssertionError" in process.stderr


def test_the_stored_numbers_of_the_assignment_are_those_of_the_seeds():
    np = pytest.importorskip("numpy")
    text = (FOLDER / "26_assignment_check.py").read_text(encoding="utf-8")
    stored = {
        name: list(map(float, numbers.split()))
        for name, numbers in re.findall(r'(\w+)_NUMBERS = """(.+?)"""', text, re.S)
    }
    drawn = np.random.RandomState(0)
    assert stored["W1"] == list(0.1 * drawn.randn(40))
    assert stored["W2"] == list(0.1 * drawn.randn(30))
    assert stored["X"] == list(10 * np.random.RandomState(1).randn(20))


QUESTIONS = [path.name for path in sorted(FOLDER.glob("questions*.md"))]


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_questions_are_answered_by_what_runs(name):
    text = (FOLDER / name).read_text(encoding="utf-8")
    numbers = re.findall(r"^### (\d+)\. ", text, re.M)
    assert list(map(int, numbers)) == list(range(1, 34))
    failed, attempted = doctest.testfile(str(FOLDER / name), module_relative=False, encoding="utf-8")
    assert attempted > 100 and failed == 0
    links = re.findall(r"\[(\w+)\]\((\w+)\.py\)", text)
    assert links and all(shown == file and f"{file}.py" in DEMOS for shown, file in links)


def test_the_questions_are_the_same_calls_in_both_languages():
    english, chinese = ((FOLDER / name).read_text(encoding="utf-8") for name in ("questions.md", "questions.zh-CN.md"))
    calls = re.compile(r"^(?:>>>|\.\.\.) .*$|\[\w+\]\(\w+\.py\)", re.M)
    chinese = chinese.replace(', lang="zh"', "").replace('>>> with language("zh"):\n...     ', ">>> ")
    assert calls.findall(english) == calls.findall(chinese)


# ---- the bug lab ----


def edited(folder: Path, name: str, *written: str) -> subprocess.CompletedProcess[str]:
    """A run of a lab whose marked lines a student has replaced; "" leaves one as it is."""
    path = copied(folder) / name
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [i for i, text in enumerate(lines) if EDIT.search(text)]
    for i, line in zip(marked, written, strict=True):
        indent = len(lines[i]) - len(lines[i].lstrip())
        lines[i] = " " * indent + line if line else lines[i]
    path.write_text("\n".join(lines), encoding="utf-8")
    return run(folder, name)


def test_every_lab_has_a_repair():
    assert [*REPAIRS, *SOLUTIONS] == [name for name in DEMOS if name.startswith("lab_")]


@pytest.mark.parametrize("name", REPAIRS)
def test_a_lab_shows_the_first_gate_that_diverges(fresh, name):
    lines = fresh[1][name].stdout.splitlines()
    parted = [line for line in lines if line.endswith("<--")]
    named = [line for line in lines if line.startswith("The first gate that diverges: ")]
    assert len(parted) == len(named) >= 1
    for row, sentence in zip(parted, named):
        gate = sentence.removeprefix("The first gate that diverges: ").removesuffix(".")
        assert f"{gate} " in row[len(row) // 3 :]


@pytest.mark.parametrize("name", REPAIRS)
def test_a_lab_can_be_repaired(tmp_path, name):
    process = edited(tmp_path, name, REPAIRS[name])
    assert (process.returncode, process.stderr) == (0, "")
    assert "No gate diverges." in process.stdout and "<--" not in process.stdout


@pytest.mark.parametrize(("name", "line"), WRONG_REPAIRS)
def test_a_wrong_repair_is_told_from_a_right_one_in_words(tmp_path, name, line):
    process = edited(tmp_path, name, line)
    told = "AssertionError: neither this bug nor its repair" in process.stderr
    assert told == bool(process.stderr) and (told or "<--" in process.stdout)


SLIPS = {  # in the rule of x / y: what is written there, and how its error begins and ends
    "return z": ("TypeError: divide: its rule returned -0.75, not a tuple of 2", "one for each input"),
    "return 1 / y": ("TypeError: divide: its rule returned -0.25, not a tuple of 2", "one for each input"),
    "return 1 / y, -x / y^2": ("TypeError: divide: ", "write x ** 2): write it with arithmetic and gates, like exp"),
    "return 1 / y, math.exp(x)": ("TypeError: divide: its rule cannot be read as a formula", "without math"),
    "return 1 / y, w": ("NameError: ", "'w' is not defined"),
    "return 1 / 0, y": ("ZeroDivisionError: ", "division by zero"),
}


@pytest.mark.parametrize("line", SLIPS)
def test_a_slip_in_a_rule_is_told_below_the_table(tmp_path, line):
    name = "lab_6_local_gradients.py"
    lines = SOLUTIONS[name]
    process = edited(tmp_path, name, lines[0], line, *lines[2:])
    assert (process.returncode, process.stderr) == (0, "")
    assert re.search(r"^  divide dz/dx +- +-0.25  <-- first wrong number$", process.stdout, re.M)
    assert all(part in process.stdout.splitlines()[-1] for part in SLIPS[line])


MISSHAPEN = {  # line of lab 7: what is written there, and the number that is missing, or one too many
    0: ("dX = 0", "dX[0][0]"),
    2: ("db = [3.0]", "db[1]"),
    3: ("return []", "dX[0][0]"),
    4: ("return [1.0]", "dscores[0][0]"),
}


@pytest.mark.parametrize("place", MISSHAPEN)
def test_an_answer_of_a_wrong_shape_is_wrong(tmp_path, place):
    name = "lab_7_layers.py"
    written, number = MISSHAPEN[place]
    process = edited(tmp_path, name, *[written if i == place else line for i, line in enumerate(SOLUTIONS[name])])
    assert (process.returncode, process.stdout.count("  <-- first wrong number")) == (0, 1)
    assert re.search(rf"^  {re.escape(number)} .*<--", process.stdout, re.M)


def test_a_number_too_many_is_wrong(tmp_path):
    lines = list(SOLUTIONS["lab_7_layers.py"])
    lines[2] = "db = [sum(dout[n][m] for n in range(N)) for m in range(M)] + [0.0]"
    process = edited(tmp_path, "lab_7_layers.py", *lines)
    assert re.search(r"^  db\[2\] +0 +-  <-- first wrong number", process.stdout, re.M)


def test_a_very_wrong_rule_still_gets_its_report(tmp_path):
    process = edited(tmp_path, "lab_8_own_test.py", "return (x * (1 - x),)")
    assert (process.returncode, process.stderr) == (0, "") and "inf" in process.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_lab_shows_the_first_wrong_number_until_all_is_written(fresh, tmp_path, name):
    lines = SOLUTIONS[name]
    assert "  <-- first wrong number" in fresh[1][name].stdout
    for missing in range(len(lines)):
        process = edited(tmp_path, name, *[line if i != missing else "" for i, line in enumerate(lines)])
        assert (process.returncode, process.stdout.count("  <-- first wrong number")) == (0, 1)
    process = edited(tmp_path, name, *lines)
    assert (process.returncode, process.stderr) == (0, "")
    assert "All right." in process.stdout and "first wrong number" not in process.stdout
