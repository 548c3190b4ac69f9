"""Layers, losses and clipping of gradients; against PyTorch where it is installed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


def array(*shape, seed=0, low=-3.0, high=3.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


# ---- layers ----------------------------------------------------------------------------------------------------------


def test_linear_init_keeps_the_scale_of_activations():
    """Through ten ReLU layers, where PyTorch's start would shrink the signal by 6^5."""
    generator = tw.random.Generator(0)
    x = generator.normal(size=(256, 200))
    for _ in range(10):
        x = F.relu(nn.Linear(200, 200, generator=generator)(x))
    assert 0.3 < (x * x).mean().item() < 3
    layer = nn.Linear(600, 10, generator=generator)
    assert abs(layer.weight).max() <= 0.1 and layer.bias.tolist() == [0.0] * 10


def test_layers_draw_from_their_generator():
    a, b = (nn.Linear(8, 8, generator=tw.random.Generator(3)) for _ in range(2))
    assert (a.weight == b.weight).all()
    tw.random.seed(5)
    a = nn.Linear(8, 8)
    tw.random.seed(5)
    assert (a.weight == nn.Linear(8, 8).weight).all()


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_linear_without_features(sizes):
    assert nn.Linear(*sizes)(tw.ones((5, sizes[0]))).shape == (5, sizes[1])
    with pytest.raises(ValueError, match=r"Linear: got \(-1, 3\) features"):
        nn.Linear(-1, 3)


def test_dropout():
    x = tw.ones((200, 500), requires_grad=True)
    y = F.dropout(x, 0.25, generator=tw.random.Generator(1))
    values = y.detach().numpy()
    kept = values != 0
    assert abs(kept.mean() - 0.75) < 0.01
    np.testing.assert_allclose(values[kept], 1 / 0.75, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), values)
    assert F.dropout(x, 0.5, training=False) is x
    assert (F.dropout(x, 1.0) == 0).all() and (F.dropout(x, 0.0) == 1).all()
    assert not np.array_equal(nn.Dropout()(x).detach().numpy(), nn.Dropout()(x).detach().numpy())
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="p is"):
            nn.Dropout(p)
        with pytest.raises(ValueError, match="dropout: p is"):
            F.dropout(x, p)


# ---- against PyTorch -------------------------------------------------------------------------------------------------


def compare(ours, theirs, *arrays, rtol=2e-5, atol=2e-6):
    """Results and gradients of one function of some arrays, here and in PyTorch."""
    torch = pytest.importorskip("torch")
    a = [tw.asarray(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    b = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    y, z = ours(*a), theirs(torch, *b)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=rtol, atol=atol)
    g = array(*z.shape, seed=99)
    y.backward(tw.asarray(g))
    z.backward(torch.tensor(g))
    for p, q in zip(a, b, strict=True):
        if p.requires_grad:
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=rtol, atol=atol)


REDUCTIONS = ["mean", "sum", "none"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(6, 5), (5,), (3, 5, 4), (2, 5, 3, 2)])
def test_cross_entropy_of_classes_is_pytorchs(shape, smoothing, weighted, reduction):
    places = () if len(shape) == 1 else (shape[0], *shape[2:])
    target = np.random.default_rng(1).integers(0, 5, places)
    target = np.where(target == 3, 2, target)
    if places:
        target.flat[0] = 3  # ignored
    weight = np.array([0.5, 1.0, 2.0, 0.1, 3.0], np.float32) if weighted else None
    options = {"ignore_index": 3, "label_smoothing": smoothing, "reduction": reduction}
    compare(
        lambda x: F.cross_entropy(x, target, weight, **options),
        lambda torch, x: torch.nn.functional.cross_entropy(
            x, torch.tensor(target), None if weight is None else torch.tensor(weight), **options
        ),
        array(*shape),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(6, 5), (5,), (3, 5, 4)])
def test_cross_entropy_of_probabilities_is_pytorchs(shape, smoothing, weighted, reduction):
    axis = 0 if len(shape) == 1 else 1
    target = array(*shape, seed=1, low=0, high=1)
    target /= target.sum(axis, keepdims=True)
    weight = np.array([0.5, 1.0, 2.0, 0.1, 3.0], np.float32) if weighted else None
    options = {"label_smoothing": smoothing, "reduction": reduction}
    compare(
        lambda x, t: F.cross_entropy(x, t, weight, **options),
        lambda torch, x, t: torch.nn.functional.cross_entropy(
            x, t, None if weight is None else torch.tensor(weight), **options
        ),
        array(*shape),
        target,
    )


def test_cross_entropy_at_the_edges():
    x = tw.asarray([[1e4, -1e4], [0.0, 0.0]], requires_grad=True)
    loss = F.cross_entropy(x, [0, 1], reduction="none")
    np.testing.assert_allclose(loss.detach().numpy(), [0, math.log(2)], rtol=1e-6)
    everyone_ignored = F.cross_entropy(x, [-100, -100])
    assert math.isnan(everyone_ignored.item())
    assert F.cross_entropy(x, [-100, -100], reduction="sum").item() == 0
    with pytest.raises(ValueError, match=r"cross_entropy: .*\(3,\)"):
        F.cross_entropy(x, [0, 1, 0])
    with pytest.raises(TypeError, match="cross_entropy: target is None, but must be array-like"):
        F.cross_entropy(tw.zeros((2, 2)), None)
    with pytest.raises((ValueError, IndexError), match=r"cross_entropy: .*2"):
        F.cross_entropy(x, [0, 2])
    with pytest.raises((ValueError, IndexError), match=r"cross_entropy: .*-1"):
        F.cross_entropy(x, [0, -1])
    with pytest.raises(ValueError, match=r"cross_entropy: weight .*\(3,\)"):
        F.cross_entropy(x, [0, 1], tw.ones(3))
    with pytest.raises(ValueError, match=r"label_smoothing is 1\.5"):
        F.cross_entropy(x, [0, 1], label_smoothing=1.5)
    with pytest.raises(ValueError, match="label_smoothing is -1"):
        nn.CrossEntropyLoss(label_smoothing=-1)
    with pytest.raises(ValueError, match="ignore_index"):
        F.cross_entropy(x, [[1.0, 0.0], [0.5, 0.5]], ignore_index=0)


def test_cross_entropy_has_second_derivatives():
    x = tw.asarray(np.float64([[0.3, -0.2, 0.9]]))
    hessian = tw.autograd.hessian(lambda x: F.cross_entropy(x, [1], reduction="sum"))(x).numpy().reshape(3, 3)
    p = np.exp(x.numpy()[0]) / np.exp(x.numpy()[0]).sum()
    np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), rtol=1e-9)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_losses_are_pytorchs(weighted, reduction):
    weight = array(5, low=0.1, high=2.0, seed=3) if weighted else None
    target = array(4, 5, seed=1, low=0, high=1)

    def theirs(name, **more):
        def call(torch, x, t):
            extra = {k: None if v is None else torch.tensor(v) for k, v in more.items()}
            return getattr(torch.nn.functional, name)(x, t, reduction=reduction, **extra)

        return call

    compare(
        lambda x, t: F.binary_cross_entropy(x, t, weight, reduction),
        theirs("binary_cross_entropy", weight=weight),
        array(4, 5, low=0.05, high=0.95),
        target,
    )
    for positive in (None, array(5, low=0.5, high=4, seed=4)):
        compare(
            lambda x, t, w=positive: F.binary_cross_entropy_with_logits(x, t, weight, reduction, w),
            theirs("binary_cross_entropy_with_logits", weight=weight, pos_weight=positive),
            array(4, 5, low=-30, high=30),
            target,
            rtol=1e-4,
        )


def test_binary_losses_at_the_edges():
    x = tw.asarray([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = F.binary_cross_entropy(x, [0.0, 1.0, 1.0, 0.0], reduction="none")
    assert loss.tolist() == [0.0, 0.0, 100.0, 100.0]
    loss.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    x = tw.asarray([0.0, 1e4, -1e4], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, [1.0, 0.0, 0.0], reduction="none")
    np.testing.assert_allclose(loss.detach().numpy(), [math.log(2), 1e4, 0], rtol=1e-6)
    loss.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [-0.5, 1, 0])


def test_whole_network_against_pytorch():
    """One step of the same network from the same weights gives the same gradients."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(20, 16), torch.nn.GELU(), torch.nn.Linear(16, 5))
    ours = nn.Sequential(nn.Linear(20, 16), nn.GELU(), nn.Linear(16, 5))
    ours.load_state_dict(theirs.state_dict())
    x, t = array(32, 20), np.random.default_rng(2).integers(0, 5, 32)
    nn.CrossEntropyLoss()(ours(tw.asarray(x)), tw.asarray(t)).backward()
    torch.nn.CrossEntropyLoss()(theirs(torch.tensor(x)), torch.tensor(t)).backward()
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_any_number_of_threads_gives_the_same_bits(threads):
    def gradients():
        generator = tw.random.Generator(0)
        net = nn.Sequential(
            nn.Linear(300, 257, generator=generator),
            nn.GELU(),
            nn.Dropout(0.3, generator=generator),
            nn.Linear(257, 33, generator=generator),
        )
        x, t = generator.normal(size=(129, 300)), generator.integers(0, 33, 129)
        F.cross_entropy(net(x), t, label_smoothing=0.1).backward()
        return [p.grad.numpy().tobytes() for p in net.parameters()]

    before = tw.get_num_threads()
    try:
        tw.set_num_threads(1)
        expected = gradients()
        tw.set_num_threads(threads)
        assert gradients() == expected
    finally:
        tw.set_num_threads(before)


# ---- utils -----------------------------------------------------------------------------------------------------------


def with_gradients(*arrays):
    tensors = [tw.asarray(np.zeros_like(a), requires_grad=True) for a in arrays]
    for t, a in zip(tensors, arrays, strict=True):
        t.grad = tw.asarray(a.copy())
    return tensors


@pytest.mark.parametrize("norm_type", [1, 2, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clip_grad_norm(norm_type, max_norm):
    arrays = [array(30, 7), array(5, seed=1)]
    tensors = [*with_gradients(*arrays), tw.ones(3, requires_grad=True)]
    norm = np.linalg.norm(np.concatenate([a.ravel() for a in arrays]).astype(float), norm_type)
    assert nn.utils.clip_grad_norm_(iter(tensors), max_norm, norm_type) == pytest.approx(norm, rel=1e-5)
    for t, a in zip(tensors, arrays, strict=False):
        np.testing.assert_allclose(t.grad.numpy(), a * min(1, max_norm / norm), rtol=1e-5)


def test_clip_grad_norm_of_huge_and_broken_gradients():
    (x,) = with_gradients(np.float32([3e30, 4e30]))
    assert nn.utils.clip_grad_norm_(x, 1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(x.grad.numpy(), [0.6, 0.8], rtol=1e-5)
    for bad in (np.nan, np.inf):
        (x,) = with_gradients(np.float32([1.0, bad]))
        with pytest.raises(FloatingPointError, match="the norm of the gradients is"):
            nn.utils.clip_grad_norm_([x], 1.0)
        assert not math.isfinite(nn.utils.clip_grad_norm_([x], 1.0, error_if_nonfinite=False))
        np.testing.assert_array_equal(x.grad.numpy(), np.float32([1.0, bad]))
    assert nn.utils.clip_grad_norm_([], 1.0) == 0
    with pytest.raises(ValueError, match="max_norm is -1"):
        nn.utils.clip_grad_norm_([x], -1)
    with pytest.raises(ValueError, match="norm_type is 3"):
        nn.utils.clip_grad_norm_([x], 1, 3)


def test_clip_grad_value():
    a = array(30, 7)
    (x,) = with_gradients(a)
    nn.utils.clip_grad_value_([x], 0.5)
    np.testing.assert_array_equal(x.grad.numpy(), np.clip(a, -0.5, 0.5))
    with pytest.raises(ValueError, match="clip_value is -1"):
        nn.utils.clip_grad_value_([x], -1)
