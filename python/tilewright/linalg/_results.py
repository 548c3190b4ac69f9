"""What functions with several results return, and what they ask of their operands."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import _core
from .._engine.arguments import array
from .._engine.tensor import Tensor, asarray
from .._functions.linalg import refused


class EigResult(NamedTuple):
    """What `eig` returns.

    Attributes
    ----------
    eigenvalues : Tensor
        In no order.
    eigenvectors : Tensor
        Columns of length 1.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor


class EighResult(NamedTuple):
    """What `eigh` returns.

    Attributes
    ----------
    eigenvalues : Tensor
        Real, in ascending order.
    eigenvectors : Tensor
        Orthonormal columns.
    """

    eigenvalues: Tensor
    eigenvectors: Tensor


class LstsqResult(NamedTuple):
    """What `lstsq` returns.

    Attributes
    ----------
    solution : Tensor
        The shortest of the best.
    residuals : Tensor
        The squared length of what is left over, for each column; empty where the rank is below n, or m is not above it.
    rank : int
        Of the matrix.
    singular_values : Tensor
        Of the matrix.
    """

    solution: Tensor
    residuals: Tensor
    rank: int
    singular_values: Tensor


class QRResult(NamedTuple):
    """What `qr` returns.

    Attributes
    ----------
    Q : Tensor
        Its columns are orthonormal.
    R : Tensor
        Upper triangular.
    """

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """What `slogdet` returns.

    Attributes
    ----------
    sign : Tensor
        1, -1 or 0; of complex matrices a number of length 1, or 0.
    logabsdet : Tensor
        The natural logarithm of the determinant's absolute value, -inf where it is 0.
    """

    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    """What `svd` returns.

    Attributes
    ----------
    U : Tensor
        Orthonormal columns.
    S : Tensor
        Real, in descending order.
    Vh : Tensor
        Orthonormal rows.
    """

    U: Tensor
    S: Tensor
    Vh: Tensor


def inexact(op: str, name: str, x: Any) -> Tensor:
    """A tensor of floats or complex numbers."""
    x = array(op, name, x)
    return x if x.dtype.is_inexact else asarray(x, _core.default_float(x))


def matrices(op: str, x: Any, *, square: bool = False, name: str = "x") -> Tensor:
    """A tensor that LAPACK takes."""
    x = inexact(op, name, x)
    if x.dtype.is_floating and x.itemsize < 4:
        raise TypeError(f"{op}: dtype {x.dtype.name} is not supported; use x.astype('float32')")
    if x.ndim < 2:
        raise refused(f"{op}: {name} has shape {x.shape}, but needs at least two axes")
    if square and x.shape[-1] != x.shape[-2]:
        raise refused(f"{op}: {name} has shape {x.shape}, but its matrices must be square")
    return x


def eps_of(x: Tensor) -> float:
    """The distance of 1 and the next number of the dtype, or of its parts."""
    bits = {2: 10, 4: 23, 8: 52}[x.itemsize // (2 if x.dtype.is_complex else 1)]
    return 2.0 ** -(7 if x.dtype == _core.DType.bfloat16 else bits)
