"""Layers, activations and losses as functions."""

from .activations import *
from .activations import __all__ as _activations
from .attention import *
from .attention import __all__ as _attention
from .conv import *
from .conv import __all__ as _conv
from .distances import *
from .distances import __all__ as _distances
from .dropout import *
from .dropout import __all__ as _dropout
from .embedding import *
from .embedding import __all__ as _embedding
from .folding import *
from .folding import __all__ as _folding
from .gated import *
from .gated import __all__ as _gated
from .linear import *
from .linear import __all__ as _linear
from .linear_attention import *
from .linear_attention import __all__ as _linear_attention
from .losses import __all__ as _losses
from .losses.classification import *
from .losses.ctc import *
from .losses.margin import *
from .losses.ranking import *
from .losses.regression import *
from .normalization import *
from .normalization import __all__ as _normalization
from .padding import *
from .padding import __all__ as _padding
from .piecewise import *
from .piecewise import __all__ as _piecewise
from .pooling import *
from .pooling import __all__ as _pooling
from .resampling import *
from .resampling import __all__ as _resampling
from .rotary import *
from .rotary import __all__ as _rotary
from .shuffling import *
from .shuffling import __all__ as _shuffling

__all__ = [
    *_activations,
    *_attention,
    *_conv,
    *_distances,
    *_dropout,
    *_embedding,
    *_folding,
    *_gated,
    *_linear,
    *_linear_attention,
    *_losses,
    *_normalization,
    *_padding,
    *_piecewise,
    *_pooling,
    *_resampling,
    *_rotary,
    *_shuffling,
]
