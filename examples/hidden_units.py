"""What a hidden layer of 1, 2, 3, 5 or 10 units can separate: XOR, a ring; where it draws its lines; the space of two.

python examples/hidden_units.py
"""

import common
from sklearn.datasets import make_circles
from tqdm import tqdm

import tilewright as tw
from tilewright import models
from tilewright.nn import functional as F

UNITS = (1, 2, 3, 5, 10)


def ring(count):
    """A disc, and a ring around it: scikit-learn's."""
    x, y = make_circles(count, noise=0.08, factor=0.35, random_state=0)
    return tw.asarray(x, dtype=tw.float32), tw.asarray(y)


DATA = {"XOR": tw.data.toy.xor, "ring": ring}


def train(x, y, units, epochs, seeds, bar):
    """The best of some starts: small networks get stuck."""
    best = None
    for _ in range(seeds):
        network = models.MLP([2, units, 2], "tanh")
        optimizer = tw.optim.Adam(network.parameters(), lr=0.05)
        for _ in range(epochs):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(x), y)
            loss.backward()
            optimizer.step()
            bar.update()
        if best is None or loss < best[1]:
            best = network, loss.detach()
    return best[0]


def draw_plane(axes, network, x, y):
    """How probable the classes are, and the line on which each hidden unit is 0."""
    side = tw.linspace(-1.5, 1.5, 121)
    grid = tw.stack(tw.meshgrid(side, side, indexing="xy"), axis=-1).reshape((-1, 2))
    with tw.no_grad():
        p = F.softmax(network(grid))[:, 1].reshape((121, 121))
    axes.contourf(side.numpy(), side.numpy(), p.numpy(), [i / 10 for i in range(11)], cmap="RdBu_r", alpha=0.6)
    axes.contour(side.numpy(), side.numpy(), p.numpy(), [0.5], colors="black", linewidths=1.5)
    first = network.linears[0]
    for (a, b), c in zip(first.weight.tolist(), first.bias.tolist()):
        through = (-c * a / (a * a + b * b), -c * b / (a * a + b * b))
        axes.axline(
            through, (through[0] - b, through[1] + a), color="black", linewidth=0.8, linestyle=(0, (4, 4)), zorder=2
        )
    draw_points(axes, x, y)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xticks=[], yticks=[])


def draw_points(axes, x, y):
    for label, colour in ((0, "tab:blue"), (1, "tab:red")):
        points = x[y == label]
        axes.scatter(points[:, 0].tolist(), points[:, 1].tolist(), s=8, color=colour, edgecolor="white", linewidth=0.3)


def draw_hidden(axes, network, x, y):
    """What the hidden layer makes of the points; of more than two units the two principal components."""
    with tw.no_grad():
        h = network[:2](x)
    if h.shape[1] > 2:
        h = h - h.mean(0)
        h = h @ tw.linalg.svd(h, full_matrices=False)[2][:2].T
    elif h.shape[1] == 1:
        h = tw.concatenate([h, tw.random.uniform(-0.3, 0.3, h.shape)], axis=1)
    draw_points(axes, h, y)
    axes.set(xticks=[], yticks=[])
    axes.margins(0.1)


def main():
    parser = common.options(__doc__, "hidden_units.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=400, help="steps of each training, on all points")
    args = common.read(parser)
    starts = 5
    if args.quick:
        args.epochs, starts = 100, 2
    figure = common.make_figure(15, 12)
    parts = figure.subfigures(2, 1)
    with tqdm(total=2 * len(UNITS) * starts * args.epochs, unit="step", leave=False) as bar:
        for part, (name, data) in zip(parts, DATA.items()):
            x, y = data(300)
            grid = part.subplots(2, len(UNITS))
            part.suptitle(
                f"{name}: the plane, with the line of each hidden unit; and the hidden layer's space", fontsize=13
            )
            accuracies = []
            for above, below, units in zip(*grid, UNITS):
                network = train(x, y, units, args.epochs, starts, bar)
                with tw.no_grad():
                    accuracies.append((network(x).argmax(axis=1) == y).mean().item())
                draw_plane(above, network, x, y)
                draw_hidden(below, network, x, y)
                above.set_title(f"{units} unit{'s' * (units > 1)}: {accuracies[-1]:.0%} right")
                shown = {1: "unit 1 (height drawn at random)", 2: "units 1 and 2"}
                below.set_xlabel(shown.get(units, f"2 principal components of {units}"))
            line = ", ".join(f"{units}: {accuracy:.1%}" for units, accuracy in zip(UNITS, accuracies))
            bar.write(f"{name:4}, points on the right side by hidden units: {line}")
    common.save(figure, args, "hidden_units.png")


if __name__ == "__main__":
    main()
