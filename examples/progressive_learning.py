"""Short dependencies first: recurrent networks that read ever longer sequences, and such as read long ones at once.

The task is the adding problem; all networks are judged by sequences of full length. After Y. Bengio, J. Louradour, R.
Collobert, J. Weston, Curriculum Learning, ICML 2009.

python examples/progressive_learning.py
"""

import common
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

WAYS = ("long at once", "mixed lengths", "short first")
COLOURS = dict(zip(WAYS, ("C3", "C1", "C0")))
SOLVED = 0.02  # a loss, where that of an answer without memory is 1/6


class Reader(nn.Module):
    def __init__(self, hidden):
        self.recurrent = nn.LSTM(2, hidden, forget_bias=1.0)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.recurrent(x)[0][-1])[:, 0]


def loss_of(network, steps, batch):
    x, target = common.adding_problem(steps, batch)
    return F.mse_loss(network(x), target)


def next_length(way, length, recent, args):
    """How long the sequences of the next step are."""
    if way == "mixed lengths":
        return tw.random.integers(args.start, args.length + 1).item()
    if way == "short first" and len(recent) == args.patience and sum(recent) < SOLVED * len(recent):
        recent.clear()  # judged anew at the new length
        return min(args.length, 2 * length)
    return length


def train(network, way, args, bar):
    """Steps of sequences that were read, the length, and the loss on full length, in the course of training."""
    optimizer = tw.optim.Adam(network.parameters(), lr=args.lr)
    test = common.adding_problem(args.length, 256)
    length, read, looked, recent, course = args.length, 0, 0, [], []
    if way == "short first":
        length = min(args.start, args.length)
    while read < args.budget:
        length = next_length(way, length, recent, args)
        optimizer.zero_grad()
        loss = loss_of(network, length, args.batch)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        del recent[: -args.patience]
        read += length
        bar.update(min(length, args.budget - (read - length)))
        if read >= looked:
            with tw.no_grad():
                course.append((read, length, F.mse_loss(network(test[0]), test[1]).item()))
            looked += args.budget // 50
    return course


def plot(args, courses):
    figure = common.make_figure(11, 5)
    left, right = figure.subplots(1, 2)
    for (way, seed), course in courses.items():
        read, lengths, losses = zip(*course)
        label = way if seed == args.seed else None
        left.plot(read, losses, color=COLOURS[way], label=label, alpha=0.8)
        if seed == args.seed:
            right.plot(read, lengths, color=COLOURS[way], alpha=0.8, drawstyle="steps-post")
    left.axhline(1 / 6, color="black", linestyle=":", linewidth=1)
    place = {"textcoords": "offset points", "fontsize": 8, "ha": "right"}
    left.annotate("remembers nothing", (args.budget, 1 / 6), (0, 6), **place)
    left.set(yscale="log", title=f"loss on sequences of {args.length} steps")
    left.legend(loc="lower left")
    right.set(title="length of the sequences in training", yscale="log")
    for axes in (left, right):
        axes.set_xlabel("steps of sequences read in training")
        axes.grid(alpha=0.3)
    common.save(figure, args, "progressive_learning.png")


def main():
    parser = common.options(__doc__, "progressive_learning.png")
    common.add_quick(parser)
    parser.add_argument("--length", type=common.count, default=100, help="steps of the sequences to be learned")
    parser.add_argument("--start", type=common.count, default=8, help="length that a curriculum starts with")
    parser.add_argument("--budget", type=common.count, default=100_000, help="steps of sequences to read, each a batch")
    parser.add_argument("--patience", type=common.count, default=20, help="training steps whose mean loss counts")
    parser.add_argument("--seeds", type=common.count, default=3, help="runs of each way")
    parser.add_argument("--hidden", type=common.count, default=32, help="units")
    parser.add_argument("--batch", type=common.count, default=32, help="sequences in a training step")
    parser.add_argument("--lr", type=float, default=1e-2, help="learning rate of Adam")
    args = common.read(parser)
    if not 2 <= args.start <= args.length:
        parser.error(f"argument --start: {args.start} is not between 2 and --length")
    if args.quick:
        args.length, args.budget, args.seeds, args.start, args.hidden = 16, 2000, 1, 4, 16
    courses = {}
    seeds = range(args.seed, args.seed + args.seeds)
    with tqdm(total=len(WAYS) * len(seeds) * args.budget, unit="step", leave=False) as bar:
        for way in WAYS:
            for seed in seeds:
                bar.set_description(f"{way}, seed {seed}")
                tw.random.seed(seed)
                courses[way, seed] = train(Reader(args.hidden), way, args, bar)
    print(
        f"loss on sequences of {args.length} steps (without memory 0.167), and steps read until it was below {SOLVED}:"
    )
    for way in WAYS:
        ends = [courses[way, seed][-1][2] for seed in seeds]
        solved = [next((str(read) for read, _, loss in courses[way, seed] if loss < SOLVED), "-") for seed in seeds]
        print(f"  {way:13}: " + ", ".join(f"{end:.4f}" for end in ends) + "; " + ", ".join(solved))
    plot(args, courses)


if __name__ == "__main__":
    main()
