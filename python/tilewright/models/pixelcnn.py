"""PixelCNN: images as sequences of pixels, each from those above and to its left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.activations import relu, sigmoid
from .._functions.creation import arange, zeros
from .._functions.manipulation import concatenate, reshape
from .._functions.trigonometric import tanh
from ..nn._traversal import evaluating
from ..nn.functional import conv2d, pad
from . import generation
from ._causal import read_sizes

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["PixelCNN"]


class MaskedConv2d(nn.Conv2d):
    """A convolution over the pixels of a row that end at its own, in which the colours come one after another.

    Channels of both sides are divided among the colours. At the own pixel a result of a colour sees the colours before
    it (mask A) and also itself (mask B); to the left of it, everything.
    """

    mask: Tensor

    def __init__(self, read: Tensor, made: Tensor, taps: int, *, itself: bool) -> None:
        """`read` and `made` are the colours, numbers from 0, that channels of the input and of the result belong to."""
        super().__init__(len(read), len(made), (1, taps))
        own = made[:, None] >= read if itself else made[:, None] > read
        mask = zeros((len(made), len(read), 1, taps)) + 1
        mask[:, :, 0, -1] = own.astype("float32")
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, input: Any) -> Tensor:
        left = self.kernel_size[1] - 1
        return conv2d(pad(input, (left, 0, 0, 0)), self.weight * self.mask, self.bias)


def _gated(x: Tensor) -> Tensor:
    """tanh of the first half of the channels, times the sigmoid of the second."""
    half = x.shape[1] // 2
    return tanh(x[:, :half]) * sigmoid(x[:, half:])


class GatedLayer(nn.Module):
    """A vertical stack, which sees the rows above, and a horizontal one, which sees it and the row to the left."""

    def __init__(self, read: Tensor, width: Tensor, kernel_size: int, *, first: bool) -> None:
        """`read` and `width` are the colours that channels of the input and of the result belong to."""
        self.reach = kernel_size // 2
        self.first = first
        twice = concatenate([width, width], 0)
        rows = self.reach if first else self.reach + 1  # results of a row are of the rows above it already
        self.vertical = nn.Conv2d(len(read), len(twice), (rows, kernel_size))
        self.link = nn.Conv2d(len(twice), len(twice), 1)
        self.horizontal = MaskedConv2d(read, twice, self.reach + 1, itself=not first)
        self.result = MaskedConv2d(width, width, 1, itself=True)

    def forward(self, above: Tensor, beside: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.vertical(pad(above, (self.reach, self.reach, self.reach, 0)))
        rows = rows[:, :, :-1] if self.first else rows
        result = self.result(_gated(self.horizontal(beside) + self.link(rows)))
        return _gated(rows), result if self.first else result + beside


class PixelCNN(nn.Module):
    """A gated PixelCNN: for each pixel a distribution over its levels, given all pixels above it and to its left.

    Parameters
    ----------
    levels : int
        Pixels are the integers below it; L.
    in_channels : int
        Colours of a pixel, C; each is predicted from those before it, too.
    width : int
        Channels of each stack; `in_channels` must divide it.
    num_layers : int
        Gated layers, the first of which has the masks A.
    kernel_size : int
        Of the convolutions: odd, and at least 3.

    Attributes
    ----------
    layers : ModuleList
    hidden, output : Module
        The convolutions of 1 × 1 that follow.

    Raises
    ------
    ValueError
        For sizes out of range; when called, for images of another shape and for pixels that are no levels.
    TypeError
        For sizes that are not integers; when called, for images that are neither integers nor floating.

    Notes
    -----
    Called with integers of shape (N, C, H, W) it gives logits (N, L, C, H, W), as `nn.functional.cross_entropy` wants
    them beside the images as its target. Divided by `log(2)`, the mean is in bits for each number of the image.
    Floating images are taken as `2 * level / (L - 1) - 1`, which integers are turned into.

    The vertical stack sees all rows above, and the horizontal one takes it in: so no pixel above is out of sight, as
    some are for masked convolutions of k × k (the "blind spot"). Receptive fields grow by `kernel_size // 2` pixels for
    each layer. Unlike in the paper the levels come in as numbers, and there is no condition on a class.

    References
    ----------
    A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, Pixel Recurrent Neural Networks, ICML 2016.
    A. van den Oord et al., Conditional Image Generation with PixelCNN Decoders, NeurIPS 2016 (gates, two stacks).

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.PixelCNN(17, width=8, num_layers=2)
    >>> images = tw.zeros((2, 1, 8, 8), dtype=tw.int64)
    >>> logits = net(images)
    >>> logits.shape, tw.nn.functional.cross_entropy(logits, images).shape
    ((2, 17, 1, 8, 8), ())
    >>> net.sample(3, 4, 5, generator=tw.random.Generator(0)).shape
    (3, 1, 4, 5)
    """

    def __init__(
        self, levels: int, in_channels: int = 1, *, width: int = 32, num_layers: int = 5, kernel_size: int = 3
    ) -> None:
        name = "PixelCNN"
        self.levels = arguments.integer(name, "levels", levels, at_least=2)
        self.in_channels, width, num_layers = read_sizes(
            name, in_channels=in_channels, width=width, num_layers=num_layers
        )
        kernel_size = arguments.integer(name, "kernel_size", kernel_size, at_least=3)
        if width % self.in_channels:
            raise ValueError(f"{name}: width is {width}, which in_channels={self.in_channels} does not divide")
        if kernel_size % 2 == 0:
            raise ValueError(f"{name}: kernel_size is {kernel_size}, but must be odd")
        colours = arange(self.in_channels)
        owners = arange(width) * self.in_channels // width
        made = arange(self.in_channels * self.levels) // self.levels
        self.layers = nn.ModuleList(
            [GatedLayer(owners if i else colours, owners, kernel_size, first=not i) for i in range(num_layers)]
        )
        self.hidden = MaskedConv2d(owners, owners, 1, itself=True)
        self.output = MaskedConv2d(owners, made, 1, itself=True)

    def forward(self, input: Any) -> Tensor:
        above = beside = self._scaled(input)
        for layer in self.layers:
            above, beside = layer(above, beside)
        logits = self.output(relu(self.hidden(relu(beside))))
        count, _, height, width = logits.shape
        return reshape(logits, (count, self.in_channels, self.levels, height, width)).swapaxes(1, 2)

    def _scaled(self, input: Any) -> Tensor:
        """Images, checked, in [-1, 1]."""
        name = "PixelCNN"
        x = arguments.array(name, "input", input)
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(f"{name}: input has shape {x.shape}, but must be (N, {self.in_channels}, H, W)")
        dtype = self.output.weight.dtype
        if x.dtype.is_floating:
            return x.astype(dtype, copy=False)
        if not x.dtype.is_integer:
            raise TypeError(f"{name}: input has dtype {x.dtype.name}, but must be integers or floating")
        self._check_levels(name, "input", x)
        return x.astype(dtype) * (2 / (self.levels - 1)) - 1

    def _check_levels(self, op: str, name: str, x: Tensor) -> None:
        if bool(((x < 0) | (x >= self.levels)).any()):
            bad = next(value for value in reshape(x, (-1,)).tolist() if not 0 <= value < self.levels)
            raise ValueError(f"{op}: {name} contains {bad}, but levels are from 0 to {self.levels - 1}")

    def sample(
        self,
        count: int,
        height: int,
        width: int,
        *,
        start: Any = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: Generator | None = None,
    ) -> Tensor:
        """Draw images pixel by pixel, row by row.

        Parameters
        ----------
        count, height, width : int
            How many images, and their size in pixels.
        start : array-like of int, shape (count, C, rows, width), optional
            The first rows of each; only what lies below them is drawn.
        temperature, top_k, top_p, generator
            See `tilewright.models.generation.sample`.

        Returns
        -------
        Tensor of int64, shape (count, C, height, width)

        Raises
        ------
        ValueError
            For sizes below 1, a start of another shape, more rows than there are, or pixels that are no levels.
        TypeError
            For sizes and a start that are not integers.
        """
        op = "PixelCNN.sample"
        count, height, width = (
            arguments.integer(op, name, value, at_least=1)
            for name, value in (("count", count), ("height", height), ("width", width))
        )
        colours = self.in_channels
        if start is None:
            start = zeros((count, colours, 0, width), dtype="int64")
        given = generation.tokens_of(op, "start", start)
        if given.ndim != 4 or given.shape[2] > height or given.shape != (count, colours, given.shape[2], width):
            needed = f"({count}, {colours}, rows, {width}) with at most {height} rows"
            raise ValueError(f"{op}: start has shape {given.shape}, but must be {needed}")
        self._check_levels(op, "start", given)
        drawn = zeros((count, height * width * colours), dtype="int64", device=self.output.weight.device)
        images = reshape(drawn, (count, height, width, colours)).transpose(0, 3, 1, 2)  # a view

        def step(pixels: Tensor, place: int) -> tuple[Tensor, int]:
            after = place + pixels.shape[1]
            drawn[:, place:after] = pixels
            row, column, colour = after // (width * colours), after // colours % width, after % colours
            return self(images[:, :, : row + 1])[:, :, colour, row, column], after

        known = reshape(given.transpose(0, 2, 3, 1), (count, -1)) if given.size else drawn[:, :0]
        left = drawn.shape[1] - known.shape[1]
        with evaluating(self):
            texts = generation.continued(op, step, known, left, temperature, top_k, top_p, generator, 0)
        return reshape(texts, (count, height, width, colours)).transpose(0, 3, 1, 2).copy()
