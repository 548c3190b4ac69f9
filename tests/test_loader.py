"""Batches: samplers, transforms, making them ahead in a thread, positions that are saved, and streamed text."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import tilewright as tw
from tilewright.data import (
    DataLoader,
    RandomSampler,
    SequentialSampler,
    StratifiedSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    transforms,
)
from tilewright.data.text import StreamedWindows, TextWindows


def dataset(n=20):
    return TensorDataset(tw.arange(n), tw.arange(n))


def seen(loader):
    return [batch[0].tolist() for batch in loader]


def joined(lists):
    return [entry for part in lists for entry in part]


class Noise:
    def __init__(self, generator=None):
        self.generator = generator

    def __call__(self, batch):
        source = self.generator or tw.random.default_generator
        return batch[0] + source.normal(size=batch[0].shape), batch[1]


# ---- samplers --------------------------------------------------------------------------------------------------------


def test_samplers_in_order_and_at_random():
    assert list(SequentialSampler(dataset(4))) == [0, 1, 2, 3]
    sampler = RandomSampler(dataset(50), generator=tw.random.Generator(0))
    assert len(sampler) == 50 and sorted(sampler) == list(range(50)) and list(sampler) != list(sampler)
    assert len(set(RandomSampler(dataset(50), num_samples=9))) == 9
    drawn = list(RandomSampler(dataset(5), replacement=True, num_samples=1000))
    assert len(drawn) == 1000 and set(drawn) == {0, 1, 2, 3, 4}
    assert list(RandomSampler(dataset(0))) == [] == list(RandomSampler(dataset(0), replacement=True))
    with pytest.raises(ValueError, match="RandomSampler: num_samples is 6, but must be at most 5"):
        RandomSampler(dataset(5), num_samples=6)


def test_weights_are_probabilities():
    weights = tw.asarray([0.0, 1.0, 3.0])
    sampler = WeightedRandomSampler(weights, 40_000, generator=tw.random.Generator(0))
    counts = np.bincount(sampler.draw().numpy(), minlength=3) / 40_000
    np.testing.assert_allclose(counts, [0, 0.25, 0.75], atol=0.01)
    assert sorted(WeightedRandomSampler([1, 2, 0, 4], 3, replacement=False)) == [0, 1, 3]
    for arguments, error, message in (
        (([[1.0]], 1), ValueError, r"weights have shape \(1, 1\), but must be 1-D"),
        (([True], 1), TypeError, "weights have dtype bool"),
        (([1.0], 2, False), ValueError, "num_samples is 2, but must be at most 1"),
    ):
        with pytest.raises(error, match=f"WeightedRandomSampler: {message}"):
            WeightedRandomSampler(*arguments)


@pytest.mark.parametrize("size", [10, 25, 40])
def test_stratified_batches_have_the_classes_in_their_shares(size):
    labels = np.random.default_rng(0).permutation(np.repeat([3, 0, 7], [700, 250, 50]))
    sampler = StratifiedSampler(labels, tw.random.Generator(0))
    order = sampler.draw().numpy()
    assert sorted(order) == list(range(1000)) and len(sampler) == 1000
    assert not (order == sampler.draw().numpy()).all()
    for start in range(0, 1000, size):
        part = labels[order[start : start + size]]
        for label, share in ((3, 0.7), (0, 0.25), (7, 0.05)):
            assert abs((part == label).sum() - share * size) <= 2
    assert list(StratifiedSampler([])) == []
    with pytest.raises(TypeError, match="StratifiedSampler: labels have dtype float32, but must be integers"):
        StratifiedSampler([0.5])


def test_loaders_take_samplers_and_sequences():
    loader = DataLoader(dataset(), 3, sampler=[5, 3, 1, 0], drop_last=True)
    assert len(loader) == 1 and seen(loader) == [[5, 3, 1]]
    assert len(joined(seen(DataLoader(dataset(), 4, sampler=WeightedRandomSampler([1.0] * 20, 50))))) == 50
    for options, error, message in (
        ({"sampler": [1], "shuffle": True}, ValueError, "shuffle and generator stand beside a sampler"),
        ({"sampler": 3}, TypeError, "sampler is 3, but must be a Sampler, or an iterable of indices with a length"),
        ({"transform": 3}, TypeError, "transform is 3, but must be callable"),
        ({"prefetch": -1}, ValueError, "prefetch is -1, but must be at least 0"),
    ):
        with pytest.raises(error, match=f"DataLoader: {message}"):
            DataLoader(dataset(), **options)
    with pytest.raises(TypeError, match="DataLoader: the sampler gave float32 of shape"):
        iter(DataLoader(dataset(), sampler=[0.5]))


# ---- ahead -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 2, 100])
def test_batches_that_are_made_ahead_are_the_same(prefetch):
    def passes(**options):
        transform = Noise(tw.random.Generator(2))
        loader = DataLoader(dataset(), 3, True, generator=tw.random.Generator(1), transform=transform, **options)
        first, partial = seen(loader), iter(loader)
        taken = [next(partial)[0].tolist() for _ in range(2)]
        del partial  # an abandoned pass leaves the generators where its last batch did
        return first, taken, seen(loader)

    assert passes(prefetch=prefetch) == passes()


def test_an_error_comes_where_its_batch_would():
    class Failing:
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index.start == 2:
                raise RuntimeError("broken")
            return index.start

    batches, got = iter(DataLoader(Failing(), prefetch=3)), []
    with pytest.raises(RuntimeError, match="broken"):
        got += batches
    assert [next(iter(DataLoader(Failing(), prefetch=3)))] == [0]


def prefetching():
    return [thread for thread in threading.enumerate() if thread.name == "tilewright prefetch"]


def test_the_thread_ends_with_its_pass():
    loader = DataLoader(dataset(), 2, prefetch=2)
    assert len(seen(loader)) == 10 and not prefetching()
    batches = iter(loader)
    next(batches)
    assert len(prefetching()) == 1
    del batches
    gc.collect()
    assert not prefetching()


def test_a_process_may_end_within_a_pass(python):
    done = python(
        "import tilewright as tw\n"
        "batches = iter(tw.data.DataLoader(tw.data.TensorDataset(tw.arange(99)), prefetch=2))\n"
        "print(next(batches)[0].tolist())"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0]\n", "")


def test_batches_are_made_while_others_are_used():
    made = threading.Event()

    class Watched:
        def __len__(self):
            return 8

        def __getitem__(self, index):
            if index.start == 2:
                made.set()
            return index.start

    batches = iter(DataLoader(Watched(), prefetch=2))
    assert next(batches) == 0 and made.wait(20)
    assert list(batches) == list(range(1, 8))


def test_a_transform_made_ahead_needs_a_generator_of_its_own():
    flip = transforms.OnInputs(transforms.Compose([transforms.RandomHorizontalFlip()]))
    message = (
        "DataLoader: RandomHorizontalFlip draws from the default generator, but with prefetch needs one of its own"
    )
    with pytest.raises(ValueError, match=message):
        DataLoader(dataset(), transform=flip, prefetch=1)
    assert DataLoader(dataset(), transform=flip).state_dict()["generators"] == []


# ---- positions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [0, 3])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_pass_goes_on_where_it_was(prefetch, shuffle):
    def made(seed):
        transform = transforms.Compose([Noise(tw.random.Generator(seed))])
        source = tw.random.Generator(seed + 1) if shuffle else None
        return DataLoader(
            Subset(dataset(), range(19)), 4, shuffle, generator=source, transform=transform, prefetch=prefetch
        )

    for taken in range(6):
        loader, other = made(1), made(7)
        batches = iter(loader)
        for _ in range(taken):
            next(batches)
        state = loader.state_dict()
        assert state["position"] == taken
        rest, following = seen(batches), seen(loader)
        next(iter(other))
        other.load_state_dict(state)
        assert other.state_dict()["position"] == taken
        assert len(rest) == 5 - taken and seen(other) == rest and seen(other) == following
    assert loader.state_dict()["position"] is None


def test_states_that_do_not_fit_are_refused():
    loader = DataLoader(dataset(), 4, shuffle=True, generator=tw.random.Generator(0))
    next(iter(loader))
    state = loader.state_dict()
    for changed, error, message in (
        (3, TypeError, "state_dict is 3, but must be a dict"),
        ({"position": 1}, ValueError, "the state_dict lacks order and generators"),
        ({**state, "position": 6}, ValueError, "position is 6, but must be at most 5"),
        ({**state, "order": None}, ValueError, "the state is of a loader without an order of its own"),
        ({**state, "order": [1, 2]}, ValueError, r"order is int64 of shape \(2,\), but must be 20 integers"),
        ({**state, "generators": []}, ValueError, "there are 0 states of generators, but the loader has 1"),
        ({**state, "generators": [{}]}, ValueError, "the state lacks seed and position"),
    ):
        with pytest.raises(error, match=message):
            loader.load_state_dict(changed)
    with pytest.raises(ValueError, match="the state is of a loader with an order of its own"):
        DataLoader(dataset(), 4).load_state_dict({**state, "generators": []})


# ---- mixtures --------------------------------------------------------------------------------------------------------


def test_mixup_is_a_mean_of_samples_and_targets():
    x, y = tw.eye(6)[:, :, None] * tw.ones((6, 6, 2)), tw.arange(6)
    inputs, targets = transforms.MixUp(0.4, 6, generator=tw.random.Generator(0))((x, y))
    np.testing.assert_allclose(inputs[:, :, 0].numpy(), targets.numpy(), atol=1e-6)
    np.testing.assert_allclose(targets.numpy().sum(axis=1), 1, rtol=1e-6)
    assert ((targets.numpy() > 0).sum(axis=1) <= 2).all() and (targets.numpy() > 0).sum() > 8
    regression = transforms.MixUp(generator=tw.random.Generator(0))((x[:, :, 0], tw.astype(y, "float32")[:, None]))[1]
    assert regression.shape == (6, 1)


def test_cutmix_counts_the_pixels():
    x = tw.eye(6)[:, :, None, None] * tw.ones((6, 6, 9, 8))
    images, targets = transforms.CutMix(num_classes=6, generator=tw.random.Generator(3))((x, tw.arange(6)))
    np.testing.assert_allclose(images.numpy().mean(axis=(2, 3)), targets.numpy(), atol=1e-6)
    assert ((images.numpy() == 0) | (images.numpy() == 1)).all() and ((targets > 0) & (targets < 1)).any()


def test_mixtures_check_their_batches():
    for batch, error, message in (
        (tw.ones(3), TypeError, "batch is a Tensor, but must be a tuple of inputs and targets"),
        ((tw.ones((3, 2)), tw.arange(2)), ValueError, "there are 3 inputs, but 2 targets"),
        ((tw.arange(3), tw.arange(3)), TypeError, "inputs have dtype int64, but must be floating"),
        ((tw.ones((3, 2)), tw.zeros((3, 1), dtype="int64")), ValueError, r"targets are int64 of shape \(3, 1\), but"),
    ):
        with pytest.raises(error, match=f"MixUp: {message}"):
            transforms.MixUp(num_classes=4)(batch)
    with pytest.raises(ValueError, match=r"CutMix: alpha is 0\.0, but must be positive and finite"):
        transforms.CutMix(0)
    with pytest.raises(TypeError, match="OnInputs: batch is a Tensor, but must be a tuple of inputs and more"):
        transforms.OnInputs(abs)(tw.ones(3))


# ---- streamed text ---------------------------------------------------------------------------------------------------


def windows(batches):
    return [row for inputs, targets in batches for row in zip(inputs.tolist(), targets.tolist(), strict=True)]


@pytest.mark.parametrize("count", [1, 4, 9, 100, 101, 102])
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_streamed_windows_are_those_of_the_whole_text(count, piece):
    text = tw.random.Generator(0).integers(0, 50, count)
    pieces = [text[i : i + piece] for i in range(0, count, piece)]
    wanted = []
    if count > 4:
        inputs, targets = TextWindows(text, 4, batch_first=True)[:]
        wanted = list(zip(inputs.tolist(), targets.tolist(), strict=True))
    assert windows(StreamedWindows(pieces, 3, 4, batch_first=True)) == wanted
    full = len(wanted) // 3 * 3
    assert windows(StreamedWindows(pieces, 3, 4, batch_first=True, drop_last=True)) == wanted[:full]
    shuffled = windows(StreamedWindows(pieces, 3, 4, shuffle=10, batch_first=True, generator=tw.random.Generator(1)))
    assert sorted(shuffled) == sorted(wanted) and (count < 100 or shuffled != wanted)


def test_files_are_streamed(tmp_path):
    path = tmp_path / "text"
    text = "".join(f"line {i}\n" for i in range(400))
    path.write_text(text)
    batches = StreamedWindows(path, 8, 5, encode=lambda piece: [ord(c) for c in piece])
    (inputs, targets) = next(iter(batches))
    assert inputs.shape == targets.shape == (5, 8)
    assert "".join(map(chr, inputs.T.reshape(-1).tolist())) == text[:40]
    assert len(list(batches)) == len(list(batches)) == -(-((len(text) - 1) // 5) // 8)
    with pytest.raises(TypeError, match="StreamedWindows: a file needs encode="):
        StreamedWindows(path, 8, 5)
    with pytest.raises(TypeError, match="StreamedWindows: a piece is text, which needs encode="):
        list(StreamedWindows(["abc"], 8, 5))
    with pytest.raises(FileNotFoundError):
        list(StreamedWindows(tmp_path / "none", 8, 5, encode=len))


@pytest.mark.parametrize("source", [None, tw.random.Generator(4)], ids=["default", "own"])
def test_a_stream_goes_on_where_it_was(source):
    def made():
        return StreamedWindows([range(500)], 4, 6, shuffle=32, batch_first=True, generator=source)

    stream, other = made(), made()
    batches = iter(stream)
    first = [next(batches) for _ in range(5)]
    state = stream.state_dict()
    rest = windows(batches)
    other.load_state_dict(state)
    assert windows(other) == rest and len(rest) + 4 * len(first) == 499 // 6
    assert stream.state_dict()["position"] is None
    with pytest.raises(ValueError, match="load_state_dict: the state_dict lacks seed and generator"):
        other.load_state_dict({"position": 3})
