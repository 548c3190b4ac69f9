"""Starting values for parameters. Each function fills the given tensor in place and returns it.

A network learns well where the scale of the activations, and of the gradients on the way back, stays the same from
layer to layer. Xavier (Glorot) initialisation holds both for tanh-like activations, Kaiming (He) initialisation for
ReLU-like ones. Values come from `generator`, by default `tilewright.random.default_generator`.
"""

from .constant import *
from .constant import __all__ as _constant
from .distributions import *
from .distributions import __all__ as _distributions
from .scaled import *
from .scaled import __all__ as _scaled

__all__ = [*_constant, *_distributions, *_scaled]
