"""# Second order: Newton, L-BFGS, Hessian-free

Newton's method takes the step that is exact for a quadratic, with gradient g and Hessian H:

> w ← w - H⁻¹ g.

L-BFGS (Nocedal, 1980) builds an estimate of H⁻¹ from the last changes of w and g. The Hessian-free method (Martens,
2010) solves H d = -g by conjugate gradients, which need only products H v, and each of these costs about as much as a
few gradients (Pearlmutter, 1994). First-order descent pays for a wide range of curvatures: in each step its error
shrinks by (κ - 1) / (κ + 1) at best, where the condition number κ is the largest eigenvalue of H over the least.
"""

# %%
import numpy as np
from matplotlib import pyplot as plt
from shared import either
from sklearn.datasets import load_diabetes

import tilewright as tw
from tilewright import nn, optim

tw.random.seed(0)
data = load_diabetes()
x = tw.asarray(data.data / data.data.std(axis=0))
y = tw.asarray((data.target - data.target.mean()) / data.target.std())[:, None]


loss = nn.MSELoss()


def start():
    return nn.Linear(10, 1, bias=False, dtype="float64", generator=tw.random.Generator(0))


spectrum = tw.diagnose.hessian_spectrum(lambda: loss(net(x), y), net := start())
print(f"{len(x)} patients; condition number {spectrum.condition:.0f}; eigenvalues of the Hessian")
print(*(f"{value:.3f}" for value in spectrum.eigenvalues.tolist()))

# %% [markdown]
# The loss is the mean squared error of a linear model of 442 patients with diabetes (ten measurements, standardised).
# Its Hessian H is the same everywhere; the blood values depend on each other, so one direction is almost flat. The
# first-order methods get the best rates for these eigenvalues; what each method asks of the loss differs.


# %%
def recorded(net):
    return loss(net(x), y)


def walked_back(net, chosen=slice(None)):
    value = loss(net(x[chosen]), y[chosen])
    value.backward()
    return value


def with_outputs(net):
    outputs = net(x)
    return loss(outputs, y), outputs


def descend(net, make, evaluate, steps):
    """Losses on all examples, before each step and after the last."""
    optimizer, losses = make(net.parameters()), [recorded(net).item()]
    for _ in range(steps):
        optimizer.zero_grad()
        optimizer.step(lambda: evaluate(net))
        losses.append(recorded(net).item())
    return np.array(losses)


def lbfgs(w):
    return optim.LBFGS(w, max_iter=1, max_eval=25, tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe")


def on_a_batch(net):
    return walked_back(net, tw.random.integers(0, len(x), 32))


low, high = spectrum.smallest**0.5, spectrum.largest**0.5
best, best_heavy, mu = 2 / (low**2 + high**2), 4 / (low + high) ** 2, ((high - low) / (high + low)) ** 2
runs = {
    "SGD, batches of 32": (lambda w: optim.SGD(w, 0.02), on_a_batch, either(6000, 20)),
    "gradient descent": (lambda w: optim.SGD(w, best), walked_back, either(3000, 20)),
    "momentum": (lambda w: optim.SGD(w, best_heavy, momentum=mu), walked_back, either(250, 20)),
    "L-BFGS": (lbfgs, walked_back, 25),
    "Hessian-free": (lambda w: optim.HessianFree(w, damping=0.01), with_outputs, 10),
    "Newton": (optim.Newton, recorded, 2),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
losses = {name: descend(start(), *run) for name, run in runs.items()}
least = losses["Newton"][-1]
for name, values in losses.items():
    left.plot(np.maximum(values - least, 1e-16), label=name)
    print(f"{name:19} 1e-10 above the least after {np.argmax(values - least <= 1e-10) or 'more than all':>5} steps")
left.set(xscale="symlog", yscale="log", xlabel="step", ylabel="loss above the least", title="least squares")
figure.legend(loc="outside lower center", ncols=6, fontsize=8)
right.semilogy(spectrum.eigenvalues, "o")
right.set(xlabel="number", ylabel="eigenvalue", title="spectrum of the Hessian")

# %% [markdown]
# Newton's method needs a single step, since the loss is a quadratic. The Hessian-free method needs six, as it adds a
# damping to the curvature, 0.01 at first. L-BFGS needs 13, a few more than there are weights. Momentum needs about 8
# √κ, descent 5.5 κ. SGD on mini-batches is ahead of descent at first, but with a constant rate noise holds it between
# 1e-2 and 1e-3: it never comes near the goal. (A step costs more in the methods that need fewer. Newton's takes as many
# backward passes as there are weights, and the eigenvectors of H.)
#
# A loss that is not convex has saddles, where the gradient is zero, but some curvature is negative. For a network with
# one hidden layer, all weights zero is such a point. Both methods start beside it, with weights of about 1e-4.


# %%
def network(std):
    tw.random.seed(0)
    net = tw.models.MLP([10, 2, 1], activation="tanh", dtype="float64")
    for weights in net.parameters():
        nn.init.normal_(weights, std=std)
    return net


def penalised(net):
    return recorded(net) + 0.01 * sum((weights**2).sum() for weights in net.parameters())


def look(net, label):
    point = tw.diagnose.critical_point(lambda: penalised(net), net)
    print(f"{label}: {point.kind}, loss {penalised(net).item():.3f}, {point.negative} negative eigenvalues")
    right.plot(point.spectrum.eigenvalues, "o", markersize=4, label=f"{label}: {point.kind}")


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
walk, jump = network(1e-4), network(1e-4)
left.plot(descend(walk, lambda w: optim.SGD(w, 0.1, weight_decay=0.02), walked_back, either(600, 30)), label="descent")
left.plot(descend(jump, optim.Newton, penalised, 30), label="Newton")
left.set(xlabel="step", ylabel="mean squared error", title="two hidden units, from near zero")
left.legend()
look(network(0), "at zero")
look(jump, "after Newton")
right.set(xlabel="number", ylabel="eigenvalue", title="spectrum of the Hessian, weight decay included")
right.legend()

# %% [markdown]
# At zero the Hessian has negative eigenvalues, one for each hidden unit, so this is a saddle and no minimum. Plain
# Newton steps would be drawn into it, as it solves g = 0; `tw.optim.Newton` takes the size of the negative curvature
# and goes down. It leaves sooner than descent, and ends in a minimum: all eigenvalues are positive.
