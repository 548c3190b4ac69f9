"""Random numbers of many distributions, against distribution functions in closed form, probabilities and moments."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright.random import Generator

N = 40_000


def distance(x, cdf):
    """Kolmogorov's: the largest difference of the empirical distribution function, times the root of N."""
    x = np.sort(np.asarray(x, float))
    want = np.array([cdf(v) for v in x[:: max(1, len(x) // 2000)]])
    got = (np.arange(len(x)) + 0.5)[:: max(1, len(x) // 2000)] / len(x)
    return np.abs(want - got).max() * math.sqrt(len(x))


def normal_cdf(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def triangular_cdf(x):
    return (x + 1) ** 2 / 4 if x < 0 else 1 - (3 - x) ** 2 / 12


def wald_cdf(x, mean=1.5, scale=2.0):
    root = math.sqrt(scale / x)
    tail = math.exp(2 * scale / mean) * normal_cdf(-root * (x / mean + 1))
    return normal_cdf(root * (x / mean - 1)) + tail


CLOSED = {
    "random": ((), lambda x: x),
    "uniform": ((-1, 2), lambda x: (x + 1) / 3),
    "normal": ((1, 2), lambda x: normal_cdf((x - 1) / 2)),
    "standard_normal": ((), normal_cdf),
    "standard_exponential": ((), lambda x: -math.expm1(-x)),
    "exponential": ((3.0,), lambda x: -math.expm1(-x / 3)),
    "laplace": ((1, 2), lambda x: 0.5 * math.exp((x - 1) / 2) if x < 1 else 1 - 0.5 * math.exp((1 - x) / 2)),
    "logistic": ((1, 2), lambda x: 1 / (1 + math.exp((1 - x) / 2))),
    "gumbel": ((1, 2), lambda x: math.exp(-math.exp((1 - x) / 2))),
    "rayleigh": ((2.0,), lambda x: -math.expm1(-x * x / 8)),
    "weibull": ((1.7,), lambda x: -math.expm1(-(x**1.7))),
    "pareto": ((2.5,), lambda x: 1 - (1 + x) ** -2.5),
    "power": ((3.0,), lambda x: x**3),
    "standard_cauchy": ((), lambda x: 0.5 + math.atan(x) / math.pi),
    "lognormal": ((1, 0.5), lambda x: normal_cdf((math.log(x) - 1) / 0.5)),
    "triangular": ((-1, 0, 3), triangular_cdf),
    "wald": ((1.5, 2.0), wald_cdf),
    "vonmises": ((0.0, 0.0), lambda x: (x + math.pi) / (2 * math.pi)),
    # gamma and beta where the shapes are whole numbers or halves
    "standard_gamma": ((2.0,), lambda x: 1 - math.exp(-x) * (1 + x)),
    "gamma": ((0.5, 2.0), lambda x: math.erf(math.sqrt(x / 2))),
    "chisquare": ((4.0,), lambda x: 1 - math.exp(-x / 2) * (1 + x / 2)),
    "beta": ((0.5, 0.5), lambda x: 2 / math.pi * math.asin(math.sqrt(min(x, 1)))),
    "f": ((2.0, 6.0), lambda x: 1 - (1 + x / 3) ** -3),
    "standard_t": ((2.0,), lambda x: 0.5 + x / (2 * math.sqrt(2 + x * x))),
    # one degree of freedom: the square of a normal number of mean 1.5
    "noncentral_chisquare": ((1.0, 2.25), lambda x: normal_cdf(math.sqrt(x) - 1.5) - normal_cdf(-math.sqrt(x) - 1.5)),
}
CLOSED_TOO = [
    ("beta", (3.0, 1.0), lambda x: x**3),
    ("beta", (1.0, 4.0), lambda x: 1 - (1 - x) ** 4),
    ("gamma", (1.0, 3.0), lambda x: -math.expm1(-x / 3)),
    ("standard_gamma", (0.5,), lambda x: math.erf(math.sqrt(x))),
    ("noncentral_f", (2.0, 6.0, 0.0), lambda x: 1 - (1 + x / 3) ** -3),
    ("standard_t", (1.0,), lambda x: 0.5 + math.atan(x) / math.pi),
]


@pytest.mark.parametrize(
    ("name", "given", "cdf"), [*((name, *rest) for name, rest in CLOSED.items()), *CLOSED_TOO], ids=str
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_continuous_distributions(name, given, cdf, dtype):
    x = getattr(Generator(11), name)(*given, size=N, dtype=dtype)
    assert x.dtype.name == dtype and x.shape == (N,)
    assert distance(x.numpy(), cdf) < 1.95  # one in a thousand is above
    broadcast = [tw.asarray([float(v)] * 2) for v in given]
    if given:  # parameters that are arrays go the same way element by element
        x = getattr(Generator(12), name)(*broadcast, size=(N // 2, 2), dtype=dtype)
        assert distance(x.numpy().ravel(), cdf) < 1.95


def bessel_ratio(kappa):
    """I1 / I0, by their integrals: the mean of the cosine."""
    t = (np.arange(20_000) + 0.5) * math.pi / 20_000
    weights = np.exp(kappa * (np.cos(t) - 1))
    return (weights * np.cos(t)).sum() / weights.sum()


@pytest.mark.parametrize("kappa", [1e-8, 0.5, 4.0, 300.0, 1e5])
def test_von_mises(kappa):
    x = Generator(3).vonmises(1.0, kappa, N, "float64").numpy() - 1.0
    assert abs(np.cos(x).mean() - bessel_ratio(kappa)) < 5 * np.cos(x).std() / math.sqrt(N)
    assert abs(np.sin(x).mean()) < 5 * np.sin(x).std() / math.sqrt(N)
    turned = Generator(3).vonmises(3.0, kappa, N).numpy()
    assert -math.pi - 1e-6 <= turned.min() and turned.max() <= math.pi + 1e-6


@pytest.mark.parametrize("shape", [0.01, 0.3, 2.5, 100.0, 1e6])
def test_gamma_moments(shape):
    x = Generator(4).standard_gamma(shape, N, "float64").numpy()
    assert abs(x.mean() - shape) < 5 * math.sqrt(shape / N)
    fourth = 3 + 6 / shape  # kurtosis
    assert abs(x.var() - shape) < 6 * shape * math.sqrt((fourth - 1) / N)


def test_noncentral_f_has_its_mean():
    x = Generator(5).noncentral_f(4.0, 20.0, 3.0, N, "float64").numpy()
    assert abs(x.mean() - 20 * 7 / (4 * 18)) < 5 * x.std() / math.sqrt(N)


# ---- discrete --------------------------------------------------------------------------------------------------------


def log_choose(n, k):
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def binomial(k, n, p):
    return math.exp(log_choose(n, k) + k * math.log(p) + (n - k) * math.log1p(-p)) if 0 <= k <= n else 0.0


def hypergeometric(k, good, bad, drawn):
    if not max(0, drawn - bad) <= k <= min(good, drawn):
        return 0.0
    return math.exp(log_choose(good, k) + log_choose(bad, drawn - k) - log_choose(good + bad, drawn))


ZETA3 = 1.2020569031595942
DISCRETE = [
    *(
        ("poisson", (m,), lambda k, m: math.exp(k * math.log(m) - m - math.lgamma(k + 1)))
        for m in (0.1, 9.5, 11.0, 300)
    ),
    *(("binomial", given, binomial) for given in ((5, 0.3), (40, 0.9), (60, 0.4), (1000, 0.5), (10**6, 1e-6))),
    *(("hypergeometric", given, hypergeometric) for given in ((10, 20, 8), (100, 50, 30), (20, 3, 15), (60, 70, 120))),
    (
        "negative_binomial",
        (3.5, 0.4),
        lambda k, n, p: math.exp(math.lgamma(k + n) - math.lgamma(n) - math.lgamma(k + 1)) * p**n * (1 - p) ** k,
    ),
    *(("geometric", (p,), lambda k, p: (1 - p) ** (k - 1) * p if k > 0 else 0.0) for p in (0.7, 0.05)),
    ("zipf", (3.0,), lambda k, a: k**-a / ZETA3 if k > 0 else 0.0),
    *(("logseries", (p,), lambda k, p: -(p**k) / (k * math.log1p(-p)) if k > 0 else 0.0) for p in (0.2, 0.95)),
]


@pytest.mark.parametrize(("name", "given", "chance"), DISCRETE, ids=str)
def test_discrete_distributions(name, given, chance):
    arrays = [tw.asarray([v, v]) for v in given]
    for x in (
        getattr(Generator(21), name)(*given, size=N),
        getattr(Generator(22), name)(*arrays, size=(N // 2, 2)).ravel(),
    ):
        assert x.dtype == tw.int64 and x.shape == (N,)
        low, high = int(x.min().item()), int(x.max().item())
        counts = np.bincount(x.numpy() - low) if high - low < 10**6 else np.bincount(x.numpy()[x.numpy() < 1000] - low)
        expected = np.array([N * chance(low + i, *given) for i in range(min(len(counts), 5000))])
        often = expected > 8
        counts = counts[: len(expected)]
        seen, wanted = [*counts[often], N - counts[often].sum()], [*expected[often], N - expected[often].sum()]
        square = sum((s - w) ** 2 / max(w, 1.0) for s, w in zip(seen, wanted, strict=True))
        freedom = often.sum()
        assert square < freedom + 4 * math.sqrt(2 * freedom) + 8


def test_ends_of_parameters():
    g = Generator(6)
    assert not g.binomial(10, 0.0, 5).any() and (g.binomial(10, 1.0, 5) == 10).all() and not g.binomial(0, 0.5, 5).any()
    assert not g.poisson(0.0, 5).any() and (g.geometric(1.0, 5) == 1).all() and (g.logseries(0.0, 5) == 1).all()
    assert not g.gamma(0.0, 1.0, 5).any() and not g.exponential(0.0, 5).any() and (g.laplace(3.0, 0.0, 5) == 3).all()
    assert g.hypergeometric([5, 0, 40], [0, 5, 0], [3, 3, 40]).tolist() == [3, 0, 40]
    assert not g.negative_binomial(3, 1.0, 5).any() and (g.zipf(2000.0, 5) == 1).all()
    assert g.binomial([5, 1000], [0.0, 1.0]).tolist() == [0, 1000]
    assert (
        (g.poisson(1e15, 100) > 9e14).all() and g.poisson(2.0).shape == () and g.gamma(2.0, size=(0, 3)).shape == (0, 3)
    )


# ---- several numbers at once -----------------------------------------------------------------------------------------


def test_dirichlet():
    alpha = np.array([0.5, 2.0, 3.5])
    x = Generator(7).dirichlet(alpha, N, "float64").numpy()
    np.testing.assert_allclose(x.sum(1), 1, atol=1e-12)
    mean = alpha / alpha.sum()
    np.testing.assert_allclose(x.mean(0), mean, atol=0.01)
    np.testing.assert_allclose(x.var(0), mean * (1 - mean) / (alpha.sum() + 1), atol=0.005)
    tiny = Generator(7).dirichlet([1e-4, 1e-4], 100).numpy()
    assert np.isfinite(tiny).all() and np.allclose(tiny.sum(1), 1)
    assert Generator(7).dirichlet([1.0, 2.0]).shape == (2,)


@pytest.mark.parametrize("method", ["svd", "eigh", "cholesky"])
def test_multivariate_normal(method):
    mean, cov = [1.0, -2.0, 0.0], np.array([[2.0, 0.9, 0.0], [0.9, 1.0, -0.4], [0.0, -0.4, 0.5]])
    x = Generator(8).multivariate_normal(mean, cov, N, method=method, dtype="float64").numpy()
    np.testing.assert_allclose(x.mean(0), mean, atol=0.04)
    np.testing.assert_allclose(np.cov(x.T), cov, atol=0.06)


def test_covariances_that_are_none():
    g, wrong = Generator(8), [[1.0, 2.0], [2.0, 1.0]]
    with pytest.warns(RuntimeWarning, match="multivariate_normal: cov is not symmetric"):
        g.multivariate_normal([0.0, 0.0], wrong)
    with pytest.raises(ValueError, match="multivariate_normal: cov is not symmetric"):
        g.multivariate_normal([0.0, 0.0], wrong, check_valid="raise")
    with pytest.raises(ValueError, match="multivariate_normal: cov has no root by cholesky"):
        g.multivariate_normal([0.0, 0.0], wrong, method="cholesky")
    assert g.multivariate_normal([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], 3, check_valid="raise").shape == (3, 2)


def test_multinomial_of_arrays():
    x = Generator(9).multinomial([10, 1000], [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]], (N // 10, 2)).numpy()
    assert (x.sum(-1) == [10, 1000]).all() and x.min() >= 0
    np.testing.assert_allclose(x.mean(0), [[2, 3, 5], [100, 100, 800]], rtol=0.02)


def test_choice_by_weight():
    p = [0.1, 0.0, 0.6, 0.3]
    x = Generator(10).choice(4, N, p=p).numpy()
    np.testing.assert_allclose(np.bincount(x, minlength=4) / N, p, atol=0.01)
    picked = Generator(10).choice([[1, 2, 3], [4, 5, 6]], (2, 2), p=[0.0, 0.0, 1.0], axis=1)
    assert picked.tolist() == [[[3, 3], [3, 3]], [[6, 6], [6, 6]]]
    assert sorted(Generator(10).choice(4, 3, replace=False, p=p).tolist()) == [0, 2, 3]
    for message, given in {
        r"choice: p has shape \(2,\), but must be \(4,\)": {"p": [0.5, 0.5]},
        "choice: p sums to 0.5, but must sum to 1": {"p": [0.5, 0, 0, 0]},
        r"choice: p has an entry that is not in \[0, 1\]": {"p": [1.5, -0.5, 0, 0]},
        "cannot draw 4 without replacement, p has 3 entries above 0": {"p": p, "size": 4, "replace": False},
    }.items():
        with pytest.raises(ValueError, match=message):
            Generator(10).choice(4, **given)


def test_orders_along_axes():
    x = tw.reshape(tw.arange(3000), (3, 1000))
    rows = Generator(1).permuted(x, axis=1).numpy()
    assert (np.sort(rows, 1) == x.numpy()).all() and (rows[0] != rows[1] - 1000).any()
    assert (np.sort(Generator(1).permuted(x).numpy().ravel()) == np.arange(3000)).all()
    columns = Generator(1).permutation(x, axis=1).numpy()
    assert (columns[1] - columns[0] == 1000).all() and (columns[0] != np.arange(1000)).any()
    for array in (tw.arange(10), np.arange(10), list(range(10))):
        Generator(2).shuffle(array)
        assert sorted(map(int, array)) == list(range(10)) and list(map(int, array)) != list(range(10))
    Generator(2).shuffle(x, axis=1)
    assert (x.numpy()[1] - x.numpy()[0] == 1000).all()
    with pytest.raises(TypeError, match="shuffle: x is 3, but must be an array"):
        Generator(2).shuffle(3)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "uint32", "int64", "uint64"])
def test_integers_of_every_dtype(dtype):
    least, most = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    x = Generator(3).integers(least, most, 2000, dtype, endpoint=True)
    assert x.dtype.name == dtype
    assert abs(x.numpy().astype(float).mean() - (least + most) / 2) < 0.05 * (most - least)
    with pytest.raises(ValueError, match=f"integers: no {dtype} lies between"):
        Generator(3).integers(least, most + 1, 3, dtype, endpoint=True)


def test_integers_between_arrays():
    x = Generator(4).integers([0, -5, 2**40], [3, 5, 2**62], (N, 3)).numpy()
    assert (np.bincount(x[:, 0]) > N / 3.2).all() and (np.bincount(x[:, 1] + 5) > N / 11).all()
    assert x[:, 2].min() >= 2**40 and abs(x[:, 2].mean() / 2**61 - 1) < 0.02
    for low, high in (([0, 3], [3, 3]), ([-(2**63)], [2**62])):
        with pytest.raises(ValueError, match=r"integers: (between an entry|an entry of high)"):
            Generator(4).integers(low, high)
    with pytest.raises(TypeError, match="integers: low has dtype float32"):
        Generator(4).integers([0.5], [3])


# ---- streams and arguments -------------------------------------------------------------------------------------------


def test_any_number_of_threads_gives_the_same_bits():
    before, drawn = tw.get_num_threads(), []
    try:
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            g = Generator(5)
            made = [getattr(g, name)(*given, size=30_001).numpy() for name, (given, _) in CLOSED.items()]
            made += [getattr(g, name)(*given, size=30_001).numpy() for name, given, _ in DISCRETE]
            drawn.append((b"".join(x.tobytes() for x in made), g.state))
    finally:
        tw.set_num_threads(before)
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "exponential: scale is -1.0, but must be at least 0", lambda g: g.exponential(-1)),
        (ValueError, "exponential: scale is nan, but must be at least 0", lambda g: g.exponential(math.nan)),
        (ValueError, "gamma: shape has an entry that is not at least 0", lambda g: g.gamma([1.0, -1.0])),
        (ValueError, "poisson: lam is .*, but must be at most", lambda g: g.poisson(1e30)),
        (ValueError, r"binomial: p is 1.5, but must be in \[0, 1\]", lambda g: g.binomial(3, 1.5)),
        (TypeError, "binomial: n is 2.5, but must be an integer", lambda g: g.binomial(2.5, 0.5)),
        (TypeError, "binomial: n has dtype float32, but must be integers", lambda g: g.binomial([2.5], 0.5)),
        (ValueError, r"geometric: p is 0.0, but must be in \(0, 1\]", lambda g: g.geometric(0)),
        (ValueError, "hypergeometric: nsample must not exceed", lambda g: g.hypergeometric(2, 3, 6)),
        (ValueError, "zipf: a is 1.0, but must be above 1", lambda g: g.zipf(1)),
        (ValueError, r"logseries: p is 1.0, but must be in \[0, 1\)", lambda g: g.logseries(1)),
        (ValueError, "triangular: left <= mode <= right", lambda g: g.triangular(0, 2, 1)),
        (ValueError, r"normal: size is \(3,\), but the parameters have shape \(2,\)", lambda g: g.normal([0, 1], 1, 3)),
        (ValueError, r"beta: shapes \(2,\) and \(3,\) do not broadcast", lambda g: g.beta([1, 2], [1, 2, 3])),
        (ValueError, "dirichlet: alpha has shape", lambda g: g.dirichlet([[1.0]])),
        (TypeError, "weibull: dtype is int64, but must be floating", lambda g: g.weibull(1, 2, "int64")),
        (TypeError, "wald: mean is a tensor that requires grad", lambda g: g.wald(tw.ones(2).requires_grad_(), 1)),
        (TypeError, "chisquare: df has dtype complex64, but must be real", lambda g: g.chisquare([1j])),
    ],
)
def test_refusals(error, message, call):
    g = Generator(0)
    with pytest.raises(error, match=message):
        call(g)
    assert g.state["position"] == 0


def test_numpys_older_functions():
    random = tw.numpy.random
    random.seed(3)
    first = [random.rand(2, 3), random.randn(4), random.randint(1, 7, 5), random.random_sample(3), random.beta(1, 2, 3)]
    random.seed(3)
    again = [random.rand(2, 3), random.randn(4), random.randint(1, 7, 5), random.random_sample(3), random.beta(1, 2, 3)]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert [x.shape for x in first] == [(2, 3), (4,), (5,), (3,), (3,)]
    assert all(type(x) is tw.numpy.ndarray for x in first) and first[0].dtype == first[4].dtype == tw.float64
    assert random.rand().shape == () and random.RandomState(4).randint(10, size=3, dtype="uint8").dtype == tw.uint8
    state = random.RandomState(4)
    assert type(pickle.loads(pickle.dumps(state))) is random.RandomState
    for name in random.__all__:
        assert hasattr(np.random, name), name
    for name in dir(random.Generator):
        assert name.startswith("_") or hasattr(np.random.Generator, name) or name in ("seed", "state", "bernoulli")
