"""NumPy's `fft`; see `tilewright.fft`."""

from __future__ import annotations

from typing import Any

from .. import fft as _fft
from ._rules import adapted

__all__ = [*_fft.__all__]

_LINE, _GRID = "a=x n axis norm -out", "a=x s axes norm -out"
_PARAMETERS = {
    **dict.fromkeys(("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"), _LINE),
    **dict.fromkeys(("fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"), _GRID),
    **dict.fromkeys(("fftfreq", "rfftfreq"), "n d -device"),
    **dict.fromkeys(("fftshift", "ifftshift"), "x axes"),
}
globals().update({name: adapted(name, getattr(_fft, name), given) for name, given in _PARAMETERS.items()})


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no {name!r}")
