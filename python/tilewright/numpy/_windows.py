"""Windows of signal processing, and the Bessel function that one of them is made of."""

from __future__ import annotations

import math
from typing import Any

from .._engine.arguments import array, number
from .._functions.arithmetic import divide, sqrt, square
from .._functions.creation import arange, ones, zeros
from .._functions.differences import floating
from .._functions.indexing import where
from .._functions.manipulation import astype
from .._functions.trigonometric import cos, cosh
from ._rules import under_numpy_rules


def _places(op: str, M: Any) -> Any:
    """The points of a window, from -1 to 1; or the window itself where it has one point or none."""
    M = number(op, "M", M)
    if not math.isfinite(M) or math.floor(M) != M:
        raise ValueError(f"{op}: M is {M}, but must be a whole number")
    if M < 1:
        return None, zeros(0, dtype="float64")
    if M == 1:
        return None, ones(1, dtype="float64")
    return arange(1 - M, M, 2, dtype="float64") / (M - 1), None


def _of_cosines(op: str, M: Any, *weights: float) -> Any:
    at, trivial = _places(op, M)
    if at is None:
        return trivial
    y: Any = weights[0]
    for k, weight in enumerate(weights[1:], 1):
        y = y + weight * cos(k * math.pi * at)
    return y


@under_numpy_rules
def hanning(M: int) -> Any:
    """Raised cosine, `0.5 - 0.5 cos(2 pi n / (M - 1))`.

    Parameters
    ----------
    M : int
        How many points; below 1 there are none.

    Returns
    -------
    ndarray, shape (M,)
        float64, symmetric, at most 1.

    References
    ----------
    F. J. Harris, On the use of windows for harmonic analysis with the discrete Fourier transform, Proceedings of the
    IEEE 66(1), 1978.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.hanning(5)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    return _of_cosines("hanning", M, 0.5, 0.5)


@under_numpy_rules
def hamming(M: int) -> Any:
    """Raised cosine that does not reach 0, `0.54 - 0.46 cos(2 pi n / (M - 1))`.

    Parameters
    ----------
    M : int
        How many points; below 1 there are none.

    Returns
    -------
    ndarray, shape (M,)
        float64, symmetric, at most 1.

    References
    ----------
    F. J. Harris, On the use of windows for harmonic analysis with the discrete Fourier transform, Proceedings of the
    IEEE 66(1), 1978.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.hamming(3)
    array([0.08, 1.  , 0.08])
    """
    return _of_cosines("hamming", M, 0.54, 0.46)


@under_numpy_rules
def blackman(M: int) -> Any:
    """Two cosines, `0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1))`.

    Parameters
    ----------
    M : int
        How many points; below 1 there are none.

    Returns
    -------
    ndarray, shape (M,)
        float64, symmetric, at most 1.

    References
    ----------
    F. J. Harris, On the use of windows for harmonic analysis with the discrete Fourier transform, Proceedings of the
    IEEE 66(1), 1978.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.round(np.blackman(5), 2)
    array([-0.  ,  0.34,  1.  ,  0.34, -0.  ])
    """
    return _of_cosines("blackman", M, 0.42, 0.5, 0.08)


@under_numpy_rules
def bartlett(M: int) -> Any:
    """Triangle from 0 over 1 to 0.

    Parameters
    ----------
    M : int
        How many points; below 1 there are none.

    Returns
    -------
    ndarray, shape (M,)
        float64, symmetric, at most 1.

    References
    ----------
    F. J. Harris, On the use of windows for harmonic analysis with the discrete Fourier transform, Proceedings of the
    IEEE 66(1), 1978.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.bartlett(5)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    at, trivial = _places("bartlett", M)
    return trivial if at is None else where(at <= 0, 1 + at, 1 - at)


@under_numpy_rules
def kaiser(M: int, beta: float) -> Any:
    """Kaiser's window, `i0(beta sqrt(1 - t^2)) / i0(beta)` for t from -1 to 1.

    Parameters
    ----------
    M : int
        How many points; below 1 there are none.
    beta : float
        The larger, the narrower; 0 gives a rectangle. An array without axes may have a gradient.

    Returns
    -------
    ndarray, shape (M,)
        float64, symmetric, at most 1.

    References
    ----------
    J. F. Kaiser, R. W. Schafer, On the use of the I0-sinh window for spectrum analysis, IEEE Transactions on Acoustics,
    Speech and Signal Processing 28(1), 1980.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.round(np.kaiser(5, 2.0), 3)
    array([0.439, 0.835, 1.   , 0.835, 0.439])
    """
    width = array("kaiser", "beta", beta)
    if width.ndim:
        raise ValueError(f"kaiser: beta has shape {width.shape}, but must be a number")
    at, trivial = _places("kaiser", M)
    if at is None:
        return trivial
    return divide(i0(width * sqrt(1 - square(at))), i0(astype(width, "float64", copy=False)))


@under_numpy_rules
def i0(x: Any) -> Any:
    """Modified Bessel function of the first kind and order 0, `mean over t in (0, pi) of exp(x cos t)`.

    Parameters
    ----------
    x : array-like
        Any shape, real.

    Returns
    -------
    ndarray
        Shape of `x`; integers and bool give float64.

    Raises
    ------
    TypeError
        For complex numbers.

    Notes
    -----
    The mean over points in the middle of equal parts converges faster than any power of their number, since the
    function is periodic. It has gradients of any order.

    References
    ----------
    L. N. Trefethen, J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56(3), 2014.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.round(np.i0([0.0, 1.0, 2.0]), 4)
    array([1.    , 1.2661, 2.2796])
    """
    x = floating(array("i0", "x", x))
    if x.dtype.is_complex:
        raise TypeError(f"i0: dtype {x.dtype.name} is not supported: x must be real")
    wide = astype(x, "float32", copy=False) if x.dtype.itemsize == 2 else x
    count = _points(wide)
    y: Any = 0.0
    for k in range(count):  # the points in the other half have the opposite cosines
        y = y + cosh(math.cos((k + 0.5) * math.pi / (2 * count)) * wide)
    return astype(y / count, x.dtype, copy=False)


def _points(x: Any) -> int:
    """How many points a quarter turn needs for the largest x."""
    largest = 0.0
    if x.size:
        sizes = abs(x.detach())
        largest = float(where(sizes < 800, sizes, 0.0).max())
    return 6 + math.ceil(math.sqrt(5 * largest))


WINDOWS: dict[str, Any] = {f.__name__: f for f in (bartlett, blackman, hamming, hanning, i0, kaiser)}
