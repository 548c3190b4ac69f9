"""# Initialisation

Where training starts decides whether it gets going at all. A layer z = W a with n inputs and m outputs, and weights
drawn independently with mean 0, multiplies the variance of what passes it, forward and back:

> Var z = n Var(w) E[a²], Var ∂L/∂a = m Var(w) Var ∂L/∂z
>
> Xavier: Var w = 2 / (n + m) keeps both for activations of slope 1 (Glorot and Bengio, 2010)
>
> Kaiming: Var w = 2 / n, because ReLU sets half of the values to zero (He and others, 2015)
>
> orthogonal: WᵀW = I, which keeps the length of every vector (Saxe, McClelland and Ganguli, 2014)
"""

# %%
from functools import partial
from itertools import pairwise

from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.nn import init

train_x, train_y, test_x, test_y = digits()
mean, std = train_x.mean(), train_x.std()
train_x, test_x = (train_x - mean) / std, (test_x - mean) / std


def network(fill, activation, depth, width):
    """So many hidden layers; `fill` writes the weights, biases are 0."""
    tw.random.seed(0)
    sizes = [64] + [width] * depth
    hidden = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), activation())]
    net = nn.Sequential(*hidden, nn.Linear(width, 10))
    for linear in net[::2]:
        fill(linear.weight)
    return net


def train(net, lr, epochs):
    """The mean loss of each epoch."""
    optimizer = tw.optim.SGD(net.parameters(), lr=lr)
    batches = tw.data.DataLoader(tw.data.TensorDataset(train_x, train_y), batch_size=64, shuffle=True, drop_last=True)
    trainer = tw.train.Trainer(net, nn.CrossEntropyLoss(), optimizer, progress=False)
    return trainer.fit(batches, epochs=epochs)["loss"]


# %% [markdown]
# **Symmetry.** Units that start alike get the same gradient and stay alike for ever. A network of 16 hidden units, and
# how many different ones it has after training:

# %%
SYMMETRIC = {"all 0": init.zeros_, "all 0.1": partial(init.constant_, value=0.1), "random": init.xavier_normal_}
for name, fill in SYMMETRIC.items():
    net = network(fill, nn.Tanh, depth=1, width=16)
    loss = train(net, 0.1, either(20, 2))[-1]
    different = len(tw.unique(tw.round(net[0].weight.detach() * 1000), axis=0))
    error = (net(test_x).argmax(axis=1) != test_y).mean().item()
    print(f"{name:7}: {different:2} different units, training loss {loss:.3f}, test error {error:.1%}")

# %% [markdown]
# Zeros pass nothing forward and nothing back: only the biases of the last layer learn. Equal weights make 16 units into
# one.
#
# **Scale.** Of 30 layers of 64 units each: the standard deviation of the activations, and the size of the gradient with
# respect to them, before the first step. Weights of standard deviation 0.03 are too small, of 0.3 too large: Xavier
# asks for 0.125, Kaiming for 0.177.

# %%
FILLS = {
    "std 0.03": partial(init.normal_, std=0.03),
    "std 0.3": partial(init.normal_, std=0.3),
    "Xavier": init.xavier_normal_,
    "Kaiming": init.kaiming_normal_,
    "orthogonal": init.orthogonal_,
}
depth = either(30, 10)
figure, panels = plt.subplots(2, 3, figsize=(9, 5.5), sharex=True, sharey="row", layout="constrained")
for (above, below), activation in zip(panels.T, (nn.Identity, nn.Tanh, nn.ReLU)):
    for name, fill in FILLS.items():
        net = network(fill, activation, depth, width=64)
        with tw.diagnose.Recorder(net) as recorder:
            nn.functional.cross_entropy(net(train_x), train_y).backward()
            recorder.step()
        seen = recorder.history[0].layers
        layers = range(1, depth + 1)
        above.plot(layers, [seen[f"{2 * k - 1}"].std for k in layers], label=name)
        below.plot(layers, [seen[f"{2 * k - 1}"].gradient for k in layers])
    above.set(title=activation.__name__, yscale="log", ylim=(1e-8, 1e4))
    below.set(yscale="log", ylim=(1e-15, 1e5), xlabel="layer")
panels[0, 0].set_ylabel("std of activations")
panels[1, 0].set_ylabel("size of gradient")
figure.legend(*above.get_legend_handles_labels(), loc="outside right center")

# %% [markdown]
# Where weights are too small, activations and gradients shrink at every layer; where they are too large, they grow.
# Tanh bounds the activations, but not the gradients. Of the three others, Xavier and orthogonal keep both in a linear
# network, and lose some with tanh. With ReLU they halve the mean square at each layer; there Kaiming keeps it.
#
# Xavier keeps the mean square of a vector, orthogonal that of every vector. The singular values of 30 linear layers
# together tell the two apart: how much each direction of the input is stretched. Beside them, training.

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 4), layout="constrained")
for name in ("Xavier", "orthogonal"):
    net = network(FILLS[name], nn.Identity, depth, width=64)
    with tw.no_grad():
        values = tw.linalg.svdvals(net[:-1](tw.eye(64)))
    left.plot(range(1, 65), values, label=name, color=f"C{list(FILLS).index(name)}")
    print(f"{name:10}: {(values > 0.01).sum().item()} of 64 singular values above 0.01")
left.set(yscale="log", ylim=(1e-6, 1e2), xlabel="number", title=f"singular values,\n{depth} linear layers")
for axes, activation in ((middle, nn.Tanh), (right, nn.ReLU)):
    for name, fill in FILLS.items():
        losses = train(network(fill, activation, 20, width=64), 0.01, either(20, 1))
        axes.plot(range(1, len(losses) + 1), losses, label=name)
        print(f"{activation.__name__}, {name:10}: training loss {losses[-1]:.3f}")
    axes.set(ylim=(0, 2.5), xlabel="epoch", title=f"training loss,\n20 layers of {activation.__name__}")
figure.legend(*right.get_legend_handles_labels(), loc="outside right center")

# %% [markdown]
# After 30 linear layers of Xavier's weights most directions are all but lost; orthogonal weights keep them all. Saxe
# and others show that the training of linear networks then does not slow down with depth.
#
# With tanh, all but the small weights learn; Kaiming's, which are a little larger than Xavier's, learn fastest here.
# With ReLU only Kaiming's learn: the large weights give NaN, which is not drawn, and the other three stay where they
# began. Orthogonal weights need a gain of √2 before a ReLU, as Kaiming's have.
