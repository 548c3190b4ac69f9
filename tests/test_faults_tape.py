"""Faults of the tape that were found by random calls, each with its kind: docs/faults.md lists them."""

from __future__ import annotations

import math
import sys
import threading

import numpy as np
import pytest

import tilewright as tw

F = tw.nn.functional
INF = math.inf


def leaf(*values, dtype="float64"):
    return tw.asarray(list(values), dtype=dtype, requires_grad=True)


def close(x, want, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(x.detach()), want, rtol=tolerance, atol=tolerance)


# ---- 2: several threads, one leaf ------------------------------------------------------------------------------------


@pytest.fixture
def eager_switching():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def run_in_threads(work, count=4):
    ready = threading.Barrier(count)
    failures = []

    def run():
        ready.wait()
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize(("size", "passes"), [(1, 2000), (400_000, 40)])
def test_threads_that_share_a_leaf_lose_nothing(size, passes, eager_switching):
    x = tw.ones(size, dtype="float64").requires_grad_()

    def work():
        for _ in range(passes):
            (x * 2.0).sum().backward()

    run_in_threads(work)
    close(x.grad, np.full(size, 4 * passes * 2.0))


def test_threads_that_share_a_weight_lose_no_product(eager_switching):
    """Products are added without being made first, and without the interpreter's lock."""
    weight = tw.ones((600, 500), dtype="float64").requires_grad_()
    inputs = tw.ones((64, 500), dtype="float64")

    def work():
        for _ in range(20):
            F.linear(inputs, weight).sum().backward()

    run_in_threads(work)
    close(weight.grad, np.full((600, 500), 4 * 20 * 64.0))


def test_threads_that_share_a_retained_result_lose_nothing(eager_switching):
    x = tw.ones(200_000, dtype="float64").requires_grad_()
    h = x * 1.0
    h.retain_grad()

    def work():
        for _ in range(50):
            (h * 2.0).sum().backward(retain_graph=True)

    run_in_threads(work)
    close(h.grad, np.full(200_000, 400.0))
    close(x.grad, np.full(200_000, 400.0))


def test_a_fork_while_another_thread_adds_to_a_gradient(python):
    code = """
import os, sys, threading
import tilewright as tw
x = tw.ones((300, 300)).requires_grad_()
w = tw.ones((300, 300)).requires_grad_()
(x @ w).sum().backward()  # so that no import, whose lock is Python's, goes on during a fork
((x * 2.0).sum() + w[0, 0]).backward()
stop = False
def work():
    while not stop:
        (x @ w).sum().backward()
thread = threading.Thread(target=work)
thread.start()
for _ in range(40):
    child = os.fork()
    if child == 0:
        a = tw.zeros(3)
        a[0] = 1.0
        y = tw.ones(2).requires_grad_()
        (y * 2.0).sum().backward()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop = True
thread.join()
print("done")
"""
    done = python(code, timeout=120)
    assert done.stdout.strip() == "done", done.stderr


# ---- 3: what an index, a target or an operand was when it was used ---------------------------------------------------

INDEXED = {
    "x[k]": lambda x, k: x[k],
    "x[:, k]": lambda x, k: x[:, k],
    "x[k, 1]": lambda x, k: x[k, 1],
    "x[None, k]": lambda x, k: x[None, k],
    "x[k, k]": lambda x, k: x[k, k],
    "take": lambda x, k: tw.take(x, k, axis=1),
    "take_along_axis": lambda x, k: tw.take_along_axis(x, k[None] if isinstance(k, np.ndarray) else [k], axis=1),
}


@pytest.mark.parametrize("name", [n for n in INDEXED if n != "take_along_axis"])
def test_a_tensor_written_after_its_use_as_index_is_noticed(name):
    x = tw.ones((3, 3), dtype="float64").requires_grad_()
    k = tw.asarray([0, 1])
    y = INDEXED[name](x, k)
    k[:] = 2
    with pytest.raises(RuntimeError, match="written in place since"):
        y.sum().backward()


@pytest.mark.parametrize("make", [np.array, list], ids=["ndarray", "list"])
@pytest.mark.parametrize("name", INDEXED)
def test_other_indices_are_kept_as_they_were(name, make):
    def gradient(spoil):
        x = tw.ones((3, 3), dtype="float64").requires_grad_()
        k = make([0, 1])
        weights = tw.arange(1, 1 + INDEXED[name](x, k).size, dtype="float64")
        y = INDEXED[name](x, k)
        if spoil:
            k[0], k[1] = 2, 2
        (y.ravel() * weights).sum().backward()
        return x.grad.tolist()

    assert gradient(True) == gradient(False)


def test_masks_are_kept_as_they_were():
    x = leaf(1.0, 2.0, 3.0)
    mask = np.array([True, False, True])
    y = x[mask]
    mask[:] = False
    y.sum().backward()
    close(x.grad, [1, 0, 1])
    tensor = tw.asarray([True, False, True])
    y = x[tensor]
    tensor[:] = False
    with pytest.raises(RuntimeError, match="written in place since"):
        y.sum().backward()


def test_slices_are_kept_as_they_were():
    x, start = leaf(1.0, 2.0, 3.0), tw.asarray(1)
    y = x[start:]
    start[...] = 2
    y.sum().backward()
    close(x.grad, [0, 1, 1])


def test_where_values_were_written_is_kept_as_it_was():
    for make in (np.array, list):
        v = leaf(10.0, 20.0)
        y = tw.zeros(4, dtype="float64")
        k = make([1, 3])
        y[k] = v
        k[0] = k[1] = 0
        (y * tw.asarray([1.0, 2.0, 3.0, 4.0], dtype="float64")).sum().backward()
        close(v.grad, [2, 4])
    v, y, k = leaf(10.0, 20.0), tw.zeros((1, 4), dtype="float64"), tw.asarray([1, 3])
    y[:, k] = v
    k[:] = 0
    with pytest.raises(RuntimeError, match=r"setitem .*written in place since"):
        y.sum().backward()


def test_second_derivatives_heed_the_index_too():
    x, k = leaf(1.0, 2.0, 3.0), tw.asarray([0, 2])
    y = (x[k] ** 3).sum()
    (g,) = tw.autograd.gradients(y, [x], create_graph=True)
    k[:] = 1
    with pytest.raises(RuntimeError, match="written in place since"):
        (g * g).sum().backward()


@pytest.mark.parametrize("kind", ["constant", "leaf", "result"])
@pytest.mark.parametrize("write", ["setitem", "iadd", "imul", "copy_"])
def test_what_was_detached_is_not_written_to_on_the_tape(write, kind):
    """The original would have the values without their gradient."""
    x = tw.ones(2, dtype="float64", requires_grad=kind != "constant")
    x = x * 1.0 if kind == "result" else x
    y, d = leaf(3.0, 4.0), x.detach()
    call = {
        "setitem": lambda: d.__setitem__(..., y),
        "iadd": lambda: d.__iadd__(y),
        "imul": lambda: d.__imul__(y),
        "copy_": lambda: d.copy_(y),
    }[write]
    with pytest.raises(RuntimeError, match="shares its memory with another one"):
        call()
    close(x, [1, 1])
    del x
    call()
    d.sum().backward()
    close(y.grad, [1, 1])


@pytest.mark.parametrize("look", [lambda x: x[...], lambda x: x.reshape(x.shape), lambda x: x.T])
def test_memory_that_a_view_looks_at_is_not_written_to_on_the_tape(look):
    x, y = tw.ones(2, dtype="float64"), leaf(3.0, 4.0)
    view = look(x)
    with pytest.raises(RuntimeError, match="shares its memory with another one"):
        x += y
    close(view, [1, 1])


def test_keys_of_any_form_have_gradients():
    x = tw.ones((0, 4), dtype="float64").requires_grad_()
    x[np.zeros((0, 4), bool)].sum().backward()
    assert x.grad.shape == (0, 4)
    x = leaf(1.0, 2.0, 3.0)
    for key, count in ((((0, 1), ...), 2), (((),), 0), (([],), 0), (([[]], None), 0)):
        assert x[key].size == count
        x[key].sum().backward()
    close(x.grad, [1, 1, 0])
    v = tw.asarray(5.0, dtype="float64", requires_grad=True)
    y = tw.zeros((2, 3), dtype="float64")
    y[(0, 1), 2] = v
    y.sum().backward()
    close(v.grad, 2)
    assert tw.take(x, []).shape == (0,)
    assert tw.take_along_axis(x, []).shape == (0,)


def test_operands_of_numpys_are_kept_as_they_were():
    x = leaf(1.0, 2.0)
    factor = np.array([3.0, 4.0])
    y = x * factor
    z = tw.where(np.array([True, False]), x, factor) + factor @ x
    factor[:] = 0
    y.sum().backward()
    close(x.grad, [3, 4])
    x.grad = None
    z.sum().backward()
    close(x.grad, [1 + 6, 8])


BESIDE = {  # functions of x and an array of NumPy's
    "add": lambda x, a: tw.add(x, a) * x,
    "subtract": lambda x, a: a - x,
    "multiply": tw.multiply,
    "divide": lambda x, a: x / a + a / x,
    "power": lambda x, a: x**a,
    "maximum": tw.maximum,
    "arctan2": tw.arctan2,
    "where": lambda x, a: tw.where(a > 1, x, a),
    "clip": lambda x, a: tw.clip(x, a) + tw.clip(x, max=a),
    "matmul": lambda x, a: x @ a,
    "linear": lambda x, a: F.linear(x, a[None], a[:1]),
    "in place": lambda x, a: (x * 1.0).__imul__(a),
    "written": lambda x, a: (x * 1.0).copy_(x * a),
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "binary_cross_entropy": lambda x, a: F.binary_cross_entropy(x / 8, (a > 1) * 1.0, weight=a),
    "with_logits": lambda x, a: F.binary_cross_entropy_with_logits(x, a / 4, weight=a, pos_weight=a),
    "soft targets": lambda x, a: F.cross_entropy(x, a / 4, weight=a),
}


@pytest.mark.parametrize("name", BESIDE)
def test_arrays_of_numpys_beside_a_leaf_are_kept_as_they_were(name):
    def gradient(spoil):
        x, a = leaf(0.5, 2.5, 3.0), np.array([2.0, 1.0, 3.0])
        y = BESIDE[name](x, a)
        if spoil:
            a[:] = 7.0
        y.sum().backward()
        return x.grad.tolist()

    assert gradient(True) == gradient(False)


def test_targets_of_losses_are_kept_as_they_were():
    for kind in (np.array, tw.asarray):
        x = tw.zeros((2, 3), dtype="float64").requires_grad_()
        target, weight = kind([0, 1]), kind([1.0, 2.0, 3.0])
        loss = F.cross_entropy(x, target, weight=weight)
        target[:] = 2
        if kind is np.array:
            weight[:] = 0
            loss.backward()
            want = np.array([[1 / 3 - 1, 1 / 3, 1 / 3], [2 / 3, 2 / 3 - 2, 2 / 3]]) / 3
            close(x.grad, want, 1e-6)
        else:
            with pytest.raises(RuntimeError, match="written in place since"):
                loss.backward()


# ---- 10: silence ----------------------------------------------------------------------------------------------------


def test_nothing_that_requires_grad_is_cut_off_silently():
    x, number = leaf(1.0, 2.0), tw.asarray(0.5).requires_grad_()
    for op, call in (
        ("full", lambda: tw.full(2, number)),
        ("full", lambda: tw.full_like(x, number)),
        ("arange", lambda: tw.arange(number)),
        ("linspace", lambda: tw.linspace(0, number, 3)),
        ("var", lambda: tw.var(x, correction=number)),
    ):
        with pytest.raises(TypeError, match=f"{op}: .*requires grad"):
            call()
    with pytest.raises(RuntimeError, match=r"asarray: item \[1\] requires grad, which a list does not carry"):
        tw.asarray([1.0, number])
    with pytest.raises(RuntimeError, match=r"asarray: item \[0\] requires grad"):
        x * [number, 2.0]
    with tw.no_grad():
        assert tw.asarray([1.0, number]).tolist() == [1.0, 0.5]


# ---- 14: what may become a gradient ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (3.0, TypeError, "hook: returned a float"),
        (np.ones(2, "f4"), TypeError, "hook: returned a ndarray"),
        (
            tw.ones(2, dtype="float64"),
            TypeError,
            "hook: the returned gradient has dtype float64, but must have float32",
        ),
        (tw.ones(3), ValueError, r"hook: the returned gradient has shape \(3,\), but must have \(2,\)"),
    ],
)
@pytest.mark.parametrize("interior", [False, True])
def test_hooks_return_gradients(returned, error, message, interior):
    x = tw.ones(2).requires_grad_()
    y = x * 2 if interior else x
    y.register_hook(lambda g: returned)
    with pytest.raises(error, match=message):
        (y * 3).sum().backward()
    assert x.grad is None


def test_what_is_no_hook():
    with pytest.raises(TypeError, match="register_hook: the hook is 3, but must be callable"):
        tw.ones(2).requires_grad_().register_hook(3)


def test_gradients_have_the_dtype_of_their_tensor():
    x = tw.ones(2).requires_grad_()
    for wrong in (tw.ones(2, dtype="int64"), tw.ones(2, dtype="float64"), tw.ones(2, dtype="complex64")):
        with pytest.raises(TypeError, match=f"grad: dtype {wrong.dtype.name} does not match the tensor's float32"):
            x.grad = wrong
    assert x.grad is None


# ---- 24: raw errors --------------------------------------------------------------------------------------------------


def test_functions_return_something():
    class Nothing(tw.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return ()

    with pytest.raises(TypeError, match=r"Nothing\.forward: returned no results"):
        Nothing.apply(tw.ones(2).requires_grad_())


def test_containers_that_hold_themselves():
    recursive = [tw.ones(2)]
    recursive.append(recursive)
    deep = tw.ones(2)
    for _ in range(500):
        deep = [deep]
    for tree in (recursive, {"a": recursive}, deep):
        with pytest.raises(ValueError, match="nested more than 100 levels deep"):
            tw.autograd.vjp(lambda x: x[0], tree)
        with pytest.raises(ValueError, match="nested more than 100 levels deep"):
            tw.autograd.grad(lambda x: x[0].sum())(tree)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("jvp: primals is 3, but must be a tuple", lambda: tw.autograd.jvp(tw.sin, 3, (1.0,))),
        ("jvp: tangents is None, but must be a tuple", lambda: tw.autograd.jvp(tw.sin, (tw.ones(2),), None)),
        ("hvp: primals is a Tensor", lambda: tw.autograd.hvp(tw.sum, tw.ones(2), (tw.ones(2),))),
        ("grad: takes a function, not a Tensor", lambda: tw.autograd.grad(tw.ones(2))),
        ("value_and_grad: argnums is 'a'", lambda: tw.autograd.grad(tw.sum, "a")(tw.ones(2))),
        ("value_and_grad: with has_aux", lambda: tw.autograd.grad(tw.sum, has_aux=True)(tw.ones(2))),
        ("backward: retain_graph is 'yes'", lambda: leaf(1.0).sum().backward(retain_graph="yes")),
        ("gradients: create_graph is 2", lambda: tw.autograd.gradients(leaf(1.0).sum(), [], create_graph=2)),
        ("no_grad: decorates a function, not 3", lambda: tw.no_grad(3)),
        ("explain: fun is 3", lambda: tw.explain(3)),
        ("requires_grad: the value is 'yes'", lambda: tw.ones(2).requires_grad_("yes")),
    ],
)
def test_wrong_kinds_are_named(message, call):
    with pytest.raises(TypeError, match=message):
        call()
