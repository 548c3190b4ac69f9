"""Random changes of batches of images, by which a network sees more of them than there are: data augmentation.

Each takes a batch of shape (N, C, H, W) and gives a new one. Every image has random parameters of its own, and all
images are changed at once. The same seed gives the same bits. Gradients flow through to the batch.
"""

from ._base import Compose
from .colours import *
from .colours import __all__ as _colours
from .cropping import *
from .cropping import __all__ as _cropping
from .geometry import *
from .geometry import __all__ as _geometry
from .mixing import *
from .mixing import __all__ as _mixing

__all__ = ["Compose", *_colours, *_cropping, *_geometry, *_mixing]
