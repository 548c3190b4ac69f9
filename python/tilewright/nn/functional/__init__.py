"""Layers, activations and losses as functions."""

from .activations import *
from .activations import __all__ as _activations
from .conv import *
from .conv import __all__ as _conv
from .distances import *
from .distances import __all__ as _distances
from .dropout import *
from .dropout import __all__ as _dropout
from .embedding import *
from .embedding import __all__ as _embedding
from .gated import *
from .gated import __all__ as _gated
from .linear import *
from .linear import __all__ as _linear
from .losses import __all__ as _losses
from .losses.classification import *
from .losses.margin import *
from .losses.ranking import *
from .losses.regression import *
from .normalization import *
from .normalization import __all__ as _normalization
from .piecewise import *
from .piecewise import __all__ as _piecewise
from .pooling import *
from .pooling import __all__ as _pooling

__all__ = [
    *_activations,
    *_conv,
    *_distances,
    *_dropout,
    *_embedding,
    *_gated,
    *_linear,
    *_losses,
    *_normalization,
    *_piecewise,
    *_pooling,
]
