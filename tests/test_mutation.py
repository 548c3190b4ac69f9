"""Ops that write some of their inputs: what they refuse, what the tape hears of it, and that checkpoint writes once."""

from __future__ import annotations

import re
import sys
import threading

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core
from tilewright._engine import registry as entries
from tilewright._engine.op import primitive, wrap
from tilewright.autograd import checkpoint, no_grad


def close(x, want, tolerance=1e-9):
    np.testing.assert_allclose(np.asarray(tw.asarray(x).detach()), np.asarray(want), rtol=tolerance, atol=tolerance)


def leaf(*values):
    return tw.asarray(list(values), dtype="float64", requires_grad=True)


def state(*values, dtype="float64"):
    return tw.asarray(list(values), dtype=dtype)


@pytest.fixture
def tracked(registry):
    """`x * x * mean`, with the mean as it was before; then `mean = (mean + x) / 2`."""

    def kernel(x, mean):
        if x.shape != mean.shape:
            raise ValueError(f"tracked: x has shape {x.shape}, but mean {mean.shape}")
        before = _core.astype(mean, x.dtype, True)
        _core.assign(mean, _core.multiply(_core.add(before, x), 0.5))
        return _core.multiply(_core.multiply(x, x), before), before

    @primitive(keeps=("before",), mutates=("mean",), kernel=kernel)
    def _tracked(x, mean, /):
        """A product with a running mean."""

    registry.register_vjps({"tracked": (lambda g, x, before: g * x * 2 * wrap(before), None)})
    return _tracked


@pytest.fixture
def pushed(registry):
    """No result: the cache moves up, and x comes last."""

    def kernel(cache, x):
        _core.assign(cache, _core.concatenate([_core.getitem(cache, slice(1, None)), x], 0))

    @primitive(promote="none", results=(), mutates=("cache",), kernel=kernel)
    def _pushed(cache, x, /):
        """A cache."""

    return _pushed


# ---- what it does ----------------------------------------------------------------------------------------------------


def test_the_input_is_written_and_the_gradient_is_that_of_its_old_value(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = tracked(x, mean)
    close(y, [3, 16])
    close(mean, [2, 3])
    y.sum().backward()
    close(x.grad, [6, 16])
    assert not mean.requires_grad
    with no_grad():
        tracked(x, mean)
    close(mean, [1.5, 2.5])


def test_an_op_without_results_returns_what_it_wrote(pushed):
    cache = state(1, 2, 3)
    assert pushed(cache, state(4)) is cache
    close(cache, [2, 3, 4])


@pytest.mark.parametrize("order", [1, 2])
def test_gradients(tracked, order):
    tw.testing.check_grads(lambda x: tracked(x, state(3, 4)), leaf(1, 2).detach(), order=order)


def test_it_keeps_its_dtype(tracked):
    mean = state(3, 4)
    y = tracked(tw.asarray([1.0, 2.0]), mean)
    assert (y.dtype, mean.dtype) == (tw.float32, tw.float64)
    close(mean, [2, 3])


def test_hooks_and_kept_gradients(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    seen = []
    y = tracked(x, mean)
    y.retain_grad()
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * y).sum().backward()
    assert seen == [[6.0, 32.0]] == [y.grad.tolist()]
    close(x.grad, [6 * 6, 32 * 16])
    close(mean, [2, 3])


FORMS = {
    "grad": lambda f, x: tw.autograd.grad(lambda x: f(x).sum())(x),
    "vjp": lambda f, x: tw.autograd.vjp(f, x)[1](state(1, 1))[0],
    "jvp": lambda f, x: tw.autograd.jvp(f, (x,), (state(1, 1),))[1],
    "jacobian": lambda f, x: tw.autograd.jacobian(f)(x).sum(axis=0),
    "hessian": lambda f, x: tw.autograd.hessian(lambda x: f(x).sum())(x).sum(axis=0) * x,
}


@pytest.mark.parametrize("form", FORMS)
def test_the_functional_forms_write_once(tracked, form):
    mean = state(3, 4)
    close(FORMS[form](lambda x: tracked(x, mean), state(1, 2)), [6, 16])
    close(mean, [2, 3])


def test_create_graph(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    (g,) = tw.autograd.gradients(tracked(x, mean).sum(), [x], create_graph=True)
    g.sum().backward()
    close(x.grad, [6, 8])
    close(mean, [2, 3])


def test_anomaly_mode(tracked):
    x, mean = leaf(1, np.inf), state(3, 4)
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match=r"tracked gave NaN or inf .* input"):
        tracked(x, mean)


def test_threads_write_their_own(tracked):
    means = [state(0.0, 0.0) for _ in range(4)]
    grads = [None] * 4

    def work(i):
        for _ in range(50):
            x = leaf(i, i)
            tracked(x, means[i]).sum().backward()
            grads[i] = x.grad

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        close(means[i], [i, i])
        close(grads[i], [2 * i * i] * 2)


# ---- what it refuses -------------------------------------------------------------------------------------------------


def read_only():
    array = np.array([3.0, 4.0])
    array.flags.writeable = False
    return tw.asarray(array)


def overlapping():
    memory = state(3, 4, 5)
    return memory[1:], memory[:2]


REFUSED = {
    "a list": (TypeError, "tracked: mean is a list, but must be a tensor: the op writes it", [3.0, 4.0]),
    "NumPy's": (TypeError, "tracked: mean is a numpy.ndarray, but must be a tensor", np.array([3.0, 4.0])),
    "a number": (TypeError, "tracked: mean is a float, but must be a tensor", 3.0),
    "None": (TypeError, "tracked: mean is a NoneType, but must be a tensor", None),
    "read-only": (ValueError, "tracked: mean is read-only", read_only()),
    "broadcast": (
        ValueError,
        r"tracked: cannot write to a broadcast view: mean has shape \(2,\), but several of its elements share memory",
        tw.broadcast_to(state(3), (2,)),
    ),
    "a leaf": (
        RuntimeError,
        r"tracked: mean of shape \(2,\) requires grad .* no_grad\(\), or .* mean\.detach\(\)",
        leaf(3, 4),
    ),
    "recorded": (RuntimeError, r"tracked: mean of shape \(2,\) requires grad or depends", leaf(3, 4) * 1.0),
    "another shape": (ValueError, r"tracked: x has shape \(2,\), but mean \(3,\)", state(3, 4, 5)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_refused_untouched(tracked, name):
    error, message, mean = REFUSED[name]
    before = np.array(mean.detach() if isinstance(mean, tw.Tensor) else mean)
    stamp = mean._array.last_write if isinstance(mean, tw.Tensor) else None
    with pytest.raises(error, match=message):
        tracked(leaf(1, 2), mean)
    np.testing.assert_array_equal(np.array(mean.detach() if isinstance(mean, tw.Tensor) else mean), before)
    if stamp is not None:
        assert mean._array.last_write == stamp


def test_operands_are_not_converted_before_that(tracked):
    """Where another one is converted, which comes first, what is written must not be converted with it."""
    for mean in ([3.0, 4.0], np.array([3.0, 4.0])):
        with pytest.raises(TypeError, match=r"tracked: mean is a .*, but must be a tensor"):
            tracked([1.0, 2.0], mean)
    mean = state(3, 4)
    close(tracked([1.0, 2.0], mean), [3, 16])
    close(mean, [2, 3])


def test_operands_that_share_memory_are_refused(tracked):
    x, mean = overlapping()
    with pytest.raises(ValueError, match=r"tracked: mean of shape \(2,\) shares memory with x, .* pass a copy"):
        tracked(x, mean)
    same = state(1, 2)
    with pytest.raises(ValueError, match="shares memory with x"):
        tracked(same, same)
    close(same, [1, 2])
    memory = state(1, 2, 3, 4)
    tracked(memory[:2], memory[2:])  # one storage, but apart
    close(memory, [1, 2, 2, 3])


def test_two_inputs_that_are_written_are_apart(registry):
    @primitive(promote="none", results=(), mutates=("a", "b"), overlap=True, kernel=_core.assign)
    def _both(a, b, /):
        """Writes both."""

    x = state(1, 2)
    with pytest.raises(ValueError, match=r"both: a of shape .* shares memory with b"):
        _both(x, x)


def test_what_only_writes_refuses_recorded_operands(pushed):
    cache = state(1, 2)
    with pytest.raises(RuntimeError, match=r"pushed: an operand requires grad, but the op only writes"):
        pushed(cache, leaf(3))
    close(cache, [1, 2])
    with no_grad():
        pushed(cache, leaf(3))
    close(cache, [2, 3])


def test_an_argument_of_a_transform_is_refused(tracked):
    with pytest.raises(RuntimeError, match="tracked: mean of shape"):
        tw.autograd.vjp(lambda x, mean: tracked(x, mean), state(1, 2), state(3, 4))
    mean = state(3, 4)
    close(tw.autograd.grad(lambda x, mean: tracked(x, mean).sum())(state(1, 2), mean), [6, 16])
    close(mean, [2, 3])


def test_leaves_are_written_under_no_grad(tracked):
    mean = leaf(3, 4)
    with no_grad():
        tracked(leaf(1, 2), mean)
    close(mean, [2, 3])
    assert mean.requires_grad


# ---- versions --------------------------------------------------------------------------------------------------------


def test_backward_notices_the_write_and_names_both_lines(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = x * mean
    line = sys._getframe().f_lineno + 1
    tracked(x.detach(), mean)
    with pytest.raises(RuntimeError, match=rf"multiply .* written in place since, at {re.escape(__file__)}:{line}"):
        y.sum().backward()


def test_what_was_recorded_after_the_write_is_fine(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    first = tracked(x, mean)
    second = x * mean
    (first + second).sum().backward()
    close(x.grad, [6 + 2, 16 + 3])


def test_each_call_keeps_its_own_old_value(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = tracked(x, mean)
    z = tracked(y, mean)
    close(mean, [2.5, 9.5])
    z.sum().backward()
    close(x.grad, [2 * 3 * 2 * 6, 2 * 16 * 3 * 16])


def test_views_see_the_write(tracked):
    mean = state(3, 4)
    view = mean[:1]
    y = leaf(1) * view
    tracked(state(1, 2), mean)
    close(view, [2])
    with pytest.raises(RuntimeError, match="written in place since"):
        y.sum().backward()


# ---- checkpoint ------------------------------------------------------------------------------------------------------


def test_checkpoint_writes_once(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = checkpoint(lambda x: tw.exp(tracked(x, mean) / 8), x)
    close(mean, [2, 3])
    mean.fill_(100.0)  # as later steps do
    stamp = mean._array.last_write
    y.sum().backward()
    close(mean, [100, 100])
    assert mean._array.last_write == stamp
    close(x.grad, np.exp([3 / 8, 2.0]) * [6 / 8, 2])


def test_checkpoint_calls_again_as_often_as_it_has_to(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = checkpoint(lambda x: tracked(tracked(x, mean), mean), x)
    after = mean.tolist()
    for _ in range(3):
        x.grad = None
        y.sum().backward(retain_graph=True)
        close(x.grad, [2 * 3 * 2 * 6, 2 * 16 * 3 * 16])
    assert mean.tolist() == after


def test_checkpoints_nest(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = checkpoint(lambda x: tracked(checkpoint(lambda x: tracked(x, mean), x), mean), x)
    after = mean.tolist()
    y.sum().backward()
    close(x.grad, [2 * 3 * 2 * 6, 2 * 16 * 3 * 16])
    assert mean.tolist() == after


def test_a_gradient_inside_a_checkpoint(tracked):
    """The inner checkpoint is called again while the outer one runs."""
    mean = state(3, 4)

    def f(x):
        y = checkpoint(lambda x: tracked(x, mean), x)
        (g,) = tw.autograd.gradients(y.sum(), [x], create_graph=True)
        return g * tracked(x, mean)

    x = leaf(1, 2)
    plain_mean, plain = state(3, 4), leaf(1, 2)
    (g,) = tw.autograd.gradients(tracked(plain, plain_mean).sum(), [plain], create_graph=True)
    (g * tracked(plain, plain_mean)).sum().backward()
    checkpoint(f, x).sum().backward()
    close(mean, plain_mean)
    close(x.grad, plain.grad)


def test_checkpointed_functions_must_do_the_same(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    calls = []

    def f(x):
        calls.append(x)
        return tracked(x, mean) if len(calls) > 1 else x * x * 3

    with pytest.raises(RuntimeError, match=r"checkpoint: called again, f called an op that writes arrays of .*\(2,\)"):
        checkpoint(f, x).sum().backward()
    close(mean, [3, 4])


def test_an_argument_that_the_function_writes_is_refused(tracked):
    x, mean = leaf(1, 2), state(3, 4)
    y = checkpoint(tracked, x, mean)
    with pytest.raises(RuntimeError, match=r"checkpoint: an argument of shape \(2,\) was written in place since"):
        y.sum().backward()


def test_what_is_written_under_checkpoint_inside_is_written_again(pushed):
    """Of an op without results the function sees nothing but the write, which it may have made to memory of its own."""

    def f(x):
        own = tw.zeros(2, dtype="float64")
        pushed(own, x.detach())
        return x * own[1]

    x = leaf(3)
    checkpoint(f, x).sum().backward()
    close(x.grad, [3])


# ---- declarations ----------------------------------------------------------------------------------------------------


def test_rules_do_not_name_what_is_written(registry):
    @primitive(mutates=("mean",), kernel=_core.add)
    def _named(x, mean, /):
        """Writes."""

    for rules, message in (
        ((lambda g, mean: g, None), r"a rule of named takes mean, which is not what it was: .*\(keeps=\)"),
        ((lambda g: g, lambda g: g), "named has a rule for mean, but its kernel writes that; give None"),
    ):
        with pytest.raises(ValueError, match=f"vjps: {message}"):
            registry.register_vjps({"named": rules})
    registry.register_vjps({"named": (lambda g, mean_shape, mean_dtype: g, None)})


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("primitive: wrong mutates z, but its inputs are x, mean", {"mutates": ("z",)}),
        ("primitive: wrong takes a sequence, so it has one input, which it cannot write", {"sequence": True}),
        ("primitive: wrong has no results and writes nothing", {"results": ()}),
        ("primitive: wrong keeps a beside results of no declared number", {"results": "ys", "keeps": ("a",)}),
        ("primitive: wrong keeps a beside", {"results": (), "mutates": ("x",), "keeps": ("a",)}),
    ],
)
def test_declarations_that_contradict_themselves(registry, message, options):
    with pytest.raises(ValueError, match=message):

        @primitive(kernel=_core.add, **options)
        def _wrong(x, mean, /):
            """Wrong."""

    assert "wrong" not in entries.OPS


# ---- in-place operators ----------------------------------------------------------------------------------------------


def test_in_place_operators_are_such_ops():
    for name in ("add", "subtract", "multiply", "divide", "power", "bitwise_and"):
        op = entries.OPS[f"{name}_"]
        assert op.mutates == ("x",) and op.results == ()
        assert entries.DECLARED_IN[f"{name}_"] == entries.DECLARED_IN[name]


def test_in_place_operators_take_care_of_overlap():
    x = state(1, 2, 3, 4)
    x[1:] += x[:-1]
    close(x, [1, 3, 5, 7])
    x += x
    close(x, [2, 6, 10, 14])


@pytest.mark.parametrize("write", [lambda x: x.__iadd__(1), lambda x: x.__imul__([2.0, 2.0])])
def test_in_place_operators_name_themselves(write):
    with pytest.raises(ValueError, match=r"(add|multiply)_: x is read-only"):
        write(read_only())
    with pytest.raises(ValueError, match=r"(add|multiply)_: cannot write to a broadcast view: x has shape \(2,\)"):
        write(tw.broadcast_to(state(3), (2,)))
