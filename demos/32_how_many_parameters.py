"""How many parameters?  AlexNet has 60,965,224 and VGG-16 has 138,357,544: one sum each, one line per layer.

A neuron has a weight for each input and a bias.  In a fully connected layer each neuron sees all numbers below; in a
convolutional layer it sees a small window, and all windows share one set of weights, a filter.  That sharing is a fork:
a weight of a filter is used at every place, and what comes back from all places adds up.

Run it:  python demos/32_how_many_parameters.py

Source: Krizhevsky, Sutskever, Hinton, 2012; Simonyan, Zisserman, 2014; CS231n, Convolutional Networks, "VGGNet in
detail"; lecture 4, where AlexNet is the picture of a large circuit.
"""

from itertools import combinations_with_replacement
from math import comb, isclose

from scalargrad import Value, dot, ledger, nn, relu, total

# ---- the two networks, one line per layer ----


def convolution(size: int, depth: int, filters: int) -> tuple[str, int]:
    """Filters of size x size windows over so many channels, each with one bias."""
    return f"{size}*{size}*{depth}*{filters} + {filters}", size * size * depth * filters + filters


def connected(n_inputs: int, neurons: int) -> tuple[str, int]:
    return f"{n_inputs}*{neurons} + {neurons}", n_inputs * neurons + neurons


ALEXNET = {
    "conv1": convolution(11, 3, 96),
    "conv2": convolution(5, 48, 256),  # two groups, one on each GPU of 2012: a filter sees half of the 96 channels
    "conv3": convolution(3, 256, 384),
    "conv4": convolution(3, 192, 384),  # two groups
    "conv5": convolution(3, 192, 256),  # two groups
    "fc6": connected(6 * 6 * 256, 4096),
    "fc7": connected(4096, 4096),
    "fc8": connected(4096, 1000),
}
CHANNELS = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
VGG = {f"conv{i}": convolution(3, *pair) for i, pair in enumerate(zip(CHANNELS, CHANNELS[1:]), 1)}
VGG |= {"fc14": connected(7 * 7 * 512, 4096), "fc15": connected(4096, 4096), "fc16": connected(4096, 1000)}

sums = {}
for name, layers in (("AlexNet", ALEXNET), ("VGG-16", VGG)):
    sums[name] = sum(count for _, count in layers.values())
    most = max(layers, key=lambda layer: layers[layer][1])
    print(f"{name}\n")
    for layer, (formula, count) in layers.items():
        print(f"  {layer:8}{formula:26}{count:14,}{count / sums[name]:8.1%}")
    print(f"  {'in all':34}{sums[name]:14,}   most of them in {most}\n")

# ---- why convolutions have so few: one filter, used at eight places ----

signal = [0.5, -1.0, 2.0, 1.0, 0.0, -0.5, 1.5, 1.0, -2.0, 0.5]
w, b = [Value(1.0, "w0"), Value(-0.5, "w1"), Value(0.25, "w2")], Value(0.1, "b")
places = [relu(dot(w, signal[i : i + 3], b)) for i in range(8)]
out = total(places)
out.backward()
parts = ledger(w[1], out).entries
full = nn.Layer(10, 8)
sent = " ".join(f"{entry.downstream:+g}" for entry in reversed(parts))
print("A filter of 3 weights over 10 numbers gives 8 outputs with 4 parameters; a fully")
print(f"connected layer 10 -> 8 has {len(full.parameters())}.  What comes to w1 from the eight places:")
print(f"  {sent} = {w[1].grad:g}")

# ---- the other way to many numbers: all products of up to n of n inputs ----

N = (2, 3, 5, 10, 15)
features = [comb(2 * n, n) - 1 for n in N]
print("\nAll products of up to n of n inputs, without the empty one: C(2n, n) - 1\n")
print("  n       " + "".join(f"{n:13}" for n in N))
print("  features" + "".join(f"{count:13,}" for count in features))

# ---- the sums of the papers; shared weights, by hand; the products, listed ----

assert sums == {"AlexNet": 60_965_224, "VGG-16": 138_357_544}
on = [1.0 if s0 - 0.5 * s1 + 0.25 * s2 + 0.1 > 0 else 0.0 for s0, s1, s2 in zip(signal, signal[1:], signal[2:])]
for k, weight in enumerate(w):
    assert isclose(weight.grad, sum(alive * signal[i + k] for i, alive in enumerate(on)), abs_tol=1e-14)
assert b.grad == sum(on) and len(parts) == 8 and len(full.parameters()) == connected(10, 8)[1] == 88
assert len(nn.MLP(3, [4, 4, 1]).parameters()) == connected(3, 4)[1] + connected(4, 4)[1] + connected(4, 1)[1] == 41
for n, count in zip(N[:3], features):
    assert count == sum(1 for d in range(1, n + 1) for _ in combinations_with_replacement(range(n), d))
