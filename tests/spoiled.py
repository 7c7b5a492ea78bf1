"""Files for tests of what reads them: a good one, in which something is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.integers(-2, 5) | st.floats() | st.sampled_from([10**30, 10**400, -0.0, 1e308])
WORDS = st.text(max_size=3) | st.sampled_from(["x", "nan", "inf", "-inf", "add", "mul", "relu", "data", "MLP", "1"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(WORDS, part, max_size=2),
    max_leaves=4,
)


def places(part: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in a JSON document."""
    keys = part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from places(part[key])


@st.composite
def spoiled(draw: Any, good: str) -> bytes:
    """The bytes of a good JSON file in which some bytes or one to three parts are others, missing or there twice."""
    if draw(st.booleans()):
        content = bytearray(good.encode())
        start = draw(st.integers(0, len(content)))
        content[start : start + draw(st.integers(0, 4))] = draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"{}", b"0"])
        )
        return bytes(content)
    file = json.loads(good)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(file))
        part, key = found[draw(st.integers(0, len(found) - 1))] if found else ({}, "")
        change = draw(st.sampled_from(["other", "missing", "twice", "moved"]))
        if change == "missing" and found:
            del part[key]
        elif change == "twice" and isinstance(part, list):
            part.insert(key, part[key])
        elif change == "moved" and found:
            other, place = found[draw(st.integers(0, len(found) - 1))]
            part[key] = json.loads(json.dumps(other[place]))
        else:
            part[key if found else draw(WORDS)] = draw(ANYTHING)
    return json.dumps(file).encode()
