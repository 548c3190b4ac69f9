from __future__ import annotations

import builtins
import collections.abc
import typing

import typing_extensions

__all__: list[str] = [
    "MAX_DIMS",
    "Array",
    "AxisError",
    "Backward",
    "DType",
    "Function",
    "Node",
    "Operator",
    "PackedWeight",
    "Primitive",
    "Program",
    "Recording",
    "RecordingError",
    "Shortcut",
    "TapeMode",
    "TensorBase",
    "abs",
    "activations",
    "adaptive_avg_pool",
    "adaptive_avg_pool_backward",
    "adaptive_max_pool",
    "adaptive_max_pool_with_indices",
    "add",
    "add_",
    "add_layer_norm",
    "add_rms_norm",
    "all",
    "any",
    "arange",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctan2_",
    "arctanh",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "as_ndarray",
    "assign",
    "astype",
    "attention_backward",
    "attention_bias_backward",
    "avg_pool",
    "avg_pool_backward",
    "batch_norm",
    "bias_activation_backward",
    "bitwise_and",
    "bitwise_and_",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_left_shift_",
    "bitwise_or",
    "bitwise_or_",
    "bitwise_right_shift",
    "bitwise_right_shift_",
    "bitwise_xor",
    "bitwise_xor_",
    "broadcast_to",
    "cbrt",
    "ceil",
    "celu",
    "celu_backward",
    "complex_dtype",
    "compressed_linear",
    "concatenate",
    "config",
    "conj",
    "contiguous",
    "conv",
    "conv_transpose",
    "conv_weight_gradient",
    "conv_weight_gradient_add_",
    "copysign",
    "copysign_",
    "cos",
    "cosh",
    "cross_entropy",
    "cross_entropy_backward",
    "ctc_loss",
    "ctc_loss_backward",
    "cumprod",
    "cumsum",
    "default_dtype",
    "default_float",
    "defines",
    "deg2rad",
    "device",
    "divide",
    "divide_",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_add",
    "empty",
    "equal",
    "equal_",
    "erf",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "eye",
    "flip",
    "floor",
    "floor_divide",
    "floor_divide_",
    "fmax",
    "fmax_",
    "fmin",
    "fmin_",
    "fmod",
    "fmod_",
    "fold",
    "from_buffer",
    "from_dlpack",
    "from_sequence",
    "full",
    "full_like",
    "gather",
    "gather_backward",
    "gcd",
    "gcd_",
    "gelu",
    "gelu_backward",
    "gelu_backward_",
    "gelu_tanh",
    "gelu_tanh_backward",
    "gelu_tanh_backward_",
    "get_num_threads",
    "getitem",
    "given_norm",
    "greater",
    "greater_",
    "greater_equal",
    "greater_equal_",
    "group_norm",
    "gru",
    "gru_backward",
    "hardshrink",
    "hardshrink_backward",
    "hardshrink_backward_",
    "hardsigmoid",
    "hardsigmoid_backward",
    "hardsigmoid_backward_",
    "hardswish",
    "hardswish_backward",
    "hardswish_backward_",
    "hardtanh",
    "hardtanh_backward",
    "heaviside",
    "heaviside_",
    "host_copies",
    "hypot",
    "hypot_",
    "imag",
    "index_add",
    "instance_norm",
    "is_basic_index",
    "is_looked_at",
    "is_number",
    "is_private",
    "is_recording",
    "isfinite",
    "isinf",
    "isnan",
    "item",
    "layer_norm",
    "lcm",
    "lcm_",
    "leaky_relu",
    "leaky_relu_backward",
    "less",
    "less_",
    "less_equal",
    "less_equal_",
    "like",
    "linear",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_sigmoid_backward",
    "log_sigmoid_backward_",
    "log_softmax",
    "log_softmax_backward",
    "logaddexp",
    "logaddexp2",
    "logaddexp2_",
    "logaddexp_",
    "logical_and",
    "logical_and_",
    "logical_not",
    "logical_or",
    "logical_or_",
    "logical_xor",
    "logical_xor_",
    "logsumexp",
    "lstm",
    "lstm_backward",
    "matmul",
    "matmul_add_",
    "matmul_bytes",
    "matmul_nt",
    "matmul_nt_add_",
    "matmul_tn",
    "matmul_tn_add_",
    "max",
    "max_pool",
    "max_pool_gather",
    "max_pool_scatter",
    "max_pool_with_indices",
    "maximum",
    "maximum_",
    "mean",
    "meeting_dtype",
    "memory_release_cached",
    "memory_reset_peak",
    "memory_set_cache_limit",
    "memory_stats",
    "min",
    "minimum",
    "minimum_",
    "mish",
    "mish_backward",
    "mish_backward_",
    "multinomial",
    "multiply",
    "multiply_",
    "multiply_add_at_peak",
    "negative",
    "nextafter",
    "nextafter_",
    "nonzero",
    "norm_channels_backward",
    "norm_rows_backward",
    "not_equal",
    "not_equal_",
    "one_hot",
    "optim_step",
    "pad",
    "partition",
    "positive",
    "power",
    "power_",
    "prelu",
    "prelu_",
    "prod",
    "promote_types",
    "rad2deg",
    "random_bernoulli",
    "random_bits",
    "random_integers",
    "random_normal",
    "random_permutation",
    "random_uniform",
    "real",
    "reciprocal",
    "relu",
    "relu_backward",
    "relu_backward_",
    "remainder",
    "remainder_",
    "resample",
    "reshape",
    "rint",
    "rms_norm",
    "rnn",
    "rnn_backward",
    "round",
    "rsqrt",
    "scalar",
    "scaled_dot_product_attention",
    "scatter",
    "scatter_add",
    "searchsorted",
    "selu",
    "selu_backward",
    "selu_backward_",
    "set_dtypes_of_shortcuts",
    "set_ndarray_type",
    "set_num_threads",
    "set_python_hooks",
    "set_winograd_",
    "setitem",
    "sigmoid",
    "sigmoid_backward",
    "sigmoid_backward_",
    "sign",
    "signbit",
    "silu",
    "silu_backward",
    "silu_backward_",
    "sin",
    "sinh",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "softshrink",
    "softsign",
    "softsign_backward",
    "softsign_backward_",
    "sort",
    "sort_with_positions",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stamp",
    "start_explaining",
    "subtract",
    "subtract_",
    "sum",
    "take",
    "take_add",
    "take_along_axis",
    "take_choices",
    "tan",
    "tanh",
    "tanh_backward",
    "tanh_backward_",
    "tanhshrink",
    "tanhshrink_backward",
    "tanhshrink_backward_",
    "threshold",
    "threshold_backward",
    "tick",
    "to_device",
    "to_dlpack",
    "to_host",
    "tolist",
    "topk",
    "total_norm",
    "transpose",
    "tril",
    "triu",
    "trunc",
    "under_numpy_rules",
    "under_rules_of",
    "unfold",
    "unpad",
    "untracked_batch_norm",
    "untracked_instance_norm",
    "where",
    "wrap",
]

class TensorBase:
    """
    The fields of tilewright.Tensor.
    """

class TapeMode:
    """
    The recording mode of the current thread.
    """

class Node:
    """
    One recorded op.
    """
    @staticmethod
    def __new__(type, *args, **kwargs):
        """
        Create and return a new object.  See help(type) for accurate signature.
        """

class Backward:
    """
    Calls an op's rules with what a node saved: backward(node, g).
    """
    @staticmethod
    def __new__(type, *args, **kwargs):
        """
        Create and return a new object.  See help(type) for accurate signature.
        """
    def __call__(self, *args, **kwargs):
        """
        Call self as a function.
        """

class Primitive:
    @staticmethod
    def __new__(type, *args, **kwargs):
        """
        Create and return a new object.  See help(type) for accurate signature.
        """
    @staticmethod
    def __reduce__(*args, **kwargs): ...
    def __call__(self, *args, **kwargs):
        """
        Call self as a function.
        """
    def __get__(self, instance, owner=None):
        """
        Return an attribute of instance, which is of type owner.
        """

class Function:
    @staticmethod
    def __new__(type, *args, **kwargs):
        """
        Create and return a new object.  See help(type) for accurate signature.
        """
    @staticmethod
    def __reduce__(*args, **kwargs): ...
    def __call__(self, *args, **kwargs):
        """
        Call self as a function.
        """
    def __get__(self, instance, owner=None):
        """
        Return an attribute of instance, which is of type owner.
        """

class Operator:
    @staticmethod
    def __new__(type, *args, **kwargs):
        """
        Create and return a new object.  See help(type) for accurate signature.
        """
    @staticmethod
    def __reduce__(*args, **kwargs): ...
    def __call__(self, *args, **kwargs):
        """
        Call self as a function.
        """
    def __get__(self, instance, owner=None):
        """
        Return an attribute of instance, which is of type owner.
        """

class Shortcut:
    @staticmethod
    def __new__(type, *args, **kwargs):
        """
        Create and return a new object.  See help(type) for accurate signature.
        """
    @staticmethod
    def __reduce__(*args, **kwargs): ...
    def __call__(self, *args, **kwargs):
        """
        Call self as a function.
        """
    def __get__(self, instance, owner=None):
        """
        Return an attribute of instance, which is of type owner.
        """

class DType:
    """
    Members:

      bool

      uint8

      int8

      uint16

      int16

      uint32

      int32

      uint64

      int64

      float16

      bfloat16

      float32

      float64

      complex64

      complex128
    """

    __members__: typing.ClassVar[dict[str, DType]]
    bfloat16: typing.ClassVar[DType]
    bool: typing.ClassVar[DType]
    complex128: typing.ClassVar[DType]
    complex64: typing.ClassVar[DType]
    float16: typing.ClassVar[DType]
    float32: typing.ClassVar[DType]
    float64: typing.ClassVar[DType]
    int16: typing.ClassVar[DType]
    int32: typing.ClassVar[DType]
    int64: typing.ClassVar[DType]
    int8: typing.ClassVar[DType]
    uint16: typing.ClassVar[DType]
    uint32: typing.ClassVar[DType]
    uint64: typing.ClassVar[DType]
    uint8: typing.ClassVar[DType]
    @typing.overload
    def __eq__(self, other: DType) -> builtins.bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> builtins.bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: DType) -> builtins.bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> builtins.bool: ...
    def __reduce__(self) -> tuple: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def is_complex(self) -> builtins.bool: ...
    @property
    def is_floating(self) -> builtins.bool: ...
    @property
    def is_inexact(self) -> builtins.bool: ...
    @property
    def is_integer(self) -> builtins.bool: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class Array:
    dtype: DType
    itemsize: int
    ndim: int
    size: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    readonly: bool
    def __array__(self, dtype=None, copy=None):
        """
        Raises: what has a buffer never comes here.
        """
    @property
    def data_ptr(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def is_contiguous(self) -> bool: ...
    @property
    def is_shared(self) -> bool: ...
    @property
    def last_write(self) -> int: ...
    @property
    def storage_ptr(self) -> int: ...

class RecordingError(RuntimeError):
    pass

class Program:
    """
    Makes recorded calls again: program(*tensors), NotImplemented where they differ.
    """
    @staticmethod
    def describe(*args, **kwargs):
        """
        describe(): the calls, and what rewrites made of them.
        """
    @staticmethod
    def holds(*args, **kwargs):
        """
        holds(): whether the model still is what was recorded.
        """
    @staticmethod
    def statistics(*args, **kwargs):
        """
        statistics(): calls and bytes.
        """
    def __call__(self, *args, **kwargs):
        """
        Call self as a function.
        """

class Recording:
    def __init__(self, inputs: collections.abc.Sequence[Array]) -> None: ...
    def program(self, given: list, results: list, parts: list, exact: bool) -> typing.Any: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    @property
    def inputs(self) -> list[Array]: ...

class PackedWeight:
    def __init__(self, arg0: Array) -> None: ...
    def linear(self, arg0: Array, arg1: Array, arg2: str) -> Array: ...
    @property
    def nbytes(self) -> int: ...

def abs(arg0: Array) -> Array: ...
def activations() -> dict: ...
def adaptive_avg_pool(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def adaptive_avg_pool_backward(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def adaptive_max_pool(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def adaptive_max_pool_with_indices(arg0: Array, arg1: int | typing.Sequence[int]) -> tuple: ...
def add(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def add_(arg0: Array, arg1: Array | complex) -> None: ...
def add_layer_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: int | typing.Sequence[int],
    arg5: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def add_rms_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: int | typing.Sequence[int],
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def all(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def any(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def arange(
    start: Array | complex,
    step: Array | complex,
    count: typing.SupportsInt | typing.SupportsIndex,
    dtype: DType,
    device: str = "cpu",
) -> Array: ...
def arccos(arg0: Array) -> Array: ...
def arccosh(arg0: Array) -> Array: ...
def arcsin(arg0: Array) -> Array: ...
def arcsinh(arg0: Array) -> Array: ...
def arctan(arg0: Array) -> Array: ...
def arctan2(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def arctan2_(arg0: Array, arg1: Array | complex) -> None: ...
def arctanh(arg0: Array) -> Array: ...
def argmax(
    x: Array, axis: typing.SupportsInt | typing.SupportsIndex | None = None, keepdims: bool = False
) -> Array: ...
def argmin(
    x: Array, axis: typing.SupportsInt | typing.SupportsIndex | None = None, keepdims: bool = False
) -> Array: ...
def argpartition(
    arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def argsort(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool) -> Array: ...
def as_ndarray(*args, **kwargs):
    """
    as_ndarray(y): a tensor as an ndarray; anything else as it is.
    """

def assign(arg0: Array, arg1: Array | complex) -> None: ...
def astype(arg0: Array, arg1: DType, arg2: bool) -> Array: ...
def attention_backward(
    arg0: typing.Annotated[collections.abc.Sequence[bool], "FixedSize(3)"],
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: Array,
    arg7: Array,
    arg8: Array,
    arg9: typing.SupportsFloat | typing.SupportsIndex,
    arg10: typing.SupportsFloat | typing.SupportsIndex,
    arg11: bool,
    arg12: typing.SupportsInt | typing.SupportsIndex,
    arg13: typing.SupportsInt | typing.SupportsIndex,
    arg14: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None,
    arg15: typing.SupportsFloat | typing.SupportsIndex,
    arg16: typing.SupportsInt | typing.SupportsIndex,
    arg17: typing.SupportsInt | typing.SupportsIndex,
    arg18: Array,
    arg19: Array,
) -> tuple[typing.Any, typing.Any, typing.Any]: ...
def attention_bias_backward(
    arg0: typing.Annotated[collections.abc.Sequence[bool], "FixedSize(2)"],
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: Array,
    arg7: Array,
    arg8: Array,
    arg9: typing.SupportsFloat | typing.SupportsIndex,
    arg10: typing.SupportsFloat | typing.SupportsIndex,
    arg11: bool,
    arg12: typing.SupportsInt | typing.SupportsIndex,
    arg13: typing.SupportsInt | typing.SupportsIndex,
    arg14: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None,
    arg15: typing.SupportsFloat | typing.SupportsIndex,
    arg16: typing.SupportsInt | typing.SupportsIndex,
    arg17: typing.SupportsInt | typing.SupportsIndex,
    arg18: Array,
    arg19: Array,
) -> tuple[typing.Any, typing.Any]: ...
def avg_pool(
    arg0: Array,
    arg1: int | typing.Sequence[int],
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: bool,
    arg5: bool,
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def avg_pool_backward(
    arg0: Array,
    arg1: int | typing.Sequence[int],
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: bool,
    arg6: bool,
    arg7: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def batch_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: typing.SupportsFloat | typing.SupportsIndex | None,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def bias_activation_backward(arg0: Array, arg1: Array, arg2: str) -> tuple[Array, Array]: ...
def bitwise_and(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def bitwise_and_(arg0: Array, arg1: Array | complex) -> None: ...
def bitwise_invert(arg0: Array) -> Array: ...
def bitwise_left_shift(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def bitwise_left_shift_(arg0: Array, arg1: Array | complex) -> None: ...
def bitwise_or(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def bitwise_or_(arg0: Array, arg1: Array | complex) -> None: ...
def bitwise_right_shift(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def bitwise_right_shift_(arg0: Array, arg1: Array | complex) -> None: ...
def bitwise_xor(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def bitwise_xor_(arg0: Array, arg1: Array | complex) -> None: ...
def broadcast_to(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def cbrt(arg0: Array) -> Array: ...
def ceil(arg0: Array) -> Array: ...
def celu(arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def celu_backward(
    arg0: Array | complex, arg1: Array | complex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def complex_dtype(arg0: DType) -> DType: ...
def compressed_linear(arg0: Array, arg1: Array, arg2: Array, arg3: Array, arg4: str) -> Array: ...
def concatenate(arg0: collections.abc.Sequence[Array], arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def config() -> dict: ...
def conj(arg0: Array) -> Array: ...
def contiguous(arg0: Array) -> Array: ...
def conv(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: int | typing.Sequence[int],
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def conv_transpose(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: int | typing.Sequence[int],
    arg6: int | typing.Sequence[int],
    arg7: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def conv_weight_gradient(
    arg0: Array,
    arg1: Array,
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: int | typing.Sequence[int],
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def conv_weight_gradient_add_(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: int | typing.Sequence[int],
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> None: ...
def copysign(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def copysign_(arg0: Array, arg1: Array | complex) -> None: ...
def cos(arg0: Array) -> Array: ...
def cosh(arg0: Array) -> Array: ...
def cross_entropy(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: str,
) -> tuple[Array, Array]: ...
def cross_entropy_backward(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: typing.SupportsInt | typing.SupportsIndex,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: str,
) -> Array: ...
def ctc_loss(
    arg0: Array, arg1: Array, arg2: Array, arg3: Array, arg4: typing.SupportsInt | typing.SupportsIndex
) -> tuple[Array, Array]: ...
def ctc_loss_backward(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def cumprod(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def cumsum(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool) -> Array: ...
def default_dtype(arg0: Array | complex) -> DType: ...
def default_float(*args, **kwargs):
    """
    default_float(*operands): what integers become in an op on them that needs floating numbers.
    """

def defines(arg0: typing.Any, arg1: str) -> bool: ...
def deg2rad(arg0: Array) -> Array: ...
def device(arg0: str) -> str: ...
def divide(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def divide_(arg0: Array, arg1: Array | complex) -> None: ...
def dropout(
    arg0: Array,
    arg1: typing.SupportsFloat | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[Array, Array]: ...
def dropout_backward(arg0: Array, arg1: Array, arg2: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def elu(arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def elu_backward(
    arg0: Array | complex, arg1: Array | complex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def embedding(arg0: Array, arg1: Array) -> Array: ...
def embedding_add(arg0: Array, arg1: Array, arg2: Array, arg3: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def empty(shape: int | typing.Sequence[int], dtype: DType, device: str = "cpu") -> Array: ...
def equal(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def equal_(arg0: Array, arg1: Array | complex) -> None: ...
def erf(arg0: Array) -> Array: ...
def exp(arg0: Array) -> Array: ...
def exp2(arg0: Array) -> Array: ...
def expand_dims(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def expm1(arg0: Array) -> Array: ...
def eye(
    rows: typing.SupportsInt | typing.SupportsIndex,
    cols: typing.SupportsInt | typing.SupportsIndex,
    diagonal: typing.SupportsInt | typing.SupportsIndex,
    dtype: DType,
    device: str = "cpu",
) -> Array: ...
def flip(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def floor(arg0: Array) -> Array: ...
def floor_divide(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def floor_divide_(arg0: Array, arg1: Array | complex) -> None: ...
def fmax(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def fmax_(arg0: Array, arg1: Array | complex) -> None: ...
def fmin(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def fmin_(arg0: Array, arg1: Array | complex) -> None: ...
def fmod(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def fmod_(arg0: Array, arg1: Array | complex) -> None: ...
def fold(
    arg0: Array,
    arg1: int | typing.Sequence[int],
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
) -> Array: ...
def from_buffer(object: typing.Any, copy: bool = False) -> Array: ...
def from_dlpack(arg0: typing.Any) -> Array: ...
def from_sequence(data: typing.Any, dtype: DType | None = None) -> Array: ...
def full(
    shape: int | typing.Sequence[int], fill_value: Array | complex, dtype: DType, device: str = "cpu"
) -> Array: ...
def full_like(arg0: Array, arg1: Array | complex) -> Array: ...
def gather(arg0: Array, arg1: Array, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def gather_backward(
    arg0: Array, arg1: Array, arg2: typing.SupportsInt | typing.SupportsIndex, arg3: int | typing.Sequence[int]
) -> Array: ...
def gcd(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def gcd_(arg0: Array, arg1: Array | complex) -> None: ...
def gelu(arg0: Array) -> Array: ...
def gelu_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def gelu_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def gelu_tanh(arg0: Array) -> Array: ...
def gelu_tanh_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def gelu_tanh_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def get_num_threads() -> int: ...
def getitem(arg0: Array, arg1: typing.Any) -> Array: ...
def given_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: str,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def greater(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def greater_(arg0: Array, arg1: Array | complex) -> None: ...
def greater_equal(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def greater_equal_(arg0: Array, arg1: Array | complex) -> None: ...
def group_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def gru(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg7: bool,
    arg8: bool,
) -> tuple[typing.Any, typing.Any, typing.Any]: ...
def gru_backward(
    arg0: bool,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: Array,
    arg7: Array,
    arg8: Array,
    arg9: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg10: bool,
    arg11: bool,
    arg12: Array,
    arg13: Array,
) -> tuple: ...
def hardshrink(arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def hardshrink_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def hardshrink_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def hardsigmoid(arg0: Array) -> Array: ...
def hardsigmoid_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def hardsigmoid_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def hardswish(arg0: Array) -> Array: ...
def hardswish_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def hardswish_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def hardtanh(
    arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def hardtanh_backward(
    arg0: Array | complex,
    arg1: Array | complex,
    arg2: typing.SupportsFloat | typing.SupportsIndex,
    arg3: typing.SupportsFloat | typing.SupportsIndex,
) -> Array: ...
def heaviside(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def heaviside_(arg0: Array, arg1: Array | complex) -> None: ...
def host_copies() -> dict[str, int]: ...
def hypot(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def hypot_(arg0: Array, arg1: Array | complex) -> None: ...
def imag(arg0: Array) -> Array: ...
def index_add(arg0: Array, arg1: typing.Any, arg2: Array) -> None: ...
def instance_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: typing.SupportsFloat | typing.SupportsIndex | None,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def is_basic_index(arg0: typing.Any) -> bool: ...
def is_looked_at(*args, **kwargs):
    """
    is_looked_at(x): whether another tensor may look at the memory of x.
    """

def is_number(*args, **kwargs):
    """
    is_number(x): whether x is a Python number, which is weak; NumPy's scalars are arrays.
    """

def is_private(*args, **kwargs):
    """
    is_private(leaf, g): whether g can be added to leaf.grad in place, unseen.
    """

def is_recording() -> bool: ...
def isfinite(arg0: Array) -> Array: ...
def isinf(arg0: Array) -> Array: ...
def isnan(arg0: Array) -> Array: ...
def item(*args, **kwargs):
    """
    item(x): the only element as a Python number.
    """

def layer_norm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: int | typing.Sequence[int],
    arg4: typing.SupportsFloat | typing.SupportsIndex,
) -> tuple: ...
def lcm(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def lcm_(arg0: Array, arg1: Array | complex) -> None: ...
def leaky_relu(arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def leaky_relu_backward(
    arg0: Array | complex, arg1: Array | complex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def less(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def less_(arg0: Array, arg1: Array | complex) -> None: ...
def less_equal(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def less_equal_(arg0: Array, arg1: Array | complex) -> None: ...
def like(*args, **kwargs):
    """
    like(x, y): the tensor y in the class that an op on x gives.
    """

def linear(arg0: Array, arg1: Array, arg2: Array, arg3: str) -> Array: ...
def log(arg0: Array) -> Array: ...
def log10(arg0: Array) -> Array: ...
def log1p(arg0: Array) -> Array: ...
def log2(arg0: Array) -> Array: ...
def log_sigmoid(arg0: Array) -> Array: ...
def log_sigmoid_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def log_sigmoid_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def log_softmax(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def log_softmax_backward(arg0: Array, arg1: Array, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def logaddexp(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def logaddexp2(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def logaddexp2_(arg0: Array, arg1: Array | complex) -> None: ...
def logaddexp_(arg0: Array, arg1: Array | complex) -> None: ...
def logical_and(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def logical_and_(arg0: Array, arg1: Array | complex) -> None: ...
def logical_not(arg0: Array) -> Array: ...
def logical_or(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def logical_or_(arg0: Array, arg1: Array | complex) -> None: ...
def logical_xor(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def logical_xor_(arg0: Array, arg1: Array | complex) -> None: ...
def logsumexp(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def lstm(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: Array,
    arg7: Array,
    arg8: Array,
    arg9: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg10: bool,
) -> tuple[typing.Any, typing.Any, typing.Any, typing.Any, typing.Any]: ...
def lstm_backward(
    arg0: bool,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: Array,
    arg7: Array,
    arg8: Array,
    arg9: Array,
    arg10: Array,
    arg11: Array,
    arg12: Array,
    arg13: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg14: bool,
    arg15: Array,
    arg16: Array,
    arg17: Array,
) -> tuple: ...
def matmul(arg0: Array, arg1: Array) -> Array: ...
def matmul_add_(arg0: Array, arg1: Array, arg2: Array) -> None: ...
def matmul_bytes(arg0: Array, arg1: Array) -> Array: ...
def matmul_nt(arg0: Array, arg1: Array) -> Array: ...
def matmul_nt_add_(arg0: Array, arg1: Array, arg2: Array) -> None: ...
def matmul_tn(arg0: Array, arg1: Array) -> Array: ...
def matmul_tn_add_(arg0: Array, arg1: Array, arg2: Array) -> None: ...
def max(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def max_pool(
    arg0: Array,
    arg1: int | typing.Sequence[int],
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: bool,
) -> Array: ...
def max_pool_gather(
    arg0: Array,
    arg1: Array,
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: int | typing.Sequence[int],
    arg6: int | typing.Sequence[int],
    arg7: bool,
) -> Array: ...
def max_pool_scatter(
    arg0: Array,
    arg1: Array,
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: int | typing.Sequence[int],
    arg6: int | typing.Sequence[int],
    arg7: bool,
) -> Array: ...
def max_pool_with_indices(
    arg0: Array,
    arg1: int | typing.Sequence[int],
    arg2: int | typing.Sequence[int],
    arg3: int | typing.Sequence[int],
    arg4: int | typing.Sequence[int],
    arg5: bool,
) -> tuple: ...
def maximum(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def maximum_(arg0: Array, arg1: Array | complex) -> None: ...
def mean(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def meeting_dtype(arg0: list) -> typing.Any: ...
def memory_release_cached() -> None: ...
def memory_reset_peak() -> None: ...
def memory_set_cache_limit(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def memory_stats() -> dict: ...
def min(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def minimum(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def minimum_(arg0: Array, arg1: Array | complex) -> None: ...
def mish(arg0: Array) -> Array: ...
def mish_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def mish_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def multinomial(
    arg0: Array,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: bool,
    arg3: typing.SupportsInt | typing.SupportsIndex,
    arg4: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def multiply(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def multiply_(arg0: Array, arg1: Array | complex) -> None: ...
def multiply_add_at_peak(arg0: typing.SupportsInt | typing.SupportsIndex) -> int: ...
def negative(arg0: Array) -> Array: ...
def nextafter(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def nextafter_(arg0: Array, arg1: Array | complex) -> None: ...
def nonzero(arg0: Array) -> tuple: ...
def norm_channels_backward(
    arg0: Array, arg1: Array, arg2: Array, arg3: Array, arg4: Array, arg5: bool, arg6: bool, arg7: bool
) -> tuple: ...
def norm_rows_backward(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: int | typing.Sequence[int],
    arg7: typing.SupportsInt | typing.SupportsIndex,
    arg8: typing.SupportsInt | typing.SupportsIndex,
    arg9: bool,
    arg10: bool,
) -> tuple: ...
def not_equal(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def not_equal_(arg0: Array, arg1: Array | complex) -> None: ...
def one_hot(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: DType) -> Array: ...
def optim_step(arg0: str, arg1: list, arg2: list, arg3: list, arg4: list, arg5: list) -> None: ...
def pad(
    arg0: Array, arg1: int | typing.Sequence[int], arg2: int | typing.Sequence[int], arg3: str, arg4: Array | complex
) -> Array: ...
def partition(
    arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def positive(arg0: Array) -> Array: ...
def power(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def power_(arg0: Array, arg1: Array | complex) -> None: ...
def prelu(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def prelu_(arg0: Array, arg1: Array | complex) -> None: ...
def prod(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def promote_types(arg0: DType, arg1: DType) -> DType: ...
def rad2deg(arg0: Array) -> Array: ...
def random_bernoulli(
    shape: int | typing.Sequence[int],
    seed: typing.SupportsInt | typing.SupportsIndex,
    offset: typing.SupportsInt | typing.SupportsIndex,
    p: typing.SupportsFloat | typing.SupportsIndex,
    device: str = "cpu",
) -> Array: ...
def random_bits(
    arg0: typing.SupportsInt | typing.SupportsIndex,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.SupportsInt | typing.SupportsIndex,
) -> Array: ...
def random_integers(
    shape: int | typing.Sequence[int],
    dtype: DType,
    seed: typing.SupportsInt | typing.SupportsIndex,
    offset: typing.SupportsInt | typing.SupportsIndex,
    low: typing.SupportsInt | typing.SupportsIndex,
    high: int,
    device: str = "cpu",
) -> Array: ...
def random_normal(
    shape: int | typing.Sequence[int],
    dtype: DType,
    seed: typing.SupportsInt | typing.SupportsIndex,
    offset: typing.SupportsInt | typing.SupportsIndex,
    mean: typing.SupportsFloat | typing.SupportsIndex,
    std: typing.SupportsFloat | typing.SupportsIndex,
    device: str = "cpu",
) -> Array: ...
def random_permutation(
    n: typing.SupportsInt | typing.SupportsIndex,
    seed: typing.SupportsInt | typing.SupportsIndex,
    offset: typing.SupportsInt | typing.SupportsIndex,
    device: str = "cpu",
) -> Array: ...
def random_uniform(
    shape: int | typing.Sequence[int],
    dtype: DType,
    seed: typing.SupportsInt | typing.SupportsIndex,
    offset: typing.SupportsInt | typing.SupportsIndex,
    low: typing.SupportsFloat | typing.SupportsIndex,
    high: typing.SupportsFloat | typing.SupportsIndex,
    device: str = "cpu",
) -> Array: ...
def real(arg0: Array) -> Array: ...
def reciprocal(arg0: Array) -> Array: ...
def relu(arg0: Array) -> Array: ...
def relu_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def relu_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def remainder(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def remainder_(arg0: Array, arg1: Array | complex) -> None: ...
def resample(
    arg0: Array,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: str,
    arg4: typing.SupportsFloat | typing.SupportsIndex,
    arg5: bool,
    arg6: bool,
) -> Array: ...
def reshape(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def rint(arg0: Array) -> Array: ...
def rms_norm(
    arg0: Array, arg1: Array, arg2: int | typing.Sequence[int], arg3: typing.SupportsFloat | typing.SupportsIndex
) -> tuple: ...
def rnn(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg7: bool,
    arg8: str,
) -> tuple[typing.Any, typing.Any]: ...
def rnn_backward(
    arg0: bool,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: Array,
    arg7: Array,
    arg8: Array,
    arg9: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg10: bool,
    arg11: str,
    arg12: Array,
) -> tuple: ...
def round(arg0: Array) -> Array: ...
def rsqrt(arg0: Array) -> Array: ...
def scalar(value: Array | complex, dtype: DType, device: str = "cpu") -> Array: ...
def scaled_dot_product_attention(
    arg0: Array,
    arg1: Array,
    arg2: Array,
    arg3: Array,
    arg4: Array,
    arg5: Array,
    arg6: typing.SupportsFloat | typing.SupportsIndex,
    arg7: typing.SupportsFloat | typing.SupportsIndex,
    arg8: bool,
    arg9: typing.SupportsInt | typing.SupportsIndex,
    arg10: typing.SupportsInt | typing.SupportsIndex,
    arg11: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None,
    arg12: typing.SupportsFloat | typing.SupportsIndex,
    arg13: typing.SupportsInt | typing.SupportsIndex,
    arg14: typing.SupportsInt | typing.SupportsIndex,
) -> tuple[Array, Array]: ...
def scatter(
    arg0: Array, arg1: Array | complex, arg2: Array, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def scatter_add(
    arg0: Array, arg1: Array | complex, arg2: Array, arg3: typing.SupportsInt | typing.SupportsIndex
) -> Array: ...
def searchsorted(arg0: Array, arg1: Array, arg2: bool) -> Array: ...
def selu(arg0: Array) -> Array: ...
def selu_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def selu_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def set_dtypes_of_shortcuts(arg0: dict) -> None: ...
def set_ndarray_type(arg0: type) -> None: ...
def set_num_threads(arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def set_python_hooks(
    arg0: type,
    arg1: collections.abc.Callable,
    arg2: collections.abc.Callable,
    arg3: collections.abc.Callable,
    arg4: collections.abc.Callable,
    arg5: collections.abc.Callable,
    arg6: collections.abc.Callable,
    arg7: collections.abc.Callable,
    arg8: str,
) -> None: ...
def set_winograd_(arg0: typing.SupportsInt | typing.SupportsIndex) -> int: ...
def setitem(arg0: Array, arg1: typing.Any, arg2: Array | complex) -> None: ...
def sigmoid(arg0: Array) -> Array: ...
def sigmoid_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def sigmoid_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def sign(arg0: Array) -> Array: ...
def signbit(arg0: Array) -> Array: ...
def silu(arg0: Array) -> Array: ...
def silu_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def silu_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def sin(arg0: Array) -> Array: ...
def sinh(arg0: Array) -> Array: ...
def softmax(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def softmax_backward(arg0: Array, arg1: Array, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def softplus(
    arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def softplus_backward(
    arg0: Array | complex,
    arg1: Array | complex,
    arg2: typing.SupportsFloat | typing.SupportsIndex,
    arg3: typing.SupportsFloat | typing.SupportsIndex,
) -> Array: ...
def softshrink(arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex) -> Array: ...
def softsign(arg0: Array) -> Array: ...
def softsign_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def softsign_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def sort(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool) -> Array: ...
def sort_with_positions(
    arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool
) -> tuple[Array, Array]: ...
def split(
    arg0: Array,
    arg1: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex],
    arg2: typing.SupportsInt | typing.SupportsIndex,
) -> list[Array]: ...
def sqrt(arg0: Array) -> Array: ...
def square(arg0: Array) -> Array: ...
def squeeze(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def stack(arg0: collections.abc.Sequence[Array], arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def stamp(*args, **kwargs):
    """
    stamp(arrays): the storages of these are written now. The node that says when and where.
    """

def start_explaining() -> None: ...
def subtract(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def subtract_(arg0: Array, arg1: Array | complex) -> None: ...
def sum(x: Array, axes: int | typing.Sequence[int] | None = None, keepdims: bool = False) -> Array: ...
def take(arg0: Array, arg1: Array, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def take_add(arg0: Array, arg1: Array, arg2: Array, arg3: typing.SupportsInt | typing.SupportsIndex) -> None: ...
def take_along_axis(arg0: Array, arg1: Array, arg2: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def take_choices() -> list: ...
def tan(arg0: Array) -> Array: ...
def tanh(arg0: Array) -> Array: ...
def tanh_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def tanh_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def tanhshrink(arg0: Array) -> Array: ...
def tanhshrink_backward(arg0: Array | complex, arg1: Array | complex) -> Array: ...
def tanhshrink_backward_(arg0: Array, arg1: Array | complex) -> None: ...
def threshold(
    arg0: Array, arg1: typing.SupportsFloat | typing.SupportsIndex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def threshold_backward(
    arg0: Array | complex, arg1: Array | complex, arg2: typing.SupportsFloat | typing.SupportsIndex
) -> Array: ...
def tick() -> int: ...
def to_device(arg0: Array, arg1: str) -> Array: ...
def to_dlpack(x: Array, versioned: bool, copied: bool = False) -> typing_extensions.CapsuleType: ...
def to_host(arg0: str, arg1: Array) -> Array: ...
def tolist(arg0: Array) -> typing.Any: ...
def topk(
    arg0: Array,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: bool,
) -> tuple[Array, Array]: ...
def total_norm(arg0: list, arg1: typing.SupportsFloat | typing.SupportsIndex) -> float: ...
def transpose(arg0: Array, arg1: int | typing.Sequence[int]) -> Array: ...
def tril(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def triu(arg0: Array, arg1: typing.SupportsInt | typing.SupportsIndex) -> Array: ...
def trunc(arg0: Array) -> Array: ...
def under_numpy_rules(*args, **kwargs):
    """
    under_numpy_rules(f, args, keywords): f(*args, **keywords) under NumPy's dtype rules; a tensor comes as an ndarray.
    """

def under_rules_of(*args, **kwargs):
    """
    under_rules_of(operands, f, *args): f(*args) under the dtype rules of an op on the operands.
    """

def unfold(
    arg0: Array, arg1: int | typing.Sequence[int], arg2: int | typing.Sequence[int], arg3: int | typing.Sequence[int]
) -> Array: ...
def unpad(arg0: Array, arg1: int | typing.Sequence[int], arg2: int | typing.Sequence[int], arg3: str) -> Array: ...
def untracked_batch_norm(
    arg0: Array, arg1: Array, arg2: Array, arg3: typing.SupportsFloat | typing.SupportsIndex
) -> tuple: ...
def untracked_instance_norm(
    arg0: Array, arg1: Array, arg2: Array, arg3: typing.SupportsFloat | typing.SupportsIndex
) -> tuple: ...
def where(arg0: Array | complex, arg1: Array | complex, arg2: Array | complex) -> Array: ...
def wrap(*args, **kwargs):
    """
    wrap(array, node=None, *operands): a tensor, of the class that an op on the operands gives.
    """

MAX_DIMS: int = 32

class AxisError(ValueError, IndexError): ...
