"""# Data augmentation

A digit that is moved by a pixel or turned a little is still the same digit. Changed copies of the training pictures
cost nothing, and a network that sees new ones in every step can hardly learn them by heart. Two kinds mix pictures, and
their labels with them: mixup (Zhang et al., 2018) takes a mean,

> x = k xᵢ + (1 - k) xⱼ, y = k yᵢ + (1 - k) yⱼ, with k from the distribution B(α, α),

and CutMix (Yun et al., 2019) puts a rectangle of xⱼ into xᵢ. Cutout (DeVries and Taylor, 2017) paints a square over.
"""

# %%
from matplotlib import pyplot as plt
from shared import digits, either

import tilewright as tw
from tilewright import nn
from tilewright.data import transforms

STEPS, BATCH, RUNS = either(400, 20), 50, either(3, 1)
images, labels, test_images, test_labels = digits()
images, test_images = images.reshape((-1, 1, 8, 8)), test_images.reshape((-1, 1, 8, 8))

# %% [markdown]
# A transform changes a whole batch at once, each image by random numbers of its own. `OnInputs` leaves the labels
# alone; `MixUp` and `CutMix` make probabilities of them.

# %%
on_inputs = transforms.OnInputs
AUGMENTATIONS = {
    "nothing": None,
    "shift": on_inputs(transforms.RandomShift(1)),
    "rotation": on_inputs(transforms.RandomRotation(15)),
    "affine": on_inputs(transforms.RandomAffine(12, translate=(0.1, 0.1), scale=(0.9, 1.1))),
    "cutout": on_inputs(transforms.RandomErasing(p=1, scale=(0.1, 0.1), ratio=(1, 1))),
    "mixup": transforms.MixUp(0.3, num_classes=10),
    "CutMix": transforms.CutMix(1.0, num_classes=10),
}
tw.random.seed(0)
figure, panels = plt.subplots(len(AUGMENTATIONS), 1, figsize=(9, 6), layout="constrained")
for axes, (name, change) in zip(panels, AUGMENTATIONS.items()):
    batch = images[:12], labels[:12]
    changed = change(batch)[0] if change else images[:12]
    axes.imshow(tw.concatenate(list(tw.pad(changed[:, 0], ((0, 0), (1, 1), (1, 1)))), axis=1), cmap="gray_r")
    axes.set_ylabel(name, rotation=0, ha="right", va="center")
    axes.set(xticks=[], yticks=[])

# %% [markdown]
# A small convolutional network learns 50 digits, or 400. The loader has the transform, so that every epoch sees other
# pictures. Each augmentation has the same number of steps, and the same draws of digits.


# %%
def test_error(change, count, seed):
    tw.random.seed(seed)
    chosen = tw.random.permutation(len(labels))[:count]
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 10),
    )
    optimizer = tw.optim.Adam(network.parameters(), lr=3e-3)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    trainer = tw.train.Trainer(
        network, nn.CrossEntropyLoss(), optimizer, schedule=schedule, schedule_per="step", progress=False
    )
    data = tw.data.TensorDataset(images[chosen], labels[chosen])
    batches = tw.data.DataLoader(data, min(BATCH, count), shuffle=True, transform=change)
    trainer.fit(batches, epochs=STEPS // len(batches))
    with tw.no_grad():
        return (network(test_images).argmax(axis=1) != test_labels).mean().item()


errors = {}
print("test error    50 labels  400 labels")
for name, change in AUGMENTATIONS.items():
    for count in (50, 400):
        errors[name, count] = [test_error(change, count, seed) for seed in range(RUNS)]
    print(f"{name:10}{sum(errors[name, 50]) / RUNS:12.1%}{sum(errors[name, 400]) / RUNS:12.1%}")

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for axes, count in zip(panels, (50, 400)):
    for name in AUGMENTATIONS:
        axes.plot(errors[name, count], [name] * RUNS, "o", alpha=0.7)
    axes.set(xlabel="test error", title=f"{count} labels: a point for each draw")
    axes.grid(alpha=0.3)
panels[0].invert_yaxis()

# %% [markdown]
# With 50 labels small turns, shifts and scales together, the affine changes, make all three errors smaller. With 400
# the digits themselves show how they vary, and only mixup is better than nothing, by little. To shift, to cut or to
# paint over a picture of 8 × 8 pixels may take away what tells two digits apart. What helps has to be found out.
