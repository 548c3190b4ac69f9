"""# Neurons with spikes

A leaky integrate-and-fire neuron (Lapicque, 1907) has a potential v that goes to its input u with a time constant τ.
Where v reaches the threshold θ the neuron fires, and v goes back to 0:

> τ dv/dt = u - v, so that for a constant u > θ the neuron fires at the rate 1 / (τ ln(u / (u - θ))).

In steps of time Δ this is v ← β v + (1 - β) u with β = exp(-Δ/τ). A spike is 1 or 0, a step function whose derivative
is 0. For gradient descent another derivative stands in for it: the surrogate gradient (Neftci, Mostafa, Zenke, 2019).
"""

# %%
import math

from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright.nn.functional import cross_entropy

tw.random.seed(0)
tau, beta = 20, math.exp(-1 / 20)  # in milliseconds, with steps of one
neuron = tw.nn.LIF(beta, reset="hard")  # the threshold is 1

# %% [markdown]
# First one neuron, step by step: an input below the threshold, then two above it. Then many neurons at once, each with
# a constant input of its own, for one second.

# %%
u = tw.asarray([0.8] * 100 + [1.2] * 100 + [2.0] * 100)
state, potential, fired = tw.zeros(()), [], []
for step in (1 - beta) * u:
    spikes, state = neuron(step[None], state)
    potential.append(state.item())
    fired.append(spikes.item() == 1)
inputs = tw.linspace(0.5, 4, 50)
measured = neuron(tw.tile((1 - beta) * inputs, (either(1000, 100), 1)))[0].mean(axis=0)
above = tw.linspace(1.0001, 4, 300)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot(u, drawstyle="steps-post", color="grey", label="input")
left.plot(potential, label="potential")
left.axhline(1, color="black", linestyle=":", label="threshold")
left.eventplot([t for t, one in enumerate(fired) if one], lineoffsets=2.3, linelengths=0.3, colors="crimson")
left.set(xlabel="time in ms", ylim=(0, 3.1), title="one neuron; its spikes in red")
left.legend(ncols=3, loc="upper left", fontsize=8)
right.plot(inputs, 1000 * measured, ".", label="counted")
right.plot(above, 1000 / (tau * tw.log(above / (above - 1))), label="formula")
right.set(xlabel="input", ylabel="spikes in a second", title="rate of firing")
right.legend()

# %% [markdown]
# Left, the input 0.8 lifts the potential, but never to the threshold. Above it, a larger input means more spikes. On
# the right the counts follow the formula, from below and in stairs: between two spikes is a whole number of steps.
#
# Now three surrogates, seen as the gradient that a neuron hands back when its potential is v. Then a network of such
# neurons learns to read digits: a pixel fires in each step with a probability that is its darkness, and the class whose
# neuron fires most wins. These neurons keep 0.9 of the potential in a step, and a spike takes the threshold from it.

# %%
v, surrogates = tw.linspace(0, 2, 201), {}
for name in ("fast_sigmoid", "arctan", "straight_through"):
    x = v.copy().requires_grad_()
    tw.nn.LIF(0.0, surrogate=name)(x[None])[0].sum().backward()
    surrogates[name] = x.grad

images, labels, test_images, test_labels = digits()
network = tw.models.SpikingClassifier([64, 100, 10], steps=20)
optimizer = tw.optim.Adam(network.parameters(), lr=5e-3)
loader = tw.data.DataLoader(tw.data.TensorDataset(images, labels), batch_size=64, shuffle=True)
for _ in range(either(20, 1)):
    for x, y in loader:
        optimizer.zero_grad()
        cross_entropy(network(x), y).backward()
        optimizer.step()


@tw.no_grad()
def trains(x, steps):
    network.steps = steps
    return network.trains(x)


accuracies = {}
for steps in (1, 2, 4, 8, 16, 32, 64):
    read = tw.argmax(trains(test_images, steps)[-1].sum(axis=0), axis=1)
    accuracies[steps] = tw.train.accuracy(test_labels, read)
    print(f"{steps:2} steps: accuracy on test digits {accuracies[steps]:.1%}")

# %% [markdown]
# The surrogates are not 0 below the threshold, so weights learn that are too small to cause a spike. One step tells
# little, as each pixel has fired or not. The longer the network looks, the better it knows how often they fire; it was
# trained with 20 steps, and gains from more.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot(v, v > 1, "k", label="spike")
for name, gradient in surrogates.items():
    left.plot(v, gradient, label=name)
left.set(xlabel="potential", title="a spike, and what stands in for its derivative")
left.legend(fontsize=8)
right.semilogx(list(accuracies), list(accuracies.values()), "o-", base=2)
right.set(xlabel="steps for which a digit is shown", ylabel="accuracy on test digits", title="it takes time to read")

# %% [markdown]
# What fires when, as the network looks at one digit for 50 steps: each dot is a spike. Pixels are
# numbered row by row. Among the classes the 8 fires most, and the 2 a few times.

# %%
figure, panels = plt.subplots(1, 4, figsize=(10, 4), width_ratios=(0.8, 1, 1, 1), layout="constrained")
panels[0].imshow(test_images[0].reshape((8, 8)), cmap="gray_r")
panels[0].set(xticks=[], yticks=[], title=f"a test digit: {test_labels[0].item()}")
for axes, train, name in zip(panels[1:], trains(test_images[:1], 50), ("pixels", "hidden neurons", "classes")):
    axes.scatter(*tw.nonzero(train[:, 0]), s=4, color="black")
    axes.set(xlabel="step", ylim=(train.shape[2] - 0.5, -0.5), title=f"{train.shape[2]} {name}")
panels[-1].set_yticks(range(10))
