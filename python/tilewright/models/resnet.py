"""Residual networks, and the plain ones that they are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .. import nn
from .._engine import arguments
from .._functions.creation import zeros
from .._functions.manipulation import concatenate
from ..nn.functional import relu
from ._shared import documented, he_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "ResNet",
    "plain18",
    "plain34",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet44",
    "resnet50",
    "resnet56",
    "resnet101",
    "resnet110",
    "resnet152",
]

_MOST_BLOCKS = 10_000  # of a stage; more take longer to make than anyone waits

_HE = "K. He, X. Zhang, S. Ren, J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385"


def _convolution(channels: int, filters: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, filters, kernel, stride, padding=kernel // 2, bias=False)


class PaddedShortcut(nn.Module):
    """A shortcut without parameters: every so many pixels, and further channels of zeros (He et al.'s option A)."""

    kernel_size = 1

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        self.added = filters - channels
        self.stride = stride

    def forward(self, input: Any) -> Tensor:
        x = input[:, :, :: self.stride, :: self.stride]
        return concatenate([x, zeros((x.shape[0], self.added, *x.shape[2:]), dtype=x.dtype, device=x.device)], 1)

    def costs(self, input: Tensor, result: Tensor) -> tuple[int, int]:
        return 0, 0


def _shortcut(kind: str, channels: int, filters: int, stride: int) -> nn.Module | None:
    """What brings the input of a block to the shape of its result, where they differ."""
    if kind == "none" or (stride == 1 and channels == filters):
        return None
    if kind == "padding":
        return PaddedShortcut(channels, filters, stride)
    return nn.Sequential(_convolution(channels, filters, 1, stride), nn.BatchNorm2d(filters))


class _Block(nn.Module):
    """What both kinds of block share: convolutions with batch norm, and a shortcut around them."""

    expansion: ClassVar[int]
    bn2: nn.BatchNorm2d
    downsample: nn.Module | None
    residual: bool

    def _set_shortcut(self, downsample: nn.Module | None, residual: bool) -> None:
        self.downsample = downsample
        self.residual = residual

    def zero_residual(self) -> None:
        """Start as the shortcut alone: the last batch norm gives zeros."""
        last = getattr(self, "bn3", None) or self.bn2
        if last.weight is not None:
            nn.init.zeros_(last.weight)

    def _add(self, input: Any, y: Tensor) -> Tensor:
        if not self.residual:
            return relu(y)
        return relu(y + (input if self.downsample is None else self.downsample(input)))


class BasicBlock(_Block):
    """Two 3 × 3 convolutions with batch norm, and a shortcut around them.

    Parameters
    ----------
    inplanes : int
        Channels of the input.
    planes : int
        Channels of the result.
    stride : int
        Of the first convolution.
    downsample : Module, optional
        Brings the input to the shape of the result.
    residual : bool
        Whether the input is added to the result; without, it is a block of a plain network.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.BasicBlock(8, 8)(tw.zeros((1, 8, 5, 5))).shape
    (1, 8, 5, 5)
    """

    expansion: ClassVar[int] = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None, residual: bool = True
    ) -> None:
        self.conv1 = _convolution(inplanes, planes, 3, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _convolution(planes, planes, 3)
        self.bn2 = nn.BatchNorm2d(planes)
        self._set_shortcut(downsample, residual)

    def forward(self, input: Any) -> Tensor:
        y = relu(self.bn1(self.conv1(input)))
        return self._add(input, self.bn2(self.conv2(y)))


class Bottleneck(_Block):
    """A 1 × 1 convolution to fewer channels, a 3 × 3 one, a 1 × 1 one to four times as many, and a shortcut.

    The stride is that of the 3 × 3 convolution, as in torchvision; the paper has it in the first 1 × 1 one.

    Parameters
    ----------
    inplanes : int
        Channels of the input.
    planes : int
        Channels of the 3 × 3 convolution, a quarter of those of the result.
    stride : int
        Of the 3 × 3 convolution.
    downsample : Module, optional
        Brings the input to the shape of the result.
    residual : bool
        Whether the input is added to the result.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.Bottleneck(32, 8)(tw.zeros((1, 32, 5, 5))).shape
    (1, 32, 5, 5)
    """

    expansion: ClassVar[int] = 4

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None, residual: bool = True
    ) -> None:
        planes = arguments.integer("Bottleneck", "planes", planes, at_least=1)
        self.conv1 = _convolution(inplanes, planes, 1)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _convolution(planes, planes, 3, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = _convolution(planes, planes * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self._set_shortcut(downsample, residual)

    def forward(self, input: Any) -> Tensor:
        y = relu(self.bn1(self.conv1(input)))
        y = relu(self.bn2(self.conv2(y)))
        return self._add(input, self.bn3(self.conv3(y)))


class ResNet(nn.Module):
    """A residual network: a stem, stages of blocks, the mean over all pixels, and a linear layer.

    Parameters
    ----------
    block : type
        `BasicBlock` or `Bottleneck`.
    layers : sequence of int
        How many blocks each stage has. From the second on, a stage halves the image and doubles the channels.
    num_classes : int
        How many numbers there are for an image.
    zero_init_residual : bool
        Whether the last batch norm of each block starts at zero, so that the block starts as the identity.
    in_channels : int
        Of the images.
    width : int
        Channels of the stem and of the first stage.
    stem : {"imagenet", "small"}
        A 7 × 7 convolution of stride 2 and a max-pooling, for images of 224 × 224; or one 3 × 3 convolution, for those
        of 32 × 32.
    shortcut : {"projection", "padding", "none"}
        Where a stage begins, the input passes a 1 × 1 convolution, or is padded with channels of zeros (the paper's
        options B and A). "none": nothing is added anywhere, the plain network.

    Attributes
    ----------
    conv1, bn1, maxpool, layer1, layer2, ..., avgpool, fc : Module
        In this order; torchvision's names.

    Raises
    ------
    ValueError
        For sizes below 1 and unknown options.
    TypeError
        For sizes that are not integers, or a block of another class.

    Notes
    -----
    Convolutions start normal, by their fan-out (He et al.), without a bias; the linear layer as `nn.Linear` does.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385.
    P. Goyal et al., Accurate, Large Minibatch SGD, arXiv:1706.02677 (`zero_init_residual`).

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.ResNet(tw.models.BasicBlock, [1, 1], num_classes=10, width=16, stem="small")
    >>> net(tw.zeros((2, 3, 32, 32))).shape
    (2, 10)
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        *,
        in_channels: int = 3,
        width: int = 64,
        stem: str = "imagenet",
        shortcut: str = "projection",
    ) -> None:
        if not (isinstance(block, type) and issubclass(block, _Block)):
            arguments.refuse("ResNet", "block", block, "BasicBlock or Bottleneck")
        blocks = arguments.integers("ResNet", "layers", layers)
        if not blocks:
            raise ValueError("ResNet: layers is empty, but needs at least one stage")
        for count in blocks:
            arguments.integer("ResNet", "an entry of layers", count, at_least=1, at_most=_MOST_BLOCKS)
        width = arguments.integer("ResNet", "width", width, at_least=1)
        large = arguments.option("ResNet", "stem", stem, ("imagenet", "small")) == "imagenet"
        shortcut = arguments.option("ResNet", "shortcut", shortcut, ("projection", "padding", "none"))
        self.conv1 = _convolution(in_channels, width, *((7, 2) if large else (3, 1)))
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if large else nn.Identity()
        channels = width
        for i, count in enumerate(blocks):
            made: list[nn.Module] = []
            planes = width * 2**i
            for j in range(count):
                stride = 2 if i and not j else 1
                around = _shortcut(shortcut, channels, planes * block.expansion, stride)
                made.append(block(channels, planes, stride, around, shortcut != "none"))
                channels = planes * block.expansion
            setattr(self, f"layer{i + 1}", nn.Sequential(*made))
        self.stages = len(blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(channels, num_classes)
        he_normal(self)
        if arguments.flag("ResNet", "zero_init_residual", zero_init_residual):
            for module in self.modules():
                if isinstance(module, _Block):
                    module.zero_residual()

    def forward(self, input: Any) -> Tensor:
        x = self.maxpool(relu(self.bn1(self.conv1(input))))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(self.flatten(self.avgpool(x)))


_documented = documented(ResNet, _HE)


@_documented
def resnet18(num_classes: int = 1000, **options: Any) -> ResNet:
    """ResNet-18: 11.7 million parameters, 1.8 billion multiply-adds for an image of 224 × 224."""
    return ResNet(BasicBlock, (2, 2, 2, 2), num_classes, **options)


@_documented
def resnet34(num_classes: int = 1000, **options: Any) -> ResNet:
    """ResNet-34: 21.8 million parameters, 3.7 billion multiply-adds for an image of 224 × 224."""
    return ResNet(BasicBlock, (3, 4, 6, 3), num_classes, **options)


@_documented
def resnet50(num_classes: int = 1000, **options: Any) -> ResNet:
    """ResNet-50: 25.6 million parameters, 4.1 billion multiply-adds for an image of 224 × 224."""
    return ResNet(Bottleneck, (3, 4, 6, 3), num_classes, **options)


@_documented
def resnet101(num_classes: int = 1000, **options: Any) -> ResNet:
    """ResNet-101: 44.5 million parameters, 7.8 billion multiply-adds for an image of 224 × 224."""
    return ResNet(Bottleneck, (3, 4, 23, 3), num_classes, **options)


@_documented
def resnet152(num_classes: int = 1000, **options: Any) -> ResNet:
    """ResNet-152: 60.2 million parameters, 11.5 billion multiply-adds for an image of 224 × 224."""
    return ResNet(Bottleneck, (3, 8, 36, 3), num_classes, **options)


@_documented
def plain18(num_classes: int = 1000, **options: Any) -> ResNet:
    """The layers of ResNet-18 without shortcuts: what the paper compares it with."""
    return ResNet(BasicBlock, (2, 2, 2, 2), num_classes, shortcut="none", **options)


@_documented
def plain34(num_classes: int = 1000, **options: Any) -> ResNet:
    """The layers of ResNet-34 without shortcuts: what the paper compares it with."""
    return ResNet(BasicBlock, (3, 4, 6, 3), num_classes, shortcut="none", **options)


def _small(blocks: int, num_classes: int, options: dict[str, Any]) -> ResNet:
    """Three stages of so many blocks, of 16, 32 and 64 channels: section 4.2 of the paper."""
    usual = {"width": 16, "stem": "small", "shortcut": "padding"}
    return ResNet(BasicBlock, (blocks,) * 3, num_classes, **usual | options)  # type: ignore[arg-type]


@_documented
def resnet20(num_classes: int = 10, **options: Any) -> ResNet:
    """ResNet-20 for images of 32 × 32: three stages of 16, 32 and 64 channels, 0.27 million parameters."""
    return _small(3, num_classes, options)


@_documented
def resnet32(num_classes: int = 10, **options: Any) -> ResNet:
    """ResNet-32 for images of 32 × 32: three stages of 16, 32 and 64 channels, 0.46 million parameters."""
    return _small(5, num_classes, options)


@_documented
def resnet44(num_classes: int = 10, **options: Any) -> ResNet:
    """ResNet-44 for images of 32 × 32: three stages of 16, 32 and 64 channels, 0.66 million parameters."""
    return _small(7, num_classes, options)


@_documented
def resnet56(num_classes: int = 10, **options: Any) -> ResNet:
    """ResNet-56 for images of 32 × 32: three stages of 16, 32 and 64 channels, 0.85 million parameters."""
    return _small(9, num_classes, options)


@_documented
def resnet110(num_classes: int = 10, **options: Any) -> ResNet:
    """ResNet-110 for images of 32 × 32: three stages of 16, 32 and 64 channels, 1.7 million parameters."""
    return _small(18, num_classes, options)
