"""PageRank of a random web of pages, by power iteration and as an eigenvector."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


PAGES, LINKS, DAMPING = 120, 700, 0.85

source = (noise(LINKS, 1) * PAGES).astype(int)
target = (noise(LINKS, 2) ** 2 * PAGES).astype(int)  # the first pages are the popular ones
keep = (source != target) & (source % 17 != 0)  # every 17th page links nowhere
pairs = np.unique(np.stack([source[keep], target[keep]], axis=1), axis=0)
source, target = pairs.T

out = np.bincount(source, minlength=PAGES)
dangling = np.flatnonzero(out == 0)
share = np.zeros(PAGES)
np.divide(1.0, out, out=share, where=out > 0)
print(f"{len(source)} links, {len(dangling)} pages without")

rank = np.full(PAGES, 1 / PAGES)
steps, change = 0, 1.0
while change > 1e-13:
    steps += 1
    flow = np.zeros(PAGES)
    np.add.at(flow, target, rank[source] * share[source])
    lost = rank[dangling].sum() / PAGES
    new = (1 - DAMPING) / PAGES + DAMPING * (flow + lost)
    change = np.abs(new - rank).sum()
    rank = new
print(f"{steps} steps, sum {rank.sum():.12f}")

# The same as a matrix, whose first eigenvector is the rank.
matrix = np.zeros((PAGES, PAGES))
matrix[target, source] = share[source]
matrix[:, dangling] = 1 / PAGES
google = DAMPING * matrix + (1 - DAMPING) / PAGES
assert np.allclose(google.sum(axis=0), 1)
values, vectors = np.linalg.eig(google)
first = np.argmax(np.abs(values))
vector = np.real(vectors[:, first])
vector = vector / vector.sum()
print(f"eigenvalue {np.abs(values[first]):.9f}; the same ranks: {np.allclose(vector, rank, atol=1e-10)}")
order = np.argsort(-rank, kind="stable")
print("first pages:", order[:8].tolist())
inside = np.isin(order[:20], np.argsort(-np.bincount(target, minlength=PAGES), kind="stable")[:20])
print(f"{np.count_nonzero(inside)} of the first 20 are among the 20 most linked to")
lower, median, upper = np.percentile(rank, [25, 50, 75])
print(f"quartiles {lower:.8f} {median:.8f} {upper:.8f}")
results = rank, order
