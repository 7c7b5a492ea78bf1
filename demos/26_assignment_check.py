"""The assignment's own check: its toy net on its toy data gives the scores and the loss that the course prints.

Before any training, the notebook of the first assignment compares a net of known weights on five known samples with
numbers that the course has computed: 15 scores, one loss, then the gradients with numerical slopes.  Here is the same
check, on the same numbers.  They are what NumPy draws from the seeds 0 (weights) and 1 (samples):

    np.random.seed(0); W1 = 0.1 * np.random.randn(4, 10); W2 = 0.1 * np.random.randn(10, 3)
    np.random.seed(1); X = 10 * np.random.randn(5, 4)

Run it:  python demos/26_assignment_check.py

Source: CS231n, assignment 1, two_layer_net.ipynb.
"""

from math import isclose

from scalargrad import Value, nn

W1_NUMBERS = """
    0.1764052345967664 0.040015720836722335 0.09787379841057392 0.2240893199201458 0.18675579901499675
    -0.0977277879876411 0.09500884175255894 -0.01513572082976979 -0.010321885179355785 0.04105985019383723
    0.014404357116087799 0.1454273506962975 0.07610377251469935 0.012167501649282842 0.04438632327454257
    0.033367432737426685 0.14940790731576062 -0.020515826376580087 0.03130677016509014 -0.08540957393017248
    -0.25529898158340786 0.06536185954403606 0.08644361988595058 -0.0742165020406442 0.22697546239876076
    -0.1454365674598765 0.004575851730144607 -0.01871838500258336 0.15327792143584576 0.1469358769900285
    0.015494742569691631 0.03781625196021736 -0.08877857476301128 -0.1980796468223927 -0.034791214932615264
    0.015634896910398006 0.12302906807277209 0.12023798487844113 -0.03873268174079523 -0.03023027505753356
"""
W2_NUMBERS = """
    -0.10485529650670927 -0.14200179371789753 -0.17062701906250127
    0.19507753952317897 -0.050965218175165354 -0.04380743016111864
    -0.12527953600499261 0.07774903558319102 -0.16138978475579516
    -0.02127402802139687 -0.08954665611936757 0.0386902497859262
    -0.051080513756887304 -0.11806321841224121 -0.002818222833865487
    0.04283318705304177 0.006651722238316789 0.03024718977397814
    -0.06343220936809636 -0.03627411659871382 -0.0672460447775951
    -0.03595531615405413 -0.0813146282044454 -0.17262826023316769
    0.017742614225375285 -0.040178093620826194 -0.16301983469660447
    0.04627822555257742 -0.09072983643832422 0.005194539579613896
"""
X_NUMBERS = """
    16.243453636632417 -6.117564136500754 -5.2817175226345565 -10.729686221561705
    8.654076293246785 -23.015386968802826 17.4481176421648 -7.612069008951028
    3.1903909605709857 -2.493703754774101 14.621079370449742 -20.60140709497654
    -3.224172040135075 -3.8405435466841564 11.337694423354375 -10.998912673140309
    -1.7242820755043575 -8.778584179213718 0.4221374671559283 5.828152137158222
"""

Y = [0, 1, 2, 2, 1]
REG = 0.05

COURSE_SCORES = [
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
]
COURSE_LOSS = 1.30378789133


def matrix(numbers: str, columns: int) -> list[list[float]]:
    listed = list(map(float, numbers.split()))
    return [listed[i : i + columns] for i in range(0, len(listed), columns)]


X = matrix(X_NUMBERS, 4)
net = nn.TwoLayerNet(4, 10, 3)  # its biases begin with 0, as the course's do
for name, numbers in (("W1", matrix(W1_NUMBERS, 10)), ("W2", matrix(W2_NUMBERS, 3))):
    for row, new in zip(net.params[name], numbers, strict=True):
        for weight, number in zip(row, new, strict=True):
            weight.data = number

# ---- forward: the scores and the loss ----

scores = net.loss(X)  # without labels it gives the scores
print(f"{net!r}\n\n{'':12}{'its scores':32}the course's")
for row, course in zip(scores, COURSE_SCORES):
    print("  " + "".join(f"{s:12.8f}" for s in row) + "  " + "".join(f"{s:12.8f}" for s in course))
difference = sum(abs(a - b) for row in zip(scores, COURSE_SCORES) for a, b in zip(*row))
print(f"  difference between all of them: {difference:.2e}; the course asks for less than 1e-7\n")

loss, grads = net.loss(X, Y, REG)
data_loss = net.loss(X, Y)[0]
squares = sum(w.data**2 for w in net.weights())
print(f"  loss {loss:.13f}, the course's {COURSE_LOSS}")
print(f"  = data loss {data_loss:.9f} + {REG} * sum of squares {squares:.9f}")
print(f"  With the 1/2 of the notes, reg / 2 * sum, it would be {data_loss + REG / 2 * squares:.9f}.\n")

# ---- backward: every gradient against the numerical slope ----


def relative_error(p: Value, grad: float, h: float = 1e-5) -> float:
    """|a - b| / max(1e-8, |a| + |b|), as the course has it, of a gradient and the numerical slope."""
    at, losses = p.data, []
    for p.data in (at - h, at + h):
        losses.append(net.loss(X, Y, REG)[0])
    p.data = at
    slope = (losses[1] - losses[0]) / (2 * h)
    return abs(grad - slope) / max(1e-8, abs(grad) + abs(slope))


def flat(part: list) -> list:
    return sum(part, []) if isinstance(part[0], list) else part


errors = {}
for name, part in net.params.items():
    errors[name] = max(relative_error(p, g) for p, g in zip(flat(part), flat(grads[name]), strict=True))
    print(f"  {name} max relative error {errors[name]:.1e}; the course asks for less than 1e-8")

# ---- the numbers that the course prints ----

assert difference < 1e-7
for row, course in zip(scores, COURSE_SCORES, strict=True):
    assert [round(s, 8) for s in row] == course
assert abs(loss - COURSE_LOSS) < 1e-11 and isclose(loss, 1.3037878913298206, rel_tol=1e-14)
assert max(errors.values()) < 1e-8
