"""# The perceptron

Rosenblatt's rule (1958): of a point on the wrong side of the line, add it to the weights, or take it away,

> w ← w + y x, where y is the label, 1 or -1, and sign(w·x) ≠ y.

On points that a line separates with a margin γ, all within a radius R, the rule makes at most (R/γ)² mistakes
(Novikoff, 1962), however long it goes on.
"""

# %%
from matplotlib import pyplot as plt
from shared import either

import tilewright as tw

tw.random.seed(0)
true = tw.asarray([0.6, -0.8, 0.1])  # the line that made the labels: two weights and the bias
x = tw.concatenate([tw.random.uniform(-1, 1, size=(either(400, 100), 2)), tw.ones((either(400, 100), 1))], axis=1)
distance = x @ true
x = x[tw.abs(distance) > 0.05]  # a margin
y = tw.sign(x @ true)

# %% [markdown]
# Each pass looks at every point once. The weights change only at a mistake, and the passes end when there was none.

# %%
w, mistakes, history = tw.zeros(3), [0], []
while not history or len(mistakes) > len(history[-1]):
    history.append(list(mistakes))
    for point, label in zip(x, y):
        if (point @ w) * label <= 0:
            w = w + label * point
            mistakes.append(mistakes[-1] + 1)
bound = (tw.max(tw.sum(x * x, axis=1)) / (tw.min(tw.abs(x @ true)) ** 2 / tw.sum(true**2))).item()
print(f"{mistakes[-1]} mistakes in {len(history)} passes; Novikoff's bound allows {bound:.0f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
left.scatter(*x[y > 0][:, :2].T, s=8, label="1")
left.scatter(*x[y < 0][:, :2].T, s=8, label="-1")
for weights, style, label in ((w, "k-", "found"), (true, "k:", "true")):
    ends = tw.asarray([-1.0, 1.0])
    left.plot(ends, -(weights[0] * ends + weights[2]) / weights[1], style, label=label)
left.set(xlim=(-1, 1), ylim=(-1, 1), title="points and lines")
left.legend(loc="upper right")
right.plot(range(len(history)), [len(seen) - 1 for seen in history], "o-")
right.set(xlabel="pass", ylabel="mistakes so far", title="the mistakes end")
