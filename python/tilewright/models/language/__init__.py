"""Models of language: the probability of the next token, and vectors of words."""

from .glove import *
from .glove import __all__ as _glove
from .multiplicative import *
from .multiplicative import __all__ as _multiplicative
from .neural import *
from .neural import __all__ as _neural
from .ngram import *
from .ngram import __all__ as _ngram
from .recurrent import *
from .recurrent import __all__ as _recurrent

__all__ = [*_glove, *_multiplicative, *_neural, *_ngram, *_recurrent]
