"""Discrete distributions."""

from __future__ import annotations

import math

from .._engine.dtypes import int64
from .._engine.tensor import Tensor
from .._functions import arithmetic as ar, exponential as ex, extrema, indexing as ix, rounding
from ._inverted import Inverted
from ._parameters import (
    ABOVE_ONE,
    BELOW_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    POSITIVE_PROBABILITY,
    PROBABILITY,
    at,
    log_factorial,
    merged,
    parameter,
    shaped,
    split,
    together,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None

_MOST = 2.0**62  # of a count
_FEW = 10.0  # means below this are found by going up from 0
_STEPS = 120  # of that: more are taken less than once in 10**80 numbers
_DRAWN = 10  # of a hypergeometric number so many are drawn one by one


class Counts(Inverted):
    """Methods of `Generator`."""

    __slots__ = ()

    def poisson(self, lam: Any = 1.0, size: Size = None) -> Tensor:
        """How often something happens that happens independently at a fixed rate.

        Parameters
        ----------
        lam : float or array-like
            Mean, from 0 to 2**62.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        The probability of k is `lam**k exp(-lam) / k!`. By inversion for means below 10, else by
        transformed rejection.

        References
        ----------
        W. Hormann, The Transformed Rejection Method for Generating Poisson Random Variables, Insurance: Mathematics
        and Economics 12, 1993.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).poisson(4.0, size=(2, 3)).shape
        (2, 3)
        """
        lam = parameter("poisson", "lam", lam, NOT_NEGATIVE)
        parameter("poisson", "lam", lam, _COUNTABLE)
        shape, count, (lam,) = together("poisson", size, lam)
        return shaped(self._poissons(count, lam), shape, int64)

    def binomial(self, n: Any, p: Any, size: Size = None) -> Tensor:
        """How many of independent trials succeed.

        Parameters
        ----------
        n : int or array-like
            Trials, from 0 to 2**53.
        p : float or array-like
            Probability of success.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        The probability of k is `n! / (k! (n - k)!) p**k (1 - p)**(n - k)`. By inversion where the mean, or that of
        failures, is below 10, else by transformed rejection.

        References
        ----------
        W. Hormann, The Generation of Binomial Random Variates, Journal of Statistical Computation and Simulation
        46, 1993.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).binomial(10, 0.25, size=(2, 3)).shape
        (2, 3)
        """
        n = parameter("binomial", "n", n, _EXACT, whole=True)
        p = parameter("binomial", "p", p, PROBABILITY)
        shape, count, (n, p) = together("binomial", size, n, p)
        return shaped(self._binomials(count, n, p), shape, int64)

    def negative_binomial(self, n: Any, p: Any, size: Size = None) -> Tensor:
        """How many trials fail before so many succeed.

        Parameters
        ----------
        n : float or array-like
            Successes that are waited for, above 0; need not be whole.
        p : float or array-like
            Probability of success, above 0.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        A Poisson number whose mean is a gamma number of shape n, times `(1 - p) / p`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).negative_binomial(10, 0.25, size=(2, 3)).shape
        (2, 3)
        """
        n = parameter("negative_binomial", "n", n, POSITIVE)
        p = parameter("negative_binomial", "p", p, POSITIVE_PROBABILITY)
        shape, count, (n, p) = together("negative_binomial", size, n, p)
        means = extrema.minimum(self._gammas(count, n) * ((1 - p) / p), _MOST)
        return shaped(self._poissons(count, means), shape, int64)

    def geometric(self, p: Any, size: Size = None) -> Tensor:
        """How many trials it takes until one succeeds.

        Parameters
        ----------
        p : float or array-like
            Probability of success, above 0.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        The probability of k is `(1 - p)**(k - 1) p`, for k from 1 on; at most 2**62.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).geometric(0.25, size=(2, 3)).shape
        (2, 3)
        """
        p = parameter("geometric", "p", p, POSITIVE_PROBABILITY)
        shape, count, (p,) = together("geometric", size, p)
        fails = ex.log1p(-p) if isinstance(p, Tensor) else math.log1p(-p) if p < 1 else -math.inf
        trials = rounding.ceil(self._exponentials(count) / -fails)
        return shaped(extrema.minimum(extrema.maximum(trials, 1.0), _MOST), shape, int64)

    def hypergeometric(self, ngood: Any, nbad: Any, nsample: Any, size: Size = None) -> Tensor:
        """How many good ones there are among those drawn without replacement.

        Parameters
        ----------
        ngood : int or array-like
            Good ones, from 0 to 2**53.
        nbad : int or array-like
            Bad ones, from 0 to 2**53.
        nsample : int or array-like
            How many are drawn, at most all.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        Drawn one by one where they are at most 10, else by a ratio of uniforms.

        References
        ----------
        E. Stadlober, The Ratio of Uniforms Approach for Generating Discrete Random Variates, Journal of Computational
        and Applied Mathematics 31, 1990.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).hypergeometric(5, 6, 4, size=(2, 3)).shape
        (2, 3)
        """
        ngood = parameter("hypergeometric", "ngood", ngood, _EXACT, whole=True)
        nbad = parameter("hypergeometric", "nbad", nbad, _EXACT, whole=True)
        nsample = parameter("hypergeometric", "nsample", nsample, _EXACT, whole=True)
        shape, count, (ngood, nbad, nsample) = together("hypergeometric", size, ngood, nbad, nsample)
        excess = nsample - ngood - nbad > 0
        if excess.any() if isinstance(excess, Tensor) else excess:
            raise ValueError("hypergeometric: nsample must not exceed ngood + nbad")
        return shaped(self._hypergeometrics(count, ngood, nbad, nsample), shape, int64)

    def zipf(self, a: Any, size: Size = None) -> Tensor:
        """Ranks whose frequency is a power of them.

        Parameters
        ----------
        a : float or array-like
            Exponent, above 1.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        The probability of k is proportional to `k**-a`, for k from 1 to 2**62.

        References
        ----------
        L. Devroye, Non-Uniform Random Variate Generation, Springer, 1986, section X.6.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).zipf(2.0, size=(2, 3)).shape
        (2, 3)
        """
        a = parameter("zipf", "a", a, ABOVE_ONE)
        shape, count, (a,) = together("zipf", size, a)
        a = extrema.minimum(a, 1000.0) if isinstance(a, Tensor) else min(a, 1000.0)  # 2**-1000 is nothing
        return shaped(self._accepted(count, self._rank, a), shape, int64)

    def _rank(self, count: int, a: Any) -> tuple[Tensor, Tensor]:
        b, u = 2 ** (a - 1), self._open(count)
        x = rounding.floor(ex.exp(ex.log(u) / (1 - a)))
        t = ex.exp(ex.log1p(1 / x) * (a - 1))
        return x, (self._fractions(count) * x * (t - 1) / (b - 1) <= t / b) & (x <= _MOST)

    def logseries(self, p: Any, size: Size = None) -> Tensor:
        """Numbers of the logarithmic series distribution.

        Parameters
        ----------
        p : float or array-like
            From 0 to below 1.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number.

        Notes
        -----
        The probability of k is `-p**k / (k log(1 - p))`, for k from 1 on.

        References
        ----------
        A. Kemp, Efficient Generation of Logarithmically Distributed Pseudo-Random Variables, Applied Statistics 30,
        1981.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).logseries(0.25, size=(2, 3)).shape
        (2, 3)
        """
        p = parameter("logseries", "p", p, BELOW_ONE)
        shape, count, (p,) = together("logseries", size, p)
        u, v = self._fractions(count), self._open(count)
        r = ex.log1p(-p) if isinstance(p, Tensor) else math.log1p(-p)
        q = -ex.expm1(u * r)
        far = rounding.floor(1 + ex.log(v) / ex.log(extrema.maximum(q, 1e-300)))
        k = ix.where(v <= q * q, far, ix.where(v <= q, 2.0, 1.0))
        return shaped(extrema.minimum(ix.where(v >= p, 1.0, k), _MOST), shape, int64)

    # ---- gammas, which negative binomials need, Poisson and binomial numbers: float64, flat --------------------------

    def _gammas(self, count: int, shape: Any) -> Tensor:
        """Numbers of the gamma distribution; a shape of 0 gives 0."""
        if not isinstance(shape, Tensor) and shape >= 1:
            return self._accepted(count, self._gamma, shape)
        return ex.exp(self._log_gammas(count, shape))

    def _log_gammas(self, count: int, shape: Any) -> Tensor:
        """Their logarithms: below 1, of a number of shape + 1, times a uniform one to the power of 1 / shape."""
        small = shape < 1
        if not isinstance(shape, Tensor):
            logs = ex.log(self._accepted(count, self._gamma, shape + 1 if small else shape))
            return logs + ex.log(self._open(count)) / max(shape, 1e-300) if small else logs
        logs = ex.log(self._accepted(count, self._gamma, ix.where(small, shape + 1, shape)))
        lifts = ex.log(self._open(count)) / extrema.maximum(shape, 1e-300)
        return ix.where(small, logs + lifts, logs)

    def _gamma(self, count: int, shape: Any) -> tuple[Tensor, Tensor]:
        """By Marsaglia and Tsang, of a shape of at least 1."""
        d = shape - 1 / 3
        z = self._normals(count)
        v = (1 + z / (9 * d) ** 0.5) ** 3
        v_ = extrema.maximum(v, 1e-300)
        taken = (v > 0) & (ex.log(self._open(count)) < z * z * 0.5 + d * (1 - v_ + ex.log(v_)))
        return d * v_, taken

    def _poissons(self, count: int, mean: Any) -> Tensor:
        few, many = split(mean < _FEW, count)
        return merged(
            count,
            (few, lambda n: self._poisson_from_0(n, at(mean, few))),
            (many, lambda n: self._accepted(n, self._poisson, at(mean, many))),
        )

    def _poisson_from_0(self, count: int, mean: Any) -> Tensor:
        u = self._fractions(count)
        chance = ex.exp(-mean + 0 * u)
        return _going_up(u, chance, lambda k: mean / (k + 1))

    def _poisson(self, count: int, mean: Any) -> tuple[Tensor, Tensor]:
        """By Hormann's PTRS, of a mean of at least 10."""
        root = mean**0.5
        b = 0.931 + 2.53 * root
        a = -0.059 + 0.02483 * b
        u, v = self._fractions(count) - 0.5, self._open(count)
        us = 0.5 - abs(u)
        k = rounding.floor((2 * a / extrema.maximum(us, 1e-300) + b) * u + mean + 0.43)
        possible = (k >= 0) & ((us >= 0.013) | (v <= us))
        k = extrema.minimum(extrema.maximum(k, 0.0), _MOST)
        log_mean = ex.log(mean) if isinstance(mean, Tensor) else math.log(mean)
        left = ex.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b))
        return k, possible & (left <= k * log_mean - mean - log_factorial(k))

    def _binomials(self, count: int, n: Any, p: Any) -> Tensor:
        flipped = p > 0.5
        r = ix.where(flipped, 1 - p, p) if isinstance(p, Tensor) else min(p, 1 - p)
        few, many = split(n * r < _FEW, count)
        k = merged(
            count,
            (few, lambda m: self._binomial_from_0(m, at(n, few), at(r, few))),
            (many, lambda m: self._accepted(m, self._binomial, at(n, many), at(r, many))),
        )
        return ix.where(flipped, n - k, k) if isinstance(flipped, Tensor) else n - k if flipped else k

    def _binomial_from_0(self, count: int, n: Any, p: Any) -> Tensor:
        u = self._fractions(count)
        chance = ex.exp(n * ex.log1p(-p + 0 * u))
        odds = p / (1 - p)
        return _going_up(u, chance, lambda k: (n - k) / (k + 1) * odds)

    def _binomial(self, count: int, n: Any, p: Any) -> tuple[Tensor, Tensor]:
        """By Hormann's BTRS, of a p of at most a half and a mean of at least 10."""
        root = (n * p * (1 - p)) ** 0.5
        b = 1.15 + 2.53 * root
        a = -0.0873 + 0.0248 * b + 0.01 * p
        alpha = (2.83 + 5.1 / b) * root
        u, v = self._fractions(count) - 0.5, self._open(count)
        us = 0.5 - abs(u)
        k = rounding.floor((2 * a / extrema.maximum(us, 1e-300) + b) * u + n * p + 0.5)
        possible = (k >= 0) & (k <= n)
        k = extrema.minimum(extrema.maximum(k, 0.0), n)
        odds = p / (1 - p)
        log_odds = ex.log(odds) if isinstance(p, Tensor) else math.log(odds)
        mode = rounding.floor((n + 1) * p) if isinstance(p, Tensor) else float(math.floor((n + 1) * p))
        if isinstance(n, Tensor) and not isinstance(mode, Tensor):
            mode = rounding.floor((n + 1) * p)
        height = _log_factorials(mode) + _log_factorials(n - mode) - log_factorial(k) - log_factorial(n - k)
        left = ex.log(v * alpha / (a / extrema.maximum(us * us, 1e-300) + b))
        return k, possible & (left <= height + (k - mode) * log_odds)

    def _hypergeometrics(self, count: int, good: Any, bad: Any, drawn: Any) -> Tensor:
        few, many = split(drawn <= _DRAWN, count)
        return merged(
            count,
            (few, lambda n: self._drawn_one_by_one(n, at(good, few), at(bad, few), at(drawn, few))),
            (many, lambda n: self._drawn_at_once(n, at(good, many), at(bad, many), at(drawn, many))),
        )

    def _drawn_one_by_one(self, count: int, good: Any, bad: Any, drawn: Any) -> Tensor:
        left = good + 0 * self._fractions(count)
        total = good + bad
        for i in range(_DRAWN):
            found = self._fractions(count) * (total - i) < left
            taken = found & (drawn + 0 * left > i)
            left = ix.where(taken, left - 1, left)
        return good - left

    def _drawn_at_once(self, count: int, good: Any, bad: Any, drawn: Any) -> Tensor:
        """The rarer kind among the fewer, those drawn or those left; turned back at the end."""
        zero = 0 * self._fractions(count)
        good, bad, drawn = good + zero, bad + zero, drawn + zero
        rare, fewer = extrema.minimum(good, bad), extrema.minimum(drawn, good + bad - drawn)
        k = self._accepted(count, self._rare_among, rare, extrema.maximum(good, bad), fewer)
        k = ix.where(good > bad, fewer - k, k)
        return ix.where(fewer < drawn, good - k, k)

    def _rare_among(self, count: int, rare: Any, other: Any, drawn: Any) -> tuple[Tensor, Tensor]:
        total = rare + other
        share = rare / total
        middle = drawn * share + 0.5
        spread = ar.sqrt((total - drawn) * drawn * share * (1 - share) / (total - 1) + 0.5)
        width = 1.7155277699214135 * spread + 0.8989161620588988  # 2 sqrt(2 / e), 3 - 2 sqrt(3 / e)
        mode = rounding.floor((drawn + 1) * (rare + 1) / (total + 2))
        x, y = self._open(count), self._fractions(count)
        k = rounding.floor(middle + width * (y - 0.5) / x)
        possible = (k >= 0) & (k <= rare) & (k <= drawn)
        k = extrema.minimum(extrema.maximum(k, 0.0), extrema.minimum(rare, drawn))
        height = _ways(rare, other, drawn, mode) - _ways(rare, other, drawn, k)
        return k, possible & (2 * ex.log(x) <= height)


_COUNTABLE = (lambda v: v <= _MOST, "at most 2**62")
_EXACT = (lambda v: (v >= 0) & (v <= 2.0**53), "from 0 to 2**53")


def _log_factorials(k: Any) -> Any:
    return log_factorial(k) if isinstance(k, Tensor) else math.lgamma(k + 1)


def _ways(rare: Any, other: Any, drawn: Any, k: Any) -> Tensor:
    """The logarithm of what the probability of k is divided by."""
    first = log_factorial(k) + log_factorial(rare - k)
    return first + log_factorial(drawn - k) + log_factorial(other - drawn + k)


def _going_up(u: Tensor, chance: Tensor, ratio: Any) -> Tensor:
    """The least k whose cumulative probability exceeds u; `ratio(k)` is the probability of k + 1 by that of k."""
    k, below = 0 * u, chance
    for step in range(_STEPS):
        more = u >= below
        if not more.any():
            break
        k = ix.where(more, step + 1.0, k)
        chance = chance * ratio(float(step))
        below = below + chance
        if not (chance > 0).any():
            break
    return k
