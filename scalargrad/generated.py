"""Generated source, kept where tracebacks and debuggers look for the lines of a file."""

from __future__ import annotations

import linecache
import zlib
from collections import OrderedDict

MAX_SOURCES = 256  # the oldest are forgotten: a program that makes code in a loop must not grow without end
_kept: OrderedDict[str, None] = OrderedDict()


def keep_source(source: str, kind: str) -> str:
    """Keeps the lines of a generated source, and returns the file name to compile it under; equal texts have one name.

    kind: what the file name begins with, such as "backprop code".
    """
    filename = f"<{kind} {zlib.crc32(source.encode()):08x}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    _kept[filename] = None
    _kept.move_to_end(filename)
    while len(_kept) > MAX_SOURCES:
        linecache.cache.pop(_kept.popitem(last=False)[0], None)
    return filename
