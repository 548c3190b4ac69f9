"""Ops over sequences of arrays, and ops with any number of results: `concatenate`, `stack`, `split`."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core
from tilewright._engine.op import primitive, wrap


def close(x, want, tolerance=1e-9):
    np.testing.assert_allclose(np.asarray(tw.asarray(x).detach()), np.asarray(want), rtol=tolerance, atol=tolerance)


def array(*shape, seed=0, dtype="float64"):
    x = np.random.default_rng(seed).standard_normal(shape)
    return tw.asarray(x + 1j * x[::-1] if dtype.startswith("complex") else x, dtype=dtype)


# ---- sequences -------------------------------------------------------------------------------------------------------

JOINS = {
    "concatenate": lambda *arrays: tw.concatenate(arrays, axis=1),
    "concatenate from the back": lambda *arrays: tw.concatenate(arrays, axis=-2),
    "stack": lambda *arrays: tw.stack(arrays, axis=-1),
}


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("count", [1, 2, 9, 40])
@pytest.mark.parametrize("name", JOINS)
def test_gradients_of_joins(name, count, dtype):
    def f(*arrays):
        y = JOINS[name](*arrays)
        return y * y

    tw.testing.check_grads(f, *[array(2, 3, seed=i, dtype=dtype) for i in range(count)], order=2 if count < 3 else 1)


@pytest.mark.parametrize("name", JOINS)
def test_some_entries_want_a_gradient(name):
    for wanted in ([0], [2], [0, 2], [1, 2], [0, 1, 2]) * 2:
        arrays = [array(2, 3, seed=i) for i in range(3)]
        for i in wanted:
            arrays[i].requires_grad = True
        y = JOINS[name](*arrays)
        (y * y).sum().backward()
        for i, x in enumerate(arrays):
            assert (x.grad is not None) == (i in wanted)
            if i in wanted:
                close(x.grad, 2 * x.detach())


def test_entries_of_several_dtypes_get_gradients_of_their_own():
    x, y, i = array(3, dtype="float32").requires_grad_(), array(3).requires_grad_(), tw.arange(2)
    z = tw.concatenate([x, y, i, [True]])
    assert z.dtype == tw.float64
    (z * 3).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (tw.float32, tw.float64)
    close(x.grad, [3, 3, 3])
    c = array(3, dtype="complex128")
    tw.testing.check_grads(lambda x: tw.concatenate([x, c]), x.detach().astype("float64"))


def test_one_array_twice():
    x = array(2).requires_grad_()
    tw.stack([x, x * 2, x]).sum().backward()
    close(x.grad, [4, 4])


@pytest.mark.parametrize("joined", [tw.concatenate, tw.stack])
def test_what_stands_for_a_sequence(joined):
    x = array(3, 2).requires_grad_()
    rows = [x[0], x[1], x[2]]
    for sequence in (rows, tuple(rows), x, iter(rows), (row for row in rows), dict(enumerate(rows)).values()):
        y = joined(sequence)
        close(y.ravel(), x.ravel())
        assert y.requires_grad
    close(joined(np.asarray(x.detach())), joined(rows))
    close(joined([[1.0, 2.0], np.ones(2), rows[0]]).ravel(), [1, 2, 1, 1, *rows[0].tolist()])
    name = joined.__name__
    for absurd in ("ab", {"a": rows[0]}, 3, None, {1, 2}):
        with pytest.raises(TypeError, match=f"{name}: arrays is .*, but must be a sequence of arrays"):
            joined(absurd)
    for absurd in ([None, rows[0]], [rows[0], "ab"], [object()]):
        with pytest.raises(TypeError, match=f"{name}: "):
            joined(absurd)
    with pytest.raises(ValueError, match=f"{name}: needs at least one array"):
        joined([])


def test_arrays_of_others_that_a_rule_saves_are_copied(registry):
    @primitive(sequence=True, kernel=lambda arrays, power: _core.multiply(arrays[0], arrays[1]))
    def _product(arrays, /, power):
        """Of two."""

    registry.register_vjps({"product": lambda g, arrays, power: (g * arrays[1], g * arrays[0])})
    x, memory = array(2).requires_grad_(), np.array([3.0, 4.0])
    y = _product([x, memory], 2)
    memory[:] = 0
    y.sum().backward()
    close(x.grad, [3, 4])
    other = array(2)
    y = _product([x, other], 2)
    other += 1
    with pytest.raises(RuntimeError, match=r"product .* written in place since"):
        y.sum().backward()


def test_rules_of_sequences_give_one_cotangent_for_each(registry):
    @primitive(sequence=True, kernel=lambda arrays: arrays[0])
    def _first(arrays, /):
        """The first."""

    registry.register_vjps({"first": lambda g, arrays_shape, arrays_dtype: [g] * (len(arrays_shape) - 1)})
    x = array(2).requires_grad_()
    for entries in ([x, x], [x, array(2)]):
        with pytest.raises(ValueError, match="zip"):
            _first(entries).sum().backward()


def test_checkpoint_and_anomaly_mode_of_sequences():
    x, y = array(2).requires_grad_(), array(2, seed=1).requires_grad_()
    tw.autograd.checkpoint(lambda x, y: tw.concatenate([x * y, y]) * 2, x, y).sum().backward()
    close(x.grad, 2 * y.detach())
    bad = tw.asarray([0.0]).requires_grad_()
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match=r"anomaly: concatenate gave NaN"):
        tw.concatenate([bad, [np.inf]])


# ---- any number of results -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sections", [1, 3, [2], [1, 4], [0, 0, 5], [-2], [2, 9], [4, 2], [2, -1, 3], []])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_split(sections, axis):
    shape = [2, 2]
    shape[axis] = 6
    x = array(*shape)
    pieces, wanted = tw.split(x, sections, axis=axis), np.split(np.asarray(x), sections, axis=axis)
    assert isinstance(pieces, list)
    for piece, want in zip(pieces, wanted, strict=True):
        close(piece, want)
        assert piece.size == 0 or piece._array.storage_ptr == x._array.storage_ptr, "a view"
    for i in range(len(pieces)):  # each alone, and without it

        def alone(x, i=i):
            return tw.split(x, sections, axis=axis)[i] ** 2

        def others(x, i=i):
            return [tw.sin(piece) for k, piece in enumerate(tw.split(x, sections, axis=axis)) if k != i]

        tw.testing.check_grads(alone, x, order=2)
        if len(pieces) > 1:
            tw.testing.check_grads(others, x, order=2)


def test_hooks_on_one_piece():
    x = array(4).requires_grad_()
    seen = []
    a, b = tw.split(x, 2)
    a.register_hook(lambda g: g * 10)
    b.register_hook(lambda g: seen.append(g.tolist()))
    b.retain_grad()
    (a.sum() + (b * b).sum() + b.sum()).backward()
    close(x.grad, [10, 10, *(2 * x.detach()[2:] + 1).tolist()])
    assert seen == [b.grad.tolist()]


def test_pieces_that_nothing_arrived_at(registry):
    """A rule hears None."""
    seen = []

    @primitive(results="halves", kernel=lambda x, n: _core.split(x, list(range(n + 1)), 0))
    def _halves(x, /, n):
        """Any number of results."""

    registry.register_vjps({"halves": lambda g, x_shape, n: seen.append(g) or wrap(_core.full(x_shape, 1, tw.float64))})
    x = array(3).requires_grad_()
    pieces = _halves(x, 3)
    assert isinstance(pieces, tuple) and len(pieces) == 3
    pieces[1].sum().backward()
    ((first, second, third),) = seen
    assert type(seen[0]) is tuple and first is third is None and second.tolist() == [1.0]


def test_split_repeats_one_zero():
    x = tw.zeros((2, 1 << 20)).requires_grad_()
    first, _ = tw.split(x, 2)
    tw.memory.reset_peak()
    before = tw.memory.stats()["in_use"]
    first.backward(tw.broadcast_to(1.0, (1, 1 << 20)))
    assert tw.memory.stats()["peak"] - before < 1.5 * x.nbytes


def test_a_thousand_pieces_take_no_quadratic_time():
    def seconds(count):
        x = tw.zeros((count, 8)).requires_grad_()
        pieces = tw.split(x, count)
        y = tw.concatenate(pieces).sum()
        start = time.perf_counter()
        y.backward()
        return time.perf_counter() - start

    short, long = (min(seconds(count) for _ in range(5)) for count in (200, 3200))
    assert long < 16 * 4 * short


def test_pieces_across_threads():
    x = array(4).requires_grad_()
    pieces = [tw.split(x * 1.0, 2) for _ in range(8)]
    threads = [threading.Thread(target=lambda p=p: (p[0] * p[1]).sum().backward()) for p in pieces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close(x.grad, 8 * np.roll(np.asarray(x.detach()), 2))


@pytest.mark.parametrize("given", [lambda x: x, lambda x: [x, 3], lambda x: None, lambda x: iter([x])])
def test_kernels_give_a_list_of_arrays(given, registry):
    @primitive(results="ys", kernel=given)
    def _ys(x, /):
        """Any number."""

    with pytest.raises(TypeError, match=r"ys: the kernel (must give a list of arrays|gave a int, no array)"):
        _ys(tw.ones(2))


def test_no_rule_names_results_of_any_number(registry):
    @primitive(results="ys", kernel=lambda x: [x])
    def _ys(x, /):
        """Any number."""

    with pytest.raises(ValueError, match=r"vjps: a rule of ys takes ys, but may take x, x_shape, x_dtype, x_device$"):
        registry.register_vjps({"ys": lambda g, ys: g[0]})
