"""Translate dates as people write them to ISO's form, character by character, by attention.

D. Bahdanau, K. Cho, Y. Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015.

python examples/translate_dates.py
"""

import datetime

import common
import sequences

import tilewright as tw

FIRST = datetime.date(1950, 1, 1)
DAYS = 36525  # up to 2049: two digits are enough for a year
LONGEST = 11


def ordinal(day):
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


FORMATS = [
    lambda d: f"{d:%d.%m.%Y}",
    lambda d: f"{d.day}.{d.month}.{d:%y}",
    lambda d: f"{d:%m/%d/%Y}",
    lambda d: f"{d.day} {d:%B %Y}",
    lambda d: f"{d:%B} {d.day}, {d.year}",
    lambda d: f"{d:%a} {d.day} {d:%b} '{d:%y}",
    lambda d: f"the {ordinal(d.day)} of {d:%B %Y}",
    lambda d: f"{d:%A}, {d:%B} {ordinal(d.day)} {d.year}",
    lambda d: f"{d.year}, {d:%B} {ordinal(d.day)}",
]


def make_pairs(draws, dates):
    """For each date a text in one of the formats, and ISO's."""
    return [(draws.choice(FORMATS)(date), date.isoformat()) for date in dates]


def draw(draws, count):
    """Different dates, pairs of texts for them, and their letters."""
    dates = [FIRST + datetime.timedelta(day) for day in draws.sample(range(DAYS), count)]
    pairs = make_pairs(draws, dates)  # no date of the test is one of the training
    letters = sorted({letter for pair in pairs for text in pair for letter in text})
    return dates, pairs, tw.data.text.Vocabulary(letters, sequences.SPECIALS)


def as_tokens(vocabulary, pairs):
    """Tokens of the texts and their lengths, and tokens of ISO's form."""
    target, _ = sequences.padded(vocabulary, [[*iso, sequences.END] for _, iso in pairs])
    return sequences.padded(vocabulary, [text for text, _ in pairs]), target


def score(model, vocabulary, source, lengths, wanted, width):
    """Which of the texts come out right, to the last character."""
    found = model.generate(source, lengths, max_length=LONGEST, width=width, length_penalty=1.0)
    texts = ["".join(sequences.read(vocabulary, row)) for row in found.tokens[:, 0]]
    return texts, [text == iso for text, iso in zip(texts, wanted)]


def plot(args, model, vocabulary, texts, targets):
    """Where each digit is looked for, in a text of several formats."""
    figure = common.make_figure(13, 9)
    for axes, text, iso in zip(figure.subplots(2, 2).flat, texts, targets):
        (source, lengths), target = as_tokens(vocabulary, [(text, iso)])
        weights = model.align(source, target, lengths)[0, : len(iso)]
        tw.plot.attention(weights, text, iso, axes, xlabel="read", ylabel="written", title=text)
    figure.suptitle("attention: which characters are read for each that is written")
    common.save(figure, args, "translate_dates.png")


def main():
    parser = common.options(__doc__, "translate_dates.png")
    common.add_quick(parser)
    parser.add_argument("--attention", default="additive", help="how it is scored")
    parser.add_argument("--epochs", type=common.count, default=7, help="passes through the data")
    parser.add_argument("--width", type=common.count, default=5, help="of the beam")
    args = common.read(parser)
    examples, tested = (2000, 200) if args.quick else (4000, 1000)
    if args.quick:
        args.epochs = 2

    dates, pairs, vocabulary = draw(sequences.draws(args), examples + tested)
    (source, lengths), target = as_tokens(vocabulary, pairs)

    size = len(vocabulary)
    model = tw.models.Seq2Seq(size, size, 32, 96, cell="gru", attention=args.attention)
    print(f"{sum(p.size for p in model.parameters()):,} parameters, {examples:,} dates of {len(FORMATS)} formats")
    sequences.fit(
        model,
        lambda share, s, n, t: sequences.sequence_loss(model(s, t, n), t),
        (source[:examples], lengths[:examples], target[:examples]),
        args.epochs,
        4e-3,
        title="training",
    )

    wanted = [iso for _, iso in pairs[examples:]]
    greedy, right = score(model, vocabulary, source[examples:], lengths[examples:], wanted, 1)
    print(f"test accuracy {sum(right) / tested:.1%} of whole dates, greedy")
    beam, right = score(model, vocabulary, source[examples:], lengths[examples:], wanted, args.width)
    print(f"test accuracy {sum(right) / tested:.1%} of whole dates, beam of {args.width}")
    print(f"the beam finds another date for {sum(a != b for a, b in zip(greedy, beam))} of {tested}\n")
    shown = [next(i for i, (text, _) in enumerate(pairs[examples:]) if make(dates[examples + i]) == text)
             for make in FORMATS]  # fmt: skip
    for i in shown:
        text, iso = pairs[examples + i]
        print(f"{text:32} -> {beam[i]}{'' if beam[i] == iso else f', but it is {iso}'}")
    chosen = [pairs[examples + shown[i]] for i in (2, 5, 6, 7)]
    plot(args, model, vocabulary, *zip(*chosen))


if __name__ == "__main__":
    main()
