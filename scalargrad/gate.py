"""A gate: an operation with an output and local gradients; and its forms, where some inputs are plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

from .text import short

PLAIN_ERRORS = (ZeroDivisionError, OverflowError, ArithmeticError, ValueError)
REFUSES = "cannot be computed"  # of a gate of one's own, before the words of its function
NO_SLOPE = "cannot give a finite local gradient"
OVERFLOWS = "cannot give a result that fits a float: scale its inputs down first"
SLOPE_OVERFLOWS = "cannot give a local gradient that fits a float: it is too steep here; scale or move its inputs"
TOO_LARGE = "it is too large for a float, which ends at 1.8e308: scale it down first"
HANDED = "a rule is handed the output and the inputs, as in rule=lambda z, x: (2 * x,)"
MAX_FORMS = 1_000  # forms of one gate that are kept
Pattern = Literal["distributes", "routes", "switches", "flips", "scales"]


class Gate:
    """An operation: its output, and its local gradients.

    output: the function of floats that the gate computes.
    rule: a function (z, x, y, ...) of the output and the inputs that returns the local gradients, one for each input;
        or a tuple of such functions, where a slope may not exist and must be left alone unless it is asked for.
    pattern: what the gate does to a gradient on its way back: distributes, routes, switches, flips or scales it.
    symbol: what a picture shows; need not be unique, and is by default the name.
    name: unique; a saved graph knows the gate by it.  A gate of the table is called what its row is called.
    expansion: the same function made of smaller gates, or None.
    domain, steep, overflow: the end of the sentence about inputs that the output refuses, that the rule refuses, or
        whose output is too large: what is wrong, and what to do.

    Raises ValueError for a pattern that is none of these.
    """

    __slots__ = ("name", "symbol", "pattern", "output", "rule", "expansion", "domain", "steep", "overflow", "_forms")

    def __init__(
        self,
        output: Callable[..., float],
        rule: Callable[..., Any] | tuple[Callable[..., Any], ...],
        pattern: Pattern = "scales",
        symbol: str = "",
        name: str = "",
        expansion: Callable[..., Any] | None = None,
        domain: str = REFUSES,
        steep: str = NO_SLOPE,
        overflow: str = OVERFLOWS,
    ):
        if pattern not in get_args(Pattern):
            raise ValueError(f"pattern={pattern!r:.40}: choose from {', '.join(get_args(Pattern))}")
        self.name = name
        self.symbol = symbol or name
        self.pattern = pattern
        self.output = output
        self.rule = rule
        self.expansion = expansion
        self.domain = domain
        self.steep = steep
        self.overflow = overflow
        self._forms: dict[tuple[int, ...] | None, Form] = {}

    def __repr__(self) -> str:
        return f"<gate {self.name}>"

    def __deepcopy__(self, memo: object) -> Gate:
        return self

    def __call__(self, *inputs: Any) -> Any:
        """The output: a float for plain numbers, otherwise what the first input of another kind makes of the gate."""
        for x in inputs:
            if type(x) is not float:
                return self.of(inputs)
        return self.compute(inputs)

    def of(self, inputs: tuple[Any, ...]) -> Any:
        """The same as a call, with the inputs in a tuple."""
        for x in inputs:
            if hasattr(x, "through_gate"):
                return x.through_gate(self, inputs)
        if inputs and holds_many(inputs[0]):
            raise self._for_each(inputs)
        return self.compute([to_float(x) for x in inputs])

    def compute(self, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> float:
        """The output on floats; Python's own error, naming the gate and its inputs, where there is none."""
        try:
            z = self.output(*numbers)
        except (ArithmeticError, ValueError) as error:
            reason = self.overflow if isinstance(error, OverflowError) else self.domain
            raise self.error(error, reason, numbers, inputs, error if reason is REFUSES else "") from None
        return z if type(z) is float else self._checked("output", z)

    def error(
        self,
        error: Exception,
        reason: str,
        numbers: Sequence[float],
        inputs: tuple[Any, ...] = (),
        detail: object = "",
    ) -> Exception:
        """An error of the same kind that names this gate, its inputs (by label, if they have one) and the reason.

        detail: what a function of the user's, or a gate inside, said itself.
        """
        labels = [getattr(x, "label", "") for x in inputs] or [""] * len(numbers)
        names = [label or name for label, name in zip(labels, self.input_names(len(numbers)))]
        # what the rule calls an input that has no label may be the label of another
        shown = [
            f"{name} = {x!r}" if name == label or name not in labels else repr(x)
            for name, label, x in zip(names, labels, numbers)
        ]
        if len(shown) > 4:
            shown[3:] = [f"... ({len(numbers)} in all)"]
        ending = f"{reason} ({detail})" if str(detail) else reason
        message = f"{self.name}: input{'s' * (len(numbers) > 1)} {', '.join(shown)} {ending}"
        try:
            made = type(error)(message)
        except TypeError:  # an exception class of the user's that takes other arguments
            made = next(kind for kind in type(error).__mro__ if kind in PLAIN_ERRORS)(message)
        if len(numbers) > 4:
            shown[3] = f"... ({len(numbers)})"  # which every language understands
        facts = {"gate": self.name, "inputs": shown, "reason": reason}
        made.facts = ("error gate", facts)  # type: ignore[attr-defined]  # for who says it in another language
        return made

    def _for_each(self, inputs: tuple[Any, ...]) -> TypeError:
        """The error for a list in the place of the first input."""
        given = f"{type(inputs[0]).__name__} {short(inputs[0])}"
        call = f"{self.name}(v{', ...' if len(inputs) > 1 else ''})"
        refusal = TypeError(f"{self.name} takes one number, not {given}: write [{call} for v in values]")
        refusal.facts = ("error each", {"gate": self.name, "given": given, "call": call})  # type: ignore[attr-defined]
        return refusal

    def slope_error(self, error: Exception, numbers: Sequence[float], inputs: tuple[Any, ...] = ()) -> Exception:
        """The error for a rule that has raised one: there is no local gradient, or none that fits a float."""
        reason = SLOPE_OVERFLOWS if isinstance(error, OverflowError) else self.steep
        return self.error(error, reason, numbers, inputs, error if reason is NO_SLOPE else "")

    @property
    def arity(self) -> int | None:
        """How many inputs the rule takes; None where any number may come."""
        code = getattr(self.rule if callable(self.rule) else self.rule[0], "__code__", None)
        return None if code is None or code.co_flags & 0x04 else code.co_argcount - 1  # 0x04: it takes *inputs

    def input_names(self, count: int) -> list[str]:
        """What the rule calls each of its `count` inputs: x, y, ..., and x1, x2, ... where any number may come."""
        code = getattr(self.rule if callable(self.rule) else self.rule[0], "__code__", None)
        known = list(code.co_varnames[1 : code.co_argcount]) if code else []
        return [*known, *(f"x{i + 1}" for i in range(count - len(known)))][:count]

    def form(self, moving: tuple[int, ...] | None, numbers: tuple[float, ...] = ()) -> Form:
        """The form of this gate in which the inputs at the places `moving` are values (None: all are).

        numbers: the output and the inputs of its first use, on which the rule is tried; TypeError if it is wrong.
        """
        form = self._forms.get(moving)
        if form is None:
            if numbers and callable(self.rule):
                self._try_rule(self.rule, numbers)
            form = self._forms[moving] = Form(self, moving, _cut(self.rule, moving, self.arity))
            if len(self._forms) > MAX_FORMS:  # a maximum of any number of inputs has forms without end
                self._forms.pop(next(iter(self._forms)), None)
        return form

    def _try_rule(self, rule: Callable[..., Any], numbers: tuple[float, ...]) -> None:
        try:
            slopes = rule(*numbers)
        except (ArithmeticError, ValueError):  # no slope at this point: for `backward` to say
            return
        except TypeError as error:
            raise TypeError(f"{self.name}: its rule cannot be used: {error}; {HANDED}") from None
        if not isinstance(slopes, (tuple, list)) or len(slopes) != len(numbers) - 1:
            count = len(numbers) - 1
            wanted = (
                "one local gradient, as in (2 * x,)" if count == 1 else f"{count} local gradients, one for each input"
            )
            raise TypeError(f"{self.name}: its rule returned {short(slopes)}, not a tuple of {wanted}")
        for slope in slopes:
            self._checked("rule", slope)

    def _checked(self, part: str, x: Any) -> float:
        try:
            return to_float(x)
        except TypeError as error:
            raise TypeError(f"{self.name}: its {part} is wrong: {error}") from None


class Form:
    """A gate together with the places of those inputs that are values (None: all); the others are its parameters.

    `2 * x` and `x * y` are two forms of one gate.  `rule` is the gate's, cut down to the local gradients of the values.
    """

    __slots__ = ("gate", "moving", "rule")

    def __init__(self, gate: Gate | None, moving: tuple[int, ...] | None, rule: Callable[..., Any]):
        self.gate = gate
        self.moving = moving
        self.rule = rule


def _cut(rule: Any, moving: tuple[int, ...] | None, arity: int | None) -> Callable[..., Any]:
    """The rule that gives only the local gradients of the inputs at the places `moving`."""
    if not callable(rule):
        slopes = rule if moving is None else [rule[i] for i in moving]
        if len(slopes) == 1:
            return lambda *numbers: (slopes[0](*numbers),)
        return lambda *numbers: tuple([slope(*numbers) for slope in slopes])
    if moving is None:
        return rule  # type: ignore[no-any-return]
    if arity == 2 and len(moving) == 1:  # as in 2 * x
        i = moving[0]
        return lambda z, x, y: (rule(z, x, y)[i],)
    return lambda *numbers: tuple(map(rule(*numbers).__getitem__, moving))


# A leaf has no gate, and so no local gradients.  A constant is a leaf that a plain number was lifted into.
LEAF = Form(None, None, lambda: ())
CONSTANT = Form(None, None, lambda: ())


def to_float(x: Any) -> float:
    """`x` as a float, if it is one real number.

    Ints, NumPy's numbers and 0-d arrays, fractions and decimals are numbers.  A bool, a string, None, a complex number,
    a list or an array is a TypeError that says what to write instead; an int beyond 1.8e308 is an OverflowError.
    """
    kind = type(x)
    if kind is float or kind is int:
        try:
            return float(x)
        except OverflowError:
            raise OverflowError(TOO_LARGE) from None
    dtype = str(getattr(x, "dtype", "float")).rpartition(".")[2]
    if isinstance(x, bool) or dtype.startswith("bool"):
        advice = "a truth value is no number here; write 1.0 or 0.0"
    elif isinstance(x, (str, bytes)):
        advice = "text is no number; write float(...) if it spells one"
    elif x is None:
        advice = "did a function forget its return?"
    elif isinstance(x, complex) or dtype.startswith("complex"):
        advice = "gates are real; take its .real or its .imag"
    elif hasattr(x, "through_gate"):
        advice = "it is a value of a graph already; use it as it is, or take float() of it"
    elif holds_many(x):
        advice = "a value holds one number; make one for each, as in [Value(v) for v in values]"
    elif bool(getattr(x, "mask", False)):  # NumPy would make nan of it
        advice = "it is masked, so there is no number; leave it out, or fill it with one"
    elif hasattr(kind, "__float__") and dtype.startswith(("float", "int", "uint", "bfloat")):
        try:
            return float(x)
        except TypeError as error:  # of a symbol of SymPy
            advice = str(error)
    else:
        advice = "gates take ints, floats and Values"
    given = f"{kind.__name__} {short(x)}"
    refusal = TypeError(f"expected one real number, not {given}: {advice.replace('...', short(x))}")
    refusal.facts = ("error number", {"given": given, "reason": advice})  # type: ignore[attr-defined]
    raise refusal


def holds_many(x: Any) -> bool:
    """Whether it is a list, an array, or another thing with numbers in it; text is none."""
    kind = type(x)
    return bool(getattr(x, "ndim", 0)) or (
        hasattr(kind, "__iter__") and not hasattr(kind, "__float__") and not isinstance(x, (str, bytes))
    )


def named(rows: Mapping[str, Any]) -> dict[str, Gate]:
    """Gives each gate among the variables of a table the name of its variable, and returns {name: gate}.

    An underscore at the end, which tells `abs_` from Python's own `abs`, is no part of the name.
    """
    gates = {variable.rstrip("_"): gate for variable, gate in rows.items() if isinstance(gate, Gate)}
    for name, gate in gates.items():
        gate.name = name
        gate.symbol = gate.symbol or name
    return gates
