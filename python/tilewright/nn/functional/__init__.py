"""Layers, activations and losses as functions."""

from .activations import *
from .activations import __all__ as _activations
from .dropout import *
from .dropout import __all__ as _dropout
from .gated import *
from .gated import __all__ as _gated
from .linear import *
from .linear import __all__ as _linear
from .losses import *
from .losses import __all__ as _losses
from .piecewise import *
from .piecewise import __all__ as _piecewise

__all__ = [*_activations, *_dropout, *_gated, *_linear, *_losses, *_piecewise]
