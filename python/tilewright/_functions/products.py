"""Products of arrays by way of `matmul`: over given axes, of vectors, of all pairs."""

from __future__ import annotations

import math

from .._engine.arguments import array, entries, integer, integers, is_integer
from .._engine.op import beside
from .._engine.tensor import Tensor
from .arithmetic import multiply, subtract
from .complex import conj
from .linalg import matmul
from .manipulation import _axis, concatenate, expand_dims, moveaxis, permute_dims, reshape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["cross", "dot", "inner", "kron", "matvec", "outer", "tensordot", "vdot", "vecdot", "vecmat"]


def operands(op: str, names: Sequence[str], values: Sequence[Any]) -> list[Tensor]:
    """Array-likes as tensors, beside those that are tensors already."""
    anchor = next((v for v in values if isinstance(v, Tensor)), None)
    made = []
    for name, value in zip(names, values):  # noqa: B905 - of one length, by the caller
        x = array(op, name, value)
        made.append(x if x is value or anchor is None else beside(anchor, value))
    return made


def _pair(op: str, x1: Any, x2: Any) -> list[Tensor]:
    if isinstance(x1, Tensor) and isinstance(x2, Tensor):
        return [x1, x2]
    return operands(op, ("x1", "x2"), (x1, x2))


def _at_least(op: str, name: str, x: Tensor, axes: int) -> None:
    if x.ndim < axes:
        needed = "one axis" if axes == 1 else f"{axes} axes"
        raise ValueError(f"{op}: {name} has shape {x.shape}, but needs at least {needed}")


# ---- sums over axes of both ------------------------------------------------------------------------------------------


def _contracted(axes: Any, x1: Tensor, x2: Tensor) -> tuple[list[int], list[int]]:
    """The axes of each that `tensordot` sums over."""
    op = "tensordot"
    if is_integer(axes):
        n = integer(op, "axes", axes, at_least=0)
        if n > min(x1.ndim, x2.ndim):
            raise ValueError(f"{op}: axes is {n}, but x1 and x2 have {x1.ndim} and {x2.ndim} dimensions")
        return list(range(x1.ndim - n, x1.ndim)), list(range(n))
    both = entries(op, "axes", axes, "an integer, or two sequences of axes")
    if len(both) != 2:
        raise ValueError(f"{op}: axes has {len(both)} entries, but must be an integer, or two sequences of axes")
    first, second = (
        [_axis(op, a, x.ndim, "an entry of axes") for a in integers(op, "axes", given)]
        for given, x in zip(both, (x1, x2), strict=True)
    )
    if len(first) != len(second):
        raise ValueError(f"{op}: axes has {len(first)} axes of x1, but {len(second)} of x2")
    for name, chosen in (("x1", first), ("x2", second)):
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"{op}: axes has an axis of {name} twice")
    return first, second


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    """Sum of products over axes of both arrays; all other axes are kept.

    Parameters
    ----------
    x1, x2 : array-like
        Any shapes, with one length along the axes that are summed over.
    axes : int or two sequences of int
        So many of the last axes of `x1` and of the first of `x2`; or which axes of `x1`, and which of `x2` they meet.

    Returns
    -------
    Tensor
        The other axes of `x1`, then those of `x2`.

    Raises
    ------
    ValueError
        Where the lengths differ, or an axis is given twice.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.ones((2, 3, 4))
    >>> tw.tensordot(x, tw.ones((4, 3)), axes=([1, 2], [1, 0]))
    tensor([12., 12.])
    """
    x1, x2 = _pair("tensordot", x1, x2)
    first, second = _contracted(axes, x1, x2)
    for a, b in zip(first, second, strict=True):
        if x1.shape[a] != x2.shape[b]:
            raise ValueError(
                f"tensordot: axis {a} of x1 {x1.shape} and axis {b} of x2 {x2.shape} are summed over together, but "
                f"have lengths {x1.shape[a]} and {x2.shape[b]}"
            )
    rows = [a for a in range(x1.ndim) if a not in first]
    columns = [b for b in range(x2.ndim) if b not in second]
    inner = math.prod([x1.shape[a] for a in first])
    left = [x1.shape[a] for a in rows]
    right = [x2.shape[b] for b in columns]
    product = matmul(
        reshape(permute_dims(x1, (*rows, *first)), (math.prod(left), inner)),
        reshape(permute_dims(x2, (*second, *columns)), (inner, math.prod(right))),
    )
    return reshape(product, (*left, *right))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Dot products of vectors, `sum(conj(x1) * x2)` along an axis.

    Parameters
    ----------
    x1, x2 : array-like
        Of one length along `axis`; the other axes broadcast.
    axis : int
        The axis of the vectors, in each.

    Returns
    -------
    Tensor
        The broadcast shape without `axis`.

    Raises
    ------
    ValueError
        Where the lengths along `axis` differ.
    AxisError
        Where one of them has no such axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.vecdot([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    tensor([3., 7.])
    """
    x1, x2 = _pair("vecdot", x1, x2)
    axis = integer("vecdot", "axis", axis)
    if axis != -1:
        x1, x2 = (moveaxis(x, _axis("vecdot", axis, x.ndim), -1) for x in (x1, x2))
    _same_length("vecdot", x1, x2)
    product = matmul(expand_dims(_conj(x1), axis=-2), expand_dims(x2, axis=-1))
    return reshape(product, product.shape[:-2])


def _conj(x: Tensor) -> Tensor:
    return conj(x) if x.dtype.is_complex else x


def _same_length(op: str, x1: Tensor, x2: Tensor) -> None:
    for name, x in (("x1", x1), ("x2", x2)):
        _at_least(op, name, x, 1)
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"{op}: the vectors of x1 {x1.shape} and x2 {x2.shape} have lengths that differ")


def matvec(x1: Any, x2: Any, /) -> Tensor:
    """Products of matrices with vectors.

    Parameters
    ----------
    x1 : array-like, shape (..., m, n)
        Matrices.
    x2 : array-like, shape (..., n)
        Vectors; the leading axes broadcast.

    Returns
    -------
    Tensor, shape (..., m)

    Raises
    ------
    ValueError
        Where `x1` has fewer than two axes or `x2` none, or the lengths n differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.matvec([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]])
    tensor([[1., 3.],
            [2., 4.]])
    """
    x1, x2 = _pair("matvec", x1, x2)
    _at_least("matvec", "x1", x1, 2)
    _same_length("matvec", x1, x2)
    product = matmul(x1, expand_dims(x2, axis=-1))
    return reshape(product, product.shape[:-1])


def vecmat(x1: Any, x2: Any, /) -> Tensor:
    """Products of vectors, conjugated, with matrices.

    Parameters
    ----------
    x1 : array-like, shape (..., n)
        Vectors.
    x2 : array-like, shape (..., n, m)
        Matrices; the leading axes broadcast.

    Returns
    -------
    Tensor, shape (..., m)

    Raises
    ------
    ValueError
        Where `x2` has fewer than two axes or `x1` none, or the lengths n differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.vecmat([1.0, 1.0], [[1.0, 2.0], [3.0, 4.0]])
    tensor([4., 6.])
    """
    x1, x2 = _pair("vecmat", x1, x2)
    _at_least("vecmat", "x1", x1, 1)
    _at_least("vecmat", "x2", x2, 2)
    if x1.shape[-1] != x2.shape[-2]:
        raise ValueError(f"vecmat: x1 {x1.shape} has vectors of length {x1.shape[-1]}, but x2 {x2.shape} does not fit")
    product = matmul(expand_dims(_conj(x1), axis=-2), x2)
    return reshape(product, (*product.shape[:-2], product.shape[-1]))


def dot(x1: Any, x2: Any, /) -> Tensor:
    """NumPy's dot product: of numbers, vectors, matrices, or the last axis of `x1` and the last but one of `x2`.

    Parameters
    ----------
    x1 : array-like, shape (..., k)
        0-d, too.
    x2 : array-like, shape (..., k, n) or (k,)
        0-d, too. Leading axes do not broadcast, as those of `matmul` do: each matrix meets each.

    Returns
    -------
    Tensor
        The axes of `x1` without k, then those of `x2`.

    Raises
    ------
    ValueError
        Where the lengths k differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.dot([1.0, 2.0], [3.0, 4.0])
    tensor(11.)
    """
    if isinstance(x1, Tensor) and isinstance(x2, Tensor) and x1._array.ndim == 1 and x1.shape == x2.shape:
        return matmul(x1, x2)
    x1, x2 = _pair("dot", x1, x2)
    if not x1.ndim or not x2.ndim:
        return multiply(x1, x2)
    inner = x2.shape[-2] if x2.ndim > 1 else x2.shape[0]
    if x1.shape[-1] != inner:
        raise ValueError(f"dot: x1 {x1.shape} and x2 {x2.shape} do not fit: {x1.shape[-1]} and {inner} differ")
    if x2.ndim <= 2:
        return matmul(x1, x2)
    return tensordot(x1, x2, axes=([-1], [-2]))


def vdot(x1: Any, x2: Any, /) -> Tensor:
    """Dot product of two arrays as one vector each, the first conjugated.

    Parameters
    ----------
    x1, x2 : array-like
        Of one size.

    Returns
    -------
    Tensor
        0-d.

    Raises
    ------
    ValueError
        Where the sizes differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.vdot([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]])
    tensor(10.)
    """
    x1, x2 = _pair("vdot", x1, x2)
    if x1.size != x2.size:
        raise ValueError(f"vdot: x1 {x1.shape} and x2 {x2.shape} have {x1.size} and {x2.size} elements, not as many")
    return matmul(reshape(_conj(x1), (-1,)), reshape(x2, (-1,)))


def inner(x1: Any, x2: Any, /) -> Tensor:
    """Sum of products along the last axes; every vector of `x1` meets every one of `x2`.

    Parameters
    ----------
    x1, x2 : array-like
        Of one length along the last axis; or one is 0-d, and multiplies.

    Returns
    -------
    Tensor
        The axes of `x1` but the last, then those of `x2` but the last.

    Raises
    ------
    ValueError
        Where the lengths differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.inner([[1.0, 0.0], [1.0, 1.0]], [2.0, 3.0])
    tensor([2., 5.])
    """
    x1, x2 = _pair("inner", x1, x2)
    if not x1.ndim or not x2.ndim:
        return multiply(x1, x2)
    _same_length("inner", x1, x2)
    return tensordot(x1, x2, axes=([-1], [-1]))


# ---- products of all pairs -------------------------------------------------------------------------------------------


def outer(x1: Any, x2: Any, /) -> Tensor:
    """Products of every element of the one with every element of the other.

    Parameters
    ----------
    x1 : array-like
        m elements; axes do not count.
    x2 : array-like
        n elements.

    Returns
    -------
    Tensor, shape (m, n)

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.outer([1.0, 2.0], [3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    x1, x2 = _pair("outer", x1, x2)
    return multiply(reshape(x1, (x1.size, 1)), reshape(x2, (1, x2.size)))


def kron(x1: Any, x2: Any, /) -> Tensor:
    """Kronecker product: copies of `x2`, each times one element of `x1`.

    Parameters
    ----------
    x1, x2 : array-like
        Any shapes; the one with fewer axes gets more of length 1 in front.

    Returns
    -------
    Tensor
        Along each axis the product of the lengths.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.kron([1.0, 10.0], [1.0, 2.0, 3.0])
    tensor([ 1.,  2.,  3., 10., 20., 30.])
    """
    x1, x2 = _pair("kron", x1, x2)
    ndim = max(x1.ndim, x2.ndim)
    if 2 * ndim > 16:
        raise ValueError(f"kron: x1 {x1.shape} and x2 {x2.shape} have more than 8 dimensions")
    s1, s2 = ((1,) * (ndim - x.ndim) + x.shape for x in (x1, x2))
    wide1 = tuple([length for n in s1 for length in (n, 1)])
    wide2 = tuple([length for n in s2 for length in (1, n)])
    apart = multiply(reshape(x1, wide1), reshape(x2, wide2))
    return reshape(apart, tuple([m * n for m, n in zip(s1, s2, strict=True)]))


def _turned(x: Tensor) -> Tensor:
    """Each vector (x0, x1, x2) as (x1, x2, x0)."""
    return concatenate([x[..., 1:], x[..., :1]], axis=-1)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Cross product of vectors in three dimensions.

    Parameters
    ----------
    x1, x2 : array-like
        Of length 3 along `axis`; the other axes broadcast.
    axis : int
        The axis of the vectors, in each and in the result.

    Returns
    -------
    Tensor
        The broadcast shape.

    Raises
    ------
    ValueError
        Where the length along `axis` is not 3.
    AxisError
        Where one of them has no such axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    tensor([0., 0., 1.])
    """
    x1, x2 = _pair("cross", x1, x2)
    axis = integer("cross", "axis", axis)
    for name, x in (("x1", x1), ("x2", x2)):
        _at_least("cross", name, x, 1)
        length = x.shape[_axis("cross", axis, x.ndim)]
        if length != 3:
            raise ValueError(f"cross: {name} {x.shape} has length {length} along axis {axis}, but must have 3")
    if axis != -1:
        x1, x2 = (moveaxis(x, axis, -1) for x in (x1, x2))
    product = _turned(subtract(multiply(x1, _turned(x2)), multiply(_turned(x1), x2)))
    return product if axis == -1 else moveaxis(product, -1, axis)
