"""Layers, activations and losses as functions."""

from .activations import *
from .activations import __all__ as _activations
from .dropout import *
from .dropout import __all__ as _dropout
from .embedding import *
from .embedding import __all__ as _embedding
from .linear import *
from .linear import __all__ as _linear
from .losses import *
from .losses import __all__ as _losses

__all__ = [*_activations, *_dropout, *_embedding, *_linear, *_losses]
