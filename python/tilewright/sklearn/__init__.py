"""Estimators of scikit-learn around modules, for pipelines, cross-validation and searches (extra `sklearn`)."""

from __future__ import annotations

from ._mlp import mlp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .estimators import Classifier, Regressor

__all__ = ["Classifier", "Regressor", "mlp"]


def __getattr__(name: str) -> Any:
    """Import the estimators, and scikit-learn with them, when one is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import estimators
    except ImportError as error:
        raise ImportError(
            f"tilewright.sklearn: {name} needs scikit-learn 1.6 or later: pip install 'tilewright[sklearn]'"
        ) from error
    return getattr(estimators, name)
