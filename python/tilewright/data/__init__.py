"""Data sets held in memory, and the batches drawn from them."""

from . import text, toy, transforms
from .bagging import bootstrap
from .dataset import Subset, TensorDataset, random_split
from .loader import DataLoader
from .samplers import RandomSampler, Sampler, SequentialSampler, StratifiedSampler, WeightedRandomSampler

__all__ = [
    "DataLoader",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StratifiedSampler",
    "Subset",
    "TensorDataset",
    "WeightedRandomSampler",
    "bootstrap",
    "random_split",
    "text",
    "toy",
    "transforms",
]
