"""Typed expressions: a small, safe part of Python, read into a graph.

    q = x + y; f = q * z

Numbers, names, `+ - * / **`, parentheses and calls of gates make an expression; `name = expression` makes a statement;
statements end with `;` or a new line.  Nothing of it is run as Python.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import keyword
import math
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from . import functions, table
from .given import wrong
from .text import width
from .value import Value
from .views.phrases import in_lines, say

MAX_CHARACTERS = 10_000
MAX_SHOWN = 76  # characters of a line that are shown with a caret
ALIKE = 0.75  # how alike a misspelt name is to what is meant, from 0 to 1
CONSTANTS = {"pi": math.pi}  # unless the name is given or assigned
OF_LISTS = ("total", "dot", "pick")  # the gates that take one
OF_PROGRAMS = ("given_gradients",)  # takes what a program has worked out
# Every gate that is a function: `abs` is Python's own elsewhere.
FUNCTIONS: dict[str, Any] = {"abs": table.abs_} | {
    name: vars(functions)[name] for name in table.GATES if name in vars(functions) and name not in OF_PROGRAMS
}
OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: table.add,
    ast.Sub: table.sub,
    ast.Mult: table.mul,
    ast.Div: table.div,
    ast.Pow: table.pow_,
    ast.USub: table.neg,
    ast.UAdd: lambda x: x,
}
INSTEAD = {
    "max": "maximum(x, y)",
    "min": "minimum(x, y)",
    "sum": "total([x, y])",
    "ln": "log(x)",
    "pow": "x ** y",
    "softmax": "exp(x) / (exp(x) + exp(y))",
    "tan": "sin(x) / cos(x)",
    "sinh": "(exp(x) - exp(-x)) / 2",
    "cosh": "(exp(x) + exp(-x)) / 2",
    "log2": "log(x) / log(2)",
    "log10": "log(x) / log(10)",
}
HINTED = (ast.BitXor, ast.FloorDiv, ast.Mod, ast.Attribute, ast.Compare, ast.IfExp, ast.AugAssign)
Facts = tuple[str, Mapping[str, object]]
PRODUCT = re.compile(r"(\d+\.?\d*(?:[eE][+-]?\d+)?)([^\W\d]\w*)")  # 2x, where 2 * x is meant
WORD = re.compile(r"[\w.]+")
SIGNS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "²": "** 2", "³": "** 3"}  # copied from a text


class ExpressionError(ValueError):
    """What is wrong with a typed expression; where it has a place, a caret stands below it."""

    def __init__(self, reason: str, line: str = "", column: int = 0):
        if len(line) > MAX_SHOWN:  # show what is around the place
            start = max(0, column - MAX_SHOWN // 2)
            cut, column = line[start : start + MAX_SHOWN], column - start
            before, after = ("..." if start else ""), ("..." if start + MAX_SHOWN < len(line) else "")
            line = before + cut[len(before) : len(cut) - len(after)] + after
        super().__init__(f"{reason}\n  {line}\n  {' ' * width(line[:column])}^" if line else reason)
        self.facts: Facts = ("", {})  # for who says it in another language


def _error(phrase: str, place: tuple[str, int] = ("", 0), /, **parts: object) -> ExpressionError:
    error = ExpressionError(say(f"expression {phrase}", "en", **in_lines(parts, "en")), *place)
    error.facts = (f"expression {phrase}", parts)
    return error


def _syntax_error(reason: str, line: str, column: int) -> ExpressionError:
    """What Python calls a syntax error, in words that say what to write."""
    place, before, here = (line, column), line[:column].strip(), line[column:].strip()
    product = PRODUCT.search(line) if "decimal literal" in reason else None
    if product:
        return _error("product", place, number=product[1], name=product[2])
    if here[:1] in SIGNS:
        return _error("sign", place, sign=here[0], instead=SIGNS[here[0]])
    reserved = next((word for word in WORD.finditer(line) if keyword.iskeyword(word[0])), None)
    if reserved and (reason == "invalid syntax" or reason.startswith("cannot assign")):
        return _error("reserved", (line, reserved.start()), name=reserved[0])
    if reason.startswith("cannot assign") or "Maybe you meant '=='" in reason:
        return _error("target", place)
    if reason != "invalid syntax":
        return _error("syntax", place, reason=reason)
    if not here:
        return _error("ends", place)
    if here[0] == "=" and not before:
        return _error("no target", place)
    name = WORD.findall(before)[-1:]
    if name and name[0] in FUNCTIONS and before.endswith(name[0]):
        return _error("uncalled", place, name=name[0])
    found = WORD.match(here)
    beside = found and (before[-1:].isalnum() or before[-1:] in ("_", ")", "]"))
    return _error("no operator" if beside else "out of place", place, found=found[0] if found else here[0])


def evaluate(text: str, values: Mapping[str, float] | None = None) -> Value:
    """The value of the last statement of `text`: a node that remembers every gate before it.

    text: statements such as `q = x + y; f = q * z`, at most 10,000 characters.
    values: a number for every name that `text` does not assign itself; pi is known.

    Names become labels; a last expression without a name is called f.  Raises ExpressionError, a ValueError, for any
    other text, for a name without a value, a value without a name, and a gate without a result.

    >>> f = evaluate("q = x + y; f = q * z", {"x": -2, "y": 5, "z": -4})
    >>> f.label, f.data, f.gate.symbol
    ('f', -12.0, '*')
    """
    return _Reader(text, values or {}).root()


def assigned(texts: Iterable[str]) -> dict[str, float]:
    """{name: number} of texts such as x=-2 or x=1/3; ValueError for any other text, and for a name that comes twice."""
    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        name = unicodedata.normalize("NFKC", name)  # as Python reads names: two that look alike are one
        if not equals or not name.isidentifier():
            raise _error("no assignment", text=repr(text))
        if keyword.iskeyword(name):
            raise _error("reserved", name=name)
        if name in values:
            raise _error("twice", name=name)
        values[name] = _number(number, text)
    return values


def _number(text: str, whole: str) -> float:
    """The number that a text such as -2, nan, 1/3 or pi/4 says; `whole` is what an error quotes besides."""
    number = None
    with contextlib.suppress(ValueError):
        number = float(text)
    if number is None and "=" not in text:
        with contextlib.suppress(ValueError):
            number = evaluate(text).data
    if number is None:
        raise _error("no number", whole=repr(whole), text=repr(text))
    if math.isinf(number) and re.search(r"\d", text):  # not the inf that somebody wrote
        raise _error("too large", text=text.strip())
    return number


class _Reader:
    def __init__(self, text: str, values: Mapping[str, float]):
        if not isinstance(text, str):
            raise TypeError(f"an expression is text, such as 'f = x * y', not {type(text).__name__} {text!r:.40}")
        if len(text) > MAX_CHARACTERS:
            raise _error("too long", count=len(text), most=MAX_CHARACTERS)
        self.lines = [line.strip().replace("\t", " ") for line in text.splitlines()]
        self.statements = self._parse()
        if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
            raise wrong("values is a number for each name, as in {'x': 2}", values)
        names = [unicodedata.normalize("NFKC", name) for name in values]  # as Python reads names
        for name in names:
            if names.count(name) > 1:
                raise _error("twice", name=name)
        self.known: dict[str, Any] = {name: Value(x, given) for name, (given, x) in zip(names, values.items())}

    def root(self) -> Value:
        """The value of the last statement."""
        for statement in self.statements:
            if not isinstance(statement, (ast.Assign, ast.Expr)):
                self._refuse_kind(statement)
            if isinstance(statement, ast.Expr) and statement is not self.statements[-1]:
                self._refuse(statement, "nameless")
        self._check_names()
        for statement in self.statements:
            default = "" if "f" in self.known else "f"
            name = self._target(statement) if isinstance(statement, ast.Assign) else default
            result = self._named(name, self._evaluate(statement.value))  # type: ignore[attr-defined]
        self._check_use()
        return result

    def _parse(self) -> list[ast.stmt]:
        try:
            with warnings.catch_warnings(action="ignore"):  # about what is refused below anyhow
                statements = ast.parse("\n".join(self.lines)).body
        except SyntaxError as error:
            line = self.lines[min(error.lineno or 1, len(self.lines)) - 1] if self.lines else ""
            raise _syntax_error(error.msg, line, (error.offset or 1) - 1) from None
        except (RecursionError, MemoryError):
            raise _error("too deep") from None
        except ValueError as error:
            raise _error("syntax", reason=error) from None
        if not statements:
            raise _error("none")
        return statements

    def _check_names(self) -> None:
        walked = [node for statement in self.statements for node in ast.walk(statement)]
        for node in walked:
            if isinstance(node, (ast.Attribute, ast.Compare)):  # before a name in it is said to have no value
                self._refuse_kind(node)
        called = {id(node.func) for node in walked if isinstance(node, ast.Call)}
        names = [node for node in walked if isinstance(node, ast.Name) and id(node) not in called]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        loaded = {node.id: node for node in names if isinstance(node.ctx, ast.Load)}
        for name in sorted(FUNCTIONS.keys() & loaded.keys()):
            self._refuse(loaded[name], "uncalled", name=name)
        for name in CONSTANTS.keys() & loaded.keys() - stored:
            self.known.setdefault(name, CONSTANTS[name])
        missing = [name for name in loaded if name not in stored and name not in self.known]
        if missing:
            missing.sort()
            raise _error("no value", names=missing, wanted=" ".join(f"{name}=2" for name in missing))
        for name in sorted(self.known.keys() - loaded.keys()):
            raise _error("assigned" if name in stored else "no name", name=name)

    def _check_use(self) -> None:
        """Refuses a result that nothing uses, since it would vanish without a word."""
        names = [node for statement in self.statements for node in ast.walk(statement) if isinstance(node, ast.Name)]
        used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        for statement in self.statements[:-1]:
            [target] = [node for node in names if node in getattr(statement, "targets", ())]
            if target.id not in used:
                self._refuse(target, "unused", name=target.id)

    def _target(self, statement: ast.Assign) -> str:
        target = statement.targets[0]
        if len(statement.targets) > 1 or not isinstance(target, ast.Name):
            self._refuse(target, "target")
        if target.id in FUNCTIONS:
            self._refuse(target, "gate as name", name=target.id)
        if target.id in self.known:
            self._refuse(target, "again", name=target.id)
        return target.id

    def _named(self, name: str, number: Any) -> Value:
        result = number if isinstance(number, Value) else Value(number)
        result.label = result.label or name
        self.known[name] = result
        return result

    def _evaluate(self, expression: ast.expr) -> Any:
        """The value, or plain number, of an expression; with a stack of its own, as x + x + x + ... nests deeply."""
        results: dict[ast.AST, Any] = {}
        stack: list[tuple[ast.AST, bool]] = [(expression, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                results[node] = self._apply(node, results)
            else:
                stack.append((node, True))
                stack += [(part, False) for part in reversed(self._parts(node))]
        if isinstance(results[expression], list):
            self._refuse(expression, "list")
        return results[expression]

    def _parts(self, node: ast.AST) -> list[ast.expr]:
        """What has to be evaluated before `node`; refuses a node that is not allowed."""
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return [node.left, node.right]
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return [node.operand]
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name):
                if isinstance(node.func, (ast.Constant, ast.BinOp)):  # 2(x), or (x + 1)(x - 1)
                    self._refuse(node, "times")
                self._refuse_kind(node.func, node)
            if any(keyword.arg is None for keyword in node.keywords):
                self._refuse(node, "stars")
            if node.func.id not in FUNCTIONS:
                name, instead = node.func.id, INSTEAD.get(node.func.id)
                if instead:
                    self._refuse(node.func, "instead", name=name, instead=instead)
                like = difflib.get_close_matches(name.lower(), FUNCTIONS, 1, cutoff=ALIKE)
                if like and not hasattr(math, name):  # atan is no misspelt tanh
                    self._refuse(node.func, "like", name=name, like=like[0])
                self._refuse(node.func, "no gate", name=name, gates=[*FUNCTIONS])
            return [*node.args, *[keyword.value for keyword in node.keywords]]
        if isinstance(node, ast.List):
            return node.elts
        if isinstance(node, ast.Name) or isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return []
        self._refuse_kind(getattr(node, "op", node), node)

    def _apply(self, node: Any, results: dict[ast.AST, Any]) -> Any:
        if isinstance(node, ast.Constant):
            number: Any = node.value
            if number > sys.float_info.max:
                self._refuse(node, "too large", text=self._text(node)[:40])
            return float(number)
        if isinstance(node, ast.Name):
            if node.id not in self.known:
                self._refuse(node, "early", name=node.id)
            return self.known[node.id]
        if isinstance(node, ast.List):
            return [results[x] for x in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in OF_LISTS and any(isinstance(results[x], list) for x in node.args):
                self._refuse(node, "list")
            keywords = {str(keyword.arg): results[keyword.value] for keyword in node.keywords}
            return self._try(FUNCTIONS[node.func.id], node, *[results[x] for x in node.args], **keywords)
        inputs = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        return self._try(OPERATORS[type(node.op)], node, *[results[x] for x in inputs])

    def _try(self, function: Any, node: ast.expr, *inputs: Any, **parameters: Any) -> Any:
        """function(*inputs), its complaint pointing at `node`."""
        try:
            return function(*inputs, **parameters)
        except (TypeError, ValueError, ArithmeticError) as error:
            refusal = ExpressionError(str(error), *self._place(node))
            refusal.facts = getattr(error, "facts", refusal.facts)
            raise refusal from None

    def _refuse_kind(self, kind: ast.AST, node: ast.AST | None = None) -> NoReturn:
        if isinstance(kind, HINTED):
            equal = isinstance(kind, ast.Compare) and isinstance(kind.ops[0], ast.Eq)
            self._refuse(node or kind, "Eq" if equal else type(kind).__name__)
        self._refuse(node or kind, "no part", text=self._text(node or kind)[:40])

    def _text(self, node: Any) -> str:
        """What was typed for a node, as far as it stands on its first line."""
        end = node.end_col_offset if node.end_lineno == node.lineno else None
        return str(self.lines[node.lineno - 1].encode()[node.col_offset : end], "utf-8")

    def _refuse(self, node: Any, phrase: str, **parts: object) -> NoReturn:
        raise _error(phrase, self._place(node), **parts)

    def _place(self, node: Any) -> tuple[str, int]:
        """The line of a node, and the column in it where a caret stands."""
        row, column = node.lineno, node.col_offset
        if isinstance(node, ast.BinOp):  # point at the operator: it follows what stands left of it
            left: Any = node.left
            row, column = left.end_lineno, left.end_col_offset
        line = self.lines[row - 1]
        after = line.encode()[column:].decode().lstrip(" )")
        return line, len(line) - len(after)
