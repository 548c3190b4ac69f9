"""# Vectors of words: GloVe

Words that stand near the same words mean something alike (Firth, 1957). GloVe (Pennington, Socher and Manning, 2014)
counts how often words i and j stand near each other, X_ij, each pair by one over its distance, and fits the logarithm
with a bilinear form:

> minimise Σ f(X_ij) (w_i · w̃_j + b_i + b̃_j - log X_ij)², f(x) = min((x / x_max)^¾, 1).

Differences of vectors are then about logarithms of ratios: (w_a - w_b) · w̃_j tells how much more often j stands near a
than near b, up to a constant. So one difference that the text makes again and again becomes one direction.
"""

# %% [markdown]
# ## A text with known structure
#
# Each sentence of this made-up text has a person, two things of the person's rank, two words of the sex, two words that
# say nothing and two at random, in any order. Whoever reads it has no spelling and no dictionary to go by.

# %%
from pydoc_data.topics import topics

from matplotlib import pyplot as plt
from shared import either

import tilewright as tw

tw.random.seed(0)
ranks = {
    "king queen": "crown throne palace court",
    "prince princess": "heir castle ball horse",
    "actor actress": "stage play film theatre",
    "waiter waitress": "menu table soup guest",
    "uncle aunt": "nephew cousin visit family",
    "monk nun": "prayer cell bell abbey",
    "wizard witch": "spell potion cat cauldron",
}
marks = ("he his him beard", "she her hers dress")
fillers = ["the", "a", "was", "with", "and", "near", "saw", "had"]
anything = " ".join([*ranks.values(), *marks]).split()


def choice(words, count):
    return [words[i] for i in tw.random.integers(0, len(words), count).tolist()]


def sentence():
    pair, side = choice(list(ranks), 1)[0], tw.random.integers(0, 2).item()
    words = [pair.split()[side], *choice(ranks[pair].split(), 2), *choice(marks[side].split(), 2)]
    words += choice(fillers, 2) + choice(anything, 2)
    return [words[i] for i in tw.random.permutation(len(words)).tolist()]


text = [sentence() for _ in range(either(6000, 300))]
vocabulary = tw.data.text.Vocabulary([word for words in text for word in words])
counts = tw.models.cooccurrences(*(vocabulary.encode(words) for words in text), vocab_size=len(vocabulary), window=7)
print(" ".join(text[0]), " ".join(text[1]), sep="\n")
print(f"{len(text):,} sentences, {len(vocabulary)} words, {len(counts.counts):,} pairs with a count above 0")

# %% [markdown]
# ## The fit
#
# Each analogy asks: a is to b as c is to which word? The answer is the word whose vector has the smallest angle to
# b - a + c, for all pairs of pairs.

# %%
model = tw.models.GloVe(len(vocabulary), 12)
losses = model.fit(counts, either(100, 10), lr=0.1, batch_size=256)
print(f"loss {losses[0]:.3f} in the first pass, {losses[-1]:.4f} in the last")


def nearest(model, vocabulary, word, k=5):
    return f"{word:10}" + " ".join(vocabulary.decode(model.nearest(vocabulary[word], k)[0]))


people = [vocabulary.encode(pair.split()).tolist() for pair in ranks]
right = [model.analogy(a, b, c)[0].item() == d for a, b in people for c, d in people if a != c]
print(f"{sum(right)} of {len(right)} analogies are right")
print(*(nearest(model, vocabulary, word) for word in ("king", "nun", "soup", "his", "the")), sep="\n")

# %% [markdown]
# All analogies are right, and the nearest words are those of the same rank or sex. In the picture below, on the left,
# the step from each he to its she is about the same, although no rule said so: in all pairs the same neighbours change.
# On the right the form follows the logarithms of the counts. Small counts scatter most: they are noisy, and f gives
# them little weight.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
vectors = model.vectors[tw.asarray(people)]  # (pairs, 2, D)
sex = (vectors[:, 1] - vectors[:, 0]).mean(axis=0)
means = vectors.mean(axis=1)
rank = tw.linalg.svd(means - means.mean(axis=0))[2][1]  # the second component: here names overlap in the first
points = tw.stack([vectors @ sex / tw.sqrt(sex @ sex), vectors @ rank], axis=-1).numpy()
for pair in points:
    left.plot(*pair.T, color="lightgrey", zorder=0)
names = [vocabulary.tokens[i] for pair in people for i in pair]
tw.plot.embeddings(points.reshape(-1, 2), ["he", "she"] * len(people), left, names=names, title="the pairs")
left.set(xlabel="along the mean of all differences", ylabel="second component of the means")
left.margins(x=0.25)
with tw.no_grad():
    fitted = model(counts.rows, counts.columns)
right.scatter(tw.log(counts.counts).numpy(), fitted.numpy(), s=4)
right.axline((4, 4), slope=1, color="black", linewidth=0.8)
right.set(xlabel="log X", ylabel="w · w̃ + b + b̃", title="the bilinear form")

# %% [markdown]
# ## A real text
#
# The same on the reference of the Python language that comes with Python for `help()`.

# %%
paragraphs = dict.fromkeys("\n\n".join(topics.values()).split("\n\n"))  # each of them once
texts = [[word for word in tw.data.text.words(each, lower=True) if word.isalpha()] for each in paragraphs]
vocabulary = tw.data.text.Vocabulary([word for words in texts for word in words], min_count=10)
encoded = [vocabulary.encode([word for word in words if word in vocabulary]) for words in texts]
counts = tw.models.cooccurrences(*encoded, vocab_size=len(vocabulary), window=6)
model = tw.models.GloVe(len(vocabulary), 32, x_max=10)
model.fit(counts, either(40, 1), lr=0.1, batch_size=1024)
print(f"{sum(map(len, encoded)):,} words, {len(vocabulary)} different ones, {len(counts.counts):,} pairs")
print(*(nearest(model, vocabulary, word) for word in ("class", "list", "integer", "raised", "string")), sep="\n")

# %%
groups = {
    "numbers": ["integer", "float", "number", "integers", "complex", "digits"],
    "errors": ["exception", "raised", "except", "handler", "traceback"],
    "classes": ["class", "instance", "subclass", "bases", "descriptor"],
    "modules": ["import", "module", "modules", "package", "loader", "path"],
}
chosen = {word: group for group, words in groups.items() for word in words if word in vocabulary}
figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
vectors = model.vectors[vocabulary.encode(list(chosen))]
vectors = vectors / tw.sqrt((vectors**2).sum(axis=1, keepdims=True))
tw.plot.embeddings(vectors, list(chosen.values()), axes, names=list(chosen), title="words of the reference of Python")

# %% [markdown]
# 43,000 words are few, yet most of the nearest words belong to the subject. In the plane of the two main components
# numbers, classes, modules and errors have places of their own, with exceptions: "traceback" stands far from the other
# errors, and "modules" among the classes. The plane has about a third of the variance; the rest is not seen.
