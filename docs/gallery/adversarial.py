"""# Adversarial examples

A small change of the input, made to raise the loss, deceives a network that is right almost always. The fast gradient
sign method (FGSM; Goodfellow, Shlens, Szegedy, 2015) changes each pixel by ε in the direction of its gradient,

> x' = x + ε sign(∇ₓ L(x, y)).

Projected gradient descent (PGD; Madry et al., 2018) takes many small steps of this kind, and after each goes back to
the nearest point whose pixels are all within ε of x.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright.nn.functional import cross_entropy
from tilewright.nn.utils import fgsm, pgd

images, labels, test_images, test_labels = digits()


def train(change):
    """A network of 128 hidden units that sees `change(network, images, labels)` in place of the images."""
    tw.random.seed(0)
    network = tw.models.MLP([64, 128, 10])
    optimizer = tw.optim.Adam(network.parameters(), lr=3e-3)
    loader = tw.data.DataLoader(tw.data.TensorDataset(images, labels), batch_size=64, shuffle=True)
    for _ in range(either(30, 3)):
        for x, y in loader:
            optimizer.zero_grad()
            cross_entropy(network(change(network, x, y)), y).backward()
            optimizer.step()
    return network


@tw.no_grad()
def read(network, x):
    return tw.argmax(network(x), axis=1)


plain = train(lambda network, x, y: x)
print(f"accuracy on test digits: {tw.train.accuracy(test_labels, read(plain, test_images)):.1%}")

# %% [markdown]
# Why is so little enough? To first order, a change d of the pixels changes the loss by g·d, with g = ∇ₓ L. Random signs
# of size ε give a sum of terms of both signs, whose standard deviation is ε‖g‖₂. The signs of g give ε‖g‖₁, since all
# terms are positive. The ratio of the norms grows with the number of pixels n, up to √n.

# %%
gradient = tw.autograd.grad(lambda x: cross_entropy(plain(x), test_labels, reduction="sum"))(test_images)
ratio = tw.linalg.norm(gradient, ord=1, axis=1) / tw.linalg.norm(gradient, axis=1)
print(f"‖g‖₁ / ‖g‖₂ is {ratio.mean().item():.1f} on average; it can be √64 = 8 at most")

# %% [markdown]
# Adversarial training takes each step on images that are attacked at that moment (Madry et al.). Then both networks
# read the test digits, changed by random signs and by both attacks.

# %%
robust = train(lambda network, x, y: pgd(network, x, y, 0.1, steps=5))


def noise(network, x, y, epsilon):
    return tw.clip(x + epsilon * (2 * tw.random.integers(0, 2, x.shape) - 1), 0, 1)


epsilons = [0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3]
table = {}
print(f"{'accuracy at epsilon':20}", *(f"{epsilon:6.1f}" for epsilon in epsilons[::4]))
for name, network in (("plain", plain), ("robust", robust)):
    for attack in (noise, fgsm, pgd):
        changed = [attack(network, test_images, test_labels, epsilon) for epsilon in epsilons]
        table[name, attack] = [tw.train.accuracy(test_labels, read(network, x)) for x in changed]
        print(f"{f'{name}, {attack.__name__}':20}", *(f"{one:6.1%}" for one in table[name, attack][::4]))

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
for axes, name in zip(panels, ("plain", "robust")):
    for attack, label in ((noise, "random signs"), (fgsm, "FGSM"), (pgd, "PGD")):
        axes.plot(epsilons, table[name, attack], "o-", markersize=4, label=label)
    axes.set(xlabel="ε, change of each pixel", title=f"trained on {'attacked' if name == 'robust' else 'plain'} digits")
    axes.grid(alpha=0.3)
panels[0].set_ylabel("accuracy on test digits")
panels[0].legend()

# %% [markdown]
# Random signs of size 0.1 cost the plain network one digit in a hundred, PGD of the same size costs it half of them.
# PGD finds a little more than FGSM. The network that was trained on attacked digits keeps more than 80 % at 0.1, the
# size it was trained with. It reads a few more of the unchanged digits wrong, and does not withstand larger changes.
#
# The digits themselves, with ε = 0.15, and what the plain network reads. Random signs change every pixel as much as PGD
# does, yet the network reads all of these nine right, and is wrong on all that PGD has changed.

# %%
figure, rows = plt.subplots(3, 1, figsize=(9, 5), layout="constrained")
shown, true = test_images[:9], test_labels[:9]
changed = {
    "test digits": shown,
    "random signs": noise(plain, shown, true, 0.15),
    "PGD": pgd(plain, shown, true, 0.15),
}
for axes, (name, x) in zip(rows, changed.items()):
    said = read(plain, x)
    how = {"columns": 9, "titles": [f"reads {digit}" for digit in said.tolist()], "marked": said != true}
    tw.plot.images(x.reshape((-1, 8, 8)), axes, **how, cmap="gray_r", title=name)
