"""scalargrad: a scalar reverse-mode autograd engine for people who learn and teach backpropagation.

>>> x, y, z = Value(-2), Value(5), Value(-4)
>>> f = (x + y) * z
>>> f.backward()
>>> x.grad, y.grad, z.grad
(-4.0, -4.0, 3.0)
"""

import importlib
import typing

# The names in reading order: the value, its gates as functions, gates of your own.
from .value import Value
from .cut import CircuitCut
from .functions import exp, log, sqrt, sin, cos
from .functions import tanh, sigmoid, softplus, relu, leaky_relu, elu
from .functions import maximum, minimum, total, dot, pick, given_gradients
from .composite import gate, expand

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "Value", "CircuitCut",
    "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "leaky_relu", "elu",
    "maximum", "minimum", "total", "dot", "pick", "given_gradients",
    "steps", "tree", "draw", "backprop_code", "latex", "page",
    "explain", "ledger", "paths", "nudge", "record_lines", "language",
    "gradient", "jacobian", "hessian", "hessian_vector_product",
    "gate", "expand", "check_gradients", "errors_by_step", "save_graph", "load_graph", "record", "evaluate",
]
# fmt: on

# What looks at a circuit, checks it or runs it again is imported when it is first asked for: `__getattr__` has the same
# names for Python as these lines have for editors and type checkers.
if typing.TYPE_CHECKING:
    from .saved import save_graph, load_graph
    from .calculus import gradient, jacobian, hessian, hessian_vector_product
    from .check import check_gradients, errors_by_step
    from .views.phrases import language
    from .views.steps import steps
    from .views.tree import tree
    from .views.draw import draw
    from .views.code import backprop_code
    from .views.latex import latex
    from .views.page import page
    from .views.ledger import ledger, nudge, paths
    from .views.explain import explain
    from .views.lines import record_lines
    from .compiled import record
    from .expression import evaluate
    from . import nn as nn
else:

    def __getattr__(name: str) -> object:
        rooms = {
            "saved": ["save_graph", "load_graph"],
            "calculus": ["gradient", "jacobian", "hessian", "hessian_vector_product"],
            "check": ["check_gradients", "errors_by_step"],
            "views.phrases": ["language"],
            "views.steps": ["steps"],
            "views.tree": ["tree"],
            "views.draw": ["draw"],
            "views.code": ["backprop_code"],
            "views.latex": ["latex"],
            "views.page": ["page"],
            "views.ledger": ["ledger", "nudge", "paths"],
            "views.explain": ["explain"],
            "views.lines": ["record_lines"],
            "compiled": ["record"],
            "expression": ["evaluate"],
        }
        if name == "nn":
            return importlib.import_module(".nn", __name__)
        for room, names in rooms.items():
            if name in names:
                found = globals()[name] = getattr(importlib.import_module(f".{room}", __name__), name)
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, "nn"})
