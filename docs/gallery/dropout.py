"""# Dropout

In training, dropout sets each unit to zero with probability p, drawn anew for each example and step (Srivastava and
others, 2014). DropConnect does so with weights (Wan and others, 2013).

> y = m x / (1 - p), where m is 0 with probability p, else 1
>
> E[y] = x, Var[y] = x² p / (1 - p)

The division by 1 - p, "inverted" scaling, keeps the mean, so that evaluation takes the whole network as it is.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

tw.random.seed(0)
for p in (0.2, 0.5, 0.8):
    y = nn.Dropout(p)(tw.ones(100_000))
    values = ", ".join(f"{value:.2f}" for value in tw.unique(y).tolist())
    print(f"p = {p}: values {values}; mean {y.mean().item():.3f}, variance {y.var().item():.3f}")

# %% [markdown]
# Mean and variance are those of the formula: 1, and 0.25, 1 and 4.
#
# A network that is large for 200 digits learns them by heart. The test error by rate, the mean of three sets of 200: on
# the left with their labels, on the right with a fifth of the labels drawn at random.

# %%
train_x, train_y, test_x, test_y = digits()
WIDTH, COUNT = 256, 200


def dropout(p):
    """A network with dropout of hidden units."""
    hidden = [nn.Linear(64, WIDTH), nn.ReLU(), nn.Dropout(p), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Dropout(p)]
    return nn.Sequential(*hidden, nn.Linear(WIDTH, 10))


def dropconnect(p):
    """A network with dropout of the weights after the hidden units."""
    hidden = [nn.Linear(64, WIDTH), nn.ReLU(), nn.DropConnect(WIDTH, WIDTH, p=p), nn.ReLU()]
    return nn.Sequential(*hidden, nn.DropConnect(WIDTH, 10, p=p))


def trained(make, p, seed, noise):
    """A network, in evaluation mode, that has learned 200 digits, of which the share `noise` has random labels."""
    tw.random.seed(seed)
    net, part = make(p), slice(seed * COUNT, (seed + 1) * COUNT)
    labels = tw.where(tw.random.uniform(size=COUNT) < noise, tw.random.integers(0, 10, size=COUNT), train_y[part])
    batches = tw.data.DataLoader(tw.data.TensorDataset(train_x[part], labels), batch_size=50, shuffle=True)
    trainer = tw.train.Trainer(net, nn.CrossEntropyLoss(), tw.optim.Adam(net.parameters(), lr=2e-3), progress=False)
    trainer.fit(batches, epochs=either(80, 2))
    return net.eval()


def error(scores):
    return (scores.argmax(axis=-1) != test_y).mean(axis=-1)


rates, seeds = (0, 0.2, 0.4, 0.6, 0.8), range(either(3, 1))
figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for axes, noise in zip(panels, (0, 0.2)):
    for make in (dropout, dropconnect):
        errors = [[error(trained(make, p, seed, noise)(test_x)).item() for p in rates] for seed in seeds]
        mean = tw.asarray(errors).mean(axis=0)
        axes.plot(rates, mean, "o-", label=make.__name__)
        print(f"{noise:3.0%} random labels, {make.__name__:11}:", ", ".join(f"{e:.1%}" for e in mean.tolist()))
    axes.set(xlabel="rate p", ylim=(0, None), title=f"test error, {noise:.0%} of labels random")
    axes.legend()

# %% [markdown]
# With right labels dropout changes little: up to a rate of 0.6 the errors lie within one percentage point, and 0.8 is
# too much.
# With random labels the network without dropout learns those too. Dropout hinders it: at 0.8 the error falls from
# 19.3 % to 11.2 %, and with DropConnect to 12.3 % at 0.6.
#
# Each mask makes a thinned network, and all of them share their weights; n units have 2ⁿ masks. The whole network, in
# evaluation mode, stands for their mean. In training mode the masks can be drawn and the mean be taken. The entropy of
# this mean is a measure of uncertainty (Monte Carlo dropout, Gal and Ghahramani, 2016): here of a network trained at
# p = 0.5 with random labels, for test images, and for ones with shuffled pixels, which are no digits.

# %%
draws = either(200, 20)
net = trained(dropout, 0.5, 0, 0.2)
shuffled = tw.random.Generator(0).permuted(test_x, axis=1)
with tw.no_grad():
    whole = error(net(test_x)).item()
    net.train()
    thinned, strange = (tw.stack([F.softmax(net(x)) for _ in range(draws)]) for x in (test_x, shuffled))
counts = tw.arange(1, draws + 1)
together = error(thinned.cumsum(axis=0) / counts[:, None, None])
alone = error(thinned).mean().item()
print(
    f"test error of one thinned network {alone:.1%}, of {draws} {together[-1].item():.1%}, of the whole one {whole:.1%}"
)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot(counts, together, label="mean of thinned networks")
left.axhline(alone, ls=":", color="C1", label="one thinned network, on average")
left.axhline(whole, ls="--", color="C2", label="the whole network")
left.set(xscale="log", xlabel="thinned networks", title="test error", ylim=(0, None))
left.legend()

mean = thinned.mean(axis=0)
entropy, entropy_shuffled = (-(p * tw.log(p + 1e-12)).sum(axis=1) for p in (mean, strange.mean(axis=0)))
wrong = mean.argmax(axis=1) != test_y
for name, values in (("right", entropy[~wrong]), ("wrong", entropy[wrong]), ("shuffled pixels", entropy_shuffled)):
    right.hist(values, bins=[k / 8 for k in range(19)], density=True, alpha=0.5, label=name)
    print(f"{name}: mean entropy {values.mean().item():.2f}")
right.set(xlabel="entropy of the mean", ylabel="density", title="uncertainty of right and wrong answers")
right.legend()
fifths = [wrong[part].mean().item() for part in tw.split(tw.argsort(entropy), 5)]
print("errors by fifths, from the surest images to the least sure:", ", ".join(f"{share:.0%}" for share in fifths))

# %% [markdown]
# One thinned network errs on 28.7 %. The mean of 200 comes close to the whole network, which needs one pass instead of
# 200. Wrong answers have a larger entropy than right ones, and so do images that are no digits. Who refuses to answer
# where the entropy is large avoids most errors: the surest fifth has none, of the least sure almost half are wrong.
