"""Train a small network on scikit-learn's 1,797 handwritten digits; save its weights and a picture of the results.

python -m pip install ".[examples]" && python examples/digits.py
"""

import os

from common import count, evaluate, options, read, show
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


def arguments():
    parser = options(__doc__, "digits.safetensors and digits.png")
    parser.add_argument("--epochs", type=count, default=100, help="passes through the data, at most")
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--hidden", type=count, nargs="+", default=[64, 32], help="sizes of the hidden layers")
    args = read(parser)
    if not 0 < args.lr < float("inf"):
        parser.error(f"argument --lr: {args.lr} is not a positive number")
    return args


def load_data():
    """Train, validation and test set, the same every time, in units of the training pixels' standard deviation."""
    digits = load_digits()
    everything = tw.data.TensorDataset(tw.asarray(digits.data, dtype=tw.float32), digits.target)
    parts = [part[:] for part in tw.data.random_split(everything, [0.7, 0.15, 0.15], tw.random.Generator(0))]
    mean, std = parts[0][0].mean(), parts[0][0].std()
    return [tw.data.TensorDataset((images - mean) / std, labels) for images, labels in parts]


def make_network(hidden):
    sizes = [64, *hidden]
    layers = [layer for i, o in zip(sizes, hidden) for layer in (nn.Linear(i, o), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 10))


def train(network, training, validation, epochs, lr, patience=10):
    """Train until the validation loss has not fallen for some epochs, then go back to the best weights."""
    optimizer = tw.optim.Adam(network.parameters(), lr=lr)
    batches = tw.data.DataLoader(training, batch_size=32, shuffle=True)
    curves, best_epoch, weights = [], 0, {}
    with tqdm(total=epochs * len(batches), unit="batch") as bar:
        for epoch in range(epochs):
            for images, labels in batches:
                optimizer.zero_grad()
                F.cross_entropy(network(images), labels).backward()
                optimizer.step()
                bar.update()
            (loss, accuracy, _), (val_loss, val_accuracy, _) = (evaluate(network, d) for d in (training, validation))
            curves.append((loss, val_loss, accuracy, val_accuracy))
            line = f"epoch {epoch + 1:3}: training loss {loss:.4f}, accuracy {accuracy:.1%}; "
            bar.write(line + f"validation loss {val_loss:.4f}, accuracy {val_accuracy:.1%}")
            if epoch == 0 or val_loss < curves[best_epoch][1]:
                best_epoch, weights = epoch, {name: value.copy() for name, value in network.state_dict().items()}
            elif epoch - best_epoch >= patience:
                break
    network.load_state_dict(weights)
    print(f"kept the weights of epoch {best_epoch + 1}, whose validation loss is the lowest")
    return curves, best_epoch


def plot(path, curves, best_epoch, images, labels, predicted):
    """Learning curves, and test digits with what the network took them for, its mistakes first."""
    figure = Figure(figsize=(13, 6.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.3))
    epochs = range(1, len(curves) + 1)
    loss, val_loss, accuracy, val_accuracy = zip(*curves)
    above, below = left.subplots(2, 1, sharex=True)
    for axes, ours, theirs in ((above, loss, val_loss), (below, accuracy, val_accuracy)):
        axes.plot(epochs, ours, label="training")
        axes.plot(epochs, theirs, label="validation")
        axes.axvline(best_epoch + 1, color="grey", linestyle=":", label="weights kept")
        axes.grid(alpha=0.3)
    above.set(ylabel="cross-entropy", yscale="log")
    below.set(ylabel="accuracy", xlabel="epoch")
    below.legend(loc="lower right")
    wrong = [i for i, label in enumerate(labels) if predicted[i] != label]
    shown = wrong + [i for i in range(len(labels)) if i not in wrong]
    right.suptitle(f"{len(labels)} test digits, {len(wrong)} of them taken for another")
    for axes, i in zip(right.subplots(5, 8).flat, shown):
        colour = "crimson" if i in wrong else "black"
        title = f"{predicted[i]}, not {labels[i]}" if i in wrong else predicted[i]
        show(axes, images[i].reshape(8, 8), title, colour=colour)
    figure.savefig(path, dpi=120)


def main():
    args = arguments()
    training, validation, test = load_data()
    network = make_network(args.hidden)
    print(network.summary((32, 64)))
    curves, best_epoch = train(network, training, validation, args.epochs, args.lr)

    _, accuracy, predicted = evaluate(network, test)
    images, labels = test[:]
    truth, guess = ((digits.reshape(-1, 1) == tw.arange(10)).astype(tw.int64) for digits in (labels, predicted))
    print(f"\ntest accuracy {accuracy:.2%}; rows are digits, columns what they were taken for")
    for digit, row in zip(" 0123456789", [range(10), *(truth.T @ guess).tolist()]):
        print(digit, *(f"{number:4}" for number in row))
    weights, picture = (os.path.join(args.out, name) for name in ("digits.safetensors", "digits.png"))
    tw.io.save(weights, network)
    plot(picture, curves, best_epoch, images, labels.tolist(), predicted.tolist())
    print(f"\nwrote {weights} and {picture}")


if __name__ == "__main__":
    main()
