"""Train a convolutional network on scikit-learn's digits from several seeds, with augmented images.

python examples/cnn_digits.py
"""

import os
import statistics

import common

import tilewright as tw


def plot_curves(figure, curves):
    """Loss and error of each seed."""
    above, below = figure.subplots(2, 1, sharex=True)
    worst = max(1 - of_seed[len(of_seed) // 4][3] for of_seed in curves.values())  # later ones are seen in detail
    for seed, of_seed in curves.items():
        loss, _, _, accuracy = zip(*of_seed)
        epochs = range(1, len(of_seed) + 1)
        above.plot(epochs, loss, label=f"seed {seed}")
        below.plot(epochs, [100 * (1 - part) for part in accuracy])
    above.set(ylabel="cross-entropy in training", yscale="log")
    below.set(ylabel="% of test digits taken for another", xlabel="epoch", ylim=(0, 200 * worst + 1))
    above.legend()
    for axes in (above, below):
        axes.grid(alpha=0.3)


def plot_digits(figure, training, test, predicted, augment):
    """Digits as they are augmented, and those that some network mistakes."""
    original = training[:7][0]
    labels = test[:][1].tolist()
    wrong = [i for i, label in enumerate(labels) if any(guess[i] != label for guess in predicted)]
    rows = 2 + max(1, -(-min(len(wrong), 21) // 7))
    grid = figure.subplots(rows, 7)
    for i in range(7):
        common.show(grid[0, i], original[i, 0], "as it is" if i == 0 else "", vmin=0, vmax=1)
        common.show(grid[1, i], augment(original)[i, 0], "augmented" if i == 0 else "", vmin=0, vmax=1)
    figure.suptitle(f"{len(labels)} test digits, {len(wrong)} of them taken for another by some network")
    for axes in grid[2:].flat:
        axes.axis("off")
    for axes, i in zip(grid[2:].flat, wrong):
        axes.axis("on")
        guesses = [guess[i] for guess in predicted if guess[i] != labels[i]]
        often = f" ({len(guesses)} of {len(predicted)})" if len(predicted) > 1 else ""
        title = f"{statistics.mode(guesses)}, not {labels[i]}{often}"
        common.show(axes, test[i][0][0], title, colour="crimson", vmin=0, vmax=1)


def main():
    parser = common.options(__doc__, "cnn_digits.safetensors and cnn_digits.png")
    common.add_quick(parser)
    parser.add_argument("--seeds", type=common.count, default=5, help="how many networks are trained")
    parser.add_argument("--epochs", type=common.count, default=40, help="passes through the data")
    args = common.read(parser)
    if args.quick:
        args.seeds, args.epochs = 2, 2
    training, test = common.pictures_of_digits()
    augment = common.make_augmentation()
    print(common.make_cnn().summary((64, 1, 8, 8)))
    curves, predicted, accuracies = {}, [], []
    for seed in range(args.seed, args.seed + args.seeds):
        tw.random.seed(seed)
        network = common.make_cnn()
        change = lambda images, labels: augment(images)  # noqa: E731
        curves[seed] = common.train(network, training, args.epochs, change=change, test=test, title=f"seed {seed}")
        _, accuracy, guess = common.evaluate(network, test)
        print(f"seed {seed}: test accuracy {accuracy:.2%}")
        accuracies.append(accuracy)
        predicted.append(guess.tolist())
    spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0
    print(f"test accuracy {statistics.mean(accuracies):.2%}, standard deviation {spread:.2%}, of {args.seeds} seeds")
    weights = os.path.join(args.out, "cnn_digits.safetensors")
    tw.io.save(weights, network)
    print(f"wrote {weights}")
    figure = common.make_figure(14, 6.5)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.4))
    plot_curves(left, curves)
    plot_digits(right, training, test, predicted, augment)
    common.save(figure, args, "cnn_digits.png")


if __name__ == "__main__":
    main()
