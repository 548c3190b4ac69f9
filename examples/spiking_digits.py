"""Digits read by neurons that fire: rates of spikes, leaky integrate-and-fire units, surrogate gradients.

E. Neftci, H. Mostafa, F. Zenke, Surrogate Gradient Learning in Spiking Neural Networks, 2019.

python examples/spiking_digits.py
"""

import common
from tqdm import tqdm

import tilewright as tw
from tilewright import models, nn
from tilewright.nn import functional as F

SURROGATES = {"fast_sigmoid": "fast sigmoid", "arctan": "arctan", "straight_through": "straight-through"}


def train(network, training, test, epochs, title):
    """Adam; the test accuracy after each epoch."""
    optimizer = tw.optim.Adam(network.parameters(), lr=5e-3)
    batches = tw.data.DataLoader(training, batch_size=64, shuffle=True)
    accuracies = []
    with tqdm(total=epochs * len(batches), unit="batch", desc=title, leave=False) as bar:
        for _ in range(epochs):
            for images, labels in batches:
                optimizer.zero_grad()
                F.cross_entropy(network(images), labels).backward()
                optimizer.step()
                bar.update()
            accuracies.append(accuracy(network, test))
    return accuracies


def accuracy(network, test, steps=None):
    """On the test set, shown for so many steps."""
    images, labels = test[:]
    if steps is not None:
        network.steps = steps
    with tw.no_grad():
        return (network(images).argmax(axis=1) == labels).mean().item()


def potential(current, **options):
    """Of one neuron before it is reset, step by step, and its spikes."""
    neuron, state, potentials, spikes = nn.LIF(**options), tw.zeros(()), [], []
    for step in current:
        potentials.append((neuron.decay * state + step).item())
        spike, state = neuron(step.reshape((1,)), state)
        spikes.append(spike.item())
    return potentials, spikes


def plot_neuron(above, below):
    t = tw.arange(60)
    current = tw.where(t % 30 < 20, tw.where(t < 30, 0.3, 0.8), 0.0)
    for axes, reset in ((above, "soft"), (below, "hard")):
        potentials, spikes = potential(current, decay=0.9, reset=reset)
        axes.plot(potentials, color="tab:blue", label="potential")
        axes.plot(current.tolist(), color="grey", drawstyle="steps-mid", label="current")
        axes.axhline(1, color="grey", linestyle=":", label="threshold")
        axes.eventplot(
            [t for t, spike in enumerate(spikes) if spike], lineoffsets=1.95, linelengths=0.3, color="crimson"
        )
        axes.set(title=f"a neuron with {reset} reset; spikes in red", ylim=(-0.05, 2.75))
    below.set_xlabel("step")
    above.legend(loc="upper left", ncols=3)


def plot_digit(figure, network, image, label):
    """The picture, and when which neuron fires."""
    network.steps = 50
    with tw.no_grad():
        trains = [train[:, 0] for train in network.trains(image.reshape((1, -1)))]
    read = trains[-1].sum(0).argmax().item()
    figure.suptitle(f"a test digit, {label}, read as {read}: each dot is a spike")
    rates, *rasters = figure.subplots(1, 4, width_ratios=(0.7, 1, 1, 1))
    common.show(rates, image.reshape((8, 8)), "rates", vmin=0, vmax=1)
    for axes, train, name in zip(rasters, trains, ("64 pixels", f"{trains[1].shape[1]} hidden neurons", "10 classes")):
        steps, neurons = tw.nonzero(train)
        axes.scatter(steps.tolist(), neurons.tolist(), s=3 if train.shape[1] > 10 else 14, color="black", linewidths=0)
        axes.set(title=name, xlabel="step", xlim=(-1, network.steps), ylim=(train.shape[1] - 0.5, -0.5))
    rasters[-1].set_yticks(range(10))


def main():
    parser = common.options(__doc__, "spiking_digits.png")
    common.add_quick(parser)
    parser.add_argument("--hidden", type=common.count, default=100, help="hidden neurons")
    parser.add_argument("--steps", type=common.count, default=20, help="for which a digit is shown in training")
    parser.add_argument("--epochs", type=common.count, default=20, help="passes through the data")
    args = common.read(parser)
    if args.quick:
        args.epochs, args.hidden = 2, 40
    training, test = (
        tw.data.TensorDataset(images.reshape((-1, 64)), labels)
        for images, labels in (part[:] for part in common.pictures_of_digits())
    )
    curves, over_steps, times = {}, {}, (1, 2, 4, 8, 16, 32, 64)
    for surrogate, name in SURROGATES.items():
        tw.random.seed(args.seed)
        network = models.SpikingClassifier([64, args.hidden, 10], args.steps, surrogate=surrogate)
        curves[name] = train(network, training, test, args.epochs, name)
        over_steps[name] = [accuracy(network, test, steps) for steps in times]
        if surrogate == "fast_sigmoid":
            chosen = network
    tw.random.seed(args.seed)
    mlp = models.MLP([64, args.hidden, 10])
    curves["ReLUs, no spikes"] = train(mlp, training, test, args.epochs, "ReLU")
    for name, accuracies in curves.items():
        print(f"{name:16}: test accuracy {accuracies[-1]:.1%}")
    print("steps           ", *(f"{steps:6}" for steps in times))
    for name, accuracies in over_steps.items():
        print(f"{name:16}", *(f"{one:6.1%}" for one in accuracies))

    figure = common.make_figure(15, 9)
    above, below = figure.subfigures(2, 1)
    left, right = above.subfigures(1, 2, width_ratios=(1, 1.4))
    plot_neuron(*left.subplots(2, 1, sharex=True))
    first, second = right.subplots(1, 2, sharey=True)
    for name, accuracies in curves.items():
        first.plot(range(1, args.epochs + 1), accuracies, label=name, color="grey" if "ReLU" in name else None)
    for name, accuracies in over_steps.items():
        second.plot(times, accuracies, "o-", markersize=4, label=name)
    first.set(xlabel="epoch", ylabel="test accuracy", title="by surrogate gradient")
    second.set(xlabel="steps for which a digit is shown", xscale="log", title="after training, by time")
    second.set_xticks(times, labels=list(map(str, times)))
    second.minorticks_off()
    for axes in (first, second):
        axes.grid(alpha=0.3)
    first.xaxis.get_major_locator().set_params(integer=True)
    first.legend(loc="lower right")
    images, labels = test[:]
    plot_digit(below, chosen, images[3], labels[3].item())
    common.save(figure, args, "spiking_digits.png")


if __name__ == "__main__":
    main()
