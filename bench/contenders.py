"""Who is compared: what is installed of them, their threads, and the same operands for each."""

from __future__ import annotations

import importlib
import importlib.util
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Set where two builds of tilewright are compared: nobody else is loaded.
ALONE = bool(os.environ.get("TILEWRIGHT_BENCH_ALONE"))


def library(name: str) -> Any:
    """The module, or None where it is not installed."""
    return None if ALONE or importlib.util.find_spec(name) is None else importlib.import_module(name)


torch, onnx, onnxruntime, openvino = map(library, ("torch", "onnx", "onnxruntime", "openvino"))

NAMES = ["tilewright", "numpy", "pytorch", "pytorch, fused", "onnxruntime", "openvino"]


def missing() -> Iterator[str]:
    """Each contender that takes no part, and why."""
    if not torch:
        yield "pytorch (not installed)"
    for name, found in (("onnxruntime", onnxruntime), ("openvino", openvino)):
        if not found:
            yield f"{name} (not installed)"
        elif not onnx:
            yield f"{name} (its models are made with onnx, which is not installed)"


def set_threads(count: int) -> None:
    """The same number for all: ONNX Runtime and OpenVINO take tilewright's, NumPy's BLAS the environment's at start."""
    tw.set_num_threads(count)
    if torch:
        torch.set_num_threads(count)


@dataclass
class Contenders:
    """Those who compute the same thing.

    Attributes
    ----------
    calls
        For each contender a function without arguments that does the work once and returns its result, or several.
    oracle
        Gives the same in float64 or complex128.
    left_out
        Who takes no part in this work, and why.
    """

    calls: dict[str, Callable[[], Any]]
    oracle: Callable[[], Any]
    left_out: dict[str, str] = field(default_factory=dict)


def as_numpy(x: Any) -> np.ndarray:
    """In float64 or complex128."""
    if isinstance(x, tw.Tensor):
        x = tw.asarray(x.detach(), tw.complex128 if x.dtype.is_complex else tw.float64)
    elif torch and isinstance(x, torch.Tensor):
        x = x.detach().to(torch.complex128 if x.is_complex() else torch.float64)
    return np.asarray(x, dtype=np.complex128 if np.iscomplexobj(x) else np.float64)


def operands(*shapes: tuple[int, ...], dtype: str = "float32", seed: int = 0) -> dict[str, list[Any]]:
    """The same numbers for each contender that has the dtype, each in memory of its own making."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    made: dict[str, list[Any]] = {"tilewright": [tw.asarray(a, dtype, copy=True) for a in arrays]}
    if hasattr(np, dtype):
        made["numpy"] = [a.astype(dtype) for a in arrays]
    if torch:
        made["pytorch"] = [torch.tensor(a).to(getattr(torch, dtype)) for a in arrays]
    return made


def apply(
    functions: dict[str, Callable[..., Any]],
    args: dict[str, list[Any]],
    *,
    oracle: Callable[..., Any] | None = None,
    gradients: bool = False,
) -> Contenders:
    """Bind each contender's function to its operands, which want gradients if the work needs them.

    The oracle is a function of NumPy's float64 arrays, by default NumPy's own; where it has none, PyTorch's or
    tilewright's on float64 tensors.
    """

    def expected() -> Any:
        values = [as_numpy(v) for v in args["tilewright"]]
        function = oracle or functions.get("numpy")
        if function:
            return function(*values)
        name = "pytorch" if "pytorch" in functions else "tilewright"
        tensors = [(torch if name == "pytorch" else tw).asarray(v) for v in values]
        for tensor in tensors:
            tensor.requires_grad = gradients
        return functions[name](*tensors)

    if gradients:
        for tensor in (t for name in args if name != "numpy" for t in args[name]):
            tensor.requires_grad = True
    calls = {
        name: lambda function=function, values=args[name]: function(*values)
        for name, function in functions.items()
        if name in args and not (gradients and name == "numpy")
    }
    return Contenders(calls, expected)
