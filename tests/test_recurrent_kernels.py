"""The kernels of recurrent layers: against PyTorch, saturated gates, denormals, and what each direction keeps."""

from __future__ import annotations

import time

import numpy as np
import pytest

import tilewright as tw
from cases.recurrent import gru as gru_in_numpy, lstm as lstm_in_numpy
from tilewright._functions import recurrent

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def draw(*shape, seed=0, dtype="float32", most=1.0):
    x = np.random.default_rng([seed, *shape]).uniform(-most, most, shape)
    return tw.asarray(x, dtype=dtype)


def operands(op, rows, sequences, inputs, hidden, dtype="float32", projected=None):
    """Arrays of a layer, then None for what a plain LSTM does without."""
    gates, output, most = GATES[op], projected or hidden, 1 / hidden**0.5
    x, h = draw(rows, inputs, dtype=dtype), draw(sequences, output, seed=1, dtype=dtype)
    c = [draw(sequences, hidden, seed=2, dtype=dtype)] if op == "lstm" else []
    shapes = (gates * hidden, inputs), (gates * hidden, output), (gates * hidden,), (gates * hidden,)
    weights = [draw(*shape, seed=3 + i, dtype=dtype, most=most) for i, shape in enumerate(shapes)]
    of_h = draw(output, hidden, seed=9, dtype=dtype, most=most) if projected else None
    return [x, h, *c, *weights, *([of_h, None] if op == "lstm" else [])]


def statics(op, sizes, reverse=False):
    return (tuple(sizes), reverse, *{"rnn": ("tanh",), "gru": (True,), "lstm": ()}[op])


def leaves(arrays):
    return [None if x is None else x.detach().requires_grad_() for x in arrays]


@pytest.mark.kernels
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize(("steps", "sequences"), [(1, 1), (1, 40), (7, 1), (6, 5), (5, 12), (4, 13), (5, 70)])
@pytest.mark.parametrize(("op", "projected"), [("rnn", None), ("gru", None), ("lstm", None), ("lstm", 13)])
def test_against_pytorch(op, steps, sequences, projected):
    torch = pytest.importorskip("torch")
    inputs, hidden = 19, 37
    arrays = operands(op, steps * sequences, sequences, inputs, hidden, projected=projected)
    ours = leaves(arrays)
    results = getattr(recurrent, op)(*ours, *statics(op, [sequences] * steps))
    layer = getattr(torch.nn, op.upper())(inputs, hidden, **({"proj_size": projected} if projected else {}))
    of_states = 3 if op == "lstm" else 2
    theirs = [torch.tensor(x.numpy(), requires_grad=True) for x in arrays[:of_states]]
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), [x for x in arrays[of_states:] if x is not None], strict=True):
            parameter.copy_(torch.tensor(value.numpy()))
    x, *states = theirs
    states = [state[None] for state in states]
    y, last = layer(x.reshape(steps, sequences, inputs), tuple(states) if op == "lstm" else states[0])
    wanted = [y.reshape(steps * sequences, -1), *[s[0] for s in (last if op == "lstm" else [last])]]
    for ours_, theirs_ in zip(results, wanted, strict=True):
        np.testing.assert_allclose(ours_.detach().numpy(), theirs_.detach().numpy(), rtol=1e-5, atol=2e-6)
    cotangents = [draw(*y.shape, seed=20 + i) for i, y in enumerate(results)]
    sum((y * g).sum() for y, g in zip(results, cotangents, strict=True)).backward()
    sum((y * torch.tensor(g.numpy())).sum() for y, g in zip(wanted, cotangents, strict=True)).backward()
    gradients = [*[x.grad for x in theirs], *[p.grad for p in layer.parameters()]]
    for ours_, theirs_ in zip([x for x in ours if x is not None], gradients, strict=True):
        np.testing.assert_allclose(ours_.grad.numpy(), theirs_.numpy(), rtol=2e-5, atol=2e-5 * np.sqrt(steps))


@pytest.mark.kernels
@pytest.mark.parametrize("sizes", [(1,) * 3, (20,) * 3, (5, 3, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_gates_are_exact(dtype, sizes):
    """Of sums of +-1e4 the gates are 0 and 1, tanh is +-1: c counts the steps, or stays, and h is +-tanh(c)."""
    rows, sequences, hidden = sum(sizes), sizes[0], 5
    x = tw.ones((rows, 1), dtype=dtype)
    zeros = tw.zeros((sequences, hidden), dtype=dtype)
    first = draw(sequences, hidden, dtype=dtype)
    free = tw.zeros((4 * hidden, hidden), dtype=dtype)
    for i, f, g, o in ((1, 1, 1, 1), (1, -1, -1, 1), (-1, 1, 1, 1), (1, 1, -1, -1)):
        weight = np.repeat([[i * 1e4], [f * 1e4], [g * 1e4], [o * 1e4]], hidden, axis=0)
        arrays = x, zeros, first, tw.asarray(weight, dtype=dtype), free, None, None, None, None
        y, _, c = recurrent.lstm(*arrays, sizes, False)
        lengths = np.array([sum(row < size for size in sizes) for row in range(sequences)])[:, None]
        want = first.numpy()
        for step in range(len(sizes)):
            walked = (f > 0) * want + (i > 0) * np.asarray(g, dtype)
            want = np.where(step < lengths, walked, want)
        np.testing.assert_array_equal(c.numpy(), want)
        if o < 0:
            np.testing.assert_array_equal(y.numpy(), np.zeros((rows, hidden)))
    weight = np.repeat([[1e4], [1e4], [-1e4]], hidden, axis=0)  # z = 1: h stays
    _, h = recurrent.gru(x, first, tw.asarray(weight, dtype=dtype), free[: 3 * hidden], None, None, sizes, False, True)
    np.testing.assert_array_equal(h.numpy(), first.numpy())


@pytest.mark.kernels
def test_nan_and_infinity_come_through():
    arrays = operands("lstm", 15, 5, 3, 6)
    arrays[0] = tw.asarray(np.where(np.arange(45).reshape(15, 3) == 7, np.nan, arrays[0].numpy()))
    y, _, c = recurrent.lstm(*arrays, (5, 5, 5), False)
    assert np.isnan(y.numpy()[2::5]).all() and np.isnan(c.numpy()[2]).all()
    assert np.isfinite(y.numpy()[[0, 1, 3, 4]]).all()


# ---- denormals -------------------------------------------------------------------------------------------------------


def denormals_are_kept():
    """In each thread: 2^-140 / 2 is not 0."""
    x = tw.full((1 << 20,), 2.0**-140, dtype="float32")
    return bool((x * 0.5 == tw.asarray(2.0**-141, dtype="float32")).all())


@pytest.mark.kernels
@pytest.mark.parametrize("sequences", [2, 40])
def test_denormals_are_kept_outside(sequences, threads):
    threads(2)
    arrays = leaves(operands("lstm", 4 * sequences, sequences, 8, 64))
    assert denormals_are_kept()
    y = recurrent.lstm(*arrays, (sequences,) * 4, False)[0]
    assert denormals_are_kept()
    y.sum().backward()
    assert denormals_are_kept()
    arrays[3] = draw(7, 7)
    with pytest.raises(ValueError, match="lstm: weight_ih"):
        recurrent.lstm(*arrays, (sequences,) * 4, False)
    assert denormals_are_kept()


def seconds(steps, factor):
    """There and back where states and gradients are multiplied by about `factor` in each step."""
    hidden, sequences = 64, 16
    x = tw.zeros((steps * sequences, 1))
    weight = tw.asarray(np.eye(hidden, dtype="float32") * factor).requires_grad_()
    h = tw.full((sequences, hidden), 1e-3)
    best = np.inf
    for _ in range(5):
        begin = time.thread_time()
        y = recurrent.rnn(x, h, tw.zeros((hidden, 1)), weight, None, None, (sequences,) * steps, False, "relu")[0]
        y[-sequences:].sum().backward()
        best = min(best, time.thread_time() - begin)
    return best


def test_decaying_sequences_take_no_longer(threads):
    threads(1)
    assert seconds(300, 0.75) < 3 * seconds(300, 1.0)


# ---- memory and the tape ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", GATES)
def test_same_results_with_and_without_a_gradient(op):
    arrays = operands(op, 6 * 20, 20, 9, 33)
    with tw.no_grad():
        bare = getattr(recurrent, op)(*arrays, *statics(op, (20,) * 6))
    taped = getattr(recurrent, op)(*leaves(arrays), *statics(op, (20,) * 6))
    for a, b in zip(bare, taped, strict=True):
        assert a.numpy().tobytes() == b.detach().numpy().tobytes()


@pytest.mark.parametrize(("op", "numbers"), [("rnn", 0), ("gru", 4), ("lstm", 5)])
def test_what_is_kept_for_the_way_back(op, numbers):
    rows, sequences, hidden = 50 * 20, 20, 64
    arrays = leaves(operands(op, rows, sequences, 8, hidden))
    before = tw.memory.stats()["in_use"]
    results = getattr(recurrent, op)(*arrays, *statics(op, (sequences,) * 50))
    kept = tw.memory.stats()["in_use"] - before - sum(y.nbytes for y in results)
    assert numbers * rows * hidden * 4 <= kept <= 1.1 * numbers * rows * hidden * 4 + 16384
    del results
    with tw.no_grad():
        results = getattr(recurrent, op)(*arrays, *statics(op, (sequences,) * 50))
        assert tw.memory.stats()["in_use"] - before <= 1.1 * sum(y.nbytes for y in results) + 16384


@pytest.mark.parametrize("op", GATES)
def test_gradients_of_weights_add_up_in_place(op):
    arrays = leaves(operands(op, 12, 4, 3, 8))
    call = getattr(recurrent, op)
    weight = arrays[3 if op == "lstm" else 2]
    call(*arrays, *statics(op, (4, 4, 4)))[0].sum().backward()
    once, memory = weight.grad.numpy().copy(), weight.grad._array.storage_ptr
    call(*arrays, *statics(op, (4, 4, 4)))[0].sum().backward()
    assert weight.grad._array.storage_ptr == memory
    np.testing.assert_allclose(weight.grad.numpy(), 2 * once, rtol=1e-5, atol=1e-6)


def test_an_output_that_was_written_is_refused():
    arrays = leaves(operands("lstm", 12, 4, 3, 8))
    y = recurrent.lstm(*arrays, (4, 4, 4), False)[0]
    loss = y.sum()
    with tw.no_grad():
        y *= 2
    with pytest.raises(RuntimeError, match=r"lstm .*written in place since"):
        loss.backward()


@pytest.mark.kernels
def test_many_packed_sequences(threads):
    """Lengths drawn at random, both directions, against NumPy."""
    rng = np.random.default_rng(3)
    for count in (3, 30):
        lengths = np.sort(rng.integers(0, 9, count))[::-1]
        sizes = tuple(int((lengths > t).sum()) for t in range(lengths[0]))
        for reverse in (False, True):
            arrays = operands("lstm", sum(sizes), count, 5, 21, "float64")
            want = lstm_in_numpy(*[x if x is None else x.numpy() for x in arrays], sizes, reverse)
            for threads_ in (1, 2, 7):
                threads(threads_)
                for a, b in zip(recurrent.lstm(*arrays, sizes, reverse), want, strict=True):
                    np.testing.assert_allclose(a.numpy(), b, rtol=1e-12, atol=1e-13)
            arrays = operands("gru", sum(sizes), count, 5, 21, "float64")
            want = gru_in_numpy(*[x.numpy() for x in arrays], sizes, reverse, True)
            for a, b in zip(recurrent.gru(*arrays, sizes, reverse, True), want, strict=True):
                np.testing.assert_allclose(a.numpy(), b, rtol=1e-12, atol=1e-13)
