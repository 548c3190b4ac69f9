"""Arguments that few calls need, and functions that few programs do: NumPy's results, and gradients."""

from __future__ import annotations

import warnings

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

NUMBERS = numpy.random.default_rng(0)
X = NUMBERS.normal(size=(4, 5))
WITH_NAN = numpy.where(numpy.arange(20).reshape(4, 5) == 7, numpy.nan, X)
WEIGHTS = NUMBERS.random((4, 5)) * (numpy.arange(20).reshape(4, 5) % 4 > 0)
T = numpy.linspace(-1, 2, 9)
Y = T**3 - T + NUMBERS.normal(size=9) * 0.1
NAMES = {
    "x": X,
    "n": WITH_NAN,
    "i": NUMBERS.integers(0, 5, (4, 5)),
    "w": WEIGHTS,
    "v": numpy.array([0.0, 1, 2, 3]),
    "t": T,
    "y": Y,
    "yy": numpy.stack([Y, 2 * Y], axis=1),
}


def flat(y):
    return list(y) if isinstance(y, (tuple, list)) else [y]


def both(text):
    """The value of an expression in NumPy and here; or the kind of error in both."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            want = eval(text, {"np": numpy, **NAMES})
        except (TypeError, ValueError, IndexError) as error:
            with pytest.raises((TypeError, ValueError, IndexError)) as raised:
                eval(text, {"np": np, **{name: np.array(value) for name, value in NAMES.items()}})
            assert issubclass(raised.type, (type(error), ValueError)) and isinstance(error, raised.type.__mro__[1])
            return
        got = eval(text, {"np": np, **{name: np.array(value) for name, value in NAMES.items()}})
    for a, b in zip(flat(got), flat(want), strict=True):
        if isinstance(b, numpy.ndarray):
            assert (a.dtype.name, a.shape) == (b.dtype.name, b.shape), text
        numpy.testing.assert_allclose(numpy.asarray(a), b, rtol=1e-12, atol=1e-13, err_msg=text)


LEVELS = {"quantile": "[0, .25, .3, .99, 1]", "percentile": "[0, 25, 30, 99, 100]"}


@pytest.mark.parametrize("name", [*LEVELS, *(f"nan{name}" for name in LEVELS)])
@pytest.mark.parametrize("x", ["x", "n", "i", "x.astype('float32')"])
def test_weighted_quantiles(name, x):
    for more in ("weights=w", "weights=w, axis=1", "weights=v, axis=0", "weights=w.T.copy().T, axis=(0, 1)"):
        if "v" in more and name.startswith("nan"):
            continue  # an IndexError of NumPy's own
        for keepdims in (False, True):
            both(
                f"np.{name}({x}, {LEVELS[name.removeprefix('nan')]}, "
                f"method='inverted_cdf', keepdims={keepdims}, {more})"
            )
    both(f"np.{name}({x}, .5, method='inverted_cdf', weights=w * 0 + 1)")
    got = np.nanquantile(np.array(X), 0.3, axis=0, method="inverted_cdf", weights=[0.0, 1, 2, 3])
    numpy.testing.assert_array_equal(
        got.numpy(), numpy.quantile(X, 0.3, axis=0, method="inverted_cdf", weights=numpy.array([0.0, 1, 2, 3]))
    )


@pytest.mark.parametrize(
    "text",
    ["np.quantile(x, .5, weights=w)", "np.quantile(x, .5, method='inverted_cdf', weights=-w)",
     "np.quantile(x, .5, method='inverted_cdf', weights=v)", "np.quantile(x, .5, 1, method='inverted_cdf', weights=v)"],
)  # fmt: skip
def test_weights_that_are_refused(text):
    both(text)


def test_weighted_quantiles_have_gradients():
    x = tw.asarray([3.0, 1.0, 2.0], requires_grad=True)
    tw.quantile(x, [0.5, 1.0], weights=[1.0, 1.0, 3.0], method="inverted_cdf").sum().backward()
    assert x.grad.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "text",
    ["np.polyfit(t, y, 2, full=True)", "np.polyfit(t, yy, 3, None, True)", "np.polyfit(t, y, 2, rcond=1e-3)",
     "np.polyfit(t, y, 2, rcond=.5)", "np.polyfit(t, y, 3, w=t + 2, full=True)",
     "np.polyfit(t, y, 1, cov=True, w=t + 2)",
     "np.polyfit(t[:3], y[:3], 2, full=True)", "np.polyfit(t * 0 + 1, y, 1, full=True)", "np.polyfit(t, y, 1, 1e-9)",
     "np.polyfit(t * 0 + 1, y, 1)", "np.polyfit([1, 1, 2], [1, 2, 4], 2)", "np.polyfit([1], [2], 1)"],
)  # fmt: skip
def test_fits(text):
    both(text)


def test_fits_that_have_a_choice_say_so():
    with pytest.warns(RuntimeWarning, match="polyfit: the samples do not tell the powers apart"):
        assert np.polyfit([1.0, 1, 1], [1.0, 2, 3], 1).tolist() == pytest.approx([1, 1])


def test_fits_by_singular_values_have_gradients():
    slopes = []
    for more in ({}, {"rcond": 1e-12}):
        y = np.array(Y)
        y.requires_grad = True
        (np.polyfit(np.array(T), y, 2, **more) * np.array([1.0, 2, 3])).sum().backward()
        slopes.append(y.grad.numpy())
    numpy.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    ["np.linspace([0, 10], [1, 20], 3)", "np.linspace([0, 10], [1, 20], 3, axis=1)", "np.linspace(0, 1j, 3)",
     "np.linspace([0, 10], [1, 20], 3, axis=-1, endpoint=False, retstep=True)", "np.linspace(0, [1, 2], 4, dtype=int)",
     "np.linspace(0, 1, 5, retstep=True)", "np.linspace(0, 1, 1, retstep=True)", "np.linspace(0, 1, 0)",
     "np.linspace(np.array([5, 200], 'uint8'), np.array([3, 250], 'uint8'), 3)",
     "np.linspace([-1.9], [9.1], 13, dtype=int)",
     "np.linspace(np.zeros(2, 'float32'), np.ones(2, 'float32'), 3)", "np.linspace([0., 1], [1, 2], 0)",
     "np.linspace(0, 5, dtype=np.float32)", "np.linspace([0, 1], [[1], [2]], 3, axis=1)",
     "np.linspace([0, 1], 3, 4, axis=5)",
     "np.logspace(np.array([1, 2], 'uint8'), np.array([2, 0], 'uint8'), 3)", "np.linspace(0, 1, -1)"],
)  # fmt: skip
def test_lines(text):
    both(text)


def test_lines_have_gradients():
    ends = np.array([0.0, 1.0]), np.array([2.0, 5.0])
    for end in ends:
        end.requires_grad = True
    (np.linspace(*ends, 3) * np.array([[1.0], [10], [100]])).sum().backward()
    assert ends[0].grad.tolist() == [6, 6] and ends[1].grad.tolist() == [105, 105]


@pytest.mark.parametrize(
    "text",
    ["np.vectorize(np.dot, signature='(n),(n)->()')(x, x[0])", "np.vectorize(np.sum, signature='(n)->()')(x)",
     "np.vectorize(np.convolve, signature='(n),(m)->(k)')(np.eye(4), [1, 2, 1])",
     "np.vectorize(lambda m, v: m @ v, signature='(m,n),(n)->(m)')(x[:, None] * np.ones((3, 1)), x[0])",
     "np.vectorize(lambda v: (v.sum(), v * 2), signature='(n)->(),(n)')(x)", "np.vectorize(abs, excluded={1})(x)",
     "np.vectorize(lambda v, p: v.sum() + p, signature='(n)->()', excluded={1})(x, 3)",
     "np.vectorize(lambda v: v, signature='(n)->(n)', otypes=['f'])(x)",
     "np.vectorize(lambda a, b: a + b, signature=' (), () -> () ')(x, 1)",
     "np.vectorize(lambda v: v.sum(), signature='(n)->()', otypes='d')(np.zeros((0, 3)))",
     "np.vectorize(lambda x, p: x + p[0], excluded=['p'])(x, p=[3])", "np.vectorize(abs, signature='(n)->(n)')(3)",
     "np.vectorize(np.dot, signature='(n),(n)->()')([1, 2], [1, 2, 3])", "np.vectorize(abs, signature='(n->n')",
     "np.vectorize(lambda v: v[:1], signature='(n)->(n)')([1, 2])", "np.vectorize(abs, signature='(n)->(n)')(x, x)",
     "np.vectorize(lambda v: v.sum(), signature='(n)->()')(np.zeros((0, 3)))",
     "np.vectorize(lambda v: (v, v), signature='(n)->(n)')(x)"],
)  # fmt: skip
def test_functions_of_slices(text):
    both(text)


def test_functions_of_slices_have_gradients():
    x = np.array(X)
    x.requires_grad = True
    np.vectorize(lambda v: (v**2).sum(), signature="(n)->()")(x).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), 2 * X)


CHAIN = [numpy.ones(shape) for shape in ((2, 30), (30, 4), (4, 50), (50, 3), (3, 2))]


@pytest.mark.parametrize("optimize", ["optimal", "greedy", True, False, ("optimal", 1000)])
def test_orders_of_products(optimize):
    out = np.zeros(2)
    assert np.einsum("ab,bc,cd,de,ea->a", *map(np.array, CHAIN), optimize=optimize, out=out) is out
    assert out.tolist() == numpy.einsum("ab,bc,cd,de,ea->a", *CHAIN).tolist()


def test_the_optimal_order_is_the_cheapest():
    """Of all orders of products by pairs, as their operations are counted."""

    def cost(path, terms, sizes, result):
        total, current = 0, [set(term) for term in terms]
        for i, j in path:
            rest = [term for k, term in enumerate(current) if k not in (i, j)]
            both = current[i] | current[j]
            total += numpy.prod([sizes[label] for label in both])
            current = [*rest, both & set(result).union(*rest)]
        return total

    def all_paths(count):
        if count == 1:
            return [[]]
        return [[(i, j), *rest] for j in range(count) for i in range(j) for rest in all_paths(count - 1)]

    for seed in range(20):
        rng = numpy.random.default_rng(seed)
        sizes = dict(zip("abcdef", (int(n) for n in rng.integers(2, 9, 6)), strict=True))
        terms = ["".join(rng.choice(list("abcdef"), 2, replace=False)) for _ in range(4)]
        result = "".join(sorted({*terms[0]} & {*terms[-1]}))
        operands = [np.ones(tuple(sizes[label] for label in term)) for term in terms]
        subscripts = ",".join(terms) + "->" + result
        path = np.einsum_path(subscripts, *operands, optimize="optimal")[0][1:]
        prepared = [  # labels that nothing else has are summed first
            {a for a in term if a in result or any(a in other for k, other in enumerate(terms) if k != i)}
            for i, term in enumerate(terms)
        ]
        best = min(cost(p, prepared, sizes, result) for p in all_paths(4))
        assert cost(path, prepared, sizes, result) == best, subscripts
        assert np.einsum(subscripts, *operands, optimize=path).tolist() == np.einsum(subscripts, *operands).tolist()


# ---- functions that were NumPy's -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
def test_windows(name):
    for M in (-1, 0, 1, 2, 5, 12, 51):
        both(f"np.{name}({M})")


def test_windows_of_kaiser():
    for M in (0, 1, 2, 5, 51):
        for beta in (0, 2, 8.6, 14.0):
            both(f"np.kaiser({M}, {beta})")
    tw.testing.check_grads(lambda beta: np.kaiser(6, beta), tw.asarray(3.0, dtype="float64"))


def test_bessel_functions():
    x = numpy.concatenate([numpy.linspace(-50, 50, 501), [700, -705, 0, 1e-8]])
    numpy.testing.assert_allclose(np.i0(x).numpy(), numpy.i0(x), rtol=2e-14)
    numpy.testing.assert_allclose(np.i0(numpy.float32(x[:501])).numpy(), numpy.i0(x[:501]), rtol=2e-5)
    assert np.i0([numpy.inf, -numpy.inf]).tolist() == [numpy.inf, numpy.inf] and numpy.isnan(np.i0(numpy.nan).item())
    assert np.i0(np.zeros((0, 2))).shape == (0, 2) and np.i0([1, 2]).dtype == np.float64
    x = tw.asarray([-3.0, 0.0, 0.5, 20.0], dtype="float64", requires_grad=True)
    second = tw.grad(lambda x: tw.grad(lambda x: np.i0(x).sum())(x).sum())(x)
    assert abs(second[1].item() - 0.5) < 1e-15  # of 1 + x^2 / 4 + ..
    tw.testing.check_grads(np.i0, x)
    with pytest.raises(TypeError, match="i0: dtype complex128"):
        np.i0(1j)


@pytest.mark.parametrize(
    "text",
    ["np.trim_zeros(np.array([0, 0, 1, 0, 2, 0]))", "np.trim_zeros([0, 1, 0], 'f')", "np.trim_zeros(np.zeros(3))",
     "np.trim_zeros(np.eye(4)[1:2].T)", "np.trim_zeros(np.eye(4)[1:2].T, axis=0)",
     "np.trim_zeros(np.zeros((2, 2)), 'f')",
     "np.trim_zeros(np.eye(4)[1:2].T, 'B', axis=(1,))", "np.trim_zeros([])", "np.trim_zeros([0, 1], 'x')",
     "np.fromiter((k * k for k in range(4)), int)", "np.fromiter(range(4), float, 2)", "np.fromiter([], 'f4')",
     "np.fromiter(range(2), float, 3)", "np.mask_indices(3, np.triu, 1)", "np.asarray_chkfinite([1, np.inf])",
     "np.asarray_chkfinite([1.0], int)", "np.diag_indices_from(np.zeros((2, 2)))", "np.diag_indices_from(np.zeros(2))",
     "np.diag_indices_from(np.zeros((2, 3)))", "np.fabs(x)", "np.fabs([True, False])", "np.fabs(np.int16(-3))",
     "np.fabs(1j)", "np.modf(x)", "np.modf([-0.0, -3, np.inf, -np.inf, np.nan])", "np.modf(np.array([3, 1], 'int8'))",
     "np.real_if_close([1 + 1e-14j, 2])", "np.real_if_close([1 + 1e-13j, 2])",
     "np.real_if_close([1 + 1e-5j], tol=1e-4)",
     "np.real_if_close([1.0])", "np.around(x, 1)", "np.asanyarray(x)", "np.byte(3) + np.ulong(2)"],
)  # fmt: skip
def test_functions_that_were_numpys(text):
    both(text)


@pytest.mark.parametrize("turn", [lambda x: x, lambda x: x.T, lambda x: x[::-1]])
def test_placing_values(turn):
    for values in ([7, 8, 9], [5], NUMBERS.integers(0, 9, 30)):
        ours, theirs = turn(np.arange(6).reshape(2, 3)), turn(numpy.arange(6).reshape(2, 3))
        for mask in (theirs > 1, theirs > 9):
            np.place(ours, mask, values)
            numpy.place(theirs, mask, values)
            assert numpy.array_equal(ours.numpy(), theirs)
    for mask, values in (([1, 0], [1]), ([1, 0, 1], [])):
        with pytest.raises(ValueError, match="place: "):
            np.place(np.zeros(3), mask, values)


def test_functions_that_were_numpys_have_gradients():
    x = np.array([-1.5, 0.0, 2.25])
    x.requires_grad = True
    (np.fabs(x) + np.modf(x)[0] * 10).sum().backward()
    assert x.grad.tolist() == [9, 10, 11]
    y, x.grad = x * 1, None
    np.place(y, [True, False, False], [4.0])
    np.trim_zeros(y)[1:].sum().backward()
    assert x.grad.tolist() == [0, 1, 1]
    assert np.row_stack([x, x]).requires_grad


def test_results_go_to_out():
    out = np.zeros(3)
    assert np.clip(np.array([-1.0, 0.5, 3]), 0, 1, out) is out and out.tolist() == [0, 0.5, 1]
    assert np.round(np.array([1.26, 2, 3]), 1, out=out) is out and out[0] == 1.3
    assert np.array([-1.0, 0.5, 3]).clip(0, 1, out=out) is out and out[0] == 0


def test_elements_with_their_indices():
    theirs = [(place, value.item()) for place, value in numpy.ndenumerate(X.T)]
    assert [(place, value.item()) for place, value in np.ndenumerate(np.array(X.T))] == theirs
