"""Train a character model on Python's own documentation: an LSTM, beside models that count n-grams.

N-grams: S. Chen, J. Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, 1998.
LSTM: A. Graves, Generating Sequences with Recurrent Neural Networks, arXiv:1308.0850, 2013.
Multiplicative RNN (--cell mrnn): I. Sutskever, J. Martens, G. Hinton, Generating Text with Recurrent Neural Networks,
ICML 2011.

python examples/character_model.py
"""

import math

import common
import texts
from tqdm import tqdm

import tilewright as tw
from tilewright.nn import functional as F

SMOOTHINGS = {
    "add-k": {"smoothing": "add_k", "k": 0.01},
    "Jelinek-Mercer": {"smoothing": "jelinek_mercer", "weights": 0.7},
    "Katz": {"smoothing": "katz"},
    "Kneser-Ney": {"smoothing": "kneser_ney"},
    "modified Kneser-Ney": {"smoothing": "modified_kneser_ney"},
}
PROMPT = "Return "
TESTS = 8  # on the validation text, in training


def arguments():
    parser = common.options(__doc__, "character_model.png")
    common.add_quick(parser)
    parser.add_argument("--cell", choices=("lstm", "gru", "rnn", "mrnn"), default="lstm", help="of the network")
    parser.add_argument("--characters", type=common.count, default=500_000, help="of docstrings")
    parser.add_argument("--hidden", type=common.count, default=192, help="numbers in the state")
    parser.add_argument("--steps", type=common.count, default=1500, help="of training, with 32 x 64 characters each")
    parser.add_argument("--order", type=common.count, default=7, help="of the longest n-grams")
    args = common.read(parser)
    args.batch, args.length, args.lr = 32, 64, 4e-3
    if args.quick:
        args.characters, args.hidden, args.steps, args.order = 60_000, 64, 80, 4
        args.batch, args.length = 16, 24
    return args


def bits_of_counts(args, size, training, validation):
    """Bits per character of each smoothing, for n-grams of 1, 2, .. characters."""
    bits = {name: [] for name in SMOOTHINGS}
    with tqdm(total=len(bits) * args.order, unit="model", desc="n-grams", leave=False) as bar:
        for name, how in SMOOTHINGS.items():
            for order in range(1, args.order + 1):
                model = tw.models.NGramModel(order, size, **how).fit(training)
                bits[name].append(math.log2(model.perplexity(validation)))
                bar.update()
    return bits


def bits_of_network(network, streams):
    """Bits per character over a pass through parallel streams."""
    total, count, state = 0.0, 0, None
    network.eval()
    with tw.no_grad():
        for inputs, targets in streams:
            logits, state = network(inputs, state)
            total += F.cross_entropy(logits.swapaxes(1, 2), targets, reduction="sum").item()
            count += targets.size
    network.train()
    return total / count / math.log(2)


def sampled(network, vocabulary, length, **how):
    """A text that begins with PROMPT, on one line."""
    prompt = vocabulary.encode(PROMPT)
    text = "".join(vocabulary.decode(network.generate(prompt, length, generator=tw.random.Generator(0), **how)))
    return text.replace("\n", "\\n")


def train(network, vocabulary, training, validation, args):
    """Adam on windows that continue each other; the state goes on, gradients end at a window. Bits at a few steps."""
    optimizer = tw.optim.Adam(network.parameters(), lr=args.lr)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    batches = tw.data.text.TextStreams(training, args.batch, args.length, batch_first=True, drop_last=True)
    tests = tw.data.text.TextStreams(validation, args.batch, 4 * args.length, batch_first=True)
    curve, step = [], 0
    with tqdm(total=args.steps, unit="step", desc=args.cell, leave=False) as bar:
        while step < args.steps:
            state = None
            for inputs, targets in batches:
                logits, state = network(inputs, state)
                loss = F.cross_entropy(logits.swapaxes(1, 2), targets)
                optimizer.zero_grad()
                loss.backward()
                tw.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                state, step = tw.nn.utils.detach_state(state), step + 1
                bar.update()
                if TESTS * step // args.steps > TESTS * (step - 1) // args.steps:
                    curve.append((step, loss.item() / math.log(2), bits_of_network(network, tests)))
                    bar.write(f"step {step:5}: {curve[-1][2]:.3f} bits per character")
                    bar.write(f"            {sampled(network, vocabulary, 90, temperature=0.7)}")
                if step == args.steps:
                    break
    return curve


def plot(args, curve, bits):
    figure = common.make_figure(12, 5)
    left, right = figure.subplots(1, 2, sharey=True)
    steps, training, validation = zip(*curve)
    characters = [step * args.batch * args.length / 1000 for step in steps]
    left.plot(characters, training, ":", color="black", label=f"{args.cell}, last batch of training")
    left.plot(characters, validation, "o-", color="black", label=f"{args.cell}, validation")
    for name, of_order in bits.items():
        (line,) = right.plot(range(1, len(of_order) + 1), of_order, "o-", label=name)
        left.axhline(min(of_order), color=line.get_color(), linestyle="--", label=f"best of {name}")
    right.axhline(validation[-1], color="black", label=args.cell)
    read = "thousands of characters read in training"
    left.set(xlabel=read, ylabel="bits per character", title=f"{args.cell} in training")
    right.set(xlabel="longest n-grams", title="n-grams, validation", xticks=range(1, args.order + 1))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    common.save(figure, args, "character_model.png")


def main():
    args = arguments()
    vocabulary, training, validation = texts.load(args.characters)
    size = len(vocabulary)
    print(f"{training.size:,} characters for training, {validation.size:,} for validation, {size} different ones")

    bits = bits_of_counts(args, size, training, validation)
    print(f"\nbits per character of n-grams\n{'longest':20}", *(f"{n:6}" for n in range(1, args.order + 1)))
    for name, of_order in bits.items():
        print(f"{name:20}", *(f"{value:6.3f}" for value in of_order))

    network = tw.models.RNNLanguageModel(size, min(64, args.hidden), args.hidden, cell=args.cell)
    print(f"\n{args.cell} with {sum(p.size for p in network.parameters()):,} parameters")
    curve = train(network, vocabulary, training, validation, args)
    print(f"\n{args.cell}: {curve[-1][2]:.3f} bits per character, n-grams {min(map(min, bits.values())):.3f}")
    for how in ({"temperature": 0}, {"top_k": 5}, {"top_p": 0.8}):
        print(f"{how}: {sampled(network, vocabulary, 150, **how)}")
    plot(args, curve, bits)


if __name__ == "__main__":
    main()
