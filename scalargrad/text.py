"""How numbers and other things are written."""

from __future__ import annotations

import math
from typing import Any


def typed(x: float) -> str:
    """A float as one types it: nan and inf have no literal."""
    return repr(x) if math.isfinite(x) else f"float('{x!r}')"


def short(x: Any) -> str:
    """What `repr` makes of any object, on one line, cut to 40 characters."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else text[:37] + "..."
