"""The part of NumPy's `linalg` that tilewright has; see `tilewright.linalg`."""

from __future__ import annotations

from typing import Any

from .. import linalg as _linalg
from ._rules import adapted

__all__ = ["inv", "qr", "slogdet"]

inv = adapted("inv", _linalg.inv, "a=x")
qr = adapted("qr", _linalg.qr, "a=x mode")
slogdet = adapted("slogdet", _linalg.slogdet, "a=x")


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no {name!r} yet")
