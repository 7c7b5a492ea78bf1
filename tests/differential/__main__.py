"""The command: python -m tests.differential --n 100000 --seed 1"""

from __future__ import annotations

import argparse
import sys

from .run import examples, run, table


def main() -> int:
    """Prints the table and the unexplained graphs; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--n", type=int, default=1_000, help="how many graphs (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other graphs (default: 1)")
    options = parser.parse_args()
    found = run(options.n, options.seed)
    print(table(found))
    print(examples(found))
    return 0 if found.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
