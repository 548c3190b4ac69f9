"""Principal components by singular values: denoising, and how much of the variance is kept."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


# 200 curves that are mixtures of three shapes, with noise.
t = np.linspace(0, 1, 64)
shapes = np.stack([np.sin(2 * np.pi * t), np.cos(6 * np.pi * t), 4 * np.abs(t - 0.5) - 1])
weights = (noise(600, 1).reshape(200, 3) - 0.5) * np.array([4.0, 2.0, 1.0])
clean = weights @ shapes
data = clean + 0.8 * (noise(200 * 64, 2).reshape(200, 64) - 0.5)

mean = data.mean(axis=0)
u, s, vh = np.linalg.svd(data - mean, full_matrices=False)
variance = s**2 / (len(data) - 1)
kept = np.cumsum(variance) / variance.sum()
count = int(np.searchsorted(kept, 0.9)) + 1
print(f"{count} components keep {100 * kept[count - 1]:.4f} % of the variance")

# Signs of singular vectors are arbitrary: the largest entry shall be positive.
sign = np.sign(vh[np.arange(len(vh)), np.argmax(np.abs(vh), axis=1)])
components = (vh * sign[:, None])[:count]
scores = (data - mean) @ components.T
denoised = mean + scores @ components
before = np.linalg.norm(data - clean) / np.linalg.norm(clean)
after = np.linalg.norm(denoised - clean) / np.linalg.norm(clean)
print(f"relative error {before:.6f} before, {after:.6f} after")

# The same by the covariance matrix.
values, vectors = np.linalg.eigh(np.cov(data, rowvar=False))
assert np.allclose(values[::-1][:count], variance[:count])
overlap = np.abs(np.diag(components @ vectors[:, ::-1][:, :count]))
print("overlap with eigenvectors:", np.round(overlap, 8))
print("correlation of scores:", np.round(np.abs(np.corrcoef(scores, rowvar=False)).max(axis=0), 6))
results = variance[:count], components, denoised
