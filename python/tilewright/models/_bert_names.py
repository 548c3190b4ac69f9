"""Checkpoints of BERT as Hugging Face names what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .. import nn
from .._engine import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..nn._state import IncompatibleKeys

BODY = ("embeddings.", "encoder.", "pooler.")
_OLD = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
_WORDS, _DECODER, _BIAS = "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder", "cls.predictions.bias"


class Pretrained(nn.Module):
    """A BERT, or a network with one under the name `bert`."""

    _needs_pooler: ClassVar[bool] = False

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, *, skip_mismatched: bool = False
    ) -> IncompatibleKeys:
        """As of any module; names of other versions are understood, too.

        Parameters
        ----------
        state_dict : mapping of str to array-like
            With or without "bert." in front of the names; LayerNorm's may be `gamma` and `beta`; the decoder of masked
            tokens may be there beside the embeddings that it shares.
        strict, skip_mismatched
            See `Module.load_state_dict`.

        Returns
        -------
        IncompatibleKeys

        Raises
        ------
        ValueError
            As `Module.load_state_dict`, and for a decoder that is not the embeddings of words.
        TypeError
            As `Module.load_state_dict`.
        """
        values = renamed(self, state_dict) if hasattr(state_dict, "items") else state_dict
        return super().load_state_dict(values, strict, skip_mismatched=skip_mismatched)


def renamed(network: nn.Module, state_dict: Any) -> dict[Any, Any]:
    """A state dict with the names that the network has."""
    prefix = "bert." if hasattr(network, "bert") else ""
    values: dict[Any, Any] = {}
    for given, value in state_dict.items():
        name = _name(prefix, given) if isinstance(given, str) else given  # Module.load_state_dict refuses others
        if name in values:
            raise ValueError(f"load_state_dict: {given} is there twice, under an older name, or with and without bert.")
        if name is not None:
            values[name] = value
    if getattr(getattr(network, "cls", None), "predictions", None) is not None:
        _tie(values)
    return values


def _name(prefix: str, name: str) -> str | None:
    """What the network calls it; None for what it has no need of."""
    if name.endswith("embeddings.position_ids"):  # 0, 1, 2, ..
        return None
    for old, new in _OLD.items():
        if name.endswith(old):
            name = name.removesuffix(old) + new
    inner = name.removeprefix("bert.")
    return prefix + inner if inner.startswith(BODY) else name


def _tie(values: dict[str, Any]) -> None:
    """Take the decoder out, whose weight is that of the embeddings."""
    bias = values.pop(f"{_DECODER}.bias", None)
    if bias is not None:
        values.setdefault(_BIAS, bias)
    weight = values.pop(f"{_DECODER}.weight", None)
    if weight is None:
        return
    op = "load_state_dict"
    weight = arguments.array(op, f"{_DECODER}.weight", weight)
    words = arguments.array(op, _WORDS, values.setdefault(_WORDS, weight))
    if weight is not words and (weight.shape != words.shape or not (weight == words).all().item()):
        raise ValueError(f"{op}: {_DECODER}.weight is not {_WORDS}, but the network has one weight for both")
