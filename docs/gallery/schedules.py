"""# Learning-rate schedules

A constant rate must be small at the end, when the noise of the batches keeps the loss up, and could be large before.
A schedule lets it fall, from η₀ in step t of T:

| schedule | η |
| --- | --- |
| step | η₀ γ^⌊t / s⌋ |
| exponential | η₀ γᵗ |
| 1/t (Robbins and Monro, 1951) | η₀ / (1 + γ t) |
| polynomial | η₀ (1 - t / T)^p |
| cosine (Loshchilov and Hutter, 2017) | η₀ (1 + cos(π t / T)) / 2, with restarts from η₀ again after each period |
| warm-up, inverse square root (Vaswani et al., 2017) | η₀ min(t / w, √(w / t)) with w steps of warm-up |
| one cycle (Smith and Topin, 2019) | up to η₀, then down to almost nothing |
| on a plateau | η times a factor whenever the loss has stopped falling |

The other way to be rid of the noise is the average of the iterates (Polyak and Juditsky, 1992), with a constant rate.
"""

# %%
from itertools import chain, repeat

import numpy as np
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.optim import lr_scheduler as lrs
from tilewright.optim.swa_utils import AveragedModel

x, y, _, _ = digits()


def start(lr):
    tw.random.seed(0)  # all runs have the same weights and batches
    net = nn.Linear(64, 10)
    loader = tw.data.DataLoader(tw.data.TensorDataset(x, y), 32, shuffle=True, drop_last=True)
    return net, tw.optim.SGD(net.parameters(), lr), loader


def error(net, images=x, labels=y):
    return nn.functional.cross_entropy(net(images), labels) + 0.001 * (net.weight**2).sum()


net, _, _ = start(0.1)
newton = tw.optim.Newton(net.parameters())
for _ in range(either(6, 1)):
    newton.step(lambda: error(net))
least = error(net).item()

# %% [markdown]
# The problem is softmax regression of digits with an L2 penalty. It is convex; Newton's method has found its least
# loss.
#
# Which rate should the schedules start from? The range test (Smith, 2017) raises the rate from step to step and watches
# the loss; then it puts the weights back.


# %%
net, optimizer, loader = start(0.1)
batches = chain.from_iterable(repeat(loader))


def closure():
    optimizer.zero_grad()
    loss = error(net, *next(batches))
    loss.backward()
    return loss


test = tw.optim.lr_range_test(optimizer, closure, 1e-3, 100, num_iter=either(200, 30))
figure, ax = plt.subplots(figsize=(9, 3.5))
ax.loglog(test.rates, test.losses)
ax.set(xlabel="learning rate", ylabel="loss of the batch", title="learning-rate range test")

# %% [markdown]
# Below 0.1 the loss hardly moves. It falls fastest from there to 1, and from 2 on it rises. So 1 is the highest rate
# below. All schedules step once an epoch, from the same weights and with the same batches.

# %%
T, HIGH = either(60, 10), 1.0
SCHEDULES = {
    "constant": lambda o: lrs.ConstantLR(o, 1.0),
    "step": lambda o: lrs.StepLR(o, T // 4, gamma=0.3),
    "exponential": lambda o: lrs.ExponentialLR(o, 0.01 ** (1 / T)),
    "1/t": lambda o: lrs.InverseTimeLR(o, gamma=0.3),
    "polynomial, p = 2": lambda o: lrs.PolynomialLR(o, T, power=2),
    "cosine, restarts": lambda o: lrs.CosineAnnealingWarmRestarts(o, T // 4, T_mult=3),
    "warm-up, cosine": lambda o: lrs.SequentialLR(
        o, [lrs.LinearLR(o, 0.1, total_iters=T // 10), lrs.CosineAnnealingLR(o, T - T // 10)], [T // 10]
    ),
    "inverse square root": lambda o: lrs.InverseSquareRootLR(o, warmup_steps=T // 10),
    "one cycle": lambda o: lrs.OneCycleLR(o, HIGH, T + 1, cycle_momentum=False),
    "on a plateau": lambda o: lrs.ReduceLROnPlateau(o, factor=0.3, patience=2),
}


def train(make):
    """Rates of the epochs, losses above the least after them, and those of the average of the second half."""
    net, optimizer, loader = start(HIGH)
    schedule, average, rows = make(optimizer), AveragedModel(net), []
    for epoch in range(T):
        rate = schedule.get_last_lr()[0]
        for images, labels in loader:
            optimizer.zero_grad()
            error(net, images, labels).backward()
            optimizer.step()
            if epoch >= T // 2:
                average.update_parameters(net)
        loss = error(net).item()
        schedule.step(*([loss] if isinstance(schedule, lrs.ReduceLROnPlateau) else []))
        rows.append((rate, loss - least, error(average.module).item() - least))
    return np.array(rows).T


runs = {name: train(make) for name, make in SCHEDULES.items()}
figure, axes = plt.subplots(2, 5, figsize=(11, 4), sharex=True, sharey=True, layout="constrained")
for ax, (name, (rates, _, _)) in zip(axes.flat, runs.items()):
    ax.plot(rates)
    ax.set_title(name, fontsize=10)
figure.supxlabel("epoch")
figure.supylabel("learning rate")
figure, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
for k, (name, (_, gaps, _)) in enumerate(runs.items()):
    ax.semilogy(gaps, "-" if k < 5 else "--", color=f"C{k % 5}", label=name)
    print(f"{name:20} {gaps[-1]:.5f} above the least")
averaged = runs["constant"][2]
print(f"{'constant, averaged':20} {averaged[-1]:.5f} above the least")
ax.semilogy(range(T // 2, T), averaged[T // 2 :], "k", label="constant, averaged\nfrom the middle on")
ax.set(xlabel="epoch", ylabel="loss above the least", title="the same training with each schedule")
figure.legend(loc="outside right center")

# %% [markdown]
# With the constant rate the loss keeps jumping around 0.01. A rate that falls calms it, but not all end equally low.
# The exponential and 1/t fall early: they have little noise, and little progress either. Those that stay high for long
# and end near zero, cosine and one cycle, come within 0.001 of the least. Warm-up costs a few epochs and gains nothing
# on this convex problem; it is made for networks that a high rate at the start throws off. The average over the second
# half of the run with the constant rate is the best of all here, and it needs no schedule.
