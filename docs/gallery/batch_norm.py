"""# Batch norm

Batch norm gives each unit mean 0 and variance 1 over the examples of a batch, then a scale γ and a shift β that are
learned (Ioffe and Szegedy, 2015). Layer norm does so for each example over its units (Ba, Kiros and Hinton, 2016).

> y = γ (x - μ) / √(σ² + ε) + β, where μ and σ² are mean and variance over the batch, or over the units
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

train_x, train_y, test_x, test_y = digits()
NORMS = {"none": nn.Identity, "batch norm": nn.BatchNorm1d, "layer norm": nn.LayerNorm}

x = tw.random.Generator(0).normal(5, 2, size=(32, 64))
for axis, name in ((0, "batch norm"), (1, "layer norm")):
    mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    difference = NORMS[name](64)(x) - (x - mean) / tw.sqrt(var + 1e-5)
    print(f"{name} is the formula over axis {axis}, up to {abs(difference).max().item():.0e}")


# %% [markdown]
# Six hidden layers with each norm, or none, at growing learning rates. On the right is how smooth the loss is: at each
# step of a training with the rate 0.1, the range of the losses that steps of the rates 0.02 to 0.4 would lead to.
# Santurkar and others (2018) measured this.


# %%
def network(norm, depth=6):
    tw.random.seed(0)
    hidden = [layer for _ in range(depth) for layer in (nn.Linear(64, 64, bias=False), NORMS[norm](64), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(64, 10))


def batches(size=64):
    return tw.data.DataLoader(tw.data.TensorDataset(train_x, train_y), size, shuffle=True, drop_last=True)


def train(net, lr, epochs, size=64, weight_decay=0.0):
    """Before each step, the batch; its gradient is in the parameters."""
    optimizer = tw.optim.SGD(net.parameters(), lr=lr, weight_decay=weight_decay)
    for _ in range(epochs):
        for images, labels in batches(size):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            yield loss.item(), images, labels
            optimizer.step()


@tw.no_grad()
def along_gradient(net, images, labels):
    """The least and the largest loss after steps of several rates, which are taken back."""
    start = nn.utils.parameters_to_vector(net.parameters()).copy()
    gradient = nn.utils.parameters_to_vector([p.grad for p in net.parameters()])
    losses = []
    for rate in (0.4, 0.2, 0.1, 0.05, 0.02, 0.0):
        nn.utils.vector_to_parameters(start - rate * gradient, net.parameters())
        losses.append(F.cross_entropy(net(images), labels).item())
    return min(losses[:-1]), max(losses[:-1])


rates, epochs = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), either(10, 1)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name in NORMS:
    losses = [[loss for loss, *_ in train(network(name), lr, epochs)][-21:] for lr in rates]
    ends = tw.asarray(losses).mean(axis=1)
    left.plot(rates, ends, "o-", label=name)
    print(f"{name:10}: loss", ", ".join(f"{end:.3f} at {lr}" for lr, end in zip(rates, ends.tolist())))
    if name != "layer norm":
        net = network(name)
        ranges = [along_gradient(net, images, labels) for _, images, labels in train(net, 0.1, either(12, 1), 256)]
        right.fill_between(range(len(ranges)), *zip(*ranges), alpha=0.6)
left.set(xscale="log", yscale="log", xlabel="learning rate", title="training loss of the last epoch")
left.legend()
right.set(yscale="log", xlabel="step", title="loss after steps of rates 0.02 to 0.4")

# %% [markdown]
# Without a norm the best rate is 0.1, and larger ones soon fail. With batch norm the network learns at all seven rates,
# best at 0.3, where its loss is the lowest of all. Layer norm lies between the two. The picture on the right shows that
# without a norm the loss after some of these steps is far above the loss before, and changes erratically. With batch
# norm every one of them lands in a narrow band that falls.
#
# The norm also takes out the length of the weights before it. For such a w and any c > 0, L(cw) = L(w), so the gradient
# is orthogonal to w, and at cw it is c times smaller (van Laarhoven, 2017). Here c is 2:

# %%
net = network("batch norm", depth=2)
print(tw.diagnose.scale_invariance(lambda: F.cross_entropy(net(train_x), train_y), net))

# %% [markdown]
# Both linear weights before a norm are invariant. So is the first γ, which ReLU hands on to the next norm while β is 0.
# The other parameters are not; biases are 0 at the start, where scaling leaves them as they are.
#
# What changes of an invariant weight is its direction, and it moves as with the effective rate lr / ‖w‖². Here lr is
# 0.3 all the time.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for decay in (0.01, 0.003, 0.0):
    net = network("batch norm")
    w = net[3].weight
    seen = [
        (tw.linalg.vector_norm(w).item(), tw.diagnose.effective_learning_rate(0.3, w))
        for _ in train(net, 0.3, either(30, 1), weight_decay=decay)
    ]
    norms, effective = zip(*seen)
    left.plot(norms, label=f"weight decay {decay}")
    right.plot(effective)
left.set(xlabel="step", title="length of the second layer's weight", ylim=(0, None))
left.legend()
right.set(xlabel="step", title="effective learning rate", yscale="log")

# %% [markdown]
# Steps orthogonal to w make it longer, so without decay the effective rate falls a little. Weight decay makes w shorter
# and the effective rate higher, at 0.01 more than ten times, until both tendencies are in balance. It does not make the
# function smaller: it sets the pace.
#
# In training an example's result depends on the others of its batch. In evaluation mode batch norm takes running means
# of the statistics, which training has gathered. The last network, in both modes:

# %%
net.eval()
print(f"running statistics: test error {(net(test_x).argmax(axis=1) != test_y).mean().item():.1%}")
net.train()
for size in (450, 50, 10, 2):
    with tw.no_grad():
        parts = [net(test_x[k : k + size]).argmax(axis=1) for k in range(0, 450, size)]
    print(f"statistics of {size:3} images: test error {(tw.concatenate(parts) != test_y).mean().item():.1%}")

# %% [markdown]
# With the running statistics, and with those of all 450 test images, the errors are few. Statistics of ten images are
# noisy, of two useless; with one image alone there is no variance. Layer norm needs no batch and knows no such modes.
