"""What normalisation has to withstand: offsets, equal numbers, huge and tiny ones."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from cases.opcase import EPS, FLOATS, to_numpy
from tilewright import nn
from tilewright.nn import functional as F


def rows_of(shape, dtype):
    """Every norm over rows of n numbers, given and taken as (rows, n)."""
    rows, n = shape
    return {
        "layer": lambda x, eps: F.layer_norm(x, n, eps=eps),
        "layer, two axes": lambda x, eps: F.layer_norm(x.reshape(rows, n, 1), (n, 1), eps=eps),
        "group": lambda x, eps: F.group_norm(x.reshape(rows, 1, n), 1, eps=eps),
        "group of vectors": lambda x, eps: F.group_norm(x, 1, eps=eps),
        "group of channels": lambda x, eps: F.group_norm(x.reshape(1, rows * n), rows, eps=eps),
        "instance": lambda x, eps: F.instance_norm(x.reshape(1, rows, n), eps=eps),
        "batch": lambda x, eps: F.batch_norm(x.reshape(1, rows, n), None, None, training=True, eps=eps),
        "batch of columns": lambda x, eps: F.batch_norm(x.T, None, None, training=True, eps=eps).T,
        "batch of images": lambda x, eps: F.batch_norm(x.T[:, :, None], None, None, training=True, eps=eps)[:, :, 0].T,
    }


NORMS = list(rows_of((1, 2), "float32"))


def run(name, x, eps=1e-5):
    """The result, and the gradient for a random cotangent, as (rows, n) in float64."""
    x = tw.asarray(x).detach().requires_grad_()
    y = rows_of(x.shape, x.dtype.name)[name](x, eps).reshape(x.shape)
    y.backward(tw.asarray(np.random.default_rng(3).standard_normal(x.shape), dtype=x.dtype))
    return to_numpy(y), to_numpy(x.grad)


def oracle(x, eps=1e-5):
    """Both, in long double."""
    x = np.asarray(x, np.longdouble)
    g = np.random.default_rng(3).standard_normal(x.shape)
    d = x - x.mean(1, keepdims=True)
    rstd = 1 / np.sqrt((d * d).mean(1, keepdims=True) + np.longdouble(eps))
    xhat = d * rstd
    return xhat, rstd * (g - g.mean(1, keepdims=True) - xhat * (g * xhat).mean(1, keepdims=True))


def close(got, want, tolerance):
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, np.asarray(b, float), rtol=tolerance, atol=tolerance * max(1, np.abs(b).max()))


# ---- numbers that cancel, vanish and overflow (C10) ------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("name", NORMS)
def test_a_common_offset_costs_nothing(name):
    x = np.float32([[40000, 40001, 40002, 40003], [-7, -5, -3, -1]])
    close(run(name, x), oracle(x), 1e-6)
    np.testing.assert_allclose(run(name, x)[0][0], [-1.34164, -0.44721, 0.44721, 1.34164], atol=1e-5)


@pytest.mark.kernels
@pytest.mark.parametrize("n", [2, 33, 4096, 32768])
@pytest.mark.parametrize("name", NORMS)
def test_small_noise_on_a_large_offset(name, n):
    x = (0.01 * np.random.default_rng(0).standard_normal((2, n)) + 100).astype(np.float32)
    y = run(name, x, 0.0 if n > 2 else 1e-5)
    close(y, oracle(x, 0.0 if n > 2 else 1e-5), 2e-4)
    if n > 2:
        np.testing.assert_allclose(y[0].var(axis=1), 1, rtol=1e-4)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NORMS)
def test_equal_numbers_give_exactly_zero(name, dtype):
    for value in (14.0, 0.1, -3.3e4, 1e-7, 0.0):
        for n in (2, 3, 17, 100, 5000):
            x = tw.full((3, n), value, dtype=dtype)
            y, _ = run(name, x, 1e-6)
            assert not y.any(), (value, n)


HUGE = {
    "float32": [[1e30, -1e30], [3e37, 1e37], [1e-30, 3e-30]],
    "bfloat16": [[1e30, -1e30], [2.0**126, -(2.0**126)], [1e-30, 3e-30]],
    "float64": [[1e300, -1e300], [1e200, 3e200], [1e-200, 3e-200]],
    "float16": [[60000, -60000], [6e-8, 0.0], [1e-3, 2e-3]],
}


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NORMS)
def test_squares_neither_overflow_nor_vanish(name, dtype):
    x = to_numpy(tw.asarray(HUGE[dtype], dtype=dtype))
    y, _ = run(name, tw.asarray(x, dtype=dtype), 0.0)
    np.testing.assert_allclose(y, np.sign(x - x.mean(1, keepdims=True)), rtol=2 * EPS[dtype])


@pytest.mark.kernels
def test_squares_of_rms_norm():
    for dtype, rows in HUGE.items():
        x = tw.asarray(rows, dtype=dtype)
        wide = to_numpy(x).astype(np.longdouble)
        want = wide / np.sqrt((wide * wide).mean(1, keepdims=True))
        np.testing.assert_allclose(to_numpy(F.rms_norm(x, 2, eps=0.0)), want.astype(float), rtol=2 * EPS[dtype])
    assert not F.rms_norm(tw.zeros((2, 5)), 5).numpy().any()


@pytest.mark.kernels
@pytest.mark.parametrize("name", NORMS)
def test_nan_and_inf_stay_in_their_row(name):
    x = np.random.default_rng(0).standard_normal((4, 37)).astype(np.float32)
    clean = run(name, x)[0]
    for bad in (np.nan, np.inf, -np.inf):
        for at in (0, 36):
            spoilt = x.copy()
            spoilt[1, at] = bad
            y = run(name, spoilt)[0]
            assert np.isnan(y[1]).any() and not np.isfinite(y[1]).all()
            np.testing.assert_array_equal(y[[0, 2, 3]], clean[[0, 2, 3]])


@pytest.mark.kernels
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 63, 64, 65, 8191, 8193, 20_000])
@pytest.mark.parametrize("name", NORMS)
def test_lengths_of_pieces(name, n):
    if n == 1 and ("batch" in name or name == "instance"):
        return
    x = np.random.default_rng(n).uniform(-1, 1, (2, n)).astype(np.float32)
    close(run(name, x), oracle(x), 1e-4 if n == 2 else 5e-6)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", NORMS)
def test_half_precision_computes_in_single(name, dtype):
    x = tw.asarray(np.random.default_rng(0).uniform(-1, 1, (3, 3000)), dtype=dtype)
    y, gradient = run(name, x)
    want, of_want = oracle(to_numpy(x))
    assert np.abs(y - want).max() <= EPS[dtype] * np.abs(want).max()
    g = np.random.default_rng(3).standard_normal(x.shape)
    assert np.abs(gradient - of_want).max() <= 2 * EPS[dtype] * np.abs(g).max()


# ---- sums of weights' gradients --------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("shape", [(1, 5), (70, 3), (4000, 9), (3, 4000)])
def test_gradients_of_weights_are_sums_over_rows(shape):
    rng = np.random.default_rng(0)
    x, g, w = (rng.standard_normal(s).astype(np.float32) for s in (shape, shape, shape[1]))
    weight, bias = tw.asarray(w).requires_grad_(), tw.zeros(shape[1]).requires_grad_()
    F.layer_norm(x, shape[1], weight, bias).backward(tw.asarray(g))
    xhat = np.asarray(oracle(x)[0], float)
    np.testing.assert_allclose(bias.grad, g.sum(0, dtype=float), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(weight.grad, (g * xhat).sum(0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("frozen", ["input", "weight", "bias", "weights"])
def test_what_wants_no_gradient_gets_none(frozen):
    def grads(**flags):
        rng = np.random.default_rng(0)
        found = []
        for function in (
            lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
            lambda x, w, b: F.batch_norm(x, tw.zeros(4), tw.ones(4), w, b),
            lambda x, w, b: F.group_norm(x, 2, w, b),
            lambda x, w, b: F.layer_norm(x.mT, 4, w, b),
        ):
            tensors = {
                name: tw.asarray(rng.standard_normal(shape).astype("float32"), requires_grad=flags.get(name, True))
                for name, shape in (("input", (3, 4, 5)), ("weight", (4,)), ("bias", (4,)))
            }
            (function(*tensors.values()) ** 3).sum().backward()
            found.append({name: t.grad for name, t in tensors.items()})
        return found

    off = ("weight", "bias") if frozen == "weights" else (frozen,)
    for all_of, some in zip(grads(), grads(**dict.fromkeys(off, False)), strict=True):
        for name, whole in all_of.items():
            if name in off:
                assert some[name] is None
            else:
                np.testing.assert_array_equal(some[name].numpy(), whole.numpy())


def test_mixed_dtypes_promote_and_each_gets_its_own_gradient():
    x = tw.ones((2, 3), dtype="bfloat16").requires_grad_()
    weight = tw.ones(3).requires_grad_()
    y = F.layer_norm(x, 3, weight)
    assert y.dtype == tw.float32
    y.sum().backward()
    assert (x.grad.dtype, weight.grad.dtype) == (tw.bfloat16, tw.float32)
    assert F.layer_norm([[1, 2, 3]], 3).dtype == tw.float32


# ---- local response norm (C15) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("places", [(1,), (5,), (2, 3), (2, 2, 2)])
def test_alpha_is_divided_by_the_size(places, dtype):
    x = tw.broadcast_to(
        tw.reshape(tw.asarray([1.0, 2.0, 3.0], dtype=dtype), (1, 3) + (1,) * len(places)), (2, 3, *places)
    )
    y = to_numpy(F.local_response_norm(x, 3, alpha=3.0, beta=1.0, k=1.0))
    want = np.broadcast_to(np.reshape([1 / 6, 2 / 15, 3 / 14], (3,) + (1,) * len(places)), y.shape)
    np.testing.assert_allclose(y, want, rtol=2 * EPS[dtype])


def test_even_windows_have_one_more_before():
    x = np.float32([1, 2, 3, 4]).reshape(1, 4, 1)
    y = F.local_response_norm(x, 2, alpha=2.0, beta=1.0, k=0.0).numpy().ravel()
    np.testing.assert_allclose(y, [1 / 1, 2 / 5, 3 / 13, 4 / 25], rtol=1e-6)
    torch = pytest.importorskip("torch")
    for size in range(1, 7):
        ours = F.local_response_norm(x, size, 0.5).numpy()
        np.testing.assert_allclose(ours, torch.nn.functional.local_response_norm(torch.tensor(x), size, 0.5), rtol=1e-6)


# ---- against PyTorch -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 6), (3, 6, 5), (2, 6, 5, 3), (2, 6, 3, 2, 3), (1, 6, 4), (40, 6, 31)])
@pytest.mark.parametrize("name", ["batch", "evaluation", "instance", "group", "layer", "rms"])
def test_pytorch_gives_the_same(name, shape):
    torch = pytest.importorskip("torch")
    if name == "instance" and len(shape) == 2:
        return
    rng = np.random.default_rng(0)
    of_rows = name in ("layer", "rms")
    arrays = [rng.standard_normal(s) for s in (shape, shape[1:] if of_rows else 6, shape[1:] if of_rows else 6)]
    mean, var = rng.standard_normal(6), rng.uniform(0.5, 2, 6)
    calls = {
        "batch": lambda f, t, x, w, b: f.batch_norm(x, t(mean), t(var), w, b, True),
        "evaluation": lambda f, t, x, w, b: f.batch_norm(x, t(mean), t(var), w, b),
        "instance": lambda f, t, x, w, b: f.instance_norm(x, t(mean), t(var), w, b),
        "group": lambda f, t, x, w, b: f.group_norm(x, 3, w, b),
        "layer": lambda f, t, x, w, b: f.layer_norm(x, shape[1:], w, b),
        "rms": lambda f, t, x, w, b: f.rms_norm(x, shape[1:], w) + b,
    }
    ours = [tw.asarray(a).requires_grad_() for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = calls[name](F, lambda a: tw.asarray(a.copy()), *ours)
    z = calls[name](torch.nn.functional, lambda a: torch.tensor(a.copy()), *theirs)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-9, atol=1e-9)
    g = rng.standard_normal(shape)
    y.backward(tw.asarray(g))
    z.backward(torch.tensor(g))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-8, atol=1e-8)


def test_layers_of_a_network_train_alike():
    """Several steps of both libraries from the same weights, with statistics that move."""
    torch = pytest.importorskip("torch")
    ours = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 1)).double()
    t = torch.nn
    theirs = t.Sequential(t.Linear(6, 8), t.BatchNorm1d(8), t.ReLU(), t.LayerNorm(8), t.Linear(8, 1)).double()
    theirs.load_state_dict({name: torch.tensor(value.numpy().copy()) for name, value in ours.state_dict().items()})
    a, b = tw.optim.SGD(ours.parameters(), lr=0.05), torch.optim.SGD(theirs.parameters(), lr=0.05)
    rng = np.random.default_rng(0)
    for _ in range(5):
        x = rng.standard_normal((16, 6))
        for net, optimiser, asarray in ((ours, a, tw.asarray), (theirs, b, torch.tensor)):
            optimiser.zero_grad()
            (net(asarray(x)) ** 2).mean().backward()
            optimiser.step()
    for name, value in ours.state_dict().items():
        np.testing.assert_allclose(
            value.numpy(), theirs.state_dict()[name].numpy(), rtol=1e-8, atol=1e-10, err_msg=name
        )


# ---- of a sum --------------------------------------------------------------------------------------------------------


def drawn(seed):
    rng = np.random.default_rng(seed)
    return [tw.asarray(rng.standard_normal(shape)) for shape in ((4, 6), (4, 6), (6,), (6,))]


def of_sum(kind, x, residual, weight, bias):
    if kind == "rms":
        return F.add_rms_norm(x, residual, 6, weight, 1e-5)
    return F.add_layer_norm(x, residual, 6, weight, bias)


def apart(kind, x, residual, weight, bias):
    total = x + residual
    return (F.rms_norm(total, 6, weight, 1e-5) if kind == "rms" else F.layer_norm(total, 6, weight, bias)), total


@pytest.mark.parametrize("kind", ["layer", "rms"])
@pytest.mark.parametrize("used", [(1, 1), (1, 0), (0, 1)])
@pytest.mark.parametrize("wanting", [(0, 1, 2, 3), (0,), (1, 2), (0, 2, 3)])
def test_gradients_of_a_normalised_sum(kind, used, wanting):
    """First and second ones, by whichever results are used and inputs want them, as of the two steps."""
    wanting = [i for i in wanting if i < 3 or kind == "layer"]

    def gradients(function):
        def loss(*args):
            results = zip(function(kind, *args), drawn(1), used, strict=False)
            return sum(((r * r * c).sum() for r, c, use in results if use), tw.asarray(0.0, dtype="float64"))

        def squares(*args):
            return sum((g * g * c).sum() for g, c in zip(first(*args), drawn(2), strict=False))

        first = tw.autograd.grad(loss, wanting)
        return [*first(*drawn(0)), *tw.autograd.grad(squares, wanting)(*drawn(0))]

    for got, want in zip(gradients(of_sum), gradients(apart), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)
    assert used == (0, 1) or all(np.asarray(g).any() for g in gradients(of_sum))


def test_of_a_normalised_sum_the_sum_alone_is_kept():
    x = tw.ones((64, 1024), requires_grad=True)
    before = tw.memory.stats()["in_use"]
    y, total = F.add_layer_norm(x * 2, x * 3, 1024)
    assert tw.memory.stats()["in_use"] - before < 3 * x.nbytes  # the allocator rounds up
    del y, total
