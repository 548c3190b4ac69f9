"""# Hidden units: XOR, rings, and any function

A line cannot separate XOR (Minsky and Papert, 1969). A hidden layer h = tanh(W x + c) maps the points into a new space,
and there a plane may do. Each hidden unit adds one line of the plane where it changes its sign.

> f(x) = Σ vᵢ σ(wᵢ x + cᵢ)

comes as close as one likes to any continuous function on a bounded set (Cybenko, 1989), if there are enough units.
"""

# %%
import math

from matplotlib import pyplot as plt
from shared import either
from sklearn.datasets import make_circles

import tilewright as tw
from tilewright.nn import functional as F

tw.random.seed(0)
rings = make_circles(200, noise=0.08, factor=0.4, random_state=0)
data = {"XOR": tw.data.toy.xor(200), "rings": (tw.asarray(rings[0], dtype="float32"), tw.asarray(rings[1]))}

# %% [markdown]
# Small networks get stuck in poor minima, so each is the best of some starts. Above is what it makes of the plane,
# below where its hidden layer puts the points: the value of one unit (across) and the class (up), the values of two
# units, of more units the two directions in which the points vary most.


# %%
def fit(model, x, y):
    optimizer = tw.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(either(300, 30)):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item(), model


def best_of(starts, sizes, x, y):
    fits = [fit(tw.models.MLP(sizes, "tanh"), x, y) for _ in range(starts)]
    return min(fits, key=lambda each: each[0])[1]


def accuracy(model, x, y):
    return tw.mean(tw.argmax(model(x), axis=1) == y).item()


for name, (x, y) in data.items():
    figure, axes = plt.subplots(2, 5, figsize=(10, 4.4), layout="constrained")
    for above, below, units in zip(*axes, (1, 2, 3, 5, 10)):
        model = best_of(either(5, 1), [2, units, 2], x, y)
        title = f"{units} unit{'s' * (units > 1)}: {accuracy(model, x, y):.0%} right"
        tw.plot.decision_boundary(model, x, y, above, resolution=100, title=title)
        h = model[:2](x)
        tw.plot.embeddings(h if units > 1 else tw.concatenate([h, y[:, None].astype("float32")], axis=1), y, below)
        for ax in (above, below):
            ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
            ax.get_legend().remove()
    axes[0, 0].set_ylabel(f"{name}: the plane")
    axes[1, 0].set_ylabel("hidden space")

# %% [markdown]
# One unit gives one line. Two give two lines, here a strip, which nearly does for XOR, but is no fence around the inner
# ring. Three lines close a triangle, which is rounded off since tanh is no step. With ten units the border is about as
# round as the ring. The last layer always makes but one cut, by a plane through the hidden space: two units
# bend the plane of XOR around a corner, and a line cuts the corner off.
#
# The other way is to choose the features oneself. In polar coordinates the rings are two bands, and no hidden layer is
# needed.

# %%
x, y = data["rings"]
polar = tw.stack([tw.atan2(x[:, 1], x[:, 0]), tw.sqrt(tw.sum(x * x, axis=1))], axis=1)
line = best_of(1, [2, 2], polar, y)
print(f"rings, no hidden layer, polar coordinates: {accuracy(line, polar, y):.0%} right")

# %% [markdown]
# Now a function to be approximated, the sine. Steep sigmoids are steps, and ReLUs make a line with kinks; evenly spaced
# ones need no training but that of the factors vᵢ, which is linear regression. The third way trains all numbers of the
# network by L-BFGS, and takes the best of four starts.

# %%
grid = tw.linspace(-math.pi, math.pi, 501, dtype="float64")
sine = tw.sin(grid)


def largest_error(values):
    return tw.max(tw.abs(values - sine)).item()


def spaced(unit, steepness, n):
    """A sum of n units whose steps or kinks are evenly spaced; its factors by least squares."""
    at = -math.pi + 2 * math.pi * tw.arange(n, dtype="float64") / n
    hidden = unit((grid[:, None] - at) * steepness * n)
    return tw.models.least_squares(hidden, sine)(hidden)[:, 0].detach()


def trained(n):
    model = tw.models.MLP([1, n, 1], "sigmoid", dtype="float64")
    optimizer = tw.optim.LBFGS(model.parameters(), max_iter=either(300, 20), line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(model(grid[:, None])[:, 0], sine)
        loss.backward()
        return loss

    optimizer.step(closure)
    return model(grid[:, None])[:, 0].detach()


kinds = {
    "sigmoid steps": lambda n: spaced(F.sigmoid, 5, n),
    "ReLU kinks": lambda n: spaced(F.relu, 1, n),
    "sigmoids, trained": lambda n: min((trained(n) for _ in range(either(4, 1))), key=largest_error),
}
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
tw.plot.decision_boundary(line, polar, y, left, title="rings in polar coordinates")
left.set(xlabel="angle", ylabel="radius")
middle.plot(grid, sine, "k:", label="sine")
for name, approximation in kinds.items():
    sums = {n: approximation(n) for n in (2, 4, 8, 16, 32, 64, 100)}
    errors = [largest_error(values) for values in sums.values()]
    print(f"{name:17} largest error", ", ".join(f"{error:.4f} ({n})" for n, error in zip(sums, errors)))
    middle.plot(grid, sums[8], label=name)
    right.loglog(list(sums), errors, "o-", label=name)
middle.set(xlabel="x", ylabel="sum", title="the sine by 8 units")
middle.legend(fontsize=8)
right.set(xlabel="units", ylabel="largest error", title="the error against the width")
right.set_xticks(list(sums), list(sums))
right.minorticks_off()

# %% [markdown]
# Twice as many steps halve the error, twice as many kinks divide it by four, so any error can be reached. Training does
# far better with few units, since it chooses where and how steep they are. 64 of them could do whatever 8 do, but the
# training stops at a larger error. That a good network exists does not say that training finds it.
