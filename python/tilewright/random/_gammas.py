"""The gamma distribution, and those that are made from it."""

from __future__ import annotations

from .._engine.dtypes import as_floating
from .._engine.tensor import Tensor
from .._functions import arithmetic as ar, exponential as ex, manipulation as mp, reductions as red
from ._counts import Counts
from ._parameters import NOT_NEGATIVE, POSITIVE, parameter, shaped, together
from ._stream import _shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None


class Gammas(Counts):
    """Methods of `Generator`."""

    __slots__ = ()

    def standard_gamma(self, shape: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the gamma distribution of scale 1.

        Parameters
        ----------
        shape : float or array-like
            Not negative.
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
        The density is proportional to `x**(shape - 1) exp(-x)`.

        References
        ----------
        G. Marsaglia, W. Tsang, A Simple Method for Generating Gamma Variables, ACM Transactions on Mathematical
        Software 26, 2000.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).standard_gamma(2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("standard_gamma", dtype)
        shape = parameter("standard_gamma", "shape", shape, NOT_NEGATIVE)
        dims, count, (shape,) = together("standard_gamma", size, shape)
        return shaped(self._gammas(count, shape), dims, kind)

    def gamma(self, shape: Any, scale: Any = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the gamma distribution.

        Parameters
        ----------
        shape : float or array-like
            Not negative.
        scale : float or array-like
            Not negative.
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
        The density is proportional to `x**(shape - 1) exp(-x / scale)`; the mean is `shape * scale`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).gamma(2.0, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("gamma", dtype)
        shape, scale = (
            parameter("gamma", "shape", shape, NOT_NEGATIVE),
            parameter("gamma", "scale", scale, NOT_NEGATIVE),
        )
        dims, count, (shape, scale) = together("gamma", size, shape, scale)
        return shaped(self._gammas(count, shape) * scale, dims, kind)

    def beta(self, a: Any, b: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the beta distribution, in [0, 1].

        Parameters
        ----------
        a : float or array-like
            Above 0.
        b : float or array-like
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
        The density is proportional to `x**(a - 1) (1 - x)**(b - 1)`. Made from two gamma numbers, by their
        logarithms, which do not underflow.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).beta(2.0, 2.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("beta", dtype)
        a = parameter("beta", "a", a, POSITIVE)
        b = parameter("beta", "b", b, POSITIVE)
        shape, count, (a, b) = together("beta", size, a, b)
        return shaped(1 / (1 + ex.exp(self._log_gammas(count, b) - self._log_gammas(count, a))), shape, kind)

    def chisquare(self, df: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Sums of squares of normal numbers.

        Parameters
        ----------
        df : float or array-like
            Degrees of freedom, above 0.
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
        Twice a gamma number of shape `df / 2`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).chisquare(3, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("chisquare", dtype)
        df = parameter("chisquare", "df", df, POSITIVE)
        shape, count, (df,) = together("chisquare", size, df)
        return shaped(self._gammas(count, df / 2) * 2, shape, kind)

    def f(self, dfnum: Any, dfden: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the F distribution.

        Parameters
        ----------
        dfnum : float or array-like
            Degrees of freedom of the numerator, above 0.
        dfden : float or array-like
            Those of the denominator, above 0.
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
        The quotient of two chi-square numbers, each by its degrees of freedom.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).f(3, 6, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("f", dtype)
        dfnum = parameter("f", "dfnum", dfnum, POSITIVE)
        dfden = parameter("f", "dfden", dfden, POSITIVE)
        shape, count, (dfnum, dfden) = together("f", size, dfnum, dfden)
        numerator = self._gammas(count, dfnum / 2)
        return shaped(numerator / dfnum * dfden / self._gammas(count, dfden / 2), shape, kind)

    def standard_t(self, df: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of Student's t distribution.

        Parameters
        ----------
        df : float or array-like
            Degrees of freedom, above 0.
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
        A normal number by the root of a chi-square number over `df`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).standard_t(3, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("standard_t", dtype)
        df = parameter("standard_t", "df", df, POSITIVE)
        shape, count, (df,) = together("standard_t", size, df)
        return shaped(self._normals(count) * ar.sqrt(df / 2 / self._gammas(count, df / 2)), shape, kind)

    def noncentral_chisquare(self, df: Any, nonc: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Sums of squares of normal numbers whose means are not 0.

        Parameters
        ----------
        df : float or array-like
            Degrees of freedom, above 0.
        nonc : float or array-like
            Sum of the squared means, not negative.
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
        A chi-square number of `df + 2 k` degrees of freedom, with k of the Poisson distribution of mean `nonc / 2`.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).noncentral_chisquare(3, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("noncentral_chisquare", dtype)
        df = parameter("noncentral_chisquare", "df", df, POSITIVE)
        nonc = parameter("noncentral_chisquare", "nonc", nonc, NOT_NEGATIVE)
        shape, count, (df, nonc) = together("noncentral_chisquare", size, df, nonc)
        return shaped(self._noncentral(count, df, nonc), shape, kind)

    def noncentral_f(self, dfnum: Any, dfden: Any, nonc: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers of the noncentral F distribution.

        Parameters
        ----------
        dfnum : float or array-like
            Degrees of freedom of the numerator, above 0.
        dfden : float or array-like
            Those of the denominator, above 0.
        nonc : float or array-like
            Sum of the numerator's squared means, not negative.
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
        As `f`, with a noncentral chi-square number above the line.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).noncentral_f(3, 6, 1.0, size=(2, 3)).shape
        (2, 3)
        """
        kind = as_floating("noncentral_f", dtype)
        dfnum = parameter("noncentral_f", "dfnum", dfnum, POSITIVE)
        dfden = parameter("noncentral_f", "dfden", dfden, POSITIVE)
        nonc = parameter("noncentral_f", "nonc", nonc, NOT_NEGATIVE)
        shape, count, (dfnum, dfden, nonc) = together("noncentral_f", size, dfnum, dfden, nonc)
        numerator = self._noncentral(count, dfnum, nonc)
        return shaped(numerator / dfnum * dfden / (self._gammas(count, dfden / 2) * 2), shape, kind)

    def dirichlet(self, alpha: Any, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Probabilities of classes: numbers that are not negative and sum to 1.

        Parameters
        ----------
        alpha : array-like
            Shape (classes,), above 0.
        size : int or sequence of int, optional
            How many; by default one.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size` and (classes,)

        Raises
        ------
        ValueError
            For an entry that is not above 0, or an `alpha` that is not 1-D.
        TypeError
            For a parameter that is no real number, or a dtype that is not floating.

        Notes
        -----
        Gamma numbers of shapes `alpha` by their sum, by their logarithms, which do not underflow.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).dirichlet([1.0, 2.0, 3.0], size=2).shape
        (2, 3)
        """
        kind = as_floating("dirichlet", dtype)
        alpha = parameter("dirichlet", "alpha", alpha, POSITIVE)
        if not isinstance(alpha, Tensor) or alpha.ndim != 1 or not alpha.size:
            raise ValueError(
                f"dirichlet: alpha has shape {getattr(alpha, 'shape', ())}, but must be 1-D, of at least one class"
            )
        shape, rows = _shape("dirichlet", size)
        logs = self._log_gammas(rows * alpha.size, mp.ravel(mp.broadcast_to(alpha, (rows, alpha.size))))
        logs = mp.reshape(logs, (rows, alpha.size))
        weights = ex.exp(logs - red.max(logs, axis=1, keepdims=True)) if rows else logs
        return shaped(weights / red.sum(weights, axis=1, keepdims=True), (*shape, alpha.size), kind)

    def _noncentral(self, count: int, df: Any, nonc: Any) -> Tensor:
        more = self._poissons(count, nonc / 2)
        return self._gammas(count, df / 2 + more) * 2
