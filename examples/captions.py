"""Describe pictures of coloured shapes in words; each word attends to regions of the picture.

K. Xu et al., Show, Attend and Tell: Neural Image Caption Generation with Visual Attention, ICML 2015.

python examples/captions.py
"""

import itertools

import common
import sequences

import tilewright as tw

SIZE = 32
COLOURS = {"red": (0.9, 0.1, 0.1), "green": (0.1, 0.7, 0.2), "blue": (0.2, 0.3, 0.9), "yellow": (0.95, 0.85, 0.1)}
# What lies inside, by the distances from the middle to the right and down, for shapes of radius r.
SHAPES = {
    "circle": lambda x, y, r: x**2 + y**2 <= r**2,
    "square": lambda x, y, r: (abs(x) <= 0.85 * r) & (abs(y) <= 0.85 * r),
    "triangle": lambda x, y, r: (y <= 0.9 * r) & (2 * abs(x) <= y + r),
    "cross": lambda x, y, r: ((abs(x) <= 0.35 * r) | (abs(y) <= 0.35 * r)) & (abs(x) <= r) & (abs(y) <= r),
}
THINGS = list(itertools.product(COLOURS, SHAPES))
# Where the second of two things is as seen from the first: how one and the other say so, and the direction.
SIDES = [("left of", "right of", 1, 0), ("above", "below", 0, 1)]


def make_scene(draws):
    """Two things beside or above each other: what, where and how large; and the two captions that are true."""
    first, second = draws.sample(THINGS, 2)
    side, other_side, right, down = draws.choice(SIDES)
    radii = draws.uniform(4.5, 7), draws.uniform(4.5, 7)
    middles = [(16 + sign * 7.5 * right + draws.uniform(-1, 1), 16 + sign * 7.5 * down + draws.uniform(-1, 1))
               for sign in (-1, 1)]  # fmt: skip
    names = [f"a {' '.join(thing)}" for thing in (first, second)]
    captions = f"{names[0]} {side} {names[1]}".split(), f"{names[1]} {other_side} {names[0]}".split()
    return list(zip((first, second), middles, radii)), captions


def paint(things):
    """A picture (3, 32, 32) on grey."""
    x, y = tw.arange(SIZE) + 0.5, (tw.arange(SIZE) + 0.5)[:, None]
    picture = tw.full((3, SIZE, SIZE), 0.3)
    for (colour, shape), (right, down), radius in things:
        inside = SHAPES[shape](x - right, y - down, radius)
        picture = tw.where(inside, tw.asarray(COLOURS[colour])[:, None, None], picture)
    return picture


def score(model, vocabulary, pictures, captions, width):
    """Captions, and the share of those that are true."""
    found = model.generate(pictures, max_length=12, width=width, length_penalty=1.0).tokens[:, 0]
    written = [sequences.read(vocabulary, row) for row in found]
    return written, sum(words in both for words, both in zip(written, captions)) / len(captions)


def plot(args, model, vocabulary, pictures, written):
    """For each word, the picture where the weights are large; dark where they are small."""
    longest = max(map(len, written))
    figure = common.make_figure(1.45 * (longest + 1), 1.75 * len(written))
    target, _ = sequences.padded(vocabulary, written)
    weights = model.align(pictures, target)
    high = tw.nn.functional.interpolate(weights, size=(SIZE, SIZE), mode="bilinear")
    for row, picture, words, maps in zip(figure.subplots(len(written), longest + 1), pictures, written, high):
        common.show(row[0], picture.transpose(1, 2, 0), vmin=0, vmax=1)
        for axes, word, weight in zip(row[1:], words, maps):
            light = 0.15 + 0.85 * weight / weight.max()
            common.show(axes, (picture * light).transpose(1, 2, 0), word)
        for axes in row[len(words) + 1 :]:
            axes.set_axis_off()
    common.save(figure, args, "captions.png")


def main():
    parser = common.options(__doc__, "captions.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=12, help="passes through the data")
    parser.add_argument("--width", type=common.count, default=3, help="of the beam")
    args = common.read(parser)
    examples, tested = (600, 100) if args.quick else (4000, 500)
    if args.quick:
        args.epochs = 2

    draws = sequences.draws(args)
    scenes = [make_scene(draws) for _ in range(examples + tested)]
    pictures, captions = tw.stack([paint(things) for things, _ in scenes]), [both for _, both in scenes]
    told = [draws.choice(both) for both in captions]
    vocabulary = tw.data.text.Vocabulary([word for caption in told for word in caption], sequences.SPECIALS)
    target, _ = sequences.padded(vocabulary, [[*caption, sequences.END] for caption in told])

    model = tw.models.CaptionModel(len(vocabulary), 24, 96, features=48, cell="gru")
    print(f"{sum(p.size for p in model.parameters()):,} parameters, {examples:,} pictures, {len(vocabulary) - 3} words")
    sequences.fit(
        model,
        lambda share, images, words: sequences.sequence_loss(model(images, words), words),
        (pictures[:examples], target[:examples]),
        args.epochs,
        4e-3,
        title="training",
    )
    pictures, captions = pictures[examples:], captions[examples:]
    for width in (1, args.width):
        written, share = score(model, vocabulary, pictures, captions, width)
        print(f"{share:.1%} of {tested} captions are true, {'greedy' if width == 1 else f'beam of {width}'}")
    for words, both in zip(written[:6], captions):
        print(" ".join(words) if words in both else f"{' '.join(words)} (but it is: {' '.join(both[0])})")
    plot(args, model, vocabulary, pictures[:6], written[:6])


if __name__ == "__main__":
    main()
