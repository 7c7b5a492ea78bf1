"""Record once, run many times: a graph as flat code, on floats, on columns of a minibatch, or as machine code.

Training builds the same graph for every sample of every update, with other numbers in it.  It is enough to build it
once and to write down what its gates do, forward and back, which is the staged code that the lecture writes by hand
(CS231n, Backpropagation, Intuitions, "Backprop in practice: Staged computation").  Here is one neuron on that way,
from module to module.

**1. trace.py: a function becomes the shape of its graph.**  The function runs once, on values made from one sample.
Nodes are numbered: first the inputs (x is 0), then the parameters (w is 1, b is 2), then an entry for each gate, in
the one topological order.  The numbers in the nodes are dropped, so that all samples share one trace.  To see whether
they do, the function runs on a few made-up samples more, and the traces are compared.

>>> from scalargrad import Value, record, relu
>>> from scalargrad.compiled.trace import Recorder
>>> w, b = Value(2.0), Value(-1.0)
>>> def neuron(x):
...     return relu(w * x + b)
>>> trace, numbers = Recorder(neuron, samples=(3.0,), parameters=[w, b]).recorded()
>>> for entry in trace.entries:
...     print(entry.gate.name, entry.inputs)
mul (1, 0)
add (3, 2)
relu (4,)

Plain numbers of the function, such as the 0.5 of `0.5 * x`, are not in the shape either: `numbers` holds them, and the
program is handed them with the parameters.  So recording again with another 0.5 compiles nothing.

**2. flat.py: the shape becomes lines.**  A gate's rule may be handed any kind of number.  Handed floats it gives
slopes; handed *lines* it gives more lines.  So the forward pass is each gate applied to lines, and the backward pass
is each gate's own rule applied to lines, from the root to the leaves: no derivative is written anywhere but in the
table.  The slope of relu there is a step gate, and here it is the line v3.

>>> from scalargrad.compiled.flat import FlatCode
>>> code = FlatCode(trace)
>>> for line in code.lines:
...     print(line, "=", line.gate.name, line.inputs)
v0 = mul (p0, x0)
v1 = add (v0, p1)
v2 = relu (v1,)
v3 = step (v1, 0.0, 0.0)

What reaches a parameter is no line but a *send*: an upstream, and for each parameter the local gradient to multiply it
by.  Sends of all samples are added up, and each engine has its own fast way to do so.

>>> for send in code.sends:
...     print(send.upstream, send.slopes)
v3 [(1, 1.0)]
v3 [(0, x0)]

The add gate sends v3 times 1 to b, which is parameter 1; the mul gate sends v3 times x0 to w, which is parameter 0.
Each line knows whether it *varies* from sample to sample or depends on parameters alone, and then is computed once for
a minibatch.  Lines that nothing needs are left out; equal lines are one line.

**3. writing.py: lines become Python text.**  For the engine "python", a loop over samples; a line that is used once is
written where it is used:

>>> from scalargrad.compiled.writing import ArrayWriter, FloatWriter
>>> print(FloatWriter(code).source())
def run(p, samples):
    p0, p1 = p
    g0 = 0.0
    g1 = 0.0
    value = 0.0
    for x0, in samples:
        v1 = p0 * x0 + p1
        v2 = (0.0 if v1 <= 0.0 else v1)
        v3 = (1.0 if v1 > 0.0 else 0.0 if v1 < 0.0 else 0.0 if v1 == 0.0 else nan)
        g1 = g1 + v3
        g0 = g0 + x0 * v3
        value = value + v2
    return value, [g0, g1]
<BLANKLINE>

For "numpy" and "jax", no loop: every line that varies is an array with one number per sample, and a send is one sum:

>>> print(ArrayWriter(code, "G[{0}] += {1}").source())
def run(P, X):
    n = X.shape[1]
    G = zeros(2)
    v1 = P[0] * X[0] + P[1]
    v2 = relu(v1)
    v3 = step(v1, 0.0, 0.0)
    G[1] += add_up(v3)
    G[0] += X[0] @ v3
    return add_up(v2), G
<BLANKLINE>

**4. engines.py: the text runs.**  An engine is a namespace in which that text has a meaning: the table's own outputs on
floats, `numpy` or `jax.numpy` functions on arrays.

**5. llvm.py and native.py: lines become machine code.**  For "native" the same outputs are handed *registers*, which
write an instruction for whatever is done with them.  A register of a line that varies holds eight samples side by
side, so one instruction does the work of eight:

>>> from scalargrad.compiled.native import Kernel
>>> [text.split(" = ")[1][:18] for text in Kernel(code).text.splitlines() if "fmul <" in text][0]
'fmul <8 x double> '

**6. instructions.py, kinds.py and interpreter.py: large graphs.**  LLVM would take seconds for some thousand lines.  So
of a large graph it compiles only what each kind of gate does, from the flat code of that gate alone, and the graph
itself becomes a list of instructions, which are whole numbers.  `record` chooses by size.

**7. program.py: what a user holds.**  `record` goes this way, and remembers the compiled code by its trace; `Program`
reads the parameters at each call, checks the data, and divides by the number of samples.  Where there are no data and
the graph is small, the call itself is code made for it (`Bound`).

>>> program = record(neuron, samples=(3.0,), parameters=[w, b])
>>> program([3.0, 0.0])
(2.5, [1.5, 0.5])

By hand: the samples give relu(2 * 3 - 1) = 5 and relu(-1) = 0; only the first lets its gradient through, so w gets
(3 + 0) / 2 and b gets (1 + 0) / 2.

**8. descent.py: training.**  `nn.fit` hands machine code many minibatches at once: it runs the program on each, and
moves the parameters as the optimiser does.  Parameters stay in arrays all the while, which programs for texts of
different lengths share.
"""

from .program import Program, record

__all__ = ["Program", "record"]
