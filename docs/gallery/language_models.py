"""# Language models: from n-grams to a Transformer

A language model gives the probability of the next word after those before it:

> p(w₁, w₂, .., w_T) = Π p(w_t | w₁, .., w_{t-1}), perplexity = exp(-(1/T) Σ log p(w_t | ..)).

Perplexity is the number of equally likely words among which one might as well choose. N-gram models count words behind
the n - 1 last ones, with smoothing for what was not seen (Kneser and Ney, 1995; Chen and Goodman, 1998). Bengio,
Ducharme, Vincent and Jauvin (2003) compute the next word from the vectors of the last few. A recurrent network reads
all words before (Mikolov et al., 2010), and GPT-2 (Radford et al., 2019) attends to them.

The text is the reference of the Python language that comes with Python for `help()`. The numbers depend on Python's
version.
"""

# %%
import math
from pydoc_data.topics import topics

from matplotlib import pyplot as plt
from shared import either

import tilewright as tw
from tilewright.nn import functional as F

paragraphs = dict.fromkeys(each.strip() for each in "\n\n".join(topics.values()).split("\n\n"))  # each of them once
prose = [each for each in paragraphs if each[:1].isupper() and each[-1] in ".:"][:: either(1, 10)]


def words(paragraphs):
    return [word for each in paragraphs for word in (*tw.data.text.words(each, lower=True), "<end>")]


texts = words([each for i, each in enumerate(prose) if i % 10]), words(prose[::10])
vocabulary = tw.data.text.Vocabulary(texts[0], unknown="<rare>", min_count=3)
training, test = (vocabulary.encode(text) for text in texts)
size, end = len(vocabulary), vocabulary["<end>"]
print(f"{training.size:,} words to train with, {test.size:,} to test with, {size:,} different ones")
print(" ".join(vocabulary.decode(test[:40])))

# %% [markdown]
# ## Counting
#
# The larger n, the fewer of the test's contexts were seen in training. Adding k to all counts gives most of the
# probability behind a rare context to words that never follow it. Kneser-Ney smoothing asks the shorter context.

# %%
smoothings = {"add k = 0.01": {"smoothing": "add_k", "k": 0.01}, "Kneser-Ney": {"smoothing": "modified_kneser_ney"}}
orders, results = range(1, 6), {}
for name, how in smoothings.items():
    counted = [tw.models.NGramModel(order, size, **how).fit(training) for order in orders]
    results[name] = [model.perplexity(test) for model in counted]
    print(f"{name:12}", *(f"n = {n}: {perplexity:5.1f}" for n, perplexity in zip(orders, results[name])), sep="  ")

# %% [markdown]
# ## Networks
#
# All networks see windows of 32 words, in 6 passes through the text. Vectors and hidden layers have the same width.

# %%
makers = {
    "Bengio": lambda width: tw.models.NeuralLanguageModel(size, 4, width, width),
    "RNN": lambda width: tw.models.RNNLanguageModel(size, width, width, cell="rnn"),
    "LSTM": lambda width: tw.models.RNNLanguageModel(size, width, width, cell="lstm"),
    "GPT": lambda width: tw.models.GPT2(size, 32, width, num_layers=1, num_heads=4, tie_weights=False),
}


def cross_entropy(network, inputs, targets, **how):
    """Of the word after each of these, (B, T)."""
    if isinstance(network, tw.models.NeuralLanguageModel):  # it reads the last words alone
        padded, steps = F.pad(inputs, (network.context - 1, 0), value=end), inputs.shape[1]
        logits = network(tw.stack([padded[:, i : i + steps] for i in range(network.context)], axis=-1))
    else:
        logits = network(inputs) if isinstance(network, tw.models.GPT2) else network(inputs)[0]
    return F.cross_entropy(logits.reshape((-1, size)), targets.reshape((-1,)), **how)


def train(network, passes, lr):
    windows = tw.data.text.TextWindows(training, 32, batch_first=True)
    loader = tw.data.DataLoader(windows, batch_size=8, shuffle=True, drop_last=True)
    optimizer = tw.optim.Adam(network.parameters(), lr=lr)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, passes * len(loader))
    for _ in range(passes):
        for inputs, targets in loader:
            optimizer.zero_grad()
            cross_entropy(network, inputs, targets).backward()
            tw.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return network.eval()


held = tw.data.text.TextWindows(test, 32, batch_first=True)[:]
networks, widths = {}, either((16, 64), (4, 8))
for name, make in makers.items():
    tw.random.seed(0)
    networks[name] = [train(make(width), either(6, 1), 0.003 if name == "GPT" else 0.01) for width in widths]
    with tw.no_grad():
        results[name] = [math.exp(cross_entropy(network, *held).item()) for network in networks[name]]
    print(f"{name:6}", *(f"width {width}: {result:5.1f}" for width, result in zip(widths, results[name])), sep="  ")

# %%
of_counts = [counted[-1].probability(test[i].item(), test[max(0, i - 4) : i]) for i in range(1, 1 + held[0].size)]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name in smoothings:
    left.plot(orders, results[name], "o-", label=name)
left.set(xlabel="n", ylabel="perplexity", xticks=orders, title="n-grams")
left.legend()
for name in makers:
    numbers = [sum(p.size for p in network.parameters()) / 1000 for network in networks[name]]
    right.plot(numbers, results[name], "o-", label=name)
    with tw.no_grad():
        of_network = tw.exp(-cross_entropy(networks[name][-1], *held, reduction="none"))
    mixed = tw.exp(-tw.log((of_network + tw.asarray(of_counts, dtype="float32")) / 2).mean()).item()
    print(f"half Kneser-Ney with n = {orders[-1]}, half {name:6}: {mixed:5.1f}")
right.axhline(min(results["Kneser-Ney"]), color="black", linestyle=":", label="best of n-grams")
right.set(xlabel="thousands of parameters", ylabel="perplexity", title="networks")
right.legend()

# %% [markdown]
# With k added, the perplexity is worse from n = 3 on; with Kneser-Ney smoothing it falls up to n = 5, though little at
# the end. Wider networks are better, and those that read in order, RNN and LSTM, are the best of the four. None reaches
# the best n-grams: 45,000 words and six passes are little for a network. But the networks know something else. The mean
# of both probabilities is better than either of the two, with each network. Bengio et al. found the same for theirs.
#
# ## Samples

# %%
prompt = vocabulary.encode(tw.data.text.words("if the class"))
models = {f"n = {n}": counted[n - 1] for n in (1, 2, 5)} | {name: nets[-1] for name, nets in networks.items()}
for name, model in models.items():
    start = tw.concatenate([tw.asarray([end]), prompt])
    sample = model.generate(start[None] if name == "GPT" else start, 20, generator=tw.random.Generator(1))
    print(f"{name:6}", " ".join(vocabulary.decode(sample.reshape((-1,))[1:])))

# %% [markdown]
# Of single words, n = 1, no two need fit. With n = 2 neighbours do; with n = 5, and with the networks, some phrases of
# three or four words. None of these small models keeps to a subject. Words that are rare in training are `<rare>`.
