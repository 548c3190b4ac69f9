"""Two layers with backpropagation by hand, trained to tell three spirals apart."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


def spirals(count, classes):
    x = np.zeros((count * classes, 2))
    y = np.zeros(count * classes, dtype=int)
    for k in range(classes):
        rows = slice(k * count, (k + 1) * count)
        radius = np.linspace(0.05, 1, count)
        angle = np.linspace(4 * k, 4 * (k + 1), count) + (noise(count, k) - 0.5) * 0.4
        x[rows] = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
        y[rows] = k
    return x, y


def train(epochs=300, hidden_units=40, rate=1.0, decay=1e-3):
    x, y = spirals(60, 3)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    count = len(x)
    w1 = (noise(2 * hidden_units, 5).reshape(2, hidden_units) - 0.5) * 2
    b1 = np.zeros(hidden_units)
    w2 = (noise(hidden_units * 3, 6).reshape(hidden_units, 3) - 0.5) * 2 / np.sqrt(hidden_units)
    b2 = np.zeros(3)
    every = np.arange(count)
    best = np.inf
    for epoch in range(epochs):
        hidden = np.maximum(x @ w1 + b1, 0)
        scores = hidden @ w2 + b2
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[every, y]).mean()
        loss += decay / 2 * ((w1**2).sum() + np.sum(w2**2))
        best = min(best, loss)

        d = p.copy()
        d[every, y] -= 1
        d /= count
        d_hidden = d @ w2.T
        d_hidden[hidden <= 0] = 0
        for weight, gradient in ((w2, hidden.T @ d), (w1, x.T @ d_hidden)):
            weight -= rate * (gradient + decay * weight)
        b2 -= rate * d.sum(axis=0)
        b1 -= rate * d_hidden.sum(0)
        if epoch % 100 == 0:
            print(f"epoch {epoch:4d}: loss {loss:.10f}, accuracy {np.mean(p.argmax(axis=1) == y):.4f}")
    print("best loss", float(best))
    return w1, b1, w2, b2


results = train()
