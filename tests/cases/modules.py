"""What a case says about a module. `test_modules.py` runs every template over the table at the end: a line for each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

from . import recurrent_layers as recurrent
from .opcase import A, Raises, S
from .pooling import IN_PLANES, IN_ROWS, IN_VOLUMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@dataclass(frozen=True)
class ModuleCase:
    """A module with its arguments, and what to call it with.

    Attributes
    ----------
    name
        Of the class in `nn`, and in `torch.nn`.
    function
        What calling it computes: a function of `nn.functional`, by name, which takes the same arguments; or
        (module, *inputs) -> results.
    inputs
        Drawn as those of op cases are. Those without a dtype of their own are differentiated.
    arguments
        By name; arrays of NumPy are given as tensors.
    build
        () -> the module, where that is not the class with the arguments.
    torch
        Whether PyTorch has it, with the same arguments.
    random
        Whether it draws random numbers in training. It is compared in evaluation mode, then.
    moves
        Whether training moves statistics, on which evaluation depends. It is compared in training mode, then.
    exact
        Whether `function` gives the same bits, or rounds elsewhere.
    tolerance
        Largest error, in units of eps * (|expected| + 1).
    grad
        How often it can be differentiated with respect to inputs and parameters: 0, 1 or 2 times.
    unshown
        Arguments that its printed form leaves out; besides arrays, which it never shows.
    errors
        Calls that must raise.
    """

    name: str
    function: str | Callable[..., Any]
    inputs: tuple[A, ...]
    arguments: dict[str, Any]
    build: Callable[[], nn.Module] | None = None
    torch: bool = True
    random: bool = False
    moves: bool = False
    exact: bool = True
    tolerance: float = 64.0
    grad: int = 2
    unshown: tuple[str, ...] = ()
    errors: tuple[Raises, ...] = ()

    def __str__(self) -> str:
        text = ", ".join(f"{k}={type(v).__name__ if is_array(v) else v}" for k, v in self.arguments.items())
        shapes = "-".join(map(str, self.inputs))
        return f"{self.name}({text})-{shapes}"

    def make(self) -> nn.Module:
        """The module: in evaluation mode, where training draws random numbers."""
        tw.random.seed(0)
        module = self.build() if self.build else getattr(nn, self.name)(**given(self.arguments, tw.asarray))
        return module.eval() if self.random else module

    def make_torch(self, torch: ModuleType) -> Any:
        """PyTorch's."""
        module = getattr(torch.nn, self.name)(**given(self.arguments, torch.tensor))
        return module.eval() if self.random else module

    def draw(self, dtype: str = "float32") -> list[tw.Tensor]:
        return S(*self.inputs).draw(dtype, self.name)

    def expected(self, module: nn.Module, inputs: list[tw.Tensor]) -> Any:
        """What `function` says that calling the module gives."""
        if isinstance(self.function, str):
            return getattr(F, self.function)(*inputs, **given(self.arguments, tw.asarray))
        return self.function(module, *inputs)


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def given(arguments: dict[str, Any], tensor: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    return {name: tensor(value) if is_array(value) else value for name, value in arguments.items()}


def M(name: str, function: str | Callable[..., Any], *inputs: A, **more: Any) -> ModuleCase:
    """A case; `more` are the module's arguments, and fields of `ModuleCase`."""
    known = {f.name: more.pop(f.name) for f in fields(ModuleCase) if f.name in more}
    return ModuleCase(name, function, inputs, more, **known)


def refused(error: type[Exception], message: str, name: str, *args: Any, **arguments: Any) -> Raises:
    """Arguments that the class must refuse; the message begins with its name."""
    return Raises(error, f"{name}: {message}", lambda: getattr(nn, name)(*args, **arguments))


def called(message: str, name: str, *args: Any) -> Raises:
    """A module that must refuse an input (2, 3, 4, 5)."""
    return Raises(ValueError, message, lambda: getattr(nn, name)(*args)(tw.ones((2, 3, 4, 5))))


def reduction(name: str) -> tuple[Raises, ...]:
    return (refused(ValueError, "reduction is 'average'", name, reduction="average"),)


def linear(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    return F.linear(x, layer.weight, layer.bias, layer.activation)


def compressed(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    return F.linear(x, layer.codes.astype("float32") * layer.scale.reshape(-1, 1), layer.bias, layer.activation)


def maxout(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    return F.maxout(F.linear(x, layer.linear.weight, layer.linear.bias), layer.pieces, -1)


def axes(*args: int) -> Raises:
    return Raises(IndexError, "Flatten: axes", lambda: nn.Flatten(*args)(tw.zeros((2, 3, 4, 5))))


def normalized(function: Callable[..., tw.Tensor], **options: Any) -> Callable[..., tw.Tensor]:
    """With the module's running statistics, as they were before a call."""

    def expected(module: nn.Module, x: tw.Tensor) -> tw.Tensor:
        state = {"weight": module.weight, "bias": module.bias}
        if module.track_running_stats:
            state |= {"running_mean": tw.zeros(x.shape[1]), "running_var": tw.ones(x.shape[1])}
        return function(x, **({"running_mean": None, "running_var": None} | state), eps=module.eps, **options)

    return expected


def affine(function: Callable[..., tw.Tensor], *names: str) -> Callable[..., tw.Tensor]:
    """With the module's parameters and the attributes of these names."""

    def expected(module: nn.Module, x: tw.Tensor) -> tw.Tensor:
        parameters = {name: value for name, value in vars(module).items() if name in ("weight", "bias")}
        return function(x, **{name: getattr(module, name) for name in names}, **parameters)

    return expected


LAYER_NORM = affine(F.layer_norm, "normalized_shape", "eps")
RMS_NORM = affine(F.rms_norm, "normalized_shape", "eps")
GROUP_NORM = affine(F.group_norm, "num_groups", "eps")
BATCH_NORM, INSTANCE_NORM = normalized(F.batch_norm, training=True), normalized(F.instance_norm)


def axes_of(name: str, count: int) -> Raises:
    """Another number of axes than the layer takes, in training."""
    message = f"{FUNCTION_OF[name]}: input has shape"
    return Raises(ValueError, message, lambda: getattr(nn, name)()(tw.ones((2,) * count)))


FUNCTION_OF = {"FeatureAlphaDropout": "feature_alpha_dropout", **{f"Dropout{d}d": f"dropout{d}d" for d in (1, 2, 3)}}
PADDINGS = {1: (2, 1), 2: (1, 2, 0, 1), 3: (1, 0, 2, 1, 0, 1)}


def pad(name: str, axes: int, padding: tuple[int, ...], mode: str = "constant", **more: Any) -> ModuleCase:
    """A layer that pads so many axes."""

    def function(module: nn.Module, x: tw.Tensor) -> tw.Tensor:
        return F.pad(x, padding, mode, **more)

    wrong = refused(ValueError, "padding has 3 entries", name, (1, 2, 3), **more)
    return M(name, function, A((2, 3, 4, 3, 2)[: axes + 2]), padding=padding, **more, errors=(wrong,))


X = A((5, 3, 4))
P, T = A((4, 3), 0.1, 0.9), A((4, 3), 0.1, 0.9)
CLASSES = A(dtype="int64", values=[0, 2, 1, 2], shape=(4,))
SIGNS = A(dtype="int64", values=[[1, -1, 1], [-1, -1, 1], [1, 1, 1], [-1, 1, -1]], shape=(4, 3))
LABELS = A(dtype="int64", values=[[0, 2, -1], [1, -1, -1], [2, 0, 1], [-1, 0, 0]], shape=(4, 3))
WEIGHT = np.float32([1.0, 2.0, 0.5])
STEPS, SIZES = A((5, 2, 3)), ("input_size", "hidden_size")  # printed as in PyTorch, without their names
ROWS_OF_7 = A((3, 5), 0, 6, dtype="int64")
ROWS, PLANES, VOLUMES = A((2, 3, 9), 0.5, 3), A((2, 7, 9), 0.5, 3), A((2, 4, 5, 6), 0.5, 3)


def conv(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    """A convolution as its function, from the layer's own sizes."""
    window = (layer.stride, layer.padding, layer.dilation, layer.groups)
    return getattr(F, f"conv{layer.axes}d")(x, layer.weight, layer.bias, *window)


def conv_transpose(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    window = (layer.stride, layer.padding, layer.output_padding, layer.groups, layer.dilation)
    return getattr(F, f"conv_transpose{layer.axes}d")(x, layer.weight, layer.bias, *window)


CASES = (
    # convolutions
    *(
        M(f"Conv{len(kernel)}d", conv, A((2, 4, *(6,) * len(kernel))), in_channels=4, out_channels=6,
          kernel_size=kernel, **more)
        for kernel, more in (
            ((3,), {"stride": (2,), "padding": (1,)}),
            ((4,), {"padding": "same", "dilation": (2,), "bias": False}),
            ((3, 2), {"padding": (1, 2), "groups": 2}),
            ((3, 3), {"stride": (1, 2), "dilation": (2, 1)}),
            ((2, 3, 2), {"padding": (0, 1, 1), "stride": (2, 2, 1)}),
        )
    ),
    *(
        M(f"ConvTranspose{len(kernel)}d", conv_transpose, A((2, 4, *(3,) * len(kernel))), in_channels=4, out_channels=6,
          kernel_size=kernel, **more)
        for kernel, more in (
            ((3,), {"stride": (2,), "padding": (1,), "output_padding": (1,)}),
            ((3, 2), {"stride": (2, 3), "groups": 2, "bias": False}),
            ((3, 3), {"dilation": (2, 1), "padding": (1, 1)}),
            ((2, 3, 2), {"padding": (0, 1, 1), "stride": (2, 2, 1)}),
        )
    ),
    M("Conv2d", conv, A((4, 5, 5)), in_channels=4, out_channels=2, kernel_size=(3, 3), errors=(
        refused(ValueError, "in_channels is 3, which groups=2 does not divide", "Conv2d", 3, 4, 3, groups=2),
        refused(ValueError, "out_channels is 3, which groups=2", "Conv2d", 4, 3, 3, groups=2),
        refused(ValueError, "kernel_size is 0, but must be at least 1", "Conv2d", 3, 4, 0),
        refused(ValueError, "kernel_size has 3 entries, but must be one number or", "Conv2d", 3, 4, (1, 2, 3)),
        refused(ValueError, "padding_mode is 'wrap', but must be", "Conv2d", 3, 4, 3, padding_mode="wrap"),
        refused(ValueError, 'padding is "same", but stride is', "Conv2d", 3, 4, 3, stride=2, padding="same"),
        refused(TypeError, "dtype is int64, but must be floating", "Conv2d", 3, 4, 3, dtype="int64"),
        refused(ValueError, r"output_padding is \(2, 2\), but must be less than", "ConvTranspose2d", 3, 4, 3, 2, 0, 2),
        refused(ValueError, "padding_mode is 'reflect'", "ConvTranspose2d", 3, 4, 3, padding_mode="reflect"),
    )),
    # activations
    M("ReLU", "relu", X),
    M("LeakyReLU", "leaky_relu", X, negative_slope=0.2),
    M("ELU", "elu", X, alpha=1.5, errors=(refused(TypeError, "alpha", "ELU", "one"),)),
    M("Softplus", "softplus", X),
    M("Softplus", "softplus", X, beta=2.0, threshold=1.5, errors=(refused(ValueError, "beta", "Softplus", 0),)),
    M("CELU", "celu", X, alpha=0.5, errors=(refused(ValueError, "alpha is 0.0", "CELU", 0),)),
    M("SELU", "selu", X),
    M("LogSigmoid", "logsigmoid", X),
    M("Mish", "mish", X),
    M("Softsign", "softsign", X),
    M("Tanhshrink", "tanhshrink", X),
    M("Hardtanh", "hardtanh", X, min_val=-0.5, max_val=2.0, errors=(refused(ValueError, "min_val", "Hardtanh", 1, 0),)),
    M("ReLU6", "relu6", X),
    M("Hardsigmoid", "hardsigmoid", X),
    M("Hardswish", "hardswish", X, grad=1),
    M("Hardshrink", "hardshrink", X, lambd=0.4, errors=(refused(ValueError, "lambd", "Hardshrink", -1),)),
    M("Softshrink", "softshrink", X, lambd=0.4, errors=(refused(ValueError, "lambd", "Softshrink", -1),)),
    M("Threshold", "threshold", X, threshold=0.5, value=-1.0),
    M("PReLU", lambda module, x: F.prelu(x, module.weight), X, num_parameters=3),
    M("PReLU", lambda module, x: F.prelu(x, module.weight), X, init=0.1, unshown=("init",)),
    M("RReLU", lambda module, x: F.rrelu(x, 0.2, 0.3), X, lower=0.2, upper=0.3, random=True,
      errors=(refused(ValueError, "lower", "RReLU", 1, 0),)),
    M("GLU", "glu", X, dim=-1),
    M("ReGLU", "reglu", X, dim=2, torch=False),
    M("GEGLU", "geglu", X, dim=2, torch=False),
    M("SwiGLU", "swiglu", X, dim=2, torch=False),
    M("Maxout", maxout, A((4, 6)), in_features=6, out_features=3, pieces=2, torch=False),
    M("Softmin", lambda module, x: F.softmin(x, 0), X, dim=0),
    M("Softmax2d", lambda module, x: F.softmax(x, -3), X),
    M("GELU", "gelu", X),
    M("GELU", "gelu", X, approximate="tanh", errors=(refused(ValueError, "approximate", "GELU", "erf"),)),
    M("SiLU", "silu", X),
    M("Sigmoid", "sigmoid", X),
    M("Tanh", "tanh", X),
    M("Softmax", lambda module, x: F.softmax(x, 0), X, dim=0),
    M("LogSoftmax", lambda module, x: F.log_softmax(x, 1), X, dim=1),
    # linear
    M("Identity", lambda module, x: x, X),
    M("Identity", lambda module, x: x, X, num_features=3, eps=1e-6, unshown=("num_features", "eps")),
    M("Linear", linear, A((6,)), in_features=6, out_features=3),
    M("Linear", linear, A((4, 6)), in_features=6, out_features=3, bias=False),
    M("Linear", linear, A((2, 5, 6)), in_features=6, out_features=3),
    M("Linear", linear, A((2, 6)), in_features=6, out_features=3, activation="gelu_tanh", torch=False),
    M("PackedLinear", linear, A((4, 6)), build=lambda: nn.PackedLinear(nn.Linear(6, 3)), torch=False, grad=0),
    M("CompressedLinear", compressed, A((4, 6)), weight=np.eye(3, 6), bias=np.ones(3), torch=False,
      grad=0, errors=(
        refused(ValueError, r"weight has shape \(3,\)", "CompressedLinear", [1.0, 2.0, 3.0]),
        refused(ValueError, r"bias has shape \(2,\)", "CompressedLinear", [[1.0]], [1.0, 2.0]),
        refused(ValueError, "dtype is 'int4', but must be", "CompressedLinear", [[1.0]], dtype="int4"),
        refused(ValueError, "weight is not finite", "CompressedLinear", [[float("nan")]]))),
    # tables
    M("Embedding", lambda module, x: module.weight[x], ROWS_OF_7, num_embeddings=7, embedding_dim=3,
      errors=(refused(ValueError, "num_embeddings is -1", "Embedding", -1, 3),
              refused(ValueError, "weight .* has more elements than", "Embedding", 2**40, 2**40),
              refused(ValueError, "padding_idx is 7, but num_embeddings is 7", "Embedding", 7, 3, 7),
              refused(ValueError, "max_norm is -1", "Embedding", 7, 3, max_norm=-1),
              refused(ValueError, "norm_type is 0", "Embedding", 7, 3, norm_type=0),
              refused(TypeError, "sparse is 'no'", "Embedding", 7, 3, sparse="no"),
              refused(TypeError, "dtype is int64", "Embedding", 7, 3, dtype="int64"))),
    M("Embedding", lambda module, x: module.weight[x], ROWS_OF_7, num_embeddings=7, embedding_dim=3, padding_idx=2,
      scale_grad_by_freq=True, grad=0),
    M("EmbeddingBag", lambda module, x: module.weight[x].mean(1), ROWS_OF_7, num_embeddings=7, embedding_dim=3,
      errors=(refused(ValueError, "mode is 'min'", "EmbeddingBag", 7, 3, mode="min"),
              refused(ValueError, "scale_grad_by_freq", "EmbeddingBag", 7, 3, mode="max", scale_grad_by_freq=True))),
    M("EmbeddingBag", lambda module, x, offsets: F.embedding_bag(x, module.weight, offsets, mode="sum", padding_idx=2),
      A((7,), 0, 6, dtype="int64"), A(dtype="int64", values=[0, 3, 3], shape=(3,)), num_embeddings=7, embedding_dim=3,
      mode="sum", padding_idx=2, grad=0),
    M("EmbeddingBag", lambda module, x: module.weight[x].max(1), ROWS_OF_7, num_embeddings=7, embedding_dim=3,
      mode="max"),
    # shape
    M("Flatten", lambda module, x: tw.reshape(x, (5, 12)), X, errors=(axes(2, 1), axes(4, -1), axes(-5, 1))),
    M("Flatten", lambda module, x: tw.ravel(x), X, start_dim=0),
    M("Flatten", lambda module, x: tw.reshape(x, (2, 12, 5)), A((2, 3, 4, 5)), start_dim=1, end_dim=2),
    M("Flatten", lambda module, x: tw.reshape(x, (5, 12)), X, start_dim=-2),
    M("Unflatten", lambda module, x: tw.reshape(x, (5, 3, 2, 2)), X, dim=2, unflattened_size=(2, 2)),
    # normalisation
    M("BatchNorm1d", BATCH_NORM, A((6, 4)), num_features=4, moves=True,
      errors=(refused(ValueError, "num_features is -1", "BatchNorm1d", -1),
              refused(ValueError, "eps is -1", "BatchNorm1d", 3, eps=-1),
              refused(ValueError, "momentum is 2", "BatchNorm1d", 3, momentum=2),
              refused(TypeError, "dtype is int32", "BatchNorm1d", 3, dtype="int32"),
              refused(TypeError, "dtype 'half' is not one of", "BatchNorm1d", 3, dtype="half"),
              called(r"BatchNorm1d: input .*\(2, 3, 4, 5\), but must be \(N, C\) or \(N, C, L\)", "BatchNorm1d", 3),
              called(r"BatchNorm3d: input has shape .*, but must be \(N, C, D, H, W\)", "BatchNorm3d", 3),
              called(r"BatchNorm2d: .* 3 channels, but num_features is 4", "BatchNorm2d", 4))),
    M("BatchNorm1d", BATCH_NORM, X, num_features=3, eps=1e-3, momentum=0.3, moves=True),
    M("BatchNorm1d", BATCH_NORM, X, num_features=3, momentum=None, affine=False, moves=True),
    M("BatchNorm1d", BATCH_NORM, X, num_features=3, track_running_stats=False),
    M("BatchNorm2d", BATCH_NORM, A((2, 3, 4, 5)), num_features=3, moves=True),
    M("BatchNorm3d", BATCH_NORM, A((2, 3, 2, 3, 2)), num_features=3, moves=True),
    M("LayerNorm", LAYER_NORM, X, normalized_shape=(3, 4), eps=1e-3),
    M("LayerNorm", LAYER_NORM, X, normalized_shape=(4,), bias=False, unshown=(),
      errors=(refused(ValueError, "eps is nan", "LayerNorm", 3, eps=float("nan")),
              refused(TypeError, "normalized_shape is '3'", "LayerNorm", "3"))),
    M("LayerNorm", LAYER_NORM, X, normalized_shape=(4,), elementwise_affine=False),
    M("RMSNorm", RMS_NORM, X, normalized_shape=(4,)),
    M("RMSNorm", RMS_NORM, X, normalized_shape=(3, 4), eps=0.01, elementwise_affine=False),
    M("GroupNorm", GROUP_NORM, A((2, 6, 4)), num_groups=3, num_channels=6,
      errors=(refused(ValueError, "num_groups is 4, but must divide num_channels, 6", "GroupNorm", 4, 6),)),
    M("GroupNorm", GROUP_NORM, A((2, 6, 3, 2)), num_groups=2, num_channels=6, eps=1e-3, affine=False),
    M("InstanceNorm1d", INSTANCE_NORM, X, num_features=3),
    M("InstanceNorm1d", lambda module, x: F.instance_norm(x[None])[0], A((3, 4)), num_features=3),
    M("InstanceNorm2d", INSTANCE_NORM, A((2, 3, 4, 2)), num_features=3, affine=True, track_running_stats=True,
      moves=True),
    M("InstanceNorm3d", INSTANCE_NORM, A((2, 3, 2, 3, 2)), num_features=3, affine=True),
    M("LocalResponseNorm", "local_response_norm", A((2, 5, 3, 2)), size=3, alpha=0.5, beta=1.5, k=2.0,
      errors=(refused(ValueError, "size is 0", "LocalResponseNorm", 0),)),
    # dropout
    M("Dropout", lambda module, x: x, A((50,)), p=0.3, random=True),
    # pooling
    M("MaxPool1d", "max_pool1d", ROWS, kernel_size=3, stride=2, padding=1, ceil_mode=True,
      errors=(refused(ValueError, "kernel_size is 0", "MaxPool1d", 0),)),
    M("MaxPool1d", "max_pool1d", ROWS, kernel_size=2, dilation=2, stride=1, return_indices=True),
    M("AvgPool1d", "avg_pool1d", ROWS, kernel_size=3, stride=2, padding=1, count_include_pad=False,
      errors=(refused(ValueError, "stride is -1", "AvgPool1d", 2, -1),)),
    M("LPPool1d", "lp_pool1d", ROWS, norm_type=2.0, kernel_size=2, stride=1,
      errors=(refused(ValueError, "norm_type is -1.0", "LPPool1d", -1, 2),)),
    M("AdaptiveMaxPool1d", "adaptive_max_pool1d", ROWS, output_size=3, return_indices=True,
      errors=(refused(ValueError, "output_size is -1", "AdaptiveMaxPool1d", -1),)),
    M("AdaptiveAvgPool1d", "adaptive_avg_pool1d", ROWS, output_size=4,
      errors=(refused(TypeError, "output_size is 'all'", "AdaptiveAvgPool1d", "all"),)),
    M("MaxUnpool1d", "max_unpool1d", A((1, 2, 3)), IN_ROWS, kernel_size=2, stride=2,
      errors=(refused(ValueError, "padding is -1", "MaxUnpool1d", 2, padding=-1),)),
    M("MaxPool2d", "max_pool2d", PLANES, kernel_size=3, stride=2, padding=1, ceil_mode=True,
      errors=(refused(ValueError, "kernel_size is 0", "MaxPool2d", 0),)),
    M("MaxPool2d", "max_pool2d", PLANES, kernel_size=2, dilation=2, stride=1, return_indices=True),
    M("AvgPool2d", "avg_pool2d", PLANES, kernel_size=3, stride=2, padding=1, count_include_pad=False,
      errors=(refused(ValueError, "stride is -1", "AvgPool2d", 2, -1),)),
    M("AvgPool2d", "avg_pool2d", PLANES, kernel_size=(3, 2), divisor_override=3,
      errors=(refused(ValueError, "divisor_override is 0", "AvgPool2d", 2, divisor_override=0),)),
    M("LPPool2d", "lp_pool2d", PLANES, norm_type=2.0, kernel_size=2, stride=1,
      errors=(refused(ValueError, "norm_type is -1.0", "LPPool2d", -1, 2),)),
    M("AdaptiveMaxPool2d", "adaptive_max_pool2d", PLANES, output_size=3, return_indices=True,
      errors=(refused(ValueError, "output_size is -1", "AdaptiveMaxPool2d", -1),)),
    M("AdaptiveAvgPool2d", "adaptive_avg_pool2d", PLANES, output_size=(None, 4),
      errors=(refused(TypeError, "output_size is 'all'", "AdaptiveAvgPool2d", "all"),)),
    M("MaxUnpool2d", "max_unpool2d", A((2, 2, 2)), IN_PLANES, kernel_size=2, stride=2,
      errors=(refused(ValueError, "padding is -1", "MaxUnpool2d", 2, padding=-1),)),
    M("MaxPool3d", "max_pool3d", VOLUMES, kernel_size=3, stride=2, padding=1, ceil_mode=True,
      errors=(refused(ValueError, "kernel_size is 0", "MaxPool3d", 0),)),
    M("MaxPool3d", "max_pool3d", VOLUMES, kernel_size=2, dilation=1, stride=1, return_indices=True),
    M("AvgPool3d", "avg_pool3d", VOLUMES, kernel_size=3, stride=2, padding=1, count_include_pad=False,
      errors=(refused(ValueError, "stride is -1", "AvgPool3d", 2, -1),)),
    M("AvgPool3d", "avg_pool3d", VOLUMES, kernel_size=(2, 3, 2), divisor_override=3,
      errors=(refused(ValueError, "divisor_override is 0", "AvgPool3d", 2, divisor_override=0),)),
    M("LPPool3d", "lp_pool3d", VOLUMES, norm_type=2.0, kernel_size=2, stride=1,
      errors=(refused(ValueError, "norm_type is -1.0", "LPPool3d", -1, 2),)),
    M("AdaptiveMaxPool3d", "adaptive_max_pool3d", VOLUMES, output_size=3, return_indices=True,
      errors=(refused(ValueError, "output_size is -1", "AdaptiveMaxPool3d", -1),)),
    M("AdaptiveAvgPool3d", "adaptive_avg_pool3d", VOLUMES, output_size=(3, None, 4),
      errors=(refused(TypeError, "output_size is 'all'", "AdaptiveAvgPool3d", "all"),)),
    M("MaxUnpool3d", "max_unpool3d", A((1, 2, 2, 2)), IN_VOLUMES, kernel_size=2, stride=2,
      errors=(refused(ValueError, "padding is -1", "MaxUnpool3d", 2, padding=-1),)),
    M("Dropout1d", lambda module, x: x, A((5, 9, 2)), p=0.3, random=True, errors=(axes_of("Dropout1d", 4),)),
    M("Dropout2d", lambda module, x: x, A((5, 9, 2, 1)), p=0.3, random=True, errors=(axes_of("Dropout2d", 5),)),
    M("Dropout3d", lambda module, x: x, A((5, 9, 2, 1, 1)), p=0.3, random=True, errors=(axes_of("Dropout3d", 3),)),
    M("AlphaDropout", lambda module, x: x, A((50,)), p=0.3, random=True,
      errors=(refused(ValueError, "p is 2.0", "AlphaDropout", 2.0),)),
    M("FeatureAlphaDropout", lambda module, x: x, A((5, 9, 2)), p=0.3, random=True,
      errors=(axes_of("FeatureAlphaDropout", 1),)),
    M("DropConnect", linear, A((4, 6)), in_features=6, out_features=3, p=0.3, random=True, torch=False,
      errors=(refused(ValueError, "p is -1.0", "DropConnect", 3, 2, p=-1.0),)),
    # padding
    *(pad(f"ConstantPad{d}d", d, padding, value=1.5) for d, padding in PADDINGS.items()),
    *(pad(f"ZeroPad{d}d", d, padding) for d, padding in PADDINGS.items()),
    *(pad(f"ReflectionPad{d}d", d, padding, "reflect") for d, padding in PADDINGS.items()),
    *(pad(f"ReplicationPad{d}d", d, padding, "replicate") for d, padding in PADDINGS.items()),
    *(pad(f"CircularPad{d}d", d, padding, "circular") for d, padding in PADDINGS.items()),
    # resampling
    M("Upsample", "interpolate", A((2, 3, 4, 5)), scale_factor=(1.5, 0.7), mode="bilinear", align_corners=False,
      errors=(refused(ValueError, "needs size or scale_factor", "Upsample"),
              refused(ValueError, "mode is 'cubic'", "Upsample", 3, mode="cubic"))),
    M("Upsample", "interpolate", A((2, 3, 5)), size=7),
    M("Upsample", "interpolate", A((2, 3, 5)), scale_factor=1.3, mode="linear", recompute_scale_factor=True),
    M("UpsamplingNearest2d", "interpolate", A((2, 3, 4, 5)), scale_factor=2.0,
      errors=(refused(ValueError, "needs size or scale_factor", "UpsamplingNearest2d"),)),
    M("UpsamplingBilinear2d", lambda module, x: F.interpolate(x, (7, 3), None, "bilinear", True), A((2, 3, 4, 5)),
      size=(7, 3), errors=(refused(TypeError, "size is 'a'", "UpsamplingBilinear2d", "a"),)),
    # recurrent layers
    M("RNN", recurrent.layer, STEPS, input_size=3, hidden_size=4, unshown=SIZES, errors=(
        refused(ValueError, "hidden_size is 0, but must be at least 1", "RNN", 3, 0),
        refused(TypeError, "num_layers is 1.5", "RNN", 3, 4, 1.5),
        refused(ValueError, "num_layers is 4611686018427387904, but must be at most 10000", "RNN", 3, 4, 2**62),
        refused(ValueError, "nonlinearity is 'sigmoid', but must be", "RNN", 3, 4, nonlinearity="sigmoid"),
        refused(ValueError, r"dropout is 1.5, but must lie in \[0, 1\]", "RNN", 3, 4, 2, dropout=1.5),
        refused(TypeError, "dtype is int32, but must be floating", "RNN", 3, 4, dtype="int32"))),
    M("RNN", recurrent.layer, STEPS, A((6, 2, 4)), input_size=3, hidden_size=4, num_layers=3, bidirectional=True,
      bias=False, unshown=SIZES),
    M("RNN", recurrent.layer, STEPS, input_size=3, hidden_size=4, nonlinearity="relu", unshown=SIZES),
    M("LSTM", recurrent.layer, STEPS, input_size=3, hidden_size=4, num_layers=2, bidirectional=True, proj_size=2,
      unshown=SIZES, errors=(
        refused(ValueError, "proj_size is 4, but must be at most 3", "LSTM", 3, 4, proj_size=4),
        refused(ValueError, "forget_bias is 1.0, but there is none with bias=False", "LSTM", 3, 4, bias=False,
                forget_bias=1))),
    M("LSTM", recurrent.batch_first, A((2, 5, 3)), input_size=3, hidden_size=4, batch_first=True, unshown=SIZES),
    M("LSTM", recurrent.layer, STEPS, input_size=3, hidden_size=4, peephole=True, forget_bias=1.0, torch=False,
      unshown=SIZES),
    M("GRU", recurrent.layer, STEPS, A((4, 2, 4)), input_size=3, hidden_size=4, num_layers=2, bidirectional=True,
      unshown=SIZES),
    M("GRU", recurrent.layer, STEPS, input_size=3, hidden_size=4, num_layers=2, dropout=0.5, random=True,
      unshown=SIZES),
    M("GRU", recurrent.layer, STEPS, input_size=3, hidden_size=4, reset_after=False, bias=False, torch=False,
      unshown=SIZES),
    M("RNNCell", recurrent.cell, A((5, 3)), A((5, 4)), input_size=3, hidden_size=4, bias=False, unshown=SIZES, errors=(
        refused(ValueError, "input_size is 0", "RNNCell", 0, 4),
        called(r"RNNCell: input has shape \(2, 3, 4, 5\), but must be \(B, 5\) or \(5,\)", "RNNCell", 5, 4))),
    M("LSTMCell", recurrent.cell, A((5, 3)), input_size=3, hidden_size=4, unshown=SIZES),
    M("LSTMCell", recurrent.cell, A((5, 3)), input_size=3, hidden_size=4, peephole=True, torch=False, unshown=SIZES),
    M("GRUCell", recurrent.cell, A((5, 3)), A((5, 4)), input_size=3, hidden_size=4, unshown=SIZES),
    M("GRUCell", recurrent.cell, A((5, 3)), input_size=3, hidden_size=4, reset_after=False, torch=False, unshown=SIZES),
    # windows and shuffling
    M("Unfold", "unfold", A((2, 3, 5, 6)), kernel_size=(3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1),
      errors=(refused(ValueError, "kernel_size is 0", "Unfold", 0),)),
    M("Fold", "fold", A((2, 18, 12)), output_size=(5, 6), kernel_size=(3, 2), dilation=(1, 2), padding=(1, 0),
      stride=(2, 1), errors=(refused(ValueError, "stride is 0", "Fold", 3, 2, stride=0),)),
    M("PixelShuffle", "pixel_shuffle", A((2, 8, 3, 2)), upscale_factor=2,
      errors=(refused(ValueError, "upscale_factor is 0", "PixelShuffle", 0),)),
    M("PixelUnshuffle", "pixel_unshuffle", A((2, 2, 4, 6)), downscale_factor=2,
      errors=(refused(TypeError, "downscale_factor is 2.5", "PixelUnshuffle", 2.5),)),
    M("ChannelShuffle", "channel_shuffle", A((2, 6, 3, 2)), groups=3,
      errors=(refused(ValueError, "groups is 0", "ChannelShuffle", 0),)),
    # losses
    M("MSELoss", "mse_loss", P, T, errors=reduction("MSELoss")),
    M("MSELoss", "mse_loss", P, T, reduction="sum"),
    M("L1Loss", "l1_loss", P, T, errors=reduction("L1Loss")),
    M("L1Loss", "l1_loss", P, T, reduction="none"),
    M("BCELoss", "binary_cross_entropy", P, T, weight=WEIGHT, errors=reduction("BCELoss")),
    M("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", P, T, weight=WEIGHT, reduction="sum"),
    M("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", P, T, pos_weight=WEIGHT,
      errors=reduction("BCEWithLogitsLoss")),
    M("CrossEntropyLoss", "cross_entropy", P, T, label_smoothing=0.2, unshown=("label_smoothing",),
      errors=(*reduction("CrossEntropyLoss"), refused(ValueError, "label_sm", "CrossEntropyLoss", label_smoothing=-1))),
    M("CrossEntropyLoss", "cross_entropy", P, CLASSES, weight=WEIGHT),
    M("CrossEntropyLoss", "cross_entropy", P, CLASSES, ignore_index=1, unshown=("ignore_index",), reduction="none"),
    M("NLLLoss", "nll_loss", P, CLASSES, weight=WEIGHT, errors=reduction("NLLLoss")),
    M("KLDivLoss", "kl_div", P, T, reduction="batchmean", errors=reduction("KLDivLoss")),
    M("HuberLoss", "huber_loss", P, T, delta=0.3, errors=reduction("HuberLoss")),
    M("SmoothL1Loss", "smooth_l1_loss", P, T, beta=0.3, errors=reduction("SmoothL1Loss")),
    M("PoissonNLLLoss", "poisson_nll_loss", P, T, log_input=False, full=True),
    M("GaussianNLLLoss", "gaussian_nll_loss", P, T, A((4, 3), 0.5, 2.0), full=True),
    M("SoftMarginLoss", "soft_margin_loss", P, SIGNS, errors=reduction("SoftMarginLoss")),
    M("MultiMarginLoss", "multi_margin_loss", P, CLASSES, p=2, margin=0.7, grad=1),
    M("MultiLabelMarginLoss", "multilabel_margin_loss", P, LABELS, grad=1),
    M("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", P, T, weight=WEIGHT),
    M("MarginRankingLoss", "margin_ranking_loss", P, T, SIGNS, margin=0.2),
    M("HingeEmbeddingLoss", "hinge_embedding_loss", P, SIGNS, margin=1.5),
    M("CosineEmbeddingLoss", "cosine_embedding_loss", P, T, A(dtype="int64", values=[1, -1, 1, -1], shape=(4,)),
      margin=0.2),
    M("TripletMarginLoss", "triplet_margin_loss", P, T, A((4, 3)), margin=2.0, swap=True),
    M("TripletMarginWithDistanceLoss", "triplet_margin_with_distance_loss", P, T, A((4, 3)), margin=2.0),
    M("CTCLoss", "ctc_loss", A((6, 4, 4)), A((4, 2), 0, 2, dtype="int64"), A((4,), 4, 6, dtype="int64"),
      A((4,), 0, 2, dtype="int64"), blank=3, reduction="sum", zero_infinity=True, torch=False,
      errors=(*reduction("CTCLoss"), refused(TypeError, "blank is 0.5", "CTCLoss", 0.5))),
    M("CosineSimilarity", "cosine_similarity", P, T, dim=0),
    M("PairwiseDistance", "pairwise_distance", P, T, p=3.0),
)  # fmt: skip

# Public classes of `nn` that the templates say nothing about, and where they are tested.
WITHOUT = {
    "Module": "the base class: test_module.py",
    "Sequential": "a container: test_module.py",
    "ModuleList": "a container: test_module.py",
    "ModuleDict": "a container: test_module.py",
    "ParameterList": "a container: test_module_tools.py",
    "ParameterDict": "a container: test_module_tools.py",
}
