"""Losses: how far a prediction is from its target."""

from .classification import *
from .classification import __all__ as _classification
from .ctc import *
from .ctc import __all__ as _ctc
from .margin import *
from .margin import __all__ as _margin
from .ranking import *
from .ranking import __all__ as _ranking
from .regression import *
from .regression import __all__ as _regression

__all__ = [*_classification, *_ctc, *_margin, *_ranking, *_regression]
