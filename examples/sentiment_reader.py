"""Tell whether a review is good, reading it several times: the gates show what each pass looks at.

A. Kumar et al., Ask Me Anything: Dynamic Memory Networks for Natural Language Processing, ICML 2016.

python examples/sentiment_reader.py
"""

import common
import sequences

import tilewright as tw
from tilewright.nn import functional as F

THINGS = "story", "acting", "music", "ending", "camera", "dialogue"
WORDS = {
    False: ("bad", "dull", "boring", "silly", "slow"),
    True: ("good", "charming", "clever", "moving", "funny"),
}
NOT = "not", "never", "hardly", "anything but"
BEFORE = "", "", "i saw it on monday .", "we went with friends .", "it rained that day ."


def clause(draws, good, thing):
    """Says something good or bad of a thing: as it is, or by denying the opposite."""
    if draws.random() < 0.2:
        return f"the {thing} was {draws.choice(NOT)} {draws.choice(WORDS[not good])}"
    return f"the {thing} was {draws.choice(('', 'really', 'quite'))} {draws.choice(WORDS[good])}"


def contrast(draws, good, a, b):
    return f"{clause(draws, not good, a)} but {clause(draws, good, b)}"


def concession(draws, good, a, b):
    return f"although {clause(draws, not good, a)} , {clause(draws, good, b)}"


def late_concession(draws, good, a, b):
    return f"{clause(draws, good, a)} although {clause(draws, not good, b)}"


def comparison(draws, good, a, b):
    first = draws.random() < 0.5  # what the rest was like
    clauses = clause(draws, good == first, a), clause(draws, good != first, b)
    return f"{clauses[0]} and {clauses[1]} . the rest was like the {'former' if first else 'latter'}"


def plain(draws, good, a, b):
    return f"{clause(draws, good, a)} and {clause(draws, good, b)}"


KINDS = (plain, contrast, concession, late_concession, comparison)


def make_review(draws, kind):
    good = draws.random() < 0.5
    return f"{draws.choice(BEFORE)} {kind(draws, good, *draws.sample(THINGS, 2))}".split(), good


def train(args, size, passes, training):
    tw.random.seed(args.seed)
    network = tw.models.EpisodicReader(size, 2, 24, 32, passes=passes, bidirectional=False)

    def loss(share, tokens, lengths, labels):
        return F.cross_entropy(network(tokens, lengths), labels)

    sequences.fit(network, loss, training, args.epochs, 5e-3, title=f"{passes} passes")
    return network


def plot(args, network, vocabulary, texts):
    """The gates of each pass over some reviews."""
    tokens, lengths = sequences.padded(vocabulary, texts)
    gates, good = network.gates(tokens, lengths), F.softmax(network(tokens, lengths), dim=1)[:, 1]
    figure = common.make_figure(13, 1.75 * len(texts))
    for axes, text, gate, p in zip(figure.subplots(len(texts), 1), texts, gates, good.tolist()):
        passes = [f"pass {i + 1}" for i in range(len(gate))]
        tw.plot.attention(gate[:, : len(text)], text, passes, axes, xlabel="", ylabel="", title=f"good with {p:.0%}")
        axes.tick_params(axis="x", rotation=20)
    common.save(figure, args, "sentiment_reader.png")


def main():
    parser = common.options(__doc__, "sentiment_reader.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=20, help="passes through the data")
    parser.add_argument("--passes", type=common.count, nargs="+", default=[1, 2, 3], help="over a review")
    args = common.read(parser)
    examples, tested = (500, 200) if args.quick else (800, 1000)
    if args.quick:
        args.epochs, args.passes = 2, [1, 2]

    draws = sequences.draws(args)
    kinds = [draws.choice(KINDS) for _ in range(examples + tested)]
    reviews = [make_review(draws, kind) for kind in kinds]
    vocabulary = tw.data.text.Vocabulary([word for text, _ in reviews for word in text], sequences.SPECIALS)
    tokens, lengths = sequences.padded(vocabulary, [text for text, _ in reviews])
    labels = tw.asarray([int(good) for _, good in reviews])
    training, test = [[x[part] for x in (tokens, lengths, labels)] for part in (slice(examples), slice(examples, None))]

    print(f"{'passes':8}{'accuracy':>10}" + "".join(f"{kind.__name__.replace('_', ' '):>17}" for kind in KINDS))
    for passes in args.passes:
        network = train(args, len(vocabulary), passes, training)
        with tw.no_grad():
            right = (network(*test[:2]).argmax(axis=1) == test[2]).tolist()
        of_kind = [[r for r, k in zip(right, kinds[examples:]) if k is kind] for kind in KINDS]
        shares = "".join(f"{sum(found) / len(found):17.1%}" for found in of_kind)
        print(f"{passes:<8}{sum(right) / tested:10.1%}{shares}")
    texts = [next(text for (text, _), k in zip(reviews[examples:], kinds[examples:]) if k is kind) for kind in KINDS]
    plot(args, network, vocabulary, texts)


if __name__ == "__main__":
    main()
