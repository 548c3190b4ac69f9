"""Which layers and networks are measured: data, and the formulas of their flops.

A case becomes a row in `layers`. Goals are those of `shapes`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import networks
from .shapes import Goal, label

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class LayerCase:
    """One row: a layer or network, forward without gradients, so as `nn.fuse` makes it, or forward and back to inputs
    and parameters.

    Attributes
    ----------
    group, name
        Of the row; " and back" is added where it goes back, ", fused" where it is fused.
    module
        A class of `nn` by name; or a function of `nn` that makes a module, or a function of the inputs. tilewright's
        `nn` and PyTorch's have the same names, and weights go from one to the other by state dict.
    arguments
        Of the class or, after `nn`, of the function.
    inputs
        Shapes, float32.
    forward
        The formula: flops of the way there, from arguments and input shapes.
    passes
        "forward", "fused" or "both".
    goal
        As in `shapes`.
    back
        Flops of the way back, in those of the way there.
    tolerance
        As in `Work`.
    moved
        The formula of what is read and written, where memory bounds it: bytes from passes, arguments and input shapes.
    """

    group: str
    name: str
    module: str | Callable[..., Any]
    arguments: tuple[Any, ...]
    inputs: tuple[tuple[int, ...], ...]
    forward: Callable[[tuple[Any, ...], tuple[tuple[int, ...], ...]], float]
    passes: str
    goal: Goal = None
    back: float = 2.0
    tolerance: float = 1e-4
    moved: Callable[[str, tuple[Any, ...], tuple[tuple[int, ...], ...]], float] | None = None

    @property
    def nbytes(self) -> float:
        return self.moved(self.passes, self.arguments, self.inputs) if self.moved else 0.0

    @property
    def flops(self) -> float:
        there = self.forward(self.arguments, self.inputs)
        return there * (1 + self.back) if self.passes == "both" else there


def perceptron(nn: Any, *sizes: int, activation: str = "ReLU") -> Any:
    """Linear layers with an activation after each but the last."""
    modules: list[Any] = []
    for features, results in itertools.pairwise(sizes):
        modules += [nn.Linear(features, results), getattr(nn, activation)()]
    return nn.Sequential(*modules[:-1])


def dense(sizes: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Flops of linear layers from each size to the next, for each row of the input; activations are not counted."""
    return 2.0 * math.prod(inputs[0][:-1]) * sum(m * n for m, n in itertools.pairwise(sizes))


# m, k, n of layers with a bias: a batch of m, k features to n. The geometric mean of PyTorch's or NumPy's time over
# ours is to be at least LINEAR_GOAL, forward as well as forward and back.
LINEAR: list[tuple[int, int, int]] = [
    (1, 768, 768),
    (1, 4096, 4096),
    (8, 512, 2048),
    (32, 784, 512),
    (128, 512, 10),
    (64, 3072, 768),
    (512, 64, 512),
    (2048, 384, 1536),
    (20, 200, 800),
    (16384, 27, 64),
]
LINEAR_GOAL = 1.2


def linear(passes: str, m: int, k: int, n: int) -> LayerCase:
    return LayerCase("linear", label("linear", (m, k, n)), "Linear", (k, n), ((m, k),), dense, passes)


def convolution(sizes: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Flops of a Conv2d: a product of all taps for each pixel of the result, also where they lie on padding."""
    channels, filters, kernel, stride, padding, _, groups = sizes
    batch, _, height, width = inputs[0]
    pixels = math.prod((extent + 2 * padding - kernel) // stride + 1 for extent in (height, width))
    return 2.0 * batch * pixels * filters * channels / groups * kernel**2


# Batch, channels, extent of square images, filters, kernel, stride, padding and groups; goals forward, and forward and
# back, as shares of the best other's time.
CONVOLUTIONS: list[tuple[tuple[int, ...], float | None, float | None]] = [
    ((1, 64, 56, 64, 3, 1, 1, 1), 0.87, 0.87),
    ((1, 128, 28, 128, 3, 1, 1, 1), 0.87, 0.87),
    ((1, 256, 14, 256, 3, 1, 1, 1), 0.87, 0.87),
    ((1, 512, 7, 512, 3, 1, 1, 1), 0.87, 0.87),
    ((8, 64, 56, 64, 3, 1, 1, 1), 0.87, 0.87),
    ((8, 256, 14, 256, 3, 1, 1, 1), 0.87, 0.87),
    ((1, 3, 224, 64, 7, 2, 3, 1), 0.95, None),
    ((8, 128, 56, 128, 3, 2, 1, 1), None, None),
    ((8, 64, 56, 128, 1, 2, 0, 1), None, None),
    ((8, 256, 14, 512, 1, 1, 0, 1), None, None),
    ((1, 256, 28, 256, 3, 1, 1, 256), 0.83, None),
    ((128, 1, 28, 32, 3, 1, 1, 1), None, 0.33),
]


def conv(passes: str, shape: tuple[int, ...], share: float | None, group: str = "conv", prefix: str = "") -> LayerCase:
    batch, channels, extent, filters, kernel, stride, padding, groups = shape
    arguments = (channels, filters, kernel, stride, padding, 1, groups)
    text = f"{batch}x{channels}x{extent}x{extent} to {filters}, {kernel}x{kernel}"
    text += f", stride {stride}" * (stride > 1) + f", groups {groups}" * (groups > 1)
    inputs = ((batch, channels, extent, extent),)
    goal = None if share is None else ("best", share)
    return LayerCase(group, f"{prefix or 'conv'} {text}", "Conv2d", arguments, inputs, convolution, passes, goal)


# Networks of which all convolutions are measured, for images of 224 x 224: each shape once, with packed weights, as
# ONNX Runtime and OpenVINO have them. These rows are many and are left out unless `--only` asks for them.
CONVOLUTIONS_OF = {"VGG-16": networks.vgg16_convolutions, "ResNet-50": networks.resnet50_convolutions}
BATCHES = (1, 8)


def group_of(network: str, batch: int) -> str:
    return f"layers of {network}, batch {batch}"


GROUPS_OF_NETWORKS = [f"{group_of(*of)}, fused" for of in itertools.product(CONVOLUTIONS_OF, BATCHES)]


def convolutions_of(network: str, batch: int) -> list[LayerCase]:
    shapes = [(batch, *shape, 1) for shape in CONVOLUTIONS_OF[network]()]
    return [conv("fused", shape, None, group_of(network, batch), network) for shape in shapes]


def of_block(sizes: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Flops of the convolutions of a residual block."""
    return 2 * convolution((sizes[0], sizes[0], 3, 1, 1, 1, 1), inputs)


def residual(passes: str, batch: int, channels: int, extent: int) -> LayerCase:
    name = f"residual block {batch}x{channels}x{extent}x{extent}"
    inputs = ((batch, channels, extent, extent),)
    return LayerCase("residual", name, networks.block, (channels,), inputs, of_block, passes)


def network(passes: str, batch: int, *sizes: int) -> LayerCase:
    name = f"{'-'.join(map(str, sizes))}, batch {batch}"
    return LayerCase("perceptron", name, perceptron, sizes, ((batch, sizes[0]),), dense, passes)


def passes_over(count: float) -> Callable[..., float]:
    """Flops of what does so many for each number of its input."""
    return lambda _, inputs: count * math.prod(inputs[0])


# A class of `nn`, its arguments, and an input's shape: what is trained.
CHANNEL_NORMS: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = [
    ("BatchNorm2d", (64,), (32, 64, 56, 56)),
    ("BatchNorm2d", (512,), (32, 512, 7, 7)),
    ("GroupNorm", (32, 64), (32, 64, 56, 56)),
    ("GroupNorm", (32, 512), (32, 512, 7, 7)),
]
ROW_NORMS = ("LayerNorm", "RMSNorm")
NORM_GOAL = ("pytorch", 0.77)


def norm(passes: str, module: str, arguments: tuple[Any, ...], shape: tuple[int, ...]) -> LayerCase:
    name = label(module, shape)
    return LayerCase("norm", name, module, arguments, (shape,), passes_over(7), passes, NORM_GOAL, back=1.5)


# A ResNet's depth, batch, extent of the images, passes and goal.
RESNETS: list[tuple[int, int, int, str, Goal]] = [
    (18, 32, 32, "both", None),
    (18, 1, 224, "fused", ("best", 0.91)),
    (18, 8, 224, "fused", ("best", 0.91)),
    (18, 1, 32, "fused", ("best", 1.0)),
    (50, 1, 224, "fused", ("best", 0.91)),
    (50, 8, 224, "fused", ("best", 0.91)),
]


# A unit that is nearly zero is on either side of relu's kink, and moves gradients, PyTorch's too, by some percent.
KINKS = 0.2


def resnet(depth: int, batch: int, extent: int, passes: str, goal: Goal) -> LayerCase:
    name = f"ResNet-{depth}, {extent}x{extent}, batch {batch}"
    inputs = ((batch, 3, extent, extent),)
    tolerance = KINKS if passes == "both" else 1e-4
    return LayerCase(
        *("networks", name, networks.resnet, (depth, 1000), inputs, networks.resnet_flops, passes, goal),
        tolerance=tolerance,
    )


DIGITS = LayerCase(
    *("networks", "two convolutions, 28x28, batch 128", networks.digits, (10,), ((128, 1, 28, 28),)),
    *(networks.digits_flops, "both"),
    tolerance=KINKS,
)


# Kernel, stride and padding of pooling, and its inputs. Training of maxima is to take POOLING_GOAL of PyTorch's time.
POOLING: list[tuple[str, tuple[int, ...]]] = [
    ("MaxPool2d", (3, 2, 1)),
    ("MaxPool2d", (2, 2, 0)),
    ("AvgPool2d", (2, 2, 0)),
    ("AdaptiveAvgPool2d", (1,)),
]
POOLED: list[tuple[int, ...]] = [(32, 64, 56, 56), (32, 512, 7, 7), (32, 64, 112, 112)]
POOLING_GOAL = 0.77


def nothing(sizes: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """No flops that count."""
    return 0.0


def pooled_bytes(passes: str, options: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Elements and windows, on the way back as well; a byte for each place, written and read."""
    *lead, height, width = inputs[0]
    if len(options) == 1:
        windows = math.prod(lead) * options[0] ** 2
    else:
        kernel, stride, padding = options
        windows = math.prod([*lead, *((n + 2 * padding - kernel) // stride + 1 for n in (height, width))])
    there = 4.0 * (math.prod(inputs[0]) + windows)
    return there if passes == "forward" else 2 * there + 2 * windows


def pooling(passes: str, module: str, options: tuple[int, ...], shape: tuple[int, ...]) -> LayerCase:
    name = f"{label(module, shape)}, {'x'.join(map(str, options))}"
    goal = ("pytorch", POOLING_GOAL) if passes == "both" and module == "MaxPool2d" else None
    return LayerCase("pooling", name, module, options, (shape,), nothing, passes, goal, moved=pooled_bytes)


# One-tuples: the arguments of `layers.layer`.
LAYERS: list[tuple[LayerCase]] = [
    *((linear(passes, *shape),) for passes in ("forward", "both") for shape in LINEAR),
    *((conv("forward", shape, share),) for shape, share, _ in CONVOLUTIONS),
    *((conv("both", shape, share),) for shape, _, share in CONVOLUTIONS),
    (conv("fused", (1, 512, 7, 512, 3, 1, 1, 1), None),),
    *((case,) for of in itertools.product(CONVOLUTIONS_OF, BATCHES) for case in convolutions_of(*of)),
    *((pooling(passes, *of, shape),) for passes in ("forward", "both") for of in POOLING for shape in POOLED),
    *((residual(passes, 1, *shape),) for shape in ((64, 56), (256, 14)) for passes in ("forward", "fused")),
    *((network(passes, batch, 784, 512, 512, 10),) for batch in (1, 32, 128) for passes in ("forward", "fused")),
    *((resnet(*case),) for case in RESNETS),
    (DIGITS,),
    *((norm("both", *case),) for case in CHANNEL_NORMS),
    *((norm(passes, name, (768,), (64 * 512, 768)),) for name in ROW_NORMS for passes in ("forward", "both")),
]
