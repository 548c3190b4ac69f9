"""What `nn.fuse` refuses to record, and with which words."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from test_fuse import Embedded
from tilewright import nn


class Does(nn.Module):
    def __init__(self, body):
        self.body = body
        self.register_buffer("state", tw.zeros(3))
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.body(self, x)


def swallowed(self, x):
    try:
        float(x[0])
    except RuntimeError:
        return x
    return x * 2


def noted(self, x):
    self.state += x
    return x


def written(self, x):
    x += 1.0
    return x


def packed(layer, x):
    layer.weight = nn.Parameter(x[:, None] * x)
    return nn.PackedLinear(layer)(x)


@pytest.mark.parametrize(("body", "message"), [
    (lambda self, x: x * 2 if x[0] > 0 else x, r"item: the value depends on the input"),
    (lambda self, x: x * float(tw.sum(x)), r"item: the value depends on the input"),
    (lambda self, x: tw.asarray(x.tolist()), r"tolist: the value depends"),
    (lambda self, x: tw.asarray(x.numpy() * 2), r"numpy: the value depends"),
    (lambda self, x: tw.asarray([x[0], x[1]]), r"asarray: the value depends"),
    (lambda self, x: tw.ones(9)[tw.argmax(x)], r"index: the value depends"),
    (lambda self, x: tw.asarray(np.from_dlpack(x)), r"dlpack: the value depends"),
    (lambda self, x: print(x), r"repr: the value depends"),
    (lambda self, x: x[x > 0], r"index.count_true: how many elements there are depends on the input"),
    (lambda self, x: tw.arange(3).numpy(), r"numpy: writes to the memory that it shares would not be seen"),
    (lambda self, x: x + tw.random.normal(3), r"random.floats: random numbers would be the same ones in every call"),
    (
        lambda self, x: nn.functional.scaled_dot_product_attention(*[x[None]] * 3, dropout_p=0.5),
        r"attention.forward: random numbers would be the same ones in every call",
    ),
    (lambda self, x: nn.functional.dropout(x, 0.5), r"random.dropout: random numbers"),
    (lambda self, x: float(tw.max(x + self.state)), r"item: "),
    (noted, r"elementwise.run: writes to a tensor that is older than the call"),
    (written, r"elementwise.run: writes to an input of the model"),
    (lambda self, x: packed(self.layer, x), r"gemm.pack: lays out a matrix that depends on the input"),
])  # fmt: skip
def test_what_cannot_be_recorded_is_refused(body, message):
    model = Does(body)
    with pytest.raises(RuntimeError, match=rf"^fuse: {message}[\s\S]* \(at .*test_fuse_refusals.py:\d+\)$"):
        nn.fuse(model, tw.asarray([1.0, 2.0, 3.0]))
    assert model.training and model.state.sum() == 0
    assert nn.fuse(nn.Identity())(tw.ones(2)).tolist() == [1, 1]  # nothing is recorded any more


def test_a_refusal_that_is_caught_is_one():
    with pytest.raises(RuntimeError, match="fuse: item: the value depends on the input"):
        nn.fuse(Does(swallowed), tw.ones(3))


def test_the_line_is_the_users():
    def body(self, x):
        y = x + 1
        return y if y.any() else x

    with pytest.raises(RuntimeError, match="item: the value depends") as caught:
        nn.fuse(Does(body), tw.ones(3))
    line = body.__code__.co_firstlineno + 2
    assert str(caught.value).endswith(f"(at {__file__}:{line})")


def test_errors_of_the_model_are_its_own():
    fused = nn.fuse(Embedded(), tw.asarray([1, 2]))
    with pytest.raises(IndexError, match="11 is out of bounds for axis 0"):
        fused(tw.asarray([1, 11]))
    with pytest.raises(IndexError, match="out of bounds"):
        fused(tw.asarray([1, 2, -12]))
    assert fused(tw.asarray([1, 10]))["y"].shape == (2, 3)
    linear = nn.fuse(nn.Linear(3, 2))
    with pytest.raises(ValueError, match="linear: weight"):
        linear(tw.ones((2, 4)))


def test_wrong_arguments():
    with pytest.raises(TypeError, match="fuse: model is a function, but must be a Module"):
        nn.fuse(lambda x: x)
    with pytest.raises(TypeError, match="fuse: exact"):
        nn.fuse(nn.Identity(), exact="yes")
    fused = nn.fuse(nn.Identity())
    with pytest.raises(RuntimeError, match="explain: nothing has been recorded yet"):
        fused.explain()
    with pytest.raises(TypeError, match="fuse: an argument holds a set, but may hold tensors"):
        fused({1, 2})
    with pytest.raises(RuntimeError, match="fuse: an input wants a gradient, which only the model gives"):
        fused(tw.ones(3).requires_grad_())
    with tw.no_grad():
        assert not fused(tw.ones(3).requires_grad_()).requires_grad
