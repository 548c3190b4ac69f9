"""Looking into training: units, gradients, curvature, landscapes, kernels, and what optimisers do.

What is computed comes as numbers and as tables of text. Pictures need matplotlib: `pip install tilewright[plot]`.
"""

from .curvature import *
from .curvature import __all__ as _curvature
from .flow import *
from .flow import __all__ as _flow
from .invariance import *
from .invariance import __all__ as _invariance
from .kernels import *
from .kernels import __all__ as _kernels
from .paths import *
from .paths import __all__ as _paths
from .rates import *
from .rates import __all__ as _rates
from .surface import *
from .surface import __all__ as _surface
from .units import *
from .units import __all__ as _units

__all__ = [*_curvature, *_flow, *_invariance, *_kernels, *_paths, *_rates, *_surface, *_units]
