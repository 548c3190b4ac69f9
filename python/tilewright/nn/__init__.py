"""Layers, losses and what they are made of, with PyTorch's names and layouts."""

from typing import TYPE_CHECKING, Any

from . import functional, init
from ._fuse import *
from ._fuse import __all__ as _fuse
from ._winograd import *
from ._winograd import __all__ as _winograd
from .activations import *
from .activations import __all__ as _activations
from .attention import *
from .attention import __all__ as _attention
from .batch_normalization import *
from .batch_normalization import __all__ as _batch_normalization
from .cache import *
from .cache import __all__ as _cache
from .compressed import *
from .compressed import __all__ as _compressed
from .containers import *
from .containers import __all__ as _containers
from .conv import *
from .conv import __all__ as _conv
from .distances import *
from .distances import __all__ as _distances
from .dropout import *
from .dropout import __all__ as _dropout
from .embedding import *
from .embedding import __all__ as _embedding
from .flatten import *
from .flatten import __all__ as _flatten
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
from .module import Module
from .multihead import *
from .multihead import __all__ as _multihead
from .normalization import *
from .normalization import __all__ as _normalization
from .padding import *
from .padding import __all__ as _padding
from .parameter import Parameter
from .parameter_containers import *
from .parameter_containers import __all__ as _parameter_containers
from .piecewise import *
from .piecewise import __all__ as _piecewise
from .pooling import *
from .pooling import __all__ as _pooling
from .positions import *
from .positions import __all__ as _positions
from .recurrent import *
from .recurrent import __all__ as _recurrent_layers
from .recurrent_cells import *
from .recurrent_cells import __all__ as _recurrent_cells
from .relative import *
from .relative import __all__ as _relative
from .resampling import *
from .resampling import __all__ as _resampling
from .rotary import *
from .rotary import __all__ as _rotary
from .shuffling import *
from .shuffling import __all__ as _shuffling
from .spiking import *
from .spiking import __all__ as _spiking
from .transformer import *
from .transformer import __all__ as _transformer
from .transformer_layers import *
from .transformer_layers import __all__ as _transformer_layers

if TYPE_CHECKING:
    from . import utils

__all__ = [
    "Module",
    "Parameter",
    "functional",
    "init",
    "utils",
    *_activations,
    *_attention,
    *_batch_normalization,
    *_compressed,
    *_cache,
    *_containers,
    *_conv,
    *_distances,
    *_dropout,
    *_embedding,
    *_flatten,
    *_folding,
    *_fuse,
    *_gated,
    *_linear,
    *_linear_attention,
    *_losses,
    *_multihead,
    *_normalization,
    *_padding,
    *_parameter_containers,
    *_piecewise,
    *_pooling,
    *_positions,
    *_recurrent_cells,
    *_recurrent_layers,
    *_relative,
    *_resampling,
    *_rotary,
    *_shuffling,
    *_spiking,
    *_transformer,
    *_transformer_layers,
    *_winograd,
]


def __getattr__(name: str) -> Any:
    """Import `utils`, which a model alone does not need, when it is first used."""
    if name == "utils":
        import importlib

        return importlib.import_module(f"{__name__}.utils")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "utils"})
