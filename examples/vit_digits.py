"""Train a Vision Transformer on scikit-learn's digits beside a convolutional network, and look where it looks.

A. Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021.

From seed 0 the class token ends at a test accuracy of 94.9 %, the mean of the patches at 95.8 %, the CNN at 99.1 %.

python examples/vit_digits.py
"""

import common

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

PATCH = 2  # pixels: 4 x 4 patches of an image of 8 x 8


def make_vit(pool):
    """Positions start as large as what the patches show: at the usual 0.02 it takes long until they count."""
    network = tw.models.VisionTransformer(
        8, PATCH, num_layers=2, num_heads=4, hidden_dim=48, mlp_dim=96, num_classes=10, in_channels=1, pool=pool
    )
    nn.init.normal_(network.encoder.pos_embedding, std=0.5)
    return network


NETWORKS = {
    "ViT, class token": lambda: make_vit("token"),
    "ViT, mean of patches": lambda: make_vit("mean"),
    "CNN": lambda: common.make_cnn(16),
}


def seen_by_class_token(network, images):
    """Weights of the class token for the patches in the last block, (N, heads, 4, 4); they sum to 1 in each map."""
    maps = network.attention_maps(images)[-1][:, :, 0, 1:]
    maps = maps / maps.sum(axis=-1, keepdims=True)
    return maps.reshape((len(images), maps.shape[1], 8 // PATCH, 8 // PATCH))


def show_attention(axes, image, weights, title):
    """A digit in ink, and over it the weights of its patches in red, the largest opaque."""
    common.show(axes, image, title, vmin=0, vmax=1)
    large = F.interpolate(weights[None, None], scale_factor=PATCH).numpy()[0, 0]
    axes.imshow(large, cmap="Reds", alpha=0.7 * large / large.max(), vmin=0, vmax=large.max())


def plot_curves(figure, curves):
    above, below = figure.subplots(2, 1, sharex=True)
    for name, of_network in curves.items():
        loss, _, _, accuracy = zip(*of_network)
        epochs = range(1, len(of_network) + 1)
        above.plot(epochs, loss, label=name)
        below.plot(epochs, [100 * (1 - part) for part in accuracy], label=f"{name}: {100 * (1 - accuracy[-1]):.1f} %")
    above.set(ylabel="cross-entropy in training", yscale="log")
    below.set(ylabel="% of test digits taken for another", xlabel="epoch", ylim=(0, 20))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    below.legend()


def plot_attention(figure, network, test):
    """One test digit of each class: the mean over the heads, and each head."""
    images, labels = test[:]
    chosen = [labels.tolist().index(digit) for digit in range(10)]
    maps = seen_by_class_token(network, images[chosen])
    figure.suptitle("where the class token looks in the last block: mean of the heads, and each of them")
    for column, (i, of_heads) in enumerate(zip(chosen, maps)):
        for row, weights in enumerate([of_heads.mean(axis=0), *of_heads]):
            axes = figure.axes[10 * row + column]
            show_attention(axes, images[i, 0], weights, labels[i].item() if row == 0 else "")
            if column == 0:
                axes.set_ylabel("mean" if row == 0 else f"head {row}")


def main():
    parser = common.options(__doc__, "vit_digits.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=40, help="passes through the data")
    args = common.read(parser)
    if args.quick:
        args.epochs = 2
    training, test = common.pictures_of_digits()
    augment = common.make_augmentation()
    print(make_vit("token").summary((64, 1, 8, 8)))
    curves, trained = {}, {}
    for name, make in NETWORKS.items():
        network = trained[name] = make()
        change = lambda images, labels: augment(images)  # noqa: E731
        curves[name] = common.train(network, training, args.epochs, change=change, test=test, title=name)
        count = sum(p.size for p in network.parameters())
        print(f"{name:<20}: {count:>6,} parameters, test accuracy {curves[name][-1][3]:.2%}")
    figure = common.make_figure(17, 7)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.9))
    plot_curves(left, curves)
    right.subplots(5, 10)
    plot_attention(right, trained["ViT, class token"], test)
    common.save(figure, args, "vit_digits.png")


if __name__ == "__main__":
    main()
