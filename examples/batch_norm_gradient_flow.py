"""Train a deep network without and with batch norm: how large gradients are in each layer, and what is learned.

After S. Ioffe, C. Szegedy, Batch Normalization, ICML 2015.

python examples/batch_norm_gradient_flow.py
"""

import common

import tilewright as tw
from tilewright import nn

KINDS = ("PyTorch's initialisation", "He's initialisation", "batch norm")


def make_network(kind, depth, width):
    """A chain of convolutions on digits, halved in resolution after the middle."""
    layers, channels = [], 1
    for i in range(depth):
        convolution, norm, relu = common.convolution(channels, width, bias=kind != "batch norm")
        if kind == "PyTorch's initialisation":  # He's is what layers here start with
            bound = (9 * channels) ** -0.5
            for parameter in convolution.parameters():
                nn.init.uniform_(parameter, -bound, bound)
        layers += [convolution, norm, relu] if kind == "batch norm" else [convolution, relu]
        if i == depth // 2:
            layers.append(nn.MaxPool2d(2))
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def watch(network, norms):
    """A function that notes the norm of the gradient of each weight of a convolution."""
    weights = [layer.weight for layer in network if isinstance(layer, nn.Conv2d)]
    return lambda: norms.append([tw.sqrt((weight.grad**2).sum()).item() for weight in weights])


def plot(args, norms, curves):
    figure = common.make_figure(15, 8)
    above, below = figure.subfigures(2, 1)
    left, middle, right = above.subplots(1, 3)
    for kind, colour in zip(KINDS, ("C3", "C1", "C0")):
        layers = range(1, args.depth + 1)
        left.plot(layers, norms[kind][0], "o-", color=colour, label=kind, markersize=3)
        loss, _, _, accuracy = zip(*curves[kind])
        middle.plot(range(1, len(loss) + 1), loss, color=colour)
        right.plot(range(1, len(loss) + 1), accuracy, color=colour)
    left.set(xlabel="convolution", yscale="log", title="norm of the gradient, first step")
    left.legend()
    middle.set(xlabel="epoch", yscale="log", title="training cross-entropy")
    right.set(xlabel="epoch", title="test accuracy", ylim=(0, 1))
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
    below.suptitle("logarithm (base 10) of the gradient's norm, by layer and step")
    panels = below.subplots(1, 3, sharey=True)
    for axes, kind in zip(panels, KINDS):
        image = tw.log10(tw.asarray(norms[kind]).T + 1e-12).numpy()
        extent = (0.5, image.shape[1] + 0.5, 0.5, image.shape[0] + 0.5)
        drawn = axes.imshow(image, aspect="auto", origin="lower", vmin=-6, vmax=1, extent=extent)
        axes.set(title=kind, xlabel="step")
    panels[0].set_ylabel("convolution")
    below.colorbar(drawn, ax=panels)
    common.save(figure, args, "batch_norm_gradient_flow.png")


def main():
    parser = common.options(__doc__, "batch_norm_gradient_flow.png")
    common.add_quick(parser)
    parser.add_argument("--depth", type=common.count, default=16, help="convolutions")
    parser.add_argument("--width", type=common.count, default=16, help="channels of each")
    parser.add_argument("--epochs", type=common.count, default=10, help="passes through the data")
    args = common.read(parser)
    if args.quick:
        args.depth, args.epochs = 8, 1
    training, test = common.pictures_of_digits()
    norms, curves = {kind: [] for kind in KINDS}, {}
    for kind in KINDS:
        tw.random.seed(args.seed)
        network = make_network(kind, args.depth, args.width)
        note = watch(network, norms[kind])
        curves[kind] = common.train(network, training, args.epochs, after_backward=note, test=test, title=kind)
        first = norms[kind][0]
        print(
            f"{kind:25}: gradient's norm {first[0]:.1e} in the first layer, {first[-1]:.1e} in the last at the start; ",
            end="",
        )
        print(f"test accuracy {curves[kind][-1][3]:.1%}")
    plot(args, norms, curves)


if __name__ == "__main__":
    main()
