"""Every op and the public array functions, a file for each family. What only layers use is loaded by `nn`.

The families give the engine the few ops that it calls itself.
"""

from .. import _vjps as _vjps  # has the gradients of a family loaded when they are first needed
from .._engine.registry import needed
from . import methods as methods, protocols as protocols  # bind them to Tensor
from .aliases import __all__ as _aliases
from .applying import __all__ as _applying
from .arithmetic import __all__ as _arithmetic, add
from .bitwise import __all__ as _bitwise
from .comparison import __all__ as _comparison
from .complex import __all__ as _complex
from .creation import __all__ as _creation
from .data_types import __all__ as _data_types
from .diagonals import __all__ as _diagonals
from .differences import __all__ as _differences
from .einsum import __all__ as _einsum
from .exponential import __all__ as _exponential
from .extrema import __all__ as _extrema
from .grids import __all__ as _grids
from .histograms import __all__ as _histograms
from .indexing import __all__ as _indexing, setitem
from .inspection import __all__ as _inspection
from .interpolation import __all__ as _interpolation
from .joining import __all__ as _joining
from .linalg import __all__ as _linalg
from .logical import __all__ as _logical
from .manipulation import __all__ as _manipulation, _reshape, astype, copy, to_device
from .nan_reductions import __all__ as _nan_reductions
from .order_statistics import __all__ as _order_statistics
from .padding import __all__ as _padding
from .polynomials import __all__ as _polynomials
from .products import __all__ as _products
from .reductions import __all__ as _reductions, _sum
from .repeating import __all__ as _repeating
from .rounding import __all__ as _rounding
from .scans import __all__ as _scans
from .searching import __all__ as _searching
from .sets import __all__ as _sets
from .signs import __all__ as _signs
from .sorting import __all__ as _sorting
from .statistics import __all__ as _statistics
from .tolerance import __all__ as _tolerance
from .triangular import __all__ as _triangular
from .trigonometric import __all__ as _trigonometric

needed.add, needed.sum, needed.reshape = add, _sum, _reshape
needed.astype, needed.copy, needed.to_device, needed.setitem = astype, copy, to_device, setitem

__all__ = [
    *_aliases,
    *_applying,
    *_arithmetic,
    *_bitwise,
    *_comparison,
    *_complex,
    *_creation,
    *_data_types,
    *_diagonals,
    *_differences,
    *_einsum,
    *_exponential,
    *_extrema,
    *_grids,
    *_histograms,
    *_indexing,
    *_inspection,
    *_interpolation,
    *_joining,
    *_linalg,
    *_logical,
    *_manipulation,
    *_nan_reductions,
    *_order_statistics,
    *_padding,
    *_polynomials,
    *_products,
    *_reductions,
    *_repeating,
    *_rounding,
    *_scans,
    *_searching,
    *_sets,
    *_signs,
    *_sorting,
    *_statistics,
    *_tolerance,
    *_triangular,
    *_trigonometric,
]
