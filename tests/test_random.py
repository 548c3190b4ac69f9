"""Random numbers: their distributions, their streams, and that the number of threads does not show."""

from __future__ import annotations

import copy
import math
import pickle
import threading

import numpy as np
import pytest

import tilewright as tw
from tilewright.random import Generator

N = 200_000


def draw_everything(generator):
    return [
        generator.uniform(-1, 2, 70_001),
        generator.uniform(size=70_001, dtype="float64"),
        generator.normal(1, 2, (7, 10_003)),
        generator.normal(size=70_001, dtype="float64"),
        generator.normal(size=1001, dtype="bfloat16"),
        generator.integers(-5, 1000, 70_001),
        generator.permutation(70_001),
        generator.bernoulli(0.3, 70_001),
        tw.nn.functional.dropout(tw.ones(70_001), 0.4, generator=generator),
    ]


def bits(tensor):
    return tensor.astype("float32").numpy().tobytes() if tensor.dtype == tw.bfloat16 else tensor.numpy().tobytes()


def test_any_number_of_threads_gives_the_same_bits():
    before = tw.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            results.append([bits(t) for t in draw_everything(Generator(5))])
        assert results[0] == results[1] == results[2]
    finally:
        tw.set_num_threads(before)


def test_the_first_numbers_of_a_stream_do_not_change():
    """The same seed gives the same numbers in every version and on every ISA level."""
    assert Generator(0).integers(0, 2**32, 4).tolist() == Generator(0).integers(2**32, size=4).tolist()
    words = tw._core.random_bits(4, 0, 0, 0)
    assert [hex(w) for w in tw.asarray(words).tolist()] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform(dtype):
    x = Generator(1).uniform(-2, 3, N, dtype).numpy()
    assert x.dtype == dtype and x.min() >= -2 and x.max() < 3
    assert abs(x.mean() - 0.5) < 0.02 and abs(x.var() - 25 / 12) < 0.03
    counts = np.histogram(x, 50, (-2, 3))[0]
    assert ((counts - N / 50) ** 2 / (N / 50)).sum() < 100  # chi-square with 49 degrees of freedom: 0.9999 quantile 98
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.01


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal(dtype):
    x = Generator(2).normal(1, 2, N, dtype).numpy()
    z = (x - 1) / 2
    assert x.dtype == dtype
    assert (
        abs(z.mean()) < 0.01 and abs(z.var() - 1) < 0.02 and abs((z**3).mean()) < 0.03 and abs((z**4).mean() - 3) < 0.1
    )
    edges = np.linspace(-3, 3, 25)
    expected = N * np.diff([0.5 * math.erfc(-e / math.sqrt(2)) for e in edges])
    assert ((np.histogram(z, edges)[0] - expected) ** 2 / expected).sum() < 60
    assert 3.5 < abs(z).max() < 7


def test_integers():
    x = Generator(3).integers(-3, 4, N).numpy()
    assert x.dtype == np.int64 and set(x) == set(range(-3, 4))
    counts = np.bincount(x + 3)
    assert ((counts - N / 7) ** 2 / (N / 7)).sum() < 35
    assert set(Generator(3).integers(2, size=100).tolist()) == {0, 1}
    assert set(Generator(3).integers(1, 2, 100, endpoint=True).tolist()) == {1, 2}
    wide = Generator(3).integers(-(2**63), 2**63, N).numpy()
    assert abs((wide > 0).mean() - 0.5) < 0.01
    assert Generator(3).integers(5, 6, 3).tolist() == [5, 5, 5]
    for low, high in ((3, 3), (4, 3), (0, 2**63 + 1), (-(2**63) - 1, 0)):
        with pytest.raises(ValueError, match="integers: no int64 lies between"):
            Generator(0).integers(low, high)


def test_permutation():
    x = Generator(4).permutation(10_000)
    assert sorted(x.tolist()) == list(range(10_000)) and x.tolist() != list(range(10_000))
    first = [Generator(seed).permutation(3).tolist() for seed in range(1200)]
    counts = [first.count(list(p)) for p in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0])]
    assert sum(counts) == 1200 and min(counts) > 150
    rows = Generator(4).permutation([[1, 2], [3, 4], [5, 6]])
    assert sorted(rows.tolist()) == [[1, 2], [3, 4], [5, 6]]
    assert Generator(4).permutation(0).shape == (0,)
    with pytest.raises(ValueError, match="permutation: x is -1, but must be at least 0"):
        Generator(4).permutation(-1)
    with pytest.raises(ValueError, match="0-d"):
        Generator(4).permutation(tw.asarray(1.0))


def test_choice():
    x = Generator(5).choice([2, 3, 5, 7], 1000)
    assert set(x.tolist()) == {2, 3, 5, 7}
    assert sorted(Generator(5).choice(10, (2, 5), replace=False).numpy().ravel()) == list(range(10))
    assert Generator(5).choice([[1, 2], [3, 4]], 5).shape == (5, 2)
    assert Generator(5).choice(3).shape == ()
    assert Generator(5).choice(0, 0).shape == (0,)
    with pytest.raises(ValueError, match="cannot draw 3 of 2 without replacement"):
        Generator(5).choice(2, 3, replace=False)
    with pytest.raises(ValueError, match="cannot draw 1 of 0 with replacement"):
        Generator(5).choice([])


def test_bernoulli():
    x = Generator(6).bernoulli(0.3, N)
    assert x.dtype == tw.bool_ and abs(x.mean().item() - 0.3) < 0.005
    assert not Generator(6).bernoulli(0.0, 1000).any() and Generator(6).bernoulli(1.0, 1000).all()
    with pytest.raises(ValueError, match=r"bernoulli: p is 1.5, but must lie in \[0, 1\]"):
        Generator(6).bernoulli(1.5)


def test_shapes_and_dtypes():
    g = Generator(7)
    assert g.uniform().shape == () and g.normal(size=3).shape == (3,) and g.uniform(size=(2, 0)).shape == (2, 0)
    assert g.uniform(size=[2, np.int64(3)]).shape == (2, 3)
    assert g.standard_normal((2, 3), "float16").dtype == tw.float16
    for call in (lambda: g.uniform(dtype="int64"), lambda: g.normal(dtype=bool)):
        with pytest.raises(TypeError, match=r"(uniform|normal): dtype is"):
            call()
    with pytest.raises(ValueError, match="negative length"):
        g.uniform(size=(2, -1))
    with pytest.raises(ValueError, match="low"):
        g.uniform(2, 1)
    with pytest.raises(ValueError, match=r"normal: scale is -1\.0"):
        g.normal(0, -1)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 1000])
def test_calls_never_share_numbers(n):
    """Two calls of n are one of 2n where n fills whole positions, and differ everywhere else."""
    g = Generator(8)
    first, second = g.uniform(size=n).numpy(), g.uniform(size=n).numpy()
    assert not np.isin(first, second).any()
    if n % 4 == 0:
        np.testing.assert_array_equal(np.concatenate([first, second]), Generator(8).uniform(size=2 * n).numpy())


def test_seeds():
    a = [Generator(seed).uniform(size=100).tolist() for seed in (0, 1, 2**32, 2**64 - 1)]
    assert len({tuple(x) for x in a}) == 4
    assert Generator().uniform(size=4).tolist() != Generator().uniform(size=4).tolist()
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match=f"seed {seed}"):
            Generator(seed)
    with pytest.raises(TypeError):
        Generator(1.5)


def test_state():
    g = Generator(9)
    g.normal(size=5)
    state = g.state
    expected = g.normal(size=5).tolist()
    g.state = state
    assert g.normal(size=5).tolist() == expected
    assert state == {"seed": 9, "position": 2}
    g.state = state
    for twin in (copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
        assert twin.normal(size=5).tolist() == expected
    assert repr(g) == "Generator(seed=9, position=2)"


def test_the_default_generator():
    tw.random.seed(3)
    a = [tw.random.uniform(size=3).tolist(), tw.random.permutation(5).tolist()]
    tw.random.seed(3)
    assert [tw.random.uniform(size=3).tolist(), tw.random.permutation(5).tolist()] == a
    assert tw.random.default_generator.state["seed"] == 3


def test_threads_share_a_generator_without_sharing_numbers():
    g = Generator(10)
    drawn = []

    def work():
        for _ in range(200):
            drawn.append(g.integers(0, 2**62, 8).tolist())

    workers = [threading.Thread(target=work) for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    numbers = [n for chunk in drawn for n in chunk]
    assert len(numbers) == len(set(numbers)) == 4 * 200 * 8
