"""Deceive networks with changes of pixels that follow the gradient, and train networks against that.

FGSM: I. Goodfellow, J. Shlens, C. Szegedy, Explaining and Harnessing Adversarial Examples, ICLR 2015.
PGD: A. Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018.

python examples/adversarial.py
"""

import functools

import common

import tilewright as tw
from tilewright.nn.utils import fgsm, pgd


def accuracies(network, test, attack, epsilons):
    images, labels = test[:]
    sets = [tw.data.TensorDataset(attack(network, images, labels, epsilon), labels) for epsilon in epsilons]
    return [common.evaluate(network, one)[1] for one in sets]


def plot(args, networks, test, table, epsilons):
    figure = common.make_figure(14, 9)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    for axes, attack in zip(above.subplots(1, 2, sharey=True), ("FGSM", "PGD")):
        for name in networks:
            axes.plot(epsilons, table[name, attack], "o-", label=f"trained on {name}", markersize=4)
        axes.axvline(args.epsilon, color="grey", linestyle=":", label="epsilon of training")
        axes.set(title=f"attack: {attack}", xlabel="epsilon", ylim=(0, 1.02))
        axes.grid(alpha=0.3)
        axes.set_ylabel("test accuracy")
        axes.legend()
    images, labels = (part[:10] for part in test[:])
    below.suptitle(
        f"test digits, and what PGD with epsilon {args.epsilon} makes of them; what each network reads there"
    )
    grid = below.subplots(1 + len(networks), 10)
    for i in range(10):
        common.show(grid[0, i], images[i, 0], str(labels[i].item()), vmin=0, vmax=1)
    for row, (name, network) in zip(grid[1:], networks.items()):
        changed = pgd(network, images, labels, args.epsilon)
        with tw.no_grad():
            predicted = network(changed).argmax(axis=1)
        for i, axes in enumerate(row):
            colour = "black" if predicted[i] == labels[i] else "crimson"
            common.show(axes, changed[i, 0], str(predicted[i].item()), colour=colour, vmin=0, vmax=1)
        row[0].set_ylabel(name, fontsize=8)
    grid[0, 0].set_ylabel("as it is", fontsize=8)
    common.save(figure, args, "adversarial.png")


def main():
    parser = common.options(__doc__, "adversarial.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=20, help="passes through the data")
    parser.add_argument("--epsilon", type=float, default=0.1, help="largest change of a pixel in training, of 1")
    args = common.read(parser)
    if not 0 < args.epsilon < 1:
        parser.error(f"argument --epsilon: {args.epsilon} is not between 0 and 1")
    epsilons = [0.05 * i for i in range(7)]
    if args.quick:
        args.epochs, epsilons = 2, [0.0, 0.1]
    training, test = common.pictures_of_digits()
    attacks = {
        "plain digits": None,
        "FGSM": lambda network, images, labels: fgsm(network, images, labels, args.epsilon),
        "PGD": lambda network, images, labels: pgd(network, images, labels, args.epsilon, steps=5),
    }
    networks, table = {}, {}
    print(f"{'epsilon':34}", *(f"{epsilon:6.2f}" for epsilon in epsilons))
    for name, attack in attacks.items():
        tw.random.seed(args.seed)
        networks[name] = network = common.make_cnn(16)
        change = attack and functools.partial(attack, network)
        common.train(network, training, args.epochs, change=change, title=f"on {name}")
        network.requires_grad_(False)
        for other, method in (("FGSM", fgsm), ("PGD", pgd)):
            table[name, other] = accuracies(network, test, method, epsilons)
            row = (f"{accuracy:6.1%}" for accuracy in table[name, other])
            print(f"{f'trained on {name}':29} {other:4}", *row)
    plot(args, networks, test, table, epsilons)


if __name__ == "__main__":
    main()
