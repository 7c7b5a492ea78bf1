"""Record once, run many times: a graph as flat code, on floats, on columns of a minibatch, or as machine code.

In reading order:

trace.py    a function of one sample becomes the shape of its graph
flat.py     the shape becomes flat code: forward, and back by the gates' own rules
writing.py  flat code as Python text, on floats or on arrays
engines.py  the text runs, in a namespace of functions for each engine
llvm.py     numbers in LLVM's language, which write instructions
native.py   flat code on these numbers: machine code
program.py  `record`, and the program that it gives
"""

from .program import Program, record

__all__ = ["Program", "record"]
