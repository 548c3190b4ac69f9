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

# %% [markdown]
# ## Regions
#
# N such units say N bits about a point, its code. Each unit is a hyperplane, and each code a region between them. N
# dimensions hold all 2^N of them; N lines cut the plane into 1 + N + N (N - 1) / 2 at most (Steiner, 1826). Codes are
# counted here among random points, so that regions may be missed.


# %%
def codes(points, normals, offsets):
    """The code of each point as a number: one bit for each unit."""
    return (points @ normals.T > offsets).astype("int64") @ 2 ** tw.arange(len(offsets))


units, cuts, whole, spread = range(1, 11), [], [], either(200_000, 20_000)
for n in units:
    angles = tw.arange(n) * (tw.pi / n) + 0.2
    lines = tw.stack([tw.cos(angles), tw.sin(angles)], axis=1), tw.random.uniform(-0.7, 0.7, size=n)
    cuts.append(len(tw.unique(codes(tw.random.uniform(-8, 8, size=(spread, 2)), *lines))))
    whole.append(len(tw.unique(codes(tw.random.normal(size=(spread, n)), tw.eye(n), tw.zeros(n)))))
print("units        ", *(f"{n:5}" for n in units))
print("in the plane ", *(f"{n:5}" for n in cuts))
print("at most      ", *(f"{1 + n + n * (n - 1) // 2:5}" for n in units))
print("N dimensions ", *(f"{n:5}" for n in whole))

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
side = tw.linspace(-2, 2, 300)
grid = tw.stack(tw.meshgrid(side, side), axis=2).reshape(-1, 2)
angles, offsets = tw.arange(5) * (tw.pi / 5) + 0.2, tw.asarray([0.4, -0.3, 0.5, 0.6, -0.5])
seen = codes(grid, tw.stack([tw.cos(angles), tw.sin(angles)], axis=1), offsets)
order = tw.searchsorted(tw.unique(seen), seen).reshape(300, 300)
left.imshow(order, extent=(-2, 2, -2, 2), origin="lower", cmap="tab20")
left.set(title=f"the {int(order.max()) + 1} regions of five lines")
right.semilogy(units, whole, "o-", label="N dimensions: 2^N")
right.semilogy(units, cuts, "o-", label="the plane")
right.set(xlabel="units", ylabel="regions", title="regions of N units")
right.legend()
