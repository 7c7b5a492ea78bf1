"""Typed expressions: a small, safe part of Python, read into a graph.

    q = x + y; f = q * z

Numbers, names, `+ - * / **`, parentheses and calls of gates make an expression; `name = expression` makes a statement;
statements end with `;` or a new line.  Nothing of it is run as Python.
"""

from __future__ import annotations

import ast
import contextlib
import math
import re
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from . import functions, table
from .text import width
from .value import Value

MAX_CHARACTERS = 10_000
MAX_SHOWN = 76  # characters of a line that are shown with a caret
CONSTANTS = {"pi": math.pi}  # unless the name is given or assigned
# Every gate that is a function: `abs` is Python's own elsewhere.
FUNCTIONS: dict[str, Any] = {"abs": table.abs_} | {
    name: vars(functions)[name] for name in table.GATES if name in vars(functions)
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
ALLOWED = f"allowed are numbers, names, + - * / ** and {', '.join(FUNCTIONS)}"
HINTS: dict[type[ast.AST], str] = {
    ast.BitXor: "a power is written **",
    ast.FloorDiv: "// has a slope of 0; write /",
    ast.Mod: "% has a slope of 0 or 1 with jumps; it is no gate",
    ast.Attribute: "a function is called as exp(x), not as x.exp() or math.exp(x)",
    ast.Compare: "a comparison has no gradient; maximum and minimum have",
    ast.IfExp: "a choice has no gradient; maximum and minimum have",
    ast.AugAssign: "name every result once, with =",
}
INSTEAD = {
    "max": "maximum(x, y)",
    "min": "minimum(x, y)",
    "sum": "total([x, y])",
    "ln": "log(x)",
    "pow": "x ** y",
    "softmax": "exp(x) / (exp(x) + exp(y)), one such fraction for each score",
}
PRODUCT = re.compile(r"(\d+\.?\d*(?:[eE][+-]?\d+)?)([^\W\d]\w*)")  # 2x, where 2 * x is meant


class ExpressionError(ValueError):
    """What is wrong with a typed expression; where it has a place, a caret stands below it."""

    def __init__(self, reason: str, line: str = "", column: int = 0):
        if len(line) > MAX_SHOWN:  # show what is around the place
            start = max(0, column - MAX_SHOWN // 2)
            line, column = line[start : start + MAX_SHOWN], column - start
        super().__init__(f"{reason}\n  {line}\n  {' ' * width(line[:column])}^" if line else reason)


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
            raise ValueError(f"{text!r} is no value: write name=number, and put the whole expression in quotes")
        if name in values:
            raise ValueError(f"{name} is given twice")
        values[name] = _number(number, text)
    return values


def _number(text: str, whole: str) -> float:
    """The number that a text such as -2, nan, 1/3 or pi/4 says; `whole` is what an error quotes besides."""
    with contextlib.suppress(ValueError):
        return float(text)
    try:
        if "=" not in text:
            return evaluate(text).data
    except ValueError:
        pass
    raise ValueError(f"{whole!r}: {text!r} is not a number")


class _Reader:
    def __init__(self, text: str, values: Mapping[str, float]):
        if len(text) > MAX_CHARACTERS:
            raise ExpressionError(f"the expression has {len(text)} characters; {MAX_CHARACTERS} are allowed")
        self.lines = [line.strip().replace("\t", " ") for line in text.splitlines()]
        self.statements = self._parse()
        names = [unicodedata.normalize("NFKC", name) for name in values]  # as Python reads names
        for name in names:
            if names.count(name) > 1:
                raise ExpressionError(f"{name} is given twice")
        self.known: dict[str, Any] = {name: Value(x, given) for name, (given, x) in zip(names, values.items())}

    def root(self) -> Value:
        """The value of the last statement."""
        for statement in self.statements:
            if not isinstance(statement, (ast.Assign, ast.Expr)):
                self._refuse_kind(statement)
            if isinstance(statement, ast.Expr) and statement is not self.statements[-1]:
                self._refuse("only the last expression may go without a name: write name = in front of it", statement)
        self._check_names()
        for statement in self.statements:
            default = "" if "f" in self.known else "f"
            name = self._target(statement) if isinstance(statement, ast.Assign) else default
            result = self._named(name, self._evaluate(statement.value))  # type: ignore[attr-defined]
        return result

    def _parse(self) -> list[ast.stmt]:
        try:
            with warnings.catch_warnings(action="ignore"):  # about what is refused below anyhow
                statements = ast.parse("\n".join(self.lines)).body
        except SyntaxError as error:
            line = self.lines[min(error.lineno or 1, len(self.lines)) - 1] if self.lines else ""
            product = PRODUCT.search(line) if "decimal literal" in error.msg else None
            reason = f"write {product[1]} * {product[2]}" if product else f"{error.msg}; {ALLOWED}"
            raise ExpressionError(f"not an expression: {reason}", line, (error.offset or 1) - 1) from None
        except (RecursionError, MemoryError):
            raise ExpressionError("the expression nests too deeply: give parts of it a name") from None
        except ValueError as error:
            raise ExpressionError(f"not an expression: {error}") from None
        if not statements:
            raise ExpressionError(f"there is no expression; {ALLOWED}")
        return statements

    def _check_names(self) -> None:
        walked = [node for statement in self.statements for node in ast.walk(statement)]
        for node in walked:
            if isinstance(node, ast.Attribute):  # before its `math` is taken for a name without a value
                self._refuse_kind(node)
        called = {id(node.func) for node in walked if isinstance(node, ast.Call)}
        names = [node for node in walked if isinstance(node, ast.Name) and id(node) not in called]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        loaded = {node.id: node for node in names if isinstance(node.ctx, ast.Load)}
        for name in sorted(FUNCTIONS.keys() & loaded.keys()):
            self._refuse(f"{name} is a gate: write {name}(...)", loaded[name])
        for name in CONSTANTS.keys() & loaded.keys() - stored:
            self.known.setdefault(name, CONSTANTS[name])
        missing = [name for name in loaded if name not in stored and name not in self.known]
        if missing:
            missing.sort()
            wanted = " ".join(f"{name}=NUMBER" for name in missing)
            raise ExpressionError(f"no value for {', '.join(missing)}: add {wanted}")
        for name in sorted(self.known.keys() - loaded.keys()):
            problem = "assigns it" if name in stored else "has no such name"
            raise ExpressionError(f"{name} has a value, but the expression {problem}")

    def _target(self, statement: ast.Assign) -> str:
        target = statement.targets[0]
        if len(statement.targets) > 1 or not isinstance(target, ast.Name):
            self._refuse("a statement is written name = expression", target)
        if target.id in FUNCTIONS:
            self._refuse(f"{target.id} is a gate: choose another name", target)
        if target.id in self.known:
            self._refuse(f"{target.id} has a value already: every result needs a name of its own", target)
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
            self._refuse("a list is an input of total or dot only", expression)
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
                    self._refuse("a product is written with *", node)
                self._refuse_kind(node.func, node)
            if any(keyword.arg is None for keyword in node.keywords):
                self._refuse("** is no part of an expression here", node)
            if node.func.id not in FUNCTIONS:
                instead = INSTEAD.get(node.func.id)
                self._refuse(f"{node.func.id} is no gate; {f'write {instead}' if instead else ALLOWED}", node.func)
            return [*node.args, *[keyword.value for keyword in node.keywords]]
        if isinstance(node, ast.List):
            return node.elts
        if isinstance(node, ast.Name) or isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return []
        self._refuse_kind(getattr(node, "op", node), node)

    def _apply(self, node: Any, results: dict[ast.AST, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return self._try(float, node, node.value)
        if isinstance(node, ast.Name):
            if node.id not in self.known:
                self._refuse(f"{node.id} is used before it is assigned", node)
            return self.known[node.id]
        if isinstance(node, ast.List):
            return [results[x] for x in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            keywords = {str(keyword.arg): results[keyword.value] for keyword in node.keywords}
            return self._try(FUNCTIONS[node.func.id], node, *[results[x] for x in node.args], **keywords)
        inputs = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        return self._try(OPERATORS[type(node.op)], node, *[results[x] for x in inputs])

    def _try(self, function: Any, node: ast.expr, *inputs: Any, **parameters: Any) -> Any:
        """function(*inputs), its complaint pointing at `node`."""
        try:
            return function(*inputs, **parameters)
        except (TypeError, ValueError, ArithmeticError) as error:
            self._refuse(str(error), node)

    def _refuse_kind(self, kind: ast.AST, node: ast.AST | None = None) -> NoReturn:
        reason = HINTS.get(type(kind)) or f"{self._text(node or kind):.40} is no part of an expression; {ALLOWED}"
        self._refuse(reason, node or kind)

    def _text(self, node: Any) -> str:
        """What was typed for a node, as far as it stands on its first line."""
        end = node.end_col_offset if node.end_lineno == node.lineno else None
        return str(self.lines[node.lineno - 1].encode()[node.col_offset : end], "utf-8")

    def _refuse(self, reason: str, node: Any) -> NoReturn:
        row, column = node.lineno, node.col_offset
        if isinstance(node, ast.BinOp):  # point at the operator: it follows what stands left of it
            left: Any = node.left
            row, column = left.end_lineno, left.end_col_offset
        line = self.lines[row - 1]
        after = line.encode()[column:].decode().lstrip(" )")
        raise ExpressionError(reason, line, len(line) - len(after))
