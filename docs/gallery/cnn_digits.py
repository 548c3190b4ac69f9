"""# A convolutional network on digits

LeNet (LeCun, Bottou, Bengio and Haffner, 1998) has convolutions and pooling in turns, then dense layers. The first find
small parts wherever they are, pooling makes their places less exact, and the dense layers judge what is where. This
page trains a small one on pictures of 8 × 8 pixels, against a multi-layer perceptron with as many parameters.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn

images, labels, test_images, test_labels = digits()
train = tw.data.TensorDataset(images, labels)
test = tw.data.TensorDataset(test_images, test_labels)


def cnn():
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)),
    )


def mlp():
    return tw.models.MLP([64, 48, 10])


print(cnn().summary((1, 64)))
print(f"the perceptron: {sum(p.size for p in mlp().parameters())} parameters")


# %% [markdown]
# Both learn by Adam for as many epochs, from five seeds each, with the same rate. They see the digits where they stand.
# The test is on the test digits as they are, and on the same moved by one pixel in each of the four directions.


# %%
def learn(network):
    optimizer = tw.optim.Adam(network.parameters(), lr=3e-3)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    options = {"metrics": [tw.train.accuracy], "schedule": schedule, "progress": False}
    trainer = tw.train.Trainer(network, nn.CrossEntropyLoss(), optimizer, **options)
    loader = tw.data.DataLoader(train, batch_size=32, shuffle=True)
    return trainer.fit(loader, tw.data.DataLoader(test, batch_size=len(test)), epochs)["validation_accuracy"]


def answers(name, images):
    """What each network of that name says: (seeds, images)."""
    with tw.no_grad():
        return tw.stack([network(images).argmax(axis=1) for network in networks[name]])


epochs, seeds = either(30, 2), either(5, 2)
pictures = test_images.reshape(-1, 8, 8)
framed = tw.pad(pictures, ((0, 0), (1, 1), (1, 1)))
moved = [framed[:, y : y + 8, x : x + 8].reshape(-1, 64) for y, x in ((0, 1), (2, 1), (1, 0), (1, 2))]
networks, curves = {}, {}
for name, make in {"CNN": cnn, "MLP": mlp}.items():
    networks[name], curves[name] = [], []
    for seed in range(seeds):
        tw.random.seed(seed)
        networks[name].append(make())
        curves[name].append(learn(networks[name][-1]))
    mistakes = (answers(name, test_images) != test_labels).sum(axis=1).tolist()
    far = sum((answers(name, x) != test_labels).mean().item() for x in moved) / len(moved)
    print(f"{name}: {mistakes} of {len(test)} wrong, {sum(mistakes) / seeds / len(test):.1%}; where moved {far:.1%}")

# %% [markdown]
# On digits as they stand the two are equal within the spread of the seeds. Every digit fills the height of its picture,
# so that a perceptron can learn a weight for each place. Where the digits move, both suffer, the CNN less: its filters
# find the same parts one pixel further on, but its dense layers expect them where they were in training.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
tw.plot.curves({name: 100 - 100 * tw.asarray(of) for name, of in curves.items()}, left)
left.set(ylim=(0, 10), ylabel="% of test digits wrong", title="mean and standard deviation of the seeds")
said = answers("CNN", test_images)
repeated = tw.concatenate([test_labels] * seeds)
tw.plot.confusion_matrix(repeated, said.reshape(-1), ax=right, title=f"all {seeds} CNNs")

# %% [markdown]
# Below are the digits that CNNs get wrong most often: the label, and what each of the five says. All five
# take the first for a 5.

# %%
hard = tw.argsort((said != test_labels).sum(axis=0), descending=True)[:12]
pairs = zip(test_labels[hard].tolist(), said[:, hard].T.tolist())
titles = [f"{label}: {' '.join(map(str, guesses))}" for label, guesses in pairs]
figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
tw.plot.images(pictures[hard], axes, columns=6, cmap="gray_r", titles=titles)
