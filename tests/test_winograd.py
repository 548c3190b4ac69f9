"""`nn.winograd`: which convolutions take minimal filtering, and how far their results are from plain sums."""

import contextlib
import io
import threading

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core

pytestmark = pytest.mark.kernels

METHODS = {"none": "implicit im2col", "f2": "Winograd F(2x2, 3x3)", "f4": "Winograd F(4x4, 3x3)"}
ERRORS = {"none": 1.0, "f2": 1.0, "f4": 2.0}  # typical, in units of rounding of the sum of |x| |w|

if _core.config()["isa"] == "reference":
    METHODS = dict.fromkeys(METHODS, "naive")


def operands(channels=64, dtype="float32"):
    draw = np.random.default_rng(0).standard_normal
    return draw((1, channels, 20, 20)).astype(dtype), draw((64, channels, 3, 3)).astype(dtype)


def taken(x, weight, **options):
    """What `tilewright.explain` prints of the convolution."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        tw.explain(tw.nn.functional.conv2d, x, weight, **options)
    return text.getvalue().splitlines()[0]


@pytest.mark.parametrize("tiles", METHODS)
def test_takes_the_largest_tiles_that_are_allowed(tiles):
    x, weight = operands()
    with tw.nn.winograd(tiles):
        assert METHODS[tiles] in taken(x, weight)


@pytest.mark.parametrize("tiles", METHODS)
def test_errors_are_typically_as_stated(tiles):
    x, weight = operands()
    with tw.nn.winograd(tiles):
        got = tw.nn.functional.conv2d(x, weight).numpy()
    with tw.nn.winograd("none"):
        want = tw.nn.functional.conv2d(x.astype(float), weight.astype(float)).numpy()
        size = tw.nn.functional.conv2d(abs(x).astype(float), abs(weight).astype(float)).numpy()
    assert np.sqrt(((got - want) ** 2).mean()) <= ERRORS[tiles] * 2.0**-24 * size.mean()


SPECIALS = [[np.inf], [-np.inf], [np.inf, -np.inf], [np.nan], [3e38, -3e38], [3e38, 3e38]]


def results(tiles, x, weight, cotangent, padding):
    """Of a convolution, and its gradient with respect to x."""
    x = tw.asarray(x, requires_grad=True)
    with tw.nn.winograd(tiles):
        y = tw.nn.functional.conv2d(x, weight, padding=padding)
        y.backward(cotangent)
    return y.detach().numpy(), x.grad.numpy()


# Sums without Winograd multiply weights by padding, which makes NaN of what is not finite. So with such weights only
# that result is compared that has no padding: y, or the gradient.
@pytest.mark.parametrize("tiles", ["f2", "f4"])
@pytest.mark.parametrize("special", SPECIALS, ids=str)
@pytest.mark.parametrize("where", [("x", 1), ("cotangent", 1), ("weight", 0), ("weight", 2)], ids=str)
def test_what_is_not_finite_is_where_sums_have_it(tiles, special, where):
    name, padding = where
    x, weight = (array / 8 for array in operands(16))
    size = 18 + 2 * padding
    cotangent = np.random.default_rng(1).standard_normal((1, 64, size, size)).astype("float32") / 8
    {"x": x, "cotangent": cotangent, "weight": weight}[name][0, 3, 1, 0 : 2 * len(special) : 2] = special
    arrays = x, weight, cotangent, padding
    seen = 0
    for i, (got, want) in enumerate(zip(results(tiles, *arrays), results("none", *arrays), strict=True)):
        if (name, padding, i) in (("weight", 0, 1), ("weight", 2, 0)):
            continue
        finite = np.isfinite(want)
        np.testing.assert_array_equal(got[~finite], want[~finite])
        np.testing.assert_allclose(got[finite], want[finite], rtol=0, atol=1e-5 * abs(want[finite]).max())
        seen += (~finite).sum() + (abs(want) > 1e30).sum()
    assert seen > 0


def test_is_of_this_thread_and_ends_with_the_block():
    x, weight = operands()
    seen = []
    with tw.nn.winograd("f4"):
        with pytest.raises(KeyError), tw.nn.winograd("none"):
            raise KeyError
        thread = threading.Thread(target=lambda: seen.append(taken(x, weight)))
        thread.start()
        thread.join()
        seen.append(taken(x, weight))
    seen.append(taken(x, weight))
    assert [METHODS[m] in text for m, text in zip(("f2", "f4", "f2"), seen, strict=True)] == [True] * 3


@pytest.mark.parametrize(
    "options", [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"channels": 4}, {"dtype": "float64"}]
)
def test_other_convolutions_are_not_taken(options):
    channels, dtype = options.pop("channels", 64), options.pop("dtype", "float32")
    x, weight = operands(channels, dtype)
    weight = weight[:, : channels // options.get("groups", 1)]
    with tw.nn.winograd("f4"):
        text = taken(x, weight, **options)
    assert "-> " in text and "-> Winograd" not in text


@pytest.mark.parametrize(("tiles", "error"), [("F4", ValueError), (4, TypeError), (None, TypeError)])
def test_refuses_other_sizes(tiles, error):
    with pytest.raises(error, match=r'winograd: tiles is .*, but must be "none", "f2" or "f4"'):
        tw.nn.winograd(tiles)
