"""# Gradient descent: batch, stochastic, mini-batch

Cauchy's method (1847) steps down the gradient of the mean loss over all N examples. Robbins and Monro (1951) showed
that noisy estimates of a function can take its place, so that a few examples are enough for a step:

> w ← w - η · 1/B · Σ ∇ loss(w, example) over a batch of B examples: B = N batch, B = 1 stochastic, else mini-batch.

A step on a large batch is more exact, one on a small batch is cheaper. The page compares them on softmax regression of
digits with an L2 penalty: it is convex, so its least loss can be found, and the distance to it measured.
"""

# %%
import time

import numpy as np
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn

tw.random.seed(0)
images, labels = (part[: either(1000, 60)] for part in digits()[:2])
wide = nn.functional.pad(images.reshape((-1, 8, 8)), (1, 1, 1, 1))  # each digit at six places, for more examples
x = tw.concatenate([wide[:, i : i + 8, j : j + 8].reshape((-1, 64)) for i in range(3) for j in range(2)])
y, N = tw.concatenate([labels] * 6), len(x)


def start():
    return nn.Linear(64, 10, generator=tw.random.Generator(0))


def error(net, images=x, labels=y):
    return nn.functional.cross_entropy(net(images), labels) + 0.001 * (net.weight**2).sum()


best = start()
newton = tw.optim.Newton(best.parameters())
for _ in range(either(6, 1)):
    newton.step(lambda: error(best))
least = error(best).item()
print(f"loss on {N} examples: {error(start()).item():.4f} at the start, {least:.4f} at the optimum")

# %% [markdown]
# Each method gets a learning rate that suits it. The loss on all examples is measured after 1, 2, 3, ... updates, at
# first closely, then ever more rarely; the clock stands still meanwhile.


# %%
def descend(batch, lr, passes):
    """Columns: updates, examples seen, seconds, and how far the loss on all examples is above the least."""
    net, seconds, updates, rows = start(), 0.0, 0, []
    optimizer = tw.optim.SGD(net.parameters(), lr)
    loader = tw.data.DataLoader(tw.data.TensorDataset(x, y), batch, shuffle=True, drop_last=True)
    for _ in range(passes):
        for images, labels in loader:
            began = time.process_time()
            optimizer.zero_grad()
            error(net, images, labels).backward()
            optimizer.step()
            seconds, updates = seconds + time.process_time() - began, updates + 1
            if not rows or updates >= 1.15 * rows[-1][0] or updates == passes * len(loader):
                rows.append((updates, updates * batch, seconds, error(net).item() - least))
    return np.array(rows)


runs = {
    "batch, η = 2": descend(N, 2.0, either(1500, 30)),
    "mini-batch of 32, η = 0.3": descend(32, 0.3, either(25, 2)),
    "stochastic, η = 0.01": descend(1, 0.01, either(6, 1)),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 4), sharey=True)
for k, (ax, xlabel) in enumerate(zip(axes, ("updates", "examples seen", "seconds"))):
    for name, rows in runs.items():
        ax.loglog(rows[:, k], rows[:, 3], label=name)
    ax.set(xlabel=xlabel, title=f"error against {xlabel}")
axes[0].set_ylabel("loss above the least")
axes[1].legend(loc="lower left", fontsize=8)
for name, rows in runs.items():
    updates, examples, seconds, gap = rows[np.argmax(rows[:, 3] < 0.1)]
    print(f"{name:26} {gap:.3f} above the least after {updates:5.0f} updates and {examples:6.0f} examples")

# %% [markdown]
# Per update, the whole batch gets furthest. Per example it is the worst: mini-batches and single examples reach the
# same error with less than a twentieth of the examples. In seconds, an update on 32 examples costs little more than one
# on a single example, so the mini-batch beats the stochastic method by far. It keeps up with the whole batch until the
# noise of its steps stops it near 0.01; only the whole batch goes on. Its update grows dearer with more data, theirs
# does not.
#
# How large is the noise, and which learning rate does it allow? On the left, gradients at the start, of batches drawn
# at random; on the right, one pass with each learning rate.


# %%
def noise(batch):
    """Mean distance of a batch's gradient from that of all examples, relative to its length."""
    net = start()
    true = tw.autograd.gradients(error(net), net.weight)
    draws = tw.random.integers(0, N, (either(100, 3), batch))
    apart = [tw.autograd.gradients(error(net, x[draw], y[draw]), net.weight) - true for draw in draws]
    return np.mean([tw.linalg.norm(vector).item() for vector in apart]) / tw.linalg.norm(true).item()


sizes, rates = (1, 4, 16, 64, 256), np.geomspace(0.004, 4, either(10, 2))
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
noises = [noise(batch) for batch in sizes]
left.loglog(sizes, noises, "o")
left.loglog(sizes, noises[0] / np.sqrt(sizes), "k:")
left.set(xlabel="batch size B", ylabel="noise / length of the gradient", title="noise; dotted: as 1/√B")
for batch in (1, 8, 64, 256):
    gaps = np.array([descend(batch, lr, 1)[-1, 3] for lr in rates])
    right.loglog(rates[gaps < 5], gaps[gaps < 5], "o-", markersize=4, label=f"batches of {batch}")
    print(f"batches of {batch:3}: best rate {rates[np.nanargmin(gaps)]:.3f}")
right.set(xlabel="learning rate η", ylabel="loss above the least", ylim=(0.05, 20), title="after one pass")
right.legend(loc="upper left")

# %% [markdown]
# The noise falls as 1/√B: four times the examples halve it. A rate that is too small leaves the loss where it was; one
# that is too large makes it rise (points more than 5 above the least are left out). Between them lies the best rate,
# and it grows with the batch. A pass with large batches has few updates, so it ends higher.
#
# Without noise, the curvature alone sets the limit. On a quadratic ½ Σ b x² each step multiplies a component by 1 - η
# b, so descent converges at the rate |1 - η b| of its slowest component, and only where η < 2 / b for all of them.

# %%
curvatures, rates = [0.1, 1.0, 2.0], np.linspace(0.02, 1.1, 19)
print(tw.diagnose.convergence_rates(curvatures, lr=0.9))
tables = [tw.diagnose.convergence_rates(curvatures, lr=lr).rows for lr in rates]
figure, ax = plt.subplots(figsize=(9, 4))
for k, b in enumerate(curvatures):
    ax.plot(rates, [rows[k].predicted for rows in tables], f"C{k}", label=f"|1 - η b|, b = {b:g}")
    ax.plot(rates, [rows[k].measured for rows in tables], f"C{k}.")
ax.set(xlabel="learning rate η", ylabel="factor per step", title="lines: theory; dots: measured")
ax.legend()

# %% [markdown]
# Below 0.95 the flattest direction is the slowest, above it the steepest one, and from η = 1 on that diverges. The best
# rate for all is where the two lines cross, at 2 / (least b + largest b); there the factor is (κ - 1) / (κ + 1) with
# the condition number κ, here 20.
