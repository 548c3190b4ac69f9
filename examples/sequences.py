"""What the examples of sequences to sequences share: padding, training, pictures of attention."""

import random

from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

PADDING, START, END = SPECIALS = "<pad>", "<start>", "<end>"


def padded(vocabulary, texts):
    """Tokens (N, longest) of texts, which are lists of tokens, and their lengths."""
    rows = [vocabulary.encode(text) for text in texts]
    tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=vocabulary[PADDING])
    return tokens, tw.asarray([row.size for row in rows])


def read(vocabulary, tokens):
    """The tokens up to the end, as text."""
    words = vocabulary.decode(tokens)
    return words[: words.index(END)] if END in words else words


def sequence_loss(logits, target):
    """Cross-entropy of logits (N, T, tokens); padding, which is token 0, does not count."""
    return F.cross_entropy(logits.swapaxes(1, 2), target, ignore_index=0)


def fit(network, loss_of, tensors, epochs, lr, *, batch_size=64, title=""):
    """Adam, its rate falling along half a cosine, gradients clipped. `loss_of(share, *batch)`: of the training done."""
    batches = tw.data.DataLoader(tw.data.TensorDataset(*tensors), batch_size=batch_size, shuffle=True)
    optimizer, steps, curve = tw.optim.Adam(network.parameters(), lr=lr), epochs * len(batches), []
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    with tqdm(total=steps, unit="batch", desc=title, leave=False) as bar:
        for _ in range(epochs):
            for batch in batches:
                optimizer.zero_grad()
                loss = loss_of(bar.n / steps, *batch)
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                curve.append(loss.item())
                bar.update()
                bar.set_postfix(loss=f"{curve[-1]:.4f}", refresh=False)
    network.eval()
    return curve


def draws(args):
    """Python's random numbers, for texts that are made up: a stream of its own for each seed."""
    return random.Random(args.seed)


def probability(text):
    if not 0 <= float(text) <= 1:
        raise ValueError
    return float(text)
