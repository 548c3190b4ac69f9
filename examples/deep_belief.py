"""A deep belief network, pre-trained without labels, against the same network from random weights, with 100 labels.

G. Hinton, S. Osindero, Y.-W. Teh, A Fast Learning Algorithm for Deep Belief Nets, Neural Computation 18, 2006.

python examples/deep_belief.py
"""

import math

import common
from tqdm import tqdm

import tilewright as tw
from tilewright import models
from tilewright.nn import functional as F

STARTS = ("pre-trained", "random weights", "random, ReLU")
T_95 = {2: 12.71, 20: 2.093}  # quantiles of Student's t with one degree of freedom less, 97.5 %


def vectors():
    """Training and test set of 64 numbers in [0, 1] and labels."""
    return [(images.reshape((-1, 64)), labels) for images, labels in (part[:] for part in common.pictures_of_digits())]


def chosen(labels, each, generator):
    """Indices of so many samples of each class."""
    order = generator.permutation(len(labels))
    return tw.concatenate([order[labels[order] == digit][:each] for digit in range(10)])


def fine_tune(network, x, y, test, epochs, generator):
    """Adam on all weights; the accuracy on the test set after each epoch."""
    optimizer = tw.optim.Adam(network.parameters(), lr=2e-3)
    batches = tw.data.DataLoader(tw.data.TensorDataset(x, y), batch_size=20, shuffle=True, generator=generator)
    accuracies = []
    for _ in range(epochs):
        for inputs, labels in batches:
            optimizer.zero_grad()
            F.cross_entropy(network(inputs), labels).backward()
            optimizer.step()
        with tw.no_grad():
            accuracies.append((network(test[0]).argmax(axis=1) == test[1]).mean().item())
    return accuracies


def compare(seed, args, training, test):
    """Accuracies by epoch from each start, with the same labels in the same order; and the stack."""
    x, y = training
    some = chosen(y, args.labels // 10, tw.random.Generator(seed))
    dbn = models.DeepBeliefNetwork([64, *args.hidden], generator=tw.random.Generator(seed))
    dbn.pretrain(x, epochs=args.pretraining, lr=0.05, momentum=0.9)
    sizes = [64, *args.hidden, 10]
    networks = (
        dbn.to_classifier(10, generator=tw.random.Generator(seed)),
        models.MLP(sizes, "sigmoid", generator=tw.random.Generator(seed)),
        models.MLP(sizes, "relu", generator=tw.random.Generator(seed)),
    )
    starts = [tw.random.Generator(seed + 1) for _ in networks]
    return [fine_tune(n, x[some], y[some], test, args.epochs, order) for n, order in zip(networks, starts)], dbn


def interval(values):
    """Mean, and half of its interval of 95 %."""
    values = tw.asarray(values, dtype="float64")
    return values.mean().item(), T_95[len(values)] * values.std(correction=1).item() / math.sqrt(len(values))


def plot(args, curves, dbn, last):
    figure = common.make_figure(14, 7)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.15))
    above, below = left.subplots(2, 1)
    epochs = tw.arange(1, args.epochs + 1).tolist()
    for name, colour in zip(STARTS, ("tab:blue", "tab:orange", "tab:grey")):
        one = tw.asarray(curves[name])
        mean, low, high = one.mean(0).tolist(), one.min(0).tolist(), one.max(0).tolist()
        above.plot(epochs, mean, color=colour, label=name)
        above.fill_between(epochs, low, high, color=colour, alpha=0.2, linewidth=0)
    above.set(
        xlabel="epoch of fine-tuning", ylabel="test accuracy", ylim=(0.5, 1), title="mean and range over the seeds"
    )
    above.grid(alpha=0.3)
    above.legend(loc="lower right")
    for a, b in zip(last["random weights"], last["pre-trained"]):
        colour = "tab:green" if b > a else "crimson" if b < a else "grey"
        below.plot([0, 1], [a, b], "o-", color=colour, markersize=4, alpha=0.6)
    title = "each pair of seeds; green: better by it, red: worse"
    below.set(xticks=[0, 1], xlim=(-0.3, 1.3), ylabel="test accuracy", title=title)
    below.set_xticklabels(["random weights", "pre-trained"])
    below.grid(alpha=0.3, axis="y")
    filters, drawn = right.subfigures(2, 1)
    filters.suptitle("weights of 32 units of the first layer, after pre-training")
    for axes, kernel in zip(filters.subplots(4, 8).flat, dbn.rbms[0].weight.detach().reshape((-1, 8, 8))):
        limit = abs(kernel).max().item()
        common.show(axes, kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
    drawn.suptitle("what the network draws: 1,000 steps in the two layers at the top, then down")
    for axes, image in zip(drawn.subplots(4, 8).flat, dbn.sample(32, 1000).reshape((-1, 8, 8))):
        common.show(axes, image, vmin=0, vmax=1)
    common.save(figure, args, "deep_belief.png")


def main():
    parser = common.options(__doc__, "deep_belief.png")
    common.add_quick(parser)
    parser.add_argument("--hidden", type=common.count, nargs="+", default=[128, 128], help="units of the hidden layers")
    parser.add_argument("--labels", type=common.count, default=100, help="training digits with labels")
    parser.add_argument("--pretraining", type=common.count, default=60, help="passes through the data without labels")
    parser.add_argument("--epochs", type=common.count, default=100, help="passes through the digits with labels")
    args = common.read(parser)
    if args.labels % 10:
        parser.error(f"argument --labels: {args.labels} is not a multiple of 10")
    seeds = 20
    if args.quick:
        args.pretraining, args.epochs, seeds = 5, 20, 2
    training, test = vectors()
    curves = {name: [] for name in STARTS}
    for seed in tqdm(range(args.seed, args.seed + seeds), unit="pair", leave=False):
        compared, dbn = compare(seed, args, training, test)
        for name, one in zip(STARTS, compared):
            curves[name].append(one)
    last = {name: [one[-1] for one in of] for name, of in curves.items()}
    for name, accuracies in last.items():
        mean, half = interval(accuracies)
        print(f"{name:14}: test accuracy {mean:.1%} ± {half:.1%} with {args.labels} labels, {seeds} seeds")
    gains = [a - b for a, b in zip(last["pre-trained"], last["random weights"])]
    mean, half = interval(gains)
    wins = sum(gain > 0 for gain in gains)
    print(f"pre-training gains {100 * mean:+.1f} ± {100 * half:.1f} points; it is better in {wins} of {seeds} pairs")
    plot(args, curves, dbn, last)


if __name__ == "__main__":
    main()
