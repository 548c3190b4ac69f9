"""Ops with several results, on decompositions: every way that gradients can take through them."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core
from tilewright._engine.op import primitive

try:
    import torch
except ImportError:
    torch = None

SHAPES = [(3, 3), (5, 3), (3, 5), (2, 4, 4)]


def matrix(shape, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) + 3 * np.eye(*shape[-2:])
    if dtype.startswith("complex"):
        x = x + 1j * rng.standard_normal(shape)
    return tw.asarray(x, dtype=dtype)


def weights(shape, dtype, seed=1):
    return matrix(shape, dtype, seed) if len(shape) > 1 else tw.asarray(np.full(shape, 0.7), dtype=dtype)


def close(x, want, tolerance=1e-9):
    np.testing.assert_allclose(np.asarray(x.detach()), np.asarray(want), rtol=tolerance, atol=tolerance)


USES = {
    "both": lambda a, b: tw.sum(a * 0.3) + tw.sum(b * b),
    "the first": lambda a, b: tw.sum(a * a * a),
    "the second": lambda a, b: tw.sum(tw.sin(b)),
    "one twice": lambda a, b: tw.sum(a * 2) + tw.sum(a * a),
    "an element": lambda a, b: a.ravel()[0] * b.ravel()[-1],
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["qr", "slogdet"])
def test_each_result_unused_in_turn(name, shape, use):
    if name == "slogdet" and shape[-1] != shape[-2]:
        return
    op = getattr(tw.linalg, name)
    tw.testing.check_grads(lambda x: USES[use](*op(x)), matrix(shape), order=2)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s[-1] == s[-2]], ids=str)
def test_gradients_of_complex_determinants(shape):
    def f(x):
        sign, logabsdet = tw.linalg.slogdet(x)
        return tw.sum(tw.real(sign) * 2.0 + tw.imag(sign)) + tw.sum(logabsdet)

    x = matrix(shape, "complex128")
    tw.testing.check_grads(f, x, order=2)
    tw.testing.check_grads(lambda x: tw.linalg.slogdet(x).sign, x, order=2)
    tw.testing.check_grads(lambda x: tw.linalg.slogdet(x).logabsdet, x, order=2)


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["qr", "slogdet", "inv"])
def test_like_pytorch(name, shape, dtype):
    if name != "qr" and shape[-1] != shape[-2]:
        return
    x = matrix(shape, dtype)
    t = torch.tensor(x.numpy(), requires_grad=True)
    x.requires_grad = True
    ours, theirs = getattr(tw.linalg, name)(x), getattr(torch.linalg, name)(t)
    ours, theirs = (ours, theirs) if name != "inv" else ([ours], [theirs])
    loss, wanted = 0.0, 0.0
    for y, z in zip(ours, theirs, strict=True):
        close(y, z.detach().numpy())
        w = weights(y.shape, y.dtype.name)
        loss = loss + tw.sum(tw.real(y * w))
        wanted = wanted + (z * torch.tensor(w.numpy())).real.sum()
    loss.backward()
    wanted.backward()
    close(x.grad, t.grad.numpy())


def test_hooks_and_kept_gradients_of_one_result():
    x = matrix((3, 3)).requires_grad_()
    seen = []
    q, r = tw.linalg.qr(x)
    r.register_hook(lambda g: seen.append(g.numpy().copy()))
    q.register_hook(lambda g: g * 0)
    r.retain_grad()
    (tw.sum(q * 5) + tw.sum(r * r)).backward()
    close(r.grad, seen[0])
    close(r.grad, 2 * r.detach())
    assert q.grad is None
    alone = matrix((3, 3)).requires_grad_()
    tw.sum(tw.square(tw.linalg.qr(alone).R)).backward()
    close(x.grad, alone.grad)  # the hook let nothing through Q


def test_a_result_that_is_left_before_the_other():
    x = matrix((3, 3)).requires_grad_()
    q = tw.linalg.qr(x).Q  # R is gone
    (tw.sum(q) * 1.0).backward()
    assert np.isfinite(x.grad.numpy()).all() and (x.grad.numpy() != 0).any()


def test_results_that_go_nowhere():
    x = matrix((2, 2)).requires_grad_()
    assert not any(y.requires_grad for y in tw.linalg.qr(x.detach()))
    with tw.no_grad():
        assert not any(y.requires_grad for y in tw.linalg.slogdet(x))
    tw.linalg.slogdet(x).sign.sum().backward()
    close(x.grad, np.zeros((2, 2)))


def test_functional_forms():
    x = matrix((3, 3))
    inverse = np.linalg.inv(x.numpy())
    close(tw.autograd.grad(lambda x: tw.linalg.slogdet(x).logabsdet)(x), inverse.T)
    value, pullback = tw.autograd.vjp(tw.linalg.slogdet, x)
    assert isinstance(value, tw.linalg.SlogdetResult)
    close(pullback(tw.linalg.SlogdetResult(0.0, 2.0))[0], 2 * inverse.T)
    tangent = tw.autograd.jvp(tw.linalg.slogdet, (x,), (tw.eye(3, dtype="float64"),))[1]
    close(tangent.logabsdet, np.trace(inverse))
    close(tangent.sign, 0)
    jacobian = tw.autograd.jacobian(lambda x: tw.linalg.qr(x).R)(x)
    assert jacobian.shape == (3, 3, 3, 3)
    h = tw.autograd.hessian(lambda x: tw.linalg.slogdet(x).logabsdet)(x)
    close(h, -np.einsum("jk,li->ijkl", inverse, inverse))


@pytest.mark.parametrize("result", [0, 1])
@pytest.mark.parametrize("name", ["qr", "slogdet"])
def test_functional_forms_of_each_result(name, result):
    """One form against another, down to central differences."""

    def f(x):
        y = getattr(tw.linalg, name)(x)[result]
        return y * y * 0.5 + y

    x, v, step = matrix((3, 3)), matrix((3, 3), seed=2), 1e-6
    jacobian = tw.autograd.jacobian(f)(x)
    difference = (f(x + v * step).numpy() - f(x - v * step).numpy()) / (2 * step)
    close(tw.sum(jacobian * v, axis=(-2, -1)), difference, 1e-6)
    value, tangent = tw.autograd.jvp(f, (x,), (v,))
    close(tangent, difference, 1e-6)
    close(value, f(x))
    u = tw.ones(value.shape, dtype="float64") * 0.7
    product = np.tensordot(np.asarray(u), np.asarray(jacobian), value.ndim)
    close(tw.autograd.vjp(f, x)[1](u)[0], product)
    hessian = tw.autograd.hessian(lambda x: tw.sum(f(x) * u))(x)
    slope = tw.autograd.grad(lambda x: tw.sum(f(x) * u))
    close(tw.sum(hessian * v, axis=(-2, -1)), (slope(x + v * step) - slope(x - v * step)).numpy() / (2 * step), 1e-5)


def test_hooks_in_second_derivatives():
    """A hook on one result changes what is differentiated again."""

    def second(factor):
        x = matrix((3, 3)).requires_grad_()
        q, r = tw.linalg.qr(x)
        remove = r.register_hook(lambda g: g * factor)
        (g,) = tw.autograd.gradients(tw.sum(q * q * q) + tw.sum(tw.sin(r)), [x], create_graph=True)
        remove()  # else it would change what arrives at R in the second pass, too
        tw.sum(g * g).backward()
        return x.grad

    plain = matrix((3, 3)).requires_grad_()
    q, r = tw.linalg.qr(plain)
    (g,) = tw.autograd.gradients(tw.sum(q * q * q) + tw.sum(tw.sin(r)) * 2, [plain], create_graph=True)
    tw.sum(g * g).backward()
    close(second(2.0), plain.grad)


def test_gradients_of_a_result_and_of_what_is_behind_it():
    x = matrix((3, 3)).requires_grad_()
    q, r = tw.linalg.qr(x)
    loss = tw.sum(q * r)
    of_r, of_x = tw.autograd.gradients(loss, [r, x], retain_graph=True)
    close(of_r, q.detach())
    loss.backward()
    close(of_x, x.grad)
    (alone,) = tw.autograd.gradients(tw.sum(tw.linalg.qr(x).Q), [x])
    assert alone.shape == (3, 3)


def test_threads_walk_back_through_one_call_each():
    x = matrix((3, 3)).requires_grad_()

    def work():
        q, r = tw.linalg.qr(x)
        (tw.sum(q) + tw.sum(r * r)).backward()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = matrix((3, 3)).requires_grad_()
    q, r = tw.linalg.qr(alone)
    (tw.sum(q) + tw.sum(r * r)).backward()
    close(x.grad, 8 * alone.grad)


def test_two_passes_through_results_of_one_call():
    x = matrix((3, 3)).requires_grad_()
    q, r = tw.linalg.qr(x)
    tw.sum(q).backward(retain_graph=True)
    tw.sum(r).backward(retain_graph=True)
    tw.sum(r).backward()
    for again in (q, r):
        with pytest.raises(RuntimeError, match="what qr had saved was freed by an earlier backward"):
            tw.sum(again).backward()


@pytest.mark.parametrize("result", [0, 1])
def test_checkpoints_of_one_result(result):
    x, plain = matrix((3, 3)).requires_grad_(), matrix((3, 3)).requires_grad_()

    def f(x):
        return tw.sin(tw.autograd.checkpoint(tw.linalg.qr, x)[result] * 2)

    (g,) = tw.autograd.gradients(tw.sum(tw.autograd.checkpoint(f, x)), [x], create_graph=True)
    tw.sum(g * g).backward()
    (g,) = tw.autograd.gradients(tw.sum(tw.sin(tw.linalg.qr(plain)[result] * 2)), [plain], create_graph=True)
    tw.sum(g * g).backward()
    close(x.grad, plain.grad)


def test_checkpoint_and_freed_graphs():
    x = matrix((4, 3)).requires_grad_()
    q, r = tw.autograd.checkpoint(tw.linalg.qr, x)
    (tw.sum(q) + tw.sum(r * r)).backward()
    plain = matrix((4, 3)).requires_grad_()
    a, b = tw.linalg.qr(plain)
    (tw.sum(a) + tw.sum(b * b)).backward(retain_graph=True)
    close(x.grad, plain.grad)
    tw.sum(a).backward()
    with pytest.raises(RuntimeError, match="qr had saved was freed by an earlier backward"):
        tw.sum(b).backward()


def test_a_result_that_was_overwritten_is_noticed():
    x = matrix((3, 3)).requires_grad_()
    q, r = tw.linalg.qr(x)
    with tw.no_grad():
        r[...] = 0.0  # the rule needs it
    with pytest.raises(RuntimeError, match=r"qr .* written in place since"):
        tw.sum(q).backward()


def test_anomaly_mode_names_the_op():
    x = tw.zeros((2, 2), dtype="float64").requires_grad_()
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match=r"anomaly: slogdet gave NaN or inf"):
        tw.linalg.slogdet(x)
    bad = tw.full((2, 2), math.nan, dtype="float64").requires_grad_()
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match=r"slogdet .*; its input .* already"):
        tw.linalg.slogdet(bad)


class Decomposed(tw.nn.Module):
    def forward(self, x):
        return tw.linalg.qr(x)


@pytest.mark.parametrize("result", [0, 1])
def test_anomaly_mode_names_op_and_layer_in_backward(result):
    x = matrix((2, 2)).requires_grad_()
    with tw.autograd.anomaly_mode():
        y = tw.nn.Sequential(Decomposed())(x)[result]
        message = (
            r"the gradient of qr is NaN or inf for its input of shape \(2, 2\); recorded at .*test_linalg.py:\d+, in "
            r"layer .*0; so was the gradient that backward brought"
        )
        y.register_hook(lambda g: g * math.inf)
        with pytest.raises(FloatingPointError, match=message):
            tw.sum(y).backward()


def test_singular_matrices():
    x = tw.zeros((2, 2)).requires_grad_()
    sign, logabsdet = tw.linalg.slogdet(x)
    assert sign.item() == 0 and logabsdet.item() == -math.inf
    with pytest.raises(ValueError, match=r"inv: a matrix of x .* is singular"):
        logabsdet.backward()


# ---- the mechanism alone ---------------------------------------------------------------------------------------------


def test_results_of_other_dtypes_carry_no_gradient(registry):
    @primitive(
        results=("root", "count"),
        keeps=("half",),
        kernel=lambda x: (_core.sqrt(x), _core.isfinite(x), _core.add(x, 0.5)),
    )
    def _parts(x, /):
        """A float, a bool, and something kept."""

    x = tw.asarray([4.0, 9.0]).requires_grad_()
    seen = []

    def rule(g, root, half):
        seen.append((g, root, half))
        return g[0] / (root * 2)

    registry.register_vjps({"parts": rule})
    root, count = _parts(x)
    assert root.requires_grad and not count.requires_grad and count.tolist() == [True, True]
    root.sum().backward(create_graph=True)
    (g, y, half) = seen[0]
    assert type(g) is tuple and len(g) == 2 and g[1] is None
    assert y.requires_grad and isinstance(half, _core.Array)
    close(x.grad, [0.25, 1 / 6], 1e-6)


@pytest.mark.parametrize(
    "given", [lambda x: x, lambda x: (x,), lambda x: (x, x, x), lambda x: (x, 3), lambda x: [x, x]]
)
def test_kernels_give_what_was_declared(given, registry):
    @primitive(results=("a", "b"), kernel=given)
    def _odd(x, /):
        """Two arrays."""

    with pytest.raises(TypeError, match=r"odd: the kernel (must give a tuple of 2 arrays|gave a int, no array)"):
        _odd(tw.ones(2))
