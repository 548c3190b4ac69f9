"""Tensors, the tape and the walk back over it, and how a kernel becomes an op. No family of ops is imported here."""

from .autocast import __all__ as _autocast
from .config import __all__ as _config
from .dtypes import __all__ as _dtypes
from .explain import __all__ as _explain
from .tensor import __all__ as _tensor

__all__ = [*_autocast, *_config, *_dtypes, *_explain, *_tensor]
