"""The multiclass SVM loss of lecture 3, the mean of sum max(0, s_j - s_y + 1), and the first circuit of lecture 4.

In the circuit x and W meet in a multiplication gate, the scores go into the hinge loss, W alone goes into the
regularisation R, and one last + makes the loss L of both.  W is a fork: what comes back over two wires adds up.

Run it:  python demos/12_svm_loss.py

Source: CS231n, lecture 3, "Multiclass SVM loss"; lecture 4, the circuit of its loss.
"""

from math import isclose

from scalargrad import Value, dot, nn, relu, total

# ---- three samples, three classes, by hand: the cat, the car and the frog ----

CLASSES = ["cat", "car", "frog"]
SCORES = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]
print(f"{'scores of':9}" + "".join(f"{name:>5}" for name in CLASSES) + "   loss")
losses = []
for y, row in enumerate(SCORES):
    others = [s for j, s in enumerate(row) if j != y]
    losses.append(sum(max(0.0, s - row[y] + 1) for s in others))
    terms = " + ".join(f"max(0, {s:g} - {row[y]:g} + 1)" for s in others).replace("- -", "+ ")
    print(f"  {CLASSES[y]:7}" + "".join(f"{s:5.1f}" for s in row) + f"   {terms} = {losses[y]:.1f}")
mean = nn.svm_loss(SCORES, [0, 1, 2])
print(f"\nThe loss is ({' + '.join(f'{loss:.1f}' for loss in losses)}) / 3 = {mean:.2f}.")

# ---- the circuit of the slide ----

LAMBDA, RIGHT = 0.1, 0
x = [Value(n, f"x{i}") for i, n in enumerate((2, 1, -1))]
W = [[Value(n, f"W{i}{j}") for j, n in enumerate(row)] for i, row in enumerate([[1, 0.5, -1], [0, 2, 1], [2, -1, 0.5]])]

s = [dot(x, column) for column in zip(*W)]
margins = [relu(s[j] - s[RIGHT] + 1) for j in (1, 2)]
data_loss = total(margins)
R = LAMBDA * nn.l2([w for row in W for w in row])
L = data_loss + R
L.backward()

scores = " ".join(f"{score:g}" for score in s)
print(f"""
L = data loss + {LAMBDA} (sum of W W) of one sample, whose class is {RIGHT}:

  x = [2 1 -1] ---.
                  * --- s = [{scores}] --- hinge loss --- {data_loss:g} ---.
  W = [1 0.5 -1] -+                                            + --- L = {L:g}
      [0 2 1]      \\                                          /
      [2 -1 0.5]    '---------- regularisation R --- {R:g} ----'
""")

# ---- the gradient by thought: +x for every class that is too near, -x as often for the right one; and 2 lambda W ----

near = [j for j, margin in zip((1, 2), margins) if margin.data > 0]
times = [-len(near) if j == RIGHT else int(j in near) for j in range(3)]
print(f"Too near to s0, or ahead of it: {', '.join(f's{j}' for j in near)}.\nOver the hinge loss and over R comes back")
for i in range(3):
    paths = [(times[j] * x[i].data + 0.0, 2 * LAMBDA * W[i][j].data) for j in range(3)]
    texts = [f"dL/dW{i}{j} = {hinge:2g} {r:+.1f} = {W[i][j].grad:4.1f}" for j, (hinge, r) in enumerate(paths)]
    print("  " + "   ".join(texts))
    assert all(isclose(w.grad, hinge + r, abs_tol=1e-14) for w, (hinge, r) in zip(W[i], paths))

# ---- the numbers of the slides, and ours ----

assert [round(loss, 10) for loss in losses] == [2.9, 0, 12.9]
assert isclose(mean, 15.8 / 3, rel_tol=1e-14)
assert [score.data for score in s] == [0, 4, -1.5] and near == [1] and data_loss.data == 5
assert isclose(data_loss.data, nn.svm_loss([[0, 4, -1.5]], [RIGHT]), rel_tol=1e-14)
assert isclose(R.data, LAMBDA * 12.5, rel_tol=1e-14)
for i, row in enumerate(W):  # dL/dx = dL/ds W^T
    assert isclose(x[i].grad, dot(times, [w.data for w in row]), rel_tol=1e-14)
