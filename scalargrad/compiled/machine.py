"""A text in LLVM's language as machine code, and arrays in memory that it reads and writes."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from typing import Any

from .engines import needed


def compiled(source: str) -> Any:
    """Machine code of a text in LLVM's language; `get_function_address` of the result finds its functions.

    It owns the code: it must live as long.
    """
    llvm = needed("llvmlite.binding", "native")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(source)
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=1)  # 2 gains nothing
    made = llvm.create_mcjit_compiler(module, machine)
    made.finalize_object()
    return made


def doubles(numbers: int | Sequence[float]) -> Any:
    """An array of doubles for machine code; zeros, if only their number is given."""
    if isinstance(numbers, int):
        return (ctypes.c_double * numbers)()
    return (ctypes.c_double * len(numbers)).from_buffer(array("d", numbers))


def integers(numbers: Sequence[int]) -> Any:
    """An array of whole numbers of 64 bits for machine code."""
    return (ctypes.c_int64 * len(numbers)).from_buffer(array("q", numbers)) if numbers else (ctypes.c_int64 * 0)()
