"""# The Transformer

Attention as a layer of its own, without recurrence (Vaswani et al., 2017). Each position makes a query, a key and a
value from its vector, by linear maps, and gets a mean of all values:

> Attention(Q, K, V) = softmax(Q Kᵀ / √d) V, with d numbers in a query.

Several heads do this beside each other, each on its own share of the vector. Around each part of a layer goes a
residual connection and a layer norm: x ← LayerNorm(x + part(x)). The parts are attention, and a network of two linear
maps that is applied to each position.
"""

# %%
import math

from matplotlib import pyplot as plt
from shared import either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


def attention(q, k, v, mask=None):
    """Of queries (.., T, d), keys (.., S, d), values (.., S, d); also the weights (.., T, S)."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    weights = F.softmax(scores if mask is None else tw.where(mask, scores, -math.inf), axis=-1)
    return weights @ v, weights


def encoder_layer(layer, x, heads):
    """What `layer(x)` is, for x (N, T, E)."""
    own, (count, length, size) = layer.self_attn, x.shape
    qkv = F.linear(x, own.in_proj_weight, own.in_proj_bias)
    qkv = qkv.reshape((count, length, 3, heads, size // heads))
    mixed, _ = attention(*tw.moveaxis(qkv, (2, 3), (0, 2)))
    x = layer.norm1(x + own.out_proj(tw.moveaxis(mixed, 1, 2).reshape((count, length, size))))
    return layer.norm2(x + layer.linear2(F.relu(layer.linear1(x))))


tw.random.seed(0)
layer = nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=True)
x = tw.random.normal(size=(1, 6, 32))
with tw.no_grad():
    print(f"by hand and the library's differ by {tw.abs(encoder_layer(layer, x, 4) - layer(x)).max().item():.0e}")
    swapped = layer(x[:, [1, 0, 2, 3, 4, 5]])[:, [1, 0, 2, 3, 4, 5]]
    print(f"with two positions swapped, and swapped back, by {tw.abs(swapped - layer(x)).max().item():.0e}")

# %% [markdown]
# Without a mask attention knows no order. What tells positions apart is added to the vectors: sines and cosines whose
# wavelengths grow from 2π towards 10,000 · 2π (left). A decoder that writes must not see what it is to write: its mask
# lets position t see positions 0 to t only (middle). And the √d: the product of two vectors of d normal numbers has the
# variance d. Without the root the softmax gives nearly all of the weight to one key (right), where its gradient is
# small.

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
left.imshow(nn.SinusoidalPositions(32)(tw.zeros((1, 50, 32)))[0].T, cmap="RdBu", aspect="auto")
left.set(xlabel="position", ylabel="number of the vector", title="positions")
q, k = tw.random.normal(size=(2, 1, 8, 32))
tw.plot.attention(attention(q, k, k, tw.tril(tw.ones((8, 8))) > 0)[1][0], ax=middle, title="weights under a mask")
sizes = [2**n for n in range(9)]
for label, scaled in (("without √d", False), ("with √d", True)):
    largest = []
    for size in sizes:
        q, k = tw.random.normal(size=(2, 200, 10, size))
        largest.append(attention(q if scaled else q * math.sqrt(size), k, k)[1].max(axis=-1).mean().item())
    right.plot(sizes, largest, "o-", label=label)
right.set(xscale="log", xlabel="d", ylabel="weight", ylim=(0, 1), title="the largest of 10 weights")
right.legend()

# %% [markdown]
# An encoder and a decoder of two layers each are to sort the letters of a word. The decoder attends to what it wrote,
# and then to what the encoder made of the word.

# %%
vocabulary, LENGTH = tw.data.text.Vocabulary([*"abcdefghijklmnopqrstuvwxyz", "<start>", "<end>"]), 10
START, END = vocabulary.encode(["<start>", "<end>"]).tolist()


def in_order(words):
    return tw.concatenate([tw.sort(words, axis=1), tw.full((len(words), 1), END)], axis=1)


model, steps = tw.models.Transformer(len(vocabulary), None, 32, 2, 2, 2, 64, 0.0, start=START, end=END), either(600, 40)
optimizer = tw.optim.Adam(model.parameters(), betas=(0.9, 0.98))
schedule = tw.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, steps, pct_start=0.1, cycle_momentum=False)
for _ in range(steps):
    words = tw.random.integers(0, 26, size=(64, LENGTH))
    optimizer.zero_grad()
    loss = F.cross_entropy(model(words, in_order(words)).swapaxes(1, 2), in_order(words))
    loss.backward()
    optimizer.step()
    schedule.step()
words = tw.random.integers(0, 26, size=(either(500, 50), LENGTH))
found = model.generate(words, max_length=LENGTH + 1).tokens[:, 0]
right = (F.pad(found, (0, LENGTH + 1 - found.shape[1])) == in_order(words)).all(axis=1).mean().item()
print(f"{sum(p.size for p in model.parameters()):,} parameters; {right:.1%} of new words are sorted without a mistake")

# %%
source = vocabulary.encode("tilewright")[None]
weights = model.align(source, in_order(source))[0]  # (layers, heads, written, read)
figure, panels = plt.subplots(1, 4, figsize=(11, 3.4), layout="constrained", sharey=True)
for i, (panel, head) in enumerate(zip(panels, weights.reshape((4, -1, LENGTH)))):
    tw.plot.attention(head, "tilewright", "eghiilrttw.", panel, xlabel="read", ylabel="" if i else "written")
    panel.set_title(f"layer {i // 2 + 1}, head {i % 2 + 1}")

# %% [markdown]
# A row is a letter that is written, the last one the end of the word. The first layer's weights are spread. In the
# second layer, most clearly in its second head, they lie on the next letter; of a letter that is there twice, i and t,
# both places share the weight.
#
# What it costs to relate all of n positions of d numbers (table 1 of the paper; windows of k):
#
# | layer | multiply-adds | steps that wait for each other | path between the two ends |
# | --- | --- | --- | --- |
# | attention | n² d | 1 | 1 |
# | recurrent | n d² | n | n |
# | convolution | k n d² | 1 | n / k, dilated logₖ n |
#
# The same counted for layers of this library, with the maps before and behind the attention:

# %%
attending, recurrent, windows = nn.MultiheadAttention(64, 4), nn.LSTM(64, 64), nn.Conv1d(64, 64, 3, padding=1)
for n in (16, 256, either(4096, 512)):
    for layer, shapes in ((attending, [(n, 1, 64)] * 3), (recurrent, [(n, 1, 64)]), (windows, [(1, 64, n)])):
        costs = layer.summary(*shapes, paths=True)
        kind, steps, path = (getattr(costs.layers[0], name) for name in ("kind", "sequential_steps", "path_length"))
        print(f"n = {n:4}  {kind:18} {costs.total.multiply_adds:13,} multiply-adds, {steps:4} steps, path {path:4}")

# %% [markdown]
# Attention needs one step and a path of one, whatever the length. Of 16 positions it has fewer multiply-adds than the
# LSTM, of 4,096 over 16 times as many: n² has overtaken n d.
