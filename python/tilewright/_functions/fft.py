"""The ops of `tilewright.fft`: NumPy's transforms, and what their gradients need."""

from __future__ import annotations

from .. import _core
from .._engine.op import primitive
from .._engine.tensor import Tensor
from .padding import _pad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What the inverse multiplies by where the transform does not, and the other way round.
OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _by_numpy(transform: Callable[[Any, Any], Any], x: Any, axes: tuple[int, ...]) -> Any:
    """What `numpy.fft` makes of an array, where that is; it works on the host."""
    import numpy as np

    a = np.asarray(_core.to_host("fft", x))
    if not a.size:  # NumPy reads what is not there where an axis without elements is to become longer
        shape = [1 if axis in axes else length for axis, length in enumerate(a.shape)]
        a = np.zeros(shape, a.dtype)
    try:
        with np.errstate(all="ignore"):  # of NaN and infinity
            y = transform(np.fft, a)
    except MemoryError as error:
        raise MemoryError(f"fft: {error}") from None
    return _core.to_device(_core.from_buffer(np.asarray(y, order="C"), False), x.device)


def _fft_kernel(x: Any, axes: Any, sizes: Any, inverse: bool, norm: str) -> Any:
    if len(axes) == 1:
        name = "ifft" if inverse else "fft"
        return _by_numpy(lambda fft, a: getattr(fft, name)(a, sizes[0], axes[0], norm), x, axes)
    name = "ifftn" if inverse else "fftn"
    return _by_numpy(lambda fft, a: getattr(fft, name)(a, sizes, axes, norm), x, axes)


def _rfft_kernel(x: Any, n: int, axis: int, norm: str) -> Any:
    return _by_numpy(lambda fft, a: fft.rfft(a, n, axis, norm), x, (axis,))


def _irfft_kernel(x: Any, n: int, axis: int, norm: str) -> Any:
    return _by_numpy(lambda fft, a: fft.irfft(a, n, axis, norm), x, (axis,))


@primitive(kernel=_fft_kernel)
def _fft(  # type: ignore[empty-body]
    x: Any, /, axes: tuple[int, ...], sizes: tuple[int, ...], inverse: bool, norm: str
) -> Tensor:
    """The transform over some axes, of which so many elements are taken, zeros where there are fewer."""


@primitive(kernel=_rfft_kernel)
def _rfft(x: Any, /, n: int, axis: int, norm: str) -> Tensor:  # type: ignore[empty-body]
    """Of n real numbers along an axis: the first n // 2 + 1 of the transform."""


@primitive(kernel=_irfft_kernel)
def _irfft(x: Any, /, n: int, axis: int, norm: str) -> Tensor:  # type: ignore[empty-body]
    """The n real numbers whose transform begins with x along an axis."""


def resized(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """With zeros behind or elements left out at the end of each axis; the adjoint of going from `shape` to x's."""
    if x.shape == shape:
        return x
    after = tuple([n - m for m, n in zip(x.shape, shape, strict=True)])
    return _pad(x, (0,) * len(after), after, "constant", 0)


def rolled(x: Tensor, shifts: tuple[int, ...]) -> Tensor:
    """Moved on along each axis, what leaves at the end coming in at the front."""
    return _pad(x, shifts, tuple([-shift for shift in shifts]), "wrap", 0) if x.size else x
