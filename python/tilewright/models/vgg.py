"""VGG: stacks of 3 × 3 convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from ._shared import documented, he_normal, narrow_normal, weighted

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["VGG", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"]

# Convolutions in each of the five stages: columns A, B, D and E of the paper's table.
_STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_FILTERS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """VGG: five stages of 3 × 3 convolutions with a max-pooling after each, then three linear layers with dropout.

    Parameters
    ----------
    depth : {11, 13, 16, 19}
        How many layers have weights.
    num_classes : int
        How many numbers there are for an image.
    batch_norm : bool
        Whether batch norm follows each convolution.
    dropout : float
        Probability with which results of the first two linear layers are zeroed.
    in_channels : int
        Of the images.
    hidden : int
        Results of the first two linear layers.

    Attributes
    ----------
    features, avgpool, classifier : Module
        In this order; torchvision's names.

    Raises
    ------
    ValueError
        For another depth, sizes below 1 or a probability that is none.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    As in torchvision, convolutions start normal by their fan-out (He et al.), linear layers normal with a standard
    deviation of 0.01, biases at zero.

    References
    ----------
    K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015,
    arXiv:1409.1556.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.VGG(11, num_classes=10, batch_norm=True, hidden=32)
    >>> net(tw.zeros((2, 3, 32, 32))).shape
    (2, 10)
    """

    def __init__(
        self,
        depth: int,
        num_classes: int = 1000,
        batch_norm: bool = False,
        dropout: float = 0.5,
        *,
        in_channels: int = 3,
        hidden: int = 4096,
    ) -> None:
        depth = arguments.integer("VGG", "depth", depth)
        if depth not in _STAGES:
            raise ValueError(f"VGG: depth is {depth}, but must be one of {', '.join(map(str, _STAGES))}")
        batch_norm = arguments.flag("VGG", "batch_norm", batch_norm)
        features: list[nn.Module] = []
        channels = in_channels
        for filters, count in zip(_FILTERS, _STAGES[depth], strict=True):
            for _ in range(count):
                features.append(nn.Conv2d(channels, filters, 3, padding=1))
                features += [nn.BatchNorm2d(filters), nn.ReLU()] if batch_norm else [nn.ReLU()]
                channels = filters
            features.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            *(nn.Linear(512 * 7 * 7, hidden), nn.ReLU(), nn.Dropout(dropout)),
            *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(hidden, num_classes),
        )
        he_normal(self.features)
        narrow_normal(weighted(self.classifier))

    def forward(self, input: Any) -> Tensor:
        return self.classifier(self.flatten(self.avgpool(self.features(input))))


_documented = documented(
    VGG,
    "K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015.",
    "num_classes=10, hidden=32",
)


@_documented
def vgg11(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-11: 132.9 million parameters, 7.6 billion multiply-adds for an image of 224 × 224."""
    return VGG(11, num_classes, **options)


@_documented
def vgg11_bn(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-11 with batch norm after each convolution."""
    return VGG(11, num_classes, batch_norm=True, **options)


@_documented
def vgg13(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-13: 133.0 million parameters, 11.3 billion multiply-adds for an image of 224 × 224."""
    return VGG(13, num_classes, **options)


@_documented
def vgg13_bn(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-13 with batch norm after each convolution."""
    return VGG(13, num_classes, batch_norm=True, **options)


@_documented
def vgg16(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-16: 138.4 million parameters, 15.5 billion multiply-adds for an image of 224 × 224."""
    return VGG(16, num_classes, **options)


@_documented
def vgg16_bn(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-16 with batch norm after each convolution."""
    return VGG(16, num_classes, batch_norm=True, **options)


@_documented
def vgg19(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-19: 143.7 million parameters, 19.6 billion multiply-adds for an image of 224 × 224."""
    return VGG(19, num_classes, **options)


@_documented
def vgg19_bn(num_classes: int = 1000, **options: Any) -> VGG:
    """VGG-19 with batch norm after each convolution."""
    return VGG(19, num_classes, batch_norm=True, **options)
