"""# Overfitting and underfitting

A model that is too small misses the shape of the data. A model that is too large fits the noise as well: its error on
the training data falls, and its error on new data rises. For the squared error and noise of variance σ² the mean error
at a point x splits into three parts (Geman, Bienenstock and Doursat, 1992),

> E[(y - p(x))²] = (f(x) - E[p(x)])² + E[(p(x) - E[p(x)])²] + σ²,

the squared bias, the variance, and the noise. f is the true function, p a fit, and the mean is over many training sets.
"""

# %%
from matplotlib import pyplot as plt
from shared import either

import tilewright as tw

tw.random.seed(0)
NOISE, DRAWS, DEGREES = 0.3, either(1000, 100), range(16)


def true(x):
    return tw.sin(4 * x) + 0.5 * x


def noisy(x, draws):
    """A column of measurements at the places x for each draw."""
    return true(x)[:, None] + NOISE * tw.random.normal(size=(len(x), draws), dtype="float64")


def fit(count, degree, draws=DRAWS):
    """The values on the grid of the polynomials that fit `count` points, a column for each draw, and the errors."""
    x = tw.linspace(-1, 1, count, dtype="float64")
    y = noisy(x, draws)
    polynomials = tw.polyfit(x, y, degree)
    on_grid = tw.polyval(polynomials, grid[:, None])
    training, validation = tw.polyval(polynomials, x[:, None]) - y, on_grid - noisy(grid, draws)
    return on_grid, tw.mean(training**2).item(), tw.mean(validation**2).item()


grid = tw.linspace(-1, 1, 101, dtype="float64")

# %% [markdown]
# 18 points, and three polynomials. The straight line has two numbers to choose and misses both bends. The polynomial of
# degree 15 goes through nearly every point, and between the points it does not know what to do.

# %%
x = tw.linspace(-1, 1, 18, dtype="float64")
y = noisy(x, 1)[:, 0]
figure, panels = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True, layout="constrained")
for axes, degree, title in zip(panels, (1, 5, 15), ("underfitting", "about right", "overfitting")):
    axes.plot(grid, true(grid), "k:", label="true")
    axes.plot(grid, tw.polyval(tw.polyfit(x, y, degree), grid), label="fit")
    axes.scatter(x, y, s=14, color="k", zorder=3, label="data")
    axes.set(xlabel="x", ylim=(-2.5, 2.5), title=f"degree {degree}: {title}")
panels[0].legend(loc="upper left")

# %% [markdown]
# Now the same with many training sets. `polyfit` fits all of them at once: each is a column. The table has the errors,
# and the parts of the validation error.

# %%
print("degree  training  validation   bias²  variance   noise     sum")
rows = []
for degree in DEGREES:
    on_grid, training, validation = fit(18, degree)
    bias = tw.mean((true(grid) - tw.mean(on_grid, axis=1)) ** 2).item()
    variance = tw.mean(tw.var(on_grid, axis=1)).item()
    rows.append((training, validation, bias, variance))
    if degree % 3 == 0 or degree == 5:
        total = bias + variance + NOISE**2
        print(f"{degree:6}{training:10.3f}{validation:12.3f}{bias:8.3f}{variance:10.3f}{NOISE**2:8.3f}{total:8.3f}")

# %% [markdown]
# The training error only falls. The validation error falls with the bias, is lowest at degree 5, where hardly any bias
# is left, and then rises with the variance. The measured error agrees with the sum of its parts.
#
# More data help only against the variance. Two degrees, with 18 to 400 points:

# %%
COUNTS = [18, 24, 36, 54, 81, 120, 180, 270, 400]
curves = {degree: [fit(count, degree, either(300, 20))[1:] for count in COUNTS] for degree in (3, 12)}
for degree, errors in curves.items():
    for count, (training, validation) in zip(COUNTS[::4], errors[::4]):
        print(f"degree {degree:2}, {count:3} points: training {training:.3f}, validation {validation:.3f}")

# %%
figure, panels = plt.subplots(1, 3, figsize=(9.5, 4), layout="constrained")
names = ("training error", "validation error", "bias²", "variance")
for name, values, style in zip(names, zip(*rows), ("C0o-", "C1o-", "C2--", "C3--")):
    panels[0].plot(DEGREES, values, style, markersize=3, label=name)
panels[0].set(xlabel="degree", ylabel="mean squared error", yscale="log", ylim=(5e-3, 3), title="18 points")
for axes, (degree, errors) in zip(panels[1:], curves.items()):
    axes.plot(COUNTS, errors, "o-", markersize=3)  # a line for each column: training and validation
    axes.set(xlabel="training points", xscale="log", ylim=(0, 0.22), title=f"degree {degree}")
    axes.set_xticks(COUNTS[::2], COUNTS[::2])
    axes.minorticks_off()
for axes in panels:
    axes.axhline(NOISE**2, color="k", linestyle=":", label="noise")
panels[0].legend(fontsize=8)

# %% [markdown]
# Degree 3 has little variance: its two errors soon meet, and they meet above the noise, by the square of its bias. More
# data do not help it, a larger model would. Degree 12 has hardly any bias: its errors meet at the noise.
