"""Gradients through time: how they vanish and explode in recurrent networks, and what gates and clipping do.

After Y. Bengio, P. Simard, P. Frasconi, Learning Long-Term Dependencies with Gradient Descent is Difficult, 1994, and
R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

python examples/vanishing_gradients.py
"""

import math

import common
import numpy as np
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

RADII = (0.5, 0.9, 1.0, 1.2, 2.0)
RATES = (2.8, 3.5, 3.7, 4.0)  # of the logistic map: one point, four points, chaos twice
GATED = {
    "RNN": lambda hidden: nn.RNNCell(1, hidden, dtype="float64"),
    "GRU": lambda hidden: nn.GRUCell(1, hidden, dtype="float64"),
    "LSTM, forget bias 0": lambda hidden: nn.LSTMCell(1, hidden, forget_bias=0.0, dtype="float64"),
    "LSTM, forget bias 1": lambda hidden: nn.LSTMCell(1, hidden, forget_bias=1.0, dtype="float64"),
    "LSTM, forget bias 4": lambda hidden: nn.LSTMCell(1, hidden, forget_bias=4.0, dtype="float64"),
}


def make_rnn(hidden, radius):
    """A tanh network whose recurrent weights have this spectral radius."""
    cell = nn.RNNCell(1, hidden, dtype="float64")  # float32 has no number for the gradients that vanish
    nn.init.normal_(cell.weight_hh)
    largest = np.abs(np.linalg.eigvals(cell.weight_hh.detach().numpy())).max()
    with tw.no_grad():
        cell.weight_hh *= radius / float(largest)
    nn.init.normal_(cell.weight_ih, std=0.1)
    nn.init.zeros_(cell.bias_ih)
    nn.init.zeros_(cell.bias_hh)
    return cell


def gradients_by_distance(cell, steps, batch):
    """Norm of the gradient of a random sum of the last state with respect to the state k steps before, k = 0, 1, ..."""
    x = tw.random.normal(size=(steps, batch, 1), dtype="float64")
    state, states = None, []
    for t in range(steps):
        state = cell(x[t], state)
        parts = state if isinstance(state, tuple) else (state,)  # h, or h and c
        for part in parts:
            part.retain_grad()
        states.append(parts)
    last = states[-1][0]
    (last * tw.random.normal(size=last.shape)).sum().backward()
    norms = []
    for parts in reversed(states):
        known = [part.grad for part in parts if part.grad is not None]  # nothing reads the last memory cells
        norms.append(tw.sqrt(sum((gradient**2).sum(axis=1) for gradient in known)).mean().item())
    return norms


# ---- one unit, two parameters: the cliff -----------------------------------------------------------------------------

CLIFF_STEPS, WANTED, START = 50, 0.7, 0.5


def loss_of_unit(weight, bias):
    """Squared error of h_50, where h_t = sigmoid(weight * h_(t-1) + bias); elementwise over weights and biases."""
    h = tw.full(weight.shape, START, dtype="float64")
    for _ in range(CLIFF_STEPS):
        h = F.sigmoid(weight * h + bias)
    return (h - WANTED) ** 2


def descend(steps, lr, max_norm):
    """The way of gradient descent down the loss, with gradients of at most this norm, and the largest gradient."""
    weight, bias = (nn.Parameter(tw.asarray([value], dtype="float64")) for value in (5.2, -2.55))
    optimizer = tw.optim.SGD([weight, bias], lr=lr)
    points, largest = [(weight.item(), bias.item())], 0.0
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of_unit(weight, bias).sum().backward()
        largest = max(largest, nn.utils.clip_grad_norm_([weight, bias], max_norm))
        optimizer.step()
        points.append((weight.item(), bias.item()))
    return points, largest


# ---- the logistic map ------------------------------------------------------------------------------------------------


def iterate(r, x, steps):
    """x_(n+1) = r x_n (1 - x_n): a network of one unit without parameters to learn."""
    for _ in range(steps):
        x = r * x * (1 - x)
    return x


def derivatives(r, steps):
    """|dx_n / dx_0| for n = 1 .. steps, mean over starts of its logarithm (base 10)."""
    means = []
    for n in range(1, steps + 1):
        start = tw.linspace(0.11, 0.89, 64, dtype="float64")
        start.requires_grad = True
        iterate(r, start, n).sum().backward()
        means.append(tw.log10(abs(start.grad) + 1e-300).mean().item())
    return means


def bifurcation(rates, transient, kept):
    """Where the map is after a while, (kept, rates), and its Lyapunov exponent: the mean of log |dx_(n+1) / dx_n|."""
    r = tw.linspace(*rates, dtype="float64")
    x = iterate(r, tw.full(r.shape, 0.4, dtype="float64"), transient)
    visited, growth = [], 0.0
    for _ in range(kept):
        growth = growth + tw.log(abs(r * (1 - 2 * x)) + 1e-12) / kept
        x = iterate(r, x, 1)
        visited.append(x)
    return r.numpy(), tw.stack(visited).numpy(), growth.numpy()


# ---- pictures --------------------------------------------------------------------------------------------------------


def plot_distances(axes, norms, title):
    for i, (name, values) in enumerate(norms.items()):
        axes.plot(range(len(values)), values, color=f"C{i}", label=name)
    axes.set(xlabel="steps back in time", title=title, yscale="log")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)


def plot_cliff(axes, ways):
    weights, biases = np.meshgrid(np.linspace(3.8, 5.5, 200), np.linspace(-2.8, -1.6, 200))
    surface = loss_of_unit(tw.asarray(weights), tw.asarray(biases)).numpy()
    axes.contourf(weights, biases, np.log10(surface + 1e-6), 30, cmap="Greys_r")
    for (name, (points, _)), colour in zip(ways.items(), ("C3", "C0")):
        axes.plot(*zip(*points), "o-", color=colour, label=name, markersize=3, linewidth=1)
    axes.set(xlim=(3.8, 5.5), ylim=(-2.8, -1.6), xlabel="recurrent weight", ylabel="bias")
    axes.set_title("gradient descent at a cliff of the loss (one unit, 50 steps)", fontsize=11)
    axes.legend(fontsize=8, loc="upper right")


def plot_map(axes, below, diagram, growth):
    r, visited, exponent = diagram
    axes.plot(np.tile(r, len(visited)), visited.ravel(), ",", color="black", alpha=0.15)
    axes.set(xlabel="r", ylabel="x", title="logistic map: where it goes")
    for i, rate in enumerate(growth):
        axes.axvline(rate, color=f"C{i}", linewidth=1)
    below.plot(r, exponent, color="black", linewidth=0.7)
    below.axhline(0, color="black", linewidth=0.5)
    below.set(xlabel="r", title="mean of log |dx'/dx|: above 0 gradients explode", ylim=(-3, 1))


def plot(args, plain, gated, ways, growth, diagram):
    figure = common.make_figure(16, 9)
    (first, second, third), (fourth, fifth, sixth) = figure.subplots(2, 3)
    plot_distances(first, plain, "norm of the gradient: tanh, by spectral radius")
    plot_distances(second, gated, "norm of the gradient: layers as they start")
    plot_cliff(third, ways)
    plot_map(fourth, fifth, diagram, growth)
    for i, (rate, values) in enumerate(growth.items()):
        sixth.plot(range(1, len(values) + 1), values, color=f"C{i}", label=f"r = {rate}")
    sixth.set(xlabel="n", title="logistic map: log10 |dx_n / dx_0|")
    sixth.legend(fontsize=8)
    sixth.grid(alpha=0.3)
    common.save(figure, args, "vanishing_gradients.png")


def main():
    parser = common.options(__doc__, "vanishing_gradients.png")
    common.add_quick(parser)
    parser.add_argument("--steps", type=common.count, default=100, help="how far back gradients are followed")
    parser.add_argument("--hidden", type=common.count, default=64, help="units")
    parser.add_argument("--batch", type=common.count, default=32, help="sequences")
    parser.add_argument("--max-norm", type=float, default=0.5, help="what gradients are clipped to")
    args = common.read(parser)
    if not args.max_norm > 0:
        parser.error(f"argument --max-norm: {args.max_norm} is not above 0")
    if args.quick:
        args.steps, args.hidden = 30, 32
    cells = {f"radius {radius}": make_rnn(args.hidden, radius) for radius in RADII}
    cells |= {name: make(args.hidden) for name, make in GATED.items()}
    norms = {}
    for name, cell in tqdm(cells.items(), unit="network", leave=False):
        norms[name] = gradients_by_distance(cell, args.steps, args.batch)
        print(f"{name:20}: gradient's norm {norms[name][0]:.2f} at the last state, {norms[name][-1]:.1e} at the first")
    ways = {f"clipped to {args.max_norm:g}": descend(150, 0.2, args.max_norm)}
    ways = {"not clipped": descend(150, 0.2, math.inf), **ways}
    for name, (points, largest) in ways.items():
        loss = loss_of_unit(*(tw.asarray([value], dtype="float64") for value in points[-1])).item()
        print(f"{name:20}: largest gradient {largest:.1f}, ends with a loss of {loss:.4f}")
    growth = {rate: derivatives(rate, 60) for rate in RATES}
    for rate, values in growth.items():
        print(f"logistic map, r = {rate}: |dx_60 / dx_0| is about 10^{values[-1]:.0f}")
    diagram = bifurcation((2.5, 4.0, 300 if args.quick else 1200), 500, 100 if args.quick else 300)
    plain = {name: values for name, values in norms.items() if name not in GATED}
    plot(args, plain, {name: norms[name] for name in GATED}, ways, growth, diagram)


if __name__ == "__main__":
    main()
