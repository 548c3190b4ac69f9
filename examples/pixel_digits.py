"""Draw digits pixel by pixel: with masked convolutions, and with a causal Transformer over pixels.

A. van den Oord et al., Conditional Image Generation with PixelCNN Decoders, NeurIPS 2016.
M. Chen et al., Generative Pretraining from Pixels, ICML 2020.

From seed 0 convolutions end at 1.83 bits per pixel of new digits, a Transformer at 1.91, pixels by themselves at 2.43.

python examples/pixel_digits.py
"""

import math

import common
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

LEVELS, SIZE = 17, 8  # of a pixel, from 0 to 16; of an image


class PixelTransformer(nn.Module):
    """A GPT whose texts are images, row by row; before the first pixel stands a token of its own."""

    def __init__(self, width, layers, heads, dropout):
        self.gpt = tw.models.GPT2(LEVELS + 1, SIZE * SIZE, width, layers, heads, dropout=dropout)

    def forward(self, images):
        """Logits (N, levels, 1, 8, 8)."""
        pixels = images.reshape((len(images), SIZE * SIZE))
        first = tw.full((len(images), 1), LEVELS)
        logits = self.gpt(tw.concatenate([first, pixels[:, :-1]], axis=1))[..., :LEVELS]
        return logits.reshape((len(images), 1, SIZE, SIZE, LEVELS)).transpose(0, 4, 1, 2, 3)

    def sample(self, count, height, width, *, start=None, generator=None):
        """As `models.PixelCNN.sample`: the start is some rows."""
        prompt = tw.full((count, 1), LEVELS)
        if start is not None:
            prompt = tw.concatenate([prompt, start.reshape((count, -1))], axis=1)
        cache = self.gpt.new_cache(SIZE * SIZE)

        def step(tokens, state):
            return self.gpt(tokens, cache)[:, -1, :LEVELS], state

        left = height * width + 1 - prompt.shape[1]
        pixels = tw.models.generation.generate(step, prompt, left, generator=generator)[:, 1:]
        return pixels.reshape((count, 1, height, width))


def bits(network, images):
    """Bits of each pixel, (N, 1, 8, 8)."""
    network.eval()
    with tw.no_grad():
        nats = F.cross_entropy(network(images), images, reduction="none")
    network.train()
    return nats / math.log(2)


def bits_of_counts(training, test):
    """Bits per pixel where each is drawn by itself, by the counts of levels at its place, and once more each."""
    counts = (training[..., None] == tw.arange(LEVELS)).sum(axis=0) + 1
    chances = counts / counts.sum(axis=-1, keepdims=True)
    return -tw.log2((F.one_hot(test, LEVELS) * chances).sum(axis=-1)).mean().item()


def train(network, training, test, args, name):
    """Adam along half a cosine. Bits per pixel of training, in the last batches, and of test, after each epoch."""
    optimizer = tw.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.1)
    batches = tw.data.DataLoader(tw.data.TensorDataset(training), batch_size=64, shuffle=True)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs * len(batches))
    curve = []
    with tqdm(total=args.epochs * len(batches), unit="batch", desc=name, leave=False) as bar:
        for _ in range(args.epochs):
            total = 0.0
            for (images,) in batches:
                loss = F.cross_entropy(network(images), images)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                total += loss.item() * len(images)
                bar.update()
            curve.append((total / len(training) / math.log(2), bits(network, test).mean().item()))
            bar.set_postfix(test=f"{curve[-1][1]:.3f}")
    network.eval()
    return curve


def plot_curves(axes, curves, blind):
    for i, (name, curve) in enumerate(curves.items()):
        epochs = range(1, len(curve) + 1)
        training, test = zip(*curve)
        axes.plot(epochs, training, ":", color=f"C{i}", label=f"{name}, training")
        axes.plot(epochs, test, color=f"C{i}", label=f"{name}, test: {test[-1]:.2f}")
    axes.axhline(blind, color="black", linestyle="--", label=f"pixels by themselves: {blind:.2f}")
    axes.set(xlabel="epoch", ylabel="bits per pixel", ylim=(min(min(c)[0] for c in curves.values()) - 0.1, blind + 0.2))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def plot_rows(figure, rows):
    """Rows of images (N, 1, 8, 8) with their names."""
    grid = figure.subplots(len(rows), max(len(images) for images in rows.values()))
    for of_row, (name, images) in zip(grid, rows.items()):
        for axes, image in zip(of_row, images):
            common.show(axes, image[0], vmin=0, vmax=LEVELS - 1)
        of_row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)


def main():
    parser = common.options(__doc__, "pixel_digits.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=40, help="passes through the data")
    args = common.read(parser)
    shown = 14
    if args.quick:
        args.epochs, shown = 1, 6
    training, test = [(part[:][0] * (LEVELS - 1)).round().astype(tw.int64) for part in common.pictures_of_digits()]
    blind = bits_of_counts(training, test)
    print(f"{'pixels by themselves':<20}: {blind:.3f} bits per pixel; of equal levels {math.log2(LEVELS):.3f}")
    networks = {
        "masked convolutions": tw.models.PixelCNN(LEVELS, width=32, num_layers=4),
        "Transformer": PixelTransformer(64, 3, 4, dropout=0.1),
    }
    curves, upper = {}, test[:shown, :, : SIZE // 2]
    rows = {"test digits": test[:shown], "upper halves": F.pad(upper, (0, 0, 0, SIZE // 2))}
    for name, network in networks.items():
        curves[name] = train(network, training, test, args, name)
        count = sum(p.size for p in network.parameters())
        print(f"{name:<20}: {curves[name][-1][1]:.3f} bits per pixel, {count:,} parameters")
        draws = {"generator": tw.random.Generator(args.seed)}
        rows[f"{name}, drawn"] = network.sample(shown, SIZE, SIZE, **draws)
        rows[f"{name}, completed"] = network.sample(shown, SIZE, SIZE, start=upper, **draws)
    figure = common.make_figure(17, 6)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 2))
    plot_curves(left.subplots(), curves, blind)
    plot_rows(right, rows)
    common.save(figure, args, "pixel_digits.png")


if __name__ == "__main__":
    main()
