"""# Logistic and softmax regression

A linear score z = w·x + b becomes a probability by the sigmoid, p = σ(z) = 1 / (1 + exp(-z)). The weights are those
that make the labels most likely (Cox, 1958): they minimise the cross-entropy

> L = -mean(y log p + (1 - y) log(1 - p)), with ∇L = mean((p - y) x).

For K classes there is a score for each, and pₖ = exp(zₖ) / Σ exp(zⱼ), the softmax (Bridle, 1990); L = -mean(log p of
the true class). Either loss is convex in the weights.
"""

# %%
import numpy as np
from matplotlib import pyplot as plt
from shared import digits, either
from sklearn.datasets import load_breast_cancer, load_iris

import tilewright as tw
from tilewright.nn import functional as F

tw.random.seed(0)


def standardised(data, columns):
    x = tw.asarray(data.data[:, columns], dtype="float32")
    return (x - tw.mean(x, axis=0)) / tw.std(x, axis=0), tw.asarray(data.target)


# %% [markdown]
# Two classes: 569 tumours, by their mean radius and the mean number of concave parts of the outline. Gradient descent
# needs nothing but the formula above. Scored by softmax, with 0 as the score of the other class, the probabilities are
# the same.

# %%
x, benign = standardised(load_breast_cancer(), [0, 7])
y = 1 - benign
w, b = tw.zeros(2), 0.0
for _ in range(either(1000, 200)):
    error = F.sigmoid(x @ w + b) - y
    w, b = w - error @ x / len(x), b - tw.mean(error)
score = x @ w + b
loss = F.binary_cross_entropy_with_logits(score, y.astype("float32")).item()
print(f"w = {w.tolist()}, b = {b.item():.2f}: cross-entropy {loss:.3f}, {tw.mean((score > 0) == y).item():.1%} right")
one, two = F.sigmoid(score), F.softmax(tw.stack([0 * score, score], axis=1))[:, 1]
print(f"softmax of the scores 0 and z, less the sigmoid of z: at most {tw.max(tw.abs(one - two)).item():.0e}")

# %% [markdown]
# Three classes: 150 irises, by the length and width of a petal. A network without hidden layer is softmax regression.


# %%
def fit(x, y, classes, steps):
    model = tw.models.MLP([x.shape[1], classes])
    optimizer = tw.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def accuracy(model, x, y):
    return tw.mean(tw.argmax(model(x), axis=1) == y).item()


petals, kinds = standardised(load_iris(), [2, 3])
iris = fit(petals, kinds, 3, either(1000, 100))
print(f"irises: {accuracy(iris, petals, kinds):.1%} right")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
names = np.where(y.numpy(), "malignant", "benign")
tw.plot.decision_boundary(
    lambda x: F.sigmoid(x @ w + b), x, names, left, threshold=0.5, title="tumours: the probability, and where it is 1/2"
)
left.set(xlabel="radius, standardised", ylabel="concave parts, standardised")
kinds = load_iris().target_names[kinds.numpy()]
tw.plot.decision_boundary(iris, petals, kinds, right, title="irises: the most probable kind")
right.set(xlabel="length of a petal, standardised", ylabel="width of a petal, standardised")

# %% [markdown]
# With two classes the probability is 1/2 where the score is 0, on a line, and the other lines of equal probability are
# parallel to it. With three, the border between two kinds is where their scores are equal, also a line. Versicolor and
# virginica overlap, so that no line has all of them on the right side. Descent settles on a border all the same, where
# the perceptron's rule would never end.
#
# Ten classes: the digits, with a weight for each of the 64 pixels.

# %%
images, labels, test_images, test_labels = digits()
model = fit(images, labels, 10, either(500, 100))
seen, unseen = accuracy(model, images, labels), accuracy(model, test_images, test_labels)
size = sum(p.size for p in model.parameters())
print(f"{size} numbers; digits right: {seen:.1%} in training, {unseen:.1%} of others")

# %%
weights = model.linears[0].weight.detach().reshape((10, 8, 8))
furthest = tw.max(tw.abs(weights)).item()
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", width_ratios=(3, 2))
how = {"cmap": "RdBu", "vmin": -furthest, "vmax": furthest}
tw.plot.images(weights, left, titles="0123456789", columns=5, title="weights: blue for, red against the digit", **how)
guess = tw.argmax(model(test_images), axis=1)
wrong = tw.nonzero(guess != test_labels)[0][:9]
titles = [f"{a}, not {b}" for a, b in zip(guess[wrong].tolist(), test_labels[wrong].tolist())]
tw.plot.images(test_images[wrong].reshape((-1, 8, 8)), right, titles=titles, cmap="gray_r", title="mistakes")

# %% [markdown]
# For this model a 0 is what has no ink in the middle, a 9 what has none in its lower left part. It can have no more
# than such a template of a digit: it adds up evidence of single pixels, and cannot ask for two pixels together.
