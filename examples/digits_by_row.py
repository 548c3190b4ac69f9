"""Read scikit-learn's digits as sequences: row by row, and one pixel at a time.

python examples/digits_by_row.py

Rows are read by plain, LSTM and GRU layers. Images of 16 x 16 pixels, 256 steps, are read by plain layers: one of tanh,
and one of ReLUs whose weights start as the identity (IRNN), through which gradients neither vanish nor explode.
"""

import common

import tilewright as tw
from tilewright import nn

HIDDEN = 64  # numbers in a state


class Reader(nn.Module):
    """A recurrent layer over the rows or pixels of images (N, 1, H, W), and a linear one on its last state."""

    def __init__(self, layer):
        self.layer = layer
        self.out = nn.Linear(layer.hidden_size, 10)

    def forward(self, images):
        steps = images.reshape((len(images), -1, self.layer.input_size))
        output, _ = self.layer(steps)
        return self.out(output[:, -1])


def identity_rnn(input_size):
    """With inputs of standard deviation 1, not 0.001 as in the paper, which trains for a million steps."""
    return common.identity_rnn(input_size, HIDDEN, 1.0, batch_first=True)


def tanh_rnn(input_size):
    return nn.RNN(input_size, HIDDEN, batch_first=True)


def lstm(input_size):
    return nn.LSTM(input_size, HIDDEN, batch_first=True, forget_bias=1.0)


def gru(input_size):
    return nn.GRU(input_size, HIDDEN, batch_first=True)


ROW_READERS = {"plain, tanh": tanh_rnn, "LSTM": lstm, "GRU": gru}
PIXEL_READERS = {"plain, tanh": tanh_rnn, "plain, ReLU, identity": identity_rnn}
COLOURS = {name: f"C{i}" for i, name in enumerate(ROW_READERS | PIXEL_READERS)}


def train(network, data, epochs, lr, title):
    """Curves of a reader. Gradients are clipped: those of long sequences may explode."""
    clip = lambda: nn.utils.clip_grad_norm_(network.parameters(), 1.0)  # noqa: E731
    curves = common.train(network, data[0], epochs, lr, after_backward=clip, test=data[1], title=title)
    count = sum(p.size for p in network.parameters())
    print(f"{title:<30} parameters {count:>6,}, test accuracy {curves[-1][3]:.2%}")
    return curves


def enlarged(dataset):
    """Images of twice the height and width, as a finer scan would give them."""
    images, labels = dataset[:]
    return tw.data.TensorDataset(nn.functional.interpolate(images, scale_factor=2), labels)


def plot(axes, curves, title):
    for name, of_network in curves.items():
        accuracy = [100 * row[3] for row in of_network]
        axes.plot(range(1, len(accuracy) + 1), accuracy, color=COLOURS[name], label=f"{name}: {accuracy[-1]:.1f} %")
    axes.set(title=title, xlabel="epoch", ylabel="% of test digits read right", ylim=(0, 101))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")


def main():
    parser = common.options(__doc__, "digits_by_row.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=30, help="passes through the data")
    args = common.read(parser)
    if args.quick:
        args.epochs = 2
    data = common.pictures_of_digits()
    left, right = (figure := common.make_figure(12, 5)).subplots(1, 2)
    curves = {
        name: train(Reader(make(8)), data, args.epochs, 3e-3, f"rows: {name}") for name, make in ROW_READERS.items()
    }
    plot(left, curves, "8 rows of 8 pixels")
    fine = [enlarged(part) for part in data]
    curves = {
        name: train(Reader(make(1)), fine, args.epochs, 1e-3, f"pixels: {name}") for name, make in PIXEL_READERS.items()
    }
    plot(right, curves, "256 pixels, one at a time")
    common.save(figure, args, "digits_by_row.png")


if __name__ == "__main__":
    main()
