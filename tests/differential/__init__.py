"""The engine against what it should equal, on random graphs of all gates.

    python -m tests.differential --n 100000 --seed 1

`graphs` are what is compared.  `ours` is what the engine makes of a graph; `exact` and `peer` are what mpmath and torch
make of it.  `checks` are questions about one graph, each with its verdict; `run` asks them of many and makes the table.
"""

import sys
from pathlib import Path

TESTS = str(Path(__file__).parents[1])
if TESTS not in sys.path:  # pytest puts it there; `python -m tests.differential` does not
    sys.path.insert(0, TESTS)
