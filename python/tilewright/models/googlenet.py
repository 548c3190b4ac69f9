"""GoogLeNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import nn
from .._engine import arguments
from .._functions.manipulation import concatenate
from ..nn.functional import relu
from ._shared import documented, he_normal, narrow_normal, weighted

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["GoogLeNet", "GoogLeNetOutputs", "Inception", "googlenet"]

# Of each module: filters of 1 × 1; of the 1 × 1 before 3 × 3, and of that; of the 1 × 1 before 5 × 5, and of that; of
# the 1 × 1 behind the max-pooling. Table 1 of the paper.
_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNetOutputs(NamedTuple):
    """What `GoogLeNet` gives in training: its result, and those of the auxiliary heads, which only help to train it.

    Attributes
    ----------
    logits
        Tensor of shape (n, num_classes).
    aux_logits2
        The same, from the later head.
    aux_logits1
        The same, from the earlier head.
    """

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class BasicConv2d(nn.Module):
    """A convolution, batch norm if wanted, and relu."""

    def __init__(self, channels: int, filters: int, kernel: int, stride: int = 1, *, batch_norm: bool) -> None:
        self.conv = nn.Conv2d(channels, filters, kernel, stride, padding=kernel // 2, bias=not batch_norm)
        self.bn = nn.BatchNorm2d(filters, eps=0.001) if batch_norm else None

    def forward(self, input: Any) -> Tensor:
        y = self.conv(input)
        return relu(y if self.bn is None else self.bn(y))


class Inception(nn.Module):
    """An inception module: convolutions of several sizes and a max-pooling side by side, their channels joined.

    Parameters
    ----------
    in_channels : int
        Of the input.
    ch1x1 : int
        Filters of the 1 × 1 convolution.
    ch3x3red, ch3x3 : int
        Filters of the 1 × 1 convolution before the 3 × 3 one, and of that.
    ch5x5red, ch5x5 : int
        Filters of the 1 × 1 convolution before the 5 × 5 one, and of that.
    pool_proj : int
        Filters of the 1 × 1 convolution behind the max-pooling.
    variant : {"batch_norm", "paper"}
        As in `GoogLeNet`.

    Attributes
    ----------
    branch1, branch2, branch3, branch4 : Module
        torchvision's names.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.Inception(8, 4, 2, 4, 2, 4, 4)(tw.zeros((1, 8, 5, 5))).shape
    (1, 16, 5, 5)
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        *,
        variant: str = "batch_norm",
    ) -> None:
        norm = arguments.option("Inception", "variant", variant, ("batch_norm", "paper")) == "batch_norm"
        self.branch1 = BasicConv2d(in_channels, ch1x1, 1, batch_norm=norm)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, ch3x3red, 1, batch_norm=norm), BasicConv2d(ch3x3red, ch3x3, 3, batch_norm=norm)
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, ch5x5red, 1, batch_norm=norm),
            BasicConv2d(ch5x5red, ch5x5, 3 if norm else 5, batch_norm=norm),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, padding=1), BasicConv2d(in_channels, pool_proj, 1, batch_norm=norm)
        )

    def forward(self, input: Any) -> Tensor:
        return concatenate([branch(input) for branch in (self.branch1, self.branch2, self.branch3, self.branch4)], 1)


class _Head(nn.Module):
    """An auxiliary classifier."""

    def __init__(self, channels: int, num_classes: int, dropout: float, norm: bool) -> None:
        self.pool = nn.AdaptiveAvgPool2d(4) if norm else nn.AvgPool2d(5, 3)
        self.conv = BasicConv2d(channels, 128, 1, batch_norm=norm)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input: Any) -> Tensor:
        x = self.flatten(self.conv(self.pool(input)))
        return self.fc2(self.dropout(relu(self.fc1(x))))


class GoogLeNet(nn.Module):
    """GoogLeNet: nine inception modules, the mean over all pixels, and a linear layer; for images of 224 × 224.

    In training it gives a `GoogLeNetOutputs`, with the results of two auxiliary heads, in evaluation mode a tensor.

    Parameters
    ----------
    num_classes : int
        How many numbers there are for an image.
    aux_logits : bool
        Whether there are auxiliary heads. Without, the result is a tensor in training, too.
    dropout, dropout_aux : float
        Probability with which the input of the last linear layer is zeroed, of the network and of the heads.
    in_channels : int
        Of the images.
    variant : {"batch_norm", "paper"}
        torchvision's: with batch norm, and 3 × 3 where the paper has 5 × 5; or that of the paper, with biases and local
        response normalisation.

    Attributes
    ----------
    conv1, conv2, conv3, inception3a, inception3b, ..., inception5b, aux1, aux2, fc : Module
        torchvision's names.

    Raises
    ------
    ValueError
        For sizes below 1, an unknown variant or a probability that is none.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    The loss of the heads is weighted with 0.3 in the paper. All weights start normal with a standard deviation of 0.01,
    as in torchvision; without batch norm the convolutions start normal by their fan-out (He et al.), for the paper does
    not say how they do. A dropout of 0.4 is the paper's. Weights that were trained with torchvision want images less
    0.5, divided by 0.5, instead of the usual means and deviations (its `transform_input`).

    References
    ----------
    C. Szegedy et al., Going Deeper with Convolutions, CVPR 2015, arXiv:1409.4842.
    S. Ioffe, C. Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.GoogLeNet(num_classes=10)
    >>> logits, aux_logits2, aux_logits1 = net(tw.ones((2, 3, 64, 64)))
    >>> net.eval()(tw.ones((2, 3, 64, 64))).shape
    (2, 10)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
        *,
        in_channels: int = 3,
        variant: str = "batch_norm",
    ) -> None:
        norm = arguments.option("GoogLeNet", "variant", variant, ("batch_norm", "paper")) == "batch_norm"
        heads = arguments.flag("GoogLeNet", "aux_logits", aux_logits)

        def response() -> nn.Module:
            return nn.Identity() if norm else nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)

        def pool(size: int) -> nn.Module:
            return nn.MaxPool2d(size, 2, ceil_mode=True)

        self.conv1 = BasicConv2d(in_channels, 64, 7, 2, batch_norm=norm)
        self.maxpool1, self.norm1 = pool(3), response()
        self.conv2 = BasicConv2d(64, 64, 1, batch_norm=norm)
        self.conv3 = BasicConv2d(64, 192, 3, batch_norm=norm)
        self.norm2, self.maxpool2 = response(), pool(3)
        channels = 192
        behind = {}
        for name, filters in _MODULES.items():
            setattr(self, f"inception{name}", Inception(channels, *filters, variant=variant))
            channels = behind[name] = filters[0] + filters[2] + filters[4] + filters[5]
        self.maxpool3, self.maxpool4 = pool(3), pool(2 if norm else 3)
        self.aux1 = _Head(behind["4a"], num_classes, dropout_aux, norm) if heads else None
        self.aux2 = _Head(behind["4d"], num_classes, dropout_aux, norm) if heads else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, num_classes)
        if norm:
            narrow_normal(weighted(self))
        else:
            he_normal(self)

    def forward(self, input: Any) -> Tensor | GoogLeNetOutputs:
        x = self.norm1(self.maxpool1(self.conv1(input)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))
        heads = self.training and self.aux1 is not None
        logits: dict[str, Tensor] = {}
        for name in _MODULES:
            if name in ("4a", "5a"):
                x = (self.maxpool3 if name == "4a" else self.maxpool4)(x)
            x = getattr(self, f"inception{name}")(x)
            if heads and name in ("4a", "4d"):
                logits[name] = (self.aux1 if name == "4a" else self.aux2)(x)  # type: ignore[misc]
        x = self.fc(self.dropout(self.flatten(self.avgpool(x))))
        return GoogLeNetOutputs(x, logits["4d"], logits["4a"]) if heads else x


@documented(
    GoogLeNet,
    "C. Szegedy et al., Going Deeper with Convolutions, CVPR 2015, arXiv:1409.4842.",
    "num_classes=10, aux_logits=False",
)
def googlenet(num_classes: int = 1000, **options: Any) -> GoogLeNet:
    """GoogLeNet: 6.6 million parameters beside the auxiliary heads', 1.5 billion multiply-adds for 224 × 224."""
    return GoogLeNet(num_classes, **options)
