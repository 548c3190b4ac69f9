"""What an LSTM, convolutions and attention cost over the length of a sequence, counted and measured.

A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, table 1.

python examples/attention_costs.py
"""

import math
import time

import common
from tqdm import tqdm

import tilewright as tw
from tilewright import nn

KERNEL = 3  # of the convolutions


class Recurrent(nn.Module):
    """An LSTM: step t needs step t - 1."""

    def __init__(self, width):
        self.layer = nn.LSTM(width, width, batch_first=True)

    def forward(self, x):
        return self.layer(x)[0]


class Convolution(nn.Module):
    """All steps at once, each from itself and its neighbours."""

    def __init__(self, width):
        self.layer = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2)

    def forward(self, x):
        return self.layer(x.swapaxes(1, 2)).swapaxes(1, 2)


class Attention(nn.Module):
    """All steps at once, each from all."""

    def __init__(self, width):
        self.layer = nn.MultiheadAttention(width, 4, batch_first=True)

    def forward(self, x):
        return self.layer(x, x, x, need_weights=False)[0]


def steps_of_dilated(length):
    """Layers of kernel k, dilated by 1, k, k^2, .., until a result sees so many steps."""
    return max(1, math.ceil(math.log(length, KERNEL) - 1e-9))


# How a layer is made; by length, how many of its products must wait for each other in one layer, and how many lie
# between the two ends of a sequence: those of convolutions are in as many layers.
LAYERS = {
    "LSTM": (Recurrent, lambda n: n, lambda n: n),
    f"convolution of {KERNEL}": (Convolution, lambda n: 1, lambda n: math.ceil((n - 1) / (KERNEL // 2))),
    f"dilated convolutions of {KERNEL}": (None, lambda n: 1, steps_of_dilated),
    "attention": (Attention, lambda n: 1, lambda n: 1),
}
STYLES = dict(zip(LAYERS, ("-", "--", ":", "-.")))  # some lines lie upon each other


def multiply_adds(layer, length, width):
    """Of one sequence, as `summary` counts them."""
    return layer.summary((1, length, width)).total.multiply_adds


def measured(layers, length, width, repeats):
    """Milliseconds of a call, the best of some that are taken in turns."""
    x = tw.random.normal(size=(1, length, width))
    best = dict.fromkeys(layers, math.inf)
    with tw.no_grad():
        for _ in range(repeats):
            for name, layer in layers.items():
                start = time.perf_counter()
                layer(x)
                best[name] = min(best[name], 1000 * (time.perf_counter() - start))
    return best


def crossing(lengths, ours, theirs):
    """The length from which on one always costs more than the other, None where there is none."""
    found = None
    for n, a, b in zip(lengths, ours, theirs):
        found = (found or n) if a > b else None
    return found


def plot(args, lengths, counted, times):
    figure = common.make_figure(17, 5)
    first, second, third, fourth = figure.subplots(1, 4)
    for i, (name, (_, sequential, path)) in enumerate(LAYERS.items()):
        how = {"color": f"C{i}", "label": name, "marker": "o", "markersize": 3, "linestyle": STYLES[name]}
        if name in counted:
            first.plot(lengths, counted[name], **how)
            second.plot(lengths, times[name], **how)
        third.plot(lengths, [sequential(n) for n in lengths], **how)
        fourth.plot(lengths, [path(n) for n in lengths], **how)
    first.set(title="multiply-adds of a layer")
    second.set(title=f"ms of a call (threads: {args.threads})")
    third.set(title="products that wait for each other in a layer")
    fourth.set(title="products between the two ends")
    for axes in (first, second, third, fourth):
        axes.set(xscale="log", yscale="log", xlabel="length of the sequence")
        axes.grid(alpha=0.3)
    fourth.legend(fontsize=8)
    common.save(figure, args, "attention_costs.png")


def main():
    parser = common.options(__doc__, "attention_costs.png")
    common.add_quick(parser)
    parser.add_argument("--width", type=common.count, default=128, help="numbers in a step; a multiple of 4")
    parser.add_argument("--longest", type=common.count, default=2048, help="sequence")
    args = common.read(parser)
    if args.width % 4:
        parser.error(f"argument --width: {args.width} is not a multiple of 4")
    if args.quick:
        args.longest = min(args.longest, 512)
    lengths = [2**i for i in range(3, args.longest.bit_length())]
    layers = {name: make(args.width).eval() for name, (make, _, _) in LAYERS.items() if make}
    counted, times = ({name: [] for name in layers} for _ in range(2))
    for length in tqdm(lengths, unit="length", leave=False):
        repeats = 2 if args.quick else max(20, 20_000 // length)  # short calls last less than what disturbs them
        taken = measured(layers, length, args.width, repeats)
        for name, layer in layers.items():
            counted[name].append(multiply_adds(layer, length, args.width))
            times[name].append(taken[name])
    print(f"sequences of {lengths[-1]} steps of {args.width} numbers, threads: {args.threads}")
    print(f"{'':28} {'multiply-adds':>15} {'waiting':>8} {'path':>6} {'ms':>8}")
    for name, (_, sequential, path) in LAYERS.items():
        known = (f"{counted[name][-1]:,}", f"{times[name][-1]:.2f}") if name in layers else ("", "")
        print(f"{name:28} {known[0]:>15} {sequential(lengths[-1]):>8,} {path(lengths[-1]):>6,} {known[1]:>8}")
    for what, values in (("counts more multiply-adds", counted), ("takes longer", times)):
        found = crossing(lengths, values["attention"], values["LSTM"])
        where = f"from {found} steps on" if found else "nowhere here"
        print(f"attention {what} than the LSTM: {where}")
    plot(args, lengths, counted, times)


if __name__ == "__main__":
    main()
