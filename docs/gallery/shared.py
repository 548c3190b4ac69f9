"""What the pages of the gallery share."""

import os

import numpy as np
from sklearn.datasets import load_digits

import tilewright as tw

QUICK = bool(os.environ.get("GALLERY_QUICK"))


def either(full, quick):
    """The number of steps, epochs or examples of this run."""
    return quick if QUICK else full


def digits():
    """Scikit-learn's 1,797 digits: images (N, 64) in [0, 1] and labels of training and test, the same every time."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images, labels = tw.asarray(data.data[order], dtype="float32") / 16, tw.asarray(data.target[order])
    return images[:1347], labels[:1347], images[1347:], labels[1347:]
