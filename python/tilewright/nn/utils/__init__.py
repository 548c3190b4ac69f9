"""What training loops need around modules: limits on gradients, parametrized weights, sequences of several lengths."""

from . import parametrizations, parametrize, rnn
from .clip_grad import *
from .clip_grad import __all__ as _clip_grad
from .fusion import *
from .fusion import __all__ as _fusion
from .parametrizations import *
from .parametrizations import __all__ as _parametrizations
from .truncated import *
from .truncated import __all__ as _truncated
from .vectors import *
from .vectors import __all__ as _vectors

__all__ = ["parametrizations", "parametrize", "rnn", *_clip_grad, *_fusion, *_parametrizations, *_truncated, *_vectors]
