"""# Linear regression

The weights with the least mean squared error (Legendre, 1805; Gauss, 1809),

> w* = argmin L(w), L(w) = |X w - y|² / N, where Xᵀ X w* = Xᵀ y,

can be computed at once, or approached by gradient descent, w ← w - η ∇L. The matrix of second derivatives is
H = 2 XᵀX / N, the same everywhere. Descent converges for 0 < η < 2/λ, where λ is the largest eigenvalue of H, and each
eigenvector of H has its own pace: the error along it shrinks by the factor |1 - η λᵢ| at every step.
"""

# %%
import math

from matplotlib import pyplot as plt
from shared import either
from sklearn.datasets import load_diabetes

import tilewright as tw

data = load_diabetes()
x, y = tw.asarray(data.data) * math.sqrt(len(data.data)), tw.asarray(data.target)
with_ones = tw.concatenate([x, tw.ones((len(x), 1), dtype=x.dtype)], axis=1)

# %% [markdown]
# The data are 442 patients: ten measurements, scaled to mean 0 and variance 1, and how far their diabetes had advanced
# a year later (Efron and others, 2004). Three ways to the closed form give the same weights. `lstsq` takes the matrix
# apart without the product XᵀX, whose condition number is the square of that of X.

# %%
normal = tw.linalg.solve(with_ones.T @ with_ones, with_ones.T @ y)
direct = tw.linalg.lstsq(with_ones, y).solution
best = tw.models.least_squares(x, y)
for name, weights in (("normal equations", normal), ("lstsq", direct)):
    print(f"{name}: at most {tw.max(tw.abs(weights[:-1] - best.weight[0])).item():.0e} from least_squares")


def loss(model, x, y):
    return tw.nn.functional.mse_loss(model(x)[:, 0], y)


least, variance = loss(best, x, y).item(), tw.var(y).item()
print(f"mean squared error {least:.0f} of a variance of {variance:.0f}: R² = {1 - least / variance:.3f}")

# %% [markdown]
# Now by gradient descent, from zero, with three rates: a tenth of 2/λ, almost all of it, and slightly more.

# %%
eigenvalues = tw.linalg.eigvalsh(2 * with_ones.T @ with_ones / len(x))
limit, steps = 2 / eigenvalues[-1].item(), either(5000, 200)
print(f"eigenvalues of H from {eigenvalues[0].item():.3f} to {eigenvalues[-1].item():.2f}: 2/λ = {limit:.4f}")
excess, path = {}, []
for share in (0.1, 0.95, 1.02):
    model = tw.nn.Linear(10, 1, dtype="float64")
    model.load_state_dict({"weight": tw.zeros((1, 10)), "bias": tw.zeros(1)})
    optimizer = tw.optim.SGD(model.parameters(), lr=share * limit)
    excess[share] = []
    for _ in range(steps if share < 1 else 150):
        optimizer.zero_grad()
        now = loss(model, x, y)
        excess[share].append(now.item() - least)
        if share == 0.95:
            path.append(model.weight[0].tolist())
        now.backward()
        optimizer.step()

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for share, values in excess.items():
    left.loglog(range(1, len(values) + 1), values, label=f"η = {share} · 2/λ")
left.set(xlabel="step", ylabel="error above the least one", title="gradient descent", ylim=(1e-2, 1e6))
left.legend()
lines = right.semilogx(range(1, steps + 1), path)
right.hlines(best.weight[0].tolist(), 1, steps, colors=[line.get_color() for line in lines], linestyles="dotted")
right.set(xlabel="step", ylabel="weight", ylim=(-45, 65), title="the ten weights, η = 0.95 · 2/λ (dotted: w*)")
right.legend(lines, data.feature_names, ncols=5, fontsize=8, loc="upper left")
together = tw.corrcoef(x[:, 4:6].T)[0, 1].item()
print(f"after 100 steps at 0.95 · 2/λ the error is {excess[0.95][100]:.1f} above the least one, {least:.1f},")
print(f"and the weight of s1 is {path[100][4]:.1f} instead of {best.weight[0, 4].item():.1f}")
print(f"correlation of s1 and s2: {together:.2f}")

# %% [markdown]
# The rate above 2/λ fails as the theory says: the error falls for a few steps, as long as other directions shrink, then
# the one of λ, which grows at each step, takes over. At 0.95 · 2/λ the weights jump to and fro in that direction.
#
# The error is near its least value long before the weights have arrived. The slow weights are those of correlated
# measurements: s1 is total cholesterol, s2 the part of it in low-density lipoproteins. Much of what one adds the other
# can take away, and the error hardly notices.
#
# A polynomial is linear in its coefficients, too: the powers of x are the features. Here they are fitted to a few noisy
# points of a sine. The error on new points is that against the sine itself, plus the variance of the noise.

# %%
tw.random.seed(0)
count, degrees = 15, range(1, 13)
points = tw.random.uniform(-1, 1, size=count, dtype="float64")
many = tw.linspace(-1, 1, 400, dtype="float64")


def sine(x):
    return tw.sin(math.pi * x)


def powers(x, degree):
    return tw.vander(x, degree + 1)[:, :-1]


noisy, noise = sine(points) + tw.random.normal(scale=0.2, size=count, dtype="float64"), 0.2**2
fits = {degree: tw.models.least_squares(powers(points, degree), noisy) for degree in degrees}
train = [loss(fit, powers(points, degree), noisy).item() for degree, fit in fits.items()]
test = [loss(fit, powers(many, degree), sine(many)).item() + noise for degree, fit in fits.items()]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot(points, noisy, "ko", label="15 points")
left.plot(many, sine(many), "k:", label="sine")
for degree in (1, 3, 12):
    left.plot(many, fits[degree](powers(many, degree))[:, 0].detach(), label=f"degree {degree}")
left.set(ylim=(-2, 2), xlabel="x", ylabel="y", title="polynomials")
left.legend(fontsize=8)
right.semilogy(degrees, train, "o-", label="on the 15 points")
right.semilogy(degrees, test, "o-", label="on new points")
right.axhline(noise, color="black", linestyle="dotted", label="variance of the noise")
right.set(xlabel="degree", ylabel="mean squared error", title="the effect of the degree")
right.legend()

# %% [markdown]
# Each degree contains the lower ones, so on the 15 points the error can only fall. On new points it is least at
# degree 3. A line cannot bend as the sine does; degree 12 comes close to the points, and is far away between them.
