"""Train plain and residual networks of growing depth on digits: the plain ones stop learning, the residual ones do not.

After K. He, X. Zhang, S. Ren, J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016.

python examples/plain_vs_residual.py
"""

import common

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


class Block(nn.Module):
    """Two convolutions, and with `residual` a shortcut around them, which has no parameters."""

    def __init__(self, inputs, outputs, stride, residual):
        first = common.convolution(inputs, outputs, stride=stride)
        self.layers = nn.Sequential(*first, *common.convolution(outputs, outputs)[:2])
        self.stride, self.added, self.residual = stride, outputs - inputs, residual

    def forward(self, x):
        y = self.layers(x)
        if self.residual:  # where it gets smaller, every other pixel, and zeros as further channels
            y = y + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(y)


def make_network(depth, residual, width):
    """So many layers with weights: three groups of blocks, each of half the resolution and twice the channels."""
    layers, channels = [*common.convolution(1, width)], width
    for group in range(3):
        for block in range((depth - 2) // 6):
            outputs, stride = width << group, 2 if group and not block else 1
            layers.append(Block(channels, outputs, stride, residual))
            channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def plot(args, curves):
    figure = common.make_figure(13, 5)
    panels = figure.subplots(1, 2, sharey=True)
    colours = {depth: f"C{i}" for i, depth in enumerate(args.depths)}
    for axes, kind in zip(panels, ("plain", "residual")):
        for depth in args.depths:
            loss, _, _, accuracy = zip(*curves[kind, depth])
            label = f"{depth} layers, test accuracy {accuracy[-1]:.1%}"
            axes.plot(range(1, len(loss) + 1), loss, color=colours[depth], label=label)
        axes.set(title=kind, xlabel="epoch", yscale="log")
        axes.legend(loc="lower left")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("training cross-entropy")
    common.save(figure, args, "plain_vs_residual.png")


def number_of_layers(text):
    if int(text) < 8 or int(text) % 6 != 2:
        raise ValueError
    return int(text)


def main():
    parser = common.options(__doc__, "plain_vs_residual.png")
    common.add_quick(parser)
    parser.add_argument(
        "--depths", type=number_of_layers, nargs="+", default=[8, 20, 32, 56], help="6 n + 2 layers each"
    )
    parser.add_argument("--epochs", type=common.count, default=15, help="passes through the data")
    parser.add_argument("--width", type=common.count, default=8, help="channels of the first group")
    args = common.read(parser)
    if args.quick:
        args.depths, args.epochs = [8, 14], 1
    training, test = common.pictures_of_digits()
    curves = {}
    for depth in args.depths:
        for kind in ("plain", "residual"):
            tw.random.seed(args.seed)
            network = make_network(depth, kind == "residual", args.width)
            name = f"{kind}, {depth} layers"
            curves[kind, depth] = common.train(network, training, args.epochs, test=test, title=name)
            loss, accuracy, _, tested = curves[kind, depth][-1]
            print(f"{name:20}: training loss {loss:.4f}, accuracy {accuracy:.1%}; test accuracy {tested:.1%}")
    plot(args, curves)


if __name__ == "__main__":
    main()
