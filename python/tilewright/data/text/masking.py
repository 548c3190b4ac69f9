"""Texts with tokens hidden, for a network that is to find them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._functions.creation import full_like
from ..._functions.indexing import where
from ...nn.functional._checks import check_ignore_index, refuse_where

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["mask_tokens"]


def mask_tokens(
    tokens: Any,
    vocab_size: int,
    *,
    mask: int,
    special: Any = (),
    probability: float = 0.15,
    ignore_index: int = -100,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Hide some tokens of texts: what BERT is trained to find again.

    Parameters
    ----------
    tokens : array-like of int, shape (...)
    vocab_size : int
        Tokens are the integers below it.
    mask : int
        The token that stands for a hidden one.
    special : sequence of int
        Tokens that are never hidden, nor put in another's place: padding, the start and the end of a text. So is
        `mask`.
    probability : float
        With which a token is to be found again.
    ignore_index : int
        The target of all others, as `nn.functional.cross_entropy` takes it.
    generator : Generator, optional
        Where numbers are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    inputs : Tensor of int64, shape (...)
        Of the tokens to be found, 80 % are `mask`, 10 % another token, drawn evenly, 10 % themselves.
    targets : Tensor of int64, shape (...)
        Those tokens; `ignore_index` elsewhere.

    Raises
    ------
    ValueError
        For tokens that are not in the vocabulary, a vocabulary of special tokens alone, and a probability outside
        [0, 1].
    TypeError
        For tokens that are no integers, and arguments of another kind.

    Notes
    -----
    Some tokens stay as they are or are replaced at random since there are no hidden ones after the training: the
    network cannot know which of the tokens that it sees are the right ones, and so has to look at the others for each.

    References
    ----------
    J. Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding, NAACL 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> tokens = tw.asarray([[1, 5, 6, 7, 2]])
    >>> inputs, targets = tw.data.text.mask_tokens(tokens, 8, mask=3, special=[0, 1, 2], probability=1.0)
    >>> targets
    tensor([[-100,    5,    6,    7, -100]])
    """
    op = "mask_tokens"
    vocab_size = arguments.integer(op, "vocab_size", vocab_size, at_least=1, at_most=2**62)
    mask = arguments.integer(op, "mask", mask, at_least=0, at_most=vocab_size - 1)
    kept = {mask, *arguments.integers(op, "special", special)}
    for token in kept:
        arguments.integer(op, "an entry of special", token, at_least=0, at_most=vocab_size - 1)
    probability = arguments.probability(op, "probability", probability)
    ignore_index = check_ignore_index(op, ignore_index)
    source = random.source(op, generator)
    given = _tokens(op, tokens, vocab_size)
    if len(kept) == vocab_size:
        raise ValueError(f"{op}: special has all {vocab_size} tokens, so none is left to be hidden")
    found = source.uniform(size=given.shape) < probability
    for token in kept:
        found = found & (given != token)
    share = source.uniform(size=given.shape)
    drawn = source.integers(0, vocab_size - len(kept), size=given.shape)
    for token in sorted(kept):  # the numbers of the other tokens
        drawn = drawn + (drawn >= token)
    inputs = where(share < 0.8, mask, where(share < 0.9, drawn, given))
    return where(found, inputs, given), where(found, given, full_like(given, ignore_index))


def _tokens(op: str, value: Any, vocab_size: int) -> Tensor:
    tokens = arguments.array(op, "tokens", value)
    if not (tokens.dtype.is_integer or tokens.size == 0):
        raise TypeError(f"{op}: tokens have dtype {tokens.dtype.name}, but must be integers")
    tokens = tokens.detach().astype("int64")
    wrong = (tokens < 0) | (tokens >= vocab_size)
    refuse_where(op, "tokens", tokens, wrong, ValueError, f"must be from 0 to {vocab_size - 1}")
    return tokens
