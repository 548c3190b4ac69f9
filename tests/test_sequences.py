"""Sequences of different lengths: packed, padded and back, and recurrent layers over them."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn.utils import rnn

LENGTHS = ([3, 6, 1, 4], [6, 6, 6, 6], [2, 2, 1, 1], [0, 5, 0, 2], [0, 0, 0, 0], [4], [])
KINDS = ("RNN", "LSTM", "GRU")


def drawn(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def padded(lengths, *rest, steps=6, batch_first=False):
    return drawn(*((len(lengths), steps) if batch_first else (steps, len(lengths))), *rest)


def sequences(x, lengths, batch_first=False):
    """Each of a padded array, in NumPy."""
    return [x[i, :n] if batch_first else x[:n, i] for i, n in enumerate(lengths)]


def values(tensors):
    return [tensor.detach().numpy() for tensor in tensors]


def same(got, want):
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)
        assert g.shape == w.shape


def as_list(states):
    return list(states) if isinstance(states, tuple) else [states]


# ---- packing and padding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("batch_first", "rest"), [*itertools.product((False, True), ((), (3,), (2, 1)))])
def test_there_and_back(lengths, batch_first, rest):
    x = padded(lengths, *rest, batch_first=batch_first)
    parts = sequences(x, lengths, batch_first)
    packed = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False)
    assert packed.data.shape == (sum(lengths), *rest) and packed.num_sequences == len(lengths)
    assert packed.batch_sizes.tolist() == [sum(n > t for n in lengths) for t in range(max(lengths, default=0))]
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    assert packed.sorted_indices.tolist() == order
    want = [parts[i][t] for t in range(max(lengths, default=0)) for i in order if lengths[i] > t]
    np.testing.assert_array_equal(packed.data, np.array(want).reshape(packed.data.shape))
    same(values(rnn.unpack_sequence(packed)), parts)
    back, counts = rnn.pad_packed_sequence(packed, batch_first, -1.0, total_length=7)
    assert counts.tolist() == lengths and counts.dtype == tw.int64
    same(values(rnn.unpad_sequence(back, counts, batch_first)), parts)
    assert back.size == np.count_nonzero(back == -1.0) + packed.data.size
    assert back.shape[:2] == ((len(lengths), 7) if batch_first else (7, len(lengths)))
    if lengths:
        again = rnn.pack_sequence(parts, enforce_sorted=False)
        same([np.asarray(part) for part in again], [np.asarray(part) for part in packed])
        for side in ("right", "left"):
            filled = rnn.pad_sequence(parts, batch_first, 2.5, side)
            most = max(lengths)
            for row, part in zip(np.asarray(filled) if batch_first else np.moveaxis(filled, 1, 0), parts, strict=True):
                n = most - len(part)
                np.testing.assert_array_equal(row[n:] if side == "left" else row[: len(part)], part)
                assert (row[:n] == 2.5).all() if side == "left" else (row[len(part) :] == 2.5).all()


def test_sorted_lengths_need_no_indices():
    packed = rnn.pack_padded_sequence(padded([4, 2, 2]), [4, 2, 2])
    assert packed.sorted_indices is None and packed.unsorted_indices is None and packed.num_sequences == 3
    same(values(rnn.unpack_sequence(packed)), sequences(padded([4, 2, 2]), [4, 2, 2]))
    packed = rnn.pack_padded_sequence(padded([4, 0]), np.array([4, 0], np.int32))
    assert packed.sorted_indices.tolist() == [0, 1] and packed.num_sequences == 2  # or one would not be known of
    packed = nn.utils.rnn.PackedSequence(drawn(3, 2), [2, 1], unsorted_indices=[1, 0])
    assert packed.sorted_indices.tolist() == [1, 0]


@pytest.mark.parametrize("batch_first", [False, True])
def test_gradients(batch_first):
    """Finite differences, through what each makes of the others' results; twice."""
    lengths = [2, 0, 3]
    x = tw.asarray(padded(lengths, 2, steps=4, batch_first=batch_first))

    def there_and_back(x):
        packed = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False)
        y, counts = rnn.pad_packed_sequence(packed, batch_first)
        again = rnn.pad_sequence(rnn.unpad_sequence(y * y, counts, batch_first), batch_first, 1.0, "left")
        return again, rnn.unpack_sequence(rnn.pack_sequence(rnn.unpack_sequence(packed), False))[2]

    tw.testing.check_grads(there_and_back, x, order=2)
    x.requires_grad_()
    there_and_back(x)[0].sum().backward()
    beyond = [x.grad[i, n:] if batch_first else x.grad[n:, i] for i, n in enumerate(lengths)]
    assert all((part == 0).all() for part in beyond)


@pytest.mark.parametrize("lengths", [[3, 6, 1, 4], [6, 5, 5, 2]])
@pytest.mark.parametrize("batch_first", [False, True])
def test_it_is_pytorchs(lengths, batch_first):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.utils.rnn
    x = padded(lengths, 3, batch_first=batch_first)
    for enforce in {lengths == sorted(lengths, reverse=True), False}:
        got = rnn.pack_padded_sequence(x, lengths, batch_first, enforce)
        want = theirs.pack_padded_sequence(torch.tensor(x), torch.tensor(lengths), batch_first, enforce)
        for g, w in zip(got, want, strict=True):
            assert (g is None) == (w is None)
            if g is not None:
                np.testing.assert_array_equal(g, w.numpy())
        for g, w in zip(
            rnn.pad_packed_sequence(got, batch_first, 2.0, 8),
            theirs.pad_packed_sequence(want, batch_first, 2.0, 8),
            strict=True,
        ):
            np.testing.assert_array_equal(g, w.numpy())
        same(values(rnn.unpack_sequence(got)), [part.numpy() for part in theirs.unpack_sequence(want)])
    parts = sequences(x, lengths, batch_first)
    for side in ("right", "left"):
        want = theirs.pad_sequence([torch.tensor(part) for part in parts], batch_first, 1.5, side)
        np.testing.assert_array_equal(rnn.pad_sequence(parts, batch_first, 1.5, side), want.numpy())


# ---- PackedSequence --------------------------------------------------------------------------------------------------


def test_a_packed_sequence_is_a_named_tuple():
    packed = rnn.pack_sequence([drawn(2, 3), drawn(4, 3)], enforce_sorted=False)
    data, batch_sizes, order, back = packed
    assert (data is packed.data) and packed.device == "cpu" and isinstance(packed, tuple)
    for twin in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed)), packed.to("cpu")):
        assert type(twin) is rnn.PackedSequence
        same([np.asarray(part) for part in twin], [np.asarray(part) for part in packed])
    doubled = packed._replace(data=data * 2)
    assert type(doubled) is rnn.PackedSequence and (doubled.data == data * 2).all()
    assert doubled.batch_sizes is batch_sizes and (tw.take(order, back) == tw.arange(2)).all()


class Doubled(nn.Module):
    def forward(self, packed):
        return packed._replace(data=packed.data * 2)


def test_modules_take_and_give_them():
    """Hooks, checkpoints and fusing go through the tuple."""
    packed = rnn.pack_sequence([drawn(4, 3), drawn(2, 3)])
    want = packed.data * 2
    fused = nn.fuse(Doubled())(packed)
    assert type(fused) is rnn.PackedSequence and (fused.data == want).all()
    seen = []
    module = Doubled()
    module.register_full_backward_hook(lambda module, into, out: seen.append((into, out)))
    x = tw.asarray(np.asarray(packed.data)).requires_grad_()
    module(packed._replace(data=x)).data.sum().backward()
    assert (x.grad == 2).all() and (seen[0][0][0] == 2).all() and (seen[0][1][0] == 1).all()


# ---- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [lengths for lengths in LENGTHS if lengths], ids=str)
def test_each_sequence_is_as_if_alone(kind, lengths):
    """Results, last states, and gradients of what the layer was given and of its parameters."""
    count = 2 if kind == "LSTM" else 1
    for layers, bidirectional, enforce in itertools.product(
        (1, 2), (False, True), {False, lengths == sorted(lengths)[::-1]}
    ):
        module = getattr(nn, kind)(3, 4, layers, bidirectional=bidirectional, batch_first=True, dtype="float64")
        shape = (layers * (1 + bidirectional), len(lengths), 4)
        x = tw.asarray(padded(lengths, 3, batch_first=True)).requires_grad_()
        hx = [tw.asarray(drawn(*shape, seed=i)).requires_grad_() for i in range(count)]
        packed = rnn.pack_padded_sequence(x, lengths, True, enforce)
        output, last = module(packed, tuple(hx) if count == 2 else hx[0])
        assert type(output) is rnn.PackedSequence and output.sorted_indices is packed.sorted_indices
        y, _ = rnn.pad_packed_sequence(output, True, total_length=6)
        cotangents = [drawn(*value.shape, seed=7 + i) for i, value in enumerate((y, *as_list(last)))]
        sum([(value * c).sum() for value, c in zip((y, *as_list(last)), cotangents, strict=True)]).backward()
        together = [p.grad for p in (x, *hx, *module.parameters())]
        for tensor in (x, *hx, *module.parameters()):
            tensor.grad = None
        alone = []
        for i, n in enumerate(lengths):
            first = [state[:, i : i + 1] for state in hx]
            one, ends = module(x[i : i + 1, :n], tuple(first) if count == 2 else first[0])
            np.testing.assert_allclose(y[i, :n].detach().numpy(), one[0].detach().numpy(), rtol=1e-12, atol=1e-12)
            assert (y[i, n:] == 0).all()
            for state, end in zip(as_list(last), as_list(ends), strict=True):
                np.testing.assert_allclose(state[:, i].detach().numpy(), end[:, 0].detach().numpy(), 1e-12, 1e-12)
            alone.append((one * cotangents[0][i : i + 1, :n]).sum())
            alone += [(e * c[:, i : i + 1]).sum() for e, c in zip(as_list(ends), cotangents[1:], strict=True)]
        sum(alone).backward()
        for got, p in zip(together, (x, *hx, *module.parameters()), strict=True):
            if got is None or p.grad is None:
                assert sum(lengths) == 0
            else:
                np.testing.assert_allclose(got.numpy(), p.grad.numpy(), 1e-10, 1e-12)


def test_gradients_through_a_layer():
    module = nn.LSTM(2, 3, bidirectional=True, proj_size=2, dtype="float64")
    x = tw.asarray(padded([1, 3], 2, steps=3))

    def function(x, h, c):
        output, last = module(rnn.pack_padded_sequence(x, [1, 3], enforce_sorted=False), (h, c))
        return output.data, *last

    tw.testing.check_grads(function, x, tw.asarray(drawn(2, 2, 2)), tw.asarray(drawn(2, 2, 3)), order=2)


# ---- errors ----------------------------------------------------------------------------------------------------------

X = tw.ones((5, 2, 3))


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, r"pack_padded_sequence: input has shape \(3,\), but must be \(T, B, ..\)",
         lambda: rnn.pack_padded_sequence(tw.ones(3), [1])),
        (ValueError, "pack_padded_sequence: there are 3 lengths, but 2 sequences",
         lambda: rnn.pack_padded_sequence(X, [1, 2, 3])),
        (ValueError, r"pack_padded_sequence: lengths\[1\] is 6, but must be from 0 to 5",
         lambda: rnn.pack_padded_sequence(X, [5, 6], enforce_sorted=False)),
        (ValueError, r"unpad_sequence: lengths\[0\] is -1, but must be from 0 to 2",
         lambda: rnn.unpad_sequence(X, [-1] * 5, batch_first=True)),
        (ValueError, r"pack_padded_sequence: lengths is \[2, 5\], but lengths must not increase; sort .* enf",
         lambda: rnn.pack_padded_sequence(X, [2, 5])),
        (TypeError, "pack_padded_sequence: lengths has dtype float32, but must be integers",
         lambda: rnn.pack_padded_sequence(X, [2.0, 1.0])),
        (ValueError, r"pack_padded_sequence: lengths has shape \(\), but needs one axis",
         lambda: rnn.pack_padded_sequence(X, 2)),
        (TypeError, "pack_padded_sequence: enforce_sorted is 'no'",
         lambda: rnn.pack_padded_sequence(X, [2, 1], enforce_sorted="no")),
        (ValueError, "pack_sequence: there are no sequences, but at least one", lambda: rnn.pack_sequence([])),
        (TypeError, "pad_sequence: sequences is a Tensor, but must be a list", lambda: rnn.pad_sequence(X)),
        (ValueError, r"pad_sequence: sequence 1 has shape \(2, 4\), but must be \(L, 3\)",
         lambda: rnn.pad_sequence([tw.ones((2, 3)), tw.ones((2, 4))])),
        (ValueError, r"pad_sequence: sequence 0 has shape \(\), but must be \(L,\)", lambda: rnn.pad_sequence([1.0])),
        (ValueError, "padding_side is 'top', but must be \"right\" or \"left\"",
         lambda: rnn.pad_sequence([tw.ones(2)], padding_side="top")),
        (TypeError, "pad_packed_sequence: sequence is a Tensor, but must be a PackedSequence",
         lambda: rnn.pad_packed_sequence(X)),
        (TypeError, "unpack_sequence: packed_sequences is a Tensor, but must be", lambda: rnn.unpack_sequence(X)),
        (ValueError, "pad_packed_sequence: total_length is 1, but the longest sequence has 2 steps",
         lambda: rnn.pad_packed_sequence(rnn.pack_sequence([tw.ones(2)]), total_length=1)),
        (ValueError, r"PackedSequence: batch_sizes is \[1, 2\], but sizes must be at least 1 and never increase",
         lambda: rnn.PackedSequence(tw.ones(3), [1, 2])),
        (ValueError, r"PackedSequence: batch_sizes is \[1, 0\]", lambda: rnn.PackedSequence(tw.ones(1), [1, 0])),
        (ValueError, r"PackedSequence: data has shape \(3,\), but batch_sizes add up to 2",
         lambda: rnn.PackedSequence(tw.ones(3), [1, 1])),
        (ValueError, "PackedSequence: there are 1 sorted_indices and 1 unsorted_indices, but 2 sequences",
         lambda: rnn.PackedSequence(tw.ones(2), [2], [0])),
        (ValueError, r"PackedSequence: sorted_indices is \[0, 0\], but must have each number below 2 once",
         lambda: rnn.PackedSequence(tw.ones(2), [2], [0, 0])),
        (ValueError, r"PackedSequence: unsorted_indices is \[1, 2, 0\], but must be the inverse of \[1, 2, 0\]",
         lambda: rnn.PackedSequence(tw.ones(3), [3], [1, 2, 0], [1, 2, 0])),
        (ValueError, "pad_sequence: padding_value is 0.5, which is no int64",
         lambda: rnn.pad_sequence([[1, 2], [3]], padding_value=0.5)),
        (ValueError, "pad_packed_sequence: padding_value is -1.0, which is no uint8",
         lambda: rnn.pad_packed_sequence(rnn.pack_sequence([tw.ones(2, dtype="uint8")]), padding_value=-1)),
        (TypeError, "PackedSequence: batch_sizes has dtype float32",
         lambda: rnn.PackedSequence(tw.ones(2), [1.0, 1.0])),
    ],
)  # fmt: skip
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
