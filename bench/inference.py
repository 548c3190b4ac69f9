"""ONNX Runtime and OpenVINO as contenders for inference, given tilewright's modules as ONNX graphs.

Inputs and results are bound once to NumPy arrays, so that a call copies nothing. Both see the weights as constants and
may lay them out as they like before the first call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from .contenders import onnx, onnxruntime, openvino
from .work import flat

if TYPE_CHECKING:
    from collections.abc import Callable

OPSET, IR = 20, 10  # the first opset with Gelu, and a version of the format that both read


class NotExportedError(Exception):
    """No ONNX graph is made of the module."""


# ---- modules as graphs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """What lies between two nodes: its name in the graph, and its number of axes."""

    name: str
    ndim: int


class Graph:
    """An ONNX graph that grows by nodes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, op: str, *inputs: Value, **attributes: Any) -> Value:
        """Append a node; its result has as many axes as its first input."""
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(op, [value.name for value in inputs], [name], **attributes))
        return Value(name, inputs[0].ndim)

    def constant(self, tensor: tw.Tensor) -> Value:
        name = f"constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(tensor.detach().numpy()), name))
        return Value(name, tensor.ndim)

    def module(self, module: Any, *inputs: Value) -> Any:
        """Append what a module does; gives its result, or results. Raises NotExportedError."""
        kind = type(module).__name__
        if kind not in EXPORTS:
            raise NotExportedError(f"no ONNX graph is made of {kind}")
        return EXPORTS[kind](self, module, *inputs)


def linear(graph: Graph, module: Any, x: Value) -> Value:
    bias = [] if module.bias is None else [graph.constant(module.bias)]
    if x.ndim == 2:
        y = graph.node("Gemm", x, graph.constant(module.weight), *bias, transB=1)
    else:
        y = graph.node("MatMul", x, graph.constant(module.weight.T))
        if bias:
            y = graph.node("Add", y, *bias)
    return activation(graph, str(module.activation), y)


def convolution(graph: Graph, module: Any, x: Value) -> Value:
    """Of a Conv1d to Conv3d with padding by numbers, of zeros."""
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        raise NotExportedError(f"no ONNX graph is made of {module}")
    operands = [module.weight] if module.bias is None else [module.weight, module.bias]
    window = {
        "strides": module.stride,
        "pads": 2 * module.padding,
        "dilations": module.dilation,
        "group": module.groups,
    }
    return graph.node("Conv", x, *map(graph.constant, operands), **window)


def batch_norm(graph: Graph, module: Any, x: Value) -> Value:
    given = (module.weight, module.bias, module.running_mean, module.running_var)
    return graph.node("BatchNormalization", x, *map(graph.constant, given), epsilon=module.eps)


def pooling(module: Any) -> dict[str, Any]:
    """Windows over two axes."""
    kernel, stride, padding = (
        (size, size) if isinstance(size, int) else size for size in (module.kernel_size, module.stride, module.padding)
    )
    return {"kernel_shape": kernel, "strides": stride, "pads": 2 * padding, "ceil_mode": int(module.ceil_mode)}


def max_pooling(graph: Graph, module: Any, x: Value) -> Value:
    dilation = module.dilation
    dilations = (dilation, dilation) if isinstance(dilation, int) else dilation
    return graph.node("MaxPool", x, **pooling(module), dilations=dilations)


def mean_pooling(graph: Graph, module: Any, x: Value) -> Value:
    if module.divisor_override is not None:
        raise NotExportedError(f"no ONNX graph is made of {module}")
    return graph.node("AveragePool", x, **pooling(module), count_include_pad=int(module.count_include_pad))


def mean_of_image(graph: Graph, module: Any, x: Value) -> Value:
    if module.output_size not in (1, (1, 1)):
        raise NotExportedError(f"no ONNX graph is made of {module}")
    return graph.node("GlobalAveragePool", x)


def flatten(graph: Graph, module: Any, x: Value) -> Value:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise NotExportedError(f"no ONNX graph is made of {module}")
    return Value(graph.node("Flatten", x, axis=1).name, 2)


def residual_block(graph: Graph, module: Any, x: Value) -> Value:
    """Convolutions with batch norm, and a shortcut around them."""
    y = x
    count = 3 if hasattr(module, "conv3") else 2
    for i in range(1, count + 1):
        y = graph.module(getattr(module, f"bn{i}"), graph.module(getattr(module, f"conv{i}"), y))
        y = activation(graph, "relu", y) if i < count else y
    if module.residual:
        y = graph.node("Add", y, x if module.downsample is None else graph.module(module.downsample, x))
    return activation(graph, "relu", y)


def resnet(graph: Graph, module: Any, x: Value) -> Value:
    x = activation(graph, "relu", graph.module(module.bn1, graph.module(module.conv1, x)))
    stages = [getattr(module, f"layer{i + 1}") for i in range(module.stages)]
    return chain(graph, [module.maxpool, *stages, module.avgpool, module.flatten, module.fc], x)


def lstm(graph: Graph, module: Any, x: Value) -> tuple[Value, ...]:
    """Of one layer and one direction: the output and the last states."""
    if module.num_layers > 1 or module.bidirectional or module.batch_first or module.proj_size or module.peephole:
        raise NotExportedError(f"no ONNX graph is made of {module}")

    def as_there(parameter: tw.Tensor) -> tw.Tensor:
        i, f, g, o = tw.split(parameter.detach(), 4)
        return tw.concatenate([i, o, f, g])

    weights = [graph.constant(as_there(w)[None]) for w in (module.weight_ih_l0, module.weight_hh_l0)]
    bias = graph.constant(tw.concatenate([as_there(module.bias_ih_l0), as_there(module.bias_hh_l0)])[None])
    names = [f"LSTM_{len(graph.nodes)}_{result}" for result in ("y", "h", "c")]
    operands = [value.name for value in (x, *weights, bias)]
    graph.nodes.append(onnx.helper.make_node("LSTM", operands, names, hidden_size=module.hidden_size))
    axis = graph.constant(tw.asarray([1], dtype="int64"))  # of directions
    y = graph.node("Squeeze", Value(names[0], 3), axis)
    return y, Value(names[1], 3), Value(names[2], 3)


def layer_norm(graph: Graph, module: Any, x: Value) -> Value:
    weights = [graph.constant(w) for w in (module.weight, module.bias)]
    return graph.node("LayerNormalization", x, *weights, axis=-1, epsilon=module.eps)


def attended(graph: Graph, q: Value, k: Value, v: Value, size: int) -> Value:
    """Of arrays (B, H, T, D)."""
    scale = graph.constant(tw.asarray(size**-0.5))
    scores = graph.node("MatMul", graph.node("Mul", q, scale), graph.node("Transpose", k, perm=[0, 1, 3, 2]))
    return graph.node("MatMul", graph.node("Softmax", scores, axis=-1), v)


def attention(graph: Graph, module: Any, q: Value, k: Value, v: Value) -> Value:
    if module.causal:
        raise NotExportedError("no ONNX graph is made of causal attention")
    return attended(graph, q, k, v, module.size)


def transformer_block(graph: Graph, module: Any, x: Value) -> Value:
    """Without a mask."""
    if module.causal:
        raise NotExportedError("no ONNX graph is made of causal attention")
    width = module.qkv.in_features
    size = width // module.heads

    def attend(x: Value) -> Value:
        parts = graph.constant(tw.asarray([0, 0, module.heads, size], dtype="int64"))
        heads = []
        for w, b in zip(tw.split(module.qkv.weight, 3), tw.split(module.qkv.bias, 3), strict=True):
            part = graph.node("Add", graph.node("MatMul", x, graph.constant(w.T)), graph.constant(b))
            heads.append(Value(graph.node("Transpose", graph.node("Reshape", part, parts), perm=[0, 2, 1, 3]).name, 4))
        y = graph.node("Transpose", attended(graph, *heads, size), perm=[0, 2, 1, 3])
        merged = graph.node("Reshape", y, graph.constant(tw.asarray([0, 0, width], dtype="int64")))
        return graph.module(module.out, Value(merged.name, 3))

    def feed(x: Value) -> Value:
        return chain(graph, [module.up, module.gelu, module.down], x)

    if module.pre_norm:
        x = graph.node("Add", x, attend(graph.module(module.norm1, x)))
        return graph.node("Add", x, feed(graph.module(module.norm2, x)))
    x = graph.module(module.norm1, graph.node("Add", x, attend(x)))
    return graph.module(module.norm2, graph.node("Add", x, feed(x)))


def activation(graph: Graph, name: str, x: Value) -> Value:
    """One of those that `nn.Linear` takes."""
    if name == "none":
        return x
    if name == "silu":
        return graph.node("Mul", x, graph.node("Sigmoid", x))
    if name.startswith("gelu"):
        return graph.node("Gelu", x, approximate="tanh" if name == "gelu_tanh" else "none")
    return graph.node({"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}[name], x)


def chain(graph: Graph, modules: Any, x: Value) -> Value:
    for module in modules:
        x = graph.module(module, x)
    return x


# By class of tilewright's `nn`: (graph, module, inputs) -> result, or a tuple of them.
EXPORTS: dict[str, Callable[..., Any]] = {
    "Linear": linear,
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), convolution),
    "BatchNorm2d": batch_norm,
    "AvgPool2d": mean_pooling,
    "MaxPool2d": max_pooling,
    "AdaptiveAvgPool2d": mean_of_image,
    "Flatten": flatten,
    **dict.fromkeys(("BasicBlock", "Bottleneck"), residual_block),
    "ResNet": resnet,
    "Sequential": chain,
    "LSTM": lstm,
    "LayerNorm": layer_norm,
    "Attend": attention,
    "Block": transformer_block,
    "Dropout": lambda graph, module, x: x,
    "Identity": lambda graph, module, x: x,
    "ReLU": lambda graph, module, x: activation(graph, "relu", x),
    "Tanh": lambda graph, module, x: activation(graph, "tanh", x),
    "Sigmoid": lambda graph, module, x: activation(graph, "sigmoid", x),
    "SiLU": lambda graph, module, x: activation(graph, "silu", x),
    "GELU": lambda graph, module, x: activation(graph, {"none": "gelu", "tanh": "gelu_tanh"}[module.approximate], x),
}


def exported(module: Any, inputs: list[np.ndarray], results: list[np.ndarray]) -> bytes:
    """The model, in ONNX's format, for inputs and results of these shapes. Raises NotExportedError."""
    graph = Graph()
    given = [Value(f"input_{i}", x.ndim) for i, x in enumerate(inputs)]
    made = flat(graph.module(module, *given))
    made = [graph.node("Identity", value) if value in given else value for value in made]
    infos = [
        [
            onnx.helper.make_tensor_value_info(v.name, onnx.TensorProto.FLOAT, a.shape)
            for v, a in zip(vs, of, strict=True)
        ]
        for vs, of in ((given, inputs), (made, results))
    ]
    model = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "module", *infos, graph.constants),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR,
    )
    return model.SerializeToString()


# ---- who runs them ---------------------------------------------------------------------------------------------------


# Neither keeps the bound arrays alive: `run` does.


def with_onnxruntime(model: bytes, inputs: list[np.ndarray], results: list[np.ndarray]) -> Callable[[], Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = tw.get_num_threads()
    options.inter_op_num_threads = 1
    # Its idle threads spin for as long as the session lives, and take a core from whoever comes next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for info, array in zip(session.get_inputs(), inputs, strict=True):
        binding.bind_input(info.name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
    for info, array in zip(session.get_outputs(), results, strict=True):
        binding.bind_output(info.name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def run(bound: Any = (inputs, results)) -> Any:
        session.run_with_iobinding(binding)
        return results

    return run


def with_openvino(model: bytes, inputs: list[np.ndarray], results: list[np.ndarray]) -> Callable[[], Any]:
    core = openvino.Core()
    options = {
        "INFERENCE_NUM_THREADS": tw.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # the others' threads are not tied to cores either
    }
    request = core.compile_model(core.read_model(model), "CPU", options).create_infer_request()
    for i, array in enumerate(inputs):
        request.set_input_tensor(i, openvino.Tensor(array, shared_memory=True))
    for i, array in enumerate(results):
        request.set_output_tensor(i, openvino.Tensor(array, shared_memory=True))

    def run(bound: Any = (inputs, results)) -> Any:
        request.infer(share_outputs=True)
        return results

    return run


RUNTIMES = {"onnxruntime": (onnxruntime, with_onnxruntime), "openvino": (openvino, with_openvino)}


def contenders(module: Any, inputs: list[np.ndarray]) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Those installed, with this module of tilewright's; and who is left out, and why."""
    calls: dict[str, Callable[[], Any]] = {}
    left_out: dict[str, str] = {}
    installed = {name: start for name, (found, start) in RUNTIMES.items() if found and onnx}
    if not installed:
        return calls, left_out
    module.eval()  # batch norm moves its statistics otherwise
    with tw.no_grad():
        shapes = [tuple(result.shape) for result in flat(module(*map(tw.asarray, inputs)))]
    for name, start in installed.items():
        results = [np.empty(shape, np.float32) for shape in shapes]
        try:
            calls[name] = start(exported(module, inputs, results), [x.copy() for x in inputs], results)
        except NotExportedError as error:
            left_out[name] = f"takes no part: {error}"
    return calls, left_out
