"""Networks of the papers, with torchvision's names and state dicts, without trained weights; and models of language."""

from . import generation
from .alexnet import *
from .alexnet import __all__ as _alexnet
from .googlenet import *
from .googlenet import __all__ as _googlenet
from .language import *
from .language import __all__ as _language
from .lenet import *
from .lenet import __all__ as _lenet
from .resnet import *
from .resnet import __all__ as _resnet
from .vgg import *
from .vgg import __all__ as _vgg

__all__ = [*_alexnet, *_googlenet, *_language, *_lenet, *_resnet, *_vgg, "generation"]
