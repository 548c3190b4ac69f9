"""Convolutions: sizes and positions, what is empty or very long, random arguments against PyTorch, memory."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

import tilewright as tw
from cases.conv import conv, conv_transpose
from cases.opcase import assert_close
from tilewright import nn
from tilewright.nn import functional as F

AXES = (1, 2, 3)


def forward(axes):
    return getattr(F, f"conv{axes}d")


def transposed(axes):
    return getattr(F, f"conv_transpose{axes}d")


def draw(*shape, dtype="float32", seed=0, requires_grad=False):
    x = np.random.default_rng([seed, *shape]).standard_normal(shape)
    return tw.asarray(x, dtype=dtype, requires_grad=requires_grad)


# ---- sizes and positions ---------------------------------------------------------------------------------------------


def test_a_dilated_transposed_convolution_of_ones():
    y = F.conv_transpose1d(tw.ones((1, 1, 6)), tw.ones((1, 1, 3)), None, 2, 1, 1, 1, 2)
    assert y.tolist() == [[[0, 2, 0, 3, 0, 3, 0, 3, 0, 3, 0, 2, 0, 1]]]
    assert F.conv_transpose2d(tw.ones((1, 1, 10, 10)), tw.ones((1, 1, 3, 3)), dilation=2).shape == (1, 1, 14, 14)


@pytest.mark.parametrize("axes", AXES)
def test_transposed_convolutions_scatter_where_convolutions_gather(axes):
    """Each element alone: its cotangent says which elements a convolution read, and those are where it is added."""
    kernel = draw(1, 1, *(2,) * axes, dtype="float64")
    for stride, padding, dilation, behind in itertools.product((1, 2, 3), (0, 1), (1, 2), (0, 1)):
        if behind >= max(stride, dilation):
            continue
        x = draw(1, 1, *range(3, 3 + axes), dtype="float64", seed=1)
        y = transposed(axes)(x, kernel, None, stride, padding, behind, 1, dilation)
        want = conv_transpose(x.numpy(), kernel.numpy(), None, stride, padding, behind, 1, dilation)
        assert_close(y, want, 16, f"stride {stride}, padding {padding}, dilation {dilation}, output_padding {behind}")


@pytest.mark.parametrize("axes", AXES)
def test_sizes(axes):
    """Those of the formulas, for every combination, forward and back."""
    for n, k, s, p, d in itertools.product((1, 2, 5, 8), (1, 2, 3), (1, 2, 3), (0, 1, 2), (1, 2)):
        extent = n + 2 * p - d * (k - 1)
        x, w = tw.ones((1, 1, *(n,) * axes)), tw.ones((1, 1, *(k,) * axes))
        if extent < 1:
            with pytest.raises(ValueError, match=rf"conv{axes}d: kernel .* spans {d * (k - 1) + 1} elements"):
                forward(axes)(x, w, None, s, p, d)
        else:
            assert forward(axes)(x, w, None, s, p, d).shape == (1, 1, *((extent - 1) // s + 1,) * axes)
        for op in range(max(s, d)):
            length = (n - 1) * s - 2 * p + d * (k - 1) + op + 1
            if length < 0:
                with pytest.raises(ValueError, match="would give the size"):
                    transposed(axes)(x, w, None, s, p, op, 1, d)
            else:
                assert transposed(axes)(x, w, None, s, p, op, 1, d).shape == (1, 1, *(length,) * axes)


@pytest.mark.parametrize("axes", AXES)
def test_the_size_of_a_transposed_layer_can_be_asked_for(axes):
    down = getattr(nn, f"Conv{axes}d")(2, 3, 3, stride=2, padding=1, dilation=2)
    up = getattr(nn, f"ConvTranspose{axes}d")(3, 2, 3, stride=2, padding=1, dilation=2)
    for n in (7, 8, 9, 12):
        x = draw(1, 2, *(n,) * axes)
        for size in (x.shape, x.shape[1:], x.shape[2:]):
            assert up(down(x), output_size=size).shape == x.shape
    with pytest.raises(ValueError, match=rf"ConvTranspose{axes}d: output_size is .*, but an input of .* gives from"):
        up(down(x), output_size=(20,) * axes)
    with pytest.raises(ValueError, match=r"output_size is .*, but needs"):
        up(down(x), output_size=(12,) * (axes + 3))


@pytest.mark.parametrize("layer", [
    nn.Conv2d(8, 64, 3, groups=2, padding=1, generator=tw.random.Generator(0)),
    nn.Conv2d(16, 64, 5, stride=2, padding=2, generator=tw.random.Generator(0)),
    nn.ConvTranspose2d(16, 64, 4, stride=2, padding=1, generator=tw.random.Generator(0)),
])  # fmt: skip
def test_layers_keep_the_scale_of_what_passes_relu(layer):
    """As `Linear` starts: of inputs after ReLU, of mean square 1, results have twice that; ReLU halves it again."""
    x = nn.functional.relu(tw.random.Generator(1).normal(size=(4, layer.in_channels, 24, 24))) * 2**0.5
    with tw.no_grad():
        y = layer(x)[:, :, 4:-4, 4:-4]
        assert 1.7 < (y * y).mean().item() < 2.3
    assert not layer.bias.detach().numpy().any()


def test_padding_stands_on_its_own_axis():
    """(0, 1) is the width's; "same" keeps each axis, the odd zero behind."""
    assert F.conv2d(tw.ones((1, 6, 20, 10)), tw.ones((1, 6, 3, 3)), padding=(0, 1)).shape == (1, 1, 18, 10)
    assert F.conv3d(tw.ones((1, 1, 5, 6, 7)), tw.ones((1, 1, 1, 1, 1)), padding=(1, 2, 3)).shape == (1, 1, 7, 10, 13)
    x, w = draw(2, 3, 6, 9), draw(4, 3, 2, 5)
    y = F.conv2d(x, w, padding="same", dilation=(1, 2))
    want = F.conv2d(tw.asarray(np.pad(x.numpy(), [(0, 0), (0, 0), (0, 1), (4, 4)])), w, dilation=(1, 2))
    assert y.shape == (2, 4, 6, 9) and (y == want).all()


@pytest.mark.parametrize("batch", [2, 40])
@pytest.mark.parametrize(("extent", "stride"), [(1, 1), (2, 2)])
def test_gradients_of_taps_that_meet_no_image_are_zero_and_left_alone(batch, extent, stride):
    """Against the same convolution of images in zeros that are there."""
    x, w = draw(batch, 6, extent, extent, dtype="float64"), draw(5, 6, 3, 3, dtype="float64", seed=1)
    inside = tw.asarray(np.pad(x.numpy(), [(0, 0), (0, 0), (1, 1), (1, 1)]))
    for leaf in (x, w, inside):
        leaf.requires_grad = True
    again = tw.asarray(w.detach().numpy().copy(), requires_grad=True)
    for _ in range(2):  # the second is added to the first
        F.conv2d(x, w, None, stride, 1).square().sum().backward()
        F.conv2d(inside, again, None, stride).square().sum().backward()
    assert_close(w.grad, again.grad.numpy(), 64)
    assert_close(x.grad, inside.grad.numpy()[..., 1:-1, 1:-1], 64)
    assert (w.grad.numpy()[:, :, 0] == 0).all() and (w.grad.numpy()[:, :, :, 0] == 0).all()


# ---- nothing, and very much ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_an_empty_batch_has_gradients_of_zero(axes, dtype):
    x = tw.ones((0, 3, *(3,) * axes), dtype=dtype, requires_grad=True)
    layers = [
        nn.Conv1d(3, 3, 3), nn.ConvTranspose1d(3, 3, 3), nn.Conv2d(3, 3, 3), nn.ConvTranspose2d(3, 3, 3),
        nn.Conv3d(3, 3, 3), nn.ConvTranspose3d(3, 3, 3),
    ]  # fmt: skip
    for layer, extent in zip(layers[2 * axes - 2 : 2 * axes], (1, 5), strict=True):
        layer.astype(dtype)
        y = layer(x)
        assert y.shape == (0, 3, *(extent,) * axes) and y.dtype.name == dtype
        for _ in range(2):  # the second time added to what is there
            layer(x).sum().backward()
            assert (layer.weight.grad == 0).all() and (layer.bias.grad == 0).all()
        assert x.grad.shape == x.shape


def test_an_empty_axis_gives_the_bias():
    layer = nn.Conv2d(32, 32, 2, padding=1)
    x = tw.ones((2, 32, 0, 5), requires_grad=True)
    y = layer(x)
    assert y.shape == (2, 32, 1, 6)
    assert (y == layer.bias.reshape(32, 1, 1)).all()
    y.sum().backward()
    assert x.grad.shape == x.shape and (layer.weight.grad == 0).all() and (layer.bias.grad == 12).all()
    x = tw.ones((2, 3, 0), requires_grad=True)
    w = tw.ones((3, 4, 5), requires_grad=True)
    y = F.conv_transpose1d(x, w)
    assert y.shape == (2, 4, 4) and (y == 0).all()
    (y * y).sum().backward()
    assert x.grad.shape == x.shape and (w.grad == 0).all()


def peak_beside_result(call):
    """Bytes that a call holds at once beside its result."""
    call()
    tw.memory.reset_peak()
    before = tw.memory.stats()["in_use"]
    y = call()
    return tw.memory.stats()["peak"] - before - y.nbytes


def test_a_long_transposed_convolution_needs_little_memory():
    x, w = draw(1, 1, 5160), draw(1, 1, 4096)
    y = F.conv_transpose1d(x, w, None, 1024)
    assert y.shape == (1, 1, 5286912)
    assert peak_beside_result(lambda: F.conv_transpose1d(x, w, None, 1024)) < 4 << 20
    want = np.zeros(5286912)
    for i, value in enumerate(x.astype("float64").numpy()[0, 0]):
        want[i * 1024 : i * 1024 + 4096] += value * w.numpy()[0, 0]
    assert_close(y, want.reshape(1, 1, -1), 16)


def test_the_im2col_matrix_is_never_in_memory():
    """It would be 29 MB for each image."""
    x, w = draw(2, 64, 112, 112, requires_grad=True), draw(64, 64, 3, 3, requires_grad=True)
    threads = tw.get_num_threads()
    assert peak_beside_result(lambda: F.conv2d(x.detach(), w.detach(), padding=1)) < threads << 20


@pytest.mark.parametrize("axes", AXES)
def test_sizes_beyond_addresses_are_refused(axes):
    x, w = tw.ones((1, 1, *(4,) * axes)), tw.ones((1, 1, *(2,) * axes))
    huge = 1 << 58
    for key in ("padding", "stride", "dilation"):
        for value in (huge, 1 << 62, 1 << 70):
            for f in (forward(axes), transposed(axes)):
                try:
                    y = f(x, w, **{key: value})
                except (ValueError, MemoryError) as error:
                    assert "conv" in str(error) or isinstance(error, MemoryError)
                else:  # strides that leave one pixel
                    assert key == "stride" and f is forward(axes) and y.shape == (1, 1, *(1,) * axes)
    wide = tw.broadcast_to(tw.ones(()), (1 << 20, 1, *(1 << 16,) * min(axes, 2), *(1,) * (axes - min(axes, 2))))
    one = tw.ones((1 << 20, 1, *(1,) * axes))
    if axes > 1:
        with pytest.raises(ValueError, match="more elements than can be addressed"):
            forward(axes)(wide, one)


# ---- PyTorch as an oracle --------------------------------------------------------------------------------------------


def program(rng):
    """Arguments of a random convolution: whether transposed, shapes of input and weight, options by name."""
    axes, groups = rng.choice((1, 2, 2, 3)), rng.choice((1, 1, 1, 2, 3))
    channels, filters = groups * rng.randint(1, 6), groups * rng.randint(1, 6)
    kernel, dilation = [rng.randint(1, 4) for _ in range(axes)], [rng.randint(1, 3) for _ in range(axes)]
    stride, padding = [rng.randint(1, 4) for _ in range(axes)], [rng.randint(0, 4) for _ in range(axes)]
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    least = [max(1, span - 2 * p) for span, p in zip(spans, padding, strict=True)]
    shape = (rng.choice((1, 2, 5)), channels, *[n + rng.randint(0, 9) for n in least])
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    is_transposed = rng.random() < 0.5
    if is_transposed:
        options["output_padding"] = [rng.randint(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]
        extents = [
            (n - 1) * s + span - 2 * p
            for n, s, span, p in zip(shape[2:], stride, spans, padding, strict=True)
        ]  # fmt: skip
        if min(extents) < 1:
            options["padding"] = [0] * axes
    first, second = (channels, filters // groups) if is_transposed else (filters, channels // groups)
    return is_transposed, axes, shape, (first, second, *kernel), filters, options


LAYOUTS = (
    lambda x: x,
    lambda x: np.ascontiguousarray(np.moveaxis(x, 1, -1)),  # channels last
    lambda x: np.repeat(x, 2, 0),  # every other image
    lambda x: np.repeat(x, 2, -1),  # every other element
    lambda x: np.ascontiguousarray(x[:, ::-1]),
)
VIEWS = (
    lambda x: x,
    lambda x: tw.moveaxis(x, -1, 1),
    lambda x: x[::2],
    lambda x: x[..., ::2],
    lambda x: x[:, ::-1],
)


@pytest.mark.kernels
@pytest.mark.parametrize("seed", range(80))
def test_random_programs(seed):
    torch = pytest.importorskip("torch")
    rng = random.Random(seed)
    is_transposed, axes, shape, weight_shape, filters, options = program(rng)
    name = f"conv{'_transpose' if is_transposed else ''}{axes}d"
    dtype = rng.choice(("float32", "float64"))
    numbers = np.random.default_rng(seed)
    drawn = [numbers.standard_normal(s).astype(dtype) for s in (shape, weight_shape, (filters,))]
    arrays = drawn if rng.random() < 0.6 else drawn[:2]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    leaves = []
    given = []
    for i, a in enumerate(arrays):
        layout = rng.randrange(len(LAYOUTS)) if i < 2 else 0
        leaves.append(tw.asarray(LAYOUTS[layout](a), requires_grad=True))
        given.append(VIEWS[layout](leaves[-1]))
    want = getattr(torch.nn.functional, name)(*theirs, **options)
    got = getattr(F, name)(*given, **options)
    tolerance = 256
    assert_close(got, want.detach().numpy(), tolerance, name)
    cotangent = numbers.standard_normal(got.shape).astype(dtype)
    gradients = tw.autograd.gradients(got, given, tw.asarray(cotangent))
    want.backward(torch.tensor(cotangent))
    for ours, other in zip(gradients, theirs, strict=True):
        scale = max(1.0, float(other.grad.abs().max()))
        assert_close(ours / scale, other.grad.numpy() / scale, tolerance, f"{name}: gradient")


# ---- how it computes -------------------------------------------------------------------------------------------------


def test_gradients_add_up_in_place():
    """A weight that is used twice, and a second pass: into the memory of the first gradient."""
    x, w = draw(2, 3, 8, 8), draw(4, 3, 3, 3, requires_grad=True)
    (F.conv2d(x, w).sum() + F.conv2d(x * 2, w).sum()).backward()
    once = tw.copy(w.grad)
    address = w.grad.numpy().ctypes.data
    (F.conv2d(x, w).sum() + F.conv2d(x * 2, w).sum()).backward()
    assert w.grad.numpy().ctypes.data == address
    np.testing.assert_allclose(w.grad.numpy(), 2 * once.numpy(), rtol=1e-5)


@pytest.mark.kernels
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_the_gradient_of_few_filters_meets_what_is_not_finite_where_sums_do(value, capsys):
    """The last element of a row, which the first column of taps does not meet."""
    x, w, g = draw(1, 24, 16, 16), draw(16, 24, 3, 3, requires_grad=True), draw(1, 16, 16, 16)

    def gradient():
        return tw.autograd.gradients(F.conv2d(x, w, padding=1), [w], g)[0].numpy()

    tw.explain(gradient)
    assert "-> a product for each tap" in (text := capsys.readouterr().out) or "-> naive" in text
    finite = gradient()
    x[0, 5, 7, 15] = value
    got = gradient()
    met = np.zeros_like(got, dtype=bool)
    met[:, 5, :, 1:] = True
    assert not np.isfinite(got[met]).any()
    np.testing.assert_allclose(got[~met], finite[~met], rtol=1e-3, atol=1e-3)


def test_what_is_taken_is_explained(capsys):
    x = tw.ones((2, 8, 20, 20))
    tw.explain(F.conv2d, x, tw.ones((16, 8, 1, 1)))
    one = capsys.readouterr().out.splitlines()
    assert one[0] == "conv: 2 x 8 channels (1, 20, 20) to 16 (1, 20, 20), kernel (1, 1, 1), float32 -> 1x1 as GEMM"
    tw.explain(F.conv2d, x, tw.ones((16, 8, 3, 3)), None, 2)
    several = capsys.readouterr().out.splitlines()
    assert several[0].endswith("kernel (1, 3, 3), float32 -> implicit im2col")
    assert "    not 1x1 as GEMM: the kernel has several taps" in several
    assert "    not direct: rows do not fill vectors" in several
    tw.explain(F.conv2d, tw.ones((1, 3, 16, 32)), tw.ones((16, 3, 3, 3)), padding=1)
    few = capsys.readouterr().out.splitlines()
    assert few[0].endswith("kernel (1, 3, 3), float32 -> direct")
    tw.explain(F.conv_transpose2d, x, tw.ones((8, 4, 3, 3)), None, 2)
    back = capsys.readouterr().out
    assert "-> a convolution for each phase of the stride" in back and back.count("-> implicit im2col") == 4


@pytest.mark.kernels
@pytest.mark.parametrize(("extents", "kernel", "stride", "method"), [
    ((2, 3), (2, 3), 1, "one pixel as GEMM"),
    ((2, 2), (1, 1), 2, "one pixel as GEMM"),  # of which one is read
    ((1, 1), (1, 1), 1, "one pixel as GEMM"),
    ((2, 3), (1, 3), 2, "implicit im2col"),
])  # fmt: skip
@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_results_of_one_pixel(images, extents, kernel, stride, method, dtype, capsys):
    x, w, bias = draw(images, 7, *extents, dtype=dtype), draw(9, 7, *kernel, dtype=dtype), draw(9, dtype=dtype)
    tw.explain(F.conv2d, x, w, bias, stride)
    assert f"{dtype} -> " in (taken := capsys.readouterr().out.splitlines()[0])
    assert taken.endswith((f"-> {method}", "-> naive"))
    read = [a.astype("float64").numpy() for a in (x[:, :, : kernel[0], : kernel[1]], w, bias)]
    want = np.einsum("ncij,fcij->nf", read[0], read[1]) + read[2]
    assert_close(F.conv2d(x, w, bias, stride)[:, :, 0, 0] / 8, want / 8, 16)
    apart = tw.moveaxis(tw.copy(tw.moveaxis(x, 1, 3)), 3, 1)
    assert_close(F.conv2d(apart, w, bias, stride)[:, :, 0, 0] / 8, want / 8, 16)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_half_and_single_agree_with_the_oracle_where_sums_are_long(dtype):
    x, w = draw(2, 200, 6, 6, dtype=dtype), draw(5, 200, 3, 3, dtype=dtype)
    want = conv(x.astype("float64").numpy(), w.astype("float64").numpy(), padding=1)
    y = F.conv2d(x, w, padding=1)
    assert_close(y / 40, want / 40, 32)
