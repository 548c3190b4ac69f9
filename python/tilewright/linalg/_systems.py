"""Systems of equations: inverses, solutions, determinants."""

from __future__ import annotations

import math
from typing import Any

from .._engine.arguments import integer, number
from .._engine.tensor import Tensor
from .._functions.arithmetic import square
from .._functions.complex import imag, real
from .._functions.creation import zeros
from .._functions.linalg import _det, _inv, _lstsq, _pinv, _slogdet, _solve, refused
from .._functions.manipulation import _axes, expand_dims, permute_dims, reshape
from .._functions.products import operands
from .._functions.reductions import sum as sum_
from ._results import LstsqResult, SlogdetResult, eps_of, matrices


def inv(x: Any, /) -> Tensor:
    """Inverse of square matrices.

    To solve a system, `solve` is more accurate and faster.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    Tensor, shape (..., n, n)

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or one is singular.
    TypeError
        For float16 and bfloat16.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.inv([[2.0, 0.0], [0.0, 4.0]])
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return _inv(matrices("inv", x, square=True))


def solve(x1: Any, x2: Any, /) -> Tensor:
    """The y for which `x1 @ y = x2`.

    Parameters
    ----------
    x1 : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.
    x2 : array-like, shape (n,) or (..., n, k)
        One vector, or matrices; leading axes broadcast with those of `x1`.

    Returns
    -------
    Tensor, shape (..., n) or (..., n, k)

    Raises
    ------
    LinAlgError
        Where the matrices of `x1` are not square, or one is singular.
    ValueError
        Where `x2` does not fit.
    TypeError
        For float16 and bfloat16.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    tensor([1. , 0.5])
    """
    x1, x2 = operands("solve", ("x1", "x2"), (x1, x2))
    return _solved("solve", x1, x2)


def _solved(op: str, x1: Tensor, x2: Tensor) -> Tensor:
    x1 = matrices(op, x1, square=True, name="x1")
    vector = x2.ndim == 1
    if not x2.ndim or x2.shape[0 if vector else -2] != x1.shape[-1]:
        raise ValueError(f"{op}: x2 has shape {x2.shape}, but must have {x1.shape[-1]} rows, as x1 {x1.shape}")
    x2 = matrices(op, expand_dims(x2, axis=-1) if vector else x2, name="x2")
    lead1, lead2 = x1.shape[:-2], x2.shape[:-2]
    for m, n in zip(lead1[::-1], lead2[::-1], strict=False):
        if m != n and 1 not in (m, n):
            raise ValueError(f"{op}: the leading axes of x1 {x1.shape} and x2 {x2.shape} do not broadcast")
    y = _solve(x1, x2)
    return reshape(y, y.shape[:-1]) if vector else y


def det(x: Any, /) -> Tensor:
    """Determinant of square matrices.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    LinAlgError
        Where the matrices are not square; in a second derivative, where one is singular.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The derivatives are the cofactors, which singular matrices have, too.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.det([[2.0, 1.0], [0.0, 4.0]])
    tensor(8.)
    """
    return _det(matrices("det", x, square=True))


def slogdet(x: Any, /) -> SlogdetResult:
    """Sign of the determinant, and the logarithm of its absolute value, which neither overflows nor underflows.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    SlogdetResult
        `sign` of the dtype of `x` and `logabsdet`, real, both of shape (...): the determinant is
        `sign * exp(logabsdet)`.

    Raises
    ------
    LinAlgError
        Where the matrices are not square; in backward, where one is singular.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The derivative of `log det(x)` is the inverse of x, transposed; the sign of real matrices has gradient zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> sign, logabsdet = tw.linalg.slogdet([[0.0, 2.0], [2.0, 0.0]])
    >>> sign, logabsdet
    (tensor(-1.), tensor(1.3862944))
    """
    return SlogdetResult(*_slogdet(matrices("slogdet", x, square=True)))


def tolerance_of(op: str, name: str, rtol: Any, x: Tensor) -> Any:
    """A relative tolerance, a number or one of NumPy's arrays with one for each matrix; by default from the shape."""
    if rtol is None:
        return max(x.shape[-2:]) * eps_of(x)
    if not getattr(rtol, "ndim", 0):
        return number(op, name, rtol)
    import numpy as np

    if getattr(rtol, "requires_grad", False) is True:
        raise TypeError(f"{op}: {name} is a tensor that requires grad, but must be a constant")
    values = np.asarray(rtol)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"{op}: {name} has dtype {values.dtype}, but must be real")
    if (
        any(m not in (1, n) for m, n in zip(values.shape[::-1], x.shape[-3::-1], strict=False))
        or values.ndim > x.ndim - 2
    ):
        raise ValueError(f"{op}: {name} has shape {values.shape}, but must broadcast to {x.shape[:-2]}")
    return values


def pinv(x: Any, /, *, rtol: Any = None) -> Tensor:
    """Pseudoinverse of Moore and Penrose.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        float32, float64, complex64 or complex128; integers become float32.
    rtol : float or array-like, shape (...), optional
        Singular values at or below so much of the largest count as 0; by default max(m, n) times the dtype's eps.

    Returns
    -------
    Tensor, shape (..., n, m)

    Raises
    ------
    LinAlgError
        For fewer than two axes, or where singular values do not converge.
    ValueError
        Where `rtol` does not fit.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The gradient is that of matrices near x of its rank.

    References
    ----------
    G. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate, SIAM Journal on Numerical Analysis 10(2), 1973.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.pinv([[2.0, 0.0], [0.0, 0.0]])
    tensor([[0.5, 0. ],
            [0. , 0. ]])
    """
    x = matrices("pinv", x)
    return _pinv(x, tolerance_of("pinv", "rtol", rtol, x))


def lstsq(a: Any, b: Any, /, rcond: Any = None) -> LstsqResult:
    """Least squares: the y with the smallest `|a y - b|`, and of several the shortest.

    Parameters
    ----------
    a : array-like, shape (m, n)
        float32, float64, complex64 or complex128; integers become float32.
    b : array-like, shape (m,) or (m, k)
        One right side, or k of them.
    rcond : float, optional
        Singular values at or below so much of the largest count as 0; by default max(m, n) times the dtype's eps.

    Returns
    -------
    LstsqResult
        `solution`, shape (n,) or (n, k); `residuals`, shape (1,) or (k,), or (0,); `rank`; `singular_values`, shape
        (min(m, n),), without gradient.

    Raises
    ------
    LinAlgError
        Where `a` has not two axes or `b` not one or two, their lengths m differ, or singular values do not converge.
    TypeError
        For float16 and bfloat16.

    References
    ----------
    G. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate, SIAM Journal on Numerical Analysis 10(2), 1973.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.lstsq([[1.0], [1.0]], [1.0, 2.0]).solution
    tensor([1.5])
    """
    a, b = operands("lstsq", ("a", "b"), (a, b))
    a = matrices("lstsq", a, name="a")
    vector = b.ndim == 1
    b = matrices("lstsq", expand_dims(b, axis=-1) if vector else b, name="b")
    if a.ndim > 2 or b.ndim > 2 or a.shape[0] != b.shape[0]:
        raise refused(f"lstsq: a {a.shape} and b {b.shape} must have two axes, and as many rows")
    rtol = max(a.shape) * eps_of(a) if rcond is None else number("lstsq", "rcond", rcond)
    y, rank, values = _lstsq(a, b, rtol)
    count = int(rank.item())
    left = a @ y - b
    if count == a.shape[1] < a.shape[0]:
        squares = square(real(left)) + square(imag(left)) if left.dtype.is_complex else square(left)
        residuals = sum_(squares, axis=0)
    else:
        residuals = zeros(0, dtype=values.dtype, device=a.device)
    return LstsqResult(reshape(y, (-1,)) if vector else y, residuals, count, values.detach())


def tensorinv(x: Any, /, ind: int = 2) -> Tensor:
    """The inverse of `tensordot` with x over its last axes.

    Parameters
    ----------
    x : array-like
        The first `ind` lengths have the product of the others.
        float32, float64, complex64 or complex128; integers become float32.
    ind : int
        How many axes come first in x, and last in the result.

    Returns
    -------
    Tensor, shape `x.shape[ind:] + x.shape[:ind]`

    Raises
    ------
    ValueError
        For `ind` below 1.
    LinAlgError
        Where the products differ, or there is no inverse.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.tensorinv(tw.reshape(tw.eye(4), (4, 2, 2)), ind=1).shape
    (2, 2, 4)
    """
    ind = integer("tensorinv", "ind", ind, at_least=1)
    (x,) = operands("tensorinv", ("x",), (x,))
    rows, columns = math.prod(x.shape[:ind]), math.prod(x.shape[ind:])
    if rows != columns:
        raise refused(f"tensorinv: x has shape {x.shape}: {rows} and {columns} elements before and from axis {ind}")
    inverse = _inv(matrices("tensorinv", reshape(x, (rows, columns)), square=True))
    return reshape(inverse, (*x.shape[ind:], *x.shape[:ind]))


def tensorsolve(a: Any, b: Any, /, axes: Any = None) -> Tensor:
    """The y for which `tensordot(a, y)` over all axes of y is b.

    Parameters
    ----------
    a : array-like
        The axes of b, then those of y. float32, float64, complex64 or complex128; integers become float32.
    b : array-like
        Any shape.
    axes : sequence of int, optional
        Axes of `a` that are moved to the end first.

    Returns
    -------
    Tensor
        The last lengths of `a`.

    Raises
    ------
    LinAlgError
        Where `a` is not square in this sense, or singular.
    AxisError
        Where `a` has no such axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.tensorsolve(tw.reshape(tw.eye(4), (4, 2, 2)), [1.0, 2.0, 3.0, 4.0])
    tensor([[1., 2.],
            [3., 4.]])
    """
    a, b = operands("tensorsolve", ("a", "b"), (a, b))
    if axes is not None:
        moved = _axes("tensorsolve", axes, a.ndim, "axes")
        a = permute_dims(a, (*[axis for axis in range(a.ndim) if axis not in moved], *moved))
    shape = a.shape[b.ndim :]
    size = math.prod(shape)
    if size * size != a.size or size != b.size:
        raise refused(f"tensorsolve: a {a.shape} must have the {b.size} elements of b {b.shape}, and as many more")
    return reshape(_solved("tensorsolve", reshape(a, (size, size)), reshape(b, (size,))), shape)
