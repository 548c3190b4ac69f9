"""`autograd.Function`: ops of the user's own, with gradients."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

import tilewright as tw
from leaves import array, close, leaf
from tilewright.autograd import Function, is_grad_enabled, no_grad


class Polar(Function):
    """Two results, a saved input and saved results, an argument that is no tensor."""

    @staticmethod
    def forward(ctx, x, y, scale):
        r = tw.sqrt(x * x + y * y) * scale
        theta = tw.arctan2(y, x)
        ctx.scale = scale
        ctx.save_for_backward(x, y, r)
        return r, theta

    @staticmethod
    def backward(ctx, gr, gt):
        x, y, r = ctx.saved_tensors
        s = ctx.scale
        square = r * r / (s * s)
        return gr * x * s * s / r - gt * y / square, gr * y * s * s / r + gt * x / square, None


def test_function_with_several_results():
    def reference(x, y):
        return tw.sqrt(x * x + y * y) * 2.0, tw.arctan2(y, x)

    for use in (lambda r, t: (r * t).sum(), lambda r, t: r.sum(), lambda r, t: t.sum(), lambda r, t: (r * r + r).sum()):
        grads = []
        for polar in (reference, lambda x, y: Polar.apply(x, y, 2.0)):
            x, y = leaf(1, 2), leaf(3, -4)
            use(*polar(x, y)).backward()
            grads.append(np.stack([x.grad.numpy(), y.grad.numpy()]))
        close(grads[0], grads[1])


def test_function_twice_differentiable():
    tw.testing.check_grads(lambda x, y: Polar.apply(x, y, 2.0), array(1, 2), array(3, -4), order=2)


def test_function_has_no_cycles(no_gc):
    x, y = leaf(1, 2), leaf(3, 4)
    r, t = Polar.apply(x, y, 1.0)
    alive = [weakref.ref(r), weakref.ref(t)]
    start = tw.memory.stats()["in_use"]
    (r * t).sum().backward(retain_graph=True)
    del r, t
    x.grad = y.grad = None
    assert [ref() for ref in alive] == [None, None]
    assert tw.memory.stats()["in_use"] < start


def test_function_context():
    seen = {}

    class Probe(Function):
        @staticmethod
        def forward(ctx, x, c, flag):
            seen["forward"] = (ctx.needs_input_grad, is_grad_enabled(), flag)
            ctx.save_for_backward(x, None)
            ctx.note = "kept"
            return x * c

        @staticmethod
        def backward(ctx, g):
            seen["backward"] = (ctx.note, ctx.saved_tensors[1], is_grad_enabled())
            return g * 2, None, None

    x = leaf(1)
    y = Probe.apply(x, array(2), "flag")
    y.sum().backward()
    assert seen == {"forward": ((True, False, False), False, "flag"), "backward": ("kept", None, False)}
    with no_grad():
        assert not Probe.apply(x, array(2), "flag").requires_grad
    assert not Probe.apply(array(1), array(2), "flag").requires_grad


def test_function_with_integer_result():
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            i = tw.argmax(x)
            return tw.max(x), i

        @staticmethod
        def backward(ctx, g, unused):
            assert unused.dtype.name == "int64"
            return tw.ones(2, dtype="float64") * g

    x = leaf(1, 2)
    y, i = Sorted.apply(x)
    assert not i.requires_grad
    y.backward()
    close(x.grad, [1, 1])


def test_function_with_a_result_marked_constant():
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            mask = (x > 0).astype(x.dtype)
            ctx.mark_non_differentiable(mask)
            ctx.save_for_backward(mask)
            return x * mask, mask

        @staticmethod
        def backward(ctx, g, unused):
            return g * ctx.saved_tensors[0]

    x = leaf(1, -2)
    y, mask = Split.apply(x)
    assert not mask.requires_grad
    (y * mask).sum().backward()
    close(x.grad, [1, 0])


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda g: (g, g), RuntimeError, r"Bad.backward: returned 2 gradients, but forward takes 1 arguments"),
        (lambda g: g.sum(), ValueError, r"Bad.backward: gradient 0 has shape \(\), but the input has \(2,\)"),
        (lambda g: 3.0, TypeError, r"Bad.backward: gradient 0 is a float, but must be a Tensor or None"),
    ],
)
def test_function_backward_errors(returned, error, message):
    class Bad(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return returned(g)

    with pytest.raises(error, match=message):
        Bad.apply(leaf(1, 2)).sum().backward()


def test_function_forward_errors():
    class Bad(Function):
        @staticmethod
        def forward(ctx, x):
            return 3.0

    with pytest.raises(TypeError, match=r"Bad.forward: returned a float, but must return tensors"):
        Bad.apply(leaf(1))
    assert is_grad_enabled()
    with pytest.raises(NotImplementedError, match="define a static forward"):
        Function.apply(leaf(1))

    class Unsavable(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3)

    with pytest.raises(TypeError, match="save_for_backward: takes tensors, not a int"):
        Unsavable.apply(leaf(1))


def test_function_gradient_none_and_dtype():
    class Stop(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return None, g.astype("float64")

    x, y = leaf(1, dtype="float32"), leaf(2, dtype="float32")
    Stop.apply(x, y).sum().backward()
    assert x.grad is None
    assert y.grad.dtype.name == "float32"


def test_function_returning_its_input_and_freed_graph():
    class Flip(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return -g * ctx.saved_tensors[0] / ctx.saved_tensors[0]

    x = leaf(2)
    y = Flip.apply(x).sum()
    y.backward()
    close(x.grad, [-1])
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        y.backward()
