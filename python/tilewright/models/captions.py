"""Captions of images: convolutions, and a decoder that attends to regions of the image."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._engine.tensor import Tensor
from .._functions.manipulation import reshape
from ..autograd import no_grad
from ..nn._traversal import evaluating
from ._decoding import Decoder, Generating, check_decoder

if TYPE_CHECKING:
    from ..nn import Module
    from ._decoding import States
    from .beam import Beams

__all__ = ["CaptionModel"]


def _regions(in_channels: int, features: int) -> nn.Sequential:
    """Convolutions whose last results are a quarter of the image high and wide."""
    layers: list[Module] = []
    widths = (in_channels, features // 2, features // 2, features)
    for i, (read, made) in enumerate(pairwise(widths)):
        layers += [nn.Conv2d(read, made, 3, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
        if i < 2:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class CaptionModel(Generating):
    """Describes an image in words: convolutions give regions, and each word attends to them (soft attention).

    Parameters
    ----------
    num_tokens : int
        How many different words there are.
    embedding_dim, hidden_size, num_layers, cell
        Of the decoder, as in `Seq2Seq`.
    encoder : Module, optional
        From images (N, C, H, W) to features of their regions (N, features, h, w); by default three convolutions with
        batch norm, after which h and w are a quarter of H and W.
    in_channels : int
        Of the images, for the default encoder.
    features : int
        Numbers for each region: at least 2.
    attention, attend, dropout, start, end
        As in `Seq2Seq`. As in the paper, the decoder attends before its step, by an additive score.

    Attributes
    ----------
    encoder, decoder : Module

    Raises
    ------
    ValueError
        For sizes out of range, unknown options, and special tokens that are none of the vocabulary's.
    TypeError
        For arguments of another kind.

    Notes
    -----
    The decoder starts from a linear map of the mean of all regions. The paper has the attention also choose by "hard"
    sampling, and weights the context by another gate; these are left out.

    References
    ----------
    K. Xu et al., Show, Attend and Tell: Neural Image Caption Generation with Visual Attention, ICML 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.CaptionModel(30, embedding_dim=8, hidden_size=16, features=16)
    >>> images, words = tw.zeros((2, 3, 24, 32)), tw.full((2, 5), 3)
    >>> model(images, words).shape, model.align(images, words).shape
    ((2, 5, 30), (2, 5, 6, 8))
    >>> model.generate(images, max_length=7, width=3).scores.shape
    (2, 3)
    """

    def __init__(
        self,
        num_tokens: int,
        embedding_dim: int = 32,
        hidden_size: int = 64,
        *,
        num_layers: int = 1,
        cell: str = "lstm",
        encoder: Module | None = None,
        in_channels: int = 3,
        features: int = 64,
        attention: str = "additive",
        attend: str = "before",
        dropout: float = 0.0,
        start: int = 1,
        end: int = 2,
    ) -> None:
        op = "CaptionModel"
        check_decoder(op, cell, attention, attend)
        if attention is None:
            arguments.refuse(op, "attention", attention, "the name of a score")
        self._set_tokens("num_tokens", num_tokens, start, end)
        embedding_dim = arguments.integer(op, "embedding_dim", embedding_dim, at_least=1)
        hidden_size = arguments.integer(op, "hidden_size", hidden_size, at_least=1)
        self.features = arguments.integer(op, "features", features, at_least=2)
        self.num_layers = arguments.integer(op, "num_layers", num_layers, at_least=1)
        dropout = arguments.probability(op, "dropout", dropout)
        if encoder is None:
            encoder = _regions(arguments.integer(op, "in_channels", in_channels, at_least=1), self.features)
        elif not isinstance(encoder, nn.Module):
            arguments.refuse(op, "encoder", encoder, "a Module or None")
        self.encoder = encoder
        self.num_states = 2 if cell == "lstm" else 1
        self.first = nn.Linear(self.features, self.num_states * self.num_layers * hidden_size, activation="tanh")
        options: dict[str, Any] = {"num_layers": self.num_layers, "cell": cell, "dropout": dropout}
        options |= {"attention": attention, "attend": attend}
        self.decoder = Decoder(self.num_tokens, embedding_dim, hidden_size, self.features, **options)
        self.hidden_size = hidden_size

    def forward(self, images: Any, target: Any, sampling: float = 0.0) -> Tensor:
        """Logits of each word of the captions, given the images and the words before it.

        Parameters
        ----------
        images : array-like, shape (N, C, H, W)
            What the encoder takes.
        target : array-like of int, shape (N, T)
            Words without the start, with the end, padded with any.
        sampling : float
            As in `Seq2Seq.forward`.

        Returns
        -------
        Tensor, shape (N, T, num_tokens)

        Raises
        ------
        ValueError
            For words out of range, and shapes that do not fit.
        TypeError
            For words that are no integers.
        """
        images = self._read(images)
        return self._teach(images.shape[0], lambda: self._encode(images), target, sampling)[0]

    def align(self, images: Any, target: Any) -> Tensor:
        """The weights with which each word attends to the regions, in evaluation mode.

        Parameters
        ----------
        images, target
            As in a call.

        Returns
        -------
        Tensor, shape (N, T, h, w)

        Raises
        ------
        ValueError
            As a call.
        TypeError
            As a call.
        """
        images = self._read(images)
        grid: list[tuple[int, ...]] = []
        with no_grad(), evaluating(self):
            weights = self._teach(images.shape[0], lambda: self._encode(images, grid), target)[1]
        assert weights is not None
        return reshape(weights, (*weights.shape[:2], *grid[0]))

    def generate(self, images: Any, *, max_length: int, width: int = 1, length_penalty: float = 0.0) -> Beams:
        """The most probable captions, as far as beam search finds them, in evaluation mode.

        Parameters
        ----------
        images
            As in a call.
        max_length, width, length_penalty
            Of `beam_search`. A width of 1 is greedy.

        Returns
        -------
        Beams
            tokens (N, W, T), scores and lengths (N, W).

        Raises
        ------
        ValueError
            For images that do not fit, and options out of range.
        TypeError
            For arguments of another kind.
        """
        images = self._read(images)
        return self._search(images.shape[0], lambda: self._encode(images), max_length, width, length_penalty)

    def _read(self, images: Any) -> Tensor:
        images = arguments.array("CaptionModel", "images", images)
        if images.ndim != 4:
            raise ValueError(f"CaptionModel: images has shape {images.shape}, but must be (N, C, H, W)")
        return images

    def _encode(self, images: Tensor, grid: list[tuple[int, ...]] | None = None) -> tuple[States, Any]:
        """First states and prepared regions; `grid` is given how many of them lie above and beside each other."""
        found = self.encoder(images)
        if not isinstance(found, Tensor) or found.ndim != 4 or found.shape[1] != self.features:
            got = f"shape {found.shape}" if isinstance(found, Tensor) else arguments.shown(found)
            raise ValueError(f"CaptionModel: the encoder gave {got}, but must give (N, {self.features}, h, w)")
        count, features, height, width = found.shape
        if grid is not None:
            grid.append((height, width))
        regions = reshape(found, (count, features, height * width)).mT
        first = self.first(regions.mean(axis=1))
        first = reshape(first, (count, self.num_states, self.num_layers, self.hidden_size))
        states = tuple([first[:, i] for i in range(self.num_states)])
        assert self.decoder.attention is not None
        return states, self.decoder.attention.prepare(regions)
