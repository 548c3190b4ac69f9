"""Where pickles look for tensors, those of version 0.1.0 too."""

from ._engine.tensor import Tensor, _unpickle

__all__ = ["Tensor", "_unpickle"]
