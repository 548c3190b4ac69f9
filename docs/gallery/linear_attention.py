"""# Linear attention

Attention is a mean of values whose weights come from a kernel k(q, kⱼ); the softmax has exp(q · kⱼ / √d). Where the
kernel is a product of features, φ(q) · φ(kⱼ), the sums over the keys can be taken first, once for all queries
(Katharopoulos, Vyas, Pappas, Fleuret, 2020):

> output(q) = Σⱼ φ(q) · φ(kⱼ) vⱼ / Σⱼ φ(q) · φ(kⱼ) = φ(q)ᵀ S / φ(q)ᵀ z,  S = Σⱼ φ(kⱼ) vⱼᵀ,  z = Σⱼ φ(kⱼ).

S and z have one size for all lengths: n keys cost time that grows with n, not n². With φ(x) = elu(x) + 1 no weight is
negative.
"""

# %%
import time
import timeit

from matplotlib import pyplot as plt
from shared import either

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

tw.random.seed(0)
q, k, v = tw.random.normal(size=(3, 1, 12, 16))  # one text of 12 positions


def phi(x):
    return F.elu(x) + 1


def kernel(q, k, v):
    """All weights, those of later keys left out."""
    weights = tw.tril(phi(q) @ phi(k).mT)
    return weights @ v / weights.sum(axis=-1, keepdims=True)


def recurrent(q, k, v):
    """Position by position, with two sums for a memory."""
    S, z, outputs = tw.zeros((1, 16, 16)), tw.zeros((1, 16)), []
    for query, key, value in zip(*(tw.moveaxis(x, 1, 0) for x in (phi(q), phi(k), v))):
        S, z = S + key[:, :, None] * value[:, None], z + key
        outputs.append((query[:, None] @ S)[:, 0] / (query * z).sum(axis=-1, keepdims=True))
    return tw.stack(outputs, axis=1)


found = F.linear_attention(q, k, v, causal=True)
for form in (kernel, recurrent):
    print(f"the library's and the {form.__name__} form differ by {tw.abs(form(q, k, v) - found).max().item():.0e}")

# %% [markdown]
# So a causal layer of linear attention is a recurrent network, whose state is S and z, and it can be trained with all
# positions at once. `LinearAttention.step` goes on from a state. Below, the time of a layer of 64 numbers and 4 heads,
# on texts that get longer.


# %%
def seconds(layer, x):
    return min(timeit.repeat(lambda: layer(x), timer=time.process_time, number=1, repeat=3))


softmax = nn.MultiheadAttention(64, 4, batch_first=True)
layers = {"linear": nn.LinearAttention(64, 4), "linear, causal": nn.LinearAttention(64, 4, causal=True)}
layers["softmax"] = lambda x: softmax(x, x, x, need_weights=False)
lengths = [2**n for n in range(7, either(14, 10))]
texts = [tw.random.normal(size=(1, length, 64)) for length in lengths]
with tw.no_grad():
    taken = {name: [seconds(layer, x) for x in texts] for name, layer in layers.items()}
print(f"{lengths[-1]:,} positions: " + ", ".join(f"{name} {1000 * times[-1]:.0f} ms" for name, times in taken.items()))

# %% [markdown]
# What is lost: a weight of the softmax can single out one key; weights of products of d features are broad. The task:
# n pairs of a key and a value are read, then one of the keys is asked for, and the value that came with it is to be
# told. The models are one attention each, with learned vectors of d numbers, trained with 16 pairs.

# %%
SYMBOLS, TESTED = 32, (2, 4, 8, 16, 32)


def draw(count, pairs):
    """Keys, all different, and their values, the key that is asked for, and its value."""
    keys = tw.argsort(tw.random.uniform(size=(count, SYMBOLS)), axis=1)[:, :pairs]
    values = tw.random.integers(0, SYMBOLS, size=(count, pairs))
    return keys, values, keys[:, :1], values[:, 0]  # their order does not matter


class Recall(nn.Module):
    def __init__(self, attention, size):
        self.attention = attention
        self.query, self.key, self.value = (nn.Embedding(SYMBOLS, size) for _ in range(3))
        self.output = nn.Linear(size, SYMBOLS)

    def forward(self, keys, values, asked):
        return self.output(self.attention(self.query(asked), self.key(keys), self.value(values))[:, 0])


def recall(attention, size):
    """The share of right answers, by how many pairs were read."""
    tw.random.seed(0)
    model = Recall(attention, size)
    optimizer = tw.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(either(600, 30)):
        *read, target = draw(128, 16)
        optimizer.zero_grad()
        F.cross_entropy(model(*read), target).backward()
        optimizer.step()
    with tw.no_grad():
        tests = [draw(1000, pairs) for pairs in TESTED]
        return [(model(*read).argmax(axis=-1) == target).mean().item() for *read, target in tests]


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for name, times in taken.items():
    left.plot(lengths, times, "o-", label=name)
left.set(xscale="log", yscale="log", xlabel="positions", ylabel="CPU seconds", title="time of a layer")
for size in (4, 8, 16):
    right.plot(TESTED, recall(F.linear_attention, size), "o-", label=f"linear, d = {size}")
right.plot(TESTED, recall(F.scaled_dot_product_attention, 4), "k^--", label="softmax, d = 4")
right.set(xlabel="pairs that are read", ylabel="right answers", ylim=(0, 1.05), title="recall")
left.legend()
right.legend()

# %% [markdown]
# The time of linear attention grows in step with the length, that of the softmax towards its square, so that at 8,192
# positions it takes more than ten times as long. But softmax attention with vectors of 4 numbers finds every value.
# Linear attention has a state of d (d + 1) numbers: with d = 4 it fails at two pairs already, with d = 16 it is right
# up to 4 pairs, and gets worse from there on.
