"""Fused convolutions whose weights are laid out beforehand: transformed, in panels, or without taps in padding."""

from __future__ import annotations

import pickle

import pytest

import tilewright as tw
from test_fuse import assert_like, drawn, evaluated
from tilewright import _core, nn

F = nn.functional
packs = pytest.mark.skipif(_core.config()["isa"] == "reference", reason="the level packs no weights")
PACKED = "    its weight, a constant, is packed"


def lines(fused):
    return fused.explain().splitlines()


@packs
@pytest.mark.parametrize("tiles", ["f2", "f4"])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_same_bits_as_with_weights_that_are_not_packed(tiles, threads):
    net = nn.Sequential(nn.Conv2d(9, 20, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(20, 8, 3, padding=1))
    before = tw.get_num_threads()
    tw.set_num_threads(threads)
    try:
        with nn.winograd(tiles):
            fused = nn.fuse(net, drawn(3, 9, 17, 19))
            assert lines(fused).count(PACKED) == 2
            for x in (drawn(3, 9, 17, 19), drawn(1, 9, 33, 16)):
                assert_like(fused(x), evaluated(net, x))
    finally:
        tw.set_num_threads(before)


@packs
def test_images_that_are_too_small_for_weights_that_are_not_packed(capsys):
    net, x = nn.Conv2d(16, 24, 3, padding=1), drawn(1, 16, 8, 8)
    fused = nn.fuse(net, x)
    assert PACKED in lines(fused)
    tw.explain(fused, x)
    assert "float32 -> Winograd F(2x2, 3x3)" in capsys.readouterr().out
    tw.explain(net, x)
    assert "not Winograd F(2x2, 3x3): few pixels for weights that have to be transformed" in capsys.readouterr().out
    assert_like(fused(x), evaluated(net, x), 1e-6)
    assert_like(nn.fuse(net, exact=True)(x), evaluated(net, x))


@packs
def test_a_weight_that_is_used_twice_is_packed_once():
    class Twice(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(8, 8, 3, padding=1)

        def forward(self, x):
            return self.conv(F.relu(self.conv(x)))

    fused = nn.fuse(Twice(), drawn(1, 8, 16, 16))
    once = nn.fuse(nn.Conv2d(8, 8, 3, padding=1), drawn(1, 8, 16, 16))
    (packed,) = [line for line in lines(once) if line.startswith("packed operands of products: ")]
    assert packed in lines(fused) and lines(fused).count(PACKED) == 2


class Added(nn.Module):
    """A convolution, a sum, and an activation."""

    def __init__(self, activation, *arguments, **options):
        self.activation, self.conv = activation, nn.Conv2d(*arguments, **options)

    def forward(self, x, y=None):
        z = self.conv(x) if y is None else self.conv(x) + y
        return self.activation(z)


@packs
@pytest.mark.kernels
@pytest.mark.parametrize(("arguments", "shape", "added"), [
    ((200, 64, 1), (1, 200, 5, 5), False),
    ((1030, 65, 1), (2, 1030, 7, 7), True),  # a depth of several blocks
    ((256, 97, 1), (3, 256, 8, 32), True),  # columns of the image evict each other from the cache
    ((193, 70, 1, 2), (2, 193, 14, 13), False),
    ((24, 80, 3, 2, 1), (1, 24, 23, 19), True),  # several stretches of pixels
    ((2100, 64, 1, 2), (9, 2100, 13, 13), False),  # matrices of some images at a time
    ((64, 64, (1, 5), 1, 0, 2), (1, 64, 6, 14), True),
], ids=repr)  # fmt: skip
@pytest.mark.parametrize(("activation", "bias"), [(F.relu, True), (F.relu, False), (F.sigmoid, True)])
def test_few_pixels_are_rows_of_a_product_with_packed_weights(arguments, shape, added, activation, bias):
    net, x = Added(activation, *arguments, bias=bias), drawn(*shape)
    given = (x, drawn(*net(x).shape)) if added else (x,)
    want, before = evaluated(net, *given), tw.get_num_threads()
    fused, results = nn.fuse(net), []
    try:
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            results.append(fused(*given))
    finally:
        tw.set_num_threads(before)
    assert PACKED in lines(fused)
    assert_like(results[0], want, 5e-6)
    for other in results[1:]:
        assert_like(other, results[0])


@packs
@pytest.mark.parametrize(("change", "why"), [
    ({}, None),
    ({"groups": 2}, "there are groups"),
    ({"out_channels": 40}, "few filters"),
    ({"in_channels": 128}, "the depth is short"),
    ({"padding": 6}, "enough pixels to fill vectors"),
    ({"kernel_size": (1, 3), "padding": (3, 4)}, "enough pixels to repay reading them as they are"),
    ({"padding": 0, "stride": 2}, "rows of a register tile are few"),
])  # fmt: skip
def test_which_weights_of_few_pixels_are_packed(change, why, capsys):
    options = {"in_channels": 256, "out_channels": 64, "kernel_size": 1} | change
    fused = nn.fuse(nn.Conv2d(**options), x := drawn(1, options["in_channels"], 7, 7))
    assert (PACKED in lines(fused)) == (why is None)
    tw.explain(fused, x)
    text = capsys.readouterr().out
    assert ("float32 -> pixels x packed weight as GEMM" in text) == (why is None)
    assert why is None or f"not pixels x packed weight as GEMM: {why}" in text


@packs
@pytest.mark.parametrize("change", [
    lambda net: net.weight.detach().fill_(0.25),
    lambda net: setattr(net, "weight", nn.Parameter(tw.ones((8, 8, 3, 3)))),
    lambda net: net.load_state_dict({"weight": tw.ones((8, 8, 3, 3)), "bias": tw.zeros(8)}),
])  # fmt: skip
def test_weights_that_change_are_noticed(change):
    net, x = nn.Conv2d(8, 8, 3, padding=1), drawn(2, 8, 12, 12)
    fused = nn.fuse(net, x)
    assert PACKED in lines(fused)
    before = fused(x)
    change(net)
    after = fused(x)
    assert_like(after, evaluated(net, x))
    assert tw.max(tw.abs(after - before)) > 1e-3
    assert PACKED in lines(fused)


def test_a_weight_that_is_not_packed_says_why():
    class Given(nn.Module):
        def forward(self, x, weight):
            return F.conv2d(x, weight)

    x, weight = drawn(1, 8, 12, 12), drawn(8, 8, 3, 3)
    assert "    its weight is not packed: it depends on the input" in lines(nn.fuse(Given(), x, weight))
    strided = nn.fuse(nn.Conv2d(8, 8, 3, 2), x)
    assert "    its weight is not packed: this convolution reads it as it lies" in lines(strided)
    assert not any("its weight" in line for line in lines(nn.fuse(nn.Conv2d(8, 8, 3), x, exact=True)))


@packs
def test_tiles_are_those_that_were_allowed_where_the_model_was_fused():
    net, x = nn.Conv2d(8, 8, 3, padding=1), drawn(2, 8, 16, 16)
    with nn.winograd("f4"):
        fused = nn.fuse(net)
        want = evaluated(net, x)
    assert_like(fused(x), want)
    assert_like(pickle.loads(pickle.dumps(fused))(x), want)
    assert tw.any(evaluated(net, x) != want)  # the setting holds for the recording alone
    default, want = nn.fuse(net), evaluated(net, x)
    with nn.winograd("f4"):
        assert_like(default(x), want)


@pytest.mark.parametrize(("layer", "shape", "kernel", "left_out"), [
    (nn.Conv2d(4, 6, 3, padding=1), (2, 4, 1, 1), "(1, 1, 1)", "of 9 taps, 8"),
    (nn.Conv2d(4, 6, 3, 2, padding=1), (2, 4, 2, 2), "(1, 2, 2)", "of 9 taps, 5"),
    (nn.Conv2d(4, 6, (3, 5), padding=(1, 2), groups=2), (1, 4, 1, 2), "(1, 1, 3)", "of 15 taps, 12"),
    (nn.Conv1d(4, 4, 3, dilation=4, padding=4), (2, 4, 3), "(1, 1, 1)", "of 3 taps, 2"),
    (nn.Conv1d(4, 4, 4, 2, padding=3, dilation=2), (2, 4, 2), "(1, 1, 1)", "of 4 taps, 3"),  # a pixel is skipped
    (nn.Conv3d(2, 3, 3, padding=1), (1, 2, 1, 4, 4), "(1, 3, 3)", "of 27 taps, 18"),
], ids=repr)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_taps_that_meet_nothing_but_padding_are_left_out(layer, shape, kernel, left_out, dtype):
    net = nn.Sequential(layer, nn.ReLU()).astype(dtype)
    fused = nn.fuse(net, drawn(*shape, dtype=dtype))
    assert f"    {left_out} meet nothing but padding: left out" in lines(fused)
    assert f"kernel {kernel} {dtype} + bias, relu" in fused.explain()
    x = drawn(*shape, dtype=dtype)
    assert_like(fused(x), evaluated(net, x), 1e-6)
    layer.weight.detach().fill_(0.25)
    assert_like(fused(x), evaluated(net, x), 1e-6)


@pytest.mark.parametrize(("layer", "shape"), [
    (nn.Conv1d(4, 4, 2, padding=3, dilation=6), (1, 4, 1)),  # all of them
    (nn.Conv2d(4, 4, 3, padding=1), (1, 4, 2, 2)),  # each pixel has others
    (nn.ConvTranspose2d(4, 4, 3, padding=1), (1, 4, 1, 1)),
], ids=repr)  # fmt: skip
def test_taps_that_stay(layer, shape):
    x = drawn(*shape)
    fused = nn.fuse(layer, x)
    assert "left out" not in fused.explain()
    assert_like(fused(x), evaluated(layer, x), 1e-6)
