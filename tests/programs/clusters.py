"""k-means, and principal axes by power iteration with Gram-Schmidt."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


def points():
    """Three clouds, longer in one direction, in an order that looks random."""
    centres = np.array([[0.0, 0, 0], [4, 1, 0], [0, 5, 2]])
    clouds = [centre + (noise(150, i).reshape(50, 3) - 0.5) * [3.0, 1.5, 0.5] for i, centre in enumerate(centres)]
    x = np.concatenate(clouds)
    order = np.arange(len(x))
    for i in range(len(x) - 1, 0, -1):
        j = int(noise(1, i)[0] * (i + 1))
        order[i], order[j] = order[j], order[i]
    return x[order]


def kmeans(x, count):
    centres = x[:count].copy()
    labels = None
    steps = 0
    while True:
        distances = ((x[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        nearest = distances.argmin(axis=1)
        if labels is not None and (nearest == labels).all():
            break
        labels = nearest
        steps += 1
        for k in range(count):
            members = x[labels == k]
            if len(members) > 0:
                centres[k] = members.mean(axis=0)
    inertia = distances.min(axis=1).sum()
    sizes = {}
    for label in labels:
        sizes[label] = sizes.get(label, 0) + 1
    print(f"{steps} steps, inertia {inertia:.8f}, sizes {sorted(int(size) for size in sizes.values())}")
    return centres, labels


def principal_axes(x, count, steps=200):
    x = x - np.mean(x, axis=0)
    covariance = x.T @ x / (len(x) - 1)
    axes, variances = [], []
    for i in range(count):
        v = np.ones(x.shape[1])
        v[i] += 1
        for _ in range(steps):
            v = covariance @ v
            for axis in axes:
                v -= (v * axis).sum() * axis
            v /= np.sqrt((v**2).sum())
        axes.append(v)
        variances.append(v @ covariance @ v)
    share = np.array(variances) / np.sum(variances)
    print("share of the variance:", np.round(share, 6))
    return np.stack(axes), np.array(variances)


data = points()
centres, labels = kmeans(data, 3)
axes, variances = principal_axes(data, 3)
results = centres, labels, axes, variances
