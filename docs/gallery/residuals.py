"""# Residual connections

A residual block adds what it computes to what it was given (He, Zhang, Ren and Sun, 2016), so the gradient has a way
around every block. Without it the gradient is a product of as many matrices as there are layers, which vanishes or
explodes with depth (Hochreiter, 1991).

> plain: y = f(x), ∂L/∂x = Jᵀ ∂L/∂y
>
> residual: y = x + f(x), ∂L/∂x = ∂L/∂y + Jᵀ ∂L/∂y, where J is the Jacobian of f
"""

# %%
from functools import partial

from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

train_x, train_y, test_x, test_y = digits()
WIDTH = 32


class Block(nn.Module):
    """A layer, with `norm` a layer norm before it, and with `shortcut` a way around both."""

    def __init__(self, fill, norm=False, shortcut=False):
        self.norm = nn.LayerNorm(WIDTH) if norm else nn.Identity()
        self.linear = nn.Linear(WIDTH, WIDTH, activation="relu")
        self.shortcut = shortcut
        fill(self.linear.weight)

    def forward(self, x):
        y = self.linear(self.norm(x))
        return x + y if self.shortcut else y


small = partial(nn.init.uniform_, low=-(WIDTH**-0.5), high=WIDTH**-0.5)
BLOCKS = {
    "plain, small weights": partial(Block, small),
    "plain, Kaiming": partial(Block, nn.init.kaiming_normal_),
    "plain, layer norm": partial(Block, nn.init.kaiming_normal_, norm=True),
    "residual, layer norm": partial(Block, nn.init.kaiming_normal_, norm=True, shortcut=True),
}


def network(kind, depth):
    tw.random.seed(0)
    return nn.Sequential(nn.Linear(64, WIDTH), *[BLOCKS[kind]() for _ in range(depth)], nn.Linear(WIDTH, 10))


# %% [markdown]
# The gradient of each block's weights before the first step, in networks of 4, 16 and 64 blocks. Small weights are
# uniform with |w| < 1/√n, a common start; Kaiming's are made for ReLU.

# %%
figure, panels = plt.subplots(1, 4, figsize=(9, 4), sharey=True, layout="constrained")
for axes, kind in zip(panels, BLOCKS):
    for depth in (4, 16, 64):
        net = network(kind, depth)
        F.cross_entropy(net(train_x), train_y).backward()
        rows = tw.diagnose.gradient_flow(net).rows
        norms = [row.gradient for row in rows if row.name.endswith("linear.weight")]
        axes.plot(range(1, depth + 1), norms, label=f"{depth} blocks")
    print(f"{kind:20}: gradient's norm {norms[0]:.1e} in the first of 64 blocks, {norms[-1]:.1e} in the last")
    axes.set(xlabel="block", xscale="log", yscale="log", ylim=(1e-28, 1e8), title=kind.replace(", ", ",\n"))
panels[0].set_ylabel("norm of the gradient")
panels[-1].legend(loc="lower right")

# %% [markdown]
# With small weights the gradient vanishes: each further block takes its part of the activations and of the gradient, at
# 64 blocks 26 orders of magnitude. Kaiming's start keeps the gradient's size. In a plain network with layer norm it
# grows from block to block on its way back. With shortcuts its size differs by less than a factor of ten between the
# first block and the last.
#
# Now training, with the same rate for all. On the right, one block of eight is taken out after training, which Veit,
# Wilber and Belongie (2016) tried with a trained residual network.


# %%
def train(net, epochs):
    """The loss of the last epoch."""
    optimizer = tw.optim.SGD(net.parameters(), lr=0.05)
    data = tw.data.TensorDataset(train_x, train_y)
    batches = tw.data.DataLoader(data, batch_size=64, shuffle=True, drop_last=True)
    trainer = tw.train.Trainer(net, nn.CrossEntropyLoss(), optimizer, progress=False)
    return trainer.fit(batches, epochs=epochs)["loss"][-1]


def error(layers):
    return (nn.Sequential(*layers)(test_x).argmax(axis=1) != test_y).mean().item()


depths = either((2, 4, 8, 16, 32, 64), (4, 8))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for kind in BLOCKS:
    nets = {depth: network(kind, depth) for depth in depths}
    losses = [train(net, either(15, 1)) for net in nets.values()]
    left.plot(depths, losses, "o-", label=kind)
    layers = list(nets[8])
    without = [error(layers[:k] + layers[k + 1 :]) for k in range(1, 9)]
    right.plot(range(1, 9), without, "o-")
    print(f"{kind:20}: loss {', '.join(f'{loss:.3f}' for loss in losses)};", end=" ")
    print(f"error of 8 blocks {error(layers):.1%}, of 7 {sum(without) / 8:.1%} on average")
left.set(xscale="log", yscale="log", xticks=depths, xticklabels=depths, xlabel="blocks", title="training loss")
left.minorticks_off()
figure.legend(loc="outside lower center", ncols=4)
right.set(xlabel="block taken out", ylim=(0, 1), title="test error without a block")

# %% [markdown]
# The plain networks learn badly from 8 or 16 blocks on, and at 64 nothing. A gradient of the right size is not enough:
# Kaiming's start has one. (Balduzzi and others, 2017, find that gradients of deep plain networks resemble noise.) The
# norm alone does not help either. With shortcuts the network learns at every depth, if more slowly at 64 than at 16.
#
# Of eight blocks, a plain network needs each: without one it guesses. The residual network loses little without one of
# the last four, and most without one of the first two. So its blocks refine what is there, and do not replace it.
