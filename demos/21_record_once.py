"""Record once, run many times: the graph of one sample as flat code, and training on it.

Every sample of every step builds the same graph, with other numbers in it.  So it is enough to build it once, and to
write down what its gates do: the forward pass line by line, and then, by the gates' own rules, the way back.  That is
the staged code which the lecture writes by hand.  `fit` with an engine trains on it, and finds the same numbers.

Run it:  python demos/21_record_once.py

Source: CS231n, Backpropagation, Intuitions, "Backprop in practice: Staged computation".
"""

import math
import time

from scalargrad import Value, nn, record, sigmoid

# ---- one sigmoid neuron, as flat code ----

w, b = Value(2.0, "w"), Value(-1.0, "b")
program = record(lambda x, y: (sigmoid(w * x + b) - y) ** 2, samples=(1.0, 0.0), parameters=[w, b])
print(f"(sigmoid(w x + b) - y) ** 2 is a\n{program!r}:\n")
print(program.source)
xs, ys = [1.0, 2.0, 3.0], [0.0, 1.0, 1.0]
value, gradients = program(xs, ys)
print(f"on three samples: loss {value:.6f}, dw {gradients[0]:.6f}, db {gradients[1]:.6f}")

# ---- the same by hand: d(s - y)^2/ds = 2 (s - y), ds/d(wx + b) = s (1 - s) ----

s = [1 / (1 + math.exp(-(2 * x - 1))) for x in xs]
passed = [2 * (s_i - y_i) * s_i * (1 - s_i) for s_i, y_i in zip(s, ys)]
by_hand = [sum(p * x for p, x in zip(passed, xs)) / 3, sum(passed) / 3]

# ---- a network: the graph anew at each step, and recorded once ----

X, y = nn.moons(60, seed=1)
models, histories = {}, {}
print("\nthe two moons, 60 points, 20 epochs of batches of 10")
for engine in (None, "python"):
    models[engine] = nn.MLP(2, [8, 8, 1], "tanh", seed=1)
    start = time.perf_counter()
    histories[engine] = nn.fit(
        models[engine], X, y, "max_margin", epochs=20, batch_size=10, learning_rate=0.3, seed=1, engine=engine
    )
    took = time.perf_counter() - start
    print(f"engine={engine!r}, {took:.2f} s\n  {histories[engine]!r}")
print("\nstep" + "".join(f"{step:8}" for step in range(0, 120, 17)))
for engine, history in histories.items():
    print(f"{'anew' if engine is None else 'once':4}" + "".join(f"{loss:8.4f}" for loss in history.loss[::17]))

# ---- the same numbers ----

assert all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(gradients, by_hand, strict=True))
anew, once = histories.values()
assert anew.accuracy == once.accuracy and anew.loss[-1] < 0.2
assert all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(anew.loss, once.loss, strict=True))
assert all(
    math.isclose(p.data, q.data, abs_tol=1e-9) for p, q in zip(*[m.parameters() for m in models.values()], strict=True)
)
