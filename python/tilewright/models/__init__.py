"""Networks of the papers, with torchvision's names and state dicts; without trained weights."""

from .alexnet import *
from .alexnet import __all__ as _alexnet
from .beam import *
from .beam import __all__ as _beam
from .googlenet import *
from .googlenet import __all__ as _googlenet
from .lenet import *
from .lenet import __all__ as _lenet
from .resnet import *
from .resnet import __all__ as _resnet
from .vgg import *
from .vgg import __all__ as _vgg

__all__ = [*_alexnet, *_beam, *_googlenet, *_lenet, *_resnet, *_vgg]
