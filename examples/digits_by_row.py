"""Read scikit-learn's digits as sequences: row by row, and one pixel at a time.

python examples/digits_by_row.py

Rows are read by plain, LSTM and GRU layers, single pixels also by a plain layer of ReLUs that starts as the identity
(Q. V. Le, N. Jaitly, G. E. Hinton, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units, 2015).
"""

import common

from tilewright import nn


class Reader(nn.Module):
    """A recurrent layer over the rows or pixels of images (N, 1, 8, 8), and a linear one on its last state."""

    def __init__(self, layer):
        self.layer = layer
        self.out = nn.Linear(layer.hidden_size, 10)

    def forward(self, images):
        steps = images.reshape((len(images), -1, self.layer.input_size))
        output, _ = self.layer(steps)
        return self.out(output[:, -1])


def identity_rnn(input_size, hidden_size):
    """A state is kept as it is until a number is added, and ReLU lets the gradient through: the IRNN."""
    layer = nn.RNN(input_size, hidden_size, nonlinearity="relu", batch_first=True)
    nn.init.eye_(layer.weight_hh_l0)
    nn.init.normal_(layer.weight_ih_l0, std=0.1)  # 0.001 in the paper, which trains for a million steps
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    return layer


def layers(input_size, hidden_size):
    """What reads, by name: each as a function that makes it."""
    return {
        "plain, tanh": lambda: nn.RNN(input_size, hidden_size, batch_first=True),
        "plain, ReLU, identity": lambda: identity_rnn(input_size, hidden_size),
        "LSTM": lambda: nn.LSTM(input_size, hidden_size, batch_first=True, forget_bias=1.0),
        "GRU": lambda: nn.GRU(input_size, hidden_size, batch_first=True),
    }


def train(make, data, epochs, title):
    """The curves of a reader; gradients are clipped, those of long sequences may explode."""
    network = Reader(make())
    clip = lambda: nn.utils.clip_grad_norm_(network.parameters(), 1.0)  # noqa: E731
    curves = common.train(network, data[0], epochs, after_backward=clip, test=data[1], title=title)
    print(f"{title:<38} parameters {sum(p.size for p in network.parameters()):>6,}, test accuracy {curves[-1][3]:.2%}")
    return curves


def plot(axes, curves, title):
    for name, of_layer in curves.items():
        accuracy = [100 * row[3] for row in of_layer]
        axes.plot(range(1, len(accuracy) + 1), accuracy, label=f"{name}: {accuracy[-1]:.1f} %")
    axes.set(title=title, xlabel="epoch", ylabel="% of test digits read right", ylim=(0, 101))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")


def main():
    parser = common.options(__doc__, "digits_by_row.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=30, help="passes through the data")
    parser.add_argument("--hidden", type=common.count, default=64, help="numbers in a state")
    args = common.read(parser)
    if args.quick:
        args.epochs, args.hidden = 2, 16
    data = common.pictures_of_digits()
    figure = common.make_figure(12, 5)
    readings = (("rows", 8, "8 rows of 8 pixels"), ("pixels", 1, "64 pixels, one at a time"))
    for axes, (steps, size, title) in zip(figure.subplots(1, 2), readings):
        curves = {
            name: train(make, data, args.epochs, f"{steps}: {name}") for name, make in layers(size, args.hidden).items()
        }
        plot(axes, curves, title)
    common.save(figure, args, "digits_by_row.png")


if __name__ == "__main__":
    main()
