"""Networks of the papers, with torchvision's names and state dicts; without trained weights."""

from .alexnet import *
from .alexnet import __all__ as _alexnet
from .beam import *
from .beam import __all__ as _beam
from .captions import *
from .captions import __all__ as _captions
from .episodic import *
from .episodic import __all__ as _episodic
from .googlenet import *
from .googlenet import __all__ as _googlenet
from .lenet import *
from .lenet import __all__ as _lenet
from .resnet import *
from .resnet import __all__ as _resnet
from .seq2seq import *
from .seq2seq import __all__ as _seq2seq
from .vgg import *
from .vgg import __all__ as _vgg

__all__ = [*_alexnet, *_beam, *_captions, *_episodic, *_googlenet, *_lenet, *_resnet, *_seq2seq, *_vgg]
