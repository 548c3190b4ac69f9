"""LeNet-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.arithmetic import square
from .._functions.creation import zeros
from .._functions.indexing import take
from .._functions.manipulation import concatenate, expand_dims, reshape
from .._functions.trigonometric import tanh
from ..autograd import no_grad
from ..nn.functional import avg_pool2d, conv2d
from ._shared import documented

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["LeNet", "lenet5"]

# Which maps of S2 each of the 16 maps of C3 sees: table I of the paper.
_SEEN = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
_MAPS = 6


class Subsampling(nn.Module):
    """The sum of each 2 × 2 window, times a learned coefficient of the channel, plus a bias."""

    kernel_size = (2, 2)
    stride = (2, 2)

    def __init__(self, channels: int) -> None:
        self.weight = nn.Parameter(zeros((channels, 1, 1)))
        self.bias = nn.Parameter(zeros((channels, 1, 1)))

    def forward(self, input: Any) -> Tensor:
        return avg_pool2d(input, 2) * 4 * self.weight + self.bias

    def costs(self, input: Tensor, result: Tensor) -> tuple[int, int]:
        return result.size * 5, result.size


class PartialConv2d(nn.Module):
    """A 5 × 5 convolution whose filters see some of the channels each: C3 of LeNet-5.

    There is a kernel for each channel that a filter sees, and one of zeros for all others.
    """

    kernel_size = (5, 5)
    places: Tensor

    def __init__(self) -> None:
        pairs = [(i, channel) for i, seen in enumerate(_SEEN) for channel in seen]
        every = [(i, channel) for i in range(len(_SEEN)) for channel in range(_MAPS)]
        self.weight = nn.Parameter(zeros((len(pairs), 5, 5)))
        self.bias = nn.Parameter(zeros((len(_SEEN),)))
        places = asarray([pairs.index(pair) if pair in pairs else len(pairs) for pair in every])
        self.register_buffer("places", places, persistent=False)

    def forward(self, input: Any) -> Tensor:
        kernels = concatenate([self.weight, zeros((1, 5, 5), dtype=self.weight.dtype, device=self.weight.device)], 0)
        weight = reshape(take(kernels, self.places, 0), (len(_SEEN), _MAPS, 5, 5))
        return conv2d(input, weight, self.bias)

    def costs(self, input: Tensor, result: Tensor) -> tuple[int, int]:
        pixels = result.size // len(_SEEN)
        return pixels * (self.weight.size + self.bias.size), pixels * self.weight.size


class RadialBasis(nn.Module):
    """Minus the squared distances to codes of -1 and 1, one for each class, that are not learned.

    The paper's codes are pictures of the characters; here they are drawn, which it names as an alternative.
    """

    weight: Tensor

    def __init__(self, features: int, codes: int) -> None:
        drawn = random.default_generator.integers(2, size=(codes, features))
        self.register_buffer("weight", drawn.astype("float32") * 2 - 1)

    def forward(self, input: Any) -> Tensor:
        return -square(expand_dims(input, axis=1) - self.weight).sum(-1)

    def costs(self, input: Tensor, result: Tensor) -> tuple[int, int]:
        return (result.shape[0] * self.weight.size,) * 2


class ScaledTanh(nn.Module):
    """1.7159 tanh(2 x / 3), the paper's activation: it is 1 at 1, and -1 at -1."""

    def forward(self, input: Any) -> Tensor:
        return tanh(input * (2 / 3)) * 1.7159


class LeNet(nn.Module):
    """LeNet-5: convolutions and subsampling in turns, then two linear layers; for images of 32 × 32.

    Parameters
    ----------
    num_classes : int
        How many numbers there are for an image.
    in_channels : int
        Of the images.
    variant : {"modern", "paper"}
        As it is usually built today: tanh, means of windows, all channels seen, a linear layer at the end. Or as in the
        paper: subsampling with learned coefficients, a third layer whose filters see some of the channels each, and
        minus the squared distances to codes of the classes as the result.

    Attributes
    ----------
    c1, s2, c3, s4, c5, f6, output : Module
        The paper's names.

    Raises
    ------
    ValueError
        For sizes below 1 and unknown variants.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    The paper's variant has 60,000 learned parameters and 340,908 connections, with one channel and ten classes; weights
    start uniform in `(-2.4 / n, 2.4 / n)`, n being the number of inputs of a unit, and biases at zero.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition, Proceedings of
    the IEEE 86 (11), 1998.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.LeNet()(tw.zeros((4, 1, 32, 32))).shape
    (4, 10)
    >>> sum(p.size for p in tw.models.LeNet(variant="paper").parameters())
    60000
    """

    def __init__(self, num_classes: int = 10, *, in_channels: int = 1, variant: str = "modern") -> None:
        first = arguments.option("LeNet", "variant", variant, ("modern", "paper")) == "paper"
        num_classes = arguments.integer("LeNet", "num_classes", num_classes, at_least=1)
        self.c1 = nn.Conv2d(in_channels, _MAPS, 5)
        self.s2 = Subsampling(_MAPS) if first else nn.AvgPool2d(2)
        self.c3 = PartialConv2d() if first else nn.Conv2d(_MAPS, len(_SEEN), 5)
        self.s4 = Subsampling(len(_SEEN)) if first else nn.AvgPool2d(2)
        self.c5 = nn.Conv2d(len(_SEEN), 120, 5)
        self.flatten = nn.Flatten()
        self.f6 = nn.Linear(120, 84)
        self.output = RadialBasis(84, num_classes) if first else nn.Linear(84, num_classes)
        self.activation = ScaledTanh() if first else nn.Tanh()
        self.squashes_means = first
        if first:
            self._start()

    def _start(self) -> None:
        fans = {"c1": 25 * self.c1.in_channels, "s2": 4, "s4": 4, "c5": 25 * len(_SEEN), "f6": 120}
        for name, fan in fans.items():
            layer = getattr(self, name)
            nn.init.uniform_(layer.weight, -2.4 / fan, 2.4 / fan)
            nn.init.zeros_(layer.bias)
        nn.init.uniform_(self.c3.weight, -2.4, 2.4)
        fan_in = asarray([25.0 * len(seen) for seen in _SEEN for _ in seen])
        with no_grad():
            self.c3.weight.copy_(self.c3.weight / reshape(fan_in, (-1, 1, 1)))

    def forward(self, input: Any) -> Tensor:
        f = self.activation
        x = self.s2(f(self.c1(input)))
        x = self.s4(f(self.c3(f(x) if self.squashes_means else x)))
        x = f(self.c5(f(x) if self.squashes_means else x))
        return self.output(f(self.f6(self.flatten(x))))


@documented(
    LeNet,
    "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition, 1998.",
    "num_classes=10",
    (1, 1, 32, 32),
)
def lenet5(num_classes: int = 10, **options: Any) -> LeNet:
    """LeNet-5 as it is usually built today, 61,706 parameters; or as in its paper, with `variant="paper"`."""
    return LeNet(num_classes, **options)
