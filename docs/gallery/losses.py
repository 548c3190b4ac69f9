"""# Losses and likelihood

A loss says how improbable the data are. If a label y has the density q(y | f) for the output f of a network, the
parameters that make all labels most likely (Fisher, 1922) minimise the mean of

> -log q(y | f): (y - f)² / 2 for a normal distribution, |y - f| for Laplace's, -log p(y) for classes of probability p,

each up to constants. So the choice of a loss is a statement about the noise.
"""

# %%
from matplotlib import pyplot as plt
from shared import either
from sklearn.datasets import load_diabetes

import tilewright as tw
from tilewright.nn import functional as F

tw.random.seed(0)
of_number = {
    "squared error / 2": lambda r: r * r / 2,
    "absolute error": tw.abs,
    "Huber": lambda r: F.huber_loss(r, 0 * r, "none"),
}
of_score = {
    "hinge": lambda z: F.relu(1 - z),
    "cross-entropy": lambda z: F.softplus(-z),
    "squared error of σ(z)": lambda z: (1 - F.sigmoid(z)) ** 2,
}

# %% [markdown]
# The losses of numbers are functions of r = y - f, those of two classes functions of the score z of the true class less
# that of the other, for which the cross-entropy is -log σ(z) = log(1 + exp(-z)). Huber's loss (1964) is a square near 0
# and a line further out, the likelihood of a normal distribution with the tails of Laplace's. The hinge (Cortes and
# Vapnik, 1995) is no likelihood: it is content with a margin of 1.

# %%
r = z = tw.linspace(-8, 4, 1201)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name, loss in of_number.items():
    left.plot(r, loss(r), label=name)
left.set(xlabel="r", ylabel="loss", xlim=(-3, 3), ylim=(0, 4), title="losses of numbers")
left.legend(fontsize=8)
right.plot(z, tw.heaviside(-z, 1.0), "k:", label="mistakes")
for name, loss in of_score.items():
    right.plot(z, loss(z), label=name)
right.set(xlabel="z", ylabel="loss", xlim=(-3, 3), ylim=(0, 4), title="losses of two classes")
right.legend(fontsize=8)

# %% [markdown]
# Hinge and cross-entropy are convex, and the worse the score, the larger they are. The squared error of a probability
# is bounded, and flat on the far left; more of that below.
#
# The constant with the least loss shows what each of them estimates. The numbers are those of 442 patients, how far
# their diabetes has advanced, in hundreds; and then three classes of them, below 1, from 1 to 2, and from 2 on.


# %%
def minimised(loss, *shape):
    """Where a loss is least, by L-BFGS from zeros."""
    parameters = tw.zeros(shape, dtype="float64", requires_grad=True)
    optimizer = tw.optim.LBFGS([parameters], max_iter=either(200, 30), line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss(parameters)
        value.backward()
        return value

    optimizer.step(closure)
    return parameters.detach()


y = tw.asarray(load_diabetes().target) / 100
kind = tw.digitize(y, tw.asarray([1.0, 2.0]))
for name, loss in of_number.items():
    print(f"{name}: {minimised(lambda f, loss=loss: tw.mean(loss(y - f))).item():.4f}")
print(f"mean {tw.mean(y).item():.4f}, middle two numbers {tw.sort(y)[220:222].tolist()}")
scores = minimised(lambda f: F.cross_entropy(tw.broadcast_to(f, (len(y), 3)), kind), 3)
for k, probability in enumerate(F.softmax(scores).tolist()):
    print(f"cross-entropy, class {k}: {probability:.4f}, share {tw.mean(kind == k).item():.4f}")

# %% [markdown]
# The squared error finds the mean, the absolute error a median, which is any number between the middle two, Huber's
# something between them. Cross-entropy finds the shares of the classes.
#
# Now a line through points, some of which are moved far away.

# %%
count = either(100, 40)
x, order = tw.linspace(-1, 1, count, dtype="float64"), tw.random.permutation(count)
y = 2 * x + tw.random.normal(scale=0.2, size=count, dtype="float64")
shares = [0.0, 0.1, 0.2, 0.3, 0.4, 0.6]


def with_outliers(share):
    return tw.where(order < share * count, 5.0, y)


def line(loss, y):
    return minimised(lambda p: tw.mean(loss(y - p[0] - p[1] * x)), 2)


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot(x, with_outliers(0.2), "k.", markersize=4)
for name, loss in of_number.items():
    bias, slope = line(loss, with_outliers(0.2)).tolist()
    left.plot(x, bias + slope * x, label=name)
    right.plot(shares, [line(loss, with_outliers(share))[1].item() for share in shares], "o-", label=name)
    print(f"{name}: slope {slope:.2f}, bias {bias:.2f}")
left.set(xlabel="x", ylabel="y", title="a fifth of the points moved to 5")
left.legend()
right.set(xlabel="share of points that were moved", ylabel="slope", title="the slope, which was 2")
right.legend()

# %% [markdown]
# To a normal distribution a point so far away is next to impossible, and the line gives way for it. Laplace's expects
# such points now and then. A force that does not grow with the distance leaves the line close to where most points are,
# up to 40 % of moved ones; at 60 % these are the majority, and the line goes to them.
#
# Now the gradient of the losses of two classes with respect to z. Of the cross-entropy it is σ(z) - 1. The squared
# error has another factor, the derivative of the sigmoid: 2 (σ(z) - 1) σ(z) (1 - σ(z)).

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name, loss in of_score.items():
    gradient = tw.grad(lambda z, loss=loss: tw.sum(loss(z)))
    left.plot(z, tw.abs(gradient(z)), label=name)
    score, path = tw.asarray([-6.0]), []
    for _ in range(either(400, 50)):
        path.append(F.sigmoid(score).item())
        score = score - gradient(score)
    right.plot(path, label=name)
    print(f"{name}: {sum(p < 0.5 for p in path)} steps until the probability is 1/2")
left.set(xlabel="z", ylabel="size of the gradient", title="what is learned from")
left.legend()
right.set(xlabel="step of size 1", ylabel="probability of the true class, σ(z)", title="descent from z = -6")
right.legend(loc="lower right")

# %% [markdown]
# A score of -6 is badly wrong. The cross-entropy pulls at it with all its force, since the logarithm undoes the
# exponential in the sigmoid. The squared error hardly does: where the sigmoid is flat, the gradient vanishes, however
# wrong the output is, and the descent waits for two hundred steps. The hinge pulls evenly and stops at its margin.
