"""Data sets, splits and batches."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright.data import DataLoader, Subset, TensorDataset, random_split


def dataset(n=10):
    return TensorDataset(tw.reshape(tw.arange(2 * n), (n, 2)), tw.arange(n))


def seen(loader):
    return [index.tolist() for _, index in loader]


def joined(lists):
    return [entry for part in lists for entry in part]


def test_tensor_dataset():
    data = dataset()
    assert len(data) == 10
    assert [t.tolist() for t in data[3]] == [[6, 7], 3]
    assert [t.tolist() for t in data[-1]] == [[18, 19], 9]
    assert data[2:4][1].tolist() == [2, 3]
    for index in ([4, 0], np.array([4, 0]), tw.asarray([4, 0])):
        features, labels = data[index]
        assert features.tolist() == [[8, 9], [0, 1]] and labels.tolist() == [4, 0]
    with pytest.raises(IndexError):
        data[10]
    with pytest.raises(IndexError):
        data[[0, 10]]


@pytest.mark.parametrize("tensors", [(), (3.0,), ([1, 2], [1, 2, 3])])
def test_tensor_dataset_needs_one_length(tensors):
    with pytest.raises(ValueError, match="TensorDataset: shapes are"):
        TensorDataset(*tensors)


def test_slices_share_memory_and_batches_do_not():
    features = tw.zeros((4, 2))
    data = TensorDataset(features)
    data[0:2][0][0, 0] = 5
    assert features[0, 0].item() == 5
    data[tw.asarray([0, 1])][0][0, 0] = 7
    assert features[0, 0].item() == 5


def test_subset():
    part = Subset(dataset(), [7, 2, 5])
    assert len(part) == 3
    assert part[1][1].item() == 2 and part[-1][1].item() == 5
    assert part[:2][1].tolist() == [7, 2]
    assert part[tw.asarray([2, 0])][1].tolist() == [5, 7]
    assert seen(DataLoader(part, batch_size=2)) == [[7, 2], [5]]
    with pytest.raises(IndexError):
        part[3]


def test_batches_in_order():
    loader = DataLoader(dataset(), batch_size=4)
    assert len(loader) == 3 and seen(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    loader = DataLoader(dataset(), batch_size=4, drop_last=True)
    assert len(loader) == 2 and seen(loader) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert seen(DataLoader(dataset(8), batch_size=4)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert seen(DataLoader(dataset(3), batch_size=100)) == [[0, 1, 2]]
    assert seen(DataLoader(dataset(3), batch_size=100, drop_last=True)) == []
    assert seen(DataLoader(dataset(0), batch_size=2)) == []
    assert len(DataLoader(dataset())) == 10


def test_shuffling_visits_every_sample_once_in_each_pass():
    loader = DataLoader(dataset(1000), batch_size=64, shuffle=True, generator=tw.random.Generator(0))
    passes = [joined(seen(loader)) for _ in range(3)]
    assert all(sorted(p) == list(range(1000)) for p in passes)
    assert passes[0] != passes[1] != passes[2] and passes[0] != list(range(1000))


def test_features_stay_with_their_labels():
    for features, labels in DataLoader(dataset(), batch_size=3, shuffle=True):
        assert (features[:, 0] == labels * 2).all()


def test_the_same_seed_gives_the_same_orders():
    def orders(make):
        loader = DataLoader(dataset(50), batch_size=8, shuffle=True, generator=make())
        return [seen(loader) for _ in range(2)]

    assert orders(lambda: tw.random.Generator(3)) == orders(lambda: tw.random.Generator(3))
    assert orders(lambda: tw.random.Generator(3)) != orders(lambda: tw.random.Generator(4))
    assert orders(lambda: tw.random.seed(9)) == orders(lambda: tw.random.seed(9))


def test_two_passes_at_once_do_not_disturb_each_other():
    loader = DataLoader(dataset(20), batch_size=5, shuffle=True, generator=tw.random.Generator(0))
    pairs = [(a[1].tolist(), b[1].tolist()) for a, b in zip(loader, loader, strict=True)]
    for side in zip(*pairs, strict=True):
        assert sorted(joined(side)) == list(range(20))


def test_own_data_sets():
    class Squares:
        def __len__(self):
            return 6

        def __getitem__(self, index):
            numbers = tw.arange(6)[index]
            return numbers * numbers

    assert [b.tolist() for b in DataLoader(Squares(), batch_size=4)] == [[0, 1, 4, 9], [16, 25]]
    shuffled = DataLoader(Squares(), batch_size=6, shuffle=True)
    assert sorted(next(iter(shuffled)).tolist()) == [0, 1, 4, 9, 16, 25]


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), (None, TypeError)])
def test_batch_size_is_checked(size, error):
    with pytest.raises(error, match="DataLoader: batch_size"):
        DataLoader(dataset(), batch_size=size)


def test_random_split():
    sizes_of = (([6, 4], [6, 4]), ([0.5, 0.25, 0.25], [6, 2, 2]), ([0.1] * 10, [1] * 10), ([10, 0], [10, 0]))
    for lengths, sizes in sizes_of:
        parts = random_split(dataset(), lengths, tw.random.Generator(1))
        assert [len(p) for p in parts] == sizes
        assert sorted(joined(p[:][1].tolist() for p in parts)) == list(range(10))
    a, b = (random_split(dataset(), [6, 4], tw.random.Generator(1))[0][:][1].tolist() for _ in range(2))
    assert a == b != list(range(6))
    for lengths in ([6, 5], [11, -1], [0.5, 0.4], []):
        with pytest.raises(ValueError, match="random_split: lengths"):
            random_split(dataset(), lengths)
