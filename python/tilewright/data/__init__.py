"""Data sets held in memory, and the batches drawn from them."""

from . import text, transforms
from .dataset import Subset, TensorDataset, random_split
from .loader import DataLoader

__all__ = ["DataLoader", "Subset", "TensorDataset", "random_split", "text", "transforms"]
