"""What training needs around modules: limits, penalties, noise, parametrized weights, sequences of several lengths."""

from . import parametrizations, parametrize, rnn
from .adversarial import *
from .adversarial import __all__ as _adversarial
from .clip_grad import *
from .clip_grad import __all__ as _clip_grad
from .fusion import *
from .fusion import __all__ as _fusion
from .noise import *
from .noise import __all__ as _noise
from .parametrizations import *
from .parametrizations import __all__ as _parametrizations
from .regularization import *
from .regularization import __all__ as _regularization
from .truncated import *
from .truncated import __all__ as _truncated
from .vectors import *
from .vectors import __all__ as _vectors

__all__ = [
    "parametrizations",
    "parametrize",
    "rnn",
    *_adversarial,
    *_clip_grad,
    *_fusion,
    *_noise,
    *_parametrizations,
    *_regularization,
    *_truncated,
    *_vectors,
]
