"""# From momentum to Adam, Lion and LAMB

What eleven methods make of a gradient g, all beside plain descent, w ← w - η g. η is the learning rate.

| method | update |
| --- | --- |
| momentum (Polyak, 1964) | b ← μ b + g; w ← w - η b |
| Nesterov (1983) | b ← μ b + g; w ← w - η (g + μ b) |
| AdaGrad (Duchi et al., 2011) | s ← s + g²; w ← w - η g / √s |
| RMSProp (Tieleman and Hinton, 2012) | v ← α v + (1 - α) g²; w ← w - η g / √v |
| Adadelta (Zeiler, 2012) | v as there; u = √d / √v · g; d ← ρ d + (1 - ρ) u²; w ← w - η u |
| Adam (Kingma and Ba, 2015) | m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; w ← w - η m̂ / √v̂ |
| AdamW (Loshchilov and Hutter, 2019) | as Adam, and w ← (1 - η λ) w for weight decay |
| NAdam (Dozat, 2016) | as Adam, with Nesterov's look ahead: about β₁ m̂ + (1 - β₁) ĝ in place of m̂ |
| RAdam (Liu et al., 2020) | as Adam, but v̂ is used only once it is known well enough |
| Lion (Chen et al., 2023) | w ← w - η sign(β₁ m + (1 - β₁) g); m ← β₂ m + (1 - β₂) g |
| LAMB (You et al., 2020) | u as Adam's step; w ← w - η ‖w‖ / ‖u‖ · u, for each matrix |

Hats correct the bias of means that start at zero: m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ). A small ε keeps the divisions
away from zero.
"""

# %%
import numpy as np
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn, optim

METHODS = {
    "SGD": (optim.SGD, {}),
    "momentum": (optim.SGD, {"momentum": 0.9}),
    "Nesterov": (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "AdaGrad": (optim.Adagrad, {}),
    "RMSProp": (optim.RMSprop, {}),
    "Adadelta": (optim.Adadelta, {}),
    "Adam": (optim.Adam, {}),
    "AdamW": (optim.AdamW, {"weight_decay": 0.01}),
    "NAdam": (optim.NAdam, {}),
    "RAdam": (optim.RAdam, {}),
    "Lion": (optim.Lion, {}),
    "LAMB": (optim.LAMB, {}),
}


def build(name, parameters, lr):
    make, options = METHODS[name]
    return make(parameters, lr=lr, **options)


# %% [markdown]
# What does a method make of a gradient that stays the same? Here it is 0.01 for one weight and 1 for the other. The
# table has the first step and the hundredth, in learning rates.

# %%
print("            first step      step 100")
for name in METHODS:
    w, path = tw.ones(2).requires_grad_(), [np.ones(2)]
    optimizer = build(name, [w], 1e-3)
    for _ in range(100):
        w.grad = tw.asarray([0.01, 1.0])
        optimizer.step()
        path.append(w.tolist())
    first, last = -np.diff(path, axis=0)[[0, -1]] / 1e-3
    print(f"{name:9} {first[0]:6.3f} {first[1]:6.3f} {last[0]:6.3f} {last[1]:6.3f}")

# %% [markdown]
# Plain descent steps in proportion to the gradient; momentum ends with ten times as much, 1 / (1 - μ). AdaGrad takes
# both weights alike, by steps that shrink as 1/√t. RMSProp's mean starts at zero, so its first step is 1/√(1 - α) = 10
# times η; the corrected means of Adam take that away. Adam and Lion move either weight by η, whatever the size of the
# gradient. Adadelta's steps start tiny, since it has seen no steps yet. AdamW adds the decay, 0.01 of the weight. RAdam
# begins as momentum does and scales later, still with caution. LAMB's step is relative to the weights, and these have
# shrunk by a tenth.
#
# Now two problems: a valley across the axes, where no factor for each weight can make it round, and a network on
# digits. Every method runs with eleven learning rates, and its best one is drawn.

# %%
RATES = 10.0 ** np.arange(-4, 1.1, either(0.5, 2.5))
x, y, _, _ = digits()


def height(x, y):
    return ((x + y - 2) ** 2 + 100 * (x - y) ** 2) / 4


valley = tw.diagnose.Landscape("valley", height, start=(-1, 2), minimum=(1, 1), window=(-2, 2, -1, 3))


def descend(name, lr):
    """Heights on the way through the valley."""
    path = tw.diagnose.optimizer_paths(valley, {name: lambda w: build(name, w, lr)}, steps=either(300, 20))[name]
    return height(*path.T).numpy()


def learn(name, lr):
    """Losses of the epochs on digits."""
    tw.random.seed(0)
    net = tw.models.MLP([64, 64, 10])
    loader = tw.data.DataLoader(tw.data.TensorDataset(x, y), 64, shuffle=True, drop_last=True)
    trainer = tw.train.Trainer(net, nn.CrossEntropyLoss(), build(name, net.parameters(), lr), progress=False)
    return np.array(trainer.fit(loader, epochs=either(20, 2))["loss"])


figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
ends = {}
for ax, run in zip(axes, (descend, learn)):
    for k, name in enumerate(METHODS):
        runs = [run(name, lr) for lr in RATES]
        ends[run, name] = [np.nan_to_num(losses[-5:].mean(), nan=np.inf) for losses in runs]
        best = runs[np.argmin(ends[run, name])]
        ax.semilogy(np.minimum.accumulate(best), "-" if k < 6 else "--", color=f"C{k % 6}", label=name)
axes[0].set(xlabel="step", ylabel="least height so far", ylim=(1e-12, 1e3), title="valley of condition number 100")
axes[1].set(
    xlabel="epoch, from 0",
    xticks=range(0, 20, 5),
    ylabel="least cross-entropy so far",
    title="digits, network of 64 hidden units",
)
figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
for name in METHODS:
    shown = [f"η = {RATES[np.argmin(ends[run, name])]:7.2g}: {min(ends[run, name]):7.1e}" for run in (descend, learn)]
    print(f"{name:9}valley, {shown[0]};   digits, {shown[1]}")

# %% [markdown]
# The curves show the least loss so far, the table the mean of the last five at the method's best rate. In the valley,
# plain descent is slow along the floor. Momentum, Nesterov, Adam and NAdam get to 1e-9 and below. AdaGrad and RMSProp
# gain less, as their factors belong to axes and the valley does not. Adadelta and RAdam are still far up after 300
# steps. Lion and LAMB keep a length of step that the gradient does not shorten, so with a constant rate they do not
# settle. AdamW's decay pulls the weights to zero, and the minimum is elsewhere, so it stops above it. On digits (one
# seed, loss in training), momentum, Nesterov, Adam and AdamW end lowest; the others are some factors higher.
#
# How well must the learning rate be chosen? All runs on digits:

# %%
figure, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
losses = np.array([ends[learn, name] for name in METHODS])
drawn = ax.imshow(np.log10(np.minimum(losses, 10)), aspect="auto", cmap="viridis_r")
ax.set_xticks(range(len(RATES)), [f"{lr:.1e}" for lr in RATES])
ax.set_yticks(range(len(METHODS)), METHODS)
ax.set(xlabel="learning rate", title="digits: loss of the last epochs, as a power of ten")
figure.colorbar(drawn)

# %% [markdown]
# The best rates differ far more than the losses there do: Lion wants 0.003, Adam 0.03, momentum 0.3, plain descent 1
# and Adadelta 10. So a comparison at one rate for all would say little. Ten times the best rate raises the loss tenfold
# or more, for every method where the grid goes that far; a tenth of it is less harmful.
