"""NumPy's older functions of polynomials: coefficients from the highest power down."""

from __future__ import annotations

from typing import Any

from .._engine.arguments import array, integer
from .._engine.dtypes import promote_types
from .._functions import polynomials
from .._functions.creation import arange, ones, zeros
from .._functions.differences import floating
from .._functions.indexing import nonzero
from .._functions.interpolation import convolve
from .._functions.manipulation import astype, concatenate, reshape, stack
from .._functions.padding import pad
from .._functions.polynomials import coefficients
from ._rules import adapted, under_numpy_rules


def _two(op: str, a1: Any, a2: Any) -> tuple[Any, Any]:
    """Of one length, by zeros in front."""
    a1, a2 = coefficients(op, "a1", a1), coefficients(op, "a2", a2)
    longer = a1.size if a1.size > a2.size else a2.size
    return pad(a1, (longer - a1.size, 0)), pad(a2, (longer - a2.size, 0))


@under_numpy_rules
def polyadd(a1: Any, a2: Any) -> Any:
    """Sum of two polynomials.

    Parameters
    ----------
    a1, a2 : array-like
        Coefficients from the highest power down.

    Returns
    -------
    ndarray
        As long as the longer of both.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.polyadd([1, 2], [9, 5, 4])
    array([9, 6, 6])
    """
    a1, a2 = _two("polyadd", a1, a2)
    return a1 + a2


@under_numpy_rules
def polysub(a1: Any, a2: Any) -> Any:
    """Difference of two polynomials.

    Parameters
    ----------
    a1, a2 : array-like
        Coefficients from the highest power down.

    Returns
    -------
    ndarray
        As long as the longer of both.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.polysub([2, 10, -2], [3, 10, -4])
    array([-1,  0,  2])
    """
    a1, a2 = _two("polysub", a1, a2)
    return a1 - a2


@under_numpy_rules
def polymul(a1: Any, a2: Any) -> Any:
    """Product of two polynomials: the convolution of their coefficients, without zeros in front of them.

    Parameters
    ----------
    a1, a2 : array-like
        Coefficients from the highest power down.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.polymul([1, 2, 3], [9, 5, 1])
    array([ 9, 23, 38, 17,  3])
    """
    return convolve(_trimmed(coefficients("polymul", "a1", a1)), _trimmed(coefficients("polymul", "a2", a2)))


def _trimmed(p: Any) -> Any:
    """Without zeros in front, but for the last."""
    (kept,) = nonzero(p.detach())
    return p[int(kept[0]) if kept.size else -1 :]


@under_numpy_rules
def polydiv(u: Any, v: Any) -> Any:
    """Quotient and remainder of two polynomials, by long division.

    Parameters
    ----------
    u, v : array-like
        Coefficients from the highest power down.

    Returns
    -------
    q, r : ndarray
        `u = q v + r`, floating.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.polydiv([3.0, 5.0, 2.0], [2.0, 1.0])
    (array([1.5 , 1.75]), array([0.25]))
    """
    u, v = floating(coefficients("polydiv", "u", u)), floating(coefficients("polydiv", "v", v))
    wide = promote_types(u.dtype, v.dtype)
    r, v = astype(u, wide), astype(v, wide)
    steps = u.size - v.size + 1
    quotients = []
    for k in range(steps):
        quotients.append(r[k] / v[0])
        r = r - pad(quotients[k] * v, (k, steps - 1 - k))
    r = r[steps:] if steps > 0 else r
    r = _negligible_dropped(r)
    return (stack(quotients) if quotients else zeros(1, dtype=wide)), r


def _negligible_dropped(r: Any) -> Any:
    """Without what is as good as 0 in front, but for the last."""
    first = 0
    sizes = [abs(value) for value in r.tolist()]
    while first < len(sizes) - 1 and sizes[first] <= 1e-8:
        first += 1
    return r[first:] if sizes else zeros(1, dtype=r.dtype)


@under_numpy_rules
def polyder(p: Any, m: int = 1) -> Any:
    """Derivative of a polynomial.

    Parameters
    ----------
    p : array-like
        Coefficients from the highest power down.
    m : int
        How often it is derived.

    Returns
    -------
    ndarray
        `m` shorter; empty where nothing is left.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.polyder([1, 1, 1, 1])
    array([3, 2, 1])
    """
    p, m = coefficients("polyder", "p", p), integer("polyder", "m", m, at_least=0)
    for _ in range(min(m, p.size)):
        p = p[:-1] * arange(p.size - 1, 0, -1)
    return p


@under_numpy_rules
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Integral of a polynomial.

    Parameters
    ----------
    p : array-like
        Coefficients from the highest power down.
    m : int
        How often it is integrated, at most 1000 times.
    k : number or array-like, optional
        The constants, in the order of integration; 0 by default.

    Returns
    -------
    ndarray
        `m` longer, floating.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.polyint([3, 2, 1])
    array([1., 1., 1., 0.])
    """
    p, m = coefficients("polyint", "p", p), integer("polyint", "m", m, at_least=0, at_most=1000)
    constants = zeros(m) if k is None else reshape(array("polyint", "k", k), (-1,))
    if constants.size == 1 and m > 1:
        constants = concatenate([constants] * m)
    if constants.size < m:
        raise ValueError(f"polyint: k has {constants.size} entries, but must be one number or {m}")
    for i in range(m):
        p = concatenate([p / arange(p.size, 0, -1), constants[i : i + 1]])
    return p


@under_numpy_rules
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with these roots and a leading 1; of a square matrix its characteristic polynomial.

    Parameters
    ----------
    seq_of_zeros : array-like
        Roots, 1-D; or a square matrix, whose eigenvalues they are.

    Returns
    -------
    ndarray
        Coefficients from the highest power down; real where complex roots come in pairs.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.poly([1, 2])
    array([ 1., -3.,  2.])
    """
    roots = array("poly", "seq_of_zeros", seq_of_zeros)
    if roots.ndim == 2 and roots.shape[0] == roots.shape[1] and roots.size:
        roots = polynomials.eigenvalues(floating(roots))
    elif roots.ndim > 1:
        raise ValueError(f"poly: seq_of_zeros has shape {roots.shape}, but must be 1-D or a square matrix")
    roots = floating(reshape(roots, (-1,)))
    p = ones(1, dtype=roots.dtype)
    for k in range(roots.size):
        p = concatenate([p, zeros(1, dtype=p.dtype)]) - concatenate([zeros(1, dtype=p.dtype), p * roots[k]])
    if p.dtype.is_complex and not roots.requires_grad:
        values = sorted(roots.tolist(), key=lambda z: (z.real, z.imag))
        if values == sorted([z.conjugate() for z in values], key=lambda z: (z.real, z.imag)):
            p = p.real
    return p


POLYNOMIALS: dict[str, Any] = {
    "polyfit": adapted("polyfit", polynomials.polyfit, "x y deg rcond full w cov"),
    "polyval": adapted("polyval", polynomials.polyval, "p x"),
    "roots": adapted("roots", polynomials.roots, "p"),
    **{f.__name__: f for f in (poly, polyadd, polyder, polydiv, polyint, polymul, polysub)},
}
