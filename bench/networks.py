"""Whole networks as layer cases: those of `tilewright.models`, and the same in PyTorch, with the same state dicts."""

from __future__ import annotations

import math
from typing import Any

import tilewright as tw

# Blocks of each stage, whether they are bottlenecks, and multiply-adds of the convolutions for an image of 224 x 224.
RESNETS = {18: ((2, 2, 2, 2), False, 1_813_561_344), 50: ((3, 4, 6, 3), True, 4_087_136_256)}


def resnet(nn: Any, depth: int, num_classes: int) -> Any:
    """A ResNet for images of 224 x 224, of either library."""
    if nn is tw.nn:
        return getattr(tw.models, f"resnet{depth}")(num_classes)
    blocks, bottleneck, _ = RESNETS[depth]
    stages, channels = [], 64
    for i, count in enumerate(blocks):
        stage = []
        for j in range(count):
            sizes = [(64 * 2**i, 1), (64 * 2**i, 3), (256 * 2**i, 1)] if bottleneck else [(64 * 2**i, 3)] * 2
            stage.append(pytorch_block(nn, channels, sizes, 2 if i and not j else 1))
            channels = sizes[-1][0]
        stages.append((f"layer{i + 1}", nn.Sequential(*stage)))
    layers = {
        "conv1": nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        "bn1": nn.BatchNorm2d(64),
        "relu": nn.ReLU(),
        "maxpool": nn.MaxPool2d(3, 2, 1),
        **dict(stages),
        "avgpool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "fc": nn.Linear(channels, num_classes),
    }
    return named(nn, layers)


def vgg16_convolutions() -> list[tuple[int, ...]]:
    """Channels, extent, filters, kernel, stride and padding of each convolution, without repetitions."""
    shapes, channels = [], 3
    for i, count in enumerate((2, 2, 3, 3, 3)):
        filters = min(64 * 2**i, 512)
        for _ in range(count):
            shapes.append((channels, 224 // 2**i, filters, 3, 1, 1))
            channels = filters
    return list(dict.fromkeys(shapes))


def resnet50_convolutions() -> list[tuple[int, ...]]:
    """The same of a ResNet-50."""
    shapes, channels, extent = [(3, 224, 64, 7, 2, 3)], 64, 56
    for i, count in enumerate(RESNETS[50][0]):
        width = 64 * 2**i
        for j in range(count):
            stride = 2 if i and not j else 1
            shapes += [(channels, extent, width, 1, 1, 0), (width, extent, width, 3, stride, 1)]
            if not j:
                shapes.append((channels, extent, 4 * width, 1, stride, 0))
            channels, extent = 4 * width, extent // stride
            shapes.append((width, extent, channels, 1, 1, 0))
    return list(dict.fromkeys(shapes))


def named(nn: Any, layers: dict[str, Any]) -> Any:
    chain = nn.Sequential()
    for name, layer in layers.items():
        chain.add_module(name, layer)
    return chain


def block(nn: Any, channels: int) -> Any:
    """A residual block of two 3 x 3 convolutions, of either library."""
    if nn is tw.nn:
        return tw.models.BasicBlock(channels, channels)
    return pytorch_block(nn, channels, [(channels, 3)] * 2, 1)


def pytorch_block(nn: Any, channels: int, sizes: list[tuple[int, int]], stride: int) -> Any:
    """Convolutions of such filters and kernels with batch norm, and a shortcut; the stride is the first 3 x 3's."""
    import torch

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = len(sizes)
            before = channels
            first = [kernel for _, kernel in sizes].index(3)
            for i, (filters, kernel) in enumerate(sizes, 1):
                step = stride if i - 1 == first else 1
                setattr(self, f"conv{i}", nn.Conv2d(before, filters, kernel, step, kernel // 2, bias=False))
                setattr(self, f"bn{i}", nn.BatchNorm2d(filters))
                before = filters
            self.downsample = None
            if stride != 1 or before != channels:
                self.downsample = nn.Sequential(
                    nn.Conv2d(channels, before, 1, stride, bias=False), nn.BatchNorm2d(before)
                )

        def forward(self, x: Any) -> Any:
            y = x
            for i in range(1, self.count + 1):
                y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
                if i < self.count:
                    y = torch.relu_(y)
            y += x if self.downsample is None else self.downsample(x)
            return torch.relu_(y)

    return Block()


def resnet_flops(arguments: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Of the convolutions and the linear layer, for extents that five halvings divide."""
    depth, num_classes = arguments
    _, bottleneck, convolutions = RESNETS[depth]
    pixels = math.prod(inputs[0][2:]) / 224**2
    return 2.0 * inputs[0][0] * (convolutions * pixels + (2048 if bottleneck else 512) * num_classes)


def digits(nn: Any, num_classes: int) -> Any:
    """Two convolutions with max-pooling and two linear layers, for images of 28 x 28."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, num_classes)),
    )


def digits_flops(arguments: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    convolutions = 28**2 * 32 * 9 + 14**2 * 64 * 32 * 9
    return 2.0 * inputs[0][0] * (convolutions + 64 * 7 * 7 * 128 + 128 * arguments[0])
