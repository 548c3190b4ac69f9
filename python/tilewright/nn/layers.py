"""Where pickles of version 0.1.0 look for layers that are now in the files of their families."""

from .dropout import Dropout
from .flatten import Flatten
from .linear import Identity, Linear, PackedLinear

__all__ = ["Dropout", "Flatten", "Identity", "Linear", "PackedLinear"]
