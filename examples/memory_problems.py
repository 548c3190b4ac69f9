"""How long recurrent networks remember: the adding and the copying problem, as sequences grow longer.

After S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9, 1997.

python examples/memory_problems.py
"""

import math

import common
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

NETWORKS = ("RNN", "IRNN", "LSTM", "GRU")
SYMBOLS, COPIED = 4, 5  # symbols that there are, and that are to be copied
COLOURS = dict(zip(NETWORKS, ("C3", "C1", "C0", "C2")))


def make_layer(kind, inputs, hidden):
    if kind == "LSTM":
        return nn.LSTM(inputs, hidden, forget_bias=1.0)
    return common.identity_rnn(inputs, hidden, 0.05) if kind == "IRNN" else getattr(nn, kind)(inputs, hidden)


class Reader(nn.Module):
    """A recurrent layer, and a linear one on its last states."""

    def __init__(self, kind, inputs, hidden, outputs):
        self.recurrent = make_layer(kind, inputs, hidden)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x, last):
        return self.head(self.recurrent(x)[0][-last:])


def copying_problem(delay, batch):
    """Symbols, a delay, a signal: one-hot inputs (2 * COPIED + delay, batch, SYMBOLS + 2), and the symbols again.

    Whoever remembers nothing guesses, with a cross-entropy of log(SYMBOLS).
    """
    symbols = tw.random.integers(0, SYMBOLS, (COPIED, batch))
    blank = tw.full((delay + COPIED, batch), SYMBOLS, dtype="int64")
    blank[delay - 1] = SYMBOLS + 1
    return F.one_hot(tw.concatenate([symbols, blank]), SYMBOLS + 2).astype("float32"), symbols


def loss_of_adding(network, steps, batch):
    x, target = common.adding_problem(steps, batch)
    return F.mse_loss(network(x, 1)[0, :, 0], target)


def loss_of_copying(network, delay, batch):
    x, symbols = copying_problem(delay, batch)
    return F.cross_entropy(network(x, COPIED).reshape((-1, SYMBOLS)), symbols.reshape((-1,)))


# Title, loss, inputs and outputs of the network, loss without memory, what is on the axis of lengths.
PROBLEMS = {
    "adding": (loss_of_adding, 2, 1, 1 / 6, "steps of the sequence"),
    "copying": (loss_of_copying, SYMBOLS + 2, SYMBOLS, math.log(SYMBOLS), "steps between reading and writing"),
}


def train(network, loss_of, length, lr, args, bar):
    """The losses in training, and one on new sequences at the end."""
    optimizer = tw.optim.Adam(network.parameters(), lr=lr)
    scheduler = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps, eta_min=lr / 20)
    losses = []
    for _ in range(args.steps):
        optimizer.zero_grad()
        loss = loss_of(network, length, args.batch)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        bar.update()
    with tw.no_grad():
        return losses, loss_of(network, length, 1000).item()


def smooth(values, width):
    """Means over windows."""
    return [sum(values[i : i + width]) / width for i in range(0, len(values) - width + 1, width)]


def plot(args, results):
    figure = common.make_figure(12, 8)
    for row, (problem, (_, _, _, blind, label)) in zip(figure.subplots(2, 2), PROBLEMS.items()):
        lengths = getattr(args, problem)
        width = max(1, args.steps // 60)
        for kind in NETWORKS:
            final = [results[problem, kind, length][1] for length in lengths]
            row[0].plot(lengths, final, "o-", color=COLOURS[kind], label=kind)
            curve = smooth(results[problem, kind, lengths[-1]][0], width)
            row[1].plot([width * (i + 0.5) for i in range(len(curve))], curve, color=COLOURS[kind])
        for axes in row:
            axes.axhline(blind, color="black", linestyle=":", linewidth=1)
            axes.grid(alpha=0.3)
        row[0].set(xlabel=label, title=f"{problem} problem: loss on new sequences", yscale="log")
        row[0].annotate("remembers nothing", (lengths[0], blind), (0, 4), textcoords="offset points", fontsize=8)
        row[1].set(xlabel="training step", title=f"{problem}: training loss, {lengths[-1]} {label}", yscale="log")
    figure.axes[1].legend(handles=figure.axes[0].lines[:-1], loc="upper right")
    common.save(figure, args, "memory_problems.png")


def main():
    parser = common.options(__doc__, "memory_problems.png")
    common.add_quick(parser)
    parser.add_argument("--adding", type=common.count, nargs="+", default=[10, 25, 50, 100], help="lengths")
    parser.add_argument("--copying", type=common.count, nargs="+", default=[2, 5, 10, 20], help="delays")
    parser.add_argument("--hidden", type=common.count, default=48, help="units of each network")
    parser.add_argument("--steps", type=common.count, default=2000, help="of training, for each network and length")
    parser.add_argument("--batch", type=common.count, default=32, help="sequences in a step")
    parser.add_argument(
        "--lr", type=float, default=1e-2, help="learning rate of Adam at the start; a tenth for the IRNN"
    )
    args = common.read(parser)
    if min(args.adding) < 2:
        parser.error("argument --adding: sequences must have at least 2 steps")
    if args.quick:
        args.adding, args.copying, args.steps, args.hidden, args.batch = [6, 12], [1, 4], 60, 24, 16
    results = {}
    runs = [(problem, length, kind) for problem in PROBLEMS for length in getattr(args, problem) for kind in NETWORKS]
    with tqdm(total=len(runs) * args.steps, unit="step", leave=False) as bar:
        for problem, length, kind in runs:
            bar.set_description(f"{problem} {length} {kind}")
            loss_of, inputs, outputs, _, _ = PROBLEMS[problem]
            tw.random.seed(args.seed)
            network = Reader(kind, inputs, args.hidden, outputs)
            # Far from the identity the gradients of an IRNN explode.
            lr = args.lr / 10 if kind == "IRNN" else args.lr
            results[problem, kind, length] = train(network, loss_of, length, lr, args, bar)
    for problem, (_, _, _, blind, _) in PROBLEMS.items():
        lengths = getattr(args, problem)
        print(f"{problem} problem, loss by length (without memory {blind:.3f}):")
        print(" " * 6 + "".join(f"{length:>9}" for length in lengths))
        for kind in NETWORKS:
            print(f"  {kind:4}" + "".join(f"{results[problem, kind, length][1]:9.4f}" for length in lengths))
    plot(args, results)


if __name__ == "__main__":
    main()
