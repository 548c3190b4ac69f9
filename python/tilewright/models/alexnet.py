"""AlexNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from ._shared import documented, narrow_normal, weighted

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["AlexNet", "alexnet"]


def _features(in_channels: int) -> list[nn.Module]:
    """Of "One weird trick": fewer filters than in the first paper, each of which sees all channels."""
    return [
        *(nn.Conv2d(in_channels, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
    ]


def _first_features(in_channels: int) -> list[nn.Module]:
    """Of the first paper: two groups, for two cards, in all but the third convolution."""

    def response() -> nn.Module:
        # The paper multiplies the sum of five squares by 1e-4; PyTorch and we, their mean.
        return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)

    return [
        *(nn.Conv2d(in_channels, 96, 11, stride=4, padding=2), nn.ReLU(), response(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), response(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
    ]


class AlexNet(nn.Module):
    """AlexNet: five convolutions, then three linear layers with dropout; for images of 224 × 224.

    Parameters
    ----------
    num_classes : int
        How many numbers there are for an image.
    dropout : float
        Probability with which the input of the first two linear layers is zeroed.
    in_channels : int
        Of the images.
    hidden : int
        Results of the first two linear layers.
    variant : {"one_column", "paper"}
        torchvision's, without normalisation and groups, from "One weird trick"; or that of the first paper, with local
        response normalisation and two groups.

    Attributes
    ----------
    features, avgpool, classifier : Module
        In this order; torchvision's names.

    Raises
    ------
    ValueError
        For sizes below 1, an unknown variant or a probability that is none.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    The paper's variant starts as there: normal, with a standard deviation of 0.01; biases are one in the second, fourth
    and fifth convolution and in the hidden linear layers, else zero. The other starts as its layers do.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012.
    A. Krizhevsky, One Weird Trick for Parallelizing Convolutional Neural Networks, arXiv:1404.5997.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.AlexNet(num_classes=10, hidden=32, variant="paper")
    >>> net(tw.zeros((1, 3, 224, 224))).shape
    (1, 10)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        dropout: float = 0.5,
        *,
        in_channels: int = 3,
        hidden: int = 4096,
        variant: str = "one_column",
    ) -> None:
        first = arguments.option("AlexNet", "variant", variant, ("one_column", "paper")) == "paper"
        self.features = nn.Sequential(*(_first_features if first else _features)(in_channels))
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(256 * 6 * 6, hidden), nn.ReLU()),
            *(nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.ReLU()),
            nn.Linear(hidden, num_classes),
        )
        if first:
            layers = weighted(self)
            narrow_normal([layers[i] for i in (0, 2, 7)])
            narrow_normal([layers[i] for i in (1, 3, 4, 5, 6)], bias=1.0)

    def forward(self, input: Any) -> Tensor:
        return self.classifier(self.flatten(self.avgpool(self.features(input))))


@documented(
    AlexNet,
    "A. Krizhevsky, One Weird Trick for Parallelizing Convolutional Neural Networks, arXiv:1404.5997.",
    "num_classes=10, hidden=32",
    (1, 3, 64, 64),
)
def alexnet(num_classes: int = 1000, **options: Any) -> AlexNet:
    """AlexNet: 61.1 million parameters, 0.7 billion multiply-adds for an image of 224 × 224."""
    return AlexNet(num_classes, **options)
