"""Record once, run many times: a graph as flat code, on floats, on columns of a minibatch, or as machine code."""

from .program import Program, record

__all__ = ["Program", "record"]
