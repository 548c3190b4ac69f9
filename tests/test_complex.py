"""Complex numbers where they differ from other dtypes: promotion, parts, special values, products, gradients."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import tilewright as tw

COMPLEX = ("complex64", "complex128")
EPS = {"complex64": 2.0**-23, "complex128": 2.0**-52}
INF, NAN = float("inf"), float("nan")


def random(shape, dtype="complex128", seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)


def leaf(*values, dtype="complex128"):
    return tw.asarray(list(values), dtype=dtype, requires_grad=True)


# ---- dtypes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("real", ["bool", "uint8", "int8", "int16", "int32", "uint64", "int64", "float16", "bfloat16"])
def test_promotion_of_short_and_whole_numbers(real):
    """They fit the parts of either complex dtype, or are taken to: the dtype stays."""
    for dtype in COMPLEX:
        assert tw.promote_types(real, dtype).name == tw.promote_types(dtype, real).name == dtype
        assert (tw.ones(2, dtype=real) + tw.ones(2, dtype=dtype)).dtype.name == dtype


@pytest.mark.parametrize(
    ("a", "b", "promoted"),
    [
        ("float32", "complex64", "complex64"),
        ("float64", "complex64", "complex128"),
        ("float32", "complex128", "complex128"),
        ("float64", "complex128", "complex128"),
        ("complex64", "complex128", "complex128"),
        ("complex64", "complex64", "complex64"),
    ],
)
def test_promotion_of_floats(a, b, promoted):
    assert tw.promote_types(a, b).name == tw.promote_types(b, a).name == promoted
    assert np.promote_types(a, b).name == promoted
    assert tw.concat([tw.ones(1, dtype=a), tw.ones(1, dtype=b)]).dtype.name == promoted


@pytest.mark.parametrize(
    ("real", "lifted"),
    [
        ("float16", "complex64"),
        ("bfloat16", "complex64"),
        ("float32", "complex64"),
        ("float64", "complex128"),
        ("int64", "complex64"),
        ("uint8", "complex64"),
        ("bool", "complex64"),
        ("complex64", "complex64"),
        ("complex128", "complex128"),
    ],
)
def test_python_numbers_are_weak(real, lifted):
    x = tw.ones(2, dtype=real)
    for y in (x * 2j, 2j * x):
        assert y.dtype.name == lifted
        assert y.tolist() == [2j, 2j]
    assert tw.where(tw.asarray([True, False]), x, 2j).dtype.name == lifted
    for number in (2, 2.5, True):
        assert (tw.asarray([1j], dtype="complex64") * number).dtype.name == "complex64"


def test_the_dtypes_themselves():
    assert tw.complex64.itemsize == 8 and tw.complex128.itemsize == 16
    assert tw.complex64.is_complex and tw.complex64.is_inexact and not tw.complex64.is_floating
    assert tw.float32.is_inexact and not tw.float32.is_complex and not tw.int64.is_inexact
    assert tw.asarray(1, dtype=complex).dtype == tw.asarray(1, dtype=np.complex64).dtype == tw.complex64
    assert pickle.loads(pickle.dumps(tw.complex128)) is tw.complex128


# ---- making, moving, showing -----------------------------------------------------------------------------------------


def test_from_python_and_back():
    x = tw.asarray([[1 + 2j, 3], [4.5, True]])
    assert x.dtype == tw.complex64
    assert x.tolist() == [[1 + 2j, 3], [4.5, 1]]
    assert complex(tw.asarray(1 - 1j)) == tw.asarray(1 - 1j).item() == 1 - 1j
    assert bool(tw.asarray(1j)) and not bool(tw.asarray(0j))
    assert tw.asarray([np.complex128(1j), 2.0], dtype="complex128").tolist() == [1j, 2]
    assert tw.full((2,), 1j).dtype == tw.complex64
    assert tw.eye(2, dtype="complex128").tolist() == [[1, 0], [0, 1]]
    for number in (float, int):
        with pytest.raises(TypeError):
            number(tw.asarray(1j))


@pytest.mark.parametrize("dtype", COMPLEX)
def test_shows_as_numpy(dtype):
    assert repr(tw.asarray([1 + 2j, -0.5j], dtype=dtype)) == f"tensor([ 1.+2.j , -0.-0.5j], dtype={dtype})"
    assert f"{tw.asarray(1.25 - 2j, dtype=dtype):.1f}" == "1.2-2.0j"


@pytest.mark.parametrize("dtype", COMPLEX)
def test_copies_and_pickles(dtype):
    x = tw.asarray(random((3, 4), dtype), requires_grad=True)
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        np.testing.assert_array_equal(y.detach().numpy(), x.detach().numpy())
        assert y.dtype.name == dtype


@pytest.mark.parametrize("dtype", COMPLEX)
def test_writes(dtype):
    x, want = tw.zeros((3, 4), dtype=dtype), np.zeros((3, 4), dtype)
    for target in (x, want):
        target[0] = 1 - 2j
        target[1, ::2] = 3
        target[2] = np.arange(4.0)
        target[:, 3] += 1j
        target *= 2j
        target[[0, 2], [1, 1]] = [5j, 6]
    np.testing.assert_array_equal(x.numpy(), want)
    x.copy_(tw.permute_dims(tw.asarray(random((4, 3), dtype))))
    np.testing.assert_array_equal(x.numpy(), random((4, 3), dtype).T)


def test_nothing_drops_an_imaginary_part():
    z, x = tw.asarray([1j]), tw.ones(1)
    for dtype in ("float64", "float16", "int8"):
        with pytest.raises(TypeError, match=rf"astype: complex64 cannot become {dtype}, .* use real\(\) first"):
            z.astype(dtype)
    assert z.astype(bool).tolist() == [True]
    for write in (lambda: x.copy_(z), lambda: x.fill_(1j), lambda: tw.full(2, 1j, dtype="int32")):
        with pytest.raises(TypeError, match=r"cannot become (float32|int32)"):
            write()
    with pytest.raises(TypeError, match=r"(astype|assignment): complex64 cannot become float32"):
        x[tw.asarray([0])] = z
    with pytest.raises(TypeError, match="multiply: the result is complex64, which an in-place target of float32"):
        x *= 1j
    with pytest.raises(TypeError, match="save: z is complex128, for which safetensors files have no type"):
        tw.io.save("nowhere", {"z": z.astype("complex128")})
    assert x.tolist() == [1.0]


@pytest.mark.parametrize("dtype", COMPLEX)
def test_parts_are_views(dtype):
    z = tw.asarray(random((3, 4), dtype))
    want = z.numpy().copy()
    z.real = 0.0
    z.imag[1] = 7.0
    tw.permute_dims(z).imag[0, 2] += 1.0
    want.real = 0
    want.imag[1] = 7
    want.T.imag[0, 2] += 1
    np.testing.assert_array_equal(z.numpy(), want)
    assert z.real.strides == tuple(z.strides)
    x = tw.ones(2)
    assert tw.real(x) is x and x.conj() is x and tw.conj(x) is x and x.imag.tolist() == [0, 0]


# ---- values ----------------------------------------------------------------------------------------------------------

PARTS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, INF, -INF, NAN)
SPECIAL = np.array([complex(a, b) for a, b in itertools.product(PARTS, PARTS)])


def agree(got, want, eps, context=""):
    """Part by part: equal, both NaN, or close in units of the length."""
    got = np.asarray(got)
    if got.dtype == bool:
        return np.testing.assert_array_equal(got, want, context)
    for part in (np.real, np.imag):
        g, w = part(got), part(want)
        with np.errstate(invalid="ignore"):
            ok = (g == w) | (np.isnan(g) & np.isnan(w)) | (np.abs(g - w) <= eps * np.abs(want))
        bad = np.flatnonzero(~ok)
        assert not bad.size, f"{context}: {got[bad[0]]} instead of {want[bad[0]]}, number {bad[0]}"


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize(
    "name",
    ["negative", "abs", "square", "conj", "real", "imag", "isnan", "isinf", "isfinite", "angle", "sqrt", "log", "exp"],
)
def test_special_values(name, dtype):
    x = SPECIAL.astype(dtype)
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x)
    agree(getattr(tw, name)(tw.asarray(x)).numpy(), want, 8 * EPS[dtype], name)


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "equal", "not_equal"])
def test_special_pairs(name, dtype):
    pairs = np.array(list(itertools.product(SPECIAL, SPECIAL))).astype(dtype)
    if name == "divide":  # where b has inf and NaN parts, or inf twice, NumPy's answer depends on its build
        pairs = pairs[~np.isnan(pairs[:, 1])]
    a, b = pairs[:, 0].copy(), pairs[:, 1].copy()
    with np.errstate(all="ignore"):
        want = getattr(np, name)(a, b)
    agree(getattr(tw, name)(tw.asarray(a), tw.asarray(b)).numpy(), want, 8 * EPS[dtype], name)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_signs_of_zero_choose_the_branch(dtype):
    x = tw.asarray(np.array([complex(-4, 0.0), complex(-4, -0.0)], dtype))
    assert tw.sqrt(x).tolist() == [2j, -2j]
    assert np.sign(tw.log(x).imag.numpy()).tolist() == [1, -1]
    assert np.signbit(tw.conj(x).imag.numpy()).tolist() == [True, False]


@pytest.mark.parametrize("dtype", COMPLEX)
def test_extreme_lengths(dtype):
    """Neither overflow nor vanish on the way to a result that does neither."""
    info = np.finfo(dtype)
    big, small = float(info.max) / 2, float(info.tiny)
    x = np.array(
        [big + big * 1j, 0.75 * big - 3j, small + small * 1j, small / 8 - small / 4 * 1j, 1e-3 * big * 1j], dtype
    )
    t = tw.asarray(x)
    eps = 4 * EPS[dtype]
    wide = x.astype(np.clongdouble)
    agree(tw.abs(t).numpy(), np.abs(wide).astype(x.real.dtype), eps, "abs")
    agree(tw.sqrt(t).numpy(), np.sqrt(wide).astype(dtype), eps, "sqrt")
    agree(tw.log(t).numpy(), np.log(wide).astype(dtype), eps, "log")
    agree(tw.divide(t, t).numpy(), np.ones(5, dtype), eps, "divide")
    top = 88.9 if dtype == "complex64" else 709.9  # e^top overflows, e^top cos(1.5) does not
    y = np.array([top + 1.5j, top - 1.5j, -top + 1j], dtype)
    agree(
        tw.exp(tw.asarray(y)).real.numpy(), np.exp(y.astype(np.clongdouble)).real.astype(x.real.dtype), 300 * eps, "exp"
    )


@pytest.mark.parametrize("dtype", COMPLEX)
def test_log_near_the_unit_circle(dtype):
    angles = np.linspace(-3, 3, 101)
    x = (np.exp(1j * angles) * (1 + np.linspace(-1e-3, 1e-3, 101))).astype(dtype)
    wide = x.astype(np.clongdouble)
    want = np.log1p((np.abs(wide.real) - 1) * (np.abs(wide.real) + 1) + wide.imag**2) / 2
    got = tw.log(tw.asarray(x)).real.numpy()
    assert np.max(np.abs(got - want)) < 2 * EPS[dtype]


@pytest.mark.parametrize("dtype", COMPLEX)
def test_powers(dtype):
    x = random(50, dtype)
    t, wide = tw.asarray(x), x.astype(np.clongdouble)
    for exponent in (0, 1, 2, 3, 7, -1, -3):
        agree((t**exponent).numpy(), wide**exponent, 16 * EPS[dtype], str(exponent))
    for exponent in (0.5, -1.5, 1j, 2 - 3j):
        agree((t**exponent).numpy(), wide**exponent, 64 * EPS[dtype], str(exponent))
    zero = tw.zeros(1, dtype=dtype)
    assert (zero**0).tolist() == [1] and (zero**2.5).tolist() == [0] and (zero ** (1 + 1j)).tolist() == [0]
    assert np.isnan((zero**-0.5).numpy()).all()
    product = tw.asarray([2 + 1j], dtype=dtype)
    assert (product * product.conj()).tolist() == [5]


@pytest.mark.parametrize("dtype", COMPLEX)
def test_reductions(dtype):
    x = random((7, 300, 5), dtype)
    wide = x.astype(np.clongdouble)
    for layout in (lambda v: v, lambda v: v[:, ::-3], lambda v: v.swapaxes(0, 2)):
        t, w = tw.asarray(layout(x)), layout(wide)
        for axis in (None, 0, 1, -1, (0, 2), ()):
            np.testing.assert_allclose(tw.sum(t, axis=axis).numpy(), w.sum(axis), atol=400 * EPS[dtype])
            got = tw.mean(t, axis=axis, keepdims=True)
            np.testing.assert_allclose(got.numpy(), w.mean(axis, keepdims=True), atol=16 * EPS[dtype])
    assert tw.sum(tw.zeros((3, 0), dtype=dtype), axis=1).tolist() == [0, 0, 0]
    mask = np.array([[0, 1j], [0, 0], [NAN, 1]], dtype)
    assert tw.any(tw.asarray(mask), axis=1).tolist() == [True, False, True]
    assert tw.all(tw.asarray(mask), axis=1).tolist() == [False, False, True]


@pytest.mark.parametrize(
    "call",
    [
        lambda z: z < z,
        lambda z: z > 1,
        lambda z: z // 1,
        lambda z: z % 1,
        lambda z: tw.max(z),
        lambda z: tw.argmin(z),
        lambda z: tw.maximum(z, 0.0),
        lambda z: tw.clip(z, 0, 1),
        lambda z: tw.floor(z),
        lambda z: tw.cbrt(z),
        lambda z: tw.logical_not(z),
        lambda z: tw.logsumexp(z),
        lambda z: tw.arctan2(z, z),
        lambda z: z & z,
        lambda z: tw.nn.functional.relu(z),
        lambda z: tw.nn.functional.softmax(z, 0),
        lambda z: tw.nn.functional.linear(z, tw.ones((2, 3))),
        lambda z: tw.nn.functional.mse_loss(z, z),
        lambda z: tw.nn.functional.dropout(z),
        lambda z: tw.ones(3)[z],
        lambda z: tw.arange(0, 3, dtype=z.dtype),
    ],
)
@pytest.mark.parametrize("dtype", COMPLEX)
def test_what_has_no_meaning_is_refused(call, dtype):
    with pytest.raises((TypeError, IndexError), match=r"^\w+: .*complex"):
        call(tw.ones(3, dtype=dtype))


# ---- products --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((64, 100), (100, 48)),
        ((1, 257), (257, 33)),
        ((90, 257), (257, 1)),
        ((257,), (257, 33)),
        ((90, 257), (257,)),
        ((3, 1, 20, 31), (4, 31, 7)),
        ((3, 1, 2, 31), (4, 31, 40)),
        ((2, 31), (5, 31, 40)),
        ((5, 20, 31), (31, 7)),
        ((20, 31), (5, 31, 7)),
        ((200, 300), (300, 200)),
    ],
)
def test_matmul(a, b, dtype):
    """Of every layout, against NumPy in double precision; the error grows with the inner length only."""
    x, y = random(a, dtype), random(b, dtype, seed=1)
    layouts = (
        lambda v: v,
        lambda v: np.ascontiguousarray(v.T).T,
        lambda v: np.repeat(v, 2, axis=-1)[..., ::2],
        lambda v: np.ascontiguousarray(v[..., ::-1])[..., ::-1],
    )
    for left, right in itertools.product(layouts, layouts):
        p, q = left(x), right(y)
        got = (tw.asarray(p) @ tw.asarray(q)).numpy()
        want = p.astype("complex128") @ q.astype("complex128")
        assert got.dtype == dtype and got.shape == want.shape
        np.testing.assert_allclose(got, want, atol=64 * EPS[dtype] * np.sqrt(a[-1]))


@pytest.mark.parametrize("dtype", COMPLEX)
def test_same_bits_at_any_thread_count(dtype):
    x, y = tw.asarray(random((400, 300), dtype)), tw.asarray(random((300, 200), dtype, seed=1))
    before, seen = tw.get_num_threads(), []
    for count in (1, 2, 7):
        tw.set_num_threads(count)
        results = (x @ y, x[:2] @ y, tw.exp(x) * x, tw.abs(x), tw.sum(x), tw.mean(x, axis=0), tw.prod(x / tw.abs(x)))
        seen.append([z.numpy().tobytes() for z in results])
    tw.set_num_threads(before)
    assert seen[0] == seen[1] == seen[2]


def test_matmul_promotes_and_keeps_infinities_apart():
    x = tw.asarray(random((3, 4), "complex64"))
    y = np.random.default_rng(1).standard_normal((4, 2))
    z = x @ tw.asarray(y)
    assert z.dtype == tw.complex128
    np.testing.assert_allclose(z.numpy(), x.numpy() @ y, rtol=1e-12)
    with pytest.raises(ValueError, match=r"matmul: x1 \(3, 4\) has 4 columns, but x2 \(3, 4\) has 3 rows"):
        tw.matmul(x, x)


# ---- gradients -------------------------------------------------------------------------------------------------------


def test_the_gradient_is_the_direction_of_steepest_ascent():
    z = leaf(3 + 4j)
    tw.abs(z).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), [0.6 + 0.8j])
    z = leaf(1 + 2j)
    tw.real(z * (3 - 1j)).sum().backward()  # Re(z c): conj(c)
    assert z.grad.tolist() == [3 + 1j]
    z = leaf(0j)
    tw.abs(z).sum().backward()
    assert z.grad.tolist() == [0j]


def test_a_real_operand_gets_a_real_gradient():
    x = leaf(1.0, 2.0, dtype="float64")
    for f in (lambda x: x * tw.asarray([1j, 2 + 1j]), lambda x: 1j * x + (2 - 1j) * x, lambda x: tw.exp(x * 1j)):
        tw.testing.check_grads(f, x.detach(), order=2)
    (tw.abs(x * (3 + 4j)) ** 2).sum().backward()
    assert x.grad.dtype == tw.float64
    np.testing.assert_allclose(x.grad.numpy(), [50, 100])
    w = tw.asarray([1.0, 2.0], requires_grad=True)
    tw.real(tw.where(tw.asarray([True, False]), w, 2j) * 1j).sum().backward()
    assert w.grad.tolist() == [0, 0] and w.grad.dtype == tw.float32


def test_backward_wants_a_real_start():
    z = leaf(1j)
    with pytest.raises(RuntimeError, match=r"backward: a complex128 tensor has no gradient of its own; .* real\(x\)"):
        (z * z).sum().backward()
    (z * z).sum().backward(1 + 0j)
    assert z.grad.tolist() == [-2j]  # conj(2 z)
    with pytest.raises(ValueError, match="must return a floating tensor"):
        tw.grad(lambda z: (z * z).sum())(z.detach())


@pytest.mark.parametrize(
    "f",
    [
        lambda z, x: z @ x.mT,
        lambda z, x: tw.matmul(x, tw.conj(z).mT),
        lambda z, x: (z[0] @ x.T) * z[1, 0],
        lambda z, x: (z / (x + 3)) ** 2,
        lambda z, x: x ** (0.5 + 1j) + z**-2 + (1 + 1j) ** z,
        lambda z, x: tw.prod(z, axis=1) + tw.sum(x, axis=1),
        lambda z, x: tw.concat([z, x]).imag,
        lambda z, x: tw.angle(z) * x + tw.var(z),
        lambda z, x: tw.log(tw.sqrt(z)) + tw.reciprocal(z) + tw.exp(z) + tw.square(z) + x,
        lambda z, x: z[:, tw.asarray([0, 0, 2])] + tw.take(z, tw.asarray([1, 1, 0]), axis=1),
        lambda z, x: tw.broadcast_to(z[0], (4, 3)).astype("complex128") * tw.flip(z[1]),
    ],
)
def test_programs(f):
    x = np.abs(np.random.default_rng(3).standard_normal((2, 3))) + 0.5
    tw.testing.check_grads(f, tw.asarray(random((2, 3))), tw.asarray(x), order=2)


def test_zeros_in_a_product():
    z = tw.asarray([[1 + 1j, 0, 2j], [0, 0, 3]], dtype="complex128")
    tw.testing.check_grads(lambda z: tw.prod(z, axis=1), z)


def test_in_place_writes_are_recorded():
    def f(z, x):
        y = z * 1
        y *= 2j
        y[0] = x[0]
        y += x
        return y

    tw.testing.check_grads(f, tw.asarray(random(3)), tw.asarray([1.0, 2.0, 3.0], dtype="float64"))


def test_functional_forms():
    z, v = tw.asarray(random(3)), tw.asarray(random(3, seed=1))
    _, tangent = tw.autograd.jvp(lambda z: tw.exp(z) * tw.conj(z), (z,), (v,))
    np.testing.assert_allclose(tangent.numpy(), (tw.exp(z) * (v * z.conj() + v.conj())).numpy())
    gradient = tw.grad(lambda z: tw.sum(tw.abs(z) ** 2))(z)
    np.testing.assert_allclose(gradient.numpy(), 2 * z.numpy())
    product = tw.autograd.hvp(lambda z: tw.sum(tw.real(z**3)), (z,), (v,))
    np.testing.assert_allclose(product[0].numpy(), np.conj(6 * z.numpy() * v.numpy()))
    matrix = tw.autograd.jacobian(tw.abs)(z)
    np.testing.assert_allclose(matrix.numpy(), np.diag(z.numpy() / np.abs(z.numpy())))
    with pytest.raises(TypeError, match="jacobian: the function returned complex128; a complex result has two"):
        tw.autograd.jacobian(tw.square)(z)


def test_layers_leave_complex_numbers_alone():
    z = leaf(1j)
    with pytest.raises(TypeError, match="parameter 0 has dtype complex128, but must be floating"):
        tw.optim.SGD([z], lr=0.1)


def test_explained_as_a_real_product(capsys):
    z = tw.asarray(random((64, 100), "complex64"))
    tw.explain(tw.matmul, z, z.mT)
    assert "gemm: (64, 200) x (200, 128) float32" in capsys.readouterr().out


def test_against_pytorch():
    torch = pytest.importorskip("torch")
    a, b = random((3, 4)), random((4, 2), seed=1)
    x, y = (tw.asarray(v, requires_grad=True) for v in (a, b))
    p, q = (torch.tensor(v, requires_grad=True) for v in (a, b))
    for lib, (u, v) in ((tw, (x, y)), (torch, (p, q))):
        w = lib.exp(u @ v) / (lib.conj(v).T @ lib.conj(u).T).T
        (lib.abs(w) ** 1.5 + lib.real(w * 1j)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), p.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(y.grad.numpy(), q.grad.numpy(), rtol=1e-10)
    assert torch.from_dlpack(x.detach()).dtype == torch.complex128
    assert tw.from_dlpack(torch.ones(2, dtype=torch.complex64)).dtype == tw.complex64
