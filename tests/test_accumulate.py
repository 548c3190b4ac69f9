"""Gradients that add up: products go straight into the sum or into `.grad`, and nobody sees a difference."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


def array(*shape, seed=0, dtype="float64"):
    return tw.asarray(np.random.default_rng(seed).standard_normal(shape), dtype=dtype)


def leaf(*shape, seed=0, dtype="float64"):
    return array(*shape, seed=seed, dtype=dtype).requires_grad_()


def close(actual, desired, tolerance=1e-12):
    np.testing.assert_allclose(actual.detach(), desired, rtol=tolerance, atol=tolerance)


def extra_memory(run):
    """Bytes that `run` needs at most beyond what is in use before."""
    before = tw.memory.stats()["in_use"]
    tw.memory.reset_peak()
    run()
    return tw.memory.stats()["peak"] - before


BATCH, WIDTH = 4, 700
WEIGHT_BYTES = WIDTH * WIDTH * 4


def small_batch_loss(layer):
    return (layer(array(BATCH, WIDTH, dtype="float32")) ** 2).sum()


def test_no_memory_for_another_gradient_of_the_weight():
    """The second micro-batch adds to `.grad` where it is; so does the second use within one backward."""
    for layer in (nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH, activation="gelu")):
        loss = small_batch_loss(layer)
        assert extra_memory(loss.backward) > WEIGHT_BYTES
        where, first = layer.weight.grad._array.data_ptr, layer.weight.grad.numpy().copy()
        loss = small_batch_loss(layer)
        assert extra_memory(loss.backward) < WEIGHT_BYTES / 2
        assert layer.weight.grad._array.data_ptr == where
        close(layer.weight.grad, 2 * first, 1e-4)

    w = leaf(WIDTH, WIDTH, dtype="float32")
    h = array(BATCH, WIDTH, dtype="float32")
    for _ in range(5):
        h = tw.tanh(h @ w * 0.01)
    loss = h.sum()
    assert WEIGHT_BYTES < extra_memory(loss.backward) < 1.5 * WEIGHT_BYTES


def test_many_rows_are_multiplied_at_once():
    """A product that would keep more than its value takes is not held back."""
    x, w = array(1000, 30), leaf(20, 30)
    F.linear(x, w).sum().backward()
    F.linear(x, w).sum().backward()
    close(w.grad, 2 * np.broadcast_to(x.numpy().sum(0), (20, 30)), 1e-10)


@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
def test_a_recurrence_by_hand(activation):
    """A weight used at every step, over two passes: the gradients of weights that are used once, added up."""

    def run(weights):
        h = array(3, 5, seed=1)
        for w in weights:
            h = F.linear(h, w, None, activation) + array(3, 5, seed=2)
        (h * array(3, 5, seed=3)).sum().backward()

    apart = [leaf(5, 5, seed=9) for _ in range(4)]
    run(apart)
    want = sum(w.grad.numpy() for w in apart)
    w = leaf(5, 5, seed=9)
    run([w] * 4)
    close(w.grad, want)
    run([w] * 4)
    close(w.grad, 2 * want)


def test_products_and_other_gradients_meet():
    x, w = leaf(3, 5), leaf(5, 5, seed=1)

    def run():
        q, k, v = x @ w, F.linear(x, w), tw.matmul(x, w)
        (q * array(3, 5, seed=2) + k * v).sum().backward()
        (w * 2).sum().backward()
        ((w * w).sum() + (x @ w).sum() + w.T.sum()).backward()

    run()
    first = x.grad.numpy().copy(), w.grad.numpy().copy()
    c, a, b = array(3, 5, seed=2).numpy(), x.detach().numpy(), w.detach().numpy()
    k, v = a @ b.T, a @ b
    ones = np.ones((3, 5))
    close(x.grad, (c + k) @ b.T + v @ b + ones @ b.T)
    close(w.grad, a.T @ (c + k) + v.T @ a + 2 + 2 * b + a.T @ ones + 1)
    run()
    close(x.grad, 2 * first[0])
    close(w.grad, 2 * first[1])


# ---- who may see a gradient ------------------------------------------------------------------------------------------


def run_twice(look):
    """Two backward passes; `look(w)` between them may keep something."""
    x, w = array(2, 6), leaf(5, 6, seed=1)
    F.linear(x, w).sum().backward()
    once = w.grad.numpy().copy()
    kept = look(w)
    F.linear(x, w).sum().backward()
    close(w.grad, 2 * once)
    return kept, once


@pytest.mark.parametrize(
    "look",
    [
        lambda w: w.grad,
        lambda w: w.grad.detach(),
        lambda w: w.grad.numpy(),
        lambda w: w.grad[1:],
        lambda w: {1: w.grad},
    ],
    ids=["variable", "detach", "numpy", "view", "dict"],
)
def test_what_someone_holds_is_not_written_to(look):
    kept, once = run_twice(look)
    kept = kept[1] if isinstance(kept, dict) else kept
    np.testing.assert_array_equal(kept, once[-len(kept) :])


def test_what_is_multiplied_at_the_end_is_not_recorded():
    x, w = leaf(2, 6), leaf(5, 6, seed=1)
    for _ in range(3):
        F.linear(x, w).sum().backward()
        kept = w.grad  # so that the next product is added outside
        assert not kept.requires_grad
    close(w.grad, 3 * np.broadcast_to(x.detach().numpy().sum(0), (5, 6)))


def test_a_recorded_use_of_a_gradient_keeps_it():
    def look(w):
        s = leaf(1, seed=5)
        return s, (w.grad * s).sum()

    (s, y), once = run_twice(look)
    y.backward()
    close(s.grad, [once.sum()])


def test_grad_set_by_the_user():
    """Transposed, read-only, broadcast, or on the tape: a new tensor then, theirs is left alone."""
    x, w = array(2, 6), leaf(5, 6, seed=1)
    F.linear(x, w).sum().backward()
    once = w.grad.numpy().copy()
    frozen = np.ones((5, 6))
    frozen.flags.writeable = False
    for given in (
        lambda: array(6, 5, seed=2).T,
        lambda: tw.asarray(frozen),
        lambda: leaf(5, 6, seed=2) * 1,
        lambda: tw.broadcast_to(array(6, seed=2), (5, 6)),
    ):
        start = given().detach().astype("float64").numpy().copy()
        w.grad = given()
        F.linear(x, w).sum().backward()
        close(w.grad, start + once, 1e-6)
    assert (frozen == 1).all()
    w.grad = tw.zeros((5, 6), dtype="float64")
    F.linear(x, w).sum().backward()
    close(w.grad, once)


def test_hooks_see_whole_gradients_and_keep_them():
    x, w, seen = array(2, 5), leaf(5, 5, seed=1), []
    w.register_hook(seen.append)
    for _ in range(2):
        (F.linear(x, w) @ w).sum().backward()
    close(seen[0], seen[1])
    close(w.grad, 2 * seen[0].numpy())
    copies = [g.numpy().copy() for g in seen]
    (F.linear(x, w) @ w).sum().backward()
    close(w.grad, 3 * copies[0])
    for g, copy in zip(seen, copies, strict=False):
        np.testing.assert_array_equal(g, copy)
    w.grad = None
    w.register_hook(lambda g: g * 10)
    (F.linear(x, w) @ w).sum().backward()
    close(w.grad, 10 * copies[0])


def test_functional_forms_give_their_gradients_away():
    x, w = array(2, 5), leaf(5, 5, seed=1)
    F.linear(x, w).sum().backward()
    before = w.grad.numpy().copy()
    (g,) = tw.autograd.gradients((F.linear(x, w) @ w).sum(), [w])
    kept = g.numpy().copy()
    np.testing.assert_array_equal(w.grad, before)
    (F.linear(x, w) @ w).sum().backward()
    np.testing.assert_array_equal(g, kept)
    close(w.grad, before + kept)


def test_create_graph_adds_up_what_can_be_differentiated():
    x, w = array(2, 5), leaf(5, 5, seed=1)
    F.linear(x, w, None, "tanh").sum().backward()
    first = w.grad
    loss = F.linear(x, w, None, "tanh").sum()
    loss.backward(create_graph=True)
    assert w.grad.requires_grad
    close(w.grad, 2 * first.numpy())
    g = w.grad
    w.grad = None
    (g * g).sum().backward()
    y = np.tanh(x.numpy() @ w.detach().numpy().T)
    of_first = 2 * g.detach().numpy()
    want = (-2 * y * (1 - y * y) * (x.numpy() @ of_first.T)).T @ x.numpy()
    close(w.grad, want)


# ---- when something goes wrong, or is written, on the way ------------------------------------------------------------


def test_a_backward_that_fails_changes_no_gradient():
    def fail(g):
        raise KeyError("on purpose")

    net = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
    x = array(2, 6, dtype="float32")
    net(x).sum().backward()
    before = [p.grad.numpy().copy() for p in net.parameters()]
    h = net[0](x)
    h.register_hook(fail)
    with pytest.raises(KeyError, match="on purpose"):
        net[1:](h).sum().backward()
    h = net[0](x)
    remove = net[0].weight.register_hook(fail)
    with pytest.raises(KeyError, match="on purpose"):
        net[1:](h).sum().backward()
    remove()
    for p, g in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.grad, g)


class Scribble(tw.autograd.Function):
    """Passes on; its backward writes zeros to what it was given."""

    @staticmethod
    def forward(ctx, x, target):
        ctx.target = target
        return x.copy()

    @staticmethod
    def backward(ctx, g):
        ctx.target.zero_()
        return g, None


def scribble_in_hook(h, target):
    h.register_hook(lambda g: target.zero_() is None or None)
    return h


def scribble_in_checkpoint(h, target):
    def fun(h):
        if calls:
            target.zero_()
        calls.append(1)
        return tw.tanh(h)

    calls = []
    return tw.autograd.checkpoint(fun, h)


@pytest.mark.parametrize("scribble", [scribble_in_hook, Scribble.apply, scribble_in_checkpoint])
def test_writes_after_a_product_arrived_come_too_late(scribble):
    """A product that is held back is multiplied before anything of the user's runs."""
    x, w, u = array(2, 9), leaf(9, 9, seed=1), leaf(9, 9, seed=2)

    def run(wanted):
        target = tw.zeros((2, 9), dtype="float64")
        h = F.linear(x, u)
        h = scribble(h, target) if wanted else tw.tanh(h) if scribble is scribble_in_checkpoint else h
        target.copy_(h.detach())
        F.linear(target, w).sum().backward() if not wanted else (F.linear(target, w) + h).sum().backward()

    run(False)
    want = 2 * w.grad.numpy()
    run(True)
    close(w.grad, want)


def test_a_hook_that_steps_another_weight():
    a, b = leaf(9, 9), leaf(9, 9, seed=1)
    (a @ b).sum().backward()
    want = 2 * a.grad.numpy(), 2 * b.grad.numpy()

    def step(g):
        with tw.no_grad():
            b.copy_(b - g)

    b.register_hook(step)
    (a @ b).sum().backward()
    close(a.grad, want[0])
    close(b.grad, want[1])


def test_same_bits_at_any_thread_count():
    seen = []
    before = tw.get_num_threads()
    try:
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            w, bias = leaf(300, 200, dtype="float32"), leaf(300, seed=1, dtype="float32")
            for seed in range(2):
                F.linear(array(70, 200, seed=seed, dtype="float32"), w, bias, "gelu").sum().backward()
            seen.append((w.grad.numpy().tobytes(), bias.grad.numpy().tobytes()))
    finally:
        tw.set_num_threads(before)
    assert seen[0] == seen[1] == seen[2]


def test_complex_products_add_up():
    rng = np.random.default_rng(0)
    a, b, g = (rng.standard_normal((n, m)) + 1j * rng.standard_normal((n, m)) for n, m in ((2, 7), (7, 7), (2, 7)))
    x, w = tw.asarray(a).requires_grad_(), tw.asarray(b).requires_grad_()
    for passes in (1, 2):
        (x @ w).backward(tw.asarray(g))
        np.testing.assert_allclose(x.grad, passes * g @ b.conj().T, rtol=1e-12)
        np.testing.assert_allclose(w.grad, passes * a.conj().T @ g, rtol=1e-12)
    w.grad = None
    (x @ w @ w).backward(tw.asarray(g))
    np.testing.assert_allclose(w.grad, a.conj().T @ (g @ b.conj().T) + (a @ b).conj().T @ g, rtol=1e-12)
