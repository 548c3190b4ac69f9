"""Pictures by matplotlib (extra `plot`): each function draws on `ax`, or on a new figure, and returns the axes."""

from .distributions import histograms
from .lines import curves
from .matrices import attention, confusion_matrix
from .pictures import filters, images
from .points import decision_boundary, embeddings
from .surfaces import loss_surface

__all__ = [
    "attention",
    "confusion_matrix",
    "curves",
    "decision_boundary",
    "embeddings",
    "filters",
    "histograms",
    "images",
    "loss_surface",
]
