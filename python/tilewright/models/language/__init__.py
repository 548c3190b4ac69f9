"""Models of language: the probability of the next token."""

from .ngram import *
from .ngram import __all__ as _ngram

__all__ = [*_ngram]
