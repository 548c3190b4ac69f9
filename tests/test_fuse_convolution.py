"""Fused convolutional networks: batch norm in the weights, shortcuts and activations in the epilogue."""

from __future__ import annotations

import pytest

import tilewright as tw
from cases.opcase import EPS
from test_fuse import assert_like, drawn, evaluated
from tilewright import nn

F = nn.functional


def trained(norm):
    """A batch norm that has seen data, and learned."""
    for values, low in ((norm.running_mean, -1.0), (norm.running_var, 0.5), (norm.weight, 0.5), (norm.bias, -1.0)):
        if values is not None:
            values.detach().copy_(tw.random.uniform(low, 2.0, values.shape))
    return norm


class Block(nn.Module):
    """The block of a residual network (He et al., 2015), which adds its input, or a convolution of it."""

    def __init__(self, channels, filters, stride=1, in_place=False, dtype="float32"):
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = trained(nn.BatchNorm2d(filters))
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = trained(nn.BatchNorm2d(filters))
        self.shortcut = None
        if stride != 1 or channels != filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), trained(nn.BatchNorm2d(filters))
            )
        self.in_place = in_place
        self.astype(dtype)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        identity = x if self.shortcut is None else self.shortcut(x)
        if self.in_place:
            y += identity
        else:
            y = identity + y
        return F.relu(y)


def steps(fused):
    """The lines that stand for calls."""
    return [line for line in fused.explain().splitlines() if line.startswith(("conv", "gemm", "norm", "relu", "add"))]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_residual_block_is_two_convolutions(dtype, in_place):
    block, x = Block(5, 5, in_place=in_place, dtype=dtype), drawn(2, 5, 8, 7, dtype=dtype)
    assert_like(nn.fuse(block, x, exact=True)(x), evaluated(block, x))
    fused = nn.fuse(block, x)
    assert_like(fused(x), evaluated(block, x), 64 * EPS[dtype])
    shape = f"(1, 8, 7) -> (1, 8, 7), kernel (1, 3, 3) {dtype} + bias"
    assert steps(fused) == [
        f"conv.forward 2 x 5 -> 5 channels, {shape}, relu",
        f"conv.forward 2 x 5 -> 5 channels, {shape} + residual, relu",
    ]


@pytest.mark.parametrize("in_place", [False, True])
def test_a_block_with_a_convolution_in_the_shortcut_is_three(in_place):
    net = nn.Sequential(Block(3, 6, 2, in_place), Block(6, 6, 1, in_place))
    x = drawn(2, 3, 9, 9)
    fused = nn.fuse(net, x)
    assert_like(fused(x), evaluated(net, x), 1e-5)
    assert len(steps(fused)) == 5 and all(line.startswith("conv.forward") for line in steps(fused))


@pytest.mark.parametrize("make", [
    lambda: nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), trained(nn.BatchNorm2d(6)), nn.SiLU()),
    lambda: nn.Sequential(nn.Conv2d(4, 6, 3), trained(nn.BatchNorm2d(6, affine=False)), nn.GELU()),
    lambda: nn.Sequential(nn.Conv2d(4, 4, (3, 1), 2, padding=(1, 0), groups=4, bias=False), trained(nn.BatchNorm2d(4))),
])  # fmt: skip
def test_convolutions_with_batch_norm(make):
    net, x = make(), drawn(3, 4, 7, 6)
    fused = nn.fuse(net, x)
    assert_like(fused(x), evaluated(net, x), 1e-5)
    assert len(steps(fused)) == 1


def test_a_linear_layer_with_batch_norm():
    net = nn.Sequential(nn.Linear(7, 9), trained(nn.BatchNorm1d(9)), nn.Tanh(), nn.Linear(9, 4, bias=False))
    for rows in (5, 1):
        x = drawn(rows, 7)
        fused = nn.fuse(net, x)
        assert_like(fused(x), evaluated(net, x), 1e-5)
        assert steps(fused) == [
            f"gemm.run ({rows}, 7) x (7, 9) float32 + bias, tanh",
            f"gemm.run ({rows}, 9) x (9, 4) float32",
        ]


@pytest.mark.parametrize("change", [
    lambda net: net.bn1.running_mean.copy_(tw.ones(5)),
    lambda net: net.bn2.weight.detach().fill_(0.25),
    lambda net: net.conv2.weight.detach().fill_(0.25),
    lambda net: net.train()(drawn(3, 5, 4, 4)),
])  # fmt: skip
def test_statistics_and_weights_that_change_are_noticed(change):
    block, x = Block(5, 5), drawn(1, 5, 6, 6)
    fused = nn.fuse(block, x)
    before = fused(x)
    change(block)
    after = fused(x)
    assert_like(after, evaluated(block, x), 1e-5)
    assert tw.max(tw.abs(after - before)) > 1e-3


class Does(nn.Module):
    def __init__(self, body, *layers):
        self.body = body
        self.layers = nn.ModuleList(layers)

    def forward(self, *args):
        return self.body(*self.layers, *args)


@pytest.mark.parametrize(("body", "reason"), [
    (lambda conv, norm, x: norm(x), "there is no product or convolution before it"),
    (lambda conv, norm, x: F.batch_norm(F.linear(tw.mean(x, (2, 3)), conv.weight[:, :, 0, 0], None, "relu"),
                                        norm.running_mean, norm.running_var), "the product has an epilogue"),
    (lambda conv, norm, x: (norm(y := conv(x)), y), "the product is a result of the model"),
    (lambda conv, norm, x: norm(y := conv(x)) * y, "another step uses the product"),
    (lambda conv, norm, x: norm(conv(x)[:1]), "it takes another view of its result"),
    (lambda conv, norm, x: norm(tw.reshape(conv(x), (1, 4, 6, -1))), "its channels are not the columns of the product"),
    (lambda conv, norm, x: norm(F.conv_transpose2d(x, conv.weight)), "the convolution is transposed"),
    (lambda conv, norm, x: F.batch_norm(conv(x), tw.mean(x, (0, 2, 3)), norm.running_var),
     "weights or statistics depend on the input"),
    (lambda conv, norm, x: F.batch_norm(conv(x), None, None, training=True), "its statistics are those of the batch"),
])  # fmt: skip
def test_a_norm_that_stays_says_why(body, reason):
    net, x = Does(body, nn.Conv2d(4, 4, 3), trained(nn.BatchNorm2d(4))), drawn(2, 4, 5, 6)
    fused = nn.fuse(net, x)
    assert_like(fused(x), evaluated(net, x), 1e-5)
    assert f"    not in the weights before: {reason}" in fused.explain().splitlines()


@pytest.mark.parametrize("layer", [
    nn.Conv1d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, groups=4),
    nn.Conv3d(4, 4, (1, 3, 1), padding=(0, 1, 0)),
    nn.ConvTranspose2d(4, 6, 2, stride=3), nn.ConvTranspose2d(4, 6, 3, padding=1, groups=2),
], ids=repr)  # fmt: skip
def test_sums_and_activations_behind_any_convolution(layer):
    net = Does(lambda conv, x, r: F.gelu(conv(x) + r), layer)
    x = drawn(2, 4, *(5, 6, 4)[: layer.weight.ndim - 2])
    r = drawn(*layer(x).shape)
    fused = nn.fuse(net, x, r)
    assert_like(fused(x, r), evaluated(net, x, r), 1e-6)
    (step,) = steps(fused)
    assert step.endswith("+ bias + residual, gelu")


@pytest.mark.parametrize(("extent", "stride", "left"), [(1, 1, "(1, 1, 1)"), (2, 2, "(1, 2, 2)"), (2, 1, "(1, 3, 3)")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_taps_that_meet_no_image_are_dropped_from_the_weights(dtype, extent, stride, left):
    net = nn.Sequential(nn.Conv2d(8, 6, 3, stride, 1, groups=2), trained(nn.BatchNorm2d(6)), nn.ReLU()).astype(dtype)
    for batch in (1, 12):
        x = drawn(batch, 8, extent, extent, dtype=dtype)
        fused = nn.fuse(net, x)
        assert_like(fused(x), evaluated(net, x), 64 * EPS[dtype])
        assert f"kernel {left}" in fused.explain()
    net[0].weight.detach().copy_(2 * net[0].weight.detach())
    assert_like(fused(x), evaluated(net, x), 64 * EPS[dtype])
