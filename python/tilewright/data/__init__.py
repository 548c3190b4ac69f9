"""Data sets held in memory, and the batches drawn from them."""

from . import text, toy, transforms
from .bagging import bootstrap
from .dataset import Subset, TensorDataset, random_split
from .loader import DataLoader

__all__ = ["DataLoader", "Subset", "TensorDataset", "bootstrap", "random_split", "text", "toy", "transforms"]
