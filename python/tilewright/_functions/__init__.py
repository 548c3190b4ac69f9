"""Every op and the public array functions, a file for each family. What only layers use is loaded by `nn`, the
families of `later.py` when one of their functions is first used.

The families give the engine the few ops that it calls itself.
"""

from .. import _vjps as _vjps  # has the gradients of a family loaded when they are first needed
from .._engine.registry import needed
from . import methods as methods, protocols as protocols  # bind them to Tensor
from .aliases import __all__ as _aliases
from .arithmetic import __all__ as _arithmetic, add
from .bitwise import __all__ as _bitwise
from .comparison import __all__ as _comparison
from .complex import __all__ as _complex
from .creation import __all__ as _creation
from .data_types import __all__ as _data_types
from .exponential import __all__ as _exponential
from .extrema import __all__ as _extrema
from .indexing import __all__ as _indexing, setitem
from .inspection import __all__ as _inspection
from .later import LATER
from .linalg import __all__ as _linalg
from .logical import __all__ as _logical
from .manipulation import __all__ as _manipulation, _reshape, astype, copy, to_device
from .padding import __all__ as _padding
from .reductions import __all__ as _reductions, _sum
from .rounding import __all__ as _rounding
from .scans import __all__ as _scans
from .signs import __all__ as _signs
from .sorting import __all__ as _sorting
from .statistics import __all__ as _statistics
from .triangular import __all__ as _triangular
from .trigonometric import __all__ as _trigonometric

needed.add, needed.sum, needed.reshape = add, _sum, _reshape
needed.astype, needed.copy, needed.to_device, needed.setitem = astype, copy, to_device, setitem

__all__ = [
    *_arithmetic,
    *_bitwise,
    *_comparison,
    *_complex,
    *_creation,
    *_data_types,
    *_exponential,
    *_extrema,
    *_indexing,
    *_inspection,
    *_linalg,
    *_logical,
    *_manipulation,
    *_padding,
    *_reductions,
    *_rounding,
    *_scans,
    *_signs,
    *_sorting,
    *_statistics,
    *_triangular,
    *_trigonometric,
    *(name for names in LATER.values() for name in names),
    *_aliases,  # last: the first name of a function is its own
]
