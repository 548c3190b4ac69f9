"""The tape: what is recorded, how backward walks it, and who owns what afterwards."""

from __future__ import annotations

import gc
import math
import sys
import threading
import weakref

import numpy as np
import pytest

import tilewright as tw
from leaves import array, close, leaf
from tilewright import _core
from tilewright._engine.op import primitive
from tilewright.autograd import enable_grad, gradients, is_grad_enabled, no_grad

# ---- values ----------------------------------------------------------------------------------------------------------


def test_a_value_used_several_times_gets_the_sum():
    x = leaf(2, 3)
    y = x * x
    (y * x + y).sum().backward()
    close(x.grad, 3 * np.square([2, 3]) + 2 * np.array([2, 3]))


def test_diamond_is_visited_once_per_node():
    x = leaf(1.5)
    seen = []
    h = x * 2
    h.register_hook(lambda g: seen.append(g.item()))
    a, b = tw.exp(h), tw.sin(h)
    (a * b + h).sum().backward()
    assert len(seen) == 1
    assert seen[0] == pytest.approx(math.exp(3) * (math.sin(3) + math.cos(3)) + 1)


def test_broadcasting_is_undone():
    x, b, s = leaf(*range(3)), tw.asarray([[1.0], [2.0]], dtype="float64", requires_grad=True), leaf(3)
    ((x + b) * s.reshape(())).sum().backward()
    close(x.grad, [6, 6, 6])
    close(b.grad, [[9], [9]])
    close(s.grad, [(0 + 1 + 2) * 2 + 3 * 3])
    assert b.grad.shape == (2, 1)


@pytest.mark.parametrize("shape", [(), (0,), (1, 0, 3), (1,)])
def test_degenerate_shapes(shape):
    x = tw.zeros(shape, dtype="float64").requires_grad_()
    tw.exp(x * 2).sum().backward()
    assert x.grad.shape == shape
    close(x.grad, np.full(shape, 2.0))


def test_gradient_for_results_with_several_elements():
    x = leaf(1, 2)
    y = x * 3
    with pytest.raises(RuntimeError, match=r"backward: a tensor of shape \(2,\) has no single gradient"):
        y.backward()
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), but the tensor has \(2,\)"):
        y.backward([1.0, 2.0, 3.0])
    y.backward([1.0, 10.0])
    close(x.grad, [3, 30])
    with pytest.raises(RuntimeError, match="does not require grad"):
        array(1).backward()


def test_backward_of_a_leaf_is_its_gradient():
    x = leaf(1, 2)
    x.backward([5.0, 6.0])
    close(x.grad, [5, 6])


def test_numbers_and_untracked_inputs_get_nothing():
    x, c = leaf(1, 2), array(3, 4)
    (2.0 * x * c + c).sum().backward()
    close(x.grad, [6, 8])
    assert c.grad is None


@pytest.mark.parametrize(("low", "high"), [("float32", "float64"), ("bfloat16", "float32"), ("float16", "float64")])
def test_cotangents_have_the_dtype_of_what_they_belong_to(low, high):
    x, w = leaf(1, 2, dtype=low), leaf(3, 4, dtype=high)
    y = x * w
    assert y.dtype.name == high
    tw.concatenate([y, x]).sum().backward()
    assert x.grad.dtype.name == low
    assert w.grad.dtype.name == high
    close(x.grad.astype("float64"), [4, 5])
    close(w.grad, [1, 2])
    (v,) = gradients((x.astype(high) * w).sum(), [x])
    assert v.dtype.name == low


def test_where_with_mixed_dtypes():
    x, w = leaf(1, 2, dtype="float32"), leaf(3, 4)
    tw.where(tw.asarray([True, False]), x, w).sum().backward()
    assert x.grad.dtype.name == "float32"
    close(x.grad, [1, 0])
    close(w.grad, [0, 1])


# ---- what is recorded ------------------------------------------------------------------------------------------------


def test_modes_nest_and_are_restored_after_errors():
    assert is_grad_enabled()
    with no_grad():
        assert not is_grad_enabled()
        with enable_grad():
            assert is_grad_enabled()
        with pytest.raises(ZeroDivisionError), enable_grad():
            1 / 0  # noqa: B018
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_modes_decorate():
    @no_grad()
    def off():
        return is_grad_enabled()

    @no_grad
    def off_too():
        """Doc."""
        return is_grad_enabled()

    @enable_grad()
    def on():
        return is_grad_enabled()

    assert not off()
    assert not off_too()
    assert off_too.__doc__ == "Doc."
    with no_grad():
        assert on()
    with pytest.raises(TypeError, match="no_grad: cannot decorate generate, which suspends"):

        @no_grad()
        def generate():
            yield 1


def test_one_context_may_be_entered_again():
    context = no_grad()
    with context, context:
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_modes_are_per_thread():
    seen = {}
    inside, leave = threading.Event(), threading.Event()

    def other():
        seen["start"] = is_grad_enabled()
        with no_grad():
            inside.set()
            leave.wait(10)
            x = leaf(1)
            seen["tracked"] = (x * 2).requires_grad

    with no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        assert inside.wait(10)
    assert is_grad_enabled()
    leave.set()
    thread.join()
    assert seen == {"start": True, "tracked": False}


def test_threads_run_backward_at_once():
    w = tw.ones((64, 64), dtype="float64")
    failures = []

    def work(k):
        for _ in range(20):
            x = tw.full((64,), float(k), dtype="float64").requires_grad_()
            tw.sum((w @ x) * x).backward()
            if not np.allclose(x.grad.numpy(), 2 * 64 * k):
                failures.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_detach_cuts():
    x = leaf(2)
    (x * x.detach()).sum().backward()
    close(x.grad, [2])


def test_requires_grad_rules():
    with pytest.raises(TypeError, match="only floating and complex dtypes have gradients"):
        tw.asarray([1, 2], requires_grad=True)
    x = leaf(1)
    y = x * 2
    assert x.is_leaf
    assert not y.is_leaf
    with pytest.raises(RuntimeError, match="use detach"):
        y.requires_grad = False
    x.requires_grad = False
    assert not x.requires_grad
    assert not (x * 2).requires_grad


# ---- .grad -----------------------------------------------------------------------------------------------------------


def test_grad_accumulates_and_can_be_reset():
    x = leaf(1, 2)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    close(x.grad, [5, 5])
    close(first, [2, 2])  # what someone may hold is not written to
    x.grad = None
    (x * 3).sum().backward()
    close(x.grad, [3, 3])
    with pytest.raises(ValueError, match=r"grad: shape \(1,\) does not match"):
        x.grad = array(1)


def test_leaves_own_their_gradients():
    x, y, seed = leaf(1, 2), leaf(3, 4), array(1, 1)
    (x + y).backward(seed)
    x.grad[0] = 50.0
    close(y.grad, [1, 1])
    close(seed, [1, 1])

    x, kept = leaf(1, 2), []
    h = x + 0.0
    h.retain_grad()
    h.register_hook(kept.append)
    h.sum().backward()
    x.grad[0] = 50.0
    close(h.grad, [1, 1])
    close(kept[0], [1, 1])
    assert x.grad._array.is_contiguous


def test_retain_grad():
    x = leaf(1, 2)
    h = x * 2
    h.retain_grad()
    assert h.grad is None
    (h * h).sum().backward(retain_graph=True)
    close(h.grad, [4, 8])
    (h * h).sum().backward()
    close(h.grad, [8, 16])
    x.retain_grad()  # leaves do that anyway
    with pytest.raises(RuntimeError, match="retain_grad: the tensor does not require grad"):
        array(1).retain_grad()


def test_hooks_see_replace_and_go():
    x = leaf(1, 2)
    h = x * 2
    seen = []
    remove = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y = (h * 3).sum()
    y.backward(retain_graph=True)
    assert seen == [[3, 3]]
    close(x.grad, [61, 61])
    remove()
    remove()
    x.grad = None
    y.backward()
    assert len(seen) == 1
    close(x.grad, [61, 61])


def test_hook_errors():
    x = leaf(1, 2)
    x.register_hook(lambda g: array(1))
    with pytest.raises(ValueError, match=r"hook: the returned gradient has shape \(1,\), but must have \(2,\)"):
        (x * 2).sum().backward()
    with pytest.raises(RuntimeError, match="register_hook: the tensor does not require grad"):
        array(1).register_hook(print)
    assert is_grad_enabled()


# ---- the graph's life ------------------------------------------------------------------------------------------------


def test_backward_twice():
    x = leaf(1, 2)
    y = tw.exp(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    close(x.grad, 2 * np.exp([1, 2]))
    with pytest.raises(RuntimeError, match=r"backward: what sum had saved was freed .* pass retain_graph=True"):
        y.backward()


def test_backward_frees_what_was_saved(no_gc):
    x = leaf(1, 2)
    h = x * 2
    y = h * h
    alive = weakref.ref(h)
    del h
    assert alive() is not None
    y.sum().backward()
    assert alive() is None


def test_graph_goes_with_its_last_tensor(no_gc):
    x = leaf(1, 2)
    h = x * 2
    y = tw.tanh(h * h)
    y.retain_grad()
    y.register_hook(lambda g: g * 1.0)
    node = weakref.ref(h)
    del h
    y.sum().backward(retain_graph=True)
    del y
    assert node() is None


def test_nothing_leaks_and_nothing_is_cyclic(no_gc):
    w = tw.ones((32, 32)).requires_grad_()
    start = tw.memory.stats()["in_use"]

    def step():
        x = tw.ones((8, 32))
        h = tw.tanh(x @ w + 1.0)
        h.retain_grad()
        parts = [h[:, :16], h[:, 16:]]
        y = tw.concatenate(parts, axis=1) * tw.max(h, axis=1, keepdims=True)
        (g,) = gradients(y.sum(), [w], create_graph=True)
        ((g * g).sum() + tw.logsumexp(h)).backward()
        w.grad = None

    for _ in range(3):
        step()
        assert tw.memory.stats()["in_use"] == start
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        step()
        gc.collect()
        found = [o for o in gc.garbage if type(o).__module__.startswith("tilewright")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert found == []


def test_a_chain_of_100_000_nodes(no_gc):
    assert sys.getrecursionlimit() < 100_000
    x = leaf(1)
    start = tw.memory.stats()["in_use"]
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.backward()
    close(x.grad, [1])
    del y
    x.grad = None
    assert tw.memory.stats()["in_use"] == start
    y = x
    for _ in range(100_000):
        y = y + x
    del y  # never walked back
    assert tw.memory.stats()["in_use"] == start


def test_backward_inside_a_hook():
    x, inner = leaf(2), leaf(3)

    def hook(g):
        with enable_grad():
            (inner * inner).sum().backward()
        return g * inner.grad.detach()

    h = x * 1.0
    h.register_hook(hook)
    (h * h).sum().backward()
    close(x.grad, [4 * 6])


# ---- gradients of gradients ------------------------------------------------------------------------------------------


def test_create_graph():
    x = leaf(0.5, 2)
    y = tw.tanh(x) * tw.exp(x)
    (g,) = gradients(y.sum(), [x], create_graph=True)
    (h,) = gradients(g.sum(), [x])
    t = np.tanh(x.detach().numpy())
    d = 1 - t * t
    close(h, np.exp(x.detach().numpy()) * (t + 2 * d - 2 * t * d))


def test_create_graph_in_backward_leaves_differentiable_gradients():
    x = leaf(2)
    (x * x * x).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    g = x.grad
    x.grad = None
    g.sum().backward()
    close(x.grad, [12])


def test_gradient_penalty():
    w, x = leaf(1, -2), leaf(0.3, 0.7)
    (g,) = gradients((tw.tanh(w * x)).sum(), [x], create_graph=True)
    (g * g).sum().backward()
    t = np.tanh(w.detach().numpy() * x.detach().numpy())
    s = 1 - t * t
    wn, xn = w.detach().numpy(), x.detach().numpy()
    close(w.grad, 2 * (s * wn) * (s + wn * (-2 * t * s) * xn))


# ---- ops without gradient --------------------------------------------------------------------------------------------


def test_missing_gradient_is_an_error_when_it_is_needed(registry):
    @primitive(kernel=_core.cos)
    def bare(x, /):
        """An op without a rule."""

    bare(array(1))
    with pytest.raises(NotImplementedError, match="bare: has no gradient; detach its input"):
        bare(leaf(1))


def test_wrong_rule_is_reported(registry):
    @primitive(kernel=_core.cos)
    def wrong(x, /):
        """An op with a wrong rule."""

    registry.register_vjps({"wrong": lambda g: tw.zeros(3)})
    y = wrong(leaf(1, 2))
    with pytest.raises(
        RuntimeError, match=r"the vjp of wrong gave a cotangent of shape \(3,\) for an input of shape \(2,\)"
    ):
        y.backward([1.0, 1.0])
