"""Continuous distributions whose numbers are functions of uniform, exponential or normal ones."""

from __future__ import annotations

import math

from .._engine.dtypes import as_floating
from .._engine.tensor import Tensor
from .._functions import arithmetic as ar, exponential as ex, extrema, indexing as ix, rounding, trigonometric as tr
from ._parameters import ANY, NOT_NEGATIVE, POSITIVE, Draws, at, merged, parameter, shaped, split, together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None


class Inverted(Draws):
    """Methods of `Generator`."""

    __slots__ = ()

    def standard_exponential(self, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Exponentially distributed numbers of mean 1.

        Parameters
        ----------
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is `exp(-x)` for `x >= 0`; numbers are `-log(1 - u)`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).standard_exponential(size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("standard_exponential", dtype)
        shape, count, _ = together("standard_exponential", size)
        return shaped(self._exponentials(count), shape, kind)

    def exponential(self, scale: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Exponentially distributed numbers.

        Parameters
        ----------
        scale : float or array-like
            Mean, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is `exp(-x / scale) / scale` for `x >= 0`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).exponential(1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("exponential", dtype)
        scale = parameter("exponential", "scale", scale, NOT_NEGATIVE)
        shape, count, (scale,) = together("exponential", size, scale)
        return shaped(self._exponentials(count) * scale, shape, kind)

    def laplace(self, loc: Any = 0.0, scale: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the double exponential distribution.

        Parameters
        ----------
        loc : float or array-like
            Where the density is largest.
        scale : float or array-like
            Width, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is `exp(-|x - loc| / scale) / (2 scale)`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).laplace(0.0, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("laplace", dtype)
        loc = parameter("laplace", "loc", loc, ANY)
        scale = parameter("laplace", "scale", scale, NOT_NEGATIVE)
        shape, count, (loc, scale) = together("laplace", size, loc, scale)
        u = self._open(count)
        return shaped(loc + scale * ix.where(u < 0.5, ex.log(u * 2), -ex.log(2 - u * 2)), shape, kind)

    def logistic(self, loc: Any = 0.0, scale: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the logistic distribution.

        Parameters
        ----------
        loc : float or array-like
            Where the density is largest.
        scale : float or array-like
            Width, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The distribution function is `1 / (1 + exp(-(x - loc) / scale))`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).logistic(0.0, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("logistic", dtype)
        loc = parameter("logistic", "loc", loc, ANY)
        scale = parameter("logistic", "scale", scale, NOT_NEGATIVE)
        shape, count, (loc, scale) = together("logistic", size, loc, scale)
        u = self._open(count)
        return shaped(loc + scale * (ex.log(u) - ex.log1p(-u)), shape, kind)

    def gumbel(self, loc: Any = 0.0, scale: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the Gumbel distribution, of the largest of many.

        Parameters
        ----------
        loc : float or array-like
            Where the density is largest.
        scale : float or array-like
            Width, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The distribution function is `exp(-exp(-(x - loc) / scale))`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).gumbel(0.0, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("gumbel", dtype)
        loc = parameter("gumbel", "loc", loc, ANY)
        scale = parameter("gumbel", "scale", scale, NOT_NEGATIVE)
        shape, count, (loc, scale) = together("gumbel", size, loc, scale)
        return shaped(loc - scale * ex.log(-ex.log(self._open(count))), shape, kind)

    def rayleigh(self, scale: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Lengths of vectors of two normally distributed numbers.

        Parameters
        ----------
        scale : float or array-like
            Where the density is largest, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The distribution function is `1 - exp(-x**2 / (2 scale**2))`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).rayleigh(1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("rayleigh", dtype)
        scale = parameter("rayleigh", "scale", scale, NOT_NEGATIVE)
        shape, count, (scale,) = together("rayleigh", size, scale)
        return shaped(scale * ar.sqrt(self._exponentials(count) * 2), shape, kind)

    def weibull(self, a: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the Weibull distribution of scale 1.

        Parameters
        ----------
        a : float or array-like
            Shape, above 0.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The distribution function is `1 - exp(-x**a)`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).weibull(2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("weibull", dtype)
        a = parameter("weibull", "a", a, POSITIVE)
        shape, count, (a,) = together("weibull", size, a)
        return shaped(self._exponentials(count) ** (1 / a), shape, kind)

    def pareto(self, a: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the Pareto distribution of the second kind, from 0 on.

        Parameters
        ----------
        a : float or array-like
            Shape, above 0.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The distribution function is `1 - (1 + x)**-a`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).pareto(2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("pareto", dtype)
        a = parameter("pareto", "a", a, POSITIVE)
        shape, count, (a,) = together("pareto", size, a)
        return shaped(ex.expm1(self._exponentials(count) / a), shape, kind)

    def power(self, a: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers in [0, 1] whose density is a power.

        Parameters
        ----------
        a : float or array-like
            Exponent, above 0.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is `a * x**(a - 1)`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).power(2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("power", dtype)
        a = parameter("power", "a", a, POSITIVE)
        shape, count, (a,) = together("power", size, a)
        return shaped((-ex.expm1(-self._exponentials(count))) ** (1 / a), shape, kind)

    def standard_cauchy(self, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the Cauchy distribution.

        Parameters
        ----------
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is `1 / (pi (1 + x**2))`; numbers are quotients of two normal ones.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).standard_cauchy(size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("standard_cauchy", dtype)
        shape, count, _ = together("standard_cauchy", size)
        return shaped(self._normals(count) / self._normals(count), shape, kind)

    def lognormal(self, mean: Any = 0.0, sigma: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers whose logarithm is normally distributed.

        Parameters
        ----------
        mean : float or array-like
            Mean of the logarithm.
        sigma : float or array-like
            Standard deviation of the logarithm, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        `exp(mean + sigma z)` of normal z.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).lognormal(0.0, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("lognormal", dtype)
        mean = parameter("lognormal", "mean", mean, ANY)
        sigma = parameter("lognormal", "sigma", sigma, NOT_NEGATIVE)
        shape, count, (mean, sigma) = together("lognormal", size, mean, sigma)
        return shaped(ex.exp(mean + sigma * self._normals(count)), shape, kind)

    def triangular(self, left: Any, mode: Any, right: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers whose density is a triangle.

        Parameters
        ----------
        left : float or array-like
            Where the density begins.
        mode : float or array-like
            Where it is largest.
        right : float or array-like
            Where it ends.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For ends that are out of order, that are NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density grows linearly from `left` to `mode`, and falls from there to `right`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).triangular(-1.0, 0.0, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("triangular", dtype)
        left = parameter("triangular", "left", left, ANY)
        mode = parameter("triangular", "mode", mode, ANY)
        right = parameter("triangular", "right", right, ANY)
        shape, count, (left, mode, right) = together("triangular", size, left, mode, right)
        if not _in_order(left, mode) or not _in_order(mode, right) or _meet(left, right):
            raise ValueError("triangular: left <= mode <= right must hold, and left < right")
        u, width, below = self._fractions(count), right - left, mode - left
        rising = left + ar.sqrt(u * width * below)
        falling = right - ar.sqrt((1 - u) * width * (right - mode))
        return shaped(ix.where(u * width <= below, rising, falling), shape, kind)

    def wald(self, mean: Any, scale: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the inverse Gaussian distribution.

        Parameters
        ----------
        mean : float or array-like
            Above 0.
        scale : float or array-like
            Above 0.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is `sqrt(scale / (2 pi x**3)) exp(-scale (x - mean)**2 / (2 mean**2 x))`. The smaller root of
        a quadratic equation in a chi-square number is taken with its probability, else the larger one.

        References
        ----------
        J. Michael, W. Schucany, R. Haas, Generating Random Variates Using Transformations with Multiple Roots, The
        American Statistician 30, 1976.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).wald(2.0, 2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("wald", dtype)
        mean = parameter("wald", "mean", mean, POSITIVE)
        scale = parameter("wald", "scale", scale, POSITIVE)
        shape, count, (mean, scale) = together("wald", size, mean, scale)
        y = mean * self._normals(count) ** 2
        larger = mean + mean / (2 * scale) * (y + ar.sqrt(y * (4 * scale + y)))
        root = mean * mean / larger  # of the two the one below the mean
        return shaped(ix.where(self._fractions(count) * (mean + root) <= mean, root, mean * mean / root), shape, kind)

    def vonmises(self, mu: Any, kappa: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Angles in [-pi, pi) around a direction.

        Parameters
        ----------
        mu : float or array-like
            Direction of the mode, in radians.
        kappa : float or array-like
            Concentration, not negative.
        size : int or sequence of int, optional
            Shape; by default that of the parameters together, or a single number.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a parameter that is out of its range or NaN, or shapes that do not broadcast to `size`.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        The density is proportional to `exp(kappa cos(x - mu))`. A wrapped Cauchy distribution is the
        envelope of a rejection.

        References
        ----------
        D. Best, N. Fisher, Efficient Simulation of the von Mises Distribution, Applied Statistics 28, 1979.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).vonmises(0.0, 2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("vonmises", dtype)
        mu, kappa = parameter("vonmises", "mu", mu, ANY), parameter("vonmises", "kappa", kappa, NOT_NEGATIVE)
        shape, count, (mu, kappa) = together("vonmises", size, mu, kappa)
        flat, peaked = split(kappa < 1e-6, count)  # uniform, to the precision of float64
        turned = merged(
            count,
            (flat, lambda n: (self._fractions(n) * 2 - 1) * math.pi),
            (peaked, lambda n: self._accepted(n, self._angle, at(kappa, peaked))),
        )
        angles = turned + mu
        return shaped(
            angles - ar.multiply(2 * math.pi, rounding.floor((angles + math.pi) / (2 * math.pi))), shape, kind
        )

    def _angle(self, count: int, kappa: Any) -> tuple[Tensor, Tensor]:
        r = 1 + ar.sqrt(1 + 4 * kappa * kappa) if isinstance(kappa, Tensor) else 1 + math.sqrt(1 + 4 * kappa * kappa)
        root = (2 * r) ** 0.5
        # (r - root) / (2 kappa) without cancellation; s = (1 + rho^2) / (2 rho)
        rho = 2 * kappa / (r + root)
        s = (1 + rho * rho) / (2 * rho)
        z = tr.cos(self._fractions(count) * math.pi)
        # 1 - f and s - f keep their digits where kappa is large and f is close to 1
        f = (1 + s * z) / (s + z)
        c = kappa * (s - f)
        v = self._open(count)
        taken = ex.log(c / v) + 1 - c >= 0
        gap = (s - 1) * (1 - z) / (s + z)  # 1 - f
        angle = 2 * tr.arctan2(ar.sqrt(extrema.maximum(gap, 0.0)), ar.sqrt(2 - gap))
        return ix.where(self._fractions(count) < 0.5, angle, -angle), taken


def _in_order(a: Any, b: Any) -> bool:
    ordered = a <= b
    return bool(ordered.all()) if isinstance(ordered, Tensor) else ordered


def _meet(a: Any, b: Any) -> bool:
    equal = a == b
    return bool(equal.any()) if isinstance(equal, Tensor) else equal
