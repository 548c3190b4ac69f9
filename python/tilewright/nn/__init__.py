"""Layers, losses and what they are made of, with PyTorch's names and layouts."""

from . import functional, init, utils
from .activations import *
from .activations import __all__ as _activations
from .containers import *
from .containers import __all__ as _containers
from .dropout import *
from .dropout import __all__ as _dropout
from .flatten import *
from .flatten import __all__ as _flatten
from .gated import *
from .gated import __all__ as _gated
from .linear import *
from .linear import __all__ as _linear
from .losses import *
from .losses import __all__ as _losses
from .module import Module
from .parameter import Parameter
from .piecewise import *
from .piecewise import __all__ as _piecewise

__all__ = [
    "Module",
    "Parameter",
    "functional",
    "init",
    "utils",
    *_activations,
    *_containers,
    *_dropout,
    *_flatten,
    *_gated,
    *_linear,
    *_losses,
    *_piecewise,
]
