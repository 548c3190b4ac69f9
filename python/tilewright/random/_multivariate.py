"""Counts of classes, and vectors of normal numbers that depend on each other."""

from __future__ import annotations

import math

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_floating, int64
from .._engine.tensor import Tensor, asarray
from .._functions import extrema, manipulation as mp, reductions as red
from .._functions.creation import zeros
from .._functions.linalg import matmul
from ._counts import Counts
from ._parameters import ANY, PROBABILITY, parameter, shaped, together
from ._stream import _shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None

_COUNTED = 1 << 20  # draws that are in memory at a time, to be counted
_ROUNDED = 1e-12  # by which probabilities may sum to more than 1


class Multivariate(Counts):
    """Methods of `Generator`."""

    __slots__ = ()

    def multinomial(self, n: Any, pvals: Any, size: Size = None) -> Tensor:
        """How often each class comes in `n` independent draws.

        `tilewright.multinomial` gives the classes drawn.

        Parameters
        ----------
        n : int or array-like of int
            Draws of an experiment, at most 2**30.
        pvals : array-like, shape (..., classes)
            Probabilities; the last is what the others leave of 1, whatever is given for it. Leading axes broadcast with
            `n`.
        size : int or sequence of int, optional
            Experiments; by default as many as `n` and `pvals` have together.

        Returns
        -------
        Tensor of int64, shape `size` and (classes,)
            Each row sums to `n`.

        Raises
        ------
        ValueError
            For an `n` that is negative or too large, a probability that is negative or NaN, or where all but the last
            sum to more than 1.
        TypeError
            For an `n` that is no integer or `pvals` that are no real numbers.

        Notes
        -----
        One `n` with probabilities of one axis takes time in proportion to `n`: the draws are made and counted. Else
        each class is a binomial number of the draws that are left.

        Examples
        --------
        >>> import tilewright as tw
        >>> counts = tw.random.Generator(0).multinomial(60, [1 / 6] * 6, size=3)
        >>> counts.shape, counts.sum(1).tolist()
        ((3, 6), [60, 60, 60])
        """
        if arguments.has_axes(n) or isinstance(n, (list, tuple)) or _rows(pvals):
            return self._multinomials(n, pvals, size)
        n = arguments.integer("multinomial", "n", n, at_least=0, at_most=1 << 30)
        weights = _last_is_the_rest("multinomial", pvals)
        shape, experiments = _shape("multinomial", size)
        counts = _core.full((experiments, len(weights)), 0, int64)
        rows = _core.broadcast_to(asarray(weights, "float64")._array, counts.shape)
        left = n if experiments else 0
        while left:  # a part at a time, for the draws are in memory
            draws = min(left, max(1, _COUNTED // experiments))
            drawn = _core.multinomial(rows, draws, True, *self._take(experiments * draws, 2))
            counts = _core.scatter_add(counts, 1, drawn, 1)
            left -= draws
        return asarray(counts).reshape((*shape, len(weights)))

    def _multinomials(self, n: Any, pvals: Any, size: Any) -> Tensor:
        n = parameter("multinomial", "n", n, _DRAWS, whole=True)
        pvals = parameter("multinomial", "pvals", pvals, PROBABILITY)
        if not isinstance(pvals, Tensor) or not pvals.shape[-1]:
            raise ValueError("multinomial: pvals must have at least one class")
        if (red.sum(pvals[..., :-1], axis=-1) > 1 + _ROUNDED).any():
            raise ValueError("multinomial: pvals but for the last sum to more than 1")
        classes = pvals.shape[-1]
        shape, count, (n, *chances) = together("multinomial", size, n, *[pvals[..., i] for i in range(classes)])
        left, rest, counts = n + mp.astype(zeros(count), "float64"), 1.0, []
        for chance in chances[:-1]:
            counts.append(self._binomials(count, left, extrema.minimum(chance / extrema.maximum(rest, 1e-300), 1.0)))
            left, rest = left - counts[-1], rest - chance
        return shaped(mp.stack([*counts, left], axis=-1), (*shape, classes), int64)

    def multivariate_normal(
        self,
        mean: Any,
        cov: Any,
        size: Size = None,
        check_valid: str = "warn",
        tol: float = 1e-8,
        *,
        method: str = "svd",
        dtype: Any = "float32",
    ) -> Tensor:
        """Vectors of normally distributed numbers that depend on each other.

        Parameters
        ----------
        mean : array-like, shape (n,)
            Mean.
        cov : array-like, shape (n, n)
            Covariances: symmetric, without negative eigenvalues.
        size : int or sequence of int, optional
            How many; by default one.
        check_valid : {"warn", "raise", "ignore"}
            What is done where `cov` is not such a matrix.
        tol : float
            By how much it may differ.
        method : {"svd", "eigh", "cholesky"}
            How the root of `cov` is found. "cholesky" is the fastest, and needs eigenvalues above 0.
        dtype : dtype-like
            Floating; numbers are made in float64 and rounded to it.

        Returns
        -------
        Tensor, shape `size` and (n,)

        Raises
        ------
        ValueError
            For shapes that do not fit, NaN, or covariances that are none.
        TypeError
            For what is no array of real numbers, or a dtype that is not floating.

        Notes
        -----
        The mean, and a root of `cov` times independent normal numbers. NumPy's linear algebra finds the root.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).multivariate_normal([0.0, 1.0], [[1.0, 0.5], [0.5, 1.0]], size=3).shape
        (3, 2)
        """
        op = "multivariate_normal"
        kind = as_floating(op, dtype)
        arguments.option(op, "method", method, ["svd", "eigh", "cholesky"])
        arguments.option(op, "check_valid", check_valid, ["warn", "raise", "ignore"])
        tol = arguments.number(op, "tol", tol)
        mean, cov = parameter(op, "mean", mean, ANY), parameter(op, "cov", cov, ANY)
        n = mean.shape[0] if isinstance(mean, Tensor) and mean.ndim == 1 else 0
        if not n or getattr(cov, "shape", ()) != (n, n):
            shapes = f"mean {getattr(mean, 'shape', ())} and cov {getattr(cov, 'shape', ())}"
            raise ValueError(f"{op}: {shapes} must have shapes (n,) and (n, n)")
        shape, rows = _shape(op, size)
        root = asarray(_root_of(op, cov.numpy(), check_valid, tol, method))
        numbers = mp.reshape(self._normals(rows * n), (rows, n))
        return shaped(matmul(numbers, root) + mean, (*shape, n), kind)


_DRAWS = (lambda v: (v >= 0) & (v <= 2.0**30), "from 0 to 2**30")


def _rows(pvals: Any) -> bool:
    """Whether there are probabilities of several experiments."""
    return arguments.array("multinomial", "pvals", pvals).ndim > 1


def _root_of(op: str, cov: Any, check_valid: str, tol: float, method: str) -> Any:
    """R with `R.T @ R = cov`, (n, n)."""
    import numpy as np

    try:
        if method == "cholesky":
            return np.ascontiguousarray(np.linalg.cholesky(cov).T)
        values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{op}: cov has no root by {method} ({error})") from None
    rounded = tol * (1 + abs(cov).max())
    if check_valid != "ignore" and (values.min() < -rounded or abs(cov - cov.T).max() > rounded):
        message = f"{op}: cov is not symmetric with eigenvalues of at least 0"
        if check_valid == "raise":
            raise ValueError(message)
        import warnings

        warnings.warn(message, RuntimeWarning, stacklevel=3)
    return np.ascontiguousarray((vectors * np.sqrt(np.maximum(values, 0))).T)


def _last_is_the_rest(op: str, pvals: Any) -> list[float]:
    """Probabilities as a list, of which the last is what is missing from 1."""
    given = arguments.array(op, "pvals", pvals)
    if given.ndim != 1 or not given.size:
        raise ValueError(f"{op}: pvals has shape {given.shape}, but must be 1-D with at least one class")
    if given.dtype.is_complex:
        raise TypeError(f"{op}: pvals has dtype {given.dtype.name}, but must be real")
    listed = [float(p) for p in given.tolist()]
    for i, p in enumerate(listed):
        if not 0 <= p <= 1 + _ROUNDED:
            raise ValueError(f"{op}: pvals[{i}] is {p}, but must be a probability")
    others = math.fsum(listed[:-1])
    if others > 1 + _ROUNDED:
        raise ValueError(f"{op}: pvals but for the last sum to {others}, which is more than 1")
    return [*listed[:-1], max(0.0, 1 - others)]
