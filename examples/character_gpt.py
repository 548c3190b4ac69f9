"""Train a character GPT on Python's own documentation, beside the LSTM of character_model.py with as many parameters.

A. Radford et al., Language Models are Unsupervised Multitask Learners (GPT-2), 2019.
LSTM: A. Graves, Generating Sequences with Recurrent Neural Networks, arXiv:1308.0850, 2013.

From seed 0 the GPT ends at 2.24 bits per character of new docstrings, the LSTM, which learns faster at first, at 2.29.

python examples/character_gpt.py
"""

import math
import time

import common
import texts
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

PROMPT = "Return "
TESTS = 8  # on the validation text, in training


def arguments():
    parser = common.options(__doc__, "character_gpt.png")
    common.add_quick(parser)
    parser.add_argument("--characters", type=common.count, default=500_000, help="of docstrings")
    parser.add_argument("--width", type=common.count, default=72, help="numbers for a character; a multiple of 4")
    parser.add_argument("--layers", type=common.count, default=4, help="of the GPT")
    parser.add_argument("--steps", type=common.count, default=1000, help="of training, with 16 x 128 characters each")
    args = common.read(parser)
    if args.width % 4:
        parser.error(f"argument --width: {args.width} is not a multiple of 4")
    args.batch, args.length = 16, 128
    if args.quick:
        args.characters, args.width, args.layers, args.steps = 60_000, 32, 2, 160
        args.batch, args.length = 16, 48
    return args


def parameters(network):
    return sum(p.size for p in network.parameters())


class Transformer:
    """A GPT, trained on windows from anywhere in the text.

    Its weights start larger than GPT-2's 0.02, which is meant for 768 numbers and more: with it, losses of small ones
    stay for long where pairs of characters leave them.
    """

    name, lr = "GPT", 8e-3

    def __init__(self, size, args):
        self.length = args.length
        self.network = tw.models.GPT2(size, args.length, args.width, args.layers, 4, dropout=0.0)
        for parameter in self.network.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.1)

    def batches(self, training, args):
        windows = tw.data.text.TextWindows(training, args.length, args.length // 2, batch_first=True)
        loader = tw.data.DataLoader(windows, batch_size=args.batch, shuffle=True, drop_last=True)
        while True:
            yield from loader

    def loss(self, inputs, targets):
        return F.cross_entropy(self.network(inputs).swapaxes(1, 2), targets)

    def nats(self, validation):
        """Of each character: windows overlap by half, and only the second half counts, which has seen the first."""
        half = self.length // 2
        windows = tw.data.text.TextWindows(validation, self.length, half, batch_first=True)
        total = count = 0
        for inputs, targets in tw.data.DataLoader(windows, batch_size=64):
            logits = self.network(inputs)[:, half:]
            total += F.cross_entropy(logits.swapaxes(1, 2), targets[:, half:], reduction="sum").item()
            count += targets[:, half:].size
        return total / count


class Recurrent:
    """The LSTM that comes nearest to a number of parameters. Windows continue each other; its state goes on."""

    name, lr = "LSTM", 4e-3

    def __init__(self, size, wanted, args):
        def off(hidden):
            width = min(64, hidden)
            return abs(size * (width + hidden + 1) + 4 * hidden * (width + hidden + 2) - wanted)

        hidden = min(range(8, 1024), key=off)
        self.network = tw.models.RNNLanguageModel(size, min(64, hidden), hidden)
        self.state = None

    def batches(self, training, args):
        while True:
            self.state = None
            yield from tw.data.text.TextStreams(training, args.batch, args.length, batch_first=True, drop_last=True)

    def loss(self, inputs, targets):
        logits, state = self.network(inputs, self.state)
        self.state = nn.utils.detach_state(state)
        return F.cross_entropy(logits.swapaxes(1, 2), targets)

    def nats(self, validation):
        total = count = 0
        state = None
        for inputs, targets in tw.data.text.TextStreams(validation, 32, 256, batch_first=True):
            logits, state = self.network(inputs, state)
            total += F.cross_entropy(logits.swapaxes(1, 2), targets, reduction="sum").item()
            count += targets.size
        return total / count


def sampled(network, vocabulary, length, **how):
    """A text that begins with PROMPT, on one line."""
    prompt = vocabulary.encode(PROMPT)
    text = "".join(vocabulary.decode(network.generate(prompt, length, generator=tw.random.Generator(0), **how)))
    return text.replace("\n", "\\n")


def schedule_of(optimizer, steps):
    """A twentieth of the steps to warm up, then half a cosine down to a tenth of the rate."""
    warm_up = max(1, steps // 20)
    schedules = tw.optim.lr_scheduler
    parts = [
        schedules.LinearLR(optimizer, 1 / warm_up, total_iters=warm_up),
        schedules.CosineAnnealingLR(optimizer, steps - warm_up, eta_min=optimizer.param_groups[0]["lr"] / 10),
    ]
    return schedules.SequentialLR(optimizer, parts, [warm_up])


def train(model, vocabulary, training, validation, args):
    """Steps, seconds of training, and bits per character of training and validation, at a few steps."""
    network = model.network
    optimizer = tw.optim.AdamW(network.parameters(), lr=model.lr, weight_decay=0.01)
    schedule, curve, seconds = schedule_of(optimizer, args.steps), [], 0.0
    with tqdm(total=args.steps, unit="step", desc=model.name, leave=False) as bar:
        for step, (inputs, targets) in zip(range(1, args.steps + 1), model.batches(training, args)):
            start = time.perf_counter()
            loss = model.loss(inputs, targets)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            seconds += time.perf_counter() - start
            bar.update()
            if TESTS * step // args.steps > TESTS * (step - 1) // args.steps:
                network.eval()
                with tw.no_grad():
                    bits = model.nats(validation) / math.log(2)
                curve.append((step, seconds, loss.item() / math.log(2), bits))
                bar.write(f"{model.name} step {step:5}: {bits:.3f} bits per character")
                bar.write(f"    {sampled(network, vocabulary, args.length // 2, temperature=0.7)}")
                network.train()
    network.eval()
    return curve


def plot(args, curves):
    figure = common.make_figure(13, 5)
    left, right = figure.subplots(1, 2, sharey=True)
    for i, (name, curve) in enumerate(curves.items()):
        steps, seconds, training, validation = zip(*curve)
        characters = [step * args.batch * args.length / 1000 for step in steps]
        for axes, x in ((left, characters), (right, seconds)):
            axes.plot(x, training, ":", color=f"C{i}", label=f"{name}, last batch of training")
            axes.plot(x, validation, "o-", color=f"C{i}", label=f"{name}, validation: {validation[-1]:.2f}")
    left.set(xlabel="thousands of characters read in training", ylabel="bits per character")
    right.set(xlabel=f"seconds of training (threads: {args.threads})")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    common.save(figure, args, "character_gpt.png")


def main():
    args = arguments()
    vocabulary, training, validation = texts.load(args.characters)
    size = len(vocabulary)
    print(f"{training.size:,} characters for training, {validation.size:,} for validation, {size} different ones")
    gpt = Transformer(size, args)
    models = [gpt, Recurrent(size, parameters(gpt.network), args)]
    for model in models:
        print(f"{model.name}: {parameters(model.network):,} parameters")
    curves = {model.name: train(model, vocabulary, training, validation, args) for model in models}
    print()
    for name, curve in curves.items():
        print(f"{name:4}: {curve[-1][3]:.3f} bits per character after {curve[-1][1]:.1f} s of training")
    for model in models:
        for how in ({"temperature": 0}, {"top_k": 5}, {"top_p": 0.8}):
            print(f"{model.name}, {how}: {sampled(model.network, vocabulary, args.length - len(PROMPT), **how)}")
    plot(args, curves)


if __name__ == "__main__":
    main()
