"""# What a convolutional network sees

Four ways to look into a trained network:

- its filters, and the maps that they make of an image;
- occlusion: how far the score s of the class falls where a patch of the image is covered (Zeiler and Fergus, 2014);
- saliency: |∂s/∂x|, how much the score moves with each pixel (Simonyan, Vedaldi and Zisserman, 2014);
- activation maximisation: an image that the score grows large for, by gradient ascent from noise (Erhan and others,
  2009) on s(x) - λ Σ (differences of neighbours)² - μ Σ x², which has prices on roughness and on ink.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn

tw.random.seed(0)
images, labels, test_images, test_labels = digits()
images, test_images = images.reshape(-1, 1, 8, 8), test_images.reshape(-1, 1, 8, 8)
network = nn.Sequential(
    *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)),
)
optimizer = tw.optim.Adam(network.parameters(), lr=3e-3)
trainer = tw.train.Trainer(network, nn.CrossEntropyLoss(), optimizer, progress=False)
trainer.fit(tw.data.DataLoader(tw.data.TensorDataset(images, labels), 32, shuffle=True), epochs=either(30, 3))
network.requires_grad_(False)
print(f"test accuracy {(network(test_images).argmax(axis=1) == test_labels).mean().item():.1%}")

# %% [markdown]
# The first layer has eight filters of 3 × 3. Below are the filters, blue where a weight is positive and red where it is
# negative, and the maps that they make of a digit, after ReLU.

# %%
digit = test_images[test_labels == 3][:1]
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3), layout="constrained", width_ratios=(1, 2, 2))
tw.plot.images(digit, left, cmap="gray_r", title="a digit")
tw.plot.filters(network[0].weight, middle, columns=3, title="filters of the first layer")
tw.plot.images(network[:2](digit)[0], right, columns=3, cmap="gray_r", title="what they make of it")

# %% [markdown]
# The third filter is positive at most of its places, and its map is a thick digit. The others have weights of both
# signs and answer to parts of the digit.
#
# Saliency takes one backward pass for all pixels. Occlusion takes a forward pass for each place: here a patch of 3 × 3
# is made white, as paper. To see which of the two maps tells more, the pixels that a map is largest at are made white
# in all test digits. A good map finds those that the network cannot do without.


# %%
def score(images, classes):
    """Of each image the score of its class, before softmax."""
    return tw.take_along_axis(network(images), classes[:, None], axis=1)[:, 0]


def saliency(images, classes):
    return abs(tw.grad(lambda x: score(x, classes).sum())(images))[:, 0]


def occlusion(images, classes):
    falls = tw.zeros((len(images), 8, 8))
    for row in range(8):
        for column in range(8):
            covered = images.copy()
            covered[..., max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = 0
            falls[:, row, column] = score(images, classes) - score(covered, classes)
    return falls


guess = network(test_images).argmax(axis=1)
maps = {"saliency": saliency(test_images, guess), "occlusion": occlusion(test_images, guess)}
first = [test_labels.tolist().index(digit) for digit in range(10)]
figure, axes = plt.subplots(3, 1, figsize=(9, 4), layout="constrained")
tw.plot.images(test_images[first], axes[0], columns=10, cmap="gray_r", title="digits")
relative = maps["saliency"] / maps["saliency"].max(axis=(1, 2), keepdims=True)
tw.plot.images(relative[first], axes[1], columns=10, cmap="magma", title="saliency: bright where the score moves most")
tw.plot.filters(
    maps["occlusion"][first], axes[2], columns=10, title="occlusion: blue where it falls, red where it rises"
)
for name, map in {"at random": tw.random.uniform(size=(len(test_images), 8, 8)), **maps}.items():
    rank = tw.argsort(tw.argsort(map.reshape(-1, 64), axis=1, descending=True), axis=1).reshape(test_images.shape)
    cut = [network(tw.where(rank < pixels, 0, test_images)).argmax(axis=1) == test_labels for pixels in (4, 8, 16)]
    print(f"{name:9}: accuracy with 4, 8, 16 pixels white:", *(f"{right.mean().item():6.1%}" for right in cut))

# %% [markdown]
# Both maps find pixels that matter, and occlusion finds them better: it measures what a change of that size does, while
# the gradient holds for small changes only. Its maps follow the strokes. In some places the score rises without the
# ink, as below the loop of the 9.
#
# Last, the network draws its classes. Each image starts at faint noise and climbs.

# %%
ten = tw.arange(10)


def maximised(rough, ink):
    """From noise, images in [0, 1] for the ten classes."""

    def objective(x):
        differences = (tw.diff(x, axis=2) ** 2).sum() + (tw.diff(x, axis=3) ** 2).sum()
        return score(x, ten).sum() - rough * differences - ink * (x**2).sum()

    slope, x = tw.grad(objective), tw.random.uniform(0, 0.2, (10, 1, 8, 8))
    for _ in range(either(300, 20)):
        x = tw.clip(x + 0.01 * slope(x), 0, 1)
    return x


best = [score(images[labels == digit], labels[labels == digit]).max().item() for digit in range(10)]
print("scores: training digits at most ", *(f"{value:3.0f}" for value in best))
figure, axes = plt.subplots(3, 1, figsize=(9, 4), layout="constrained")
for place, (rough, ink) in zip(axes, ((0, 0), (1, 0), (0.5, 0.5))):
    x = maximised(rough, ink)
    print(f"        roughness {rough:3}, ink {ink:3}  ", *(f"{value:3.0f}" for value in score(x, ten).tolist()))
    tw.plot.images(x, place, columns=10, cmap="gray_r", title=f"price on roughness {rough}, on ink {ink}")

# %% [markdown]
# Without a price the scores come out above those of all training digits, and the images are rough: a high score does
# not make a digit. With a price on roughness the strokes join. With less of it and a price on ink the background is
# white too, and 0, 3, 5 and 7 can be read. The network itself does not ask for it: the scores are lower.
