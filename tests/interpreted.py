"""The engine "native" as it runs large graphs, on graphs of any size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from unittest.mock import patch

from scalargrad import Value
from scalargrad.compiled import Program, interpreter, program, record


def record_interpreted(
    function: Callable[..., Any], samples: Sequence[Any] = (), parameters: Iterable[Value] = (), reduce: str = "mean"
) -> Program:
    with patch.object(interpreter, "MAX_COMPILED", -1), patch.object(program, "_engines", OrderedDict()):
        return record(function, samples, parameters, "native", reduce)
