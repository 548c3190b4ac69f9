"""Parts, conjugates and angles of complex numbers. Of real ones they cost nothing."""

from __future__ import annotations

from .._engine.op import primitive
from .._engine.tensor import asarray, filled_like
from .trigonometric import arctan2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = ["angle", "conj", "imag", "real"]


@primitive
def _real(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The real parts of a complex tensor, a view."""


@primitive
def _imag(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The imaginary parts of a complex tensor, a view."""


@primitive
def _conj(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The conjugates of a complex tensor."""


def real(x: Any, /) -> Tensor:
    """Real part.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Shape of `x`; of complex numbers a view with the dtype of their parts, else `x` itself.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.real([1 + 2j, 3 - 4j])
    tensor([1., 3.])
    """
    x = asarray(x)
    return _real(x) if x.dtype.is_complex else x


def imag(x: Any, /) -> Tensor:
    """Imaginary part.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Shape of `x`; of complex numbers a view with the dtype of their parts, else zeros that cannot be written to.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.imag([1 + 2j, 3 - 4j])
    tensor([ 2., -4.])
    """
    x = asarray(x)
    if x.dtype.is_complex:
        return _imag(x)
    zeros = filled_like(x, 0)
    zeros._array.readonly = True
    return zeros


def conj(x: Any, /) -> Tensor:
    """Complex conjugate.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Shape and dtype of `x`; `x` itself where it is real.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.conj([1 + 2j])
    tensor([1.-2.j], dtype=complex64)
    """
    x = asarray(x)
    return _conj(x) if x.dtype.is_complex else x


def angle(x: Any, /) -> Tensor:
    """Angle of complex numbers with the positive real axis.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Shape of `x`, in radians, in [-pi, pi]; for real numbers 0, or pi below 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.angle([1j, -1.0])
    tensor([1.5707964, 3.1415927])
    """
    x = asarray(x)
    return arctan2(imag(x), real(x))
