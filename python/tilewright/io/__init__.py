"""Saving and loading tensors as safetensors files. Needs the safetensors package: `pip install "tilewright[io]"`."""

from .files import FormatError, load, metadata, save

__all__ = ["FormatError", "load", "metadata", "save"]
