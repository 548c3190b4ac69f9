"""Layers, losses and what they are made of, with PyTorch's names and layouts."""

from . import functional, init, utils
from .activations import *
from .activations import __all__ as _activations
from .containers import *
from .containers import __all__ as _containers
from .distances import *
from .distances import __all__ as _distances
from .dropout import *
from .dropout import __all__ as _dropout
from .flatten import *
from .flatten import __all__ as _flatten
from .linear import *
from .linear import __all__ as _linear
from .losses import __all__ as _losses
from .losses.classification import *
from .losses.margin import *
from .losses.ranking import *
from .losses.regression import *
from .module import Module
from .parameter import Parameter
from .parameter_containers import *
from .parameter_containers import __all__ as _parameter_containers

__all__ = [
    "Module",
    "Parameter",
    "functional",
    "init",
    "utils",
    *_activations,
    *_containers,
    *_distances,
    *_dropout,
    *_flatten,
    *_linear,
    *_losses,
    *_parameter_containers,
]
