"""Where figures were measured."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

LIBRARIES = ("scalargrad", "micrograd", "torch", "jax", "autograd", "casadi", "numpy", "llvmlite")


def machine() -> str:
    """Python, the processor, the system, and the versions of all libraries, in a line."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    libraries = ", ".join([f"{name} {version}" for name, version in versions().items()])
    return f"{python}; {_processor()}, {os.cpu_count()} cores; {system}; {libraries}"


def versions() -> dict[str, str]:
    """{library: its version} of all that are installed."""
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _processor() -> str:
    """What /proc calls it, where there is one: `platform` often knows the architecture alone."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
