"""Products of many matrices: chains, powers, the exponential."""

from __future__ import annotations

import math
from typing import Any

from .._engine.arguments import entries, integer
from .._engine.tensor import Tensor
from .._functions.arithmetic import abs as abs_
from .._functions.creation import eye
from .._functions.indexing import where
from .._functions.linalg import _inv, _solve, matmul, refused
from .._functions.manipulation import broadcast_to, expand_dims, reshape
from .._functions.products import operands
from .._functions.reductions import max as max_, sum as sum_
from ._results import matrices


def matrix_power(x: Any, n: int, /) -> Tensor:
    """A square matrix to an integer power, by squaring.

    Parameters
    ----------
    x : array-like, shape (..., k, k)
        Any dtype; for negative `n` as of `inv`.
    n : int
        The power; 0 gives the identity, negative ones powers of the inverse.

    Returns
    -------
    Tensor, shape (..., k, k)

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or, for negative `n`, one is singular.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.matrix_power([[1.0, 1.0], [0.0, 1.0]], 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    n = integer("matrix_power", "n", n)
    (x,) = operands("matrix_power", ("x",), (x,))
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise refused(f"matrix_power: x has shape {x.shape}, but its matrices must be square")
    if n < 0:
        x, n = _inv(matrices("matrix_power", x)), -n
    if n == 0:
        return broadcast_to(eye(x.shape[-1], dtype=x.dtype, device=x.device), x.shape) + 0 * x.detach()
    result: Any = None
    while True:
        if n & 1:
            result = x if result is None else matmul(result, x)
        n >>= 1
        if not n:
            return result + 0 if result is x else result
        x = matmul(x, x)


def _chain(shapes: list[int]) -> list[list[int]]:
    """Of n matrices (shapes[i], shapes[i + 1]): where to split the product of those from i to j at the least cost."""
    n = len(shapes) - 1
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j], split[i][j] = min(
                [(cost[i][k] + cost[k + 1][j] + shapes[i] * shapes[k + 1] * shapes[j + 1], k) for k in range(i, j)]
            )
    return split


def multi_dot(arrays: Any, /) -> Tensor:
    """Product of several matrices, in the order that takes the fewest multiplications.

    Parameters
    ----------
    arrays : sequence of array-like
        At least two matrices; the first and the last may be vectors.

    Returns
    -------
    Tensor
        Without the axis of a vector.

    Raises
    ------
    ValueError
        For fewer than two, or where two neighbours do not fit.
    LinAlgError
        Where one is no matrix.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.multi_dot([tw.ones((2, 30)), tw.ones((30, 20)), tw.ones(20)])
    tensor([600., 600.])
    """
    listed = entries("multi_dot", "arrays", arrays, "a sequence of arrays")
    if len(listed) < 2:
        raise ValueError(f"multi_dot: there are {len(listed)} arrays, but must be at least two")
    chain = operands("multi_dot", [f"entry {i} of arrays" for i in range(len(listed))], listed)
    first, last = chain[0].ndim == 1, chain[-1].ndim == 1
    if first:
        chain[0] = expand_dims(chain[0], axis=0)
    if last:
        chain[-1] = expand_dims(chain[-1], axis=-1)
    for i, x in enumerate(chain):
        if x.ndim != 2:
            raise refused(f"multi_dot: entry {i} of arrays has {x.ndim} axes, but must be a matrix")
        if i and chain[i - 1].shape[1] != x.shape[0]:
            raise ValueError(
                f"multi_dot: entries {i - 1} and {i} of arrays, {chain[i - 1].shape} and {x.shape}, do not fit"
            )
    split = _chain([chain[0].shape[0], *[x.shape[1] for x in chain]])

    def product(i: int, j: int) -> Tensor:
        return chain[i] if i == j else matmul(product(i, split[i][j]), product(split[i][j] + 1, j))

    y = product(0, len(chain) - 1)
    return reshape(y, y.shape[first : 2 - last]) if first or last else y


# Pade approximants of exp of degree m, and the norm up to which they are exact to rounding.
_FLOAT = (7, 3.925724783138660)
_DOUBLE = (13, 5.371920351148152)


def _pade(degree: int) -> list[float]:
    """Coefficients, the highest power has 1."""
    b = [1.0]
    for k in range(degree, 0, -1):
        b.append(b[-1] * (2 * degree - k + 1) * k / (degree - k + 1))
    return b[::-1]


def expm(x: Any, /) -> Tensor:
    """Exponential of matrices, `sum(x^k / k!)`, by scaling and squaring.

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
        Where the matrices are not square.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    A Pade approximant of `x / 2^s`, with s from the norm of x, is squared s times.

    References
    ----------
    N. Higham, The scaling and squaring method for the matrix exponential revisited, SIAM Journal on Matrix Analysis
    and Applications 26(4), 2005.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.expm([[0.0, 1.0], [0.0, 0.0]])
    tensor([[1., 1.],
            [0., 1.]])
    """
    x = matrices("expm", x, square=True)
    if not x.size:
        return x + 0
    single = x.dtype.name in ("float32", "complex64")
    degree, reach = _FLOAT if single else _DOUBLE
    size = max_(sum_(abs_(x.detach()), axis=-2), axis=-1)
    most = float(max_(size).item())
    squarings = max(0, math.ceil(math.log2(most / reach))) if 0 < most < math.inf else 0
    halvings = [size > reach * 2.0**i for i in range(squarings)]  # of which matrices
    for larger in halvings:
        x = where(larger[..., None, None], x * 0.5, x)
    y = _approximant(x, degree)
    for larger in halvings:
        y = where(larger[..., None, None], matmul(y, y), y)
    return y


def _approximant(x: Tensor, degree: int) -> Tensor:
    """(v - u)^-1 (v + u), of the odd powers u and the even ones v."""
    b = _pade(degree)
    identity = eye(x.shape[-1], dtype=x.dtype, device=x.device)
    x2 = matmul(x, x)
    u, v = identity * b[degree], identity * b[degree - 1]
    for k in range(degree - 2, 0, -2):
        u, v = matmul(x2, u) + identity * b[k], matmul(x2, v) + identity * b[k - 1]
    u = matmul(x, u)
    return _solve(v - u, v + u)
